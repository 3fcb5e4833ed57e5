"""What a notebook on follow-up calls: response, strength, tapers, safety lists and the visit grid."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from namlib.course import bibliography, how_read_words, ledger, named, response_criteria
from namlib.model.dosing import POPULATION_WORDS
from namlib.records import (
    ResponseMeasure,
    StrengthGrade,
    TaperScheme,
    VisitCell,
)
from namlib.table import Column, Html, Table, html
from namlib.view.picture import Picture

if TYPE_CHECKING:
    from namlib.model.patient import Patient
    from namlib.model.response import CoreSet, MuscleSum, TotalImprovement
    from namlib.model.safety import SafetyList, SafetyRow  # noqa: F401 - named as text below
    from namlib.model.taper import TaperPlan


def total_improvement(baseline: CoreSet, follow_up: CoreSet) -> TotalImprovement:
    """Work out the ACR/EULAR total improvement score of 2016 between two visits.

    Points per measure, the degree of improvement by the adult and by the juvenile cut-offs, the most that could be
    reached from this baseline, and what is missing. A missing measure leaves an interval; nothing is scaled up.

    Parameters
    ----------
    baseline, follow_up : CoreSet
        The six measures at each visit.

    Raises
    ------
    namlib.records.Refused
        If the visits used different strength tests or different upper limits of an enzyme.

    Examples
    --------
    >>> from namlib.model.response import CoreSet
    >>> before = CoreSet(physician_global_cm=5, patient_global_cm=5, mmt_points=60, mmt_maximum=80, haq_di=1.5,
    ...     ck_u_per_l=10000, ck_upper_limit_u_per_l=200, extramuscular_cm=0)
    >>> after = CoreSet(physician_global_cm=5, patient_global_cm=5, mmt_points=60, mmt_maximum=80, haq_di=1.5,
    ...     ck_u_per_l=180, extramuscular_cm=0)
    >>> result = total_improvement(before, after)
    >>> float(result.total), result.adult, result.juvenile, float(result.reachable)
    (7.5, 'none', 'none', 75.0)
    """
    from namlib.model import response

    return response.total_improvement(baseline, follow_up, response_criteria())


def response_measures() -> Table[ResponseMeasure]:
    """Return the six measures of the improvement score: range, points in each band, and how they were read."""
    from namlib.model import response

    criteria = response_criteria()

    def bands(measure: ResponseMeasure) -> Html:
        return Html("<br>".join(f"{html(response.band_words(band))}: {band.points:g}" for band in measure.bands))

    def scale(measure: ResponseMeasure) -> str:
        if measure.range is not None:
            return f"{measure.range:g} {measure.unit}".strip()
        if measure.range_rule == "maximum of the test":
            return ", ".join(f"{test.maximum:g} ({test.name})" for test in criteria.strength_tests)
        return ", ".join(f"{item.enzyme} {item.multiple:g}" for item in criteria.enzymes) + " times the upper limit"

    columns = [
        Column("Measure", lambda measure: measure.name),
        Column("How it is taken", lambda measure: measure.instrument),
        Column("Range", scale),
        Column("Improvement of the range: points", bands),
        Column("How it was read", how_read_words),
    ]
    return Table(criteria.measures, criteria.name, columns, "measure")


def mmt8(**grades: object) -> MuscleSum:
    """Sum an MMT8 muscle by muscle; a muscle that was not tested is named and never counted as 0.

    Parameters
    ----------
    **grades
        ``neck_flexors``, ``deltoid``, ``biceps``, ``wrist_extensors``, ``quadriceps``, ``gluteus_maximus``,
        ``gluteus_medius``, ``ankle_dorsiflexors``: a grade from 0 to 10 for a test of one side (of 80 points), or
        ``(right, left)`` for a test of both (of 150; the neck flexors stay one grade).

    Raises
    ------
    namlib.records.Refused
        For another muscle, for a grade that is none, or where one side and both are mixed.

    Examples
    --------
    >>> mmt8(neck_flexors=6, deltoid=5, biceps=7, wrist_extensors=9, gluteus_maximus=4, gluteus_medius=4, quadriceps=6)
    MMT8 of 8 muscles: no sum, because 1 is missing (ankle dorsiflexors); the others make 41 points
    """
    from namlib.model import response

    return response.mmt8(response_criteria(), grades)


def kendall_to_mrc(grade: int | str) -> str:
    """Turn a strength grade from 0 to 10 (or T, a trace) into the MRC grade.

    Raises
    ------
    namlib.records.Refused
        If the scale has no such grade.

    Examples
    --------
    >>> kendall_to_mrc(8), kendall_to_mrc(4), kendall_to_mrc("T")
    ('4', '3-', '1')
    """
    from namlib.model import response

    return response.kendall_to_mrc(grade, response_criteria().grades)


def mrc_to_kendall(grade: int | str) -> str:
    """Turn an MRC grade, with plus or minus, into the grade from 0 to 10 (or T, a trace).

    Raises
    ------
    namlib.records.Refused
        If the table has no such grade; 5- is one of those.

    Examples
    --------
    >>> mrc_to_kendall("4-"), mrc_to_kendall(5), mrc_to_kendall(1)
    ('7', '10', 'T')
    """
    from namlib.model import response

    return response.mrc_to_kendall(grade, response_criteria().grades)


def strength_grades() -> Table[StrengthGrade]:
    """Return the grades of muscle strength: 0 to 10, MRC, and what the examiner sees."""
    columns = [
        Column("0 to 10", lambda grade: grade.kendall),
        Column("MRC", lambda grade: grade.mrc),
        Column("What is seen", lambda grade: grade.seen),
    ]
    return Table(response_criteria().grades, "Grades of muscle strength", columns, "grade")


def ck_and_strength() -> Picture:
    """Draw every published moment of the ledger at which both CK and strength were stated, as a still picture."""
    from namlib.view import figures

    moments, cites = ledger().ck_strength, bibliography()
    labels = [cites.text(moment.sources[:1]) for moment in moments]
    return figures.ck_and_strength(moments, labels, [cites.links(moment.sources) for moment in moments])


def improvement_picture(baseline: CoreSet, follow_up: CoreSet) -> Picture:
    """Draw the points of each measure and the total against its cut-offs, as a still picture with its table.

    Parameters
    ----------
    baseline, follow_up : CoreSet
        The six measures at each visit.

    Raises
    ------
    namlib.records.Refused
        As :func:`total_improvement` does.
    """
    from namlib.view.response import response_page

    result = total_improvement(baseline, follow_up)
    page = response_page(result, response_criteria(), bibliography())
    return Picture(Html(page.html), repr(result))


def taper_scheme(name: str) -> TaperScheme:
    """Return one published taper by its id.

    Raises
    ------
    KeyError
        If the ledger has no such scheme; the message lists those it has.
    """
    return named("taper", {scheme.id: scheme for scheme in ledger().tapers}, name)


def tapers(population: Literal["adult", "paediatric"] | None = None) -> Table[TaperScheme]:
    """Return the published tapers, side by side: for whom, when they begin, what paces them, what they leave unsaid.

    None comes from a trial in IMNM and none is proposed.

    Raises
    ------
    namlib.records.Refused
        If the population is not known.

    Examples
    --------
    >>> tapers("paediatric")
    Published tapers, none from a trial in IMNM: 4 schemes
    """
    from namlib.model.taper import fitting, start_words

    cites = bibliography()
    columns = [
        Column(
            "Scheme",
            lambda row: Html(f"<code>{html(row.id)}</code><br>{cites.links(row.sources)}<br>{html(row.name)}"),
        ),
        Column("For whom", lambda row: f"{POPULATION_WORDS[row.population]} ({row.studied_in})"),
        Column("Printed for a start of", start_words),
        Column("Lowering begins", lambda row: row.start_rule),
        Column("Paced by", lambda row: row.paced_by),
        Column(
            "Leaves unsaid", lambda row: Html(f"<ul>{''.join(f'<li>{html(item)}</li>' for item in row.unsaid)}</ul>")
        ),
        Column("How it was read", how_read_words),
    ]
    chosen = fitting(ledger().tapers, population)
    return Table(chosen, "Published tapers, none from a trial in IMNM", columns, "scheme")


def taper(scheme: str, start_mg_per_d: float | str, weight_kg: float | str | None = None) -> TaperPlan:
    """Lay one published taper out from a starting dose, in exact arithmetic.

    Parameters
    ----------
    scheme : str
        Id of the scheme; :func:`tapers` lists them.
    start_mg_per_d : number or str
        Prednisone or prednisolone [mg/d].
    weight_kg : number or str, optional
        Body weight [kg]; schemes for children cannot be laid out without it.

    Raises
    ------
    KeyError
        If there is no such scheme.
    namlib.records.Refused
        If a number is not accepted, the start is below the scheme's range, or a weight is needed and missing.

    Examples
    --------
    >>> taper("etg_australia", 60, weight_kg=60).words()
    'From 60 mg/d, 126 days are laid out, 6,090 mg in all; at 25 mg/d it falls silent'
    """
    from namlib.model import taper as model

    return model.taper(taper_scheme(scheme), start_mg_per_d, weight_kg, ledger().steroid_thresholds)


def taper_picture(
    *schemes: str,
    start_mg_per_d: float | str,
    weight_kg: float | str | None = None,
    population: Literal["adult", "paediatric"] | None = None,
) -> Picture:
    """Draw published tapers from one start beside each other, as a still picture with its table and sentences.

    Parameters
    ----------
    *schemes : str
        Ids of schemes; none named: all of the population.
    start_mg_per_d, weight_kg
        As for :func:`taper`.
    population : {"adult", "paediatric"}, optional
        Whose schemes, where none are named.

    Raises
    ------
    KeyError
        If there is no such scheme.
    namlib.records.Refused
        If a number or the population is not accepted. A scheme that refuses the start says so in its row.
    """
    from namlib.model.taper import fitting, read_start, side_by_side
    from namlib.view.taper import taper_page, taper_words

    chosen = [taper_scheme(name) for name in schemes] or fitting(ledger().tapers, population)
    start, weight = read_start(start_mg_per_d, weight_kg)
    entries = side_by_side(chosen, start, weight, ledger().steroid_thresholds)
    page = taper_page(entries, ledger().steroid_thresholds, bibliography(), start, weight)
    return Picture(Html(page.html), taper_words(entries, bibliography(), start))


class SafetyTable(Table["SafetyRow"]):
    """The safety list of a plan: its rows as a table by section, and the list itself as ``result``."""

    result: SafetyList | None = None

    def __repr__(self) -> str:
        return super().__repr__() if self.result is None else self.result.words()

    def _repr_html_(self) -> str:
        from namlib.view.safety import checklist_html

        return super()._repr_html_() if self.result is None else checklist_html(self.result, bibliography())

    def to_dict(self) -> dict[str, Any]:
        """Return the list as plain data that JSON can hold."""
        return super().to_dict() if self.result is None else self.result.to_dict()


def safety(patient: Patient, plan: Any) -> SafetyTable:
    """List what has to be looked at before, beside and during a plan, for one patient.

    Contraindications, checks before the first dose, interactions (between the drugs of the plan and with what the
    patient takes), vaccines, pregnancy, monitoring, statins. Every row has a source or says that it is this course's
    convention. An answer that is missing is a question; no result says that a plan is safe.

    Parameters
    ----------
    patient : Patient
        What is known.
    plan : collection of str
        Drugs by key or another of their names; one name is a plan of one.

    Raises
    ------
    namlib.records.Refused
        If the plan is empty or names a drug the ledger does not hold.
    """
    from namlib.model import safety as model
    from namlib.view.safety import basis_links

    known, cites = ledger(), bibliography()
    result = model.safety(patient.findings(), plan, known.drugs, known.plan_checks, known.facts)
    columns = [
        Column("Section", lambda row: model.SECTIONS[row.section]),
        Column("For", lambda row: ", ".join(row.drugs)),
        Column("State", lambda row: row.state),
        Column("What", lambda row: row.text),
        Column("Judged by", lambda row: row.reason),
        Column("Source", lambda row: basis_links(row, cites)),
    ]
    table = SafetyTable(result.rows, f"Safety of {', '.join(result.names)}", columns, "row")
    table.result = result
    return table


class VisitGrid(Table[VisitCell]):
    """The visit grid: cells as rows of a table, shown as measures against visits."""

    def words(self) -> str:
        """Count whose intervals the grid holds, in one sentence."""
        count = {basis: sum(cell.basis == basis for cell in self) for basis in _BASES}
        measures = len({cell.measure for cell in self})
        return (
            f"Visit grid: {measures} measures, {len(self)} cells. The day is fixed by a source on IMNM in "
            f"{count['IMNM source']} of them, by one on myositis in {count['myositis source']}, by one on a drug in "
            f"{count['drug source']}; in {count['course convention']} it is this course's convention."
        )

    def __repr__(self) -> str:
        return self.words()

    def _repr_html_(self) -> str:
        from namlib.view.safety import grid_html

        known = ledger()
        facts_by_id = {row.id: row for row in known.facts}
        return grid_html(self, self.words(), bibliography(), facts_by_id, {drug.key: drug for drug in known.drugs})


_BASES = ("IMNM source", "myositis source", "drug source", "course convention")


def visit_grid(plan: Any = None) -> VisitGrid:
    """Return what to measure when, each cell with who fixed that day: a source, or this course.

    Parameters
    ----------
    plan : collection of str, optional
        Only what belongs to a plan with these drugs; without it, everything.

    Raises
    ------
    namlib.records.Refused
        If the plan is empty or names a drug the ledger does not hold.
    """
    known = ledger()
    cells = known.visit_grid
    if plan is not None:
        from namlib.model.safety import plan_keys

        keys = plan_keys(plan, known.drugs)
        cells = tuple(cell for cell in cells if not cell.drugs or set(cell.drugs) & set(keys))
    columns = [
        Column("What", lambda cell: cell.measure),
        Column("When", lambda cell: cell.visit),
        Column("How", lambda cell: cell.does),
        Column("Whose interval", lambda cell: cell.basis),
    ]
    return VisitGrid(cells, "Visit grid", columns, "cell")
