"""Danger signs: present, absent or not asked; unknown never counts as absent, and every advice has a footing."""

from __future__ import annotations

import itertools
import json
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import namlib as nam
from namlib import store
from namlib.model.findings import FIELDS, findings
from namlib.model.redflags import RedFlagResult, red_flags
from namlib.model.rules import QUESTIONS, check, rule
from namlib.records import RedFlagAction, Refused

LEDGER = store.load(check)
FLAGS = LEDGER.red_flags
FACTS = {fact.id: fact for fact in LEDGER.facts}
SIGNS = ["breathing", "swallowing", "heart", "rapid_loss", "checkpoint_inhibitor", "mda5_lung", "kidneys"]

Answers = dict[str, Any]


def said_of(answers: Answers) -> dict[str, RedFlagResult]:
    return {result.flag.id: result for result in red_flags(findings(answers), FLAGS)}


def states(answers: Answers) -> dict[str, str]:
    return {key: result.state for key, result in said_of(answers).items()}


# --- the data ------------------------------------------------------------------------------------------------------


def test_the_signs_of_the_evidence_are_there():
    assert [flag.id for flag in FLAGS] == SIGNS


@pytest.mark.parametrize("flag", FLAGS, ids=lambda flag: flag.id)
def test_a_sign_says_what_was_measured_and_every_line_for_tonight_has_facts_or_is_a_convention(flag):
    assert all(name in FACTS for name in flag.facts)
    assert len(flag.tonight) >= 3
    for act in flag.tonight:
        assert bool(act.facts) != act.convention
        assert all(name in FACTS for name in act.facts)
        assert act.text.endswith(".")


# A line says what is reported or done; the first word of an order to the reader would be one of these.
ORDERS = (
    "Ask", "Call", "Check", "Count", "Correct", "Do", "Give", "Keep", "Look", "Make", "Measure", "Monitor", "Send",
    "Start", "Stop", "Take", "Test", "Treat", "Write",
)  # fmt: skip


@pytest.mark.parametrize("flag", FLAGS, ids=lambda flag: flag.id)
def test_no_line_for_tonight_gives_an_order(flag):
    for act in flag.tonight:
        for sentence in act.text.split(". "):
            assert sentence.split()[0] not in ORDERS, sentence


def test_every_number_of_a_line_stands_in_its_facts():
    counted = 0
    for flag in FLAGS:
        for act in flag.tonight:
            held = " ".join(FACTS[name].statement for name in act.facts)
            found = re.findall(r"(?<![\w-])\d[\d.]*\d|(?<![\w-])\d", act.text)
            assert all(re.search(rf"(?<![\d.]){re.escape(number)}(?![\d])", held) for number in found), act.text
            counted += len(found)
    assert counted > 20


def test_anti_mda5_with_a_sign_from_the_lung_is_a_danger_of_its_own():
    # Arthritis Res Ther 2023, s13075-023-03100-z: 32 of 126 died, most of respiratory failure.
    found = {"other_antibodies": frozenset({"MDA5"})}
    assert states(found)["mda5_lung"] == "not asked"
    for sign in ("dyspnoea", "respiratory_failure", "lung_disease"):
        assert states(found | {sign: True})["mda5_lung"] == "present"
    none = {"dyspnoea": False, "respiratory_failure": False, "lung_disease": False}
    assert states(found | none)["mda5_lung"] == "absent"
    assert states({"other_antibodies": frozenset({"none found"}), "lung_disease": True})["mda5_lung"] == "absent"


def test_the_frequencies_of_breathing_and_heart_are_the_measured_ones():
    # Mayo Clin Proc 95:2144: 51 of 66 tested, 34 of 72 echocardiograms, 55 of 86 electrocardiograms.
    assert "resp_any" in FLAGS[0].facts and (FACTS["resp_any"].n, FACTS["resp_any"].n_total) == (51, 66)
    assert {"heart_any", "heart_ecg"} <= set(FLAGS[2].facts)
    assert (FACTS["heart_any"].n, FACTS["heart_any"].n_total) == (34, 72)
    assert (FACTS["heart_ecg"].n, FACTS["heart_ecg"].n_total) == (55, 86)


def test_an_action_without_facts_that_is_not_marked_is_refused():
    with pytest.raises(Refused, match="convention"):
        RedFlagAction("Do something.")
    with pytest.raises(Refused, match="both"):
        RedFlagAction("Do something.", facts=("resp_any",), convention=True)


@pytest.mark.parametrize("flag", FLAGS, ids=lambda flag: flag.id)
def test_every_sign_can_be_present_and_can_be_absent(flag):
    ready = rule(flag.when)
    keys = sorted(ready.questions)
    values = (QUESTIONS[key].values for key in keys)
    found = {ready.decide(dict(zip(keys, answers, strict=True))) for answers in itertools.product(*values)}
    assert found == {True, False}


# --- unknown is not absent -----------------------------------------------------------------------------------------


def test_nothing_known_makes_every_sign_a_question():
    for result in said_of({}).values():
        assert result.state == "not asked" and result.ask and not result.tonight


@settings(max_examples=80)
@given(
    answers=st.fixed_dictionaries(
        {},
        optional={
            name: st.booleans() if field.kind == "yes_no" else st.sampled_from(field.choices)
            for name, field in FIELDS.items()
            if field.kind in ("yes_no", "choice", "test")
        },
    )
)
def test_a_sign_is_absent_only_when_no_open_question_could_bring_it(answers):
    laid_out = findings(answers)
    for result in red_flags(laid_out, FLAGS):
        ready = rule(result.flag.when)
        unknown = [key for key in ready.questions if laid_out[key] is None]
        worst = {**laid_out, **{key: _worst(key) for key in unknown}}
        assert (result.state == "absent") == (ready.decide(worst) is False)
        assert (result.state == "present") == (ready.decide(laid_out) is True)
        assert all(laid_out[key] is None for key in result.ask)
        assert bool(result.ask) == (result.state == "not asked")
        assert bool(result.tonight) == (result.state == "present")
        json.dumps(result.to_dict())


def _worst(key: str) -> Any:
    """The answer that would bring a sign: yes, or the gravest choice."""
    question = QUESTIONS[key]
    return True if question.kind == "yes_no" else question.values[-1]


# --- worked records ------------------------------------------------------------------------------------------------


def test_one_no_does_not_clear_the_breathing():
    assert states({"respiratory_failure": False})["breathing"] == "not asked"
    assert states({"respiratory_failure": False, "dyspnoea": False})["breathing"] == "absent"
    assert states({"dyspnoea": True})["breathing"] == "present"


@pytest.mark.parametrize("degree", ["mild", "moderate", "severe"])
def test_any_trouble_swallowing_counts(degree):
    assert states({"dysphagia": degree})["swallowing"] == "present"
    assert states({"dysphagia": "none"})["swallowing"] == "absent"


def test_a_checkpoint_inhibitor_alone_asks_and_with_weak_eyes_acts():
    # Brain Commun 2:fcaa181: weak eyes in 9 of 24 after a checkpoint inhibitor, in none of 38 with IMNM.
    alone = said_of({"checkpoint_inhibitor": True})["checkpoint_inhibitor"]
    assert alone.state == "not asked" and "ocular_weakness" in alone.ask
    eyes = said_of({"checkpoint_inhibitor": True, "ocular_weakness": True})["checkpoint_inhibitor"]
    assert eyes.state == "present" and "ici_workup" in eyes.facts
    assert "drooping lids or double vision: yes" in eyes.why
    assert states({"checkpoint_inhibitor": False, "ocular_weakness": True})["checkpoint_inhibitor"] == "absent"


def test_a_normal_ck_does_not_clear_a_checkpoint_inhibitor():
    # Seven of the same patients had a normal CK.
    assert states({"checkpoint_inhibitor": True, "ck_raised": False})["checkpoint_inhibitor"] == "not asked"


def test_a_reader_without_a_patient_sees_what_to_do_for_every_sign():
    table = nam.red_flags()
    shown = table._repr_html_()
    for flag in FLAGS:
        assert all(act.text.replace("'", "&#x27;") in shown for act in flag.tonight)
    assert "a convention of this course" in shown
    assert "For this patient" not in shown


def test_with_a_patient_only_present_signs_carry_orders():
    table = nam.red_flags(nam.Patient(dyspnoea=True, dysphagia="none"))
    assert [row.state for row in table][:3] == ["present", "absent", "not asked"]
    shown = table._repr_html_()
    assert FLAGS[0].tonight[0].text in shown and FLAGS[1].tonight[0].text not in shown
    assert "Ask: " in shown
