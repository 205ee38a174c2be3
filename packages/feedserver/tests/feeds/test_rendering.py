"""A feed becomes a response: its bytes, its encoding and its headers."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from feedserver.feeds import (
    FORMATS,
    Entry,
    Feed,
    FormatName,
)
from whole_feed import FEED, body, said

FORMAT_NAMES: list[FormatName] = ["rss", "atom", "rdf", "json", "rss091", "atom03"]


@pytest.mark.parametrize("kind", FORMAT_NAMES)
def test_an_empty_feed_is_a_document_too(kind: FormatName) -> None:
    response = Feed().render(kind)
    if kind == "json":
        assert json.loads(body(response)) == {"version": "https://jsonfeed.org/version/1.1", "items": []}
    else:
        ET.fromstring(body(response))


@pytest.mark.parametrize(
    ("options", "start"),
    [
        ({}, b'<?xml version="1.0" encoding="utf-8"?>\n<rss'),
        ({"bom": True}, b'\xef\xbb\xbf<?xml version="1.0" encoding="utf-8"?>'),
        ({"encoding": "utf_8_sig"}, b'\xef\xbb\xbf<?xml version="1.0" encoding="utf-8"?>'),
        ({"declaration": "utf-8-sig"}, b'<?xml version="1.0" encoding="utf-8-sig"?>'),
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
def test_a_document_begins_as_its_options_say(options: dict[str, Any], start: bytes) -> None:
    assert body(Feed(title="ы").render("rss", **options)).startswith(start)


def test_a_character_that_the_encoding_lacks_becomes_a_reference() -> None:
    document = body(Feed(title="ы€é").render("rss", encoding="windows-1251"))
    assert "<title>ы€&#233;</title>".encode("windows-1251") in document


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"encoding": "utf-9"}, "'utf-9' is no encoding of text; write its registered name, as in 'utf-8'"),
        ({"encoding": "base64"}, "'base64' is no encoding of text"),
        ({"declaration": '1"?>'}, "is not allowed in an XML declaration; write a name such as 'windows-1251'"),
        ({"encoding": "windows-1251", "bom": True}, r"'windows-1251' cannot write U\+FEFF; choose another encoding"),
    ],
)
def test_an_encoding_that_no_document_can_have_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Feed(title="News").render("rss", **options)


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
def test_the_content_type_is_that_of_the_format(kind: FormatName, media_type: str) -> None:
    assert list(FEED.render(kind).headers.items()) == [("Content-Type", media_type)]


def test_the_headers_can_be_set() -> None:
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
