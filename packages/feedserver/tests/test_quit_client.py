"""`stop_server`: it stops a server that obeys QUIT, and says what it found if the server does not obey."""

from __future__ import annotations

import contextlib
import re
import socket
import sys
import threading
import time
from collections.abc import Iterator

import pytest

from feedserver import FeedServer, Response, stop_server
from feedserver.faults import Http09


def test_a_server_that_obeys_stops(quiet_host: str) -> None:
    server = FeedServer(host=quiet_host, quit=True).start()
    port = server.port
    stop_server(port, quiet_host)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((quiet_host, port), timeout=10)
    server.stop()  # waits for the thread that is stopping the server
    assert server.quit_requested.is_set()
    assert not server.is_running


def test_a_server_that_does_not_obey_quit_is_reported_in_one_line() -> None:
    with FeedServer(strict=False) as server, pytest.raises(ConnectionError) as caught:
        stop_server(server.port)
    assert "\n" not in str(caught.value)
    assert str(caught.value).endswith(
        "did not stop: 404 QUIT /: nothing answers. A server obeys QUIT only if FeedServer(…, quit=True) allows it."
    )


def test_a_port_on_which_nothing_listens_is_reported() -> None:
    with FeedServer() as server:
        server.refuse()  # the port is kept, and nobody else can listen there
        with pytest.raises(ConnectionError, match=rf"no feedserver stopped on 127\.0\.0\.1 port {server.port}: "):
            stop_server(server.port)


@pytest.mark.parametrize(
    ("head", "words"),
    [
        (b"", "no feedserver stopped on 127.0.0.1 port .*: its answer did not come in time"),
        (b"HTTP/1.1 200 OK\r\n\r\n", "has agreed to stop, and still listens"),
    ],
)
def test_a_server_that_drips_is_given_up_in_time(head: bytes, words: str) -> None:
    with FeedServer(strict=False) as server:

        def drip() -> Iterator[bytes]:
            yield head
            while True:
                yield b"x"

        server.add("/", Response(drip, pace="1 byte every 1ms", faults=Http09()), method="QUIT")
        message = ""
        for limit in (0.2, 2.0, 20.0):  # on a busy machine, the first time may be over before the head has come
            with pytest.raises(ConnectionError) as caught:
                stop_server(server.port, timeout=limit)
            message = str(caught.value)
            if re.search(words, message):
                break
        assert re.search(words, message)
        # The client may have left before the server reads its request.
        assert all(each.duration < 100 for each in server.wait_for(method="QUIT", timeout=60))


@pytest.mark.slow
def test_a_server_that_is_no_feedserver_and_drips_is_given_up_in_time() -> None:
    has_left = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def drip() -> None:
            client, _ = listener.accept()
            with client, contextlib.suppress(OSError):
                while not has_left.wait(0.02):
                    client.sendall(b"x")

        thread = threading.Thread(target=drip)
        thread.start()
        begun = time.monotonic()
        with pytest.raises(ConnectionError, match="no feedserver"):
            stop_server(listener.getsockname()[1], timeout=0.5)
        assert time.monotonic() - begun < 10
        has_left.set()
        thread.join(10)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="only on Linux do clients wait until a server accepts them")
def test_a_server_that_accepts_nobody_any_more_has_not_stopped() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=1) as listener:

        def agree() -> None:
            client, _ = listener.accept()
            with client:
                client.recv(1000)
                client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")

        thread = threading.Thread(target=agree)
        thread.start()
        with pytest.raises(ConnectionError, match="has agreed to stop, and still listens"):
            stop_server(listener.getsockname()[1], timeout=1.5)
        thread.join(10)


def test_a_name_that_is_not_known_is_reported() -> None:
    with pytest.raises(ConnectionError, match=r"no feedserver stopped on nosuch.invalid port 1: "):
        stop_server(1, "nosuch.invalid")


def test_a_server_that_does_not_obey_quit_runs_on_and_is_reported_with_its_answer() -> None:
    with FeedServer(strict=False) as server:
        with pytest.raises(ConnectionError, match=rf"the server on 127\.0\.0\.1 port {server.port} did not stop: 404 "):
            stop_server(server.port)
        assert server.is_running


@pytest.mark.parametrize("host", ["a..b", "x\u202e", "a" * 70])
def test_an_invalid_name_of_a_host_is_reported(host: str) -> None:
    with pytest.raises(ConnectionError, match=r"^no feedserver stopped on .* port 1: .*(label|Invalid character)"):
        stop_server(1, host)
