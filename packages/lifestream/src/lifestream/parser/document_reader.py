"""The order in which readers try a document, and which documents are no feeds."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from typing import Final

from lifestream.content.late_pattern import late
from lifestream.entry import Entry, ParsedFeed
from lifestream.message import Number, say
from lifestream.parser import json_feed, strict
from lifestream.parser.encoding import decode
from lifestream.parser.errors import NotAFeed
from lifestream.parser.json_text import start_of
from lifestream.parser.preprocessing import MOST_DIFFERENT_NAMES, OVERWRITTEN, has_too_many_names, with_renamed
from lifestream.parser.relative_addresses import base_of_document
from lifestream.parser.tag_attributes import trimmed
from lifestream.plugins.reading_notes import Notes


def read(body: bytes, headers: Mapping[str, str], url: str, notes: Notes | None = None) -> ParsedFeed:
    """Return the feed in the document, as `lifestream.parser.parse` does. The names in *headers* are in lower case."""
    content_type = headers.get("content-type", "")
    url = base_of_document(url)
    notes = notes or Notes()
    decoded = decode(body, content_type, notes)
    start = decoded.text.lstrip("\ufeff \t\r\n\0")[:1]
    if not start:
        raise NotAFeed(say("empty"))
    if start != "<" or "json" in content_type.lower():
        json_start = start_of(decoded.text, content_type)
        if json_start is not None:
            notes.reader = "JSON"
            return _without_doubtful(json_feed.read(decoded, url, notes, json_start))
    # From here on, what is no longer needed of a large document is freed at once. `texts.pop()` hands over the only
    # reference to the text, so that the function that is called can free the text.
    if has_too_many_names(decoded.text):
        raise NotAFeed(say("too-many-names", limit=Number(MOST_DIFFERENT_NAMES)))
    overwritten = _overwritten(decoded.text)
    texts, decoded = [trimmed(decoded.text)], decoded._replace(text="")
    document = strict.read(texts.pop())
    if not document.source.strip():
        raise NotAFeed(say("no-characters"))
    flaw, language = document.flaw, headers.get("content-language", "")
    found = None
    notes.reader = "strict"
    if document.root is not None:
        found = strict.read_feed(
            document.root,
            url,
            language=language,
            netscape=document.netscape,
            source=document.source,
            notes=notes,
        )
    if found is None:
        from lifestream.parser.liberal_reading import (
            LiberalReading,  # few documents need it, and it takes long to import
        )

        is_whole, netscape = document.root is not None, document.netscape
        cleaned = with_renamed(document.source.decode("utf-8", "replace"))
        del document
        is_page = _is_page(cleaned)
        source = cleaned.encode("utf-8")
        del cleaned
        reading = LiberalReading(source, language, url, netscape=netscape, notes=notes)
        del source
        found = reading.read_whole() if is_whole else reading.read_in_parts()
        if not found.format and (not found.entries or is_page):
            raise NotAFeed(_why_not(content_type, is_page=is_page))
        if flaw is not None and not flaw.mended:
            flaw = replace(flaw, damaged=reading.damaged)
        if reading.cut_off:
            found = replace(found, complaint=_CUT_OFF)
    if flaw is not None and any(overwritten):
        is_in = overwritten if len(overwritten) == len(found.entries) else [True] * len(found.entries)
        damaged = {*flaw.damaged, *(place for place, is_lost in enumerate(is_in) if is_lost)}
        flaw = replace(flaw, mended=False, damaged=tuple(sorted(damaged)))
    complaints = [decoded.complaint, str(flaw or ""), found.complaint]
    found = replace(found, encoding=decoded.encoding, complaint="; ".join(filter(None, complaints)), flaw=flaw)
    return _without_doubtful(found)


def _overwritten(text: str) -> list[bool]:
    """Return for each entry of *text* whether NULs stand in place of lost bytes (see `OVERWRITTEN`) between its
    beginning and that of the next entry, or the end of the document. What looks like one entry may then be the
    beginning of one and the end of another. If there are such NULs before the first entry, or there is no entry, return
    one true value, which stands for all entries: namespaces may be missing. Blanks and NULs at the end or before the
    XML declaration do not count. Return an empty list if nothing is overwritten.

    Only NULs in a row count. A single one, or another control character, is no damage: authors paste such characters
    into texts, and programs write them into addresses, so that later versions of the entry have them too.
    """
    text = text.rstrip(_BLANK)
    if (whole := text.lstrip(_BLANK)).startswith("<?xml"):
        text = whole
    if OVERWRITTEN not in text:
        return []
    starts = [found.start() for found in _ENTRY.finditer(text)]
    in_head, *in_entries = (OVERWRITTEN in text[start:end] for start, end in pairwise([0, *starts, len(text)]))
    return [True] if in_head else in_entries


_BLANK: Final = "\ufeff\0 \t\r\n"
_ENTRY = late(r"<(?:\w{1,20}:)?(?:item|entry)(?=[\s/>])", re.IGNORECASE)
_CUT_OFF: Final = "the document is cut off; its last entry, if it was not whole, is left out"


def _without_doubtful(feed: ParsedFeed) -> ParsedFeed:
    """Return *feed* without those damaged entries that would become items of their own beside the whole ones.

    Once the document is mended, an entry that has lost its guid and its link would come again as another one. If most
    entries are whole, they show how the feed identifies its entries. If all of them have a guid, an entry with only a
    link has lost its guid, and the link may have been cut. An entry whose guid, or else link, exactly one whole entry
    has is a part of that entry: a part of the document has come twice. The link of an entry with a guid does not count:
    the replies to one post, or the episodes of a podcast, may all have the same link.
    """
    if feed.flaw is None or not feed.flaw.damaged or not any(map(_identifier, feed.entries)):
        return feed
    damaged = set(feed.flaw.damaged)
    whole = [entry for place, entry in enumerate(feed.entries) if place not in damaged]
    if len(whole) <= len(damaged):
        whole = []  # the flaws are usual in this feed, and the few whole entries are no pattern for the others
    identifiers = Counter(map(_identifier, whole))
    have_guids = bool(whole) and all(entry.guid for entry in whole)

    def is_doubtful(entry: Entry) -> bool:
        identifier = entry.guid if have_guids else _identifier(entry)
        return not identifier or identifiers[identifier] == 1

    kept = [
        (entry, place in damaged)
        for place, entry in enumerate(feed.entries)
        if place not in damaged or not is_doubtful(entry)
    ]
    flaw = replace(feed.flaw, damaged=tuple(place for place, (_, is_damaged) in enumerate(kept) if is_damaged))
    return replace(feed, flaw=flaw, entries=tuple(entry for entry, _ in kept))


def _identifier(entry: Entry) -> str:
    return entry.guid or entry.link


def _is_page(text: str) -> bool:
    return _PAGE.match(text) is not None


_PAGE = late(r"(?>(?>\s++|<\?(?s:.*?)\?>|<!--(?s:.*?)-->)*)<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE)


def _why_not(content_type: str, *, is_page: bool) -> str:
    if is_page:
        return say("web-page")
    kind = content_type.partition(";")[0].strip()
    return say("no-feed-found-typed", type=kind) if kind else say("no-feed-found")
