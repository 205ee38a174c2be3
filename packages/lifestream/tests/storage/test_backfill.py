"""The posts that a subscription gets for items that its feed already has, however the subscription is written."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoAssertNumQueries

from factories import NOW, make_feed, make_item, make_lifestream, make_post, make_subscription
from lifestream.models import Feed, Item, Lifestream, Post, Subscription
from lifestream.refresh import refresh
from lifestream.storage import backfill, fanout
from lifestream.storage.backfill import CHUNK, fill, fill_rest

pytestmark = pytest.mark.django_db


def titles(lifestream: Lifestream) -> list[str]:
    return sorted(Post.objects.filter(lifestream=lifestream).values_list("item__title", flat=True))


def status(feed: Feed) -> str:
    return Feed.objects.get(pk=feed.pk).status


def idle_feed(*titles: str) -> Feed:
    feed = make_feed(status=Feed.Status.IDLE)
    for title in titles:
        make_item(feed, title)
    return feed


def _bulk_update(lifestream: Lifestream, feed: Feed) -> None:
    paused = make_subscription(feed, lifestream, paused=True)
    paused.paused = False
    Subscription.objects.bulk_update([paused], ["paused"])


def _resume(lifestream: Lifestream, feed: Feed) -> None:
    make_subscription(feed, lifestream, paused=True)
    Subscription.objects.filter(lifestream=lifestream, paused=True).update(paused=False)


def _resume_one(lifestream: Lifestream, feed: Feed) -> None:
    paused = make_subscription(feed, lifestream, paused=True)
    paused.paused = False
    paused.save(update_fields=["paused"])


WAYS: dict[str, Callable[[Lifestream, Feed], Any]] = {
    "create": lambda lifestream, feed: Subscription.objects.create(lifestream=lifestream, feed=feed),
    "save": lambda lifestream, feed: Subscription(lifestream=lifestream, feed=feed).save(),
    "get_or_create": lambda lifestream, feed: Subscription.objects.get_or_create(lifestream=lifestream, feed=feed),
    "update_or_create": lambda lifestream, feed: Subscription.objects.update_or_create(
        lifestream=lifestream, feed=feed, defaults={"name": "x"}
    ),
    "related create": lambda lifestream, feed: lifestream.subscriptions.create(feed=feed),
    "bulk_create": lambda lifestream, feed: Subscription.objects.bulk_create(
        [Subscription(lifestream=lifestream, feed=feed)]
    ),
    "bulk_create again": lambda lifestream, feed: Subscription.objects.bulk_create(
        (Subscription(lifestream=lifestream, feed=feed) for _ in range(2)), ignore_conflicts=True
    ),
    "update": _resume,
    "save of one that was paused": _resume_one,
    "bulk_update": _bulk_update,
    "feeds.add": lambda lifestream, feed: lifestream.feeds.add(feed),
    "feeds.set": lambda lifestream, feed: lifestream.feeds.set([feed], through_defaults={"folder": "Blogs"}),
    "lifestreams.add": lambda lifestream, feed: feed.lifestreams.add(lifestream),
}


class TestEveryWayToSubscribe:
    @pytest.mark.parametrize("way", WAYS)
    def test_fills_the_timeline_and_makes_the_feed_active(self, way: str) -> None:
        feed, lifestream = idle_feed("one", "two"), make_lifestream()
        WAYS[way](lifestream, feed)
        assert titles(lifestream) == ["one", "two"]
        assert status(feed) == Feed.Status.ACTIVE

    @pytest.mark.parametrize("way", ["clear", "remove", "set"])
    def test_unsubscribing_makes_the_feed_idle(self, way: str) -> None:
        feed, lifestream = idle_feed("one"), make_lifestream()
        lifestream.feeds.add(feed)
        if way == "clear":
            lifestream.feeds.clear()
        elif way == "remove":
            lifestream.feeds.remove(feed)
        else:
            lifestream.feeds.set([])
        assert (titles(lifestream), status(feed)) == ([], Feed.Status.IDLE)

    def test_pausing_many_makes_their_feeds_idle(self) -> None:
        feeds = [idle_feed(), idle_feed()]
        for feed in feeds:
            make_subscription(feed)
        Subscription.objects.update(paused=True)
        assert [status(feed) for feed in feeds] == [Feed.Status.IDLE] * 2

    @pytest.mark.parametrize("way", ["update", "save", "save of the field", "save of a copy", "bulk_update"])
    def test_a_subscription_that_gets_another_feed_makes_it_active_and_the_old_one_idle(self, way: str) -> None:
        old, new = idle_feed("old"), idle_feed("new")
        subscription = make_subscription(old)
        subscription.feed = new
        match way:
            case "update":
                Subscription.objects.filter(pk=subscription.pk).update(feed=new)
            case "save":
                subscription.save()
            case "save of the field":
                subscription.save(update_fields=["feed"])
            case "save of a copy":
                Subscription(pk=subscription.pk, lifestream=subscription.lifestream, feed=new).save()
            case _:
                Subscription.objects.bulk_update([subscription], ["feed"])
        assert (status(old), status(new)) == (Feed.Status.IDLE, Feed.Status.ACTIVE)
        assert "new" in titles(subscription.lifestream)

    @pytest.mark.parametrize("way", ["update", "save", "save of the field", "bulk_update"])
    def test_the_posts_of_a_subscription_that_moves_to_another_lifestream_move_too(self, way: str) -> None:
        subscription = make_subscription(idle_feed("one", "two"), paused=way == "save")
        if way == "save":
            make_post(Item.objects.get(title="one"), subscription)
            make_post(Item.objects.get(title="two"), subscription)
        Post.objects.filter(item__title="one").update(hidden=True)
        old, new = subscription.lifestream, make_lifestream("new")
        subscription.lifestream = new
        match way:
            case "update":
                Subscription.objects.filter(pk=subscription.pk).update(lifestream=new)
            case "save":
                subscription.save()
            case "save of the field":
                subscription.save(update_fields=["lifestream"])
            case _:
                Subscription.objects.bulk_update([subscription], ["lifestream"])
        assert titles(old) == []
        assert [*Post.objects.order_by("item__title").values_list("item__title", "hidden", "lifestream__slug")] == [
            ("one", True, "new"),
            ("two", False, "new"),
        ]

    def test_a_subscription_that_moves_does_not_replace_existing_posts(self) -> None:
        moves, other = (
            make_subscription(idle_feed("one", "two")),
            make_subscription(idle_feed(), make_lifestream("new")),
        )
        there = make_post(Item.objects.get(title="one"), other)
        moves.lifestream = other.lifestream
        moves.save()
        assert titles(other.lifestream) == ["one", "two"]
        assert Post.objects.get(item__title="one").pk == there.pk
        assert Post.objects.count() == 2

    def test_items_that_changed_rules_let_pass_are_shown(self) -> None:
        feed = idle_feed("kites", "boats")
        subscription = make_subscription(feed, keep_rules="kites")
        assert titles(subscription.lifestream) == ["kites"]
        Subscription.objects.update(keep_rules="")
        assert titles(subscription.lifestream) == ["boats", "kites"]

    def test_a_new_name_or_folder_reads_no_items(self) -> None:
        subscription = make_subscription(idle_feed("one"))
        subscription.name = "Mine"
        with CaptureQueriesContext(connection) as queries:
            subscription.save(update_fields=["name"])
            Subscription.objects.update(folder="Blogs")
        assert not any("lifestream_item" in query["sql"] for query in queries)

    def test_hidden_posts_stay_hidden(self) -> None:
        subscription = make_subscription(idle_feed("one"))
        Post.objects.update(hidden=True)
        subscription.save()
        assert Post.objects.filter(hidden=True).count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_subscription_whose_timeline_cannot_be_filled_is_not_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backfill, "write_posts", lambda *_: 1 / 0)
    lifestream = make_lifestream()
    with pytest.raises(ZeroDivisionError):
        Subscription.objects.create(lifestream=lifestream, feed=idle_feed("one"))
    assert not Subscription.objects.exists()


class TestLongFeeds:
    @pytest.fixture(autouse=True)
    def small_limits(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(backfill, "CHUNK", 2)
        monkeypatch.setattr(backfill, "AT_ONCE", 4)

    def make(self, **fields: Any) -> Subscription:
        return make_subscription(idle_feed("1", "2", "3", "4", "5", "6", "7"), **fields)

    @pytest.mark.slow
    def test_the_newest_items_are_posted_at_once_and_the_rest_by_the_next_run(self) -> None:
        subscription = self.make()
        assert titles(subscription.lifestream) == ["4", "5", "6", "7"]
        refresh()
        assert titles(subscription.lifestream) == ["1", "2", "3", "4", "5", "6", "7"]
        subscription.refresh_from_db()
        assert subscription.backlog is None

    def test_a_feed_of_exactly_the_limit_leaves_no_rest(self) -> None:
        subscription = make_subscription(idle_feed("1", "2", "3", "4"))
        subscription.refresh_from_db()
        assert subscription.backlog is None

    def test_rules_apply_to_the_rest(self) -> None:
        subscription = self.make(block_rules="2\n7")
        assert titles(subscription.lifestream) == ["4", "5", "6"]
        assert fill_rest() == 1
        assert titles(subscription.lifestream) == ["1", "3", "4", "5", "6"]

    def test_a_paused_subscription_gets_the_rest_once_it_is_resumed(self) -> None:
        subscription = self.make()
        Subscription.objects.update(paused=True)
        assert fill_rest() == 0
        assert titles(subscription.lifestream) == ["4", "5", "6", "7"]
        Subscription.objects.update(paused=False)
        fill_rest()
        assert len(titles(subscription.lifestream)) == 7

    def test_a_run_that_is_stopped_leaves_the_rest_to_the_next(self) -> None:
        subscription = self.make()
        stopping = threading.Event()
        stopping.set()
        assert fill_rest(stopping) == 0
        assert fill_rest() == 1
        assert len(titles(subscription.lifestream)) == 7

    def test_a_subscription_that_is_moved_meanwhile_has_no_posts_in_the_old_lifestream(self) -> None:
        subscription, private = self.make(), make_lifestream()
        public = subscription.lifestream
        fill_rest(Meanwhile(lambda: Subscription.objects.update(lifestream=private)))
        assert (titles(public), titles(private)) == ([], ["1", "2", "3", "4", "5", "6", "7"])

    def test_rules_that_are_written_meanwhile_apply(self) -> None:
        subscription = self.make()
        fill_rest(Meanwhile(lambda: Subscription.objects.update(block_rules="1\n7")))
        assert titles(subscription.lifestream) == ["2", "3", "4", "5", "6", "7"]
        assert Post.objects.get(ruled=True).item.title == "7"

    def test_a_subscription_that_is_paused_meanwhile_gets_no_more_posts(self) -> None:
        subscription = self.make()
        fill_rest(Meanwhile(lambda: Subscription.objects.update(paused=True)))
        assert titles(subscription.lifestream) == ["4", "5", "6", "7"]

    def test_another_subscription_is_filled_although_one_is_deleted_meanwhile(self) -> None:
        deleted, other = self.make(), self.make()
        fill_rest(Meanwhile(Subscription.objects.filter(pk=deleted.pk).delete))
        assert len(titles(other.lifestream)) == 7


class Meanwhile(threading.Event):
    """Calls *change* once, after `fill_rest` has looked up which subscriptions to fill, and never stops it."""

    def __init__(self, change: Callable[[], object]) -> None:
        super().__init__()
        self._changes = [change]

    def is_set(self) -> bool:
        while self._changes:
            self._changes.pop()()
        return False


def unfilled(feed: Feed, **fields: Any) -> Subscription:
    """Return a subscription to *feed* without posts."""
    subscription = make_subscription(feed, **fields)
    Post.objects.filter(subscription=subscription).delete()
    return subscription


class TestFilling:
    def test_makes_missing_posts_and_counts_them(self) -> None:
        feed = make_feed()
        there, missing = make_item(feed, "there"), make_item(feed, "missing", date=NOW - timedelta(days=2))
        make_item(title="of another feed")
        subscription, other = unfilled(feed), unfilled(feed)
        make_post(there, subscription)
        assert fill(subscription) == 1
        assert titles(subscription.lifestream) == ["missing", "there"]
        assert Post.objects.get(item=missing).date == NOW - timedelta(days=2)
        assert titles(other.lifestream) == []

    def test_of_a_paused_subscription_makes_no_posts(self) -> None:
        item = make_item()
        assert fill(unfilled(item.feed, paused=True)) == 0
        paused = unfilled(item.feed, paused=True)
        unfilled(item.feed)
        assert fill(paused) == 0

    @pytest.mark.parametrize("rule", ["title: kites", "text: wind", "author: ada", "tag: sky", "link: /kites/"])
    def test_applies_rules_to_all_fields_of_an_item(self, rule: str) -> None:
        feed = make_feed()
        make_item(
            feed,
            "Kites",
            text="in the wind",
            author="Ada",
            tags=["by the way", "sky"],
            link="https://example.com/kites/1",
        )
        make_item(feed, "Boats", text="in the water", author="Bob", tags=["sea"], link="https://example.com/boats/1")
        keeps, blocks = unfilled(feed, keep_rules=rule), unfilled(feed, block_rules=rule)
        assert (fill(keeps), fill(blocks)) == (1, 1)
        assert (titles(keeps.lifestream), titles(blocks.lifestream)) == (["Kites"], ["Boats"])

    def test_applies_rules_to_the_tags_of_each_item(self) -> None:
        feed = make_feed()
        make_item(feed, "one", tags=["sky", "wind"])
        make_item(feed, "two", tags=["sea"])
        subscription = unfilled(feed, keep_rules="tag: sky\ntag: sea")
        assert fill(subscription) == 2

    def test_leaves_out_items_whose_guid_or_link_a_given_feed_has(self) -> None:
        old, new = make_feed(), make_feed()
        make_item(old, "alike", key_hash="a" * 64, link_hash="1" * 64)
        make_item(old, "without a link", key_hash="b" * 64, link_hash="")
        make_item(new, "same guid", key_hash="a" * 64, link_hash="2" * 64)
        make_item(new, "same link", key_hash="c" * 64, link_hash="1" * 64)
        make_item(new, "another", key_hash="d" * 64, link_hash="")
        subscription = unfilled(new)
        assert fill(subscription, unlike=old.pk) == 1
        assert titles(subscription.lifestream) == ["another"]

    @pytest.mark.slow
    @pytest.mark.parametrize(("rules", "count"), [("", CHUNK + 1), ("item", CHUNK + 1), ("another", 0)])
    def test_goes_through_a_long_feed_in_chunks(
        self, rules: str, count: int, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        feed = make_feed()
        Item.objects.bulk_create(
            Item(feed=feed, title=f"item {n}", date=NOW, first_seen=NOW, key_hash=f"{n:064}") for n in range(CHUNK + 1)
        )
        subscription = unfilled(feed, keep_rules=rules)
        # Two for the subscription: its backlog is cleared if its feed has no items, and its row is read. For each of
        # the two chunks, one for its items, with rules one for the sizes of their texts and one for their tags, two for
        # a savepoint, and one for posts, if any. The sizes of tags take two for the first chunk, one for the second.
        with django_assert_num_queries(2 + 2 * (3 + 2 * bool(rules) + bool(count)) + 3 * bool(rules)):
            assert fill(subscription) == count


def test_posts_that_new_rules_have_not_marked_yet_are_marked_although_a_fill_ends_early(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    feed = make_feed()
    for number in range(2):
        make_item(feed, f"{number}", text="a cat")
    post = make_post(make_item(text="a dog"), subscription := unfilled(feed))
    of_all = {"backlog": backfill._NEWEST, "block_rules": "dog"}
    Subscription._base_manager.filter(pk=subscription.pk).update(**of_all)
    monkeypatch.setattr(backfill, "TEXT_AT_ONCE", 1)
    assert fill(subscription) == 1
    fill_rest()
    post.refresh_from_db()
    assert post.ruled
    assert Post.objects.filter(subscription=subscription).count() == 3


def test_new_rules_of_a_lifestream_are_applied_to_a_limited_amount_of_text_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(backfill, "TEXT_AT_ONCE", 50)
    lifestream = make_lifestream()
    feed = make_feed()
    items = [make_item(feed, f"{number}", text="a dog " * 5) for number in range(3)]
    make_subscription(feed, lifestream)
    lifestream.block_rules = "dog"
    lifestream.save()
    assert Post.objects.filter(ruled=True).count() == 1
    backfill.fill_rest()
    assert Post.objects.filter(ruled=True).count() == len(items)


def test_long_texts_are_filled_in_smaller_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []

    def noting(candidates: Any, using: str) -> int:
        chunk = list(candidates)
        sizes.append(len(chunk))
        return fanout.write_posts(chunk, using)

    monkeypatch.setattr(backfill, "write_posts", noting)
    monkeypatch.setattr(backfill, "_PORTION", 10)
    feed = make_feed()
    for number in range(5):
        make_item(feed, f"{number}", text="a dog " * 2)
    subscription = make_subscription(feed, keep_rules="dog")
    assert titles(subscription.lifestream) == ["0", "1", "2", "3", "4"]
    assert sizes == [1] * 5


@pytest.mark.slow
def test_rules_with_many_words_are_applied_to_fewer_texts_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The work is limited. It is the product of two numbers: the characters of the items, plus 500 for each item; and
    the words that are looked for in them.
    """
    feed = make_feed()
    for number in range(6):
        make_item(feed, f"{number}", text="a dog")
    lifestream = make_lifestream(block_rules="dog")
    subscription = make_subscription(feed, lifestream)
    ruled = Post.objects.filter(ruled=True)
    assert not Post.objects.exists(), "the rule has let none pass"
    lifestream.block_rules = ""
    lifestream.save()
    backfill.fill_rest()
    assert Post.objects.count() == 6
    monkeypatch.setattr(backfill, "WORK_AT_ONCE", 3_050)
    for words, marked in (("dog", 6), ("dog\nqq", 3), ("dog\nqq ww\nlink: x", 1)):
        Post.objects.update(ruled=False)
        lifestream.block_rules = words
        lifestream.save()
        assert ruled.count() == marked
        Post.objects.update(ruled=False)
        lifestream.block_rules = ""
        lifestream.save()
        subscription.block_rules = words
        subscription.save()
        assert ruled.count() == marked, "the rules of a subscription count in the same way"
        backfill.fill_rest()
        assert ruled.count() == 6
        subscription.block_rules = ""
        subscription.save()


@pytest.mark.slow
def test_the_subscriptions_of_a_list_share_what_rules_may_read_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    feeds = [make_feed() for _ in range(4)]
    for feed in feeds:
        for number in range(3):
            make_item(feed, f"{number}", text="a cat ")
    lifestream = make_lifestream(block_rules="dog")
    subscriptions = [unfilled(feed, lifestream=lifestream) for feed in feeds]
    with monkeypatch.context() as patched:
        patched.setattr(backfill, "WORK_AT_ONCE", 1_400)
        backfill.fill_newest([each.pk for each in subscriptions], "default")
        assert 3 <= Post.objects.count() <= 6
        assert Subscription.objects.filter(backlog__isnull=False).count() >= 2
    backfill.fill_rest()
    assert Post.objects.count() == 12 and not Subscription.objects.filter(backlog__isnull=False).exists()


@pytest.mark.parametrize("field", ["text", "author", "tags"])
def test_all_that_rules_read_of_an_item_is_limited(field: str, monkeypatch: pytest.MonkeyPatch) -> None:
    feed = make_feed()
    for number in range(4):
        long = f"{number}{'x' * 39}"
        make_item(feed, "1", **{field: (long,) if field == "tags" else long})
    monkeypatch.setattr(backfill, "WORK_AT_ONCE", 1_300)
    subscription = make_subscription(feed, block_rules="dog")
    assert subscription.posts.count() == 3, "the third ends what may be read"
    fill_rest()
    assert subscription.posts.count() == 4
