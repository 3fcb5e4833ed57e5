"""The only module that opens files: the ledger, its compiled form, and the notebooks.

The ledger is read in one of two ways. If ``ledger.jsonl`` carries the fingerprint of the data files as they are now, it
is used as it stands: those very bytes were validated when it was made. Otherwise every file is read and checked again.
"""

from __future__ import annotations

import dataclasses
import json
import sys
from binascii import crc32
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from functools import cache, partial
from pathlib import Path
from typing import Any

from namlib import records
from namlib.records import Ledger
from namlib.table import plain

PACKAGE = Path(__file__).parent
FILES = (
    "sources.bib",
    "facts.csv",
    "regimens.csv",
    "drugs.yaml",
    "conflicts.yaml",
    "pathway.yaml",
    "seed_coverage.csv",
    "criteria/enmc_2016.yaml",
    "criteria/eular_acr_2017.yaml",
    "criteria/imacs_2023.yaml",
    "mimics.csv",
    "mimic_features.csv",
    "red_flags.yaml",
    "antibody_tests.csv",
    "ck_series.csv",
    "published_records.yaml",
    "criteria/response_2016.yaml",
    "ck_strength.csv",
    "tapers.yaml",
    "steroid_thresholds.csv",
    "plan_checks.yaml",
    "visit_grid.csv",
    "cohorts.csv",
    "predictors.csv",
    "relapse_model.yaml",
    "reasoning_traps.yaml",
    "questions/00.yaml",
    "questions/01.yaml",
    "questions/02.yaml",
    "questions/03.yaml",
    "questions/04.yaml",
    "questions/05.yaml",
    "questions/06.yaml",
)
# The rules a row was checked against are part of what the compiled ledger vouches for.
_RULES = ("frozen.py", "units.py", "records.py", "validate.py", "model/findings.py", "model/rules.py")
COMPILED = "ledger.jsonl"

ConditionCheck = Callable[[Any], None]


def data_folder() -> Path:
    """Find ``data/``: inside the package when installed, beside it in a checkout.

    Raises
    ------
    FileNotFoundError
        If neither is there.
    """
    for folder in (PACKAGE / "data", PACKAGE.parent / "data"):
        if (folder / FILES[0]).is_file():
            return folder
    raise FileNotFoundError(
        f"the evidence ledger is missing: no {FILES[0]} in {PACKAGE / 'data'} or {PACKAGE.parent / 'data'}"
    )


def fingerprint(folder: Path) -> str:
    """Checksum of the data files and of the rules they are checked by, see :func:`sum_of`."""
    return sum_of((*(folder / name for name in FILES), *(PACKAGE / name for name in _RULES)))


def sum_of(paths: Iterable[Path]) -> str:
    """Checksum of some files; line endings do not count.

    It tells an edited file from an unedited one. It is no protection against somebody who wants to deceive.
    """
    sums = []
    for path in paths:
        content = path.read_bytes().replace(b"\r\n", b"\n")
        sums.append(f"{crc32(content):08x}{len(content):x}")
    return "-".join(sums)


# --- the compiled ledger -------------------------------------------------------------------------------------------
# A record is held as the list of its values in field order, without the defaults at its end: half the size of named
# values and twice as quick to bring back.

_day = cache(date.fromisoformat)


@cache
def _revivers(record_type: type) -> tuple[tuple[int, Callable[[Any], Any]], ...]:
    """Say how to bring back each field that JSON cannot hold. Annotations are text, so they are matched as text."""
    known = vars(sys.modules[record_type.__module__])
    nested: dict[str, Any] = {name: kind for name, kind in known.items() if dataclasses.is_dataclass(kind)}
    revivers: list[tuple[int, Callable[[Any], Any]]] = []
    for place, field in enumerate(dataclasses.fields(record_type)):
        kind = str(field.type)
        inner = kind.removeprefix("tuple[").split(",")[0].split(" |")[0].rstrip("]")
        if kind == "date":
            revivers.append((place, _day))
        elif kind.startswith("tuple[") and inner in nested:
            revivers.append((place, _reviver(nested[inner], many=True)))
        elif kind.startswith("tuple[tuple"):
            revivers.append((place, lambda items: tuple(tuple(item) for item in items)))
        elif kind.startswith("tuple["):
            revivers.append((place, tuple))
        elif inner in nested:
            revivers.append((place, _reviver(nested[inner], many=False)))
    return tuple(revivers)


def _reviver(record_type: type, *, many: bool) -> Callable[[Any], Any]:
    if many:
        return lambda items: tuple([revive(record_type, item) for item in items])
    return lambda item: item if item is None else revive(record_type, item)


def revive(record_type: type, held: list[Any]) -> Any:
    """Bring a record back from what :func:`packed` made of it."""
    for place, bring_back in _revivers(record_type):
        if place < len(held):
            held[place] = bring_back(held[place])
    return record_type(*held)


def packed(value: Any) -> Any:
    """Records as lists of their values, other things as JSON holds them."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = list(dataclasses.fields(value))
        values = [getattr(value, field.name) for field in fields]
        while fields and values[-1] == fields[-1].default:
            fields.pop()
            values.pop()
        return [packed(item) for item in values]
    if isinstance(value, tuple):
        return [packed(item) for item in value]
    return plain(value)


def _load_compiled(folder: Path) -> Ledger | None:
    compiled = folder / COMPILED
    if not compiled.is_file():
        return None
    # One line for the stamp and one for each part: a part is only parsed when it is first asked for.
    # Bytes, because most of them are never looked at.
    stamp, *lines = compiled.read_bytes().split(b"\n")
    if json.loads(stamp) != {"fingerprint": fingerprint(folder)}:
        return None
    revivers = dict(_revivers(Ledger))
    names = [field.name for field in dataclasses.fields(Ledger)]

    def part(place: int) -> Any:
        return revivers[place](json.loads(lines[place]))

    return Ledger.waiting({name: partial(part, place) for place, name in enumerate(names)})


def compile_ledger(check_condition: ConditionCheck | None = None, folder: Path | None = None) -> Path:
    """Validate every data file and write ``ledger.jsonl`` and the JSON Schemas beside them.

    Raises
    ------
    namlib.validate.LedgerError
        If any row is refused; nothing is written then.
    """
    from namlib import validate

    place = folder or data_folder()
    ledger = read_ledger(place, check_condition)
    target = place / COMPILED
    problems = _edited_without_revision(_former_questions(target), ledger.questions)
    if problems:
        raise validate.LedgerError(problems)
    parts = [packed(getattr(ledger, field.name)) for field in dataclasses.fields(ledger)]
    write_lines(target, ({"fingerprint": fingerprint(place)}, *parts))
    for file, schema in validate.schemas().items():
        name = file.replace(".", "_") + ".schema.json"
        _write(place / "schemas" / name, json.dumps(schema, ensure_ascii=False, indent=1, sort_keys=True) + "\n")
    return target


def _former_questions(compiled: Path) -> list[list[Any]]:
    """Return the items as the compiled ledger that is about to be replaced holds them; none where it cannot be read."""
    place = [field.name for field in dataclasses.fields(Ledger)].index("questions")
    try:
        held: list[list[Any]] = json.loads(compiled.read_text(encoding="utf-8").split("\n")[1 + place])
    except (OSError, ValueError, IndexError):
        return []
    return held


def _edited_without_revision(former: list[list[Any]], questions: tuple[records.Question, ...]) -> list[str]:
    """Refuse an item that was edited and kept its revision: decks that learners already have would not take it over."""
    names = [field.name for field in dataclasses.fields(records.Question)]
    revision = names.index("revision")
    before = {row[0]: row for row in former if row}
    problems = []
    for question in questions:
        row = before.get(question.id)
        if row is None:
            continue
        was = row[revision] if len(row) > revision else 1
        if question.revision <= was and json.loads(json.dumps(packed(question))) != row:
            problems.append(
                f"questions/{question.notebook}.yaml, row {question.id}, field revision: the item was edited; "
                f"raise it from {was} to {was + 1}, or decks that learners already have will not take the edit over"
            )
    return problems


def write_lines(path: Path, lines: Iterable[Any]) -> None:
    """Write a compiled file: one line of JSON for each part, so that a part can be read alone."""
    written = partial(json.dumps, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    _write(path, "".join(f"{written(line)}\n" for line in lines))


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="\n")


# --- the files themselves ------------------------------------------------------------------------------------------


def _csv_rows(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    import csv

    with path.open(encoding="utf-8", newline="") as lines:
        reader = csv.DictReader(lines, restkey="(extra cells)", restval="")
        for row in reader:
            name = row.get("id") or " ".join(
                str(row[key]) for key in ("seed", "line", "mimic", "feature") if key in row
            )
            yield f"row {reader.line_num} ({name})", row


def _yaml(path: Path, file: str) -> Any:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    from namlib.validate import LedgerError

    try:
        return YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    except YAMLError as wrong:
        mark = getattr(wrong, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        reason = getattr(wrong, "problem", None) or str(wrong)
        raise LedgerError([f"{file}{line}: cannot be read as YAML: {reason}"]) from None


def _yaml_rows(path: Path, key: str, file: str) -> Iterator[tuple[str, dict[str, Any]]]:
    from namlib.validate import LedgerError

    entries = _yaml(path, file)
    if not isinstance(entries, list):
        raise LedgerError([f"{file}: is not a list of entries"])
    for place, entry in enumerate(entries, start=1):
        if not isinstance(entry, dict):
            raise LedgerError([f"{file}, row {place}: is not an entry with named fields (found {entry!r})"])
        yield f"row {place} ({entry.get(key, 'no ' + key)})", entry


def _label(shortauthor: str, authors: str, year: str) -> str:
    first = authors.split(" and ")[0]
    family = first.split(",")[0] if "," in first else " ".join(first.split()[:-1] or first.split())
    return f"{shortauthor or family} {year or 'n.d.'}".strip()


_BIB_NAMES = {"author": "authors", "howread": "how_read"}
_BIB_IGNORED = ("shortauthor", "label")


def _bib_rows(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    from bibtexparser.entrypoint import parse_string

    from namlib.validate import LedgerError

    library = parse_string(path.read_text(encoding="utf-8"))
    if library.failed_blocks:
        raise LedgerError(
            f"{path.name}, line {(block.start_line or 0) + 1}: is not a BibTeX entry" for block in library.failed_blocks
        )
    for entry in library.entries:
        held = {field.key: str(field.value).strip() for field in entry.fields}
        row: dict[str, Any] = {
            _BIB_NAMES.get(name, name): value for name, value in held.items() if name not in _BIB_IGNORED and value
        }
        row["authors"] = held.get("author", "").strip("{}")
        row["title"] = held.get("title", "").replace("{", "").replace("}", "")
        row["year"] = held.get("year") or None
        row["citable"] = held.get("citable", "yes") != "no"
        row["label"] = held.get("label") or _label(
            held.get("shortauthor", "").strip("{}"), row["authors"], held.get("year", "")
        )
        row.setdefault("journal", "")
        yield f"row {entry.key}", {"key": entry.key, **row}


def read_ledger(folder: Path, check_condition: ConditionCheck | None = None) -> Ledger:
    """Read and validate every data file.

    Parameters
    ----------
    folder : Path
        The folder holding :data:`FILES`.
    check_condition : callable, optional
        Refuses a malformed condition of the pathway or of a drug check.

    Raises
    ------
    namlib.validate.LedgerError
        Listing every refused row with file, row, field and reason.
    """
    from namlib import validate

    problems: list[str] = []
    parts: dict[str, tuple[Any, ...]] = {}
    for file in FILES:
        made, wrong = validate.build(file, _rows(folder / file, file), text=file.endswith(".csv"))
        problems.extend(wrong)
        part = validate.PARTS[file]
        parts[part] = parts.get(part, ()) + tuple(made)
    if problems:
        raise validate.LedgerError(problems)
    ledger = Ledger(**{**parts, "pathway": parts["pathway"][0]})
    problems = validate.cross_check(ledger, check_condition or (lambda condition: None))
    if problems:
        raise validate.LedgerError(problems)
    return ledger


def _rows(path: Path, file: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Read the rows of a data file: BibTeX, a table, a list of entries, or one entry that is the whole file."""
    from namlib.validate import LISTS

    if file.endswith(".bib"):
        return _bib_rows(path)
    if file.endswith(".csv"):
        return _csv_rows(path)
    if file in LISTS:
        return _yaml_rows(path, LISTS[file], file)
    return iter([("the whole file", _yaml(path, file))])


def load(check_condition: ConditionCheck | None = None, folder: Path | None = None) -> Ledger:
    """Return the ledger, from its compiled form when that is current, else from the files.

    Examples
    --------
    >>> ledger = load()
    >>> all(regimen.frequency == "once weekly" for regimen in ledger.regimens if regimen.drug == "methotrexate")
    True
    """
    place = folder or data_folder()
    return _load_compiled(place) or read_ledger(place, check_condition)


def browser_part(name: str) -> str:
    """Return a file of the explorers' browser part."""
    return (PACKAGE / "widgets" / name).read_text(encoding="utf-8")


def read_notebooks(folder: Path) -> list[tuple[str, dict[str, Any]]]:
    """Return every notebook of a folder as ``(file name, content)``, in name order."""
    return [(path.name, json.loads(path.read_text(encoding="utf-8"))) for path in sorted(folder.glob("*.ipynb"))]


def write_report(name: str, text: str, folder: Path | None = None) -> Path:
    """Write a report that is made from the data beside them."""
    path = (folder or data_folder()) / name
    _write(path, text)
    return path
