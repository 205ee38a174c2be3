"""Answers to HEAD, and requests whose clients wait for "100 Continue"."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import pytest

from lifestream.web.request_framing import BoundedParser
from wsgi_serving import (
    answering_with_path,
    body_of,
    connected,
    serving,
    unserved_channel,
)


def _in_pieces(environ: Any, start_response: Any) -> Iterator[bytes]:
    start_response("200 OK", [("Content-Length", "4")] if environ["PATH_INFO"] == "/of-known-length" else [])
    yield from (b"/a", b"/b")


def _without_length(_environ: Any, start_response: Any) -> list[bytes]:
    start_response("404 Not Found", [])
    return [b"/a/b"]


def _as_file(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [("Content-Length", "4")])
    return environ.get("wsgi.file_wrapper", iter)(BytesIO(b"/a/b"))


@pytest.mark.parametrize("application", [answering_with_path, _in_pieces, _without_length, _as_file])
def test_an_answer_to_head_has_no_body(application: Any) -> None:
    """A client would take the body for the next answer."""
    read: list[bytes] = []

    def client(_address: str, port: int) -> None:
        with connected(port) as connection:
            asked = b" /of-known-length HTTP/1.1\r\nHost: a\r\n\r\n"
            connection.sendall(b"HEAD" + asked + b"GET" + asked)
            with connection.makefile("rb") as answers:
                read.extend(iter(lambda: answers.readline().strip(), b""))
                read.append(answers.readline())

    serving(client, application)
    *head, next_line = read
    length = next(line for line in head if line.startswith(b"Content-Length:"))
    assert length == (b"Content-Length: 16" if application is answering_with_path else b"Content-Length: 4")
    assert next_line == head[0] + b"\r\n"


@pytest.mark.parametrize("version", [b"1.0", b"1.1"])
def test_an_answer_to_head_of_unknown_length_has_no_last_chunk(version: bytes) -> None:
    read: list[bytes] = []

    def client(_address: str, port: int) -> None:
        with connected(port) as connection:
            connection.sendall(b"HEAD /a HTTP/" + version + b"\r\nHost: a\r\n\r\n")
            with connection.makefile("rb") as answers:
                read.append(answers.read())

    serving(client, _in_pieces)
    [answer] = read
    assert answer.startswith(b"HTTP/1.") and answer.partition(b"\r\n\r\n")[1:] == (b"\r\n\r\n", b"")


def test_a_refusal_of_head_that_the_application_answers_has_no_body() -> None:
    read: list[bytes] = []

    def client(_address: str, port: int) -> None:
        with connected(port) as connection:
            connection.sendall(b"HEAD /a HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000\r\n\r\n")
            with connection.makefile("rb") as answers:
                read.append(answers.read())

    serving(client, answers_refusals=True)
    [answer] = read
    assert answer.startswith(b"HTTP/1.1 200 ") and answer.partition(b"\r\n\r\n")[1:] == (b"\r\n\r\n", b"")


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        (b"Cookie: a=b", b"200"),
        (b"Content-Length: 0", b"200"),
        (b"Content-Length: x", b"400"),
        (b"Content-Length: 6\r\nTransfer-Encoding: chunked", b"400"),
        (b"Content-Length: 1000000000", b"413"),
        (b"Content-Length: 1", b"100"),
        (b"Transfer-Encoding: chunked", b"100"),
    ],
)
def test_only_a_request_with_a_body_that_is_read_is_continued(fields: bytes, status: bytes) -> None:
    """If a request that has ended were continued, the next one on the connection would be read as a part of it."""
    read: list[bytes] = []

    def client(_address: str, port: int) -> None:
        with connected(port) as connection:
            connection.sendall(b"POST /1 HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n" + fields + b"\r\n\r\n")
            with connection.makefile("rb") as answers:
                read.append(answers.readline().split()[1])
                if read == [b"200"]:
                    read.append(body_of(answers))
                    connection.sendall(b"GET /2 HTTP/1.1\r\nHost: a\r\n\r\n")
                    read.append(body_of(answers))

    serving(client)
    assert read == [status, *([b"/1", b"/2"] if status == b"200" else [])]


def test_a_request_is_continued_once_all_earlier_ones_are_answered() -> None:
    read: list[bytes] = []

    def client(_address: str, port: int) -> None:
        with connected(port) as connection, connection.makefile("rb") as answers:
            asked = b"".join(b"GET /%d HTTP/1.1\r\nHost: a\r\n\r\n" % number for number in (1, 2, 3))
            to_continue = b"POST /4 HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\n"
            connection.sendall(asked + to_continue)
            read.extend(body_of(answers) for _ in range(3))
            read.append(answers.readline() + answers.readline())
            connection.sendall(b"x")
            read.append(body_of(answers))

    serving(client)
    assert read == [b"/1", b"/2", b"/3", b"HTTP/1.1 100 Continue\r\n\r\n", b"/4"]


def test_a_thread_that_has_answered_leaves_it_to_the_loop_to_continue_a_request() -> None:
    """waitress would close the connection of a client that is gone, while the loop may be iterating over all
    connections.
    """
    with unserved_channel() as (channel, client):
        channel.requests.append(BoundedParser(channel.adj))  # it is being answered
        channel.received(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\n")
        channel.requests.clear()
        client.close()
        thread = threading.Thread(target=channel.send_continue)
        thread.start()
        thread.join(60)
        assert channel.connected
        assert channel.writable()
        channel.handle_write()
        assert not channel.connected
