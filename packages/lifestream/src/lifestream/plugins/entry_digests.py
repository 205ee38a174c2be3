"""Digests of entries, by which one that is stored already, as it came, is recognised before it is cleaned.

Cleaning is most of the work of reading a document, and of twenty entries of a document that has changed usually one is
new. So a feed keeps the digests of the entries of its last document (`Feed.entry_digests`), and has only entries
cleaned whose digest is another one.

A digest covers a draft as the plugin's hooks leave it: all that cleaning depends on, and so all that the feed, its
base and the plugin have put into the entry. It also covers what cleans: the release, the rules, and nh3's version.
"""

from __future__ import annotations

import hashlib
from binascii import b2a_base64
from operator import attrgetter
from typing import Final

import nh3

from lifestream.content.sanitizer_rules import SanitizerRules
from lifestream.plugins.base import ItemDraft

VERSION: Final = 1
"""Increase it within a release whenever an entry is cleaned in another way, so that all entries are cleaned again."""
MOST: Final = 500
"""How many digests of a feed are kept, those of the first entries in its document."""
LENGTH: Final = 8
"""The length of a digest, in characters of base64. It is short: two versions of one entry have the same digest in one
of 2**48 cases, and the edit then shows with the next one.
"""

_BYTES: Final = LENGTH * 3 // 4
_HEAD: Final = attrgetter(
    "guid", "link", "title", "author", "published", "updated", "tags", "enclosures", "media", "language", "base",
    "episode",
)  # fmt: skip


def cleaner_of(rules: SanitizerRules, release: str) -> str:
    """Return what identifies the cleaning by *rules* in the *release* of this package."""
    tags = sorted((tag, sorted(names)) for tag, names in rules.tags.items())
    return repr((VERSION, release, nh3.__version__, tags, sorted(rules.styles), sorted(rules.url_schemes)))


class Digests:
    """The digests of drafts that *cleaner* cleans (see `cleaner_of`), and those that are *known*, as `joined` returned
    them.
    """

    def __init__(self, cleaner: str, known: str = "") -> None:
        self._start = hashlib.blake2b(cleaner.encode("utf-8", "surrogatepass"), digest_size=_BYTES)
        self.known: Final = frozenset(known[start : start + LENGTH] for start in range(0, len(known), LENGTH))

    def of(self, draft: ItemDraft) -> str:
        """Return the digest of *draft*, which is not cleaned yet."""
        # The length of each text precedes it: ("ab", "c") and ("a", "bc") are different.
        text = f"{_HEAD(draft)!r}{len(draft.content)}:{draft.content}{len(draft.summary)}:{draft.summary}"
        state = self._start.copy()
        state.update(text.encode("utf-8", "surrogatepass"))
        return b2a_base64(state.digest(), newline=False).decode("ascii")


def joined(digests: list[str]) -> str:
    """Return *digests* as a feed keeps them: the first MOST that are not empty, one after the other."""
    return "".join([digest for digest in digests if digest][:MOST])
