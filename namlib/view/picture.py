"""A still picture that always has its words: HTML where HTML is shown, sentences everywhere else."""

from __future__ import annotations

from typing import Any

from namlib.frozen import frozen
from namlib.table import Html


@frozen
class Picture:
    """Finished HTML with its content in words.

    Examples
    --------
    >>> Picture(Html("<svg></svg>"), "Two bars.")
    Two bars.
    """

    html: Html
    words: str

    def __repr__(self) -> str:
        return self.words

    def _repr_html_(self) -> str:
        return self.html

    def to_dict(self) -> dict[str, Any]:
        """Return markup and words as plain data."""
        return {"html": str(self.html), "words": self.words}
