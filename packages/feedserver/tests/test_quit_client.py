"""`stop_server`: it ends a server that obeys, and says what it found where it does not."""

from __future__ import annotations

import pytest

from feedserver import FeedServer, stop_server


def test_a_server_that_obeys_is_gone_when_it_returns() -> None:
    server = FeedServer(quit=True).start()
    port = server.port
    stop_server(port)
    assert not server.is_running
    with pytest.raises(ConnectionError, match=rf"no feedserver stopped on 127\.0\.0\.1 port {port}: "):
        stop_server(port, timeout=1)


def test_a_server_that_refuses_is_told_with_its_answer() -> None:
    with FeedServer(strict=False) as server:
        with pytest.raises(ConnectionError, match=rf"the server on 127\.0\.0\.1 port {server.port} did not stop: "):
            stop_server(server.port)
        assert server.is_running
