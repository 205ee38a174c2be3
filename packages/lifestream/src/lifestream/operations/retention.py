"""What is deleted so that the database does not grow for ever, and what never is.

Items are deleted by their age (LIFESTREAM_KEEP_DAYS) and by their number in a feed (LIFESTREAM_KEEP_ITEMS), unless an
owner keeps or pins their posts. They leave tombstones, so that an old entry that its feed still lists does not come
back; tombstones are deleted after LIFESTREAM_KEEP_TOMBSTONE_DAYS. Feeds without subscribers are deleted after
LIFESTREAM_KEEP_IDLE_DAYS, with all their items.

Items are deleted in small transactions, so that nobody waits for long. The cleanup may be stopped between two chunks of
items that are too old or too many, and between two feeds. What it has deleted by then is counted.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from django.db import connections, router, transaction
from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from lifestream.conf import settings
from lifestream.fetcher.websub import MAX_LEASE
from lifestream.models import Feed, Host, HubSubscription, Item, Post, Tally, Tombstone, sort_names
from lifestream.models.feeds import lock_feeds
from lifestream.storage import published_ids
from lifestream.storage.deadlocks import in_transaction, tried_again

CHUNK: Final = 200
FAR: Final = timedelta(days=60)
"""A feed may be due as long as this after LIFESTREAM_MAX_INTERVAL is over, or twice LIFESTREAM_MAX_PAUSE if that is
longer. If a feed is due later, its time was stored while the clock was wrong: no server may ask for so long a pause.
"""


@dataclass(frozen=True, slots=True)
class Cleaned:
    """How many rows were, or would be, deleted. *brought_back* are feeds that were due in the far future, and are due
    within LIFESTREAM_MAX_INTERVAL now.
    """

    items: int = 0
    feeds: int = 0
    tombstones: int = 0
    brought_back: int = 0

    @property
    def is_empty(self) -> bool:
        """Whether there was nothing to do."""
        return not (self.items or self.feeds or self.tombstones or self.brought_back)


def cleanup(now: datetime, *, dry_run: bool = False, stopping: threading.Event | None = None) -> Cleaned:
    """Delete what the settings do not keep, and repair rows: feeds that are due in the far future, pauses of hosts and
    leases of hubs that end there, names by which sites are sorted, items without a published id. With *dry_run*, only
    count. Errors of the database are not caught.
    """
    stopping = stopping or threading.Event()
    using = router.db_for_write(Item)
    done = _delete_items_and_feeds(now, using, stopping, dry_run=dry_run)
    if not stopping.is_set():
        if settings.keep_tombstone_days:
            edge = now - timedelta(days=settings.keep_tombstone_days)
            old = Tombstone.objects.using(using).filter(created__lt=edge)
            done = replace(done, tombstones=old.count() if dry_run else old._raw_delete(using))
        done = replace(done, brought_back=_bring_back(now, using, dry_run=dry_run))
        if not dry_run:
            tried_again(partial(_end_far_pauses, now, using))
            tried_again(partial(_renew_far_leases, now, using))
            tried_again(partial(sort_names.mend, using))
            published_ids.complete_all(using)
    if not dry_run and not done.is_empty:
        counts = {"cleaned:items": done.items, "cleaned:feeds": done.feeds, "cleaned:tombstones": done.tombstones}
        Tally.objects.using(using).add({name: count for name, count in counts.items() if count}, now)
    return done


def _delete_items_and_feeds(now: datetime, using: str, stopping: threading.Event, *, dry_run: bool) -> Cleaned:
    """Delete the items and the feeds that the settings do not keep, until *stopping* is set; return how many."""
    done = Cleaned()
    for chunk in _old_items(now, using, dry_run=dry_run):
        if stopping.is_set():
            return done
        if not dry_run:
            _delete_items(chunk, using)
        done = replace(done, items=done.items + len(chunk))
    for feed in list(_idle_feeds(now, using)):
        if stopping.is_set():
            return done
        if dry_run or _delete(feed, now, using):
            done = replace(done, feeds=done.feeds + 1)
    return done


def give_space_back() -> None:
    """Have the database free the space of deleted rows. SQLite returns it to the disk. That takes as long as writing
    the whole database, and everybody else waits meanwhile. PostgreSQL keeps most of it for new rows.
    """
    using = router.db_for_write(Item)
    with connections[using].cursor() as cursor:
        cursor.execute("VACUUM")


def _kept() -> Exists:
    """Return the condition that an owner keeps or pins a post of the item."""
    return Exists(Post.objects.filter(Q(kept=True) | Q(pinned__isnull=False), item=OuterRef("pk")))


def _old_items(now: datetime, using: str, *, dry_run: bool) -> Iterator[list[int]]:
    """Yield the keys of items to delete, in chunks. Without *dry_run*, the caller has to delete each chunk before it
    takes the next one.
    """
    items = Item.objects.using(using).filter(~_kept())
    if settings.keep_days:
        oldest = now - timedelta(days=settings.keep_days)
        yield from _chunks(items.filter(date__lt=oldest).order_by("date", "pk"), dry_run=dry_run)
        items = items.filter(date__gte=oldest)  # a dry run counts no item twice
    if settings.keep_items:
        counts = Item.objects.using(using).order_by().values("feed").annotate(count=Count("pk"))
        for feed in list(counts.filter(count__gt=settings.keep_items).values_list("feed", flat=True)):
            latest = Item.objects.using(using).filter(feed=feed).order_by("-date", "-pk")
            edge = latest.values_list("date", "pk")[settings.keep_items - 1 : settings.keep_items].first()
            if edge is None:
                continue  # The feed has fewer items by now.
            date, pk = edge
            older = Q(date__lt=date) | Q(date=date, pk__lt=pk)
            yield from _chunks(items.filter(older, feed=feed).order_by("date", "pk"), dry_run=dry_run)


def _chunks(items: QuerySet[Item], *, dry_run: bool) -> Iterator[list[int]]:
    if dry_run:
        keys = list(items.values_list("pk", flat=True))
        yield from (keys[start : start + CHUNK] for start in range(0, len(keys), CHUNK))
        return
    while chunk := list(items.values_list("pk", flat=True)[:CHUNK]):
        yield chunk


def _idle_feeds(now: datetime, using: str) -> QuerySet[Feed, int]:
    """Return the keys of feeds whose last subscription ended LIFESTREAM_KEEP_IDLE_DAYS ago or earlier. If that was
    under an older release, its time is not stored: then the last fetch counts, which was earlier. A feed that a
    superuser has paused is not among them: if it were deleted, somebody who adds it again would end the pause. Nor is a
    feed with posts: after it moved to another feed, its old posts belong to the subscriptions to that one.
    """
    if not settings.keep_idle_days:
        return Feed.objects.none().values_list("pk", flat=True)
    edge = now - timedelta(days=settings.keep_idle_days)
    fetched = Q(last_fetch__lt=edge) | Q(last_fetch=None, created__lt=edge)
    unused = fetched & (Q(idle_since=None) | Q(idle_since__lt=edge))
    ended = (Feed.Status.IDLE, Feed.Status.GONE)
    idle = Feed.objects.using(using).filter(unused, status__in=ended, subscriptions=None)
    idle = idle.exclude(Exists(Post.objects.using(using).filter(item__feed=OuterRef("pk"))))
    return idle.order_by("pk").values_list("pk", flat=True)


def _delete(feed: int, now: datetime, using: str) -> bool:
    """Delete *feed* with its items, unless somebody has subscribed to it since. Return whether it was deleted."""
    while Item.objects.using(using).filter(feed=feed).exists():
        if not in_transaction(partial(_delete_some_items, feed, now, using), using):
            return False
    with transaction.atomic(using=using):
        locked = Feed.objects.using(using).select_for_update().filter(pk=feed) if _locks(using) else None
        if locked is not None and not locked.exists():
            return False
        if not _idle_feeds(now, using).filter(pk=feed).exists():
            return False
        return Feed.objects.using(using).filter(pk=feed).delete()[0] > 0


def _delete_some_items(feed: int, now: datetime, using: str) -> bool:
    """Delete the next items of *feed* in the caller's transaction, and all that keeps them from coming back if somebody
    subscribes to the feed before it is deleted as well. Return False, and delete none, if somebody has subscribed.
    """
    lock_feeds([feed], using)
    if not _idle_feeds(now, using).filter(pk=feed).exists():
        return False
    items = Item.objects.using(using).filter(feed=feed).order_by("pk")
    Item.objects.using(using).filter(pk__in=list(items.values_list("pk", flat=True)[:CHUNK])).delete()
    Tombstone.objects.using(using).filter(feed=feed)._raw_delete(using)
    Feed.objects.using(using).filter(pk=feed).update(body_hash="", entry_digests="", etag="", last_modified="")
    return True


def _delete_items(keys: Collection[int], using: str) -> None:
    """Delete the items *keys* with their posts, of which the admin may change some in another order meanwhile."""
    tried_again(Item.objects.using(using).filter(pk__in=keys).delete)


def _locks(using: str) -> bool:
    return bool(connections[using].features.has_select_for_update)


def _bring_back(now: datetime, using: str, *, dry_run: bool) -> int:
    """Let feeds that are due far beyond LIFESTREAM_MAX_INTERVAL be due after that interval. Return how many these are.

    Only a wrong clock can have made them due so late.
    """
    longest = timedelta(seconds=settings.max_interval)
    lost = Feed.objects.using(using).filter(status=Feed.Status.ACTIVE, next_fetch__gt=now + longest + _far())
    return lost.count() if dry_run else lost.update(next_fetch=now + longest, not_before=None)


def _far() -> timedelta:
    return max(FAR, 2 * timedelta(seconds=settings.max_pause))


def _end_far_pauses(now: datetime, using: str) -> None:
    """End the pauses of hosts that only a wrong clock can have made so long."""
    Host.objects.using(using).filter(not_before__gt=now + _far()).update(not_before=None)


def _renew_far_leases(now: datetime, using: str) -> None:
    """Renew subscriptions at hubs that are to be renewed later than the longest lease allows. A hub has confirmed them
    to a machine whose clock was ahead. Until it does so again, their feeds are polled as if they had no hub.
    """
    latest = now + timedelta(seconds=MAX_LEASE, days=1)
    subscriptions = HubSubscription.objects.using(using)
    subscriptions.filter(next_request__gt=latest).update(next_request=now, attempts=0)
    subscriptions.filter(lease_until__gt=latest).update(lease_until=None)
    Feed.objects.using(using).filter(push_until__gt=latest).update(push_until=None)
