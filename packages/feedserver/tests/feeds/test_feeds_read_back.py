"""Parsers in common use read every format back, with the values that were written.

A `Reader` is a table of functions that get fields of a feed and of an entry out of what a parser returns. `silent`
names the fields that the parser does not report in a format, and `filled` those to which it gives some other value if
the document has none. fastfeedparser reports the first author only. Apart from that, each field of the table that the
format carries must be equal.
"""

from __future__ import annotations

import json
from calendar import timegm
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from xml.etree import ElementTree as ET

import fastfeedparser
import feedparser
import pytest
from hypothesis import HealthCheck, given, settings

from feedserver import Response
from feedserver.feeds import FORMATS, Entry, Feed, FormatName
from feedserver.strategies import CARRIED, documents

Getters = Mapping[str, Callable[[Any], Any]]

# Each document is read by two readers, which is slow; scripts/search.py tries more documents.
examples = settings(max_examples=max(12, settings().max_examples // 3), suppress_health_check=list(HealthCheck))


def of_parsed(parsed: Any) -> datetime | None:
    """Return a date of feedparser as a datetime."""
    return None if parsed is None else datetime.fromtimestamp(timegm(parsed), UTC)


def of_text(text: str | None) -> datetime | None:
    """Return a date of fastfeedparser as a datetime. fastfeedparser leaves the date of a feed as it was written."""
    if not text:
        return None
    return parsedate_to_datetime(text) if "," in text else datetime.fromisoformat(text)


def names(people: list[Mapping[str, str]]) -> list[str]:
    return [person["name"] for person in people]


def categories(tags: list[Any]) -> list[tuple[str, str | None, str | None]]:
    return [(tag["term"], tag["scheme"], tag["label"]) for tag in tags]


def links(found: Any, relation: str) -> str | None:
    return next((link["href"] for link in found.get("links", ()) if link["rel"] == relation), None)


@dataclass(frozen=True)
class Reader:
    """How to read a document with one parser, and how to get each field out of what the parser returns."""

    name: str
    parse: Callable[[Response], Any]
    feed: Getters
    entry: Getters
    silent: Mapping[str, str] = field(default_factory=dict)
    """For each format, the fields that the reader does not report, or not completely."""
    filled: str = ""
    """Fields to which the reader gives some other value if the document has none."""


def parse_with_feedparser(response: Response) -> Any:
    headers = {"content-type": response.headers["Content-Type"]}
    parsed = feedparser.parse(response.body, response_headers=headers, sanitize_html=False, resolve_relative_uris=False)
    assert not parsed.bozo, parsed.bozo_exception
    return parsed


FEEDPARSER = Reader(
    "feedparser",
    parse_with_feedparser,
    {
        "title": lambda feed: feed.get("title"),
        "link": lambda feed: feed.get("link"),
        "id": lambda feed: feed.get("id"),
        "subtitle": lambda feed: feed.get("subtitle"),
        "language": lambda feed: feed.get("language"),
        "rights": lambda feed: feed.get("rights"),
        "updated": lambda feed: of_parsed(feed.get("updated_parsed")),
        "url": lambda feed: links(feed, "self"),
        "authors": lambda feed: names(feed.get("authors", [])),
        "categories": lambda feed: categories(feed.get("tags", [])),
        "ttl": lambda feed: int(feed["ttl"]) if "ttl" in feed else None,
        "icon": lambda feed: feed.get("icon"),
    },
    {
        "title": lambda entry: entry.get("title"),
        "link": lambda entry: entry.get("link"),
        "id": lambda entry: entry.get("id"),
        "summary": lambda entry: entry.get("summary"),
        "content": lambda entry: entry["content"][0]["value"] if "content" in entry else None,
        "published": lambda entry: of_parsed(entry.get("published_parsed")),
        "updated": lambda entry: of_parsed(entry.get("updated_parsed")),
        "authors": lambda entry: names(entry.get("authors", [])),
        "categories": lambda entry: categories(entry.get("tags", [])),
        "enclosures": lambda entry: [
            (link["href"], link["type"], int(link["length"]))
            for link in entry.get("links", [])
            if link["rel"] == "enclosure"
        ],
        "comments": lambda entry: entry.get("comments") or links(entry, "replies"),
        "rights": lambda entry: entry.get("rights"),
        "media": lambda entry: [each["url"] for each in entry.get("media_content", [])],
        "episode": lambda entry: entry.get("itunes_duration"),
        "image": lambda entry: entry["media_thumbnail"][0]["url"] if "media_thumbnail" in entry else None,
    },
    silent={"rdf": "published updated"},  # feedparser reads both dates as `updated`, and the last one wins
    filled="summary link updated",
)

FASTFEEDPARSER = Reader(
    "fastfeedparser",
    lambda response: fastfeedparser.parse(response.body),
    {
        "title": lambda feed: feed.get("title"),
        "link": lambda feed: feed.get("link"),
        "id": lambda feed: feed.get("id"),
        "subtitle": lambda feed: feed.get("subtitle"),
        "language": lambda feed: feed.get("language"),
        "updated": lambda feed: of_text(feed.get("updated")),
    },
    {
        "title": lambda entry: entry.get("title"),
        "link": lambda entry: entry.get("link"),
        "id": lambda entry: entry.get("id"),
        "summary": lambda entry: entry.get("description"),
        "content": lambda entry: entry["content"][0]["value"] if "content" in entry else None,
        "published": lambda entry: of_text(entry.get("published")),
        "updated": lambda entry: of_text(entry.get("updated")),
        "authors": lambda entry: names(entry.get("authors", []))[:1],
        "categories": lambda entry: categories(entry.get("tags", [])),
        "enclosures": lambda entry: [
            (each["url"], each["type"], each["length"]) for each in entry.get("enclosures", [])
        ],
        "comments": lambda entry: entry.get("comments"),
        "media": lambda entry: [each["url"] for each in entry.get("media_content", [])],
        "image": lambda entry: entry.get("image"),
    },
    silent={
        "rss": "language authors image",
        "atom": "comments enclosures image",
        "rdf": "language content image",
        "rss091": "language",
        "atom03": "subtitle",
    },
    filled="id link summary subtitle content published updated enclosures media",
)


def read_json_date(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


@dataclass(frozen=True)
class JsonFeed:
    """A feed and its entries, as `json` reads them."""

    feed: Any
    entries: Any


def parse_json(response: Response) -> JsonFeed:
    assert isinstance(response.body, bytes)
    parsed = json.loads(response.body)
    assert parsed["version"] == "https://jsonfeed.org/version/1.1"
    return JsonFeed(parsed, parsed["items"])


STANDARD_LIBRARY = Reader(
    "the standard library",
    parse_json,
    {
        "title": lambda feed: feed.get("title"),
        "link": lambda feed: feed.get("home_page_url"),
        "url": lambda feed: feed.get("feed_url"),
        "subtitle": lambda feed: feed.get("description"),
        "language": lambda feed: feed.get("language"),
        "authors": lambda feed: names(feed.get("authors", [])),
        "image": lambda feed: feed.get("icon"),
        "icon": lambda feed: feed.get("favicon"),
    },
    {
        "title": lambda item: item.get("title"),
        "link": lambda item: item.get("url"),
        "id": lambda item: item.get("id"),
        "summary": lambda item: item.get("summary"),
        "content": lambda item: item.get("content_html"),
        "published": lambda item: read_json_date(item.get("date_published")),
        "updated": lambda item: read_json_date(item.get("date_modified")),
        "authors": lambda item: names(item.get("authors", [])),
        "categories": lambda item: [(tag, None, None) for tag in item.get("tags", [])],
        "enclosures": lambda item: [
            (each["url"], each["mime_type"], each["size_in_bytes"]) for each in item.get("attachments", [])
        ],
        "image": lambda item: item.get("image"),
        "language": lambda item: item.get("language"),
    },
)


def went_in(holder: Feed | Entry, name: str) -> Any:
    """Return a field in the form in which the readers report it."""
    value = getattr(holder, name)
    match name:
        case "authors":
            return [person.name for person in value]
        case "categories":
            return [(each.term, each.scheme, each.label) for each in value]
        case "enclosures":
            return [(each.url, each.type, each.length) for each in value]
        case "media":
            return [each.url for each in value]
        case "episode":
            return None if value is None else str(value.duration)
    return value


def compare(reader: Reader, response: Response, feed: Feed, kind: str) -> None:
    parsed = reader.parse(response)
    assert len(parsed.entries) == len(feed.entries)
    silent = reader.silent.get(kind, "").split()
    pairs: list[tuple[Any, Feed | Entry, Getters, frozenset[str]]] = [
        (parsed.feed, feed, reader.feed, CARRIED[kind].feed)
    ]
    for found, entry in zip(parsed.entries, feed.entries, strict=True):
        pairs.append((found, entry, reader.entry, CARRIED[kind].entry))
    for found, holder, getters, carried in pairs:
        for name in sorted(getters.keys() & carried - set(silent)):
            value = went_in(holder, name)
            if reader is FASTFEEDPARSER and name == "authors":
                value = value[:1]  # it reports the first author only
            if value or name not in reader.filled.split():
                assert getters[name](found) == value, f"{reader.name}: {name}"


XML_READERS = [FEEDPARSER, FASTFEEDPARSER]


@pytest.mark.slow
@pytest.mark.parametrize("kind", FORMATS)
def test_parsers_read_back_what_was_written(kind: FormatName) -> None:
    @given(documents(kind))
    @examples
    def check(document: tuple[Response, Feed]) -> None:
        response, feed = document
        for reader in [FASTFEEDPARSER, STANDARD_LIBRARY] if kind == "json" else XML_READERS:
            compare(reader, response, feed, kind)

    check()


@pytest.mark.parametrize(
    ("kind", "version"),
    [("rss", "rss20"), ("atom", "atom10"), ("rdf", "rss10"), ("rss091", "rss091u"), ("atom03", "atom03")],
)
def test_feedparser_recognizes_the_format(kind: FormatName, version: str) -> None:
    response = Feed(title="News", url="https://example.org/feed").render(kind)
    assert parse_with_feedparser(response).version == version


@pytest.mark.slow
@given(documents("rss", encodings=["utf-8", "utf-16", "windows-1251", "koi8-r", "iso-8859-15", "us-ascii"]))
@examples
def test_a_document_in_any_encoding_is_well_formed(document: tuple[Response, Feed]) -> None:
    response, feed = document
    assert isinstance(response.body, bytes)
    assert ET.fromstring(response.body).findtext("channel/title") == feed.title
