"""HTML is cleaned tag by tag only if the result is the same as nh3's; otherwise nh3 cleans it as a whole."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lifestream.content import sanitizer as module
from lifestream.content.clean_html import Tags
from lifestream.content.proper_html import SourceTags, proper_html
from lifestream.content.sanitizer import Sanitizer
from lifestream.content.sanitizer_rules import SanitizerRules

BASE = "https://site.example/a/b"
TEXTS = (
    "x",
    " ",
    "\n",
    "a & b",
    "&amp;",
    "&lt;b&gt;",
    "&nbsp;",
    "\xa0",
    "&eacute;",
    "&#8217;",
    "&#x27;",
    "&#128;",
    "&#10;",
    "&#0;",
    "&#65534;",
    "&foo;",
    "&notin;",
    "&notit;",
    "&amp",
    "&copy",
    "&copy;x",
    "R&D",
    "&nvlt;",
    "&Tab;",
    "&NewLine;",
    "\ufeff",
    "'\"",
    "<!--more-->",
    "<!-- a - b -->",
    "<!-->",
    "<!--->",
    "<!--a--!>",
    "<?x ?>",
    "<![CDATA[x]]>",
    ">",
    "<",
)
ATTRIBUTES = (
    "",
    "",
    "",
    " class='x'",
    ' href="/a?b=1&c=2"',
    " href=x",
    " href='javascript:x'",
    ' href="&#106;avascript:x"',
    " id=a",
    ' style="text-align:center"',
    ' style=" color:red; text-align : LEFT"',
    ' style="x"',
    ' title="a&amp;b&copy"',
    ' title=">"',
    " TITLE=x",
    " title",
    ' title="a" title="b"',
    "/",
    " /",
    " onclick=x",
    ' title="&#0;&#10;"',
    ' title="',
    ' href="http://[x"',
    ' src="http://o.example/i.png" width=1 height=1',
    " data-src=x",
    " src=/i.png",
    ' srcset="a 1x, b 2x"',
    ' title="a"b="c"',
)
NAMES = (
    "p",
    "a",
    "b",
    "i",
    "em",
    "div",
    "ul",
    "ol",
    "li",
    "dl",
    "dt",
    "dd",
    "h1",
    "h2",
    "pre",
    "blockquote",
    "span",
    "font",
    "P",
)
ODD = (
    "<br>",
    "<br/>",
    "<BR />",
    "<hr>",
    "</br>",
    "</img>",
    "</p>",
    "</b>",
    "<b>",
    "<a>",
    "<li>",
    "<p>",
    "<td>",
    "</p >",
)


def element(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    tags = st.tuples(st.sampled_from(NAMES), st.sampled_from(ATTRIBUTES), inner)
    images = st.sampled_from(ATTRIBUTES).map("<img{}>".format)
    return st.one_of(tags.map(lambda tag: f"<{tag[0]}{tag[1]}>{tag[2]}</{tag[0]}>"), images)


FRAGMENTS = st.recursive(
    st.sampled_from(TEXTS),
    lambda inner: st.lists(st.one_of(inner, element(inner), st.sampled_from(ODD)), max_size=4).map("".join),
    max_leaves=12,
)


def tags(*, rules: SanitizerRules | None = None) -> SourceTags:
    sanitizer = Sanitizer(rules)
    known = SourceTags(sanitizer._cleaned, Tags(sanitizer.rules))
    known.relative_to(BASE)
    return known


@pytest.mark.slow
@settings(max_examples=150)
@given(st.lists(FRAGMENTS, max_size=3).map("".join), st.sampled_from((BASE, "http://site.example/", "")))
def test_the_result_is_the_same_as_that_of_nh3(source: str, base_url: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "proper_html", lambda *_: None)
        by_nh3 = Sanitizer().beginning(source, base_url, 10_000)
    by_tags = Sanitizer().beginning(source, base_url, 10_000)
    assert (by_tags.html, by_tags.clean.text, by_tags.whole) == (by_nh3.html, by_nh3.clean.text, by_nh3.whole)


@pytest.mark.parametrize(
    ("source", "html", "text"),
    [
        ("", "", ""),
        ("<p>a &lt; b &amp; c&nbsp;d</p>", "<p>a &lt; b &amp; c&nbsp;d</p>", "a < b & c d"),
        ("<p>caf&eacute; &#8217;\xa0&notin;</p>", "<p>café ’&nbsp;∉</p>", "café ’ ∉"),
        ("<p class=x>a<br/>b</p>\n", "<p>a<br>b</p>", "a\nb"),
        ("a<!--more-->b", "ab", "ab"),
        ('<p style="text-align: center">a</p>', '<p style="text-align:center">a</p>', "a"),
        ('<p>a<img src="/i" width="1" height="1">b</p>', "<p>ab</p>", "ab"),
        ('<img src="x.gif" data-src="/i">', '<img src="https://site.example/i" loading="lazy">', ""),
        ("<p><img src=/i></img></p>", '<p><img src="https://site.example/i" loading="lazy"></p>', ""),
        ("<p>a", "<p>a</p>", "a"),
        ("<blockquote><p>a <b>b ", "<blockquote><p>a <b>b </b></p></blockquote>", "a b"),
        ("<ul><li>a</li><li>b<br>", "<ul><li>a</li><li>b<br></li></ul>", "a\nb"),
        (
            "<ul><li><a href=/x>a</a></li></ul>",
            '<ul><li><a href="https://site.example/x" rel="noopener noreferrer nofollow ugc">a</a></li></ul>',
            "a",
        ),
    ],
)
def test_proper_html_is_cleaned_tag_by_tag(source: str, html: str, text: str) -> None:
    clean = proper_html(source, tags())
    assert clean is not None
    assert (clean.html, clean.text) == (html, text)


@pytest.mark.parametrize(
    "source",
    [
        *(
            "a</p>",
            "<p><b>a</p></b>",
            "<p>a<p>b</p></p>",
            "<p><div>a</div></p>",
            "<a><b><a>x</a></b></a>",
            "<li>a</li>",
        ),
        *("a > b < c", "x>b<y", '<a title=">b<x" href=y>z</a>', "<p", "<p>a</p><", "</br>", "</ p>", "<p>a</p x=y>"),
        *(
            "<table></table>",
            "<script>x</script>",
            "<svg></svg>",
            "<font>a</font>",
            "<td>a</td>",
            "<o:p>a</o:p>",
            "<noscript>a</noscript>",
        ),
        *("<!--a--b-->", "<!-->", "<!--->", "<?php ?>", "<![CDATA[a]]>", "<!DOCTYPE html>"),
        *("&#0;", "&#128;", "&#x41;", "&amp", "R&D", "a&Tab;b", "<pre>\nx</pre>", "\ufeffa"),
        *("<b/>", "<a href='x>a</a>", f'<p title="{"x" * 1000}">a</p>', f"<p {'a ' * 101}>a</p>"),
    ],
)
def test_other_html_is_left_to_nh3(source: str) -> None:
    assert proper_html(source, tags()) is None


def test_html_with_a_tag_that_the_rules_do_not_allow_is_left_to_nh3() -> None:
    known = tags(rules=SanitizerRules.of({"p": ()}))
    assert proper_html("<p>a</p>", known) is not None
    assert proper_html("<p><b>a</b></p>", known) is None


def test_an_address_is_relative_to_the_base_of_its_own_fragment() -> None:
    known = tags()
    found = []
    for base_url in (BASE, "https://site.example/c/", "https://other.example/", BASE):
        known.relative_to(base_url)
        for address in ("x", "/x", "https://o.example/x"):
            clean = proper_html(f"<img src={address}>", known)
            assert clean is not None
            found.append(clean.html.split('"')[1])
    assert found == [
        *("https://site.example/a/x", "https://site.example/x", "https://o.example/x"),
        *("https://site.example/c/x", "https://site.example/x", "https://o.example/x"),
        *("https://other.example/x", "https://other.example/x", "https://o.example/x"),
        *("https://site.example/a/x", "https://site.example/x", "https://o.example/x"),
    ]


@pytest.mark.parametrize("names", [("b",), ("div", "b", "i"), ("ul", "li")])
def test_nesting_is_checked_at_any_depth(names: Sequence[str]) -> None:
    for depth in (1, 5, 50):
        opened = [name for _ in range(depth) for name in names]
        starts, ends = (f"<{name}>" for name in opened), [f"</{name}>" for name in reversed(opened)]
        source = "".join(starts) + "x"
        assert proper_html(source + "".join(ends), tags()) is not None
        closed = proper_html(source + "".join(ends), tags())
        for count in (0, 1, len(ends) // 2):  # the other elements are closed at the end of the source
            assert proper_html(source + "".join(ends[:count]), tags()) == closed
        assert proper_html(source + "".join(ends[1:]), tags()) is None or len(set(names)) == 1
        assert proper_html(source + "".join([*ends, ends[0]]), tags()) is None


@pytest.mark.parametrize("ends", ["", "</b>", "</b>" * 2000], ids=["none", "one", "all"])
def test_elements_are_no_deeper_than_512_levels(ends: str) -> None:
    deep = Sanitizer().html("<p>words</p>" + "<b>" * 2000 + "x" + ends)
    assert deep.count("x") > 0 and deep.count("<b>") <= 512
    assert Sanitizer().html("<b>" * 400 + "x").count("<b>") == 400
