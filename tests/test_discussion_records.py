"""What the discussion half of a case refuses, and that the cases of the course are not refused."""

from __future__ import annotations

import csv
import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError
from ruamel.yaml import YAML

from namlib import store
from namlib.discussion_records import PARTS, TITLES, Discussion, PanelInfo, inconsistent, panel_from, unknown_names
from namlib.model.diagnosis import TITLES as ANSWERS
from namlib.model.findings import FIELDS

DATA = store.data_folder()
LABELS = {*ANSWERS, *(label.id for row in store.load().criteria if row.id == "enmc_2016" for label in row.labels)}
TEACHING = sorted((DATA / "cases" / "teaching").glob("*.yaml"))
# The case that the tests of single rules take apart.
PLAIN = DATA / "cases" / "teaching" / "stairs-and-bath.yaml"
ADAPTER: TypeAdapter[Discussion] = TypeAdapter(Discussion)


@cache
def content(path: Path) -> str:
    return json.dumps(YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8")))


def raw(path: Path = PLAIN) -> dict[str, Any]:
    held: dict[str, Any] = json.loads(content(path))["discussion"]
    return held


def made(held: dict[str, Any]) -> Discussion:
    return ADAPTER.validate_json(json.dumps(held), strict=True)


def refused(held: dict[str, Any]) -> str:
    with pytest.raises(ValidationError) as wrong:
        made(held)
    return str(wrong.value)


def stage(held: dict[str, Any], kind: str) -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in held["stages"] if one["kind"] == kind)
    return found


@pytest.mark.parametrize("path", TEACHING, ids=lambda path: path.stem)
def test_every_teaching_case_has_a_discussion_that_agrees_with_itself_and_with_the_ledger(path: Path) -> None:
    held = json.loads(content(path))
    discussion = made(held["discussion"])
    assert list(inconsistent(discussion)) == []
    ledger = store.load()
    problems = unknown_names(
        discussion,
        times=[time["id"] for time in held["record"]["times"]],
        answers=FIELDS,
        labels=LABELS,
        nodes={node.id for node in ledger.pathway.nodes},
    )
    assert list(problems) == []
    if discussion.panel is not None:
        items = [item.id for one in discussion.stages for item in one.items]
        with (DATA / "cases" / "panels" / discussion.panel.file).open(encoding="utf-8", newline="") as lines:
            panel, wrong = panel_from(discussion.panel, csv.DictReader(lines), items)
        assert wrong == [] and panel is not None
        assert min(len(panel.of(item)) for item in items) >= 5


def test_every_kind_of_stage_has_a_title_and_its_parts() -> None:
    assert PARTS.keys() == TITLES.keys()


@pytest.mark.parametrize(
    ("kind", "part", "value", "words"),
    [
        ("stem", "text", None, "text: is needed in a stage of kind stem"),
        ("stem", "expert", "x", "expert: is not for a stage of kind stem"),
        ("tests", "tests", [], "tests: is needed"),
        ("label", "options", None, "options: is needed"),
        ("recap", "cannot_tell", [], "cannot_tell: is needed"),
        ("jump", "minutes", 0, "minutes: 0 is not a time"),
        ("differential", "most", 0, "lets nobody choose"),
        ("differential", "facts", [], "names no fact and no source"),
        ("done", "convention", False, "names no fact and no source"),
        ("stem", "id", "No Blanks", "is not made of small letters"),
        ("stem", "colour", "red", "Unexpected keyword argument"),
        ("stem", "minutes", "5", "should be a valid number"),
    ],
)
def test_a_stage_with_wrong_parts_is_refused(kind: str, part: str, value: Any, words: str) -> None:
    held = raw()
    stage(held, kind)[part] = value
    if value is None:
        del stage(held, kind)[part]
    assert words in refused(held)


def test_a_claim_without_fact_or_source_must_say_that_it_is_a_convention() -> None:
    held = raw()
    option = stage(held, "label")["options"][0]
    del option["facts"]
    assert "if none is needed, say convention: true" in refused(held)
    option["convention"] = True
    made(held)
    option["facts"] = ["statin_stop"]
    assert "rests on no fact and no source" in refused(held)


def test_a_test_needs_a_result_or_a_reason_why_there_is_none() -> None:
    held = raw()
    test = stage(held, "tests")["tests"][0]
    test["not_available"] = "closed"
    assert "needs a result, or not_available" in refused(held)
    del test["result"]
    assert "shows nothing" in refused(held)


@pytest.mark.parametrize("kind", ["problem", "differential", "therapy", "jump", "done", "recap"])
def test_a_discussion_without_one_of_its_stages_is_refused(kind: str) -> None:
    held = raw()
    held["stages"] = [one for one in held["stages"] if one["kind"] != kind]
    assert f"has no stage of kind {kind}" in refused(held)


def test_stages_in_another_order_are_refused() -> None:
    held = raw()
    held["stages"].insert(1, held["stages"].pop(3))
    assert "does not begin each kind in this order" in refused(held)


def test_a_second_round_of_tests_and_treatment_needs_feedback_of_its_own() -> None:
    held = raw()
    again = {**stage(held, "therapy"), "id": "therapy-again", "at": "week-14"}
    held["stages"].insert(-1, again)
    assert "no feedback follows the last choice" in refused(held)
    held["stages"].insert(-1, {"id": "feedback-again", "kind": "feedback", "minutes": 3})
    assert list(inconsistent(made(held))) == []


def test_a_panel_belongs_with_concordance_items() -> None:
    held = raw()
    del held["panel"]
    assert "belongs with a stage of kind concordance" in refused(held)


def test_names_that_point_at_nothing_are_found_with_their_place() -> None:
    held = raw()
    held["turned_out"] = "gout"
    held["findings"][0]["known_from"] = "nowhere"
    held["hypotheses"][1]["against"] = ["no-such-finding"]
    stage(held, "differential")["ranked"] = ["hmgcr", "gout"]
    stage(held, "label")["deciding"] = ["x-ray"]
    stage(held, "therapy")["options"][0]["hypothesis"] = "hmgcr"
    stage(held, "concordance")["items"][0]["hypothesis"] = "gout"
    held["stages"][1]["id"] = "stem"
    found = dict(inconsistent(made(held)))
    assert found[("turned_out",)] == "'gout' is not a known hypothesis"
    assert "nowhere" in found["findings", 0, "known_from"]
    assert "no-such-finding" in found["hypotheses", 1, "against"]
    assert "gout" in found["stages", 2, "ranked"]
    assert "x-ray" in found["stages", 4, "deciding"]
    assert "class" in found["stages", 5, "options", 0, "hypothesis"]
    assert "gout" in found["stages", 10, "items", 0, "hypothesis"]
    assert "occurs twice" in found["stages", 1, "id"]


def test_a_test_is_known_only_from_where_it_is_offered() -> None:
    held = raw()
    stages = held["stages"]
    tests = stages[3]
    (deciding,) = (test for test in tests["tests"] if test["id"] == "anti-hmgcr")
    tests["tests"].remove(deciding)
    later = {**tests, "id": "tests-again", "tests": [deciding]}
    stages.insert(6, later)  # after the label that it would have decided
    assert dict(inconsistent(made(held)))["stages", 4, "deciding"] == "'anti-hmgcr' is not a known test offered before"


def test_names_outside_the_discussion_are_looked_up() -> None:
    held = raw()
    stage(held, "tests")["tests"][1]["shows"] = ["shoe_size"]
    stage(held, "tests")["at"] = "never"
    stage(held, "therapy")["at"] = "first-visit"
    stage(held, "label")["options"][0]["enmc"] = "lupus"
    stage(held, "therapy")["options"][1]["node"] = "surgery"
    ledger = store.load()
    times = [time["id"] for time in json.loads(content(PLAIN))["record"]["times"]]
    found = dict(
        unknown_names(
            made(held),
            times=times,
            answers=FIELDS,
            labels=LABELS,
            nodes={node.id for node in ledger.pathway.nodes},
        )
    )
    assert "shoe_size" in found["stages", 3, "tests", 1, "shows"]
    assert "never" in found["stages", 3, "at"]
    assert "earlier than a stage above" in found["stages", 5, "at"]
    assert "lupus" in found["stages", 4, "options", 0, "enmc"]
    assert "surgery" in found["stages", 5, "options", 1, "node"]
    assert len(found) == 5


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([{"item": "a", "member": "1", "answer": "much"}], "'much' is not a whole number"),
        ([{"item": "a", "member": "1", "answer": "1.0"}], "'1.0' is not a whole number"),
        ([{"item": "b", "member": "1", "answer": "1"}], "'b' is not in the case"),
        ([{"item": "a", "member": " ", "answer": "1"}], "member: is blank"),
        ([{"item": "a", "member": "1", "answer": "1"}] * 2, "answered 'a' twice"),
        ([{"item": "a", "answer": "1"}], "the columns are item, member and answer"),
        ([], "nobody answered the item 'a'"),
    ],
)
def test_a_panel_file_is_refused_row_by_row(rows: list[dict[str, str]], words: str) -> None:
    panel, problems = panel_from(PanelInfo("p.csv", "invented", True), rows, ["a"])
    assert panel is None
    assert words in " ".join(problems)


@pytest.mark.parametrize("name", ["../secret.csv", "a/b.csv", "panel.txt", "C:panel.csv", ".csv"])
def test_a_panel_file_is_a_plain_name(name: str) -> None:
    with pytest.raises(ValueError, match="plain file name"):
        PanelInfo(name, "invented", True)
