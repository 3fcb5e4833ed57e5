"""One server and one browser for all browser tests; every notebook gets a fresh page."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser.lab import NO_BROWSER, ROOT, LabServer, find_browser, launch


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if find_browser() is None:
        pytest.skip(NO_BROWSER)
    with sync_playwright() as playwright:
        started = launch(playwright)
        yield started
        started.close()


@pytest.fixture(scope="session")
def lab_server(browser: Browser) -> Iterator[LabServer]:
    with LabServer(sorted((ROOT / "notebooks").glob("*.ipynb"))) as server:
        yield server
