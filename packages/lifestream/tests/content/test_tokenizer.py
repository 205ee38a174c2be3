"""Text is split into words, in every script, for the search index and for rules."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from types import SimpleNamespace
from typing import Literal

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from costs import assert_linear
from lifestream.content import tokenizer
from lifestream.content.tokenizer import Term, fold, line_of, terms, words, written_out


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hello, World!", "hello world"),
        ("foo-bar foo_bar don't", "foo bar foo bar don t"),
        ("C, C++ and C# (c)", "c c cplusplus and c csharp c"),
        ("Café São Größe Straße İstanbul ﬁ", "cafe sao grosse strasse istanbul fi"),
        ("Ёлка Ἀθήνα", "елка αθηνα"),
        ("שָׁלוֹם سَلام", "שלום سلام"),
        ("東京都", "東京 京都 都"),
        ("日本語Python", "日本 本語 語 python"),
        ("コーヒー ｶﾅ が", "コー ーヒ ヒー ー カナ ナ が"),
        ("한국어", "한국 국어 어"),
        ("ไทย", "ไท ทย ย"),
        ("हिन्दी भाषा।", "हिन्दी भाषा"),
        ("10.5 １２ ²", "10 5 12 2"),
        ('?! * " — “”', ""),
        ("", ""),
    ],
)
def test_text_becomes_words(text: str, expected: str) -> None:
    assert " ".join(words(text)) == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("foo bar", [Term(("foo",)), Term(("bar",))]),
        ('"foo bar" baz', [Term(("foo", "bar")), Term(("baz",))]),
        ('"foo bar', [Term(("foo", "bar"))]),
        ("foo-bar", [Term(("foo", "bar"))]),
        ("c++", [Term(("c", "cplusplus"))]),
        ("foo* OR -bar NEAR(", [Term(("foo",)), Term(("or",)), Term(("bar",)), Term(("near",))]),
        ("東京都", [Term(("東京", "京都"))]),
        ("京", [Term(("京",), prefix=True)]),
        ("日本語Python", [Term(("日本", "本語", "語", "python"))]),
        ('"* ? ', []),
        ('""', []),
    ],
)
def test_a_query_becomes_terms(query: str, expected: list[Term]) -> None:
    assert terms(query) == expected


@pytest.mark.parametrize(
    ("query", "text", "found"),
    [
        ("c++", "We write C++ here", True),
        ("c", "We write C++ here", True),
        ("c++", "We write C here", False),
        ("c++", "c plus", False),
        ("foo-bar", "a Foo bar", True),
        ("foo-bar", "bar foo", False),
        ("東京", "ここは東京都です", True),
        ("京都", "ここは東京都です", True),
        ("都", "ここは東京都です", True),
        ("す", "ここは東京都です", True),
        ("東都", "ここは東京都です", False),
        ("日本語Python", "日本語python入門", True),
        ("入門日本", "日本語Python入門", False),
        ("part", "parts", False),
    ],
)
def test_a_term_is_found_in_a_line(query: str, text: str, found: bool) -> None:
    assert all(term.is_in(line_of(text)) for term in terms(query)) is found


@given(st.text(), st.text(), st.text())
def test_a_phrase_is_found_in_a_line_that_contains_it(before: str, text: str, after: str) -> None:
    line = line_of(f"{before} {text} {after}")
    assert all(term.is_in(line) for term in terms(f'"{text.replace(chr(34), " ")}"'))


@given(st.text(), st.text())
def test_words_contain_no_white_space_quotes_or_backslashes(one: str, other: str) -> None:
    for word in words(one + other):
        assert word.split() == [word]
        assert not set(word) & set("'\"\\")


MARKS = "\u0315\u0300"
"""Two marks whose canonical order is the other way round (Unicode Standard, section 3.11)."""


@pytest.mark.costly
@pytest.mark.parametrize(
    "made_of",
    [
        lambda n: "a" + MARKS * n,
        lambda n: "a" + MARKS[0] * n + MARKS[1] * n,
        lambda n: "a" + "\u302a\u093c" * n,
        lambda n: "\uff9e\u0300" * n,
        lambda n: "\uff76" + "\u0300" * n + "\uff9e" * n,
        lambda n: "\u0f73\u0300" * n,
    ],
    ids=["in turns", "one, then the other", "that are kept", "half-width in turns", "half-width", "of two parts"],
)
def test_a_text_of_marks_takes_linear_time(made_of: Callable[[int], str]) -> None:
    assert_linear(words, made_of, 8000)


@given(st.text(st.sampled_from("aé한ｶﾞﾟ-☺\u0315\u0300\u302a\u1161\uff9e"), max_size=40))
@example("\u302a" * 30 + "\u093c")
def test_a_text_without_long_runs_of_marks_is_folded_as_a_whole(text: str) -> None:
    text = "x" * 200 + text  # a shorter text is never cut
    whole = unicodedata.normalize("NFKD", text).casefold()
    without = "".join(letter for letter in whole if not "\u0300" <= letter <= "\u036f")

    assume(not re.search(r"(?:[^\w\s\x00-\x7f]|[\uff9e\uff9f]){32}", text))
    assert fold(text) == unicodedata.normalize("NFC", without)


def test_a_text_is_written_out_up_to_the_given_length_and_the_rest_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    assert [written_out("abc", 2), written_out("ﬁé", 3), written_out("ﬁé", 2)] == ["ab", "fié", "fi"]
    read: list[int] = []

    def normalize(form: Literal["NFKC"], text: str) -> str:
        read.append(len(text))
        return unicodedata.normalize(form, text)

    monkeypatch.setattr(tokenizer, "unicodedata", SimpleNamespace(normalize=normalize))
    assert len(written_out("\ufdfa" * 100_000, 1000)) == 1000
    assert 1000 / 18 <= sum(read) < 100


@given(st.text(alphabet="aé한각가ｶﾞ東ﬁ\u0301\u0323\u1100\u1161ﷺ ", max_size=100))
def test_a_text_has_the_same_words_once_it_is_written_out(text: str) -> None:
    assert words(written_out(text, 18 * len(text))) == words(text)


@pytest.mark.costly
@pytest.mark.parametrize(
    "unit", ["東", "東a", "東?", "東 ", "a", "a ", '"', '" ', "c++", "ﷺ", "한", "ก", "!", "\0", "\ud800"]
)
@pytest.mark.parametrize("end", ["", "a", "?"])
def test_a_query_takes_linear_time(unit: str, end: str) -> None:
    assert_linear(terms, lambda n: unit * n + end, 1000)
