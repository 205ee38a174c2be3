"""The keys of entries. Keys are stored: if their form changed, each item would be imported a second time."""

from __future__ import annotations

from datetime import UTC, datetime
from hashlib import sha256

import pytest

from lifestream.entry import Enclosure, Entry
from lifestream.plugins.entry_keys import LONGEST_GUID, guid_form, guid_key, keys_of, link_form

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("link", "form"),
    [
        ("https://A.example/x/", "//a.example/x"),
        ("https://a.example/x//", "//a.example/x/"),
        ("https://a.example", "//a.example"),
        ("https://a.example/", "//a.example"),
        ("https://a.example/?y=1", "//a.example?y=1"),
        ("http://a.example:80/x?y=1", "//a.example/x?y=1"),
        ("https://a.example:443/x", "//a.example/x"),
        ("https://A.example:8443/X#Part", "//a.example:8443/X#Part"),
        ("https://ada:secret@a.example/x?y=%C3%A9#z", "//a.example/x?y=%C3%A9#z"),
        (" urn:x ", "urn:x"),
        ("tag:a.example,2024:1", "tag:a.example,2024:1"),
        ("http://[half", "http://[half"),
        ("http://a.example:99999/", "http://a.example:99999/"),
        ("", ""),
    ],
)
def test_links_are_compared_without_parts_that_do_not_distinguish_pages(link: str, form: str) -> None:
    assert link_form(link) == form


def test_keys_have_the_form_of_stored_keys() -> None:
    entry = Entry(guid="1", link="https://a.example/x", title="T", content="<p>a</p>", published=NOON)
    keys, undated = keys_of(entry), keys_of(Entry(title="T", content="<p>a</p>"))
    assert [keys.guid, keys.link, keys.content, keys.whole, undated.content] == [
        sha256(text).hexdigest()
        for text in (
            b"4:guid1:1",
            b"4:link13://a.example/x",
            b"5:dated1:T25:2026-01-01T12:00:00+00:00",
            b"5:whole1:113://a.example/x1:T25:2026-01-01T12:00:00+00:008:<p>a</p>",
            b"4:text1:T1:a",
        )
    ]


def test_spellings_of_one_entry_have_the_same_keys() -> None:
    keys = keys_of(Entry(guid=" 1 ", link="https://a.example/x/", title="A  title", published=NOON))
    assert keys.guid == guid_key("1") != keys.link
    assert keys == keys_of(Entry(guid="1", link="http://a.example/x", title="A title", published=NOON))
    assert keys.distinction == "date"


def test_a_long_guid_is_stored_as_its_key() -> None:
    long = "g" * (LONGEST_GUID + 1)
    assert guid_form(long) == f"urn:lifestream:long-guid:{guid_key(long)}"
    assert guid_key(guid_form(long)) == guid_key(long) != guid_key("g" * LONGEST_GUID)
    assert guid_form("é" * LONGEST_GUID) != "é" * LONGEST_GUID, "the length is that in UTF-8"
    assert (guid_form("g" * LONGEST_GUID), guid_key("")) == ("g" * LONGEST_GUID, "")


def test_a_link_to_the_site_is_replaced_by_the_address_of_a_file() -> None:
    entry = Entry(link="https://a.example/", enclosures=(Enclosure("https://a.example/1.mp3"),))
    assert keys_of(entry, {"//a.example"}).link == keys_of(Entry(link="https://a.example/1.mp3")).link
    assert keys_of(Entry(link="https://a.example/"), {"//a.example"}).link == ""


def test_a_date_without_a_time_is_in_the_content_key_and_the_text_is_the_distinction() -> None:
    midnight = NOON.replace(hour=0)
    one, other = (keys_of(Entry(title="T", content=f"<p>{text}</p>", published=midnight)) for text in "ab")
    assert (one.distinction, one.content) == ("text", other.content)


def test_the_text_of_an_entry_without_a_date_is_in_the_content_key() -> None:
    marked, plain, another = (keys_of(Entry(title="T", content=text)).content for text in ("<p>a</p>", "a", "b"))
    assert marked == plain != another
