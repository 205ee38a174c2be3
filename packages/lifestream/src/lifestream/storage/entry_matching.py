"""Which stored item an entry is: pure decisions, no database.

A feed's own ids can't be trusted alone: some feeds give every entry the same guid, some give none, some change all of
them when the site moves. So an entry has keys in tiers, and is looked up by the strongest first:

1. *guid*, exactly as the document spells it, so that a feed that moves keeps its items even if its guids are relative;
  trusted only if no other entry of the document has it.
2. *link*, if it is the entry's own: no other entry of the document and no other stored item has it, it is not the
  site's home page, and the guid that the item had is gone from the document. `http` and `https` count as the same, and
  so do paths with and without a slash at the end, since sites change these. A login, a default port and the case of the
  host don't count (`entry_keys.link_form`). The rest of the link has to be equal. Two entries of one document whose
  links differ in nothing else count as two uses of one link, so it identifies neither.
3. *content*: title and date, or title and text if there is no date. It identifies an entry that has neither a trusted
  guid nor a link of its own. It also finds an item whose guid and link have both changed, as with new software for a
  site, on three conditions: no other entry and no other item has the content, no entry has the old guid or the old
  link, and the content is specific enough: a title and a time, or, if neither entry nor item has a guid, a title and a
  text.
4. *whole*: everything, which distinguishes entries that are the same in all tiers above.

An item is stored under one key, the strongest that its entry had. It is found again under that key, and under weaker
keys as long as no other item has them; if its entry comes with a new guid and the old link, the new guid is stored.

Tombstones take part as if they were items, with all keys of their entries: an entry that matches one was deleted here,
and does not come back. For them, a title and a text are always specific enough. A tombstone follows its entry to new
keys as an item would; otherwise the entry would return when it moves a second time. And its first key is kept for good
(as a second `Known`, with the same id and only that key); otherwise the entry would return when its site goes back to
older software.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from lifestream.plugins.entry_keys import Keys, Said, keys_of, link_form

CHURN_LIMIT = 24
"""After this many rewrites, an item is rewritten only once per CHURN_PAUSE."""
CHURN_PAUSE = timedelta(days=1)
CHURN_FORGIVEN = timedelta(days=7)
"""After this long without a change, rewrites are counted from 0 again."""


@dataclass(frozen=True, slots=True)
class Known:
    """A stored item, or (*deleted*) a tombstone: its *id*, the *key* it is stored under, and its other identifiers."""

    id: int
    key: str
    link: str
    content: str
    guid: str
    deleted: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """What an entry is: the item *known*, or a new one if that is None. *key* is the key to store it under.

    *index* is the entry's index in the document.
    """

    index: int
    keys: Keys
    key: str
    known: Known | None

    @property
    def refused(self) -> bool:
        """Whether the item was deleted here, and stays deleted."""
        return self.known is not None and self.known.deleted


class Document:
    """The entries of one document, and what follows from all of them together.

    *home* are addresses that are never an entry's own: those of the site and of the feed.
    """

    def __init__(self, entries: Sequence[Said], home: Iterable[str] = ()) -> None:
        forms = {link_form(address) for address in home if address}
        self.keys = [keys_of(entry, forms) for entry in entries]
        self._guids = [entry.guid.strip() for entry in entries]
        self.repeated = frozenset(self._repeated(entries))
        unrepeated = [i for i in range(len(entries)) if i not in self.repeated]
        self._guids_here = set(self._guids)
        self._guid_uses = Counter(self.keys[i].guid for i in unrepeated)
        self._link_uses = Counter(self.keys[i].link for i in unrepeated)
        self._content_uses = Counter(self.keys[i].content for i in unrepeated)
        self._wholes: dict[int, str] = {}
        self._keys_used: set[str] = set()
        self._taken: set[tuple[int, str]] = set()

    def _repeated(self, entries: Sequence[Said]) -> Iterator[int]:
        """Yield the indices of entries to leave out: of several that are equal in all identifying fields, only the one
        that was updated last is kept.
        """
        seen: dict[tuple[str, ...], int] = {}
        for i, keys in enumerate(self.keys):
            other = seen.setdefault(keys.said, i)
            if other != i:
                newer = _later(entries[i].updated, entries[other].updated)
                seen[keys.said] = i if newer else other
                yield other if newer else i

    def trusts(self, i: int) -> bool:
        """Return whether entry *i* has a guid that no other entry of this document has."""
        return bool(self.keys[i].guid) and self._guid_uses[self.keys[i].guid] == 1

    def owns_link(self, i: int) -> bool:
        """Return whether entry *i* has a link that no other entry of this document has."""
        return bool(self.keys[i].link) and self._link_uses[self.keys[i].link] == 1

    def _whole(self, i: int) -> str:
        """Return the key of everything that identifies entry *i*. It is computed only if it is needed, since it covers
        all text, and only once.
        """
        if i not in self._wholes:
            self._wholes[i] = self.keys[i].whole
        return self._wholes[i]

    def keys_to_find(self, indices: Iterable[int]) -> set[str]:
        """Return the stored keys under which the entries at *indices* may be found."""
        return {
            key
            for i in indices
            if i not in self.repeated
            for key in (self.keys[i].guid, self.keys[i].link, self.keys[i].content, self._whole(i))
            if key
        }

    def links_to_find(self, indices: Iterable[int], found: Collection[str]) -> set[str]:
        """Return the links by which to look up the entries at *indices*: each is the link of one entry only, and that
        entry has no trusted guid among the keys *found*.
        """
        return {
            self.keys[i].link
            for i in indices
            if i not in self.repeated and self.owns_link(i) and not (self.trusts(i) and self.keys[i].guid in found)
        }

    def own_links(self, indices: Iterable[int]) -> set[str]:
        """Return the links that only one entry of this document has, of the entries at *indices*."""
        return {self.keys[i].link for i in indices if i not in self.repeated and self.owns_link(i)}

    def own_contents(self, indices: Iterable[int]) -> set[str]:
        """Return the contents that can identify an entry and that only one entry of this document has, of the entries
        at *indices*.
        """
        mine = (self.keys[i] for i in indices if i not in self.repeated)
        return {keys.content for keys in mine if keys.distinction and self._content_uses[keys.content] == 1}

    def contents_to_find(self, indices: Iterable[int], known: Iterable[Known]) -> set[str]:
        """Return the contents by which to look up the entries at *indices* that share neither key nor link with
        *known*.
        """
        known = list(known)
        keys, links = {item.key for item in known}, {item.link for item in known}
        return {
            mine.content
            for i, mine in ((i, self.keys[i]) for i in indices if i not in self.repeated)
            if mine.distinction and self._content_uses[mine.content] == 1
            if mine.link not in links or not mine.link
            if keys.isdisjoint((mine.guid, mine.link, mine.content, self._whole(i)))
        }

    def decide(self, indices: Sequence[int], known: Iterable[Known]) -> list[Decision]:
        """Decide what the entries at *indices* are, given the stored items and tombstones that they may be (*known*).
        Repeated entries are left out, and so are those for which no key is left.

        A long document may be decided in parts: an item that one part has matched is not available to a later part.
        """
        store = _Store(known)
        indices = [i for i in indices if i not in self.repeated]
        matched: dict[int, Known] = {}
        # All strong matches come before any weak one, whatever the order of the entries.
        ways = (self._by_weaker_key, self._by_guid, self._by_link, self._by_content, self._by_what_it_says)
        for match in ways if store.by_key else ():
            for i in indices:
                if i not in matched and (item := match(i, store)) and self._take(item):
                    matched[i] = item
        found = ((i, self._key(i, matched.get(i), store)) for i in indices)
        return [Decision(i, self.keys[i], key, matched.get(i)) for i, key in found if key]

    def undo(self, decisions: Iterable[Decision]) -> None:
        """Forget *decisions*, which were not stored: others may have their keys and items."""
        for decision in decisions:
            self._keys_used.discard(decision.key)
            if decision.known is not None:
                self._taken.discard(_mark(decision.known))

    def left_out(self, indices: Iterable[int], decisions: Iterable[Decision]) -> list[int]:
        """Return those of *indices* that have none of *decisions*, although they are not repeated: no key was left."""
        decided = {decision.index for decision in decisions}
        return [i for i in indices if i not in decided and i not in self.repeated]

    def _take(self, item: Known) -> bool:
        mark = _mark(item)
        # An item that an earlier part of this document has created is recognised by the key that it got there.
        if mark in self._taken or item.key in self._keys_used:
            return False
        self._taken.add(mark)
        return True

    def _by_weaker_key(self, i: int, store: _Store) -> Known | None:
        """Return the item with the same guid that was stored under a weaker key: entry and item have no guid, or the
        guid could not be trusted when the item was stored.
        """
        for key in (self._whole(i), self.keys[i].link, self.keys[i].content):
            item = store.by_key.get(key)
            if not item or item.guid != self._guids[i]:
                continue
            if key != self.keys[i].link or self.owns_link(i) or item.content == self.keys[i].content:
                return item
        return None

    def _by_guid(self, i: int, store: _Store) -> Known | None:
        item = store.by_key.get(self.keys[i].guid) if self.keys[i].guid else None
        if item and not self.trusts(i) and item.content != self.keys[i].content:
            return None  # several entries have this guid: the item is the one with the same content
        return item

    def _by_link(self, i: int, store: _Store) -> Known | None:
        items = store.by_link.get(self.keys[i].link, ()) if self.owns_link(i) else ()
        return items[0] if len(items) == 1 and self._may_rename(i, items[0]) else None

    def _by_content(self, i: int, store: _Store) -> Known | None:
        item = store.by_key.get(self.keys[i].content)
        return item if item and self._may_rename(i, item) else None

    def _by_what_it_says(self, i: int, store: _Store) -> Known | None:
        """Return the item whose guid and link have both changed, if only this entry and only that item have this
        content.
        """
        mine = self.keys[i]
        items = store.by_content.get(mine.content, ())
        if not mine.distinction or len(items) != 1 or self._content_uses[mine.content] != 1:
            return None
        item = items[0]
        # If there are guids, the same words without a date may well be another entry: "Build passed".
        is_specific = mine.distinction == "date" or item.deleted or not (mine.guid or item.guid)
        return (
            item
            if is_specific and not (item.link and self._link_uses[item.link]) and self._may_rename(i, item)
            else None
        )

    def _may_rename(self, i: int, item: Known) -> bool:
        """Return whether entry *i* may be *item* although their keys differ: the item has no guid, or the entry's own,
        or one that no entry of this document has.
        """
        return item.guid in ("", self._guids[i]) or item.guid not in self._guids_here

    def _key(self, i: int, item: Known | None, store: _Store) -> str:
        """Return the key to store entry *i* under: the item's own key, unless the item is new or has a new guid. Return
        "" if other items have all keys that it may get: an item keeps its key, even when its entry has been edited and
        no longer says what the key was made of.
        """
        if item and (not self.trusts(i) or item.guid == self._guids[i]):
            self._keys_used.add(item.key)
            return item.key
        own = item.key if item else None
        free = (
            key
            for key in self._choice(i, own)
            if key == own or (key not in store.by_key and key not in self._keys_used)
        )
        if key := next(free, ""):
            self._keys_used.add(key)
        return key

    def _choice(self, i: int, own: str | None) -> Iterator[str]:
        """Yield the keys for entry *i*, the best one first; *own* is the key of its item, if it has one."""
        keys = self.keys[i]
        if self.trusts(i):
            yield keys.guid
        if own is not None:
            yield own
            return
        if self.owns_link(i):
            yield keys.link
        yield keys.content
        yield self._whole(i)


def _mark(item: Known) -> tuple[int, str]:
    # A tombstone has two keys, and an entry may match each of them.
    return item.id, item.key if item.deleted else ""


class _Store:
    """Stored items by the key that each is stored under, by link and by content."""

    def __init__(self, known: Iterable[Known]) -> None:
        self.by_key: Mapping[str, Known]
        self.by_link: Mapping[str, Sequence[Known]]
        self.by_content: Mapping[str, Sequence[Known]]
        by_key: dict[str, Known] = {}
        by_link: dict[str, list[Known]] = {}
        by_content: dict[str, list[Known]] = {}
        for item in dict.fromkeys(known):
            # An item takes precedence over a tombstone of the same key: the entry was stored again.
            if item.key not in by_key or by_key[item.key].deleted:
                by_key[item.key] = item
            if item.link:
                by_link.setdefault(item.link, []).append(item)
            by_content.setdefault(item.content, []).append(item)
        self.by_key, self.by_link, self.by_content = by_key, by_link, by_content


def _later(one: datetime | None, other: datetime | None) -> bool:
    return one is not None and (other is None or one > other)


def may_rewrite(changes: int, changed: datetime | None, now: datetime) -> bool:
    """Return whether to store an edit of an item that was rewritten *changes* times, last at *changed*.

    Some feeds put a counter or an advertisement into every entry: without a limit, their items would be rewritten at
    each fetch. A time in the future doesn't count: the clock was set back.
    """
    return changes < CHURN_LIMIT or changed is None or not timedelta() <= now - changed < CHURN_PAUSE


def changes_after(changes: int, changed: datetime | None, now: datetime) -> int:
    """Return the count of rewrites after one more at *now*."""
    return 1 if changed is None or now - changed >= CHURN_FORGIVEN else changes + 1
