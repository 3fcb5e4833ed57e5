"""Dose arithmetic: published examples, the starting document's own lines, and properties that hold for every row."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

import namlib as nam
from namlib import course
from namlib.model.dosing import body_surface_m2, dose, doses
from namlib.records import Refused
from namlib.units import unit

LEDGER = course.ledger()
DRUGS = {drug.key: drug for drug in LEDGER.drugs}
ADULT = {"age_years": 58.0, "weight_kg": 80.0, "height_cm": 175.0}


def by_id(results):
    return {result.regimen.id: result for result in results}


def kinds(result):
    return {flag.kind for flag in result.flags}


@pytest.mark.parametrize(
    ("weight_kg", "height_cm", "formula", "surface_m2", "origin"),
    [
        (70, 170, "mosteller", 1.818, "medicalequations.com, worked example for oncology"),
        (80, 180, "mosteller", 2.00, "calculatorlib.com, worked example: square root of 4"),
        (70, 175, "mosteller", 1.8447, "omnicalc worked example, 18,447 cm2"),
        (90, 180, "mosteller", 2.1213203, "lucianosky/BodySurfaceArea, unit test"),
        (90, 180, "dubois", 2.0988737, "lucianosky/BodySurfaceArea, unit test; its constant is for metres"),
        (70, 170, "dubois", 1.81, "the value usually tabulated for 70 kg and 170 cm"),
    ],
)
def test_body_surface_matches_published_examples(weight_kg, height_cm, formula, surface_m2, origin):
    digits = len(str(surface_m2).split(".")[1])
    tolerance = 1e-4 if formula == "dubois" and digits > 4 else 0.5 * 10**-digits
    assert body_surface_m2(weight_kg, height_cm, formula) == pytest.approx(surface_m2, abs=tolerance), origin


@pytest.mark.parametrize("bad", [0, -1, float("nan")])
def test_body_surface_refuses_a_size_that_is_no_size(bad):
    with pytest.raises(ValueError, match="above 0"):
        body_surface_m2(bad, 175)
    with pytest.raises(ValueError, match="above 0"):
        body_surface_m2(80, bad)


@pytest.mark.parametrize(
    ("line", "given_here"),
    [
        ("seed1_methylprednisolone", "1,200–2,400 mg per infusion"),
        ("seed1_prednisone", "80–160 mg a day"),
        ("seed1_methotrexate", "29.6–39.4 mg once weekly"),
    ],
)
def test_the_starting_documents_lines_give_an_adult_more_than_any_adult_ceiling(line, given_here):
    result = by_id(doses(ADULT, LEDGER.regimens, LEDGER.drugs))[line]
    assert result.given == given_here
    printed = [flag.words for flag in result.flags if flag.kind == "as printed"]
    assert printed and printed[0].startswith("A children's regimen")
    assert "without its cap" in printed[0]
    assert "above adult ceiling" in kinds(result)


def test_one_guideline_carries_both_prednisone_ranges_each_for_its_population():
    results = by_id(doses(ADULT, LEDGER.regimens, LEDGER.drugs, "prednisone"))
    assert results["pred_ad_bsr"].given == "40–80 mg a day"
    assert "other population" not in kinds(results["pred_ad_bsr"])
    assert results["pred_pd_bsr"].given == "80–160 mg a day"
    assert "other population" in kinds(results["pred_pd_bsr"])
    assert results["pred_ad_bsr"].regimen.sources == results["pred_pd_bsr"].regimen.sources


def test_a_cap_binds_where_the_rule_passes_it_and_the_rule_stays_visible():
    heavy = {**ADULT, "weight_kg": 120.0}
    result = by_id(doses(heavy, LEDGER.regimens, LEDGER.drugs, "prednisone"))["pred_ad_etg"]
    assert (result.rule_low, result.low) == (120.0, 75.0)
    words = next(flag.words for flag in result.flags if flag.kind == "cap binds")
    assert "75 mg a day" in words and "120" in words


def test_a_cap_per_day_is_shared_by_the_doses_of_the_day():
    results = by_id(doses(ADULT, LEDGER.regimens, LEDGER.drugs, "mycophenolate"))
    twice = results["mmf_ad_jta"]
    assert (twice.low, twice.high) == (1000.0, 1500.0)
    assert (twice.chart_low, twice.chart_high) == (2000.0, 3000.0)
    assert twice.given == "1,000–1,500 mg per dose, twice daily"


def test_missing_sizes_are_named_and_nothing_is_assumed():
    results = by_id(doses({}, LEDGER.regimens, LEDGER.drugs))
    assert results["pred_ad_bsr"].given == "cannot compute: weight missing"
    assert results["mtx_pd_share"].missing == ("weight_kg", "height_cm")
    assert results["mp_ad_lancet"].given == "500–1,000 mg per infusion"
    assert "population unknown" in kinds(results["mp_ad_lancet"])
    only_height = by_id(doses({"weight_kg": 80.0}, LEDGER.regimens, LEDGER.drugs))
    assert only_height["mtx_pd_share"].missing == ("height_cm",)


def test_no_regimen_is_ever_dropped_for_its_population():
    for patient in ({}, ADULT, {"age_years": 7.0, "weight_kg": 22.0}):
        assert len(doses(patient, LEDGER.regimens, LEDGER.drugs)) == len(LEDGER.regimens)


def test_a_population_that_contradicts_the_age_is_refused():
    with pytest.raises(Refused, match="contradicts the age"):
        doses(ADULT, LEDGER.regimens, LEDGER.drugs, population="paediatric")


def test_an_unknown_drug_is_refused_by_name():
    with pytest.raises(Refused, match="known: prednisone"):
        doses(ADULT, LEDGER.regimens, LEDGER.drugs, "aspirin")


def test_weekly_is_said_wherever_methotrexate_is_given():
    for patient in (ADULT, {"age_years": 7.0, "weight_kg": 22.0, "height_cm": 120.0}):
        results = doses(patient, LEDGER.regimens, LEDGER.drugs, "methotrexate")
        assert results
        for result in results:
            assert "once weekly" in result.given
            assert "a day" not in result.given


@given(weight_kg=st.floats(2, 350), height_cm=st.floats(40, 250), age_years=st.one_of(st.none(), st.floats(0, 120)))
def test_every_dose_is_the_published_amount_times_the_body_and_never_above_its_own_cap(weight_kg, height_cm, age_years):
    patient = {"weight_kg": weight_kg, "height_cm": height_cm, "age_years": age_years}
    for result in doses(patient, LEDGER.regimens, LEDGER.drugs):
        regimen = result.regimen
        if not regimen.unit:
            assert result.low is None and result.high is None
            continue
        factor = {
            "flat": 1.0,
            "none": 1.0,
            "per_kg": weight_kg,
            "per_m2": (weight_kg * height_cm / 3600) ** 0.5,
        }[unit(regimen.unit).basis]
        for published, rule, here in (
            (regimen.low, result.rule_low, result.low),
            (regimen.high, result.rule_high, result.high),
        ):
            if published is None:
                assert rule is None and here is None
                continue
            assert rule == pytest.approx(published * factor)
            assert here <= rule
        if result.low is not None and result.high is not None:
            assert result.low <= result.high


@given(weight_kg=st.floats(2, 349))
def test_a_heavier_body_never_gets_less(weight_kg):
    lighter = doses({**ADULT, "weight_kg": weight_kg}, LEDGER.regimens, LEDGER.drugs)
    heavier = doses({**ADULT, "weight_kg": weight_kg + 1}, LEDGER.regimens, LEDGER.drugs)
    for one, other in zip(lighter, heavier, strict=True):
        assert one.high is None or one.high <= other.high


def test_a_dose_is_frozen_and_goes_through_json_unchanged():
    import json

    result = doses(ADULT, LEDGER.regimens, LEDGER.drugs, "methotrexate")[0]
    with pytest.raises(dataclasses.FrozenInstanceError):
        result.low = 1.0  # type: ignore[misc]
    assert json.loads(json.dumps(result.to_dict())) == result.to_dict()


def test_nam_doses_shows_population_source_and_care_for_each_row():
    table = nam.doses(nam.Patient(age_years=58, weight_kg=80, height_cm=175), "prednisone")
    shown = table._repr_html_()
    assert shown.count("<tr>") == len(table) + 1
    for result in table:
        for key in result.regimen.sources:
            assert course.bibliography().by_key[key].url.replace("&", "&amp;") in shown
    assert "for adults and children" not in repr(table)


def test_the_adult_ceiling_flag_names_the_ledgers_ceiling_and_spares_children():
    child = {"age_years": 9.0, "weight_kg": 60.0, "height_cm": 150.0}
    for result in doses(child, LEDGER.regimens, LEDGER.drugs):
        assert "above adult ceiling" not in kinds(result)
    printed = by_id(doses(ADULT, LEDGER.regimens, LEDGER.drugs))["seed1_methotrexate"]
    ceiling = DRUGS["methotrexate"].adult_ceiling
    assert ceiling is not None
    words = next(flag.words for flag in printed.flags if flag.kind == "above adult ceiling")
    assert f"{ceiling.amount:g} mg once weekly" in words


def test_applying_one_regimen_needs_no_other():
    regimen = next(item for item in LEDGER.regimens if item.id == "ivig_ad_nejm")
    result = dose(regimen, DRUGS["ivig"], ADULT, "adult")
    assert result.given == "160 g per course, monthly"
    assert result.published == "2 g/kg, monthly"


def test_how_often_stands_beside_every_published_amount_unless_the_unit_says_it():
    for result in doses(ADULT, LEDGER.regimens, LEDGER.drugs):
        regimen = result.regimen
        if not regimen.unit or regimen.frequency == "not_stated":
            continue
        daily = regimen.unit.endswith("/d") and regimen.frequency in ("daily", "once daily")
        assert daily or result.published.endswith(f", {regimen.frequency}")
