"""The item bank in the formats of learning platforms. Each export says what its format cannot carry.

The same bank gives the same bytes: nothing here reads a clock, and archives carry a fixed date.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from namlib.cite import Bibliography
from namlib.export.questions.sheet import Sheet, sheets
from namlib.frozen import frozen
from namlib.records import Ledger, Question


@frozen
class Export:
    """What an exporter made: the bytes of the file, how many items are in it, and what the format left behind."""

    format: str
    content: bytes
    items: int
    lost: tuple[str, ...]

    def __repr__(self) -> str:
        return (
            f"{FORMATS[self.format].name}: {self.items} items, {len(self.content)} bytes, {len(self.lost)} things lost"
        )


@frozen
class Format:
    """One format: what it is called, how its files end, the module that writes it, and the package it needs."""

    name: str
    suffix: str
    module: str
    needs: str = ""


FORMATS = {
    "moodle": Format("Moodle XML", ".xml", "moodle"),
    "gift": Format("GIFT", ".gift", "gift"),
    "qti": Format("QTI 1.2 package", ".zip", "qti", "text2qti"),
    "anki": Format("Anki deck", ".apkg", "anki", "genanki"),
    "jupyterquiz": Format("jupyterquiz JSON", ".json", "jupyterquiz"),
}


class Unavailable(RuntimeError):
    """A format needs a package that is not installed. The message says which, and how to get it."""


def save(made: Export, path: Path) -> Path:
    """Write an export to a file, whole or not at all."""
    part = path.with_name(f".{path.name}.part")
    try:
        part.write_bytes(made.content)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return path


def export(format: str, questions: Iterable[Question], ledger: Ledger) -> Export:
    """Write items in one format.

    Parameters
    ----------
    format : str
        A key of :data:`FORMATS`.
    questions : iterable of Question
        The items, in the order in which they are to stand.
    ledger : Ledger
        The validated ledger; it turns fact ids into sources.

    Raises
    ------
    KeyError
        If there is no such format; the message lists those there are.
    Unavailable
        If the package that writes it is not installed.

    Examples
    --------
    >>> from namlib.store import load
    >>> ledger = load()
    >>> made = export("gift", ledger.questions[:2], ledger)
    >>> made.items, made.content.count(b"::middle_value_as_cutoff::")
    (2, 1)
    """
    if format not in FORMATS:
        raise KeyError(f"no format {format!r}; known: {', '.join(FORMATS)}")
    chosen = FORMATS[format]
    if chosen.needs and find_spec(chosen.needs) is None:
        raise Unavailable(
            f"{chosen.name} is written with the package {chosen.needs}, which is not installed. "
            'It belongs to the extra "exchange": pip install "namlib[exchange]"'
        )
    write: Callable[[list[Sheet]], tuple[bytes, list[str]]]
    write = import_module(f"namlib.export.questions.{chosen.module}").write
    laid_out = sheets(questions, ledger, Bibliography(ledger.sources))
    content, lost = write(laid_out)
    skipped = sum(line.startswith("item ") and line.endswith("left out") for line in lost)
    return Export(format, content, len(laid_out) - skipped, tuple(lost))
