"""Media RSS under whatever prefix it comes."""

from __future__ import annotations

from lifestream.entry import Media
from lifestream.parser import parse
from parsed import only_entry, rss


def test_media_is_found_under_any_prefix_and_in_ill_formed_documents() -> None:
    item = '<m:content url="/a.jpg" type="image/jpeg"/><m:thumbnail url="/t.jpg"/><m:description>M</m:description>'
    body = rss(f"<item>{item}</item>").replace(b"<rss ", b'<rss xmlns:m="http://search.yahoo.com/mrss/" ')
    expected = Media(
        url="https://feeds.example/a.jpg",
        type="image/jpeg",
        thumbnail="https://feeds.example/t.jpg",
        description="M",
    )

    assert only_entry(body).media == (expected,)
    assert only_entry(body.replace(b"</channel>", b"<broken></channel>")).media == (expected,)


def test_a_namespace_that_only_begins_like_that_of_media_is_another() -> None:
    body = b"""<rss version="2.0" xmlns:media="http://search.yahoo.com/mrss/2"><channel><title>T</title><item>
        <guid>1</guid><media:group><media:content url="http://example.com/1"/></media:group></item></channel></rss>"""
    assert [entry.guid for entry in parse(body, {}, "https://example.com/feed").entries] == ["1"]
