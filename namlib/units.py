"""The closed set of units this course may write, and how numbers are printed.

Units are UCUM strings. A clinical quantity in any other unit is refused, because a unit nobody checked is the
commonest way a dose goes wrong.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Literal

from namlib.frozen import frozen

Basis = Literal["flat", "per_kg", "per_m2", "none"]

EN_DASH = "\N{EN DASH}"


@frozen
class Unit:
    """One unit: its UCUM code, what it is said as, and the parts dose arithmetic needs.

    ``mass`` is ``"mg"``, ``"g"`` or ``""``; ``basis`` says what the mass is multiplied by;
    ``period`` is ``"d"``, ``"wk"``, ``"mo"`` or ``""``.
    """

    code: str
    spoken: str
    mass: str = ""
    basis: Basis = "none"
    period: str = ""


_SPOKEN_PERIOD = {"": "", "d": " a day", "wk": " a week", "mo": " a month"}
_SPOKEN_BASIS: dict[Basis, str] = {"flat": "", "per_kg": " per kilogram", "per_m2": " per square metre", "none": ""}
_CODE_BASIS: dict[Basis, str] = {"flat": "", "per_kg": "/kg", "per_m2": "/m2", "none": ""}
_SPOKEN_MASS = {"mg": "milligrams", "g": "grams"}


def _dose_units() -> dict[str, Unit]:
    units = {}
    for mass in ("mg", "g"):
        for basis in ("flat", "per_kg", "per_m2"):
            for period in ("", "d", "wk", "mo"):
                code = mass + _CODE_BASIS[basis] + (f"/{period}" if period else "")
                spoken = _SPOKEN_MASS[mass] + _SPOKEN_BASIS[basis] + _SPOKEN_PERIOD[period]
                units[code] = Unit(code, spoken, mass, basis, period)
    return units


UNITS: dict[str, Unit] = {
    **_dose_units(),
    "U/L": Unit("U/L", "units per litre"),
    "%": Unit("%", "percent"),
    "1": Unit("1", "ratio"),
    "d": Unit("d", "days"),
    "wk": Unit("wk", "weeks"),
    "mo": Unit("mo", "months"),
    "a": Unit("a", "years"),
    "kg": Unit("kg", "kilograms"),
    "cm": Unit("cm", "centimetres"),
    "m2": Unit("m2", "square metres"),
    "{patient}": Unit("{patient}", "patients"),
    "{session}": Unit("{session}", "sessions"),
    "{event}": Unit("{event}", "events"),
    "{score}": Unit("{score}", "points"),
    "{guideline}": Unit("{guideline}", "guidelines"),
    "{study}": Unit("{study}", "studies"),
}

# What people write instead, and what UCUM and this course write. The error names both.
MISWRITTEN = {
    "mg/kg/day": "mg/kg/d",
    "mg/day": "mg/d",
    "mg/week": "mg/wk",
    "mg/m2/week": "mg/m2/wk",
    "mg/m²": "mg/m2",
    "mg/m²/wk": "mg/m2/wk",
    "g/kg/month": "g/kg/mo",
    "IU/L": "U/L",
    "UI/L": "U/L",
    "mcg": "no unit: write micrograms as a fraction of mg",
    "years": "a",
    "weeks": "wk",
    "months": "mo",
    "percent": "%",
}


def unit(code: str) -> Unit:
    """Look a unit up by its UCUM code.

    Raises
    ------
    ValueError
        If the code is not in the closed set; the message names the likely intended code.

    Examples
    --------
    >>> unit("mg/m2/wk").spoken
    'milligrams per square metre a week'
    >>> unit("mg/kg/day")
    Traceback (most recent call last):
    ValueError: unknown unit 'mg/kg/day'; write 'mg/kg/d'
    """
    try:
        return UNITS[code]
    except KeyError:
        hint = f"; write {MISWRITTEN[code]!r}" if code in MISWRITTEN else f"; known units: {', '.join(UNITS)}"
        raise ValueError(f"unknown unit {code!r}{hint}") from None


@lru_cache(maxsize=4096)  # a page prints the same few numbers many times
def number(value: float) -> str:
    """Print a number for reading: at most one decimal from 1 up, three digits below 1, thousands separated.

    Halves round up, as a reader with a pencil would do it (binary floats would print 11.25 as 11.2).

    Examples
    --------
    >>> number(1200.0), number(29.5804), number(11.25), number(0.85), number(0.0625)
    ('1,200', '29.6', '11.3', '0.85', '0.0625')
    """
    exact = Decimal(repr(float(value)))
    if exact == 0:
        return "0"
    places = 1 if abs(exact) >= 1 else 2 - exact.adjusted()
    text = f"{exact.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP):,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def span(low: float | None, high: float | None) -> str:
    """Print a range: ``low–high``, one number where both are equal, ``up to high`` where only a maximum is given.

    Examples
    --------
    >>> span(0.5, 1.0), span(2.0, 2.0), span(None, 25.0)
    ('0.5–1', '2', 'up to 25')
    """
    if low is None and high is None:
        return "not stated"
    if high is None:
        return f"from {number(low or 0.0)}"
    if low is None:
        return f"up to {number(high)}"
    if number(low) == number(high):
        return number(low)
    return f"{number(low)}{EN_DASH}{number(high)}"


def percent(share: float | Fraction) -> str:
    """Print a share as a percentage; what is short of all or nothing is never rounded to it.

    Examples
    --------
    >>> percent(0.3), percent(0.99608), percent(0.9999999), percent(1), percent(0.0063395)
    ('30%', '99.61%', 'more than 99.99%', '100%', '0.634%')
    """
    hundredths = Fraction(share) * 100
    if hundredths <= 99 or hundredths == 100:
        return f"{number(float(hundredths))}%"
    if hundredths > Fraction(9999, 100):
        return "more than 99.99%"
    return f"{Decimal(repr(float(hundredths))).quantize(Decimal('0.01'), ROUND_HALF_UP).normalize():f}%"
