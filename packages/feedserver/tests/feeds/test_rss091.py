"""The elements in which RSS 0.91 writes the fields of a feed."""

from __future__ import annotations

import pytest

from whole_feed import FEED, said, tree

SAID_IN_RSS091 = [
    ("channel/skipHours/hour", ["24", "5"]),
    ("channel/item/description", ["<p>short</p>"]),
]
# The elements of https://www.rssboard.org/rss-0-9-1, without those for which a feed has no field.
ELEMENTS = {
    *("rss", "channel", "title", "link", "description", "language", "copyright", "pubDate", "lastBuildDate", "image"),
    *("url", "skipHours", "hour", "skipDays", "day", "item"),
}


@pytest.mark.parametrize(("path", "texts"), SAID_IN_RSS091, ids=[path for path, _ in SAID_IN_RSS091])
def test_rss091_writes_a_field_in_its_element(path: str, texts: list[str]) -> None:
    assert said(FEED, "rss091", path) == texts


def test_rss091_writes_the_elements_that_it_knows_and_no_others() -> None:
    written = {element.tag for element in tree(FEED, "rss091").iter()}
    assert written == ELEMENTS - {"pubDate"}, "FEED has no date of publication"
