"""The entries that are read from a truncated or ill-formed document."""

from __future__ import annotations

import pytest

from lifestream.parser import parse
from parsed import FORMATS, URL, rss


@pytest.mark.parametrize("name", ["rss20.xml", "atom10.xml", "rss10.rdf", "rss092.xml"])
def test_a_truncated_feed_has_only_its_whole_entries(name: str) -> None:
    body = (FORMATS / name).read_bytes()
    whole = parse(body, {}, URL).entries

    for end in range(body.index(b"</title>"), len(body), 41):
        half = parse(body[:end], {}, URL)
        assert half.entries == whole[: len(half.entries)], body[:end][-40:]
        assert half.complaint


def test_a_truncated_and_ill_formed_feed_has_only_its_whole_entries() -> None:
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


DAMAGE = {
    "a bare < in the title": ("Day", "a < b <c"),
    "tags that cross": ("<guid>", "<b><i></b></i><guid>"),
    "a guid without its end": ("</guid>", ""),
    "an end tag in other letters": ("</item>", "</ITEM>"),
    "an item without its end": ("</item>", ""),
    "an attribute twice": ("<guid>", "<guid a='1' a='2'>"),
    "an entry's end before its text's": ("</description></item>", "</item></description>"),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE.keys())
def test_all_entries_of_a_feed_are_read_even_if_all_are_damaged(damage: tuple[str, str]) -> None:
    """A generator that writes one ill-formed entry usually makes the same error in all entries."""
    item = "<item><title>Day</title><guid>{}</guid><description>Some words</description></item>"
    items = "".join(item.format(number).replace(*damage) for number in range(100))
    feed = parse(rss(items), {}, URL)
    assert [entry.guid for entry in feed.entries] == [str(number) for number in range(100)]
    assert feed.complaint


def test_damaged_entries_keep_their_places_and_the_flaw_lists_them() -> None:
    item = "<item><title>Day</title><guid>{}</guid>{}</item>"
    mended = dict.fromkeys(range(0, 90, 3), "<b><i></b></i>")
    by_itself = dict.fromkeys((10, 40, 70), "<?xml version='1.0'?>")  # it is not allowed there, and is not mended
    flaws = mended | by_itself
    items = "".join(item.format(number, flaws.get(number, "")) for number in range(90))
    feed = parse(rss(items), {}, URL)
    assert [entry.guid for entry in feed.entries] == [str(number) for number in range(90)]
    assert feed.flaw is not None
    assert list(feed.flaw.damaged) == sorted(flaws)
