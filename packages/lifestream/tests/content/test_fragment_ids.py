"""Ids and references by themselves, and in cleaned HTML. `reading/test_addresses.py` tests them in whole entries."""

from __future__ import annotations

from lifestream.content.fragment_ids import all_prefixed, local, prefixed, with_key


def test_an_id_gets_the_prefix_once() -> None:
    assert prefixed(" fn:1 ") == "entry-fn:1"
    assert prefixed("entry-fn:1") == "entry-fn:1"
    assert prefixed("") is None
    assert prefixed("a b") is None
    assert prefixed("\ta\u00a0b\u2003c\n") == "entry-a\u00a0b\u2003c"


def test_references_get_the_prefix_too() -> None:
    assert all_prefixed("a entry-b") == "entry-a entry-b"
    assert all_prefixed("a\u00a0b\fc") == "entry-a\u00a0b entry-c"
    assert all_prefixed(" ") is None
    assert local("#a") == "#entry-a"
    assert local("#entry-a") == "#entry-a"
    assert local("#a b") == "#entry-a%20b"
    assert local("#") is None


def test_the_key_follows_the_prefix_of_each_id_and_reference_in_tags() -> None:
    clean = '<p id="entry-a" title="entry-b">entry-c <b>b</b> <a href="#entry-a">id="entry-d"</a></p>'
    assert with_key(clean, "k") == (
        '<p id="entry-k-a" title="entry-b">entry-c <b>b</b> <a href="#entry-k-a">id="entry-d"</a></p>'
    )
    assert with_key("<p>a</p>", "k") == "<p>a</p>"
    assert with_key('<td headers="entry-a\u00a0entry-b">', 1) == '<td headers="entry-1-a\u00a0entry-b">'
    assert with_key('<td headers="entry-a entry-b">', 1) == '<td headers="entry-1-a entry-1-b">'
    assert with_key('<a href="https://a.example/#entry-a">', 1) == '<a href="https://a.example/#entry-a">'
