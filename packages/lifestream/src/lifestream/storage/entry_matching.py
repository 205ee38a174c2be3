"""Which stored item an entry is: pure decisions, no database.

A feed's own ids can't be trusted alone: some give every entry the same guid, some give none, some change
all of them when the site moves. So an entry has keys in tiers, and is looked for with the strongest first:

1. *guid*, exactly as the document spells it, so that a feed that moves keeps its items even if its guids
   are relative; trusted only where no other entry of the document has it.
2. *link*, where it is the entry's own: no other entry of the document and no other stored item has it, it
   is not the site's home page, and the guid that the item had is gone from the document. `http` and `https`
   are one, and so are links with and without a slash at the end: that is how sites move, and two such
   entries in one document count as two uses of a link, so it identifies neither. All else has to be equal.
3. *content*: title and date, or title and text if there is no date. It stands for the two above where an entry has
   neither; and where both have changed at once, as a new program for a site does it, it finds the item if both old
   ones are gone, and if it says enough: a title and a time, or, where nobody gives guids, a title and a text.
4. *whole*: everything, which keeps apart what is the same in all tiers above.

An item is stored under one key, the strongest that its entry had. It is found again under it, and under
weaker ones while those are its alone; a new guid that comes with an old link replaces the old one.

Tombstones take part as if they were items, with all keys that theirs had: what matches one was deleted here, and does
not come back. They follow their entry to new keys as an item would, else it would return by its second move. And the
first key stands for it for good (a tombstone more, with the same id and that key alone), else it would return when its
site goes back to an older program.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from lifestream.plugins.entry_keys import Keys, Said, keys_of, link_form

CHURN_LIMIT = 24
"""An item that was rewritten this often is rewritten once in CHURN_PAUSE only."""
CHURN_PAUSE = timedelta(days=1)
CHURN_FORGIVEN = timedelta(days=7)
"""After so long without a change, counting begins anew."""


@dataclass(frozen=True, slots=True)
class Known:
    """A stored item, or (*deleted*) a tombstone: its *id*, the *key* it is stored under, and what else it
    is known by.
    """

    id: int
    key: str
    link: str
    content: str
    guid: str
    deleted: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """What an entry is: the item *known*, or a new one if that is None. *key* is what it is to be stored
    under.

    *index* is the entry's index in the document.
    """

    index: int
    keys: Keys
    key: str
    known: Known | None

    @property
    def refused(self) -> bool:
        """Whether the item was deleted here, and stays so."""
        return self.known is not None and self.known.deleted


class Document:
    """The entries of one document, and what it says about them taken together.

    *home* are addresses that are no entry's own: the site's, the feed's.
    """

    def __init__(self, entries: Sequence[Said], home: Iterable[str] = ()) -> None:
        forms = {link_form(address) for address in home if address}
        self.keys = [keys_of(entry, forms) for entry in entries]
        self._guids = [entry.guid.strip() for entry in entries]
        self.repeated = frozenset(self._repeated(entries))
        kept = [i for i in range(len(entries)) if i not in self.repeated]
        self._guids_here = set(self._guids)
        self._guid_uses = Counter(self.keys[i].guid for i in kept)
        self._link_uses = Counter(self.keys[i].link for i in kept)
        self._content_uses = Counter(self.keys[i].content for i in kept)
        self._keys_used: set[str] = set()
        self._taken: set[tuple[int, str]] = set()

    def _repeated(self, entries: Sequence[Said]) -> Iterator[int]:
        """Return the indices of entries that another one repeats in all that counts; the one updated last is kept."""
        seen: dict[str, int] = {}
        for i, keys in enumerate(self.keys):
            other = seen.setdefault(keys.whole, i)
            if other != i:
                newer = _later(entries[i].updated, entries[other].updated)
                seen[keys.whole] = i if newer else other
                yield other if newer else i

    def trusts(self, i: int) -> bool:
        """Return whether entry *i* has a guid that is its alone in this document."""
        return bool(self.keys[i].guid) and self._guid_uses[self.keys[i].guid] == 1

    def owns_link(self, i: int) -> bool:
        """Return whether entry *i* has a link that is its alone in this document."""
        return bool(self.keys[i].link) and self._link_uses[self.keys[i].link] == 1

    def keys_to_find(self, indices: Iterable[int]) -> set[str]:
        """Return the stored keys under which the entries at *indices* may be found."""
        return {
            key
            for i in indices
            if i not in self.repeated
            for key in (self.keys[i].guid, self.keys[i].link, self.keys[i].content, self.keys[i].whole)
            if key
        }

    def links_to_find(self, indices: Iterable[int], found: Collection[str]) -> set[str]:
        """Return the links by which those of *indices* may be found whose guid is not settled by the keys *found*."""
        return {
            self.keys[i].link
            for i in indices
            if i not in self.repeated and self.owns_link(i) and not (self.trusts(i) and self.keys[i].guid in found)
        }

    def contents_to_find(self, indices: Iterable[int], known: Iterable[Known]) -> set[str]:
        """Return the contents by which those of *indices* may be found that share neither key nor link with any of
        *known*.
        """
        known = list(known)
        keys, links = {item.key for item in known}, {item.link for item in known}
        return {
            mine.content
            for mine in (self.keys[i] for i in indices if i not in self.repeated)
            if mine.told_by and self._content_uses[mine.content] == 1
            if mine.link not in links or not mine.link
            if keys.isdisjoint((mine.guid, mine.link, mine.content, mine.whole))
        }

    def decide(self, indices: Sequence[int], known: Iterable[Known]) -> list[Decision]:
        """Return what the entries at *indices* are, given the items *known* by their keys and links; repeated ones
        are left out.

        A long document may be decided in parts: what one part took, a later one doesn't get.
        """
        store = _Store(known)
        indices = [i for i in indices if i not in self.repeated]
        matched: dict[int, Known] = {}
        # All strong matches come before any weak one, whatever the order of the entries.
        for match in (self._by_filed_key, self._by_guid, self._by_link, self._by_content, self._by_what_it_says):
            for i in indices:
                if i not in matched and (item := match(i, store)) and self._take(item):
                    matched[i] = item
        return [Decision(i, self.keys[i], self._key(i, matched.get(i), store), matched.get(i)) for i in indices]

    def _take(self, item: Known) -> bool:
        # A tombstone has two keys, and there may be an entry for each.
        mark = (item.id, item.key if item.deleted else "")
        # An item that an earlier part of this document made is known by the key that it got.
        if mark in self._taken or item.key in self._keys_used:
            return False
        self._taken.add(mark)
        return True

    def _by_filed_key(self, i: int, store: _Store) -> Known | None:
        """Return the item that was stored under a weaker key, because its guid could not be trusted at the time."""
        for key in (self.keys[i].whole, self.keys[i].link, self.keys[i].content):
            item = store.by_key.get(key)
            if not item or item.guid != self._guids[i]:
                continue
            if key != self.keys[i].link or self.owns_link(i) or item.content == self.keys[i].content:
                return item
        return None

    def _by_guid(self, i: int, store: _Store) -> Known | None:
        item = store.by_key.get(self.keys[i].guid) if self.keys[i].guid else None
        if item and not self.trusts(i) and item.content != self.keys[i].content:
            return None  # one of several with this guid: the item is whichever says the same
        return item

    def _by_link(self, i: int, store: _Store) -> Known | None:
        items = store.by_link.get(self.keys[i].link, ()) if self.owns_link(i) else ()
        return items[0] if len(items) == 1 and self._may_rename(i, items[0]) else None

    def _by_content(self, i: int, store: _Store) -> Known | None:
        item = store.by_key.get(self.keys[i].content)
        return item if item and self._may_rename(i, item) else None

    def _by_what_it_says(self, i: int, store: _Store) -> Known | None:
        """Return the item whose guid and link have both changed, if it is the only one here and there that says
        this.
        """
        mine = self.keys[i]
        items = store.by_content.get(mine.content, ())
        if not mine.told_by or len(items) != 1 or self._content_uses[mine.content] != 1:
            return None
        item = items[0]
        # Where there are guids, the same words without a date may well be another entry: "Build passed".
        tells = mine.told_by == "date" or item.deleted or not (mine.guid or item.guid)
        return item if tells and not (item.link and self._link_uses[item.link]) and self._may_rename(i, item) else None

    def _may_rename(self, i: int, item: Known) -> bool:
        """Return whether entry *i* may be *item* though it does not share its key: no entry here has the item's
        own guid.
        """
        return item.guid in ("", self._guids[i]) or item.guid not in self._guids_here

    def _key(self, i: int, item: Known | None, store: _Store) -> str:
        """Return what entry *i* is to be stored under: the item's own key, unless it is new or has a new guid."""
        if item and (not self.trusts(i) or item.guid == self._guids[i]):
            self._keys_used.add(item.key)
            return item.key
        keys = self.keys[i]
        choice = [keys.guid] if self.trusts(i) else []
        if item:
            choice.append(item.key)
        else:
            choice += [keys.link] if self.owns_link(i) else []
            choice += [keys.content, keys.whole]
        own = item.key if item else None
        key = next(k for k in choice if k == own or (k not in store.by_key and k not in self._keys_used))
        self._keys_used.add(key)
        return key


class _Store:
    """Stored items by the key that each is under, and by link."""

    def __init__(self, known: Iterable[Known]) -> None:
        self.by_key: Mapping[str, Known]
        self.by_link: Mapping[str, Sequence[Known]]
        self.by_content: Mapping[str, Sequence[Known]]
        by_key: dict[str, Known] = {}
        by_link: dict[str, list[Known]] = {}
        by_content: dict[str, list[Known]] = {}
        for item in dict.fromkeys(known):
            # A live item comes before a tombstone of the same key: it was let in again.
            if item.key not in by_key or by_key[item.key].deleted:
                by_key[item.key] = item
            if item.link:
                by_link.setdefault(item.link, []).append(item)
            by_content.setdefault(item.content, []).append(item)
        self.by_key, self.by_link, self.by_content = by_key, by_link, by_content


def _later(one: datetime | None, other: datetime | None) -> bool:
    return one is not None and (other is None or one > other)


def may_rewrite(changes: int, changed: datetime | None, now: datetime) -> bool:
    """Return whether an edit is taken over, of an item rewritten *changes* times, last at *changed*.

    Some feeds put a counter or an advertisement into every entry: without a bound they'd be rewritten at
    each fetch.
    """
    return changes < CHURN_LIMIT or changed is None or now - changed >= CHURN_PAUSE


def changes_after(changes: int, changed: datetime | None, now: datetime) -> int:
    """Return the count of rewritings after one more at *now*."""
    return 1 if changed is None or now - changed >= CHURN_FORGIVEN else changes + 1
