"""The notations of strings, lists and objects: each is found with its end, also if the text is cut."""

from __future__ import annotations

import re

import pytest

from feedserver.record.string_notations import (
    ANY_QUOTE,
    OTHER_QUOTE,
    StringEnds,
    encoded_like,
    end_of_container,
    end_of_value,
    string_at,
    unescaped,
)


@pytest.mark.parametrize(
    ("text", "string"),
    [
        ('"a b" c', "a b"),
        ("'a b' c", "a b"),
        (r'"a \" b" c', r"a \" b"),
        ('"""a "b" c""" d', 'a "b" c'),
        ("`a'b` c", "a'b"),
        ("%22a b%22 c", "a b"),
        ("&#x27;a b&#x27; c", "a b"),
        ("“a b” c", "a b"),
        ("„a b“ c", "a b"),
        ("‘it’s a’ c", "it’s a"),
        ("«a b» c", "a b"),
        ("“a b”".encode().decode("latin-1") + " c", "a b"),
        ("“a b”".encode("cp1252").decode("latin-1") + " c", "a b"),
        ("'a b c", "a b c"),
    ],
)
def test_a_string_ends_with_the_quote_that_matches_its_opening_quote_or_with_the_text(text: str, string: str) -> None:
    opening = re.match(ANY_QUOTE, text)
    assert opening is not None
    assert text[opening.end() : StringEnds(text).after(opening[0], opening.end())] == string


def test_the_ends_of_several_strings_are_found_in_their_order() -> None:
    text = "„a„b“ «c» „d"
    ends = StringEnds(text)
    assert [ends.after(text[start - 1], start) for start in (1, 3, 7, 11)] == [4, 4, 8, 12]


def test_a_plain_quote_is_another_quote_only_if_it_is_tripled() -> None:
    assert re.match(OTHER_QUOTE, "'''") is not None
    assert re.match(OTHER_QUOTE, "'a") is None
    assert re.match(OTHER_QUOTE, '"a') is None


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("'a' b", ("'", "a", 3)),
        (r"\'a\\'b\' c", (r"\'", r"a\\'b", 9)),
        ("'a", ("'", "a", 2)),
    ],
)
def test_a_string_ends_with_as_many_backslashes_as_it_begins(text: str, found: tuple[str, str, int]) -> None:
    assert string_at(text, 0) == found


@pytest.mark.parametrize(
    ("text", "container"),
    [
        ("[1, [2], 3] 4", "[1, [2], 3]"),
        ("{'a': ']}'} b", "{'a': ']}'}"),
        ("f(a, ')', [b]) c", "f(a, ')', [b])"),
        ("[1, 2", "[1, 2"),
    ],
)
def test_a_container_ends_with_its_own_bracket_or_with_the_text(text: str, container: str) -> None:
    assert text[: end_of_container(text, 0)] == container


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('"a": 1', '"a"'),
        ('"a", 1', '"a"'),
        ("12.5, 1", "12.5"),
        ("true}", "true"),
        ('{"a": [1]}, 2', '{"a": [1]}'),
        ('[{"a": "]"}', '[{"a": "]"}'),
        ('"a', '"a'),
    ],
)
def test_a_value_of_json_ends_where_json_ends_it_or_with_the_text(text: str, value: str) -> None:
    assert text[: end_of_value(text, 0)] == value


def test_the_end_of_a_cut_value_is_that_of_the_text() -> None:
    assert end_of_value('x [{"a": 1', 2) == 10


def test_a_string_of_json_is_read_with_its_escapes_and_stays_if_one_is_wrong() -> None:
    assert unescaped(r"a\u0062\n") == "ab\n"
    assert unescaped(r"a\x62") == r"a\x62"
    assert unescaped("a\tb\\n") == "a\tb\n"


@pytest.mark.parametrize(
    ("value", "plain", "cleaned", "encoded"),
    [
        ("/a%2fb/%C3%A9?c", "/a/b/Ã©?c", "/a/b/Ã©?d", "/a%2fb/%C3%A9?d"),
        ("100%%41c+%2B", "100%Ac++", "100%Ad++", "100%%41d+%2B"),
        ("/a%26&b%2Fc", "/a&&b/c", "/x&é/y", "/x&%E9/y"),  # between what differs, as most of the text is spelled
        ("a%20b", "a b", "a b", "a%20b"),
    ],
)
def test_a_text_is_encoded_like_the_one_that_it_was_made_from(
    value: str, plain: str, cleaned: str, encoded: str
) -> None:
    assert encoded_like(value, plain, cleaned) == encoded


def test_a_plus_may_stand_for_a_blank() -> None:
    assert encoded_like("+%20%2Ba+%20", "  +a  ", "  +b +  ", plus_is_blank=True) == "+%20%2Bb+%2B++"
