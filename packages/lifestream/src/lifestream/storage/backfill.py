"""The posts of items that a feed has already: for a new subscription, one that is resumed, or one whose rules changed.

However a subscription is written, `fill_newest` posts the newest AT_ONCE items at once, in the transaction of the one
who writes it. If the feed has more, the subscription's *backlog* says below which key they begin, and the next refresh
posts them with `fill_rest`. Keys are in the order of time, since an import writes the oldest entry first.

Items that are posted already stay as they are, hidden or not. A paused subscription gets none.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any, Final

from django.db import router, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from lifestream.content.filter_rules import Rules, RuleSubject
from lifestream.models import Item, Subscription
from lifestream.storage.fanout import Postable, Subscriber, write_posts

AT_ONCE: Final = 2_000
"""How many items are posted at once, the newest ones. A write of more would hold SQLite's lock for long."""

CHUNK: Final = 500
_LOOKUP: Final = 400  # SQLite may be built to take 999 values a statement


def fill_newest(keys: Collection[int], using: str) -> None:
    """Post the newest items of the feeds of the subscriptions *keys*, as their rules allow, and note what is left."""
    for row in _with_items(keys, using):
        left = _fill(row, using, below=None, at_most=AT_ONCE)
        if left != row.backlog:
            _note(row.pk, row.backlog, left, using)


def fill_rest(stopping: threading.Event | None = None) -> int:
    """Post what `fill_newest` has left, until *stopping* is set. Returns for how many subscriptions all is posted."""
    using = router.db_for_write(Subscription)
    done = 0
    left = Subscription.objects.using(using).filter(backlog__isnull=False).order_by("pk").values_list("pk", flat=True)
    for row in _with_items(list(left), using):
        below: int | None = row.backlog
        while below is not None and not (stopping is not None and stopping.is_set()):
            before = below
            with transaction.atomic(using=using):
                below = _fill(row, using, below=before, at_most=CHUNK)
                _note(row.pk, before, below, using)
        done += below is None
    return done


def fill(subscription: Subscription, unlike: int | None = None) -> int:
    """Post all items of the subscription's feed that are not posted yet, as its rules allow. Returns how many.

    Items that are also in the feed *unlike*, by guid or link, are left out.
    """
    using = router.db_for_write(Subscription)
    count = 0
    for row in _with_items([subscription.pk], using):
        items = _missing(row, using)
        if unlike is not None:
            theirs = Item.objects.using(using).filter(feed=unlike)
            alike = Q(key_hash__in=theirs.values("key_hash"))
            items = items.exclude(alike | Q(link_hash__in=theirs.exclude(link_hash="").values("link_hash")))
        for chunk in _chunks(items, row, None):
            count += _post(chunk, row, using)
    return count


def _with_items(keys: Collection[int], using: str) -> Iterator[Any]:
    """Yield the rows of those of the subscriptions *keys* that are not paused and whose feed has items."""
    ordered = sorted(keys)
    for start in range(0, len(ordered), _LOOKUP):
        some = Subscription.objects.using(using).filter(pk__in=ordered[start : start + _LOOKUP])
        # What is paused gets all that is missing once it is resumed.
        some.filter(paused=True, backlog__isnull=False).update(backlog=None)
        found = some.filter(Exists(Item.objects.using(using).filter(feed=OuterRef("feed"))), paused=False)
        rows = found.order_by("pk").values_list(
            "pk", "lifestream_id", "feed_id", "keep_rules", "block_rules", "backlog", named=True
        )
        yield from tuple(rows)


def _missing(row: Any, using: str) -> QuerySet[Item]:
    """Return the items of the subscription's feed that its lifestream does not have."""
    return Item.objects.using(using).filter(feed=row.feed_id).exclude(posts__lifestream=row.lifestream_id)


def _fill(row: Any, using: str, *, below: int | None, at_most: int) -> int | None:
    """Post at most *at_most* items, the newest of those whose keys are less than *below*.

    Returns the key below which others are left, None if none are.
    """
    left = at_most
    last: int | None = None
    for chunk in _chunks(_missing(row, using), row, below):
        if left <= 0:
            return last
        _post(chunk, row, using)
        left -= len(chunk)
        last = chunk[-1].item
    return None


def _post(chunk: Sequence[Postable], row: Any, using: str) -> int:
    subscribers = [Subscriber(row.pk, row.lifestream_id, Rules.of(row.keep_rules, row.block_rules))]
    with transaction.atomic(using=using):
        return write_posts(((candidate, subscribers) for candidate in chunk), using)


def _note(subscription: int, before: int | None, left: int | None, using: str) -> None:
    """Note that items with keys less than *left* are still to be posted, unless another worker has noted something."""
    Subscription.objects.using(using).filter(pk=subscription, backlog=before).update(backlog=left)


def _chunks(items: QuerySet[Item], row: Any, below: int | None) -> Iterator[list[Postable]]:
    """Yield the items of *items* with keys less than *below*, the newest first."""
    ruled = bool(Rules.of(row.keep_rules, row.block_rules))
    fields = ["pk", "date", *(["title", "text", "author", "link"] if ruled else [])]
    while True:
        older = items if below is None else items.filter(pk__lt=below)
        found = list(older.order_by("-pk").only(*fields)[:CHUNK])
        if not found:
            return
        below = found[-1].pk
        tags: dict[int, list[str]] = {}
        if ruled:
            through = Item.tags.through.objects.using(items.db).filter(item__in=found)
            for item, name in through.values_list("item_id", "tag__name"):
                tags.setdefault(item, []).append(name)
        yield [Postable(each.pk, each.date, shown(each, tags.get(each.pk, ())) if ruled else None) for each in found]
        if len(found) < CHUNK:
            return


def shown(item: Item, tags: Iterable[str]) -> RuleSubject:
    """Return the fields of *item* that rules check."""
    return RuleSubject(item.title, item.text, item.author, tuple(tags), item.link)
