"""An in-memory model of what `lifestream.storage` does with decisions, and a function that makes entries for tests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from lifestream.plugins import Entry
from lifestream.storage.entry_matching import Decision, Document, Known

HOME = "https://example.com/"
DAY = datetime(2024, 5, 1, 12, 30, tzinfo=UTC)


def entry(title: str = "", guid: str = "", link: str = "", day: int | None = None, content: str = "") -> Entry:
    """Return an entry with *link* as a path below HOME, published *day* days after DAY, or with no date."""
    return Entry(
        guid=guid,
        link=link and f"{HOME}{link}",
        title=title,
        published=None if day is None else DAY + timedelta(days=day),
        content=content,
    )


@dataclass
class StoredItems:
    """The *items* by id, and the *tombstones* of the deleted ones, after all decisions so far. *refused* counts the
    entries that matched a tombstone. Decisions are made for at most *at_once* entries of a document at a time.
    """

    at_once: int = 1000
    items: dict[int, tuple[Known, Entry]] = field(default_factory=dict)
    tombstones: list[Known] = field(default_factory=list)
    refused: int = 0

    def read(self, *entries: Entry) -> None:
        """Read a document that contains *entries*, and store them."""
        document = Document(entries, [HOME])
        for start in range(0, len(entries), self.at_once):
            self._read_part(document, entries, range(start, min(start + self.at_once, len(entries))))

    def _read_part(self, document: Document, entries: Sequence[Entry], places: range) -> None:
        stored = [*(known for known, _ in self.items.values()), *self.tombstones]
        wanted = document.keys_to_find(places)
        known = [item for item in stored if item.key in wanted]
        links = document.links_to_find(places, {item.key for item in known})
        known += [item for item in stored if item.link in links]
        contents = document.contents_to_find(places, known)
        known += [item for item in stored if item.content in contents]
        for decision in document.decide(places, known):
            if decision.refused:
                self.refused += 1
                self._renew_tombstone(decision, entries[decision.index].guid.strip())
                continue
            number = decision.known.id if decision.known else len(self.items) + len(self.tombstones) + 1
            entry, keys = entries[decision.index], decision.keys
            item = Known(number, decision.key, keys.link, keys.content, entry.guid.strip())
            self.items[number] = (item, entry)
        item_keys = [item.key for item, _ in self.items.values()]
        assert len(item_keys) == len(set(item_keys)), "two items under one key"

    def _renew_tombstone(self, decision: Decision, guid: str) -> None:
        known, keys = decision.known, decision.keys
        assert known is not None
        place = self.tombstones.index(known)
        self.tombstones[place] = Known(known.id, decision.key, keys.link, keys.content, guid, deleted=True)

    def delete(self, title: str) -> None:
        """Delete the items with *title*, as a superuser does: each leaves a tombstone."""
        for number, (known, entry) in list(self.items.items()):
            if entry.title == title:
                del self.items[number]
                self.tombstones.append(Known(number, known.key, known.link, known.content, known.guid, deleted=True))

    @property
    def titles(self) -> list[str]:
        """The titles of all items, sorted."""
        return sorted(entry.title for _, entry in self.items.values())
