"""Each field of a feed and of an entry, in each format and from each vocabulary that has it (rules 8, 10 and 21)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

import pytest

from lifestream.entry import Enclosure, Entry, Media, Source
from lifestream.parser import parse

NAMESPACES: Final = " ".join(
    f'xmlns:{prefix}="{namespace}"'
    for prefix, namespace in {
        "atom": "http://www.w3.org/2005/Atom",
        "atom03": "http://purl.org/atom/ns#",
        "content": "http://purl.org/rss/1.0/modules/content/",
        "dc": "http://purl.org/dc/elements/1.1/",
        "dc10": "http://purl.org/dc/elements/1.0/",
        "dcterms": "http://purl.org/dc/terms/",
        "itunes": "http://www.itunes.com/dtds/podcast-1.0.dtd",
        "prism": "http://prismstandard.org/namespaces/basic/2.0/",
    }.items()
)
RDF: Final = 'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"'


def documents(channel: str, item: str) -> Iterator[bytes]:
    for version in ("0.91", "0.92", "0.93", "0.94", "2.0"):
        start = f'<rss version="{version}" {NAMESPACES}><channel>'
        yield f"{start}{channel}<item>{item}</item></channel></rss>".encode()
    for namespace in ("http://purl.org/rss/1.0/", "http://my.netscape.com/rdf/simple/0.9/"):
        start = f'<rdf:RDF {RDF} {NAMESPACES} xmlns="{namespace}"><channel>'
        yield f"{start}{channel}</channel><item>{item}</item></rdf:RDF>".encode()
    for namespace in ("http://www.w3.org/2005/Atom", "http://purl.org/atom/ns#", ""):
        yield f'<feed xmlns="{namespace}" {NAMESPACES}>{channel}<entry>{item}</entry></feed>'.encode()


LINKS: Final = (
    "<link>https://x.example/1</link>", '<link href="https://x.example/1"/>', '<atom:link href="https://x.example/1"/>',
    '<atom03:link rel="alternate" type="text/html" href="https://x.example/1"/>',
)  # fmt: skip
TITLES: Final = ("title", "dc:title", "dc10:title", "dcterms:title", "atom:title", "atom03:title")
AUTHORS: Final = (
    "<author>Ada</author>", "<author><name>Ada</name></author>", "<dc:creator>Ada</dc:creator>",
    "<dc10:creator>Ada</dc10:creator>", "<dcterms:creator>Ada</dcterms:creator>", "<itunes:author>Ada</itunes:author>",
    "<atom:author><atom:name>Ada</atom:name></atom:author>",
    "<atom03:author><atom03:name>Ada</atom03:name></atom03:author>",
)  # fmt: skip


def each(names: str, text: str) -> tuple[str, ...]:
    return tuple(f"<{name}>{text}</{name}>" for name in names.split())


OF_FEEDS: Final[dict[str, tuple[Any, tuple[str, ...]]]] = {
    "title": ("Knots", each(" ".join(TITLES), "Knots")),
    "link": ("https://x.example/1", LINKS),
    "author": ("Ada", (*AUTHORS, "<managingEditor>ada@x.example (Ada)</managingEditor>")),
    "subtitle": (
        "Of nets",
        each(
            "description dc:description dc10:description dcterms:description atom:subtitle atom03:tagline "
            "itunes:summary itunes:subtitle",
            "Of nets",
        ),
    ),
    "language": ("en", each("language dc:language dc10:language dcterms:language", "en")),
    "icon": (
        "https://x.example/i.png",
        (
            "<image><url>https://x.example/i.png</url></image>",
            '<itunes:image href="https://x.example/i.png"/>',
            *each("icon logo atom:icon atom:logo", "https://x.example/i.png"),
        ),
    ),
    "self_url": ("https://x.example/f", ('<atom:link rel="self" href="https://x.example/f"/>',)),
    "generator": ("Loom", each("generator atom:generator", "Loom")),
}
OF_ENTRIES: Final[dict[str, tuple[Any, tuple[str, ...]]]] = {
    "title": OF_FEEDS["title"],
    "link": ("https://x.example/1", (*LINKS, "<guid>https://x.example/1</guid>")),
    "guid": ("urn:1", each("guid id atom:id atom03:id dc:identifier dc10:identifier dcterms:identifier", "urn:1")),
    "author": ("Ada", AUTHORS),
    "published": (
        datetime(2021, 8, 17, tzinfo=UTC),
        each(
            "pubDate published atom:published atom03:issued atom03:created dcterms:issued dcterms:created", "2021-08-17"
        ),
    ),
    "updated": (
        datetime(2021, 8, 17, tzinfo=UTC),
        each(
            "updated date lastBuildDate dc:date dc10:date dcterms:date dcterms:modified atom:updated atom03:modified "
            "prism:publicationDate",
            "2021-08-17",
        ),
    ),
    "content": ("Words", each("content:encoded", "Words")),
    "summary": (
        "Words",
        each("description dc:description dc10:description dcterms:description dcterms:abstract", "Words"),
    ),
    "tags": (
        ("Rope",),
        (
            *each("category dc:subject dc10:subject dcterms:subject itunes:keywords keywords", "Rope"),
            '<category term="Rope"/>',
            '<atom:category term="r" label="Rope"/>',
        ),
    ),
    "enclosures": (
        (Enclosure("https://x.example/a.mp3"),),
        (
            '<enclosure url="https://x.example/a.mp3"/>',
            '<atom:link rel="enclosure" href="https://x.example/a.mp3"/>',
        ),
    ),
}


@pytest.mark.reading(8)
@pytest.mark.parametrize("field", OF_FEEDS)
def test_a_feed_in_each_format_has_its_fields_from_each_vocabulary(field: str) -> None:
    expected, ways = OF_FEEDS[field]
    for written in ways:
        for document in documents(written, "<title>x</title>"):
            assert getattr(parse(document, {}, "https://f.example/"), field) == expected, document


@pytest.mark.reading(10)
@pytest.mark.parametrize("field", OF_ENTRIES)
def test_an_entry_in_each_format_has_its_fields_from_each_vocabulary(field: str) -> None:
    expected, ways = OF_ENTRIES[field]
    for written in ways:
        for document in documents("<title>x</title>", written):
            [entry] = parse(document, {}, "https://f.example/").entries
            assert getattr(entry, field) == expected, document


MEDIA: Final = 'xmlns:media="http://search.yahoo.com/mrss/"'


def only(inside: str, *, channel: str = "", root: str = "") -> Entry:
    """Return the entry of an RSS document, read as the document at https://f.example/dir/feed."""
    document = f'<rss version="2.0" {NAMESPACES} {MEDIA} {root}><channel>{channel}<item>{inside}</item></channel></rss>'
    [entry] = parse(document.encode(), {}, "https://f.example/dir/feed").entries
    return entry


@pytest.mark.reading(10)
def test_html_is_preferred_to_longer_text_and_longer_html_to_shorter() -> None:
    text, short, long = "<content>a long text without markup</content>", "&lt;p&gt;a&lt;/p&gt;", "&lt;p&gt;ab&lt;/p&gt;"
    encoded = "<content:encoded>{}</content:encoded>"
    assert only(text).content == "<p>a long text without markup</p>"
    assert only(text + encoded.format(short)).content == "<p>a</p>"
    assert only(encoded.format(short) + encoded.format(long)).content == "<p>ab</p>"
    assert only(encoded.format(long) + encoded.format(short) + text).content == "<p>ab</p>"


@pytest.mark.reading(10)
@pytest.mark.parametrize(
    ("inside", "found"),
    [
        ("<title>Blog</title>", Source("Blog", "")),
        ("<link href='https://b.example/'/>", Source("", "https://b.example/")),
        ("<link rel='self' href='/feed'/><title>Blog</title>", Source("Blog", "https://f.example/feed")),
        ("<id>urn:x</id>", None),
    ],
)
def test_the_source_of_an_atom_entry_has_a_title_or_an_address(inside: str, found: Source | None) -> None:
    feed = f'<feed xmlns="http://www.w3.org/2005/Atom"><entry><id>1</id><source>{inside}</source></entry></feed>'
    [entry] = parse(feed.encode(), {}, "https://f.example/dir/feed").entries
    assert entry.source == found


@pytest.mark.reading(10)
def test_categories_of_itunes_inside_each_other_are_tags() -> None:
    inside = "<itunes:category text='Arts'><itunes:category text='Food'/></itunes:category>"
    assert only(inside).tags == ("Arts", "Food")


@pytest.mark.reading(21)
def test_the_addresses_of_media_are_made_absolute() -> None:
    [medium] = only(
        "<media:content url='a.mp4'><media:player url='p'/><media:thumbnail url='t.png'/></media:content>"
    ).media
    there = "https://f.example/dir"
    assert (medium.url, medium.player, medium.thumbnail) == (f"{there}/a.mp4", f"{there}/p", f"{there}/t.png")


@pytest.mark.reading(21)
def test_a_link_of_itunes_to_an_image_is_the_picture_of_an_entry() -> None:
    assert only("<title>x</title><itunes:link rel='image' href='p.png'/>").media == (
        Media(type="image/*", thumbnail="https://f.example/dir/p.png"),
    )
    assert only("<title>x</title><itunes:link rel='other' href='p.png'/>").media == ()


@pytest.mark.reading(21)
@pytest.mark.parametrize(("written", "kind"), [("", "application/x-bittorrent"), (" Audio/X ", "audio/x")])
def test_a_torrent_has_its_written_type_else_that_of_torrents(written: str, kind: str) -> None:
    entry = only(f"<title>x</title><media:peerLink href='a' type='{written}'/>")
    assert entry.enclosures == (Enclosure("https://f.example/dir/a", kind),)


@pytest.mark.reading(10)
@pytest.mark.parametrize(
    ("inside", "language"),
    [
        ("<dc:language>fr</dc:language><title xml:lang='de'>x</title>", "fr"),
        ("<title xml:lang='de'>x</title>", "de"),
        ("<title xml:lang='de'>x</title><content:encoded xml:lang='it'>y</content:encoded>", "it"),
        ("<title>x</title>", "es"),
    ],
)
def test_the_language_of_an_entry_is_its_own_else_that_of_its_texts_else_that_of_the_feed(
    inside: str, language: str
) -> None:
    assert only(inside, channel="<language>es</language>").language == language
