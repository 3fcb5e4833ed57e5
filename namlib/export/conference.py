"""Builds the papers of a case conference into a folder: all of them, or none.

The same case, data, answers and votes give the same bytes: no clock and no chance takes part. Files are made in a
folder beside the wanted one and moved there when the last is finished; a file that was not made here is not touched.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any
from zlib import crc32

from namlib import answers as kept
from namlib import course
from namlib.course.cases import Case, case_sum, panel_of, support_of
from namlib.discussion_records import Discussion
from namlib.export import conference_pages as pages
from namlib.export import paper_html, paper_pdf
from namlib.export.conference_pages import Answered, Material
from namlib.export.votes import Ballot, VotesError, read_votes
from namlib.frozen import frozen
from namlib.model.discussion import Told, read_answer
from namlib.records import Refused

RECEIPT = "build.json"
MADE_BY = "namlib case build"
MOST_BYTES = 16 * 1024 * 1024
MOST_PROBLEMS = 100
_READ = {"read": True}

Say = Callable[[str], None]


class BuildError(ValueError):
    """A build was refused; ``problems`` names every reason."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


# --- answers -------------------------------------------------------------------------------------------------------


def read_answers(path: Path, case: Case) -> Answered:
    """Read what a learner or a group committed to from an export of answers, JSON or CSV.

    Of several attempts the last counts. What was only entered and not committed is left out.

    Parameters
    ----------
    path : Path
        A file written by ``namlib.answers.Answers.write`` or by the buttons under a discussion.
    case : Case
        The case it answers.

    Raises
    ------
    BuildError
        With every problem of the file at once.
    """
    discussion = case.discussion
    if discussion is None:
        raise BuildError([f"{path.name}: {case.id} is a record without a discussion, so there is nothing to answer"])
    rows = _answer_rows(path)
    activity = f"case/{case.id}"
    mine = [row for row in rows if row.get("activity") == activity]
    if not mine:
        others = sorted({str(row.get("activity"))[:60] for row in rows})
        held = f"; it answers {', '.join(others[:10])}" if others else ""
        raise BuildError([f"{path.name}: holds no answer to {activity}{held}"])
    attempts = [int(lead) for row in mine if (lead := str(row.get("item")).partition("/")[0]).isdecimal()]
    attempt = max(attempts, default=1)
    last: dict[str, tuple[int, dict[str, Any]]] = {}
    for number, row in enumerate(rows, start=1):
        lead, _, name = str(row.get("item")).partition("/")
        if row.get("activity") == activity and lead == str(attempt) and name != "start" and not name.endswith("/draft"):
            last[name] = (number, row)
    return _told(path.name, discussion, last, case_sum(case), attempt)


def _told(
    file: str, discussion: Discussion, last: Mapping[str, tuple[int, dict[str, Any]]], version: str, attempt: int
) -> Answered:
    problems: list[str] = []
    answers: dict[str, dict[str, Any]] = {}
    stages = {stage.id: stage for stage in discussion.stages}
    for name, (number, row) in last.items():
        place = f"{file}, answer {number}"
        held = row.get("answer")
        if name not in stages:
            problems.append(f"{place}: item: {name[:50]!r} is not a stage of the case; known: {', '.join(stages)}")
        elif not isinstance(held, dict):
            problems.append(f"{place}: answer: is not a set of named values")
        else:
            try:
                answers[name] = read_answer(discussion, stages[name], held)
            except Refused as refused:
                problems.append(f"{place}, {name}: {refused}")
    if problems:
        raise BuildError(_bounded(problems))
    told = [
        Told(stage, answers.get(stage.id, _READ))
        for stage in discussion.stages
        if stage.id in answers or not stage.asked
    ]
    asked = [stage for stage in discussion.stages if stage.asked]
    committed = sum(stage.id in answers for stage in asked)
    notes = [f"Answers to {committed} of the {len(asked)} stages that ask something{_when(last.values())}."]
    if attempt > 1:
        notes.append(f"Attempt {attempt} is shown; earlier ones are in the export and not here.")
    versions = {held.get("case_version") for _, row in last.values() if isinstance(held := row.get("answer"), dict)}
    if versions - {None, version}:
        notes.append("Some answers were given to another version of this case; what is shown beside them is this one.")
    return Answered(tuple(told), tuple(notes))


def _when(rows: Iterable[tuple[int, Mapping[str, Any]]]) -> str:
    days = sorted(str(row.get("saved_at"))[:10] for _, row in rows)
    days = [day for day in days if _is_day(day)]
    if not days:
        return ""
    return f", saved on {days[0]}" if days[0] == days[-1] else f", saved from {days[0]} to {days[-1]}"


def _is_day(text: str) -> bool:
    try:
        datetime.strptime(text, "%Y-%m-%d")
    except ValueError:
        return False
    return True


def _answer_rows(path: Path) -> list[dict[str, Any]]:
    try:
        with path.open("rb") as stream:
            content = stream.read(MOST_BYTES + 1)
        text = content.decode("utf-8-sig")
    except OSError as refused:
        raise BuildError([f"{path.name}: cannot be read: {refused.strerror or refused}"]) from None
    except UnicodeDecodeError:
        raise BuildError([f"{path.name}: is not UTF-8 text"]) from None
    if len(content) > MOST_BYTES:
        raise BuildError([f"{path.name}: is larger than {MOST_BYTES // 1024 // 1024} MiB"])
    wanted = "is no export of answers: neither JSON with a list of answers nor a CSV with their columns"
    try:
        rows = _json_rows(text) if text.lstrip().startswith(("{", "[")) else list(_csv_rows(text))
    except (ValueError, RecursionError, csv.Error):
        raise BuildError([f"{path.name}: {wanted}"]) from None
    if not all(isinstance(row, dict) for row in rows):
        raise BuildError([f"{path.name}: {wanted}"])
    return rows


def _json_rows(text: str) -> list[dict[str, Any]]:
    held = json.loads(text)
    rows = held.get("answers") if isinstance(held, dict) else None
    if not isinstance(rows, list):
        raise ValueError
    return rows


def _csv_rows(text: str) -> Iterator[dict[str, Any]]:
    # An answer may be long: what bounds it is the size of the file.
    csv.field_size_limit(MOST_BYTES)
    rows = csv.DictReader(io.StringIO(text, newline=""))
    if not {"activity", "item", "answer"} <= set(rows.fieldnames or ()):
        raise ValueError
    for row in rows:
        yield {**row, "answer": json.loads(row["answer"] or "null")}


def _bounded(problems: list[str]) -> list[str]:
    more = len(problems) - MOST_PROBLEMS
    return [*problems[:MOST_PROBLEMS], f"and {more} more"] if more > 0 else problems


# --- what is built -------------------------------------------------------------------------------------------------


def gather(
    case: Case, *, answers: Path | None = None, votes: Path | None = None, panels: Path | None = None
) -> Material:
    """Collect all that the papers of a case are made of.

    Parameters
    ----------
    case : Case
        The case.
    answers, votes : Path, optional
        An export of answers, and a table of votes.
    panels : Path, optional
        Folder of the panel file; by default among those of the course.

    Raises
    ------
    BuildError, namlib.case_files.CaseError
        With every problem of the files.
    """
    ledger = course.ledger()
    panel = panel_of(case, panels)
    support = support_of(case, panel)
    reviewed = max(fact.reviewed_on for fact in ledger.facts)
    imprint = [("Case", case.id), ("Case version", case_sum(case))]
    if panel is not None:
        marks = json.dumps([[one.item, one.member, one.answer] for one in panel.answers])
        imprint.append(("Panel version", f"{crc32(marks.encode()):08x}"))
    imprint += [
        ("Data version", kept.data_version()),
        ("Course version", kept.course_version()),
        ("Evidence last reviewed", reviewed.isoformat()),
    ]
    published = {record.id: record.sources for record in ledger.published_records}
    problems: list[str] = []
    answered: Answered | None = None
    ballots: tuple[Ballot, ...] = ()
    try:
        answered = read_answers(answers, case) if answers is not None else None
    except BuildError as refused:
        problems += refused.problems
    if votes is not None and case.discussion is None:
        problems.append(f"{votes.name}: {case.id} is a record without a discussion, so there is nothing to vote on")
    elif votes is not None and case.discussion is not None:
        try:
            ballots = read_votes(votes, case.discussion)
        except VotesError as refused_votes:
            problems += refused_votes.problems
    if problems:
        raise BuildError(problems)
    behind = tuple((name, published.get(name, ())) for name in case.inspired_by)
    return Material(case, support, tuple(imprint), reviewed, behind, answered, ballots)


@frozen
class Part:
    """One file of a build: its name, what it is called while it is made, and how it is made."""

    file: str
    name: str
    make: Callable[[], bytes]


def parts(material: Material, *, pdf: bool = True) -> tuple[Part, ...]:
    """List the files of a build: all papers for a teaching case, the report alone for a published record."""
    made: list[Part] = []

    def both(stem: str, name: str, as_html: Callable[[], str], as_pdf: Callable[[], bytes]) -> None:
        made.append(Part(f"{stem}.html", f"{name}, HTML", lambda: as_html().encode()))
        if pdf:
            made.append(Part(f"{stem}.pdf", f"{name}, PDF", as_pdf))

    papers: list[tuple[str, str, Callable[[Material], Any]]] = [("report", "report", pages.report)]
    if material.case.discussion is not None:
        papers = [("handout", "learner handout", pages.handout), ("guide", "facilitator guide", pages.guide), *papers]
    for stem, name, page in papers:
        both(stem, name, partial(_html_of, page, material), partial(_pdf_of, page, material))
    if material.case.discussion is not None:
        both(
            "slides",
            "slides",
            lambda: paper_html.slides(pages.deck(material)),
            lambda: paper_pdf.slides(pages.deck(material), material.reviewed),
        )
    return tuple(made)


def _html_of(page: Callable[[Material], Any], material: Material) -> str:
    return paper_html.document(page(material))


def _pdf_of(page: Callable[[Material], Any], material: Material) -> bytes:
    return paper_pdf.document(page(material), material.reviewed)


def build(
    case: str | Path,
    out: Path,
    *,
    answers: Path | None = None,
    votes: Path | None = None,
    pdf: bool = True,
    force: bool = False,
    say: Say = lambda line: None,
) -> tuple[Path, ...]:
    """Build the papers of a case into a folder.

    Parameters
    ----------
    case : str or Path
        Id of a case of the course, or a case file.
    out : Path
        The folder; it is made if it is not there.
    answers, votes : Path, optional
        An export of answers for the report, and a table of votes for report and slides.
    pdf : bool
        Whether PDF files are made beside the HTML files.
    force : bool
        Whether files of the same names that were not made here, or were changed since, may be replaced.
    say : callable
        Is told one line for each file while it is made.

    Returns
    -------
    tuple of Path
        The files.

    Raises
    ------
    BuildError, namlib.case_files.CaseError, namlib.records.Refused, KeyError
        If anything is refused. The folder is then as it was.
    """
    if pdf:
        paper_pdf.check_library()
    material = gather(Case.load(case), answers=answers, votes=votes)
    wanted = parts(material, pdf=pdf)
    out = out.expanduser().absolute()
    _check_place(out, [part.file for part in wanted], force=force)
    temporary = Path(_temporary(out))
    try:
        sums: dict[str, str] = {}
        for place, part in enumerate(wanted, start=1):
            content = part.make()
            (temporary / part.file).write_bytes(content)
            sums[part.file] = hashlib.sha256(content).hexdigest()
            say(f"[{place}/{len(wanted)}] {part.name}: {part.file}, {len(content) / 1024:.0f} kB")
        receipt = {"made_by": MADE_BY, **dict(material.imprint), "files": sums}
        _publish(temporary, out, receipt)
    except OSError as refused:
        raise BuildError([f"{out}: cannot be written: {refused.strerror or refused}"]) from None
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return tuple(out / part.file for part in wanted)


# --- files ---------------------------------------------------------------------------------------------------------


def _temporary(out: Path) -> str:
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        return tempfile.mkdtemp(prefix=f".{out.name[:40]}-", dir=out.parent)
    except OSError as refused:
        raise BuildError([f"{out.parent}: cannot be written to: {refused.strerror or refused}"]) from None


def _receipt(out: Path) -> dict[str, list[str]]:
    """What an earlier build wrote here: for each file the sums that it may have."""
    try:
        held = json.loads((out / RECEIPT).read_text(encoding="utf-8"))
        if held.get("made_by") != MADE_BY:
            return {}
        return {
            str(name): [sums] if isinstance(sums, str) else [str(one) for one in sums]
            for name, sums in held["files"].items()
        }
    except (OSError, ValueError, KeyError, AttributeError, TypeError):
        return {}


def _check_place(out: Path, names: list[str], *, force: bool) -> None:
    """Refuse to replace anything that an earlier build did not leave exactly so."""
    if out.is_symlink() or (out.exists() and not out.is_dir()):
        raise BuildError([f"{out}: is not a folder"])
    if not out.exists() or force:
        return
    earlier = _receipt(out)
    problems = []
    if (out / RECEIPT).exists() and not earlier:
        problems.append(f"{out / RECEIPT}: was not made by a build; --force replaces it")
    for name in names:
        path = out / name
        if not os.path.lexists(path):
            continue
        if name not in earlier:
            problems.append(f"{path}: was not made by a build; --force replaces it")
        elif not path.is_file() or path.is_symlink() or _sum(path) not in earlier[name]:
            problems.append(f"{path}: was changed after it was built; --force replaces it")
    if problems:
        raise BuildError(problems)


def _sum(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _written(receipt: Mapping[str, Any]) -> str:
    return json.dumps(receipt, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def _publish(temporary: Path, out: Path, receipt: dict[str, Any]) -> None:
    """Move finished files to their place: the whole folder at one stroke, or each file where the folder is there."""
    sums: dict[str, str] = receipt["files"]
    (temporary / RECEIPT).write_text(_written(receipt), encoding="utf-8", newline="\n")
    for path in temporary.iterdir():
        path.chmod(0o644)
    temporary.chmod(0o755)
    if not out.exists():
        os.rename(temporary, out)
        return
    earlier = _receipt(out)
    # Should the process die between two files, either state of each is known to be ours.
    either = {name: [sums[name], *earlier.get(name, [])] for name in sums}
    gone = {name: held for name, held in earlier.items() if name not in sums}
    between = temporary / f"{RECEIPT}-between"
    between.write_text(_written({**receipt, "files": {**gone, **either}}), encoding="utf-8", newline="\n")
    os.replace(between, out / RECEIPT)
    for name in sums:
        os.replace(temporary / name, out / name)
    for name, held in gone.items():
        path = out / name
        # Names come from a file: only a plain one, and only what is still as it was built, is deleted.
        if Path(name).name == name and path.is_file() and not path.is_symlink() and _sum(path) in held:
            path.unlink()
    os.replace(temporary / RECEIPT, out / RECEIPT)


# --- command -------------------------------------------------------------------------------------------------------


def run(chosen: Any) -> int:
    """Build as the command line says; return the exit code."""

    def say(line: str) -> None:
        print(line, file=sys.stderr, flush=True)

    try:
        made = build(
            chosen.case,
            chosen.out,
            answers=chosen.answers,
            votes=chosen.votes,
            pdf=not chosen.html_only,
            force=chosen.force,
            say=say,
        )
    except KeyError as unknown:
        say(f"refused: {unknown.args[0]}")
        return 1
    except (ValueError, FileNotFoundError) as refused:
        say(f"refused:\n{refused}")
        return 1
    say(f"{len(made)} files in {chosen.out}")
    return 0
