"""A plan's safety list: every row has a source or says that it is a convention, and unknown is never safe."""

from __future__ import annotations

import json
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import namlib as nam
from namlib import course
from namlib.model import pathway, rules
from namlib.model.findings import FIELDS, findings
from namlib.model.safety import CONVENTION, SECTIONS, SafetyList, SafetyRow, safety
from namlib.records import PlanCheck, Refused

LEDGER = course.ledger()
FACTS = {fact.id: fact for fact in LEDGER.facts}
KEYS = [drug.key for drug in LEDGER.drugs]
BLANK = nam.Patient()


def listed(plan: Any, **answers: Any) -> SafetyList:
    patient = nam.Patient(**answers)
    return safety(patient.findings(), plan, LEDGER.drugs, LEDGER.plan_checks, LEDGER.facts)


def rows(plan: Any, check: str, **answers: Any) -> list[SafetyRow]:
    return [row for row in listed(plan, **answers).rows if check in row.checks]


def state(plan: Any, check: str, **answers: Any) -> str:
    found = rows(plan, check, **answers)
    assert len(found) == 1, f"{check} stands in {len(found)} rows"
    return found[0].state


PLANS = [(key,) for key in KEYS] + [tuple(KEYS), ("prednisone", "methotrexate", "ivig", "rituximab")]
PATIENTS = [
    {},
    {
        "age_years": 68,
        "sex": "female",
        "anti_hmgcr": "positive",
        "statin": "taking",
        "diabetes": True,
        "pregnant": False,
    },
    {"age_years": 9, "sex": "male", "hepatitis_b": "positive", "takes_trimethoprim": True, "used": {"ivig"}},
    {"age_years": 30, "sex": "female", "pregnant": True, "hepatitis_b": "negative", "liver_disease": True},
]


@pytest.mark.parametrize("answers", PATIENTS, ids=["blank", "woman of 68", "boy of 9", "pregnant"])
@pytest.mark.parametrize("plan", PLANS, ids=lambda plan: plan[0] if len(plan) == 1 else f"{len(plan)} drugs")
def test_every_row_has_a_source_or_says_course_convention_and_a_reason(plan: tuple[str, ...], answers: dict[str, Any]):
    result = listed(plan, **answers)
    known = {source.key for source in LEDGER.sources}
    assert result.rows
    for row in result.rows:
        assert row.text and row.reason and row.drugs
        if row.convention:
            assert row.basis == CONVENTION and not row.sources
        else:
            assert row.sources and set(row.sources) <= known and set(row.facts) <= set(FACTS)
            assert any(source.citable for source in LEDGER.sources if source.key in row.sources)
    shown = nam.safety(nam.Patient(**answers), plan)._repr_html_()
    assert shown.count("course convention") == sum(row.convention for row in result.rows)


@given(
    plan=st.sets(st.sampled_from(KEYS), min_size=1, max_size=4),
    known=st.sets(st.sampled_from(sorted(name for name, field in FIELDS.items() if field.kind == "yes_no"))),
)
@settings(max_examples=60)
def test_an_answer_that_is_missing_never_makes_a_row_fall_away(plan: set[str], known: set[str]):
    """What does not apply without an answer still does not apply however the answer comes out."""
    without = findings({name: False for name in known})
    result = safety(without, plan, LEDGER.drugs, LEDGER.plan_checks, LEDGER.facts)
    fallen = {check for row in result.rows if row.state == "does not apply" for check in row.checks}
    by_id = {check.id: check.when for drug in LEDGER.drugs for check in drug.checks}
    by_id |= {check.id: check.when for check in LEDGER.plan_checks}
    for name in fallen:
        for key in rules.rule(by_id[name]).questions:
            if without.get(key) is None:
                for value in rules.QUESTIONS[key].values:
                    assert rules.evaluate(by_id[name], {**without, key: value}).value is not True, (name, key, value)


def test_nothing_entered_leaves_every_contraindication_open_and_none_absent():
    result = listed(KEYS)
    conditional = [
        check.id
        for check in [*(check for drug in LEDGER.drugs for check in drug.checks), *LEDGER.plan_checks]
        if check.kind == "contraindication" and check.when is not None
    ]
    assert len(conditional) >= 6
    states = {name: row.state for row in result.rows for name in row.checks}
    assert {states[name] for name in conditional} == {"not known"}
    assert result.contraindicated == tuple(row for row in result.rows if row.checks == ("two_calcineurin_inhibitors",))


@pytest.mark.parametrize("key", KEYS)
def test_no_list_ever_calls_a_plan_safe(key: str):
    told = listed([key]).words()
    assert "never rules one in" in told
    assert "is safe" not in told


def test_the_checks_agree_with_those_of_the_pathway():
    """The same evaluation serves both: a check that applies on a route applies in the list, and the other way round."""
    patient = nam.Patient(
        age_years=58, sex="male", anti_hmgcr="positive", anti_srp="negative", weakness="moderate", response="untreated",
        takes_trimethoprim=True, renal_impairment=False, hepatitis_b="negative",
    )  # fmt: skip
    walk = nam.walk(patient)
    plan = sorted({check.drug for check in walk.checks})
    result = safety(patient.findings(), plan, LEDGER.drugs, LEDGER.plan_checks, LEDGER.facts)
    applies = {name for row in result.rows if row.state == "applies" for name in row.checks}
    assert len(plan) >= 3
    for check in walk.checks:
        if check.missing == ():
            assert check.check in applies, check.check
    own = {check.id for drug in LEDGER.drugs if drug.key in plan for check in drug.checks}
    assert applies & own == {check.check for check in walk.checks if check.why.value is True}


# --- what a clinician would look for -------------------------------------------------------------------------------


def test_trimethoprim_beside_methotrexate_is_an_interaction_and_asked_for_when_not_known():
    assert state(["methotrexate"], "methotrexate_trimethoprim", takes_trimethoprim=True) == "applies"
    assert state(["methotrexate"], "methotrexate_trimethoprim") == "not known"
    assert state(["methotrexate"], "methotrexate_trimethoprim", takes_trimethoprim=False) == "does not apply"
    pair = rows(["prednisone", "MTX"], "steroid_methotrexate_pneumocystis")[0]
    assert pair.section == "interaction" and set(pair.facts) == {"pjp", "mtx_tmp"}
    assert not rows(["prednisone", "azathioprine"], "steroid_methotrexate_pneumocystis")


def test_muscle_enzymes_are_not_read_as_liver_for_any_drug_whose_bloods_are_followed():
    covered = set()
    for key in ("methotrexate", "azathioprine", "mycophenolate", "tacrolimus", "ciclosporin"):
        found = [row for row in listed([key]).rows if "liver_trap" in row.facts]
        assert found and all(row.section == "while given" for row in found)
        covered.add(key)
    assert len(covered) == 5


def test_hepatitis_b_comes_before_rituximab_and_immunoglobulin_before_neither():
    assert state(["rituximab"], "rituximab_hepatitis_b_test") == "applies"
    assert state(["rituximab"], "rituximab_hepatitis_b_positive") == "not known"
    assert state(["rituximab"], "rituximab_hepatitis_b_positive", hepatitis_b="negative") == "does not apply"
    positive = rows(["rituximab"], "rituximab_hepatitis_b_positive", hepatitis_b="positive")[0]
    assert positive in listed(["rituximab"], hepatitis_b="positive").contraindicated
    assert state(["rituximab", "ivig"], "hepatitis_b_before_immunoglobulin") == "applies"
    assert state(["rituximab"], "hepatitis_b_after_immunoglobulin", used={"ivig"}) == "applies"


def test_immunoglobulin_asks_for_iga_clots_kidney_diabetes_and_age():
    asked = listed(["ivig"]).asked
    for name in ("renal_impairment", "thrombosis_risk", "iga_deficiency", "diabetes", "age_years"):
        assert FIELDS[name].label in asked
    assert state(["ivig"], "immunoglobulin_age", age_years=70) == "applies"
    assert state(["ivig"], "immunoglobulin_age", age_years=40) == "does not apply"


@pytest.mark.parametrize("key", ["methotrexate", "mycophenolate", "cyclophosphamide"])
def test_a_drug_that_harms_the_unborn_child_is_contraindicated_in_pregnancy(key: str):
    check = f"{key}_pregnancy"
    assert state([key], check, sex="female", pregnant=True) == "applies"
    assert (
        rows([key], check, sex="female", pregnant=True)[0] in listed([key], sex="female", pregnant=True).contraindicated
    )
    assert state([key], check, sex="female") == "not known"
    assert state([key], check, sex="male") == "does not apply"
    assert rows([key], check)[0].section == "pregnancy"


def test_every_drug_has_a_word_on_pregnancy_even_if_it_is_that_nothing_was_read():
    for key in KEYS:
        assert listed([key]).of("pregnancy"), key


def test_a_statin_is_never_given_again_whatever_the_plan():
    for key in KEYS:
        assert state([key], "statin_never", anti_hmgcr="positive", statin="stopped") == "applies"
        assert state([key], "lipids_without_statin", anti_hmgcr="positive") == "applies"
    assert state(["ivig"], "statin_never") == "not known"
    assert state(["ivig"], "statin_taken", anti_hmgcr="positive", statin="taking") == "applies"
    assert state(["ivig"], "statin_never", anti_hmgcr="negative") == "does not apply"


def test_live_vaccines_are_asked_about_before_immunosuppression():
    for key in ("prednisone", "methotrexate", "azathioprine", "mycophenolate", "tacrolimus", "rituximab"):
        found = rows([key], f"{key}_live_vaccines")
        assert found and found[0].section == "vaccines" and found[0].state == "applies"


@pytest.mark.parametrize(
    ("plan", "check"),
    [
        (("tacrolimus", "ciclosporin"), "two_calcineurin_inhibitors"),
        (("azathioprine", "mycophenolate"), "two_antimetabolites"),
        (("plasma_exchange", "rituximab"), "exchange_removes"),
        (("plasma_exchange", "ivig"), "exchange_removes"),
        (("efgartigimod", "ivig"), "efgartigimod_lowers_antibodies"),
    ],
)
def test_a_pair_is_found_and_neither_drug_alone_brings_it(plan: tuple[str, str], check: str):
    assert state(plan, check) == "applies"
    assert not any(rows([key], check) for key in plan)


def test_a_drug_without_a_row_is_named_instead_of_left_out():
    holes = [row for row in listed(["abatacept"]).rows if row.state == "no row"]
    assert holes and all(row.convention and "not the same as nothing" in row.text for row in holes)


# --- the plan itself -----------------------------------------------------------------------------------------------


def test_a_plan_is_read_by_key_or_by_another_name_each_drug_once():
    assert listed(["MTX", "methotrexate", "IVIg"]).plan == ("methotrexate", "ivig")
    assert listed("rtx").plan == ("rituximab",)


@pytest.mark.parametrize(
    ("plan", "named"),
    [
        ([], "empty"),
        ("", "not in the ledger"),
        (["aspirin"], "not in the ledger"),
        (["metotrexate"], "did you mean 'methotrexate'"),
        ([None], "not in the ledger"),
        ([["ivig"]], "not in the ledger"),
        (None, "not a collection"),
        (7, "not a collection"),
        ({"ivig": 1}, "not a collection"),
        (["<script>"], "not in the ledger"),
        (["x" * 5000], "not in the ledger"),
    ],
)
def test_a_plan_that_is_none_is_refused_in_words(plan: Any, named: str):
    with pytest.raises(Refused, match=named) as refused:
        nam.safety(BLANK, plan)
    assert refused.value.field == "plan" and len(refused.value.reason) < 400


def test_the_same_thing_for_several_drugs_is_said_once():
    result = listed(KEYS)
    seen = [(row.section, row.state, row.text, row.reason) for row in result.rows]
    assert len(seen) == len(set(seen))
    shared = [row for row in result.rows if len(row.drugs) > 3]
    assert shared


def test_the_table_shows_the_list_and_is_plain_data():
    table = nam.safety(nam.Patient(age_years=68, anti_hmgcr="positive"), ["prednisone", "ivig"])
    assert table.result is not None
    assert repr(table) == table.result.words() and "\n" not in repr(table)
    assert json.loads(json.dumps(table.to_dict())) == table.to_dict()
    shown = table._repr_html_()
    for section, title in SECTIONS.items():
        assert (f">{title}<" in shown) == any(row.state != "does not apply" for row in table.result.of(section))
    assert set(table.sources) == set(table.result.sources)
    assert shown.count("https://") > 10


# --- the rows of the file ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("check", LEDGER.plan_checks, ids=lambda check: check.id)
def test_every_plan_check_belongs_to_some_plan_and_to_some_patient(check: PlanCheck):
    plans = [(key,) for key in KEYS] + list(combinations(KEYS, 2))
    holding = [plan for plan in plans if rows(plan, check.id)]
    assert holding
    if check.when is not None:
        values = set()
        for answers in ({}, *PATIENTS, {"hepatitis_b": "positive"}, {"anti_hmgcr": "negative", "statin": "stopped"},
                        {"sex": "male", "age_years": 40, "used": frozenset(), "diabetes": False, "pregnant": True},
                        {"hepatitis_b": "negative", "sex": "female", "pregnant": False, "diabetes": True}):  # fmt: skip
            values.add(state(holding[0], check.id, **answers))
        assert {"applies", "does not apply"} <= values, values


def test_a_check_rests_on_facts_or_is_a_convention_and_not_both():
    base: dict[str, Any] = {"id": "x", "kind": "pre_check", "section": "before", "text": "x"}
    for wrong in ({}, {"facts": ("pjp",), "convention": True}):
        with pytest.raises(Refused, match="convention"):
            PlanCheck(**base, **wrong)
    with pytest.raises(Refused, match="both its sides"):
        PlanCheck(**base, facts=("pjp",), beside=("ivig",))


def test_known_is_a_question_and_not_an_answer():
    condition = {"all": [{"field": "hepatitis_b", "known": True}, {"field": "hepatitis_b", "is": "positive"}]}
    blank = rules.evaluate(condition, findings({}))
    assert blank.value is False and blank.if_asked() is None
    answered = rules.evaluate(condition, findings({"hepatitis_b": "negative"}))
    assert answered.if_asked() is False
    assert pathway.judged("contraindication", condition, findings({}))[0] is None
