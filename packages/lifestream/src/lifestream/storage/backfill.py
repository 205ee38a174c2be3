"""The posts of items that a feed has already: for a new subscription, one that is resumed, or one whose rules changed.

When a subscription is written, `fill_newest` posts the newest items at once, in the same transaction: about AT_ONCE of
them at most, and fewer if its rules would have to read very long texts. If the feed has more, the subscription's
*backlog* says below which key they begin, and the next refresh posts them with `fill_rest`. (`bulk_subscriptions` posts
all items at once to subscriptions without rules, and `loaddata` posts none.) Keys are in the order of time, since an
import writes the oldest entry first.

A paused subscription gets no posts. Posts that exist already change in two ways only, also in a paused subscription:
they follow their subscription into another lifestream (a post of an item that is there already is deleted), and
`Post.ruled` (hidden by a rule) is set anew by the current rules. What an owner has hidden or pinned by hand is not
changed. The rules of a whole lifestream are applied in the same way: to its latest posts at once, to the others by the
next refresh.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial, reduce
from operator import add
from typing import Any, Final

from django.db import connections, router, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet, Sum, Value
from django.db.models.functions import Length

from lifestream.content.filter_rules import LEAST_SIZE, Rules, RuleSubject
from lifestream.models import Item, Post, Subscription
from lifestream.models.feeds import lock_feeds
from lifestream.storage.bulk_sql import batches
from lifestream.storage.deadlocks import in_transaction
from lifestream.storage.fanout import RULES, Postable, Subscriber, rules_of, write_posts

AT_ONCE: Final = 2_000
"""How many of the newest items are posted at once; the last chunk may exceed this. A write of more would hold SQLite's
lock for long.
"""

TEXT_AT_ONCE: Final = 16 * 1024 * 1024
"""How many characters of texts the rules read at once: a text may have a megabyte, and somebody waits for the result.
"""
WORK_AT_ONCE: Final = 2 * 1024**3
"""The same, with each character counted once for each word that is looked for in it (see `Rules.cost`): some seconds at
most. Rules may have thousands of words, and a transaction is open meanwhile.
"""

CHUNK: Final = 500
_PORTION: Final = 4 * 1024 * 1024
"""How many characters of texts are in memory at the same time."""
_NEWEST: Final = 2**62
"""A key above those of all items: the *backlog* if all items are still to be checked."""


@dataclass(slots=True)
class ReadingBudget:
    """How much text rules may still read at once: *text* in characters, *work* in characters times the cost of the
    rules (see WORK_AT_ONCE).
    """

    text: int
    work: int

    @classmethod
    def full(cls) -> ReadingBudget:
        """Return a budget of which nothing is used yet."""
        return cls(TEXT_AT_ONCE, WORK_AT_ONCE)

    def most(self, rules: Rules) -> int:
        """Return how many characters *rules* may still read; 0 or less if they may read none."""
        return min(self.text, self.work // max(1, rules.cost))

    def note(self, size: int, rules: Rules) -> None:
        """Note that *rules* have read a text of *size* characters."""
        self.text -= size
        self.work -= size * rules.cost

    def note_chunk(self, chunk: Iterable[Postable], rules: Rules) -> None:
        """Note that *rules* have read the fields of *chunk*."""
        self.note(sum(each.shown.size for each in chunk if each.shown is not None), rules)


def fill_newest(keys: Collection[int], using: str) -> None:
    """Post the newest items to each of the subscriptions *keys*, as its rules allow, and note what is left."""
    reading = ReadingBudget.full()
    for row in _with_items(keys, using):
        _move_posts(row, using)
        left = _fill(row, using, reading, below=None, at_most=AT_ONCE)
        if left != row.backlog:
            _note(row.pk, row.backlog, left, using)


def _move_posts(row: Any, using: str) -> None:
    """Move the posts of a subscription to the lifestream that it is in now; they stay hidden or pinned. A post of an
    item that this lifestream has already is deleted.
    """
    posts = Post.objects.using(using).filter(subscription=row.pk)
    if posts.order_by().values_list("lifestream_id", flat=True).first() in (None, row.lifestream_id):
        return  # all of them are in one lifestream, since this is done whenever the subscription is written
    other_posts = Post.objects.using(using).filter(lifestream=row.lifestream_id).exclude(subscription=row.pk)
    posts.filter(item__in=other_posts.values("item")).delete()
    posts.update(lifestream=row.lifestream_id)


def apply_rules(lifestreams: Collection[int], using: str) -> None:
    """Apply the rules of *lifestreams* (keys), which have just been written: to their latest posts at once, and to all
    items of their feeds by the next refresh.
    """
    subscriptions = Subscription.objects.using(using)
    for lifestream in sorted(lifestreams):
        posts = Post.objects.using(using).filter(lifestream=lifestream).order_by("-date", "-item_id")
        latest = list(posts.values_list("pk", "item_id", "subscription_id", "ruled", named=True)[:AT_ONCE])
        of_posts = {post.subscription_id for post in latest}
        rows = _rows(subscriptions.filter(lifestream=lifestream))
        rules = {row.pk: rules_of(row) for row in rows if row.pk in of_posts}
        costliest = max(rules.values(), key=lambda each: each.cost, default=Rules())
        latest = latest[: len(readable_at_once([post.item_id for post in latest], using, costliest))]
        for start in range(0, len(latest), CHUNK):
            _mark(latest[start : start + CHUNK], rules, using)
        subscriptions.filter(lifestream=lifestream).update(backlog=_NEWEST)


def read_at_once(
    candidates: Iterable[tuple[Postable, Sequence[Subscriber]]], using: str
) -> Iterator[tuple[Postable, Sequence[Subscriber]]]:
    """Yield each of *candidates*, new items, with those of its subscribers to which it can be posted at once. After
    all rules together have done as much work as WORK_AT_ONCE allows, these are only the subscribers without rules.
    `fill_rest` posts the item to the others, at the end of the refresh.
    """
    work = WORK_AT_ONCE
    late: set[int] = set()
    for candidate, subscribers in candidates:
        size = candidate.shown.size if candidate.shown is not None else 0
        chosen: list[Subscriber] = []
        for subscriber in subscribers:
            if work <= 0 and subscriber.rules:
                late.add(subscriber.subscription)
                continue
            work -= size * subscriber.rules.cost
            chosen.append(subscriber)
        yield candidate, chosen
    # No feed is locked here: the import has locked the feed of these subscriptions.
    for batch in batches(sorted(late)):
        Subscription.objects.using(using).filter(pk__in=batch).update(backlog=_NEWEST)


def fill_rest(stopping: threading.Event | None = None) -> int:
    """Post what `fill_newest`, `fill`, `apply_rules` and `read_at_once` have left, until *stopping* is set. Returns for
    how many subscriptions nothing is left, of those whose feeds have items.
    """
    using = router.db_for_write(Subscription)
    done = 0
    left = Subscription.objects.using(using).filter(backlog__isnull=False)
    # Unordered: to order them by key, SQLite would read all subscriptions instead of the index of backlogs.
    for row in _with_items(list(left.order_by().values_list("pk", flat=True)), using):
        is_left = True
        while is_left and not (stopping is not None and stopping.is_set()):
            # This is tried again after a deadlock: it changes posts, and an owner or the admin may change some of them
            # in another order.
            is_left = in_transaction(partial(_fill_next, row.pk, using), using)
        done += not is_left
    return done


def _fill_next(key: int, using: str) -> bool:
    """Post the next CHUNK of what is left for the subscription *key*, in the caller's transaction. Returns whether more
    is left.

    The subscription is read anew for each chunk, under lock: its owner may have paused it, moved it to another
    lifestream, changed its rules or deleted it since the last one. Its feed is locked, so that no item is deleted
    before its post is written.
    """
    chosen = Subscription.objects.using(using).filter(pk=key, backlog__isnull=False)
    if connections[using].features.has_select_for_update:
        lock_feeds(list(chosen.values_list("feed_id", flat=True)), using)
        list(chosen.select_for_update(no_key=True).values_list("pk"))
    for row in _rows(chosen):
        left = _fill(row, using, ReadingBudget.full(), below=row.backlog, at_most=CHUNK)
        _note(key, row.backlog, left, using)
        return left is not None
    return False


def fill(subscription: Subscription, unlike: int | None = None, reading: ReadingBudget | None = None) -> int:
    """Post all items of the subscription's feed that are not posted yet, as its rules allow. Returns how many.

    Items that are also in the feed *unlike*, with the same key or the same link, are left out. The items that *reading*
    does not allow the rules to read are left to `fill_rest`, which also posts those that are in *unlike*.
    """
    using = router.db_for_write(Subscription)
    reading = reading or ReadingBudget.full()
    count = 0
    for row in _with_items([subscription.pk], using):
        if row.paused:
            continue
        items = _missing(row, using)
        if unlike is not None:
            other_items = Item.objects.using(using).filter(feed=unlike)
            alike = Q(key_hash__in=other_items.values("key_hash"))
            items = items.exclude(alike | Q(link_hash__in=other_items.exclude(link_hash="").values("link_hash")))
        rules, last = rules_of(row), _NEWEST
        for chunk in _chunks(items, rules, None):
            if rules and reading.most(rules) <= 0:
                _note(row.pk, row.backlog, max(last, row.backlog or 0), using)
                break
            count += _post(chunk, row, using)
            reading.note_chunk(chunk, rules)
            last = chunk[-1].item
    return count


def _with_items(keys: Collection[int], using: str) -> Iterator[Any]:
    """Yield the rows of those of the subscriptions *keys* whose feed has items. The backlogs of the others are
    cleared.
    """
    for wanted in batches(sorted(keys)):
        batch = Subscription.objects.using(using).filter(pk__in=wanted)
        has_items = Exists(Item.objects.using(using).filter(feed=OuterRef("feed")))
        _clear(batch.filter(~has_items, backlog__isnull=False), using)
        yield from _rows(batch.filter(has_items))


def _clear(subscriptions: QuerySet[Subscription], using: str) -> None:
    """Clear the backlogs of *subscriptions*. Like all code that writes several subscriptions, this locks their feeds
    first: PostgreSQL locks the rows of subscriptions in any order, so two writers could wait for each other.
    """
    if feeds := set(subscriptions.values_list("feed_id", flat=True)):
        with transaction.atomic(using=using):
            lock_feeds(feeds, using)
            subscriptions.filter(feed__in=feeds).update(backlog=None)


def _rows(subscriptions: QuerySet[Subscription]) -> tuple[Any, ...]:
    columns = ("pk", "lifestream_id", "feed_id", "backlog", "paused", *RULES)
    return tuple(subscriptions.order_by("pk").values_list(*columns, named=True))


def _missing(row: Any, using: str) -> QuerySet[Item]:
    """Return the items of the subscription's feed that its lifestream does not have."""
    return Item.objects.using(using).filter(feed=row.feed_id).exclude(posts__lifestream=row.lifestream_id)


def _fill(row: Any, using: str, reading: ReadingBudget, *, below: int | None, at_most: int) -> int | None:
    """Post missing items whose keys are less than *below* (None for all), the newest first, if the rules allow them.
    Items are checked in chunks, until *at_most* or more are checked. At most *at_most* existing posts are marked
    according to the rules. Fewer items are checked and fewer posts are marked, perhaps none, if *reading* allows the
    rules to read no more.

    Returns the key below which items are left to check, None if all are checked.
    """
    rules = rules_of(row)
    if rules and reading.most(rules) <= 0:
        return _NEWEST if below is None else below
    lefts = [_mark_some(row, rules, using, reading, below=below, at_most=at_most)]
    if not row.paused:  # a paused subscription gets all missing items once it is resumed
        lefts.append(_post_some(row, rules, using, reading, below=below, at_most=at_most))
    # Items between the two keys are checked again, which changes nothing.
    return max((left for left in lefts if left is not None), default=None)


def _mark_some(
    row: Any, rules: Rules, using: str, reading: ReadingBudget, *, below: int | None, at_most: int
) -> int | None:
    """Mark the newest *at_most* posts of the subscription, of items with keys less than *below*, as its rules say;
    fewer if *reading* allows no more. Without rules, all its posts are unmarked at once. Returns the key of the item
    below which posts are left, None if none are.
    """
    posts = Post.objects.using(using).filter(subscription=row.pk)
    if not rules:
        if posts.filter(ruled=True).exists():
            posts.filter(ruled=True).update(ruled=False)
        return None
    if below is not None:
        posts = posts.filter(item__lt=below)
    columns = ("pk", "item_id", "subscription_id", "ruled")
    found = list(posts.order_by("-item_id").values_list(*columns, named=True)[: at_most + 1])
    readable = _readable([post.item_id for post in found[:at_most]], using, rules, reading)
    for start in range(0, len(readable), CHUNK):
        _mark(found[start : min(start + CHUNK, len(readable))], {row.pk: rules}, using)
    return readable[-1] if len(found) > len(readable) else None


def _mark(posts: Sequence[Any], rules: Mapping[int, Rules], using: str) -> None:
    """Mark *posts* (rows with `ruled`) as the *rules* of their subscriptions say now."""
    ruled = {post.item_id for post in posts if rules[post.subscription_id]}
    of_item: dict[int, list[Any]] = {}
    for post in posts:
        of_item.setdefault(post.item_id, []).append(post)
    hidden = {post.pk: False for post in posts}
    for item, subject in subjects(ruled, using):
        hidden.update((post.pk, not rules[post.subscription_id].allow(subject)) for post in of_item[item])
    for value in (True, False):
        changed = [post.pk for post in posts if hidden[post.pk] is value and post.ruled is not value]
        for batch in batches(changed):
            Post.objects.using(using).filter(pk__in=batch).update(ruled=value)


def readable_at_once(items: Sequence[int], using: str, rules: Rules) -> Sequence[int]:
    """Return the first of *items* (keys), at least one, that *rules* may read while somebody waits for the result (see
    TEXT_AT_ONCE and WORK_AT_ONCE).
    """
    return _readable(items, using, rules, ReadingBudget.full())


def _readable(items: Sequence[int], using: str, rules: Rules, reading: ReadingBudget) -> Sequence[int]:
    """Return the first of *items*, at least one, that *reading* allows *rules* to read, and count them in *reading*."""
    count = 0
    for batch in batches(items):
        sizes = _sizes(batch, using)
        for item in batch:
            if count and sizes.get(item, 0) > reading.most(rules):
                return items[:count]
            reading.note(sizes.get(item, 0), rules)
            count += 1
    return items


def subjects(items: Collection[int], using: str) -> Iterator[tuple[int, RuleSubject]]:
    """Yield each of *items* (keys) with its fields that rules check. Only a few megabytes are in memory at a time."""
    for batch in batches(sorted(items)):
        for portion in _portions(batch, _sizes(batch, using)):
            rows = Item.objects.using(using).filter(pk__in=portion)
            loaded = list(rows.only("pk", "title", "text", "author", "link").order_by())
            tags = _tags_of(loaded, using)
            for item in loaded:
                yield item.pk, shown(item, tags.get(item.pk, ()))


def _sizes(items: Sequence[int], using: str) -> dict[int, int]:
    """Return how many characters rules read of each of *items* (at most `bulk_sql.LOOKUP` keys), by its key."""
    return _sizes_of(Item.objects.using(using).filter(pk__in=items).order_by())


def _sizes_of(items: QuerySet[Item], most: int | None = None) -> dict[int, int]:
    """Return how many characters rules read of each of *items*, by its key, in the order of *items*; of the first
    *most* items only. Tags count, too: a hundred of them may be longer than the text of an item.
    """
    own = reduce(add, (Length(name) for name in ("text", "title", "author", "link")), Value(LEAST_SIZE))
    sizes = dict(items.annotate(size=own).values_list("pk", "size")[:most])
    for batch in batches(sizes):
        tags = Item.tags.through.objects.using(items.db).filter(item__in=batch).order_by()
        for row in tags.values("item").annotate(size=Sum(Length("tag__name"))):
            sizes[row["item"]] += row["size"]
    return sizes


def _portions(items: Sequence[int], sizes: Mapping[int, int], most: int | None = None) -> Iterator[list[int]]:
    """Yield *items* in lists. A list ends as soon as the texts of its items have together more than _PORTION
    characters, or more than *most*.
    """
    most = _PORTION if most is None else min(most, _PORTION)
    portion: list[int] = []
    size = 0
    for item in items:
        portion.append(item)
        size += sizes.get(item, 0)
        if size > most:
            yield portion
            portion, size = [], 0
    if portion:
        yield portion


def _tags_of(items: Sequence[Item], using: str) -> dict[int, list[str]]:
    tags: dict[int, list[str]] = {}
    through = Item.tags.through.objects.using(using).filter(item__in=items)
    for item, name in through.values_list("item_id", "tag__name"):
        tags.setdefault(item, []).append(name)
    return tags


def _post_some(
    row: Any, rules: Rules, using: str, reading: ReadingBudget, *, below: int | None, at_most: int
) -> int | None:
    """Post missing items with keys less than *below*, the newest first, as the rules allow, until at least *at_most*
    are checked or *reading* is used up. Returns the key below which items are left, None if none are.
    """
    remaining = at_most
    last: int | None = None
    for chunk in _chunks(_missing(row, using), rules, below):
        if remaining <= 0 or (last is not None and rules and reading.most(rules) <= 0):
            return last
        _post(chunk, row, using)
        remaining -= len(chunk)
        reading.note_chunk(chunk, rules)
        last = chunk[-1].item
    return None


def _post(chunk: Sequence[Postable], row: Any, using: str) -> int:
    subscribers = [Subscriber(row.pk, row.lifestream_id, rules_of(row))]
    with transaction.atomic(using=using):
        return write_posts(((candidate, subscribers) for candidate in chunk), using)


def _note(subscription: int, before: int | None, left: int | None, using: str) -> None:
    """Note that items with keys less than *left* are still to be posted, unless another worker has noted something."""
    Subscription.objects.using(using).filter(pk=subscription, backlog=before).update(backlog=left)


def _chunks(items: QuerySet[Item], rules: Rules, below: int | None) -> Iterator[list[Postable]]:
    """Yield the items of *items* with keys less than *below*, the newest first, in lists of at most CHUNK; if there are
    *rules*, in lists that are shorter if their texts are long (see `_portions`).
    """
    ruled = bool(rules)
    most = ReadingBudget.full().most(rules)
    fields = ["pk", "date", *(["title", "text", "author", "link"] if ruled else [])]
    while True:
        older = (items if below is None else items.filter(pk__lt=below)).order_by("-pk")
        sizes: dict[int, int] = {}
        if ruled:
            sizes = _sizes_of(older, CHUNK)
            portion = next(_portions(list(sizes), sizes, most), [])
            older = older.filter(pk__gte=portion[-1] if portion else 0)
        found = list(older.only(*fields)[:CHUNK])
        if not found:
            return
        below = found[-1].pk
        tags = _tags_of(found, items.db) if ruled else {}
        yield [Postable(each.pk, each.date, shown(each, tags.get(each.pk, ())) if ruled else None) for each in found]
        if len(sizes) <= len(found) < CHUNK:
            return


def shown(item: Item, tags: Iterable[str]) -> RuleSubject:
    """Return the fields of *item* that rules check."""
    return RuleSubject(item.title, item.text, item.author, tuple(tags), item.link)
