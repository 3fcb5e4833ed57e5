"""What a case record says at each point of its course: the answers known by then, the order of events, what is missing.

Nothing is looked up in a file here and no later result leaks into an earlier point.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Literal

from namlib.case_records import (
    AdverseEvent,
    Antibody,
    Biopsy,
    Case,
    CaseDose,
    CaseDrug,
    CaseLabel,
    CaseRecord,
    Ck,
    Strength,
    Time,
    WorkUp,
)
from namlib.frozen import frozen
from namlib.model.dosing import body_surface_m2
from namlib.model.findings import (
    CK_ABOVE_ANY_LIMIT_U_PER_L,
    FIELDS,
    NONE_FOUND,
    OTHER_ANTIBODIES,
    TREATMENTS,
    contradiction,
    read,
)
from namlib.records import Refused
from namlib.table import plain
from namlib.units import EN_DASH, number, span, unit

ONSET = "onset"
# Answers that have a place of their own in a record; typed as a finding they would stand there twice.
PLACES = {
    "age_years": "person.ages",
    "sex": "person",
    "weight_kg": "person",
    "height_cm": "person",
    "symptom_months": f"the clock '{ONSET}' of times",
    "ck_u_per_l": "ck",
    "ck_upper_limit_u_per_l": "ck",
    "ck_raised": "ck",
    "anti_hmgcr": "antibodies",
    "anti_srp": "antibodies",
    "muscle_biopsy": "biopsies",
    "mhc1": "biopsies",
    "used": "drugs",
}
_WEEKS_A_MONTH = 365.25 / 12 / 7
# How reports name the antibodies of a panel; compared without "anti", spaces and hyphens.
_SYNTHETASES = ("pl7", "pl12", "ej", "oj", "ks", "zo", "ha")
_PANEL = {
    **{name.lower().replace("-", ""): name for name in OTHER_ANTIBODIES if name != NONE_FOUND},
    **dict.fromkeys(_SYNTHETASES, "other synthetase"),
    "tif1g": "TIF1-gamma",
    "tif1\N{GREEK SMALL LETTER GAMMA}": "TIF1-gamma",
    "sae": "SAE1",
    "mi2alpha": "Mi-2",
    "mi2beta": "Mi-2",
    "pmscl75": "PM-Scl",
    "pmscl100": "PM-Scl",
    "ssa52": "Ro52",
    "rnp": "U1-RNP",
}
_MHC1 = {"raised": "raised", "absent or focal": "absent or focal", "not_done": "not_done"}


def check_answers(answers: dict[str, Any]) -> None:
    """Refuse a finding whose field does not exist, has another place in the record, or has an answer no form takes.

    Raises
    ------
    Refused
        Naming the first such field.

    Examples
    --------
    >>> check_answers({"dysphagia": "mild"})
    >>> check_answers({"ck_u_per_l": 8000})
    Traceback (most recent call last):
    namlib.records.Refused: ck_u_per_l: is read from ck; here it would stand twice
    """
    for name, raw in answers.items():
        if name not in FIELDS:
            raise Refused(str(name), "is not a field of a patient")
        if name in PLACES:
            raise Refused(name, f"is read from {PLACES[name]}; here it would stand twice")
        if raw is None:
            raise Refused(name, "is blank; leave out what is not known")
        try:
            read(name, raw)
        except Refused as refused:
            raise Refused(name, refused.reason) from None


def _bare(name: str) -> str:
    return name.lower().replace("anti-", "").replace("anti ", "").replace("-", "").replace(" ", "")


def _reach(record: CaseRecord, rows: Iterable[Any], place: int) -> list[Any]:
    """Entries known at a place in the course, in the order of the course; within one point as they stand."""
    return sorted(
        (row for row in rows if row.at and record.place(row.at) <= place), key=lambda row: record.place(row.at)
    )


def weeks_on(record: CaseRecord, clock: str) -> dict[str, float]:
    """Say where each point stands on one clock [weeks], as far as readings on other clocks lead there.

    Two clocks can be compared once one point has a reading on both. A point that no such readings lead
    to is left out. Bounds (before, after) place nothing.
    """
    readings = {
        time.id: {reading.clock: reading.weeks for reading in time.when if reading.cmp in ("=", "~")}
        for time in record.times
    }
    offsets = {clock: 0.0}
    grown = True
    while grown:
        grown = False
        for held in readings.values():
            known = next((name for name in held if name in offsets), None)
            if known is None:
                continue
            for name, weeks in held.items():
                if name not in offsets:
                    offsets[name] = offsets[known] + held[known] - weeks
                    grown = True
    placed = {}
    for time, held in readings.items():
        chosen = clock if clock in held else next((name for name in held if name in offsets), None)
        if chosen is not None:
            placed[time] = offsets[chosen] + held[chosen]
    return placed


# --- what was known ------------------------------------------------------------------------------------------------


def _ck_answers(rows: list[Ck]) -> dict[str, Any]:
    """The highest CK so far, or that it is raised where only a word or a bound was printed."""
    usable = [row for row in rows if not row.flag]
    exact = [row for row in usable if row.value_u_per_l is not None and row.cmp in ("=", "~")]
    bounds = [row for row in usable if row.value_u_per_l is not None and row.cmp in (">", ">=")]
    highest = max(exact, key=lambda row: row.value_u_per_l or 0.0, default=None)
    beyond = max((row.value_u_per_l or 0.0 for row in bounds), default=None)
    answers: dict[str, Any] = {}
    if highest is not None and (beyond is None or beyond < (highest.value_u_per_l or 0.0)):
        answers["ck_u_per_l"] = highest.value_u_per_l
        if highest.upper_limit_u_per_l is not None:
            answers["ck_upper_limit_u_per_l"] = highest.upper_limit_u_per_l
        return answers
    limits = [row.upper_limit_u_per_l for row in bounds if row.upper_limit_u_per_l is not None]
    if any(row.level == "raised" for row in rows) or (
        beyond is not None and beyond >= min([CK_ABOVE_ANY_LIMIT_U_PER_L, *limits])
    ):
        answers["ck_raised"] = True
    elif rows and all(row.level == "normal" for row in rows):
        answers["ck_raised"] = False
    return answers


def _antibody_answers(record: CaseRecord, place: int, *, complete: bool) -> dict[str, Any]:
    states: dict[str, str] = {}
    rows: list[Antibody] = _reach(record, record.antibodies, place)
    for row in rows:
        for name in row.names:
            states[_bare(name)] = row.state
    later = {_bare(name) for row in record.antibodies if row.at for name in row.names} - set(states)
    unreported = {_bare(name) for row in record.antibodies if not row.at for name in row.names} - set(states) - later
    answers: dict[str, Any] = {}
    for field, known_as in (("anti_hmgcr", ("hmgcr", "hmgcoar")), ("anti_srp", ("srp", "srp54", "srp72"))):
        results = [states[name] for name in known_as if name in states]
        if results:
            answers[field] = "positive" if "positive" in results else results[-1]
        elif later & set(known_as):
            answers[field] = "not_tested"
        elif unreported & set(known_as):
            answers[field] = "not_reported"
        elif complete:
            answers[field] = "not_tested"
    panel: dict[str, bool] = {}
    for name, state in states.items():
        if name in _PANEL and state in ("positive", "negative"):
            panel[_PANEL[name]] = panel.get(_PANEL[name], False) or state == "positive"
    if set(panel) == set(OTHER_ANTIBODIES) - {NONE_FOUND}:
        answers["other_antibodies"] = frozenset(name for name, found in panel.items() if found) or {NONE_FOUND}
    return answers


def _begun(record: CaseRecord, drug: CaseDrug) -> int | None:
    """Where a drug begins in the course; nothing for one that was declined or only planned."""
    starts = [drug.start, *(event.at for event in drug.events if event.kind in ("start", "restart", "cycle"))]
    places = [record.place(point) for point in starts if point]
    return min(places) if places else None


def _statin_answer(record: CaseRecord, place: int, *, complete: bool) -> str | None:
    answers = []
    for drug in record.drugs:
        if drug.group != "statin":
            continue
        begun = _begun(record, drug)
        if drug.stop and record.place(drug.stop) <= place:
            answers.append("stopped")
        elif (drug.stop and begun is None) or (begun is not None and begun <= place and (complete or drug.stop)):
            answers.append("taking")
    return "taking" if "taking" in answers else "stopped" if answers else None


def _drug_answers(record: CaseRecord, place: int, *, complete: bool) -> dict[str, Any]:
    answers: dict[str, Any] = {}
    statin = _statin_answer(record, place, complete=complete)
    if statin is not None:
        answers["statin"] = statin
    inhibitors = [_begun(record, drug) for drug in record.drugs if drug.group == "checkpoint inhibitor"]
    if any(begun is None or begun <= place for begun in inhibitors):
        answers["checkpoint_inhibitor"] = True
    used = {
        drug.group
        for drug in record.drugs
        if drug.group in TREATMENTS and drug.role == "treatment" and _was_given(record, drug, place)
    }
    if used or complete:
        answers["used"] = frozenset(used)
    return answers


def _was_given(record: CaseRecord, drug: CaseDrug, place: int) -> bool:
    """Whether a drug was begun before a place; one begun just there has not yet been given for a time that counts."""
    begun = _begun(record, drug)
    ended = bool(drug.stop) and record.place(drug.stop) <= place
    return ended or (begun is not None and begun < place)


def _biopsy_answers(record: CaseRecord, place: int) -> dict[str, Any]:
    answers: dict[str, Any] = {}
    for biopsy in _reach(record, record.biopsies, place):
        if biopsy.tissue == "muscle":
            if biopsy.reads_as is not None:
                answers["muscle_biopsy"] = biopsy.reads_as
            if biopsy.mhc1 in _MHC1:
                answers["mhc1"] = _MHC1[biopsy.mhc1]
    muscle = [biopsy for biopsy in record.biopsies if biopsy.tissue == "muscle" and biopsy.reads_as]
    if muscle and "muscle_biopsy" not in answers:
        answers["muscle_biopsy"] = "not_done"
    return answers


def _person_answers(record: CaseRecord, place: int) -> dict[str, Any]:
    person = record.person
    answers: dict[str, Any] = {"sex": person.sex, "weight_kg": person.weight_kg, "height_cm": person.height_cm}
    ages = _reach(record, person.ages, place)
    if ages:
        answers["age_years"] = ages[-1].years
    time = record.times[place]
    printed = next((reading for reading in time.when if reading.clock == ONSET and reading.unit == "mo"), None)
    weeks = weeks_on(record, ONSET).get(time.id) if any(clock.id == ONSET for clock in record.clocks) else None
    if printed is not None and printed.cmp in ("=", "~"):
        answers["symptom_months"] = printed.amount
    elif weeks is not None and weeks >= 0:
        answers["symptom_months"] = round(weeks / _WEEKS_A_MONTH, 1)
    return {name: value for name, value in answers.items() if value is not None}


def answers_at(record: CaseRecord, time: str, *, complete: bool = True) -> dict[str, Any]:
    """Collect what was known of the patient at one point of the course, by field of a patient.

    Parameters
    ----------
    record : CaseRecord
        The record.
    time : str
        Id of a point.
    complete : bool
        Whether the record holds everything that was done, as that of a fictional patient does: a drug that is not in
        it was not given. Of a published record nothing follows from silence.

    Raises
    ------
    KeyError
        If there is no such point.
    Refused
        If a finding contradicts what the other parts of the record say.
    """
    place = record.place(time)
    answers = _person_answers(record, place)
    answers |= _ck_answers(_reach(record, record.ck, place))
    answers |= _antibody_answers(record, place, complete=complete)
    answers |= _biopsy_answers(record, place)
    answers |= _drug_answers(record, place, complete=complete)
    derived = dict(answers)
    for finding in _reach(record, record.findings, place):
        for name, raw in finding.answers.items():
            value = read(name, raw)
            if name in derived and derived[name] != value:
                raise Refused(name, f"{raw} contradicts what the other parts of the record say, {derived[name]}")
            answers[name] = value
    wrong = contradiction(answers)
    if wrong is not None:
        raise wrong
    if answers.get("response") == "untreated" and answers.get("used"):
        raise Refused("response", f"untreated contradicts what was given before: {', '.join(sorted(answers['used']))}")
    return {name: answers[name] for name in FIELDS if name in answers}


def contradictions_in_time(record: CaseRecord) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Name every point of the course at which the answers of a record cannot all be right.

    Yields
    ------
    (path, reason)
        The point in ``times``, and the words of the first contradiction there.
    """
    for place, time in enumerate(record.times):
        try:
            answers_at(record, time.id)
        except Refused as refused:
            yield ("times", place), f"what is known at {time.id} contradicts itself: {refused}"


# --- in words ------------------------------------------------------------------------------------------------------

_COMPARED = {"=": "", "~": "about ", ">": "above ", ">=": "at least ", "<": "below ", "<=": "at most "}
_UNIT_WORDS = {"d": "days", "wk": "weeks", "mo": "months", "a": "years"}


def _odd(row: Any) -> str:
    """What is odd about an entry, and what was probably meant."""
    if not row.flag:
        return ""
    likely = f"; likely meant: {row.likely}" if row.likely else ""
    return f" [odd: {row.flag.rstrip('.')}{likely}]"


def ck_words(row: Ck) -> str:
    """Say one CK as it may be read: its bound, its mean, its missing number, what is odd in it.

    Examples
    --------
    >>> ck_words(Ck("a", 1000.0, ">")), ck_words(Ck("a", level="raised"))
    ('above 1,000 U/L', 'raised, no number')
    >>> ck_words(Ck("a", 4919.0, statistic="mean", n=3, sd=3523.0))
    'mean of 3: 4,919 U/L (SD 3,523)'
    """
    if row.value_u_per_l is None:
        said = f"{str(row.level).replace('_', ' ')}, no number"
    else:
        group = "" if row.statistic == "single" else f"{row.statistic} of {row.n}: "
        spread = f" (SD {number(row.sd)})" if row.sd is not None else ""
        said = f"{group}{_COMPARED[row.cmp]}{number(row.value_u_per_l)} U/L{spread}"
    return said + _odd(row)


def strength_words(row: Strength) -> str:
    """Say one measure of strength with its scale.

    Examples
    --------
    >>> strength_words(Strength("a", "MRC 0-5", "hip flexion", 4.0, sign="-"))
    'hip flexion 4- (MRC 0-5)'
    """
    if row.value is None:
        said = row.words
    else:
        high = f"{EN_DASH}{number(row.high)}" if row.high is not None else ""
        group = "" if row.statistic == "single" else f"{row.statistic} of {row.n} "
        said = f"{group}{_COMPARED[row.cmp]}{number(row.value)}{row.sign}{high} ({row.scale})"
    return f"{row.where} {said}".strip() + _odd(row)


def antibody_words(row: Antibody) -> str:
    """Say a result of one or more antibodies; not tested and not reported stay apart."""
    value = ""
    if row.as_published:
        value = f", printed {row.as_published}"
    elif row.value is not None:
        value = f", {_COMPARED[row.cmp]}{number(row.value)} {row.unit_as_published}".rstrip()
    by = f", {row.assay}" if row.assay else ""
    confirmed = f", confirmed by {row.confirmed_by}" if row.confirmed_by else ""
    again = ", repeated" if row.repeat else ""
    return f"{', '.join(row.names)} {row.state.replace('_', ' ')}{value}{by}{again}{confirmed}" + _odd(row)


def work_up_words(row: WorkUp) -> str:
    """Say one test and its state."""
    parts = [row.state.replace("_", " ")]
    if row.value is not None:
        limits = f", limits {row.range_as_published}" if row.range_as_published else ""
        parts.append(f"{_COMPARED[row.cmp]}{number(row.value)} {row.unit_as_published}".rstrip() + limits)
    if row.result:
        parts.append(row.result)
    return f"{row.test}: {'; '.join(parts)}" + _odd(row)


def biopsy_words(row: Biopsy) -> str:
    """Say one biopsy; complement with its place."""
    site = f" of {row.site}" if row.site else ""
    stains = []
    if row.mhc1 != "not_reported":
        stains.append(f"MHC class I {row.mhc1.replace('_', ' ')}")
    if row.complement != "not_reported":
        place = f" on {' and '.join(row.complement_where)}" if row.complement_where else ""
        stains.append(f"complement {row.complement.replace('_', ' ')}{place}")
    inflammation = [f"inflammation: {row.inflammation}"] if row.inflammation else []
    said = "; ".join(filter(None, (row.picture, *inflammation, *stains))) or "not described"
    return f"biopsy of {row.tissue}{site}: {said}" + _odd(row)


def dose_words(dose: CaseDose) -> str:
    """Say a dose in the unit of the course.

    Examples
    --------
    >>> dose_words(CaseDose(1000.0, "mg/d", times=3)), dose_words(CaseDose(2.0, "g/kg/mo"))
    ('1,000 mg/d, 3 times', '2 g/kg/mo')
    """
    times = f", {dose.times} times" if dose.times else ""
    what = dose.unit.strip("{}") + ("s" if dose.unit == "{session}" and dose.amount != 1 else "")
    return f"{_COMPARED[dose.cmp]}{span(dose.amount, dose.amount if dose.high is None else dose.high)} {what}{times}"


def when_words(record: CaseRecord, time: Time) -> str:
    """Say when a point was, on every clock it has a reading on; an order without a date says so."""
    labels = {clock.id: clock.label for clock in record.clocks}
    said = []
    for reading in time.when:
        side = "before" if reading.amount < 0 else "after"
        amount = f"{_COMPARED[reading.cmp]}{number(abs(reading.amount))} {_UNIT_WORDS[reading.unit]}"
        if abs(reading.amount) == 1:
            amount = amount.removesuffix("s")
        at_zero = "at" if reading.cmp == "=" else "about at"
        said.append(
            f"{at_zero} {labels[reading.clock]}" if not reading.amount else f"{amount} {side} {labels[reading.clock]}"
        )
    if time.as_published:
        said.append(f"printed: {time.as_published}")
    if time.order_unsure:
        said.append(f"order not sure: {time.order_unsure}")
    return "; ".join(said) if said else "no date, order only"


# --- doses computed ------------------------------------------------------------------------------------------------


@frozen
class ComputedDose:
    """What a printed dose comes to for this patient, by which rule; or why that cannot be said."""

    drug: str
    as_published: str
    amount: float | None
    high: float | None
    unit: str
    rule: str

    def __repr__(self) -> str:
        if self.amount is None:
            return f"{self.drug}: not computed, {self.rule}"
        amounts = span(self.amount, self.amount if self.high is None else self.high)
        return f"{self.drug}: {amounts} {self.unit} ({self.rule})"


def computed_dose(drug: CaseDrug, record: CaseRecord, dose: CaseDose | None = None) -> ComputedDose:
    """Compute what a dose per kilogram or per square metre comes to, from the body size the record holds.

    Parameters
    ----------
    drug : CaseDrug
        The drug whose dose, or of whose dose, is asked.
    record : CaseRecord
        For weight [kg], height [cm] or a printed body surface [m2].
    dose : CaseDose, optional
        A dose of one of its events; left out, the first dose.

    Examples
    --------
    >>> from namlib.case_records import Person, Presentation
    >>> record = CaseRecord(Person(weight_kg=70.0), Presentation("weak"), (Time("a", "a"),))
    >>> computed_dose(CaseDrug("x", "IVIG", "ivig", dose=CaseDose(2.0, "g/kg/mo")), record)
    IVIG: 140 g/mo (2 g/kg/mo for 70 kg)
    >>> computed_dose(CaseDrug("x", "a", "other", dose=CaseDose(2.0, "mg/m2")), record)
    a: not computed, neither a body surface nor weight and height are in the record
    """
    dose = dose or drug.dose
    if dose is None:
        return ComputedDose(drug.agent, drug.dose_as_published, None, None, "", "no dose in numbers is in the record")
    printed, person = drug.dose_as_published, record.person
    known = unit(dose.unit)
    if drug.flag:
        return ComputedDose(drug.agent, printed, None, None, "", f"the print is odd: {drug.flag.rstrip('.')}")
    if known.basis in ("flat", "none"):
        return ComputedDose(drug.agent, printed, dose.amount, dose.high, dose.unit, "a fixed dose, as printed")
    per = f"/{known.period}" if known.period else ""
    if known.basis == "per_kg":
        size, words = person.weight_kg, "no weight is in the record"
        rule = f"{dose_words(dose)} for {number(size)} kg" if size is not None else words
    else:
        size, rule = _surface(record)
        rule = f"{dose_words(dose)} for {rule}" if size is not None else rule
    if size is None:
        return ComputedDose(drug.agent, printed, None, None, "", rule)
    high = None if dose.high is None else dose.high * size
    return ComputedDose(drug.agent, printed, dose.amount * size, high, f"{known.mass}{per}", rule)


def _surface(record: CaseRecord) -> tuple[float | None, str]:
    person = record.person
    if person.body_surface_m2 is not None:
        return person.body_surface_m2, f"{person.body_surface_m2:g} m2 as printed"
    if person.weight_kg is None or person.height_cm is None:
        return None, "neither a body surface nor weight and height are in the record"
    surface = body_surface_m2(person.weight_kg, person.height_cm)
    return surface, f"{surface:.2f} m2 (Mosteller)"


# --- order of events -----------------------------------------------------------------------------------------------


@frozen
class PointInTime:
    """One point of the course with everything that belongs to it, in words. ``letter`` names it in a picture."""

    letter: str
    id: str
    label: str
    when: str
    dated: bool
    ck: tuple[str, ...]
    strength: tuple[str, ...]
    tests: tuple[str, ...]
    drugs: tuple[str, ...]
    events: tuple[str, ...]
    labels: tuple[str, ...]

    def __repr__(self) -> str:
        return f"{self.letter}. {self.label} ({self.when})"


def letters(record: CaseRecord) -> dict[str, str]:
    """Give every point of a course a letter, in order; after Z come two letters."""
    alphabet = [chr(ord("A") + place) for place in range(26)]
    names = [*alphabet, *(first + second for first in alphabet for second in alphabet)]
    return {time.id: name for time, name in zip(record.times, names, strict=False)}


def order_of_events(record: CaseRecord) -> tuple[PointInTime, ...]:
    """Lay a record out point by point, in the order in which things happened.

    What names no point (a drug without a date, an antibody nobody mentions) is in :func:`without_a_point`.
    """
    named = letters(record)

    def at(rows: Iterable[Any], time: Time, words: Callable[[Any], str]) -> tuple[str, ...]:
        return tuple(words(row) for row in rows if row.at == time.id)

    points = []
    for time in record.times:
        adverse = [row for row in record.adverse_events if row.at == time.id]
        points.append(
            PointInTime(
                named[time.id],
                time.id,
                time.label,
                when_words(record, time),
                bool(time.when),
                at(record.ck, time, lambda row: f"{row.series} {ck_words(row)}".strip()),
                at(record.strength, time, strength_words),
                (
                    *at(record.antibodies, time, antibody_words),
                    *at(record.biopsies, time, biopsy_words),
                    *at(record.work_up, time, work_up_words),
                ),
                tuple(_drug_steps(record, time.id)),
                (
                    *at(record.events, time, lambda row: row.what),
                    *(_adverse_words(record, row) for row in adverse),
                    *at(record.outcomes, time, lambda row: f"{row.text} ({row.by})"),
                ),
                at(record.labels, time, _label_words),
            )
        )
    return tuple(points)


def _label_words(row: CaseLabel) -> str:
    by = f", {row.by}" if row.by else ""
    return f"{row.label} ({row.standing}{by}; on: {row.evidence})"


def _adverse_words(record: CaseRecord, row: AdverseEvent) -> str:
    agents = {drug.id: drug.agent for drug in record.drugs}
    drug = f" on {agents[row.drug]}" if row.drug else ""
    after = f", {row.consequence}" if row.consequence else ""
    seen = {"yes": "harm", "no": "looked for and not seen", "not_reported": "not reported"}[row.seen]
    return f"{seen}: {row.what}{drug}{after}"


def _drug_steps(record: CaseRecord, time: str) -> Iterator[str]:
    for drug in record.drugs:
        if drug.start == time:
            dose = f" {drug.dose_as_published}" if drug.dose_as_published else ", dose not in the record"
            yield f"{drug.agent}{dose}: start{_odd(drug)}"
        for event in drug.events:
            if event.at == time:
                dose = f" to {event.dose_as_published}" if event.dose_as_published else ""
                by = f" by {event.by}" if event.by else ""
                why = f", because of: {event.reason}" if event.reason else ""
                yield f"{drug.agent}: {event.kind}{dose}{by}{why}{_odd(event)}"
        if drug.stop == time:
            yield f"{drug.agent}: stop"


def without_a_point(record: CaseRecord) -> tuple[str, ...]:
    """Say everything in a record that has no place in the order of events."""
    said = [
        f"{drug.agent}{f' {drug.dose_as_published}' if drug.dose_as_published else ''}: "
        + (f"when: {drug.start_as_published}" if drug.start_as_published else "when is not in the record")
        + _odd(drug)
        for drug in record.drugs
        if not drug.points
    ]
    said += [antibody_words(row) for row in record.antibodies if not row.at]
    said += [work_up_words(row) for row in record.work_up if not row.at]
    said += [_adverse_words(record, row) for row in record.adverse_events if not row.at]
    return tuple(said)


# --- completeness --------------------------------------------------------------------------------------------------


@frozen
class CareItem:
    """One item of the CARE checklist: what of it the record holds, and what it lacks, both in words."""

    id: str
    title: str
    holds: tuple[str, ...]
    lacks: tuple[str, ...]

    @property
    def state(self) -> Literal["filled", "partly", "missing"]:
        """Filled lacks nothing, missing holds nothing."""
        return "filled" if not self.lacks else "partly" if self.holds else "missing"


@frozen
class Completeness:
    """Items 5 to 10 of the CARE checklist, held against one record.

    It measures the record. What a published record lacks may stand in the part of the report that was not read.
    """

    case: str
    fictional: bool
    items: tuple[CareItem, ...]
    sources: tuple[str, ...]
    facts: tuple[str, ...]

    @property
    def filled(self) -> int:
        """How many items lack nothing."""
        return sum(item.state == "filled" for item in self.items)

    def __repr__(self) -> str:
        partly = sum(item.state == "partly" for item in self.items)
        missing = [f"{item.id} {item.title}" for item in self.items if item.state == "missing"]
        said = f"{self.case}: {self.filled} of {len(self.items)} CARE items filled, {partly} in part"
        return f"{said}; missing: {', '.join(missing)}" if missing else said

    def to_dict(self) -> dict[str, Any]:
        """Return every item with what it holds and lacks as plain data."""
        return {
            "case": self.case,
            "filled": self.filled,
            "items": [{**plain(item), "state": item.state} for item in self.items],
            "sources": list(self.sources),
            "facts": list(self.facts),
        }


CARE_SOURCE, CARE_FACT = "gagnier2013", "care_checklist"


def completeness(case: Case) -> Completeness:
    """Hold a record against items 5 to 10 of the CARE checklist for case reports.

    An item is filled where nothing it asks for is lacking, filled in part where something is there, missing where
    nothing is. No item weighs more than another.
    """
    return Completeness(case.id, case.fictional, tuple(_care(case.record)), (CARE_SOURCE,), (CARE_FACT,))


def _item(name: str, title: str, *parts: tuple[str, object]) -> CareItem:
    """Sort what an item asks for into what is there and what is not."""
    return CareItem(
        name,
        title,
        tuple(words for words, there in parts if there),
        tuple(words for words, there in parts if not there),
    )


def _care(record: CaseRecord) -> Iterator[CareItem]:
    person, presentation = record.person, record.presentation
    given = [drug for drug in record.drugs if drug.role in ("treatment", "supportive")]
    changes = [event for drug in given for event in drug.events if event.kind not in ("cycle", "planned")]
    yield _item("5a", "who it is about", ("age", person.ages), ("sex", person.sex))
    yield _item("5b", "main complaints", ("complaints", presentation.summary))
    yield _item(
        "5c",
        "history",
        ("other illness", person.comorbidities),
        ("family", person.family_history),
        ("life and habits", person.social_history),
    )
    yield _item("5d", "earlier treatment and how it went", ("earlier treatment", person.earlier_treatment))
    yield _item(
        "6",
        "examination",
        ("findings on examination", presentation.examination),
        ("measured strength", _graded(record)),
    )
    undated = [time.label for time in record.times if not time.when]
    yield CareItem(
        "7",
        "timeline",
        tuple(time.label for time in record.times if time.when),
        tuple(f"a date for: {label}" for label in undated),
    )
    yield _item(
        "8a",
        "diagnostic methods",
        ("CK", record.ck),
        ("antibodies", [row for row in record.antibodies if row.state in ("positive", "negative")]),
        ("biopsy", record.biopsies),
        ("other tests", record.work_up),
    )
    yield _item("8b", "what made the diagnosis hard", ("difficulties", record.challenges))
    yield _item(
        "8c",
        "reasoning",
        ("a label with its evidence", record.labels),
        ("other diagnoses considered", record.considered),
    )
    yield _item("8d", "prognosis", ("what bore on the prognosis", record.prognosis))
    yield _item("9a", "kinds of treatment", ("treatment", given))
    yield _item(
        "9b",
        "dose and duration",
        *((f"dose of {drug.agent}", drug.dose is not None and not drug.flag) for drug in given),
        *((f"duration of {drug.agent}", drug.stop or drug.duration_as_published) for drug in given),
        *([] if given else [("doses", False)]),
    )
    yield _item(
        "9c",
        "changes of treatment and why",
        *((f"reason for: {event.kind} at {event.at}", event.reason) for event in changes),
        *([] if changes else [("changes", False)]),
    )
    yield _item(
        "10a",
        "outcome as judged",
        ("by clinicians", [row for row in record.outcomes if row.by in ("clinician", "authors")]),
        ("by the patient", [row for row in record.outcomes if row.by == "patient"]),
    )
    first = min((place for drug in given if (place := _begun(record, drug)) is not None), default=None)
    later = {time.id for time in record.times[first + 1 :]} if first is not None else set()
    yield _item(
        "10b",
        "tests at follow-up",
        ("CK after treatment", [row for row in record.ck if row.at in later]),
        ("strength after treatment", [row for row in record.strength if row.at in later]),
    )
    yield _item("10c", "adherence and tolerance", ("adherence and tolerance", record.adherence))
    yield _item(
        "10d",
        "harms",
        ("harms, seen or excluded", [row for row in record.adverse_events if row.seen != "not_reported"]),
    )


def _graded(record: CaseRecord) -> bool:
    return any(row.value is not None for row in record.strength)


# --- classes over time ---------------------------------------------------------------------------------------------


@frozen
class ClassAt:
    """What the criteria say at one moment of a case, from what was known then and nothing later."""

    case: str
    moment: str
    enmc2016: str
    next_test: str
    stops: tuple[str, ...]
    eular_acr2017: str
    expected: str
    sources: tuple[str, ...]

    def __repr__(self) -> str:
        return f"{self.case}, {self.moment}: {self.enmc2016}"
