"""A form takes what it asked for and nothing else, says what is wrong field by field, and sends nothing unrevealed."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from namlib.widgets import form as module
from namlib.widgets.form import Block, Form, Option, Rejected, form, radio_field, read_values

OPTIONS = [Option("a", "Alpha"), Option("b", "Beta", "a remark"), Option("c", "<b>Gamma</b>")]
FIELDS = [
    module.radio_field("one", "One", OPTIONS),
    module.checks_field("many", "Many", OPTIONS, most=2),
    module.rank_field("order", "Order", OPTIONS, most=2),
    module.text_field("words", "Words"),
    module.number_field("number", "Number", "U/L", required=False),
    module.range_field("sure", "Sure", 0, 100, 10, "%"),
]
GOOD: dict[str, Any] = {
    "one": "a",
    "many": ["b", "a"],
    "order": ["c", "a"],
    "words": " hm\r\n ",
    "number": "",
    "sure": "70",
}


class Asking(Form):
    """Two questions, one after the other."""

    def __init__(self) -> None:
        self.kept: list[tuple[str, dict[str, Any]]] = []
        self.drafts: dict[str, dict[str, Any]] = {}
        super().__init__(title="Asking")

    def revealed(self) -> Sequence[Block]:
        return [Block(f"b{place}", f"<h4>{name}</h4>") for place, (name, _) in enumerate(self.kept)]

    def asked(self) -> dict[str, Any] | None:
        place = len(self.kept)
        return form(f"q{place}", f"Question {place}", [radio_field("one", "One", OPTIONS)]) if place < 2 else None

    def take(self, name: str, values: dict[str, Any]) -> str:
        if values["one"] == "b":
            raise Rejected({"one": "not b"})
        self.kept.append((name, values))
        return f"{name} saved"

    def act(self, name: str) -> str:
        self.kept.clear()
        return "started again"

    def actions(self) -> Sequence[dict[str, str]]:
        return [module.action("again", "Start again", confirm="Really?")]

    def files(self) -> Mapping[str, Any]:
        return {"mine.json": lambda: json.dumps(self.kept)}

    def drafted(self, name: str, values: dict[str, Any]) -> None:
        self.drafts[name] = values

    def draft(self, name: str) -> Mapping[str, Any]:
        return self.drafts.get(name, {})

    def __repr__(self) -> str:
        return f"Asking: {len(self.kept)} answered"


def send(asking: Form, kind: str, **rest: Any) -> dict[str, Any]:
    asking.sent = {"kind": kind, "seq": asking.sent.get("seq", 0) + 1, "view": "v", **rest}
    page: dict[str, Any] = asking.page
    json.dumps(page, allow_nan=False)
    return page


def test_a_whole_answer_is_read_as_it_was_meant() -> None:
    assert read_values(FIELDS, GOOD) == {
        "one": "a",
        "many": ["a", "b"],
        "order": ["c", "a"],
        "words": "hm",
        "number": "",
        "sure": "70",
    }


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("one", "", "choose one"),
        ("one", "z", "is not one of the options"),
        ("one", ["a"], "is not one of the options"),
        ("many", [], "choose at least one"),
        ("many", ["a", "b", "c"], "at most 2, and 3 were chosen"),
        ("many", ["a", "a"], "holds one option twice"),
        ("many", [{}], "is not one of the options"),
        ("order", [["a"]], "is not one of the options"),
        ("order", None, "choose at least one"),
        ("words", "  \n", "is blank"),
        ("words", 7, "is not text"),
        ("words", "x" * 20_001, "is longer than"),
        ("sure", None, "move the slider"),
        ("sure", "101", "is not between 0 and 100"),
        ("sure", "nan", "is not between"),
        ("sure", "much", "is not a number"),
    ],
)
def test_what_was_not_asked_for_is_refused_with_the_label_of_its_field(name: str, value: Any, reason: str) -> None:
    with pytest.raises(Rejected) as rejected:
        read_values(FIELDS, {**GOOD, name: value})
    assert list(rejected.value.errors) == [name]
    label = next(field["label"] for field in FIELDS if field["name"] == name)
    assert rejected.value.errors[name].startswith(f"{label}: ") and reason in rejected.value.errors[name]


def test_all_wrong_fields_are_named_at_once() -> None:
    with pytest.raises(Rejected) as rejected:
        read_values(FIELDS, {})
    assert set(rejected.value.errors) == {"one", "many", "order", "words", "sure"}


def test_half_a_character_does_not_stop_an_answer() -> None:
    held = read_values(FIELDS, {**GOOD, "words": "a\ud83d"})
    assert held["words"] == "a?"


def test_an_answer_opens_the_next_question_and_says_what_was_done() -> None:
    asking = Asking()
    assert asking.page["form"]["id"] == "q0" and asking.page["blocks"] == []
    page = send(asking, "submit", form="q0", values={"one": "a"})
    assert page["said"] == "q0 saved"
    assert page["form"]["id"] == "q1" and [block["id"] for block in page["blocks"]] == ["b0"]
    page = send(asking, "submit", form="q1", values={"one": "c"})
    assert page["form"] is None
    assert asking.kept == [("q0", {"one": "a"}), ("q1", {"one": "c"})]


@pytest.mark.parametrize("values", [{}, {"one": "z"}, {"one": "b"}, None, "a", ["a"]])
def test_a_refused_answer_stays_open_with_its_reason_beside_the_field(values: Any) -> None:
    asking = Asking()
    page = send(asking, "submit", form="q0", values=values)
    assert page["form"]["id"] == "q0" and asking.kept == []
    assert list(page["errors"]) == ["one"] and page["errors"]["one"] in page["said"]
    assert send(asking, "submit", form="q0", values={"one": "a"})["errors"] == {}


def test_a_question_answered_in_another_view_is_not_answered_twice() -> None:
    asking = Asking()
    send(asking, "submit", form="q0", values={"one": "a"})
    page = send(asking, "submit", form="q0", values={"one": "c"})
    assert page["said"] == module.STALE
    assert asking.kept == [("q0", {"one": "a"})]


def test_what_was_entered_and_not_committed_comes_back() -> None:
    asking = Asking()
    before = asking.page
    assert send(asking, "draft", form="q0", values={"one": "c", "other": 1}) is before, "a draft redraws nothing"
    assert asking.drafts == {"q0": {"one": "c"}}
    send(asking, "draft", form="q1", values={"one": "a"})
    assert "q1" not in asking.drafts
    assert send(asking, "submit", form="q0", values={})["draft"] == {"one": "c"}


def test_buttons_do_what_they_say_and_nothing_else_is_done() -> None:
    asking = Asking()
    send(asking, "submit", form="q0", values={"one": "a"})
    for message in ({"name": "format_disk"}, {"name": None}, {"name": ["again"]}):
        send(asking, "action", **message)
        assert len(asking.kept) == 1
    send(asking, "nonsense")
    assert send(asking, "action", name="again")["said"] == "started again"
    assert asking.kept == []


def test_a_file_goes_only_to_the_view_that_asked() -> None:
    asking = Asking()
    messages: list[dict[str, Any]] = []
    asking.send = messages.append
    send(asking, "file", name="mine.json")
    send(asking, "file", name="../secret")
    assert messages == [{"file": "mine.json", "text": "[]", "view": "v"}]


def test_a_notebook_can_answer_in_code_and_is_refused_in_words() -> None:
    asking = Asking()
    with pytest.raises(Rejected, match="'two' is not asked; asked: one"):
        asking.answer(two="a")
    assert asking.answer(one="a") == "q0 saved"
    with pytest.raises(Rejected, match="not b"):
        asking.answer(one="b")
    asking.answer(one="c")
    with pytest.raises(Rejected, match="nothing left"):
        asking.answer(one="a")


def test_a_page_without_a_kernel_shows_what_was_revealed_and_says_what_is_asked() -> None:
    asking = Asking()
    asking.answer(one="a")
    data, _ = asking._repr_mimebundle_()
    assert "<h4>q0</h4>" in data["text/html"] and "Question 1" in data["text/html"]
    assert "Alpha" not in data["text/html"], "the options belong to the live form"
    assert data["text/plain"] == "Asking: 1 answered"
    assert "application/vnd.jupyter.widget-view+json" in data


def test_the_browser_half_is_sent_whole() -> None:
    state = Asking().get_state()
    assert state["_esm"].rstrip().endswith("export default { render };")
    assert ".nam-form-root" in state["_css"] and ".nam-explorer" in state["_css"]
    assert not {"kept", "drafts"} & set(state)
