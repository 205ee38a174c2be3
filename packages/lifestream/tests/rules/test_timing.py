"""Rules 7 to 18: no request is sent before the server, the feed and our own limits allow it, and none is forgotten."""

from __future__ import annotations

import threading
import time
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connections
from django.test import override_settings

from factories import make_feed, make_lifestream, make_subscription
from feedserver import FeedServer, Request, Response
from lifestream.fetcher.request_options import DIRECT
from lifestream.models import Feed, Host
from lifestream.refresh import refresh
from lifestream.refresh.opml import Outline, subscribe_to
from lifestream.storage.feed_options import FeedOptions
from programs import PATIENCE
from rules.ruled import RuleTestCase, RuleTransactionTestCase
from served import START, Clock, feed, rss

HOUR = 3600.0
DAY = 86400.0


def http_date(moment: str) -> str:
    """Return a date of the day on which the clock begins."""
    return f"Sun, 01 Mar 2026 {moment} GMT"


class Freshness(RuleTestCase):
    @pytest.mark.rule(7)
    def test_no_request_before_max_age_less_age_is_over(self) -> None:
        self.subscribe("/feed", feed(Cache_Control="public, max-age=7200", Age="600"))
        self.refresh()
        self.assert_waits(6600)

    @pytest.mark.rule(8)
    def test_expires_alone_is_honoured_relative_to_date(self) -> None:
        year_ago = {"Date": "Sat, 01 Mar 2025 09:00:00 GMT", "Expires": "Sat, 01 Mar 2025 12:00:00 GMT"}
        self.subscribe("/feed", Response(rss("one"), headers=year_ago))
        self.refresh()
        self.assert_waits(3 * HOUR)

    @pytest.mark.rule(8)
    def test_an_expires_that_is_no_date_means_stale(self) -> None:
        fresh = feed(Cache_Control="max-age=7200", ETag='"v1"')
        self.subscribe("/feed", fresh, Response(status=304, headers={"Expires": "0"}), feed())
        self.refresh()
        self.assert_waits(2 * HOUR)
        self.assert_waits(HOUR, early=False)  # an Expires that was ignored would leave the max-age in force

    @pytest.mark.rule(8)
    def test_expires_gives_way_to_max_age(self) -> None:
        later = {"Date": http_date("09:00:00"), "Expires": http_date("12:00:00")}
        self.subscribe("/feed", Response(rss("one"), headers={**later, "Cache-Control": "max-age=7200"}))
        self.refresh()
        self.assert_waits(2 * HOUR)

    @pytest.mark.rule(9)
    def test_a_max_age_of_ten_years_is_capped(self) -> None:
        self.subscribe("/feed", feed(Cache_Control="max-age=315360000"))
        self.refresh()
        self.assert_waits(7 * DAY)

    @pytest.mark.rule(9)
    def test_a_max_age_of_0_does_not_go_below_our_own_minimum(self) -> None:
        self.subscribe("/feed", feed(Cache_Control="max-age=0", ETag='"v1"'))
        self.refresh()
        self.assert_waits(HOUR, early=False)
        assert self.last().headers["If-None-Match"] == '"v1"'


class Pauses(RuleTestCase):
    def assert_pauses(self, status: int, retry_after: str, seconds: float) -> None:
        # This is the sixth error in a row: our own gap would be 32 hours.
        self.subscribe("/feed", Response(status=status, headers={"Retry-After": retry_after}), feed(), failures=5)
        assert self.refresh_one().failed
        self.assert_waits(seconds)

    @pytest.mark.rule(10)
    def test_a_429_is_left_alone_for_the_seconds_of_its_retry_after(self) -> None:
        self.assert_pauses(429, "7200", 2 * HOUR)

    @pytest.mark.rule(10)
    def test_a_429_is_left_alone_until_the_date_of_its_retry_after(self) -> None:
        headers = {"Date": http_date("09:00:00"), "Retry-After": http_date("12:00:00")}
        self.subscribe("/feed", Response(status=429, headers=headers), feed())
        self.refresh()
        self.assert_waits(3 * HOUR)

    @pytest.mark.rule(11)
    def test_a_503_is_left_alone_for_the_seconds_of_its_retry_after(self) -> None:
        self.assert_pauses(503, "7200", 2 * HOUR)

    @pytest.mark.rule(11)
    def test_a_503_is_left_alone_until_the_date_of_its_retry_after(self) -> None:
        headers = {"Date": http_date("09:00:00"), "Retry-After": http_date("12:00:00")}
        self.subscribe("/feed", Response(status=503, headers=headers), feed())
        self.refresh()
        self.assert_waits(3 * HOUR)

    @pytest.mark.rule(12)
    def test_after_a_429_without_retry_after_the_gaps_grow_from_an_hour(self) -> None:
        self.subscribe("/feed", Response(status=429))
        self.refresh()
        assert len(self.asked()) == 1, "it was asked again at once"
        for hours in (1, 2, 4):
            self.assert_waits(hours * HOUR, early=False)

    @pytest.mark.slow
    @pytest.mark.rule(13)
    def test_a_429_pauses_the_other_feeds_of_its_host(self) -> None:
        self.subscribe("/busy", Response(status=429, headers={"Retry-After": "7200"}))
        for number in range(5):
            self.subscribe(f"/{number}", feed(), next_fetch=START + timedelta(minutes=number))
        with override_settings(LIFESTREAM_PER_HOST=1):
            for minutes in (0, 1, 118):
                self.clock.move(minutes=minutes)
                self.refresh()
                self.refresh(early=True)
                assert [request.path for request in self.asked()] == ["/busy"]
            self.clock.move(minutes=1)
            self.refresh()
        assert len(self.asked()) == 7

    @pytest.mark.rule(13)
    def test_the_pause_is_shared_by_all_workers(self) -> None:
        busy = self.subscribe("/busy", Response(status=429, headers={"Retry-After": "7200"}))
        sibling = self.subscribe("/sibling", feed(), next_fetch=START + timedelta(minutes=1))
        elsewhere = make_feed(f"http://127.0.0.2:{self.port}/x", next_fetch=START + timedelta(minutes=1))
        self.refresh()
        self.clock.move(minutes=1)
        assert Host.objects.get(feeds=busy).not_before == START + timedelta(hours=2)
        due = Feed.objects.due(self.clock.now)
        assert sibling not in due
        assert elsewhere in due

    @pytest.mark.slow
    @pytest.mark.rule(13)
    @override_settings(LIFESTREAM_PER_HOST=1)
    def test_a_429_behind_a_redirect_pauses_the_host_that_sent_it_and_no_other(self) -> None:
        with FeedServer() as elsewhere:
            elsewhere.add("/busy", Response(status=429, headers={"Retry-After": "7200"}), feed())
            elsewhere.add("/sibling", feed())
            away = Response(status=302, headers={"Location": elsewhere.url("/busy")})
            self.subscribe("/away", away)
            for number in range(3):
                self.subscribe(f"/{number}", feed(), next_fetch=START + timedelta(seconds=number))
            make_feed(elsewhere.url("/sibling"), next_fetch=START + timedelta(minutes=5))
            for minutes in (1, 4):
                self.clock.move(minutes=minutes)
                self.refresh()
            assert sorted(request.path for request in self.asked()) == ["/0", "/1", "/2", "/away"]
            assert [request.path for request in elsewhere.requests] == ["/busy"]
            self.clock.move(hours=2)
            self.refresh()
            assert sorted(request.path for request in elsewhere.requests) == ["/busy", "/busy", "/sibling"]

    @pytest.mark.rule(13)
    @override_settings(LIFESTREAM_PER_HOST=1)
    def test_a_429_through_the_own_proxy_of_a_feed_pauses_that_feed_alone(self) -> None:
        # The proxy may limit its own clients: nobody knows whether the host has answered.
        busy = self.subscribe("/busy", Response(status=429, headers={"Retry-After": "7200"}))
        Feed.objects.filter(pk=busy.pk).update(options=FeedOptions(proxy=self.feedserver.base_url).as_json())
        for number in range(3):
            self.subscribe(f"/{number}", feed(), next_fetch=START + timedelta(seconds=number))
        self.clock.move(seconds=3)
        self.refresh()
        assert sorted(request.path for request in self.asked()) == ["/0", "/1", "/2", "/busy"]
        assert Host.objects.get(feeds=busy).not_before is None
        busy.refresh_from_db()
        assert busy.not_before == self.clock.now + timedelta(hours=2)

    @pytest.mark.rule(13)
    @override_settings(LIFESTREAM_PER_HOST=1)
    def test_a_429_to_a_feed_that_goes_without_a_proxy_pauses_its_host(self) -> None:
        busy = self.subscribe("/busy", Response(status=429, headers={"Retry-After": "7200"}))
        Feed.objects.filter(pk=busy.pk).update(options=FeedOptions(proxy=DIRECT).as_json())
        self.refresh()
        assert Host.objects.get(feeds=busy).not_before == START + timedelta(hours=2)

    @pytest.mark.rule(13)
    @override_settings(LIFESTREAM_PAUSE_SCOPE="feed", LIFESTREAM_PER_HOST=1)
    def test_the_scope_of_a_pause_can_be_set_to_the_feed_alone(self) -> None:
        self.subscribe("/busy", Response(status=429, headers={"Retry-After": "7200"}))
        for number in range(3):
            self.subscribe(f"/{number}", feed(), next_fetch=START + timedelta(seconds=number))
        self.clock.move(seconds=3)
        self.refresh()
        assert len(self.asked()) == 4
        self.clock.move(minutes=61)
        self.refresh()
        assert Counter(request.path for request in self.asked()) == {"/busy": 1, "/0": 2, "/1": 2, "/2": 2}


class Errors(RuleTestCase):
    @pytest.mark.slow
    @pytest.mark.rule(14)
    def test_requests_after_errors_in_a_row_are_further_apart_up_to_a_week_and_never_end(self) -> None:
        made = self.subscribe("/feed", Response(status=500))
        gaps, reasons = [], []
        for _ in range(12):
            row = self.refresh_next(made)
            assert row.failed and row.next_at is not None
            gaps.append((row.next_at - self.clock.now).total_seconds() / HOUR)
            reasons.append(row.reason)
        assert gaps == [1, 2, 4, 8, 16, 32, 64, 128, 168, 168, 168, 168]
        assert reasons[-1] == "12 errors in a row, 7 days apart"

    @pytest.mark.rule(14)
    def test_a_success_ends_the_row_of_errors(self) -> None:
        made = self.subscribe("/feed", *[Response(status=500)] * 3, feed(), Response(status=500))
        reasons = [self.refresh_next(made).reason for _ in range(5)]
        assert reasons[2] == "3 errors in a row, 4 hours apart"
        assert reasons[4] == "1 error in a row, 1 hour apart"

    @pytest.mark.rule(14)
    def test_a_request_without_any_answer_counts_as_an_error_too(self) -> None:
        made = self.subscribe("/feed")
        self.feedserver.refuse()
        assert [self.refresh_next(made).reason for _ in range(2)] == [
            "1 error in a row, 1 hour apart",
            "2 errors in a row, 2 hours apart",
        ]


class WhatFeedsAskFor(RuleTestCase):
    def subscribe_to(self, head: str) -> None:
        body = rss("one", head=head).replace("<rss ", "<rss xmlns:sy='http://purl.org/rss/1.0/modules/syndication/' ")
        self.subscribe("/feed", Response(body))
        self.refresh()

    @pytest.mark.rule(15)
    def test_a_ttl_is_a_minimum(self) -> None:
        self.subscribe_to("<ttl>180</ttl>")
        self.assert_waits(3 * HOUR)
        self.assert_waits(3 * HOUR)

    @pytest.mark.slow
    @pytest.mark.rule(15)
    def test_a_ttl_is_a_minimum_after_an_error_too(self) -> None:
        self.subscribe("/feed", Response(rss("one", head="<ttl>180</ttl>")), Response(status=500), feed())
        self.refresh()
        self.assert_waits(3 * HOUR)
        self.assert_waits(3 * HOUR)

    @pytest.mark.rule(15)
    def test_a_ttl_of_a_minute_does_not_shorten_our_own_interval(self) -> None:
        self.subscribe_to("<ttl>1</ttl>")
        self.assert_waits(HOUR, early=False)

    @pytest.mark.rule(15)
    def test_an_update_period_over_its_frequency_is_a_minimum(self) -> None:
        self.subscribe_to("<sy:updatePeriod>daily</sy:updatePeriod><sy:updateFrequency>4</sy:updateFrequency>")
        self.assert_waits(6 * HOUR)

    @pytest.mark.rule(15)
    def test_no_request_is_sent_in_several_hours_that_the_feed_skips(self) -> None:
        self.subscribe_to("<skipHours><hour>13</hour><hour>14</hour><hour>15</hour></skipHours>")
        self.assert_waits(4 * HOUR)

    @pytest.mark.rule(15)
    def test_no_request_is_sent_on_the_days_that_the_feed_skips(self) -> None:
        self.clock.now = START + timedelta(hours=11, minutes=30)  # Sunday, late
        self.subscribe_to("<skipDays><day>Monday</day><day>Tuesday</day></skipDays>")
        self.assert_waits(48.5 * HOUR)


class ConcurrencyCounter:
    """Answers requests when *enough* of them wait at once, and records the most that ever waited at once."""

    def __init__(self, enough: int) -> None:
        self.barrier = threading.Barrier(enough)
        self.lock = threading.Lock()
        self.now = self.most = 0

    def __call__(self, _: Request) -> Response:
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)
        self.barrier.wait(PATIENCE)
        with self.lock:
            self.now -= 1
        return Response(status=404)


class Budgets(RuleTestCase):
    @pytest.mark.slow
    @pytest.mark.rule(16)
    def test_fifty_feeds_of_one_host_are_asked_two_at_once(self) -> None:
        answer = ConcurrencyCounter(2)
        for number in range(50):
            self.subscribe(f"/{number}", answer)
        self.refresh()
        assert len(self.asked()) == 50
        assert answer.most == 2

    @pytest.mark.slow
    @pytest.mark.rule(16)
    @override_settings(LIFESTREAM_PER_HOST_RATE=40)
    def test_fifty_feeds_of_one_host_are_requested_at_a_limited_rate(self) -> None:
        for number in range(50):
            self.subscribe(f"/{number}", Response(status=404))
        began = time.monotonic()
        self.refresh()
        assert len(self.asked()) == 50
        assert time.monotonic() - began >= 49 / 40

    @pytest.mark.slow
    @pytest.mark.rule(17)
    def test_a_restart_asks_for_nothing_that_is_not_due(self) -> None:
        for number in range(20):
            self.subscribe(f"/{number}", feed((f"{number}",)))
        self.refresh()
        for _ in range(3):  # each is a run of its own, as of a process that has just begun
            assert self.refresh().rows == ()
        assert len(self.asked()) == 20

    @pytest.mark.slow
    @pytest.mark.rule(17)
    @override_settings(LIFESTREAM_JITTER=0.1)
    def test_feeds_that_were_fetched_together_are_spread_the_next_time(self) -> None:
        outlines = [Outline(self.get_url(f"/{number}")) for number in range(60)]
        for number in range(60):
            self.feedserver.add(f"/{number}", feed((f"{number}",)))
        subscribe_to(make_lifestream(), outlines)
        Feed.objects.update(next_fetch=START)
        self.refresh()
        assert len(self.asked()) == 60
        self.clock.move(seconds=HOUR - 1)
        assert self.refresh().rows == ()
        minutes: list[int] = []
        for _ in range(7):
            self.clock.move(minutes=1)
            minutes.append(len(self.refresh().rows))
        assert sum(minutes) == 60
        assert max(minutes) < 40


class Together(RuleTransactionTestCase):
    @pytest.mark.slow
    @pytest.mark.rule(18)
    def test_two_workers_send_each_request_once(self) -> None:
        for number in range(20):
            self.subscribe(f"/{number}", feed((f"{number}",)))
        self.at_once(lambda: refresh(clock=Clock()))
        assert Counter(request.path for request in self.asked()) == {f"/{number}": 1 for number in range(20)}

    @pytest.mark.rule(18)
    def test_two_subscribers_are_served_by_one_request(self) -> None:
        made = self.subscribe("/feed", feed())
        other = make_subscription(made)
        self.refresh()
        assert len(self.asked()) == 1
        assert other.posts.count() == 2

    @pytest.mark.rule(18)
    def test_a_second_subscriber_of_a_url_adds_no_feed(self) -> None:
        self.feedserver.add("/feed", feed())
        for slug in ("one", "two"):
            make_lifestream(slug)
            call_command("add_feed", self.get_url("/feed"), lifestream=slug, verbosity=0)
        assert Feed.objects.count() == 1
        assert len(self.asked()) == 1

    def at_once(self, run: Any) -> None:
        """Call *run* in two threads."""

        def work() -> None:
            try:
                run()
            finally:
                connections.close_all()

        threads = [threading.Thread(target=work) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
