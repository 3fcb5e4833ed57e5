"""The regimens of one drug beside each other: a range chart, the same as a table, the same as sentences."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

from namlib.cite import Bibliography
from namlib.model.dosing import SAID_PER, Dose, dose, flat_unit, published, said_unit
from namlib.records import Drug, Regimen
from namlib.table import Html, html
from namlib.units import number, span, unit
from namlib.view.palette import BLUE, GREEN, ORANGE, VERMILLION
from namlib.view.sentences import HOW_READ_WORDS, badge, body_words, doses_summary, statement, whom
from namlib.view.slots import Page, Slots

# A body at the upper end of what is common, only to fix how far the axis reaches.
_AXIS_BODY = {"weight_kg": 120.0, "height_cm": 190.0}
# Steps between ticks that a reader can count in.
_STEPS = (1.0, 2.0, 2.5, 5.0)
_TICKS = 5

_WIDTH, _ROW, _TOP, _BOTTOM = 900, 40, 46, 26
_LEFT, _RIGHT, _MARK_WIDTH = 305, 715, 8.0

_STYLE = (
    "<style>"
    ".nam-dose svg{width:100%;max-width:900px;height:auto;display:block;font-family:inherit}"
    ".nam-dose svg text{fill:currentColor;font-size:13px}.nam-dose svg .nam-small{font-size:11px}"
    ".nam-dose svg .nam-value{font-weight:600;font-variant-numeric:tabular-nums}"
    ".nam-dose table{border-collapse:collapse;width:100%;font-size:.9em;margin:.4em 0;table-layout:fixed}"
    # Fixed columns and unbroken lines: nothing moves when a value or a warning changes.
    ".nam-dose thead th{width:14.5%}.nam-dose thead th:nth-child(3){width:18%}.nam-dose thead th:last-child{width:27%}"
    ".nam-dose caption{text-align:left;font-weight:600;padding:.3em 0;caption-side:top}"
    # Twice the class: Jupyter's own rule would set every table of an output flush right.
    ".nam-dose.nam-dose th,.nam-dose.nam-dose td{text-align:left;vertical-align:top;"
    "padding:.3em .5em;border-top:1px solid #8886}"
    ".nam-dose td ul{margin:0;padding:0 0 0 1em}.nam-dose td li[data-t]{min-height:1.4em;white-space:nowrap}"
    # A line of its own that never breaks: a warning that comes or goes moves nothing.
    ".nam-dose .nam-here{display:block;min-height:1.4em;white-space:nowrap}.nam-dose details{overflow-x:auto}"
    ".nam-dose li:empty{list-style:none}.nam-dose .nam-plain{white-space:nowrap}"
    ".nam-dose .nam-value{font-variant-numeric:tabular-nums;white-space:nowrap;font-weight:600}"
    ".nam-dose .nam-body,.nam-dose .nam-summary{min-height:2.8em;margin:.2em 0}"
    "</style>"
)

_DEFS = (
    "<defs>"
    f'<pattern id="nam-child" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    f'<rect width="7" height="7" fill="{ORANGE}" fill-opacity=".28"/>'
    f'<rect width="3" height="7" fill="{ORANGE}"/></pattern>'
    "</defs>"
)
_FILL = {
    "adult": f'fill="{BLUE}"',
    "any": f'fill="{GREEN}"',
    "paediatric": f'fill="url(#nam-child)" stroke="{ORANGE}"',
    "not_stated": f'fill="{VERMILLION}" fill-opacity=".25" '
    f'stroke="{VERMILLION}" stroke-dasharray="4 3" stroke-width="2"',
}
_MARK = {"adult": "adults", "any": "any age", "paediatric": "children", "not_stated": "population not stated"}


def _nice_step(reach: float) -> float:
    """Pick the smallest countable step that covers the reach with at most :data:`_TICKS` steps."""
    scale = 10.0 ** math.floor(math.log10(reach / _TICKS))
    return next(step * scale for step in (*_STEPS, 10.0) if step * scale * _TICKS >= reach)


def _ticks(reach: float) -> list[float]:
    step = _nice_step(reach)
    return [step * i for i in range(math.ceil(reach / step - 1e-9) + 1)]


def axis_end(drug: Drug, regimens: Sequence[Regimen]) -> float:
    """Fix where a drug's axis ends, whatever body is entered, so that bars move and the scale does not."""
    reach = [drug.adult_ceiling.amount if drug.adult_ceiling else 0.0]
    for regimen in regimens:
        result = dose(regimen, drug, _AXIS_BODY, None)
        reach += [amount for amount in (result.chart_low, result.chart_high, result.chart_cap) if amount is not None]
    return _ticks(max(reach) or 1.0)[-1]


def _x(amount: float, end: float) -> float:
    return _LEFT + (_RIGHT - _LEFT) * min(amount / end, 1.0)


def _coordinate(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


class _Fixed(NamedTuple):
    """What does not depend on the body, ready as HTML: it is the same in every one of a slider's pictures."""

    label: Html
    beside_bar: Html
    cells: Html
    period: Html
    sentence: Html


@cache
def _fixed(regimen: Regimen, bibliography: Bibliography) -> _Fixed:
    # Beside the bars there is room for the amount alone; a weekly one says so even there.
    weekly = ", once weekly" if regimen.per == "week" else ""
    amount = f"{span(regimen.low, regimen.high)} {regimen.unit.strip('{}')}{weekly}"
    how = HOW_READ_WORDS[regimen.how_read]
    route = "route not stated" if regimen.route == "not_stated" else regimen.route
    course = f"{route}; {regimen.course}" if regimen.course else route
    massive = bool(regimen.unit) and bool(unit(regimen.unit).mass)
    return _Fixed(
        label=html(bibliography.text(regimen.sources[:1])),
        beside_bar=html(f"{_MARK[regimen.population]}: {amount}"),
        cells=Html(
            f'<th scope="row">{bibliography.links(regimen.sources)}<br><small>{html(how)}</small></th>'
            f"<td>{html(whom(regimen))}</td>"
            f"<td>{html(published(regimen))}<br><small>{html(course)}</small></td>"
        ),
        period=html(said_unit(flat_unit(regimen.unit), regimen).split(" ", 1)[-1] if massive else ""),
        sentence=html(statement(regimen, bibliography.text(regimen.sources))),
    )


def _style_of(regimen: Regimen) -> str:
    return "not_stated" if regimen.standing == "as_printed" else regimen.population


def _row(slots: Slots, result: Dose, fixed: _Fixed, y: int, end: float, given: int) -> str:
    regimen = result.regimen
    low, high = result.chart_low, result.chart_high
    if high is None:
        start = width = 0.0
    elif low is None:
        start, width = float(_LEFT), _x(high, end) - _LEFT
    else:
        # One published amount is a mark of fixed width around it: a bar of no width would be invisible.
        width = max(_x(high, end) - _x(low, end), _MARK_WIDTH)
        start = (_x(low, end) + _x(high, end) - width) / 2
    bar = slots.attributes(x=_coordinate(start), width=_coordinate(width))
    parts = [
        f'<text x="4" y="{y + 14}">{fixed.label}</text>',
        f'<text x="4" y="{y + 29}" class="nam-small">{fixed.beside_bar}</text>',
        f'<rect y="{y + 8}" height="18" {_FILL[_style_of(regimen)]} {bar}/>',
    ]
    if regimen.cap is not None and unit(regimen.cap_unit).basis == "flat" and result.chart_cap is not None:
        cap = _coordinate(_x(result.chart_cap, end))
        parts.append(
            f'<path d="M{cap} {y + 3}v28" stroke="currentColor" stroke-width="3"/>'
            f'<text x="{cap}" y="{y + 39}" text-anchor="middle" class="nam-small">max {number(result.chart_cap)}</text>'
        )
    parts.append(slots.show(given, "text", f'x="{_WIDTH}" y="{y + 22}" text-anchor="end" class="nam-value"'))
    return "".join(parts)


def _axis(drug: Drug, regimens: Sequence[Regimen], end: float, height: int) -> str:
    ticks = []
    for amount in _ticks(end):
        x = _coordinate(_x(amount, end))
        ticks.append(
            f'<path d="M{x} {_TOP - 6}V{height - _BOTTOM}" stroke="currentColor" stroke-opacity=".18"/>'
            f'<text x="{x}" y="{_TOP - 10}" text-anchor="middle" class="nam-small">{html(number(amount))}</text>'
        )
    said = html(axis_words(drug, regimens))
    title = f'<text x="{_LEFT}" y="14" class="nam-small">{said}</text>'
    if drug.adult_ceiling is None:
        return title + "".join(ticks)
    x = _coordinate(_x(drug.adult_ceiling.amount, end))
    words = f"adult ceiling {number(drug.adult_ceiling.amount)}"
    return (
        title
        + "".join(ticks)
        + f'<path d="M{x} {_TOP - 4}V{height - _BOTTOM + 4}" stroke="{VERMILLION}" stroke-width="2" '
        + 'stroke-dasharray="7 4"/>'
        + f'<text x="{x}" y="{height - 6}" text-anchor="middle" class="nam-small">{html(words)}</text>'
    )


def axis_words(drug: Drug, regimens: Sequence[Regimen]) -> str:
    """Say what the axis measures."""
    known = unit(drug.chart_unit)
    if known.period:
        per = {"d": "a day", "wk": "a week (once weekly)", "mo": "a month"}[known.period]
    else:
        per = " or ".join(dict.fromkeys(SAID_PER[regimen.per] for regimen in regimens if regimen.per))
    measure = f"{known.mass or drug.chart_unit.strip('{}') + 's'} {per}"
    return f"{measure}; a bar too long for the axis is cut, its number is exact"


def dose_page(
    results: Sequence[Dose],
    drug: Drug,
    bibliography: Bibliography,
    patient: Mapping[str, Any],
    population: str | None,
    *,
    end: float | None = None,
) -> Page:
    """Draw the regimens of one drug for one body.

    Parameters
    ----------
    results : sequence of Dose
        All regimens of the drug, in the order to show.
    drug, bibliography
        For names, ceiling and links.
    patient, population
        The body the doses were worked out for, and whose regimens fit.
    end : float, optional
        Where the axis ends [chart unit]; worked out when not given.
    """
    slots = Slots()
    drawn = [result for result in results if result.regimen.unit]
    end = end or axis_end(drug, [result.regimen for result in results])
    summary = slots.add(doses_summary(results, drug))
    body = slots.text(body_words(patient, population) + ".", "p", 'class="nam-body"')
    given = {result.regimen.id: slots.add(_mass(result, result.low, result.high)) for result in results}
    height = _TOP + _ROW * len(drawn) + _BOTTOM
    chart = ""
    if drawn and drug.chart_unit:
        rows = [
            _row(slots, result, _fixed(result.regimen, bibliography), _TOP + _ROW * i, end, given[result.regimen.id])
            for i, result in enumerate(drawn)
        ]
        axis = _axis(drug, [result.regimen for result in drawn], end, height)
        chart = (
            f'<svg viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="Range chart of {html(drug.name)} by source; '
            f'the table below holds the same numbers.">{_DEFS}{axis}{"".join(rows)}</svg>'
        )
    table, sentences = _table(slots, results, drug, bibliography, given)
    head = slots.show(summary, "p", 'class="nam-summary"')
    return slots.page(lambda: f'<div class="nam-dose">{_STYLE}{body}{head}{chart}{table}{sentences}</div>')


def _mass(result: Dose, low: float | None, high: float | None) -> str:
    if low is None and high is None:
        return "\N{EM DASH}"
    return f"{span(low, high)} {unit(result.unit).mass or result.unit.strip('{}')}"


def _badges(slots: Slots, result: Dose, drug: Drug) -> tuple[str, list[int]]:
    """List what to beware of. What may come and go with the input has a slot; an empty one keeps its line."""
    regimen = result.regimen
    by_kind: dict[str, str] = {flag.kind: badge(flag, result, drug) for flag in result.flags}
    items: list[str] = []
    live: list[int] = []
    if regimen.standing == "as_printed":
        items.append(f"<li>{html(by_kind.get('as printed', ''))}</li>")
    if regimen.standing == "caveat" or not regimen.unit:
        items.append(f"<li>{html(by_kind.get('caveat') or by_kind.get('no dose stated', ''))}</li>")
    if regimen.standing != "as_printed" and regimen.population in ("adult", "paediatric"):
        live.append(slots.add(by_kind.get("other population") or by_kind.get("population unknown") or ""))
    by_body = "/kg" in regimen.unit or "/m2" in regimen.unit
    if by_body or (drug.adult_ceiling is not None and regimen.unit):
        # What cannot be computed cannot be above anything: the two share a line.
        live.append(slots.add(by_kind.get("cannot compute") or by_kind.get("above adult ceiling") or ""))
    if regimen.cap is not None:
        live.append(slots.add(by_kind.get("cap binds", "")))
    items += [slots.show(slot, "li") for slot in live]
    return f"<ul>{''.join(items)}</ul>", live


def _table(
    slots: Slots, results: Sequence[Dose], drug: Drug, bibliography: Bibliography, given: Mapping[str, int]
) -> tuple[str, str]:
    rows, sentences = [], []
    for result in results:
        regimen = result.regimen
        badges, live = _badges(slots, result, drug)
        fixed = _fixed(regimen, bibliography)
        # Without a maximum the rule is the result; one slot serves both cells.
        rule = (
            slots.show(given[regimen.id])
            if regimen.cap is None
            else slots.text(_mass(result, result.rule_low, result.rule_high), "span", 'class="nam-plain"')
        )
        amount = slots.show(given[regimen.id], "span", 'class="nam-value"')
        rows.append(
            f"<tr>{fixed.cells}<td>{rule}</td><td>{amount}<br><small>{fixed.period}</small></td><td>{badges}</td></tr>"
        )
        spoken = " ".join(slots.show(slot) for slot in live)
        here = f"Here that gives {slots.show(given[regimen.id])} {fixed.period}. " if regimen.unit else ""
        sentences.append(f'<li>{fixed.sentence}. <span class="nam-here">{here}{spoken}</span></li>')
    heads = ("Source", "Whose dose", "As published", "The rule alone gives", "After its own maximum", "Take care")
    head = "".join(f'<th scope="col">{name}</th>' for name in heads)
    caption = f"{drug.name}, regimen by regimen"
    table = (
        f"<table><caption>{html(caption)}</caption><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
    )
    said = f"<details><summary>The same in sentences</summary><ul>{''.join(sentences)}</ul></details>"
    return table, said
