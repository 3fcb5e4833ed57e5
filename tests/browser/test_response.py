"""The response explorer in a real JupyterLab, by keyboard alone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.lab import LabServer
from tests.browser.test_explorers import Explorer, explorer_page, no_complaints, no_serious_barriers


@pytest.fixture(scope="module")
def response(lab_server: LabServer, browser: Browser) -> Iterator[Explorer]:
    yield from explorer_page(lab_server, browser, "ResponseExplorer")


def test_a_slider_and_a_box_move_points_and_sum_and_nothing_else(response: Explorer) -> None:
    before = response.picture.bounding_box()
    response.reach('input[type=range][data-field="follow_up_mmt_points"]')
    response.page.keyboard.press("ArrowLeft")
    assert "70 of 100 points" in response.says(follow_up_mmt_points="63")
    response.type("follow_up_ck_u_per_l", "8000")
    assert "62.5 of 100 points" in response.shows(follow_up_mmt_points="63", follow_up_ck_u_per_l="8000")
    response.type("follow_up_haq_di", "")
    assert "not settled" in response.shows(follow_up_haq_di="")
    assert response.picture.bounding_box() == before, "the layout moved"
    no_complaints(response.lab)


@pytest.mark.parametrize("text", ["eight", "30 mm", "<script>alert(1)</script>", "1e9", "-5", "3,5"])
def test_rubbish_is_refused_beside_its_box_and_the_next_number_recovers(response: Explorer, text: str) -> None:
    response.paste("follow_up_physician_global_cm", text)
    expect(response.error("follow_up_physician_global_cm")).not_to_be_empty()
    assert response.is_greyed()
    response.paste("follow_up_physician_global_cm", "3")
    expect(response.error("follow_up_physician_global_cm")).to_be_empty()
    response.says(follow_up_physician_global_cm="3")
    no_complaints(response.lab)


def test_the_explorer_has_no_serious_barrier(response: Explorer) -> None:
    no_serious_barriers(response.page)
    response.lab.screenshot("response_explorer")
