"""Icons are looked for at their usual places, stored if they are harmless pictures, and requested seldom."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager, nullcontext
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from django.test import override_settings

from factories import NOW, make_feed
from feedserver import FeedServer, Response
from feedserver.django import FeedServerTransactionTestCase
from lifestream.content.image_types import image_type
from lifestream.fetcher.address_guard import AddressGuard
from lifestream.fetcher.fetch import FetchLimits
from lifestream.fetcher.outcomes import Failed, FailureKind, Fetched, FetchRequest, Outcome
from lifestream.fetcher.shortage import Shortage, ShortOf
from lifestream.models import Feed, Host
from lifestream.refresh import icon_finder
from lifestream.refresh.icon_finder import find_icons
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


class _Site(FeedServerTransactionTestCase):
    """A site with a feed."""

    feed_root = Path(__file__).parents[1] / "feeds"

    def feed(self, **fields: object) -> Feed:
        return make_feed(self.get_url("feed.xml"), last_success=NOW, site_url=self.get_url("/"), **fields)

    def icon(self, feed: Feed) -> bytes:
        feed.refresh_from_db()
        return bytes(feed.icon)

    def page(self, head: str = "") -> None:
        self.feedserver.add("/", Response(f"<!doctype html>{head}", headers={"Content-Type": "text/html"}))


@pytest.mark.usefixtures("shared_parsers")
class IconTest(_Site):
    def test_the_picture_that_the_page_names_is_stored(self) -> None:
        self.page('<link rel="icon" href="/a.svg" type="image/svg+xml"><link rel="icon" href="/a.png">')
        self.feedserver.add("/a.png", Response(PNG))
        feed = self.feed()
        assert find_icons(clock=lambda: NOW) == 1
        assert self.icon(feed) == PNG
        self.feedserver.assert_not_requested("/a.svg")

    def test_the_picture_that_the_feed_names_comes_first(self) -> None:
        self.page('<link rel="icon" href="/a.png">')
        self.feedserver.add("/a.png", Response(PNG))
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
        assert [request.path for request in self.feedserver.requests] == ["/", "/liar.png", "/favicon.ico"]

    def test_a_site_without_an_icon_is_requested_again_only_after_30_days(self) -> None:
        self.page()
        self.feedserver.add("/favicon.ico", Response(status=404))
        feed = self.feed()
        assert find_icons(clock=lambda: NOW) == 0
        asked = len(self.feedserver.requests)
        assert find_icons(clock=lambda: NOW + timedelta(days=30) - timedelta(seconds=1)) == 0
        assert len(self.feedserver.requests) == asked
        assert find_icons(clock=lambda: NOW + timedelta(days=30)) == 0
        assert len(self.feedserver.requests) == 2 * asked
        assert self.icon(feed) == b""

    @pytest.mark.slow
    def test_a_slow_site_is_given_up_and_counts_as_one_without_an_icon(self) -> None:
        self.feedserver.add("/", Response("<p>Late</p>", delay=30.0))
        feed = self.feed()
        with (
            mock.patch("lifestream.refresh.icon_finder.OF_A_SITE", 0.5),
            self.assertLogs("lifestream.refresh.icon_finder", "INFO") as logged,
        ):
            assert find_icons(clock=lambda: NOW) == 0
        assert find_icons(clock=lambda: NOW) == 0
        assert [request.path for request in self.feedserver.requests] == ["/"]
        assert logged.output == [
            f"INFO:lifestream.refresh.icon_finder:the site of {feed.url} is too slow to look for its icon"
        ]

    @pytest.mark.slow
    def test_the_time_of_a_site_is_for_all_its_requests_together(self) -> None:
        head = '<link rel="icon" href="/a.png">'
        html = Response(f"<!doctype html>{head}", headers={"Content-Type": "text/html"}, delay=0.3)
        self.feedserver.add("/", html)
        self.feedserver.add("/a.png", Response(PNG, delay=0.3))
        feed = self.feed()
        with mock.patch("lifestream.refresh.icon_finder.OF_A_SITE", 0.55):  # a slow machine uses up more of it
            assert find_icons(clock=lambda: NOW) == 0
        assert self.icon(feed) == b""

    def test_a_picture_of_more_than_256_kib_is_not_stored(self) -> None:
        largest = PNG.ljust(256 * 1024, b"\0")
        self.page('<link rel="icon" href="/larger.png"><link rel="icon" href="/largest.png">')
        self.feedserver.add("/larger.png", Response(largest + b"\0"))
        self.feedserver.add("/largest.png", Response(largest))
        feed = self.feed()
        assert find_icons(clock=lambda: NOW) == 1
        assert self.icon(feed) == largest

    def test_no_more_than_four_pictures_of_a_site_are_requested(self) -> None:
        self.page("".join(f'<link rel="icon" href="/{n}.png">' for n in range(6)))
        for n in range(6):
            self.feedserver.add(f"/{n}.png", Response(SVG))
        self.feed()
        assert find_icons(clock=lambda: NOW) == 0
        assert [request.path for request in self.feedserver.requests] == ["/", *(f"/{n}.png" for n in range(4))]

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


class PageProcessTest(_Site):
    @pytest.mark.slow
    def test_pages_are_read_in_one_process_which_is_started_when_a_page_arrives(self) -> None:
        self.page('<link rel="icon" href="/a.png">')
        self.feedserver.add("/a.png", Response(PNG))
        for number in range(3):
            make_feed(self.get_url(f"{number}.xml"), last_success=NOW, site_url=self.get_url("/"))
        with_icon = make_feed("http://127.0.0.1:1/feed", last_success=NOW, icon_url=self.get_url("a.png"))
        with watched_processes() as started:
            assert find_icons([with_icon.pk], clock=lambda: NOW) == 1
            assert started == [], "no page has come"
            assert find_icons(clock=lambda: NOW) == 3
        assert len(started) == 1
        assert all(process.poll() is not None for process in started)

    @pytest.mark.slow
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


class FakeNetwork:
    """A fetcher whose requests all fail with *kind*, except those for the URLs in *answers*.

    It knows the *limits* that it was made with, how many requests are *running*, and the *most* that ever were.
    """

    def __init__(self, kind: FailureKind = "dns", answers: dict[str, bytes] | None = None) -> None:
        self.kind = kind
        self.answers = answers or {}
        self.limits: FetchLimits | None = None
        self.running = self.most = 0

    def fetcher(self, _guard: AddressGuard, limits: FetchLimits) -> AbstractAsyncContextManager[FakeNetwork]:
        self.limits = limits
        return nullcontext(self)

    async def fetch(self, request: FetchRequest) -> Outcome:
        self.running += 1
        self.most = max(self.most, self.running)
        for _ in range(50):
            await asyncio.sleep(0)
        self.running -= 1
        if request.url in self.answers:
            return Fetched(request.url, self.answers[request.url])
        return Failed(self.kind, f"{request.url} can't be requested")


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch) -> FakeNetwork:
    """Return what is requested instead of servers."""
    network = FakeNetwork()
    monkeypatch.setattr(icon_finder, "make_fetcher", network.fetcher)
    return network


def feeds_without_icon(count: int, **fields: object) -> list[Feed]:
    """Return *count* new feeds, each of a site of its own."""
    known = Feed.objects.count()
    names = [f"https://site-{known + n}.example/" for n in range(count)]
    return [make_feed(f"{name}feed", last_success=NOW, site_url=name, **fields) for name in names]


def looked_for() -> list[int]:
    """Return the keys of the feeds whose icons were looked for now."""
    return list(Feed.objects.filter(icon_checked=NOW).order_by("pk").values_list("pk", flat=True))


@pytest.mark.django_db(transaction=True)
def test_icons_of_20_feeds_are_looked_for_8_at_a_time_and_each_request_may_take_10_seconds(
    network: FakeNetwork,
) -> None:
    feeds = feeds_without_icon(21)
    assert find_icons(clock=lambda: NOW) == 0
    assert looked_for() == [feed.pk for feed in feeds[:20]]
    assert (network.most, network.running) == (8, 0)
    assert network.limits == FetchLimits(timeout=10.0, max_body=256 * 1024)


@pytest.mark.django_db(transaction=True)
def test_feeds_whose_icons_were_never_looked_for_come_first_and_both_kinds_share_the_limit(
    network: FakeNetwork,
) -> None:
    old = feeds_without_icon(3, icon_checked=NOW - timedelta(days=31))
    new = feeds_without_icon(2)
    assert find_icons(limit=3, clock=lambda: NOW) == 0
    assert looked_for() == [feed.pk for feed in (old[0], *new)]
    assert not network.running


@pytest.mark.django_db(transaction=True)
def test_no_icon_is_looked_for_while_the_host_of_its_feed_has_asked_for_a_pause(network: FakeNetwork) -> None:
    paused, other = feeds_without_icon(2)
    Host.objects.filter(pk=paused.host_id).update(not_before=NOW + timedelta(hours=1))
    Host.objects.filter(pk=other.host_id).update(not_before=NOW)
    find_icons(clock=lambda: NOW)
    assert looked_for() == [other.pk]
    find_icons(clock=lambda: NOW + timedelta(hours=1))
    assert Feed.objects.get(pk=paused.pk).icon_checked == NOW + timedelta(hours=1)
    assert not network.running


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("shared_parsers")
def test_a_site_that_is_not_requested_because_of_a_shortage_is_requested_the_next_time(
    network: FakeNetwork, caplog: pytest.LogCaptureFixture
) -> None:
    network.kind = "shortage"
    short, lucky = feeds_without_icon(2)
    network.answers = {f"{lucky.site_url}": b"<html>", f"{lucky.site_url}favicon.ico": PNG}
    assert find_icons(clock=lambda: NOW) == 1
    assert looked_for() == [lucky.pk]
    assert caplog.messages == [f"the icon of {short.url} will be looked for later: {short.site_url} can't be requested"]
    network.kind = "dns"
    assert find_icons(clock=lambda: NOW) == 0
    assert looked_for() == [short.pk, lucky.pk]


@pytest.mark.django_db(transaction=True)
def test_no_icon_is_looked_for_while_the_machine_is_short_of_files(
    network: FakeNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_files() -> None:
        raise ShortOf(Shortage.FILES)

    monkeypatch.setattr(icon_finder, "require_files", no_files)
    feeds_without_icon(1)
    with pytest.raises(ShortOf) as caught:
        find_icons(clock=lambda: NOW)
    assert caught.value.shortage is Shortage.FILES
    assert (looked_for(), network.limits) == ([], None)


@pytest.mark.django_db(transaction=True)
def test_an_error_that_is_no_shortage_is_raised(network: FakeNetwork, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(request: FetchRequest) -> Outcome:
        raise LookupError(request.url)

    monkeypatch.setattr(network, "fetch", broken)
    [feed] = feeds_without_icon(1)
    with pytest.raises(LookupError, match=feed.site_url):
        find_icons(clock=lambda: NOW)
    assert looked_for() == []


@pytest.mark.django_db(transaction=True)
def test_the_login_of_a_feed_is_not_in_the_representation_of_its_site(
    network: FakeNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[str] = []

    async def icon_of(_fetcher: object, _pool: object, site: object) -> bytes:
        written.append(repr(site))
        return b""

    monkeypatch.setattr(icon_finder, "_icon_of", icon_of)
    [feed] = feeds_without_icon(1, credentials=Secrets("user:password").sealed())
    assert find_icons(clock=lambda: NOW) == 0
    [text] = written
    assert feed.url in text
    assert feed.credentials not in text and "password" not in text


@pytest.fixture(scope="module")
def secure() -> Iterator[FeedServer]:
    """Yield a site with a certificate of a private authority."""
    with FeedServer(tls=True, strict=False, names=["feeds.example"]) as running:
        running.add("/", Response("<link rel=icon href=/i.png>", headers={"Content-Type": "text/html"}))
        running.add("/i.png", Response(PNG))
        yield running


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("shared_parsers")
def test_an_icon_is_fetched_through_the_proxy_and_with_the_certificates_of_its_feed(secure: FeedServer) -> None:
    authority = Path(secure.ca_bundle).read_text()
    with relay((secure.host, secure.port)) as proxy:
        own = FeedOptions(proxy=f"http://{proxy.address}", certificates=authority)
        feed = make_feed("https://feeds.example/feed", last_success=NOW, options=own.as_json())
        assert find_icons(clock=lambda: NOW, guard=AddressGuard()) == 1
        feed.refresh_from_db()
        assert bytes(feed.icon) == PNG
        assert set(proxy.asked) == {"connect feeds.example:443"}


@pytest.mark.slow
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
    own = FeedOptions(certificates=Path(secure.ca_bundle).read_text())
    found = {"last_success": NOW, "icon_url": secure.url("/i.png"), "options": own.as_json()}
    feed = make_feed(secure.url("/feed"), credentials=sealed, **found)
    before = len(secure.requests)
    assert find_icons(clock=lambda: NOW) == 0
    assert len(secure.requests) == before
    feed.refresh_from_db()
    assert feed.icon_checked == NOW


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("options", [{"proxy": 5}, ["x"]])
def test_an_icon_is_not_looked_for_while_the_options_of_its_feed_are_damaged(
    network: FakeNetwork, options: Any
) -> None:
    [feed] = feeds_without_icon(1, options=options)
    assert find_icons(clock=lambda: NOW) == 0
    assert network.most == 0, "nothing is requested"
    assert looked_for() == [feed.pk]
