"""An Anki deck, written with genanki. A note keeps its identity for good, so that importing an edited deck updates it.

Anki knows a note by its guid, which is made from the id of the item and from nothing else, and takes an imported note
over its own when the imported one is newer. Newer is said by the revision of the item, never by a clock: the same bank
gives the same bytes.
"""

from __future__ import annotations

import tempfile
from itertools import groupby
from pathlib import Path
from typing import Any

from namlib.export.questions.archive import fixed
from namlib.export.questions.sheet import Sheet, places
from namlib.table import html

# Fixed for good: Anki would take any other number for another deck, or another kind of note.
_DECKS = 1_774_000_000_000
_MODEL = 1_774_000_000_100
# The time of revision 0, in seconds since 1970; every revision counts as one day more.
_REVISION_0 = 1_767_225_600
_DAY = 86_400
FIELDS = ("Id", "Notebook", "Stem", "Options", "Answer", "Feedback", "Takeaway", "Sources")
_FRONT = '<div class="where">{{Notebook}}</div>{{Stem}}{{Options}}'
_BACK = (
    '{{FrontSide}}<hr id="answer"><p class="key"><b>Answer:</b> {{Answer}}</p>{{Feedback}}'
    '<p><b>{{Takeaway}}</b></p><p class="where">Sources: {{Sources}}<br>For learning, not for care.</p>'
)
_STYLE = (
    ".card{font-family:sans-serif;font-size:18px;text-align:left;max-width:42em;margin:0 auto}"
    ".where{font-size:13px;opacity:.75}.right{font-weight:600}"
)


def write(sheets: list[Sheet]) -> tuple[bytes, list[str]]:
    """Write one deck for each notebook, all below one name."""
    import genanki

    class Note(genanki.Note):  # type: ignore[misc]
        """A note whose time is its revision."""

        revision = 1

        def write_to_db(self, cursor: Any, timestamp: float, deck_id: int, id_gen: Any) -> None:
            super().write_to_db(cursor, _REVISION_0 + self.revision * _DAY, deck_id, id_gen)

    model = genanki.Model(
        _MODEL,
        "IMNM course item",
        fields=[{"name": name} for name in FIELDS],
        templates=[{"name": "Item", "qfmt": _FRONT, "afmt": _BACK}],
        css=_STYLE,
    )
    decks = []
    for notebook, group in groupby(sheets, key=lambda sheet: sheet.notebook):
        deck = genanki.Deck(_DECKS + int(notebook[:2]), f"IMNM course::{notebook}")
        for sheet in group:
            note = Note(
                model=model,
                fields=_fields(sheet),
                guid=genanki.guid_for("namlib item bank", sheet.id),
                tags=[f"IMNM::{tag}" for tag in sheet.tags],
            )
            note.revision = sheet.revision
            deck.add_note(note)
        decks.append(deck)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "deck.apkg"
        genanki.Package(decks).write_to_file(str(path), timestamp=_REVISION_0)
        archive = path.read_bytes()
    lost = [
        "answering: an Anki card is turned over and marked by the learner, so choices are shown and not checked",
        "shuffling: the options stand in the order of the bank",
        "notes the learner has changed: Anki keeps the newer version, which is then the learner's",
        "items taken out of the bank: Anki keeps their notes until the learner deletes them",
    ]
    slips = [sheet for sheet in sheets if sheet.number is not None and sheet.number.slips]
    if slips:
        lost.append(
            f"which wrong numbers lead to which feedback ({', '.join(places(slips))}): all of it is shown on the back"
        )
    return fixed(archive), lost


def _fields(sheet: Sheet) -> list[str]:
    options = "".join(f"<li>{html(option.text)}</li>" for option in sheet.options)
    if sheet.number is not None:
        held = sheet.number
        said = [("right", held.feedback), *(("wrong", slip.feedback) for slip in held.slips), ("wrong", held.otherwise)]
    else:
        said = [("right" if option.id in sheet.key else "wrong", option.feedback) for option in sheet.options]
    marks = {"right": "\u2713", "wrong": "\u2717"}
    feedback = "".join(f'<li class="{verdict}">{marks[verdict]} {html(text)}</li>' for verdict, text in said)
    list_of = "ul" if sheet.number is not None else 'ol type="A"'
    closing = "; ".join(
        f'<a href="{html(source.address)}">{html(source.label)}</a>' if source.address else str(html(source.label))
        for source in sheet.sources
    )
    return [
        sheet.id,
        str(html(sheet.notebook)),
        sheet.stem_html,
        f'<ol type="A">{options}</ol>' if options else "",
        str(html(sheet.answer)),
        f"<{list_of}>{feedback}</{list_of[:2]}>",
        str(html(sheet.takeaway)),
        closing,
    ]
