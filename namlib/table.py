"""A tuple of records that shows itself: captioned HTML with header scopes, plain text, dicts, and pandas on request."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Generic, SupportsIndex, TypeVar, overload

from namlib.frozen import frozen

if TYPE_CHECKING:
    import pandas

Row = TypeVar("Row")


class Html(str):
    """Text that is already HTML and must not be escaped again. Everything else is escaped."""

    __slots__ = ()


def html(value: object) -> Html:
    """Escape a value for HTML, unless it is :class:`Html`.

    Examples
    --------
    >>> html("a < b"), html(Html("<b>x</b>")), html(None)
    ('a &lt; b', '<b>x</b>', '')
    """
    if isinstance(value, Html):
        return value
    return Html("") if value is None else _escaped(str(value))


# What html.escape writes; that module also loads every named entity of HTML, which nothing here needs.
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#x27;"})


@lru_cache(maxsize=4096)
def _escaped(text: str) -> Html:
    return Html(text.translate(_ESCAPES))


TABLE_STYLE = (
    "<style>.nam-table{border-collapse:collapse;margin:.6em 0;font-size:.92em;max-width:100%}"
    ".nam-table caption{text-align:left;font-weight:600;padding:.3em 0;caption-side:top}"
    # The class stands twice to outweigh Jupyter's own rule, which sets every output table flush right.
    "table.nam-table.nam-table th,table.nam-table.nam-table td{text-align:left;vertical-align:top;"
    "padding:.35em .6em;border-top:1px solid #8886}"
    "table.nam-table.nam-table thead th{border-bottom:2px solid #8889;border-top:0}</style>"
)


def html_table(caption: str, headers: Sequence[str], rows: Iterable[Sequence[object]], *, style: bool = True) -> str:
    """Build an accessible table: caption, column and row header scopes, every cell escaped.

    Parameters
    ----------
    caption : str
        What the table shows.
    headers : sequence of str
        Column headings; the first column heads its row.
    rows : iterable of sequences
        Cells; :class:`Html` passes unescaped.
    style : bool
        Whether to carry the style sheet along (once per output is enough).

    Examples
    --------
    >>> html_table("Drugs", ["drug", "unit"], [["methotrexate", "mg/wk"]], style=False).count("scope=")
    3
    """
    head = "".join(f'<th scope="col">{html(header)}</th>' for header in headers)
    body = "".join(
        "<tr>"
        + f'<th scope="row">{html(row[0])}</th>'
        + "".join(f"<td>{html(cell)}</td>" for cell in row[1:])
        + "</tr>"
        for row in rows
    )
    return (
        (TABLE_STYLE if style else "") + f'<table class="nam-table"><caption>{html(caption)}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    )


def plain(value: Any) -> Any:
    """Turn a record, or anything made of records, into what JSON can hold.

    Examples
    --------
    >>> plain((1, frozenset({"b", "a"}), date(2026, 11, 22)))
    [1, ['a', 'b'], '2026-11-22']
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, frozenset | set):
        return sorted(plain(item) for item in value)
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, date):
        return value.isoformat()
    return value


@frozen
class Column:
    """One column of a shown table: a heading and how a record fills it."""

    heading: str
    cell: Any  # Callable[[record], object]; Any keeps the record type free


class Table(tuple[Row, ...], Generic[Row]):
    """A tuple of frozen records with a caption and a way to show itself.

    Examples
    --------
    >>> from namlib.units import UNITS
    >>> table = Table(list(UNITS.values())[:2], "Units", [Column("code", lambda u: u.code)])
    >>> table
    Units: 2 rows
    >>> table.to_dict()["rows"][0]["code"]
    'mg'
    """

    caption: str
    columns: tuple[Column, ...]
    noun: str

    def __new__(cls, rows: Iterable[Row], caption: str, columns: Iterable[Column], noun: str = "row") -> Table[Row]:
        table = super().__new__(cls, tuple(rows))
        table.caption = caption
        table.columns = tuple(columns)
        table.noun = noun
        return table

    @overload
    def __getitem__(self, index: SupportsIndex, /) -> Row: ...
    @overload
    def __getitem__(self, index: slice, /) -> Table[Row]: ...
    def __getitem__(self, index: Any, /) -> Any:
        if isinstance(index, slice):
            return type(self)(tuple(self)[index], self.caption, self.columns, self.noun)
        return super().__getitem__(index)

    @property
    def sources(self) -> tuple[str, ...]:
        """Keys of every source the rows name, sorted."""
        return tuple(sorted({key for row in self for key in getattr(row, "sources", ())}))

    def __repr__(self) -> str:
        plural = self.noun if len(self) == 1 else f"{self.noun}s"
        return f"{self.caption}: {len(self)} {plural}"

    def _repr_html_(self) -> str:
        if not self:
            return f"<p>{html(self.caption)}: nothing matches.</p>"
        return html_table(
            self.caption,
            [column.heading for column in self.columns],
            ([column.cell(row) for column in self.columns] for row in self),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the caption and every row as plain data that JSON can hold."""
        return {"caption": self.caption, "rows": [plain(row) for row in self]}

    def to_frame(self) -> pandas.DataFrame:
        """Return a pandas DataFrame, one column per field of the records."""
        import pandas

        return pandas.DataFrame([plain(row) for row in self])
