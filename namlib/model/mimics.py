"""Diseases that are taken for IMNM: what the answers exclude, what speaks for and against them, what is still open.

Each cell of ``data/mimic_features.csv`` carries its own condition. The logic is Kleene's (:mod:`namlib.model.rules`):
a question without an answer excludes nothing and speaks for nothing; it is listed as open. Nothing is counted, weighed
or ranked, because no source gives likelihoods that could be multiplied for these features together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, Literal

from namlib.frozen import Itself, frozen
from namlib.model.rules import QUESTIONS, Rule, answer_words, by_answers, in_order, rule, said
from namlib.records import IMNM, MIMIC_FEATURES, Mimic, MimicFeature
from namlib.table import plain

Findings = Mapping[str, Any]
State = Literal["excluded", "not excluded"]
Compared = Literal["differs", "overlaps", "in part", "reference", "nothing stated"]

IMNM_NAME = "IMNM, for comparison"


@frozen
class Reason:
    """One cell of the matrix whose condition the answers meet. ``words`` says which answers met it.

    Examples
    --------
    >>> cell = MimicFeature("ibm", "age at onset", "after 45 years", "differs", "primary", ("ibm_enmc2011",))
    >>> Reason(cell, "age at the first symptom: 30 years")
    age at onset: after 45 years; here age at the first symptom: 30 years
    """

    cell: MimicFeature
    words: str

    @property
    def feature(self) -> str:
        """Name the column of the matrix."""
        return self.cell.feature

    @property
    def sources(self) -> tuple[str, ...]:
        """Keys of the sources the cell stands on."""
        return self.cell.sources

    def __repr__(self) -> str:
        return f"{self.cell.feature}: {self.cell.seen}; here {self.words}"

    def to_dict(self) -> dict[str, Any]:
        """Return feature, what is seen in the mimic, the answers, and where the cell was read, as plain data."""
        cell = self.cell
        return {
            "feature": cell.feature,
            "words": self.words,
            "seen": cell.seen,
            "effect": cell.effect,
            "caveat": cell.caveat,
            "how_read": cell.how_read,
            "sources": list(cell.sources),
        }


@frozen
class MimicResult:
    """One mimic against one patient's answers.

    ``against``, ``for_`` and ``excluding`` hold the cells that speak, in the order of the file; ``open`` the keys of
    questions that are not answered and would speak. ``because`` says why the state is what it is.
    """

    mimic: Mimic
    state: State
    because: str
    against: tuple[Reason, ...] = ()
    for_: tuple[Reason, ...] = ()
    excluding: tuple[Reason, ...] = ()
    open: tuple[str, ...] = ()

    @property
    def test(self) -> str:
        """Name the test that would tell."""
        return self.mimic.test

    @property
    def facts(self) -> tuple[str, ...]:
        """Ids of the facts behind the mimic."""
        return self.mimic.facts

    @property
    def sources(self) -> tuple[str, ...]:
        """Keys of the sources of the mimic and of every cell that spoke, each once."""
        spoken = (reason.sources for reason in (*self.excluding, *self.for_, *self.against))
        return tuple(dict.fromkeys((*self.mimic.sources, *(key for keys in spoken for key in keys))))

    def __repr__(self) -> str:
        if self.state == "excluded":
            return f"{self.mimic.name}: excluded ({self.because})"
        spoken = [
            f"{words} it: {'; '.join(dict.fromkeys(reason.feature for reason in reasons))}"
            for words, reasons in (("For", self.for_), ("Against", self.against))
            if reasons
        ]
        return f"{self.mimic.name}: not excluded ({self.because}). {'. '.join(spoken) or 'Nothing speaks yet'}"

    def to_dict(self) -> dict[str, Any]:
        """Return the result as plain data that JSON can hold."""
        return {
            "mimic": self.mimic.id,
            "name": self.mimic.name,
            "state": self.state,
            "because": self.because,
            "against": [reason.to_dict() for reason in self.against],
            "for": [reason.to_dict() for reason in self.for_],
            "excluding": [reason.to_dict() for reason in self.excluding],
            "open": list(self.open),
            "test": self.test,
            "trap": self.mimic.trap,
            "facts": list(self.facts),
            "sources": list(self.sources),
            "caveat": self.mimic.caveat,
        }


# --- answers in words ----------------------------------------------------------------------------------------------


def _told(key: str, findings: Findings) -> str:
    question, value = QUESTIONS[key], findings[key]
    if key != question.field and question.kind == "yes_no" and value is True and key != "ck_above_limit":
        return said(question.label)  # a ticked choice of a set says itself: "anti-Jo-1 found"
    return f"{said(question.label)}: {answer_words(key, value)}"


def _met_by(ready: Rule, findings: Findings) -> Iterator[str]:
    """Yield the answers that made a condition true."""
    if ready.field:
        yield _told(ready.field, findings)
    elif ready.form == "not":
        yield ready.words
    else:
        for part in ready.parts:
            if part.decide(findings):
                yield from _met_by(part, findings)


def answers_met(ready: Rule, findings: Findings) -> str:
    """Say which answers made a true condition true.

    Examples
    --------
    >>> ready = rule({"any": [{"field": "raynaud", "is": True}, {"field": "lung_disease", "is": True}]})
    >>> answers_met(ready, {"raynaud": True, "lung_disease": False})
    'Raynaud phenomenon: yes'
    """
    return "; ".join(dict.fromkeys(_met_by(ready, findings)))


def open_questions(ready: Rule, findings: Findings) -> Iterator[str]:
    """Yield the keys of unanswered questions on which an undecided condition hangs.

    Examples
    --------
    >>> both = rule({"all": [{"field": "statin", "is": "stopped"}, {"field": "better_off_trigger", "is": True}]})
    >>> list(open_questions(both, {"statin": "stopped"})), list(open_questions(both, {"statin": "never"}))
    (['better_off_trigger'], [])
    """
    if ready.decide(findings) is not None:
        return
    if ready.field:
        yield ready.field
    for part in ready.parts:
        yield from open_questions(part, findings)


# --- the mimics ----------------------------------------------------------------------------------------------------


Judge = Callable[[Findings], MimicResult]


@lru_cache(maxsize=4)
def _judges(known: Itself[Sequence[Mimic]], features: Itself[Sequence[MimicFeature]]) -> tuple[Judge, ...]:
    speaking: dict[str, list[tuple[MimicFeature, Rule]]] = {mimic.id: [] for mimic in known.held}
    for cell in features.held:
        if cell.effect is not None and cell.mimic in speaking:
            speaking[cell.mimic].append((cell, rule(cell.when)))
    return tuple(_judge(mimic, tuple(speaking[mimic.id])) for mimic in known.held)


def _judge(mimic: Mimic, cells: tuple[tuple[MimicFeature, Rule], ...]) -> Judge:
    questions = in_order(key for _, ready in cells for key in ready.questions)
    return by_answers(questions, lambda answers: _result(mimic, cells, answers))


def mimics(findings: Findings, known: Sequence[Mimic], features: Sequence[MimicFeature]) -> tuple[MimicResult, ...]:
    """Say of every mimic what the answers exclude, what speaks for and against it, and what would still speak.

    Parameters
    ----------
    findings : mapping
        As :func:`namlib.model.findings.findings` lays answers out; a missing key counts as not answered.
    known, features : sequences
        ``data/mimics.csv`` and ``data/mimic_features.csv``. The results keep the order of the first; it is no ranking.

    Raises
    ------
    namlib.records.Refused
        If a condition is malformed.

    Examples
    --------
    >>> from namlib.store import load
    >>> from namlib.model.findings import findings
    >>> ledger = load()
    >>> results = mimics(findings({"thyroid": "normal"}), ledger.mimics, ledger.mimic_features)
    >>> [result.mimic.id for result in results if result.state == "excluded"]
    ['hypothyroid']
    """
    return tuple(judge(findings) for judge in _judges(Itself(known), Itself(features)))


def _result(mimic: Mimic, cells: Iterable[tuple[MimicFeature, Rule]], findings: Findings) -> MimicResult:
    spoken: dict[str, list[Reason]] = {"excludes": [], "speaks against": [], "speaks for": []}
    asked: set[str] = set()
    excluders: list[Rule] = []
    for cell, ready in cells:
        assert cell.effect is not None
        if cell.effect == "excludes":
            excluders.append(ready)
        value = ready.decide(findings)
        if value:
            spoken[cell.effect].append(Reason(cell, answers_met(ready, findings)))
        elif value is None:
            asked.update(open_questions(ready, findings))
    excluding = tuple(spoken["excludes"])
    return MimicResult(
        mimic,
        "excluded" if excluding else "not excluded",
        _because(excluding, excluders, findings),
        tuple(spoken["speaks against"]),
        tuple(spoken["speaks for"]),
        excluding,
        in_order(asked),
    )


def _because(excluding: Sequence[Reason], excluders: Sequence[Rule], findings: Findings) -> str:
    if excluding:
        return "; ".join(reason.words for reason in excluding)
    if not excluders:
        return "no answer of this form excludes it"
    keys = dict.fromkeys(key for ready in excluders for key in in_order(ready.questions))
    return "; ".join(
        f"not answered: {said(QUESTIONS[key].label)}" if findings.get(key) is None else _told(key, findings)
        for key in keys
    )


# --- the matrix ----------------------------------------------------------------------------------------------------


@frozen
class MatrixCell:
    """What is stated of one feature of one disease; ``seen`` is empty where nothing is."""

    feature: str
    compared: Compared
    seen: tuple[str, ...] = ()
    caveats: tuple[str, ...] = ()
    how_read: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()


@frozen
class MatrixRow:
    """One disease with its ten cells, in the order of :data:`namlib.records.MIMIC_FEATURES`."""

    id: str
    name: str
    cells: tuple[MatrixCell, ...]
    test: str = ""

    def __repr__(self) -> str:
        counted = {kind: [cell.feature for cell in self.cells if cell.compared == kind] for kind in _KINDS}
        return f"{self.name}: " + "; ".join(f"{kind}: {', '.join(names)}" for kind, names in counted.items() if names)

    def to_dict(self) -> dict[str, Any]:
        """Return the row as plain data that JSON can hold."""
        held: dict[str, Any] = plain(self)
        return held


_KINDS: tuple[Compared, ...] = ("reference", "differs", "in part", "overlaps", "nothing stated")


def _cell(feature: str, rows: Sequence[MimicFeature]) -> MatrixCell:
    if not rows:
        return MatrixCell(feature, "nothing stated")
    kinds = {row.compared for row in rows}
    return MatrixCell(
        feature,
        kinds.pop() if len(kinds) == 1 else "in part",
        tuple(dict.fromkeys(row.seen for row in rows)),
        tuple(dict.fromkeys(row.caveat for row in rows if row.caveat)),
        tuple(dict.fromkeys(row.how_read for row in rows)),
        tuple(dict.fromkeys(key for row in rows for key in row.sources)),
    )


def feature_matrix(known: Sequence[Mimic], features: Sequence[MimicFeature]) -> tuple[MatrixRow, ...]:
    """Lay the matrix out: IMNM first, then every mimic in the order of the file, ten cells each.

    A cell whose rows say both that the feature differs and that it overlaps is marked ``in part``: of the biopsy,
    for example, one stain may tell where necrosis does not.

    Examples
    --------
    >>> from namlib.store import load
    >>> ledger = load()
    >>> matrix = feature_matrix(ledger.mimics, ledger.mimic_features)
    >>> len(matrix), matrix[0].name, {len(row.cells) for row in matrix}
    (18, 'IMNM, for comparison', {10})
    """
    held: dict[tuple[str, str], list[MimicFeature]] = {}
    for row in features:
        held.setdefault((row.mimic, row.feature), []).append(row)
    diseases = [(IMNM, IMNM_NAME, ""), *((mimic.id, mimic.name, mimic.test) for mimic in known)]
    return tuple(
        MatrixRow(key, name, tuple(_cell(feature, held.get((key, feature), ())) for feature in MIMIC_FEATURES), test)
        for key, name, test in diseases
    )
