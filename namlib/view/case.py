"""A case as a picture, a table and sentences: CK, strength, drugs and names of the illness over one axis of time.

Only what has a date stands to scale. A point that has an order and no date is drawn hollow, with a line that spans the
stretch in which it lies; points after or before the last date have a zone of their own without a scale.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise

from namlib.case_records import Case, CaseDrug, CaseRecord, Ck, DrugEvent, Strength
from namlib.cite import Bibliography
from namlib.frozen import frozen
from namlib.model.case import (
    Completeness,
    ck_words,
    computed_dose,
    dose_words,
    letters,
    order_of_events,
    weeks_on,
    without_a_point,
)
from namlib.model.rules import listed
from namlib.table import TABLE_STYLE, Html, html, html_table
from namlib.units import number
from namlib.view.palette import BLUE, GREEN, GREY, ORANGE, VERMILLION
from namlib.view.picture import Picture

FICTIONAL = "FICTIONAL"
FICTIONAL_WORDS = "FICTIONAL: the patient and every number are invented for teaching."
PUBLISHED_WORDS = "A published patient, as far as the report was read. What is not shown was not in what was read."

_WIDTH, _LEFT, _RIGHT = 920, 196, 900
_CHARACTER = 5.9  # what a character of small text takes at most, on average
_ROW = 17
_NO_DATE_STEP = 44
_STUB = 40  # a bar whose start is not in the record
# How wide a tick of the axis may be [weeks], and what its numbers are counted in.
_TICKS = (
    (1.0, 1.0, "weeks"),
    (2.0, 1.0, "weeks"),
    (4.0, 1.0, "weeks"),
    (365.25 / 12 / 7 * 3, 365.25 / 12 / 7, "months"),
    (365.25 / 12 / 7 * 6, 365.25 / 12 / 7, "months"),
    (365.25 / 7, 365.25 / 7, "years"),
    (365.25 / 7 * 2, 365.25 / 7, "years"),
    (365.25 / 7 * 5, 365.25 / 7, "years"),
    (365.25 / 7 * 10, 365.25 / 7, "years"),
)
_MOST_TICKS = 9
_ROLE_COLOURS = {"treatment": BLUE, "cause": VERMILLION, "background": GREY, "supportive": GREEN}
_INK = {BLUE: "#fff", GREY: "#fff", VERMILLION: "#000", GREEN: "#000"}
_SERIES = ((BLUE, ""), (VERMILLION, "6 3"), (GREEN, "2 2"), (ORANGE, "8 2 2 2"), (GREY, "1 3"))
_SMALL = 'class="nam-small"'
_PAPER = "var(--jp-layout-color0,#fff)"

_SIGNS = {
    "=": "",
    "~": "~",
    ">": "> ",
    ">=": "\N{GREATER-THAN OR EQUAL TO} ",
    "<": "< ",
    "<=": "\N{LESS-THAN OR EQUAL TO} ",
}
_DOTTED = ' stroke-dasharray="2 4"'
_Level = Callable[[float], float]

STYLE = (
    "<style>"
    ".nam-case svg{width:100%;max-width:920px;height:auto;display:block;font-family:inherit}"
    ".nam-case svg text{fill:currentColor;font-size:13px}.nam-case svg .nam-small{font-size:11px}"
    ".nam-case svg .nam-strong{font-weight:700}"
    ".nam-case .nam-fictional{display:inline-block;border:2px solid #D55E00;font-weight:700;padding:.1em .5em;"
    "margin:.2em 0}.nam-case .nam-about{margin:.2em 0}"
    ".nam-case table ul{margin:0;padding:0 0 0 1em}.nam-case details{overflow-x:auto}"
    "</style>"
)


@frozen
class Spot:
    """Where a point of the course stands on the page; an undated one lies somewhere from ``low`` to ``high``."""

    x: float
    dated: bool
    low: float
    high: float


@frozen
class Axis:
    """The axis of one record: the clock it counts on, where every point stands, and what part of it is to scale."""

    clock: str
    spots: dict[str, Spot]
    first: float
    last: float
    weeks: tuple[float, float] | None

    def x_of(self, weeks: float) -> float:
        """Place a time on the part that is to scale [weeks]."""
        assert self.weeks is not None
        low, high = self.weeks
        return self.first + (self.last - self.first) * (weeks - low) / (high - low)


def axis(record: CaseRecord) -> Axis:
    """Choose the clock that dates most points, and place every point on it.

    Examples
    --------
    >>> from namlib.case_records import Clock, Person, Presentation, Reading, Time
    >>> times = (Time("a", "a", (Reading("c", 0.0),)), Time("b", "b"), Time("d", "d", (Reading("c", 8.0),)))
    >>> made = axis(CaseRecord(Person(), Presentation("weak"), times, (Clock("c", "start"),)))
    >>> [(round(spot.x), spot.dated) for spot in made.spots.values()]
    [(210, True), (548, False), (886, True)]
    """
    chosen, placed = "", dict[str, float]()
    for clock in record.clocks:
        found = _in_order(record, weeks_on(record, clock.id))
        if len(found) > len(placed):
            chosen, placed = clock.id, found
    ids = [time.id for time in record.times]
    low, high = float(_LEFT + 14), float(_RIGHT - 14)
    weeks = (min(placed.values()), max(placed.values())) if placed else (0.0, 0.0)
    if len(placed) < 2 or weeks[0] == weeks[1]:
        step = (high - low) / max(len(ids) - 1, 1)
        even = {name: Spot(low + step * place, False, low, high) for place, name in enumerate(ids)}
        return Axis("", even, low, high, None)
    dated = [place for place, name in enumerate(ids) if name in placed]
    before, after = dated[0], len(ids) - 1 - dated[-1]
    quarter = (high - low) / 4
    first = low + min(before * _NO_DATE_STEP, quarter)
    last = high - min(after * _NO_DATE_STEP, quarter)
    made = Axis(chosen, {}, first, last, weeks)
    spots: dict[str, Spot] = {}
    for name in ids:
        if name in placed:
            x = made.x_of(placed[name])
            spots[name] = Spot(x, True, x, x)
    for place in range(before):
        spots[ids[place]] = Spot(low + (first - low) * place / before, False, low, first)
    for place in range(after):
        spots[ids[dated[-1] + 1 + place]] = Spot(last + (high - last) * (place + 1) / after, False, last, high)
    for start, end in pairwise(dated):
        left, right = spots[ids[start]].x, spots[ids[end]].x
        for place in range(start + 1, end):
            share = (place - start) / (end - start)
            spots[ids[place]] = Spot(left + (right - left) * share, False, left, right)
    return Axis(chosen, {name: spots[name] for name in ids}, first, last, weeks)


def _in_order(record: CaseRecord, placed: dict[str, float]) -> dict[str, float]:
    """Keep the dates that agree with the order of the points; one that does not has an order that is not sure."""
    kept: dict[str, float] = {}
    latest = -math.inf
    for time in record.times:
        if time.id in placed and placed[time.id] >= latest:
            latest = kept[time.id] = placed[time.id]
    return kept


# --- drawing -------------------------------------------------------------------------------------------------------


def _n(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def _wide(text: str) -> float:
    return len(text) * _CHARACTER


def _cut(text: str, wide: float) -> str:
    most = max(int(wide / _CHARACTER), 4)
    return text if len(text) <= most else text[: most - 1].rstrip() + "\N{HORIZONTAL ELLIPSIS}"


class _Texts:
    """Places small texts so that none covers another; one that fits nowhere is left to the table."""

    def __init__(self, top: float, bottom: float) -> None:
        self._taken: list[tuple[float, float, float, float]] = []
        self._top, self._bottom = top, bottom

    def take(self, x0: float, y0: float, x1: float, y1: float) -> None:
        self._taken.append((x0, y0, x1, y1))

    def line(self, x0: float, y0: float, x1: float, y1: float) -> None:
        """Keep the texts off a line, by small boxes along it."""
        steps = max(int(math.hypot(x1 - x0, y1 - y0) / 5), 1)
        for step in range(steps + 1):
            x, y = x0 + (x1 - x0) * step / steps, y0 + (y1 - y0) * step / steps
            self.take(x - 2, y - 2, x + 2, y + 2)

    def put(self, x: float, y: float, text: str, *, aside: bool = False) -> str:
        wide = _wide(text)
        over = [(x - wide / 2, y - 8), (x - wide / 2, y + 17)]
        sides = [(x + 9, y + 4), (x - 9 - wide, y + 4)]
        corners = [(x + 7, y - 7), (x - 7 - wide, y - 7), (x + 7, y + 15), (x - 7 - wide, y + 15)]
        for left, base in (sides + corners + over) if aside else (over + sides + corners):
            box = (left, base - 9, left + wide, base + 2)
            inside = box[0] >= _LEFT + 2 and box[2] <= _WIDTH - 2 and box[1] >= self._top and box[3] <= self._bottom
            free = all(
                box[2] <= taken[0] or box[0] >= taken[2] or box[3] <= taken[1] or box[1] >= taken[3]
                for taken in self._taken
            )
            if inside and free:
                self._taken.append(box)
                return f'<text x="{_n(left)}" y="{_n(base)}" {_SMALL}>{html(text)}</text>'
        return ""


def _rows_for(items: Sequence[tuple[float, str]]) -> tuple[list[tuple[float, str, int, bool]], int]:
    """Give each text a row in which it covers no other; text left of its mark where it would leave the page."""
    ends: list[float] = []
    laid: list[tuple[float, str, int, bool]] = []
    for x, text in items:
        flipped = x + 9 + _wide(text) > _WIDTH
        low, high = (x - 9 - _wide(text), x + 5) if flipped else (x - 5, x + 9 + _wide(text))
        row = next((place for place, end in enumerate(ends) if end <= low), len(ends))
        ends[row : row + 1] = [high + 6]
        laid.append((x, text, row, flipped))
    return laid, max(len(ends), 1)


def _gutter(y: float, *lines: str, x: float = _LEFT - 10) -> str:
    return "".join(
        f'<text x="{_n(x)}" y="{_n(y + 13 * place)}" text-anchor="end" {_SMALL}>{html(line)}</text>'
        for place, line in enumerate(lines)
    )


def _points(record: CaseRecord, made: Axis, top: float) -> tuple[str, float, list[tuple[float, float, bool]]]:
    """The letters, in as many rows as they need; what is undated is hollow and spans the stretch it lies in."""
    named = letters(record)
    ends: list[float] = []
    parts, stretches, lines = [], [], []
    for time in record.times:
        spot = made.spots[time.id]
        wide = 19.0 if len(named[time.id]) == 1 else 25.0
        row = next((place for place, end in enumerate(ends) if end <= spot.x - wide / 2), len(ends))
        ends[row : row + 1] = [spot.x + wide / 2]
        y = top + 10 + 21 * row
        lines.append((spot.x, y + 9, spot.dated))
        if not spot.dated and made.weeks is not None:
            low, high, edge = _n(spot.low), _n(spot.high), _n(y - 4)
            stretches.append(
                f'<path d="M{low} {edge}v8M{low} {_n(y)}H{high}M{high} {edge}v8" stroke="{GREY}" fill="none"/>'
            )
        fill, ink = ("currentColor", _PAPER) if spot.dated else (_PAPER, "currentColor")
        dash = "" if spot.dated else ' stroke-dasharray="2 2"'
        parts.append(
            f'<circle cx="{_n(spot.x)}" cy="{_n(y)}" r="9" style="fill:{fill}" stroke="currentColor"{dash}/>'
            f'<text x="{_n(spot.x)}" y="{_n(y + 4)}" text-anchor="middle" class="nam-small nam-strong" '
            f'style="fill:{ink}">{html(named[time.id])}</text>'
        )
    return "".join(stretches + parts) + _gutter(top + 14, "points in time"), top + 22 + 21 * (len(ends) - 1), lines


def _ticks(record: CaseRecord, made: Axis, y: float) -> str:
    """The scale of time under the plot, or the words that there is none."""
    line = f'<path d="M{_LEFT} {_n(y)}H{_RIGHT}" stroke="currentColor"/>'
    if made.weeks is None:
        words = "order of events only: fewer than two points have an exact date on one clock"
        return f'{line}<text x="{_LEFT}" y="{_n(y + 16)}" {_SMALL}>{words}</text>'
    low, high = made.weeks
    step, unit, name = next((tick for tick in _TICKS if (high - low) / tick[0] <= _MOST_TICKS), _TICKS[-1])
    parts = [line]
    for place in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1):
        x = made.x_of(place * step)
        label = number(round(place * step / unit, 6)).replace("-", "\N{MINUS SIGN}")
        parts.append(
            f'<path d="M{_n(x)} {_n(y)}v5" stroke="currentColor"/>'
            f'<text x="{_n(x)}" y="{_n(y + 17)}" text-anchor="middle" {_SMALL}>{label}</text>'
        )
    label = next(clock.label for clock in record.clocks if clock.id == made.clock)
    parts.append(_gutter(y + 17, f"{name} from"))
    parts.append(f'<text x="{_LEFT - 10}" y="{_n(y + 30)}" text-anchor="end" {_SMALL}>{html(_cut(label, 180))}</text>')
    for left, right in ((_LEFT, made.first - 7), (made.last + 7, _RIGHT)):
        if right - left > 30:
            parts.append(
                f'<text x="{_n((left + right) / 2)}" y="{_n(y + 31)}" text-anchor="middle" {_SMALL}>no dates</text>'
            )
    return "".join(parts)


def _zones(made: Axis, top: float, bottom: float) -> str:
    """A grey ground where there is an order and no scale."""
    if made.weeks is None:
        return ""
    return "".join(
        f'<rect x="{_n(left)}" y="{_n(top)}" width="{_n(right - left)}" height="{_n(bottom - top)}" fill="{GREY}" '
        'fill-opacity=".1"/>'
        for left, right in ((_LEFT, made.first - 7), (made.last + 7, _RIGHT))
        if right - left > 30
    )


def _ck_panel(record: CaseRecord, made: Axis, top: float) -> tuple[str, float]:
    """CK on a logarithmic scale; a bound is an arrow, an approximation a ring, a mean a diamond with its spread."""
    if not record.ck:
        said = f'<text x="{_LEFT}" y="{_n(top + 12)}" {_SMALL}>no CK in the record</text>'
        return _gutter(top + 12, "CK") + said, top + 24
    worded = [(row.at, str(row.level).replace("_", " ")) for row in record.ck if row.value_u_per_l is None]
    drawn, y = _word_lane(made, worded, "CK without a number", top)
    numbers = [(row, max(row.value_u_per_l, 1.0)) for row in record.ck if row.value_u_per_l is not None]
    if not numbers:
        return drawn, y + 4
    parts = [drawn]
    limits = [row.upper_limit_u_per_l for row, _value in numbers if row.upper_limit_u_per_l]
    # A little room above and below; where the values span less than a decade, one is shown all the same.
    lowest = math.log10(min([*(value for _row, value in numbers), *limits])) - 0.2
    highest = max(math.log10(max(value for _row, value in numbers)) + 0.25, lowest + 1.0)
    height = 60.0 * max(highest - lowest, 1.6)
    bottom = y + height

    def level(value: float) -> float:
        share = (math.log10(max(value, 10.0**lowest)) - lowest) / (highest - lowest)
        return bottom - height * min(share, 1.0)

    steps = (1.0,) if highest - lowest > 1.6 else (1.0, 2.0, 5.0)
    for mark in [step * 10.0**power for power in range(math.floor(lowest), math.ceil(highest) + 1) for step in steps]:
        if lowest <= math.log10(mark) <= highest:
            line = _n(level(mark))
            parts.append(f'<path d="M{_LEFT} {line}H{_RIGHT}" stroke="currentColor" stroke-opacity=".2"/>')
            parts.append(_gutter(level(mark) + 4, number(mark)))
    parts.append(_gutter(y + height / 2 - 3, "CK [U/L],", "log scale", x=132))
    texts = _Texts(y - 14, bottom + 14)
    parts.append(_limit_lines(record, made, level))
    if len({*limits}) == 1:
        texts.take(_LEFT, level(limits[0]) - 13, _LEFT + 110, level(limits[0]) + 2)
    spots = [(row, made.spots[row.at].x, level(value)) for row, value in numbers]
    for (one, x0, y0), (other, x1, y1) in _joined(spots):
        dash = "" if made.spots[one.at].dated and made.spots[other.at].dated else _DOTTED
        texts.line(x0, y0, x1, y1)
        parts.append(
            f'<path d="M{_n(x0)} {_n(y0)}L{_n(x1)} {_n(y1)}" stroke="{BLUE}" stroke-width="1.4" stroke-opacity=".7" '
            f'fill="none"{dash}/>'
        )
    for row, x, at in spots:
        up = 24 if row.cmp in (">", ">=") else 6
        texts.take(x - 6, at - up, x + 6, at + (24 if row.cmp in ("<", "<=") else 6))
        if row.statistic != "single":
            low, high = _whisker(row, level, bottom)
            texts.line(x, low, x, high)
    for row, x, at in spots:
        parts.append(_ck_mark(row, x, level, bottom))
        parts.append(texts.put(x, at, _ck_short(row)))
    return "".join(parts), bottom + 20


def _ck_short(row: Ck) -> str:
    """A CK in the few characters that a picture has room for."""
    group = "" if row.statistic == "single" else f"{row.statistic} "
    odd = " (odd)" if row.flag else ""
    return f"{group}{_SIGNS[row.cmp]}{number(row.value_u_per_l or 0.0)}{odd}"


def _joined(spots: Sequence[tuple[Ck, float, float]]) -> Iterator[tuple[tuple[Ck, float, float], ...]]:
    """Values of one series that follow each other."""
    for series in dict.fromkeys(row.series for row, _x, _y in spots):
        rows = sorted((spot for spot in spots if spot[0].series == series), key=lambda spot: spot[1])
        yield from pairwise(rows)


def _word_lane(made: Axis, rows: Sequence[tuple[str, str]], name: str, top: float) -> tuple[str, float]:
    """Words without a number, each at its point."""
    if not rows:
        return "", top
    laid, needed = _rows_for([(made.spots[at].x, _cut(text, 330)) for at, text in rows])
    marks = "".join(_word_mark(x, top + 6 + _ROW * row, text, flipped=flipped) for x, text, row, flipped in laid)
    return marks + _gutter(top + 10, name), top + _ROW * needed + 8


def _word_mark(x: float, y: float, text: str, *, flipped: bool) -> str:
    anchor, place = ("end", x - 9) if flipped else ("start", x + 9)
    return (
        f'<rect x="{_n(x - 4)}" y="{_n(y - 4)}" width="8" height="8" fill="none" stroke="{BLUE}" stroke-width="1.8"/>'
        f'<text x="{_n(place)}" y="{_n(y + 4)}" text-anchor="{anchor}" {_SMALL}>{html(text)}</text>'
    )


def _limit_lines(record: CaseRecord, made: Axis, level: _Level) -> str:
    """The upper limit as its laboratory printed it: one line where all agree, else a dash at each point."""
    limits = {row.upper_limit_u_per_l for row in record.ck if row.upper_limit_u_per_l}
    style = f'stroke="{GREY}" stroke-width="1.6" stroke-dasharray="4 3"'
    if len(limits) == 1:
        limit = next(iter(limits))
        assert limit is not None
        return (
            f'<path d="M{_LEFT} {_n(level(limit))}H{_RIGHT}" {style}/>'
            f'<text x="{_LEFT + 4}" y="{_n(level(limit) - 4)}" {_SMALL}>upper limit {number(limit)}</text>'
        )
    parts = []
    for row in record.ck:
        if row.upper_limit_u_per_l:
            x, y = made.spots[row.at].x, level(row.upper_limit_u_per_l)
            parts.append(f'<path d="M{_n(x - 16)} {_n(y)}h32" {style}/>')
    return "".join(parts)


def _whisker(row: Ck, level: _Level, bottom: float) -> tuple[float, float]:
    """One standard deviation to either side; to the bottom where the lower end is not above zero."""
    value = row.value_u_per_l or 1.0
    if row.sd is None:
        return level(value), level(value)
    return bottom if row.sd >= value else level(value - row.sd), level(value + row.sd)


def _ck_mark(row: Ck, x: float, level: _Level, bottom: float) -> str:
    value = row.value_u_per_l or 1.0
    y = level(value)
    colour = VERMILLION if row.flag else BLUE
    if row.statistic != "single":
        low, high = _whisker(row, level, bottom)
        cap = "" if low >= bottom else f"M{_n(x - 4)} {_n(low)}h8"
        return (
            f'<path d="M{_n(x)} {_n(low)}V{_n(high)}M{_n(x - 4)} {_n(high)}h8{cap}" stroke="{colour}" fill="none"/>'
            f'<path d="M{_n(x)} {_n(y - 6)}l6 6-6 6-6-6z" fill="{colour}"/>'
        )
    if row.cmp in (">", ">=", "<", "<="):
        up = -1 if row.cmp in (">", ">=") else 1
        return (
            f'<path d="M{_n(x - 6)} {_n(y)}h12M{_n(x)} {_n(y)}v{22 * up}m-5 {-6 * up}l5 {6 * up} 5 {-6 * up}" '
            f'stroke="{colour}" stroke-width="2" fill="none"/>'
        )
    hollow = row.cmp == "~" or bool(row.flag)
    fill = f'style="fill:{_PAPER}" stroke="{colour}" stroke-width="2"' if hollow else f'fill="{colour}"'
    return f'<circle cx="{_n(x)}" cy="{_n(y)}" r="4.6" {fill}/>'


def _strength_panels(record: CaseRecord, made: Axis, top: float) -> tuple[str, float]:
    """One panel for each scale with numbers, and a row of words for the rest."""
    parts: list[str] = []
    y = top
    for scale in dict.fromkeys(row.scale for row in record.strength if row.value is not None):
        rows = [row for row in record.strength if row.scale == scale and row.value is not None]
        drawn, y = _scale_panel(scale, rows, made, y)
        parts.append(drawn)
    worded = [(row.at, f"{row.where} {row.words}".strip()) for row in record.strength if row.value is None]
    drawn, y = _word_lane(made, worded, "strength in words", y)
    parts.append(drawn)
    if not record.strength:
        parts.append(_gutter(y + 12, "strength"))
        parts.append(f'<text x="{_LEFT}" y="{_n(y + 12)}" {_SMALL}>no measured strength in the record</text>')
        y += 24
    return "".join(parts), y


def _scale_panel(scale: str, rows: Sequence[Strength], made: Axis, top: float) -> tuple[str, float]:
    most = rows[0].most or max(row.high or row.value or 0.0 for row in rows) * 1.2 or 1.0
    y, height = top + 14, 78.0
    bottom = y + height

    def level(value: float) -> float:
        return bottom - height * value / most

    name, _space, span_of = scale.rpartition(" ")
    unit = f"[{span_of}]" if rows[0].most is None else f"({span_of})"
    parts = [_gutter(y + height / 2 - 2, name, unit, x=160)]
    for mark in (0.0, most) if rows[0].most is not None else (0.0,):
        parts.append(f'<path d="M{_LEFT} {_n(level(mark))}H{_RIGHT}" stroke="currentColor" stroke-opacity=".25"/>')
        parts.append(_gutter(level(mark) + 4, number(mark)))
    texts = _Texts(y - 16, bottom + 14)
    spots = [(row, made.spots[row.at].x, level(row.value or 0.0)) for row in rows]
    for _row, x, at in spots:
        texts.take(x - 5, at - 5, x + 5, at + 5)
    # Muscles that stand on one spot share a mark, so they share its words too.
    shared: dict[tuple[float, float, str], list[str]] = {}
    last_of = {row.where: row for row in rows}
    for place, where in enumerate(last_of):
        colour, dashes = _SERIES[place % len(_SERIES)]
        dash = f' stroke-dasharray="{dashes}"' if dashes else ""
        series = sorted((spot for spot in spots if spot[0].where == where), key=lambda spot: spot[1])
        for (_one, x0, y0), (_other, x1, y1) in pairwise(series):
            texts.line(x0, y0, x1, y1)
            path = f"M{_n(x0)} {_n(y0)}L{_n(x1)} {_n(y1)}"
            parts.append(f'<path d="{path}" stroke="{colour}" stroke-width="1.6" fill="none"{dash}/>')
        for row, x, at in series:
            parts.append(_strength_mark(x, at, place, colour))
            group = "" if row.statistic == "single" else f"{row.statistic} "
            grade = f"{group}{_SIGNS[row.cmp]}{number(row.value or 0.0)}{row.sign}"
            named = shared.setdefault((x, at, grade), [])
            if row is last_of[where] and where:
                named.append(where)
    for (x, at, grade), wheres in shared.items():
        said = _cut(f"{', '.join(wheres)} {grade}".strip(), 300)
        parts.append(texts.put(x, at, said, aside=bool(wheres)))
    return "".join(parts), bottom + 18


def _strength_mark(x: float, y: float, place: int, colour: str) -> str:
    shapes = (
        f'<circle cx="{_n(x)}" cy="{_n(y)}" r="4.4" fill="{colour}"/>',
        f'<rect x="{_n(x - 4)}" y="{_n(y - 4)}" width="8" height="8" fill="{colour}"/>',
        f'<path d="M{_n(x)} {_n(y - 5)}l5 9h-10z" fill="{colour}"/>',
        f'<path d="M{_n(x)} {_n(y - 5)}l5 5-5 5-5-5z" fill="{colour}"/>',
        f'<path d="M{_n(x)} {_n(y + 5)}l5-9h-10z" fill="{colour}"/>',
    )
    return shapes[place % len(shapes)]


def _stretches(drug: CaseDrug, made: Axis) -> list[tuple[float, float, bool, bool]]:
    """From where to where a drug was given, and whether either end is open."""
    stretches: list[tuple[float, float, bool, bool]] = []
    start: float | None = made.spots[drug.start].x if drug.start else None
    open_start = False
    counted = drug.dose is not None and (drug.dose.times is not None or drug.dose.unit == "{session}")
    ended = [drug.stop, *(event.at for event in drug.events if event.kind in ("stop", "switch"))]
    if start is None and any(ended):
        # What was taken before the illness reaches the edge; a treatment whose start is not known has a stub.
        edge = min(made.spots[at].x for at in ended if at) - _STUB if drug.role == "treatment" else 0.0
        start, open_start = max(float(_LEFT), edge), True
    for event in drug.events:
        x = made.spots[event.at].x
        if event.kind in ("stop", "paused", "switch") and start is not None:
            stretches.append((start, x, open_start, False))
            start, open_start = None, False
        elif event.kind in ("start", "restart", "cycle") and start is None:
            start = x
        elif event.kind == "cycle" and counted and start is not None:
            # A few infusions, and later a few more.
            stretches.append((start, min(start + 10, x), open_start, False))
            start, open_start = x, False
    if start is not None:
        if drug.stop:
            stretches.append((start, made.spots[drug.stop].x, open_start, False))
        elif counted:
            stretches.append((start, min(start + 10, float(_RIGHT)), open_start, False))
        else:
            stretches.append((start, float(_RIGHT), open_start, True))
    return stretches


def _drug_rows(record: CaseRecord, made: Axis, top: float) -> tuple[str, float]:
    if not record.drugs:
        said = f'<text x="{_LEFT}" y="{_n(top + 12)}" {_SMALL}>no drug in the record</text>'
        return _gutter(top + 12, "drugs") + said, top + 24
    parts, y = [], top
    for drug in record.drugs:
        colour = _ROLE_COLOURS[drug.role]
        role = "" if drug.role == "treatment" else f" ({drug.role})"
        parts.append(_gutter(y + 13, _cut(drug.agent, 185 - _wide(role)) + role))
        stretches = _stretches(drug, made)
        marks = [event for event in drug.events if event.kind not in ("stop", "restart", "start", "switch")]
        dose = drug.dose_as_published
        if not stretches:
            when = "declined" if any(event.kind == "declined" for event in drug.events) else ""
            said = when or (f"when: {drug.start_as_published}" if drug.start_as_published else "no date in the record")
            said = _cut(f"{said}; {dose}" if dose else said, 600)
            first = min((made.spots[event.at].x + 12 for event in marks), default=_LEFT + 6.0)
            rest = f"M{_n(first + _wide(said) + 8)} {_n(y + 9)}H{_RIGHT}"
            parts.append(
                f'<path d="{rest}" stroke="{colour}" stroke-dasharray="1 5"/>'
                f'<text x="{_n(first)}" y="{_n(y + 13)}" {_SMALL}>{html(said)}</text>'
            )
        for place, (left, right, open_left, open_right) in enumerate(stretches):
            wide = max(right - left, 4.0)
            parts.append(f'<rect x="{_n(left)}" y="{_n(y + 2)}" width="{_n(wide)}" height="14" fill="{colour}"/>')
            parts.append(_open_ends(left, right, y, open_left=open_left, open_right=open_right))
            if place == 0:
                parts.append(_dose_text(drug, dose, left, right, marks, made, y, colour))
        for event in marks:
            parts.append(_drug_mark(event.kind, made.spots[event.at].x, y))
            if event.dose_as_published and stretches:
                later = [made.spots[other.at].x for other in marks if made.spots[other.at].x > made.spots[event.at].x]
                room = min([*later, stretches[-1][1]]) - made.spots[event.at].x - 14
                if _wide(event.dose_as_published) <= room:
                    parts.append(
                        f'<text x="{_n(made.spots[event.at].x + 6)}" y="{_n(y + 13)}" {_SMALL} '
                        f'style="fill:{_INK[colour]}">{html(event.dose_as_published)}</text>'
                    )
        y += 22
    return "".join(parts), y + 4


def _open_ends(left: float, right: float, y: float, *, open_left: bool, open_right: bool) -> str:
    """Teeth where a bar begins or ends at the edge of what is known."""
    parts = []
    for x, is_open, inward in ((left, open_left, 5), (right, open_right, -5)):
        if is_open:
            corners = [(x, y + 2), (x + inward, y + 5.5), (x, y + 9), (x + inward, y + 12.5), (x, y + 16)]
            line = "L".join(f"{_n(across)} {_n(down)}" for across, down in corners)
            parts.append(f'<path d="M{line}z" style="fill:{_PAPER}"/>')
    return "".join(parts)


def _dose_text(
    drug: CaseDrug,
    dose: str,
    left: float,
    right: float,
    marks: Sequence[DrugEvent],
    made: Axis,
    y: float,
    colour: str,
) -> str:
    said = dose + (" (odd)" if drug.flag else "")
    if not said.strip():
        return ""
    ends = [made.spots[mark.at].x for mark in marks] or [right]
    end = min(min(ends), right)
    if _wide(said) <= end - left - 12:
        return f'<text x="{_n(left + 6)}" y="{_n(y + 13)}" {_SMALL} style="fill:{_INK[colour]}">{html(said)}</text>'
    if _wide(said) <= _RIGHT - right - 8:
        return f'<text x="{_n(right + 7)}" y="{_n(y + 13)}" {_SMALL}>{html(said)}</text>'
    if _wide(said) <= left - _LEFT - 8:
        return f'<text x="{_n(left - 7)}" y="{_n(y + 13)}" text-anchor="end" {_SMALL}>{html(said)}</text>'
    return ""


def _drug_mark(kind: str, x: float, y: float) -> str:
    if kind == "declined":
        return f'<path d="M{_n(x - 5)} {_n(y + 4)}l10 10m0-10l-10 10" stroke="currentColor" stroke-width="2"/>'
    return f'<path d="M{_n(x)} {_n(y)}v18" style="stroke:{_PAPER}" stroke-width="2.4"/>'


def _text_lane(made: Axis, rows: Sequence[tuple[str, str]], name: str, top: float, mark: str) -> tuple[str, float]:
    """Short texts at their points; what does not fit is cut and stands in full in the table."""
    if not rows:
        return "", top
    items = sorted(((made.spots[at].x, _cut(text, 400)) for at, text in rows), key=lambda item: item[0])
    laid, needed = _rows_for(items)
    parts = [_gutter(top + 11, name)]
    for x, text, row, flipped in laid:
        y = top + 7 + _ROW * row
        anchor, place = ("end", x - 8) if flipped else ("start", x + 8)
        parts.append(
            f'<path d="M{_n(x)} {_n(y)}{mark}" fill="currentColor"/>'
            f'<text x="{_n(place)}" y="{_n(y + 4)}" text-anchor="{anchor}" {_SMALL}>{html(text)}</text>'
        )
    return "".join(parts), top + _ROW * needed + 8


# --- the whole picture ---------------------------------------------------------------------------------------------


def course_svg(case: Case, *, drugs_too: bool = True) -> Html:
    """Draw the course of a case; every text in it is escaped. Without its drugs nothing is said of drugs at all."""
    record = case.record
    made = axis(record)
    top = 34.0 if case.fictional else 8.0
    points, after_points, lines = _points(record, made, top)
    ck, after_ck = _ck_panel(record, made, after_points + 20)
    strength, after_strength = _strength_panels(record, made, after_ck)
    drugs, after_drugs = _drug_rows(record, made, after_strength + 4) if drugs_too else ("", after_strength)
    called = [(row.at, f"{row.label} ({row.standing})") for row in record.labels]
    names, after_names = _text_lane(made, called, "what it was called", after_drugs + 2, "m-5-4h10l-5 8z")
    happened = [(row.at, row.what) for row in record.events]
    happened += [(row.at, f"harm: {row.what}") for row in record.adverse_events if row.at and row.seen == "yes"]
    events, after_events = _text_lane(made, happened, "what happened", after_names, "m0-5l5 5-5 5-5-5z")
    foot = after_events + 4
    hairs = "".join(
        f'<path d="M{_n(x)} {_n(y)}V{_n(foot)}" stroke="currentColor" stroke-opacity=".22"{"" if dated else _DOTTED}/>'
        for x, y, dated in lines
    )
    badge = ""
    if case.fictional:
        badge = (
            f'<rect x="{_LEFT}" y="4" width="104" height="22" fill="none" stroke="{VERMILLION}" stroke-width="2"/>'
            f'<text x="{_LEFT + 52}" y="20" text-anchor="middle" class="nam-strong">{FICTIONAL}</text>'
        )
    body = badge + _zones(made, top, foot) + hairs + points + ck + strength + drugs + names + events
    said = html(course_alt(case, drugs_too=drugs_too))
    return Html(
        f'<svg viewBox="0 0 {_WIDTH} {_n(foot + 40)}" role="img" aria-label="{said}">'
        f"{body}{_ticks(record, made, foot)}</svg>"
    )


def course_alt(case: Case, *, drugs_too: bool = True) -> str:
    """Say in a few sentences what the picture shows: kind, axes, trend, the numbers that matter."""
    record, made = case.record, axis(case.record)
    scale = "in order only, without a scale"
    if made.weeks is not None:
        clock = next(clock.label for clock in record.clocks if clock.id == made.clock)
        undated = sum(not spot.dated for spot in made.spots.values())
        scale = f"counted from {clock}" + (f", {undated} of them without a date" if undated else "")
    mark = f"{FICTIONAL}. " if case.fictional else ""
    return (
        f"{mark}Course of {case.id} over {len(record.times)} points in time, {scale}. {_ck_sentence(record)} "
        f"{_strength_sentence(record)} {f'{_drug_sentence(record)} ' if drugs_too else ''}The table holds the same."
    )


def _ck_sentence(record: CaseRecord) -> str:
    if not record.ck:
        return "No CK."
    shown = [ck_words(row) for row in record.ck]
    if len(shown) == 1:
        return f"CK once: {shown[0]}."
    numbers = [row for row in record.ck if row.value_u_per_l is not None]
    peak = max(numbers, key=lambda row: row.value_u_per_l or 0.0, default=None)
    most = f", highest {ck_words(peak)}" if peak is not None and len(numbers) > 2 else ""
    return f"CK first {shown[0]}{most}, last {shown[-1]}."


def _strength_sentence(record: CaseRecord) -> str:
    if not record.strength:
        return "No measured strength."
    scales = dict.fromkeys(row.scale for row in record.strength)
    return f"Strength on {listed([scale if scale != 'words' else 'words alone' for scale in scales])}."


def _drug_sentence(record: CaseRecord) -> str:
    if not record.drugs:
        return "No drug."
    return f"Drugs as bars: {listed(list(dict.fromkeys(drug.agent for drug in record.drugs)))}."


def _bullets(texts: Iterable[str]) -> Html:
    items = list(texts)
    if len(items) < 2:
        return html(items[0] if items else "")
    return Html(f"<ul>{''.join(f'<li>{html(item)}</li>' for item in items)}</ul>")


def timeline_picture(case: Case) -> Picture:
    """Show the table of :func:`timeline_table` by itself."""
    return Picture(Html(f'<div class="nam-case">{STYLE}{TABLE_STYLE}{timeline_table(case)}</div>'), course_words(case))


def timeline_table(case: Case) -> Html:
    """Lay the course out as a table, one row for each point, in the order of events."""
    heads = [
        "Point",
        "When",
        "CK",
        "Strength",
        "Antibodies, biopsy, tests",
        "Drugs",
        "What happened, what it was called",
    ]
    rows = [
        (
            f"{point.letter}. {point.label}",
            point.when,
            _bullets(point.ck),
            _bullets(point.strength),
            _bullets(point.tests),
            _bullets(point.drugs),
            _bullets((*point.events, *(f"called: {label}" for label in point.labels))),
        )
        for point in order_of_events(case.record)
    ]
    mark = f" ({FICTIONAL})" if case.fictional else ""
    table = html_table(f"Order of events, {case.id}{mark}", heads, rows, style=False)
    loose = without_a_point(case.record)
    rest = ""
    if loose:
        rest = (
            "<p>In the record without a place in the order:</p>"
            f"<ul>{''.join(f'<li>{html(item)}</li>' for item in loose)}</ul>"
        )
    return Html(table + rest)


def _heading(case: Case, cites: Bibliography) -> str:
    if case.fictional:
        about = f'<p class="nam-fictional">{html(FICTIONAL_WORDS)}</p>'
        behind = f"Published cases behind it: {', '.join(case.inspired_by)}."
        return f'{about}<p class="nam-about"><b>{html(case.title)}</b> {html(behind)}</p>'
    return (
        f'<p class="nam-about"><b>{html(case.title)}</b> {cites.links(case.record.sources)}. '
        f"Read: {html(case.record.read)}. {html(PUBLISHED_WORDS)}</p>"
    )


_LEGEND = (
    "Full letters have an exact date; hollow ones have an order, and a line over the stretch in which they lie, as do "
    "the ends of bars there. "
    "CK: full dot a value, ring an approximation or an odd print, arrow a bound, diamond a mean with its standard "
    "deviation, square a word without a number. Dotted lines join points of which one has no date. "
    "A bar with teeth has an end that is not in the record."
)


def course_picture(case: Case, cites: Bibliography) -> Picture:
    """Draw the course of a case over its table.

    Parameters
    ----------
    case : Case
        The case.
    cites : Bibliography
        For links to its sources.
    """
    said = course_words(case)
    return Picture(
        Html(
            f'<div class="nam-case">{STYLE}{TABLE_STYLE}{_heading(case, cites)}{course_svg(case)}'
            f'<p class="nam-about"><small>{html(_LEGEND)}</small></p>{timeline_table(case)}</div>'
        ),
        said,
    )


def course_words(case: Case) -> str:
    """Tell the course as text, one line for each point."""
    lines = [f"{FICTIONAL_WORDS if case.fictional else PUBLISHED_WORDS}", course_alt(case)]
    for point in order_of_events(case.record):
        parts = (*point.ck, *point.strength, *point.tests, *point.drugs, *point.events)
        called = (f"called: {label}" for label in point.labels)
        lines.append(f"{point!r}: {'; '.join([*parts, *called]) or 'nothing else'}")
    return "\n".join([*lines, *(f"No place in the order: {item}" for item in without_a_point(case.record))])


def record_table(case: Case, cites: Bibliography) -> Picture:
    """Show who a record is about, its doses as printed and as computed, its contradictions and its limits."""
    record, person = case.record, case.record.person
    ages = "; ".join(f"{number(age.years)} years at {_label_of(record, age.at)}" for age in person.ages)
    about = [
        ("People", "a group of " + str(person.n) if person.n > 1 else "one"),
        ("Age", ages),
        ("Sex", person.sex),
        ("Ethnicity as published", person.ethnicity_as_published),
        ("Weight, height", _size(record)),
        ("How it began", record.presentation.summary),
        ("Onset as published", record.presentation.onset_as_published),
        ("Tempo", record.presentation.tempo),
        ("Examination", record.presentation.examination),
        ("Other illness", person.comorbidities),
        ("Family", person.family_history),
        ("Life and habits", person.social_history),
        ("Earlier treatment", person.earlier_treatment),
        ("Called by its authors", record.reported_as),
        ("What made it hard", record.challenges),
        ("Also considered", record.considered),
        ("Prognosis", record.prognosis),
        ("Adherence", record.adherence),
        ("Limits", _bullets(record.caveats)),
        ("Notes", _bullets(f"{note.about}: {note.text}" for note in record.notes)),
    ]
    shown = [
        (name, value if value else "not in the record")
        for name, value in about
        if value or name not in ("Limits", "Notes")
    ]
    mark = f" ({FICTIONAL})" if case.fictional else ""
    tables = [html_table(f"{case.id}{mark}: {case.title}", ["What", "In the record"], shown, style=False)]
    if record.drugs:
        tables.append(_dose_table(case))
    if record.contradictions:
        tables.append(_contradiction_table(case, cites))
    words = [f"{name}: {_plain_text(value)}" for name, value in about if value]
    words += [repr(computed_dose(drug, record)) for drug in record.drugs]
    lead = FICTIONAL_WORDS if case.fictional else PUBLISHED_WORDS
    return Picture(
        Html(f'<div class="nam-case">{STYLE}{TABLE_STYLE}{_heading(case, cites)}{"".join(tables)}</div>'),
        "\n".join([lead, *words]),
    )


def _plain_text(value: object) -> str:
    text = str(value)
    for tag in ("<ul>", "</ul>", "<li>"):
        text = text.replace(tag, "")
    return text.replace("</li>", "; ").removesuffix("; ")


def _label_of(record: CaseRecord, time: str) -> str:
    return record.times[record.place(time)].label


def _size(record: CaseRecord) -> str:
    person = record.person
    parts = [
        f"{number(value)} {unit}"
        for value, unit in ((person.weight_kg, "kg"), (person.height_cm, "cm"))
        if value is not None
    ]
    if person.body_surface_m2 is not None:
        parts.append(f"{person.body_surface_m2:g} m2")
    return ", ".join(parts)


def _dose_table(case: Case) -> str:
    """Doses three ways: as printed, as numbers, and what they come to; the third is never typed."""
    rows = []
    for drug in case.record.drugs:
        doses = [(drug.dose_as_published, drug.dose, "")]
        doses += [
            (event.dose_as_published, event.dose, f"{event.kind}, {_label_of(case.record, event.at)}: ")
            for event in drug.events
            if event.dose is not None or event.dose_as_published
        ]
        printed = [f"{lead}{text or 'not in the record'}" for text, _dose, lead in doses]
        numbers = [dose_words(dose) if dose is not None else "not a number" for _text, dose, _lead in doses]
        computed = [computed_dose(drug, case.record, dose) for _text, dose, _lead in doses if dose is not None]
        odd = f"odd: {drug.flag}" + (f" Likely meant: {drug.likely}." if drug.likely else "") if drug.flag else ""
        rows.append(
            (
                Html(f"{html(drug.agent)}<br><small>{html(drug.role)}</small>"),
                _bullets([*printed, odd] if odd else printed),
                _bullets(numbers),
                _bullets([repr(item).partition(": ")[2] for item in computed] or ["no dose in numbers"]),
                drug.response or "not in the record",
            )
        )
    heads = ["Drug", "Dose as published", "As numbers", "Computed", "Response, in our words"]
    mark = f" ({FICTIONAL})" if case.fictional else ""
    return html_table(f"Doses of {case.id}{mark}: what was given, no advice", heads, rows, style=False)


def _contradiction_table(case: Case, cites: Bibliography) -> str:
    rows = []
    for pair in case.record.contradictions:
        sides = []
        for side in pair.versions:
            source = f" {cites.links((side.source,))}" if side.source else ""
            sides.append(f"<li>{html(side.says)} ({html(side.where)}{source})</li>")
        rows.append((pair.about, Html(f"<ul>{''.join(sides)}</ul>"), pair.handled))
    return html_table("Contradictions, all sides kept", ["About", "What is said", "In this record"], rows, style=False)


def completeness_table(found: Completeness, cites: Bibliography) -> Html:
    """Show CARE items 5 to 10: what the record holds and what it lacks."""
    words = {"filled": "filled", "partly": "in part", "missing": "missing"}
    rows = [
        (
            Html(f"{html(item.id)} <small>{html(item.title)}</small>"),
            words[item.state],
            _bullets(item.holds),
            _bullets(item.lacks),
        )
        for item in found.items
    ]
    mark = f" ({FICTIONAL})" if found.fictional else ""
    caption = f"{found.case}{mark}: {found.filled} of {len(found.items)} CARE items filled"
    note = "It measures this record; what a published record lacks may stand in what was not read."
    table = html_table(caption, ["CARE item", "State", "Holds", "Lacks"], rows)
    after = f"<p><small>{html(note)} Items after {cites.links(found.sources)}.</small></p>"
    return Html(f'<div class="nam-case">{STYLE}{table}{after}</div>')
