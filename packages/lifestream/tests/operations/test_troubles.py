"""Feeds in trouble, each with the reason and with what its owner can do."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from factories import make_feed, make_subscription
from lifestream.message import say
from lifestream.models import Feed, Fetch
from lifestream.operations.troubles import Trouble, troubles

pytestmark = pytest.mark.django_db
NOW = timezone.now()
DAY = timedelta(days=1)


def failing(answer: int | None = 404, *, days: float = 30, **fields: Any) -> Feed:
    """Return a feed that has a subscriber and has failed for *days* days, last with the status *answer*."""
    failed: dict[str, Any] = {"failures": 9, "last_error": "the server answered", "last_success": NOW - days * DAY}
    feed = make_feed(**failed | fields)
    make_subscription(feed)
    Fetch.objects.create(feed=feed, started=NOW - DAY, outcome="failed", status=418)
    Fetch.objects.create(feed=feed, started=NOW, outcome="failed", status=answer)
    return feed


def only() -> Trouble:
    [trouble] = troubles(NOW)
    return trouble


def test_a_feed_that_has_failed_for_a_day_is_reported_with_its_reason_and_the_time() -> None:
    feed = failing(days=1, title="A", last_error=say("answered", status="404 Not Found"))
    trouble = only()
    assert (trouble.feed, trouble.title, trouble.failures, trouble.status) == (feed.pk, "A", 9, 404)
    assert trouble.since == feed.last_success
    assert trouble.reason == "the server answered 404 Not Found"
    assert trouble.remedy == say("remedy-not-found")


@pytest.mark.parametrize(
    ("status", "error", "remedy"),
    [
        (401, "", "remedy-login"),
        (403, "", "remedy-login"),
        (404, "", "remedy-not-found"),
        (410, "", "remedy-gone"),
        (200, "", "remedy-no-feed"),
        (200, say("body-over-cap", cap=1), "remedy-too-large"),
        (200, say("body-announced-over-cap", length=2, cap=1), "remedy-too-large"),
        (301, say("redirect-loop", url="a", target="b"), "remedy-redirects"),
        (302, say("too-many-redirects", limit=5, url="a"), "remedy-redirects"),
        (500, "", "remedy-server"),
        (429, "", "remedy-server"),
        (None, say("no-address", host="a.example", reason="x"), "remedy-no-address"),
        (None, say("bad-certificate", host="a.example", reason="x"), "remedy-certificate"),
        (None, say("no-answer-in-time", seconds="30"), "remedy-connection"),
        (None, "some older version's words", "remedy-connection"),
    ],
)
def test_the_remedy_follows_from_the_last_answer(status: int | None, error: str, remedy: str) -> None:
    failing(status, last_error=error)
    Fetch.objects.create(feed=make_feed(), started=NOW, outcome="failed", status=418)
    assert only().remedy == say(remedy)


def test_a_replacement_that_the_site_names_is_the_remedy() -> None:
    failing(replacement="https://a.example/new.xml")
    trouble = only()
    assert trouble.replacement == "https://a.example/new.xml"
    assert "https://a.example/new.xml" in trouble.remedy


def test_a_feed_that_is_gone_is_reported_at_once() -> None:
    failing(410, days=0, status=Feed.Status.GONE)
    assert only().remedy == say("remedy-gone")


def test_short_failures_and_feeds_that_are_paused_or_unread_are_not_reported() -> None:
    failing(days=0.5)
    failing(failures=0)
    failing(status=Feed.Status.PAUSED)
    for unread in (failing(), failing(410, status=Feed.Status.GONE)):
        unread.subscriptions.all().delete()
    assert troubles(NOW) == []


def test_the_trouble_of_a_feed_that_never_succeeded_begins_when_it_was_added() -> None:
    failing(last_success=None, created=NOW - 3 * DAY)
    assert only().since == NOW - 3 * DAY


def test_the_feed_that_has_failed_longest_is_first_in_three_queries_at_most(
    django_assert_max_num_queries: Any,
) -> None:
    new, old = failing(days=2), failing(days=90)
    with django_assert_max_num_queries(3):
        assert [each.feed for each in troubles(NOW)] == [old.pk, new.pk]


def test_only_the_given_feeds_are_looked_at() -> None:
    mine = failing()
    failing()
    assert [each.feed for each in troubles(NOW, Feed.objects.filter(pk=mine.pk))] == [mine.pk]
