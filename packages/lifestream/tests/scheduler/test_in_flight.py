"""The claims that a refresh holds, and how many of their feeds can be requested concurrently."""

from __future__ import annotations

from datetime import UTC, datetime

from lifestream.scheduler.in_flight import Held
from lifestream.scheduler.jobs import Claimed

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def claims(**of_hosts: range) -> list[Claimed]:
    return [
        Claimed(feed, "token", NOW, f"https://{host}/{feed}", host)
        for host, feeds in of_hosts.items()
        for feed in feeds
    ]


def test_concurrent_requests_to_a_host_are_limited_however_many_of_its_feeds_are_held() -> None:
    held = Held(per_host=2, most=50)
    counts = []
    for some in (claims(a=range(10)), claims(b=range(10, 11)), claims(c=range(11, 14))):
        held.add(some)
        counts.append((len(held), held.at_once))
    assert counts == [(10, 2), (11, 3), (14, 5)]
    for feed in range(14):
        held.drop(feed)
        counts.append((len(held), held.at_once))
    assert counts[3:] == [
        *((left, 5) for left in (13, 12, 11, 10, 9, 8, 7, 6)),
        (5, 4),
        (4, 3),
        (3, 2),
        (2, 2),
        (1, 1),
        (0, 0),
    ]
    assert list(held) == []


def test_dropping_the_last_feed_of_a_host_tells_whether_the_host_may_have_more_to_claim() -> None:
    held = Held(per_host=2, most=3)
    held.add(claims(few=range(2), many=range(2, 5)))
    assert [feed for feed in range(5) if held.drop(feed)] == [4]
    held.add(claims(many=range(2, 4)))
    assert [feed for feed in range(2, 4) if held.drop(feed)] == []
