"""A response as bytes: what it declares is sent as it is, and what HTTP needs is added."""

from __future__ import annotations

from pathlib import Path

import pytest

from feedserver.http import response_writer
from feedserver.messages.headers import Headers
from feedserver.messages.request import Request
from feedserver.messages.response import FileBody, Response
from feedserver.messages.send_plan import CloseConnection, Flush, Head, Plan, Read, Send, SendHead, Step, Wait

NOW = 1_000_000_000.0
DATE = b"Sun, 09 Sep 2001 01:46:40 GMT"


def rendered(response: Response, method: str = "GET", version: str = "1.1", keep_alive: bool = True) -> bytes:
    head = response_writer.make_head(Request(method, "/", version), response, keep_alive)
    data = response_writer.whole(head, response, method, NOW)
    assert data is not None
    return data


TABLE: dict[str, tuple[Response, str, str, bool, bytes]] = {
    "a body gets its length and a date": (
        Response("abc"),
        "GET",
        "1.1",
        True,
        b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nDate: " + DATE + b"\r\n\r\nabc",
    ),
    "declared headers keep order, case and repeats, and go first": (
        Response("", headers=[("sEt-Cookie", "a=1"), ("X", ""), ("Set-Cookie", "b=2")]),
        "GET",
        "1.1",
        True,
        b"HTTP/1.1 200 OK\r\nsEt-Cookie: a=1\r\nX: \r\nSet-Cookie: b=2\r\nContent-Length: 0\r\nDate: "
        + DATE
        + b"\r\n\r\n",
    ),
    "declared Date and Content-Length are not repeated": (
        Response("abc", headers={"date": "never", "content-length": "3"}),
        "GET",
        "1.1",
        True,
        b"HTTP/1.1 200 OK\r\ndate: never\r\ncontent-length: 3\r\n\r\nabc",
    ),
    "a declared length that is wrong ends the connection": (
        Response("abc", headers={"Content-Length": "9"}, omit=["Date"]),
        "GET",
        "1.1",
        True,
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\nConnection: close\r\n\r\nabc",
    ),
    "HEAD gets the head of GET": (
        Response("abc", omit=["Date"]),
        "HEAD",
        "1.1",
        True,
        b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n",
    ),
    "204 has no body and no length": (
        Response("abc", 204, omit=["Date"]),
        "GET",
        "1.1",
        True,
        b"HTTP/1.1 204 No Content\r\n\r\n",
    ),
    "304 has no body and no length": (
        Response("abc", 304, {"ETag": '"a"'}, omit=["Date"]),
        "GET",
        "1.1",
        True,
        b'HTTP/1.1 304 Not Modified\r\nETag: "a"\r\n\r\n',
    ),
    "without a length the body is sent in chunks": (
        Response("abc", omit=["Date", "Content-Length"]),
        "GET",
        "1.1",
        True,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    ),
    "an empty body in chunks is its end": (
        Response("", omit=["Date", "Content-Length"]),
        "GET",
        "1.1",
        True,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ),
    "declared chunks are made": (
        Response("abc", headers={"Transfer-Encoding": "chunked"}, omit=["Date"]),
        "GET",
        "1.1",
        True,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    ),
    "HTTP/1.0 knows no chunks: the end of the connection is the end": (
        Response("abc", omit=["Date", "Content-Length"]),
        "GET",
        "1.0",
        True,
        b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nabc",
    ),
    "no framing at all ends with the connection": (
        Response("abc", omit=["Date", "Content-Length", "Transfer-Encoding", "Connection"]),
        "GET",
        "1.1",
        True,
        b"HTTP/1.1 200 OK\r\n\r\nabc",
    ),
    "an HTTP/1.0 connection that is kept open": (
        Response("", omit=["Date"]),
        "GET",
        "1.0",
        True,
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n",
    ),
    "a connection that is to be closed": (
        Response("", omit=["Date"]),
        "GET",
        "1.1",
        False,
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
    ),
    "an unusual reason": (
        Response("", 404, reason="Rien du tôt", omit=["Date"]),
        "GET",
        "1.1",
        True,
        "HTTP/1.1 404 Rien du tôt\r\nContent-Length: 0\r\n\r\n".encode(),
    ),
    "a status without a phrase": (
        Response("", 299, omit=["Date"]),
        "GET",
        "1.1",
        True,
        b"HTTP/1.1 299 \r\nContent-Length: 0\r\n\r\n",
    ),
    "bytes that are no text go out as they are": (
        Response(b"\xff\0", headers=[(b"X", b"\xff")], omit=["Date"]),
        "GET",
        "1.1",
        True,
        b"HTTP/1.1 200 OK\r\nX: \xff\r\nContent-Length: 2\r\n\r\n\xff\0",
    ),
}


@pytest.mark.parametrize("name", TABLE)
def test_a_response_is_rendered_as_declared(name: str) -> None:
    response, method, version, keep_alive, expected = TABLE[name]
    assert rendered(response, method, version, keep_alive) == expected


@pytest.mark.parametrize(
    ("response", "version", "stays"),
    [
        (Response("abc"), "1.1", True),
        (Response("abc", headers={"Connection": "Close"}), "1.1", False),
        (Response("abc", headers={"Connection": "keep-alive"}), "1.1", True),
        (Response("abc", headers=[("Connection", "close"), ("Connection", "keep-alive")]), "1.1", False),
        (Response("abc", headers={"Content-Length": "2"}), "1.1", False),
        (Response("abc", headers=[("Content-Length", "9"), ("Content-Length", "3")]), "1.1", False),
        (Response("abc", headers=[("Content-Length", "3"), ("Content-Length", "3")]), "1.1", True),
        (Response(status=304, headers={"Content-Length": "2"}), "1.1", True),
        (Response("abc", headers={"Content-Length": "3", "Transfer-Encoding": "chunked"}), "1.1", False),
        (Response("abc", headers={"Transfer-Encoding": "gzip"}), "1.1", False),
        (Response("abc", headers={"Transfer-Encoding": "xchunked"}), "1.1", False),
        (Response("abc", headers={"Transfer-Encoding": "gzip, Chunked"}), "1.1", True),
        (Response("abc", headers={"Transfer-Encoding": "chunked"}), "1.1", True),
        (Response("abc", headers={"Transfer-Encoding": "chunked"}), "1.0", False),
        (Response("abc", omit=["Content-Length"]), "1.1", True),
        (Response("abc", omit=["Content-Length"]), "1.0", False),
    ],
)
def test_a_connection_stays_only_if_the_client_can_find_the_end_of_the_answer(
    response: Response, version: str, stays: bool
) -> None:
    assert response_writer.make_head(Request("GET", "/", version), response, True).keep_alive is stays


def steps_of(response: Response, method: str = "GET", keep_alive: bool = True) -> list[object]:
    plan: Plan = response_writer.plan(
        response_writer.make_head(Request(method, "/"), response, keep_alive), response, method
    )
    return [step for step in plan if not isinstance(step, SendHead)]


def test_a_pace_waits_between_the_pieces_and_not_before_the_first() -> None:
    response = Response("abcde", pace="2 bytes every 50ms")
    assert steps_of(response) == [Send(b"ab"), Wait(0.05), Send(b"cd"), Wait(0.05), Send(b"e"), Read()]


def test_a_plan_begins_with_the_head_as_a_value() -> None:
    response = Response("abc", 404, headers={"ETag": '"v1"'}, omit=["Date"])
    first = next(response_writer.plan(response_writer.make_head(None, response, True), response, "GET"))
    assert first == SendHead(Head(404, b"Not Found", ((b"ETag", b'"v1"'), (b"Content-Length", b"3"))))
    assert isinstance(first, SendHead)
    assert first.head.in_http1() == b'HTTP/1.1 404 Not Found\r\nETag: "v1"\r\nContent-Length: 3\r\n\r\n'


def test_a_delay_comes_before_the_head() -> None:
    response = Response("a", delay="250ms")
    first = next(response_writer.plan(response_writer.make_head(Request("GET", "/"), response, True), response, "GET"))
    assert first == Wait(0.25)


def test_the_framing_of_chunks_does_not_count_as_body() -> None:
    response = Response("abc", omit=["Content-Length"], delay=1)
    assert steps_of(response, keep_alive=False)[1:] == [
        Send(b"3\r\n", "framing"),
        Send(b"abc"),
        Send(b"\r\n", "framing"),
        Send(b"0\r\n\r\n", "framing"),
        CloseConnection(),
    ]


def test_a_file_is_read_in_pieces_from_its_offset(tmp_path: Path) -> None:
    file = tmp_path / "big.xml"
    file.write_bytes(b"0123456789" * 60_000)
    response = Response(FileBody(file, 500_000, offset=5))
    assert response_writer.whole(response_writer.make_head(None, response, True), response, "GET", NOW) is None
    pieces = [step.data for step in steps_of(response) if isinstance(step, Send)]
    assert [len(piece) for piece in pieces] == [response_writer.PIECE, 500_000 - response_writer.PIECE]
    assert b"".join(pieces) == file.read_bytes()[5:500_005]


def test_the_plan_for_a_file_that_shrank_sends_its_bytes_and_raises(tmp_path: Path) -> None:
    file = tmp_path / "big.xml"
    file.write_bytes(b"abc")
    steps: list[Step] = []
    response = Response(FileBody(file, 5))
    with pytest.raises(response_writer.BodyChanged) as caught:
        steps.extend(response_writer.plan(response_writer.make_head(None, response, True), response, "GET"))
    assert str(caught.value) == (
        f"{file} has become shorter: 3 of 5 bytes could be sent; write a new file beside it, and rename that"
    )
    assert steps[1:] == [Send(b"abc"), Flush()], "the bytes of the file are sent before the error"


def test_a_plan_that_is_dropped_closes_its_file(tmp_path: Path) -> None:
    file = tmp_path / "big.xml"
    file.write_bytes(b"abc")
    response = Response(FileBody(file, 3))
    plan = response_writer.plan(response_writer.make_head(None, response, True), response, "GET")
    next(plan)
    next(plan)
    plan.close()  # type: ignore[attr-defined]  # an open file would be a ResourceWarning, and so an error
    file.unlink()


def test_headers_are_a_mapping_of_text_that_keeps_its_bytes() -> None:
    headers = Headers([("A", "1"), ("b", "é"), ("a", "2")])
    assert headers["a"] == "1, 2"
    assert headers.get_all("A") == ["1", "2"]
    assert list(headers) == ["A", "b"] and len(headers) == 2
    assert headers.get_raw(b"b") == "é".encode()
    assert headers.replaced("a", "3").raw == ((b"A", b"3"), (b"b", "é".encode()))
    assert headers.without("B").raw == ((b"A", b"1"), (b"a", b"2"))
    assert headers.added("C", "4")["c"] == "4"
    assert "z" not in headers and headers.get("z") is None
    assert Headers(headers) == headers and hash(Headers(headers)) == hash(headers)
    assert Headers({"X": "\udcff"}).raw == ((b"X", b"\xff"),)
    assert Headers.from_raw([(b"X", b"\xff")])["x"] == "ÿ"
    assert repr(Headers({"A": "1"})) == "Headers([('A', '1')])"
