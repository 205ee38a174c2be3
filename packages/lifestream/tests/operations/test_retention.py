"""The cleanup deletes old rows, so that the database does not grow for ever, and keeps all other rows."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import cast

import pytest
from django.db import connection, transaction
from django.db.models.signals import post_delete
from django.test import override_settings
from django.utils import timezone

from factories import NOW, make_feed, make_item, make_post, make_subscription
from lifestream.models import Feed, Host, HubSubscription, Item, Post, Subscription, Tally, Tombstone
from lifestream.operations import retention
from lifestream.operations.retention import Cleaned, cleanup
from lifestream.storage import permanent_redirects
from lifestream.storage.feed_row import FeedState

pytestmark = pytest.mark.django_db(transaction=True)
EVERYTHING = {"LIFESTREAM_KEEP_DAYS": 0, "LIFESTREAM_KEEP_ITEMS": 0, "LIFESTREAM_KEEP_IDLE_DAYS": 0}
MONTH = timedelta(days=30)


def items(count: int, feed: Feed | None = None) -> list[Item]:
    """Return *count* items of a feed with a subscriber, each a day older than the one before."""
    feed = feed or make_feed()
    subscription = make_subscription(feed)
    made = [make_item(feed, title=f"Item {number}", date=NOW - timedelta(days=number)) for number in range(count)]
    for item in made:
        make_post(item, subscription)
    return made


def left() -> list[int]:
    return list(Item.objects.order_by("pk").values_list("pk", flat=True))


@override_settings(**EVERYTHING)
def test_without_limits_nothing_is_deleted() -> None:
    items(3)
    make_feed(status=Feed.Status.IDLE, last_fetch=NOW)
    assert cleanup(NOW + 100 * MONTH).is_empty
    assert (len(left()), Feed.objects.count()) == (3, 2)


@override_settings(**EVERYTHING | {"LIFESTREAM_KEEP_DAYS": 2})
def test_old_items_are_deleted_with_their_posts_and_search_entries_and_leave_tombstones() -> None:
    made = items(5)
    assert cleanup(NOW + timedelta(hours=1)) == Cleaned(items=3)
    assert left() == [item.pk for item in made[:2]]
    assert Post.objects.count() == 2
    assert {stone.key_hash for stone in Tombstone.objects.all()} == {item.key_hash for item in made[2:]}
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM lifestream_search")
        assert cursor.fetchone() == (2,)
    assert Tally.objects.get(name="cleaned:items").value == 3


@override_settings(**EVERYTHING | {"LIFESTREAM_KEEP_ITEMS": 2})
def test_the_latest_items_of_each_feed_stay() -> None:
    one, other = items(4), items(2)
    assert cleanup(NOW).items == 2
    assert left() == sorted(item.pk for item in [*one[:2], *other])


@override_settings(**EVERYTHING | {"LIFESTREAM_KEEP_ITEMS": 2})
def test_of_items_with_one_date_the_last_stored_stay() -> None:
    made = items(5)
    Item.objects.update(date=NOW)
    assert cleanup(NOW).items == 3
    assert left() == [item.pk for item in made[3:]]


@override_settings(**EVERYTHING | {"LIFESTREAM_KEEP_DAYS": 1, "LIFESTREAM_KEEP_ITEMS": 1})
def test_items_that_an_owner_keeps_or_pins_stay() -> None:
    made = items(5)
    Post.objects.filter(item=made[3]).update(pinned=NOW)
    Post.objects.filter(item=made[4]).update(kept=True)
    cleanup(NOW + timedelta(hours=1))
    assert left() == [made[0].pk, made[3].pk, made[4].pk]


@override_settings(**EVERYTHING | {"LIFESTREAM_KEEP_DAYS": 1, "LIFESTREAM_KEEP_IDLE_DAYS": 30})
def test_a_dry_run_counts_what_a_cleanup_would_do_and_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "CHUNK", 2)
    idle = make_feed(status=Feed.Status.IDLE, last_fetch=NOW - 2 * MONTH)
    Tombstone.objects.create(feed=items(6)[0].feed, key_hash="old", created=NOW - 20 * MONTH)
    make_feed(next_fetch=NOW + 100 * MONTH)

    def rows() -> list[object]:
        return [list(model._base_manager.order_by("pk").values()) for model in (Item, Feed, Tombstone, Tally)]

    before = rows()
    counted = cleanup(NOW + timedelta(hours=1), dry_run=True)
    assert counted == Cleaned(items=5, feeds=1, tombstones=1, brought_back=1)
    assert rows() == before
    assert cleanup(NOW + timedelta(hours=1)) == counted
    assert len(left()) == 1 and not Feed.objects.filter(pk=idle.pk).exists()


@override_settings(**EVERYTHING | {"LIFESTREAM_KEEP_DAYS": 4, "LIFESTREAM_KEEP_ITEMS": 2})
def test_a_dry_run_counts_once_what_is_both_too_old_and_too_much() -> None:
    items(6)
    counted = cleanup(NOW + timedelta(hours=1), dry_run=True)
    assert counted == cleanup(NOW + timedelta(hours=1)) == Cleaned(items=4)


@override_settings(**EVERYTHING | {"LIFESTREAM_KEEP_DAYS": 1})
def test_a_cleanup_that_is_stopped_deletes_nothing_more_and_counts_what_it_has_deleted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(retention, "CHUNK", 2)
    items(6)
    stopping = threading.Event()

    def stop(**_: object) -> None:
        stopping.set()

    post_delete.connect(stop, sender=Item)
    try:
        assert cleanup(NOW + timedelta(hours=1), stopping=stopping) == Cleaned(items=2)
    finally:
        post_delete.disconnect(stop, sender=Item)
    assert len(left()) == 4
    assert Tally.objects.get(name="cleaned:items").value == 2
    assert cleanup(NOW + timedelta(hours=1), stopping=stopping).is_empty
    assert len(left()) == 4


@override_settings(**EVERYTHING | {"LIFESTREAM_KEEP_IDLE_DAYS": 30})
def test_feeds_without_subscribers_are_deleted_after_a_while() -> None:
    used = items(1)[0].feed
    idle, recent = (make_feed(status=Feed.Status.IDLE, last_fetch=NOW - days) for days in (2 * MONTH, MONTH / 2))
    make_item(idle, title="Old")
    assert cleanup(NOW) == Cleaned(feeds=1)
    assert set(Feed.objects.values_list("pk", flat=True)) == {used.pk, recent.pk}
    assert not Item.objects.filter(title="Old").exists()


@override_settings(**EVERYTHING | {"LIFESTREAM_KEEP_IDLE_DAYS": 30})
def test_a_feed_that_was_paused_for_long_is_kept_for_the_usual_time_after_its_last_subscription() -> None:
    now = timezone.now()
    subscription = make_subscription(make_feed(last_fetch=now - 2 * MONTH))
    subscription.paused = True
    subscription.save()
    Feed.objects.update(idle_since=now - 2 * MONTH)
    subscription.delete()

    assert cleanup(now + timedelta(days=29)) == Cleaned()
    assert cleanup(now + timedelta(days=31)) == Cleaned(feeds=1)


@override_settings(**EVERYTHING | {"LIFESTREAM_KEEP_IDLE_DAYS": 30})
def test_a_feed_that_is_gone_is_kept_for_the_usual_time_after_its_last_subscription() -> None:
    now = timezone.now()
    subscription = make_subscription(make_feed(status=Feed.Status.GONE, last_fetch=now - 2 * MONTH))
    subscription.delete()

    assert Feed.objects.get().status == Feed.Status.GONE
    assert cleanup(now + timedelta(days=29)) == Cleaned()
    assert cleanup(now + timedelta(days=31)) == Cleaned(feeds=1)


@override_settings(**EVERYTHING | {"LIFESTREAM_KEEP_IDLE_DAYS": 30})
def test_a_feed_that_moved_to_another_one_is_kept_as_long_as_its_posts_are_there() -> None:
    now = timezone.now()
    items(2, feed := make_feed(last_fetch=now - 2 * MONTH))
    other = make_feed("https://other.example/")
    with transaction.atomic():
        assert permanent_redirects.follow(cast("FeedState", feed), other.url, "default") == other.pk
    feed.save()

    assert cleanup(now + timedelta(days=31)) == Cleaned()
    assert Post.objects.filter(subscription__feed=other).count() == 2
    Post.objects.all().delete()
    assert cleanup(now + timedelta(days=31)) == Cleaned(feeds=1)


@override_settings(**EVERYTHING | {"LIFESTREAM_KEEP_IDLE_DAYS": 30})
def test_a_feed_that_a_superuser_has_paused_is_kept_without_subscribers() -> None:
    now = timezone.now()
    subscription = make_subscription(make_feed(status=Feed.Status.PAUSED, last_fetch=now - 2 * MONTH))
    subscription.delete()

    assert cleanup(now + timedelta(days=365)) == Cleaned()
    assert Feed.objects.get().status == Feed.Status.PAUSED


def test_a_feed_that_gets_a_subscriber_while_it_is_deleted_stays_and_will_be_read_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(retention, "CHUNK", 1)
    idle = make_feed(status=Feed.Status.IDLE, last_fetch=NOW - 2 * MONTH, etag='"1"', body_hash="1", entry_digests="1")
    for title in ("First", "Second"):
        make_item(idle, title=title)

    def subscribe(**_: object) -> None:
        if not Subscription.objects.exists():
            make_subscription(idle)

    post_delete.connect(subscribe, sender=Item)
    try:
        assert cleanup(NOW).feeds == 0
    finally:
        post_delete.disconnect(subscribe, sender=Item)
    assert Item.objects.get().title == "Second"
    assert not Tombstone.objects.exists()
    idle.refresh_from_db()
    assert (idle.status, idle.etag, idle.body_hash, idle.entry_digests) == (Feed.Status.ACTIVE, "", "", "")


@override_settings(**EVERYTHING)
def test_tombstones_are_deleted_after_a_year() -> None:
    feed = make_feed()
    for key, age in (("old", timedelta(days=366)), ("new", timedelta(days=364))):
        Tombstone.objects.create(feed=feed, key_hash=key, created=NOW - age)
    assert cleanup(NOW).tombstones == 1
    assert [stone.key_hash for stone in Tombstone.objects.all()] == ["new"]


@override_settings(**EVERYTHING, LIFESTREAM_MAX_INTERVAL=7 * 86400)
def test_feeds_that_a_wrong_clock_delayed_for_years_are_due_earlier_again() -> None:
    lost, late = make_feed(next_fetch=NOW + 100 * MONTH), make_feed(next_fetch=NOW + MONTH)
    assert cleanup(NOW).brought_back == 1
    lost.refresh_from_db()
    late.refresh_from_db()
    assert (lost.next_fetch, late.next_fetch) == (NOW + timedelta(days=7), NOW + MONTH)
    assert lost.host.__class__.objects.get(pk=lost.host_id).next_due == NOW + timedelta(days=7)


def test_a_pause_of_a_host_that_a_wrong_clock_prolonged_for_years_ends() -> None:
    for until in (NOW + MONTH, NOW + 12 * MONTH):
        make_feed(f"https://{until:%Y}.example/", next_fetch=NOW)
        Host.objects.filter(name=f"{until:%Y}.example").update(not_before=until)
    cleanup(NOW)
    assert list(Host.objects.order_by("pk").values_list("not_before", "next_due")) == [
        (NOW + MONTH, NOW + MONTH),
        (None, NOW),
    ]


def test_a_lease_that_a_hub_gave_to_a_machine_whose_clock_was_ahead_is_renewed() -> None:
    for until in (NOW + MONTH, NOW + 12 * MONTH):
        feed = make_feed(push_until=until)
        HubSubscription.objects.create(
            feed=feed, hub="https://hub.example/", topic=feed.url, state="active", next_request=until, lease_until=until
        )
    cleanup(NOW)
    times = HubSubscription.objects.order_by("pk").values_list("next_request", "lease_until", "feed__push_until")
    assert list(times) == [(NOW + MONTH,) * 3, (NOW, None, None)]


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL does not say how much of its files is free")
def test_free_space_is_returned_to_the_system() -> None:
    def free_pages() -> int:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA freelist_count")
            return int(cursor.fetchone()[0])

    make_item(text="x" * 100_000)
    Item.objects.all().delete()
    assert free_pages() > 0
    retention.give_space_back()
    assert free_pages() == 0


@override_settings(**EVERYTHING | {"LIFESTREAM_KEEP_TOMBSTONE_DAYS": 30})
def test_how_long_a_deleted_item_is_remembered_is_a_setting() -> None:
    (item,) = items(1)
    item.delete()
    Tombstone.objects.update(created=NOW)
    with override_settings(LIFESTREAM_KEEP_TOMBSTONE_DAYS=0):
        assert cleanup(NOW + 100 * MONTH).tombstones == 0
    assert cleanup(NOW + MONTH).tombstones == 0
    assert cleanup(NOW + MONTH + timedelta(hours=1)).tombstones == 1


@override_settings(**EVERYTHING | {"LIFESTREAM_MAX_PAUSE": 360 * 86400.0})
def test_a_long_pause_that_is_allowed_is_not_taken_for_a_wrong_clock() -> None:
    feed = make_feed(next_fetch=NOW + 12 * MONTH)
    make_subscription(feed)
    assert cleanup(NOW).brought_back == 0
    with override_settings(LIFESTREAM_MAX_PAUSE=86400.0):
        assert cleanup(NOW).brought_back == 1
