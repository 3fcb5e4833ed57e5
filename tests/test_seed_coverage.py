"""The lines of the starting documents: what the diagnosis lines ask of a patient, and where each line is taught."""

from __future__ import annotations

from pathlib import Path

import pytest

import namlib as nam
from namlib import course, store
from namlib.model.checklist import entered
from namlib.model.findings import FIELDS
from namlib.table import html

LEDGER = course.ledger()
NOTEBOOKS = Path(__file__).resolve().parents[1] / "notebooks"

# --- where a line is taught ----------------------------------------------------------------------------------------


def headings(content):
    """The headings of a notebook, without their marks."""
    lines = [
        line
        for cell in content["cells"]
        if cell["cell_type"] == "markdown"
        for line in "".join(cell["source"]).splitlines()
    ]
    return {line.lstrip("#").strip() for line in lines if line.startswith("#")}


@pytest.mark.parametrize("notebook", sorted({row.notebook for row in LEDGER.seed_lines}))
def test_every_section_that_teaches_a_line_is_a_heading_of_its_notebook(notebook):
    held = {name.removesuffix(".ipynb"): content for name, content in store.read_notebooks(NOTEBOOKS)}
    taught = {row.section for row in nam.seed_coverage(notebook=notebook)}
    assert taught
    assert taught - headings(held[notebook]) == set()


# --- the check list of the starting document -----------------------------------------------------------------------

ASKED = {
    5: ("muscle_biopsy",),
    6: ("anti_hmgcr", "anti_srp"),
    7: ("ck_u_per_l",),
    8: ("proximal_weakness",),
    10: ("cancer_screen",),
    11: ("statin",),
    12: ("connective_tissue_disease",),
    13: ("viral_screen",),
}


def test_the_check_list_is_the_eight_lines_of_the_starting_document_that_ask_for_something():
    rows = nam.checklist(nam.Patient())
    assert {row.line: tuple(item.field for item in row.entered) for row in rows} == ASKED
    assert all(row.seed == "S1" and row.facts and not row.done for row in rows)
    assert {item.state for row in rows for item in row.entered} == {"not asked yet"}


@pytest.mark.parametrize("field", [name for fields in ASKED.values() for name in fields])
def test_not_asked_not_tested_and_not_reported_stay_three_things(field):
    said = [entered(field, {}).words()]
    for raw in ("not_tested", "not_done", "not_reported"):
        if raw in FIELDS[field].choices:
            item = entered(field, {field: raw})
            assert item.state == ("not reported" if raw == "not_reported" else "not tested")
            said.append(item.words())
    assert len(set(said)) == len(said)
    assert all(words.endswith(("not asked yet", "not tested", "not done", "not reported")) for words in said)


def test_a_negative_answer_is_an_answer():
    patient = nam.Patient(anti_hmgcr="negative", anti_srp="negative", connective_tissue_disease=False)
    rows = {row.line: row for row in nam.checklist(patient)}
    assert rows[6].done and rows[12].done
    assert rows[12].entered[0].answer == "no"
    assert repr(nam.checklist(patient)) == "Check list, 2 of 8 lines answered: 8 lines"


def test_every_line_of_the_check_list_shows_its_verdict_and_why():
    shown = nam.checklist(nam.Patient(ck_u_per_l=711, ck_upper_limit_u_per_l=170))._repr_html_()
    assert "711 U/L; above the upper limit: yes" in shown
    for row in nam.checklist(nam.Patient()):
        assert row.verdict in shown and html(row.why) in shown


def test_the_lines_a_notebook_teaches_can_be_asked_for():
    lines = nam.seed_coverage(notebook="01_reach_the_diagnosis")
    assert {(row.seed, row.line) for row in lines} == {
        *(("S1", line) for line in ASKED),
        ("S1", 35),
        ("S1", 56),
        ("S2", 25),
    }
    assert len(nam.seed_coverage(notebook="01")) == 0


def test_every_field_a_line_names_is_one_the_form_asks():
    named = [name for row in LEDGER.seed_lines for name in row.fields]
    assert named and set(named) <= set(FIELDS)
