"""`stop_server`: it ends a server that obeys, and says what it found where it does not."""

from __future__ import annotations

import pytest

from feedserver import FeedServer, stop_server


def test_a_server_that_obeys_stops() -> None:
    server = FeedServer(quit=True).start()
    stop_server(server.port)
    server.stop()  # it waits for whoever stops the server already
    assert server.quit_requested.is_set()
    assert not server.is_running


def test_where_nothing_listens_that_is_told() -> None:
    with FeedServer() as server:
        server.refuse()  # the port is kept, and nobody else can listen there
        with pytest.raises(ConnectionError, match=rf"no feedserver stopped on 127\.0\.0\.1 port {server.port}: "):
            stop_server(server.port)


def test_a_server_that_refuses_is_told_with_its_answer() -> None:
    with FeedServer(strict=False) as server:
        with pytest.raises(ConnectionError, match=rf"the server on 127\.0\.0\.1 port {server.port} did not stop: "):
            stop_server(server.port)
        assert server.is_running
