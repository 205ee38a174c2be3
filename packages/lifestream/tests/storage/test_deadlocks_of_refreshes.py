"""Refreshes, hubs and daily work that meet another transaction in a deadlock."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from factories import NOW, draft, make_feed, make_item, make_post, make_subscription, prepared, result
from lifestream.fetcher.outcomes import Fetched
from lifestream.models import Feed, Host, HubSubscription, Item, Post, Subscription, Tally
from lifestream.operations import retention
from lifestream.refresh import refresh
from lifestream.scheduler import leases
from lifestream.scheduler.jobs import Result
from lifestream.storage import backfill, hub_subscriptions, writer
from opponents import PATIENCE, HoldingHosts, Opponent


class HoldingHub(Opponent):
    """Another connection, which locks the subscription *held* at a hub, and then the feed *wanted*."""

    def _lock(self, subscription: int) -> None:
        self._connection.execute("SELECT id FROM lifestream_hubsubscription WHERE id = %s FOR UPDATE", [subscription])

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
    opponent = HoldingHub(held=of_hub.pk, wanted=feed.pk)
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
@pytest.mark.parametrize("denied", [True, False])
def test_a_subscription_at_a_hub_ends_although_others_deadlock_over_its_feed(*, denied: bool) -> None:
    feed, other = make_feed(push_until=NOW), make_feed()
    state = HubSubscription.State.ACTIVE
    of_hub = HubSubscription.objects.create(
        feed=feed, hub="https://hub.example/", topic="t", state=state, next_request=NOW
    )
    holding, waiting = Opponent(held=feed.pk, wanted=other.pk), Opponent(held=other.pk, wanted=feed.pk)
    holding.goes_on_when_waiting(waiting.pid)
    holding.never_ends_first()
    for opponent in (holding, waiting):
        opponent.start()
    if denied:
        assert hub_subscriptions.deny(of_hub.key, "t", "", NOW)
    else:
        hub_subscriptions.leave([of_hub], NOW)
    for opponent in (holding, waiting):
        opponent.join(PATIENCE)
    left = [HubSubscription.State.DENIED] if denied else []
    assert list(HubSubscription.objects.values_list("state", flat=True)) == left
    assert Feed.objects.get(pk=feed.pk).push_until is None


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
    """Another connection, which locks the host *held*, and then the host *wanted*. PostgreSQL ends the test's own
    transaction in the deadlock. The other connection then gets its lock, and deletes *item*.
    """

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


class DeletingHubs(Opponent):
    """Another connection, which locks two subscriptions at a hub, *held* and then *wanted*, as a deletion of both feeds
    does.
    """

    def _lock(self, subscription: int) -> None:
        of_hub = "SELECT id FROM lifestream_hubsubscription WHERE id = %s FOR UPDATE"
        self._connection.execute(of_hub, [subscription])


@pytest.mark.postgres
@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite has one writer at a time")
@pytest.mark.django_db(transaction=True)
def test_a_hub_that_asks_to_wait_is_obeyed_after_a_deadlock_with_a_deletion_of_feeds() -> None:
    hub = {"hub": "https://hub.example/", "topic": "t", "next_request": NOW}
    first, second, third = (HubSubscription.objects.create(feed=make_feed(), **hub) for _ in range(3))
    opponent = DeletingHubs(held=second.pk, wanted=first.pk)
    opponent.never_ends_first()
    opponent.start()
    request = hub_subscriptions.HubRequest(third.pk, 0, third.hub, "subscribe", "t", third.key)
    hub_subscriptions.failed(request, "busy", NOW, wait=60.0)
    opponent.join(PATIENCE)
    assert set(HubSubscription.objects.values_list("next_request", flat=True)) == {NOW + timedelta(seconds=60)}


@pytest.mark.postgres
@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite has one writer at a time")
@pytest.mark.django_db(transaction=True)
def test_leases_are_renewed_while_another_process_locks_the_same_feeds_in_the_order_of_their_keys() -> None:
    Host.objects.create(name="b.example")  # PostgreSQL finds the feeds of this host first
    first, second = make_feed(url="https://a.example/"), make_feed(url="https://b.example/")
    claimed = leases.claim(NOW, 2)
    opponent = Opponent(held=first.pk, wanted=second.pk)
    opponent.never_ends_first()
    opponent.start()
    assert leases.renew(claimed, NOW) == 2
    opponent.join(PATIENCE)


@pytest.mark.postgres
@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite has one writer at a time")
@pytest.mark.django_db(transaction=True)
def test_a_refresh_tries_again_to_correct_times_in_the_future_after_a_deadlock() -> None:
    ahead = NOW + timedelta(days=1)
    Tally.objects.add({"runs": 1}, ahead)
    first, second = (make_feed(last_fetch=ahead, next_fetch=ahead + timedelta(hours=1)) for _ in range(2))
    opponent = Opponent(held=second.pk, wanted=first.pk)
    opponent.never_ends_first()
    opponent.start()
    refresh(clock=lambda: NOW)
    opponent.join(PATIENCE)
    assert set(Feed.objects.values_list("next_fetch", flat=True)) == {NOW + timedelta(hours=1)}
