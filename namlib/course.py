"""What a notebook calls: the ledger bound to the models and the views."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Literal

from namlib import store
from namlib.cite import Bibliography, reference
from namlib.model import dosing
from namlib.model.dosing import POPULATION_WORDS, Dose
from namlib.model.findings import findings
from namlib.records import (
    AntibodyTest,
    CkSeries,
    Conflict,
    CourseParameter,
    Criteria,
    Drug,
    Fact,
    Ledger,
    Mimic,
    Position,
    RedFlagAction,
    Regimen,
    RelapseModel,
    ResponseCriteria,
    ResponseMeasure,
    SeedLine,
    Source,
    StrengthGrade,
    TaperScheme,
    VisitCell,
)
from namlib.table import Column, Html, Table, html, html_table
from namlib.units import number, span
from namlib.view.dose import dose_page
from namlib.view.picture import Picture
from namlib.view.sentences import HOW_READ_WORDS, doses_summary, statement, whom

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from namlib.model.antibody import Prediction
    from namlib.model.checklist import ChecklistLine
    from namlib.model.cohort import Cohort
    from namlib.model.course_of_disease import DiseaseCourse, StateUncertainty, TargetCheck
    from namlib.model.diagnosis import Comparison, Enmc2016, EularAcr2017
    from namlib.model.mimics import MimicResult
    from namlib.model.pathway import Walk
    from namlib.model.patient import Patient
    from namlib.model.published import ClassifiedMoment
    from namlib.model.redflags import RedFlagResult
    from namlib.model.response import CoreSet, MuscleSum, TotalImprovement
    from namlib.model.safety import SafetyList, SafetyRow  # noqa: F401 - named as text below
    from namlib.model.screening import CancerRisk
    from namlib.model.taper import TaperPlan


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
    for criteria in ledger().criteria:
        if criteria.id == name:
            return criteria
    raise KeyError(f"no criteria {name!r}; known: {', '.join(criteria.id for criteria in ledger().criteria)}")


# --- facts and sources ---------------------------------------------------------------------------------------------


def _how_read(row: Fact | Regimen | Mimic | ResponseMeasure) -> Html:
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


def checklist(patient: Patient) -> Table[ChecklistLine]:
    """Set what the starting document asks to be checked against what was entered of a patient.

    A question that was not asked, a test that was not done and a result that was not reported stay three things, and
    none of them is a "no".

    Parameters
    ----------
    patient : Patient
        Whatever is known; nothing is required.

    Examples
    --------
    >>> from namlib.model.patient import Patient
    >>> checklist(Patient(anti_srp="negative", anti_hmgcr="not_tested"))[1]
    S1 line 6: anti-HMGCR antibody: not tested and anti-SRP antibody: negative
    """
    from namlib.model import checklist as lines

    rows = lines.checklist(patient.answers(), ledger().seed_lines)
    columns = [
        Column("Line", lambda row: f"{row.seed} line {row.line}"),
        Column("What it asks", lambda row: row.claim),
        Column("What was entered", lambda row: Html("<br>".join(html(item.words()) for item in row.entered))),
        Column("Verdict of the evidence", lambda row: row.verdict),
        Column("Why", lambda row: row.why),
    ]
    return Table(rows, f"Check list, {sum(row.done for row in rows)} of {len(rows)} lines answered", columns, "line")


# --- published patients --------------------------------------------------------------------------------------------


def published_records(*ids: str) -> Table[ClassifiedMoment]:
    """Put the published patients of the ledger to ENMC 2016: the label expected of each moment beside the one obtained.

    Only what was read of a report is entered. Where the two labels part, the ledger says why.

    Parameters
    ----------
    *ids : str
        Records to show, in this order; none for all.

    Raises
    ------
    KeyError
        If there is no such record.
    """
    from namlib.model import diagnosis, published

    by_id = {record.id: record for record in ledger().published_records}
    unknown = [name for name in ids if name not in by_id]
    if unknown:
        raise KeyError(f"no published record {unknown[0]!r}; known: {', '.join(by_id)}")
    criteria = criteria_record("enmc_2016")
    chosen = [by_id[name] for name in ids] if ids else by_id.values()
    rows = published.put_to(chosen, lambda found: diagnosis.enmc2016(found, criteria))
    cites = bibliography()

    def cell(first: object, *small: str) -> Html:
        return Html(html(first) + "".join(f"<br><small>{html(part)}</small>" for part in small if part))

    def obtained(row: ClassifiedMoment) -> Html:
        missing = f"Missing: {', '.join(row.asked)}" if row.asked else ""
        return cell(row.obtained, *(f"Stop: {stop}" for stop in row.stops), missing)

    columns = [
        Column("Record", lambda row: Html(f"{cell(row.record, row.title)}<br>{cites.links(row.sources)}")),
        Column("Moment", lambda row: row.at),
        Column("Expected", lambda row: cell(row.expected, row.because)),
        Column("Obtained", obtained),
        Column("As expected?", lambda row: cell("yes" if row.agrees else "no", row.difference)),
        Column("What was read", lambda row: cell(row.was_read, row.caveat)),
    ]
    same = sum(row.agrees for row in rows)
    return Table(rows, f"Published records, {same} of {len(rows)} as expected", columns, "moment")


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


# --- criteria ------------------------------------------------------------------------------------------------------


def classify_enmc2016(patient: Patient) -> Enmc2016:
    """Label a patient by the ENMC 2016 criteria for IMNM: what is met, what is not known, and the next test.

    For learning how the criteria work; a label of classification criteria is not a diagnosis.

    Examples
    --------
    >>> from namlib import Patient
    >>> classify_enmc2016(Patient(ck_u_per_l=8200, proximal_weakness=True, anti_srp="negative", anti_hmgcr="negative"))
    ENMC 2016: biopsy needed; next: muscle biopsy
    """
    from namlib.model import diagnosis

    return diagnosis.enmc2016(findings(patient.answers()), criteria_record("enmc_2016"))


def classify_eular_acr2017(patient: Patient, biopsy: bool | None = None) -> EularAcr2017:
    """Score a patient by the EULAR/ACR 2017 criteria for inflammatory myopathy, item by item.

    Parameters
    ----------
    patient : Patient
        What is known; everything else makes the score an interval.
    biopsy : bool, optional
        Which of the two models to use. Left out, the one with biopsy if a biopsy has been reported.

    Examples
    --------
    >>> from namlib import Patient
    >>> classify_eular_acr2017(Patient(onset_age_years=60, other_antibodies={"Jo-1"}, ck_raised=True)).class_low
    'probable'
    """
    from namlib.model import diagnosis

    return diagnosis.eular_acr2017(findings(patient.answers()), criteria_record("eular_acr_2017"), biopsy)


def compare_criteria(patient: Patient) -> Comparison:
    """Put ENMC 2016 and both models of EULAR/ACR 2017 side by side for one patient, with the reasons why they part.

    Examples
    --------
    >>> from namlib import Patient
    >>> compare_criteria(Patient(ck_raised=False))
    ENMC 2016: not met; EULAR/ACR 2017, without biopsy: open, not IIM to definite; open whether they agree
    """
    from namlib.model import diagnosis

    return diagnosis.compare(
        findings(patient.answers()), criteria_record("enmc_2016"), criteria_record("eular_acr_2017")
    )


def score_picture(patient: Patient, *, title: str, caption: str) -> Picture:
    """Draw what every EULAR/ACR item brings to a patient's score, without and with biopsy, as a still picture.

    Parameters
    ----------
    patient : Patient
        Items that nobody answered are drawn as possible, not as absent.
    title, caption : str
        What the figure answers, and what to see in it.
    """
    from namlib.view import score

    comparison = compare_criteria(patient)
    # What makes the disease by ENMC 2016 and has no item in the score.
    unscored = [
        "Necrosis" if part.item.group == "biopsy" else part.item.label
        for part in comparison.enmc.items
        if part.met and part.item.group in ("antibodies", "biopsy")
    ]
    return score.score_picture(comparison, unscored, title, caption)


def cancer_risk_imacs2023(patient: Patient) -> CancerRisk:
    """Sort a patient into the risk groups of the IMACS guideline on cancer screening, and say what it asks for.

    Examples
    --------
    >>> from namlib import Patient
    >>> cancer_risk_imacs2023(Patient(myositis_subtype="IMNM", anti_hmgcr="positive", dysphagia="severe"))
    IMACS 2023: moderate to high risk
    """
    from namlib.model import diagnosis, screening

    laid_out = findings(patient.answers())
    enmc = diagnosis.enmc2016(laid_out, criteria_record("enmc_2016"))
    return screening.imacs2023(laid_out, criteria_record("imacs_2023"), enmc)


# --- mimics and red flags ------------------------------------------------------------------------------------------


def _spoken(row: MimicResult) -> Html:
    """Say whether a mimic is excluded, and list the answers that speak, each with what is seen in the mimic."""
    cites = bibliography()
    items = []
    for lead, reasons in (("Excludes", row.excluding), ("For", row.for_), ("Against", row.against)):
        for reason in reasons:
            cell = reason.cell
            read = "" if cell.how_read == "primary" else f", {HOW_READ_WORDS[cell.how_read]}"
            items.append(
                f"<li>{lead}: {html(reason.words)}<br><small>there {html(cell.feature)}: {html(cell.seen)} "
                f"({cites.links(cell.sources)}{html(read)})</small></li>"
            )
    listed = f'<ul style="margin:0;padding-left:1.1em">{"".join(items)}</ul>' if items else "Nothing speaks yet."
    return Html(f"<strong>{row.state}</strong><br><small>{html(row.because)}</small>{listed}")


def mimics(patient: Patient) -> Table[MimicResult]:
    """Say of every disease that is taken for IMNM what the answers exclude and what speaks for and against it.

    The order is that of the data and no ranking. A question that was not answered excludes nothing.

    Parameters
    ----------
    patient : Patient
        Any answers; those that would still speak are listed.

    Examples
    --------
    >>> from namlib import Patient
    >>> table = mimics(Patient(thyroid="normal", statin="never"))
    >>> table, sum(row.state == "excluded" for row in table)
    (Diseases taken for IMNM, none ranked: 17 mimics, 2)
    """
    from namlib.model import mimics as model
    from namlib.model.pathway import asked

    known = ledger()
    results = model.mimics(findings(patient.answers()), known.mimics, known.mimic_features)
    cites = bibliography()
    columns = [
        Column(
            "Disease",
            lambda row: Html(
                f'{html(row.mimic.name)}<br><small style="font-weight:400">{html(row.mimic.trap)}</small>'
            ),
        ),
        Column("What the answers say", _spoken),
        Column(
            "The test that would tell",
            lambda row: Html(
                html(row.test)
                + (f"<br><small>Not answered: {html('; '.join(asked(row.open)))}</small>" if row.open else "")
            ),
        ),
        Column(
            "Source", lambda row: Html(f"{cites.links(row.mimic.sources)}<br><small>{_how_read(row.mimic)}</small>")
        ),
    ]
    return Table(results, "Diseases taken for IMNM, none ranked", columns, "mimic")


def mimic_matrix() -> Picture:
    """Draw which features tell each mimic from IMNM, with the words and sources of every cell in a table."""
    from namlib.model.mimics import feature_matrix
    from namlib.view import figures

    rows = feature_matrix(ledger().mimics, ledger().mimic_features)

    def count(feature: str, kind: str) -> int:
        return sum(cell.feature == feature and cell.compared == kind for row in rows for cell in row.cells)

    caption = (
        f"Blood tests differ in {count('blood tests', 'differs')} of {len(rows) - 1} diseases, by the antibody or by a "
        f"test of the mimic's own; CK differs in {count('CK', 'differs')}, the biopsy in {count('biopsy', 'differs')} "
        f"and in part in {count('biopsy', 'in part')} more. Where IMNM has no antibody, only the mimic's own test is "
        "left of that column. A dash is a gap in what was read, not a normal finding."
    )
    title = "Blood tests tell most mimics from IMNM; CK and biopsy often do not"
    return figures.mimic_matrix(rows, bibliography(), title=title, caption=caption)


def _acts(actions: tuple[RedFlagAction, ...]) -> Html:
    cites = bibliography()
    items = []
    for act in actions:
        keys = dict.fromkeys(key for name in act.facts for key in fact(name).sources)
        stands = f"[{cites.links(keys)}]" if keys else "a convention of this course"
        items.append(f"<li>{html(act.text)} <small>{stands}</small></li>")
    return Html(f'<ul style="margin:0;padding-left:1.1em">{"".join(items)}</ul>' if items else "")


def _measured(names: tuple[str, ...]) -> Html:
    cites = bibliography()
    items = []
    for name in names:
        row = fact(name)
        caveat = f" {html(row.caveat)}" if row.caveat else ""
        items.append(f"<li>{html(row.statement)} <small>[{cites.links(row.sources)}]{caveat}</small></li>")
    return Html(f'<ul style="margin:0;padding-left:1.1em">{"".join(items)}</ul>')


def red_flags(patient: Patient | None = None) -> Table[RedFlagResult]:
    """Say of every danger sign whether it is present, absent or not asked, and what to do the same night.

    Parameters
    ----------
    patient : Patient, optional
        Without one, every sign is shown with what to do if it is present.

    Examples
    --------
    >>> from namlib import Patient
    >>> [row.state for row in red_flags(Patient(dyspnoea=True, dysphagia="none"))][:3]
    ['present', 'absent', 'not asked']
    """
    from namlib.model import redflags as model
    from namlib.model.pathway import asked

    results = model.red_flags(findings(patient.answers() if patient else {}), ledger().red_flags)
    states = [
        Column(
            "For this patient",
            lambda row: Html(
                f"<strong>{row.state}</strong>"
                + (f"<br><small>{html(row.why)}</small>" if row.why else "")
                + (f"<br><small>Ask: {html('; '.join(asked(row.ask)))}</small>" if row.ask else "")
            ),
        )
    ]
    columns = [
        Column("Sign", lambda row: row.flag.sign),
        *(states if patient else []),
        Column("Tonight, if present", lambda row: _acts(row.flag.tonight if patient is None else row.tonight)),
        Column("What was measured", lambda row: _measured(row.flag.facts)),
        Column("Mind", lambda row: row.flag.caveat),
    ]
    return Table(results, "Red flags", columns, "sign")


# --- response and strength -----------------------------------------------------------------------------------------


@cache
def response_criteria() -> ResponseCriteria:
    """Return the response criteria of 2016 as data, the only ones of the ledger."""
    return ledger().response_criteria[0]


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
        Column("How it was read", _how_read),
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


# --- tapers --------------------------------------------------------------------------------------------------------


def taper_scheme(name: str) -> TaperScheme:
    """Return one published taper by its id.

    Raises
    ------
    KeyError
        If the ledger has no such scheme; the message lists those it has.
    """
    for scheme in ledger().tapers:
        if scheme.id == name:
            return scheme
    raise KeyError(f"no taper {name!r}; known: {', '.join(scheme.id for scheme in ledger().tapers)}")


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
        Column("How it was read", _how_read),
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


# --- safety and visits ---------------------------------------------------------------------------------------------


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
            f"Visit grid: {measures} measures, {len(self)} cells. Whose intervals: a source on IMNM fixes "
            f"{count['IMNM source']}, one on myositis {count['myositis source']}, one on a drug "
            f"{count['drug source']}; {count['course convention']} are this course's convention."
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
    Prediction: hmgcr_aric at 30% before the test: 100% after a positive result as counted, ...
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


# --- the virtual cohort --------------------------------------------------------------------------------------------


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
            f"By luck among {people} people, the numbers known",
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
