"""A field without an end tag ends where the next one begins; no other field is lost (reading.md, rule 7)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from costs import assert_linear
from lifestream.parser import parse
from lifestream.parser.missing_ends import end_of_head, with_ends

URL = "https://site.example/feed"


@pytest.mark.parametrize(
    ("markup", "mended"),
    [
        ("<item><title>One<link>l</link></item>", "<item><title>One</title><link>l</link></item>"),
        ("<item><Title>One</titel><guid>g</guid></item>", "<item><Title>One</Title><guid>g</guid></item>"),
        ("<item></foo><title>a</b></title></item>", "<item><title>a</title></item>"),
        ("<item><link>l</link><title>One</item>", "<item><link>l</link><title>One</title></item>"),
        ("<item><title>One", "<item><title>One</title>"),
        ("<entry><source><title>S</source></entry>", "<entry><source><title>S</title></source></entry>"),
        ("<item><title>a<b>c</title><link>l</link></item>", ""),
        ("<item><title>a</TITLE><link>l</link></item>", ""),
        ("<item><title><![CDATA[<link>]]></title></item>", ""),
        ("<item><title/><link href='x'/><guid>g</guid></item>", ""),
        ("<item><author><name>A</name></author><title>t</title></item>", ""),
        (
            "<item><description>a<p>b</p></i>c</description></item>",
            "<item><description>a<p>b</p>c</description></item>",
        ),
        (
            "<item><description><p>a</p></p>b</description></item>",
            "<item><description><p>a</p>b</description></item>",
        ),
        ("<item><description><p><p>a</p></p></description></item>", ""),
        ("<item><br/><title>One<link>l</link></item>", "<item><br/><title>One</title><link>l</link></item>"),
        ("<item><title>One<x:y>z</x:y></item>", "<item><title>One</title><x:y>z</x:y></item>"),
        ("<item><description>a<svg:g>b</svg:g></description></item>", ""),
        (
            "<item><title><![CDATA[x]]><link>l</link><guid><![CDATA[y]]></guid></item>",
            "<item><title><![CDATA[x]]></title><link>l</link><guid><![CDATA[y]]></guid></item>",
        ),
        ("<item><title><![CDATA[<link>]]></title><guid><![CDATA[y]]></guid></item>", ""),
        ("", ""),
    ],
)
def test_a_field_ends_where_the_next_one_begins_and_an_end_tag_that_ends_nothing_is_left_out(
    markup: str, mended: str
) -> None:
    """An empty *mended* says that the markup stays as it is."""
    assert with_ends(markup.encode()).decode() == (mended or markup)


@pytest.mark.reading(7)
@pytest.mark.parametrize(
    "field", ["title", "guid", "pubDate", "category", "description", "dc:creator", "content:encoded"]
)
@pytest.mark.parametrize("end", ["", "</wrong>", "<b>"])
def test_a_field_without_an_end_tag_costs_no_other_field_of_its_entry(field: str, end: str) -> None:
    written = {
        "title": "Nets", "guid": "g1", "pubDate": "Tue, 17 Aug 2021 21:44:13 GMT", "category": "Rope",
        "description": "Short", "dc:creator": "Ada", "content:encoded": "Long",
    }  # fmt: skip
    items = [
        "".join(f"<{name}>{text}{'' if broken and name == field else f'</{name}>'}" for name, text in written.items())
        for broken in (False, True)
    ]
    broken = items[1].replace(written[field], written[field] + end)
    namespaces = 'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:content="http://purl.org/rss/1.0/modules/content/"'
    last = "<item><guid>last</guid></item>"

    def read(item: str) -> list[object]:
        body = f"<rss version='2.0' {namespaces}><channel><title>T</title><item>{item}</item>{last}</channel></rss>"
        entries = parse(body.encode(), {}, URL).entries
        fields = {"summary": "<b></b>", "content": "<b></b>"}  # what is left of an open element where markup is kept
        return [
            replace(entry, **{name: getattr(entry, name).replace(left, "") for name, left in fields.items()})
            for entry in entries
        ]

    assert read(broken) == read(items[0])


@pytest.mark.reading(7)
@pytest.mark.parametrize("field", ["title", "link", "description", "language"])
def test_a_field_without_an_end_tag_before_the_first_entry_costs_no_entry(field: str) -> None:
    written = {"title": "T", "link": "https://site.example/", "description": "D", "language": "en"}
    head = "".join(f"<{name}>{text}{'' if name == field else f'</{name}>'}" for name, text in written.items())
    feed = parse(f"<rss version='2.0'><channel>{head}<item><guid>1</guid></item></channel></rss>".encode(), {}, URL)

    assert (feed.title, feed.link, feed.subtitle, feed.language) == tuple(written.values())
    assert [entry.guid for entry in feed.entries] == ["1"]


def test_only_what_is_before_the_first_entry_is_the_head() -> None:
    head, entry = b"<rss><title>a<link>b</link>", b"<item><title>c<link>"
    assert end_of_head(head + entry) == end_of_head(head + entry.replace(b"item", b"Entry")) == len(head)
    assert end_of_head(head) == end_of_head(b"") == 0


@pytest.mark.reading(7)
def test_an_end_tag_of_an_entry_without_a_start_tag_costs_no_entry() -> None:
    head = "</item><title>T<link>https://site.example/</link>"
    items = "<item><title>One</title><guid>1</guid></item><item><title>Two</title><guid>2</guid></item>"
    feed = parse(f"<rss version='2.0'><channel>{head}{items}</channel></rss>".encode(), {}, URL)

    assert (feed.title, feed.link) == ("T", "https://site.example/")
    assert [entry.guid for entry in feed.entries] == ["1", "2"]


@pytest.mark.costly
@pytest.mark.parametrize(
    "unit", [b"<title>", b"<title><b>", b"</title>", b"<a>", b"</a>", b"<![CDATA[", b"<title a", b"<"]
)
def test_to_look_for_missing_ends_takes_linear_time(unit: bytes) -> None:
    assert_linear(with_ends, lambda number: unit * number, 20_000)
    assert_linear(end_of_head, lambda number: unit * number + b"<item>", 20_000)
