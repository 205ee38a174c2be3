"""Clients that send many requests at once, read answers late or never, or frame a body without an end."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any
from urllib.request import urlopen

import pytest
from waitress.channel import ClientDisconnected
from waitress.server import create_server

from lifestream.page_limits import LONGEST_HEAD
from lifestream.web import wsgi_server
from lifestream.web.http_channel import OneAnswerChannel
from lifestream.web.request_framing import LONGEST_FRAMING, BoundedParser
from wsgi_serving import (
    ASKED,
    answering_with_path,
    body_of,
    connected,
    serving,
    unserved_channel,
)


@pytest.mark.slow
def test_a_client_that_reads_no_answer_does_not_block_others() -> None:
    read: list[bytes] = []
    made: list[str] = []
    is_asked = threading.Event()

    def noting(environ: Any, start_response: Any) -> list[bytes]:
        made.append(environ["PATH_INFO"])
        is_asked.set()
        return answering_with_path(environ, start_response)

    def client(address: str, port: int) -> None:
        with connected(port) as greedy:
            greedy.sendall(ASKED * 3)
            assert is_asked.wait(60)
            with urlopen(f"{address}small", timeout=60) as answer:
                read.append(answer.read())

    serving(client, noting)
    assert (read, made) == ([b"/small"], ["/large", "/small"])


@pytest.mark.slow
def test_a_client_that_reads_no_answer_is_closed_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    impatient = partial(create_server, channel_timeout=1, cleanup_interval=1)  # seconds, in place of 120 and 30
    monkeypatch.setattr(wsgi_server, "create_server", impatient)
    is_closed = threading.Event()
    close = OneAnswerChannel.handle_close

    def noting(channel: OneAnswerChannel) -> None:
        close(channel)
        is_closed.set()

    monkeypatch.setattr(OneAnswerChannel, "handle_close", noting)

    def client(_address: str, port: int) -> None:
        with connected(port) as greedy:
            greedy.sendall(ASKED * 3)
            assert is_closed.wait(60)

    serving(client)


def test_requests_that_come_together_are_answered_in_their_order() -> None:
    paths = [f"/{number}" for number in range(30)]
    read: list[bytes] = []

    def client(_address: str, port: int) -> None:
        with connected(port) as connection:
            connection.sendall(b"".join(f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode() for path in paths))
            with connection.makefile("rb") as answers:
                read.extend(body_of(answers) for _ in paths)

    serving(client)
    assert read == [path.encode() for path in paths]


@pytest.mark.parametrize("options", ["close", "CLOSE", "keep-alive, Close", "close,x"])
def test_a_request_after_one_that_closes_the_connection_is_not_answered(options: str) -> None:
    read: list[bytes] = []

    def client(_address: str, port: int) -> None:
        with connected(port) as connection:
            connection.settimeout(5)
            connection.sendall(
                f"GET /1 HTTP/1.1\r\nHost: a\r\nConnection: {options}\r\n\r\n".encode()
                + b"GET /2 HTTP/1.1\r\nHost: a\r\n\r\n"
            )
            with connection.makefile("rb") as answers:
                read.extend((body_of(answers), answers.read()))

    serving(client)
    assert read == [b"/1", b""]


def test_a_client_that_leaves_before_a_malformed_request_is_answered_causes_no_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with unserved_channel() as (channel, client):
        request = BoundedParser(channel.adj)
        request.received(b"GET\r\n\r\n")
        channel.requests.append(request)
        client.close()

        def leave(_data: object) -> int:
            raise ClientDisconnected

        monkeypatch.setattr(channel, "write_soon", leave)
        channel.service()
        assert channel.close_when_flushed
        assert not channel.requests


@pytest.mark.parametrize("framing", [b"1;a=", b"1\r\na\r\n0\r\nX: "], ids=["a chunk's size", "the trailer"])
def test_framing_without_an_end_is_refused(framing: bytes) -> None:
    read: list[bytes] = []

    def client(_address: str, port: int) -> None:
        with connected(port) as connection:
            connection.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + framing)
            with connection.makefile("rb") as answers:
                connection.sendall(b"x" * (LONGEST_FRAMING + 1))
                read.append(answers.readline())

    serving(client)
    assert read == [b"HTTP/1.1 400 Bad Request\r\n"]


@pytest.mark.parametrize(
    ("length", "status"), [(LONGEST_HEAD // 2, b"200 OK"), (LONGEST_HEAD, b"431 Request Header Fields Too Large")]
)
def test_a_head_that_is_too_long_is_refused(length: int, status: bytes) -> None:
    read: list[bytes] = []

    def client(_address: str, port: int) -> None:
        with connected(port) as connection:
            connection.sendall(b"GET /1 HTTP/1.1\r\nHost: a\r\nX: " + b"x" * length + b"\r\n\r\n")
            with connection.makefile("rb") as answers:
                read.append(answers.readline().partition(b" ")[2])

    serving(client)
    assert read == [status + b"\r\n"]


def test_framing_of_a_usual_length_is_read() -> None:
    read: list[bytes] = []

    def client(_address: str, port: int) -> None:
        with connected(port) as connection:
            connection.sendall(
                b"POST /1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                b"1;a=" + b"x" * 8_000 + b"\r\na\r\n0\r\nX: " + b"x" * 8_000 + b"\r\n\r\n"
            )
            with connection.makefile("rb") as answers:
                read.append(body_of(answers))

    serving(client)
    assert read == [b"/1"]


@pytest.mark.skipif(os.name == "nt", reason="files of Windows have no such numbers")
def test_files_with_large_numbers_do_not_block_clients() -> None:
    answered: list[bytes] = []

    def client(address: str, port: int) -> None:
        with urlopen(f"{address}small", timeout=60) as answer:
            answered.append(answer.read())

    with _many_files():
        serving(client)
    assert answered == [b"/small"]


@contextmanager
def _many_files() -> Iterator[None]:
    """Open so many files that the next one has a number above 1,023, which `select` refuses."""
    import resource

    least, most = 1_200, resource.getrlimit(resource.RLIMIT_NOFILE)
    if most[1] != resource.RLIM_INFINITY and most[1] < least:
        pytest.skip(f"at most {most[1]} files may be open here")
    if most[0] < least:
        resource.setrlimit(resource.RLIMIT_NOFILE, (least, most[1]))
    opened: list[int] = []
    try:
        while not opened or opened[-1] < 1_024:
            opened.append(os.open(os.devnull, os.O_RDONLY))
        yield
    finally:
        for each in opened:
            os.close(each)
        resource.setrlimit(resource.RLIMIT_NOFILE, most)


def test_nothing_is_read_between_two_answers_while_requests_wait() -> None:
    """Otherwise a client could have several more requests kept waiting for each answer that it reads."""
    sockets: dict[int, Any] = {}
    server: Any = create_server(answering_with_path, map=sockets, host="127.0.0.1", port=0, channel_request_lookahead=0)
    ours, theirs = socket.socketpair()
    channel = OneAnswerChannel(server, ours, ("127.0.0.1", 1), server.adj, map=sockets)
    try:
        assert channel.readable()
        channel.received(ASKED * 3)
        assert not channel.readable()
        channel.requests.clear()  # the first is answered, and its answer was taken
        assert not channel.readable()
    finally:
        channel.handle_close()
        theirs.close()
        server.task_dispatcher.shutdown()
        server.close()
