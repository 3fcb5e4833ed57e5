"""The virtual cohort without people: how the shares of its states move from month to month, exactly.

A cohort is a list of states and of rates per month from one to the next. Within a month a person takes at most one
step. Death comes first, so that the living are ``exp(-rate t)`` of all, as the cited survival has it; among those who
survive the month, steps that compete share it in proportion to their rates, so that a state with a single way out
empties as ``exp(-rate t)`` too. From there on it is plain multiplication, month by month: no chance, no error but
rounding.

Everything here is SYNTHETIC: no rate of moving between these states has been published for IMNM. The numbers, what each
stands on and what they are held against are data (``data/relapse_model.yaml``).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cached_property, lru_cache
from typing import Any

from namlib.frozen import frozen
from namlib.model.intervals import clopper_pearson
from namlib.records import CourseParameter, CourseQuantity, CourseTarget, Refused, RelapseModel
from namlib.table import plain

MONTHS = 120
LABEL = "SYNTHETIC"

Rates = Mapping[str, float]
Matrix = tuple[tuple[float, ...], ...]


# --- from rates to one month ---------------------------------------------------------------------------------------


def read_parameters(model: RelapseModel, given: Mapping[str, Any] | None = None) -> dict[str, float]:
    """Fill what is given up with the values of the model.

    Parameters
    ----------
    model : RelapseModel
        The states and numbers of the cohort.
    given : mapping, optional
        Values by parameter id: rates [1/mo], and multipliers as plain numbers. Any positive number is accepted, and 0
        for a step that nobody takes; the ranges of the model are what is thought possible, not what may be tried.

    Returns
    -------
    dict
        One value for every parameter of the model, in its order.

    Raises
    ------
    Refused
        If a name is unknown, or a value is no number from 0 to 100.
    """
    values = {parameter.id: parameter.value for parameter in model.parameters}
    for name, value in (given or {}).items():
        if name not in values:
            raise Refused(str(name)[:40], f"is not a parameter; the parameters are {', '.join(values)}")
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise Refused(name, f"{str(value)[:40]!r} is not a number")
        if not 0 <= value <= 100:
            raise Refused(name, f"{value:g} is outside 0 to 100")
        values[name] = float(value)
    return values


def steps_of(model: RelapseModel, values: Rates) -> dict[tuple[str, str], float]:
    """Return the rate [1/mo] of every step between two states, multipliers included.

    A parameter without a start leads from every state that others lead out of or into, except where it ends.
    """
    scale: dict[str, float] = {}
    for parameter in model.parameters:
        if parameter.scales:
            scale[parameter.scales] = scale.get(parameter.scales, 1.0) * values[parameter.id]
    rates: dict[tuple[str, str], float] = {}
    for parameter in model.parameters:
        if not parameter.end:
            continue
        starts = [parameter.start] if parameter.start else [state.id for state in model.states]
        for start in starts:
            if start != parameter.end:
                step = (start, parameter.end)
                rates[step] = rates.get(step, 0.0) + values[parameter.id] * scale.get(parameter.id, 1.0)
    return rates


def month_matrix(model: RelapseModel, values: Rates, absorbing: Sequence[str] = ()) -> Matrix:
    """Return the probability of standing in each state one month later, for each state.

    Parameters
    ----------
    model, values
        The cohort and its numbers, complete (see :func:`read_parameters`).
    absorbing : sequence of str
        States that nobody leaves, so that arriving there the first time can be counted.

    Examples
    --------
    One way out of a state leaves ``exp(-rate)`` of it behind:

    >>> from namlib.records import CourseParameter, CourseState
    >>> well, ill = CourseState("well", "Well", "."), CourseState("ill", "Ill", ".")
    >>> falls = CourseParameter("fall", "Fall", 0.5, 0.5, 0.5, "1/mo", "assumed", ".", "well", "ill")
    >>> two = RelapseModel("SYNTHETIC", "well", (well, ill), (falls,), (), ())
    >>> [[round(share, 4) for share in row] for row in month_matrix(two, {"fall": 0.5})]
    [[0.6065, 0.3935], [0.0, 1.0]]
    """
    place = {state.id: index for index, state in enumerate(model.states)}
    ends = [place[name] for name in deadly(model)]
    ways: list[dict[int, float]] = [{} for _ in place]
    deaths = [0.0] * len(place)
    for (start, end), rate in steps_of(model, values).items():
        here = place[start]
        # Nobody leaves the state that is reached from everywhere.
        if start in absorbing or here in ends:
            continue
        if place[end] in ends:
            deaths[here] = rate
        else:
            ways[here][place[end]] = rate
    rows = []
    for here, others in enumerate(ways):
        total = sum(others.values())
        row = [0.0] * len(place)
        survives, leaves = math.exp(-deaths[here]), -math.expm1(-total)
        for there, rate in others.items():
            row[there] = survives * leaves * rate / total if total else 0.0
        for there in ends:
            row[there] = -math.expm1(-deaths[here])
        row[here] = 1.0 if here in ends else survives * math.exp(-total)
        rows.append(tuple(row))
    return tuple(rows)


def deadly(model: RelapseModel) -> tuple[str, ...]:
    """Name the state that is reached from every other and never left, if there is one."""
    return tuple(dict.fromkeys(item.end for item in model.parameters if item.end and not item.start))


def evolve(matrix: Matrix, start: Sequence[float], months: int = MONTHS) -> tuple[tuple[float, ...], ...]:
    """Return the share of each state at every month from 0 to ``months``.

    Parameters
    ----------
    matrix : tuple of rows
        Probabilities of one month, as :func:`month_matrix` makes them.
    start : sequence of float
        Shares at month 0.
    """
    # Only ways that somebody takes are multiplied: most of the matrix is empty.
    ways = [[(source, row[end]) for source, row in enumerate(matrix) if row[end]] for end in range(len(matrix))]
    shares = tuple(start)
    course = [shares]
    for _ in range(months):
        shares = tuple([sum([shares[source] * chance for source, chance in into]) for into in ways])
        course.append(shares)
    return tuple(course)


def starting_shares(model: RelapseModel, state: str = "") -> tuple[float, ...]:
    """Put everybody into one state; blank: the state in which the model starts."""
    at = state or model.start
    return tuple(1.0 if item.id == at else 0.0 for item in model.states)


# --- the course of a cohort ----------------------------------------------------------------------------------------


@frozen
class DiseaseCourse:
    """The exact shares of the states of a SYNTHETIC cohort at months 0 to 120 since the start of treatment."""

    values: dict[str, float]
    shares: tuple[tuple[float, ...], ...]
    model: RelapseModel

    @cached_property
    def states(self) -> tuple[str, ...]:
        """The ids of the states, in the order of the shares."""
        return tuple(state.id for state in self.model.states)

    def share(self, state: str, month: int) -> float:
        """Return the share of all people who started that stands in a state at a month.

        Raises
        ------
        Refused
            If there is no such state or month.
        """
        return self.shares[read_month(month)][read_state(self.model, state)]

    def __repr__(self) -> str:
        end = dict(zip(self.states, self.shares[-1], strict=True))
        said = ", ".join(f"{state.name.lower()} {100 * end[state.id]:.1f}%" for state in self.model.states)
        return f"{LABEL} course, exact shares after {len(self.shares) - 1} months: {said}"

    def to_dict(self) -> dict[str, Any]:
        """Return label, parameters and shares as plain data."""
        return {
            "label": self.model.label,
            "parameters": dict(self.values),
            "states": list(self.states),
            "shares": plain(self.shares),
        }


def read_state(model: RelapseModel, state: str) -> int:
    """Return the place of a state.

    Raises
    ------
    Refused
        If the model has no such state.
    """
    known = [item.id for item in model.states]
    if state not in known:
        raise Refused("state", f"{str(state)[:40]!r} is not one of {', '.join(known)}")
    return known.index(state)


def read_month(month: object, last: int = MONTHS) -> int:
    """Check a month of the grid.

    Raises
    ------
    Refused
        If it is no whole number from 0 to the last month.
    """
    if isinstance(month, bool) or not isinstance(month, int) or not 0 <= month <= last:
        raise Refused("month", f"{str(month)[:40]!r} is not a whole month from 0 to {last}")
    return month


def disease_course(
    model: RelapseModel, parameters: Mapping[str, Any] | None = None, months: int = MONTHS
) -> DiseaseCourse:
    """Work out the exact shares of the states, month by month.

    Parameters
    ----------
    model : RelapseModel
        States and numbers.
    parameters : mapping, optional
        Values that replace those of the model, by id [1/mo; multipliers without unit].
    months : int
        How far.

    Raises
    ------
    Refused
        As :func:`read_parameters` does.
    """
    values = read_parameters(model, parameters)
    return DiseaseCourse(values, evolve(month_matrix(model, values), starting_shares(model), months), model)


# --- what a published share is held against ------------------------------------------------------------------------


def _between(course: Sequence[float], month: float) -> float:
    """Read a monthly course at any time, straight between two months."""
    before = min(int(month), len(course) - 2)
    return course[before] + (month - before) * (course[before + 1] - course[before])


def predicted(model: RelapseModel, values: Rates, quantity: CourseQuantity, month: float) -> float:
    """Work out the share that a published one is held against.

    Parameters
    ----------
    model, values
        The cohort and its numbers, complete.
    quantity : str
        ``ever responded``, ``ever relapsed``: of all who started, by that month. ``at full strength``,
        ``off all drugs``, ``active or relapsed``, ``monophasic``: of those alive at that month; monophasic is at full
        strength without a relapse so far. ``relapsed since taper``: of all who began a taper, that many months later.
        ``alive``: of all who started.
    month : float
        Months since the start, of treatment or of the taper.
    """
    dead = set(deadly(model))
    strong = {state.id for state in model.states if state.full_strength}
    off = {state.id for state in model.states if state.full_strength and not state.on_drug}
    last = math.ceil(month)

    def course(counted: set[str], absorbing: tuple[str, ...] = (), start: str = "") -> list[float]:
        matrix = month_matrix(model, values, absorbing)
        places = [index for index, state in enumerate(model.states) if state.id in counted]
        return [
            sum([shares[place] for place in places])
            for shares in evolve(matrix, starting_shares(model, start), max(last, 1))
        ]

    def of_the_living(counted: set[str], absorbing: tuple[str, ...] = ()) -> float:
        return _between(course(counted, absorbing), month) / (1 - _between(course(dead), month))

    match quantity:
        case "ever responded":
            return _between(course({"responding"}, ("responding",)), month)
        case "ever relapsed":
            return _between(course({"relapse"}, ("relapse",)), month)
        case "relapsed since taper":
            return _between(course({"relapse"}, ("relapse",), "tapering"), month)
        case "at full strength":
            return of_the_living(strong)
        case "off all drugs":
            return of_the_living(off)
        case "active or relapsed":
            return of_the_living({model.start, "relapse"})
        case "monophasic":
            return of_the_living(strong, ("relapse",))
        case "alive":
            return 1 - _between(course(dead), month)


# --- how well numbers and targets agree ----------------------------------------------------------------------------

_Z95 = 1.959963984540054


def observed_interval(target: CourseTarget) -> tuple[float, float]:
    """Return the 95% limits of a published share: exact ones of a count, over all candidates, or those printed."""
    if not target.counts:
        assert target.low_percent is not None and target.high_percent is not None
        return target.low_percent / 100, target.high_percent / 100
    limits = [clopper_pearson(n, total) for n, total in target.counts]
    return min(limit.low for limit in limits), max(limit.high for limit in limits)


def _log_odds(share: float) -> float:
    share = min(max(share, 1e-12), 1 - 1e-12)
    return math.log(share / (1 - share))


def log_likelihood(target: CourseTarget, share: float) -> float:
    """Say how well a share agrees with a published one, as a log-likelihood.

    A count is binomial; of several candidates each counts the same. A printed estimate is taken as normal on the scale
    of log odds, with the width of its limits.
    """
    if target.counts:
        share = min(max(share, 1e-12), 1 - 1e-12)
        chances = [math.comb(total, n) * share**n * (1 - share) ** (total - n) for n, total in target.counts]
        return math.log(math.fsum(chances) / len(chances))
    assert target.percent is not None
    low, high = (_log_odds(limit) for limit in observed_interval(target))
    return -0.5 * ((_log_odds(share) - _log_odds(target.percent / 100)) / ((high - low) / (2 * _Z95))) ** 2


def fit(model: RelapseModel, values: Rates, role: str = "calibration") -> float:
    """Add up the log-likelihoods of all targets of a role."""
    return math.fsum(
        log_likelihood(target, predicted(model, values, target.quantity, target.month))
        for target in model.targets
        if target.role == role
    )


def calibrated(model: RelapseModel) -> dict[str, float]:
    """Find the values of the calibrated parameters that agree best with the calibration targets.

    One parameter after the other is moved to its best value by golden section on a log scale, until no value moves by
    more than a thousandth. Nothing is drawn, so the result is the same every time. The cited rate of death is solved
    for: it gives the cited survival exactly.
    """
    values = read_parameters(model)
    by_id = {target.id: target for target in model.targets}
    for parameter in model.parameters:
        if parameter.standing == "cited" and parameter.targets:
            target = by_id[parameter.targets[0]]
            assert target.quantity == "alive" and target.percent is not None
            values[parameter.id] = -math.log(target.percent / 100) / target.month
    free = [parameter for parameter in model.parameters if parameter.standing == "calibrated"]
    for _ in range(40):
        before = dict(values)
        for parameter in free:
            values[parameter.id] = _best(model, values, parameter)
        if all(abs(math.log(values[item.id] / before[item.id])) < 1e-4 for item in free):
            break
    return values


def _best(model: RelapseModel, values: Rates, parameter: CourseParameter) -> float:
    golden = (math.sqrt(5) - 1) / 2
    # A factor of ten around the present value holds every best value met here, and the search moves on if it does not.
    low, high = math.log(values[parameter.id] / 10), math.log(values[parameter.id] * 10)

    def at(place: float) -> float:
        return fit(model, {**values, parameter.id: math.exp(place)})

    left, right = high - golden * (high - low), low + golden * (high - low)
    at_left, at_right = at(left), at(right)
    while high - low > 1e-5:
        if at_left > at_right:
            high, right, at_right = right, left, at_left
            left = high - golden * (high - low)
            at_left = at(left)
        else:
            low, left, at_left = left, right, at_right
            right = low + golden * (high - low)
            at_right = at(right)
    return math.exp((low + high) / 2)


def likely_range(model: RelapseModel, values: Rates, parameter: CourseParameter) -> tuple[float, float]:
    """Find how far a calibrated parameter can move, the others kept, before it agrees significantly worse.

    The limits are where the log-likelihood has fallen by 1.92, half the 95% point of chi-squared with one degree of
    freedom. The cited rate of death has the limits of the survival it comes from.
    """
    if parameter.standing == "cited":
        target = next(target for target in model.targets if target.id == parameter.targets[0])
        low, high = observed_interval(target)
        return -math.log(high) / target.month, -math.log(low) / target.month
    floor = fit(model, values) - _Z95**2 / 2
    ends = []
    for direction in (-1, 1):
        inside, outside = 0.0, math.log(100)
        for _ in range(30):
            middle = (inside + outside) / 2
            moved = {**values, parameter.id: values[parameter.id] * math.exp(direction * middle)}
            inside, outside = (middle, outside) if fit(model, moved) > floor else (inside, middle)
        ends.append(values[parameter.id] * math.exp(direction * (inside + outside) / 2))
    return ends[0], ends[1]


def rounded(value: float, digits: int = 3) -> float:
    """Round to so many significant digits, as parameters are held in the data.

    Examples
    --------
    >>> rounded(0.0012634), rounded(0.1402), rounded(0.9999)
    (0.00126, 0.14, 1.0)
    """
    return float(f"{value:.{digits - 1}e}")


# --- what nobody knows ---------------------------------------------------------------------------------------------


def drawn_parameters(
    model: RelapseModel, draws: int, seed: int, fixed: Mapping[str, float] | None = None
) -> tuple[dict[str, float], ...]:
    """Draw whole sets of parameters from their ranges, each parameter by itself.

    What is cited or calibrated is log-normal around its value, with 95% between ``low`` and ``high`` on either side;
    what is assumed lies evenly between them on a log scale. A multiplier is not drawn: it is a question somebody asks,
    not a number that is there and unknown. Parameters may hang together; that is not drawn either.

    Parameters
    ----------
    model : RelapseModel
        The cohort.
    draws : int
        How many sets.
    seed : int
        The same seed gives the same sets.
    fixed : mapping, optional
        Parameters that are not drawn but held at a value.
    """
    from random import Random

    held = fixed or {}
    # One stream for each parameter: holding one of them still leaves the draws of all others as they were.
    streams = {parameter.id: Random(f"{seed} {parameter.id}") for parameter in model.parameters}

    def draw(parameter: CourseParameter) -> float:
        if parameter.scales:
            return parameter.value
        stream = streams[parameter.id]
        if parameter.standing == "assumed":
            low, high = math.log(parameter.low), math.log(parameter.high)
            return math.exp(low + (high - low) * stream.random())
        # The quantile of the normal is worked out from one number between 0 and 1: stable from version to version.
        turn = _normal_quantile(stream.random())
        side = parameter.high if turn > 0 else parameter.low
        return parameter.value * math.exp(abs(turn) / _Z95 * math.log(side / parameter.value))

    return tuple(
        {parameter.id: held.get(parameter.id, draw(parameter)) for parameter in model.parameters} for _ in range(draws)
    )


@lru_cache(maxsize=4096)
def _normal_quantile(share: float) -> float:
    from statistics import NormalDist

    return NormalDist().inv_cdf(min(max(share, 1e-12), 1 - 1e-12))


def quantile(ordered: Sequence[float], share: float) -> float:
    """Read a quantile off an ordered sample, straight between its neighbours.

    Examples
    --------
    >>> quantile([1.0, 2.0, 3.0], 0.25)
    1.5
    """
    place = share * (len(ordered) - 1)
    before = min(int(place), len(ordered) - 2)
    return ordered[before] + (place - before) * (ordered[before + 1] - ordered[before])


# --- the calibration, target by target -----------------------------------------------------------------------------


@frozen
class TargetCheck:
    """One target beside what the cohort says: at its own time, over the draws, and at the other times tried."""

    target: CourseTarget
    share: float
    low: float
    high: float
    observed_low: float
    observed_high: float
    at_other_months: tuple[tuple[float, float], ...]

    @property
    def overlaps(self) -> bool:
        """Whether the two intervals share anything."""
        return self.low <= self.observed_high and self.observed_low <= self.high

    @property
    def inside(self) -> bool:
        """Whether the cohort's own value lies within the limits of the published share."""
        return self.observed_low <= self.share <= self.observed_high


def target_checks(model: RelapseModel, draws: int = 200, seed: int = 1) -> tuple[TargetCheck, ...]:
    """Hold every target against the cohort: its value, and 95% of the draws of its parameters."""
    values = read_parameters(model)
    sets = drawn_parameters(model, draws, seed)
    checks = []
    for target in model.targets:

        def at(numbers: Rates, month: float = target.month, quantity: CourseQuantity = target.quantity) -> float:
            return predicted(model, numbers, quantity, month)

        spread = sorted(at(numbers) for numbers in sets)
        low, high = observed_interval(target)
        others = [month for month in (target.month_low, target.month_high) if month not in (None, target.month)]
        checks.append(
            TargetCheck(
                target,
                at(values),
                quantile(spread, 0.025),
                quantile(spread, 0.975),
                low,
                high,
                tuple((month, at(values, month)) for month in others if month is not None),
            )
        )
    return tuple(checks)


@frozen
class StateUncertainty:
    """One state at one month of a SYNTHETIC cohort: its exact share, and two kinds of doubt that never mix.

    ``low`` and ``high`` hold 95% of the shares that other numbers from their ranges would give; more people do not
    narrow them. ``chance_low`` and ``chance_high`` are where 95% of cohorts of ``people`` would lie if the numbers were
    known; more people do.
    """

    state: str
    name: str
    month: int
    share: float
    low: float
    high: float
    people: int
    chance_low: float
    chance_high: float


def uncertainty(
    model: RelapseModel, people: int, month: int, draws: int = 200, seed: int = 1
) -> tuple[StateUncertainty, ...]:
    """Part what is not known about the numbers from the luck of a cohort of some size.

    Parameters
    ----------
    model : RelapseModel
        The cohort.
    people : int
        How many people the cohort would have.
    month : int
        The month looked at.
    draws, seed
        As for :func:`drawn_parameters`.

    Raises
    ------
    Refused
        If the month is none of the grid, or the number of people none.
    """
    read_month(month)
    if isinstance(people, bool) or not isinstance(people, int) or people < 1:
        raise Refused("people", f"{str(people)[:40]!r} is not a whole number of people")
    shares = disease_course(model).shares[month]
    drawn = [
        evolve(month_matrix(model, values), starting_shares(model), month)[month]
        for values in drawn_parameters(model, draws, seed)
    ]
    held = []
    for place, (state, share) in enumerate(zip(model.states, shares, strict=True)):
        spread = sorted(row[place] for row in drawn)
        # The normal limits of a binomial share, kept between none and all.
        error = _Z95 * math.sqrt(share * (1 - share) / people)
        held.append(
            StateUncertainty(
                state.id,
                state.name,
                month,
                share,
                quantile(spread, 0.025),
                quantile(spread, 0.975),
                people,
                max(share - error, 0.0),
                min(share + error, 1.0),
            )
        )
    return tuple(held)
