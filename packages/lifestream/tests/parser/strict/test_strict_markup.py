"""Markup inside an element is written as HTML."""

from __future__ import annotations

from xml.etree.ElementTree import fromstring

import pytest

from lifestream.parser.relative_addresses import LONGEST_BASE, MOST_SLASHES
from lifestream.parser.strict.markup import inner_html
from lifestream.parser.strict.scope import joined

BASE = "https://a.example/"


@pytest.mark.parametrize(
    ("inside", "html"),
    [
        ("a &amp; b", "a &amp; b"),
        ("<p>a<br/>b</p>c", "<p>a<br />b</p>c"),
        ("<p title='&quot;x&quot;'>a</p>", '<p title="&quot;x&quot;">a</p>'),
        ("<!-- x --><?y z?>a", "a"),
        ("<p xml:base='/d/'><a href='x'>y</a></p>", '<p><a href="https://a.example/d/x">y</a></p>'),
    ],
)
def test_elements_stay_and_addresses_with_a_base_of_their_own_become_absolute(inside: str, html: str) -> None:
    assert inner_html(fromstring(f"<x>{inside}</x>"), BASE, joined) == html


def test_text_that_is_html_already_is_not_escaped_again() -> None:
    assert inner_html(fromstring("<x>&lt;b&gt;a&lt;/b&gt;<i>b</i></x>"), BASE, joined, is_escaped=True) == (
        "<b>a</b><i>b</i>"
    )


def test_of_elements_deeper_than_five_hundred_levels_only_the_text_is_kept() -> None:
    deep = inner_html(fromstring("<x>" + "<b>" * 1000 + "a" + "</b>" * 1000 + "</x>"), BASE, joined)
    assert deep == "<b>" * 500 + "a" + "</b>" * 500


@pytest.mark.slow
def test_a_base_does_not_grow_with_the_depth() -> None:
    depth = 5000  # of elements, whose bases together would have 25 million characters
    joins: list[str] = []

    def join(base: str, address: str) -> str:
        joins.append(base)
        return joined(base, address)

    html = inner_html(fromstring("<x>" + "<p xml:base='d/'>" * depth + "<i/>" + "</p>" * depth + "</x>"), BASE, join)

    assert html.startswith("<p><p>") and max(map(len, joins)) <= LONGEST_BASE


@pytest.mark.parametrize("base", ["a/" * MOST_SLASHES, "a" * LONGEST_BASE, "//[half"])
def test_a_base_that_is_too_long_or_wrong_does_not_count(base: str) -> None:
    inside = f"<p xml:base='/d/'><q xml:base='{base}'><a href='x'>y</a></q></p>"
    assert inner_html(fromstring(f"<x>{inside}</x>"), BASE, joined) == f'<p><q><a href="{OTHER}x">y</a></q></p>'


OTHER = "https://a.example/d/"


@pytest.mark.parametrize(
    ("inside", "html"),
    [
        ("a<b/>c<i>d</i>e", "a<b></b>c<i>d</i>e"),
        ("<BR/>a<img src='x'>in</img>b", '<BR />a<img src="x" />inb'),
        ("<p xml:lang='de'>a</p>", '<p lang="de">a</p>'),
        ("<p xml:base='/d/'>a<b>c</b></p><a href='x'>y</a>", '<p>a<b>c</b></p><a href="x">y</a>'),
        ("<p xml:base='/d/'><a href='#x'>y</a></p>", '<p><a href="#x">y</a></p>'),
        ("<p xml:base='/d/'><a href='http://[half'>y</a></p>", '<p><a href="http://[half">y</a></p>'),
        ("<p xml:base='/d/'><a title='x'>y</a></p>", '<p><a title="x">y</a></p>'),
        ("<img xml:base='/d/' src='x'/>", f'<img src="{OTHER}x" />'),
        ("<img xml:base='/d/' srcset='x 1x, y 2x,  http://[half 3x'/>",
         f'<img srcset="{OTHER}x 1x, {OTHER}y 2x, http://[half 3x" />'),
        ("<img xml:base='/d/' srcset='x 1x,y 2x,a,b 3x, c,'/>",
         f'<img srcset="{OTHER}x 1x, {OTHER}y 2x, {OTHER}a,b 3x, {OTHER}c" />'),
        ("<base href='x'>a</base>", '<base href="x" />a'),
        ("<p xml:base='/d/'><q xml:base='e/' cite='x'>y</q></p>", f'<p><q cite="{OTHER}e/x">y</q></p>'),
        ("<p xml:base='/'><a href='x'>y</a></p>", '<p><a href="x">y</a></p>'),
        ("<a xmlns:l='http://www.w3.org/1999/xlink' xml:base='/d/' l:href='x'/>", f'<a xlink:href="{OTHER}x"></a>'),
        ("<a xmlns:o='urn:o' o:href='x'/>", "<a></a>"),
        ("<s:svg xmlns:s='http://www.w3.org/2000/svg'/>", "<svg></svg>"),
        ("<p title='&lt;a&gt; &amp;amp;'>&gt;</p>", '<p title="&lt;a&gt; &amp;amp;">&gt;</p>'),
        ("<p><!-- x -->tail</p>", "<p>tail</p>"),
    ],
)  # fmt: skip
def test_markup_is_written_in_the_syntax_of_html(inside: str, html: str) -> None:
    assert inner_html(fromstring(f"<x>{inside}</x>"), BASE, joined) == html


def test_an_element_keeps_a_hundred_attributes() -> None:
    attributes = "".join(f" a{number}='1'" for number in range(101))
    assert inner_html(fromstring(f"<x><p{attributes}/></x>"), BASE, joined).count("=") == 100
