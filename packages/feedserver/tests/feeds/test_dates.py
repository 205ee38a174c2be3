"""How dates are written in RSS and Atom."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from feedserver.feeds import (
    Entry,
    Feed,
)
from whole_feed import said


@pytest.mark.parametrize(
    ("moment", "rss", "atom"),
    [
        (
            datetime(2026, 11, 1, 10, tzinfo=timezone(timedelta(hours=-3, minutes=-30))),
            "10:00:00 -0330",
            "10:00:00-03:30",
        ),
        (datetime(2026, 11, 1, 10, 0, 0, 500_000, tzinfo=UTC), "10:00:00 GMT", "10:00:00.500000Z"),
        (datetime(2026, 11, 1, 10, tzinfo=timezone(timedelta(minutes=53, seconds=28))), "09:06:32 GMT", "09:06:32Z"),
    ],
)
def test_dates_keep_their_offset_unless_it_has_seconds(moment: datetime, rss: str, atom: str) -> None:
    feed = Feed(entries=[Entry(published=moment)])
    assert said(feed, "rss", "channel/item/pubDate") == [f"Sun, 01 Nov 2026 {rss}"]
    assert said(feed, "atom", "a:entry/a:published") == [f"2026-11-01T{atom}"]
