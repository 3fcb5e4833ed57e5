"""How far myositis has improved between two visits, by the total improvement score of 2016.

The bands of that score are open below and closed above, so a change that lies exactly on an edge decides points. Binary
floats cannot hold 4.4 or 1.9, and their difference lands above an edge it should stand on. Everything here is therefore
reckoned in fractions of what was typed.

A measure that is missing at either visit is named; the rest is never scaled up to make good for it. The score is then
an interval, from the points there are to the points there could be.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal

from namlib.frozen import frozen
from namlib.model.findings import FIELDS, Field, read_number
from namlib.records import EnzymeRange, Refused, ResponseBand, ResponseCriteria, ResponseMeasure, StrengthGrade
from namlib.table import html, html_table
from namlib.units import EN_DASH, number

Degree = Literal["none", "minimal", "moderate", "major"]
Entry = Decimal | float | str | None

DEGREE_WORDS: dict[Degree, str] = {
    "none": "no improvement",
    "minimal": "minimal improvement",
    "moderate": "moderate improvement",
    "major": "major improvement",
}

_PERCENT = ("%|percent|per cent", "percent are not accepted: give the mark or the points themselves")
_MILLIMETRES = ("mm|millimetre|millimetres", "millimetres are not accepted: 10 mm is 1 cm")
_OF_FIVE = ("/5|of 5|mrc", "MRC grades are not accepted: sum the muscles on the scale from 0 to 10, see nam.mmt8")


def _line(name: str, label: str, counts: str) -> Field:
    return Field(name, label, "number", counts, "cm", 0, 10, traps=(_MILLIMETRES, _PERCENT))


def _level(enzyme: str) -> Iterable[Field]:
    traps = FIELDS["ck_u_per_l"].traps
    name = enzyme.lower()
    yield Field(f"{name}_u_per_l", enzyme, "number", "On the day of the visit.", "U/L", 0, 100_000, traps=traps)
    words = f"Upper limit of {enzyme}"
    yield Field(
        f"{name}_upper_limit_u_per_l", words, "number", "As the laboratory prints it.", "U/L", 1, 2000, traps=traps
    )


# What can be said of a visit. The bounds are those of the scales (a test holds them to the criteria) or, for enzymes,
# limits of plausibility for typing errors.
VISIT_FIELDS: dict[str, Field] = {
    field.name: field
    for field in (
        _line(
            "physician_global_cm", "Physician global activity", "Mark of the physician on a 10 cm line; 0 is inactive."
        ),
        _line(
            "patient_global_cm",
            "Patient global activity",
            "Mark of the patient or parent on a 10 cm line; 0 is inactive.",
        ),
        Field(
            "mmt_points",
            "Manual muscle test",
            "number",
            "Sum of all muscles tested, from 0 to the maximum of the test.",
            "points",
            0,
            260,
            traps=(_PERCENT, _OF_FIVE),
        ),
        Field(
            "mmt_maximum",
            "Maximum of that test",
            "number",
            "80 for MMT8 of one side, 150 for both, 260 for MMT24.",
            "points",
            80,
            260,
            traps=(_PERCENT,),
        ),
        Field(
            "haq_di",
            "HAQ disability index",
            "number",
            "From 0, no difficulty, to 3; in children the CHAQ.",
            "points",
            0,
            3,
            traps=(_PERCENT,),
        ),
        Field(
            "ck_u_per_l",
            "Creatine kinase",
            "number",
            "On the day of the visit.",
            "U/L",
            0,
            FIELDS["ck_u_per_l"].high,
            traps=FIELDS["ck_u_per_l"].traps,
        ),
        FIELDS["ck_upper_limit_u_per_l"],
        _line(
            "extramuscular_cm",
            "Extramuscular activity",
            "Skin, joints, gut, lung and heart on a 10 cm line; 0 is inactive.",
        ),
        *_level("Aldolase"),
        *_level("LDH"),
        *_level("AST"),
        *_level("ALT"),
    )
}
# Where each measure of the criteria stands in a visit; the enzyme is chosen among several.
MEASURE_FIELDS = {
    "physician_global": "physician_global_cm",
    "patient_global": "patient_global_cm",
    "strength": "mmt_points",
    "function": "haq_di",
    "extramuscular": "extramuscular_cm",
}


def read_exact(field: Field, raw: object) -> Decimal | None:
    """Read a number as it was typed: ``"4.4"`` and ``4.4`` are both forty-four tenths.

    Raises
    ------
    Refused
        As :func:`namlib.model.findings.read` does.

    Examples
    --------
    >>> read_exact(VISIT_FIELDS["physician_global_cm"], 4.4), read_exact(VISIT_FIELDS["haq_di"], " 1.875 ")
    (Decimal('4.4'), Decimal('1.875'))
    >>> read_exact(VISIT_FIELDS["haq_di"], "3.5")
    Traceback (most recent call last):
    namlib.records.Refused: haq_di: 3.5 points is outside what is accepted (0 to 3 points)
    """
    if raw is None:
        return None
    if isinstance(raw, Decimal):
        raw = str(raw)
    shortest = read_number(field, raw)
    typed = raw.strip().removesuffix(field.unit).strip() if isinstance(raw, str) else repr(shortest)
    exact = Decimal(typed)
    # Many digits may hide behind the nearest float: a bound is a bound for what was typed.
    if not Decimal(repr(field.low)) <= exact <= Decimal(repr(field.high)):
        accepted = f"{field.low:g} to {field.high:g} {field.unit}"
        raise Refused(field.name, f"{shown(exact)[:40]} {field.unit} is outside what is accepted ({accepted})")
    return exact


@frozen
class CoreSet:
    """The six core set measures as they were at one visit. What is left out is unknown, never 0.

    Parameters
    ----------
    physician_global_cm, patient_global_cm, extramuscular_cm : float or str
        Marks on a 10 cm line, 0 inactive [cm].
    mmt_points, mmt_maximum : float or str
        Sum of a manual muscle test, and the highest sum it can give: 80, 150 or 260 [points]; see :func:`mmt8`.
    haq_di : float or str
        Disability index of the HAQ, 0 to 3 [points].
    ck_u_per_l, ck_upper_limit_u_per_l : float or str
        Creatine kinase and the upper limit of the laboratory [U/L]; the limit may stand at either visit.
    aldolase_u_per_l, ldh_u_per_l, ast_u_per_l, alt_u_per_l and their limits : float or str
        The other enzymes, where one of them may be further from normal than CK [U/L].

    Raises
    ------
    Refused
        For a value that is no number, in another unit or out of bounds; for points above their maximum or without one;
        for a name that is not a measure.

    Examples
    --------
    >>> CoreSet(physician_global_cm=8, mmt_points=44, mmt_maximum=80, ck_u_per_l=8000, ck_upper_limit_u_per_l=200)
    Core set: physician global 8 cm, MMT 44 of 80 points, CK 8,000 U/L (upper limit 200); not given: patient global, \
HAQ-DI, extramuscular activity
    >>> CoreSet(mmt_points=44)
    Traceback (most recent call last):
    namlib.records.Refused: mmt_maximum: is missing: 44 points mean nothing without the highest sum the test can give
    """

    physician_global_cm: Entry = None
    patient_global_cm: Entry = None
    mmt_points: Entry = None
    mmt_maximum: Entry = None
    haq_di: Entry = None
    ck_u_per_l: Entry = None
    ck_upper_limit_u_per_l: Entry = None
    extramuscular_cm: Entry = None
    aldolase_u_per_l: Entry = None
    aldolase_upper_limit_u_per_l: Entry = None
    ldh_u_per_l: Entry = None
    ldh_upper_limit_u_per_l: Entry = None
    ast_u_per_l: Entry = None
    ast_upper_limit_u_per_l: Entry = None
    alt_u_per_l: Entry = None
    alt_upper_limit_u_per_l: Entry = None

    if not TYPE_CHECKING:  # editors and mypy read the fields above as the signature

        def __init__(self, **answers: Any) -> None:
            for name in answers:
                if name not in VISIT_FIELDS:
                    near = difflib.get_close_matches(str(name), VISIT_FIELDS, n=1)
                    hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(VISIT_FIELDS)}"
                    raise Refused(str(name)[:40], f"is not a measure of a visit; {hint}")
            for name, field in VISIT_FIELDS.items():
                object.__setattr__(self, name, read_exact(field, answers.get(name)))
            wrong = visit_contradiction(self.answers())
            if wrong is not None:
                raise wrong

    def answers(self) -> dict[str, Decimal]:
        """Return what was given, exactly, and nothing else."""
        return {name: value for name in VISIT_FIELDS if (value := getattr(self, name)) is not None}

    def to_dict(self) -> dict[str, Any]:
        """Return what was given as plain data; ``CoreSet(**visit.to_dict())`` gives the same visit."""
        return {name: _plain(value) for name, value in self.answers().items()}

    def __repr__(self) -> str:
        given = self.answers()
        said = [words for measure in _SAID if (words := _SAID[measure][1](given))]
        missing = [name for name, say in _SAID.values() if not say(given)]
        text = "Core set: " + (", ".join(said) if said else "nothing given")
        return text + (f"; not given: {', '.join(missing)}" if missing and said else "")


def _plain(value: Decimal) -> int | float | str:
    if value == value.to_integral_value():
        return int(value)
    return float(value) if Decimal(repr(float(value))) == value else str(value)


def shown(value: Decimal | Fraction) -> str:
    """Print an exact number for reading: all the decimals that were typed, thousands separated.

    Examples
    --------
    >>> shown(Decimal("1.875")), shown(Decimal("8000.0")), shown(Decimal("1E+1")), shown(Fraction(55, 2))
    ('1.875', '8,000', '10', '27.5')
    """
    if isinstance(value, Fraction):
        return number(float(value))
    text = f"{value:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _said_line(name: str, label: str) -> Callable[[Mapping[str, Decimal]], str]:
    return lambda given: f"{label} {shown(given[name])} cm" if name in given else ""


def _said_strength(given: Mapping[str, Decimal]) -> str:
    points, maximum = given.get("mmt_points"), given.get("mmt_maximum")
    return f"MMT {shown(points)} of {shown(maximum)} points" if points is not None and maximum is not None else ""


def _said_enzymes(given: Mapping[str, Decimal]) -> str:
    parts = []
    for enzyme in ("CK", "aldolase", "LDH", "AST", "ALT"):
        value, limit = (given.get(name) for name in _enzyme_fields(enzyme))
        if value is not None:
            parts.append(
                f"{enzyme} {shown(value)} U/L" + (f" (upper limit {shown(limit)})" if limit is not None else "")
            )
    return ", ".join(parts)


def _enzyme_fields(enzyme: str) -> tuple[str, str]:
    return f"{enzyme.lower()}_u_per_l", f"{enzyme.lower()}_upper_limit_u_per_l"


_SAID: dict[str, tuple[str, Callable[[Mapping[str, Decimal]], str]]] = {
    "physician_global": ("physician global", _said_line("physician_global_cm", "physician global")),
    "patient_global": ("patient global", _said_line("patient_global_cm", "patient global")),
    "strength": ("MMT", _said_strength),
    "function": ("HAQ-DI", lambda given: f"HAQ-DI {shown(given['haq_di'])}" if "haq_di" in given else ""),
    "enzyme": ("muscle enzyme", _said_enzymes),
    "extramuscular": ("extramuscular activity", _said_line("extramuscular_cm", "extramuscular activity")),
}


def visit_contradiction(given: Mapping[str, Decimal]) -> Refused | None:
    """Name what cannot be right within one visit.

    Examples
    --------
    >>> print(visit_contradiction({"mmt_points": Decimal(90), "mmt_maximum": Decimal(80)}))
    mmt_points: 90 points are more than the 80 this test can give
    """
    points, maximum = given.get("mmt_points"), given.get("mmt_maximum")
    if points is not None and maximum is None:
        return Refused(
            "mmt_maximum", f"is missing: {shown(points)} points mean nothing without the highest sum the test can give"
        )
    if points is not None and maximum is not None and points > maximum:
        return Refused("mmt_points", f"{shown(points)} points are more than the {shown(maximum)} this test can give")
    return None


# --- the score -----------------------------------------------------------------------------------------------------


@frozen
class MeasureChange:
    """What became of one measure.

    ``percent`` is the improvement in percent of ``range``, below 0 for a worsening, and ``points`` is what it earned;
    both are ``None`` where something is missing. ``possible`` is the most it can earn given what is known, and equals
    ``points`` where all is known. ``reachable`` is what the best possible follow-up earns from this baseline.
    """

    measure: ResponseMeasure
    name: str
    unit: str
    baseline: Decimal | None
    follow_up: Decimal | None
    range: Fraction | None
    percent: Fraction | None
    points: Fraction | None
    possible: Fraction
    reachable: Fraction
    missing: tuple[str, ...] = ()

    @property
    def maximum(self) -> Fraction:
        """The most points this measure can earn in anybody."""
        return most(self.measure)

    def __repr__(self) -> str:
        if self.points is None:
            return f"{self.name}: {', '.join(self.missing)} missing, {EN_DASH} of {shown(self.maximum)} points"
        change = _percent_words(self.percent or Fraction(0))
        return f"{self.name}: {change}, {shown(self.points)} of {shown(self.maximum)} points"

    def to_dict(self) -> dict[str, Any]:
        """Return numbers as plain data; points are exact, percent to the nearest float."""
        return {
            "measure": self.measure.id,
            "name": self.name,
            "unit": self.unit,
            "baseline": None if self.baseline is None else _plain(self.baseline),
            "follow_up": None if self.follow_up is None else _plain(self.follow_up),
            "range": None if self.range is None else float(self.range),
            "percent": None if self.percent is None else float(self.percent),
            "points": None if self.points is None else float(self.points),
            "possible": float(self.possible),
            "reachable": float(self.reachable),
            "missing": list(self.missing),
        }


def _percent_words(percent: Fraction) -> str:
    if percent == 0:
        return "unchanged"
    return f"{shown(abs(percent))}% {'better' if percent > 0 else 'worse'}"


@frozen
class TotalImprovement:
    """The score between two visits.

    ``low`` are the points earned by what is known, ``high`` those possible if everything missing were at its best; they
    are equal where nothing is missing. ``adult`` and ``juvenile`` are the degrees by the two sets of cut-offs, ``None``
    where what is missing decides. ``reachable`` is the most that anybody could score who starts from this baseline.
    """

    criteria: str
    changes: tuple[MeasureChange, ...]
    low: Fraction
    high: Fraction
    reachable: Fraction
    adult: Degree | None
    juvenile: Degree | None
    notes: tuple[str, ...]
    facts: tuple[str, ...]
    sources: tuple[str, ...]

    @property
    def total(self) -> Fraction | None:
        """The score, 0 to 100 points, or ``None`` where something missing leaves it open."""
        return self.low if self.low == self.high else None

    @property
    def missing(self) -> tuple[str, ...]:
        """What was not given, in words, measure by measure."""
        return tuple(f"{change.name}: {', '.join(change.missing)}" for change in self.changes if change.missing)

    @property
    def worse(self) -> tuple[str, ...]:
        """Measures that got worse, which the score does not show."""
        return tuple(change.name for change in self.changes if change.percent is not None and change.percent < 0)

    def __getitem__(self, measure: str) -> MeasureChange:
        for change in self.changes:
            if change.measure.id == measure:
                return change
        raise KeyError(f"no measure {measure!r}; known: {', '.join(change.measure.id for change in self.changes)}")

    def __repr__(self) -> str:
        return said(self)

    def _repr_html_(self) -> str:
        rows = [
            [
                change.name,
                _value_words(change.baseline, change.unit),
                _value_words(change.follow_up, change.unit),
                change_words(change),
                points_words(change),
            ]
            for change in self.changes
        ]
        table = html_table(said(self), ["measure", "baseline", "follow-up", "change of the scale", "points"], rows)
        return table + "".join(f"<p>{html(note)}</p>" for note in self.notes)

    def to_dict(self) -> dict[str, Any]:
        """Return the result as plain data that JSON can hold."""
        return {
            "criteria": self.criteria,
            "total": None if self.total is None else float(self.total),
            "low": float(self.low),
            "high": float(self.high),
            "reachable": float(self.reachable),
            "adult": self.adult,
            "juvenile": self.juvenile,
            "changes": [change.to_dict() for change in self.changes],
            "notes": list(self.notes),
            "facts": list(self.facts),
            "sources": list(self.sources),
        }


def _value_words(value: Decimal | None, unit: str) -> str:
    return "not given" if value is None else f"{shown(value)} {unit}".strip()


def change_words(change: MeasureChange) -> str:
    """Say by how much of its scale a measure changed, or what is missing."""
    if change.percent is None:
        return f"{', '.join(change.missing)} missing"
    return _percent_words(change.percent)


def points_words(change: MeasureChange) -> str:
    """Say the points of a measure out of its maximum; for a missing one the span that is left open."""
    if change.points is None:
        return f"0{EN_DASH}{shown(change.possible)} of {shown(change.maximum)}" if change.possible else "0 either way"
    return f"{shown(change.points)} of {shown(change.maximum)}"


def degree_words(degree: Degree | None) -> str:
    """Say a degree of improvement, or that it is open."""
    return "not settled" if degree is None else DEGREE_WORDS[degree]


def degrees(result: TotalImprovement) -> str:
    """Say both degrees of improvement, once where they agree."""
    adult, juvenile = degree_words(result.adult), degree_words(result.juvenile)
    if adult == juvenile:
        return f"{adult} by {'either set of' if result.adult is None else 'the adult and the juvenile'} cut-offs"
    return f"{adult} by the adult cut-offs, {juvenile} by the juvenile ones"


def said(result: TotalImprovement) -> str:
    """Say a result in one or two sentences."""
    points = shown(result.low) if result.low == result.high else f"{shown(result.low)} to {shown(result.high)}"
    text = f"Total improvement {points} of 100 points: {degrees(result)}."
    text += f" From this baseline at most {shown(result.reachable)} points could be reached."
    if result.missing:
        text += f" Missing: {'; '.join(result.missing)}. Nothing was scaled up for it."
    if result.worse:
        text += f" Got worse, which costs no points: {', '.join(result.worse)}."
    return text


def points_for(measure: ResponseMeasure, percent: Fraction) -> Fraction:
    """Look up the points of an improvement. Bands are open below and closed above.

    Parameters
    ----------
    measure : ResponseMeasure
        The measure with its bands.
    percent : Fraction
        Improvement in percent of the range, below 0 for a worsening.
    """
    for band in measure.bands:
        if band.up_to is None or percent <= _exact(band.up_to):
            return _exact(band.points)
    raise AssertionError("the last band is open, as its record requires")


def band_words(band: ResponseBand) -> str:
    """Say which improvements a band holds.

    Examples
    --------
    >>> band_words(ResponseBand(0, None, 5)), band_words(ResponseBand(10, 2, 10)), band_words(ResponseBand(20, 40))
    ('worse, or better by up to 5%', 'above 2% up to 10%', 'above 40%')
    """
    if band.above is None:
        return f"worse, or better by up to {band.up_to:g}%"
    return f"above {band.above:g}%" + ("" if band.up_to is None else f" up to {band.up_to:g}%")


def _exact(value: float) -> Fraction:
    """The decimal number a data row was written as."""
    return Fraction(repr(value))


def most(measure: ResponseMeasure) -> Fraction:
    """The points of a measure's best band."""
    return _exact(measure.bands[-1].points)


def degree(points: Fraction, criteria: ResponseCriteria, whose: Literal["adult", "juvenile"]) -> Degree:
    """Name the degree of improvement that so many points are.

    Parameters
    ----------
    points : Fraction
        Points of the score.
    criteria : ResponseCriteria
        For the cut-offs.
    whose : {"adult", "juvenile"}
        Which set of cut-offs.
    """
    reached: Degree = "none"
    for category in criteria.categories:
        if points >= _exact(getattr(category, whose)):
            reached = category.id
    return reached


def _change(
    measure: ResponseMeasure,
    before: Decimal | None,
    after: Decimal | None,
    width: Fraction | None,
    missing: tuple[str, ...],
    *,
    name: str = "",
    unit: str = "",
) -> MeasureChange:
    def percent(start: Decimal | Fraction | None, end: Decimal | Fraction | None) -> Fraction | None:
        if width is None or start is None or end is None:
            return None
        gain = Fraction(end) - Fraction(start) if measure.higher_is == "better" else Fraction(start) - Fraction(end)
        return 100 * gain / width

    # The two ends of the scale; an enzyme has no upper one.
    best: Fraction | None = Fraction(0)
    worst = None if measure.range_rule == "multiple of the upper limit" else width
    if measure.higher_is == "better":
        best, worst = worst, best
    gain_left = percent(before, best)
    reachable = most(measure) if gain_left is None else points_for(measure, gain_left)
    improvement = percent(before, after)
    points = None if improvement is None else points_for(measure, improvement)
    possible = reachable
    if before is None and (widest := percent(worst, after)) is not None:
        possible = points_for(measure, widest)
    return MeasureChange(
        measure=measure,
        name=name or measure.name,
        unit=unit or measure.unit,
        baseline=before,
        follow_up=after,
        range=width,
        percent=improvement,
        points=points,
        possible=possible if points is None else points,
        reachable=reachable,
        missing=missing,
    )


def _lacking(before: object, after: object) -> tuple[str, ...]:
    if before is None and after is None:
        return ("both visits",)
    return ("baseline",) if before is None else ("follow-up",) if after is None else ()


def _strength(measure: ResponseMeasure, baseline: CoreSet, follow_up: CoreSet, known: Iterable[float]) -> MeasureChange:
    given, later = baseline.answers(), follow_up.answers()
    before, after = given.get("mmt_points"), later.get("mmt_points")
    allowed = [_exact(maximum) for maximum in known]
    for visit in (given, later):
        if "mmt_maximum" in visit and Fraction(visit["mmt_maximum"]) not in allowed:
            raise Refused(
                "mmt_maximum",
                f"{shown(visit['mmt_maximum'])} is not the maximum of a test the score takes; "
                f"accepted: {', '.join(shown(maximum) for maximum in allowed)}",
            )
    widths = {visit["mmt_maximum"] for visit in (given, later) if "mmt_maximum" in visit}
    if before is not None and after is not None and len(widths) > 1:
        raise Refused(
            "mmt_maximum",
            f"{shown(given['mmt_maximum'])} at baseline and {shown(later['mmt_maximum'])} at follow-up are two tests; "
            "the score needs the same one twice",
        )
    chosen = given.get("mmt_maximum") if before is not None else later.get("mmt_maximum", given.get("mmt_maximum"))
    width = None if chosen is None else Fraction(chosen)
    unit = "" if width is None else f"of {shown(width)}"
    return _change(measure, before, after, width, _lacking(before, after), unit=unit)


def _limit(enzyme: str, baseline: Mapping[str, Decimal], follow_up: Mapping[str, Decimal]) -> Decimal | None:
    name = _enzyme_fields(enzyme)[1]
    limits = [visit[name] for visit in (baseline, follow_up) if name in visit]
    if len(set(limits)) > 1:
        raise Refused(
            name,
            f"{shown(limits[0])} at baseline and {shown(limits[1])} at follow-up: the score takes one limit, so both "
            "samples must have been measured against the same one",
        )
    return limits[0] if limits else None


def _enzyme(
    measure: ResponseMeasure, baseline: CoreSet, follow_up: CoreSet, ranges: Iterable[EnzymeRange]
) -> tuple[MeasureChange, list[str]]:
    """Score the enzyme that was furthest above its limit at baseline; of equals the first in the criteria."""
    given, later = baseline.answers(), follow_up.answers()
    chosen: tuple[Fraction, EnzymeRange, Decimal] | None = None
    without_limit, only_later = [], []
    for item in ranges:
        field = _enzyme_fields(item.enzyme)[0]
        limit = _limit(item.enzyme, given, later)
        if field not in given:
            only_later += [item.enzyme] if field in later else []
            continue
        if limit is None:
            without_limit.append(item.enzyme)
            continue
        times = Fraction(given[field]) / Fraction(limit)
        if chosen is None or times > chosen[0]:
            chosen = (times, item, limit)
    if chosen is None:
        if without_limit:
            lacking: tuple[str, ...] = (f"upper limit of {without_limit[0]}",)
            field = _enzyme_fields(without_limit[0])[0]
            return _change(measure, given[field], later.get(field), None, lacking), []
        lacking = ("baseline",) if only_later else ("both visits",)
        after = later.get(_enzyme_fields(only_later[0])[0]) if only_later else None
        return _change(measure, None, after, None, lacking), []
    times, item, limit = chosen
    field = _enzyme_fields(item.enzyme)[0]
    before, after = given[field], later.get(field)
    width = _exact(item.multiple) * Fraction(limit)
    name = f"{measure.name} ({item.enzyme})"
    notes = [
        f"The range of {item.enzyme} is taken as {shown(_exact(item.multiple))} times its upper limit, "
        f"{shown(width)} U/L. {item.caveat}".strip()
    ]
    if without_limit:
        notes.append(
            f"Left out of the choice of enzyme, because the upper limit is missing: {', '.join(without_limit)}."
        )
    return _change(measure, before, after, width, _lacking(before, after), name=name), notes


def total_improvement(baseline: CoreSet, follow_up: CoreSet, criteria: ResponseCriteria) -> TotalImprovement:
    """Work out the total improvement score between two visits, exactly.

    Each measure's change is taken in percent of its range (for strength the maximum of the test, for an enzyme a
    multiple of its upper limit) and looked up in the bands of the criteria. A worsening earns 0.

    Parameters
    ----------
    baseline, follow_up : CoreSet
        The two visits.
    criteria : ResponseCriteria
        Ranges, bands and cut-offs with their sources.

    Raises
    ------
    Refused
        If the two visits used different strength tests or different upper limits, or a test the score does not take.
    """
    changes, notes = [], []
    for measure in criteria.measures:
        if measure.id == "strength":
            changes.append(_strength(measure, baseline, follow_up, (test.maximum for test in criteria.strength_tests)))
        elif measure.id == "enzyme":
            change, said_of_it = _enzyme(measure, baseline, follow_up, criteria.enzymes)
            changes.append(change)
            notes += said_of_it
        else:
            name = MEASURE_FIELDS[measure.id]
            before, after = baseline.answers().get(name), follow_up.answers().get(name)
            assert measure.range is not None, "a fixed range, as the record requires"
            changes.append(_change(measure, before, after, _exact(measure.range), _lacking(before, after)))
    low = sum((change.points or Fraction(0) for change in changes), Fraction(0))
    high = sum((change.possible for change in changes), Fraction(0))
    adult, juvenile = (
        degree(low, criteria, whose) if degree(low, criteria, whose) == degree(high, criteria, whose) else None
        for whose in _CUT_OFFS
    )
    facts = [name for change in changes for name in change.measure.facts]
    facts += [name for category in criteria.categories for name in category.facts]
    return TotalImprovement(
        criteria=criteria.name,
        changes=tuple(changes),
        low=low,
        high=high,
        reachable=sum((change.reachable for change in changes), Fraction(0)),
        adult=adult,
        juvenile=juvenile,
        notes=tuple(notes),
        facts=tuple(dict.fromkeys(facts)),
        sources=criteria.sources,
    )


_CUT_OFFS: tuple[Literal["adult", "juvenile"], ...] = ("adult", "juvenile")


# --- strength, muscle by muscle -------------------------------------------------------------------------------------


@frozen
class MuscleSum:
    """A manual muscle test summed. ``points`` is ``None`` while a muscle is missing: a muscle not tested is not 0."""

    maximum: Decimal
    so_far: Decimal
    missing: tuple[str, ...]
    grades: tuple[tuple[str, Decimal | None], ...]
    facts: tuple[str, ...]

    @property
    def points(self) -> Decimal | None:
        """The sum [points], or ``None`` where a muscle is missing."""
        return None if self.missing else self.so_far

    def __repr__(self) -> str:
        side = f"MMT8 of {len(self.grades)} muscles"
        if self.missing:
            count = "1 is" if len(self.missing) == 1 else f"{len(self.missing)} are"
            return (
                f"{side}: no sum, because {count} missing ({', '.join(self.missing)}); "
                f"the others make {shown(self.so_far)} points"
            )
        return f"{side}: {shown(self.so_far)} of {shown(self.maximum)} points"

    def _repr_html_(self) -> str:
        rows = [[name, "not tested" if grade is None else shown(grade)] for name, grade in self.grades]
        return html_table(repr(self), ["muscle", "grade, 0 to 10"], rows)

    def to_dict(self) -> dict[str, Any]:
        """Return the sum and every grade as plain data."""
        return {
            "points": None if self.points is None else _plain(self.points),
            "so_far": _plain(self.so_far),
            "maximum": _plain(self.maximum),
            "missing": list(self.missing),
            "grades": {name: None if grade is None else _plain(grade) for name, grade in self.grades},
        }


def _grade(muscle: str, raw: object, grades: Iterable[StrengthGrade]) -> Decimal | None:
    if raw is None or (isinstance(raw, str) and not raw.strip()):
        return None
    by_kendall = {grade.kendall: grade for grade in grades}
    text = str(raw).strip() if isinstance(raw, str | int | float | Decimal) and not isinstance(raw, bool) else ""
    text = text.removesuffix(".0")
    if text.upper() in by_kendall and text.isdigit():
        return Decimal(text)
    numbers = [grade for grade in by_kendall if grade.isdigit()]
    if text.upper() in by_kendall:
        raise Refused(
            muscle,
            f"{text.upper()!r} is a trace, which has no number on the scale from {numbers[0]} to {numbers[-1]}; "
            "leave the muscle out, and it is named as missing",
        )
    if any(text == grade.mrc for grade in by_kendall.values()):
        raise Refused(muscle, f"{text!r} is an MRC grade; nam.mrc_to_kendall({text!r}) turns it into one of 0 to 10")
    raise Refused(muscle, f"{repr(raw)[:40]} is not a whole grade from {numbers[0]} to {numbers[-1]}")


def mmt8(criteria: ResponseCriteria, grades: Mapping[str, object]) -> MuscleSum:
    """Sum an MMT8 from the grades of its muscles.

    Parameters
    ----------
    criteria : ResponseCriteria
        For the muscles and the scale.
    grades : mapping
        Grade by muscle, 0 to 10. One number for a test of one side; ``(right, left)`` for a test of both. ``None`` is
        a muscle that was not tested.

    Raises
    ------
    Refused
        For a muscle the test does not have, a grade that is none, or a mixture of one side and both.
    """
    by_id = {muscle.id: muscle for muscle in criteria.muscles}
    for name in grades:
        if name not in by_id:
            near = difflib.get_close_matches(str(name), by_id, n=1)
            hint = f"did you mean {near[0]}?" if near else f"its muscles: {', '.join(by_id)}"
            raise Refused(str(name)[:40], f"is not a muscle of MMT8; {hint}")
    pairs = {name for name, value in grades.items() if isinstance(value, tuple | list)}
    both = bool(pairs)
    held: list[tuple[str, Decimal | None]] = []
    for name, muscle in by_id.items():
        value = grades.get(name)
        if not (both and muscle.paired):
            if name in pairs:
                raise Refused(name, "is tested once, in the middle; give one grade")
            held.append((muscle.name, _grade(name, value, criteria.grades)))
            continue
        if value is None:
            value = (None, None)
        if not isinstance(value, tuple | list) or len(value) != 2:
            raise Refused(name, "needs two grades, (right, left), because other muscles were given for both sides")
        held += [
            (f"{muscle.name}, {side}", _grade(name, one, criteria.grades))
            for side, one in zip(("right", "left"), value, strict=True)
        ]
    best = max(Decimal(grade.kendall) for grade in criteria.grades if grade.kendall.isdigit())
    return MuscleSum(
        maximum=best * len(held),
        so_far=sum((grade for _, grade in held if grade is not None), Decimal(0)),
        missing=tuple(name for name, grade in held if grade is None),
        grades=tuple(held),
        facts=criteria.muscle_facts,
    )


def kendall_to_mrc(kendall: object, grades: Iterable[StrengthGrade]) -> str:
    """Turn a grade from 0 to 10 (or T) into the MRC grade of the same row.

    Raises
    ------
    Refused
        If the scale has no such grade.
    """
    return _same_row(kendall, grades, "kendall", "mrc", "the scale from 0 to 10")


def mrc_to_kendall(mrc: object, grades: Iterable[StrengthGrade]) -> str:
    """Turn an MRC grade, with plus or minus as printed, into the grade from 0 to 10 (or T) of the same row.

    Raises
    ------
    Refused
        If the table has no such grade: 5- and 1+, for example, stand in no row of it.
    """
    return _same_row(mrc, grades, "mrc", "kendall", "the MRC scale as this table prints it")


def _same_row(raw: object, grades: Iterable[StrengthGrade], start: str, end: str, scale: str) -> str:
    text = str(raw).strip() if isinstance(raw, str | int) and not isinstance(raw, bool) else ""
    # A typeset minus is as good as a typed one.
    text = text.replace("\N{MINUS SIGN}", "-").replace(EN_DASH, "-").upper()
    rows = list(grades)
    for grade in rows:
        if getattr(grade, start) == text:
            return str(getattr(grade, end))
    raise Refused(
        start, f"{repr(raw)[:40]} is not a grade of {scale}: {', '.join(getattr(row, start) for row in rows)}"
    )
