"""Which lifestreams show an item: subscriptions, their rules, and the posts that result.

An import writes the posts of new items; `backfill` and `bulk_subscriptions` write those of existing items. No item is
missed: an import locks its feed's row before it looks up the subscribers, and whoever writes a subscription locks that
row before the items are looked up (SQLite has one writer at a time anyway). So either the import finds the
subscription, or the subscription finds the items of the import.

A feed that lost its last subscriber, or whose subscribers have all paused it, is idle: it is not fetched. When it gets
a subscriber again, it is due at the time that was set before.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

from django.db import IntegrityError, router
from django.db.models import Case, Exists, F, OuterRef, Value, When
from django.utils import timezone

from lifestream.content.filter_rules import Rules, RuleSubject
from lifestream.models import Feed, Lifestream, Post, Subscription
from lifestream.models.changed_fields import RowGone
from lifestream.storage.bulk_sql import insert_rows


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
    for row in rows.values_list("feed_id", "pk", "lifestream_id", *RULES, named=True):
        found.setdefault(row.feed_id, []).append(Subscriber(row.pk, row.lifestream_id, rules_of(row)))
    return found


RULES: Final = ("keep_rules", "block_rules", "lifestream__keep_rules", "lifestream__block_rules")
"""The columns of a subscription that `rules_of` takes."""


def rules_of(row: Any) -> Rules:
    """Return the rules of a subscription and of its lifestream, from the columns RULES of its *row*."""
    of_lifestream = Rules.of(row.lifestream__keep_rules, row.lifestream__block_rules)
    return Rules.of(row.keep_rules, row.block_rules, of_lifestream)


def write_posts(candidates: Iterable[tuple[Postable, Sequence[Subscriber]]], using: str) -> int:
    """Post each candidate to those of its subscribers whose rules allow it. Existing posts stay unchanged. Returns the
    number of posts, including existing ones.
    """
    posts = [
        _PostRow(subscriber.lifestream, subscriber.subscription, candidate.item, candidate.date)
        for candidate, subscribers in candidates
        for subscriber in subscribers
        if candidate.shown is None or subscriber.rules.allow(candidate.shown)
    ]
    insert_rows(Post, _PostRow._fields, posts, using)
    return len(posts)


def subscribe(lifestream: Lifestream, feed: Feed, **fields: Any) -> Subscription:
    """Subscribe *lifestream* to *feed*; *fields* are the subscription's other fields. The items that the feed has are
    posted, as for every new subscription.

    A subscription that exists already is returned as it is. Raises `RowGone` if the lifestream or the feed was deleted.
    In a transaction of the caller, the database may instead raise an IntegrityError at the transaction's end.
    """
    using = router.db_for_write(Subscription)
    subscriptions = Subscription.objects.using(using)
    try:
        return subscriptions.get_or_create(lifestream=lifestream, feed=feed, defaults=fields)[0]
    except IntegrityError as error:
        for row in (lifestream, feed):
            if not type(row)._base_manager.using(using).filter(pk=row.pk).exists():
                raise RowGone(f"the {row._meta.verbose_name} was deleted") from error  # not translated
        raise


def note_readers(feeds: Collection[int], using: str) -> None:
    """Mark as idle since now those of *feeds* (keys) that have no active subscription any more, and as active the idle
    feeds that have one again. Feeds that are gone, or that a superuser has paused, stay so.
    """
    reading = Exists(Subscription.objects.using(using).filter(feed=OuterRef("pk"), paused=False))
    chosen = Feed.objects.using(using).filter(pk__in=feeds)
    without = chosen.filter(~reading).exclude(status=Feed.Status.PAUSED)
    idle_or_gone = Case(When(status=Feed.Status.GONE, then=F("status")), default=Value(Feed.Status.IDLE))
    without.update(status=idle_or_gone, idle_since=timezone.now())
    chosen.filter(reading, status=Feed.Status.IDLE).update(status=Feed.Status.ACTIVE)
