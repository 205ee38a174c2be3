"""The order in which a document is read, and what is no feed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from lifestream.entry import ParsedFeed
from lifestream.parse import jsonfeed, liberal
from lifestream.parse.charset import Decoded, decode
from lifestream.parse.document import cleaned
from lifestream.parse.errors import NotAFeed
from lifestream.parse.scan import scan
from lifestream.parse.translate import feed_of


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
    scanned = scan(document)
    complaints = [decoded.complaint]
    if scanned.cut_off and scanned.entries:
        # What is left of the last entry may lack what it is known by, and would come again as another one.
        # And a document that is closed again is spared feedparser's loose parser.
        document = scanned.closed(document)
        scanned.broken = False
        complaints.append("the document is cut off; its last entry, if it was not whole, is left out")
    result = _feedparser(document, language)
    if not result["version"] and (not result["entries"] or _is_page(text)):
        raise NotAFeed(_why_not(text, content_type))
    if result["bozo"]:
        complaints.append(_words(result["bozo_exception"]))
        if result["entries"] and cut_off(text):
            del result["entries"][-1]
    result["encoding"] = decoded.encoding
    return feed_of(result, scanned, url, "; ".join(filter(None, complaints)))


def _feedparser(document: bytes, language: str) -> dict[str, Any]:
    try:
        return liberal.read(document, language)
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
