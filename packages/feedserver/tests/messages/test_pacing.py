"""Durations and paces in words."""

from __future__ import annotations

import pytest

from feedserver import Pace
from feedserver.messages.pacing import parse_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("250ms", 0.25), (" 2s ", 2), ("1.5m", 90), ("2h", 7200), ("2 h", 7200), ("1d", 86_400), ("1w", 604_800)],
)
def test_a_duration_has_a_unit(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "5", "ms", "-1s", "1 fortnight", "1e3s", "1s2"])
def test_an_invalid_duration_is_refused_with_the_remedy(text: str) -> None:
    with pytest.raises(ValueError, match="is no duration; write a number and a unit, such as 250ms, 2s, 1m, 2h or 1d"):
        parse_duration(text)


def test_a_pace_is_read_from_words() -> None:
    assert Pace.parse("1000 bytes every 50ms") == Pace(1000, 0.05)
    with pytest.raises(ValueError, match="is no pace; write it as '1000 bytes every 50ms'"):
        Pace.parse("fast")


def test_a_pace_that_never_ends_is_refused() -> None:
    with pytest.raises(ValueError, match="never ends; send 1 byte or more"):
        Pace(0, 1.0)
    with pytest.raises(ValueError, match="never ends; send 1 byte or more"):
        Pace.parse("0 bytes every 1s")


@pytest.mark.parametrize("seconds", [-1.0, float("inf"), float("nan")])
def test_a_pace_of_impossible_seconds_is_refused(seconds: float) -> None:
    with pytest.raises(ValueError, match=f"a pace of 10 bytes every {seconds} s is impossible; give 0 or more seconds"):
        Pace(10, seconds)
