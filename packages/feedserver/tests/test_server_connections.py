"""A test refuses, accepts, breaks and closes the connections of a server."""

from __future__ import annotations

import asyncio
import http.client
import socket
import threading
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import aiohttp
import httpx
import pytest
import requests

from feedserver import FeedServer, PortTaken, Response, moved
from feedserver.faults import Close, Stall
from rawclient import RawClient


@pytest.fixture(autouse=True)
def _answer(server: FeedServer) -> None:
    server.add("/x", Response("x"))


def test_a_server_that_refuses_keeps_its_port_and_accepts_again(server: FeedServer) -> None:
    for _ in range(5):
        with RawClient(server) as open_before:
            assert open_before.get("/x").body == b"x"
            server.refuse()
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection((server.host, server.port), timeout=10)
            with pytest.raises(OSError, match=r"[Cc]onnection refused|10061"):
                urllib.request.urlopen(server.url("x"), timeout=10)
            with pytest.raises(PortTaken):
                FeedServer(host=server.host, port=server.port).start()
            assert open_before.get("/x").body == b"x"
        server.accept()
        with RawClient(server) as client:
            assert client.get("/x").body == b"x"


def test_refusing_and_accepting_twice_changes_nothing(server: FeedServer) -> None:
    server.accept()
    server.refuse()
    server.refuse()
    server.accept()
    server.accept()
    with RawClient(server) as client:
        assert client.get("/x").body == b"x"


def test_a_server_accepts_after_an_interrupted_accept(server: FeedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    def signalled(*_: object) -> None:
        raise KeyboardInterrupt

    server.refuse()
    with monkeypatch.context() as patch:
        patch.setattr(server.listening, "open", signalled)
        with pytest.raises(KeyboardInterrupt):
            server.accept()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((server.host, server.port), timeout=10)
    server.accept()
    with RawClient(server) as client:
        assert client.get("/x").body == b"x"


@pytest.mark.slow
def test_a_server_that_could_not_accept_because_the_event_loop_was_blocked_lets_no_client_wait(
    server: FeedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("feedserver.net.shared_loop.PATIENCE", 1.0)
    blocked, release = threading.Event(), threading.Event()

    def waits(_: object) -> None:
        blocked.set()
        release.wait(60)

    with FeedServer() as other, RawClient(other) as client:
        other.add("/feed", Response("<rss/>"))
        other.journal.listener = waits
        server.refuse()
        client.ask("/feed")
        try:
            assert blocked.wait(60)
            with pytest.raises(RuntimeError, match="has been blocked for 1 s"):
                server.accept()
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection((server.host, server.port), timeout=10)
        finally:
            release.set()
    server.accept()
    with RawClient(server) as client:
        assert client.get("/x").body == b"x"


def test_a_server_that_refuses_can_be_stopped_and_releases_its_port(quiet_host: str) -> None:
    with FeedServer(host=quiet_host) as server:
        port = server.port
        server.refuse()
    with FeedServer(host=quiet_host, port=port) as again:
        assert again.port == port


def test_a_server_that_does_not_run_can_neither_refuse_nor_accept() -> None:
    server = FeedServer()
    with pytest.raises(RuntimeError, match=r"the server is not running, so every connection is refused already"):
        server.refuse()
    with pytest.raises(RuntimeError, match=r"the server is not running; start it"):
        server.accept()


@pytest.fixture
def several(root: Path) -> Iterator[FeedServer]:
    """Yield a server on three loopback addresses; skip on systems with one, such as macOS."""
    try:
        socket.create_server(("127.0.0.2", 0)).close()
    except OSError as error:
        pytest.skip(f"this system has one loopback address: {error}")
    with FeedServer(root, aliases=["127.0.0.2", "127.0.0.3"], strict=False) as running:
        yield running


def test_several_addresses_lead_to_one_server(several: FeedServer) -> None:
    several.add("/set", Response(headers={"Set-Cookie": "a=1"}))
    several.add("/away", moved(several.url("/end", host="127.0.0.2"), 302))
    several.add("/end", Response("end"))
    with requests.Session() as session:
        session.get(several.url("/set"), timeout=10)
        assert session.get(several.url("/away"), timeout=10).text == "end"
    away, end = several.requests[1:]
    assert (away.host, away.headers.get("Cookie")) == (f"127.0.0.1:{several.port}", "a=1")
    assert (end.host, end.headers.get("Cookie")) == (f"127.0.0.2:{several.port}", None)


def test_several_addresses_refuse_and_accept_together(several: FeedServer) -> None:
    several.refuse()
    for host in ("127.0.0.1", "127.0.0.2", "127.0.0.3"):
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((host, several.port), timeout=10)
    several.accept()
    for host in ("127.0.0.1", "127.0.0.2", "127.0.0.3"):
        socket.create_connection((host, several.port), timeout=10).close()


def by_requests(url: str) -> bytes:
    return requests.get(url, timeout=10).content


def by_httpx(url: str) -> bytes:
    return httpx.get(url, timeout=10, trust_env=False).content


def by_aiohttp(url: str) -> bytes:
    async def get() -> bytes:
        async with aiohttp.ClientSession() as session, session.get(url) as answer:
            return await answer.read()

    return asyncio.run(get())


@pytest.mark.parametrize("get", [by_requests, by_httpx, by_aiohttp], ids=lambda get: get.__name__)
def test_clients_see_a_broken_connection_and_use_the_next(server: FeedServer, get: Callable[[str], bytes]) -> None:
    server.on_connect(Close(before="answer"), None)
    if get is not by_aiohttp:  # aiohttp repeats an idempotent request by itself
        with pytest.raises((requests.ConnectionError, httpx.TransportError)):
            get(server.url("x"))
    assert get(server.url("x")) == b"x"
    assert len(server.connections) == 2


PATIENCE = 10


def test_a_test_closes_the_connections_of_clients_and_new_ones_are_accepted(server: FeedServer) -> None:
    server.add("/feed", Response("<feed/>"))
    server.add("/stalled", Response("<feed/>", faults=Stall(after=3)))
    with RawClient(server) as kept, RawClient(server) as stalled, RawClient(server) as silent:
        kept.get("/feed")
        stalled.ask("/stalled")
        stalled.read_head()
        server.close_client_connections()
        assert kept.read_to_end() == b""
        assert silent.read_to_end() == b""
        assert not any(connection.is_open for connection in server.connections)
    with RawClient(server) as again:
        assert again.get("/feed").body == b"<feed/>"
    assert server.journal.filter("/stalled")[0].ended == "closed"
    server.close_client_connections()
    server.close_client_connections()


def test_a_client_that_keeps_its_connection_sees_the_end_at_its_next_request(server: FeedServer) -> None:
    server.add("/feed", Response("<feed/>"))
    client = http.client.HTTPConnection(server.host, server.port, timeout=PATIENCE)
    client.request("GET", "/feed")
    client.getresponse().read()
    server.close_client_connections()
    with closing(client), pytest.raises((http.client.RemoteDisconnected, ConnectionError)):
        ask_again(client)


def ask_again(client: http.client.HTTPConnection) -> None:
    client.request("GET", "/feed")
    client.getresponse()


def test_closing_the_connections_of_a_server_that_does_not_run_does_nothing() -> None:
    FeedServer().close_client_connections()


@pytest.mark.slow
@pytest.mark.parametrize("method", ["start", "refuse", "accept", "close_client_connections"])
def test_a_callback_that_blocks_the_event_loop_is_an_error_and_no_deadlock(
    method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All servers share the loop: a listener that never returned would hang the whole suite."""
    monkeypatch.setattr("feedserver.net.shared_loop.PATIENCE", 1.0)
    monkeypatch.setattr("feedserver.net.catching_up.PATIENCE", 1.0)
    blocked, release = threading.Event(), threading.Event()

    def waits(_: object) -> None:
        blocked.set()
        release.wait(60)

    other = FeedServer()
    with FeedServer() as server, RawClient(server) as client:
        server.add("/feed", Response("<rss/>"))
        server.journal.listener = waits
        client.ask("/feed")
        try:
            assert blocked.wait(60)
            with pytest.raises(RuntimeError, match=r"has been blocked for 1 s at .*test_server_connections\.py:\d+"):
                getattr(other if method == "start" else server, method)()
        finally:
            release.set()
        server.allow("the event loop was blocked")
        server.verify()
    with other:
        other.add("/feed", Response("<rss/>"))
        assert urllib.request.urlopen(other.url("/feed"), timeout=20).read() == b"<rss/>"
