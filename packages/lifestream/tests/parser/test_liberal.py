"""Constructs that feedparser reads slowly or fails at: they are read in linear time, and affect nothing else."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from costs import assert_linear
from lifestream.entry import ParsedFeed
from lifestream.parser import parse
from lifestream.parser.tag_attributes import MAX_ATTRIBUTES
from lifestream.plugins.caps import TAGS
from parsed import by_feedparser

NAMESPACES = " ".join(
    f'xmlns:{prefix}="{uri}"'
    for prefix, uri in {
        "dc": "http://purl.org/dc/elements/1.1/",
        "itunes": "http://www.itunes.com/dtds/podcast-1.0.dtd",
        "media": "http://search.yahoo.com/mrss/",
    }.items()
)
URL = "https://site.example/feed"


def rss(item: str = "", *, head: str = "", root: str = "", channel: str = "") -> str:
    root = f'<rss version="2.0" {NAMESPACES} {root}>'
    return f"{head}{root}<channel><title>T</title>{channel}<item><guid>1</guid>{item}</item></channel></rss>"


def atom(entry: str, *, root: str = "") -> str:
    return f'<feed xmlns="http://www.w3.org/2005/Atom"{root}><title>T</title><entry><id>1</id>{entry}</entry></feed>'


def numbered(text: str, count: int) -> str:
    return "".join(text.replace("#", str(number)) for number in range(count))


# Constructs that took quadratic time in feedparser or in lifestream's use of it, and similar ones.
CONSTRUCTS: dict[str, tuple[int, Callable[[int], str]]] = {
    "an author of one word": (20_000, lambda n: rss(f"<author>{'a' * n}</author>")),
    "an author of at signs": (20_000, lambda n: rss(f"<author>{'a@' * n}</author>")),
    "an author of a long domain": (20_000, lambda n: rss(f"<author>a@{'b.' * n}</author>")),
    "authors": (1000, lambda n: rss("<author>a</author>" * n)),
    "addresses under a long name": (
        1000,
        lambda n: atom(f"<author><name>{'a' * 60 * n}</name>{'<email>a</email>' * n}</author>"),
    ),
    "categories": (1500, lambda n: rss(numbered("<category>#</category>", n))),
    "categories of a feed": (1500, lambda n: rss(channel=numbered("<category>#</category>", n))),
    "terms": (1500, lambda n: atom(numbered('<category term="#"/>', n))),
    "keywords": (3000, lambda n: rss(f"<itunes:keywords>{numbered('#,', n)}</itunes:keywords>")),
    "media keywords": (3000, lambda n: rss(f"<media:keywords>{numbered('#,', n)}</media:keywords>")),
    "links": (1000, lambda n: atom('<link href="/a"/>' * n)),
    "enclosures": (1000, lambda n: rss('<enclosure url="/a"/>' * n)),
    "media": (1000, lambda n: rss('<media:content url="/a"/>' * n)),
    "media in media": (1000, lambda n: rss("<media:group>" * n + "</media:group>" * n)),
    "namespaces": (1500, lambda n: rss("<x1:b/>" * n, root=numbered(' xmlns:x#="u#"', n))),
    "namespaces of Atom": (1500, lambda n: atom("<b/>" * n, root=numbered(' xmlns:x#="u#"', n))),
    "attributes": (2000, lambda n: rss("<foo" + numbered(' a#="b"', n) + "/>")),
    "attributes in XHTML": (
        2000,
        lambda n: atom('<content type="xhtml"><p' + numbered(' a#="b"', n) + "/></content>"),
    ),
    "depth": (2000, lambda n: rss("<a>" * n + "</a>" * n)),
    "sources in sources": (1000, lambda n: rss('<source url="u">' * n + "</source>" * n)),
    "bases in bases": (1000, lambda n: atom('<x xml:base="a/">' * n + "</x>" * n, root=f' xml:base="{URL}/"')),
    "a long base": (2000, lambda n: atom("<a/>" * n, root=f' xml:base="http://a/{"a" * 6 * n}/"')),
    "a base of many parts": (2000, lambda n: atom("<a/>" * n, root=f' xml:base="{"a/" * n}"')),
    "a long base and links": (
        500,
        lambda n: atom('<link href="a"/>' * n, root=f' xml:base="http://a/{"a" * 50 * n}/"'),
    ),
    "a long language": (1000, lambda n: atom("<title>a</title>" * n, root=f' xml:lang="{"a_" * 20 * n}"')),
    "blanks before XHTML": (20_000, lambda n: atom(f'<content type="xhtml">{" <?a?>" * n}<p/></content>')),
    "blanks after XHTML": (20_000, lambda n: atom(f'<content type="xhtml"><p/>{" <?a?>" * n}</content>')),
    "digits for a date": (50_000, lambda n: rss(f"<pubDate>2020-01-01T00:00:{'1' * n}</pubDate>")),
    "words for a date": (20_000, lambda n: rss(f"<pubDate>{'Mon, ' * n}</pubDate>")),
    "a processing instruction first": (
        5000,
        lambda n: rss(head="<?x " + 'encoding="a" ' * n + "?>"),
    ),
    "lines before the root": (20_000, lambda n: rss(head='<?xml version="1.0"?>' + "\n" * n)),
    "lines in a comment before the root": (20_000, lambda n: rss(head="<!--" + "\n" * n + "-->")),
    "entities in a comment before the root": (5000, lambda n: rss(head="<!--" + "\n<!ENTITY" * n + "-->")),
    "comments that open in a document type": (10_000, lambda n: rss(head=f"<!DOCTYPE x [{'<!--' * n}]>")),
    "instructions that open in a document type": (10_000, lambda n: rss(head=f"<!DOCTYPE x [{'<?' * n}]>")),
    "prefixes of media": (
        1000,
        lambda n: rss("<b/>" * n, root=numbered(' xmlns:m#="http://search.yahoo.com/mrss/"', n)),
    ),
    "a reference of zeros": (50_000, lambda n: rss(f"<title>&#{'0' * n}65;</title>")),
    "items in items": (1000, lambda n: rss("<item>" * n + "</item>" * n)),
}
# Beginnings of markup that are repeated and never completed, which could be slow in feedparser's loose parser.
UNITS = [
    "<",
    "<a",
    "<a ",
    '<a "',
    "<a '",
    '<a b="',
    "</",
    "</a",
    "<!",
    "<!--",
    "<?",
    "<![CDATA[",
    "&",
    "&#",
    "<a/",
    "<a =",
]


def read(document: str) -> ParsedFeed:
    """Return the feed in *document*, which the strict reader reads, if it can."""
    return parse(document.encode(), {}, URL)


READERS = pytest.mark.parametrize("reader", [read, by_feedparser])


@pytest.mark.costly
@READERS
@pytest.mark.parametrize("name", CONSTRUCTS)
def test_rule_18_a_document_takes_linear_time(name: str, reader: Callable[[str], ParsedFeed]) -> None:
    size, make = CONSTRUCTS[name]
    reader(make(2))  # so that imports are not measured
    assert_linear(reader, make, size)


@pytest.mark.costly
@READERS
@pytest.mark.parametrize("name", CONSTRUCTS)
def test_rule_18_an_ill_formed_document_takes_linear_time(name: str, reader: Callable[[str], ParsedFeed]) -> None:
    size, make = CONSTRUCTS[name]
    assert_linear(reader, lambda n: make(n).replace("</title>", "&nbsp</title></oops>", 1), size // 5)


@pytest.mark.costly
@READERS
@pytest.mark.parametrize("unit", UNITS)
def test_rule_18_markup_that_is_never_completed_takes_linear_time(
    unit: str, reader: Callable[[str], ParsedFeed]
) -> None:
    start = rss().removesuffix("</item></channel></rss>")
    assert_linear(reader, lambda n: f"{start}<title>x</oops></title><description>{unit * n}", 500)


@READERS
def test_the_namespace_in_the_last_kept_attribute_of_a_tag_is_known(
    reader: Callable[[str], ParsedFeed],
) -> None:
    many = numbered(' xmlns:x#="u#"', MAX_ATTRIBUTES - 3)  # beside the version and two more namespaces
    last = 'xmlns:other="u" xmlns:last="http://purl.org/dc/elements/1.1/"'
    inside = "<other:title>Not it</other:title><last:creator>Ada</last:creator>"
    document = f'<rss version="2.0"{many} {last}><channel><item>{inside}</item></channel></rss>'
    assert [(entry.title, entry.author) for entry in reader(document).entries] == [("", "Ada")]


def test_tags_from_feedparser_are_distinct_and_at_most_one_more_than_are_kept() -> None:
    tags = "<category>1</category>" + numbered("<category>#</category>", 2000)
    [entry] = by_feedparser(rss(tags)).entries
    assert entry.tags == ("1", "0", *(str(number) for number in range(2, TAGS.limit + 1)))


def test_the_line_and_column_of_an_error_are_those_of_the_document() -> None:
    document = rss(head='<?xml version="1.0"?>\n<!-- a comment\n of two lines -->').replace("<title>T", "<title>& T")
    flaw = read(document).flaw
    assert flaw is not None
    assert (flaw.line, flaw.column) == (3, document.splitlines()[2].index("& T") + 2)  # the position of the blank


@READERS
def test_entities_of_a_document_type_are_resolved_in_an_ill_formed_document_too(
    reader: Callable[[str], ParsedFeed],
) -> None:
    head = '<!DOCTYPE rss SYSTEM "http://localhost/x.dtd" [<!ENTITY copy "(C)"><!ENTITY deep "&copy;&copy;">]>'
    document = rss("<title>a &copy; &nbsp; b</title></oops>", head=head)
    assert reader(document).entries[0].title == "a (C) b"


@READERS
def test_a_feed_with_a_reference_of_many_zeros_is_read(reader: Callable[[str], ParsedFeed]) -> None:
    document = rss(f"<title>&#{'0' * 6000}65;</title></oops>")
    assert reader(document).entries[0].title == "A"


@pytest.mark.parametrize(
    "odd",
    [
        "<textInput><name>q</name></textInput>",
        "<textInput>a<x>b</x></textInput>",
        '<gml:pos xmlns:gml="http://www.opengis.net/gml">1 2</gml:pos>',
        "<height/>",
        "<description>a<media:player/></description>",
        "<media:credit><media:credit>x</media:credit></media:credit>",
        "<category>a<category>b</category></category>",
        "<link>a<link>b</link></link>",
        '<psc:chapters xmlns:psc="http://podlove.org/simple-chapters"><psc:chapter/></psc:chapters>',
    ],
)
@pytest.mark.parametrize("end", ["", "<b>"], ids=["well-formed", "ill-formed"])
@READERS
def test_an_element_at_which_feedparser_fails_affects_nothing_else(
    reader: Callable[[str], ParsedFeed], odd: str, end: str
) -> None:
    document = rss(f"<title>One</title>{odd}").replace(
        "</channel>", f"<item><title>Two</title><guid>2</guid></item><item><guid>3</guid>{end}</item></channel>"
    )

    assert [(entry.guid, entry.title) for entry in reader(document).entries][:2] == [("1", "One"), ("2", "Two")]


@pytest.mark.reading(10)
def test_a_file_without_a_type_has_none_in_a_damaged_entry() -> None:
    link = '<atom:link xmlns:atom="http://www.w3.org/2005/Atom" rel="enclosure" href="/a.mp3"/>'
    document = f"<rss version='2.0'><channel><item><guid>1</guid>{link}<b>unclosed</item></channel></rss>"
    [entry] = parse(document.encode(), {}, "https://site.example/").entries

    assert [(file.url, file.type) for file in entry.enclosures] == [("https://site.example/a.mp3", "")]
