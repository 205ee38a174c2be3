"""Posts: the items that each lifestream shows."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from factories import NOW, draft, make_feed, make_lifestream, make_subscription, prepared, result
from lifestream.fetcher.outcomes import Fetched, Outcome
from lifestream.models import Feed, Item, Lifestream, Post, Subscription
from lifestream.plugins.base import ItemDraft
from lifestream.scheduler.jobs import Result, Stored
from lifestream.storage import backfill, fanout
from lifestream.storage.writer import store

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
URL = "https://example.com/feed"


def keep(feed: Feed, outcome: Outcome, **fields: Any) -> Stored:
    """Store a result of *feed*, and reload *feed* from the database."""
    [stored] = store([result(feed, outcome, **fields)], NOW)
    feed.refresh_from_db()
    return stored


def titles(subscription: Subscription) -> list[str]:
    posts = Post.objects.filter(lifestream=subscription.lifestream)
    assert {post.subscription_id for post in posts} <= {subscription.pk}
    return sorted(posts.values_list("item__title", flat=True))


class TestSubscribing:
    def test_existing_items_are_posted(self) -> None:
        feed, stream = make_feed(URL), make_lifestream()
        keep(feed, Fetched(URL, b""), prepared=prepared(draft("1", "A", published=NOW - HOUR), draft("2", "B")))
        subscription = fanout.subscribe(stream, feed, name="Name", folder="Folder")
        assert (subscription.display_name, subscription.folder) == ("Name", "Folder")
        assert titles(subscription) == ["A", "B"]
        assert Post.objects.get(item__title="A").date == NOW - HOUR

    def test_only_items_that_the_rules_allow_are_posted(self) -> None:
        feed = make_feed(URL)
        drafts = [draft("1", "A", tags=("x",)), draft("2", "B", text="x"), draft("3", "C", author="x"), draft("4", "D")]
        keep(feed, Fetched(URL, b""), prepared=prepared(*drafts))
        assert titles(fanout.subscribe(make_lifestream(), feed, keep_rules="x")) == ["A", "B", "C"]
        assert titles(fanout.subscribe(make_lifestream(), feed, block_rules="tag: x\nauthor: x")) == ["B", "D"]

    def test_subscribing_a_second_time_returns_the_same_subscription(self) -> None:
        feed, stream = make_feed(URL), make_lifestream()
        first = fanout.subscribe(stream, feed, name="First")
        assert fanout.subscribe(stream, feed, name="Second") == first
        assert Subscription.objects.get().name == "First"

    @pytest.mark.slow
    def test_more_items_than_one_chunk_are_all_posted(self) -> None:
        feed = make_feed(URL)
        keep(
            feed, Fetched(URL, b""), prepared=prepared(*(draft(f"{n}", f"{n}") for n in range(backfill.CHUNK * 2 + 1)))
        )
        fanout.subscribe(make_lifestream(), feed)
        assert Post.objects.count() == backfill.CHUNK * 2 + 1

    def test_items_that_arrived_during_a_pause_are_posted_when_it_ends(self) -> None:
        feed = make_feed(URL)
        subscription = make_subscription(feed, paused=True)
        keep(feed, Fetched(URL, b""), prepared=prepared(draft("1", "A")))
        assert backfill.fill(subscription) == 0
        Subscription.objects.update(paused=False)  # this posts the items, and leaves none to `fill`
        assert backfill.fill(subscription) == 0
        assert titles(subscription) == ["A"]

    def test_removed_posts_stay_removed_when_a_subscription_is_filled_again(self) -> None:
        feed = make_feed(URL)
        subscription = make_subscription(feed)
        keep(feed, Fetched(URL, b""), prepared=prepared(draft("1", "A"), draft("2", "B")))
        Post.objects.filter(item__title="A").update(removed=True)
        backfill.fill(subscription)
        assert [post.item.title for post in Post.objects.visible()] == ["B"]

    def test_deleting_a_subscription_deletes_its_posts_and_keeps_the_items(self) -> None:
        feed = make_feed(URL)
        subscription = make_subscription(feed)
        make_subscription(feed)
        keep(feed, Fetched(URL, b""), prepared=prepared(draft("1", "A")))
        subscription.delete()
        assert (Post.objects.count(), Item.objects.count()) == (1, 1)


def document(feed: Feed, *drafts: ItemDraft, **fields: Any) -> Result:
    """Return the result of a fetch whose document has these items."""
    return result(feed, Fetched(feed.url, b""), prepared=prepared(*drafts), **fields)


def read(feed: Feed, *drafts: ItemDraft, now: datetime = NOW) -> Stored:
    """Store a new document of *feed* with these items."""
    [stored] = store([document(feed, *drafts)], now)
    return stored


def shown_in(lifestream: Lifestream) -> list[str]:
    return list(Post.objects.filter(lifestream=lifestream).values_list("item__title", flat=True))


class TestPosts:
    def test_two_subscribers_share_the_item_and_each_has_a_post(self) -> None:
        feed = make_feed()
        mine, other = make_subscription(feed), make_subscription(feed)
        read(feed, draft("1", "A", published=NOW - HOUR))
        item = Item.objects.get()
        posts = Post.objects.order_by("subscription")
        assert [(post.subscription, post.lifestream) for post in posts] == [
            (mine, mine.lifestream),
            (other, other.lifestream),
        ]
        assert {(post.item, post.date, post.hidden, post.removed) for post in posts} == {
            (item, NOW - HOUR, False, False)
        }

    def test_a_paused_subscription_gets_no_posts(self) -> None:
        feed = make_feed()
        make_subscription(feed, paused=True)
        assert read(feed, draft("1", "A")).new == 1
        assert not Post.objects.exists()

    def test_rules_decide_which_items_are_posted_and_all_items_are_stored(self) -> None:
        feed = make_feed()
        keeps = make_subscription(feed, keep_rules="title: python\ntag: science").lifestream
        blocks = make_subscription(feed, block_rules="sponsored").lifestream
        read(
            feed,
            draft("3", "Python news", text="sponsored"),
            draft("2", "Moon", tags=("Science",)),
            draft("1", "Cooking"),
        )
        assert shown_in(keeps) == ["Python news", "Moon"]
        assert shown_in(blocks) == ["Moon", "Cooking"]
        assert Item.objects.count() == 3

    def test_an_item_that_rules_have_blocked_is_not_posted_after_an_edit(self) -> None:
        feed = make_feed()
        stream = make_subscription(feed, block_rules="old").lifestream
        read(feed, draft("1", "old"))
        read(feed, draft("1", "new"))
        assert shown_in(stream) == []
