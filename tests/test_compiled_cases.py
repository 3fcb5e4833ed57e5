"""The compiled form of the cases: as current and as true as that of the ledger."""

from __future__ import annotations

import shutil

import pytest

from namlib import case_files, store
from namlib.course import cases
from tests.test_light_import import READERS, loaded_by


def test_the_compiled_cases_are_current_and_equal_to_the_files():
    held = case_files.compiled()
    assert held, "data changed: run `python -m namlib compile`"
    assert list(held) == list(case_files.files())
    for name, path in case_files.files().items():
        assert held[name]() == case_files.load(path, cases.known()), name


@pytest.fixture
def folder(tmp_path):
    return shutil.copytree(store.data_folder(), tmp_path / "data")


@pytest.mark.parametrize("file", ["cases/teaching/stairs-and-bath.yaml", "facts.csv"])
def test_an_edited_file_puts_the_compiled_cases_out_of_use(folder, file):
    assert case_files.compiled(folder)
    with (folder / file).open("a", encoding="utf-8") as text:
        text.write("\n# edited\n")
    assert case_files.compiled(folder) == {}


def test_a_case_of_the_course_needs_no_reader_of_files():
    loaded = loaded_by("import namlib as nam\nnam.CaseDiscussion('stairs-and-bath')")
    assert not loaded & {*READERS, "pandas", "matplotlib", "numpy"}
