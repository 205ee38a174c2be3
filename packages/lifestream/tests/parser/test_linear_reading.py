"""Constructs that feedparser reads slowly or fails at are read in linear time by either reader."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from both_readers import READERS, URL, atom, numbered, rss
from costs import assert_linear
from lifestream.entry import ParsedFeed

pytestmark = pytest.mark.costly

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


@READERS
@pytest.mark.parametrize("name", CONSTRUCTS)
def test_rule_18_a_document_takes_linear_time(name: str, reader: Callable[[str], ParsedFeed]) -> None:
    size, make = CONSTRUCTS[name]
    reader(make(2))  # so that imports are not measured
    assert_linear(reader, make, size)


@READERS
@pytest.mark.parametrize("name", CONSTRUCTS)
def test_rule_18_an_ill_formed_document_takes_linear_time(name: str, reader: Callable[[str], ParsedFeed]) -> None:
    size, make = CONSTRUCTS[name]
    assert_linear(reader, lambda n: make(n).replace("</title>", "&nbsp</title></oops>", 1), size // 5)


@READERS
@pytest.mark.parametrize("unit", UNITS)
def test_rule_18_markup_that_is_never_completed_takes_linear_time(
    unit: str, reader: Callable[[str], ParsedFeed]
) -> None:
    start = rss().removesuffix("</item></channel></rss>")
    assert_linear(reader, lambda n: f"{start}<title>x</oops></title><description>{unit * n}", 500)
