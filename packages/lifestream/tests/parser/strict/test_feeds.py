"""The root of a feed, its channels, and what they say of the feed; `reading/test_structure.py` tests the formats."""

from __future__ import annotations

import pytest

from lifestream.entry import ParsedFeed
from lifestream.parser import parse, strict
from lifestream.parser.errors import NotAFeed
from lifestream.parser.strict.document import read as read_document
from parsed import URL

RDF = 'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"'
RSS_10 = 'xmlns="http://purl.org/rss/1.0/"'
ATOM = 'xmlns="http://www.w3.org/2005/Atom"'


def read(document: str) -> ParsedFeed:
    return parse(document.encode(), {}, URL)


def is_recognised(document: str) -> bool:
    """Return whether the strict reader recognises a feed; feedparser reads other documents."""
    found = read_document(document)
    assert found.root is not None and found.flaw is None
    return strict.read_feed(found.root, URL, netscape=False, source=found.source) is not None


def titles(feed: ParsedFeed) -> list[str]:
    return [entry.title for entry in feed.entries]


def item(title: str) -> str:
    return f"<item><title>{title}</title></item>"


def test_the_first_of_several_channels_describes_the_feed_and_the_items_of_all_are_read() -> None:
    channels = [f"<channel><title>{name}</title>{item(name.lower())}</channel>" for name in "ABC"]
    feed = read(f"<rss version='2.0'>{''.join(channels)}</rss>")
    assert (feed.title, titles(feed)) == ("A", ["a", "b", "c"])


@pytest.mark.parametrize(
    ("document", "link"),
    [
        ("<rss version='2.0'><channel xml:base='sub/'><link>x</link></channel></rss>", "/dir/sub/x"),
        ("<rss version='2.0' xml:base='a/'><channel xml:base='b/'><link>x</link></channel></rss>", "/dir/a/b/x"),
        ("<channel xml:base='sub/'><title>T</title><link>x</link></channel>", "/dir/sub/x"),
        (f"<feed {ATOM} xml:base='sub/'><link href='x'/></feed>", "/dir/sub/x"),
    ],
)
def test_the_base_of_the_root_and_of_the_channel_count_once_each(document: str, link: str) -> None:
    assert read(document).link == f"https://feeds.example{link}"


@pytest.mark.parametrize(
    ("inside", "link"),
    [
        ("<id>https://site.example/</id>", "https://site.example/"),
        ("<id>http://site.example/</id>", "http://site.example/"),
        ("<id>urn:uuid:1</id>", ""),
        ("<id>https://site.example/</id><link href='https://other.example/'/>", "https://other.example/"),
    ],
)
def test_for_an_atom_feed_without_a_link_an_id_that_is_an_address_is_the_page(inside: str, link: str) -> None:
    assert read(f"<feed {ATOM}>{inside}</feed>").link == link


def test_an_id_of_atom_in_rss_is_no_page() -> None:
    document = "<rss version='2.0'><channel><a:id xmlns:a='http://www.w3.org/2005/Atom'>https://s.example/</a:id>"
    assert read(f"{document}{item('x')}</channel></rss>").link == ""


def test_the_dates_of_other_entries_decide_whether_a_day_or_a_month_comes_first() -> None:
    dates = ("03/04/2020", "17/05/2020", "05/06/2020")
    items = "".join(f"<item><pubDate>{date}</pubDate><guid>{date[:2]}</guid></item>" for date in dates)
    feed = read(f"<rss version='2.0'><channel><description>04/30/2020</description>{items}</channel></rss>")
    assert [entry.published and entry.published.month for entry in feed.entries] == [4, 5, 6]


def test_in_an_unknown_namespace_only_a_root_named_rss_is_recognised() -> None:
    document = f"<rss xmlns='http://x.example/' version='2.0'><channel><title>T</title>{item('a')}</channel></rss>"
    assert is_recognised(document)
    feed = read(document)
    assert (feed.format, feed.title, titles(feed)) == ("rss20", "T", ["a"])
    assert not is_recognised(f"<list xmlns='http://x.example/'><channel><title>T</title>{item('a')}</channel></list>")
    assert not is_recognised(f"<channel xmlns='http://x.example/'><title>T</title>{item('a')}</channel>")


def test_an_empty_rdf_is_a_feed_if_its_namespace_is_that_of_rss() -> None:
    feed = read(f"<rdf:RDF {RDF} {RSS_10}/>")
    assert (feed.format, feed.entries) == ("rss10", ())
    assert is_recognised(f"<rdf:RDF {RDF} {RSS_10}/>")
    assert not is_recognised(f"<rdf:RDF {RDF}/>")
    assert not is_recognised(f"<rdf:RDF {RDF} xmlns='http://x.example/'/>")


def test_rdf_that_is_no_feed_is_not_recognised_even_in_the_namespace_of_rss() -> None:
    assert not is_recognised(f"<rdf:RDF {RDF} {RSS_10}><f:Person xmlns:f='http://xmlns.com/foaf/0.1/'/></rdf:RDF>")


def test_rss_091_is_netscapes_version_only_if_it_has_netscapes_doctype_and_is_the_root() -> None:
    rss = f"<rss version='0.91'><channel><title>T</title>{item('a')}</channel></rss>"
    doctype = (
        '<!DOCTYPE rss PUBLIC "-//Netscape Communications//DTD RSS 0.91//EN" '
        '"http://my.netscape.com/publish/formats/rss-0.91.dtd">'
    )
    assert read(rss).format == "rss091u"
    assert read(doctype + rss).format == "rss091n"
    assert read(f"{doctype}<envelope>{rss}</envelope>").format == "rss091u"


@pytest.mark.parametrize("before", [998, 999])
def test_a_feed_is_looked_for_among_the_first_thousand_elements_of_an_envelope(before: int) -> None:
    rss = f"<rss version='2.0'><channel><title>T</title>{item('a')}</channel></rss>"
    document = f"<envelope>{'<x/>' * before}{rss}</envelope>"
    assert is_recognised(document)
    assert titles(read(document)) == ["a"]


def test_a_feed_after_a_thousand_elements_of_an_envelope_is_not_looked_for() -> None:
    rss = f"<rss version='2.0'><channel><title>T</title>{item('a')}</channel></rss>"
    assert not is_recognised(f"<envelope>{'<x/>' * 1000}{rss}</envelope>")


def test_names_of_attributes_of_a_document_in_capitals_are_lowered() -> None:
    content = "<CONTENT TYPE='xhtml'><DIV><A HREF='/a' TITLE='t'>x</A></DIV></CONTENT>"
    feed = read(f"<FEED XMLNS='http://www.w3.org/2005/Atom'><ENTRY><ID>1</ID>{content}</ENTRY></FEED>")
    assert feed.entries[0].content == '<DIV><A href="/a" title="t">x</A></DIV>'


@pytest.mark.parametrize("attribute", ["version='1.1'", "xml:lang='en'"])
def test_a_channel_with_attributes_that_are_no_addresses_is_rss(attribute: str) -> None:
    feed = read(f"<channel {attribute}><title>T</title>{item('a')}</channel>")
    assert (feed.format, titles(feed)) == ("rss", ["a"])


@pytest.mark.parametrize("attribute", ["HREF='https://s.example/'", "base='https://s.example/'", "LASTMOD='2000'"])
def test_a_channel_with_an_address_or_a_date_in_an_attribute_is_cdf(attribute: str) -> None:
    with pytest.raises(NotAFeed, match=r"Channel Definition"):
        read(f"<channel {attribute}><title>T</title>{item('a')}</channel>")
