"""The clinic explorer without a browser: page, controls, frames, and what hostile readers enter."""

from __future__ import annotations

import html as entities
import json
import re
from typing import Any

import pytest

import namlib as nam
from namlib import course
from namlib.model.relapse import PATIENTS, PRIORS, clinic
from namlib.records import Refused
from namlib.units import percent
from namlib.view.clinic import PATIENT_STEPS, clinic_page, span_words
from namlib.widgets.clinic import ClinicExplorer
from tests.test_hostile_inputs import MARKUP, NOT_NUMBERS, WRONG_CHOICES
from tests.test_light_import import READERS, SCIENTIFIC, loaded_by

ROWS = {row.id: row for row in course.ledger().cohorts}
SOME = ("mayo_relapse", "australia_relapse", "referral_off", "korea_relapse")


def enter(explorer: ClinicExplorer, **inputs: Any) -> dict[str, Any]:
    explorer.inputs = {**explorer.inputs, **inputs, "seq": explorer.inputs["seq"] + 1}
    frame: dict[str, Any] = explorer.frame
    return frame


def others(explorer: ClinicExplorer) -> str:
    """The inputs a set of frames depends on, as the browser writes them."""
    held = {name: value for name, value in explorer.inputs.items() if name not in ("seq", "selected", PATIENTS.name)}
    return json.dumps(sorted([name, value] for name, value in held.items()), separators=(",", ":"))


def unpack(column: Any, index: int) -> str:
    if isinstance(column, str):
        return column
    text: str = column[0][index] if len(column) == 1 else column[0][column[1][index]]
    return text


def words(markup: str) -> str:
    return re.sub(r"\s+", " ", entities.unescape(re.sub(r"<[^>]+>", " ", markup)))


@pytest.fixture
def explorer() -> ClinicExplorer:
    return nam.ClinicExplorer()


# --- the page ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SOME)
@pytest.mark.parametrize("patients", [1, 10, 40])
def test_every_slot_value_stands_in_the_page_where_the_browser_would_put_it(name: str, patients: int) -> None:
    page = nam.ClinicExplorer(name, patients=patients).page
    for place, value in enumerate(page.values):
        texts = re.findall(rf'data-t="{place}">([^<]*)<', page.html)
        bound = re.findall(rf'data-a="[^"]*?([\w-]+):{place}[ "]', page.html)
        held = f'data-h="{place}">{value}' in page.html
        assert texts or bound or held, f"slot {place} is nowhere"
        assert all(entities.unescape(text) == value for text in texts)


@pytest.mark.parametrize("name", SOME)
@pytest.mark.parametrize("patients", [1, 2, 10, 40])
def test_bars_table_and_sentence_say_the_same(name: str, patients: int) -> None:
    forecast = clinic(patients, ROWS[name])
    page = clinic_page(forecast, course.bibliography())
    shown = words(page.html)
    assert page.values[0] == forecast.words
    for level in ("0.8", "0.95"):
        assert span_words(forecast.span(level)) in shown
    for r, (chance, sure) in enumerate(zip(forecast.probabilities, forecast.plug_in, strict=True)):
        assert f" {r} {percent(chance)} {percent(sure)} " in shown


@pytest.mark.parametrize("patients", range(1, 41))
def test_every_number_has_a_bar_that_stands_on_the_base_inside_the_drawing(patients: int) -> None:
    forecast = clinic(patients, ROWS["mayo_relapse"])
    page = clinic_page(forecast, course.bibliography()).html
    bars = re.findall(r"M([\d.]+) 250v-([\d.]+)h([\d.]+)v([\d.]+)z", page)
    assert len(bars) == patients + 1
    inside = re.findall(r'fill="#0072B2" d="([^"]*)"', page)
    span = forecast.span("0.95")
    assert len(inside) == 1 and inside[0].count("z") == span.high - span.low + 1
    heights = []
    for left, high, wide, back in sorted(bars, key=lambda bar: float(bar[0])):
        assert high == back and float(left) >= 64 and float(left) + float(wide) <= 880
        heights.append(float(high))
    top = max(heights)
    assert 60 <= top <= 210, "the bars fill the drawing"
    most = max(forecast.probabilities)
    for high, chance in zip(heights, forecast.probabilities, strict=True):
        assert high / top == pytest.approx(float(chance / most), abs=0.001)


def test_the_page_keeps_still_when_anything_changes(explorer: ClinicExplorer) -> None:
    def fixed(page: str) -> str:
        bare = re.sub(r"<(span|p|li|text)[^>]*data-t[^>]*>[^<]*<", "", page)
        bare = re.sub(r"<(p|div)[^>]*data-h.*?</\1>", "", bare, flags=re.S)
        return re.sub(r"<(rect|path)[^>]*data-a[^>]*>", "", bare)

    before = fixed(explorer.page.html)
    for inputs in ({PATIENTS.name: "40"}, {"cohort": "referral_off"}, {"prior": "Jeffreys"}, {PATIENTS.name: "1"}):
        assert enter(explorer, **inputs)["errors"] == {}
        assert fixed(explorer.page.html) == before


def test_the_mayo_page_says_that_the_count_is_not_known_and_what_each_would_give() -> None:
    shown = words(nam.in_your_clinic(10)._repr_html_())
    assert "6 of 11, 11 of 20, 12 of 22, 16 of 29, 17 of 31 fit, and each weighs the same" in shown
    assert "The 95% span if a single count were the true one: 6 of 11: 1 to 9" in shown
    assert "read in another's account" in shown


# --- the controls --------------------------------------------------------------------------------------------------


def test_every_row_with_few_enough_counts_can_be_chosen_and_no_other(explorer: ClinicExplorer) -> None:
    offered = dict(explorer.controls[0]["options"])
    assert "mayo_relapse" in offered and len(set(offered.values())) == len(offered)
    assert not {"mayo_off", "west_australia_relapse", "nz_survival_5", "hopkins_srp_strength"} & set(offered)
    for name in offered:
        assert enter(explorer, cohort=name)["errors"] == {}


def test_entering_by_code_says_what_is_shown_and_the_repr_states_it(explorer: ClinicExplorer) -> None:
    said = explorer.enter(cohort="australia_relapse", patients="6", prior="Jeffreys")
    assert said == nam.in_your_clinic(6, cohort="australia_relapse", prior="Jeffreys").words
    assert repr(explorer) == f'ClinicExplorer("australia_relapse", patients=6, prior="Jeffreys"): {said}'
    with pytest.raises(Refused, match="is not a whole number of patients"):
        explorer.enter(patients="2.5")
    assert explorer.page.values[0] == said


def test_a_forecast_shows_itself_as_the_page_of_the_explorer() -> None:
    shown = nam.in_your_clinic(12, cohort="wu_relapse")
    assert shown._repr_html_() == nam.ClinicExplorer("wu_relapse", patients=12).page.html
    assert shown.to_dict() == clinic(12, ROWS["wu_relapse"]).to_dict()
    with pytest.raises(KeyError, match="no cohort row 'x'"):
        nam.in_your_clinic(12, cohort="x")
    with pytest.raises(Refused, match="has no count"):
        nam.in_your_clinic(12, cohort="mayo_off")


def test_only_what_changed_is_sent_and_it_weighs_little(explorer: ClinicExplorer) -> None:
    messages: list[dict[str, Any]] = []
    explorer.send = messages.append
    before = explorer.frame["values"]
    after = enter(explorer, patients="40")["values"]
    changed = {i: new for i, (old, new) in enumerate(zip(before, after, strict=True)) if old != new}
    assert messages[-1]["changed"] == changed
    assert len(json.dumps(messages[-1])) < 12_000


@pytest.mark.parametrize("name", SOME)
def test_the_frames_of_the_slider_are_exactly_what_python_says_for_each_step(name: str) -> None:
    explorer = nam.ClinicExplorer(name)
    shown = explorer.forecast
    explorer.want = others(explorer)
    assert explorer.forecast == shown, "making frames changes nothing that is on show"
    frames = explorer.frames
    assert frames["key"] == explorer.want and list(frames["at"]) == list(PATIENT_STEPS)
    for step in ("1", "7", "40"):
        values = enter(explorer, patients=step)["values"]
        assert [unpack(column, frames["at"][step]) for column in frames["columns"]] == values


@pytest.mark.parametrize("want", ["", "nonsense", "[1,2]", '[["cohort","nothing"]]', "[[[]]]"])
def test_a_senseless_request_for_frames_changes_nothing(want: str, explorer: ClinicExplorer) -> None:
    explorer.want = want
    assert explorer.frames == {}


def test_a_start_that_is_not_accepted_is_refused_in_words() -> None:
    for wrong in ("mayo_off", "nothing", ["mayo_relapse"], None):
        with pytest.raises(Refused, match="not a row with a count"):
            nam.ClinicExplorer(wrong)  # type: ignore[arg-type]
    with pytest.raises(Refused, match="patients"):
        nam.ClinicExplorer(patients=41)
    with pytest.raises(Refused, match="prior"):
        nam.ClinicExplorer(prior="hopeful")


# --- hostile readers -----------------------------------------------------------------------------------------------


def shown_id(value: object) -> str:
    return ascii(value)[:30]


@pytest.mark.parametrize("value", [*MARKUP, *NOT_NUMBERS, "", "  ", None, 0, 41, -1, 2.5, "1e9"], ids=shown_id)
def test_a_number_that_is_none_is_refused_beside_the_box_and_the_page_stays(
    explorer: ClinicExplorer, value: Any
) -> None:
    good = explorer.frame["values"]
    frame = enter(explorer, patients=value)
    assert list(frame["errors"]) == ["patients"] and len(frame["errors"]["patients"]) < 300
    assert frame["errors"]["patients"].startswith(f"{PATIENTS.label}: ")
    assert frame["values"] == good
    assert enter(explorer, patients="30")["errors"] == {} and explorer.frame["values"] != good


@pytest.mark.parametrize("name", ["cohort", "prior"])
@pytest.mark.parametrize("value", [*WRONG_CHOICES, "MAYO_RELAPSE", None], ids=shown_id)
def test_a_choice_that_is_not_offered_is_refused_and_the_page_stays(
    explorer: ClinicExplorer, name: str, value: Any
) -> None:
    good = explorer.frame["values"]
    frame = enter(explorer, **{name: value})
    assert list(frame["errors"]) == [name] and frame["values"] == good
    assert len(frame["errors"][name]) < 1000


@pytest.mark.parametrize("markup", MARKUP)
def test_nothing_entered_reaches_the_page_as_markup(explorer: ClinicExplorer, markup: str) -> None:
    enter(explorer, cohort=markup, patients=markup, prior=markup, unasked=markup, **{markup: markup})
    data, _ = explorer._repr_mimebundle_()
    assert "<script" not in data["text/html"] and "onerror" not in data["text/html"]


def test_the_explorer_loads_no_readers_and_nothing_scientific() -> None:
    loaded = loaded_by("import namlib as nam\nnam.ClinicExplorer()")
    assert "ipywidgets" in loaded and not loaded & {*SCIENTIFIC, *READERS}


def test_every_prior_is_offered_with_its_words(explorer: ClinicExplorer) -> None:
    assert [name for name, _ in explorer.controls[2]["options"]] == list(PRIORS)
