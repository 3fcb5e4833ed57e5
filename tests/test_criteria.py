"""The sets of criteria as data: what was read, guarded against the mistakes that other pages make with it."""

from __future__ import annotations

import re
from math import exp, log
from typing import Any

import pytest

from namlib import course
from namlib.records import Criteria, CriteriaItem, CriteriaLabel, Refused, ScoreModel

ENMC = course.criteria_record("enmc_2016")
EULAR = course.criteria_record("eular_acr_2017")
IMACS = course.criteria_record("imacs_2023")
FACTS = {fact.id: fact for fact in course.ledger().facts}
SCORED = {item.id: item for item in EULAR.items if item.points_biopsy is not None}
MODELS = {model.id: model for model in EULAR.models}


def limits(condition: Any) -> set[float]:
    """Every number a condition compares with."""
    if isinstance(condition, dict):
        found = {float(condition[form]) for form in ("at_least", "at_most") if form in condition}
        return found.union(*(limits(part) for part in condition.values()))
    return set().union(*(limits(part) for part in condition)) if isinstance(condition, list | tuple) else set()


def test_the_score_has_sixteen_items_and_four_of_them_only_with_a_biopsy() -> None:
    assert len(SCORED) == 16
    assert {name for name, item in SCORED.items() if item.points is None} == {
        "endomysial_infiltrate",
        "perimysial_infiltrate",
        "perifascicular_atrophy",
        "rimmed_vacuoles",
    }


# Table 1 of the methods report (rows of age: a second page). Two web pages print the columns the wrong way round.
WEIGHTS = {
    "age_18_39": (1.3, 1.5),
    "age_40_up": (2.1, 2.2),
    "proximal_arms": (0.7, 0.7),
    "proximal_legs": (0.8, 0.5),
    "neck_flexors": (1.9, 1.6),
    "legs_proximal": (0.9, 1.2),
    "heliotrope": (3.1, 3.2),
    "gottron_papules": (2.1, 2.7),
    "gottron_sign": (3.3, 3.7),
    "dysphagia": (0.7, 0.6),
    "anti_jo1": (3.9, 3.8),
    "enzymes": (1.3, 1.4),
    "endomysial_infiltrate": (None, 1.7),
    "perimysial_infiltrate": (None, 1.2),
    "perifascicular_atrophy": (None, 1.9),
    "rimmed_vacuoles": (None, 3.1),
}


def test_the_weights_are_those_of_table_1_in_the_right_columns() -> None:
    assert {name: (item.points, item.points_biopsy) for name, item in SCORED.items()} == WEIGHTS


def test_the_columns_are_not_swapped_raised_ck_is_1_3_without_and_1_4_with_biopsy() -> None:
    assert (SCORED["enzymes"].points, SCORED["enzymes"].points_biopsy) == (1.3, 1.4)
    assert (MODELS["no_biopsy"].definite, MODELS["biopsy"].definite) == (7.5, 8.7)


@pytest.mark.parametrize("model", EULAR.models, ids=lambda model: model.id)
def test_the_formula_turned_round_gives_all_published_cut_offs(model: ScoreModel) -> None:
    """The constants are recalled; that they reproduce six published numbers to the decimal is why they are shown."""
    for chance, published in (
        (model.possible_probability, model.possible),
        (model.probable_probability, model.probable),
        (model.definite_probability, model.definite),
    ):
        assert round(model.constant + log(chance / (1 - chance)), 1) == published


def test_at_three_scores_the_rounded_cut_offs_and_the_formula_part() -> None:
    """Worked out in the evidence for this course: 49.25, 54.24 and 89.75% at 5.3, 5.5 and 7.5 points."""
    model = MODELS["no_biopsy"]
    shown = [
        round(100 / (1 + exp(model.constant - cut)), 2) for cut in (model.possible, model.probable, model.definite)
    ]
    assert shown == [49.25, 54.24, 89.75]
    words = FACTS["eular_rounding"].statement
    assert all(f"{value}%" in words for value in shown)


def test_numbers_in_the_criteria_are_the_numbers_of_their_facts() -> None:
    assert (FACTS["eular_formula"].low, FACTS["eular_formula"].high) == tuple(model.constant for model in EULAR.models)
    bands = FACTS["eular_probability_bands"]
    for model in EULAR.models:
        stated = (100 * model.possible_probability, 100 * model.probable_probability, 100 * model.definite_probability)
        assert stated == pytest.approx((bands.low, bands.value, bands.high))
        for cut in (model.possible, model.probable, model.definite):
            assert f"{cut:g}" in FACTS["eular_score_bands"].statement
    assert (FACTS["eular_weights"].low, FACTS["eular_weights"].high) == WEIGHTS["enzymes"]
    assert (FACTS["eular_age_weights"].low, FACTS["eular_age_weights"].high) == (1.3, 2.2)
    by_id = {item.id: item for item in IMACS.items}
    assert limits(by_id["onset_over_40"].when) == {FACTS["imacs_high_factors"].value} == {40.0}
    assert limits(by_id["within_36_months"].when) == {FACTS["imacs_scope"].value} == {36.0}


def test_the_two_antibodies_of_imnm_and_necrosis_are_no_items_of_the_score() -> None:
    asked = " ".join(str(item.when) for item in SCORED.values())
    assert "Jo-1" in asked
    assert not re.search("anti_srp|anti_hmgcr|necrotizing", asked)


def test_the_labels_of_enmc_need_ck_and_weakness_and_a_biopsy_only_without_antibody() -> None:
    needs = {label.id: (set(label.met), set(label.absent)) for label in ENMC.labels}
    assert needs == {
        "anti_srp_myopathy": ({"ck_raised", "proximal_weakness", "anti_srp"}, set()),
        "anti_hmgcr_myopathy": ({"ck_raised", "proximal_weakness", "anti_hmgcr"}, set()),
        "antibody_negative_imnm": (
            {"ck_raised", "proximal_weakness", "compatible_biopsy"},
            {"anti_srp", "anti_hmgcr"},
        ),
    }


def test_the_factors_of_imacs_have_the_levels_that_were_read() -> None:
    levels = {
        level: {item.id for item in IMACS.items if item.level == level} for level in ("high", "intermediate", "low")
    }
    assert {level: len(names) for level, names in levels.items()} == {"high": 7, "intermediate": 8, "low": 9}
    assert {"imnm", "anti_hmgcr", "male"} <= levels["intermediate"]
    assert "anti_srp" in levels["low"] and "onset_over_40" in levels["high"]


def test_the_rule_of_imacs_is_tried_from_the_highest_group_down_and_the_last_group_takes_the_rest() -> None:
    assert [(group.id, group.high_factors, group.intermediate_factors) for group in IMACS.groups] == [
        ("high", 2, None),
        ("moderate", 1, 2),
        ("standard", None, None),
    ]
    basic, enhanced = IMACS.panels[0], IMACS.panels[1]
    assert [enhanced.id in group.at_diagnosis for group in IMACS.groups] == [True, True, False]
    assert all(basic.id in group.at_diagnosis for group in IMACS.groups)


@pytest.mark.parametrize("criteria", [ENMC, EULAR, IMACS], ids=lambda criteria: criteria.id)
def test_each_set_of_criteria_says_how_it_was_read(criteria: Criteria) -> None:
    assert criteria.caveat.endswith(".") and len(criteria.caveat) > 60
    assert re.search("not read|recalled", criteria.caveat)
    read = {source.key: source.read for source in course.ledger().sources}
    assert all(read[key] for key in criteria.sources)
    assert criteria.purpose.endswith(".")


@pytest.mark.parametrize("criteria", [ENMC, EULAR, IMACS], ids=lambda criteria: criteria.id)
def test_an_item_is_not_said_to_be_better_read_than_the_best_of_its_facts(criteria: Criteria) -> None:
    order = ["primary", "secondary", "derived", "recalled"]
    for item in criteria.items:
        assert order.index(item.how_read) >= min(order.index(FACTS[name].how_read) for name in item.facts), item.id


def test_a_fact_that_was_read_at_second_hand_carries_its_caveat() -> None:
    named = {
        name
        for criteria in (ENMC, EULAR, IMACS)
        for part in (*criteria.items, *criteria.remarks, *criteria.models, *criteria.groups, *criteria.panels)
        for name in part.facts
    }
    second = [FACTS[name] for name in named if FACTS[name].how_read in ("secondary", "recalled")]
    assert len(second) > 10
    assert all(fact.caveat for fact in second)


def test_disagreements_on_biopsy_and_on_cancer_name_every_side() -> None:
    sides = {conflict.id: conflict for conflict in course.ledger().conflicts}
    cancer = {name for position in sides["cancer"].positions for name in position.facts}
    assert {"cancer_french", "cancer_mayo", "cancer_tokyo", "cancer_hopkins", "imacs_intermediate_factors"} <= cancer
    biopsy = {name for position in sides["biopsy_needed"].positions for name in position.facts}
    assert {"enmc_hmgcr_items", "enmc_negative_items", "enmc2004_biopsy_always"} <= biopsy


# --- each way of breaking a record ---------------------------------------------------------------------------------

ITEM: dict[str, Any] = {
    "id": "a",
    "label": "A",
    "when": {"field": "anti_srp", "is": "positive"},
    "facts": ("enmc_srp_items",),
    "how_read": "secondary",
    "test": "a test",
}
MODEL: dict[str, Any] = {
    "id": "biopsy",
    "name": "with biopsy",
    "constant": 6.49,
    "possible": 6.5,
    "probable": 6.7,
    "definite": 8.7,
    "possible_probability": 0.5,
    "probable_probability": 0.55,
    "definite_probability": 0.9,
    "facts": ("eular_formula",),
    "how_read": "recalled",
}


@pytest.mark.parametrize(
    ("changed", "field"), [({"facts": ()}, "facts"), ({"when": None}, "when"), ({"points": 1.25}, "points")]
)
def test_an_item_without_fact_or_condition_or_with_a_second_decimal_is_refused(
    changed: dict[str, Any], field: str
) -> None:
    with pytest.raises(Refused) as refused:
        CriteriaItem(**(ITEM | changed))
    assert refused.value.field == field


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"probable": 6.4}, "possible"),
        ({"definite_probability": 1.0}, "possible_probability"),
        ({"probable_probability": 0.4}, "possible_probability"),
        ({"facts": ()}, "facts"),
    ],
)
def test_a_model_whose_classes_are_out_of_order_is_refused(changed: dict[str, Any], field: str) -> None:
    with pytest.raises(Refused) as refused:
        ScoreModel(**(MODEL | changed))
    assert refused.value.field == field


def test_a_label_that_needs_an_item_nobody_wrote_is_refused() -> None:
    with pytest.raises(Refused, match="is not an item"):
        Criteria(
            "x", "X", "p", ("s",), "primary", "c", (CriteriaItem(**ITEM),), labels=(CriteriaLabel("l", "L", ("b",)),)
        )
