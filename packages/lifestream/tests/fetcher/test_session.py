"""The session of all requests: it repeats none by itself, and names the cause of a failure."""

from __future__ import annotations

import asyncio
import errno
import socket
from importlib.metadata import version

import aiohttp
import pytest
from multidict import CIMultiDict, CIMultiDictProxy

from costs import assert_linear
from feedserver import FeedServer, Response
from feedserver.faults import Close
from guards import allowing
from lifestream.fetcher.session import Resolver, failure_of, headers_of, open_session, prepare_loop
from lifestream.fetcher.shortage import Shortage
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
