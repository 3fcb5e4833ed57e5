"""``python -m namlib check`` checks ledger and notebooks; ``python -m namlib compile`` writes ``data/ledger.jsonl``.

``python -m namlib case check FILE``, ``case list`` and ``case new ID`` help authors of cases, and
``case build CASE --out DIR`` makes the papers of a case conference.
``python -m namlib questions list`` shows the item bank, ``questions export FORMAT --out FILE`` writes it for others.
``python -m namlib calibrate`` holds the virtual cohort against its targets and writes ``data/calibration_report.md``.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from namlib import case_files, claims, item_claims, store
from namlib.case_files import CaseError
from namlib.model.rules import check as check_condition


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 0 when all is well, 1 when something was refused."""
    parser = argparse.ArgumentParser(prog="python -m namlib", description="The evidence ledger and the claims check.")
    commands = parser.add_subparsers(dest="command", required=True)
    checking = commands.add_parser("check", help="check every clinical number of the notebooks against the ledger")
    checking.add_argument(
        "folder", nargs="?", type=Path, default=store.PACKAGE.parent / "notebooks", help="folder of notebooks"
    )
    commands.add_parser("compile", help="validate the data files and write ledger.jsonl and the JSON Schemas")
    _case_commands(commands.add_parser("case", help="check, list, begin or build cases"))
    commands.add_parser("calibrate", help="calibrate the virtual cohort and write the report on it")
    _questions_arguments(commands.add_parser("questions", help="list the item bank, or export it"))
    chosen = parser.parse_args(arguments)
    if chosen.command == "questions":
        return _questions(chosen)
    try:
        if chosen.command == "compile":
            print(f"written: {store.compile_ledger(check_condition).name}")
            print(f"written: {case_files.write_schema().name}")
            print(f"written: {_compile_cases().name}")
            return 0
        if chosen.command == "case":
            return _case(chosen)
        if chosen.command == "calibrate":
            return _calibrate()
        ledger = store.load(check_condition)
    except (ValueError, FileNotFoundError) as refused:
        print(f"ledger refused:\n{refused}", file=sys.stderr)
        return 1
    notebooks = store.read_notebooks(chosen.folder)
    if not notebooks:
        print(f"claims: no notebook in {chosen.folder}, so nothing was checked", file=sys.stderr)
        return 1
    report = claims.check(notebooks, ledger)
    items = item_claims.check(ledger)
    print(report)
    print(str(items).replace(" notebooks", " items"))
    return 1 if report.findings or items.findings else 0


def _questions_arguments(parser: argparse.ArgumentParser) -> None:
    from namlib.export.questions import FORMATS

    actions = parser.add_subparsers(dest="action", required=True)
    listing = actions.add_parser("list", help="list the items, without their keys")
    writing = actions.add_parser("export", help="write the items for a learning platform")
    writing.add_argument("format", choices=FORMATS, metavar="FORMAT", help=", ".join(FORMATS))
    writing.add_argument("--out", type=Path, required=True, metavar="FILE", help="the file to write")
    for action in (listing, writing):
        action.add_argument("--notebook", help="only items of this notebook, by its number")
        action.add_argument("--topic", help="only items on this topic")


def _questions(chosen: argparse.Namespace) -> int:
    from namlib.export import questions as exports
    from namlib.model.quiz import select

    try:
        ledger = store.load(check_condition)
        items = select(ledger.questions, notebook=chosen.notebook, topic=chosen.topic)
        if chosen.action == "list":
            for item in items:
                print(f"{item.notebook}  {item.kind:<10}  {item.id}: {item.objective}")
            print(f"{len(items)} items")
            return 0
        made = exports.export(chosen.format, items, ledger)
        exports.save(made, chosen.out)
    except (ValueError, OSError, exports.Unavailable) as refused:
        print(f"questions: {refused}", file=sys.stderr)
        return 1
    print(f"written: {chosen.out}. {made}")
    for line in made.lost:
        print(f"  not carried: {line}")
    return 0


def _case_commands(parser: argparse.ArgumentParser) -> None:
    steps = parser.add_subparsers(dest="step", required=True)
    checking = steps.add_parser("check", help="print every problem of case files, and what is still to fill in")
    checking.add_argument("files", nargs="+", type=Path, metavar="FILE")
    steps.add_parser("list", help="list the cases of the course")
    beginning = steps.add_parser("new", help="write a commented template of a fictional case")
    beginning.add_argument("id", help="its id, which is also its file name: letters, digits and hyphens")
    beginning.add_argument("--folder", type=Path, help="where to write it; left out, among the teaching cases")
    _build_command(steps.add_parser("build", help="make handout, guide, slides and report of a case"))


def _case(chosen: argparse.Namespace) -> int:
    """Run one of the tools for authors of cases, or make the papers of a case."""
    if chosen.step == "build":
        return _build(chosen)
    from namlib.course import cases

    if chosen.step == "list":
        for case in cases.cases():
            print(f"{case.id}: {case.title} ({'FICTIONAL' if case.fictional else 'published'})")
        return 0
    if chosen.step == "new":
        try:
            teaching = store.data_folder() / case_files.FOLDER / "teaching"
            path = case_files.write_new(chosen.id, chosen.folder or teaching)
        except CaseError as refused:
            print(refused, file=sys.stderr)
            return 1
        print(f"written: {path}\nnext: fill it in, then python -m namlib case check {path}")
        return 0
    return max([_check_case(path) for path in chosen.files])


def _compile_cases() -> Path:
    from namlib.course import cases

    return case_files.compile_all(cases.known())


def _check_case(path: Path) -> int:
    """Print every problem of one case file, or that it fits and what a reader of cases would still miss."""
    from namlib.course.cases import Case, panel_of

    problems: tuple[case_files.Problem, ...] = ()
    try:
        case = Case.load(path)
        beside = path.resolve().parent.parent / "panels"
        panel_of(case, beside if beside.is_dir() else None)
    except CaseError as refused:
        problems = refused.problems
    to_fill = case_files.still_to_fill(path)
    for problem in (*problems, *to_fill):
        print(problem)
    if problems or to_fill:
        print(f"{path.name}: {len(problems)} to mend, {len(to_fill)} to fill in")
        return 1
    print(f"{path.name}: fits. {case.completeness()!r}")
    if case.fictional and case.discussion is None:
        print(f"{path.name}: no discussion yet; it can be read and drawn, but not discussed")
    return 0


def _build_command(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("case", help="id of a case of the course, or a case file that ends in .yaml")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder for the papers")
    parser.add_argument("--answers", type=Path, metavar="FILE", help="an export of answers, for the report")
    parser.add_argument("--votes", type=Path, metavar="FILE", help="votes: CSV with participant, item, choice")
    parser.add_argument("--html-only", action="store_true", help="make no PDF files")
    parser.add_argument("--force", action="store_true", help="replace files that were not made by a build")


def _build(chosen: argparse.Namespace) -> int:
    """Make the papers of a case."""
    from namlib.export import conference

    return conference.run(chosen)


def _calibrate() -> int:
    from namlib.course import virtual_cohort

    problems, report = virtual_cohort.calibration()
    for problem in problems:
        print(problem, file=sys.stderr)
    if problems:
        print(
            "calibration: the data do not hold what the search finds; enter it, compile, and run again", file=sys.stderr
        )
        return 1
    print(f"written: {store.write_report('calibration_report.md', report).name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
