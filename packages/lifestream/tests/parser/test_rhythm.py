"""How often a feed asks to be fetched."""

from __future__ import annotations

import pytest

from lifestream.entry import Rhythm
from lifestream.parser import parse
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
        ("<sy:updateFrequency>2</sy:updateFrequency>", Rhythm(update_interval=43200)),
        ("<sy:updatePeriod>never</sy:updatePeriod>", Rhythm()),
        ("<skipHours><hour>1</hour><hour>02</hour></skipHours>", Rhythm(skip_hours=frozenset({1, 2}))),
        ("<skipHours><hour>24</hour><hour>99</hour><hour>-1</hour></skipHours>", Rhythm(skip_hours=frozenset({0}))),
        ("<skipDays><day>Monday</day><day>Sunday</day></skipDays>", Rhythm(skip_days=frozenset({0, 6}))),
        ("<hour>5</hour><day>Monday</day>", Rhythm()),
    ],
)
def test_how_often_a_feed_asks_to_be_fetched(channel: str, rhythm: Rhythm) -> None:
    body = rss(channel=channel).replace(b"<rss ", b'<rss xmlns:sy="http://purl.org/rss/1.0/modules/syndication/" ')

    assert parse(body, {}, URL).rhythm == rhythm
