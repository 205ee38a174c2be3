"""The order in which a document is read, and what is no feed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from lifestream.entry import ParsedFeed
from lifestream.parser import json_feed, liberal
from lifestream.parser.encoding import Decoded, decode
from lifestream.parser.errors import NotAFeed
from lifestream.parser.feedparser_result import feed_of
from lifestream.parser.preprocessing import cleaned
from lifestream.parser.salvage import salvage
from lifestream.parser.second_reading import Scan, ScannedEntry, scan
from lifestream.parser.tag_attributes import trimmed
from lifestream.parser.wellformed import flaw_of, mend


def read(body: bytes, headers: Mapping[str, str], url: str) -> ParsedFeed:
    """See `lifestream.parser.parse`; *headers* are in lower case here."""
    content_type = headers.get("content-type", "")
    decoded = decode(body, content_type)
    start = decoded.text.lstrip("\ufeff \t\r\n\0")[:1]
    if not start:
        raise NotAFeed("the answer is empty")
    if start in "{[":
        return json_feed.read(decoded, url)
    return _read_xml(decoded, content_type, headers.get("content-language", ""), url)


def _read_xml(decoded: Decoded, content_type: str, language: str, url: str) -> ParsedFeed:
    decoded = decoded._replace(text=trimmed(decoded.text))
    text = cleaned(decoded.text)
    if not text.strip():
        raise NotAFeed("there is nothing in the answer but characters that are none")
    document = text.encode("utf-8")
    flaw = flaw_of(decoded.text.encode("utf-8", "replace"))
    if flaw is None and "<!DOCTYPE" in decoded.text:
        flaw = flaw_of(document)  # an entity that was taken out is undefined
    if flaw is not None:
        document = mend(document)
        flaw = replace(flaw, mended=flaw_of(document) is None)
    complaints = [decoded.complaint, str(flaw or "")]
    if flaw is None or flaw.mended:
        found = _Found(_feedparser(document, language), scan(document))
    else:
        found = _read_apart(document, language)
        flaw = replace(flaw, damaged=found.damaged)
    if not found.result["version"] and (not found.result["entries"] or _is_page(text)):
        raise NotAFeed(_why_not(text, content_type))
    if found.cut_off:
        complaints.append("the document is cut off; its last entry, if it was not whole, is left out")
    found.result["encoding"] = decoded.encoding
    feed = feed_of(found.result, found.scanned, url, "; ".join(filter(None, complaints)))
    return _without_nameless(replace(feed, flaw=flaw))


@dataclass(slots=True)
class _Found:
    """feedparser's *result* and our *scanned* extras, and the places of *damaged* entries in them."""

    result: Any
    scanned: Scan
    damaged: tuple[int, ...] = ()
    cut_off: bool = False


def _read_apart(document: bytes, language: str) -> _Found:
    """Return what is found in *document*, which is ill-formed and can't be mended: see `salvage`."""
    scanned = scan(document)
    if not scanned.head:  # it was broken before the first entry: nobody knows what belongs to what
        result = _feedparser(document, language)
        is_cut = cut_off(document.decode("utf-8", "replace"))
        if result["entries"] and is_cut:
            del result["entries"][-1]
        return _Found(result, scanned, tuple(range(len(result["entries"]))), is_cut)
    left = salvage(document, scanned)
    result, extras = _feedparser(left.whole, language), scan(left.whole)
    aligned = len(result["entries"]) == len(extras.entries)
    damaged: list[int] = []
    for place, piece in zip(left.places, left.damaged, strict=True):
        for entry in _feedparser(piece, language)["entries"][:1]:
            # Those that gave nothing have no place.
            at = min(place - (left.places.index(place) - len(damaged)), len(result["entries"]))
            result["entries"].insert(at, entry)
            if aligned:
                extras.entries.insert(at, ScannedEntry())
            damaged.append(at)
    return _Found(result, extras, tuple(damaged), left.cut_off)


def _without_nameless(feed: ParsedFeed) -> ParsedFeed:
    """Return *feed* without damaged entries that have neither guid nor link, where other entries have one.

    They are scraps: once the document is mended, the same entry would come again as another one.
    """
    if feed.flaw is None or not feed.flaw.damaged or not any(entry.guid or entry.link for entry in feed.entries):
        return feed
    damaged = set(feed.flaw.damaged)
    kept = [
        (entry, place in damaged)
        for place, entry in enumerate(feed.entries)
        if place not in damaged or entry.guid or entry.link
    ]
    flaw = replace(feed.flaw, damaged=tuple(place for place, (_, is_damaged) in enumerate(kept) if is_damaged))
    return replace(feed, flaw=flaw, entries=tuple(entry for entry, _ in kept))


def _feedparser(document: bytes, language: str) -> dict[str, Any]:
    try:
        return liberal.read(document, language)
    except (MemoryError, RecursionError):
        raise
    except Exception as error:  # whatever a hostile document does to it, it is one document
        raise NotAFeed(f"the parser failed on it: {type(error).__name__}: {error}") from error


_ENTRY_START = re.compile(r"<(?:\w+:)?(?:item|entry)[\s>]", re.IGNORECASE)
_ENTRY_END = re.compile(r"</(?:\w+:)?(?:item|entry)\s*>", re.IGNORECASE)
_ROOT_END = re.compile(r"</(?:\w+:)?(?:rss|rdf|feed|channel)\s*>", re.IGNORECASE)


def cut_off(text: str) -> bool:
    """Whether *text* ends in the middle of an entry: the last one is closed neither by its own end nor by
    the feed's.
    """
    last = 0
    for found in _ENTRY_START.finditer(text):
        last = found.end()
    return bool(last) and not (_ENTRY_END.search(text, last) or _ROOT_END.search(text, last))


def _is_page(text: str) -> bool:
    return _PAGE.match(text) is not None


_PAGE = re.compile(r"(?>(?>\s++|<\?(?s:.*?)\?>|<!--(?s:.*?)-->)*)<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE)


def _why_not(text: str, content_type: str) -> str:
    if _is_page(text):
        return "it is a web page (HTML), not a feed"
    kind = content_type.partition(";")[0].strip()
    said = f"; the server calls it {kind}" if kind else ""
    return f"no RSS, Atom, RDF or JSON Feed was found in it{said}"
