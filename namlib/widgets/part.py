"""The shared half of all explorers in Python: inputs come in as one trait, one frame goes out."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import ipywidgets
import traitlets

from namlib import store
from namlib.model.findings import FIELDS, Field, contradiction, drug_words, read
from namlib.records import Refused
from namlib.units import number
from namlib.view.slots import Page

NOTICE = (
    "For learning. What is shown is what sources state, for the people they studied; it is not advice for a patient. "
    "Enter only fictional patients."
)


def number_control(name: str, slider: tuple[float, float, float] | None = None) -> dict[str, Any]:
    """Describe a number box, with a slider beside it where one is given."""
    field = FIELDS[name]
    words = f"{number(field.low)} to {number(field.high)}; blank means not known."
    spec = {"name": name, "kind": "number", "label": field.label, "unit": field.unit, "help": words}
    return spec if slider is None else {**spec, "range": slider}


_SAID = {"not_tested": "not tested", "not_reported": "not reported", "not_done": "not done", "": "not known"}


def choice_control(name: str) -> dict[str, Any]:
    """Describe a selector for a finding; the first option is always "not known"."""
    field = FIELDS[name]
    values = ("yes", "no") if field.kind == "yes_no" else field.choices
    kind = "set" if field.kind == "set" else "choice"
    offered = ("", *values) if kind == "choice" else values
    options = [(value, _SAID.get(value) or drug_words(value)) for value in offered]
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
    wrong = None if errors else contradiction(answers)
    if wrong is not None:
        errors[wrong.field] = f"{FIELDS[wrong.field].label}: {wrong.reason}"
    return answers, errors


def start_inputs(asked: Sequence[str], start: Mapping[str, Any]) -> dict[str, Any]:
    """Say what the controls of some fields hold at the start: what is given, and otherwise nothing.

    Raises
    ------
    Refused
        If a field is not among those asked, its value is not accepted, or two values contradict each other.
    """
    for name in start:
        if name not in asked:
            raise Refused(name[:40], f"is not asked here; asked: {', '.join(asked)}")
    accepted = {name: read(name, value) for name, value in start.items()}
    wrong = contradiction(accepted)
    if wrong is not None:
        raise wrong
    return {name: _entered(FIELDS[name].kind, accepted.get(name)) for name in asked}


def _entered(kind: str, value: Any) -> Any:
    """Write an accepted answer as its control holds it."""
    if kind == "set":
        return sorted(value or ())
    if value is None:
        return ""
    if kind == "yes_no":
        return "yes" if value else "no"
    return f"{value:g}" if kind == "number" else value


class Part(ipywidgets.DOMWidget):  # type: ignore[misc]  # ipywidgets carries no types
    """A widget whose browser half is one file of JavaScript and one of style."""

    # The browser half of anywidget loads both. Its Python half only sends them, and importing it costs more start-up
    # than the whole ledger, so the few traits it would send are written here; which files, a subclass says.
    _model_name = traitlets.Unicode("AnyModel").tag(sync=True)
    _model_module = traitlets.Unicode("anywidget").tag(sync=True)
    _model_module_version = traitlets.Unicode("*").tag(sync=True)
    _view_name = traitlets.Unicode("AnyView").tag(sync=True)
    _view_module = traitlets.Unicode("anywidget").tag(sync=True)
    _view_module_version = traitlets.Unicode("*").tag(sync=True)

    title = traitlets.Unicode("").tag(sync=True)


class Explorer(Part):
    """Controls, one model call, one page.

    A subclass says which controls there are and, in :meth:`show`, turns inputs into a page. State lives in ``inputs``.
    When an input is refused the last good page stays, greyed, with the reason beside the control.
    """

    _anywidget_id = traitlets.Unicode("namlib.widgets.part.Explorer").tag(sync=True)
    _esm = traitlets.Unicode(store.browser_part("part.js")).tag(sync=True)
    _css = traitlets.Unicode(store.browser_part("part.css")).tag(sync=True)

    notice = traitlets.Unicode(NOTICE).tag(sync=True)
    controls: traitlets.List[Any] = traitlets.List().tag(sync=True)
    pages = traitlets.Dict().tag(sync=True)
    phrases: traitlets.List[str] = traitlets.List().tag(sync=True)
    # What the browser sends is not sent back to it: the answer is the frame, and an echo would only come before it.
    inputs = traitlets.Dict().tag(sync=True, echo_update=False)
    frame = traitlets.Dict()  # sent by get_state as a whole, and then as what has changed; see _refresh
    frames = traitlets.Dict().tag(sync=True)
    frames_for = traitlets.Unicode("").tag(sync=True)
    use_frames = traitlets.Bool(True).tag(sync=True)
    want = traitlets.Unicode("").tag(sync=True, echo_update=False)
    want_pages = traitlets.Bool(False).tag(sync=True, echo_update=False)

    def __init__(self, name: str, page: Page, inputs: dict[str, Any], **traits: Any) -> None:
        self._page_name, self._shown, self._accepted = name, page, inputs
        super().__init__(inputs=inputs, frame=self._frame(0, {}), **traits)
        # Not earlier: what an explorer starts with is on show already.
        self.observe(self._on_inputs, "inputs")

    def show(self, inputs: Mapping[str, Any]) -> tuple[str, Page, dict[str, str]]:
        """Turn inputs into ``(name of the page, page, errors)``; the page is only used when there is no error."""
        raise NotImplementedError

    def _frame(self, seq: int, errors: dict[str, str]) -> dict[str, Any]:
        values = list(self._shown.values)
        return {"seq": seq, "page": self._page_name, "values": values, "errors": errors}

    def get_state(self, key: Any = None, drop_defaults: bool = False) -> dict[str, Any]:
        """Return the state for a browser that sees this explorer for the first time: the whole frame belongs to it."""
        state: dict[str, Any] = super().get_state(key, drop_defaults)
        return {**state, "frame": self.frame} if key is None else state

    def _on_inputs(self, change: Any) -> None:
        name, page, errors = self.show(change.new)
        if not errors:
            self._page_name, self._shown, self._accepted = name, page, change.new
        if self._page_name not in self.pages:
            self.pages = {**self.pages, self._page_name: self._shown.html}
        # Inputs set from Python carry no number of their own; the browser must not take them for an old answer.
        before, asked = self.frame, change.new.get("seq")
        frame = self._frame(asked if isinstance(asked, int) and asked > before["seq"] else before["seq"], errors)
        self.frame = frame
        # Most slots stay as they are, so only what changed goes out: an update weighs little and the page keeps still.
        known = before["values"] if before["page"] == frame["page"] else []
        changed = {i: value for i, value in enumerate(frame["values"]) if i >= len(known) or known[i] != value}
        self.send({**{key: frame[key] for key in ("seq", "page", "errors")}, "changed": changed})

    def frame_steps(self) -> list[str]:
        """Every value of the slider named in ``frames_for``, as the browser sends it."""
        return []

    @traitlets.observe("want")
    def _on_want(self, change: Any) -> None:
        """Make the pictures for every step of the slider, for the other inputs as they are."""
        try:
            inputs = dict(json.loads(change.new))
        except (ValueError, TypeError):
            return  # not a list of inputs: nothing to make pictures for
        rows: list[tuple[str, ...]] = []
        pages = set()
        for step in self.frame_steps():
            name, page, errors = self.show({**inputs, self.frames_for: step})
            if errors:
                return
            rows.append(page.values)
            pages.add(name)
        if len(pages) != 1:
            return
        self.frames = {
            "key": change.new,
            "page": pages.pop(),
            "at": {step: index for index, step in enumerate(self.frame_steps())},
            "columns": [_column(values) for values in zip(*rows, strict=True)],
        }

    def enter(self, **inputs: Any) -> str:
        """Set controls by name, as a reader would by hand, and return what the explorer then says in one sentence.

        Parameters
        ----------
        **inputs
            What stands in the controls, as text.

        Raises
        ------
        Refused
            If there is no such control, or what was entered is refused; the page on show stays.
        """
        for name in inputs:
            if name not in self.inputs:
                raise Refused(str(name)[:40], f"is not a control; the controls are {', '.join(self.inputs)}")
        self.inputs = {**self.inputs, **inputs}
        for name, reason in self.frame["errors"].items():
            raise Refused(name, reason)
        return self._shown.values[0]

    @property
    def page(self) -> Page:
        """The page on show."""
        return self._shown

    def _repr_mimebundle_(self, **options: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """Add the page as HTML and its words as text, so that a page without a kernel loses only the interaction."""
        bundle = super()._repr_mimebundle_(**options)
        data, metadata = bundle if isinstance(bundle, tuple) else (bundle or {}, {})
        return {**data, "text/html": self.page.html, "text/plain": repr(self)}, metadata


def steps_control(field: Field, steps: Sequence[str]) -> dict[str, Any]:
    """Describe a number box with a slider over chosen steps beside it."""
    return {"name": field.name, "kind": "number", "label": field.label, "unit": field.unit, "steps": list(steps),
            "help": field.counts}  # fmt: skip


def _column(values: tuple[str, ...]) -> str | list[Any]:
    """Pack one slot over all steps: its text if it never changes, all if each differs, else each once and where."""
    texts = list(dict.fromkeys(values))
    if len(texts) == 1:
        return texts[0]
    if len(texts) == len(values):
        return [texts]
    place = {text: index for index, text in enumerate(texts)}
    return [texts, [place[value] for value in values]]
