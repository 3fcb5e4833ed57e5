"""Exact limits of a share: textbook values, the ends, and an independent sum in whole-number fractions."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from namlib.model.intervals import clopper_pearson, lower_limit, upper_limit
from namlib.records import Refused


@st.composite
def counts(draw):
    total = draw(st.integers(1, 400))
    return draw(st.integers(0, total)), total


def at_most(n, total, share):
    """Probability of n or fewer of total, as an exact fraction: nothing here is shared with the code under test."""
    return sum(math.comb(total, k) * share**k * (1 - share) ** (total - k) for k in range(n + 1))


# Worked examples. 8 of 19: the exact interval of the usual textbook method, as statistical packages print it.
# 0 of 10 and 10 of 10: 1 - 0.025 ** (1 / 10), by hand. 1 of 20: tables of exact limits (0.1 to 24.9).
@pytest.mark.parametrize(
    ("n", "total", "low", "high"),
    [(8, 19, 20.3, 66.5), (0, 10, 0.0, 30.8), (10, 10, 69.2, 100.0), (1, 20, 0.1, 24.9), (5, 10, 18.7, 81.3)],
)
def test_the_interval_equals_textbook_values(n, total, low, high):
    interval = clopper_pearson(n, total)
    assert (round(100 * interval.low, 1), round(100 * interval.high, 1)) == (low, high)


def test_none_of_763_leaves_room_for_0_39_percent_as_the_rule_of_three_has_it():
    # The rule of three: 3 / 763 = 0.393 percent; the exact limit is 1 - 0.05 ** (1 / 763).
    assert upper_limit(0, 763) == pytest.approx(1 - 0.05 ** (1 / 763), rel=1e-12)
    assert round(100 * upper_limit(0, 763), 2) == round(100 * 3 / 763, 2) == 0.39


def test_where_nobody_or_everybody_was_positive_the_interval_reaches_the_end_exactly():
    for total in (1, 2, 67, 763, 3000):
        assert clopper_pearson(0, total).low == 0.0
        assert clopper_pearson(total, total).high == 1.0
        assert clopper_pearson(0, total).high == pytest.approx(1 - 0.025 ** (1 / total), rel=1e-12)
        assert clopper_pearson(total, total).low == pytest.approx(0.025 ** (1 / total), rel=1e-12)


@given(counts(), st.sampled_from([0.5, 0.9, 0.95, 0.99]))
def test_at_each_limit_the_binomial_tail_is_exactly_what_the_confidence_leaves(counted, confidence):
    n, total = counted
    low, high = clopper_pearson(n, total, confidence)
    tail = (1 - confidence) / 2
    if n < total:
        assert float(at_most(n, total, Fraction(high))) == pytest.approx(tail, rel=1e-9)
    if n > 0:
        assert float(1 - at_most(n - 1, total, Fraction(low))) == pytest.approx(tail, rel=1e-9)


@given(counts())
def test_the_interval_holds_the_share_that_was_counted(counted):
    n, total = counted
    low, high = clopper_pearson(n, total)
    assert 0.0 <= low <= n / total <= high <= 1.0
    assert low < high


@given(counts())
def test_counting_the_negatives_instead_mirrors_the_interval(counted):
    n, total = counted
    low, high = clopper_pearson(n, total)
    mirrored = clopper_pearson(total - n, total)
    assert mirrored.low == pytest.approx(1 - high, abs=1e-14)
    assert mirrored.high == pytest.approx(1 - low, abs=1e-14)


@given(st.integers(2, 300), st.data())
def test_one_more_positive_moves_both_limits_up(total, data):
    n = data.draw(st.integers(0, total - 1))
    before, after = clopper_pearson(n, total), clopper_pearson(n + 1, total)
    assert after.low > before.low and after.high > before.high


@given(counts())
def test_more_confidence_is_a_wider_interval_and_one_sided_limits_lie_inside_the_two_sided(counted):
    n, total = counted
    narrow, wide = clopper_pearson(n, total, 0.8), clopper_pearson(n, total, 0.99)
    assert wide.low <= narrow.low and narrow.high <= wide.high
    both = clopper_pearson(n, total, 0.95)
    assert both.low <= lower_limit(n, total) and upper_limit(n, total) <= both.high


@pytest.mark.parametrize("share", [Fraction(1, 200), Fraction(1, 20), Fraction(3, 10), Fraction(1, 2)])
@pytest.mark.parametrize("total", [13, 67])
def test_the_interval_holds_the_true_share_at_least_as_often_as_it_promises(share, total):
    held = sum(
        math.comb(total, n) * share**n * (1 - share) ** (total - n)
        for n in range(total + 1)
        if clopper_pearson(n, total).low <= share <= clopper_pearson(n, total).high
    )
    assert held >= Fraction(95, 100)


def test_thousands_of_people_are_no_obstacle():
    low, high = clopper_pearson(2500, 5000)
    # So large a number is close to normal: 0.5 +- 1.96 * sqrt(0.25 / 5000).
    assert low == pytest.approx(0.5 - 1.96 * math.sqrt(0.25 / 5000), abs=2e-4)
    assert high == pytest.approx(1 - low, abs=1e-12)


@pytest.mark.parametrize(
    ("n", "total", "confidence", "field", "words"),
    [
        (1, 0, 0.95, "total", "nobody was counted"),
        (0, -3, 0.95, "total", "nobody was counted"),
        (4, 3, 0.95, "n", "4 of 3 is not a share"),
        (-1, 3, 0.95, "n", "is not a share"),
        (1.0, 3, 0.95, "n", "not a whole number"),
        (True, 3, 0.95, "n", "not a whole number"),
        (1, "3", 0.95, "total", "not a whole number"),
        (1, 3, 95, "confidence", "95 percent is 0.95"),
        (1, 3, 0.0, "confidence", "not between 0 and 1"),
        (1, 3, math.nan, "confidence", "not between 0 and 1"),
    ],
)
def test_what_is_no_share_is_refused_in_words(n, total, confidence, field, words):
    for limits in (clopper_pearson, upper_limit, lower_limit):
        with pytest.raises(Refused, match=words) as refused:
            limits(n, total, confidence)
        assert refused.value.field == field
