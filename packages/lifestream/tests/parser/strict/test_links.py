"""The links of an entry: which of them is its page."""

from __future__ import annotations

import pytest

from parsed import atom, only_entry, rss


@pytest.mark.parametrize(
    ("item", "link"),
    [
        ("<link>https://a.example/1</link>", "https://a.example/1"),
        ("<link>/1</link>", "https://feeds.example/1"),
        ("<link>1?a=b&amp;amp;c=d</link>", "https://feeds.example/dir/1?a=b&c=d"),
        ("<guid>https://a.example/1</guid>", "https://a.example/1"),
        ("<guid isPermaLink='false'>https://a.example/1</guid>", ""),
        ("<guid>12345</guid>", ""),
        ("<link>http://[half</link>", ""),
        ("<title>No link</title>", ""),
    ],
)
def test_a_link_is_absolute_and_may_be_the_guid(item: str, link: str) -> None:
    assert only_entry(rss(f"<item>{item}</item>")).link == link


def test_an_entry_of_atom_without_alternate_links_to_what_it_has() -> None:
    entry = only_entry(
        atom('<link rel="self" href="https://a.example/s"/><link rel="related" href="https://a.example/r"/>')
    )

    assert entry.link == "https://a.example/r"
