"""The elements in which RSS 0.91 writes the fields of a feed."""

from __future__ import annotations

import pytest

from whole_feed import FEED, said

SAID_IN_RSS091 = [
    ("channel/skipHours/hour", ["24", "5"]),
    ("channel/item/description", ["<p>short</p>"]),
    ("channel/item/guid", []),
]


@pytest.mark.parametrize(("path", "texts"), SAID_IN_RSS091, ids=[path for path, _ in SAID_IN_RSS091])
def test_rss091_writes_the_elements_that_it_knows_and_no_others(path: str, texts: list[str]) -> None:
    assert said(FEED, "rss091", path) == texts
