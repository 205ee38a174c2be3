"""A feed in which most fields are given, and functions that read a document of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from xml.etree import ElementTree as ET

from feedserver import Response
from feedserver.feeds import (
    Category,
    Enclosure,
    Entry,
    Feed,
    FormatName,
    Person,
)
from feedserver.feeds.markup import NAMESPACES

PREFIXES = {
    **NAMESPACES,
    "a": "http://www.w3.org/2005/Atom",
    "old": "http://purl.org/atom/ns#",
    "rss": "http://purl.org/rss/1.0/",
    "html": "http://www.w3.org/1999/xhtml",
    "xml": "http://www.w3.org/XML/1998/namespace",
}
ENTRY = Entry(
    title="One",
    link="https://example.org/1",
    id="tag:example.org,2026:1",
    summary="<p>short</p>",
    content="<p>long</p>",
    published=datetime(2026, 11, 1, 10, tzinfo=UTC),
    updated=datetime(2026, 11, 2, 12, 30, tzinfo=timezone(timedelta(hours=2))),
    authors=[Person("Ada", "ada@example.org", "https://example.org/ada"), Person("Bob")],
    categories=[Category("math", "https://example.org/tags", "Mathematics")],
    enclosures=[Enclosure("https://example.org/1.mp3", "audio/mpeg", 123)],
    comments="https://example.org/1#comments",
    image="https://example.org/1.png",
    rights="© Ada",
)
FEED = Feed(
    title="News",
    link="https://example.org/",
    url="https://example.org/feed",
    subtitle="All of it",
    language="en",
    rights="© all",
    updated=datetime(2026, 11, 3, tzinfo=UTC),
    hubs=["https://hub.example/"],
    next_url="https://example.org/feed?page=2",
    image="https://example.org/logo.png",
    icon="https://example.org/favicon.ico",
    ttl=60,
    skip_hours=[0, 5],
    skip_days=["Sunday"],
    update_period="hourly",
    update_frequency=2,
    generator="A generator",
    entries=[ENTRY],
)


def body(response: Response) -> bytes:
    assert isinstance(response.body, bytes)
    return response.body


def tree(feed: Feed, kind: FormatName, **options: Any) -> ET.Element:
    return ET.fromstring(body(feed.render(kind, **options)))


def said(feed: Feed, kind: FormatName, path: str) -> list[str | None]:
    """Return the text of each element at *path*, or the value of its attribute if *path* ends in @name."""
    path, _, attribute = path.partition("@")
    found = tree(feed, kind).findall(path.rstrip("/"), PREFIXES)
    if attribute:
        prefix, _, name = attribute.rpartition(":")
        return [each.get(f"{{{PREFIXES[prefix]}}}{name}" if prefix else name) for each in found]
    return [each.text for each in found]
