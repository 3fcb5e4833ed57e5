"""Blocks to read and a form to answer: the shared half, in Python, of case discussions and quizzes.

What the browser holds is what was revealed and nothing else: ``page`` carries finished blocks of HTML and the fields of
the one form that is open now. Answers come back through ``sent``; :class:`Form` hands them on and shows what follows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import traitlets

from namlib import store
from namlib.frozen import frozen
from namlib.records import Refused
from namlib.table import html
from namlib.widgets.part import Part

NOTICE = (
    "For learning. Patients are fictional and their numbers invented; what is said of the disease names its source. "
    "It is not advice for a patient."
)
NO_KERNEL = "Run this cell in a notebook to answer; answers are kept on your machine."
STALE = "That form was answered already; what is open now is shown below."
_LONGEST_TEXT = 20_000


class Rejected(ValueError):
    """What was entered was not accepted. ``errors`` has a reason for each field."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__("; ".join(errors.values()))
        self.errors = dict(errors)


@frozen
class Block:
    """One piece of the page: an id that stays, and finished HTML whose first heading says what it is."""

    id: str
    html: str


@frozen
class Option:
    """One option of a field: what is sent, what is read, a remark in small print, and the group it stands in."""

    value: str
    label: str
    note: str = ""
    group: str = ""


def _field(kind: str, name: str, label: str, *, help: str = "", required: bool = True, **rest: Any) -> dict[str, Any]:
    return {"kind": kind, "name": name, "label": label, "help": help, "required": required, **rest}


def _laid_out(options: Iterable[Option]) -> list[dict[str, str]]:
    return [
        {"value": option.value, "label": option.label, "note": option.note, "group": option.group} for option in options
    ]


def radio_field(
    name: str, label: str, options: Iterable[Option], *, help: str = "", required: bool = True
) -> dict[str, Any]:
    """Describe a choice of one; its value is the option's."""
    return _field("radio", name, label, help=help, required=required, options=_laid_out(options))


def checks_field(
    name: str,
    label: str,
    options: Iterable[Option],
    *,
    most: int | None = None,
    help: str = "",
    required: bool = True,
) -> dict[str, Any]:
    """Describe a choice of several; its value is a list of options in the order in which they stand."""
    return _field("checks", name, label, help=help, required=required, options=_laid_out(options), most=most)


def rank_field(
    name: str, label: str, options: Iterable[Option], *, most: int | None = None, help: str = ""
) -> dict[str, Any]:
    """Describe a ranking by buttons; its value is a list of options, the first on top."""
    return _field("rank", name, label, help=help, options=_laid_out(options), most=most)


def text_field(name: str, label: str, *, rows: int = 4, help: str = "", required: bool = True) -> dict[str, Any]:
    """Describe a box for free text."""
    return _field("text", name, label, help=help, required=required, rows=rows, longest=_LONGEST_TEXT)


def number_field(name: str, label: str, unit: str = "", *, help: str = "", required: bool = True) -> dict[str, Any]:
    """Describe a box for a number; its value is the text that was typed."""
    return _field("number", name, label, help=help, required=required, unit=unit)


def range_field(
    name: str,
    label: str,
    low: float,
    high: float,
    step: float,
    unit: str = "",
    *,
    help: str = "",
    required: bool = True,
) -> dict[str, Any]:
    """Describe a slider that holds nothing until it is moved; its value is text."""
    return _field("range", name, label, help=help, required=required, low=low, high=high, step=step, unit=unit)


def form(
    name: str, heading: str, fields: Sequence[Mapping[str, Any]], *, submit: str = "Commit", intro: str = ""
) -> dict[str, Any]:
    """Describe a form: an id, a heading, plain words before the fields, the fields, and the label of its button."""
    return {
        "id": name,
        "heading": heading,
        "intro": intro,
        "fields": [dict(field) for field in fields],
        "submit": submit,
    }


def action(name: str, label: str, *, confirm: str = "") -> dict[str, str]:
    """Describe a button beside the form; with ``confirm`` it asks that question first."""
    return {"name": name, "label": label, "confirm": confirm}


def read_values(fields: Iterable[Mapping[str, Any]], values: Mapping[str, Any]) -> dict[str, Any]:
    """Read what a form sent: only its own fields, only options it offered, nothing missing.

    Parameters
    ----------
    fields : iterable of mapping
        As the functions of this module describe them.
    values : mapping
        What was sent, by name of field.

    Raises
    ------
    Rejected
        With a reason for every field that cannot be accepted.

    Examples
    --------
    >>> asked = [radio_field("q", "Which?", [Option("a", "A"), Option("b", "B")])]
    >>> read_values(asked, {"q": "a"})
    {'q': 'a'}
    >>> read_values(asked, {"q": "z"})
    Traceback (most recent call last):
    namlib.widgets.form.Rejected: Which?: 'z' is not one of the options
    """
    held: dict[str, Any] = {}
    errors: dict[str, str] = {}
    for field in fields:
        try:
            held[field["name"]] = _READERS[field["kind"]](field, values.get(field["name"]))
        except Refused as refused:
            errors[field["name"]] = f"{field['label']}: {refused.reason}"
    if errors:
        raise Rejected(errors)
    return held


def _one(field: Mapping[str, Any], value: object) -> str:
    if value in (None, ""):
        if field["required"]:
            raise Refused(field["name"], "choose one")
        return ""
    offered = [option["value"] for option in field["options"]]
    if not isinstance(value, str) or value not in offered:
        raise Refused(field["name"], f"{str(value)[:40]!r} is not one of the options")
    return value


def _many(field: Mapping[str, Any], value: object) -> list[str]:
    chosen = value if isinstance(value, list | tuple) else [] if value in (None, "") else [value]
    offered = [option["value"] for option in field["options"]]
    for one in chosen:
        if not isinstance(one, str) or one not in offered:
            raise Refused(field["name"], f"{str(one)[:40]!r} is not one of the options")
    if len(set(chosen)) != len(chosen):
        raise Refused(field["name"], "holds one option twice")
    if field["required"] and not chosen:
        raise Refused(field["name"], "choose at least one")
    if field.get("most") and len(chosen) > field["most"]:
        raise Refused(field["name"], f"at most {field['most']}, and {len(chosen)} were chosen")
    return [str(one) for one in chosen] if field["kind"] == "rank" else [one for one in offered if one in chosen]


def _text(field: Mapping[str, Any], value: object) -> str:
    text = "" if value is None else value
    if not isinstance(text, str):
        raise Refused(field["name"], "is not text")
    if field["required"] and not text.strip():
        raise Refused(field["name"], "is blank")
    if len(text) > _LONGEST_TEXT:
        raise Refused(field["name"], f"is longer than {_LONGEST_TEXT} characters")
    # Half a character can be typed into a page but not kept; a whole one is untouched.
    return text.encode("utf-8", "replace").decode("utf-8").replace("\r\n", "\n").strip()


def _typed(field: Mapping[str, Any], value: object) -> str:
    return _text(field, f"{value:g}" if isinstance(value, float | int) and not isinstance(value, bool) else value)


def _within(field: Mapping[str, Any], value: object) -> str:
    text = _typed({**field, "required": False}, value)
    if not text:
        if field["required"]:
            raise Refused(field["name"], "move the slider to answer")
        return ""
    try:
        number = float(text)
    except ValueError:
        raise Refused(field["name"], f"{text[:40]!r} is not a number") from None
    if not field["low"] <= number <= field["high"]:
        raise Refused(field["name"], f"{number:g} is not between {field['low']:g} and {field['high']:g}")
    return f"{number:g}"


_READERS: dict[str, Callable[[Mapping[str, Any], object], Any]] = {
    "radio": _one,
    "checks": _many,
    "rank": _many,
    "text": _text,
    "number": _typed,
    "range": _within,
}


class Form(Part):
    """Blocks that were revealed, and the form that is open now.

    A subclass says what is on the page (:meth:`revealed`, :meth:`asked`) and what to do with an answer (:meth:`take`).
    """

    _anywidget_id = traitlets.Unicode("namlib.widgets.form.Form").tag(sync=True)
    _esm = traitlets.Unicode(store.browser_part("form.js")).tag(sync=True)
    _css = traitlets.Unicode(store.browser_part("part.css") + store.browser_part("form.css")).tag(sync=True)

    notice = traitlets.Unicode(NOTICE).tag(sync=True)
    page = traitlets.Dict().tag(sync=True)
    # What the browser sends is not sent back to it: the answer is the page.
    sent = traitlets.Dict().tag(sync=True, echo_update=False)

    def __init__(self, **traits: Any) -> None:
        self._seq = 0
        super().__init__(**traits)
        self._show("")
        self.observe(self._on_sent, "sent")

    # --- what a subclass says

    def revealed(self) -> Sequence[Block]:
        """Every block that may be read now, in order."""
        raise NotImplementedError

    def asked(self) -> dict[str, Any] | None:
        """The form that is open now, as :func:`form` describes it; None when there is nothing left to answer."""
        raise NotImplementedError

    def take(self, name: str, values: dict[str, Any]) -> str:
        """Take a whole and valid answer to the form of that id, keep it, and return what to say of it.

        Raises
        ------
        Rejected
            If the answer cannot be accepted after all.
        """
        raise NotImplementedError

    def act(self, name: str) -> str:
        """Do what a button beside the form asks for, and return what to say of it."""
        raise NotImplementedError

    def actions(self) -> Sequence[dict[str, str]]:
        """The buttons beside the form, as :func:`action` describes them."""
        return ()

    def files(self) -> Mapping[str, Callable[[], str]]:
        """What may be downloaded: names of files, and how each is written when it is asked for."""
        return {}

    def drafted(self, name: str, values: dict[str, Any]) -> None:
        """Keep what was entered and not yet committed; by default nothing is kept."""

    def draft(self, name: str) -> Mapping[str, Any]:
        """Return what was entered earlier and not committed, to begin with."""
        return {}

    def trouble(self) -> str:
        """Why answers are not kept, in words; blank while all is well."""
        return ""

    def notes(self) -> Sequence[str]:
        """What else the learner should know of earlier answers."""
        return ()

    # --- what happens

    def answer(self, **values: Any) -> str:
        """Answer the open form as a reader would by hand, and return what is then said.

        Parameters
        ----------
        **values
            By name of field.

        Raises
        ------
        Rejected
            With a reason for every field that was not accepted; nothing is kept then.
        """
        asked = self.asked()
        if asked is None:
            raise Rejected({"": "there is nothing left to answer"})
        known = [field["name"] for field in asked["fields"]]
        unknown = {name: f"{name[:40]!r} is not asked; asked: {', '.join(known) or 'nothing'}" for name in values}
        for name in known:
            unknown.pop(name, None)
        if unknown:
            raise Rejected(unknown)
        said = self.take(asked["id"], read_values(asked["fields"], values))
        self._show(said)
        return said

    def _on_sent(self, change: Any) -> None:
        message = change.new
        kind, name = message.get("kind"), message.get("form")
        values = message.get("values")
        values = values if isinstance(values, dict) else {}
        asked = self.asked()
        if kind == "draft":
            if asked is not None and asked["id"] == name:
                self.drafted(asked["id"], _entered(asked["fields"], values))
        elif kind == "submit":
            if asked is None or asked["id"] != name:
                self._show(STALE)
                return
            try:
                said = self.take(asked["id"], read_values(asked["fields"], values))
            except Rejected as rejected:
                self._show(str(rejected), errors=rejected.errors)
                return
            self._show(said)
        elif kind == "action" and message.get("name") in [one["name"] for one in self.actions()]:
            self._show(self.act(message["name"]))
        elif kind == "file" and message.get("name") in self.files():
            # Only the view that asked makes a file of it; the same widget may be shown twice.
            text = self.files()[message["name"]]()
            self.send({"file": message["name"], "text": text, "view": message.get("view")})

    def _show(self, said: str, *, errors: Mapping[str, str] | None = None) -> None:
        """Send the page as it is now."""
        self._seq += 1
        asked = self.asked()
        self.page = {
            "seq": self._seq,
            "blocks": [{"id": block.id, "html": block.html} for block in self.revealed()],
            "form": asked,
            "draft": dict(self.draft(asked["id"])) if asked is not None else {},
            "actions": [dict(one) for one in self.actions()],
            "files": list(self.files()),
            "said": said,
            "errors": dict(errors or {}),
            "trouble": self.trouble(),
            "notes": list(self.notes()),
        }

    def _repr_mimebundle_(self, **options: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """Add what was revealed as HTML, so that a page without a kernel loses only the form."""
        bundle = super()._repr_mimebundle_(**options)
        data, metadata = bundle if isinstance(bundle, tuple) else (bundle or {}, {})
        return {**data, "text/html": self.still(), "text/plain": repr(self)}, metadata

    def still(self) -> str:
        """The page without its form."""
        asked = self.asked()
        waiting = (
            f"<p><b>{html(asked['heading'])}</b> {html(asked['intro'])}</p><p>{html(NO_KERNEL)}</p>" if asked else ""
        )
        blocks = "".join(f"<section>{block.html}</section>" for block in self.revealed())
        return f'<div class="nam-explorer"><p class="nam-notice">{html(self.notice)}</p>{blocks}{waiting}</div>'


def _entered(fields: Iterable[Mapping[str, Any]], values: Mapping[str, Any]) -> dict[str, Any]:
    """Keep of a draft what its fields could hold; a draft may be incomplete and is not judged."""
    kept: dict[str, Any] = {}
    for field in fields:
        try:
            kept[field["name"]] = _READERS[field["kind"]](
                {**field, "required": False, "most": None}, values.get(field["name"])
            )
        except Refused:
            continue
    return kept
