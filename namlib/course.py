"""What a notebook calls: the ledger bound to the models and the views."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Literal

from namlib import store
from namlib.cite import Bibliography, reference
from namlib.model import dosing
from namlib.model.dosing import POPULATION_WORDS, Dose
from namlib.model.findings import findings
from namlib.records import AntibodyTest, CkSeries, Conflict, Drug, Fact, Ledger, Position, Regimen, SeedLine, Source
from namlib.table import Column, Html, Table, html, html_table
from namlib.units import number, span
from namlib.view.dose import dose_page
from namlib.view.picture import Picture
from namlib.view.sentences import HOW_READ_WORDS, doses_summary, statement, whom

if TYPE_CHECKING:
    from namlib.model.antibody import Prediction
    from namlib.model.pathway import Walk
    from namlib.model.patient import Patient


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


@cache
def drug_record(key: str) -> Drug:
    """Return one drug by its key.

    Raises
    ------
    KeyError
        If the ledger has no such drug; the message lists those it has.
    """
    for drug in ledger().drugs:
        if drug.key == key:
            return drug
    raise KeyError(f"no drug {key!r}; known: {', '.join(drug.key for drug in ledger().drugs)}")


# --- facts and sources ---------------------------------------------------------------------------------------------


def _how_read(row: Fact | Regimen | AntibodyTest | CkSeries) -> Html:
    words = html(HOW_READ_WORDS[row.how_read])
    return Html(f"{words}<br><small>{html(row.caveat)}</small>" if row.caveat else words)


def _fact_columns() -> list[Column]:
    cites = bibliography()
    return [
        Column("Fact", lambda fact: Html(f"<code>{html(fact.id)}</code>")),
        Column("What the source states", lambda fact: fact.statement),
        Column("For whom", lambda fact: _for_whom(fact)),
        Column("Source", lambda fact: Html(f"{cites.links(fact.sources)}<br><small>{html(fact.locator)}</small>")),
        Column("How it was read", _how_read),
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
        Column("How it was read", _how_read),
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


# --- disagreement and the starting documents -----------------------------------------------------------------------


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
    missing = [name for name in ids if name not in by_id]
    if missing:
        raise KeyError(f"no conflict {missing[0]!r}; known: {', '.join(by_id)}")
    chosen = [by_id[name] for name in ids] if ids else list(by_id.values())
    kept = [conflict for conflict in chosen if severity in (None, conflict.severity)]
    columns = [Column("Conflict", lambda item: item.title), Column("Severity", lambda item: item.severity)]
    return ConflictTable(kept, "Disagreements", columns, "disagreement")


def seed_coverage(seed: str | None = None, verdict: str | None = None) -> Table[SeedLine]:
    """Return every line of the two starting documents with the verdict of the evidence, and where it is taught.

    Parameters
    ----------
    seed : {"S1", "S2"}, optional
    verdict : str, optional
        ``supported``, ``supported with a caveat``, ``contradicted`` or ``no support found``.
    """
    rows = [row for row in ledger().seed_lines if seed in (None, row.seed) and verdict in (None, row.verdict)]
    columns = [
        Column("Line", lambda row: f"{row.seed} line {row.line}"),
        Column("What it claims", lambda row: row.claim),
        Column("Verdict", lambda row: row.verdict),
        Column("Why", lambda row: row.why),
        Column("Taught in", lambda row: f"{row.notebook}: {row.section}"),
    ]
    return Table(rows, "Lines of the starting documents", columns, "line")


# --- doses ---------------------------------------------------------------------------------------------------------


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


# --- pathway -------------------------------------------------------------------------------------------------------


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


# --- antibody tests and CK -----------------------------------------------------------------------------------------


@cache
def antibody_test(name: str) -> AntibodyTest:
    """Return what was counted with one assay, by its id.

    Raises
    ------
    KeyError
        If the ledger has no such row; the message lists those it has.
    """
    for test in ledger().antibody_tests:
        if test.id == name:
            return test
    raise KeyError(f"no antibody test {name!r}; known: {', '.join(test.id for test in ledger().antibody_tests)}")


def antibody_tests(*ids: str, antibody: str | None = None, kind: str | None = None) -> Table[AntibodyTest]:
    """Return what was counted with each antibody assay, with exact 95% limits.

    Parameters
    ----------
    *ids : str
        Rows to pick, in this order.
    antibody : {"anti-HMGCR", "anti-SRP", "myositis panel"}, optional
    kind : {"counted", "observed"}, optional
        ``counted`` rows hold positives among people with and without the disease, ``observed`` rows how many of the
        positives in one setting had it.

    Raises
    ------
    KeyError
        If an id is not in the ledger.

    Examples
    --------
    >>> antibody_tests("hmgcr_aric", "srp54_elisa_suzuki")
    Antibody tests: 2 tests
    """
    from namlib.view.antibody import observed_words, sensitivity_words, specificity_words

    chosen = [antibody_test(name) for name in ids] if ids else list(ledger().antibody_tests)
    rows = [test for test in chosen if antibody in (None, test.antibody) and kind in (None, test.kind)]
    cites = bibliography()
    kinds = {test.kind for test in rows}
    counted = [
        Column("Positive among those with it", sensitivity_words),
        Column("Negative among those without it", specificity_words),
    ]
    columns = [
        Column("Test", lambda test: f"{test.antibody}, {test.assay}"),
        Column("To show", lambda test: Html(f"{html(test.target)}<br><small><code>{html(test.id)}</code></small>")),
        *(counted if "counted" in kinds else []),
        *([Column("Of the positives, had it", observed_words)] if "observed" in kinds else []),
        Column("Source", lambda test: Html(f"{cites.links(test.sources)}<br><small>{html(test.locator)}</small>")),
        Column("How it was read", _how_read),
    ]
    return Table(rows, "Antibody tests", columns, "test")


def predictive_value(test_id: str, pretest_percent: float | str) -> Prediction:
    """Work out what a result of one test is worth in people of whom a given share has the disease.

    Parameters
    ----------
    test_id : str
        Id of a row of :func:`antibody_tests` of kind ``counted``.
    pretest_percent : float or str
        How likely the disease is before the test, from 0.001 to 99.9 [%].

    Returns
    -------
    Prediction
        As counted, and at the cautious and the best end of the exact limits; shows itself as a page in a notebook.

    Raises
    ------
    KeyError
        If there is no such test.
    namlib.records.Refused
        If the probability is refused, or the row is a share of positives observed in one setting.

    Examples
    --------
    >>> predictive_value("hmgcr_aric", 30)  # doctest: +ELLIPSIS
    Prediction: hmgcr_aric at 30% before the test: 100% after a positive result as counted, 99.09% at the...
    """
    from namlib.model.antibody import evaluate, read_pretest
    from namlib.view.antibody import ShownPrediction

    return ShownPrediction.of(evaluate(antibody_test(test_id), read_pretest(pretest_percent)), bibliography())


def predictive_value_picture(
    *ids: str,
    title: str = "The rarer the disease, the less a positive result is worth",
    caption: str = (
        "Dashed: as counted. Solid: both rates at the cautious end of their exact limits; the band reaches to the best "
        "end. Where no false positive was counted, only the band says how little is known."
    ),
) -> Picture:
    """Draw what a positive result is worth against the probability before the test, one panel for each test.

    Parameters
    ----------
    *ids : str
        One to four tests of kind ``counted`` with a measured specificity; a choice of three if none is named.
    title, caption : str
        What the figure answers, and what to see in it.

    Raises
    ------
    KeyError
        If there is no such test.
    namlib.records.Refused
        If a test cannot be drawn: its specificity was not measured.
    """
    from fractions import Fraction

    from namlib.model.antibody import evaluate
    from namlib.view import figures
    from namlib.view.antibody import counts_words

    tests = [antibody_test(name) for name in ids or ("hmgcr_aric", "hmgcr_elisa_musset", "blot_any_neither")]
    risk, clinic = fact("hmgcr_risk_statin"), antibody_test("blot_specific_clinic")
    assert risk.low is not None and risk.high is not None and clinic.n_diseased and clinic.n_others
    seen = Fraction(clinic.n_diseased, clinic.n_diseased + clinic.n_others)
    settings = [
        (
            "anti-HMGCR myopathy",
            Fraction(repr(risk.low)) / 100,
            Fraction(repr(risk.high)) / 100,
            "statin users\nat large",
        ),
        (clinic.target, seen, seen, "people investigated\nfor it"),
    ]
    cites = bibliography()
    labels = [
        "\n".join((f"{test.antibody}, {test.assay}", cites.text(test.sources[:1]), counts_words(test, ",\n")))
        for test in tests
    ]
    # What a curve takes for granted is said with it, whoever words the caption.
    taken = [(label.split("\n")[:2], evaluate(test, seen).warnings) for test, label in zip(tests, labels, strict=True)]
    noted = [f"{', '.join(named)}: {' '.join(warnings)}" for named, warnings in taken if warnings]
    return figures.predictive_values(tests, labels, settings, title=title, caption=" ".join((caption, *noted)))


def ck_series() -> Table[CkSeries]:
    """Return the CK of each cohort of the ledger, each by the statistic its source gives."""
    cites = bibliography()
    columns = [
        Column("Cohort", lambda row: row.cohort),
        Column("Disease", lambda row: row.disease if row.subtype == "any" else f"{row.disease}, anti-{row.subtype}"),
        Column("People", lambda row: row.n_total or "not seen"),
        Column("CK [U/L]", lambda row: f"{row.statistic} {number(row.value)}"),
        Column("Spread", lambda row: f"{span(row.low, row.high)} ({row.spread})" if row.spread else "not seen"),
        Column("Measured", lambda row: row.measured),
        Column("Source", lambda row: Html(f"{cites.links(row.sources)}<br><small>{html(row.locator)}</small>")),
        Column("How it was read", _how_read),
    ]
    return Table(ledger().ck_series, "CK by cohort", columns, "cohort")


def ck_by_cohort(title: str | None = None, caption: str | None = None) -> Picture:
    """Draw the CK of each cohort beside the figure of S1 and the entry of the randomised trial.

    Parameters
    ----------
    title, caption : str, optional
        What the figure answers and what to see in it; made from the rows when not given.
    """
    from namlib.view import figures

    rows = list(ledger().ck_series)
    printed, entry = fact("seed1_ck"), fact("ck_threshold")
    assert printed.value is not None and entry.value is not None
    own = [row for row in rows if row.disease == "IMNM"]
    middle = [row.value for row in own]
    lowest = min(row.low for row in own if row.spread == "range" and row.low is not None)
    title = (
        title or f"No single CK marks IMNM: medians and means from {number(min(middle))} to {number(max(middle))} U/L"
    )
    caption = caption or (
        "Each cohort keeps its own statistic; none is pooled. Bars are ranges, the dotted bar is one standard "
        "deviation to each side; where there is no bar, no spread was seen. The lowest single value of IMNM drawn "
        f"here is {number(lowest)} U/L. The grey group is another disease that can look alike."
    )
    limits = [(printed.value, f"S1: often >{number(printed.value)}"), (entry.value, f"trial: >{number(entry.value)}")]
    sources = [bibliography().text(row.sources[:1]) for row in rows]
    return figures.ck_by_cohort(rows, sources, limits, title=title, caption=caption)
