"""What a case record says at each point of its course: the answers known by then, the order of events, what is missing.

Nothing is looked up in a file here and no later result leaks into an earlier point.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from namlib.case_records import Antibody, CaseDrug, CaseRecord, Ck
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
        elif drug.stop or (complete and begun is not None and begun <= place):
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
