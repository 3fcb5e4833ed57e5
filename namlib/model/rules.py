"""Three-valued conditions as data, and the explanation of every answer they give.

A condition is what ``data/pathway.yaml`` and ``data/drugs.yaml`` hold: ``{all: [...]}``, ``{any: [...]}``,
``{not: c}``, ``{field: f, is: v}``, ``{field: f, in: [...]}``, ``{field: f, at_least: x}``, ``{field: f, at_most: x}``
or ``{field: f, known: true}``. No condition means always.

The logic is Kleene's strong logic of three values (S. C. Kleene, Introduction to Metamathematics, 1952, section 64): a
question that was not answered is unknown, and unknown is never false. ``known`` alone is always true or false, because
it asks about the answer and not about the patient.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, Literal, TypeVar

from namlib.frozen import frozen
from namlib.model.findings import ADULT_FROM_YEARS, FIELDS, UNANSWERED, Field, Kind, choice_label
from namlib.records import Refused
from namlib.units import number

T = TypeVar("T")
Truth = bool | None
Form = Literal["always", "all", "any", "not", "is", "in", "at_least", "at_most", "known"]

_JOINING = ("all", "any", "not")
_ASKING = ("is", "in", "at_least", "at_most", "known")
_NOT_KNOWN = "not known"


@frozen
class Question:
    """One thing a condition can ask: a key of :func:`namlib.model.findings.findings`.

    ``field`` is the entry of ``FIELDS`` a reader answers to settle it; ``values`` are its possible answers, none for a
    number.
    """

    key: str
    field: str
    label: str
    kind: Kind
    values: tuple[Any, ...] = ()


def _questions() -> dict[str, Question]:
    found = {}
    for name, field in FIELDS.items():
        if field.kind == "set":
            for choice in field.choices:
                key = f"{name}_{choice}"
                found[key] = Question(key, name, choice_label(field, choice), "yes_no", (True, False))
        elif field.kind == "yes_no":
            found[name] = Question(name, name, field.label, "yes_no", (True, False))
        else:
            answers = tuple(choice for choice in field.choices if choice not in UNANSWERED)
            found[name] = Question(name, name, field.label, field.kind, answers)
    age = FIELDS["age_years"]
    found["age_group"] = Question("age_group", age.name, age.label, "choice", ("adult", "paediatric"))
    found["ck_above_limit"] = Question(
        "ck_above_limit", "ck_raised", FIELDS["ck_raised"].label, "yes_no", (True, False)
    )
    return found


# In the order in which a reader is asked, so that lists of missing answers come out the same everywhere.
QUESTIONS: dict[str, Question] = _questions()
_ORDER = {key: place for place, key in enumerate(QUESTIONS)}
# Labels of the form that begin with a person's name.
_NAMES = ("Gottron", "Raynaud")
_AGE_WORDS = {"adult": f"{ADULT_FROM_YEARS:g} years or over", "paediatric": f"under {ADULT_FROM_YEARS:g} years"}


def in_order(keys: Iterable[str]) -> tuple[str, ...]:
    """Put keys of questions in the order in which a reader is asked, each once.

    Examples
    --------
    >>> in_order(["thyroid", "anti_srp", "thyroid"])
    ('anti_srp', 'thyroid')
    """
    return tuple(sorted(set(keys), key=_ORDER.__getitem__))


def said(label: str) -> str:
    """Return a label as it stands inside a sentence: lower case unless it begins with an abbreviation or a name.

    Examples
    --------
    >>> said("Anti-SRP antibody"), said("IgA deficiency"), said("TPMT and NUDT15")
    ('anti-SRP antibody', 'IgA deficiency', 'TPMT and NUDT15')
    >>> said("Raynaud phenomenon")
    'Raynaud phenomenon'
    """
    first = label.split(" ", 1)[0]
    ordinary = (first[1:].islower() or "-" in first) and first not in _NAMES
    return label[0].lower() + label[1:] if ordinary else label


def listed(words: Sequence[str], joint: str = "and") -> str:
    """Join words for a sentence.

    Examples
    --------
    >>> listed(["a"]), listed(["a", "b"]), listed(["a", "b", "c"], "or")
    ('a', 'a and b', 'a, b or c')
    """
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {joint} {words[-1]}"


def answer_words(key: str, value: Any) -> str:
    """Say an answer, with its unit where it is a number.

    Examples
    --------
    >>> answer_words("weakness", "severe"), answer_words("pregnant", False), answer_words("ck_u_per_l", 8200.0)
    ('severe', 'no', '8,200 U/L')
    >>> answer_words("age_group", "paediatric"), answer_words("anti_srp", None)
    ('under 18 years', 'not known')
    """
    question = QUESTIONS[key]
    if value is None:
        return _NOT_KNOWN
    if key == "age_group":
        return _AGE_WORDS[value]
    if question.kind == "yes_no":
        return "yes" if value else "no"
    if question.kind == "number":
        return f"{number(value)} {FIELDS[question.field].unit}"
    return str(value).replace("_", " ")


@frozen
class Evaluation:
    """What a condition came to, as a tree: every part's value, its words, and the answer it read.

    ``reach`` holds the values a part without children can still take once its question is answered.
    """

    value: Truth
    condition: str
    form: Form
    field: str = ""
    read: Any = None
    children: tuple[Evaluation, ...] = ()
    reach: tuple[Truth, ...] = ()

    def words(self) -> str:
        """Say in one line why the condition came out as it did: the parts that decided it, each with its value.

        Examples
        --------
        >>> condition = {"all": [{"field": "anti_srp", "is": "positive"}, {"field": "used_ivig", "is": True}]}
        >>> evaluate(condition, {"anti_srp": "positive", "used_ivig": True}).words()
        'anti-SRP antibody is positive (true) and IVIG already used: yes (true)'
        >>> evaluate(condition, {"anti_srp": "positive"}).words()
        'IVIG already used: yes (not known)'
        """
        if self.form == "always":
            return self.condition
        if not self.children:
            return f"{self.condition} ({self._state()})"
        if self.form == "not":
            return f"not ({self.children[0].words()})"
        telling = self._telling()
        if len(telling) == 1:
            return telling[0].words()
        joint = " and " if self.form == "all" else " or "
        return joint.join(f"({child.words()})" if len(child._telling()) > 1 else child.words() for child in telling)

    def answers(self) -> str:
        """Say the answers that made the value what it is, and no condition: what a reader entered, in short.

        Examples
        --------
        >>> either = {"any": [{"field": "anti_srp", "is": "positive"}, {"field": "weakness", "is": "severe"}]}
        >>> evaluate(either, {"anti_srp": "positive"}).answers(), evaluate(either, {"weakness": "mild"}).answers()
        ('anti-SRP antibody: positive', 'anti-SRP antibody: not known')
        """
        return "; ".join(dict.fromkeys(self._answers()))

    def _answers(self) -> Iterator[str]:
        if self.field:
            yield f"{said(QUESTIONS[self.field].label)}: {answer_words(self.field, self.read)}"
        for child in self.children if self.form == "not" else self._telling():
            yield from child._answers()

    def _telling(self) -> tuple[Evaluation, ...]:
        """The children that made the value what it is: in Kleene's logic, those that share it."""
        return tuple(child for child in self.children if child.value is self.value)

    def _state(self) -> str:
        if self.value is None:
            return _NOT_KNOWN
        if self.value or self.form == "known":
            return "true" if self.value else "false"
        return f"false: {answer_words(self.field, self.read)}"

    def if_asked(self) -> Truth:
        """The value when a question nobody answered stays open even where the condition asks whether it is known.

        ``known`` lets a pathway say "test it" and "it is positive" as two rows. A list that must never take an
        unanswered question for a no needs the other reading.

        Examples
        --------
        >>> positive = [{"field": "hepatitis_b", "known": True}, {"field": "hepatitis_b", "is": "positive"}]
        >>> result = evaluate({"all": positive}, {})
        >>> result.value, result.if_asked() is None
        (False, True)
        """
        if not self.children:
            return None if self.form == "known" and not self.value else self.value
        values = [child.if_asked() for child in self.children]
        return _not(values[0]) if self.form == "not" else (all_of if self.form == "all" else any_of)(values)

    def leaves(self) -> tuple[Evaluation, ...]:
        """The questions it asks, in the order of the condition."""
        return (self,) if not self.children else tuple(leaf for child in self.children for leaf in child.leaves())

    def unknown_fields(self) -> tuple[str, ...]:
        """Name the unanswered questions that could still change the value, in the order of :data:`QUESTIONS`.

        A question that no longer matters, given the answers that are there, is not named. Where one question
        stands in several parts it may be named although those parts cancel out; it is never left out wrongly.

        Examples
        --------
        >>> either = {"any": [{"field": "pregnant", "is": True}, {"field": "diabetes", "is": True}]}
        >>> evaluate(either, {}).unknown_fields(), evaluate(either, {"diabetes": True}).unknown_fields()
        (('pregnant', 'diabetes'), ())
        """
        return in_order(_open_questions(self))


def _reachable(evaluation: Evaluation) -> frozenset[Truth]:
    """Every value the condition has now or can take once open questions are answered."""
    if not evaluation.children:
        return frozenset(evaluation.reach)
    parts = [_reachable(child) for child in evaluation.children]
    if evaluation.form == "not":
        return frozenset(_not(value) for value in parts[0])
    join = all_of if evaluation.form == "all" else any_of
    reached = parts[0]
    for part in parts[1:]:
        reached = frozenset(join((left, right)) for left in reached for right in part)
    return reached


def _open_questions(evaluation: Evaluation) -> set[str]:
    if len(_reachable(evaluation)) == 1:
        return set()
    if not evaluation.children:
        return {evaluation.field}
    return set().union(*(_open_questions(child) for child in evaluation.children))


def _not(value: Truth) -> Truth:
    return None if value is None else not value


def all_of(values: Iterable[Truth]) -> Truth:
    """Join by "and" in Kleene's logic: one false settles it, one unknown leaves it open.

    Examples
    --------
    >>> all_of([True, None]), all_of([False, None]), all_of([])
    (None, False, True)
    """
    result: Truth = True
    for value in values:
        if value is False:
            return False
        if value is None:
            result = None
    return result


def any_of(values: Iterable[Truth]) -> Truth:
    """Join by "or" in Kleene's logic: one true settles it, one unknown leaves it open.

    Examples
    --------
    >>> any_of([False, None]), any_of([True, None]), any_of([])
    (None, True, False)
    """
    result: Truth = False
    for value in values:
        if value is True:
            return True
        if value is None:
            result = None
    return result


Findings = Mapping[str, Any]


@frozen
class Rule:
    """A condition made ready: ``decide`` gives its value fast, :meth:`evaluate` gives the tree of reasons."""

    form: Form
    words: str
    decide: Callable[[Findings], Truth]
    questions: frozenset[str] = frozenset()
    field: str = ""
    parts: tuple[Rule, ...] = ()
    turns: frozenset[Truth] = frozenset()
    limits: tuple[float, ...] = ()

    def evaluate(self, findings: Findings) -> Evaluation:
        """Evaluate every part, also those that no longer matter, and keep the tree."""
        if self.parts:
            children = tuple(part.evaluate(findings) for part in self.parts)
            values = [child.value for child in children]
            value = _not(values[0]) if self.form == "not" else (all_of if self.form == "all" else any_of)(values)
            return Evaluation(value, self.words, self.form, children=children)
        value = self.decide(findings)
        if not self.field:
            return Evaluation(value, self.words, self.form, reach=(value,))
        read = findings.get(self.field)
        reach = (value, *self.turns) if read is None else (value,)
        return Evaluation(value, self.words, self.form, self.field, read, reach=reach)


_EITHER = frozenset({True, False})
_ONLY_TRUE = frozenset({True})
_ALWAYS = Rule("always", "always", lambda findings: True)


def _show(thing: object) -> str:
    text = json.dumps(thing, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else text[:59] + "\N{HORIZONTAL ELLIPSIS}"


def _question(key: object) -> Question:
    if isinstance(key, str) and key in QUESTIONS:
        return QUESTIONS[key]
    from difflib import get_close_matches

    near = get_close_matches(str(key), QUESTIONS, n=1)
    raise Refused("field", f"{_show(key)} is not a finding" + (f"; did you mean {near[0]!r}?" if near else ""))


def _answer(question: Question, form: str, value: Any) -> Any:
    """Refuse a value the question can never be answered with."""
    if question.kind == "number":
        raise Refused(form, f"{question.key} is a number; ask with at_least or at_most")
    if question.kind == "yes_no":
        if not isinstance(value, bool):
            raise Refused(form, f"{_show(value)} is no answer to {question.key}; write true or false")
        return value
    if value in UNANSWERED:
        raise Refused(form, f"{_show(value)} means that nobody knows; ask with known, or with not known")
    if value not in question.values:
        raise Refused(form, f"{_show(value)} is no answer to {question.key}; answers: {', '.join(question.values)}")
    return value


def _limit(question: Question, form: str, value: Any) -> tuple[float, Field]:
    field = FIELDS[question.field]
    if question.kind != "number":
        raise Refused(form, f"{question.key} is not a number; ask with is or in")
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Refused(form, f"{_show(value)} is not a number")
    if not field.low <= value <= field.high:
        accepted = f"{field.low:g} to {field.high:g} {field.unit}"
        raise Refused(form, f"{value:g} is outside what {question.key} accepts ({accepted})")
    return float(value), field


def _asks(question: Question, form: Form, operand: Any) -> Rule:
    key, name = question.key, said(question.label)

    def ready(words: str, test: Callable[[Any], bool], turns: Iterable[bool], limits: tuple[float, ...] = ()) -> Rule:
        def decide(found: Findings) -> Truth:
            read = found.get(key)
            return None if read is None else test(read)

        return Rule(form, f"{name}{words}", decide, frozenset({key}), key, turns=frozenset(turns), limits=limits)

    if form == "known":
        if operand is not True:
            raise Refused("known", f"{_show(operand)}: write known: true, or not around it")
        return Rule(
            form, f"{name} is known", lambda found: found.get(key) is not None, frozenset({key}), key, turns=_ONLY_TRUE
        )
    if form == "is":
        value = _answer(question, form, operand)
        joint = ":" if question.kind == "yes_no" else " is"
        return ready(f"{joint} {answer_words(key, value)}", lambda read: bool(read == value), (True, False))
    if form == "in":
        if isinstance(operand, str) or not isinstance(operand, list | tuple) or not operand:
            raise Refused("in", f"{_show(operand)} is not a list of answers")
        values = frozenset(_answer(question, form, item) for item in operand)
        words = listed([answer_words(key, item) for item in question.values if item in values], "or")
        turns = _ONLY_TRUE if len(values) == len(question.values) else _EITHER
        return ready(f" is {words}", lambda read: read in values, turns)
    limit, field = _limit(question, form, operand)
    shown = answer_words(key, limit)
    if form == "at_least":
        turns = _EITHER if limit > field.low else _ONLY_TRUE
        return ready(f" is at least {shown}", lambda read: bool(read >= limit), turns, (limit,))
    turns = _EITHER if limit < field.high else _ONLY_TRUE
    return ready(f" is at most {shown}", lambda read: bool(read <= limit), turns, (limit,))


def _joins(form: Form, parts: tuple[Rule, ...]) -> Rule:
    deciders = tuple(part.decide for part in parts)

    def decide_not(found: Findings) -> Truth:
        return _not(deciders[0](found))

    def decide_all(found: Findings) -> Truth:
        return all_of(decide(found) for decide in deciders)

    def decide_any(found: Findings) -> Truth:
        return any_of(decide(found) for decide in deciders)

    if form == "not":
        words, decide = f"not ({parts[0].words})", decide_not
    else:
        inner = (f"({part.words})" if part.form in ("all", "any") else part.words for part in parts)
        words = (" and " if form == "all" else " or ").join(inner)
        decide = decide_all if form == "all" else decide_any
    questions = frozenset().union(*(part.questions for part in parts))
    limits = tuple(limit for part in parts for limit in part.limits)
    return Rule(form, words, decide, questions, parts=parts, limits=limits)


def _built(condition: Any) -> Rule:
    if not isinstance(condition, Mapping):
        raise Refused("when", f"{_show(condition)} is not a condition; write all, any, not or field")
    forms = [key for key in condition if key in _JOINING]
    if forms:
        if len(condition) > 1:
            raise Refused("when", f"{_show(dict(condition))} says more than one thing; put the parts under all or any")
        form = forms[0]
        inner = condition[form]
        if form == "not":
            return _joins("not", (_built(inner),))
        if isinstance(inner, str) or not isinstance(inner, list | tuple) or not inner:
            raise Refused(form, f"{_show(inner)} is not a list of conditions with at least one entry")
        return _joins(form, tuple(_built(part) for part in inner))
    if "field" not in condition:
        raise Refused("when", f"{_show(dict(condition))} is not a condition; write all, any, not or field")
    question = _question(condition["field"])
    asked = [key for key in condition if key != "field"]
    if len(asked) != 1 or asked[0] not in _ASKING:
        raise Refused("when", f"{_show(dict(condition))} needs exactly one of {', '.join(_ASKING)} beside field")
    return _asks(question, asked[0], condition[asked[0]])


def by_answers(questions: Sequence[str], judge: Callable[[Findings], T]) -> Callable[[Findings], T]:
    """Remember what a judgement came to for the answers it hangs on: most of a page stays as it is between changes.

    Parameters
    ----------
    questions : sequence of str
        Every question the judgement may look at; it is handed the answers to these and no other.
    judge : callable
        What turns answers into a result that never changes.

    Examples
    --------
    >>> seen = []
    >>> positive = by_answers(["anti_srp"], lambda found: seen.append(1) or found["anti_srp"] == "positive")
    >>> positive({"anti_srp": "positive", "sex": "male"}), positive({"anti_srp": "positive"}), len(seen)
    (True, True, 1)
    """

    @lru_cache(maxsize=256)
    def told(answers: tuple[Any, ...]) -> T:
        return judge(dict(zip(questions, answers, strict=True)))

    def judged(findings: Findings) -> T:
        get = findings.get
        return told(tuple([get(key) for key in questions]))

    return judged


@lru_cache(maxsize=1024)
def _from_text(text: str) -> Rule:
    return _built(json.loads(text))


def rule(condition: Any) -> Rule:
    """Make a condition ready for use; the same condition is made only once.

    Raises
    ------
    Refused
        If the condition is malformed, or asks for a finding or an answer that does not exist.

    Examples
    --------
    >>> rule({"not": {"field": "hepatitis_b", "known": True}}).decide({})
    True
    """
    if condition is None:
        return _ALWAYS
    try:
        text = json.dumps(condition)
    except (TypeError, ValueError):
        raise Refused("when", f"{_show(condition)} is not plain data") from None
    return _from_text(text)


def check(condition: Any) -> None:
    """Refuse a malformed condition; ``None`` means always and passes.

    Raises
    ------
    Refused
        Naming the part and the reason.

    Examples
    --------
    >>> check({"field": "anti_spr", "is": "positive"})
    Traceback (most recent call last):
    namlib.records.Refused: field: "anti_spr" is not a finding; did you mean 'anti_srp'?
    """
    rule(condition)


def evaluate(condition: Any, findings: Findings) -> Evaluation:
    """Evaluate a condition and keep the tree of reasons.

    Parameters
    ----------
    condition : mapping or None
        As described at the top of this module; ``None`` is always true.
    findings : mapping
        As :func:`namlib.model.findings.findings` lays it out. A missing key counts as not answered.

    Raises
    ------
    Refused
        If the condition is malformed.

    Examples
    --------
    >>> evaluate({"field": "weakness", "in": ["moderate", "severe"]}, {"weakness": "mild"}).words()
    'severity of weakness is moderate or severe (false: mild)'
    >>> evaluate({"not": {"field": "anti_hmgcr", "is": "positive"}}, {}).value is None
    True
    """
    return rule(condition).evaluate(findings)
