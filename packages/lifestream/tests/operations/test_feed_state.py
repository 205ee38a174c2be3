"""The state of a feed in words."""

from __future__ import annotations

from datetime import timedelta

import pytest

from factories import NOW, make_feed, make_subscription
from lifestream.models import Feed
from lifestream.operations.feed_state import next_of, reasoning_of, state_of

pytestmark = pytest.mark.django_db


def test_the_state_of_a_failing_feed_has_its_failures_and_its_last_error() -> None:
    feed = make_feed(failures=3, last_error="no answer", last_fetch=NOW - timedelta(hours=1), etag='"v1"')
    make_subscription(feed)
    state = dict(state_of(feed, NOW))
    assert state["health"] == "failing, 3 times in a row" and state["subscribers"] == "1"
    assert state["last error"] == "no answer" and state["ETag"] == '"v1"' and "1 hour ago" in state["last fetch"]


def test_the_words_beside_a_validator_are_neither_reversed_nor_covered() -> None:
    piled = "a" + "\u0301" * 60
    state = dict(state_of(make_feed(etag='"\u202e"', last_modified=piled, withheld=True), NOW))
    assert state["Last-Modified"].startswith(f"{piled[:9]} (not sent")
    assert state["ETag"].startswith('\u2068"\u202e"\u202c\u2069 (not sent')


@pytest.mark.parametrize(
    ("status", "reason"),
    [(Feed.Status.PAUSED, "it is paused"), (Feed.Status.IDLE, "nobody subscribes"), (Feed.Status.GONE, "none: ")],
)
def test_a_feed_that_is_not_fetched_has_a_reason_but_no_times(status: str, reason: str) -> None:
    feed = make_feed(status=status, not_before=NOW + timedelta(hours=1))
    assert reason in next_of(feed, NOW) and not list(reasoning_of(feed, NOW))
    feed.status = Feed.Status.ACTIVE
    assert list(reasoning_of(feed, NOW))


def test_a_feed_that_is_due_during_a_pause_of_its_host_waits_for_the_end_of_the_pause() -> None:
    feed = make_feed(next_fetch=NOW)
    feed.host.not_before = NOW + timedelta(hours=2)
    assert "(in 2 hours): its server asked for a pause" in next_of(feed, NOW)
    assert [line for line in reasoning_of(feed, NOW) if line.startswith(">")]
    feed.next_fetch = NOW + timedelta(hours=3)
    assert "(in 3 hours)" in next_of(feed, NOW) and "pause" not in next_of(feed, NOW)
