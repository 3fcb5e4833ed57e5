"""Units are UCUM and closed; numbers print as a reader with a pencil would write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from namlib.units import MISWRITTEN, UNITS, number, span, unit


def test_every_unit_is_valid_ucum():
    ucumvert = pytest.importorskip("ucumvert")
    parser = ucumvert.get_ucum_parser()
    for code in UNITS:
        parser.parse(code)


@pytest.mark.parametrize("wrong", MISWRITTEN)
def test_a_miswritten_unit_is_refused_and_the_right_one_named(wrong):
    with pytest.raises(ValueError, match="unknown unit") as refused:
        unit(wrong)
    assert MISWRITTEN[wrong] in str(refused.value)


@given(st.floats(min_value=1, max_value=1e7, allow_nan=False))
def test_a_printed_number_is_within_half_of_its_last_digit(value):
    assert abs(float(number(value).replace(",", "")) - value) <= 0.05 + 1e-9 * value


@pytest.mark.parametrize(
    ("value", "printed"),
    [(11.25, "11.3"), (39.4405, "39.4"), (2400, "2,400"), (0.06, "0.06"), (0.0, "0"), (1357, "1,357"), (0.85, "0.85")],
)
def test_halves_round_up_and_thousands_are_marked(value, printed):
    assert number(value) == printed


def test_a_range_with_only_a_maximum_says_so():
    assert span(None, 25) == "up to 25"
    assert span(1, 1) == "1"
    assert span(None, None) == "not stated"
