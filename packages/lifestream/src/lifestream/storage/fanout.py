"""Which lifestreams show an item: subscriptions, their rules, and the posts that result.

An import writes the posts of new items; `subscribe` and `fill` write those of existing items. No item is missed: an
import locks its feed's row before it looks up the subscribers, and until then a new subscription, which refers to that
row, has to wait (SQLite has one writer at a time anyway). So a subscription is either seen by the import or sees its
items.

A feed that lost its last subscriber, or whose subscribers have all paused it, is idle: it is not fetched. When it gets
a subscriber again, it is due when it would have been.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

from django.db import router, transaction
from django.db.models import Exists, OuterRef, Q

from lifestream.content.filter_rules import Rules, RuleSubject
from lifestream.models import Feed, Item, Lifestream, Post, Subscription
from lifestream.storage.bulk_sql import insert_rows

CHUNK: Final = 500


@dataclass(frozen=True, slots=True)
class Subscriber:
    """A subscription, reduced to what posts need."""

    subscription: int
    lifestream: int
    rules: Rules


@dataclass(frozen=True, slots=True)
class Postable:
    """An item that may be posted: its key, its date, and the fields that rules check (None if there are no rules)."""

    item: int
    date: datetime
    shown: RuleSubject | None


class _PostRow(NamedTuple):
    """A post to be written, in the columns of `Post`."""

    lifestream: int
    subscription: int
    item: int
    date: datetime
    hidden: bool = False
    removed: bool = False


def subscribers_of(feeds: Collection[int], using: str) -> dict[int, list[Subscriber]]:
    """Return the subscriptions of *feeds* that are not paused, by feed."""
    found: dict[int, list[Subscriber]] = {}
    rows = Subscription.objects.using(using).filter(feed__in=feeds, paused=False).order_by("pk")
    for row in rows.values_list("feed_id", "pk", "lifestream_id", "keep_rules", "block_rules", named=True):
        rules = Rules.of(row.keep_rules, row.block_rules)
        found.setdefault(row.feed_id, []).append(Subscriber(row.pk, row.lifestream_id, rules))
    return found


def write_posts(candidates: Iterable[tuple[Postable, Sequence[Subscriber]]], using: str) -> int:
    """Post each candidate to those of its subscribers whose rules allow it. Existing posts stay unchanged."""
    posts = [
        _PostRow(subscriber.lifestream, subscriber.subscription, candidate.item, candidate.date)
        for candidate, subscribers in candidates
        for subscriber in subscribers
        if candidate.shown is None or subscriber.rules.allow(candidate.shown)
    ]
    insert_rows(Post, _PostRow._fields, posts, using)
    return len(posts)


def subscribe(lifestream: Lifestream, feed: Feed, **fields: Any) -> Subscription:
    """Subscribe *lifestream* to *feed* and post the items that it has; *fields* are the subscription's other fields.

    A subscription that exists already is returned as it is.
    """
    subscriptions = Subscription.objects.using(router.db_for_write(Subscription))
    subscription, created = subscriptions.get_or_create(lifestream=lifestream, feed=feed, defaults=fields)
    if created:
        fill(subscription)
    return subscription


def note_readers(feeds: Collection[int], using: str) -> None:
    """Mark those of *feeds* (keys) that have no readers any more as idle, and those that have some again as active."""
    reading = Exists(Subscription.objects.using(using).filter(feed=OuterRef("pk"), paused=False))
    chosen = Feed.objects.using(using).filter(pk__in=feeds)
    chosen.filter(~reading, status=Feed.Status.ACTIVE).update(status=Feed.Status.IDLE)
    chosen.filter(reading, status=Feed.Status.IDLE).update(status=Feed.Status.ACTIVE)


def fill(subscription: Subscription, unlike: int | None = None) -> int:
    """Post the items of the subscription's feed that are not posted yet, as its rules allow. Returns how many.

    For a new subscription, one that was paused, or one whose rules were changed. Items that are also in the feed
    *unlike*, by guid or link, are left out. A paused subscription gets none.
    """
    using = router.db_for_write(Subscription)
    subscribers = [
        subscriber
        for subscriber in subscribers_of([subscription.feed_id], using).get(subscription.feed_id, [])
        if subscriber.subscription == subscription.pk
    ]
    if not subscribers:
        return 0
    items = Item.objects.using(using).filter(feed=subscription.feed_id)
    items = items.exclude(posts__lifestream=subscription.lifestream_id)
    if unlike is not None:
        theirs = Item.objects.using(using).filter(feed=unlike)
        alike = Q(key_hash__in=theirs.values("key_hash"))
        items = items.exclude(alike | Q(link_hash__in=theirs.exclude(link_hash="").values("link_hash")))
    count = 0
    for candidates in _candidates(items, with_text=bool(subscribers[0].rules)):
        with transaction.atomic(using=using):
            count += write_posts(((candidate, subscribers) for candidate in candidates), using)
    return count


def _candidates(items: Any, *, with_text: bool) -> Iterator[list[Postable]]:
    last = 0
    fields = ["pk", "date", *(["title", "text", "author", "link"] if with_text else [])]
    while rows := list(items.filter(pk__gt=last).order_by("pk").only(*fields)[:CHUNK]):
        last = rows[-1].pk
        tags: dict[int, list[str]] = {}
        if with_text:
            through = Item.tags.through.objects.using(items.db).filter(item__in=rows)
            for item, name in through.values_list("item_id", "tag__name"):
                tags.setdefault(item, []).append(name)
        yield [Postable(row.pk, row.date, shown(row, tags.get(row.pk, ())) if with_text else None) for row in rows]


def shown(item: Item, tags: Iterable[str]) -> RuleSubject:
    """Return the fields of *item* that rules check."""
    return RuleSubject(item.title, item.text, item.author, tuple(tags), item.link)
