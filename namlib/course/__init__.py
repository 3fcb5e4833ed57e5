"""What a notebook calls: the ledger bound to the models and the views."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from namlib import store
from namlib.cite import Bibliography, reference
from namlib.model import dosing
from namlib.model.dosing import POPULATION_WORDS, Dose
from namlib.model.findings import findings
from namlib.records import (
    Cohort,
    Conflict,
    Criteria,
    Drug,
    Fact,
    Ledger,
    Mimic,
    Position,
    Predictor,
    Regimen,
    ResponseCriteria,
    ResponseMeasure,
    SeedLine,
    Source,
)
from namlib.table import Column, Html, Table, html, html_table
from namlib.units import span
from namlib.view.dose import dose_page
from namlib.view.picture import Picture
from namlib.view.sentences import HOW_READ_WORDS, doses_summary, statement, whom

if TYPE_CHECKING:
    from namlib.model.pathway import Walk
    from namlib.model.patient import Patient

Row = TypeVar("Row")


@cache
def ledger() -> Ledger:
    """Return the evidence ledger, loaded once.

    Raises
    ------
    namlib.validate.LedgerError
        If a data file was changed and a row in it is refused.
    """
    return store.load(_check)


def _check(condition: Any) -> None:
    # Only a changed file is checked, so the rules are loaded only then.
    from namlib.model import rules

    rules.check(condition)


@cache
def bibliography() -> Bibliography:
    """Return the sources of the ledger by key and by address."""
    return Bibliography(ledger().sources)


def named(what: str, rows: Mapping[str, Row], name: str) -> Row:
    """Return the row of that name.

    Raises
    ------
    KeyError
        If there is none; the message lists those there are.

    Examples
    --------
    >>> named("letter", {"a": 1, "b": 2}, "b")
    2
    """
    if name not in rows:
        raise KeyError(f"no {what} {name!r}; known: {', '.join(rows)}")
    return rows[name]


@cache
def drug_record(key: str) -> Drug:
    """Return one drug by its key.

    Raises
    ------
    KeyError
        If the ledger has no such drug; the message lists those it has.
    """
    return named("drug", {drug.key: drug for drug in ledger().drugs}, key)


@cache
def criteria_record(name: str) -> Criteria:
    """Return one set of criteria by its id.

    Raises
    ------
    KeyError
        If the ledger has no such criteria; the message lists those it has.

    Examples
    --------
    >>> criteria_record("enmc_2016").name
    'ENMC 2016'
    """
    return named("criteria", {criteria.id: criteria for criteria in ledger().criteria}, name)


# --- facts and sources -----------------------------------------------------------------------------------------------


def how_read_words(row: Fact | Regimen | Mimic | ResponseMeasure | Cohort | Predictor) -> Html:
    words = html(HOW_READ_WORDS[row.how_read])
    return Html(f"{words}<br><small>{html(row.caveat)}</small>" if row.caveat else words)


def _fact_columns() -> list[Column]:
    cites = bibliography()
    return [
        Column("Fact", lambda fact: Html(f"<code>{html(fact.id)}</code>")),
        Column("What the source states", lambda fact: fact.statement),
        Column("For whom", lambda fact: _for_whom(fact)),
        Column("Source", lambda fact: Html(f"{cites.links(fact.sources)}<br><small>{html(fact.locator)}</small>")),
        Column("How it was read", how_read_words),
        Column("Certainty", lambda fact: fact.certainty.replace("_", " ")),
    ]


def _for_whom(fact: Fact) -> str:
    people = {"adult": "adults", "paediatric": "children", "any": "any age"}[fact.population]
    return people if fact.subtype == "any" else f"{people}, {fact.subtype}"


def facts(
    *ids: str,
    topic: str | None = None,
    subtype: str | None = None,
    population: str | None = None,
    source: str | None = None,
) -> Table[Fact]:
    """Return the facts that match, as a table.

    Parameters
    ----------
    *ids : str
        Fact ids to pick, in this order.
    topic, subtype, population, source : str, optional
        Keep facts with exactly this value; ``source`` is a key of the bibliography.

    Raises
    ------
    KeyError
        If an id is not in the ledger.

    Examples
    --------
    >>> facts("ivig_mono")
    Facts: 1 fact
    """
    chosen = [fact(name) for name in ids] if ids else list(ledger().facts)
    kept = [
        row
        for row in chosen
        if topic in (None, row.topic)
        and subtype in (None, row.subtype)
        and population in (None, row.population)
        and (source is None or source in row.sources)
    ]
    return Table(kept, "Facts", _fact_columns(), "fact")


def fact(name: str) -> Fact:
    """Return one fact by its id, with its source.

    Raises
    ------
    KeyError
        If there is no such fact; near ids are named.
    """
    for row in ledger().facts:
        if row.id == name:
            return row
    import difflib

    near = difflib.get_close_matches(name, [row.id for row in ledger().facts], n=3)
    raise KeyError(f"no fact {name!r}" + (f"; did you mean {' or '.join(near)}?" if near else ""))


def regimens(drug: str | None = None, population: str | None = None) -> Table[Regimen]:
    """Return the published regimens, as a table; lines of the starting documents included and marked.

    Raises
    ------
    KeyError
        If the drug is not in the ledger.
    """
    if drug is not None:
        drug_record(drug)
    cites = bibliography()
    rows = [
        row
        for row in dosing.in_order(ledger().regimens)
        if drug in (None, row.drug) and population in (None, row.population)
    ]
    columns = [
        Column("Source", lambda row: cites.links(row.sources)),
        Column("Agent", lambda row: row.agent),
        Column("Whose dose", whom),
        Column("As published", lambda row: f"{span(row.low, row.high)} {row.unit.strip('{}')}".strip()),
        Column(
            "Maximum", lambda row: f"{span(row.cap, row.cap)} {row.cap_unit}" if row.cap is not None else "none stated"
        ),
        Column("Route", lambda row: row.route.replace("_", " ")),
        Column("How often", lambda row: row.frequency.replace("_", " ")),
        Column("How it was read", how_read_words),
    ]
    return Table(rows, "Published regimens", columns, "regimen")


def drugs() -> Table[Drug]:
    """Return the drugs of the ledger: class, place in therapy, and what to look at before giving them."""
    columns = [
        Column("Drug", lambda drug: drug.name),
        Column("Class", lambda drug: drug.drug_class),
        Column("Place", lambda drug: drug.tier),
        Column(
            "Look at before and while giving it",
            lambda drug: Html("<br>".join(html(item.text) for item in drug.checks) or "no row yet"),
        ),
    ]
    return Table(ledger().drugs, "Drugs", columns, "drug")


def references(*keys: str) -> Table[Source]:
    """Return the bibliography, or the named part of it, with how each source was read.

    Parameters
    ----------
    *keys : str
        Keys of sources; one text may hold several, separated by blanks.

    Raises
    ------
    KeyError
        If a key is not in the bibliography.

    Examples
    --------
    >>> references("kassardjian2015 wu2014")
    Sources: 2 sources
    """
    cites = bibliography()
    named = [key for text in keys for key in text.split()]
    chosen = [cites.by_key[key] for key in named] if keys else sorted(ledger().sources, key=lambda source: source.label)
    columns = [
        Column("Mark", lambda source: cites.link(source)),
        Column(
            "Reference",
            lambda source: Html(
                html(reference(source)) + (f"<br><small>{html(source.note)}</small>" if source.note else "")
            ),
        ),
        Column("Kind", lambda source: source.kind),
        Column("What was read", lambda source: source.read),
    ]
    return Table(chosen, "Sources", columns, "source")


# --- disagreement and the starting documents -------------------------------------------------------------------------


class ConflictTable(Table[Conflict]):
    """Disagreements, each shown as its sides beside one another."""

    def _repr_html_(self) -> str:
        return "".join(conflict_html(conflict) for conflict in self)


def conflict_html(conflict: Conflict) -> str:
    """Lay one disagreement out: who says what, for whom, on what evidence, and how the course presents it."""
    cites = bibliography()

    named_by = {row.id: row.sources for row in ledger().facts} | {row.id: row.sources for row in ledger().regimens}

    def who(position: Position) -> Html:
        rows = (*position.facts, *position.regimens)
        return cites.links(position.sources or dict.fromkeys(key for row in rows for key in named_by[row]))

    table = html_table(
        conflict.title,
        ["Who", "says", "for whom", "on what evidence"],
        ([who(side), side.says, side.for_whom, side.evidence] for side in conflict.positions),
    )
    return (
        f"<section>{table}<p><strong>Why they differ.</strong> {html(conflict.why)}</p>"
        f"<p><strong>How this course shows it.</strong> {html(conflict.presented)}</p></section>"
    )


def conflicts(*ids: str, severity: str | None = None) -> Table[Conflict]:
    """Return the disagreements of the ledger; shown side by side, never averaged or ranked.

    Raises
    ------
    KeyError
        If an id is not in the ledger.
    """
    by_id = {conflict.id: conflict for conflict in ledger().conflicts}
    chosen = [named("conflict", by_id, name) for name in ids] if ids else list(by_id.values())
    kept = [conflict for conflict in chosen if severity in (None, conflict.severity)]
    columns = [Column("Conflict", lambda item: item.title), Column("Severity", lambda item: item.severity)]
    return ConflictTable(kept, "Disagreements", columns, "disagreement")


def seed_coverage(seed: str | None = None, verdict: str | None = None, notebook: str | None = None) -> Table[SeedLine]:
    """Return every line of the two starting documents with the verdict of the evidence, and where it is taught.

    Parameters
    ----------
    seed : {"S1", "S2"}, optional
    verdict : str, optional
        ``supported``, ``supported with a caveat``, ``contradicted`` or ``no support found``.
    notebook : str, optional
        Keep the lines that this notebook teaches, by its file name without ending.
    """
    rows = [
        row
        for row in ledger().seed_lines
        if seed in (None, row.seed) and verdict in (None, row.verdict) and notebook in (None, row.notebook)
    ]
    columns = [
        Column("Line", lambda row: f"{row.seed} line {row.line}"),
        Column("What it claims", lambda row: row.claim),
        Column("Verdict", lambda row: row.verdict),
        Column("Why", lambda row: row.why),
        Column("Taught in", lambda row: f"{row.notebook}: {row.section}"),
    ]
    return Table(rows, "Lines of the starting documents", columns, "line")


# --- doses -----------------------------------------------------------------------------------------------------------


def doses(
    patient: Patient, drug: str | None = None, population: Literal["adult", "paediatric"] | None = None
) -> Table[Dose]:
    """Work out what every published regimen's rule gives for a patient.

    Each row keeps its own population and source; regimens for the other age group stay in and say so. Nothing is
    rounded for prescribing, averaged or chosen.

    Parameters
    ----------
    patient : Patient
        Weight [kg], height [cm] and age [years] are used where a rule needs them; what is missing is named.
    drug : str, optional
        Only this drug.
    population : {"adult", "paediatric"}, optional
        Whose regimens fit, where no age is given.

    Raises
    ------
    namlib.records.Refused
        If the drug is unknown, or the population contradicts the age.
    """
    known = ledger()
    results = dosing.doses(patient.answers(), known.regimens, known.drugs, drug, population)
    cites = bibliography()
    columns = [
        Column("Source", lambda item: cites.links(item.regimen.sources)),
        Column("Agent", lambda item: item.regimen.agent),
        Column("Whose dose", lambda item: whom(item.regimen)),
        Column("As published", lambda item: item.published),
        Column("For this patient", lambda item: item.given),
        Column("Take care", lambda item: Html("<br>".join(html(flag.words) for flag in item.flags))),
    ]
    return Table(results, f"Doses: {str(patient).removeprefix('Patient: ')}", columns, "regimen")


def dose_picture(drug: str, patient: Patient, population: Literal["adult", "paediatric"] | None = None) -> Picture:
    """Draw the regimens of one drug for a patient, as a still picture with its table and sentences.

    Raises
    ------
    KeyError
        If the drug is not in the ledger.
    """
    known, record, answers = ledger(), drug_record(drug), patient.answers()
    whose = dosing.reading_population(answers, population)
    results = dosing.doses(answers, known.regimens, known.drugs, drug, population)
    page = dose_page(results, record, bibliography(), answers, whose)
    said = [
        f"{statement(item.regimen, bibliography().text(item.regimen.sources))}; here {item.given}" for item in results
    ]
    return Picture(Html(page.html), "\n".join([doses_summary(results, record), *said]))


def dose_by_weight(drug: str, *ids: str, title: str, caption: str, height_cm: float | None = None) -> Picture:
    """Draw chosen regimens of a drug against body weight, from 10 to 120 kg.

    Parameters
    ----------
    drug : str
        Key of the drug.
    *ids : str
        Regimens to draw.
    title, caption : str
        What the figure answers, and what to see in it.
    height_cm : float, optional
        Height for rules per square metre [cm].

    Raises
    ------
    KeyError
        If the drug or a regimen is not in the ledger.
    """
    from namlib.view import figures

    by_id = {row.id: row for row in ledger().regimens if row.drug == drug}
    record = drug_record(drug)
    missing = [name for name in ids if name not in by_id]
    if missing:
        raise KeyError(f"no regimen {missing[0]!r} of {drug}; known: {', '.join(by_id)}")
    chosen = [by_id[name] for name in ids]
    labels = [f"{bibliography().text(row.sources[:1])}, {POPULATION_WORDS[row.population]}" for row in chosen]
    weights_kg = [float(weight) for weight in range(10, 121)]
    return figures.dose_by_weight(record, chosen, labels, weights_kg, title=title, caption=caption, height_cm=height_cm)


# --- pathway ---------------------------------------------------------------------------------------------------------


def walk(patient: Patient) -> Walk:
    """Follow the therapy pathway for a patient: steps, why, what is missing, and what would change the route."""
    from namlib.model import pathway

    known = ledger()
    return pathway.walk(findings(patient.answers()), known.pathway, known.drugs)


def pathway_picture(patient: Patient) -> Picture:
    """Draw the pathway with a patient's route marked, as a still picture with the walk in words."""
    from namlib.view.pathway import pathway_page

    result = walk(patient)
    page = pathway_page(result, ledger(), bibliography())
    return Picture(Html(page.html), repr(result))


@cache
def response_criteria() -> ResponseCriteria:
    """Return the response criteria of 2016 as data, the only ones of the ledger."""
    return ledger().response_criteria[0]
