"""reading.md rules 14 and 15: the base of relative addresses, and the parts of an address that are kept."""

from __future__ import annotations

import json
from html import escape

import pytest

from lifestream.content.fragment_ids import with_key
from lifestream.content.html_tokenizer import attributes, tokens
from lifestream.content.sanitizer import Sanitizer
from lifestream.content.sanitizer_rules import SanitizerRules
from lifestream.entry import Entry, ParsedFeed
from lifestream.parser import parse
from parsed import by_feedparser

URL = "https://feeds.example/dir/feed.xml"
MEDIA = 'xmlns:media="http://search.yahoo.com/mrss/"'


def document(item: str, channel: str, after: str = "") -> str:
    return f"<rss version='2.0' {MEDIA}><channel>{channel}<item>{item}</item>{after}</channel></rss>"


def rss(item: str, channel: str = "") -> ParsedFeed:
    return parse(document(item, channel).encode(), {}, URL)


def ill_formed(item: str, channel: str = "") -> ParsedFeed:
    """Return the feed of `rss` with another item, which is ill-formed."""
    return parse(document(item, channel, "<item><b></item>").encode(), {}, URL)


def rss_by_feedparser(item: str, channel: str = "") -> ParsedFeed:
    return by_feedparser(document(item, channel), URL)


def atom(entry: str, feed: str = "") -> ParsedFeed:
    links = [f"<link href='{escape(each)}'/>" if each else "" for each in (feed, entry)]
    body = f"<feed xmlns='http://www.w3.org/2005/Atom'>{links[0]}<entry><id>1</id>{links[1]}</entry></feed>"
    return parse(body.encode(), {}, URL)


def json_feed(link: str, home: str) -> ParsedFeed:
    item = {"id": "1", "url": link, "content_html": "x"}
    version = "https://jsonfeed.org/version/1.1"
    return parse(json.dumps({"version": version, "home_page_url": home, "items": [item]}).encode(), {}, URL)


def in_rss(link: str, channel: str) -> ParsedFeed:
    return rss(f"<link>{link}</link>", f"<link>{channel}</link>")


def in_ill_formed(link: str, channel: str) -> ParsedFeed:
    return ill_formed(f"<link>{link}</link>", f"<link>{channel}</link>")


def in_rss_by_feedparser(link: str, channel: str) -> ParsedFeed:
    return rss_by_feedparser(f"<link>{link}</link>", f"<link>{channel}</link>")


def first(feed: ParsedFeed) -> Entry:
    return feed.entries[0]


SITE = "https://site.example/blog/"


@pytest.mark.reading(14)
@pytest.mark.parametrize("read", [in_rss, in_ill_formed, in_rss_by_feedparser, atom, json_feed])
@pytest.mark.parametrize(
    ("link", "channel", "resolved", "base"),
    [
        # The base is the entry's link, if its host is that of the channel's link or of the document.
        ("https://site.example/2020/one", SITE, "https://site.example/2020/one", "https://site.example/2020/one"),
        ("http://www.site.example/one", SITE, "http://www.site.example/one", "http://www.site.example/one"),
        ("https://feeds.example/~r/1", SITE, "https://feeds.example/~r/1", "https://feeds.example/~r/1"),
        # An entry of a link blog leads to another site: the base is the channel's link.
        ("https://else.example/one", SITE, "https://else.example/one", SITE),
        ("", SITE, "", SITE),
        # A relative link belongs to the channel's site.
        ("one.html", SITE, "https://site.example/blog/one.html", "https://site.example/blog/one.html"),
        ("/one", SITE, "https://site.example/one", "https://site.example/one"),
        ("?p=1", "https://site.example/", "https://site.example/?p=1", "https://site.example/?p=1"),
        # Without a channel's link, the base is the address of the document.
        ("", "", "", URL),
        ("one", "", "https://feeds.example/dir/one", "https://feeds.example/dir/one"),
        ("https://else.example/one", "", "https://else.example/one", URL),
        ("one", "mailto:a@b.example", "https://feeds.example/dir/one", "https://feeds.example/dir/one"),
    ],
)
def test_the_base_of_addresses_without_xml_base_is_found(
    read: object, link: str, channel: str, resolved: str, base: str
) -> None:
    assert callable(read)
    entry = first(read(link, channel))
    assert (entry.link, entry.base, entry.based) == (resolved, base, False)


@pytest.mark.reading(14)
def test_xml_base_takes_precedence_over_every_link() -> None:
    body = (
        "<feed xmlns='http://www.w3.org/2005/Atom'><link href='https://site.example/'/>"
        "<entry xml:base='https://b.example/x/'><id>1</id><link href='one'/><link rel='enclosure' href='one.mp3'/>"
        "<content xml:base='deep/'>a</content></entry></feed>"
    )
    entry = first(parse(body.encode(), {}, URL))
    assert (entry.link, entry.base, entry.based) == ("https://b.example/x/one", "https://b.example/x/deep/", True)
    assert [file.url for file in entry.enclosures] == ["https://b.example/x/one.mp3"]


@pytest.mark.reading(14)
@pytest.mark.parametrize("read", [rss, ill_formed, rss_by_feedparser])
def test_files_and_pictures_have_the_same_base_as_the_text(read: object) -> None:
    assert callable(read)
    item = (
        "<link>https://site.example/2020/one/</link><enclosure url='one.mp3' type='audio/mpeg'/>"
        "<media:content url='one.png' type='image/png'/>"
    )
    entry = first(read(item, f"<link>{SITE}</link>"))
    assert [file.url for file in entry.enclosures] == ["https://site.example/2020/one/one.mp3"]
    assert [medium.url for medium in entry.media] == ["https://site.example/2020/one/one.png"]


@pytest.mark.reading(14)
def test_a_link_that_is_too_long_or_has_too_many_slashes_is_no_base() -> None:
    assert first(in_rss(f"https://site.example/{'x' * 3000}", SITE)).base == SITE
    assert first(in_rss(f"https://site.example/{'x/' * 200}", SITE)).base == SITE


# 14: references inside the entry


CLEAN = Sanitizer()
REL = 'rel="noopener noreferrer nofollow ugc"'


@pytest.mark.reading(14)
def test_a_footnote_leads_to_its_note_and_back() -> None:
    clean = CLEAN.html(
        '<p>x<sup id="fnref:1"><a href="#fn:1">1</a></sup></p><ol><li id="fn:1">y <a href=" #fnref:1">↩</a></li></ol>',
        "https://site.example/feed.xml",
    )
    assert clean == (
        f'<p>x<sup id="entry-fnref:1"><a href="#entry-fn:1" {REL}>1</a></sup></p>'
        f'<ol><li id="entry-fn:1">y <a href="#entry-fnref:1" {REL}>↩</a></li></ol>'
    )
    assert with_key(clean, 7) == clean.replace("entry-", "entry-7-")


@pytest.mark.reading(14)
@pytest.mark.parametrize(
    ("html", "shown"),
    [
        ('<a name="top">x</a>', f'<a name="entry-7-top" {REL}>x</a>'),
        ('<td headers="a b">x</td>', '<td headers="entry-7-a entry-7-b">x</td>'),
        ('<p id="entry-x">x</p>', '<p id="entry-7-x">x</p>'),  # a feed gains nothing by forging the prefix
        ('<p id="entry-8-x">x</p>', '<p id="entry-7-8-x">x</p>'),
        ('<p id="a b">x</p>', "<p>x</p>"),
        ('<p id="">x</p><a href="#">y</a>', f"<p>x</p><a {REL}>y</a>"),
        ('<a href="#a b">y</a>', f'<a href="#entry-7-a%20b" {REL}>y</a>'),
        ('<p title=\' id="entry-x"\'>id="entry-x"</p>', '<p title=" id=&quot;entry-x&quot;">id="entry-x"</p>'),
        ('<a href="/a#b">y</a>', f'<a href="https://site.example/a#b" {REL}>y</a>'),
    ],
)
def test_ids_and_references_are_the_items_own(html: str, shown: str) -> None:
    clean = CLEAN.html(f"<table><tr>{html}" if html.startswith("<td") else html, "https://site.example/")
    assert with_key(clean, 7).removeprefix("<table><tbody><tr>").removesuffix("</tr></tbody></table>") == shown
    assert CLEAN.html(clean, "https://site.example/") == clean


# 15: unusual addresses are kept, and tracking is removed


@pytest.mark.reading(15)
@pytest.mark.parametrize(
    "address",
    [
        "https://img.example/w_300,c_fill,h_2/a,b.jpg",
        "https://a.example/x|y?q=a|b",
        "https://пример.example/путь/ü?q=日本",
        "https://a.example/(x)/[y]/{z}/~'!*;:@$^`",
        "https://a.example/100%25?x=%2C%7C#a,b",
    ],
)
def test_unusual_characters_of_an_address_are_kept(address: str) -> None:
    written = escape(address)
    clean = CLEAN.html(f'<a href="{written}">x</a><img src="{written}" srcset="{written} 1x, {written} 2x">', URL)
    assert [found.get("href") or found["src"] for found in map(attributes, tags(clean))] == [address, address]
    assert attributes(tags(clean)[1])["srcset"] == f"{address} 1x, {address} 2x"


def tags(html: str) -> list[str]:
    return [source for kind, _, source in tokens(html) if kind == "start"]


@pytest.mark.reading(15)
@pytest.mark.parametrize(
    "pixel",
    [
        '<img src="/x" width="1" height="1">',
        "<IMG SRC=/x WIDTH=0 HEIGHT=0>",
        '<img src="/x" width="1px" height="01">',
        '<img src="/x" width="1" height="0" alt="">',
        '<img src="/x" style="width:1px; height: 1px">',
        '<img src="/x" style="display:none">',
        '<noscript><img src="/x" height="1" width="1" style="display:none"/></noscript>',
    ],
)
def test_a_picture_that_only_counts_readers_is_removed(pixel: str) -> None:
    assert CLEAN.html(f"<p>a</p>{pixel}<p>b</p>", URL) == "<p>a</p><p>b</p>"


@pytest.mark.reading(15)
@pytest.mark.parametrize(
    "sizes", ['width="100" height="1"', 'width="1"', 'width="1.5" height="1"', 'width="10" height="10"']
)
def test_a_small_picture_is_kept(sizes: str) -> None:
    assert "<img " in CLEAN.html(f'<img src="/x" {sizes}>', URL)


@pytest.mark.reading(15)
def test_links_lose_parameters_that_track_readers_if_so_configured() -> None:
    address = "https://a.example/x?utm_source=rss&id=1&fbclid=2#part"
    html = f'<a href="{escape(address)}">x</a><img src="{escape(address)}">'
    strict = Sanitizer(SanitizerRules.of(strip_tracking=True))
    assert CLEAN.html(html, URL).count("utm_source") == 2
    assert 'href="https://a.example/x?id=1#part"' in strict.html(html, URL)
    assert strict.html(html, URL).count("utm_source") == 1, "the picture's"
    assert CLEAN.url(address) == address
    assert strict.url(address) == "https://a.example/x?id=1#part"
