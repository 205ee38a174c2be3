"""Finding the feed of a web page: what it names, links to or refreshes to, and the usual places of its site."""

from __future__ import annotations

import pytest

from factories import make_feed
from feedserver import Response
from lifestream.refresh.subscribe import NotAdded
from served import feed, page, slow_page
from subscribing import LINK, REFRESH, SubscribeTestCase


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

    def test_if_a_page_cannot_be_fetched_the_places_known_for_such_addresses_are_tried(self) -> None:
        self.feedserver.add("/@ada", Response(status=404))
        self.feedserver.add("/@ada.rss", feed())
        found = self.find(self.get_url("/@ada"))
        assert (found.url, found.page) == (self.get_url("/@ada.rss"), self.get_url("/@ada"))

    def test_no_other_place_is_tried_if_the_server_of_the_page_asks_for_a_pause(self) -> None:
        self.feedserver.add("/@ada", Response(status=429, headers={"Retry-After": "3600"}))
        self.feedserver.add("/@ada.rss", feed())
        with pytest.raises(NotAdded):
            self.find(self.get_url("/@ada"))
        assert [asked.path for asked in self.feedserver.requests] == ["/@ada"]

    def test_a_stored_feed_is_found_although_the_server_of_its_page_asks_for_a_pause(self) -> None:
        self.feedserver.add("/@ada", Response(status=429, headers={"Retry-After": "3600"}))
        known = make_feed(self.get_url("/@ada.rss"))
        assert self.find(self.get_url("/@ada")).source == known
        assert [asked.path for asked in self.feedserver.requests] == ["/@ada"]

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

    @pytest.mark.slow
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


class ASlowPage(SubscribeTestCase):
    @pytest.mark.slow
    def test_a_page_that_takes_too_long_is_refused_with_the_reason(self) -> None:
        self.feedserver.add("/blog", page(slow_page()))
        with self.settings(LIFESTREAM_PARSE_TIMEOUT=0.001):
            refused = self.refusal(self.get_url("/blog"))
        assert str(refused) == (
            f"{self.get_url('/blog')} is no feed, and can't be searched for one: "
            "reading it took longer than 0.001 seconds"
        )
