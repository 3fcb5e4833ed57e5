"""The run script keeps what notebooks show, and nothing that differs between two runs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]


def write(path: Path, *sources: str) -> Path:
    cells = [
        {
            "id": f"c{place}",
            "cell_type": "code",
            "execution_count": 7,
            "metadata": {"scrolled": True},
            "outputs": [],
            "source": source,
        }
        for place, source in enumerate(sources)
    ]
    metadata = {"kernelspec": {"display_name": "my own", "name": "my-own"}, "widgets": {"state": {}}}
    path.write_text(
        json.dumps({"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}), encoding="utf-8"
    )
    return path


def run(path: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(ROOT / "tools" / "run_notebooks.py"), str(path)],
        capture_output=True,
        text=True,
        check=False,
    )


def test_two_runs_give_the_same_bytes_without_widget_views_or_timing(tmp_path: Path) -> None:
    path = write(tmp_path / "good.ipynb", "import namlib as nam", "nam.DoseExplorer()", "print('one')\nprint('two')")
    assert run(path).returncode == 0
    first = path.read_bytes()
    held: Any = json.loads(first)
    assert [cell["execution_count"] for cell in held["cells"]] == [1, 2, 3]
    assert sorted(held["cells"][1]["outputs"][0]["data"]) == ["text/html", "text/plain"]
    assert len(held["cells"][2]["outputs"]) == 1
    assert held["metadata"]["kernelspec"]["name"] == "python3"
    assert sorted(held["metadata"]) == ["kernelspec", "language_info"]
    assert [cell["metadata"] for cell in held["cells"]] == [{}, {}, {}]
    assert first.endswith(b"}\n") and b"\r" not in first and first.startswith(b'{\n "cells"')
    assert run(path).returncode == 0
    assert path.read_bytes() == first


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("1 / 0", "ZeroDivisionError"),
        ("import warnings\nwarnings.warn('careful')", "wrote to stderr"),
        ("import ipywidgets\nipywidgets.IntSlider()", "no HTML form"),
    ],
)
def test_what_cannot_be_kept_is_refused_and_the_file_stays_as_it_was(tmp_path: Path, source: str, said: str) -> None:
    path = write(tmp_path / "bad.ipynb", source)
    before = path.read_bytes()
    done = run(path)
    assert done.returncode == 1
    assert said in done.stderr
    assert path.read_bytes() == before
