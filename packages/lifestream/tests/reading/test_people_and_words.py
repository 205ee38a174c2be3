"""reading.md rules 11 to 13: the authors, and when a title, a name, a tag or a summary is HTML."""

from __future__ import annotations

from html import escape

import pytest

from lifestream.entry import Entry
from lifestream.parser import parse

URL = "https://feeds.example/feed"
DC = "http://purl.org/dc/elements/1.1/"
ITUNES = "http://www.itunes.com/dtds/podcast-1.0.dtd"


def rss(item: str) -> Entry:
    body = f"<rss version='2.0' xmlns:dc='{DC}' xmlns:itunes='{ITUNES}'><channel><item>{item}</item></channel></rss>"
    [entry] = parse(body.encode(), {}, URL).entries
    return entry


def atom(entry: str, head: str = "") -> Entry:
    body = f"<feed xmlns='http://www.w3.org/2005/Atom'>{head}<entry><id>1</id>{entry}</entry></feed>"
    [found] = parse(body.encode(), {}, URL).entries
    return found


NAMES = [
    ("editor@heise.online", "editor@heise.online"),
    ("@gargron@mastodon.social", "@gargron@mastodon.social"),
    ("Eugen (@gargron@mastodon.social)", "Eugen (@gargron@mastodon.social)"),
    ("jane@doe.cloud (Jane Doe)", "Jane Doe"),
    ("Jane Doe <jane@doe.photography>", "Jane Doe"),
    ("Jane Doe (jane@doe.cloud)", "Jane Doe"),
    ("Jane Doe, jane@doe.cloud", "Jane Doe"),
    ("jane@doe.cloud Jane Doe", "Jane Doe"),
    ('"Jane Doe" <jane@doe.cloud>', "Jane Doe"),
    ("mailto:jane@doe.cloud (Jane)", "Jane"),
    ("jane@doe.cloud ()", "jane@doe.cloud"),
    ("jane@doe.cloud (jane@doe.cloud)", "jane@doe.cloud"),
    ("<jane@doe.cloud>", "jane@doe.cloud"),
    ("jane@пример.рф (Джейн)", "Джейн"),
    ("jane@doe.cloud (Jane), bob@doe.cloud (Bob)", "Jane, Bob"),
    ("Smith, John (john@doe.cloud)", "Smith, John"),
    ("jane@doe.cloud, bob@doe.cloud", "jane@doe.cloud, bob@doe.cloud"),
    ("Jane @ Home", "Jane @ Home"),
    ("Tom &amp; Jerry", "Tom & Jerry"),
    ("Tom & Jerry", "Tom & Jerry"),
    ("J&ouml;rg", "Jörg"),
    ('<a href="/jane">Jane</a>', "Jane"),
    ("  Jane\n Doe ", "Jane Doe"),
]


@pytest.mark.reading(11)
@pytest.mark.parametrize(("written", "name"), NAMES)
@pytest.mark.parametrize("element", ["author", "dc:creator", "itunes:author"])
def test_an_author_is_the_name_as_written_or_else_the_address(element: str, written: str, name: str) -> None:
    assert rss(f"<{element}>{escape(written)}</{element}>").author == name


@pytest.mark.reading(11)
@pytest.mark.parametrize(
    ("people", "author"),
    [
        ("<author>by <a href='/jane'>Jane Doe</a></author>", "by Jane Doe"),
        ("<dc:creator><a href='/jane'>Jane</a>, <a href='/bob'>Bob &amp; Co.</a></dc:creator>", "Jane, Bob & Co."),
        ("<author><p>Jane</p><p>Bob</p></author>", "Jane Bob"),
        ("<author><h:span xmlns:h='http://www.w3.org/1999/xhtml'>Jane</h:span></author>", "Jane"),
        ("<author><department>Sales</department></author>", ""),
    ],
)
def test_markup_in_a_name_is_left_out_but_not_its_words(people: str, author: str) -> None:
    assert rss(people).author == author


@pytest.mark.reading(11)
@pytest.mark.parametrize(
    ("people", "author"),
    [
        ("<author>jane@doe.cloud</author><dc:creator>Jane</dc:creator>", "Jane"),
        ("<author>jane@doe.cloud (Jane)</author><dc:creator>Jane</dc:creator>", "Jane"),
        ("<dc:creator>Jane</dc:creator><dc:creator>Bob</dc:creator>", "Jane, Bob"),
    ],
)
def test_several_authors_are_each_named_once(people: str, author: str) -> None:
    assert rss(people).author == author


@pytest.mark.reading(11)
@pytest.mark.parametrize(
    ("entry", "author"),
    [
        ("<author><name>Jane</name><email>jane@doe.cloud</email></author>", "Jane"),
        ("<author><email>jane@doe.cloud</email></author>", "jane@doe.cloud"),
        ("<author><name>@jane@doe.social</name></author>", "@jane@doe.social"),
        ("<author><name>Jane</name></author><author><name>Bob</name></author>", "Jane, Bob"),
        ("<contributor><name>Bob</name></contributor>", "Planet Robot"),
        ("<source><author><name>Source</name></author></source>", "Source"),
        ("<source><author><name>Source</name></author></source><author><name>Jane</name></author>", "Jane"),
        ("<source><title>t</title></source>", "Planet Robot"),
    ],
)
def test_the_author_is_the_entrys_else_its_sources_else_the_feeds(entry: str, author: str) -> None:
    assert atom(entry, "<author><name>Planet Robot</name></author>").author == author


TITLES = [
    ("Tom &amp; Jerry", "Tom & Jerry"),
    ("&amp;lt; explained", "&lt; explained"),
    ("The <b> tag", "The <b> tag"),
    ("a<b and b>c", "a<b and b>c"),
    ("Vec<T> & Map<K, V>", "Vec<T> & Map<K, V>"),
    ("</example>", "</example>"),
    ("<example>", "<example>"),
    ("I <3 you", "I <3 you"),
    ("<i>Dune</i>, a review", "Dune, a review"),
    ("one<br>two", "one two"),
    ("<b></b>", "<b></b>"),
    ("<img src='/a.png'>", "<img src='/a.png'>"),
]


@pytest.mark.reading(12)
@pytest.mark.parametrize(("written", "read"), TITLES)
def test_titles_and_tags_of_rss_are_unescaped_once_and_keep_text_that_is_no_markup(written: str, read: str) -> None:
    for escaped in (escape(written), f"<![CDATA[{written}]]>"):
        entry = rss(f"<title>{escaped}</title><category>{escaped}</category>")
        assert (entry.title, entry.tags) == (read, (read,))


@pytest.mark.reading(12)
@pytest.mark.parametrize(
    ("element", "title"),
    [
        ("<title>a &lt;b&gt; &amp;amp; c</title>", "a <b> &amp; c"),
        ("<title type='text'>&lt;i&gt;x&lt;/i&gt;</title>", "<i>x</i>"),
        ("<title type='html'>a &lt;i&gt;b&lt;/i&gt; &amp;amp; c</title>", "a b & c"),
        ("<title type='html'>&lt;/example&gt;</title>", "</example>"),
        ("<title type='xhtml'><div xmlns='http://www.w3.org/1999/xhtml'>a <i>b</i> &lt;</div></title>", "a b <"),
    ],
)
def test_a_title_of_atom_is_read_by_its_type(element: str, title: str) -> None:
    assert atom(element).title == title


@pytest.mark.reading(12)
def test_markup_in_a_tag_is_left_out_but_not_its_words() -> None:
    assert rss("<category>Ropes <b>&amp; knots</b></category><category><foo/></category>").tags == ("Ropes & knots",)


@pytest.mark.reading(12)
def test_tags_of_atom_are_unescaped_as_titles_are() -> None:
    entry = atom(
        "<category term='a &amp;amp; b'/><category term='x' label='&lt;i>Y&lt;/i>'/><category term='http://x/'/>"
    )
    assert entry.tags == ("a & b", "Y")


@pytest.mark.reading(13)
@pytest.mark.parametrize(
    ("written", "summary"),
    [
        ("a<b in text", "a&lt;b in text"),
        ("where $n<m$ holds", "where $n&lt;m$ holds"),
        ("a<b and c>d", "a&lt;b and c&gt;d"),
        ("Vec<T> &amp; more", "Vec&lt;T&gt; &amp; more"),
        ("<p>one &lt; two</p>", "<p>one &lt; two</p>"),
        ("one<br>two", "one<br>two"),
        ("<b>cut", "<b>cut"),
        ('cut <a href="http', 'cut <a href="http'),
        ("<!-- x -->one", "<!-- x -->one"),
        ("plain &amp; simple", "plain &amp; simple"),
    ],
)
def test_a_description_is_html_only_if_it_has_markup(written: str, summary: str) -> None:
    assert rss(f"<description>{escape(written)}</description>").summary == summary


@pytest.mark.reading(13)
@pytest.mark.parametrize(
    ("written", "summary"),
    [("a<b", "<p>a&lt;b</p>"), ("<p>one</p>", "<p>one</p>"), ("one\n\ntwo", "<p>one</p>\n<p>two</p>")],
)
def test_the_summary_of_a_podcast_is_text_unless_it_is_html(written: str, summary: str) -> None:
    assert rss(f"<itunes:summary>{escape(written)}</itunes:summary>").summary == summary


@pytest.mark.reading(13)
@pytest.mark.parametrize(
    ("element", "summary"),
    [
        ("<summary>a&lt;b &amp;amp; c</summary>", "<p>a&lt;b &amp;amp; c</p>"),
        ("<summary type='html'>a&lt;b</summary>", "a&lt;b"),
        ("<summary type='html'>a &amp;lt; b</summary>", "a &lt; b"),
    ],
)
def test_the_summary_of_atom_is_read_by_its_type(element: str, summary: str) -> None:
    assert atom(element).summary == summary
