"""Which lifestreams show an item: posts of an import, of a new subscription, and of one that is filled again."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db.models.signals import post_save
from pytest_django import DjangoAssertNumQueries

from factories import NOW, make_feed, make_item, make_lifestream, make_post, make_subscription
from lifestream.content.filter_rules import Rules, RuleSubject
from lifestream.models import Feed, Item, Lifestream, Post, Subscription
from lifestream.storage import fanout
from lifestream.storage.fanout import CHUNK, Postable, Subscriber, fill, subscribe, subscribers_of, write_posts

pytestmark = pytest.mark.django_db


def titles(lifestream: Lifestream) -> list[str]:
    return sorted(Post.objects.filter(lifestream=lifestream).values_list("item__title", flat=True))


def status(feed: Feed) -> str:
    return Feed.objects.get(pk=feed.pk).status


class TestSubscribers:
    def test_are_those_that_are_not_paused_by_feed_with_their_rules(self) -> None:
        one, two, nobody = make_feed(), make_feed(), make_feed()
        first = make_subscription(one, keep_rules="kites", block_rules="ads")
        second, other = make_subscription(one), make_subscription(two)
        make_subscription(one, paused=True)
        make_subscription(make_feed())
        assert subscribers_of([one.pk, two.pk, nobody.pk], "default") == {
            one.pk: [
                Subscriber(first.pk, first.lifestream_id, Rules.of("kites", "ads")),
                Subscriber(second.pk, second.lifestream_id, Rules()),
            ],
            two.pk: [Subscriber(other.pk, other.lifestream_id, Rules())],
        }


class TestPosts:
    def test_are_written_for_those_whose_rules_allow_the_item(self) -> None:
        feed = make_feed()
        item, unruled = make_item(feed, "Kites"), make_item(feed, "Kites again")
        fond, bored = make_subscription(feed, keep_rules="kites"), make_subscription(feed, block_rules="kites")
        subscribers = subscribers_of([feed.pk], "default")[feed.pk]
        candidates = [
            (Postable(item.pk, NOW, RuleSubject("Kites")), subscribers),
            (Postable(unruled.pk, NOW, None), subscribers),
        ]
        assert write_posts(candidates, "default") == 3
        assert titles(fond.lifestream) == ["Kites", "Kites again"]
        assert titles(bored.lifestream) == ["Kites again"]

    def test_are_shown_with_the_date_of_their_item(self) -> None:
        item = make_item()
        subscription = make_subscription(item.feed)
        mine = subscribers_of([item.feed_id], "default")[item.feed_id]
        write_posts([(Postable(item.pk, NOW - timedelta(days=3), None), mine)], "default")
        post = Post.objects.get()
        assert (post.date, post.hidden, post.removed) == (NOW - timedelta(days=3), False, False)
        assert (post.item, post.subscription, post.lifestream) == (item, subscription, subscription.lifestream)

    def test_that_an_owner_has_hidden_stay_hidden(self) -> None:
        item = make_item()
        subscription = make_subscription(item.feed)
        make_post(item, subscription, hidden=True, removed=True)
        assert fill(subscription) == 0
        mine = subscribers_of([item.feed_id], "default")[item.feed_id]
        write_posts([(Postable(item.pk, NOW, None), mine)], "default")
        post = Post.objects.get()
        assert (post.hidden, post.removed) == (True, True)


class TestSubscribing:
    def test_posts_what_the_feed_has(self) -> None:
        item = make_item(title="One")
        lifestream = make_lifestream()
        made = subscribe(lifestream, item.feed, name="Mine", folder="Blogs")
        assert (made.lifestream, made.feed, made.name, made.folder) == (lifestream, item.feed, "Mine", "Blogs")
        assert titles(lifestream) == ["One"]

    def test_twice_changes_nothing(self) -> None:
        item = make_item()
        lifestream = make_lifestream()
        made = subscribe(lifestream, item.feed, name="Mine")
        Post.objects.all().delete()
        again = subscribe(lifestream, item.feed, name="Another")
        assert (again, again.name) == (made, "Mine")
        assert titles(lifestream) == []


class TestReaders:
    """A feed that nobody reads is not asked."""

    def test_a_feed_is_idle_while_all_its_subscriptions_are_paused_or_gone(self) -> None:
        feed = make_feed()
        subscription = make_subscription(feed)
        subscription.paused = True
        subscription.save()
        assert status(feed) == Feed.Status.IDLE
        other = make_subscription(feed)
        assert status(feed) == Feed.Status.ACTIVE
        other.delete()
        assert status(feed) == Feed.Status.IDLE

    def test_readers_of_another_feed_do_not_count(self) -> None:
        make_subscription(make_feed())
        feed = make_feed()
        subscription = make_subscription(feed)
        subscription.delete()
        assert status(feed) == Feed.Status.IDLE

    def test_a_feed_that_is_gone_stays_gone(self) -> None:
        feed = make_feed(status=Feed.Status.GONE)
        subscription = make_subscription(feed)
        assert status(feed) == Feed.Status.GONE
        subscription.delete()
        assert status(feed) == Feed.Status.GONE

    def test_other_feeds_stay_as_they_are(self) -> None:
        feed, idle, unread = make_feed(), make_feed(status=Feed.Status.IDLE), make_feed()
        fanout.note_readers([feed.pk], "default")
        assert (status(feed), status(idle), status(unread)) == (Feed.Status.IDLE, Feed.Status.IDLE, Feed.Status.ACTIVE)

    def test_fixtures_that_are_loaded_say_themselves_what_their_feeds_are(self) -> None:
        feed = make_feed()
        subscription = Subscription(lifestream=make_lifestream(), feed=feed)
        post_save.send(Subscription, instance=subscription, created=True, raw=True, using="default")
        assert status(feed) == Feed.Status.ACTIVE
        post_save.send(Subscription, instance=subscription, created=True, raw=False, using="default")
        assert status(feed) == Feed.Status.IDLE


class TestFilling:
    def test_posts_what_is_missing_and_counts_it(self) -> None:
        feed = make_feed()
        there, missing = make_item(feed, "there"), make_item(feed, "missing", date=NOW - timedelta(days=2))
        make_item(title="of another feed")
        subscription, other = make_subscription(feed), make_subscription(feed)
        make_post(there, subscription)
        assert fill(subscription) == 1
        assert titles(subscription.lifestream) == ["missing", "there"]
        assert Post.objects.get(item=missing).date == NOW - timedelta(days=2)
        assert titles(other.lifestream) == []

    def test_of_a_paused_subscription_posts_nothing(self) -> None:
        item = make_item()
        assert fill(make_subscription(item.feed, paused=True)) == 0
        paused = make_subscription(item.feed, paused=True)
        make_subscription(item.feed)
        assert fill(paused) == 0

    @pytest.mark.parametrize("rule", ["title: kites", "text: wind", "author: ada", "tag: sky", "link: /kites/"])
    def test_applies_rules_to_all_that_an_item_shows(self, rule: str) -> None:
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
        keeps, blocks = make_subscription(feed, keep_rules=rule), make_subscription(feed, block_rules=rule)
        assert (fill(keeps), fill(blocks)) == (1, 1)
        assert (titles(keeps.lifestream), titles(blocks.lifestream)) == (["Kites"], ["Boats"])

    def test_tells_the_tags_of_items_apart(self) -> None:
        feed = make_feed()
        make_item(feed, "one", tags=["sky", "wind"])
        make_item(feed, "two", tags=["sea"])
        subscription = make_subscription(feed, keep_rules="tag: sky\ntag: sea")
        assert fill(subscription) == 2

    def test_leaves_out_what_another_feed_has_by_guid_or_link(self) -> None:
        old, new = make_feed(), make_feed()
        make_item(old, "alike", key_hash="a" * 64, link_hash="1" * 64)
        make_item(old, "without a link", key_hash="b" * 64, link_hash="")
        make_item(new, "same guid", key_hash="a" * 64, link_hash="2" * 64)
        make_item(new, "same link", key_hash="c" * 64, link_hash="1" * 64)
        make_item(new, "another", key_hash="d" * 64, link_hash="")
        subscription = make_subscription(new)
        assert fill(subscription, unlike=old.pk) == 1
        assert titles(subscription.lifestream) == ["another"]

    @pytest.mark.parametrize(("rules", "count"), [("", CHUNK + 1), ("item", CHUNK + 1), ("another", 0)])
    def test_goes_through_a_long_feed_in_chunks(
        self, rules: str, count: int, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        feed = make_feed()
        Item.objects.bulk_create(
            Item(feed=feed, title=f"item {n}", date=NOW, first_seen=NOW, key_hash=f"{n:064}") for n in range(CHUNK + 1)
        )
        subscription = make_subscription(feed, keep_rules=rules)
        # Who subscribes; of each chunk its items, its tags where there are rules, and a savepoint's two statements
        # around the one for posts, if there are any; that no items are left.
        with django_assert_num_queries(1 + 2 * (3 + bool(rules) + bool(count)) + 1):
            assert fill(subscription) == count
