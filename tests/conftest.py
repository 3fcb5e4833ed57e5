"""Settings that every test shares."""

import os
import tempfile
from itertools import count
from pathlib import Path

import pytest
from hypothesis import settings

# The same examples in every run: a failure that was seen can be seen again, and a slow machine is not a failure.
settings.register_profile("course", derandomize=True, deadline=None)
settings.load_profile("course")

# A test must neither see nor change what a learner answered, nor what another test did.
_ANSWERS = tempfile.TemporaryDirectory(prefix="namlib-answers-", ignore_cleanup_errors=True)
_number = count()


def pytest_runtest_setup(item: pytest.Item) -> None:
    os.environ["NAMLIB_ANSWERS"] = str(Path(_ANSWERS.name) / f"{next(_number)}.sqlite")
