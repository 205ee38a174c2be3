"""The due time of a host is correct after each kind of write, and repaired after one by hand; on both databases."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection

from factories import NOW, make_feed, make_lifestream, make_subscription, result
from lifestream.fetcher.outcomes import Gone, NotModified
from lifestream.models import Feed, Host, HubSubscription, Subscription, due_hosts
from lifestream.scheduler import leases
from lifestream.scheduler.due_queue import Intake
from lifestream.storage import fanout, hub_subscriptions, writer

HOUR = timedelta(hours=1)


def due_of(feed: Feed) -> datetime | None:
    return Host.objects.get(feeds=feed).next_due


def write(sql: str, *values: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)


@pytest.fixture
def two(db: None) -> tuple[Feed, Feed]:
    """Return two feeds of one host, of which the second is due an hour later."""
    return make_feed("https://a.example/1"), make_feed("https://a.example/2", next_fetch=NOW + HOUR)


def save_elsewhere(first: Feed) -> None:
    first.url = "https://b.example/1"
    first.save()


def save_later(first: Feed) -> None:
    first.next_fetch = NOW + 3 * HOUR
    first.save(update_fields=["next_fetch"])


def bulk_update(first: Feed) -> None:
    first.next_fetch = NOW + 3 * HOUR
    Feed.objects.bulk_update([first], ["next_fetch"])


def leave(first: Feed) -> None:
    make_subscription(first)
    Subscription.objects.all().delete()


WRITES: dict[str, Callable[[Feed], object]] = {
    "update of the time": lambda first: Feed.objects.filter(pk=first.pk).update(next_fetch=NOW + 3 * HOUR),
    "update of the status": lambda first: Feed.objects.filter(pk=first.pk).update(status="paused"),
    "update of the host": lambda first: Feed.objects.filter(pk=first.pk).update(
        host=Host.objects.create(name="b.example")
    ),
    "save at another URL": save_elsewhere,
    "save of the time": save_later,
    "bulk update": bulk_update,
    "deletion": lambda first: first.delete(),
    "deletion in bulk": lambda first: Feed.objects.filter(pk=first.pk).delete(),
    "last subscriber gone": leave,
    "fetch": lambda first: writer.store([result(first, NotModified(first.url), wait=3 * 3600.0)], NOW),
    "gone": lambda first: writer.store([result(first, Gone(first.url))], NOW),
}


@pytest.mark.parametrize("kind", WRITES)
def test_a_host_is_due_with_its_next_feed_after_every_kind_of_write(two: tuple[Feed, Feed], kind: str) -> None:
    first, second = two
    assert due_of(first) == NOW
    WRITES[kind](first)
    assert due_of(second) == NOW + HOUR
    assert due_hosts.wrong("default") == []


def test_a_host_is_due_no_sooner_than_its_pause_ends(two: tuple[Feed, Feed]) -> None:
    host = Host.objects.get()
    Host.objects.update(not_before=NOW + HOUR / 2)
    assert due_of(two[0]) == NOW + HOUR / 2
    host.not_before = NOW - HOUR
    host.save()
    assert due_of(two[0]) == NOW


@pytest.mark.django_db
def test_a_host_without_an_active_feed_is_never_due() -> None:
    feed = make_feed(status="gone")
    assert due_of(feed) is None
    assert leases.claim(NOW + 1000 * HOUR, 10) == []


@pytest.mark.django_db
def test_a_push_makes_the_host_due() -> None:
    feed = make_feed(next_fetch=NOW + HOUR)
    HubSubscription.objects.create(feed=feed, hub="https://hub.example/", topic=feed.url, key="k", state="active")
    hub_subscriptions.receive("k", NOW)
    assert due_of(feed) == NOW


@pytest.mark.django_db
def test_feeds_that_are_created_in_bulk_make_their_hosts_due() -> None:
    hosts = [Host.objects.create(name=name) for name in ("a.example", "b.example")]
    Feed.objects.bulk_create(
        Feed(url=f"https://{host.name}/", url_hash=host.name, host=host, next_fetch=NOW) for host in hosts
    )
    assert [host.next_due for host in Host.objects.all()] == [NOW, NOW]


@pytest.mark.django_db(transaction=True)
def test_a_fixture_makes_hosts_due(tmp_path: Path) -> None:
    feed = make_feed()
    file = tmp_path / "feeds.json"
    call_command("dumpdata", "lifestream.feed", "lifestream.host", output=file, verbosity=0)
    Feed.objects.all().delete()
    Host.objects.all().delete()
    call_command("loaddata", file, verbosity=0)
    assert due_of(feed) == NOW
    assert due_hosts.wrong("default") == []


class TestALease:
    def test_a_held_host_is_due_when_its_lease_ends_whatever_is_written_to_its_feeds(
        self, two: tuple[Feed, Feed]
    ) -> None:
        leases.claim(NOW, 10, lease=HOUR / 2)
        Feed.objects.filter(pk=two[1].pk).update(next_fetch=NOW - HOUR)
        Host.objects.update(not_before=NOW + 2 * HOUR)
        assert due_of(two[0]) == NOW + HOUR / 2
        assert due_hosts.wrong("default") == []

    def test_the_host_is_released_when_its_last_claimed_feed_is_stored(self, db: None) -> None:
        first, second = make_feed("https://a.example/1"), make_feed("https://a.example/2")
        claims = leases.claim(NOW, 10, lease=HOUR)
        for feed, due in ((first, NOW + HOUR), (second, NOW + 3 * HOUR)):
            [claim] = [each for each in claims if each.feed == feed.pk]
            writer.store([result(feed, NotModified(feed.url), wait=3 * 3600.0, claim=claim)], NOW)
            assert due_of(feed) == due
        assert Host.objects.get().token == ""

    def test_a_deleted_feed_releases_the_host(self, two: tuple[Feed, Feed]) -> None:
        leases.claim(NOW, 10, lease=HOUR / 2)
        two[0].delete()
        assert (due_of(two[1]), Host.objects.get().token) == (NOW + HOUR, "")


class TestWritesByHand:
    def test_a_refresh_that_finds_nothing_due_repairs_the_hosts(self, db: None) -> None:
        feed = make_feed(next_fetch=NOW + HOUR)
        write("UPDATE lifestream_feed SET next_fetch = %s", connection.ops.adapt_datetimefield_value(NOW))
        assert [each.feed for each in Intake(None, lambda: NOW, early=False).take()] == [feed.pk]

    @pytest.mark.parametrize("due", [None, NOW - HOUR, NOW + 9 * HOUR])
    def test_a_held_host_is_repaired_too(self, two: tuple[Feed, Feed], due: datetime | None) -> None:
        leases.claim(NOW, 10, lease=HOUR / 2)
        write("UPDATE lifestream_host SET next_due = %s", due and connection.ops.adapt_datetimefield_value(due))
        assert due_hosts.mend("default") == 1
        assert due_of(two[0]) == NOW + HOUR / 2
        assert due_hosts.mend("default") == 0

    def test_a_claim_repairs_a_due_host_without_a_due_feed(self, two: tuple[Feed, Feed]) -> None:
        write("UPDATE lifestream_feed SET status = 'paused'")
        assert leases.claim(NOW, 10) == []
        assert due_of(two[0]) is None


@pytest.mark.slow
@pytest.mark.django_db
def test_the_due_times_of_hosts_are_correct_after_any_order_of_writes() -> None:
    chance = random.Random(14)
    for number in range(12):
        make_feed(f"https://host{number % 4}.example/{number}")
    stream, now = make_lifestream(), NOW
    claims = []
    for _ in range(60):
        now += chance.randrange(1800) * timedelta(seconds=1)
        some = Feed.objects.filter(pk__in=chance.sample(list(Feed.objects.values_list("pk", flat=True)), 2))
        match chance.randrange(8):
            case 0:
                claims += leases.claim(now, 5, lease=HOUR)
            case 1:
                leases.release(claims[:2])
                del claims[:2]
            case 2:
                leases.renew(claims, now, lease=HOUR)
            case 3:
                some.update(status=chance.choice(["active", "paused"]))
            case 4:
                some.update(next_fetch=now + chance.randrange(3600) * timedelta(seconds=1))
            case 5:
                Host.objects.filter(name=f"host{chance.randrange(4)}.example").update(not_before=now + HOUR / 4)
            case 6:
                fanout.subscribe(stream, some[0])
            case _ if claims:
                done = claims.pop()
                writer.store([result(Feed.objects.get(pk=done.feed), NotModified(done.url), claim=done)], now)
        assert due_hosts.wrong("default") == []
