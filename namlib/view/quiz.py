"""An item of the bank as HTML: its words alone before an answer, and after it what is said to every option."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from namlib.cite import Bibliography
from namlib.frozen import frozen
from namlib.model.quiz import Mark, QuizResult, Remark
from namlib.records import Fact, Question, Regimen
from namlib.table import Html, html, html_table
from namlib.units import UNITS

RIGHT, WRONG = "\N{CHECK MARK} Right", "\N{MULTIPLICATION X} Not right"
_TRUE_OR_FALSE = "True or false?"


@frozen
class Support:
    """What the views look up: facts, regimens and sources."""

    facts: Mapping[str, Fact]
    regimens: Mapping[str, Regimen]
    cites: Bibliography


def parted(question: Question) -> tuple[str, str]:
    """Part a stem into what leads up to the question, and the question itself, which labels the answers.

    Examples
    --------
    >>> from namlib.store import load
    >>> items = {item.id: item for item in load().questions}
    >>> parted(items["orthopnoea_tonight"])[1]
    'What is measured tonight?'
    >>> parted(items["linked_is_not_read"])[1]
    'True or false?'
    """
    stem = " ".join(question.stem.split())
    if question.kind == "true_false":
        return stem.removeprefix(_TRUE_OR_FALSE).strip(), _TRUE_OR_FALSE
    sentences = re.split(r"(?<=[.?!\u201d\"])\s+(?=[A-Z\"(\u201c])", stem)
    asking = [place for place, sentence in enumerate(sentences) if sentence.endswith("?")]
    place = asking[-1] if asking else len(sentences) - 1
    return " ".join(sentences[:place]), " ".join(sentences[place:])


def _paragraphs(text: str) -> Html:
    return Html("".join(f"<p>{html(part)}</p>" for part in text.split("\n")))


def _evidence(facts: Iterable[str], regimens: Iterable[str], sources: Iterable[str], support: Support) -> Html:
    """Show the rows and sources behind a text, folded; nothing where it names none."""
    rows: list[Fact | Regimen] = [support.facts[name] for name in facts]
    shown = []
    for row in rows:
        assert isinstance(row, Fact)
        caveat = f" <i>{html(row.caveat)}</i>" if row.caveat else ""
        shown.append(f"{html(row.statement)} ({support.cites.links(row.sources)}){caveat}")
    for name in regimens:
        regimen = support.regimens[name]
        shown.append(f"Dose row <code>{html(name)}</code> ({support.cites.links(regimen.sources)})")
    keys = list(sources)
    if keys:
        shown.append(support.cites.links(keys))
    if not shown:
        return Html("")
    count = f"{len(shown)} {'source' if len(shown) == 1 else 'sources'} behind this"
    items = "".join(f"<li>{line}</li>" for line in shown)
    return Html(f'<details class="nam-sources"><summary>{count}</summary><ul>{items}</ul></details>')


def _said(remark: Remark, question: Question, support: Support) -> Html:
    verdict = RIGHT if remark.right else WRONG
    counted = question.number is not None and remark.id != "otherwise"
    name = f"{remark.text} {UNITS[question.number.unit].spoken}" if question.number and counted else remark.text
    return Html(
        f"<li><b>{html(name)}</b> \N{EN DASH} {html(verdict.lower())}. {html(remark.feedback)}"
        f"{_evidence(remark.facts, remark.regimens, (), support)}</li>"
    )


def _given(question: Question, mark: Mark) -> str:
    if question.number is not None:
        assert isinstance(mark.given, float)
        return f"{mark.given:g} {UNITS[question.number.unit].spoken}"
    return "; ".join(option.text for option in question.options if option.id in mark.given)  # type: ignore[operator]


def answered_block(question: Question, mark: Mark, place: int, whole: int, support: Support) -> Html:
    """Show an item after its answer: what was chosen and what is said to it, then to all the others."""
    verdict = RIGHT if mark.right else WRONG
    chosen = [remark for remark in mark.remarks if remark.chosen]
    others = [remark for remark in mark.remarks if not remark.chosen]
    given = f"Your answer: {_given(question, mark)} \N{EN DASH} {verdict.lower()}."
    answer = "" if mark.right else f"<p>The answer: <b>{html(mark.answer)}</b></p>"
    if len(chosen) == 1:
        (one,) = chosen
        said = f"<p>{html(one.feedback)}</p>{_evidence(one.facts, one.regimens, (), support)}"
    else:
        said = f"<ul>{''.join(_said(remark, question, support) for remark in chosen)}</ul>"
    beside = ""
    if others:
        beside = (
            "<p>What is said to the other answers:</p>"
            f"<ul>{''.join(_said(remark, question, support) for remark in others)}</ul>"
        )
    return Html(
        f"<h4>{html(verdict)}: question {place} of {whole}</h4>{_paragraphs(question.stem)}"
        f'<p class="nam-own">{html(given)}</p>{said}{answer}{beside}'
        f'<p class="nam-expert"><b>{html(question.takeaway)}</b></p>'
        f"{_evidence(question.facts, question.regimens, question.sources, support)}"
    )


def said_of(mark: Mark) -> str:
    """Say an answer's feedback in one breath, for the live region.

    Examples
    --------
    >>> from namlib.model.quiz import mark
    >>> from namlib.store import load
    >>> said_of(mark(next(item for item in load().questions if item.id == "which_denominator"), 66))[:17]
    'Right. Yes. The s'
    """
    chosen = " ".join(remark.feedback for remark in mark.remarks if remark.chosen)
    return f"Right. {chosen}" if mark.right else f"Not right. {chosen} The answer is: {mark.answer}."


def summary_block(result: QuizResult) -> Html:
    """Show a whole round by objective."""
    words = {True: RIGHT, False: WRONG, None: "open"}
    rows = [(line.objective, line.topic, words[line.right]) for line in result.lines]
    again = ""
    if result.again:
        items = "".join(f"<li>{html(objective)}</li>" for objective in result.again)
        again = f"<p>Worth another look:</p><ul>{items}</ul>"
    caption = "Your answers by objective"
    table = html_table(caption, ("Objective", "Topic", "Answer"), rows)
    return Html(
        f"<h3>{html(f'All answered: {result.right} of {result.answered} right')}</h3>{again}"
        f'<div class="nam-scroll" tabindex="0" role="group" aria-label="{caption}">{table}</div>'
    )


def stems(questions: Sequence[Question]) -> Html:
    """Show items as a page without a kernel can: their words, no key."""
    shown = []
    for question in questions:
        options = "".join(f"<li>{html(option.text)}</li>" for option in question.options)
        ask = f"<p>Answer in {html(UNITS[question.number.unit].spoken)}.</p>" if question.number is not None else ""
        shown.append(f"<li>{_paragraphs(question.stem)}{f'<ul>{options}</ul>' if options else ask}</li>")
    return Html(f"<ol>{''.join(shown)}</ol>")
