"""Fields of an entry from elements of other vocabularies, if its own are missing (reading.md, rule 10); and unusual
places of feeds, channels and items (rule 8).
"""

from __future__ import annotations

from xml.etree.ElementTree import fromstring

import pytest

from lifestream.entry import Enclosure, Entry, ParsedFeed
from lifestream.parser import parse
from lifestream.parser.strict import read_feed
from lifestream.parser.strict.fields import fields_of
from lifestream.parser.strict.vocabulary import Names
from lifestream.plugins.item_pipeline import draft_of

NAMESPACES = (
    'xmlns:media="http://search.yahoo.com/mrss/" xmlns:h="http://www.w3.org/1999/xhtml" '
    'xmlns:atom="http://www.w3.org/2005/Atom"'
)


def read(item: str, channel: str = "") -> ParsedFeed:
    document = f"<rss version='2.0' {NAMESPACES}><channel>{channel}<item>{item}</item></channel></rss>"
    return parse(document.encode(), {}, "https://site.example/feed.xml")


def only(item: str) -> Entry:
    return read(item).entries[0]


MEDIA = '<media:title>Film</media:title><media:description>All of it</media:description><media:player url="/play"/>'


@pytest.mark.reading(10)
@pytest.mark.parametrize(
    "item",
    [
        MEDIA,
        f"<media:content>{MEDIA}</media:content>",
        f"<media:group><media:content>{MEDIA}</media:content></media:group>",
        f"<media:group>{MEDIA}<media:content url='/a.mp4'/></media:group>",
    ],
)
def test_the_fields_of_a_medium_are_used_for_an_entry_without_its_own(item: str) -> None:
    entry = only(item)
    assert (entry.title, entry.link) == ("Film", "https://site.example/play")
    assert draft_of(entry).content == "<p>All of it</p>"

    entry = only(f"{item}<title>One</title><link>/1</link><description>Text</description>")
    assert (entry.title, entry.link, draft_of(entry).content) == ("One", "https://site.example/1", "Text")


@pytest.mark.reading(10)
def test_a_description_without_any_medium_is_text_of_the_entry() -> None:
    assert only("<media:description>a &lt; b</media:description>").summary == "<p>a &lt; b</p>"


@pytest.mark.reading(21)
def test_an_empty_medium_is_left_out_if_there_are_others() -> None:
    entry = only(
        '<media:thumbnail url="/t.jpg"/><media:content url="/a.jpg" medium="image"/><media:content url="  "/>'
        '<media:content URL="/b.jpg" FILESIZE="7"/>'
    )
    assert [(medium.url, medium.length) for medium in entry.media] == [
        ("https://site.example/a.jpg", None),
        ("https://site.example/b.jpg", 7),
    ]


@pytest.mark.reading(21)
def test_torrents_of_peer_links_are_enclosures() -> None:
    link = '<media:peerLink type="application/x-bittorrent" href=" {} "/>'
    entry = only(
        link.format("/a.torrent") * 2 + link.format("") + f"<media:group>{link.format('b.torrent')}</media:group>"
    )
    assert entry.enclosures == (
        Enclosure("https://site.example/a.torrent", "application/x-bittorrent"),
        Enclosure("https://site.example/b.torrent", "application/x-bittorrent"),
    )


@pytest.mark.reading(9)
def test_xhtml_in_an_item_is_its_content() -> None:
    entry = only("<description>Short</description><h:div><h:p>Long <h:b>text</h:b></h:p></h:div>")
    assert (entry.content, entry.summary) == ("<p>Long <b>text</b></p>", "Short")


@pytest.mark.reading(10)
@pytest.mark.parametrize(
    ("relation", "is_page"),
    [
        ("related", True), ("via", True), ("payment", False), ("collection", False), ("stylesheet", False),
        ("icon", False), ("search", False), ("http://schemas.google.com/g/2005#post", False),
    ],
)  # fmt: skip
def test_the_relation_of_a_link_decides_whether_it_is_the_page(relation: str, is_page: bool) -> None:
    link = only(f'<title>x</title><atom:link rel="{relation}" href="/1"/>').link
    assert link == ("https://site.example/1" if is_page else "")


@pytest.mark.reading(8)
@pytest.mark.parametrize("name", ["description", "subtitle", "tagline", "atom:subtitle"])
def test_the_subtitle_of_a_channel_is_read_under_other_names(name: str) -> None:
    assert read("", f"<{name}>All about nets</{name}>").subtitle == "All about nets"


@pytest.mark.reading(8)
def test_the_first_element_with_a_text_counts_and_a_name_of_the_format_comes_before_others() -> None:
    others = "<atom:generator>Other</atom:generator><generator/>"
    assert read("", f"{others}<generator>Mill</generator><generator>Loom</generator>").generator == "Mill"
    assert read("", others).generator == "Other"


@pytest.mark.reading(8)
def test_rss_without_a_channel_is_read() -> None:
    document = b"<rss version='2.0'><title>T</title><item><title>One</title></item></rss>"
    feed = parse(document, {}, "https://site.example/feed.xml")
    assert (feed.format, feed.title, [entry.title for entry in feed.entries]) == ("rss20", "T", ["One"])


RSS = "<rss version='2.0'><channel><title>T</title><item><guid>1</guid></item></channel></rss>"
ATOM = "<feed xmlns='http://www.w3.org/2005/Atom'><title>T</title><entry><id>1</id></entry></feed>"


@pytest.mark.reading(8)
@pytest.mark.parametrize("feed", [RSS, ATOM])
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("<response><status>ok</status><data>", "</data></response>"),
        ("<s:Envelope xmlns:s='urn:s'><s:Body>", "</s:Body></s:Envelope>"),
        ("<!DOCTYPE html><html><head><title>Page</title></head><body><div>", "</div></body></html>"),
    ],
)
def test_a_feed_inside_another_document_is_read(before: str, after: str, feed: str) -> None:
    found = parse(f"{before}{feed}{after}".encode(), {}, "https://s.example/")
    assert (found.title, [entry.guid for entry in found.entries]) == ("T", ["1"])


@pytest.mark.reading(8)
def test_a_feed_too_deep_inside_another_document_is_not_read() -> None:
    for feed in (RSS, "<a>" * 5 + RSS + "</a>" * 5):
        assert read_feed(fromstring(feed), "https://s.example/", netscape=False) is not None
    assert read_feed(fromstring("<a>" * 6 + RSS + "</a>" * 6), "https://s.example/", netscape=False) is None


@pytest.mark.reading(8)
@pytest.mark.parametrize("other", ["<rss>" * 2000 + "</rss>" * 2000, '<x xmlns="urn:x"><feed/></x>', "<a/>"])
def test_a_document_without_a_feed_is_not_read(other: str) -> None:
    assert read_feed(fromstring(other), "https://s.example/", netscape=False) is None


@pytest.mark.reading(8)
@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("<channel>", "</channel>"),
        (
            '<Channel xmlns="http://purl.org/net/rss1.1#" xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><items '
            'r:parseType="Collection">',
            "</items></Channel>",
        ),
    ],
)
def test_a_channel_may_be_the_root(start: str, end: str) -> None:
    item = f"<item {NAMESPACES}><title>One</title>{MEDIA}</item>"
    feed = parse(f"{start}{item}{end}".encode(), {}, "https://s.example/")
    assert (feed.format, [(entry.title, entry.link) for entry in feed.entries]) == (
        "rss",
        [("One", "https://s.example/play")],
    )


@pytest.mark.reading(8)
def test_items_inside_an_items_element_are_read_if_the_channel_has_none_of_its_own() -> None:
    items = "<items><item><title>One</title></item><item><title>Two</title></item></items>"
    feed = parse(
        f"<rss version='2.0'><channel><title>T</title>{items}</channel></rss>".encode(), {}, "https://s.example/"
    )
    assert (feed.title, [entry.title for entry in feed.entries]) == ("T", ["One", "Two"])
    assert len(read("<title>x</title>", items).entries) == 1


@pytest.mark.reading(8)
@pytest.mark.parametrize("entry", ["<entry><title>One</title></entry>", "<atom:entry><title>One</title></atom:entry>"])
def test_entries_of_atom_in_rss_are_read(entry: str) -> None:
    document = f"<rss version='2.0' {NAMESPACES}><channel><title>T</title>{entry}</channel></rss>"
    feed = parse(document.encode(), {}, "https://s.example/")
    assert (feed.format, [entry.title for entry in feed.entries]) == ("rss20", ["One"])


@pytest.mark.reading(8)
def test_a_document_in_capitals_is_read() -> None:
    rss = (
        "<RSS VERSION='2.0'><CHANNEL><ITEM><GUID ISPERMALINK='false'>https://s.example/1</GUID>"
        "<ENCLOSURE URL='/a.mp3' TYPE='audio/mpeg' LENGTH='7'/></ITEM></CHANNEL></RSS>"
    )
    feed = parse(rss.encode(), {}, "https://s.example/")
    assert (feed.format, feed.entries[0].guid, feed.entries[0].link) == ("rss20", "https://s.example/1", "")
    assert feed.entries[0].enclosures == (Enclosure("https://s.example/a.mp3", "audio/mpeg", 7),)
    atom = "<FEED XMLNS='http://www.w3.org/2005/Atom' xml:lang='de'><LINK REL='self' HREF='/f'/><LINK HREF='/'/></FEED>"
    found = parse(atom.encode(), {}, "https://s.example/")
    assert (found.link, found.self_url, found.language) == ("https://s.example/", "https://s.example/f", "de")


@pytest.mark.reading(10)
def test_the_summary_of_a_podcast_is_that_of_itunes_else_that_of_google_else_the_subtitle() -> None:
    google = 'xmlns:g="http://www.google.com/schemas/play-podcasts/1.0"'
    itunes = 'xmlns:i="http://www.itunes.com/dtds/podcast-1.0.dtd"'
    subtitle = f"<i:subtitle {itunes}>A long subtitle</i:subtitle>"
    described = f"{subtitle}<g:description {google}>Google</g:description>"
    assert only(subtitle).summary == "<p>A long subtitle</p>"
    assert only(described).summary == "<p>Google</p>"
    assert only(f"{described}<i:summary {itunes}>iTunes</i:summary>").summary == "<p>iTunes</p>"


@pytest.mark.reading(10)
def test_tags_of_media_are_used_for_an_entry_without_its_own() -> None:
    tagged = '<media:category label="Knots">knots</media:category><media:keywords>net, rope</media:keywords>'
    item = f"<media:group><media:content url='/a.mp4'>{tagged}</media:content>{tagged}</media:group>"

    assert only(item).tags == ("Knots", "net", "rope")
    assert only(f"{item}<category>Own</category>").tags == ("Own",)


def test_an_entry_of_very_many_names_is_read_whole_and_the_first_ten_thousand_are_remembered() -> None:
    unknown = "".join(f"<x{number}/>" for number in range(15_000))
    entry = only(f"<title>T</title>{unknown}<guid>g</guid>")
    assert (entry.title, entry.guid) == ("T", "g")

    names = Names()
    assert len(fields_of(fromstring(f"<item>{unknown}</item>"), names)) == 15_000
    assert len(names) == 10_000
    assert "x0" in names and "x14999" not in names
    assert names["x14999"] == "x14999"
