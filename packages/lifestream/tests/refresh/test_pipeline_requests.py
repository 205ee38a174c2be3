"""The pipeline: the feeds that are requested, the number of concurrent requests, and the end of a refresh."""

from __future__ import annotations

import sys
import threading
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from unittest import mock

import pytest
from django.test import override_settings

from download_case import ConcurrencyCounter, last_asked
from factories import make_feed, make_lifestream
from feedserver import FeedServer, Pattern, Request, Response, gone
from feedserver.django import FeedServerTransactionTestCase
from lifestream.fetcher.address_guard import AddressGuard
from lifestream.models import Feed, Host
from lifestream.refresh import refresh, work_loop
from lifestream.refresh.refresh_report import FeedReport, Report
from lifestream.scheduler import leases
from programs import PATIENCE
from refresh_case import HOUR, RefreshTestCase
from served import START, Clock, feed, rss, watched_processes


@pytest.mark.usefixtures("shared_parsers")
class WhatIsAsked(RefreshTestCase):
    def test_only_due_feeds_are_requested(self) -> None:
        due = self.make_feed("/due", feed())
        self.make_feed("/later", next_fetch=START + HOUR)
        self.make_feed("/paused", status=Feed.Status.PAUSED)
        self.make_feed("/gone", status=Feed.Status.GONE)
        assert [row.feed for row in self.refresh().rows] == [due.pk]

    def test_of_named_feeds_only_the_due_ones_are_requested(self) -> None:
        named = self.make_feed("/named", feed())
        later = self.make_feed("/later", next_fetch=START + HOUR)
        self.make_feed("/other")
        assert [row.feed for row in self.refresh([named.pk, later.pk]).rows] == [named.pk]

    def test_early_skips_only_our_own_interval(self) -> None:
        asked = self.make_feed("/asked", feed(), next_fetch=START + HOUR)
        self.make_feed("/max-age", next_fetch=START + HOUR, not_before=START + HOUR)
        self.make_feed("/paused", status=Feed.Status.PAUSED)
        self.make_feed("/gone", status=Feed.Status.GONE)
        assert [row.feed for row in self.refresh(early=True).rows] == [asked.pk]

    def test_a_max_age_is_respected_even_with_early(self) -> None:
        self.make_feed("/feed", feed(Cache_Control="max-age=7200"))
        self.refresh()
        self.clock.move(hours=1, minutes=59)
        assert self.refresh(early=True).rows == ()
        self.clock.move(minutes=1)
        assert len(self.refresh(early=True).rows) == 1

    def test_each_feed_is_requested_once_in_a_refresh_however_soon_it_is_due_again(self) -> None:
        self.make_feed("/feed", feed())
        with override_settings(LIFESTREAM_MIN_INTERVAL=0):
            assert len(self.refresh().rows) == 1
            assert len(self.refresh(early=True).rows) == 1
        assert len(self.feedserver.requests) == 2

    def test_a_429_pauses_the_other_feeds_of_its_host_and_they_stay_due(self) -> None:
        busy = self.make_feed("/busy", Response(status=429, headers={"Retry-After": "7200"}))
        due = {"next_fetch": START + timedelta(seconds=1), "claim_token": ""}
        others = [self.make_feed(f"/{number}", **due).pk for number in range(4)]
        self.clock.move(seconds=1)
        with override_settings(LIFESTREAM_PER_HOST=1):
            report = self.refresh()
        assert [row.feed for row in report.rows] == [busy.pk]
        assert report.skipped == 4
        assert len(self.feedserver.requests) == 1
        assert Host.objects.get(feeds=busy).not_before == self.clock.now + 2 * HOUR
        assert Feed.objects.filter(pk__in=others, **due).count() == 4
        self.clock.move(hours=1)
        assert self.refresh(early=True).rows == ()

    def test_all_feeds_of_a_host_are_fetched_even_if_they_are_more_than_one_claim(self) -> None:
        self.feedserver.add(Pattern("/feed/<number>"), Response(status=404))
        made = [make_feed(self.get_url(f"/feed/{number}"), next_fetch=START) for number in range(11)]
        with override_settings(LIFESTREAM_CONCURRENCY=2):
            for early in (False, True):
                rows = self.refresh(early=early).rows
                assert sorted(row.feed for row in rows) == sorted(each.pk for each in made)
                self.clock.move(hours=1)

    def test_the_number_of_concurrent_requests_to_a_host_is_limited(self) -> None:
        answer = ConcurrencyCounter(2, last_asked(self.feedserver))
        for number in range(10):
            self.make_feed(f"/{number}", answer)
        make_feed(self.get_url("/last").replace("127.0.0.1", "localhost"), next_fetch=START + timedelta(seconds=1))
        self.clock.move(seconds=1)
        assert len(self.refresh().rows) == 11
        assert answer.most == 2

    def test_no_request_is_sent_to_an_address_that_the_guard_refuses(self) -> None:
        self.make_feed("/feed")
        [row] = self.refresh(guard=AddressGuard()).rows
        assert row.message.startswith("127.0.0.1 is a loopback address")
        assert self.feedserver.requests == []


@pytest.mark.usefixtures("shared_parsers")
class ManyFeedsOfOneHost(RefreshTestCase):
    """More feeds of one host than are claimed together: no other host waits for them, nor they for another host."""

    def setUp(self) -> None:
        super().setUp()
        self.crowd_asked, self.other_asked = threading.Semaphore(0), threading.Event()
        self.other = self.enterContext(FeedServer(callable_timeout=PATIENCE))
        make_feed(self.other.url("/feed"), next_fetch=START)

    def make_crowd(self, count: int, answer: Callable[[Request], Response]) -> None:
        for number in range(count):
            self.make_feed(f"/{number}", answer, next_fetch=START - timedelta(minutes=1))

    @pytest.mark.slow
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
        assert Counter(row.status for row in report.rows) == {404: 120, 200: 1}, "the time of no request was up"
        assert all(waited)

    @pytest.mark.slow
    def test_wait_for_no_other_host(self) -> None:
        def crowd(_: Request) -> Response:
            self.crowd_asked.release()
            return Response(status=404)

        def other(_: Request) -> Response:
            return feed() if all(self.crowd_asked.acquire(timeout=PATIENCE) for _ in range(120)) else gone()

        self.make_crowd(120, crowd)
        self.other.add("/feed", other)
        assert Counter(row.outcome for row in self.refresh().rows) == {"failed": 120, "new": 1}


@pytest.mark.usefixtures("shared_parsers")
@pytest.mark.skipif(sys.platform == "darwin", reason="127.0.0.1 is the only loopback address there")
class WhatIsClaimedMeanwhile(RefreshTestCase):
    def test_results_that_wait_to_be_written_keep_no_other_feed_waiting(self) -> None:
        hosts = [
            self.enterContext(FeedServer(host=f"127.0.0.{number}", callable_timeout=2 * PATIENCE))
            for number in range(2, 11)
        ]
        asked: list[Request] = []
        all_asked = threading.Event()
        waited: list[bool] = []

        def answer(request: Request) -> Response:
            asked.append(request)  # a list is appended to by one thread at a time
            if len(asked) == len(hosts):
                all_asked.set()
            elif len(asked) == 8:
                waited.append(all_asked.wait(PATIENCE))
            return gone()

        # Eight feeds are claimed at first: seven are answered at once, and one when the ninth is requested.
        for host in hosts:
            host.add("/feed", answer)
            make_feed(host.url("/feed"), next_fetch=START)
        with (
            override_settings(LIFESTREAM_CONCURRENCY=2),
            mock.patch.object(work_loop, "_PATIENCE", 2 * PATIENCE),  # results wait for others, and are not written
        ):
            report = self.refresh()
        assert waited == [True]
        # If the ninth feed had to wait, the time for the eighth one would have been up.
        assert Counter(row.outcome for row in report.rows) == {"gone": 9}


class HowItEnds(RefreshTestCase):
    @pytest.mark.slow
    def test_progress_is_reported_feed_by_feed(self) -> None:
        made = {self.make_feed(f"/{number}", feed((f"{number}",))).pk for number in range(3)}
        reported: list[FeedReport] = []
        report = self.refresh(progress=reported.append)
        assert {row.feed for row in reported} == made
        assert tuple(reported) == report.rows

    @pytest.mark.slow
    def test_no_thread_and_no_process_is_left(self) -> None:
        before = set(threading.enumerate())
        self.make_feed("/feed", feed())
        with watched_processes() as started:
            self.refresh()
        assert started
        assert all(process.poll() is not None for process in started)
        assert set(threading.enumerate()) <= before

    @pytest.mark.slow
    def test_stopping_gives_up_running_fetches_and_their_feeds_stay_due(self) -> None:
        stopping = threading.Event()

        def stalled(_: Request) -> Response:
            stopping.set()
            return Response(rss("late"), delay=60)

        made = self.make_feed("/slow", stalled)
        report = self.refresh(stopping=stopping)
        made.refresh_from_db()
        assert (report.rows, report.skipped) == ((), 1)
        assert (made.claim_token, made.claimed_until, made.next_fetch) == ("", None, START)

    @pytest.mark.slow
    def test_an_error_in_the_caller_releases_all_claims(self) -> None:
        self.make_feed("/feed", feed())
        slow = self.make_feed("/slow", Response(rss("late"), delay=60))

        def broken(row: FeedReport) -> None:
            raise LookupError("the progress bar broke")

        with pytest.raises(LookupError):
            self.refresh(progress=broken)
        assert set(Feed.objects.values_list("claim_token", flat=True)) == {""}
        slow.refresh_from_db()
        assert (slow.claimed_until, slow.next_fetch) == (None, START)

    def test_nothing_due_starts_nothing(self) -> None:
        with mock.patch("lifestream.refresh.factories.ParserPool", side_effect=AssertionError("a parser was started")):
            assert self.refresh() == Report()
        assert str(Report()) == "0 feeds asked, 0 new, 0 changed, 0 failed"
        assert not Report().all_failed

    @pytest.mark.slow
    def test_a_lease_is_renewed_while_a_server_is_slow(self) -> None:
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
    @pytest.mark.slow
    def test_two_concurrent_refreshes_request_each_feed_once(self) -> None:
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
