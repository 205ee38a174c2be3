"""The rate at which a feed publishes entries."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from lifestream.scheduler.publication_rate import Pace, pace_of

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
DAY = 86400.0


def ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


@pytest.mark.parametrize(
    ("dates", "days"),
    [
        ([ago(2)], 2),
        ([ago(2), ago(10)], 5),
        ([ago(1), ago(2), ago(3)], 1),
        ([ago(3), None, ago(1), ago(2), ago(-5)], 1),
        ([ago(30)] * 100, 1.5),
        ([ago(30 + day) for day in range(1, 21)], 2.5),
        ([ago(1), ago(2), ago(3), ago(4000), ago(5000)], 1),
        ([ago(0)] * 30, 0),
        ([ago(1), ago(1), ago(30)], 10),
    ],
    ids=[
        "one entry", "two", "one a day", "unknown, unsorted and future", "a hundred, of which twenty count",
        "silent for a month", "old ones that are pinned", "all at once", "two are no window",
    ],
)  # fmt: skip
def test_the_gap_is_the_average_of_the_busiest_window_until_now(dates: list[datetime | None], days: float) -> None:
    pace = pace_of(dates, NOW)
    assert pace is not None
    assert pace.gap(NOW) == pytest.approx(days * DAY)


@pytest.mark.parametrize("dates", [[], [None, None], [ago(-1)]])
def test_without_a_past_date_the_rate_is_unknown(dates: list[datetime | None]) -> None:
    assert pace_of(dates, NOW) is None


def test_silence_makes_the_gap_grow() -> None:
    pace = Pace(4, ago(8))
    assert pace.gap(NOW) == 2 * DAY
    assert pace.gap(NOW + timedelta(days=8)) == 4 * DAY
