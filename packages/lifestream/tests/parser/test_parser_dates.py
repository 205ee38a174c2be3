"""Dates and durations as feeds write them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from lifestream.entry import Enclosure
from lifestream.parser.dates import Calendar
from lifestream.plugins.reading_notes import Notes
from parsed import only_entry, rss


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("61", 61),
        ("01:01", 61),
        ("1:00:01", 3601),
        ("90:00", 5400),
        ("12.9", 12),
        ("soon", None),
        ("-1", None),
        ("", None),
    ],
)
def test_the_duration_of_a_podcast_is_read(written: str, seconds: int | None) -> None:
    item = f'<item><enclosure url="https://a.example/1.mp3"/><itunes:duration>{written}</itunes:duration></item>'
    body = rss(item).replace(b"<rss ", b'<rss xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd" ')

    assert only_entry(body).enclosures == (Enclosure("https://a.example/1.mp3", duration=seconds),)


@pytest.mark.parametrize(
    ("written", "date"),
    [
        ("Tue, 06 Jan 2026 10:30:00 +0130", datetime(2026, 1, 6, 9, tzinfo=UTC)),
        ("Tue, 06 Jan 2026 10:30:00 EST", datetime(2026, 1, 6, 15, 30, tzinfo=UTC)),
        ("Tue, 06 Jan 2026 10:30:00", datetime(2026, 1, 6, 10, 30, tzinfo=UTC)),
        ("Tuesday, 06-Jan-26 10:30:00 GMT", datetime(2026, 1, 6, 10, 30, tzinfo=UTC)),
        ("Thu, 32 Jan 2026 10:30:00 GMT", None),
        ("2026-01-06T10:30:00.123-02:00", datetime(2026, 1, 6, 12, 30, tzinfo=UTC)),
        ("2026-01-06", datetime(2026, 1, 6, tzinfo=UTC)),
        ("Fri, 31 Dec 9999 23:59:59 GMT", datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)),
        ("9999-12-31T23:59:59-14:00", None),
        ("0000-00-00T00:00:00Z", None),
        ("yesterday at noon", None),
        ("", None),
    ],
)
def test_dates_are_in_utc_or_none(written: str, date: datetime | None) -> None:
    entry = only_entry(rss(f"<item><title>x</title><pubDate>{written}</pubDate></item>"))

    assert entry.published == date


@pytest.mark.reading(20)
def test_a_text_of_up_to_a_hundred_characters_is_read_as_a_date() -> None:
    day = datetime(2020, 4, 25, tzinfo=UTC)

    assert Calendar().read("25 Apr 2020".ljust(100)) == day
    assert Calendar().read("25 Apr 2020".ljust(101)) is None
    assert Calendar(lambda: ["25/04/2020".ljust(100)]).read("03/04/2020") == datetime(2020, 4, 3, tzinfo=UTC)
    assert Calendar(lambda: ["25/04/2020".ljust(101)]).read("03/04/2020") is None


@pytest.mark.reading(20)
def test_the_other_dates_of_a_document_are_read_once_and_only_if_one_is_ambiguous() -> None:
    asked: list[str] = []

    def others() -> list[str]:
        asked.append("all of them")
        # The first is no date, but must not keep the second one from being used.
        return ["Mon, 03/04/0000", "25/04/2020"]

    calendar = Calendar(others)

    assert calendar.read("2020-05-25") and not asked
    assert [calendar.read(text) for text in ("03/04/2020", "05/04/2020")] == [
        datetime(2020, 4, 3, tzinfo=UTC),
        datetime(2020, 4, 5, tzinfo=UTC),
    ]
    assert len(asked) == 1


def test_notes_have_the_texts_that_were_not_understood() -> None:
    notes = Notes()
    calendar = Calendar(notes=notes)

    assert calendar.read("soon") is None
    assert calendar.read("later" * 30) is None
    assert calendar.read("") is None
    assert notes.undated == ["soon", "later" * 20]
    assert not notes.dates
