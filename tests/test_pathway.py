"""The pathway has no dead end and no unreachable box, says what it does not know, and keeps its clinical promises."""

from __future__ import annotations

import dataclasses
import itertools
import json
import time
from collections import defaultdict
from functools import cache
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from namlib import store
from namlib.model.findings import FIELDS, TREATMENTS, findings
from namlib.model.pathway import Change, Walk, changes, walk
from namlib.model.rules import check, evaluate, rule
from namlib.records import Check, Drug, Edge, Node, Pathway, Refused

LEDGER = store.load(check)
PATHWAY = LEDGER.pathway
NODES = {node.id: node for node in PATHWAY.nodes}
EDGES = {edge.id: edge for edge in PATHWAY.edges}
WAYS_OUT = defaultdict(list)
for _edge in PATHWAY.edges:
    WAYS_OUT[_edge.start].append(_edge)

Answers = dict[str, Any]

# A patient for whom everything that could open another way has been answered.
BASE: Answers = {
    "age_years": 58.0,
    "sex": "female",
    "weight_kg": 80.0,
    "height_cm": 175.0,
    "ck_u_per_l": 8200.0,
    "proximal_weakness": True,
    "muscle_biopsy": "necrotizing",
    "anti_hmgcr": "positive",
    "anti_srp": "negative",
    "statin": "stopped",
    "cancer_screen": "nothing found",
    "connective_tissue_disease": False,
    "viral_screen": "negative",
    "weakness": "moderate",
    "respiratory_failure": False,
    "dysphagia": "none",
    "myocarditis": False,
    "response": "untreated",
    "used": frozenset(),
    "recheck_done": False,
    **dict.fromkeys(("pregnant", "renal_impairment", "liver_disease", "lung_disease", "thrombosis_risk"), False),
    **dict.fromkeys(("iga_deficiency", "takes_allopurinol", "takes_trimethoprim", "diabetes"), False),
    "hepatitis_b": "negative",
    "tpmt_nudt15": "normal",
}
FIRST_LINE = frozenset({"glucocorticoid", "methotrexate"})
USED = (
    None,
    frozenset[str](),
    frozenset({"glucocorticoid"}),
    FIRST_LINE,
    FIRST_LINE | {"ivig"},
    FIRST_LINE | {"rituximab"},
    FIRST_LINE | {"ivig", "rituximab"},
    frozenset(TREATMENTS),
)
ENUMERATED = {
    "anti_hmgcr": ("positive", "negative", "not_tested"),
    "anti_srp": ("positive", "negative", "not_reported"),
    "weakness": (*FIELDS["weakness"].choices, None),
    "response": (*FIELDS["response"].choices, None),
    "statin": FIELDS["statin"].choices,
    "used": USED,
}


def patient(**answers: Any) -> Answers:
    return {**BASE, **answers}


def route(**answers: Any) -> Walk:
    return walk(findings(patient(**answers)), PATHWAY, LEDGER.drugs)


def possible(name: str) -> tuple[Any, ...]:
    """Every answer worth trying for a field, no answer included."""
    field = FIELDS[name]
    if field.kind == "set":
        return USED
    if field.kind == "yes_no":
        return (True, False, None)
    if field.kind == "number":
        return (field.low, 17.9 if name == "age_years" else (field.low + field.high) / 2, field.high, None)
    return (*field.choices, None)


# The enumeration follows routes only. The checks of drugs are tested by themselves below.
BARE = dataclasses.replace(PATHWAY, nodes=tuple(dataclasses.replace(node, drugs=()) for node in PATHWAY.nodes))


class Trace(NamedTuple):
    """What a reader can tell apart: where the walk went, and what it waits for."""

    taken: tuple[str, ...]
    followed: tuple[str, ...]
    open: tuple[str, ...]
    waiting: tuple[tuple[str, tuple[str, ...]], ...]

    @property
    def ends(self) -> list[str]:
        return [name for name in self.taken if NODES[name].kind == "end"]


def trace(result: Walk) -> Trace:
    waiting = tuple((item.way.edge, item.missing) for item in result.undecided)
    return Trace(result.taken, result.taken_edges, result.open, waiting)


def walked(answers: Answers) -> Trace:
    return trace(walk(findings(answers), BARE, ()))


@cache
def enumerated() -> tuple[tuple[Answers, Trace], ...]:
    """Antibodies x severity x response x statin x treatments used: every combination, unanswered included."""
    found = []
    for values in itertools.product(*ENUMERATED.values()):
        answers = patient(**dict(zip(ENUMERATED, values, strict=True)))
        # The re-check matters only after failure; it is varied there without doubling all the rest.
        for recheck in (True, False, None) if answers["response"] == "inadequate" else (False,):
            full = {**answers, "recheck_done": recheck}
            found.append((full, walked(full)))
    return tuple(found)


@cache
def one_at_a_time() -> tuple[tuple[Answers, Trace], ...]:
    """Each value of every field in turn, from patients at different points of the route and from one nobody asked."""
    starts = [
        {},
        patient(),
        patient(weakness="none"),
        patient(anti_hmgcr="negative", anti_srp="positive", response="inadequate", used=FIRST_LINE | {"ivig"}),
        patient(anti_hmgcr="negative", response="inadequate", used=frozenset(TREATMENTS), recheck_done=True),
        patient(anti_hmgcr="not_tested", response="relapsed", used=FIRST_LINE),
        patient(response="controlled", age_years=9.0, statin="never"),
    ]
    return tuple(
        (answers, walked(answers))
        for start in starts
        for name in FIELDS
        for value in possible(name)
        for answers in [{**start, name: value}]
    )


def every_walk() -> tuple[tuple[Answers, Trace], ...]:
    return enumerated() + one_at_a_time()


# --- the drawing and the ledger ------------------------------------------------------------------------------------


def test_every_box_has_a_place_of_its_own_and_a_title_that_fits():
    places = [(node.lane, node.stage) for node in PATHWAY.nodes]
    assert len(places) == len(set(places))
    assert [node.id for node in PATHWAY.nodes if len(node.title) > 26] == []


def test_only_the_relapse_loop_and_the_missing_ivig_lead_up_the_page():
    upwards = {edge.id for edge in PATHWAY.edges if NODES[edge.end].stage <= NODES[edge.start].stage}
    assert upwards == {"relapse_loop", "relapse_ivig", "arm_is_ivig"}


def test_end_boxes_are_exactly_those_without_a_way_out():
    assert {node.id for node in PATHWAY.nodes if node.kind == "end"} == set(NODES) - set(WAYS_OUT)


def test_no_two_ways_join_the_same_boxes_for_the_same_reason():
    ways = [(edge.start, edge.end, json.dumps(edge.when)) for edge in PATHWAY.edges]
    assert len(ways) == len(set(ways))


def test_every_drug_of_the_ledger_is_offered_by_some_box():
    assert {key for node in PATHWAY.nodes for key in node.drugs} == {drug.key for drug in LEDGER.drugs}


# --- every combination ---------------------------------------------------------------------------------------------


def test_the_enumeration_is_complete():
    combinations = 1
    for values in ENUMERATED.values():
        combinations *= len(values)
    failing = combinations // len(ENUMERATED["response"])
    assert len(enumerated()) == combinations + 2 * failing


def test_no_walk_has_a_dead_end():
    for answers, result in every_walk():
        left = {EDGES[name].start for name in result.followed}
        waiting = {EDGES[name].start for name, _ in result.waiting}
        stuck = {name for name in result.taken if NODES[name].kind != "end"} - left - waiting
        assert not stuck, (stuck, answers)
        assert result.ends or result.waiting, answers


def test_every_open_way_names_an_answer_that_is_really_missing():
    for answers, result in every_walk():
        laid_out = findings(answers)
        for edge, missing in result.waiting:
            assert missing, (edge, answers)
            assert all(laid_out[key] is None for key in missing), (edge, answers)


def test_every_box_is_reached_and_every_way_followed_by_some_patient():
    boxes, ways = set(), set()
    for _, result in every_walk():
        boxes.update(result.taken)
        ways.update(result.followed)
    assert boxes == set(NODES)
    assert ways == set(EDGES)


# Asks only whether answers are known, so it cannot itself be unknown.
NEVER_UNKNOWN = {"arm_needs_antibody"}


def test_every_condition_is_seen_true_false_and_unknown():
    asked = {edge.id: rule(edge.when) for edge in PATHWAY.edges if edge.when is not None}
    seen: dict[str, set[bool | None]] = defaultdict(set)
    for answers, _ in every_walk():
        laid_out = findings(answers)
        for name, ready in asked.items():
            if len(seen[name]) < 3:
                seen[name].add(ready.decide(laid_out))
    for name in asked:
        expected = {True, False} if name in NEVER_UNKNOWN else {True, False, None}
        assert seen[name] == expected, name


def test_a_way_that_waits_for_an_answer_is_never_followed():
    for answers, result in every_walk():
        assert not set(result.followed) & {edge for edge, _ in result.waiting}, answers
        assert not set(result.taken) & set(result.open), answers


def test_where_an_answer_matters_leaving_it_out_is_never_the_same_as_giving_it():
    starts = [
        *(answers for answers, _ in one_at_a_time()[::19]),
        *(answers for answers, _ in enumerated()[::577]),
    ]
    compared = 0
    for start in starts:
        for name, field in FIELDS.items():
            answers = [value for value in possible(name) if findings({name: value}) != findings({})]
            walks = [walked({**start, name: value}) for value in answers]
            if len({result.taken for result in walks}) == 1:
                continue
            silent = walked({**start, name: None})
            for value, result in zip(answers, walks, strict=True):
                assert result != silent, (field.name, value, start)
                compared += 1
    assert compared > 500


def test_not_tested_walks_like_not_answered_and_unlike_negative():
    for name in ("anti_hmgcr", "anti_srp"):
        start = {
            "anti_hmgcr": "negative",
            "anti_srp": "negative",
            "response": "inadequate",
            "used": frozenset(TREATMENTS),
        }
        traces = {
            value: trace(route(**{**start, "recheck_done": True, name: value}))
            for value in ("not_tested", "not_reported", None, "negative")
        }
        assert traces["not_tested"] == traces["not_reported"] == traces[None] != traces["negative"]


def test_answers_the_route_does_not_ask_for_do_not_alter_it():
    asked = {key for edge in PATHWAY.edges for key in rule(edge.when).questions}
    quiet = [name for name in FIELDS if name not in asked and name not in ("used", "age_years")]
    assert {"weight_kg", "height_cm", "ck_u_per_l", "hepatitis_b", "tpmt_nudt15"} <= set(quiet)
    for name in quiet:
        assert {trace(route(**{name: value})) for value in possible(name)} == {trace(route())}, name


# --- clinical promises ---------------------------------------------------------------------------------------------


def test_steroid_and_sparing_agent_start_together_whenever_the_disease_is_confirmed():
    assert {"prednisone", "methotrexate", "azathioprine", "mycophenolate"} <= set(NODES["first_line"].drugs)
    for answers, result in enumerated():
        assert ("first_line" in result.taken) is ("severity" in result.taken), answers


@pytest.mark.parametrize(
    ("danger", "calmly", "urgently", "box"),
    [
        ("respiratory_failure", False, True, "urgent_breathing"),
        ("dysphagia", "none", "severe", "urgent_swallow"),
        ("myocarditis", False, True, "urgent_heart"),
    ],
)
def test_an_urgent_step_is_taken_beside_the_route_and_never_replaces_it(danger, calmly, urgently, box):
    for answers in [{}, *(answers for answers, _ in enumerated()[::97])]:
        calm, urgent = (walked({**answers, danger: value}) for value in (calmly, urgently))
        assert box in urgent.taken
        # Only the steroid-free start, which is for those who are not severe, may fall away.
        assert set(calm.taken) - set(urgent.taken) <= {"ivig_alone"}, answers


def test_a_statin_in_anti_hmgcr_disease_is_stopped_and_never_restarted():
    for answers, result in enumerated():
        if answers["anti_hmgcr"] == "positive" and answers["statin"] == "taking":
            assert {"statin_stop", "statin_never"} <= set(result.taken)
        if answers["anti_hmgcr"] == "positive" and answers["statin"] == "stopped":
            assert "statin_never" in result.taken
        if answers["anti_hmgcr"] == "negative" or answers["statin"] == "never":
            assert not {"statin_stop", "statin_never"} & {*result.taken, *result.open}


def test_a_statin_is_held_while_the_antibody_is_awaited_and_the_course_says_whose_idea_that_is():
    result = route(anti_hmgcr="not_tested", statin="taking")
    held = next(step for step in result.steps if step.node.id == "statin_stop")
    assert held.status == "taken"
    assert held.whose == (EDGES["hold_statin"].whose,)
    assert "statin_never" in result.open


def test_severe_disease_shows_pulses_at_once_and_ivig_before_pulses_each_with_its_owner():
    result = route(weakness="severe")
    steps = {step.node.id: step for step in result.steps}
    assert {"ivig_first", "pulse"} <= set(result.taken)
    assert steps["pulse"].whose == (EDGES["severe_pulse"].whose, EDGES["ivig_then_pulse"].whose)
    assert steps["ivig_first"].whose == (EDGES["severe_ivig"].whose,)
    assert "pulse" not in route(weakness="moderate").taken


def test_both_rituximab_orders_are_walked_in_anti_srp_disease_and_name_their_owners():
    result = route(anti_hmgcr="negative", anti_srp="positive")
    steps = {step.node.id: step for step in result.steps}
    early = next(way for way in steps["rtx_early"].ways if way.edge == "srp_rtx_early")
    later = next(way for way in steps["first_line"].ways if way.edge == "srp_rtx_later")
    assert early.whose
    assert later.whose
    assert early.whose != later.whose
    assert "rtx_early" not in route().taken


@pytest.mark.parametrize(
    ("answers", "open_to"),
    [
        ({"weakness": "none"}, True),
        ({"weakness": "mild", "diabetes": True}, True),
        ({"weakness": "mild"}, False),
        ({"weakness": "severe", "diabetes": True}, False),
        ({"weakness": "none", "myocarditis": True}, False),
        ({"weakness": "none", "age_years": 9.0}, False),
        ({"weakness": "none", "anti_hmgcr": "negative", "anti_srp": "positive"}, False),
    ],
)
def test_the_steroid_free_start_is_for_chosen_anti_hmgcr_adults_only(answers, open_to):
    assert ("ivig_alone" in route(**answers).taken) is open_to


@pytest.mark.parametrize("weakness", ["mild", "moderate", "severe"])
def test_weak_anti_hmgcr_patients_are_shown_triple_induction(weakness):
    assert "triple" in route(weakness=weakness).taken
    assert "triple" not in route(weakness=weakness, anti_hmgcr="negative", anti_srp="positive").taken


def test_a_child_is_told_that_the_doses_are_borrowed():
    assert "child" in route(age_years=9.0).taken
    assert "child" not in route(age_years=18.0).taken
    assert "child" in route(age_years=None).open
    assert "juvenile dermatomyositis" in NODES["child"].text


def test_ivig_is_the_second_line_until_it_has_been_used():
    for answers, result in enumerated():
        if answers["response"] == "inadequate" and "severity" in result.taken and answers["used"] is not None:
            assert ("add_ivig" in result.taken) is ("ivig" not in answers["used"]), answers


def test_nothing_beyond_the_second_line_comes_before_a_re_check():
    later = {"missing_arm", "arm_hmgcr", "arm_srp", "arm_sero", "arm_unknown", "arm_swap", "rescue", "investigational"}
    for answers, result in enumerated():
        if later & set(result.taken):
            assert answers["recheck_done"] is True
            order = result.taken
            assert all(order.index("recheck") < order.index(box) for box in later & set(order))
        if answers["recheck_done"] is False:
            assert not later & {*result.taken, *result.open}


@pytest.mark.parametrize(
    ("hmgcr", "srp", "arm"),
    [
        ("positive", "negative", "arm_hmgcr"),
        ("negative", "positive", "arm_srp"),
        ("negative", "negative", "arm_sero"),
        ("not_tested", "negative", "arm_unknown"),
        ("negative", "not_reported", "arm_unknown"),
        ("not_tested", "not_tested", "arm_unknown"),
    ],
)
def test_refractory_disease_is_split_by_antibody(hmgcr, srp, arm):
    arms = {"arm_hmgcr", "arm_srp", "arm_sero", "arm_unknown"}
    result = route(anti_hmgcr=hmgcr, anti_srp=srp, response="inadequate", used=FIRST_LINE | {"ivig"}, recheck_done=True)
    assert arms & set(result.taken) == {arm}


def test_rescue_waits_for_both_arms_and_trials_wait_for_a_rescue():
    failed = {"response": "inadequate", "recheck_done": True}
    both = FIRST_LINE | {"ivig", "rituximab"}
    assert "rescue" not in route(**failed, used=FIRST_LINE | {"ivig"}).taken
    assert "rescue" in route(**failed, used=both).taken
    assert "investigational" not in route(**failed, used=both).taken
    assert "investigational" in route(**failed, used=both | {"plasma_exchange"}).taken


def test_an_incomplete_first_line_is_completed():
    for used, incomplete in [(frozenset({"glucocorticoid"}), True), (frozenset({"ivig"}), True), (FIRST_LINE, False)]:
        assert ("complete_first" in route(response="inadequate", used=used).taken) is incomplete


def test_a_relapse_goes_round_once_and_ends():
    result = route(response="relapsed", used=FIRST_LINE)
    assert len(result.taken) == len(set(result.taken))
    loop = next(way for step in result.steps for way in step.ways if way.edge == "relapse_loop")
    assert loop.returns
    assert loop.end == "severity"
    assert result.taken.index("relapse") > result.taken.index("taper")
    assert "judge" in result.ends


def test_a_patient_nobody_has_examined_still_gets_the_common_steps_and_a_list_of_what_is_missing():
    result = walk(findings({}), PATHWAY, LEDGER.drugs)
    assert result.taken == ("confirm", "screen", "baseline")
    assert {"muscle_biopsy", "anti_hmgcr", "anti_srp"} <= set(result.missing)
    confirmed = next(item for item in result.undecided if item.way.edge == "confirmed")
    assert confirmed.asked == ("Muscle biopsy", "Anti-HMGCR antibody", "Anti-SRP antibody")
    assert "anti-HMGCR antibody" in confirmed.words()


def test_a_biopsy_alone_opens_the_common_first_line_and_leaves_the_antibody_routes_open():
    result = route(anti_hmgcr="not_tested", anti_srp="not_tested")
    assert "first_line" in result.taken
    assert {"triple", "srp_combine", "sero_look"} <= set(result.open)


def test_negative_antibodies_and_another_biopsy_lead_off_the_map():
    result = route(anti_hmgcr="negative", anti_srp="negative", muscle_biopsy="other")
    assert result.ends == ("other_diagnosis",)
    assert not result.checks


# --- checks --------------------------------------------------------------------------------------------------------

SRP = {"anti_hmgcr": "negative", "anti_srp": "positive"}


def duties(result: Walk, drug: str) -> dict[str, str]:
    return {found.check: found.duty for found in result.checks if found.drug == drug}


def test_hepatitis_b_stands_between_the_patient_and_rituximab():
    untested, positive, negative = (
        duties(route(**SRP, hepatitis_b=answer), "rituximab") for answer in ("not_tested", "positive", "negative")
    )
    assert untested["rituximab_hepatitis_b_test"] == "do first"
    assert "rituximab_hepatitis_b_positive" not in untested
    assert "rituximab_hepatitis_b_test" not in positive
    assert positive["rituximab_hepatitis_b_positive"] == "contraindicated"
    assert not {"rituximab_hepatitis_b_test", "rituximab_hepatitis_b_positive"} & set(negative)


@pytest.mark.parametrize(
    ("answers", "duty"),
    [
        ({"pregnant": True}, "contraindicated"),
        ({"pregnant": None}, "do first"),
        ({"pregnant": False}, None),
        ({"pregnant": None, "sex": "male"}, None),
        ({"pregnant": True, "sex": None}, "do first"),
    ],
)
def test_pregnancy_bars_methotrexate_and_mycophenolate_and_is_asked_where_unknown(answers, duty):
    result = route(**answers)
    assert duties(result, "methotrexate").get("methotrexate_pregnancy") == duty
    assert duties(result, "mycophenolate").get("mycophenolate_pregnancy") == duty


@pytest.mark.parametrize(
    ("answer", "check_id", "duty"),
    [
        (None, "azathioprine_enzyme_test", "do first"),
        ("not_tested", "azathioprine_enzyme_test", "do first"),
        ("intermediate", "azathioprine_intermediate", "do first"),
        ("poor", "azathioprine_poor", "contraindicated"),
    ],
)
def test_azathioprine_asks_for_tpmt_and_nudt15(answer, check_id, duty):
    named = {"azathioprine_enzyme_test", "azathioprine_intermediate", "azathioprine_poor"}
    found = duties(route(tpmt_nudt15=answer), "azathioprine")
    assert {name: found[name] for name in named & set(found)} == {check_id: duty}
    assert not named & set(duties(route(), "azathioprine"))


ALL_CHECKS = [(drug, item) for drug in LEDGER.drugs for item in drug.checks]


@pytest.mark.parametrize(("drug", "item"), ALL_CHECKS, ids=[item.id for _, item in ALL_CHECKS])
def test_every_conditional_check_applies_to_some_patient_and_not_to_another(drug: Drug, item: Check):
    only = Pathway("here", (Node("here", "Here", "end", "all", 0, "", drugs=(drug.key,)),), ())
    applies = set()
    for name in FIELDS:
        for value in possible(name):
            result = walk(findings(patient(**{name: value})), only, LEDGER.drugs)
            applies.add(any(found.check == item.id and not found.missing for found in result.checks))
    assert applies == ({True} if item.when is None else {True, False})


def test_what_cannot_be_judged_is_asked_first_and_names_the_question():
    result = route(takes_trimethoprim=None)
    found = next(found for found in result.checks if found.check == "methotrexate_trimethoprim")
    assert (found.duty, found.missing) == ("do first", ("takes_trimethoprim",))
    assert "Ask first: takes trimethoprim" in found.words()
    certain = next(
        found for found in route(takes_trimethoprim=True).checks if found.check == "methotrexate_trimethoprim"
    )
    assert (certain.duty, certain.missing) == ("watch", ())


def test_only_drugs_on_the_route_are_checked():
    on_route = {key for name in route().taken for key in NODES[name].drugs}
    assert "rituximab" not in on_route
    assert {found.drug for found in route().checks} <= on_route


def test_a_check_shared_by_several_drugs_is_read_once():
    result = route()
    texts = [(group.duty, group.text, group.asked) for group in result.grouped_checks]
    assert len(texts) == len(set(texts)) < len(result.checks)
    assert {name for group in result.grouped_checks for name in group.drugs} == {
        found.drug_name for found in result.checks
    }


# --- the nearest change --------------------------------------------------------------------------------------------


def applied(answers: Answers, change: Change) -> list[Answers]:
    """Every way of answering the changed field that the change could mean."""
    return [{**answers, change.field: value} for value in possible(change.field)]


@settings(max_examples=60)
@given(st.data())
def test_each_change_is_really_one_answer_away(data):
    answers = {name: data.draw(st.sampled_from(possible(name)), label=name) for name in FIELDS if name != "used"}
    answers["used"] = data.draw(st.sampled_from(USED))
    before = set(walk(findings(answers), BARE, ()).taken)
    for change in changes(findings(answers), BARE):
        assert change.adds or change.drops
        after = (before - set(change.drops)) | set(change.adds)
        if change.field == "used":
            kept = answers["used"] or frozenset()
            toggled = [kept ^ {one} for one in TREATMENTS] if answers["used"] is not None else []
            options = [{**answers, "used": one} for one in (*toggled, frozenset(), *({one} for one in TREATMENTS))]
        else:
            options = applied(answers, change)
        assert any(set(walk(findings(other), BARE, ()).taken) == after for other in options), change


def test_where_no_answer_could_alter_the_route_none_is_named():
    alone = Pathway("here", (Node("here", "Here", "end", "all", 0, ""),), ())
    assert walk(findings(BASE), alone, ()).nearest_change is None


def test_a_missing_answer_is_nearer_than_a_different_one():
    change = route(diabetes=None, weakness="mild").nearest_change
    assert change is not None
    assert (change.field, change.answer, change.was_unanswered) == ("diabetes", "yes", True)
    assert change.adds == ("ivig_alone",)


def test_the_nearest_change_is_said_in_words():
    change = route(**SRP, response="inadequate", used=FIRST_LINE | {"ivig"}).nearest_change
    assert change is not None
    assert change.words == (
        "If the answer to “Diagnosis re-checked” were yes, the route would add “Which arm is unused?”, "
        "“SRP: rituximab now” and “Add or swap sparing agent”."
    )
    spoken = [found.words for found in changes(findings(patient()), PATHWAY)]
    assert any(words.startswith("If anti-SRP antibody were positive, the route would add") for words in spoken)
    assert any(words.startswith("If the patient were under 18 years, the route would add") for words in spoken)


def test_age_and_sex_are_never_the_nearest_change_while_a_finding_is():
    fields = [found.field for found in changes(findings(patient()), PATHWAY)]
    assert fields[-1] == "age_years"


def test_numbers_are_tried_on_both_sides_of_each_limit():
    start, high = (Node(name, name, "end", "all", row, "") for row, name in enumerate(("start", "high")))
    edge = Edge("e", "start", "high", "high CK", ("f",), {"field": "ck_u_per_l", "at_least": 5000})
    found = changes({"ck_u_per_l": 100.0}, Pathway("start", (start, high), (edge,)))
    assert found[0].words == "If creatine kinase were 5,000 U/L, the route would add “high”."
    assert changes({"ck_u_per_l": 9000.0}, Pathway("start", (start, high), (edge,)))[0].drops == ("high",)


# --- the result ----------------------------------------------------------------------------------------------------


def test_the_order_in_which_answers_are_given_changes_nothing():
    forwards, backwards = BASE, dict(reversed(BASE.items()))
    first, second = (walk(findings(answers), PATHWAY, LEDGER.drugs) for answers in (forwards, backwards))
    assert first == second
    assert first.to_dict() == second.to_dict()


def test_a_walk_reads_the_findings_and_leaves_them_alone():
    laid_out = findings(BASE)
    before = dict(laid_out)
    walk(laid_out, PATHWAY, LEDGER.drugs)
    assert laid_out == before


def test_missing_keys_count_as_not_answered():
    assert walk({}, PATHWAY, LEDGER.drugs) == walk(findings({}), PATHWAY, LEDGER.drugs)


def test_a_step_never_comes_before_a_way_that_led_to_it():
    for answers, _ in every_walk()[::31]:
        seen: set[str] = set()
        for step in walk(findings(answers), BARE, ()).steps:
            forward = [way for way in step.ways if not way.returns]
            assert step.node.id == PATHWAY.start or any(way.start in seen for way in forward), step.node.id
            seen.add(step.node.id)


def test_the_reasons_in_a_step_are_those_of_the_rules():
    result = route(**SRP, weakness="severe")
    laid_out = findings(patient(**SRP, weakness="severe"))
    for step in result.steps:
        for way in step.ways:
            assert way.why == evaluate(EDGES[way.edge].when, laid_out)
            assert way.why.words() in step.why or way.why.form == "always"


@pytest.mark.parametrize(
    "answers", [{}, BASE, patient(response="relapsed"), patient(**SRP, response="inadequate", used=None)]
)
def test_a_walk_survives_json_unchanged(answers):
    plain = walk(findings(answers), PATHWAY, LEDGER.drugs).to_dict()
    assert json.loads(json.dumps(plain, allow_nan=False)) == plain


def test_every_fact_of_a_walk_exists_in_the_ledger():
    known = {fact.id for fact in LEDGER.facts}
    for answers, _ in one_at_a_time()[::7]:
        result = walk(findings(answers), PATHWAY, LEDGER.drugs)
        assert result.sources
        assert set(result.sources) <= known


def test_the_summary_is_one_line_and_says_what_is_missing():
    told = repr(route(anti_srp="not_tested"))
    assert "\n" not in told
    assert told.startswith("Route of 10 steps")
    assert "waiting for anti-SRP antibody" in told
    assert "nothing open" in repr(route())


def test_the_table_form_has_captions_and_headings_for_rows_and_columns():
    shown = route(pregnant=True, anti_srp="not_tested", hepatitis_b=None)._repr_html_()
    assert shown.count("<caption>") == shown.count("<table") == 3
    assert 'scope="col"' in shown
    assert 'scope="row"' in shown
    assert "contraindicated" in shown


def test_text_of_the_ledger_is_escaped_in_the_table_form():
    here = Node("here", "<script>alert(1)</script>", "end", "all", 0, "a < b")
    shown = walk({}, Pathway("here", (here,), ()), ())._repr_html_()
    assert "<script>" not in shown
    assert "a &lt; b" in shown


def test_the_text_form_tells_every_step_every_open_way_and_every_check():
    result = route(anti_srp="not_tested")
    told = "\n".join(result.sentences())
    for step in result.steps:
        assert step.node.title in told
    for item in (*result.undecided, *result.grouped_checks):
        assert item.words() in told


def test_a_malformed_condition_stops_the_walk_with_a_reason():
    here, there = (Node(name, name, "end", "all", row, "") for row, name in enumerate(("here", "there")))
    edge = Edge("e", "here", "there", "", ("f",), {"field": "anti_spr", "is": "positive"})
    with pytest.raises(Refused, match="anti_srp"):
        walk({}, Pathway("here", (here, there), (edge,)), ())


def test_a_walk_is_quick_enough_to_follow_a_finger():
    laid_out = findings(BASE)
    taken = []
    for _ in range(7):
        start = time.perf_counter()
        walk(laid_out, PATHWAY, LEDGER.drugs)
        taken.append(time.perf_counter() - start)
    assert min(taken) < 0.015
