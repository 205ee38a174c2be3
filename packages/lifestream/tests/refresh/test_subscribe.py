"""Adding a feed: what is found at an address, what is stored, and what is refused."""

from __future__ import annotations

import pytest

from factories import make_feed, make_item, make_lifestream, make_subscription
from feedserver import Response, gone, moved
from feedserver.django import FeedServerTestCase
from lifestream.fetcher.address_guard import AddressGuard
from lifestream.models import Feed, Fetch, Item, Lifestream, Post
from lifestream.refresh.subscribe import Added, Found, NotAdded, Reading, add_feed, find_feed
from lifestream.storage import credentials
from served import START, Clock, feed, page, rss, slow_page

LINK = '<link rel="alternate" type="application/rss+xml" href="{}">'


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
        assert added.is_new
        assert added.stored is not None
        assert added.stored.new == 2
        assert Post.objects.filter(lifestream=self.lifestream).count() == 2
        assert list(Fetch.objects.values_list("outcome", "new")) == [("new", 2)]

    def test_a_found_feed_is_returned_before_it_is_added(self) -> None:
        self.feedserver.add("/feed", feed())
        found = self.find(self.get_url("/feed"))
        assert isinstance(found.source, Reading)
        assert (found.title, found.page, len(found.source.prepared.items)) == ("A feed", "", 2)
        assert not Feed.objects.exists()

    def test_a_name_and_a_folder_are_the_subscriptions(self) -> None:
        self.feedserver.add("/feed", feed())
        subscription = self.add(self.get_url("/feed"), name="Mine", folder="News").subscription
        assert (subscription.display_name, subscription.folder, subscription.feed.title) == ("Mine", "News", "A feed")

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

    def test_the_scheme_that_answers_is_used_whatever_the_answer_is(self) -> None:
        self.feedserver.allow("the client speaks TLS")
        self.feedserver.add("/none", Response(status=404))
        with pytest.raises(NotAdded, match=r"^http://127\.0\.0\.1:\d+/none can't be fetched: the server answered 404"):
            self.find(self.get_url("/none").removeprefix("http://"))


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
        with self.make_feedserver() as other:
            other.add("/feed", feed())
            self.feedserver.add("/elsewhere", page(LINK.format(other.url("/feed"))))
            found = self.find(self.url.replace("/feed", "/elsewhere"))
            assert (found.url, found.credentials) == (other.url("/feed"), "")
            assert "Authorization" not in other.requests[-1].headers


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
        assert self.find(self.get_url("/blog")).source == known

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
        for shallow in ("feed", "rss.xml"):
            self.feedserver.add(f"/{shallow}", Response(status=404))
        self.feedserver.add("/atom.xml", feed())
        assert self.find(self.get_url("/2026/11/a-post")).url == self.get_url("/atom.xml")

    def test_no_other_place_is_tried_at_a_server_that_asks_for_a_pause(self) -> None:
        self.feedserver.add("/", page("<p>A blog</p>"))
        self.feedserver.add("/feed", Response(status=429, headers={"Retry-After": "3600"}))
        with pytest.raises(NotAdded):
            self.find(self.get_url("/"))
        assert [asked.path for asked in self.feedserver.requests] == ["/", "/feed"]

    def test_a_feed_that_it_links_to_comes_before_the_usual_places(self) -> None:
        self.feedserver.add("/", page('<p><a href="/news.rss">RSS</a> <a href="/about">About</a>'))
        self.feedserver.add("/news.rss", feed())
        assert self.find(self.get_url("/")).url == self.get_url("/news.rss")
        assert [asked.path for asked in self.feedserver.requests] == ["/", "/news.rss"]

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

    def test_a_limited_number_of_refreshes_is_followed(self) -> None:
        self.feedserver.allow("nothing answers")
        for number in range(6):
            self.feedserver.add(f"/{number}", page(f'<meta http-equiv=refresh content="0;url=/{number + 1}">'))
        self.feedserver.add("/round", page('<meta http-equiv=refresh content="0;url=/round">'))
        for start in ("/0", "/round"):
            self.refusal(self.get_url(start))
        assert not any(asked.path == "/5" for asked in self.feedserver.requests)

    def test_a_page_that_leads_to_no_feed_is_refused(self) -> None:
        self.feedserver.add("/blog", page(LINK.format("/blog") + LINK.format("/page")))
        self.feedserver.add("/page", page("no feed either"))
        refused = self.refusal(self.get_url("/blog"))
        assert refused.field == "url"
        assert str(refused).startswith(f"{self.get_url('/blog')} is no feed, and no page that leads to one: ")


@pytest.mark.usefixtures("shared_parsers")
class WhatIsRefused(SubscribeTestCase):
    def test_another_status_is_refused_and_reported(self) -> None:
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
