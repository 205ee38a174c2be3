"""What is left of a document that is cut off or ill-formed."""

from __future__ import annotations

import pytest

from lifestream.parser import parse
from parsed import FORMATS, URL, rss


@pytest.mark.parametrize("name", ["rss20.xml", "atom10.xml", "rss10.rdf", "rss092.xml"])
def test_half_a_feed_gives_its_whole_entries_and_no_others(name: str) -> None:
    body = (FORMATS / name).read_bytes()
    whole = parse(body, {}, URL).entries

    for end in range(body.index(b"</title>"), len(body), 41):
        half = parse(body[:end], {}, URL)
        assert half.entries == whole[: len(half.entries)], body[:end][-40:]
        assert half.complaint


def test_half_an_ill_formed_feed_gives_no_half_entry() -> None:
    body = rss("<item><title>One &nbsp; & co</title><guid>1</guid></item><item><title>Two</title><guid>2</guid></item>")
    cut = body[: body.index(b"Two")]

    assert [entry.guid for entry in parse(body, {}, URL).entries] == ["1", "2"]
    assert [entry.guid for entry in parse(cut, {}, URL).entries] == ["1"]
    assert "the document is cut off; its last entry" in parse(cut, {}, URL).complaint
    assert "cut off" not in parse(body, {}, URL).complaint


def test_one_bad_entry_affects_nothing_else() -> None:
    items = "<item><title>Good</title></item><item><pubDate>&#x;</pubDate></item><item><title>Also good</title></item>"
    feed = parse(rss(items), {}, URL)

    assert [entry.title for entry in feed.entries] == ["Good", "", "Also good"]
    assert feed.complaint
