"""The slides of a conference in a real browser: keys, nothing fetched, nothing hidden under the edge, print."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from namlib.course.cases import Case
from namlib.export import conference, paper_html
from namlib.export import conference_pages as pages

CASE = "stairs-and-bath"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "slides.html"
    path.write_text(paper_html.slides(pages.deck(conference.gather(Case.load(CASE)))), encoding="utf-8")
    return path


@pytest.fixture
def page(browser: Browser, file: Path) -> Iterator[Page]:
    opened = browser.new_page(viewport={"width": 1280, "height": 720})
    fetched: list[str] = []
    said: list[str] = []
    opened.on("request", lambda request: fetched.append(request.url))
    opened.on("console", lambda message: said.append(message.text))
    opened.on("pageerror", lambda error: said.append(str(error)))
    opened.goto(file.as_uri())
    yield opened
    assert fetched == [file.as_uri()]
    assert said == []
    opened.close()


def shown(page: Page) -> str:
    """The heading of the one slide that is seen."""
    seen = [slide for slide in page.locator(".slide").all() if slide.is_visible()]
    assert len(seen) == 1
    return seen[0].locator("h2").inner_text()


def test_slides_are_walked_by_keys_alone_and_stay_where_they_were_after_a_reload(page: Page, file: Path) -> None:
    assert shown(page) == "A case for discussion"
    for key in ("ArrowRight", " ", "PageDown"):
        page.keyboard.press(key)
    assert page.url == f"{file.as_uri()}#4"
    fourth = shown(page)
    assert page.evaluate("document.activeElement.textContent") == fourth
    assert page.locator("#live").inner_text().startswith("Slide 4 of ")
    page.keyboard.press("End")
    assert page.url.endswith(f"#{page.locator('.slide').count()}")
    page.keyboard.press("Home")
    page.keyboard.press("ArrowLeft")
    assert page.url.endswith("#1")
    for _ in range(3):
        page.keyboard.press("ArrowDown")
    assert shown(page) == fourth


def test_nothing_on_a_slide_lies_under_the_edge(page: Page) -> None:
    for size in ({"width": 1280, "height": 720}, {"width": 1024, "height": 768}):
        page.set_viewport_size(size)  # type: ignore[arg-type]
        page.keyboard.press("Home")
        for number in range(page.locator(".slide").count()):
            over = page.evaluate(
                "() => { const room = document.querySelector('.slide.now .room');"
                " return [room.scrollHeight - room.clientHeight, room.scrollWidth - room.clientWidth]; }"
            )
            assert max(over) <= 1, (size, number + 1, shown(page))
            page.keyboard.press("ArrowRight")


def test_a_result_is_closed_until_it_is_opened_by_key(page: Page) -> None:
    while shown(page) != "Results":
        page.keyboard.press("ArrowRight")
    results = page.locator(".slide.now details")
    assert results.count() > 3
    assert not results.first.locator("p").is_visible()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert results.first.locator("p").is_visible() and not results.nth(1).locator("p").is_visible()
    page.keyboard.press("o")
    assert all(one.is_visible() for one in results.locator("p").all())
    assert page.evaluate("document.querySelector('.slide.now .room').scrollHeight") <= page.evaluate(
        "document.querySelector('.slide.now .room').clientHeight + 1"
    )


def test_every_slide_is_printed_once_on_a_page_of_its_own(page: Page, tmp_path: Path) -> None:
    pypdf = pytest.importorskip("pypdf")
    count, path = page.locator(".slide").count(), tmp_path / "printed.pdf"
    page.pdf(path=path, prefer_css_page_size=True)
    reader = pypdf.PdfReader(path)
    texts = [sheet.extract_text() for sheet in reader.pages]
    assert len(texts) == count
    assert all(f"{number} / {count}" in text for number, text in enumerate(texts, start=1))
    # What is closed on the screen is open on paper.
    assert any("TSH" in text and "mU/L" in text for text in texts)


def test_without_script_all_slides_stand_below_each_other(browser: Browser, file: Path) -> None:
    context = browser.new_context(java_script_enabled=False)
    plain = context.new_page()
    plain.goto(file.as_uri())
    assert all(slide.is_visible() for slide in plain.locator(".slide").all())
    context.close()


def test_papers_and_slides_have_no_finding_of_axe(browser: Browser, file: Path, tmp_path: Path) -> None:
    opened = browser.new_page(viewport={"width": 1280, "height": 720}, bypass_csp=True)
    material = conference.gather(Case.load(CASE))
    for page_of in (pages.handout, pages.guide, pages.report):
        path = tmp_path / f"{page_of.__name__}.html"
        path.write_text(paper_html.document(page_of(material)), encoding="utf-8")
        opened.goto(path.as_uri())
        assert Axe().run(opened).response["violations"] == [], page_of.__name__
    opened.goto(file.as_uri())
    for kind in ("title", "told", "asked", "revealed", "end"):
        number = opened.locator(".slide").evaluate_all(f"all => all.findIndex(one => one.matches('.{kind}')) + 1")
        opened.goto(f"{file.as_uri()}#{number}")
        assert opened.locator(".slide.now").get_attribute("class") == f"slide {kind} now"
        assert Axe().run(opened).response["violations"] == [], kind
    opened.close()
