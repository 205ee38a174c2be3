"""Pictures of unknown size: nothing that a reader sees moves when they arrive, and they get their own proportions."""

from __future__ import annotations

import struct
import subprocess
import sys
import zlib
from collections.abc import Iterator
from html import escape

import pytest
from playwright.sync_api import Browser, expect

from browser.sites import SECONDS, environment, running
from browser.test_visitors_in_a_browser import SHIFTS
from browser.visitor import LARGE, SMALL, visiting
from feedserver import FeedServer, Response

pytestmark = pytest.mark.browser
SIZES = ((900, 600), (400, 900), (1600, 500), (88, 31), (300, 300))
POSTS = 30
TEXT = "<p>" + "The harbour was quiet, and nobody had expected that. " * 6 + "</p>"
WAYS = (
    '<p><img src="{0}" alt=""></p>',
    '<figure><a href="{0}"><img src="{0}" alt=""></a><figcaption>Figure</figcaption></figure>',
    '<div>Before<br><img src="{0}" alt=""><br>after</div>',
    '<img src="{0}" alt="" width="600">',
    '<p>An icon <img src="{1}" alt=""> in its line</p>',
)


def png(width: int, height: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = zlib.compress((b"\0" + b"\x60\x80\xa0" * width) * height)
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Yield the address of a timeline that shows whole posts, with pictures that arrive late."""
    home = tmp_path_factory.mktemp("home")
    with FeedServer() as server:
        items = []
        server.add("/icon.png", Response(png(12, 12), headers={"Content-Type": "image/png"}, delay=0.1))
        for number in range(POSTS):
            address = f"/{number}.png"
            picture = Response(
                png(*SIZES[number % len(SIZES)]), headers={"Content-Type": "image/png"}, delay=0.1 * (1 + number % 4)
            )
            server.add(address, picture)
            content = TEXT + WAYS[number % len(WAYS)].format(server.url(address), server.url("/icon.png")) + TEXT
            items.append(
                f"<item><guid>{number}</guid><title>Post {number}</title><pubDate>Fri, 02 Oct 2026 12:{59 - number}:00 "
                f"GMT</pubDate><description>{escape(content)}</description></item>"
            )
        rss = f"<rss version='2.0'><channel><title>Notes</title><link>/</link>{''.join(items)}</channel></rss>"
        server.add("/feed", Response(rss, headers={"Content-Type": "application/rss+xml"}))
        lifestream = [sys.executable, "-m", "lifestream"]
        whole = "from lifestream.models import *; Lifestream.objects.update(shown='whole')"
        for command in (["add_feed", server.url("feed")], ["shell", "-c", whole]):
            subprocess.run(
                [*lifestream, *command], env=environment(home), check=True, capture_output=True, timeout=SECONDS
            )
        with running("serve", "127.0.0.1:0", "--no-update", home=home) as address:
            yield f"{address}/main/"


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["small", "large"])
@pytest.mark.parametrize("pace", [300, 2500])
def test_nothing_moves_while_pictures_of_unknown_size_arrive(
    chromium: Browser, site: str, size: dict[str, int], pace: int
) -> None:
    """Scroll as a reader does, by *pace* pixels at each step."""
    with visiting(chromium, site, size={"width": size["width"], "height": size["height"]}) as visitor:
        page = visitor.page
        page.add_init_script(SHIFTS)
        visitor.goto("")
        steps = page.evaluate(
            """async (pace) => {
                let steps = 0;
                for (let last = -1; last < scrollY && steps < 2000; steps++) {
                    last = scrollY;
                    scrollBy({ top: pace, behavior: "instant" });
                    await new Promise((done) => requestAnimationFrame(() => setTimeout(done, 20)));
                }
                return steps;
            }""",
            pace,
        )
        page.wait_for_load_state("networkidle")
        assert steps > 3
        assert page.evaluate("window.shifts") < 0.05


HELD = """
window.held = [];
const Observer = window.IntersectionObserver;
window.IntersectionObserver = class extends Observer {
  constructor(callback, options) {
    super((entries, observer) => held.push([entries, () => callback(entries, observer)]), options);
  }
};
window.hasHeard = (picture) => held.some(([entries]) => entries.some(({ target }) => target === picture));
window.tell = () => held.splice(0).forEach(([, call]) => call());
"""
"""A script that keeps the page's observers from being called until the test calls `tell`. On a busy machine, they are
called late as well.
"""


def test_a_picture_that_was_scrolled_into_the_window_meanwhile_keeps_its_box(chromium: Browser, site: str) -> None:
    with visiting(chromium, site) as visitor:
        page = visitor.page
        page.add_init_script(HELD)
        visitor.goto("")
        picture = page.locator('img[src$="/2.png"]')
        loaded = page.evaluate_handle("document.querySelector('img[src$=\"/2.png\"]')")
        page.wait_for_function("(picture) => picture.naturalWidth && hasHeard(picture)", arg=loaded)
        page.evaluate("(picture) => { picture.scrollIntoView({ behavior: 'instant' }); tell(); }", loaded)
        assert page.evaluate("(picture) => 'unsized' in picture.dataset", loaded)
        page.wait_for_function("(picture) => hasHeard(picture)", arg=loaded)
        page.evaluate("() => { tell(); scrollTo({ top: 0, behavior: 'instant' }); }")
        page.wait_for_function("(picture) => hasHeard(picture)", arg=loaded)
        page.evaluate("tell()")
        expect(picture).not_to_have_attribute("data-unsized", "")


def test_a_picture_below_the_window_gets_its_own_size(chromium: Browser, site: str) -> None:
    with visiting(chromium, site) as visitor:
        page = visitor.goto("")
        # This picture is a little below the window, and is loaded before it is visible.
        picture = page.locator('img[src$="/2.png"]')
        expect(picture).not_to_have_attribute("data-unsized", "")
        box = picture.bounding_box()
        assert box and abs(box["width"] / box["height"] - 1600 / 500) < 0.05


def test_without_scripts_pictures_get_their_own_size(chromium: Browser, site: str) -> None:
    with visiting(chromium, site, script=False) as visitor:
        picture = visitor.goto("").locator('img[src$="/1.png"]')
        picture.scroll_into_view_if_needed()
        expect(picture).to_have_js_property("complete", True)
        box = picture.bounding_box()
        assert box and (round(box["width"]), round(box["height"])) == (400, 900)
