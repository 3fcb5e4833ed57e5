"""The exact course of the virtual cohort: closed forms, conservation, targets, and a report that is current."""

from __future__ import annotations

import json
import math
import statistics
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

import namlib as nam
from namlib import course, store
from namlib.course import virtual_cohort
from namlib.model import course_of_disease as model
from namlib.model.intervals import clopper_pearson
from namlib.records import CourseParameter, CourseState, CourseTarget, Refused, RelapseModel
from namlib.view.virtual_cohort import calibration_problems, calibration_report
from tests.test_light_import import BLOCKED, run

COHORT = virtual_cohort.relapse_model()
RATES = [parameter.id for parameter in COHORT.parameters if parameter.end]


def two_states(there: float, back: float) -> RelapseModel:
    states = tuple(CourseState(name, name, ".") for name in ("well", "ill"))
    steps = (
        CourseParameter("fall", "Fall", there, there, there, "1/mo", "assumed", ".", "well", "ill"),
        CourseParameter("rise", "Rise", back, back, back, "1/mo", "assumed", ".", "ill", "well"),
    )
    return RelapseModel("SYNTHETIC", "well", states, steps, (), ())


@given(st.floats(0.001, 3), st.floats(0.001, 3))
def test_two_states_follow_their_closed_form(there, back):
    """A chain of two states leaves p and q a month: its share is a + (1 - a)(1 - p - q)^t with a = q / (p + q)."""
    p, q = -math.expm1(-there), -math.expm1(-back)
    level = q / (p + q)
    shares = model.disease_course(two_states(there, back)).shares
    for month, (well, ill) in enumerate(shares):
        assert well == pytest.approx(level + (1 - level) * (1 - p - q) ** month, abs=1e-12)
        assert well + ill == pytest.approx(1, abs=1e-12)


@given(st.dictionaries(st.sampled_from(RATES), st.floats(0, 50)))
def test_shares_stay_shares_and_sum_to_one_whatever_the_rates(moved):
    shares = model.disease_course(COHORT, moved).shares
    assert len(shares) == model.MONTHS + 1
    for row in shares:
        assert math.fsum(row) == pytest.approx(1, abs=1e-12)
        assert min(row) >= 0


def test_everybody_starts_in_the_first_state_and_nobody_comes_back_from_death():
    shares = model.disease_course(COHORT).shares
    assert shares[0] == (1.0, *[0.0] * (len(COHORT.states) - 1))
    dead = [row[-1] for row in shares]
    assert dead == sorted(dead) and dead[-1] > dead[0] == 0


@given(st.floats(0.0001, 0.1))
def test_the_living_are_what_a_constant_rate_of_death_leaves(rate):
    shares = model.disease_course(COHORT, {"die": rate}).shares
    for month in (1, 60, 120):
        assert 1 - shares[month][-1] == pytest.approx(math.exp(-rate * month), abs=1e-12)


def test_a_step_that_nobody_takes_empties_nothing():
    assert model.disease_course(COHORT, {"respond": 0, "die": 0}).share("active", 120) == 1.0


def test_the_exact_curve_takes_less_than_ten_milliseconds():
    model.disease_course(COHORT)
    took = []
    for place in range(9):
        start = time.perf_counter()
        model.disease_course(COHORT, {"start_taper": 0.1 + place / 100})
        took.append(time.perf_counter() - start)
    assert statistics.median(took) < 0.010


def test_a_multiplier_does_what_multiplying_the_rate_does():
    rate = next(item.value for item in COHORT.parameters if item.id == "relapse_tapering")
    halved = model.disease_course(COHORT, {"taper_effect": 0.5}).shares
    assert halved == model.disease_course(COHORT, {"relapse_tapering": rate * 0.5}).shares
    assert halved != model.disease_course(COHORT).shares


@pytest.mark.parametrize(
    ("given_", "reason"),
    [
        ({"male_sex": 1}, "is not a parameter"),
        ({"die": "0.1"}, "is not a number"),
        ({"die": True}, "is not a number"),
        ({"die": float("nan")}, "is not a number"),
        ({"die": -0.1}, "outside 0 to 100"),
        ({"die": 101}, "outside 0 to 100"),
    ],
)
def test_parameters_that_are_none_are_refused_in_words(given_, reason):
    with pytest.raises(Refused, match=reason):
        nam.disease_course(given_)


def test_a_month_or_a_state_that_is_none_is_refused():
    shown = nam.disease_course()
    for wrong in (-1, 121, 1.5, True, "12"):
        with pytest.raises(Refused, match="whole month"):
            shown.share("dead", wrong)
    with pytest.raises(Refused, match="is not one of active"):
        shown.share("cured", 12)


# --- what published shares are held against ------------------------------------------------------------------------


def test_relapse_since_a_taper_is_the_closed_form_of_two_ways_out():
    """Without death and without relapse after stopping: r / (r + f) of those who left, worked out by hand."""
    values = model.read_parameters(COHORT, {"die": 0, "relapse_off": 0, "relapse_tapering": 0.08, "finish_taper": 0.04})
    for months in (1, 12, 60):
        expected = 2 / 3 * -math.expm1(-0.12 * months)
        assert model.predicted(COHORT, values, "relapsed since taper", months) == pytest.approx(expected, abs=1e-12)


def test_ever_responded_is_one_way_out():
    values = model.read_parameters(COHORT, {"die": 0, "respond": 0.1})
    assert model.predicted(COHORT, values, "ever responded", 12) == pytest.approx(-math.expm1(-1.2), abs=1e-12)


def test_a_time_between_two_months_lies_straight_between_them():
    values = model.read_parameters(COHORT)
    ends = [model.predicted(COHORT, values, "off all drugs", month) for month in (13, 14)]
    between = model.predicted(COHORT, values, "off all drugs", 13.5)
    # Both parts of the share are read in between, so the quotient is so only nearly.
    assert ends[0] < between < ends[1] and between == pytest.approx(sum(ends) / 2, rel=1e-3)


def test_monophasic_and_ever_relapsed_leave_no_one_twice():
    values = model.read_parameters(COHORT, {"die": 0})
    one = model.predicted(COHORT, values, "monophasic", 24)
    assert one < model.predicted(COHORT, values, "at full strength", 24)
    assert one + model.predicted(COHORT, values, "ever relapsed", 24) < 1


def test_the_likelihood_of_a_count_is_binomial_and_of_candidates_their_mean():
    one = CourseTarget("t", "calibration", "s", "alive", 12, ("x",), "r", counts=((3, 10),))
    assert math.exp(model.log_likelihood(one, 0.3)) == pytest.approx(0.266827932, abs=1e-9)  # dbinom(3, 10, 0.3) in R
    two = CourseTarget("t", "calibration", "s", "alive", 12, ("x",), "r", counts=((3, 10), (0, 1)))
    assert math.exp(model.log_likelihood(two, 0.3)) == pytest.approx((0.266827932 + 0.7) / 2, abs=1e-9)


def test_the_mayo_candidates_are_all_pairs_that_round_to_55_percent_of_at_most_32_people():
    target = next(target for target in COHORT.targets if target.id == "relapse_mayo")
    pairs = [(n, total) for total in range(1, 33) for n in range(total + 1) if round(100 * n / total) == 55]
    assert sorted(target.counts) == sorted(pairs)


def test_the_mcmaster_candidates_round_to_65_percent_of_at_most_26_people():
    target = next(target for target in COHORT.targets if target.id == "relapse_mcmaster")
    pairs = [(n, total) for total in range(1, 27) for n in range(total + 1) if round(100 * n / total) == 65]
    assert sorted(target.counts) == sorted(pairs)


def test_limits_of_a_target_with_candidates_hold_those_of_each():
    target = next(target for target in COHORT.targets if target.id == "relapse_mayo")
    low, high = model.observed_interval(target)
    for n, total in target.counts:
        limits = clopper_pearson(n, total)
        assert low <= limits.low < limits.high <= high


# --- calibration ---------------------------------------------------------------------------------------------------


def test_the_search_finds_values_that_no_small_step_improves():
    best = model.calibrated(COHORT)
    top = model.fit(COHORT, best)
    for parameter in COHORT.parameters:
        if parameter.standing == "calibrated":
            for factor in (0.97, 1.03):
                assert model.fit(COHORT, {**best, parameter.id: best[parameter.id] * factor}) < top


def test_the_search_does_not_depend_on_where_it_starts():
    best = model.calibrated(COHORT)
    moved = RelapseModel(
        COHORT.label,
        COHORT.start,
        COHORT.states,
        tuple(
            CourseParameter(**{**vars(item), "value": item.low if item.standing == "calibrated" else item.value})
            for item in COHORT.parameters
        ),
        COHORT.targets,
        COHORT.limits,
    )
    again = model.calibrated(moved)
    assert all(again[name] == pytest.approx(best[name], rel=2e-3) for name in best)


def test_the_data_hold_what_the_search_finds():
    assert calibration_problems(COHORT) == []


def test_the_cited_rate_of_death_gives_the_cited_survival():
    values = model.calibrated(COHORT)
    assert model.predicted(COHORT, values, "alive", 60) == pytest.approx(0.927, abs=1e-9)


def test_the_committed_calibration_report_is_current():
    text = (store.data_folder() / "calibration_report.md").read_text(encoding="utf-8")
    problems, report = virtual_cohort.calibration()
    assert problems == []
    assert text == report, "run: python -m namlib calibrate"


def test_the_report_names_every_miss_and_every_assumption():
    checks = model.target_checks(COHORT, draws=20)
    report = calibration_report(COHORT, checks, course.bibliography(), 20)
    misses = report.split("## Misses")[1].split("## The conflict")[0]
    missed = [check for check in checks if check.target.role == "held out" and not check.inside]
    assert missed, "if nothing is missed, the held-out targets were not held out"
    assert all(check.target.says in misses for check in missed)
    assert all(target.reading in report for target in COHORT.targets)
    assert all(limit in report for limit in COHORT.limits)
    assert report.count("| assumed |") == sum(item.standing == "assumed" for item in COHORT.parameters)


def test_zero_of_35_and_four_of_20_are_shown_as_a_conflict():
    checks = {check.target.id: check for check in model.target_checks(COHORT, draws=20)}
    assert checks["off_referral"].target.counts == ((0, 35),) and checks["off_perth"].target.counts == ((4, 20),)
    assert checks["off_referral"].inside != checks["off_perth"].inside
    _, report = virtual_cohort.calibration()
    # C(20, 4) / C(55, 4) = 4845 / 341055
    assert "with a chance of 1.4%" in report


def test_every_number_says_what_it_stands_on():
    for parameter in COHORT.parameters:
        assert parameter.standing in ("cited", "calibrated", "assumed") and parameter.why
        assert parameter.standing == "assumed" or parameter.targets
        if parameter.standing == "assumed":
            assert parameter.slider, f"{parameter.id} is a guess without a slider"
    held_out = {target.id for target in COHORT.targets if target.role == "held out"}
    assert not held_out & {name for parameter in COHORT.parameters for name in parameter.targets}


def test_sex_and_number_of_drugs_are_no_parameters():
    words = " ".join(f"{item.id} {item.name}" for item in COHORT.parameters).lower()
    assert not any(word in words for word in ("sex", "male", "agents", "delay"))


# --- draws of parameters -------------------------------------------------------------------------------------------


def test_drawn_parameters_are_the_same_for_the_same_seed_and_stay_in_their_ranges():
    sets = model.drawn_parameters(COHORT, 400, seed=3)
    assert sets == model.drawn_parameters(COHORT, 400, seed=3) != model.drawn_parameters(COHORT, 400, seed=4)
    for parameter in COHORT.parameters:
        values = [drawn[parameter.id] for drawn in sets]
        if parameter.scales:
            assert set(values) == {parameter.value}
            continue
        within = sum(parameter.low <= value <= parameter.high for value in values) / len(values)
        assert within == 1 if parameter.standing == "assumed" else 0.92 <= within <= 0.98


def test_holding_one_parameter_leaves_the_draws_of_the_others():
    free = model.drawn_parameters(COHORT, 5, seed=1)
    held = model.drawn_parameters(COHORT, 5, seed=1, fixed={"start_taper": 0.2})
    assert all(drawn["start_taper"] == 0.2 for drawn in held)
    assert [{**drawn, "start_taper": 0} for drawn in free] == [{**drawn, "start_taper": 0} for drawn in held]


def test_the_first_draw_is_this_number():
    """Written down, so that another version of Python that draws otherwise is found out."""
    (drawn,) = model.drawn_parameters(COHORT, 1, seed=1)
    assert drawn["start_taper"] == pytest.approx(START_TAPER_SEED_1, rel=1e-12)


START_TAPER_SEED_1 = 0.3291661500340648


def test_doubt_about_numbers_and_luck_are_told_apart():
    few, many = model.uncertainty(COHORT, 50, 60), model.uncertainty(COHORT, 5000, 60)
    for small, big in zip(few, many, strict=True):
        assert (small.low, small.high) == (big.low, big.high), "more people leave what is not known"
        if big.chance_low > 0 and small.chance_low > 0:
            narrower = (small.chance_high - small.chance_low) / (big.chance_high - big.chance_low)
            assert narrower == pytest.approx(10), "a hundred times the people, a tenth of the luck"
    drug_free = next(row for row in many if row.state == "drug_free")
    assert drug_free.low < drug_free.share < drug_free.high
    assert drug_free.high - drug_free.low > 10 * (drug_free.chance_high - drug_free.chance_low)
    with pytest.raises(Refused, match="whole number of people"):
        model.uncertainty(COHORT, 0, 60)
    with pytest.raises(Refused, match="whole month"):
        nam.cohort_uncertainty(50, 121)


def test_a_target_held_out_is_not_calibrated_to():
    checks = model.target_checks(COHORT, draws=5)
    assert {check.target.role for check in checks} == {"calibration", "held out"}
    moved = RelapseModel(
        COHORT.label, COHORT.start, COHORT.states, COHORT.parameters,
        tuple(target for target in COHORT.targets if target.role == "calibration"), COHORT.limits,
    )  # fmt: skip
    assert model.calibrated(moved) == model.calibrated(COHORT)


# --- what a notebook calls -----------------------------------------------------------------------------------------


def test_everything_shown_says_synthetic():
    for shown in (
        nam.disease_course(),
        nam.course_picture(),
        nam.relapse_parameters(),
        nam.relapse_targets(),
        nam.cohort_uncertainty(),
    ):
        assert "SYNTHETIC" in repr(shown) and "SYNTHETIC" in shown._repr_html_()
    picture = nam.course_picture()._repr_html_()
    svg = picture.split("<svg")[1].split("</svg>")[0]
    assert 'class="nam-mark">SYNTHETIC<' in svg and 'aria-label="SYNTHETIC' in svg
    assert "<caption>SYNTHETIC" in picture


def test_results_hold_what_json_can_hold():
    held = json.loads(json.dumps(nam.disease_course().to_dict()))
    assert "SYNTHETIC" in held["label"] and len(held["shares"]) == 121
    assert json.loads(json.dumps(nam.relapse_parameters().to_dict()))["rows"][0]["standing"] == "calibrated"


def test_the_table_of_parameters_shows_all_three_standings_and_links_its_sources():
    shown = nam.relapse_parameters()._repr_html_()
    for standing in ("cited", "calibrated", "assumed"):
        assert f"<strong>{standing}</strong>" in shown
    assert shown.count("<a href") >= 6


def test_the_exact_course_needs_no_scientific_package():
    said = run(
        BLOCKED
        + """
import namlib as nam
for shown in (nam.disease_course(), nam.course_picture(), nam.relapse_parameters(), nam.relapse_targets()):
    assert shown._repr_html_() and repr(shown)
print(nam.RelapseExplorer().enter(start_taper="12")[:9], "numpy" in nam.RelapseExplorer().page.html)
"""
    )
    assert said.strip() == "SYNTHETIC True"
