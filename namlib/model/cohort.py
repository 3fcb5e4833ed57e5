"""The virtual cohort with people: drawn event by event, the same for the same seed whatever the machine does.

A month matrix says everything about a person's next step: how many months the present state lasts, and where the step
leads. Both are read off one number of 32 random bits, from a table made once for each state. So a person costs one
draw for each step and not one for each month. People are drawn in blocks of a fixed size with a stream of their own,
and a block is summed up before the next begins: memory does not grow with the cohort, and blocks may be worked on in
any order, by anybody, twice if need be, without a digit changing.

numpy is imported when a cohort is drawn and not before. Everything drawn is SYNTHETIC.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property, lru_cache
from importlib import import_module
from statistics import NormalDist
from typing import TYPE_CHECKING, Any, NamedTuple

from namlib.frozen import frozen
from namlib.model.course_of_disease import (
    LABEL,
    MONTHS,
    DiseaseCourse,
    disease_course,
    month_matrix,
    read_month,
    read_parameters,
    read_state,
)
from namlib.model.survival import Risks
from namlib.records import Refused, RelapseModel

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray

    Words = NDArray[numpy.uint32]  # one number a person

# People in a block: the unit of work and of randomness. Changing it changes what a seed draws.
BLOCK = 65536
MOST_PEOPLE = 10**9
MOST_HISTORIES = 1000
# How many months and states the codes below have room for.
_SLOTS, _STATES = 121, 8
_CODES = _SLOTS * _STATES * _STATES
_LONGER = 255  # a wait longer than the grid
# In place of the month of the first taper: what followed it is known, or there was none. Known is more than never, so
# that adding the bits of the one to any month gives it; a taper is open below both.
_KNOWN, _NEVER = 255, 254
_OPEN = _NEVER << 16
_UNSETTLED = 0xFFFF
_BITS = 32
_FINE = 13  # bits that choose a cell of the table

_NORMAL = NormalDist()

Progress = Callable[[int, int], object]


class Cancelled(RuntimeError):
    """A run was stopped by its progress callback. Nothing of it is kept, and starting it again gives the same."""


# --- tables --------------------------------------------------------------------------------------------------------


class _Tables(NamedTuple):
    """What a draw is looked up in.

    ``cells`` holds for each state and each value of the leading bits what the draw means, where that is settled by
    them, else ``_UNSETTLED``. The rest is searched in ``limits``, the last draw that means each of the ``outcomes``.
    """

    cells: NDArray[numpy.uint16]
    limits: NDArray[numpy.uint64]
    outcomes: NDArray[numpy.uint16]


@lru_cache(maxsize=32)
def _tables(matrix: tuple[tuple[float, ...], ...], months: int) -> _Tables:
    """Lay out the joint chance of waiting time and next state, for each state, as limits of a 32-bit number.

    An outcome is ``64 * wait + next``, as :func:`_block` adds it to a person; the longest wait is longer than the grid.
    """
    import numpy as np

    whole = 1 << _BITS
    cells = np.full((len(matrix), 1 << _FINE), _UNSETTLED, dtype=np.uint16)
    # The first and the last number of each cell of the table.
    firsts = np.arange(1 << _FINE, dtype=np.int64) << (_BITS - _FINE)
    lasts = firsts + ((1 << (_BITS - _FINE)) - 1)
    limits: list[NDArray[np.int64]] = []
    outcomes: list[NDArray[np.uint16]] = []
    for here, row in enumerate(matrix):
        ways = [there for there, chance in enumerate(row) if there != here and chance]
        # The chance, in units of one draw, that a state has not been left before each month. Products and sums are
        # built up one by one, in the same way on every machine, which powers need not be.
        factors = np.full(months if ways else 0, row[here])
        factors[:1] = whole
        left = np.cumprod(factors)
        reached = np.rint(np.cumsum(left[:, None] * np.array([row[there] for there in ways])))
        highest = np.append(np.minimum(reached, whole), whole).astype(np.int64) - 1
        waits = np.arange(1, left.size + 1)[:, None] << 6
        meant = np.append(waits + np.array(ways, dtype=np.int64), (_LONGER << 6) + here).astype(np.uint16)
        # A cell is settled when its first and its last number mean the same.
        # Its first number lies above every limit that falls into an earlier cell.
        place = np.bincount((highest >> (_BITS - _FINE)) + 1, minlength=firsts.size).cumsum()[: firsts.size]
        cells[here] = np.where(highest[place] >= lasts, meant[place], _UNSETTLED)
        limits.append(highest + here * whole)
        outcomes.append(meant)
    return _Tables(cells.ravel(), np.concatenate(limits).astype(np.uint64), np.concatenate(outcomes))


# --- one block -----------------------------------------------------------------------------------------------------


class _Plan(NamedTuple):
    """All that a block needs: small, plain, and quick to send to another machine."""

    matrix: tuple[tuple[float, ...], ...]
    start: int
    taper: int
    relapse: int
    dead: int
    months: int
    seed: int
    people: int
    histories: int


# Who took a step, and the step: month, from and to in one number.
Steps = tuple["Words", "Words"]


class _Sums(NamedTuple):
    """What is kept of a block: steps by month, from and to; what followed the first taper, by month; a few people."""

    steps: NDArray[numpy.int64]
    after_taper: NDArray[numpy.int64]
    kept: tuple[Steps, ...] = ()

    def plus(self, other: _Sums) -> _Sums:
        return _Sums(self.steps + other.steps, self.after_taper + other.after_taper, self.kept + other.kept)


# A person is one number: where to (bits 0-2), where from (3-5), month (6-14), month of the first taper (16-23).
_STATE, _STEP, _KEPT = 7, 0x7FFF, 0xFF7FC0


def _rounds(plan: _Plan, number: int) -> Iterator[tuple[Words, NDArray[numpy.intp], Words]]:
    """Move everybody in a block by one step, again and again, until nobody moves within the grid.

    Each round gives all who were still there with their step taken, the places of those whose step lies within the
    grid, and those alone; what is written into these last goes into the next round.
    """
    import numpy as np

    tables = _tables(plan.matrix, plan.months)
    people = min(BLOCK, plan.people - number * BLOCK)
    bits = np.random.SFC64(np.random.SeedSequence(plan.seed, spawn_key=(number,)))
    word = np.full(people, (plan.start << 3) | (_NEVER << 16), dtype=np.uint32)
    beyond = np.uint32((plan.months + 1) << 6)
    state_part, step_part, kept_part = np.uint32(_STATE), np.uint32(_STEP), np.uint32(_KEPT)
    while word.size:
        drawn = bits.random_raw((word.size + 1) // 2).view(np.uint32)[: word.size]
        state = (word >> np.uint32(3)) & state_part
        code = tables.cells.take((drawn >> np.uint32(_BITS - _FINE)) + (state << np.uint32(_FINE)))
        unsettled = np.flatnonzero(code == _UNSETTLED)
        if unsettled.size:
            sought = drawn[unsettled].astype(np.uint64) | (state[unsettled].astype(np.uint64) << np.uint64(_BITS))
            code[unsettled] = tables.outcomes[np.searchsorted(tables.limits, sought)]
        word += code
        # Those who stay till the end of the grid leave here, the dead one round after they died.
        goes = np.flatnonzero((word & step_part) < beyond)
        moved = word[goes]
        yield word, goes, moved
        word = (moved & kept_part) | ((moved & state_part) << np.uint32(3))


def _block(plan: _Plan, number: int) -> _Sums:
    """Draw one block of people and sum it up. A pure function of the plan and the number of the block."""
    import numpy as np

    steps = np.zeros(_CODES, dtype=np.int64)
    after = np.zeros((3, 256), dtype=np.int64)
    # Single people are kept from the first block only, which is why no more of them may be asked for.
    wanted = min(plan.histories, BLOCK, plan.people) if number == 0 else 0
    who = np.arange(wanted, dtype=np.uint32)
    kept: list[Steps] = []
    state_part, step_part = np.uint32(_STATE), np.uint32(_STEP)
    first_taper = np.uint32((_NEVER << 16) | plan.taper)
    for word, goes, moved in _rounds(plan, number):
        if goes.size < word.size:
            stays = np.ones(word.size, dtype=bool)
            stays[goes] = False
            still = word[stays & (word < _OPEN)] >> np.uint32(16)
            after[2] += np.bincount(plan.months - still.astype(np.int64), minlength=256)
        steps += np.bincount(moved & step_part, minlength=_CODES)
        first = np.flatnonzero((moved & np.uint32(0xFF0007)) == first_taper)
        begun = moved[first] & step_part
        moved[first] = begun | ((begun >> np.uint32(6)) << np.uint32(16))
        opened = np.flatnonzero(moved < _OPEN)
        among_open = moved[opened]
        for kind, end in enumerate((plan.relapse, plan.dead)):
            ends = (among_open & state_part) == end
            done = among_open[ends]
            waited = ((done & step_part) >> np.uint32(6)) - (done >> np.uint32(16))
            after[kind] += np.bincount(waited, minlength=256)
            moved[opened[ends]] |= np.uint32(_KNOWN << 16)
        if wanted:
            # People keep their order, so those wanted come first.
            who = who[goes[: int(np.searchsorted(goes, who.size))]]
            kept.append((who, moved[: who.size] & step_part))
    return _Sums(steps, after, tuple(kept))


def _run(plan: _Plan, first: int, last: int) -> _Sums:
    """Draw a stretch of blocks and add them up: what one task of a larger machine does."""
    total = _block(plan, first)
    for number in range(first + 1, last):
        total = total.plus(_block(plan, number))
    return total


# --- a cohort ------------------------------------------------------------------------------------------------------


@frozen
class Event:
    """One step of one synthetic person."""

    month: int
    start: str
    end: str


@frozen
class History:
    """The course of one synthetic person: every step, in order."""

    person: int
    events: tuple[Event, ...]
    months: int

    def __repr__(self) -> str:
        steps = "; ".join(f"month {event.month}: {event.end.replace('_', ' ')}" for event in self.events)
        return f"{LABEL} person {self.person}: {steps or 'active throughout'}"


@frozen
class Cohort:
    """A drawn SYNTHETIC cohort: how many people stood where in each month, and what followed the first taper."""

    people: int
    seed: int
    occupancy: tuple[tuple[int, ...], ...]
    steps: tuple[tuple[int, str, str, int], ...]
    after_taper: Risks
    histories: tuple[History, ...]
    course: DiseaseCourse

    @property
    def states(self) -> tuple[str, ...]:
        """The ids of the states, in the order of the counts."""
        return self.course.states

    @property
    def months(self) -> int:
        """The last month of the grid."""
        return len(self.occupancy) - 1

    def count(self, state: str, month: int) -> int:
        """Return how many stood in a state at a month.

        Raises
        ------
        Refused
            If there is no such state or month.
        """
        return self.occupancy[read_month(month, self.months)][read_state(self.course.model, state)]

    def count_steps(self, start: str, end: str, months: int | None = None) -> int:
        """Return how many steps led from one state to another, up to a month.

        Raises
        ------
        Refused
            If there is no such state.
        """
        read_state(self.course.model, start)
        read_state(self.course.model, end)
        last = self.months if months is None else read_month(months, self.months)
        return sum(number for month, came, went, number in self.steps if (came, went) == (start, end) and month <= last)

    @cached_property
    def deviations(self) -> tuple[tuple[float, ...], ...]:
        """How far each count lies from what is expected, in standard errors; see :func:`deviation`."""
        return tuple(
            tuple(deviation(count, self.people, share) for count, share in zip(counts, shares, strict=True))
            for counts, shares in zip(self.occupancy, self.course.shares, strict=True)
        )

    def __repr__(self) -> str:
        relapses = sum(number for _, _, end, number in self.steps if end == "relapse")
        return (
            f"{LABEL} cohort of {self.people:,} people over {self.months} months (seed {self.seed}): "
            f"{self.after_taper.people:,} began a taper, {sum(self.after_taper.events[0]):,} of them relapsed, "
            f"{relapses:,} relapses in all; {self.count('drug_free', self.months):,} in drug-free remission and "
            f"{self.count('dead', self.months):,} dead at the end"
        )

    def to_dict(self) -> dict[str, Any]:
        """Return label, seed, parameters, counts and the time to relapse as plain data."""
        return {
            "label": self.course.model.label,
            "people": self.people,
            "seed": self.seed,
            "parameters": dict(self.course.values),
            "states": list(self.states),
            "occupancy": [list(row) for row in self.occupancy],
            "steps": [list(step) for step in self.steps],
            "after_taper": {
                "causes": list(self.after_taper.causes),
                "events": [list(row) for row in self.after_taper.events],
                "censored": list(self.after_taper.censored),
            },
            "histories": [
                [[event.month, event.start, event.end] for event in history.events] for history in self.histories
            ],
        }


def deviation(count: int, people: int, share: float) -> float:
    """Say how far a count lies from its expectation, in standard errors.

    Where few are expected in or out of a state, a standard error says little: there the exact binomial chance of a
    count as far out is turned into the standard errors that would be as rare.

    Examples
    --------
    >>> deviation(60, 100, 0.5), round(deviation(1, 10_000, 0.000002), 2), deviation(0, 100, 0.0)
    (2.0, 2.06, 0.0)
    """
    if share > 0.5:
        return -deviation(people - count, people, 1 - share)
    error = math.sqrt(people * share * (1 - share))
    if error >= 5:
        return (count - people * share) / error
    if share <= 1e-15:
        return 0.0 if count == 0 else math.inf
    chance, below = math.exp(people * math.log1p(-share)), 0.0
    for k in range(count):
        below += chance
        chance *= (people - k) / (k + 1) * share / (1 - share)
    at_least, at_most = max(1 - below, 1e-16), min(below + chance, 1 - 1e-16)
    return -_NORMAL.inv_cdf(at_least) if at_least < at_most else _NORMAL.inv_cdf(at_most)


def _whole(name: str, value: object, low: int, high: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise Refused(name, f"{str(value)[:40]!r} is not a whole number from {low:,} to {high:,}")
    return value


def simulate_cohort(
    n: int,
    model: RelapseModel,
    parameters: Mapping[str, Any] | None = None,
    seed: int = 1,
    *,
    months: int = MONTHS,
    histories: int = 5,
    chunk: int = 16,
    client: Any = None,
    progress: Progress | None = None,
) -> Cohort:
    """Draw a SYNTHETIC cohort.

    Parameters
    ----------
    n : int
        How many people, up to a thousand million.
    model : RelapseModel
        States and numbers.
    parameters : mapping, optional
        Values that replace those of the model, by id [1/mo; multipliers without unit].
    seed : int
        The same seed gives the same people, on any machine and in any order of work.
    months : int
        How far, up to 120.
    histories : int
        For how many people, the first ones, every step is kept.
    chunk : int
        How many blocks of 65,536 people are one stretch of work: between two calls of ``progress``, or one task of a
        client. It changes no number.
    client : dask.distributed.Client, optional
        Where to do the work. Blocks are pure functions of their number, so a task that is lost with its worker is
        simply done again.
    progress : callable, optional
        Called with the number of people done and of all; when it returns ``False``, the run is cancelled.

    Raises
    ------
    Refused
        If a number or a parameter is not accepted.
    Cancelled
        If ``progress`` returned ``False``.
    """
    people = _whole("n", n, 1, MOST_PEOPLE)
    _whole("seed", seed, 0, 2**63 - 1)
    _whole("months", months, 1, MONTHS)
    _whole("histories", histories, 0, MOST_HISTORIES)
    _whole("chunk", chunk, 1, 2**31)
    values = read_parameters(model, parameters)
    course = disease_course(model, values, months)
    plan = _plan(people, model, values, seed, months, histories)
    blocks = -(-people // BLOCK)
    stretches = [(first, min(first + chunk, blocks)) for first in range(0, blocks, chunk)]
    drawn = _run_here(plan, stretches, progress) if client is None else _run_on(client, plan, stretches, progress)
    return _cohort(plan, drawn, course)


def _plan(
    people: int, model: RelapseModel, values: Mapping[str, float], seed: int, months: int, histories: int
) -> _Plan:
    at = [state.id for state in model.states]
    return _Plan(
        month_matrix(model, values),
        at.index(model.start),
        at.index("tapering"),
        at.index("relapse"),
        at.index("dead"),
        months,
        seed,
        people,
        histories,
    )


def _told(progress: Progress | None, plan: _Plan, blocks: int) -> None:
    if progress is not None and progress(min(blocks * BLOCK, plan.people), plan.people) is False:
        raise Cancelled(f"stopped after {min(blocks * BLOCK, plan.people):,} of {plan.people:,} people")


def _run_here(plan: _Plan, stretches: list[tuple[int, int]], progress: Progress | None) -> _Sums:
    total = None
    for first, last in stretches:
        sums = _run(plan, first, last)
        total = sums if total is None else total.plus(sums)
        _told(progress, plan, last)
    assert total is not None
    return total


def _run_on(client: Any, plan: _Plan, stretches: list[tuple[int, int]], progress: Progress | None) -> _Sums:
    # Whoever has a client has this package; the course itself does without.
    as_completed = import_module("distributed").as_completed
    firsts, lasts = zip(*stretches, strict=True)
    futures = client.map(_run, [plan] * len(stretches), firsts, lasts, pure=False)
    size = dict(zip(futures, (last - first for first, last in stretches), strict=True))
    total: _Sums | None = None
    done = 0
    try:
        # Whole numbers: in which order the stretches come in changes nothing.
        for future in as_completed(futures):
            sums: _Sums = future.result()
            total = sums if total is None else total.plus(sums)
            done += size[future]
            _told(progress, plan, done)
    finally:
        client.cancel(futures)
    assert total is not None
    return total


def _histories(plan: _Plan, kept: tuple[Steps, ...], states: tuple[str, ...]) -> tuple[History, ...]:
    held: list[list[Event]] = [[] for _ in range(min(plan.histories, plan.people))]
    # A person's steps were kept in the order they were taken in.
    for part in kept:
        for person, step in zip(*(column.tolist() for column in part), strict=True):
            held[person].append(Event(step >> 6, states[step >> 3 & 7], states[step & 7]))
    return tuple(History(person + 1, tuple(events), plan.months) for person, events in enumerate(held))


def _cohort(plan: _Plan, drawn: _Sums, course: DiseaseCourse) -> Cohort:
    import numpy as np

    states = course.states
    flows = drawn.steps.reshape(_SLOTS, _STATES, _STATES)[: plan.months + 1, : len(states), : len(states)]
    change = flows.sum(axis=1) - flows.sum(axis=2)
    change[0, plan.start] += plan.people
    occupancy = np.cumsum(change, axis=0).tolist()
    steps = tuple(
        (month, states[start], states[end], number)
        for month, start, end, number in zip(
            *(part.tolist() for part in np.nonzero(flows)), flows[np.nonzero(flows)].tolist(), strict=True
        )
    )
    after = drawn.after_taper[:, : plan.months + 1].tolist()
    risks = Risks(("relapse", "death"), (tuple(after[0]), tuple(after[1])), tuple(after[2]))
    histories = _histories(plan, drawn.kept, states)
    return Cohort(plan.people, plan.seed, tuple(map(tuple, occupancy)), steps, risks, histories, course)


# --- fans ----------------------------------------------------------------------------------------------------------

# What a fan shows around the exact line: the middle half, and 95 of 100.
FAN = (0.025, 0.25, 0.75, 0.975)
FAN_PEOPLE = 10_000


def luck_fan(
    model: RelapseModel, values: Mapping[str, float], state: str, clinic: int, seed: int = 1
) -> tuple[tuple[float, ...], ...]:
    """Draw 10,000 people, part them into clinics, and say how widely the clinics differ by chance alone.

    Parameters
    ----------
    model, values
        The cohort and its numbers, complete.
    state : str
        The state whose share in each clinic is looked at.
    clinic : int
        People in a clinic.
    seed : int
        As for :func:`simulate_cohort`.

    Returns
    -------
    tuple
        For each quantile of :data:`FAN` the share at months 0 to 120.
    """
    import numpy as np

    place = read_state(model, state)
    plan = _plan(FAN_PEOPLE, model, values, seed, MONTHS, 0)
    clinics = FAN_PEOPLE // clinic
    # Where the counts of each person's clinic begin in a table of clinics by months.
    row = (np.arange(FAN_PEOPLE, dtype=np.uint32) // np.uint32(clinic)) * np.uint32(MONTHS + 1)
    came, went = [], []
    for _, goes, moved in _rounds(plan, 0):
        row = row[goes]
        cell = row + ((moved & np.uint32(_STEP)) >> np.uint32(6))
        came.append(cell[moved & np.uint32(_STATE) == place])
        went.append(cell[(moved >> np.uint32(3)) & np.uint32(_STATE) == place])
    size = clinics * (MONTHS + 1)
    change = np.bincount(np.concatenate(came), minlength=size)[:size]
    change -= np.bincount(np.concatenate(went), minlength=size)[:size]
    counts = change.reshape(clinics, MONTHS + 1).cumsum(axis=1)
    if plan.start == place:
        counts += clinic
    counts.sort(axis=0)
    return tuple(tuple((counts[round(share * (clinics - 1))] / clinic).tolist()) for share in FAN)


def numbers_fan(model: RelapseModel, sets: Sequence[Mapping[str, float]], state: str) -> tuple[tuple[float, ...], ...]:
    """Say how widely the exact share of a state differs between sets of parameters: no chance is in it.

    Parameters
    ----------
    model : RelapseModel
        The cohort.
    sets : sequence of mapping
        Complete sets of parameters, see :func:`namlib.model.course_of_disease.drawn_parameters`.
    state : str
        The state looked at.

    Returns
    -------
    tuple
        For each quantile of :data:`FAN` the share at months 0 to 120.
    """
    import numpy as np

    place = read_state(model, state)
    months = np.array([month_matrix(model, values) for values in sets])
    shares = np.zeros((len(sets), 1, len(model.states)))
    shares[:, 0, read_state(model, model.start)] = 1
    course = np.empty((MONTHS + 1, len(sets)))
    course[0] = shares[:, 0, place]
    for month in range(1, MONTHS + 1):
        shares = shares @ months
        course[month] = shares[:, 0, place]
    course.sort(axis=1)
    return tuple(tuple(course[:, round(share * (len(sets) - 1))].tolist()) for share in FAN)
