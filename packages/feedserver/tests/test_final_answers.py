"""The response class for http.client skips interim answers, except for 101, after which no other answer comes. A
chunked body is read strictly, apart from the spellings of old servers.
"""

from __future__ import annotations

import socket
from http.client import HTTPException

import pytest

from feedserver.final_answers import chunked_body, final_response


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


@pytest.mark.parametrize(
    "body",
    [
        b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
        b"0003 \r\nabc\r\n2;a=b\r\nde\r\n000\r\nX: y\r\n\r\n",
        b"3\nabc\r\n2\nde\r\n0\n\n",
        b"5\r\nabcde\r\n0\r\n",
    ],
)
def test_a_chunked_body_is_read(body: bytes) -> None:
    assert _read_chunks(body) == b"abcde"


@pytest.mark.parametrize(
    "body",
    [
        *(size + b"\r\nabcde\r\n0\r\n\r\n" for size in (b"+5", b"-5", b"0x5", b"0_5", b"\x0c5", b"5\x0b")),
        *(size + b"\r\nabcde\r\n0\r\n\r\n" for size in (b"5 5", b" 5", b"")),
        b"5\r\nabcdeXY0\r\n\r\n",
        b"5\r\nabcde\r\n-0\r\n\r\n",
        b"5\r\nabcde\r\n00",
        b"5\r\nabc",
        b"5\r\nabcde\r\n0;" + b"a" * 70_000 + b"\r\n\r\n",
        b"5\r\nabcde\r\n0\r\nX: " + b"a" * 70_000 + b"\r\n\r\n",
    ],
    ids=lambda body: repr(body[:20]),
)
def test_a_faulty_or_cut_chunked_body_is_refused(body: bytes) -> None:
    with pytest.raises(HTTPException):
        _read_chunks(body)


def _read_chunks(body: bytes) -> bytes:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + body)
        theirs.shutdown(socket.SHUT_WR)
        response = final_response()(ours, method="GET")
        response.begin()
        try:
            return b"".join(chunked_body(response))
        finally:
            response.close()
