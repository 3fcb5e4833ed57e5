"""What an antibody test is worth: worked examples, the arithmetic checked another way, and the rows it stands on."""

from __future__ import annotations

import csv
import json
import math
import shutil
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from namlib import course, store
from namlib.model import rules
from namlib.model.antibody import (
    PEOPLE,
    evaluate,
    observed,
    predictive_value,
    rate,
    read_pretest,
    sensitivity,
    specificity,
)
from namlib.model.findings import CK_ABOVE_ANY_LIMIT_U_PER_L
from namlib.records import Refused
from namlib.units import percent
from namlib.validate import LedgerError

LEDGER = course.ledger()
TESTS = {test.id: test for test in LEDGER.antibody_tests}
COUNTED = [test for test in TESTS.values() if test.kind == "counted"]
JUDGEABLE = [test for test in COUNTED if test.n_others is not None]
OBSERVED = [test for test in TESTS.values() if test.kind == "observed"]
FACTS = {fact.id: fact for fact in LEDGER.facts}
PRETEST_RARE = Fraction(25, 1_000_000)

shares = st.fractions(0, 1, max_denominator=10_000)
inner_shares = st.fractions(Fraction(1, 10_000), Fraction(9_999, 10_000), max_denominator=10_000)


# --- the arithmetic ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("caught", "spared", "pretest", "ppv"),
    [
        # Worked by hand: 2.5 per 100,000 ill, nobody missed, 0.39 percent false positives: 2.5 / (2.5 + 390) = 0.6 %.
        (1, 0.9961, 0.000025, "0.637%"),
        # The same test where 30 percent are ill: 30,000 / (30,000 + 273) = 99 %.
        (1, 0.9961, 0.3, "99.1%"),
        # A textbook screen: 1 percent ill, 90 percent caught, 9 percent of the others positive: 1 in 11.
        (0.9, 0.91, 0.01, "9.2%"),
    ],
)
def test_worked_examples(caught, spared, pretest, ppv):
    assert percent(predictive_value(caught, spared, pretest).ppv) == ppv


def test_the_derived_facts_are_what_the_model_says():
    bound = 1 - specificity(TESTS["hmgcr_aric"]).low
    assert round(float(100 * bound), 2) == FACTS["aric_bound"].value == 0.39
    low, high = FACTS["hmgcr_risk_statin"].low, FACTS["hmgcr_risk_statin"].high
    assert (low + high) / 2 / 100 == pytest.approx(float(PRETEST_RARE))
    rare = evaluate(TESTS["hmgcr_aric"], PRETEST_RARE).cautious.value.ppv
    assert round(float(100 * rare), 1) == FACTS["hmgcr_ppv_untargeted"].value
    suspected = evaluate(TESTS["hmgcr_aric"], 0.3).cautious.value.ppv
    assert round(float(100 * suspected)) == FACTS["hmgcr_ppv_suspected"].value


@given(shares, shares, shares)
def test_predictive_values_equal_a_count_of_whole_people(caught, spared, pretest):
    # A crowd so large that every group is a whole number of people.
    crowd = caught.denominator * spared.denominator * pretest.denominator
    ill = int(crowd * pretest)
    true_positive = int(ill * caught)
    false_positive = (crowd - ill) - int((crowd - ill) * spared)
    value = predictive_value(caught, spared, pretest)
    positive = true_positive + false_positive
    assert value.ppv == (Fraction(true_positive, positive) if positive else None)
    negative = crowd - positive
    assert value.npv == (Fraction(crowd - ill - false_positive, negative) if negative else None)


@given(inner_shares, inner_shares, inner_shares)
def test_calling_the_ill_well_and_positives_negative_swaps_the_two_values(caught, spared, pretest):
    value, mirrored = predictive_value(caught, spared, pretest), predictive_value(spared, caught, 1 - pretest)
    assert (value.ppv, value.npv) == (mirrored.npv, mirrored.ppv)


@given(inner_shares, inner_shares, inner_shares, st.fractions(0, 1, max_denominator=100))
def test_a_better_test_and_a_likelier_disease_never_lower_what_a_positive_is_worth(caught, spared, pretest, step):
    before = predictive_value(caught, spared, pretest).ppv
    for better in (
        predictive_value(caught + (1 - caught) * step, spared, pretest),
        predictive_value(caught, spared + (1 - spared) * step, pretest),
        predictive_value(caught, spared, pretest + (1 - pretest) * step),
    ):
        assert better.ppv >= before


@given(inner_shares)
def test_a_test_that_tells_nothing_leaves_the_probability_as_it_was(pretest):
    half = Fraction(1, 2)
    assert predictive_value(half, half, pretest) == (pretest, 1 - pretest)


def test_a_float_is_taken_as_it_is_written():
    assert predictive_value(0.1, 0.9, 0.5).ppv == Fraction(1, 2)


@pytest.mark.parametrize("place", range(3))
@pytest.mark.parametrize(
    ("value", "words"),
    [
        (-0.1, "not between 0 and 1"),
        (1.0001, "not between 0 and 1"),
        (30, "30 percent is 0.3"),
        (10**400, "not between 0 and 1"),
        (math.nan, "not a number between 0 and 1"),
        (math.inf, "not a number between 0 and 1"),
        (True, "not a number"),
        ("0.3", "not a number"),
        (None, "not a number"),
    ],
)
def test_what_is_no_probability_is_refused_in_words(place, value, words):
    given_values = [0.5, 0.5, 0.5]
    given_values[place] = value
    with pytest.raises(Refused, match=words) as refused:
        predictive_value(*given_values)
    assert refused.value.field == ("sensitivity", "specificity", "pretest")[place]


# --- a probability as a reader writes it ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "share"),
    [
        ("0.0025", Fraction(1, 40_000)),
        (" 30 % ", Fraction(3, 10)),
        (30, Fraction(3, 10)),
        ("0.1", Fraction(1, 1000)),
        ("99.9", Fraction(999, 1000)),
        ("1e-3", Fraction(1, 100_000)),
    ],
)
def test_a_probability_in_percent_is_read_exactly(raw, share):
    assert read_pretest(raw) == share


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        ("", "is blank"),
        (None, "is blank"),
        ("  ", "is blank"),
        ("2.5 per 100,000", "2.5 per 100,000 is 0.0025"),
        ("1/40000", "write it as a percentage"),
        ("1 in 9000", "write it as a percentage"),
        ("5 ‰", "per mille is not accepted"),
        ("30 percent", "write % or nothing"),
        ("0,5", "has a comma"),
        ("0", "outside what is accepted"),
        ("100", "outside what is accepted"),
        ("0.0009", "outside what is accepted"),
        ("-3", "outside what is accepted"),
        ("often", "is not a number"),
        ("nan", "is not a number"),
        (math.nan, "not a finite number"),
        (True, "is not a number"),
        ([30], "is not a number"),
    ],
)
def test_any_other_probability_is_refused_in_words(raw, words):
    with pytest.raises(Refused, match=words) as refused:
        read_pretest(raw)
    assert refused.value.field == "pretest_percent"


# --- a test in people ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("test", JUDGEABLE, ids=lambda test: test.id)
@pytest.mark.parametrize("pretest", [PRETEST_RARE, Fraction(3, 100), Fraction(3, 10), Fraction(9, 10)])
def test_the_counted_value_lies_between_the_cautious_and_the_best(test, pretest):
    result = evaluate(test, pretest)
    assert result.cautious.value.ppv <= result.counted.value.ppv <= result.best.value.ppv
    assert result.cautious.value.ppv < result.best.value.ppv
    if result.assumed_sensitivity:
        assert (result.cautious.value.npv, result.counted.value.npv, result.best.value.npv) == (None, None, None)
    else:
        assert result.cautious.value.npv <= result.counted.value.npv <= result.best.value.npv


@pytest.mark.parametrize("test", JUDGEABLE, ids=lambda test: test.id)
@pytest.mark.parametrize("pretest", [PRETEST_RARE, Fraction(3, 10)])
def test_the_people_add_up_and_give_the_predictive_values_back(test, pretest):
    result = evaluate(test, pretest)
    for end in (result.counted, result.cautious, result.best):
        assert sum(end.people) == PEOPLE
        assert end.people.true_positive + end.people.false_negative == PEOPLE * pretest
        assert end.people.true_positive / end.people.positive == end.value.ppv
        assert end.value.npv in (None, end.people.true_negative / end.people.negative)


def test_without_anybody_ill_a_best_case_is_said_and_a_negative_result_is_not_judged():
    result = evaluate(TESTS["hmgcr_aric"], PRETEST_RARE)
    assert result.assumed_sensitivity and result.sensitivity.value == 1
    assert any("sensitivity was not measured" in words for words in result.warnings)
    assert "best case" in repr(result)
    assert result.counted.value.npv is None


def test_without_anybody_well_nothing_is_said_of_a_positive_result():
    result = evaluate(TESTS["srp54_elisa_suzuki"], 0.3)
    assert (result.counted, result.cautious, result.best, result.specificity) == (None, None, None, None)
    assert "cannot be said" in result.words and "24,600 of them test positive" in result.words
    assert "unknown" in repr(result)
    assert result.to_dict()["counted"] is None


def test_no_false_positive_counted_is_never_taken_for_none_possible():
    zero = [test for test in JUDGEABLE if test.positive_others == 0]
    assert len(zero) >= 5
    for test in zero:
        result = evaluate(test, 0.3)
        assert result.counted.value.ppv == 1 > result.cautious.value.ppv
        assert any("No false positive was counted" in words for words in result.warnings)


def test_agreement_with_another_assay_is_not_called_sensitivity():
    for test in COUNTED:
        said = " ".join(evaluate(test, 0.3).warnings)
        assert ("agreement, not sensitivity" in said) == (test.reference == "another assay")
        assert ("suspected, not proven" in said) == (test.reference == "suspicion")


def test_a_share_of_positives_is_not_moved_to_another_probability():
    assert OBSERVED
    for test in OBSERVED:
        with pytest.raises(Refused, match="seen in one setting"):
            evaluate(test, 0.3)
        assert sensitivity(test) is specificity(test) is None
        assert observed(test).total == test.positive_diseased + test.positive_others


def test_the_words_count_people_among_people():
    assert evaluate(TESTS["hmgcr_aric"], PRETEST_RARE).words == (
        "Of 100,000 people like these, 2.5 have anti-HMGCR myopathy. As counted, 2.5 test positive and 2.5 of them "
        "have it (100%); at the cautious end of the exact limits, 394 test positive and 2.5 of them have it (0.634%)."
    )


@pytest.mark.parametrize("test", COUNTED, ids=lambda test: test.id)
def test_a_prediction_names_its_sources_is_one_line_and_can_be_kept_as_json(test):
    result = evaluate(test, 0.16)
    assert result.sources == test.sources and set(result.sources) <= {source.key for source in LEDGER.sources}
    assert "\n" not in repr(result) and test.id in repr(result)
    held = json.loads(json.dumps(result.to_dict()))
    assert held["test"]["id"] == test.id and held["words"] == result.words


# --- the rows ------------------------------------------------------------------------------------------------------

# What the sources print beside the counts (abstracts and Table 2 as named in each row's locator).
PRINTED = {
    "hmgcr_clia_shovman": ("92.3%", "100%"),
    "hmgcr_elisa_musset": ("100%", "99.3%"),
    "srp_elisa_aggarwal": ("88%", "100%"),
    "blot_specific_clinic": (None, "85.9%"),
    "blot_any_neither": ("62.7%", "75.5%"),  # 24.5 percent were positive
    "srp_pattern_picard": ("83%", "87.5%"),  # 12.5 percent were positive
}


def as_printed(share, text):
    """Round a share to as many digits as a source printed."""
    digits = len(text.rstrip("%").partition(".")[2])
    return f"{float(100 * share):.{digits}f}%"


@pytest.mark.parametrize("name", PRINTED)
def test_the_counts_give_the_percentages_that_the_sources_print(name):
    for measured, printed in zip((sensitivity(TESTS[name]), specificity(TESTS[name])), PRINTED[name], strict=True):
        if printed is not None:
            assert as_printed(measured.value, printed) == printed


@pytest.mark.parametrize(
    ("name", "printed"),
    [
        ("dot_srp_myositis", "60%"),
        ("dot_srp_with_pattern", "91%"),
        ("dot_srp_without_pattern", "22%"),
        ("blot_positive_clinic", "43.9%"),
        ("blot_positive_canada", "63%"),
        ("blot_weak_canada", "47%"),
        ("blot_strong_canada", "75%"),
    ],
)
def test_observed_shares_equal_the_percentages_that_the_sources_print(name, printed):
    assert as_printed(observed(TESTS[name]).value, printed) == printed


def test_parts_of_one_study_fit_together():
    def people(name):
        return TESTS[name].positive_diseased, TESTS[name].positive_others

    whole, weak, strong = (people(name) for name in ("blot_positive_canada", "blot_weak_canada", "blot_strong_canada"))
    assert tuple(a + b for a, b in zip(weak, strong, strict=True)) == whole
    dot, with_it, without = (
        people(name) for name in ("dot_srp_myositis", "dot_srp_with_pattern", "dot_srp_without_pattern")
    )
    assert tuple(a + b for a, b in zip(with_it, without, strict=True)) == dot
    assert people("srp_pattern_picard") == with_it


def test_counts_of_tests_and_facts_agree():
    for name, fact in {
        "hmgcr_aric": "aric_bound",
        "hmgcr_elisa_shovman": "hmgcr_shovman",
        "hmgcr_elisa_musset": "hmgcr_assays_agree",
    }.items():
        assert (TESTS[name].positive_others, TESTS[name].n_others) == (FACTS[fact].n, FACTS[fact].n_total)
    for name, fact in {
        "srp_elisa_aggarwal": "srp_elisa",
        "srp_bead_benveniste": "srp_bead",
        "srp_pattern_picard": "srp_pattern",
        "blot_any_neither": "blot_any",
        "blot_strong_neither": "blot_strong",
    }.items():
        assert (TESTS[name].positive_diseased, TESTS[name].n_diseased) == (FACTS[fact].n, FACTS[fact].n_total)


def test_the_threshold_in_the_code_is_the_entry_of_the_trial():
    assert FACTS["ck_threshold"].value == CK_ABOVE_ANY_LIMIT_U_PER_L
    assert FACTS["ck_threshold"].unit == "U/L"
    assert "imnm01_registry" in FACTS["ck_threshold"].sources


@pytest.fixture
def folder(tmp_path):
    shutil.copytree(store.data_folder(), tmp_path / "data")
    return tmp_path / "data"


@pytest.mark.parametrize(
    ("row", "cells", "field", "reason"),
    [
        ("hmgcr_elisa_shovman", {"positive_diseased": "14"}, "positive_diseased", "14 of 13"),
        ("hmgcr_elisa_shovman", {"n_others": ""}, "positive_others", "come together"),
        ("hmgcr_aric", {"positive_others": "", "n_others": ""}, "positive_diseased", "nothing was counted"),
        ("hmgcr_aric", {"n_others": "0"}, "n_others", "nobody was counted"),
        ("hmgcr_aric", {"reference": "diagnosis"}, "reference", "belongs to people who have the target"),
        ("dot_srp_imnm", {"n_others": "60"}, "n_others", "does not know it"),
        ("dot_srp_imnm", {"positive_others": ""}, "positive_others", "needs both counts"),
        ("hmgcr_elisa_musset", {"caveat": ""}, "caveat", "is blank"),
        ("hmgcr_aric", {"sources": "nobody2020"}, "sources", "does not exist"),
        ("hmgcr_aric", {"id": "dot_srp_imnm"}, "id", "occurs twice"),
    ],
)
def test_a_broken_row_is_refused_with_row_field_and_reason(folder, row, cells, field, reason):
    path = folder / "antibody_tests.csv"
    with path.open(encoding="utf-8", newline="") as lines:
        reader = csv.DictReader(lines)
        names, rows = list(reader.fieldnames or ()), list(reader)
    next(item for item in rows if item["id"] == row).update(cells)
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, names, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    with pytest.raises(LedgerError) as refused:
        store.load(rules.check, folder)
    words = str(refused.value)
    assert "antibody_tests.csv" in words and f"field {field}" in words and reason in words


def test_a_comma_that_is_not_quoted_is_refused_as_a_cell_without_a_column(folder):
    path = folder / "antibody_tests.csv"
    text = path.read_text(encoding="utf-8")
    assert text.count("ELISA,anti-HMGCR myopathy,people suspected") == 1
    path.write_text(text.replace("people suspected of IMNM after a statin", "people, suspected", 1), encoding="utf-8")
    with pytest.raises(LedgerError, match=r"hmgcr_elisa_shovman.*is not a column of this file"):
        store.load(rules.check, folder)


def test_a_mean_is_never_filed_as_a_median():
    for series in LEDGER.ck_series:
        stated = [
            fact.statement
            for fact in LEDGER.facts
            if set(series.sources) & set(fact.sources) and f"{series.value:.10g}" in fact.statement.replace(",", "")
        ]
        assert stated, f"no fact states the value of {series.id}"
        said = " ".join(stated)
        kind = "median" if series.statistic.startswith("median") else "mean"
        assert kind in said or (kind == "mean" and "on average" in said)


def test_a_rate_of_nobody_or_everybody_has_one_limit_that_says_something():
    assert repr(rate(0, 67)) == "0 of 67: 0%, at most 4.4%"
    assert repr(rate(13, 13)) == "13 of 13: 100%, at least 79.4%"
    assert not rate(12, 13).one_sided
