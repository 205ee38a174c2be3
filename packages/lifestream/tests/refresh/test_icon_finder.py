"""Icons are looked for at their usual places, stored if they are harmless pictures, and requested seldom."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from unittest import mock

import pytest
from django.test import override_settings

from factories import NOW, make_feed
from feedserver import FeedServer, Response
from feedserver.django import FeedServerTransactionTestCase
from lifestream.content.image_types import image_type
from lifestream.fetcher.address_guard import AddressGuard
from lifestream.models import Feed
from lifestream.refresh.icon_finder import AGAIN, find_icons
from lifestream.storage.feed_options import FeedOptions, Secrets
from relay import relay
from served import page, slow_page, watched_processes

PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x10\0\0\0\x10"
SVG = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (PNG, "image/png"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"GIF89a", "image/gif"),
        (b"\x00\x00\x01\x00\x01", "image/x-icon"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "image/webp"),
        (b"RIFF\x00\x00\x00\x00WAVE", ""),
        (SVG, ""),
        (b"", ""),
    ],
)
def test_a_picture_is_recognised_by_its_first_bytes_only(data: bytes, kind: str) -> None:
    assert image_type(data) == kind


class IconTest(FeedServerTransactionTestCase):
    feed_root = Path(__file__).parents[1] / "feeds"

    def feed(self, **fields: object) -> Feed:
        return make_feed(self.get_url("feed.xml"), last_success=NOW, site_url=self.get_url("/"), **fields)

    def icon(self, feed: Feed) -> bytes:
        feed.refresh_from_db()
        return bytes(feed.icon)

    def page(self, head: str = "") -> None:
        self.feedserver.add("/", Response(f"<!doctype html>{head}", headers={"Content-Type": "text/html"}))

    def test_the_picture_that_the_page_names_is_stored(self) -> None:
        self.page('<link rel="icon" href="/a.svg" type="image/svg+xml"><link rel="icon" href="/a.png">')
        self.feedserver.add("/a.png", Response(PNG))
        feed = self.feed()
        assert find_icons(clock=lambda: NOW) == 1
        assert self.icon(feed) == PNG
        self.feedserver.assert_not_requested("/a.svg")

    def test_the_picture_that_the_feed_names_comes_first(self) -> None:
        self.page('<link rel="icon" href="/a.png">')
        self.feedserver.add("/logo.png", Response(PNG + b"2"))
        feed = self.feed(icon_url=self.get_url("logo.png"))
        assert find_icons(clock=lambda: NOW) == 1
        assert self.icon(feed) == PNG + b"2"

    def test_the_usual_place_is_tried_last(self) -> None:
        self.page('<link rel="icon" href="/liar.png">')
        self.feedserver.add("/liar.png", Response(SVG, headers={"Content-Type": "image/png"}))
        self.feedserver.add("/favicon.ico", Response(PNG))
        feed = self.feed()
        assert find_icons(clock=lambda: NOW) == 1
        assert self.icon(feed) == PNG

    def test_a_site_without_an_icon_is_requested_again_only_after_a_month(self) -> None:
        self.page()
        self.feedserver.add("/favicon.ico", Response(status=404))
        feed = self.feed()
        assert find_icons(clock=lambda: NOW) == 0
        asked = len(self.feedserver.requests)
        assert find_icons(clock=lambda: NOW + AGAIN - timedelta(seconds=1)) == 0
        assert len(self.feedserver.requests) == asked
        assert find_icons(clock=lambda: NOW + AGAIN) == 0
        assert len(self.feedserver.requests) == 2 * asked
        assert self.icon(feed) == b""

    def test_a_slow_site_is_given_up_and_counts_as_one_without_an_icon(self) -> None:
        self.feedserver.add("/", Response("<p>Late</p>", delay=30.0))
        self.feed()
        with mock.patch("lifestream.refresh.icon_finder.OF_A_SITE", 0.5):
            assert find_icons(clock=lambda: NOW) == 0
        assert find_icons(clock=lambda: NOW) == 0
        assert [request.path for request in self.feedserver.requests] == ["/"]

    def test_a_picture_that_is_too_large_is_not_stored(self) -> None:
        self.page()
        self.feedserver.add("/favicon.ico", Response(PNG + bytes(300_000)))
        feed = self.feed()
        assert find_icons(clock=lambda: NOW) == 0
        assert self.icon(feed) == b""

    def test_pages_are_read_in_one_process_which_is_started_when_a_page_arrives(self) -> None:
        self.page('<link rel="icon" href="/a.png">')
        self.feedserver.add("/a.png", Response(PNG))
        for number in range(3):
            make_feed(self.get_url(f"{number}.xml"), last_success=NOW, site_url=self.get_url("/"))
        with watched_processes() as started:
            assert find_icons(clock=lambda: NOW) == 3
            assert find_icons(clock=lambda: NOW) == 0
        assert len(started) == 1
        assert all(process.poll() is not None for process in started)

    def test_a_page_that_takes_too_long_affects_nothing_else(self) -> None:
        self.feedserver.add("/slow", page(slow_page()[:200_000]))
        self.feedserver.add("/favicon.ico", Response(PNG))
        self.page('<link rel="icon" href="/a.png">')
        self.feedserver.add("/a.png", Response(PNG + b"2"))
        slow = make_feed(self.get_url("slow.xml"), last_success=NOW, site_url=self.get_url("/slow"))
        quick = self.feed()
        # First with a deadline that any page exceeds, and then with one that none exceeds.
        with (
            self.settings(LIFESTREAM_PARSE_TIMEOUT=0.001),
            self.assertLogs("lifestream.refresh.icon_finder", "INFO") as logged,
        ):
            assert find_icons([slow.pk], clock=lambda: NOW) == 1
        assert find_icons(clock=lambda: NOW) == 1
        assert (self.icon(slow), self.icon(quick)) == (PNG, PNG + b"2")
        assert logged.output == [
            f"INFO:lifestream.refresh.icon_finder:no icons can be looked for on the page {self.get_url('/slow')}: "
            "reading it took longer than 0.001 seconds"
        ]

    def test_the_address_guard_applies_to_icons_too(self) -> None:
        feed = self.feed(icon_url=self.get_url("logo.png"))
        assert find_icons(clock=lambda: NOW, guard=AddressGuard()) == 0
        assert self.feedserver.requests == []
        assert self.icon(feed) == b""

    def test_icons_are_looked_for_only_for_active_feeds_that_were_read_and_have_none(self) -> None:
        self.page()
        self.feed(icon=PNG)
        make_feed(self.get_url("new.xml"), site_url=self.get_url("/"))
        make_feed(self.get_url("gone.xml"), site_url=self.get_url("/"), last_success=NOW, status="gone")
        assert find_icons(clock=lambda: NOW) == 0
        assert self.feedserver.requests == []


@pytest.fixture(scope="module")
def secure() -> Iterator[FeedServer]:
    """Yield a site with a certificate of a private authority."""
    with FeedServer(tls=True, strict=False, names=["feeds.example"]) as running:
        running.add("/", Response("<link rel=icon href=/i.png>", headers={"Content-Type": "text/html"}))
        running.add("/i.png", Response(PNG))
        yield running


@pytest.mark.django_db(transaction=True)
def test_an_icon_is_fetched_through_the_proxy_and_with_the_certificates_of_its_feed(secure: FeedServer) -> None:
    authority = Path(secure.ca_bundle).read_text()
    with relay((secure.host, secure.port)) as proxy:
        own = FeedOptions(proxy=f"http://{proxy.address}", certificates=authority)
        feed = make_feed("https://feeds.example/feed", last_success=NOW, options=own.as_json())
        assert find_icons(clock=lambda: NOW, guard=AddressGuard()) == 1
        feed.refresh_from_db()
        assert bytes(feed.icon) == PNG
        assert set(proxy.asked) == {"connect feeds.example:443"}


@pytest.mark.django_db(transaction=True)
def test_at_another_server_the_certificates_of_the_feed_are_not_trusted(secure: FeedServer) -> None:
    own = FeedOptions(certificates=Path(secure.ca_bundle).read_text())
    for url, found in ((secure.url("/feed"), 1), (f"https://{secure.host}:1/feed", 0)):
        make_feed(url, last_success=NOW, icon_url=secure.url("/i.png"), options=own.as_json())
        assert find_icons(clock=lambda: NOW) == found


@pytest.mark.django_db(transaction=True)
def test_an_icon_is_not_looked_for_while_the_login_of_its_feed_is_lost(secure: FeedServer) -> None:
    with override_settings(SECRET_KEY="another"):
        sealed = Secrets("user:password").sealed()
    feed = make_feed(secure.url("/feed"), last_success=NOW, credentials=sealed)
    assert find_icons(clock=lambda: NOW) == 0
    feed.refresh_from_db()
    assert feed.icon_checked == NOW
