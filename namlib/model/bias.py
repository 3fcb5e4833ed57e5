"""Two ways in which a drug without any effect comes to look as if it worked, on invented people.

Everything here is SYNTHETIC: the people are drawn, the parameters are made up for teaching and stand in the result.
The true effect is known to be none, because the drug is left out of what decides the outcome. Same seed, same people.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from random import Random
from statistics import NormalDist
from typing import Any, Literal, NamedTuple

from namlib.frozen import frozen
from namlib.records import Refused
from namlib.table import plain
from namlib.units import number

SYNTHETIC = "SYNTHETIC: invented people, invented parameters"
# So few that every sum still has somebody in it, so many that a page answers at once.
FEWEST, MOST = 500, 100_000
_SHOWN = 18
_Z = NormalDist().inv_cdf(0.975)


class Group(NamedTuple):
    """Events among so many people, or in so much time."""

    events: int
    base: int

    @property
    def share(self) -> float:
        """Events for each of the base."""
        return self.events / self.base if self.base else math.nan


@frozen
class Comparison:
    """One analysis: those with the drug against those without it."""

    name: str
    treated: Group
    untreated: Group
    counted_in: Literal["people", "person-months"]
    ratio: float
    low: float
    high: float

    @property
    def words(self) -> str:
        """Say the analysis in one sentence."""
        return (
            f"{self.name}: {self.treated.events:,} of {self.treated.base:,} {self.counted_in} with the drug, "
            f"{self.untreated.events:,} of {self.untreated.base:,} without; ratio {self.ratio:.2f} "
            f"(95% limits {self.low:.2f} to {self.high:.2f})"
        )

    def __repr__(self) -> str:
        return self.words


class Life(NamedTuple):
    """One invented person: the month the drug was planned for, and that of the relapse; None for never."""

    planned: int | None
    relapse: int | None

    @property
    def treated(self) -> bool:
        """Whether the drug was reached before the relapse."""
        return self.planned is not None and (self.relapse is None or self.planned < self.relapse)


@frozen
class BiasLesson:
    """The same invented people analysed wrongly and rightly; the drug does nothing."""

    name: str
    question: str
    n: int
    seed: int
    parameters: tuple[tuple[str, float, str], ...]
    naive: Comparison
    right: tuple[Comparison, ...]
    strata: tuple[Comparison, ...]
    lives: tuple[Life, ...]
    why: str
    true_ratio: float = 1.0
    label: str = SYNTHETIC

    @property
    def facts(self) -> tuple[str, ...]:
        """No fact of the ledger: nothing here was observed."""
        return ()

    @property
    def words(self) -> str:
        """Say the lesson in sentences."""
        right = "; ".join(f"{one.name} {one.ratio:.2f}" for one in self.right)
        seems = "protective" if self.naive.ratio < 1 else "harmful"
        return (
            f"{self.label}. {self.name.capitalize()}: a drug without effect looks {seems}, ratio "
            f"{self.naive.ratio:.2f} in {self.n:,} people. Analysed rightly: {right}. True ratio {self.true_ratio:g}."
        )

    def __repr__(self) -> str:
        return self.words

    def to_dict(self) -> dict[str, Any]:
        """Return the lesson as plain data that JSON can hold."""
        return {"words": self.words, **plain(self)}


def _limits(ratio: float, variance: float) -> tuple[float, float]:
    """Limits of a ratio on the log scale."""
    wide = math.exp(_Z * math.sqrt(variance))
    return ratio / wide, ratio * wide


def _compare(name: str, treated: Group, untreated: Group, counted_in: Literal["people", "person-months"]) -> Comparison:
    """Set two groups against each other: a ratio of shares or of rates, with limits on the log scale."""
    if not treated.events or not untreated.events:
        raise Refused("n", "in one group nothing happened, so there is no ratio; take more people or another seed")
    ratio = treated.share / untreated.share
    variance = 1 / treated.events + 1 / untreated.events
    if counted_in == "people":
        variance -= 1 / treated.base + 1 / untreated.base
    return Comparison(name, treated, untreated, counted_in, ratio, *_limits(ratio, variance))


def mantel_haenszel(name: str, strata: tuple[Comparison, ...]) -> Comparison:
    """Bring strata together without letting them mix (Mantel and Haenszel; limits after Greenland and Robins 1985).

    By hand: with 1 of 10 against 1 of 10 in one stratum and 8 of 10 against 8 of 10 in the other, the ratio is
    (1*10/20 + 8*10/20) / (1*10/20 + 8*10/20) = 1, whatever the sizes.

    Parameters
    ----------
    name : str
        What the analysis is called.
    strata : tuple of Comparison
        Each counted in people.
    """
    above = below = spread = 0.0
    for one in strata:
        a, n1, c, n0 = *one.treated, *one.untreated
        total = n1 + n0
        above += a * n0 / total
        below += c * n1 / total
        spread += (n1 * n0 * (a + c) - a * c * total) / total**2
    ratio = above / below
    treated, untreated = (
        Group(sum(getattr(one, side).events for one in strata), sum(getattr(one, side).base for one in strata))
        for side in ("treated", "untreated")
    )
    return Comparison(name, treated, untreated, "people", ratio, *_limits(ratio, spread / (above * below)))


def _checked(n: object, seed: object) -> Random:
    if isinstance(n, bool) or not isinstance(n, int) or not FEWEST <= n <= MOST:
        raise Refused("n", f"{str(n)[:40]!r} is not a whole number of people from {FEWEST:,} to {MOST:,}")
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < 2**32:
        raise Refused("seed", f"{str(seed)[:40]!r} is not a whole number from 0 to {2**32 - 1}")
    return Random(seed)


def immortal_time(n: int = 20_000, seed: int = 1) -> BiasLesson:
    """Let a useless drug look protective because whoever gets it must first have stayed well long enough.

    Everybody relapses with the same probability each month. Half of the people are to be given the drug, in a month
    drawn evenly; who relapses before that month never gets it. The naive analysis compares people ever treated with
    people never treated, from the first month on. The right ones count the months before the drug as months without
    it, or compare only those still well at a fixed month, by what they had been given until then.

    Parameters
    ----------
    n : int
        Invented people, 500 to 100,000.
    seed : int
        Which people.

    Raises
    ------
    Refused
        If n or the seed is not accepted.

    Examples
    --------
    >>> lesson = immortal_time(seed=1)
    >>> lesson.naive.ratio < 0.8 and abs(lesson.right[0].ratio - 1) < 0.1
    True
    """
    random = _checked(n, seed)
    monthly, months, latest, landmark, half = 0.06, 24, 18, 6, 0.5
    lives = []
    for _ in range(n):
        planned = 1 + int(random.random() * latest) if random.random() < half else None
        relapse = next((month for month in range(1, months + 1) if random.random() < monthly), None)
        lives.append(Life(planned, relapse))

    def people(chosen: Callable[[Life], bool], of: list[Life]) -> Group:
        group = [life for life in of if chosen(life)]
        return Group(sum(life.relapse is not None for life in group), len(group))

    naive = _compare(
        "ever treated against never treated",
        people(lambda life: life.treated, lives),
        people(lambda life: not life.treated, lives),
        "people",
    )
    # A month belongs to the drug from the month after it was begun.
    with_drug = sum(max(0, (life.relapse or months) - life.planned) for life in lives if life.planned is not None)
    in_all = sum(life.relapse or months for life in lives)
    after = sum(life.treated and life.relapse is not None for life in lives)
    ever = sum(life.relapse is not None for life in lives)
    by_time = _compare(
        "each month where it belongs", Group(after, with_drug), Group(ever - after, in_all - with_drug), "person-months"
    )
    well = [life for life in lives if life.relapse is None or life.relapse > landmark]
    at_landmark = _compare(
        f"those still well at month {landmark}, by treatment until then",
        people(lambda life: life.planned is not None and life.planned <= landmark, well),
        people(lambda life: life.planned is None or life.planned > landmark, well),
        "people",
    )
    return BiasLesson(
        "immortal time",
        "Does the drug keep people from relapsing?",
        n,
        seed,
        (
            ("probability of a relapse in each month, with or without the drug", monthly, ""),
            ("share for whom the drug is planned", half, ""),
            ("months watched", months, "mo"),
            ("latest month in which the drug is begun", latest, "mo"),
            ("month of the landmark", landmark, "mo"),
        ),
        naive,
        (by_time, at_landmark),
        (),
        tuple(lives[:_SHOWN]),
        "Nobody can relapse between the first month and the drug and still be counted as treated: that time cannot "
        "kill the claim, so it is called immortal. The early relapses all fall to the other side.",
    )


def confounding_by_indication(
    n: int = 20_000, seed: int = 1, *, given_to: Literal["quick", "slow"] = "quick"
) -> BiasLesson:
    """Let a useless second drug look protective because it is given to those who would have done better anyway.

    Half of the people fall ill quickly, are recognised, and have muscle left to save; the others slowly, are taken for
    a dystrophy, and have lost muscle before anybody treats them. The onset decides the outcome, and it decides who is
    given the drug. The drug decides nothing.

    Parameters
    ----------
    n : int
        Invented people, 500 to 100,000.
    seed : int
        Which people.
    given_to : {"quick", "slow"}
        Who is given the drug more often. With ``"slow"`` the same useless drug looks harmful.

    Raises
    ------
    Refused
        If an input is not accepted.

    Examples
    --------
    >>> confounding_by_indication(seed=1).naive.ratio < 0.8
    True
    >>> confounding_by_indication(seed=1, given_to="slow").naive.ratio > 1.25
    True
    """
    random = _checked(n, seed)
    if given_to not in ("quick", "slow"):
        raise Refused("given_to", f"{str(given_to)[:40]!r} is not 'quick' or 'slow'")
    half, often, seldom, good_start, bad_start = 0.5, 0.75, 0.25, 0.3, 0.7
    cells = [(quick, drug) for quick in (True, False) for drug in (True, False)]
    tallies: dict[tuple[bool, bool], list[int]] = {cell: [0, 0] for cell in cells}
    for _ in range(n):
        quick = random.random() < half
        drug = random.random() < (often if quick == (given_to == "quick") else seldom)
        poor = random.random() < (good_start if quick else bad_start)
        tally = tallies[quick, drug]
        tally[0] += poor
        tally[1] += 1

    def group(quick: bool, drug: bool) -> Group:
        return Group(*tallies[quick, drug])

    strata = tuple(
        _compare(f"{name} onset", group(quick, True), group(quick, False), "people")
        for quick, name in ((True, "quick"), (False, "slow"))
    )
    both = [Group(*map(sum, zip(group(True, drug), group(False, drug), strict=True))) for drug in (True, False)]
    naive = _compare("with two drugs against with one", both[0], both[1], "people")
    return BiasLesson(
        "confounding by indication",
        "Do people given a second drug early do better?",
        n,
        seed,
        (
            ("share with a quick onset", half, ""),
            (f"given the second drug, of those with a {given_to} onset", often, ""),
            (f"given the second drug, of those with a {'slow' if given_to == 'quick' else 'quick'} onset", seldom, ""),
            ("poor outcome after a quick onset, with or without the drug", good_start, ""),
            ("poor outcome after a slow onset, with or without the drug", bad_start, ""),
        ),
        naive,
        (mantel_haenszel("like compared with like, by onset", strata),),
        strata,
        (),
        "What made the doctor give the drug also made the outcome. Within people who fell ill in the same way the drug "
        "changes nothing. Here the onset is recorded; in a cohort it may not be.",
    )


LESSONS: dict[str, Callable[..., BiasLesson]] = {
    "immortal time": immortal_time,
    "confounding by indication": confounding_by_indication,
}


def bias_lesson(name: str, *, n: int = 20_000, seed: int = 1) -> BiasLesson:
    """Return one lesson by its name.

    Raises
    ------
    Refused
        If there is no such lesson; the message lists those there are.
    """
    if not isinstance(name, str) or name not in LESSONS:
        raise Refused("name", f"{str(name)[:40]!r} is not one of {', '.join(LESSONS)}")
    return LESSONS[name](n, seed)


def parameter_words(lesson: BiasLesson) -> tuple[tuple[str, str], ...]:
    """Say every invented parameter."""
    return tuple((name, f"{number(value)} {unit}".strip()) for name, value, unit in lesson.parameters)
