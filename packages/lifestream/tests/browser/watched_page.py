"""A browser that records each script that runs, and each request to another host, that a page should have prevented."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from html import escape
from itertools import islice
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, Dialog, Page, Request, Route

from browser.sites import SECONDS
from xss.shapes import one_of_each_shape

# Does to every element of every loaded frame what a reader might do: otherwise, an attempt that waits for a mouse would
# look harmless. Links and forms that lead anywhere on the web are not followed.
_PROVOKE = """
(() => {
  const EVENTS = [
    "mouseover", "mouseenter", "mousemove", "pointerover", "pointerenter", "mousedown", "mouseup", "focus", "focusin",
    "blur", "keydown", "keyup", "input", "change", "copy", "beforecopy", "drag", "wheel", "scroll", "toggle", "select",
    "animationstart", "transitionend", "contextmenu", "begin", "start", "slotchange",
  ];
  const leadsAway = (address) => /^(https?|mailto|tel|magnet):/i.test(address || "");
  const target = (element) => {
    const address = element.href ?? element.getAttributeNS("http://www.w3.org/1999/xlink", "href");
    return address?.baseVal ?? address;
  };
  const blockLink = (event) => {
    const link = event.target.closest?.("a, area, math, mi, maction");
    if (link && leadsAway(target(link))) event.preventDefault();
    const button = event.target.closest?.("button, input");
    if (button?.type === "checkbox") event.preventDefault();
  };
  const blockForm = (event) => {
    const own = event.submitter?.hasAttribute("formaction");
    // Not `form.action`: a form of the admin has a field of that name.
    const action = own ? event.submitter.getAttribute("formaction") : event.target.getAttribute("action");
    if (leadsAway(new URL(action ?? "", document.baseURI).href)) event.preventDefault();
  };
  const provoke = () => {
    const root = document.documentElement;
    addEventListener("click", blockLink);
    addEventListener("submit", blockForm);
    for (const element of document.querySelectorAll("*")) {
      for (const name of EVENTS) element.dispatchEvent(new Event(name, { bubbles: true, cancelable: true }));
      element.dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true }));
    }
    setTimeout(() => root.setAttribute("data-provoked", ""), 30);
  };
  addEventListener("provoke", () => {
    document.documentElement.removeAttribute("data-provoked");
    provoke();
  });
  window.xss = window.xss ?? ((number) => window.tell_of_xss(number));
  // A frame begins with an empty, complete document, and may keep its window, with this script, for the next document.
  if (document.readyState === "complete" && location.href !== "about:blank") setTimeout(provoke, 0);
  else addEventListener("load", () => setTimeout(provoke, 0));
})();
"""

# Finds elements and attributes that no page of the site, and no frame in it, may contain, whether or not they do harm.
_AUDIT = """() => {
  const found = [];
  const audit = (document) => {
    for (const element of document.querySelectorAll("*")) {
      for (const { name, value } of element.attributes) {
        const bare = value.replace(/[\\x00-\\x20]/g, "").toLowerCase();
        if (name === "data-player" && !/^https:[/][/][a-z0-9.-]+[/]/.test(value))
          found.push(`<${element.localName} ${name}="${value}">`);
        if (/^on/i.test(name) || (/^(javascript|vbscript|data|blob|file|filesystem|feed|view-source):/.test(bare)
            && /href|src|action|data|poster|cite|background|ping|player/i.test(name)))
          found.push(`<${element.localName} ${name}="${value}">`);
      }
    }
    const forbidden = ":is(article, #result_list, .readonly, .site-head, .site-cards) "
      + ":is(script, style, iframe, frame, object, embed, applet, base, meta, link, svg, template, form, "
      + "annotation-xml, maction, mglyph, malignmark, math :is(a, b, div, img, p, table, video))";
    for (const element of document.querySelectorAll(forbidden)) found.push(element.outerHTML.slice(0, 200));
  };
  audit(document);
  for (const frame of Array.from(frames)) audit(frame.document);
  return found;
}"""

_ALL_PROVOKED = """(count) => frames.length === count
  && Array.from(frames).every(({ document, location }) => location.href !== "about:blank"
    && document.documentElement?.hasAttribute("data-provoked"))"""
_STATUSES = (
    "() => Array.from(frames).map((frame) => frame.performance.getEntriesByType('navigation')[0].responseStatus)"
)

TOGETHER = 20
"""Frames that are open at once."""


@dataclass
class WatchedPage:
    """A browser window at the site *base*, and everything that should not have happened there.

    *ran* are the numbers of the attempts that ran, *requests* the forbidden requests, *blocked* the messages about what
    the site's policy stopped, *surprises* all else. Pictures and media may be requested from any host but *there*.
    """

    page: Page
    base: str
    there: str
    ran: set[int] = field(default_factory=set)
    requests: set[str] = field(default_factory=set)
    blocked: list[str] = field(default_factory=list)
    surprises: list[str] = field(default_factory=list)

    def goto(self, path: str) -> Page:
        """Open *path*, or a whole address, and do there all that a reader might do. The status must be 200."""
        address = path if "://" in path else f"{self.base}{path}"
        response = self.page.goto(address)
        assert response is not None and response.status == 200, (address, response and response.status)
        # Not with `wait_for_function`: the policy forbids making a function from text.
        self.page.wait_for_selector("[data-provoked]", state="attached")
        return self.page

    def visit(self, path: str) -> Page:
        """Open *path* as `goto` does, and note the elements and attributes of the page that it may not contain."""
        page = self.goto(path)
        self.surprises += [f"{path}: {found}" for found in page.evaluate(_AUDIT)]
        return page

    def look_again(self) -> None:
        """Do the same as `visit` in the page as it is now: a script may have added to it."""
        self.page.evaluate("() => { dispatchEvent(new Event('provoke')); }")
        self.page.wait_for_selector("[data-provoked]", state="attached")
        self.surprises += [f"{self.page.url}: {found}" for found in self.page.evaluate(_AUDIT)]

    def visit_all(self, addresses: Iterable[str], *, bare: bool = False) -> None:
        """Do the same as `visit` for *addresses*, many at once in frames. The site must be `unguarded`.

        *bare* pages are loaded without the site's own styles and scripts, which take most of the time.
        """
        if bare:
            # The browser itself blocks these requests: to decide on each of them here would be no faster.
            browser = self.page.context.new_cdp_session(self.page)
            browser.send("Network.enable")
            browser.send("Network.setBlockedURLs", {"urls": ["*/static/*"]})
        rest, frames_url = iter(addresses), f"{self.base}/frames"
        while batch := list(islice(rest, TOGETHER)):
            frames = "".join(f'<iframe src="{escape(address)}"></iframe>' for address in batch)
            self.page.route(
                frames_url,
                partial(_fulfill, body=f"<!doctype html><style>iframe {{ visibility: hidden }}</style>{frames}"),
            )
            self.page.goto(frames_url, wait_until="commit")
            self.page.unroute(frames_url)
            self.page.wait_for_function(_ALL_PROVOKED, arg=len(batch))
            statuses = self.page.evaluate(_STATUSES)
            assert set(statuses) == {200}, dict(zip(batch, statuses, strict=True))
            self.surprises += [f"one of {batch}: {found}" for found in self.page.evaluate(_AUDIT)]

    def visit_each_shape(self, addresses: Iterable[str], *, bare: bool = False) -> None:
        """Do the same as `visit_all` for those *addresses* whose pages have a shape that no earlier one had.

        All *addresses* are requested.
        """
        self.visit_all(one_of_each_shape(addresses, self._text_of), bare=bare)

    def _text_of(self, address: str) -> str:
        """Return the page at *address*, requested with the cookies of this window. The status must be 200."""
        response = self.page.request.get(address)
        assert response.status == 200, (address, response.status)
        try:
            return response.text()
        finally:
            response.dispose()

    def on_attempt(self, source: object, number: object) -> None:
        """Note that an attempt ran."""
        self.ran.add(int(str(number)))

    def on_request(self, request: Request) -> None:
        """Note a request, if it is a forbidden one."""
        url = urlsplit(request.url)
        if url.netloc == self.there:
            self.requests.add(request.url)
            return
        to_another_host = url.scheme in ("http", "https") and url.netloc != urlsplit(self.base).netloc
        if to_another_host and request.resource_type not in ("image", "media"):
            self.requests.add(f"{request.resource_type} {request.url}")

    def on_dialog(self, dialog: Dialog) -> None:
        """Note a dialog, and dismiss it."""
        self.surprises.append(f"a dialog was opened: {dialog.message}")
        dialog.dismiss()

    def on_console(self, text: str) -> None:
        """Note *text*, a message on the browser's console, if it is about the policy."""
        if "Content Security Policy" in text:
            self.blocked.append(text)

    def assert_quiet(self) -> None:
        """Raise AssertionError if anything was noted."""
        assert (sorted(self.ran), sorted(self.requests), self.blocked, self.surprises) == ([], [], [], [])


@contextmanager
def watching(browser: Browser, base: str, there: str) -> Iterator[WatchedPage]:
    """Yield a window at *base*; *there* is the host to which no page may send a request."""
    context: BrowserContext = browser.new_context()
    context.set_default_timeout(SECONDS * 1000)
    watched = WatchedPage(context.new_page(), base, there)
    context.expose_binding("tell_of_xss", watched.on_attempt)
    context.add_init_script(_PROVOKE)
    context.on("request", watched.on_request)
    context.on("dialog", watched.on_dialog)
    context.on("page", lambda page: watched.surprises.append(f"a window was opened: {page.url}"))
    context.on("console", lambda message: watched.on_console(message.text))
    # HTTP requests to other machines are aborted, whatever a page does.
    context.route(re.compile(r"^https?://(?!127\.0\.0\.1[:/])"), lambda route: route.abort())
    try:
        yield watched
    finally:
        context.unroute_all(behavior="ignoreErrors")
        context.close()


def _fulfill(route: Route, body: str) -> None:
    route.fulfill(body=body, content_type="text/html; charset=utf-8")
