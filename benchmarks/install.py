"""Time the way to an open course: ``run.py lab`` from a clean clone, beside the bare installation of its core packages.

``python benchmarks/install.py`` makes two environments in temporary folders, one after the other in one run, and prints
the seconds of each part and their ratio. Both start without pip's cache, unless ``--cache`` is given. Each goes on to
the first page that JupyterLab serves and to the first imports, because run.py leaves compiling to the first use.
"""

from __future__ import annotations

import argparse
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CORE = ["jupyterlab", "ipywidgets", "matplotlib", "pandas", "nbval"]
IMPORTS = "import ipywidgets, matplotlib.pyplot, pandas"


def free_port() -> int:
    """Find a port that nothing uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def venv_python(folder: Path) -> str:
    """The Python of a virtual environment."""
    windows = folder / "Scripts" / "python.exe"
    return str(windows if windows.exists() else folder / "bin" / "python")


def fetch(address: str) -> None:
    """Read a page. JupyterLab names its address a moment before it listens there."""
    deadline = time.perf_counter() + 60
    while True:
        try:
            with urllib.request.urlopen(address, timeout=60) as page:
                page.read()
            return
        except urllib.error.URLError:
            if time.perf_counter() > deadline:
                raise
            time.sleep(0.05)


def seconds_to_page(command: list[str], folder: Path, environment: Mapping[str, str]) -> float:
    """Start JupyterLab, wait until it serves its page, and end it.

    Returns
    -------
    float
        From the start of the command to the answer [s].
    """
    started = time.perf_counter()
    server = subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert server.stdout is not None
    try:
        said = []
        for line in server.stdout:
            said.append(line)
            address = re.search(r"http://127\.0\.0\.1:\S+", line)
            if address:
                fetch(address.group())
                return time.perf_counter() - started
        raise RuntimeError(f"JupyterLab did not start:\n{''.join(said)}")
    finally:
        server.send_signal(signal.SIGTERM)
        server.communicate(timeout=60)


def seconds_of(command: list[str], folder: Path, environment: Mapping[str, str]) -> float:
    """Run a command to its end and time it [s]."""
    started = time.perf_counter()
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
    return time.perf_counter() - started


def time_bare(folder: Path, environment: Mapping[str, str]) -> dict[str, float]:
    """``python -m venv``, ``pip install`` of the five core packages, JupyterLab."""
    install = seconds_of([sys.executable, "-m", "venv", "bare"], folder, environment)
    python = venv_python(folder / "bare")
    install += seconds_of([python, "-m", "pip", "install", *CORE], folder, environment)
    start = [python, "-m", "jupyterlab", "--no-browser", f"--ServerApp.port={free_port()}"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        start.append("--allow-root")
    page = seconds_to_page(start, folder, environment)
    return {
        "installed": install,
        "page served": install + page,
        "imports": seconds_of([python, "-c", IMPORTS], folder, environment),
    }


def time_course(folder: Path, environment: Mapping[str, str]) -> dict[str, float]:
    """A clean clone, its installation by run.py, ``run.py lab``."""
    seconds_of(["git", "clone", "--quiet", str(ROOT), "course"], folder, environment)
    clone = folder / "course"
    install = seconds_of([sys.executable, "-c", "import run; run.setup()"], clone, environment)
    start = [sys.executable, "run.py", "lab", "--no-browser", "--port", str(free_port())]
    page = seconds_to_page(start, clone, environment)
    python = venv_python(clone / ".venv")
    return {
        "installed": install,
        "page served": install + page,
        "imports": seconds_of([python, "-c", IMPORTS], clone, environment),
    }


def main() -> None:
    """Run both and print them side by side."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--cache", action="store_true", help="let pip use its cache")
    chosen = parser.parse_args()
    environment = {**os.environ, "PYTHONUNBUFFERED": "1", "JUPYTER_PLATFORM_DIRS": "1"}
    if not chosen.cache:
        environment["PIP_NO_CACHE_DIR"] = "1"
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        bare = time_bare(folder, environment)
        course = time_course(folder, environment)
    print(f"pip's cache: {'used' if chosen.cache else 'not used'}; Python {sys.version.split()[0]}")
    print(f"{'':<14}{'bare pip':>10}{'run.py':>10}{'ratio':>8}")
    for part, seconds in bare.items():
        print(f"{part:<14}{seconds:>8.1f} s{course[part]:>8.1f} s{course[part] / seconds:>8.2f}")


if __name__ == "__main__":
    main()
