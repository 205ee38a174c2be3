"""Names of people, as feeds write them."""

from __future__ import annotations

import pytest

from lifestream.parser.people import is_address, joined, name_of, person
from lifestream.plugins.caps import AUTHOR


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("jane@doe.example (Jane Doe)", "Jane Doe"),
        ("Jane Doe <jane@doe.example>", "Jane Doe"),
        ('"Doe, Jane" mailto:jane@doe.example', "Doe, Jane"),
        ("jane@doe.example", "jane@doe.example"),
        ("jane@doe.example, joe@doe.example", "jane@doe.example, joe@doe.example"),
        ("@jane@doe.example", "@jane@doe.example"),
        ("Jane &amp; Joe", "Jane & Joe"),
        ("(Jane)", "Jane"),
        ('""', ""),
        ('" "', ""),
        ("( )", ""),
        ('"', '"'),
        ("", ""),
        ('"Jane" and "Joe"', '"Jane" and "Joe"'),
        ('""Jane"', '""Jane"'),
        ('"Jane""', '"Jane""'),
        ("(Jane (Joe)", "(Jane (Joe)"),
        ("(Jane) Joe)", "(Jane) Joe)"),
        ("root@localhost (Jane)", "Jane"),
        ("root@localhost", "root@localhost"),
        ("root@localhost ( )", "root@localhost ( )"),
        ("jane@doe.example (J. (Jim) Doe)", "J. (Jim) Doe"),
        ("jane@doe.example (Jane", "(Jane"),
        ("jane@doe.example <Jane>", "Jane"),
        ("<img src=x>", "<img src=x>"),
    ],
)
def test_an_address_is_left_out_if_there_is_a_name(written: str, name: str) -> None:
    assert name_of(written) == name


def test_several_people_are_joined_each_once_and_addresses_only_if_nobody_has_a_name() -> None:
    assert joined(["Jane", "joe@doe.example", "Jane", "", "Joe"]) == "Jane, Joe"
    assert joined(["jane@doe.example", "joe@doe.example"]) == "jane@doe.example, joe@doe.example"
    assert joined([]) == ""


def test_at_most_ten_thousand_characters_of_a_name_are_read() -> None:
    assert name_of("x" * 20_000) == "x" * 10_000


def test_an_address_with_other_text_is_no_address() -> None:
    assert is_address("jane@doe.example")
    assert not is_address("Jane jane@doe.example") and not is_address("@jane@doe.example") and not is_address("Jane")


@pytest.mark.parametrize("name", ["", " ", '" "', "()"])
def test_a_person_without_a_name_has_the_address_as_the_name(name: str) -> None:
    assert person(name, "jane@doe.example") == "jane@doe.example"
    assert person(f"{name}Jane", "jane@doe.example") == f"{name}Jane"


def test_names_that_would_not_be_kept_are_not_read() -> None:
    written = (f"jane{number}@doe.example (Jane {number:04})" for number in range(5000))

    names = joined(written)

    assert names.startswith("Jane 0000, Jane 0001, ")
    assert AUTHOR.limit < len(names) < 2 * AUTHOR.limit
    assert next(written, "") != ""
    assert joined(["jane@doe.example"] * 5000 + ["Joe"]) == "Joe"


def test_one_name_beyond_the_limit_is_read_so_that_the_cut_is_reported() -> None:
    longest = "x" * AUTHOR.limit
    assert joined([longest, "J", "Joe"]) == f"{longest}, J"
