"""The elements in which RSS 2.0 writes the fields of a feed."""

from __future__ import annotations

import pytest

from whole_feed import FEED, said

SAID_IN_RSS = [
    ("channel/title", ["News"]),
    ("channel/link", ["https://example.org/"]),
    ("channel/description", ["All of it"]),
    ("channel/language", ["en"]),
    ("channel/atom:link/@rel", ["self", "next", "hub"]),
    ("channel/atom:link/@href", ["https://example.org/feed", "https://example.org/feed?page=2", FEED.hubs[0]]),
    ("channel/copyright", ["© all"]),
    ("channel/lastBuildDate", ["Tue, 03 Nov 2026 00:00:00 GMT"]),
    ("channel/ttl", ["60"]),
    ("channel/skipHours/hour", ["0", "5"]),
    ("channel/skipDays/day", ["Sunday"]),
    ("channel/sy:updatePeriod", ["hourly"]),
    ("channel/sy:updateFrequency", ["2"]),
    ("channel/image/url", ["https://example.org/logo.png"]),
    ("channel/generator", ["A generator"]),
    ("channel/item/title", ["One"]),
    ("channel/item/link", ["https://example.org/1"]),
    ("channel/item/guid", ["tag:example.org,2026:1"]),
    ("channel/item/guid/@isPermaLink", ["false"]),
    ("channel/item/description", ["<p>short</p>"]),
    ("channel/item/content:encoded", ["<p>long</p>"]),
    ("channel/item/author", ["ada@example.org (Ada)"]),
    ("channel/item/dc:creator", ["Bob"]),
    ("channel/item/category", ["math"]),
    ("channel/item/category/@domain", ["https://example.org/tags"]),
    ("channel/item/comments", ["https://example.org/1#comments"]),
    ("channel/item/enclosure/@url", ["https://example.org/1.mp3"]),
    ("channel/item/enclosure/@length", ["123"]),
    ("channel/item/enclosure/@type", ["audio/mpeg"]),
    ("channel/item/pubDate", ["Sun, 01 Nov 2026 10:00:00 GMT"]),
    ("channel/item/atom:updated", ["2026-11-02T12:30:00+02:00"]),
    ("channel/item/media:thumbnail/@url", ["https://example.org/1.png"]),
    ("channel/item/dc:rights", ["© Ada"]),
]


@pytest.mark.parametrize(("path", "texts"), SAID_IN_RSS, ids=[path for path, _ in SAID_IN_RSS])
def test_rss_writes_each_field_in_its_own_element(path: str, texts: list[str]) -> None:
    assert said(FEED, "rss", path) == texts
