"""Plain text: from HTML, as HTML, cut to a length, and without characters that no text may contain."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifestream.content.plaintext import (
    html_of,
    lines,
    linked_html_of,
    one_line,
    scrub,
    shorten,
    text_of,
    without_scripts,
)


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("plain", "plain"),
        ("a\0b\x07c", "abc"),
        ("a\r\nb\rc", "a\nb\nc"),
        ("a\ud800b", "a\N{REPLACEMENT CHARACTER}b"),
        ("a\uffffb", "a\N{REPLACEMENT CHARACTER}b"),
        ("tab\tstays", "tab\tstays"),
    ],
)
def test_characters_that_no_text_may_contain_are_removed_or_replaced(text: str, clean: str) -> None:
    assert scrub(text) == clean
    assert scrub(clean) == clean


def test_text_becomes_paragraphs_and_line_breaks() -> None:
    assert html_of("One <b>\nline\n\nTwo & more\n") == "<p>One &lt;b&gt;<br>line</p>\n<p>Two &amp; more</p>"
    assert html_of(" \n\n ") == ""


def test_addresses_in_text_become_links() -> None:
    made = linked_html_of("See https://a.example/?x=1&y=2, or not.")
    assert 'href="https://a.example/?x=1&amp;y=2"' in made
    assert made.startswith("<p>See <a ") and made.endswith(", or not.</p>")
    assert "<a" not in linked_html_of("javascript:alert(1)")


@pytest.mark.parametrize(
    ("text", "length", "short"),
    [
        ("short", 10, "short"),
        ("exactly ten", 11, "exactly ten"),
        ("some words in a row", 12, "some words…"),
        ("unbrokenunbroken", 8, "unbroke…"),
        ("some words\nin a row", 13, "some words…"),
    ],
)
def test_a_long_text_is_cut_between_words_if_it_can_be(text: str, length: int, short: str) -> None:
    assert shorten(text, length) == short
    assert len(shorten(text, length)) <= length


def test_a_letter_is_not_cut_from_its_accents() -> None:
    assert shorten("abcde\u0301\u0301xyz", 7) == "abcd…"


@pytest.mark.parametrize(
    "together",
    [
        "\U0001f44d\U0001f3fd",
        "\U0001f1e9\U0001f1ea",
        "\U0001f3f4\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",
        "\u1112\u1161\u11ab",
        "\u0e19\u0e49\u0e33",
        "\U0001f468\u200d\U0001f469",
    ],
    ids=["skin tone", "flag", "flag of Scotland", "Hangul", "Thai", "joined"],
)
def test_an_emoji_a_flag_or_a_syllable_is_not_split(together: str) -> None:
    for length in range(5, 5 + len(together)):
        assert shorten(f"aaaa{together}bbbb", length) == "aaaa…"
    assert shorten(f"aaaa{together}bbbb", 5 + len(together)) == f"aaaa{together}…"
    assert shorten(f"{together * 9}b", 4 * len(together) + 1) == f"{together * 4}…"


def test_scripts_and_styles_are_removed_but_not_text_that_names_them() -> None:
    assert without_scripts("a<script>x</script>b<STYLE>y</STYLE>c") == "abc"
    assert without_scripts("the <script> tag") == "the <script> tag"
    assert without_scripts('a<script>w("<style>x</style>");y()</script>b') == "ab"
    assert without_scripts("the <style> tag<script>x</script>") == "the <style> tag"
    for letters in ("\u017fcript", "scr\u0131pt", "\u017ftyle"):
        assert without_scripts(f"<{letters}>x</{letters}>") == f"<{letters}>x</{letters}>"
    assert text_of("<p>One&nbsp;&amp;  two</p><script>x()</script><p>Three</p>") == "One & two\nThree"


@given(st.text(alphabet=" \n\t\r\x1c\x85\xa0\u2003\u3000\u200dab\U0001f600"))
def test_lines_split_words_at_the_same_characters_as_split_does(text: str) -> None:
    assert lines(text) == "\n".join(" ".join(words) for line in text.split("\n") if (words := line.split()))


def test_a_name_is_put_on_one_line_and_has_at_most_eight_accents_in_a_row() -> None:
    assert one_line(" a\n\tb\0 c" + "\u0301" * 60 + " ") == "a b c" + "\u0301" * 8
