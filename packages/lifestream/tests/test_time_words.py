"""Durations, moments and frequencies in words."""

from __future__ import annotations

import pytest

from lifestream.time_words import how_often, in_words, relative

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
def test_durations_are_worded_in_their_largest_units(seconds: float, words: str) -> None:
    assert in_words(seconds) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "now"),
        (-0.5, "now"),
        (-1, "1 second ago"),
        (59.9, "in 59 seconds"),
        (60, "in 1 minute"),
        (-7199, "1 hour ago"),
        (7200, "in 2 hours"),
        (-DAY, "1 day ago"),
        (60 * DAY, "in 60 days"),
        (-62 * DAY, "2 months ago"),
        (400 * DAY, "in 13 months"),
        (-800 * DAY, "2 years ago"),
    ],
)
def test_moments_are_worded_relative_to_now(seconds: float, words: str) -> None:
    assert relative(seconds) == words


def test_durations_are_worded_at_the_limits_of_their_units() -> None:
    seconds = [-5, 0, 1, 119, 120, 121, 3599, 3601, 86399, 86400 + 59]
    assert [in_words(each) for each in seconds] == [
        *("0 seconds", "0 seconds", "1 second", "119 seconds", "2 minutes", "2 minutes 1 second"),
        *("59 minutes 59 seconds", "1 hour 1 second", "23 hours 59 minutes", "1 day 59 seconds"),
    ]


def test_moments_are_worded_at_the_limits_of_their_units() -> None:
    seconds = [0.9, 1, -59, 3599, 3600, -86399, 61 * DAY - 1, 61 * DAY, 1 - 730.5 * DAY, 730.5 * DAY]
    assert [relative(each) for each in seconds] == [
        *("now", "in 1 second", "59 seconds ago", "in 59 minutes", "in 1 hour", "23 hours ago"),
        *("in 60 days", "in 2 months", "24 months ago", "in 2 years"),
    ]


@pytest.mark.parametrize(
    ("gap", "words"),
    [
        (0, "all the time"),
        (DAY / 5, "5 times a day"),
        (DAY / 2, "twice a day"),
        (DAY, "once a day"),
        (1.5 * DAY, "5 times a week"),
        (3.5 * DAY, "twice a week"),
        (7 * DAY, "once a week"),
        (10 * DAY, "3 times a month"),
        (15 * DAY, "twice a month"),
        (29 * DAY, "once a month"),
        (120 * DAY, "3 times a year"),
        (180 * DAY, "twice a year"),
        (365 * DAY, "once a year"),
        (800 * DAY, "less than once a year"),
    ],
)
def test_a_gap_is_worded_as_a_frequency(gap: float, words: str) -> None:
    assert how_often(gap) == words
