"""Prints a document, or slides, as PDF with fpdf2: embedded letters, vector drawings, an outline, no clock.

fpdf2 belongs to the extra ``exchange`` and is imported only when something is printed. The letters are the DejaVu Sans
that matplotlib brings, which holds every sign that units and comparisons need.
"""

from __future__ import annotations

import importlib
import importlib.util
import io
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from namlib.export.paper import (
    CHART_FONT,
    NOTICE,
    Block,
    Deck,
    Document,
    Drawing,
    Folded,
    Grid,
    Heading,
    Listing,
    NewPage,
    Paragraph,
    Slide,
    Text,
    WriteHere,
    plain,
    runs,
    shape,
    standalone,
)
from namlib.records import Refused

if TYPE_CHECKING:
    from fpdf import FPDF

MISSING = (
    "PDF files are made with fpdf2, which is not installed here: pip install 'namlib[exchange]' brings it. "
    "With --html-only the HTML files are made without it."
)

_FONT = "dejavu"
_STYLES = {"": "DejaVuSans", "B": "DejaVuSans-Bold", "I": "DejaVuSans-Oblique"}
# Stands for the number of pages until it is known. Soft hyphens are taken out of every text, so none can hold this.
_PAGES = "\N{SOFT HYPHEN}nb\N{SOFT HYPHEN}"
_INK, _SOFT, _RULE = (26, 26, 26), (68, 80, 90), (176, 184, 190)
_BLUE, _ORANGE, _GREEN, _VERMILLION = (0, 114, 178), (230, 159, 0), (0, 158, 115), (213, 94, 0)
_BANDS = {"asked": _ORANGE, "revealed": _GREEN}
_TAGS = {"asked": "commit first", "revealed": "revealed"}
_MM_PER_PT = 25.4 / 72
_LARGEST, _SMALLEST = 1.28, 0.52  # how far the letters of a slide may grow and shrink
_SLIDE_TOP, _SLIDE_BOTTOM, _SLIDE_SIZE = 13.0, 15.0, 17.0
_LEAST_DRAWING = 60.0


def check_library() -> None:
    """Refuse in words where fpdf2, or the letters it needs, is missing.

    Raises
    ------
    namlib.records.Refused
        Naming what to install.
    """
    if importlib.util.find_spec("fpdf") is None:
        raise Refused("fpdf2", MISSING)
    _letters()


@cache
def _letters() -> Path:
    found = importlib.util.find_spec("matplotlib")
    for place in (found.submodule_search_locations or ()) if found else ():
        folder = Path(place) / "mpl-data" / "fonts" / "ttf"
        if (folder / f"{_STYLES['']}.ttf").is_file():
            return folder
    raise Refused("fonts", "the DejaVu Sans letters that come with matplotlib were not found")


def _new(orientation: str, *, title: str, subject: str, day: date) -> FPDF:
    from fpdf import FPDF

    pdf = FPDF(orientation=orientation, unit="mm", format="A4")
    for style, file in _STYLES.items():
        pdf.add_font(_FONT, style, _letters() / f"{file}.ttf")
    # The day on which the evidence was last reviewed: a clock would make every build another file.
    pdf.set_creation_date(datetime(day.year, day.month, day.day, tzinfo=UTC))
    pdf.set_title(_clean(title))
    pdf.set_subject(_clean(subject))
    pdf.set_author("namlib")
    pdf.set_creator("namlib case build")
    pdf.set_lang("en")
    pdf.set_draw_color(*_RULE)
    pdf.set_text_color(*_INK)
    pdf.c_margin = 0.0
    pdf.alias_nb_pages(_PAGES)
    return pdf


@cache
def _known() -> frozenset[int]:
    # It comes with fpdf2 and has no types.
    library: Any = importlib.import_module("fontTools.ttLib")
    # The signs that all styles have, so that none prints as an empty box in bold only.
    held = [frozenset(library.TTFont(_letters() / f"{file}.ttf", lazy=True).getBestCmap()) for file in _STYLES.values()]
    return frozenset.intersection(*held)


def _clean(text: str) -> str:
    """Keep what can be printed: line ends and tabs become blanks, what the letters lack becomes a replacement mark."""
    known = _known()
    kept = []
    for sign in unicodedata.normalize("NFC", text):
        if sign in "\t\n\r\v\f\u2028\u2029":
            kept.append(" ")
        elif unicodedata.category(sign) in ("Cc", "Cf", "Cs"):
            continue
        else:
            kept.append(sign if ord(sign) in known else "\N{REPLACEMENT CHARACTER}")
    return "".join(kept)


class _Piece(NamedTuple):
    """A part of a word in one style."""

    said: str
    style: str
    url: str


def _words(text: Text, style: str) -> Iterator[list[_Piece]]:
    """The words of a text, each with the blank behind it; a word may be made of several styles."""
    word: list[_Piece] = []
    for run in runs(text):
        kind = "B" if run.bold or style else "I" if run.italic else ""
        said = _clean(run.text)
        while said:
            head, blank, said = said.partition(" ")
            if head or blank:
                word.append(_Piece(head + blank, kind, run.url))
            if blank:
                yield word
                word = []
    if word:
        yield word


class _Printer:
    """Sets blocks, one under the other, in letters of one size."""

    def __init__(self, pdf: Any, size: float, *, breaks: bool, trial: bool = False) -> None:
        self.pdf, self.size, self.breaks, self.trial = pdf, size, breaks, trial

    # --- small parts

    @property
    def line(self) -> float:
        """Height of a line [mm]."""
        return self.size * _MM_PER_PT * 1.38

    def _font(self, style: str = "", share: float = 1.0, colour: tuple[int, int, int] = _INK) -> None:
        self.pdf.set_font(_FONT, style, self.size * share)
        self.pdf.set_text_color(*colour)

    def room_for(self, height: float) -> None:
        """Begin a new page unless so much is left of this one [mm]."""
        if self.breaks and self.pdf.will_page_break(height):
            self.pdf.add_page()

    def gap(self, lines: float) -> None:
        """Leave some space, in lines."""
        self.pdf.ln(self.line * lines)

    def text(self, text: Text, share: float = 1.0, colour: tuple[int, int, int] = _INK, style: str = "") -> None:
        """Set text from the left margin, in its styles, over as many lines as it needs."""
        height = self.line * share
        pdf = self.pdf
        right = pdf.w - pdf.r_margin
        for word in _words(text, style):
            wide = 0.0
            for piece in word:
                self._font(piece.style, share)
                wide += pdf.get_string_width(piece.said.rstrip(" "))
            if pdf.get_x() > pdf.l_margin and pdf.get_x() + wide > right:
                pdf.ln(height)
            for piece in word:
                self._font(piece.style, share, _BLUE if piece.url else colour)
                rest = piece.said
                while rest:
                    # A word longer than a line is cut where the line ends.
                    part = rest
                    while len(part) > 1 and pdf.get_x() + pdf.get_string_width(part.rstrip(" ")) > right + 0.01:
                        part = part[:-1]
                    pdf.cell(pdf.get_string_width(part), height, part, link=piece.url)
                    rest = rest[len(part) :]
                    if rest:
                        pdf.ln(height)
        pdf.ln(height)

    def aside(self, shift: float) -> None:
        """Move the left margin [mm]."""
        self.pdf.set_left_margin(self.pdf.l_margin + shift)
        self.pdf.set_x(self.pdf.l_margin)

    # --- blocks

    def blocks(self, blocks: Sequence[Block]) -> None:
        """Set blocks, each knowing what follows it."""
        for place, block in enumerate(blocks):
            self.block(block, blocks[place + 1] if place + 1 < len(blocks) else None)

    def block(self, block: Block, follows: Block | None = None) -> None:
        """Set one block."""
        if isinstance(block, Heading):
            self._heading(block, follows)
        elif isinstance(block, Paragraph):
            self._paragraph(block)
        elif isinstance(block, Listing):
            self._listing(block)
        elif isinstance(block, Grid):
            self._grid(block)
        elif isinstance(block, Folded):
            self._grid(Grid("", block.heads, block.items, (1, 2)))
        elif isinstance(block, Drawing):
            self._drawing(block)
        elif isinstance(block, WriteHere):
            self._write_here(block)
        elif isinstance(block, NewPage) and self.breaks:
            self.pdf.add_page()

    def _first(self, follows: Block | None) -> float:
        """How much of what follows a heading has to stand on its page [mm]."""
        if isinstance(follows, Drawing):
            return self._size(follows)[1] + self.line
        return self.line * (8 if isinstance(follows, Grid | Heading) else 3)

    def _heading(self, heading: Heading, follows: Block | None) -> None:
        share = {1: 1.42, 2: 1.14}.get(heading.level, 1.0)
        if self.pdf.get_y() > self.pdf.t_margin + 1:
            self.gap(0.9 if heading.level == 1 else 0.55)
        # A heading stays with the first lines of what it heads.
        self.room_for(self.line * (share + 1) + self._first(follows))
        if self.breaks:
            self.pdf.start_section(_clean(heading.text), level=min(heading.level, 2) - 1, strict=False)
        self.text(heading.text, share, _INK, "B")
        if heading.level == 1 and self.breaks:
            y = self.pdf.get_y() + 0.4
            self.pdf.set_draw_color(*_BLUE)
            self.pdf.set_line_width(0.5)
            self.pdf.line(self.pdf.l_margin, y, self.pdf.w - self.pdf.r_margin, y)
            self.pdf.set_draw_color(*_RULE)
            self.pdf.set_line_width(0.2)
            self.pdf.set_y(y)
            self.gap(0.35)
        else:
            self.gap(0.12)

    def _paragraph(self, paragraph: Paragraph) -> None:
        share = {"small": 0.86, "lead": 1.1}.get(paragraph.kind, 1.0)
        colour = _SOFT if paragraph.kind == "small" else _INK
        if paragraph.kind not in ("box", "quote"):
            self.room_for(self.line * share * 2)
            self.text(paragraph.text, share, colour)
            self.gap(0.4)
            return
        self.room_for(self.line * 3)
        self.gap(0.15)
        page, top = self.pdf.page, self.pdf.get_y()
        self.aside(4.5)
        self.text(paragraph.text, share, colour)
        self.aside(-4.5)
        # A bar on the left; over a page break only its last part is drawn.
        top = top if self.pdf.page == page else self.pdf.t_margin
        self.pdf.set_draw_color(*(_BLUE if paragraph.kind == "box" else _RULE))
        self.pdf.set_line_width(1.1)
        self.pdf.line(self.pdf.l_margin + 1.2, top, self.pdf.l_margin + 1.2, self.pdf.get_y())
        self.pdf.set_line_width(0.2)
        self.pdf.set_draw_color(*_RULE)
        self.gap(0.5)

    def _listing(self, listing: Listing) -> None:
        shift = self.line * (1.15 if listing.ordered else 0.85)
        for place, item in enumerate(listing.items, start=1):
            self.room_for(self.line * 1.5)
            mark = f"{place}." if listing.ordered else "\N{BULLET}"
            self._font()
            self.pdf.cell(shift, self.line, mark)
            self.aside(shift)
            self.text(item)
            self.aside(-shift)
            self.gap(0.12)
        self.gap(0.3)

    def _grid(self, grid: Grid) -> None:
        from fpdf.enums import MethodReturnValue
        from fpdf.fonts import FontFace

        share = 0.8 if grid.small else 0.88
        widths = grid.widths or (1,) * len(grid.heads)
        line = self.line * share
        room = self.pdf.w - self.pdf.l_margin - self.pdf.r_margin
        inner = [room * width / sum(widths) - 3.2 for width in widths]
        # About how high it is: a short table is not broken, of a long one the head stays with its first rows.
        tall = line * 3 + sum(self._guess(row, inner, line, share) for row in grid.rows)
        self.room_for(tall if tall < (self.pdf.h - 38) * 0.4 else line * 8)
        if grid.caption:
            self._font("B", 0.92)
            self.pdf.multi_cell(0, self.line * 0.92, _clean(grid.caption), align="L", new_x="LMARGIN", new_y="NEXT")
            self.gap(0.1)
        self._font("", share)

        def lines_of(said: str, width: float, style: str) -> list[str]:
            self._font(style, share)
            lines = self.pdf.multi_cell(width, line, said, align="L", dry_run=True, output=MethodReturnValue.LINES)
            return [str(one) for one in lines]

        with self.pdf.table(
            col_widths=widths,
            text_align="LEFT",
            v_align="TOP",
            line_height=line,
            borders_layout="HORIZONTAL_LINES",
            headings_style=FontFace(emphasis="BOLD", fill_color=(236, 240, 243)),
            padding=(0.9, 1.6, 0.9, 0.6),
            first_row_as_headings=True,
            repeat_headings=1 if self.breaks else 0,
        ) as table:
            head = table.row()
            for name in grid.heads:
                head.cell(_clean(name))
            for row in grid.rows:
                for part in self._parts(row, inner, line, lines_of):
                    made = table.row()
                    for place, (said, link) in enumerate(part):
                        bold = FontFace(emphasis="BOLD") if place == 0 else None
                        made.cell(said, link=link or None, style=bold)
        self.gap(0.7)

    def _guess(self, row: Sequence[Text], widths: Sequence[float], line: float, share: float) -> float:
        letter = self.size * share * _MM_PER_PT * 0.6
        return max(-(-len(plain(cell)) * letter // width) for cell, width in zip(row, widths, strict=True)) * line + 1.8

    def _parts(
        self, row: Sequence[Text], widths: Sequence[float], line: float, lines_of: Any
    ) -> Iterable[list[tuple[str, str]]]:
        """A row as it is; one that is taller than most of a page as several rows under each other."""
        cells = [(_clean(plain(cell)), _only_link(cell)) for cell in row]
        most = int(150 / line) if self.breaks else 10_000
        if all(len(said) * self.size * 0.12 < width * most for (said, _), width in zip(cells, widths, strict=True)):
            return [cells]
        broken = [
            lines_of(said, width, "B" if place == 0 else "")
            for place, ((said, _), width) in enumerate(zip(cells, widths, strict=True))
        ]
        tall = max(len(lines) for lines in broken)
        return [
            [(" ".join(lines[start : start + most]), link) for lines, (_, link) in zip(broken, cells, strict=True)]
            for start in range(0, tall, most)
        ]

    def _size(self, drawing: Drawing) -> tuple[float, float]:
        """Width and height of a drawing [mm]: as wide as the text, or as high as there is room."""
        pdf = self.pdf
        wide, high = shape(drawing.svg)
        room = (pdf.w - pdf.l_margin - pdf.r_margin) * drawing.width
        most = pdf.h - pdf.t_margin - pdf.b_margin - self.line * 5
        if not self.breaks:
            below = self.line * (2.6 if drawing.caption else 0.6)
            most = max(_LEAST_DRAWING, pdf.h - _SLIDE_BOTTOM - pdf.get_y() - below)
        width = min(room, most * wide / high)
        return width, width * high / wide

    def _drawing(self, drawing: Drawing) -> None:
        pdf = self.pdf
        width, height = self._size(drawing)
        self.room_for(height + self.line * (2.5 if drawing.caption else 0.5))
        svg = standalone(drawing.svg).replace(CHART_FONT, _FONT)
        svg = "".join(sign if sign.isascii() else _clean(sign) for sign in svg)
        if self.trial:
            pdf.set_y(pdf.get_y() + height)
        else:
            pdf.image(io.BytesIO(svg.encode()), w=width, alt_text=_clean(drawing.words))
        if drawing.caption:
            self.text(drawing.caption, 0.82, _SOFT)
        self.gap(0.5)

    def _write_here(self, block: WriteHere) -> None:
        step = 8.2
        self.room_for(self.line + step * min(block.lines, 4))
        self.text(block.label, style="B")
        for _ in range(block.lines):
            self.room_for(step)
            y = self.pdf.get_y() + step
            self.pdf.set_draw_color(*_SOFT)
            self.pdf.line(self.pdf.l_margin, y, self.pdf.w - self.pdf.r_margin, y)
            self.pdf.set_y(y)
        self.pdf.set_draw_color(*_RULE)
        self.gap(0.9)


def _only_link(cell: Text) -> str:
    """The address of a cell that holds nothing but one link."""
    held = runs(cell)
    return held[0].url if len(held) == 1 else ""


def _mark(pdf: Any, size: float, x: float, y: float) -> float:
    """A small framed FICTIONAL; returns where it ends."""
    pdf.set_font(_FONT, "B", size)
    pdf.set_text_color(*_INK)
    wide = pdf.get_string_width("FICTIONAL") + 3
    pdf.set_draw_color(*_VERMILLION)
    pdf.set_line_width(0.5)
    pdf.rect(x, y, wide, size * _MM_PER_PT * 1.55)
    pdf.set_line_width(0.2)
    pdf.set_draw_color(*_RULE)
    pdf.text(x + 1.5, y + size * _MM_PER_PT * 1.12, "FICTIONAL")
    return float(x + wide)


def document(made: Document, day: date) -> bytes:
    """Print a document as PDF.

    Parameters
    ----------
    made : Document
        What to print.
    day : date
        The day that the file carries as its date.
    """
    pdf: Any = _new("portrait", title=f"{made.name}: {made.title}", subject=made.mark, day=day)

    def header() -> None:
        pdf.set_y(9)
        x = _mark(pdf, 7.5, pdf.l_margin, 8.6) + 2.5 if made.fictional else pdf.l_margin
        pdf.set_font(_FONT, "", 7.5)
        pdf.set_text_color(*_SOFT)
        pdf.text(x, 11.6, _clean(_cut(pdf, f"{made.name} \N{MIDDLE DOT} {made.title}", 150)))
        pdf.set_y(pdf.t_margin)

    def footer() -> None:
        pdf.set_y(-15)
        pdf.line(pdf.l_margin, pdf.get_y(), pdf.w - pdf.r_margin, pdf.get_y())
        pdf.set_y(-13.6)
        pdf.set_font(_FONT, "", 7)
        pdf.set_text_color(*_SOFT)
        pdf.cell(0, 3.6, NOTICE, new_x="LMARGIN", new_y="NEXT")
        pdf.cell(140, 3.6, _clean(_cut(pdf, made.versions, 138)))
        pdf.cell(0, 3.6, f"page {pdf.page_no()} of {_PAGES}", align="R")

    pdf.header, pdf.footer = header, footer
    pdf.set_margins(18, 18, 18)
    pdf.set_auto_page_break(True, 20)
    pdf.add_page()
    printer = _Printer(pdf, 10, breaks=True)
    printer.text(made.name, 0.95, _SOFT)
    printer.text(made.title, 1.75, _INK, "B")
    printer.gap(0.3)
    if made.fictional:
        pdf.set_y(_framed(printer, made.mark))
    else:
        printer.text(made.mark, 0.92, _SOFT)
    printer.gap(0.45)
    printer.text(" \N{MIDDLE DOT} ".join(f"{name} {value}" for name, value in made.imprint), 0.84, _SOFT)
    printer.gap(0.5)
    printer.blocks(made.blocks)
    return bytes(pdf.output())


def _framed(printer: _Printer, words: str) -> float:
    pdf = printer.pdf
    top = pdf.get_y()
    printer.aside(2.5)
    pdf.set_y(top + 1.2)
    printer.text(words, 0.95, _INK, "B")
    printer.aside(-2.5)
    bottom = pdf.get_y() + 1.0
    pdf.set_draw_color(*_VERMILLION)
    pdf.set_line_width(0.6)
    pdf.rect(pdf.l_margin, top, pdf.w - pdf.l_margin - pdf.r_margin, bottom - top)
    pdf.set_line_width(0.2)
    pdf.set_draw_color(*_RULE)
    return float(bottom)


def _cut(pdf: Any, text: str, most: float) -> str:
    text = _clean(text)
    if pdf.get_string_width(text) <= most:
        return text
    while text and pdf.get_string_width(text + "\N{HORIZONTAL ELLIPSIS}") > most:
        text = text[:-1]
    return text.rstrip() + "\N{HORIZONTAL ELLIPSIS}"


# --- slides --------------------------------------------------------------------------------------------------------


def _slide(pdf: Any, slide: Slide, share: float, *, trial: bool = False) -> float:
    """Set one slide and return where its text ends [mm]."""
    pdf.set_margins(20, _SLIDE_TOP, 16)
    pdf.set_xy(pdf.l_margin, _SLIDE_TOP)
    head = _Printer(pdf, _SLIDE_SIZE, breaks=False)
    if slide.kind == "title":
        pdf.set_y(52)
        head.text(slide.title, 1.75, _INK, "B")
        head.gap(0.6)
    else:
        if slide.over:
            head.text(slide.over, 0.68, _SOFT)
        head.text(slide.title, 1.3, _INK, "B")
        head.gap(0.3)
    body = _Printer(pdf, _SLIDE_SIZE * share, breaks=False, trial=trial)
    body.blocks(slide.blocks)
    return float(pdf.get_y())


def _share(trial: Any, slide: Slide) -> float:
    """The largest size of letters, as a share of the usual, at which a slide fits."""
    share, room = _LARGEST, trial.h - _SLIDE_BOTTOM
    while share > _SMALLEST:
        trial.add_page()
        end = _slide(trial, slide, share, trial=True)
        if end <= room:
            break
        # Larger letters take more lines as well as higher ones, so height grows with the square.
        share = min(share - 0.03, share * (room / end) ** 0.5)
    return max(share, _SMALLEST)


def slides(deck: Deck, day: date) -> bytes:
    """Print slides as PDF, A4 landscape; what has been revealed stands on a slide of its own.

    Parameters
    ----------
    deck : Deck
        What to print.
    day : date
        The day that the file carries as its date.
    """
    pdf: Any = _new("landscape", title=deck.name, subject=deck.mark, day=day)
    trial: Any = _new("landscape", title="", subject="", day=day)
    for one in (pdf, trial):
        one.set_auto_page_break(False)
    shares = [_share(trial, slide) for slide in deck.slides]
    # Parts of one slide have letters of one size.
    for place in range(len(shares) - 1, 0, -1):
        if deck.slides[place].part > 1:
            shares[place - 1] = min(shares[place - 1 : place + 1])
    for place in range(1, len(shares)):
        if deck.slides[place].part > 1:
            shares[place] = shares[place - 1]
    for place, (slide, share) in enumerate(zip(deck.slides, shares, strict=True), start=1):
        pdf.add_page()
        pdf.start_section(_clean(slide.title), strict=False)
        pdf.set_fill_color(*_BANDS.get(slide.kind, _BLUE))
        pdf.rect(0, 0, 5, pdf.h, style="F")
        pdf.set_fill_color(255)
        if slide.kind in _TAGS:
            pdf.set_font(_FONT, "", 9)
            pdf.set_text_color(*_SOFT)
            pdf.text(pdf.w - 16 - pdf.get_string_width(_TAGS[slide.kind]), _SLIDE_TOP - 2.5, _TAGS[slide.kind])
        _slide(pdf, slide, share)
        _slide_foot(pdf, deck, place)
    return bytes(pdf.output())


def _slide_foot(pdf: Any, deck: Deck, place: int) -> None:
    y = pdf.h - 9.5
    x = _mark(pdf, 8, 20, y) + 3 if deck.fictional else 20.0
    pdf.set_font(_FONT, "", 8)
    pdf.set_text_color(*_SOFT)
    pdf.text(x, y + 3.2, NOTICE)
    where = f"{place} / {len(deck.slides)}"
    pdf.text(pdf.w - 16 - pdf.get_string_width(where), y + 3.2, where)
    pdf.set_margins(20, _SLIDE_TOP, 16)
