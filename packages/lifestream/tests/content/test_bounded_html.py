"""HTML is rewritten before nh3 cleans it: the result is the same, but nh3 takes only linear time."""

from __future__ import annotations

import nh3
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lifestream.content.bounded_html import MAX_ATTRIBUTES, MAX_TEXT, MAX_VALUE, bounded
from lifestream.content.html_tokenizer import attributes, tokens

LARGE = "<p>x</p>" * 600
"""Enough tags that `bounded` examines a fragment instead of returning it at once."""

SCRAPS = [
    *(
        "<p>",
        "</p>",
        "<b title='x>y'>",
        "</b>",
        "<td>",
        "<table>",
        "<tr>",
        "<pre>\n",
        "<!--",
        "-->",
        "<![CDATA[",
        "]]>",
    ),
    *("<textarea>", "</textarea>", "<xmp>", "</xmp>", "<script>", "</script>", "<title>", "<", ">", "&amp;", "&", "x"),
    "&y z" * 1100,
]


def made(fragment: str) -> str:
    """Return what `bounded` makes of *fragment*, which it can bound."""
    source = bounded(fragment)
    assert source is not None
    return source


@pytest.mark.slow
@settings(max_examples=50, deadline=None)
@example("<<![CDATA[<p>x")
@example("<<!--a-->x onclick=y>")
@example("<<?a>x>")
@given(st.lists(st.sampled_from(SCRAPS), max_size=20).map("".join))
def test_nh3_returns_the_same_for_bounded_html(fragment: str) -> None:
    assert nh3.clean(made(LARGE + fragment)) == nh3.clean(LARGE + fragment)


@pytest.mark.parametrize("piece", ["&", "&amp;", "\xa0", "«", "&#0000000000000038;", "ab "])
def test_a_long_text_is_split_but_no_character_reference_is(piece: str) -> None:
    source = made(piece * 10_000)

    assert max(len(token.source) for token in tokens(source) if token.kind == "text") <= MAX_TEXT
    assert nh3.clean(source) == nh3.clean(piece * 10_000)


@pytest.mark.parametrize("name", ["textarea", "title", "xmp", "noembed", "plaintext"])
def test_a_long_text_of_an_element_without_tags_is_split_too(name: str) -> None:
    fragment = f"<{name}>" + "a & <b> " * 10_000
    source = made(fragment)

    parts = source.replace("<!---->", f"</{name}>").split(f"</{name}>")
    assert max(map(len, parts)) <= MAX_TEXT + len(f"<{name}>")
    assert nh3.clean(source) == nh3.clean(fragment)


def test_a_tag_keeps_its_first_attributes() -> None:
    (tag, *_) = tokens(made("<p " + " ".join(f"a{number}='{number}>'" for number in range(5000)) + ">x"))

    assert attributes(tag.source) == {f"a{number}": f"{number}>" for number in range(MAX_ATTRIBUTES)}


def test_a_too_long_attribute_is_removed_and_the_others_stay() -> None:
    (tag, *_) = tokens(made(f"<a href='/b' title='{'x' * MAX_VALUE}' lang=en/>x"))

    assert attributes(tag.source) == {"href": "/b", "lang": "en/"}


@pytest.mark.parametrize("name", ["svg", "select", "template", "html", "body", "frameset"])
def test_tags_that_change_the_parsing_of_other_tags_are_removed(name: str) -> None:
    assert bounded(f"a<{name} x=y>b</{name.upper()} >c") == "a<!---->b<!---->c"
    assert bounded(f"<<{name}>p>") == "<<!---->p>"


def test_a_cdata_section_is_a_comment_as_in_html() -> None:
    fragment = LARGE + "a<![CDATA[b>c<i>d]]><textarea><![CDATA[</textarea>"

    assert made(fragment) == LARGE + "a<!---->c<i>d]]><textarea><![CDATA[</textarea>"


def test_a_small_or_ordinary_fragment_is_unchanged() -> None:
    assert bounded("<p>a &amp; b</p>") == "<p>a &amp; b</p>"
    assert bounded(LARGE) == LARGE


@pytest.mark.parametrize(
    "fragment",
    [
        "<div>" * 1000,
        "<br>" * 9000 + "<table>" + "x<br>" * 9000,
        # A browser and nh3 read a start tag of another name, or a value without quotes that ends at the first ">".
        ("<xmp\xa0>" + "<div>" * 100 + "</xmp>") * 10,
        ('<div title=\u2003"' + "<div>" * 100 + '">') * 10,
        "<bloc\u212aquote></blockquote>" * 1000,
    ],
    ids=["nested", "moved", "space in a name", "space before a value", "Kelvin sign"],
)
def test_a_fragment_that_cannot_be_bounded_is_refused(fragment: str) -> None:
    assert bounded(fragment) is None
