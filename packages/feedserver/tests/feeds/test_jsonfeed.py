"""JSON Feed: its names for the fields of a feed, and the characters that it can contain."""

from __future__ import annotations

import json

import pytest

from feedserver.feeds import (
    Feed,
)
from whole_feed import FEED, body


def test_json_writes_each_field_under_its_own_name() -> None:
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


def test_json_contains_controls_but_no_lone_surrogates() -> None:
    assert json.loads(body(Feed(title="\x00").render("json")))["title"] == "\x00"
    with pytest.raises(ValueError, match=r"the feed contains U\+D800, a lone surrogate; leave it out"):
        Feed(title="\ud800").render("json")


@pytest.mark.parametrize(
    ("encoding", "start"), [("utf-8", b'{\n  "version"'), ("utf-16", "\ufeff{".encode("utf-16-le")), ("koi8-r", b"{")]
)
def test_json_is_written_in_any_encoding(encoding: str, start: bytes) -> None:
    document = body(Feed(title="ы漢").render("json", encoding=encoding))
    assert document.startswith(start)
    assert json.loads(document.decode(encoding))["title"] == "ы漢"
