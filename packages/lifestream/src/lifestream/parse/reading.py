"""The order in which a document is read, and what is no feed. The only import of feedparser."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import feedparser

from lifestream.entry import Flaw, ParsedFeed
from lifestream.parse import jsonfeed
from lifestream.parse.charset import Decoded, decode
from lifestream.parse.document import cleaned
from lifestream.parse.errors import NotAFeed
from lifestream.parse.scan import Scan, scan
from lifestream.parse.translate import feed_of
from lifestream.parse.wellformed import flaw_of, mend


def read(body: bytes, headers: Mapping[str, str], url: str) -> ParsedFeed:
    """See `lifestream.parse.parse`; *headers* are in lower case here."""
    content_type = headers.get("content-type", "")
    decoded = decode(body, content_type)
    start = decoded.text.lstrip("\ufeff \t\r\n\0")[:1]
    if not start:
        raise NotAFeed("the answer is empty")
    if start in "{[":
        return jsonfeed.read(decoded, url)
    return _read_xml(decoded, content_type, headers.get("content-language", ""), url)


def _read_xml(decoded: Decoded, content_type: str, language: str, url: str) -> ParsedFeed:
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
    scanned = scan(document)
    complaints = [decoded.complaint, str(flaw or "")]
    if flaw is None or flaw.mended:
        result = _feedparser(document, language)
    else:
        result, flaw = _read_around(flaw, document, scanned, language)
    if not result.version and (not result.entries or _is_page(text)):
        raise NotAFeed(_why_not(text, content_type))
    if scanned.cut_off:
        complaints.append("the document is cut off; its last entry, if it was not whole, is left out")
    elif result.bozo and flaw is None:
        complaints.append(_words(result.bozo_exception))
    result["encoding"] = decoded.encoding
    feed = replace(feed_of(result, scanned, url, "; ".join(filter(None, complaints))), flaw=flaw)
    return feed if feed.is_complete else _without_nameless(feed)


def _read_around(flaw: Flaw, document: bytes, scanned: Scan, language: str) -> tuple[Any, Flaw]:
    """Return what feedparser finds in an ill-formed *document*, and *flaw* with the number of whole entries.

    What stands before the flaw is read strictly, as if the document ended there, and the rest loosely. So no scrap of a
    later entry gets into the feed's own title, or into an entry that is whole.
    """
    if not scanned.end:  # not even the first entry was reached
        return _read_loosely(document, language), flaw
    result = _feedparser(scanned.closed(document), language)
    flaw = replace(flaw, whole=len(result.entries))
    if scanned.cut_off:
        # What is left of the last entry may lack what it is known by, and would come again as another one.
        scanned.broken = False
        return result, flaw
    result.entries.extend(_read_loosely(document, language).entries[flaw.whole :])
    return result, flaw


def _read_loosely(document: bytes, language: str) -> Any:
    result = _feedparser(document, language)
    if result.entries and cut_off(document.decode("utf-8", "replace")):
        del result.entries[-1]
    return result


def _without_nameless(feed: ParsedFeed) -> ParsedFeed:
    """Return *feed* without entries behind its flaw that have neither guid nor link, where other entries have one.

    They are scraps: once the document is mended, the same entry would come again as another one.
    """
    if feed.flaw is None or not any(entry.guid or entry.link for entry in feed.entries):
        return feed
    whole, behind = feed.entries[: feed.flaw.whole], feed.entries[feed.flaw.whole :]
    return replace(feed, entries=whole + tuple(entry for entry in behind if entry.guid or entry.link))


def _feedparser(document: bytes, language: str) -> Any:
    # The bytes are UTF-8 by now, so that is what feedparser is told. No Content-Location, since it would
    # resolve guids against it; BytesIO, since it opens what looks like a path, and fetches what looks like
    # a URL.
    headers = {"content-type": "application/xml; charset=utf-8"}
    if language:
        headers["content-language"] = language
    try:
        return feedparser.parse(
            io.BytesIO(document), response_headers=headers, sanitize_html=False, resolve_relative_uris=False
        )
    except (MemoryError, RecursionError):
        raise
    except Exception as error:  # whatever a hostile document does to it, it is one document
        raise NotAFeed(f"the parser failed on it: {type(error).__name__}: {error}") from error


def _words(problem: Exception) -> str:
    return str(problem).removeprefix("<unknown>:").strip() or type(problem).__name__


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


_PAGE = re.compile(r"(?>\s++|<\?(?s:.*?)\?>|<!--(?s:.*?)-->)*+<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE)


def _why_not(text: str, content_type: str) -> str:
    if _is_page(text):
        return "it is a web page (HTML), not a feed"
    kind = content_type.partition(";")[0].strip()
    said = f"; the server calls it {kind}" if kind else ""
    return f"no RSS, Atom, RDF or JSON Feed was found in it{said}"
