"""Digests of entries: by its digest, an entry that is stored already and unchanged is recognised before it is cleaned.

Cleaning is most of the work of reading a document, and usually only one of twenty entries of a changed document is new.
So a feed keeps the digests of up to MOST entries of its last document (`Feed.entry_digests`). Entries with a digest
that is among them are not cleaned, unless they look like another entry of the document (see `item_pipeline`).

A digest covers a draft as the plugin's hooks leave it: all that cleaning depends on, and so all that the feed, its
base and the plugin have put into the entry. It also covers what cleans: the releases of this package and of nh3, and
the rules.
"""

from __future__ import annotations

import hashlib
from binascii import b2a_base64
from collections.abc import Iterable
from itertools import islice
from operator import attrgetter
from typing import Final

from lifestream.content.sanitizer_rules import SanitizerRules
from lifestream.plugins.base import ItemDraft

VERSION: Final = 2
"""Increase it if an entry is cleaned in another way, so that all entries are cleaned again. A new release has that
effect by itself.
"""
MOST: Final = 500
"""How many digests of a feed are kept: those of the first entries in its document."""
LENGTH: Final = 8
"""The length of a digest, in characters of base64. It is short: two versions of one entry have the same digest in one
of 2**48 cases, and such an edit is shown only with the next edit.
"""

_BYTES: Final = LENGTH * 3 // 4
_KEY: Final = 4
_HEAD: Final = attrgetter(
    "guid", "link", "title", "author", "published", "updated", "tags", "enclosures", "media", "language", "base",
    "episode",
)  # fmt: skip


def cleaner_of(rules: SanitizerRules, release: str) -> str:
    """Return what identifies the cleaning by *rules*, in the *release* of this package and of nh3."""
    tags = sorted((tag, sorted(names)) for tag, names in rules.tags.items())
    others = sorted(rules.styles), sorted(rules.url_schemes), rules.strip_tracking
    return repr((VERSION, release, tags, others))


class Digests:
    """Computes the digests of drafts that *cleaner* cleans (see `cleaner_of`).

    *known* are the digests of the feed's last document, in the form that `joined` returns.
    """

    def __init__(self, cleaner: str, known: str = "") -> None:
        self._start = hashlib.blake2b(cleaner.encode("utf-8", "surrogatepass"), digest_size=_BYTES)
        self.known: Final = frozenset(divided(known))

    def of(self, draft: ItemDraft) -> str:
        """Return the digest of *draft*, which is not cleaned yet."""
        # The length of each text precedes it: ("ab", "c") and ("a", "bc") are different.
        text = f"{_HEAD(draft)!r}{len(draft.content)}:{draft.content}{len(draft.summary)}:{draft.summary}"
        state = self._start.copy()
        state.update(text.encode("utf-8", "surrogatepass"))
        return b2a_base64(state.digest(), newline=False).decode("ascii")


def joined(settled: Iterable[tuple[str, str]]) -> str:
    """Return digests as a feed keeps them, each followed by the beginning of its item's key.

    *settled* holds pairs of a digest and the whole key; only the first MOST pairs with a digest are kept.
    """
    kept = (digest + key[:_KEY] for digest, key in settled if digest)
    return "".join(islice(kept, MOST))


def divided(kept: str) -> dict[str, str]:
    """Return the digests in *kept*, which `joined` has returned, each with the beginning of its item's key."""
    pieces = (kept[start : start + LENGTH + _KEY] for start in range(0, len(kept), LENGTH + _KEY))
    return {piece[:LENGTH]: piece[LENGTH:] for piece in pieces}


def is_of(key: str, beginning: str) -> bool:
    """Return whether *key* starts with *beginning*, the part of an item's key that `joined` keeps with its digest."""
    return key[:_KEY] == beginning
