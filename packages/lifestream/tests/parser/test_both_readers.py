"""The strict reader and feedparser find the same in a document that both can read, except for listed differences."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given, seed, settings
from hypothesis import strategies as st

from feedserver.feeds.rendering import FormatName
from feedserver.strategies import documents
from lifestream.content.sanitizer import Sanitizer
from lifestream.entry import Entry, ParsedFeed
from lifestream.parser import NotAFeed, strict
from lifestream.parser.encoding import decode
from lifestream.parser.liberal_reading import LiberalReading
from lifestream.parser.preprocessing import with_renamed

pytestmark = pytest.mark.costly

URL: Final = "https://feeds.example/dir/feed.xml"
FEEDS: Final = Path(__file__).parents[1] / "feeds"
CORPUS: Final = Path(os.environ.get("LIFESTREAM_CORPUS") or Path(__file__).parents[5] / "shared" / "corpus")
SEED: Final = int(os.environ.get("LIFESTREAM_FUZZ_SEED") or 0)
"""The seed of a search (`scripts/search.py`), 0 in the suite."""
EXAMPLES: Final = int(os.environ.get("LIFESTREAM_READERS") or (2000 if SEED else 20))
"""How many documents of each of the five XML formats are generated, if LIFESTREAM_READERS does not say: 2,000 in a
search, 20 in the suite.
"""
SANITIZER: Final = Sanitizer()


def both(body: bytes) -> tuple[ParsedFeed, ParsedFeed] | None:
    """Return what each reader finds in a document; None if the strict reader refuses it or finds a flaw."""
    document = strict.read(decode(body).text)
    if document.root is None or document.flaw is not None:
        return None
    try:
        ours = strict.read_feed(document.root, URL, netscape=document.netscape)
    except NotAFeed:
        return None
    if ours is None:
        return None
    source = with_renamed(document.source.decode()).encode()
    return ours, LiberalReading(source, "", URL, netscape=document.netscape).read_whole()


def differences(ours: ParsedFeed, theirs: ParsedFeed) -> Iterator[tuple[str, Any, Any]]:
    """Yield the fields that differ, with what each reader has."""
    yield from _fields("feed", ours, theirs)
    if len(ours.entries) != len(theirs.entries):
        yield "entries", len(ours.entries), len(theirs.entries)
        return
    for mine, other in zip(ours.entries, theirs.entries, strict=True):
        yield from _fields("entry", mine, other)


def _fields(of: str, ours: ParsedFeed | Entry, theirs: ParsedFeed | Entry) -> Iterator[tuple[str, Any, Any]]:
    for field in fields(ours):
        mine, other = getattr(ours, field.name), getattr(theirs, field.name)
        if field.name in ("content", "summary") and mine != other:
            # Both may write the same elements differently, and feedparser keeps the div of XHTML.
            mine, other = _canonical(mine), _canonical(other)
        if field.name not in ("entries", *OURS_ALONE) and mine != other:
            yield f"{of}.{field.name}", mine, other


def _canonical(html: str) -> str:
    return SANITIZER.html(html, URL).removeprefix("<div>").removesuffix("</div>").strip()


OURS_ALONE: Final = ("based", "summary_base", "source", "episode")
"""Fields that feedparser doesn't have, or only in part."""
BASE64: Final = "a title in base64 is HTML if it looks like HTML (12)"
NAMES: Final = "markup in a name or a tag costs none of its words (11, 12)"
INSIDE: Final = "a feed inside a page is read as any other (8)"
# Documents in which the two readers find different values, by field, with the rule of reading.md that decides.
LISTED: Final[dict[str, dict[str, str]]] = {
    "feed.author": {
        "what is escaped twice is unescaped once (12)": (
            "itunes_feedburner.xml rss_channel_managingEditor_cdata_escaped_markup.xml"
        ),
        "the author that iTunes shows comes before the owner, in any order (11)": ("CRE.xml"),
        NAMES: "rss_channel_managingEditor_naked_markup.xml",
    },
    "entry.author": {
        "what is escaped twice is unescaped once (12)": "rss_channel_item_author_cdata_escaped_markup.xml",
        NAMES: "rss_channel_item_author_naked_markup.xml",
    },
    "entry.guid": {"dc:identifier is the id if there is no other (Dublin Core)": "dublincore_item_fields.xml"},
    "entry.link": {
        "feedburner:origLink is the link (10)": (
            "CRE.xml FeedBurnerXHTML.xml GiantRobotsSmashingIntoOtherGiantRobots.xml"
        ),
        "the player of a medium is the page of an entry without one (10)": "media_player1.xml",
        "rdf:about is the address of an item of RDF (RSS 1.0, 5.5)": (
            "rdf_item_description.xml rdf_item_description_cdata_escaped_markup.xml rdf_item_rdf_about.xml "
            "rdf_item_description_cdata_naked_markup.xml rdf_item_description_escaped_markup.xml rdf_item_title.xml "
            "rdf_item_description_naked_markup.xml rdf_item_title_cdata_escaped_markup.xml "
            "rdf_item_title_cdata_naked_markup.xml rdf_item_title_escaped_markup.xml rdf_item_title_naked_markup.xml"
        ),
        "an id that is no address is no link, nor is an id in a child (6)": "entry_id_xml_base.xml atom10_id.xml",
    },
    "entry.content": {
        "elements that are no HTML become text, and only one reader keeps their attributes (16)": "atomsvgdctitle.xml",
        "feedparser writes <br></br>, which is two line breaks in HTML (9)": ("FeedBurnerXHTML.xml pet_atom.xml"),
        "the summary of an item is no content (13)": (
            "item_description_and_summary.xml item_summary_and_description.xml"
        ),
        INSIDE: "DuplicateContentAtomFeed.xml",
        "a file in base64 that is text is text (9)": (
            "atom10_feed_entry_content_base64.xml atom10_feed_entry_content_base64_escaped_markup.xml "
            "entry_content_base64.xml entry_content_base64_2.xml"
        ),
    },
    "entry.summary": {
        "the summary of an item is no content (13)": "item_summary_and_description.xml",
        "a summary of RSS may be HTML (13)": "rss2.0simplechapter.xml",
    },
    "entry.updated": {"the first date that is understood counts (20)": "entry_updated_multiple_values.xml"},
    "entry.published": {"the first date that is understood counts (20)": "entry_created_multiple_values.xml"},
    "feed.link": {
        "an id that is no address is no link (10)": (
            "atom_simple_single_entry_link_self.xml google_alerts_atom.xml http_feed_id_base_content_location.xml "
            "http_feed_id_base_docuri.xml"
        ),
    },
    "feed.icon": {
        "the channel's image counts before that of iTunes": "itunes_feedburner.xml",
        "a logo is relative to xml:base (9)": "feed_logo_uri_base.xml",
        "the image of RDF is beside the channel (8)": "rdf_image_mixed_content.xml rdf_image_url.xml",
        "the resource of an image is its address (RSS 1.0, 5.3.5)": (
            "rdf_image_link.xml rdf_image_title.xml rdf_image_title_cdata_escaped_markup.xml "
            "rdf_image_title_cdata_naked_markup.xml rdf_image_title_escaped_markup.xml "
            "rdf_image_title_naked_markup.xml rss1.0withModules.xml rss1.0withModulesNoDefNS.xml "
            "rss1.0withModulesNoDefNSLocalNameClash.xml"
        ),
    },
    "feed.self_url": {"an empty reference is none": "feed_link_xml_base.xml feed_link_xml_base_iri.xml"},
    "feed.format": {
        "the namespace is that of Atom 0.3 (6)": "issue_275_atom03_version.xml",
        "no namespace tells which version of Atom it is (6)": "atomsimplechapterexternal.xml",
    },
    "entry.base": {
        "an id that is no address is no link, nor a base (14)": "atom10_id.xml",
        "the base is the link, which is feedburner:origLink (10, 14)": (
            "CRE.xml GiantRobotsSmashingIntoOtherGiantRobots.xml"
        ),
        "xml:base counts at every level, whether or not the entry has text (9)": (
            "entry_contributor_uri_base.xml entry_id_xml_base.xml entry_title_xml_base_inherit.xml "
            "entry_title_xml_base_inherit_2.xml feed_entry_author_uri_base.xml rss_channel_item_xml_base.xml "
            "http_relative_xml_base.xml http_relative_xml_base_2.xml malformed_base.xml relative_xml_base.xml "
            "relative_xml_base_2.xml unsafe_base.xml item_guid_isPermaLink_ValueError.xml "
            "item_guid_not_permalink_not_url.xml"
        ),
    },
    "entry.title": {
        BASE64: (
            "atom10_feed_entry_title_base64.xml atom10_feed_entry_title_base64_escaped_markup.xml "
            "entry_title_base64.xml entry_title_base64_2.xml"
        ),
        "a child's title is not its parent's (6)": "atom10_title.xml item_category_image.xml",
        "an entry without a title has that of its medium (10)": (
            "item_media_title1.xml item_media_title_type_plain.xml"
        ),
    },
    "entry.tags": {NAMES: "rss_channel_item_category_naked_markup.xml"},
    "entry.enclosures": {
        "feedburner:origEnclosureLink is the address (10)": "CRE.xml",
        "content with the address of a file is a file of the entry (9)": "GoogleDocsList.xml",
        "feedparser gives a link of Atom without a type the type text/html, so that it is no enclosure": (
            "entry_link_rel_enclosure.xml"
        ),
    },
    "feed.title": {
        BASE64: (
            "atom10_feed_title_base64.xml atom10_feed_title_base64_escaped_markup.xml "
            "feed_title_base64.xml feed_title_base64_2.xml"
        ),
        INSIDE: "DuplicateContentAtomFeed.xml",
    },
    "feed.subtitle": {
        BASE64: (
            "atom10_feed_subtitle_base64.xml atom10_feed_subtitle_base64_escaped_markup.xml "
            "feed_subtitle_base64.xml feed_subtitle_base64_2.xml"
        ),
    },
}
_IN: Final = {field: frozenset(" ".join(reasons.values()).split()) for field, reasons in LISTED.items()}
FILES: Final = [
    path
    for folder in (FEEDS, CORPUS, Path(os.environ.get("FEEDPARSER_TESTS") or "no-such-folder"))
    for path in sorted(folder.rglob("*"))
    if path.suffix in (".xml", ".rdf", ".atom", ".rss")
]


@pytest.mark.costly
def test_both_readers_find_the_same_in_each_document_except_for_listed_differences() -> None:
    found: dict[str, tuple[str, Any, Any]] = {}
    differing: set[tuple[str, str]] = set()
    read: list[str] = []
    for path in FILES:
        readings = both(path.read_bytes())
        if readings is None:
            continue
        read.append(path.name)
        for field, ours, theirs in differences(*readings):
            differing.add((field, path.name))
            if path.name not in _IN.get(field, ()):
                found[f"{path.name}: {field}"] = (path.parent.name, ours, theirs)

    assert not found
    listed = {(field, name) for field, names in _IN.items() for name in names.intersection(read)}
    assert listed - differing == set(), "these are listed, but the values are the same"
    assert len(read) >= len(list(FEEDS.rglob("*.xml")))


@pytest.mark.search
@pytest.mark.parametrize("format_", ["rss", "atom", "rdf", "rss091", "atom03"])
def test_both_readers_find_the_same_in_generated_documents(format_: FormatName) -> None:
    @seed(SEED)
    @settings(max_examples=EXAMPLES)
    @given(documents(format_))
    def read(drawn: tuple[Any, Any]) -> None:
        readings = both(drawn[0].body)
        assert readings is not None
        found = {name: (ours, theirs) for name, ours, theirs in differences(*readings) if name != "entry.link"}
        if "itunes" in drawn[0].body.decode("latin-1").replace("\0", ""):
            found.pop("feed.icon", None)  # the channel's image counts before that of iTunes
        if format_ == "rdf":
            found.pop("entry.base", None)  # that is the link, which may be rdf:about
        assert not found
        for mine, other in zip(readings[0].entries, readings[1].entries, strict=True):
            assert mine.link == other.link or (mine.link == mine.guid and format_ == "rdf")  # rdf:about

    read()


@given(st.one_of(documents("rss"), documents("atom")))
@settings(max_examples=20)
def test_the_strict_reader_finds_the_titles_and_the_number_of_enclosures_of_generated_documents(
    drawn: tuple[Any, Any],
) -> None:
    response, feed = drawn
    readings = both(response.body)

    assert readings is not None
    assert readings[0].title == feed.title
    assert [entry.title for entry in readings[0].entries] == [entry.title for entry in feed.entries]
    assert [len(entry.enclosures) for entry in readings[0].entries] == [len(entry.enclosures) for entry in feed.entries]
