"""Transactions that meet another one in a deadlock: they begin again, and both do their work."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError, connection, transaction
from django.db.models.signals import pre_delete
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoAssertNumQueries

from factories import NOW, draft, make_feed, make_item, make_lifestream, make_post, make_subscription, prepared, result
from lifestream.fetcher.outcomes import Fetched
from lifestream.models import Feed, HubSubscription, Item, Lifestream, Post, Subscription, due_hosts
from lifestream.models.changed_fields import RowGone
from lifestream.models.feeds import lock_feeds, url_hash
from lifestream.operations import retention
from lifestream.refresh.subscribe import Found, add_feed
from lifestream.scheduler.jobs import Result
from lifestream.storage import backfill, deadlocks, fanout, hub_subscriptions, writer
from lifestream.storage.bulk_subscriptions import Listed, subscribe_all
from lifestream.storage.deadlocks import TRIES, in_transaction
from lifestream.storage.feed_editing import FeedChange, change_feed
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
def test_work_that_meets_one_deadlock_after_the_other_ends_with_the_last_one() -> None:
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
def test_a_deleted_lifestream_that_subscribes_to_a_feed_is_named_as_the_reason() -> None:
    feed, lifestream = make_feed(), make_lifestream()
    Lifestream.objects.filter(pk=lifestream.pk).delete()
    with pytest.raises(RowGone, match="lifestream"):
        fanout.subscribe(lifestream, feed)
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


@pytest.mark.postgres
@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite has one writer at a time")
@pytest.mark.django_db(transaction=True)
def test_a_feed_that_moves_to_another_host_locks_both_in_their_order() -> None:
    feed, other = make_feed(url="https://a.example/"), make_feed(url="https://b.example/")
    opponent = HoldingHosts(held=feed.host_id, wanted=other.host_id)
    opponent.never_ends_first()
    opponent.start()
    feed.url = "https://b.example/moved"
    feed.save()
    opponent.join(PATIENCE)
    feed.refresh_from_db()
    assert feed.host_id == other.host_id and due_hosts.wrong("default") == []


def streams_of(user: User, *feeds: Feed) -> None:
    """Make a lifestream of *user* for each of *feeds*."""
    for number, feed in enumerate(feeds):
        fanout.subscribe(make_lifestream(f"of-{user.pk}-{number}", owner=user), feed)


@pytest.mark.postgres
@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite has one writer at a time")
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("rows", ["feeds", "hosts"])
@pytest.mark.parametrize("together", [True, False])
def test_users_are_deleted_while_a_refresh_holds_the_first_of_what_they_read(rows: str, *, together: bool) -> None:
    first, second = make_feed(url="https://a.example/"), make_feed(url="https://b.example/")
    # Django announces deletions in the order of keys, and deletes in the other order.
    order = (second, first) if rows == "feeds" else (first, second)
    if together:
        for name, feed in zip(("one", "two"), order, strict=True):
            streams_of(User.objects.create_user(name), feed)
    else:
        streams_of(User.objects.create_user("one"), *order)
    opponent = (
        HoldingHosts(held=first.host_id, wanted=second.host_id)
        if rows == "hosts"
        else Opponent(held=first.pk, wanted=second.pk)
    )
    opponent.never_ends_first()
    opponent.start()
    if together:
        User.objects.all().delete()
    else:
        User.objects.get().delete()
    opponent.join(PATIENCE)
    assert not Lifestream.objects.exists() and due_hosts.wrong("default") == []
    assert set(Feed.objects.values_list("status", flat=True)) == {Feed.Status.IDLE}


@pytest.mark.postgres
@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite has one writer at a time")
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("together", [True, False])
def test_what_all_lifestreams_of_a_user_read_is_locked_together_only_once(*, together: bool) -> None:
    user = User.objects.create_user("one")
    feeds = [make_feed(url=f"https://{name}.example/") for name in "abcd"]
    streams_of(user, *feeds)
    with CaptureQueriesContext(connection) as queries:
        if together:
            User.objects.filter(pk=user.pk).delete()
        else:
            user.delete()
    locks = r'FROM "lifestream_feed" WHERE "lifestream_feed"."id" IN \((.*)\) .*FOR UPDATE'
    found = [re.search(locks, query["sql"]) for query in queries]
    locked = [{int(key) for key in match[1].split(",")} for match in found if match]
    every = {feed.pk for feed in feeds}
    assert locked[0] == every and locked.count(every) == 1


class AddingLogo(Opponent):
    """Another connection, which holds a lifestream, and adds a logo to it."""

    def _lock(self, lifestream: int) -> None:
        self._connection.execute("SELECT id FROM lifestream_lifestream WHERE id = %s FOR UPDATE", [lifestream])

    def _go_on(self) -> None:
        logo = "INSERT INTO lifestream_logo (lifestream_id, data, digest) VALUES (%s, '', '')"
        self._connection.execute(logo, [self._wanted])


@pytest.mark.postgres
@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite has one writer at a time")
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("together", [True, False])
def test_a_user_is_deleted_while_a_logo_is_added(*, together: bool) -> None:
    user = User.objects.create_user("one")
    streams_of(user, make_feed())
    lifestream = Lifestream.objects.get()
    opponent = AddingLogo(held=lifestream.pk, wanted=lifestream.pk)
    opponent.start()
    if together:
        User.objects.all().delete()
    else:
        user.delete()
    opponent.join(PATIENCE)
    assert not Lifestream.objects.exists() and not User.objects.exists()


@pytest.mark.skipif("connection.vendor != 'sqlite'", reason="other databases lock rows")
@pytest.mark.django_db
def test_sqlite_is_not_asked_what_to_lock_when_a_user_is_deleted(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    user = User.objects.create_user("one")
    streams_of(user, make_feed())
    lifestream = Lifestream.objects.get()
    with django_assert_num_queries(0):
        pre_delete.send(Lifestream, instance=lifestream, using="default", origin=user)


class DeletingSites(Opponent):
    """Another connection, which holds all feeds and the site *held*, and then the site *wanted*: a deletion of both."""

    def _lock(self, site: int) -> None:
        self._connection.execute("SELECT id FROM lifestream_feed ORDER BY id FOR UPDATE")
        self._connection.execute("SELECT id FROM lifestream_subscription WHERE id = %s FOR UPDATE", [site])


@pytest.mark.postgres
@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite has one writer at a time")
@pytest.mark.django_db(transaction=True)
def test_sites_are_deleted_while_a_refresh_clears_what_is_left_to_post() -> None:
    first, second = make_subscription(make_feed()), make_subscription(make_feed())
    Subscription.objects.update(backlog=1)
    opponent = DeletingSites(held=second.pk, wanted=first.pk)
    opponent.never_ends_first()
    opponent.start()
    backfill.fill_rest()
    opponent.join(PATIENCE)
    assert not Subscription.objects.exclude(backlog=None).exists()


@pytest.mark.postgres
@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite has one writer at a time")
@pytest.mark.django_db(transaction=True)
def test_sites_are_deleted_while_a_refresh_notes_the_new_titles_of_their_feeds() -> None:
    first, second = make_subscription(make_feed()), make_subscription(make_feed())
    opponents: list[Opponent] = []
    committed: list[str] = []

    def begin_after_commit(execute: Any, sql: str, *arguments: Any) -> Any:
        if committed:
            committed.clear()
            opponents.append(opponent := DeletingSites(held=second.pk, wanted=first.pk))
            opponent.never_ends_first()
            opponent.start()
        if sql.startswith("UPDATE lifestream_host"):  # the last statement of the transaction
            transaction.on_commit(lambda: committed.append(sql))
        return execute(sql, *arguments)

    named = [
        result(each.feed, Fetched(each.feed.url, b""), prepared=prepared(title=f"Title {each.pk}"))
        for each in (first, second)
    ]
    with connection.execute_wrapper(begin_after_commit):
        stored = writer.store(named, NOW)
    opponents[0].join(PATIENCE)
    assert not any(each.lost or each.unwritten for each in stored)
    assert set(Subscription.objects.values_list("sort_name", flat=True)) == {f"title {first.pk}", f"title {second.pk}"}


class DeletingPushed(Opponent):
    """Another connection, which holds a feed, and then deletes what its hub pushes: a deletion of the feed."""

    def _go_on(self) -> None:
        self._connection.execute("DELETE FROM lifestream_hubsubscription WHERE feed_id = %s", [self._held])


@pytest.mark.postgres
@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite has one writer at a time")
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("pushed", [True, False])
def test_a_hub_is_answered_while_its_feed_is_deleted(*, pushed: bool) -> None:
    feed = make_feed()
    state = HubSubscription.State.ACTIVE
    of_hub = HubSubscription.objects.create(
        feed=feed, hub="https://hub.example/", topic="t", state=state, next_request=NOW, lease_until=NOW
    )
    opponent = DeletingPushed(held=feed.pk, wanted=feed.pk)
    opponent.never_ends_first()
    opponent.start()
    if pushed:
        assert hub_subscriptions.receive(of_hub.key, NOW)
    else:
        assert not hub_subscriptions.confirm(of_hub.key, "subscribe", "t", "86400", NOW)
    opponent.join(PATIENCE)
    assert not HubSubscription.objects.exists()


class DeletingFeed(Opponent):
    """Another connection, which holds a feed, and then deletes it."""

    def _go_on(self) -> None:
        self._connection.execute("DELETE FROM lifestream_feed WHERE id = %s", [self._held])


@pytest.mark.postgres
@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite has one writer at a time")
@pytest.mark.django_db(transaction=True)
def test_a_feed_gets_the_url_of_another_one_that_is_deleted_meanwhile() -> None:
    feed, other = make_feed(), make_feed(url="https://b.example/")
    make_subscription(feed)
    opponent = DeletingFeed(held=other.pk, wanted=other.pk)
    opponent.start()
    assert change_feed(feed.pk, FeedChange(url=other.url), NOW) == feed.pk
    opponent.join(PATIENCE)
    feed.refresh_from_db()
    assert feed.url == other.url and Subscription.objects.get().feed == feed


class HoldingPushed(Opponent):
    """Another connection, which holds what a hub pushes, and then locks the feed *wanted*."""

    def _lock(self, pushed: int) -> None:
        self._connection.execute("SELECT id FROM lifestream_hubsubscription WHERE id = %s FOR UPDATE", [pushed])

    def _go_on(self) -> None:
        self._connection.execute("SELECT id FROM lifestream_feed WHERE id = %s FOR UPDATE", [self._wanted])


@pytest.mark.postgres
@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite has one writer at a time")
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("pushed", [True, False])
def test_a_hub_is_answered_after_a_deadlock(*, pushed: bool) -> None:
    feed = make_feed()
    state = HubSubscription.State.ACTIVE
    of_hub = HubSubscription.objects.create(
        feed=feed, hub="https://hub.example/", topic="t", state=state, next_request=NOW, lease_until=NOW
    )
    opponent = HoldingPushed(held=of_hub.pk, wanted=feed.pk)
    opponent.never_ends_first()
    opponent.start()
    if pushed:
        assert hub_subscriptions.receive(of_hub.key, NOW)
    else:
        assert hub_subscriptions.confirm(of_hub.key, "subscribe", "t", "86400", NOW)
    opponent.join(PATIENCE)
    of_hub.refresh_from_db()
    assert (of_hub.last_push == NOW) if pushed else (of_hub.lease_until == NOW + timedelta(days=1))


@pytest.mark.postgres
@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite has one writer at a time")
@pytest.mark.django_db(transaction=True)
def test_what_was_fetched_is_stored_after_two_deadlocks_one_after_the_other() -> None:
    feeds = make_feed(url="https://a.example/"), make_feed(url="https://b.example/")
    opponents: list[Opponent] = []
    left = [1, 2]

    def meet(execute: Any, sql: str, *arguments: Any) -> Any:
        if sql.startswith("SELECT id FROM lifestream_host") and left:
            left.pop()
            opponents.append(opponent := HoldingHosts(held=feeds[1].host_id, wanted=feeds[0].host_id))
            opponent.never_ends_first()
            opponent.start()
        return execute(sql, *arguments)

    fetched = [result(feed, Fetched(feed.url, b""), prepared=prepared(title="Title")) for feed in feeds]
    with connection.execute_wrapper(meet):
        stored = writer.store(fetched, NOW)
    for opponent in opponents:
        opponent.join(PATIENCE)
    assert len(opponents) == 2 and not any(each.unwritten or each.lost for each in stored)
    assert set(Feed.objects.values_list("title", flat=True)) == {"Title"}


class DeletingItem(HoldingHosts):
    """Another connection, which then locks the host *wanted*, and deletes an *item* when the other one was ended."""

    def __init__(self, held: int, wanted: int, item: int) -> None:
        super().__init__(held, wanted)
        self._item = item

    def _go_on(self) -> None:
        super()._go_on()
        for table in ("lifestream_post", "lifestream_publishedid", "lifestream_item"):
            column = "id" if table == "lifestream_item" else "item_id"
            self._connection.execute(f"DELETE FROM {table} WHERE {column} = %s", [self._item])


@pytest.mark.postgres
@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite has one writer at a time")
@pytest.mark.django_db(transaction=True)
def test_what_was_fetched_is_stored_although_an_item_is_deleted_in_a_deadlock() -> None:
    feeds = make_feed(url="https://a.example/"), make_feed(url="https://b.example/")
    opponents: list[Opponent] = []

    def document(feed: Feed, *titles: str) -> Result:
        drafts = [draft(title, f"{title} of {feed.pk}", tags=("x",)) for title in titles]
        return result(feed, Fetched(feed.url, b""), prepared=prepared(*drafts))

    writer.store([result(feeds[0], Fetched(feeds[0].url, b""), prepared=prepared(draft("One", "Old")))], NOW)
    old = Item.objects.get().pk
    fetched = [document(feeds[0], "One", "Two"), document(feeds[1], "Three")]

    def meet(execute: Any, sql: str, *arguments: Any) -> Any:
        if sql.startswith("SELECT id FROM lifestream_host") and not opponents:
            opponents.append(opponent := DeletingItem(feeds[1].host_id, feeds[0].host_id, old))
            opponent.never_ends_first()
            opponent.start()
        return execute(sql, *arguments)

    with connection.execute_wrapper(meet):
        stored = writer.store(fetched, NOW)
    opponents[0].join(PATIENCE)
    assert [(each.outcome, each.new, each.changed) for each in stored] == [("new", 2, 0), ("new", 1, 0)]
    assert Item.objects.count() == 3 and not Feed.objects.filter(failures__gt=0).exists()


class ChangingPosts(Opponent):
    """Another connection, which changes the post *held*, and then the post *wanted*: an action of the admin."""

    def _lock(self, post: int) -> None:
        self._connection.execute("UPDATE lifestream_post SET hidden = true WHERE id = %s", [post])


@pytest.mark.postgres
@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite has one writer at a time")
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("deleted", [True, False])
def test_a_worker_deletes_items_and_marks_posts_while_the_admin_changes_them(settings: Any, *, deleted: bool) -> None:
    site = make_subscription(make_feed())
    posts = [make_post(make_item(site.feed, title="Word"), site) for _ in range(2)]
    opponent = ChangingPosts(held=posts[1].pk, wanted=posts[0].pk)
    opponent.never_ends_first()
    if deleted:
        settings.LIFESTREAM_KEEP_DAYS = 1
        opponent.start()
        assert retention.cleanup(NOW + timedelta(days=9)).items == 2
    else:
        Subscription._base_manager.update(block_rules="title:word", backlog=2**62)
        opponent.start()
        assert backfill.fill_rest() == 1
    opponent.join(PATIENCE)
    assert not Post.objects.filter(ruled=False).exists() and Post.objects.count() == (0 if deleted else 2)


@pytest.mark.postgres
@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite has one writer at a time")
@pytest.mark.django_db(transaction=True)
def test_sites_are_deleted_while_the_cleanup_corrects_their_names() -> None:
    first, second = make_subscription(make_feed(title="Feed")), make_subscription(make_feed(title="Feed"))
    Subscription._base_manager.update(sort_name="wrong")
    opponent = DeletingSites(held=second.pk, wanted=first.pk)
    opponent.never_ends_first()
    opponent.start()
    retention.cleanup(NOW)
    opponent.join(PATIENCE)
    assert set(Subscription.objects.values_list("sort_name", flat=True)) == {"feed"}


class DeletingHubs(Opponent):
    """Another connection, which holds the subscription *held* at a hub, and then *wanted*: a deletion of both feeds."""

    def _lock(self, subscription: int) -> None:
        of_hub = "SELECT id FROM lifestream_hubsubscription WHERE id = %s FOR UPDATE"
        self._connection.execute(of_hub, [subscription])


@pytest.mark.postgres
@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite has one writer at a time")
@pytest.mark.django_db(transaction=True)
def test_feeds_are_deleted_while_their_hub_asks_to_wait() -> None:
    hub = {"hub": "https://hub.example/", "topic": "t", "next_request": NOW}
    first, second, third = (HubSubscription.objects.create(feed=make_feed(), **hub) for _ in range(3))
    opponent = DeletingHubs(held=second.pk, wanted=first.pk)
    opponent.never_ends_first()
    opponent.start()
    request = hub_subscriptions.HubRequest(third.pk, 0, third.hub, "subscribe", "t", third.key)
    hub_subscriptions.failed(request, "busy", NOW, wait=60.0)
    opponent.join(PATIENCE)
    assert set(HubSubscription.objects.values_list("next_request", flat=True)) == {NOW + timedelta(seconds=60)}
