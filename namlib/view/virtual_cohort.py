"""The SYNTHETIC cohort: shares of its states over time, a fan around one of them, tables, the calibration report."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

from namlib.cite import Bibliography
from namlib.frozen import retyped
from namlib.model.cohort import FAN_PEOPLE, Cohort
from namlib.model.course_of_disease import (
    MONTHS,
    DiseaseCourse,
    TargetCheck,
    calibrated,
    likely_range,
    rounded,
)
from namlib.model.survival import aalen_johansen, kaplan_meier
from namlib.records import CourseParameter, CourseTarget, RelapseModel
from namlib.table import Html, html, html_table
from namlib.units import number, percent
from namlib.view.palette import BLUE, GREEN, GREY, ORANGE, VERMILLION
from namlib.view.slots import Page, Slots

# One column in the picture for every second month keeps paths short and the eye sees no corner.
_STRIDE, _STEP = 2, 10
_FORWARD, _BACK = range(0, MONTHS + 1, _STRIDE), range(MONTHS, -1, -_STRIDE)
_LEFT, _TOP, _HEIGHT = 52, 34, 250
_WIDTH = _STEP * MONTHS // _STRIDE
_RIGHT = _LEFT + _WIDTH
_FAN_TOP = _TOP + _HEIGHT + 92
_BOTTOM = _FAN_TOP + _HEIGHT + 46
_TABLE_MONTHS = (0, 6, 12, 24, 60, 120)
_LABEL_GAP = 19.0

# Painted from the bottom of the stack up; neighbours differ in lightness as well as in hue.
_COLOURS = {
    "drug_free": GREEN,
    "remission": "#56B4E9",
    "tapering": "#F0E442",
    "responding": ORANGE,
    "relapse": VERMILLION,
    "active": BLUE,
    "dead": GREY,
}

_STYLE = (
    "<style>"
    ".nam-course svg{width:100%;max-width:900px;height:auto;display:block;font-family:inherit}"
    ".nam-course svg text{fill:currentColor;font-size:13px}.nam-course svg .nam-small{font-size:11px}"
    ".nam-course svg .nam-value{font-weight:600;font-variant-numeric:tabular-nums}"
    ".nam-course svg .nam-mark{font-size:64px;font-weight:700;letter-spacing:8px;fill-opacity:.28}"
    ".nam-course table{border-collapse:collapse;width:100%;max-width:900px;font-size:.9em;margin:.4em 0;"
    "table-layout:fixed}"
    ".nam-course caption{text-align:left;font-weight:600;padding:.3em 0;caption-side:top}"
    # Twice the class: Jupyter's own rule would set every table of an output flush right.
    ".nam-course.nam-course th,.nam-course.nam-course td{text-align:left;vertical-align:top;padding:.3em .5em;"
    "border-top:1px solid #8886;font-variant-numeric:tabular-nums}"
    ".nam-course thead th:first-child{width:25%}.nam-course tbody th{font-weight:600}"
    # Room for the longest text, so that nothing below moves.
    ".nam-course .nam-summary{min-height:4.2em;margin:.3em 0;line-height:1.4}"
    ".nam-course .nam-label{font-weight:700;margin:.2em 0}.nam-course .nam-fan-words{min-height:2.8em;margin:.2em 0}"
    "@media(max-width:720px){.nam-course .nam-summary{min-height:8.4em}.nam-course .nam-fan-words{min-height:5.6em}}"
    "</style>"
)


def _at(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def _y(share: float, top: int) -> float:
    return top + _HEIGHT * (1 - share)


# Curves are written in steps of the grid across and tenths of a unit down: small whole numbers are short to send.
_CURVES = f'<g transform="scale({_STEP},.1)">'
_EVEN = 'vector-effect="non-scaling-stroke"'


def _moves(shares: Sequence[float], top: int, months: Iterable[int], step: int) -> tuple[int, str]:
    """Say how high a curve starts and how it goes on."""
    heights = [round(10 * _y(shares[month], top)) for month in months]
    return heights[0], "".join([f"{step:+d}{after - before:+d}" for before, after in pairwise(heights)])


def _line(shares: Sequence[float], top: int) -> str:
    """A path through every second month, by moves from one to the next."""
    first, moves = _moves(shares, top, _FORWARD, 1)
    return f"M{_LEFT / _STEP} {first}l{moves}"


def _area(shares: Sequence[float], top: int) -> str:
    return f"{_line(shares, top)}V{10 * (top + _HEIGHT)}H{_LEFT / _STEP}z"


def _band(low: Sequence[float], high: Sequence[float], top: int) -> str:
    last, moves = _moves(low, top, _BACK, -1)
    return f"{_line(high, top)}V{last}l{moves}z"


def _order(model: RelapseModel) -> list[str]:
    known = [state.id for state in model.states]
    return [name for name in _COLOURS if name in known] + [name for name in known if name not in _COLOURS]


def _apart(heights: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Move labels so that no two stand closer than the gap and none leaves the picture; they come from the top down."""
    placed: list[float] = []
    for height in heights:
        placed.append(max(height, placed[-1] + gap if placed else low))
    ceiling = high
    for index in range(len(placed) - 1, -1, -1):
        placed[index] = min(placed[index], ceiling)
        ceiling = placed[index] - gap
    return placed


def _frame(top: int, title: str, below: str, months: int = MONTHS) -> str:
    parts = [f'<text x="{_LEFT}" y="{top - 14}">{html(title)}</text>']
    for share in (0, 25, 50, 75, 100):
        level = _at(_y(share / 100, top))
        parts.append(f'<path d="M{_LEFT - 4} {level}H{_RIGHT}" stroke="currentColor" stroke-opacity=".2"/>')
        parts.append(
            f'<text x="{_LEFT - 8}" y="{float(level) + 4:g}" text-anchor="end" class="nam-small">{share}%</text>'
        )
    for month in range(0, months + 1, 12):
        x = _at(_LEFT + _WIDTH * month / months)
        parts.append(f'<path d="M{x} {top + _HEIGHT}v5" stroke="currentColor"/>')
        parts.append(f'<text x="{x}" y="{top + _HEIGHT + 18}" text-anchor="middle" class="nam-small">{month}</text>')
    parts.append(
        f'<text x="{_RIGHT}" y="{top + _HEIGHT + 36}" text-anchor="end" class="nam-small">{html(below)}</text>'
    )
    return "".join(parts)


def _mark(top: int) -> str:
    return (
        f'<text x="{_LEFT + _WIDTH / 2:g}" y="{top + _HEIGHT / 2 + 20:g}" text-anchor="middle" class="nam-mark">'
        "SYNTHETIC</text>"
    )


def tenths(share: float) -> str:
    """Print a share of the cohort to a tenth of a percent; what is short of nothing or all is never printed as it.

    Examples
    --------
    >>> tenths(0.2234), tenths(0.0), tenths(0.0001), tenths(0.9996), tenths(1)
    ('22.3%', '0%', 'below 0.1%', 'above 99.9%', '100%')
    """
    if 0 < share < 0.0005:
        return "below 0.1%"
    return "above 99.9%" if 0.9995 < share < 1 else f"{number(round(100 * share, 1))}%"


_TIME = "months since the start of treatment"


def course_words(course: DiseaseCourse) -> str:
    """Say in a sentence what the cohort comes to."""
    last = len(course.shares) - 1

    def share(state: str) -> str:
        return tenths(course.share(state, last))

    off_months = sum(row[course.states.index("drug_free")] for row in course.shares[1:])
    relapse_months = sum(row[course.states.index("relapse")] for row in course.shares[1:])
    return (
        f"SYNTHETIC: of all who start, {share('drug_free')} are in drug-free remission after {last} months, "
        f"{share('relapse')} in relapse and {share('dead')} dead. On average a person spends {number(off_months)} of "
        f"these months off drugs in remission and {number(relapse_months)} in relapse. Most of the numbers behind this "
        "are guesses; it predicts nothing for a patient."
    )


def _stack(slots: Slots, course: DiseaseCourse) -> str:
    model = course.model
    names = {state.id: state.name for state in model.states}
    order = _order(model)
    place = {name: course.states.index(name) for name in order}
    parts, tops = [], {}
    below = [0.0] * len(course.shares)
    for name in order:
        below = [under + row[place[name]] for under, row in zip(below, course.shares, strict=True)]
        tops[name] = below
    # The highest curve first: each area is painted over by those beneath it.
    parts.append(_CURVES)
    for name in reversed(order):
        shape = slots.attributes(d=_area(tops[name], _TOP))
        parts.append(f'<path fill="{_COLOURS.get(name, GREY)}" stroke="#fff" stroke-width=".6" {_EVEN} {shape}/>')
    parts.append("</g>")
    shown = list(reversed(order))
    middles = [_y(tops[name][-1] - course.shares[-1][place[name]] / 2, _TOP) + 4 for name in shown]
    heights = _apart(middles, _LABEL_GAP, _TOP + 8, _TOP + _HEIGHT + 4)
    for name, height in zip(shown, heights, strict=True):
        at = slots.attributes(y=_at(height))
        box = slots.attributes(y=_at(height - 10))
        value = slots.text(tenths(course.shares[-1][place[name]]))
        value = Html(value.replace("<span", "<tspan").replace("</span>", "</tspan>"))
        parts.append(
            f'<rect x="{_RIGHT + 10}" width="11" height="11" fill="{_COLOURS.get(name, GREY)}" {box}/>'
            f'<text x="{_RIGHT + 26}" {at}>{html(names[name])} {value}</text>'
        )
    return "".join(parts)


Fan = tuple[tuple[float, ...], ...]


def _fan_picture(slots: Slots, course: DiseaseCourse, state: str, fan: Fan | None) -> str:
    colour = _COLOURS.get(state, GREY)
    shares = [row[course.states.index(state)] for row in course.shares]
    wide, inner = "M0 0", "M0 0"
    ends = [shares[-1]]
    if fan is not None:
        wide, inner = _band(fan[0], fan[3], _FAN_TOP), _band(fan[1], fan[2], _FAN_TOP)
        ends += [fan[place][-1] for place in (3, 2, 1, 0)]
    line = slots.attributes(d=_line(shares, _FAN_TOP))
    colour_at = [slots.attributes(fill=colour, d=shape) for shape in (wide, inner)]
    words = ["exact", "97.5 of 100 below", "75 of 100 below", "25 of 100 below", "2.5 of 100 below"]
    labels = sorted(zip(ends, words, strict=False), key=lambda pair: -pair[0])
    labels += [(0.0, "")] * (len(words) - len(labels))
    heights = _apart([_y(end, _FAN_TOP) + 4 for end, _ in labels], 15.0, _FAN_TOP + 8, _FAN_TOP + _HEIGHT + 4)
    said = []
    for (end, word), height in zip(labels, heights, strict=True):
        text = slots.add(f"{word} {tenths(end)}" if word else "")
        at = slots.attributes(y=_at(height))
        said.append(f'<text x="{_RIGHT + 10}" class="nam-small" {at} data-t="{text}">{html(slots.values[text])}</text>')
    return (
        f'{_CURVES}<path fill-opacity=".25" {colour_at[0]}/><path fill-opacity=".45" {colour_at[1]}/>'
        f'<path fill="none" stroke="currentColor" stroke-width="2" {_EVEN} {line}/></g>' + "".join(said)
    )


def _months_table(slots: Slots, course: DiseaseCourse, caption: str) -> str:
    order = list(reversed(_order(course.model)))
    names = {state.id: state.name for state in course.model.states}
    head = "".join(f'<th scope="col">{html(text)}</th>' for text in ("state", *(f"month {m}" for m in _TABLE_MONTHS)))
    rows = []
    for name in order:
        place = course.states.index(name)
        cells = "".join(f"<td>{slots.text(tenths(course.shares[month][place]))}</td>" for month in _TABLE_MONTHS)
        rows.append(f'<tr><th scope="row">{html(names[name])}</th>{cells}</tr>')
    return (
        f"<table><caption>{html(caption)}</caption><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
    )


def _fan_table(slots: Slots, fan: Fan | None) -> str:
    head = "".join(
        f'<th scope="col">{html(text)}</th>' for text in ("of 100 in the fan", *(f"month {m}" for m in _TABLE_MONTHS))
    )
    rows = []
    for place, words in ((3, "97.5 lie below"), (2, "75 lie below"), (1, "25 lie below"), (0, "2.5 lie below")):
        cells = "".join(
            f"<td>{slots.text(tenths(fan[place][month]) if fan else 'not drawn')}</td>" for month in _TABLE_MONTHS
        )
        rows.append(f'<tr><th scope="row">{words}</th>{cells}</tr>')
    return (
        "<table><caption>SYNTHETIC: the fan as numbers</caption>"
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
    )


def luck_words(clinic: int) -> str:
    """Say what a fan of luck shows."""
    return (
        f"Luck alone: {FAN_PEOPLE:,} synthetic people in {FAN_PEOPLE // clinic} clinics of {clinic}, all under the "
        "same numbers. The fan is how widely the clinics differ; more people in a clinic make it narrower."
    )


def numbers_words(draws: int) -> str:
    """Say what a fan of parameters shows."""
    return (
        f"Not knowing the numbers: the exact line for {draws} sets of those parameters that have no slider, drawn from "
        "their ranges. No chance is in it, and more people would not make it narrower."
    )


NO_FAN = "The fan needs numpy, which is not installed here. The exact lines do not."


def course_page(course: DiseaseCourse, state: str, fan: Fan | None, fan_words: str) -> Page:
    """Draw the exact shares of all states, and one of them with a fan around it.

    Parameters
    ----------
    course : DiseaseCourse
        The exact shares.
    state : str
        The state that has the fan.
    fan : tuple of quantiles, optional
        As :func:`namlib.model.cohort.luck_fan` makes it; none where it could not be drawn.
    fan_words : str
        What the fan is, or why there is none.
    """
    slots = Slots()
    summary = slots.text(course_words(course), "p", 'class="nam-summary"')
    names = {item.id: item.name for item in course.model.states}
    stack = _stack(slots, course)
    fan_title = slots.text(f"SYNTHETIC: {names[state]}, share of all who start, exact line and fan", "text",
                           f'x="{_LEFT}" y="{_FAN_TOP - 14}"')  # fmt: skip
    fan_shapes = _fan_picture(slots, course, state, fan)
    said = slots.text(fan_words, "p", 'class="nam-fan-words"')
    table = _months_table(slots, course, "SYNTHETIC: exact shares of all who start")
    fan_table = _fan_table(slots, fan)
    svg = (
        f'<svg viewBox="0 0 900 {_BOTTOM}" role="img" aria-label="SYNTHETIC. Above, the shares of seven states over '
        f"{MONTHS} months as stacked areas; below, the share of one state as a line within a fan. The tables below "
        'hold the same numbers.">'
        + stack
        + _frame(_TOP, "SYNTHETIC: where all who start stand, exact", _TIME)
        + _mark(_TOP)
        + fan_shapes
        + _frame(_FAN_TOP, "", _TIME)
        + fan_title
        + _mark(_FAN_TOP)
        + "</svg>"
    )
    label = f'<p class="nam-label">{html(course.model.label)}</p>'
    return slots.page(lambda: f'<div class="nam-course">{_STYLE}{label}{summary}{svg}{said}{table}{fan_table}</div>')


def course_picture_html(course: DiseaseCourse) -> Html:
    """Draw the exact shares of all states as stacked areas with their labels, and the same as a table."""
    slots = Slots()
    stack = _stack(slots, course)
    table = _months_table(slots, course, "SYNTHETIC: exact shares of all who start")
    alt = html(course_words(course))
    svg = (
        f'<svg viewBox="0 0 900 {_TOP + _HEIGHT + 46}" role="img" aria-label="{alt} Stacked areas, one for each state; '
        'the table below holds the same numbers.">'
        + stack
        + _frame(_TOP, "SYNTHETIC: where all who start stand, exact", _TIME)
        + _mark(_TOP)
        + "</svg>"
    )
    label = f'<p class="nam-label">{html(course.model.label)}</p>'
    return Html(f'<div class="nam-course">{_STYLE}{label}{svg}<p class="nam-summary">{alt}</p>{table}</div>')


class ShownCourse(DiseaseCourse):
    """An exact course that shows itself as a picture where HTML is shown."""

    @classmethod
    def of(cls, course: DiseaseCourse) -> ShownCourse:
        """Give a course its picture."""
        return cls(course.values, course.shares, course.model)

    def _repr_html_(self) -> str:
        return course_picture_html(self)


class ShownCohort(Cohort):
    """A drawn cohort that shows itself as tables where HTML is shown."""

    @classmethod
    def of(cls, cohort: Cohort) -> ShownCohort:
        """Give a cohort its tables."""
        return retyped(cls, cohort)

    def _repr_html_(self) -> str:
        return cohort_html(self)


def cohort_html(cohort: Cohort) -> str:
    """Lay out who stood where, the time to relapse with numbers at risk, and a few single people."""
    names = {state.id: state.name for state in cohort.course.model.states}
    months = [month for month in _TABLE_MONTHS if month <= cohort.months]
    rows = [
        [
            names[state],
            *(
                f"{cohort.count(state, month):,} ({tenths(cohort.count(state, month) / cohort.people)})"
                for month in months
            ),
        ]
        for state in cohort.states
    ]
    where = html_table(
        f"SYNTHETIC: {cohort.people:,} people, seed {cohort.seed}", ["state", *(f"month {m}" for m in months)], rows
    )
    after = _after_table(cohort, style=False)
    people = "".join(f"<li>{html(repr(history))}</li>" for history in cohort.histories)
    single = f"<p>The first {len(cohort.histories)} of them:</p><ul>{people}</ul>" if people else ""
    return f"<p><strong>{html(cohort.course.model.label)}</strong></p>{where}{after}{single}"


def _after_table(cohort: Cohort, *, style: bool = True) -> str:
    counts = cohort.after_taper
    free, relapsed = kaplan_meier(counts, ["relapse"]), aalen_johansen(counts, "relapse")
    waits = [month for month in (0, 3, 6, 12, 24, 36, 60) if month <= cohort.months]

    def limits(low: float, high: float) -> str:
        return f"{tenths(low)} to {tenths(high)}"

    return html_table(
        "SYNTHETIC: since the first taper began, with 95% limits for each month by itself",
        ["months since", "at risk", "free of relapse (Kaplan-Meier, the dead censored)", "relapsed (Aalen-Johansen)"],
        [
            [
                str(month),
                f"{free.at_risk[month]:,}",
                f"{tenths(free.share[month])} ({limits(free.low[month], free.high[month])})",
                f"{tenths(relapsed.share[month])} ({limits(relapsed.low[month], relapsed.high[month])})",
            ]
            for month in waits
        ],
        style=style,
    )


def relapse_free_words(cohort: Cohort) -> str:
    """Say in a sentence what the picture of relapse shows."""
    free, relapsed = kaplan_meier(cohort.after_taper, ["relapse"]), aalen_johansen(cohort.after_taper, "relapse")
    month = min(12, cohort.months)
    return (
        f"SYNTHETIC: of {cohort.after_taper.people:,} people who began a taper, {tenths(relapsed.share[month])} had "
        f"relapsed {month} months later with death taken as it is (Aalen-Johansen); with the dead taken as if they "
        f"might still relapse, {tenths(1 - free.share[month])} (1 less Kaplan-Meier). No such curve has been published "
        "for IMNM."
    )


def relapse_free_html(cohort: Cohort) -> Html:
    """Draw relapse since the first taper: Kaplan-Meier with its band, Aalen-Johansen, and numbers at risk."""
    counts = cohort.after_taper
    free, relapsed = kaplan_meier(counts, ["relapse"]), aalen_johansen(counts, "relapse")
    words = html(relapse_free_words(cohort))
    last = cohort.months

    def at(month: int) -> float:
        return _LEFT + _WIDTH * month / last

    def stairs(shares: Sequence[float], months: Sequence[int]) -> list[str]:
        return [f"{_at(at(month))} {_at(_y(shares[month], _TOP))}" for month in months]

    def steps(shares: Sequence[float]) -> str:
        turns = [f"H{_at(at(month))}V{_at(_y(shares[month], _TOP))}" for month in range(1, last + 1)]
        return f"M{stairs(shares, [0])[0]}{''.join(turns)}"

    every = list(range(last + 1))
    band = "M" + "L".join([*stairs(free.high, every), *reversed(stairs(free.low, every))]) + "z"
    risk_at = [month for month in range(0, last + 1, 12)]
    below = _TOP + _HEIGHT + 62
    numbers = "".join(
        f'<text x="{_at(at(month))}" y="{below}" text-anchor="middle" class="nam-small">{free.at_risk[month]:,}</text>'
        for month in risk_at
    )
    ends = _apart(
        [_y(share, _TOP) + 4 for share in (1 - free.share[last], relapsed.share[last], free.share[last])],
        _LABEL_GAP, _TOP + 8, _TOP + _HEIGHT + 4,
    )  # fmt: skip
    said = "".join(
        f'<text x="{_RIGHT + 10}" y="{_at(height)}" class="nam-small">{text}</text>'
        for height, text in zip(
            ends,
            (
                f"relapsed, dead censored {tenths(1 - free.share[last])}",
                f"relapsed, Aalen-Johansen {tenths(relapsed.share[last])}",
                f"free, Kaplan-Meier {tenths(free.share[last])}",
            ),
            strict=True,
        )
    )
    svg = (
        f'<svg viewBox="0 0 900 {below + 14}" role="img" aria-label="{words} The table below holds the numbers.">'
        f'<path d="{band}" fill="{BLUE}" fill-opacity=".25"/>'
        f'<path d="{steps(free.share)}" fill="none" stroke="{BLUE}" stroke-width="2"/>'
        f'<path d="{steps([1 - share for share in free.share])}" fill="none" stroke="{VERMILLION}" stroke-width="2" '
        'stroke-dasharray="7 4"/>'
        f'<path d="{steps(relapsed.share)}" fill="none" stroke="{VERMILLION}" stroke-width="2"/>'
        + _frame(_TOP, f"SYNTHETIC: relapse since the first taper, {counts.people:,} people", "", last)
        + f'<text x="{_RIGHT}" y="{_TOP + _HEIGHT + 36}" text-anchor="end" class="nam-small">'
        "months since the first taper began; below, people at risk</text>" + numbers + said + _mark(_TOP) + "</svg>"
    )
    label = f'<p class="nam-label">{html(cohort.course.model.label)}</p>'
    return Html(
        f'<div class="nam-course">{_STYLE}{label}{svg}<p class="nam-summary">{words}</p></div>{_after_table(cohort)}'
    )


# --- parameters and targets ----------------------------------------------------------------------------------------


def step_words(parameter: CourseParameter, model: RelapseModel) -> str:
    """Say between which states a parameter leads, or what it multiplies."""
    names = {state.id: state.name.lower() for state in model.states}
    if parameter.scales:
        scaled = next(item for item in model.parameters if item.id == parameter.scales)
        return f"multiplies: {scaled.name.lower()}"
    return f"{names[parameter.start] if parameter.start else 'any'} to {names[parameter.end]}"


def exact(value: float) -> str:
    """Print a parameter as the data hold it."""
    return f"{value:.3g}"


def observed_words(target: CourseTarget) -> str:
    """Say the published share as it was read: its count, the counts that could be behind it, or the estimate."""
    if target.percent is not None:
        return f"{number(target.percent)}%"
    counts = [f"{n}/{total}" for n, total in target.counts]
    return counts[0] if len(counts) == 1 else f"one of {', '.join(counts)}"


def limits_words(low: float, high: float) -> str:
    """Print two limits of a share."""
    return f"{100 * low:.1f}% to {100 * high:.1f}%"


def verdict(check: TargetCheck) -> str:
    """Say how a target fared: met, met only within the spread, or missed."""
    if check.inside:
        return "met"
    return "only the ranges overlap" if check.overlaps else "MISSED"


def months_words(target: CourseTarget) -> str:
    """Say when the cohort is asked for a target."""
    since = "the start of the taper" if target.quantity == "relapsed since taper" else "the start of treatment"
    return f"month {number(target.month)} since {since}"


def calibration_report(
    model: RelapseModel, checks: Sequence[TargetCheck], bibliography: Bibliography, draws: int
) -> str:
    """Write the report on the calibration: Markdown, the same every time."""
    best = calibrated(model)
    lines = [
        "# How far the virtual cohort can be trusted",
        "",
        f"{model.label}. Written by `python -m namlib calibrate`; do not edit.",
        "",
        "## What it cannot say",
        "",
        *(f"- {limit}" for limit in model.limits),
        "",
        "## Parameters",
        "",
        "Rates are per month. A calibrated value is the one that agrees best with the calibration targets, found by a "
        "search without chance; its range is how far it can move alone before it agrees significantly worse. An "
        "assumed value and its range are this course's guess.",
        "",
        "| parameter | step | in the data | found | range | standing | stands on |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for item in model.parameters:
        found, low, high = "\N{EM DASH}", item.low, item.high
        if item.standing != "assumed":
            found = exact(best[item.id])
            low, high = likely_range(model, best, item)
        grounds = ", ".join(item.targets) or bibliography.text(item.sources) or "nothing"
        lines.append(
            f"| {item.name} | {step_words(item, model)} | {exact(item.value)} | {found} "
            f"| {exact(low)} to {exact(high)} | {item.standing} | {grounds} |"
        )
    lines += ["", "## Targets", ""]
    lines.append(
        f"The cohort's range holds 95% of {draws} sets of parameters drawn from their ranges. The published limits are "
        "exact 95% limits, over all counts that could be behind a rounded percentage."
    )
    for role, title in (("calibration", "Used to calibrate"), ("held out", "Held out")):
        lines += ["", f"### {title}", ""]
        lines.append("| target | published | its limits | asked at | cohort | its range | verdict | at other times |")
        lines.append("| --- | --- | --- | --- | --- | --- | --- | --- |")
        for check in checks:
            target = check.target
            if target.role == role:
                others = "; ".join(
                    f"month {number(month)}: {100 * share:.1f}%" for month, share in check.at_other_months
                )
                lines.append(
                    f"| {target.says} ({bibliography.text(target.sources)}) | {observed_words(target)} "
                    f"| {limits_words(check.observed_low, check.observed_high)} | {months_words(target)} "
                    f"| {100 * check.share:.1f}% | {limits_words(check.low, check.high)} | {verdict(check)} "
                    f"| {others or 'not tried'} |"
                )
    missed = [check for check in checks if check.target.role == "held out" and not check.inside]
    apart = [check for check in missed if not check.overlaps]
    held = sum(check.target.role == "held out" for check in checks)
    lines += ["", "## Misses", ""]
    lines.append(
        f"Of {held} held-out targets the cohort's own value lies outside the published limits of {len(missed)}; of "
        f"these {len(apart)} stay apart even when the parameters move over their ranges."
    )
    lines.append("")
    lines += [
        f"- {check.target.says}: published {observed_words(check.target)} "
        f"({limits_words(check.observed_low, check.observed_high)}), cohort {100 * check.share:.1f}% "
        f"({limits_words(check.low, check.high)}). {check.target.reading}"
        for check in missed
    ] or ["- none"]
    lines += ["", "## The conflict over stopping", "", conflict_words(checks), ""]
    lines += ["## How each target was read", ""]
    lines += [f"- {check.target.says}: {check.target.reading}" for check in checks]
    return "\n".join(lines) + "\n"


def conflict_words(checks: Sequence[TargetCheck]) -> str:
    """Say how unlikely it is that one share lies behind both counts of people off all drugs."""
    from math import comb

    by_id = {check.target.id: check for check in checks}
    none, some = by_id["off_referral"].target.counts[0], by_id["off_perth"].target.counts[0]
    people, off = none[1] + some[1], none[0] + some[0]
    # Fisher's exact test, one-sided, because the cell is at its end: all who are off sit in the one group.
    chance = comb(some[1], off) / comb(people, off) if none[0] == 0 else float("nan")
    return (
        f"{none[0]} of {none[1]} and {some[0]} of {some[1]} were off drugs. If one share lay behind both, all "
        f"{off} would sit in the smaller group with a chance of {percent(round(chance, 4))} (Fisher's exact test). So "
        "no rate of stopping fits both; who is referred and what counts as remission differ. The cohort's "
        f"{100 * by_id['off_perth'].share:.1f}% at five years is not their average but what the calibration targets "
        "and the guesses give."
    )


def calibration_problems(model: RelapseModel) -> list[str]:
    """Name every parameter whose value or range in the data is more than 1% away from what the search finds."""
    best = calibrated(model)
    problems = []
    for item in model.parameters:
        if item.standing == "assumed":
            continue
        low, high = likely_range(model, best, item)
        value, low, high = (rounded(found) for found in (best[item.id], low, high))
        held = ((value, item.value), (low, item.low), (high, item.high))
        if any(abs(found - entered) > 0.01 * found for found, entered in held):
            problems.append(f"relapse_model.yaml, {item.id}: found value {value:g}, low {low:g}, high {high:g}")
    return problems


def print_bar(done: int, people: int) -> None:
    """Print how far a run has come, on one line of the screen."""
    import sys

    filled = 40 * done // people
    end = "\n" if done == people else ""
    print(
        f"\r[{'#' * filled}{'.' * (40 - filled)}] {done:,} of {people:,} people", end=end, file=sys.stderr, flush=True
    )
