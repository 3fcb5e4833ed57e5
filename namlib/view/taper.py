"""Published tapers beside each other: doses over time with thresholds, the same as a table, the same as sentences."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise

from namlib.cite import Bibliography
from namlib.model.rules import listed
from namlib.model.taper import (
    AboveThreshold,
    Course,
    NotLaidOut,
    TaperPlan,
    milligrams,
    printed_start_mg,
    start_words,
)
from namlib.records import SteroidThreshold, TaperScheme
from namlib.table import Html, html, html_table
from namlib.units import EN_DASH, number
from namlib.view.palette import BLUE, GREEN, GREY, ORANGE, VERMILLION
from namlib.view.sentences import HOW_READ_WORDS
from namlib.view.slots import Page, Slots

Entry = TaperPlan | NotLaidOut

_WIDTH, _LEFT, _RIGHT = 900, 240, 706
_TOP, _BASE = 30, 310  # the plot of doses
_ROWS_TOP, _ROW = 388, 34  # the bars below it
# How far the axes reach, whatever is entered, so that lines move and scales do not.
_WEEKS, _MOST_MG = 104, 100
_WEEK_TICKS, _MG_TICKS = range(0, _WEEKS + 1, 13), range(0, _MOST_MG + 1, 20)
_DAYS_A_WEEK = 7
_VALUE, _LINE = 'class="nam-value"', 'class="nam-line"'
_OUT_OF_SIGHT = "translate(-99 -99)"
# One colour and one dash for each scheme that lays out steps; its letter repeats them.
_LINES = ((BLUE, ""), (GREEN, ""), (ORANGE, "7 3"), (VERMILLION, "7 3"))
# What a letter is written in, so that it can be read on its colour.
_INK = {BLUE: "#fff", GREY: "#fff", GREEN: "#000", ORANGE: "#000", VERMILLION: "#000"}
_WHOSE = {"adult": "adults", "paediatric": "children", "any": "any age"}

NONE_PROPOSED = "No trial in IMNM supports any of them; they are shown, not proposed."

_STYLE = (
    "<style>"
    ".nam-taper svg{width:100%;max-width:900px;height:auto;display:block;font-family:inherit}"
    ".nam-taper svg text{fill:currentColor;font-size:13px}.nam-taper svg .nam-small{font-size:11px}"
    ".nam-taper svg .nam-value{font-weight:600;font-variant-numeric:tabular-nums}"
    ".nam-taper table{border-collapse:collapse;width:100%;font-size:.9em;margin:.4em 0;table-layout:fixed}"
    ".nam-taper caption{text-align:left;font-weight:600;padding:.3em 0;caption-side:top}"
    # Twice the class: Jupyter's own rule would set every table of an output flush right.
    ".nam-taper.nam-taper th,.nam-taper.nam-taper td{text-align:left;vertical-align:top;"
    "padding:.3em .45em;border-top:1px solid #8886;overflow-wrap:break-word}"
    ".nam-taper .nam-days th:first-child{width:22%}.nam-taper .nam-days thead th:nth-child(2){width:17%}"
    ".nam-taper .nam-days thead th:last-child{width:23%}"
    # Lines that never break: a number or a warning that comes or goes moves nothing.
    ".nam-taper .nam-line{display:block;min-height:1.4em;white-space:nowrap}"
    ".nam-taper .nam-value{font-variant-numeric:tabular-nums;white-space:nowrap;font-weight:600}"
    ".nam-taper .nam-summary{min-height:2.8em;margin:.2em 0}.nam-taper .nam-body{margin:.2em 0;min-height:1.4em}"
    ".nam-taper th small{font-weight:400}.nam-taper details{overflow-x:auto}"
    ".nam-taper td ul{margin:0;padding:0 0 0 1em}"
    "</style>"
)


def _letter_style(colour: str) -> str:
    return f'text-anchor="middle" class="nam-small" style="fill:{_INK[colour]};font-weight:700"'


def _x(day: float) -> float:
    return _LEFT + (_RIGHT - _LEFT) * min(day / (_WEEKS * _DAYS_A_WEEK), 1.0)


def _y(amount: float) -> float:
    return _BASE - (_BASE - _TOP) * min(amount / _MOST_MG, 1.0)


def _at(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def _corners(course: Course) -> list[tuple[float, float]]:
    """Where the step line turns; an ended course goes down to the base."""
    corners: list[tuple[float, float]] = []
    for stretch in course.stretches:
        height = _y(float(stretch.mg_per_d))
        corners += [(_x(stretch.first_day - 1), height), (_x(stretch.last_day), height)]
    last = 0.0 if course.silent_at_mg is None else float(course.silent_at_mg)
    corners.append((_x(course.known_days), _y(last)))
    return corners


def _path(corners: Sequence[tuple[float, float]]) -> str:
    """Write a line as short as it can be: most stretches are level or upright, and live updates carry the line."""
    points = [(_at(x), _at(y)) for x, y in corners]
    written = f"M{points[0][0]} {points[0][1]}"
    for (x0, y0), (x, y) in pairwise(points):
        if (x0, y0) != (x, y):
            written += f"H{x}" if y == y0 else f"V{y}" if x == x0 else f"L{x} {y}"
    return written


def _between_readings(plan: TaperPlan) -> str:
    """The area between the two readings, as far as both are known."""
    quickest, slowest = plan.quickest, plan.slowest
    if quickest is None or slowest is None or quickest.stretches == slowest.stretches:
        return ""
    lower = _corners(quickest)
    if quickest.ended:
        lower.append((_x(slowest.known_days), _y(0.0)))
        return f"{_path([*_corners(slowest), *reversed(lower)])}Z"
    edge = _x(quickest.known_days)
    upper = [(x, y) for x, y in _corners(slowest) if x < edge]
    return f"{_path([*upper, (edge, upper[-1][1]), *reversed(lower)])}Z"


def _draws(scheme: TaperScheme) -> bool:
    """Whether a scheme says more than how long to hold."""
    return bool(scheme.steps or scheme.marks)


def _letters(entries: Sequence[Entry]) -> dict[str, str]:
    return {entry.scheme.id: chr(ord("A") + place) for place, entry in enumerate(entries)}


def _lines_of(entries: Sequence[Entry]) -> dict[str, tuple[str, str]]:
    adults = [entry.scheme.id for entry in entries if _draws(entry.scheme) and entry.scheme.population != "paediatric"]
    children = [
        entry.scheme.id for entry in entries if _draws(entry.scheme) and entry.scheme.population == "paediatric"
    ]
    lines = {name: _LINES[place % 2] for place, name in enumerate(adults)}
    return lines | {name: _LINES[2 + place % 2] for place, name in enumerate(children)}


def _axes(thresholds: Sequence[SteroidThreshold], bottom: int) -> str:
    parts = [f'<text x="{_LEFT}" y="14" class="nam-small">mg of prednisone a day</text>']
    for amount in _MG_TICKS:
        level = _at(_y(amount))
        parts.append(f'<path d="M{_LEFT - 4} {level}H{_RIGHT}" stroke="currentColor" stroke-opacity=".15"/>')
        parts.append(
            f'<text x="{_LEFT - 8}" y="{_at(_y(amount) + 4)}" text-anchor="end" class="nam-small">{amount}</text>'
        )
    for week in _WEEK_TICKS:
        x = _at(_x(week * _DAYS_A_WEEK))
        parts.append(f'<path d="M{x} {_TOP}V{bottom}" stroke="currentColor" stroke-opacity=".12"/>')
        parts.append(f'<text x="{x}" y="{_BASE + 22}" text-anchor="middle" class="nam-small">{week}</text>')
    parts.append(
        f'<text x="{_RIGHT}" y="{_BASE + 38}" text-anchor="end" class="nam-small">weeks since the first dose</text>'
    )
    doses_of: dict[tuple[str, ...], list[float]] = {}
    for threshold in thresholds:
        doses_of.setdefault(threshold.facts, []).append(threshold.mg_per_d)
    for band in doses_of.values():
        if len(band) > 1:  # one source, two ends: a band and not two lines
            top, low = _y(max(band)), _y(min(band))
            parts.append(
                f'<rect x="{_LEFT}" y="{_at(top)}" width="{_RIGHT - _LEFT}" height="{_at(low - top)}" '
                f'fill="{GREY}" fill-opacity=".1"/>'
            )
    for threshold in thresholds:
        y = _y(threshold.mg_per_d)
        sign = "\N{GREATER-THAN OR EQUAL TO}" if threshold.compare == "at least" else ">"
        parts.append(
            f'<path d="M{_LEFT} {_at(y)}H{_RIGHT}" stroke="{GREY}" stroke-width="1.4" stroke-dasharray="2 3"/>'
            f'<text x="{_RIGHT + 8}" y="{_at(y + 4)}" class="nam-small">'
            f"{sign} {number(threshold.mg_per_d)} {html(threshold.name)}</text>"
        )
    return "".join(parts)


def _mark(slots: Slots, course: Course | None, letter: str, colour: str) -> str:
    """A lettered mark where a reading ends: a ring where the source falls silent, a square where it reaches zero."""
    if course is None:
        shown = _OUT_OF_SIGHT
    else:
        last = 0.0 if course.silent_at_mg is None else float(course.silent_at_mg)
        shown = f"translate({_at(_x(course.known_days))} {_at(_y(last))})"
    place = slots.attributes(transform=shown)
    return f'<g {place}><circle r="8.5" fill="{colour}"/><text y="4" {_letter_style(colour)}>{letter}</text></g>'


def _curves(slots: Slots, entries: Sequence[Entry], letters: dict[str, str]) -> str:
    """Lines first, letters after: a mark stays readable where lines cross it."""
    lines, marks = [], []
    for name, (colour, dashes) in _lines_of(entries).items():
        entry = next(entry for entry in entries if entry.scheme.id == name)
        plan = entry if isinstance(entry, TaperPlan) else None
        dash = f' stroke-dasharray="{dashes}"' if dashes else ""
        fill = slots.attributes(d=_between_readings(plan) if plan else "")
        lines.append(f'<path fill="{colour}" fill-opacity=".16" stroke="none" {fill}/>')
        for course in (plan.quickest, plan.slowest) if plan else (None, None):
            line = slots.attributes(d=_path(_corners(course)) if course else "")
            lines.append(f'<path fill="none" stroke="{colour}" stroke-width="2.2"{dash} {line}/>')
            marks.append(_mark(slots, course, letters[name], colour))
    return "".join([*lines, *marks])


def _silence(entry: Entry) -> str:
    """The few words at the end of a bar."""
    if isinstance(entry, NotLaidOut):
        return "weight missing" if entry.field == "weight_kg" else "start below its range"
    if not entry.courses:
        return "no day is stated"
    if entry.ended:
        return "ends at zero"
    silent = sorted(course.silent_at_mg for course in entry.courses if course.silent_at_mg is not None)
    said = [milligrams(amount) for amount in (silent[0], silent[-1])]
    return f"then silent, at {said[0] if said[0] == said[1] else EN_DASH.join(said)} mg/d"


def _bars(slots: Slots, entries: Sequence[Entry], letters: dict[str, str], bibliography: Bibliography) -> str:
    """One row for each scheme: held at least so long, laid out in the slow reading, silent."""
    lines = _lines_of(entries)
    parts = [
        f'<text x="{_LEFT}" y="{_ROWS_TOP - 10}" class="nam-small">'
        "full bar: the start is held at least so long; "
        "pale bar: the dose is lowered, or the start still held in the slow reading"
        "</text>"
    ]
    for place, entry in enumerate(entries):
        scheme, y = entry.scheme, _ROWS_TOP + _ROW * place
        colour = lines[scheme.id][0] if scheme.id in lines else GREY
        held = lowered = 0
        if isinstance(entry, TaperPlan) and entry.quickest is not None and entry.slowest is not None:
            held = entry.quickest.stretches[0].last_day
            lowered = entry.slowest.known_days
        hold = slots.attributes(width=_at(_x(held) - _LEFT if held else 0.0))
        more = slots.attributes(width=_at(_x(lowered) - _LEFT if lowered else 0.0))
        label = bibliography.text(scheme.sources[:1])
        parts.append(
            f'<circle cx="10" cy="{y + 11}" r="8.5" fill="{colour}"/>'
            f'<text x="10" y="{y + 15}" {_letter_style(colour)}>{letters[scheme.id]}</text>'
            f'<text x="24" y="{y + 11}" style="font-size:12px">{html(label)}</text>'
            f'<text x="24" y="{y + 25}" class="nam-small">{html(scheme.name)}</text>'
            f'<path d="M{_LEFT} {y + 12}H{_RIGHT}" stroke="currentColor" stroke-opacity=".35" stroke-dasharray="1 4"/>'
            f'<rect x="{_LEFT}" y="{y + 5}" height="14" fill="{colour}" fill-opacity=".35" {more}/>'
            f'<rect x="{_LEFT}" y="{y + 5}" height="14" fill="{colour}" {hold}/>'
            + slots.text(_silence(entry), "text", f'x="{_RIGHT + 8}" y="{y + 16}" class="nam-small nam-value"')
        )
    return "".join(parts)


def _weeks(days: int) -> str:
    return number(days / _DAYS_A_WEEK)


def _range(low: str, high: str) -> str:
    return low if low == high else f"{low}{EN_DASH}{high}"


def _span_words(entry: Entry) -> tuple[str, str]:
    """How long a plan is laid out, and what is taken over it."""
    if isinstance(entry, NotLaidOut) or entry.known_days is None or entry.total_mg is None:
        return "not laid out", "\N{EM DASH}"
    weeks = _range(*(_weeks(days) for days in entry.known_days))
    total = _range(*(_rounded(amount) for amount in entry.total_mg))
    return f"{weeks} weeks", f"{total} mg"


def _rounded(amount: Fraction) -> str:
    """A sum to the whole milligram; the plan itself holds it exactly."""
    return f"{int(amount + Fraction(1, 2)):,}"


def _days_words(counted: AboveThreshold | None) -> str:
    if counted is None:
        return "\N{EM DASH}"
    low, high = sorted(counted.days)
    return _range(str(low), str(high)) + ("+" if any(counted.longer) else "")


def _here(entry: Entry) -> tuple[str, str]:
    """Two short lines on the start: does it fit, and is a step cut."""
    if isinstance(entry, NotLaidOut):
        return ("weight missing", "") if entry.field == "weight_kg" else ("start below its range", "")
    by_kind = {flag.kind: flag for flag in entry.flags}
    first = ""
    if "start not checked" in by_kind:
        first = "weight missing: start not checked"
    elif "start not as printed" in by_kind:
        printed = None if entry.weight_kg is None else printed_start_mg(entry.scheme, entry.weight_kg)
        amounts = "" if printed is None else f": {_range(*(milligrams(amount) for amount in printed))} mg/d"
        first = f"not its printed start{amounts}"
    second = "one step is cut short" if "step cut short" in by_kind else ""
    return first, second


def _days_table(
    slots: Slots, entries: Sequence[Entry], thresholds: Sequence[SteroidThreshold], cites: Bibliography
) -> str:
    rows = []
    letters = _letters(entries)
    for entry in entries:
        scheme = entry.scheme
        by_id = {item.threshold.id: item for item in entry.thresholds} if isinstance(entry, TaperPlan) else {}
        weeks, total = _span_words(entry)
        cells = "".join(
            f"<td>{slots.text(_days_words(by_id.get(threshold.id)), 'span', _VALUE)}</td>" for threshold in thresholds
        )
        here = "".join(slots.text(line, "span", _LINE) for line in _here(entry))
        rows.append(
            f'<tr><th scope="row">{letters[scheme.id]}. {cites.links(scheme.sources)}<br>'
            f"<small>{html(_WHOSE[scheme.population])} ({html(scheme.studied_in)})</small></th>"
            f"<td>{slots.text(weeks, 'span', _LINE)}{slots.text(total, 'span', _VALUE)}</td>"
            f"{cells}<td>{here}</td></tr>"
        )
    heads = [
        "Scheme",
        "Laid out; sum of that part",
        *(f"Days {'at ' if item.compare == 'at least' else ''}{_mark_words(item)}" for item in thresholds),
        "This start",
    ]
    head = "".join(f'<th scope="col">{html(name)}</th>' for name in heads)
    caption = "What each scheme gives, quickest to slowest reading; + means: and longer, the source is silent there"
    return (
        f'<table class="nam-days"><caption>{html(caption)}</caption><thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table>"
    )


def _says_table(entries: Sequence[Entry], cites: Bibliography) -> str:
    letters = _letters(entries)
    rows = [
        (
            Html(f"{letters[scheme.id]}. {cites.links(scheme.sources)}<br><small>{html(scheme.name)}</small>"),
            Html(f"{html(scheme.start_rule)}<br><small>printed for: {html(start_words(scheme))}</small>"),
            scheme.paced_by,
            Html(f"<ul>{''.join(f'<li>{html(item)}</li>' for item in scheme.unsaid)}</ul>"),
            Html(
                html(HOW_READ_WORDS[scheme.how_read])
                + (f"<br><small>{html(scheme.caveat)}</small>" if scheme.caveat else "")
            ),
        )
        for scheme in (entry.scheme for entry in entries)
    ]
    heads = ["Scheme", "When lowering begins", "What paces it", "What it leaves unsaid", "How it was read"]
    return html_table("What each scheme says, and what it leaves unsaid", heads, rows, style=False)


def taper_summary(entries: Sequence[Entry], start: Fraction) -> str:
    """Count what can be laid out, in one sentence, and say that nothing is proposed."""
    steps = sum(isinstance(entry, TaperPlan) and _draws(entry.scheme) for entry in entries)
    holds = sum(isinstance(entry, TaperPlan) and bool(entry.courses) and not _draws(entry.scheme) for entry in entries)
    nothing = sum(isinstance(entry, TaperPlan) and not entry.courses for entry in entries)
    refused = [entry for entry in entries if isinstance(entry, NotLaidOut)]
    give = "gives" if steps == 1 else "give"
    parts = [f"From {milligrams(start)} mg/d: of {len(entries)} published schemes {steps} {give} steps"]
    if holds:
        parts.append(f"{holds} only a time to hold")
    if nothing:
        parts.append(f"{nothing} no day at all")
    if refused:
        reasons = listed(list(dict.fromkeys(_silence(entry) for entry in refused)))
        parts.append(f"{len(refused)} cannot be laid out ({reasons})")
    return f"{listed(parts)}. {NONE_PROPOSED}"


def _mark_words(threshold: SteroidThreshold) -> str:
    dose = f"{number(threshold.mg_per_d)} mg/d"
    return f"{dose} or more" if threshold.compare == "at least" else f"above {dose}"


def _said(entry: Entry, bibliography: Bibliography) -> str:
    label = bibliography.text(entry.scheme.sources)
    whom = _WHOSE[entry.scheme.population]
    if isinstance(entry, NotLaidOut):
        return f"{label}, {whom}: not laid out. {entry.reason}."
    above = [f"{_mark_words(item.threshold)}: {item.words()}" for item in entry.thresholds]
    flags = " ".join(flag.words for flag in entry.flags)
    return f"{label}, {whom}: {entry.words()}. {'; '.join(above)}{'. ' if above else ''}{flags}".strip()


def taper_words(entries: Sequence[Entry], bibliography: Bibliography, start: Fraction) -> str:
    """Tell the whole page as text."""
    return "\n".join([taper_summary(entries, start), *(_said(entry, bibliography) for entry in entries)])


def taper_page(
    entries: Sequence[Entry],
    thresholds: Sequence[SteroidThreshold],
    bibliography: Bibliography,
    start: Fraction,
    weight_kg: Fraction | None,
) -> Page:
    """Draw published tapers from one starting dose.

    Parameters
    ----------
    entries : sequence of TaperPlan or NotLaidOut
        As :func:`namlib.model.taper.side_by_side` gives them, in the order to show.
    thresholds, bibliography
        For the marks across the plot, and for links.
    start, weight_kg
        What was entered [mg/d], [kg].
    """
    slots = Slots()
    letters = _letters(entries)
    summary = slots.add(taper_summary(entries, start))
    weight = "no weight given" if weight_kg is None else f"{milligrams(weight_kg)} kg"
    given = f"Start: {milligrams(start)} mg/d of prednisone or prednisolone; {weight}."
    body = slots.text(given, "p", 'class="nam-body"')
    bottom = _ROWS_TOP + _ROW * len(entries)
    curves = _curves(slots, entries, letters)
    bars = _bars(slots, entries, letters, bibliography)
    table = _days_table(slots, entries, thresholds, bibliography)
    sentences = "".join(f"<li>{slots.text(_said(entry, bibliography), 'span', _LINE)}</li>" for entry in entries)

    def write() -> str:
        chart = (
            f'<svg viewBox="0 0 {_WIDTH} {bottom + 8}" role="img" aria-label="Step lines of the dose over time for '
            "each published scheme that gives steps, dotted lines at the thresholds; below, a bar for each scheme. "
            f'The table holds the same numbers.">{_axes(thresholds, bottom)}{curves}{bars}</svg>'
        )
        head = slots.show(summary, "p", 'class="nam-summary"')
        said = f"<details><summary>The same in sentences</summary><ul>{sentences}</ul></details>"
        return (
            f'<div class="nam-taper">{_STYLE}{body}{head}{chart}{table}{_says_table(entries, bibliography)}{said}</div>'
        )

    return slots.page(write)
