"""Titles, contents and summaries: text, HTML, or either."""

from __future__ import annotations

import pytest

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
