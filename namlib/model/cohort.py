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
from collections.abc import Callable, Mapping
from functools import cached_property, lru_cache
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

# People in a block: the unit of work and of randomness. Changing it changes what a seed draws.
BLOCK = 16384
MOST_PEOPLE = 10**9
MOST_HISTORIES = 1000
# How many months and states the codes below have room for.
_SLOTS, _STATES = 128, 8
_NEVER = 255
_BITS = 32
_FINE = 12  # bits that choose a cell of the table

Progress = Callable[[int, int], object]


class Cancelled(RuntimeError):
    """A run was stopped by its progress callback. Nothing of it is kept, and starting it again gives the same."""


# --- tables --------------------------------------------------------------------------------------------------------


class _Tables(NamedTuple):
    """What a draw is looked up in.

    ``cells`` holds for each state and each value of the leading bits what the draw means, where that is settled by
    them, else 0. The rest is searched in ``limits``: ``outcomes`` in the order of what they are reached by.
    """

    cells: NDArray[numpy.uint16]
    limits: NDArray[numpy.uint64]
    outcomes: NDArray[numpy.uint16]


@lru_cache(maxsize=32)
def _tables(matrix: tuple[tuple[float, ...], ...], months: int) -> _Tables:
    """Lay out the joint chance of waiting time and next state, for each state, as limits of a 32-bit number.

    An outcome is ``wait + 256 * next``; a wait of 255 is longer than the grid.
    """
    import numpy as np

    whole = 1 << _BITS
    cells = np.zeros((len(matrix), 1 << _FINE), dtype=np.uint16)
    # The first and the last number of each cell of the table.
    firsts = np.arange(1 << _FINE, dtype=np.int64) << (_BITS - _FINE)
    lasts = firsts + ((1 << (_BITS - _FINE)) - 1)
    limits: list[NDArray[np.int64]] = []
    outcomes: list[NDArray[np.uint16]] = []
    for here, row in enumerate(matrix):
        ways = [(256 * there, chance) for there, chance in enumerate(row) if there != here and chance]
        reached, left = 0.0, float(whole)  # in units of one draw: the chance of all outcomes so far, and of none
        ends, codes = [], []
        # Plain Python: multiplication and rounding are the same on every machine, which numpy's powers need not be.
        for wait in range(1, months + 1 if ways else 1):
            for there, chance in ways:
                reached += left * chance
                ends.append(round(reached))
                codes.append(wait + there)
            left *= row[here]
        ends = [*(min(end, whole) for end in ends), whole]
        codes.append(_NEVER + 256 * here)
        highest, meant = np.array(ends, dtype=np.int64) - 1, np.array(codes, dtype=np.uint16)
        # A cell is settled when its first and its last number mean the same.
        place = np.searchsorted(highest, firsts)
        cells[here] = np.where(highest[place] >= lasts, meant[place], 0)
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


# Person, month, from, to: arrays of the same length, one for each.
Steps = tuple["NDArray[numpy.uint32]", "NDArray[numpy.uint8]", "NDArray[numpy.uint8]", "NDArray[numpy.uint8]"]


class _Sums(NamedTuple):
    """What is kept of a block: steps by month, from and to; what followed the first taper, by month; a few people."""

    steps: NDArray[numpy.int64]
    after_taper: NDArray[numpy.int64]
    kept: tuple[Steps, ...] = ()

    def plus(self, other: _Sums) -> _Sums:
        return _Sums(self.steps + other.steps, self.after_taper + other.after_taper, self.kept + other.kept)


def _block(plan: _Plan, number: int) -> _Sums:
    """Draw one block of people and sum it up. A pure function of the plan and the number of the block."""
    import numpy as np

    tables = _tables(plan.matrix, plan.months)
    people = min(BLOCK, plan.people - number * BLOCK)
    bits = np.random.SFC64(np.random.SeedSequence(plan.seed, spawn_key=(number,)))
    steps = np.zeros(_SLOTS * _STATES * _STATES, dtype=np.int64)
    after = np.zeros(3 * 256, dtype=np.int64)
    state = np.full(people, plan.start, dtype=np.uint8)
    month = np.zeros(people, dtype=np.uint8)
    # The month of the first taper; _NEVER before it, and once what followed it is known.
    since = np.full(people, _NEVER, dtype=np.uint8)
    tapered = np.zeros(people, dtype=bool)
    # Single people are kept from the first block only, which is why no more of them may be asked for.
    wanted = min(plan.histories, people) if number == 0 else 0
    who = np.arange(people, dtype=np.uint32)
    kept: list[Steps] = []
    while state.size:
        size = state.size
        drawn = bits.random_raw((size + 1) // 2).view(np.uint32)[:size]
        code = tables.cells[(drawn >> np.uint32(_BITS - _FINE)) | (state.astype(np.uint32) << np.uint32(_FINE))]
        open_ = np.flatnonzero(code == 0)
        if open_.size:
            sought = drawn[open_].astype(np.uint64) | (state[open_].astype(np.uint64) << np.uint64(_BITS))
            code[open_] = tables.outcomes[np.searchsorted(tables.limits, sought)]
        at = month + (code & np.uint16(255))  # 16 bits: no month overflows
        goes = np.flatnonzero(at <= plan.months)
        # Those who stay till the end of the grid leave the loop; of them only an open taper is to be counted.
        if goes.size < size:
            stays = np.flatnonzero((at > plan.months) & (since != _NEVER))
            after[512:] += np.bincount(plan.months - since[stays], minlength=256)
        before, now = state[goes], (code[goes] >> np.uint16(8)).astype(np.uint8)
        at = at[goes].astype(np.uint8)
        since, tapered = since[goes], tapered[goes]
        place = (at.astype(np.uint16) << np.uint16(6)) | (before << np.uint8(3)) | now
        steps += np.bincount(place, minlength=steps.size)
        first = np.flatnonzero((now == plan.taper) & ~tapered)
        since[first] = at[first]
        tapered[first] = True
        for kind, ends in enumerate((plan.relapse, plan.dead)):
            done = np.flatnonzero((now == ends) & (since != _NEVER))
            after[256 * kind : 256 * kind + 256] += np.bincount(at[done] - since[done], minlength=256)
            since[done] = _NEVER
        if wanted:
            who = who[goes]
            among = int(np.searchsorted(who, wanted))  # people keep their order, so those wanted come first
            kept.append((who[:among], at[:among], before[:among], now[:among]))
        alive = np.flatnonzero(now != plan.dead)
        if alive.size < now.size:
            state, month, since, tapered = now[alive], at[alive], since[alive], tapered[alive]
            who = who[alive] if wanted else who
        else:
            state, month = now, at
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
        """Each count less what is expected, in standard errors; 0 where chance has no part."""
        rows = []
        for counts, shares in zip(self.occupancy, self.course.shares, strict=True):
            errors = [math.sqrt(self.people * share * (1 - share)) for share in shares]
            rows.append(
                tuple(
                    (count - self.people * share) / error if error > 1e-9 else 0.0
                    for count, share, error in zip(counts, shares, errors, strict=True)
                )
            )
        return tuple(rows)

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
        How many blocks of 16,384 people are one stretch of work: between two calls of ``progress``, or one task of a
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
    from distributed import as_completed

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
        for person, month, start, end in zip(*(column.tolist() for column in part), strict=True):
            held[person].append(Event(month, states[start], states[end]))
    return tuple(History(person + 1, tuple(events), plan.months) for person, events in enumerate(held))


def _cohort(plan: _Plan, drawn: _Sums, course: DiseaseCourse) -> Cohort:
    import numpy as np

    states = course.states
    flows = drawn.steps.reshape(_SLOTS, _STATES, _STATES)[: plan.months + 1, : len(states), : len(states)]
    change = flows.sum(axis=1) - flows.sum(axis=2)
    change[0, plan.start] += plan.people
    occupancy = np.cumsum(change, axis=0).tolist()
    steps = tuple(
        (int(month), states[start], states[end], int(flows[month, start, end]))
        for month, start, end in zip(*np.nonzero(flows), strict=True)
    )
    after = drawn.after_taper.reshape(3, 256)[:, : plan.months + 1].tolist()
    risks = Risks(("relapse", "death"), (tuple(after[0]), tuple(after[1])), tuple(after[2]))
    histories = _histories(plan, drawn.kept, states)
    return Cohort(plan.people, plan.seed, tuple(map(tuple, occupancy)), steps, risks, histories, course)
