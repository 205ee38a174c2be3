"""Small documents that both readers of XML read, the strict one and feedparser, and tests with either of them."""

from __future__ import annotations

import pytest

from lifestream.entry import ParsedFeed
from lifestream.parser import parse
from parsed import by_feedparser

NAMESPACES = " ".join(
    f'xmlns:{prefix}="{uri}"'
    for prefix, uri in {
        "dc": "http://purl.org/dc/elements/1.1/",
        "itunes": "http://www.itunes.com/dtds/podcast-1.0.dtd",
        "media": "http://search.yahoo.com/mrss/",
    }.items()
)
URL = "https://site.example/feed"


def rss(item: str = "", *, head: str = "", root: str = "", channel: str = "") -> str:
    root = f'<rss version="2.0" {NAMESPACES} {root}>'
    return f"{head}{root}<channel><title>T</title>{channel}<item><guid>1</guid>{item}</item></channel></rss>"


def atom(entry: str, *, root: str = "") -> str:
    return f'<feed xmlns="http://www.w3.org/2005/Atom"{root}><title>T</title><entry><id>1</id>{entry}</entry></feed>'


def numbered(text: str, count: int) -> str:
    return "".join(text.replace("#", str(number)) for number in range(count))


def read(document: str) -> ParsedFeed:
    """Return the feed in *document*, which the strict reader reads, if it can."""
    return parse(document.encode(), {}, URL)


READERS = pytest.mark.parametrize("reader", [read, by_feedparser])
