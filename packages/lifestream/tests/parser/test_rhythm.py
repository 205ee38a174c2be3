"""The intervals at which feeds ask to be fetched, and numbers and durations."""

from __future__ import annotations

import pytest

from lifestream.entry import Rhythm
from lifestream.parser import parse
from lifestream.parser.rhythm import number, seconds
from parsed import URL, rss


@pytest.mark.parametrize(
    ("channel", "rhythm"),
    [
        ("<ttl>60</ttl>", Rhythm(ttl=3600)),
        ("<ttl>0</ttl>", Rhythm()),
        ("<ttl>often</ttl>", Rhythm()),
        ("<ttl>99999999999</ttl>", Rhythm(ttl=10 * 365 * 24 * 3600)),
        ("<sy:updatePeriod>hourly</sy:updatePeriod>", Rhythm(update_interval=3600)),
        (
            "<sy:updatePeriod> Daily </sy:updatePeriod><sy:updateFrequency>4</sy:updateFrequency>",
            Rhythm(update_interval=21600),
        ),
        ("<sy:updatePeriod>daily</sy:updatePeriod>", Rhythm(update_interval=86400)),
        ("<sy:updatePeriod>weekly</sy:updatePeriod>", Rhythm(update_interval=7 * 86400)),
        ("<sy:updatePeriod>monthly</sy:updatePeriod>", Rhythm(update_interval=30 * 86400)),
        ("<sy:updatePeriod>yearly</sy:updatePeriod>", Rhythm(update_interval=365 * 86400)),
        ("<sy:updateFrequency>2</sy:updateFrequency>", Rhythm(update_interval=43200)),
        ("<sy:updatePeriod>never</sy:updatePeriod>", Rhythm()),
        ("<skipHours><hour>1</hour><hour>02</hour></skipHours>", Rhythm(skip_hours=frozenset({1, 2}))),
        ("<skipHours><hour>24</hour><hour>99</hour><hour>-1</hour></skipHours>", Rhythm(skip_hours=frozenset({0}))),
        ("<skipHours><hour>25</hour><hour>003</hour></skipHours>", Rhythm()),
        (f"<skipHours><hour>{'9' * 5000}</hour></skipHours>", Rhythm()),
        ("<skipDays><day>Monday</day><day>Sunday</day></skipDays>", Rhythm(skip_days=frozenset({0, 6}))),
        ("<hour>5</hour><day>Monday</day>", Rhythm()),
    ],
)
def test_the_intervals_at_which_a_feed_asks_to_be_fetched_are_read(channel: str, rhythm: Rhythm) -> None:
    body = rss(channel=channel).replace(b"<rss ", b'<rss xmlns:sy="http://purl.org/rss/1.0/modules/syndication/" ')

    assert parse(body, {}, URL).rhythm == rhythm


@pytest.mark.reading(21)
@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("3723", 3723), ("3723.5", 3723), ("62:03", 3723), ("1:02:03", 3723), ("01:02:03.500", 3723), ("0", 0),
        ("1h 2m 3s", 3723), ("1h2m3s", 3723), ("PT1H2M3S", 3723), ("pt62m3.5s", 3723), ("62 min", 3720),
        ("1 hr, 2 mins", 3720), ("2 hours", 7200), ("90 Seconds", 90), ("1:02:03:04", None), ("1::2", None),
        ("PT", None), ("", None), ("2 days", None), ("min", None),
    ],
)  # fmt: skip
def test_a_duration_is_seconds_a_clock_or_numbers_with_their_units(written: str, found: int | None) -> None:
    assert seconds(written) == found


@pytest.mark.reading(21)
@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("1234567", 1234567), (" 12 ", 12), ("1,234,567", 1234567), ("1234567.0", 1234567), ("12.", 12),
        ("12.5", None), ("1,23", None), ("1GB", None), ("-1", None), ("", None), (None, None), ("9" * 16, None),
    ],
)  # fmt: skip
def test_a_size_is_a_whole_number_with_or_without_commas(written: object, found: int | None) -> None:
    assert number(written) == found
