"""What a printed document is made of, before anybody decides whether it becomes HTML or PDF.

A document is a list of blocks. Both printers take the same blocks, so that the two forms cannot say different things.
Everything here is plain text until a printer escapes or sets it; no block holds markup, except a drawing, which is SVG
made by the course itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Literal, TypeAlias

from namlib.frozen import frozen

NOTICE = "For education only. It teaches and does not advise: no guideline, no medical device, no advice for a patient."
CHART_FONT = "nam-sans"  # stands in a drawing for whatever sans serif the printer has


@frozen
class Run:
    """A piece of text in one style; with an address it is a link to a source."""

    text: str
    bold: bool = False
    italic: bool = False
    url: str = ""


Text: TypeAlias = str | tuple[Run | str, ...]


@frozen
class Heading:
    """A heading; level 1 and 2 make the outline."""

    text: str
    level: int = 1


@frozen
class Paragraph:
    """A paragraph. ``kind`` says how it looks, never what it means."""

    text: Text
    kind: Literal["plain", "lead", "small", "box", "quote"] = "plain"


@frozen
class Listing:
    """A list of points, or of steps where the order matters."""

    items: tuple[Text, ...]
    ordered: bool = False


@frozen
class Grid:
    """A table. Its head is repeated on every page; ``widths`` are shares of the width."""

    caption: str
    heads: tuple[str, ...]
    rows: tuple[tuple[Text, ...], ...]
    widths: tuple[int, ...] = ()
    small: bool = False


@frozen
class Drawing:
    """A vector drawing, the same in words, and a caption."""

    svg: str
    words: str
    caption: str = ""
    width: float = 1.0  # share of the width of the text


@frozen
class WriteHere:
    """Blank lines to write on, with a label."""

    label: str
    lines: int


@frozen
class NewPage:
    """What follows begins on a new page."""


@frozen
class Folded:
    """Names that open one by one on a screen: each with what stands behind it. On paper all are open."""

    items: tuple[tuple[str, str], ...]
    heads: tuple[str, str]


Block: TypeAlias = Heading | Paragraph | Listing | Grid | Drawing | WriteHere | NewPage | Folded


@frozen
class Document:
    """One document. ``mark`` is said on every page: that the patient is invented, or whose report it is."""

    name: str
    title: str
    mark: str
    fictional: bool
    imprint: tuple[tuple[str, str], ...]
    blocks: tuple[Block, ...]

    @property
    def versions(self) -> str:
        """The versions in one line."""
        short = [(name.removesuffix(" version"), value) for name, value in self.imprint if name.endswith(" version")]
        return f"versions: {', '.join(f'{name.lower()} {value}' for name, value in short)}"


@frozen
class Slide:
    """One slide. ``kind``: told to the room, asked of it, or revealed after it committed."""

    title: str
    blocks: tuple[Block, ...]
    kind: Literal["title", "told", "asked", "revealed", "end"] = "told"
    over: str = ""  # small line above the title: which stage
    part: int = 0  # which part of one that was broken, from 1


@frozen
class Deck:
    """All slides of one case."""

    name: str
    mark: str
    fictional: bool
    imprint: tuple[tuple[str, str], ...]
    slides: tuple[Slide, ...]


def runs(text: Text) -> tuple[Run, ...]:
    """Return a text as runs.

    Examples
    --------
    >>> [run.text for run in runs(("a", Run("b", bold=True)))]
    ['a', 'b']
    """
    parts: Sequence[Run | str] = (text,) if isinstance(text, str) else text
    return tuple(Run(part) if isinstance(part, str) else part for part in parts)


def plain(text: Text) -> str:
    """Return a text without its styles."""
    return "".join(run.text for run in runs(text))


def joined(texts: Iterable[Text], between: str = " ") -> Text:
    """Put texts behind each other, leaving out blank ones."""
    made: list[Run | str] = []
    for text in texts:
        if plain(text):
            made += [between, *runs(text)] if made else runs(text)
    return tuple(made)


# --- drawings ------------------------------------------------------------------------------------------------------

_INK, _PAPER = "#1a1a1a", "#ffffff"
_CLASSES = {"nam-small": 'font-size="11"', "nam-strong": 'font-weight="bold"'}


def standalone(svg: str) -> str:
    """Turn a drawing of the course, which takes colours and sizes from the page around it, into one that needs no page.

    Examples
    --------
    >>> 'font-size="11">x<' in standalone('<svg viewBox="0 0 9 4"><text class="nam-small">x</text></svg>')
    True
    """
    svg = svg.replace("currentColor", _INK)
    svg = re.sub(r"var\(--[\w-]+,\s*([^()]+)\)", r"\1", svg)

    def attributes(found: re.Match[str]) -> str:
        return " ".join(_CLASSES[name] for name in found[1].split() if name in _CLASSES)

    svg = re.sub(r'class="([^"<>]*)"', attributes, svg)
    # Size in points, and letters of one size where nothing else is said.
    box = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', svg)
    assert box is not None
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{box[1]}" height="{box[2]}" font-family="{CHART_FONT}"'
    svg = svg.replace("<svg", head + f' font-size="13" fill="{_INK}"', 1)
    return svg


def shape(svg: str) -> tuple[float, float]:
    """Return width and height of a drawing in its own units."""
    box = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', svg)
    assert box is not None
    return float(box[1]), float(box[2])
