"""Reading a document in this process: every format, and variants that real servers send."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from lifestream.entry import Enclosure, Entry, Media, ParsedFeed, Rhythm
from lifestream.parser import parse
from parsed import URL, atom, only_entry, parse_file, rss


def test_rss_20_is_read_with_all_its_modules() -> None:
    feed = parse_file("rss20.xml")

    assert feed == ParsedFeed(
        title="Salt & Tide",
        link="https://salt.example/",
        subtitle="Notes from a harbour",
        language="en-GB",
        icon="https://salt.example/icon.png",
        self_url="https://salt.example/feed.xml",
        hub_url="https://hub.example/",
        generator="Ropewalk 3.1",
        format="rss20",
        encoding="utf-8",
        rhythm=Rhythm(ttl=5400, update_interval=43200, skip_hours=frozenset({0, 3, 23}), skip_days=frozenset({5, 6})),
        entries=(
            Entry(
                guid="nets/7",
                link="https://salt.example/nets?a=1&b=2",
                title="Mending nets & minds",
                author="Ada Quay",
                published=datetime(2026, 1, 6, 9, tzinfo=UTC),
                updated=datetime(2026, 1, 7, tzinfo=UTC),
                content='<p>All about <a href="/knots">nets</a>.</p>',
                summary="A short word about nets.",
                tags=("Nets", "Rope"),
                enclosures=(Enclosure("https://salt.example/nets.mp3", "audio/mpeg", 4096, 3723),),
                media=(
                    Media(
                        url="https://salt.example/large.jpg",
                        type="image/jpeg",
                        thumbnail="https://salt.example/thumb.jpg",
                        title="Net, drying",
                        description="A net",
                    ),
                    Media(url="https://cdn.example/film", type="video/*", player="https://film.example/7"),
                ),
                language="en-GB",
                base="https://salt.example/nets?a=1&b=2",
            ),
            Entry(
                guid="https://salt.example/two",
                link="https://salt.example/two",
                title="No more than this",
                language="en-GB",
                base="https://salt.example/two",
            ),
        ),
    )


def test_atom_10_is_read_with_xml_base_and_every_kind_of_text() -> None:
    feed = parse_file("atom10.xml")

    assert feed == ParsedFeed(
        title="Kiln & Clay",
        link="https://kiln.example/blog/",
        subtitle="Glazes <3",
        author="Bo Slip",
        language="de",
        icon="https://kiln.example/blog/icon.png",
        self_url="https://kiln.example/blog/atom.xml",
        generator="Throw",
        format="atom10",
        encoding="utf-8",
        entries=(
            Entry(
                guid="entries/1",
                link="https://kiln.example/blog/one",
                title="Use &lt; with care",
                author="Bo Slip",
                published=datetime(2026, 2, 1, 1, 30, tzinfo=UTC),
                updated=datetime(2026, 2, 1, 2, tzinfo=UTC),
                content='<p>See <a href="two">two</a>.</p>',
                summary="<p>Two &lt; three</p>",
                tags=("Glaze & slip",),
                enclosures=(Enclosure("https://kiln.example/blog/sound/1.ogg", "audio/ogg", 77),),
                language="de",
                base="https://kiln.example/blog/deep/",
                based=True,
                summary_base="https://kiln.example/blog/",
            ),
            Entry(
                guid="urn:kiln:2",
                link="https://kiln.example/blog/two",
                title="Bold & brave",
                author="Ann, Cy",
                updated=datetime(2026, 1, 30, tzinfo=UTC),
                content="<p>One<br>two &lt;three&gt;</p>",
                language="fr",
                base="https://kiln.example/blog/",
                based=True,
            ),
        ),
    )


def test_rss_10_is_read_with_dublin_core() -> None:
    feed = parse_file("rss10.rdf")

    assert (feed.format, feed.title, feed.language) == ("rss10", "Atlas", "nl")
    assert feed.rhythm == Rhythm(update_interval=7 * 24 * 3600)
    assert feed.entries == (
        Entry(
            guid="https://atlas.example/1",
            link="https://atlas.example/1",
            title="The Low Countries",
            author="M. Cator",
            updated=datetime(2026, 3, 1, 11, tzinfo=UTC),
            content="<p>Flat, and wet.</p>",
            summary="Flat.",
            tags=("maps",),
            language="nl",
            base="https://atlas.example/1",
        ),
    )


@pytest.mark.parametrize(
    ("name", "format_", "title", "entry"),
    [
        (
            "rss091.xml",
            "rss091n",
            "Old News",
            Entry(
                link="https://old.example/1",
                title="Still here",
                summary="Yes.",
                language="en",
                base="https://old.example/1",
            ),
        ),
        (
            "rss092.xml",
            "rss092",
            "Less Old News",
            Entry(
                summary="Titles are optional now.",
                enclosures=(Enclosure("https://old.example/1.mp3", "audio/mpeg", 10),),
                base="https://old.example/",
            ),
        ),
        (
            "atom03.xml",
            "atom03",
            "Draft",
            Entry(
                guid="urn:draft:1",
                link="https://draft.example/1",
                title="Before the standard",
                published=datetime(2003, 12, 31, 12, tzinfo=UTC),
                updated=datetime(2004, 1, 1, tzinfo=UTC),
                content="<p>Hello</p>",
                base="https://draft.example/1",
            ),
        ),
    ],
)
def test_older_formats_are_read(name: str, format_: str, title: str, entry: Entry) -> None:
    feed = parse_file(name)

    assert (feed.format, feed.title, feed.entries) == (format_, title, (entry,))


def test_json_feed_11_is_read_without_values_of_the_wrong_type() -> None:
    feed = parse_file("jsonfeed11.json")

    first, second, third = feed.entries
    assert (feed.format, feed.title, feed.subtitle) == ("json11", "Loom & Thread", "Weaving")
    assert (feed.link, feed.self_url) == ("https://loom.example/", "https://loom.example/feed.json")
    assert (feed.icon, feed.hub_url) == ("https://loom.example/icon.png", "https://hub.example/")
    assert (feed.author, feed.language) == ("Eve Warp, Nils Weft", "sv")
    assert first == Entry(
        guid="loom/1",
        link="https://loom.example/1",
        title="Warp < weft",
        author="Guest",
        published=datetime(2026, 4, 1, 7, tzinfo=UTC),
        updated=datetime(2026, 4, 2, 9, tzinfo=UTC),
        content='<p>Over, <a href="2">under</a>.</p>',
        summary="<p>Over &amp; under</p>",
        tags=("weaving", "7", "wool"),
        enclosures=(Enclosure("https://loom.example/1.mp3", "audio/mpeg", 12345, 61),),
        media=(Media("https://loom.example/1.jpg", "image/*", "https://loom.example/1.jpg"),),
        language="nb",
        base="https://loom.example/1",
    )
    assert (second.guid, second.link) == ("2", "https://elsewhere.example/2")
    assert second.content == "<p>Line one<br>line &lt;two&gt;</p>\n<p>Next</p>"
    assert third == Entry(author="Eve Warp, Nils Weft", language="sv", base="https://loom.example/")


def test_json_feed_10_is_read() -> None:
    feed = parse_file("jsonfeed10.json")

    assert (feed.format, feed.author, feed.icon) == ("json10", "Eve Warp", "https://loom.example/favicon.ico")
    assert [entry.guid for entry in feed.entries] == ["1"]


@pytest.mark.parametrize("url", [URL, "https://moved.example/elsewhere/feed"])
@pytest.mark.parametrize(
    "guid", ["posts/1", "/posts/1", "?p=1", "https://a.example//x", "http://[half", "tag:x,2026:1"]
)
def test_a_guid_is_kept_as_it_is_spelled_whatever_the_address_of_the_feed(guid: str, url: str) -> None:
    in_rss = rss(f"<item><guid isPermaLink='true'>{guid}</guid></item>")
    in_atom = atom(f"<id>{guid}</id>").replace(b"<feed ", b"<feed xml:base='https://base.example/' ")

    assert only_entry(in_rss, url=url).guid == guid
    assert only_entry(in_atom, url=url).guid == guid


def test_items_of_other_vocabularies_do_not_mix_up_the_guids() -> None:
    other = '<o:item xmlns:o="urn:other"><guid>no</guid></o:item>'
    body = rss(
        f"{other}<item><guid>1</guid>{other}</item>{other}<item><title>none</title></item><item><guid>3</guid></item>"
    )

    assert [entry.guid for entry in parse(body, {}, URL).entries] == ["1", "", "3"]


def test_a_prefixed_feed_keeps_its_guids() -> None:
    body = b'<a:feed xmlns:a="http://www.w3.org/2005/Atom"><a:entry><a:id>x/1</a:id></a:entry></a:feed>'

    assert only_entry(body).guid == "x/1"


def test_lone_surrogates_in_json_are_replaced() -> None:
    body = b'{"version": "https://jsonfeed.org/version/1.1", "items": [{"id": "\\ud800", "title": "a\\udfff\\u0000b"}]}'
    entry = only_entry(body)

    assert (entry.guid, entry.title) == ("\ufffd", "a\ufffdb")


def test_a_number_in_json_that_is_too_long_costs_no_item() -> None:
    body = f'{{"version": "https://jsonfeed.org/version/1.1", "items": [{{"id": {"9" * 5000}}}, {{"id": 2}}]}}'

    assert [entry.guid for entry in parse(body.encode(), {}, URL).entries] == ["9" * 5000, "2"]


@pytest.mark.slow
def test_a_feed_of_20_000_entries_is_read_whole() -> None:
    items = "".join(f"<item><title>{n}</title><guid>{n}</guid></item>" for n in range(20_000))

    assert [entry.guid for entry in parse(rss(items), {}, URL).entries] == [str(n) for n in range(20_000)]


def test_long_titles_and_guids_and_deep_markup_are_read() -> None:
    deep = "&lt;div&gt;" * 100_000
    title, guid = "t" * 10_000, "g" * 5_000
    entry = only_entry(rss(f"<item><title>{title}</title><guid>{guid}</guid><description>{deep}</description></item>"))

    assert (entry.title, entry.guid, len(entry.summary)) == (title, guid, 500_000)


@pytest.mark.slow
def test_elements_nested_100_000_deep_are_read() -> None:
    deep = f"<content type='xhtml'>{'<div>' * 100_000}Text{'</div>' * 100_000}</content>"
    entry = only_entry(atom(f"<id>1</id>{deep}"))

    assert (entry.guid, "Text" in entry.content) == ("1", True)


def test_headers_may_be_written_in_any_case() -> None:
    body = rss("<item><title>Привет</title></item>").decode().encode("koi8-r")

    for name in ("CONTENT-TYPE", "Content-Type", "content-type"):
        assert parse(body, {name: "text/xml; charset=koi8-r"}, URL).entries[0].title == "Привет"
