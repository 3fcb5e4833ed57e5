"""The patient a reader describes: every field optional, none defaulted, nothing that could identify a person."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError, field_validator, model_validator

from namlib.model import findings as _findings
from namlib.model.findings import FIELDS, age_group, contradiction, read
from namlib.records import Refused

Test = Literal["positive", "negative", "not_tested", "not_reported"]


class PatientError(ValueError):
    """What was entered was refused. Each line names a field, the value and what is accepted."""


class Patient(BaseModel):
    """What is known of a fictional patient. A field left out is unknown, and unknown is never read as negative.

    Numbers carry their unit in the name; see :data:`namlib.model.findings.FIELDS` for bounds and for what counts.

    Raises
    ------
    PatientError
        For a value out of bounds, in another unit, of another kind, or for a field that does not exist.

    Examples
    --------
    >>> patient = Patient(age_years=58, weight_kg=80, anti_hmgcr="positive", anti_srp="not_tested")
    >>> patient
    Patient: adult; Age 58 years, Weight 80 kg, Anti-HMGCR antibody positive, Anti-SRP antibody not tested
    >>> patient.height_cm is None
    True
    >>> Patient(weight_kg=-5)
    Traceback (most recent call last):
    namlib.model.patient.PatientError: weight_kg: -5 kg is outside what is accepted (2 to 350 kg)
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    age_years: float | None = None
    sex: Literal["female", "male"] | None = None
    weight_kg: float | None = None
    height_cm: float | None = None
    onset_age_years: float | None = None
    symptom_months: float | None = None
    ck_u_per_l: float | None = None
    ck_upper_limit_u_per_l: float | None = None
    ck_raised: bool | None = None
    other_enzymes_raised: bool | None = None
    proximal_weakness: bool | None = None
    weak_proximal_arms: bool | None = None
    weak_proximal_legs: bool | None = None
    neck_flexors_weaker: bool | None = None
    legs_weaker_proximally: bool | None = None
    finger_flexors_weaker: bool | None = None
    facial_weakness: bool | None = None
    ocular_weakness: bool | None = None
    dysphagia: Literal["none", "mild", "moderate", "severe"] | None = None
    heliotrope_rash: bool | None = None
    gottron_papules: bool | None = None
    gottron_sign: bool | None = None
    cutaneous_necrosis: bool | None = None
    raynaud: bool | None = None
    inflammatory_arthritis: bool | None = None
    muscle_biopsy: Literal["necrotizing", "other", "not_done", "not_reported"] | None = None
    biopsy_endomysial_infiltrate: bool | None = None
    biopsy_perimysial_infiltrate: bool | None = None
    biopsy_perifascicular_atrophy: bool | None = None
    biopsy_rimmed_vacuoles: bool | None = None
    mhc1: Literal["raised", "absent or focal", "not_done", "not_reported"] | None = None
    anti_hmgcr: Test | None = None
    anti_srp: Test | None = None
    other_antibodies: frozenset[str] | None = None
    thyroid: Literal["normal", "underactive", "not_tested", "not_reported"] | None = None
    gene_test: Literal["no cause found", "cause found", "not_done", "not_reported"] | None = None
    acid_alpha_glucosidase: Literal["normal", "low", "not_tested", "not_reported"] | None = None
    statin: Literal["never", "stopped", "taking", "not_reported"] | None = None
    better_off_trigger: bool | None = None
    checkpoint_inhibitor: bool | None = None
    other_myotoxin: bool | None = None
    family_history: bool | None = None
    attacks: bool | None = None
    better_explanation: bool | None = None
    myositis_subtype: (
        Literal[
            "IMNM",
            "dermatomyositis",
            "amyopathic dermatomyositis",
            "polymyositis",
            "antisynthetase syndrome",
            "overlap myositis",
            "inclusion body myositis",
        ]
        | None
    ) = None
    persistent_activity: bool | None = None
    cancer_screen: Literal["nothing found", "cancer found", "not_done", "not_reported"] | None = None
    connective_tissue_disease: bool | None = None
    viral_screen: Test | None = None
    weakness: Literal["none", "mild", "moderate", "severe"] | None = None
    respiratory_failure: bool | None = None
    dyspnoea: bool | None = None
    cardiac_signs: bool | None = None
    rapid_loss: bool | None = None
    myocarditis: bool | None = None
    response: Literal["untreated", "improving", "inadequate", "controlled", "relapsed"] | None = None
    used: frozenset[str] | None = None
    recheck_done: bool | None = None
    pregnant: bool | None = None
    renal_impairment: bool | None = None
    liver_disease: bool | None = None
    lung_disease: bool | None = None
    thrombosis_risk: bool | None = None
    iga_deficiency: bool | None = None
    hepatitis_b: Test | None = None
    tpmt_nudt15: Literal["normal", "intermediate", "poor", "not_tested", "not_reported"] | None = None
    takes_allopurinol: bool | None = None
    takes_trimethoprim: bool | None = None
    diabetes: bool | None = None

    if not TYPE_CHECKING:  # editors and mypy read the fields above as the signature

        def __init__(self, **answers: Any) -> None:
            try:
                super().__init__(**answers)
            except ValidationError as refused:
                reasons = []
                for error in refused.errors():
                    wrong = error.get("ctx", {}).get("error")
                    reasons.append(str(wrong) if wrong else f"{error['loc']}: {error['msg']}")
                raise PatientError("\n".join(reasons)) from None

    @model_validator(mode="before")
    @classmethod
    def _only_known_fields(cls, answers: Any) -> Any:
        for name in answers:
            if name not in FIELDS:
                near = difflib.get_close_matches(str(name), FIELDS, n=1)
                hint = f"; did you mean {near[0]}?" if near else f"; known fields: {', '.join(FIELDS)}"
                raise Refused(str(name)[:40], "is not a field of a patient" + hint)
        return answers

    @field_validator("*", mode="before")
    @classmethod
    def _read(cls, raw: Any, info: Any) -> Any:
        return read(info.field_name, raw)

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Patient:
        wrong = contradiction(self.answers())
        if wrong is not None:
            raise wrong
        return self

    @property
    def age_group(self) -> Literal["adult", "paediatric"] | None:
        """Adult from 18 years, paediatric below, None when the age is unknown."""
        return age_group(self.age_years)

    def findings(self) -> dict[str, Any]:
        """Return the answers as the rules read them; see :func:`namlib.model.findings.findings`."""
        return _findings.findings(self.answers())

    def answers(self) -> dict[str, Any]:
        """Return what was entered, and nothing else."""
        return {name: value for name in FIELDS if (value := getattr(self, name)) is not None}

    def to_dict(self) -> dict[str, Any]:
        """Return what was entered as plain data; ``Patient(**patient.to_dict())`` gives the same patient."""
        return {
            name: sorted(value) if isinstance(value, frozenset) else value for name, value in self.answers().items()
        }

    def __repr__(self) -> str:
        parts = [_said(name, value) for name, value in self.answers().items()]
        group = self.age_group or "age unknown"
        return f"Patient: {group}; " + (", ".join(parts) if parts else "nothing entered")

    __str__ = __repr__


def _said(name: str, value: Any) -> str:
    field = FIELDS[name]
    if isinstance(value, bool):
        return f"{field.label} {'yes' if value else 'no'}"
    if isinstance(value, frozenset):
        return f"{field.label}: {', '.join(sorted(value)) or 'none'}"
    if isinstance(value, float):
        return f"{field.label} {value:g} {field.unit}"
    return f"{field.label} {str(value).replace('_', ' ')}"
