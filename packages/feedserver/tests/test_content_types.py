"""The types that fixtures are sent with when they declare none."""

from __future__ import annotations

import pytest

from feedserver.content_types import can_hold_comment, content_type_for


@pytest.mark.parametrize(
    ("name", "content_type"),
    [
        ("feed.xml", "application/xml"),
        ("feed.rss", "application/rss+xml"),
        ("feed.atom", "application/atom+xml"),
        ("feed.rdf", "application/rdf+xml"),
        ("feed.json", "application/json"),
        ("list.opml", "text/x-opml"),
        ("page.html", "text/html"),
        ("page.htm", "text/html"),
        ("robots.txt", "text/plain"),
        ("icon.png", "image/png"),
        ("photo.jpg", "image/jpeg"),
        ("photo.jpeg", "image/jpeg"),
        ("favicon.ico", "image/vnd.microsoft.icon"),
        ("episode.mp3", "audio/mpeg"),
        ("FEED.XML", "application/xml"),
        ("/blog/v1.0/feed.rss", "application/rss+xml"),
        ("feed.xml.gz", "application/gzip"),
        ("feed.xml.bak", "application/octet-stream"),
        ("folder.xml/feed", "application/octet-stream"),
        ("feed", "application/octet-stream"),
        (".xml", "application/octet-stream"),
        ("", "application/octet-stream"),
        ("\udcff.xml", "application/xml"),
    ],
)
def test_the_last_extension_decides_in_any_case(name: str, content_type: str) -> None:
    assert content_type_for(name) == content_type


@pytest.mark.parametrize("name", ["a.xml", "a.html", "a.svg", "a.txt", "a.opml", "a", "a.cgi", "a.torrent"])
def test_a_file_may_hold_a_comment_unless_it_is_known_not_to(name: str) -> None:
    assert can_hold_comment(name)


@pytest.mark.parametrize("name", ["a.json", "a.png", "a.mp3", "a.mp4", "a.pdf", "a.epub", "a.zip", "a.xml.gz", "A.JPG"])
def test_what_looks_like_a_comment_in_json_or_binary_is_none(name: str) -> None:
    assert not can_hold_comment(name)
