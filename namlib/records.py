"""What a row of the ledger is. Frozen records that refuse to exist when they break a rule of the course.

Standard library only: the same records come out of the validated cache, out of freshly read files and in a browser.
The type annotations are the schema; :mod:`namlib.validate` turns file contents into records and words its errors.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from itertools import pairwise
from typing import Any, Literal

from namlib.frozen import frozen
from namlib.units import unit

Population = Literal["adult", "paediatric", "any"]
RegimenPopulation = Literal["adult", "paediatric", "any", "not_stated"]
Subtype = Literal["any", "HMGCR", "SRP", "seronegative"]
HowRead = Literal["primary", "secondary", "recalled", "derived", "printed"]
Standing = Literal["shown", "caveat", "as_printed"]
Certainty = Literal["high", "moderate", "low", "very_low"]
Verdict = Literal["supported", "supported with a caveat", "contradicted", "no support found"]
Per = Literal["day", "week", "month", "dose", "infusion", "course", "session"]
Route = Literal["oral", "IV", "SC", "SC preferred", "oral or SC", "apheresis", "not_stated"]
Frequency = Literal[
    "once daily",
    "daily",
    "twice daily",
    "daily in divided doses",
    "once daily on 3 consecutive days",
    "once daily for 3 to 5 days",
    "once daily on 3 days, repeated in blocks",
    "once weekly",
    "every 3 weeks",
    "every 4 weeks",
    "every 4 to 6 weeks",
    "monthly",
    "twice, 1 week apart",
    "twice, 2 weeks apart",
    "once",
    "as the product label says",
    "not_stated",
]
SourceKind = Literal[
    "trial",
    "cohort",
    "case series",
    "case report",
    "guideline",
    "consensus",
    "review",
    "product label",
    "registry",
    "news",
    "starting document",
]
Topic = Literal[
    "provenance",
    "evidence base",
    "cohort facts",
    "first line",
    "relapse",
    "prognosis",
    "HMGCR",
    "SRP",
    "seronegative",
    "statins",
    "cardiac and respiratory",
    "ENMC 2016",
    "refractory",
    "paediatric",
    "dose",
    "dose safety",
    "taper",
    "pre-check",
    "interaction",
    "contraindication",
    "prophylaxis",
    "vaccination",
    "monitoring",
    "rehabilitation",
    "emergency",
    "classification",
    "EULAR/ACR 2017",
    "histology",
    "antibody tests",
    "epidemiology",
    "CK",
    "weakness",
    "MRI and EMG",
    "time to diagnosis",
    "mimics",
    "cancer",
    "triggers",
    "children",
    "response",
]

# The starting documents: listed, never evidence.
STARTING_DOCUMENTS = ("seed1", "seed2")
_PERIOD_OF = {"day": "d", "week": "wk", "month": "mo", "dose": "", "infusion": "", "course": "", "session": ""}


class Refused(ValueError):
    """A row or an input was refused. ``field`` is the column or control, ``reason`` the words for the reader."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


def _need(condition: object, field: str, reason: str) -> None:
    if not condition:
        raise Refused(field, reason)


def _check_dated(record: Any) -> None:
    """Rules every dated, sourced row keeps."""
    _need(record.sources, "sources", "names no source")
    _need(record.review_by > record.reviewed_on, "review_by", "is not after reviewed_on")
    if record.standing == "caveat":
        _need(record.caveat, "caveat", "is blank, but standing 'caveat' must say what the caveat is")
    if record.how_read == "recalled":
        _need(record.standing == "caveat", "standing", "a recalled row is shown only with its caveat")


def _check_shared(record: Any) -> None:
    """Rules every dated, sourced row with a range and a unit keeps."""
    _check_dated(record)
    if record.low is not None and record.high is not None:
        _need(record.low <= record.high, "low", f"{record.low:g} is above high {record.high:g}")
    if record.unit:
        try:
            unit(record.unit)
        except ValueError as refused:
            raise Refused("unit", str(refused)) from None


@frozen
class Source:
    """One reference. ``url`` is what a citation in a notebook links to; ``label`` is what it is called there."""

    key: str
    kind: SourceKind
    authors: str
    title: str
    journal: str
    year: int | None
    label: str
    url: str
    doi: str = ""
    pmid: str = ""
    pmcid: str = ""
    read: str = ""
    how_read: HowRead = "primary"
    citable: bool = True
    note: str = ""

    def __post_init__(self) -> None:
        _need(self.url.startswith(("https://", "../data/")), "url", f"{self.url!r} is not an https address")
        if not self.citable:
            _need(self.key in STARTING_DOCUMENTS, "citable", "only the two starting documents may be uncitable")


@frozen
class Fact:
    """One claim as its sources state it."""

    id: str
    topic: Topic
    population: Population
    subtype: Subtype
    statement: str
    sources: tuple[str, ...]
    locator: str
    certainty: Certainty
    how_read: HowRead
    standing: Standing
    reviewed_on: date
    review_by: date
    value: float | None = None
    low: float | None = None
    high: float | None = None
    unit: str = ""
    n: int | None = None
    n_total: int | None = None
    caveat: str = ""

    def __post_init__(self) -> None:
        _check_shared(self)
        _need(self.standing != "as_printed", "standing", "'as_printed' is for dose lines, not for facts")
        if self.value is not None or self.low is not None or self.high is not None:
            _need(self.unit, "unit", "is blank, but the row carries a number")
        if self.n is not None and self.n_total is not None:
            _need(0 <= self.n <= self.n_total, "n", f"{self.n} is more than n_total {self.n_total}")


@frozen
class Regimen:
    """One dose, for one population, as one source states it."""

    id: str
    drug: str
    agent: str
    role: str
    population: RegimenPopulation
    subtype: Subtype
    studied_in: str
    route: Route
    frequency: Frequency
    sources: tuple[str, ...]
    locator: str
    certainty: Certainty
    how_read: HowRead
    standing: Standing
    reviewed_on: date
    review_by: date
    low: float | None = None
    high: float | None = None
    unit: str = ""
    per: Per | None = None
    doses_per_day: int | None = None
    cap: float | None = None
    cap_unit: str = ""
    cap_source: str = ""
    cap_note: str = ""
    course: str = ""
    derived_from: str = ""
    caveat: str = ""
    note: str = ""

    def __post_init__(self) -> None:
        _check_shared(self)
        printed = self.standing == "as_printed"
        if printed:
            _need(self.derived_from, "derived_from", "a line of a starting document must name the regimen it came from")
            _need(
                set(self.sources) <= set(STARTING_DOCUMENTS), "sources", "'as_printed' is for starting documents only"
            )
        else:
            _need(self.population != "not_stated", "population", "a dose without its population is refused")
            for key in STARTING_DOCUMENTS:
                _need(key not in self.sources, "sources", f"{key} is a starting document, not evidence for a dose")
        if self.route == "not_stated":
            _need(printed or self.caveat or self.note, "route", "is not stated and no caveat or note says why")
        has_dose = self.low is not None or self.high is not None
        if has_dose:
            _need(self.unit, "unit", "is blank, but the row carries a dose")
            _need(self.per, "per", "is blank: a dose without its period is refused")
            _need(printed or self.frequency != "not_stated", "frequency", "a dose without its frequency is refused")
            self._check_period("unit", self.unit)
        if self.per == "dose":
            _need(self.doses_per_day, "doses_per_day", "is blank, but the dose is per intake")
        if self.cap is not None:
            _need(self.cap_unit, "cap_unit", "is blank, but a cap is given")
            try:
                basis = unit(self.cap_unit).basis
            except ValueError as refused:
                raise Refused("cap_unit", str(refused)) from None
            if has_dose:
                _need(
                    basis == "flat" or basis == unit(self.unit).basis,
                    "cap_unit",
                    f"{self.cap_unit} cannot cap a dose in {self.unit}",
                )
        if self.drug == "methotrexate":
            self._check_methotrexate()

    def _check_period(self, field: str, code: str) -> None:
        assert self.per is not None
        known = unit(code)
        _need(known.mass or code == "{session}", field, f"{code} is not a unit of dose")
        _need(
            known.period == _PERIOD_OF[self.per],
            field,
            f"{code} does not fit per '{self.per}'",
        )

    def _check_methotrexate(self) -> None:
        _need(self.frequency == "once weekly", "frequency", f"methotrexate is once weekly, never {self.frequency!r}")
        if self.unit:
            _need(unit(self.unit).period == "wk", "unit", f"methotrexate is given per week, never in {self.unit}")


CheckKind = Literal["pre_check", "contraindication", "interaction", "monitoring"]
Tier = Literal[
    "glucocorticoid",
    "sparing agent",
    "immunoglobulin",
    "B-cell depletion",
    "rescue",
    "maintenance",
    "investigational",
    "statin replacement",
    "no evidence found",
]


@frozen
class Check:
    """Something to look at before, or while, a drug is given. ``when`` is a condition for :mod:`namlib.model.rules`."""

    id: str
    kind: CheckKind
    text: str
    facts: tuple[str, ...]
    when: Any = None

    def __post_init__(self) -> None:
        _need(self.facts, "facts", "names no fact")


@frozen
class Ceiling:
    """The highest adult amount that any adult source of the ledger states, with the facts that say so."""

    amount: float
    unit: str
    facts: tuple[str, ...]


@frozen
class Drug:
    """One drug. ``chart_unit`` is the one unit in which all its regimens can be drawn on one axis."""

    key: str
    name: str
    drug_class: str
    tier: Tier
    chart_unit: str
    also_called: tuple[str, ...] = ()
    codes: tuple[tuple[str, str], ...] = ()
    adult_ceiling: Ceiling | None = None
    checks: tuple[Check, ...] = ()
    note: str = ""


@frozen
class Position:
    """One side of a disagreement: who says what, for whom, on what evidence."""

    says: str
    for_whom: str
    evidence: str
    facts: tuple[str, ...] = ()
    regimens: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _need(self.facts or self.regimens, "facts", "a position stands on no fact and no regimen")


@frozen
class Conflict:
    """A set of rows that disagree, why, and how the course presents it."""

    id: str
    title: str
    severity: Literal["safety-critical", "important", "minor"]
    why: str
    presented: str
    positions: tuple[Position, ...]

    def __post_init__(self) -> None:
        _need(len(self.positions) >= 2, "positions", "a disagreement needs at least two")


@frozen
class SeedLine:
    """One line of a starting document: what teaches it, and what the evidence says of it.

    ``fields`` names the answers of a patient that settle the line, where it asks for something to be looked at.
    """

    seed: Literal["S1", "S2"]
    line: int
    claim: str
    verdict: Verdict
    why: str
    facts: tuple[str, ...]
    regimens: tuple[str, ...]
    nodes: tuple[str, ...]
    notebook: str
    section: str
    fields: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _need(self.why, "why", "is blank")
        _need(self.notebook and self.section, "notebook", "no notebook section teaches this line")
        if self.verdict in ("supported", "supported with a caveat"):
            _need(self.facts or self.regimens, "facts", "a supported line names no fact")


@frozen
class Node:
    """One step of the pathway. ``lane`` and ``stage`` place it on the drawing."""

    id: str
    title: str
    kind: Literal["question", "action", "urgent", "check", "end"]
    lane: str
    stage: int
    text: str
    facts: tuple[str, ...] = ()
    drugs: tuple[str, ...] = ()


@frozen
class Edge:
    """One way from a step to the next. ``when`` is its condition; ``whose`` names who takes it where sources differ."""

    id: str
    start: str
    end: str
    label: str
    facts: tuple[str, ...]
    when: Any = None
    whose: str = ""

    def __post_init__(self) -> None:
        _need(self.facts, "facts", "an edge names no fact")


@frozen
class Pathway:
    """The therapy pathway: ``start`` is the id of the first node."""

    start: str
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]


# --- criteria ------------------------------------------------------------------------------------------------------


@frozen
class CriteriaItem:
    """One item of a set of criteria.

    ``when`` is its condition and ``test`` what would answer it. ``points`` and ``points_biopsy`` are its weights in a
    score without and with biopsy (blank where a model has no such item), ``level`` the weight of a risk factor.
    """

    id: str
    label: str
    when: Any
    facts: tuple[str, ...]
    how_read: HowRead
    test: str
    group: str = ""
    points: float | None = None
    points_biopsy: float | None = None
    level: Literal["", "high", "intermediate", "low"] = ""

    def __post_init__(self) -> None:
        _need(self.facts, "facts", "names no fact")
        _need(self.when is not None, "when", "an item needs a condition")
        for field in ("points", "points_biopsy"):
            weight = getattr(self, field)
            _need(weight is None or round(weight * 10) == weight * 10, field, "a weight has one decimal")


@frozen
class Remark:
    """What stops or qualifies an answer, in words, and the labels it is said beside; none means all but ``not_met``.

    ``name`` says a stop in a few words, where its ``id`` does not.
    """

    id: str
    kind: Literal["stop", "qualify"]
    when: Any
    words: str
    facts: tuple[str, ...]
    test: str = ""
    labels: tuple[str, ...] = ()
    name: str = ""

    @property
    def short(self) -> str:
        """The remark in a few words."""
        return self.name or self.id.replace("_", " ")

    def __post_init__(self) -> None:
        _need(self.facts, "facts", "names no fact")
        _need(self.when is not None, "when", "a remark needs a condition")


@frozen
class CriteriaLabel:
    """One label of a set of criteria: items that must be met, and items that must be shown to be absent."""

    id: str
    label: str
    met: tuple[str, ...]
    absent: tuple[str, ...] = ()


@frozen
class ScoreModel:
    """One model of a score: ``constant`` of its logistic form, and the lowest score and probability of each class."""

    id: Literal["no_biopsy", "biopsy"]
    name: str
    constant: float
    possible: float
    probable: float
    definite: float
    possible_probability: float
    probable_probability: float
    definite_probability: float
    facts: tuple[str, ...]
    how_read: HowRead

    def __post_init__(self) -> None:
        _need(self.facts, "facts", "names no fact")
        _need(self.possible < self.probable < self.definite, "possible", "the classes are not in order")
        probabilities = (self.possible_probability, self.probable_probability, self.definite_probability)
        _need(0 < probabilities[0] < probabilities[1] < probabilities[2] < 1, "possible_probability", "not in order")


@frozen
class RiskGroup:
    """One group of a risk rule: reached by so many factors of a level; the first group that fits is taken."""

    id: str
    label: str
    at_diagnosis: tuple[str, ...]
    facts: tuple[str, ...]
    high_factors: int | None = None
    intermediate_factors: int | None = None
    later: str = ""


@frozen
class Panel:
    """A set of tests that a guideline asks for together."""

    id: str
    label: str
    tests: tuple[str, ...]
    facts: tuple[str, ...]


@frozen
class Criteria:
    """One published set of criteria as data: its items, and whatever else its rule needs."""

    id: str
    name: str
    purpose: str
    sources: tuple[str, ...]
    how_read: HowRead
    caveat: str
    items: tuple[CriteriaItem, ...]
    remarks: tuple[Remark, ...] = ()
    labels: tuple[CriteriaLabel, ...] = ()
    models: tuple[ScoreModel, ...] = ()
    groups: tuple[RiskGroup, ...] = ()
    panels: tuple[Panel, ...] = ()

    def __post_init__(self) -> None:
        known = [item.id for item in self.items]
        _need(len(known) == len(set(known)), "items", "an id occurs twice")
        for label in self.labels:
            for name in (*label.met, *label.absent):
                _need(name in known, "labels", f"{name!r} is not an item")
        for group in self.groups:
            for name in group.at_diagnosis:
                _need(name in [panel.id for panel in self.panels], "groups", f"{name!r} is not a panel")


# --- mimics, red flags, antibody tests, CK -------------------------------------------------------------------------

MimicEffect = Literal["excludes", "speaks against", "speaks for"]
# The columns of the matrix of mimics, in the order in which they are drawn.
MIMIC_FEATURES = (
    "tempo",
    "age at onset",
    "CK",
    "weakness pattern",
    "eyes, face, swallowing",
    "skin, joints, lung",
    "exposure",
    "family and genes",
    "blood tests",
    "biopsy",
)
MimicFeatureName = Literal[
    "tempo",
    "age at onset",
    "CK",
    "weakness pattern",
    "eyes, face, swallowing",
    "skin, joints, lung",
    "exposure",
    "family and genes",
    "blood tests",
    "biopsy",
]
# The row of the matrix that the mimics are compared with.
IMNM = "imnm"


@frozen
class Mimic:
    """One disease that is taken for IMNM, or IMNM for it: what misleads, and the test that would tell."""

    id: str
    name: str
    trap: str
    test: str
    sources: tuple[str, ...]
    locator: str
    certainty: Certainty
    how_read: HowRead
    standing: Standing
    reviewed_on: date
    review_by: date
    facts: tuple[str, ...] = ()
    caveat: str = ""
    unit: str = ""
    low: float | None = None
    high: float | None = None

    def __post_init__(self) -> None:
        _check_shared(self)


@frozen
class MimicFeature:
    """One cell of the matrix: what is seen in a mimic (or in IMNM), and what an answer to it does.

    ``compared`` says whether the feature tells the mimic from IMNM. ``when`` is the condition under which the finding
    ``effect`` the mimic: excludes it, speaks against it or speaks for it.
    """

    mimic: str
    feature: MimicFeatureName
    seen: str
    compared: Literal["differs", "overlaps", "reference"]
    how_read: HowRead
    sources: tuple[str, ...]
    effect: MimicEffect | None = None
    when: Any = None
    caveat: str = ""

    def __post_init__(self) -> None:
        _need(self.sources, "sources", "names no source")
        _need((self.effect is None) == (self.when is None), "effect", "effect and when come together or not at all")
        _need((self.compared == "reference") == (self.mimic == IMNM), "compared", "'reference' is for IMNM alone")
        if self.how_read == "recalled":
            _need(self.caveat, "caveat", "is blank, but a recalled cell must say so")


@frozen
class RedFlagAction:
    """One thing to do the same night: with the facts behind it, or marked as this course's convention."""

    text: str
    facts: tuple[str, ...] = ()
    convention: bool = False

    def __post_init__(self) -> None:
        _need(bool(self.facts) != self.convention, "facts", "names no fact and is not marked as a convention, or both")


@frozen
class RedFlag:
    """One danger sign: how often it was measured, and what to do the same night."""

    id: str
    sign: str
    when: Any
    facts: tuple[str, ...]
    tonight: tuple[RedFlagAction, ...]
    caveat: str = ""

    def __post_init__(self) -> None:
        _need(self.facts, "facts", "names no fact")
        _need(self.tonight, "tonight", "says nothing to do")
        _need(self.when is not None, "when", "a danger sign needs a condition")


@frozen
class AntibodyTest:
    """What was counted with one assay.

    ``counted``: positives among so many with the target disease and among so many without it; a blank pair was not
    counted. ``observed``: of those who were positive in one setting, how many had the target and how many had not;
    how many were negative is not known. ``reference`` says how it was settled who has the target.
    """

    id: str
    kind: Literal["counted", "observed"]
    antibody: Literal["anti-HMGCR", "anti-SRP", "myositis panel"]
    assay: str
    target: Literal["anti-HMGCR myopathy", "anti-SRP myopathy", "IMNM", "inflammatory myopathy"]
    diseased: str
    others: str
    sources: tuple[str, ...]
    locator: str
    certainty: Certainty
    how_read: HowRead
    standing: Standing
    reviewed_on: date
    review_by: date
    reference: Literal["", "diagnosis", "suspicion", "another assay"] = ""
    positive_diseased: int | None = None
    n_diseased: int | None = None
    positive_others: int | None = None
    n_others: int | None = None
    caveat: str = ""

    def __post_init__(self) -> None:
        _check_dated(self)
        for positive, total in (("positive_diseased", "n_diseased"), ("positive_others", "n_others")):
            count, people = getattr(self, positive), getattr(self, total)
            if self.kind == "observed":
                _need(count is not None, positive, "is blank, but a share of positives needs both counts")
                _need(people is None, total, "is given, but a share of positives does not know it")
                continue
            _need((count is None) == (people is None), positive, f"{positive} and {total} come together")
            _need(count is None or 0 <= count <= people, positive, f"{count} of {people}")
            _need(people is None or people > 0, total, "is 0: nobody was counted; leave the pair blank")
        counted = self.positive_diseased is not None
        _need(counted or self.positive_others is not None, "positive_diseased", "nothing was counted at all")
        _need(counted == bool(self.reference), "reference", "belongs to people who have the target, and to them alone")


@frozen
class CkSeries:
    """CK of one cohort: middle, spread, and when in the illness it was measured."""

    id: str
    cohort: str
    disease: Literal["IMNM", "checkpoint-inhibitor myopathy"]
    population: Population
    subtype: Subtype
    statistic: Literal["median", "mean", "median peak", "mean peak"]
    value: float
    unit: str
    measured: str
    sources: tuple[str, ...]
    locator: str
    certainty: Certainty
    how_read: HowRead
    standing: Standing
    reviewed_on: date
    review_by: date
    n_total: int | None = None
    low: float | None = None
    high: float | None = None
    spread: Literal["", "range", "interquartile range", "standard deviation"] = ""
    caveat: str = ""

    def __post_init__(self) -> None:
        _check_shared(self)
        _need(self.unit == "U/L", "unit", "CK is held in U/L")
        _need((self.low is None) == (not self.spread), "spread", "a spread needs its kind, and a kind its numbers")


# --- published patients --------------------------------------------------------------------------------------------


@frozen
class Moment:
    """One point in a published record: what was known, the label expected of it, and why the course's may differ."""

    at: str
    known: Any
    expected: Literal[
        "anti-SRP myopathy",
        "anti-HMGCR myopathy",
        "antibody-negative IMNM",
        "cannot classify",
        "not IMNM",
    ]
    because: str
    difference: str = ""

    def __post_init__(self) -> None:
        _need(isinstance(self.known, dict) and self.known, "known", "a moment needs answers, by field of a patient")


@frozen
class PublishedRecord:
    """One published patient (or group) as facts: what was read, and the moments at which it can be classified.

    ``known`` of a moment holds the answers that what was read supports, by field of a patient; no answer is guessed.
    """

    id: str
    title: str
    sources: tuple[str, ...]
    read: str
    reported_as: str
    moments: tuple[Moment, ...]
    caveat: str = ""

    def __post_init__(self) -> None:
        _need(self.sources, "sources", "names no source")
        _need(self.moments, "moments", "a record needs a moment")
        named = [moment.at for moment in self.moments]
        _need(len(named) == len(set(named)), "moments", "two moments have the same name")


# --- response ------------------------------------------------------------------------------------------------------


@frozen
class ResponseBand:
    """Points for an improvement above ``above`` and up to ``up_to``, both in percent of the range of the measure.

    The first band has no ``above``: every worsening falls into it. The last has no ``up_to``.
    """

    points: float
    above: float | None = None
    up_to: float | None = None

    def __post_init__(self) -> None:
        # Halves are held exactly even as a binary float, and the published points have no finer step.
        _need(round(self.points * 2) == self.points * 2, "points", "come in halves")


@frozen
class ResponseMeasure:
    """One core set measure: ``higher_is`` says which way is better, ``range_rule`` what its range is taken from."""

    id: Literal["physician_global", "patient_global", "strength", "function", "enzyme", "extramuscular"]
    name: str
    instrument: str
    higher_is: Literal["better", "worse"]
    range_rule: Literal["fixed", "maximum of the test", "multiple of the upper limit"]
    bands: tuple[ResponseBand, ...]
    facts: tuple[str, ...]
    how_read: HowRead
    range: float | None = None
    unit: str = ""
    caveat: str = ""

    def __post_init__(self) -> None:
        _need(self.facts, "facts", "names no fact")
        _need((self.range is None) == (self.range_rule != "fixed"), "range", "goes with range_rule 'fixed' alone")
        _need(self.how_read != "recalled" or self.caveat, "caveat", "is blank, but a recalled range must say so")
        _need(self.bands and self.bands[0].above is None, "bands", "must start with a band that holds every worsening")
        _need(self.bands[-1].up_to is None, "bands", "must end with an open band")
        _need(self.bands[0].points == 0, "bands", "a worsening earns nothing")
        for lower, higher in zip(self.bands, self.bands[1:], strict=False):
            _need(lower.up_to is not None and lower.up_to == higher.above, "bands", "leave a gap or overlap")
            _need(lower.points <= higher.points, "bands", "give fewer points for more improvement")


@frozen
class ResponseCategory:
    """One degree of improvement, reached from so many points: in adults, and in juvenile disease."""

    id: Literal["minimal", "moderate", "major"]
    adult: float
    juvenile: float
    facts: tuple[str, ...]
    how_read: HowRead


@frozen
class EnzymeRange:
    """The range of an enzyme in the score, as a multiple of the upper limit of normal."""

    enzyme: Literal["CK", "aldolase", "LDH", "AST", "ALT"]
    multiple: float
    facts: tuple[str, ...]
    how_read: HowRead
    caveat: str = ""

    def __post_init__(self) -> None:
        _need(self.how_read != "recalled" or self.caveat, "caveat", "is blank, but a recalled range must say so")


@frozen
class StrengthTest:
    """One version of manual muscle testing and its highest score."""

    id: Literal["mmt8_one_side", "mmt8_both_sides", "mmt24"]
    name: str
    maximum: float
    facts: tuple[str, ...]
    how_read: HowRead


@frozen
class MuscleGroup:
    """One muscle group of the MMT8: tested on each side if ``paired``, once if not."""

    id: str
    name: str
    paired: bool


@frozen
class StrengthGrade:
    """One grade of strength on the scale of Kendall (0 to 10, T for a trace) and on that of the MRC (0 to 5)."""

    kendall: str
    mrc: str
    seen: str


@frozen
class ResponseCriteria:
    """Published criteria of response as data: measures, degrees, and what measuring strength needs."""

    id: str
    name: str
    purpose: str
    sources: tuple[str, ...]
    how_read: HowRead
    caveat: str
    measures: tuple[ResponseMeasure, ...]
    categories: tuple[ResponseCategory, ...]
    enzymes: tuple[EnzymeRange, ...]
    strength_tests: tuple[StrengthTest, ...]
    muscles: tuple[MuscleGroup, ...]
    grades: tuple[StrengthGrade, ...]
    muscle_facts: tuple[str, ...]
    grade_facts: tuple[str, ...]

    def __post_init__(self) -> None:
        for field in ("measures", "categories", "strength_tests", "muscles"):
            ids = [item.id for item in getattr(self, field)]
            _need(len(ids) == len(set(ids)), field, "an id occurs twice")
        for scale in ("kendall", "mrc"):
            grades = [getattr(grade, scale) for grade in self.grades]
            _need(len(grades) == len(set(grades)), "grades", f"a {scale} grade occurs twice")
        for whose in ("adult", "juvenile"):
            cuts = [getattr(category, whose) for category in self.categories]
            _need(cuts == sorted(cuts), "categories", f"the {whose} cut-offs do not rise")
        # The form prints the score of one side; that of both follows from the list of muscles and must agree with it.
        best = max(float(grade.kendall) for grade in self.grades if grade.kendall.isdigit())
        groups = {"mmt8_one_side": len(self.muscles), "mmt8_both_sides": sum(1 + m.paired for m in self.muscles)}
        for test in self.strength_tests:
            if test.id in groups:
                _need(test.maximum == best * groups[test.id], "strength_tests", f"{test.id} does not add up")


@frozen
class CkStrength:
    """One published moment at which both CK and strength were stated, of one patient or of a group.

    ``ck`` says how CK was stated: as a number, as a number it lay above, or only as normal or raised. ``sd`` is the
    standard deviation where ``value`` is a mean. ``n`` of ``n_total`` people were like this.
    """

    id: str
    who: str
    moment: str
    population: Population
    subtype: Subtype
    ck: Literal["value", "above", "normal", "raised"]
    ck_said: str
    strength: Literal["full", "better", "no better", "worse", "still weak", "weak"]
    strength_said: str
    sources: tuple[str, ...]
    locator: str
    certainty: Certainty
    how_read: HowRead
    standing: Standing
    reviewed_on: date
    review_by: date
    value: float | None = None
    sd: float | None = None
    unit: str = ""
    n: int | None = None
    n_total: int | None = None
    caveat: str = ""
    low: float | None = None
    high: float | None = None

    def __post_init__(self) -> None:
        _check_shared(self)
        _need((self.value is not None) == (self.ck in ("value", "above")), "value", f"does not go with ck {self.ck!r}")
        _need((self.value is None) == (not self.unit), "unit", "goes with value")
        _need(self.value is None or self.unit == "U/L", "unit", "CK is held in U/L")
        _need(self.sd is None or self.ck == "value", "sd", "goes with a mean")
        if self.n is not None and self.n_total is not None:
            _need(0 <= self.n <= self.n_total, "n", f"{self.n} is more than n_total {self.n_total}")


# --- what became of people ----------------------------------------------------------------------------------------

CohortOutcome = Literal[
    "relapse",
    "relapsing or chronic course",
    "treatment-free remission",
    "remission on treatment",
    "full strength",
    "raised CK at full strength",
    "response to treatment",
    "more treatment needed",
    "disability",
    "survival",
    "death",
    "cancer",
]
# How the outcome was recognised, and in whom it was looked for: two rows are comparable only where both agree.
CountedBy = Literal[
    "not stated",
    "symptoms",
    "weakness with CK",
    "CK alone",
    "CK and strength",
    "more treatment",
    "symptoms and more steroid",
    "strength",
    "disability scale",
    "treatment stopped",
    "never treated",
    "physician's view",
    "recorded event",
    "survival estimate",
]
Among = Literal[
    "all patients",
    "taper or stop tried",
    "followed",
    "CK normal first",
    "full strength first",
    "one form of onset",
]


@frozen
class Cohort:
    """How often one outcome was seen in one cohort, with its definition and its denominator in words.

    ``n`` and ``n_total`` are blank where they were not readable; ``at_most`` then is the largest denominator there can
    be. ``percent`` is the share as printed, ``low`` and ``high`` the printed 95% limits. Rows that share an ``overlap``
    may hold the same patients. ``alternative_to`` names the row that reads the same sentence otherwise.
    """

    id: str
    cohort: str
    disease: str
    population: Population
    subtype: Subtype
    outcome: CohortOutcome
    counted_by: CountedBy
    definition: str
    among: Among
    denominator: str
    treatment: str
    follow_up: str
    overlap: str
    sources: tuple[str, ...]
    locator: str
    certainty: Certainty
    how_read: HowRead
    standing: Standing
    reviewed_on: date
    review_by: date
    n: int | None = None
    n_total: int | None = None
    at_most: int | None = None
    percent: float | None = None
    low: float | None = None
    high: float | None = None
    follow_up_mo: float | None = None
    alternative_to: str = ""
    caveat: str = ""

    def __post_init__(self) -> None:
        _check_dated(self)
        _need(self.standing != "as_printed", "standing", "'as_printed' is for dose lines, not for cohorts")
        if self.n is not None and self.n_total is not None:
            _need(0 <= self.n <= self.n_total, "n", f"{self.n} is more than n_total {self.n_total}")
            if self.percent is not None:
                printed = abs(100 * self.n / self.n_total - self.percent) <= 0.5
                _need(printed or self.caveat, "percent", f"is not {self.n} of {self.n_total} and no caveat says why")
        _need(self.n_total is None or self.at_most is None, "at_most", "is for a denominator that is not known")
        _need(self.percent is None or 0 <= self.percent <= 100, "percent", "is not between 0 and 100")
        _need((self.low is None) == (self.high is None), "low", "limits come in pairs")
        if self.low is not None and self.high is not None:
            _need(self.percent is not None, "percent", "is blank, but its limits are given")
            _need(self.low <= (self.percent or 0.0) <= self.high, "low", "the share lies outside its limits")
        if self.n is None and self.percent is None:
            _need(self.caveat, "caveat", "is blank, but a row without any number must say why")


PredictorFactor = Literal[
    "sex",
    "age at onset",
    "early combination",
    "immunoglobulin early",
    "delay",
    "duration",
    "antibody",
    "statin exposure",
    "course of onset",
    "lung",
    "drugs during the taper",
    "biopsy",
]


@frozen
class Predictor:
    """One sign that one study tied to an outcome, or failed to tie to it.

    ``tested`` says whether it was looked at by itself or beside others. ``agrees`` and ``against`` name the rows that
    found the same or the opposite of it. No row says that the sign is a cause.
    """

    id: str
    factor: PredictorFactor
    sign: str
    outcome: str
    direction: Literal["better", "worse", "no difference"]
    found: str
    cohort: str
    disease: str
    population: Population
    subtype: Subtype
    tested: Literal["one at a time", "beside others", "not stated"]
    sources: tuple[str, ...]
    locator: str
    certainty: Certainty
    how_read: HowRead
    standing: Standing
    reviewed_on: date
    review_by: date
    measure: Literal["", "odds ratio", "hazard ratio"] = ""
    value: float | None = None
    low: float | None = None
    high: float | None = None
    n_total: int | None = None
    agrees: tuple[str, ...] = ()
    against: tuple[str, ...] = ()
    caveat: str = ""

    def __post_init__(self) -> None:
        _check_dated(self)
        _need((self.value is None) == (not self.measure), "measure", "goes with value")
        _need((self.low is None) == (self.high is None), "low", "limits come in pairs")
        if self.low is not None and self.high is not None:
            _need(self.value is not None, "value", "is blank, but its limits are given")
            _need(self.low <= (self.value or 0.0) <= self.high, "low", "the ratio lies outside its limits")
        _need(not set(self.agrees) & set(self.against), "against", "names a row that agrees as well")


@frozen
class Ledger:
    """All of ``data/``, checked against itself when it is made."""

    sources: tuple[Source, ...]
    facts: tuple[Fact, ...]
    regimens: tuple[Regimen, ...]
    drugs: tuple[Drug, ...]
    conflicts: tuple[Conflict, ...]
    pathway: Pathway
    seed_lines: tuple[SeedLine, ...]
    criteria: tuple[Criteria, ...]
    mimics: tuple[Mimic, ...]
    mimic_features: tuple[MimicFeature, ...]
    red_flags: tuple[RedFlag, ...]
    antibody_tests: tuple[AntibodyTest, ...]
    ck_series: tuple[CkSeries, ...]
    published_records: tuple[PublishedRecord, ...]
    response_criteria: tuple[ResponseCriteria, ...]
    ck_strength: tuple[CkStrength, ...]
    tapers: tuple[TaperScheme, ...]
    steroid_thresholds: tuple[SteroidThreshold, ...]
    plan_checks: tuple[PlanCheck, ...]
    visit_grid: tuple[VisitCell, ...]
    cohorts: tuple[Cohort, ...]
    predictors: tuple[Predictor, ...]
    relapse_model: tuple[RelapseModel, ...]
    reasoning_traps: tuple[ReasoningTrap, ...]
    questions: tuple[Question, ...]

    @classmethod
    def waiting(cls, parts: dict[str, Callable[[], Any]]) -> Ledger:
        """Make a ledger whose parts are brought back when first asked for: a dose needs no pathway, a walk no dose."""
        ledger: Ledger = object.__new__(cls)
        vars(ledger)["_parts"] = parts
        return ledger

    def __getattr__(self, name: str) -> Any:
        # Only called for a name that is not there yet.
        parts = vars(self).get("_parts", {})
        if name not in parts:
            raise AttributeError(f"a ledger has no {name!r}")
        value = vars(self)[name] = parts.pop(name)()
        return value


# --- tapers, plans and visits --------------------------------------------------------------------------------------


@frozen
class TaperStep:
    """One stretch of a scheme: lower by so much, this often, down to a dose; ``down_to_mg`` blank: not stated."""

    by_mg: float
    every_low_wk: float
    every_high_wk: float
    down_to_mg: float | None = None

    def __post_init__(self) -> None:
        _need(self.by_mg > 0, "by_mg", "a step lowers the dose")
        _need(0 < self.every_low_wk <= self.every_high_wk, "every_low_wk", "the interval is not above 0 and in order")


@frozen
class TaperMark:
    """The dose at the end of a month: as a share of the starting dose, or per kilogram. In between lies in between."""

    by_mo: float
    share: float | None = None
    mg_per_kg: float | None = None

    def __post_init__(self) -> None:
        _need((self.share is None) != (self.mg_per_kg is None), "share", "a mark is a share or an amount per kilogram")
        _need(self.share is None or 0 <= self.share <= 1, "share", "is not a share of the whole")


@frozen
class TaperScheme:
    """One published way of lowering a glucocorticoid, in prednisone equivalents.

    ``low``, ``high``, ``unit`` and the two caps are the starting dose it is printed for. ``hold_low_wk`` and
    ``hold_high_wk`` say how long that dose is kept. Then come ``steps`` of so many milligrams, or ``marks`` to be
    reached by a month, or neither. ``unsaid`` lists in words what the source leaves open; a blank is never filled in.
    """

    id: str
    name: str
    population: Population
    studied_in: str
    start_rule: str
    paced_by: str
    unsaid: tuple[str, ...]
    facts: tuple[str, ...]
    sources: tuple[str, ...]
    locator: str
    certainty: Certainty
    how_read: HowRead
    standing: Standing
    reviewed_on: date
    review_by: date
    low: float | None = None
    high: float | None = None
    unit: str = ""
    cap_low_mg: float | None = None
    cap_high_mg: float | None = None
    hold_low_wk: float | None = None
    hold_high_wk: float | None = None
    steps: tuple[TaperStep, ...] = ()
    marks: tuple[TaperMark, ...] = ()
    ends: str = ""
    caveat: str = ""

    def __post_init__(self) -> None:
        _check_shared(self)
        _need(self.facts, "facts", "names no fact")
        _need(self.unsaid, "unsaid", "every scheme read leaves something open; say what")
        _need(not (self.steps and self.marks), "marks", "a scheme goes by steps or by marks, not by both")
        _need((self.hold_low_wk is None) == (self.hold_high_wk is None), "hold_low_wk", "a hold needs both its ends")
        if self.hold_low_wk is not None and self.hold_high_wk is not None:
            _need(0 <= self.hold_low_wk <= self.hold_high_wk, "hold_low_wk", "is above hold_high_wk, or below 0")
        _need(
            not self.steps or self.hold_low_wk is not None,
            "hold_low_wk",
            "steps need to know how long the start is held",
        )
        ends = [step.down_to_mg for step in self.steps]
        _need(None not in ends[:-1], "steps", "only the last step may leave its end open")
        known = [end for end in ends if end is not None]
        _need(known == sorted(known, reverse=True), "steps", "each step ends below the one before")
        months = [mark.by_mo for mark in self.marks]
        _need(months == sorted(set(months)), "marks", "the months do not follow each other")
        amounts = [mark.share if mark.share is not None else mark.mg_per_kg for mark in self.marks]
        kinds = {mark.share is None for mark in self.marks}
        _need(len(kinds) < 2, "marks", "shares and amounts per kilogram cannot stand in one scheme")
        _need(amounts == sorted(amounts, key=lambda amount: -(amount or 0.0)), "marks", "the dose may not rise")


@frozen
class SteroidThreshold:
    """A daily dose from which a source asks for something, and for how long it must last for that.

    ``compare`` says whether the dose itself counts. ``longer_than_days`` is blank where no time is stated.
    """

    id: str
    name: str
    mg_per_d: float
    compare: Literal["at least", "above"]
    asks: str
    facts: tuple[str, ...]
    longer_than_days: int | None = None

    def __post_init__(self) -> None:
        _need(self.facts, "facts", "names no fact")
        _need(self.mg_per_d > 0, "mg_per_d", "is not above 0")


PlanSection = Literal["contraindication", "before", "interaction", "vaccines", "pregnancy", "while given", "statins"]


@frozen
class PlanCheck:
    """Something to look at because of a plan as a whole: one row for all the drugs that share it, or for a pair.

    It belongs to a plan that holds one of ``drugs`` (blank: any plan) and, where ``beside`` is given, one of those too.
    It rests on facts, or is marked as this course's convention.
    """

    id: str
    kind: CheckKind
    section: PlanSection
    text: str
    drugs: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()
    facts: tuple[str, ...] = ()
    when: Any = None
    convention: bool = False

    def __post_init__(self) -> None:
        _need(bool(self.facts) != self.convention, "facts", "names no fact and is not marked as a convention, or both")
        _need(self.drugs or not self.beside, "beside", "a pair needs both its sides")


# The columns of the visit grid, in order; the first is before treatment.
VISITS = ("baseline", "week 2", "week 4", "week 8", "month 3", "month 6", "month 12", "then yearly")
Visit = Literal["baseline", "week 2", "week 4", "week 8", "month 3", "month 6", "month 12", "then yearly"]
VisitBasis = Literal["IMNM source", "myositis source", "drug source", "course convention"]
VisitGroup = Literal["muscle", "lung, heart, swallowing", "glucocorticoid", "drug bloods", "other drugs", "prevention"]


@frozen
class VisitCell:
    """One cell of the visit grid: what to measure at a visit, and who fixed that it is this visit.

    ``basis`` says whose interval it is; all but a course convention name the ``facts`` that fix it. ``why`` names facts
    that say why the thing is looked at, whoever fixed the day. ``drugs`` limits the cell to plans with one of them.
    """

    id: str
    group: VisitGroup
    measure: str
    visit: Visit
    does: str
    basis: VisitBasis
    facts: tuple[str, ...] = ()
    why: tuple[str, ...] = ()
    drugs: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        fixed = self.basis != "course convention"
        _need(bool(self.facts) == fixed, "facts", "an interval of a source names its fact, a convention names none")


# --- the virtual cohort --------------------------------------------------------------------------------------------

# What the virtual cohort can be asked; namlib/model/course_of_disease.py works each out.
CourseQuantity = Literal[
    "ever responded",
    "at full strength",
    "off all drugs",
    "relapsed since taper",
    "ever relapsed",
    "active or relapsed",
    "monophasic",
    "alive",
]


@frozen
class CourseState:
    """One state of the virtual cohort. ``full_strength`` and ``on_drug`` say what it stands for in a comparison."""

    id: str
    name: str
    means: str
    full_strength: bool = False
    on_drug: bool = True


@frozen
class CourseParameter:
    """One number the virtual cohort runs on, and what it stands on.

    A step from ``start`` to ``end`` has a rate per month (``start`` blank: from every state but death). A number
    without ``end`` multiplies the rate of the parameter it ``scales``. ``low`` and ``high`` are the range it is drawn
    from; ``steps`` are the stops of its slider, in months of waiting for a rate.
    """

    id: str
    name: str
    value: float
    low: float
    high: float
    unit: Literal["1/mo", "1"]
    standing: Literal["cited", "calibrated", "assumed"]
    why: str
    start: str = ""
    end: str = ""
    scales: str = ""
    targets: tuple[str, ...] = ()
    facts: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    steps: tuple[float, ...] = ()
    slider: str = ""

    def __post_init__(self) -> None:
        _need(0 < self.low <= self.value <= self.high, "value", "does not lie between low and high, all above 0")
        _need(self.why, "why", "is blank")
        _need(bool(self.end) == (self.unit == "1/mo"), "unit", "a step between states is a rate per month")
        _need(bool(self.end) != bool(self.scales), "scales", "a parameter is a step or scales one")
        grounds = {"cited": self.facts or self.targets, "calibrated": self.targets, "assumed": True}
        _need(grounds[self.standing], "targets", f"{self.standing}, but names nothing it stands on")
        _need(bool(self.steps) == bool(self.slider), "slider", "a slider needs its label and its stops")


@frozen
class CourseTarget:
    """One published share the virtual cohort is calibrated to, or held against.

    ``counts`` are n and N; more than one pair where only a rounded percentage was read and several could be behind it.
    ``percent`` with limits stands where the source gives an estimate instead. ``month`` is when the cohort is asked;
    where the source does not say, ``month_low`` and ``month_high`` are the other times tried, and ``reading`` says so.
    """

    id: str
    role: Literal["calibration", "held out"]
    says: str
    quantity: CourseQuantity
    month: float
    sources: tuple[str, ...]
    reading: str
    counts: tuple[tuple[int, int], ...] = ()
    percent: float | None = None
    low_percent: float | None = None
    high_percent: float | None = None
    month_low: float | None = None
    month_high: float | None = None
    facts: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _need(self.sources, "sources", "names no source")
        _need(bool(self.counts) != (self.percent is not None), "counts", "a target is counted or estimated, not both")
        _need(all(0 <= n <= total and total for n, total in self.counts), "counts", "a pair is no share")
        limits = (self.low_percent, self.percent, self.high_percent)
        known = [limit for limit in limits if limit is not None]
        _need(len(known) in (0, len(limits)), "percent", "an estimate needs both its limits")
        _need(known == sorted(known), "percent", "does not lie between its limits")
        months = [month for month in (self.month_low, self.month, self.month_high) if month is not None]
        _need(months == sorted(months) and months[0] > 0, "month", "the times do not follow each other")


@frozen
class RelapseModel:
    """The virtual cohort: its states, its numbers, what it is held against, and what it cannot say."""

    label: str
    start: str
    states: tuple[CourseState, ...]
    parameters: tuple[CourseParameter, ...]
    targets: tuple[CourseTarget, ...]
    limits: tuple[str, ...]

    def __post_init__(self) -> None:
        _need("SYNTHETIC" in self.label, "label", "does not say SYNTHETIC")
        states = {state.id for state in self.states}
        _need(self.start in states, "start", "is no state")
        named = {parameter.id for parameter in self.parameters}
        targets = {target.id for target in self.targets}
        ends = {parameter.end for parameter in self.parameters if parameter.end and not parameter.start}
        _need(len(ends) < 2, "start", f"is blank for steps to {', '.join(sorted(ends))}; it may be for one state only")
        for parameter in self.parameters:
            for field, name, known in (
                ("start", parameter.start, states),
                ("end", parameter.end, states),
                ("scales", parameter.scales, named),
            ):
                _need(not name or name in known, field, f"{name!r} of {parameter.id} does not exist")
            for name in parameter.targets:
                _need(name in targets, "targets", f"{name!r} of {parameter.id} does not exist")


# --- how a learner reasons -----------------------------------------------------------------------------------------


@frozen
class ReasoningTrap:
    """One trap of reasoning and the rule by which a case discussion finds it. Its thresholds are the course's own.

    ``rule`` is said to the learner with the thresholds filled in for ``{confidence}`` and ``{findings}``.
    """

    id: Literal["anchoring", "premature_closure", "base_rate_neglect"]
    name: str
    about: str
    rule: str
    confidence_percent: float | None = None
    findings: int | None = None

    def __post_init__(self) -> None:
        for field, mark in (("confidence_percent", "{confidence}"), ("findings", "{findings}")):
            value = getattr(self, field)
            _need((value is not None) == (mark in self.rule), field, f"and {mark} in the rule belong together")
        share = self.confidence_percent
        _need(share is None or 0 < share <= 100, "confidence_percent", f"{share} is no share in percent")

    @property
    def said(self) -> str:
        """The rule with its thresholds."""
        return self.rule.format(confidence=f"{self.confidence_percent or 0:g}", findings=self.findings)


# --- the item bank -------------------------------------------------------------------------------------------------

QuestionKind = Literal["single", "multiple", "number", "true_false"]
QuestionTopic = Literal[
    "reading a claim",
    "diagnosis",
    "therapy by tier",
    "treatment by antibody",
    "doses and populations",
    "follow-up and safety",
    "relapse and numbers",
]
Difficulty = Literal["foundation", "application", "judgement"]
# The notebook an item belongs to, by its number: files may be renamed, numbers stay.
QuestionNotebook = Literal["00", "01", "02", "03", "04", "05", "06"]
_TRUE_FALSE = {"true": "True", "false": "False"}
# An option that points at other options tests the wording of the item and breaks when options are shuffled.
_POINTS_AT_OPTIONS = ("all of the above", "none of the above", "both of the above", "all of these", "none of these")


def _check_words(field: str, text: str, *, paragraphs: bool = False) -> None:
    """Refuse text that an export could not carry: blank, padded, or with characters that no format has."""
    _need(text and text == text.strip(), field, "is blank, or begins or ends with a space")
    allowed = "\n" if paragraphs else ""
    wrong = [character for character in text if not character.isprintable() and character not in allowed]
    _need(not wrong, field, f"holds a character that is not printed: {wrong[:1]}")
    _need("\n\n" not in text, field, "holds an empty paragraph")
    lowered = text.lower()
    for phrase in _POINTS_AT_OPTIONS:
        _need(phrase not in lowered, field, f"points at other options ({phrase!r})")


def _check_sentences(field: str, text: str) -> None:
    _check_words(field, text)
    _need(text.endswith((".", "?", "!")), field, "does not end as a sentence")


@frozen
class QuestionOption:
    """One option of an item, with what is said to whoever chooses it: why it is right or wrong, and on which rows.

    ``id`` is kept for good: saved answers and exports name it.
    """

    id: str
    text: str
    feedback: str
    facts: tuple[str, ...] = ()
    regimens: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _need(self.id.isidentifier() and self.id == self.id.lower(), "id", "is not one lower-case word")
        _check_words("text", self.text)
        _check_sentences("feedback", self.feedback)


@frozen
class NumberSlip:
    """A wrong number that shows how somebody reckoned, and what to say to it. Both ends belong to it."""

    low: float
    high: float
    feedback: str
    facts: tuple[str, ...] = ()
    regimens: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _need(self.low <= self.high, "low", f"{self.low:g} is above high {self.high:g}")
        _check_sentences("feedback", self.feedback)


@frozen
class NumberKey:
    """The accepted interval of a number item, both ends included, in ``unit``; what is said to it and to the rest."""

    low: float
    high: float
    unit: str
    feedback: str
    otherwise: str
    facts: tuple[str, ...] = ()
    regimens: tuple[str, ...] = ()
    slips: tuple[NumberSlip, ...] = ()

    def __post_init__(self) -> None:
        _need(self.low <= self.high, "low", f"{self.low:g} is above high {self.high:g}")
        try:
            unit(self.unit)
        except ValueError as refused:
            raise Refused("unit", str(refused)) from None
        _check_sentences("feedback", self.feedback)
        _check_sentences("otherwise", self.otherwise)
        spans = sorted([(self.low, self.high), *((slip.low, slip.high) for slip in self.slips)])
        for (_, end), (start, _) in pairwise(spans):
            _need(end < start, "slips", f"the interval that ends at {end:g} reaches into the one from {start:g}")


@frozen
class Question:
    """One item of the bank.

    ``id`` carries no version: an edited item keeps it and raises ``revision``, which is how a learner's Anki deck knows
    that its own copy is older. ``facts``, ``regimens`` and ``sources`` are what the stem and ``takeaway`` rest on;
    each option names its own. ``fictional_numbers`` lists, as written, the numbers that are invented: those of the
    vignette, and those that an option offers to be judged. Every other number has to come from a row that is named.
    """

    id: str
    notebook: QuestionNotebook
    topic: QuestionTopic
    objective: str
    kind: QuestionKind
    difficulty: Difficulty
    stem: str
    takeaway: str
    options: tuple[QuestionOption, ...] = ()
    key: tuple[str, ...] = ()
    number: NumberKey | None = None
    facts: tuple[str, ...] = ()
    regimens: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    fictional_numbers: tuple[str, ...] = ()
    revision: int = 1

    def __post_init__(self) -> None:
        _need(self.id.isidentifier() and self.id == self.id.lower(), "id", "is not lower-case words with underscores")
        _check_words("objective", self.objective)
        _check_words("stem", self.stem, paragraphs=True)
        _check_sentences("takeaway", self.takeaway)
        _need(self.revision >= 1, "revision", "counts from 1")
        for tag in self.tags:
            _need(tag and all(part.isalnum() for part in tag.split("-")), "tags", f"{tag!r} is not words-with-hyphens")
        if self.kind == "number":
            _need(self.number, "number", "is blank, but the item asks for a number")
            _need(not self.options and not self.key, "options", "an item that asks for a number has none")
        else:
            _need(self.number is None, "number", "belongs to items that ask for a number")
            self._check_options()
        _need(self.all_facts or self.all_regimens or self.sources, "facts", "the item rests on no fact and no source")
        texts = " ".join(self.texts)
        for written in self.fictional_numbers:
            _need(written in texts, "fictional_numbers", f"{written!r} stands nowhere in the item")

    def _check_options(self) -> None:
        names = [option.id for option in self.options]
        _need(len(set(names)) == len(names), "options", "two options have one id")
        for field in ("text", "feedback"):
            texts = [getattr(option, field) for option in self.options]
            _need(len(set(texts)) == len(texts), "options", f"two options have one {field}")
        for name in self.key:
            _need(name in names, "key", f"{name!r} is no option of the item")
        _need(len(set(self.key)) == len(self.key), "key", "names an option twice")
        if self.kind == "true_false":
            shown = {option.id: option.text for option in self.options}
            _need(shown == _TRUE_FALSE, "options", "are not true and false, shown as True and False")
        else:
            _need(3 <= len(self.options) <= 6, "options", f"{len(self.options)} of them; an item has 3 to 6")
        if self.kind == "multiple":
            _need(0 < len(self.key) < len(self.options), "key", "names no option, or all of them")
        else:
            _need(len(self.key) == 1, "key", f"names {len(self.key)} options; this kind of item has one")

    @property
    def parts(self) -> tuple[QuestionOption | NumberKey | NumberSlip, ...]:
        """Everything that carries feedback: the options, or the accepted number and the slips beside it."""
        return self.options if self.number is None else (self.number, *self.number.slips)

    @property
    def texts(self) -> tuple[str, ...]:
        """Everything of the item that a learner may read, the key included."""
        shown = [self.objective, self.stem, self.takeaway]
        shown += [text for option in self.options for text in (option.text, option.feedback)]
        if self.number is not None:
            shown += [self.number.feedback, self.number.otherwise, *(slip.feedback for slip in self.number.slips)]
        return tuple(shown)

    @property
    def all_facts(self) -> tuple[str, ...]:
        """Ids of every fact named in the item, in order."""
        return tuple(dict.fromkeys([*self.facts, *(name for part in self.parts for name in part.facts)]))

    @property
    def all_regimens(self) -> tuple[str, ...]:
        """Ids of every regimen named in the item, in order."""
        return tuple(dict.fromkeys([*self.regimens, *(name for part in self.parts for name in part.regimens)]))
