"""Explorers without a browser: what goes in through the traits, what comes out as frames, and that both forms agree."""

from __future__ import annotations

import html as entities
import json
import re

import pytest

import namlib as nam
from namlib import course, store
from namlib.records import Refused
from namlib.table import html as escaped
from namlib.view.slots import STATES, Page, Slots
from namlib.widgets.dose import _SLIDERS
from tests.live import (
    assert_live_is_as_from_scratch,
    assert_stands_in_its_page,
    enter,
    filled,
    others,
    sent_by,
    unpack,
    words,
)

DRUGS = sorted({regimen.drug for regimen in course.ledger().regimens})


# --- the page and its slots ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("drug", DRUGS)
def test_every_slot_value_stands_in_the_page_where_the_browser_would_put_it(drug):
    assert_stands_in_its_page(nam.DoseExplorer(drug).page)


def test_every_slot_value_of_the_pathway_stands_in_its_page_and_fills_the_page_that_was_drawn_first():
    explorer = nam.PathwayExplorer()
    assert_stands_in_its_page(explorer.page, explorer.phrases)
    known = {"anti_srp": "positive", "weakness": "severe", "response": "relapsed"}
    from_scratch = nam.PathwayExplorer(**known)
    enter(explorer, **known, selected=from_scratch.inputs["selected"])
    assert_stands_in_its_page(explorer.page, explorer.phrases)
    assert_live_is_as_from_scratch(explorer, from_scratch)


def test_a_value_in_the_wrong_place_a_slot_without_place_and_a_slot_within_a_slot_are_noticed():
    held = '<p data-t="0">a &lt; b</p><svg><rect x="3" data-a="x:1"/></svg><ul data-h="2"><li>c</li></ul>'
    held += '<i aria-describedby="nam-on" data-m="3:0"></i>'
    values = ("a < b", "3", "<li>c</li>", "1")
    assert_stands_in_its_page(Page(values, lambda: held))
    for place, other in enumerate(("a", "4", "<li>d</li>", "0")):
        wrong = (*values[:place], other, *values[place + 1 :])
        with pytest.raises(AssertionError):
            assert_stands_in_its_page(Page(wrong, lambda: held))
    with pytest.raises(AssertionError, match="nowhere"):
        assert_stands_in_its_page(Page((*values, "5"), lambda: held))
    with pytest.raises(AssertionError, match="inside another slot"):
        filled('<p data-h="0"><b data-t="1">x</b></p>', ("y", "x"))


def test_a_slot_escapes_text_and_a_phrase_is_whole_in_the_page_and_short_in_the_value():
    slots = Slots([escaped("a <long> phrase")])
    content = slots.markup(slots.say("a <long> phrase"))
    page = slots.page(lambda: content)
    assert "a &lt;long&gt; phrase" in page.html
    assert page.values == ("\x010;",)
    assert "<b>" not in Slots().text("<b>")


def test_the_browser_part_knows_the_same_state_letters_as_python():
    script = store.browser_part("part.js")
    line = re.search(r"const STATES = \{(.*)\};", script)
    assert line is not None
    held = dict(re.findall(r'"?([^\s",:]+)"?: "(nam-\w+)"', line[1]))
    assert held == STATES


def test_no_arithmetic_on_doses_stands_in_the_browser_part():
    script = store.browser_part("part.js")
    code = re.sub(r"//.*", "", script)
    assert not re.search(r"[*/]\s*(Number|parseFloat|value)|toFixed|Math\.|parseFloat", code)


# --- the dose explorer ---------------------------------------------------------------------------------------------


def test_the_starting_document_is_shown_beside_all_other_sources_and_cannot_be_hidden():
    explorer = nam.DoseExplorer("methotrexate")
    labels = {
        course.bibliography().by_key[key].label
        for regimen in course.ledger().regimens
        if regimen.drug == "methotrexate"
        for key in regimen.sources
    }
    assert len(labels) >= 4
    for inputs in ({}, {"population": "adult"}, {"age_years": "7"}, {"weight_kg": ""}):
        enter(explorer, **{"population": "", "age_years": "58", "weight_kg": "80", **inputs})
        assert all(label in words(explorer.page.html) for label in labels)


def test_chart_table_and_sentences_say_the_same_amount():
    page = nam.dose_picture("prednisone", nam.Patient(age_years=58, weight_kg=80, height_cm=175))
    shown = page.html
    for result in nam.doses(nam.Patient(age_years=58, weight_kg=80, height_cm=175), "prednisone"):
        amount = result.given.split(" a day")[0]
        assert len(re.findall(rf">{re.escape(amount)}<", shown)) >= 3
    assert "here 80–160 mg a day" in page.words


def test_the_axis_keeps_still_when_the_weight_changes():
    explorer = nam.DoseExplorer("prednisone")
    fixed = re.sub(r"<(text|span|li|p)[^>]*data-t[^>]*>[^<]*<|<rect[^>]*data-a[^>]*>", "", explorer.page.html)
    enter(explorer, weight_kg="140")
    later = re.sub(r"<(text|span|li|p)[^>]*data-t[^>]*>[^<]*<|<rect[^>]*data-a[^>]*>", "", explorer.page.html)
    assert fixed == later


def test_only_what_changed_is_sent():
    explorer = nam.DoseExplorer("prednisone")
    messages = sent_by(explorer)
    before = explorer.frame["values"]
    after = enter(explorer, weight_kg="81")["values"]
    assert messages[-1]["changed"] == {
        i: new for i, (old, new) in enumerate(zip(before, after, strict=True)) if old != new
    }
    assert len(json.dumps(messages[-1])) < 3000


def test_a_refused_input_keeps_the_last_good_page_and_the_next_good_one_recovers():
    explorer = nam.DoseExplorer("prednisone")
    good = explorer.frame["values"]
    frame = enter(explorer, weight_kg="176 lb")
    assert frame["values"] == good
    assert "pounds are not accepted" in frame["errors"]["weight_kg"]
    assert enter(explorer, weight_kg="90")["errors"] == {}
    assert explorer.frame["values"] != good


def test_a_blank_box_means_not_known_and_is_said():
    explorer = nam.DoseExplorer("prednisone")
    enter(explorer, weight_kg="  ")
    assert explorer.frame["errors"] == {}
    assert "weight not given" in words(explorer.page.html)
    assert "weight missing" in explorer.frame["values"]


def test_a_population_against_the_age_is_refused_in_place():
    frame = enter(nam.DoseExplorer("prednisone"), population="paediatric")
    assert "contradicts the age" in frame["errors"]["population"]


@pytest.mark.parametrize("drug", DRUGS)
def test_the_frames_of_the_weight_slider_are_exactly_what_python_says_for_each_weight(drug):
    explorer = nam.DoseExplorer(drug)
    explorer.want = others(explorer, "weight_kg")
    frames = explorer.frames
    assert frames["key"] == explorer.want and frames["page"] == drug
    low, high, step = _SLIDERS["weight_kg"]
    assert list(frames["at"]) == [str(weight) for weight in range(low, high + 1, step)]
    for weight in ("3", "33", "80", "150"):
        values = enter(explorer, weight_kg=weight)["values"]
        assert [unpack(column, frames["at"][weight]) for column in frames["columns"]] == values


@pytest.mark.parametrize("want", ["", "nonsense", "[1,2]", '[["drug","nothing"]]', "[[[]]]"])
def test_a_senseless_request_for_frames_changes_nothing(want):
    explorer = nam.DoseExplorer()
    explorer.want = want
    assert explorer.frames == {}


def test_a_start_that_is_not_accepted_is_refused_in_words():
    with pytest.raises(Refused, match="no regimen in the ledger"):
        nam.DoseExplorer("aspirin")
    with pytest.raises(Refused, match="pounds"):
        nam.DoseExplorer(weight_kg="176 lb")


def test_the_weekly_drug_never_reads_as_daily():
    shown = words(nam.DoseExplorer("methotrexate").page.html)
    assert "once weekly" in shown
    assert " a day" not in shown and " daily" not in shown


# --- the pathway explorer ------------------------------------------------------------------------------------------


def test_the_pathway_explorer_walks_as_nam_walk_does():
    said = {"anti_hmgcr": "positive", "anti_srp": "negative", "weakness": "moderate", "response": "inadequate"}
    explorer = nam.PathwayExplorer(**said, used=["glucocorticoid", "methotrexate"])
    assert explorer.walk == nam.walk(nam.Patient(**said, used={"glucocorticoid", "methotrexate"}))
    assert repr(explorer) == f"PathwayExplorer: {explorer.walk!r}"


def test_every_box_can_be_opened_and_shows_its_evidence():
    explorer = nam.PathwayExplorer()
    by_id = {fact.id: fact for fact in course.ledger().facts}
    for node in course.ledger().pathway.nodes:
        assert enter(explorer, selected=node.id)["errors"] == {}
        shown = explorer.page.html.split('class="nam-detail"')[1].split('class="nam-walk"')[0]
        assert entities.escape(node.title) in shown
        assert entities.escape(by_id[node.facts[0]].statement) in shown


def test_not_tested_is_offered_and_reads_as_unknown():
    explorer = nam.PathwayExplorer(anti_srp="positive")
    enter(explorer, anti_srp="not_tested")
    unknown = explorer.walk
    enter(explorer, anti_srp="negative")
    assert explorer.walk != unknown
    assert "anti_srp" in unknown.missing


def test_states_on_the_drawing_are_those_of_the_walk():
    explorer = nam.PathwayExplorer(anti_srp="positive", weakness="severe")
    boxes = dict(re.findall(r'data-node="(\w+)"[^>]*aria-describedby="nam-(\w+)"', explorer.page.html))
    assert {box for box, state in boxes.items() if state == "on"} == set(explorer.walk.taken)
    assert {box for box, state in boxes.items() if state == "open"} == set(explorer.walk.open)


def test_an_update_of_the_pathway_weighs_little():
    explorer = nam.PathwayExplorer()
    messages = sent_by(explorer)
    for name, value in {
        "anti_hmgcr": "positive",
        "anti_srp": "negative",
        "weakness": "severe",
        "response": "relapsed",
    }.items():
        enter(explorer, **{name: value})
        assert len(json.dumps(messages[-1], separators=(",", ":"))) < 6000


def test_a_finding_the_explorer_does_not_ask_is_refused():
    with pytest.raises(Refused, match="is not asked here"):
        nam.PathwayExplorer(shoe_size=42)
    with pytest.raises(Refused, match="not one of"):
        nam.PathwayExplorer(anti_srp="perhaps")


# --- both ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [nam.DoseExplorer, nam.PathwayExplorer])
def test_a_page_without_a_kernel_still_has_picture_table_and_text(make):
    data, _ = make()._repr_mimebundle_()
    assert data["text/html"].count("<svg") == 1
    assert "\x01" not in data["text/html"]
    assert data["text/plain"] == repr(make())


@pytest.mark.parametrize("make", [nam.DoseExplorer, nam.PathwayExplorer])
def test_a_browser_that_comes_later_gets_the_whole_frame(make):
    explorer = make()
    state = explorer.get_state()
    assert state["frame"] == explorer.frame
    assert len(state["frame"]["values"]) == len(explorer.page.values)


@pytest.mark.parametrize("make", [nam.DoseExplorer, nam.PathwayExplorer])
def test_every_input_has_a_label(make):
    for spec in make().controls:
        assert spec["label"].strip()
        if spec["kind"] in ("choice", "set"):
            assert all(said.strip() for _, said in spec["options"])


def test_a_control_can_be_set_by_code_and_says_what_the_explorer_then_shows():
    explorer = nam.DoseExplorer("prednisone")
    said = explorer.enter(age_years="9", weight_kg="30")
    assert said == explorer.page.values[0] and "for the other age group" in said
    with pytest.raises(Refused, match="pounds"):
        explorer.enter(weight_kg="66 lb")
    assert explorer.page.values[0] == said
    with pytest.raises(Refused, match="is not a control"):
        explorer.enter(shoe_size="42")
