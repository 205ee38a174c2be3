"""The notations of strings, lists and objects: each is found with its end, also if the text is cut."""

from __future__ import annotations

import re

import pytest

from feedserver.record.string_notations import (
    ANY_QUOTE,
    OTHER_QUOTE,
    StringEnds,
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
