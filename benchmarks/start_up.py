"""What ``import namlib`` and the first explorer cost, beside the bare interpreter and ``import ipywidgets``.

    python benchmarks/start_up.py [--rounds N]

Every measurement is a fresh process. The commands take turns, so that a busy machine disturbs them alike; medians
are compared. Exit code 0 means that both goals are met.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BARE, IMPORT = "pass", "import namlib"
WIDGETS, EXPLORER = "import ipywidgets", "import namlib; namlib.DoseExplorer()"
PATHWAY = "import namlib; namlib.PathwayExplorer()"  # told beside the goals; it also walks the pathway once
GOALS = ((IMPORT, BARE, 1.15), (EXPLORER, WIDGETS, 1.2))
# Compiling every module again in every process would hide what importing costs.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def seconds(code: str) -> tuple[float, float]:
    """Run one process; return its time on the clock and on the processor."""
    began, worked = time.perf_counter(), os.times()
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT, env=ENVIRONMENT)
    ended = os.times()
    processor = ended.children_user - worked.children_user + ended.children_system - worked.children_system
    return time.perf_counter() - began, processor


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=25)
    rounds = parser.parse_args().rounds
    taken: dict[str, list[tuple[float, float]]] = {code: [] for code in (BARE, IMPORT, WIDGETS, EXPLORER, PATHWAY)}
    for code in taken:
        seconds(code)  # the first run writes the byte code
    for _ in range(rounds):
        for code, times in taken.items():
            times.append(seconds(code))
    clock = {code: statistics.median(one for one, _ in times) for code, times in taken.items()}
    processor = {code: statistics.median(one for _, one in times) for code, times in taken.items()}
    for code in taken:
        print(f"{clock[code] * 1000:7.1f} ms on the clock, {processor[code] * 1000:7.1f} ms of processor  {code}")
    missed = False
    for code, beside, goal in GOALS:
        ratio = clock[code] / clock[beside]
        missed |= ratio > goal
        # Windows does not tell the processor time of children.
        working = f" ({processor[code] / processor[beside]:.2f}x of processor)" if processor[beside] else ""
        print(f"{'MISSED' if ratio > goal else 'met   '} {code!r} costs {ratio:.2f}x {beside!r}{working}, goal {goal}x")
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
