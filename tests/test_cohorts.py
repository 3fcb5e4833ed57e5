"""The rows of cohorts and predictors: what they refuse, how they are drawn, and what is never added up."""

from __future__ import annotations

import dataclasses
import html as entities
import json
import re
import shutil
from typing import Any

import pytest

import namlib as nam
from namlib import course, store
from namlib.course import relapse
from namlib.model import rules
from namlib.model.relapse import counts_of, forest, naive_pool
from namlib.records import Cohort, Predictor, Refused
from namlib.validate import LedgerError
from namlib.view.figures import panel_heading
from tests.test_light_import import BLOCKED, run

ROWS = {row.id: row for row in course.ledger().cohorts}
PREDICTORS = {row.id: row for row in course.ledger().predictors}
OUTCOMES = list(dict.fromkeys(row.outcome for row in ROWS.values()))


def alt_of(markup: str) -> str:
    found = re.search(r'alt="([^"]*)"', markup)
    assert found
    return entities.unescape(found[1])


# --- the rows ------------------------------------------------------------------------------------------------------


def test_the_share_of_the_mayo_report_has_no_count_and_no_denominator() -> None:
    row = ROWS["mayo_relapse"]
    assert (row.n, row.n_total, row.at_most, row.percent) == (None, None, 32, 55)
    assert row.how_read == "secondary" and row.standing == "caveat"


def test_the_two_shares_of_55_percent_are_different_outcomes() -> None:
    rows = [row for row in ROWS.values() if row.percent == 55]
    assert {row.outcome for row in rows} == {"relapse", "raised CK at full strength"}


def test_every_outcome_of_the_conflict_over_stopping_treatment_is_a_row() -> None:
    """The counts of the abstracts: 0/35, 3/22 or 3/50, 1 at Mayo, 4/20, 4/75."""
    off = {row.id: (row.n, row.n_total) for row in ROWS.values() if row.outcome == "treatment-free remission"}
    assert off["referral_off"] == (0, 35)
    assert (off["hopkins_off_all"], off["hopkins_off_strong"]) == ((3, 50), (3, 22))
    assert off["mayo_off"] == (1, None)
    assert (off["west_australia_off"], off["nz_off"]) == ((4, 20), (4, 75))
    named = {key for conflict in course.conflicts("free_remission") for at in conflict.positions for key in at.sources}
    rows = [ROWS[name] for name in off if ROWS[name].disease == "IMNM"]
    assert named == {key for row in rows for key in row.sources}


def test_a_second_reading_shares_its_patients_with_the_first() -> None:
    seconds = [row for row in ROWS.values() if row.alternative_to]
    assert seconds
    for row in seconds:
        first = ROWS[row.alternative_to]
        assert (first.overlap, first.outcome, first.sources) == (row.overlap, row.outcome, row.sources)
        assert not first.alternative_to and row.standing == first.standing == "caveat"


def test_cohorts_of_the_same_hospital_are_marked_as_overlapping() -> None:
    mayo = {row.id for row in ROWS.values() if row.cohort.startswith("Mayo")}
    assert {ROWS[name].overlap for name in mayo} == {"mayo"} and len(mayo) > 3


def test_what_a_row_says_in_numbers_a_fact_says_for_the_prose() -> None:
    facts = {fact.id: fact for fact in course.ledger().facts}
    for row, fact in (
        ("australia_relapse", "relapse_series_australia"),
        ("italy_relapse", "relapse_italy"),
        ("naive_china_relapse", "relapse_naive_china"),
        ("korea_relapse", "relapse_korea"),
        ("ck_relapse_2005", "relapse_ck_2005"),
        ("referral_off", "chronic_never_off"),
        ("west_australia_off", "remission_west_australia"),
        ("srp_japan_disability", "srp_two_years"),
        ("hopkins_strength", "tin_strength"),
        ("mayo_deaths", "mayo_deaths"),
    ):
        assert (ROWS[row].n, ROWS[row].n_total) == (facts[fact].n, facts[fact].n_total), row
        assert ROWS[row].sources == facts[fact].sources


def test_the_readme_names_every_column() -> None:
    readme = (store.data_folder() / "README.md").read_text(encoding="utf-8")
    for kind, heading in ((Cohort, "cohorts.csv"), (Predictor, "predictors.csv")):
        part = readme.split(f"## Columns of `{heading}`")[1].split("\n## ")[0]
        for field in dataclasses.fields(kind):
            common = field.name in ("locator", "certainty", "how_read", "standing", "caveat", "reviewed_on")
            assert common or f"`{field.name}`" in part, field.name


@pytest.mark.parametrize(
    ("file", "old", "new", "words"),
    [
        ("cohorts.csv", ",5,6,,,,", ",7,6,,,,", "is more than n_total"),
        ("cohorts.csv", ",65,105,,62,", ",65,105,,72,", "is not 65 of 105"),
        ("cohorts.csv", ",,,32,55,", ",,63,32,55,", "denominator that is not known"),
        ("cohorts.csv", ",92.7,80.6,97.4,", ",92.7,80.6,,", "limits come in pairs"),
        ("cohorts.csv", ",92.7,80.6,97.4,", ",79.7,80.6,97.4,", "outside its limits"),
        ("cohorts.csv", "Called common; no count is given.", "", "is blank"),
        ("cohorts.csv", ",hopkins_off_all,tiniakou2017", ",nobody,tiniakou2017", "'nobody' does not exist"),
        ("cohorts.csv", "italy_relapse", "korea_relapse", "occurs twice"),
        ("cohorts.csv", "CK alone", "CK or so", "counted_by"),
        ("predictors.csv", "odds ratio,3.1", ",3.1", "goes with value"),
        ("predictors.csv", "3.1,1.2,7.9", "3.1,4.2,7.9", "outside its limits"),
        ("predictors.csv", "duration_mri,meyer", "nothing_mri,meyer", "does not exist"),
        ("predictors.csv", "bronner2006", "nobody2006", "'nobody2006' does not exist"),
    ],
)
def test_a_broken_row_is_refused_in_words(tmp_path: Any, file: str, old: str, new: str, words: str) -> None:
    shutil.copytree(store.data_folder(), tmp_path / "data")
    path = tmp_path / "data" / file
    text = path.read_text(encoding="utf-8")
    if old.startswith("duration_mri"):
        old, new = ",duration_mri,", ",nothing_mri,"
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(LedgerError) as refused:
        store.load(rules.check, tmp_path / "data")
    assert file in str(refused.value) and words in str(refused.value)


# --- predictors ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("field", ["agrees", "against"])
def test_agreement_and_contradiction_hold_both_ways(field: str) -> None:
    pairs = {(row.id, name) for row in PREDICTORS.values() for name in getattr(row, field)}
    assert pairs and pairs == {(other, one) for one, other in pairs}


def test_no_predictor_of_the_mayo_report_was_adjusted_or_has_a_size() -> None:
    mayo = [row for row in PREDICTORS.values() if "newsmedical2015" in row.sources]
    assert {row.factor for row in mayo} == {"sex", "early combination"}
    assert all(row.tested == "one at a time" and row.value is None and row.standing == "caveat" for row in mayo)


def test_the_table_of_predictors_says_who_found_otherwise() -> None:
    shown = entities.unescape(re.sub(r"<[^>]+>", " ", nam.predictors("sex")._repr_html_()))
    assert "Points elsewhere: Mayo Clinic, 2004 to 2013." in shown
    assert "odds ratio 3.1, 95% limits 1.2 to 7.9" in shown
    assert len(nam.predictors()) == len(PREDICTORS)
    with pytest.raises(Refused, match="is not one of sex, early combination"):
        nam.predictors("height")


# --- side by side, never added up ----------------------------------------------------------------------------------


def test_a_panel_never_mixes_outcomes_definitions_or_denominators() -> None:
    panels = forest(ROWS.values())
    assert sum(len(panel.rows) for panel in panels) == len(ROWS)
    for panel in panels:
        keys = {(row.cohort.outcome, row.cohort.counted_by, row.cohort.among) for row in panel.rows}
        assert keys == {(panel.outcome, panel.counted_by, panel.among)}
    assert len({(panel.outcome, panel.counted_by, panel.among) for panel in panels}) == len(panels)


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_the_forest_of_every_outcome_says_every_row_with_its_panel(outcome: str) -> None:
    picture = nam.relapse_cohorts(outcome)
    shown = picture._repr_html_()
    alt = alt_of(shown)
    panels = forest(row for row in ROWS.values() if row.outcome == outcome)
    for panel in panels:
        for row in panel.rows:
            assert f"{row.cohort.cohort} ({panel_heading(panel)}): {row.words}" in alt
            assert row.cohort.definition in entities.unescape(shown)
            assert row.cohort.denominator in entities.unescape(shown)
    assert shown.count('scope="row"') == sum(len(panel.rows) for panel in panels)
    assert "<figcaption>" in shown and "naive pool" not in shown


def test_the_mayo_share_is_drawn_as_the_five_counts_behind_it() -> None:
    alt = alt_of(nam.relapse_cohorts()._repr_html_())
    assert "5 counts fit (6/11, 11/20, 12/22, 16/29, 17/31); limits of all of them 23.4% to 83.3%" in alt


def test_the_naive_pool_is_shown_only_on_request_and_with_its_reasons() -> None:
    pool = naive_pool(row for row in ROWS.values() if row.outcome == "relapse")
    shown = entities.unescape(nam.relapse_cohorts(naive_pool=True)._repr_html_())
    assert pool.count.words in shown
    for reason in pool.reasons:
        assert shown.count(reason) >= 2, "in the caption and below the table"
    assert "naive pool" not in nam.relapse_cohorts().words


def test_an_outcome_that_nobody_counted_is_refused_with_those_there_are() -> None:
    with pytest.raises(Refused, match="is not one of relapse, relapsing or chronic course"):
        nam.relapse_cohorts("happiness")
    with pytest.raises(Refused, match="is not one of relapse"):
        nam.cohorts("<b>")


def test_the_table_of_cohorts_shows_counts_limits_and_what_is_not_known() -> None:
    table = nam.cohorts("relapse")
    shown = re.sub(r"\s+", " ", entities.unescape(re.sub(r"<[^>]+>", " ", table._repr_html_())))
    assert "3 of 16 (4% to 45.6%)" in shown and "no number given" in shown
    assert json.loads(json.dumps(table.to_dict()))["rows"][0]["id"] == table[0].id
    assert len(nam.cohorts()) == len(ROWS)

    with pytest.raises(KeyError, match="known: mayo_relapse"):
        relapse.cohort("nothing")


def test_rows_of_other_diseases_never_pass_for_imnm() -> None:
    others = [row for row in ROWS.values() if row.disease != "IMNM"]
    assert others
    for row in others:
        assert row.disease in ("myositis of any kind", "other myositis", "polymyositis and dermatomyositis",
                               "polymyositis and IMNM")  # fmt: skip
        alt = alt_of(nam.relapse_cohorts(row.outcome)._repr_html_())
        assert row.cohort in alt


def test_every_count_has_a_share_that_its_row_prints() -> None:
    checked = 0
    for row in ROWS.values():
        for n, total in counts_of(row):
            assert 0 <= n <= total
            if row.percent is not None:
                assert abs(100 * n / total - row.percent) <= 0.5 or row.caveat
                checked += 1
    assert checked > 20


@pytest.mark.parametrize("name", ["immortal time", "confounding by indication"])
def test_the_picture_of_a_lesson_says_synthetic_wherever_it_can(name: Any) -> None:
    lesson = nam.bias_lesson(name, n=1000)
    shown = lesson._repr_html_()
    assert "<figcaption>SYNTHETIC" in shown and "<caption>SYNTHETIC" in shown and "SYNTHETIC" in alt_of(shown)
    for one in (lesson.naive, *lesson.right):
        assert f"{one.ratio:.2f} ({one.low:.2f} to {one.high:.2f})" in shown
    for parameter, _, _ in lesson.parameters:
        assert parameter in entities.unescape(shown)


def test_cohorts_and_predictors_need_no_scientific_package() -> None:
    said = run(
        BLOCKED
        + """
import namlib as nam
for shown in (nam.cohorts(), nam.predictors(), nam.in_your_clinic(10), nam.ClinicExplorer()):
    assert repr(shown)
assert nam.cohorts()._repr_html_() and nam.predictors()._repr_html_() and nam.in_your_clinic(3)._repr_html_()
print(nam.bias_lesson("immortal time").label[:9])
"""
    )
    assert said.strip() == "SYNTHETIC"
