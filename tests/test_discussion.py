"""A discussion tells nothing before it is earned, compares with the experts, and names traps by their stated rules."""

from __future__ import annotations

import dataclasses
import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from namlib import case_files, course
from namlib.course.cases import Case, panel_of
from namlib.discussion_records import LIKELIHOOD, Panel, PanelAnswer, PanelInfo
from namlib.model import discussion as model
from namlib.model.discussion import commit, find_traps, read_answer, state_of
from namlib.records import Refused

CASE = Case.load("stairs-and-bath")
assert CASE.discussion is not None
DISCUSSION = CASE.discussion
TRAPS = {trap.id: trap for trap in course.ledger().reasoning_traps}
CRITERIA = course.criteria_record("enmc_2016")

# One whole way through the case, sound in its reasoning.
SOUND: dict[str, dict[str, Any]] = {
    "stem": {},
    "problem": {"text": "Subacute weakness of the hips on atorvastatin, CK more than 20 times the limit."},
    "differential": {"ranked": ["hmgcr", "statin-toxic", "hypothyroid", "srp"], "confidence": 60},
    "tests": {"chosen": ["strength", "ck-again", "anti-hmgcr", "anti-srp", "tsh"]},
    "label": {"chosen": ["anti-hmgcr-myopathy"], "confidence": 90},
    "therapy": {"chosen": ["triple", "statin-never", "exercise"]},
    "four-weeks": {},
    "a-year": {},
    "done": {},
    "feedback": {},
    "new-facts": {"marks": {"never-statin": -1, "ck-falls": 2, "weak-band": 0, "cousin": 1, "raised-tsh": 0}},
}


def told_with(**changed: Any) -> model.State:
    return state_of(DISCUSSION, {**SOUND, **{name.replace("_", "-"): answer for name, answer in changed.items()}})


def place_of(state: model.State, stage: str) -> int:
    return next(place for place, one in enumerate(state.told) if one.stage.id == stage)


def patient(at: str) -> dict[str, Any]:
    return CASE.patient_at(at).answers()


def trap(name: str, state: model.State) -> model.TrapFound:
    before = state.told[: place_of(state, "feedback")]
    (found,) = find_traps(DISCUSSION, before, [TRAPS[name]])  # type: ignore[index]
    return found


# --- the state -----------------------------------------------------------------------------------------------------


def test_each_answer_opens_the_next_stage_and_the_last_ends_the_case() -> None:
    answers: dict[str, dict[str, Any]] = {}
    for stage in DISCUSSION.stages[:-1]:
        state = state_of(DISCUSSION, answers)
        assert state.now is stage and not state.finished
        assert [one.stage for one in state.told] == list(DISCUSSION.stages[: len(answers)])
        answers[stage.id] = commit(state, stage.id, SOUND[stage.id])
    state = state_of(DISCUSSION, answers)
    assert state.finished and len(state.told) == len(DISCUSSION.stages)
    assert repr(state) == "12 of 12 stages; finished"


def test_a_stage_is_answered_once_and_none_before_it_is_told() -> None:
    state = state_of(DISCUSSION, {"stem": {}})
    with pytest.raises(Refused, match="answered before"):
        commit(state, "stem", {})
    for stage in ("differential", "recap", "nowhere"):
        with pytest.raises(Refused, match="not told yet"):
            commit(state, stage, SOUND.get(stage, {}))


@given(st.sets(st.sampled_from([stage.id for stage in DISCUSSION.stages])))
def test_answers_behind_an_open_stage_open_nothing(answered: set[str]) -> None:
    state = state_of(DISCUSSION, {name: SOUND.get(name, {}) for name in answered})
    gap = next((stage for stage in DISCUSSION.stages[:-1] if stage.id not in answered), None)
    assert state.now is gap
    told = [one.stage.id for one in state.told]
    assert told == [stage.id for stage in itertools.takewhile(lambda one: one is not gap, DISCUSSION.stages)]


def test_an_answer_that_no_longer_fits_is_asked_again_and_said() -> None:
    state = told_with(tests={"chosen": ["x-ray of a test that is gone"]})
    assert state.now is not None and state.now.id == "tests"
    assert state.unfit == ("tests",)


@pytest.mark.parametrize(
    ("stage", "answer", "field"),
    [
        ("problem", {"text": " "}, "text"),
        ("problem", {}, "text"),
        ("differential", {"ranked": [], "confidence": 50}, "ranked"),
        ("differential", {"ranked": ["gout"], "confidence": 50}, "ranked"),
        ("differential", {"ranked": ["hmgcr", "hmgcr"], "confidence": 50}, "ranked"),
        ("differential", {"ranked": ["hmgcr"]}, "confidence"),
        ("differential", {"ranked": ["hmgcr"], "confidence": 101}, "confidence"),
        ("differential", {"ranked": ["hmgcr"], "confidence": "nan"}, "confidence"),
        ("differential", {"ranked": ["hmgcr"], "confidence": True}, "confidence"),
        ("differential", {"ranked": "hmgcr", "confidence": 50}, "ranked"),
        ("tests", {"chosen": [test.id for test in DISCUSSION.tests]}, "chosen"),
        ("tests", {"chosen": [["tsh"]]}, "chosen"),
        ("label", {"chosen": ["toxic", "unnamed"], "confidence": 50}, "chosen"),
        ("label", {"chosen": "toxic"}, "confidence"),
        ("therapy", {"chosen": []}, "chosen"),
        ("new-facts", {}, "never-statin"),
        ("new-facts", {"marks": {**SOUND["new-facts"]["marks"], "cousin": 3}}, "cousin"),
        ("new-facts", {"marks": {**SOUND["new-facts"]["marks"], "cousin": True}}, "cousin"),
    ],
)
def test_an_answer_that_is_none_is_refused_by_its_field(stage: str, answer: dict[str, Any], field: str) -> None:
    with pytest.raises(Refused) as refused:
        read_answer(DISCUSSION, DISCUSSION.stage(stage), answer)
    assert refused.value.field == field


def test_what_was_read_is_kept_in_one_form() -> None:
    stage = DISCUSSION.stage
    assert read_answer(DISCUSSION, stage("label"), {"chosen": "toxic", "confidence": "70"}) == {
        "chosen": ["toxic"],
        "confidence": 70,
    }
    flat = {name: str(mark) for name, mark in SOUND["new-facts"]["marks"].items()}
    assert read_answer(DISCUSSION, stage("new-facts"), flat) == SOUND["new-facts"]
    assert read_answer(DISCUSSION, stage("stem"), {"anything": 1}) == {"read": True}


# --- what was shown ------------------------------------------------------------------------------------------------


def test_only_what_was_shown_is_put_to_the_criteria() -> None:
    state = told_with()
    at_stem = model.shown_answers(state.told[:1], patient)
    assert at_stem["ck_u_per_l"] == 3960 and "anti_hmgcr" not in at_stem and "weak_proximal_legs" not in at_stem
    after = model.shown_answers(state.told[: place_of(state, "label")], patient)
    assert after["ck_u_per_l"] == 9840 and after["anti_hmgcr"] == "positive" and after["anti_srp"] == "negative"
    assert "cancer_screen" not in after, "that test was not chosen"
    fewer = told_with(tests={"chosen": ["tsh"]})
    assert "anti_hmgcr" not in model.shown_answers(fewer.told[:4], patient)


def test_a_finding_is_known_from_the_test_that_brings_it_to_light() -> None:
    assert {one.id for one in state_of(DISCUSSION, {"stem": {}}).known} == {
        finding.id for finding in DISCUSSION.findings if finding.known_from == "stem"
    }
    known = {one.id for one in told_with(tests={"chosen": ["tsh", "biopsy"]}).known}
    assert "tsh-normal" in known and "hmgcr-positive" not in known


def test_up_to_a_moment_the_course_holds_ck_and_strength_and_nothing_else() -> None:
    part = model.course_until(CASE, "week-4").record
    whole = CASE.record
    assert [one.at for one in part.ck] == ["first-visit", "admission", "week-4"]
    assert part.times == whole.times[: whole.place("week-4") + 1]
    for field in dataclasses.fields(part):
        if field.name not in ("person", "presentation", "times", "clocks", "ck", "strength"):
            assert not getattr(part, field.name), field.name


# --- comparison ----------------------------------------------------------------------------------------------------


def test_the_order_is_compared_and_what_must_not_be_missed_is_named() -> None:
    state = told_with(differential={"ranked": ["polymyalgia", "hmgcr"], "confidence": 30})
    compared = {
        one.hypothesis.id: one for one in model.compare_ranking(DISCUSSION, state.told, place_of(state, "differential"))
    }
    assert (compared["hmgcr"].yours, compared["hmgcr"].experts) == (2, 1)
    assert compared["polymyalgia"].standings == ("not plausible",) and compared["polymyalgia"].experts is None
    assert {name for name, one in compared.items() if one.missed} == {
        "statin-toxic",
        "srp",
        "hypothyroid",
        "dermatomyositis",
    }
    assert compared["hmgcr"].supporting == (
        "three years of atorvastatin",
        "weakness growing over five weeks",
        "CK 23 times the upper limit",
    )
    assert len(compared) == len(DISCUSSION.hypotheses)


def test_a_class_is_held_against_the_criteria_by_what_was_shown_and_by_the_whole_record() -> None:
    def judged(tests: list[str], label: str) -> model.LabelJudged:
        state = told_with(tests={"chosen": tests}, label={"chosen": label, "confidence": 50})
        return model.judge_label(state.told, place_of(state, "label"), patient, CRITERIA)

    sound = judged(["strength", "ck-again", "anti-hmgcr"], "anti-hmgcr-myopathy")
    assert sound.agrees_with_shown and sound.agrees_with_whole
    guessed = judged(["strength", "tsh"], "anti-hmgcr-myopathy")
    assert (guessed.agrees_with_shown, guessed.agrees_with_whole) == (False, True)
    assert "parts from" in guessed.words and guessed.shown.label != "anti_hmgcr_myopathy"
    assert judged(["tsh"], "unnamed").agrees_with_shown is None


def test_steps_are_held_against_the_pathway_by_what_was_shown() -> None:
    state = told_with(therapy={"chosen": ["triple", "ivig-alone", "wait"]})
    ledger = course.ledger()
    judged = model.judge_steps(state.told, place_of(state, "therapy"), patient, ledger.pathway, ledger.drugs)
    assert [option.id for option in judged.on_route] == ["triple"]
    assert "ivig-alone" in [option.id for option in (*judged.off_route, *judged.open)]
    assert "wait" not in [option.id for option in (*judged.on_route, *judged.open, *judged.off_route)], "it has no box"
    assert {node.id for node in judged.not_chosen} >= {"statin_never"}
    blind = told_with(tests={"chosen": ["tsh"]}, therapy={"chosen": ["triple"]})
    before = model.judge_steps(blind.told, place_of(blind, "therapy"), patient, ledger.pathway, ledger.drugs)
    assert before.on_route == ()
    assert "anti-HMGCR antibody" in before.words


# --- traps ---------------------------------------------------------------------------------------------------------


def test_sound_reasoning_springs_no_trap() -> None:
    assert [trap(name, told_with()).caught for name in TRAPS] == [False, False, False]


def test_anchoring_needs_an_excluding_finding_the_same_hypothesis_and_confidence() -> None:
    ranked = {"ranked": ["statin-toxic", "hmgcr"], "confidence": 80}
    kept = {"chosen": "toxic", "confidence": 70}
    tests = {"chosen": ["ck-again", "anti-hmgcr"]}
    found = trap("anchoring", told_with(differential=ranked, tests=tests, label=kept))
    assert found.caught is True
    assert "Statin myopathy" in found.because and "more than doubled" in found.because and "70 %" in found.because
    for changed in (
        {"label": {"chosen": "toxic", "confidence": 60}},
        {"label": {"chosen": "anti-hmgcr-myopathy", "confidence": 90}},
        {"tests": {"chosen": ["tsh"]}},
        {"differential": {"ranked": ["hmgcr", "statin-toxic"], "confidence": 80}},
    ):
        other = trap("anchoring", told_with(**{"differential": ranked, "tests": tests, "label": kept, **changed}))
        assert other.caught is False, changed


def test_premature_closure_is_a_class_without_its_deciding_test() -> None:
    named = {"chosen": "anti-hmgcr-myopathy", "confidence": 50}
    found = trap("premature_closure", told_with(tests={"chosen": ["tsh"]}, label=named))
    assert found.caught is True and "Anti-HMGCR antibody" in found.because
    for changed in (
        {"tests": {"chosen": ["anti-hmgcr"]}},
        {"label": {"chosen": "anti-hmgcr-myopathy", "confidence": 40}},
        {"label": {"chosen": "unnamed", "confidence": 100}},
    ):
        assert (
            trap("premature_closure", told_with(**{"tests": {"chosen": ["tsh"]}, "label": named, **changed})).caught
            is False
        )


@pytest.mark.parametrize(
    ("ranked", "caught"),
    [
        (["srp", "statin-toxic"], True),
        (["hmgcr", "srp"], True),  # the common one is left out
        (["statin-toxic", "srp"], False),
        (["hmgcr", "statin-toxic"], False),  # uncommon is not rare
    ],
)
def test_base_rate_neglect_is_a_rare_one_above_a_common_one_without_a_reason(ranked: list[str], caught: bool) -> None:
    found = trap("base_rate_neglect", told_with(differential={"ranked": ranked, "confidence": 50}))
    assert found.caught is caught
    assert ("rare behind such a start" in found.because) is caught


def test_a_rule_that_cannot_be_put_says_so() -> None:
    for found in find_traps(DISCUSSION, (), TRAPS.values()):
        assert found.caught is None and found.because


def test_every_trap_says_its_rule_with_its_threshold() -> None:
    for one in TRAPS.values():
        assert "{" not in one.said
        assert any(str(part) in one.said for part in (f"{one.confidence_percent or 0:g} %", one.findings))


# --- concordance ---------------------------------------------------------------------------------------------------


def panel(**answers: list[int]) -> Panel:
    rows = [
        PanelAnswer(item.replace("_", "-"), str(member), mark)
        for item, marks in answers.items()
        for member, mark in enumerate(marks)
    ]
    return Panel(PanelInfo("p.csv", "invented", True), tuple(rows))


@given(st.lists(st.sampled_from(list(LIKELIHOOD)), min_size=1, max_size=30), st.sampled_from(list(LIKELIHOOD)))
def test_credit_is_the_share_of_the_most_frequent_mark(marks: list[int], mark: int) -> None:
    stage = DISCUSSION.stage("new-facts")
    one = type(stage)("c", "concordance", 5, items=stage.items[:1])
    scored = model.score_concordance(one, {one.items[0].id: mark}, panel(never_statin=marks))
    most = max(marks.count(value) for value in LIKELIHOOD)
    assert scored.total == marks.count(mark) / most
    assert 0 <= scored.total <= 1
    best = scored.items[0].most_chosen[0]
    assert model.score_concordance(one, {one.items[0].id: best}, panel(never_statin=marks)).total == 1


def test_the_panel_of_the_course_is_said_to_be_invented() -> None:
    held = panel_of(CASE)
    assert held is not None and held.info.fictional
    scored = model.score_concordance(DISCUSSION.stage("new-facts"), SOUND["new-facts"]["marks"], held)
    assert scored.total == 5
    assert scored.words == "5.00 of 5 points against an invented panel"


@pytest.mark.parametrize(
    "content", [b"\xff\xfe", b"item;member;answer\na;b;1\n", b"", b'item,member,answer\n"' + b"x" * 300_000]
)
def test_a_panel_file_that_is_none_is_refused_with_its_name(tmp_path: Any, content: bytes) -> None:
    (tmp_path / "stairs-and-bath.csv").write_bytes(content)
    with pytest.raises(case_files.CaseError, match=r"stairs-and-bath\.csv"):
        panel_of(CASE, tmp_path)
    with pytest.raises(case_files.CaseError, match="cannot be read"):
        panel_of(CASE, tmp_path / "absent")


# --- a file and its record -----------------------------------------------------------------------------------------


def problems_after(old: str, new: str) -> list[str]:
    path = case_files.files()["stairs-and-bath"]
    text = path.read_text(encoding="utf-8")
    assert old in text
    from namlib.course.cases import known

    with pytest.raises(case_files.CaseError) as refused:
        case_files.build(text.replace(old, new, 1), path.name, known())
    return [str(problem) for problem in refused.value.problems]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("shows: [anti_hmgcr]", "shows: [pregnant_wife]", "'pregnant_wife' is not a known answer"),
        (
            "shows: [anti_hmgcr]",
            "shows: [lung_disease]",
            "the record holds no answer to 'lung_disease' at 'antibodies'",
        ),
        ("until: week-4", "until: week-5", "'week-5' is not a known point of the record"),
        ("enmc: anti_srp_myopathy", "enmc: lupus", "'lupus' is not a known label of ENMC 2016"),
        ("node: triple", "node: surgery", "'surgery' is not a known node of the pathway"),
        ("turned_out: hmgcr", "turned_out: gout", "'gout' is not a known hypothesis"),
        ("facts: [enmc_srp_items]", "facts: [enmc_srp_item]", "did you mean enmc_srp_items"),
    ],
)
def test_a_file_whose_halves_do_not_fit_is_refused_with_place_and_line(old: str, new: str, words: str) -> None:
    (problem,) = problems_after(old, new)
    assert problem.startswith("stairs-and-bath.yaml, line ") and ", discussion." in problem
    assert words in problem


def test_a_record_that_contradicts_itself_is_a_problem_of_the_file_and_no_traceback() -> None:
    said = problems_after("answers: {response: improving, weakness: moderate}", "answers: {response: untreated}")
    assert said and all(problem.startswith("stairs-and-bath.yaml, line ") for problem in said)
    assert any("contradicts" in problem for problem in said)


def test_every_case_of_the_course_can_be_walked_to_its_end() -> None:
    for name in case_files.files():
        case = Case.load(name)
        if case.discussion is None:
            continue
        answers: dict[str, dict[str, Any]] = {}
        while (state := state_of(case.discussion, answers)).now is not None:
            stage = state.now
            given_ = {
                "text": "x",
                "ranked": [case.discussion.hypotheses[0].id],
                "confidence": 50,
                "chosen": [one.id for one in (*stage.tests[:1], *stage.options[:1])],
                "marks": {item.id: 0 for item in stage.items},
            }
            answers[stage.id] = commit(state, stage.id, given_)
        assert state.finished


def test_the_check_for_authors_looks_at_the_panel_too(tmp_path: Any, capsys: pytest.CaptureFixture[str]) -> None:
    from namlib.__main__ import main

    source = case_files.files()["stairs-and-bath"]
    for folder in ("teaching", "panels"):
        (tmp_path / folder).mkdir()
    path = tmp_path / "teaching" / source.name
    path.write_bytes(source.read_bytes())
    panel_file = tmp_path / "panels" / "stairs-and-bath.csv"
    panel_file.write_bytes((source.parent.parent / "panels" / panel_file.name).read_bytes())
    assert main(["case", "check", str(path)]) == 0
    panel_file.write_text("item,member,answer\nnever-statin,1,9\n", encoding="utf-8")
    assert main(["case", "check", str(path)]) == 1
    said = capsys.readouterr().out
    assert "stairs-and-bath.csv: row 2: answer: 9 is not one of" in said and "nobody answered the item 'cousin'" in said
