"""Which entries of a document have items that are up to date, so that these entries need not be cleaned the next time.

A feed keeps their digests, each with the beginning of the key of its item (see `plugins.entry_digests`). If an entry of
the next document has one of these digests, the parser returns only an outline of it. The entry counts as unchanged if
the outline matches the same item. If that item is gone without a tombstone, or another item matches now (entries that
look alike may come and go), the document is requested again and read completely.
"""

from __future__ import annotations

from collections.abc import Iterable

from lifestream.plugins.entry_digests import divided, is_of, joined
from lifestream.plugins.item_pipeline import Prepared
from lifestream.storage.entry_matching import Decision


class SettledEntries:
    """The entries of *prepared* whose items are up to date. *before* has the digests that the feed has kept of its last
    document.

    *lacks* is True if an entry of which there is only an outline has no such item: then the whole document is needed.
    """

    def __init__(self, prepared: Prepared | None, before: str) -> None:
        self._digests = prepared.digests if prepared else ()
        self._outlines = frozenset(prepared.known if prepared else ())
        self._before = divided(before) if self._outlines else {}
        self._settled: dict[int, str] = {}
        self.lacks = False

    def is_outline(self, index: int) -> bool:
        """Return whether there is only an outline of the entry at *index*."""
        return index in self._outlines

    def found(self, decision: Decision) -> None:
        """Note that the item of an outline's entry is up to date, if it is the same item as for the last document. Set
        *lacks* otherwise.
        """
        item = decision.known
        if item is not None and is_of(item.key, self._before.get(self._digests[decision.index], "")):
            self.settle(decision, item.key)
        else:
            self.lacks = True

    def settle(self, decision: Decision, key: str) -> None:
        """Note that the item of an entry, under *key*, is up to date, if an outline can find it by this key."""
        if key in (decision.keys.guid, decision.keys.link, decision.keys.content):
            self._settled[decision.index] = key

    def undo(self, decisions: Iterable[Decision]) -> None:
        """Forget that the items of *decisions* are up to date."""
        for decision in decisions:
            self._settled.pop(decision.index, None)

    @property
    def digests(self) -> str:
        """The digests of the entries, in the form in which a feed keeps them."""
        if not self._digests:
            return ""
        return joined((self._digests[index], key) for index, key in sorted(self._settled.items()))
