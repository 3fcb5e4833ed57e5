"""The ledger: every row is checked, and each way of breaking one is refused with file, row, field and reason."""

from __future__ import annotations

import csv
import json
import shutil
from datetime import date

import pytest

import namlib as nam
from namlib import course, store
from namlib.model import rules
from namlib.records import STARTING_DOCUMENTS
from namlib.units import unit
from namlib.validate import LedgerError, schemas

LEDGER = course.ledger()
SOURCES = {source.key: source for source in LEDGER.sources}
FACTS = {fact.id: fact for fact in LEDGER.facts}


@pytest.fixture
def folder(tmp_path):
    """A copy of the ledger to break."""
    shutil.copytree(store.data_folder(), tmp_path / "data")
    return tmp_path / "data"


def change_cell(folder, file, row_id, **cells):
    path = folder / file
    with path.open(encoding="utf-8", newline="") as lines:
        reader = csv.DictReader(lines)
        names, rows = reader.fieldnames, list(reader)
    found = [row for row in rows if row["id"] == row_id]
    assert len(found) == 1, f"{row_id} is not in {file}"
    found[0].update(cells)
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, names, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def refused(folder):
    with pytest.raises(LedgerError) as error:
        store.load(rules.check, folder)
    return str(error.value)


# --- every row -----------------------------------------------------------------------------------------------------

each_fact = pytest.mark.parametrize("fact", LEDGER.facts, ids=lambda fact: fact.id)
each_regimen = pytest.mark.parametrize("regimen", LEDGER.regimens, ids=lambda regimen: regimen.id)


@each_fact
def test_a_fact_states_something_names_a_citable_source_and_a_place_in_it(fact):
    assert len(fact.statement) > 20
    assert fact.statement.rstrip().endswith((".", "!", ")"))
    assert fact.locator.strip()
    assert all(key in SOURCES for key in fact.sources)
    if fact.topic != "provenance":
        assert any(SOURCES[key].citable for key in fact.sources) or fact.standing == "caveat"


@each_fact
def test_a_fact_was_reviewed_and_is_not_overdue(fact):
    assert fact.reviewed_on <= date.today() <= fact.review_by, (
        "compare the row with its source again, then move review_by"
    )


@each_regimen
def test_a_dose_travels_with_population_route_frequency_and_source(regimen):
    assert regimen.sources and all(key in SOURCES for key in regimen.sources)
    assert regimen.frequency != "not_stated" or not regimen.unit or regimen.drug == "plasma_exchange"
    if regimen.standing != "as_printed":
        assert regimen.population != "not_stated"
        assert all(SOURCES[key].citable for key in regimen.sources)
    if regimen.unit:
        assert unit(regimen.unit).mass or regimen.unit == "{session}"


def test_methotrexate_is_weekly_in_every_row_and_never_above_the_adult_ceiling_in_adults():
    ceiling = course.drug_record("methotrexate").adult_ceiling
    rows = [regimen for regimen in LEDGER.regimens if regimen.drug == "methotrexate"]
    assert ceiling is not None and len(rows) >= 4
    for regimen in rows:
        assert regimen.frequency == "once weekly"
        assert unit(regimen.unit).period == "wk"
        if regimen.population == "adult" and regimen.unit == ceiling.unit:
            assert max(filter(None, (regimen.low, regimen.high, regimen.cap))) <= ceiling.amount


def test_only_the_two_starting_documents_are_uncitable_and_they_support_no_dose():
    assert {source.key for source in LEDGER.sources if not source.citable} == set(STARTING_DOCUMENTS)
    for regimen in LEDGER.regimens:
        assert regimen.standing == "as_printed" or not set(regimen.sources) & set(STARTING_DOCUMENTS)


def test_every_source_is_used_and_every_label_is_one_of_a_kind():
    used = {key for row in (*LEDGER.facts, *LEDGER.regimens, *LEDGER.published_records) for key in row.sources}
    used |= {regimen.cap_source for regimen in LEDGER.regimens if regimen.cap_source}
    assert set(SOURCES) - used - set(STARTING_DOCUMENTS) == set()
    labels = [source.label for source in LEDGER.sources]
    assert len(set(labels)) == len(labels)


def test_recalled_rows_are_shown_only_with_their_caveat():
    recalled = [row for row in (*LEDGER.facts, *LEDGER.regimens) if row.how_read == "recalled"]
    assert recalled
    assert all(row.standing == "caveat" and row.caveat for row in recalled)


def test_no_text_of_the_ledger_writes_a_unit_the_course_does_not_use():
    import re

    wrong = re.compile(r"\b(mcg|IU/L|UI/L|mg/kg/day|mg/day|mg/week|mg/m²)\b")
    for row in LEDGER.facts:
        assert not wrong.search(row.statement + row.caveat), row.id


# --- each way of breaking a row ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("file", "row", "cells", "field", "reason"),
    [
        ("facts.csv", "kass_cohort", {"unit": "IU/L"}, "unit", "write 'U/L'"),
        ("facts.csv", "kass_cohort", {"sources": "nobody2020"}, "sources", "'nobody2020' does not exist"),
        ("facts.csv", "kass_cohort", {"sources": ""}, "sources", "names no source"),
        ("facts.csv", "kass_cohort", {"id": "kass_mono"}, "id", "occurs twice"),
        ("facts.csv", "delay_or", {"low": "0.99", "high": "0.85"}, "low", "is above high"),
        ("facts.csv", "kass_cohort", {"review_by": "2020-01-01"}, "review_by", "is not after"),
        ("facts.csv", "kass_cohort", {"topic": "gossip"}, "topic", "gossip"),
        ("facts.csv", "kass_cohort", {"value": "many"}, "value", "many"),
        ("facts.csv", "kass_relapse", {"caveat": ""}, "caveat", "is blank"),
        ("regimens.csv", "pred_ad_bsr", {"population": "not_stated"}, "population", "without its population"),
        ("regimens.csv", "pred_ad_bsr", {"population": ""}, "population", "required"),
        ("regimens.csv", "pred_ad_bsr", {"route": ""}, "route", "required"),
        ("regimens.csv", "pred_ad_bsr", {"frequency": ""}, "frequency", "required"),
        ("regimens.csv", "pred_ad_bsr", {"frequency": "not_stated"}, "frequency", "without its frequency"),
        ("regimens.csv", "pred_ad_bsr", {"unit": "mg/kg/day"}, "unit", "write 'mg/kg/d'"),
        ("regimens.csv", "pred_ad_bsr", {"unit": "mg/kg/wk"}, "unit", "does not fit per 'day'"),
        ("regimens.csv", "pred_ad_bsr", {"low": "2"}, "low", "2 is above high 1"),
        ("regimens.csv", "pred_ad_bsr", {"sources": "seed1"}, "sources", "not evidence for a dose"),
        ("regimens.csv", "pred_ad_bsr", {"drug": "aspirin"}, "drug", "'aspirin' does not exist"),
        ("regimens.csv", "mtx_ad_jta", {"frequency": "daily"}, "frequency", "once weekly, never 'daily'"),
        (
            "regimens.csv",
            "mtx_ad_jta",
            {"unit": "mg/d", "cap": "", "cap_unit": "", "per": "day"},
            "unit",
            "never in mg/d",
        ),
        (
            "regimens.csv",
            "mtx_ad_jta",
            {"high": "30", "cap": "", "cap_unit": ""},
            "high",
            "above the adult ceiling of 25 mg/wk",
        ),
        ("regimens.csv", "mtx_ad_lancet", {"high": "40", "cap": "40"}, "cap", "above the adult ceiling of 25 mg/wk"),
        ("regimens.csv", "seed1_prednisone", {"derived_from": ""}, "derived_from", "must name the regimen"),
    ],
)
def test_a_broken_row_is_refused_with_file_row_field_and_reason(folder, file, row, cells, field, reason):
    change_cell(folder, file, row, **cells)
    words = refused(folder)
    assert file in words
    assert cells.get("id", row) in words
    assert f"field {field}" in words
    assert reason.lower() in words.lower()


def test_a_row_with_a_comma_that_nobody_quoted_is_refused_in_words(folder):
    path = folder / "facts.csv"
    path.write_text(path.read_text(encoding="utf-8") + "one,two" * 30 + "\n", encoding="utf-8")
    assert "field (extra cells): is not a column" in refused(folder)


def test_a_second_uncitable_source_is_refused(folder):
    path = folder / "sources.bib"
    path.write_text(
        path.read_text(encoding="utf-8") + "\n@misc{rumour, title={A rumour}, author={{Nobody}}, kind={review}, "
        "url={https://example.org/rumour}, citable={no}}\n",
        encoding="utf-8",
    )
    assert "only the two starting documents may be uncitable" in refused(folder)


def test_a_condition_on_a_field_nobody_asks_is_refused(folder):
    path = folder / "pathway.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("{field: recheck_done, is: true}", "{field: rechek_done, is: true}"), encoding="utf-8")
    words = refused(folder)
    assert "pathway.yaml" in words and "rechek_done" in words


def test_every_problem_is_reported_at_once(folder):
    change_cell(folder, "facts.csv", "kass_cohort", unit="IU/L")
    change_cell(folder, "regimens.csv", "pred_ad_bsr", unit="mg/kg/day")
    words = refused(folder)
    assert "facts.csv" in words and "regimens.csv" in words


# --- the compiled form ---------------------------------------------------------------------------------------------


def test_the_compiled_ledger_is_current_and_equal_to_the_files():
    place = store.data_folder()
    compiled = store._load_compiled(place)
    assert compiled is not None, "data changed: run `python -m namlib compile`"
    assert compiled == store.read_ledger(place, rules.check)


def test_a_changed_file_is_validated_again_though_the_compiled_form_is_there(folder):
    assert store._load_compiled(folder) is not None
    change_cell(folder, "facts.csv", "kass_cohort", statement="Another sentence, long enough to stand.")
    assert store._load_compiled(folder) is None
    changed = {fact.id: fact for fact in store.load(rules.check, folder).facts}
    assert changed["kass_cohort"].statement.startswith("Another sentence")


def test_line_endings_do_not_change_the_fingerprint(folder):
    before = store.fingerprint(folder)
    for name in store.FILES:
        path = folder / name
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert store.fingerprint(folder) == before


def test_the_schemas_for_editors_are_current():
    for file, schema in schemas().items():
        held = store.data_folder() / "schemas" / (file.replace(".", "_") + ".schema.json")
        assert json.loads(held.read_text(encoding="utf-8")) == schema, "run `python -m namlib compile`"


# --- what a notebook sees ------------------------------------------------------------------------------------------


def test_facts_are_found_by_topic_subtype_and_source_and_say_how_they_were_read():
    assert all(fact.subtype == "SRP" for fact in nam.facts(subtype="SRP"))
    assert all("oldroyd2022" in fact.sources for fact in nam.facts(source="oldroyd2022"))
    assert (
        "recalled, not read" in nam.facts("kass_relapse")._repr_html_() or FACTS["kass_relapse"].how_read != "recalled"
    )


def test_an_unknown_fact_names_the_near_ones():
    with pytest.raises(KeyError, match="did you mean"):
        nam.fact("kass_mon")


def test_a_conflict_shows_all_its_sides_beside_one_another():
    for conflict in nam.conflicts():
        shown = nam.conflicts(conflict.id)._repr_html_()
        assert shown.count('scope="row"') == len(conflict.positions) >= 2
        assert "How this course shows it" in shown


def test_every_line_of_both_starting_documents_that_states_something_has_a_verdict_and_a_place():
    lines = nam.seed_coverage()
    assert len(lines) >= 55
    assert {line.verdict for line in lines} == {
        "supported",
        "supported with a caveat",
        "contradicted",
        "no support found",
    }
    for line in (17, 18, 20):
        row = next(row for row in lines if (row.seed, row.line) == ("S1", line))
        assert row.verdict == "contradicted"
    empty = next(row for row in lines if (row.seed, row.line) == ("S1", 27))
    assert "empty" in empty.why


def test_a_table_can_become_a_data_frame_and_json():
    table = nam.facts(topic="taper")
    frame = table.to_frame()
    assert list(frame["id"]) == [fact.id for fact in table]
    assert json.loads(json.dumps(table.to_dict()))["rows"][0]["id"] == table[0].id
