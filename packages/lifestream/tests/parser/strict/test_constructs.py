"""The texts of elements: of RSS, which may be anything, and of Atom, which say their type."""

from __future__ import annotations

from xml.etree.ElementTree import fromstring

import pytest

from lifestream.parser.strict.constructs import NOTHING, loose, text_of, typed
from lifestream.parser.strict.scope import Scope

SCOPE = Scope("https://a.example/")
DIV = '<div xmlns="http://www.w3.org/1999/xhtml">'


@pytest.mark.parametrize(
    ("element", "html", "line"),
    [
        ("<a>1 &lt; 2 &amp;amp; 3</a>", "<p>1 &lt; 2 &amp;amp; 3</p>", "1 < 2 &amp; 3"),
        ("<a type='html'>&lt;b&gt;x&lt;/b&gt; &amp;amp; y</a>", "<b>x</b> &amp; y", "x & y"),
        (f"<a type='xhtml'>{DIV}x <b>y</b></div></a>", "x <b>y</b>", "x y"),
        (f"<a type='xhtml'>{DIV}x</div> and {DIV}y</div></a>", "<div>x</div> and <div>y</div>", "x and y"),
        ("<a type='text/plain' mode='base64'>eCA8IHk=</a>", "<p>x &lt; y</p>", "x < y"),
    ],
)
def test_a_text_of_atom_is_what_its_type_says(element: str, html: str, line: str) -> None:
    found = typed(fromstring(element), SCOPE)
    assert (found.html, found.line) == (html, line)


def test_a_text_of_rss_with_markup_in_it_is_html_with_absolute_addresses() -> None:
    found = loose(fromstring('<description>x <a href="y">z</a></description>'), SCOPE)
    assert (found.html, found.line) == ('x <a href="y">z</a>', "x z")
    based = loose(fromstring('<description xml:base="/d/">x <a href="y">z</a></description>'), SCOPE)
    assert based.scope.base == "https://a.example/d/"


def test_nothing_is_an_empty_text() -> None:
    assert (NOTHING.html, NOTHING.line, text_of(None), text_of(fromstring("<a> x\n y <b>z</b></a>"))) == (
        "", "", "", "x y",
    )  # fmt: skip
