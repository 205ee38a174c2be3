"""The host from which an answer came."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from lifestream.fetcher.outcomes import Failed
from lifestream.scheduler.answering_host import host_that_answered
from lifestream.scheduler.jobs import Claimed

UNTIL = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("feed", "answered", "host"),
    [
        ("https://a.example/feed", "https://a.example/other", "its own"),
        ("https://A.example/feed", "https://a.example:443/other", "its own"),
        ("https://a.example/feed", "https://b.example/feed", "b.example"),
        ("https://a.example/feed", "https://a.example:8443/feed", "a.example:8443"),
        ("https://a.example/feed", "", "its own"),
        ("ftp://a.example/feed", "https://b.example/feed", "its own"),
    ],
    ids=["the same", "spelt differently", "another", "another port", "no answer", "a URL that is never fetched"],
)
def test_the_host_is_that_of_the_url_that_was_answered_last(feed: str, answered: str, host: str) -> None:
    claim = Claimed(1, "token", UNTIL, feed, "its own")

    assert host_that_answered(claim, Failed("status", "busy", answered, 429)) == host
