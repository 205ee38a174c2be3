"""A visitor with a browser window."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Browser, BrowserContext, Page, Request, ViewportSize

from browser.sites import SECONDS

LARGE: ViewportSize = {"width": 1280, "height": 900}
SMALL: ViewportSize = {"width": 360, "height": 740}
WCAG_AA = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


@dataclass
class Visitor:
    """A visitor with a browser window at the site *base*, who records all requests of a page, and its errors."""

    page: Page
    base: str
    requests: list[Request] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("request", self._remember)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", lambda each: self.complaints.append(each.text) if each.type == "error" else None)

    def _remember(self, request: Request) -> None:
        # `self.requests.append` would not do: Playwright sets an attribute on the function that it is given.
        self.requests.append(request)

    def goto(self, path: str, status: int = 200) -> Page:
        """Go to *path*, and assert that the status is *status*."""
        response = self.page.goto(f"{self.base}{path}")
        assert response is not None and response.status == status
        return self.page

    def violations(self) -> str:
        """Return axe's report of what on the page violates WCAG 2.2, level AA; "" if nothing does."""
        found = Axe().run(self.page, options={"runOnly": {"type": "tag", "values": WCAG_AA}})
        return str(found.generate_report()) if found.violations_count else ""

    def asked_elsewhere(self) -> list[Request]:
        """Return the requests that went to another address than the site's own."""
        return [request for request in self.requests if urlsplit(request.url)[:2] != urlsplit(self.base)[:2]]

    def overflows(self) -> bool:
        """Return whether the page is wider than the window."""
        return bool(self.page.evaluate("document.documentElement.scrollWidth > window.innerWidth"))


@contextmanager
def visiting(
    browser: Browser,
    base: str,
    *,
    scheme: str = "light",
    size: ViewportSize = LARGE,
    script: bool = True,
    language: str = "en-US",
) -> Iterator[Visitor]:
    """Yield a visitor at *base* whose window has *size*, whose system has the colour *scheme* and the *language*, and
    whose browser runs scripts if *script*. At the end, assert that the browser has reported no errors: a test that
    expects one, such as an answer of 404, clears `complaints`.
    """
    context: BrowserContext = browser.new_context(
        color_scheme="dark" if scheme == "dark" else "light",
        viewport=size,
        java_script_enabled=script,
        reduced_motion="reduce",
        locale=language,
    )
    context.set_default_timeout(SECONDS * 1000)
    # HTTP requests to other machines are aborted, whatever a page does.
    context.route(re.compile(r"^https?://(?!127\.0\.0\.1[:/])"), lambda route: route.abort())
    try:
        visitor = Visitor(context.new_page(), base)
        yield visitor
        assert visitor.complaints == [], visitor.complaints
    finally:
        context.close()
