"""Where a request ends: nothing inside a body is ever a request, however its framing is spelled and its bytes are cut.

Most bodies here contain a whole QUIT request, which must not be carried out. A request is read as h11 reads it, or
refused.
"""

from __future__ import annotations

import random
import socket
from collections.abc import Callable, Iterator
from itertools import pairwise

import pytest

from feedserver import Ended, FeedServer, Request, Response
from feedserver.http.request_parser import MAX_HEAD, Malformed
from h11_reading import disagreement, events_of, requests_of
from rawclient import RawClient
from request_mutations import cut, draw, fault_of

QUIT = b"QUIT / HTTP/1.1\r\nHost: localhost\r\n\r\n"
SIZED = b"Content-Length: %d\r\n" % len(QUIT)
CHUNKED = b"Transfer-Encoding: chunked\r\n"
IN_ONE_CHUNK = b"%x\r\n%b\r\n0\r\n\r\n" % (len(QUIT), QUIT)


def post(fields: bytes, body: bytes, line: bytes = b"POST /a HTTP/1.1") -> bytes:
    """Return a request with these header fields and this body."""
    return line + b"\r\nHost: a\r\n" + fields + b"\r\n" + body


UPGRADES = [
    b"Connection: Upgrade\r\nUpgrade: websocket\r\n",
    b"Upgrade: h2c\r\nConnection: upgrade\r\n",
    b"connection: keep-alive, UPGRADE\r\nupgrade: h2c, websocket\r\n",
    b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n",
    b"Upgrade: websocket\r\n",
    b"Connection: Upgrade\r\n",
    b"Connection: Upgrade\r\nConnection: keep-alive\r\nUpgrade: TLS/1.0\r\n",
    b"Connection:Upgrade \r\nUpgrade:\twebsocket\t\r\n",
]

READ_WHOLE = {
    **{f"a counted body and {fields!r}": post(fields + SIZED, QUIT) for fields in UPGRADES},
    **{f"a body in chunks and {fields!r}": post(fields + CHUNKED, IN_ONE_CHUNK) for fields in UPGRADES},
    "a length with blanks around it": post(b"Content-Length: \t%d \t\r\n" % len(QUIT), QUIT),
    "a length with zeros before it": post(b"Content-Length: 00%d\r\n" % len(QUIT), QUIT),
    "chunked in capitals": post(b"TRANSFER-ENCODING: CHUNKED\r\n", IN_ONE_CHUNK),
    "chunked with blanks before it": post(b"Transfer-Encoding:  \tchunked\r\n", IN_ONE_CHUNK),
    "many chunks": post(CHUNKED, b"".join(b"1\r\n%c\r\n" % byte for byte in QUIT) + b"0\r\n\r\n"),
    "a chunk's size with zeros and in capitals": post(CHUNKED, b"00%X\r\n%b\r\n000\r\n\r\n" % (len(QUIT), QUIT)),
    "a chunk's extension": post(CHUNKED, b'%x;a=b;c="d e"\r\n%b\r\n0;z\r\n\r\n' % (len(QUIT), QUIT)),
    "trailers": post(CHUNKED, b"%x\r\n%b\r\n0\r\nX-Sum: 1\r\nContent-Length: 0\r\n\r\n" % (len(QUIT), QUIT)),
    "Expect": post(SIZED + b"Expect: 100-continue\r\n", QUIT),
    "Expect and chunks": post(CHUNKED + b"Expect: 100-continue\r\n", IN_ONE_CHUNK),
    "HTTP/1.0 with a length": post(SIZED + b"Connection: keep-alive\r\n", QUIT, b"POST /a HTTP/1.0"),
    "GET with a body": post(SIZED, QUIT, b"GET /a HTTP/1.1"),
    "HEAD with a body": post(CHUNKED, IN_ONE_CHUNK, b"HEAD /a HTTP/1.1"),
    "a method that nobody knows": post(SIZED, QUIT, b"SMUGGLE /a HTTP/1.1"),
    "PRI with a body": post(SIZED, QUIT, b"PRI /a HTTP/1.1"),
    "the absolute form": post(CHUNKED, IN_ONE_CHUNK, b"POST http://b.example/a HTTP/1.1"),
    "a body that is longer than the others": post(b"Content-Length: 900\r\n", (QUIT * 30)[:900]),
    "a request that closes, and another one behind it": post(b"Connection: close\r\n" + SIZED, QUIT + QUIT),
    "one of HTTP/1.0 that closes, and another one behind it": post(b"", QUIT, b"GET /a HTTP/1.0"),
    "close among other options": post(b"Connection: x, Close ,y\r\n", QUIT, b"GET /a HTTP/1.1"),
    "close beside keep-alive": post(b"Connection: keep-alive\r\nConnection: close\r\n", QUIT, b"GET /a HTTP/1.1"),
}
"""Requests that are read, with QUIT in the body, or after a request that closes the connection."""

REFUSED = {
    "a length and chunks": (400, post(b"Content-Length: 5\r\n" + CHUNKED, IN_ONE_CHUNK)),
    "chunks and a length": (400, post(CHUNKED + b"Content-Length: 5\r\n", IN_ONE_CHUNK)),
    "two lengths": (400, post(b"Content-Length: 0\r\n" + SIZED, QUIT)),
    "the same length twice": (400, post(SIZED + SIZED, QUIT)),
    "a list of lengths": (400, post(b"Content-Length: 0, %d\r\n" % len(QUIT), QUIT)),
    "a list that has one length twice": (400, post(b"Content-Length: 5, 5\r\n", QUIT)),
    "a length with a sign": (400, post(b"Content-Length: +%d\r\n" % len(QUIT), QUIT)),
    "a length below zero": (400, post(b"Content-Length: -1\r\n", QUIT)),
    "a length with a blank in it": (400, post(b"Content-Length: 0 5\r\n", QUIT)),
    "a length in hexadecimal": (400, post(b"Content-Length: 0x5\r\n", QUIT)),
    "a length with an underscore": (400, post(b"Content-Length: 1_0\r\n", QUIT)),
    "a length in Arabic digits": (400, post("Content-Length: ٥\r\n".encode(), QUIT)),
    "no length": (400, post(b"Content-Length:\r\n", QUIT)),
    "a length over 64 bits": (400, post(b"Content-Length: 18446744073709551617\r\n", QUIT)),
    "a length of 5,000 digits": (400, post(b"Content-Length: " + b"1" * 5000 + b"\r\n", QUIT)),
    "a length over the limit": (413, post(b"Content-Length: 1001\r\n", QUIT)),
    "gzip, then chunks": (501, post(b"Transfer-Encoding: gzip, chunked\r\n", IN_ONE_CHUNK)),
    "chunks, then gzip": (400, post(b"Transfer-Encoding: chunked, gzip\r\n", IN_ONE_CHUNK)),
    "gzip": (400, post(b"Transfer-Encoding: gzip\r\n", QUIT)),
    "identity": (400, post(b"Transfer-Encoding: identity\r\n", QUIT)),
    "identity and a length": (400, post(b"Transfer-Encoding: identity\r\n" + SIZED, QUIT)),
    "no coding": (400, post(b"Transfer-Encoding:\r\n", QUIT)),
    "chunked twice": (400, post(CHUNKED + CHUNKED, IN_ONE_CHUNK)),
    "chunked twice in one line": (400, post(b"Transfer-Encoding: chunked, chunked\r\n", IN_ONE_CHUNK)),
    "chunked with a tail": (400, post(b"Transfer-Encoding: chunkedx\r\n", IN_ONE_CHUNK)),
    "chunked with a vertical tab": (400, post(b"Transfer-Encoding: \x0bchunked\r\n", IN_ONE_CHUNK)),
    "chunked in quotes": (400, post(b'Transfer-Encoding: "chunked"\r\n', IN_ONE_CHUNK)),
    "chunks in HTTP/1.0": (400, post(CHUNKED, IN_ONE_CHUNK, b"POST /a HTTP/1.0")),
    "a blank before the colon of the length": (400, post(b"Content-Length : 5\r\n", QUIT)),
    "a blank before the colon of the coding": (400, post(b"Transfer-Encoding : chunked\r\n", IN_ONE_CHUNK)),
    "a folded coding": (400, post(b"Transfer-Encoding:\r\n chunked\r\n", IN_ONE_CHUNK)),
    "a folded first line": (400, post(b"", QUIT).replace(b"\r\nHost", b"\r\n Host")),
    "a NUL in a name": (400, post(b"Transfer-\0Encoding: chunked\r\n", IN_ONE_CHUNK)),
    "a NUL in a value": (400, post(b"Transfer-Encoding: chunked\0\r\n", IN_ONE_CHUNK)),
    "a bare LF before the coding": (400, post(b"X: y\nTransfer-Encoding: chunked\r\n", IN_ONE_CHUNK)),
    "a bare CR before the coding": (400, post(b"X: y\rTransfer-Encoding: chunked\r\n", IN_ONE_CHUNK)),
    "a bare LF as the empty line": (400, post(b"X: y\r\n", b"").removesuffix(b"\r\n") + b"\n" + QUIT),
    "a bare CR as the empty line": (400, post(b"X: y\r\n", b"").removesuffix(b"\r\n") + b"\r" + QUIT),
    "a line without a colon": (400, post(b"nonsense\r\n" + SIZED, QUIT)),
    "a chunk's size that is no number": (400, post(CHUNKED, b"zz\r\n" + QUIT)),
    "a chunk's size with a sign": (400, post(CHUNKED, b"+5\r\n" + QUIT)),
    "a chunk's size with 0x": (400, post(CHUNKED, b"0x5\r\n" + QUIT)),
    "a chunk's size with an underscore": (400, post(CHUNKED, b"1_0\r\n" + QUIT)),
    "a chunk's size with a blank before it": (400, post(CHUNKED, b" 0\r\n\r\n" + QUIT)),
    "a chunk's size with a blank behind it": (400, post(CHUNKED, b"0 \r\n\r\n" + QUIT)),
    "no chunk's size": (400, post(CHUNKED, b"\r\n" + QUIT)),
    "an extension without a size": (400, post(CHUNKED, b";a\r\n" + QUIT)),
    "a chunk's size of 17 digits": (400, post(CHUNKED, b"10000000000000000\r\n" + QUIT)),
    "a chunk's size of 17 zeros": (400, post(CHUNKED, b"0" * 17 + b"\r\n\r\n" + QUIT)),
    "a chunk over the limit": (413, post(CHUNKED, b"ffffffffffffffff\r\n" + QUIT)),
    "chunks over the limit together": (413, post(CHUNKED, b"3e7\r\n" + b"x" * 999 + b"\r\n2\r\n" + QUIT)),
    "a chunk's size that ends in a bare LF": (400, post(CHUNKED, b"%x\n" % len(QUIT) + QUIT)),
    "a chunk's size that ends in a bare CR": (400, post(CHUNKED, b"0\r\r\n" + QUIT)),
    "an extension with a bare LF": (400, post(CHUNKED, b"2;\n\r\nxx\r\n0\r\n\r\n" + QUIT)),
    "an extension with a bare CR": (400, post(CHUNKED, b"0;a\rb\r\n\r\n" + QUIT)),
    "an extension with a NUL": (400, post(CHUNKED, b"0;\0\r\n\r\n" + QUIT)),
    "an extension without an end": (400, post(CHUNKED, b"0;" + b"x" * 5000)),
    "data that is longer than its size": (400, post(CHUNKED, b"1\r\nxx\r\n0\r\n\r\n" + QUIT)),
    "data that ends in a bare LF": (400, post(CHUNKED, b"1\r\nx\n0\r\n\r\n" + QUIT)),
    "data that ends in two CRs": (400, post(CHUNKED, b"1\r\nx\r\r\n0\r\n\r\n" + QUIT)),
    "an end with a bare LF": (400, post(CHUNKED, b"0\r\n\n" + QUIT)),
    "a trailer without a colon": (400, post(CHUNKED, b"0\r\n" + QUIT)),
    "a folded trailer": (400, post(CHUNKED, b"0\r\nX: a\r\n b\r\n\r\n" + QUIT)),
    "a trailer that ends in a bare LF": (400, post(CHUNKED, b"0\r\nX: a\n\r\n" + QUIT)),
    "trailers without an end": (431, post(CHUNKED, b"0\r\n" + (b"X: " + b"y" * 990 + b"\r\n") * 70)),
    "one trailer without an end": (431, post(CHUNKED, b"0\r\nX: " + b"y" * 70_000)),
    "CONNECT": (501, post(SIZED, QUIT, b"CONNECT a:443 HTTP/1.1")),
    "CONNECT with a path": (501, post(b"", QUIT, b"CONNECT / HTTP/1.1")),
    "the preface of HTTP/2": (505, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + QUIT),
    "HTTP/0.9": (400, b"GET /a\r\n\r\n" + QUIT),
    "HTTP/0.9 with its name": (505, b"GET /a HTTP/0.9\r\n\r\n" + QUIT),
    "HTTP/2.0 with a body": (505, post(SIZED, QUIT, b"POST /a HTTP/2.0")),
    "a version in small letters": (400, post(SIZED, QUIT, b"POST /a http/1.1")),
    "a version with three numbers": (400, post(SIZED, QUIT, b"POST /a HTTP/1.1.1")),
    "two blanks in the request line": (400, post(SIZED, QUIT, b"POST  /a HTTP/1.1")),
    "a tab in the request line": (400, post(SIZED, QUIT, b"POST\t/a HTTP/1.1")),
    "a blank before the request line": (400, post(SIZED, QUIT, b" POST /a HTTP/1.1")),
    "a bare LF after the request line": (400, b"POST /a HTTP/1.1\nHost: a\r\n" + SIZED + b"\r\n" + QUIT),
    "bare LFs, and a wrong version": (505, b"GET /a HTTP/3.0\nHost: a\n\n" + QUIT),
    "a bare LF in the middle, and a later end": (400, b"GET /a HTTP/1.1\nHost: a\n\nX: y\r\n\r\n" + QUIT),
    "nonsense, and a later end": (400, b"nonsense\n\nGET / HTTP/2.0\r\n\r\n" + QUIT),
    "empty lines first, then a bare CR": (400, b"\r\n\r\n\n\r\r\nGET / HTTP/1.1\r\n\r\n" + QUIT),
    "no Host": (400, b"GET / HTTP/1.1\r\n\r\n" + QUIT),
    "two Hosts": (400, b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n" + QUIT),
    "two Hosts in HTTP/1.0": (400, b"GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n" + QUIT),
    "an expectation that nobody knows": (417, post(b"Expect: tea\r\n" + SIZED, QUIT)),
    "a head that is too long": (431, post(b"X: " + b"x" * MAX_HEAD + b"\r\n", QUIT)),
    "a head that is too long, and wrong": (431, b"GET / HTTP/9.9\r\nX: " + b"x" * MAX_HEAD),
    "a head that is one byte too long": (
        431,
        post(b"X: " + b"x" * (MAX_HEAD + 1 - len(post(b"X: \r\n", b""))) + b"\r\n", QUIT),
    ),
}
"""Requests that are refused, each with the status of its refusal. Their QUIT is never reached."""

BEHIND = {
    "an upgrade without a body": post(UPGRADES[0], b"", b"GET /a HTTP/1.1"),
    "an upgrade with a length of 0": post(UPGRADES[0] + b"Content-Length: 0\r\n", b""),
    "an upgrade with an empty body in chunks": post(UPGRADES[0] + CHUNKED, b"0\r\n\r\n"),
    "empty lines": b"\r\n\n\r\n" + post(b"", b"", b"GET /a HTTP/1.1"),
    "an expectation without a body": post(b"Expect: 100-continue\r\n", b"", b"GET /a HTTP/1.1"),
}
"""Whole requests: a QUIT behind them is a request of its own."""


def cuts(data: bytes) -> Iterator[list[bytes]]:
    """Yield *data* in two pieces at every place, byte by byte, and in random pieces with a fixed seed.

    If *data* is very long, only the places near its ends and around the limits are tried.
    """
    places = range(1, len(data))
    if len(data) > 3000:
        near = (0, 300, 4096, MAX_HEAD, len(data))
        places = [place for place in places if any(abs(place - limit) < 120 for limit in near)]  # type: ignore[assignment]
    for place in places:
        yield [data[:place], data[place:]]
    yield [data[i : i + 1] for i in range(len(data))]
    chance = random.Random(len(data))
    for _ in range(20):
        ends = sorted(chance.randint(0, len(data)) for _ in range(chance.randint(1, 12)))
        yield [data[start:end] for start, end in pairwise([0, *ends, len(data)])]


def quits(data: bytes) -> bool:
    return any(read.method == b"QUIT" for read in requests_of(events_of([data])))


def test_a_body_is_read_whole_whatever_else_is_in_the_request() -> None:
    for name, data in READ_WHOLE.items():
        assert [type(event) for event in events_of([data])] == [Request], name
        assert not quits(data), name
        assert disagreement(data) == "", name


def test_ambiguous_or_invalid_requests_are_refused() -> None:
    for name, (status, data) in REFUSED.items():
        events = events_of([data])
        assert [event.status for event in events if isinstance(event, Malformed)] == [status], name
        assert len(events) == 1, name
        assert disagreement(data) == "", name


def test_bytes_behind_a_whole_request_are_the_next_one() -> None:
    for name, request in BEHIND.items():
        data = request + QUIT
        assert [read.method for read in requests_of(events_of([data]))][1:] == [b"QUIT"], name
        assert disagreement(data) == "", name


@pytest.mark.parametrize(
    "table",
    [READ_WHOLE, pytest.param(REFUSED, marks=pytest.mark.slow), BEHIND],
    ids=["read whole", "refused", "behind"],
)
def test_the_outcome_does_not_depend_on_how_the_bytes_are_cut(table: dict[str, bytes | tuple[int, bytes]]) -> None:
    for name, row in table.items():
        data = row if isinstance(row, bytes) else row[1]
        expected = events_of([data])
        for pieces in cuts(data):
            assert events_of(pieces) == expected, (name, [len(piece) for piece in pieces])


def test_a_refusal_has_the_bytes_up_to_the_error() -> None:
    for name, (_, request) in REFUSED.items():
        data = request.lstrip(b"\r\n")
        (refusal,) = events_of([data])
        assert isinstance(refusal, Malformed), name
        assert refusal.raw == data[: len(refusal.raw)], name
        assert len(refusal.raw) <= MAX_HEAD, name
        if len(refusal.raw) < MAX_HEAD:
            assert events_of([refusal.raw]) == [refusal], name
            assert events_of([refusal.raw[:-1]]) == [], name


def test_the_end_of_a_connection_keeps_no_bytes_of_an_earlier_request() -> None:
    from feedserver.http.request_parser import RequestReader

    reader = RequestReader()
    reader.feed(post(SIZED, QUIT) + b"GET / HT")
    while reader.next_event() is not None:
        pass
    refusal = reader.eof()
    assert refusal is not None and refusal.raw == b"GET / HT"


@pytest.mark.slow
def test_random_requests_are_read_as_by_h11_however_they_are_cut() -> None:
    chance = random.Random(11)
    for _ in range(2000):  # scripts/fuzz_requests.py draws more
        data = draw(chance)
        assert fault_of(data, cut(data, chance)) == "", data


# On the wire


@pytest.fixture(scope="module")
def quitting() -> Iterator[FeedServer]:
    """Yield a server that obeys QUIT, and answers /a. No test here may stop it."""
    with FeedServer(quit=True, strict=False, max_body=1000) as running:
        running.add("/a", Response("a"))
        yield running


def exchange_with(server: FeedServer, pieces: list[bytes]) -> tuple[bytes, list[tuple[Ended, str, bytes, int, int]]]:
    """Send *pieces*, then close for writing; return the bytes of the answers and the outcomes in the journal."""
    server.journal.clear()
    with RawClient(server) as client:
        client.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for piece in pieces:
            client.send(piece)
        client.socket.shutdown(socket.SHUT_WR)
        answers = client.read_to_end()
    entries = server.journal.exchanges
    outcomes = [(entry.ended, entry.problem, entry.raw, entry.status, entry.bytes_sent) for entry in entries]
    assert not any(request.method == "QUIT" for request in server.requests)
    return without_dates(answers), outcomes


def without_dates(answers: bytes) -> bytes:
    return b"\r\n".join(line for line in answers.split(b"\r\n") if not line.startswith(b"Date: "))


@pytest.mark.parametrize("name", [*READ_WHOLE, *REFUSED])
def test_a_quit_that_is_no_request_stops_no_server(quitting: FeedServer, name: str) -> None:
    data = READ_WHOLE.get(name) or REFUSED[name][1]
    whole = exchange_with(quitting, [data])
    halves = exchange_with(quitting, [data[: len(data) // 2], data[len(data) // 2 :]])
    if b"100-continue" not in data:
        assert halves == whole
    # A client that announces its last request, and goes on sending, may find the connection closed.
    if len(data) < 1000 and "closes" not in name and "close " not in name:
        assert exchange_with(quitting, [data[i : i + 1] for i in range(len(data))])[1] == whole[1]
    assert not quitting.quit_requested.is_set()
    with RawClient(quitting) as client:
        assert client.get("/a").body == b"a"


CLOSING: dict[str, Response | Callable[[Request], Response]] = {
    "/close": Response("x", headers={"Connection": "close"}),
    "/cut": Response("x", headers={"Content-Length": "5"}),
    "/slow": Response("x", delay="20ms", headers={"Connection": "close"}),
    "/made": lambda _: Response("x", headers={"Connection": "close"}),
    "/unframed": Response("x", omit=["Content-Length", "Transfer-Encoding"]),
}


@pytest.mark.parametrize("path", CLOSING)
def test_no_request_behind_an_answer_that_closes_is_carried_out(quitting: FeedServer, path: str) -> None:
    quitting.add(path, CLOSING[path])
    ask = f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode()
    for pieces in ([ask + QUIT], [ask, QUIT], [ask, QUIT[:10], QUIT[10:]]):
        answers, outcomes = exchange_with(quitting, pieces)
        assert answers.startswith(b"HTTP/1.1 200 OK") and answers.count(b"HTTP/1.1") == 1
        assert len(outcomes) == 1
    assert not quitting.quit_requested.is_set()
