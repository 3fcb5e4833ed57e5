"""The stages of a case discussion as HTML: only what was told, with the facts behind every claim beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from namlib.case_records import Case, Time
from namlib.cite import Bibliography
from namlib.discussion_records import LIKELIHOOD, Panel, Stage
from namlib.frozen import frozen
from namlib.model import discussion as model
from namlib.model.case import ck_words, letters, strength_words
from namlib.model.discussion import AnswersAt, Concordance, HypothesisCompared, State, Told
from namlib.records import Criteria, Drug, Fact, Pathway, ReasoningTrap
from namlib.table import TABLE_STYLE, Html, html, html_table
from namlib.view import case as drawing

FICTIONAL = '<span class="nam-fictional">FICTIONAL</span>'
STYLE = (
    f"{TABLE_STYLE}<style>.nam-fictional{{display:inline-block;border:1px solid #d55e00;border-radius:3px;"
    "padding:0 .5em;font-size:.8em;font-weight:600;letter-spacing:.04em}.nam-own{border-left:4px solid #0072b2;"
    "padding:.1em .8em;white-space:pre-wrap}.nam-expert{border-left:4px solid #009e73;padding:.1em .8em}</style>"
)
WORTH = {
    "deciding": "decides",
    "useful": "useful",
    "little": "adds little here",
    "harmful": "does more harm than good",
}
VERDICTS = {
    "best": "the authors' choice",
    "defensible": "can be defended",
    "too early": "too early",
    "wrong": "not supported",
    "harmful": "harmful",
}
NO_CLAIM = "Judgement of this case; no source is claimed."
WORD_SEARCH = (
    "What follows was found by a search for words and not by reading: a word that is there may still be used wrongly, "
    "and another wording may say the same."
)
TRAP_NOTE = (
    "The thresholds in these rules are conventions of this course. A rule that does not apply does not show that "
    "reasoning was free of the trap."
)
PANEL_NOTE = (
    "Each mark earns the number of panel members who gave it, divided by the number who gave the most frequent mark. "
    "There is no key: who parts from the panel may be right."
)


@frozen
class Support:
    """What the views look up: facts, sources, criteria, pathway, traps, panel, and the patient at a point in time."""

    facts: Mapping[str, Fact]
    cites: Bibliography
    criteria: Criteria
    pathway: Pathway
    drugs: tuple[Drug, ...]
    traps: tuple[ReasoningTrap, ...]
    patient: AnswersAt
    panel: Panel | None = None


# --- small parts ---------------------------------------------------------------------------------------------------


def paragraphs(text: str) -> Html:
    """Show a text in paragraphs; a blank line parts them. Everything in it is text.

    Examples
    --------
    >>> paragraphs("one <b>\\n\\ntwo")
    '<p>one &lt;b&gt;</p><p>two</p>'
    """
    return Html("".join(f"<p>{html(' '.join(part.split()))}</p>" for part in text.split("\n\n") if part.strip()))


def bullets(texts: Iterable[object]) -> Html:
    """Show texts as a list; nothing for none."""
    shown = "".join(f"<li>{html(text)}</li>" for text in texts)
    return Html(f"<ul>{shown}</ul>" if shown else "")


def evidence(record: Any, support: Support) -> Html:
    """Show what a claim rests on: its facts with their sources, its sources, or that no source is claimed."""
    if record.convention:
        return Html(f'<span class="nam-sources">{html(NO_CLAIM)}</span>')
    facts = [support.facts[name] for name in record.facts]
    shown = [Html(f"{html(fact.statement)} ({support.cites.links(fact.sources)})") for fact in facts]
    if record.sources:
        shown.append(support.cites.links(record.sources))
    count = f"{len(shown)} fact{'s' if len(shown) != 1 else ''} behind this"
    return Html(f'<details class="nam-sources"><summary>{count}</summary>{bullets(shown)}</details>')


def claim(text: str, record: Any, support: Support) -> Html:
    """Show a claim with what it rests on."""
    return Html(f"{html(text)} {evidence(record, support)}")


def table(caption: str, headers: Sequence[str], rows: Iterable[Sequence[object]]) -> Html:
    """Show a table that scrolls sideways where the page is narrow."""
    # Reachable by keyboard, or a narrow page could not be scrolled without a mouse.
    inner = html_table(caption, headers, rows, style=False)
    return Html(f'<div class="nam-scroll" tabindex="0" role="group" aria-label="{html(caption)}">{inner}</div>')


def course_until(case: Case, until: str) -> Html:
    """Show CK and strength of the record up to a point, drawn and as a table, and nothing of what follows."""
    part = model.course_until(case, until)
    record = part.record
    named = letters(record)

    def row(time: Time) -> list[object]:
        cks = "; ".join(ck_words(ck) for ck in record.ck if ck.at == time.id)
        strengths = "; ".join(strength_words(one) for one in record.strength if one.at == time.id)
        return [f"{named[time.id]}. {time.label}", cks or "not measured", strengths or "not measured"]

    mark = "FICTIONAL: " if case.fictional else ""
    rows = [row(time) for time in record.times]
    shown = table(f"{mark}CK and strength so far", ["Point", "CK", "Strength"], rows)
    return Html(f'<div class="nam-case">{drawing.STYLE}{drawing.course_svg(part, drugs_too=False)}</div>{shown}')


# --- one stage -----------------------------------------------------------------------------------------------------


def _heading(state: State, stage: Stage, *, marked: bool = False) -> str:
    number = state.discussion.stages.index(stage) + 1
    return f"<h4>{number}. {html(stage.heading)}{f' {FICTIONAL}' if marked else ''}</h4>"


def title_block(case: Case, state: State) -> str:
    """The head of the page: what this is, and what is practised."""
    stages = len(state.discussion.stages)
    return (
        f"{STYLE}<h3>{html(case.title)} {FICTIONAL}</h3><p>The patient and every number are invented. "
        f"{stages} stages; you answer each before the next is told, and an answer stands. In a room they take about "
        f"{state.discussion.minutes:g} minutes.</p><p>You practise:</p>{bullets(state.discussion.objectives)}"
    )


def told_block(case: Case, state: State, place: int, support: Support) -> str:
    """One stage that was told and answered."""
    told = state.told[place]
    return _BODIES[told.stage.kind](case, state, place, told, support)


def read_block(case: Case, state: State, support: Support) -> str:
    """A stage that is open now and only read, with what it shows; nothing for one that asks something."""
    stage = state.now
    if stage is None or stage.asked:
        return ""
    return _BODIES[stage.kind](case, state, len(state.told), Told(stage, {"read": True}), support)


def _stem(case: Case, state: State, place: int, told: Told, support: Support) -> str:
    return _heading(state, told.stage, marked=True) + paragraphs(told.stage.text)


def _problem(case: Case, state: State, place: int, told: Told, support: Support) -> str:
    stage, text = told.stage, told.answer["text"]
    rows = [
        [
            one.qualifier.name,
            f'found: "{one.found}"' if one.found else "not found",
            one.qualifier.why,
        ]
        for one in model.find_qualifiers(stage, text)
    ]
    return (
        f'{_heading(state, stage)}<p><b>Yours</b></p><div class="nam-own">{html(text)}</div><p><b>The authors\'</b></p>'
        f'<div class="nam-expert">{paragraphs(stage.expert)}</div><p>{html(WORD_SEARCH)}</p>'
        + table("What the authors put into theirs", ["Qualifier", "In yours", "Why it matters"], rows)
        # The facts name diseases; told here they would name what is still to be ranked.
        + "<p>What each rests on is shown with the feedback.</p>"
    )


def _differential(case: Case, state: State, place: int, told: Told, support: Support) -> str:
    names = [state.discussion.hypothesis(name).name for name in told.answer["ranked"]]
    order = "".join(f"<li>{html(name)}</li>" for name in names)
    sure = f"You were {told.answer['confidence']} % sure of the first. The authors' order is shown with the feedback."
    return f"{_heading(state, told.stage)}<ol>{order}</ol><p>{html(sure)}</p>"


def _tests(case: Case, state: State, place: int, told: Told, support: Support) -> str:
    rows = [
        [test.name, test.result or f"Not available. {test.not_available}", test.cost or "not stated"]
        for test in model.chosen_tests(told)
    ]
    return (
        _heading(state, told.stage, marked=True)
        + paragraphs(told.stage.text)
        + table("FICTIONAL: what you asked for", ["Test", "Result", "What it costs"], rows)
    )


def _chosen(told: Told) -> list[str]:
    return [option.name for option in told.stage.options if option.id in told.answer["chosen"]]


def _label(case: Case, state: State, place: int, told: Told, support: Support) -> str:
    (name,) = _chosen(told)
    sure = told.answer["confidence"]
    return f"{_heading(state, told.stage)}<p>You named: <b>{html(name)}</b>, {sure} % sure.</p>"


def _therapy(case: Case, state: State, place: int, told: Told, support: Support) -> str:
    return f"{_heading(state, told.stage)}{paragraphs(told.stage.text)}<p>You chose:</p>{bullets(_chosen(told))}"


def _jump(case: Case, state: State, place: int, told: Told, support: Support) -> str:
    return _heading(state, told.stage, marked=True) + paragraphs(told.stage.text) + course_until(case, told.stage.until)


def _done(case: Case, state: State, place: int, told: Told, support: Support) -> str:
    stage = told.stage
    return f"{_heading(state, stage, marked=True)}{paragraphs(stage.text)}<p>{evidence(stage, support)}</p>"


# --- feedback ------------------------------------------------------------------------------------------------------


def _place(rank: int | None) -> str:
    return "not ranked" if rank is None else str(rank)


def _yes(chosen: bool) -> Html:
    return Html("<b>yes</b>" if chosen else "no")


def _ranking_feedback(state: State, told: Sequence[Told], place: int, support: Support) -> str:
    stage = told[place].stage
    compared = model.compare_ranking(state.discussion, told, place)
    missed = [one.hypothesis.name for one in compared if one.missed]

    def weighed(one: HypothesisCompared) -> Html:
        parts = [f"for: {', '.join(one.supporting)}"] if one.supporting else []
        parts += [f"against: {', '.join(one.against)}"] if one.against else []
        return Html("<br>".join(html(part) for part in parts) or "nothing yet")

    rows = [
        [
            one.hypothesis.name,
            _place(one.yours),
            _place(one.experts),
            f"{', '.join(one.standings)}; {one.hypothesis.frequency} behind such a start",
            weighed(one),
            claim(one.hypothesis.feedback, one.hypothesis, support),
        ]
        for one in compared
    ]
    headers = [
        "Hypothesis",
        "Your place",
        "Authors' place",
        "How the authors see it here",
        "What had been told then",
        "Feedback",
    ]
    said = f"<p><b>Not on your list, and it should be:</b> {html(', '.join(missed))}.</p>" if missed else ""
    more = f"<p>{claim(stage.feedback, stage, support)}</p>" if stage.feedback else ""
    return f"<h5>{html(stage.heading)}</h5>{said}{more}" + table("Your order and the authors'", headers, rows)


def _problem_feedback(told: Told, support: Support) -> str:
    rows = [[one.name, claim(one.why, one, support)] for one in told.stage.qualifiers]
    shown = table("What the authors' qualifiers rest on", ["Qualifier", "Why it matters"], rows)
    return f"<h5>{html(told.stage.heading)}</h5>{shown}"


def _tests_feedback(told: Told, support: Support) -> str:
    chosen = {test.id for test in model.chosen_tests(told)}
    missed = [test.name for test in told.stage.tests if test.worth == "deciding" and test.id not in chosen]
    said = f"<p><b>Not chosen, and it decides:</b> {html(', '.join(missed))}.</p>" if missed else ""
    ordered = sorted(told.stage.tests, key=lambda test: test.id not in chosen)
    rows = [
        [
            test.name,
            _yes(test.id in chosen),
            WORTH[test.worth],
            test.cost or "not stated",
            claim(test.feedback, test, support),
        ]
        for test in ordered
    ]
    headers = ["Test", "You chose it", "Worth here", "What it costs", "Feedback"]
    return f"<h5>{html(told.stage.heading)}</h5>{said}" + table("Every test that was on offer", headers, rows)


def _options_feedback(told: Told, words: str, support: Support) -> str:
    rows = [
        [
            one.option.name,
            _yes(one.chosen),
            VERDICTS[one.verdict],
            claim(one.option.feedback, one.option, support),
        ]
        for one in model.compare_options(told)
    ]
    headers = ["Option", "You chose it", "Verdict", "Feedback"]
    return f"<h5>{html(told.stage.heading)}</h5><p>{html(words)}</p>" + table("Every option", headers, rows)


def _traps(state: State, told: Sequence[Told], support: Support) -> str:
    found = model.find_traps(state.discussion, told, support.traps)
    verdicts = {True: "yes", False: "no", None: "cannot be judged"}
    rows = [
        [
            one.trap.name,
            verdicts[one.caught],
            f"{one.because[:1].upper()}{one.because[1:]}.",
            f"{one.trap.about} {one.trap.said}",
        ]
        for one in found
    ]
    headers = ["Trap", "Does its rule apply?", "What in your answers decided that", "The trap and its rule"]
    return f"<h5>Traps of reasoning</h5><p>{html(TRAP_NOTE)}</p>" + table(
        "Three rules, put to your answers", headers, rows
    )


def _feedback(case: Case, state: State, place: int, told: Told, support: Support) -> str:
    before = state.told[:place]
    earlier = [number for number, one in enumerate(before) if one.stage.kind == "feedback"]
    parts = [_heading(state, told.stage), paragraphs(told.stage.text)]
    # What an earlier feedback has settled is not said again.
    for number in range(earlier[-1] + 1 if earlier else 0, place):
        one = before[number]
        if one.stage.kind == "problem":
            parts.append(_problem_feedback(one, support))
        elif one.stage.kind == "differential":
            parts.append(_ranking_feedback(state, before, number, support))
        elif one.stage.kind == "tests":
            parts.append(_tests_feedback(one, support))
        elif one.stage.kind == "label":
            judged = model.judge_label(before, number, support.patient, support.criteria)
            parts.append(_options_feedback(one, judged.words, support))
        elif one.stage.kind == "therapy":
            steps = model.judge_steps(before, number, support.patient, support.pathway, support.drugs)
            parts.append(_options_feedback(one, steps.words, support))
    parts.append(_traps(state, before, support))
    answer = state.discussion.hypothesis(state.discussion.turned_out).name
    parts.append(f"<p>In this case it was: <b>{html(answer)}</b>.</p>")
    return "".join(parts)


# --- concordance and recap -----------------------------------------------------------------------------------------


def _signed(mark: int) -> str:
    return f"{mark:+d}" if mark else "0"


def _concordance(case: Case, state: State, place: int, told: Told, support: Support) -> str:
    if support.panel is None:
        return f"{_heading(state, told.stage)}<p>The panel of this case cannot be read.</p>"
    scored = model.score_concordance(told.stage, told.answer["marks"], support.panel)
    return _heading(state, told.stage) + _panel_words(scored, support) + _panel_table(state, scored, support)


def _panel_words(scored: Concordance, support: Support) -> str:
    info = scored.panel.info
    mark = f"{FICTIONAL} " if info.fictional else ""
    cites = f" ({support.cites.links(info.sources)})" if info.sources else ""
    return f"<p>{mark}Panel: {html(info.who)}{cites}</p><p><b>{html(scored.words)}.</b> {html(PANEL_NOTE)}</p>"


def _panel_table(state: State, scored: Concordance, support: Support) -> Html:
    marks = list(LIKELIHOOD)
    rows = [
        [
            Html(
                f"{html(state.discussion.hypothesis(one.item.hypothesis).name)}"
                f'<br><span class="nam-new">{html(one.item.new_fact)}</span>'
            ),
            f"{_signed(one.mark)}: {LIKELIHOOD[one.mark]}",
            *(Html(f"<b>{one.panel[mark]}</b>" if mark in one.most_chosen else str(one.panel[mark])) for mark in marks),
            f"{one.credit:.2f}",
            claim(one.item.because, one.item, support),
        ]
        for one in scored.items
    ]
    headers = ["Hypothesis and new fact", "Your mark", *(f"Panel {_signed(mark)}" for mark in marks), "Credit", "Why"]
    caption = "How many of the panel gave each mark, from -2 (much less likely) to +2 (much more likely)"
    return table(f"FICTIONAL panel. {caption}" if scored.panel.info.fictional else caption, headers, rows)


def _recap(case: Case, state: State, place: int, told: Told, support: Support) -> str:
    stage = told.stage
    points = bullets(claim(point.text, point, support) for point in stage.points)
    return (
        f"{_heading(state, stage)}{points}<h5>What this single case cannot tell you</h5>{bullets(stage.cannot_tell)}"
        "<p>Your answers stay on this machine; the buttons below hand them to you as a file.</p>"
    )


_Body = Callable[[Case, State, int, Told, Any], str]
_BODIES: dict[str, _Body] = {
    "stem": _stem,
    "problem": _problem,
    "differential": _differential,
    "tests": _tests,
    "label": _label,
    "therapy": _therapy,
    "jump": _jump,
    "done": _done,
    "feedback": _feedback,
    "concordance": _concordance,
    "recap": _recap,
}
