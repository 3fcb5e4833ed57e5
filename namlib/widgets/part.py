"""The shared half of all explorers in Python: inputs come in as one trait, one frame goes out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from namlib.model.findings import FIELDS, read
from namlib.model.rules import drug_words
from namlib.records import Refused
from namlib.view.slots import Page

NOTICE = (
    "For learning. What is shown is what sources state, for the people they studied; it is not advice for a patient. "
    "Enter only fictional patients."
)


def number_control(name: str, slider: tuple[float, float, float]) -> dict[str, Any]:
    """Describe a number box with a slider beside it."""
    field = FIELDS[name]
    words = f"{field.low:g} to {field.high:g}; blank means not known."
    return {"name": name, "kind": "number", "label": field.label, "unit": field.unit, "range": slider, "help": words}


_SAID = {"not_tested": "not tested", "not_reported": "not reported", "not_done": "not done", "": "not known"}


def choice_control(name: str) -> dict[str, Any]:
    """Describe a selector for a finding; the first option is always "not known"."""
    field = FIELDS[name]
    values = ("yes", "no") if field.kind == "yes_no" else field.choices
    kind = "set" if field.kind == "set" else "choice"
    options = [
        (value, _SAID.get(value) or drug_words(value)) for value in (("",) if kind == "choice" else ()) + tuple(values)
    ]
    return {"name": name, "kind": kind, "label": field.label, "options": options, "help": field.counts}


def group_control(label: str, *, open_: bool = False) -> dict[str, Any]:
    """Describe a heading under which the controls that follow can be folded away."""
    return {"kind": "group", "label": label, "open": open_}


_YES_NO = {"yes": True, "no": False}


def read_inputs(inputs: Mapping[str, Any], names: Any) -> tuple[dict[str, Any], dict[str, str]]:
    """Read what the controls hold.

    A blank control is "not known". Everything else goes through the same reader as ``nam.Patient``.

    Returns
    -------
    (answers, errors)
        Values by field, and the reason for each field that was refused.
    """
    answers: dict[str, Any] = {}
    errors: dict[str, str] = {}
    for name in names:
        raw = inputs.get(name)
        if raw is None or (isinstance(raw, str) and not raw.strip()) or raw == []:
            continue
        if FIELDS[name].kind == "yes_no" and isinstance(raw, str):
            raw = _YES_NO.get(raw, raw)
        try:
            answers[name] = read(name, raw)
        except Refused as refused:
            errors[name] = f"{FIELDS[name].label}: {refused.reason}"
    return answers, errors


class Explorer(anywidget.AnyWidget):
    """Controls, one model call, one page.

    A subclass says which controls there are and, in :meth:`show`, turns inputs into a page. State lives in ``inputs``.
    When an input is refused the last good page stays, greyed, with the reason beside the control.
    """

    _esm = Path(__file__).parent / "part.js"
    _css = Path(__file__).parent / "part.css"

    title = traitlets.Unicode("").tag(sync=True)
    notice = traitlets.Unicode(NOTICE).tag(sync=True)
    controls: traitlets.List[Any] = traitlets.List().tag(sync=True)
    pages = traitlets.Dict().tag(sync=True)
    phrases: traitlets.List[str] = traitlets.List().tag(sync=True)
    inputs = traitlets.Dict().tag(sync=True)
    frame = traitlets.Dict()  # sent by get_state as a whole, and then as what has changed; see _refresh
    frames = traitlets.Dict().tag(sync=True)
    frames_for = traitlets.Unicode("").tag(sync=True)
    use_frames = traitlets.Bool(True).tag(sync=True)
    want = traitlets.Unicode("").tag(sync=True)

    def __init__(self, **traits: Any) -> None:
        self._shown: Page | None = None
        self._page_name = ""
        super().__init__(**traits)
        self._refresh()

    def show(self, inputs: Mapping[str, Any]) -> tuple[str, Page, dict[str, str]]:
        """Turn inputs into ``(name of the page, page, errors)``; the page is only used when there is no error."""
        raise NotImplementedError

    def _refresh(self) -> None:
        name, page, errors = self.show(self.inputs)
        if not errors:
            self._page_name, self._shown = name, page
        assert self._shown is not None, "an explorer starts from inputs that are accepted"
        before, values = self.frame, list(self._shown.values)
        frame = {"seq": self.inputs.get("seq", 0), "page": self._page_name, "errors": errors}
        self.frame = {**frame, "values": values}
        # Most slots stay as they are, so only what changed goes out: an update weighs little and the page keeps still.
        known = before.get("values", []) if before.get("page") == self._page_name else []
        changed = {i: value for i, value in enumerate(values) if i >= len(known) or known[i] != value}
        self.send({**frame, "changed": changed})

    def get_state(self, key: Any = None, drop_defaults: bool = False) -> dict[str, Any]:
        """Return the state for a browser that sees this explorer for the first time: the whole frame belongs to it."""
        state: dict[str, Any] = super().get_state(key, drop_defaults)
        return {**state, "frame": self.frame} if key is None else state

    @traitlets.observe("inputs")
    def _on_inputs(self, _change: Any) -> None:
        if self._shown is not None:
            self._refresh()

    @property
    def page(self) -> Page:
        """The page on show."""
        assert self._shown is not None
        return self._shown

    def _repr_mimebundle_(self, **options: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """Add the page as HTML and its words as text, so that a page without a kernel loses only the interaction."""
        bundle = super()._repr_mimebundle_(**options)
        data, metadata = bundle if isinstance(bundle, tuple) else (bundle or {}, {})
        return {**data, "text/html": self.page.html, "text/plain": repr(self)}, metadata
