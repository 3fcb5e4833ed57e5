"""The item bank as a notebook lists it: what is asked, without what would give it away."""

from __future__ import annotations

from collections.abc import Iterable

from namlib.course import ledger
from namlib.model.quiz import Entry, entry, select
from namlib.table import Column, Html, Table, html

_COLUMNS = (
    Column("Item", lambda item: Html(f"<code>{html(item.id)}</code>")),
    Column("Notebook", lambda item: item.notebook),
    Column("Topic", lambda item: item.topic),
    Column("Objective", lambda item: item.objective),
    Column("Question", lambda item: item.stem),
    Column("Kind", lambda item: item.kind.replace("_", " or ")),
    Column("Level", lambda item: item.difficulty),
)


def questions(
    topic: str | None = None,
    notebook: str | None = None,
    items: Iterable[str] | None = None,
    *,
    difficulty: str | None = None,
    tag: str | None = None,
) -> Table[Entry]:
    """List items of the bank, without keys and without feedback.

    Parameters
    ----------
    topic, notebook, difficulty, tag : str, optional
        Keep only items of it; a notebook goes by its number, ``"02"``.
    items : iterable of str, optional
        Ids of items, in the order wanted.

    Raises
    ------
    namlib.records.Refused
        If a name does not exist, or nothing fits.

    Examples
    --------
    >>> questions(notebook="00")
    Items of the bank: 7 items
    """
    chosen = select(ledger().questions, topic=topic, notebook=notebook, items=items, difficulty=difficulty, tag=tag)
    return Table([entry(question) for question in chosen], "Items of the bank", _COLUMNS, "item")
