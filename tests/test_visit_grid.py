"""The visit grid: each cell says who fixed its day, and almost always that is this course."""

from __future__ import annotations

import csv
import json
import re
import shutil

import pytest

import namlib as nam
from namlib import course, store
from namlib.model import rules
from namlib.records import VISITS, Refused, VisitCell
from namlib.validate import LedgerError

LEDGER = course.ledger()
FACTS = {fact.id: fact for fact in LEDGER.facts}
GRID = LEDGER.visit_grid

each_cell = pytest.mark.parametrize("cell", GRID, ids=lambda cell: cell.id)


@each_cell
def test_a_cell_names_the_source_of_its_interval_or_says_course_convention(cell: VisitCell):
    assert cell.does and cell.measure and cell.visit in VISITS
    if cell.basis == "course convention":
        assert not cell.facts
    else:
        assert cell.facts and all(FACTS[name].sources for name in cell.facts)
    assert all(name in FACTS for name in cell.why)


def test_every_measure_that_is_a_convention_says_why_it_is_looked_at():
    by_measure: dict[str, list[VisitCell]] = {}
    for cell in GRID:
        by_measure.setdefault(cell.measure, []).append(cell)
    assert len(by_measure) > 25
    for measure, cells in by_measure.items():
        assert any(cell.why or cell.facts for cell in cells), measure


def test_the_grid_holds_what_the_course_says_has_to_be_followed():
    told = " ".join({cell.measure.lower() for cell in GRID})
    for word in (
        "mmt8", "creatine kinase", "lung function", "ecg", "echocardiogram", "swallowing", "glucose", "blood pressure",
        "bone", "eyes", "igg", "methotrexate", "azathioprine", "mycophenolate", "tacrolimus", "cyclophosphamide",
        "ivig", "exercise", "statin", "pregnancy", "hepatitis b",
    ):  # fmt: skip
        assert word in told, word


def test_no_interval_is_claimed_for_imnm_unless_a_fact_is_about_imnm():
    claimed = [cell for cell in GRID if cell.basis == "IMNM source"]
    for cell in claimed:
        assert any("IMNM" in FACTS[name].statement for name in cell.facts)
    assert "IMNM" in nam.fact("mon_no_interval").statement
    assert len(claimed) * 20 < len(GRID), "almost none is fixed by a source on IMNM"


def test_the_sentence_counts_the_cells():
    grid = nam.visit_grid()
    numbers = [int(number) for number in re.findall(r"\d+", repr(grid))]
    measures, cells, *by_basis = numbers
    assert cells == len(grid) == sum(by_basis)
    assert measures == len({cell.measure for cell in grid})
    assert by_basis[0] == sum(cell.basis == "IMNM source" for cell in grid)
    assert by_basis[-1] == sum(cell.basis == "course convention" for cell in grid)


def test_a_plan_keeps_what_everybody_needs_and_what_its_drugs_need():
    everything, plan = nam.visit_grid(), nam.visit_grid(["MTX", "prednisone"])
    assert set(plan) < set(everything)
    assert {cell for cell in everything if not cell.drugs} < set(plan)
    assert all(not cell.drugs or {"methotrexate", "prednisone"} & set(cell.drugs) for cell in plan)
    assert not any("rituximab" in cell.drugs for cell in plan)
    for wrong in ([], ["aspirin"], 7):
        with pytest.raises(Refused):
            nam.visit_grid(wrong)


def test_the_page_shows_every_cell_with_its_basis_and_heads_rows_and_columns():
    grid = nam.visit_grid()
    shown = grid._repr_html_()
    assert shown.count("<em>course convention</em>") == sum(cell.basis == "course convention" for cell in grid)
    for basis in ("drug source", "myositis source"):
        assert shown.count(f"<small>{basis}: ") == sum(cell.basis == basis for cell in grid)
    assert shown.count('scope="row"') == len({(cell.group, cell.measure) for cell in grid})
    assert all(f'<th scope="col">{visit}</th>' in shown for visit in VISITS)
    assert json.loads(json.dumps(grid.to_dict())) == grid.to_dict()
    assert len(grid.to_frame()) == len(grid)


def test_the_schedule_of_2017_is_never_shown_without_its_year_and_its_successor():
    named = [cell for cell in GRID if "mon_2017" in cell.facts]
    assert named
    for cell in named:
        assert "2017" in cell.does and "mon_2025" in cell.facts


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"facts": ""}, "a convention names none"),
        ({"basis": "course convention"}, "a convention names none"),
        ({"visit": "month 4"}, "month 4"),
        ({"facts": "nobody_knows"}, "'nobody_knows' does not exist"),
        ({"drugs": "aspirin"}, "'aspirin' does not exist"),
        ({"visit": "baseline"}, "has two cells at baseline"),
    ],
)
def test_a_broken_cell_is_refused_with_file_row_and_reason(tmp_path, change, reason):
    folder = tmp_path / "data"
    shutil.copytree(store.data_folder(), folder)
    path = folder / "visit_grid.csv"
    with path.open(encoding="utf-8", newline="") as lines:
        reader = csv.DictReader(lines)
        names, rows = list(reader.fieldnames or ()), list(reader)
    row = next(row for row in rows if row["id"] == "mycophenolate_bloods_month_3")
    row.update(change)
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, names, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    with pytest.raises(LedgerError) as refused:
        store.load(rules.check, folder)
    assert "visit_grid.csv" in str(refused.value) and "mycophenolate_bloods_month_3" in str(refused.value)
    assert reason in str(refused.value)
