"""``python -m namlib check`` checks ledger and notebooks; ``python -m namlib compile`` writes ``data/ledger.jsonl``.

``python -m namlib questions list`` shows the item bank, ``questions export FORMAT --out FILE`` writes it for others.
``python -m namlib calibrate`` holds the virtual cohort against its targets and writes ``data/calibration_report.md``.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from namlib import case_files, claims, item_claims, store
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
    _questions_arguments(commands.add_parser("questions", help="list the item bank, or export it"))
    chosen = parser.parse_args(arguments)
    if chosen.command == "questions":
        return _questions(chosen)
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
