"""Settled HTML: cleaning it again would not change it, so it is not cleaned again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifestream.content.clean_html import CleanHtml, Tags, checked_html
from lifestream.content.sanitizer import Sanitizer
from lifestream.content.sanitizer_rules import SanitizerRules

BASE = "https://site.example/"
TAGS = [
    *(
        "<p>",
        "</p>",
        "<b>",
        "</b>",
        "<a href=x>",
        "</a>",
        "<h1>",
        "</h1>",
        "<h2>",
        "<ul>",
        "</ul>",
        "<ol>",
        "<li>",
        "</li>",
    ),
    *("<dl>", "<dt>", "<dd>", "</dl>", "<div>", "</div>", "<pre>\n", "<pre>", "</pre>", "<br>", "<hr>", "<img src=x>"),
    *(
        "<span>",
        "</span>",
        "<code>",
        "</code>",
        "<blockquote>",
        "</blockquote>",
        "<details>",
        "<summary>",
        "x",
        " ",
        "\n",
    ),
    *(
        "<p style='text-align:left'>",
        "<p title='>'>",
        "<figure>",
        "</figure>",
        "<video>",
        "<source src=x>",
        "&lt;",
        "&",
    ),
    *(
        "<table>",
        "<td>",
        "</table>",
        "<ruby>",
        "<rt>",
        "<q>",
        "</q>",
        "<i>",
        "</i>",
        "<i title=1>",
        "<address>",
        "<ins>",
    ),
]


@given(st.lists(st.sampled_from(TAGS), max_size=14).map("".join))
def test_cleaning_settled_html_again_does_not_change_it(html: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(CleanHtml, "is_settled", property(lambda clean: False))
        again = Sanitizer().html(html, BASE)
    assert Sanitizer().html(html, BASE) == again


@pytest.mark.parametrize(
    ("clean", "settled"),
    [
        ("", True),
        ("a &amp; b", True),
        ('<p>a <a href="x"><b>b</b></a><br></p>\n<h2 id="entry-x">c</h2>', True),
        ("<ul>\n<li>a<ul><li><p>b</p></li></ul></li> <li>c</li></ul>", True),
        ("<dl><dt>a</dt><dd><div>b</div></dd></dl><b><p>c</p></b>", True),
        ("<pre>\n\nx</pre><figure><img src=\"x\"><figcaption>y</figcaption></figure>", True),
        # Elements that may end another one
        ("<p>a<div></div></p>", False),
        ("<a><b><a>x</a></b></a>", False),
        ("<h1><h2>x</h2></h1>", False),
        ("<li>a</li>", False),
        ("<ul><b><li>a</li></b></ul>", False),
        ("<table></table>", False),
        ("<math></math>", False),
        ('<p style="text-align:left">x</p>', False),
    ],
)  # fmt: skip
def test_html_is_settled_only_in_forms_that_cleaning_never_changes(clean: str, settled: bool) -> None:
    assert checked_html(clean, Tags(SanitizerRules())).is_settled is settled
