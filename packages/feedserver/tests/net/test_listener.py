"""The sockets and the connections of a server as a whole: its port, and what a stop waits for."""

from __future__ import annotations

import logging
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import requests

from feedserver import FeedServer, PortTaken, Request, Response
from feedserver import server as server_module
from feedserver.faults import Stall
from feedserver.net import binding, catching_up
from rawclient import RawClient

PATIENCE = 10


def test_a_running_server_s_port_is_taken_for_others(server: FeedServer) -> None:
    with pytest.raises(PortTaken):
        FeedServer(port=server.port).start()


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


@contextmanager
def released_by_the_notice(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[threading.Event, list[str]]]:
    """Yield an event that is set when a stop logs what it waits for, and the messages that it logs."""
    monkeypatch.setattr(server_module, "STOP_NOTICE", 0.02)
    monkeypatch.setattr(catching_up, "PATIENCE", 0.02)  # a stop first waits this long for a loop that is blocked
    release = threading.Event()
    logged: list[str] = []

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            logged.append(record.getMessage())
            release.set()

    handler = Handler()
    logger = logging.getLogger("feedserver")
    logger.addHandler(handler)
    try:
        yield release, logged
    finally:
        release.set()
        logger.removeHandler(handler)


def test_a_stop_that_waits_for_the_event_loop_names_each_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    with released_by_the_notice(monkeypatch) as (release, logged):
        blocks = threading.Event()

        def listener(exchange: object) -> None:
            blocks.set()
            release.wait(PATIENCE)

        server = FeedServer()
        server.add("/feed", Response("<feed/>"))
        server.add("/slow", Response("<feed/>", faults=Stall(after=3)))
        with server, RawClient(server) as stalled, RawClient(server) as client:
            stalled.ask("/slow")
            stalled.read_head()
            server.journal.listener = listener
            client.get("/feed")
            assert blocks.wait(PATIENCE)
        server.journal.listener = None
    [notice] = logged
    first, *connections = notice.splitlines()
    assert first == f"stopping {server.base_url} has taken 0.02 s; it still has"
    assert any("(stalled, 1 request): GET /slow" in line for line in connections), notice
    assert any("(idle, 1 request)" in line for line in connections), notice


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="other systems may not refuse a client that waits for a loop")
def test_no_client_waits_for_a_server_that_does_not_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    """A thread that waits for ever would keep the whole run from ending."""
    monkeypatch.setattr(server_module, "STOP_NOTICE", 0.5)
    monkeypatch.setattr(server_module, "STOP_TIMEOUT", 1.0)
    monkeypatch.setattr(catching_up, "PATIENCE", 0.5)
    blocks, release = threading.Event(), threading.Event()

    def listener(exchange: object) -> None:
        blocks.set()
        release.wait(60)

    server = FeedServer().start()
    server.add("/feed", Response("<feed/>"))
    server.journal.listener = listener
    with RawClient(server) as connected:
        connected.get("/feed")
        assert blocks.wait(PATIENCE)
        with RawClient(server) as waiting:
            for client in (connected, waiting):
                client.ask("/feed")
            try:
                with pytest.raises(RuntimeError, match=r"did not stop within 1 s; it still has\n  connection 1 "):
                    server.stop()
                for client in (connected, waiting):
                    with suppress(ConnectionError):
                        assert client.read_to_end() == b""
                with pytest.raises(ConnectionRefusedError):
                    RawClient(server)
            finally:
                server.journal.listener = None
                release.set()
    server.stop()
    server.allow("the event loop was blocked")
    server.verify()


def test_a_stop_that_waits_for_a_callable_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    with released_by_the_notice(monkeypatch) as (release, logged):
        begun = threading.Event()

        def slow_answer(request: Request) -> Response:
            begun.set()
            release.wait(PATIENCE)
            return Response()

        server = FeedServer(callable_timeout=PATIENCE)
        server.add("/made", slow_answer)
        with server, RawClient(server) as client:
            client.ask("/made")
            assert begun.wait(PATIENCE)
        server.verify()
    assert "slow_answer" in logged[0]
    assert logged[0].endswith("a callable that runs")
