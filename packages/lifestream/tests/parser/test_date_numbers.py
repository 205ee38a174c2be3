"""Dates in numbers: which of them is the day, which the month (reading.md, rules 19 and 20)."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from lifestream.parser.dates import Calendar

DAY = datetime(2021, 8, 17, tzinfo=UTC)
CLOCK = datetime(2021, 8, 17, 9, 44, tzinfo=UTC)


def read(written: str, *others: str) -> datetime | None:
    return Calendar(lambda: (written, *others)).read(written)


@pytest.mark.reading(19)
@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("Tue, 17/08/2021", DAY),
        ("Tue, 08/17/2021 - 09:44", CLOCK),
        ("17/08/2021 - 09:44", CLOCK),
        ("17.08.21", DAY),
        ("08/17/21 09:44", CLOCK),
        ("21-08-2021 at 09:44", datetime(2021, 8, 21, 9, 44, tzinfo=UTC)),
        ("99/08/17", datetime(1999, 8, 17, tzinfo=UTC)),
        ("32/08/17", datetime(2032, 8, 17, tzinfo=UTC)),
        ("31/08/17", datetime(2017, 8, 31, tzinfo=UTC)),
        ("12/13/2021", datetime(2021, 12, 13, tzinfo=UTC)),
        ("13/12/2021", datetime(2021, 12, 13, tzinfo=UTC)),
        ("12/12/2021", datetime(2021, 12, 12, tzinfo=UTC)),
        ("09:44 17.08.2021", CLOCK),
        ("11:44 17.08.2021 +0200", CLOCK),
        ("17.08.2021 +0000", DAY),
        ("09:44 pm, 17.08.2021", datetime(2021, 8, 17, 21, 44, tzinfo=UTC)),
    ],
)
def test_numbers_alone_or_with_a_day_of_the_week_or_a_time_are_read(written: str, moment: datetime) -> None:
    assert read(written) == moment


@pytest.mark.reading(20)
@pytest.mark.parametrize(
    ("written", "month"),
    [
        ("Sat, 11/04/2020", 4),
        ("Wed, 11/04/2020", 11),
        ("sábado, 11/04/2020", 4),
        ("Sat, 11 04 2020 08:51:49 +0100", 4),
        ("Fri, 11/04/2020", None),
        ("Wed, 04/11/2020", 11),
        ("Sat, 04/11/2020", 4),
        ("Sat, 11/00/2020", None),
        ("Sat, 00/11/2020", None),
        ("Sat, 11/04/0000", None),
        ("11 04 2020", None),
        ("11/04/20", None),
        ("11/12/2020", None),
        ("12/11/2020", None),
    ],
)
def test_the_day_of_the_week_decides_which_number_is_the_day(written: str, month: int | None) -> None:
    found = read(written)
    assert (found and found.month) == month


@pytest.mark.reading(20)
@pytest.mark.parametrize("written", ["17 08 2021", "Tue, 17 08 21", "17 08 21"])
def test_numbers_with_spaces_are_a_date_only_with_a_day_of_the_week_and_four_digits_of_the_year(written: str) -> None:
    assert (read("Tue, 17 08 2021"), read(written)) == (DAY, None)


@pytest.mark.reading(20)
@pytest.mark.parametrize(
    ("other", "month"),
    [
        ("Wed, 11/04/2020", 3),
        ("Sat, 11/04/2020", 4),
        ("05/05/2020", None),
        ("05.04.2020", None),
        ("17.04.2020", 4),
        ("99/04/20", None),
    ],
)
def test_other_dates_decide_only_if_they_show_the_order_of_day_and_month(other: str, month: int | None) -> None:
    found = read("03/04/2020", other)
    assert (found and found.month) == month
