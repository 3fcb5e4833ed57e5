"""What a positive or a negative antibody test is worth, for the people it is done in.

The arithmetic is Bayes' rule on whole-number fractions: nothing is rounded before it is printed. A sensitivity and a
specificity come from counts (:class:`namlib.records.AntibodyTest`) and keep their exact limits; what nobody counted
is not filled in, except for one best case that says so.
"""

from __future__ import annotations

import math
from fractions import Fraction
from numbers import Rational
from typing import Any, NamedTuple

from namlib.frozen import frozen
from namlib.model.findings import Field, read_as
from namlib.model.intervals import clopper_pearson, lower_limit
from namlib.records import AntibodyTest, Refused
from namlib.table import plain
from namlib.units import number, percent

# So many people are counted out in words: enough that a rare disease has somebody to show.
PEOPLE = 100_000
CONFIDENCE = 0.95

PRETEST = Field(
    "pretest_percent",
    "Probability before the test",
    "number",
    "How many of 100 people like this one have the disease: 30 for 30 of 100, 0.0025 for 2.5 of 100,000.",
    "%",
    0.001,
    99.9,
    traps=(
        ("percent|per cent|pct", "write % or nothing"),
        ("‰|per mille|permille", "per mille is not accepted: 1 per mille is 0.1"),
        (r"(per|in|of|/|:).*", "write it as a percentage; 2.5 per 100,000 is 0.0025"),
    ),
)


def read_pretest(raw: object) -> Fraction:
    """Read a probability before the test, given in percent.

    Parameters
    ----------
    raw : object
        A number or a text [%].

    Returns
    -------
    Fraction
        The probability, between 0 and 1, exactly as it was written.

    Raises
    ------
    Refused
        If it is missing, no number, carries another unit, or is outside what is accepted.

    Examples
    --------
    >>> read_pretest("0.0025 %")
    Fraction(1, 40000)
    >>> read_pretest("2.5 per 100,000")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    namlib.records.Refused: pretest_percent: '2.5 per 100,000': write it as a percentage; 2.5 per 100,000 is 0.0025; ...
    """
    if raw is None or (isinstance(raw, str) and not raw.strip()):
        raise Refused(PRETEST.name, f"is blank; without it nothing can be said of a result. {PRETEST.counts}")
    return Fraction(repr(read_as(PRETEST, raw))) / 100


# --- the arithmetic ------------------------------------------------------------------------------------------------


class PredictiveValue(NamedTuple):
    """Share of positives with the disease, and of negatives without it; ``None`` where there is none to be known."""

    ppv: Fraction | None
    npv: Fraction | None


def _probability(name: str, value: object) -> Fraction:
    """Take a probability exactly: a float as it is written, not as it is stored."""
    if isinstance(value, bool) or not isinstance(value, int | float | Rational):
        raise Refused(name, f"{value!r:.40} is not a number between 0 and 1")
    if isinstance(value, float):
        if not math.isfinite(value):
            raise Refused(name, f"{value!r} is not a number between 0 and 1")
        value = Fraction(repr(value))
    exact = Fraction(value)
    if not 0 <= exact <= 1:
        hint = "; 30 percent is 0.3" if 1 < exact <= 100 else ""
        raise Refused(name, f"{float(exact) if abs(exact) < 10**300 else 'this'} is not between 0 and 1{hint}")
    return exact


def predictive_value(
    sensitivity: float | Fraction, specificity: float | Fraction, pretest: float | Fraction
) -> PredictiveValue:
    """Work out what a positive and a negative result are worth (Bayes' rule).

    Parameters
    ----------
    sensitivity, specificity : float or Fraction
        Share of the diseased who are positive, and of the others who are negative [0 to 1].
    pretest : float or Fraction
        Share of those tested who have the disease [0 to 1].

    Returns
    -------
    PredictiveValue
        Exact fractions; ``None`` where nobody would be positive (or negative).

    Raises
    ------
    Refused
        If a value is not between 0 and 1.

    Examples
    --------
    >>> ppv, npv = predictive_value(1, 0.9961, 0.000025)
    >>> percent(ppv), npv
    ('0.637%', Fraction(1, 1))
    """
    caught = _probability("sensitivity", sensitivity)
    spared = _probability("specificity", specificity)
    ill = _probability("pretest", pretest)
    true_positive, false_positive = ill * caught, (1 - ill) * (1 - spared)
    true_negative, false_negative = (1 - ill) * spared, ill * (1 - caught)
    positive, negative = true_positive + false_positive, true_negative + false_negative
    return PredictiveValue(
        true_positive / positive if positive else None, true_negative / negative if negative else None
    )


@frozen
class Rate:
    """A counted share with its exact limits.

    ``one_sided``: all were counted alike, so that only one limit says anything. ``assumed``: nobody was counted.
    """

    n: int | None
    total: int | None
    value: Fraction
    low: Fraction
    high: Fraction
    one_sided: bool = False
    assumed: bool = False

    def __repr__(self) -> str:
        if self.assumed:
            return f"{percent(self.value)}, assumed"
        return f"{self.n} of {self.total}: {percent(self.value)}, {self.limits}"

    @property
    def limits(self) -> str:
        """The exact limits in words."""
        if self.assumed:
            return "not known"
        if self.one_sided:
            return f"at least {percent(self.low)}" if self.value else f"at most {percent(self.high)}"
        return f"{percent(self.low)} to {percent(self.high)}"


def rate(n: int, total: int) -> Rate:
    """Give a counted share its exact 95 percent limits.

    Where all were counted alike the limit is one-sided, as in the "rule of three"; else there are two
    (:func:`namlib.model.intervals.clopper_pearson`).

    Raises
    ------
    Refused
        If n of total is no share.

    Examples
    --------
    >>> rate(763, 763), rate(12, 13)
    (763 of 763: 100%, at least 99.61%, 12 of 13: 92.3%, 64% to 99.81%)
    """
    low, high = clopper_pearson(n, total, CONFIDENCE)
    if n == total:
        low = lower_limit(n, total, CONFIDENCE)
    elif n == 0:
        high = 1 - lower_limit(total, total, CONFIDENCE)
    return Rate(n, total, Fraction(n, total), Fraction(low), Fraction(high), one_sided=n in (0, total))


def sensitivity(test: AntibodyTest) -> Rate | None:
    """Return the share of the diseased who were positive; ``None`` where nobody with the disease was counted."""
    if test.kind != "counted" or test.positive_diseased is None or test.n_diseased is None:
        return None
    return rate(test.positive_diseased, test.n_diseased)


def specificity(test: AntibodyTest) -> Rate | None:
    """Return the share of the others who were negative; ``None`` where nobody without the disease was counted."""
    if test.kind != "counted" or test.positive_others is None or test.n_others is None:
        return None
    return rate(test.n_others - test.positive_others, test.n_others)


def observed(test: AntibodyTest) -> Rate | None:
    """Return the share of those positive who had the target in the setting that was looked at; else ``None``."""
    if test.kind != "observed" or test.positive_diseased is None or test.positive_others is None:
        return None
    return rate(test.positive_diseased, test.positive_diseased + test.positive_others)


# --- a test in people ----------------------------------------------------------------------------------------------


class People(NamedTuple):
    """How :data:`PEOPLE` people fall out, as exact expected numbers."""

    true_positive: Fraction
    false_positive: Fraction
    false_negative: Fraction
    true_negative: Fraction

    @property
    def positive(self) -> Fraction:
        """Everybody who tests positive."""
        return self.true_positive + self.false_positive

    @property
    def negative(self) -> Fraction:
        """Everybody who tests negative."""
        return self.false_negative + self.true_negative


@frozen
class Ends:
    """A test at one point of what its counts allow: its rates, what results are worth, and the people behind it."""

    sensitivity: Fraction
    specificity: Fraction
    value: PredictiveValue
    people: People


def _ends(caught: Rate, spared: Rate, pretest: Fraction, end: str) -> Ends:
    share, rest = getattr(caught, end), getattr(spared, end)
    ill, well = PEOPLE * pretest, PEOPLE * (1 - pretest)
    people = People(ill * share, well * (1 - rest), ill * (1 - share), well * rest)
    value = predictive_value(share, rest, pretest)
    if caught.assumed:  # who is missed was not counted, so a negative result cannot be judged
        value = PredictiveValue(value.ppv, None)
    return Ends(share, rest, value, people)


@frozen
class Prediction:
    """One test in people of whom a given share has the disease.

    ``counted`` takes the counts as they are, ``cautious`` and ``best`` both rates at the lower or upper end of their
    exact limits; all three are ``None`` where nobody without the disease was tested.
    """

    test: AntibodyTest
    pretest: Fraction
    sensitivity: Rate
    specificity: Rate | None
    counted: Ends | None
    cautious: Ends | None
    best: Ends | None

    @property
    def sources(self) -> tuple[str, ...]:
        """Keys of the sources the counts were read in."""
        return self.test.sources

    @property
    def assumed_sensitivity(self) -> bool:
        """Whether the test is taken to miss nobody, because nobody with the disease was counted."""
        return self.sensitivity.assumed

    @property
    def words(self) -> str:
        """The result as people among people."""
        ill = PEOPLE * self.pretest
        lead = f"Of {PEOPLE:,} people like these, {some(ill)} {_have(ill)} {self.test.target}"
        if self.counted is None or self.cautious is None:
            found = ill * self.sensitivity.value
            return (
                f"{lead}; {some(found)} of them test{_s(found)} positive. Nobody without it was tested, so it cannot "
                "be said how many others are positive, nor what a positive result is worth."
            )
        return (
            f"{lead}. As counted, {_positives(self.counted)}; "
            f"at the cautious end of the exact limits, {_positives(self.cautious)}."
        )

    @property
    def warnings(self) -> tuple[str, ...]:
        """What to keep in mind with these numbers, the gravest first."""
        said = []
        if self.specificity is None:
            said.append("Specificity was not measured: no positive result can be judged by this test alone.")
        elif self.specificity.n == self.specificity.total:
            said.append(
                f"No false positive was counted among {self.specificity.total:,}. That still allows "
                f"{percent(1 - self.specificity.low)} (exact one-sided 95% limit)."
            )
        if self.assumed_sensitivity:
            said.append("Best case: sensitivity was not measured and is taken as 100%.")
        elif self.test.reference == "another assay":
            said.append("The diseased were picked by another assay for the same antibody: agreement, not sensitivity.")
        elif self.test.reference == "suspicion":
            said.append("The diseased were suspected, not proven by other means: sensitivity may be flattered.")
        return tuple(said)

    def __repr__(self) -> str:
        at = f"{self.test.id} at {percent(self.pretest)} before the test"
        if self.counted is None or self.cautious is None:
            return f"Prediction: {at}: unknown after a positive result, specificity was not measured"
        best_case = "; best case, sensitivity assumed" if self.assumed_sensitivity else ""
        return (
            f"Prediction: {at}: {_worth(self.counted.value.ppv)} after a positive result as counted, "
            f"{_worth(self.cautious.value.ppv)} at the cautious end{best_case}"
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the prediction as plain data; shares and people as numbers, unknown as ``None``."""

        def numbers(end: Ends | None) -> dict[str, Any] | None:
            if end is None:
                return None
            return {
                "sensitivity": float(end.sensitivity),
                "specificity": float(end.specificity),
                "ppv": None if end.value.ppv is None else float(end.value.ppv),
                "npv": None if end.value.npv is None else float(end.value.npv),
                "people": {name: float(count) for name, count in end.people._asdict().items()},
            }

        return {
            "test": plain(self.test),
            "pretest": float(self.pretest),
            "of": PEOPLE,
            "counted": numbers(self.counted),
            "cautious": numbers(self.cautious),
            "best": numbers(self.best),
            "assumed_sensitivity": self.assumed_sensitivity,
            "warnings": list(self.warnings),
            "words": self.words,
        }


def evaluate(test: AntibodyTest, pretest: float | Fraction) -> Prediction:
    """Work out what a test is worth in people of whom a given share has its target.

    Both predictive values are given as counted and with sensitivity and specificity both at the lower, or both at the
    upper, end of their exact limits. That is wider than a 95 percent interval of the predictive value itself.

    Parameters
    ----------
    test : AntibodyTest
        A test of kind ``counted``.
    pretest : float or Fraction
        Share of those tested who have the disease [0 to 1].

    Raises
    ------
    Refused
        If the probability is not between 0 and 1, or the row holds a share of positives observed in one setting, which
        is worth nothing in another.

    Examples
    --------
    >>> from namlib.store import load
    >>> tests = {test.id: test for test in load().antibody_tests}
    >>> evaluate(tests["hmgcr_aric"], Fraction(25, 1_000_000)).cautious.value.ppv < Fraction(7, 1000)
    True
    """
    if test.kind != "counted":
        raise Refused(
            "test",
            f"{test.id} is a share of positives seen in one setting; it cannot be moved to another probability",
        )
    ill = _probability("pretest", pretest)
    caught = sensitivity(test) or Rate(None, None, Fraction(1), Fraction(1), Fraction(1), assumed=True)
    spared = specificity(test)
    if spared is None:
        return Prediction(test, ill, caught, None, None, None, None)
    counted, cautious, best = (_ends(caught, spared, ill, end) for end in ("value", "low", "high"))
    return Prediction(test, ill, caught, spared, counted, cautious, best)


# --- words ---------------------------------------------------------------------------------------------------------


def some(people: Fraction) -> str:
    """Print an expected number of people: whole from 10 up, else with a decimal.

    Examples
    --------
    >>> some(Fraction(5, 2)), some(Fraction(39411, 100)), some(Fraction(0))
    ('2.5', '394', '0')
    """
    return f"{math.floor(people + Fraction(1, 2)):,}" if people >= 10 else number(float(people))


def _have(people: Fraction) -> str:
    return "has" if some(people) == "1" else "have"


def _s(people: Fraction) -> str:
    return "s" if some(people) == "1" else ""


def _positives(end: Ends) -> str:
    positive, ill = end.people.positive, end.people.true_positive
    if end.value.ppv is None:
        return "nobody tests positive"
    return (
        f"{some(positive)} test{_s(positive)} positive and {some(ill)} of them {_have(ill)} it "
        f"({_worth(end.value.ppv)})"
    )


def _worth(share: Fraction | None) -> str:
    return "unknown" if share is None else percent(share)
