"""HTML that is repaired, and HTML that is unchanged; `reading/test_html_of_others.py` tests each rule."""

from __future__ import annotations

import pytest

from lifestream.content.html_repair import repaired

URL = "https://site.example/"


@pytest.mark.parametrize(
    "source",
    [
        "plain & simple",
        "<p>a <b>b</b><br/><img src='/a.png' width='100' height=\"10\" data-id='5'></p>",
        "<table><tr><td>x</table><!-- c --><h2 id=a>b</h2>",
        '<p style="display:none; width: 100px">x</p>',
    ],
)
def test_html_that_needs_no_repair_is_returned_as_it_is(source: str) -> None:
    assert repaired(source, URL) is source


@pytest.mark.parametrize(
    "attributes",
    [
        'width="01" height="00"',
        "width=1.0 height=0.0",
        'style="width:1.0px;height:01px"',
        'WIDTH="1" HEIGHT="1"',
        'STYLE="DISPLAY:NONE"',
        "/width=1 height='1'",
    ],
)
def test_a_pixel_is_left_out_however_its_size_is_written(attributes: str) -> None:
    assert repaired(f"<p>a<img src='/a.gif' {attributes}></p>", URL) == "<p>a</p>"


@pytest.mark.parametrize("attributes", ['DATA-SRC="/a.png"', 'alt="A"data-src="/a.png"', "/data-src='/a.png'"])
def test_a_lazy_picture_gets_its_source_however_its_tag_is_written(attributes: str) -> None:
    assert ' src="/a.png"' in repaired(f"<img {attributes}>", URL)


def test_two_frames_of_one_address_in_a_row_are_one_link() -> None:
    frame = '<iframe src="https://a.example/"></iframe>'
    link = '<p><a href="https://a.example/">https://a.example/</a></p>'
    assert repaired(frame + frame, URL) == link
    assert repaired(f"{frame}<noscript>{frame}</noscript>", URL) == link
    other = frame.replace("a.example", "b.example")
    assert repaired(frame + other + frame, URL).count("<a ") == 3
    assert repaired(f"{frame}<noscript>{other}</noscript>", URL).count("<a ") == 2


def test_tags_of_svg_and_tags_of_mathml_outside_a_formula_are_left_out_but_not_their_text() -> None:
    assert repaired("<path>a</path><svg><text>b</text><path d='M0'/></svg><mi>c</mi>", URL) == "abc"


def test_a_fragment_may_end_anywhere() -> None:
    assert repaired('<p><iframe src="/a">', URL) == '<p><a href="https://site.example/a">https://site.example/a</a>'
    assert repaired("<math><mi>x", URL) == "<math><mi>x</mi></math>"
    assert repaired("<noscript><p", URL) == "<p"
