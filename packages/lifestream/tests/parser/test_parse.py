"""Reading a document, in this process: every format, and everything that servers make of them."""

from __future__ import annotations

import codecs
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lifestream.entry import Enclosure, Entry, Media, ParsedFeed, Rhythm
from lifestream.parser import NotAFeed, parse

FORMATS = Path(__file__).parents[1] / "feeds" / "formats"
URL = "https://feeds.example/dir/feed.xml"


def parse_file(name: str) -> ParsedFeed:
    return parse((FORMATS / name).read_bytes(), {}, URL)


def rss(items: str = "", channel: str = "", head: str = "") -> bytes:
    return f'{head}<rss version="2.0"><channel><title>T</title>{channel}{items}</channel></rss>'.encode()


def atom(entry: str, head: str = "") -> bytes:
    return f'{head}<feed xmlns="http://www.w3.org/2005/Atom"><title>T</title><entry>{entry}</entry></feed>'.encode()


def only_entry(body: bytes, content_type: str = "", url: str = URL) -> Entry:
    (entry,) = parse(body, {"Content-Type": content_type}, url).entries
    return entry


# The formats


def test_rss_20_with_all_its_modules() -> None:
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


def test_atom_10_with_xml_base_and_every_kind_of_text() -> None:
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


def test_rss_10_with_dublin_core() -> None:
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
def test_older_formats(name: str, format_: str, title: str, entry: Entry) -> None:
    feed = parse_file(name)

    assert (feed.format, feed.title, feed.entries) == (format_, title, (entry,))


def test_json_feed_11_with_what_has_the_wrong_type_left_out() -> None:
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
        tags=("weaving", "wool"),
        enclosures=(Enclosure("https://loom.example/1.mp3", "audio/mpeg", 12345, 61),),
        media=(Media("https://loom.example/1.jpg", "image/*", "https://loom.example/1.jpg"),),
        language="nb",
        base="https://loom.example/1",
    )
    assert (second.guid, second.link) == ("2", "https://elsewhere.example/2")
    assert second.content == "<p>Line one<br>line &lt;two&gt;</p>\n<p>Next</p>"
    assert third == Entry(author="Eve Warp, Nils Weft", language="sv", base="https://loom.example/")


def test_json_feed_10() -> None:
    feed = parse_file("jsonfeed10.json")

    assert (feed.format, feed.author, feed.icon) == ("json10", "Eve Warp", "https://loom.example/favicon.ico")
    assert [entry.guid for entry in feed.entries] == ["1"]


# Characters


SNOWMAN = "Grüße ☃"
UMLAUTS = "Grüße"


@pytest.mark.parametrize(
    ("content_type", "head", "codec", "bom", "title"),
    [
        ("application/rss+xml", "", "utf-8", b"", SNOWMAN),
        ("text/xml", "", "utf-8", b"", SNOWMAN),
        ("text/xml", '<?xml version="1.0" encoding="iso-8859-1"?>', "iso-8859-1", b"", UMLAUTS),
        ("text/html", '<?xml version="1.0" encoding="windows-1252"?>', "cp1252", b"", "Grüße – €"),
        ("text/xml; charset=iso-8859-1", '<?xml version="1.0" encoding="utf-8"?>', "iso-8859-1", b"", UMLAUTS),
        ('application/xml; charset="koi8-r"', "", "koi8-r", b"", "Привет"),
        ("application/xml;version=1; CHARSET=KOI8-R", "", "koi8-r", b"", "Привет"),
        ("application/xml; charset=windows-1252", "", "utf-8", codecs.BOM_UTF8, SNOWMAN),
        ("application/xml; charset=utf-8", "", "utf-16-le", codecs.BOM_UTF16_LE, SNOWMAN),
        ("", '<?xml version="1.0" encoding="utf-16"?>', "utf-16-be", codecs.BOM_UTF16_BE, SNOWMAN),
        ("", '<?xml version="1.0" encoding="utf-16"?>', "utf-16-le", b"", SNOWMAN),
        ("", '<?xml version="1.0" encoding="utf-16"?>', "utf-16-be", b"", SNOWMAN),
        ("", "", "utf-32-le", codecs.BOM_UTF32_LE, SNOWMAN),
        ("", "", "utf-32-be", b"", SNOWMAN),
        ("", "<?xml version='1.0' encoding='cp037'?>", "cp037", b"", UMLAUTS),
        ("", '<?xml version="1.0" encoding="gb2312"?>', "gb18030", b"", "你好 €"),
        ("", '<?xml version="1.0" encoding="Shift_JIS"?>', "cp932", b"", "こんにちは ①"),
        # Wrong labels: the bytes tell.
        ("text/xml; charset=us-ascii", "", "utf-8", b"", SNOWMAN),
        ("text/xml; charset=nonsense", '<?xml version="1.0" encoding="utf-8"?>', "utf-8", b"", SNOWMAN),
        ("text/xml; charset=utf-8", "", "cp1252", b"", "Grüße – €"),
        ("", '<?xml version="1.0" encoding="rot13"?>', "utf-8", b"", SNOWMAN),
        ("", '<?xml version="1.0" encoding="unicode_escape"?>', "utf-8", b"", r"\x41 ☃"),
    ],
)
def test_the_charset_is_that_of_the_mark_then_http_then_the_declaration(
    content_type: str, head: str, codec: str, bom: bytes, title: str
) -> None:
    body = bom + rss(f"<item><title>{title}</title></item>", head=head).decode().encode(codec)

    assert only_entry(body, content_type).title == title


def test_a_charset_that_does_not_fit_is_complained_of() -> None:
    body = rss(f"<item><title>{SNOWMAN}</title></item>")

    assert parse(body, {"content-type": "text/xml; charset=ascii"}, URL).complaint == (
        "declared as ascii, but it is utf-8"
    )
    assert parse(body, {"content-type": "text/xml"}, URL).complaint == ""


def test_a_few_broken_bytes_cost_themselves_only() -> None:
    body = rss(f"<item><title>{SNOWMAN} {SNOWMAN} !</title></item>").replace(b"!", b"\xff")

    assert only_entry(body).title == f"{SNOWMAN} {SNOWMAN} \ufffd"


# Identity


@pytest.mark.parametrize("url", [URL, "https://moved.example/elsewhere/feed"])
@pytest.mark.parametrize(
    "guid", ["posts/1", "/posts/1", "?p=1", "https://a.example//x", "http://[half", "tag:x,2026:1"]
)
def test_a_guid_stays_as_it_is_spelled_wherever_the_feed_comes_from(guid: str, url: str) -> None:
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


@pytest.mark.parametrize(
    ("item", "link"),
    [
        ("<link>https://a.example/1</link>", "https://a.example/1"),
        ("<link>/1</link>", "https://feeds.example/1"),
        ("<link>1?a=b&amp;amp;c=d</link>", "https://feeds.example/dir/1?a=b&c=d"),
        ("<guid>https://a.example/1</guid>", "https://a.example/1"),
        ("<guid isPermaLink='false'>https://a.example/1</guid>", ""),
        ("<guid>12345</guid>", ""),
        ("<link>http://[half</link>", ""),
        ("<title>No link</title>", ""),
    ],
)
def test_a_link_is_absolute_and_may_be_the_guid(item: str, link: str) -> None:
    assert only_entry(rss(f"<item>{item}</item>")).link == link


def test_an_entry_of_atom_without_alternate_links_to_what_it_has() -> None:
    entry = only_entry(
        atom('<link rel="self" href="https://a.example/s"/><link rel="related" href="https://a.example/r"/>')
    )

    assert entry.link == "https://a.example/r"


# Text


@pytest.mark.parametrize(
    ("written", "title"),
    [
        ("Plain", "Plain"),
        ("AT&amp;T", "AT&T"),
        ("AT&amp;amp;T", "AT&T"),
        ("&amp;amp;lt; explained", "&lt; explained"),
        ("<![CDATA[Caf&eacute; &#8212; <b>open</b>]]>", "Café — open"),
        ("1 &lt; 2 and 3 &gt; 2", "1 < 2 and 3 > 2"),
        ("The &lt;b&gt; tag", "The <b> tag"),
        ("&lt;img src=x onerror=alert(1)&gt;Sale", "Sale"),
        ("&lt;script&gt;alert(1)&lt;/script&gt;News", "News"),
        ("  two\n  lines  ", "two lines"),
        ("&lt;![CDATA[Wrapped &amp;amp; twice]]&gt;", "Wrapped & twice"),
    ],
)
def test_a_title_of_rss_has_its_entities_resolved_once_and_no_markup(written: str, title: str) -> None:
    assert only_entry(rss(f"<item><title>{written}</title></item>")).title == title


@pytest.mark.parametrize(
    ("element", "title"),
    [
        ("<title>&amp;amp; is &lt;b&gt;text&lt;/b&gt;</title>", "&amp; is <b>text</b>"),
        ("<title type='html'>&amp;amp; is &lt;b&gt;text&lt;/b&gt;</title>", "& is text"),
        ("<title type='xhtml'><div xmlns='http://www.w3.org/1999/xhtml'>&lt; <b>text</b></div></title>", "< text"),
    ],
)
def test_a_title_of_atom_is_what_its_type_says(element: str, title: str) -> None:
    assert only_entry(atom(element)).title == title


@pytest.mark.parametrize(
    ("item", "content", "summary"),
    [
        ("<description>A</description>", "", "A"),
        ("<description>A</description><content:encoded>B</content:encoded>", "B", "A"),
        ("<content:encoded>B</content:encoded><description>A</description>", "B", "A"),
        ("<itunes:summary>S</itunes:summary>", "", "<p>S</p>"),
        ("<description>A</description><itunes:summary>A longer one</itunes:summary>", "", "A"),
        ("<media:description>M</media:description><description>A</description>", "", "A"),
        ("<description>A</description><media:description>M</media:description>", "", "A"),
        ("<media:group><media:description>M</media:description></media:group>", "", ""),
        ("<dc:description>D</dc:description>", "", "D"),
    ],
)
@pytest.mark.parametrize("broken", ["", "<broken>"], ids=["well-formed", "ill-formed"])
def test_content_summary_and_what_is_said_of_media_are_kept_apart(
    item: str, content: str, summary: str, broken: str
) -> None:
    namespaces = (
        b'<rss xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/" '
        b'xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd" xmlns:media="http://search.yahoo.com/mrss/" '
    )
    entry = only_entry(rss(f"<item>{item}</item>{broken}").replace(b"<rss ", namespaces))

    assert (entry.content, entry.summary) == (content, summary)


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


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("61", 61),
        ("01:01", 61),
        ("1:00:01", 3601),
        ("90:00", 5400),
        ("12.9", 12),
        ("soon", None),
        ("-1", None),
        ("", None),
    ],
)
def test_the_duration_of_a_podcast(written: str, seconds: int | None) -> None:
    item = f'<item><enclosure url="https://a.example/1.mp3"/><itunes:duration>{written}</itunes:duration></item>'
    body = rss(item).replace(b"<rss ", b'<rss xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd" ')

    assert only_entry(body).enclosures == (Enclosure("https://a.example/1.mp3", duration=seconds),)


# Time


@pytest.mark.parametrize(
    ("written", "date"),
    [
        ("Tue, 06 Jan 2026 10:30:00 +0130", datetime(2026, 1, 6, 9, tzinfo=UTC)),
        ("Tue, 06 Jan 2026 10:30:00 EST", datetime(2026, 1, 6, 15, 30, tzinfo=UTC)),
        ("Tue, 06 Jan 2026 10:30:00", datetime(2026, 1, 6, 10, 30, tzinfo=UTC)),
        ("Tuesday, 06-Jan-26 10:30:00 GMT", datetime(2026, 1, 6, 10, 30, tzinfo=UTC)),
        ("Thu, 32 Jan 2026 10:30:00 GMT", None),
        ("2026-01-06T10:30:00.123-02:00", datetime(2026, 1, 6, 12, 30, tzinfo=UTC)),
        ("2026-01-06", datetime(2026, 1, 6, tzinfo=UTC)),
        ("Fri, 31 Dec 9999 23:59:59 GMT", datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)),
        ("9999-12-31T23:59:59-14:00", None),
        ("0000-00-00T00:00:00Z", None),
        ("yesterday at noon", None),
        ("", None),
    ],
)
def test_dates_are_in_utc_or_none(written: str, date: datetime | None) -> None:
    entry = only_entry(rss(f"<item><title>x</title><pubDate>{written}</pubDate></item>"))

    assert entry.published == date


@pytest.mark.parametrize(
    ("channel", "rhythm"),
    [
        ("<ttl>60</ttl>", Rhythm(ttl=3600)),
        ("<ttl>0</ttl>", Rhythm()),
        ("<ttl>often</ttl>", Rhythm()),
        ("<ttl>99999999999</ttl>", Rhythm(ttl=10 * 365 * 24 * 3600)),
        ("<sy:updatePeriod>hourly</sy:updatePeriod>", Rhythm(update_interval=3600)),
        (
            "<sy:updatePeriod> Daily </sy:updatePeriod><sy:updateFrequency>4</sy:updateFrequency>",
            Rhythm(update_interval=21600),
        ),
        ("<sy:updateFrequency>2</sy:updateFrequency>", Rhythm(update_interval=43200)),
        ("<sy:updatePeriod>never</sy:updatePeriod>", Rhythm()),
        ("<skipHours><hour>1</hour><hour>02</hour></skipHours>", Rhythm(skip_hours=frozenset({1, 2}))),
        ("<skipHours><hour>24</hour><hour>99</hour><hour>-1</hour></skipHours>", Rhythm(skip_hours=frozenset({0}))),
        ("<skipDays><day>Monday</day><day>Sunday</day></skipDays>", Rhythm(skip_days=frozenset({0, 6}))),
        ("<hour>5</hour><day>Monday</day>", Rhythm()),
    ],
)
def test_how_often_a_feed_asks_to_be_fetched(channel: str, rhythm: Rhythm) -> None:
    body = rss(channel=channel).replace(b"<rss ", b'<rss xmlns:sy="http://purl.org/rss/1.0/modules/syndication/" ')

    assert parse(body, {}, URL).rhythm == rhythm


# Bad input


@pytest.mark.parametrize(
    ("body", "content_type", "reason"),
    [
        (b"", "", "the answer is empty"),
        (b" \r\n\0 ", "", "the answer is empty"),
        (b"&#xD800;", "", "there is nothing in the answer but characters that are none"),
        (b"<!DOCTYPE html><html><body>Hi</body></html>", "text/html", "it is a web page (HTML), not a feed"),
        (b"<!-- x --><HTML><item>not one</item>", "text/xml", "it is a web page (HTML), not a feed"),
        (b"hello", "text/plain", "no RSS, Atom, RDF or JSON Feed was found in it; the server calls it text/plain"),
        (b"/etc/passwd", "", "no RSS, Atom, RDF or JSON Feed was found in it"),
        (b"file:///etc/passwd", "", "no RSS, Atom, RDF or JSON Feed was found in it"),
        (b"<opml version='2.0'/>", "", "no RSS, Atom, RDF or JSON Feed was found in it"),
        (b"\x89PNG\r\n\x1a\n\0\0", "", "no RSS, Atom, RDF or JSON Feed was found in it"),
        (b"{}", "", "it is JSON, but no JSON Feed: that has a version at jsonfeed.org, and items"),
        (b"[1]", "", "it is JSON, but no JSON Feed: that has a version at jsonfeed.org, and items"),
        (b"{,}", "", "it looks like JSON, but is not: Expecting property name enclosed in double quotes: "),
        (b"[" * 100_000, "", "it is JSON nested too deep"),
    ],
)  # fmt: skip
def test_what_is_no_feed_is_refused_with_a_reason(body: bytes, content_type: str, reason: str) -> None:
    with pytest.raises(NotAFeed) as raised:
        parse(body, {"content-type": content_type}, URL)

    assert raised.value.reason.startswith(reason)
    assert str(raised.value) == raised.value.reason


def test_a_feed_without_entries_and_title_is_a_feed() -> None:
    assert parse(b'<rss version="2.0"><channel/></rss>', {}, URL).entries == ()


@pytest.mark.parametrize("name", ["rss20.xml", "atom10.xml", "rss10.rdf", "rss092.xml"])
def test_half_a_feed_gives_its_whole_entries_and_no_others(name: str) -> None:
    body = (FORMATS / name).read_bytes()
    whole = parse(body, {}, URL).entries

    for end in range(body.index(b"</title>"), len(body), 41):
        half = parse(body[:end], {}, URL)
        assert half.entries == whole[: len(half.entries)], body[:end][-40:]
        assert half.complaint


def test_half_an_ill_formed_feed_gives_no_half_entry() -> None:
    body = rss("<item><title>One &nbsp; & co</title><guid>1</guid></item><item><title>Two</title><guid>2</guid></item>")
    cut = body[: body.index(b"Two")]

    assert [entry.guid for entry in parse(body, {}, URL).entries] == ["1", "2"]
    assert [entry.guid for entry in parse(cut, {}, URL).entries] == ["1"]


def test_entities_do_not_grow_and_read_no_files(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("hunter2", encoding="utf-8")
    bombs = [
        '<!ENTITY a "0123456789"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">',
        f'<!ENTITY c SYSTEM "{secret.as_uri()}">',
        f'<!ENTITY % p SYSTEM "{secret.as_uri()}"> %p; <!ENTITY c "x">',
        f'<!ENTITY c "{"A" * 100_000}">',
        '<!ENTITY b "&c;"><!ENTITY c "&b;">',
        '<!ENTITY x "<a>"><!ENTITY b "&x;&x;"><!ENTITY c "&b;&b;&b;&b;">',
    ]
    for entities in bombs:
        item = f"<item><title>{'&c;' * 1000}</title><guid>1</guid></item>"
        entry = only_entry(rss(item, head=f"<?xml version='1.0'?><!DOCTYPE rss [{entities}]>"))

        assert "hunter2" not in entry.title
        assert len(entry.title) <= 3000


def test_a_short_entity_is_resolved() -> None:
    head = "<?xml version='1.0'?>\n<!DOCTYPE rss [<!ENTITY copy '&#169;'> <!ENTITY name \"Ada's\">]>"

    assert only_entry(rss("<item><title>&copy; &name; &amp;</title></item>", head=head)).title == "© Ada's &"


@pytest.mark.parametrize(
    "reference", ["&#0;", "&#xD800;", "&#xDFFF;", "&#x110000;", "&#99999999999999999999;", "&#xFFFF;", "\0", "\x1b"]
)
@pytest.mark.parametrize("broken", ["", "<broken>"], ids=["well-formed", "ill-formed"])
def test_characters_that_are_none_cost_themselves_only(reference: str, broken: str) -> None:
    entry = only_entry(rss(f"<item><title>a{reference}b</title><guid>1</guid></item>{broken}"))

    assert (entry.title, entry.guid) == ("ab", "1")


def test_lone_surrogates_in_json_are_replaced() -> None:
    body = b'{"version": "https://jsonfeed.org/version/1.1", "items": [{"id": "\\ud800", "title": "a\\udfff\\u0000b"}]}'
    entry = only_entry(body)

    assert (entry.guid, entry.title) == ("\ufffd", "a\ufffdb")


def test_a_number_in_json_that_is_too_long_costs_no_feed_its_others() -> None:
    body = f'{{"version": "https://jsonfeed.org/version/1.1", "items": [{{"id": {"9" * 5000}}}, {{"id": 2}}]}}'

    assert [entry.guid for entry in parse(body.encode(), {}, URL).entries] == ["9" * 5000, "2"]


def test_a_feed_of_20_000_entries_arrives_whole() -> None:
    items = "".join(f"<item><title>{n}</title><guid>{n}</guid></item>" for n in range(20_000))

    assert [entry.guid for entry in parse(rss(items), {}, URL).entries] == [str(n) for n in range(20_000)]


def test_long_titles_and_guids_and_deep_markup_arrive() -> None:
    deep = "&lt;div&gt;" * 100_000
    title, guid = "t" * 10_000, "g" * 5_000
    entry = only_entry(rss(f"<item><title>{title}</title><guid>{guid}</guid><description>{deep}</description></item>"))

    assert (entry.title, entry.guid, len(entry.summary)) == (title, guid, 500_000)


def test_elements_nested_100_000_deep_are_read() -> None:
    deep = f"<content type='xhtml'>{'<div>' * 100_000}{'</div>' * 100_000}</content>"

    assert only_entry(atom(f"<id>1</id>{deep}")).guid == "1"


def test_one_bad_entry_costs_itself_only() -> None:
    items = "<item><title>Good</title></item><item><pubDate>&#x;</pubDate></item><item><title>Also good</title></item>"
    feed = parse(rss(items), {}, URL)

    assert [entry.title for entry in feed.entries] == ["Good", "", "Also good"]
    assert feed.complaint


def test_headers_may_be_written_in_any_case() -> None:
    body = rss("<item><title>\xe4</title></item>").decode().encode("iso-8859-1")

    assert parse(body, {"CONTENT-TYPE": "text/xml; charset=iso-8859-1"}, URL).entries[0].title == "\xe4"


def test_a_namespace_that_only_begins_like_that_of_media_is_another() -> None:
    body = b"""<rss version="2.0" xmlns:media="http://search.yahoo.com/mrss/2"><channel><title>T</title><item>
        <guid>1</guid><media:group><media:content url="http://example.com/1"/></media:group></item></channel></rss>"""
    assert [entry.guid for entry in parse(body, {}, "https://example.com/feed").entries] == ["1"]
