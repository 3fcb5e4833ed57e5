"""Explore doses: every source for a drug, for the body that is entered."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Literal

import traitlets

from namlib import course
from namlib.model import dosing
from namlib.records import Drug, Refused, Regimen
from namlib.view.dose import axis_end, dose_page
from namlib.view.slots import Page
from namlib.widgets.part import Explorer, number_control, read_inputs

_BODY = ("age_years", "weight_kg", "height_cm")
# Where the sliders run; the boxes accept whatever nam.Patient accepts.
_SLIDERS = {"age_years": (0, 100, 1), "weight_kg": (3, 150, 1), "height_cm": (50, 210, 1)}


class DoseExplorer(Explorer):
    """See what each source's rule gives for a body, source beside source.

    Parameters
    ----------
    drug : str
        Key of the drug to start with.
    age_years, weight_kg, height_cm : float or str
        The example body to start with; ``""`` leaves it open.
    use_frames : bool
        Whether the weight slider answers from pictures made beforehand.

    Raises
    ------
    namlib.records.Refused
        If the start is not accepted: unknown drug, body out of bounds.

    Examples
    --------
    >>> DoseExplorer("methotrexate").inputs["weight_kg"]
    '80'
    """

    def __init__(
        self,
        drug: str = "prednisone",
        *,
        age_years: float | str = 58,
        weight_kg: float | str = 80,
        height_cm: float | str = 175,
        use_frames: bool = True,
    ) -> None:
        self._ledger = course.ledger()
        self._regimens: dict[str, list[Regimen]] = {}
        for regimen in self._ledger.regimens:
            self._regimens.setdefault(regimen.drug, []).append(regimen)
        self._by_key = {item.key: item for item in self._ledger.drugs if item.key in self._regimens}
        if drug not in self._by_key:
            raise Refused("drug", f"{str(drug)[:40]!r} has no regimen in the ledger; known: {', '.join(self._by_key)}")
        start = {
            name: f"{value:g}" if isinstance(value, float | int) else value
            for name, value in {"age_years": age_years, "weight_kg": weight_kg, "height_cm": height_cm}.items()
        }
        answers, errors = read_inputs(start, _BODY)
        if errors:
            name, reason = next(iter(errors.items()))
            raise Refused(name, reason)
        self._ends = {key: axis_end(item, self._regimens[key]) for key, item in self._by_key.items() if item.chart_unit}
        inputs = {"drug": drug, "population": "", **start, "seq": 0}
        page = self._page(drug, answers, None)
        super().__init__(
            drug,
            page,
            inputs,
            title="Dose explorer",
            controls=[
                {
                    "name": "drug",
                    "kind": "choice",
                    "label": "Drug",
                    "options": [(key, item.name) for key, item in self._by_key.items()],
                    "help": "All its sources are shown together.",
                },
                {
                    "name": "population",
                    "kind": "choice",
                    "label": "Whose regimens fit",
                    "options": [("", "as the age says"), ("adult", "adults"), ("paediatric", "children")],
                    "help": "The others stay in view and are marked.",
                },
                *(number_control(name, _SLIDERS[name]) for name in ("weight_kg", "height_cm", "age_years")),
            ],
            pages={drug: page.html},
            frames_for="weight_kg",
            use_frames=use_frames,
        )

    def _page(self, key: str, answers: Mapping[str, Any], population: Literal["adult", "paediatric"] | None) -> Page:
        record: Drug = self._by_key[key]
        whose = dosing.reading_population(answers, population)
        results = dosing.doses(answers, self._regimens[key], [record], key, population)
        return dose_page(results, record, course.bibliography(), answers, whose, end=self._ends.get(key))

    def show(self, inputs: Mapping[str, Any]) -> tuple[str, Page, dict[str, str]]:
        """Turn the controls into a page; refused inputs come back with their reasons."""
        answers, errors = read_inputs(inputs, _BODY)
        key = inputs.get("drug")
        if not isinstance(key, str) or key not in self._by_key:
            errors["drug"] = f"Drug: {str(key)[:40]!r} is not one of {', '.join(self._by_key)}"
        population = inputs.get("population") or None
        try:
            dosing.reading_population(answers, population)
        except Refused as refused:
            errors["population"] = f"Whose regimens fit: {refused.reason}"
        if errors:
            return self._page_name, Page((), str), errors
        assert isinstance(key, str)
        return key, self._page(key, answers, population), {}

    @traitlets.observe("want_pages")
    def _on_want_pages(self, _change: Any) -> None:
        """Send the pages of all drugs at once, so that changing the drug later sends only numbers."""
        missing = [key for key in self._by_key if key not in self.pages]
        if missing:
            self.pages = {**self.pages, **{key: self._page(key, {}, None).html for key in missing}}

    def frame_steps(self) -> list[str]:
        """Every step of the weight slider."""
        low, high, step = _SLIDERS["weight_kg"]
        return [str(weight) for weight in range(int(low), int(high) + 1, int(step))]

    def __repr__(self) -> str:
        name, key = self._page_name, self._by_key[self._page_name].name
        return f"DoseExplorer({json.dumps(name)}): {key}. {self.page.values[0]}"
