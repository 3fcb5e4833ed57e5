"""The relapse explorer and the clinic explorer in a real JupyterLab, driven by the keyboard alone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.lab import LabServer
from tests.browser.test_explorers import Explorer, explorer_page, no_complaints, no_serious_barriers

RUBBISH = ("soon", "0", "-12", "1e9", "12,5", "NaN", "<img src=x onerror=alert(1)>")
# Where the page ends: what stands below must not move.
END = "() => Math.round(document.querySelector('.nam-explorer').getBoundingClientRect().height)"


@pytest.fixture(scope="module")
def relapse(lab_server: LabServer, browser: Browser) -> Iterator[Explorer]:
    yield from explorer_page(lab_server, browser, "RelapseExplorer")


@pytest.fixture(scope="module")
def clinic(lab_server: LabServer, browser: Browser) -> Iterator[Explorer]:
    yield from explorer_page(lab_server, browser, "ClinicExplorer")


def test_every_slider_redraws_the_cohort_from_the_keyboard(relapse: Explorer) -> None:
    height = relapse.page.evaluate(END)
    for spec in relapse.model.controls:
        if "steps" not in spec:
            continue
        field, before = spec["name"], relapse.shows()
        relapse.reach(f'input[type=range][data-field="{field}"]')
        relapse.page.keyboard.press("ArrowLeft")
        entered = relapse.value("input[type=text]", field)
        assert entered in spec["steps"]
        assert relapse.shows(**{field: entered}) != before, f"{field} changes nothing"
        assert relapse.page.evaluate(END) == height, f"{field} moves what stands below"
    assert relapse.picture.get_by_text("SYNTHETIC", exact=True).count() == 2
    no_complaints(relapse.lab)


def test_the_fan_of_luck_and_the_fan_of_ignorance_are_drawn_for_any_state(relapse: Explorer) -> None:
    seen = set()
    for fan, words in (("25", "clinics of 25"), ("200", "clinics of 200"), ("numbers", "Not knowing the numbers")):
        relapse.choose("fan", fan)
        seen.add(relapse.shows(fan=fan))
        expect(relapse.picture).to_contain_text(words)
    relapse.choose("state", "relapse")
    seen.add(relapse.shows(state="relapse"))
    assert len(seen) == 4
    relapse.lab.screenshot("relapse_explorer")
    no_complaints(relapse.lab)


@pytest.mark.parametrize("text", RUBBISH)
def test_rubbish_is_refused_in_place_and_the_last_cohort_stays(relapse: Explorer, text: str) -> None:
    held = relapse.value("input[type=text]", "start_taper")
    before = relapse.shows()
    relapse.paste("start_taper", text)
    expect(relapse.error("start_taper")).not_to_be_empty()
    assert relapse.picture.inner_html() == before and relapse.is_greyed()
    assert relapse.page.locator(".nam-explorer [onerror]").count() == 0
    relapse.type("start_taper", held)
    expect(relapse.error("start_taper")).to_be_empty()
    assert relapse.shows() == before
    no_complaints(relapse.lab)


def test_the_relapse_explorer_has_no_serious_barrier(relapse: Explorer) -> None:
    no_serious_barriers(relapse.page)


def test_a_clinic_of_any_size_takes_the_same_room_even_with_every_number_open(clinic: Explorer) -> None:
    clinic.page.locator(".nam-explorer .nam-page summary").focus()
    clinic.page.keyboard.press("Enter")
    expect(clinic.picture.get_by_text("Probability of each number")).to_be_visible()
    height = clinic.page.evaluate(END)
    for patients in ("1", "7", "40", "10"):
        clinic.type("patients", patients)
        clinic.says(patients=patients)
        assert clinic.page.evaluate(END) == height, f"{patients} patients move what stands below"
    no_complaints(clinic.lab)


def test_cohort_and_prior_change_the_forecast_and_its_source(clinic: Explorer) -> None:
    before = clinic.says()
    clinic.choose("cohort", "australia_relapse")
    after = clinic.says(cohort="australia_relapse")
    assert "Ramanathan 2015" in after and "Ramanathan 2015" not in before
    clinic.choose("prior", "Jeffreys")
    assert clinic.says(prior="Jeffreys") != after
    clinic.lab.screenshot("clinic_explorer")
    no_complaints(clinic.lab)


def test_the_clinic_explorer_has_no_serious_barrier(clinic: Explorer) -> None:
    no_serious_barriers(clinic.page)
