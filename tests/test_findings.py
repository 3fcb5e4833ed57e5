"""What follows from an answer by itself, what contradicts another answer, and what nobody may infer."""

from __future__ import annotations

import pytest

import namlib as nam
from namlib.model.findings import FIELDS, NONE_FOUND, ck_above_limit, findings
from namlib.model.patient import PatientError
from namlib.records import Refused
from namlib.widgets.part import read_inputs, start_inputs


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ({}, None),
        ({"ck_u_per_l": 711.0}, None),  # no limit, and below what lies above every limit
        ({"ck_u_per_l": 711.0, "ck_upper_limit_u_per_l": 170.0}, True),  # record IMNM-04
        ({"ck_u_per_l": 170.0, "ck_upper_limit_u_per_l": 170.0}, False),  # at the limit is not above it
        ({"ck_u_per_l": 1000.0}, True),
        ({"ck_u_per_l": 999.9}, None),
        ({"ck_raised": True}, True),
        ({"ck_raised": False}, False),
        ({"ck_upper_limit_u_per_l": 170.0}, None),
    ],
)
def test_whether_ck_is_raised_is_read_from_number_limit_or_word_and_otherwise_not_known(answers, expected):
    assert ck_above_limit(answers) is expected
    assert findings(answers)["ck_above_limit"] is expected


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ({}, None),
        ({"weak_proximal_arms": True}, True),
        ({"weak_proximal_legs": True, "weak_proximal_arms": False}, True),
        ({"weak_proximal_arms": False, "weak_proximal_legs": False}, False),
        ({"weak_proximal_arms": False}, None),
        ({"proximal_weakness": True, "weak_proximal_arms": False}, True),
    ],
)
def test_weak_arms_or_legs_are_proximal_weakness_and_nothing_is_inferred_the_other_way(answers, expected):
    laid_out = findings(answers)
    assert laid_out["proximal_weakness"] is expected
    for limb in ("weak_proximal_arms", "weak_proximal_legs"):
        assert laid_out[limb] is answers.get(limb)


def test_a_panel_that_was_done_makes_the_other_antibodies_negative_and_none_done_leaves_them_open():
    assert findings({})["other_antibodies_Jo-1"] is None
    assert findings({"other_antibodies": frozenset({NONE_FOUND})})["other_antibodies_Jo-1"] is False
    found = findings({"other_antibodies": frozenset({"MDA5"})})
    assert found["other_antibodies_MDA5"] is True and found["other_antibodies_Jo-1"] is False


CONTRADICTIONS = [
    ({"ck_raised": False, "ck_u_per_l": 8200}, "ck_raised"),
    ({"ck_raised": True, "ck_u_per_l": 100, "ck_upper_limit_u_per_l": 200}, "ck_raised"),
    ({"proximal_weakness": False, "weak_proximal_legs": True}, "proximal_weakness"),
    ({"proximal_weakness": True, "weak_proximal_legs": False, "weak_proximal_arms": False}, "proximal_weakness"),
    ({"age_years": 50, "onset_age_years": 51}, "onset_age_years"),
    ({"other_antibodies": {NONE_FOUND, "Ku"}}, "other_antibodies"),
    ({"muscle_biopsy": "not_done", "biopsy_rimmed_vacuoles": True}, "muscle_biopsy"),
    ({"muscle_biopsy": "not_done", "mhc1": "raised"}, "muscle_biopsy"),
]


@pytest.mark.parametrize(("answers", "field"), CONTRADICTIONS)
def test_two_answers_that_cannot_both_be_right_are_refused_by_patient_and_explorer_alike(answers, field):
    with pytest.raises(PatientError, match=field):
        nam.Patient(**answers)
    with pytest.raises(Refused) as refused:
        start_inputs(list(FIELDS), answers)
    assert refused.value.field == field
    said = {name: {True: "yes", False: "no"}.get(value, value) if isinstance(value, bool) else value
            for name, value in answers.items()}  # fmt: skip
    _, errors = read_inputs({**said, "other_antibodies": sorted(answers.get("other_antibodies", ()))}, list(FIELDS))
    assert set(errors) == {field}
    if len(answers) > 1:  # each answer by itself is fine
        for name in answers:
            nam.Patient(**{name: answers[name]})


def test_answers_that_agree_are_accepted():
    patient = nam.Patient(
        ck_raised=True,
        ck_u_per_l=300,
        ck_upper_limit_u_per_l=200,
        proximal_weakness=True,
        weak_proximal_arms=False,
        age_years=50,
        onset_age_years=50,
        muscle_biopsy="not_done",
        mhc1="not_done",
        biopsy_rimmed_vacuoles=False,
    )
    assert nam.Patient(**patient.to_dict()) == patient
