"""`resume`: end the pause of a host or a feed."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection
from django.utils import timezone

from factories import make_feed, make_subscription
from lifestream.models import Feed, Host
from opponents import PATIENCE, Opponent

pytestmark = pytest.mark.django_db
MONTH = timedelta(days=30)


def paused(**fields: object) -> Feed:
    """Return a feed that has a subscriber and is due in a month, and whose host has a pause of a month."""
    feed = make_feed("https://a.example/feed", next_fetch=timezone.now() + MONTH, **fields)
    make_subscription(feed)
    Host.objects.filter(pk=feed.host_id).update(not_before=timezone.now() + MONTH)
    return feed


def resumed(target: str) -> tuple[str, Feed]:
    out = StringIO()
    call_command("resume", target, stdout=out)
    return out.getvalue(), Feed.objects.select_related("host").get()


def test_the_pause_of_a_host_ends_and_its_feed_is_due() -> None:
    paused(not_before=timezone.now() + MONTH)
    printed, feed = resumed("A.example.")
    assert printed == "a.example: its 1 feed may be fetched.\n"
    assert feed.host.not_before is None
    assert feed.not_before is None
    assert feed.host.next_due is not None
    assert feed.host.next_due <= timezone.now()


def test_a_feed_that_only_our_own_interval_delays_stays_delayed() -> None:
    paused()
    _, feed = resumed("a.example")
    assert feed.next_fetch > timezone.now()


@pytest.mark.parametrize("status", [Feed.Status.PAUSED, Feed.Status.GONE, Feed.Status.ACTIVE])
def test_a_feed_that_is_resumed_is_due_at_once(status: str) -> None:
    Feed.objects.filter(pk=paused(failures=9).pk).update(status=status)
    printed, feed = resumed("https://a.example/feed")
    assert printed == "https://a.example/feed is due.\n"
    assert (feed.status, feed.failures, feed.host.not_before) == (Feed.Status.ACTIVE, 0, None)
    assert feed.host.next_due is not None
    assert feed.host.next_due <= timezone.now()


@pytest.mark.parametrize(("target", "problem"), [("b.example", "no host b.example"), ("https://b.example/", "no feed")])
def test_an_unknown_host_or_feed_is_reported(target: str, problem: str) -> None:
    paused()
    with pytest.raises(CommandError, match=problem):
        resumed(target)


@pytest.mark.parametrize("status", [Feed.Status.IDLE, Feed.Status.PAUSED, Feed.Status.GONE])
def test_a_feed_without_subscribers_cannot_be_resumed(status: str) -> None:
    make_feed("https://a.example/feed", status=status)
    with pytest.raises(CommandError, match="add it with add_feed"):
        resumed("https://a.example/feed")
    assert Feed.objects.get().status == status


def test_a_feed_that_all_subscribers_have_paused_cannot_be_resumed() -> None:
    make_subscription(make_feed("https://a.example/feed"), paused=True)
    with pytest.raises(CommandError, match="or all have paused it; add it with add_feed"):
        resumed("https://a.example/feed")


class Refreshing(Opponent):
    """Another connection, which holds a feed, and then locks its host."""

    def _go_on(self) -> None:
        self._connection.execute("SELECT id FROM lifestream_host WHERE id = %s FOR UPDATE", [self._wanted])


@pytest.mark.postgres
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time")
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("target", ["a.example", "https://a.example/feed"])
def test_a_feed_is_resumed_while_it_is_refreshed(target: str) -> None:
    feed = paused()
    Feed.objects.filter(pk=feed.pk).update(not_before=timezone.now() + MONTH)
    opponent = Refreshing(held=feed.pk, wanted=feed.host_id)
    opponent.never_ends_first()
    opponent.start()
    _, feed = resumed(target)
    opponent.join(PATIENCE)
    assert (feed.not_before, feed.host.not_before) == (None, None)
    assert feed.host.next_due is not None and feed.host.next_due <= timezone.now()
