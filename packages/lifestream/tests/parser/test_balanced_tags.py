"""Damaged entries are read by the same rules as others, after their tags were made to match (rule 7 of reading)."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from costs import assert_linear
from lifestream.entry import Entry, ParsedFeed
from lifestream.parser import NotAFeed, parse
from lifestream.parser.balanced_tags import balanced, balanced_head
from lifestream.parser.tag_attributes import short_namespace

URL = "https://site.example/feed"


def parsed(body: bytes, *, well_formed: bool = True) -> ParsedFeed | None:
    """Return the feed in *body* without its flaw, complaint and encoding.

    Returns None if *body* is no feed, has no entries, or is not *well_formed* as expected.
    """
    try:
        feed = parse(body, {}, URL)
    except NotAFeed:
        return None
    if not feed.entries or feed.well_formed is not well_formed:
        return None
    return replace(feed, complaint="", flaw=None, encoding="")


@pytest.mark.reading(7)
@pytest.mark.parametrize(
    ("markup", "mended"),
    [
        ("<item><a>x</a></item>", "<item><a>x</a></item>"),
        ("<item><b><i>x</b></i></item>", "<item><b><i>x</i></b></item>"),
        ("<item><p>x<p>y</item>", "<item><p>x<p>y</p></p></item>"),
        ("<item>x</p></item></channel>", "<item>x</item>"),
        ("<item><title>x", "<item><title>x</title></item>"),
        (
            "<item>x<br>y<hr class=a>z<img src='a.png'></item>",
            "<item>x<br/>y<hr class=\"a\"/>z<img src='a.png'/></item>",
        ),
        ("<item><Title>x</TITLE ></item>", "<item><Title>x</Title></item>"),
        ("<item>x</ b></item>", "<item>x</item>"),
        ("<item><title>x</ title></item>", "<item><title>x</title></item>"),
        ("<item>1 < 2, a<b, <c d</item>", "<item>1 &lt; 2, a&lt;b, &lt;c d</item>"),
        ("<item>Vec<T> and <T>x</T></item>", "<item>Vec<T> and <T>x</T></T></item>"),
        ("<item>Vec<T> of <K></item>", "<item>Vec&lt;T&gt; of &lt;K&gt;</item>"),
        ("<item><a b=1 c='2' d b=\"3\"e=/f/g/>x</item>", '<item><a b="1" c=\'2\' d="" e="/f/g"/>x</item>'),
        ("<item><a b='x > y'>z</a></item>", "<item><a b='x > y'>z</a></item>"),
        ("<item><a b='x>y</a></item>", '<item><a b="" x="">y</a></item>'),
        ("<item><a h<ttps://b/c='d'/>x</item>", "<item>&lt;a h&lt;ttps://b/c='d'/&gt;x</item>"),
        (
            "<item><a:/>b<a:b:c/>c<a x:='1' :y='2' z='3'/></item>",
            "<item>&lt;a:/&gt;b&lt;a:b:c/&gt;c<a x=\"\" y='2' z='3'/></item>",
        ),
        ("<item><a xmlns:b='' xmlns='' c=''/></item>", "<item><a xmlns='' c=''/></item>"),
        ("<item><!-- <p> -- --><![CDATA[<p>]]><?p <p>?>x</item>", "<item><![CDATA[<p>]]>x</item>"),
        ("<item>a<?xml version='1.0'?>b<?>c<?php x</item>", "<item>abc&lt;?php x</item>"),
        ("<item>]<!-- -->]<?x?>></zz></item>", "<item>]]&gt;</item>"),
        ("<item>a<item/>b<item>c</item>", "<item>a<item/>b</item><item>c</item>"),
        ("<item><x:y>a</item>", "<item><x:y>a</x:y></item>"),
        ("<item><x:y>a<x:z/></item>", "<item><x:y>a</x:y><x:z/></item>"),
        ("<item><x:y a='b'><x:y><guid>1</guid></item>", "<item><x:y a='b'></x:y><x:y></x:y><guid>1</guid></item>"),
        ("<item><author><name>a</name><guid>1</guid>", "<item><author><name>a</name></author><guid>1</guid></item>"),
        ("<item><b><enclosure/></b><i>x</item>", "<item><b></b><enclosure/><i>x</i></item>"),
        ("<item><author><b><guid>1</guid></b></author></item>", ""),
        (
            "<entry><b><content>x</content><i><summary>y</summary></entry>",
            "<entry><b></b><content>x</content><i></i><summary>y</summary></entry>",
        ),
        ("<entry><content><div><p>x<title>y</title></p></div></content></entry>", ""),
        ("<item><description><details><summary>x</summary>y</details></description></item>", ""),
        ("</b>x</b>", "x"),
        ("<item><b>x<b>y</b>z</b></item>", ""),
        ("", ""),
    ],
)
def test_tags_are_made_to_match(markup: str, mended: str) -> None:
    assert balanced(markup.encode()).decode() == (mended or markup)


@pytest.mark.parametrize("written", ["<a{}={} b={}>x</a>", "<a{}='{}' b='{}'>x</a>"])
@pytest.mark.parametrize("name", [" xmlns", " xmlns:x"])
def test_a_namespace_of_more_than_a_thousand_characters_gets_a_short_one(name: str, written: str) -> None:
    for length in (1000, 1001):
        value = "x" * length
        kept = value if length == 1000 else short_namespace(value)
        mended = balanced(written.format(name, value, value).encode()).decode().replace("'", '"')
        assert mended == f'<a{name}="{kept}" b="{value}">x</a>'


NAMESPACES = (
    'xmlns:media="http://search.yahoo.com/mrss/" xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd" '
    'xmlns:atom="http://www.w3.org/2005/Atom"'
)
FIELDS = (
    "<title>Nets &amp; ropes</title><guid>1</guid><image><url>/i.png</url><title>Portrait</title></image>"
    "<author>by <a href='/ada'>Ada</a></author><itunes:duration>1:01</itunes:duration>"
    "<enclosure url='/a.mp3' type='audio/mpeg' length='7'/><atom:link href='/1'/><category>Rope &amp;amp; co</category>"
    "<media:group><media:content url='/s.mp4'/><media:content url='/l.mp4' isDefault='true' fileSize='9'/>"
    "<media:description type='html'>&lt;b>Film&lt;/b></media:description></media:group>"
)


@pytest.mark.reading(7)
def test_the_elements_around_entries_stay_open_and_others_in_the_head_do_not() -> None:
    head = b"<?xml version='1.0'?><!DOCTYPE rss [<!ENTITY a 'b'>]>\n<rss><channel><zz><b><title>T</title><p>"
    assert balanced_head(head) == (
        b"<?xml version='1.0'?><!DOCTYPE rss [<!ENTITY a 'b'>]>\n<rss><channel>&lt;zz&gt;<b></b><title>T</title><p></p>"
    )
    assert balanced_head(b"<r:RDF><a:channel><x></x></a:channel>") == b"<r:RDF><a:channel><x></x></a:channel>"
    assert (
        balanced_head(b"<rss><channel><title>T<rss><channel><link>") == b"<rss><channel><title>T</title><link></link>"
    )
    assert balanced_head(b"") == b""


def entries(item: str, *, head: str = "") -> list[Entry]:
    last = "<item><guid>last</guid></item>"
    body = f"<rss version='2.0' {NAMESPACES}><channel>{head}<item>{item}</item>{last}</channel></rss>"
    return list(parse(body.encode(), {}, URL).entries)


@pytest.mark.reading(7)
def test_a_slash_at_the_end_of_an_address_without_quotes_ends_no_root() -> None:
    assert balanced(b"<rss xmlns:a=http://a.example/>a</rss>") == b'<rss xmlns:a="http://a.example/">a</rss>'
    assert balanced(b"<rss a=b/><link href=http://a.example/>") == b'<rss a="b"/><link href="http://a.example"/>'


@pytest.mark.reading(7)
@pytest.mark.parametrize(
    "damage",
    [
        "<enclosure>",
        "<media:thumbnail width='1'>",
        "<dc:publisher>P",
        "<zz><b>x</zz></b>",
        "<zz>",
        "</zz>",
        "<zz a=1 a=1/>",
        "<zz a<b>",
        "<zz a='1'b='2'/>",
        "<zz>1 < 2</zz>",
    ],
)
@pytest.mark.parametrize("place", ["before", "after", "head"])
def test_a_damaged_element_costs_no_other_field(damage: str, place: str) -> None:
    whole = entries(FIELDS)
    assert [len(whole), len(whole[0].media), whole[0].author, whole[0].title] == [2, 1, "by Ada", "Nets & ropes"]
    if place == "head":
        assert entries(FIELDS, head=f"<title>T</title>{damage}") == whole
    else:
        assert entries(damage + FIELDS if place == "before" else FIELDS + damage) == whole


FEEDS = [
    path
    for path in sorted((Path(__file__).parents[1] / "feeds").rglob("*"))
    if path.suffix in (".xml", ".rdf", ".atom", ".rss")
]
PLACES = {
    "the beginning of the head": rb"<(?:\w+:)?(?:channel|feed)(?=[\s>])[^>]*>",
    "the middle of the head": rb"</(?:\w+:)?title>",
    "the beginning of an entry": rb"<(?:\w+:)?(?:item|entry)(?=[\s>])[^>]*>",
    "the end of an entry": rb"(?=</(?:\w+:)?(?:item|entry)>)",
}
DAMAGES = [
    b"<zz><b>x</zz></b>", b"<zz>", b"</zz>", b"<zz a=1/>", b"<zz a='1' a='1'/>", b"<x:zz a='1'>", b"<b>", b"<br>",
    b"<zz>1 < 2</zz>",
]  # fmt: skip


@pytest.mark.reading(7)
@pytest.mark.costly
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("path", FEEDS, ids=lambda path: path.name)
def test_a_damaged_document_has_the_same_entries(path: Path, place: str) -> None:
    body = path.read_bytes()
    whole = parsed(body)
    assert whole is not None
    found = re.search(PLACES[place], body)
    assert found is not None
    for damage in DAMAGES:
        damaged = parsed(body[: found.end()] + damage + body[found.end() :], well_formed=False)
        assert damaged == whole, damage


@pytest.mark.costly
@pytest.mark.parametrize(
    "unit",
    [
        b"<a>",
        b"</a>",
        b"<a></b>",
        b"<",
        b"<a ",
        b"<a b='",
        b"<a b=c ",
        b"<a b=/",
        b"<!--",
        b"<![CDATA[",
        b"<item>",
        b"<a 'b\"c>",
    ],
)
def test_to_balance_tags_takes_linear_time(unit: bytes) -> None:
    assert_linear(balanced, lambda number: unit * number, 20_000)
    assert_linear(balanced, lambda number: b"<a " + unit * number + b">", 20_000)
