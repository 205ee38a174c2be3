"""Forms of dates by programs that deviate from RFC 822 and ISO 8601 (reading.md, rule 19)."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from lifestream.parser.date_forms import normal
from lifestream.parser.dates import Calendar
from lifestream.plugins.reading_notes import Notes

EVENING = datetime(2021, 8, 17, 21, 44, 13, tzinfo=UTC)
DAY = datetime(2021, 8, 17, tzinfo=UTC)


@pytest.mark.reading(19)
@pytest.mark.parametrize(
    "written",
    [
        "Tue Aug 17 21:44:13 2021 GMT",
        "Tue Aug 17 16:44:13 2021 EST",
        "17 Tuesday, Aug 2021 21:44:13",
        "Tue, 17 Aug 2021 21.44.13 +0000",
        "Tue, 2021-08-17 21:44:13",
        "Dienstag, 2021-08-17 21:44:13",
        "2021-08-17 at 21:44:13",
        "2021-08-17 - 21:44:13",
        "2021-08-17T21:44:13:00",
        "2021-08-17T16:44:13-05:00Z",
        "2021-08-17T21:44:13+00:00:00",
        "2021-08-17T22:44:13:+0100",
        "2021-08-17T23:44:13+02:00[Europe/Paris]",
        "21:44:13 2021-08-17",
    ],
)
def test_variants_of_rfc_822_and_iso_8601_are_read(written: str) -> None:
    assert Calendar().read(written) == EVENING


@pytest.mark.reading(19)
@pytest.mark.parametrize(("written", "month"), [("Aug. 2021", 8), ("March 2021", 3), ("août 2021", 8), ("2021-08", 8)])
def test_a_month_alone_is_its_first_day(written: str, month: int) -> None:
    assert Calendar().read(written) == datetime(2021, month, 1, tzinfo=UTC)


@pytest.mark.reading(20)
@pytest.mark.parametrize("written", ["May 21", "May 2021 or so", "Monday May 2021", "May 10:30", "until 2021-08-17"])
def test_a_month_without_a_year_or_a_date_among_other_words_is_no_date(written: str) -> None:
    assert Calendar().read(written) is None


@pytest.mark.reading(20)
@pytest.mark.parametrize("written", ["0001-01-01T00:00:00Z", "Mon, 01 Jan 0001 00:00:00 +0000", "0001-01-01"])
def test_the_zero_of_a_program_is_no_date(written: str) -> None:
    assert Calendar().read(written) is None


@pytest.mark.parametrize(
    ("written", "form"),
    [
        ("2021-08-17T21:44:13Z", "RFC 3339"),
        ("Tue, 17 Aug 2021 21:44:13 GMT", "RFC 822"),
        ("2021-08-17 21:44:13", "ISO 8601, without a zone, so UTC"),
        ("2021-08-17T23:44:13+02:00[Europe/Paris]", "ISO 8601"),
        ("17 Aug 2021 23:44:13 Europe/Brussels", "words"),
        ("17 Aug 2021 21:44:13 Nowhere/Land", "words, without a zone, so UTC"),
        ("17 Aug 2021 21:44:13 XYZ", "words, without a zone, so UTC"),
        ("Tue Aug 17 16:44:13 EST 2021", "words"),
        ("17 Aug 2021 09:44:13 PM", "words, without a zone, so UTC"),
        ("2021년 8월 18일 06:44:13", "East Asian"),
        ("1629236653", "seconds since 1970"),
    ],
)
def test_notes_name_the_form_and_whether_a_zone_was_given(written: str, form: str) -> None:
    notes = Notes()
    assert Calendar(notes=notes).read(written) == EVENING
    assert notes.dates[EVENING] == (written, form)


@pytest.mark.reading(19)
@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("999999999", datetime(2001, 9, 9, 1, 46, 39, tzinfo=UTC)),
        ("999999999.5", datetime(2001, 9, 9, 1, 46, 39, tzinfo=UTC)),
        ("978307200000", datetime(2001, 1, 1, tzinfo=UTC)),
        ("15904026000", None),
        ("99990525103000", None),
        ("159040260000000", None),
    ],
)
def test_the_number_of_digits_decides_whether_they_are_seconds_milliseconds_or_no_date(
    written: str, moment: datetime | None
) -> None:
    assert Calendar().read(written) == moment


@pytest.mark.reading(19)
@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("197005251030", datetime(1970, 5, 25, 10, 30, tzinfo=UTC)),
        ("209905251030", datetime(2099, 5, 25, 10, 30, tzinfo=UTC)),
        ("196905251030", datetime.fromtimestamp(196905251, UTC)),
        ("210005251030", datetime.fromtimestamp(210005251, UTC)),
        ("202113251030", datetime.fromtimestamp(202113251, UTC)),
        ("20211125103145", datetime(2021, 11, 25, 10, 31, 45, tzinfo=UTC)),
        ("20211125T103145Z", datetime(2021, 11, 25, 10, 31, 45, tzinfo=UTC)),
    ],
)
def test_digits_are_a_day_and_a_time_from_1970_to_2099_and_otherwise_milliseconds(
    written: str, moment: datetime
) -> None:
    assert Calendar().read(written) == moment


@pytest.mark.reading(19)
@pytest.mark.parametrize("written", ["2021年8月17日 21時44分13秒", "2021年8月17日 下午9点44分13秒"])
def test_an_east_asian_time_has_seconds(written: str) -> None:
    assert Calendar().read(written) == EVENING


@pytest.mark.reading(19)
@pytest.mark.parametrize(
    "written", ["Tue.Aug 17, 2021", "Thứ Ba, 17 Aug 2021", "Aug 17, 121", "121 Aug 17", "Tue 17-Aug-2021"]
)
def test_a_weekday_and_any_order_of_day_and_year_are_read(written: str) -> None:
    assert Calendar().read(written) == DAY


@pytest.mark.reading(20)
@pytest.mark.parametrize("written", ["until further notice 17 Aug 2021", "17 notice Aug 2021", "Aug notice 17 2021"])
def test_a_date_has_no_other_word_than_a_weekday_before_it(written: str) -> None:
    assert Calendar().read(written) is None


@pytest.mark.reading(19)
@pytest.mark.parametrize(
    "written", ["民國110年8月17日", "民国110年8月17日", "昭和96年8月17日", "平成33年8月17日", "令和3年8月17日"]
)
def test_years_of_an_era_are_counted_from_its_first(written: str) -> None:
    assert Calendar().read(written) == DAY


@pytest.mark.reading(19)
def test_the_first_year_of_an_era_has_a_sign_of_its_own() -> None:
    assert Calendar().read("令和元年8月17日") == datetime(2019, 8, 17, tzinfo=UTC)


@pytest.mark.reading(19)
@pytest.mark.parametrize(
    ("month", "name"),
    list(enumerate(("một", "hai", "ba", "tư", "năm", "sáu", "bảy", "tám", "chín", "mười", "mười một", "mười hai"), 1)),
)
def test_vietnamese_and_korean_months_are_numbers(month: int, name: str) -> None:
    for written in (f"17 tháng {name} 2021", f"17 tháng {month} 2021", f"17 {month}월 2021"):
        assert Calendar().read(written) == datetime(2021, month, 17, tzinfo=UTC)


@pytest.mark.reading(20)
@pytest.mark.parametrize("written", ["17 0월 2021", "17 13월 2021", "17 tháng 0 2021", "17 tháng Aug 2021"])
def test_a_numbered_month_that_no_calendar_has_stays_as_it_is(written: str) -> None:
    assert normal(written) == written
    assert Calendar().read(written) is None


@pytest.mark.reading(19)
@pytest.mark.parametrize(("half", "hour"), [("ص", 6), ("م", 18)])
def test_arabic_halves_of_the_day_are_read(half: str, hour: int) -> None:
    assert Calendar().read(f"17 Aug 2021 06:00 {half}") == datetime(2021, 8, 17, hour, tzinfo=UTC)


@pytest.mark.reading(19)
def test_an_east_asian_hour_needs_no_minutes_or_seconds() -> None:
    assert Calendar().read("2021年8月17日 21時") == datetime(2021, 8, 17, 21, tzinfo=UTC)
    assert Calendar().read("2021年8月17日 21時44分") == datetime(2021, 8, 17, 21, 44, tzinfo=UTC)


@pytest.mark.reading(19)
@pytest.mark.parametrize(("written", "year"), [("2399", 2399), ("2400", 1857), ("2564", 2021), ("64", 2021)])
def test_a_thai_year_from_2400_on_is_of_the_buddhist_calendar(written: str, year: int) -> None:
    assert Calendar().read(f"17 สิงหาคม {written}") == datetime(year, 8, 17, tzinfo=UTC)
