"""The head of a request: its line, its fields, and what is refused of both (RFC 9112 §2 to §5)."""

from __future__ import annotations

import pytest

from feedserver.http.body_framing import Refused
from feedserver.http.head_parser import RequestLine, is_continue_expected, keeps_alive, read_head


def head(line: bytes, *fields: bytes) -> bytes:
    return b"\r\n".join((line, *fields, b"", b""))


def test_a_line_and_fields_are_read_without_the_blanks_around_values() -> None:
    line, fields = read_head(head(b"GET /a?b HTTP/1.1", b"Host: h", b"X-Odd:  a b\t "))
    assert line == RequestLine("GET", "/a?b", "1.1")
    assert list(fields) == [(b"Host", b"h"), (b"X-Odd", b"a b")]


def test_a_later_minor_version_is_taken_for_1_1() -> None:
    assert read_head(head(b"GET / HTTP/1.7", b"Host: h"))[0].version == "1.1"
    assert read_head(head(b"GET / HTTP/1.0"))[0].version == "1.0"


@pytest.mark.parametrize(
    ("data", "status", "problem"),
    [
        (head(b"GET /", b"Host: h"), 400, "is not 'METHOD target HTTP/version'"),
        (head(b"GET / HTTP/x", b"Host: h"), 400, "is no HTTP version"),
        (head(b"GET / HTTP/2.0", b"Host: h"), 505, "HTTP/2.0 is not spoken here"),
        (head(b"G(T / HTTP/1.1", b"Host: h"), 400, "is no method"),
        (head(b"CONNECT h:1 HTTP/1.1", b"Host: h"), 501, "CONNECT is not supported"),
        (head(b"GET a HTTP/1.1", b"Host: h"), 400, "starts with neither"),
        (head(b"GET /#a HTTP/1.1", b"Host: h"), 400, "keeps a fragment to itself"),
        (head(b"GET http:///a HTTP/1.1", b"Host: h"), 400, "names no host"),
        (head(b"GET / HTTP/1.1"), 400, "exactly one Host"),
        (head(b"GET / HTTP/1.1", b"Host: a", b"Host: b"), 400, "exactly one Host"),
        (head(b"GET / HTTP/1.0", b"Host: a", b"Host: b"), 400, "at most one Host"),
        (head(b"GET / HTTP/1.1", b"Host: h", b"Expect: more"), 417, "is not known"),
        (b"GET / HTTP/1.1\nHost: h\r\n\r\n", 400, "bare LF"),
        (b"\rGET / HTTP/1.1\r\nHost: h\r\n\r\n", 400, "bare CR"),
    ],
)
def test_a_head_that_the_rfc_does_not_allow_is_refused(data: bytes, status: int, problem: str) -> None:
    with pytest.raises(Refused) as refused:
        read_head(data)
    assert (refused.value.status, problem in refused.value.problem) == (status, True), refused.value.problem


def test_a_client_of_1_1_may_wait_for_100_continue() -> None:
    fields = [(b"expect", b"100-continue")]
    assert is_continue_expected(fields, "1.1")
    assert not is_continue_expected(fields, "1.0")
    assert not is_continue_expected([], "1.1")


@pytest.mark.parametrize(
    ("connection", "version", "stays"),
    [(b"", "1.1", True), (b"close", "1.1", False), (b"x, Close", "1.1", False), (b"", "1.0", False),
     (b"Keep-Alive", "1.0", True), (b"keep-alive, close", "1.0", False)],
)  # fmt: skip
def test_the_request_decides_whether_the_connection_stays_open(connection: bytes, version: str, stays: bool) -> None:
    assert keeps_alive([(b"Connection", connection)], version) is stays
