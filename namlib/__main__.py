"""``python -m namlib check`` checks ledger and notebooks; ``python -m namlib compile`` writes ``data/ledger.jsonl``.

``python -m namlib calibrate`` holds the virtual cohort against its targets and writes ``data/calibration_report.md``.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from namlib import case_files, claims, store
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
    commands.add_parser("calibrate", help="calibrate the virtual cohort and write the report on it")
    steps = commands.add_parser("case", help="build the papers of a case").add_subparsers(dest="step", required=True)
    _build_command(steps.add_parser("build", help="make handout, guide, slides and report of a case"))
    chosen = parser.parse_args(arguments)
    if chosen.command == "case":
        return _build(chosen)
    try:
        if chosen.command == "compile":
            print(f"written: {store.compile_ledger(check_condition).name}")
            print(f"written: {case_files.write_schema().name}")
            return 0
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
