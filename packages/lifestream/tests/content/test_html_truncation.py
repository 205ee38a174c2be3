"""Clean HTML is cut between two tokens, and elements that are open at the cut are closed."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from constructs import CONTENT, Construct
from lifestream.content.clean_html import CleanHtml, Tags, checked_html
from lifestream.content.html_tokenizer import tokens
from lifestream.content.html_truncation import truncated
from lifestream.content.sanitizer import Sanitizer
from lifestream.content.sanitizer_rules import SanitizerRules

BASE = "https://a.example/"
SANITIZER = Sanitizer()
TAGS = Tags(SanitizerRules())


def cut_of(clean: str, length: int) -> CleanHtml:
    """Return the beginning of *clean*, HTML as nh3 writes it, in at most *length* characters."""
    return truncated(checked_html(clean, TAGS), length, TAGS)


@pytest.mark.parametrize(
    ("clean", "length", "cut"),
    [
        ("<p>word</p>", 11, "<p>word</p>"),
        ("<p>words</p>", 11, "<p>word</p>"),
        ("<p>word</p>", 7, "<p></p>"),
        ("<p>word</p>", 6, ""),
        ("<p>word</p><p>x</p>", 18, "<p>word</p><p></p>"),
        ("<p>word</p><p>x</p>", 17, "<p>word</p>"),
        ("<p>word</p><p>x</p>", 11, "<p>word</p>"),
        ("<p><b>word</b></p>", 17, "<p><b>wor</b></p>"),
        ("<p><b>word</b></p>", 13, "<p></p>"),
        ('a<abbr title="&gt;">b</abbr>', 27, 'a<abbr title="&gt;"></abbr>'),
        ('a<abbr title="&gt;">b</abbr>', 26, "a"),
        ("a<br>b", 5, "a<br>"),
        ("a<br>b", 4, "a"),
        ("a <br>b", 5, "a"),
        ("a&amp;b", 6, "a&amp;"),
        ("a&amp;b", 5, "a"),
        ("a&nbsp;b", 6, "a"),
        ("&amp;b", 4, ""),
        ("<b>x</b>&amp;b", 12, "<b>x</b>"),
        ("a; &lt;", 5, "a;"),
        ("<ul><li>a</li><li>b</li></ul>", 28, "<ul><li>a</li><li></li></ul>"),
        ("<table><tbody><tr><td>a</td><td>b</td></tr></tbody></table>", 58,
         "<table><tbody><tr><td>a</td><td></td></tr></tbody></table>"),
        ("<table><tbody><tr><td>a<br>b</td></tr></tbody></table>", 53,
         "<table><tbody><tr><td>a<br></td></tr></tbody></table>"),
        ("words", 0, ""),
        ("x</p>y", 5, "x"),
        ("<b><b>x</b></b><b>yz</b>", 22, "<b><b>x</b></b><b></b>"),
        ("<b><b>x</b></b><b>yz</b>", 21, "<b><b>x</b></b>"),
        ("<b><b>x</b></b><b>yz</b>", 14, "<b><b></b></b>"),
        ("<b><b>x</b></b><b>yz</b>", 13, "<b></b>"),
    ],
)  # fmt: skip
def test_the_cut_is_between_two_tokens_and_open_elements_are_closed(clean: str, length: int, cut: str) -> None:
    assert cut_of(clean, length).html == cut


def test_html_that_is_no_longer_than_allowed_is_returned_as_it_is() -> None:
    clean = checked_html("<p>word</p>", TAGS)
    assert truncated(clean, 11, TAGS) is clean


def test_comments_count_for_nothing() -> None:
    fragment = "<!-- a --> <p>a<!-- b -->b<i>c</i></p><!-- c --><ul><li>d<!-- d --></li></ul> <!-- e -->"
    whole = SANITIZER.beginning(fragment, BASE, 1000).clean
    assert "" in whole.tags
    for length in range(len(whole.html)):
        assert truncated(whole, length, TAGS).html == cut_of(whole.html, length).html


def _assert_is_cut_of(cut: str, clean: str, length: int) -> None:
    assert len(cut) <= length
    assert SANITIZER.html(cut, BASE) == cut
    beginning = re.sub(r"(?:</[a-z0-9]+>)*\Z", "", cut)
    assert clean.startswith(beginning)
    written = [token for token in tokens(clean[: len(cut)]) if token.kind != "text"]
    assert [token for token in tokens(beginning) if token.kind != "text"] == written[: beginning.count("<")]


@pytest.mark.slow
@pytest.mark.parametrize("construct", CONTENT.values(), ids=CONTENT)
def test_cleaning_does_not_change_html_that_was_cut_anywhere(construct: Construct) -> None:
    clean = SANITIZER.html(construct(3000), BASE)

    for length in [*range(0, 60, 7), *range(60, len(clean), max(97, len(clean) // 8))]:
        _assert_is_cut_of(cut_of(clean, length).html, clean, length)


PIECES = [
    *("<p>", "</p>", "<b>", "</b>", "<i>", "</i>", "<a href=/x>", "</a>", "<div>", "</div>", "<h2>", "</h2>"),
    *("<ul>", "<li>", "</ul>", "<dl>", "<dt>", "<dd>", "</dl>", "<table>", "<tr>", "<td>", "<caption>", "</table>"),
    *("<pre>\n\n", "</pre>", "<ruby>", "<rt>", "<rp>", "</ruby>", "<details open>", "<summary>", "</details>", "<br>"),
    *("<img src='/a.png' alt='<b>&quot;'>", "<video src=/v><source src=/w>", "</video>", "<colgroup><col span=2>"),
    *(
        "<figure>",
        "<figcaption>",
        "</figure>",
        "<q cite=/y>",
        "</q>",
        "x",
        " ",
        "\n",
        "&amp;",
        "&nbsp;",
        "<",
        "é\u0301",
    ),
    *("<script>alert(1)</script>", "<svg onload=alert(1)>", "<style>", "<!-- -->", "<p title='</p><script>'>"),
]


@given(st.lists(st.sampled_from(PIECES), max_size=40).map("".join), st.floats(0, 1))
def test_cleaning_does_not_change_the_beginning_of_any_clean_html(fragment: str, share: float) -> None:
    begun = SANITIZER.beginning(fragment, BASE, length := round(share * len(SANITIZER.html(fragment, BASE))))

    assert len(begun.html) <= length
    assert SANITIZER.html(begun.html, BASE) == begun.html
    assert "<script" not in re.sub(r'"[^"]*"', "", begun.html)


@pytest.mark.parametrize("fragment", ["<p>a & b</p>", "<div>" * 2000 + "word", "plain & words"])
def test_a_sanitizer_says_whether_it_has_cut(fragment: str) -> None:
    whole = SANITIZER.html(fragment, BASE)

    assert SANITIZER.beginning(fragment, BASE, len(whole)) == SANITIZER.beginning(fragment, BASE, 10**9)
    assert SANITIZER.beginning(fragment, BASE, len(whole)).whole
    assert not SANITIZER.beginning(fragment, BASE, len(whole) - 1).whole
    assert len(SANITIZER.beginning(fragment, BASE, len(whole) - 1).html) < len(whole)


SETTLED = (
    "<p>a &amp; b</p><pre>\n\nx\n</pre><p>word</p>",
    "<pre>\n\n\n<b>x</b></pre>",
    "<div><pre>\n\n</pre></div><ul><li>a</li><li>b</li></ul>",
    "a &nbsp;b\n<blockquote><p>x<br>y</p></blockquote><dl><dt>t</dt><dd>d</dd></dl>",
    "<pre><code>\nx</code></pre><p><a href='/x'>l</a> <i>i</i></p>",
)


@pytest.mark.parametrize("fragment", SETTLED)
def test_cleaning_does_not_change_settled_html_that_was_cut_at_any_length(fragment: str) -> None:
    whole = SANITIZER.html(fragment, BASE)
    for length in range(len(whole) + 2):
        begun = SANITIZER.beginning(fragment, BASE, length)
        assert len(begun.html) <= length and SANITIZER.html(begun.html, BASE) == begun.html, length


def test_settled_html_that_was_cut_is_not_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    fragment = "<p>word &amp; word</p>" * 100
    SANITIZER.html(fragment, BASE)  # fills the cache of tags
    monkeypatch.setattr(Sanitizer, "_reread", lambda *_: pytest.fail("it was read again"))
    assert len(SANITIZER.beginning(fragment, BASE, 1000).html) > 950
