"""Concurrent downloads: their number at a time and from one host, and downloads that are given up."""

from __future__ import annotations

import asyncio
import os
import queue
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import datetime
from typing import Any, ClassVar

import pytest

from download_case import NOW, ConcurrencyCounter, Events, download, downloading, last_asked, take
from feedserver import FeedServer, Request, Response
from guards import allowing
from lifestream.fetcher.address_guard import AddressGuard
from lifestream.fetcher.body_budget import Memory
from lifestream.fetcher.fetch import Fetcher
from lifestream.fetcher.outcomes import Failed, Fetched, NotModified
from lifestream.fetcher.session import Resolver
from lifestream.fetcher.shortage import Shortage, ShortOf, require_memory
from lifestream.refresh.downloads import Download, Downloaded, Downloads
from programs import PATIENCE, for_another_user


@pytest.fixture
def server() -> Iterator[FeedServer]:
    with FeedServer(callable_timeout=PATIENCE) as server:
        yield server


@pytest.mark.parametrize("loop", ["uvloop", "asyncio"])
def test_every_download_has_an_outcome_and_keeps_its_claim(
    server: FeedServer, monkeypatch: pytest.MonkeyPatch, loop: str
) -> None:
    if loop == "uvloop":
        pytest.importorskip("uvloop", reason="it is not made for this system")
    else:
        monkeypatch.setitem(sys.modules, "uvloop", None)
    server.add("/feed", Response("<rss/>", headers={"ETag": '"a"'}))
    events: Events = queue.SimpleQueue()
    jobs = [download(server.url("/feed")), download(server.url("/feed"), etag='"a"'), download("ftp://nowhere/")]
    with downloading(events) as downloads:
        downloads.add(jobs)
        taken = take(events, 3)
    by_feed = {event.claim.feed: event for event in taken if isinstance(event, Downloaded)}
    assert [by_feed[job.claim.feed].claim for job in jobs] == [job.claim for job in jobs]
    outcomes = [by_feed[job.claim.feed].outcome for job in jobs]
    assert [type(outcome) for outcome in outcomes] == [Fetched, NotModified, Failed]
    assert {event.started for event in by_feed.values()} == {NOW}


def test_the_number_of_concurrent_requests_to_a_host_is_limited(server: FeedServer) -> None:
    answer = ConcurrencyCounter(2, last_asked(server))
    server.add("/feed", answer)
    events: Events = queue.SimpleQueue()
    with downloading(events, concurrency=8, per_host=2) as downloads:
        downloads.add(download(server.url("/feed")) for _ in range(10))
        downloads.add([download(server.url("/last"), "elsewhere")])
        take(events, 11)
    assert answer.most == 2


def test_hosts_do_not_wait_for_each_other(server: FeedServer) -> None:
    answer = ConcurrencyCounter(6)
    server.add("/feed", answer)
    events: Events = queue.SimpleQueue()
    with downloading(events, concurrency=8, per_host=1) as downloads:
        downloads.add(download(server.url("/feed"), host=f"host{number}") for number in range(6))
        taken = take(events, 6)
    assert answer.most == 6
    answered = [event.outcome.status for event in taken if isinstance(event, Downloaded)]
    assert answered == [404] * 6, "no request timed out"


def let_others_pass(server: FeedServer) -> None:
    """Send twenty other requests to *server*: a request that may be sent now arrives before the last of them."""
    server.add("/other", Response("<rss/>"))
    events: Events = queue.SimpleQueue()
    with downloading(events) as others:
        others.add(download(server.url("/other")) for _ in range(20))
        take(events, 20)


def test_the_number_of_concurrent_downloads_is_limited(server: FeedServer) -> None:
    asked, end = threading.Semaphore(0), threading.Event()

    def answer(_: Request) -> Response:
        asked.release()
        assert end.wait(PATIENCE)
        return Response(status=404)

    server.add("/feed", answer)
    events: Events = queue.SimpleQueue()
    with downloading(events, concurrency=3, per_host=2) as downloads:
        downloads.add(download(server.url("/feed"), host=f"host{number}") for number in range(12))
        for _ in range(3):
            assert asked.acquire(timeout=PATIENCE)
        let_others_pass(server)
        is_fourth_asked = asked.acquire(blocking=False)
        end.set()
        take(events, 12)
    assert not is_fourth_asked


def test_nothing_is_requested_while_too_many_bodies_wait_to_be_read(server: FeedServer) -> None:
    server.add("/feed", Response("<rss/>"))
    events: Events = queue.SimpleQueue()
    with downloading(events, concurrency=1, memory=Memory(size=7)) as downloads:
        downloads.add(download(server.url("/feed")) for _ in range(4))
        brought = take(events, 2)
        let_others_pass(server)
        assert len(server.journal.filter("/feed")) == 2
        assert events.empty()
        for event in brought:
            downloads.done(event.claim)
        take(events, 2)


def test_a_feed_that_is_added_for_a_host_without_work_is_fetched(server: FeedServer) -> None:
    server.add("/feed", Response(status=404))
    events: Events = queue.SimpleQueue()
    with downloading(events) as downloads:
        for _ in range(2):
            downloads.add([download(server.url("/feed"))])
            [event] = take(events, 1)
            assert isinstance(event, Downloaded)


def test_the_end_of_the_block_gives_up_running_downloads_and_leaves_no_thread(server: FeedServer) -> None:
    server.add("/feed", Response("<rss/>", delay=60))
    before = set(threading.enumerate())
    events: Events = queue.SimpleQueue()
    with downloading(events) as downloads:
        downloads.add(download(server.url("/feed")) for _ in range(5))
        server.wait_for("/feed", count=2)
    assert events.empty()
    assert set(threading.enumerate()) <= before


def test_an_error_in_the_thread_reaches_the_consumer_of_events(server: FeedServer) -> None:
    def broken() -> datetime:
        raise LookupError("no clock")

    events: Events = queue.SimpleQueue()
    with downloading(events, clock=broken) as downloads:
        downloads.add([download(server.url("/feed"))])
        assert isinstance(events.get(timeout=PATIENCE), LookupError)


class SocketCounter(AddressGuard):
    """A guard that keeps the sockets it has made, and counts how many of them were open at the same time."""

    made: ClassVar[list[socket.socket]] = []
    most: ClassVar[int] = 0

    def socket(self, info: Any) -> socket.socket:
        self.made.append(super().socket(info))
        SocketCounter.most = max(SocketCounter.most, sum(each.fileno() != -1 for each in self.made))
        return self.made[-1]


class LoopbackResolver(Resolver):
    """A resolver that resolves each name to this machine."""

    async def resolve(self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC) -> Any:
        return [{**each, "hostname": host} for each in await super().resolve("127.0.0.1", port, family)]


def test_connections_are_kept_only_while_requests_wait_for_their_host(server: FeedServer) -> None:
    server.add("/feed", Response("<rss/>"))
    SocketCounter.made.clear()
    SocketCounter.most = 0
    events: Events = queue.SimpleQueue()
    guard = allowing("127.0.0.0/8", SocketCounter)
    fetcher = Fetcher(guard, user_agent="lifestream", resolver=LoopbackResolver())
    downloads = Downloads(fetcher, events.put, clock=lambda: NOW, concurrency=4, per_host=1)
    hosts = [f"host{number}.example:{server.port}" for number in range(40)]
    jobs = [download(f"http://{host}/feed", host) for host in hosts for _ in range(3)]
    with downloads:
        downloads.add(jobs)
        for event in take(events, len(jobs)):
            assert isinstance(event, Downloaded)
            assert isinstance(event.outcome, Fetched)
            downloads.done(event.claim)
        # The loop may close a socket a moment after the event of its last answer, but not after that of a later one.
        downloads.add([download(server.url("/feed"))])
        take(events, 1)
        left = sum(each.fileno() != -1 for each in SocketCounter.made)
    assert SocketCounter.most <= 2 * 4 + 1, "each host with a waiting request keeps one connection"
    assert left <= 2


def test_a_host_gets_only_as_many_connections_as_concurrent_requests(server: FeedServer) -> None:
    server.add("/feed", Response("<rss/>"))
    SocketCounter.made.clear()
    events: Events = queue.SimpleQueue()
    fetcher = Fetcher(allowing("127.0.0.0/8", SocketCounter), user_agent="lifestream")
    with Downloads(fetcher, events.put, clock=lambda: NOW, concurrency=4, per_host=2) as downloads:
        downloads.add([download(server.url("/feed")) for _ in range(10)])
        take(events, 10)
    assert 1 <= len(SocketCounter.made) <= 2


def test_a_memory_error_in_a_callback_of_the_loop_reaches_the_consumer_of_events(server: FeedServer) -> None:
    def without_memory(*_: object) -> str:
        raise MemoryError

    events: Events = queue.SimpleQueue()
    with downloading(events) as downloads, pytest.MonkeyPatch.context() as patch:
        patch.setattr(Download, "host", property(without_memory))
        downloads.add([download(server.url("/feed"))])
        assert isinstance(events.get(timeout=PATIENCE), MemoryError)


@pytest.mark.parametrize(("check", "answer"), [("is_memory_limited", True), ("may_start_threads", False)])
def test_where_libuv_would_end_the_process_asyncios_own_loop_is_used(
    server: FeedServer, monkeypatch: pytest.MonkeyPatch, check: str, answer: bool
) -> None:
    # Without memory or threads, libuv ends the process without a message (uv__malloc and init_threads: abort).
    monkeypatch.setattr(f"lifestream.refresh.downloads.{check}", lambda *_: answer)
    server.add("/feed", Response(status=404))
    seen: list[str] = []

    def clock() -> datetime:
        seen.append(type(asyncio.get_running_loop()).__module__)
        return NOW

    events: Events = queue.SimpleQueue()
    with downloading(events, clock=clock) as downloads:
        downloads.add([download(server.url("/feed"))])
        assert isinstance(events.get(timeout=PATIENCE), Downloaded)
    assert seen
    assert all(module.startswith("asyncio.") for module in seen)


# All modules are imported while the process may still read them: Python may be in a folder of root.
_WITH_FEW_THREADS = """
import asyncio, encodings.idna, os, resource, socket, uvloop
from lifestream.refresh import downloads
os.setuid(54_321)
async def connect():
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket() as client:
        client.setblocking(False)
        await asyncio.get_running_loop().sock_connect(client, server.getsockname())
for most in range(1, 12):
    resource.setrlimit(resource.RLIMIT_NPROC, (most, 12))
    factory = downloads._loop_factory()
    with asyncio.Runner(loop_factory=factory) as runner:
        if factory is not None:
            runner.run(downloads.start_pool())
        runner.run(connect())
    print("uvloop" if factory else "asyncio")
"""


@pytest.mark.slow
@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="root alone can become a user with no process"
)
def test_a_limit_on_threads_does_not_end_the_process() -> None:
    pytest.importorskip("uvloop", reason="it is not made for this system")
    command = [sys.executable, "-c", _WITH_FEW_THREADS]
    environ = for_another_user(os.environ)
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split()[0] == "asyncio" and "uvloop" in done.stdout


def test_without_enough_memory_downloads_do_not_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(require_memory, "__defaults__", (1 << 62,))
    with pytest.raises(ShortOf) as raised, downloading(queue.SimpleQueue()):
        pass
    assert raised.value.shortage is Shortage.MEMORY


def test_a_download_that_would_begin_with_too_little_memory_is_a_shortage(
    server: FeedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    events: Events = queue.SimpleQueue()
    with downloading(events) as downloads:
        monkeypatch.setattr("lifestream.refresh.downloads._SPARE", 1 << 62)
        downloads.add([download(server.url("/feed"))])
        error = events.get(timeout=PATIENCE)
    assert isinstance(error, ShortOf) and error.shortage is Shortage.MEMORY
    server.assert_not_requested("/feed")
