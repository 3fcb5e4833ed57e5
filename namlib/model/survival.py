"""Time to an event on a grid of months: Kaplan-Meier, and Aalen-Johansen where something else may come first.

On a grid the data are counts: how many had which event in a month, and how many were last seen in it. Whoever is
censored in a month was still at risk of the events of that month, as is usual. The estimates agree with
statsmodels to the last digits (``tests/test_cohort.py``); such packages take a second to load.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from namlib.frozen import frozen
from namlib.records import Refused

_Z95 = 1.959963984540054


@frozen
class Risks:
    """Counts by month since the start: events of each cause, and people last seen without one."""

    causes: tuple[str, ...]
    events: tuple[tuple[int, ...], ...]
    censored: tuple[int, ...]

    def __post_init__(self) -> None:
        if len(self.events) != len(self.causes) or any(len(row) != len(self.censored) for row in self.events):
            raise Refused("events", "does not hold one count for each cause and month")
        if min((min(row, default=0) for row in (*self.events, self.censored)), default=0) < 0:
            raise Refused("events", "holds a count below 0")

    @property
    def people(self) -> int:
        """How many were followed."""
        return sum(self.censored) + sum(sum(row) for row in self.events)

    @property
    def at_risk(self) -> tuple[int, ...]:
        """How many were still under observation, without an event, as each month began."""
        left, held = self.people, []
        for month, lost in enumerate(self.censored):
            held.append(left)
            left -= lost + sum(row[month] for row in self.events)
        return tuple(held)

    def __repr__(self) -> str:
        said = ", ".join(f"{sum(row):,} {cause}" for cause, row in zip(self.causes, self.events, strict=True))
        return f"{self.people:,} people followed: {said}, {sum(self.censored):,} censored"


def risks(months: Iterable[int], events: Iterable[int], causes: Sequence[str], last: int) -> Risks:
    """Count a list of people.

    Parameters
    ----------
    months : iterable of int
        The month in which each person had the event, or was last seen.
    events : iterable of int
        0 for censored, else the number of the cause, from 1.
    causes : sequence of str
        What may happen.
    last : int
        The last month of the grid.

    Raises
    ------
    Refused
        If a month lies outside the grid or an event is no cause.

    Examples
    --------
    >>> risks([2, 3, 3], [1, 0, 1], ["relapse"], last=3)
    3 people followed: 2 relapse, 1 censored
    """
    held = [[0] * (last + 1) for _ in range(len(causes) + 1)]
    for month, event in zip(months, events, strict=True):
        if not 0 <= month <= last:
            raise Refused("months", f"{month} lies outside 0 to {last}")
        if not 0 <= event <= len(causes):
            raise Refused("events", f"{event} is no cause")
        held[event][month] += 1
    return Risks(tuple(causes), tuple(tuple(row) for row in held[1:]), tuple(held[0]))


class Estimate(NamedTuple):
    """A share at each month with its variance and pointwise 95% limits, and how many were at risk."""

    share: tuple[float, ...]
    variance: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    at_risk: tuple[int, ...]


def kaplan_meier(counts: Risks, causes: Sequence[str] | None = None) -> Estimate:
    """Estimate the share that is still free of an event at each month; other causes count as censored.

    Limits are those of Greenwood's variance on the scale of ``log(-log)``, which never leave 0 to 1.

    Parameters
    ----------
    counts : Risks
        Counts by month.
    causes : sequence of str, optional
        What counts as the event; all causes when not given.

    Examples
    --------
    Of three people one relapses in month 2; of the two left in month 3, one does:

    >>> kaplan_meier(risks([2, 3, 3], [1, 0, 1], ["relapse"], last=3)).share
    (1.0, 1.0, 0.6666666666666667, 0.33333333333333337)
    """
    chosen = [row for cause, row in zip(counts.causes, counts.events, strict=True) if causes is None or cause in causes]
    share, summed = 1.0, 0.0
    shares, variances, lows, highs = [], [], [], []
    for month, at_risk in enumerate(counts.at_risk):
        ended = sum(row[month] for row in chosen)
        if ended:
            share *= 1 - ended / at_risk
            summed += ended / (at_risk * (at_risk - ended)) if ended < at_risk else math.inf
        shares.append(share)
        variances.append(share**2 * summed if share else 0.0)
        if 0 < share < 1:
            turn = _Z95 * math.sqrt(summed) / math.log(share)
            lows.append(share ** math.exp(-turn))
            highs.append(share ** math.exp(turn))
        else:
            lows.append(share)
            highs.append(share)
    return Estimate(tuple(shares), tuple(variances), tuple(lows), tuple(highs), counts.at_risk)


def aalen_johansen(counts: Risks, cause: str) -> Estimate:
    """Estimate the share that has had an event of one cause by each month, where another cause may come first.

    What Kaplan-Meier gives with the others censored, taken from 1, is larger: it speaks of a world in which nobody has
    the other event. The variance is that of the delta method (Marubini and Valsecchi, 1995); limits are on the scale of
    ``log(-log)``.

    Raises
    ------
    Refused
        If there is no such cause.
    """
    if cause not in counts.causes:
        raise Refused("cause", f"{str(cause)[:40]!r} is not one of {', '.join(counts.causes)}")
    mine = counts.events[counts.causes.index(cause)]
    free, share = 1.0, 0.0
    shares: list[float] = []
    # For each month with an event: share by then, and the two weights of its part in the variance.
    parts: list[tuple[float, float, float]] = []
    variances, lows, highs = [], [], []
    second = 0.0
    for month, at_risk in enumerate(counts.at_risk):
        ended = sum(row[month] for row in counts.events)
        if ended:
            share += free * mine[month] / at_risk
            spread = ended / at_risk / (at_risk - ended) if ended < at_risk else 0.0
            second += free**2 * mine[month] * (at_risk - mine[month]) / at_risk**3
            parts.append((share, spread, free * mine[month] / at_risk**2))
            free *= 1 - ended / at_risk
        variance = second + sum(
            [(share - then) ** 2 * spread - 2 * (share - then) * cross for then, spread, cross in parts]
        )
        shares.append(share)
        variances.append(variance)
        if 0 < share < 1:
            turn = _Z95 * math.sqrt(max(variance, 0.0)) / (share * math.log(share))
            lows.append(share ** math.exp(-turn))
            highs.append(share ** math.exp(turn))
        else:
            lows.append(share)
            highs.append(share)
    return Estimate(tuple(shares), tuple(variances), tuple(lows), tuple(highs), counts.at_risk)
