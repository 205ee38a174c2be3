"""Lazy pictures and pixels by themselves; `reading/test_html_of_others.py` tests them in HTML."""

from __future__ import annotations

import pytest

from lifestream.content.lazy_pictures import IS_LAZY, IS_TINY, LazyPictures, is_pixel, with_sources, written


@pytest.mark.parametrize(
    ("attrs", "pixel"),
    [
        ({"width": "1", "height": "1"}, True),
        ({"width": " 0px", "style": "HEIGHT: 1px"}, True),
        ({"style": "display:none"}, True),
        ({"style": "display:none", "data-src": "a.png"}, False),  # a script would show it
        ({"width": "1"}, False),
        ({"width": "1%", "height": "1%"}, False),
        ({"width": "10", "height": "1"}, False),
        ({}, False),
    ],
)
def test_a_pixel_is_at_most_one_pixel_or_hidden(attrs: dict[str, str], pixel: bool) -> None:
    assert is_pixel(attrs) is pixel
    written_out = written("img", attrs)
    assert not pixel or IS_TINY.search(written_out)


def test_sources_take_the_place_of_placeholders() -> None:
    attrs = {"src": "/blank.gif", "data-src": " a.png ", "data-srcset": "b.png 2x", "alt": "A"}
    assert with_sources("img", attrs) == {**attrs, "src": "a.png", "srcset": "b.png 2x"}
    assert with_sources("video", {"data-poster": "p.png"}) == {"data-poster": "p.png", "poster": "p.png"}
    assert with_sources("img", {"data-poster": "p.png", "data-id": "5"}) is None
    assert IS_LAZY.search("<img data-src='a'")
    assert not IS_LAZY.search("<img data-src-id='a'")


def test_a_tag_is_written_with_its_values_escaped() -> None:
    assert written("img", {"alt": 'a"<b>&', 'o"': "x"}) == '<img alt="a&quot;&lt;b&gt;&amp;">'


def test_of_two_copies_the_one_with_a_source_stays() -> None:
    pieces: list[str] = []
    pictures = LazyPictures(pieces)
    pieces.append(pictures.picture("<img src='data:x'>", in_fallback=False))
    pieces.append(pictures.picture("<img src='a.png'>", in_fallback=True))
    assert pieces == ["", "<img src='a.png'>"]
    pictures.text()
    assert pictures.picture("<img data-src='b.png'>", in_fallback=False) == '<img data-src="b.png" src="b.png">'
    assert pictures.picture("<img src='c.png'>", in_fallback=True) == ""


def test_only_a_placeholder_beside_its_copy_is_left_out() -> None:
    placeholder, copy = "<img src=' DATA:x'>", "<img src='a.png'>"
    pictures = LazyPictures([])
    assert pictures.picture(placeholder, in_fallback=False) == placeholder
    pictures.text()
    assert pictures.picture(copy, in_fallback=True) == copy
    assert pictures.picture(placeholder, in_fallback=False) == ""
    assert pictures.picture(placeholder, in_fallback=False) == placeholder
    pictures.text()
    assert pictures.picture("<img src='b.png'>", in_fallback=True) == "<img src='b.png'>"
    pictures.text()
    assert pictures.picture(placeholder, in_fallback=False) == placeholder
