"""What every teaching case must keep.

It says nothing that the course's own classifiers contradict, and nothing before it is known. Where a classifier rightly
answers otherwise, a note of the record says why, headed for instance ``ENMC 2016 at week-12``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any

import pytest

import namlib as nam
from namlib import store
from namlib.case_records import CaseLabel
from namlib.course.cases import Case
from namlib.discussion_records import Discussion, Option, Stage
from namlib.model.case import answers_at
from namlib.model.discussion import Told, compare_ranking, find_traps, judge_label

NAMES = sorted(path.stem for path in (store.data_folder() / "cases" / "teaching").glob("*.yaml"))
# The three forms that ENMC 2016 names; every other answer of it is that something is missing, or that it is not met.
FORMS = ("anti_hmgcr_myopathy", "anti_srp_myopathy", "antibody_negative_imnm")
CASE_CLASSES = ("possible", "probable", "definite")
# What a case calls a rival, and what the course calls the same one in mimics.csv.
RIVALS = {
    "statin-toxic": "toxic_statin",
    "hypothyroid": "hypothyroid",
    "dysferlin": "dysferlin",
    "fshd": "fshd",
    "hmgcr-gene": "hmgcr_gene",
    "inclusion-body": "ibm",
    "pompe": "pompe",
}


@cache
def case(name: str) -> Case:
    return Case.load(name)


def told(name: str) -> Discussion:
    discussion = case(name).discussion
    assert discussion is not None
    return discussion


def stages(name: str, kind: str) -> list[Stage]:
    return [stage for stage in told(name).stages if stage.kind == kind]


def best(stage: Stage) -> list[Option]:
    return [option for option in stage.options if option.verdict == "best"]


def final_label(name: str) -> CaseLabel | None:
    """The first label that held, in the order of events; a label that was wrong or later replaced is not one."""
    held = [label for label in case(name).record.labels if label.standing == "final"]
    return min(held, key=lambda label: case(name).record.place(label.at), default=None)


def concluded(name: str) -> str:
    """The answer of ENMC 2016 that the case comes to: that of the best class of its last commitment."""
    named = [option.enmc for option in best(stages(name, "label")[-1]) if option.enmc]
    assert len(named) == 1, f"{name}: the last commitment has one best class that says what ENMC 2016 answers"
    return named[0]


def explained(name: str, about: str) -> bool:
    """Whether the case says why a classifier answers otherwise: a note of the record under exactly this heading."""
    return any(note.about == about and note.text for note in case(name).record.notes)


def words(value: Any, skip: tuple[str, ...] = ()) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, tuple):
        for item in value:
            yield from words(item, skip)
    elif is_dataclass(value) and not isinstance(value, type):
        for field in fields(value):
            if field.name not in skip:
                yield from words(getattr(value, field.name), skip)


# --- the course's own classifiers ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_the_class_called_best_is_what_enmc_2016_answers_at_that_moment(name: str) -> None:
    compared = 0
    for stage in stages(name, "label"):
        answer = nam.classify_enmc2016(case(name).patient_at(stage.at)).label
        for option in stage.options:
            if not option.enmc:
                continue
            compared += 1
            agrees = (option.enmc == answer) == (option.verdict == "best")
            assert agrees or explained(name, f"ENMC 2016 at {stage.at}"), (name, stage.id, option.id, answer)
    assert compared >= 2, "a commitment needs a right and a wrong class that ENMC 2016 knows"


@pytest.mark.parametrize("name", NAMES)
def test_no_moment_of_the_course_has_another_enmc_2016_answer_than_the_case_teaches(name: str) -> None:
    label = final_label(name)
    assert label is not None, "a teaching case comes to a label that holds"
    record, conclusion, compared = case(name).record, concluded(name), 0
    for moment in case(name).moments:
        answer = nam.classify_enmc2016(case(name).patient_at(moment)).label
        known = record.place(moment) >= record.place(label.at)
        agrees = answer == conclusion if known else answer not in FORMS
        assert agrees or explained(name, f"ENMC 2016 at {moment}"), (name, moment, answer)
        compared += known
    assert compared >= 2


@pytest.mark.parametrize("name", NAMES)
def test_eular_acr_2017_does_not_call_a_case_of_imnm_no_myositis_unless_the_case_says_so(name: str) -> None:
    label = final_label(name)
    assert label is not None
    if concluded(name) not in FORMS:
        pytest.skip("not a case of IMNM; its points are no question of this course")
    for moment in case(name).moments[case(name).record.place(label.at) :]:
        score = nam.classify_eular_acr2017(case(name).patient_at(moment))
        at_most = str(score.class_high).lower()
        assert at_most in CASE_CLASSES or explained(name, f"EULAR/ACR 2017 at {moment}"), (name, moment, score)


@pytest.mark.parametrize("name", NAMES)
def test_the_cancer_risk_by_imacs_2023_is_spoken_of_as_it_comes_out(name: str) -> None:
    """Whoever the guideline is not meant for is told so; for the others the discussion names the group."""
    label = final_label(name)
    assert label is not None
    if concluded(name) not in FORMS:
        pytest.skip("not a case of IMNM")
    risk = nam.cancer_risk_imacs2023(case(name).patient_at(label.at))
    facts = {fact for fact in case(name).facts if fact.startswith("imacs_")}
    if risk.applies is False:
        assert facts & {"imacs_scope", "imacs_further"}, (name, risk)
    else:
        assert facts, (name, risk)
        said = " ".join(words(told(name))).lower()
        for group in {risk.group_low, risk.group_high} if risk.settled else set():
            assert f"{group} risk" in said or f"at least {group}" in said, (name, group)


@pytest.mark.parametrize("name", NAMES)
def test_every_step_called_best_is_on_the_pathway_at_that_moment(name: str) -> None:
    """A step that the pathway has not ruled out may be best; at least one that it takes must be among them."""
    taken = 0
    for stage in stages(name, "therapy"):
        walk = nam.walk(case(name).patient_at(stage.at))
        for option in best(stage):
            if option.node:
                assert option.node in (*walk.taken, *walk.open), (name, stage.id, option.id)
                taken += option.node in walk.taken
    assert taken >= 1 or concluded(name) not in FORMS, name


@pytest.mark.parametrize("name", NAMES)
def test_rivals_are_excluded_by_the_case_where_the_course_excludes_them(name: str) -> None:
    label = final_label(name)
    assert label is not None
    judged = {row.mimic.id: row for row in nam.mimics(case(name).patient_at(label.at))}
    right = RIVALS.get(told(name).turned_out)
    assert right is None or judged[right].state != "excluded", (name, right)
    for hypothesis in told(name).hypotheses:
        row = judged.get(RIVALS.get(hypothesis.id, ""))
        if row is not None and row.state == "excluded" and hypothesis.plausible:
            assert hypothesis.excluded_by or hypothesis.against, (name, hypothesis.id, row)


def played(name: str, worths: tuple[str, ...], *, hasty: bool = False) -> list[Told]:
    """Play a case: tests of these worths only, as many as allowed, then the best class; in haste one with a name."""
    told_so_far = []
    for stage in told(name).stages:
        answer: dict[str, Any] = {"read": True}
        if stage.kind == "tests":
            offered = sorted((t for t in stage.tests if t.worth in worths), key=lambda test: worths.index(test.worth))
            answer = {"chosen": [test.id for test in offered][: stage.most]}
        elif stage.kind == "differential":
            answer = {"ranked": list(stage.ranked), "confidence": 60}
        elif stage.kind == "label":
            named = [option for option in stage.options if option.hypothesis]
            answer = {"chosen": [(named if hasty and named else best(stage))[0].id], "confidence": 80}
        elif stage.kind == "therapy":
            answer = {"chosen": [option.id for option in best(stage)]}
        told_so_far.append(Told(stage, answer))
    return told_so_far


@pytest.mark.parametrize("name", NAMES)
def test_whoever_ranks_as_the_experts_do_is_told_of_nothing_that_is_missing(name: str) -> None:
    course, ranked = played(name, ("deciding", "useful")), 0
    for place, one in enumerate(course):
        if one.stage.kind == "differential":
            compared = compare_ranking(told(name), course, place)
            assert not [row.hypothesis.id for row in compared if row.missed], name
            assert len(one.stage.ranked) <= one.stage.most
            ranked += 1
    assert ranked


@pytest.mark.parametrize("name", NAMES)
def test_no_step_that_is_called_a_mistake_is_said_to_be_on_the_pathway(name: str) -> None:
    """The words beside the options would otherwise say that the route has a box for it."""
    for stage in stages(name, "therapy"):
        walk = nam.walk(case(name).patient_at(stage.at))
        for option in stage.options:
            if option.node and option.verdict in ("wrong", "harmful"):
                assert option.node not in (*walk.taken, *walk.open), (name, stage.id, option.id)


@pytest.mark.parametrize("name", NAMES)
def test_the_deciding_and_useful_tests_are_enough_to_reach_every_class(name: str) -> None:
    """Who chooses well is shown enough: ENMC 2016, put to nothing but that, answers what the case calls best."""
    course, criteria = (
        played(name, ("deciding", "useful")),
        next(c for c in store.load().criteria if c.id == "enmc_2016"),
    )
    for place, one in enumerate(course):
        if one.stage.kind == "label":
            judged = judge_label(course, place, lambda at: answers_at(case(name).record, at), criteria)
            assert judged.agrees_with_shown in (True, None), (name, one.stage.id, judged.shown.label)


@pytest.mark.parametrize("name", NAMES)
def test_whoever_names_a_disease_without_a_deciding_test_is_told_so(name: str) -> None:
    careless = find_traps(told(name), played(name, ("little",), hasty=True), store.load().reasoning_traps)
    careful = find_traps(told(name), played(name, ("deciding", "useful")), store.load().reasoning_traps)
    assert {trap.trap.id: trap.caught for trap in careless}["premature_closure"] is True
    assert not [trap for trap in careful if trap.caught]


# --- nothing before its time, nothing that is not in the record -----------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_whatever_a_text_gives_away_is_known_to_the_record_at_that_moment(name: str) -> None:
    shown = 0
    for stage in told(name).stages:
        moment = stage.at or stage.until
        given = [*stage.shows, *(answer for test in stage.tests for answer in test.shows)]
        if not given:
            continue
        answers = answers_at(case(name).record, moment)
        assert set(given) <= set(answers), (name, stage.id, sorted(set(given) - set(answers)))
        assert not {field for field in given if answers[field] in ("not_tested", "not_done", "not_reported")}, stage.id
        shown += len(given)
    assert shown >= 10


@pytest.mark.parametrize("name", NAMES)
def test_every_ck_that_is_told_stands_in_the_record_by_then(name: str) -> None:
    record, found = case(name).record, 0
    for stage in told(name).stages:
        moment = stage.at or stage.until
        if not moment:
            continue
        known = {row.value_u_per_l for row in record.ck if record.place(row.at) <= record.place(moment)}
        for text in (stage.text, *(test.result for test in stage.tests)):
            for number in re.findall(r"CK (?:is|of) (\d[\d,]*) U/L|CK (\d[\d,]*) U/L", text):
                found += 1
                assert float("".join(number).replace(",", "")) in known, (name, stage.id, number)
    assert found >= 1


@pytest.mark.parametrize("name", NAMES)
def test_no_discussion_of_a_case_gives_a_dose(name: str) -> None:
    for text in words(told(name)):
        assert not re.search(r"\b\d[\d.,]*\s?(?:mg|g|micrograms?)\b(?!/dL)", text), text


# --- what a case must offer -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_a_case_has_dangers_a_trap_and_limits(name: str) -> None:
    discussion = told(name)
    assert len([one for one in discussion.hypotheses if one.dangerous]) >= 2
    assert any(one.essential and (one.excluded_by or one.against) for one in discussion.hypotheses), "no tempting rival"
    options = [option for stage in discussion.stages for option in stage.options]
    assert {"best", "too early"} <= {option.verdict for option in options}
    assert any(option.verdict in ("wrong", "harmful") for option in options)
    assert len(discussion.stages[-1].cannot_tell) >= 2
    assert 45 <= discussion.minutes <= 120
    results = [bool(test.result) for test in discussion.tests]
    assert True in results and False in results, "some tests have a result and some are not available"


@pytest.mark.parametrize("name", NAMES)
def test_the_experts_rank_the_right_answer_and_every_essential_one(name: str) -> None:
    ranked = set(stages(name, "differential")[0].ranked)
    essential = {one.id for one in told(name).hypotheses if one.essential}
    assert told(name).turned_out in ranked
    assert essential <= ranked, (name, essential - ranked)


@pytest.mark.parametrize("name", NAMES)
def test_every_question_comes_with_one_for_the_room(name: str) -> None:
    silent = [stage.id for stage in told(name).stages if stage.asked and not stage.ask and stage.kind != "concordance"]
    assert not silent, name
    assert sum(len(stage.items) for stage in told(name).stages) >= 3
    panel = told(name).panel
    assert panel is not None and panel.fictional


def test_children_get_children_s_doses_and_the_rows_for_adults_say_that_they_are_not_for_them() -> None:
    children = [name for name in NAMES if case(name).record.person.ages[-1].years < 18]
    assert children, "the library has a child"
    for name in children:
        label = final_label(name)
        assert label is not None
        patient = case(name).patient_at(label.at)
        assert patient.weight_kg and patient.height_cm
        rows = nam.doses(patient)
        for row in rows:
            if row.regimen.population == "adult":
                # A line of a starting document is shown as printed, which is a louder warning than its population.
                assert "other population" in repr(row) or row.regimen.standing == "as_printed", row
        for drug in ("prednisone", "methylprednisolone", "methotrexate"):
            own = [row for row in rows if row.regimen.drug == drug and row.regimen.population == "paediatric"]
            assert own and all(row.low is not None for row in own), (name, drug)
        given = [drug for drug in case(name).record.drugs if drug.role == "treatment" and drug.dose]
        bases = {drug.id: drug.dose.unit for drug in given if drug.dose}
        assert all("/kg" in basis or "/m2" in basis for basis in bases.values()), bases
