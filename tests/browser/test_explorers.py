"""Both explorers and every notebook in a real JupyterLab. The explorers are driven by the keyboard alone."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, TimeoutError, expect

import namlib as nam
from namlib.cite import Bibliography
from namlib.store import load
from tests.browser.lab import ROOT, LabPage, LabServer, lab_page, write_notebook

NOTEBOOKS = sorted(path.name for path in (ROOT / "notebooks").glob("*.ipynb"))

# What people and attackers type. Each is refused in words, next to the box it stands in.
RUBBISH = (
    ("weight_kg", "eighty"),
    ("weight_kg", "176 lb"),
    ("weight_kg", "<script>alert(1)</script>"),
    ("weight_kg", "<img src=x onerror=alert(1)>"),
    ("weight_kg", "1e9"),
    ("weight_kg", "-5"),
    ("weight_kg", "NaN"),
    ("weight_kg", "Infinity"),
    ("weight_kg", "8O"),
    ("weight_kg", "80,5"),
    ("weight_kg", "80 kg'\"><svg onload=alert(1)>"),
    ("weight_kg", "9" * 60),
    ("height_cm", "5 ft 9"),
    ("height_cm", "69 in"),
    ("height_cm", "1.75 m"),
    ("height_cm", "</div><script>alert(1)</script>"),
    ("height_cm", "0"),
    ("age_years", "6 months"),
    ("age_years", "fifty"),
    ("age_years", "javascript:alert(1)"),
)


# Which group of controls, counted among its neighbours, hides the control.
FOLDED = """selector => {
  const group = document.querySelector(selector).closest('.nam-controls details:not([open])');
  return group && [...group.parentElement.querySelectorAll(':scope > details')].indexOf(group) + 1;
}"""


AS_HTML = "area => area.innerHTML"
AS_TEXT = "area => area.textContent"
# A page as the browser has it after reading it.
AS_PARSED = "html => {{ const area = document.createElement('div'); area.innerHTML = html; return ({form})(area); }}"


def no_complaints(lab: LabPage) -> None:
    assert lab.off_host == [], "something was asked of another host"
    assert lab.dialogs == [], "a dialog opened"
    assert lab.page_errors == []
    assert lab.console_errors == []
    assert lab.bad_outputs() == []


def no_serious_barriers(page: Page) -> None:
    violations = Axe().run(page, context=".nam-explorer").response["violations"]
    serious = [
        f"{item['id']}: {item['help']}; {item['nodes'][0]['html'][:200]}"
        for item in violations
        if item["impact"] in ("serious", "critical")
    ]
    assert serious == []


class Explorer:
    """One explorer in an open page, touched only by keys."""

    def __init__(self, lab: LabPage, model: Any) -> None:
        self.lab = lab
        # The same explorer in this process: what its page should be, without a browser between.
        self.model = model
        self.page = lab.page
        self.picture = self.page.locator(".nam-explorer .nam-page")

    def reach(self, selector: str) -> None:
        """Tab, forwards or backwards, to a control of the explorer; unfold the group it is in."""
        selector = f".nam-explorer {selector}"
        if not self.lab.focused(".nam-explorer *"):
            self.lab.enter_explorer()
        folded = self.page.evaluate(FOLDED, selector)
        if folded is not None:
            self.lab.tab_to(f".nam-explorer details:nth-of-type({folded}) > summary")
            self.page.keyboard.press("Enter")
        self.lab.tab_to(selector)

    def type(self, field: str, text: str) -> None:
        self.reach(f'input[type=text][data-field="{field}"]')
        self.page.keyboard.press("ControlOrMeta+A")
        self.page.keyboard.press("Delete")
        self.page.keyboard.type(text)

    def paste(self, field: str, text: str) -> None:
        """Replace a box's text at one stroke, so that no half-typed number comes between."""
        self.reach(f'input[type=text][data-field="{field}"]')
        self.page.keyboard.press("ControlOrMeta+A")
        self.page.keyboard.insert_text(text)

    def value(self, control: str, field: str) -> str:
        return self.page.locator(f'.nam-explorer {control}[data-field="{field}"]').input_value()

    def choose(self, field: str, value: str) -> None:
        """Choose an option with the arrow keys, from the first option down."""
        self.reach(f'select[data-field="{field}"]')
        self.page.keyboard.press("Home")
        for _ in range(self.page.locator(f'.nam-explorer select[data-field="{field}"] option').count()):
            if self.value("select", field) == value:
                return
            self.page.keyboard.press("ArrowDown")
        raise AssertionError(f"the arrow keys do not reach {value!r} of {field}")

    def error(self, field: str) -> Any:
        return self.page.locator(f'.nam-explorer [data-error="{field}"]')

    def is_greyed(self) -> bool:
        look = self.picture.evaluate("area => { const s = getComputedStyle(area); return [s.opacity, s.filter]; }")
        return float(look[0]) < 1 or look[1] != "none"

    def shows(self, **inputs: Any) -> str:
        """Wait until the picture is, node for node, the page that Python makes of these inputs; return it as HTML."""
        return self._wait_for(AS_HTML, inputs)

    def says(self, **inputs: Any) -> str:
        """Wait until the picture has, word for word, the text of the page that Python makes; return the text."""
        return self._wait_for(AS_TEXT, inputs)

    def _wait_for(self, form: str, inputs: dict[str, Any]) -> str:
        self.model.inputs = {**self.model.inputs, **inputs}
        expected = str(self.page.evaluate(AS_PARSED.format(form=form), self.model.page.html))
        with contextlib.suppress(TimeoutError):
            self.page.wait_for_function(
                f"expected => ({form})(document.querySelector('.nam-explorer .nam-page')) === expected",
                arg=expected,
                timeout=8000,
            )
        shown = str(self.picture.evaluate(form))
        assert shown == expected
        return shown


def explorer_page(server: LabServer, browser: Browser, name: str) -> Iterator[Explorer]:
    cells = (
        "# One explorer\nFor education only.",
        "import namlib as nam",
        f"nam.{name}()",
        "# After it\nThe page goes on.",
    )
    notebook = write_notebook(server.folder / f"check_{name}.ipynb", *cells)
    with lab_page(server, browser, notebook.name) as lab:
        lab.run_all()
        lab.page.wait_for_selector(".nam-explorer .nam-page :is(svg, table)", timeout=30_000)
        yield Explorer(lab, getattr(nam, name)())


@pytest.fixture(scope="module")
def dose(lab_server: LabServer, browser: Browser) -> Iterator[Explorer]:
    yield from explorer_page(lab_server, browser, "DoseExplorer")


@pytest.fixture(scope="module")
def pathway(lab_server: LabServer, browser: Browser) -> Iterator[Explorer]:
    yield from explorer_page(lab_server, browser, "PathwayExplorer")


@pytest.fixture(scope="module")
def diagnosis(lab_server: LabServer, browser: Browser) -> Iterator[Explorer]:
    yield from explorer_page(lab_server, browser, "DiagnosisExplorer")


ADULT = {"weight_kg": "80", "height_cm": "175", "age_years": "58"}


def an_adult_on_prednisone(dose: Explorer) -> str:
    for field, value in {"drug": "prednisone", "population": ""}.items():
        if dose.value("select", field) != value:
            dose.choose(field, value)
    for field, text in ADULT.items():
        if dose.value("input[type=text]", field) != text:
            dose.type(field, text)
    return dose.shows(drug="prednisone", population="", **ADULT)


# --- dose explorer ----------------------------------------------------------------------------------------------------


def test_typing_a_weight_changes_the_table_and_the_chart(dose: Explorer) -> None:
    an_adult_on_prednisone(dose)
    table, chart = dose.picture.locator("table"), dose.picture.locator("svg")
    before = table.first.text_content(), chart.first.inner_html()
    dose.type("weight_kg", "62.5")
    dose.shows(weight_kg="62.5")
    assert table.first.text_content() != before[0]
    assert chart.first.inner_html() != before[1]
    no_complaints(dose.lab)


def test_the_weight_range_answers_the_arrow_keys_and_agrees_with_the_box(dose: Explorer) -> None:
    an_adult_on_prednisone(dose)
    dose.reach('input[type=range][data-field="weight_kg"]')
    for weight_kg in ("81", "82", "83"):
        dose.page.keyboard.press("ArrowRight")
        assert dose.value("input[type=range]", "weight_kg") == weight_kg
        assert dose.value("input[type=text]", "weight_kg") == weight_kg
        dose.shows(weight_kg=weight_kg)
    no_complaints(dose.lab)


@pytest.mark.parametrize("drug", ["prednisone", "methotrexate"])
def test_every_step_of_the_weight_range_shows_the_doses_python_gives(dose: Explorer, drug: str) -> None:
    an_adult_on_prednisone(dose)
    dose.choose("drug", drug)
    dose.reach('input[type=range][data-field="weight_kg"]')
    dose.page.keyboard.press("Home")
    for _ in range(15):
        weight_kg = dose.value("input[type=range]", "weight_kg")
        shown = re.sub("<[^>]+>", "", dose.shows(drug=drug, weight_kg=weight_kg))
        given = nam.doses(nam.Patient(**{**ADULT, "weight_kg": weight_kg}), drug=drug)
        assert [entry.given for entry in given if entry.given not in shown] == []
        for _ in range(10):
            dose.page.keyboard.press("ArrowRight")
    no_complaints(dose.lab)


@pytest.mark.parametrize("weight_kg", ["31", "47.3", "113.75", "160"])
@pytest.mark.parametrize("drug", ["methylprednisolone", "ivig"])
def test_a_typed_weight_shows_the_doses_python_gives(dose: Explorer, drug: str, weight_kg: str) -> None:
    an_adult_on_prednisone(dose)
    dose.choose("drug", drug)
    dose.type("weight_kg", weight_kg)
    dose.shows(drug=drug, weight_kg=weight_kg)


@pytest.mark.parametrize(("field", "text"), RUBBISH)
def test_rubbish_is_refused_in_place_and_a_number_recovers(dose: Explorer, field: str, text: str) -> None:
    before = an_adult_on_prednisone(dose)
    dose.paste(field, text)
    expect(dose.error(field)).to_be_visible()
    # Not a bare "invalid": it says what was wrong with this value, or what is accepted.
    expect(dose.error(field)).to_contain_text(re.compile("accepted|write the decimal"))
    expect(dose.picture).to_contain_class("nam-stale")
    assert dose.picture.inner_html() == before, "the last good picture is kept"
    assert dose.is_greyed()
    assert dose.page.locator(".nam-explorer script, .nam-explorer [onerror], .nam-explorer [onload]").count() == 0
    dose.lab.screenshot(f"dose_refuses_{field}")
    dose.type(field, ADULT[field])
    expect(dose.error(field)).to_be_empty()
    expect(dose.picture).not_to_contain_class("nam-stale")
    assert dose.shows(**ADULT) == before
    assert not dose.is_greyed()
    no_complaints(dose.lab)


def test_words_typed_letter_by_letter_are_refused_and_a_typed_number_recovers(dose: Explorer) -> None:
    before = an_adult_on_prednisone(dose)
    dose.type("weight_kg", "eighty")
    expect(dose.error("weight_kg")).to_contain_text("eighty")
    expect(dose.picture).to_contain_class("nam-stale")
    dose.type("weight_kg", "80")
    expect(dose.error("weight_kg")).to_be_empty()
    assert dose.shows(**ADULT) == before
    no_complaints(dose.lab)


def test_a_blank_weight_is_not_given_and_is_named_as_missing(dose: Explorer) -> None:
    an_adult_on_prednisone(dose)
    dose.type("weight_kg", "")
    expect(dose.picture).to_contain_text("weight missing")
    dose.shows(weight_kg="")
    expect(dose.error("weight_kg")).to_be_empty()
    dose.type("weight_kg", "80")
    assert "weight missing" not in dose.shows(weight_kg="80")
    no_complaints(dose.lab)


def test_every_drug_and_population_keeps_every_source_in_sight(dose: Explorer) -> None:
    ledger = load()
    bibliography = Bibliography(ledger.sources)
    an_adult_on_prednisone(dose)
    drugs = dose.page.locator('.nam-explorer select[data-field="drug"] option').evaluate_all(
        "all => all.map(o => o.value)"
    )
    assert {regimen.drug for regimen in ledger.regimens} <= set(drugs)
    dose.type("age_years", "")
    for population in ("adult", "paediatric"):
        dose.choose("population", population)
        for drug in ("prednisone", "methylprednisolone", "methotrexate", "ivig"):
            dose.choose("drug", drug)
            dose.shows(drug=drug, population=population, age_years="")
            shown = dose.picture.inner_text()
            sources = {key for regimen in ledger.regimens if regimen.drug == drug for key in regimen.sources}
            hidden = [key for key in sources if bibliography.by_key[key].label not in shown]
            assert len(sources) >= 2
            assert hidden == [], f"{drug} for {population}"
    dose.reach('select[data-field="population"]')
    dose.page.keyboard.press("Home")
    dose.lab.screenshot("dose_explorer")
    no_complaints(dose.lab)


def test_keys_pressed_in_an_explorer_do_not_reach_the_notebook(dose: Explorer) -> None:
    def cells() -> list[str]:
        classes: list[str] = dose.page.locator(".jp-Notebook .jp-Cell").evaluate_all("all => all.map(c => c.className)")
        return classes

    dose.reach('select[data-field="drug"]')
    before = cells()
    # In the notebook these mean: previous, next, new cell above, to Markdown, copy, delete.
    for key in ("ArrowUp", "ArrowDown", "a", "m", "c", "d", "d"):
        dose.page.keyboard.press(key)
    assert dose.lab.focused('.nam-explorer select[data-field="drug"]')
    dose.reach('input[type=range][data-field="weight_kg"]')
    for key in ("ArrowUp", "ArrowDown", "b", "m", "d", "d"):
        dose.page.keyboard.press(key)
    assert cells() == before
    no_complaints(dose.lab)


def test_the_dose_explorer_has_no_serious_barrier(dose: Explorer) -> None:
    an_adult_on_prednisone(dose)
    no_serious_barriers(dose.page)
    dose.type("weight_kg", "eighty")
    expect(dose.picture).to_contain_class("nam-stale")
    no_serious_barriers(dose.page)
    dose.type("weight_kg", "80")


# --- pathway explorer -------------------------------------------------------------------------------------------------


def test_choosing_findings_changes_the_route_to_the_one_python_walks(pathway: Explorer) -> None:
    texts, drawings = [pathway.says()], [pathway.picture.inner_html()]
    for field, value in (
        ("anti_hmgcr", "positive"),
        ("response", "inadequate"),
        ("anti_hmgcr", "negative"),
        ("anti_srp", "positive"),
    ):
        pathway.choose(field, value)
        texts.append(pathway.says(**{field: value}))
        drawings.append(pathway.picture.locator("svg").first.inner_html())
        assert pathway.lab.focused(f'.nam-explorer select[data-field="{field}"]'), "a redraw took the keyboard away"
    assert len(set(texts)) == len(texts)
    assert len(set(drawings)) == len(drawings)
    no_complaints(pathway.lab)


@pytest.mark.parametrize("key", ["Enter", " "])
def test_a_node_reached_by_tab_opens_its_detail(pathway: Explorer, key: str) -> None:
    detail = pathway.page.locator(".nam-explorer .nam-detail")
    focused = "document.activeElement.dataset.node"
    pathway.reach("[data-node]")
    for _ in range(3):
        here = pathway.page.evaluate(focused)
        name = pathway.page.evaluate("document.activeElement.getAttribute('aria-label')")
        pathway.page.keyboard.press(key)
        expect(detail).to_contain_text(name)
        assert pathway.page.evaluate(focused) == here, "opening a detail took the keyboard away from its node"
        pathway.page.keyboard.press("Tab")
        pathway.lab.tab_to(f'.nam-explorer [data-node]:not([data-node="{here}"])')
    pathway.lab.screenshot("pathway_explorer")
    no_complaints(pathway.lab)


def test_every_node_of_the_pathway_is_named_and_in_the_tab_order(pathway: Explorer) -> None:
    nodes = pathway.page.locator(".nam-explorer .nam-page [data-node]")
    assert nodes.count() >= 2
    assert set(nodes.evaluate_all("all => all.map(n => `${n.getAttribute('role')} ${n.tabIndex}`)")) == {"button 0"}
    names = nodes.evaluate_all("all => all.map(n => n.getAttribute('aria-label') ?? n.textContent)")
    assert all(name.strip() for name in names)


def test_the_pathway_explorer_has_no_serious_barrier(pathway: Explorer) -> None:
    pathway.choose("anti_srp", "positive")
    pathway.reach("[data-node]")
    pathway.page.keyboard.press("Enter")
    no_serious_barriers(pathway.page)


# --- diagnosis explorer -----------------------------------------------------------------------------------------------


def test_findings_entered_by_keyboard_change_the_label_to_the_one_python_gives(diagnosis: Explorer) -> None:
    texts = [diagnosis.says()]
    for field, value in (("anti_hmgcr", "negative"), ("anti_srp", "negative"), ("proximal_weakness", "yes")):
        diagnosis.choose(field, value)
        texts.append(diagnosis.says(**{field: value}))
        assert diagnosis.lab.focused(f'.nam-explorer select[data-field="{field}"]'), "a redraw took the keyboard away"
    diagnosis.type("ck_u_per_l", "8200")
    texts.append(diagnosis.says(ck_u_per_l="8200"))
    assert "ENMC 2016: biopsy needed" in texts[-1]
    diagnosis.choose("muscle_biopsy", "necrotizing")
    texts.append(diagnosis.says(muscle_biopsy="necrotizing"))
    assert "ENMC 2016: antibody-negative IMNM" in texts[-1]
    diagnosis.choose("thyroid", "underactive")
    texts.append(diagnosis.says(thyroid="underactive"))
    assert len(set(texts)) == len(texts)
    diagnosis.lab.screenshot("diagnosis_explorer")
    no_complaints(diagnosis.lab)


def test_a_contradiction_is_refused_in_place_and_the_last_good_page_stays(diagnosis: Explorer) -> None:
    before = diagnosis.says()
    diagnosis.choose("ck_raised", "no")
    expect(diagnosis.error("ck_raised")).to_contain_text("contradicts a CK of 8200 U/L")
    expect(diagnosis.picture).to_contain_class("nam-stale")
    assert diagnosis.picture.text_content() == before
    diagnosis.choose("ck_raised", "")
    expect(diagnosis.error("ck_raised")).to_be_empty()
    assert diagnosis.says(ck_raised="") == before
    no_complaints(diagnosis.lab)


def test_the_diagnosis_explorer_has_no_serious_barrier(diagnosis: Explorer) -> None:
    no_serious_barriers(diagnosis.page)


# --- the course's notebooks -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("notebook", NOTEBOOKS)
def test_a_notebook_runs_cleanly_in_the_browser(lab_server: LabServer, browser: Browser, notebook: str) -> None:
    with lab_page(lab_server, browser, notebook) as lab:
        lab.run_all()
        lab.page.wait_for_timeout(1000)
        explorers = lab.page.locator(".nam-explorer")
        for place in range(explorers.count()):
            explorers.nth(place).scroll_into_view_if_needed()
            # An explorer has a page; a quiz or a case asks something.
            expect(explorers.nth(place).locator(".nam-page, form[data-form]")).not_to_be_empty()
        if explorers.count():
            no_serious_barriers(lab.page)
        lab.screenshot(notebook.removesuffix(".ipynb"))
        no_complaints(lab)
