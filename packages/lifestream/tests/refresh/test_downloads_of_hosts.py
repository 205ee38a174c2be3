"""Requests to one host: their rate, the pauses that it asks for, and redirects to it from other hosts."""

from __future__ import annotations

import asyncio
import itertools
import queue
import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest

from download_case import NOW, ConcurrencyCounter, Events, download, downloading, last_asked, take
from feedserver import FeedServer, Response
from lifestream.fetcher.outcomes import Failed
from lifestream.refresh.downloads import Downloaded, Skipped
from programs import PATIENCE


@pytest.fixture
def server() -> Iterator[FeedServer]:
    with FeedServer(callable_timeout=PATIENCE) as server:
        yield server


@pytest.mark.parametrize(
    "answer", [Response(status=429), Response(status=503, headers={"Retry-After": "60"})], ids=["429", "503"]
)
def test_the_other_feeds_of_a_host_that_asks_for_a_pause_are_not_requested(
    server: FeedServer, answer: Response
) -> None:
    server.add("/busy", answer)
    server.add("/other", Response(status=404))
    events: Events = queue.SimpleQueue()
    jobs = [download(server.url("/busy")), *(download(server.url("/other")) for _ in range(3))]
    elsewhere = download(server.url("/other"), host="elsewhere")
    with downloading(events, per_host=1) as downloads:
        downloads.add([*jobs, elsewhere])
        taken = take(events, 5)
    assert {event.claim.feed for event in taken if isinstance(event, Skipped)} == {job.claim.feed for job in jobs[1:]}
    assert {event.claim.feed for event in taken if isinstance(event, Downloaded)} == {
        jobs[0].claim.feed,
        elsewhere.claim.feed,
    }
    assert len(server.requests) == 2


def test_if_a_pause_is_only_for_the_refused_feed_others_of_its_host_are_requested(server: FeedServer) -> None:
    server.add("/busy", Response(status=429))
    events: Events = queue.SimpleQueue()
    with downloading(events, per_host=1, pauses_hosts=False) as downloads:
        downloads.add(download(server.url("/busy")) for _ in range(3))
        assert all(isinstance(event, Downloaded) for event in take(events, 3))


def test_a_503_that_names_no_time_affects_only_its_own_feed(server: FeedServer) -> None:
    server.add("/busy", Response(status=503))
    events: Events = queue.SimpleQueue()
    with downloading(events, per_host=1) as downloads:
        downloads.add(download(server.url("/busy")) for _ in range(3))
        assert all(isinstance(event, Downloaded) for event in take(events, 3))


def test_the_rate_of_requests_to_a_host_is_limited_and_another_host_does_not_wait_for_it(server: FeedServer) -> None:
    waits: list[float] = []

    async def pause(seconds: float) -> None:
        waits.append(seconds)

    server.add("/feed", Response(status=404))
    events: Events = queue.SimpleQueue()
    with downloading(events, rate=0.001, pause=pause) as downloads:
        downloads.add([*(download(server.url("/feed")) for _ in range(5)), download(server.url("/feed"), "elsewhere")])
        take(events, 6)
    assert waits == [pytest.approx(1000.0 * turn, abs=100) for turn in range(1, 5)]


def test_a_redirect_counts_for_the_rate_of_requests_to_its_host(server: FeedServer) -> None:
    waits: list[float] = []

    async def pause(seconds: float) -> None:
        waits.append(seconds)

    server.add("/feed", Response(status=404))
    server.add("/away", Response(status=302, headers={"Location": "/near"}))
    server.add("/near", Response(status=302, headers={"Location": "/feed"}))
    host = f"127.0.0.1:{server.port}"
    events: Events = queue.SimpleQueue()
    with downloading(events, rate=0.001, per_host=1, pause=pause) as downloads:
        downloads.add([download(server.url("/away"), "elsewhere")])
        take(events, 1)
        downloads.add(download(server.url(path), host) for path in ("/away", "/feed"))
        take(events, 2)
    assert waits == [pytest.approx(1000.0 * turn, abs=100) for turn in (2, 5)]


def elsewhere(server: FeedServer, path: str) -> str:
    """Return a URL of *server* with another host name, which counts as another host."""
    return f"http://localhost:{server.port}{path}"


def test_redirects_from_many_hosts_to_one_count_for_its_limit_of_concurrent_requests(server: FeedServer) -> None:
    answer = ConcurrencyCounter(2, last_asked(server))
    server.add("/feed", answer)
    server.add("/away", Response(status=302, headers={"Location": elsewhere(server, "/feed")}))
    events: Events = queue.SimpleQueue()
    with downloading(events, concurrency=8, per_host=2) as downloads:
        away = [download(server.url("/away"), host=f"host{number}") for number in range(8)]
        downloads.add([*away, download(server.url("/last"), "of-its-own")])
        taken = take(events, 9)
    assert answer.most == 2
    outcomes = [event.outcome for event in taken if isinstance(event, Downloaded) and event.claim.host != "of-its-own"]
    assert [(each.url, each.status) for each in outcomes] == [(elsewhere(server, "/feed"), 404)] * 8


def test_a_redirect_that_waits_for_its_new_host_delays_no_other_download(server: FeedServer) -> None:
    """Only one request at a time is allowed, in total and per host. A download that counted towards either of these
    limits while it waits would stop all others.
    """
    turns = threading.Event()

    async def pause(seconds: float) -> None:
        await asyncio.to_thread(turns.wait, PATIENCE)

    server.add("/feed", Response(status=404))
    server.add("/away", Response(status=302, headers={"Location": elsewhere(server, "/feed")}))
    events: Events = queue.SimpleQueue()
    away = [download(server.url("/away"), host=f"host{number}") for number in range(3)]
    sibling = download(server.url("/feed"), host="host2")
    with downloading(events, concurrency=1, per_host=1, rate=0.001, pause=pause) as downloads:
        downloads.add(away)
        [first] = take(events, 1)
        downloads.add([download(server.url("/feed"), host="other")])
        [other] = take(events, 1)
        turns.set()
        downloads.add([sibling])
        rest = take(events, 3)
    assert first.claim in [each.claim for each in away]
    assert other.claim.host == "other"
    assert sorted(event.claim.host for event in rest if event.claim != first.claim) == sorted(
        each.claim.host for each in [*away, sibling] if each.claim != first.claim
    )


def test_redirects_to_another_host_take_their_turns_there(server: FeedServer) -> None:
    waits: list[float] = []

    async def pause(seconds: float) -> None:
        waits.append(seconds)

    server.add("/feed", Response(status=404))
    server.add("/away", Response(status=302, headers={"Location": elsewhere(server, "/feed")}))
    events: Events = queue.SimpleQueue()
    with downloading(events, rate=0.001, per_host=1, pause=pause) as downloads:
        downloads.add(download(server.url("/away"), host=f"host{number}") for number in range(4))
        take(events, 4)
    assert waits == [pytest.approx(1000.0 * turn, abs=100) for turn in range(1, 4)]


def test_a_redirect_to_a_host_that_asked_for_a_pause_fails_without_a_request_there(server: FeedServer) -> None:
    server.add("/busy", Response(status=429, headers={"Retry-After": "600"}))
    server.add("/away", Response(status=302, headers={"Location": elsewhere(server, "/busy")}))
    events: Events = queue.SimpleQueue()
    times = itertools.count()
    own = download(elsewhere(server, "/busy"), f"localhost:{server.port}")
    with downloading(events, per_host=1, clock=lambda: NOW + timedelta(seconds=next(times))) as downloads:
        downloads.add(download(server.url("/away"), host=f"host{number}") for number in range(4))
        taken = take(events, 4)
        downloads.add([download(server.url("/away"), host="late")])
        taken += take(events, 1)
        downloads.add([own])
        [asked] = take(events, 1)
    server.assert_requested("/busy", count=2)
    outcomes = [event.outcome for event in taken if isinstance(event, Downloaded) and isinstance(event.outcome, Failed)]
    assert len(outcomes) == 5
    assert sorted((each.status or 0) for each in outcomes) == [0, 0, 0, 0, 429]
    assert {each.headers["retry-after"] for each in outcomes} == {"600"}
    assert {each.url for each in outcomes} == {elsewhere(server, "/busy")}
    waiting = {each.message for each in outcomes if each.status is None}
    assert waiting == {f"localhost:{server.port}, where it redirects to, asked for a pause"}
    starts = {event.started for event in taken if isinstance(event, Downloaded)}
    assert starts == {NOW + timedelta(seconds=second) for second in range(5)}, "each began with its first request"
    assert isinstance(asked, Downloaded)
