"""Counts behind a printed share, the naive pool, forecasts against hand arithmetic, and the two bias lessons."""

from __future__ import annotations

import json
import math
from fractions import Fraction
from itertools import accumulate
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from namlib import course
from namlib.model.bias import (
    FEWEST,
    Comparison,
    Group,
    bias_lesson,
    confounding_by_indication,
    immortal_time,
    mantel_haenszel,
)
from namlib.model.intervals import clopper_pearson
from namlib.model.relapse import (
    MOST_PATIENTS,
    PRIORS,
    Count,
    beta_binomial,
    central_span,
    clinic,
    counts_of,
    naive_pool,
    possible_counts,
)
from namlib.records import Refused

ROWS = {row.id: row for row in course.ledger().cohorts}
COUNTS = st.integers(1, 60).flatmap(lambda total: st.tuples(st.integers(0, total), st.just(total)))
PATIENTS = st.integers(1, MOST_PATIENTS)


# --- the counts behind a printed share -----------------------------------------------------------------------------


def test_55_percent_of_at_most_32_can_only_be_five_counts() -> None:
    """By hand: 54.5% to 55.5% of N holds a whole number only for N = 11, 20, 22, 29 and 31."""
    assert possible_counts(55, 32) == ((6, 11), (11, 20), (12, 22), (16, 29), (17, 31))
    assert [round(100 * n / total, 1) for n, total in possible_counts(55, 32)] == [54.5, 55.0, 54.5, 55.2, 54.8]


def test_none_of_the_shares_of_the_mayo_report_is_a_whole_number_of_32() -> None:
    """17 of 32 is 53.1%, 18 of 32 is 56.3%; 28 and 29 of 32 are 87.5% and 90.6%; 3 of 32 is 9.4%."""
    for share in (55, 90, 10):
        assert possible_counts(share, 32, n_min=32) == ()


@given(st.integers(0, 1000), st.integers(1, 60))
def test_the_counts_are_those_that_round_to_the_share(tenths: int, n_max: int) -> None:
    """Brute force over every count, in whole numbers: |1000 n - tenths N| <= N/2."""
    every = [(n, total) for total in range(1, n_max + 1) for n in range(total + 1)]
    fit = [(n, total) for n, total in every if 2 * abs(1000 * n - tenths * total) <= total]
    assert list(possible_counts(f"{tenths / 10:.1f}", n_max)) == fit


@given(COUNTS)
def test_a_count_is_always_among_the_counts_of_its_own_rounded_share(pair: tuple[int, int]) -> None:
    n, total = pair
    assert pair in possible_counts(math.floor(100 * n / total + 0.5), total)


def test_a_half_belongs_to_both_neighbours_and_a_printed_zero_counts() -> None:
    assert (1, 8) in possible_counts(12, 8) and (1, 8) in possible_counts(13, 8)
    assert possible_counts("50.0", 3) == ((1, 2),) and possible_counts(100, 2) == ((1, 1), (2, 2))


@pytest.mark.parametrize("share", [-1, 101, "a", "", "1/2", "5_5", True, math.nan, math.inf, "1e9", None])
def test_a_share_that_is_none_is_refused(share: Any) -> None:
    with pytest.raises(Refused, match="percent"):
        possible_counts(share, 32)


@pytest.mark.parametrize(("low", "high"), [(0, 5), (6, 5), (1, 10**6), (1, 2.5), (1, True), (1, "8")])
def test_a_denominator_that_is_none_is_refused(low: Any, high: Any) -> None:
    with pytest.raises(Refused):
        possible_counts(55, high, n_min=low)


def test_the_counts_of_a_row_come_from_its_count_its_denominator_or_its_percentage() -> None:
    assert counts_of(ROWS["italy_relapse"]) == ((3, 16),)
    assert counts_of(ROWS["hopkins_ck_strong"]) == ((12, 22),)  # 55% of 22
    assert counts_of(ROWS["pmdm_off"]) == ((22, 110),)  # 20% of 110
    assert counts_of(ROWS["pmdm_strength"]) == ((71, 110), (72, 110))  # 64.5% and 65.5%, both print as 65%
    assert counts_of(ROWS["wu_relapse"]) == ((11, 17), (13, 20), (15, 23), (17, 26))
    assert counts_of(ROWS["mayo_off"]) == () == counts_of(ROWS["west_australia_relapse"])
    assert counts_of(ROWS["nz_survival_5"]) == (), "a survival estimate is no count"


# --- adding up, as one must not ------------------------------------------------------------------------------------


def test_the_naive_pool_adds_what_is_readable_and_says_what_is_wrong() -> None:
    """By hand: 5 + 3 + 8 + 65 + 33 of 6 + 16 + 21 + 105 + 51; of those 105 + 51 = 156 had other myositis."""
    pool = naive_pool(row for row in ROWS.values() if row.outcome == "relapse")
    assert pool.count == (114, 199)
    assert set(pool.left_out) == {"mayo_relapse", "wu_relapse", "west_australia_relapse"}
    said = " ".join(pool.reasons)
    expected = (
        "5 ways to recognise it",
        "3 kinds of denominator",
        "156 of the 199 people did not have IMNM",
        "falls out",
        "not even the exact limits overlap",
    )
    for part in expected:
        assert part in said, part
    assert json.loads(json.dumps(pool.to_dict()))["interval"] == list(clopper_pearson(114, 199))
    assert pool.sources == tuple(sorted({key for name in pool.pooled for key in ROWS[name].sources}))


def test_the_naive_pool_counts_no_sentence_twice_and_notices_shared_patients() -> None:
    """By hand: 3 + 0 + 4 + 4 + 22 of 50 + 35 + 20 + 75 + 110, the second reading of 3 left out."""
    pool = naive_pool(row for row in ROWS.values() if row.outcome == "treatment-free remission")
    assert pool.count == (33, 290) and "hopkins_off_strong" not in pool.pooled
    course_pool = naive_pool(row for row in ROWS.values() if row.outcome == "relapsing or chronic course")
    assert any("counted twice: myocite" in reason for reason in course_pool.reasons)


def test_the_naive_pool_refuses_what_has_no_count_or_several_outcomes() -> None:
    with pytest.raises(Refused, match="outcomes; even a naive pool"):
        naive_pool(ROWS.values())
    with pytest.raises(Refused, match="no cohort has a readable count"):
        naive_pool([ROWS["mayo_relapse"]])


# --- forecasts -----------------------------------------------------------------------------------------------------


def test_worked_examples_by_hand() -> None:
    """Flat prior. 1 of 1: beta(2, 1). 5 of 6: beta(6, 2), next patient 6/8, none of two (2*3)/(8*9) = 1/12."""
    assert beta_binomial(2, Count(1, 1), PRIORS["flat"]) == (Fraction(1, 6), Fraction(1, 3), Fraction(1, 2))
    assert beta_binomial(1, Count(5, 6), PRIORS["flat"])[1] == Fraction(6, 8)
    assert beta_binomial(2, Count(5, 6), PRIORS["flat"])[0] == Fraction(1, 12)
    # Jeffreys, 0 of 1: beta(1/2, 3/2), next patient (1/2)/2 = 1/4.
    assert beta_binomial(1, Count(0, 1), PRIORS["Jeffreys"]) == (Fraction(3, 4), Fraction(1, 4))
    # Laplace's rule of succession with nothing like a count to lean on: all numbers equally likely.
    assert beta_binomial(4, Count(0, 0), PRIORS["flat"]) == (Fraction(1, 5),) * 5


def test_the_mayo_forecast_is_the_even_mixture_of_its_five_candidates() -> None:
    """One patient, flat prior: the mean of 7/13, 12/22, 13/24, 17/31 and 18/33."""
    by_hand = (Fraction(7, 13) + Fraction(12, 22) + Fraction(13, 24) + Fraction(17, 31) + Fraction(18, 33)) / 5
    assert clinic(1, ROWS["mayo_relapse"]).probabilities[1] == by_hand
    assert clinic(10, ROWS["mayo_relapse"]).mean == 10 * by_hand
    each = [clinic(10, count).probabilities for count in possible_counts(55, 32)]
    assert clinic(10, ROWS["mayo_relapse"]).probabilities == tuple(sum(at) / 5 for at in zip(*each, strict=True))


@given(PATIENTS, COUNTS, st.sampled_from(sorted(PRIORS)))
def test_probabilities_sum_to_one_and_the_mean_is_k_times_the_expected_share(
    k: int, pair: tuple[int, int], prior: str
) -> None:
    forecast = clinic(k, pair, prior)
    assert sum(forecast.probabilities) == 1 == sum(forecast.plug_in)
    assert all(chance > 0 for chance in forecast.probabilities)
    a, b = PRIORS[prior].a + pair[0], PRIORS[prior].b + pair[1] - pair[0]
    assert forecast.mean == k * a / (a + b)


@given(PATIENTS, COUNTS, st.sampled_from(sorted(PRIORS)))
@settings(max_examples=60)
def test_probabilities_agree_with_the_formula_with_gamma_functions(k: int, pair: tuple[int, int], prior: str) -> None:
    """Another way to the same: C(k, r) B(a + r, b + k - r) / B(a, b), with logarithms of the gamma function."""
    a, b = float(PRIORS[prior].a) + pair[0], float(PRIORS[prior].b) + pair[1] - pair[0]

    def log_beta(x: float, y: float) -> float:
        return math.lgamma(x) + math.lgamma(y) - math.lgamma(x + y)

    for r, chance in enumerate(clinic(k, pair, prior).probabilities):
        other = math.comb(k, r) * math.exp(log_beta(a + r, b + k - r) - log_beta(a, b))
        assert float(chance) == pytest.approx(other, rel=1e-10, abs=1e-14)


@given(PATIENTS, COUNTS)
def test_one_more_relapse_in_the_cohort_never_lowers_the_forecast(k: int, pair: tuple[int, int]) -> None:
    n, total = pair
    if n == total:
        return
    fewer, more = (list(accumulate(clinic(k, (seen, total)).probabilities)) for seen in (n, n + 1))
    assert all(up >= to for up, to in zip(fewer, more, strict=True))
    assert clinic(k, (n + 1, total)).mean > clinic(k, (n, total)).mean


@given(PATIENTS, COUNTS)
def test_not_knowing_the_share_spreads_the_forecast(k: int, pair: tuple[int, int]) -> None:
    """Beta-binomial variance k m (1 - m) (1 + (k - 1)/(a + b + 1)) is above that of the binomial with the same mean."""
    forecast = clinic(k, pair)
    share = forecast.mean / k
    variance = sum((r - forecast.mean) ** 2 * chance for r, chance in enumerate(forecast.probabilities))
    a_plus_b = 2 + pair[1]
    assert variance == k * share * (1 - share) * (1 + Fraction(k - 1, a_plus_b + 1))


@given(PATIENTS, COUNTS, st.sampled_from(["0.5", "0.8", "0.95", "0.99"]))
def test_a_span_holds_what_it_promises_and_no_tail_is_too_heavy(k: int, pair: tuple[int, int], level: str) -> None:
    forecast = clinic(k, pair)
    span = forecast.span(level)
    tail = (1 - Fraction(level)) / 2
    assert span.covers >= Fraction(level) and span.covers == sum(forecast.probabilities[span.low : span.high + 1])
    assert sum(forecast.probabilities[: span.low]) <= tail
    assert sum(forecast.probabilities[span.high + 1 :]) <= tail
    wider = forecast.span("0.999")
    assert wider.low <= span.low <= span.high <= wider.high


def test_a_larger_cohort_with_the_same_share_forecasts_more_narrowly() -> None:
    narrow, wide = clinic(20, (550, 1000)).span("0.95"), clinic(20, (11, 20)).span("0.95")
    assert wide.low < narrow.low and narrow.high < wide.high


def test_a_large_cohort_forecasts_as_if_the_share_were_known() -> None:
    forecast = clinic(10, (55_000, 100_000))
    for honest, certain in zip(forecast.probabilities, forecast.plug_in, strict=True):
        assert float(honest) == pytest.approx(float(certain), abs=1e-4)


def test_the_forecast_says_itself_and_becomes_plain_data() -> None:
    forecast = clinic("10", ROWS["mayo_relapse"])
    assert repr(forecast) == forecast.words
    assert "Of 10 patients like those of the cohort 'Mayo Clinic, 2004 to 2013', 5.4 would relapse" in forecast.words
    plain = json.loads(json.dumps(forecast.to_dict()))
    assert math.isclose(sum(plain["probabilities"]), 1) and plain["cohort"] == "mayo_relapse"
    assert forecast.sources == ROWS["mayo_relapse"].sources
    assert clinic(1, (5, 6)).words == "A patient like those counted would have it with a probability of 75%."


@pytest.mark.parametrize("k", [0, -1, 41, 2.5, "ten", "", None, True, "1e9", "<b>"])
def test_a_number_of_patients_that_is_none_is_refused(k: Any) -> None:
    with pytest.raises(Refused, match="patients"):
        clinic(k, (5, 6))


@pytest.mark.parametrize("count", [(7, 6), (-1, 6), (0, 0), [], [(1, 2), (3, 2)]])
def test_a_count_that_is_none_is_refused(count: Any) -> None:
    with pytest.raises(Refused):
        clinic(10, count)


def test_a_cohort_without_a_count_and_an_unknown_prior_are_refused() -> None:
    with pytest.raises(Refused, match="mayo_off has no count"):
        clinic(10, ROWS["mayo_off"])
    with pytest.raises(Refused, match="is not one of flat, Jeffreys"):
        clinic(10, (5, 6), "hopeful")
    for level in (0, 1, "1.5", -0.2):
        with pytest.raises(Refused, match="not between 0 and 1"):
            central_span((Fraction(1, 2),) * 2, level)


# --- a drug without effect -----------------------------------------------------------------------------------------

SEEDS = range(40)


@pytest.mark.parametrize("lesson", [immortal_time, confounding_by_indication])
def test_a_useless_drug_looks_protective_whatever_the_seed(lesson: Any) -> None:
    for seed in SEEDS:
        naive = lesson(2000, seed).naive
        assert naive.high < 0.9, f"seed {seed}"


@pytest.mark.parametrize("lesson", [immortal_time, confounding_by_indication])
def test_the_right_analysis_finds_nothing_about_as_often_as_95_percent_limits_should(lesson: Any) -> None:
    """200 seeds and 95% limits: 20 misses or more have a probability of 0.3% if the limits are right."""
    lessons = [lesson(2000, seed) for seed in range(200)]
    for place in range(len(lessons[0].right)):
        found = [one.right[place] for one in lessons]
        missed = sum(not one.low <= 1 <= one.high for one in found)
        assert missed < 20, f"{found[0].name}: {missed} of {len(found)}"
        middle = math.exp(sum(math.log(one.ratio) for one in found) / len(found))
        assert middle == pytest.approx(1, abs=0.01)


def test_the_same_seed_gives_the_same_people_on_every_python() -> None:
    """The numbers of seed 1 are written down here: Python promises that random.Random(1).random() stays as it is."""
    lesson, other = immortal_time(2000, 1), confounding_by_indication(2000, 1)
    assert lesson == immortal_time(2000, 1) and lesson != immortal_time(2000, 2)
    assert (*lesson.naive.treated, *lesson.naive.untreated) == PINNED_IMMORTAL
    assert (*other.naive.treated, *other.naive.untreated) == PINNED_INDICATION


PINNED_IMMORTAL = (350, 582, 1210, 1418)
PINNED_INDICATION = (411, 984, 622, 1016)


def test_everybody_and_every_month_is_counted_once() -> None:
    lesson = immortal_time(5000, 3)
    by_people, by_time = lesson.naive, lesson.right[0]
    assert by_people.treated.base + by_people.untreated.base == 5000
    assert by_people.treated.events == by_time.treated.events
    assert by_people.untreated.events == by_time.untreated.events, "no relapse under the drug was put elsewhere"
    other = confounding_by_indication(5000, 3)
    for side in ("treated", "untreated"):
        whole, parts = getattr(other.naive, side), [getattr(one, side) for one in other.strata]
        assert whole == (sum(part.events for part in parts), sum(part.base for part in parts))


def test_given_to_the_worse_off_the_same_drug_looks_harmful() -> None:
    lesson = confounding_by_indication(seed=1, given_to="slow")
    assert lesson.naive.low > 1.25 and lesson.right[0].low < 1 < lesson.right[0].high
    assert "harmful" in lesson.words


def test_mantel_haenszel_by_hand() -> None:
    """Rothman's textbook form: sum of a n0/T over sum of c n1/T: (10*100/200 + 5*50/150) / (5*100/200 + 5*100/150)."""
    strata = tuple(
        Comparison("s", Group(a, n1), Group(c, n0), "people", math.nan, math.nan, math.nan)
        for a, n1, c, n0 in ((10, 100, 5, 100), (5, 100, 5, 50))
    )
    found = mantel_haenszel("together", strata)
    assert found.ratio == pytest.approx((5 + 5 / 3) / (2.5 + 10 / 3), rel=1e-12)
    assert found.low < found.ratio < found.high
    assert found.treated == (15, 200) and found.untreated == (10, 150)


def test_every_lesson_says_that_it_is_synthetic() -> None:
    for name in ("immortal time", "confounding by indication"):
        lesson = bias_lesson(name, n=1000)
        assert lesson.words.startswith("SYNTHETIC") and repr(lesson) == lesson.words
        assert lesson.facts == () and lesson.true_ratio == 1
        assert json.loads(json.dumps(lesson.to_dict()))["label"].startswith("SYNTHETIC")


@pytest.mark.parametrize(("n", "seed"), [(FEWEST - 1, 1), (10**6, 1), (1000.0, 1), (True, 1), (1000, -1), (1000, "1")])
def test_people_or_seeds_that_are_none_are_refused(n: Any, seed: Any) -> None:
    for lesson in (immortal_time, confounding_by_indication):
        with pytest.raises(Refused):
            lesson(n, seed)


def test_a_lesson_that_does_not_exist_is_refused() -> None:
    with pytest.raises(Refused, match="is not one of immortal time, confounding by indication"):
        bias_lesson("magic")
    with pytest.raises(Refused, match="'quick' or 'slow'"):
        confounding_by_indication(given_to="all")  # type: ignore[arg-type]
