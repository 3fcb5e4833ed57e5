"""Results in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from namlib.model.dosing import POPULATION_WORDS, Dose, Flag, body_surface_m2
from namlib.records import Drug, Regimen
from namlib.units import number, span

HOW_READ_WORDS = {
    "primary": "read in the source",
    "secondary": "read in another's account",
    "recalled": "recalled, not read",
    "derived": "calculated from other rows",
    "printed": "as printed",
}


def whom(regimen: Regimen) -> str:
    """Say whose dose a regimen is: population, subtype and the disease its source speaks of."""
    subtype = {"any": "", "seronegative": ", seronegative"}.get(regimen.subtype, f", anti-{regimen.subtype}")
    return f"{POPULATION_WORDS[regimen.population]} ({regimen.studied_in}{subtype})"


def cap_words(regimen: Regimen) -> str:
    """Say the stated maximum, or that none is stated."""
    if regimen.cap is None:
        return "no maximum stated"
    return f"maximum {number(regimen.cap)} {regimen.cap_unit}"


def statement(regimen: Regimen, label: str) -> str:
    """Say what a source states, for whom, by which route and how often.

    The frequency is always part of the sentence.
    """
    verb = "prints" if regimen.standing == "as_printed" else "states"
    if not regimen.unit:
        return f"{label} names {regimen.agent} for {whom(regimen)} and gives no dose that could be read"
    route = "route not stated" if regimen.route == "not_stated" else regimen.route
    amount = f"{span(regimen.low, regimen.high)} {regimen.unit.strip('{}')}"
    return f"{label} {verb} {amount} for {whom(regimen)}, {route}, {regimen.frequency}, {cap_words(regimen)}"


def badge(flag: Flag, dose: Dose, drug: Drug) -> str:
    """Shorten a flag to the few words a table cell holds."""
    regimen = dose.regimen
    if flag.kind == "cap binds":
        return f"its maximum {number(regimen.cap or 0)} {regimen.cap_unit} binds"
    if flag.kind == "above adult ceiling" and drug.adult_ceiling is not None:
        return f"above adult ceiling {number(drug.adult_ceiling.amount)} {drug.adult_ceiling.unit}"
    if flag.kind == "other population":
        return f"for {POPULATION_WORDS[regimen.population]} only"
    if flag.kind == "population unknown":
        return f"for {POPULATION_WORDS[regimen.population]}; age missing"
    if flag.kind == "cannot compute":
        return " and ".join(name.split("_")[0] for name in dose.missing) + " missing"
    return flag.words


def body_words(patient: Mapping[str, Any], population: str | None) -> str:
    """Say the body a dose is worked out for, and what was not given."""
    weight_kg, height_cm, age_years = (patient.get(name) for name in ("weight_kg", "height_cm", "age_years"))
    said = [
        f"age {number(age_years)} years" if age_years is not None else "age not given",
        f"{number(weight_kg)} kg" if weight_kg is not None else "weight not given",
        f"{number(height_cm)} cm" if height_cm is not None else "height not given",
    ]
    if weight_kg is not None and height_cm is not None:
        mosteller = body_surface_m2(weight_kg, height_cm)
        dubois = body_surface_m2(weight_kg, height_cm, "dubois")
        said.append(f"body surface {mosteller:.2f} m2 by Mosteller, {dubois:.2f} m2 by DuBois")
    who = {"adult": "An adult", "paediatric": "A child", None: "A patient of unknown age"}[population]
    return f"{who}: {', '.join(said)}"


def doses_summary(doses: Sequence[Dose], drug: Drug) -> str:
    """Count what is shown, what belongs to others, and what runs past a ceiling, in one sentence."""

    def count(kind: str) -> int:
        return sum(any(flag.kind == kind for flag in dose.flags) for dose in doses)

    parts = [f"{drug.name}: {len(doses)} regimen{'s' if len(doses) != 1 else ''} shown"]
    for kind, words in (
        ("other population", "for the other age group"),
        ("population unknown", "of which the age group cannot be judged"),
        ("as printed", "as printed in a starting document"),
        ("above adult ceiling", "above the adult ceiling"),
        ("cap binds", "held by its own maximum"),
        ("cannot compute", "not computable from what was entered"),
    ):
        found = count(kind)
        if found:
            parts.append(f"{found} {words}")
    return "; ".join(parts) + "."
