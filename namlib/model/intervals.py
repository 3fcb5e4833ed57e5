"""Exact limits for a share that was counted.

The limits are those of Clopper and Pearson: a share belongs to the interval unless what was counted, or something
further out, would be too rare under it. They never promise more than they keep, and they say something even where
nobody, or everybody, was positive. No table and no approximation is used: the binomial sum is solved by bisection.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

from namlib.records import Refused


class Interval(NamedTuple):
    """Two limits of a share, both between 0 and 1."""

    low: float
    high: float


def _checked(n: int, total: int, confidence: float) -> None:
    for name, value in (("n", n), ("total", total)):
        if isinstance(value, bool) or not isinstance(value, int):
            raise Refused(name, f"{value!r} is not a whole number of people")
    if total < 1:
        raise Refused("total", f"{total}: nobody was counted, so there is no share")
    if not 0 <= n <= total:
        raise Refused("n", f"{n} of {total} is not a share")
    if not 0 < confidence < 1:
        raise Refused("confidence", f"{confidence!r} is not between 0 and 1; 95 percent is 0.95")


@lru_cache(maxsize=256)
def _upper(n: int, total: int, tail: float) -> float:
    """Find the share under which n or fewer of total happen with probability ``tail``."""
    if n == total:
        return 1.0
    # Whole numbers of any size have an exact logarithm; their quotients as floats would overflow from 1030 people on.
    ways = [math.log(math.comb(total, k)) for k in range(n + 1)]

    def at_most_n(share: float) -> float:
        yes, no = math.log(share), math.log1p(-share)
        return math.fsum(math.exp(way + k * yes + (total - k) * no) for k, way in enumerate(ways))

    low, high = n / total, 1.0
    while True:
        middle = (low + high) / 2
        if middle in (low, high):
            return middle
        low, high = (middle, high) if at_most_n(middle) > tail else (low, middle)


def upper_limit(n: int, total: int, confidence: float = 0.95) -> float:
    """Return the one-sided upper limit of a share.

    For 0 of many it is close to 3 divided by how many: the "rule of three".

    Parameters
    ----------
    n, total : int
        How many of how many were positive.
    confidence : float
        How often such a limit lies above the true share, at the least.

    Raises
    ------
    Refused
        If n of total is no share, or the confidence is not between 0 and 1.

    Examples
    --------
    >>> round(100 * upper_limit(0, 763), 2)
    0.39
    """
    _checked(n, total, confidence)
    return _upper(n, total, 1 - confidence)


def lower_limit(n: int, total: int, confidence: float = 0.95) -> float:
    """Return the one-sided lower limit of a share: what :func:`upper_limit` is for those who were negative.

    Raises
    ------
    Refused
        As :func:`upper_limit` does.

    Examples
    --------
    >>> round(100 * lower_limit(13, 13), 1)
    79.4
    """
    _checked(n, total, confidence)
    return 1 - _upper(total - n, total, 1 - confidence)


def clopper_pearson(n: int, total: int, confidence: float = 0.95) -> Interval:
    """Return the exact two-sided interval of a share (Clopper and Pearson, Biometrika 1934).

    Parameters
    ----------
    n, total : int
        How many of how many were positive.
    confidence : float
        How often such an interval holds the true share, at the least.

    Raises
    ------
    Refused
        If n of total is no share, or the confidence is not between 0 and 1.

    Examples
    --------
    >>> low, high = clopper_pearson(8, 19)
    >>> round(100 * low, 1), round(100 * high, 1)
    (20.3, 66.5)
    """
    _checked(n, total, confidence)
    tail = (1 - confidence) / 2
    return Interval(1 - _upper(total - n, total, tail), _upper(n, total, tail))
