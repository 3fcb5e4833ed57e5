"""A case in the notebook: nothing unrevealed reaches the browser, nothing answered is lost, everything said is text."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import random
import subprocess
import sys
import time
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from namlib import case_files, case_records
from namlib.answers import Answers
from namlib.course.cases import Case
from namlib.discussion_records import Discussion, inconsistent
from namlib.records import Refused
from namlib.widgets.discussion import CaseDiscussion
from namlib.widgets.form import STALE, Rejected
from tests.live import words
from tests.test_discussion import DISCUSSION, SOUND

ROOT = Path(__file__).resolve().parents[1]
MARKS = {name: str(mark) for name, mark in SOUND["new-facts"]["marks"].items()}


def entered(stage: str) -> dict[str, Any]:
    """An answer as the form sends it."""
    answer = dict(SOUND.get(stage, {}))
    if stage == "label":
        return {**answer, "chosen": answer["chosen"][0], "confidence": str(answer["confidence"])}
    return MARKS if stage == "new-facts" else answer


def send(shown: CaseDiscussion, kind: str, **rest: Any) -> dict[str, Any]:
    shown.sent = {"kind": kind, "seq": shown.sent.get("seq", 0) + 1, "view": "v", **rest}
    page: dict[str, Any] = shown.page
    json.dumps(page, allow_nan=False)
    return page


def walk(shown: CaseDiscussion, upto: str = "") -> None:
    """Answer stage by stage as the browser does, as far as a stage."""
    while (stage := shown.state.now) is not None and stage.id != upto:
        page = send(shown, "submit", form=shown.page["form"]["id"], values=entered(stage.id))
        assert page["errors"] == {} and page["said"] == "Saved.", page["said"]


def texts(record: Any) -> set[str]:
    """Every text in a part of the discussion that is long enough to be known again."""
    if isinstance(record, str):
        return {" ".join(record.split())} if len(record) >= 18 else set()
    if dataclasses.is_dataclass(record):
        return {text for field in dataclasses.fields(record) for text in texts(getattr(record, field.name))}
    return {text for item in record for text in texts(item)} if isinstance(record, tuple) else set()


# --- commit, then reveal -------------------------------------------------------------------------------------------


def test_nothing_that_was_not_told_is_in_the_widget_or_in_the_notebook() -> None:
    shown = CaseDiscussion("stairs-and-bath")
    names = texts(DISCUSSION.objectives) | texts(tuple(one.name for one in DISCUSSION.hypotheses))
    checked, ever_hidden = 0, set()
    for place, stage in enumerate(DISCUSSION.stages):
        state = json.dumps([shown.get_state(), shown._repr_mimebundle_()], ensure_ascii=False)
        state = " ".join(state.replace("\\n", " ").split())
        later = {text for other in DISCUSSION.stages[place + 1 :] for text in texts(other)}
        # What experts say of a stage is told after it, what they say of choices only with the feedback.
        earlier = {text for other in DISCUSSION.stages[: place + 1] for text in texts(other)}
        held_back = [
            text
            for other in DISCUSSION.stages[: place + 1]
            for text in (
                *(option.feedback for option in other.options),
                *(test.feedback for test in other.tests),
                *((other.expert,) if other is stage else ()),
                *((test.result for test in other.tests) if other is stage else ()),
                *(item.because for item in other.items if other is stage),
            )
            if text and "feedback" not in [one.stage.kind for one in shown.state.told]
        ]
        if stage.kind in ("feedback", "concordance", "recap"):
            held_back = [item.because for item in stage.items]
        hidden = {*(later - earlier - names), *(" ".join(text.split()) for text in held_back if len(text) >= 18)}
        if stage.kind not in ("feedback", "concordance", "recap"):
            hidden |= {" ".join(one.feedback.split()) for one in DISCUSSION.hypotheses}
        for text in hidden:
            assert text not in state and json.dumps(text)[1:-1] not in state, f"{stage.id} already tells: {text}"
        checked += len(hidden)
        ever_hidden |= hidden
        if stage.kind != "recap":
            send(shown, "submit", form=shown.page["form"]["id"], values=entered(stage.id))
    assert checked > 300
    assert shown.state.finished
    # Looked for in the right place: in the end most of it is told there.
    whole = " ".join(words("".join(block["html"] for block in shown.page["blocks"])).split())
    leading = {text for stage in DISCUSSION.stages for text in texts((*stage.ask, *stage.listen_for))}
    told = [text in whole for text in ever_hidden - leading]
    assert sum(told) > 0.7 * len(told) > 80, [text for text in ever_hidden - leading if text not in whole]
    assert not any(text in whole for text in leading), "what is for whoever leads a room is not for the learner"


def test_what_was_told_stays_and_only_blocks_are_added() -> None:
    shown = CaseDiscussion("stairs-and-bath")
    before: list[dict[str, str]] = shown.page["blocks"]
    while shown.state.now is not None:
        stage = shown.state.now
        page = send(shown, "submit", form=shown.page["form"]["id"], values=entered(stage.id))
        assert page["blocks"][: len(before)] == before or not stage.asked
        assert [block["id"] for block in page["blocks"]][: len(before)] == [block["id"] for block in before]
        before = page["blocks"]
    assert [block["id"] for block in before] == ["1/case", *(f"1/{stage.id}" for stage in DISCUSSION.stages)]


def test_options_stand_in_the_order_of_their_names_and_not_as_the_case_was_written() -> None:
    shown = CaseDiscussion("stairs-and-bath")
    for upto, field in (("differential", "ranked"), ("label", "chosen"), ("therapy", "chosen")):
        walk(shown, upto)
        (asked,) = [one for one in shown.page["form"]["fields"] if one["name"] == field]
        labels = [option["label"] for option in asked["options"]]
        assert labels == sorted(labels)


def test_a_page_without_a_kernel_says_how_to_go_on() -> None:
    shown = CaseDiscussion("stairs-and-bath")
    walk(shown, "tests")
    data, _ = shown._repr_mimebundle_()
    assert "Run this cell" in data["text/html"] and "4. Your tests" in data["text/html"]
    assert "Anti-HMGCR antibody" not in data["text/html"]
    assert data["text/plain"] == "CaseDiscussion(stairs-and-bath): 3 of 12 stages; now: Your tests"


def test_an_unfinished_answer_is_refused_with_its_reason_and_nothing_is_kept() -> None:
    shown = CaseDiscussion("stairs-and-bath")
    walk(shown, "differential")
    page = send(shown, "submit", form="1/differential", values={"ranked": ["hmgcr"], "confidence": ""})
    assert page["errors"] == {"confidence": "How sure are you of the first?: move the slider to answer"}
    assert len(shown.answers.latest("case/stairs-and-bath")) == 2


# --- nothing is lost -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("upto", [stage.id for stage in DISCUSSION.stages])
def test_a_new_kernel_goes_on_where_the_learner_was(upto: str) -> None:
    first = CaseDiscussion("stairs-and-bath")
    walk(first, upto)
    again = CaseDiscussion("stairs-and-bath")
    assert again.page["blocks"] == first.page["blocks"]
    assert again.page["form"] == first.page["form"]
    assert repr(again) == repr(first)


def test_saved_is_said_only_after_it_was_saved(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = CaseDiscussion("stairs-and-bath")
    real = shown.answers.save
    seen: list[str] = []

    def save(*given: Any) -> Any:
        seen.append(shown.page["said"])
        return real(*given)

    monkeypatch.setattr(shown.answers, "save", save)
    send(shown, "submit", form="1/stem", values={})
    assert seen == [""] and shown.page["said"] == "Saved."


ANSWERING = """
import sys
sys.path.insert(0, sys.argv[1])
from tests.test_case_discussion import CaseDiscussion, entered
shown = CaseDiscussion("stairs-and-bath")
while shown.state.now is not None:
    stage = shown.state.now.id
    said = shown.answer(**entered(stage))
    assert said == "Saved.", said
    print("saved", stage, flush=True)
"""


def test_a_killed_discussion_goes_on_after_the_last_answer_that_was_called_saved() -> None:
    moments = random.Random(6)
    stages = [stage.id for stage in DISCUSSION.stages]
    told = 0
    for _ in range(12):
        process = subprocess.Popen(
            [sys.executable, "-c", ANSWERING, str(ROOT)], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        lines = [process.stdout.readline()]
        time.sleep(moments.uniform(0, 0.05))
        process.kill()
        lines += list(process.stdout)
        process.wait()
        process.stdout.close()
        said = [line.split()[1] for line in lines if line.endswith("\n") and line.strip()]
        state = CaseDiscussion("stairs-and-bath").state
        assert [one.stage.id for one in state.told][: told + len(said)] == stages[: told + len(said)]
        assert len(state.told) - told - len(said) in (0, 1, 2), (
            "one may be saved and not yet said; the last is only read"
        )
        told = len(state.told)
        if state.finished:
            break
    assert told > 3


def test_what_was_typed_and_not_committed_is_there_again() -> None:
    shown = CaseDiscussion("stairs-and-bath")
    walk(shown, "problem")
    send(shown, "draft", form="1/problem", values={"text": "half a sent"})
    again = CaseDiscussion("stairs-and-bath")
    assert again.page["draft"] == {"text": "half a sent"}
    assert again.state.now is not None and again.state.now.id == "problem", "a draft commits to nothing"
    kept = len(again.answers.history())
    send(again, "draft", form="1/problem", values={"text": "half a sent"})
    assert len(again.answers.history()) == kept, "the same draft is not kept twice"
    send(again, "submit", form="1/problem", values={"text": "a sentence"})
    assert CaseDiscussion("stairs-and-bath").page["draft"] == {}


def test_starting_again_keeps_the_history() -> None:
    shown = CaseDiscussion("stairs-and-bath")
    walk(shown, "label")
    assert [one["name"] for one in shown.page["actions"]] == ["again"]
    page = send(shown, "action", name="again")
    assert "attempt 2" in page["said"] and page["form"]["id"] == "2/stem"
    walk(shown, "differential")
    again = CaseDiscussion("stairs-and-bath")
    assert repr(again) == "CaseDiscussion(stairs-and-bath): 2 of 12 stages; now: Your differential diagnosis"
    items = [saved.item for saved in again.answers.history("case/stairs-and-bath")]
    assert items == ["1/stem", "1/problem", "1/differential", "1/tests", "2/start", "2/stem", "2/problem"]


def test_two_kernels_do_not_answer_one_stage_twice() -> None:
    one, other = CaseDiscussion("stairs-and-bath"), CaseDiscussion("stairs-and-bath")
    walk(one, "label")
    page = send(other, "submit", form="1/stem", values={})
    assert "answered elsewhere" in page["said"] and page["form"]["id"] == "1/label"
    assert send(other, "submit", form="1/stem", values={})["said"] == STALE
    assert len(one.answers.history()) == 4


def test_where_nothing_can_be_kept_that_is_said_and_the_discussion_goes_on(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    shown = CaseDiscussion("stairs-and-bath", answers=Answers(tmp_path / "file" / "answers.sqlite"))
    page = send(shown, "submit", form="1/stem", values={})
    assert page["said"].startswith("Not saved. ") and "only until the kernel ends" in page["trouble"]
    assert page["form"]["id"] == "1/problem"


def test_a_damaged_file_of_answers_is_said_and_the_discussion_begins(tmp_path: Path) -> None:
    (tmp_path / "answers.sqlite").write_bytes(b"broken" * 500)
    shown = CaseDiscussion("stairs-and-bath", answers=Answers(tmp_path / "answers.sqlite"))
    assert "damaged" in " ".join(shown.page["notes"])
    assert send(shown, "submit", form="1/stem", values={})["said"] == "Saved."


def changed(**parts: Any) -> Case:
    """The case with another discussion."""
    held = {field.name: getattr(DISCUSSION, field.name) for field in dataclasses.fields(DISCUSSION)}
    discussion = Discussion(**{**held, **parts})
    case = Case.load("stairs-and-bath")
    fields = {field.name: getattr(case, field.name) for field in dataclasses.fields(case_records.Case)}
    return Case(**{**fields, "discussion": discussion})


def test_a_case_that_was_changed_since_says_so_and_asks_again_only_what_no_longer_fits() -> None:
    walk(CaseDiscussion("stairs-and-bath"), "label")
    other = CaseDiscussion(changed(objectives=("Something else.",)))
    assert other.state.now is not None and other.state.now.id == "label"
    assert "was changed since you began" in " ".join(other.page["notes"])
    tests = DISCUSSION.stage("tests")
    held = {field.name: getattr(tests, field.name) for field in dataclasses.fields(tests)}
    fewer = type(tests)(**{**held, "tests": tests.tests[5:]})
    stages = tuple(fewer if stage.id == "tests" else stage for stage in DISCUSSION.stages)
    again = CaseDiscussion(changed(stages=stages))
    assert again.state.now is not None and again.state.now.id == "tests"
    assert "no longer fits" in " ".join(again.page["notes"])


# --- taking answers along ------------------------------------------------------------------------------------------


def test_answers_are_handed_over_as_files_without_copying(tmp_path: Path) -> None:
    shown = CaseDiscussion("stairs-and-bath")
    assert shown.page["files"] == []
    walk(shown, "label")
    messages: list[dict[str, Any]] = []
    shown.send = messages.append
    for name in shown.page["files"]:
        send(shown, "file", name=name)
    assert [message["file"] for message in messages] == ["stairs-and-bath-answers.json", "stairs-and-bath-answers.csv"]
    held = json.loads(messages[0]["text"])["answers"]
    assert [row["item"] for row in held] == ["1/stem", "1/problem", "1/differential", "1/tests"]
    assert held[2]["answer"]["ranked"] == SOUND["differential"]["ranked"]
    rows = list(csv.DictReader(io.StringIO(messages[1]["text"], newline="")))
    assert [json.loads(row["answer"]) for row in rows] == [row["answer"] for row in held]
    assert json.loads(shown.export(tmp_path / "mine.json").read_text(encoding="utf-8"))["answers"] == held
    with pytest.raises(Refused):
        shown.export(tmp_path / "mine.docx")


# --- everything is text --------------------------------------------------------------------------------------------

SCRIPT = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'&"


class Tags(HTMLParser):
    """Collects every tag and every attribute of a page."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.seen: set[str] = set()
        self.handlers: set[str] = set()
        self.feed(markup)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        self.handlers |= {name for name, _ in attrs if name.startswith("on")}


def hostile(value: Any, kept: tuple[str, ...]) -> Any:
    """The same record with a script in every text that is not a name of something."""
    if isinstance(value, dict):
        return {name: part if name in kept else hostile(part, kept) for name, part in value.items()}
    if isinstance(value, list):
        return [hostile(part, kept) for part in value]
    return f"{value} {SCRIPT}" if isinstance(value, str) else value


def test_a_script_in_every_text_of_a_case_and_of_an_answer_comes_out_as_text() -> None:
    held = Case.load("stairs-and-bath").to_dict()
    names = (
        *(
            "id",
            "kind",
            "at",
            "until",
            "shows",
            "known_from",
            "frequency",
            "worth",
            "verdict",
            "facts",
            "sources",
            "file",
        ),
        *("supported_by", "against", "excluded_by", "turned_out", "ranked", "deciding", "hypothesis", "enmc", "node"),
        *("record", "inspired_by", "schema"),
    )
    text = json.dumps(hostile(held, names))
    case = case_files.build(text, "stairs-and-bath.yaml")
    assert case.discussion is not None and list(inconsistent(case.discussion)) == []
    shown = CaseDiscussion(case)
    while (stage := shown.state.now) is not None:
        values = entered(stage.id)
        if "text" in values:
            values = {"text": f"{values['text']} {SCRIPT}"}
        send(shown, "submit", form=shown.page["form"]["id"], values=values)
    whole = "".join(block["html"] for block in shown.page["blocks"])
    tags = Tags(whole)
    assert not tags.seen & {"script", "img", "iframe"} and tags.handlers == set()
    assert words(whole).count(SCRIPT) > 100
    assert Tags(shown.still()).seen.isdisjoint({"script", "img"})


def test_every_block_with_numbers_of_the_patient_says_that_it_is_fictional() -> None:
    shown = CaseDiscussion("stairs-and-bath")
    walk(shown)
    blocks = {block["id"].partition("/")[2]: block["html"] for block in shown.page["blocks"]}
    for name in ("case", "stem", "tests", "four-weeks", "a-year", "done", "new-facts"):
        assert "FICTIONAL" in blocks[name], name


def test_every_claim_shows_what_it_rests_on() -> None:
    shown = CaseDiscussion("stairs-and-bath")
    walk(shown)
    blocks = {block["id"].partition("/")[2]: block["html"] for block in shown.page["blocks"]}
    claims = len(DISCUSSION.hypotheses) + len(DISCUSSION.tests) + sum(len(stage.options) for stage in DISCUSSION.stages)
    claims += sum(len(stage.qualifiers) for stage in DISCUSSION.stages)
    assert blocks["feedback"].count("behind this") + blocks["feedback"].count("no source is claimed") == claims + 1
    assert blocks["feedback"].count('<a href="https://') > claims
    assert "conventions of this course" in words(blocks["feedback"])


def test_the_facts_behind_the_qualifiers_name_no_disease_before_the_ranking() -> None:
    """A fact on anti-HMGCR disease beside the problem statement would be the answer to the stage that follows."""
    shown = CaseDiscussion("stairs-and-bath")
    walk(shown, upto="differential")
    told = {block["id"].partition("/")[2]: block["html"] for block in shown.page["blocks"]}["problem"]
    assert "Why it matters" in told and "anti-HMGCR" not in told and "behind this" not in told
    walk(shown)
    blocks = {block["id"].partition("/")[2]: block["html"] for block in shown.page["blocks"]}
    assert "What the authors&#x27; qualifiers rest on" in blocks["feedback"]


def test_what_cannot_be_discussed_is_refused_in_words() -> None:
    with pytest.raises(Refused, match="a record without a discussion"):
        CaseDiscussion("IMNM-01")
    with pytest.raises(KeyError, match="stairs-and-bath"):
        CaseDiscussion("no-such-case")
    shown = CaseDiscussion("stairs-and-bath")
    with pytest.raises(Rejected, match="is not asked"):
        shown.answer(text="too early")
