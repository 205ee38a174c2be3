"""The strict forms of RFC 3339 and RFC 822, which are read without the patterns for other forms."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from lifestream.parser.date_standards import common


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-03-02T08:05:00Z", datetime(2026, 3, 2, 8, 5, tzinfo=UTC)),
        ("2026-03-02T08:05:00.123+05:30", datetime(2026, 3, 2, 2, 35, tzinfo=UTC)),
        ("Mon, 02 Mar 2026 08:05:00 -0330", datetime(2026, 3, 2, 11, 35, tzinfo=UTC)),
        ("2 mar 2026 08:05:59 GMT", datetime(2026, 3, 2, 8, 5, 59, tzinfo=UTC)),
        ("2026-03-02T23:59:59+18:00", datetime(2026, 3, 2, 5, 59, 59, tzinfo=UTC)),
    ],
)
def test_the_standard_forms_are_understood(text: str, moment: datetime) -> None:
    assert common(text) == moment


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-03-02",
        "2026-03-02T24:00:00Z",
        "2026-03-02T08:05:60Z",
        "2026-03-02T08:05:00+18:01",
        "2 Mär 2026 08:05:59 GMT",
        "2 Mai 2026 08:05:59 GMT",
        "02 Mar 26 08:05:59 GMT",
        "2026-03-02T08:05:00Z ",
    ],
)
def test_other_forms_are_left_to_other_patterns(text: str) -> None:
    assert common(text) is None


def test_a_day_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(ValueError, match="day"):
        common("2026-02-30T08:05:00Z")
