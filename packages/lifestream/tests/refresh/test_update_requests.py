"""Feeds that a user wants now are due immediately, and the updater is woken; the request itself fetches nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import TestCase

from factories import NOW, make_feed
from lifestream.models import Feed
from lifestream.refresh import wakeup
from lifestream.refresh.update_requests import is_fresh, update_soon
from lifestream.scheduler import leases
from lifestream.wording import worded


@pytest.mark.django_db
def test_a_feed_is_due_unless_its_server_asked_for_time() -> None:
    free = make_feed(next_fetch=NOW + timedelta(hours=3))
    asked = make_feed(next_fetch=NOW + timedelta(hours=3), not_before=NOW + timedelta(hours=2))
    gone = make_feed(status=Feed.Status.GONE)
    with wakeup.awaited() as woken, TestCase.captureOnCommitCallbacks(execute=True):
        requested = update_soon([free.pk, asked.pk, gone.pk], NOW)
        assert not woken.is_set()
    assert woken.is_set()
    assert (requested.due, requested.left) == ((free.pk,), 2)
    free.refresh_from_db()
    assert free in Feed.objects.due(NOW) and worded(free.next_reason) == "its owner wants it now"


@pytest.mark.django_db
def test_a_feed_that_was_fetched_within_the_last_minute_is_not_made_due() -> None:
    later = NOW + timedelta(hours=3)
    ages = {"just now": 0, "a moment ago": 59, "a minute ago": 60, "in the future": -3600}
    feeds = {name: make_feed(next_fetch=later, last_fetch=NOW - timedelta(seconds=age)) for name, age in ages.items()}
    with TestCase.captureOnCommitCallbacks(execute=True):
        requested = update_soon([feed.pk for feed in feeds.values()], NOW)
    assert requested.due == (feeds["a minute ago"].pk, feeds["in the future"].pk)
    assert requested.left == 2 and "within the last minute" in requested.left_in_words
    assert [is_fresh(feed, NOW) for feed in feeds.values()] == [True, True, False, False]
    assert not is_fresh(make_feed(), NOW)


@pytest.mark.django_db
def test_a_feed_whose_server_is_being_asked_is_left_alone() -> None:
    make_feed("https://a.example/due", next_fetch=NOW)
    other = make_feed("https://a.example/later", next_fetch=NOW + timedelta(hours=3))
    leases.claim(NOW, 1)
    requested = update_soon([other.pk], NOW)
    assert (requested.due, requested.left) == ((), 1)
    assert "a feed of its server is being fetched" in requested.left_in_words


@pytest.mark.django_db
def test_a_machine_whose_clock_is_ahead_postpones_no_feed() -> None:
    feed = make_feed(next_fetch=NOW + timedelta(minutes=10))
    update_soon([feed.pk], NOW + timedelta(days=1))
    feed.refresh_from_db()
    assert feed.next_fetch == feed.host.next_due == NOW + timedelta(minutes=10)


def test_a_listener_that_has_stopped_is_not_woken() -> None:
    with wakeup.awaited() as woken:
        pass
    wakeup.send()
    assert not woken.is_set()
