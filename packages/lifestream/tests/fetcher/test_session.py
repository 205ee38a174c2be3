"""The session of all requests: it repeats none by itself, and names the cause of a failure."""

from __future__ import annotations

import asyncio
import errno
from importlib.metadata import version

import aiohttp
import pytest

from feedserver import FeedServer, Response
from feedserver.faults import Close
from guards import allowing
from lifestream.fetcher.session import failure_of, open_session, prepare_loop
from lifestream.fetcher.shortage import Shortage
from tls_ends import run_to_the_end

READ = ("3.14",)
"""Versions of aiohttp whose `client.py` was read for the private attribute that `open_session` sets."""


def test_the_private_attribute_was_read_in_this_version_of_aiohttp() -> None:
    installed = ".".join(version("aiohttp").split(".")[:2])
    assert installed in READ, (
        f"aiohttp {installed}: check that ClientSession._request still repeats a request only if _retry_connection is "
        "true, and add the version to READ"
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
def test_a_body_without_memory_on_this_machine_is_no_failure_of_its_server(
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
