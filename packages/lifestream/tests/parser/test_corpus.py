"""Real feeds, if they are available: in `LIFESTREAM_CORPUS`, or in `shared/corpus` beside the checkout.

Feedjira's files are compared with feedparser: each entry that feedparser finds must be found. Gofeed's files have
gofeed's results beside them; if the results of lifestream differ, and are right, too, the reason is listed here.
"""

from __future__ import annotations

import io
import json
import os
from calendar import timegm
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import feedparser
import pytest

from lifestream.content.plaintext import text_of
from lifestream.content.sanitizer import Sanitizer
from lifestream.entry import Entry
from lifestream.parser import NotAFeed, parse
from lifestream.plugins import Registry
from lifestream.plugins.item_pipeline import prepare

pytestmark = pytest.mark.costly

CORPUS = Path(os.environ.get("LIFESTREAM_CORPUS") or Path(__file__).parents[5] / "shared" / "corpus")
FEEDJIRA = sorted((CORPUS / "feedjira" / "feeds").glob("*"))
GOFEED = sorted((CORPUS / "gofeed").rglob("*.xml"))
URL = "https://feeds.example/dir/feed.xml"
REGISTRY = Registry(use_entry_points=False)

SINGLE_ENTRIES = {
    # Each contains the inside of one entry, without a feed around it.
    "AmazonWebServicesBlogFirstEntryContent.xml",
    "HREFConsideredHarmfulFirstEntry.xml",
    "PaulDixExplainsNothingFirstEntryContent.xml",
    "TechCrunchFirstEntry.xml",
    "TechCrunchFirstEntryDescription.xml",
    "TenderLovemakingFirstEntry.xml",
}

READ_DIFFERENTLY = {
    "dublincore_item_fields.xml": "a dc:date may be that of an edit",
    "atom10_feed_entry_category_scheme.xml": "a category without a term is no tag",
    "atom10_feed_entry_content_src.xml": "content at another address is not fetched",
    "entry_id_xml_base.xml": "an id is kept as it is spelled",
    "issue_275_extensions_and_source.xml": "JSON and films are no text to show, and dc:subject is a tag",
    "issue_275_channel_item_extensions.xml": "dc:subject is a tag",
    "rss_channel_item_guid_naked_markup.xml": "elements in a guid are not part of it",
    "rss_channel_item_uri_at_protocol.xml": "the link is its attribute uri, as in feedparser",
}


def expectation_of(path: Path) -> Path:
    return path.with_name(path.name.removesuffix(".xml").removesuffix(".xml") + ".json")


def for_each(paths: list[Path]) -> pytest.MarkDecorator:
    if not paths:
        return pytest.mark.skip(reason=f"there are no feeds in {CORPUS}; set LIFESTREAM_CORPUS")
    return pytest.mark.parametrize("path", paths, ids=lambda path: path.name)


@for_each([path for path in FEEDJIRA if path.suffix == ".xml" and path.name not in SINGLE_ENTRIES])
def test_every_entry_that_feedparser_finds_is_found(path: Path) -> None:
    body = path.read_bytes()
    headers = {"content-type": "application/xml", "content-location": URL}
    expected = feedparser.parse(io.BytesIO(body), response_headers=headers)
    feed = parse(body, {"Content-Type": "application/xml"}, URL)
    prepared = prepare(feed, REGISTRY.plugin_for(feed, ""), Sanitizer())

    assert feed.format == expected.version
    assert feed.title or not dict.get(expected.feed, "title")
    assert len(prepared.items) == len(expected.entries)
    for item, entry in zip(prepared.items, expected.entries, strict=True):
        assert item.title == " ".join(text_of(dict.get(entry, "title", "")).split())
        assert item.link == (dict.get(entry, "feedburner_origlink") or dict.get(entry, "link", item.link))
        assert item.published == date_of(entry)
        assert bool(item.content) == has_text(entry), item.guid
        files = {link.href for link in entry.get("enclosures", [])}
        files |= {
            body.src for body in entry.get("content", []) if body.get("src") and not body.type.startswith("text/")
        }
        assert len(item.enclosures) == len(files)


def has_text(entry: Any) -> bool:
    """Return whether an entry has content in the document, and not only the address of its content."""
    return bool(dict.get(entry, "summary") or any(body.value for body in dict.get(entry, "content", [])))


def date_of(entry: Any) -> datetime | None:
    found = dict.get(entry, "published_parsed") or dict.get(entry, "updated_parsed")
    return datetime.fromtimestamp(timegm(found), UTC) if found else None


@for_each([path for path in FEEDJIRA if path.name in SINGLE_ENTRIES])
def test_single_entries_are_no_feeds(path: Path) -> None:
    with pytest.raises(NotAFeed, match=r"^no RSS, Atom, RDF or JSON Feed was found in it$"):
        parse(path.read_bytes(), {}, URL)


@for_each([path for path in FEEDJIRA if path.suffix == ".json"])
def test_json_feeds_are_read(path: Path) -> None:
    body = path.read_bytes()
    items = json.loads(body)["items"]
    entries = parse(body, {}, URL).entries

    assert [entry.guid for entry in entries] == [str(item["id"]) for item in items]
    assert [entry.link for entry in entries] == [item["url"] for item in items]
    assert all(entry.content and entry.published for entry in entries)


@for_each([path for path in GOFEED if expectation_of(path).is_file() and path.name not in READ_DIFFERENTLY])
def test_gofeed_finds_the_same(path: Path) -> None:
    expected = json.loads(expectation_of(path).read_bytes())
    feed = parse(path.read_bytes(), {}, URL)
    items = expected.get("items") or expected.get("entries") or []

    assert is_text_of(feed.title, expected.get("title"))
    assert feed.rhythm.ttl == (int(expected["ttl"]) * 60 if "ttl" in expected else None)
    assert len(feed.entries) == len(items)
    for entry, item in zip(feed.entries, items, strict=True):
        compare(entry, item)


@for_each([path for path in GOFEED if expectation_of(path).is_file() and path.name in READ_DIFFERENTLY])
def test_gofeed_finds_something_else_in_the_files_that_are_listed_as_read_differently(path: Path) -> None:
    with pytest.raises(AssertionError):
        test_gofeed_finds_the_same(path)


def compare(entry: Entry, item: dict[str, Any]) -> None:
    links = [link for link in item.get("links", []) if isinstance(link, dict)]
    link = item.get("link") or next((link.get("href") for link in links if link.get("rel") == "alternate"), None)
    guid = item.get("guid") or item.get("id")
    content = item.get("content") or item.get("description") or item.get("summary")
    tags = {tag.get("value") or tag.get("term") if isinstance(tag, dict) else tag for tag in item.get("categories", [])}
    enclosures = item.get("enclosures") or [item["enclosure"]] if "enclosure" in item else []
    assert is_text_of(entry.title, item.get("title"))
    if link:
        assert entry.link == link
    if guid:
        assert entry.guid == (guid["value"] if isinstance(guid, dict) else guid)
    if published := item.get("publishedParsed") or item.get("pubDateParsed"):
        assert entry.published == datetime.fromisoformat(published)
    if updated := item.get("updatedParsed"):
        assert entry.updated == datetime.fromisoformat(updated)
    assert bool(entry.content or entry.summary) == bool(content)
    assert len(entry.tags) == len(tags)
    assert len(entry.enclosures) == len(enclosures)


def is_text_of(ours: str, theirs: str | None) -> bool:
    """Return whether *ours* is the text of *theirs*, which may contain markup."""
    return ours in {" ".join((theirs or "").split()), " ".join(text_of(theirs or "").split())}
