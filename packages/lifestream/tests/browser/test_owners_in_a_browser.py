"""A new owner in a real browser: the first run, the feeds that arrive, and the pages to manage them."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, expect

from browser.sites import SECONDS, running
from browser.visitor import LARGE, SMALL, Visitor, visiting
from feedserver import FeedServer, Gate, Request, Response

pytestmark = [pytest.mark.browser, pytest.mark.costly]
GREEN = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAoAAAAKCAYAAACNMs+9AAAAFUlEQVR42mNk+M9Qz0AEYBxVSF+FABJADveWkH6oAAAAAElFTkSuQmCC"
)
"""A picture of ten pixels by ten."""
FEED = """<rss version="2.0"><channel><title>Small Hours</title><link>https://small-hours.example/</link>
<item><title>Off by one candle</title><guid>1</guid>
<description>A cake is a fence. &lt;img src="PICTURE"&gt;</description></item>
</channel></rss>"""


@pytest.fixture(scope="module")
def setup_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Yield the address of the setup page of an empty site."""
    home = tmp_path_factory.mktemp("home")
    (home / "lifestream.toml").write_text("LIFESTREAM_SERVE_PICTURES = true\n")
    with running("serve", "127.0.0.1:0", home=home, pattern=r"(http://\S+/account/setup/\?token=\S+)") as address:
        yield address


@pytest.fixture(scope="module")
def feeds() -> Iterator[FeedServer]:
    with FeedServer(strict=False, callable_timeout=SECONDS) as server:
        server.add("/picture", Response(body=GREEN, headers={"Content-Type": "text/plain"}))
        feed = FEED.replace("PICTURE", server.url("/picture"))
        server.add("/feed", Response(body=feed, headers={"Content-Type": "application/rss+xml"}))
        server.add("/nothing", Response(status=404))
        yield server


def assert_accessible(visitor: Visitor) -> None:
    """Assert that the page meets WCAG AA and does not overflow, large and light as well as small and dark."""
    assert visitor.violations() == "" and not visitor.overflows()
    visitor.page.emulate_media(color_scheme="dark")
    visitor.page.set_viewport_size(SMALL)
    assert visitor.violations() == "" and not visitor.overflows()
    visitor.page.emulate_media(color_scheme="light")
    visitor.page.set_viewport_size(LARGE)


def test_a_new_owner_needs_no_shell(chromium: Browser, setup_url: str, feeds: FeedServer) -> None:
    base = "{0.scheme}://{0.netloc}".format(urlsplit(setup_url))
    with visiting(chromium, base) as owner:
        page = owner.goto(setup_url.removeprefix(base))
        assert_accessible(owner)
        page.get_by_label("Your user name").fill("ada")
        page.get_by_label("Your password").fill("correct horse battery")
        page.get_by_label("The name of your lifestream").fill("Harbour Planet")
        page.get_by_label("Feeds to follow").fill(f"{feeds.url('/feed')}\n{feeds.url('/nothing')}")
        page.get_by_role("button", name="Make it mine").click()
        page.wait_for_url("**/harbour-planet/manage/")
        # The new site, and the address without a feed, are shown without a click.
        expect(page.get_by_role("link", name="Small Hours")).to_be_visible()
        expect(page.get_by_role("heading", name="Not added")).to_be_visible()
        expect(page.locator("[data-arrivals]")).to_contain_text("404")
        assert page.locator(".failures li").inner_text().count(feeds.url("/nothing")) == 1
        assert_accessible(owner)
        for path in (
            "",
            "manage/add/",
            "manage/look/",
            "manage/rules/",
            "manage/hidden/",
            "manage/pages/",
            "manage/pages/new/",
        ):
            owner.goto(f"/harbour-planet/{path}")
            assert_accessible(owner)
        _the_bar_is_one_row_on_a_telephone(owner)
        _the_count_of_sites_grows_when_a_site_is_added(owner, feeds)
        _a_colour_is_chosen_by_eye(owner)
        _a_list_that_is_too_large_is_not_sent(owner)
        owner.goto("/harbour-planet/manage/")
        page.get_by_role("link", name="Small Hours").click()
        expect(page.get_by_role("heading", name="Why is it not newer?")).to_be_visible()
        assert_accessible(owner)
        page.get_by_role("link", name="Look").click()
        page.get_by_role("radio", name="Dense list").check()
        page.get_by_role("button", name="Preview").click()
        expect(page.locator("html")).to_have_attribute("data-look", "list")
        expect(page.get_by_role("heading", name="Preview: nothing is saved yet")).to_be_visible()
        assert_accessible(owner)
        owner.goto("/harbour-planet/")
        assert page.locator("html").get_attribute("data-look") is None
        # The picture of the feed comes from this site.
        expect(page.locator("main img[src^='/pictures/']")).to_have_js_property("naturalWidth", 10)
        page.get_by_role("button", name="Pin to the top").first.click()
        expect(page.get_by_role("heading", name="Pinned")).to_be_visible()
        page.get_by_role("button", name="Log out").click()
        expect(page.get_by_role("link", name="Log in")).to_be_visible()
        expect(page.get_by_role("heading", name="Pinned")).to_be_visible()
        assert not owner.asked_elsewhere()
        # The address of the setup works only once.
        owner.goto(setup_url.removeprefix(base), 404)
        owner.complaints.clear()  # of the 404
    _works_without_a_script(chromium, base)


def _the_bar_is_one_row_on_a_telephone(owner: Visitor) -> None:
    page = owner.page
    page.set_viewport_size(SMALL)
    owner.goto("/harbour-planet/manage/look/")
    bar = page.get_by_role("navigation", name="For you, its owner")
    tops = bar.evaluate(
        "bar => [...bar.querySelectorAll('a, button')].map(e => Math.round(e.getBoundingClientRect().top))"
    )
    assert len(tops) == 9 and max(tops) - min(tops) < 4  # pixels: a link and a button have not quite the same box
    # The link to the current page is visible, and the last element of the bar can be reached.
    expect(bar.get_by_role("link", name="Look")).to_be_in_viewport(ratio=1)
    bar.get_by_role("button", name="Log out").focus()
    expect(bar.get_by_role("button", name="Log out")).to_be_in_viewport(ratio=1)
    assert not owner.overflows()
    # The same holds in a large window that becomes small.
    page.set_viewport_size(LARGE)
    page.set_viewport_size(SMALL)
    expect(bar.get_by_role("link", name="Look")).to_be_in_viewport(ratio=1)
    page.set_viewport_size(LARGE)


def _the_count_of_sites_grows_when_a_site_is_added(owner: Visitor, feeds: FeedServer) -> None:
    page, gate = owner.page, Gate()
    feed = (
        FEED.replace("Small Hours", "Long Wave")
        .replace("small-hours", "long-wave")
        .replace("&lt;img", "No picture: &lt;i")
    )

    def held(request: Request) -> Response:
        gate.wait(SECONDS)
        return Response(body=feed, headers={"Content-Type": "application/rss+xml"})

    feeds.add("/second", held)
    owner.goto("/harbour-planet/manage/add/")
    page.get_by_label("Addresses").fill(feeds.url("/second"))
    page.get_by_role("button", name="Add", exact=True).click()
    page.wait_for_url("**/harbour-planet/manage/")
    all_of_them = page.locator("[data-all-words]")
    expect(all_of_them).to_have_text("all 1 that is listed")
    # A checkbox that is checked meanwhile stays checked.
    page.get_by_role("checkbox", name=re.compile("Small Hours")).check()
    # A tab that was in the background for a long time shows the feeds that come later.
    page.clock.install()
    page.wait_for_timeout(
        3_000
    )  # by the true clock: the script of the page had begun to wait before its clock was replaced
    page.evaluate("Object.defineProperty(document, 'hidden', { value: true, configurable: true })")
    for _ in range(310):
        page.clock.run_for(2_000)
    page.evaluate("delete document.hidden")
    page.clock.resume()
    gate.open()
    expect(page.get_by_role("link", name="Long Wave")).to_be_visible()
    expect(all_of_them).to_have_text("all 2 that are listed, on all pages")
    expect(page.get_by_role("checkbox", name=re.compile("Small Hours"))).to_be_checked()
    # When the checkbox of one site is cleared, the one for all sites is cleared, too: otherwise an action for all sites
    # would include that site.
    page.get_by_role("checkbox", name=re.compile("all 2")).check()
    expect(page.get_by_role("checkbox", name=re.compile("Long Wave"))).to_be_checked()
    page.get_by_role("checkbox", name=re.compile("Long Wave")).uncheck()
    expect(page.get_by_role("checkbox", name=re.compile("all 2"))).not_to_be_checked()
    expect(page.get_by_role("checkbox", name=re.compile("Small Hours"))).to_be_checked()


def _a_colour_is_chosen_by_eye(owner: Visitor) -> None:
    page = owner.goto("/harbour-planet/manage/look/")
    typed, picker = page.get_by_label("Accent optional"), page.locator("input[type=color]")
    # A picker cannot be empty: it shows the colour in use, and the text field stays empty.
    expect(typed).to_have_value("")
    expect(picker).to_have_value("#0b5f8f")
    picker.fill("#8a1c4a")
    expect(typed).to_have_value("#8a1c4a")
    typed.fill("#1c6a2f")
    expect(picker).to_have_value("#1c6a2f")
    typed.fill("#1c")
    expect(picker).to_have_value("#1c6a2f")
    picker.fill("#8a1c4a")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_label("Accent optional")).to_have_value("#8a1c4a")
    assert page.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--own-accent')") == "#8a1c4a"
    assert_accessible(owner)


def _a_list_that_is_too_large_is_not_sent(owner: Visitor) -> None:
    page = owner.goto("/harbour-planet/manage/add/")
    field = page.get_by_label("File")
    owner.requests.clear()
    field.set_input_files({"name": "all.opml", "mimeType": "text/x-opml", "buffer": bytes(11 << 20)})
    page.get_by_role("button", name="Import").click()
    assert field.evaluate("field => field.validationMessage").startswith("it is larger than 10 MiB: split it into")
    field.set_input_files({"name": "small.opml", "mimeType": "text/x-opml", "buffer": b"<html/>"})
    assert field.evaluate("field => field.validationMessage") == ""
    assert not [request for request in owner.requests if request.method == "POST"]
    page.get_by_role("button", name="Import").click()
    expect(page.locator("[id$=file_error]")).to_contain_text("no")


def _works_without_a_script(chromium: Browser, base: str) -> None:
    with visiting(chromium, base, script=False) as owner:
        page = owner.goto("/account/login/?next=/harbour-planet/manage/")
        page.get_by_label("Username").fill("ada")
        page.get_by_label("Password").fill("correct horse battery")
        page.get_by_role("button", name="Log in").click()
        page.get_by_role("checkbox", name=re.compile("Small Hours")).check()
        page.get_by_label("Do", exact=True).select_option(label="Move to the folder")
        page.locator("#folder").fill("Night")
        page.get_by_role("button", name="Do it").click()
        expect(page.get_by_text("1 site was moved.")).to_be_visible()
        expect(page.locator(".folder-name")).to_have_text("Night")
        # Without scripts, a file that is too large is sent as a whole, and the answer is a page that says so.
        owner.goto("/harbour-planet/manage/add/")
        field = page.get_by_label("File")
        field.set_input_files({"name": "all.opml", "mimeType": "text/x-opml", "buffer": bytes(12 << 20)})
        page.get_by_role("button", name="Import").click()
        expect(page.get_by_role("heading", name="Too large")).to_be_visible()
        expect(page.get_by_text("divide a list of feeds into several files")).to_be_visible()
        expect(page.get_by_role("link", name="To the beginning")).to_be_visible()
        owner.complaints.clear()  # of the 413
