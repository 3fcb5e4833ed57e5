"""Items of the bank: choose them, mark an answer, sum up. Nothing here shows the key before there is an answer."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from namlib.frozen import frozen
from namlib.records import NumberKey, NumberSlip, Question, QuestionOption, Refused
from namlib.table import plain
from namlib.units import UNITS, number

# What an answer is: the id of an option, several of them, or a number.
Given = str | Sequence[str] | float


@frozen
class Entry:
    """One item as it may be listed: what it asks, without its key and without feedback."""

    id: str
    notebook: str
    topic: str
    objective: str
    kind: str
    difficulty: str
    stem: str
    options: tuple[str, ...]
    tags: tuple[str, ...]


def entry(question: Question) -> Entry:
    """Return an item without what would give it away."""
    held = question
    texts = tuple(option.text for option in held.options)
    return Entry(
        held.id, held.notebook, held.topic, held.objective, held.kind, held.difficulty, held.stem, texts, held.tags
    )


def select(
    bank: Iterable[Question],
    *,
    topic: str | None = None,
    notebook: str | None = None,
    items: Iterable[str] | None = None,
    difficulty: str | None = None,
    tag: str | None = None,
) -> tuple[Question, ...]:
    """Choose items, in the order of the bank, or in the order in which ``items`` names them.

    Parameters
    ----------
    bank : iterable of Question
        The items there are.
    topic, notebook, difficulty, tag : str, optional
        Keep only items of it.
    items : iterable of str, optional
        Ids of items.

    Raises
    ------
    Refused
        If a name does not exist, or nothing fits. The message lists what there is, or near names.
    """
    held = tuple(bank)
    by_id = {question.id: question for question in held}
    if isinstance(items, str):
        items = (items,)
    if items is not None:
        chosen = []
        for name in items:
            if name not in by_id:
                near = get_close_matches(name, by_id, n=3)
                raise Refused("items", f"no item {name!r}" + (f"; did you mean {', '.join(near)}?" if near else ""))
            chosen.append(by_id[name])
        held = tuple(dict.fromkeys(chosen))
    for field, wanted in (("topic", topic), ("notebook", notebook), ("difficulty", difficulty)):
        if wanted is not None:
            known = sorted({getattr(question, field) for question in by_id.values()})
            if wanted not in known:
                raise Refused(field, f"no {wanted!r}; known: {', '.join(known)}")
            held = tuple(question for question in held if getattr(question, field) == wanted)
    if tag is not None:
        known = sorted({name for question in by_id.values() for name in question.tags})
        if tag not in known:
            raise Refused("tag", f"no {tag!r}; known: {', '.join(known)}")
        held = tuple(question for question in held if tag in question.tags)
    if not held:
        raise Refused("items", "no item fits all of that")
    return held


@frozen
class Remark:
    """What is said to one option, or to a number, once an answer was given."""

    id: str
    text: str
    feedback: str
    right: bool
    chosen: bool
    facts: tuple[str, ...]
    regimens: tuple[str, ...]


@frozen
class Mark:
    """One answer, marked. ``remarks`` begins with what was chosen; the other options follow in their order."""

    question: str
    given: tuple[str, ...] | float
    right: bool
    answer: str
    remarks: tuple[Remark, ...]

    def __repr__(self) -> str:
        return f"{self.question}: {'right' if self.right else 'not right'}; the answer is {self.answer}"

    def to_dict(self) -> dict[str, Any]:
        """Return plain data that JSON can hold."""
        held: dict[str, Any] = plain(self)
        return held


def answer_words(question: Question) -> str:
    """Say the key of an item in words.

    Examples
    --------
    >>> from namlib.store import load
    >>> answer_words(next(item for item in load().questions if item.id == "ivig_course_at_seventy"))
    '140 grams'
    """
    held = question.number
    if held is None:
        return "; ".join(option.text for option in question.options if option.id in question.key)
    low, high = number(held.low), number(held.high)
    return f"{low if low == high else f'{low} to {high}'} {UNITS[held.unit].spoken}"


def mark(question: Question, given: Given) -> Mark:
    """Mark an answer.

    Parameters
    ----------
    question : Question
        The item.
    given : str, sequence of str, or float
        The id of the option chosen, the ids of all options chosen, or the number in the unit of the item.

    Raises
    ------
    Refused
        If it cannot be an answer to this item; ``field`` is the id of the item.

    Examples
    --------
    >>> from namlib.store import load
    >>> item = next(item for item in load().questions if item.id == "which_denominator")
    >>> mark(item, 66)
    which_denominator: right; the answer is 66 patients
    >>> mark(item, 109).remarks[0].feedback[:27]
    'That is everybody in the se'
    """
    if question.number is not None:
        return _mark_number(question, question.number, given)
    return _mark_options(question, given)


def _mark_options(question: Question, given: Given) -> Mark:
    if isinstance(given, str):
        given = (given,)
    if not isinstance(given, Sequence) or not all(isinstance(name, str) for name in given):
        raise Refused(question.id, f"an answer to it is the id of an option, got {given!r}")
    chosen = tuple(given)
    known = [option.id for option in question.options]
    for name in chosen:
        if name not in known:
            raise Refused(question.id, f"{name!r} is no option; the options are {', '.join(known)}")
    if len(set(chosen)) != len(chosen):
        raise Refused(question.id, "an option was chosen twice")
    if not chosen:
        raise Refused(question.id, "choose an option first")
    if question.kind != "multiple" and len(chosen) > 1:
        raise Refused(question.id, "has one answer; choose one option")
    said = [_remark(option, option.text, option.id in question.key, option.id in chosen) for option in question.options]
    ordered = sorted(said, key=lambda remark: not remark.chosen)
    in_order = tuple(name for name in known if name in chosen)
    return Mark(question.id, in_order, set(chosen) == set(question.key), answer_words(question), tuple(ordered))


def _remark(part: QuestionOption, text: str, right: bool, chosen: bool) -> Remark:
    return Remark(part.id, text, part.feedback, right, chosen, part.facts, part.regimens)


def _mark_number(question: Question, held: NumberKey, given: Given) -> Mark:
    if isinstance(given, bool) or not isinstance(given, int | float):
        raise Refused(question.id, f"asks for a number in {UNITS[held.unit].spoken}, got {given!r}")
    value = float(given)
    if not math.isfinite(value):
        raise Refused(question.id, "asks for a number that is not infinite")
    right = held.low <= value <= held.high
    parts: tuple[NumberKey | NumberSlip, ...] = (held, *held.slips)
    said = [_number_remark(part, part is held, part.low <= value <= part.high) for part in parts]
    if not any(remark.chosen for remark in said):
        said.append(Remark("otherwise", "any other number", held.otherwise, False, True, held.facts, held.regimens))
    return Mark(
        question.id, value, right, answer_words(question), tuple(sorted(said, key=lambda remark: not remark.chosen))
    )


def _number_remark(part: NumberKey | NumberSlip, right: bool, chosen: bool) -> Remark:
    low, high = number(part.low), number(part.high)
    text = low if low == high else f"{low} to {high}"
    return Remark("number" if right else f"slip_{text}", text, part.feedback, right, chosen, part.facts, part.regimens)


@frozen
class Line:
    """How one item stands. ``right`` is None while it is unanswered."""

    question: str
    topic: str
    objective: str
    right: bool | None


@frozen
class QuizResult:
    """A round of items summed up by objective."""

    lines: tuple[Line, ...]

    @property
    def answered(self) -> int:
        """How many items have an answer."""
        return sum(line.right is not None for line in self.lines)

    @property
    def right(self) -> int:
        """How many answers are right."""
        return sum(bool(line.right) for line in self.lines)

    @property
    def again(self) -> tuple[str, ...]:
        """Objectives of items that were answered, and not rightly."""
        return tuple(line.objective for line in self.lines if line.right is False)

    def __repr__(self) -> str:
        total = len(self.lines)
        if not self.answered:
            return f"Quiz: {total} {'item' if total == 1 else 'items'}, none answered yet"
        said = f"Quiz: {self.right} right of {self.answered} answered"
        return said if self.answered == total else f"{said}, {total - self.answered} open"

    def to_dict(self) -> dict[str, Any]:
        """Return plain data that JSON can hold."""
        return {"right": self.right, "answered": self.answered, "items": [plain(line) for line in self.lines]}


def summary(questions: Iterable[Question], marks: Mapping[str, Mark]) -> QuizResult:
    """Sum up a round.

    Parameters
    ----------
    questions : iterable of Question
        The items of the round, in order.
    marks : mapping of str to Mark
        The marked answers by item id; others are ignored.

    Examples
    --------
    >>> from namlib.store import load
    >>> items = load().questions[:3]
    >>> summary(items, {})
    Quiz: 3 items, none answered yet
    >>> summary(items, {items[1].id: mark(items[1], 66)})
    Quiz: 1 right of 1 answered, 2 open
    """
    return QuizResult(
        tuple(
            Line(held.id, held.topic, held.objective, marks[held.id].right if held.id in marks else None)
            for held in questions
        )
    )
