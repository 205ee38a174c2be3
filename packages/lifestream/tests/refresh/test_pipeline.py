"""The pipeline, from a due feed to its items, with real connections, parsers and databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from unittest import mock

import pytest
from django.db import DatabaseError, OperationalError, connection
from django.test import override_settings

from factories import make_feed, make_subscription
from feedserver import Response, gone, moved
from lifestream.entry import Entry
from lifestream.models import Feed, Fetch, Item, Post
from lifestream.parser import ipc
from lifestream.plugins import FeedPlugin
from lifestream.refresh.refresh_report import FeedReport
from lifestream.scheduler import leases
from lifestream.scheduler.jobs import Result
from lifestream.storage import credentials, writer
from lifestream.storage.item_import import CHUNK
from refresh_case import HOUR, RefreshTestCase
from served import START, feed, page, rss


class Zoneless(FeedPlugin):
    """A plugin that a site has written itself. Its dates have no zone."""

    name = "zoneless"

    def process(self, entry: Entry) -> Entry:
        return replace(entry, published=datetime(2026, 1, 1))


@pytest.mark.usefixtures("shared_parsers")
class WhatComes(RefreshTestCase):
    def test_a_new_feed_gets_its_items_and_its_title(self) -> None:
        made = self.make_feed("/feed", feed(("one", "two"), ETag='"v1"'))
        report = self.refresh()
        made.refresh_from_db()
        assert set(Item.objects.values_list("title", flat=True)) == {"one", "two"}
        assert (made.title, made.etag, made.failures, made.claim_token) == ("A feed", '"v1"', 0, "")
        assert (made.next_fetch, made.next_reason) == (START + HOUR, "our own interval of 1 hour")
        [row] = report.rows
        assert (row.status, row.size > 0, row.duration > 0) == (200, True, True)
        row = replace(row, status=None, size=0, duration=0.0)
        assert row == FeedReport(made.pk, "A feed", made.url, "new", 2, 0, START + HOUR, "our own interval of 1 hour")
        assert str(report) == "1 feed asked, 2 new, 0 changed, 0 failed"

    def test_the_items_of_a_feed_are_in_the_timelines_of_its_subscribers(self) -> None:
        made = self.make_feed("/feed", feed())
        subscription = make_subscription(made)
        self.refresh()
        assert Post.objects.filter(lifestream=subscription.lifestream).count() == 2

    @pytest.mark.slow
    def test_results_that_fill_a_transaction_are_stored_while_others_are_read(self) -> None:
        """Otherwise a processor would be idle until all are read, and the write at the end would take long."""
        for number in range(4):
            self.make_feed(f"/{number}", feed([f"entry {entry}" for entry in range(2 * CHUNK // 5)]))
        with (
            mock.patch("lifestream.refresh.work_loop._PATIENCE", 60.0),
            mock.patch.object(writer, "store", wraps=writer.store) as store,
        ):
            assert self.refresh().new == 4 * (2 * CHUNK // 5)
        assert [len(call.args[0]) for call in store.call_args_list if call.args[0]] == [2, 2]

    def test_a_second_refresh_sends_the_validators_and_a_304_is_logged(self) -> None:
        self.make_feed("/feed", feed(ETag='"v1"', Last_Modified="Sun, 01 Mar 2026 12:00:00 GMT"))
        self.refresh()
        self.clock.move(hours=1)
        report = self.refresh()
        assert [row.outcome for row in report.rows] == ["not modified"]
        assert self.feedserver.requests[-1].headers["If-None-Match"] == '"v1"'
        assert self.feedserver.requests[-1].headers["If-Modified-Since"] == "Sun, 01 Mar 2026 12:00:00 GMT"
        assert list(Fetch.objects.order_by("pk").values_list("outcome", "status")) == [
            ("new", 200),
            ("not modified", 304),
        ]

    def test_the_same_body_again_is_not_read_again(self) -> None:
        self.make_feed("/feed", feed())
        self.refresh()
        self.clock.move(hours=1)
        with mock.patch("lifestream.refresh.factories.ParserPool", side_effect=AssertionError("a parser was started")):
            report = self.refresh()
        assert [row.outcome for row in report.rows] == ["unchanged"]

    def test_the_rhythm_of_an_unchanged_body_is_used_again(self) -> None:
        made = self.make_feed("/feed", Response(rss("one", head="<ttl>180</ttl>")))
        for _ in range(2):
            self.refresh()
            made.refresh_from_db()
            assert (made.next_fetch, made.next_reason) == (self.clock.now + 3 * HOUR, "the feed's ttl: 3 hours")
            self.clock.move(hours=3)
        assert len(self.feedserver.requests) == 2

    def test_an_edit_and_a_new_item_are_counted(self) -> None:
        self.make_feed(
            "/feed", Response(rss("one", "two")), Response(rss("one", "two", "three").replace("About one", "On one"))
        )
        self.refresh()
        self.clock.move(hours=1)
        [row] = self.refresh().rows
        assert (row.outcome, row.new, row.changed) == ("new", 1, 1)
        assert Item.objects.count() == 3

    def test_410_ends_the_fetches_of_a_feed_and_is_reported(self) -> None:
        made = self.make_feed("/feed", gone())
        [row] = self.refresh().rows
        made.refresh_from_db()
        assert (row.outcome, row.next_at, row.reason) == ("gone", None, "410 Gone: it is not fetched again")
        assert made.status == Feed.Status.GONE
        self.clock.move(days=400)
        assert self.refresh(early=True).rows == ()

    def test_only_entries_that_are_not_stored_are_cleaned(self) -> None:
        date = "<pubDate>Sun, 01 Mar 2026 08:30:00 GMT</pubDate><description>"
        bodies = [rss(*names).replace("<description>", date) for names in (("one", "two"), ("three", "one", "two"))]
        self.make_feed("/feed", *map(Response, bodies))
        self.refresh()
        self.clock.move(hours=1)
        with mock.patch.object(writer, "store", wraps=writer.store) as store:
            [row] = self.refresh().rows
        [result] = [result for call in store.call_args_list for result in call.args[0]]
        assert (row.new, row.changed, result.prepared.known) == (1, 0, (1, 2))
        assert Item.objects.exclude(text="").count() == 3

    def test_failures_are_reported_and_their_feed_is_requested_at_growing_intervals(self) -> None:
        made = self.make_feed("/feed", Response(status=500))
        waits = []
        for _ in range(3):
            [row] = self.refresh().rows
            assert row.failed
            assert row.message == "the server answered 500 Internal Server Error"
            assert row.next_at is not None
            waits.append(row.next_at - self.clock.now)
            self.clock.now = row.next_at
        made.refresh_from_db()
        assert waits == [HOUR, 2 * HOUR, 4 * HOUR]
        assert made.next_reason == "3 errors in a row, 4 hours apart"

    def test_a_web_page_instead_of_a_feed_is_a_failure_that_keeps_items_and_url(self) -> None:
        made = self.make_feed("/feed", feed(), moved("/login"))
        self.feedserver.add("/login", page("<title>Log in</title><form></form>"))
        self.refresh()
        self.clock.move(hours=1)
        [row] = self.refresh().rows
        made.refresh_from_db()
        assert row.failed
        assert made.url == self.get_url("/feed")
        assert (made.moved_to, Item.objects.count()) == ("", 2)

    def test_a_body_that_is_no_feed_does_not_keep_its_validator(self) -> None:
        made = self.make_feed("/feed", Response("<rss", headers={"ETag": '"broken"'}), feed(ETag='"good"'))
        self.refresh()
        made.refresh_from_db()
        assert (made.etag, made.body_hash) == ("", "")
        self.clock.move(hours=1)
        assert [row.new for row in self.refresh().rows] == [2]
        assert "If-None-Match" not in self.feedserver.requests[-1].headers

    def test_credentials_are_sent_and_those_that_no_key_can_decrypt_are_a_failure(self) -> None:
        answer = Response(rss("one"), auth="Basic ada:secret")
        mine = self.make_feed("/feed", answer, credentials=credentials.seal("ada:secret"))
        lost = self.make_feed("/feed", credentials="sealed with a key that is gone")
        rows = {row.feed: row for row in self.refresh().rows}
        assert (rows[mine.pk].outcome, rows[lost.pk].outcome) == ("new", "failed")
        assert "SECRET_KEY_FALLBACKS" in rows[lost.pk].message
        assert len(self.feedserver.requests) == 1

    def test_the_number_of_subscribers_is_sent(self) -> None:
        made = self.make_feed("/feed", feed())
        for _ in range(3):
            make_subscription(made)
        self.refresh()
        assert self.feedserver.requests[-1].headers["User-Agent"].endswith("; 3 subscribers)")

    @override_settings(LIFESTREAM_CONTACT="https://planet.example/about")
    def test_the_contact_of_the_settings_is_sent(self) -> None:
        self.make_feed("/feed", feed())
        self.refresh()
        agent = self.feedserver.requests[-1].headers["User-Agent"]
        assert agent.startswith("lifestream/")
        assert agent.endswith("(+https://planet.example/about; 1 subscriber)")


@pytest.mark.usefixtures("shared_parsers")
class OneFeedAndTheOthers(RefreshTestCase):
    def test_no_failure_stops_another_feed(self) -> None:
        good = [self.make_feed(f"/good{number}", feed((f"item {number}",))) for number in range(5)]
        self.make_feed("/500", Response(status=500))
        self.make_feed("/html", page("hello"))
        self.make_feed("/empty", Response(""))
        make_feed("http://127.0.0.1:1/dead", next_fetch=START)
        make_feed("http://nowhere.invalid/", next_fetch=START)
        make_feed("ftp://example.org/", next_fetch=START)
        report = self.refresh()
        assert (len(report.rows), report.failed, report.new) == (11, 6, 5)
        assert {row.feed for row in report.rows if not row.failed} == {made.pk for made in good}
        assert all(row.message for row in report.rows if row.failed)

    def test_options_and_terms_that_cannot_be_read_stop_no_other_feed(self) -> None:
        damaged: list[dict[str, Any]] = [
            {"options": ["x"]},
            {"options": {"interval": "soon", "user_agent": "x"}},
            {"options": {"proxy": 5}},
            {"credentials": credentials.seal("\0no JSON")},
            {"credentials": credentials.seal("\0[]")},
            {"terms": [1]},
            {"terms": {"pace": "y"}},
        ]
        made = [self.make_feed(f"/{number}", feed(), **fields) for number, fields in enumerate(damaged)]
        good = self.make_feed("/good", feed())
        with self.assertLogs("lifestream", "WARNING") as logged:
            rows = {row.feed: row for row in self.refresh().rows}
        assert [rows[each.pk].outcome for each in made] == ["failed"] * 5 + ["new"] * 2
        assert (rows[good.pk].outcome, len(rows)) == ("new", 8)
        for number, name in enumerate(("options", "interval", "proxy")):
            assert f"can't be read from the database ({name}): set it again" in rows[made[number].pk].message
        assert "SECRET_KEY_FALLBACKS" in rows[made[3].pk].message
        assert all("terms" in line for line in logged.output)
        assert all(each.next_fetch > self.clock.now for each in Feed.objects.all())

    def test_a_batch_that_cannot_be_stored_is_stored_feed_by_feed(self) -> None:
        made = [self.make_feed(f"/{number}", feed((f"item {number}",))) for number in range(3)]
        whole = writer.store

        def picky(results: list[Result], now: datetime) -> Any:
            if any(result.claim.feed == made[1].pk for result in results):
                raise DatabaseError("a broken row")
            return whole(results, now)

        with mock.patch("lifestream.storage.writer.store", picky), self.assertLogs("lifestream.refresh", "ERROR"):
            report = self.refresh()
        rows = {row.feed: row for row in report.rows}
        assert [rows[each.pk].outcome for each in made] == ["new", "failed", "new"]
        assert rows[made[1].pk].message == "it could not be stored: a broken row"
        made[1].refresh_from_db()
        assert (made[1].claim_token, made[1].next_fetch) == ("", START)

    @pytest.mark.slow
    def test_a_plugin_whose_dates_have_no_zone_stops_no_feed(self) -> None:
        self.make_feed("/bad", feed(), plugin="zoneless")
        self.make_feed("/good", feed())
        with override_settings(LIFESTREAM_PLUGINS=[f"{__name__}.Zoneless"]):
            report = self.refresh()
        assert [row.outcome for row in report.rows] == ["new", "new"]
        assert Item.objects.filter(date=datetime(2026, 1, 1, tzinfo=UTC)).count() == 2

    def test_an_error_in_the_decision_is_a_failure_of_its_feed_alone(self) -> None:
        """A parser process that a document has compromised may return anything."""
        unpack = ipc.PREPARED.unpack

        def without_zones(rows: Any) -> Any:
            read = unpack(rows)
            zoneless = tuple(replace(item, published=datetime(2026, 1, 1)) for item in read.items)
            return replace(read, items=zoneless) if read.feed.title == "Liar" else read

        self.make_feed("/bad", Response(rss("one", title="Liar")), title="Liar")
        self.make_feed("/good", feed())
        with mock.patch.object(ipc, "PREPARED", ipc.Shape(ipc.PREPARED.pack, without_zones)):
            report = self.refresh()
        assert {row.title: row.outcome for row in report.rows} == {"Liar": "failed", "A feed": "new"}
        assert (report.unstored, report.shortages) == (0, ())

    def test_a_database_that_fails_after_the_feeds_are_stored_loses_no_report(self) -> None:
        self.make_feed("/feed", feed())

        def fail(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
            if '"backlog" IS NOT NULL' in sql:
                raise OperationalError("gone")
            return execute(sql, params, many, context)

        with connection.execute_wrapper(fail), self.assertLogs("lifestream.refresh.pipeline", "ERROR") as logged:
            report = self.refresh()
        assert [row.outcome for row in report.rows] == ["new"]
        assert "not all timelines could be filled" in logged.output[0]

    def test_a_feed_that_another_process_has_claimed_is_not_fetched(self) -> None:
        made = self.make_feed("/feed")
        leases.claim(START, 10)
        assert self.refresh().rows == ()
        assert self.refresh([made.pk], early=True).rows == ()
        assert self.feedserver.requests == []

    def test_a_feed_whose_claim_passed_to_another_is_not_written(self) -> None:
        made = self.make_feed("/feed", feed())
        whole = writer.store

        def late(results: list[Result], now: datetime) -> Any:
            Feed.objects.filter(pk=made.pk).update(claim_token="another's")
            return whole(results, now)

        with mock.patch("lifestream.storage.writer.store", late):
            report = self.refresh()
        assert (report.rows, report.skipped, Item.objects.count()) == ((), 1, 0)
