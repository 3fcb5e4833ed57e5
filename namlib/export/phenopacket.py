"""A case as GA4GH Phenopacket JSON, with a list of everything that this format cannot carry.

The format holds one individual, dates and ages, and codes. A case holds clocks without a calendar, bounds, doses
without dates, labels that change, and contradictions. What does not fit is left out and named, never bent to fit.

Codes of LOINC, HPO, RxNorm, ATC and ORPHA are used only where they were verified; everything else gets a name of the
course's own.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

from namlib.answers import course_version
from namlib.case_records import Antibody, CaseDrug, Ck
from namlib.course import ledger
from namlib.course.cases import Case
from namlib.frozen import frozen
from namlib.model.case import ck_words, strength_words, when_words

SCHEMA_VERSION = "2.0"
# The day this mapping was made. A clock's time would make every export another file.
MAPPED_ON = "2026-11-22T00:00:00Z"
OWN = "namlib"

# Verified: the CK code agrees in several public repositories; the antibodies are those in the catalogues of two
# reference laboratories (for anti-SRP they depend on the method); drugs are those of the CPIC tables and the ATC index.
_CK = ("LOINC:2157-6", "Creatine kinase [Enzymatic activity/volume] in Serum or Plasma")
_ANTIBODIES = {
    "anti-hmgcr": ("LOINC:93493-5", "anti-HMGCR IgG"),
    "anti-srp": ("LOINC:33921-8", "anti-SRP"),
    "anti-jo-1": ("LOINC:11565-9", "anti-Jo-1"),
    "anti-cn1a": ("LOINC:96562-4", "anti-cN-1A"),
}
_RAISED_CK = ("HP:0003236", "Elevated circulating creatine kinase concentration")
_PROXIMAL_WEAKNESS = ("HP:0003701", "Proximal muscle weakness")
_IMNM = ("ORPHA:206569", "Immune-mediated necrotizing myopathy")
AGENTS = {
    "methotrexate": "RxNorm:6851",
    "azathioprine": "RxNorm:1256",
    "rituximab": "RxNorm:121191",
    "atorvastatin": "RxNorm:83367",
    "rosuvastatin": "RxNorm:301542",
    "simvastatin": "RxNorm:36567",
    "pravastatin": "RxNorm:42463",
    "methylprednisolone": "ATC:H02AB04",
    "prednisolone": "ATC:H02AB06",
    "ivig": "ATC:J06BA02",
}
_IMNM_LABELS = ("anti-SRP myopathy", "anti-HMGCR myopathy", "antibody-negative IMNM")
# Prefix: name, address, what the prefix stands for.
_RESOURCES = {
    "ATC": ("Anatomical Therapeutic Chemical classification", "https://atcddd.fhi.no/", "https://atcddd.fhi.no/?code="),
    "HP": ("Human Phenotype Ontology", "https://hpo.jax.org/", "http://purl.obolibrary.org/obo/HP_"),
    "LOINC": ("Logical Observation Identifiers Names and Codes", "https://loinc.org/", "https://loinc.org/"),
    "ORPHA": ("Orphanet nomenclature", "https://www.orpha.net/", "http://www.orpha.net/ORDO/Orphanet_"),
    "RxNorm": ("RxNorm", "https://www.nlm.nih.gov/research/umls/rxnorm/", "https://rxnav.nlm.nih.gov/REST/rxcui/"),
    "UCUM": ("Unified Code for Units of Measure", "https://ucum.org/", "https://ucum.org/ucum#"),
    OWN: ("Names of this course, where no code was verified", "urn:namlib", "urn:namlib:"),
}
LOINC_NOTICE = (
    "This material contains content from LOINC (https://loinc.org). LOINC is copyright Regenstrief Institute, Inc. and "
    "the Logical Observation Identifiers Names and Codes (LOINC) Committee and is available at no cost under the "
    "license at https://loinc.org/license."
)
NOTICE = "For education only. No advice on any patient."
FICTIONAL = "FICTIONAL: the patient and every number are invented for teaching."


@frozen
class Phenopacket:
    """An exported case: the JSON text, and in words what it cannot carry."""

    case: str
    text: str
    not_carried: tuple[str, ...]
    notices: tuple[str, ...]

    def __repr__(self) -> str:
        return f"Phenopacket of {self.case}: {len(self.text)} characters; {len(self.not_carried)} things not carried"

    def to_dict(self) -> dict[str, Any]:
        """Return the phenopacket as plain data, beside what it does not hold."""
        return {
            "phenopacket": json.loads(self.text),
            "not_carried": list(self.not_carried),
            "notices": list(self.notices),
        }

    def words(self) -> str:
        """Say what the export leaves out, one line each, after the notices that belong to it."""
        lines = [*self.notices, "", f"What the phenopacket of {self.case} does not carry:"]
        return "\n".join([*lines, *(f"- {item}" for item in self.not_carried)]) + "\n"

    def write(self, folder: Path) -> tuple[Path, Path]:
        """Write the JSON and, beside it, the words. The same case gives the same bytes."""
        folder.mkdir(parents=True, exist_ok=True)
        packet, words = folder / f"{self.case}.phenopacket.json", folder / f"{self.case}.not-carried.txt"
        packet.write_text(self.text, encoding="utf-8", newline="\n")
        words.write_text(self.words(), encoding="utf-8", newline="\n")
        return packet, words


def phenopacket(case: Case) -> Phenopacket:
    """Export a case as Phenopacket JSON, checked against the format's own protobuf schema.

    Raises
    ------
    ModuleNotFoundError
        If the package ``phenopackets`` is not installed; it comes with the extra ``exchange``.
    """
    # Late, and by name: the course works without these packages, which come without types.
    try:
        message: Any = import_module("phenopackets").Phenopacket()
        json_format: Any = import_module("google.protobuf.json_format")
    except ModuleNotFoundError as missing:
        raise ModuleNotFoundError(
            "the package phenopackets is not installed; it comes with the extra 'exchange'", name=missing.name
        ) from None
    # The schema of the format refuses a field that it does not have, and a value of another kind.
    json_format.ParseDict(_packet(case), message)
    held = json.loads(json_format.MessageToJson(message, indent=None))
    text = json.dumps(held, ensure_ascii=False, indent=2, sort_keys=True) + "\n"
    notices = [NOTICE, *([FICTIONAL] if case.fictional else []), *([LOINC_NOTICE] if "LOINC:" in text else [])]
    return Phenopacket(case.id, text, tuple(_not_carried(case)), tuple(notices))


# --- what is carried -----------------------------------------------------------------------------------------------


def _class(pair: tuple[str, str]) -> dict[str, str]:
    return {"id": pair[0], "label": pair[1]}


def _own(label: str) -> tuple[str, str]:
    """Name something for which no code was verified."""
    return f"{OWN}:{re.sub(r'[^a-z0-9]+', '-', label.lower()).strip('-') or 'unnamed'}", label


def _age(years: float) -> str:
    """Write an age as an ISO 8601 duration, to the month.

    Examples
    --------
    >>> _age(61.0), _age(0.5), _age(11.25)
    ('P61Y', 'P6M', 'P11Y3M')
    """
    whole, months = divmod(round(years * 12), 12)
    return "P" + (f"{whole}Y" if whole or not months else "") + (f"{months}M" if months else "")


def _packet(case: Case) -> dict[str, Any]:
    record = case.record
    packet: dict[str, Any] = {"id": f"{'FICTIONAL-' if case.fictional else ''}{case.id}", "subject": _subject(case)}
    packet["phenotypicFeatures"] = list(_features(case))
    packet["measurements"] = [
        *(_ck_measured(case, row) for row in record.ck if _carried(row)),
        *(item for row in record.antibodies for item in _antibody_measured(case, row)),
    ]
    packet["diseases"] = list(_diseases(case))
    packet["medicalActions"] = [_action(drug) for drug in record.drugs if _was_given(drug)]
    packet["metaData"] = _meta(case, packet)
    return packet


def _subject(case: Case) -> dict[str, Any]:
    person = case.record.person
    subject: dict[str, Any] = {"id": f"{'FICTIONAL-' if case.fictional else ''}{case.id}-patient"}
    ages = sorted(person.ages, key=lambda age: case.record.place(age.at))
    if person.n == 1 and ages:
        subject["timeAtLastEncounter"] = {"age": {"iso8601duration": _age(ages[-1].years)}}
    if person.n == 1 and person.sex is not None:
        subject["sex"] = person.sex.upper()
    return subject


def _features(case: Case) -> Iterator[dict[str, Any]]:
    found = case.patient_at(case.moments[-1]).findings()
    for name, pair in (("ck_above_limit", _RAISED_CK), ("proximal_weakness", _PROXIMAL_WEAKNESS)):
        if found[name] is not None:
            yield {"type": _class(pair), "excluded": not found[name]}


def _carried(row: Ck) -> bool:
    """A measurement of this format is one number; a bound, a mean of several people or an odd print is not."""
    return row.value_u_per_l is not None and row.cmp in ("=", "~") and row.statistic == "single" and not row.flag


def _point(case: Case, time: str) -> str:
    point = case.record.times[case.record.place(time)]
    return f"{point.label} ({when_words(case.record, point)})"


def _ck_measured(case: Case, row: Ck) -> dict[str, Any]:
    unit = {"id": "UCUM:U/L", "label": "units per litre"}
    quantity: dict[str, Any] = {"unit": unit, "value": row.value_u_per_l}
    if row.upper_limit_u_per_l is not None:
        quantity["referenceRange"] = {"unit": unit, "low": 0.0, "high": row.upper_limit_u_per_l}
    printed = f"; printed: {row.as_published}" if row.as_published else ""
    return {
        "description": f"{ck_words(row)} at {_point(case, row.at)}{printed}",
        "assay": _class(_CK),
        "value": {"quantity": quantity},
    }


def _antibody_measured(case: Case, row: Antibody) -> Iterator[dict[str, Any]]:
    if row.state not in ("positive", "negative"):
        return
    for name in row.names:
        details = [part for part in (row.as_published, row.assay, row.confirmed_by) if part]
        yield {
            "description": f"{name} {row.state} at {_point(case, row.at)}" + "".join(f"; {part}" for part in details),
            "assay": _class(_ANTIBODIES.get(name.lower(), _own(name))),
            "value": {"ontologyClass": _class(_own(row.state))},
        }


def _diseases(case: Case) -> Iterator[dict[str, Any]]:
    last = list(case.classes())[-1]
    label = last.expected or last.enmc2016
    if label in _IMNM_LABELS:
        yield {"term": _class(_IMNM)}
    elif label == "not IMNM":
        yield {"term": _class(_IMNM), "excluded": True}
    for final in [row.label for row in case.record.labels if row.standing == "final"]:
        yield {"term": _class(_own(final))}


def _was_given(drug: CaseDrug) -> bool:
    kinds = {event.kind for event in drug.events}
    return not kinds or bool(kinds - {"declined", "planned"}) or bool(drug.start)


def _action(drug: CaseDrug) -> dict[str, Any]:
    if drug.group == "plasma_exchange":
        return {"procedure": {"code": _class(_own(drug.agent))}}
    code = AGENTS.get(drug.agent.lower())
    return {"treatment": {"agent": _class((code, drug.agent) if code else _own(drug.agent))}}


def _meta(case: Case, packet: dict[str, Any]) -> dict[str, Any]:
    used = set(re.findall(r'"id": "(\w+):', json.dumps(packet)))
    sources = {source.key: source for source in ledger().sources}
    return {
        "created": MAPPED_ON,
        "createdBy": f"namlib {course_version()}" + (" (FICTIONAL patient)" if case.fictional else ""),
        "resources": [
            {
                "id": prefix.lower(),
                "name": name,
                "url": url,
                "version": "not stated",
                "namespacePrefix": prefix,
                "iriPrefix": iri,
            }
            for prefix, (name, url, iri) in sorted(_RESOURCES.items())
            if prefix in used
        ],
        "phenopacketSchemaVersion": SCHEMA_VERSION,
        "externalReferences": [
            {
                "id": f"doi:{sources[key].doi}" if sources[key].doi else key,
                "reference": sources[key].url,
                "description": sources[key].title,
            }
            for key in case.record.sources
        ],
    }


# --- what is not ---------------------------------------------------------------------------------------------------


def _not_carried(case: Case) -> Iterator[str]:
    record = case.record
    yield "clocks and the order of events: the format has dates and ages only; the points stand in the descriptions"
    if record.person.n > 1:
        yield f"a group of {record.person.n} people: a phenopacket is about one, so age and sex stay out"
    for name, value in (
        ("weight", record.person.weight_kg),
        ("height", record.person.height_cm),
        ("body surface", record.person.body_surface_m2),
        ("ethnicity", record.person.ethnicity_as_published),
        ("other illness", record.person.comorbidities),
        ("family history", record.person.family_history),
        ("social history", record.person.social_history),
        ("earlier treatment", record.person.earlier_treatment),
    ):
        if value:
            yield f"{name}: no verified code"
    ages = record.person.ages
    if len(ages) > 1:
        yield f"earlier ages: {', '.join(f'{age.years:g} at {age.at}' for age in ages[:-1])}"
    for row in record.ck:
        if not _carried(row):
            yield f"CK at {row.at}: {ck_words(row)} (not one plain number)"
        elif row.cmp == "~":
            yield f"CK at {row.at}: that the number is an approximation stands in its description only"
    for measure in record.strength:
        yield f"strength at {measure.at}: {strength_words(measure)} (no verified code)"
    for result in record.antibodies:
        if result.state not in ("positive", "negative"):
            yield f"{', '.join(result.names)}: {result.state.replace('_', ' ')} (the format has no such state)"
    yield from _plural("tests without a verified code", (row.test for row in record.work_up))
    yield from _plural("biopsies without a verified code", (f"{row.tissue} at {row.at}" for row in record.biopsies))
    for drug in record.drugs:
        yield from _drug_not_carried(drug)
    early = [row.label for row in record.labels if row.standing != "final"]
    yield from _plural("labels that did not last", early)
    if len([row for row in record.labels if row.standing == "final"]) > 1:
        yield "when each of the lasting labels was given"
    yield from _plural("harms", (row.what for row in record.adverse_events))
    yield from _plural("events", (row.what for row in record.events))
    yield from _plural("outcomes", (row.text for row in record.outcomes))
    yield from _plural(
        "contradictions, of which all sides are kept in the case", (row.about for row in record.contradictions)
    )
    yield from _plural("caveats", record.caveats)
    if record.findings:
        yield "answers to the questions of a patient, other than raised CK and proximal weakness"
    if case.discussion is not None:
        yield "the discussion"


def _plural(what: str, items: Iterable[str]) -> Iterator[str]:
    held = list(items)
    if held:
        yield f"{what}: {'; '.join(held)}"


def _drug_not_carried(drug: CaseDrug) -> Iterator[str]:
    if not _was_given(drug):
        yield f"{drug.agent}: {', '.join(event.kind for event in drug.events)}, so it was not a treatment"
        return
    if drug.dose_as_published or any(event.dose_as_published for event in drug.events):
        doses = [drug.dose_as_published, *(event.dose_as_published for event in drug.events)]
        odd = f" (odd print: {drug.flag})" if drug.flag else ""
        yield f"{drug.agent}, doses: {'; '.join(filter(None, doses))}{odd}; a dose of this format needs calendar dates"
    if drug.points or drug.order is not None:
        yield f"{drug.agent}: start, stop, changes and place in the order"
    if drug.response:
        yield f"{drug.agent}, response in words: {drug.response}"
    if drug.role != "treatment":
        yield f"{drug.agent}: that its role was {drug.role}"
