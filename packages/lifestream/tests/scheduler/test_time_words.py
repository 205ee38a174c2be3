from __future__ import annotations

import pytest

from lifestream.scheduler.time_words import in_words, ordinal

DAY = 86400.0


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 seconds"),
        (1, "1 second"),
        (90, "90 seconds"),
        (120, "2 minutes"),
        (3600, "1 hour"),
        (5400, "1 hour 30 minutes"),
        (90061, "1 day 1 hour"),
        (7 * DAY, "7 days"),
    ],
)
def test_durations_are_told_in_their_largest_units(seconds: float, words: str) -> None:
    assert in_words(seconds) == words


@pytest.mark.parametrize(
    ("number", "word"),
    [
        (1, "1st"),
        (2, "2nd"),
        (3, "3rd"),
        (4, "4th"),
        (11, "11th"),
        (12, "12th"),
        (13, "13th"),
        (21, "21st"),
        (111, "111th"),
    ],
)
def test_ordinals_are_written_as_people_say_them(number: int, word: str) -> None:
    assert ordinal(number) == word


def test_numbers_and_lengths_of_time_at_their_borders() -> None:
    numbers = [0, 1, 11, 13, 101, 110, 111, 112, 113, 121, 1011]
    words = "0th 1st 11th 13th 101st 110th 111th 112th 113th 121st 1011th"
    assert " ".join(map(ordinal, numbers)) == words
    seconds = [-5, 0, 1, 119, 120, 121, 3599, 3601, 86399, 86400 + 59]
    assert [in_words(each) for each in seconds] == [
        *("0 seconds", "0 seconds", "1 second", "119 seconds", "2 minutes", "2 minutes 1 second"),
        *("59 minutes 59 seconds", "1 hour 1 second", "23 hours 59 minutes", "1 day 59 seconds"),
    ]
