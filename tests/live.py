"""What a browser does with an explorer, for tests that have none: it enters, it fills slots, and it reads words."""

from __future__ import annotations

import html as entities
import json
import re
from collections.abc import Iterable, Sequence
from html.parser import HTMLParser
from typing import Any

from namlib.table import html as escaped
from namlib.view.slots import STATES, Page

VOID = ("area", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr")


def enter(explorer: Any, **inputs: Any) -> dict[str, Any]:
    """Set controls as a reader would, and return the frame that answers; it can always be sent."""
    explorer.inputs = {**explorer.inputs, **inputs, "seq": explorer.inputs["seq"] + 1}
    frame: dict[str, Any] = explorer.frame
    json.dumps(frame, allow_nan=False)
    return frame


def sent_by(explorer: Any) -> list[dict[str, Any]]:
    """Collect from now on what the explorer sends."""
    messages: list[dict[str, Any]] = []
    explorer.send = messages.append
    return messages


def weight(message: dict[str, Any]) -> int:
    """Bytes a message takes as JSON."""
    return len(json.dumps(message, separators=(",", ":")).encode())


def others(explorer: Any, slider: str) -> str:
    """The inputs that a set of frames depends on, as the browser writes them: all but the slider they run over."""
    held = {name: value for name, value in explorer.inputs.items() if name not in ("seq", "selected", slider)}
    return json.dumps(sorted([name, value] for name, value in held.items()), separators=(",", ":"))


def unpack(column: Any, index: int) -> str:
    """Read one slot of a set of frames at one step of the slider."""
    if isinstance(column, str):
        return column
    return str(column[0][index] if len(column) == 1 else column[0][column[1][index]])


def words(markup: str) -> str:
    """The words of a page, without its tags."""
    return entities.unescape(re.sub(r"<[^>]+>", " ", markup))


class _Slots(HTMLParser):
    """Finds every place that ``slotsOf`` in part.js binds, as a stretch of the page."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self._lines = [0, *(found.end() for found in re.finditer("\n", markup))]
        self._open: list[tuple[str, tuple[int, int, str] | None]] = []
        # Where a value stands: from, to, slot, and whether as text, as markup, as an attribute, or as a state letter.
        self.places: list[tuple[int, int, int, str]] = []
        self.feed(markup)
        self.close()
        assert not self._open, f"never closed: {self._open}"

    def _here(self) -> int:
        line, column = self.getpos()
        return self._lines[line - 1] + column

    def _attribute(self, name: str, slot: int, how: str) -> None:
        tag = self.get_starttag_text() or ""
        found = re.search(rf'\s{re.escape(name)}="([^"]*)"', tag)
        assert found, f"slot {slot} sets {name}, which {tag} does not have"
        self.places.append((self._here() + found.start(1), self._here() + found.end(1), slot, how))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        held = dict(attrs)
        assert "data-t" not in held and "data-h" not in held, f"<{tag}/> has no room for a value"
        for pair in (held.get("data-a") or "").split():
            name, slot = pair.split(":")
            self._attribute(name, int(slot), "attribute")
        if "data-m" in held:
            slot, place = str(held["data-m"]).split(":")
            self._attribute("aria-describedby", int(slot), place)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        held = dict(attrs)
        self.handle_startendtag(tag, [pair for pair in attrs if pair[0] not in ("data-t", "data-h")])
        if tag in VOID:
            return
        begin = self._here() + len(self.get_starttag_text() or "")
        kind = next((kind for kind in ("t", "h") if f"data-{kind}" in held), None)
        self._open.append((tag, None if kind is None else (begin, int(str(held[f"data-{kind}"])), kind)))

    def handle_endtag(self, tag: str) -> None:
        opened, slot = self._open.pop()
        assert opened == tag, f"</{tag}> closes <{opened}>"
        if slot is not None:
            self.places.append((slot[0], self._here(), slot[1], "text" if slot[2] == "t" else "markup"))


def filled(markup: str, values: Sequence[str], phrases: Iterable[str] = ()) -> tuple[str, set[int]]:
    """Put slot values into a page as the browser would; return the page, and which slots have a place in it."""
    held = list(phrases)
    parts, reached = [], 0
    places = sorted(_Slots(markup).places)
    for begin, end, slot, how in places:
        assert begin >= reached, f"slot {slot} stands inside another slot"
        whole = re.sub("\x01(\\d+);", lambda found: held[int(found[1])], values[slot])
        put = whole if how == "markup" else escaped(whole) if how in ("text", "attribute") else STATES[whole[int(how)]]
        parts += [markup[reached:begin], str(put)]
        reached = end
    return "".join([*parts, markup[reached:]]), {slot for _, _, slot, _ in places}


def assert_stands_in_its_page(page: Page, phrases: Iterable[str] = ()) -> None:
    """Every value has a place, and the page already holds it there."""
    markup, bound = filled(page.html, page.values, phrases)
    assert bound == set(range(len(page.values))), "a slot is nowhere in the page"
    assert markup == page.html


def assert_live_is_as_from_scratch(explorer: Any, from_scratch: Any) -> None:
    """The page that was drawn first, filled with what came since, is the page another explorer starts with."""
    name = explorer.frame["page"]
    live, _ = filled(explorer.pages[name], explorer.frame["values"], explorer.phrases)
    assert live == explorer.page.html == from_scratch.page.html
