"""What each published regimen's rule gives for a body size. Arithmetic on rows, and nothing that picks one.

A dose here is always "this source, for that population, states ...": the result carries one entry per regimen, also
those for the other population, with what binds, what is missing and what to beware of.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any, Literal

from namlib.frozen import frozen
from namlib.model.findings import FIELDS, age_group
from namlib.records import Drug, Refused, Regimen
from namlib.table import plain
from namlib.units import number, span, unit

Formula = Literal["mosteller", "dubois"]
FlagKind = Literal[
    "as printed",
    "other population",
    "population unknown",
    "above adult ceiling",
    "cap binds",
    "cannot compute",
    "no dose stated",
    "caveat",
]

SAID_PER = {
    "day": "a day",
    "week": "once weekly",
    "month": "a month",
    "dose": "per dose",
    "infusion": "per infusion",
    "course": "per course",
    "session": "per session",
}
POPULATION_WORDS = {
    "adult": "adults",
    "paediatric": "children",
    "any": "adults and children",
    "not_stated": "population not stated",
}


def body_surface_m2(weight_kg: float, height_cm: float, formula: Formula = "mosteller") -> float:
    """Body surface area from weight and height.

    Parameters
    ----------
    weight_kg, height_cm : float
        Body size [kg], [cm], both above zero.
    formula : {"mosteller", "dubois"}
        Mosteller RD, N Engl J Med 1987;317:1098: ``sqrt(height * weight / 3600)``.
        Du Bois D, Du Bois EF, Arch Intern Med 1916;17:863: ``0.007184 * weight**0.425 * height**0.725``.

    Returns
    -------
    float
        Surface [m2].

    Raises
    ------
    ValueError
        If a size is not above zero, or the formula is not known.

    Examples
    --------
    >>> round(body_surface_m2(80, 175), 2), round(body_surface_m2(80, 175, "dubois"), 2)
    (1.97, 1.96)
    """
    if not (weight_kg > 0 and height_cm > 0):
        raise ValueError(f"weight_kg and height_cm must be above 0, got {weight_kg} and {height_cm}")
    if formula == "mosteller":
        return math.sqrt(height_cm * weight_kg / 3600)
    if formula == "dubois":
        return float(0.007184 * weight_kg**0.425 * height_cm**0.725)
    raise ValueError(f"formula must be 'mosteller' or 'dubois', got {formula!r}")


@frozen
class Flag:
    """One thing to know before reading a dose."""

    kind: FlagKind
    words: str


@frozen
class Dose:
    """One regimen's rule applied to one body size.

    ``rule_low`` and ``rule_high`` are what the published rule gives; ``low`` and ``high`` the same after the source's
    own cap. All are in ``unit`` (mass per period, as printed). ``chart_low`` and ``chart_high`` are in the drug's chart
    unit. ``None`` means that it cannot be computed or was not stated; ``missing`` names the fields that would decide.
    """

    regimen: Regimen
    unit: str
    rule_low: float | None
    rule_high: float | None
    low: float | None
    high: float | None
    chart_low: float | None
    chart_high: float | None
    chart_cap: float | None
    dubois_low: float | None
    dubois_high: float | None
    missing: tuple[str, ...]
    flags: tuple[Flag, ...]

    @property
    def sources(self) -> tuple[str, ...]:
        """Keys of the sources that state the regimen and its cap."""
        extra = (self.regimen.cap_source,) if self.regimen.cap_source else ()
        return (*self.regimen.sources, *extra)

    @property
    def published(self) -> str:
        """The range as the source prints it, with its unit."""
        return published(self.regimen)

    @property
    def given(self) -> str:
        """What the rule gives here, in words a table can hold; the weekly drug always says that it is weekly."""
        if self.regimen.unit and self.missing:
            return "cannot compute: " + " and ".join(FIELDS[name].label.lower() for name in self.missing) + " missing"
        if self.low is None and self.high is None:
            return "no dose stated"
        return f"{span(self.low, self.high)} {said_unit(self.unit, self.regimen)}"

    def __repr__(self) -> str:
        flags = f" [{'; '.join(flag.kind for flag in self.flags)}]" if self.flags else ""
        return f"{self.regimen.id}: {self.given}{flags}"

    def to_dict(self) -> dict[str, Any]:
        """Return the dose as plain data that JSON can hold."""
        return {**plain(self), "published": self.published, "given": self.given}


def published(regimen: Regimen) -> str:
    """Write a regimen's range as its source prints it, with its unit and how often, where the unit does not say it."""
    if not regimen.unit or (regimen.low is None and regimen.high is None):
        return "no dose stated"
    said = regimen.per == "day" and regimen.frequency in ("daily", "once daily")
    times = "" if said or regimen.frequency == "not_stated" else f", {regimen.frequency}"
    return f"{span(regimen.low, regimen.high)} {regimen.unit.strip('{}')}{times}"


def said_unit(code: str, regimen: Regimen) -> str:
    """Say the unit of a computed dose with its period, so that it never stands alone.

    Weekly drugs repeat it in words; doses taken several times a day say how often.
    """
    mass = unit(code).mass or code.strip("{}") + "s"
    if regimen.per == "session" or (regimen.per == "course" and not unit(code).mass):
        return mass
    if regimen.per in ("dose", "course"):
        return f"{mass} per {regimen.per}, {regimen.frequency}"
    return f"{mass} {SAID_PER[regimen.per or 'course']}"


def flat_unit(code: str) -> str:
    """Give the unit of a dose once the body has been multiplied in: ``mg/kg/d`` becomes ``mg/d``."""
    return code.replace("/kg", "").replace("/m2", "")


def _applied(
    regimen: Regimen, sizes: Mapping[str, float | None], formula: Formula
) -> tuple[float | None, tuple[str, ...]]:
    """The factor that turns the published amount into mass, and what is missing to know it."""
    basis = unit(regimen.unit).basis
    needed = {"per_kg": ("weight_kg",), "per_m2": ("weight_kg", "height_cm")}.get(basis, ())
    missing = tuple(name for name in needed if sizes.get(name) is None)
    if missing:
        return None, missing
    if basis == "per_kg":
        return sizes["weight_kg"], ()
    if basis == "per_m2":
        weight_kg, height_cm = sizes["weight_kg"], sizes["height_cm"]
        assert weight_kg is not None and height_cm is not None
        return body_surface_m2(weight_kg, height_cm, formula), ()
    return 1.0, ()


def _times(amount: float | None, factor: float | None) -> float | None:
    return None if amount is None or factor is None else amount * factor


def _at_most(amount: float | None, cap: float | None) -> float | None:
    return amount if amount is None or cap is None else min(amount, cap)


def _to(amount: float | None, code: str, target: str, doses_per_day: int | None) -> float | None:
    """Convert a mass to the drug's chart unit; ``None`` where the two cannot stand on one axis."""
    if amount is None or not target:
        return None
    have, want = unit(code), unit(target)
    if doses_per_day and have.period == "" and want.period == "d":
        amount, period = amount * doses_per_day, "d"
    else:
        period = have.period
    if period != want.period:
        return None
    if have.mass == want.mass:
        return amount
    if have.mass and want.mass:
        return amount * {("g", "mg"): 1000.0, ("mg", "g"): 0.001}[(have.mass, want.mass)]
    return None


def dose(
    regimen: Regimen,
    drug: Drug,
    patient: Mapping[str, Any],
    population: Literal["adult", "paediatric"] | None,
    origin: Regimen | None = None,
) -> Dose:
    """Apply one regimen's rule to one patient.

    Parameters
    ----------
    regimen : Regimen
        The published row.
    drug : Drug
        Its drug, for the chart unit and the adult ceiling.
    patient : mapping
        Answers by field name; only ``weight_kg`` and ``height_cm`` are read.
    population : {"adult", "paediatric"} or None
        Whom the reader has in mind; ``None`` when the age is not known.
    origin : Regimen, optional
        For a line of a starting document: the regimen it was taken from.
    """
    flags: list[Flag] = []
    flat = flat_unit(regimen.unit)
    if not regimen.unit:
        reason = regimen.caveat or regimen.note
        flags.append(
            Flag(
                "no dose stated",
                f"No dose is given: {reason[:1].lower() + reason[1:]}" if reason else "No dose is given.",
            )
        )
        flags += _population_flags(regimen, population, origin)
        return Dose(regimen, "", None, None, None, None, None, None, None, None, None, (), tuple(flags))
    factor, missing = _applied(regimen, patient, "mosteller")
    rule_low, rule_high = _times(regimen.low, factor), _times(regimen.high, factor)
    dubois = _applied(regimen, patient, "dubois")[0] if unit(regimen.unit).basis == "per_m2" else None

    cap = regimen.cap
    if cap is not None and unit(regimen.cap_unit).basis != "flat":
        cap = _times(cap, factor)
    per_intake = cap
    if cap is not None and regimen.per == "dose" and unit(regimen.cap_unit).period == "d" and regimen.doses_per_day:
        per_intake = cap / regimen.doses_per_day
    low, high = _at_most(rule_low, per_intake), _at_most(rule_high, per_intake)

    flags += _population_flags(regimen, population, origin)
    if missing:
        lacking = " and ".join(FIELDS[name].label.lower() for name in missing)
        flags.append(Flag("cannot compute", f"Cannot compute: {lacking} missing."))
    if per_intake is not None and rule_high is not None and rule_high > per_intake:
        flags.append(Flag("cap binds", _cap_words(regimen, rule_low, rule_high, per_intake)))
    flags += _ceiling_flags(drug, flat, regimen, high if high is not None else low, population)
    if regimen.standing == "caveat":
        flags.append(Flag("caveat", regimen.caveat))

    def charted(amount: float | None) -> float | None:
        return _to(amount, flat, drug.chart_unit, regimen.doses_per_day)

    return Dose(
        regimen=regimen,
        unit=flat,
        rule_low=rule_low,
        rule_high=rule_high,
        low=low,
        high=high,
        chart_low=charted(low),
        chart_high=charted(high),
        chart_cap=charted(per_intake),
        dubois_low=_at_most(_times(regimen.low, dubois), per_intake),
        dubois_high=_at_most(_times(regimen.high, dubois), per_intake),
        missing=missing,
        flags=tuple(flags),
    )


def _population_flags(
    regimen: Regimen, population: Literal["adult", "paediatric"] | None, origin: Regimen | None
) -> list[Flag]:
    flags = []
    if regimen.standing == "as_printed" and origin is not None:
        whose = POPULATION_WORDS[origin.population]
        if origin.population == "paediatric":
            words = f"A children's regimen ({origin.studied_in}), printed without its population"
            words += " and without its cap." if origin.cap is not None and regimen.cap is None else "."
        else:
            words = f"Printed without a reference; a matching regimen is for {whose} ({origin.studied_in})."
        flags.append(Flag("as printed", words))
        return flags
    if regimen.population in ("any", "not_stated"):
        return flags
    if population is None:
        flags.append(
            Flag(
                "population unknown",
                f"For {POPULATION_WORDS[regimen.population]}; age missing, so it is not known whether that fits.",
            )
        )
    elif population != regimen.population:
        flags.append(
            Flag(
                "other population",
                f"For {POPULATION_WORDS[regimen.population]}, not for {POPULATION_WORDS[population]}.",
            )
        )
    return flags


def _cap_words(regimen: Regimen, rule_low: float | None, rule_high: float, cap: float) -> str:
    whole = rule_low is None or rule_low >= cap
    reach = "the whole range" if whole else "the upper part of the range"
    alone = f"{span(rule_low, rule_high)}"
    flat = flat_unit(regimen.unit)
    held = f"{number(cap)} {said_unit(flat, regimen)}"
    return f"The stated maximum of {held} binds for {reach}; the rule alone gives {alone}."


def _ceiling_flags(
    drug: Drug, flat: str, regimen: Regimen, amount: float | None, population: Literal["adult", "paediatric"] | None
) -> list[Flag]:
    ceiling = drug.adult_ceiling
    if ceiling is None or amount is None or population == "paediatric" or flat != ceiling.unit:
        return []
    if amount <= ceiling.amount:
        return []
    words = (
        f"{number(amount)} {said_unit(flat, regimen)} is above the adult ceiling of "
        f"{number(ceiling.amount)} {said_unit(ceiling.unit, regimen)}."
    )
    return [Flag("above adult ceiling", words)]


_ORDER = {"not_stated": 0, "adult": 1, "any": 2, "paediatric": 3}


def in_order(regimens: Iterable[Regimen]) -> list[Regimen]:
    """Order regimens the same way everywhere: printed lines, adults, any age, children; then as the file has them."""
    return sorted(regimens, key=lambda regimen: (regimen.standing != "as_printed", _ORDER[regimen.population]))


def reading_population(
    patient: Mapping[str, Any], population: Literal["adult", "paediatric"] | None = None
) -> Literal["adult", "paediatric"] | None:
    """Decide whose regimens fit: from the age, or as the caller says where no age is known.

    Raises
    ------
    Refused
        If the caller's population contradicts the age.

    Examples
    --------
    >>> reading_population({"age_years": 58.0}), reading_population({}, "paediatric"), reading_population({})
    ('adult', 'paediatric', None)
    """
    by_age = age_group(patient.get("age_years"))
    if population is not None and population not in ("adult", "paediatric"):
        raise Refused("population", f"{str(population)[:40]!r} is not 'adult' or 'paediatric'")
    if by_age is not None and population is not None and by_age != population:
        raise Refused(
            "population",
            f"{population!r} contradicts the age of {patient['age_years']:g} years, which is {by_age}; "
            "leave one of them out",
        )
    return by_age or population


def doses(
    patient: Mapping[str, Any],
    regimens: Iterable[Regimen],
    drugs: Iterable[Drug],
    drug: str | None = None,
    population: Literal["adult", "paediatric"] | None = None,
) -> tuple[Dose, ...]:
    """Apply every regimen, or every regimen of one drug, to one patient.

    Regimens for the other population stay in and are flagged.

    Raises
    ------
    Refused
        If the drug is not in the ledger, or the population contradicts the age.
    """
    known = {item.key: item for item in drugs}
    if drug is not None and drug not in known:
        raise Refused("drug", f"{str(drug)[:40]!r} is not in the ledger; known: {', '.join(known)}")
    whose = reading_population(patient, population)
    by_id = {regimen.id: regimen for regimen in regimens}
    chosen = [regimen for regimen in by_id.values() if drug is None or regimen.drug == drug]
    place = {key: index for index, key in enumerate(known)}
    ordered = sorted(in_order(chosen), key=lambda regimen: place[regimen.drug])
    return tuple(
        dose(regimen, known[regimen.drug], patient, whose, by_id.get(regimen.derived_from)) for regimen in ordered
    )
