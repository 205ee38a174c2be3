"""Connections before any request: refused, and broken as told."""

from __future__ import annotations

import asyncio
import socket
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import aiohttp
import httpx
import pytest
import requests

from feedserver import Fault, FeedServer, PortTaken, Response, moved
from feedserver.faults import Close, Garbage, Reset, Stall
from feedserver.net import binding
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


def test_a_server_that_refuses_can_be_stopped_and_leaves_its_port(quiet_host: str) -> None:
    with FeedServer(host=quiet_host) as server:
        port = server.port
        server.refuse()
    with FeedServer(host=quiet_host, port=port) as again:
        assert again.port == port


def test_a_running_server_s_port_is_taken_for_others(server: FeedServer) -> None:
    with pytest.raises(PortTaken):
        FeedServer(port=server.port).start()


def test_a_server_that_does_not_run_has_nothing_to_refuse_or_accept() -> None:
    server = FeedServer()
    with pytest.raises(RuntimeError, match=r"the server is not running, so every connection is refused already"):
        server.refuse()
    with pytest.raises(RuntimeError, match=r"the server is not running; start it"):
        server.accept()


@pytest.fixture
def several(root: Path) -> Iterator[FeedServer]:
    """A server on three addresses of the loopback; macOS and others give it one only."""
    try:
        running = FeedServer(root, aliases=["127.0.0.2", "127.0.0.3"], strict=False).start()
    except OSError as error:
        pytest.skip(f"this system has one loopback address: {error}")
    yield running
    running.stop()


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


def test_localhost_is_served_on_both_families(root: Path) -> None:
    with FeedServer(root, host="localhost", aliases=["127.0.0.1"]) as server:
        server.add("/x", Response("hello"))
        addresses = ["127.0.0.1", *(["::1"] if has_ipv6() else [])]
        for address in addresses:
            assert requests.get(server.url("x", host=address), timeout=10).text == "hello"
        assert server.base_url == f"http://localhost:{server.port}"
        server.refuse()
        for address in addresses:
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection((address, server.port), timeout=10)
        server.accept()
        assert [request.client for request in server.requests] == addresses


def has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as tried:
            tried.bind(("::1", 0))
    except OSError:
        return False
    return True


def test_a_port_that_is_taken_on_one_of_several_addresses_is_passed_over(
    root: Path, quiet_host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if quiet_host == "127.0.0.1":
        pytest.skip("this system has one loopback address")
    with FeedServer(root, host=quiet_host) as other:
        taken = iter([other.port])
        bind = binding.bind_and_listen
        monkeypatch.setattr(binding, "bind_and_listen", lambda host, port, wait: bind(host, next(taken, port), wait))
        with FeedServer(root, host="127.0.0.1", aliases=[quiet_host]) as server:
            assert server.port != other.port


def test_an_alias_that_is_taken_frees_the_others(root: Path, quiet_host: str) -> None:
    if quiet_host == "127.0.0.1":
        pytest.skip("this system has one loopback address")
    with FeedServer(root) as owner:
        port = owner.port
        with pytest.raises(PortTaken):
            FeedServer(root, host=quiet_host, aliases=["127.0.0.1"], port=port).start()
        with FeedServer(root, host=quiet_host, port=port) as again:
            assert again.port == port


def received(server: FeedServer) -> bytes | None:
    """What comes over a connection that says nothing; None where it is reset, be it while it is made."""
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
        with RawClient(server) as later:  # an answer to the first would have come before the one to this
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
    if get is not by_aiohttp:  # which tries an idempotent request again by itself
        with pytest.raises((requests.ConnectionError, httpx.TransportError)):
            get(server.url("x"))
    assert get(server.url("x")) == b"x"


# Clients that say more than they should.


@pytest.mark.parametrize("more", [b"\r\n", b"GET ", b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"])
def test_a_client_of_http_1_0_that_sends_more_has_its_answer_all_the_same(server: FeedServer, more: bytes) -> None:
    server.add("/feed", Response(b"x" * 10_000))
    with RawClient(server) as client:
        client.ask("/feed", version="1.0")
        assert server.wait_for("/feed")[0].ended == "complete"
        client.send(more)
        client.send(more)  # a server that had closed would have reset the connection by now
        assert client.read_to_end().endswith(b"x" * 10_000)
