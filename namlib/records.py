"""What a row of the ledger is. Frozen records that refuse to exist when they break a rule of the course.

Standard library only: the same records come out of the validated cache, out of freshly read files and in a browser.
The type annotations are the schema; :mod:`namlib.validate` turns file contents into records and words its errors.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
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


def _check_shared(record: Any) -> None:
    """Rules every dated, sourced row keeps."""
    _need(record.sources, "sources", "names no source")
    _need(record.review_by > record.reviewed_on, "review_by", "is not after reviewed_on")
    if record.standing == "caveat":
        _need(record.caveat, "caveat", "is blank, but standing 'caveat' must say what the caveat is")
    if record.how_read == "recalled":
        _need(record.standing == "caveat", "standing", "a recalled row is shown only with its caveat")
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
    """One line of a starting document: what teaches it, and what the evidence says of it."""

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
