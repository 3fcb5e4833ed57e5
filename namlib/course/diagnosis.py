"""What a notebook on diagnosis calls: criteria, published patients, mimics, danger signs, antibody tests, CK."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from namlib.course import bibliography, criteria_record, fact, how_read_words, ledger, named
from namlib.model.findings import findings
from namlib.records import (
    AntibodyTest,
    CkSeries,
    RedFlagAction,
)
from namlib.table import Column, Html, Table, html
from namlib.units import number, span
from namlib.view.picture import Picture
from namlib.view.sentences import HOW_READ_WORDS

if TYPE_CHECKING:
    from namlib.model.antibody import Prediction
    from namlib.model.checklist import ChecklistLine
    from namlib.model.diagnosis import Comparison, Enmc2016, EularAcr2017
    from namlib.model.mimics import MimicResult
    from namlib.model.patient import Patient
    from namlib.model.published import ClassifiedMoment
    from namlib.model.redflags import RedFlagResult
    from namlib.model.screening import CancerRisk


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
    chosen = [named("published record", by_id, name) for name in ids] if ids else by_id.values()
    criteria = criteria_record("enmc_2016")
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
    IMACS 2023: moderate to high risk, if it applies
    """
    from namlib.model import diagnosis, screening

    laid_out = findings(patient.answers())
    enmc = diagnosis.enmc2016(laid_out, criteria_record("enmc_2016"))
    return screening.imacs2023(laid_out, criteria_record("imacs_2023"), enmc)


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
            "Source",
            lambda row: Html(f"{cites.links(row.mimic.sources)}<br><small>{how_read_words(row.mimic)}</small>"),
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
    """Say of every danger sign whether it is present, absent or not asked, and what belongs to the same night.

    Parameters
    ----------
    patient : Patient, optional
        Without one, every sign is shown with what belongs to the night in which it is present.

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


@cache
def antibody_test(name: str) -> AntibodyTest:
    """Return what was counted with one assay, by its id.

    Raises
    ------
    KeyError
        If the ledger has no such row; the message lists those it has.
    """
    return named("antibody test", {test.id: test for test in ledger().antibody_tests}, name)


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
        Column("How it was read", how_read_words),
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
        Column("How it was read", how_read_words),
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
