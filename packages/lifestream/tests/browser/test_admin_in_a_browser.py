"""The admin of a new site in a real browser: a feed is added and shown, a lifestream is made private, and pages are
accessible.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from browser.sites import SECONDS, environment, running
from browser.visitor import LARGE, SMALL, Visitor, visiting
from feedserver import FeedServer, Response

pytestmark = pytest.mark.browser
PASSWORD = "correct horse battery staple"
FEED = """<rss version="2.0"><channel><title>Small Hours</title><link>https://small-hours.example/</link>
<item><title>Off by one candle</title><guid>1</guid><description>A cake is a fence.</description></item>
</channel></rss>"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Yield the address of an empty site with a superuser."""
    home = tmp_path_factory.mktemp("home")
    command = ["createsuperuser", "--noinput", "--username", "root", "--email", "root@example.org"]
    subprocess.run(
        [sys.executable, "-m", "lifestream", *command],
        env=environment(home, DJANGO_SUPERUSER_PASSWORD=PASSWORD),
        stdout=subprocess.DEVNULL,
        check=True,
        timeout=SECONDS,
    )
    with running("serve", "127.0.0.1:0", home=home) as address:
        yield address


@pytest.fixture
def root(chromium: Browser, site: str) -> Iterator[Visitor]:
    """Yield the superuser, who has logged in."""
    with visiting(chromium, site) as visitor:
        page = visitor.goto("/admin/login/?next=/admin/")
        page.get_by_label("Username").fill("root")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Log in").click()
        yield visitor


def make_lifestream(visitor: Visitor, title: str, slug: str) -> None:
    page = visitor.goto("/admin/lifestream/lifestream/add/")
    page.get_by_role("textbox", name="Title").press_sequentially(title)
    # The slug is filled in by Django's script, which the site's policy has to allow.
    expect(page.get_by_label("Slug")).to_have_value(slug)
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("was added successfully")).to_be_visible()


def test_a_feed_is_added_and_shown(root: Visitor) -> None:
    make_lifestream(root, "Harbour Planet", "harbour-planet")
    with FeedServer(strict=False) as server:
        server.add("/", Response(body="<p>No feed here</p>", headers={"Content-Type": "text/html"}))
        server.add("/feed", Response(body=FEED, headers={"Content-Type": "application/rss+xml"}))
        page = root.goto("/admin/lifestream/feed/")
        page.get_by_role("link", name="Add feed").first.click()
        page.get_by_label("Address").fill(server.url("/nothing"))
        page.get_by_label("Lifestream").select_option(label="Harbour Planet")
        page.get_by_role("button", name="Save", exact=True).click()
        # The site looks for a feed there, and the page shows the result without a click: it reloads itself.
        expect(page.get_by_role("row").filter(has_text="not added")).to_contain_text("404")
        assert root.violations() == ""
        page.get_by_role("link", name="Try again").click()
        expect(page.get_by_label("Address")).to_have_value(server.url("/nothing"))
        page.get_by_label("Address").fill(server.url("/feed"))
        page.get_by_role("button", name="Save", exact=True).click()
        expect(page.get_by_text("Found “Small Hours”")).to_be_visible()
        page = root.goto("/admin/lifestream/subscription/")
        expect(page.get_by_role("row").filter(has_text="Small Hours")).to_contain_text("ok")
        assert root.violations() == ""
        root.complaints.clear()  # of styles that axe itself tries there, which the policy forbids
    page = root.goto("/harbour-planet/")
    expect(page.get_by_role("article")).to_contain_text("Off by one candle")
    assert root.violations() == ""


def test_a_private_lifestream_is_shown_only_after_a_login(chromium: Browser, site: str, root: Visitor) -> None:
    make_lifestream(root, "Diary", "diary")
    page = root.goto("/admin/lifestream/lifestream/")
    page.get_by_role("row").filter(has_text="Diary").get_by_role("checkbox").check()
    page.get_by_label("Action:").select_option(label="Make private")
    page.get_by_role("button", name="Run").or_(page.get_by_role("button", name="Go")).click()
    root.goto("/diary/")
    with visiting(chromium, site) as stranger:
        stranger.goto("/diary/", 404)
        stranger.complaints.clear()  # of the 404


def test_a_title_of_one_long_word_widens_no_page_on_a_telephone(root: Visitor) -> None:
    title = "Donaudampfschifffahrt" * 3
    make_lifestream(root, title, title.lower())
    page = root.goto("/admin/lifestream/lifestream/")
    root.page.set_viewport_size(SMALL)
    page.get_by_role("link", name=title).click()
    expect(page.get_by_role("heading", name=title)).to_be_visible()
    assert not root.overflows()


@pytest.mark.costly
def test_pages_of_django_and_wide_tables_meet_wcag_aa(root: Visitor) -> None:
    own = (
        "auth/", "auth/user/", "auth/user/1/change/", "auth/user/1/delete/", "auth/group/add/", "password_change/",
        "lifestream/", "lifestream/item/?q=nothing", "lifestream/feed/limits/",
    )  # fmt: skip
    for number, path in enumerate(own):
        root.page.emulate_media(color_scheme="dark" if number % 2 else "light")
        root.page.set_viewport_size(SMALL if number % 2 else LARGE)
        root.goto(f"/admin/{path}")
        assert root.violations() == "" and not root.overflows(), path
    root.page.set_viewport_size(SMALL)
    assert root.violations() == "" and not root.overflows()  # a wide table can be scrolled with the keyboard
    root.complaints.clear()  # of styles that axe itself tries there, which the policy forbids
