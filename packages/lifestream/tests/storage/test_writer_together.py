"""The writer while others use the database at the same time: readers, other workers, and new subscribers."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError, connection, connections, transaction
from django.db.models import F

from factories import NOW, draft, make_feed, make_lifestream, make_subscription, prepared, result
from lifestream.fetcher.outcomes import Fetched
from lifestream.models import Feed, Item, Post, Subscription, Tag, Tombstone, fulltext
from lifestream.scheduler import leases
from lifestream.scheduler.jobs import Result, Stored
from lifestream.storage import fanout, item_import, permanent_redirects
from lifestream.storage.bulk_subscriptions import Listed, subscribe_all
from lifestream.storage.feed_row import hold
from lifestream.storage.item_import import CHUNK
from lifestream.storage.writer import store
from programs import PATIENCE

pytestmark = pytest.mark.django_db(transaction=True)

ENTRIES = 10 * CHUNK


@pytest.fixture
def elsewhere() -> Iterator[Callable[..., Any]]:
    """Yield a callable that runs a function on a separate database connection and returns its result."""
    with ThreadPoolExecutor(1) as pool:
        yield lambda function, *args: pool.submit(function, *args).result(60)
        pool.submit(connections.close_all).result(60)


def document(feed: Feed, count: int, **fields: Any) -> Result:
    drafts = (draft(f"{number}", f"{number}", tags=("x", "y"), text="text") for number in range(count))
    return result(feed, Fetched(feed.url, b""), prepared=prepared(*drafts), **fields)


@pytest.mark.slow
def test_a_long_document_is_written_in_short_transactions(
    monkeypatch: pytest.MonkeyPatch, elsewhere: Callable[..., Any]
) -> None:
    feed = make_feed()
    make_subscription(feed)
    seen: list[int] = []
    index = fulltext.index

    def look(*args: Any) -> None:
        # Called once in each transaction, before its end: another connection sees only committed rows.
        seen.append(elsewhere(Item.objects.count))
        index(*args)

    monkeypatch.setattr(fulltext, "index", look)
    [stored] = store([document(feed, ENTRIES)], NOW)
    assert stored.new == Item.objects.count() == Post.objects.count() == ENTRIES
    assert seen == list(range(0, ENTRIES, CHUNK))


@pytest.mark.slow
def test_workers_write_at_the_same_time_and_share_their_tags() -> None:
    feeds = [make_feed() for _ in range(24)]
    stream = make_lifestream()
    for feed in feeds:
        make_subscription(feed, stream)
    start = threading.Barrier(4)

    def work(mine: list[Feed]) -> list[Stored]:
        try:
            start.wait(30)
            stored = []
            for feed in mine:
                claimed = leases.claim(NOW, 1, feeds=[feed.pk])
                stored += store([document(feed, 30, claim=claimed[0])], NOW)
            return stored
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(work, [feeds[place::4] for place in range(4)], timeout=60))
    assert [stored.new for part in done for stored in part] == [30] * 24
    assert Post.objects.filter(lifestream=stream).count() == 24 * 30
    assert sorted(Tag.objects.values_list("slug", flat=True)) == ["x", "y"]


@pytest.mark.slow
def test_a_subscription_made_during_an_import_misses_no_item(monkeypatch: pytest.MonkeyPatch) -> None:
    feed, stream = make_feed(), make_lifestream()
    make_subscription(feed)
    begun = threading.Event()
    write = item_import.write

    def announce(*args: Any) -> Any:
        # The import has read the subscriptions and has not written its items.
        begun.set()
        return write(*args)

    def subscribe() -> None:
        try:
            assert begun.wait(30)
            fanout.subscribe(stream, feed)
        finally:
            connections.close_all()

    monkeypatch.setattr(item_import, "write", announce)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(subscribe)
        store([document(feed, 3 * CHUNK)], NOW)
        waiting.result(60)
    assert Post.objects.filter(lifestream=stream).count() == 3 * CHUNK


def waits_for_a_lock() -> bool:
    """Return whether a connection to this test's database waits for a lock now."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")  # in a transaction, PostgreSQL would repeat its first answer
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return bool(cursor.fetchone()[0])


@pytest.fixture
def during_an_import(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Return a callable that stores a *document* while *work* runs in another thread: *work* begins when the import has
    read what it needs. On PostgreSQL, the import goes on once *work* has ended or waits for it; on SQLite, at once.
    """

    def run(document: Result, work: Callable[[], object]) -> None:
        write = item_import.write
        begun: list[Future[object]] = []

        def worked() -> object:
            try:
                return work()
            finally:
                connections.close_all()

        with ThreadPoolExecutor(1) as pool:

            def announce(*args: Any) -> Any:
                if not begun:
                    begun.append(pool.submit(worked))
                    deadline = time.monotonic() + PATIENCE
                    while connection.vendor == "postgresql" and not begun[0].done() and not waits_for_a_lock():
                        assert time.monotonic() < deadline
                        time.sleep(0.01)
                return write(*args)

            monkeypatch.setattr(item_import, "write", announce)
            store([document], NOW)
            begun[0].result(60)

    return run


def test_a_list_that_is_imported_during_an_import_misses_no_item(during_an_import: Callable[..., Any]) -> None:
    feed, stream = make_feed(), make_lifestream()
    make_subscription(feed)
    listed = [Listed(feed.url), Listed("https://new.example/feed")]
    during_an_import(document(feed, 3), lambda: subscribe_all(stream, listed))
    assert Post.objects.filter(lifestream=stream).count() == 3


def test_subscribers_that_move_to_a_feed_during_its_import_miss_no_item(during_an_import: Callable[..., Any]) -> None:
    old, feed = make_feed(), make_feed()
    stream = make_subscription(old).lifestream

    def move() -> None:
        with transaction.atomic():
            permanent_redirects.follow(
                hold({old.pk: ""}, "default", from_document=False, entries=False)[old.pk], feed.url, "default"
            )

    during_an_import(document(feed, 3), move)
    assert Post.objects.filter(lifestream=stream).count() == 3


def test_items_are_deleted_during_an_import_without_a_deadlock(
    during_an_import: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    feed = make_feed()
    store([document(feed, 3)], NOW)
    edited = [draft(f"{number}", f"{number} edited", tags=("x",), text="text") for number in range(3)]
    with caplog.at_level("INFO", "lifestream"):
        during_an_import(
            result(feed, Fetched(feed.url, b""), prepared=prepared(*edited)), lambda: Item.objects.all().delete()
        )
    assert "asked once more" not in caplog.text
    assert (Item.objects.count(), Tombstone.objects.count()) == (0, 3)


def _move(subscription: Subscription) -> None:
    subscription.lifestream = make_lifestream()
    subscription.save()


OWNERS: dict[str, Callable[[Subscription], object]] = {
    "moves a site": _move,
    "moves sites": lambda site: Subscription.objects.filter(pk=site.pk).update(lifestream=make_lifestream()),
    "deletes a site": lambda site: Subscription.objects.get(pk=site.pk).delete(),
    "deletes sites": lambda site: Subscription.objects.filter(pk=site.pk).delete(),
    "deletes a lifestream": lambda site: site.lifestream.delete(),
    "deletes their account": lambda site: User.objects.get(lifestreams=site.lifestream).delete(),
}


@pytest.mark.parametrize("act", OWNERS)
def test_what_an_owner_does_during_an_import_ends_in_no_deadlock(
    during_an_import: Callable[..., Any], caplog: pytest.LogCaptureFixture, act: str
) -> None:
    feed = make_feed()
    subscription = make_subscription(feed, make_lifestream(owner=User.objects.create_user("ada")))
    number = 3 if act.startswith("moves") else 0
    with caplog.at_level("INFO", "lifestream"):
        during_an_import(document(feed, 3), lambda: OWNERS[act](subscription))
    assert caplog.text == ""
    assert Item.objects.count() == 3
    assert Post.objects.count() == number
    assert Post.objects.filter(lifestream=F("subscription__lifestream")).count() == number


FEEDS: dict[str, Callable[[Feed], object]] = {
    "one": lambda feed: Feed.objects.get(pk=feed.pk).delete(),
    "many": lambda feed: Feed.objects.filter(pk=feed.pk).delete(),
}


@pytest.mark.parametrize("how", FEEDS)
def test_a_feed_that_is_deleted_during_its_import_leaves_nothing(
    during_an_import: Callable[..., Any], caplog: pytest.LogCaptureFixture, how: str
) -> None:
    feed = make_feed()
    make_subscription(feed)
    with caplog.at_level("INFO", "lifestream"):
        during_an_import(document(feed, 3), lambda: FEEDS[how](feed))
    assert caplog.text == ""
    assert (Feed.objects.count(), Item.objects.count(), Post.objects.count()) == (0, 0, 0)


class TestADatabaseThatFails:
    @pytest.fixture
    def fails(self, monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
        """Return a callable that makes the given number of writes fail as on a locked database."""
        write, left = item_import.write, 0

        def failing(*args: Any) -> Any:
            nonlocal left
            written = write(*args)
            if left:
                left -= 1
                raise OperationalError("database is locked")
            return written

        def set_left(times: int) -> None:
            nonlocal left
            left = times

        monkeypatch.setattr(item_import, "write", failing)
        return set_left

    def test_a_failed_write_is_repeated_once(
        self, fails: Callable[[int], None], caplog: pytest.LogCaptureFixture
    ) -> None:
        fails(1)
        with caplog.at_level("INFO", "lifestream"):
            [stored] = store([document(make_feed(), 3)], NOW)
        assert (stored.new, Item.objects.count()) == (3, 3)
        assert "The database failed and is asked once more" in caplog.text

    def test_a_database_that_fails_twice_is_reported_and_the_feed_stays_as_it_was(
        self, fails: Callable[[int], None], caplog: pytest.LogCaptureFixture
    ) -> None:
        feed = make_feed()
        claimed = document(feed, 3)
        fails(2)
        [stored] = store([claimed], NOW)
        assert stored.unwritten
        assert stored.message == (
            "the database failed (database is locked); see that it runs and has free space, then update again: "
            "nothing is lost"
        )
        assert stored.message in caplog.text
        assert Item.objects.count() == 0
        feed.refresh_from_db()
        assert (feed.claim_token, feed.last_fetch) == (claimed.claim.token, None)
        assert [stored.new for stored in store([claimed], NOW)] == [3]

    def test_an_outage_is_reported_once(self, fails: Callable[[int], None], caplog: pytest.LogCaptureFixture) -> None:
        """It is not reported for each feed: with a full disk, writes of thousands of feeds fail."""
        fails(100)
        with caplog.at_level("INFO", "lifestream"):
            stored = store([document(make_feed(), 3) for _ in range(5)], NOW)
        assert all(each.unwritten for each in stored)
        lines = [record.getMessage() for record in caplog.records if record.name == "lifestream.storage"]
        assert [line.split(":")[0] for line in lines] == [
            "The database failed and is asked once more",
            "5 feeds could not be stored",
        ]
