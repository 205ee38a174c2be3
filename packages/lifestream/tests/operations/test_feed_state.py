"""The state of a feed in words."""

from __future__ import annotations

from datetime import timedelta

import pytest

from factories import NOW, make_feed, make_subscription
from lifestream.models import Feed
from lifestream.operations.feed_state import next_of, reasoning_of, state_of

pytestmark = pytest.mark.django_db


def test_what_is_known_of_a_feed_that_fails() -> None:
    feed = make_feed(failures=3, last_error="no answer", last_fetch=NOW - timedelta(hours=1), etag='"v1"')
    make_subscription(feed)
    told = dict(state_of(feed, NOW))
    assert told["health"] == "failing, 3 times in a row" and told["subscribers"] == "1"
    assert told["last error"] == "no answer" and told["ETag"] == '"v1"' and "1 hour ago" in told["last fetch"]


@pytest.mark.parametrize(
    ("status", "told"),
    [(Feed.Status.PAUSED, "it is paused"), (Feed.Status.IDLE, "nobody subscribes"), (Feed.Status.GONE, "none: ")],
)
def test_why_a_feed_is_not_asked(status: str, told: str) -> None:
    feed = make_feed(status=status)
    assert told in next_of(feed, NOW) and not list(reasoning_of(feed, NOW))


def test_a_pause_of_the_host_holds() -> None:
    feed = make_feed(next_fetch=NOW)
    feed.host.not_before = NOW + timedelta(hours=2)
    assert "asked for a pause" in next_of(feed, NOW)
    assert [line for line in reasoning_of(feed, NOW) if line.startswith(">")]
