"""Names with values are found in each notation, and each value where it begins and ends."""

from __future__ import annotations

import re

import pytest

from feedserver.record import named_values
from feedserver.record.known_secrets import REPLACEMENT
from feedserver.record.named_values import (
    COMPARING_CALL,
    COMPARISON,
    COMPARISON_IN_REVERSE,
    MEMBERSHIP,
    OPENING,
    OPENING_QUOTE,
    PAIR_IN_BRACKETS,
    Place,
    Strings,
    compared_before,
    compared_with,
    compared_with_each,
    container_behind,
    group_of_value,
    is_parameter,
)


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        ("PAIR", "/feed?user=ada&key=a8f5#top", [("user", "ada"), ("key", "a8f5")]),
        ("PAIR", '/feed;key=a8f5/b key="a b" c', [("key", "a8f5"), ("key", "a b")]),
        ("PAIR", "user['key']=a8f5&n==", [("key", "a8f5")]),
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
        ("CRITERION", "user:ada,password:hunter2", [("user", "ada"), ("password", "hunter2")]),
        ("CRITERION", "token:desc", []),
        ("CRITERION", "auth:8080", []),
        ("CRITERION", "session:keynote", []),
    ],
)
def test_a_colon_stands_before_a_value_but_not_before_a_port_an_order_or_a_search(
    pattern: str, text: str, found: list[tuple[str, str]]
) -> None:
    assert [(match["name"], match["value"]) for match in getattr(named_values, pattern).finditer(text)] == found


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("password eq 'a b' and n eq 1", ["a b", "1"]),
        ("password%20eq%20%27a b%27", ["a b"]),
        ("password+eq+a8f5+and", ["a8f5"]),
        ("password eq 'a8", ["a8"]),
        ("password eq null", []),
        (f"password eq '{REPLACEMENT}'", []),
        ("session eq 5", []),
        ("password ne 'a b'", ["a b"]),
        ("password+not+like+'a8%'", ["a8%"]),
        ("password%20LIKE%20%27a b%27 ge", ["a b"]),
        ('password sw "a b"', ["a b"]),
        ("password!='a b' x <> 'c'", ["a b", "c"]),
        ("password%21%3D%27a%27", ["a"]),
        ("password eq 'o''brien' and", ["o''brien"]),
        ("password eq '' and user eq ''", []),
        ("the password like a8", []),
        ("key != 'a' and session ne 'b'", []),
        ("startswith(password, 'a b')", ["a b"]),
        ("contains(tolower(password),'a')", ["a"]),
        ("endswith%28password%2C%27a b%27%29", ["a b"]),
        ("startswith(key,'a'), max(password,'b')", []),
        ("password is 'a' or password similar to 'b'", ["a", "b"]),
        ("password rlike 'a' and password begins_with 'b'", ["a", "b"]),
        ("password=='a' and password%7E%27b%27", ["a", "b"]),
        ("password > 'a' or session ~ 'b'", ["a"]),
        ("password is a8", []),
        ("ne(password,a b)", ["a"]),
        ("lt(password,'a b')", ["a b"]),
    ],
)
def test_a_compared_value_ends_with_its_quote_or_its_word(text: str, values: list[str]) -> None:
    matches = [match for pattern in (COMPARISON, COMPARING_CALL) for match in pattern.finditer(text)]
    places = [compared_with(text, match) for match in matches]
    assert [text[place.start : place.end] for place in places if place is not None] == values


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("'a b' eq password", ["a b"]),
        ("%27a b%27%20ne%20password", ["a b"]),
        ("\"a\"=='b'=password", ["b"]),
        ("substringof('a', password)", ["a"]),
        ("f('a', 'b', password, c)", []),
        ("'a' = password.b and 'c' = password('d')", ["a"]),
        ("href='a'>password", []),
        (f"'{REPLACEMENT}' eq password", []),
    ],
)
def test_a_value_may_stand_before_the_name_that_it_is_compared_with(text: str, values: list[str]) -> None:
    places = [compared_before(text, match) for match in COMPARISON_IN_REVERSE.finditer(text)]
    assert [text[place.start : place.end] for place in places if place is not None] == values


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("password in ('a', 'b)') and c", ["'a', 'b)'"]),
        ("password not in ['a'", ["'a'"]),
        ("password+in+%28a%2Cb%29+c", ["a%2Cb"]),
        ("password in %28a", ["a"]),
        ("password between 'a' and 'b' and c", ["'a' and 'b'"]),
        ("password not between %27a%27%20and%20%27b%27", ["%27a%27%20and%20%27b%27"]),
        ("password in a", []),
        ("password in ()", []),
        ("keys in ('a')", []),
    ],
)
def test_values_in_a_list_and_both_ends_of_a_range_are_compared(text: str, values: list[str]) -> None:
    places = [compared_with_each(text, match) for match in MEMBERSHIP.finditer(text)]
    assert [text[place.start : place.end] for place in places if place is not None] == values


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
