"""Feeds by code: what the formats say in their own words, how documents are written and served, what is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from feedserver import Response
from feedserver.feeds import (
    FORMATS,
    Category,
    Enclosure,
    Entry,
    Episode,
    Feed,
    FormatName,
    Media,
    Person,
    Podcast,
    Text,
    Thumbnail,
)
from feedserver.feeds.markup import NAMESPACES

FORMAT_NAMES: list[FormatName] = ["rss", "atom", "rdf", "json", "rss091", "atom03"]
XML_NAMES: list[FormatName] = ["rss", "atom", "rdf", "rss091", "atom03"]

PREFIXES = {
    **NAMESPACES,
    "a": "http://www.w3.org/2005/Atom",
    "old": "http://purl.org/atom/ns#",
    "rss": "http://purl.org/rss/1.0/",
    "html": "http://www.w3.org/1999/xhtml",
    "xml": "http://www.w3.org/XML/1998/namespace",
}

ENTRY = Entry(
    title="One",
    link="https://example.org/1",
    id="tag:example.org,2026:1",
    summary="<p>short</p>",
    content="<p>long</p>",
    published=datetime(2026, 11, 1, 10, tzinfo=UTC),
    updated=datetime(2026, 11, 2, 12, 30, tzinfo=timezone(timedelta(hours=2))),
    authors=[Person("Ada", "ada@example.org", "https://example.org/ada"), Person("Bob")],
    categories=[Category("math", "https://example.org/tags", "Mathematics")],
    enclosures=[Enclosure("https://example.org/1.mp3", "audio/mpeg", 123)],
    comments="https://example.org/1#comments",
    image="https://example.org/1.png",
    rights="© Ada",
)
FEED = Feed(
    title="News",
    link="https://example.org/",
    url="https://example.org/feed",
    subtitle="All of it",
    language="en",
    rights="© all",
    updated=datetime(2026, 11, 3, tzinfo=UTC),
    hubs=["https://hub.example/"],
    next_url="https://example.org/feed?page=2",
    image="https://example.org/logo.png",
    icon="https://example.org/favicon.ico",
    ttl=60,
    skip_hours=[0, 5],
    skip_days=["Sunday"],
    update_period="hourly",
    update_frequency=2,
    generator="A generator",
    entries=[ENTRY],
)


def body(response: Response) -> bytes:
    assert isinstance(response.body, bytes)
    return response.body


def tree(feed: Feed, kind: FormatName, **options: Any) -> ET.Element:
    return ET.fromstring(body(feed.render(kind, **options)))


def said(feed: Feed, kind: FormatName, path: str) -> list[str | None]:
    """The text of each element at *path*, or an attribute's where it ends in @name."""
    path, _, attribute = path.partition("@")
    found = tree(feed, kind).findall(path.rstrip("/"), PREFIXES)
    if attribute:
        prefix, _, name = attribute.rpartition(":")
        return [each.get(f"{{{PREFIXES[prefix]}}}{name}" if prefix else name) for each in found]
    return [each.text for each in found]


SAID = [
    ("rss", "channel/title", ["News"]),
    ("rss", "channel/description", ["All of it"]),
    ("rss", "channel/atom:link/@rel", ["self", "next", "hub"]),
    ("rss", "channel/atom:link/@href", ["https://example.org/feed", "https://example.org/feed?page=2", FEED.hubs[0]]),
    ("rss", "channel/copyright", ["© all"]),
    ("rss", "channel/lastBuildDate", ["Tue, 03 Nov 2026 00:00:00 GMT"]),
    ("rss", "channel/ttl", ["60"]),
    ("rss", "channel/skipHours/hour", ["0", "5"]),
    ("rss", "channel/skipDays/day", ["Sunday"]),
    ("rss", "channel/sy:updatePeriod", ["hourly"]),
    ("rss", "channel/sy:updateFrequency", ["2"]),
    ("rss", "channel/image/url", ["https://example.org/logo.png"]),
    ("rss", "channel/generator", ["A generator"]),
    ("rss", "channel/item/guid", ["tag:example.org,2026:1"]),
    ("rss", "channel/item/guid/@isPermaLink", ["false"]),
    ("rss", "channel/item/description", ["<p>short</p>"]),
    ("rss", "channel/item/content:encoded", ["<p>long</p>"]),
    ("rss", "channel/item/author", ["ada@example.org (Ada)"]),
    ("rss", "channel/item/dc:creator", ["Bob"]),
    ("rss", "channel/item/category/@domain", ["https://example.org/tags"]),
    ("rss", "channel/item/comments", ["https://example.org/1#comments"]),
    ("rss", "channel/item/enclosure/@length", ["123"]),
    ("rss", "channel/item/pubDate", ["Sun, 01 Nov 2026 10:00:00 GMT"]),
    ("rss", "channel/item/atom:updated", ["2026-11-02T12:30:00+02:00"]),
    ("rss", "channel/item/media:thumbnail/@url", ["https://example.org/1.png"]),
    ("rss", "channel/item/dc:rights", ["© Ada"]),
    ("atom", ".@xml:lang", ["en"]),
    ("atom", "a:subtitle", ["All of it"]),
    ("atom", "a:id", ["https://example.org/feed"]),
    ("atom", "a:updated", ["2026-11-03T00:00:00Z"]),
    ("atom", "a:link/@rel", ["alternate", "self", "next", "hub"]),
    ("atom", "a:logo", ["https://example.org/logo.png"]),
    ("atom", "a:icon", ["https://example.org/favicon.ico"]),
    ("atom", "a:entry/a:published", ["2026-11-01T10:00:00Z"]),
    ("atom", "a:entry/a:summary/@type", ["html"]),
    ("atom", "a:entry/a:content", ["<p>long</p>"]),
    ("atom", "a:entry/a:link/@rel", ["alternate", "replies", "enclosure"]),
    ("atom", "a:entry/a:author/a:uri", ["https://example.org/ada"]),
    ("atom", "a:entry/a:category/@label", ["Mathematics"]),
    ("rdf", "rss:channel/rss:items/rdf:Seq/rdf:li/@rdf:resource", ["tag:example.org,2026:1"]),
    ("rdf", "rss:item/@rdf:about", ["tag:example.org,2026:1"]),
    ("rdf", "rss:item/dc:date", ["2026-11-01T10:00:00Z"]),
    ("rdf", "rss:item/dcterms:modified", ["2026-11-02T12:30:00+02:00"]),
    ("rdf", "rss:item/dc:creator", ["Ada", "Bob"]),
    ("rdf", "rss:item/dc:subject", ["math"]),
    ("rdf", "rss:image/rss:url", ["https://example.org/logo.png"]),
    ("rss091", "channel/skipHours/hour", ["24", "5"]),
    ("rss091", "channel/item/description", ["<p>short</p>"]),
    ("rss091", "channel/item/guid", []),
    ("atom03", "old:tagline", ["All of it"]),
    ("atom03", "old:entry/old:issued", ["2026-11-01T10:00:00Z"]),
    ("atom03", "old:entry/old:modified", ["2026-11-02T12:30:00+02:00"]),
    ("atom03", "old:entry/old:content/@mode", ["escaped"]),
    ("atom03", "old:entry/old:link/@type", ["text/html"]),
    ("atom03", "old:entry/old:author/old:url", ["https://example.org/ada"]),
]


@pytest.mark.parametrize(("kind", "path", "texts"), SAID, ids=[f"{kind} {path}" for kind, path, _ in SAID])
def test_a_format_says_it_in_its_own_words(kind: FormatName, path: str, texts: list[str]) -> None:
    assert said(FEED, kind, path) == texts


def test_json_says_it_in_its_own_words() -> None:
    assert json.loads(body(FEED.render("json"))) == {
        "version": "https://jsonfeed.org/version/1.1",
        "title": "News",
        "home_page_url": "https://example.org/",
        "feed_url": "https://example.org/feed",
        "description": "All of it",
        "next_url": "https://example.org/feed?page=2",
        "icon": "https://example.org/logo.png",
        "favicon": "https://example.org/favicon.ico",
        "language": "en",
        "hubs": [{"type": "WebSub", "url": "https://hub.example/"}],
        "items": [
            {
                "id": "tag:example.org,2026:1",
                "url": "https://example.org/1",
                "title": "One",
                "content_html": "<p>long</p>",
                "summary": "<p>short</p>",
                "image": "https://example.org/1.png",
                "date_published": "2026-11-01T10:00:00Z",
                "date_modified": "2026-11-02T12:30:00+02:00",
                "authors": [{"name": "Ada", "url": "https://example.org/ada"}, {"name": "Bob"}],
                "tags": ["math"],
                "attachments": [{"url": "https://example.org/1.mp3", "mime_type": "audio/mpeg", "size_in_bytes": 123}],
            }
        ],
    }


PODCAST = Feed(
    podcast=Podcast(
        author="Ada",
        owner=Person("Bob", "bob@example.org"),
        image="https://example.org/cover.jpg",
        categories=[("Society & Culture", "Documentary"), ("Arts",)],
        explicit=False,
        type="serial",
        complete=True,
        new_feed_url="https://example.org/new",
    ),
    entries=[
        Entry(
            episode=Episode(duration=61, explicit=True, episode=3, season=2, type="bonus", block=False),
            media=[
                Media(
                    url="https://example.org/1.mp4",
                    type="video/mp4",
                    medium="video",
                    length=5,
                    duration=61,
                    width=640,
                    height=480,
                    title="A film",
                    thumbnails=[Thumbnail("https://example.org/1.jpg", 64, 48)],
                ),
                Media(url="https://example.org/2.mp4"),
            ],
        )
    ],
)
MODULES = [
    ("itunes:author", ["Ada"]),
    ("itunes:owner/itunes:email", ["bob@example.org"]),
    ("itunes:image/@href", ["https://example.org/cover.jpg"]),
    ("itunes:category/@text", ["Society & Culture", "Arts"]),
    ("itunes:category/itunes:category/@text", ["Documentary"]),
    ("itunes:explicit", ["false"]),
    ("itunes:type", ["serial"]),
    ("itunes:complete", ["Yes"]),
    ("itunes:new-feed-url", ["https://example.org/new"]),
    ("ENTRY/itunes:duration", ["61"]),
    ("ENTRY/itunes:explicit", ["true"]),
    ("ENTRY/itunes:episode", ["3"]),
    ("ENTRY/itunes:season", ["2"]),
    ("ENTRY/itunes:episodeType", ["bonus"]),
    ("ENTRY/itunes:block", ["No"]),
    ("ENTRY/media:group/media:content/@url", ["https://example.org/1.mp4", "https://example.org/2.mp4"]),
    ("ENTRY/media:group/media:content/@fileSize", ["5", None]),
    ("ENTRY/media:group/media:content/media:title", ["A film"]),
    ("ENTRY/media:group/media:content/media:thumbnail/@width", ["64"]),
]


@pytest.mark.parametrize(("kind", "root", "entry"), [("rss", "channel/", "item"), ("atom", "", "a:entry")])
@pytest.mark.parametrize(("path", "texts"), MODULES, ids=[path for path, _ in MODULES])
def test_modules_are_the_same_in_rss_and_atom(
    kind: FormatName, root: str, entry: str, path: str, texts: list[str]
) -> None:
    assert said(PODCAST, kind, root + path.replace("ENTRY", entry)) == texts


# What is not given.


@pytest.mark.parametrize("kind", FORMAT_NAMES)
def test_an_empty_feed_is_a_document_too(kind: FormatName) -> None:
    response = Feed().render(kind)
    if kind == "json":
        assert json.loads(body(response)) == {"version": "https://jsonfeed.org/version/1.1", "items": []}
    else:
        ET.fromstring(body(response))


def test_what_is_not_given_is_not_written() -> None:
    item = tree(Feed(entries=[Entry(title="One")]), "rss").find("channel/item")
    assert item is not None and [(each.tag, each.text) for each in item] == [("title", "One")]


def test_an_id_is_made_where_a_format_cannot_do_without() -> None:
    linked, bare = Entry(title="One", link="https://example.org/1"), Entry(title="One")
    feed = Feed(entries=[linked, bare])
    ids = said(feed, "atom", "a:entry/a:id")
    assert ids == [linked.identity, bare.identity] == ["https://example.org/1", bare.identity]
    assert bare.identity.startswith("urn:uuid:") and bare.identity == replace(bare).identity
    assert said(feed, "rdf", "rss:item/@rdf:about") == ids
    assert [item["id"] for item in json.loads(body(feed.render("json")))["items"]] == ids


def test_a_guid_that_is_the_link_is_a_permalink() -> None:
    link = "https://example.org/1"
    assert said(Feed(entries=[Entry(link=link, id=link)]), "rss", "channel/item/guid/@isPermaLink") == ["true"]


def test_atom_takes_the_publication_for_the_update() -> None:
    published = datetime(2026, 11, 1, tzinfo=UTC)
    feed = Feed(entries=[Entry(published=published)])
    assert said(feed, "atom", "a:entry/a:updated") == said(feed, "atom", "a:updated") == ["2026-11-01T00:00:00Z"]


# Text.


def test_text_says_its_type_in_atom() -> None:
    types = [
        Text("1 < 2"),
        Text("1 &lt; <b>2</b>", "html"),
        Text('<b>1</b> &lt; <svg xmlns="http://www.w3.org/2000/svg" xml:lang="en"/>', "xhtml"),
    ]
    feed = Feed(entries=[Entry(title=text, content=text) for text in types])
    assert said(feed, "atom", "a:entry/a:title/@type") == [None, "html", "xhtml"]
    assert said(feed, "atom", "a:entry/a:content/@type") == [None, "html", "xhtml"]
    assert said(feed, "atom", "a:entry/a:title/html:div/html:b") == ["1"]
    assert said(feed, "atom03", "old:entry/old:title/@mode") == [None, "escaped", "xml"]
    assert said(feed, "rss", "channel/item/title") == [text.value for text in types]
    items = json.loads(body(feed.render("json")))["items"]
    assert [item.get("content_text") for item in items] == ["1 < 2", None, None]


def test_xhtml_keeps_its_blanks() -> None:
    fragment = "<ul><li>a</li><li>b</li></ul><pre> c\n</pre>"
    document = body(Feed(title=Text(fragment, "xhtml")).render("atom"))
    assert f'<div xmlns="http://www.w3.org/1999/xhtml">{fragment}</div>'.encode() in document


@pytest.mark.parametrize("fragment", ["<b>", "</div><div>", "&nbsp;", '<a b:c="d"/>', "\x00"])
def test_xhtml_that_is_not_well_formed_is_refused(fragment: str) -> None:
    with pytest.raises(ValueError, match=r"no well-formed XHTML .*; write it as html instead"):
        Feed(title=Text(fragment, "xhtml")).render("atom")


def test_an_attribute_of_another_namespace_is_refused() -> None:
    with pytest.raises(ValueError, match="the attribute 'c' of urn:d cannot stand in XHTML; leave it out"):
        Feed(title=Text('<a xmlns:b="urn:d" b:c="e"/>', "xhtml")).render("atom")


@pytest.mark.parametrize("kind", XML_NAMES)
@pytest.mark.parametrize("cdata", [False, True])
@pytest.mark.parametrize("encoding", ["utf-8", "us-ascii", "shift_jis", "utf-7"])
@pytest.mark.parametrize("text", ["]]>", "a]]>]]>b", "a\rb\r\n", "&amp;<![CDATA[", "ы]]>\rы", "\\~¥‾", "\x85\u2028"])
def test_every_character_survives(kind: FormatName, cdata: bool, encoding: str, text: str) -> None:
    feed = Feed(title=text, link=f"https://example.org/{text}\t", entries=[Entry(title=text, summary=text)])
    document = body(feed.render(kind, cdata=cdata, encoding=encoding, declaration=False)).decode(encoding)
    found = ET.fromstring(document)
    # The parser gets characters here, so that it need not know the encoding; but line ends are its business.
    texts = [each.text for each in found.iter()] + [value for each in found.iter() for value in each.attrib.values()]
    assert texts.count(text) == 3
    assert f"https://example.org/{text}\t" in texts


@pytest.mark.parametrize("text", ["\x00", "\x1b", "\ud800", "\ufffe", "\uffff"])
@pytest.mark.parametrize("kind", XML_NAMES)
def test_what_xml_cannot_hold_is_refused(kind: FormatName, text: str) -> None:
    with pytest.raises(
        ValueError, match=rf"/(item|entry)\[2\]/title\[1\] holds U\+{ord(text):04X}, which no XML document"
    ):
        Feed(title="News", entries=[Entry(title="One"), Entry(title=f"a{text}")]).render(kind)


def test_an_attribute_is_checked_too() -> None:
    with pytest.raises(ValueError, match=r"channel\[1\]/item\[1\]/enclosure\[1\]/@url holds U\+0007"):
        Feed(entries=[Entry(enclosures=[Enclosure("a\x07")])]).render("rss")


def test_json_holds_controls_but_no_half_characters() -> None:
    assert json.loads(body(Feed(title="\x00").render("json")))["title"] == "\x00"
    with pytest.raises(ValueError, match=r"the feed holds U\+D800, half a character; leave it out"):
        Feed(title="\ud800").render("json")


# Encodings.


@pytest.mark.parametrize(
    ("options", "start"),
    [
        ({}, b'<?xml version="1.0" encoding="utf-8"?>\n<rss'),
        ({"bom": True}, b'\xef\xbb\xbf<?xml version="1.0" encoding="utf-8"?>'),
        ({"encoding": "utf-8-sig"}, b'\xef\xbb\xbf<?xml version="1.0" encoding="utf-8"?>'),
        ({"encoding": "windows-1251"}, b'<?xml version="1.0" encoding="windows-1251"?>'),
        ({"encoding": "windows-1251", "declaration": "utf-8"}, b'<?xml version="1.0" encoding="utf-8"?>'),
        ({"declaration": False}, b"<rss"),
        ({"encoding": "utf-16"}, "\ufeff<?xml".encode("utf-16-le")),
        ({"encoding": "utf-16", "bom": False}, "<?xml".encode("utf-16-le")),
        ({"encoding": "utf-16be"}, "<?xml".encode("utf-16-be")),
        ({"encoding": "utf-16be", "bom": True}, "\ufeff<?xml".encode("utf-16-be")),
        ({"encoding": "utf-32"}, "\ufeff<?xml".encode("utf-32-le")),
        ({"encoding": "cp037"}, bytes.fromhex("4C6FA79493")),
    ],
)
def test_a_document_begins_as_it_was_told_to(options: dict[str, Any], start: bytes) -> None:
    assert body(Feed(title="ы").render("rss", **options)).startswith(start)


def test_what_an_encoding_lacks_becomes_a_reference() -> None:
    document = body(Feed(title="ы€é").render("rss", encoding="windows-1251"))
    assert "<title>ы€&#233;</title>".encode("windows-1251") in document


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"encoding": "utf-9"}, "'utf-9' is no encoding of text; write its registered name, as in 'utf-8'"),
        ({"encoding": "base64"}, "'base64' is no encoding of text"),
        ({"declaration": '1"?>'}, "cannot stand in an XML declaration; write a name such as 'windows-1251'"),
        ({"encoding": "windows-1251", "bom": True}, r"'windows-1251' cannot write U\+FEFF; choose another encoding"),
    ],
)
def test_an_encoding_that_there_is_none_of_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Feed(title="News").render("rss", **options)


@pytest.mark.parametrize(
    ("encoding", "start"), [("utf-8", b'{\n  "version"'), ("utf-16", "\ufeff{".encode("utf-16-le")), ("koi8-r", b"{")]
)
def test_json_in_any_encoding(encoding: str, start: bytes) -> None:
    document = body(Feed(title="ы漢").render("json", encoding=encoding))
    assert document.startswith(start)
    assert json.loads(document.decode(encoding))["title"] == "ы漢"


# The response.


@pytest.mark.parametrize(
    ("kind", "media_type"),
    [
        ("rss", "application/rss+xml"),
        ("atom", "application/atom+xml"),
        ("rdf", "application/rdf+xml"),
        ("json", "application/feed+json"),
        ("rss091", "application/rss+xml"),
        ("atom03", "application/atom+xml"),
    ],
)
def test_the_content_type_is_the_formats(kind: FormatName, media_type: str) -> None:
    assert list(FEED.render(kind).headers.items()) == [("Content-Type", media_type)]


def test_the_headers_can_be_told() -> None:
    response = FEED.render(
        "rss", media_type="text/xml", charset="utf-8", validators=True, headers={"Cache-Control": "max-age=60"}
    )
    assert list(response.headers) == ["Content-Type", "ETag", "Last-Modified", "Cache-Control"]
    assert response.headers["Content-Type"] == "text/xml; charset=utf-8"
    assert response.headers["Last-Modified"] == "Tue, 03 Nov 2026 00:00:00 GMT"


def test_the_etag_is_that_of_the_document() -> None:
    tags = [feed.render("rss", validators=True).headers["ETag"] for feed in (FEED, replace(FEED), replace(FEED, ttl=1))]
    assert tags[0] == tags[1] != tags[2]


def test_a_feed_without_dates_has_no_last_modified() -> None:
    feed = Feed(title="News", entries=[Entry(published="yesterday")])
    assert "Last-Modified" not in feed.render("rss", validators=True).headers
    assert said(feed, "rss", "channel/item/pubDate") == ["yesterday"]


def test_an_unknown_format_is_refused() -> None:
    with pytest.raises(
        ValueError, match="'opml' is no format of a feed; there are rss, atom, rdf, json, rss091, atom03"
    ):
        FEED.render("opml")  # type: ignore[arg-type]
    assert list(FORMATS) == FORMAT_NAMES


# Values.


def test_a_date_needs_a_time_zone() -> None:
    with pytest.raises(
        ValueError, match=r"published=datetime.datetime\(2026, 11, 1, 0, 0\) has no time zone; say which"
    ):
        Entry(published=datetime(2026, 11, 1))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Feed(entries=["abc"]), r"Feed\(entries=\[…\]\) takes a sequence of Entry, not \['abc'\]"),  # type: ignore[list-item]
        (lambda: Entry(authors=["Ada"]), r"Entry\(authors=\[…\]\) takes a sequence of Person, not \['Ada'\]"),  # type: ignore[list-item]
        (lambda: Feed(hubs="https://hub.example"), r"Feed\(hubs=\[…\]\) takes a sequence of str, not 'https:"),
        (lambda: Feed(entries=ENTRY), r"Feed\(entries=\[…\]\) takes a sequence of Entry, not Entry\("),  # type: ignore[arg-type]
        (lambda: Feed(entries=None), r"Feed\(entries=\[…\]\) takes a sequence of Entry, not None"),  # type: ignore[arg-type]
        (lambda: Feed(entries=[ENTRY, "abc"]), r"takes a sequence of Entry, not \['abc'\]$"),  # type: ignore[list-item]
        (
            lambda: Entry(published=date(2026, 11, 1)),  # type: ignore[arg-type]
            r"Entry\(published=…\) takes a datetime with its time zone, or text .*, not datetime\.date\(2026, 11, 1\)",
        ),
        (
            lambda: FEED.render("rss", encodng="utf-16"),  # type: ignore[call-arg]
            "encodng is no option of a feed's document; there are encoding, bom",
        ),
    ],
)
def test_what_is_of_another_kind_is_refused(make: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        make()


def test_entries_may_come_from_a_generator() -> None:
    feed = Feed(entries=(Entry(title=title) for title in ("One", "Two")))  # type: ignore[arg-type]
    assert [entry.title for entry in feed.entries] == ["One", "Two"]
    assert said(feed, "rss", "channel/item/title") == ["One", "Two"]


def test_a_feed_is_a_value() -> None:
    assert hash(FEED) == hash(replace(FEED)) and FEED.entries == (ENTRY,)


@pytest.mark.parametrize(
    ("moment", "rss", "atom"),
    [
        (
            datetime(2026, 11, 1, 10, tzinfo=timezone(timedelta(hours=-3, minutes=-30))),
            "10:00:00 -0330",
            "10:00:00-03:30",
        ),
        (datetime(2026, 11, 1, 10, 0, 0, 500_000, tzinfo=UTC), "10:00:00 GMT", "10:00:00.500000Z"),
        (datetime(2026, 11, 1, 10, tzinfo=timezone(timedelta(minutes=53, seconds=28))), "09:06:32 GMT", "09:06:32Z"),
    ],
)
def test_dates_are_written_with_their_offset(moment: datetime, rss: str, atom: str) -> None:
    feed = Feed(entries=[Entry(published=moment)])
    assert said(feed, "rss", "channel/item/pubDate") == [f"Sun, 01 Nov 2026 {rss}"]
    assert said(feed, "atom", "a:entry/a:published") == [f"2026-11-01T{atom}"]
