"""The relapse explorer without a browser: what it shows, how soon, and what hostile readers enter."""

from __future__ import annotations

import html as entities
import json
import re
import time
from itertools import pairwise

import pytest

import namlib as nam
from namlib.course import virtual_cohort
from namlib.model.course_of_disease import disease_course
from namlib.records import Refused
from namlib.view.virtual_cohort import tenths
from tests.test_hostile_inputs import MARKUP, NOT_NUMBERS, WRONG_CHOICES
from tests.test_light_import import BLOCKED, READERS, loaded_by, run

np = pytest.importorskip("numpy", reason="the fan is drawn with numpy")

MODEL = virtual_cohort.relapse_model()
SLIDERS = [parameter for parameter in MODEL.parameters if parameter.slider]
STATES = [state.id for state in MODEL.states]


def enter(explorer, **inputs):
    explorer.inputs = {**explorer.inputs, **inputs, "seq": explorer.inputs["seq"] + 1}
    return explorer.frame


def shown_id(value):
    return ascii(value)[:30]


@pytest.fixture
def explorer():
    return nam.RelapseExplorer()


# --- the page ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("inputs", [{}, {"fan": "numbers", "state": "relapse"}, {"start_taper": "1000"}])
def test_every_slot_value_stands_in_the_page_where_the_browser_would_put_it(explorer, inputs):
    enter(explorer, **inputs)
    page = explorer.page
    for place, value in enumerate(page.values):
        texts = re.findall(rf'data-t="{place}">([^<]*)<', page.html)
        bound = re.findall(rf'data-a="[^"]*?([\w-]+):{place}[ "]', page.html)
        assert texts or bound, f"slot {place} is nowhere"
        assert all(entities.unescape(text) == value for text in texts)


def test_synthetic_stands_on_every_picture_and_table(explorer):
    page = explorer.page.html
    assert page.count('class="nam-mark">SYNTHETIC<') == 2
    assert page.count("<caption>SYNTHETIC") == page.count("<caption>") == 2
    assert 'aria-label="SYNTHETIC' in page and MODEL.label in page
    assert explorer.page.values[0].startswith("SYNTHETIC") and "SYNTHETIC" in repr(explorer)
    assert "SYNTHETIC" in explorer.title


def test_every_assumed_number_has_a_slider_with_its_start_among_the_stops(explorer):
    offered = {control["name"]: control for control in explorer.controls if "name" in control}
    for parameter in MODEL.parameters:
        if parameter.standing == "assumed":
            assert parameter.id in offered
    for parameter in SLIDERS:
        control = offered[parameter.id]
        assert explorer.inputs[parameter.id] in control["steps"]
        stops = [float(step) for step in control["steps"]]
        assert stops == sorted(stops) and len(set(stops)) == len(stops)
        assert control["help"].startswith(parameter.standing)


def test_the_start_is_the_cohort_of_the_data_and_not_its_rounded_waits(explorer):
    assert explorer.course.shares == disease_course(MODEL).shares


def test_the_lines_are_the_exact_course_of_the_numbers_entered(explorer):
    enter(explorer, start_taper="12", taper_effect="0.5")
    exact = disease_course(MODEL, {"start_taper": 1 / 12, "taper_effect": 0.5})
    assert explorer.course.shares == exact.shares
    table = explorer.page.html.split("exact shares of all who start</caption>")[1].split("</table>")[0]
    words = re.sub(r"<[^>]+>", " ", table)
    for state in STATES:
        assert tenths(exact.share(state, 60)) in words


def test_stacked_areas_end_where_their_shares_add_up(explorer):
    paths = re.findall(r'<path fill="#\w+" stroke="#fff"[^>]* d="([^"]*)"', explorer.page.html)
    assert len(paths) == len(STATES)
    ends = []
    for path in paths:
        # Heights are written in tenths of a unit, as moves from one second month to the next.
        started, moved = re.fullmatch(r"M5\.2 (\d+)l((?:\+1[+-]\d+)+)V2840H5\.2z", path).groups()
        heights = [int(started)]
        for down in re.findall(r"\+1([+-]\d+)", moved):
            heights.append(heights[-1] + int(down))
        assert len(heights) == 61 and all(335 < height < 2846 for height in heights)
        ends.append(heights[-1])
    assert ends[0] == pytest.approx(340, abs=0.5), "all together make 100%"
    last = disease_course(MODEL).shares[-1]
    bands = sorted(below - above for above, below in pairwise([*ends, 2840]))
    assert bands == pytest.approx(sorted(2500 * share for share in last), abs=1)


@pytest.mark.parametrize("kind", ["25", "50", "200", "numbers"])
@pytest.mark.parametrize("state", STATES)
def test_the_fan_is_in_order_and_its_words_say_what_it_is(kind, state):
    explorer = nam.RelapseExplorer(state, fan=kind)
    table = explorer.page.html.split("the fan as numbers</caption>")[1].split("</table>")[0]
    rows = [re.findall(r"<span[^>]*>([^<]*)<", row) for row in table.split("<tr>")[2:]]
    held = [
        [0.0 if cell.startswith("below") else float(cell.removeprefix("above ").rstrip("%")) for cell in row]
        for row in rows
    ]
    for column in zip(*held, strict=True):
        assert list(column) == sorted(column, reverse=True)
    said = re.search(r'class="nam-fan-words"[^>]*>([^<]*)<', explorer.page.html)[1]
    assert ("Luck alone" in said and f"clinics of {kind}," in said) != ("Not knowing the numbers" in said)


def test_luck_and_not_knowing_are_never_one_fan(explorer):
    luck = enter(explorer, fan="50")["values"]
    numbers = enter(explorer, fan="numbers")["values"]
    assert luck != numbers
    # More people make luck smaller; they change nothing about the other.
    assert enter(explorer, fan="numbers")["values"] == numbers


def test_the_same_controls_show_the_same_page(explorer):
    before = enter(explorer, relapse_off="25")["values"]
    enter(explorer, relapse_off="100")
    assert enter(explorer, relapse_off="25")["values"] == before
    assert nam.RelapseExplorer(seed=2).page.values != nam.RelapseExplorer(seed=1).page.values


def test_the_page_keeps_still_when_numbers_change(explorer):
    def fixed(page):
        bare = re.sub(r"<(span|p|text|tspan)[^>]*data-t[^>]*>[^<]*<", "", page)
        return re.sub(r"<(rect|path|text)[^>]*data-a[^>]*>", "", bare)

    before = fixed(explorer.page.html)
    for inputs in ({"start_taper": "24"}, {"state": "relapse"}, {"fan": "numbers"}, {"relapse_off": "0.5"}):
        assert enter(explorer, **inputs)["errors"] == {}
        assert fixed(explorer.page.html) == before


def test_labels_beside_the_picture_never_overlap(explorer):
    for inputs in ({}, {"relapse_off": "1000", "start_taper": "1"}, {"start_taper": "1000"}, {"respond_again": "1000"}):
        enter(explorer, **inputs)
        for size, gap in (("", 15), ('class="nam-small" ', 14.9)):
            x = 678 if not size else 662
            heights = sorted(
                float(y) for y in re.findall(rf'<text x="{x}" {size}y="([\d.]+)" data-a', explorer.page.html)
            )
            assert len(heights) in (5, 7)
            assert all(after - before >= gap for before, after in pairwise(heights))


# --- how soon ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["50", "numbers"])
def test_an_update_takes_python_less_than_ten_milliseconds(explorer, kind):
    enter(explorer, fan=kind)
    stream = np.random.default_rng(1)
    took, yardstick = [], []
    for place in range(25):
        inputs = {**explorer.inputs, "start_taper": str(3 + place / 10), "seq": explorer.inputs["seq"] + 1}
        start = time.process_time()
        explorer.inputs = inputs
        between = time.process_time()
        for _ in range(120):
            stream.random(10_000)
        took.append(between - start)
        yardstick.append(time.process_time() - between)
    # The quickest of many, the others tell how busy the machine is. One that is slow, or busy all the time, shows it by
    # drawing a double for each person and month in more than the usual 3 ms.
    assert min(took) < max(0.010, 3.5 * min(yardstick))


def test_only_what_changed_is_sent_and_it_weighs_little(explorer):
    messages = []
    explorer.send = messages.append
    before = explorer.frame["values"]
    after = enter(explorer, start_taper="9")["values"]
    assert messages[-1]["changed"] == {
        i: new for i, (old, new) in enumerate(zip(before, after, strict=True)) if old != new
    }
    assert len(json.dumps(messages[-1])) < 9000


# --- hostile readers -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [*MARKUP, *NOT_NUMBERS, "", "  ", None, 0, -1, "1e9", "12 kg"], ids=shown_id)
@pytest.mark.parametrize("name", ["start_taper", "taper_effect"])
def test_a_number_that_is_none_is_refused_beside_its_box_and_the_page_stays(explorer, name, value):
    good = explorer.frame["values"]
    frame = enter(explorer, **{name: value})
    assert list(frame["errors"]) == [name] and len(frame["errors"][name]) < 300
    assert frame["values"] == good


@pytest.mark.parametrize("value", [*WRONG_CHOICES, "drug free", None, ["relapse"]], ids=shown_id)
@pytest.mark.parametrize("name", ["state", "fan"])
def test_a_choice_that_is_not_offered_is_refused(explorer, name, value):
    good = explorer.frame["values"]
    frame = enter(explorer, **{name: value})
    assert list(frame["errors"]) == [name] and frame["values"] == good


@pytest.mark.parametrize("markup", MARKUP)
def test_nothing_entered_reaches_the_page_as_markup(explorer, markup):
    enter(explorer, state=markup, start_taper=markup, unasked=markup, **{markup: markup})
    data, _ = explorer._repr_mimebundle_()
    assert "<script" not in data["text/html"] and "onerror" not in data["text/html"]


def test_a_start_that_is_not_offered_is_refused():
    with pytest.raises(Refused, match="is not one of active"):
        nam.RelapseExplorer("cured")
    with pytest.raises(Refused, match="is not one of 25"):
        nam.RelapseExplorer(fan="both")


# --- what it loads -------------------------------------------------------------------------------------------------


def test_the_explorer_loads_numpy_for_its_fan_and_nothing_heavier():
    loaded = loaded_by("import namlib as nam\nnam.RelapseExplorer()")
    assert {"ipywidgets", "numpy"} <= loaded
    assert not loaded & {"pandas", "matplotlib", "scipy", "lifelines", "dask", "anywidget", *READERS}


def test_without_numpy_the_lines_stay_and_the_page_says_why_there_is_no_fan():
    said = run(
        BLOCKED
        + """
import namlib as nam
explorer = nam.RelapseExplorer()
print(explorer.enter(start_taper="12")[:9], "The fan needs numpy" in explorer.page.html)
"""
    )
    assert said.split() == ["SYNTHETIC", "True"]
