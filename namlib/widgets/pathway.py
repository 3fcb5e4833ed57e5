"""Explore the therapy pathway: choose findings, see the route, open a box."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from namlib import course
from namlib.model.findings import findings
from namlib.model.pathway import walk
from namlib.records import Refused
from namlib.view.pathway import pathway_page, phrases, telling_box
from namlib.view.slots import Page
from namlib.widgets.part import Explorer, choice_control, group_control, read_inputs, start_inputs

_FIRST = ("anti_hmgcr", "anti_srp", "muscle_biopsy", "statin", "weakness", "response", "recheck_done", "used")
_GROUPS = {
    "Urgent": ("respiratory_failure", "dysphagia", "myocarditis"),
    "Causes and company": ("cancer_screen", "connective_tissue_disease", "viral_screen"),
    "Who": ("age_group", "sex", "pregnant", "diabetes"),
    "Before a drug is given": (
        "hepatitis_b",
        "tpmt_nudt15",
        "renal_impairment",
        "liver_disease",
        "lung_disease",
        "thrombosis_risk",
        "iga_deficiency",
        "takes_allopurinol",
        "takes_trimethoprim",
    ),
}
# The pathway asks only whether the patient is a child; an age in years would ask for more than it uses.
_AGE_CONTROL = {
    "name": "age_group",
    "kind": "choice",
    "label": "Age group",
    "options": [("", "not known"), ("adult", "adult"), ("paediatric", "under 18 years")],
    "help": "Children's evidence is borrowed from juvenile dermatomyositis.",
}
_AGES = ("adult", "paediatric")


class PathwayExplorer(Explorer):
    """Choose findings and see which way through therapy the sources describe, why, and what cannot be decided.

    Parameters
    ----------
    **start
        Findings to start with, by the names of ``nam.Patient``; ``age_group`` may be given instead of an age.

    Raises
    ------
    namlib.records.Refused
        If a finding is not one the explorer asks, or its value is not accepted.

    Examples
    --------
    >>> PathwayExplorer(anti_srp="positive").inputs["anti_srp"]
    'positive'
    """

    def __init__(self, **start: Any) -> None:
        self._ledger = course.ledger()
        self._asked = [*_FIRST, *(name for names in _GROUPS.values() for name in names)]
        self._phrases = phrases(self._ledger, course.bibliography())
        self._boxes = {node.id for node in self._ledger.pathway.nodes}
        group = start.pop("age_group", None)
        if group is not None and group not in _AGES:
            raise Refused("age_group", f"{str(group)[:40]!r} is not one of {', '.join(_AGES)}")
        fields = [name for name in self._asked if name != "age_group"]
        inputs = {**start_inputs(fields, start), "age_group": group or ""}
        controls: list[dict[str, Any]] = [choice_control(name) for name in _FIRST]
        for label, names in _GROUPS.items():
            controls.append(group_control(label, open_=any(inputs[name] for name in names)))
            controls += [_AGE_CONTROL if name == "age_group" else choice_control(name) for name in names]
        inputs = {**inputs, "selected": "", "seq": 0}
        # The box that is open stays open until the reader opens another, however the route changes.
        name, page, errors = self.show(inputs)
        assert not errors, errors
        inputs["selected"] = telling_box(self.walk)
        super().__init__(
            name,
            page,
            inputs,
            title="Pathway explorer",
            controls=controls,
            pages={name: page.html},
            phrases=self._phrases,
        )

    def show(self, inputs: Mapping[str, Any]) -> tuple[str, Page, dict[str, str]]:
        """Turn the controls into a page; refused inputs come back with their reasons."""
        answers, errors = read_inputs(inputs, [name for name in self._asked if name != "age_group"])
        age_group = inputs.get("age_group") or None
        if age_group is not None and age_group not in _AGES:
            errors["age_group"] = f"Age group: {str(age_group)[:40]!r} is not one of {', '.join(_AGES)}"
        selected = inputs.get("selected") or None
        if selected is not None and (not isinstance(selected, str) or selected not in self._boxes):
            errors["selected"] = f"{str(selected)[:40]!r} is not a box of the pathway"
        if errors:
            return "pathway", Page((), str), errors
        laid_out = {**findings(answers), "age_group": age_group}
        self.walk = walk(laid_out, self._ledger.pathway, self._ledger.drugs)
        return "pathway", pathway_page(self.walk, self._ledger, course.bibliography(), selected, self._phrases), {}

    def __repr__(self) -> str:
        return f"PathwayExplorer: {self.walk!r}"
