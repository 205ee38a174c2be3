"""Pictures of unknown size are marked, so that pages reserve space for them, if they have a line of their own."""

from __future__ import annotations

import pytest

from lifestream.content.unsized_pictures import MARK, with_unsized_marked

IMG = '<img src="/a.png" alt="a &gt; b">'
ALONE = IMG.replace("<img", f"<img {MARK}")


@pytest.mark.parametrize(
    "html",
    [
        "{}",
        "<p>{}</p>",
        "<p>text</p>{}<p>text</p>",
        "<p>text<br>{}<br>text</p>",
        '<p> &nbsp;\n<a href="/a"><strong>{}</strong></a> </p>',
        "<figure><picture><source srcset='/a.webp'>{}</picture><figcaption>A</figcaption></figure>",
        "<ul><li>{}</li><li>text</li></ul>",
        "<table><tbody><tr><td>text</td></tr></tbody></table>{}",
        "<table><tbody><tr><td>text</td></tr></tbody></table><p>{}</p><p>text</p>",
        "<h2>text</h2>{}<hr>text<p>",
    ],
)
def test_a_picture_alone_in_its_line_is_marked(html: str) -> None:
    assert with_unsized_marked(html.replace("{}", IMG)) == html.replace("{}", ALONE)


@pytest.mark.parametrize(
    "html",
    [
        "<p>text {}</p>",
        "<p>{} text</p>",
        "<p><em>text</em>{}</p>",
        "<p>text <a href='/a'>{}</a></p>",
        "{}{}",
        "<p>{} {} {}</p>",
        "<table><tbody><tr><td>{}</td></tr></tbody></table>",
        "<table><tbody><tr><td><table></table><p>{}</p></td></tr></tbody></table>",
        "no picture",
        "",
    ],
)
def test_other_html_is_unchanged(html: str) -> None:
    html = html.replace("{}", IMG)
    assert with_unsized_marked(html) == html


@pytest.mark.parametrize(
    ("sizes", "marked"),
    [
        ('width="9" height="8"', False), ('height="8" width="9"', False), ('width="9"', True), ('height="8"', True),
        ('width="0" height="8"', True), ('width="" height="8"', True), ('alt=" width=" height="8"', True),
    ],
)  # fmt: skip
def test_a_picture_is_marked_unless_both_its_sizes_are_known(sizes: str, marked: bool) -> None:
    assert (MARK in with_unsized_marked(f'<p><img src="/a.png" {sizes}></p>')) is marked


def test_a_tag_in_the_value_of_an_attribute_is_not_marked() -> None:
    html = '<p title="&lt;img&gt; <img src=a>">text</p>'
    assert with_unsized_marked(html) == html
