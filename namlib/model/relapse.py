"""What a printed share can mean: the counts behind it, the cohorts it must not be mixed with, and what it forecasts.

Three things are kept apart. What was counted has exact limits (Clopper and Pearson). What was only printed as a
percentage is the set of counts that round to it. What such a cohort says about the next patients is a forecast: the
share is not known, so it is spread by what was counted (beta-binomial), and only then are people drawn. Everything is
arithmetic on whole numbers; nothing is rounded before it is shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from functools import cached_property
from itertools import accumulate
from typing import Any, NamedTuple

from namlib.frozen import frozen
from namlib.model.findings import Field, read_as
from namlib.model.intervals import Interval, clopper_pearson
from namlib.records import Cohort, Refused
from namlib.table import plain
from namlib.units import number, percent

CONFIDENCE = 0.95
# More people than any clinic tapers at a time, and as many as a chart of single bars can show.
MOST_PATIENTS = 40
# A percentage alone allows more counts the larger the denominator may be; beyond this the set says nothing.
_MOST_TOTAL = 1000

PATIENTS = Field(
    "patients",
    "Patients whose treatment is lowered",
    "number",
    "A whole number of fictional patients.",
    "",
    1,
    MOST_PATIENTS,
)


class Count(NamedTuple):
    """So many of so many."""

    n: int
    total: int

    @property
    def interval(self) -> Interval:
        """Exact two-sided 95% limits of the share."""
        return clopper_pearson(self.n, self.total, CONFIDENCE)

    @property
    def words(self) -> str:
        """The count and its limits in words."""
        low, high = self.interval
        return f"{self.n} of {self.total} ({percent(low)} to {percent(high)})"


def _printed(share: object) -> tuple[Fraction, Fraction]:
    """Read a printed percentage: its value and half a unit of its last digit."""
    text = f"{share:.10g}" if isinstance(share, float) else str(share).strip()
    try:
        value = Fraction(text)
    except (ValueError, ZeroDivisionError):
        raise Refused("percent", f"{str(share)[:40]!r} is not a number") from None
    if isinstance(share, bool) or "/" in text or "_" in text or not 0 <= value <= 100:
        raise Refused("percent", f"{str(share)[:40]!r} is not a percentage between 0 and 100")
    digits = len(text.partition(".")[2]) if "e" not in text.lower() else 0
    return value, Fraction(1, 2 * 10**digits)


def possible_counts(percent: float | str, n_max: int, *, n_min: int = 1) -> tuple[Count, ...]:
    """List the counts that print as a percentage, with a denominator from ``n_min`` to ``n_max``.

    A share exactly between two printed values counts for both, because nobody says how halves were rounded.

    Parameters
    ----------
    percent : float or str
        As printed; the digits after the point say how it was rounded. A zero at the end is kept only in a text.
    n_max, n_min : int
        The largest and the smallest denominator there can be [people].

    Returns
    -------
    tuple of Count
        By denominator, then by numerator.

    Raises
    ------
    Refused
        If the percentage is none, or the denominators are not whole numbers of people in order.

    Examples
    --------
    >>> [f"{n}/{total}" for n, total in possible_counts(55, 32)]
    ['6/11', '11/20', '12/22', '16/29', '17/31']
    >>> possible_counts("55.0", 32)
    (Count(n=11, total=20),)
    """
    value, half = _printed(percent)
    for name, limit in (("n_min", n_min), ("n_max", n_max)):
        if isinstance(limit, bool) or not isinstance(limit, int) or not 1 <= limit <= _MOST_TOTAL:
            raise Refused(name, f"{str(limit)[:40]!r} is not a whole number of people from 1 to {_MOST_TOTAL:,}")
    if n_min > n_max:
        raise Refused("n_min", f"{n_min} is above n_max {n_max}")
    low, high = (value - half) / 100, (value + half) / 100
    found: list[Count] = []
    for total in range(n_min, n_max + 1):
        first = max(0, -((-low * total) // 1))
        last = min(total, (high * total) // 1)
        found.extend(Count(int(n), total) for n in range(int(first), int(last) + 1))
    return tuple(found)


def counts_of(cohort: Cohort) -> tuple[Count, ...]:
    """Return the count of a cohort, or every count that can be behind its percentage; nothing if none can be told.

    Examples
    --------
    >>> from namlib.store import load
    >>> rows = {row.id: row for row in load().cohorts}
    >>> counts_of(rows["italy_relapse"])
    (Count(n=3, total=16),)
    >>> len(counts_of(rows["mayo_relapse"])), counts_of(rows["nz_survival_5"])
    (5, ())
    """
    if cohort.n is not None and cohort.n_total is not None:
        return (Count(cohort.n, cohort.n_total),)
    if cohort.percent is None or cohort.counted_by == "survival estimate":
        return ()
    if cohort.n_total is not None:
        return possible_counts(cohort.percent, cohort.n_total, n_min=cohort.n_total)
    return () if cohort.at_most is None else possible_counts(cohort.percent, cohort.at_most)


# --- side by side --------------------------------------------------------------------------------------------------


@frozen
class ForestRow:
    """One cohort of a panel: its count, or the counts that can be behind it."""

    cohort: Cohort
    counts: tuple[Count, ...]

    @property
    def known(self) -> bool:
        """Whether the count itself was readable or follows from the denominator."""
        return len(self.counts) == 1

    @property
    def limits(self) -> Interval | None:
        """Exact limits; over all candidates the outermost. Printed limits where the source gives them."""
        if self.cohort.low is not None and self.cohort.high is not None:
            return Interval(self.cohort.low / 100, self.cohort.high / 100)
        if not self.counts:
            return None
        intervals = [count.interval for count in self.counts]
        return Interval(min(low for low, _ in intervals), max(high for _, high in intervals))

    @property
    def words(self) -> str:
        """Say what was counted, with its limits."""
        if self.cohort.low is not None and self.cohort.high is not None:
            return (
                f"{number(self.cohort.percent or 0)}% (printed limits {number(self.cohort.low)}% to "
                f"{number(self.cohort.high)}%)"
            )
        if self.known:
            return self.counts[0].words
        if self.counts and self.limits is not None:
            listed = ", ".join(f"{n}/{total}" for n, total in self.counts)
            few = f" ({listed})" if len(self.counts) <= 6 else ""
            return (
                f"{number(self.cohort.percent or 0)}% of a number not seen: {len(self.counts)} counts fit{few}; "
                f"limits of all of them {percent(self.limits.low)} to {percent(self.limits.high)}"
            )
        if self.cohort.n is not None:
            return f"{self.cohort.n} of a number that is not stated"
        return "no number given"


@frozen
class Panel:
    """Cohorts that share outcome, kind of definition and kind of denominator: those that may stand side by side."""

    outcome: str
    counted_by: str
    among: str
    rows: tuple[ForestRow, ...]

    def __repr__(self) -> str:
        said = "; ".join(f"{row.cohort.cohort}: {row.words}" for row in self.rows)
        return f"{self.outcome}, counted by {self.counted_by}, among {self.among}: {said}"

    def to_dict(self) -> dict[str, Any]:
        """Return the panel as plain data that JSON can hold."""
        rows = [{**plain(row.cohort), "counts": plain(row.counts), "limits": plain(row.limits)} for row in self.rows]
        return {"outcome": self.outcome, "counted_by": self.counted_by, "among": self.among, "rows": rows}


def forest(cohorts: Iterable[Cohort]) -> tuple[Panel, ...]:
    """Group cohorts by outcome, kind of definition and kind of denominator. Nothing is pooled.

    Parameters
    ----------
    cohorts : iterable of Cohort
        Rows of the ledger.

    Returns
    -------
    tuple of Panel
        In the order in which their first row comes.
    """
    held: dict[tuple[str, str, str], list[ForestRow]] = {}
    for cohort in cohorts:
        key = (cohort.outcome, cohort.counted_by, cohort.among)
        held.setdefault(key, []).append(ForestRow(cohort, counts_of(cohort)))
    return tuple(Panel(*key, tuple(rows)) for key, rows in held.items())


@frozen
class NaivePool:
    """What adding everything up would claim, and why that claim is wrong."""

    count: Count
    pooled: tuple[str, ...]
    left_out: tuple[str, ...]
    reasons: tuple[str, ...]
    sources: tuple[str, ...]

    def __repr__(self) -> str:
        return (
            f"A naive pool would claim {self.count.words}, from {len(self.pooled)} cohorts. It is wrong: "
            + " ".join(self.reasons)
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the pool and what is wrong with it as plain data."""
        return {**plain(self), "interval": plain(self.count.interval)}


def _kinds(cohorts: Sequence[Cohort], field: str) -> list[str]:
    return list(dict.fromkeys(str(getattr(cohort, field)) for cohort in cohorts))


def _listed(words: Sequence[str]) -> str:
    return ", ".join(words)


def naive_pool(cohorts: Iterable[Cohort]) -> NaivePool:
    """Add up every readable count of one outcome, as one must not, and list what is wrong with the sum.

    Parameters
    ----------
    cohorts : iterable of Cohort
        Rows of one outcome.

    Raises
    ------
    Refused
        If the rows are of several outcomes, or none has a readable count.

    Examples
    --------
    >>> from namlib.store import load
    >>> pool = naive_pool(row for row in load().cohorts if row.outcome == "relapse")
    >>> pool.count
    Count(n=114, total=199)
    """
    rows = list(cohorts)
    outcomes = _kinds(rows, "outcome")
    if len(outcomes) != 1:
        raise Refused("cohorts", f"{len(outcomes)} outcomes; even a naive pool needs a single one")
    # A second reading of the same sentence would count the same people twice.
    readable = [row for row in rows if not row.alternative_to]
    pooled = [row for row in readable if len(counts_of(row)) == 1]
    left_out = [row for row in readable if len(counts_of(row)) != 1]
    if not pooled:
        raise Refused("cohorts", "no cohort has a readable count")
    counts = [counts_of(row)[0] for row in pooled]
    count = Count(sum(n for n, _ in counts), sum(total for _, total in counts))

    reasons = []
    definitions, groups, diseases = (_kinds(pooled, field) for field in ("counted_by", "among", "disease"))
    if len(definitions) > 1:
        reasons.append(f"{len(definitions)} ways to recognise it: {_listed(definitions)}.")
    if "not stated" in definitions:
        silent = sum(row.counted_by == "not stated" for row in pooled)
        reasons.append(f"In {silent} of the {len(pooled)} cohorts no definition was seen at all.")
    if len(groups) > 1:
        reasons.append(f"{len(groups)} kinds of denominator: {_listed(groups)}.")
    if len(diseases) > 1:
        others = sum(counts_of(row)[0].total for row in pooled if row.disease != "IMNM")
        reasons.append(
            f"{len(diseases)} populations: {_listed(diseases)}; {others} of the {count.total} people did not "
            "have IMNM, or were not sorted by it."
        )
    shared = [word for word in _kinds(pooled, "overlap") if sum(row.overlap == word for row in pooled) > 1]
    if shared:
        reasons.append(f"The same patients may be counted twice: {_listed(shared)}.")
    lengths = {row.follow_up_mo for row in pooled}
    if len(lengths) > 1:
        unsaid = sum(row.follow_up_mo is None for row in pooled)
        reasons.append(
            f"Follow-up differs and in {unsaid} of the {len(pooled)} cohorts was not seen; more time, more events."
        )
    apart = [
        (one, other)
        for place, one in enumerate(pooled)
        for other in pooled[place + 1 :]
        if not _overlaps(counts_of(one)[0].interval, counts_of(other)[0].interval)
    ]
    if apart:
        first, second = apart[0]
        pairs = "one pair" if len(apart) == 1 else f"{len(apart)} pairs"
        reasons.append(
            f"The cohorts contradict each other: in {pairs} not even the exact limits overlap ({first.cohort} against "
            f"{second.cohort})."
        )
    if left_out:
        reasons.append(f"What cannot be counted falls out: {_listed([row.cohort for row in left_out])}.")
    reasons.append("The narrow limits of the sum are those of one cohort in which everybody was treated alike.")
    sources = tuple(sorted({key for row in pooled for key in row.sources}))
    ids, out = (tuple(row.id for row in some) for some in (pooled, left_out))
    return NaivePool(count, ids, out, tuple(reasons), sources)


def _overlaps(one: Interval, other: Interval) -> bool:
    return one.low <= other.high and other.low <= one.high


# --- in your clinic ------------------------------------------------------------------------------------------------


class Prior(NamedTuple):
    """What is taken for granted about the share before a cohort was counted: a beta distribution."""

    a: Fraction
    b: Fraction
    name: str


PRIORS = {
    "flat": Prior(Fraction(1), Fraction(1), "every share equally likely (Bayes and Laplace)"),
    "Jeffreys": Prior(Fraction(1, 2), Fraction(1, 2), "the ends a little likelier (Jeffreys)"),
}


def beta_binomial(k: int, count: Count, prior: Prior) -> tuple[Fraction, ...]:
    """Return the probability of 0, 1, ... k events among k people, when a share is known only from a count.

    The share has the beta distribution with ``a = prior.a + n`` and ``b = prior.b + total - n``; k people are drawn
    from it. With rising products ``a(a+1)...``: P(r) = C(k, r) a^(r) b^(k-r) / (a+b)^(k), exactly.

    By hand, flat prior: after 1 of 1 (a = 2, b = 1) the next person has it with 2/3; of two people none has it with
    (1*2)/(3*4) = 1/6, one with 2*(2*1)/(3*4) = 1/3, both with (2*3)/(3*4) = 1/2.

    Parameters
    ----------
    k : int
        People to come.
    count : Count
        What was counted.
    prior : Prior
        What is taken for granted.

    Examples
    --------
    >>> [str(chance) for chance in beta_binomial(2, Count(1, 1), PRIORS["flat"])]
    ['1/6', '1/3', '1/2']
    """
    a, b = prior.a + count.n, prior.b + count.total - count.n
    # Every product carries its denominators; a and b share one, so that they cancel against those of the sum.
    common = a.denominator if a.denominator == b.denominator else a.denominator * b.denominator
    yes, no, both = (_scaled(value, k, common) for value in (a, b, a + b))
    ways = 1
    chances = []
    for r in range(k + 1):
        chances.append(Fraction(ways * yes[r] * no[k - r], both[k]))
        ways = ways * (k - r) // (r + 1)
    return tuple(chances)


def _scaled(start: Fraction, steps: int, common: int) -> list[int]:
    """Rising products of a start, each factor times ``common``, which makes it whole."""
    factors = [int((start + i) * common) for i in range(steps)]
    return list(accumulate(factors, lambda product, factor: product * factor, initial=1))


class Span(NamedTuple):
    """Numbers of people from lowest to highest, and how likely the number lies between them, both ends included."""

    low: int
    high: int
    covers: Fraction


def central_span(probabilities: Sequence[Fraction], level: Fraction | float | str) -> Span:
    """Return the central span of a number: at most (1 - level)/2 lies below it, and at most as much above.

    Parameters
    ----------
    probabilities : sequence of Fraction
        Of 0, 1, 2 ...
    level : Fraction, float or str
        How likely the number shall lie inside, at least; between 0 and 1.

    Raises
    ------
    Refused
        If the level is not between 0 and 1.

    Examples
    --------
    >>> central_span([Fraction(1, 8), Fraction(3, 8), Fraction(3, 8), Fraction(1, 8)], "0.5")
    Span(low=1, high=2, covers=Fraction(3, 4))
    """
    tail = (1 - Fraction(str(level))) / 2
    if not 0 < tail < Fraction(1, 2):
        raise Refused("level", f"{level!r} is not between 0 and 1")
    below = list(accumulate(probabilities))
    low = next(r for r, up_to in enumerate(below) if up_to > tail)
    high = next(r for r, up_to in enumerate(below) if up_to >= 1 - tail)
    return Span(low, high, sum(probabilities[low : high + 1], Fraction(0)))


@frozen
class Forecast:
    """How many of k patients would relapse, if they were like those of a cohort: every number with its probability."""

    k: int
    counts: tuple[Count, ...]
    prior: str
    probabilities: tuple[Fraction, ...]
    cohort: Cohort | None = None

    @property
    def sources(self) -> tuple[str, ...]:
        """Keys of the sources of the cohort."""
        return self.cohort.sources if self.cohort else ()

    @cached_property
    def mean(self) -> Fraction:
        """The number expected on average."""
        return sum((r * chance for r, chance in enumerate(self.probabilities)), Fraction(0))

    @property
    def none(self) -> Fraction:
        """The probability that nobody relapses."""
        return self.probabilities[0]

    @property
    def everyone(self) -> Fraction:
        """The probability that all of them relapse."""
        return self.probabilities[-1]

    def span(self, level: Fraction | float | str) -> Span:
        """Return the central span of the number, as :func:`central_span` finds it."""
        return central_span(self.probabilities, level)

    @cached_property
    def plug_in(self) -> tuple[Fraction, ...]:
        """What would follow if the share of the cohort were known for certain: the binomial, mixed over candidates."""
        each = [_binomial(self.k, Fraction(count.n, count.total)) for count in self.counts]
        return tuple(sum(chances, Fraction(0)) / len(each) for chances in zip(*each, strict=True))

    @property
    def words(self) -> str:
        """Say the forecast in sentences."""
        what = _WHAT.get(self.cohort.outcome, "have it") if self.cohort else "have it"
        like = f" like those of the cohort {self.cohort.cohort!r}" if self.cohort else " like those counted"
        if self.k == 1:
            return f"A patient{like} would {what} with a probability of {percent(self.everyone)}."
        wide = self.span("0.95")
        spread = f"{wide.low}" if wide.low == wide.high else f"{wide.low} to {wide.high}"
        return (
            f"Of {self.k} patients{like}, {number(float(self.mean))} would {what} on average: {spread} with a "
            f"probability of {percent(wide.covers)}, nobody with {percent(self.none)}."
        )

    def __repr__(self) -> str:
        return self.words

    def to_dict(self) -> dict[str, Any]:
        """Return the forecast as plain data; probabilities as floats."""
        return {
            "k": self.k,
            "counts": plain(self.counts),
            "prior": self.prior,
            "cohort": self.cohort.id if self.cohort else None,
            "probabilities": [float(chance) for chance in self.probabilities],
            "mean": float(self.mean),
            "spans": {level: list(self.span(level)[:2]) for level in ("0.8", "0.95")},
            "none": float(self.none),
        }


_WHAT = {
    "relapse": "relapse",
    "relapsing or chronic course": "relapse or never come to rest",
    "treatment-free remission": "be in remission without treatment",
    "remission on treatment": "be in remission",
    "full strength": "reach full strength",
    "more treatment needed": "need more treatment",
    "disability": "be disabled",
    "response to treatment": "respond",
    "death": "have died",
    "cancer": "have a cancer",
    "raised CK at full strength": "have a raised CK at full strength",
}


def _binomial(k: int, share: Fraction) -> list[Fraction]:
    chances, ways = [], 1
    for r in range(k + 1):
        chances.append(ways * share**r * (1 - share) ** (k - r))
        ways = ways * (k - r) // (r + 1)
    return chances


def read_patients(raw: object) -> int:
    """Read a number of patients.

    Raises
    ------
    Refused
        If it is missing, not a whole number, or outside what is accepted.

    Examples
    --------
    >>> read_patients("10")
    10
    """
    value = read_as(PATIENTS, raw)
    if value is None:
        raise Refused(PATIENTS.name, "is missing")
    if value != int(value):
        raise Refused(PATIENTS.name, f"{number(value)} is not a whole number of patients")
    return int(value)


def clinic(
    k: object, cohort: Cohort | Count | tuple[int, int] | Sequence[tuple[int, int]], prior: str = "flat"
) -> Forecast:
    """Forecast how many of k patients would have an outcome, if they were like those of a cohort.

    Where only a percentage was printed, every count that fits it weighs the same: nothing was read that prefers one.

    Parameters
    ----------
    k : int or str
        Patients to come, 1 to 40.
    cohort : Cohort, or (n, total), or several of them
        What was counted.
    prior : {"flat", "Jeffreys"}
        What is taken for granted about the share.

    Returns
    -------
    Forecast
        Exact probabilities of 0 to k.

    Raises
    ------
    Refused
        If k or the prior is not accepted, or the cohort has no count.

    Examples
    --------
    >>> forecast = clinic(10, (5, 6))
    >>> forecast.mean, forecast.span("0.95")[:2]
    (Fraction(15, 2), (3, 10))
    """
    people = read_patients(k)
    if not isinstance(prior, str) or prior not in PRIORS:
        raise Refused("prior", f"{str(prior)[:40]!r} is not one of {', '.join(PRIORS)}")
    row: Cohort | None = None
    if isinstance(cohort, Cohort):
        row, counts = cohort, counts_of(cohort)
        if not counts:
            raise Refused("cohort", f"{cohort.id} has no count and no percentage that allows one")
    else:
        given: Any = cohort
        listed = [given] if len(given) == 2 and all(isinstance(part, int) for part in given) else list(given)
        counts = tuple(Count(*pair) for pair in listed)
        if not counts:
            raise Refused("cohort", "no count is given")
        for n, total in counts:
            whole = all(isinstance(part, int) and not isinstance(part, bool) for part in (n, total))
            if not whole or not 0 <= n <= total or total < 1:
                raise Refused("cohort", f"{n!s:.20} of {total!s:.20} is not a count of people")
    each = [beta_binomial(people, count, PRIORS[prior]) for count in counts]
    mixed = tuple(sum(chances, Fraction(0)) / len(each) for chances in zip(*each, strict=True))
    return Forecast(people, counts, prior, mixed, row)
