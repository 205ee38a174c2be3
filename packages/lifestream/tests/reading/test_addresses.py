"""READING.md rules 14 and 15: what relative addresses are relative to, and what of an address is kept."""

from __future__ import annotations

import json
from html import escape

import pytest

from lifestream.entry import Entry, ParsedFeed
from lifestream.parser import parse

URL = "https://feeds.example/dir/feed.xml"
MEDIA = 'xmlns:media="http://search.yahoo.com/mrss/"'


def rss(item: str, channel: str = "") -> ParsedFeed:
    return parse(f"<rss version='2.0' {MEDIA}><channel>{channel}<item>{item}</item></channel></rss>".encode(), {}, URL)


def ill_formed(item: str, channel: str = "") -> ParsedFeed:
    """The same by the liberal reader."""
    body = f"<rss version='2.0' {MEDIA}><channel>{channel}<item>{item}</item><item><b></item></channel></rss>"
    return parse(body.encode(), {}, URL)


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


def first(feed: ParsedFeed) -> Entry:
    return feed.entries[0]


SITE = "https://site.example/blog/"


@pytest.mark.reading(14)
@pytest.mark.parametrize("read", [in_rss, in_ill_formed, atom, json_feed])
@pytest.mark.parametrize(
    ("link", "channel", "resolved", "base"),
    [
        # The entry's link, on the channel's host or the document's.
        ("https://site.example/2020/one", SITE, "https://site.example/2020/one", "https://site.example/2020/one"),
        ("http://www.site.example/one", SITE, "http://www.site.example/one", "http://www.site.example/one"),
        ("https://feeds.example/~r/1", SITE, "https://feeds.example/~r/1", "https://feeds.example/~r/1"),
        # A link blog's entry leads to another site: the channel's link.
        ("https://else.example/one", SITE, "https://else.example/one", SITE),
        ("", SITE, "", SITE),
        # A relative link is one of the channel's site.
        ("one.html", SITE, "https://site.example/blog/one.html", "https://site.example/blog/one.html"),
        ("/one", SITE, "https://site.example/one", "https://site.example/one"),
        ("?p=1", "https://site.example/", "https://site.example/?p=1", "https://site.example/?p=1"),
        # Without a channel's link: the document.
        ("", "", "", URL),
        ("one", "", "https://feeds.example/dir/one", "https://feeds.example/dir/one"),
        ("https://else.example/one", "", "https://else.example/one", URL),
        ("one", "mailto:a@b.example", "https://feeds.example/dir/one", "https://feeds.example/dir/one"),
    ],
)
def test_what_addresses_are_relative_to_without_a_base(
    read: object, link: str, channel: str, resolved: str, base: str
) -> None:
    assert callable(read)
    entry = first(read(link, channel))
    assert (entry.link, entry.base, entry.based) == (resolved, base, False)


@pytest.mark.reading(14)
def test_xml_base_counts_before_every_link() -> None:
    body = (
        "<feed xmlns='http://www.w3.org/2005/Atom'><link href='https://site.example/'/><entry xml:base='https://b.example/x/'>"
        "<id>1</id><link href='one'/><link rel='enclosure' href='one.mp3'/><content xml:base='deep/'>a</content></entry></feed>"
    )
    entry = first(parse(body.encode(), {}, URL))
    assert (entry.link, entry.base, entry.based) == ("https://b.example/x/one", "https://b.example/x/deep/", True)
    assert [file.url for file in entry.enclosures] == ["https://b.example/x/one.mp3"]


@pytest.mark.reading(14)
@pytest.mark.parametrize("read", [rss, ill_formed])
def test_files_and_pictures_are_relative_to_the_same_as_the_text(read: object) -> None:
    assert callable(read)
    item = (
        "<link>https://site.example/2020/one/</link><enclosure url='one.mp3' type='audio/mpeg'/>"
        "<media:content url='one.png' type='image/png'/>"
    )
    entry = first(read(item, f"<link>{SITE}</link>"))
    assert [file.url for file in entry.enclosures] == ["https://site.example/2020/one/one.mp3"]
    assert [medium.url for medium in entry.media] == ["https://site.example/2020/one/one.png"]


@pytest.mark.reading(14)
def test_a_link_that_is_too_long_to_be_joined_is_no_base() -> None:
    assert first(in_rss(f"https://site.example/{'x' * 3000}", SITE)).base == SITE
    assert first(in_rss(f"https://site.example/{'x/' * 200}", SITE)).base == SITE
