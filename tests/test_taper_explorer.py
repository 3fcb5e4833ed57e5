"""The taper explorer without a browser: what goes in, what comes out, and that nothing moves or is proposed."""

from __future__ import annotations

import math
import re
from typing import Any

import pytest

import namlib as nam
from namlib import course
from namlib.model.taper import START_DOSE
from namlib.records import Refused
from namlib.view.taper import NONE_PROPOSED
from namlib.widgets.taper import _POPULATIONS, _SLIDERS
from tests.live import assert_stands_in_its_page, enter, words

LEDGER = course.ledger()
POPULATIONS = list(_POPULATIONS)


@pytest.fixture
def explorer() -> Any:
    return nam.TaperExplorer()


def still(markup: str) -> str:
    """The page without the places that may change."""
    without_texts = re.sub(r'(<(\w+)[^>]*data-t="\d+"[^>]*>)[^<]*', r"\1", markup)
    return re.sub(r'\b(d|width|transform)="[^"]*"(?=[^>]*data-a=)', "", without_texts)


@pytest.mark.parametrize("population", POPULATIONS)
@pytest.mark.parametrize(("start", "weight"), [("60", "80"), ("40", "20"), ("22", ""), ("200", "100")])
def test_every_slot_value_stands_in_the_page_where_the_browser_would_put_it(population: str, start: str, weight: str):
    explorer = nam.TaperExplorer(start, weight_kg=weight, population=population)
    assert_stands_in_its_page(explorer.page, explorer.phrases)


@pytest.mark.parametrize("population", POPULATIONS)
def test_nothing_but_the_slots_changes_when_the_inputs_do(population: str):
    explorer = nam.TaperExplorer(population=population)
    first = still(explorer.page.html)
    count = len(explorer.page.values)
    for start, weight in (("5", "80"), ("21", ""), ("75", "12.5"), ("100", "150"), ("200", "3"), ("60", "30")):
        frame = enter(explorer, start_mg_per_d=start, weight_kg=weight)
        assert not frame["errors"]
        assert len(explorer.page.values) == count
        assert still(explorer.page.html) == first


def test_a_live_explorer_sends_only_what_changed(explorer: Any):
    sent: list[Any] = []
    explorer.send = sent.append
    enter(explorer, start_mg_per_d="61")
    enter(explorer, start_mg_per_d="61")
    assert 0 < len(sent[0]["changed"]) < len(explorer.page.values)
    assert sent[1]["changed"] == {}


@pytest.mark.parametrize("population", POPULATIONS)
def test_the_page_says_that_no_trial_supports_any_scheme_and_lists_what_each_leaves_unsaid(population: str):
    explorer = nam.TaperExplorer(60, weight_kg=30, population=population)
    assert NONE_PROPOSED in explorer.page.values[0] and NONE_PROPOSED in repr(explorer)
    told = words(explorer.page.html)
    for scheme in LEDGER.tapers:
        shown = population == "all" or scheme.population == population
        assert all((item in told) == shown for item in scheme.unsaid if len(item) > 40)
        if shown:
            label = course.bibliography().text(scheme.sources[:1])
            assert label in told and scheme.name in told


@pytest.mark.parametrize("population", POPULATIONS)
def test_the_table_and_the_sentences_say_what_the_model_says(population: str):
    explorer = nam.TaperExplorer(60, weight_kg=30, population=population)
    told = words(explorer.page.html)
    for scheme in LEDGER.tapers:
        if population not in ("all", scheme.population):
            continue
        plan = nam.taper(scheme.id, 60, 30)
        assert plan.words() in told
        for counted in plan.thresholds:
            assert counted.words() in told


def test_lines_and_bars_end_where_the_model_ends():
    explorer = nam.TaperExplorer(60, weight_kg=60)
    # 126 days of 728 across 466 points from 240: the mark of the Australian scheme stands there, at 25 of 100 mg.
    x, y = 240 + 466 * 126 / 728, 310 - 280 * 25 / 100
    assert f"translate({x:.1f} {y:.1f})".replace(".0 ", " ").replace(".0)", ")") in explorer.page.html


def test_the_still_picture_is_the_same_page():
    picture = nam.taper_picture(start_mg_per_d=60, weight_kg=80, population="adult")
    explorer = nam.TaperExplorer(60, weight_kg=80)
    assert picture.html == explorer.page.html
    assert picture.words.startswith(explorer.page.values[0])
    named = nam.taper_picture("hhe_2018", "etg_australia", start_mg_per_d=60)
    assert "Hinze" not in named.words and named.html.count("<tr>") < picture.html.count("<tr>")


def test_the_picture_has_words_for_those_who_do_not_see_it(explorer: Any):
    shown = explorer._repr_mimebundle_()[0]
    assert shown["text/plain"] == repr(explorer)
    assert re.search(r'<svg[^>]* role="img" aria-label="[^"]{60,}"', shown["text/html"])
    assert shown["text/html"].count('scope="row"') >= 14
    assert "The same in sentences" in shown["text/html"]


def test_letters_repeat_what_colour_says(explorer: Any):
    letters = re.findall(r"<strong>|>([A-G])</text>", explorer.page.html)
    assert {letter for letter in letters if letter} == set("ABCDEFG")


# --- controls ------------------------------------------------------------------------------------------------------


def test_controls_carry_labels_units_and_help(explorer: Any):
    by_name = {control["name"]: control for control in explorer.controls}
    assert list(by_name) == ["start_mg_per_d", "population", "weight_kg"]
    assert all(control["label"] and control["help"] for control in explorer.controls)
    assert by_name["start_mg_per_d"]["unit"] == "mg/d" and by_name["weight_kg"]["unit"] == "kg"
    low, high, _ = _SLIDERS["start_mg_per_d"]
    assert START_DOSE.low <= low < high <= START_DOSE.high


def test_whose_schemes_are_shown_changes_the_page_and_keeps_the_inputs(explorer: Any):
    adults = explorer.page.html
    frame = enter(explorer, population="paediatric", weight_kg="30")
    assert frame["page"] == "paediatric" and explorer.page.html != adults
    assert "Hinze 2018" in words(explorer.page.html) and "Hinze 2018" not in words(adults)
    assert set(explorer.pages) == {"adult", "paediatric"}


def test_a_blank_weight_is_not_known_and_schemes_that_need_it_say_so():
    explorer = nam.TaperExplorer(60, weight_kg="", population="paediatric")
    assert "weight missing" in words(explorer.page.html)
    assert "2 cannot be laid out (weight missing)" in explorer.page.values[0]
    assert "no weight given" in explorer.page.values[1]


def test_a_start_below_a_range_is_said_in_its_row_and_the_others_stay(explorer: Any):
    said = explorer.enter(start_mg_per_d="20")
    assert "2 cannot be laid out (start below its range)" in said
    assert "holds" not in said and "3 only a time to hold" in said


HOSTILE: list[Any] = [
    "sixty", "-5", "0", "1e9", "nan", "inf", "60,5", "1 mg/kg/d", "0.06 g", "60 drops", "\u0666\u0660", "\uff16\uff10",
    "60" * 300, "<b>60</b>", "60; DROP", "\x00", "1/2", "0x3c", "1_000", True, False, [], [60], {"a": 1}, math.nan,
    math.inf, -math.inf, 10**400, b"60",
]  # fmt: skip


@pytest.mark.parametrize("value", HOSTILE, ids=lambda value: repr(value)[:20])
@pytest.mark.parametrize("field", ["start_mg_per_d", "weight_kg"])
def test_a_hostile_number_is_refused_beside_its_box_and_the_page_stays(explorer: Any, field: str, value: Any):
    before = explorer.page
    frame = enter(explorer, **{field: value})
    assert list(frame["errors"]) == [field], frame["errors"]
    reason = frame["errors"][field]
    assert reason.startswith(("Starting dose: ", "Weight: ")) and len(reason) < 240
    assert explorer.page is before
    assert not enter(explorer, **{field: "60"})["errors"]


@pytest.mark.parametrize("blank", ["", "   ", None])
def test_a_blank_start_is_asked_for_and_the_page_stays(explorer: Any, blank: Any):
    before = explorer.page
    frame = enter(explorer, start_mg_per_d=blank)
    assert "needed" in frame["errors"]["start_mg_per_d"]
    assert explorer.page is before


@pytest.mark.parametrize("value", ["children", "", None, 7, [], {}, "<script>", "adult "])
def test_a_population_that_is_not_offered_is_refused(explorer: Any, value: Any):
    frame = enter(explorer, population=value)
    assert list(frame["errors"]) == ["population"]
    assert explorer.page.html


def test_markup_never_comes_back_as_markup(explorer: Any):
    for field in ("start_mg_per_d", "population", "weight_kg"):
        enter(explorer, **{field: "<img src=x onerror=alert(1)>"})
        assert "<img" not in explorer.page.html
        assert "<img" not in "".join(explorer.page.values)


@pytest.mark.parametrize("inputs", [{}, {"seq": 1}, {"start_mg_per_d": "60"}, {"population": "adult"}, {"x": 1}])
def test_inputs_with_parts_missing_raise_nothing(explorer: Any, inputs: dict[str, Any]):
    explorer.inputs = inputs
    assert explorer.page.html


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"start_mg_per_d": "sixty"}, "start_mg_per_d"),
        ({"start_mg_per_d": ""}, "start_mg_per_d"),
        ({"weight_kg": "176 lb"}, "weight_kg"),
        ({"population": "children"}, "population"),
    ],
)
def test_a_start_that_is_not_accepted_is_refused_at_once(arguments: dict[str, Any], field: str):
    with pytest.raises(Refused) as refused:
        nam.TaperExplorer(**arguments)
    assert refused.value.field == field


def test_setting_a_control_by_code_answers_in_one_sentence_or_refuses(explorer: Any):
    assert explorer.enter(start_mg_per_d="40").startswith("From 40 mg/d: of 7 published schemes")
    with pytest.raises(Refused):
        explorer.enter(start_mg_per_d="forty")
    with pytest.raises(Refused):
        explorer.enter(dose="40")
