"""The response class for http.client skips interim answers, except for 101, after which no other answer comes."""

from __future__ import annotations

import socket

import pytest

from feedserver.final_answers import final_response


@pytest.mark.parametrize(
    "interim",
    [
        b"",
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n",
        b"HTTP/1.1 199 Unknown\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n",
    ],
)
@pytest.mark.parametrize("count", [1, 3])
def test_interim_answers_before_the_final_one_are_skipped(interim: bytes, count: int) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(interim * count + b"HTTP/1.1 200 OK\r\nX-A: b\r\nContent-Length: 2\r\n\r\nok")
        response = final_response()(ours, method="GET")
        response.begin()
        assert (response.status, response.headers.items(), response.read()) == (
            200,
            [("X-A", "b"), ("Content-Length", "2")],
            b"ok",
        )
        response.close()


def test_an_answer_that_switches_protocols_is_not_skipped() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.settimeout(10)
        theirs.sendall(b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 101 Switching Protocols\r\nUpgrade: a\r\n\r\n")
        response = final_response()(ours, method="GET")
        response.begin()
        assert (response.status, response.headers["Upgrade"]) == (101, "a")
        response.close()
