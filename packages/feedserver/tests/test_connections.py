"""Connections before any request: refused, and broken as told."""

from __future__ import annotations

import socket
import urllib.request

import pytest

from feedserver import FeedServer, PortTaken, Response
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
