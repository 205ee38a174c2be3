"""The texts of elements: in RSS, whose type has to be guessed, and in Atom, where an attribute names it."""

from __future__ import annotations

from base64 import b64encode
from xml.etree.ElementTree import fromstring

import pytest

from lifestream.parser.strict.constructs import NOTHING, Construct, alternatives, loose, text_of, typed, written
from lifestream.parser.strict.scope import Scope
from lifestream.parser.text_constructs import TextKind

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
def test_a_text_of_atom_is_read_by_its_type(element: str, html: str, line: str) -> None:
    found = typed(fromstring(element), SCOPE)
    assert (found.html, found.line) == (html, line)


def test_a_text_of_rss_with_markup_in_it_is_html_and_keeps_its_base() -> None:
    found = loose(fromstring('<description>x <a href="y">z</a></description>'), SCOPE)
    assert (found.html, found.line) == ('x <a href="y">z</a>', "x z")
    based = loose(fromstring('<description xml:base="/d/">x <a href="y">z</a></description>'), SCOPE)
    assert based.scope.base == "https://a.example/d/"


@pytest.mark.reading(13)
@pytest.mark.parametrize(
    ("inside", "html"),
    [
        ("<img src='a.png'/><![CDATA[<p>x <b>y</b></p>]]>", '<img src="a.png" /><p>x <b>y</b></p>'),
        ("&lt;b&gt;x&lt;/b&gt; <i>y</i>", "<b>x</b> <i>y</i>"),
        ("<i>y</i> 1 &lt; 2 &amp; Vec&lt;T&gt;", "<i>y</i> 1 &lt; 2 &amp; Vec&lt;T&gt;"),
        ("<p>use <code>&lt;b&gt;x&lt;/b&gt;</code></p>", "<p>use <code>&lt;b&gt;x&lt;/b&gt;</code></p>"),
    ],
)
def test_a_partly_escaped_text_of_rss_is_html_as_a_whole(inside: str, html: str) -> None:
    assert loose(fromstring(f"<description>{inside}</description>"), SCOPE).html == html


@pytest.mark.parametrize(
    ("inside", "found"),
    [
        ("Jane", "Jane"),
        ("by <a href='/j'>Jane</a> &amp; co", 'by <a href="/j">Jane</a> &amp; co'),
        ("Jane<uri>/j</uri>", "Jane"),
        ("", ""),
    ],
)
def test_a_name_is_written_as_text_or_as_html(inside: str, found: str) -> None:
    assert written(fromstring(f"<author>{inside}</author>")) == found


@pytest.mark.reading(9)
def test_each_alternative_of_a_multipart_text_is_read() -> None:
    forms = "<content type='text/plain'>a</content><content type='text/html'>b</content>"
    several = fromstring(f"<content type='Multipart/Alternative'>{forms}</content>")
    single, empty = (
        fromstring("<content type='xhtml'><div/></content>"),
        fromstring("<content type='multipart/mixed'/>"),
    )
    assert [each.text for each in alternatives([single, several, empty])] == [None, "a", "b", None]


def test_nothing_is_an_empty_text() -> None:
    assert (NOTHING.html, NOTHING.line, text_of(None)) == ("", "", "")


def test_the_text_of_an_element_is_one_line_without_that_of_its_children() -> None:
    assert text_of(fromstring("<a> x\n y <b>z</b></a>")) == "x y"


def encoded(text: str) -> str:
    return b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    ("element", "text", "kind"),
    [
        ("<a> x </a>", "x", TextKind.TEXT),
        ("<a/>", "", TextKind.TEXT),
        (f"<a type='text' mode='BASE64'>{encoded('x y')}</a>", "x y", TextKind.TEXT),
        ("<a type='text' mode='base64'>no base64!</a>", "no base64!", TextKind.TEXT),
        (f"<a mode='base64'>{encoded('x y')}!</a>", f"{encoded('x y')}!", TextKind.TEXT),
        (f"<a type='text'>{encoded('x y')}</a>", encoded("x y"), TextKind.TEXT),
        (f"<a type='application/xml'> {encoded('x')[:2]} {encoded('x')[2:]} </a>", "x", TextKind.LOOSE),
        ("<a type='application/xml'>x</a>", "x", TextKind.OTHER),
        (f"<a type='image/svg+xml'>{encoded('x y')}</a>", "x y", TextKind.OTHER),
        (f"<a type='APPLICATION/XML'>{encoded('x y')}</a>", "x y", TextKind.LOOSE),
        (f"<a type='application/zip'>{encoded(chr(0))}</a>", encoded(chr(0)), TextKind.OTHER),
        (f"<a type='application/zip'>{encoded(chr(31))}</a>", encoded(chr(31)), TextKind.OTHER),
        (f"<a type='application/xml'>{encoded('x' + chr(9) + chr(10))}</a>", "x\t\n", TextKind.LOOSE),
    ],
)
def test_base64_is_decoded_if_it_is_a_text(element: str, text: str, kind: TextKind) -> None:
    found = typed(fromstring(element), SCOPE)
    assert (found.text, found.kind) == (text, kind)


@pytest.mark.parametrize(
    ("element", "html"),
    [
        ("<a type='html'>&lt;i&gt;x&lt;/i&gt; <b>y</b></a>", "<i>x</i> <b>y</b>"),
        ("<a type='xhtml'>&lt;i&gt; <b>y</b></a>", "&lt;i&gt; <b>y</b>"),
        ("<a type='application/xhtml+xml'>&lt;i&gt; <b>y</b></a>", "&lt;i&gt; <b>y</b>"),
        ("<a>&lt;i&gt; <b>y</b></a>", "&lt;i&gt; <b>y</b>"),
        ("<a type='xhtml'><div>x</div></a>", "x"),
        (f"<a type='xhtml'>\n{DIV}x</div>\n</a>", "x"),
        (f"<a type='xhtml'>before {DIV}x</div></a>", "before <div>x</div>"),
        (f"<a type='xhtml'>{DIV}x</div> after</a>", "<div>x</div> after"),
        ("<a type='xhtml'><p>x</p></a>", "<p>x</p>"),
    ],
)
def test_markup_in_a_text_of_atom_is_html_without_the_div_around_it(element: str, html: str) -> None:
    assert typed(fromstring(element), SCOPE).html == html


def test_the_scope_of_a_text_is_that_of_its_innermost_element() -> None:
    element = fromstring("<a type='xhtml' xml:lang='de'><div xml:base='/d/' xml:lang='fr'><b>x</b></div></a>")
    found = typed(element, SCOPE)
    assert (found.scope.base, found.scope.language) == ("https://a.example/d/", "fr")
    outer = typed(fromstring("<a xml:lang='de'>x</a>"), SCOPE)
    assert (outer.scope.base, outer.scope.language) == ("https://a.example/", "de")


def test_a_text_of_rss_has_the_kind_of_its_field() -> None:
    assert loose(fromstring("<a> x </a>"), SCOPE) == Construct("x", TextKind.LOOSE, SCOPE)
    assert loose(fromstring("<a> x </a>"), SCOPE, TextKind.HTML).kind is TextKind.HTML
    assert loose(fromstring("<a><b>x</b></a>"), SCOPE) == Construct("<b>x</b>", TextKind.HTML, SCOPE)
    assert loose(fromstring("<a/>"), SCOPE).text == ""
