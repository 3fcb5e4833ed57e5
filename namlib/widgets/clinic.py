"""Explore what a cohort forecasts for the next patients: choose the cohort, move the number."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from namlib import course
from namlib.model.relapse import PATIENTS, PRIORS, Forecast, clinic, counts_of, read_patients
from namlib.records import Cohort, Refused
from namlib.view.clinic import PATIENT_STEPS, clinic_page, cohort_label
from namlib.view.slots import Page
from namlib.widgets.part import Explorer, steps_control

_PAGE = "clinic"
# A percentage that more counts than these fit says nothing worth a forecast.
_MOST_CANDIDATES = 6


class ClinicExplorer(Explorer):
    """See how many of k patients would relapse, were they like those of a cohort, and how unsure that is.

    Parameters
    ----------
    cohort : str
        Id of the row to start with, of ``nam.cohorts()``.
    patients : int or str
        How many patients, 1 to 40.
    prior : {"flat", "Jeffreys"}
        What is taken for granted about the share.
    use_frames : bool
        Whether the slider answers from pictures made beforehand.

    Raises
    ------
    namlib.records.Refused
        If the start is not accepted.

    Examples
    --------
    >>> ClinicExplorer("australia_relapse", patients=6).forecast.span("0.95")[:2]
    (1, 6)
    """

    def __init__(
        self, cohort: str = "mayo_relapse", *, patients: int | str = 10, prior: str = "flat", use_frames: bool = True
    ) -> None:
        self._by_id = {row.id: row for row in course.ledger().cohorts if 0 < len(counts_of(row)) <= _MOST_CANDIDATES}
        start = self._chosen({"cohort": cohort})
        forecast = clinic(patients, start, prior)
        page = clinic_page(forecast, course.bibliography())
        cites = course.bibliography()
        super().__init__(
            _PAGE,
            page,
            {"cohort": cohort, PATIENTS.name: str(forecast.k), "prior": prior, "seq": 0},
            title="In your clinic",
            controls=[
                {
                    "name": "cohort",
                    "kind": "choice",
                    "label": "Cohort",
                    "options": [(row.id, cohort_label(row, cites)) for row in self._by_id.values()],
                    "help": "Rows with a count, or with a percentage that a few counts fit.",
                    "wide": True,
                },
                steps_control(PATIENTS, PATIENT_STEPS),
                {
                    "name": "prior",
                    "kind": "choice",
                    "label": "Before counting",
                    "options": [(name, held.name) for name, held in PRIORS.items()],
                    "help": "What is taken for granted about the share before the cohort is counted.",
                    "wide": True,
                },
            ],
            pages={_PAGE: page.html},
            frames_for=PATIENTS.name,
            use_frames=use_frames,
        )

    @property
    def forecast(self) -> Forecast:
        """What is on show, worked out."""
        held = self._accepted
        return clinic(held[PATIENTS.name], self._chosen(held), held["prior"])

    def _chosen(self, inputs: Mapping[str, Any]) -> Cohort:
        name = inputs.get("cohort")
        if not isinstance(name, str) or name not in self._by_id:
            raise Refused("cohort", f"{str(name)[:40]!r} is not a row with a count; known: {', '.join(self._by_id)}")
        return self._by_id[name]

    @staticmethod
    def _prior(inputs: Mapping[str, Any]) -> str:
        name = inputs.get("prior")
        if not isinstance(name, str) or name not in PRIORS:
            raise Refused("prior", f"{str(name)[:40]!r} is not one of {', '.join(PRIORS)}")
        return name

    def show(self, inputs: Mapping[str, Any]) -> tuple[str, Page, dict[str, str]]:
        """Turn the controls into a page; refused inputs come back with their reasons."""
        errors: dict[str, str] = {}
        made: dict[str, Any] = {}
        for name, label, reader in (
            ("cohort", "Cohort", self._chosen),
            (PATIENTS.name, PATIENTS.label, lambda held: read_patients(held.get(PATIENTS.name))),
            ("prior", "Before counting", self._prior),
        ):
            try:
                made[name] = reader(inputs)
            except Refused as refused:
                errors[name] = f"{label}: {refused.reason}"
        if errors:
            return _PAGE, Page((), str), errors
        forecast = clinic(made[PATIENTS.name], made["cohort"], made["prior"])
        return _PAGE, clinic_page(forecast, course.bibliography()), {}

    def frame_steps(self) -> list[str]:
        """Every number of patients."""
        return list(PATIENT_STEPS)

    def __repr__(self) -> str:
        held = self._accepted
        start = f"{json.dumps(held['cohort'])}, patients={held[PATIENTS.name]}, prior={json.dumps(held['prior'])}"
        return f"ClinicExplorer({start}): {self.page.values[0]}"
