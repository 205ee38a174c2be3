"""What is made of feedparser's result; test_both_readers.py compares it with what the strict reader finds."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from lifestream.entry import Enclosure, Entry, Media, ParsedFeed, Rhythm, Source
from lifestream.parser.feedparser_result import feed_of
from lifestream.parser.preprocessing import ASIDE
from lifestream.parser.second_reading import Scan, ScannedEntry
from lifestream.plugins.reading_notes import Notes

URL = "https://feeds.example/dir/feed.xml"
SITE = "https://site.example/"


def feed(found: dict[str, Any], version: str = "rss20", scanned: Scan | None = None) -> ParsedFeed:
    return feed_of({"feed": found, "version": version}, scanned or Scan(), URL)


def entry(found: dict[str, Any], version: str = "rss20", extra: ScannedEntry | None = None, **of_feed: Any) -> Entry:
    """Return what is made of *found*, the single entry of a feed with the fields *of_feed*."""
    scanned = Scan(entries=[extra or ScannedEntry()])
    result = {"feed": {"link": SITE, **of_feed}, "entries": [found], "version": version}
    [made] = feed_of(result, scanned, URL).entries
    return made


def html(value: str, **more: str) -> dict[str, str]:
    return {"type": "text/html", "value": value, **more}


def test_each_field_of_a_feed_has_its_place() -> None:
    found = {
        "title": "T",
        "link": SITE,
        "subtitle": "S",
        "author": "Ada",
        "language": "de",
        "icon": "i.png",
        "links": [{"rel": "alternate", "href": SITE}, {"rel": "self", "href": "/me"}, {"rel": "hub", "href": "/hub"}],
        "generator": "G",
        "ttl": "60",
        "sy_updateperiod": "daily",
        "sy_updatefrequency": "2",
    }
    scanned = Scan(skip_hours={1}, skip_days={2})
    assert feed(found, "atom10", scanned) == ParsedFeed(
        title="T",
        link=SITE,
        subtitle="S",
        author="Ada",
        language="de",
        icon=f"{SITE}i.png",
        self_url="https://feeds.example/me",
        hub_url="https://feeds.example/hub",
        generator="G",
        format="atom10",
        rhythm=Rhythm(3600, 43200, frozenset({1}), frozenset({2})),
    )


def test_a_result_without_anything_is_an_empty_feed() -> None:
    assert feed_of({}, Scan(), URL) == ParsedFeed()


def test_each_field_of_an_entry_has_its_place() -> None:
    found = {
        "id": "1",
        "link": "/1",
        "title": "T",
        "author": "Ada",
        "published": "2020-01-02T03:04:05Z",
        "updated": "2021-01-02T03:04:05Z",
        "content": [html("<p>c</p>", base="https://base.example/")],
        "summary_detail": html("<p>s</p>"),
        "tags": [{"term": "a"}, {"term": "b", "label": "B"}],
        "links": [{"rel": "enclosure", "href": "a.mp3", "type": "Audio/MPEG", "length": "5"}],
        "itunes_duration": "1:00",
        "media_content": [{"url": "m.png"}],
        "language": "de",
        "source": {"title": "From", "href": "/from"},
    }
    assert entry(found) == Entry(
        guid="1",
        link=f"{SITE}1",
        title="T",
        author="Ada",
        published=datetime(2020, 1, 2, 3, 4, 5, tzinfo=UTC),
        updated=datetime(2021, 1, 2, 3, 4, 5, tzinfo=UTC),
        content="<p>c</p>",
        summary="<p>s</p>",
        tags=("a", "B"),
        enclosures=(Enclosure("https://base.example/a.mp3", "audio/mpeg", 5, 60),),
        media=(Media(url="https://base.example/m.png"),),
        language="de",
        base="https://base.example/",
        based=True,
        source=Source("From", f"{SITE}from"),
    )


def test_an_entry_without_anything_is_empty() -> None:
    assert entry({}) == Entry(base=SITE)


@pytest.mark.parametrize(
    ("found", "author"),
    [
        ({"author": "Ada", "source": {"author": "Bob"}}, "Ada"),
        ({"source": {"author": "Bob"}}, "Bob"),
        ({"authors": [{"name": "Ada", "email": "a@site.example"}, {"name": "Bob"}], "author": "Eve"}, "Ada, Bob"),
        ({"authors": [{"email": "a@site.example"}]}, "a@site.example"),
        ({"authors": [{}], "author": "Eve"}, "Eve"),
    ],
)
def test_an_author_is_that_of_the_entry_or_else_of_its_source(found: dict[str, Any], author: str) -> None:
    assert entry(found, "atom10", author="Of the feed").author == author


@pytest.mark.parametrize(("version", "author"), [("atom10", "Of the feed"), ("rss20", "")])
def test_an_entry_without_an_author_has_that_of_the_feed_only_in_atom(version: str, author: str) -> None:
    assert entry({}, version, author="Of the feed").author == author


@pytest.mark.parametrize(
    ("found", "subtitle"),
    [
        ({"subtitle": "a", f"itunes_{ASIDE}summary": "b"}, "a"),
        ({f"itunes_{ASIDE}summary": "b", f"itunes_{ASIDE}subtitle": "c"}, "b"),
        ({f"itunes_{ASIDE}subtitle": "c"}, "c"),
    ],
)
def test_a_feed_without_a_subtitle_has_what_itunes_shows(found: dict[str, Any], subtitle: str) -> None:
    assert feed(found).subtitle == subtitle


@pytest.mark.parametrize(
    ("found", "icon"),
    [
        ({"icon": "a", "webfeeds_icon": "b", "logo": "c", "image": {"href": "d", "url": "e"}}, "a"),
        ({"webfeeds_icon": "b", "logo": "c", "image": {"href": "d", "url": "e"}}, "b"),
        ({"logo": "c", "image": {"href": "d", "url": "e"}}, "c"),
        ({"image": {"href": "d", "url": "e"}}, "d"),
        ({"image": {"url": "e"}}, "e"),
    ],
)
def test_an_icon_is_that_of_the_feed_or_else_its_image(found: dict[str, Any], icon: str) -> None:
    assert feed({**found, "link": SITE}).icon == f"{SITE}{icon}"


ALTERNATE = {"rel": "alternate", "href": "/a"}


@pytest.mark.parametrize(
    ("found", "link"),
    [
        ({"id": "1", "link": "/1"}, f"{SITE}1"),
        ({"id": "1", "link": "1"}, ""),
        ({"id": "1", "link": "1", "links": [ALTERNATE]}, f"{SITE}a"),
        ({"id": "/1", "link": "/1", "links": [ALTERNATE]}, f"{SITE}1"),
        ({"links": [{"rel": "self", "href": "/s"}, {"rel": "alternate"}, ALTERNATE, {"href": "/b"}]}, f"{SITE}a"),
        ({"links": [{"href": "/b"}]}, f"{SITE}b"),
        ({"link": "http://[x"}, ""),
        ({"link": f"http://a{chr(0x301) * 64}/"}, ""),
    ],
)
def test_a_link_is_an_address_of_the_entrys_page(found: dict[str, Any], link: str) -> None:
    assert entry(found).link == link


@pytest.mark.parametrize(
    ("bodies", "content", "base"),
    [
        ([html("a", base="/b/"), html("longer")], "longer", ""),
        ([html("a", base="/b/"), {"type": "text/plain", "value": "a longer text"}], "a", "/b/"),
        ([{"type": "text/plain", "value": "1 < 2"}], "<p>1 &lt; 2</p>", ""),
        ([{"type": "image/png", "value": "iVBORw0KGgo"}, html("a")], "a", ""),
        ([{"type": "image/png", "value": "iVBORw0KGgo"}], "", "/s/"),
        ([{"value": "<b>a</b>"}, {"type": "text/plain", "value": ""}], "<b>a</b>", ""),
        ([], "", "/s/"),
    ],
)
def test_of_several_contents_html_comes_before_text_and_longer_html_before_shorter(
    bodies: list[dict[str, str]], content: str, base: str
) -> None:
    found = entry({"content": bodies, "summary_detail": {"type": "text/plain", "value": "", "base": "/s/"}})
    assert found.content == content
    assert (found.base, found.based) == ((f"https://feeds.example{base}", True) if base else (SITE, False))


def test_the_address_of_the_document_does_not_count_as_a_base() -> None:
    found = entry({"link": "/1", "content": [html("a", base=URL)]})
    assert (found.base, found.based) == (f"{SITE}1", False)


@pytest.mark.parametrize(
    ("found", "summary"),
    [
        ({"summary_detail": html("<b>a</b>"), "summary": "b"}, "<b>a</b>"),
        ({"summary_detail": {"type": "text/plain", "value": "1 < 2"}}, "<p>1 &lt; 2</p>"),
        ({"summary": "<b>a</b>", "googleplay_description": "b"}, "<b>a</b>"),
        ({"summary_detail": html(""), "summary": "<b>a</b>"}, "<b>a</b>"),
        ({"summary": "c", "content": [html("c")]}, ""),
        ({"summary": "c", "content": [html("c")], "googleplay_description": "g"}, "<p>g</p>"),
        ({f"itunes_{ASIDE}summary": "i", "googleplay_description": "g"}, "<p>i</p>"),
        ({"googleplay_description": "g", f"itunes_{ASIDE}subtitle": "s"}, "<p>g</p>"),
        ({f"itunes_{ASIDE}subtitle": "1 < 2"}, "<p>1 &lt; 2</p>"),
        ({"content": [html("c")], "summary_detail": html("c")}, ""),
    ],
)
def test_a_summary_is_not_the_content_once_more(found: dict[str, Any], summary: str) -> None:
    assert entry(found).summary == summary


@pytest.mark.parametrize(
    ("found", "source"),
    [
        ({"title": "T"}, Source("T", "")),
        ({"href": "/h", "link": "/l"}, Source("", f"{SITE}h")),
        ({"link": "/l"}, Source("", f"{SITE}l")),
        ({"author": "Ada"}, None),
    ],
)
def test_a_source_has_a_title_or_an_address(found: dict[str, Any], source: Source | None) -> None:
    assert entry({"source": found}).source == source


@pytest.mark.parametrize(
    ("found", "published", "updated"),
    [
        ({"published": "2020-01-01", "created": "2019-01-01"}, 2020, None),
        ({"created": "2019-01-01", "updated": "2021-01-01"}, 2019, 2021),
        ({"published": "yesterday", "created": "2019-01-01"}, 2019, None),
    ],
)
def test_an_entry_without_a_date_of_publication_has_that_of_its_creation(
    found: dict[str, Any], published: int, updated: int | None
) -> None:
    made = entry(found)
    assert made.published is not None and made.published.year == published
    assert (made.updated and made.updated.year) == updated


@pytest.mark.parametrize("name", ["published", "updated", "created"])
@pytest.mark.parametrize("of_feed", [True, False])
def test_another_date_of_the_document_decides_an_ambiguous_one(name: str, of_feed: bool) -> None:
    ambiguous, other = {"published": "03/04/2020"}, {name: "25/04/2020"}
    result: dict[str, Any] = {"feed": other, "entries": [ambiguous]} if of_feed else {"entries": [ambiguous, other]}
    notes = Notes()

    made = feed_of(result, Scan(), URL, notes).entries[0]

    assert made.published == datetime(2020, 4, 3, tzinfo=UTC)
    assert notes.dates[made.published][0] == "03/04/2020"


ENCLOSURE = {"rel": "enclosure", "href": "/a", "type": "audio/mpeg"}


@pytest.mark.parametrize(
    ("links", "files"),
    [
        ([ENCLOSURE, ENCLOSURE], [Enclosure(f"{SITE}a", "audio/mpeg", None, 60)]),
        ([{**ENCLOSURE, "type": "Video/MP4"}], [Enclosure(f"{SITE}a", "video/mp4", None, 60)]),
        ([{**ENCLOSURE, "type": "text/html"}], [Enclosure(f"{SITE}a", "", None, 60)]),
        ([{**ENCLOSURE, "type": "application/pdf", "length": "0"}], [Enclosure(f"{SITE}a", "application/pdf")]),
        ([{**ENCLOSURE, "length": "7"}], [Enclosure(f"{SITE}a", "audio/mpeg", 7, 60)]),
        (
            [
                ENCLOSURE,
                {**ENCLOSURE, "href": ""},
                {**ENCLOSURE, "rel": "related", "href": "/b"},
                {**ENCLOSURE, "href": "/c"},
            ],
            [Enclosure(f"{SITE}a", "audio/mpeg", None, 60), Enclosure(f"{SITE}c", "audio/mpeg", None, 60)],
        ),
    ],
)
def test_each_file_is_named_once_and_has_a_duration_if_it_can_be_played(
    links: list[dict[str, str]], files: list[Enclosure]
) -> None:
    assert entry({"links": links, "itunes_duration": "60"}).enclosures == tuple(files)


@pytest.mark.parametrize(
    ("found", "language"),
    [
        ({"language": "de", "content": [html("a", language="fr")]}, "de"),
        ({"content": [html("a"), html("a", language="fr")], "summary_detail": html("a", language="it")}, "fr"),
        ({"summary_detail": html("a", language="it"), "title_detail": html("a", language="es")}, "it"),
        ({"title_detail": html("a", language="es")}, "es"),
        ({}, "en"),
    ],
)
def test_a_language_is_that_of_the_entry_else_of_its_texts_else_of_the_feed(
    found: dict[str, Any], language: str
) -> None:
    assert entry(found, language="en").language == language


@pytest.mark.parametrize(
    ("version", "detail", "title"),
    [
        ("rss20", {"value": "a <b>b</b> &amp;amp; c"}, "a b &amp; c"),
        ("rss20", {"type": "text/plain", "value": "<![CDATA[a]]> "}, "a"),
        ("atom10", {"type": "text/plain", "value": " a <b>b</b> &amp; c "}, "a <b>b</b> &amp; c"),
        ("atom10", {"type": "text/plain", "value": " <![CDATA[a]]> "}, "a"),
        ("atom10", {"type": "text/html", "value": "a <b>b</b>"}, "a b"),
        ("atom10", {"type": "application/xhtml+xml", "value": "a <b>b</b>"}, "a b"),
        ("atom10", {}, "From the title"),
        ("rss20", {"value": ""}, ""),
    ],
)
def test_a_title_is_read_as_html_if_its_type_is_html_and_in_rss_if_it_looks_like_html(
    version: str, detail: dict[str, str], title: str
) -> None:
    assert entry({"title_detail": detail, "title": "From the title"}, version).title == title
    assert feed({"title_detail": detail, "title": "From the title"}, version).title == title


SAID = {f"media_{ASIDE}title": "T", f"media_{ASIDE}description": "D"}


@pytest.mark.parametrize(
    ("found", "media"),
    [
        (
            {
                "media_content": [{"url": "/a", "type": "Video/MP4", "filesize": "5", "duration": "60"}, {"url": "/b"}],
                "media_thumbnail": [{"url": "/t"}, {"url": "/u"}],
                "media_player": {"url": "/p"},
                **SAID,
            },
            [
                Media(f"{SITE}a", "video/mp4", f"{SITE}t", f"{SITE}p", "T", "D", 5, 60),
                Media(f"{SITE}b", "", f"{SITE}t", f"{SITE}p", "T", "D"),
            ],
        ),
        ({"media_thumbnail": [{"url": "/t"}], **SAID}, [Media(thumbnail=f"{SITE}t", title="T", description="D")]),
        ({"media_player": {"url": "/p"}}, [Media(player=f"{SITE}p")]),
        (SAID, []),
        ({"media_content": [{"url": "/a", "filesize": "0"}], "image": {"href": "/i"}}, [Media(f"{SITE}a")]),
        ({"image": {"href": "/i"}}, [Media(type="image/*", thumbnail=f"{SITE}i")]),
        ({"image": {"width": 1}}, []),
    ],
)
def test_the_media_of_an_entry_are_one_list(found: dict[str, Any], media: list[Media]) -> None:
    assert entry(found).media == tuple(media)


def test_media_that_our_own_scan_has_found_take_precedence() -> None:
    extra = ScannedEntry(media=[Media(url="/scanned")])
    assert entry({"media_content": [{"url": "/a"}]}, extra=extra).media == (Media(url=f"{SITE}scanned"),)


def test_an_entry_has_at_most_100_media() -> None:
    contents = [{"url": f"/{number}"} for number in range(101)]
    assert len(entry({"media_content": contents[:100]}).media) == len(entry({"media_content": contents}).media) == 100


@pytest.mark.parametrize(
    ("written", "found", "guid"),
    [
        ("a", f"{SITE}a", "a"),
        ("../a", f"{SITE}a", "../a"),
        (" a  b ", "a b", " a  b "),
        ("a", "b", "b"),
        ("a", "", "a"),
        (None, "b", "b"),
    ],
)
def test_a_guid_is_spelled_as_in_the_document_unless_feedparser_found_another(
    written: str | None, found: str, guid: str
) -> None:
    extra = ScannedEntry(guid=written, media=[Media(url="/scanned")])
    made = entry({"id": found}, extra=extra)
    assert made.guid == guid
    assert bool(made.media) is (guid == written or written is None)


@pytest.mark.parametrize(
    ("scanned", "broken", "guids"),
    [
        (["x/1", "x/2"], False, ["x/1", "x/2"]),
        (["x/1"], False, ["1", "2"]),
        (["x/1", "x/2", "x/3"], False, ["1", "2"]),
        (["x/1"], True, ["x/1", "2"]),
    ],
)
def test_what_our_own_scan_found_is_used_if_it_has_as_many_entries_or_was_stopped(
    scanned: list[str], broken: bool, guids: list[str]
) -> None:
    entries = [ScannedEntry(guid=guid.replace("x/", "./")) for guid in scanned]
    made = feed_of({"entries": [{"id": "1"}, {"id": "2"}]}, Scan(entries=entries, broken=broken), URL).entries
    assert [each.guid for each in made] == [guid.replace("x/", "./") for guid in guids]


def test_a_value_that_is_no_text_is_ignored() -> None:
    assert feed({"generator": {"href": "x"}, "link": ["/a"], "language": None}) == ParsedFeed(format="rss20")
