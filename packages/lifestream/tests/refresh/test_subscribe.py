"""Adding a feed: what is found at an address, what is stored, and what is refused."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from unittest import mock

import pytest
from django.db import OperationalError

from factories import make_feed, make_item, make_lifestream, make_subscription
from feedserver import Response, gone, moved
from feedserver.django import FeedServerTestCase
from lifestream.conf import settings
from lifestream.fetcher.address_guard import AddressGuard
from lifestream.fetcher.request_options import RequestOptions
from lifestream.fetcher.shortage import Shortage
from lifestream.models import Feed, Fetch, Item, Lifestream, Post
from lifestream.refresh.scout import Scout
from lifestream.refresh.subscribe import Added, Found, NotAdded, Reading, add_feed, completed, find_feed, find_feeds
from lifestream.scheduler import leases
from lifestream.scheduler.jobs import Stored, Writing
from lifestream.storage import credentials, writer
from lifestream.storage.feed_options import RequestsBeside
from served import START, Clock, feed, page, rss, slow_page

LINK = '<link rel="alternate" type="application/rss+xml" href="{}">'
REFRESH = '<meta http-equiv="refresh" content="0; url={}">'


class SubscribeTestCase(FeedServerTestCase):
    lifestream: Lifestream

    def setUp(self) -> None:
        super().setUp()
        self.clock = Clock()
        self.lifestream = make_lifestream("main")

    def find(self, url: str) -> Found:
        return find_feed(url, clock=self.clock)

    def add(self, url: str, **fields: str) -> Added:
        return add_feed(self.find(url), self.lifestream, clock=self.clock, **fields)

    def refusal(self, url: str, **fields: str) -> NotAdded:
        with pytest.raises(NotAdded) as refused:
            self.add(url, **fields)
        assert not Feed.objects.filter(url=url).exists()
        return refused.value


@pytest.mark.usefixtures("shared_parsers")
class AFeed(SubscribeTestCase):
    def test_a_feed_is_added_and_imported_with_one_get(self) -> None:
        self.feedserver.add("/feed", feed(("one", "two"), ETag='"v1"', Cache_Control="max-age=7200"))
        added = self.add(self.get_url("/feed"))
        made = added.subscription.feed
        assert len(self.feedserver.requests) == 1
        assert (made.url, made.title, made.site_url, made.domain) == (
            self.get_url("/feed"),
            "A feed",
            "http://example.org/",
            "example.org",
        )
        assert (made.etag, made.next_reason, made.claim_token) == ('"v1"', "max-age of the last answer: 2 hours", "")
        assert made.last_fetch == START
        assert made.body_hash == hashlib.sha256(rss("one", "two").encode()).hexdigest()
        assert added.is_new
        assert added.stored is not None
        assert added.stored.new == 2
        assert Post.objects.filter(lifestream=self.lifestream).count() == 2
        assert list(Fetch.objects.values_list("outcome", "new")) == [("new", 2)]

    def test_feeds_that_are_added_together_are_not_due_together(self) -> None:
        self.feedserver.add("/a", feed())
        self.feedserver.add("/b", feed())
        with self.settings(LIFESTREAM_JITTER=0.1):
            a, b = (self.add(self.get_url(path)).subscription.feed for path in ("/a", "/b"))
        assert (a.next_reason, a.last_fetch) == (b.next_reason, b.last_fetch)
        assert a.next_fetch != b.next_fetch

    def test_a_found_feed_is_returned_before_it_is_added(self) -> None:
        self.feedserver.add("/feed", feed())
        found = self.find(self.get_url("/feed"))
        assert isinstance(found.source, Reading)
        assert (found.title, found.page, len(found.source.prepared.items)) == ("A feed", "", 2)
        assert not Feed.objects.exists()

    def test_a_name_and_a_folder_belong_to_the_subscription(self) -> None:
        self.feedserver.add("/feed", feed())
        subscription = self.add(self.get_url("/feed"), name="Mine", folder="News").subscription
        assert (subscription.display_name, subscription.folder, subscription.feed.title) == ("Mine", "News", "A feed")

    def test_its_items_are_posted_as_the_rules_of_the_subscription_allow(self) -> None:
        self.feedserver.add("/feed", feed(("kites", "kites and ads", "boats")))
        subscription = self.add(self.get_url("/feed"), keep_rules="kites", block_rules="ads").subscription
        assert [post.item.title for post in subscription.posts.all()] == ["kites"]

    def test_a_feed_that_others_have_is_not_fetched_and_its_items_are_shown(self) -> None:
        theirs = make_feed(self.get_url("/feed"), title="Theirs")
        make_subscription(theirs)
        make_item(theirs, "old")
        added = self.add(self.get_url("/feed"))
        assert (added.is_new, added.stored, added.subscription.feed) == (True, None, theirs)
        assert Post.objects.filter(lifestream=self.lifestream).count() == 1
        assert self.feedserver.requests == []

    def test_a_feed_that_the_lifestream_already_has_is_not_new(self) -> None:
        self.feedserver.add("/feed", feed())
        self.add(self.get_url("/feed"))
        added = self.add(self.get_url("/feed"))
        assert not added.is_new
        assert Feed.objects.count() == 1

    def test_a_feed_that_somebody_else_adds_at_the_same_time_is_made_once(self) -> None:
        self.feedserver.add("/feed", feed())
        found = self.find(self.get_url("/feed"))
        theirs = make_feed(self.get_url("/feed"))
        added = add_feed(found, self.lifestream, clock=self.clock)
        assert (added.subscription.feed, added.stored) == (theirs, None)

    def test_a_redirect_is_followed_and_the_url_that_was_given_is_kept(self) -> None:
        self.feedserver.add("/old", moved("/new"))
        self.feedserver.add("/new", feed())
        made = self.add(self.get_url("/old")).subscription.feed
        assert (made.url, made.moved_to) == (self.get_url("/old"), self.get_url("/new"))

    def test_a_fragment_and_upper_case_in_the_host_make_no_other_feed(self) -> None:
        self.feedserver.add("/feed", feed())
        first = self.add(self.get_url("/feed"))
        second = self.add(self.get_url("/feed").replace("http:", "HTTP:") + "#top")
        assert first.subscription == second.subscription

    def test_feed_as_a_scheme_is_understood(self) -> None:
        self.feedserver.add("/feed", feed())
        assert self.find("feed:" + self.get_url("/feed")).url == self.get_url("/feed")

    def test_no_scheme_means_https(self) -> None:
        with pytest.raises(NotAdded, match=r"^https://127\.0\.0\.1:1/feed can't be fetched: no connection"):
            self.find("127.0.0.1:1/feed")

    def test_without_an_answer_over_https_a_bare_address_means_http(self) -> None:
        self.feedserver.allow("the client speaks TLS")
        self.feedserver.add("/feed", feed())
        bare = self.get_url("/feed").removeprefix("http://")
        for written in (bare, f"feed://{bare}", f"feed:{bare}"):
            assert self.find(written).url == self.get_url("/feed")
        with pytest.raises(NotAdded, match=r"^https://"):
            self.find(f"https://{bare}")

    def test_a_feed_that_others_have_by_http_is_found_without_its_scheme(self) -> None:
        self.feedserver.allow("the client speaks TLS")
        known = make_feed(self.get_url("/feed"))
        found = self.find(self.get_url("/feed").removeprefix("http://"))
        assert (found.url, found.source) == (known.url, known)
        assert self.feedserver.requests == []

    def test_only_the_scheme_becomes_http_if_nothing_answers_over_https(self) -> None:
        self.feedserver.allow("the client speaks TLS")
        self.feedserver.add("/feed", feed())
        url = self.get_url("/feed?of=https:a")
        assert self.find(url.removeprefix("http://")).url == url

    def test_a_password_without_a_scheme_is_never_sent_over_http(self) -> None:
        self.feedserver.allow("the client speaks TLS")
        self.feedserver.add("/feed", feed())
        with pytest.raises(NotAdded, match=r"^https://127\.0\.0\.1:\d+/feed can't be fetched: "):
            self.find(self.get_url("/feed").replace("http://", "ada:secret@"))
        assert self.feedserver.requests == []

    def test_the_scheme_that_answers_is_used_whatever_the_answer_is(self) -> None:
        self.feedserver.allow("the client speaks TLS")
        self.feedserver.add("/none", Response(status=404))
        with pytest.raises(NotAdded, match=r"^http://127\.0\.0\.1:\d+/none can't be fetched: the server answered 404"):
            self.find(self.get_url("/none").removeprefix("http://"))


@pytest.mark.parametrize(
    ("written", "url"),
    [
        (" a.example/feed\n", "https://a.example/feed"),
        ("a.example:8080", "https://a.example:8080"),
        ("http://a.example/", "http://a.example/"),
        ("feed:a.example", "https://a.example"),
        ("FEED://a.example", "https://a.example"),
        ("feed:http://a.example/feed:b", "feed:http://a.example/feed:b"),
        ("a.example/feed:b?feed:c", "https://a.example/feed:b?feed:c"),
        ("newsfeed:8080/rss", "https://newsfeed:8080/rss"),
        ("a.example/?of=http://b.example/", "https://a.example/?of=http://b.example/"),
        ("a.example/http://b.example/", "https://a.example/http://b.example/"),
        ("feed:", ""),
        (" ", ""),
    ],
)
def test_an_address_gets_a_scheme_if_it_has_none(written: str, url: str) -> None:
    assert completed(written) == url


@pytest.mark.usefixtures("shared_parsers")
class SeveralAddresses(SubscribeTestCase):
    def test_each_has_a_result_and_a_failure_stops_no_other(self) -> None:
        self.feedserver.add("/none", Response(status=404))
        self.feedserver.add("/feed", feed())
        none, known, new = map(self.get_url, ("/none", "/known", "/feed"))
        row = make_feed(known)
        [failed, stored, read] = find_feeds([none, known, new], clock=self.clock)
        assert isinstance(failed[1], NotAdded)
        assert (failed[0], str(failed[1])) == (none, f"{none} can't be fetched: the server answered 404 Not Found")
        assert stored == (known, Found(known, row))
        assert isinstance(read[1], Found) and isinstance(read[1].source, Reading)
        assert (read[0], read[1].title, read[1].source.started) == (new, "A feed", START)

    def test_one_that_belongs_to_a_feed_is_requested_with_the_options_of_that_feed(self) -> None:
        self.feedserver.add("/a", feed())
        self.feedserver.add("/b", feed())
        beside = RequestsBeside(self.get_url("/"), options=RequestOptions(user_agent="Mine/1"))
        urls = [self.get_url("/a"), self.get_url("/b")]
        assert len(list(find_feeds(urls, clock=self.clock, beside={urls[0]: beside}))) == 2
        mine, usual = (asked.headers["User-Agent"] for asked in self.feedserver.requests)
        assert mine == "Mine/1" != usual

    def test_each_has_its_own_time_to_be_searched(self) -> None:
        urls = [self.get_url("/a"), self.get_url("/b")]
        for path in ("/a", "/b"):
            self.feedserver.add(path, feed())
        with mock.patch("lifestream.refresh.scout.PATIENCE", 0.0):
            assert [isinstance(found, Found) for _, found in find_feeds(urls, clock=self.clock)] == [True, True]

    def test_the_guard_that_is_given_is_used(self) -> None:
        [(_, refused)] = find_feeds([self.get_url("/feed")], clock=self.clock, guard=AddressGuard())
        assert "127.0.0.1 is a loopback address" in str(refused)
        assert self.feedserver.requests == []


UNSTORED = Stored(0, "", writing=Writing.UNWRITTEN, message="the disk is full")


@pytest.mark.usefixtures("shared_parsers")
class ADatabaseThatFails(SubscribeTestCase):
    def test_while_a_feed_is_looked_for_is_no_shortage_of_the_request(self) -> None:
        failure = OperationalError("no connection")
        failure.__cause__ = MemoryError()
        with mock.patch.object(Scout, "ask", side_effect=failure), pytest.raises(OperationalError):
            self.find(self.get_url("/feed"))

    def test_a_shortage_of_memory_is_the_reason_of_a_refusal(self) -> None:
        url = self.get_url("/feed")
        with mock.patch.object(Scout, "ask", side_effect=MemoryError), pytest.raises(NotAdded) as refused:
            self.find(url)
        assert refused.value.reason == f"{url} can't be fetched: {Shortage.MEMORY.value}"
        with mock.patch.object(Scout, "ask", side_effect=ZeroDivisionError), pytest.raises(ZeroDivisionError):
            self.find(url)

    def test_while_a_feed_is_stored_leaves_it_due_at_once(self) -> None:
        self.feedserver.add("/feed", feed())
        found = self.find(self.get_url("/feed"))
        with mock.patch.object(writer, "store", return_value=[UNSTORED]):
            added = add_feed(found, self.lifestream, clock=self.clock)
        made = added.subscription.feed
        assert (added.is_new, added.trouble) == (True, "the disk is full")
        assert (made.url, made.title, made.next_fetch) == (found.url, "A feed", START)
        assert (made.claim_token, made.claimed_until) == ("", None)

    def test_entirely_leaves_the_feed_due_when_its_lease_ends(self) -> None:
        self.feedserver.add("/feed", feed())
        found = self.find(self.get_url("/feed"))
        with (
            mock.patch.object(writer, "store", return_value=[UNSTORED]),
            mock.patch.object(leases, "release", side_effect=OperationalError),
        ):
            made = add_feed(found, self.lifestream, clock=self.clock).subscription.feed
        assert (len(made.claim_token), made.claimed_until) == (32, START + timedelta(seconds=settings.lease))

    def test_without_a_failure_there_is_no_trouble(self) -> None:
        self.feedserver.add("/feed", feed())
        assert (self.add(self.get_url("/feed")).trouble, self.add(self.get_url("/feed")).trouble) == ("", "")


@pytest.mark.usefixtures("shared_parsers")
class Credentials(SubscribeTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.feedserver.add("/feed", Response(rss("secret"), auth="Basic ada:pass word"))
        self.url = self.get_url("/feed").replace("://", "://ada:pass%20word@")

    def test_a_url_with_credentials_is_a_private_feed_that_stores_them_encrypted(self) -> None:
        shared = make_feed(self.get_url("/feed"))
        made = self.add(self.url).subscription.feed
        assert made != shared
        assert made.url == self.get_url("/feed")
        assert made.is_private
        assert "pass" not in made.credentials
        assert credentials.unseal(made.credentials) == "ada:pass word"
        assert Item.objects.filter(feed=made).count() == 1

    def test_a_url_that_is_added_again_is_known_and_another_user_has_another_feed(self) -> None:
        self.feedserver.add("/feed", Response(rss("secret")))
        first = self.add(self.url)
        again = self.add(self.url)
        assert (again.is_new, again.subscription) == (False, first.subscription)
        assert Post.objects.filter(lifestream=self.lifestream).count() == 1
        other = self.add(self.url.replace("ada", "bob"))
        assert other.is_new
        assert other.subscription.feed != first.subscription.feed

    def test_a_feed_that_is_added_again_gets_the_new_password(self) -> None:
        self.feedserver.add("/feed", Response(rss("secret")))
        row = self.add(self.url).subscription.feed
        self.add(self.url.replace("pass%20word", "new"))
        row.refresh_from_db()
        assert credentials.unseal(row.credentials) == "ada:new"
        with self.settings(SECRET_KEY="another key, and the old one is lost", SECRET_KEY_FALLBACKS=[]):
            assert not self.add(self.url).is_new
            row.refresh_from_db()
            assert credentials.unseal(row.credentials) == "ada:pass word"
        assert Feed.objects.count() == 1

    def test_a_new_password_overwrites_nothing_that_an_update_stores_at_the_same_time(self) -> None:
        self.feedserver.add("/feed", Response(rss("secret")))
        row = self.add(self.url).subscription.feed
        seal = credentials.seal

        def seal_after_an_update(login: str) -> str:
            Feed.objects.update(title="Updated")
            return seal(login)

        with mock.patch.object(credentials, "seal", seal_after_an_update):
            self.add(self.url.replace("pass%20word", "new"))
        row.refresh_from_db()
        assert (row.title, credentials.unseal(row.credentials)) == ("Updated", "ada:new")

    def test_a_password_without_a_user_is_not_stored_in_a_feed_that_has_none(self) -> None:
        self.feedserver.add("/feed", Response(rss("secret")))
        shared = self.add(self.get_url("/feed")).subscription.feed
        made = self.add(self.get_url("/feed").replace("://", "://:secret@")).subscription.feed
        shared.refresh_from_db()
        assert (shared.credentials, made == shared) == ("", False)
        assert credentials.unseal(made.credentials) == ":secret"

    def test_a_private_feed_is_not_shared_with_another_lifestream(self) -> None:
        theirs = add_feed(self.find(self.url), make_lifestream("theirs"), clock=self.clock)
        ours = self.add(self.url)
        assert ours.is_new
        assert ours.subscription.feed != theirs.subscription.feed

    def test_credentials_are_in_no_message(self) -> None:
        self.feedserver.add("/missing", Response(status=404))
        refused = self.refusal(self.url.replace("/feed", "/missing"))
        assert str(refused) == f"{self.get_url('/missing')} can't be fetched: the server answered 404 Not Found"

    def test_credentials_are_sent_only_to_feeds_on_the_server_of_the_page(self) -> None:
        self.feedserver.add("/", page(LINK.format("/feed")))
        found = self.find(self.url.removesuffix("feed"))
        assert (found.url, found.credentials) == (self.get_url("/feed"), "ada:pass word")
        assert "pass word" not in repr(found)
        with self.make_feedserver() as other:
            other.add("/feed", feed())
            self.feedserver.add("/elsewhere", page(LINK.format(other.url("/feed"))))
            self.feedserver.add("/moved", page(REFRESH.format(other.url("/feed"))))
            for path in ("/elsewhere", "/moved"):
                found = self.find(self.url.replace("/feed", path))
                assert (found.url, found.credentials) == (other.url("/feed"), "")
            assert not any("Authorization" in asked.headers for asked in other.requests)

    def test_credentials_are_sent_to_the_page_that_a_page_of_the_same_server_refreshes_to(self) -> None:
        self.feedserver.add("/", page(REFRESH.format("/next")))
        self.feedserver.add("/next", Response(rss("secret"), auth="Basic ada:pass word"))
        found = self.find(self.url.removesuffix("feed"))
        assert (found.url, found.title, found.credentials) == (self.get_url("/next"), "A feed", "ada:pass word")


@pytest.mark.usefixtures("shared_parsers")
class AWebPage(SubscribeTestCase):
    def test_its_feed_is_found(self) -> None:
        self.feedserver.add("/blog", page(LINK.format("/feed")))
        self.feedserver.add("/feed", feed())
        found = self.find(self.get_url("/blog"))
        assert (found.url, found.page, found.title) == (self.get_url("/feed"), self.get_url("/blog"), "A feed")
        assert len(self.feedserver.requests) == 2

    def test_its_feed_is_not_fetched_if_it_is_stored_already(self) -> None:
        self.feedserver.add("/blog", page(LINK.format("/feed")))
        known = make_feed(self.get_url("/feed"))
        found = self.find(self.get_url("/blog"))
        assert (found.source, found.page) == (known, self.get_url("/blog"))

    def test_the_next_feed_that_it_names_is_tried_if_the_first_is_no_feed(self) -> None:
        self.feedserver.add("/blog", page(LINK.format("/dead") + LINK.format("/feed")))
        self.feedserver.add("/dead", Response(status=404))
        self.feedserver.add("/feed", feed())
        assert self.find(self.get_url("/blog")).url == self.get_url("/feed")

    def test_six_of_the_feeds_that_it_names_are_tried_and_no_seventh(self) -> None:
        self.feedserver.add("/blog", page("".join(LINK.format(f"/{number}") for number in range(1, 9))))
        for number in range(1, 9):
            self.feedserver.add(f"/{number}", Response(status=404))
        with pytest.raises(NotAdded):
            self.find(self.get_url("/blog"))
        assert [asked.target for asked in self.feedserver.requests] == ["/blog", *(f"/{n}" for n in range(1, 7))]
        self.feedserver.add("/6", feed())
        assert self.find(self.get_url("/blog")).url == self.get_url("/6")

    def test_if_it_names_no_feed_a_few_usual_places_are_tried(self) -> None:
        self.feedserver.add("/", page("<p>A blog from 2003</p>"))
        found = None
        for path in ("/feed", "/rss", "/feed.xml"):
            self.feedserver.add(path, Response(status=404))
        self.feedserver.add("/rss.xml", feed())
        found = self.find(self.get_url("/"))
        assert found.url == self.get_url("/rss.xml")
        assert len(self.feedserver.requests) <= 7

    def test_the_root_is_tried_from_a_page_deep_below_it(self) -> None:
        self.feedserver.add("/2026/11/a-post", page("<p>A post</p>"))
        for deep in ("feed", "rss.xml", "atom.xml", "feed.xml", "index.xml", "feed.json", "rss"):
            self.feedserver.add(f"/2026/11/a-post/{deep}", Response(status=404))
        for shallow in ("feed", "rss.xml", "atom.xml", "feed.xml", "index.xml", "feed.json"):
            self.feedserver.add(f"/{shallow}", Response(status=404))
        self.feedserver.add("/rss", feed())
        assert self.find(self.get_url("/2026/11/a-post")).url == self.get_url("/rss")

    def test_a_page_that_cannot_be_fetched_has_its_feed_where_sites_of_its_kind_have_it(self) -> None:
        self.feedserver.add("/@ada", Response(status=404))
        self.feedserver.add("/@ada.rss", feed())
        found = self.find(self.get_url("/@ada"))
        assert (found.url, found.page) == (self.get_url("/@ada.rss"), self.get_url("/@ada"))

    def test_no_other_place_is_tried_at_a_server_that_asks_for_a_pause(self) -> None:
        self.feedserver.add("/", page("<p>A blog</p>"))
        self.feedserver.add("/feed", Response(status=429, headers={"Retry-After": "3600"}))
        with pytest.raises(NotAdded):
            self.find(self.get_url("/"))
        assert [asked.path for asked in self.feedserver.requests] == ["/", "/feed"]

    def test_a_place_at_another_server_is_tried_while_one_asks_for_a_pause(self) -> None:
        self.feedserver.add("/a", Response(status=429))
        with self.make_feedserver() as other:
            other.add("/feed", feed())
            places = ("/a", "/b", other.url("/feed"))
            self.feedserver.add("/", page("".join(LINK.format(place) for place in places)))
            assert self.find(self.get_url("/")).url == other.url("/feed")
        assert [asked.path for asked in self.feedserver.requests] == ["/", "/a"]

    def test_a_feed_that_it_links_to_comes_before_the_usual_places(self) -> None:
        self.feedserver.add("/", page('<p><a href="/news.rss">RSS</a> <a href="/about">About</a>'))
        self.feedserver.add("/news.rss", feed())
        assert self.find(self.get_url("/")).url == self.get_url("/news.rss")
        assert [asked.path for asked in self.feedserver.requests] == ["/", "/news.rss"]

    def test_six_of_the_feeds_that_it_links_to_are_tried_and_no_seventh(self) -> None:
        self.feedserver.add("/", page("".join(f'<a href="/{number}.rss">RSS</a>' for number in range(1, 9))))
        for number in range(1, 9):
            self.feedserver.add(f"/{number}.rss", Response(status=404))
        self.feedserver.add("/feed", feed())
        assert self.find(self.get_url("/")).url == self.get_url("/feed")
        assert [asked.path for asked in self.feedserver.requests] == ["/", *(f"/{n}.rss" for n in range(1, 7)), "/feed"]

    def test_the_link_header_may_name_its_feed(self) -> None:
        link = '</hidden>; rel="alternate"; type="application/atom+xml"'
        headers = {"Link": link, "Content-Type": "text/html"}
        self.feedserver.add("/blog", Response("<p>Nothing here", headers=headers))
        self.feedserver.add("/hidden", feed())
        assert self.find(self.get_url("/blog")).url == self.get_url("/hidden")

    def test_a_page_that_refreshes_to_another_one_is_followed(self) -> None:
        self.feedserver.add("/", page('<meta http-equiv="refresh" content="0; url=/blog/">'))
        self.feedserver.add("/blog/", page(LINK.format("feed:" + self.get_url("/feed"))))
        self.feedserver.add("/feed", feed())
        found = self.find(self.get_url("/"))
        assert (found.url, found.page) == (self.get_url("/feed"), self.get_url("/blog/"))
        self.feedserver.add("/direct", page('<meta http-equiv="refresh" content="0; url=/feed">'))
        asked = len(self.feedserver.requests)
        assert self.find(self.get_url("/direct")).url == self.get_url("/feed")
        assert len(self.feedserver.requests) == asked + 2

    def test_three_refreshes_are_followed_and_no_fourth(self) -> None:
        self.feedserver.allow("nothing answers")
        for number in range(6):
            self.feedserver.add(f"/{number}", page(REFRESH.format(f"/{number + 1}")))
        self.refusal(self.get_url("/0"))
        assert [asked.path for asked in self.feedserver.requests][:5] == ["/0", "/1", "/2", "/3", "/3/feed"]

    def test_a_page_that_refreshes_to_itself_is_requested_once(self) -> None:
        self.feedserver.allow("nothing answers")
        self.feedserver.add("/round", page(REFRESH.format("/round")))
        self.refusal(self.get_url("/round"))
        assert [asked.path for asked in self.feedserver.requests][:2] == ["/round", "/round/feed"]

    def test_a_page_that_names_a_feed_is_not_left_for_another_page(self) -> None:
        self.feedserver.add("/", page(REFRESH.format("/next") + LINK.format("/feed")))
        self.feedserver.add("/feed", feed())
        assert self.find(self.get_url("/")).url == self.get_url("/feed")
        assert [asked.path for asked in self.feedserver.requests] == ["/", "/feed"]

    def test_a_page_that_refreshes_to_nothing_is_searched_itself(self) -> None:
        self.feedserver.add("/", page(REFRESH.format("/gone")))
        self.feedserver.add("/gone", Response(status=404))
        self.feedserver.add("/feed", feed())
        found = self.find(self.get_url("/"))
        assert (found.url, found.page) == (self.get_url("/feed"), self.get_url("/"))

    def test_a_page_that_leads_to_no_feed_is_refused(self) -> None:
        self.feedserver.add("/blog", page(LINK.format("/blog") + LINK.format("/page")))
        self.feedserver.add("/page", page("no feed either"))
        refused = self.refusal(self.get_url("/blog"))
        assert refused.field == "url"
        assert str(refused).startswith(f"{self.get_url('/blog')} is no feed, and no page that leads to one: ")


@pytest.mark.usefixtures("shared_parsers")
class WhatIsRefused(SubscribeTestCase):
    def test_a_status_of_an_error_is_refused_and_reported(self) -> None:
        for answer, words in (
            (Response(status=404), "the server answered 404 Not Found"),
            (Response(status=500), "the server answered 500 Internal Server Error"),
            (gone(), "the server answered 410"),
        ):
            path = f"/{answer.status}"
            self.feedserver.add(path, answer)
            assert self.refusal(self.get_url(path)).reason == f"{self.get_url(path)} can't be fetched: {words}"

    def test_a_url_that_no_feed_can_have_is_refused_before_any_request(self) -> None:
        for url in ("", "file:///etc/passwd", "javascript:alert(1)", "http://", "mailto:ada@example.org"):
            assert self.refusal(url).field == "url"

    def test_an_address_of_the_private_network_is_refused(self) -> None:
        with pytest.raises(NotAdded, match=r"127\.0\.0\.1 is a loopback address"):
            find_feed(self.get_url("/feed"), guard=AddressGuard())
        assert self.feedserver.requests == []

    def test_a_feed_without_a_title_is_refused_with_an_error_of_the_name(self) -> None:
        self.feedserver.add("/feed", Response(rss("one", title="")))
        refused = self.refusal(self.get_url("/feed"))
        assert (refused.field, refused.reason) == (
            "name",
            f"the feed at {self.get_url('/feed')} has no title; give it a name",
        )

    def test_a_name_of_spaces_is_no_name(self) -> None:
        self.feedserver.add("/feed", Response(rss("one", title="")))
        with pytest.raises(NotAdded, match="has no title; give it a name"):
            self.add(self.get_url("/feed"), name=" \n")

    def test_a_feed_without_a_title_is_added_with_a_name(self) -> None:
        self.feedserver.add("/feed", Response(rss("one", title="")))
        subscription = self.add(self.get_url("/feed"), name="Untitled").subscription
        assert (subscription.display_name, subscription.feed.items.count()) == ("Untitled", 1)


class ASlowPage(SubscribeTestCase):
    def test_a_page_that_takes_too_long_is_refused_with_the_reason(self) -> None:
        self.feedserver.add("/blog", page(slow_page()))
        with self.settings(LIFESTREAM_PARSE_TIMEOUT=0.001):
            refused = self.refusal(self.get_url("/blog"))
        assert str(refused) == (
            f"{self.get_url('/blog')} is no feed, and can't be searched for one: "
            "reading it took longer than 0.001 seconds"
        )
