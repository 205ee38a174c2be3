"""The state of the site in numbers."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import override_settings

from factories import NOW, make_feed, make_item, make_subscription
from lifestream.models import Feed, Host, Tally
from lifestream.operations.health import health, is_late, why_not_ready

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def due(when: datetime, **fields: Any) -> Feed:
    feed = make_feed(next_fetch=when, **fields)
    make_subscription(feed)
    return feed


def test_an_empty_site_is_healthy() -> None:
    found = health(NOW)
    assert (found.feeds, found.failing, found.due_hosts, found.oldest_due, found.items) == ({}, 0, 0, None, 0)
    assert not list(found.alarms)
    assert found.size > 0


def test_feeds_are_counted_by_their_status() -> None:
    due(NOW + DAY)
    make_feed(status=Feed.Status.GONE)
    make_item()
    found = health(NOW)
    assert found.feeds == {"active": 2, "gone": 1}
    assert found.items == 1


def test_a_feed_that_nobody_fetches_is_an_alarm_after_an_hour() -> None:
    due(NOW - timedelta(minutes=59))
    assert not list(health(NOW).alarms)
    Feed.objects.update(next_fetch=NOW - timedelta(minutes=61))
    found = health(NOW)
    assert found.late_by == timedelta(minutes=61)
    assert is_late(found)
    (alarm,) = found.alarms
    assert "1 hour 1 minute" in alarm
    assert "lifestream serve" in alarm


@override_settings(LIFESTREAM_CHECK_EVERY=7200)
def test_a_feed_that_waits_for_a_server_to_look_every_two_hours_is_no_alarm() -> None:
    due(NOW - timedelta(hours=2))
    assert not list(health(NOW).alarms)
    Feed.objects.update(next_fetch=NOW - timedelta(hours=5))
    assert ["Nothing fetches" in alarm for alarm in health(NOW).alarms] == [True]


def test_a_feed_whose_host_has_a_pause_is_not_late() -> None:
    feed = due(NOW - 2 * DAY)
    Host.objects.filter(pk=feed.host_id).update(not_before=NOW + DAY)
    assert health(NOW).oldest_due is None


def test_failing_feeds_are_named_with_the_worst_first() -> None:
    due(NOW + DAY, failures=1, last_error="404")
    worst = due(NOW + DAY, failures=7, last_error="no such host")
    due(NOW + DAY)
    found = health(NOW)
    assert found.failing == 2
    assert [each.failures for each in found.troubles] == [7, 1]
    assert (found.troubles[0].url, found.troubles[0].reason) == (worst.url, "no such host")
    assert not list(found.alarms)
    Feed.objects.update(failures=1)
    assert ["All feeds fail" in alarm for alarm in health(NOW).alarms] == [True]


def test_the_time_of_the_last_run_is_that_of_its_tally() -> None:
    assert health(NOW).last_run is None
    Tally.objects.add({"runs": 1, "fetches:new": 3}, NOW - DAY)
    Tally.objects.add({"runs": 1, "fetches:new": 4}, NOW)
    found = health(NOW)
    assert found.last_run == NOW
    assert found.tallies == {"fetches:new": 7, "runs": 2}


def test_a_database_with_all_migrations_is_ready() -> None:
    assert why_not_ready() == ""
