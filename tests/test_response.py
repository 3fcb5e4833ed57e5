"""The improvement score of 2016: its published table, exact edges, what is missing, and strength muscle by muscle."""

from __future__ import annotations

import json
import shutil
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import namlib as nam
from namlib import course, store
from namlib.model import rules
from namlib.model.findings import FIELDS
from namlib.model.response import MEASURE_FIELDS, VISIT_FIELDS, CoreSet, points_for
from namlib.records import Refused
from namlib.validate import LedgerError
from tests.test_hostile_inputs import NOTHING

CRITERIA = course.response_criteria()
MEASURES = {measure.id: measure for measure in CRITERIA.measures}


def visit(
    physician: Any, patient: Any, mmt: Any, haq: Any, ck: Any, outside: Any, *, maximum: Any = 80, limit: Any = 200
) -> CoreSet:
    """One visit in the order in which the worked examples list it."""
    return nam.CoreSet(
        physician_global_cm=physician,
        patient_global_cm=patient,
        mmt_points=mmt,
        mmt_maximum=maximum,
        haq_di=haq,
        ck_u_per_l=ck,
        ck_upper_limit_u_per_l=limit,
        extramuscular_cm=outside,
    )


# --- worked examples -----------------------------------------------------------------------------------------------

# T01 to T13 were constructed for this course from the published table of points (PMC5577002, table 3) and worked out by
# hand; no published worked example could be read. Enzyme is CK with an upper limit of 200 U/L and a range of 15 times
# that, 3,000 U/L. Each row: both visits, points by measure, total, adult degree, juvenile degree.
EXAMPLES: dict[str, tuple[tuple[Any, ...], tuple[Any, ...], tuple[float, ...], float, str, str]] = {
    # strong response without extramuscular disease: 50, 40, 25, 33.3, 236.7 and 0%
    "T01": ((8, 8, 44, 2.25, 8000, 0), (3, 4, 64, 1.25, 900, 0), (20, 7.5, 27.5, 7.5, 7.5, 0), 70, "major", "major"),
    # mild disease becomes nearly normal and cannot be more than moderate: 20, 10, 7.5, 8.3, 50 and 0%
    "T02": ((3, 3, 74, 0.5, 3000, 0), (1, 2, 80, 0.25, 1500, 0), (15, 2.5, 10, 5, 7.5, 0), 40, "moderate", "minimal"),
    # CK becomes normal and nothing else moves
    "T03": ((5, 5, 60, 1.5, 10000, 0), (5, 5, 60, 1.5, 180, 0), (0, 0, 0, 0, 7.5, 0), 7.5, "none", "none"),
    # everything gets worse: nothing is taken away
    "T04": ((4, 4, 70, 1.0, 500, 0), (7, 8, 50, 2.0, 6000, 2), (0, 0, 0, 0, 0, 0), 0, "none", "none"),
    # every change exactly on an upper edge, 15% (10% for strength): the lower band
    "T05": (
        (5, 5, 60, 1.5, 1000, 5),
        (3.5, 3.5, 68, 1.05, 550, 3.5),
        (7.5, 2.5, 10, 5, 2.5, 7.5),
        35,
        "minimal",
        "minimal",
    ),
    # the same and a hair more: the next band everywhere
    "T06": (
        (5, 5, 60, 1.5, 1000, 5),
        (3.49, 3.49, 68.1, 1.049, 549, 3.49),
        (15, 5, 20, 7.5, 5, 12.5),
        65,
        "major",
        "moderate",
    ),
    # 40 to 48 of 80 is 10% of the scale and 20% of the start: the scale counts
    "T07": ((5, 5, 40, 1.5, 1000, 0), (5, 5, 48, 1.5, 1000, 0), (0, 0, 10, 0, 0, 0), 10, "none", "none"),
    "T08": ((10, 10, 40, 3, 9000, 10), (0, 0, 80, 0, 100, 0), (20, 10, 32.5, 10, 7.5, 20), 100, "major", "major"),
    "T09": ((10, 10, 40, 3, 9000, 0), (0, 0, 80, 0, 100, 0), (20, 10, 32.5, 10, 7.5, 0), 80, "major", "major"),
    # both sides, 150 points: 105 to 120 is 10%
    "T10": ((6, 6, 105, 1.5, 4000, 0), (4, 4, 120, 1.0, 2500, 0), (15, 5, 10, 7.5, 7.5, 0), 45, "moderate", "moderate"),
    # exactly 20 points are minimal improvement
    "T11": ((5, 5, 60, 1.5, 1000, 0), (4, 4.0, 66, 1.5, 1000, 0), (7.5, 2.5, 10, 0, 0, 0), 20, "minimal", "none"),
    # function earns 7.5 in two bands
    "T12": ((5, 5, 60, 2.0, 1000, 0), (5, 5, 60, 1.0, 1000, 0), (0, 0, 0, 7.5, 0, 0), 7.5, "none", "none"),
    # 4.4 to 1.9 is exactly 25%, 2.2 to 0.7 exactly 15%; binary floats land above both and would give 32.5
    "T13": (
        (4.4, 2.2, 60, 1.5, 1000, 0),
        (1.9, 0.7, 66, 1.5, 1000, 0),
        (15, 2.5, 10, 0, 0, 0),
        27.5,
        "minimal",
        "none",
    ),
}
MAXIMUM = {"T10": 150}


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_worked_example_gives_its_points_total_and_degrees(name: str) -> None:
    before, after, points, total, adult, juvenile = EXAMPLES[name]
    result = nam.total_improvement(
        visit(*before, maximum=MAXIMUM.get(name, 80)), visit(*after, maximum=MAXIMUM.get(name, 80))
    )
    assert [change.points for change in result.changes] == list(points)
    assert (result.total, result.adult, result.juvenile) == (total, adult, juvenile)
    assert result.missing == ()


def test_there_are_thirteen_worked_examples() -> None:
    assert len(EXAMPLES) == 13


def test_binary_floats_would_get_the_float_trap_wrong() -> None:
    assert 100 * (4.4 - 1.9) / 10 > 25 and 100 * (2.2 - 0.7) / 10 > 15, "the trap is real"
    result = nam.total_improvement(visit(*EXAMPLES["T13"][0]), visit(*EXAMPLES["T13"][1]))
    assert (result["physician_global"].percent, result["patient_global"].percent) == (25, 15)


def test_every_pair_of_marks_with_one_decimal_falls_into_the_band_that_whole_tenths_say() -> None:
    edges = [(50, 0.0), (150, 7.5), (250, 15.0), (400, 17.5), (1000, 20.0)]  # in tenths of a percent
    for start in range(101):
        for end in range(101):
            before = nam.CoreSet(physician_global_cm=start / 10)
            after = nam.CoreSet(physician_global_cm=end / 10)
            gain = 10 * (start - end)
            expected = next(points for edge, points in edges if gain <= edge)
            assert nam.total_improvement(before, after)["physician_global"].points == expected, (start, end)


@pytest.mark.parametrize("measure", CRITERIA.measures, ids=lambda measure: measure.id)
def test_a_band_is_open_below_and_closed_above(measure: Any) -> None:
    hair = Fraction(1, 10**12)
    for lower, higher in zip(measure.bands, measure.bands[1:], strict=False):
        edge = Fraction(lower.up_to)
        assert points_for(measure, edge) == lower.points
        assert points_for(measure, edge + hair) == higher.points
    assert points_for(measure, Fraction(-1000)) == 0
    assert points_for(measure, Fraction(1000)) == measure.bands[-1].points


# --- the table as published ----------------------------------------------------------------------------------------


def test_the_best_bands_sum_to_one_hundred() -> None:
    assert sum(measure.bands[-1].points for measure in CRITERIA.measures) == 100


def test_cut_offs_are_those_of_the_table() -> None:
    # PMC5577002, table 3: adult >= 20, 40, 60; juvenile >= 30, 45, 70.
    assert [(item.id, item.adult, item.juvenile) for item in CRITERIA.categories] == [
        ("minimal", 20, 30),
        ("moderate", 40, 45),
        ("major", 60, 70),
    ]


def test_recalled_ranges_are_flagged_and_the_result_says_so() -> None:
    assert {item.enzyme for item in CRITERIA.enzymes if item.how_read == "recalled"} == {
        "CK",
        "aldolase",
        "LDH",
        "AST",
        "ALT",
    }
    result = nam.total_improvement(visit(*EXAMPLES["T01"][0]), visit(*EXAMPLES["T01"][1]))
    assert any("3,000 U/L" in note and "Recalled" in note for note in result.notes)
    assert "Recalled" in result._repr_html_()
    fact = nam.fact("tis_enzyme_range")
    assert fact.how_read == "recalled" and fact.standing == "caveat" and fact.caveat


def test_bounds_of_entry_are_those_of_the_scales_in_the_data() -> None:
    for measure, name in MEASURE_FIELDS.items():
        if MEASURES[measure].range is not None:
            assert (VISIT_FIELDS[name].low, VISIT_FIELDS[name].high) == (0, MEASURES[measure].range)
    tests = [test.maximum for test in CRITERIA.strength_tests]
    assert (VISIT_FIELDS["mmt_maximum"].low, VISIT_FIELDS["mmt_maximum"].high) == (min(tests), max(tests))
    assert VISIT_FIELDS["mmt_points"].high == max(tests)


def test_every_fact_and_source_a_result_names_is_in_the_ledger() -> None:
    result = nam.total_improvement(visit(*EXAMPLES["T01"][0]), visit(*EXAMPLES["T01"][1]))
    known = {fact.id for fact in course.ledger().facts}
    assert result.facts and set(result.facts) <= known
    assert set(result.sources) <= set(course.bibliography().by_key)


# --- what is reachable ----------------------------------------------------------------------------------------------


def test_eighty_points_are_the_most_where_nothing_outside_muscle_is_active_at_baseline() -> None:
    result = nam.total_improvement(visit(10, 10, 0, 3, 9000, 0), visit(10, 10, 0, 3, 9000, 0))
    assert result.reachable == 80
    assert result["extramuscular"].reachable == 0
    assert nam.total_improvement(visit(10, 10, 0, 3, 9000, 10), visit(10, 10, 0, 3, 9000, 10)).reachable == 100


def test_full_recovery_from_mild_weakness_reaches_ten_points_of_strength() -> None:
    # fact tis_ceiling: 72 to 80 of 80 is exactly 10%
    result = nam.total_improvement(
        nam.CoreSet(mmt_points=72, mmt_maximum=80), nam.CoreSet(mmt_points=80, mmt_maximum=80)
    )
    assert result["strength"].points == result["strength"].reachable == 10


def test_ck_alone_can_never_make_even_minimal_improvement() -> None:
    assert MEASURES["enzyme"].bands[-1].points < min(item.adult for item in CRITERIA.categories)


# --- what is missing ------------------------------------------------------------------------------------------------


def test_a_missing_measure_leaves_an_interval_and_is_named() -> None:
    before, after = visit(8, 8, 44, 2.25, 8000, 0), visit(3, 4, 64, 1.25, None, 0)
    result = nam.total_improvement(before, after)
    assert (result.low, result.high, result.total) == (62.5, 70, None)
    assert result.missing == ("Muscle enzyme (CK): follow-up",)
    assert (result.adult, result.juvenile) == ("major", None)
    assert "62.5 to 70 of 100 points" in repr(result) and "not settled by the juvenile" in repr(result)
    assert "Nothing was scaled up" in repr(result)


def test_two_empty_visits_settle_nothing() -> None:
    result = nam.total_improvement(nam.CoreSet(), nam.CoreSet())
    assert (result.low, result.high, result.total, result.adult, result.juvenile) == (0, 100, None, None, None)
    assert len(result.missing) == 6


def test_what_cannot_improve_is_settled_although_its_follow_up_is_missing() -> None:
    before, after = visit(8, 8, 44, 2.25, 8000, 0), visit(3, 4, 64, 1.25, 900, None)
    result = nam.total_improvement(before, after)
    assert result.total == 70 and result.missing == ("Extramuscular activity: follow-up",)


def test_a_missing_baseline_leaves_only_what_the_follow_up_allows() -> None:
    at_worst = nam.total_improvement(nam.CoreSet(), nam.CoreSet(physician_global_cm=10))["physician_global"]
    assert (at_worst.points, at_worst.possible) == (None, 0)
    halfway = nam.total_improvement(nam.CoreSet(), nam.CoreSet(physician_global_cm=7))["physician_global"]
    assert halfway.possible == 17.5  # from 10 to 7 is 30%


def test_ck_without_an_upper_limit_is_named_as_missing_and_not_guessed() -> None:
    result = nam.total_improvement(nam.CoreSet(ck_u_per_l=8000), nam.CoreSet(ck_u_per_l=900))
    assert result["enzyme"].missing == ("upper limit of CK",)
    assert result["enzyme"].points is None


def test_the_upper_limit_may_stand_at_either_visit() -> None:
    with_first = nam.total_improvement(
        nam.CoreSet(ck_u_per_l=8000, ck_upper_limit_u_per_l=200), nam.CoreSet(ck_u_per_l=900)
    )
    with_second = nam.total_improvement(
        nam.CoreSet(ck_u_per_l=8000), nam.CoreSet(ck_u_per_l=900, ck_upper_limit_u_per_l=200)
    )
    assert with_first["enzyme"].points == with_second["enzyme"].points == 7.5


def test_the_enzyme_furthest_above_its_limit_at_baseline_counts() -> None:
    # LDH 900 of 250 is 3.6 times its limit, CK 600 of 200 is 3 times: LDH. Its range is 3 x 250 = 750.
    before = nam.CoreSet(
        ck_u_per_l=600, ck_upper_limit_u_per_l=200, ldh_u_per_l=900, ldh_upper_limit_u_per_l=250, ast_u_per_l=80
    )
    after = nam.CoreSet(ck_u_per_l=100, ldh_u_per_l=750)
    enzyme = nam.total_improvement(before, after)["enzyme"]
    assert enzyme.name == "Muscle enzyme (LDH)"
    assert (enzyme.range, enzyme.percent, enzyme.points) == (750, 20, 5)
    assert any("AST" in note for note in nam.total_improvement(before, after).notes)


# --- refusals -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "field", "words"),
    [
        ({"physician_global_cm": 10.1}, "physician_global_cm", "0 to 10 cm"),
        ({"physician_global_cm": -0.1}, "physician_global_cm", "0 to 10 cm"),
        ({"physician_global_cm": "45 mm"}, "physician_global_cm", "millimetres"),
        ({"patient_global_cm": "50%"}, "patient_global_cm", "percent"),
        ({"physician_global_cm": "10.00000000000000000000001"}, "physician_global_cm", "0 to 10 cm"),
        ({"haq_di": 3.125}, "haq_di", "0 to 3"),
        ({"mmt_points": 44}, "mmt_maximum", "is missing"),
        ({"mmt_points": 90, "mmt_maximum": 80}, "mmt_points", "more than the 80"),
        ({"mmt_points": "4/5", "mmt_maximum": 80}, "mmt_points", "MRC"),
        ({"mmt_maximum": 40}, "mmt_maximum", "80 to 260"),
        ({"ck_u_per_l": "140 ukat/L"}, "ck_u_per_l", "microkatal"),
        ({"ck_u_per_l": float("nan")}, "ck_u_per_l", "finite"),
        ({"ck_upper_limit_u_per_l": 0}, "ck_upper_limit_u_per_l", "20 to 1,000"),
        ({"extramuscular_cm": True}, "extramuscular_cm", "not a number"),
        ({"extramuscular_cm": Decimal("NaN")}, "extramuscular_cm", "not a number"),
        ({"mmt8_points": 44}, "mmt8_points", "did you mean mmt_points"),
        ({"shoe_size": 42}, "shoe_size", "known:"),
    ],
)
def test_a_value_that_cannot_be_is_refused_in_words(given: dict[str, Any], field: str, words: str) -> None:
    with pytest.raises(Refused) as refused:
        nam.CoreSet(**given)
    assert refused.value.field == field
    assert words in refused.value.reason


RUBBISH = (
    *(
        "eight",
        "",
        " ",
        "\t",
        "NaN",
        "inf",
        "-1",
        "8 8",
        "3,5",
        "1_000",
        "0x8",
        "1e999",
        "8\x00",
        "\u200b8",
        "\uff18",
        "8²",
    ),
    *("<script>alert(1)</script>", "'\"><svg onload=alert(1)>", "8<b>", "9" * 10_000, "50%", "~8", "3-4", b"8"),
    *(-0.001, 1e9, 10**400, float("nan"), float("-inf"), True, [8], (8,), {"value": 8}, {8}, 8j, NOTHING),
)


@pytest.mark.parametrize("name", VISIT_FIELDS)
def test_rubbish_is_refused_for_every_measure_in_words_short_enough_to_read(name: str) -> None:
    for value in RUBBISH:
        with pytest.raises(Refused) as refused:
            nam.CoreSet(**{name: value})
        assert refused.value.field == name, value
        assert 10 < len(refused.value.reason) < 300
    assert nam.CoreSet(**{name: None}) == nam.CoreSet()


def test_two_different_strength_tests_are_refused() -> None:
    with pytest.raises(Refused, match="two tests"):
        nam.total_improvement(nam.CoreSet(mmt_points=44, mmt_maximum=80), nam.CoreSet(mmt_points=120, mmt_maximum=150))


def test_a_maximum_no_test_has_is_refused() -> None:
    with pytest.raises(Refused, match="80, 150, 260"):
        nam.total_improvement(nam.CoreSet(mmt_points=44, mmt_maximum=100), nam.CoreSet())


def test_two_upper_limits_are_refused() -> None:
    with pytest.raises(Refused, match="one limit"):
        nam.total_improvement(
            nam.CoreSet(ck_u_per_l=8000, ck_upper_limit_u_per_l=200),
            nam.CoreSet(ck_u_per_l=900, ck_upper_limit_u_per_l=170),
        )


# --- properties ----------------------------------------------------------------------------------------------------


def decimals(high: int, places: int) -> Any:
    return st.decimals(0, high, places=places, allow_nan=False, allow_infinity=False)


marks, strength, function, levels = decimals(10, 2), decimals(80, 1), decimals(3, 3), decimals(30_000, 0)
whole_visits = st.builds(visit, marks, marks, strength, function, levels, marks)
perhaps_visits = st.builds(visit, *(st.none() | values for values in (marks, marks, strength, function, levels, marks)))
WORSE_UP = ("physician_global_cm", "patient_global_cm", "haq_di", "ck_u_per_l", "extramuscular_cm")


@given(perhaps_visits, perhaps_visits)
def test_the_total_stays_within_0_and_100_and_never_passes_what_is_reachable(before: CoreSet, after: CoreSet) -> None:
    result = nam.total_improvement(before, after)
    assert 0 <= result.low <= result.high <= result.reachable <= 100
    assert all(0 <= (change.points or 0) <= change.maximum for change in result.changes)


@given(whole_visits, whole_visits)
def test_worsening_never_adds_points(before: CoreSet, after: CoreSet) -> None:
    result = nam.total_improvement(before, after)
    for change in result.changes:
        assert change.percent is not None
        if change.percent <= 0:
            assert change.points == 0
    assert nam.total_improvement(before, before).total == 0


@given(whole_visits, whole_visits, st.data())
def test_the_total_never_falls_when_one_follow_up_measure_is_better(
    before: CoreSet, after: CoreSet, data: st.DataObject
) -> None:
    name = data.draw(st.sampled_from([*WORSE_UP, "mmt_points"]))
    value = after.answers()[name]
    if name == "mmt_points":
        better = data.draw(st.decimals(value, 80, places=1))
    else:
        better = data.draw(st.decimals(0, value, places=3))
    improved = nam.CoreSet(**{**after.answers(), name: better})
    assert nam.total_improvement(before, improved).low >= nam.total_improvement(before, after).low


@given(perhaps_visits, perhaps_visits, st.data())
def test_leaving_a_measure_out_widens_the_interval_and_changes_no_other_points(
    before: CoreSet, after: CoreSet, data: st.DataObject
) -> None:
    full = nam.total_improvement(before, after)
    name = data.draw(st.sampled_from(sorted(VISIT_FIELDS.keys() & {*WORSE_UP, "mmt_points"})))
    first, second = before.answers(), after.answers()
    (first if data.draw(st.booleans()) else second).pop(name, None)
    less = nam.total_improvement(nam.CoreSet(**first), nam.CoreSet(**second))
    assert less.low <= full.low and less.high >= full.high
    for change, whole in zip(less.changes, full.changes, strict=True):
        assert change.points in (None, whole.points)


@given(perhaps_visits)
def test_a_visit_survives_being_written_down(before: CoreSet) -> None:
    assert nam.CoreSet(**json.loads(json.dumps(before.to_dict()))) == before


@given(perhaps_visits, perhaps_visits)
def test_a_result_can_be_written_down_and_shown(before: CoreSet, after: CoreSet) -> None:
    result = nam.total_improvement(before, after)
    held = json.loads(json.dumps(result.to_dict(), allow_nan=False))
    assert held["low"] == result.low and len(held["changes"]) == 6
    assert "\n" not in repr(result)
    assert result._repr_html_().count('scope="row"') == 6


# --- strength, muscle by muscle -------------------------------------------------------------------------------------

ONE_SIDE = {
    "neck_flexors": 6,
    "deltoid": 5,
    "biceps": 7,
    "wrist_extensors": 9,
    "gluteus_maximus": 4,
    "gluteus_medius": 4,
    "quadriceps": 6,
    "ankle_dorsiflexors": 10,
}


def test_eight_muscles_of_one_side_make_80_points_and_both_sides_150() -> None:
    assert nam.mmt8(**dict.fromkeys(ONE_SIDE, 10)).points == 80
    both = {name: 10 if name == "neck_flexors" else (10, 10) for name in ONE_SIDE}
    assert (nam.mmt8(**both).points, nam.mmt8(**both).maximum) == (150, 150)
    assert nam.mmt8(**ONE_SIDE).points == 51  # 6 + 5 + 7 + 9 + 4 + 4 + 6 + 10


def test_a_muscle_that_was_not_tested_is_named_and_is_not_zero() -> None:
    without = {name: grade for name, grade in ONE_SIDE.items() if name != "quadriceps"}
    for grades in (without, {**without, "quadriceps": None}, {**without, "quadriceps": ""}):
        result = nam.mmt8(**grades)
        assert (result.points, result.so_far, result.missing) == (None, 45, ("quadriceps",))
        assert "quadriceps" in repr(result) and "not tested" in result._repr_html_()
    assert nam.mmt8(**{**ONE_SIDE, "quadriceps": 0}).points == 45


def test_one_side_of_a_pair_left_out_is_missing() -> None:
    both: dict[str, Any] = {name: 10 if name == "neck_flexors" else (10, 10) for name in ONE_SIDE}
    assert nam.mmt8(**{**both, "biceps": (10, None)}).missing == ("biceps brachii, left",)


def test_the_sum_goes_into_a_visit() -> None:
    summed = nam.mmt8(**ONE_SIDE)
    assert nam.CoreSet(mmt_points=summed.points, mmt_maximum=summed.maximum) == nam.CoreSet(
        mmt_points=51, mmt_maximum=80
    )
    incomplete = nam.mmt8(biceps=9)
    assert nam.CoreSet(mmt_points=incomplete.points, mmt_maximum=incomplete.maximum).mmt_points is None


@pytest.mark.parametrize(
    ("given", "field", "words"),
    [
        ({"quadriceps": 11}, "quadriceps", "0 to 10"),
        ({"quadriceps": -1}, "quadriceps", "0 to 10"),
        ({"quadriceps": 7.5}, "quadriceps", "whole grade"),
        ({"quadriceps": True}, "quadriceps", "whole grade"),
        ({"quadriceps": "T"}, "quadriceps", "trace"),
        ({"quadriceps": "4-"}, "quadriceps", "MRC"),
        ({"quadriceps": float("nan")}, "quadriceps", "whole grade"),
        ({"quadriceps": "<b>5</b>"}, "quadriceps", "whole grade"),
        ({"quadricep": 5}, "quadricep", "did you mean quadriceps"),
        ({"neck_flexors": (5, 5)}, "neck_flexors", "once"),
        ({"biceps": (5, 5), "deltoid": 5}, "deltoid", "two grades"),
        ({"biceps": (5, 5, 5)}, "biceps", "two grades"),
    ],
)
def test_a_grade_that_cannot_be_is_refused_in_words(given: dict[str, Any], field: str, words: str) -> None:
    with pytest.raises(Refused) as refused:
        nam.mmt8(**given)
    assert refused.value.field == field
    assert words in refused.value.reason


def test_the_two_scales_of_strength_translate_both_ways() -> None:
    # Key to muscle grading of IMACS Form 04, row by row.
    printed = {
        "0": "0",
        "T": "1",
        "1": "2-",
        "2": "2",
        "3": "2+",
        "4": "3-",
        "5": "3",
        "6": "3+",
        "7": "4-",
        "8": "4",
        "9": "4+",
        "10": "5",
    }
    assert {grade.kendall: grade.mrc for grade in nam.strength_grades()} == printed
    for kendall, mrc in printed.items():
        assert nam.kendall_to_mrc(kendall) == mrc
        assert nam.mrc_to_kendall(mrc) == kendall
    assert nam.kendall_to_mrc(8) == "4" and nam.mrc_to_kendall(4) == "8"
    assert nam.mrc_to_kendall("4−") == "7", "a typeset minus"


@pytest.mark.parametrize("grade", ["5-", "1+", "6", "", None, 4.5, True, "4 plus"])
def test_an_mrc_grade_the_table_does_not_have_is_refused(grade: Any) -> None:
    with pytest.raises(Refused, match="is not a grade"):
        nam.mrc_to_kendall(grade)


def test_scores_do_not_translate_a_sum_from_one_grade() -> None:
    with pytest.raises(Refused, match="is not a grade"):
        nam.kendall_to_mrc(44)


# --- the data can be broken and says how ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("file", "old", "new", "words"),
    [
        (
            "criteria/response_2016.yaml",
            "{above: 5, up_to: 15, points: 7.5}",
            "{above: 6, up_to: 15, points: 7.5}",
            "gap",
        ),
        ("criteria/response_2016.yaml", "{up_to: 5, points: 0}", "{up_to: 5, points: 1}", "a worsening earns nothing"),
        ("criteria/response_2016.yaml", "points: 17.5}", "points: 17.3}", "come in halves"),
        ("criteria/response_2016.yaml", "maximum: 150", "maximum: 160", "does not add up"),
        ("criteria/response_2016.yaml", "minimal, adult: 20", "minimal, adult: 50", "do not rise"),
        ("criteria/response_2016.yaml", "facts: [mmt24]", "facts: [mmt25]", "'mmt25' does not exist"),
        ("criteria/response_2016.yaml", "caveat: 'Recalled, not read.'", "caveat: ''", "is blank"),
        ("criteria/response_2016.yaml", "kendall: '8'", "kendall: '7'", "occurs twice"),
        ("ck_strength.csv", "tiniakou2017", "nobody2020", "'nobody2020' does not exist"),
        ("ck_strength.csv", "2651,,U/L", "2651,,%", "CK is held in U/L"),
        ("ck_strength.csv", "statin_man_week2", "statin_man_week3", "occurs twice"),
    ],
)
def test_a_broken_row_is_refused_in_words(tmp_path: Any, file: str, old: str, new: str, words: str) -> None:
    shutil.copytree(store.data_folder(), tmp_path / "data")
    path = tmp_path / "data" / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(LedgerError) as refused:
        store.load(rules.check, tmp_path / "data")
    assert file in str(refused.value) and words in str(refused.value)


def test_the_upper_limit_of_ck_is_read_as_everywhere_else() -> None:
    assert VISIT_FIELDS["ck_upper_limit_u_per_l"] is FIELDS["ck_upper_limit_u_per_l"]
