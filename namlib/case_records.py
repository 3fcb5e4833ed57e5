"""What a case is: the record of one patient, real or fictional, able to hold what reports really say.

Reports print bounds and approximations, several clocks, labels that change, and contradictions. Each has a place here,
so that nothing has to be rounded, guessed or dropped. Standard library only, like the records of the ledger.

Time in a record is a list of named points, ``times``, in the order in which they happened. Whatever happened names
one of them (``at``). A point may have a date on one clock, on several, or on none: order needs no date.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any, ClassVar, Literal

from namlib.discussion_records import Discussion
from namlib.frozen import frozen
from namlib.records import Refused
from namlib.units import unit

SCHEMA_VERSION = 1

Compare = Literal["=", "~", ">", ">=", "<", "<="]
TestState = Literal["positive", "negative", "not_tested", "not_reported"]
ClockUnit = Literal["d", "wk", "mo", "a"]
Statistic = Literal["single", "mean", "median"]
Scale = Literal[
    "MRC 0-5",
    "MMT8 0-80",
    "MMT8 0-150",
    "MMT26 0-260",
    "CMAS 0-52",
    "dynamometry kg",
    "dynamometry N",
    "Gowers s",
    "words",
]
# What a drug counts as among the answers of a patient; "other" counts as none of them.
DrugGroup = Literal[
    "glucocorticoid",
    "methotrexate",
    "azathioprine",
    "mycophenolate",
    "tacrolimus",
    "ciclosporin",
    "ivig",
    "rituximab",
    "plasma_exchange",
    "cyclophosphamide",
    "statin",
    "checkpoint inhibitor",
    "other",
]
DrugRole = Literal["treatment", "cause", "background", "supportive"]
Route = Literal["oral", "IV", "SC", "IM", "apheresis", "not_stated"]
DrugEventKind = Literal[
    "start", "stop", "restart", "dose change", "switch", "wean", "cycle", "declined", "planned", "paused"
]
WorkUpKind = Literal[
    "laboratory",
    "imaging",
    "electromyography",
    "cancer screen",
    "heart",
    "lung",
    "swallowing",
    "virus",
    "thyroid",
    "genes",
    "autoimmunity",
    "other",
]
WorkUpState = Literal["normal", "abnormal", "described", "not_done", "pending", "not_reported"]
Stain = Literal["raised", "slight", "absent or focal", "not_done", "not_reported"]
Presence = Literal["present", "absent", "not_done", "not_reported"]
ComplementPlace = Literal["sarcolemma", "capillaries", "other"]
LabelStanding = Literal["suspected", "working", "wrong", "final"]

_DAYS_IN = {"d": 1.0, "wk": 7.0, "mo": 365.25 / 12, "a": 365.25}
_PRINTED_NUMBER = re.compile(r"\d[\d,\N{NARROW NO-BREAK SPACE}\N{NO-BREAK SPACE} ]*(?:\.\d+)?")
# Unit strings that mean units per litre, as reports print them; any other needs a flag beside the number.
_UNITS_PER_LITRE = frozenset({"u/l", "iu/l", "ui/l", "iu per liter", "iu/liter", "iu per litre", "u per litre"})
_MICROKATAL = frozenset({"ukat/l", "\N{MICRO SIGN}kat/l", "\N{GREEK SMALL LETTER MU}kat/l"})
_U_PER_UKAT = 60.0
_IDENTIFIER = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,59}")


def need(condition: object, field: str, reason: str) -> None:
    """Refuse a record in words unless a condition holds."""
    if not condition:
        raise Refused(field, reason)


def is_identifier(name: str) -> bool:
    """Whether a text can be an id: letters, digits and hyphens, and a file name everywhere.

    Examples
    --------
    >>> is_identifier("stairs-and-bath"), is_identifier("../secret"), is_identifier("")
    (True, False, False)
    """
    return _IDENTIFIER.fullmatch(name) is not None


class Strict:
    """A record in a case file: a field that it does not have is refused and not passed over."""

    __pydantic_config__: ClassVar[Any] = {"extra": "forbid"}


def _not_negative(record: Any, *names: str) -> None:
    for name in names:
        value = getattr(record, name)
        need(value is None or value >= 0, name, f"{value} is below zero")


def _likely_needs_flag(record: Any) -> None:
    need(record.flag or not record.likely, "likely", "what was likely meant needs a flag that says what is odd")


# --- time ----------------------------------------------------------------------------------------------------------


@frozen
class Clock(Strict):
    """One way of counting time: from the first symptom, from the first CK, from the start of a drug."""

    id: str
    label: str


@frozen
class Reading(Strict):
    """Where a point stands on one clock, as printed and as a number."""

    clock: str
    amount: float
    unit: ClockUnit = "wk"
    cmp: Compare = "="
    as_published: str = ""

    @property
    def weeks(self) -> float:
        """The amount in weeks; a month is a twelfth of 365.25 days."""
        return self.amount * _DAYS_IN[self.unit] / 7.0


@frozen
class Time(Strict):
    """One named point in the course. The order of the list is the order of events; a date is optional.

    ``order_unsure`` says why the place in the list is an inference. ``moment`` of a published record is the name of
    the moment in ``published_records.yaml`` that belongs here.
    """

    id: str
    label: str
    when: tuple[Reading, ...] = ()
    as_published: str = ""
    order_unsure: str = ""
    moment: str = ""

    def __post_init__(self) -> None:
        need(_IDENTIFIER.fullmatch(self.id), "id", "is not made of letters, digits and hyphens")
        clocks = [reading.clock for reading in self.when]
        need(len(set(clocks)) == len(clocks), "when", "has two readings on one clock")


# --- measurements --------------------------------------------------------------------------------------------------


@frozen
class Ck(Strict):
    """Creatine kinase at one point. ``value_u_per_l`` is blank where no number was printed; ``level`` has the word.

    ``as_published`` keeps what was printed. ``flag`` says what is odd in it and ``likely`` what was probably meant;
    neither changes the number.
    """

    at: str
    value_u_per_l: float | None = None
    cmp: Compare = "="
    level: Literal["raised", "normal", "rising", "falling", "improved", "not_stated"] | None = None
    as_published: str = ""
    unit_as_published: str = ""
    upper_limit_u_per_l: float | None = None
    statistic: Statistic = "single"
    n: int = 1
    sd: float | None = None
    series: str = ""
    flag: str = ""
    likely: str = ""
    note: str = ""
    sources: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _not_negative(self, "value_u_per_l", "upper_limit_u_per_l", "sd")
        need(self.value_u_per_l is not None or self.level, "value_u_per_l", "is blank, and no level says why")
        need(self.value_u_per_l is not None or self.cmp == "=", "cmp", "has no number to compare with")
        need(self.n >= 1, "n", "counts nobody")
        need(self.statistic == "single" or self.n > 1, "n", f"a {self.statistic} is of more than one person")
        need(self.statistic != "single" or self.n == 1, "statistic", "a single value is of one person")
        _likely_needs_flag(self)
        self._agrees_with_print()

    def _agrees_with_print(self) -> None:
        if self.value_u_per_l is None or not self.as_published or self.flag:
            return
        printed = self.unit_as_published.strip().lower()
        factor = _U_PER_UKAT if printed in _MICROKATAL else 1.0
        known = printed in _UNITS_PER_LITRE or printed in _MICROKATAL
        need(known, "unit_as_published", f"{self.unit_as_published!r} is not U/L; a flag must say what was printed")
        numbers = [float(re.sub(r"[^\d.]", "", text)) * factor for text in _PRINTED_NUMBER.findall(self.as_published)]
        agrees = any(abs(number - self.value_u_per_l) <= 0.005 * self.value_u_per_l for number in numbers)
        need(agrees, "value_u_per_l", f"{self.value_u_per_l:g} is not the number in {self.as_published!r}")


@frozen
class Strength(Strict):
    """Strength at one point on one scale: of a muscle, a group of muscles or a whole test.

    ``sign`` keeps the plus or minus of a grade. Without a number, ``words`` say what was found.
    """

    at: str
    scale: Scale
    where: str = ""
    value: float | None = None
    sign: Literal["", "+", "-"] = ""
    high: float | None = None
    cmp: Compare = "="
    words: str = ""
    as_published: str = ""
    statistic: Statistic = "single"
    n: int = 1
    sd: float | None = None
    flag: str = ""
    likely: str = ""
    note: str = ""
    sources: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        need(self.value is not None or self.words, "value", "is blank, and no words say what was found")
        need(self.value is None or self.scale != "words", "scale", "a number needs a scale that is not 'words'")
        _not_negative(self, "value", "high", "sd")
        most = self.most
        for name, value in (("value", self.value), ("high", self.high)):
            need(value is None or most is None or value <= most, name, f"{value} is beyond the scale {self.scale}")
        need(self.high is None or (self.value is not None and self.value <= self.high), "high", "is below value")
        need(not self.sign or self.scale == "MRC 0-5", "sign", "plus and minus belong to grades of 0-5")
        _likely_needs_flag(self)

    @property
    def most(self) -> float | None:
        """The highest mark of the scale, where it has one."""
        low, dash, high = self.scale.rpartition(" ")[2].partition("-")
        return float(high) if dash and low == "0" else None


@frozen
class Antibody(Strict):
    """What is known of one or more antibodies from one point on. Four states: not tested and not reported differ.

    Several entries for one antibody are its results over time; the latest counts.
    """

    names: tuple[str, ...]
    state: TestState
    at: str = ""
    value: float | None = None
    cmp: Compare = "="
    unit_as_published: str = ""
    as_published: str = ""
    assay: str = ""
    confirmed_by: str = ""
    repeat: bool = False
    flag: str = ""
    likely: str = ""
    note: str = ""
    sources: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        need(self.names, "names", "names no antibody")
        need(len(set(self.names)) == len(self.names), "names", "names one antibody twice")
        need(self.at or self.state == "not_reported", "at", "a result needs the point at which it was known")
        no_result = self.state in ("not_tested", "not_reported")
        need(not (no_result and self.value is not None), "value", f"{self.state} cannot have a value")
        _likely_needs_flag(self)


@frozen
class WorkUp(Strict):
    """One test other than CK, strength, antibodies and biopsy. A negative result is data, and so is a test not done."""

    test: str
    kind: WorkUpKind
    state: WorkUpState
    at: str = ""
    result: str = ""
    value: float | None = None
    cmp: Compare = "="
    unit_as_published: str = ""
    range_as_published: str = ""
    as_published: str = ""
    flag: str = ""
    likely: str = ""
    note: str = ""
    sources: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        blank = self.state in ("not_done", "not_reported", "pending")
        need(not (blank and (self.value is not None or self.result)), "state", f"{self.state} cannot have a result")
        _likely_needs_flag(self)


@frozen
class Biopsy(Strict):
    """One biopsy: what was seen, and for complement also where.

    ``reads_as`` is how a rule of criteria would read a muscle biopsy; blank where the text does not let one say.
    """

    at: str
    tissue: str = "muscle"
    site: str = ""
    method: Literal["needle", "open", "not_stated"] = "not_stated"
    reads_as: Literal["necrotizing", "other"] | None = None
    necrosis: Presence = "not_reported"
    regeneration: Presence = "not_reported"
    inflammation: str = ""
    mhc1: Stain = "not_reported"
    complement: Presence = "not_reported"
    complement_where: tuple[ComplementPlace, ...] = ()
    picture: str = ""
    read_again: bool = False
    flag: str = ""
    likely: str = ""
    note: str = ""
    sources: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        need(not self.complement_where or self.complement == "present", "complement_where", "needs complement: present")
        need(self.reads_as is None or self.tissue == "muscle", "reads_as", "is for muscle")
        contradicts = self.reads_as == "necrotizing" and self.necrosis == "absent"
        need(not contradicts, "reads_as", "necrotizing contradicts necrosis: absent")
        _likely_needs_flag(self)


@frozen
class Finding(Strict):
    """Answers to questions of a patient (``namlib/model/findings.py``) known from a point on; later ones replace them.

    CK, antibodies, biopsy, drugs, age, sex and size have places of their own and are read from there.
    """

    at: str
    answers: Any
    as_published: str = ""
    note: str = ""
    sources: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        need(isinstance(self.answers, dict) and self.answers, "answers", "needs answers, by field of a patient")


# --- drugs ---------------------------------------------------------------------------------------------------------


@frozen
class CaseDose(Strict):
    """A printed dose as numbers: one amount, or from ``amount`` to ``high``, in a unit of the course."""

    amount: float
    unit: str
    high: float | None = None
    cmp: Compare = "="
    times: int | None = None

    def __post_init__(self) -> None:
        try:
            known = unit(self.unit)
        except ValueError as refused:
            raise Refused("unit", str(refused)) from None
        need(known.mass or self.unit == "{session}", "unit", f"{self.unit} is not a unit of dose")
        need(self.amount > 0, "amount", "is not above zero")
        need(self.high is None or self.high >= self.amount, "high", "is below amount")
        need(self.times is None or self.times > 0, "times", "is not above zero")


@frozen
class DrugEvent(Strict):
    """Something that happened to a drug: started, stopped, changed, declined."""

    at: str
    kind: DrugEventKind
    dose_as_published: str = ""
    dose: CaseDose | None = None
    by: str = ""
    reason: str = ""
    note: str = ""
    flag: str = ""
    likely: str = ""
    sources: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _likely_needs_flag(self)


@frozen
class CaseDrug(Strict):
    """One drug, or another treatment, with its dose as printed and as numbers. What they give is computed, never typed.

    ``start`` and ``stop`` are points of the course; blank where the report has no such point. ``order`` is the place
    among the treatments as reported, where that is stated. Drugs begun together share a ``start``.
    """

    id: str
    agent: str
    group: DrugGroup
    role: DrugRole = "treatment"
    drug: str = ""
    route: Route = "not_stated"
    dose_as_published: str = ""
    dose: CaseDose | None = None
    flag: str = ""
    likely: str = ""
    start: str = ""
    stop: str = ""
    order: int | None = None
    events: tuple[DrugEvent, ...] = ()
    duration_as_published: str = ""
    start_as_published: str = ""
    response: str = ""
    note: str = ""
    sources: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        need(_IDENTIFIER.fullmatch(self.id), "id", "is not made of letters, digits and hyphens")
        _likely_needs_flag(self)
        for dose in (self.dose, *(event.dose for event in self.events)):
            if dose is not None and self.group == "methotrexate":
                weekly = unit(dose.unit).period == "wk"
                need(weekly, "dose", f"methotrexate is given per week, never in {dose.unit}")

    @property
    def points(self) -> tuple[str, ...]:
        """Every point of the course that this drug names."""
        return tuple(filter(None, (self.start, *(event.at for event in self.events), self.stop)))


# --- what people made of it ----------------------------------------------------------------------------------------


@frozen
class CaseLabel(Strict):
    """A name for the illness at one point: whose it was, what it rested on, and whether it held."""

    at: str
    label: str
    evidence: str
    standing: LabelStanding = "working"
    by: str = ""
    sources: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        need(self.evidence, "evidence", "a label needs what it rested on; 'not stated' is an answer")


@frozen
class Version(Strict):
    """One side of a contradiction: what is said, and where; a published record names the source too."""

    says: str
    where: str = ""
    source: str = ""

    def __post_init__(self) -> None:
        need(self.where or self.source, "where", "does not say where this stands")


@frozen
class Contradiction(Strict):
    """Two or more statements that cannot all be right. All are kept; ``handled`` says what the record does."""

    about: str
    versions: tuple[Version, ...]
    handled: str

    def __post_init__(self) -> None:
        need(len(self.versions) > 1, "versions", "a contradiction has two sides or more")


@frozen
class AdverseEvent(Strict):
    """A harm, or a harm that was looked for and not seen, with its drug and what followed."""

    what: str
    seen: Literal["yes", "no", "not_reported"] = "yes"
    at: str = ""
    drug: str = ""
    consequence: str = ""
    sources: tuple[str, ...] = ()


@frozen
class Event(Strict):
    """Something that happened and is neither a drug nor a test: admission, fall, transplant, birth, death."""

    at: str
    what: str
    sources: tuple[str, ...] = ()


@frozen
class Outcome(Strict):
    """How it stood at one point, and who said so."""

    at: str
    text: str
    by: Literal["clinician", "patient", "test", "authors"] = "authors"
    sources: tuple[str, ...] = ()


@frozen
class Note(Strict):
    """Free text where no typed field fits. Numbers do not belong here."""

    about: str
    text: str
    sources: tuple[str, ...] = ()


@frozen
class Age(Strict):
    """Age at one point; reports give the age at onset, at admission or at publication."""

    at: str
    years: float
    cmp: Compare = "="
    as_published: str = ""

    def __post_init__(self) -> None:
        need(0 <= self.years <= 120, "years", "is not an age")


@frozen
class Person(Strict):
    """Who it is about. ``n`` above one is a group reported together. Nothing here can identify anybody."""

    ages: tuple[Age, ...] = ()
    sex: Literal["female", "male"] | None = None
    n: int = 1
    ethnicity_as_published: str = ""
    weight_kg: float | None = None
    height_cm: float | None = None
    body_surface_m2: float | None = None
    comorbidities: str = ""
    family_history: str = ""
    social_history: str = ""
    earlier_treatment: str = ""
    note: str = ""

    def __post_init__(self) -> None:
        need(self.n >= 1, "n", "counts nobody")
        _not_negative(self, "weight_kg", "height_cm", "body_surface_m2")


@frozen
class Presentation(Strict):
    """How it began, in the course's own words; ``onset_as_published`` keeps the report's time."""

    summary: str
    onset_as_published: str = ""
    tempo: str = ""
    examination: str = ""


# --- the whole -----------------------------------------------------------------------------------------------------


@frozen
class CaseRecord(Strict):
    """Everything that is recorded of one case. A blank means not stated, or not in what was read: never negative."""

    person: Person
    presentation: Presentation
    times: tuple[Time, ...]
    clocks: tuple[Clock, ...] = ()
    sources: tuple[str, ...] = ()
    read: str = ""
    reported_as: str = ""
    ck: tuple[Ck, ...] = ()
    strength: tuple[Strength, ...] = ()
    antibodies: tuple[Antibody, ...] = ()
    work_up: tuple[WorkUp, ...] = ()
    biopsies: tuple[Biopsy, ...] = ()
    findings: tuple[Finding, ...] = ()
    drugs: tuple[CaseDrug, ...] = ()
    labels: tuple[CaseLabel, ...] = ()
    events: tuple[Event, ...] = ()
    adverse_events: tuple[AdverseEvent, ...] = ()
    outcomes: tuple[Outcome, ...] = ()
    contradictions: tuple[Contradiction, ...] = ()
    challenges: str = ""
    considered: str = ""
    prognosis: str = ""
    adherence: str = ""
    caveats: tuple[str, ...] = ()
    notes: tuple[Note, ...] = ()

    def __post_init__(self) -> None:
        need(self.times, "times", "a record needs a point in time")

    def place(self, time: str) -> int:
        """Return where a point stands in the order of events.

        Raises
        ------
        KeyError
            If there is no such point; the message lists those there are.
        """
        for place, point in enumerate(self.times):
            if point.id == time:
                return place
        raise KeyError(f"no point {time!r}; known: {', '.join(point.id for point in self.times)}")


@frozen
class Case(Strict):
    """One case: a record, and for a teaching case, which is fictional, also its discussion."""

    id: str
    title: str
    kind: Literal["teaching", "published"]
    record: CaseRecord
    schema: Literal[1] = 1
    inspired_by: tuple[str, ...] = ()
    discussion: Discussion | None = None

    def __post_init__(self) -> None:
        need(_IDENTIFIER.fullmatch(self.id), "id", "is not made of letters, digits and hyphens")
        need(self.title, "title", "is blank")
        if self.kind == "teaching":
            need(self.inspired_by, "inspired_by", "a teaching case names the published records behind it")
            need(not self.record.sources, "record.sources", "a fictional patient has no source; claims name theirs")
        else:
            need(not self.inspired_by, "inspired_by", "is for teaching cases")
            need(self.discussion is None, "discussion", "is for teaching cases")
            need(self.record.sources, "record.sources", "a published record names its source")
            need(self.record.read, "record.read", "does not say how much of the source was read")
            sides = [side for pair in self.record.contradictions for side in pair.versions]
            need(all(side.source for side in sides), "record.contradictions", "every side names its source")

    @property
    def fictional(self) -> bool:
        """Whether the patient and every number are invented."""
        return self.kind == "teaching"

    @property
    def sources(self) -> tuple[str, ...]:
        """Keys of every source named anywhere in the case, sorted."""
        return tuple(sorted(set(_named(self, "sources", "source"))))

    @property
    def facts(self) -> tuple[str, ...]:
        """Ids of every fact named anywhere in the case, sorted."""
        return tuple(sorted(set(_named(self, "facts", "fact"))))

    def to_dict(self) -> dict[str, Any]:
        """Return the case as plain data, without what is left at its default; a file of it reads as the same case."""
        held: dict[str, Any] = compact(self)
        return {"schema": self.schema, **held}

    def __repr__(self) -> str:
        mark = "FICTIONAL teaching case" if self.fictional else "published record"
        return f"{self.id}, {mark}: {self.title}"


def compact(value: Any) -> Any:
    """Turn records into plain data and leave out every field that has its default.

    Examples
    --------
    >>> compact(Ck("admission", 711.0, upper_limit_u_per_l=170.0))
    {'at': 'admission', 'value_u_per_l': 711.0, 'upper_limit_u_per_l': 170.0}
    """
    if is_dataclass(value) and not isinstance(value, type):
        held = {field.name: (getattr(value, field.name), field.default) for field in fields(value)}
        return {name: compact(item) for name, (item, default) in held.items() if item != default}
    if isinstance(value, Mapping):
        return {str(key): compact(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [compact(item) for item in value]
    return value


def _named(value: Any, *names: str) -> Iterator[str]:
    """Find every name held under some field names, at any depth."""
    if is_dataclass(value) and not isinstance(value, type):
        for field in fields(value):
            held = getattr(value, field.name)
            if field.name in names:
                yield from filter(None, (held,) if isinstance(held, str) else held)
            else:
                yield from _named(held, *names)
    elif isinstance(value, tuple | list):
        for item in value:
            yield from _named(item, *names)


def inconsistent(record: CaseRecord) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Find what no single entry can see: ids that occur twice, clocks that run backwards, drugs that stop too early.

    Yields
    ------
    (path, reason)
        Where in the record, and what is wrong.
    """
    for part, rows in (("times", record.times), ("clocks", record.clocks), ("drugs", record.drugs)):
        yield from _twice(part, [row.id for row in rows])
    latest: dict[str, float] = {}
    for place, time in enumerate(record.times):
        for number, reading in enumerate(time.when):
            before = latest.get(reading.clock)
            if before is not None and reading.weeks < before and not time.order_unsure:
                reason = f"is earlier on the clock {reading.clock} than a point above it; order_unsure may say why"
                yield ("times", place, "when", number, "amount"), reason
            latest[reading.clock] = max(reading.weeks, before if before is not None else reading.weeks)
    order = {time.id: place for place, time in enumerate(record.times)}
    for number, drug in enumerate(record.drugs):
        named = [order[point] for point in drug.points if point in order]
        if named != sorted(named):
            yield ("drugs", number), "its points do not follow each other: start, events, stop"


def _twice(part: str, ids: Iterable[str]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    seen: set[str] = set()
    for place, name in enumerate(ids):
        if name in seen:
            yield (part, place, "id"), f"{name!r} occurs twice"
        seen.add(name)
