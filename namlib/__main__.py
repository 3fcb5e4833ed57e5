"""``python -m namlib check`` checks ledger and notebooks; ``python -m namlib compile`` writes ``data/ledger.jsonl``.

``python -m namlib case check FILE``, ``case list`` and ``case new ID`` help authors of cases.
``python -m namlib case build ID --out DIR`` makes handout, guide, slides and report for a conference.
``python -m namlib calibrate`` holds the virtual cohort against its targets and writes ``data/calibration_report.md``.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from namlib import case_files, claims, store
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
    chosen = parser.parse_args(arguments)
    try:
        if chosen.command == "compile":
            print(f"written: {store.compile_ledger(check_condition).name}")
            print(f"written: {case_files.write_schema().name}")
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
    print(report)
    return 1 if report.findings else 0


def _case_commands(parser: argparse.ArgumentParser) -> None:
    steps = parser.add_subparsers(dest="step", required=True)
    checking = steps.add_parser("check", help="print every problem of case files, and what is still to fill in")
    checking.add_argument("files", nargs="+", type=Path, metavar="FILE")
    steps.add_parser("list", help="list the cases of the course")
    beginning = steps.add_parser("new", help="write a commented template of a fictional case")
    beginning.add_argument("id", help="its id, which is also its file name: letters, digits and hyphens")
    beginning.add_argument("--folder", type=Path, help="where to write it; left out, among the teaching cases")
    _build_command(steps.add_parser("build", help="make handout, guide, slides and report of a case"))


def _build_command(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("case", help="id of a case of the course, or a case file that ends in .yaml")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder for the papers")
    parser.add_argument("--answers", type=Path, metavar="FILE", help="an export of answers, for the report")
    parser.add_argument("--votes", type=Path, metavar="FILE", help="votes: CSV with participant, item, choice")
    parser.add_argument("--html-only", action="store_true", help="make no PDF files")
    parser.add_argument("--force", action="store_true", help="replace files that were not made by a build")


def _case(chosen: argparse.Namespace) -> int:
    """Run one of the tools for authors of cases, or build the papers of a case."""
    if chosen.step == "build":
        from namlib.export import conference

        return conference.run(chosen)
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
