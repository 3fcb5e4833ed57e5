"""Tapers: arithmetic checked by hand, what is left open stays open, and nothing is proposed."""

from __future__ import annotations

import json
import math
import re
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import namlib as nam
from namlib import course
from namlib.model.taper import (
    NO_TRIAL_FACT,
    NOTHING_PROPOSED,
    Course,
    NotLaidOut,
    Stretch,
    TaperPlan,
    fitting,
    milligrams,
    month_end,
    printed_start_mg,
    side_by_side,
)
from namlib.records import Refused, TaperMark, TaperScheme, TaperStep

LEDGER = course.ledger()
SCHEMES = {scheme.id: scheme for scheme in LEDGER.tapers}
STEPS = [scheme for scheme in LEDGER.tapers if scheme.steps]
MARKS = [scheme for scheme in LEDGER.tapers if scheme.marks]
HOLDS = [scheme for scheme in LEDGER.tapers if scheme.hold_low_wk is not None and not scheme.steps and not scheme.marks]
WORDS_ONLY = [scheme for scheme in LEDGER.tapers if scheme.hold_low_wk is None and not scheme.marks]

each_scheme = pytest.mark.parametrize("scheme", LEDGER.tapers, ids=lambda scheme: scheme.id)
# In quarters of a milligram, as tablets come; up to the highest maximum of any source.
starts = st.integers(min_value=4, max_value=400).map(lambda quarters: Fraction(quarters, 4))
weights = st.integers(min_value=5, max_value=120)


def laid_out(scheme: TaperScheme, start: Any, weight: Any = None) -> TaperPlan | None:
    try:
        return nam.taper(scheme.id, start, weight)
    except Refused:
        return None


def test_the_ledger_holds_schemes_of_every_kind():
    assert len(STEPS) >= 2 and len(MARKS) >= 2 and len(HOLDS) >= 3 and len(WORDS_ONLY) >= 3
    assert len(LEDGER.tapers) == len(STEPS) + len(MARKS) + len(HOLDS) + len(WORDS_ONLY)


# --- by hand -------------------------------------------------------------------------------------------------------


def test_the_australian_scheme_from_60_mg_by_hand():
    # Hold 60 mg/d for 6 weeks, then 5 mg less every 2 weeks down to 25 mg/d (fact taper_etg).
    #   days   1-42   60 mg x 42 = 2520
    #   days  43-56   55 mg x 14 =  770
    #   days  57-70   50 mg x 14 =  700
    #   days  71-84   45 mg x 14 =  630
    #   days  85-98   40 mg x 14 =  560
    #   days  99-112  35 mg x 14 =  490
    #   days 113-126  30 mg x 14 =  420
    #   day  127      25 mg, and the source says no more.
    # Sum 2520 + 770 + 700 + 630 + 560 + 490 + 420 = 6090 mg over 126 days.
    # Above 30 mg/d: 42 + 5 x 14 = 112 days. Above 15 mg/d: all 126, and longer.
    plan = nam.taper("etg_australia", 60, weight_kg=60)
    assert plan.quickest is not None and plan.slowest is not None
    assert (
        plan.quickest.stretches
        == plan.slowest.stretches
        == (
            Stretch(1, 42, Fraction(60)),
            Stretch(43, 56, Fraction(55)),
            Stretch(57, 70, Fraction(50)),
            Stretch(71, 84, Fraction(45)),
            Stretch(85, 98, Fraction(40)),
            Stretch(99, 112, Fraction(35)),
            Stretch(113, 126, Fraction(30)),
        )
    )
    assert plan.total_mg == (6090, 6090)
    assert plan.quickest.silent_at_mg == 25 and not plan.ended
    counted = {item.threshold.id: item for item in plan.thresholds}
    assert counted["pneumocystis_high"].days == (112, 112)
    assert counted["pneumocystis_high"].under_from == (113, 113)
    assert counted["pneumocystis_low"].days == (126, 126) and counted["pneumocystis_low"].longer == (True, True)
    assert counted["bone"].met is True
    assert plan.flags == ()


def test_the_scheme_of_2018_from_60_mg_by_hand_in_both_readings():
    # Hold 3 to 4 weeks; 10 mg less every 4 weeks to 20; 5 mg less every 4 weeks to 10; 2.5 mg less every 4 to 12 weeks,
    # with no end stated (fact taper_hhe).
    # Quickest: 60 x 21 = 1260; (50 + 40 + 30 + 20 + 15) x 28 = 155 x 28 = 4340; (10 + 7.5 + 5) x 28 = 22.5 x 28 = 630.
    #   Sum 6230 mg over 21 + 5 x 28 + 3 x 28 = 245 days; silent at 2.5 mg/d: a step to zero is printed by nobody.
    # Slowest:  60 x 28 = 1680; 4340 again; 22.5 x 84 = 1890.
    #   Sum 7910 mg over 28 + 140 + 252 = 420 days.
    # Above 30 mg/d (60, 50 and 40): 21 + 56 = 77 or 28 + 56 = 84 days.
    plan = nam.taper("hhe_2018", 60)
    assert plan.quickest is not None and plan.slowest is not None
    assert plan.total_mg == (6230, 7910) and plan.known_days == (245, 420)
    assert [item.mg_per_d for item in plan.quickest.stretches] == [60, 50, 40, 30, 20, 15, 10, Fraction(15, 2), 5]
    assert [item.days for item in plan.slowest.stretches] == [28, 28, 28, 28, 28, 28, 84, 84, 84]
    assert plan.quickest.silent_at_mg == plan.slowest.silent_at_mg == Fraction(5, 2)
    assert {item.threshold.id: item.days for item in plan.thresholds}["pneumocystis_high"] == (77, 84)


def test_the_scheme_for_children_of_30_kg_by_hand_in_both_readings():
    # 2 mg/kg/d, so 60 mg/d at 30 kg; full for 1 month, 1/2 by month 2, 1/4 by 4, 1/8 by 6, none by 12 (taper_jdm).
    # Months end on days 30, 61, 122, 183 and 365.
    # Slowest, each mark only on its day: 60 x 61 + 30 x 61 + 15 x 61 + 7.5 x 182 = 3660 + 1830 + 915 + 1365 = 7770 mg.
    # Quickest, each mark at once: 60 x 30 + 30 x 31 + 15 x 61 + 7.5 x 61 = 1800 + 930 + 915 + 457.5 = 4102.5 mg.
    plan = nam.taper("gkjr_high", 60, weight_kg=30)
    assert plan.total_mg == (Fraction(8205, 2), 7770)
    assert plan.known_days == (183, 365)
    assert plan.ended and plan.slowest is not None and plan.slowest.dose_on(366) == 0


def test_the_last_step_is_cut_so_that_it_ends_where_the_scheme_says():
    # 75, 65, 55, 45, 35, 25: ten less would be 15, below the 20 mg/d that the first steps lead to.
    plan = nam.taper("hhe_2018", 75)
    assert plan.quickest is not None
    assert [item.mg_per_d for item in plan.quickest.stretches][:7] == [75, 65, 55, 45, 35, 25, 20]
    assert [flag.kind for flag in plan.flags] == ["step cut short"]


def test_months_end_on_the_nearest_day_halves_up():
    # 365 / 12 = 30.42, x 2 = 60.83, x 6 = 182.5
    assert [month_end(Fraction(month)) for month in (1, 2, 6, 12, 24)] == [30, 61, 183, 365, 730]


# --- what holds for every scheme and every start -------------------------------------------------------------------


@each_scheme
@given(start=starts, weight=weights)
def test_the_sum_is_the_sum_of_the_days_and_the_dose_never_rises(scheme: TaperScheme, start: Fraction, weight: int):
    plan = laid_out(scheme, start, weight)
    for reading in plan.courses if plan else ():
        doses = [reading.dose_on(day) for day in range(1, reading.known_days + 1)]
        known = [dose for dose in doses if dose is not None]
        assert len(known) == reading.known_days
        assert sum(known, Fraction(0)) == reading.total_mg
        assert known[0] == start
        assert all(later <= earlier for earlier, later in pairwise(known))
        assert all(dose > 0 for dose in known)


@each_scheme
@given(start=starts, weight=weights)
def test_the_quick_reading_is_never_above_the_slow_one(scheme: TaperScheme, start: Fraction, weight: int):
    plan = laid_out(scheme, start, weight)
    if plan is None or plan.quickest is None or plan.slowest is None:
        return
    assert plan.quickest.known_days <= plan.slowest.known_days
    for day in range(1, plan.quickest.known_days + 1):
        quick, slow = plan.quickest.dose_on(day), plan.slowest.dose_on(day)
        assert quick is not None and slow is not None and quick <= slow


@each_scheme
@given(start=starts, weight=weights)
def test_it_ends_where_the_scheme_says_and_nowhere_else(scheme: TaperScheme, start: Fraction, weight: int):
    plan = laid_out(scheme, start, weight)
    if plan is None:
        return
    for reading in plan.courses:
        if scheme.marks:
            assert reading.ended and reading.silent_at_mg is None
            assert reading.known_days <= month_end(Fraction(str(scheme.marks[-1].by_mo)))
        elif scheme.steps:
            end = scheme.steps[-1].down_to_mg
            smallest = Fraction(str(scheme.steps[-1].by_mg))
            assert reading.silent_at_mg is not None
            if end is not None:
                assert reading.silent_at_mg == Fraction(str(end))
            else:
                assert 0 < reading.silent_at_mg <= smallest
        else:
            assert reading.silent_at_mg == start
        if not reading.ended:
            assert reading.dose_on(reading.known_days + 1) is None
    if scheme in WORDS_ONLY:
        assert plan.courses == () and plan.total_mg is None and plan.weeks() == ()


@each_scheme
@given(start=starts, weight=weights)
def test_days_above_a_threshold_are_counted_day_by_day(scheme: TaperScheme, start: Fraction, weight: int):
    plan = laid_out(scheme, start, weight)
    for counted in plan.thresholds if plan else ():
        limit = Fraction(str(counted.threshold.mg_per_d))
        for reading, days in zip(plan.courses, counted.days, strict=True):  # type: ignore[union-attr]
            doses = [reading.dose_on(day) or Fraction(0) for day in range(1, reading.known_days + 1)]
            assert days == sum(
                dose >= limit if counted.threshold.compare == "at least" else dose > limit for dose in doses
            )
        lasting = counted.threshold.longer_than_days or 0
        if counted.met is True:
            assert min(counted.days) > lasting
        elif counted.met is False:
            assert max(counted.days) <= lasting and not any(counted.longer)


@given(start=starts)
def test_weeks_add_up_to_the_whole(start: Fraction):
    plan = laid_out(SCHEMES["hhe_2018"], start)
    if plan is None or plan.quickest is None:
        return
    sums = [week.quickest_mg for week in plan.weeks()]
    assert sum((value for value in sums if value is not None), Fraction(0)) == plan.quickest.total_mg
    assert [week.number for week in plan.weeks()] == list(range(1, len(sums) + 1))


def test_a_course_that_has_fallen_silent_says_nothing_about_later_days():
    silent = Course("as quick as its words allow", (Stretch(1, 7, Fraction(20)),), Fraction(10))
    ended = Course("as quick as its words allow", (Stretch(1, 7, Fraction(20)),), None)
    assert (silent.dose_on(8), ended.dose_on(8)) == (None, 0)
    with pytest.raises(ValueError, match="counted from 1"):
        silent.dose_on(0)


@each_scheme
@given(start=starts, weight=weights, day=st.integers(min_value=1, max_value=800))
def test_the_sum_until_a_day_is_the_sum_of_its_days(scheme: TaperScheme, start: Fraction, weight: int, day: int):
    plan = laid_out(scheme, start, weight)
    for reading in plan.courses if plan else ():
        doses = [reading.dose_on(each) for each in range(1, day + 1)]
        known = [dose for dose in doses if dose is not None]
        assert reading.total_until(day) == (sum(known, Fraction(0)) if len(known) == day else None)


# --- what is refused -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", STEPS, ids=lambda scheme: scheme.id)
def test_a_start_below_the_range_is_refused_and_the_range_is_named(scheme: TaperScheme):
    end = scheme.steps[0].down_to_mg
    assert end is not None
    for start in (end, end - 1):
        with pytest.raises(Refused, match="below the range") as refused:
            nam.taper(scheme.id, start)
        assert refused.value.field == "start_mg_per_d" and f"{end:g} mg/d" in refused.value.reason


@pytest.mark.parametrize("scheme", MARKS, ids=lambda scheme: scheme.id)
def test_a_scheme_by_weight_is_refused_without_a_weight_and_below_its_start(scheme: TaperScheme):
    with pytest.raises(Refused, match="body weight") as refused:
        nam.taper(scheme.id, 40)
    assert refused.value.field == "weight_kg"
    printed = printed_start_mg(scheme, Fraction(20))
    assert printed == (40, 40)
    with pytest.raises(Refused, match=r"below the range .* 40 mg/d at 20 kg"):
        nam.taper(scheme.id, 39, weight_kg=20)
    assert nam.taper(scheme.id, 40, weight_kg=20).flags == ()


@pytest.mark.parametrize(
    ("start", "named"),
    [
        ("", "not a number"),
        ("sixty", "not a number"),
        (None, "not a number"),
        (True, "not a number"),
        ([60], "not a number"),
        (-60, "outside"),
        (0, "outside"),
        (1e9, "outside"),
        (math.nan, "not a finite number"),
        (math.inf, "not a finite number"),
        ("nan", "not a number"),
        ("60,5", "comma"),
        ("1 mg/kg/d", "not per kilogram"),
        ("0.06 g", "milligrams"),
        ("420 mg/week", "a day, not a week"),
        ("60 drops", "carries"),
        (Decimal("NaN"), "finite"),
        (Fraction(10**30), "outside"),
        ("60" * 200, "not a finite number"),
        ("<script>60</script>", "not a number"),
    ],
)
def test_a_start_that_is_no_dose_is_refused_in_words(start: Any, named: str):
    with pytest.raises(Refused) as refused:
        nam.taper("hhe_2018", start)
    assert refused.value.field == "start_mg_per_d" and named in refused.value.reason
    assert len(refused.value.reason) < 200


@pytest.mark.parametrize("weight", [0, -3, "176 lb", "heavy", math.nan, 1000])
def test_a_weight_that_is_none_is_refused_in_words(weight: Any):
    with pytest.raises(Refused) as refused:
        nam.taper("gkjr_high", 60, weight)
    assert refused.value.field == "weight_kg"


def test_a_scheme_that_does_not_exist_names_those_that_do():
    with pytest.raises(KeyError, match="known: hhe_2018"):
        nam.taper("hhe", 60)


def test_a_population_that_does_not_exist_is_refused():
    with pytest.raises(Refused, match="adult or paediatric"):
        nam.tapers("children")  # type: ignore[arg-type]


def test_amounts_are_exact_however_they_are_written():
    for start in (62.5, "62.5", "62.5 mg/d", Decimal("62.5"), Fraction(125, 2)):
        plan = nam.taper("hhe_2018", start)
        assert plan.start_mg_per_d == Fraction(125, 2) and plan.total_mg == nam.taper("hhe_2018", 62.5).total_mg
    # 0.2 mg/kg/d of 30 kg is 6 mg/d, which 0.2 as a binary float is not.
    plan = nam.taper("printo_2019", 60, 30)
    assert plan.slowest is not None and plan.slowest.dose_on(184) == 6


# --- what every result says ----------------------------------------------------------------------------------------


@each_scheme
def test_every_result_says_that_no_trial_supports_it_and_names_what_is_unsaid(scheme: TaperScheme):
    plan = nam.taper(scheme.id, 60, 30)
    shown = plan._repr_html_()
    for told in (repr(plan), shown, plan.to_dict()["not_proposed"]):
        assert NOTHING_PROPOSED in told
    assert NO_TRIAL_FACT in plan.facts and nam.fact(NO_TRIAL_FACT).standing == "caveat"
    assert scheme.unsaid and all(
        item in nam.taper_picture(scheme.id, start_mg_per_d=60, weight_kg=30).html
        for item in scheme.unsaid
        if '"' not in item
    )
    assert plan.sources == scheme.sources
    assert json.loads(json.dumps(plan.to_dict())) == plan.to_dict()
    assert "\n" not in repr(plan)


def test_the_start_a_scheme_is_printed_for_is_compared_with_the_one_entered():
    assert [flag.kind for flag in nam.taper("etg_australia", 60).flags] == ["start not checked"]
    assert [flag.kind for flag in nam.taper("etg_australia", 60, 80).flags] == ["start not as printed"]
    assert nam.taper("etg_australia", 75, 80).flags == ()
    assert [flag.kind for flag in nam.taper("etg_australia", 80).flags] == ["start not as printed"]


def test_schemes_side_by_side_keep_their_place_and_say_why_one_is_missing():
    entries = side_by_side(LEDGER.tapers, 22, None, LEDGER.steroid_thresholds)
    assert [entry.scheme.id for entry in entries] == list(SCHEMES)
    refused = {entry.scheme.id: entry.field for entry in entries if isinstance(entry, NotLaidOut)}
    assert refused == {"etg_australia": "start_mg_per_d", "gkjr_high": "weight_kg", "printo_2019": "weight_kg"}
    assert all(json.dumps(entry.to_dict()) for entry in entries)


def test_schemes_fit_a_population_and_children_keep_theirs():
    adults, children = fitting(LEDGER.tapers, "adult"), fitting(LEDGER.tapers, "paediatric")
    assert len(adults) + len(children) == len(LEDGER.tapers)
    assert {scheme.population for scheme in children} == {"paediatric"}
    assert len(nam.tapers("adult")) == len(adults)


@each_scheme
def test_a_scheme_holds_the_numbers_of_its_facts(scheme: TaperScheme):
    told = " ".join(nam.fact(name).statement for name in scheme.facts)
    said = {float(part) for part in re.findall(r"\d+(?:\.\d+)?", told)}
    numbers: list[float | None] = [scheme.hold_low_wk, scheme.hold_high_wk]
    for step in scheme.steps:
        numbers += [step.by_mg, step.every_low_wk, step.every_high_wk, step.down_to_mg]
    for mark in scheme.marks:
        numbers += [mark.mg_per_kg, None if mark.share in (None, 0, 1) else 100 * (mark.share or 0)]
    assert {value for value in numbers if value} <= said


def test_the_sums_told_in_prose_are_those_of_the_schemes():
    adults, children = nam.fact("taper_sums_adult"), nam.fact("taper_sums_child")
    australian, article = nam.taper("etg_australia", 60, weight_kg=60), nam.taper("hhe_2018", 60, weight_kg=60)
    assert australian.total_mg == (adults.value, adults.value) and australian.known_days == (126, 126)
    readings = (article.quickest, article.slowest)
    assert [course.total_until(126) for course in readings if course] == [adults.low, adults.high]
    assert nam.taper("gkjr_high", 60, weight_kg=30).total_mg == (children.low, children.high)


def test_the_conflict_about_tapers_and_the_schemes_tell_the_same_story():
    conflict = nam.conflicts("taper")[0]
    in_conflict = {name for position in conflict.positions for name in position.facts}
    in_schemes = {name for scheme in LEDGER.tapers for name in scheme.facts}
    assert {name for name in in_conflict if name not in in_schemes} == {"taper_duration"}


def test_thresholds_show_both_ends_of_the_band_and_rest_on_their_facts():
    by_fact: dict[str, list[float]] = {}
    for threshold in LEDGER.steroid_thresholds:
        for name in threshold.facts:
            by_fact.setdefault(name, []).append(threshold.mg_per_d)
    pjp, bone = nam.fact("pjp"), nam.fact("bone")
    assert sorted(by_fact["pjp"]) == [pjp.low, pjp.high] == [15, 30]
    assert by_fact["bone"] == [bone.value] == [2.5]


def test_milligrams_are_written_exactly():
    assert [milligrams(Fraction(*pair)) for pair in ((15, 2), (10602, 1), (55, 8), (1, 3))] == [
        "7.5",
        "10,602",
        "6.875",
        "1/3",
    ]


# --- each way of breaking a scheme ---------------------------------------------------------------------------------


def scheme_with(**changes: Any) -> TaperScheme:
    fields = {name: getattr(SCHEMES["hhe_2018"], name) for name in SCHEMES["hhe_2018"].__dataclass_fields__}
    return TaperScheme(**{**fields, **changes})


@pytest.mark.parametrize(
    ("changes", "field", "reason"),
    [
        ({"unsaid": ()}, "unsaid", "leaves something open"),
        ({"facts": ()}, "facts", "names no fact"),
        ({"sources": ()}, "sources", "names no source"),
        ({"hold_high_wk": None}, "hold_low_wk", "both its ends"),
        ({"hold_low_wk": 6.0, "hold_high_wk": 4.0}, "hold_low_wk", "above hold_high_wk"),
        ({"hold_low_wk": None, "hold_high_wk": None}, "hold_low_wk", "steps need"),
        ({"steps": (TaperStep(5, 2, 2), TaperStep(5, 2, 2, 10))}, "steps", "only the last step"),
        ({"steps": (TaperStep(5, 2, 2, 10), TaperStep(5, 2, 2, 20))}, "steps", "below the one before"),
        ({"marks": (TaperMark(1, share=0.5),)}, "marks", "not by both"),
        ({"steps": (), "marks": (TaperMark(2, share=0.5), TaperMark(1, share=0.2))}, "marks", "follow each other"),
        ({"steps": (), "marks": (TaperMark(1, share=0.2), TaperMark(2, share=0.5))}, "marks", "may not rise"),
        ({"steps": (), "marks": (TaperMark(1, share=0.5), TaperMark(2, mg_per_kg=0.2))}, "marks", "one scheme"),
        ({"how_read": "recalled"}, "standing", "only with its caveat"),
    ],
)
def test_a_broken_scheme_is_refused_with_field_and_reason(changes: dict[str, Any], field: str, reason: str):
    with pytest.raises(Refused, match=reason) as refused:
        scheme_with(**changes)
    assert refused.value.field == field


@pytest.mark.parametrize(
    "make",
    [
        lambda: TaperStep(0, 2, 2),
        lambda: TaperStep(-5, 2, 2),
        lambda: TaperStep(5, 4, 2),
        lambda: TaperStep(5, 0, 2),
        lambda: TaperMark(1),
        lambda: TaperMark(1, share=0.5, mg_per_kg=1),
        lambda: TaperMark(1, share=1.5),
    ],
)
def test_a_broken_step_or_mark_is_refused(make: Any):
    with pytest.raises(Refused):
        make()
