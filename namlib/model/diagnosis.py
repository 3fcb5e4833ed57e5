"""Two sets of classification criteria worked out for one patient, side by side: ENMC 2016 and EULAR/ACR 2017.

The items, weights, cut-offs and remarks are ``data/criteria/``; this module holds the logic between them. It is
Kleene's three-valued logic throughout (see :mod:`namlib.model.rules`): what was not answered is unknown and never
counts as absent, so a score is an interval and a class may stay open.

Sources of the method: the logic of the ENMC 2016 items as rows ``enmc_...`` of the ledger state it; score, cut-offs
and logistic form of EULAR/ACR 2017 as rows ``eular_...`` state them. Both are classification criteria for studies.
Nothing here is a diagnosis.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import product
from math import exp
from typing import Any, Literal

from namlib.frozen import Itself, frozen
from namlib.model.rules import Rule, Truth, all_of, by_answers, in_order, listed, rule, said
from namlib.records import Criteria, CriteriaItem, CriteriaLabel, Remark, ScoreModel
from namlib.table import html, html_table
from namlib.units import number

Findings = Mapping[str, Any]
EnmcLabel = Literal[
    "anti_srp_myopathy",
    "anti_hmgcr_myopathy",
    "antibody_negative_imnm",
    "dual_positive_review",
    "biopsy_needed",
    "incomplete_serology",
    "not_met",
    "not_enough_known",
]
ScoreClass = Literal["not IIM", "possible", "probable", "definite"]

# Items of this group are no items of the criteria: they say whether the criteria may be used at all.
APPLIES = "applies"
# The items of this group exclude one another, so at most one of them can be met.
ONE_AGE = "age"
CLASSES: tuple[ScoreClass, ...] = ("not IIM", "possible", "probable", "definite")
# The labels under which IMNM was found, whatever the antibody.
IMNM_LABELS: tuple[EnmcLabel, ...] = (
    "anti_srp_myopathy",
    "anti_hmgcr_myopathy",
    "antibody_negative_imnm",
    "dual_positive_review",
)
# Answers the criteria do not have and a reader needs; the labels they do have carry their words in the data.
TITLES: dict[str, str] = {
    "dual_positive_review": "dual positive: review",
    "biopsy_needed": "biopsy needed",
    "incomplete_serology": "incomplete serology",
    "not_met": "not met",
    "not_enough_known": "not enough known yet",
}
MET_WORDS: dict[Truth, str] = {True: "met", False: "not met", None: "not known"}


def once(items: Iterable[str]) -> tuple[str, ...]:
    """Keep the first of each.

    Examples
    --------
    >>> once(["a", "b", "a"])
    ('a', 'b')
    """
    return tuple(dict.fromkeys(items))


# --- items, made ready ---------------------------------------------------------------------------------------------


@frozen
class ItemResult:
    """One item for one patient. ``met`` is ``None`` where it is not known; ``missing`` names what could settle it."""

    item: CriteriaItem
    met: bool | None
    why: str
    missing: tuple[str, ...]

    def __repr__(self) -> str:
        return f"{self.item.label}: {MET_WORDS[self.met]} ({self.why})"

    def to_dict(self) -> dict[str, Any]:
        """Return plain data that JSON can hold."""
        return {
            "item": self.item.id,
            "label": self.item.label,
            "met": self.met,
            "why": self.why,
            "missing": list(self.missing),
            "test": self.item.test,
            "facts": list(self.item.facts),
        }


@frozen
class RemarkResult:
    """One remark that applies: what stops or qualifies the answer, and why it is said."""

    remark: Remark
    why: str

    def __repr__(self) -> str:
        return f"{self.remark.kind}: {self.remark.words}"

    def to_dict(self) -> dict[str, Any]:
        """Return plain data that JSON can hold."""
        return {
            "remark": self.remark.id,
            "kind": self.remark.kind,
            "words": self.remark.words,
            "test": self.remark.test,
            "why": self.why,
            "facts": list(self.remark.facts),
        }


Told = tuple[Truth, str, tuple[str, ...]]


@frozen
class Ready:
    """A condition of the data made ready: ``questions`` in the order in which a reader is asked.

    ``read`` gives value, reason and the questions that could settle it, for a patient.
    """

    rule: Rule
    questions: tuple[str, ...]
    read: Callable[[Findings], Told]

    def open_questions(self, findings: Findings) -> list[str]:
        """Name every question of the condition that was not answered, also those that no longer matter."""
        get = findings.get
        return [key for key in self.questions if get(key) is None]


def ready(condition: Any) -> Ready:
    """Make a condition of the data ready."""
    made = rule(condition)
    questions = in_order(made.questions)

    def told(answers: Findings) -> Told:
        evaluation = made.evaluate(answers)
        return evaluation.value, evaluation.answers(), evaluation.unknown_fields()

    return Ready(made, questions, by_answers(questions, told))


def _judge(item: CriteriaItem, made: Ready) -> Callable[[Findings], ItemResult]:
    return by_answers(made.questions, lambda answers: ItemResult(item, *made.read(answers)))


@frozen
class Compiled:
    """A set of criteria with every condition ready."""

    criteria: Criteria
    items: tuple[tuple[CriteriaItem, Ready], ...]
    remarks: tuple[tuple[Remark, Ready], ...]
    judges: tuple[Callable[[Findings], ItemResult], ...]
    applies: tuple[Callable[[Findings], ItemResult], ...]

    def results(self, findings: Findings) -> tuple[ItemResult, ...]:
        """Evaluate every item of the criteria."""
        return tuple([judge(findings) for judge in self.judges])

    def preconditions(self, findings: Findings) -> tuple[ItemResult, ...]:
        """Evaluate what must hold before the criteria may be used."""
        return tuple([judge(findings) for judge in self.applies])

    def said(self, findings: Findings, label: str) -> tuple[RemarkResult, ...]:
        """Evaluate the remarks of a label. A remark that names no label belongs to all but ``not_met``."""
        found = []
        for remark, made in self.remarks:
            belongs = label in remark.labels if remark.labels else label != "not_met"
            if belongs and made.rule.decide(findings):
                found.append(RemarkResult(remark, made.read(findings)[1]))
        return tuple(found)


def compiled(criteria: Criteria) -> Compiled:
    """Make a set of criteria ready, once for each record."""
    return _compiled(Itself(criteria))


@lru_cache(maxsize=16)
def _compiled(same: Itself[Criteria]) -> Compiled:
    criteria = same.held
    pairs = [(item, ready(item.when)) for item in criteria.items]
    items = tuple(pair for pair in pairs if pair[0].group != APPLIES)
    return Compiled(
        criteria,
        items,
        tuple((remark, ready(remark.when)) for remark in criteria.remarks),
        tuple(_judge(*pair) for pair in items),
        tuple(_judge(*pair) for pair in pairs if pair[0].group == APPLIES),
    )


def unanswered(parts: Iterable[tuple[CriteriaItem, Ready]], findings: Findings) -> tuple[str, ...]:
    """Name every unanswered question of some items, in the order in which a reader is asked.

    A question stays named although another answer made it moot. So adding an answer never takes away one that it did
    not give.
    """
    return in_order(key for _, made in parts for key in made.open_questions(findings))


def items_table(caption: str, items: Sequence[ItemResult], note: str) -> str:
    """Show items as a table: item, met or not, why, and what is missing."""
    rows = [
        (part.item.label, MET_WORDS[part.met], part.why, "" if part.met is not None else part.item.test)
        for part in items
    ]
    return (
        html_table(caption, ["item", "for this patient", "why", "what would tell"], rows)
        + f"<p><small>{html(note)}</small></p>"
    )


def remarks_list(remarks: Sequence[RemarkResult]) -> str:
    """Show remarks as a list, stops first as they come."""
    if not remarks:
        return ""
    shown = "".join(
        f"<li><b>{'Stop' if part.remark.kind == 'stop' else 'Note'}:</b> {html(part.remark.words)}"
        + (f" <i>What would tell: {html(part.remark.test)}.</i>" if part.remark.test else "")
        + "</li>"
        for part in remarks
    )
    return f"<ul>{shown}</ul>"


# --- ENMC 2016 -----------------------------------------------------------------------------------------------------


@frozen
class Enmc2016:
    """What the ENMC 2016 criteria say of one patient.

    ``missing`` names every unanswered question of an item. ``deciding`` names those whose answer could still change
    the label, and ``possible`` the labels that full answers to the items can still lead to. ``stops`` and
    ``qualifications`` are said beside the label; only another, better explanation takes the label away.
    """

    label: EnmcLabel
    title: str
    because: str
    items: tuple[ItemResult, ...]
    missing: tuple[str, ...]
    deciding: tuple[str, ...]
    possible: tuple[EnmcLabel, ...]
    next_test: str
    stops: tuple[RemarkResult, ...]
    qualifications: tuple[RemarkResult, ...]
    preconditions: tuple[ItemResult, ...]
    facts: tuple[str, ...]
    criteria: Criteria

    @property
    def is_imnm(self) -> bool | None:
        """Whether the label is one of IMNM; ``None`` while it is open."""
        return True if self.label in IMNM_LABELS else False if self.label == "not_met" else None

    def __repr__(self) -> str:
        parts = [f"{self.criteria.name}: {self.title}"]
        if self.stops:
            parts.append(f"stop: {listed([part.remark.short for part in self.stops])}")
        if self.next_test:
            parts.append(f"next: {self.next_test}")
        return "; ".join(parts)

    def _repr_html_(self) -> str:
        return (
            items_table(f"{self.criteria.name}: {self.title}", self.items, self.criteria.caveat)
            + f"<p>{html(self.because)}"
            + (f" Next: {html(self.next_test)}." if self.next_test else "")
            + f"</p>{remarks_list((*self.stops, *self.qualifications))}"
        )

    def to_dict(self) -> dict[str, Any]:
        """Return plain data that JSON can hold."""
        return {
            "criteria": self.criteria.id,
            "label": self.label,
            "title": self.title,
            "because": self.because,
            "items": [part.to_dict() for part in self.items],
            "missing": list(self.missing),
            "deciding": list(self.deciding),
            "possible": list(self.possible),
            "next_test": self.next_test,
            "stops": [part.to_dict() for part in self.stops],
            "qualifications": [part.to_dict() for part in self.qualifications],
            "preconditions": [part.to_dict() for part in self.preconditions],
            "facts": list(self.facts),
        }


def _fits(label: CriteriaLabel, met: Mapping[str, Truth]) -> Truth:
    """Whether a label of the criteria fits, in Kleene's logic."""
    parts = [met[name] for name in label.met] + [None if met[name] is None else not met[name] for name in label.absent]
    return all_of(parts)


@frozen
class _Enmc:
    """The labels of the criteria, read once: what all of them need, and the antibodies that name two of them."""

    common: tuple[str, ...]
    naming: dict[str, str]
    without: CriteriaLabel
    biopsy: str


@lru_cache(maxsize=16)
def _enmc(same: Itself[Criteria]) -> _Enmc:
    labels = same.held.labels
    without = next(label for label in labels if label.absent)
    common = tuple(name for name in without.met if all(name in label.met for label in labels))
    naming = {
        next(name for name in label.met if name in without.absent): label.id for label in labels if not label.absent
    }
    return _Enmc(common, naming, without, next(name for name in without.met if name not in common))


def _final(known: _Enmc, met: Mapping[str, Truth]) -> EnmcLabel | None:
    """The label that the items lead to, or ``None`` where they leave it open."""
    if any(met[name] is False for name in known.common):
        return "not_met"
    positive = [name for name in known.naming if met[name] is True]
    negative = all(met[name] is False for name in known.naming)
    if negative and met[known.biopsy] is False:
        return "not_met"
    if any(met[name] is None for name in known.common):
        return None
    if len(positive) > 1:
        return "dual_positive_review"
    if positive:
        return known.naming[positive[0]]  # type: ignore[return-value]
    return "antibody_negative_imnm" if _fits(known.without, met) else None


def _open_label(known: _Enmc, met: Mapping[str, Truth]) -> EnmcLabel:
    if any(met[name] is None for name in known.common):
        return "not_enough_known"
    return "incomplete_serology" if any(met[name] is None for name in known.naming) else "biopsy_needed"


@lru_cache(maxsize=512)
def _reach(
    same: Itself[Criteria], values: tuple[Truth, ...]
) -> tuple[EnmcLabel, tuple[EnmcLabel, ...], tuple[str, ...]]:
    """Try all answers: the label now, the labels still possible, and the items whose answer could change the label."""
    known = _enmc(same)
    names = [item.id for item in same.held.items if item.group != APPLIES]
    met = dict(zip(names, values, strict=True))
    open_items = [name for name in names if met[name] is None]
    ends: dict[tuple[bool, ...], EnmcLabel] = {}
    for answers in product((True, False), repeat=len(open_items)):
        end = _final(known, met | dict(zip(open_items, answers, strict=True)))
        assert end is not None, "full answers always lead to a label"
        ends[answers] = end
    changing = tuple(
        name
        for place, name in enumerate(open_items)
        if any(
            end != ends[(*answers[:place], not answers[place], *answers[place + 1 :])] for answers, end in ends.items()
        )
    )
    label = _final(known, met) or _open_label(known, met)
    return label, tuple(dict.fromkeys(ends.values())), changing


def enmc2016(findings: Findings, criteria: Criteria) -> Enmc2016:
    """Label a patient by the ENMC 2016 criteria, and say what is known, what is not and what would decide.

    Parameters
    ----------
    findings : mapping
        As :func:`namlib.model.findings.findings` lays them out.
    criteria : Criteria
        ``data/criteria/enmc_2016.yaml``.

    Returns
    -------
    Enmc2016
        ``biopsy_needed``, ``incomplete_serology``, ``dual_positive_review`` and ``not_enough_known`` are answers of
        this course that the criteria do not have.

    Notes
    -----
    Items as rows ``enmc_srp_items``, ``enmc_hmgcr_items`` and ``enmc_negative_items`` state them. The one next test
    is the first open one of CK, strength, antibodies, biopsy; where a label of IMNM is there, it is the test that the
    first stop asks for, or else the antibody that could still change the label. That nothing explains it better is the
    clinician's judgement: said to be otherwise, the label is ``not_met``; not said, it is a qualification and no stop.

    Examples
    --------
    >>> from namlib.model.findings import findings
    >>> from namlib.store import load
    >>> criteria = next(item for item in load().criteria if item.id == "enmc_2016")
    >>> enmc2016(findings({"ck_u_per_l": 8200.0, "proximal_weakness": True, "anti_srp": "negative"}), criteria)
    ENMC 2016: incomplete serology; next: anti-HMGCR antibody
    """
    made = compiled(criteria)
    items = made.results(findings)
    preconditions = made.preconditions(findings)
    excluded = any(part.met is False for part in preconditions)
    label, possible, changing = _reach(Itself(criteria), tuple([part.met for part in items]))
    if excluded:
        label, possible, changing = "not_met", ("not_met",), ()
    remarks = made.said(findings, label)
    deciding = once(key for part in items if part.item.id in changing for key in part.missing)
    words = {item.id: item.label for item in criteria.labels}
    title = words[label] if label in words else TITLES[label]
    return Enmc2016(
        label=label,
        title=title,
        because=_because(label, items, excluded, remarks),
        items=items,
        missing=unanswered(made.items, findings),
        deciding=deciding,
        possible=possible,
        next_test=_next_test(label, items, changing, remarks),
        stops=tuple(part for part in remarks if part.remark.kind == "stop"),
        qualifications=tuple(part for part in remarks if part.remark.kind != "stop"),
        preconditions=preconditions,
        facts=once(
            fact
            for facts in (*(part.item.facts for part in items), *(part.remark.facts for part in remarks))
            for fact in facts
        ),
        criteria=criteria,
    )


def _next_test(
    label: EnmcLabel, items: Sequence[ItemResult], changing: Sequence[str], remarks: Sequence[RemarkResult]
) -> str:
    if label == "not_met":
        return ""
    if label in IMNM_LABELS:
        asked = [part.remark for part in remarks if part.remark.test]
        for_it = [remark.test for remark in asked if remark.kind == "stop"]
        if label == "dual_positive_review":
            for_it += [remark.test for remark in asked if label in remark.labels]
        if for_it:
            return for_it[0]
    waiting = [part.item for part in items if part.item.id in changing]
    return listed(once(item.test for item in waiting if item.group == waiting[0].group))


_SAID: dict[EnmcLabel, str] = {
    "anti_srp_myopathy": "With the antibody no biopsy is required",
    "anti_hmgcr_myopathy": "With the antibody no biopsy is required",
    "antibody_negative_imnm": "Both antibodies were looked for and are negative, so the biopsy carries the label",
    "dual_positive_review": "Both antibodies are positive, and the criteria do not say which form that is",
    "biopsy_needed": "Both antibodies are negative, so only a biopsy can carry the label",
    "incomplete_serology": "An antibody that was not tested is not a negative one",
    "not_enough_known": "CK and strength come first",
}


def _because(label: EnmcLabel, items: Sequence[ItemResult], excluded: bool, said_of_it: Sequence[RemarkResult]) -> str:
    named = {value: [said(part.item.label) for part in items if part.met is value] for value in (True, False, None)}
    told = []
    if excluded:
        told.append("Another disease explains it better, as was stated, so the criteria do not apply")
    elif label == "not_met":
        told.append("What a label needs is not there")
    else:
        told.append(_SAID[label])
    told += [f"{MET_WORDS[value].capitalize()}: {listed(names)}" for value, names in named.items() if names]
    # What belongs to this answer alone, such as raised CK before any weakness, is part of the reason.
    told += [
        part.remark.words.rstrip(".") for part in said_of_it if label == "not_met" and part.remark.kind == "qualify"
    ]
    told += [
        f"Stop: {part.remark.words.rstrip('.')}" for part in said_of_it if part.remark.kind == "stop" and not excluded
    ]
    return ". ".join(told) + "."


# --- EULAR/ACR 2017 ------------------------------------------------------------------------------------------------


@frozen
class ScoredItem:
    """One item of the score. ``points`` is its weight in the model used, ``None`` where that model has no such item.

    ``contribution_low`` and ``contribution_high`` differ while the item is not known.
    """

    item: CriteriaItem
    met: bool | None
    points: float | None
    contribution_low: float
    contribution_high: float
    why: str
    missing: tuple[str, ...]

    def __repr__(self) -> str:
        if self.points is None:
            return f"{self.item.label}: no item of this model"
        return f"{self.item.label}: {MET_WORDS[self.met]}, {_between(self.contribution_low, self.contribution_high)}"

    def to_dict(self) -> dict[str, Any]:
        """Return plain data that JSON can hold."""
        return {
            "item": self.item.id,
            "label": self.item.label,
            "met": self.met,
            "points": self.points,
            "contribution_low": self.contribution_low,
            "contribution_high": self.contribution_high,
            "why": self.why,
            "missing": list(self.missing),
            "test": self.item.test,
            "facts": list(self.item.facts),
        }


@frozen
class EularAcr2017:
    """What the EULAR/ACR 2017 criteria say of one patient, in one of their two models.

    Low is what is known to be met, high adds everything that is still unknown; every full set of answers lies
    between. The class is taken from the score; ``class_by_probability_...`` shows where the rounded cut-offs and the
    formula part.
    """

    class_low: ScoreClass
    class_high: ScoreClass
    score_low: float
    score_high: float
    probability_low: float
    probability_high: float
    class_by_probability_low: ScoreClass
    class_by_probability_high: ScoreClass
    model: ScoreModel
    title: str
    because: str
    items: tuple[ScoredItem, ...]
    missing: tuple[str, ...]
    deciding: tuple[str, ...]
    applies: bool | None
    applies_words: str
    facts: tuple[str, ...]
    criteria: Criteria

    @property
    def settled(self) -> bool:
        """Whether no answer that is still missing could change the class."""
        return self.class_low == self.class_high

    @property
    def score_words(self) -> str:
        """The score as it is read aloud: one number, or the lowest and the highest."""
        return _between(self.score_low, self.score_high)

    @property
    def biopsy(self) -> bool:
        """Whether this is the model with biopsy."""
        return self.model.id == "biopsy"

    def __repr__(self) -> str:
        parts = [
            f"{self.criteria.name}, {self.model.name}: {self.title}",
            f"score {self.score_words}",
            f"probability {_percent(self.probability_low, self.probability_high)}",
        ]
        if self.applies is False:
            parts.append("does not apply: a better explanation exists")
        return "; ".join(parts)

    def _repr_html_(self) -> str:
        rows = [
            (
                part.item.label,
                MET_WORDS[part.met],
                number(part.points or 0),
                _between(part.contribution_low, part.contribution_high),
                part.why,
                "" if part.met is not None else part.item.test,
            )
            for part in self.items
            if part.points is not None
        ]
        headers = ["item", "for this patient", "weight", "points", "why", "what would tell"]
        return (
            html_table(f"{self.criteria.name}, {self.model.name}: {self.title}", headers, rows)
            + f"<p>{html(self.because)} {html(self.applies_words)}</p>"
            + f"<p><small>{html(self.criteria.caveat)}</small></p>"
        )

    def to_dict(self) -> dict[str, Any]:
        """Return plain data that JSON can hold."""
        return {
            "criteria": self.criteria.id,
            "model": self.model.id,
            "title": self.title,
            "because": self.because,
            "score": [self.score_low, self.score_high],
            "probability": [self.probability_low, self.probability_high],
            "class": [self.class_low, self.class_high],
            "class_by_probability": [self.class_by_probability_low, self.class_by_probability_high],
            "settled": self.settled,
            "items": [part.to_dict() for part in self.items],
            "missing": list(self.missing),
            "deciding": list(self.deciding),
            "applies": self.applies,
            "applies_words": self.applies_words,
            "facts": list(self.facts),
        }


def _between(low: float, high: float) -> str:
    return f"{low:.1f}" if low == high else f"{low:.1f} to {high:.1f}"


def _percent(low: float, high: float) -> str:
    first, last = f"{100 * low:.0f}", f"{100 * high:.0f}"
    return f"{first}%" if first == last else f"{first} to {last}%"


def _tenths(points: float) -> int:
    """Weights and cut-offs have one decimal; sums of tenths are exact where sums of binary fractions are not."""
    return round(points * 10)


def cut_offs(model: ScoreModel) -> tuple[int, int, int]:
    """The lowest score of each class, in tenths of a point."""
    return _tenths(model.possible), _tenths(model.probable), _tenths(model.definite)


def probability(score: float, model: ScoreModel) -> float:
    """Probability of inflammatory myopathy that a score stands for.

    Parameters
    ----------
    score : float
        Sum of the weights [points].
    model : ScoreModel
        Its ``constant`` is the score at which the probability is one half.

    Returns
    -------
    float
        1/(1 + exp(constant - score)), between 0 and 1. For display only: the constants are recalled (row
        ``eular_formula``).

    Examples
    --------
    >>> bars = (5.3, 5.5, 7.5, 0.5, 0.55, 0.9)
    >>> model = ScoreModel("no_biopsy", "without biopsy", 5.33, *bars, ("eular_formula",), "recalled")
    >>> round(probability(5.8, model), 4)
    0.6154
    """
    return 1 / (1 + exp(model.constant - score))


def _class_by_probability(chance: float, model: ScoreModel) -> ScoreClass:
    bars = (model.possible_probability, model.probable_probability, model.definite_probability)
    return CLASSES[sum(chance >= bar for bar in bars)]


def _class_of(tenths: int, bars: Sequence[int]) -> ScoreClass:
    return CLASSES[sum(tenths >= bar for bar in bars)]


def _weight(item: CriteriaItem, model: ScoreModel) -> float | None:
    return item.points_biopsy if model.id == "biopsy" else item.points


def _sums(known: int, weights: Iterable[int]) -> int:
    """All sums that unknown items can still lead to, as the set bits of one whole number: quick to try."""
    reached = 1 << known
    for weight in weights:
        reached |= reached << weight
    return reached


def _changes(reached: int, weight: int, bars: Sequence[int]) -> bool:
    """Whether adding a weight to one of the sums crosses a cut-off."""
    return any(reached & (((1 << weight) - 1) << max(bar - weight, 0)) & ((1 << bar) - 1) for bar in bars)


def eular_acr2017(findings: Findings, criteria: Criteria, biopsy: bool | None = None) -> EularAcr2017:
    """Score a patient by the EULAR/ACR 2017 criteria.

    Parameters
    ----------
    findings : mapping
        As :func:`namlib.model.findings.findings` lays them out.
    criteria : Criteria
        ``data/criteria/eular_acr_2017.yaml``.
    biopsy : bool, optional
        Which model to use. Left out, the one with biopsy if a biopsy has been reported, else the one without.

    Returns
    -------
    EularAcr2017
        Score [points] and probability as intervals: from what is known to be met, to that plus everything unknown.

    Notes
    -----
    Weights and cut-offs as rows ``eular_weights``, ``eular_age_weights`` and ``eular_score_bands`` state them; sums
    in whole tenths of a point. ``deciding`` is exact: a question is named if, for some answers to the others, its
    answer changes the class.

    Examples
    --------
    >>> from namlib.model.findings import findings
    >>> from namlib.store import load
    >>> criteria = next(item for item in load().criteria if item.id == "eular_acr_2017")
    >>> eular_acr2017(findings({"onset_age_years": 65.0, "ck_raised": True}), criteria)
    EULAR/ACR 2017, without biopsy: open, not IIM to definite; score 3.4 to 20.8; probability 13 to 100%
    """
    if biopsy is None:
        biopsy = findings.get("muscle_biopsy") is not None
    model = next(model for model in criteria.models if (model.id == "biopsy") is biopsy)
    made = compiled(criteria)
    return _scored(made, model, findings, made.results(findings))


def _scored(made: Compiled, model: ScoreModel, findings: Findings, results: Sequence[ItemResult]) -> EularAcr2017:
    bars = cut_offs(model)
    items: list[ScoredItem] = []
    open_weights: list[tuple[int, ItemResult]] = []
    ages: list[tuple[int, ItemResult]] = []
    low = 0
    for result in results:
        points = _weight(result.item, model)
        weight = 0 if points is None else _tenths(points)
        sure, hoped = (weight if result.met else 0), (0 if result.met is False else weight)
        low += sure
        if result.met is None and weight:
            # The items of age share one question and exclude each other: together they are worth the heaviest of them.
            (ages if result.item.group == ONE_AGE else open_weights).append((weight, result))
        items.append(
            ScoredItem(
                result.item,
                result.met,
                points,
                sure / 10,
                hoped / 10,
                result.why,
                () if points is None else result.missing,
            )
        )
    if ages:
        open_weights.append(max(ages, key=lambda pair: pair[0]))
    high = low + sum(weight for weight, _ in open_weights)
    deciding = _deciding(low, open_weights, [weight for weight, _ in ages], bars)
    score_low, score_high = low / 10, high / 10
    chance_low, chance_high = probability(score_low, model), probability(score_high, model)
    class_low, class_high = _class_of(low, bars), _class_of(high, bars)
    preconditions = made.preconditions(findings)
    applies = all_of(part.met for part in preconditions)
    title = class_low if class_low == class_high else f"open, {class_low} to {class_high}"
    return EularAcr2017(
        class_low=class_low,
        class_high=class_high,
        score_low=score_low,
        score_high=score_high,
        probability_low=chance_low,
        probability_high=chance_high,
        class_by_probability_low=_class_by_probability(chance_low, model),
        class_by_probability_high=_class_by_probability(chance_high, model),
        model=model,
        title=title,
        because=_score_sentence(model, items, score_low, score_high, title),
        items=tuple(items),
        missing=unanswered((pair for pair in made.items if _weight(pair[0], model) is not None), findings),
        deciding=deciding,
        applies=applies,
        applies_words=_APPLIES_WORDS[applies],
        facts=once(
            fact
            for facts in (
                model.facts,
                *(part.item.facts for part in items if part.points is not None),
                *(part.item.facts for part in preconditions),
            )
            for fact in facts
        ),
        criteria=made.criteria,
    )


_APPLIES_WORDS: dict[Truth, str] = {
    True: "Nothing explains it better, as was stated, so the score may be used.",
    False: "Another disease explains it better, as was stated, so the score must not be used.",
    None: "The score counts only where nothing else explains it better; that has not been stated.",
}


def _deciding(
    known: int, open_items: Sequence[tuple[int, ItemResult]], ages: Sequence[int], bars: Sequence[int]
) -> tuple[str, ...]:
    """Questions whose answer could still change the class, the heaviest first."""
    found = []
    for weight, result in sorted(open_items, key=lambda pair: -pair[0]):
        others = [other for other, part in open_items if part is not result and part.item.group != ONE_AGE]
        reached = _sums(known, others)
        if ages and result.item.group != ONE_AGE:
            reached |= _any_shift(reached, ages)
        if _changes(reached, weight, bars):
            found.append(result)
    return once(key for result in found for key in result.missing)


def _any_shift(reached: int, weights: Iterable[int]) -> int:
    shifted = reached
    for weight in weights:
        shifted |= reached << weight
    return shifted


def _score_sentence(model: ScoreModel, items: Sequence[ScoredItem], low: float, high: float, title: str) -> str:
    counted = [f"{said(part.item.label)} {number(part.contribution_low)}" for part in items if part.met and part.points]
    sum_words = " + ".join(counted) or "no item is known to be met"
    told = [
        f"{model.name.capitalize()}: {sum_words} = {low:.1f} points"
        if counted
        else f"{model.name.capitalize()}: {sum_words}, {low:.1f} points",
        f"Possible from {number(model.possible)}, probable from {number(model.probable)}, "
        f"definite from {number(model.definite)}",
    ]
    if low != high:
        told.append(f"Up to {high:.1f} with everything that is not known")
    return ". ".join([*told, f"Class: {title}"]) + "."


# --- side by side --------------------------------------------------------------------------------------------------


@frozen
class Reason:
    """One reason why the two sets of criteria part, or agree, on this patient."""

    id: str
    words: str
    facts: tuple[str, ...]

    def __repr__(self) -> str:
        return self.words

    def to_dict(self) -> dict[str, Any]:
        """Return plain data that JSON can hold."""
        return {"id": self.id, "words": self.words, "facts": list(self.facts)}


@frozen
class Comparison:
    """ENMC 2016 and both models of EULAR/ACR 2017 on the same patient, and why they part.

    ``used`` is the model that belongs to what has been done: with biopsy if one has been reported.
    """

    enmc: Enmc2016
    without_biopsy: EularAcr2017
    with_biopsy: EularAcr2017
    used: EularAcr2017
    agree: bool | None
    reasons: tuple[Reason, ...]

    @property
    def facts(self) -> tuple[str, ...]:
        """Ids of every fact behind the two answers and the reasons."""
        return once((*self.enmc.facts, *self.used.facts, *(fact for reason in self.reasons for fact in reason.facts)))

    def __repr__(self) -> str:
        verdict = {True: "they agree", False: "they part", None: "open whether they agree"}[self.agree]
        return f"ENMC 2016: {self.enmc.title}; EULAR/ACR 2017, {self.used.model.name}: {self.used.title}; {verdict}"

    def _repr_html_(self) -> str:
        rows = [
            (self.enmc.criteria.name, self.enmc.title, self.enmc.because),
            *(
                (f"{part.criteria.name}, {part.model.name}", part.title, part.because)
                for part in (self.without_biopsy, self.with_biopsy)
            ),
        ]
        reasons = "".join(f"<li>{html(reason.words)}</li>" for reason in self.reasons)
        return html_table("The same patient by both sets of criteria", ["criteria", "answer", "because"], rows) + (
            f"<ul>{reasons}</ul>" if reasons else ""
        )

    def to_dict(self) -> dict[str, Any]:
        """Return plain data that JSON can hold."""
        return {
            "summary": repr(self),
            "enmc": self.enmc.to_dict(),
            "without_biopsy": self.without_biopsy.to_dict(),
            "with_biopsy": self.with_biopsy.to_dict(),
            "used": self.used.model.id,
            "agree": self.agree,
            "reasons": [reason.to_dict() for reason in self.reasons],
        }


def compare(findings: Findings, enmc_criteria: Criteria, eular_criteria: Criteria) -> Comparison:
    """Put both sets of criteria side by side for one patient and say why they part.

    Parameters
    ----------
    findings : mapping
        As :func:`namlib.model.findings.findings` lays them out.
    enmc_criteria, eular_criteria : Criteria
        ``data/criteria/enmc_2016.yaml`` and ``data/criteria/eular_acr_2017.yaml``.

    Notes
    -----
    They agree where ENMC finds IMNM and EULAR/ACR at least a probable case, or neither finds any. Probable is the
    least that the authors of EULAR/ACR recommend (row ``eular_probability_bands``). While a stop stands beside the
    ENMC answer, it is open whether they agree. The reasons are worked out from the two results.

    Examples
    --------
    >>> from namlib.model.findings import findings
    >>> from namlib.store import load
    >>> known = {item.id: item for item in load().criteria}
    >>> child = {"ck_u_per_l": 8200.0, "weak_proximal_legs": True, "anti_srp": "positive", "onset_age_years": 12.0}
    >>> case = findings(child)
    >>> [reason.id for reason in compare(case, known["enmc_2016"], known["eular_acr_2017"]).reasons]
    ['antibody_no_points', 'child_no_age_points', 'open']
    """
    enmc = enmc2016(findings, enmc_criteria)
    made = compiled(eular_criteria)
    results = made.results(findings)
    by_model = {model.id: _scored(made, model, findings, results) for model in eular_criteria.models}
    without, with_biopsy = by_model["no_biopsy"], by_model["biopsy"]
    used = with_biopsy if findings.get("muscle_biopsy") is not None else without
    agree = _agree(enmc, used)
    reasons = tuple(_reasons(findings, enmc, without, with_biopsy, used, agree))
    return Comparison(enmc, without, with_biopsy, used, agree, reasons)


_CASE = CLASSES.index("probable")


def _agree(enmc: Enmc2016, used: EularAcr2017) -> Truth:
    low, high = (CLASSES.index(name) >= _CASE for name in (used.class_low, used.class_high))
    if enmc.is_imnm is None or enmc.stops or low != high or used.applies is False:
        return None
    return enmc.is_imnm is low


def _reasons(
    findings: Findings,
    enmc: Enmc2016,
    without: EularAcr2017,
    with_biopsy: EularAcr2017,
    used: EularAcr2017,
    agree: Truth,
) -> Iterator[Reason]:
    enmc_met = {part.item.id: part.met for part in enmc.items}
    antibodies = [
        name for name, met in (("anti-SRP", enmc_met["anti_srp"]), ("anti-HMGCR", enmc_met["anti_hmgcr"])) if met
    ]
    if antibodies:
        yield Reason(
            "antibody_no_points",
            f"ENMC counts {listed(antibodies)}. EULAR/ACR gives no point for that; its only antibody is anti-Jo-1.",
            ("eular_no_imnm_items", "eular_only_jo1"),
        )
    if findings.get("muscle_biopsy") is not None:
        yield from _biopsy_reasons(enmc_met["compatible_biopsy"], without, with_biopsy)
    if enmc_met["proximal_weakness"] is False:
        yield Reason(
            "weakness_needed",
            "ENMC needs proximal weakness. EULAR/ACR does not: full strength earns no points there and excludes "
            f"nothing, and the score is {used.score_words} from other items.",
            ("enmc_srp_items", "enmc_hmgcr_items", "eular_weights"),
        )
    yield from _point_reasons(findings, enmc, used)
    if used.applies is False:
        yield Reason(
            "better_explanation",
            "Another disease explains it better, as was stated: neither set of criteria is meant for that.",
            ("eular_precondition", "enmc2004_exclusions"),
        )
    elif agree is None:
        yield Reason("open", "Whether they agree is open: " + _open_words(enmc, used), ())
    elif agree:
        yield Reason(
            "agree",
            "They agree: IMNM by the one, at least a probable case of inflammatory myopathy by the other."
            if enmc.is_imnm
            else "They agree: neither finds a case.",
            (),
        )


def _open_words(enmc: Enmc2016, used: EularAcr2017) -> str:
    parts = []
    if enmc.is_imnm is None:
        parts.append(f"ENMC waits ({enmc.next_test})")
    elif enmc.stops:
        parts.append(f"a stop stands beside the ENMC answer ({listed([part.remark.short for part in enmc.stops])})")
    if not used.settled:
        parts.append(f"EULAR/ACR lies between {used.class_low} and {used.class_high}")
    return f"{' and '.join(parts)}."


def _biopsy_reasons(necrotizing: Truth, without: EularAcr2017, with_biopsy: EularAcr2017) -> Iterator[Reason]:
    """Necrosis earns nothing and the bar moves; a paradox only where the class falls whatever is still unknown."""
    first, second = without.model, with_biopsy.model
    numbers = (
        f"{without.score_words} points without biopsy (possible from {number(first.possible)}), "
        f"{with_biopsy.score_words} with it (possible from {number(second.possible)})"
    )
    opening = "EULAR/ACR has no item for necrosis, and" if necrotizing else "By EULAR/ACR"
    yield Reason(
        "biopsy_moves_the_bar",
        f"{opening} a biopsy changes every weight and every cut-off: {numbers}.",
        ("eular_no_imnm_items", "eular_score_bands", "eular_weights"),
    )
    if CLASSES.index(with_biopsy.class_high) < CLASSES.index(without.class_low):
        weaker = "makes the case disappear" if with_biopsy.class_high == CLASSES[0] else "weakens the case"
        yield Reason(
            "biopsy_paradox",
            f"Here the biopsy {weaker}: {without.class_low} before it, {with_biopsy.title} after it.",
            ("eular_paradox", "eular_score_bands"),
        )


def _part(used: EularAcr2017, choose: Callable[[ScoredItem], bool]) -> tuple[float, str, ScoreClass]:
    """Points that chosen items are known to bring, their labels, and the lower class without them."""
    chosen = [part for part in used.items if part.met and part.points and choose(part)]
    tenths = sum(_tenths(part.contribution_low) for part in chosen)
    labels = listed([said(part.item.label) for part in chosen])
    return (
        tenths / 10,
        labels[:1].upper() + labels[1:],
        _class_of(_tenths(used.score_low) - tenths, cut_offs(used.model)),
    )


def _point_reasons(findings: Findings, enmc: Enmc2016, used: EularAcr2017) -> Iterator[Reason]:
    """Name the points that ENMC does not ask for and that carry the class: without them it would be another one."""
    total = f"{used.score_low:.1f}"
    age, _, otherwise = _part(used, lambda part: part.item.group == ONE_AGE)
    age_known = all(part.met is not None for part in used.items if part.item.group == ONE_AGE)
    if age and otherwise != used.class_low:
        yield Reason(
            "age_points",
            f"Age alone brings {age:.1f} of {total} points; {_without(used, otherwise)}. ENMC does not ask for age.",
            ("eular_age_weights",),
        )
    elif age_known and not age:
        yield Reason(
            "child_no_age_points",
            "Onset in childhood earns no points for age, so the same signs score less than in an adult. "
            "ENMC does not ask for age.",
            ("eular_age_weights",),
        )
    points, labels, otherwise = _part(used, lambda part: part.item.id in ("neck_flexors", "dysphagia"))
    if points and otherwise != used.class_low:
        yield Reason(
            "neck_and_swallowing",
            f"{labels}: {points:.1f} of {total} points; {_without(used, otherwise)}. ENMC does not ask for that.",
            ("eular_weights",),
        )
    points, labels, otherwise = _part(used, lambda part: part.item.group == "skin" or part.item.id in _OTHER_KIND)
    if points and otherwise != used.class_low:
        yield Reason(
            "other_kind",
            f"{labels}: {points:.1f} of {total} points; {_without(used, otherwise)}. "
            "They speak for another kind of myositis than IMNM, and ENMC has no such item.",
            ("eular_weights", "eular_no_imnm_items", "enmc_biopsy_against"),
        )


# Beside the skin, the items of the score that are signs of another myositis than IMNM.
_OTHER_KIND = ("anti_jo1", "perifascicular_atrophy", "rimmed_vacuoles")


def _without(used: EularAcr2017, otherwise: ScoreClass) -> str:
    """Say what the rest would make; while answers are open, only of what is known."""
    if used.settled:
        return f"without them the class would be {otherwise}"
    return f"without them what is known would only make {otherwise}"
