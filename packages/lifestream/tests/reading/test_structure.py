"""reading.md rules 6 to 10: the element that each field belongs to, the formats, and flaws that can be mended."""

from __future__ import annotations

from pathlib import Path

import pytest

from lifestream.entry import Enclosure, Entry, Media, ParsedFeed, Source
from lifestream.parser import NotAFeed, parse

FORMATS = Path(__file__).parents[1] / "feeds" / "formats"
URL = "https://feeds.example/dir/feed.xml"
NAMESPACES = " ".join(
    f'xmlns:{prefix}="{uri}"'
    for prefix, uri in {
        "atom": "http://www.w3.org/2005/Atom",
        "content": "http://purl.org/rss/1.0/modules/content/",
        "dc": "http://purl.org/dc/elements/1.1/",
        "feedburner": "http://rssnamespace.org/feedburner/ext/1.0",
        "itunes": "http://www.itunes.com/dtds/podcast-1.0.dtd",
        "media": "http://search.yahoo.com/mrss/",
        "o": "urn:other",
    }.items()
)
HTML_NS = "http://www.w3.org/1999/xhtml"


def rss(item: str = "", channel: str = "", root: str = "") -> bytes:
    opened = f'<rss version="2.0" {NAMESPACES} {root}>'
    return f"{opened}<channel><title>T</title>{channel}<item>{item}</item></channel></rss>".encode()


def atom(entry: str = "", feed: str = "", root: str = "") -> bytes:
    opened = f'<feed xmlns="http://www.w3.org/2005/Atom" xmlns:o="urn:other" {root}>'
    return f"{opened}<title>T</title>{feed}<entry>{entry}</entry></feed>".encode()


def only(body: bytes) -> Entry:
    [entry] = parse(body, {}, URL).entries
    return entry


# 6: namespaces, and parents of elements


@pytest.mark.reading(6)
def test_an_element_inside_a_child_is_no_field_of_the_item() -> None:
    inner = (
        "<title>inner</title><link>http://inner.example/</link><guid>inner</guid><author>inner</author>"
        "<description>inner</description><pubDate>Mon, 25 May 2020 10:30:00 GMT</pubDate><category>inner</category>"
        '<enclosure url="/inner.mp3"/>'
    )
    for wrapper in ("image", "source", "o:thing", "textInput", "item", "media:group", "itunes:owner"):
        entry = only(rss(f"<{wrapper}>{inner}</{wrapper}>"))
        assert entry == Entry(base=URL, media=entry.media), wrapper
        assert all(medium.title != "inner" and medium.url == "" for medium in entry.media)


@pytest.mark.reading(6)
def test_the_elements_of_a_source_are_no_fields_of_the_entry() -> None:
    inner = (
        "<id>inner</id><title>inner</title><link href='http://inner.example/'/><updated>2020-05-25T10:30:00Z</updated>"
        "<subtitle>inner</subtitle><category term='inner'/>"
    )
    entry = only(atom(f"<source>{inner}</source>"))

    assert entry == Entry(base=URL, source=Source("inner", "http://inner.example/"))


@pytest.mark.reading(6)
def test_elements_inside_a_child_are_no_fields_of_the_channel() -> None:
    image = "<image><title>inner</title><link>http://inner.example/</link><url>/icon.png</url></image>"
    text_input = "<textInput><title>inner</title><description>inner</description><link>/q</link></textInput>"
    feed = parse(rss(channel=f"{image}{text_input}<o:title>inner</o:title>").replace(b"<title>T</title>", b""), {}, URL)

    assert (feed.title, feed.link, feed.subtitle, feed.icon) == ("", "", "", "https://feeds.example/icon.png")


@pytest.mark.reading(6)
@pytest.mark.parametrize("prefix", ["", "a:", "rss:", "媒:"])
def test_namespaces_decide_and_not_prefixes(prefix: str) -> None:
    declared = f"xmlns:{prefix[:-1]}" if prefix else "xmlns"
    body = f"""<{prefix}feed {declared}="http://www.w3.org/2005/Atom" xmlns:dc="urn:other"
        xmlns:x="http://purl.org/dc/elements/1.1/"><{prefix}title>T</{prefix}title><{prefix}entry>
        <{prefix}id>1</{prefix}id><dc:creator>Nobody</dc:creator><x:creator>Ada</x:creator></{prefix}entry>
        </{prefix}feed>"""
    feed = parse(body.encode(), {}, URL)

    assert (feed.title, feed.format) == ("T", "atom10")
    assert [(entry.guid, entry.author) for entry in feed.entries] == [("1", "Ada")]


@pytest.mark.reading(6)
@pytest.mark.parametrize(
    "namespace",
    ["http://backend.userland.com/rss2", "http://purl.org/rss/1.0/", "http://blogs.law.harvard.edu/tech/rss"],
)
def test_rss_in_a_namespace_is_rss(namespace: str) -> None:
    body = rss("<title>x</title><guid>1</guid>", root=f'xmlns="{namespace}"')
    assert (only(body).guid, only(body).title) == ("1", "x")


@pytest.mark.reading(6)
def test_elements_of_unknown_vocabularies_are_no_fields() -> None:
    others = "".join(f"<o:{name}>no</o:{name}>" for name in ("title", "link", "guid", "description", "author", "item"))
    assert only(rss(others)) == Entry(base=URL)


# 7: ill-formed documents; tests/rules/test_illformed.py tests what is stored


@pytest.mark.reading(7)
def test_an_ill_formed_document_is_read_as_far_as_possible_and_its_flaw_has_a_place() -> None:
    items = [f"<item><title>{n}</title><guid isPermaLink='false'>{n}</guid></item>" for n in range(4)]
    body = f"<rss version='2.0'>\n<channel><title>T</title>{''.join(items)}</channel></rss>".replace("2</title>", "2")
    feed = parse(body.encode(), {}, URL)

    assert [entry.guid for entry in feed.entries][:2] + [feed.entries[-1].guid] == ["0", "1", "3"]
    assert feed.flaw is not None and not feed.flaw.mended and not feed.well_formed
    assert (feed.flaw.line, feed.flaw.message) == (2, "mismatched tag")
    assert str(feed.flaw) in feed.complaint


@pytest.mark.reading(7)
def test_entries_inside_an_element_that_never_ends_are_read() -> None:
    body = rss("<guid isPermaLink='false'>1</guid>", "<itunes:category text='x'>")
    assert only(body).guid == "1"


# 8: formats, entities, depth, and flaws that can be mended


@pytest.mark.reading(8)
@pytest.mark.parametrize(
    ("name", "format_"),
    [
        ("rss20.xml", "rss20"), ("rss092.xml", "rss092"), ("rss091.xml", "rss091n"), ("rss10.rdf", "rss10"),
        ("atom03.xml", "atom03"), ("atom10.xml", "atom10"), ("jsonfeed10.json", "json10"),
        ("jsonfeed11.json", "json11"),
    ],
)  # fmt: skip
def test_each_format_is_read(name: str, format_: str) -> None:
    feed = parse((FORMATS / name).read_bytes(), {}, URL)

    assert (feed.format, feed.well_formed) == (format_, True)
    assert feed.title and feed.entries


@pytest.mark.reading(8)
@pytest.mark.parametrize(
    ("root", "format_"),
    [
        ('<rss version="0.91">', "rss091u"),
        ('<rss version="0.94">', "rss094"),
        ('<rss version="2.0.1">', "rss20"),
        ("<rss>", "rss"),
        ("<RSS VERSION='2'>", "rss"),
    ],
)
def test_versions_of_rss_are_told_apart(root: str, format_: str) -> None:
    name = root[1:4]
    body = f"{root}<channel><item><title>x</title></item></channel></{name}>"
    feed = parse(body.encode(), {}, URL)
    assert (feed.format, [entry.title for entry in feed.entries]) == (format_, ["x"])


@pytest.mark.reading(8)
def test_rss_090_has_its_items_beside_the_channel() -> None:
    body = """<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
        xmlns="http://my.netscape.com/rdf/simple/0.9/"><channel><title>T</title><link>http://x.example/</link></channel>
        <image><title>I</title><url>http://x.example/i.png</url></image><item><title>One</title>
        <link>http://x.example/1</link></item></rdf:RDF>"""
    feed = parse(body.encode(), {}, URL)

    assert (feed.format, feed.title, feed.icon) == ("rss090", "T", "http://x.example/i.png")
    assert [(entry.title, entry.link) for entry in feed.entries] == [("One", "http://x.example/1")]


@pytest.mark.reading(8)
@pytest.mark.parametrize(
    "body",
    [
        b'<CHANNEL HREF="http://x.example/"><TITLE>T</TITLE><ITEM HREF="/1"><TITLE>x</TITLE></ITEM></CHANNEL>',
        b'<?xml version="1.0"?><Channel><title>T</title><Item href="/1"/></Channel>',
        b'<CHANNEL HREF="http://x.example/"><TITLE>T</TITLE><ITEM HREF="/1"><TITLE>x</ITEM></CHANNEL>',
    ],
)
def test_cdf_is_refused_with_its_name(body: bytes) -> None:
    with pytest.raises(NotAFeed, match="Channel Definition Format"):
        parse(body, {}, URL)


@pytest.mark.reading(8)
@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("a&nbsp;b", "a b"),
        ("caf&eacute;", "café"),
        ("&hellip;&mdash;&euro;", "…—€"),
        ("<![CDATA[&eacute;]]> &eacute;", "é é"),
        ("AT&T", "AT&T"),
    ],
)
@pytest.mark.parametrize("doctype", ["", '<!DOCTYPE rss PUBLIC "-//x//EN" "http://localhost/rss.dtd">'])
def test_entities_of_html_are_read(written: str, read: str, doctype: str) -> None:
    body = doctype.encode() + rss(f"<title>{written}</title>")
    assert only(body).title == read
    assert parse(body, {}, URL).is_complete


@pytest.mark.reading(8)
@pytest.mark.parametrize(
    "spoil",
    [
        lambda body: b"\n" + b"<?xml version='1.0'?>" + body,
        lambda body: body.replace(b"<title>x", b"<unbound:y/><title>x"),
        lambda body: body.replace(b"<title>x", b"<y unbound:z='1'/><title>x"),
        lambda body: body.replace(b"<guid>", b"<z>&nbsp;&nosuch;</z><guid>"),
        lambda body: body.replace(b"<guid>", b"<z>\x01&#2;</z><guid>"),
        lambda body: body + b"<script>track()</script>",
    ],
)
def test_a_mended_document_is_read_whole_but_does_not_count_as_well_formed(spoil: object) -> None:
    assert callable(spoil)
    good = rss("<title>x</title><guid>1</guid><media:content url='/a.jpg'><media:title>M</media:title></media:content>")
    feed = parse(spoil(good), {}, URL)

    assert feed.entries == parse(good, {}, URL).entries
    assert (feed.well_formed, feed.is_complete) == (False, True)
    assert feed.flaw is not None and feed.flaw.line >= 1 and feed.flaw.column >= 1


@pytest.mark.reading(8)
@pytest.mark.parametrize("depth", [10, 600, pytest.param(50_000, marks=pytest.mark.slow)])
def test_depth_is_capped_and_nothing_recurses_over_it(depth: int) -> None:
    inside = f"{'<i>' * depth}deep{'</i>' * depth}"
    entry = only(atom(f"<id>1</id><content type='xhtml'><div xmlns='{HTML_NS}'>{inside}</div></content>"))

    assert entry.content.count("<i>") == entry.content.count("</i>") == min(depth, 500)
    assert "deep" in entry.content
    for wrapped in (inside.replace("i>", "o:x>"), inside.replace("i>", "media:group>"), inside.replace("i>", "item>")):
        assert only(rss(f"{wrapped}<guid>1</guid>")).guid == "1"


# 9: Atom


@pytest.mark.reading(9)
@pytest.mark.parametrize(
    ("element", "content"),
    [
        ("<content>a &lt; b</content>", "<p>a &lt; b</p>"),
        ("<content type='text'>a &lt; b</content>", "<p>a &lt; b</p>"),
        ("<content type='text/plain'>a &lt; b</content>", "<p>a &lt; b</p>"),
        ("<content type='text/markdown'># Hi *you*</content>", "<p># Hi *you*</p>"),
        ("<content type='text/markdown; variant=GFM'>&lt;b&gt;x&lt;/b&gt;</content>", "<p>&lt;b&gt;x&lt;/b&gt;</p>"),
        ("<content type='html'>a &lt;b&gt;b&lt;/b&gt;</content>", "a <b>b</b>"),
        ("<content type='text/html; charset=utf-8'>a &lt;b&gt;b&lt;/b&gt;</content>", "a <b>b</b>"),
        ("<content type='HTML'>a &lt;b&gt;b&lt;/b&gt;</content>", "a <b>b</b>"),
        (f"<content type='xhtml'><div xmlns='{HTML_NS}'>a <b>b</b> &lt;</div></content>", "a <b>b</b> &lt;"),
        (f"<content type='application/xhtml+xml'><div xmlns='{HTML_NS}'>a</div></content>", "a"),
        (f"<content type='xhtml'><p xmlns='{HTML_NS}'>a</p><p xmlns='{HTML_NS}'>b</p></content>", "<p>a</p><p>b</p>"),
        (
            f"<content type='xhtml'><h:div xmlns:h='{HTML_NS}'><h:br/><h:iframe/></h:div></content>",
            "<br /><iframe></iframe>",
        ),
        ("<content type='html'><b>not escaped</b></content>", "<b>not escaped</b>"),
        ("<content type='CDATA'>&lt;b&gt;x&lt;/b&gt;</content>", "<b>x</b>"),
        ("<content type='CDATA'>a &lt; b</content>", "<p>a &lt; b</p>"),
        ("<content type='image/png'>iVBORw0KGgo=</content>", ""),
        ("<content type='application/octet-stream'>PGI+eDwvYj4=</content>", "<b>x</b>"),
        ("<content type='application/json'>{}</content>", ""),
        ("<content src='http://x.example/1'/>", ""),
    ],
)
def test_content_that_may_be_text_is_kept_and_content_of_other_types_is_dropped(element: str, content: str) -> None:
    assert only(atom(element)).content == content


@pytest.mark.reading(9)
def test_xml_base_applies_at_every_level() -> None:
    root = "xml:base='http://a.example/x/'"
    entry = "<link href='one'/><id>1</id><content type='html' xml:base='deep/'>&lt;a href='l'&gt;l&lt;/a&gt;</content>"
    feed = parse(atom(entry, "<link href='.'/><icon xml:base='img/'>i.png</icon>", root), {}, URL)

    assert (feed.link, feed.icon) == ("http://a.example/x/", "http://a.example/x/img/i.png")
    [found] = feed.entries
    assert (found.link, found.base, found.guid) == ("http://a.example/x/one", "http://a.example/x/deep/", "1")


@pytest.mark.reading(9)
def test_xml_base_applies_inside_xhtml() -> None:
    inside = (
        "<a href='1'>1</a><p xml:base='q/'><a href='2'>2</a><a href='#n'>n</a><img src='3' srcset='4 1x, 5 2x'/></p>"
        "<a href='6'>6</a>"
    )
    entry = only(
        atom(f"<content type='xhtml' xml:base='http://a.example/'><div xmlns='{HTML_NS}'>{inside}</div></content>")
    )

    assert entry.base == "http://a.example/"
    assert entry.content == (
        '<a href="1">1</a><p><a href="http://a.example/q/2">2</a><a href="#n">n</a><img src="http://a.example/q/3" '
        'srcset="http://a.example/q/4 1x, http://a.example/q/5 2x" /></p><a href="6">6</a>'
    )


# 10: RSS


@pytest.mark.reading(10)
def test_the_encoded_content_takes_precedence_over_the_description() -> None:
    entry = only(rss("<description>short</description><content:encoded>&lt;p&gt;long&lt;/p&gt;</content:encoded>"))
    assert (entry.content, entry.summary) == ("<p>long</p>", "short")


@pytest.mark.reading(10)
def test_all_enclosures_are_read() -> None:
    files = '<enclosure url="/1.mp3" type="audio/mpeg" length="10"/><enclosure url="2.pdf" type="application/pdf"/>'
    more = '<atom:link rel="enclosure" href="/3.ogg" type="audio/ogg"/><itunes:duration>1:01</itunes:duration>'
    assert only(rss(files + more)).enclosures == (
        Enclosure("https://feeds.example/1.mp3", "audio/mpeg", 10, 61),
        Enclosure("https://feeds.example/dir/2.pdf", "application/pdf"),
        Enclosure("https://feeds.example/3.ogg", "audio/ogg", None, 61),
    )


@pytest.mark.reading(10)
def test_media_of_an_item_and_of_a_group_are_read_with_their_titles_and_descriptions() -> None:
    item = (
        "<media:content url='/1.jpg' type='image/jpeg'><media:title>One</media:title></media:content>"
        "<media:group><media:content url='/2a.mp4' medium='video'/><media:content url='/2b.mp4' isDefault='true'/>"
        "<media:thumbnail url='/2.jpg'/><media:description type='html'>&lt;b>Two&lt;/b></media:description>"
        "</media:group>"
    )
    assert only(rss(item)).media == (
        Media("https://feeds.example/1.jpg", "image/jpeg", title="One"),
        Media("https://feeds.example/2b.mp4", "", "https://feeds.example/2.jpg", description="Two"),
    )


@pytest.mark.reading(10)
@pytest.mark.parametrize(
    ("item", "link"),
    [
        ("<guid>https://x.example/1</guid>", "https://x.example/1"),
        ("<guid isPermaLink='true'>https://x.example/1</guid>", "https://x.example/1"),
        ("<guid isPermaLink='false'>https://x.example/1</guid>", ""),
        ("<guid isPermaLink=' False '>https://x.example/1</guid>", ""),
        ("<guid>abc</guid>", ""),
        ("<guid>https://x.example/1</guid><link>https://x.example/2</link>", "https://x.example/2"),
        ("<guid>https://x.example/1</guid><atom:link href='https://x.example/2'/>", "https://x.example/2"),
        (
            "<link>https://p.example/</link><feedburner:origLink>https://x.example/3</feedburner:origLink>",
            "https://x.example/3",
        ),
        ("<link/><link>https://x.example/4</link>", "https://x.example/4"),
        (
            "<feedburner:origLink>b67e7afb-80be</feedburner:origLink><guid>https://x.example/5</guid>",
            "https://x.example/5",
        ),
    ],
)
def test_the_link_is_the_original_one_else_the_items_else_its_guid(item: str, link: str) -> None:
    assert only(rss(item)).link == link


@pytest.mark.reading(10)
@pytest.mark.parametrize(
    ("body", "source"),
    [
        (
            rss("<source url='/other.xml'>Tom &amp;amp; Jerry</source>"),
            Source("Tom & Jerry", "https://feeds.example/other.xml"),
        ),
        (rss("<source>Other</source>"), Source("Other")),
        (rss("<source/>"), None),
        (atom("<source><title>O</title><link href='http://o.example/'/></source>"), Source("O", "http://o.example/")),
        (atom("<source><link rel='self' href='/o.xml'/></source>"), Source("", "https://feeds.example/o.xml")),
        (atom("<id>1</id>"), None),
    ],
)
def test_the_source_of_an_entry_is_read(body: bytes, source: Source | None) -> None:
    assert only(body).source == source


@pytest.mark.reading(9)
def test_each_text_has_its_own_base_and_based_tells_whether_xml_base_set_it() -> None:
    texts = "<content type='html' xml:base='/c/'>c</content><summary type='html' xml:base='/s/'>s</summary>"
    entry = only(atom(texts))

    assert (entry.base, entry.based, entry.summary_base) == (
        "https://feeds.example/c/",
        True,
        "https://feeds.example/s/",
    )
    assert not only(atom("<content>c</content>")).based


def feed_of(channel: str) -> ParsedFeed:
    return parse(rss(channel=channel), {}, URL)


@pytest.mark.reading(10)
def test_a_channels_links_in_atom_are_read() -> None:
    feed = feed_of(
        "<link>https://x.example/</link><atom:link rel='self' href='/self'/><atom:link rel='hub' href='https://hub.example/'/>"
    )
    assert (feed.link, feed.self_url, feed.hub_url) == (
        "https://x.example/",
        "https://feeds.example/self",
        "https://hub.example/",
    )


@pytest.mark.slow
@pytest.mark.reading(8)
@pytest.mark.parametrize("declared", ["", "<?xml version='1.0' encoding='windows-1252'?>\n"])
@pytest.mark.parametrize("after", ["", " " * 300_000, "<!-- é -->" * 30_000])
def test_a_large_document_that_is_read_in_parts_has_all_entries(declared: str, after: str) -> None:
    text = "Grüße &amp; mehr\n" * 200
    items = "".join(f"<item><guid>{n}</guid><description>{text}</description></item>" for n in range(500))
    body = f"{declared}<rss version='2.0'><channel><title>é</title>{items}</channel></rss>{after}"
    feed = parse(body.encode("windows-1252" if declared else "utf-8"), {}, URL)

    assert feed.well_formed and feed.title == "é"
    assert [entry.guid for entry in feed.entries] == [str(n) for n in range(500)]
    assert {entry.summary for entry in feed.entries} == {text.replace("&amp;", "&").strip()}


@pytest.mark.slow
@pytest.mark.reading(8)
def test_the_flaw_of_a_large_ill_formed_document_has_its_place() -> None:
    items = "".join(f"<item><guid>{n}</guid><description>{'word ' * 1000}</description></item>\n" for n in range(400))
    body = f"<rss version='2.0'><channel>\n{items}</channel></rss>".replace("<guid>300</guid>", "<guid>300</wrong>")
    feed = parse(body.encode(), {}, URL)

    assert feed.flaw is not None and (feed.flaw.line, feed.flaw.mended) == (302, False)
    assert len(feed.entries) in (399, 400)
