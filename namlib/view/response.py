"""The improvement score as a picture: points of each measure out of what it can give, and the total on its cut-offs."""

from __future__ import annotations

from fractions import Fraction

from namlib.cite import Bibliography
from namlib.model.response import (
    DEGREE_WORDS,
    MeasureChange,
    TotalImprovement,
    change_words,
    degree_words,
    degrees,
    points_words,
    shown,
)
from namlib.records import ResponseCriteria
from namlib.table import Html, html
from namlib.units import EN_DASH
from namlib.view.palette import BLUE, GREY, ORANGE
from namlib.view.slots import Page, Slots

_WIDTH, _ROW, _TOP = 900, 34, 22
_LEFT, _PER_POINT = 235, 11.4  # where the bars start, and how long one point of a measure is
_TOTAL_LEFT, _TOTAL_PER_POINT = 235, 6.4
_BAR = 16

_STYLE = (
    "<style>"
    ".nam-response svg{width:100%;max-width:900px;height:auto;display:block;font-family:inherit}"
    ".nam-response svg text{fill:currentColor;font-size:13px}.nam-response svg .nam-small{font-size:11px}"
    ".nam-response svg .nam-value{font-weight:600;font-variant-numeric:tabular-nums}"
    ".nam-response table{border-collapse:collapse;width:100%;font-size:.9em;margin:.4em 0;table-layout:fixed}"
    ".nam-response thead th:first-child{width:26%}.nam-response thead th:nth-child(4){width:24%}"
    ".nam-response caption{text-align:left;font-weight:600;padding:.3em 0;caption-side:top}"
    # Twice the class: Jupyter's own rule would set every table of an output flush right.
    ".nam-response.nam-response th,.nam-response.nam-response td{text-align:left;vertical-align:top;"
    "padding:.3em .5em;border-top:1px solid #8886;font-variant-numeric:tabular-nums}"
    # Every line that changes keeps its height, whatever it says.
    ".nam-response .nam-summary{min-height:2.8em;margin:.3em 0;font-weight:600}"
    ".nam-response .nam-aside{min-height:2.8em;margin:.2em 0}"
    ".nam-response td{white-space:nowrap}.nam-response table{min-width:660px}"
    ".nam-response .nam-table-room{overflow-x:auto}"
    "</style>"
)
_DEFS = (
    "<defs>"
    '<pattern id="nam-missing" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    f'<rect width="7" height="7" fill="{ORANGE}" fill-opacity=".25"/><rect width="3" height="7" fill="{ORANGE}"/>'
    "</pattern>"
    '<pattern id="nam-beyond" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(-45)">'
    f'<rect width="1.6" height="6" fill="{GREY}"/></pattern>'
    "</defs>"
)
_KEY = (
    (f'fill="{BLUE}"', "points earned"),
    ('fill="url(#nam-missing)"', "open, because something is missing"),
    ('fill="url(#nam-beyond)"', "out of reach from this baseline"),
)


def summary(result: TotalImprovement) -> str:
    """Say the result in one sentence of about the same length, whatever is missing."""
    points = shown(result.low) if result.low == result.high else f"{shown(result.low)} to {shown(result.high)}"
    count = len(result.missing)
    missing = f" {count} of {len(result.changes)} measures missing." if count else ""
    return f"{points} of 100 points: {degrees(result)}.{missing}"


def aside(result: TotalImprovement) -> str:
    """Say what the total does not show: how much was within reach, and what got worse."""
    text = f"From this baseline at most {shown(result.reachable)} points could be reached."
    if result.worse:
        count = len(result.worse)
        what = result.worse[0].lower() if count == 1 else f"{count} measures"
        text += f" Worse than before, which costs no points: {what}."
    return text


def _coordinate(value: Fraction | float) -> str:
    return f"{float(value):.1f}".removesuffix(".0")


def _span(slots: Slots, left: float, scale: float, start: Fraction, end: Fraction) -> Html:
    width = max(end - start, Fraction(0))
    return slots.attributes(x=_coordinate(left + scale * float(start)), width=_coordinate(scale * float(width)))


def _bar(slots: Slots, change: MeasureChange, y: int) -> str:
    earned = change.points or Fraction(0)
    whole = _coordinate(_PER_POINT * float(change.maximum))
    # What is open ends where this baseline ends; what lies beyond cannot be earned any more.
    beyond = change.possible if change.points is None else max(change.reachable, earned)
    return (
        f'<rect x="{_LEFT}" y="{y}" width="{whole}" height="{_BAR}" fill="none" stroke="currentColor" '
        f'stroke-opacity=".55"/>'
        f'<rect y="{y}" height="{_BAR}" fill="url(#nam-beyond)" '
        f"{_span(slots, _LEFT, _PER_POINT, beyond, change.maximum)}/>"
        f'<rect y="{y}" height="{_BAR}" fill="url(#nam-missing)" '
        f"{_span(slots, _LEFT, _PER_POINT, earned, change.possible)}/>"
        f'<rect y="{y}" height="{_BAR}" fill="{BLUE}" {_span(slots, _LEFT, _PER_POINT, Fraction(0), earned)}/>'
    )


def _total(slots: Slots, result: TotalImprovement, criteria: ResponseCriteria, y: int, points: int) -> str:
    """Draw the sum from 0 to 100, the adult cut-offs above it and the juvenile ones below."""

    def x(amount: float) -> str:
        return _coordinate(_TOTAL_LEFT + _TOTAL_PER_POINT * amount)

    parts = [
        f'<text x="4" y="{y + 17}" class="nam-value">All measures</text>',
        f'<text x="4" y="{y - 9}" class="nam-small">adult cut-offs</text>',
        f'<text x="4" y="{y + 44}" class="nam-small">juvenile cut-offs</text>',
        f'<rect x="{_TOTAL_LEFT}" y="{y}" width="{_coordinate(100 * _TOTAL_PER_POINT)}" height="24" fill="none" '
        f'stroke="currentColor" stroke-opacity=".55"/>',
        f'<rect y="{y}" height="24" fill="url(#nam-beyond)" '
        f"{_span(slots, _TOTAL_LEFT, _TOTAL_PER_POINT, max(result.reachable, result.high), Fraction(100))}/>",
        f'<rect y="{y}" height="24" fill="url(#nam-missing)" '
        f"{_span(slots, _TOTAL_LEFT, _TOTAL_PER_POINT, result.low, result.high)}/>",
        f'<rect y="{y}" height="24" fill="{BLUE}" '
        f"{_span(slots, _TOTAL_LEFT, _TOTAL_PER_POINT, Fraction(0), result.low)}/>",
    ]
    for category in criteria.categories:
        for amount, start, words_y in ((category.adult, y - 5, y - 9), (category.juvenile, y + 17, y + 44)):
            parts.append(
                f'<path d="M{x(amount)} {start}v12" stroke="currentColor" stroke-width="2"/>'
                f'<text x="{x(amount)}" y="{words_y}" text-anchor="middle" class="nam-small">'
                f"{category.id} {amount:g}</text>"
            )
    parts.append(slots.show(points, "text", f'x="{_WIDTH - 4}" y="{y + 44}" text-anchor="end" class="nam-value"'))
    return "".join(parts)


def response_page(result: TotalImprovement, criteria: ResponseCriteria, bibliography: Bibliography) -> Page:
    """Draw the score between two visits.

    Parameters
    ----------
    result : TotalImprovement
        The score.
    criteria : ResponseCriteria
        For cut-offs and caveats.
    bibliography : Bibliography
        For links.
    """
    slots = Slots()
    head = slots.text(summary(result), "p", 'class="nam-summary"')
    beside = slots.text(aside(result), "p", 'class="nam-aside"')
    rows, cells = [], []
    for place, change in enumerate(result.changes):
        y = _TOP + _ROW * place
        earned, moved = slots.add(points_words(change)), slots.add(change_words(change))
        name = slots.add(change.name)
        before, after = (slots.add(_given(value, change.unit)) for value in (change.baseline, change.follow_up))
        after_bar = _coordinate(_LEFT + _PER_POINT * float(change.maximum) + 10)
        rows.append(
            slots.show(name, "text", f'x="4" y="{y + 13}"')
            + _bar(slots, change, y)
            + slots.show(earned, "text", f'x="{after_bar}" y="{y + 13}" class="nam-value"')
            + slots.show(moved, "text", f'x="{_WIDTH - 4}" y="{y + 13}" text-anchor="end"')
        )
        cells.append(
            f'<tr><th scope="row">{slots.show(name)}</th><td>{slots.show(before)}</td><td>{slots.show(after)}</td>'
            f"<td>{slots.show(moved)}</td><td>{slots.show(earned)}</td></tr>"
        )
    y = _TOP + _ROW * len(result.changes) + 34
    points = slots.add(f"{_interval(result)} of 100 points")
    total = _total(slots, result, criteria, y, points)
    note = slots.text(" ".join(result.notes) or "No range of an enzyme is needed yet.", "p", 'class="nam-aside"')
    both = [slots.add(degree_words(degree)) for degree in (result.adult, result.juvenile)]

    def write() -> str:
        height = y + 78
        key = "".join(
            f'<rect x="{x}" y="{height - 17}" width="22" height="12" {fill} stroke="currentColor" '
            f'stroke-opacity=".55"/><text x="{x + 28}" y="{height - 7}" class="nam-small">{words}</text>'
            for x, (fill, words) in zip((235, 370, 610), _KEY, strict=True)
        )
        chart = (
            f'<svg viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="Bars: points of each measure out of the most '
            f'it can give, and their sum on the cut-offs. The table below holds the same numbers.">{_DEFS}'
            f'<text x="{_LEFT}" y="11" class="nam-small">points, each bar as long as what its measure can give</text>'
            f'<text x="{_WIDTH - 4}" y="11" text-anchor="end" class="nam-small">change of its scale</text>'
            f"{''.join(rows)}{total}{key}</svg>"
        )
        heads = ("Measure", "Baseline", "Follow-up", "Change of its scale", "Points")
        line = "".join(f'<th scope="col">{name}</th>' for name in heads)
        cuts = "; ".join(
            f"{DEGREE_WORDS[category.id]} from {category.adult:g} (juvenile {category.juvenile:g})"
            for category in criteria.categories
        )
        sums = [("All measures", points), ("Adult cut-offs", both[0]), ("Juvenile cut-offs", both[1])]
        total_rows = "".join(
            f'<tr><th scope="row">{name}</th><td colspan="4">{slots.show(slot)}</td></tr>' for name, slot in sums
        )
        table = (
            f'<div class="nam-table-room"><table><caption>{html(criteria.name)}</caption><thead><tr>{line}</tr></thead>'
            f"<tbody>{''.join(cells)}{total_rows}</tbody></table></div>"
        )
        named = bibliography.links(criteria.sources)
        stop = "" if named.endswith(".</a>") else "."
        said = f"Cut-offs: {html(cuts)}. {html(criteria.caveat)} Sources: {named}{stop}"
        sources = f"<p><small>{said}</small></p>"
        return f'<div class="nam-response">{_STYLE}{head}{beside}{chart}{table}{note}{sources}</div>'

    return slots.page(write)


def _interval(result: TotalImprovement) -> str:
    if result.low == result.high:
        return shown(result.low)
    return f"{shown(result.low)}{EN_DASH}{shown(result.high)}"


def _given(value: object, unit: str) -> str:
    return "not given" if value is None else f"{shown(value)} {unit}".strip()  # type: ignore[arg-type]
