"""The pages of `feedserver check` in a real browser: no violation of WCAG, and no page wider than a phone."""

from __future__ import annotations

import shutil
import threading
import urllib.request
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from feedserver.check import check
from feedserver.check.by_hand import HandAdapter, SessionFile
from feedserver.check.html_report import as_html
from feedserver.check.runner import run
from right_reader import RightReader

sync_api = pytest.importorskip("playwright.sync_api")
axe = pytest.importorskip("axe_playwright_python.sync_playwright")

pytestmark = pytest.mark.browser
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)
WCAG_AA = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}}


@pytest.fixture(scope="module")
def report_page(tmp_path_factory: pytest.TempPathFactory) -> str:
    page: Path = tmp_path_factory.mktemp("report") / "report.html"
    page.write_text(as_html(check(partial(RightReader, "V1"), only=["V1", "V4", "V5"], kind="fetcher")), "utf-8")
    return page.as_uri()


@pytest.fixture(scope="module")
def live_page() -> Iterator[str]:
    adapter = HandAdapter(SessionFile(None, ""))
    running = threading.Thread(target=run, args=(adapter,), kwargs={"only": ["V1", "I1", "B1"]})
    running.start()
    while '"round": -1' in urllib.request.urlopen(f"{adapter.page.url}state.json").read().decode():
        pass  # the feeds are being made ready
    yield adapter.page.url
    adapter.interrupt()
    running.join(30)
    adapter.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[object]:
    if CHROMIUM is None:
        pytest.skip("there is no chromium on this machine")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM)
        yield browser
        browser.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["report", "live"])
def test_a_page_is_accessible_and_fits_a_phone(
    name: str, scheme: str, browser: object, report_page: str, live_page: str
) -> None:
    page = browser.new_page(color_scheme=scheme, viewport={"width": 360, "height": 740})  # type: ignore[attr-defined]
    page.goto({"report": report_page, "live": live_page}[name])

    found = axe.Axe().run(page, options=WCAG_AA)

    assert found.violations_count == 0, found.generate_report()
    assert not page.evaluate("document.documentElement.scrollWidth > window.innerWidth")
    page.close()
