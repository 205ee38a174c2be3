"""Deletions and moves of feeds, users, sites and logos beside transactions that lock the same rows."""

from __future__ import annotations

import re
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection, transaction
from django.db.models.signals import pre_delete
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoAssertNumQueries

from factories import NOW, make_feed, make_lifestream, make_subscription, prepared, result
from lifestream.fetcher.outcomes import Fetched
from lifestream.models import Feed, HubSubscription, Lifestream, Subscription, due_hosts
from lifestream.operations import retention
from lifestream.storage import backfill, fanout, hub_subscriptions, writer
from lifestream.storage.feed_editing import FeedChange, change_feed
from opponents import PATIENCE, HoldingHosts, Opponent


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
    """Another connection, which holds a feed, and then deletes its hub subscription, as a deletion of the feed does."""

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


@pytest.mark.postgres
@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite has one writer at a time")
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "command",
    [
        ("remove_feed", "https://a.example/"),
        ("rename", "https://a.example/", "Ours"),
        ("edit_feed", "https://a.example/", "--folder", "News"),
    ],
)
def test_a_command_that_is_ended_in_a_deadlock_begins_again(command: tuple[str, ...]) -> None:
    first = make_feed(url="https://a.example/")
    second = make_feed(url="https://a.example/", credentials="a login")
    lifestream = make_lifestream("main")
    for feed in (first, second):
        make_subscription(feed, lifestream)
    opponent = Opponent(held=second.pk, wanted=first.pk)
    opponent.never_ends_first()
    opponent.start()
    call_command(*command, stdout=StringIO())
    opponent.join(PATIENCE)
    assert (
        set(Subscription.objects.values_list("name", "folder"))
        == {
            "remove_feed": set(),
            "rename": {("Ours", "")},
            "edit_feed": {("", "News")},
        }[command[0]]
    )
