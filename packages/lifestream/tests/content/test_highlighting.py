"""The words of a search are marked in a text."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from costs import loop_steps
from growth import MOST, growth
from lifestream.content import highlighting
from lifestream.content.highlighting import LOOKED_THROUGH, excerpt, marked
from lifestream.content.tokenizer import fold, line_of, pattern_of, terms


def shown(text: str, query: str) -> str:
    pattern = pattern_of(query)
    assert pattern is not None
    return "".join(f"[{piece}]" if is_hit else piece for piece, is_hit in marked(text, pattern))


@pytest.mark.parametrize(
    ("text", "query", "expected"),
    [
        ("The robin sings", "robin", "The [robin] sings"),
        ("Robins, and a ROBIN", "rob", "[Robins], and a [ROBIN]"),
        ("Robins, and a ROBIN", '"robin"', "Robins, and a [ROBIN]"),
        ("a cat, a can", "a", "[a] cat, [a] can"),
        ("Go, going, ago", "go", "[Go], going, ago"),
        ("foo-bar and foobar", "foo-bar", "[foo-bar] and foobar"),
        ("foo, bar", '"foo bar"', "[foo, bar]"),
        ("Café crème", "cafe CREME", "[Café] [crème]"),
        ("Cafe\u0301 crème", "café", "[Cafe\u0301] crème"),
        ("Größe", "grosse", "[Größe]"),
        ("ﬁne", "fine", "[ﬁne]"),
        ("C, C++ and C#", "c++", "C, [C++] and C#"),
        ("東京都の天気", "京都 天気", "東[京都]の[天気]"),
        ("東京都の天気", "天", "東京都の[天]気"),
        ("使用Python3编程", "pyth", "使用[Python3]编程"),
        ("使用Python编程", '"python"', "使用[Python]编程"),
        ("第3回、第30回", "3", "第[3]回、第30回"),
        ("人気のWeb開発入門", "人気のweb開発", "[人気のWeb開発]入門"),
        ("C++入門", "c++", "[C++]入門"),
        ("C+3, C++", '"c+"', "[C+]3, C++"),
        ("الحبر والورق", "حبر", "الحبر والورق"),
        ("الحِبر والورق", "الحب", "[الحِبر] والورق"),
        ("<b> & robin", "robin", "<b> & [robin]"),
        ("robin", "owl", "robin"),
        ("", "owl", ""),
    ],
)
def test_the_words_of_a_query_are_marked_as_they_are_written(text: str, query: str, expected: str) -> None:
    assert shown(text, query) == expected


def test_letters_in_ascii_are_folded_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only characters beyond ASCII, such as the ellipses of an excerpt, are folded one by one."""
    folded: list[str] = []

    def noted(text: str) -> str:
        folded.append(text)
        return fold(text)

    monkeypatch.setattr(highlighting, "fold", noted)
    assert shown("… the Robin at a Café, and no owl …", "robin") == "… the [Robin] at a Café, and no owl …"
    assert folded == ["…", " the Robin at a Caf", "é", ", and no owl ", "…"]


@pytest.mark.parametrize("query", ["", "  ", "?!", '""', "*"])
def test_a_query_without_words_marks_nothing(query: str) -> None:
    assert pattern_of(query) is None


@pytest.mark.parametrize(
    "text", ["The robins sing", "Größe zählt", "東京都の天気", "foo-bar, C++", "ago going", "天Robin京都go"]
)
@pytest.mark.parametrize("query", ["rob", "ROBINS", '"robin"', "groß", "京都", "天", "foo-bar", "c++", "go", "zahlt"])
def test_a_term_is_marked_in_a_text_if_and_only_if_the_search_finds_it_there(text: str, query: str) -> None:
    is_found = all(term.is_in(line_of(text)) for term in terms(query, beginnings=True))
    assert ("[" in shown(text, query)) is is_found


def test_an_excerpt_surrounds_the_first_of_the_words() -> None:
    text = "word " * 100 + "the robin sings " + "word " * 100
    pattern = pattern_of("robin")
    assert pattern is not None
    found = excerpt(text, pattern, 200)
    assert found.startswith("… word") and found.endswith("word …") and "the robin sings" in found
    assert 150 < len(found) < 210
    assert excerpt(f"{text}{text}a robin", pattern, 200) == found
    assert excerpt("A robin.", pattern, 200) == "A robin."
    assert excerpt("word " * 100 + "robin", pattern, 100).endswith("word robin")
    assert excerpt("An owl.", pattern, 200) == ""
    assert excerpt("x" * LOOKED_THROUGH + " robin", pattern, 200) == ""
    assert excerpt("東" * 300 + "Robin京", pattern, 100).endswith("東Robin京")
    assert excerpt("kites " * 100 + "a robin" + " kites" * 100, pattern, 100).startswith("… kites "), "no word is cut"
    assert "robin" in excerpt("Größe " * 200 + "robin" + " Größe" * 200, pattern, 200), "folded, ß is two characters"


def test_an_excerpt_may_end_after_what_is_looked_through() -> None:
    pattern = pattern_of("robin")
    assert pattern is not None
    found = excerpt("word " * (LOOKED_THROUGH // 5 - 10) + "robin " + "after " * 100, pattern, 200)
    assert "robin after" in found and found.endswith("after …")


@pytest.mark.parametrize("text", ["a " * 10_000, "a,,, " * 4_000, "東" * 20_000], ids=["letters", "commas", "Chinese"])
@pytest.mark.parametrize("words", ["a " * 149, "a " * 148 + "b", "東" * 200 + "京"], ids=["a", "a and b", "Chinese"])
def test_no_phrase_takes_long_to_find(words: str, text: str) -> None:
    """A page marks the words of a search in the texts of up to 40 items: at 20 ms or 1,200,000 steps each, in 0.8 s."""
    pattern = pattern_of(f'"{words}"')
    assert pattern is not None
    assert loop_steps(lambda text: highlighting.excerpt(text, pattern, 280), text) < 1_200_000


@pytest.mark.parametrize("sign", ["\u093e", "\u0bbe", "\u0e31"])
@pytest.mark.parametrize("words", [2, 5])
def test_a_text_of_vowel_signs_is_searched_in_linear_time_for_a_phrase_of_them(sign: str, words: int) -> None:
    """A vowel sign counts as a word, although `\\w` does not match it. So the pattern of the gap between two words also
    matches a word of signs.
    """
    phrase = f"{' '.join([sign] * words)} x"
    pattern = pattern_of(f'"{phrase}"')
    assert pattern is not None

    def search_in(length: int) -> Callable[[], object]:
        text = f"{sign * length} y {phrase}"
        return lambda: excerpt(text, pattern, 280)

    assert growth(search_in) <= MOST


@pytest.mark.parametrize(
    ("text", "query", "expected"),
    [
        ("नमस्ते, दुनिया!", '"नमस्ते दुनिया"', "[नमस्ते, दुनिया]!"),
        ("a b \u093e, c", '"a b \u093e c"', "[a b] \u093e, c"),
        ("a_-_b", '"a b"', "[a_-_b]"),
        ("C++ code", '"c++ code"', "[C++ code]"),
        ("京都 kyoto", '"京都 kyoto"', "[京都 kyoto]"),
    ],
)
def test_the_mark_of_a_phrase_includes_all_between_its_words_and_ends_before_a_word_of_signs(
    text: str, query: str, expected: str
) -> None:
    assert shown(text, query) == expected


def test_only_the_first_word_of_a_phrase_is_marked_if_it_consists_of_signs() -> None:
    assert shown("\u093e, a", '"\u093e a"') == "[\u093e], a"


def test_of_a_long_phrase_the_beginning_is_marked() -> None:
    phrase = "the red kite is a bird of prey"
    assert shown(f"See: {phrase}.", f'"{phrase}"') == "See: [the red kite is a bird] of prey."
