"""The OPML lists every feed under a name of its own: some readers take two feeds of one name for one."""

from __future__ import annotations

import xml.etree.ElementTree as ET

from feedserver.check.adapters import Subscription
from feedserver.check.opml import opml_of


def test_every_feed_is_listed_under_a_name_of_its_own() -> None:
    feeds = [
        Subscription(1, "http://127.0.0.1/z1/feed.xml", ""),
        Subscription(2, "http://127.0.0.1/t21/a.xml?a=1&b='2'", "T21"),
        Subscription(3, "http://127.0.0.1/t21/b.xml", "T21"),
    ]

    outlines = list(ET.fromstring(opml_of(feeds)).iter("outline"))

    assert [outline.get("xmlUrl") for outline in outlines] == [feed.url for feed in feeds]
    assert [outline.get("type") for outline in outlines] == ["rss"] * 3
    assert [outline.get("title") for outline in outlines] == [
        "Feed 1, a control feed",
        "Feed 2, scenario T21",
        "Feed 3, scenario T21",
    ]
