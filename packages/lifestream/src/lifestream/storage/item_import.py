"""The import of the items of one document into the database, a chunk at a time.

First `Import.read` looks up the stored items and decides what each entry is; then `write` writes the new and changed
ones. The two steps are separate, so that a chunk that could not be written at once can be written again row by row,
with the same decisions.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache, cached_property
from typing import Any, Final

from django.db.models import Max, Min

from lifestream.content.filter_rules import RuleSubject
from lifestream.content.plaintext import scrub, shorten
from lifestream.entry import ParsedFeed
from lifestream.fetcher.url_hosts import site_domain
from lifestream.models import Item, Tag, Tombstone, fulltext
from lifestream.models.items import TAG_LENGTH, tag_slug
from lifestream.models.search_sql import Indexed
from lifestream.plugins.base import ItemDraft
from lifestream.plugins.entry_keys import guid_form
from lifestream.plugins.entry_uris import hosts_of_feed, own_uri
from lifestream.plugins.item_pipeline import Prepared
from lifestream.scheduler.jobs import Claimed, Result, Stored
from lifestream.storage import backfill, fanout, item_row, published_ids
from lifestream.storage.bulk_sql import batches, find_rows, insert_numbered, insert_rows, update_rows
from lifestream.storage.entry_matching import Decision, Document, Known, changes_after, may_rewrite
from lifestream.storage.fanout import Postable, Subscriber
from lifestream.storage.feed_row import FeedState
from lifestream.storage.published_ids import Publishable
from lifestream.storage.settled_entries import SettledEntries

CHUNK: Final = 500
"""How many items are written in one transaction."""

_REWRITTEN: Final = (
    "key_hash", "link_hash", "content_hash", "guid", "link", "title", "author", "updated", "content", "text", "summary",
    "language", "enclosures", "media", "episode", "card", "fingerprint", "changes", "changed",
)  # fmt: skip
_NEW: Final = (*_REWRITTEN, "date", "first_seen")
_FOUND: Final = (
    "id", "key_hash", "link_hash", "content_hash", "guid", "author", "language", "fingerprint", "changes", "changed",
)  # fmt: skip
_EMPTY: Final = Document(())  # for the many results without a document
_log = logging.getLogger("lifestream.storage")


@dataclass(frozen=True, slots=True)
class ItemRow:
    """An item to be written: its *columns* and *tags*. *item* is the key of the item to rewrite, None for a new one.

    *own_id* is the id under which a new item may be published (see `published_ids`), or "".
    """

    feed: int
    columns: Mapping[str, Any]
    tags: tuple[str, ...]
    item: int | None = None
    own_id: str = ""

    @property
    def name(self) -> str:
        """What to call the item in the log."""
        return str(self.columns["link"] or self.columns["title"] or self.columns["guid"])[:200]


@dataclass(frozen=True, slots=True)
class FollowedTombstone:
    """The keys and the guid that a deleted entry has in this document. The names are those of `Tombstone`."""

    id: int
    key_hash: str
    link_hash: str
    content_hash: str
    guid: str


@dataclass(frozen=True, slots=True)
class Chunk:
    """What to write of a part of a document, and how many of its entries were *unchanged*, *refused* or *broken*.

    *followed* has the new keys of tombstones whose entries have changed theirs.
    """

    rows: list[ItemRow] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    followed: list[FollowedTombstone] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Revision:
    """What is known about a stored item besides its identifiers."""

    author: str
    language: str
    fingerprint: str
    changes: int
    changed: datetime | None


class Import:
    """The import of one result into the database, its document in `chunks` of at most CHUNK entries.

    A document's first entry is usually the latest, so entries are written from its end: then the order of keys is the
    order of time, also for entries that have no date. *counts* has the counts of the chunks that are committed, and
    *stored* is the result of the whole import. *over* is True if the import has ended before its last chunk. *settled*
    has the entries whose items are up to date, once all chunks are written.
    """

    def __init__(self, result: Result) -> None:
        self.result = result
        self.feed = result.claim.feed
        self.counts: Counter[str] = Counter()
        self.stored = Stored(self.feed, "")
        self.over = False
        prepared = result.prepared
        for note in prepared.capped if prepared else ():
            _log.info("%s: %s", result.claim.url, note)
        self.drafts: Sequence[ItemDraft] = prepared.items if prepared else ()
        self._damaged = frozenset(prepared.damaged if prepared else ())
        self.settled = SettledEntries(prepared, result.claim.entry_digests)
        self._document = _document(prepared, result.claim) if prepared else _EMPTY
        indices = [index for index in reversed(range(len(self.drafts))) if _says_something(self.drafts[index])]
        self.chunks = [indices[start : start + CHUNK] for start in range(0, len(indices), CHUNK)] or [[]]
        self._decided: tuple[int, Sequence[Decision]] = (-1, ())  # the number of a chunk, and its decisions

    @cached_property
    def _hosts(self) -> frozenset[str]:
        """The hosts for which the feed may give ids: see `plugins.entry_uris`."""
        url, site_url = self.result.claim.url, self.result.claim.site_url
        if self.result.prepared is not None:
            site_url = self.result.prepared.feed.link or site_url
        return hosts_of_feed(url, site_url, site_domain(site_url, url, (draft.link for draft in self.drafts)))

    def read(self, number: int, now: datetime, using: str, feed: FeedState) -> Chunk:
        """Decide what the entries of chunk *number* are. A later call decides anew: the transaction of the earlier one
        has failed, and items may have been deleted since then.
        """
        if number == self._decided[0]:
            self._document.undo(self._decided[1])
            self.settled.undo(self._decided[1])
        indices = self.chunks[number]
        empty = not feed.has_items and number == 0
        known, stored = self._known(indices, using, empty=empty, tombstones=feed.has_tombstones)
        chunk = Chunk()
        decisions = self._document.decide(indices, known)
        self._decided = (number, decisions)
        for decision in decisions:
            self._sort(decision, stored, chunk, now)
        for index in self._document.left_out(indices, decisions):
            draft = self.drafts[index]
            _log.info(
                "An entry of %s is left out, because other items have all its keys: %r",
                self.result.claim.url, draft.link or draft.title,
            )  # fmt: skip
        return chunk

    def _sort(self, decision: Decision, stored: Mapping[int, _Revision], chunk: Chunk, now: datetime) -> None:
        """Add an entry to the rows of *chunk*, or count it among those that need no row.

        An entry after the flaw of an ill-formed document may be incomplete: it becomes a new item, but rewrites none.
        An entry that may be another one than that of its item waits for a document that can be read to its end.
        """
        damaged = decision.index in self._damaged or self._may_be_another(decision)
        if decision.refused:
            chunk.counts["refused"] += 1
            if not damaged:
                self._follow(decision, chunk)
                self.settled.settle(decision, decision.key)
            return
        if self.settled.is_outline(decision.index):
            chunk.counts["unchanged"] += 1
            self.settled.found(decision)
            return
        if damaged and decision.known is not None:
            chunk.counts["unchanged"] += 1
            return
        draft = self.drafts[decision.index]
        if decision.known is not None:
            draft = self._with_inherited(draft, stored[decision.known.id])
        try:
            columns, tags = item_row.columns(draft, decision, now)
            first = item_row.first_date(draft.published, now)
        except (TypeError, ValueError, OverflowError):
            _log.exception("An entry of %s can't be stored: %r", self.result.claim.url, draft.link or draft.title)
            chunk.counts["broken"] += 1
            return
        if decision.known is None:
            columns |= {"date": first, "first_seen": now, "changes": 0, "changed": None}
            # A guid that several entries of the document have is the id of none of them.
            own = own_uri(columns["guid"], self._hosts) if decision.key == decision.keys.guid else ""
            chunk.rows.append(ItemRow(self.feed, columns, tags, own_id=own))
            if not damaged:
                self.settled.settle(decision, decision.key)
            return
        before = stored[decision.known.id]
        if before.fingerprint == columns["fingerprint"]:
            chunk.counts["unchanged"] += 1
            self._settle(decision, draft, decision.known.key)
            return
        if not may_rewrite(before.changes, before.changed, now):
            chunk.counts["unchanged"] += 1
            return
        columns |= {"changes": changes_after(before.changes, before.changed, now), "changed": now}
        chunk.rows.append(ItemRow(self.feed, columns, tags, decision.known.id))
        self._settle(decision, draft, decision.key)

    def _may_be_another(self, decision: Decision) -> bool:
        """Return whether the item may belong to another entry, since only its link is that of this entry, not its guid,
        its title and its date. If a document could not be read to its end, the item's own entry may be in the rest.
        """
        before, head = decision.known, self.result.prepared.feed if self.result.prepared else ParsedFeed()
        if before is None or head.is_complete or before.content == decision.keys.content:
            return False
        return before.guid not in ("", self.drafts[decision.index].guid.strip())

    def _settle(self, decision: Decision, draft: ItemDraft, key: str) -> None:
        """Note that the item of an entry, under *key*, is up to date, unless *draft*, by which it was written or
        compared, has an author or a language from the item in place of those of the entry. The mended document may
        have the same entry.
        """
        if draft == self.drafts[decision.index]:
            self.settled.settle(decision, key)

    def _with_inherited(self, draft: ItemDraft, before: _Revision) -> ItemDraft:
        """Return *draft* with the author and the language of the stored item in place of those that *draft* may have
        from the head of a document that could not be read to its end. Such a head may lack them, or have wrong ones.
        Entries of RSS take no author from the head.
        """
        head = self.result.prepared.feed if self.result.prepared else ParsedFeed()
        if head.is_complete:
            return draft
        inherits = not head.format.startswith("rss")
        author = before.author if inherits and draft.author in ("", head.author) else ""
        language = before.language if draft.language in ("", head.language) else ""
        return replace(draft, author=author or draft.author, language=language or draft.language)

    def _follow(self, decision: Decision, chunk: Chunk) -> None:
        """Note the keys of a deleted entry if they differ from those of its tombstone."""
        before, keys, guid = decision.known, decision.keys, scrub(self.drafts[decision.index].guid).strip()
        # If the entry matches the first key of the tombstone, the other keys of the tombstone stay as they are.
        if before is None or not before.content:
            return
        after = FollowedTombstone(before.id, decision.key, keys.link, keys.content, guid)
        if after != FollowedTombstone(before.id, before.key, before.link, before.content, before.guid):
            chunk.followed.append(after)

    def _known(
        self, indices: Sequence[int], using: str, *, empty: bool, tombstones: bool
    ) -> tuple[list[Known], dict[int, _Revision]]:
        """Return the items and tombstones that the entries at *indices* may be, and the revisions of these items, by
        their keys. No item is looked up if *empty* (the feed has none yet), and no tombstone unless *tombstones*.
        """
        known: list[Known] = []
        stored: dict[int, _Revision] = {}
        if indices and tombstones:
            known += self._dead(indices, using)
        if indices and not empty:
            by_key = self._find(using, "key_hash", self._document.keys_to_find(indices), stored)
            links = self._document.links_to_find(indices, {item.key for item in by_key})
            known += by_key + self._find(using, "link_hash", links, stored)
            known += self._find(using, "content_hash", self._document.contents_to_find(indices, known), stored)
        return known, stored

    def _dead(self, indices: Sequence[int], using: str) -> Iterator[Known]:
        """Yield the tombstones that the entries at *indices* may be. Only these are read: a feed whose entries all
        change has far more.
        """
        dead = Tombstone.objects.using(using).filter(feed=self.feed)
        keys, found = self._document.keys_to_find(indices), set[int]()
        for column in ("key_hash", "first_key"):
            for batch in batches(keys):
                found.update(dead.filter(**{f"{column}__in": batch}).values_list("pk", flat=True))
        owned = {"link_hash": self._document.own_links(indices), "content_hash": self._document.own_contents(indices)}
        for column, values in owned.items():
            for batch in batches(values):
                # A link or a content that several tombstones have identifies none of them. To see that, it is enough to
                # read two of them.
                same = dead.filter(**{f"{column}__in": batch}).order_by().values(column)
                for first, last in same.annotate(first=Min("pk"), last=Max("pk")).values_list("first", "last"):
                    found |= {first, last}
        fields = ("pk", "key_hash", "link_hash", "content_hash", "guid", "first_key")
        for some in batches(sorted(found)):
            for row in dead.filter(pk__in=some).order_by("pk").values_list(*fields, named=True):
                guid = guid_form(row.guid)
                yield Known(row.pk, row.key_hash, row.link_hash, row.content_hash, guid, deleted=True)
                if row.first_key not in ("", row.key_hash):
                    yield Known(row.pk, row.first_key, "", "", "", deleted=True)

    def _find(self, using: str, column: str, values: Iterable[str], stored: dict[int, _Revision]) -> list[Known]:
        known = []
        for batch in batches(values):
            for row in find_rows(Item, _FOUND, ("feed", self.feed), (column, batch), using):
                key, key_hash, link_hash, content_hash, stored_guid, *revision = row
                guid = guid_form(stored_guid)  # a long guid is hashed: it was stored when guids had no maximal length
                known.append(Known(key, key_hash, link_hash, content_hash, guid))
                stored[key] = _Revision(*revision)
        return known


def _document(prepared: Prepared, claim: Claimed) -> Document:
    feed = prepared.feed
    return Document(prepared.items, [claim.url, claim.site_url, feed.link, feed.self_url])


def _says_something(draft: ItemDraft) -> bool:
    return bool(draft.guid or draft.link or draft.title or draft.content or draft.enclosures or draft.media)


@dataclass(slots=True)
class Written:
    """What was written for one feed: the keys of its *new* and *changed* items, and how many rows were *broken*."""

    new: list[int] = field(default_factory=list)
    changed: list[int] = field(default_factory=list)
    broken: int = 0

    @property
    def counts(self) -> Counter[str]:
        """How many items are *new*, *changed* and *broken*."""
        return Counter(new=len(self.new), changed=len(self.changed), broken=self.broken)


def write(rows: Sequence[ItemRow], subscribers: Mapping[int, Sequence[Subscriber]], using: str) -> dict[int, Written]:
    """Write *rows* with their tags, posts and index entries, and return what was written, by feed.

    It runs in the caller's transaction. *subscribers* are the feeds' subscriptions.
    """
    new = [row for row in rows if row.item is None]
    values = [[row.feed, *map(row.columns.__getitem__, _NEW)] for row in new]
    created = list(zip(insert_numbered(Item, ("feed", *_NEW), values, using), new, strict=True))
    changed = [row for row in rows if row.item is not None]
    update_rows(Item, _REWRITTEN, (Item(pk=row.item, **row.columns) for row in changed), using)
    rewritten = [(row.item, row) for row in changed if row.item is not None]
    published_ids.assign(
        (Publishable(key, row.feed, row.columns["key_hash"], row.own_id) for key, row in created), using
    )
    _write_tags(created + rewritten, [key for key, _ in rewritten], using)
    fanout.write_posts(backfill.read_at_once(_candidates(created, subscribers), using), using)
    fulltext.index((_indexed(key, row) for key, row in created + rewritten), using)
    written: dict[int, Written] = {}
    for key, row in created:
        written.setdefault(row.feed, Written()).new.append(key)
    for key, row in rewritten:
        written.setdefault(row.feed, Written()).changed.append(key)
    return written


def follow(followed: Iterable[FollowedTombstone], using: str) -> None:
    """Write the new keys of tombstones. It runs in the caller's transaction."""
    update_rows(Tombstone, ("key_hash", "link_hash", "content_hash", "guid"), followed, using)


def _indexed(key: int, row: ItemRow) -> Indexed:
    return Indexed(key, " ".join([row.columns["title"], row.columns["author"], *row.tags]), row.columns["text"])


def _candidates(
    created: Iterable[tuple[int, ItemRow]], subscribers: Mapping[int, Sequence[Subscriber]]
) -> Iterator[tuple[Postable, Sequence[Subscriber]]]:
    for key, row in created:
        of_feed, columns, shown = subscribers.get(row.feed, ()), row.columns, None
        if any(subscriber.rules for subscriber in of_feed):
            shown = RuleSubject(columns["title"], columns["text"], columns["author"], row.tags, columns["link"])
        yield Postable(key, columns["date"], shown), of_feed


def _write_tags(written: Sequence[tuple[int, ItemRow]], rewritten: Sequence[int], using: str) -> None:
    through = Item.tags.through
    for batch in batches(rewritten):
        through.objects.using(using).filter(item__in=batch).delete()
    names: dict[str, str] = {}
    slugs: list[tuple[int, str]] = []
    slug_of = cache(tag_slug)  # entries share tags
    for item, row in written:
        for name in row.tags:
            slug = slug_of(name)
            if slug not in names:
                names[slug] = shorten(name.strip(), TAG_LENGTH)
            slugs.append((item, slug))
    keys = _tag_keys(names, using)
    links = dict.fromkeys((item, keys[slug]) for item, slug in slugs)
    insert_rows(through, ("item", "tag"), list(links), using)


def _tag_keys(names: Mapping[str, str], using: str) -> dict[str, int]:
    """Return the keys of the tags with these slugs; missing ones are created, with their names."""
    tags = Tag.objects.using(using)
    keys: dict[str, int] = {}
    for batch in batches(names):
        keys.update(tags.filter(slug__in=batch).values_list("slug", "pk"))
    # All workers use one order: two workers that lock each other's rows would wait for ever.
    missing = sorted(set(names) - set(keys))
    if missing:
        insert_rows(Tag, ("slug", "name"), [(slug, names[slug]) for slug in missing], using)
        for batch in batches(missing):
            keys.update(tags.filter(slug__in=batch).values_list("slug", "pk"))
    return keys
