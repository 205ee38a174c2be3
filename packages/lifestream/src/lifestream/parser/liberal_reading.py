"""Reading of documents that the strict reader doesn't recognise as feeds, or can't read as they are.

An ill-formed document is split into its entries (`salvage`), whose tags are made to match (`balanced_tags`), so that
the strict reader can read them. feedparser reads only documents that the strict reader does not recognise as feeds,
documents in which the strict reader finds no entries although there are some, and documents that use namespaces in a
way that XML does not allow. feedparser is imported only when it is needed.
"""

from __future__ import annotations

import re
from dataclasses import replace

from lifestream.entry import ParsedFeed
from lifestream.message import say
from lifestream.parser import strict
from lifestream.parser.balanced_tags import balanced, balanced_head
from lifestream.parser.damaged_episodes import with_episodes
from lifestream.parser.errors import NotAFeed
from lifestream.parser.missing_ends import end_of_head, with_ends
from lifestream.parser.preprocessing import ASIDE
from lifestream.parser.salvage import salvage
from lifestream.parser.second_reading import Scan, scan
from lifestream.plugins.reading_notes import Notes


class LiberalReading:
    """A reading of *document*, in UTF-8, which came from *url* and has been through `preprocessing.cleaned`.

    *language* is the answer's Content-Language, *netscape* says that the document type was Netscape's. After the
    reading, *damaged* holds the indices of entries that may be incomplete, and *cut_off* says that the document ends
    inside an entry, which was left out.
    """

    def __init__(self, document: bytes, language: str, url: str, *, netscape: bool, notes: Notes | None = None) -> None:
        self.document, self.language, self.url, self.netscape = document, language, url, netscape
        self.notes = notes or Notes()
        self.damaged: tuple[int, ...] = ()
        self.cut_off = False

    def read_whole(self) -> ParsedFeed:
        """Return the feed that feedparser finds in the document, which is well-formed."""
        return self._liberal(self.document, scan(self.document))

    def read_in_parts(self) -> ParsedFeed:
        """Return the feed in the document, which is ill-formed and can't be mended, from its parts: see `salvage`."""
        head = end_of_head(self.document)
        if head:
            self.document = balanced_head(with_ends(self.document[:head])) + self.document[head:]
        scanned = scan(self.document)
        if not scanned.head:  # without a known place of its first entry, the document can't be split into its entries
            feed = self._by_strict_reader(balanced(self.document))
            if feed is None or (head and not feed.entries):
                feed = self._liberal(self.document, scanned)
            self.cut_off = is_cut_off(self.document.decode("utf-8", "replace"))
            entries = feed.entries[:-1] if self.cut_off else feed.entries
            self.damaged = tuple(range(len(entries)))
            return replace(feed, entries=entries)
        salvaged = salvage(self.document, scanned)
        self.cut_off = salvaged.cut_off
        feed = self._of_salvaged(salvaged.whole, has_entries=salvaged.count > 0)
        self.damaged = tuple(salvaged.mended)
        return feed

    def _by_strict_reader(self, document: bytes) -> ParsedFeed | None:
        text = document.decode("utf-8").replace(f":{ASIDE}", ":")
        del document  # a large one takes much memory
        found = strict.read(text)
        del text
        if found.root is None or found.root.tag.rpartition("}")[2].lower() in ("html", "head", "body"):
            return None
        self.notes.reader = "strict"
        return strict.read_feed(
            found.root,
            self.url,
            language=self.language,
            netscape=self.netscape,
            source=found.source,
            notes=self.notes,
        )

    def _of_salvaged(self, document: bytes, *, has_entries: bool) -> ParsedFeed:
        """Return the feed in *document*, which is well-formed except for entities that are declared nowhere."""
        feed = self._by_strict_reader(document)
        # To the strict reader, entries inside an element that is never closed are not entries of the feed.
        if feed is not None and (feed.entries or not has_entries):
            return feed
        return self._liberal(document, scan(document))

    def _liberal(self, document: bytes, scanned: Scan) -> ParsedFeed:
        from lifestream.parser import liberal
        from lifestream.parser.feedparser_result import feed_of

        self.notes.reader = "liberal"
        try:
            result = liberal.read(document, self.language)
        except (MemoryError, RecursionError):
            raise
        except Exception as error:  # whatever a hostile document raises, only that document is lost
            raise NotAFeed(say("parser-failed", reason=f"{type(error).__name__}: {error}")) from error
        feed = feed_of(result, scanned, self.url, self.notes)
        return replace(feed, entries=with_episodes(feed.entries, document.decode("utf-8", "replace")))


_ENTRY_START = re.compile(r"<(?:\w+:)?(?:item|entry)[\s>]", re.IGNORECASE)
_ENTRY_END = re.compile(r"</(?:\w+:)?(?:item|entry)\s*>", re.IGNORECASE)
_ROOT_END = re.compile(r"</(?:\w+:)?(?:rss|rdf|feed|channel)\s*>", re.IGNORECASE)


def is_cut_off(text: str) -> bool:
    """Return whether *text* ends in the middle of an entry: neither the end tag of the last entry nor that of the feed
    follows.
    """
    last = 0
    for found in _ENTRY_START.finditer(text):
        last = found.end()
    return bool(last) and not (_ENTRY_END.search(text, last) or _ROOT_END.search(text, last))
