"""HTML that nh3 has written is split into tags and texts. Tags are cached; what nh3 never writes is refused."""

from __future__ import annotations

import nh3
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifestream.content.clean_html import NotClean, Tags, checked_html, escaped
from lifestream.content.sanitizer_rules import SanitizerRules

BASE = "https://site.example/a/"


def tags(base_url: str = BASE) -> Tags:
    known = Tags(SanitizerRules())
    known.relative_to(base_url)
    return known


@pytest.mark.parametrize(
    ("written", "html"),
    [
        ("", ""),
        ("a &lt; b", "a &lt; b"),
        ('<p title="a&quot;b&amp;c&lt;d&nbsp;e">x</p>', '<p title="a&quot;b&amp;c&lt;d&nbsp;e">x</p>'),
        (
            '<a href="x?a&amp;b" rel="me">x</a>',
            f'<a href="{BASE}x?a&amp;b" rel="noopener noreferrer nofollow ugc">x</a>',
        ),
        ('<a href="javascript:x">x</a>', '<a rel="noopener noreferrer nofollow ugc">x</a>'),
        ('<q cite="javascript:x" title="">x</q>', '<q title="">x</q>'),
        ('<img src="/i" alt="" loading="eager">', '<img src="https://site.example/i" alt="" loading="lazy">'),
    ],
)
def test_attributes_are_checked_and_everything_else_is_unchanged(written: str, html: str) -> None:
    assert checked_html(written, tags()).html == html


@pytest.mark.parametrize(
    "written",
    [
        "<",
        ">",
        "<p",
        "a > b",
        "<p>x</p",
        "<!---->",
        "<P>",
        "<p title>",
        "<p title=x>",
        "<p title='x'>",
        '<p  title="x">',
        '<p title="x"on="y">',
        '<p title="<b>">',
        '</p title="x">',
        "<p/>",
        "</ p>",
    ],
)
def test_html_that_nh3_does_not_write_is_refused(written: str) -> None:
    with pytest.raises(NotClean):
        checked_html(written, tags())


@pytest.mark.parametrize(
    "address",
    ["x", "/x", "//x.example/", "?x", "", "https:x", "https:///x", "http:/x", "https://o.example/x", "#x", " /x"],
)
def test_a_cached_tag_equals_a_tag_that_is_cleaned_anew(address: str) -> None:
    known = tags()
    for base_url in (BASE, f"{BASE}b/", "http://site.example/a/", "https://other.example/", "", BASE):
        known.relative_to(base_url)
        for written in (
            f'<a href="{address}">',
            f'<img srcset="{address}">',
            f'<img srcset="https://o.example/1, {address} 2x">',
            "<p>",
        ):
            assert checked_html(written, known) == checked_html(written, tags(base_url))
            assert checked_html(written, known) == checked_html(written, tags(base_url))


def test_the_cache_of_tags_is_limited_and_emptied_before_a_fragment_if_it_is_full() -> None:
    known = tags()
    for number in range(5000):
        checked_html(f'<p title="{number}">', known)
        known.relative_to(f"{BASE}{number}")
    checked_html("".join(f'<p title="{number}">' for number in range(5000)), known)

    assert len(known) == 2000
    known.relative_to(f"{BASE}4999")
    assert len(known) == 0


@given(st.text(alphabet="&<>\"\xa0'aé;\n"))
def test_values_are_written_as_nh3_writes_them(value: str) -> None:
    cleaner = nh3.Cleaner(tags={"q"}, attributes={"q": {"title"}})
    assert cleaner.clean(f'<q title="{escaped(value)}"></q>') == f'<q title="{escaped(value)}"></q>'


def test_the_text_has_each_block_on_a_line_and_no_sources_of_formulas() -> None:
    written = (
        "<p>One &amp;\n <b>two</b><br>three</p>\n<ul><li>fo&nbsp;ur</li></ul>"
        '<math><semantics><mi>x</mi><annotation encoding="a">\\x</annotation></semantics></math>'
    )
    assert checked_html(written, tags()).text == "One & two\nthree\nfo ur\nx"


def test_a_fragment_in_a_srcset_is_made_absolute_anew_for_another_base() -> None:
    written = '<img srcset="#x">'
    known = tags()
    checked_html(written, known)

    known.relative_to("https://other.example/")

    assert checked_html(written, known).html == '<img srcset="https://other.example/#x" loading="lazy">'
