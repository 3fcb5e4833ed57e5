"""One patient under both sets of criteria, with what is missing, the mimics, the cancer group and the danger signs."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from namlib.model.diagnosis import APPLIES, Comparison, Enmc2016, EularAcr2017, ItemResult, RemarkResult
from namlib.model.findings import FIELDS
from namlib.model.mimics import MimicResult
from namlib.model.redflags import RedFlagResult
from namlib.model.rules import QUESTIONS, Truth, listed, rule, said
from namlib.model.screening import CancerRisk
from namlib.records import CriteriaItem, Ledger, Panel, RedFlag, RedFlagAction, ScoreModel
from namlib.table import Html, html
from namlib.view.palette import BLUE, GREEN, GREY, ORANGE, VERMILLION
from namlib.view.score import total_words
from namlib.view.slots import Page, Slots, StateSlot

_LETTER: dict[Truth, str] = {True: "1", None: "?", False: "0"}
# Pixels a point is long in the bars, and on the scales.
_POINT_PX = 15
_SCALE_WIDTH, _SCALE_LEFT, _SCALE_RIGHT, _SCALE_END = 470, 8, 440, 12.0
_COLOUR = {"no_biopsy": BLUE, "biopsy": ORANGE}

_STYLE = (
    "<style>"
    ".nam-diag .nam-two{display:grid;grid-template-columns:minmax(0,1fr) minmax(0,1.15fr);gap:.8em;align-items:start}"
    ".nam-diag .nam-three{display:grid;grid-template-columns:minmax(0,1fr) minmax(0,1fr);gap:.8em;align-items:start}"
    "@media(max-width:760px){.nam-diag .nam-two,.nam-diag .nam-three{grid-template-columns:1fr}}"
    ".nam-diag section{border:1px solid #8886;border-radius:4px;padding:.3em .8em;margin:.4em 0;font-size:.9em}"
    ".nam-diag h4{margin:.3em 0 .2em}.nam-diag ul{margin:.2em 0;padding-left:1.2em}.nam-diag p{margin:.25em 0}"
    ".nam-diag .nam-verdict{font-size:1.15em;font-weight:600;margin:.1em 0}"
    ".nam-diag table{border-collapse:collapse;width:100%;font-size:.93em}"
    ".nam-diag caption{text-align:left;font-weight:600;padding:.2em 0;caption-side:top}"
    ".nam-diag.nam-diag th,.nam-diag.nam-diag td{text-align:left;vertical-align:top;padding:.15em .4em;"
    "border-top:1px solid #8884;font-weight:400;white-space:normal}"
    ".nam-diag.nam-diag .nam-points{white-space:nowrap}"
    ".nam-diag.nam-diag thead th{font-weight:600;border-top:0}"
    ".nam-diag .nam-m{display:inline-block;width:1.1em;font-weight:700}"
    ".nam-diag [aria-describedby=nam-on] .nam-m::before{content:'\\2713'}"
    ".nam-diag [aria-describedby=nam-open] .nam-m::before{content:'?'}"
    ".nam-diag [aria-describedby=nam-off] .nam-m::before{content:'\\2013'}"
    f".nam-diag [aria-describedby=nam-open]{{color:inherit}}"
    ".nam-diag .nam-bar{display:inline-block;height:9px;margin-right:.3em;border:1px solid currentColor;"
    "box-sizing:border-box;vertical-align:1px}"
    f".nam-diag .nam-bar.nam-a{{color:{BLUE}}}.nam-diag .nam-bar.nam-b{{color:{ORANGE}}}"
    ".nam-diag [aria-describedby=nam-on] .nam-bar{background:currentColor}"
    ".nam-diag [aria-describedby=nam-open] .nam-bar{border-style:dashed;"
    "background:repeating-linear-gradient(45deg,currentColor 0 2px,transparent 2px 5px)}"
    f".nam-diag [aria-describedby=nam-off] .nam-bar{{border-color:{GREY};opacity:.5}}"
    ".nam-diag [aria-describedby=nam-off] .nam-points{opacity:.65}"
    ".nam-diag svg{width:100%;height:auto;display:block;font-family:inherit}"
    ".nam-diag svg text{fill:currentColor;font-size:11px}.nam-diag svg .nam-strong{font-weight:600;font-size:12px}"
    f".nam-diag .nam-stop{{border-left:5px solid {VERMILLION};padding-left:.5em;margin:.25em 0;list-style:none}}"
    f".nam-diag .nam-mind{{border-left:5px solid {ORANGE};padding-left:.5em;margin:.25em 0;list-style:none}}"
    f".nam-diag .nam-agree{{border-left:5px solid {GREEN};padding-left:.5em}}"
    # Live, every text that changes has a room of fixed height and scrolls, so that nothing below it moves.
    ".nam-explorer .nam-diag .nam-summary{min-height:4.2em;margin:0}"
    ".nam-explorer .nam-diag .nam-danger{height:11em;overflow:auto}"
    ".nam-explorer .nam-diag .nam-verdict{min-height:1.4em}"
    ".nam-explorer .nam-diag .nam-because{height:6.8em;overflow:auto}"
    ".nam-explorer .nam-diag .nam-next{min-height:2.6em}"
    ".nam-explorer .nam-diag .nam-enmc{height:31em;overflow:auto}"
    ".nam-explorer .nam-diag .nam-items{height:27em;overflow:auto}"
    ".nam-explorer .nam-diag .nam-reasons{height:9em;overflow:auto}"
    ".nam-explorer .nam-diag .nam-missing,.nam-explorer .nam-diag .nam-cancer{height:19em;overflow:auto}"
    ".nam-explorer .nam-diag .nam-mimics{height:27em;overflow:auto}"
    "</style>"
)


def _labels(keys: Sequence[str]) -> list[str]:
    """Name questions by the labels of the form, each once."""
    return list(dict.fromkeys(FIELDS[QUESTIONS[key].field].label for key in keys))


def _room(name: str, label: str, content: str) -> Html:
    """A part of the page that scrolls by itself and can be reached by keyboard."""
    return Html(f'<div class="{name}" tabindex="0" role="region" aria-label="{html(label)}">{content}</div>')


# --- ENMC 2016 -----------------------------------------------------------------------------------------------------


def _enmc_items(slots: Slots, items: Sequence[ItemResult]) -> str:
    states = slots.states("".join(_LETTER[result.met] for result in items))
    rows = "".join(
        f'<tr {states.of(place)}><th scope="row"><span class="nam-m"></span>{html(result.item.label)}</th>'
        f"<td>{slots.text(result.why)}</td></tr>"
        for place, result in enumerate(items)
    )
    return f"<table><caption>Item by item</caption><tbody>{rows}</tbody></table>"


def _remarks(slots: Slots, enmc: Enmc2016) -> Html:
    def one(result: RemarkResult, lead: str, mark: str) -> str:
        test = f" <em>What would tell:</em> {slots.say(result.remark.test)}." if result.remark.test else ""
        return f'<li class="{mark}"><strong>{lead}</strong> {slots.say(result.remark.words)}{test}</li>'

    said_ = [one(result, "Stop.", "nam-stop") for result in enmc.stops]
    said_ += [one(result, "Mind.", "nam-mind") for result in enmc.qualifications]
    return Html("".join(said_) or "<li>Nothing that was entered stops or qualifies this answer.</li>")


def _enmc(slots: Slots, enmc: Enmc2016) -> str:
    verdict = slots.text(enmc.title, "p", 'class="nam-verdict"')
    because = slots.text(enmc.because, "p", 'class="nam-because" tabindex="0"')
    # With a stop beside it no answer is called final: some stops have no test, and what they say comes first.
    words = "See what stops this answer." if enmc.stops else "No item that is still open could change this answer."
    next_test = slots.text(f"Next: {enmc.next_test}." if enmc.next_test else words, "p", 'class="nam-next"')
    items = _enmc_items(slots, enmc.items)
    remarks = slots.markup(_remarks(slots, enmc), "ul")
    room = _room("nam-enmc", "ENMC 2016, item by item, and what stops or qualifies the answer", items + remarks)
    return f"<section><h4>ENMC 2016</h4>{verdict}{because}{next_test}{room}</section>"


# --- EULAR/ACR 2017 ------------------------------------------------------------------------------------------------


def _x(score: float) -> float:
    return _SCALE_LEFT + (_SCALE_RIGHT - _SCALE_LEFT) * min(score / _SCALE_END, 1.0)


def _scale(slots: Slots, result: EularAcr2017, y: int) -> str:
    """Draw one model's scale: its cut-offs, and the score as a bar from what is met to what is still possible."""
    model: ScoreModel = result.model
    colour = _COLOUR[model.id]
    marks = "".join(
        f'<path d="M{_x(cut):.1f} {y + 4}v20" stroke="currentColor"/>'
        f'<text x="{_x(cut):.1f}" y="{y + 36}" text-anchor="{anchor}">{cut:g}</text>'
        for cut, anchor in ((model.possible, "end"), (model.probable, "start"), (model.definite, "middle"))
    )
    low, high = result.score_low, result.score_high
    sure = slots.attributes(x=f"{_x(low) - 3:.1f}")
    span = slots.attributes(x=f"{_x(low):.1f}", width=f"{_x(high) - _x(low):.1f}")
    words = slots.text(
        f"{model.name}: {total_words(result)}",
        "text",
        f'x="{_SCALE_LEFT}" y="{y - 3}" class="nam-strong"',
    )
    return (
        f"{words}"
        f'<path d="M{_SCALE_LEFT} {y + 14}H{_SCALE_RIGHT}" stroke="currentColor" stroke-opacity=".5"/>{marks}'
        f'<text x="{_x(model.definite) + 26:.1f}" y="{y + 36}">definite</text>'
        f'<text x="{_x(0):.1f}" y="{y + 36}">not IIM</text>'
        f'<rect y="{y + 9}" height="10" fill="{colour}" fill-opacity=".35" stroke="{colour}" stroke-dasharray="3 2" '
        f'{span}/><rect y="{y + 5}" width="6" height="18" fill="{colour}" {sure}/>'
    )


def _bar(points: float | None, kind: str) -> str:
    if points is None:
        return '<td class="nam-points">no item</td>'
    width = round(points * _POINT_PX)
    return f'<td class="nam-points"><span class="nam-bar {kind}" style="width:{width}px"></span>{points:g}</td>'


@cache
def _fixed_row(label: str, points: float | None, points_biopsy: float | None) -> tuple[str, str]:
    """What of a row never changes: before and behind the reason."""
    return (
        f'<th scope="row"><span class="nam-m"></span>{html(label)}</th>',
        _bar(points, "nam-a") + _bar(points_biopsy, "nam-b"),
    )


def _score_rows(slots: Slots, result: EularAcr2017) -> str:
    states: StateSlot = slots.states("".join(_LETTER[row.met] for row in result.items))
    rows = []
    for place, row in enumerate(result.items):
        head, bars = _fixed_row(row.item.label, row.item.points, row.item.points_biopsy)
        rows.append(f"<tr {states.of(place)}>{head}{bars}</tr>")
    return (
        "<table><caption>Weight of every item</caption><thead><tr>"
        '<th scope="col">Item</th><th scope="col">without biopsy</th><th scope="col">with biopsy</th></tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table>"
    )


def _class_words(used: EularAcr2017) -> str:
    return used.title if used.applies is not False else f"{used.title}, but the score does not apply"


def _eular(slots: Slots, comparison: Comparison) -> str:
    without, with_biopsy = comparison.without_biopsy, comparison.with_biopsy
    used = comparison.used
    verdict = slots.text(f"{used.model.name}: {_class_words(used)}", "p", 'class="nam-verdict"')
    because = slots.text(f"{used.because} {used.applies_words}", "p", 'class="nam-because" tabindex="0"')
    scales = _scale(slots, without, 16) + _scale(slots, with_biopsy, 78)
    picture = (
        f'<svg viewBox="0 0 {_SCALE_WIDTH} 122" role="group" aria-label="Two scales of points, one for each model. '
        f'Marks are cut-offs; the bar runs from what is met to what is possible.">{scales}</svg>'
    )
    table = _room("nam-items", "EULAR/ACR 2017, item by item", _score_rows(slots, used))
    return f"<section><h4>EULAR/ACR 2017</h4>{verdict}{because}{picture}{table}</section>"


# --- the rest ------------------------------------------------------------------------------------------------------


@cache
def _act_line(act: RedFlagAction) -> Html:
    return Html(f"<li>{html(act.text)}{' <small>(a convention of this course)</small>' if act.convention else ''}</li>")


@cache
def _sign_line(flag: RedFlag) -> Html:
    return Html(f"<li>{html(flag.sign)}</li>")


def _danger(slots: Slots, flags: Sequence[RedFlagResult]) -> Html:
    present = [flag for flag in flags if flag.state == "present"]
    items = "".join(
        f'<li class="nam-stop"><strong>{slots.say(flag.flag.sign)}.</strong>'
        f"<ul>{''.join(slots.known(_act_line(act)) for act in flag.tonight)}</ul></li>"
        for flag in present
    )
    if len(present) > 1:  # named first: their lines are longer than the room
        names = "; ".join(slots.say(flag.flag.sign) for flag in present)
        items = f"<li><strong>{len(present)} signs:</strong> {names}.</li>{items}"
    open_ = "".join(slots.known(_sign_line(flag.flag)) for flag in flags if flag.state == "not asked")
    asked = f"<p>Not asked yet, and not excluded:</p><ul>{open_}</ul>" if open_ else "<p>All were asked for.</p>"
    return Html((f"<ul>{items}</ul>" if items else "<p>None was entered.</p>") + asked)


@cache
def _missing_line(label: str, tells: bool) -> Html:
    return Html(f"<li>{html(label)}{' <strong>(can change the answer)</strong>' if tells else ''}</li>")


def _missing(slots: Slots, comparison: Comparison, risk: CancerRisk) -> Html:
    def group(name: str, keys: Sequence[str], deciding: Sequence[str]) -> str:
        if not keys:
            return f"<p><strong>{name}:</strong> nothing.</p>"
        tells = set(_labels(deciding))
        items = "".join(slots.known(_missing_line(label, label in tells)) for label in _labels(keys))
        return f"<p><strong>{name}:</strong></p><ul>{items}</ul>"

    enmc, eular = comparison.enmc, comparison.used
    return Html(
        group("ENMC 2016", enmc.missing, enmc.deciding)
        + group("EULAR/ACR 2017", eular.missing, eular.deciding)
        + group("Cancer risk", risk.missing, risk.deciding)
    )


@cache
def _factor_line(item: CriteriaItem) -> Html:
    level = f"{item.level}{', and not subtracted' if item.level == 'low' else ''}"
    return Html(f"<li>{html(item.label)} <small>({level})</small></li>")


@cache
def _panel_line(panel: Panel) -> Html:
    return Html(f"<li><strong>{html(panel.label)}:</strong> {html('; '.join(panel.tests))}</li>")


def _cancer(slots: Slots, risk: CancerRisk) -> Html:
    met = "".join(slots.known(_factor_line(part.item)) for part in risk.factors if part.met)
    told = f"<p>{slots.say(risk.applies_words)}</p>"
    told += "".join(f"<p>{slots.say(part.remark.words)}</p>" for part in (*risk.stops, *risk.qualifications))
    told += f"<p><strong>Factors met:</strong></p><ul>{met or '<li>none</li>'}</ul>"
    unknown = [
        slots.say(said(part.item.label)) for part in risk.factors if part.met is None and part.item.level != "low"
    ]
    told += f"<p><strong>Factors not known:</strong> {', '.join(unknown) or 'none'}.</p>"
    if risk.panels:
        panels = "".join(slots.known(_panel_line(panel)) for panel in risk.panels)
        lead = "At diagnosis the guideline asks for" if risk.applies else "If it is meant, it asks at diagnosis for"
        told += f"<p><strong>{lead}:</strong></p><ul>{panels}</ul>"
    higher = ", ".join(slots.say(panel.label) for panel in risk.panels_if_higher)
    told += f"<p>If the group turns out higher, also: {higher}.</p>" if higher else ""
    told += f"<p>{slots.say(risk.later)}</p>" if risk.later else ""
    return Html(told)


def _mimic_words(result: MimicResult) -> str:
    if result.excluding:
        return f"Excluded: {listed([reason.words for reason in result.excluding])}."
    parts = [
        f"{lead}: {listed(list(dict.fromkeys(reason.words for reason in reasons)))}."
        for lead, reasons in (("For", result.for_), ("Against", result.against))
        if reasons
    ]
    return " ".join(parts) or "Nothing entered speaks for or against it."


def _mimics(slots: Slots, results: Sequence[MimicResult]) -> str:
    states = slots.states("".join("0" if result.excluding else "1" if result.for_ else "?" for result in results))
    rows = "".join(
        f'<tr {states.of(place)}><th scope="row"><span class="nam-m"></span>{html(result.mimic.name)}</th>'
        f"<td>{slots.text(_mimic_words(result))}</td><td>{html(result.mimic.test)}</td></tr>"
        for place, result in enumerate(results)
    )
    return (
        "<table><caption>No ranking: the order is that of the table in the ledger</caption><thead><tr>"
        '<th scope="col">Mimic</th><th scope="col">What was entered</th><th scope="col">The test that would tell</th>'
        f"</tr></thead><tbody>{rows}</tbody></table>"
    )


def diagnosis_summary(comparison: Comparison, risk: CancerRisk, mimics: Sequence[MimicResult]) -> str:
    """Say the whole page in a few sentences."""
    left = sum(not result.excluding for result in mimics)
    stops = listed([part.remark.short for part in comparison.enmc.stops])
    enmc = comparison.enmc.title + (f", but stop: {stops}" if stops else "")
    used = comparison.used
    return (
        f"ENMC 2016: {enmc}. EULAR/ACR 2017 {used.model.name}: {_class_words(used)}. "
        f"Cancer risk by IMACS 2023: {risk.title}. {left} of {len(mimics)} mimics not excluded."
    )


def diagnosis_page(
    comparison: Comparison,
    risk: CancerRisk,
    mimics: Sequence[MimicResult],
    flags: Sequence[RedFlagResult],
    known: Sequence[Html] = (),
) -> Page:
    """Lay one patient out under both sets of criteria, with what is missing, mimics, cancer group and danger signs.

    Parameters
    ----------
    comparison, risk, mimics, flags
        What the models found for the patient.
    known : sequence of Html
        Phrases the browser already holds (see :func:`phrases`).
    """
    slots = Slots(known)
    summary = slots.text(diagnosis_summary(comparison, risk, mimics), "p", 'class="nam-summary"')
    danger = slots.markup(_danger(slots, flags))
    enmc = _enmc(slots, comparison.enmc)
    eular = _eular(slots, comparison)
    reasons = slots.markup(Html("".join(f"<li>{slots.say(reason.words)}</li>" for reason in comparison.reasons)), "ul")
    missing = slots.markup(_missing(slots, comparison, risk))
    cancer_title = slots.text(risk.title, "p", 'class="nam-verdict"')
    cancer = slots.markup(_cancer(slots, risk))
    table = _mimics(slots, mimics)
    legend = (
        '<p><small><span id="nam-on">\N{CHECK MARK} met, or a finding speaks for it</span>; '
        '<span id="nam-open">? not known, or not excluded</span>; '
        '<span id="nam-off">\N{EN DASH} not met, or excluded</span>. '
        "Bars: filled met, hatched unknown, empty not met.</small></p>"
    )
    rooms = {
        "Danger signs, and what belongs to the same night": _room("nam-danger", "Danger signs", danger),
        "Why the two part, or agree": _room("nam-reasons", "Why the two part", reasons),
        "What is missing": _room("nam-missing", "Missing answers", missing),
        "Cancer risk, IMACS 2023": cancer_title + _room("nam-cancer", "Cancer risk", cancer),
        "Mimics": _room("nam-mimics", "Mimics", table),
    }
    dangers, why, lacks, risks, others = (
        f"<section><h4>{title}</h4>{content}</section>" for title, content in rooms.items()
    )
    return slots.page(
        lambda: (
            f'<div class="nam-diag">{_STYLE}{summary}{legend}{dangers}<div class="nam-two">{enmc}{eular}</div>{why}'
            f'<div class="nam-three">{lacks}{risks}</div>{others}</div>'
        )
    )


def phrases(ledger: Ledger) -> list[Html]:
    """List the pieces of markup that come back again and again, for a browser to hold."""
    words: list[str] = []
    lines: list[Html] = []
    for criteria in ledger.criteria:
        words += [said(item.label) for item in criteria.items if item.level and item.level != "low"]
        words += [text for remark in criteria.remarks for text in (remark.words, remark.test)]
        words += [
            panel.label for panel in criteria.panels for group in criteria.groups if panel.id not in group.at_diagnosis
        ]
        words += [group.later for group in criteria.groups]
        for item in criteria.items:
            # What must be judged before the rest is not among the missing; a factor of low risk decides nothing.
            states = () if item.group == APPLIES else (False,) if item.level == "low" else (False, True)
            lines += [
                _missing_line(label, tells) for label in _labels(sorted(rule(item.when).questions)) for tells in states
            ]
        lines += [_factor_line(item) for item in criteria.items if item.level]
        lines += [_panel_line(panel) for panel in criteria.panels]
    for flag in ledger.red_flags:
        words.append(flag.sign)
        lines += [_sign_line(flag), *(_act_line(act) for act in flag.tonight)]
    return list(dict.fromkeys([*(html(text) for text in words if text), *lines]))
