"""A case as GA4GH Phenopacket: valid by the format's own protobuf, the same bytes, and nothing dropped in silence."""

from __future__ import annotations

import json
import re
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

import namlib as nam
from namlib import case_files
from namlib.course import ledger
from namlib.export import phenopacket as module
from namlib.export.phenopacket import AGENTS, phenopacket

ALL = {name: nam.Case.load(name) for name in case_files.files()}
every_case = pytest.mark.parametrize("name", ALL)
# The reader that comes with the format; the course itself does without it.
Message: Any = import_module("phenopackets").Phenopacket
json_format: Any = import_module("google.protobuf.json_format")
PREFIXES = {"ATC", "HP", "LOINC", "ORPHA", "RxNorm", "UCUM", "namlib"}
# Verified when the exporter was written; a code that is not here may not appear.
CODES = {
    *("LOINC:2157-6", "LOINC:93493-5", "LOINC:33921-8", "LOINC:11565-9", "LOINC:96562-4"),
    *("HP:0003236", "HP:0003701", "ORPHA:206569", "UCUM:U/L", *AGENTS.values()),
}


def read_back(name: str) -> Any:
    """Parse with the format's own schema, which knows no other fields."""
    return json_format.Parse(phenopacket(ALL[name]).text, Message())


@every_case
def test_an_export_parses_by_its_protobuf_to_the_same_patient_ck_antibodies_and_drugs(name: str) -> None:
    case, packet = ALL[name], read_back(name)
    record = case.record
    assert packet.id.endswith(name) and packet.subject.id.endswith(f"{name}-patient")
    sexes = {0: None, 1: "female", 2: "male"}
    assert sexes[packet.subject.sex] == (record.person.sex if record.person.n == 1 else None)
    ck = [item for item in packet.measurements if item.assay.id == "LOINC:2157-6"]
    plain = [
        row for row in record.ck if row.value_u_per_l and row.cmp in "=~" and row.statistic == "single" and not row.flag
    ]
    assert [item.value.quantity.value for item in ck] == [row.value_u_per_l for row in plain]
    assert all(item.value.quantity.unit.id == "UCUM:U/L" for item in ck)
    results = [item for item in packet.measurements if item.value.HasField("ontology_class")]
    assert [(item.value.ontology_class.label) for item in results] == [
        row.state for row in record.antibodies if row.state in ("positive", "negative") for _name in row.names
    ]
    given = [drug for drug in record.drugs if module._was_given(drug)]
    assert [action.treatment.agent.label or action.procedure.code.label for action in packet.medical_actions] == [
        drug.agent for drug in given
    ]


@every_case
def test_every_code_was_verified_and_every_prefix_has_its_resource(name: str) -> None:
    packet = json.loads(phenopacket(ALL[name]).text)
    named = {prefix["namespacePrefix"] for prefix in packet["metaData"]["resources"]}
    ids = set(re.findall(r'"id": "([A-Za-z]+:[^"]+)"', json.dumps({**packet, "metaData": {}})))
    assert ids
    for code in ids:
        prefix = code.partition(":")[0]
        assert prefix in PREFIXES and prefix in named
        assert prefix == "namlib" or code in CODES, code


@every_case
def test_two_exports_are_the_same_bytes_and_name_no_moment_of_the_clock(name: str, tmp_path: Path) -> None:
    first = [path.read_bytes() for path in phenopacket(ALL[name]).write(tmp_path / "a")]
    again = [path.read_bytes() for path in phenopacket(nam.Case.load(name)).write(tmp_path / "b")]
    assert first == again
    assert json.loads(first[0])["metaData"]["created"] == module.MAPPED_ON


@every_case
def test_what_is_not_carried_is_said_in_words(name: str) -> None:
    record, said = ALL[name].record, "\n".join(phenopacket(ALL[name]).not_carried)
    for row in record.ck:
        if row.value_u_per_l is None or row.cmp in (">", "<", ">=", "<=") or row.statistic != "single" or row.flag:
            assert f"CK at {row.at}:" in said
    for measure in record.strength:
        assert f"strength at {measure.at}:" in said
    for result in record.antibodies:
        if result.state in ("not_tested", "not_reported"):
            assert ", ".join(result.names) in said
    for drug in record.drugs:
        assert not drug.dose_as_published or drug.dose_as_published in said or not module._was_given(drug)
    for pair in record.contradictions:
        assert pair.about in said
    for caveat in record.caveats:
        assert caveat in said


@every_case
def test_a_fictional_patient_is_marked_and_a_published_one_carries_its_source(name: str) -> None:
    case, export = ALL[name], phenopacket(ALL[name])
    assert ("FICTIONAL" in export.text) is case.fictional
    references = json.loads(export.text)["metaData"].get("externalReferences", [])
    assert len(references) == len(case.record.sources)
    assert all(item["reference"].startswith("https://") for item in references)
    assert module.LOINC_NOTICE in export.notices or "LOINC:" not in export.text
    assert module.NOTICE in export.words()


def test_a_mimic_excludes_the_disease_and_a_patient_who_has_it_does_not() -> None:
    def terms(name: str) -> dict[str, bool]:
        return {disease.term.id: disease.excluded for disease in read_back(name).diseases}

    assert terms("MIMIC-02")["ORPHA:206569"] is True
    assert terms("IMNM-01")["ORPHA:206569"] is False
    assert "ORPHA:206569" not in terms("IMNM-06"), "cannot classify is neither"


def test_a_group_has_no_age_no_sex_and_no_measurement_that_would_look_like_one_person() -> None:
    packet = read_back("IMNM-07")
    assert not packet.subject.HasField("time_at_last_encounter") and packet.subject.sex == 0
    assert not [item for item in packet.measurements if item.assay.id == "LOINC:2157-6"]
    assert "glucocorticoid" not in [action.treatment.agent.label for action in packet.medical_actions], "declined"


def test_codes_of_drugs_are_those_of_the_ledger_where_it_has_one() -> None:
    codes = {f"{system}:{code}" for drug in ledger().drugs for system, code in drug.codes}
    statins = {AGENTS[name] for name in ("atorvastatin", "rosuvastatin", "simvastatin", "pravastatin")}
    assert set(AGENTS.values()) - statins <= codes


def test_without_the_package_the_reader_is_told_which_extra_brings_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "phenopackets", None)
    with pytest.raises(ModuleNotFoundError, match="it comes with the extra 'exchange'"):
        phenopacket(ALL["IMNM-01"])


def test_a_field_that_the_format_does_not_have_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_packet", lambda case: {"id": "x", "clocks": []})
    with pytest.raises(json_format.ParseError, match="clocks"):
        phenopacket(ALL["IMNM-01"])


def test_a_script_in_a_name_stays_text(tmp_path: Path) -> None:
    case = case_files.load(case_files.files()["stairs-and-bath"])
    text = case_files.dump(case).replace("agent: metformin", "agent: '\"</script><b>'")
    export = phenopacket(nam.Case.of(case_files.build(text, "stairs-and-bath.yaml")))
    agents = [
        action["treatment"]["agent"] for action in json.loads(export.text)["medicalActions"] if "treatment" in action
    ]
    assert {"id": "namlib:script-b", "label": '"</script><b>'} in agents
