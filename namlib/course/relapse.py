"""What a notebook on relapse calls: cohorts side by side, forecasts, predictors, and lessons in bias."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Literal

from namlib.course import bibliography, how_read_words, ledger, named
from namlib.records import Cohort, Predictor, Refused
from namlib.table import Column, Html, Table, html
from namlib.view.picture import Picture

if TYPE_CHECKING:
    from namlib.model.relapse import Forecast
    from namlib.view.clinic import ShownLesson


@cache
def cohort(name: str) -> Cohort:
    """Return what one cohort counted, by the id of its row.

    Raises
    ------
    KeyError
        If the ledger has no such row; the message lists those it has.

    Examples
    --------
    >>> cohort("italy_relapse").n_total
    16
    """
    return named("cohort row", {row.id: row for row in ledger().cohorts}, name)


def cohorts(outcome: str | None = None) -> Table[Cohort]:
    """Return the rows of the cohorts: who counted what, by which definition, among whom.

    Parameters
    ----------
    outcome : str, optional
        Only this outcome, such as ``"relapse"`` or ``"treatment-free remission"``.

    Raises
    ------
    namlib.records.Refused
        If no row has the outcome; the message lists those there are.

    Examples
    --------
    >>> cohorts("relapse")
    Cohorts, relapse: 8 rows
    """
    from namlib.model.relapse import ForestRow, counts_of

    cites = bibliography()
    columns = [
        Column("Outcome", lambda row: row.outcome),
        Column("Cohort", lambda row: Html(f"{html(row.cohort)}<br><small><code>{row.id}</code></small>")),
        Column("Disease", lambda row: row.disease if row.subtype == "any" else f"{row.disease}, {row.subtype}"),
        Column("Counted, exact 95% limits", lambda row: ForestRow(row, counts_of(row)).words),
        Column("Definition", lambda row: row.definition),
        Column("Among whom", lambda row: row.denominator),
        Column("Follow-up", lambda row: row.follow_up),
        Column("Source", lambda row: Html(f"{cites.links(row.sources)}<br><small>{html(row.locator)}</small>")),
        Column("How it was read", how_read_words),
    ]
    rows = _with_outcome(outcome) if outcome is not None else ledger().cohorts
    return Table(rows, "Cohorts" if outcome is None else f"Cohorts, {outcome}", columns)


def _with_outcome(outcome: str) -> list[Cohort]:
    rows = [row for row in ledger().cohorts if row.outcome == outcome]
    if not rows:
        known = dict.fromkeys(row.outcome for row in ledger().cohorts)
        raise Refused("outcome", f"{str(outcome)[:40]!r} is not one of {', '.join(known)}")
    return rows


_SECOND_HAND = {"secondary": ", read in another's account", "derived": ", worked out"}


def relapse_cohorts(
    outcome: str = "relapse", *, naive_pool: bool = False, title: str | None = None, caption: str | None = None
) -> Picture:
    """Draw how often cohorts saw an outcome, a panel for each definition and denominator, never pooled.

    Parameters
    ----------
    outcome : str
        ``"relapse"``, ``"treatment-free remission"``, ``"full strength"`` or another outcome of :func:`cohorts`.
    naive_pool : bool
        Whether to show what adding everything up would claim, crossed out, and why it is wrong.
    title, caption : str, optional
        What the figure answers and what to see in it; made from the rows when not given.

    Raises
    ------
    namlib.records.Refused
        If no row has the outcome.
    """
    from namlib.model import relapse as model
    from namlib.view import figures

    rows = _with_outcome(outcome)
    panels = model.forest(rows)
    pool = model.naive_pool(rows) if naive_pool else None
    cites = bibliography()
    own = [model.counts_of(row) for row in rows if row.disease == "IMNM"]
    ends = sorted((counts[0] for counts in own if len(counts) == 1), key=lambda count: count.n / count.total)
    if title is None:
        words = f"{outcome[0].upper()}{outcome[1:]}"
        ways = "one way" if len(panels) == 1 else f"{len(panels)} ways"
        title = f"{words}: {len({row.overlap for row in rows})} groups of patients, {ways} of counting"
        # A range is worth a title where it is wide.
        if len(ends) > 1 and ends[-1].n / ends[-1].total - ends[0].n / ends[0].total > 0.1:
            least, most = ends[0], ends[-1]
            title = f"{words}: from {least.n} of {least.total} to {most.n} of {most.total}, each counted its own way"
    caption = caption or (
        "A panel holds only cohorts that share a kind of definition and of denominator; where no definition was seen, "
        "not even these can be compared. Rings are the counts that can lie behind a printed percentage, each "
        "with its own limits. Blue points are IMNM, grey squares other myositis."
    )
    return figures.cohort_forest(
        panels,
        {row.id: cites.text(row.sources[-1:]) + _SECOND_HAND.get(row.how_read, "") for row in rows},
        {row.id: cites.links(row.sources) for row in rows},
        pool,
        title=title,
        caption=caption,
    )


def in_your_clinic(k: int | str, *, cohort: str = "mayo_relapse", prior: str = "flat") -> Forecast:
    """Forecast how many of k patients would have the outcome of a cohort, if they were like those of that cohort.

    Parameters
    ----------
    k : int or str
        Patients, 1 to 40.
    cohort : str
        Id of a row of :func:`cohorts` with a count, or with a percentage that allows one.
    prior : {"flat", "Jeffreys"}
        What is taken for granted about the share.

    Returns
    -------
    Forecast
        Every number with its probability; shows itself as a picture with its table.

    Raises
    ------
    KeyError
        If there is no such row.
    namlib.records.Refused
        If k or the prior is not accepted, or the row has no count.

    Examples
    --------
    >>> in_your_clinic(10)  # doctest: +ELLIPSIS
    Of 10 patients like those of the cohort 'Mayo Clinic, 2004 to 2013', 5.4 would relapse on average: ...
    """
    from namlib.model.relapse import clinic
    from namlib.view.clinic import ShownForecast

    return ShownForecast.of(clinic(k, _cohort(cohort), prior), bibliography())


_cohort = cohort  # the parameter of that name hides it


def predictors(factor: str | None = None) -> Table[Predictor]:
    """Return which sign went with which outcome, in whom, how it was tested, and who found the same or the opposite.

    Parameters
    ----------
    factor : str, optional
        Only this factor, such as ``"sex"`` or ``"age at onset"``.

    Raises
    ------
    namlib.records.Refused
        If no row has the factor; the message lists those there are.

    Examples
    --------
    >>> predictors("sex")
    Predictors, sex: 3 rows
    """
    from namlib.view.clinic import effect_words, replication_words

    cites = bibliography()
    everything = {row.id: row for row in ledger().predictors}
    rows = [row for row in everything.values() if factor in (None, row.factor)]
    if not rows:
        known = dict.fromkeys(row.factor for row in everything.values())
        raise Refused("factor", f"{str(factor)[:40]!r} is not one of {', '.join(known)}")
    columns = [
        Column("Sign", lambda row: row.sign),
        Column("Went with", lambda row: f"{row.outcome}: {row.direction}"),
        Column("Found", effect_words),
        Column("In whom", lambda row: f"{row.cohort} ({row.disease}{f', n = {row.n_total}' if row.n_total else ''})"),
        Column("Tested", lambda row: row.tested),
        # One cell for the source leaves the long list of other cohorts the width it needs.
        Column(
            "Elsewhere",
            lambda row: Html(f'<div style="min-width:14em">{html(replication_words(row, everything))}</div>'),
        ),
        Column(
            "Source, and how it was read",
            lambda row: Html(
                f"{cites.links(row.sources)}<br><small>{html(row.locator)}</small><br>{html(how_read_words(row))}"
            ),
        ),
    ]
    return Table(rows, "Predictors" if factor is None else f"Predictors, {factor}", columns)


def bias_lesson(
    name: Literal["immortal time", "confounding by indication"], *, n: int = 20_000, seed: int = 1
) -> ShownLesson:
    """Show on invented people how a drug without effect comes to look protective, and the analysis that is not fooled.

    Parameters
    ----------
    name : {"immortal time", "confounding by indication"}
        Which lesson.
    n : int
        Invented people, 500 to 100,000.
    seed : int
        Which people; the same seed gives the same people.

    Returns
    -------
    ShownLesson
        The wrong and the right analysis side by side; shows itself as a picture. SYNTHETIC throughout.

    Raises
    ------
    namlib.records.Refused
        If an input is not accepted.

    Examples
    --------
    >>> bias_lesson("immortal time").naive.ratio < 0.8
    True
    """
    from namlib.model.bias import bias_lesson as lesson
    from namlib.view.clinic import ShownLesson

    return ShownLesson.of(lesson(name, n=n, seed=seed))
