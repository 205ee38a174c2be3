"""Nothing in a feed runs as a script in a reader's browser, or requests anything from another host. This is so with the
site's Content-Security-Policy, and also without it, since the policy is only the second line of defence.

Feeds full of attempts (`xss.attempts`) are imported by the commands of the bundled site, and its pages are opened in a
real browser that does to each element what a reader might do. The control shows that the attempts are real. Of pages
that differ in nothing but words (`xss.shapes`), one is opened.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape, unescape
from itertools import count
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Page

from browser.sites import SECONDS, environment, running
from browser.watched_page import WatchedPage, watching
from feedserver import FeedServer, Response
from xss.attempts import Attempt, address_attempts, html_attempts, text_attempts
from xss.feeds import publish, publish_list

pytestmark = pytest.mark.browser
PASSWORD = "correct horse battery staple"
TOGETHER = 20
SHORTENED = "article:not(:has(.prose)):not(:has-text('Of the feed')) .when"
WHOLE = 8  # how many pages of a kind with many pages are opened whole
# Of the lists of these kinds, only these rows are opened. The page of a post whose item is an attempt in HTML shows no
# more words than the list does; the page of the item shows what became of the HTML.
SAYS_MORE = {"post": "tr:not(:has-text('attempt '))"}
NEXT = re.compile(r'href="([^"]+)" rel="next"|rel="next" href="([^"]+)"|"next_url": "([^"]+)"')
PATIENCE = 60  # times 50 ms: how long an attempt may take to succeed
POLICY = [pytest.param(True, id="with the policy"), pytest.param(False, id="without the policy")]


@dataclass(frozen=True)
class Site:
    """A site at *address* whose feeds are hostile; *there* is the host that their attempts would send requests to.

    At *unguarded* the same site is served without its policy.
    """

    address: str
    unguarded: str
    there: str
    home: Path

    def at(self, *, policy: bool) -> str:
        """Return the address at which the site is served with its policy, or without."""
        return self.address if policy else self.unguarded


def run(home: Path, *command: str, **variables: str) -> None:
    """Run a command of the bundled site at *home*."""
    subprocess.run(
        [sys.executable, "-m", "lifestream", *command],
        env=environment(home, **variables),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        check=True,
        timeout=SECONDS,
    )


@pytest.fixture(scope="session")
def nowhere() -> Iterator[FeedServer]:
    """Yield the host to which no page may send a request."""
    with FeedServer(strict=False) as server:
        yield server


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory, nowhere: FeedServer) -> Iterator[Site]:
    """Yield a site into which all attempts were imported.

    It is made once in a session, since this takes long, and a test process may get the tests of a module in several
    portions.
    """
    home: Path = tmp_path_factory.mktemp("home")
    there = f"127.0.0.1:{nowhere.port}"

    with FeedServer(strict=False) as server:
        first, *others = publish(server, there)
        run(home, "add_feed", server.url(first))
        listed = home / "list.opml"
        listed.write_text(publish_list(server, there, others), encoding="utf-8")
        run(home, "import_opml", str(listed))
        created = ("createsuperuser", "--noinput", "--username", "root", "--email", "root@example.org")
        run(home, *created, DJANGO_SUPERUSER_PASSWORD=PASSWORD)
        serve = ("serve", "127.0.0.1:0", "--no-update")
        with (
            running(*serve, home=home) as address,
            running(*serve, home=home, settings="browser.unguarded") as unguarded,
        ):
            yield Site(address, unguarded, there, home)


def pages_of(watched: WatchedPage, path: str) -> Iterator[Page]:
    """Yield the pages of a timeline, from the first to the last."""
    while path:
        page = watched.visit(path)
        yield page
        path = next(iter(links(page, "head link[rel=next]")), "")


def links(page: Page, selector: str) -> list[str]:
    """Return the addresses of the links that *selector* chooses, each once."""
    return list(dict.fromkeys(page.eval_on_selector_all(selector, "links => links.map(link => link.href)")))


def test_the_attempts_are_real(chromium: Browser, nowhere: FeedServer) -> None:
    """The control: if nothing makes the attempts safe, the browser runs them, and `WatchedPage` notes that they ran."""
    there = f"127.0.0.1:{nowhere.port}"
    live = [each for each in (*html_attempts(), *text_attempts(), *address_attempts()) if each.live]
    with FeedServer(strict=False) as server, watching(chromium, server.base_url, there) as watched:
        for attempt in live:
            server.add(f"/{attempt.number}", unsafe(attempt, there))
        for start in range(0, len(live), TOGETHER):
            some = live[start : start + TOGETHER]
            # Each is in a frame of its own: an attempt that opens another page replaces none of the others.
            frames = "".join(f"<iframe src=/{attempt.number}></iframe>" for attempt in some)
            server.add("/frames", Response(f"<!doctype html>{frames}", headers={"Content-Type": "text/html"}))
            watched.page.goto(f"{server.base_url}/frames", wait_until="commit")
            wait_for(watched, some)
    dead = [str(attempt) for attempt in live if not succeeded(watched, attempt)]
    assert not dead, "\n".join(dead)


def unsafe(attempt: Attempt, there: str) -> Response:
    """Return a page that shows *attempt* as it is."""
    armed = attempt.armed(there)
    body = f'<a href="{escape(armed)}">a</a>' if attempt.number >= 3000 else armed
    # Something always follows the attempt, and ends a tag that it left open.
    html = f"<!doctype html><meta charset=utf-8>{body}\n<i></i>"
    return Response(html, headers={"Content-Type": "text/html"})


def succeeded(watched: WatchedPage, attempt: Attempt) -> bool:
    """Return whether *attempt* has run, or has requested anything."""
    asked = re.compile(rf"/{attempt.number}(/|$)")
    return attempt.number in watched.ran or any(map(asked.search, watched.requests))


def wait_for(watched: WatchedPage, attempts: list[Attempt]) -> None:
    """Wait until all of *attempts* have succeeded, but at most three seconds."""
    for _ in range(PATIENCE):
        if all(succeeded(watched, attempt) for attempt in attempts):
            return
        watched.page.wait_for_timeout(50)


UNSAFE = """
from django.utils import timezone
from lifestream.models import Feed, Item, Lifestream, Post, Subscription
planet = Lifestream.objects.create(slug="unsafe", title="Unsafe")
feed = Feed.objects.create(url="https://example.org/unsafe")
site = Subscription.objects.create(lifestream=planet, feed=feed)
item = Item.objects.create(feed=feed, key_hash="unsafe", date=timezone.now(), content={content!r})
Post.objects.create(lifestream=planet, subscription=site, item=item, date=item.date)
"""


def test_unsafe_content_on_a_page_of_the_site_is_noted_and_the_policy_stops_its_scripts(
    chromium: Browser, site: Site
) -> None:
    """The control on a page of the site: without the policy a script runs, with the policy it is stopped. `WatchedPage`
    notes both.
    """
    content = f"<script>xss(5000)</script><img src=x onerror=xss(5001)><p style='background:url(//{site.there})'>a</p>"
    run(site.home, "shell", "-c", UNSAFE.format(content=content))
    with watching(chromium, site.unguarded, site.there) as watched:
        watched.visit("/unsafe/")
        assert watched.ran == {5000, 5001}
        assert watched.requests == {f"http://{site.there}/"}
        assert len(watched.surprises) == 2
    for bare in (False, True):
        with watching(chromium, site.unguarded, site.there) as watched:
            watched.visit_all([f"{site.unguarded}/unsafe/"], bare=bare)
            assert watched.ran == {5000, 5001}
            assert watched.requests == {f"http://{site.there}/"}
            assert len(watched.surprises) == 2
    with watching(chromium, site.address, site.there) as watched:
        watched.visit("/unsafe/")
        assert watched.ran == set()
        assert len(watched.blocked) >= 2


@pytest.mark.parametrize("policy", POLICY)
def test_timelines_are_safe(chromium: Browser, site: Site, policy: bool) -> None:
    shown: set[int] = set()
    with watching(chromium, site.at(policy=policy), site.there) as watched:
        for page in pages_of(watched, "/main/"):
            shown |= set(map(int, re.findall(r"attempt (\d{4})", page.inner_text("main"))))
        watched.assert_quiet()
    # That nothing ran proves something only for attempts that were on the page.
    assert shown == {attempt.number for attempt in html_attempts()}


@pytest.mark.parametrize("policy", POLICY)
def test_older_items_that_a_script_adds_are_safe(chromium: Browser, site: Site, policy: bool) -> None:
    with watching(chromium, site.at(policy=policy), site.there) as watched:
        page = watched.goto("/main/")
        for number in (40, 60, 80, 100):
            page.get_by_role("contentinfo").scroll_into_view_if_needed()
            page.get_by_role("article").nth(number - 1).wait_for(state="attached")
        watched.look_again()
        watched.assert_quiet()


def test_pages_of_items_are_safe(chromium: Browser, site: Site) -> None:
    with watching(chromium, site.unguarded, site.there) as watched:
        pages = pages_of(watched, "/main/")
        # The timeline shows the other items whole.
        items = [item for page in pages for item in links(page, SHORTENED)]
        assert len(items) > 100
        for item in items[:: 1 + len(items) // WHOLE]:
            watched.visit(item)
        watched.visit_all(items, bare=True)
        watched.assert_quiet()


def test_pages_of_sites_are_safe(chromium: Browser, site: Site) -> None:
    with watching(chromium, site.unguarded, site.there) as watched:
        sites = links(watched.visit("/main/sites/"), ".site-cards a")
        assert len(sites) > 50
        watched.visit_each_shape(sites)
        watched.assert_quiet()


def test_pages_of_tags_and_searches_are_safe(chromium: Browser, site: Site) -> None:
    with watching(chromium, site.unguarded, site.there) as watched:
        tags = links(watched.visit("/main/tags/"), ".tag-cloud a")
        assert len(tags) > 10
        words = [attempt.armed(site.there) for attempt in text_attempts()] + ["xss", "script", "example", "attempt"]
        words = [each for each in words if "\0" not in each]  # the site refuses those with 400
        searches = (f"{site.unguarded}/main/search/?q={quote(each)}" for each in words)
        watched.visit_each_shape([*tags, *searches])
        watched.visit("/")
        watched.assert_quiet()


@pytest.mark.parametrize("suffix", ["atom", "rss", "json"])
def test_feeds_of_the_site_are_safe(chromium: Browser, site: Site, suffix: str) -> None:
    shown: set[int] = set()
    with watching(chromium, site.unguarded, site.there) as watched:
        path = f"/main/feed.{suffix}"
        while path:
            text = watched.goto(path).evaluate("document.documentElement.textContent")
            shown |= set(map(int, re.findall(r"attempt (\d{4})", text)))
            following = NEXT.search(text)
            path = unescape(next(filter(None, following.groups()))) if following else ""
        watched.assert_quiet()
    assert shown == {attempt.number for attempt in html_attempts()}


def test_the_opml_list_of_the_site_is_safe(chromium: Browser, site: Site) -> None:
    with watching(chromium, site.unguarded, site.there) as watched:
        page = watched.goto("/main/subscriptions.opml")
        assert "xss(" in page.evaluate("document.documentElement.textContent")
        watched.assert_quiet()


@pytest.mark.parametrize("kind", ["feed", "fetch", "item", "post", "subscription"])
def test_the_admin_is_safe(chromium: Browser, site: Site, kind: str) -> None:
    with watching(chromium, site.unguarded, site.there) as watched:
        log_in(watched)
        rows: set[str] = set()
        opened: list[str] = []
        for number in count(1):
            listed = watched.visit(f"/admin/lifestream/{kind}/?p={number}")
            found = changes(listed, "tr")
            if rows.issuperset(found):  # Django shows an earlier page again after the last one
                break
            rows.update(found)
            opened += changes(listed, SAYS_MORE.get(kind, "tr"))
        some = opened[:: 1 + len(opened) // WHOLE]
        for row in some:
            watched.visit(row)
        for view in ("history", "delete"):
            watched.visit(some[0].replace("/change/", f"/{view}/"))
        # A form shows what a feed contains as words only: 595 forms of items have two shapes.
        watched.visit_each_shape((f"{row}?_popup=1" for row in opened), bare=True)
        watched.assert_quiet()


def changes(listed: Page, rows: str) -> list[str]:
    """Return the addresses of the forms that change the *rows* of a list."""
    return [link.partition("?")[0] for link in links(listed, f"#result_list {rows} a[href*='/change/']")]


def log_in(watched: WatchedPage) -> None:
    page = watched.goto("/admin/login/?next=/admin/")
    page.get_by_label("Username").fill("root")
    page.get_by_label("Password").fill(PASSWORD)
    page.locator("#login-form").evaluate("form => form.submit()")  # a click would lead nowhere, see `watched_page`
    page.wait_for_url(f"{watched.base}/admin/")
