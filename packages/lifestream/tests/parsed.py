"""Small documents for tests of the parser, and what it reads from them."""

from __future__ import annotations

from pathlib import Path

from lifestream.entry import Entry, ParsedFeed
from lifestream.parser import parse
from lifestream.parser.liberal_reading import LiberalReading
from lifestream.parser.preprocessing import cleaned
from lifestream.parser.tag_attributes import trimmed

FORMATS = Path(__file__).parent / "feeds" / "formats"
URL = "https://feeds.example/dir/feed.xml"


def parse_file(name: str) -> ParsedFeed:
    return parse((FORMATS / name).read_bytes(), {}, URL)


def by_feedparser(document: str, url: str = URL) -> ParsedFeed:
    """Return the feed that feedparser finds in *document*, even if the strict reader could read it."""
    return LiberalReading(cleaned(trimmed(document)).encode(), "", url, netscape=False).read_whole()


def rss(items: str = "", channel: str = "", head: str = "") -> bytes:
    return f'{head}<rss version="2.0"><channel><title>T</title>{channel}{items}</channel></rss>'.encode()


def atom(entry: str, head: str = "") -> bytes:
    return f'{head}<feed xmlns="http://www.w3.org/2005/Atom"><title>T</title><entry>{entry}</entry></feed>'.encode()


def only_entry(body: bytes, content_type: str = "", url: str = URL) -> Entry:
    (entry,) = parse(body, {"Content-Type": content_type}, url).entries
    return entry
