"""The time of a day and its zone (reading.md, rule 19)."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from lifestream.parser.date_times import moment
from lifestream.parser.dates import Calendar


@pytest.mark.reading(19)
@pytest.mark.parametrize(
    ("time", "hour"),
    [
        ("12:00:00 Europe/Brussels", 10),
        ("12:00:00 America/New_York", 16),
        ("12:00:00 US/Eastern", 16),
        ("12:00:00 Nowhere/Land", 12),
        ("12:00:00 00", 12),
        ("12:00:00 0000", 12),
        ("12:00:00 -040", 16),
        ("12:00:00 -700", 19),
        ("12:00:00 --0400", 16),
        ("5pm", 17),
        ("5 p.m.", 17),
        ("12am", 0),
        ("0:00 am", 0),
        ("06:00 م", 18),
        ("06:00:00 ص", 6),
        ("12h00", 12),
        ("à 18h", 18),
        ("at 3pm", 15),
        ("at 12:00 PM", 12),
        ("at 12:00 PM EDT", 16),
        ("1am", 1),
        ("1pm", 13),
        ("12:00:00 -10", 22),
        ("12:00:00 +10", 2),
        ("13:00 pm", 13),
        ("23:00 PM", 23),
    ],
)
def test_forms_of_times_and_zones_are_read(time: str, hour: int) -> None:
    assert Calendar().read(f"17 Aug 2021 {time}") == datetime(2021, 8, 17, hour, tzinfo=UTC)


@pytest.mark.reading(19)
def test_the_zone_of_a_place_has_its_daylight_saving_time() -> None:
    assert Calendar().read("17 Jan 2021 12:00 Europe/Brussels") == datetime(2021, 1, 17, 11, tzinfo=UTC)


@pytest.mark.reading(19)
@pytest.mark.parametrize(
    ("time", "moment"),
    [
        ("24:05:09", datetime(2021, 8, 17, 0, 5, 9, tzinfo=UTC)),
        ("24:05 PDT", datetime(2021, 8, 17, 7, 5, tzinfo=UTC)),
        ("24:00:00", datetime(2021, 8, 18, tzinfo=UTC)),
    ],
)
def test_hour_24_is_the_first_hour_or_midnight_at_the_end_of_the_day(time: str, moment: datetime) -> None:
    assert Calendar().read(f"17 Aug 2021 {time}") == moment


@pytest.mark.reading(20)
@pytest.mark.parametrize(
    "time",
    [
        "25pm",
        "24:00 pm",
        "0pm",
        "0:30 pm",
        "25:00:00",
        "12.70.00",
        "12:60",
        "12:00:61",
        "../../etc/passwd",
        "12:00:00 +19:00",
    ],
)
def test_a_time_that_no_clock_shows_is_no_date(time: str) -> None:
    assert Calendar().read(f"17 Aug 2021 {time}") is None


@pytest.mark.reading(19)
@pytest.mark.parametrize(("year", "full"), [("49", 2049), ("50", 1950), ("99", 1999), ("121", 2021)])
def test_years_of_two_or_three_digits_are_counted_as_in_rfc_5322(year: str, full: int) -> None:
    assert Calendar().read(f"17 Aug {year} at 12:00") == datetime(full, 8, 17, 12, tzinfo=UTC)


@pytest.mark.reading(19)
def test_a_leap_second_is_the_first_second_of_the_next_minute() -> None:
    assert Calendar().read("31 Dec 2016 at 23:59:60") == datetime(2017, 1, 1, tzinfo=UTC)


def test_a_moment_is_in_utc_if_its_zone_is_known_and_naive_otherwise() -> None:
    day = date(2021, 8, 17)
    assert moment(day, "12:00", None, "+0200") == datetime(2021, 8, 17, 10, tzinfo=UTC)
    assert moment(day, "12:00", None, "Europe/Brussels") == datetime(2021, 8, 17, 10, tzinfo=UTC)
    for zone in (None, "XYZ", "Nowhere/Land"):
        assert moment(day, "12:00", None, zone) == datetime(2021, 8, 17, 12)


def test_an_offset_has_18_hours_at_most() -> None:
    day = date(2021, 8, 17)
    assert moment(day, "20:00", None, "+18:00") == datetime(2021, 8, 17, 2, tzinfo=UTC)
    assert moment(day, "20:00", None, "+18:01") is None
