"""The whole content of entries, from their pages: the pages that are requested, how, and what is stored."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from unittest import mock

import pytest
from django.utils.http import http_date

from factories import make_feed, make_item, make_lifestream, make_subscription
from feedserver import Response
from feedserver.django import FeedServerTestCase
from lifestream import tasks
from lifestream.fetcher.shortage import Shortage, ShortOf
from lifestream.models import Article, Feed, Item, Post
from lifestream.models.fulltext import matching
from lifestream.refresh import full_content, refresh
from lifestream.refresh.full_content import NEWEST, fetch_full_content
from lifestream.storage.feed_options import FeedOptions, Secrets
from lifestream.wording import worded
from served import START, Clock, feed

WORDS = "A long paragraph that everybody would take for a part of an article, with the word albatross in it. " * 4


async def at_once(_seconds: float) -> None:
    pass


@pytest.mark.usefixtures("shared_parsers")
class FullContent(FeedServerTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.clock = Clock()
        self.feed = self.feed_with_full_content("/feed")
        self.feedserver.add("/1", self.page("albatross"))

    def feed_with_full_content(self, path: str, **fields: Any) -> Feed:
        return make_feed(self.get_url(path), options=FeedOptions(full_content=True).as_json(), **fields)

    @staticmethod
    def page(word: str) -> Response:
        html = f"<html><body><nav>Menu</nav><article><p>{WORDS.replace('albatross', word)}</p></article></body></html>"
        return Response(html, headers={"Content-Type": "text/html; charset=utf-8"})

    def item(self, path: str = "/1", **fields: Any) -> Item:
        return make_item(self.feed, path, link=self.get_url(path), content="<p>Few words</p>", summary="Few", **fields)

    def run_for(self, *feeds: Feed) -> int:
        return fetch_full_content([feed.pk for feed in feeds or (self.feed,)], clock=self.clock, pause=at_once)

    def test_the_content_is_taken_from_the_page_once_and_the_summary_is_kept(self) -> None:
        item = self.item()
        make_subscription(self.feed, make_lifestream())
        assert self.run_for() == 1
        item.refresh_from_db()
        assert item.content.startswith("<p>A long paragraph")
        assert "Menu" not in item.text
        assert (item.summary, item.card) == ("Few", None)
        assert list(matching(Item.objects.all(), "albatross")) == [item]
        assert Post.objects.count() == 1
        assert self.run_for() == 0
        assert len(self.feedserver.requests) == 1

    @pytest.mark.slow
    def test_a_page_with_less_text_than_the_entry_does_not_replace_it_and_is_requested_again(self) -> None:
        """Servers answer with 200 during maintenance and for pages that they do not find, and pages are cut off."""
        words = f"<p>{WORDS}</p>"
        stands_in = {
            "maintenance": "<title>Maintenance</title><h1>Back soon!</h1><p>We are performing some maintenance.</p>",
            "not found": "<main><h1>404</h1><p>Oops! That page can't be found. Maybe try a search?</p></main>",
            "a page that is cut off": f"<html><head><title>One</title></head><body><article><p>{WORDS[:120]}",
        }
        for number, (kind, html) in enumerate(stands_in.items()):
            with self.subTest(kind=kind):
                path = f"/{kind}".replace(" ", "-")
                headers = {"Content-Type": "text/html; charset=utf-8"}
                self.feedserver.add(path, Response(html, headers=headers), self.page("albatross, twice" * 2))
                item = make_item(self.feed, path, link=self.get_url(path), content=words, text=WORDS.strip())
                assert self.run_for() == 0
                item.refresh_from_db()
                assert item.content == words
                reason = f"the text found on {self.get_url(path)} is shorter than that of the entry"
                assert worded(Article.objects.get(item=item).message) == reason
                self.clock.move(days=1, seconds=1)
                assert self.run_for() == 1
                item.refresh_from_db()
                assert "twice" in item.text
                assert len(self.feedserver.requests) == 2 * (number + 1)

    def test_a_published_feed_is_sent_again_with_the_content_that_was_taken_from_a_page(self) -> None:
        self.item()
        make_subscription(self.feed, make_lifestream("main"))
        etag = self.client.get("/main/feed.atom")["ETag"]
        self.feedserver.add("/1", Response(status=404), self.page("albatross"))
        assert self.run_for() == 0
        assert self.client.get("/main/feed.atom", headers={"if-none-match": etag}).status_code == 304
        self.clock.now += timedelta(days=1)
        assert self.run_for() == 1
        published = self.client.get("/main/feed.atom", headers={"if-none-match": etag})
        assert published.status_code == 200
        assert b"albatross" in published.content
        assert published["Last-Modified"] == http_date(self.clock.now.timestamp())

    def test_a_shortage_that_lets_no_page_be_requested_is_raised_and_a_worker_logs_it(self) -> None:
        item = self.item()
        self.feedserver.add("/feed", feed())
        with mock.patch.object(full_content, "require_files", side_effect=ShortOf(Shortage.FILES)):
            with pytest.raises(ShortOf):
                self.run_for()
            with self.assertLogs(tasks.log, "WARNING") as logged:
                assert tasks.update([self.feed.pk]) == "1 feed asked, 2 new, 0 changed, 0 failed"
        what = "the pages of entries could not be requested; they are tried after the next refresh of their feeds"
        assert logged.output == [f"WARNING:{tasks.log.name}:{what}: {Shortage.FILES.value}"]
        assert [request.path for request in self.feedserver.requests] == ["/feed"]
        self.feedserver.journal.clear()
        assert self.run_for() == 1
        item.refresh_from_db()
        assert "albatross" in item.text

    def test_no_page_is_requested_for_a_feed_without_the_option(self) -> None:
        self.item()
        Feed.objects.update(options={})
        assert self.run_for() == 0
        assert self.feedserver.requests == []

    def test_the_page_of_an_edited_entry_is_requested_again(self) -> None:
        item = self.item(fingerprint="one")
        self.run_for()
        Item.objects.filter(pk=item.pk).update(fingerprint="two", content="Few words again")
        self.feedserver.add("/1", self.page("cormorant"))
        assert self.run_for() == 1
        item.refresh_from_db()
        assert "cormorant" in item.text

    def test_a_page_that_cannot_be_fetched_is_reported_and_requested_on_three_days_only(self) -> None:
        self.feedserver.add("/1", Response(status=404))
        item = self.item()
        for _ in range(6):
            assert self.run_for() == 0
            assert self.run_for() == 0
            self.clock.now += timedelta(days=1)
        assert len(self.feedserver.requests) == 3
        known = Article.objects.get()
        assert str(known.message) == "the page of the entry can't be fetched: the server answered 404 Not Found"
        item.refresh_from_db()
        assert item.content == "<p>Few words</p>"

    def test_a_failed_request_for_a_page_at_a_time_in_the_future_does_not_delay_the_next_one(self) -> None:
        self.item()
        self.feedserver.add("/1", Response(status=404), self.page("albatross"))
        self.clock.now += timedelta(days=30)
        assert self.run_for() == 0
        self.clock.now -= timedelta(days=30)
        assert self.run_for() == 1
        assert Article.objects.get().fetched == self.clock.now

    @pytest.mark.slow
    def test_a_slow_page_is_given_up_at_the_deadline_and_the_others_are_read_the_next_time(self) -> None:
        self.feedserver.add("/slow", Response("<p>Late</p>", delay=30.0))
        slow, other = self.item("/slow", date=START + timedelta(days=1)), self.item(date=START)
        with mock.patch("lifestream.refresh.full_content.DEADLINE", 0.5):
            assert self.run_for() == 0
        [known] = Article.objects.all()
        assert (known.item_id, known.attempts) == (slow.pk, 1)
        assert "no whole answer within 0.5 s" in worded(known.message)
        assert self.run_for() == 1  # the other page only: the slow one is not requested again before the next day
        other.refresh_from_db()
        assert "albatross" in other.text

    def test_a_document_that_is_no_page_is_not_read(self) -> None:
        self.feedserver.add("/1", Response(b"%PDF", headers={"Content-Type": "application/pdf"}))
        self.item()
        assert self.run_for() == 0
        assert str(Article.objects.get().message).endswith("/1 is no web page, but application/pdf")

    def test_no_other_page_is_requested_from_a_host_that_asks_for_a_pause(self) -> None:
        for number in range(2, 5):
            self.feedserver.add(f"/{number}", Response(status=429, headers={"Retry-After": "100"}))
            self.item(f"/{number}")
        self.run_for()
        assert len(self.feedserver.requests) == 1
        self.feed.host.not_before = self.clock.now + timedelta(days=1)
        self.feed.host.save()
        self.run_for()
        assert len(self.feedserver.requests) == 1

    @pytest.mark.slow
    def test_only_pages_of_the_newest_entries_are_requested(self) -> None:
        for number in range(NEWEST + 2):
            self.feedserver.add(f"/page/{number}", self.page("albatross"))
            self.item(f"/page/{number}", date=self.clock.now - timedelta(days=number))
        assert self.run_for() == NEWEST
        assert not any(each.path == f"/page/{NEWEST}" for each in self.feedserver.requests)

    @pytest.mark.slow
    def test_the_secrets_of_a_feed_are_sent_only_to_its_own_server(self) -> None:
        secrets = Secrets("ada:pw", (("X-Key", "s3cret"),)).sealed()
        self.feed = self.feed_with_full_content("/private", credentials=secrets)
        self.item()
        elsewhere = self.get_url("/1").replace("127.0.0.1", "localhost")
        make_item(self.feed, "elsewhere", link=elsewhere)
        assert self.run_for() == 2
        by_host = {each.headers["Host"].partition(":")[0]: each.headers for each in self.feedserver.requests}
        assert by_host["127.0.0.1"]["X-Key"] == "s3cret"
        assert "Authorization" in by_host["127.0.0.1"]
        assert not {"X-Key", "Authorization"} & set(by_host["localhost"])

    def test_the_pages_of_a_host_are_requested_no_faster_than_feeds(self) -> None:
        waits: list[float] = []

        async def pause(seconds: float) -> None:
            waits.append(seconds)

        for number in range(1, 4):
            self.feedserver.add(f"/{number}", self.page("albatross"))
            self.item(f"/{number}")
        with self.settings(LIFESTREAM_PER_HOST_RATE=2):
            assert fetch_full_content([self.feed.pk], clock=self.clock, pause=pause) == 3
        assert waits == [0.5, 0.5]

    def test_a_page_at_a_private_address_is_not_requested(self) -> None:
        make_item(self.feed, "bad", link="http://169.254.169.254/latest/meta-data/")
        assert self.run_for() == 0
        assert "169.254.169.254 is a link-local address" in str(Article.objects.get().message)

    def test_the_next_refresh_keeps_the_whole_content(self) -> None:
        rss = (
            "<rss version='2.0'><channel><title>T</title><item><guid>1</guid><title>One</title>"
            f"<link>{self.get_url('/1')}</link><description>Few words</description></item></channel></rss>"
        )
        self.feedserver.add("/feed", Response(rss))
        make_subscription(self.feed, make_lifestream())
        refresh([self.feed.pk])
        assert fetch_full_content([self.feed.pk], pause=at_once) == 1
        Feed.objects.update(body_hash="", etag="")
        [row] = refresh([self.feed.pk], early=True).rows
        assert row.outcome == "unchanged"
        assert "albatross" in Item.objects.get().text
