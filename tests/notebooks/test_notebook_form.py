"""The form every notebook of the course keeps: thin, executed in order, readable without a kernel and without eyes."""

from __future__ import annotations

import ast
import copy
import json
import re
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "notebooks"
NOTEBOOKS = {path.name: json.loads(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.ipynb"))}
EXPECTED = (
    "00_start_here.ipynb",
    "01_reach_the_diagnosis.ipynb",
    "02_choose_therapy_by_tier.ipynb",
    "03_treat_by_antibody.ipynb",
    "04_follow_the_patient.ipynb",
    "05_think_about_relapse.ipynb",
    "06_discuss_a_case.ipynb",
)

LINES_AT_MOST = 25
HANGS_OR_FLICKERS = {"Output", "interact", "interactive", "interact_manual", "interactive_output"}
DEFINES_OR_LOOPS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda, ast.For, ast.While, ast.Try)
OPENS_FILES = {"Path", "read_csv", "read_text", "read_bytes", "savefig", "to_csv"}
FILE_PATH = re.compile(r"^(\.{0,2}/|[A-Za-z]:\\|~)|\.(csv|ya?ml|json|bib|ipynb|png|svg|pdf|txt|html)$")
LABELLED_ROLES = {"img", "group", "graphics-document"}


def text(cell: dict[str, Any]) -> str:
    source = cell["source"]
    return source if isinstance(source, str) else "".join(source)


def code_cells(notebook: dict[str, Any]) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, cell in enumerate(notebook["cells"], start=1):
        if cell["cell_type"] == "code":
            yield number, cell


def name_of(node: ast.AST) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


class Pictures(HTMLParser):
    """Collects pictures that a screen reader could not name. A picture inside a named picture is named by it."""

    def __init__(self) -> None:
        super().__init__()
        self.unnamed: list[str] = []
        self._depth = 0

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        held = {name: value or "" for name, value in attributes}
        if tag == "svg":
            self._depth += 1
            named = held.get("role") in LABELLED_ROLES and (held.get("aria-label") or held.get("aria-labelledby"))
            if self._depth == 1 and not named and held.get("aria-hidden") != "true":
                self.unnamed.append(self.get_starttag_text() or tag)
        if tag == "img" and not held.get("alt", "").strip():
            self.unnamed.append(self.get_starttag_text() or tag)

    def handle_endtag(self, tag: str) -> None:
        self._depth -= tag == "svg"


# --- one rule a function: each yields what is wrong, with the number of the cell --------------------------------------


def kernel_and_state(notebook: dict[str, Any]) -> Iterator[str]:
    if notebook["metadata"].get("kernelspec", {}).get("name") != "python3":
        yield "the kernelspec is not python3"
    if "widgets" in notebook["metadata"]:
        yield "widget state is stored"
    for number, cell in code_cells(notebook):
        for output in cell["outputs"]:
            if any("widget-view" in kind for kind in output.get("data", {})):
                yield f"cell {number}: a widget view is stored; tools/run_notebooks.py leaves it out"


def counts(notebook: dict[str, Any]) -> Iterator[str]:
    found = [cell["execution_count"] for _, cell in code_cells(notebook)]
    if found != list(range(1, len(found) + 1)):
        yield f"the code cells were not run from top to bottom in one go: {found}"


def clean_outputs(notebook: dict[str, Any]) -> Iterator[str]:
    for number, cell in code_cells(notebook):
        for output in cell["outputs"]:
            if output["output_type"] == "error" or output.get("name") == "stderr":
                yield f"cell {number}: an error or a warning is stored"


def thin_code(notebook: dict[str, Any]) -> Iterator[str]:
    for number, cell in code_cells(notebook):
        source = text(cell)
        lines = len(source.splitlines())
        if lines > LINES_AT_MOST:
            yield f"cell {number}: {lines} lines of code, at most {LINES_AT_MOST}"
        if re.search(r"^\s*[!%]", source, re.MULTILINE):
            yield f"cell {number}: a shell command or a magic"
            continue
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, DEFINES_OR_LOOPS):
                yield f"cell {number}: {type(node).__name__} belongs in namlib"
            if isinstance(node, ast.ImportFrom) and any(name.name == "*" for name in node.names):
                yield f"cell {number}: import *"
            imported = [name.name for name in node.names] if isinstance(node, ast.Import | ast.ImportFrom) else []
            for name in (name_of(node), *imported):
                if name in HANGS_OR_FLICKERS:
                    yield f"cell {number}: {name} hangs headless runs and flickers"
                if name in OPENS_FILES:
                    yield f"cell {number}: {name} opens files"
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "open":
                yield f"cell {number}: open opens files"
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and FILE_PATH.search(node.value):
                yield f"cell {number}: a file path, {node.value!r}"


def headings_and_notice(notebook: dict[str, Any]) -> Iterator[str]:
    first = notebook["cells"][0]
    prose = [
        re.sub(r"```.*?```", "", text(cell), flags=re.DOTALL)
        for cell in notebook["cells"]
        if cell["cell_type"] == "markdown"
    ]
    titles = [line for source in prose for line in source.splitlines() if re.match(r"# \S", line)]
    if len(titles) != 1:
        yield f"{len(titles)} titles of the first level, not one: {titles}"
    if first["cell_type"] != "markdown" or not text(first).startswith("# "):
        yield "the first cell does not open with the title"
    said = text(first).lower()
    if not (
        re.search(
            r"\b(education|learning) only\b|\bonly for (education|learning)\b|\bfor (education|learning)[.,;]", said
        )
        and "not" in said
    ):
        yield "the first cell does not say that the course is for education only and what it is not"


def named_pictures(notebook: dict[str, Any]) -> Iterator[str]:
    for number, cell in enumerate(notebook["cells"], start=1):
        shown = [text(cell)] if cell["cell_type"] == "markdown" else []
        for output in cell.get("outputs", ()):
            data = output.get("data", {})
            html = data.get("text/html", "")
            shown.append(html if isinstance(html, str) else "".join(html))
            for kind in data:
                if kind.startswith("image/"):
                    yield f"cell {number}: {kind} carries no alternative text; show a picture as HTML"
        for html in shown:
            pictures = Pictures()
            pictures.feed(html)
            for tag in pictures.unnamed:
                yield f"cell {number}: a picture without a name: {tag[:120]}"
            for empty in re.findall(r"!\[\s*\]\([^)]*\)", html if cell["cell_type"] == "markdown" else ""):
                yield f"cell {number}: a picture without a name: {empty}"


RULES: tuple[Callable[[dict[str, Any]], Iterator[str]], ...] = (
    kernel_and_state,
    counts,
    clean_outputs,
    thin_code,
    headings_and_notice,
    named_pictures,
)


def test_the_notebooks_of_the_course_are_there() -> None:
    assert [name for name in EXPECTED if name not in NOTEBOOKS] == []


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_every_notebook_keeps_the_rule(rule: Callable[[dict[str, Any]], Iterator[str]]) -> None:
    assert NOTEBOOKS, f"no notebook in {FOLDER}"
    assert [f"{name}: {problem}" for name, notebook in NOTEBOOKS.items() for problem in rule(notebook)] == []


# --- the rules themselves ---------------------------------------------------------------------------------------------

SOUND: dict[str, Any] = {
    "cells": [
        {"cell_type": "markdown", "metadata": {}, "source": "# Read a falling CK\nFor education only; not for care."},
        {"cell_type": "code", "metadata": {}, "execution_count": 1, "outputs": [], "source": "import namlib as nam"},
        {
            "cell_type": "code",
            "metadata": {},
            "execution_count": 2,
            "outputs": [
                {
                    "output_type": "execute_result",
                    "execution_count": 2,
                    "metadata": {},
                    "data": {
                        "text/html": '<svg role="img" aria-label="Bars"><svg></svg></svg><img alt="A line" src="x:">',
                        "text/plain": "Two bars.",
                    },
                }
            ],
            "source": 'nam.doses(nam.Patient(weight_kg=80), drug="ivig")',
        },
    ],
    "metadata": {"kernelspec": {"name": "python3"}},
}


def with_code(source: str) -> Callable[[dict[str, Any]], None]:
    def change(notebook: dict[str, Any]) -> None:
        notebook["cells"][1]["source"] = source

    return change


def with_html(html: str) -> Callable[[dict[str, Any]], None]:
    def change(notebook: dict[str, Any]) -> None:
        notebook["cells"][2]["outputs"][0]["data"]["text/html"] = html

    return change


def with_prose(source: str) -> Callable[[dict[str, Any]], None]:
    def change(notebook: dict[str, Any]) -> None:
        notebook["cells"][0]["source"] = source

    return change


def with_output(kind: str) -> Callable[[dict[str, Any]], None]:
    def change(notebook: dict[str, Any]) -> None:
        notebook["cells"][2]["outputs"][0]["data"][kind] = "AAAA"

    return change


def with_stored_state(notebook: dict[str, Any]) -> None:
    notebook["metadata"]["widgets"] = {}


def with_another_kernel(notebook: dict[str, Any]) -> None:
    notebook["metadata"]["kernelspec"]["name"] = "my-env"


def with_a_cell_not_run(notebook: dict[str, Any]) -> None:
    notebook["cells"][1]["execution_count"] = None


def with_a_warning(notebook: dict[str, Any]) -> None:
    notebook["cells"][1]["outputs"] = [{"output_type": "stream", "name": "stderr", "text": "careful"}]


def all_problems(notebook: dict[str, Any]) -> list[str]:
    return [problem for rule in RULES for problem in rule(notebook)]


def test_a_sound_notebook_breaks_no_rule() -> None:
    assert all_problems(SOUND) == []


@pytest.mark.parametrize(
    ("damage", "named"),
    [
        (with_stored_state, "widget state"),
        (with_another_kernel, "not python3"),
        (with_a_cell_not_run, "not run from top to bottom"),
        (with_a_warning, "a warning is stored"),
        (with_output("application/vnd.jupyter.widget-view+json"), "widget view"),
        (with_output("image/png"), "no alternative text"),
        (with_html("<img src='data:,'>"), "without a name"),
        (with_html("<img alt='' src='data:,'>"), "without a name"),
        (with_html("<svg viewBox='0 0 1 1'></svg>"), "without a name"),
        (with_html("<svg role='img'></svg>"), "without a name"),
        (with_code("\n".join(f"a{n} = {n}" for n in range(26))), "26 lines"),
        (with_code("def double(x):\n    return 2 * x"), "FunctionDef"),
        (with_code("for row in nam.facts():\n    print(row)"), "For"),
        (with_code("from namlib import *"), "import *"),
        (with_code("from ipywidgets import interact"), "interact hangs"),
        (with_code("import ipywidgets as w\nout = w.Output()"), "Output hangs"),
        (with_code("!pip install namlib"), "shell command"),
        (with_code("%pip install namlib"), "magic"),
        (with_code("import pandas as pd\npd.read_csv('x')"), "opens files"),
        (with_code("text = open('x')"), "opens files"),
        (with_code("rows = nam.facts('../data/facts.csv')"), "file path"),
        (with_prose("# One\nFor education only, not for care.\n# Two"), "2 titles"),
        (with_prose("Words first. For education only, not for care."), "does not open with the title"),
        (with_prose("# One\nWords."), "for education only"),
        (with_prose("# One\nFor education only, not for care. ![](x.png)"), "without a name"),
    ],
)
def test_a_broken_rule_is_named(damage: Callable[[dict[str, Any]], None], named: str) -> None:
    notebook = copy.deepcopy(SOUND)
    damage(notebook)
    assert any(named in problem for problem in all_problems(notebook)), all_problems(notebook)
