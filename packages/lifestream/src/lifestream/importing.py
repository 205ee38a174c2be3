"""The items of one document on their way into the database, a chunk at a time.

First `Import.read` looks up what is known and decides what each entry is; then `write` writes what is new or changed.
They are apart so that a chunk that could not be written at once can be written again row by row, with the same
decisions.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any, Final, TypeVar

from lifestream import posting, rows, search
from lifestream.bulk import update_rows
from lifestream.identity import Decision, Document, Known, changes_after, may_rewrite
from lifestream.models import Item, Tag, Tombstone
from lifestream.models.items import TAG_LENGTH, tag_slug
from lifestream.plugins.base import ItemDraft
from lifestream.posting import Candidate, Subscriber
from lifestream.results import Result, Stored

CHUNK: Final = 500
"""Items that are written in one transaction."""

_LOOKUP: Final = 400  # values in an IN: SQLite may be built to take 999
_REWRITTEN: Final = (
    "key_hash", "link_hash", "content_hash", "guid", "link", "title", "author", "updated", "content", "text", "summary",
    "language", "enclosures", "media", "fingerprint", "changes", "changed",
)  # fmt: skip
_T = TypeVar("_T")
_log = logging.getLogger("lifestream.store")


@dataclass(frozen=True, slots=True)
class Row:
    """An item to be written: its *columns* and *tags*. *item* is the key of the one to rewrite, None for a new one."""

    feed: int
    columns: Mapping[str, Any]
    tags: tuple[str, ...]
    item: int | None = None

    @property
    def name(self) -> str:
        """What people know it by, for the log."""
        return str(self.columns["link"] or self.columns["title"] or self.columns["guid"])[:200]


@dataclass(frozen=True, slots=True)
class Chunk:
    """What is to be written of a part of a document, and how many of its entries were *unchanged*, *refused*,
    *broken*.
    """

    rows: list[Row] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class _Stored:
    """What is known of a stored item beside what identity looks at."""

    fingerprint: str
    changes: int
    changed: datetime | None


class Import:
    """One result on its way into the database, its document in `chunks` of at most CHUNK entries.

    A document's first entry is the latest, as a rule, so entries are written from its end: then the order of
    keys is the order of time, also for entries that have no date. *counts* are of the chunks that are
    committed, and *stored* is what became of the whole.
    """

    def __init__(self, result: Result) -> None:
        self.result = result
        self.feed = result.claim.feed
        self.counts: Counter[str] = Counter()
        self.stored = Stored(self.feed, "")
        self.drafts: Sequence[ItemDraft] = result.prepared.items if result.prepared else ()
        home = [result.claim.url, result.claim.site_url]
        if result.prepared:
            home += [result.prepared.feed.link, result.prepared.feed.self_url]
        self._document = Document(self.drafts, home)
        places = [place for place in reversed(range(len(self.drafts))) if _says_something(self.drafts[place])]
        self.chunks = [places[start : start + CHUNK] for start in range(0, len(places), CHUNK)] or [[]]
        self._read: dict[int, Chunk] = {}

    @property
    def size(self) -> int:
        """How much of a transaction it fills, where CHUNK is all of it."""
        return max(1, len(self.drafts))

    def read(self, number: int, now: datetime, using: str, *, empty: bool, tombstones: bool) -> Chunk:
        """Decides what the entries of chunk *number* are; once: if asked again, it says the same again.

        *empty* means that the feed has no items yet, *tombstones* that it has some.
        """
        if number not in self._read:
            places = self.chunks[number]
            known, stored = self._known(places, using, empty=empty and number == 0, tombstones=tombstones)
            chunk = self._read[number] = Chunk()
            for decision in self._document.decide(places, known):
                self._sort(decision, stored, chunk, now)
        return self._read[number]

    def _sort(self, decision: Decision, stored: Mapping[int, _Stored], chunk: Chunk, now: datetime) -> None:
        """Puts an entry among the rows of *chunk*, or counts it among those that need none."""
        if decision.refused:
            chunk.counts["refused"] += 1
            return
        draft = self.drafts[decision.index]
        try:
            columns, tags = rows.columns(draft, decision, now)
            first = rows.first_date(draft.published, now)
        except (TypeError, ValueError, OverflowError):
            _log.exception("An entry of %s can't be stored: %r", self.result.claim.url, draft.link or draft.title)
            chunk.counts["broken"] += 1
            return
        if decision.known is None:
            columns |= {"date": first, "first_seen": now, "changes": 0, "changed": None}
            chunk.rows.append(Row(self.feed, columns, tags))
            return
        before = stored[decision.known.id]
        if before.fingerprint == columns["fingerprint"] or not may_rewrite(before.changes, before.changed, now):
            chunk.counts["unchanged"] += 1
            return
        columns |= {"changes": changes_after(before.changes, before.changed, now), "changed": now}
        chunk.rows.append(Row(self.feed, columns, tags, decision.known.id))

    def _known(
        self, places: Sequence[int], using: str, *, empty: bool, tombstones: bool
    ) -> tuple[list[Known], dict[int, _Stored]]:
        """The items, and tombstones, that the entries at *places* may be."""
        known: list[Known] = []
        stored: dict[int, _Stored] = {}
        if places and not empty:
            found = Item.objects.using(using).filter(feed=self.feed)
            by_key = self._find(found, "key_hash", self._document.keys_to_find(places), stored)
            links = self._document.links_to_find(places, {item.key for item in by_key})
            known = by_key + self._find(found, "link_hash", links, stored)
        if places and tombstones:
            dead = Tombstone.objects.using(using).filter(feed=self.feed)
            for row in dead.values_list("pk", "key_hash", "link_hash", "content_hash", "guid").iterator():
                known.append(Known(*row, deleted=True))
        return known, stored

    @staticmethod
    def _find(items: Any, column: str, values: Iterable[str], stored: dict[int, _Stored]) -> list[Known]:
        known = []
        for some in _batches(values, _LOOKUP):
            found = items.filter(**{f"{column}__in": some}).order_by()
            for row in found.values_list(
                "pk", "key_hash", "link_hash", "content_hash", "guid", "fingerprint", "changes", "changed"
            ):
                known.append(Known(*row[:5]))
                stored[row[0]] = _Stored(*row[5:])
        return known


def _says_something(draft: ItemDraft) -> bool:
    return bool(draft.guid or draft.link or draft.title or draft.content or draft.enclosures or draft.media)


def count(written: Iterable[Row]) -> Counter[str]:
    """How many of the rows are *new* and how many *changed*."""
    return Counter("new" if row.item is None else "changed" for row in written)


def write(written: Sequence[Row], subscribers: Mapping[int, Sequence[Subscriber]], using: str) -> None:
    """Writes rows with their tags, posts and index entries. It runs in the caller's transaction.

    *subscribers* are the feeds' subscriptions.
    """
    new = [row for row in written if row.item is None]
    created = Item.objects.using(using).bulk_create(Item(feed_id=row.feed, **row.columns) for row in new)
    changed = [row for row in written if row.item is not None]
    rewritten = [Item(pk=row.item, **row.columns) for row in changed]
    update_rows(Item, _REWRITTEN, rewritten, using)
    everything = [*zip(new, created, strict=True), *zip(changed, rewritten, strict=True)]
    _write_tags(everything, [item.pk for item in rewritten], using)
    posting.write_posts(_candidates(zip(new, created, strict=True), subscribers), using)
    search.index((search.indexed(item, row.tags) for row, item in everything), using)


def _candidates(
    created: Iterable[tuple[Row, Item]], subscribers: Mapping[int, Sequence[Subscriber]]
) -> Iterator[tuple[Candidate, Sequence[Subscriber]]]:
    for row, item in created:
        of_feed = subscribers.get(row.feed, ())
        ruled = any(subscriber.rules for subscriber in of_feed)
        yield Candidate(item.pk, item.date, posting.shown(item, row.tags) if ruled else None), of_feed


def _write_tags(written: Sequence[tuple[Row, Item]], rewritten: Sequence[int], using: str) -> None:
    through = Item.tags.through.objects.using(using)
    for some in _batches(rewritten, _LOOKUP):
        through.filter(item__in=some).delete()
    names: dict[str, str] = {}
    slugs: list[tuple[int, str]] = []
    for row, item in written:
        for name in row.tags:
            slug = tag_slug(name)
            names.setdefault(slug, name[:TAG_LENGTH].strip())
            slugs.append((item.pk, slug))
    keys = _tag_keys(names, using)
    links = dict.fromkeys((item, keys[slug]) for item, slug in slugs)
    through.bulk_create((Item.tags.through(item_id=item, tag_id=tag) for item, tag in links), ignore_conflicts=True)


def _tag_keys(names: Mapping[str, str], using: str) -> dict[str, int]:
    """The keys of the tags with these slugs; those that are missing are made, with their names."""
    tags = Tag.objects.using(using)
    keys: dict[str, int] = {}
    for some in _batches(names, _LOOKUP):
        keys.update(tags.filter(slug__in=some).values_list("slug", "pk"))
    # In one order, whoever makes them: two workers that lock each other's rows would wait for ever.
    missing = sorted(set(names) - set(keys))
    if missing:
        tags.bulk_create((Tag(slug=slug, name=names[slug]) for slug in missing), ignore_conflicts=True)
        for some in _batches(missing, _LOOKUP):
            keys.update(tags.filter(slug__in=some).values_list("slug", "pk"))
    return keys


def _batches(values: Iterable[_T], size: int) -> Iterator[list[_T]]:
    rest = iter(values)
    while batch := list(islice(rest, size)):
        yield batch
