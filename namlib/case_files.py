"""Reading case files: a file that does not fit is refused in words, with every problem at once and its line.

A case file may come from anybody. It is read as a stream of YAML events and turned into plain data here, so that no tag
can make an object, no alias can multiply, and size, depth and number of entries are bounded before anything is built.
"""

from __future__ import annotations

import difflib
import io
import json
import math
import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache, partial
from pathlib import Path
from typing import Any, cast

from namlib.case_records import Case, CaseRecord, inconsistent, is_identifier
from namlib.discussion_records import Discussion, Panel, PanelInfo, panel_from
from namlib.frozen import frozen
from namlib.records import Ledger, Refused
from namlib.store import PACKAGE, data_folder, fingerprint, packed, revive, sum_of, write_lines, write_report

Place = tuple[str | int, ...]
CheckAnswers = Callable[[dict[str, Any]], None]
CheckRecord = Callable[[CaseRecord], Iterable[tuple[Place, str]]]
CheckDiscussion = Callable[[CaseRecord, Discussion], Iterable[tuple[Place, str]]]

FOLDER = "cases"
TEMPLATE = "template.yaml"
FILL_IN = "FILL IN"
SCHEMA = "schemas/case.schema.json"
MOST_BYTES = 256 * 1024
MOST_DEPTH = 24
MOST_ENTRIES = 20_000
MOST_CHARACTERS = 8_000
MOST_DIGITS = 30
MOST_PROBLEMS = 200

# Plain scalars that are not text. A date stays text, and so do yes and no: what looks like another type is not guessed.
_INTEGER = re.compile(r"[-+]?[0-9]+")
_DECIMAL = re.compile(r"[-+]?([0-9]+\.[0-9]*|\.[0-9]+|[0-9]+)([eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|nan)", re.IGNORECASE)
_WORDS = {"": None, "~": None, "null": None, "true": True, "false": False}
# Marks that reorder or hide text on a screen.
_HIDDEN = re.compile("[\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]")
_SHOWN = 60


@frozen
class Problem:
    """One reason why a file was refused: which file, where in it, on which line, and why."""

    file: str
    path: str
    line: int | None
    reason: str

    def __str__(self) -> str:
        line = f", line {self.line}" if self.line else ""
        return f"{self.file}{line}{f', {self.path}' if self.path else ''}: {self.reason}"


class CaseError(ValueError):
    """A case file was refused. ``problems`` lists every reason."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


# --- from text to plain data ---------------------------------------------------------------------------------------


class _Builder:
    """Builds plain data from YAML events, and remembers the line of everything."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.problems: list[Problem] = []
        self.lines: dict[Place, int] = {}
        self.root: Any = None
        self._entries = 0
        self._documents = 0
        # Open containers: the container, its path, and for a mapping the key that waits for its value.
        self._open: list[list[Any]] = []
        self._skipping = 0

    def problem(self, line: int, reason: str, path: Place = ()) -> None:
        self.problems.append(Problem(self.file, said(path), line, reason))

    def take(self, event: Any) -> bool:
        """Take one event; false says that reading any further is pointless."""
        kind = type(event).__name__
        line = event.start_mark.line + 1
        if kind == "DocumentStartEvent":
            self._documents += 1
            if self._documents > 1:
                self.problem(line, "a second document begins; a file holds one case")
                return False
            if event.tags or event.version:
                self.problem(line, "a directive (%) is not accepted in a case file")
                return False
        elif kind in ("ScalarEvent", "MappingStartEvent", "SequenceStartEvent", "AliasEvent"):
            self._entries += 1
            if self._entries > MOST_ENTRIES:
                self.problem(line, f"more than {MOST_ENTRIES} entries; a case is not that long")
                return False
            if kind != "AliasEvent":
                self._marked(event, line)
            return self._value(kind, event, line)
        elif kind in ("MappingEndEvent", "SequenceEndEvent"):
            self._open.pop()
        return True

    def _marked(self, event: Any, line: int) -> None:
        if event.anchor is not None:
            self.problem(line, "an anchor (&) is not accepted in a case file; write the value where it is needed")
        if event.tag is not None and str(event.tag) not in ("!", "None"):
            self.problem(line, f"a tag ({shown(str(event.tag))}) is not accepted in a case file")

    def _value(self, kind: str, event: Any, line: int) -> bool:
        if kind == "AliasEvent":
            self.problem(line, "an alias (*) is not accepted in a case file; write the value where it is needed")
            self._put(None, line)
            return True
        if kind == "ScalarEvent":
            waiting_key = bool(self._open) and isinstance(self._open[-1][0], dict) and self._open[-1][2] is None
            self._put(event.value if waiting_key else self._scalar(event, line), line, key=waiting_key)
            return True
        if len(self._open) >= MOST_DEPTH:
            self.problem(line, f"nested deeper than {MOST_DEPTH} levels")
            return False
        container: Any = {} if kind == "MappingStartEvent" else []
        if self._open and isinstance(self._open[-1][0], dict) and self._open[-1][2] is None:
            self.problem(line, "a key must be a word, not a list or a mapping")
            return False
        path = self._put(container, line)
        self._open.append([container, path, None])
        return True

    def _put(self, value: Any, line: int, *, key: bool = False) -> Place:
        if not self._open:
            self.root = value
            self.lines[()] = line
            return ()
        top = self._open[-1]
        container, waiting = top[0], top[2]
        path: Place = top[1]
        if isinstance(container, list):
            container.append(value)
            place: Place = (*path, len(container) - 1)
        elif key or waiting is None:
            name = value if isinstance(value, str) else str(value)
            self._text(name, line, path)
            if name in container:
                first = self.lines.get((*path, name))
                self.problem(line, f"the key {shown(name)} stands twice (first in line {first})", path)
            top[2] = name
            self.lines.setdefault((*path, name), line)
            return path
        else:
            place = (*path, waiting)
            container.setdefault(waiting, value)
            top[2] = None
        self.lines.setdefault(place, line)
        return place

    def _text(self, text: str, line: int, path: Place) -> None:
        if len(text) > MOST_CHARACTERS:
            self.problem(line, f"a text of {len(text)} characters; at most {MOST_CHARACTERS} are accepted", path)
        hidden = _HIDDEN.search(text)
        if hidden:
            self.problem(line, f"the text holds an invisible character (U+{ord(hidden[0]):04X})", path)

    def _scalar(self, event: Any, line: int) -> Any:
        text = str(event.value)
        self._text(text, line, self._here())
        if event.style is not None:  # quoted, or a block of text
            return text
        if text.lower() in _WORDS and text in (text.lower(), text.capitalize(), text.upper()):
            return _WORDS[text.lower()]
        if _NOT_FINITE.fullmatch(text):
            self.problem(line, f"{shown(text)} is not a finite number", self._here())
            return None
        if _DECIMAL.fullmatch(text):
            if len(text) > MOST_DIGITS:
                self.problem(line, f"a number of {len(text)} digits is not accepted", self._here())
                return None
            number = int(text) if _INTEGER.fullmatch(text) else float(text)
            if not math.isfinite(number):
                self.problem(line, f"{shown(text)} is too large a number", self._here())
                return None
            return number
        return text

    def _here(self) -> Place:
        if not self._open:
            return ()
        container, path, waiting = self._open[-1]
        return (*path, len(container)) if isinstance(container, list) else (*path, waiting)


def shown(value: object) -> str:
    """Quote a value for a message, cut to a length that fits a line."""
    text = repr(value)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "\N{HORIZONTAL ELLIPSIS}"


def said(path: Place) -> str:
    """Write a path as an author reads it.

    Examples
    --------
    >>> said(("record", "ck", 2, "cmp"))
    'record.ck[3].cmp'
    """
    words = ""
    for part in path:
        words += f"[{part + 1}]" if isinstance(part, int) else f"{'.' if words else ''}{part[:_SHOWN]}"
    return words


def parse(text: str, file: str) -> tuple[Any, dict[Place, int], list[Problem]]:
    """Turn the text of a case file into plain data.

    Returns
    -------
    (data, lines, problems)
        What was built, the line of every path in it, and a problem for everything that may not be in a case file.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    builder = _Builder(file)
    try:
        for event in YAML(typ="safe", pure=True).parse(io.StringIO(text)):
            if not builder.take(event):
                break
    except MarkedYAMLError as refused:
        mark = refused.problem_mark or refused.context_mark
        reason = " ".join(str(part) for part in (refused.context, refused.problem) if part)
        builder.problems.append(
            Problem(file, "", mark.line + 1 if mark else None, f"is not YAML: {reason or 'it cannot be read'}")
        )
    except YAMLError as refused:
        reason = str(refused).splitlines()[0] if str(refused) else "it cannot be read"
        builder.problems.append(Problem(file, "", None, f"is not YAML: {shown(reason)}"))
    except (ValueError, RecursionError, IndexError, KeyError, AttributeError, TypeError) as refused:
        # The reader itself stumbles over some malformed files; that is a fault of the file.
        builder.problems.append(Problem(file, "", None, f"is not YAML: {type(refused).__name__}"))
    if builder.root is None and not builder.problems:
        builder.problems.append(Problem(file, "", 1, "is empty"))
    return builder.root, builder.lines, builder.problems


# --- from plain data to a case -------------------------------------------------------------------------------------


@cache
def _adapter() -> Any:
    from pydantic import TypeAdapter

    return TypeAdapter(Case)


def schema() -> dict[str, Any]:
    """Build the JSON Schema of a case file, for editors that complete and check while typing."""
    made: dict[str, Any] = _adapter().json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **made}


def write_schema(folder: Path | None = None) -> Path:
    """Write the JSON Schema beside those of the ledger."""
    return write_report(SCHEMA, json.dumps(schema(), ensure_ascii=False, indent=1, sort_keys=True) + "\n", folder)


_KINDS = {
    "float_type": "is not a number",
    "float_parsing": "is not a number",
    "int_type": "is not a whole number",
    "int_from_float": "is not a whole number",
    "string_type": "is not text; a number or true/false meant as text needs quotes",
    "bool_type": "is not true or false",
    "tuple_type": "is not a list",
    "dataclass_type": "is not a group of fields",
    "dataclass_exact_type": "is not a group of fields",
    "model_type": "is not a group of fields",
    "dict_type": "is not a group of fields",
}


def _reason(error: Any, siblings: Iterable[str]) -> tuple[Place, str]:
    kind, path = error["type"], tuple(error["loc"])
    wrong = error.get("ctx", {}).get("error")
    if isinstance(wrong, Refused):
        return (*path, *wrong.field.split(".")), wrong.reason
    if kind == "missing":
        return path, "is missing"
    if kind in ("unexpected_keyword_argument", "extra_forbidden"):
        near = difflib.get_close_matches(str(path[-1]), list(siblings), n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        if error.get("input") is None:
            hint += "; inside { } a text with a comma needs quotes"
        return path, f"is not a field of this part{hint}"
    found = shown(error.get("input"))
    if kind == "literal_error":
        return path, f"{found} is not one of {error['ctx']['expected'].replace(' or ', ', ')}"
    if kind in _KINDS:
        return path, f"{found} {_KINDS[kind]}"
    return path, f"{error['msg']} (found {found})"


@cache
def _names_at(path: Place) -> tuple[str, ...]:
    """Names of the fields of the part at a path, from the schema."""
    made = schema()
    part: Any = made
    for step in path:
        part = _resolved(part, made)
        part = part.get("items", {}) if isinstance(step, int) else part.get("properties", {}).get(step, {})
    return tuple(_resolved(part, made).get("properties", {}))


def _resolved(part: Any, made: Any) -> Any:
    for choice in part.get("anyOf", ()):
        if "$ref" in choice:
            part = choice
    while "$ref" in part:
        part = made["$defs"][part["$ref"].rpartition("/")[2]]
    return part


def _line(lines: dict[Place, int], path: Place) -> int | None:
    """The line of a path, or of the nearest part around it that is there."""
    for length in range(len(path), -1, -1):
        if path[:length] in lines:
            return lines[path[:length]]
    return None


@frozen
class Known:
    """What a case may refer to: keys of sources, ids of facts, keys of drugs, moments of published records.

    ``check_answers`` refuses answers that a patient's form would refuse, ``check_record`` names answers of a record
    that contradict each other at some point of the course.
    """

    sources: frozenset[str]
    facts: frozenset[str]
    drugs: frozenset[str]
    moments: dict[str, tuple[str, ...]]
    check_answers: CheckAnswers
    check_record: CheckRecord
    check_discussion: CheckDiscussion = lambda record, discussion: ()

    @classmethod
    def of(
        cls,
        ledger: Ledger,
        check_answers: CheckAnswers,
        check_record: CheckRecord,
        check_discussion: CheckDiscussion = lambda record, discussion: (),
    ) -> Known:
        """Collect from a ledger what may be referred to."""
        return cls(
            frozenset(source.key for source in ledger.sources),
            frozenset(fact.id for fact in ledger.facts),
            frozenset(drug.key for drug in ledger.drugs),
            {record.id: tuple(moment.at for moment in record.moments) for record in ledger.published_records},
            check_answers,
            check_record,
            check_discussion,
        )


def _walk(value: Any, path: Place = ()) -> Iterator[tuple[Place, Any]]:
    yield path, value
    if isinstance(value, dict):
        for name, item in value.items():
            yield from _walk(item, (*path, name))
    elif isinstance(value, list):
        for place, item in enumerate(value):
            yield from _walk(item, (*path, place))


def _need_known(path: Place, named: Any, known: Iterable[str], what: str) -> Iterator[tuple[Place, str]]:
    names = list(enumerate(named)) if isinstance(named, list) else [(None, named)]
    for place, name in names:
        if not isinstance(name, str) or not name or name in known:
            continue
        near = difflib.get_close_matches(name, list(known), n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        yield (path if place is None else (*path, place)), f"no {what} {shown(name)}{hint}"


_POINTS = {"at", "start", "stop"}


def _references(data: Any, known: Known) -> Iterator[tuple[Place, str]]:
    """Find every name in the plain data that leads nowhere, whatever else is wrong with the file."""
    record = data.get("record")
    record = record if isinstance(record, dict) else {}
    times = _ids(record.get("times"))
    clocks = _ids(record.get("clocks"))
    drugs = _ids(record.get("drugs"))
    for path, value in _walk(data):
        name = path[-1] if path else ""
        if name in ("sources", "source"):
            yield from _need_known(path, value, known.sources, "source in sources.bib")
        elif name in ("facts", "fact"):
            yield from _need_known(path, value, known.facts, "fact in facts.csv")
        elif path[:1] != ("record",):
            continue
        elif name in _POINTS:
            yield from _need_known(path, value, times, "point in times")
        elif name == "clock":
            yield from _need_known(path, value, clocks, "clock in clocks")
        elif name == "drug":
            adverse = "adverse_events" in path
            yield from _need_known(
                path, value, drugs if adverse else known.drugs, "drug in drugs" if adverse else "drug in drugs.yaml"
            )
        elif name == "answers" and isinstance(value, dict) and value:
            try:
                known.check_answers(value)
            except Refused as refused:
                yield (*path, refused.field), refused.reason
    if data.get("kind") == "teaching":
        yield from _need_known(("inspired_by",), data.get("inspired_by"), known.moments, "published record")
    elif data.get("kind") == "published" and isinstance(data.get("id"), str):
        yield from _moments(data["id"], record, known)


def _moments(case: str, record: dict[str, Any], known: Known) -> Iterator[tuple[Place, str]]:
    if case not in known.moments:
        yield ("id",), f"no published record {shown(case)} in published_records.yaml"
        return
    times = record.get("times")
    held = [item.get("moment") for item in times if isinstance(item, dict)] if isinstance(times, list) else []
    for place, name in enumerate(held):
        yield from _need_known(("record", "times", place, "moment"), name, known.moments[case], "moment of this record")
    for name in known.moments[case]:
        if name not in held:
            yield ("record", "times"), f"no point names the moment {name!r} of published_records.yaml"


def _ids(rows: Any) -> list[str]:
    if not isinstance(rows, list):
        return []
    return [row["id"] for row in rows if isinstance(row, dict) and isinstance(row.get("id"), str)]


def build(text: str, file: str, known: Known | None = None) -> Case:
    """Make a case of the text of a file.

    Parameters
    ----------
    text : str
        The content of the file.
    file : str
        Its name, for messages; its stem must be the id of the case.
    known : Known, optional
        What the case may refer to; without it references outside the file are not looked up.

    Raises
    ------
    CaseError
        With every problem that was found.
    """
    from pydantic import ValidationError

    data, lines, problems = parse(text, file)
    if problems:
        raise CaseError(problems[:MOST_PROBLEMS])
    if not isinstance(data, dict):
        raise CaseError([Problem(file, "", 1, "is not a group of fields; a case begins with 'schema: 1'")])
    found: list[tuple[Place, str]] = []
    case: Case | None = None
    if "schema" not in data:
        found.append((("schema",), "is missing"))
    try:
        case = cast(Case, _adapter().validate_json(json.dumps(data), strict=True))
    except ValidationError as refused:
        found += [_reason(error, _names_at(tuple(error["loc"][:-1]))) for error in refused.errors()]
    if case is not None:
        found += [(("record", *path), reason) for path, reason in inconsistent(case.record)]
        stem = Path(file).stem
        if stem != case.id:
            found.append((("id",), f"{case.id!r} is not the name of the file, {stem!r}"))
    if known is not None:
        dangling = list(_references(data, known))
        found += dangling
        if case is not None and not dangling:
            found += [(("record", *path), reason) for path, reason in known.check_record(case.record)]
            if case.discussion is not None:
                wrong = known.check_discussion(case.record, case.discussion)
                found += [(("discussion", *path), reason) for path, reason in wrong]
    if found or case is None:
        ordered = sorted({(_line(lines, path) or 0, said(path), reason) for path, reason in found})
        raise CaseError(Problem(file, path, line or None, reason) for line, path, reason in ordered[:MOST_PROBLEMS])
    return case


def load(path: Path, known: Known | None = None) -> Case:
    """Read one case file.

    Raises
    ------
    CaseError
        With every problem: file, place in the file, line, reason.
    """
    text, problems = _text_of(path)
    if problems:
        raise CaseError(problems)
    return build(text, path.name, known)


def _text_of(path: Path) -> tuple[str, tuple[Problem, ...]]:
    """Read the text of a file within the bounds, or say why it cannot be read."""
    name = path.name
    try:
        # One byte more than is accepted tells that there is more, and a huge file is not read whole.
        with path.open("rb") as stream:
            content = stream.read(MOST_BYTES + 1)
    except OSError as refused:
        return "", (Problem(name, "", None, f"cannot be read: {refused.strerror}"),)
    if len(content) > MOST_BYTES:
        return "", (Problem(name, "", None, f"is larger than {MOST_BYTES // 1024} KiB"),)
    try:
        return content.decode("utf-8-sig"), ()
    except UnicodeDecodeError as refused:
        line = content[: refused.start].count(b"\n") + 1
        return "", (Problem(name, "", line, "is not UTF-8 text"),)


def dump(case: Case) -> str:
    """Write a case as YAML that reads back as the same case; the same case gives the same text."""
    from ruamel.yaml import YAML

    writer: Any = YAML(typ="safe", pure=True)
    writer.default_flow_style = False
    writer.sort_base_mapping_type_on_output = False
    writer.allow_unicode = True
    writer.width = 120
    stream = io.StringIO()
    writer.dump(case.to_dict(), stream)
    return stream.getvalue()


# --- panels --------------------------------------------------------------------------------------------------------


def read_panel(info: PanelInfo, items: Iterable[str], folder: Path | None = None) -> Panel:
    """Read the answers of the panel behind the concordance items of a case.

    Parameters
    ----------
    info : PanelInfo
        What the case says of its panel.
    items : iterable of str
        Ids of the concordance items.
    folder : Path, optional
        Where the file lies; by default among the panels of the course.

    Raises
    ------
    CaseError
        With every problem of the file.
    """
    import csv

    path = (folder or data_folder() / FOLDER / "panels") / info.file
    try:
        with path.open("rb") as stream:
            content = stream.read(MOST_BYTES + 1)
        text = content.decode("utf-8-sig")
        if len(content) > MOST_BYTES:
            raise ValueError(f"is larger than {MOST_BYTES // 1024} KiB")
        panel, problems = panel_from(info, csv.DictReader(io.StringIO(text, newline="")), list(items))
    except OSError as refused:
        raise CaseError([Problem(info.file, "", None, f"cannot be read: {refused.strerror}")]) from None
    except (ValueError, csv.Error) as refused:
        reason = "is not UTF-8 text" if isinstance(refused, UnicodeDecodeError) else str(refused)
        raise CaseError([Problem(info.file, "", None, reason)]) from None
    if panel is None:
        raise CaseError(Problem(info.file, "", None, problem[len(info.file) :].lstrip(",: ")) for problem in problems)
    return panel


# --- writing a new case --------------------------------------------------------------------------------------------


def template(name: str) -> str:
    """Return a fictional teaching case with comments, in which every text an author must write says ``FILL IN``."""
    text = (data_folder() / FOLDER / TEMPLATE).read_text(encoding="utf-8")
    return text.replace("CASE-ID", name)


def write_new(name: str, folder: Path) -> Path:
    """Write the template of a new case; a file that is there already is never overwritten.

    Raises
    ------
    CaseError
        If the name cannot be an id, or the file cannot be written.
    """
    path = folder / f"{name}.yaml"
    if not is_identifier(name):
        raise CaseError([Problem(name[:_SHOWN], "id", None, "is not made of letters, digits and hyphens")])
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8", newline="\n") as stream:
            stream.write(template(name))
    except FileExistsError:
        raise CaseError([Problem(path.name, "", None, "is there already; it was left as it is")]) from None
    except OSError as refused:
        raise CaseError([Problem(path.name, "", None, f"cannot be written: {refused.strerror}")]) from None
    return path


def still_to_fill(path: Path) -> tuple[Problem, ...]:
    """Name every text of a case file that still says ``FILL IN``, with its line."""
    text, problems = _text_of(path)
    if problems:
        return ()
    data, lines, _problems = parse(text, path.name)
    return tuple(
        Problem(path.name, said(place), _line(lines, place), "is still to be filled in")
        for place, value in _walk(data)
        if isinstance(value, str) and FILL_IN in value
    )


# --- the two libraries ---------------------------------------------------------------------------------------------


def files(folder: Path | None = None) -> dict[str, Path]:
    """Find the case files of the course by id: published records first, then teaching cases, each in name order.

    Examples
    --------
    >>> "IMNM-01" in files()
    True
    """
    root = (folder or data_folder()) / FOLDER
    return {path.stem: path for part in ("published", "teaching") for path in sorted((root / part).glob("*.yaml"))}


# The rules a case was checked against are part of what the compiled cases vouch for.
_RULES = ("case_records.py", "case_files.py", "discussion_records.py", "model/case.py", "model/discussion.py")
COMPILED = "cases.jsonl"


def _fingerprint(folder: Path) -> str:
    rules = sum_of([*files(folder).values(), *(PACKAGE / name for name in _RULES)])
    return f"{fingerprint(folder)}-{rules}"


def compile_all(known: Known, folder: Path | None = None) -> Path:
    """Check every case of the course and write ``cases.jsonl``, from which a case is read much sooner.

    Raises
    ------
    CaseError
        With the problems of all files at once; nothing is written then.
    """
    place = folder or data_folder()
    cases = load_all(known, place)
    stamp = {"fingerprint": _fingerprint(place), "cases": [case.id for case in cases]}
    write_lines(place / COMPILED, (stamp, *map(packed, cases)))
    return place / COMPILED


def compiled(folder: Path | None = None) -> dict[str, Callable[[], Case]]:
    """Return how to get each case out of ``cases.jsonl``; nothing if a file has changed since it was written."""
    place = folder or data_folder()
    try:
        stamp, *lines = (place / COMPILED).read_bytes().split(b"\n")
        held = json.loads(stamp)
    except (OSError, ValueError):
        return {}
    if held.get("fingerprint") != _fingerprint(place):
        return {}

    def case(line: bytes) -> Case:
        return cast(Case, revive(Case, json.loads(line)))

    return {name: partial(case, line) for name, line in zip(held["cases"], lines, strict=False)}


def load_all(known: Known | None = None, folder: Path | None = None) -> tuple[Case, ...]:
    """Read every case of the course.

    Raises
    ------
    CaseError
        With the problems of all files at once.
    """
    cases: list[Case] = []
    problems: list[Problem] = []
    for path in files(folder).values():
        try:
            cases.append(load(path, known))
        except CaseError as refused:
            problems.extend(refused.problems)
    if problems:
        raise CaseError(problems)
    return tuple(cases)
