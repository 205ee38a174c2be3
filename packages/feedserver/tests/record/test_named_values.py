"""Names with values are found in each notation, and each value where it begins and ends."""

from __future__ import annotations

import re

import pytest

from feedserver.record import named_values
from feedserver.record.named_values import (
    OPENING,
    OPENING_QUOTE,
    PAIR_IN_BRACKETS,
    PAIR_IN_LIST,
    Paths,
    Place,
    Strings,
    container_behind,
    group_of_value,
    is_parameter,
    value_in,
)


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        ("PAIR", "/feed?user=ada&key=a8f5#top", [("user", "ada"), ("key", "a8f5")]),
        ("PAIR", '/feed;key=a8f5/b key="a b" c', [("key", "a8f5"), ("key", "a b")]),
        ("PAIR", "user['key']=a8f5&n==", [("key", "a8f5")]),
        ("PAIR_OUTSIDE_PATH", "a;key=b/c?d,e;n=/f/key=g/h", [("key", "b/c?d,e"), ("n", "/f/key=g/h")]),
        ("MEMBER", '{"key": "a \\" b", "n": 12, "list": [1]}', [("key", 'a \\" b'), ("n", "12")]),
    ],
)
def test_pairs_and_members_have_their_names_and_values(pattern: str, text: str, found: list[tuple[str, str]]) -> None:
    matches = [
        match
        for match in getattr(named_values, pattern).finditer(text)
        if match["quoted"] is not None or match["value"] is not None
    ]
    assert [(match["name"], match[group_of_value(match)]) for match in matches] == found


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        ("COLON", "key: a8f5, auth:8080, user:'ada'", [("key", "a8f5"), ("user", "ada")]),
        ("COLON", "key：a8f5", [("key", "a8f5")]),
        ("COLON", "?x=key = a8f5", [("key", "a8f5")]),
    ],
)
def test_a_colon_stands_before_a_value_but_not_before_a_port(
    pattern: str, text: str, found: list[tuple[str, str]]
) -> None:
    assert [(match["name"], match["value"]) for match in getattr(named_values, pattern).finditer(text)] == found


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("keys: [1, [2]] b", Place(6, 14)),
        (r"{\"keys\": {\"a\": 1}} b", Place(11, 21)),
        ("keys: []", None),
        ("keys: {}", None),
    ],
)
def test_a_list_or_object_ends_with_its_own_bracket_and_is_no_value_if_empty(text: str, place: Place | None) -> None:
    [match] = OPENING.finditer(text)
    assert container_behind(text, match) == place


@pytest.mark.parametrize(
    ("text", "name", "before"),
    [
        ("key = 'a b'", "key", ""),
        ('"key": b"a b"', "key", "b"),
        ("key := os.environ['a']", "key", "os.environ["),
        ("'key' => ('a b')", "key", "("),
        ("key = f(g('a b'))", "key", "f(g("),
    ],
)
def test_letters_brackets_and_functions_may_stand_before_a_string(text: str, name: str, before: str) -> None:
    [match] = OPENING_QUOTE.finditer(text)
    assert (match["name"], match["before"]) == (name, before)


@pytest.mark.parametrize(
    ("pattern", "text", "value"),
    [
        ("OPENING_OTHER_QUOTE", "key: “a b” c", "a b"),
        ("OPENING_OTHER_QUOTE", "key=%22a b%22 c", "a b"),
        ("OPENING_OTHER_QUOTE", "key=%22null%22", None),
        ("OPENING_OTHER_QUOTE", "/feed?key=%22a b%22&c", None),
        ("PAIR_OF_STRINGS", "'key' 'a b' c", "a b"),
    ],
)
def test_a_string_is_a_value_unless_it_says_nothing_or_is_in_a_parameter(
    pattern: str, text: str, value: str | None
) -> None:
    [match] = getattr(named_values, pattern).finditer(text)
    place = Strings(text).behind(text, match)
    assert (None if place is None else text[place.start : place.end]) == value


@pytest.mark.parametrize(
    ("text", "value"), [('("key", "a b")', "a b"), ('["key", "a b",]', "a b"), ('["key", "a", "b"]', None)]
)
def test_the_second_of_two_strings_in_brackets_is_a_value_and_that_of_three_is_not(
    text: str, value: str | None
) -> None:
    [match] = PAIR_IN_BRACKETS.finditer(text)
    place = Strings(text).second_of_two(text, match)
    assert (None if place is None else text[place.start : place.end]) == value


def test_a_name_behind_a_question_mark_or_an_ampersand_is_a_parameter() -> None:
    for text, expected in (("?key", True), ("&key", True), (" key", False), ("key", False)):
        match = re.search("key", text)
        assert match is not None
        assert is_parameter(text, match) is expected


@pytest.mark.parametrize(
    ("text", "in_paths"),
    [
        ("/a;b/c?d;e", ["/a;b/c"]),
        ("a;b/c", []),
        ("a=/;b/c", []),
        ("feed.jsp;b/c#d;e", ["feed.jsp;b/c"]),
        ("at http://h/a;b&c=d;e, (../a;b) x/y;z", ["http://h/a;b", "../a;b)"]),
        ("next=/a;b <//h;c>", ["/a;b", "//h;c"]),
        ("a/b;c=d?e=f g;c=d?e=f", ["a/b;c=d"]),
        ("<a;c=d?e=f>, <b;c=d>", ["a;c=d"]),
        ("0; url=a;c=d?e=f", ["a;c=d"]),
        ("0;url=a;c=d?e=f", ["0;url=a;c=d"]),  # more than the path, but no value ends elsewhere
        ("0;URL='a;c=d?e=f'", ["a;c=d"]),
        ("a=b;c=d?e=f", []),
        ("a;b=c;d=e/f?g:h=i", ["a;b=c;d=e/f"]),
        ("/a&b/c;d=e&f;g?h", ["/a&b/c;d=e&f;g"]),
        ("/a&b=c;d /e&amp;f=g;h /a&b", ["/a", "/e", "/a"]),
    ],
)
def test_the_paths_of_urls_are_found(text: str, in_paths: list[str]) -> None:
    paths = Paths(text)
    marked = "".join(sign if paths.has(place) else "\n" for place, sign in enumerate(text))
    assert marked.split() == in_paths


def test_encoded_values_behind_other_pairs_are_found() -> None:
    text = "n=%,key=b%20c;n=%|n=2d%,key=d"
    places = [value_in(text, match) for match in PAIR_IN_LIST.finditer(text)]
    assert [text[place.start : place.end] for place in places] == ["b%20c", "2d%"]
