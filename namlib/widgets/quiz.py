"""Answer items of the bank, one by one: the feedback comes after the answer, and the answer is kept."""

from __future__ import annotations

import re
from binascii import crc32
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from namlib import course
from namlib.answers import Answers, Saved
from namlib.model.quiz import Mark, QuizResult, mark, select, summary
from namlib.records import Question, Refused
from namlib.table import html
from namlib.units import UNITS
from namlib.view import quiz as view
from namlib.widgets.form import (
    NO_KERNEL,
    Block,
    Form,
    Option,
    Rejected,
    action,
    checks_field,
    form,
    number_field,
    radio_field,
)

FIELD = "answer"
AGAIN = "Answer all of it anew? Your earlier answers stay in the history."
EDITED = "Some items were edited since you answered them; your answers are marked by the items as they are now."
UNFIT = "An item was edited so that your earlier answer no longer fits it; it is asked again."
ELSEWHERE = "This question was answered elsewhere meanwhile; the quiz goes on from there."
_GROUPED = re.compile(r"[+-]?\d{1,3}(?:,\d{3})+(?:\.\d+)?")
_NUMBER = re.compile(r"[+-]?(?:\d+(?:[.,]\d*)?|[.,]\d+)")


def typed_number(text: str, unit: str) -> float:
    """Read a number as it was typed; its unit may stand behind it.

    Raises
    ------
    Refused
        If it is none, or a decimal comma and a thousands comma cannot be told apart.

    Examples
    --------
    >>> typed_number("7,5", "mg"), typed_number("12,000.5 U/L", "U/L"), typed_number("10%", "%")
    (7.5, 12000.5, 10.0)
    >>> typed_number("about ten", "%")
    Traceback (most recent call last):
    namlib.records.Refused: answer: 'about ten' is not a number
    """
    known = UNITS[unit]
    rest = text.strip()
    for ending in (known.code, known.spoken, known.spoken.removesuffix("s")):
        if ending and rest.lower().endswith(ending.lower()):
            rest = rest[: -len(ending)].strip()
            break
    rest = rest.replace("\N{MINUS SIGN}", "-").replace(" ", "").replace("\N{NARROW NO-BREAK SPACE}", "")
    if re.fullmatch(r"[+-]?\d{1,3},\d{3}", rest):
        raise Refused(FIELD, f"{text.strip()[:40]!r} can be read in two ways; type it without a comma")
    if _GROUPED.fullmatch(rest):
        return float(rest.replace(",", ""))
    if _NUMBER.fullmatch(rest):
        return float(rest.replace(",", "."))
    raise Refused(FIELD, f"{text.strip()[:40]!r} is not a number")


class Quiz(Form):
    """Items of the bank, asked one by one. Each answer is kept on disk before its feedback is shown.

    The quiz goes on where it was left, after a restart of the kernel or of the machine.

    Parameters
    ----------
    topic, notebook : str, optional
        Ask only items on a topic, or of a notebook (by its number, ``"01"``).
    items : iterable of str, optional
        Ask these items, in this order.
    difficulty, tag : str, optional
        Ask only items of it.
    answers : Answers, optional
        Where answers are kept; by default with those of the whole course.

    Raises
    ------
    namlib.records.Refused
        If a name does not exist, or no item fits.

    Examples
    --------
    >>> quiz = Quiz(items=["which_denominator", "quoting_rim"])
    >>> quiz
    Quiz: 2 items, none answered yet
    >>> quiz.answer(answer="66")[:34]
    'Right. Yes. The share belongs to t'
    >>> Quiz(items=["which_denominator", "quoting_rim"])
    Quiz: 1 right of 1 answered, 1 open
    """

    def __init__(
        self,
        topic: str | None = None,
        notebook: str | None = None,
        items: Iterable[str] | None = None,
        *,
        difficulty: str | None = None,
        tag: str | None = None,
        answers: Answers | None = None,
    ) -> None:
        ledger = course.ledger()
        named = None if items is None else ([items] if isinstance(items, str) else list(items))
        self._questions = select(
            ledger.questions, topic=topic, notebook=notebook, items=named, difficulty=difficulty, tag=tag
        )
        self._support = view.Support(
            {fact.id: fact for fact in ledger.facts},
            {regimen.id: regimen for regimen in ledger.regimens},
            course.bibliography(),
        )
        self._answers = answers if answers is not None else Answers()
        wanted = [part for part in (notebook, topic, difficulty, tag) if part is not None]
        if named is not None:
            wanted.append(f"{crc32(' '.join(named).encode()):08x}")
        self._activity = "quiz/" + ("/".join(wanted).replace(" ", "-") or "all")
        self._later: list[str] = []
        self._reload()
        about = (
            f"Quiz on notebook {notebook}" if notebook and len(wanted) == 1 else f"Quiz on {topic}" if topic else "Quiz"
        )
        super().__init__(title=about)

    # --- what was answered

    def _reload(self) -> None:
        """Read from disk what was answered: another kernel may have gone on with it."""
        held = self._answers.latest(self._activity)
        attempts = [int(item.partition("/")[0]) for item in held if item.partition("/")[0].isdigit()]
        self._attempt = max(attempts, default=1)
        self._marks: dict[str, Mark] = {}
        self._said_of_items: list[str] = []
        # In the order in which they were answered, which is the order in which they stand on the page.
        lead = f"{self._attempt}/"
        known = {question.id: question for question in self._questions}
        mine = [saved for item, saved in held.items() if item.startswith(lead) and item.removeprefix(lead) in known]
        for saved in sorted(mine, key=lambda one: one.saved_at):
            question = known[saved.item.removeprefix(lead)]
            if saved.answer.get("revision") != question.revision:
                self._note(EDITED)
            try:
                self._marks[question.id] = mark(question, saved.answer.get("given", ()))
            except Refused:
                self._note(UNFIT)

    def _note(self, words: str) -> None:
        if words not in self._said_of_items:
            self._said_of_items.append(words)

    def _keep(self, item: str, answer: Mapping[str, Any]) -> Saved:
        return self._answers.save(self._activity, f"{self._attempt}/{item}", answer)

    @property
    def result(self) -> QuizResult:
        """How the round stands, by objective."""
        return summary(self._questions, self._marks)

    @property
    def answers(self) -> Answers:
        """Where answers are kept."""
        return self._answers

    @property
    def _open(self) -> list[Question]:
        left = [question for question in self._questions if question.id not in self._marks]
        return sorted(left, key=lambda question: self._later.index(question.id) if question.id in self._later else -1)

    # --- what the form asks for

    def revealed(self) -> Sequence[Block]:
        """Every item that was answered, with its feedback; the summary once all are."""
        known = {question.id: question for question in self._questions}
        whole = len(self._questions)
        blocks = [
            Block(
                f"{self._attempt}/{name}",
                view.answered_block(known[name], self._marks[name], self._place(name), whole, self._support),
            )
            for name in self._marks
        ]
        if not self._open:
            blocks.append(Block(f"{self._attempt}/summary", view.summary_block(self.result)))
        return blocks

    def _place(self, name: str) -> int:
        return [question.id for question in self._questions].index(name) + 1

    def asked(self) -> dict[str, Any] | None:
        """The form of the next item: its words and its options, and nothing of its key."""
        if not self._open:
            return None
        question = self._open[0]
        before, asking = view.parted(question)
        options = [Option(option.id, option.text) for option in question.options]
        if question.number is not None:
            field = number_field(FIELD, asking, UNITS[question.number.unit].spoken)
        elif question.kind == "multiple":
            field = checks_field(FIELD, asking, options)
        else:
            field = radio_field(FIELD, asking, options)
        heading = f"Question {self._place(question.id)} of {len(self._questions)}: {question.topic}"
        return form(f"{self._attempt}/{question.id}", heading, [field], submit="Answer", intro=before)

    def take(self, name: str, values: dict[str, Any]) -> str:
        """Mark an answer: it is kept first, and only then its feedback is shown."""
        self._reload()
        attempt, _, item = name.partition("/")
        question = next((held for held in self._open if held.id == item), None)
        if attempt != str(self._attempt) or question is None:
            return ELSEWHERE
        given = values[FIELD]
        try:
            if question.number is not None:
                given = typed_number(given, question.number.unit)
            marked = mark(question, given)
        except Refused as refused:
            raise Rejected({FIELD: refused.reason}) from None
        saved = self._keep(item, {"given": given, "right": marked.right, "revision": question.revision})
        self._reload()
        return f"{view.said_of(marked)} {'Saved.' if saved.kept else f'Not saved. {self._answers.trouble}'}"

    def actions(self) -> Sequence[dict[str, str]]:
        """To put an item off, and to start again."""
        made = [action("skip", "Ask this one later")] if len(self._open) > 1 else []
        return [*made, action("again", "Start again", confirm=AGAIN)] if self._marks else made

    def act(self, name: str) -> str:
        """Put the open item off, or start again; what was answered stays in the history."""
        if name == "skip":
            item = self._open[0].id
            self._later = [*(other for other in self._later if other != item), item]
            return f"Question {self._place(item)} comes again at the end."
        self._reload()
        self._attempt += 1
        self._later = []
        saved = self._keep("start", {"again": True})
        self._reload()
        said = "Saved." if saved.kept else f"Not saved. {self._answers.trouble}"
        return f"{said} The quiz begins anew; this is attempt {self._attempt}."

    def start_again(self) -> str:
        """Begin anew, and return what is then said; earlier answers stay in the history."""
        said = self.act("again")
        self._show(said)
        return said

    def files(self) -> Mapping[str, Callable[[], str]]:
        """The learner's answers, once there are any."""
        if not self._marks:
            return {}
        return {
            "quiz-answers.json": lambda: self._answers.to_json(self._activity),
            "quiz-answers.csv": lambda: self._answers.to_csv(self._activity),
        }

    def trouble(self) -> str:
        """Why answers are not kept, in words."""
        return self._answers.trouble

    def notes(self) -> Sequence[str]:
        """What else there is to know of earlier answers."""
        return [*self._answers.notes, *self._said_of_items]

    def still(self) -> str:
        """The items without keys. Answers stay out of the page, so that no notebook file carries them."""
        return (
            f'<div class="nam-explorer"><p class="nam-notice">{html(self.notice)}</p>'
            f"<p><b>{html(self.title)}</b></p>{view.stems(self._questions)}<p>{html(NO_KERNEL)}</p></div>"
        )

    def __repr__(self) -> str:
        return repr(self.result)
