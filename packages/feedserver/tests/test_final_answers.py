"""The response class for http.client skips interim answers."""

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
def test_the_final_answer_is_read_whatever_comes_before_it(interim: bytes, count: int) -> None:
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
