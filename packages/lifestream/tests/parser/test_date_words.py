"""The words of dates."""

from __future__ import annotations

import pytest

from lifestream.parser.date_words import _NAMES, _WEEK, MONTHS, WEEKDAYS, ZONES, plain


@pytest.mark.parametrize(
    ("word", "month"),
    [("March", 3), ("Mär.", 3), ("MÄRZ", 3), ("févr.", 2), ("dez", 12), ("Août", 8), ("мая", 5), ("sept", 9)],
)
def test_a_month_is_known_by_its_name_or_its_beginning_in_any_language(word: str, month: int) -> None:
    assert MONTHS[plain(word)] == month


@pytest.mark.parametrize(
    ("word", "month"), [("červen", 6), ("července", 7), ("června", 6), ("červenec", 7), ("čvc", 7)]
)
def test_a_whole_name_takes_precedence_over_the_beginning_of_another(word: str, month: int) -> None:
    assert MONTHS[plain(word)] == month


@pytest.mark.parametrize("words", [*_NAMES, *_WEEK])
def test_a_word_counts_in_capitals_as_well(words: str) -> None:
    """The capitals of the Turkish ı and i are I and İ."""
    for word in words.split():
        assert plain(word.upper()) == plain(word.capitalize()) == plain(word)
    assert plain("NİSAN") == plain("nisan")


@pytest.mark.parametrize("word", ["ju", "xyz", ""])
def test_an_ambiguous_or_unknown_word_is_no_month(word: str) -> None:
    assert plain(word) not in MONTHS


def test_days_of_the_week_are_numbered_from_monday_and_no_name_is_that_of_two_days() -> None:
    assert [WEEKDAYS[plain(word)] for word in ("Mon", "Dienstag", "mié", "Sun")] == [0, 1, 2, 6]
    for names in _WEEK:
        assert [WEEKDAYS[plain(name)] for name in names.split()] == [*range(7)], names


def test_zones_are_minutes_east_of_greenwich() -> None:
    assert (ZONES["gmt"], ZONES["cest"], ZONES["ist"], ZONES["nst"], ZONES["pst"]) == (0, 120, 330, -210, -480)
