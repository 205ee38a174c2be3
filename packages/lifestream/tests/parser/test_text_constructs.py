"""Titles, contents and summaries: text, HTML, or either."""

from __future__ import annotations

import pytest

from lifestream.parser.text_constructs import (
    TextKind,
    as_html,
    as_line,
    is_html,
    kind_of,
    names,
    plain_of_html,
    unwrapped,
)
from lifestream.plugins.caps import TAGS
from parsed import atom, only_entry, rss


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
def test_a_title_of_atom_is_read_by_its_type(element: str, title: str) -> None:
    assert only_entry(atom(element)).title == title


@pytest.mark.parametrize(
    ("item", "content", "summary"),
    [
        ("<description>A</description>", "", "A"),
        ("<description>A</description><content:encoded>B</content:encoded>", "B", "A"),
        ("<content:encoded>B</content:encoded><description>A</description>", "B", "A"),
        ("<itunes:summary>S</itunes:summary>", "", "<p>S</p>"),
        ("<itunes:summary>S <b>and</b> more</itunes:summary>", "", "S <b>and</b> more"),
        ("<description>A</description><itunes:summary>A longer one</itunes:summary>", "", "A"),
        ("<media:description>M</media:description><description>A</description>", "", "A"),
        ("<description>A</description><media:description>M</media:description>", "", "A"),
        ("<media:group><media:description>M</media:description></media:group>", "", ""),
        ("<dc:description>D</dc:description>", "", "D"),
    ],
)
@pytest.mark.parametrize("broken", ["", "<broken>"], ids=["well-formed", "ill-formed"])
def test_content_summary_and_descriptions_of_media_are_kept_apart(
    item: str, content: str, summary: str, broken: str
) -> None:
    namespaces = (
        b'<rss xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/" '
        b'xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd" xmlns:media="http://search.yahoo.com/mrss/" '
    )
    entry = only_entry(rss(f"<item>{item}</item>{broken}").replace(b"<rss ", namespaces))

    assert (entry.content, entry.summary) == (content, summary)


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("<unknown> and <b>bold</b>", True),
        ("<b>bold</b>", True),
        ('<a href="/x">never closed', True),
        ("one<br>two", True),
        ('<unknown name="x"> is an element of XML', False),
        ('<a href="/x', False),
        ("the <b> tag", False),
        ("</b> alone", False),
        ("1 > 0", False),
    ],
)
def test_a_text_is_html_if_an_element_of_html_is_closed_has_attributes_or_is_void(text: str, is_one: bool) -> None:
    assert is_html(text) is is_one


@pytest.mark.parametrize(
    ("written", "text"),
    [("<![CDATA[a]]>", "a"), ("<![CDATA[a", "<![CDATA[a"), ("why a[b[0]]>1, and ]]>", "why a[b[0]]>1, and ]]>")],
)
def test_a_cdata_section_in_a_text_is_unwrapped_only_if_it_is_whole(written: str, text: str) -> None:
    assert unwrapped(written) == text


@pytest.mark.parametrize(
    ("html", "line"),
    [(" one\n two ", "one two"), ("AT&amp;T", "AT&T"), ("<b>bold</b>", "bold"), ("<b>A</b> &amp; B", "A & B")],
)
def test_html_becomes_one_line_of_text(html: str, line: str) -> None:
    assert plain_of_html(html) == line


@pytest.mark.parametrize(
    ("written", "kind"),
    [
        ("", TextKind.TEXT),
        ("text", TextKind.TEXT),
        ("plain", TextKind.TEXT),
        ("text/markdown", TextKind.TEXT),
        ("TEXT/HTML; charset=utf-8", TextKind.HTML),
        ("xhtml", TextKind.HTML),
        ("CDATA", TextKind.LOOSE),
        ("image/png", TextKind.OTHER),
    ],
)
def test_the_type_of_a_text_construct_decides_its_kind(written: str, kind: TextKind) -> None:
    assert kind_of(written) is kind


@pytest.mark.parametrize(
    ("kind", "html", "line"),
    [
        (TextKind.HTML, "<b>bold</b>", "bold"),
        (TextKind.LOOSE, "<b>bold</b>", "bold"),
        (TextKind.TEXT, "<p>&lt;b&gt;bold&lt;/b&gt;</p>", "<b>bold</b>"),
    ],
)
def test_markup_in_a_text_construct_is_read_by_its_kind(kind: TextKind, html: str, line: str) -> None:
    assert (as_html("<b>bold</b>", kind), as_line("<b>bold</b>", kind)) == (html, line)


def test_one_tag_more_than_is_kept_is_read() -> None:
    written = iter(map(str, range(1000)))

    assert names(written) == tuple(map(str, range(TAGS.limit + 1)))
    assert next(written) == str(TAGS.limit + 1)
