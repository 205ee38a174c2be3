"""Connections before any request: refused, and broken as told."""

from __future__ import annotations

import socket
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from feedserver import FeedServer, PortTaken, Response, moved
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


def test_a_server_that_refuses_can_be_stopped_and_leaves_its_port(server: FeedServer) -> None:
    port = server.port
    server.refuse()
    server.stop()
    with FeedServer(port=port) as again:
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


def test_an_alias_that_is_taken_frees_the_others(root: Path) -> None:
    with FeedServer(root) as owner:
        port = owner.port
        with pytest.raises(PortTaken):
            FeedServer(root, host="localhost", aliases=["127.0.0.1"], port=port).start()
    with FeedServer(root, port=port) as again:
        assert again.port == port
