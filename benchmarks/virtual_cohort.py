"""How quickly a virtual cohort is drawn, and with how much memory, beside other ways to draw it.

    python benchmarks/virtual_cohort.py [--most 10000000] [--rounds 5]

The ways take turns in every round, so that a busy machine disturbs them alike. Read the ratios, not the rates. Beside
the cohort of the course stand: drawing one double for each person and month and doing nothing with it; the plain numpy
loop over months with a table of probabilities; and starsim, where it is installed, as its manual builds a module. All
of them draw the same seven states over 120 months and count who stands where. Memory is what a fresh process needs
beyond a run of 1,000 people. Exit code 0 means every goal is met.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402

from namlib.course import virtual_cohort  # noqa: E402
from namlib.model.cohort import simulate_cohort  # noqa: E402
from namlib.model.course_of_disease import MONTHS, disease_course, month_matrix, read_parameters  # noqa: E402

MODEL = virtual_cohort.relapse_model()
CUMULATED = np.cumsum(month_matrix(MODEL, read_parameters(MODEL)), axis=1)
STATES = len(MODEL.states)
SHARES = np.array(disease_course(MODEL).shares)

Way = Callable[[int, int], Any]


def namlib_cohort(people: int, seed: int) -> Any:
    """The cohort of the course: where all stand each month, every step, the time to relapse, five single courses."""
    return np.array(simulate_cohort(people, MODEL, seed=seed).occupancy)


def only_doubles(people: int, seed: int) -> None:
    """The floor of every method that decides month by month: one double for each person and month."""
    stream = np.random.default_rng(seed)
    for _ in range(MONTHS):
        stream.random(people)


def numpy_loop(people: int, seed: int) -> Any:
    """What most would write: a state for each person, and each month a draw looked up in the row of that state."""
    stream = np.random.default_rng(seed)
    state = np.zeros(people, dtype=np.int64)
    occupancy = np.zeros((MONTHS + 1, STATES), dtype=np.int64)
    occupancy[0] = np.bincount(state, minlength=STATES)
    limits = np.minimum(CUMULATED, 1.0)
    limits[:, -1] = 1.0
    for month in range(1, MONTHS + 1):
        draw = stream.random(people)
        state = (draw[:, None] >= limits[state]).sum(axis=1)
        occupancy[month] = np.bincount(state, minlength=STATES)
    return occupancy


def starsim_module(people: int, seed: int) -> Any:
    """A module of starsim: one state array, one random number a person and step, the same table."""
    starsim: Any = import_module("starsim")

    class Course(starsim.Module):
        def __init__(self) -> None:
            super().__init__()
            self.define_states(starsim.FloatArr("where", default=0))
            self.draw = starsim.random()
            self.occupancy: list[Any] = []

        def step(self) -> None:
            uids = self.sim.people.auids
            where = self.where[uids].astype(np.int64)
            self.occupancy.append(np.bincount(where, minlength=STATES))
            limits = np.minimum(CUMULATED, 1.0)
            limits[:, -1] = 1.0
            self.where[uids] = (self.draw.rvs(uids)[:, None] >= limits[where]).sum(axis=1)

    module = Course()
    sim = starsim.Sim(
        n_agents=people, modules=module, start=starsim.days(0), dur=starsim.months(MONTHS), dt=starsim.month,
        rand_seed=seed, verbose=0, copy_inputs=False,
    )  # fmt: skip
    sim.run()
    return np.array(module.occupancy)


WAYS: dict[str, Way] = {
    "namlib": namlib_cohort,
    "120 doubles": only_doubles,
    "numpy loop": numpy_loop,
    "starsim": starsim_module,
}


def seconds(way: Way, people: int, seed: int) -> float:
    """Time one run."""
    start = time.perf_counter()
    way(people, seed)
    return time.perf_counter() - start


def check(way: Way, people: int = 20_000) -> float:
    """Return how far the counts of a way lie from the exact shares at most, in standard errors (small cells aside)."""
    counts = way(people, 1)
    expected = people * SHARES[: len(counts)]
    error = np.sqrt(expected * (1 - SHARES[: len(counts)]))
    settled = error > 3
    return float(np.abs((counts - expected)[settled] / error[settled]).max())


def megabytes(name: str, people: int) -> float:
    """Return what a run needs in a fresh process, beyond a run of 1,000 people [MB]."""
    done = subprocess.run(
        [sys.executable, __file__, "--memory-of", name, str(people)], capture_output=True, text=True, check=True
    )
    return float(done.stdout.split()[-1])


def _memory(name: str, people: int) -> None:
    WAYS[name](1000, 1)
    before = _peak()
    WAYS[name](people, 1)
    print(_peak() - before)


def _peak() -> float:
    """The most memory this process has held so far [MB]."""
    status = Path("/proc/self/status")
    if status.is_file():  # on Linux the other way still remembers the process that started this one
        held = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return float(held.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform != "darwin" else 1024**2)


def main() -> int:
    """Run all ways in turn and print rates, ratios and goals."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--most", type=int, default=10_000_000, help="size of the largest cohort (drawn once)")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--memory-of", nargs=2, metavar=("WAY", "PEOPLE"))
    chosen = parser.parse_args()
    if chosen.memory_of:
        _memory(chosen.memory_of[0], int(chosen.memory_of[1]))
        return 0
    ways = {name: way for name, way in WAYS.items() if name != "starsim" or find_spec("starsim")}
    for name, way in ways.items():
        if name != "120 doubles":
            print(f"{name}: at most {check(way):.1f} standard errors from the exact shares")
    took: dict[tuple[str, int], list[float]] = {}
    for people, rounds in ((10_000, chosen.rounds), (100_000, chosen.rounds), (1_000_000, 2)):
        if people > chosen.most:
            continue
        for turn in range(rounds):
            for name, way in ways.items():
                # A million people in a framework take long and tell nothing new.
                if people <= 100_000 or name in ("namlib", "120 doubles"):
                    took.setdefault((name, people), []).append(seconds(way, people, turn + 1))
    rate = {key: key[1] * MONTHS / statistics.median(times) / 1e6 for key, times in took.items()}
    print(f"\nmillion person-months a second, medians of {chosen.rounds} rounds in turn")
    for name in ways:
        print(f"  {name:12}", *(f"{people:>9,}: {rate[name, people]:7.1f}" for who, people in rate if who == name))
    goals: list[tuple[str, float, bool]] = []

    def paired(name: str, people: int = 100_000) -> float:
        mine, theirs = took["namlib", people], took[name, people]
        return statistics.median(their / own for their, own in zip(theirs, mine, strict=True))

    if "starsim" in ways:
        goals.append(("times as quick as starsim at 100,000, at least 20", paired("starsim"), paired("starsim") >= 20))
    else:
        print("  starsim is not installed: its goal is not measured")
    loop, doubles = paired("numpy loop"), 1 / paired("120 doubles")
    goals.append(("times as quick as the plain numpy loop at 100,000, at least 10", loop, loop >= 10))
    goals.append(("of the time of drawing 120 doubles a person at 100,000, at most 1", doubles, doubles <= 1))
    # The largest run, between runs of 100,000 people, so that both see the same machine.
    around = [seconds(namlib_cohort, 100_000, seed) for seed in (1, 2, 3)]
    most = seconds(namlib_cohort, chosen.most, 1)
    around += [seconds(namlib_cohort, 100_000, seed) for seed in (4, 5, 6)]
    kept = chosen.most / most / (100_000 / statistics.median(around))
    print(f"  namlib at {chosen.most:,}: {chosen.most * MONTHS / most / 1e6:.1f}")
    goals.append((f"of the rate at 100,000 kept at {chosen.most:,}, at least 0.8", kept, kept >= 0.8))
    extra = megabytes("namlib", chosen.most)
    goals.append((f"MB beyond a run of 1,000 at {chosen.most:,}, at most 20", extra, extra <= 20))
    print(f"  numpy loop needs {megabytes('numpy loop', 1_000_000):.0f} MB beyond a run of 1,000 at 1,000,000")
    curve = 1000 * statistics.median(seconds(lambda *_: disease_course(MODEL), 0, 0) for _ in range(9))
    goals.append(("ms for the exact curve, at most 10", curve, curve <= 10))
    print()
    for words, value, met in goals:
        print(f"{'met   ' if met else 'MISSED'} {value:8.2f} {words}")
    return 0 if all(met for _, _, met in goals) else 1


if __name__ == "__main__":
    sys.exit(main())
