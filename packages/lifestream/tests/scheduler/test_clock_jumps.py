"""Times that were written while a clock was ahead are corrected by the first refresh that notices it."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any, ClassVar

import pytest
from django.db import connection
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from factories import NOW, make_feed, make_item, make_post, make_subscription
from lifestream.message import say
from lifestream.models import Feed, Host, HubSubscription, Item, Post, Tally, due_hosts
from lifestream.refresh import refresh
from lifestream.scheduler import clock_jumps, leases
from lifestream.scheduler.schedule import DueTime, candidates_as_json

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
LEASE = timedelta(seconds=900)  # the default
AHEAD = NOW + DAY


@pytest.fixture
def ran_ahead() -> None:
    """Write the tally of a refresh that ended while the clock was a day ahead."""
    Tally.objects.add({"runs": 1}, AHEAD)


@pytest.mark.usefixtures("ran_ahead")
class TestFeeds:
    def test_feeds_that_were_fetched_while_the_clock_was_ahead_are_due_after_the_same_interval(self) -> None:
        feed = make_feed(next_fetch=AHEAD + HOUR, last_fetch=AHEAD, last_success=AHEAD, not_before=AHEAD + MINUTE)
        done = clock_jumps.bring_back(NOW)
        feed.refresh_from_db()
        assert done is not None
        assert done.feeds == 1
        assert (feed.next_fetch, feed.not_before) == (NOW + HOUR, NOW + MINUTE)
        assert (feed.last_fetch, feed.last_success) == (NOW, NOW)
        assert Host.objects.get().next_due == NOW + HOUR

    def test_the_last_success_of_a_feed_that_failed_while_the_clock_was_ahead_is_kept(self) -> None:
        feed = make_feed(next_fetch=AHEAD + HOUR, last_fetch=AHEAD, last_success=NOW - DAY, failures=2)
        clock_jumps.bring_back(NOW)
        feed.refresh_from_db()
        assert (feed.last_success, feed.not_before) == (NOW - DAY, None)

    def test_feeds_fetched_at_the_right_time_are_unchanged(self) -> None:
        feed = make_feed(next_fetch=NOW + 40 * DAY, last_fetch=NOW - HOUR)
        never = make_feed("https://example.com/new", last_fetch=None, next_fetch=NOW)
        clock_jumps.bring_back(NOW)
        for each in (feed, never):
            before = each.next_fetch, each.last_fetch
            each.refresh_from_db()
            assert (each.next_fetch, each.last_fetch) == before

    def test_feeds_that_were_added_while_the_clock_was_ahead_and_not_fetched_yet_are_due_now(self) -> None:
        added = make_feed(created=AHEAD, next_fetch=AHEAD)
        postponed = make_feed("https://example.com/later", created=NOW - DAY, next_fetch=AHEAD)
        done = clock_jumps.bring_back(NOW)
        assert done is not None and done.feeds == 1
        added.refresh_from_db()
        postponed.refresh_from_db()
        assert (added.next_fetch, postponed.next_fetch) == (NOW, AHEAD)

    def test_hosts_are_due_with_their_feeds(self) -> None:
        for number in range(3):
            make_feed(f"https://{number}.example.com/", next_fetch=AHEAD + number * HOUR, last_fetch=AHEAD)
        clock_jumps.bring_back(NOW)
        assert due_hosts.wrong("default") == []
        assert Feed.objects.due(NOW).count() == 1


@pytest.mark.usefixtures("ran_ahead")
class TestSkippedHours:
    SKIPPED: ClassVar[dict[str, Any]] = {"next_reason": say("feeds-skips", name="skipHours"), "last_fetch": NOW - HOUR}

    def test_a_feed_that_was_postponed_while_the_clock_was_ahead_is_due_when_it_was_before(self) -> None:
        asked = candidates_as_json([DueTime(NOW - MINUTE, "Retry-After"), DueTime(NOW + MINUTE, "ours")])
        later = AHEAD + HOUR
        make_feed(next_fetch=later, not_before=later, candidates=asked, **self.SKIPPED)
        done = clock_jumps.bring_back(NOW)
        assert done is not None and done.feeds == 1
        feed = Feed.objects.get()
        assert (feed.next_fetch, feed.not_before) == (NOW + MINUTE, NOW + MINUTE)
        assert feed.next_reason == "ours"
        assert due_hosts.wrong("default") == []

    def test_a_feed_that_was_edited_before_it_was_postponed_is_due_now(self) -> None:
        later = AHEAD + HOUR
        make_feed(next_fetch=later, not_before=later, candidates=[], **self.SKIPPED)
        done = clock_jumps.bring_back(NOW)
        assert done is not None and done.feeds == 1
        feed = Feed.objects.get()
        assert (feed.next_fetch, feed.not_before, feed.next_reason) == (NOW, NOW, "")
        assert due_hosts.wrong("default") == []

    def test_a_feed_that_skips_the_time_of_its_next_fetch_is_unchanged(self) -> None:
        later = NOW + 3 * DAY + timedelta(microseconds=1)
        candidates = candidates_as_json([DueTime(NOW, "ours"), DueTime(later, "skipDays")])
        make_feed(next_fetch=later, not_before=later, candidates=candidates, **self.SKIPPED)
        clock_jumps.bring_back(NOW)
        feed = Feed.objects.get()
        assert (feed.next_fetch, feed.not_before) == (later, later)


@pytest.mark.usefixtures("ran_ahead")
def test_searches_and_subscriptions_that_ended_while_the_clock_was_ahead_count_as_ended_now() -> None:
    make_feed(icon_checked=AHEAD, replacement_checked=AHEAD, idle_since=AHEAD)
    make_feed("https://example.com/right", icon_checked=NOW - DAY, replacement_checked=NOW - DAY, idle_since=NOW - DAY)
    clock_jumps.bring_back(NOW)
    checked = Feed.objects.order_by("pk").values_list("icon_checked", "replacement_checked", "idle_since")
    assert list(checked) == [(NOW,) * 3, (NOW - DAY,) * 3]


@pytest.mark.usefixtures("ran_ahead")
class TestPauses:
    def test_a_pause_that_a_host_asked_for_while_the_clock_was_ahead_lasts_as_long_from_now(self) -> None:
        for number in range(2):
            make_feed(f"https://example.com/{number}", next_fetch=NOW + HOUR, last_fetch=AHEAD - number * HOUR)
        Host.objects.update(not_before=AHEAD + MINUTE)
        clock_jumps.bring_back(NOW)
        assert Host.objects.get().not_before == NOW + MINUTE
        assert due_hosts.wrong("default") == []

    def test_a_pause_is_corrected_once_if_the_correction_is_interrupted_and_begins_again(self) -> None:
        for number in range(2):
            make_feed(f"https://example.com/{number}", next_fetch=AHEAD + HOUR, last_fetch=AHEAD)
        Host.objects.update(not_before=AHEAD + 3 * DAY)

        def interrupt(execute: Any, sql: str, *arguments: Any) -> Any:
            if sql.startswith('UPDATE "lifestream_feed"'):
                raise KeyboardInterrupt
            return execute(sql, *arguments)

        with connection.execute_wrapper(interrupt), pytest.raises(KeyboardInterrupt):
            clock_jumps.bring_back(NOW)
        done = clock_jumps.bring_back(NOW)
        assert done is not None and done.feeds == 2
        assert Host.objects.get().not_before == NOW + 3 * DAY
        assert due_hosts.wrong("default") == []

    def test_a_pause_that_a_host_asked_for_at_the_right_time_is_unchanged(self) -> None:
        make_feed("https://a.example/", last_fetch=NOW - HOUR)
        make_feed("https://b.example/", last_fetch=AHEAD)
        Host.objects.filter(name="a.example").update(not_before=NOW + 2 * DAY)
        Host.objects.filter(name="b.example").update(not_before=NOW + HOUR)
        clock_jumps.bring_back(NOW)
        assert dict(Host.objects.values_list("name", "not_before")) == {
            "a.example": NOW + 2 * DAY,
            "b.example": NOW + HOUR,
        }


def test_a_machine_whose_own_clock_is_behind_corrects_nothing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    true = timezone.now()
    monkeypatch.setattr(timezone, "now", lambda: true - DAY)
    Tally.objects.add({"runs": 1}, true)
    feed = make_feed(next_fetch=true + HOUR, last_fetch=true, not_before=true + HOUR)
    with caplog.at_level(logging.WARNING):
        assert clock_jumps.bring_back(true - DAY) is None
    feed.refresh_from_db()
    assert (feed.last_fetch, feed.next_fetch, feed.not_before) == (true, true + HOUR, true + HOUR)
    assert [record.getMessage() for record in caplog.records] == [
        "the clock of this machine is 1 day behind the database's; set it by NTP"
    ]


@pytest.mark.usefixtures("ran_ahead")
def test_the_lease_of_a_worker_that_died_while_the_clock_was_ahead_has_the_usual_length() -> None:
    make_feed()
    [claimed] = leases.claim(AHEAD, 1)
    done = clock_jumps.bring_back(NOW)
    assert done is not None
    assert done.leases == 1
    feed, host = Feed.objects.get(), Host.objects.get()
    assert feed.claim_token == host.token == claimed.token
    assert feed.claimed_until == host.held_until == host.next_due == NOW + LEASE
    assert due_hosts.wrong("default") == []
    assert leases.claim(NOW + LEASE - MINUTE, 1) == []
    assert len(leases.claim(NOW + LEASE + MINUTE, 1)) == 1


@pytest.mark.usefixtures("ran_ahead")
def test_items_that_were_dated_by_the_clock_while_it_was_ahead_are_dated_now() -> None:
    feed = make_feed()
    subscription = make_subscription(feed)
    ahead = make_item(feed, guid="ahead", date=AHEAD, first_seen=AHEAD)
    old = make_item(feed, guid="old", date=NOW - DAY, first_seen=AHEAD)
    early = make_item(feed, guid="early", date=AHEAD, first_seen=NOW)  # its author gave it this date
    for item in (ahead, old, early):
        make_post(item, subscription)
    done = clock_jumps.bring_back(NOW)
    assert done is not None
    assert done.items == 1
    assert dict(Item.objects.values_list("guid", "date")) == {"ahead": NOW, "old": NOW - DAY, "early": AHEAD}
    assert dict(Post.objects.values_list("item__guid", "date")) == {"ahead": NOW, "old": NOW - DAY, "early": AHEAD}


@pytest.mark.usefixtures("ran_ahead")
class TestHubs:
    def test_a_lease_that_a_hub_gave_while_the_clock_was_ahead_is_renewed_now(self) -> None:
        feed = make_feed(push_until=AHEAD + 10 * DAY)
        times = {"last_request": AHEAD, "next_request": AHEAD + 9 * DAY, "lease_until": AHEAD + 10 * DAY}
        HubSubscription.objects.create(feed=feed, hub="https://hub.example/", topic=feed.url, state="active", **times)
        clock_jumps.bring_back(NOW)
        feed.refresh_from_db()
        subscription = HubSubscription.objects.get()
        assert (subscription.last_request, subscription.next_request) == (NOW, NOW)
        assert subscription.lease_until == feed.push_until == NOW + 10 * DAY

    def test_a_hub_that_did_not_answer_while_the_clock_was_ahead_is_asked_now(self) -> None:
        feed = make_feed()
        times = {"last_request": AHEAD, "next_request": AHEAD + 7 * DAY, "attempts": 9}
        HubSubscription.objects.create(feed=feed, hub="https://hub.example/", topic=feed.url, **times)
        clock_jumps.bring_back(NOW)
        subscription = HubSubscription.objects.get()
        assert (subscription.next_request, subscription.attempts, subscription.lease_until) == (NOW, 0, None)

    def test_a_hub_that_was_found_while_the_clock_was_ahead_and_not_asked_yet_is_asked_now(self) -> None:
        feed = make_feed()
        HubSubscription.objects.create(feed=feed, hub="https://hub.example/", next_request=AHEAD, created=AHEAD)
        clock_jumps.bring_back(NOW)
        assert HubSubscription.objects.values_list("next_request", "last_request").get() == (NOW, None)

    def test_a_subscription_that_was_requested_at_the_right_time_is_unchanged(self) -> None:
        feed = make_feed(push_until=NOW + 10 * DAY)
        times = {"last_request": NOW, "next_request": NOW + 9 * DAY, "lease_until": NOW + 10 * DAY}
        HubSubscription.objects.create(feed=feed, hub="https://hub.example/", topic=feed.url, state="active", **times)
        clock_jumps.bring_back(NOW)
        feed.refresh_from_db()
        assert HubSubscription.objects.values("last_request", "next_request", "lease_until").get() == times
        assert feed.push_until == NOW + 10 * DAY


class TestNoticing:
    def test_a_clock_that_is_right_costs_one_query(self, django_assert_num_queries: DjangoAssertNumQueries) -> None:
        for last in (None, NOW - DAY, NOW + MINUTE / 2):
            Tally.objects.all().delete()
            if last is not None:
                Tally.objects.add({"runs": 1}, last)
            with django_assert_num_queries(1):
                assert clock_jumps.bring_back(NOW) is None

    @pytest.mark.usefixtures("ran_ahead")
    def test_a_clock_that_was_ahead_is_reported_once(self, caplog: pytest.LogCaptureFixture) -> None:
        make_feed(next_fetch=AHEAD + HOUR, last_fetch=AHEAD)
        with caplog.at_level(logging.WARNING):
            clock_jumps.bring_back(NOW)
            clock_jumps.bring_back(NOW + MINUTE)
        [record] = caplog.records
        assert record.getMessage() == (
            "a clock was 1 day ahead while feeds were updated: 1 feeds, 0 leases and 0 items were brought back to the "
            "true time; see that all machines set their clocks by NTP"
        )

    @pytest.mark.usefixtures("ran_ahead")
    def test_times_of_a_clock_that_stays_wrong_are_corrected_once_per_lease(self) -> None:
        clock_jumps.bring_back(NOW)
        make_feed(next_fetch=AHEAD + HOUR, last_fetch=AHEAD)
        for after, is_mended in ((MINUTE, False), (LEASE + MINUTE, True)):
            Tally.objects.add({"runs": 1}, AHEAD)
            assert (clock_jumps.bring_back(NOW + after) is not None) == is_mended

    @pytest.mark.usefixtures("ran_ahead")
    @pytest.mark.parametrize("table", ["lifestream_feed", "lifestream_item", "lifestream_hubsubscription"])
    def test_a_correction_that_was_interrupted_is_finished_by_a_later_refresh(self, table: str) -> None:
        feed = make_feed(next_fetch=AHEAD + HOUR, last_fetch=AHEAD)
        make_item(feed, date=AHEAD, first_seen=AHEAD)
        HubSubscription.objects.create(feed=feed, hub="https://hub.example/", last_request=AHEAD, next_request=AHEAD)

        def interrupt(execute: Any, sql: str, *arguments: Any) -> Any:
            if sql.startswith(f'UPDATE "{table}"'):
                raise KeyboardInterrupt
            return execute(sql, *arguments)

        with connection.execute_wrapper(interrupt), pytest.raises(KeyboardInterrupt):
            clock_jumps.bring_back(NOW)
        Tally.objects.add({"runs": 1}, NOW)  # the refresh of another worker ends
        clock_jumps.bring_back(NOW + MINUTE)
        assert Feed.objects.get().next_fetch in (NOW + HOUR, NOW + HOUR + MINUTE)
        assert Item.objects.get().date in (NOW, NOW + MINUTE)
        assert HubSubscription.objects.get().next_request in (NOW, NOW + MINUTE)
        assert clock_jumps.bring_back(NOW + 2 * MINUTE) is None

    @pytest.mark.usefixtures("ran_ahead")
    def test_a_refresh_corrects_the_times(self) -> None:
        feed = make_feed(next_fetch=AHEAD + HOUR, last_fetch=AHEAD)
        refresh(clock=lambda: NOW)
        feed.refresh_from_db()
        assert feed.next_fetch == NOW + HOUR


def test_the_feeds_of_all_chunks_are_corrected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock_jumps, "_CHUNK", 2)
    Tally.objects.add({"runs": 1}, AHEAD)
    for number in range(5):
        make_feed(f"https://example.com/{number}", next_fetch=AHEAD + HOUR, last_fetch=AHEAD + number * MINUTE)
    done = clock_jumps.bring_back(NOW)
    assert done is not None
    assert done.feeds == 5
    assert [feed.next_fetch for feed in Feed.objects.order_by("pk")] == [
        NOW + HOUR - number * MINUTE for number in range(5)
    ]
