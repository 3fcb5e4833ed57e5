"""One rendering for two readers: a page of HTML, and the list of the texts in it that change with the input.

A view is written once, as code that builds HTML. Wherever a value depends on what the reader entered, it goes through a slot. The page is
complete as it stands (a static export, a screen reader and nbval see it so); a live explorer keeps the page and only
replaces slot texts, which is quick, small to send, and moves nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass

from namlib.table import Html, html


@dataclass(frozen=True, slots=True)
class Page:
    """Finished HTML and the current text of every slot in it, in slot order."""

    html: str
    values: tuple[str, ...]


class Slots:
    """Collects slot values while a page is built.

    Examples
    --------
    >>> slots = Slots()
    >>> slots.text("80 mg")
    '<span data-t="0">80 mg</span>'
    >>> slots.attributes(x="3", width="40")
    'x="3" width="40" data-a="x:1 width:2"'
    >>> slots.values
    ['80 mg', '3', '40']
    """

    def __init__(self) -> None:
        self.values: list[str] = []

    def add(self, value: str) -> int:
        """Register a value; the number returned may be shown in several places through :meth:`show`."""
        self.values.append(value)
        return len(self.values) - 1

    def show(self, slot: int, tag: str = "span", attributes: str = "") -> Html:
        """Show a registered value as text."""
        lead = f" {attributes}" if attributes else ""
        return Html(f'<{tag}{lead} data-t="{slot}">{html(self.values[slot])}</{tag}>')

    def text(self, value: str, tag: str = "span", attributes: str = "") -> Html:
        """Show a value as text in a slot of its own."""
        return self.show(self.add(value), tag, attributes)

    def markup(self, value: Html, tag: str = "div", attributes: str = "") -> Html:
        """Show a piece of finished HTML in a slot of its own."""
        lead = f" {attributes}" if attributes else ""
        return Html(f'<{tag}{lead} data-h="{self.add(value)}">{value}</{tag}>')

    def attributes(self, **values: str) -> Html:
        """Set attributes whose values change."""
        named = {name.rstrip("_").replace("_", "-"): value for name, value in values.items()}
        written = " ".join(f'{name}="{html(value)}"' for name, value in named.items())
        bound = " ".join(f"{name}:{self.add(value)}" for name, value in named.items())
        return Html(f'{written} data-a="{bound}"')

    def page(self, content: str) -> Page:
        """Close the collection."""
        return Page(content, tuple(self.values))
