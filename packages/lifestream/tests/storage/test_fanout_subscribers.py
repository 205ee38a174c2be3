"""The posts that an import or a new subscription writes, and which feeds have readers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models.signals import post_save
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from factories import NOW, make_feed, make_item, make_lifestream, make_post, make_subscription
from lifestream.content.filter_rules import Rules, RuleSubject
from lifestream.models import Feed, Lifestream, Post, Subscription
from lifestream.models.changed_fields import RowGone
from lifestream.models.feeds import lock_feeds
from lifestream.storage import fanout
from lifestream.storage.backfill import fill
from lifestream.storage.fanout import Postable, Subscriber, subscribe, subscribers_of, write_posts

pytestmark = pytest.mark.django_db


def titles(lifestream: Lifestream) -> list[str]:
    return sorted(Post.objects.filter(lifestream=lifestream).values_list("item__title", flat=True))


def status(feed: Feed) -> str:
    return Feed.objects.get(pk=feed.pk).status


class TestSubscribers:
    def test_are_grouped_by_feed_with_their_rules_and_without_paused_ones(self) -> None:
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
        Post.objects.all().delete()
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
    def test_posts_the_existing_items_of_the_feed(self) -> None:
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

    @pytest.mark.django_db(transaction=True)
    def test_what_was_deleted_meanwhile_is_named_as_the_reason(self) -> None:
        lifestream, feed = make_lifestream(), make_feed()
        gone, lost = make_lifestream(), make_feed()
        for row in (gone, lost):
            type(row).objects.filter(pk=row.pk).delete()
        with pytest.raises(RowGone, match="the lifestream was deleted"):
            subscribe(gone, feed)
        with pytest.raises(RowGone, match="the feed was deleted"):
            subscribe(lifestream, lost)
        assert not Subscription.objects.exists()


class TestReaders:
    """A feed that has lost its readers is idle: it is not fetched."""

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

    def test_a_feed_that_a_superuser_has_paused_stays_paused(self) -> None:
        feed = make_feed(status=Feed.Status.PAUSED)
        subscription = make_subscription(feed)
        assert status(feed) == Feed.Status.PAUSED
        subscription.delete()
        assert status(feed) == Feed.Status.PAUSED

    def test_the_time_when_the_last_subscription_of_a_feed_ended_is_stored(self) -> None:
        feed = make_feed()
        subscription = make_subscription(feed)
        begin = timezone.now()
        subscription.delete()
        since = Feed.objects.get(pk=feed.pk).idle_since
        assert since is not None and begin <= since <= timezone.now()

    def test_readers_of_one_feed_do_not_make_another_feed_active(self) -> None:
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
        feed, idle, unread = make_feed(), make_feed(), make_feed()
        make_subscription(idle)
        Feed.objects.filter(pk=idle.pk).update(status=Feed.Status.IDLE)
        fanout.note_readers([feed.pk], "default")
        assert (status(feed), status(idle), status(unread)) == (Feed.Status.IDLE, Feed.Status.IDLE, Feed.Status.ACTIVE)

    def test_a_subscription_loaded_from_a_fixture_leaves_the_status_of_its_feed_alone(self) -> None:
        feed = make_feed()
        subscription = Subscription(lifestream=make_lifestream(), feed=feed)
        post_save.send(Subscription, instance=subscription, created=True, raw=True, using="default")
        assert status(feed) == Feed.Status.ACTIVE
        post_save.send(Subscription, instance=subscription, created=True, raw=False, using="default")
        assert status(feed) == Feed.Status.IDLE


class TestLocks:
    def test_only_the_given_feeds_are_locked_in_the_order_of_their_keys(self, monkeypatch: pytest.MonkeyPatch) -> None:
        one, two, _other = make_feed(), make_feed(), make_feed()
        monkeypatch.setattr(connection.features, "has_select_for_update", True)
        asked: list[tuple[str, Any]] = []

        def note(execute: Callable[..., Any], sql: str, parameters: Any, *others: Any) -> Any:
            asked.append((sql, parameters))
            return execute(sql.removesuffix(" FOR UPDATE"), parameters, *others)  # SQLite has no such clause

        with connection.execute_wrapper(note):
            lock_feeds([two.pk, one.pk], "default")
        [(sql, keys)] = asked
        assert sql.startswith('SELECT "lifestream_feed"."id" ')
        assert sql.endswith(" ORDER BY 1 ASC FOR UPDATE")  # by the first column, which is the key
        assert set(keys) == {one.pk, two.pk}

    def test_a_database_that_cannot_lock_rows_is_not_asked_for_it(
        self, monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        feed = make_feed()
        monkeypatch.setattr(connection.features, "has_select_for_update", False)
        with django_assert_num_queries(0):
            lock_feeds([feed.pk], "default")
