"""The clock for the tests of users: it stands still until it is moved."""

from __future__ import annotations

from datetime import UTC, datetime

from lifestream.testing import Clock


def test_a_clock_stands_still_until_it_is_moved() -> None:
    clock = Clock(datetime(2026, 3, 1, tzinfo=UTC))
    assert clock() == clock() == datetime(2026, 3, 1, tzinfo=UTC)
    assert clock.move(days=1, minutes=30) == clock() == datetime(2026, 3, 2, 0, 30, tzinfo=UTC)


def test_a_clock_begins_at_the_present_time() -> None:
    before = datetime.now(UTC)
    assert before <= Clock()() <= datetime.now(UTC)
