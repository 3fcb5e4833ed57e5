"""What a notebook calls for the virtual cohort, all of it SYNTHETIC."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Literal

from namlib.course import bibliography, ledger
from namlib.records import CourseParameter, RelapseModel
from namlib.table import Column, Html, Table, html
from namlib.view.picture import Picture

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from namlib.model.cohort import Cohort
    from namlib.model.course_of_disease import DiseaseCourse, StateUncertainty, TargetCheck


def relapse_model() -> RelapseModel:
    """Return the states, numbers and targets of the virtual cohort."""
    (model,) = ledger().relapse_model
    return model


def relapse_parameters() -> Table[CourseParameter]:
    """Return every number the virtual cohort runs on: value, range, and whether it is cited, calibrated or assumed.

    Examples
    --------
    >>> relapse_parameters()
    SYNTHETIC cohort, what it runs on: 9 parameters
    """
    from namlib.view.virtual_cohort import exact, step_words

    model, cites = relapse_model(), bibliography()
    targets = {target.id: target for target in model.targets}

    def grounds(row: CourseParameter) -> Html:
        sources = dict.fromkeys((*row.sources, *(key for name in row.targets for key in targets[name].sources)))
        stands = f"<br>{cites.links(tuple(sources))}" if sources else ""
        return Html(f"{html(row.why)}{stands}")

    columns = [
        Column("Parameter", lambda row: Html(f"<code>{html(row.id)}</code><br>{html(row.name)}")),
        Column("Step", lambda row: step_words(row, model)),
        Column("Value", lambda row: f"{exact(row.value)} {'a month' if row.unit == '1/mo' else ''}".strip()),
        Column("Range", lambda row: f"{exact(row.low)} to {exact(row.high)}"),
        Column("Standing", lambda row: Html(f"<strong>{html(row.standing)}</strong>")),
        Column("Why", grounds),
    ]
    return Table(model.parameters, "SYNTHETIC cohort, what it runs on", columns, "parameter")


@cache
def _target_checks() -> tuple[TargetCheck, ...]:
    from namlib.model.course_of_disease import target_checks

    return target_checks(relapse_model(), draws=_DRAWS)


# Sets of parameters drawn for the range of each target.
_DRAWS = 200


def relapse_targets(role: Literal["calibration", "held out"] | None = None) -> Table[TargetCheck]:
    """Return what the virtual cohort was calibrated to or is held against, target by target, misses included.

    Parameters
    ----------
    role : {"calibration", "held out"}, optional
        Only these.

    Examples
    --------
    >>> relapse_targets("held out")
    SYNTHETIC cohort beside published shares: 10 targets
    """
    from namlib.view.virtual_cohort import limits_words, months_words, observed_words, verdict

    cites = bibliography()
    columns = [
        Column("Published", lambda row: Html(f"{html(row.target.says)}<br>{cites.links(row.target.sources)}")),
        Column("Used to", lambda row: "calibrate" if row.target.role == "calibration" else "check (held out)"),
        Column(
            "As read",
            lambda row: f"{observed_words(row.target)} ({limits_words(row.observed_low, row.observed_high)})",
        ),
        Column("Cohort asked at", lambda row: months_words(row.target)),
        Column("Cohort", lambda row: f"{100 * row.share:.1f}% ({limits_words(row.low, row.high)})"),
        Column("Verdict", lambda row: Html(f"<strong>{html(verdict(row))}</strong>")),
        Column("How it was read", lambda row: row.target.reading),
    ]
    rows = [check for check in _target_checks() if role in (None, check.target.role)]
    return Table(rows, "SYNTHETIC cohort beside published shares", columns, "target")


def calibration() -> tuple[list[str], str]:
    """Calibrate the virtual cohort afresh: what in the data differs from what is found, and the report."""
    from namlib.view.virtual_cohort import calibration_problems, calibration_report

    model = relapse_model()
    return calibration_problems(model), calibration_report(model, _target_checks(), bibliography(), _DRAWS)


def disease_course(parameters: Mapping[str, Any] | None = None) -> DiseaseCourse:
    """Work out the SYNTHETIC course exactly: the share of each state over 120 months, without drawing anybody.

    Parameters
    ----------
    parameters : mapping, optional
        Values that replace those of :func:`relapse_parameters`, by id [1/mo; multipliers without unit].

    Raises
    ------
    namlib.records.Refused
        If a parameter is unknown or its value is not accepted.

    Examples
    --------
    >>> disease_course({"die": 0}).share("dead", 120)
    0.0
    """
    from namlib.model import course_of_disease as model
    from namlib.view.virtual_cohort import ShownCourse

    return ShownCourse.of(model.disease_course(relapse_model(), parameters))


def cohort_uncertainty(people: int = 10_000, month: int = 60) -> Table[StateUncertainty]:
    """Return for each state what not knowing the numbers leaves open, apart from the luck of so many people.

    Parameters
    ----------
    people : int
        How many people the SYNTHETIC cohort has.
    month : int
        The month looked at, 0 to 120.

    Raises
    ------
    namlib.records.Refused
        If a number is not accepted.

    Examples
    --------
    >>> cohort_uncertainty(50, 60)
    SYNTHETIC: two kinds of doubt at month 60: 7 states
    """
    from namlib.model.course_of_disease import uncertainty
    from namlib.view.virtual_cohort import tenths

    columns = [
        Column("State", lambda row: row.name),
        Column("Exact share", lambda row: tenths(row.share)),
        Column("If the numbers were others in their ranges", lambda row: f"{tenths(row.low)} to {tenths(row.high)}"),
        Column(
            f"By luck among {people:,} people, the numbers known",
            lambda row: f"{tenths(row.chance_low)} to {tenths(row.chance_high)}",
        ),
    ]
    rows = uncertainty(relapse_model(), people, month, draws=_DRAWS)
    return Table(rows, f"SYNTHETIC: two kinds of doubt at month {month}", columns, "state")


def relapse_free_picture(cohort: Cohort) -> Picture:
    """Draw how many of a SYNTHETIC cohort are free of relapse since their first taper, with numbers at risk.

    Kaplan-Meier, which takes those who died as if they might still relapse, stands beside Aalen-Johansen, which does
    not.

    Parameters
    ----------
    cohort : Cohort
        As :func:`simulate_cohort` draws it.
    """
    from namlib.view.virtual_cohort import relapse_free_html, relapse_free_words

    return Picture(relapse_free_html(cohort), relapse_free_words(cohort))


def course_picture(parameters: Mapping[str, Any] | None = None) -> Picture:
    """Draw the SYNTHETIC course as a still picture: stacked shares of the states, with the same as a table.

    Raises
    ------
    namlib.records.Refused
        As :func:`disease_course` does.
    """
    from namlib.model import course_of_disease as model
    from namlib.view.virtual_cohort import course_picture_html, course_words

    course = model.disease_course(relapse_model(), parameters)
    return Picture(course_picture_html(course), course_words(course))


def simulate_cohort(
    n: int = 10_000,
    parameters: Mapping[str, Any] | None = None,
    seed: int = 1,
    client: Any = None,
    progress: Callable[[int, int], object] | bool | None = None,
) -> Cohort:
    """Draw a SYNTHETIC cohort of people: where they stood each month, time to relapse, and a few single courses.

    Parameters
    ----------
    n : int
        How many people.
    parameters : mapping, optional
        Values that replace those of :func:`relapse_parameters`, by id [1/mo; multipliers without unit].
    seed : int
        The same seed gives the same people, however the work is split.
    client : dask.distributed.Client, optional
        Where to draw them; the numbers are the same with any number of workers, and when one is lost.
    progress : callable or bool, optional
        Called with people done and people in all; returning ``False`` cancels. ``True`` prints a bar.

    Raises
    ------
    namlib.records.Refused
        If a number or a parameter is not accepted.
    namlib.model.cohort.Cancelled
        If ``progress`` returned ``False``.
    """
    from namlib.model import cohort as model
    from namlib.view.virtual_cohort import ShownCohort, print_bar

    told = print_bar if progress is True else progress or None
    return ShownCohort.of(model.simulate_cohort(n, relapse_model(), parameters, seed, client=client, progress=told))
