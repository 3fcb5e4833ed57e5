"""Explore tapers: every published scheme from one starting dose."""

from __future__ import annotations

import json
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from namlib import course
from namlib.model.findings import FIELDS, Field, read_as
from namlib.model.taper import START_DOSE, fitting, side_by_side
from namlib.records import Refused
from namlib.view.slots import Page
from namlib.view.taper import taper_page
from namlib.widgets.part import Explorer, number_control

_POPULATIONS = {"adult": "adults", "paediatric": "children", "all": "both beside each other"}
# Where the sliders run; the boxes accept whatever nam.taper accepts.
_SLIDERS = {"start_mg_per_d": (5, 100, 5), "weight_kg": (3, 150, 1)}


def _start_control() -> dict[str, Any]:
    return {
        "name": START_DOSE.name,
        "kind": "number",
        "label": START_DOSE.label,
        "unit": START_DOSE.unit,
        "range": _SLIDERS[START_DOSE.name],
        "help": f"Prednisone or prednisolone, {START_DOSE.low:g} to {START_DOSE.high:g}.",
    }


class TaperExplorer(Explorer):
    """See what each published taper gives from a starting dose, scheme beside scheme. None is proposed.

    Parameters
    ----------
    start_mg_per_d : float or str
        Starting dose of prednisone or prednisolone [mg/d].
    weight_kg : float or str
        Body weight [kg], which schemes for children go by; ``""`` leaves it open.
    population : {"adult", "paediatric", "all"}
        Whose schemes to show.

    Raises
    ------
    namlib.records.Refused
        If the start is not accepted.

    Examples
    --------
    >>> TaperExplorer().enter(start_mg_per_d="40").partition(". ")[0]
    'From 40 mg/d: of 7 published schemes 2 give steps, 3 only a time to hold and 2 no day at all'
    """

    def __init__(
        self,
        start_mg_per_d: float | str = 60,
        *,
        weight_kg: float | str = 80,
        population: str = "adult",
    ) -> None:
        known = course.ledger()
        self._schemes, self._thresholds = known.tapers, known.steroid_thresholds
        start = {
            name: f"{value:g}" if isinstance(value, float | int) else value
            for name, value in {"start_mg_per_d": start_mg_per_d, "weight_kg": weight_kg}.items()
        }
        inputs = {"population": population, **start, "seq": 0}
        name, page, errors = self._shown_for(inputs)
        for field, reason in errors.items():
            raise Refused(field, reason)
        super().__init__(
            name,
            page,
            inputs,
            title="Taper explorer",
            controls=[
                _start_control(),
                {
                    "name": "population",
                    "kind": "choice",
                    "label": "Schemes for",
                    "options": list(_POPULATIONS.items()),
                    "help": "Those for children come from juvenile dermatomyositis.",
                },
                number_control("weight_kg", _SLIDERS["weight_kg"]),
            ],
            pages={name: page.html},
            frames_for=START_DOSE.name,
        )

    def _shown_for(self, inputs: Mapping[str, Any]) -> tuple[str, Page, dict[str, str]]:
        errors: dict[str, str] = {}

        def read(field: Field, needed: bool) -> Fraction | None:
            raw = inputs.get(field.name)
            if raw is None or (isinstance(raw, str) and not raw.strip()):
                if needed:
                    errors[field.name] = f"{field.label}: needed; {field.low:g} to {field.high:g} {field.unit}"
                return None
            try:
                return Fraction(repr(read_as(field, raw)))
            except Refused as refused:
                errors[field.name] = f"{field.label}: {refused.reason}"
                return None

        start = read(START_DOSE, needed=True)
        weight = read(FIELDS["weight_kg"], needed=False)
        population = inputs.get("population")
        if not isinstance(population, str) or population not in _POPULATIONS:
            errors["population"] = f"Schemes for: {str(population)[:40]!r} is not one of {', '.join(_POPULATIONS)}"
        if errors or start is None:
            return "", Page((), str), errors
        assert isinstance(population, str)
        chosen = fitting(self._schemes, None if population == "all" else population)  # type: ignore[arg-type]
        entries = side_by_side(chosen, start, weight, self._thresholds)
        return population, taper_page(entries, self._thresholds, course.bibliography(), start, weight), {}

    def frame_steps(self) -> list[str]:
        """Every starting dose the slider offers [mg/d]."""
        low, high, step = _SLIDERS[START_DOSE.name]
        return [f"{dose:g}" for dose in range(low, high + step, step)]

    def show(self, inputs: Mapping[str, Any]) -> tuple[str, Page, dict[str, str]]:
        """Turn the controls into a page; refused inputs come back with their reasons."""
        name, page, errors = self._shown_for(inputs)
        return (self._page_name, page, errors) if errors else (name, page, errors)

    def __repr__(self) -> str:
        return f"TaperExplorer({json.dumps(self._page_name)}): {self.page.values[0]}"
