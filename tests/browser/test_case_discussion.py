"""One whole case in a real JupyterLab by keyboard alone, with the page lost in the middle."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.lab import LabPage, LabServer, lab_page, write_notebook
from tests.browser.test_explorers import no_complaints, no_serious_barriers

FORM = ".nam-form-root form"


class Learner:
    """Somebody without a mouse."""

    def __init__(self, lab: LabPage) -> None:
        self.lab, self.page = lab, lab.page

    def press(self, key: str, times: int = 1) -> None:
        for _ in range(times):
            self.page.keyboard.press(key)

    def stage(self) -> str:
        """The stage that is open."""
        return str(self.page.locator(FORM).get_attribute("data-form"))

    def commit(self, then: str) -> None:
        """Press the button of the form; the next stage opens, and the keyboard is at what is new."""
        self.lab.tab_to(f"{FORM} button[type=submit]")
        self.press("Enter")
        if then:
            self.page.wait_for_selector(f'{FORM}[data-form="{then}"]', timeout=15_000)
        expect(self.page.locator(".nam-said")).to_contain_text("Saved.")
        assert self.lab.focused(".nam-form-root :is(h3, h4)"), "the keyboard is not at what is new"

    def tick(self, *values: str) -> None:
        for value in values:
            self.lab.tab_to(f'{FORM} input[value="{value}"]')
            self.press("Space")
            expect(self.page.locator(f'{FORM} input[value="{value}"]')).to_be_checked()

    def pick(self, value: str, group: int = 0) -> None:
        """Choose among radio buttons: Tab reaches the group, arrows move in it."""
        radios = self.page.locator(f"{FORM} fieldset").nth(group).locator("input[type=radio]")
        name = radios.first.get_attribute("name")
        self.lab.tab_to(f'input[name="{name}"]')
        self.press("Space")
        for _ in range(radios.count()):
            if self.lab.focused(f'input[value="{value}"]'):
                break
            self.press("ArrowDown")
        expect(self.page.locator(f'input[name="{name}"][value="{value}"]')).to_be_checked()

    def sure(self, percent: int) -> None:
        self.lab.tab_to(f"{FORM} input[type=range]")
        self.press("Home")
        self.press("ArrowRight", percent // 10)
        expect(self.page.locator(f"{FORM} output")).to_have_text(f"{percent} %")

    def said(self, text: str) -> None:
        expect(self.page.locator(".nam-said")).to_contain_text(text)


CELLS = ("# A case\nFictional, for education only.", "import namlib as nam", 'nam.CaseDiscussion("stairs-and-bath")')


@pytest.fixture(scope="module")
def notebook(lab_server: LabServer) -> str:
    return write_notebook(lab_server.folder / "check_case_discussion.ipynb", *CELLS).name


def opened(lab: LabPage) -> Learner:
    lab.run_all()
    lab.page.wait_for_selector(FORM, timeout=30_000)
    lab.enter_explorer()
    return Learner(lab)


@pytest.fixture(scope="module")
def first_half(lab_server: LabServer, browser: Browser, notebook: str) -> Iterator[Learner]:
    with lab_page(lab_server, browser, notebook) as lab:
        yield opened(lab)


def test_the_first_half_of_a_case_by_keyboard_alone(first_half: Learner) -> None:
    learner, lab, page = first_half, first_half.lab, first_half.page
    assert learner.stage() == "1/stem"
    no_serious_barriers(page)
    learner.commit("1/problem")
    assert page.locator(".nam-expert").count() == 0

    # An empty answer is refused beside its field, and the keyboard is taken there.
    lab.tab_to(f"{FORM} button[type=submit]")
    learner.press("Enter")
    expect(page.locator('[data-error="text"]')).to_contain_text("is blank")
    assert lab.focused("textarea[aria-invalid=true]")
    page.keyboard.type("Subacute proximal weakness on a statin,\nCK more than 20 times the limit, dd bb aa")
    learner.commit("1/differential")
    expect(page.locator(".nam-own")).to_contain_text("dd bb aa")
    assert page.locator(".jp-Cell").count() == len(CELLS), "a key that was typed did something to the notebook"
    expect(page.locator('[data-block="1/problem"]')).to_contain_text('found: "subacute"')

    # A ranking by buttons: three added, the third moved to the top, the last taken off again.
    for name in ("statin-toxic", "hypothyroid", "hmgcr", "srp"):
        lab.tab_to(f'[data-rank="add:{name}"]')
        learner.press("Enter")
    learner.said("Anti-SRP myopathy is number 4.")
    lab.tab_to('[data-rank="up:hmgcr"]')
    learner.press("Enter")
    learner.said("Anti-HMGCR myopathy is now number 2.")
    assert lab.focused('[data-rank="up:hmgcr"]'), "the keyboard stays on the button that was pressed"
    lab.tab_to('[data-rank="off:srp"]')
    learner.press("Enter")
    assert page.locator(".nam-ranked li > span").all_inner_texts() == [
        "1. Statin myopathy that settles by itself",
        "2. Anti-HMGCR myopathy",
        "3. Hypothyroid myopathy",
    ]
    lab.tab_to(f"{FORM} button[type=submit]")
    learner.press("Enter")
    expect(page.locator('[data-error="confidence"]')).to_contain_text("move the slider")
    learner.sure(80)
    no_serious_barriers(page)
    learner.commit("1/tests")

    # At most six: the seventh cannot be ticked.
    learner.tick("strength", "ck-again", "anti-hmgcr", "tsh", "emg", "cancer")
    expect(page.locator(f'{FORM} input[value="mri"]')).to_be_disabled()
    no_serious_barriers(page)
    learner.commit("1/label")
    results = page.locator('[data-block="1/tests"]')
    expect(results).to_contain_text("168 units")
    expect(results).to_contain_text("Not available.")
    assert "94 % of predicted" not in page.locator(".nam-form-root").inner_text()
    lab.screenshot("case_discussion_tests")
    learner.pick("toxic")
    learner.sure(70)
    # Not committed: what was entered must outlive the page.
    page.wait_for_timeout(1500)
    no_complaints(lab)


def test_the_second_half_after_page_and_kernel_are_gone(
    first_half: Learner, lab_server: LabServer, browser: Browser, notebook: str
) -> None:
    first_half.lab.close()
    with lab_page(lab_server, browser, notebook) as lab:
        learner, page = opened(lab), lab.page
        assert learner.stage() == "1/label"
        expect(page.locator('[data-block="1/tests"]')).to_contain_text("168 units")
        expect(page.locator(f'{FORM} input[value="toxic"]')).to_be_checked()
        expect(page.locator(f"{FORM} output")).to_have_text("70 %")
        learner.commit("1/therapy")
        learner.tick("triple", "statin-never")
        learner.commit("1/four-weeks")
        assert "1430" not in page.locator(".nam-form-root").inner_text().replace(",", "")
        learner.commit("1/a-year")
        learner.commit("1/done")
        learner.commit("1/feedback")
        feedback = page.locator('[data-block="1/feedback"]')
        expect(feedback).to_contain_text("kept to it with 70 % confidence")
        expect(feedback).to_contain_text("parts from")
        lab.screenshot("case_discussion_feedback")
        learner.commit("1/new-facts")
        for group, mark in enumerate(("-1", "2", "0", "1", "0")):
            learner.pick(mark, group)
        no_serious_barriers(page)
        learner.commit("")
        expect(page.locator('[data-block="1/new-facts"]')).to_contain_text("5.00 of 5 points against an invented panel")
        expect(page.locator('[data-block="1/recap"]')).to_contain_text("What this single case cannot tell you")
        assert page.locator(FORM).count() == 0
        no_serious_barriers(page)
        lab.screenshot("case_discussion_end")

        # Answers as files, without copying.
        lab.tab_to('[data-action="file-stairs-and-bath-answers.json"]')
        with page.expect_download() as download:
            learner.press("Enter")
        held = json.loads(Path(download.value.path()).read_text(encoding="utf-8"))["answers"]
        assert [row["item"] for row in held if "/draft" not in row["item"]][-1] == "1/new-facts"

        # Start again asks first; the history stays.
        lab.tab_to('[data-action="again"]')
        learner.press("Enter")
        assert lab.focused('[data-action="again-no"]')
        learner.press("Enter")
        assert lab.focused('[data-action="again"]') and page.locator(FORM).count() == 0
        learner.press("Enter")
        lab.tab_to('[data-action="again-yes"]')
        learner.press("Enter")
        page.wait_for_selector(f'{FORM}[data-form="2/stem"]')
        assert page.locator(".nam-block").count() == 2
        no_complaints(lab)


def test_the_same_discussion_shown_twice_moves_on_together(lab_server: LabServer, browser: Browser) -> None:
    cells = (
        "import os, tempfile\nos.environ['NAMLIB_ANSWERS'] = tempfile.mkdtemp() + '/answers.sqlite'",
        'import namlib as nam\ntwice = nam.CaseDiscussion("stairs-and-bath")\ntwice',
        "twice",
    )
    name = write_notebook(lab_server.folder / "check_case_twice.ipynb", *cells).name
    with lab_page(lab_server, browser, name) as lab:
        learner = opened(lab)
        forms = lab.page.locator(FORM)
        expect(forms).to_have_count(2)
        lab.tab_to(f"{FORM} button[type=submit]")
        where = (
            "[...document.querySelectorAll('.nam-form-root')].indexOf(document.activeElement.closest('.nam-form-root'))"
        )
        used = lab.page.evaluate(where)
        learner.press("Enter")
        expect(lab.page.locator(f'{FORM}[data-form="1/problem"]')).to_have_count(2)
        assert lab.page.evaluate(where) == used >= 0, "the keyboard left the view that was used"
        ids = lab.page.evaluate("[...document.querySelectorAll('.nam-form-root [id]')].map(node => node.id)")
        assert len(ids) == len(set(ids)) > 0
        no_complaints(lab)
