"""Connections that a fault breaks or stalls before any request, and clients that send more than they should."""

from __future__ import annotations

from random import Random

import pytest

from feedserver import Fault, FeedServer, Response
from feedserver.faults import Close, Garbage, Reset, Stall
from rawclient import RawClient


@pytest.fixture(autouse=True)
def _answer(server: FeedServer) -> None:
    server.add("/x", Response("x"))


def received(server: FeedServer) -> bytes | None:
    """Return what a client that sends nothing receives, or None if its connection is reset, also while connecting."""
    try:
        with RawClient(server) as client:
            return client.read_to_end()
    except ConnectionResetError:
        return None


ON_CONNECT: dict[str, tuple[Fault, bytes | None, str]] = {
    "reset": (Reset(before="answer"), None, "reset"),
    "closed": (Close(before="answer"), b"", "closed"),
    "greeted with garbage": (Garbage(64), Random(0).randbytes(64), "closed"),
}


@pytest.mark.parametrize("name", ON_CONNECT)
def test_a_connection_is_broken_before_any_request(server: FeedServer, name: str) -> None:
    fault, expected, ended = ON_CONNECT[name]
    server.on_connect(fault)
    assert received(server) == expected
    exchange = server.journal.exchanges[-1]
    assert exchange.request is None
    assert exchange.ended == ended
    assert [strike.fault for strike in exchange.faults] == [str(fault)]
    server.on_connect()
    with RawClient(server) as client:
        assert client.get("/x").body == b"x"


def test_a_connection_is_stalled_until_the_client_leaves(server: FeedServer) -> None:
    server.on_connect(Stall(before="answer"), None)
    with RawClient(server) as client:
        client.ask("/x")
        with RawClient(server) as later:  # an answer to the first client would have come before this one
            assert later.get("/x").body == b"x"
        client.socket.setblocking(False)
        with pytest.raises(BlockingIOError):
            client.socket.recv(100)
    exchange, other = server.journal.exchanges
    assert exchange.ended == "stalled until the client left"
    assert server.requests == [other.request]


def test_connections_are_broken_one_after_the_other(server: FeedServer) -> None:
    server.on_connect(Reset(before="answer"), None, Close(before="answer"), None)
    assert received(server) is None
    with RawClient(server) as client:
        assert client.get("/x").body == b"x"
    assert received(server) == b""
    for _ in range(2):
        with RawClient(server) as client:
            assert client.get("/x").body == b"x"


# Clients that send more than they should.


@pytest.mark.parametrize("more", [b"\r\n", b"GET ", b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"])
def test_a_client_of_http_1_0_that_sends_more_has_its_answer_all_the_same(server: FeedServer, more: bytes) -> None:
    server.add("/feed", Response(b"x" * 10_000))
    with RawClient(server) as client:
        client.ask("/feed", version="1.0")
        assert server.wait_for("/feed")[0].ended == "complete"
        client.send(more)
        client.send(more)  # a server that had closed would have reset the connection by now
        assert client.read_to_end().endswith(b"x" * 10_000)
