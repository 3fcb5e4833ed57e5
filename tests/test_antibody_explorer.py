"""The antibody test explorer without a browser, the pages and pictures of a result, and what hostile readers enter."""

from __future__ import annotations

import html as entities
import json
import re

import pytest

import namlib as nam
from namlib import course
from namlib.model.antibody import PRETEST, evaluate, read_pretest
from namlib.records import Refused
from namlib.units import number, percent
from namlib.view.antibody import antibody_page
from namlib.widgets.antibody import _STEPS
from tests.live import assert_stands_in_its_page, enter, others, unpack, words
from tests.test_hostile_inputs import MARKUP, NOT_NUMBERS, WRONG_CHOICES
from tests.test_light_import import BLOCKED, READERS, SCIENTIFIC, loaded_by, run

TESTS = {test.id: test for test in course.ledger().antibody_tests}
COUNTED = sorted(name for name, test in TESTS.items() if test.kind == "counted")


@pytest.fixture
def explorer():
    return nam.AntibodyTestExplorer()


# --- the page ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", COUNTED)
def test_every_slot_value_stands_in_the_page_where_the_browser_would_put_it(name):
    explorer = nam.AntibodyTestExplorer(name, pretest_percent=16.4)
    assert_stands_in_its_page(explorer.page, explorer.phrases)


@pytest.mark.parametrize("name", COUNTED)
@pytest.mark.parametrize("pretest", ["0.0025", "16.4", "99.9"])
def test_bars_table_and_sentence_say_the_same_share(name, pretest):
    result = evaluate(TESTS[name], read_pretest(pretest))
    page = antibody_page(result, course.bibliography())
    for end in (result.counted, result.cautious, result.best):
        shown = "not known" if end is None else percent(end.value.ppv)
        assert len(re.findall(rf">{re.escape(shown)}<", page.html)) >= 2
    assert page.values[0] == result.words


@pytest.mark.parametrize("name", [name for name in COUNTED if TESTS[name].n_others is not None])
def test_a_bar_is_parted_as_the_people_are_and_no_part_with_somebody_in_it_vanishes(name):
    for pretest in ("0.001", "1", "30", "99.9"):
        result = evaluate(TESTS[name], read_pretest(pretest))
        page = antibody_page(result, course.bibliography()).html
        parts = re.findall(r'fill="(?:#0072B2|url\(#nam-false\))" (?:x="[\d.]+" )?width="([\d.]+)" data-a', page)
        assert len(parts) == 6
        for end, true, false in zip(
            (result.counted, result.cautious, result.best), parts[::2], parts[1::2], strict=True
        ):
            length = float(true) + float(false)
            assert float(true) / length == pytest.approx(float(end.value.ppv), abs=0.006)
            assert (float(true) > 0) == (end.people.true_positive > 0)
            assert (float(false) > 0) == (end.people.false_positive > 0)


def test_warnings_come_and_go_without_a_line_more_or_less():
    pages = {name: nam.AntibodyTestExplorer(name).page.html for name in COUNTED}
    lists = {name: page.split('class="nam-warnings"')[1].split("</ul>")[0] for name, page in pages.items()}
    assert {markup.count("<li") for markup in lists.values()} == {2}
    lines = {name: words(markup) for name, markup in lists.items()}
    assert "sensitivity was not measured" in lines["hmgcr_aric"]
    assert "Specificity was not measured" in lines["srp54_elisa_suzuki"]
    assert not lines["blot_any_neither"].strip(" >")


def test_every_warning_has_a_line_of_its_own():
    for name in COUNTED:
        assert len(evaluate(TESTS[name], 0.3).warnings) <= 2


def test_the_page_keeps_still_when_test_or_probability_change(explorer):
    def fixed(page):
        bare = re.sub(r"<(span|p|li|text)[^>]*data-t[^>]*>[^<]*<", "", page)
        bare = re.sub(r"<p[^>]*data-h.*?</p>", "", bare)
        return re.sub(r"<rect[^>]*data-a[^>]*>", "", bare)

    before = fixed(explorer.page.html)
    for inputs in ({"pretest_percent": "90"}, {"test": "blot_any_ctd"}, {"test": "srp54_elisa_suzuki"}):
        assert enter(explorer, **inputs)["errors"] == {}
        assert fixed(explorer.page.html) == before


# --- the controls --------------------------------------------------------------------------------------------------


def test_every_counted_test_can_be_chosen_and_no_observed_share():
    offered = dict(nam.AntibodyTestExplorer().controls[0]["options"])
    assert sorted(offered) == COUNTED
    assert len(set(offered.values())) == len(offered)


def test_entering_by_code_says_what_is_shown_and_the_repr_states_it(explorer):
    said = explorer.enter(test="blot_any_neither", pretest_percent="16.4 %")
    assert said == nam.predictive_value("blot_any_neither", 16.4).words
    assert repr(explorer) == f'AntibodyTestExplorer("blot_any_neither", pretest_percent=16.4): {said}'
    with pytest.raises(Refused, match="per 100,000"):
        explorer.enter(pretest_percent="2 per 100,000")
    assert explorer.page.values[0] == said
    with pytest.raises(Refused, match="is not a control"):
        explorer.enter(weight_kg="80")


def test_only_what_changed_is_sent_and_it_weighs_little(explorer):
    messages = []
    explorer.send = messages.append
    before = explorer.frame["values"]
    after = enter(explorer, pretest_percent="30")["values"]
    assert messages[-1]["changed"] == {
        i: new for i, (old, new) in enumerate(zip(before, after, strict=True)) if old != new
    }
    assert len(json.dumps(messages[-1])) < 3000


@pytest.mark.parametrize("name", COUNTED)
def test_the_frames_of_the_slider_are_exactly_what_python_says_for_each_step(name):
    explorer = nam.AntibodyTestExplorer(name)
    shown = explorer.prediction
    explorer.want = others(explorer, PRETEST.name)
    assert explorer.prediction == shown, "making frames changes nothing that is on show"
    frames = explorer.frames
    assert frames["key"] == explorer.want and list(frames["at"]) == list(_STEPS)
    for step in ("0.001", "0.0025", "2", "30", "99.9"):
        values = enter(explorer, pretest_percent=step)["values"]
        assert [unpack(column, frames["at"][step]) for column in frames["columns"]] == values


def test_the_slider_rises_from_end_to_end_of_what_is_accepted():
    steps = [read_pretest(step) for step in _STEPS]
    assert steps == sorted(steps) and len(set(steps)) == len(steps)
    assert (float(100 * steps[0]), float(100 * steps[-1])) == (PRETEST.low, PRETEST.high)


@pytest.mark.parametrize("want", ["", "nonsense", "[1,2]", '[["test","nothing"]]', "[[[]]]"])
def test_a_senseless_request_for_frames_changes_nothing(want, explorer):
    explorer.want = want
    assert explorer.frames == {}


def test_a_start_that_is_not_accepted_is_refused_in_words():
    with pytest.raises(Refused, match="not a counted test"):
        nam.AntibodyTestExplorer("dot_srp_imnm")
    with pytest.raises(Refused, match="not a counted test"):
        nam.AntibodyTestExplorer(["hmgcr_aric"])
    with pytest.raises(Refused, match="outside what is accepted"):
        nam.AntibodyTestExplorer(pretest_percent=100)
    with pytest.raises(Refused, match="is not a number"):
        nam.AntibodyTestExplorer(pretest_percent=True)


# --- hostile readers -----------------------------------------------------------------------------------------------

BLANK = ("", "  ", None)


REFUSED = (*MARKUP, *NOT_NUMBERS, *BLANK, 0, 100, -1, "1e9", "30 mg", "30 %%")


def shown_id(value):
    return ascii(value)[:30]


@pytest.mark.parametrize("value", REFUSED, ids=shown_id)
def test_a_probability_that_is_none_is_refused_beside_the_box_and_the_page_stays(explorer, value):
    good = explorer.frame["values"]
    frame = enter(explorer, pretest_percent=value)
    assert list(frame["errors"]) == ["pretest_percent"]
    reason = frame["errors"]["pretest_percent"]
    assert reason.startswith("Probability before the test: ") and len(reason) < 300
    assert frame["values"] == good
    assert enter(explorer, pretest_percent="30")["errors"] == {}
    assert explorer.frame["values"] != good


@pytest.mark.parametrize("value", [*WRONG_CHOICES, "dot_srp_imnm", "HMGCR_ARIC", None], ids=shown_id)
def test_a_test_that_is_not_offered_is_refused_and_the_page_stays(explorer, value):
    good = explorer.frame["values"]
    frame = enter(explorer, test=value)
    assert list(frame["errors"]) == ["test"] and frame["values"] == good
    assert len(frame["errors"]["test"]) < 600


def test_both_controls_wrong_gives_both_reasons(explorer):
    assert sorted(enter(explorer, test="x", pretest_percent="y")["errors"]) == ["pretest_percent", "test"]


@pytest.mark.parametrize("markup", MARKUP)
def test_nothing_entered_reaches_the_page_as_markup(explorer, markup):
    enter(explorer, test=markup, pretest_percent=markup, unasked=markup, **{markup: markup})
    data, _ = explorer._repr_mimebundle_()
    assert "<script" not in data["text/html"] and "onerror" not in data["text/html"]
    assert "\x01" not in data["text/html"]


# --- what a notebook calls -----------------------------------------------------------------------------------------


def test_the_table_of_tests_shows_counts_limits_and_what_nobody_counted():
    table = nam.antibody_tests()
    assert len(table) == len(TESTS)
    shown = words(table._repr_html_())
    for said in (
        "13 of 13: 100% (at least 79.4%)",
        "763 of 763: 100% (at least 99.61%)",
        "36 of 60: 60% (46.5% to 72.4%)",
    ):
        assert said in re.sub(r"\s+", " ", shown)
    assert shown.count("not known") == sum(
        (test.n_diseased is None) + (test.n_others is None) for test in TESTS.values() if test.kind == "counted"
    )
    assert "Of the positives" not in nam.antibody_tests(kind="counted")._repr_html_()
    assert {test.antibody for test in nam.antibody_tests(antibody="anti-SRP")} == {"anti-SRP"}
    assert json.loads(json.dumps(table.to_dict()))["rows"][0]["id"] == table[0].id
    with pytest.raises(KeyError, match="known: hmgcr_aric"):
        nam.antibody_tests("nothing")


def test_a_predictive_value_shows_itself_as_the_page_of_the_explorer():
    shown = nam.predictive_value("hmgcr_aric", "0.0025")
    assert shown._repr_html_() == nam.AntibodyTestExplorer("hmgcr_aric", pretest_percent="0.0025").page.html
    assert "0.634% at the cautious end; best case" in repr(shown)
    assert shown.to_dict() == evaluate(TESTS["hmgcr_aric"], read_pretest("0.0025")).to_dict()
    with pytest.raises(KeyError, match="no antibody test 'x'"):
        nam.predictive_value("x", 30)
    with pytest.raises(Refused, match="seen in one setting"):
        nam.predictive_value("dot_srp_imnm", 30)


def test_the_picture_of_ck_draws_every_cohort_by_its_own_statistic():
    picture = nam.ck_by_cohort()
    shown = picture._repr_html_()
    alt = entities.unescape(re.search(r'alt="([^"]*)"', shown)[1])
    for series in course.ledger().ck_series:
        kind = {"median peak": "median of the highest values", "mean peak": "mean of the highest values"}.get(
            series.statistic, series.statistic
        )
        assert f"{series.cohort}: {kind} {number(series.value)}" in alt
    assert "line at 1,000: trial: >1,000" in alt and "line at 5,000: S1: often >5,000" in alt
    assert "<figcaption>" in shown and "The numbers behind it" in shown
    assert shown.count('scope="row"') == len(course.ledger().ck_series)
    assert "checkpoint-inhibitor myopathy (another disease)" in alt
    assert len(nam.ck_series()) == len(course.ledger().ck_series)


def test_the_lines_of_the_picture_come_from_rows():
    assert course.fact("seed1_ck").sources == ("seed1",) and course.fact("seed1_ck").how_read == "printed"
    assert course.fact("ck_threshold").unit == course.fact("seed1_ck").unit == "U/L"


def test_the_picture_of_predictive_values_has_its_numbers_and_refuses_what_cannot_be_drawn():
    picture = nam.predictive_value_picture("hmgcr_elisa_musset", "blot_any_neither", title="T", caption="C")
    shown = words(picture._repr_html_())
    for name in ("hmgcr_elisa_musset", "blot_any_neither"):
        result = evaluate(TESTS[name], read_pretest(30))
        cell = (
            f"{percent(result.counted.value.ppv)} ({percent(result.cautious.value.ppv)} to "
            f"{percent(result.best.value.ppv)})"
        )
        assert cell in shown and cell in picture.words
    assert "Musset 2014: The diseased were picked by another assay" in picture.words
    with pytest.raises(Refused, match="specificity was not measured"):
        nam.predictive_value_picture("srp54_elisa_suzuki")
    with pytest.raises(Refused, match="1 to 4 can be drawn"):
        nam.predictive_value_picture(*COUNTED[:5])
    with pytest.raises(Refused, match="seen in one setting"):
        nam.predictive_value_picture("dot_srp_imnm")


def test_the_explorer_loads_no_readers_and_nothing_scientific():
    loaded = loaded_by("import namlib as nam\nnam.AntibodyTestExplorer()")
    assert "ipywidgets" in loaded and not loaded & {*SCIENTIFIC, *READERS}


def test_tables_and_results_work_without_scientific_packages():
    said = run(
        BLOCKED
        + """
import namlib as nam
for shown in (nam.antibody_tests(), nam.ck_series(), nam.predictive_value("hmgcr_aric", 30)):
    assert shown._repr_html_() and repr(shown)
print(nam.AntibodyTestExplorer().enter(pretest_percent="30")[:11])
"""
    )
    assert said.strip() == "Of 100,000"
