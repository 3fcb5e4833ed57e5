"""A quiz in a real JupyterLab, answered by the keyboard alone, and gone on with after the page was closed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from namlib import course
from tests.browser.lab import LabPage, LabServer, lab_page, write_notebook
from tests.browser.test_explorers import no_complaints, no_serious_barriers

NAMES = ["orthopnoea_tonight", "before_you_quote", "which_denominator"]
ITEMS = {item.id: item for item in course.ledger().questions}
QUIZ = f"import namlib as nam\nnam.Quiz(items={NAMES!r})"


@pytest.fixture(scope="module")
def notebook(lab_server: LabServer) -> str:
    cells = ("# A quiz\nFor education only.", QUIZ, "# After it\nThe page goes on.")
    return write_notebook(lab_server.folder / "check_quiz.ipynb", *cells).name


@pytest.fixture(scope="module")
def opened(lab_server: LabServer, browser: Browser, notebook: str) -> Iterator[LabPage]:
    with lab_page(lab_server, browser, notebook) as lab:
        lab.run_all()
        lab.page.wait_for_selector(".nam-form-root form", timeout=30_000)
        yield lab


def cells(page: Page) -> int:
    return page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Cell").count()


def say(page: Page, start: str) -> None:
    expect(page.locator(".nam-said")).to_contain_text(start, timeout=20_000)


def keyboard_is_on(page: Page, words: str) -> None:
    page.wait_for_function("words => document.activeElement.textContent.includes(words)", arg=words, timeout=10_000)


def test_a_whole_quiz_is_answered_by_the_keyboard_alone(opened: LabPage, notebook: str) -> None:
    page = opened.page
    before = cells(page)
    html = page.content()
    for item in (ITEMS[name] for name in NAMES):
        assert item.takeaway not in html, "nothing of the answer is in the page"
    no_serious_barriers(page)
    opened.screenshot("quiz_open")

    # One choice: arrows choose, Tab leads to the button. A refusal comes first.
    opened.enter_explorer()
    opened.tab_to(".nam-form-root button.nam-go")
    page.keyboard.press("Enter")
    say(page, "choose one")
    assert opened.focused("input[type=radio]"), "the keyboard goes where the reason is"
    assert page.locator("fieldset legend").first.inner_text() == "What is measured tonight?"
    page.keyboard.press("Space")
    page.keyboard.press("ArrowDown")
    wrong = ITEMS[NAMES[0]].options[1]
    assert page.locator(f"input[value={wrong.id}]").is_checked()
    opened.tab_to(".nam-form-root button.nam-go")
    page.keyboard.press("Enter")
    say(page, "right" if wrong.id in ITEMS[NAMES[0]].key else "Not right")
    keyboard_is_on(page, "question 1 of 3")
    block = page.locator(".nam-block").first
    for option in ITEMS[NAMES[0]].options:
        expect(block).to_contain_text(option.feedback)
    assert block.locator("details a[href^=https]").count() >= 2, "sources are linked"
    opened.screenshot("quiz_answered")

    # Several choices: Space ticks.
    for name in ITEMS[NAMES[1]].key:
        opened.tab_to(f"input[value={name}]")
        page.keyboard.press("Space")
    opened.tab_to(".nam-form-root button.nam-go")
    page.keyboard.press("Enter")
    say(page, "Right. Needed.")
    keyboard_is_on(page, "question 2 of 3")

    # A number: plain keys stay in the box, though "dd" would delete the cell in the notebook.
    opened.tab_to("input[type=text][data-field=answer]")
    page.keyboard.type("dd")
    opened.tab_to(".nam-form-root button.nam-go")
    page.keyboard.press("Enter")
    say(page, "'dd' is not a number")
    assert opened.focused("input[type=text][data-field=answer]") and cells(page) == before
    page.keyboard.press("Control+a")
    page.keyboard.type("66 patients")
    page.keyboard.press("Enter")
    say(page, "Right. Yes.")
    expect(page.locator(".nam-blocks")).to_contain_text("All answered: 2 of 3 right")
    expect(page.locator(".nam-blocks table caption")).to_have_text("Your answers by objective")
    no_serious_barriers(page)
    page.locator(".nam-block").last.scroll_into_view_if_needed()
    opened.screenshot("quiz_done")
    no_complaints(opened)


def test_the_quiz_goes_on_in_a_new_kernel_where_it_was_left(
    opened: LabPage, lab_server: LabServer, browser: Browser, notebook: str
) -> None:
    opened.close()
    with lab_page(lab_server, browser, notebook) as lab:
        lab.run_all()
        expect(lab.page.locator(".nam-blocks")).to_contain_text("All answered: 2 of 3 right", timeout=30_000)
        assert not lab.focused(".nam-form-root *"), "whoever scrolls past is not pulled into the quiz"
        no_complaints(lab)
