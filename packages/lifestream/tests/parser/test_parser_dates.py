"""Dates as feeds write them, and the durations beside them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from lifestream.entry import Enclosure
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
def test_the_duration_of_a_podcast(written: str, seconds: int | None) -> None:
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
