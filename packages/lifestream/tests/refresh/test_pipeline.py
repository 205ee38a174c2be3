"""The pipeline, from a feed that is due to its items, on real connections, parsers and databases."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest import mock

import pytest
from django.db import DatabaseError
from django.test import override_settings

from factories import make_feed, make_lifestream, make_subscription
from feedserver import FeedServer, Pattern, Request, Response, gone, moved
from feedserver.django import FeedServerTestCase, FeedServerTransactionTestCase
from lifestream.entry import Entry
from lifestream.fetcher.address_guard import AddressGuard
from lifestream.models import Feed, Fetch, Host, Item, Post
from lifestream.parser import ipc
from lifestream.plugins import FeedPlugin
from lifestream.refresh import refresh
from lifestream.refresh.refresh_report import FeedReport, Report
from lifestream.scheduler import leases
from lifestream.scheduler.jobs import Result
from lifestream.storage import credentials, writer
from programs import PATIENCE
from served import START, Clock, feed, page, rss, watched_processes

HOUR = timedelta(hours=1)


class Zoneless(FeedPlugin):
    """A plugin of a site's own whose dates are in no zone."""

    name = "zoneless"

    def process(self, entry: Entry) -> Entry:
        return replace(entry, published=datetime(2026, 1, 1))


class RefreshTestCase(FeedServerTestCase):
    def make_feedserver(self) -> FeedServer:
        return FeedServer(callable_timeout=PATIENCE)

    def setUp(self) -> None:
        super().setUp()
        self.clock = Clock()

    def make_feed(self, path: str, *answers: Any, **fields: Any) -> Feed:
        """A feed that is due, at a path that gives *answers*."""
        if answers:
            self.feedserver.add(path, *answers)
        return make_feed(self.get_url(path), **{"next_fetch": START, **fields})

    def refresh(self, feeds: Collection[int] | None = None, **options: Any) -> Report:
        return refresh(feeds, clock=self.clock, **options)


@pytest.mark.usefixtures("shared_parsers")
class WhatComes(RefreshTestCase):
    def test_a_new_feed_brings_its_items_and_its_name(self) -> None:
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

    def test_the_items_are_in_the_timelines_of_its_subscribers(self) -> None:
        made = self.make_feed("/feed", feed())
        subscription = make_subscription(made)
        self.refresh()
        assert Post.objects.filter(lifestream=subscription.lifestream).count() == 2

    def test_a_second_run_asks_with_the_validator_and_writes_nothing(self) -> None:
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

    def test_the_rhythm_of_the_same_body_holds_again(self) -> None:
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

    def test_410_ends_it_and_says_so(self) -> None:
        made = self.make_feed("/feed", gone())
        [row] = self.refresh().rows
        made.refresh_from_db()
        assert (row.outcome, row.next_at, row.reason) == ("gone", None, "410 Gone: it is not asked again")
        assert made.status == Feed.Status.GONE
        self.clock.move(days=400)
        assert self.refresh(early=True).rows == ()

    def test_failures_are_told_and_come_back_at_growing_distances(self) -> None:
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

    def test_a_page_where_a_feed_was_is_a_failure_that_keeps_items_and_url(self) -> None:
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

    def test_credentials_are_sent_and_those_that_no_key_opens_are_a_failure(self) -> None:
        answer = Response(rss("one"), auth="Basic ada:secret")
        mine = self.make_feed("/feed", answer, credentials=credentials.seal("ada:secret"))
        lost = self.make_feed("/feed", credentials="sealed with a key that is gone")
        rows = {row.feed: row for row in self.refresh().rows}
        assert (rows[mine.pk].outcome, rows[lost.pk].outcome) == ("new", "failed")
        assert "SECRET_KEY_FALLBACKS" in rows[lost.pk].message
        assert len(self.feedserver.requests) == 1

    def test_the_number_of_subscribers_is_told(self) -> None:
        made = self.make_feed("/feed", feed())
        for _ in range(3):
            make_subscription(made)
        self.refresh()
        assert self.feedserver.requests[-1].headers["User-Agent"].endswith("; 3 subscribers)")

    @override_settings(LIFESTREAM_CONTACT="https://planet.example/about")
    def test_the_contact_of_the_settings_is_told(self) -> None:
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

    def test_a_plugin_without_a_zone_stops_no_other_feed(self) -> None:
        self.make_feed("/bad", feed(), plugin="zoneless")
        self.make_feed("/good", feed())
        with override_settings(LIFESTREAM_PLUGINS=[f"{__name__}.Zoneless"]):
            report = self.refresh()
        assert [row.outcome for row in report.rows] == ["new", "new"]
        assert Item.objects.filter(date=datetime(2026, 1, 1, tzinfo=UTC)).count() == 2

    def test_what_can_not_be_decided_is_a_failure_of_its_feed_alone(self) -> None:
        """Whatever a parser that a document has taken over makes up."""
        unpack = ipc.PREPARED.unpack

        def lying(rows: Any) -> Any:
            read = unpack(rows)
            zoneless = tuple(replace(item, published=datetime(2026, 1, 1)) for item in read.items)
            return replace(read, items=zoneless) if read.feed.title == "Liar" else read

        self.make_feed("/bad", Response(rss("one", title="Liar")), title="Liar")
        self.make_feed("/good", feed())
        with mock.patch.object(ipc, "PREPARED", ipc.Shape(ipc.PREPARED.pack, lying)):
            report = self.refresh()
        assert {row.title: row.outcome for row in report.rows} == {"Liar": "failed", "A feed": "new"}
        assert (report.unstored, report.shortages) == (0, ())

    def test_a_feed_that_somebody_else_holds_is_left_alone(self) -> None:
        made = self.make_feed("/feed")
        leases.claim(START, 10)
        assert self.refresh().rows == ()
        assert self.refresh([made.pk], early=True).rows == ()
        assert self.feedserver.requests == []

    def test_a_feed_whose_claim_passed_to_another_is_not_written(self) -> None:
        def steal(_: Request) -> Response:
            return feed()

        made = self.make_feed("/feed", steal)
        whole = writer.store

        def late(results: list[Result], now: datetime) -> Any:
            Feed.objects.filter(pk=made.pk).update(claim_token="another's")
            return whole(results, now)

        with mock.patch("lifestream.storage.writer.store", late):
            report = self.refresh()
        assert (report.rows, report.skipped, Item.objects.count()) == ((), 1, 0)


@pytest.mark.usefixtures("shared_parsers")
class WhatIsAsked(RefreshTestCase):
    def test_only_what_is_due_is_asked(self) -> None:
        due = self.make_feed("/due", feed())
        self.make_feed("/later", next_fetch=START + HOUR)
        self.make_feed("/paused", status=Feed.Status.PAUSED)
        self.make_feed("/gone", status=Feed.Status.GONE)
        assert [row.feed for row in self.refresh().rows] == [due.pk]

    def test_of_feeds_that_are_named_only_the_due_ones_are_asked(self) -> None:
        named = self.make_feed("/named", feed())
        later = self.make_feed("/later", next_fetch=START + HOUR)
        self.make_feed("/other")
        assert [row.feed for row in self.refresh([named.pk, later.pk]).rows] == [named.pk]

    def test_early_skips_our_own_interval_only(self) -> None:
        asked = self.make_feed("/asked", feed(), next_fetch=START + HOUR)
        self.make_feed("/max-age", next_fetch=START + HOUR, not_before=START + HOUR)
        self.make_feed("/paused", status=Feed.Status.PAUSED)
        self.make_feed("/gone", status=Feed.Status.GONE)
        assert [row.feed for row in self.refresh(early=True).rows] == [asked.pk]

    def test_a_max_age_holds_even_when_all_are_wanted(self) -> None:
        self.make_feed("/feed", feed(Cache_Control="max-age=7200"))
        self.refresh()
        self.clock.move(hours=1, minutes=59)
        assert self.refresh(early=True).rows == ()
        self.clock.move(minutes=1)
        assert len(self.refresh(early=True).rows) == 1

    def test_each_feed_is_asked_once_in_a_run_however_soon_it_is_due_again(self) -> None:
        self.make_feed("/feed", feed())
        with override_settings(LIFESTREAM_MIN_INTERVAL=0):
            assert len(self.refresh().rows) == 1
            assert len(self.refresh(early=True).rows) == 1
        assert len(self.feedserver.requests) == 2

    def test_a_429_pauses_the_other_feeds_of_its_host_and_they_stay_due(self) -> None:
        busy = self.make_feed("/busy", Response(status=429, headers={"Retry-After": "7200"}))
        others = [self.make_feed(f"/{number}", next_fetch=START + timedelta(seconds=1)) for number in range(4)]
        self.clock.move(seconds=1)
        with override_settings(LIFESTREAM_PER_HOST=1):
            report = self.refresh()
        assert [row.feed for row in report.rows] == [busy.pk]
        assert report.skipped == 4
        assert len(self.feedserver.requests) == 1
        assert Host.objects.get(feeds=busy).not_before == self.clock.now + 2 * HOUR
        assert set(Feed.objects.filter(claim_token="").values_list("pk", flat=True)) >= {each.pk for each in others}
        self.clock.move(hours=1)
        assert self.refresh(early=True).rows == ()

    def test_more_feeds_of_one_host_than_are_claimed_at_once_all_have_their_turn(self) -> None:
        self.feedserver.add(Pattern("/feed/<number>"), Response(status=404))
        made = [make_feed(self.get_url(f"/feed/{number}"), next_fetch=START) for number in range(11)]
        with override_settings(LIFESTREAM_CONCURRENCY=1, LIFESTREAM_PER_HOST=1):
            for early in (False, True):
                rows = self.refresh(early=early).rows
                assert sorted(row.feed for row in rows) == sorted(each.pk for each in made)
                self.clock.move(hours=1)

    def test_a_host_is_asked_by_so_many_at_once_and_no_more(self) -> None:
        lock, state = threading.Lock(), {"now": 0, "most": 0}
        both = threading.Barrier(2)

        def crowded(_: Request) -> Response:
            with lock:
                state["now"] += 1
                state["most"] = max(state["most"], state["now"])
            both.wait(PATIENCE)
            with lock:
                state["now"] -= 1
            return Response(status=404)

        for number in range(10):
            self.make_feed(f"/{number}", crowded)
        self.refresh()
        assert state["most"] == 2

    def test_an_address_that_the_guard_refuses_is_not_asked(self) -> None:
        self.make_feed("/feed")
        [row] = self.refresh(guard=AddressGuard()).rows
        assert row.message.startswith("127.0.0.1 is a loopback address")
        assert self.feedserver.requests == []


@pytest.mark.usefixtures("shared_parsers")
class ManyFeedsOfOneHost(RefreshTestCase):
    """More than are claimed at once, on a host that others don't wait for."""

    def setUp(self) -> None:
        super().setUp()
        self.crowd_asked, self.other_asked = threading.Semaphore(0), threading.Event()
        self.other = self.enterContext(FeedServer(callable_timeout=PATIENCE))
        make_feed(self.other.url("/feed"), next_fetch=START)

    def make_crowd(self, count: int, answer: Callable[[Request], Response]) -> None:
        for number in range(count):
            self.make_feed(f"/{number}", answer, next_fetch=START - timedelta(minutes=1))

    def test_keep_no_other_host_waiting(self) -> None:
        waited: list[bool] = []

        def crowd(_: Request) -> Response:
            waited.append(self.other_asked.wait(PATIENCE if all(waited) else 0))
            return Response(status=404)

        def other(_: Request) -> Response:
            self.other_asked.set()
            return feed()

        self.make_crowd(120, crowd)
        self.other.add("/feed", other)
        with override_settings(LIFESTREAM_CONCURRENCY=16):
            report = self.refresh()
        assert len(report.rows) == 121
        assert all(waited)

    def test_wait_for_no_other_host(self) -> None:
        def crowd(_: Request) -> Response:
            self.crowd_asked.release()
            return Response(status=404)

        def other(_: Request) -> Response:
            return feed() if all(self.crowd_asked.acquire(timeout=PATIENCE) for _ in range(120)) else gone()

        self.make_crowd(120, crowd)
        self.other.add("/feed", other)
        assert Counter(row.outcome for row in self.refresh().rows) == {"failed": 120, "new": 1}


class HowItEnds(RefreshTestCase):
    def test_progress_is_told_feed_by_feed(self) -> None:
        made = {self.make_feed(f"/{number}", feed((f"{number}",))).pk for number in range(3)}
        heard: list[FeedReport] = []
        report = self.refresh(progress=heard.append)
        assert {row.feed for row in heard} == made
        assert tuple(heard) == report.rows

    def test_no_thread_and_no_process_is_left(self) -> None:
        before = set(threading.enumerate())
        self.make_feed("/feed", feed())
        with watched_processes() as started:
            self.refresh()
        assert started
        assert all(process.poll() is not None for process in started)
        assert set(threading.enumerate()) <= before

    def test_stopping_gives_up_what_is_under_way_and_it_stays_due(self) -> None:
        stopping = threading.Event()

        def stalled(_: Request) -> Response:
            stopping.set()
            return Response(rss("late"), delay=60)

        made = self.make_feed("/slow", stalled)
        report = self.refresh(stopping=stopping)
        made.refresh_from_db()
        assert (report.rows, report.skipped) == ((), 1)
        assert (made.claim_token, made.claimed_until, made.next_fetch) == ("", None, START)

    def test_an_error_in_the_caller_gives_back_what_is_held(self) -> None:
        made = self.make_feed("/feed", feed())
        other = self.make_feed("/other", feed(), next_fetch=START)

        def broken(row: FeedReport) -> None:
            raise LookupError("the progress bar broke")

        with pytest.raises(LookupError):
            self.refresh(progress=broken)
        assert set(Feed.objects.values_list("claim_token", flat=True)) == {""}
        assert {made.pk, other.pk} == set(Feed.objects.values_list("pk", flat=True))

    def test_nothing_due_starts_nothing(self) -> None:
        with mock.patch("lifestream.refresh.factories.ParserPool", side_effect=AssertionError("a parser was started")):
            assert self.refresh() == Report()
        assert str(Report()) == "0 feeds asked, 0 new, 0 changed, 0 failed"
        assert not Report().all_failed

    def test_a_lease_is_renewed_while_a_server_takes_its_time(self) -> None:
        renewed = threading.Event()
        whole = leases.renew

        def noted(*args: Any) -> int:
            renewed.set()
            return whole(*args)

        def waits(_: Request) -> Response:
            assert renewed.wait(PATIENCE)
            return feed()

        self.make_feed("/feed", waits)
        with override_settings(LIFESTREAM_LEASE=1), mock.patch("lifestream.scheduler.leases.renew", noted):
            assert self.refresh().new == 2


@pytest.mark.usefixtures("shared_parsers")
class TwoAtOnce(FeedServerTransactionTestCase):
    def test_two_refreshes_at_once_ask_each_feed_once(self) -> None:
        self.feedserver.add("/feed", Response(status=404))
        for number in range(40):
            make_feed(f"{self.get_url('/feed')}?{number}", next_fetch=START)
            self.feedserver.add(f"/feed?{number}", feed((f"item {number}",)))
        make_lifestream("main")
        reports: list[Report] = []

        def run() -> None:
            from django.db import connections

            try:
                reports.append(refresh(clock=Clock()))
            finally:
                connections.close_all()

        threads = [threading.Thread(target=run) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert sum(len(report.rows) for report in reports) == 40
        assert len({request.target for request in self.feedserver.requests}) == 40
        assert len(self.feedserver.requests) == 40
