"""The session of all requests: it repeats none by itself, and names the cause of a failure."""

from __future__ import annotations

import asyncio
import errno
import gc
import socket
import threading
from collections.abc import Iterator
from importlib.metadata import version
from typing import Any

import aiohttp
import pytest
from multidict import CIMultiDict, CIMultiDictProxy

from costs import assert_linear
from feedserver import FeedServer, Response
from feedserver.faults import Close
from guards import allowing
from lifestream.fetcher import session
from lifestream.fetcher.fetch import Fetcher, FetchLimits
from lifestream.fetcher.outcomes import Failed, Fetched, FetchRequest, Outcome
from lifestream.fetcher.session import Resolver, failure_of, headers_of, open_session, prepare_loop
from lifestream.fetcher.shortage import Shortage
from programs import PATIENCE
from tls_ends import run_to_the_end

READ = ("3.14",)
"""Versions of aiohttp whose `client.py` and `connector.py` were read for the private attributes that `open_session`
sets.
"""


def test_the_private_attributes_were_read_in_this_version_of_aiohttp() -> None:
    installed = ".".join(version("aiohttp").split(".")[:2])
    assert installed in READ, (
        f"aiohttp {installed}: check that ClientSession._request still repeats a request only if _retry_connection is "
        "true, that connectors still make a protocol by _factory for each connection, and add the version to READ"
    )


def test_a_request_is_not_repeated_if_the_connection_closes_without_an_answer() -> None:
    async def ask(url: str) -> None:
        prepare_loop()
        async with open_session(allowing("127.0.0.0/8")) as session:
            await session.get(url)

    with FeedServer() as server:
        server.add("/feed", Response("<rss/>", faults=[Close(before="answer")]))
        with pytest.raises(aiohttp.ServerDisconnectedError):
            run_to_the_end(ask(server.url("/feed")))
        assert len(server.requests) == 1


@pytest.mark.parametrize("error", [MemoryError(), OSError(errno.ENOMEM, "no memory"), OSError(errno.ENOBUFS, "none")])
def test_a_lack_of_memory_for_a_body_is_no_failure_of_its_server(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The event loop has no memory for data that arrives, and ends the connection with that error."""
    receive = aiohttp.client_proto.ResponseHandler.data_received
    is_answered = False

    def receive_some(self: aiohttp.client_proto.ResponseHandler, data: bytes) -> None:
        if is_answered and data:
            raise error
        receive(self, data)

    async def ask(url: str) -> None:
        nonlocal is_answered
        prepare_loop()
        asyncio.get_running_loop().set_exception_handler(lambda *_: None)
        async with open_session(allowing("127.0.0.0/8")) as session, session.get(url) as response:
            is_answered = True
            await response.read()

    monkeypatch.setattr(aiohttp.client_proto.ResponseHandler, "data_received", receive_some)
    with FeedServer() as server:
        server.add("/feed", Response(b"x" * 10_000_000))
        with pytest.raises(aiohttp.ClientPayloadError) as raised:
            run_to_the_end(ask(server.url("/feed")))
    assert failure_of(raised.value) == ("shortage", Shortage.MEMORY.value)


def test_a_body_that_names_the_error_does_not_count_as_a_shortage() -> None:
    async def ask(url: str) -> None:
        async with open_session(allowing("127.0.0.0/8")) as session, session.get(url) as response:
            await response.read()

    with FeedServer() as server:
        server.add("/feed", Response(">. MemoryError()" * 9, faults=[Close(after=100)]))
        with pytest.raises(aiohttp.ClientPayloadError) as raised:
            run_to_the_end(ask(server.url("/feed")))
    assert (failure_of(raised.value) or ("",))[0] == "connection"


def test_a_date_that_is_sent_twice_counts_once() -> None:
    date = "Sun, 29 Nov 2026 08:00:00 GMT"
    sent = [("Last-Modified", date), ("last-modified", date), ("Date", date), ("Date", date), ("Expires", date)]
    assert headers_of(_fields(sent)) == {"last-modified": date, "date": date, "expires": date}


def test_each_value_of_a_repeated_field_is_joined_once() -> None:
    sent = [("Vary", "a, b"), ("Vary", "b"), ("Vary", "c"), ("X", "1"), ("Vary", "a, b"), ("Vary", "c")]
    assert headers_of(_fields(sent)) == {"vary": "a, b, c", "x": "1"}


def test_repeated_fields_take_linear_time() -> None:
    def many(count: int) -> CIMultiDictProxy[str]:
        return _fields([("X", f"{'a, ' * 300}{number}") for number in range(count)])

    assert_linear(headers_of, many, 400)
    assert len(headers_of(many(1000))["x"]) < 128 * 1024


def _fields(sent: list[tuple[str, str]]) -> CIMultiDictProxy[str]:
    return CIMultiDictProxy(CIMultiDict(sent))


def test_few_addresses_of_a_name_are_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that gets no answer takes a file, and aiohttp tries one more address each quarter of a second."""
    four = [(socket.AF_INET, 1, 6, "", (f"127.1.0.{number}", 80)) for number in range(1, 200)]
    six = [(socket.AF_INET6, 1, 6, "", (f"2001:db8::{number:x}", 80, 0, 0)) for number in range(1, 200)]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [*four, *six])

    async def ask() -> list[str]:
        prepare_loop()
        return [each["host"] for each in await Resolver().resolve("many.example", 80)]

    assert run_to_the_end(ask()) == [*(f"127.1.0.{n}" for n in range(1, 5)), *(f"2001:db8::{n}" for n in range(1, 5))]


@pytest.mark.parametrize(("is_limited", "most"), [(True, 4), (False, 12)])
def test_few_threads_look_up_names_under_a_limit_on_memory(
    monkeypatch: pytest.MonkeyPatch, is_limited: bool, most: int
) -> None:
    """glibc reserves 64 MiB of address space for each thread."""
    names: set[str] = set()
    all_busy = threading.Barrier(most)

    def look_up(*_: object, **__: object) -> list[Any]:
        names.add(threading.current_thread().name)
        all_busy.wait(PATIENCE)
        return [(socket.AF_INET, 1, 6, "", ("127.0.0.1", 80))]

    async def ask() -> None:
        prepare_loop()
        resolver = Resolver()
        await asyncio.gather(*(resolver.resolve(f"{number}.example", 80) for number in range(12)))

    monkeypatch.setattr("lifestream.fetcher.session.is_memory_limited", lambda: is_limited)
    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    run_to_the_end(ask())
    assert len(names) == most


class TestNamesWhoseServersDoNotAnswer:
    """Each lookup of such a name takes a thread for 10 to 20 seconds (resolv.conf(5): timeout and attempts)."""

    DEAD = 40

    @pytest.fixture
    def answers(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
        """Let the names of dead servers have no answer until the event is set, and all other names that of loopback."""
        answers = threading.Event()

        def getaddrinfo(host: str, port: int, *_: object, **__: object) -> list[object]:
            if host.startswith("dead"):
                answers.wait(60)
                raise socket.gaierror(socket.EAI_AGAIN, "no answer")
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

        monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
        yield answers
        answers.set()

    def test_hold_up_no_feed_of_another_name(self, answers: threading.Event, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(session, "_SLOW", 0.01)

        async def ask(port: int) -> list[Outcome]:
            limits = FetchLimits(timeout=20)
            async with Fetcher(allowing("127.0.0.0/8"), user_agent="lifestream", limits=limits) as fetcher:
                names = [*(f"dead{number}" for number in range(self.DEAD)), "alive"]
                *dead, alive = [
                    asyncio.create_task(fetcher.fetch(FetchRequest(f"http://{name}.example:{port}/feed")))
                    for name in names
                ]
                found = await alive
                answers.set()
                return [found, *await asyncio.gather(*dead)]

        with FeedServer() as server:
            server.add("/feed", Response("<rss/>"))
            alive, *dead = run_to_the_end(ask(server.port))
        assert isinstance(alive, Fetched), alive
        assert {each.kind for each in dead if isinstance(each, Failed)} == {"dns"}

    def test_take_few_threads_before_they_are_known_to_be_slow(
        self, answers: threading.Event, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(session, "_SLOW", 60)

        async def count() -> int:
            prepare_loop()
            resolver = Resolver()
            lookups = [asyncio.create_task(resolver.resolve(f"dead{number}.example")) for number in range(self.DEAD)]
            for _ in range(3):
                await asyncio.sleep(0)
            threads = resolver_threads() - before
            answers.set()
            await asyncio.gather(*lookups, return_exceptions=True)
            return len(threads)

        def resolver_threads() -> set[threading.Thread]:
            return {thread for thread in threading.enumerate() if thread.name.startswith("lifestream-resolver")}

        before = resolver_threads()
        assert run_to_the_end(count()) == 32

    @pytest.mark.slow
    def test_log_nothing_if_they_are_given_up(self, answers: threading.Event, caplog: pytest.LogCaptureFixture) -> None:
        async def give_up() -> None:
            prepare_loop()
            lookup = asyncio.create_task(Resolver().resolve("dead.example"))
            await asyncio.sleep(0)
            lookup.cancel()
            await asyncio.wait([lookup])
            answers.set()

        run_to_the_end(give_up())
        gc.collect()  # asyncio logs an error that nobody has asked for when it is deleted
        assert not caplog.records
