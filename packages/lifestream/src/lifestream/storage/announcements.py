"""The changes of a transaction that receivers of `lifestream.signals` want to know, sent once it is committed.

The writer collects `Announcements` while it writes, and `send_after_commit` registers them with the transaction: they
are sent after its commit, and dropped if it is rolled back. If no signal has receivers, nothing is loaded; and no item
is loaded before a receiver reads one.
"""

from __future__ import annotations

from collections import UserList
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any, overload

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.dispatch import Signal

from lifestream import signals
from lifestream.models import Feed, Item, Lifestream, Post

_LOOKUP = 400  # SQLite may be built to take at most 999 values in a statement


@dataclass(frozen=True, slots=True)
class Move:
    """A feed that has moved permanently. *into* is the key of the other feed that has the new URL, if there is one."""

    feed: int
    old_url: str
    new_url: str
    into: int | None


@dataclass(frozen=True, slots=True)
class Failure:
    """A feed that could not be fetched or read, *failures* times in a row, the last time because of *message*."""

    feed: int
    failures: int
    message: str


@dataclass(slots=True)
class Announcements:
    """What one transaction has changed. The keys of new items and of changed ones are kept by feed."""

    added: dict[int, list[int]] = field(default_factory=dict)
    changed: dict[int, list[int]] = field(default_factory=dict)
    failing: list[Failure] = field(default_factory=list)
    gone: list[int] = field(default_factory=list)
    moved: list[Move] = field(default_factory=list)

    def send_after_commit(self, using: str) -> None:
        """Send the signals once the current transaction of the database *using* is committed."""
        feeds = {*self.added, *self.changed, *self.gone}
        feeds |= {each.feed for each in self.failing} | {each.feed for each in self.moved}
        if feeds and any(signal.has_listeners(Feed) for signal in _ALL):
            transaction.on_commit(partial(self._send_all, feeds, using), using=using, robust=True)

    def _send_all(self, feeds: set[int], using: str) -> None:
        into = {move.into for move in self.moved if move.into is not None}
        found = Feed.objects.using(using).defer("icon").in_bulk(sorted(feeds | into))
        for signal, keys in ((signals.items_added, self.added), (signals.items_changed, self.changed)):
            if signal.has_listeners(Feed):
                for key, items in keys.items():
                    if feed := found.get(key):
                        _send_items(signal, feed, items, using)
        for failure in self.failing:
            if feed := found.get(failure.feed):
                _send(signals.feed_failing, feed=feed, failures=failure.failures, message=failure.message)
        for key in self.gone:
            if feed := found.get(key):
                _send(signals.feed_gone, feed=feed)
        for move in self.moved:
            if feed := found.get(move.feed):
                other = found.get(move.into) if move.into is not None else None
                _send(signals.feed_moved, feed=feed, old_url=move.old_url, new_url=move.new_url, into=other)


_ALL = (signals.items_added, signals.items_changed, signals.feed_failing, signals.feed_gone, signals.feed_moved)


def _send(signal: Signal, **arguments: Any) -> None:
    signal.send_robust(Feed, **arguments)  # Django logs what a receiver raises


class NewsItems(Sequence[Item]):
    """The items of a signal, the oldest first: *keys* are their primary keys. The items are loaded when a receiver
    first reads one of them, once for all receivers.
    """

    def __init__(self, feed: Feed, keys: Sequence[int], using: str) -> None:
        self.keys = list(keys)
        self._feed = feed
        self._using = using

    def __len__(self) -> int:
        return len(self.keys)

    @overload
    def __getitem__(self, index: int) -> Item: ...
    @overload
    def __getitem__(self, index: slice) -> list[Item]: ...
    def __getitem__(self, index: int | slice) -> Item | list[Item]:
        return self._items[index]

    def __repr__(self) -> str:
        return f"<{len(self)} items of {self._feed.url}>"

    @cached_property
    def _items(self) -> list[Item]:
        items: list[Item] = []
        for batch in _batches(self.keys):
            items += Item.objects.using(self._using).filter(pk__in=batch).order_by("pk")
        for item in items:
            item.feed = self._feed
        self.keys = [item.pk for item in items]  # those that were deleted meanwhile are no longer among them
        return items


class ShowingLifestreams(UserList[Lifestream]):
    """The lifestreams of a signal: those that show at least one of the items *keys* of *feed*. They are loaded when a
    receiver reads them, once for all receivers.
    """

    def __init__(self, feed: Feed, keys: Sequence[int], using: str) -> None:
        self._feed = feed
        self._keys = keys
        self._using = using

    @cached_property
    def data(self) -> list[Lifestream]:  # type: ignore[override]  # in UserList, an attribute that `__init__` sets
        """The lifestreams, by key."""
        # Only lifestreams that subscribe to the feed can show its items; most feeds have few.
        subscribed = Lifestream.objects.using(self._using).filter(subscriptions__feed=self._feed)
        found: dict[int, Lifestream] = {}
        for batch in _ranges(self._keys):
            shown = Post.objects.using(self._using).visible().filter(lifestream=OuterRef("pk"), **batch)
            found |= {each.pk: each for each in subscribed.filter(Exists(shown))}
        return [found[key] for key in sorted(found)]


def _send_items(signal: Signal, feed: Feed, keys: Sequence[int], using: str) -> None:
    ordered = sorted(keys)
    _send(
        signal,
        feed=feed,
        items=NewsItems(feed, ordered, using),
        lifestreams=ShowingLifestreams(feed, ordered, using),
    )


def _batches(keys: Sequence[int]) -> Iterable[Sequence[int]]:
    return (keys[start : start + _LOOKUP] for start in range(0, len(keys), _LOOKUP))


def _ranges(keys: Sequence[int]) -> Iterable[dict[str, Any]]:
    """Yield conditions for the posts of the items *keys*, which are sorted, and consecutive in most imports."""
    if keys and keys[-1] - keys[0] == len(keys) - 1:
        yield {"item__gte": keys[0], "item__lte": keys[-1]}
    else:
        yield from ({"item__in": batch} for batch in _batches(keys))
