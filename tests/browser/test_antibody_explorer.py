"""The antibody test explorer in a real JupyterLab, by keyboard alone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.lab import LabServer
from tests.browser.test_explorers import Explorer, explorer_page, no_complaints, no_serious_barriers


@pytest.fixture(scope="module")
def antibody(lab_server: LabServer, browser: Browser) -> Iterator[Explorer]:
    yield from explorer_page(lab_server, browser, "AntibodyTestExplorer")


def test_the_worth_of_a_result_follows_the_test_and_the_probability_before_it(antibody: Explorer) -> None:
    antibody.type("pretest_percent", "30")
    assert "99.09%" in antibody.shows(pretest_percent="30")
    before = antibody.picture.bounding_box()
    antibody.choose("test", "blot_any_neither")
    text = antibody.says(test="blot_any_neither", pretest_percent="30")
    assert "line blot" in text and "99.09%" not in text
    antibody.reach('input[type=range][data-field="pretest_percent"]')
    for _ in range(3):
        antibody.page.keyboard.press("ArrowRight")
        share = antibody.value("input[type=text]", "pretest_percent")
        antibody.shows(test="blot_any_neither", pretest_percent=share)
    assert float(share) > 30
    assert antibody.picture.bounding_box() == before, "the layout moved"
    no_complaints(antibody.lab)


@pytest.mark.parametrize("text", ["half", "0", "100", "30,5", "<script>alert(1)</script>", "1 in 1000"])
def test_a_probability_that_is_none_is_refused_beside_its_box_and_the_next_recovers(
    antibody: Explorer, text: str
) -> None:
    antibody.paste("pretest_percent", text)
    expect(antibody.error("pretest_percent")).not_to_be_empty()
    assert antibody.is_greyed()
    antibody.paste("pretest_percent", "2")
    expect(antibody.error("pretest_percent")).to_be_empty()
    antibody.says(pretest_percent="2")
    no_complaints(antibody.lab)


def test_the_antibody_test_explorer_has_no_serious_barrier(antibody: Explorer) -> None:
    no_serious_barriers(antibody.page)
    antibody.lab.screenshot("antibody_test_explorer")
