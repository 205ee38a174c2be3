"""Adding a feed: what is found at an address, what is stored, and what is refused."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from unittest import mock

import pytest
from django.db import OperationalError

from factories import make_feed, make_item, make_subscription
from feedserver import Response, gone, moved
from lifestream.conf import settings
from lifestream.fetcher.address_guard import AddressGuard
from lifestream.fetcher.request_options import RequestOptions
from lifestream.fetcher.shortage import Shortage
from lifestream.models import Feed, Fetch, Post
from lifestream.refresh.scout import Scout
from lifestream.refresh.subscribe import FeedReading, Found, NotAdded, add_feed, completed, find_feed, find_feeds
from lifestream.scheduler import leases
from lifestream.scheduler.jobs import Stored, Writing
from lifestream.storage import writer
from lifestream.storage.feed_options import RequestsBeside
from served import START, feed, rss
from subscribing import SubscribeTestCase


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
        assert isinstance(found.source, FeedReading)
        assert (found.title, found.page, len(found.source.prepared.items)) == ("A feed", "", 2)
        assert not Feed.objects.exists()

    def test_a_name_and_a_folder_belong_to_the_subscription(self) -> None:
        self.feedserver.add("/feed", feed())
        subscription = self.add(self.get_url("/feed"), name="Mine", folder="News").subscription
        assert (subscription.display_name, subscription.folder, subscription.feed.title) == ("Mine", "News", "A feed")

    def test_items_are_posted_only_if_the_rules_of_the_subscription_allow_them(self) -> None:
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

    def test_an_address_without_a_scheme_finds_a_feed_that_others_have_by_http(self) -> None:
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
        ("MailTo:ada@a.example", "MailTo:ada@a.example"),
        ("acct:ada@a.example", "acct:ada@a.example"),
        ("ada:pw@a.example", "https://ada:pw@a.example"),
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
        assert isinstance(read[1], Found) and isinstance(read[1].source, FeedReading)
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
    def test_a_failure_while_a_feed_is_looked_for_is_not_taken_for_a_shortage(self) -> None:
        failure = OperationalError("no connection")
        failure.__cause__ = MemoryError()
        with mock.patch.object(Scout, "ask", side_effect=failure), pytest.raises(OperationalError):
            self.find(self.get_url("/feed"))

    def test_a_failure_while_a_feed_is_stored_leaves_the_feed_due_at_once(self) -> None:
        self.feedserver.add("/feed", feed())
        found = self.find(self.get_url("/feed"))
        with mock.patch.object(writer, "store", return_value=[UNSTORED]):
            added = add_feed(found, self.lifestream, clock=self.clock)
        made = added.subscription.feed
        assert (added.is_new, added.trouble) == (True, "the disk is full")
        assert (made.url, made.title, made.next_fetch) == (found.url, "A feed", START)
        assert (made.claim_token, made.claimed_until) == ("", None)

    def test_a_feed_whose_lease_cannot_be_released_stays_claimed_until_the_lease_ends(self) -> None:
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

    def test_a_shortage_of_memory_is_the_reason_of_a_refusal(self) -> None:
        url = self.get_url("/feed")
        with mock.patch.object(Scout, "ask", side_effect=MemoryError), pytest.raises(NotAdded) as refused:
            self.find(url)
        assert refused.value.reason == f"{url} can't be fetched: {Shortage.MEMORY.value}"
        assert refused.value.by_shortage
        with mock.patch.object(Scout, "ask", side_effect=ZeroDivisionError), pytest.raises(ZeroDivisionError):
            self.find(url)

    def test_a_url_that_no_feed_can_have_is_refused_before_any_request(self) -> None:
        with mock.patch.object(Scout, "ask", side_effect=AssertionError("something was requested")):
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
