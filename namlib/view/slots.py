"""One rendering for two readers: a page of HTML, and the list of the texts in it that change with the input.

A view is written once, as code that builds HTML. Wherever a value depends on what the reader entered, it goes through a
slot. The page is complete as it stands (a static export, a screen reader and nbval see it so); a live explorer keeps
the page and only replaces slot texts, which is quick, small to send, and moves nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import cached_property

from namlib.frozen import frozen
from namlib.table import Html, html

# A phrase that a browser already holds travels as its number between these two.
_MARK, _END = "\x01", ";"
_MARKED = re.compile(f"{_MARK}(\\d+){_END}")


# What a state letter stands for: the id of the words that explain it, also the hook of the style.
STATES = {"1": "nam-on", "?": "nam-open", "0": "nam-off"}


@frozen
class StateSlot:
    """One slot that holds the state of many elements."""

    slot: int
    letters: str

    def of(self, place: int) -> str:
        """Write the attributes of the element at a place."""
        return f'aria-describedby="{STATES[self.letters[place]]}" data-m="{self.slot}:{place}"'


@frozen
class Page:
    """The current text of every slot, in slot order, and the finished HTML, written when it is first asked for.

    An update of a live explorer sends values alone and never asks.
    """

    values: tuple[str, ...]
    write: Callable[[], str]

    @cached_property
    def html(self) -> str:
        """The whole page with every slot filled."""
        return self.write()


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

    def __init__(self, phrases: Iterable[Html] = ()) -> None:
        self.values: list[str] = []
        self._phrases = list(phrases)
        self._number = {phrase: place for place, phrase in enumerate(self._phrases)}

    def known(self, markup: Html) -> Html:
        """Give a piece of markup for use inside a slot; one of the phrases is written as its number."""
        place = self._number.get(markup)
        return markup if place is None else Html(f"{_MARK}{place}{_END}")

    def say(self, text: str) -> Html:
        """Escape a text for use inside a slot of markup, as :meth:`known` does."""
        return self.known(html(text))

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

    def states(self, letters: str) -> StateSlot:
        """Register the states of many elements as one short text, one letter for each (see :data:`STATES`)."""
        return StateSlot(self.add(letters), letters)

    def page(self, write: Callable[[], str]) -> Page:
        """Close the collection. The page holds every phrase in full; the values keep the numbers.

        ``write`` makes the page; it may draw what needs no slot of its own, but may not register any.
        """
        return Page(tuple(self.values), lambda: _MARKED.sub(lambda found: self._phrases[int(found[1])], write()))
