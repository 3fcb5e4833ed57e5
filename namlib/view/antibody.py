"""What a result of one antibody test is worth: bars of people, the same as a table, the same as sentences."""

from __future__ import annotations

from fractions import Fraction

from namlib.cite import Bibliography
from namlib.frozen import retyped
from namlib.model.antibody import PEOPLE, Ends, Prediction, Rate, observed, sensitivity, some, specificity
from namlib.records import AntibodyTest
from namlib.table import Html, html
from namlib.units import percent
from namlib.view.palette import BLUE, VERMILLION
from namlib.view.sentences import HOW_READ_WORDS
from namlib.view.slots import Page, Slots

_WIDTH, _ROW, _TOP = 900, 58, 40
_LEFT, _BAR = 190, 520
_LEAST = 2.0  # what is there but too small to draw stays visible

_STYLE = (
    "<style>"
    ".nam-antibody svg{width:100%;max-width:900px;height:auto;display:block;font-family:inherit}"
    ".nam-antibody svg text{fill:currentColor;font-size:13px}.nam-antibody svg .nam-small{font-size:11px}"
    ".nam-antibody svg .nam-value{font-weight:600;font-variant-numeric:tabular-nums}"
    ".nam-antibody table{border-collapse:collapse;width:100%;max-width:900px;font-size:.9em;margin:.4em 0;"
    "table-layout:fixed}"
    ".nam-antibody caption{text-align:left;font-weight:600;padding:.3em 0;caption-side:top}"
    ".nam-antibody thead th{width:16%}.nam-antibody thead th:first-child{width:30%}"
    ".nam-antibody thead th:last-child{width:22%}"
    # Twice the class: Jupyter's own rule would set every table of an output flush right.
    ".nam-antibody.nam-antibody th,.nam-antibody.nam-antibody td{text-align:left;vertical-align:top;"
    "padding:.3em .5em;border-top:1px solid #8886;font-variant-numeric:tabular-nums}"
    ".nam-antibody tbody th{font-weight:600}"
    # Room for the longest text, so that nothing below moves when a test or a number changes.
    ".nam-antibody .nam-summary{min-height:2.9em;margin:.3em 0;line-height:1.4}"
    ".nam-antibody .nam-who{min-height:4.2em;margin:.2em 0;font-size:.9em;line-height:1.4}"
    ".nam-antibody ul.nam-warnings{margin:.2em 0;padding:0 0 0 1.2em}"
    ".nam-antibody ul.nam-warnings li{min-height:1.4em;line-height:1.4}.nam-antibody li:empty{list-style:none}"
    "@media(max-width:720px){.nam-antibody .nam-summary,.nam-antibody .nam-who{min-height:8.4em}"
    ".nam-antibody ul.nam-warnings li{min-height:2.8em}}"
    "</style>"
)
_DEFS = (
    '<defs><pattern id="nam-false" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    f'<rect width="7" height="7" fill="{VERMILLION}" fill-opacity=".25"/>'
    f'<rect width="3" height="7" fill="{VERMILLION}"/></pattern></defs>'
)
_UNKNOWN = "not known"
_ENDS = (
    ("as counted", "counted"),
    ("cautious end of the limits", "cautious"),
    ("best end of the limits", "best"),
)


# --- words ---------------------------------------------------------------------------------------------------------


def test_label(test: AntibodyTest, bibliography: Bibliography) -> str:
    """Name a test as it is chosen from a list: antibody, assay, who counted, and how many."""
    return f"{test.antibody}, {test.assay}: {bibliography.text(test.sources[:1])}, {counts_words(test)}"


test_label.__test__ = False  # type: ignore[attr-defined]  # not a test, whatever a test runner makes of its name


def counts_words(test: AntibodyTest, between: str = ", ") -> str:
    """Say the bare counts of a test."""
    if test.kind == "observed":
        found = observed(test)
        assert found is not None
        return f"{found.n} of {found.total} positives had it"
    ill = f"{test.positive_diseased} of {test.n_diseased} with it"
    well = f"{test.positive_others} of {test.n_others} without it"
    if not test.n_diseased:
        return f"positive {well}{between}nobody with it tested"
    if not test.n_others:
        return f"positive {ill}{between}nobody without it tested"
    return f"positive {ill}{between}{well}"


def _cell(found: Rate | None, who: str) -> Html:
    if found is None:
        return html("")
    return Html(
        f"{found.n:,} of {found.total:,}: {html(percent(found.value))} ({html(found.limits)})<br>"
        f"<small>{html(who)}</small>"
    )


def sensitivity_words(test: AntibodyTest) -> Html:
    """Say how many of those with the target were positive, with exact limits and who they were."""
    if test.kind == "counted" and test.n_diseased is None:
        return Html(f"{_UNKNOWN}<br><small>{html(test.diseased)}</small>")
    return _cell(sensitivity(test), test.diseased)


def specificity_words(test: AntibodyTest) -> Html:
    """Say how many of those without the target were negative, with exact limits and who they were."""
    if test.kind == "counted" and test.n_others is None:
        return Html(f"{_UNKNOWN}<br><small>{html(test.others)}</small>")
    return _cell(specificity(test), test.others)


def observed_words(test: AntibodyTest) -> Html:
    """Say how many of those positive in one setting had the target, with exact limits and who they were."""
    return _cell(observed(test), test.diseased)


def _share(value: Fraction | None) -> str:
    return _UNKNOWN if value is None else percent(value)


# --- the page ------------------------------------------------------------------------------------------------------


def _coordinate(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def _bar(slots: Slots, name: str, end: Ends | None, y: int) -> str:
    """Draw those who test positive as one bar, parted into those who have the disease and those who have not."""
    true = false = 0.0
    inside, worth = f"{_UNKNOWN}: nobody without the disease was tested", _UNKNOWN
    if end is not None:
        ppv = end.value.ppv
        worth = _share(ppv)
        if ppv is None:
            inside = "nobody tests positive"
        else:
            true = _BAR * float(ppv)
            # Neither part may vanish while somebody is in it.
            true = min(max(true, _LEAST if end.people.true_positive else 0.0), _BAR - (_LEAST if ppv < 1 else 0.0))
            false = _BAR - true
            inside = (
                f"{some(end.people.positive)} positive: {some(end.people.true_positive)} with the disease, "
                f"{some(end.people.false_positive)} without"
            )
    ill = slots.attributes(width=_coordinate(true))
    well = slots.attributes(x=_coordinate(_LEFT + true), width=_coordinate(false))
    return (
        f'<text x="4" y="{y + 22}">{html(name)}</text>'
        f'<rect x="{_LEFT}" y="{y + 6}" width="{_BAR}" height="24" fill="none" stroke="currentColor" '
        'stroke-opacity=".35"/>'
        f'<rect x="{_LEFT}" y="{y + 6}" height="24" fill="{BLUE}" {ill}/>'
        f'<rect y="{y + 6}" height="24" fill="url(#nam-false)" {well}/>'
        + slots.text(inside, "text", f'x="{_LEFT}" y="{y + 46}" class="nam-small"')
        + slots.text(worth, "text", f'x="{_WIDTH}" y="{y + 24}" text-anchor="end" class="nam-value"')
        + f'<text x="{_WIDTH}" y="{y + 46}" text-anchor="end" class="nam-small">of the positives have it</text>'
    )


def _rows(slots: Slots, prediction: Prediction) -> str:
    ends = [getattr(prediction, attribute) for _, attribute in _ENDS]

    def row(name: str, cells: list[str], from_: str) -> str:
        shown = "".join(f"<td>{slots.text(cell)}</td>" for cell in cells)
        return f'<tr><th scope="row">{html(name)}</th>{shown}<td>{slots.text(from_)}</td></tr>'

    def rates(found: Rate | None) -> tuple[list[str], str]:
        if found is None:
            return [_UNKNOWN] * 3, "not measured"
        if found.assumed:
            return [f"{percent(found.value)} (assumed)"] * 3, "not measured"
        return [percent(found.value), percent(found.low), percent(found.high)], f"{found.n:,} of {found.total:,}"

    caught, caught_from = rates(prediction.sensitivity)
    spared, spared_from = rates(prediction.specificity)
    before = percent(prediction.pretest)
    return (
        row("Have it before the test", [before] * 3, "entered")
        + row("Sensitivity", caught, caught_from)
        + row("Specificity", spared, spared_from)
        + row(
            "Have it if positive (PPV)",
            [_UNKNOWN if end is None else _share(end.value.ppv) for end in ends],
            "Bayes' rule",
        )
        + row(
            "Free of it if negative (NPV)",
            [_UNKNOWN if end is None else _share(end.value.npv) for end in ends],
            "Bayes' rule",
        )
    )


def _who(test: AntibodyTest, bibliography: Bibliography) -> Html:
    caveat = f" {html(test.caveat)}" if test.caveat else ""
    return Html(
        f"<strong>{html(test.antibody)}, {html(test.assay)}.</strong> With the disease: {html(test.diseased)}. "
        f"Without it: {html(test.others)}. Counted in {bibliography.links(test.sources)}, {html(test.locator)} "
        f"({html(HOW_READ_WORDS[test.how_read])}).{caveat}"
    )


def antibody_page(prediction: Prediction, bibliography: Bibliography) -> Page:
    """Draw what a result of one test is worth for one probability before it.

    Parameters
    ----------
    prediction : Prediction
        The test, worked out.
    bibliography : Bibliography
        For names and links.
    """
    slots = Slots()
    summary = slots.text(prediction.words, "p", 'class="nam-summary"')
    warnings = list(prediction.warnings)
    warned = [slots.text(warnings[place] if place < len(warnings) else "", "li") for place in range(2)]
    bars = [
        _bar(slots, name, getattr(prediction, attribute), _TOP + _ROW * place)
        for place, (name, attribute) in enumerate(_ENDS)
    ]
    rows = _rows(slots, prediction)
    who = slots.markup(_who(prediction.test, bibliography), "p", 'class="nam-who"')
    height = _TOP + _ROW * len(_ENDS)
    key = (
        f'<text x="4" y="18">Those who test positive, of {PEOPLE:,} people like these:</text>'
        f'<rect x="440" y="7" width="14" height="14" fill="{BLUE}"/><text x="460" y="18">with the disease</text>'
        '<rect x="590" y="7" width="14" height="14" fill="url(#nam-false)"/>'
        '<text x="610" y="18">without it</text>'
    )
    chart = (
        f'<svg viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="Three bars of those who test positive, each '
        "parted into those with the disease (plain) and those without (hatched); the table below holds the same "
        f'numbers.">{_DEFS}{key}{"".join(bars)}</svg>'
    )
    heads = ("share", *(name for name, _ in _ENDS), "from")
    head = "".join(f'<th scope="col">{html(name)}</th>' for name in heads)
    table = f"<table><caption>The same as numbers</caption><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    return slots.page(
        lambda: (
            f'<div class="nam-antibody">{_STYLE}{summary}<ul class="nam-warnings">{"".join(warned)}</ul>'
            f"{chart}{table}{who}</div>"
        )
    )


class ShownPrediction(Prediction):
    """A prediction that shows itself as a page where HTML is shown."""

    _page: str

    @classmethod
    def of(cls, prediction: Prediction, bibliography: Bibliography) -> ShownPrediction:
        """Give a prediction its page."""
        made = retyped(cls, prediction)
        object.__setattr__(made, "_page", antibody_page(prediction, bibliography).html)
        return made

    def _repr_html_(self) -> str:
        return self._page
