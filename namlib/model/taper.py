"""Published glucocorticoid tapers laid out day by day, in exact arithmetic. None is proposed.

A scheme is a row of ``data/tapers.yaml``. Where it leaves a range open (hold for 3 to 4 weeks, a step every 4 to 12
weeks, half the dose by month 2) it is laid out twice: as quick and as slow as its words allow. What a scheme does not
say is not filled in: the course ends there, open, and the plan lists in words what is left unsaid.

Doses are exact fractions of a milligram a day, in prednisone equivalents (prednisolone counts one to one). Days are
counted from 1. A month ends on the nearest whole day of a twelfth of 365 days, halves up.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from fractions import Fraction
from math import ceil
from typing import Any, Literal

from namlib.frozen import frozen
from namlib.model.findings import FIELDS, Field, read_as
from namlib.model.rules import Truth, listed
from namlib.records import Refused, SteroidThreshold, TaperScheme
from namlib.table import Html, html, html_table, plain
from namlib.units import EN_DASH

Reading = Literal["as quick as its words allow", "as slow as its words allow"]
TaperFlagKind = Literal["start not checked", "start not as printed", "step cut short", "caveat"]

# Said with every result. The fact behind it is ``taper_no_trial``.
NOTHING_PROPOSED = "No trial in IMNM supports this scheme or any other; it is shown, not proposed."
NO_TRIAL_FACT = "taper_no_trial"

# Plausibility for typing errors, not a clinical statement.
START_DOSE = Field(
    "start_mg_per_d",
    "Starting dose",
    "number",
    "Prednisone or prednisolone a day.",
    "mg/d",
    1,
    200,
    traps=(
        ("mg/kg|mg/kg/d|mg/kg/day", "give the dose in milligrams a day, not per kilogram"),
        ("g|g/d|gram|grams", "give the dose in milligrams: 1 g is 1000 mg"),
        ("mg|mg/day|mg daily", "write the unit as mg/d, or the number alone"),
        ("mg/wk|mg/week", "give the dose a day, not a week"),
    ),
)

_DAYS_A_WEEK = 7


def _exact(value: float) -> Fraction:
    """The number as it was written: binary floats would make 0.2 something else."""
    return Fraction(repr(value))


def milligrams(amount: Fraction) -> str:
    """Write an amount exactly, thousands separated.

    Examples
    --------
    >>> milligrams(Fraction(55, 8)), milligrams(Fraction(5425)), milligrams(Fraction(1, 3))
    ('6.875', '5,425', '1/3')
    """
    reduced = amount.denominator
    for prime in (2, 5):
        while reduced % prime == 0:
            reduced //= prime
    if reduced != 1:
        return f"{amount.numerator}/{amount.denominator}"
    text = f"{Decimal(amount.numerator) / Decimal(amount.denominator):,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _between(low: Fraction | int, high: Fraction | int) -> str:
    said = [milligrams(Fraction(value)) for value in (low, high)]
    return said[0] if said[0] == said[1] else EN_DASH.join(said)


def month_end(months: Fraction) -> int:
    """Day on which a month ends, counted from the first day of treatment.

    Examples
    --------
    >>> [month_end(Fraction(month)) for month in (1, 2, 6, 12)]
    [30, 61, 183, 365]
    """
    twelfth = months * 365 / 12
    return int(twelfth + Fraction(1, 2))


@frozen
class Stretch:
    """Days in a row on one dose [mg/d]."""

    first_day: int
    last_day: int
    mg_per_d: Fraction

    @property
    def days(self) -> int:
        """How many days it lasts."""
        return self.last_day - self.first_day + 1

    @property
    def total_mg(self) -> Fraction:
        """What is taken in it [mg]."""
        return self.mg_per_d * self.days


@frozen
class Course:
    """One reading of a scheme: what is known of it, and where it ends.

    ``silent_at_mg`` is the dose at which the source falls silent after the last stretch: later doses are not above it,
    and nothing else is known of them. It is ``None`` where the scheme ends at zero.
    """

    reading: Reading
    stretches: tuple[Stretch, ...]
    silent_at_mg: Fraction | None

    @property
    def known_days(self) -> int:
        """The last day whose dose is known; none later, unless the course has ended."""
        return self.stretches[-1].last_day

    @property
    def ended(self) -> bool:
        """Whether the scheme itself ends the treatment."""
        return self.silent_at_mg is None

    @property
    def total_mg(self) -> Fraction:
        """Sum of all known days [mg]."""
        return sum((stretch.total_mg for stretch in self.stretches), Fraction(0))

    def dose_on(self, day: int) -> Fraction | None:
        """Dose on a day [mg/d]; ``None`` where the source is silent, zero after its own end.

        Raises
        ------
        ValueError
            If the day is before the first.
        """
        if day < 1:
            raise ValueError(f"days are counted from 1, got {day}")
        for stretch in self.stretches:
            if day <= stretch.last_day:
                return stretch.mg_per_d
        return Fraction(0) if self.ended else None

    def total_until(self, day: int) -> Fraction | None:
        """Sum of the first days [mg], to compare schemes over the same time; ``None`` where the source is silent first.

        Raises
        ------
        ValueError
            If the day is before the first.
        """
        if self.dose_on(day) is None:
            return None
        taken = Fraction(0)
        for stretch in self.stretches:
            taken += stretch.mg_per_d * max(min(stretch.last_day, day) - stretch.first_day + 1, 0)
        return taken

    def to_dict(self) -> dict[str, Any]:
        """Return plain data that JSON can hold; amounts are exact and written as text."""
        return {
            "reading": self.reading,
            "stretches": [
                {"first_day": item.first_day, "last_day": item.last_day, "mg_per_d": milligrams(item.mg_per_d)}
                for item in self.stretches
            ],
            "known_days": self.known_days,
            "total_mg": milligrams(self.total_mg),
            "silent_at_mg_per_d": None if self.silent_at_mg is None else milligrams(self.silent_at_mg),
        }


@frozen
class AboveThreshold:
    """For how long a plan stays at or above a threshold.

    ``days`` counts known days, quickest and slowest reading; ``longer`` says whether the dose at which the source falls
    silent would still count. ``under_from`` is the first known day on which the dose no longer counts. ``met`` says
    whether it lasts as long as the threshold asks for: ``None`` where the readings differ or the source is silent.
    """

    threshold: SteroidThreshold
    days: tuple[int, int]
    longer: tuple[bool, bool]
    under_from: tuple[int | None, int | None]
    met: Truth

    def words(self) -> str:
        """Say the days, and what is open about them."""
        low, high = min(self.days), max(self.days)
        more = " or more" if any(self.longer) else ""
        span = f"{low}" if low == high else f"{low}{EN_DASH}{high}"
        return f"{span}{more} days"

    def to_dict(self) -> dict[str, Any]:
        """Return plain data that JSON can hold."""
        return {
            "threshold": self.threshold.id,
            "days": list(self.days),
            "longer": list(self.longer),
            "under_from_day": list(self.under_from),
            "met": self.met,
        }


@frozen
class TaperFlag:
    """One thing to know before reading a plan."""

    kind: TaperFlagKind
    words: str


@frozen
class Week:
    """One week of a plan: the dose on its first day and the week's sum, quickest and slowest reading.

    ``None`` where the source is silent on any of the days.
    """

    number: int
    quickest_mg_per_d: Fraction | None
    slowest_mg_per_d: Fraction | None
    quickest_mg: Fraction | None
    slowest_mg: Fraction | None


@frozen
class TaperPlan:
    """One published scheme from one starting dose. Nothing is proposed: no trial in IMNM supports any scheme.

    ``quickest`` and ``slowest`` are the two readings, equal where the scheme leaves no range and ``None`` where it says
    too little to lay out a single day.
    """

    scheme: TaperScheme
    start_mg_per_d: Fraction
    weight_kg: Fraction | None
    quickest: Course | None
    slowest: Course | None
    thresholds: tuple[AboveThreshold, ...]
    flags: tuple[TaperFlag, ...]

    @property
    def courses(self) -> tuple[Course, ...]:
        """Both readings, or none where nothing can be laid out."""
        return () if self.quickest is None or self.slowest is None else (self.quickest, self.slowest)

    @property
    def total_mg(self) -> tuple[Fraction, Fraction] | None:
        """What is taken over the days laid out [mg], least and most; ``None`` where nothing can be laid out."""
        totals = [course.total_mg for course in self.courses]
        return (min(totals), max(totals)) if totals else None

    @property
    def known_days(self) -> tuple[int, int] | None:
        """How many days are laid out, fewest and most."""
        days = [course.known_days for course in self.courses]
        return (min(days), max(days)) if days else None

    @property
    def ended(self) -> bool:
        """Whether the scheme itself leads to zero."""
        return bool(self.courses) and all(course.ended for course in self.courses)

    @property
    def unsaid(self) -> tuple[str, ...]:
        """What the source leaves open, in words."""
        return self.scheme.unsaid

    @property
    def facts(self) -> tuple[str, ...]:
        """Ids of the facts it rests on, and of the one that says what it does not rest on."""
        named = [*self.scheme.facts, *(fact for item in self.thresholds for fact in item.threshold.facts)]
        return tuple(dict.fromkeys([*named, NO_TRIAL_FACT]))

    @property
    def sources(self) -> tuple[str, ...]:
        """Keys of the sources that state the scheme."""
        return self.scheme.sources

    def weeks(self) -> tuple[Week, ...]:
        """Lay the plan out week by week, as far as the slower reading is known."""
        if self.quickest is None or self.slowest is None:
            return ()
        last = ceil(max(self.quickest.known_days, self.slowest.known_days) / _DAYS_A_WEEK)
        return tuple(_week(number, self.quickest, self.slowest) for number in range(1, last + 1))

    def words(self) -> str:
        """Say what the scheme gives from this start and where it falls silent, in one sentence."""
        start = f"From {milligrams(self.start_mg_per_d)} mg/d"
        if self.quickest is None or self.slowest is None or self.total_mg is None or self.known_days is None:
            ends = f" ({self.scheme.ends[:1].lower()}{self.scheme.ends[1:].rstrip('.')})" if self.scheme.ends else ""
            return f"{start} not one day can be laid out: the steps are not stated{ends}"
        days = _between(*self.known_days)
        total = f"{_between(*self.total_mg)} mg in all"
        if self.ended:
            return f"{start} to none in {days} days; {total}"
        silent = sorted({course.silent_at_mg for course in self.courses if course.silent_at_mg is not None})
        return f"{start}, {days} days are laid out, {total}; at {_between(silent[0], silent[-1])} mg/d it falls silent"

    def __repr__(self) -> str:
        return f"{self.scheme.id} ({_WHOSE[self.scheme.population]}). {self.words()}. {NOTHING_PROPOSED}"

    def _repr_html_(self) -> str:
        shown = [f"<p>{html(repr(self))}</p>"]
        if self.flags:
            shown.append(f"<ul>{''.join(f'<li>{html(flag.words)}</li>' for flag in self.flags)}</ul>")
        first = True
        for course in dict.fromkeys(self.courses):
            rows = [
                (_days(item), milligrams(item.mg_per_d), item.days, milligrams(item.total_mg))
                for item in course.stretches
            ]
            same = self.quickest == self.slowest or self.quickest is None or _alike(self.quickest, self.slowest)
            caption = self.scheme.name if same else f"{self.scheme.name}, {course.reading}"
            if not first and same:
                break
            shown.append(html_table(caption, ["days", "dose [mg/d]", "how many", "sum [mg]"], rows, style=first))
            first = False
        if self.thresholds and self.courses:
            shown.append(
                html_table(
                    "Days above what calls for protection",
                    ["threshold", "what it asks for", "days", "as long as it asks for"],
                    [(item.threshold.name, item.threshold.asks, item.words(), _met(item)) for item in self.thresholds],
                    style=first,
                )
            )
        left = "".join(f"<li>{html(item)}</li>" for item in self.unsaid)
        shown.append(f"<p>The source leaves unsaid:</p><ul>{left}</ul>")
        return Html("".join(shown))

    def to_dict(self) -> dict[str, Any]:
        """Return plain data that JSON can hold; amounts are exact and written as text."""
        return {
            "scheme": self.scheme.id,
            "population": self.scheme.population,
            "start_mg_per_d": milligrams(self.start_mg_per_d),
            "weight_kg": None if self.weight_kg is None else milligrams(self.weight_kg),
            "quickest": None if self.quickest is None else self.quickest.to_dict(),
            "slowest": None if self.slowest is None else self.slowest.to_dict(),
            "thresholds": [item.to_dict() for item in self.thresholds],
            "flags": plain(self.flags),
            "unsaid": list(self.unsaid),
            "words": self.words(),
            "not_proposed": NOTHING_PROPOSED,
            "facts": list(self.facts),
            "sources": list(self.sources),
        }


_WHOSE = {"adult": "adults", "paediatric": "children", "any": "any age"}


def _alike(one: Course, other: Course | None) -> bool:
    return other is not None and one.stretches == other.stretches and one.silent_at_mg == other.silent_at_mg


def _days(stretch: Stretch) -> str:
    return f"{stretch.first_day}{EN_DASH}{stretch.last_day}"


def _met(item: AboveThreshold) -> str:
    if item.threshold.longer_than_days is None:
        return "no time is stated"
    return {True: "yes", False: "no", None: "cannot be told"}[item.met]


def _week(number: int, quickest: Course, slowest: Course) -> Week:
    first = (number - 1) * _DAYS_A_WEEK + 1

    def total(course: Course) -> Fraction | None:
        doses = [course.dose_on(day) for day in range(first, first + _DAYS_A_WEEK)]
        known = [dose for dose in doses if dose is not None]
        return sum(known, Fraction(0)) if len(known) == len(doses) else None

    return Week(number, quickest.dose_on(first), slowest.dose_on(first), total(quickest), total(slowest))


# --- laying out ----------------------------------------------------------------------------------------------------


def _joined(doses: Iterable[tuple[int, Fraction]]) -> tuple[Stretch, ...]:
    """Put (days, dose) in a row; neighbours on the same dose become one stretch."""
    stretches: list[Stretch] = []
    day = 0
    for days, amount in doses:
        if days <= 0:
            continue
        if stretches and stretches[-1].mg_per_d == amount:
            stretches[-1] = Stretch(stretches[-1].first_day, day + days, amount)
        else:
            stretches.append(Stretch(day + 1, day + days, amount))
        day += days
    return tuple(stretches)


def _weeks_as_days(weeks: float) -> int:
    days = _exact(weeks) * _DAYS_A_WEEK
    if days.denominator != 1:
        raise Refused("scheme", f"{weeks:g} weeks are not whole days")
    return int(days)


def _by_steps(scheme: TaperScheme, start: Fraction, reading: Reading) -> tuple[Course, list[str]]:
    quick = reading == "as quick as its words allow"
    hold = scheme.hold_low_wk if quick else scheme.hold_high_wk
    assert hold is not None
    doses: list[tuple[int, Fraction]] = []
    cut: list[str] = []
    amount, first = start, True
    for step in scheme.steps:
        by = _exact(step.by_mg)
        every = _weeks_as_days(step.every_low_wk if quick else step.every_high_wk)
        # Where no end is stated the steps are taken as far as they leave a dose: to zero is a step nobody printed.
        end = Fraction(0) if step.down_to_mg is None else _exact(step.down_to_mg)
        while amount > end and not (step.down_to_mg is None and amount - by <= 0):
            following = max(amount - by, end)
            if amount - following < by:
                cut.append(
                    f"The last step of {milligrams(by)} mg is cut to {milligrams(amount - following)} mg, "
                    f"so that it ends on {milligrams(end)} mg/d as the scheme says."
                )
            # Before a step the dose is kept for that step's own interval; before the first, while the start is held.
            doses.append((_weeks_as_days(hold) if first else every, amount))
            amount, first = following, False
    if first:
        doses.append((_weeks_as_days(hold), start))
    # The dose now reached is where the source falls silent: how long it is kept is not stated.
    return Course(reading, _joined(doses), amount), cut


def _by_marks(scheme: TaperScheme, start: Fraction, weight_kg: Fraction, reading: Reading) -> Course:
    quick = reading == "as quick as its words allow"
    doses: list[tuple[int, Fraction]] = []
    day, amount = 0, start
    for mark in scheme.marks:
        end = month_end(_exact(mark.by_mo))
        target = start * _exact(mark.share) if mark.share is not None else weight_kg * _exact(mark.mg_per_kg or 0.0)
        if quick and day == 0 and target < start:
            doses.append((1, start))  # the starting dose is taken on the first day at least
            day = 1
        doses.append((end - day, target if quick else amount))
        day, amount = end, target
    stretches = _joined(doses)
    if amount == 0:
        return Course(reading, tuple(item for item in stretches if item.mg_per_d > 0), None)
    return Course(reading, stretches, amount)


def _above(threshold: SteroidThreshold, courses: Sequence[Course]) -> AboveThreshold:
    limit = _exact(threshold.mg_per_d)

    def counts(amount: Fraction | None) -> bool:
        if amount is None:
            return False
        return amount >= limit if threshold.compare == "at least" else amount > limit

    days, longer, under = [], [], []
    met: list[Truth] = []
    for course in courses:
        counted = sum(item.days for item in course.stretches if counts(item.mg_per_d))
        more = counts(course.silent_at_mg)
        days.append(counted)
        longer.append(more)
        below = [item.first_day for item in course.stretches if not counts(item.mg_per_d)]
        # Reached for the first time on the day after the last known one: ended, or silent below the limit.
        under.append(below[0] if below else None if more else course.known_days + 1)
        if counted > (threshold.longer_than_days or 0):
            met.append(True)
        else:
            met.append(None if more else False)
    agreed = met[0] if met and all(value == met[0] for value in met) else None
    return AboveThreshold(threshold, (days[0], days[-1]), (longer[0], longer[-1]), (under[0], under[-1]), agreed)


def printed_start_mg(scheme: TaperScheme, weight_kg: Fraction) -> tuple[Fraction, Fraction] | None:
    """The starting doses a scheme is printed for, at a weight [mg/d], after its own maximum.

    Examples
    --------
    >>> from namlib.records import TaperScheme
    >>> from datetime import date
    >>> day, later = date(2026, 11, 22), date(2027, 11, 22)
    >>> scheme = TaperScheme("x", "x", "paediatric", "JDM", "x", "x", ("x",), ("f",), ("s",), "p", "low", "primary",
    ...     "shown", day, later, low=2, high=2, unit="mg/kg/d", cap_low_mg=60, cap_high_mg=80)
    >>> printed_start_mg(scheme, Fraction(20)), printed_start_mg(scheme, Fraction(35))
    ((Fraction(40, 1), Fraction(40, 1)), (Fraction(60, 1), Fraction(70, 1)))
    """
    if scheme.low is None or scheme.high is None or scheme.unit != "mg/kg/d":
        return None
    low, high = _exact(scheme.low) * weight_kg, _exact(scheme.high) * weight_kg
    if scheme.cap_low_mg is not None:
        low = min(low, _exact(scheme.cap_low_mg))
    if scheme.cap_high_mg is not None:
        high = min(high, _exact(scheme.cap_high_mg))
    return low, high


def start_words(scheme: TaperScheme) -> str:
    """Say the starting dose a scheme is printed for.

    Examples
    --------
    >>> from types import SimpleNamespace as Row
    >>> start_words(Row(low=2.0, high=2.0, unit="mg/kg/d", cap_low_mg=60.0, cap_high_mg=80.0))
    '2 mg/kg/d, at most 60–80 mg/d'
    """
    if scheme.low is None or scheme.high is None:
        return "not stated"
    rule = f"{_between(_exact(scheme.low), _exact(scheme.high))} {scheme.unit}"
    if scheme.cap_low_mg is None or scheme.cap_high_mg is None:
        return rule
    return f"{rule}, at most {_between(_exact(scheme.cap_low_mg), _exact(scheme.cap_high_mg))} mg/d"


def _start_flags(scheme: TaperScheme, start: Fraction, weight_kg: Fraction | None) -> list[TaperFlag]:
    if scheme.low is None:
        return []
    said = start_words(scheme)
    if scheme.cap_high_mg is not None and start > _exact(scheme.cap_high_mg):
        words = f"{milligrams(start)} mg/d is above the start the scheme is printed for: {said}."
        return [TaperFlag("start not as printed", words)]
    if weight_kg is None:
        fits = f"it is not known whether {milligrams(start)} mg/d fits"
        words = f"The scheme is printed for {said}; no weight, so {fits}."
        return [TaperFlag("start not checked", words)]
    printed = printed_start_mg(scheme, weight_kg)
    if printed is None or printed[0] <= start <= printed[1]:
        return []
    words = (
        f"{milligrams(start)} mg/d is not the start the scheme is printed for: {said}, "
        f"which at {milligrams(weight_kg)} kg is {_between(*printed)} mg/d."
    )
    return [TaperFlag("start not as printed", words)]


def _refuse_start(scheme: TaperScheme, start: Fraction, weight_kg: Fraction | None) -> None:
    field = START_DOSE.name
    if scheme.steps:
        end = scheme.steps[0].down_to_mg
        if end is not None and start <= _exact(end):
            raise Refused(
                field,
                f"{milligrams(start)} mg/d is below the range of {scheme.id}, whose first steps lead down to "
                f"{end:g} mg/d; accepted: any dose above that",
            )
    if not scheme.marks:
        return
    if weight_kg is None:
        raise Refused(
            "weight_kg", f"{scheme.id} goes by body weight ({start_words(scheme)}) and cannot be laid out without it"
        )
    printed = printed_start_mg(scheme, weight_kg)
    if printed is not None and start < printed[0]:
        raise Refused(
            field,
            f"{milligrams(start)} mg/d is below the range of {scheme.id}, which starts from {start_words(scheme)}: "
            f"{_between(*printed)} mg/d at {milligrams(weight_kg)} kg",
        )


def _read_exactly(field: Field, raw: object) -> Fraction:
    if isinstance(raw, Fraction | Decimal):
        try:
            read_as(field, float(raw))
            return Fraction(raw)
        except (OverflowError, ValueError) as wrong:
            if isinstance(wrong, Refused):
                raise
            raise Refused(field.name, f"{str(raw)[:40]!r} is not a finite number") from None
    return _exact(read_as(field, raw))


def read_start(start_mg_per_d: object, weight_kg: object = None) -> tuple[Fraction, Fraction | None]:
    """Read a starting dose [mg/d] and a weight [kg] exactly; ``None`` stays ``None``.

    Raises
    ------
    Refused
        Naming the field, the value and what is accepted.

    Examples
    --------
    >>> read_start("62.5"), read_start(60, 80)
    ((Fraction(125, 2), None), (Fraction(60, 1), Fraction(80, 1)))
    >>> read_start(0)
    Traceback (most recent call last):
    namlib.records.Refused: start_mg_per_d: 0 mg/d is outside what is accepted (1 to 200 mg/d)
    """
    start = _read_exactly(START_DOSE, start_mg_per_d)
    return start, None if weight_kg is None else _read_exactly(FIELDS["weight_kg"], weight_kg)


def taper(
    scheme: TaperScheme,
    start_mg_per_d: object,
    weight_kg: object = None,
    thresholds: Iterable[SteroidThreshold] = (),
) -> TaperPlan:
    """Lay one published scheme out from a starting dose.

    Parameters
    ----------
    scheme : TaperScheme
        A row of ``data/tapers.yaml``.
    start_mg_per_d : number or str
        Prednisone or prednisolone [mg/d].
    weight_kg : number or str, optional
        Needed where the scheme goes by body weight [kg]; elsewhere it tells whether the start is the printed one.
    thresholds : iterable of SteroidThreshold
        Doses above which days are counted.

    Returns
    -------
    TaperPlan
        Both readings, exact, with what the source leaves unsaid.

    Raises
    ------
    Refused
        If a number is not accepted, the start is below the scheme's range, or a weight is needed and missing.

    Examples
    --------
    >>> from namlib.records import TaperStep
    >>> from datetime import date
    >>> scheme = TaperScheme("x", "fortnightly", "adult", "IIM", "after 1 week", "response", ("its end",), ("f",),
    ...     ("s",), "p", "low", "primary", "shown", date(2026, 11, 22), date(2027, 11, 22), hold_low_wk=1,
    ...     hold_high_wk=1, steps=(TaperStep(10, 2, 2, 20),))
    >>> plan = taper(scheme, 40)
    >>> plan.words()
    'From 40 mg/d, 21 days are laid out, 700 mg in all; at 20 mg/d it falls silent'
    >>> plan.quickest.dose_on(21), plan.quickest.dose_on(22) is None
    (Fraction(30, 1), True)
    """
    start, weight = read_start(start_mg_per_d, weight_kg)
    _refuse_start(scheme, start, weight)
    flags = _start_flags(scheme, start, weight)
    courses: list[Course] = []
    for reading in ("as quick as its words allow", "as slow as its words allow"):
        if scheme.marks:
            assert weight is not None
            courses.append(_by_marks(scheme, start, weight, reading))
        elif scheme.hold_low_wk is not None:
            course, cut = _by_steps(scheme, start, reading)
            courses.append(course)
            said = {flag.words for flag in flags}
            flags += [TaperFlag("step cut short", words) for words in cut if words not in said]
    if scheme.standing == "caveat":
        flags.append(TaperFlag("caveat", scheme.caveat))
    counted = tuple(_above(threshold, courses) for threshold in thresholds) if courses else ()
    quickest, slowest = (courses[0], courses[1]) if courses else (None, None)
    return TaperPlan(scheme, start, weight, quickest, slowest, counted, tuple(flags))


@frozen
class NotLaidOut:
    """A scheme that cannot be laid out from a start, with the control that stands in the way and the reason."""

    scheme: TaperScheme
    field: str
    reason: str

    def __repr__(self) -> str:
        return f"{self.scheme.id} is not laid out. {self.reason}"

    def to_dict(self) -> dict[str, Any]:
        """Return plain data that JSON can hold."""
        return {"scheme": self.scheme.id, "field": self.field, "reason": self.reason}


def side_by_side(
    schemes: Iterable[TaperScheme],
    start_mg_per_d: object,
    weight_kg: object = None,
    thresholds: Iterable[SteroidThreshold] = (),
) -> tuple[TaperPlan | NotLaidOut, ...]:
    """Lay several schemes out from one start; a scheme that refuses it says why and keeps its place.

    Raises
    ------
    Refused
        If the start or the weight is not a number that is accepted; that concerns no scheme but the input.
    """
    start, weight = read_start(start_mg_per_d, weight_kg)
    limits = tuple(thresholds)
    laid_out: list[TaperPlan | NotLaidOut] = []
    for scheme in schemes:
        try:
            laid_out.append(taper(scheme, start, weight, limits))
        except Refused as refused:
            laid_out.append(NotLaidOut(scheme, refused.field, refused.reason))
    return tuple(laid_out)


def fitting(
    schemes: Iterable[TaperScheme], population: Literal["adult", "paediatric"] | None = None
) -> tuple[TaperScheme, ...]:
    """Return the schemes for a population, in the order of the file; all of them where none is given.

    Raises
    ------
    Refused
        If the population is not known.
    """
    if population not in (None, "adult", "paediatric"):
        raise Refused("population", f"{str(population)[:40]!r} is not {listed(['adult', 'paediatric'], 'or')}")
    return tuple(scheme for scheme in schemes if population is None or scheme.population in (population, "any"))
