"""Feeds whose entries change with every fetch: after some changes, their items are rewritten at most once a day, and no
items, posts or tombstones are added. And feeds that move to one URL together.
"""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import override_settings

from factories import NOW, draft, hold, make_feed, make_subscription, prepared, result
from lifestream.fetcher.outcomes import Fetched, Moved
from lifestream.models import Feed, Item, Post, Subscription, Tombstone
from lifestream.plugins.base import ItemDraft
from lifestream.scheduler.jobs import Stored
from lifestream.storage.entry_matching import CHURN_LIMIT
from lifestream.storage.writer import store

pytestmark = pytest.mark.django_db
DAYS = 10


def hourly(feed: Feed, fetch: int, *drafts: ItemDraft) -> Stored:
    now = NOW + timedelta(hours=fetch)
    [stored] = store([result(feed, Fetched(feed.url, b""), prepared=prepared(*drafts), claim=hold(feed))], now)
    return stored


@pytest.mark.slow
def test_content_that_alternates_with_every_fetch_is_finally_rewritten_only_once_a_day() -> None:
    feed = make_feed()
    make_subscription(feed)
    changed = [hourly(feed, n, draft("1", "A", content=f"advertisement {n % 2}")).changed for n in range(24 * DAYS)]
    assert sum(changed[: 2 * CHURN_LIMIT]) <= CHURN_LIMIT + 1
    assert CHURN_LIMIT + DAYS - 2 <= sum(changed) <= CHURN_LIMIT + DAYS
    assert Item.objects.count() == Post.objects.count() == 1


@pytest.mark.slow
def test_guids_that_change_with_every_fetch_add_nothing() -> None:
    feed = make_feed()
    make_subscription(feed)
    for n in range(24 * 3):
        stored = hourly(feed, n, *(draft(f"{n}-{each}", "A", link=f"https://example.com/{each}") for each in range(3)))
        assert stored.new == (3 if n == 0 else 0)
    assert Item.objects.count() == Post.objects.count() == 3


def test_a_deleted_item_whose_guid_changes_with_every_fetch_stays_deleted_and_leaves_one_tombstone() -> None:
    feed = make_feed()
    for n in range(30):
        stored = hourly(feed, n, draft(f"{n}", "A", link="https://example.com/a"))
        if n == 0:
            Item.objects.all().delete()
        else:
            assert (stored.new, stored.refused) == (0, 1)
    assert Tombstone.objects.count() == 1
    assert Tombstone.objects.get().guid == "29", "it gets the new guid of its entry"


@override_settings(LIFESTREAM_MOVE_AFTER=1)
def test_feeds_that_move_to_one_url_together_become_one_and_affect_no_other_feed() -> None:
    feeds = [make_feed() for _ in range(4)]
    streams = [make_subscription(feed).lifestream for feed in feeds]
    there = "https://new.example.com/feed"
    results = [
        result(
            feed,
            Fetched(there, b"", moved=Moved(there) if place in (0, 2) else None),
            prepared=prepared(draft(str(place))),
        )
        for place, feed in enumerate(feeds)
    ]
    stored = store(results, NOW)
    assert [(each.new, each.lost, each.unwritten) for each in stored] == [(1, False, False)] * 4
    one = Feed.objects.get(url=there)
    assert set(Subscription.objects.filter(feed=one).values_list("lifestream", flat=True)) == {
        streams[0].pk,
        streams[2].pk,
    }
    [gone] = Feed.objects.filter(status=Feed.Status.GONE)
    assert {feed.items.count() for feed in (one, gone)} == {1}, "the item of the feed that was merged stays with it"
