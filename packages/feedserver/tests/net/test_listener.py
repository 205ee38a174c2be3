"""The connections of a server as a whole: closed by a test, and told of by a stop that waits for them."""

from __future__ import annotations

import http.client
import logging
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest

from feedserver import FeedServer, Request, Response
from feedserver import server as server_module
from feedserver.faults import Stall
from rawclient import RawClient

PATIENCE = 10


def test_a_test_closes_the_connections_of_clients_and_new_ones_are_accepted(server: FeedServer) -> None:
    server.add("/feed", Response("<feed/>"))
    server.add("/stalled", Response("<feed/>", faults=Stall(after=3)))
    with RawClient(server) as kept, RawClient(server) as stalled, RawClient(server) as silent:
        kept.get("/feed")
        stalled.ask("/stalled")
        stalled.read_head()
        silent.send(b"")
        server.close_client_connections()
        assert kept.read_to_end() == b""
        assert silent.read_to_end() == b""
        assert not any(connection.is_open for connection in server.connections)
    with RawClient(server) as again:
        assert again.get("/feed").body == b"<feed/>"
    assert server.journal.filter("/stalled")[0].ended == "closed"
    server.close_client_connections()
    server.close_client_connections()


def test_a_client_that_keeps_its_connection_meets_the_end_at_its_next_request(server: FeedServer) -> None:
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


def test_nothing_is_closed_where_the_server_does_not_run() -> None:
    FeedServer().close_client_connections()


@contextmanager
def released_by_the_notice(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[threading.Event, list[str]]]:
    """An event that is set when a stop logs what it waits for, and what it logs."""
    monkeypatch.setattr(server_module, "STOP_NOTICE", 0.02)
    release = threading.Event()
    told: list[str] = []

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            told.append(record.getMessage())
            release.set()

    handler = Handler()
    logger = logging.getLogger("feedserver")
    logger.addHandler(handler)
    try:
        yield release, told
    finally:
        release.set()
        logger.removeHandler(handler)


def test_a_stop_that_waits_for_the_event_loop_names_each_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    with released_by_the_notice(monkeypatch) as (release, told):
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
    [notice] = told
    first, *connections = notice.splitlines()
    assert first == f"stopping {server.base_url} has taken 0.02 s; it still has"
    assert any("(stalled, 1 request): GET /slow" in line for line in connections), notice
    assert any("(idle, 1 request)" in line for line in connections), notice


def test_a_stop_that_waits_for_a_callable_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    with released_by_the_notice(monkeypatch) as (release, told):
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
    assert "slow_answer" in told[0]
    assert told[0].endswith("a callable that runs")
