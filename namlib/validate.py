"""From file contents to records, with errors that name file, row, field and reason. Writes the JSON Schemas too.

Only imported when a data file has changed since it was last compiled: pydantic costs as much start-up as all the rest.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from namlib.records import (
    IMNM,
    AntibodyTest,
    CkSeries,
    CkStrength,
    Cohort,
    Conflict,
    Criteria,
    Drug,
    Fact,
    Ledger,
    Mimic,
    MimicFeature,
    Pathway,
    PlanCheck,
    Predictor,
    PublishedRecord,
    Question,
    ReasoningTrap,
    RedFlag,
    Refused,
    Regimen,
    RelapseModel,
    ResponseCriteria,
    SeedLine,
    Source,
    SteroidThreshold,
    TaperScheme,
    VisitCell,
)

Record = TypeVar("Record")

ROW_TYPES: dict[str, type] = {
    "sources.bib": Source,
    "facts.csv": Fact,
    "regimens.csv": Regimen,
    "drugs.yaml": Drug,
    "conflicts.yaml": Conflict,
    "pathway.yaml": Pathway,
    "seed_coverage.csv": SeedLine,
    "criteria/enmc_2016.yaml": Criteria,
    "criteria/eular_acr_2017.yaml": Criteria,
    "criteria/imacs_2023.yaml": Criteria,
    "mimics.csv": Mimic,
    "mimic_features.csv": MimicFeature,
    "red_flags.yaml": RedFlag,
    "antibody_tests.csv": AntibodyTest,
    "ck_series.csv": CkSeries,
    "published_records.yaml": PublishedRecord,
    "criteria/response_2016.yaml": ResponseCriteria,
    "ck_strength.csv": CkStrength,
    "tapers.yaml": TaperScheme,
    "steroid_thresholds.csv": SteroidThreshold,
    "plan_checks.yaml": PlanCheck,
    "visit_grid.csv": VisitCell,
    "cohorts.csv": Cohort,
    "predictors.csv": Predictor,
    "relapse_model.yaml": RelapseModel,
    "reasoning_traps.yaml": ReasoningTrap,
    "questions/00.yaml": Question,
    "questions/01.yaml": Question,
    "questions/02.yaml": Question,
    "questions/03.yaml": Question,
    "questions/04.yaml": Question,
    "questions/05.yaml": Question,
    "questions/06.yaml": Question,
}
# The part of the ledger a file fills; several files may fill one.
PARTS: dict[str, str] = {
    "seed_coverage.csv": "seed_lines",
    **{file: "criteria" for file, kind in ROW_TYPES.items() if kind is Criteria},
    **{file: "response_criteria" for file, kind in ROW_TYPES.items() if kind is ResponseCriteria},
    **{file: "questions" for file, kind in ROW_TYPES.items() if kind is Question},
}
PARTS |= {file: file.partition(".")[0] for file in ROW_TYPES if file not in PARTS}
# YAML files that hold a list of such entries, and what names an entry.
LISTS = {
    "drugs.yaml": "key",
    "conflicts.yaml": "id",
    "red_flags.yaml": "id",
    "published_records.yaml": "id",
    "tapers.yaml": "id",
    "plan_checks.yaml": "id",
    "reasoning_traps.yaml": "id",
    **{file: "id" for file, kind in ROW_TYPES.items() if kind is Question},
}


class LedgerError(ValueError):
    """One or more rows were refused. ``problems`` lists them, one sentence each."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


def _fields(record_type: type) -> dict[str, Any]:
    return {field.name: field.type for field in dataclasses.fields(record_type)}


def _from_text(record_type: type, row: Mapping[str, str]) -> dict[str, Any]:
    """Prepare a CSV row for pydantic: blank means absent, tuples are separated by semicolons, a condition is YAML."""
    types = _fields(record_type)
    prepared: dict[str, Any] = {}
    for name, text in row.items():
        value = (text or "").strip()
        if str(types.get(name, "")).startswith("tuple"):
            prepared[name] = [part.strip() for part in value.split(";") if part.strip()]
        elif value and types.get(name) == "Any":
            prepared[name] = _condition(value)
        elif value:
            prepared[name] = value
    return prepared


def _condition(text: str) -> Any:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        return YAML(typ="safe", pure=True).load(text)
    except YAMLError:
        return text  # refused as a condition by the rules, in words


def _reason(error: Any) -> str:
    wrong = error.get("ctx", {}).get("error")
    if isinstance(wrong, Refused):
        return f"field {wrong.field}: {wrong.reason}"
    place = ".".join(str(part) for part in error["loc"]) or "row"
    given = error.get("input")
    shown = "" if error["type"] in ("missing", "unexpected_keyword_argument") else f" (found {given!r})"
    return f"field {place}: {error['msg']}{shown}"


def build(
    file: str, rows: Iterable[tuple[str, Mapping[str, Any]]], *, text: bool = False
) -> tuple[list[Any], list[str]]:
    """Make the records of one file.

    Parameters
    ----------
    file : str
        File name, a key of :data:`ROW_TYPES`.
    rows : iterable of (place, mapping)
        Where each row stands (``"row 12 (kass_mono)"``) and what it holds.
    text : bool
        Whether values are CSV text, to be split and blanked first.

    Returns
    -------
    (records, problems)
        What could be made, and a sentence for everything that could not.
    """
    record_type = ROW_TYPES[file]
    adapter: TypeAdapter[Any] = TypeAdapter(record_type)
    known = set(_fields(record_type))
    made, problems = [], []
    for place, row in rows:
        # First, because cells without a column (a comma that is not quoted) cannot be prepared.
        unknown = [name for name in row if name not in known]
        if unknown:
            problems.append(f"{file}, {place}, field {unknown[0]}: is not a column of this file")
            continue
        prepared = _from_text(record_type, row) if text else dict(row)
        try:
            made.append(adapter.validate_python(prepared))
        except ValidationError as refused:
            problems.extend(f"{file}, {place}, {_reason(error)}" for error in refused.errors())
            continue
        if isinstance(made[-1], Question) and file != f"questions/{made[-1].notebook}.yaml":
            problems.append(f"{file}, {place}, field notebook: {made[-1].notebook!r} belongs in a file of that name")
    return made, problems


def duplicates(file: str, keys: Iterable[str]) -> list[str]:
    """Name every id that occurs twice."""
    seen: set[str] = set()
    problems = []
    for key in keys:
        if key in seen:
            problems.append(f"{file}, row {key}, field id: occurs twice")
        seen.add(key)
    return problems


def _references(ledger: Ledger) -> list[str]:
    """Every id that a row names must exist."""
    sources = {source.key for source in ledger.sources}
    facts = {fact.id for fact in ledger.facts}
    regimens = {regimen.id for regimen in ledger.regimens}
    drugs = {drug.key for drug in ledger.drugs}
    nodes = {node.id for node in ledger.pathway.nodes}
    problems: list[str] = []

    def need(file: str, row: str, field: str, named: Iterable[str], known: set[str]) -> None:
        problems.extend(
            f"{file}, row {row}, field {field}: {name!r} does not exist" for name in named if name not in known
        )

    for fact in ledger.facts:
        need("facts.csv", fact.id, "sources", fact.sources, sources)
    for regimen in ledger.regimens:
        need("regimens.csv", regimen.id, "sources", regimen.sources, sources)
        need("regimens.csv", regimen.id, "drug", [regimen.drug], drugs)
        need("regimens.csv", regimen.id, "cap_source", filter(None, [regimen.cap_source]), sources)
        need("regimens.csv", regimen.id, "derived_from", filter(None, [regimen.derived_from]), regimens)
    for drug in ledger.drugs:
        for check in drug.checks:
            need("drugs.yaml", f"{drug.key}/{check.id}", "facts", check.facts, facts)
        if drug.adult_ceiling is not None:
            need("drugs.yaml", drug.key, "adult_ceiling.facts", drug.adult_ceiling.facts, facts)
    for conflict in ledger.conflicts:
        for position in conflict.positions:
            need("conflicts.yaml", conflict.id, "facts", position.facts, facts)
            need("conflicts.yaml", conflict.id, "regimens", position.regimens, regimens)
            need("conflicts.yaml", conflict.id, "sources", position.sources, sources)
    for node in ledger.pathway.nodes:
        need("pathway.yaml", node.id, "facts", node.facts, facts)
        need("pathway.yaml", node.id, "drugs", node.drugs, drugs)
    for edge in ledger.pathway.edges:
        need("pathway.yaml", edge.id, "facts", edge.facts, facts)
        need("pathway.yaml", edge.id, "start", [edge.start], nodes)
        need("pathway.yaml", edge.id, "end", [edge.end], nodes)
    need("pathway.yaml", "start", "start", [ledger.pathway.start], nodes)
    for seed_line in ledger.seed_lines:
        place = f"{seed_line.seed} line {seed_line.line}"
        need("seed_coverage.csv", place, "facts", seed_line.facts, facts)
        need("seed_coverage.csv", place, "regimens", seed_line.regimens, regimens)
        need("seed_coverage.csv", place, "nodes", seed_line.nodes, nodes)
    for criteria in ledger.criteria:
        file = f"criteria/{criteria.id}.yaml"
        need(file, criteria.id, "sources", criteria.sources, sources)
        parts: list[Any] = [*criteria.items, *criteria.remarks, *criteria.models, *criteria.groups, *criteria.panels]
        for part in parts:
            need(file, part.id, "facts", part.facts, facts)
    mimics = {mimic.id for mimic in ledger.mimics}
    for mimic in ledger.mimics:
        need("mimics.csv", mimic.id, "sources", mimic.sources, sources)
        need("mimics.csv", mimic.id, "facts", mimic.facts, facts)
    for feature in ledger.mimic_features:
        need("mimic_features.csv", f"{feature.mimic} {feature.feature}", "sources", feature.sources, sources)
        need("mimic_features.csv", f"{feature.mimic} {feature.feature}", "mimic", [feature.mimic], mimics | {IMNM})
    for flag in ledger.red_flags:
        named = (*flag.facts, *(name for action in flag.tonight for name in action.facts))
        need("red_flags.yaml", flag.id, "facts", named, facts)
    for test in ledger.antibody_tests:
        need("antibody_tests.csv", test.id, "sources", test.sources, sources)
    for series in ledger.ck_series:
        need("ck_series.csv", series.id, "sources", series.sources, sources)
    for record in ledger.published_records:
        need("published_records.yaml", record.id, "sources", record.sources, sources)
    for response in ledger.response_criteria:
        file = f"criteria/{response.id}.yaml"
        need(file, response.id, "sources", response.sources, sources)
        need(file, "muscles", "muscle_facts", response.muscle_facts, facts)
        need(file, "grades", "grade_facts", response.grade_facts, facts)
        rules: list[Any] = [*response.measures, *response.categories, *response.strength_tests]
        for rule in rules:
            need(file, rule.id, "facts", rule.facts, facts)
        for enzyme in response.enzymes:
            need(file, enzyme.enzyme, "facts", enzyme.facts, facts)
    for moment in ledger.ck_strength:
        need("ck_strength.csv", moment.id, "sources", moment.sources, sources)
    for scheme in ledger.tapers:
        need("tapers.yaml", scheme.id, "sources", scheme.sources, sources)
        need("tapers.yaml", scheme.id, "facts", scheme.facts, facts)
    for threshold in ledger.steroid_thresholds:
        need("steroid_thresholds.csv", threshold.id, "facts", threshold.facts, facts)
    for item in ledger.plan_checks:
        need("plan_checks.yaml", item.id, "facts", item.facts, facts)
        need("plan_checks.yaml", item.id, "drugs", (*item.drugs, *item.beside), drugs)
    for cell in ledger.visit_grid:
        need("visit_grid.csv", cell.id, "facts", (*cell.facts, *cell.why), facts)
        need("visit_grid.csv", cell.id, "drugs", cell.drugs, drugs)
    cohorts = {cohort.id for cohort in ledger.cohorts}
    for cohort in ledger.cohorts:
        need("cohorts.csv", cohort.id, "sources", cohort.sources, sources)
        need("cohorts.csv", cohort.id, "alternative_to", filter(None, [cohort.alternative_to]), cohorts)
    predictors = {predictor.id for predictor in ledger.predictors}
    for predictor in ledger.predictors:
        need("predictors.csv", predictor.id, "sources", predictor.sources, sources)
        need("predictors.csv", predictor.id, "agrees", predictor.agrees, predictors)
        need("predictors.csv", predictor.id, "against", predictor.against, predictors)
    for model in ledger.relapse_model:
        entries: list[Any] = [*model.parameters, *model.targets]
        for entry in entries:
            need("relapse_model.yaml", entry.id, "facts", entry.facts, facts)
            need("relapse_model.yaml", entry.id, "sources", entry.sources, sources)
    for question in ledger.questions:
        file = f"questions/{question.notebook}.yaml"
        need(file, question.id, "sources", question.sources, sources)
        for held in (question, *question.parts):
            place = question.id if held is question else f"{question.id}/{getattr(held, 'id', 'number')}"
            need(file, place, "facts", held.facts, facts)
            need(file, place, "regimens", held.regimens, regimens)
    return problems


def _ceilings(ledger: Ledger) -> list[str]:
    """Refuse an adult row above the adult ceiling of its drug, unless it is shown with a caveat; methotrexate never."""
    problems: list[str] = []
    for drug in ledger.drugs:
        ceiling = drug.adult_ceiling
        if ceiling is None:
            continue
        for regimen in ledger.regimens:
            if regimen.drug != drug.key or regimen.population != "adult":
                continue
            excused = regimen.standing == "caveat" and drug.key != "methotrexate"
            amounts = {
                "low": (regimen.low, regimen.unit),
                "high": (regimen.high, regimen.unit),
                "cap": (regimen.cap, regimen.cap_unit),
            }
            problems.extend(
                f"regimens.csv, row {regimen.id}, field {field}: {amount:g} {code} of {drug.name} is above the adult "
                f"ceiling of {ceiling.amount:g} {ceiling.unit}"
                for field, (amount, code) in amounts.items()
                if amount is not None and code == ceiling.unit and amount > ceiling.amount and not excused
            )
    return problems


def _conditions(ledger: Ledger, check: Callable[[Any], None]) -> list[str]:
    conditions = [("pathway.yaml", edge.id, edge.when) for edge in ledger.pathway.edges]
    conditions += [("drugs.yaml", f"{drug.key}/{item.id}", item.when) for drug in ledger.drugs for item in drug.checks]
    for criteria in ledger.criteria:
        file = f"criteria/{criteria.id}.yaml"
        conditions += [(file, item.id, item.when) for item in criteria.items]
        conditions += [(file, remark.id, remark.when) for remark in criteria.remarks]
    conditions += [("mimic_features.csv", f"{item.mimic} {item.feature}", item.when) for item in ledger.mimic_features]
    conditions += [("red_flags.yaml", flag.id, flag.when) for flag in ledger.red_flags]
    conditions += [("plan_checks.yaml", item.id, item.when) for item in ledger.plan_checks]
    problems = []
    for file, row, condition in conditions:
        try:
            check(condition)
        except Refused as refused:
            problems.append(f"{file}, row {row}, field when: {refused}")
    for line in ledger.seed_lines:
        for name in line.fields:
            try:
                check({"field": name, "known": True})
            except Refused as refused:
                problems.append(f"seed_coverage.csv, row {line.seed} line {line.line}, field fields: {refused.reason}")
    return problems


def cross_check(ledger: Ledger, check_condition: Callable[[Any], None]) -> list[str]:
    """Check the ledger against itself: ids unique, references resolved, ceilings kept, conditions well formed."""
    problems = []
    for file, keys in {
        "sources.bib": [source.key for source in ledger.sources],
        "facts.csv": [fact.id for fact in ledger.facts],
        "regimens.csv": [regimen.id for regimen in ledger.regimens],
        "drugs.yaml": [drug.key for drug in ledger.drugs],
        "conflicts.yaml": [conflict.id for conflict in ledger.conflicts],
        "pathway.yaml": [node.id for node in ledger.pathway.nodes] + [edge.id for edge in ledger.pathway.edges],
        "seed_coverage.csv": [f"{item.seed} line {item.line}" for item in ledger.seed_lines],
        "mimics.csv": [mimic.id for mimic in ledger.mimics],
        "red_flags.yaml": [flag.id for flag in ledger.red_flags],
        "antibody_tests.csv": [test.id for test in ledger.antibody_tests],
        "ck_series.csv": [series.id for series in ledger.ck_series],
        "published_records.yaml": [record.id for record in ledger.published_records],
        "ck_strength.csv": [moment.id for moment in ledger.ck_strength],
        "tapers.yaml": [scheme.id for scheme in ledger.tapers],
        "steroid_thresholds.csv": [threshold.id for threshold in ledger.steroid_thresholds],
        "plan_checks.yaml": [item.id for item in ledger.plan_checks],
        "visit_grid.csv": [cell.id for cell in ledger.visit_grid],
        "cohorts.csv": [cohort.id for cohort in ledger.cohorts],
        "predictors.csv": [predictor.id for predictor in ledger.predictors],
        "reasoning_traps.yaml": [str(trap.id) for trap in ledger.reasoning_traps],
        "relapse_model.yaml": [target.id for model in ledger.relapse_model for target in model.targets]
        + [parameter.id for model in ledger.relapse_model for parameter in model.parameters]
        + [state.id for model in ledger.relapse_model for state in model.states],
        "questions": [question.id for question in ledger.questions],
    }.items():
        problems += duplicates(file, keys)
    for field in ("label", "url"):
        problems += [
            problem.replace("field id", f"field {field}")
            for problem in duplicates("sources.bib", [getattr(source, field) for source in ledger.sources])
        ]
    problems += _one_measure_a_visit(ledger)
    return problems + _references(ledger) + _ceilings(ledger) + _conditions(ledger, check_condition)


def schemas() -> dict[str, dict[str, Any]]:
    """Build the JSON Schema of every data file, for editors that complete and check while typing.

    A YAML file of many entries gets the schema of the whole file, which its first line names; a table that of a row.
    """
    whole: dict[str, Any] = {file: list[kind] for file, kind in ROW_TYPES.items() if file in LISTS}  # type: ignore[valid-type]
    return {file: TypeAdapter(whole.get(file, kind)).json_schema() for file, kind in ROW_TYPES.items()}


def _one_measure_a_visit(ledger: Ledger) -> list[str]:
    """Refuse two cells of the visit grid in one place."""
    seen: set[tuple[str, str]] = set()
    problems = []
    for cell in ledger.visit_grid:
        if (cell.measure, cell.visit) in seen:
            problems.append(f"visit_grid.csv, row {cell.id}, field visit: {cell.measure} has two cells at {cell.visit}")
        seen.add((cell.measure, cell.visit))
    return problems
