"""A browser that records every script that runs and should not, and every host that is asked and should not be."""

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

# What a reader might do, done to every element of every frame once it is loaded: else an attempt that waits for a mouse
# would look harmless. Links and forms that lead anywhere on the web are not followed.
_PROVOKE = """
(() => {
  const EVENTS = [
    "mouseover", "mouseenter", "mousemove", "pointerover", "pointerenter", "mousedown", "mouseup", "focus", "focusin",
    "blur", "keydown", "keyup", "input", "change", "copy", "beforecopy", "drag", "wheel", "scroll", "toggle", "select",
    "animationstart", "transitionend", "contextmenu", "begin", "start", "slotchange",
  ];
  const leads = (address) => /^(https?|mailto|tel|magnet):/i.test(address || "");
  const target = (element) => {
    const address = element.href ?? element.getAttributeNS("http://www.w3.org/1999/xlink", "href");
    return address?.baseVal ?? address;
  };
  const stay = (event) => {
    const link = event.target.closest?.("a, area, math, mi, maction");
    if (link && leads(target(link))) event.preventDefault();
    const button = event.target.closest?.("button, input");
    if (button?.type === "checkbox") event.preventDefault();
  };
  const remain = (event) => {
    const own = event.submitter?.hasAttribute("formaction");
    // Not `form.action`: a form of the admin has a field of that name.
    const action = own ? event.submitter.getAttribute("formaction") : event.target.getAttribute("action");
    if (leads(new URL(action ?? "", document.baseURI).href)) event.preventDefault();
  };
  const provoke = () => {
    const root = document.documentElement;
    addEventListener("click", stay);
    addEventListener("submit", remain);
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
  // A frame begins with an empty document that is complete, and may keep its window, with this, for the one that comes.
  if (document.readyState === "complete" && location.href !== "about:blank") setTimeout(provoke, 0);
  else addEventListener("load", () => setTimeout(provoke, 0));
})();
"""

# What has no business in a page of ours, or in its frames, whatever it would do.
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
    const strangers = ":is(article, #result_list, .readonly, .site-head, .site-cards) "
      + ":is(script, style, iframe, frame, object, embed, applet, base, meta, link, svg, template, form, "
      + "annotation-xml, maction, mglyph, malignmark, math :is(a, b, div, img, p, table, video))";
    for (const element of document.querySelectorAll(strangers)) found.push(element.outerHTML.slice(0, 200));
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
class Lookout:
    """A browser window at the site *base*, and what was seen there that should not have been.

    *ran* are the numbers of the attempts that ran, *asked* requests to hosts that nobody may ask, *forbidden* what the
    site's policy stopped. Pictures may be asked of anybody but the host at *there*.
    """

    page: Page
    base: str
    there: str
    ran: set[int] = field(default_factory=set)
    asked: set[str] = field(default_factory=set)
    forbidden: list[str] = field(default_factory=list)
    surprises: list[str] = field(default_factory=list)

    def goto(self, path: str) -> Page:
        """Open *path*, or a whole address, and do there all that a reader might do. The page must be there."""
        address = path if "://" in path else f"{self.base}{path}"
        response = self.page.goto(address)
        assert response is not None and response.status == 200, (address, response and response.status)
        # Not by a function: the policy forbids to make one of text.
        self.page.wait_for_selector("[data-provoked]", state="attached")
        return self.page

    def visit(self, path: str) -> Page:
        """Open *path* as `goto` does, and look through the page for what has no business there."""
        page = self.goto(path)
        self.surprises += [f"{path}: {found}" for found in page.evaluate(_AUDIT)]
        return page

    def look_again(self) -> None:
        """Do and look for the same in the page as it is by now: a script may have added to it."""
        self.page.evaluate("() => { dispatchEvent(new Event('provoke')); }")
        self.page.wait_for_selector("[data-provoked]", state="attached")
        self.surprises += [f"{self.page.url}: {found}" for found in self.page.evaluate(_AUDIT)]

    def visit_all(self, addresses: Iterable[str], *, bare: bool = False) -> None:
        """`visit` for each of *addresses*, many at once: each is opened in a frame. For a site that is `unguarded`.

        *bare* pages come without the site's own styles and scripts, which take most of the time.
        """
        if bare:
            # By the browser itself: asked here for each of them, it would be no faster.
            browser = self.page.context.new_cdp_session(self.page)
            browser.send("Network.enable")
            browser.send("Network.setBlockedURLs", {"urls": ["*/static/*"]})
        rest, place = iter(addresses), f"{self.base}/frames"
        while some := list(islice(rest, TOGETHER)):
            frames = "".join(f'<iframe src="{escape(address)}"></iframe>' for address in some)
            self.page.route(
                place, partial(_fulfill, body=f"<!doctype html><style>iframe {{ visibility: hidden }}</style>{frames}")
            )
            self.page.goto(place, wait_until="commit")
            self.page.unroute(place)
            self.page.wait_for_function(_ALL_PROVOKED, arg=len(some))
            statuses = self.page.evaluate(_STATUSES)
            assert set(statuses) == {200}, dict(zip(some, statuses, strict=True))
            self.surprises += [f"one of {some}: {found}" for found in self.page.evaluate(_AUDIT)]

    def told(self, source: object, number: object) -> None:
        """Note that an attempt ran."""
        self.ran.add(int(str(number)))

    def sent(self, request: Request) -> None:
        """Note a request."""
        place = urlsplit(request.url)
        if place.netloc == self.there:
            self.asked.add(request.url)
            return
        of_the_web = place.scheme in ("http", "https") and place.netloc != urlsplit(self.base).netloc
        if of_the_web and request.resource_type not in ("image", "media"):
            self.asked.add(f"{request.resource_type} {request.url}")

    def interrupted(self, dialog: Dialog) -> None:
        """Is asked something."""
        self.surprises.append(f"a dialog was opened: {dialog.message}")
        dialog.dismiss()

    def heard(self, text: str) -> None:
        """Note what the browser writes to its console."""
        if "Content Security Policy" in text:
            self.forbidden.append(text)

    def assert_quiet(self) -> None:
        """Raise AssertionError if anything ran, was asked for, had to be stopped, or has no business there."""
        assert (sorted(self.ran), sorted(self.asked), self.forbidden, self.surprises) == ([], [], [], [])


@contextmanager
def looking_out(browser: Browser, base: str, there: str) -> Iterator[Lookout]:
    """A window at *base*; *there* is the host that nobody may ask."""
    context: BrowserContext = browser.new_context()
    context.set_default_timeout(SECONDS * 1000)
    lookout = Lookout(context.new_page(), base, there)
    context.expose_binding("tell_of_xss", lookout.told)
    context.add_init_script(_PROVOKE)
    context.on("request", lookout.sent)
    context.on("dialog", lookout.interrupted)
    context.on("page", lambda page: lookout.surprises.append(f"a window was opened: {page.url}"))
    context.on("console", lambda said: lookout.heard(said.text))
    # Nothing but this machine is asked, whatever a page does.
    context.route(re.compile(r"^https?://(?!127\.0\.0\.1[:/])"), lambda route: route.abort())
    try:
        yield lookout
    finally:
        context.unroute_all(behavior="ignoreErrors")
        context.close()


def _fulfill(route: Route, body: str) -> None:
    route.fulfill(body=body, content_type="text/html; charset=utf-8")
