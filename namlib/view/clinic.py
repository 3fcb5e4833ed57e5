"""What a cohort forecasts for the next patients: bars, a table, sentences; and the words of predictors and lessons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

from namlib.cite import Bibliography
from namlib.frozen import retyped
from namlib.model.bias import BiasLesson
from namlib.model.relapse import MOST_PATIENTS, PRIORS, Forecast, Span, central_span, clinic, counts_of
from namlib.records import Cohort, Predictor
from namlib.table import Html, html
from namlib.units import number, percent
from namlib.view.palette import BLUE, VERMILLION
from namlib.view.sentences import HOW_READ_WORDS
from namlib.view.slots import Page, Slots

_WIDTH, _HEIGHT = 900, 330
_LEFT, _RIGHT, _TOP, _BASE = 64, 880, 40, 250
# Where the top of the scale may lie, so that the bars fill the height and the lines bear round numbers.
_SCALES = tuple(Fraction(top, 100) for top in (5, 10, 15, 20, 25, 30, 40, 50, 60, 80, 100))
_LINES = 5
_TICKS = 15
LEVELS = ("0.8", "0.95")

_STYLE = (
    "<style>"
    ".nam-clinic svg{width:100%;max-width:900px;height:auto;display:block;font-family:inherit}"
    ".nam-clinic svg text{fill:currentColor;font-size:13px}.nam-clinic svg .nam-small{font-size:12px}"
    ".nam-clinic table{border-collapse:collapse;width:100%;max-width:900px;font-size:.9em;margin:.4em 0;"
    "table-layout:fixed}"
    ".nam-clinic caption{text-align:left;font-weight:600;padding:.3em 0;caption-side:top}"
    # Twice the class: Jupyter's own rule would set every table of an output flush right.
    ".nam-clinic.nam-clinic th,.nam-clinic.nam-clinic td{text-align:left;vertical-align:top;padding:.3em .5em;"
    "border-top:1px solid #8886;font-variant-numeric:tabular-nums}"
    ".nam-clinic tbody th{font-weight:600}"
    # Room for the longest text, so that nothing below moves when a number changes.
    ".nam-clinic .nam-summary{min-height:2.9em;margin:.3em 0;line-height:1.4}"
    ".nam-clinic .nam-who{min-height:7em;margin:.2em 0;font-size:.9em;line-height:1.4}"
    # The table has a row for each number of patients; it scrolls in a room of its own, so that nothing below moves.
    ".nam-clinic .nam-numbers{height:22em;overflow:auto;border-top:1px solid #8886}"
    "@media(max-width:720px){.nam-clinic .nam-summary{min-height:5.8em}.nam-clinic .nam-who{min-height:16em}}"
    "</style>"
)


# --- words ---------------------------------------------------------------------------------------------------------


def cohort_label(row: Cohort, bibliography: Bibliography) -> str:
    """Name a row as it is chosen from a list: outcome, cohort, source, and what was counted."""
    counts = counts_of(row)
    said = (
        f"{counts[0].n} of {counts[0].total}"
        if len(counts) == 1
        else f"{number(row.percent or 0)}% of a number not seen"
    )
    return f"{row.outcome}: {row.cohort} ({bibliography.text(row.sources[-1:])}), {said}"


def span_words(span: Span) -> str:
    """Say a span and how likely it is."""
    ends = f"{span.low}" if span.low == span.high else f"{span.low} to {span.high}"
    return f"{ends} ({percent(span.covers)})"


def effect_words(row: Predictor) -> str:
    """Say what was found, with the ratio and its limits where they were printed."""
    if row.value is None:
        return row.found
    limits = f", 95% limits {row.low:g} to {row.high:g}" if row.low is not None else ", no limits seen"
    return f"{row.found} ({row.measure} {row.value:g}{limits})"


def replication_words(row: Predictor, everything: Mapping[str, Predictor]) -> str:
    """Say who found the same, and who found otherwise."""
    parts = [
        f"{word}: {'; '.join(everything[name].cohort for name in names)}."
        for word, names in (("Same direction", row.agrees), ("Points elsewhere", row.against))
        if names
    ]
    return " ".join(parts) or "Nobody else was found who tested it."


def _counted(forecast: Forecast) -> str:
    if len(forecast.counts) == 1:
        return f"Counted: {forecast.counts[0].words}."
    listed = ", ".join(f"{n} of {total}" for n, total in forecast.counts)
    return (
        f"Printed as {number(forecast.cohort.percent or 0) if forecast.cohort else ''}% of a number that was not seen: "
        f"{listed} fit, and each weighs the same here."
    )


def _who(forecast: Forecast, bibliography: Bibliography) -> Html:
    row = forecast.cohort
    if row is None:
        return html(f"{_counted(forecast)} Prior: {PRIORS[forecast.prior].name}.")
    caveat = f" {html(row.caveat)}" if row.caveat else ""
    return Html(
        f"<strong>{html(row.cohort)}.</strong> {html(_counted(forecast))} Outcome: {html(row.outcome)}; definition: "
        f"{html(row.definition)}. Among: {html(row.denominator)}. Follow-up: {html(row.follow_up)}. Treatment: "
        f"{html(row.treatment)}. {bibliography.links(row.sources)}, {html(row.locator)} "
        f"({html(HOW_READ_WORDS[row.how_read])}).{caveat} Prior: {html(PRIORS[forecast.prior].name)}. The forecast "
        "holds only for patients, treatment and time like theirs."
    )


# --- the page ------------------------------------------------------------------------------------------------------


def _at(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def _path(bars: Sequence[tuple[float, float, float]]) -> str:
    """Draw bars that stand on the base, each as left edge, width and height."""
    return "".join(f"M{_at(x)} {_BASE}v-{_at(high)}h{_at(wide)}v{_at(high)}z" for x, wide, high in bars) or "M0 0"


def _chart(slots: Slots, forecast: Forecast) -> str:
    k, chances = forecast.k, [float(chance) for chance in forecast.probabilities]
    known = [float(chance) for chance in forecast.plug_in]
    highest = max(*chances, *known)
    scale = float(next((top for top in _SCALES if highest <= top), _SCALES[-1]))
    room = (_RIGHT - _LEFT) / (k + 1)
    wide = min(room * 0.74, 60.0)
    middles = [_LEFT + room * (r + 0.5) for r in range(k + 1)]
    heights = [(_BASE - _TOP) * chance / scale for chance in chances]
    inner = forecast.span(LEVELS[-1])
    bars = [(middle - wide / 2, wide, high) for middle, high in zip(middles, heights, strict=True)]
    inside = _path(bars[inner.low : inner.high + 1])
    outside = _path(bars[: inner.low] + bars[inner.high + 1 :])
    dashes = "".join(
        f"M{_at(middle - wide / 2 - 2)} {_at(_BASE - (_BASE - _TOP) * chance / scale)}h{_at(wide + 4)}"
        for middle, chance in zip(middles, known, strict=True)
    )
    parts = []
    for line in range(_LINES + 1):
        y = _BASE - (_BASE - _TOP) * line / _LINES
        parts.append(
            f'<line x1="{_LEFT}" x2="{_RIGHT}" y1="{_at(y)}" y2="{_at(y)}" stroke="currentColor" stroke-opacity=".18"/>'
            + slots.text(
                percent(Fraction(line, _LINES) * Fraction(str(scale))) if line else "0",
                "text",
                f'x="{_LEFT - 8}" y="{_at(y + 4)}" text-anchor="end" class="nam-small"',
            )
        )
    parts.append(f'<path fill="{BLUE}" fill-opacity=".32" {slots.attributes(d=outside)}/>')
    parts.append(f'<path fill="{BLUE}" {slots.attributes(d=inside)}/>')
    parts.append(f'<path fill="none" stroke="{VERMILLION}" stroke-width="2.5" {slots.attributes(d=dashes)}/>')
    every = next(every for every in (1, 2, 3, 5) if k // every < _TICKS)
    shown = list(range(0, k + 1, every))
    for place in range(_TICKS):
        there = place < len(shown)
        x = slots.attributes(x=_at(middles[shown[place]]) if there else "0")
        parts.append(
            f'<text y="{_BASE + 18}" text-anchor="middle" {x} '
            f'data-t="{slots.add(str(shown[place]) if there else "")}">{shown[place] if there else ""}</text>'
        )
    span = slots.attributes(x=_at(middles[inner.low] - room / 2), width=_at(room * (inner.high - inner.low + 1)))
    parts.append(f'<rect y="{_BASE + 28}" height="5" fill="{BLUE}" {span}/>')
    parts.append(
        slots.text(
            f"probability {percent(inner.covers)}: {'' if inner.low == inner.high else f'{inner.low} to '}{inner.high}",
            "text",
            f'y="{_BASE + 50}" x="{(_LEFT + _RIGHT) // 2}" text-anchor="middle" class="nam-small"',
        )
    )
    parts.append(
        slots.text(
            f"number of patients, of {k}",
            "text",
            f'x="{_RIGHT}" y="{_BASE + 72}" text-anchor="end" class="nam-small"',
        )
    )
    key = (
        f'<text x="4" y="{_TOP - 10}" class="nam-small">probability</text>'
        f'<rect x="{_LEFT + 60}" y="6" width="13" height="13" fill="{BLUE}"/><text x="{_LEFT + 79}" y="17">'
        "what the count allows (pale: outside the 95% span)</text>"
        f'<path d="M{_LEFT + 480} 13h22" stroke="{VERMILLION}" stroke-width="2.5"/>'
        f'<text x="{_LEFT + 510}" y="17">if the share were known for certain</text>'
    )
    return (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="Bar chart. Across: number of patients with the '
        "outcome. Up: probability of that number. Dashes: the same if the share were known for certain; the bars are "
        f'lower in the middle and reach further out. The tables below hold the numbers.">{key}{"".join(parts)}</svg>'
    )


def _rows(slots: Slots, forecast: Forecast) -> str:
    known = forecast.plug_in
    certain = sum((r * chance for r, chance in enumerate(known)), Fraction(0))
    lines = [
        ("On average", number(float(forecast.mean)), number(float(certain))),
        *(
            (f"Central span, at least {percent(Fraction(level))}", span_words(forecast.span(level)),
             span_words(central_span(known, level)))
            for level in LEVELS
        ),
        ("Nobody", percent(forecast.none), percent(known[0])),
        ("Everybody", percent(forecast.everyone), percent(known[-1])),
    ]  # fmt: skip
    return "".join(
        f'<tr><th scope="row">{html(name)}</th><td>{slots.text(honest)}</td><td>{slots.text(sure)}</td></tr>'
        for name, honest, sure in lines
    )


def _numbers(forecast: Forecast) -> Html:
    """Every number with its probability, and the span each candidate alone would give."""
    rows = "".join(
        f'<tr><th scope="row">{r}</th><td>{html(percent(chance))}</td><td>{html(percent(sure))}</td></tr>'
        for r, (chance, sure) in enumerate(zip(forecast.probabilities, forecast.plug_in, strict=True))
    )
    alone = ""
    if len(forecast.counts) > 1:
        spans = [
            f"{count.n} of {count.total}: {span_words(clinic(forecast.k, count, forecast.prior).span(LEVELS[-1]))}"
            for count in forecast.counts
        ]
        alone = f"<p>The 95% span if a single count were the true one: {html('; '.join(spans))}.</p>"
    return Html(
        '<table><caption>Probability of each number</caption><thead><tr><th scope="col">number</th>'
        '<th scope="col">what the count allows</th><th scope="col">if the share were known</th></tr></thead>'
        f"<tbody>{rows}</tbody></table>{alone}"
    )


def clinic_page(forecast: Forecast, bibliography: Bibliography) -> Page:
    """Draw a forecast as bars, with its table, its assumptions and its sources.

    Parameters
    ----------
    forecast : Forecast
        As :func:`namlib.model.relapse.clinic` makes it.
    bibliography : Bibliography
        For names and links.
    """
    slots = Slots()
    summary = slots.text(forecast.words, "p", 'class="nam-summary"')
    chart = _chart(slots, forecast)
    rows = _rows(slots, forecast)
    numbers = slots.markup(
        _numbers(forecast), "div", 'class="nam-numbers" role="region" tabindex="0" aria-label="Every number"'
    )
    who = slots.markup(_who(forecast, bibliography), "p", 'class="nam-who"')
    head = "".join(
        f'<th scope="col">{html(name)}</th>'
        for name in ("patients with the outcome", "what the count allows", "if the share were known")
    )
    return slots.page(
        lambda: (
            f'<div class="nam-clinic">{_STYLE}{summary}{chart}<table><caption>The same as numbers</caption>'
            f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>{who}"
            f"<details><summary>Every number</summary>{numbers}</details></div>"
        )
    )


class ShownForecast(Forecast):
    """A forecast that shows itself as a page where HTML is shown."""

    _page: str

    @classmethod
    def of(cls, forecast: Forecast, bibliography: Bibliography) -> ShownForecast:
        """Give a forecast its page."""
        made = retyped(cls, forecast)
        object.__setattr__(made, "_page", clinic_page(forecast, bibliography).html)
        return made

    def _repr_html_(self) -> str:
        return self._page


_LESSON_TITLES = {
    "immortal time": "Waiting for the drug is counted as its success",
    "confounding by indication": "The drug goes to those who would have done better",
}


class ShownLesson(BiasLesson):
    """A lesson that draws itself where HTML is shown."""

    @classmethod
    def of(cls, lesson: BiasLesson) -> ShownLesson:
        """Give a lesson its picture."""
        return retyped(cls, lesson)

    def _repr_html_(self) -> str:
        from namlib.view import figures

        return figures.bias_lesson(self, title=_LESSON_TITLES[self.name]).html


PATIENT_STEPS = tuple(str(patients) for patients in range(1, MOST_PATIENTS + 1))
