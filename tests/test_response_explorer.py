"""The response explorer and the pictures of response, without a browser: inputs in, frames out, words for all."""

from __future__ import annotations

import html as entities
import json
import math
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import namlib as nam
from namlib import course
from namlib.records import Refused
from namlib.view.response import response_page
from namlib.widgets.response import _ASKED, _VISITS
from tests.live import assert_stands_in_its_page, enter, words

BOXES = [f"{visit}_{name}" for visit in _VISITS for name in _ASKED]
MARKUP = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "'\"><svg onload=alert(1)>",
    "</td></tr></table><script>alert(1)</script>",
    "<b>8</b>",
    "8<b>",
    "{{8}}",
    "javascript:alert(1)",
)
NOT_NUMBERS = (
    *("eight", "unknown", "None", "true", "-", ".", "e5", "NaN", "inf", "-Infinity", "8 8", "3-4", "~8", "<8", ">8"),
    *("3,5", "1,200", "1_200", "0x5", "8e", "1e999", "\uff18", "٨", "½", "8²", "8\x00", "\u202e8", "\u200b8", "\ud800"),
    *("50%", "8 of 10", "4/5", "9" * 500, "eight " * 5000),
    *(True, [8], {"value": 8}, math.nan, math.inf),
)


@pytest.fixture(scope="module")
def one() -> Any:
    return nam.ResponseExplorer()


@pytest.fixture
def explorer(one: Any) -> Any:
    start = dict(one.inputs)
    yield one
    one.inputs = start


# --- the page -------------------------------------------------------------------------------------------------------


def test_it_starts_with_the_first_worked_example() -> None:
    # T01 of tests/test_response.py: 70 points.
    explorer = nam.ResponseExplorer()
    assert explorer.result.total == 70
    assert explorer.page.values[0] == "70 of 100 points: major improvement by the adult and the juvenile cut-offs."
    assert repr(explorer) == f"ResponseExplorer: {explorer.result!r}"


def test_every_slot_value_stands_in_the_page_where_the_browser_would_put_it(explorer: Any) -> None:
    assert_stands_in_its_page(explorer.page)


def test_it_says_what_nam_total_improvement_says(explorer: Any) -> None:
    enter(explorer, baseline_haq_di="1.875", follow_up_haq_di="1.5", follow_up_ck_u_per_l="7000")
    shared = {"mmt_maximum": 80, "ck_upper_limit_u_per_l": 200, "extramuscular_cm": 0}
    before = nam.CoreSet(
        physician_global_cm=8, patient_global_cm=8, mmt_points=44, haq_di=1.875, ck_u_per_l=8000, **shared
    )
    after = nam.CoreSet(
        physician_global_cm=3, patient_global_cm=4, mmt_points=64, haq_di=1.5, ck_u_per_l=7000, **shared
    )
    assert explorer.result == nam.total_improvement(before, after)
    assert explorer.page.html == nam.improvement_picture(before, after).html


def test_ck_alone_is_no_improvement_and_strength_makes_it_one(explorer: Any) -> None:
    still = {name: "5" for name in ("physician_global_cm", "patient_global_cm")}
    same = {f"{visit}_{name}": value for visit in _VISITS for name, value in {**still, "haq_di": "1.5"}.items()}
    enter(explorer, **same, follow_up_mmt_points="44", follow_up_ck_u_per_l="180")
    assert "7.5 of 100 points: no improvement" in explorer.page.values[0]
    enter(explorer, follow_up_mmt_points="57")
    assert explorer.result.adult == "minimal"


def test_the_ends_of_every_bar_lie_where_its_points_are(explorer: Any) -> None:
    enter(explorer, follow_up_haq_di="", follow_up_mmt_points="70")
    drawn = re.findall(r'<rect y="(\d+)" height="16" fill="([^"]+)" x="([\d.]+)" width="([\d.]+)"', explorer.page.html)
    assert len(drawn) == 3 * 6
    for place, change in enumerate(explorer.result.changes):
        beyond, missing, earned = ((float(x), float(width)) for _, _, x, width in drawn[3 * place : 3 * place + 3])
        start, per_point = earned[0], 11.4
        assert earned[1] == pytest.approx(per_point * float(change.points or 0), abs=0.06)
        assert missing[1] == pytest.approx(per_point * float(change.possible - (change.points or 0)), abs=0.06)
        assert beyond[0] + beyond[1] == pytest.approx(start + per_point * float(change.maximum), abs=0.11)


def test_what_is_missing_is_open_and_nothing_is_scaled(explorer: Any) -> None:
    frame = enter(explorer, **{f"follow_up_{name}": "" for name in ("haq_di", "ck_u_per_l")})
    assert frame["errors"] == {}
    assert frame["values"][0].startswith("55 to 72.5 of 100 points: not settled")
    assert "2 of 6 measures missing" in frame["values"][0]
    assert "0–7.5 of 7.5" in words(explorer.page.html)
    assert words(explorer.page.html).count("follow-up missing") == 4  # in the drawing and in the table


def test_a_worsening_is_named_and_costs_nothing(explorer: Any) -> None:
    frame = enter(explorer, follow_up_extramuscular_cm="3")
    assert explorer.result.total == 70
    assert "costs no points: extramuscular activity" in frame["values"][1]


def test_both_sides_and_the_long_test_are_taken_from_the_box(explorer: Any) -> None:
    enter(explorer, mmt_maximum="150", baseline_mmt_points="105", follow_up_mmt_points="120")
    assert explorer.result["strength"].percent == 10
    frame = enter(explorer, mmt_maximum="80")
    assert set(frame["errors"]) == {"baseline_mmt_points", "follow_up_mmt_points"}
    assert "more than the 80" in frame["errors"]["baseline_mmt_points"]


def test_the_recalled_range_is_flagged_on_the_page(explorer: Any) -> None:
    assert "3,000 U/L. Recalled, not read." in words(explorer.page.html)
    enter(explorer, ck_upper_limit_u_per_l="170")
    assert "2,550 U/L" in words(explorer.page.html)
    frame = enter(explorer, ck_upper_limit_u_per_l="")
    assert frame["errors"] == {} and "upper limit of CK missing" in words(explorer.page.html)


def test_only_texts_and_bars_change_and_the_layout_stays(explorer: Any) -> None:
    def frame_of(page: str) -> str:
        page = re.sub(r'(<(\w+)[^>]*data-t="\d+"[^>]*>)[^<]*<', r"\1<", page)
        page = re.sub(r' x="[^"]*" width="[^"]*" data-a', " data-a", page)
        # the amount beside a bar stands at the end of the bar's outline, which does not move
        return page

    before = frame_of(explorer.page.html)
    enter(explorer, follow_up_ck_u_per_l="", follow_up_mmt_points="20", baseline_extramuscular_cm="9.5")
    assert frame_of(explorer.page.html) == before


def test_an_update_weighs_little(explorer: Any) -> None:
    messages: list[Any] = []
    explorer.send = messages.append
    enter(explorer, follow_up_mmt_points="65")
    enter(explorer, follow_up_mmt_points="45")
    assert len(messages) == 2
    assert all(len(json.dumps(message)) < 2500 for message in messages)
    del explorer.send


def test_a_page_without_a_kernel_has_picture_table_and_text() -> None:
    data, _ = nam.ResponseExplorer()._repr_mimebundle_()
    assert data["text/html"].count("<svg") == 1 and data["text/html"].count("<table") == 1
    assert data["text/plain"] == repr(nam.ResponseExplorer())


def test_every_input_has_a_label_of_its_own() -> None:
    labels = [spec["label"] for spec in nam.ResponseExplorer().controls]
    assert len(labels) == len(BOXES) + 2 + 2  # a box for each measure and visit, what both share, two headings
    assert len(labels) == len(set(labels)) and all(label.strip() for label in labels)


def test_a_start_can_be_given_and_is_refused_where_it_cannot_be_scored() -> None:
    before = nam.CoreSet(mmt_points=105, mmt_maximum=150)
    explorer = nam.ResponseExplorer(before, nam.CoreSet(mmt_points=120, mmt_maximum=150))
    assert explorer.inputs["mmt_maximum"] == "150" and explorer.inputs["follow_up_haq_di"] == ""
    assert explorer.result["strength"].points == 10
    with pytest.raises(Refused, match="two tests"):
        nam.ResponseExplorer(before, nam.CoreSet(mmt_points=44, mmt_maximum=80))


def test_a_control_can_be_set_by_code() -> None:
    explorer = nam.ResponseExplorer()
    assert explorer.enter(follow_up_mmt_points="44").startswith("42.5 of 100 points")
    with pytest.raises(Refused, match="millimetres"):
        explorer.enter(follow_up_physician_global_cm="30 mm")
    with pytest.raises(Refused, match="is not a control"):
        explorer.enter(shoe_size="42")


# --- hostile inputs -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("box", [*BOXES, "ck_upper_limit_u_per_l"])
def test_rubbish_is_refused_beside_the_box_and_the_page_stays(explorer: Any, box: str) -> None:
    good = explorer.frame
    held = dict(explorer.inputs)
    for value in (*MARKUP, *NOT_NUMBERS, "-1", "1e9", -1, 1e9, "10000000"):
        frame = enter(explorer, **{box: value}) if not _is_nan(value) else enter(explorer, **{box: str(value)})
        assert set(frame["errors"]) == {box}, value
        assert 10 < len(frame["errors"][box]) < 500
        assert frame["values"] == good["values"]
        assert not any(markup in frame["errors"][box] for markup in MARKUP if "<script" in markup and len(markup) > 40)
    assert enter(explorer, **{box: held[box]})["errors"] == {}


def _is_nan(value: Any) -> bool:
    return isinstance(value, float) and not math.isfinite(value)


@pytest.mark.parametrize(
    "value", [*MARKUP, "", None, "100", "80 ", 80, True, ["80"], {"80": 1}, "x" * 100_000], ids=ascii
)
def test_a_strength_test_that_is_not_offered_is_refused(explorer: Any, value: Any) -> None:
    good = explorer.frame["values"]
    frame = enter(explorer, mmt_maximum=value)
    assert set(frame["errors"]) == {"mmt_maximum"}
    assert len(frame["errors"]["mmt_maximum"]) < 200
    assert frame["values"] == good


@pytest.mark.parametrize("markup", MARKUP)
def test_markup_never_comes_back_as_markup(explorer: Any, markup: str) -> None:
    enter(explorer, **dict.fromkeys([*BOXES, "mmt_maximum"], markup), unasked=markup, **{markup: markup})
    assert explorer.frame["errors"]
    assert markup not in explorer.page.html
    assert markup not in explorer._repr_mimebundle_()[0]["text/html"]


@pytest.mark.parametrize(
    "inputs", [{}, {"mmt_maximum": "80"}, {"seq": "<script>"}, {"baseline_haq_di": {"deep": [1] * 999}}]
)
def test_inputs_with_parts_missing_raise_nothing(inputs: dict[str, Any]) -> None:
    explorer = nam.ResponseExplorer()
    explorer.set_state({"inputs": inputs})
    assert explorer.page.html


def test_nothing_entered_at_all_settles_nothing() -> None:
    explorer = nam.ResponseExplorer(nam.CoreSet(), nam.CoreSet())
    assert explorer.page.values[0].startswith("0 to 100 of 100 points: not settled by either set of cut-offs")
    assert "both visits missing" in words(explorer.page.html)


numbers = st.one_of(
    st.text(max_size=12), st.integers(-5, 300), st.floats(allow_nan=False, allow_infinity=False), st.none()
)


@given(st.dictionaries(st.sampled_from([*BOXES, "ck_upper_limit_u_per_l"]), numbers, max_size=4))
def test_whatever_is_entered_the_page_is_whole_or_refused_in_words(one: Any, inputs: dict[str, Any]) -> None:
    start = dict(one.inputs)
    frame = enter(one, **inputs)
    assert all(reason.strip() for reason in frame["errors"].values())
    assert set(frame["errors"]) <= set(inputs)
    assert len(frame["values"]) == len(one.page.values)
    one.inputs = start


# --- pictures -------------------------------------------------------------------------------------------------------


def test_the_still_picture_of_a_score_has_table_words_and_sources() -> None:
    before = nam.CoreSet(physician_global_cm=5, mmt_points=60, mmt_maximum=80)
    picture = nam.improvement_picture(before, nam.CoreSet(physician_global_cm=4, mmt_points=66, mmt_maximum=80))
    assert picture.words.startswith("Total improvement 17.5 to 65 of 100 points")
    assert picture.html.count("<caption>") == 1 and "doi.org" in picture.html


def test_a_page_says_its_cut_offs_from_the_data() -> None:
    result = nam.total_improvement(nam.CoreSet(), nam.CoreSet())
    shown = words(response_page(result, course.response_criteria(), course.bibliography()).html)
    for category in course.response_criteria().categories:
        assert f"{category.id} {category.adult:g}" in shown and f"{category.id} {category.juvenile:g}" in shown


def test_the_figure_of_ck_and_strength_tells_every_row_in_words_and_in_its_table() -> None:
    picture = nam.ck_and_strength()
    moments = course.ledger().ck_strength
    assert len(moments) >= 10
    for moment in moments:
        assert f"{moment.moment}: CK {moment.ck_said}; strength: {moment.strength_said}" in picture.words
        assert moment.caveat in entities.unescape(picture.html)
    assert re.search(r'<img alt="Dot chart[^"]{200,}"', picture.html)
    assert "not a sample" in words(picture.html)


def test_the_rows_of_the_figure_hold_each_way_in_which_ck_and_strength_part() -> None:
    moments = {moment.id: moment for moment in course.ledger().ck_strength}
    strong = [one for one in moments.values() if one.strength == "full" and one.ck in ("above", "raised")]
    assert len(strong) >= 2, "strong with a raised CK"
    assert any(one.strength == "still weak" and one.ck == "normal" for one in moments.values()), "weak, CK normal"
    first, second = moments["statin_man_start"].value, moments["statin_man_week2"].value
    assert first is not None and second is not None
    # 13,875 to 7,900 is a fall of 43%; the same percentage stands in fact shm_ck_fall.
    assert round(100 * (first - second) / first) == 43 and "43%" in nam.fact("shm_ck_fall").statement
    assert moments["statin_man_week2"].strength == "no better"


def test_the_share_of_strong_patients_with_a_high_ck_agrees_with_its_fact() -> None:
    row = next(one for one in course.ledger().ck_strength if one.id == "hopkins_hmgcr")
    assert row.n is not None and row.n_total == nam.fact("tin_strength").n
    assert round(100 * row.n / row.n_total) == 55 and "55%" in nam.fact("tin_strength").statement
