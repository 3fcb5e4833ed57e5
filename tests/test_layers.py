"""The house has floors: a module imports only from floors below it, and one module reads files."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "namlib"

# From the ground up. A module may import from lower floors, and from its own where the floor is a folder.
FLOORS = (
    "namlib.frozen",
    "namlib.units",
    "namlib.records",
    "namlib.discussion_records",
    "namlib.case_records",
    "namlib.table",
    "namlib.validate",
    "namlib.store",
    "namlib.case_files",
    "namlib.answers",
    "namlib.cite",
    "namlib.prose",
    "namlib.claims",
    "namlib.item_claims",
    "namlib.model",
    "namlib.view",
    "namlib.course",
    "namlib.widgets",
    "namlib.export",
    "namlib.__main__",
)
# A model knows no file, no citation and no prose, although those floors lie below it.
MODEL_MAY_IMPORT = {
    "namlib.frozen",
    "namlib.units",
    "namlib.records",
    "namlib.discussion_records",
    "namlib.case_records",
    "namlib.table",
    "namlib.model",
}
READS_FILES = {"open", "read_text", "read_bytes", "write_text", "write_bytes"}
MAY_READ_FILES = ("namlib.store", "namlib.case_files", "namlib.answers", "namlib.export")

MODULES = {
    ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted(PACKAGE.rglob("*.py"))
}


def floor_of(module: str) -> int | None:
    """The floor a module stands on; the package itself stands on none, it only forwards names."""
    for level, floor in enumerate(FLOORS):
        if module == floor or module.startswith(floor + "."):
            return level
    return None


def imports(source: str) -> Iterator[tuple[int, str]]:
    """Every namlib module that is imported anywhere in a source, at the top or inside a function."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, name.name) for name in node.names if name.name.partition(".")[0] == "namlib")
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: relative import"
            home = node.module or ""
            if home.partition(".")[0] != "namlib":
                continue
            for name in node.names:
                inner = f"{home}.{name.name}"
                yield node.lineno, inner if inner in MODULES else home


def layer_problems(module: str, source: str) -> list[str]:
    own = floor_of(module)
    problems = []
    for line, imported in imports(source):
        level = floor_of(imported)
        if own is None or level is None:
            problems.append(f"{module}, line {line}: {imported} stands on no floor")
        elif level > own or (level == own and imported == module):
            problems.append(f"{module}, line {line}: {imported} stands above it")
        elif module.startswith("namlib.model") and FLOORS[level] not in MODEL_MAY_IMPORT:
            problems.append(f"{module}, line {line}: a model does not know {imported}")
    return problems


def file_problems(module: str, source: str) -> list[str]:
    problems = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            called = node.func
            name = (
                called.id if isinstance(called, ast.Name) else called.attr if isinstance(called, ast.Attribute) else ""
            )
            if name in READS_FILES:
                problems.append(f"{module}, line {node.lineno}: {name}() belongs in namlib.store")
    return problems


def test_every_module_stands_on_a_floor() -> None:
    assert [module for module in MODULES if module != "namlib" and floor_of(module) is None] == []
    assert len(MODULES) > len(FLOORS)


@pytest.mark.parametrize("module", [name for name in MODULES if name != "namlib"])
def test_a_module_imports_only_from_floors_below(module: str) -> None:
    assert layer_problems(module, MODULES[module].read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("module", [name for name in MODULES if not name.startswith(MAY_READ_FILES)])
def test_only_the_store_opens_files(module: str) -> None:
    assert file_problems(module, MODULES[module].read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("namlib.units", "from namlib.records import Source"),
        ("namlib.store", "def load():\n    from namlib.model import rules"),
        ("namlib.validate", "from namlib import store"),
        ("namlib.model.dosing", "from namlib import store"),
        ("namlib.model.dosing", "import namlib.view.dose"),
        ("namlib.view.dose", "from namlib.widgets.part import Explorer"),
        ("namlib.claims", "from namlib.course import ledger"),
        ("namlib.widgets.dose", "import namlib"),
    ],
)
def test_an_import_from_above_is_found(module: str, source: str) -> None:
    assert len(layer_problems(module, source)) == 1


@pytest.mark.parametrize("source", ["open('x')", "Path('x').read_text()", "with path.open() as lines:\n    pass"])
def test_an_opened_file_is_found(source: str) -> None:
    assert len(file_problems("namlib.view.dose", source)) == 1
