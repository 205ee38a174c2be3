"""Transactions that meet another one in a deadlock: they begin again, and both do their work."""

from __future__ import annotations

import pytest
from django.db import OperationalError, connection

from factories import make_feed, make_item, make_lifestream, make_post
from lifestream import api
from lifestream.models import Feed, Lifestream, Subscription, due_hosts
from lifestream.models.changed_fields import RowGone
from lifestream.models.feeds import lock_feeds, url_hash
from lifestream.refresh.subscribe import Found, add_feed
from lifestream.storage import deadlocks, fanout
from lifestream.storage.bulk_subscriptions import Listed, subscribe_all
from lifestream.storage.deadlocks import TRIES, in_transaction
from opponents import PATIENCE, HoldingHosts, Opponent, wait_until


@pytest.mark.postgres
@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite has one writer at a time")
@pytest.mark.django_db(transaction=True)
def test_a_list_is_subscribed_to_although_another_transaction_takes_the_locks_in_another_order() -> None:
    first, second = make_feed(url="https://a.example/1"), make_feed(url="https://b.example/2")
    lifestream = make_lifestream()
    opponent = Opponent(held=second.pk, wanted=first.pk)
    opponent.start()
    created = subscribe_all(lifestream, [Listed(first.url), Listed(second.url)])
    opponent.join(PATIENCE)
    assert [each.feed_id for each in created] == [first.pk, second.pk]
    assert Subscription.objects.count() == 2


@pytest.mark.postgres
@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite has one writer at a time")
@pytest.mark.django_db(transaction=True)
def test_work_that_meets_a_deadlock_at_each_try_fails_after_the_last_try() -> None:
    first, second = make_feed(url="https://a.example/1"), make_feed(url="https://b.example/2")
    tries: list[Opponent] = []

    def is_waiting(opponent: Opponent) -> bool:
        with connection.cursor() as cursor:
            cursor.execute("SELECT cardinality(pg_blocking_pids(%s)) > 0", [opponent.pid])
            return bool(cursor.fetchone()[0])

    def work() -> None:
        opponent = Opponent(held=second.pk, wanted=first.pk, at_once=True)
        opponent.never_ends_first()
        lock_feeds([first.pk], "default")
        opponent.start()
        tries.append(opponent)
        wait_until(lambda: is_waiting(opponent))
        lock_feeds([second.pk], "default")

    with pytest.raises(OperationalError, match="deadlock"):
        in_transaction(work, "default")
    for each in tries:
        each.join(PATIENCE)
    assert len(tries) == TRIES


@pytest.mark.django_db(transaction=True)
def test_another_error_is_raised_at_once() -> None:
    tries = []

    def work() -> None:
        tries.append(1)
        raise OperationalError("database is locked")

    with pytest.raises(OperationalError, match="locked"):
        in_transaction(work, "default")
    assert tries == [1]


class Subscribing(Opponent):
    """Another connection, which holds the lock of a feed, and subscribes *wanted*, a lifestream, to it or to *feed*."""

    def __init__(self, held: int, wanted: int, feed: int | None = None) -> None:
        super().__init__(held, wanted)
        self._feed = feed or held

    def _go_on(self) -> None:
        columns = (
            "lifestream_id, feed_id, folder, name, keep_rules, block_rules, paused, created, sort_folder, sort_name"
        )
        self._connection.execute(
            f"INSERT INTO lifestream_subscription ({columns}) "
            "VALUES (%s, %s, '', '', '', '', false, now(), '', '') ON CONFLICT DO NOTHING",
            [self._wanted, self._feed],
        )


@pytest.mark.postgres
@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite has one writer at a time")
@pytest.mark.django_db(transaction=True)
def test_a_feed_is_subscribed_to_while_an_import_of_a_list_subscribes_to_it() -> None:
    feed, lifestream = make_feed(), make_lifestream()
    opponent = Subscribing(held=feed.pk, wanted=lifestream.pk)
    opponent.start()
    subscription = fanout.subscribe(lifestream, feed)
    opponent.join(PATIENCE)
    assert Subscription.objects.get() == subscription


class Moving(Opponent):
    """Another connection, which gives a feed another URL, as after a redirect, and then locks the host *wanted*."""

    def __init__(self, held: int, wanted: int, url: str) -> None:
        super().__init__(held, wanted)
        change = "UPDATE lifestream_feed SET url = %s, url_hash = %s WHERE id = %s"
        self._connection.execute(change, [url, url_hash(url), held])

    def _go_on(self) -> None:
        self._connection.execute("SELECT id FROM lifestream_host WHERE id = %s FOR UPDATE", [self._wanted])


@pytest.mark.postgres
@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite has one writer at a time")
@pytest.mark.django_db(transaction=True)
def test_an_import_of_a_list_locks_no_host_while_it_waits_for_a_feed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deadlocks, "TRIES", 1)
    feed, url = make_feed(url="https://a.example/old"), "https://a.example/new"
    opponent = Moving(feed.pk, feed.host_id, url)
    opponent.start()
    [created] = subscribe_all(make_lifestream(), [Listed(url)])
    opponent.join(PATIENCE)
    assert created.feed_id == feed.pk


class Adding(Opponent):
    """Another connection, which holds the lock of a feed, and then stores another feed like it (*wanted*)."""

    def _go_on(self) -> None:
        same = [str(each.column) for each in Feed._meta.concrete_fields if each.name not in ("id", "url_hash")]
        self._connection.execute(
            f"INSERT INTO lifestream_feed ({', '.join(same)}, url_hash) "
            f"SELECT {', '.join(same)}, 'other' FROM lifestream_feed WHERE id = %s",
            [self._wanted],
        )


@pytest.mark.postgres
@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite has one writer at a time")
@pytest.mark.django_db(transaction=True)
def test_a_feed_that_is_stored_while_others_like_it_are_deleted_stays() -> None:
    feed = make_feed(title="Old")
    opponent = Adding(held=feed.pk, wanted=feed.pk)
    opponent.start()
    Feed.objects.filter(title="Old").delete()
    opponent.join(PATIENCE)
    assert Feed.objects.get().url_hash == "other"


@pytest.mark.postgres
@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite has one writer at a time")
@pytest.mark.django_db(transaction=True)
def test_a_feed_that_is_stored_while_others_like_it_are_updated_stays_as_it_is() -> None:
    feed = make_feed(title="Old")
    opponent = Adding(held=feed.pk, wanted=feed.pk)
    opponent.start()
    Feed.objects.filter(title="Old").update(status=Feed.Status.PAUSED)
    opponent.join(PATIENCE)
    assert Feed.objects.get(url_hash="other").status == Feed.Status.ACTIVE
    assert due_hosts.wrong("default") == []


@pytest.mark.postgres
@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite has one writer at a time")
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("of_lifestreams", [False, True])
def test_a_feed_that_is_subscribed_to_during_a_deletion_is_idle_only_if_it_has_no_subscription(
    of_lifestreams: bool,
) -> None:
    lifestream, feed, other = make_lifestream(), make_feed(), make_feed()
    fanout.subscribe(lifestream, feed)
    opponent = Subscribing(held=feed.pk, wanted=lifestream.pk, feed=other.pk)
    opponent.start()
    if of_lifestreams:
        lifestream.delete()
    else:
        Subscription.objects.filter(lifestream=lifestream).delete()
    opponent.join(PATIENCE)
    other.refresh_from_db()
    assert (other.status == Feed.Status.IDLE) is not other.subscriptions.exists()


class Deleting(Opponent):
    """Another connection, which holds the lock of a feed, and deletes it."""

    def _go_on(self) -> None:
        self._connection.execute("DELETE FROM lifestream_feed WHERE id = %s", [self._held])


@pytest.mark.postgres
@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite has one writer at a time")
@pytest.mark.django_db(transaction=True)
def test_a_feed_that_is_deleted_while_it_is_subscribed_to_is_named_as_the_reason() -> None:
    feed, lifestream = make_feed(), make_lifestream()
    opponent = Deleting(held=feed.pk, wanted=feed.pk)
    opponent.start()
    with pytest.raises(RowGone, match="feed"):
        fanout.subscribe(lifestream, feed)
    opponent.join(PATIENCE)


@pytest.mark.postgres
@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite has one writer at a time")
@pytest.mark.django_db(transaction=True)
def test_a_feed_that_is_deleted_while_it_is_added_is_stored_again() -> None:
    feed, lifestream = make_feed(), make_lifestream()
    opponent = Deleting(held=feed.pk, wanted=feed.pk)
    opponent.start()
    made = add_feed(Found(feed.url, feed), lifestream, name="Again").subscription.feed
    opponent.join(PATIENCE)
    assert made.url == feed.url and made.pk != feed.pk


@pytest.mark.django_db(transaction=True)
def test_a_deleted_lifestream_that_subscribes_to_a_list_is_named_as_the_reason() -> None:
    feed, lifestream = make_feed(), make_lifestream()
    Lifestream.objects.filter(pk=lifestream.pk).delete()
    with pytest.raises(RowGone, match="lifestream"):
        subscribe_all(lifestream, [Listed(feed.url)])


class Filling(Opponent):
    """Another connection, which holds a feed and its subscriptions as a refresh does, and then marks their posts."""

    def __init__(self, held: int) -> None:
        super().__init__(held, held)
        self.never_ends_first()
        chosen = "SELECT id FROM lifestream_subscription WHERE feed_id = %s FOR NO KEY UPDATE"
        self._connection.execute(chosen, [held])

    def _go_on(self) -> None:
        of_feed = "SELECT id FROM lifestream_subscription WHERE feed_id = %s"
        self._connection.execute(
            f"UPDATE lifestream_post SET ruled = ruled WHERE subscription_id IN ({of_feed})", [self._held]
        )


@pytest.mark.postgres
@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite has one writer at a time")
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("saved", [True, False])
def test_rules_are_applied_while_a_refresh_posts_items_of_their_feeds(*, saved: bool) -> None:
    post = make_post(make_item(title="Word"))
    opponent = Filling(held=post.item.feed_id)
    opponent.start()
    if saved:
        post.lifestream.block_rules = "title:word"
        post.lifestream.save()
    else:
        Lifestream.objects.update(block_rules="title:word")
    opponent.join(PATIENCE)
    post.refresh_from_db()
    assert post.ruled


class HoldingSubscription(Opponent):
    """Another connection, which holds a subscription, and then locks the feed *wanted*."""

    def _lock(self, subscription: int) -> None:
        self._connection.execute("SELECT id FROM lifestream_subscription WHERE id = %s FOR UPDATE", [subscription])

    def _go_on(self) -> None:
        super()._lock(self._wanted)


class HoldingHost(HoldingHosts):
    """Another connection, which holds a host, and then locks the feed *wanted*."""

    def _go_on(self) -> None:
        Opponent._lock(self, self._wanted)


@pytest.mark.postgres
@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite has one writer at a time")
@pytest.mark.django_db(transaction=True)
def test_the_api_subscribes_and_sets_rules_after_a_deadlock() -> None:
    feed, lifestream = make_feed(status=Feed.Status.IDLE), make_lifestream()
    holding_host = HoldingHost(held=feed.host_id, wanted=feed.pk)
    holding_host.never_ends_first()
    holding_host.start()
    subscription = api.subscribe(lifestream, feed)
    holding_host.join(PATIENCE)
    holding_subscription = HoldingSubscription(held=subscription.pk, wanted=feed.pk)
    holding_subscription.never_ends_first()
    holding_subscription.start()
    api.set_rules(subscription, keep="title: One")
    holding_subscription.join(PATIENCE)
    assert Subscription.objects.get(feed=feed).keep_rules == "title: One"
