"""Explore the diagnosis: findings in; both sets of criteria, missing tests, mimics and cancer group out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from namlib import course
from namlib.model.diagnosis import compare
from namlib.model.findings import FIELDS, findings
from namlib.model.mimics import mimics
from namlib.model.redflags import red_flags
from namlib.model.screening import imacs2023
from namlib.view.diagnosis import diagnosis_page, phrases
from namlib.view.slots import Page
from namlib.widgets.part import (
    Explorer,
    choice_control,
    group_control,
    number_control,
    read_inputs,
    start_inputs,
)

_FIRST = ("anti_hmgcr", "anti_srp", "muscle_biopsy", "proximal_weakness", "ck_u_per_l", "onset_age_years")
_GROUPS = {
    "Strength, group by group": (
        "weakness",
        "weak_proximal_arms",
        "weak_proximal_legs",
        "neck_flexors_weaker",
        "legs_weaker_proximally",
        "finger_flexors_weaker",
        "facial_weakness",
        "ocular_weakness",
    ),
    "Danger signs": (
        "dysphagia",
        "dyspnoea",
        "respiratory_failure",
        "cardiac_signs",
        "myocarditis",
        "rapid_loss",
        "renal_impairment",
    ),
    "Skin, joints and lung": (
        "heliotrope_rash",
        "gottron_papules",
        "gottron_sign",
        "cutaneous_necrosis",
        "raynaud",
        "inflammatory_arthritis",
        "lung_disease",
        "connective_tissue_disease",
    ),
    "History and exposures": (
        "statin",
        "sex",
        "symptom_months",
        "checkpoint_inhibitor",
        "other_myotoxin",
        "better_off_trigger",
        "attacks",
        "family_history",
        "persistent_activity",
        "myositis_subtype",
        "better_explanation",
        "used",
    ),
    "Blood, genes and screening": (
        "ck_upper_limit_u_per_l",
        "ck_raised",
        "other_enzymes_raised",
        "thyroid",
        "viral_screen",
        "cancer_screen",
        "gene_test",
        "acid_alpha_glucosidase",
        "other_antibodies",
    ),
    "Biopsy in detail": (
        "biopsy_endomysial_infiltrate",
        "biopsy_perimysial_infiltrate",
        "biopsy_perifascicular_atrophy",
        "biopsy_rimmed_vacuoles",
        "mhc1",
    ),
}
# Where the sliders run; the boxes accept whatever nam.Patient accepts.
_SLIDERS = {"ck_u_per_l": (0, 20000, 50), "onset_age_years": (0, 90, 1), "symptom_months": (0, 60, 1)}


def _control(name: str) -> dict[str, Any]:
    return number_control(name, _SLIDERS.get(name)) if FIELDS[name].kind == "number" else choice_control(name)


class DiagnosisExplorer(Explorer):
    """Enter findings and see both sets of criteria side by side, what is missing, which mimics stay, the cancer group.

    Parameters
    ----------
    **start
        Findings to start with, by the names of ``nam.Patient``.

    Raises
    ------
    namlib.records.Refused
        If a finding is not one the explorer asks, its value is not accepted, or two findings contradict each other.

    Examples
    --------
    >>> DiagnosisExplorer(anti_srp="positive", ck_u_per_l=8200).inputs["ck_u_per_l"]
    '8200'
    """

    def __init__(self, **start: Any) -> None:
        self._ledger = course.ledger()
        self._asked = [*_FIRST, *(name for names in _GROUPS.values() for name in names)]
        self._phrases = phrases(self._ledger)
        inputs = {**start_inputs(self._asked, start), "seq": 0}
        controls: list[dict[str, Any]] = [_control(name) for name in _FIRST]
        for label, names in _GROUPS.items():
            controls.append(group_control(label, open_=any(inputs[name] for name in names)))
            controls += [_control(name) for name in names]
        name, page, errors = self.show(inputs)
        assert not errors, errors
        super().__init__(
            name,
            page,
            inputs,
            title="Diagnosis explorer",
            controls=controls,
            pages={name: page.html},
            phrases=self._phrases,
        )

    def show(self, inputs: Mapping[str, Any]) -> tuple[str, Page, dict[str, str]]:
        """Turn the controls into a page; refused inputs come back with their reasons."""
        answers, errors = read_inputs(inputs, self._asked)
        if errors:
            return "diagnosis", Page((), str), errors
        laid_out = findings(answers)
        ledger = self._ledger
        enmc_2016, eular_acr_2017, imacs_2023 = (
            course.criteria_record(name) for name in ("enmc_2016", "eular_acr_2017", "imacs_2023")
        )
        self.comparison = compare(laid_out, enmc_2016, eular_acr_2017)
        self.risk = imacs2023(laid_out, imacs_2023, self.comparison.enmc)
        self.mimics = mimics(laid_out, ledger.mimics, ledger.mimic_features)
        flags = red_flags(laid_out, ledger.red_flags)
        return "diagnosis", diagnosis_page(self.comparison, self.risk, self.mimics, flags, self._phrases), {}

    def __repr__(self) -> str:
        return f"DiagnosisExplorer: {self._shown.values[0]}"
