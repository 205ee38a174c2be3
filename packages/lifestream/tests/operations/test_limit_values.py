"""A limit is shown for people with its unit."""

from __future__ import annotations

import pytest

from lifestream.operations.limit_values import Limit, Unit


@pytest.mark.parametrize(
    ("unit", "value", "shown"),
    [
        (Unit.COUNT, 2, "2"),
        (Unit.COUNT, 0.5, "0.5"),
        (Unit.COUNT, 10_000, "10,000"),
        (Unit.COUNT, 64_000_000, "64,000,000"),
        (Unit.BYTES, 500, "500 B"),
        (Unit.BYTES, 256 * 1024, "256 KiB"),
        (Unit.BYTES, 1.5 * 1024**2, "1.5 MiB"),
        (Unit.BYTES, 2 * 1024**3, "2 GiB"),
        (Unit.SECONDS, 30.0, "30 seconds"),
        (Unit.SECONDS, 0.1, "0.1 s"),
        (Unit.SECONDS, 7 * 86400.0, "7 days"),
        (Unit.DAYS, 0.5, "12 hours"),
        (Unit.DAYS, 365.0, "365 days"),
        (Unit.PART, 0.1, "10 %"),
    ],
)
def test_values_are_shown_with_their_units(unit: Unit, value: float, shown: str) -> None:
    assert Limit("", "", "", unit, value, value).shown == shown
