"""Citations: how a source is named and linked, everywhere the same."""

from __future__ import annotations

from collections.abc import Iterable

from namlib.records import Source
from namlib.table import Html, html


class Bibliography:
    """The sources of the ledger by key and by address.

    Examples
    --------
    >>> from namlib.store import load
    >>> bibliography = Bibliography(load().sources)
    >>> bibliography.text(["oldroyd2022"])
    'Oldroyd 2022'
    """

    def __init__(self, sources: Iterable[Source]) -> None:
        self.by_key = {source.key: source for source in sources}
        self.by_url = {source.url: source for source in self.by_key.values()}

    def text(self, keys: Iterable[str]) -> str:
        """Name sources as in running text: ``Oldroyd 2022; Enders 2017``."""
        return "; ".join(self.by_key[key].label for key in keys)

    def links(self, keys: Iterable[str]) -> Html:
        """Name sources, each linked to its DOI or address."""
        return Html("; ".join(self.link(self.by_key[key]) for key in keys))

    @staticmethod
    def link(source: Source) -> Html:
        """Link one source by its label."""
        # A new tab, so that following a source never costs a running notebook.
        return Html(f'<a href="{html(source.url)}" target="_blank" rel="noopener">{html(source.label)}</a>')

    def markdown(self, key: str) -> str:
        """Write the Markdown link a notebook uses for a source."""
        source = self.by_key[key]
        return f"[{source.label}]({source.url})"


def reference(source: Source) -> str:
    """Write one bibliography entry as text.

    Examples
    --------
    >>> reference(Source("a1", "cohort", "Doe J and Roe R", "A title", "J Test", 2020, "Doe 2020", "https://example.org"))
    'Doe J, Roe R. A title. J Test, 2020.'
    """
    authors = source.authors.replace(" and others", " et al").replace(" and ", ", ").rstrip(".")
    year = str(source.year) if source.year else "no date"
    journal = f" {source.journal}," if source.journal else ""
    return f"{authors}. {source.title}.{journal} {year}."
