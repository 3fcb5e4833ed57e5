"""The taper explorer in a real JupyterLab, driven by the keyboard alone."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from namlib.view.taper import NONE_PROPOSED
from tests.browser.lab import LabServer
from tests.browser.test_explorers import Explorer, explorer_page, no_complaints, no_serious_barriers

START = {"start_mg_per_d": "60", "weight_kg": "80", "population": "adult"}
RUBBISH = (
    ("start_mg_per_d", "sixty"),
    ("start_mg_per_d", "1 mg/kg/d"),
    ("start_mg_per_d", "60,5"),
    ("start_mg_per_d", "-60"),
    ("start_mg_per_d", "<script>alert(1)</script>"),
    ("weight_kg", "176 lb"),
    ("weight_kg", "<img src=x onerror=alert(1)>"),
)
# How much room every row of the tables, the drawing and the sentences take: none may grow or shrink.
PLACES = """() => [...document.querySelectorAll('.nam-explorer .nam-page :is(tr, svg, caption, p)')]
  .map(part => part.getBoundingClientRect())
  .map(box => [Math.round(box.height), Math.round(box.width)])
"""


@pytest.fixture(scope="module")
def taper(lab_server: LabServer, browser: Browser) -> Iterator[Explorer]:
    yield from explorer_page(lab_server, browser, "TaperExplorer")


def as_at_first(taper: Explorer) -> str:
    if taper.value("select", "population") != "adult":
        taper.choose("population", "adult")
    for field in ("start_mg_per_d", "weight_kg"):
        if taper.value("input[type=text]", field) != START[field]:
            taper.type(field, START[field])
    return taper.shows(**START)


def test_a_typed_start_moves_the_lines_and_the_numbers_and_nothing_else(taper: Explorer) -> None:
    before = as_at_first(taper)
    places = taper.page.evaluate(PLACES)
    for start in ("75", "40", "22", "100", "200"):
        taper.type("start_mg_per_d", start)
        assert taper.shows(start_mg_per_d=start) != before
        assert taper.page.evaluate(PLACES) == places, f"something moved at {start} mg/d"
    taper.type("start_mg_per_d", "60")
    assert taper.shows(**START) == before
    no_complaints(taper.lab)


def test_the_slider_answers_the_arrow_keys(taper: Explorer) -> None:
    as_at_first(taper)
    taper.reach('input[type=range][data-field="start_mg_per_d"]')
    for start in ("65", "70", "75"):
        taper.page.keyboard.press("ArrowRight")
        assert taper.value("input[type=text]", "start_mg_per_d") == start
        taper.shows(start_mg_per_d=start)
    no_complaints(taper.lab)


@pytest.mark.parametrize(("field", "text"), RUBBISH)
def test_rubbish_is_refused_in_place_and_a_number_recovers(taper: Explorer, field: str, text: str) -> None:
    before = as_at_first(taper)
    taper.paste(field, text)
    expect(taper.error(field)).to_be_visible()
    expect(taper.error(field)).to_contain_text(re.compile("accepted|write the decimal"))
    assert taper.picture.inner_html() == before and taper.is_greyed()
    assert taper.page.locator(".nam-explorer script, .nam-explorer [onerror]").count() == 0
    taper.type(field, START[field])
    expect(taper.error(field)).to_be_empty()
    assert taper.shows(**START) == before
    no_complaints(taper.lab)


def test_schemes_for_children_need_a_weight_and_come_with_it(taper: Explorer) -> None:
    as_at_first(taper)
    taper.choose("population", "paediatric")
    taper.type("weight_kg", "")
    taper.shows(population="paediatric", weight_kg="")
    expect(taper.picture).to_contain_text("weight missing")
    taper.type("weight_kg", "30")
    assert "weight missing" not in taper.shows(population="paediatric", weight_kg="30")
    taper.lab.screenshot("taper_explorer_children")
    expect(taper.picture).to_contain_text(NONE_PROPOSED)
    taper.choose("population", "all")
    taper.shows(population="all", weight_kg="30")
    taper.lab.screenshot("taper_explorer")
    no_complaints(taper.lab)


def test_the_taper_explorer_has_no_serious_barrier(taper: Explorer) -> None:
    as_at_first(taper)
    no_serious_barriers(taper.page)
