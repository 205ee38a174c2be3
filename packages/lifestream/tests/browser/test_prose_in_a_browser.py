"""The content of entries as a reader sees it: footnotes work, formulas are drawn, and a click opens a player."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from html import escape

import pytest
from playwright.sync_api import Browser, Page, expect

from browser.sites import SECONDS, environment, running
from feedserver import FeedServer, Response

pytestmark = pytest.mark.browser

NOTE = (
    '<p>{0} says<sup id="fnref:1"><a href="#fn:1">1</a></sup></p><ol><li id="fn:1">Note of {0} '
    '<a href="#fnref:1">back</a></li></ol>'
)
PLAYERS = (
    '<p>See <iframe src="https://www.youtube.com/embed/dEmO-0_1234" title="The film"></iframe></p>'
    '<iframe src="https://peertube.example/videos/embed/9c9de5e8-0a1e-484a-b099-e80766180a6d" title="Another"></iframe>'
    "<math display=block><mfrac><mi>a</mi><mi>b</mi></mfrac></math>"
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Yield the address of a timeline of three entries: two with a footnote, one with players and a formula."""
    home = tmp_path_factory.mktemp("home")
    contents = (NOTE.format("Ada"), NOTE.format("Bo"), PLAYERS)
    items = "".join(
        f"<item><guid>{number}</guid><description>{escape(each)}</description></item>"
        for number, each in enumerate(contents)
    )
    rss = f"<rss version='2.0'><channel><title>Notes</title><link>https://notes.example/</link>{items}</channel></rss>"
    with FeedServer() as server:
        server.add("/feed", Response(rss, headers={"Content-Type": "application/rss+xml"}))
        command = [sys.executable, "-m", "lifestream", "add_feed", server.url("feed")]
        subprocess.run(command, env=environment(home), check=True, capture_output=True, timeout=SECONDS)
    with running("serve", "127.0.0.1:0", "--no-update", home=home) as address:
        yield f"{address}/main/"


@pytest.fixture
def page(chromium: Browser, site: str) -> Iterator[Page]:
    """Yield the timeline, in a browser that sends no requests to other hosts."""
    context = chromium.new_context()
    context.route(lambda url: "127.0.0.1" not in url, lambda route: route.fulfill(body="elsewhere"))
    opened = context.new_page()
    opened.goto(site)
    yield opened
    context.close()


def test_each_footnote_leads_to_its_own_note(page: Page) -> None:
    for name in ("Ada", "Bo"):
        article = page.locator("article", has_text=f"{name} says")
        article.locator("sup a").click()
        expect(page.locator(":target")).to_contain_text(f"Note of {name}")
        article.locator("a", has_text="back").click()
        expect(page.locator(":target")).to_have_text("1")


def test_a_formula_is_drawn(page: Page) -> None:
    distance = page.evaluate(
        """() => {
        const [a, b] = document.querySelectorAll("math mi");
        return b.getBoundingClientRect().top - a.getBoundingClientRect().top;
    }"""
    )
    assert distance > 5, "the denominator does not stand below the numerator"


def test_a_player_takes_the_place_of_its_card_on_a_click(page: Page) -> None:
    assert page.locator("iframe").count() == 0
    card = page.locator("a[data-player]", has_text="The film")
    assert card.bounding_box() is not None
    card.click()
    player = page.locator("iframe.film")
    expect(player).to_have_attribute("src", "https://www.youtube-nocookie.com/embed/dEmO-0_1234?autoplay=1")
    expect(player).to_have_attribute("title", "The film")
    assert "allow-top-navigation" not in str(player.get_attribute("sandbox"))
    expect(page.frame_locator("iframe.film").locator("body")).to_have_text("elsewhere")


def test_a_player_that_the_policy_forbids_opens_its_page(page: Page) -> None:
    page.locator("a[data-player]", has_text="Another").click()
    page.wait_for_url("https://peertube.example/w/9c9de5e8-0a1e-484a-b099-e80766180a6d")
