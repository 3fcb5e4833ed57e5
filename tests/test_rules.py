"""Conditions are three-valued, explain themselves, and refuse what they cannot mean."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from namlib.model.findings import FIELDS, findings
from namlib.model.rules import QUESTIONS, answer_words, check, evaluate, rule
from namlib.records import Refused

# Three questions whose answers make any wanted truth value: true, false, unknown.
TRUE = {"field": "pregnant", "is": True}
FALSE = {"field": "diabetes", "is": True}
UNKNOWN = {"field": "lung_disease", "is": True}
KNOWN_ANSWERS = {"pregnant": True, "diabetes": False}
BY_VALUE: dict[bool | None, dict[str, Any]] = {True: TRUE, False: FALSE, None: UNKNOWN}


def value(condition: Any, found: dict[str, Any] | None = None) -> bool | None:
    return evaluate(condition, KNOWN_ANSWERS if found is None else found).value


# --- the logic -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("left", [True, False, None])
@pytest.mark.parametrize("right", [True, False, None])
def test_all_and_any_follow_kleenes_tables(left, right):
    order = {False: 0, None: 1, True: 2}
    parts = [BY_VALUE[left], BY_VALUE[right]]
    assert value({"all": parts}) is min((left, right), key=order.__getitem__)
    assert value({"any": parts}) is max((left, right), key=order.__getitem__)


@pytest.mark.parametrize(("inner", "outer"), [(True, False), (False, True), (None, None)])
def test_not_leaves_unknown_unknown(inner, outer):
    assert value({"not": BY_VALUE[inner]}) is outer


@pytest.mark.parametrize(
    ("condition", "true", "false"),
    [
        ({"field": "anti_srp", "is": "positive"}, "positive", "negative"),
        ({"field": "pregnant", "is": False}, False, True),
        ({"field": "weakness", "in": ["mild", "moderate"]}, "mild", "severe"),
        ({"field": "ck_u_per_l", "at_least": 1000}, 1000.0, 999.9),
        ({"field": "ck_u_per_l", "at_most": 1000}, 1000.0, 1000.1),
        ({"field": "age_group", "is": "paediatric"}, "paediatric", "adult"),
        ({"field": "used_ivig", "is": True}, True, False),
    ],
)
def test_each_question_is_true_false_or_unknown(condition, true, false):
    key = condition["field"]
    assert value(condition, {key: true}) is True
    assert value(condition, {key: false}) is False
    assert value(condition, {key: None}) is None
    assert value(condition, {}) is None


@pytest.mark.parametrize("key", QUESTIONS)
def test_known_is_never_unknown(key):
    answer = (QUESTIONS[key].values or (1.0,))[-1]
    condition = {"field": key, "known": True}
    assert value(condition, {}) is False
    assert value(condition, {key: answer}) is True


def test_a_false_answer_counts_as_known():
    assert value({"field": "pregnant", "known": True}, {"pregnant": False}) is True


def test_no_condition_is_always_true():
    evaluation = evaluate(None, {})
    assert (evaluation.value, evaluation.words(), evaluation.unknown_fields()) == (True, "always", ())


@pytest.mark.parametrize("name", [name for name, field in FIELDS.items() if field.kind in ("test", "choice")])
def test_not_tested_and_not_reported_are_unknown_and_not_negative(name):
    for answer in FIELDS[name].choices:
        laid_out = findings({name: answer})
        condition = {"field": name, "is": QUESTIONS[name].values[0]}
        expected = None if answer not in QUESTIONS[name].values else answer == QUESTIONS[name].values[0]
        assert evaluate(condition, laid_out).value is expected


# --- properties ----------------------------------------------------------------------------------------------------

KEYS = ("anti_hmgcr", "anti_srp", "weakness", "pregnant", "used_ivig", "response", "ck_u_per_l", "age_group")
CK_ANSWERS = (0.0, 500.0, 1000.0, 1500.0, 1_000_000.0)


def answers_to(key: str) -> tuple[Any, ...]:
    return QUESTIONS[key].values or CK_ANSWERS


def asking(key: str, *, with_known: bool) -> st.SearchStrategy[dict[str, Any]]:
    if QUESTIONS[key].kind == "number":
        forms = [
            st.builds(lambda form, limit: {"field": key, form: limit}, st.sampled_from(["at_least", "at_most"]), limits)
            for limits in [st.sampled_from([500, 1000])]
        ]
    else:
        answers = st.sampled_from(answers_to(key))
        several = st.lists(answers, min_size=1, max_size=3, unique=True)
        forms = [
            answers.map(lambda answer: {"field": key, "is": answer}),
            several.map(lambda some: {"field": key, "in": some}),
        ]
    if with_known:
        forms.append(st.just({"field": key, "known": True}))
    return st.one_of(forms)


def conditions(*, with_known: bool = True) -> st.SearchStrategy[dict[str, Any]]:
    leaves = st.sampled_from(KEYS).flatmap(lambda key: asking(key, with_known=with_known))
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            inner.map(lambda part: {"not": part}),
            st.lists(inner, min_size=1, max_size=3).map(lambda parts: {"all": parts}),
            st.lists(inner, min_size=1, max_size=3).map(lambda parts: {"any": parts}),
        ),
        max_leaves=8,
    )


@st.composite
def read_once(draw: st.DrawFn) -> dict[str, Any]:
    """A condition in which no question stands twice."""
    keys = draw(st.permutations(KEYS[:6]))[: draw(st.integers(1, 4))]
    parts: list[dict[str, Any]] = [draw(asking(key, with_known=True)) for key in keys]
    while len(parts) > 1:
        cut = draw(st.integers(2, len(parts)))
        joined: dict[str, Any] = {draw(st.sampled_from(["all", "any"])): parts[:cut]}
        parts = [{"not": joined} if draw(st.booleans()) else joined, *parts[cut:]]
    return parts[0]


some_findings = st.fixed_dictionaries({key: st.sampled_from([None, *answers_to(key)]) for key in KEYS})


def shuffled(condition: Any, random: Any) -> Any:
    form = next(iter(condition))
    if form == "not":
        return {"not": shuffled(condition["not"], random)}
    if form in ("all", "any"):
        parts = [shuffled(part, random) for part in condition[form]]
        random.shuffle(parts)
        return {form: parts}
    return condition


@given(st.lists(conditions(), min_size=1, max_size=3), some_findings)
def test_de_morgan_holds_with_unknowns(parts, found):
    negated = [{"not": part} for part in parts]
    assert value({"not": {"all": parts}}, found) is value({"any": negated}, found)
    assert value({"not": {"any": parts}}, found) is value({"all": negated}, found)


@given(conditions(), some_findings, st.randoms(use_true_random=False))
def test_the_order_of_parts_never_matters(condition, found, random):
    other = shuffled(condition, random)
    assert value(condition, found) is value(other, found)
    assert evaluate(condition, found).unknown_fields() == evaluate(other, found).unknown_fields()


@given(conditions(), some_findings)
def test_the_fast_value_is_the_explained_value(condition, found):
    assert rule(condition).decide(found) is evaluate(condition, found).value


@given(conditions(with_known=False))
def test_where_nothing_is_answered_nothing_is_false(condition):
    assert value(condition, {}) is None


@given(conditions(with_known=False), some_findings, st.data())
def test_an_answer_never_turns_a_settled_value_over(condition, found, data):
    before = value(condition, found)
    filled = {
        key: data.draw(st.sampled_from([None, *answers_to(key)])) if read is None else read
        for key, read in found.items()
    }
    if before is not None:
        assert value(condition, filled) is before


@given(conditions(), some_findings, st.data())
def test_answering_a_question_that_is_not_named_changes_nothing(condition, found, data):
    evaluation = evaluate(condition, found)
    named = evaluation.unknown_fields()
    assert all(found[key] is None for key in named)
    filled = {
        key: data.draw(st.sampled_from(answers_to(key))) if read is None and key not in named else read
        for key, read in found.items()
    }
    assert value(condition, filled) is evaluation.value


@given(conditions(), some_findings)
def test_an_unknown_value_always_names_what_would_decide_it(condition, found):
    evaluation = evaluate(condition, found)
    if evaluation.value is None:
        assert evaluation.unknown_fields()
        assert "not known" in evaluation.words()


@settings(max_examples=60)
@given(read_once(), some_findings)
def test_every_named_question_can_really_change_the_value(condition, found):
    """Where no question stands twice the list is exact: some answers to the rest make each named one decide."""
    open_keys = [key for key in KEYS if found[key] is None and key in rule(condition).questions]
    for key in evaluate(condition, found).unknown_fields():
        others = [other for other in open_keys if other != key]
        choices = itertools.product(*([None, *answers_to(other)] for other in others))
        assert any(
            len(
                {
                    value(condition, {**found, **dict(zip(others, given, strict=True)), key: answer})
                    for answer in options
                }
            )
            > 1
            for given in choices
            for options in [[None, *answers_to(key)]]
        ), key


@given(conditions())
def test_what_can_be_evaluated_passes_the_check(condition):
    check(condition)


# --- words ---------------------------------------------------------------------------------------------------------


def test_words_give_the_reason_and_the_value_read():
    both = {"all": [{"field": "anti_srp", "is": "positive"}, {"field": "weakness", "in": ["moderate", "severe"]}]}
    assert evaluate(both, {"anti_srp": "positive", "weakness": "severe"}).words() == (
        "anti-SRP antibody is positive (true) and severity of weakness is moderate or severe (true)"
    )
    assert evaluate(both, {"anti_srp": "negative", "weakness": "severe"}).words() == (
        "anti-SRP antibody is positive (false: negative)"
    )
    assert evaluate(both, {"anti_srp": "positive"}).words() == (
        "severity of weakness is moderate or severe (not known)"
    )


def test_words_keep_and_and_or_apart():
    nested = {"any": [{"all": [TRUE, {"field": "used_ivig", "is": True}]}, {"field": "iga_deficiency", "is": True}]}
    words = evaluate(nested, {**KNOWN_ANSWERS, "used_ivig": True, "iga_deficiency": True}).words()
    assert words == (
        "(pregnant or may become pregnant: yes (true) and IVIG already used: yes (true)) or IgA deficiency: yes (true)"
    )


def test_numbers_are_said_with_their_unit():
    assert evaluate({"field": "ck_u_per_l", "at_least": 5326}, {"ck_u_per_l": 900.0}).words() == (
        "creatine kinase is at least 5,326 U/L (false: 900 U/L)"
    )
    assert answer_words("weight_kg", 80.0) == "80 kg"


def test_the_tree_keeps_every_part_with_its_value_and_what_it_read():
    tree = evaluate({"all": [FALSE, {"not": UNKNOWN}]}, KNOWN_ANSWERS)
    left, right = tree.children
    assert (left.value, left.field, left.read) == (False, "diabetes", False)
    assert (right.form, right.value, right.children[0].read) == ("not", None, None)


def test_a_settled_answer_silences_the_questions_beside_it():
    either = {"any": [{"field": "anti_hmgcr", "is": "positive"}, {"field": "anti_srp", "is": "positive"}]}
    assert evaluate(either, {"anti_hmgcr": "positive"}).unknown_fields() == ()
    assert evaluate(either, {"anti_hmgcr": "negative"}).unknown_fields() == ("anti_srp",)
    assert evaluate(either, {}).unknown_fields() == ("anti_hmgcr", "anti_srp")


def test_a_question_about_being_known_is_named_because_an_answer_turns_it():
    assert evaluate({"not": {"field": "hepatitis_b", "known": True}}, {}).unknown_fields() == ("hepatitis_b",)


# --- what is refused -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("condition", "reason"),
    [
        ("anti_srp == 'positive'", "is not a condition"),
        ("__import__('os').system('true')", "is not a condition"),
        (True, "is not a condition"),
        ([], "is not a condition"),
        ({}, "is not a condition"),
        ({"is": "positive"}, "is not a condition"),
        ({"none": [TRUE]}, "is not a condition"),
        ({"all": []}, "at least one entry"),
        ({"any": TRUE}, "not a list of conditions"),
        ({"all": "pregnant"}, "not a list of conditions"),
        ({"all": [TRUE], "any": [TRUE]}, "more than one thing"),
        ({"not": TRUE, "field": "pregnant"}, "more than one thing"),
        ({"not": [TRUE]}, "is not a condition"),
        ({"field": "pregnant"}, "exactly one of"),
        ({"field": "pregnant", "is": True, "known": True}, "exactly one of"),
        ({"field": "pregnant", "equals": True}, "exactly one of"),
        ({"field": "anti_spr", "is": "positive"}, "did you mean 'anti_srp'"),
        ({"field": "__class__", "known": True}, "is not a finding"),
        ({"field": None, "known": True}, "is not a finding"),
        ({"field": "used", "is": "ivig"}, "did you mean 'used_"),
        ({"field": "anti_srp", "is": "Positive"}, "answers: positive, negative"),
        ({"field": "anti_srp", "is": "not_tested"}, "nobody knows"),
        ({"field": "anti_srp", "is": True}, "is no answer"),
        ({"field": "pregnant", "is": "yes"}, "write true or false"),
        ({"field": "pregnant", "is": 1}, "write true or false"),
        ({"field": "statin", "in": []}, "not a list of answers"),
        ({"field": "statin", "in": "taking"}, "not a list of answers"),
        ({"field": "statin", "in": ["taking", "sometimes"]}, '"sometimes" is no answer'),
        ({"field": "age_years", "is": 18}, "ask with at_least or at_most"),
        ({"field": "age_years", "at_least": "18"}, "is not a number"),
        ({"field": "age_years", "at_least": True}, "is not a number"),
        ({"field": "age_years", "at_least": 200}, "outside what age_years accepts"),
        ({"field": "age_years", "at_least": float("nan")}, "outside what age_years accepts"),
        ({"field": "weakness", "at_most": 3}, "ask with is or in"),
        ({"field": "pregnant", "known": False}, "write known: true"),
        ({"field": "pregnant", "is": {1, 2}}, "not plain data"),
    ],
)
def test_a_malformed_condition_is_refused_with_the_reason(condition, reason):
    with pytest.raises(Refused, match=r".+") as refused:
        check(condition)
    assert reason in str(refused.value)


def test_a_fault_deep_inside_is_found():
    with pytest.raises(Refused, match="anti_spr"):
        check({"not": {"any": [TRUE, {"all": [{"field": "anti_spr", "known": True}]}]}})
