"""Namespaces as publishers write them, and the elements that belong to a feed (reading.md, rules 6, 8 and 10)."""

from __future__ import annotations

from datetime import UTC, datetime
from xml.etree.ElementTree import Element

import pytest

from lifestream.entry import ParsedFeed
from lifestream.parser import NotAFeed, parse
from lifestream.parser.strict.vocabulary import Names, is_same, namespace_of

URL = "https://site.example/feed.xml"
DAY = datetime(2021, 8, 17, tzinfo=UTC)


def read(document: str) -> ParsedFeed:
    return parse(document.encode(), {}, URL)


def rss(namespaces: str, item: str) -> ParsedFeed:
    return read(f"<rss version='2.0' {namespaces}><channel><title>T</title><item>{item}</item></channel></rss>")


MODULES = {
    "purl.org/rss/1.0/modules/content/": ("<m:encoded>Text</m:encoded>", "content", "Text"),
    "purl.org/dc/elements/1.1/": ("<m:creator>Ada</m:creator>", "author", "Ada"),
    "purl.org/dc/terms/": ("<m:issued>2021-08-17</m:issued>", "published", DAY),
    "www.itunes.com/dtds/podcast-1.0.dtd": ("<m:author>Ada</m:author>", "author", "Ada"),
    "www.google.com/schemas/play-podcasts/1.0": ("<m:author>Ada</m:author>", "author", "Ada"),
    "search.yahoo.com/mrss/": ("<m:title>Film</m:title>", "title", "Film"),
    "www.w3.org/2005/Atom": ("<m:id>urn:1</m:id>", "guid", "urn:1"),
}


@pytest.mark.reading(6)
@pytest.mark.parametrize("way", ["http://{}", "https://{}", " HTTP://{} ", "{}", "http://{}#"], ids=repr)
@pytest.mark.parametrize("module", MODULES)
def test_a_namespace_is_known_in_each_way_of_writing_it(module: str, way: str) -> None:
    item, field, value = MODULES[module]
    for namespace in {way.format(module), way.format(module.rstrip("/")), way.format(module.removeprefix("www."))}:
        entry = rss(f'xmlns:m="{namespace}"', item).entries[0]
        assert getattr(entry, field) == value, namespace


@pytest.mark.reading(6)
@pytest.mark.parametrize(
    ("namespace", "item", "field"),
    [
        ("http://dublincore.org/documents/dcmi-namespace/", "<m:creator>Ada</m:creator>", "author"),
        ("http://purl.org/metadata/dublin_core#", "<m:creator>Ada</m:creator>", "author"),
        ("http://www.rssboard.org/media-rss", "<m:title>Ada</m:title>", "title"),
        ("http://web.resource.org/rss/1.0/modules/content/", "<m:encoded>Ada</m:encoded>", "content"),
        ("http://news.yandex.ru", "<m:full-text>Ada</m:full-text>", "content"),
        ("http://turbo.yandex.ru", "<m:content>Ada</m:content>", "content"),
        ("http://www.google.com/schemas/play-podcasts/1.0/play-podcasts.xsd", "<m:author>Ada</m:author>", "author"),
    ],
)
def test_a_namespace_is_known_by_its_other_names(namespace: str, item: str, field: str) -> None:
    assert getattr(rss(f'xmlns:m="{namespace}"', item).entries[0], field) == "Ada"


@pytest.mark.reading(6)
def test_the_usual_prefix_is_recognised_if_its_namespace_is_written_wrongly() -> None:
    entry = rss(
        'xmlns:media="http://yahoo.example/rss" xmlns:itunes="urn:podcasts&amp;" xmlns:other="urn:other"',
        '<media:content url="/a.jpg"/><itunes:author>Ada</itunes:author><other:title>No</other:title>',
    ).entries[0]

    assert ([medium.url for medium in entry.media], entry.author) == (["https://site.example/a.jpg"], "Ada")
    assert entry.title == ""


@pytest.mark.reading(6)
def test_the_usual_prefix_is_not_recognised_beside_the_correct_namespace() -> None:
    entry = rss(
        'xmlns:itunes="urn:other" xmlns:pod="http://www.itunes.com/dtds/podcast-1.0.dtd"',
        "<itunes:author>Nobody</itunes:author><pod:author>Ada</pod:author>",
    ).entries[0]

    assert entry.author == "Ada"


@pytest.mark.reading(6)
def test_a_root_in_an_unknown_namespace_is_read_by_its_name() -> None:
    item = "<item><title>One</title><link>/1</link><pubDate>2021-08-17</pubDate></item>"
    feed = read(f'<rss xmlns="urn:mine" version="2.0"><channel><title>T</title>{item}</channel></rss>')
    assert (feed.format, feed.title, feed.well_formed) == ("rss20", "T", True)
    assert [(entry.title, entry.published) for entry in feed.entries] == [("One", DAY)]


@pytest.mark.reading(8)
@pytest.mark.parametrize(
    ("root", "version"),
    [
        ('xmlns="https://www.w3.org/2005/Atom"', "atom10"),
        ('xmlns="http://www.w3.org/2005/atom/"', "atom10"),
        ('xmlns="http://purl.org/atom/ns#" version="0.3"', "atom03"),
        ('xmlns="http://purl.org/atom/ns"', "atom03"),
        ('version="0.3"', "atom03"),
        ('xmlns="urn:mine"', "atom"),
        ("", "atom"),
    ],
)
def test_atom_is_recognised_in_any_namespace(root: str, version: str) -> None:
    entry = (
        '<entry><title>One</title><content type="html">&lt;b&gt;x&lt;/b&gt;</content><author><name>Ada</name></author>'
    )
    feed = read(f"<feed {root}><title>T</title><subtitle>S</subtitle>{entry}</entry></feed>")

    assert (feed.format, feed.title, feed.subtitle) == (version, "T", "S")
    assert [(entry.title, entry.content, entry.author) for entry in feed.entries] == [("One", "<b>x</b>", "Ada")]


@pytest.mark.reading(8)
def test_children_without_a_namespace_below_a_root_with_one_are_read() -> None:
    feed = read(
        '<a:feed xmlns:a="http://www.w3.org/2005/Atom"><title>T</title><tagline>S</tagline><a:entry><a:id>1</a:id>'
        "<title>One</title><issued>2021-08-17</issued><author><name>Ada</name></author><summary>Short</summary>"
        "</a:entry></a:feed>"
    )

    assert (feed.title, feed.subtitle) == ("T", "S")
    entry = feed.entries[0]
    assert (entry.title, entry.published, entry.author, entry.summary) == ("One", DAY, "Ada", "<p>Short</p>")


@pytest.mark.reading(10)
def test_elements_of_rss_in_the_namespace_of_atom_are_read() -> None:
    entry = read(
        '<feed xmlns="http://www.w3.org/2005/Atom"><entry><guid isPermaLink="false">1</guid>'
        "<pubDate>2021-08-17</pubDate><description>&lt;b&gt;x&lt;/b&gt;</description>"
        '<enclosure url="/a.mp3"/></entry></feed>'
    ).entries[0]

    assert (entry.guid, entry.published, entry.summary) == ("1", DAY, "<b>x</b>")
    assert [file.url for file in entry.enclosures] == ["https://site.example/a.mp3"]


@pytest.mark.reading(8)
@pytest.mark.parametrize(
    ("namespace", "version"),
    [("http://purl.org/rss/1.0/", "rss10"), ("http://my.netscape.com/rdf/simple/0.9/", "rss090"), ("urn:x", "")],
)
def test_an_empty_rdf_is_a_feed_in_the_namespace_of_rss(namespace: str, version: str) -> None:
    document = f'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="{namespace}"></rdf:RDF>'
    if version:
        assert (read(document).format, read(document).entries) == (version, ())
    else:
        with pytest.raises(NotAFeed):
            read(document)


def test_a_name_is_short_if_its_namespace_is_known_and_otherwise_whole() -> None:
    names = Names(core="", own="urn:own")
    assert names["pubDate"] == "pubdate"
    assert names["{urn:own}Title"] == "title"
    assert names["{http://www.w3.org/2005/Atom}link"] == "atom:link"
    assert names["{http://www.w3.org/2005/Atom}pubDate"] == "pubdate"
    assert names["{urn:other}Title"] == "{urn:other}Title"


def test_a_name_in_a_wrong_namespace_gets_the_usual_prefix_of_the_vocabulary() -> None:
    names = Names(source=b'<rss xmlns:media="http://search.yahoo.com/mrss/oops"><media:title/></rss>')
    assert names["{http://search.yahoo.com/mrss/oops}title"] == "media:title"


def test_only_the_first_thousand_declarations_can_have_the_usual_prefix_of_a_vocabulary() -> None:
    for others, name in ((999, "media:title"), (1000, "{urn:media}title")):
        before = "".join(f' xmlns:a{number}="urn:a"' for number in range(others))
        names = Names(source=f'<rss{before} xmlns:media="urn:media"><media:title/></rss>'.encode())
        assert names["{urn:media}title"] == name


def test_two_spellings_are_one_namespace() -> None:
    assert is_same("http://purl.org/dc/terms/", "https://www.purl.org/dc/terms#")
    assert not is_same("http://purl.org/dc/terms/", "http://purl.org/dc/elements/1.1/")


def test_the_namespace_of_an_element_without_one_is_empty() -> None:
    assert (namespace_of(Element("{urn:a}b")), namespace_of(Element("b"))) == ("urn:a", "")
