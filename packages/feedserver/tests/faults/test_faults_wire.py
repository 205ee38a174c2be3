"""Every fault on bare sockets, byte for byte: from code, a fixture and a timeline, on fresh and on used connections.

The end of an answer is what the client receives after the last byte: RST, FIN, nothing (SILENCE), or the answer to
another request on the same connection (NEXT).
"""

from __future__ import annotations

import gzip
import random
import socket
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from feedserver import FeedServer, Request, Response
from feedserver.faults import KINDS, parse
from feedserver.faults.body import inflating
from feedserver.http.content_codings import encode
from rawclient import TIMEOUT, RawClient

RST, FIN, SILENCE, NEXT = "RST", "FIN", "silence", "the next answer"
BODY = bytes(range(256)) * 8
CODED = encode(BODY, "gzip")
PAGE_HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 2"
PAGE = PAGE_HEAD + b"\r\n\r\nok"


def head(*lines: str, status: str = "200 OK", length: int | None = len(BODY), closing: bool = False) -> bytes:
    lines += (f"Content-Length: {length}",) if length is not None else ()
    lines += ("Connection: close",) if closing else ()
    return "\r\n".join([f"HTTP/1.1 {status}", *lines, "", ""]).encode("latin-1")


HEAD = head()
CHUNKED = head("Transfer-Encoding: chunked", length=None)
GZIP = "Content-Encoding: gzip"

TABLE: dict[str, tuple[bytes, str]] = {
    "reset before answer": (b"", RST),
    "reset after headers": (HEAD, RST),
    "reset after 0": (HEAD, RST),
    "reset after 512": (HEAD + BODY[:512], RST),
    "reset after 2048": (HEAD + BODY, RST),
    "reset at end": (HEAD + BODY, RST),
    "close before answer": (b"", FIN),
    "close after headers": (HEAD, FIN),
    "close after 512": (HEAD + BODY[:512], FIN),
    "close at end": (HEAD + BODY, FIN),
    "stall before answer": (b"", SILENCE),
    "stall after headers": (HEAD, SILENCE),
    "stall after 512": (HEAD + BODY[:512], SILENCE),
    "stall at end": (HEAD + BODY, SILENCE),
    "short content-length": (head(length=2047, closing=True) + BODY, FIN),
    "short content-length by 9999": (head(length=0, closing=True) + BODY, FIN),
    "long content-length": (head(length=2049, closing=True) + BODY, FIN),
    "long content-length by 100": (head(length=2148, closing=True) + BODY, FIN),
    "two content-lengths": (
        head("Content-Length: 2048", "Content-Length: 2049", length=None, closing=True) + BODY,
        FIN,
    ),
    "content-length with transfer-encoding": (
        head("Content-Length: 2048", "Transfer-Encoding: chunked", length=None, closing=True)
        + (b"800\r\n" + BODY + b"\r\n0\r\n\r\n"),
        FIN,
    ),
    "missing last chunk": (CHUNKED + b"800\r\n" + BODY + b"\r\n", FIN),
    "bad chunk size": (CHUNKED + b"x\r\n" + BODY + b"\r\n0\r\n\r\n", FIN),
    "bad chunk size -1": (CHUNKED + b"-1\r\n" + BODY + b"\r\n0\r\n\r\n", FIN),
    "chunk extensions": (CHUNKED + b'800;note="a;b"\r\n' + BODY + b'\r\n0;note="a;b"\r\n\r\n', NEXT),
    "trailers": (CHUNKED + b"800\r\n" + BODY + b"\r\n0\r\nX-Trailer: late\r\n\r\n", NEXT),
    "truncated gzip": (head(GZIP, length=len(CODED) // 2) + CODED[: len(CODED) // 2], NEXT),
    "truncated gzip after 100": (head(GZIP, length=100) + CODED[:100], NEXT),
    "corrupt gzip": (head(GZIP, length=len(CODED)) + CODED[:20] + bytes([CODED[20] ^ 255]) + CODED[21:], NEXT),
    "corrupt gzip after 0": (head(GZIP, length=len(CODED)) + bytes([CODED[0] ^ 255]) + CODED[1:], NEXT),
    "false coding": (head(GZIP) + BODY, NEXT),
    "false coding br": (head("Content-Encoding: br") + BODY, NEXT),
    "false coding identity": (head(length=len(CODED)) + CODED, NEXT),
    "bomb 3 MB": (head(GZIP, length=len(inflating(BODY, 3))) + inflating(BODY, 3), NEXT),
    "bad status line": (HEAD.replace(b"200 OK", b"fine OK") + BODY, FIN),
    "garbage": (random.Random(0).randbytes(64), FIN),
    "garbage 200000 bytes": (random.Random(0).randbytes(200_000), FIN),
    "garbage 1000 bytes": (random.Random(0).randbytes(1000), FIN),
    "HTTP/0.9": (BODY, FIN),
    "obs-fold": (head("X-Odd: odd\r\n\tfolded") + BODY, NEXT),
    "bare LF": (head("X-Odd: odd\nX-Injected: by a bare LF") + BODY, NEXT),
    "bare LF in Server": (head("Server: odd\nX-Injected: by a bare LF") + BODY, NEXT),
    "NUL": (head("X-Odd: odd\0") + BODY, NEXT),
    "non-ASCII": (head("X-Odd: oddÃ¼ÿ") + BODY, NEXT),
    "interim": (
        b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload; as=style\r\n\r\n" + HEAD + BODY,
        NEXT,
    ),
    "interim 100": (
        b"HTTP/1.1 100 Continue\r\nLink: </style.css>; rel=preload; as=style\r\n\r\n" + HEAD + BODY,
        NEXT,
    ),
    "redirect loop": (head("Location: /f.bin", status="302 Found") + BODY, NEXT),
    "redirect to file:": (head("Location: file:///etc/passwd", status="302 Found") + BODY, NEXT),
    "redirect to port": (head("Location: http://127.0.0.1:1/f.bin", status="302 Found") + BODY, NEXT),
    "redirect to private address": (head("Location: http://10.0.0.1/f.bin", status="302 Found") + BODY, NEXT),
    "redirect to private address ::1": (head("Location: http://[::1]/f.bin", status="302 Found") + BODY, NEXT),
    "slow headers 20 bytes every 5ms": (HEAD + BODY, NEXT),
    "slow body 500 bytes every 5ms": (HEAD + BODY, NEXT),
    "early answer": (head(closing=True) + BODY, FIN),
    "nothing": (HEAD + BODY, NEXT),
}
ENDLESS = ["endless body", "endless headers"]


def test_every_kind_of_fault_is_in_a_table() -> None:
    assert {type(parse(text)) for text in (*TABLE, *ENDLESS)} == {
        type(parse(example)) for kind in KINDS.values() for example in kind.examples
    }


def from_code(server: FeedServer, root: Path, text: str) -> None:
    server.add("/f.bin", Response(BODY, omit=["Date", "Content-Type"], faults=[parse(text)]))


def from_fixture(server: FeedServer, root: Path, text: str) -> None:
    (root / "f.bin").write_bytes(BODY)
    (root / "f.bin.response").write_text(f"Omit: Date, Content-Type\nFault: {text}\n")


def from_timeline(server: FeedServer, root: Path, text: str) -> None:
    whole = Response(b"first", omit=["Date"])
    server.add("/f.bin", whole, Response(BODY, omit=["Date", "Content-Type"], faults=parse(text)), whole)
    with RawClient(server) as client:
        assert client.get("/f.bin").body == b"first"


def request_for(text: str) -> bytes:
    more = "Content-Length: 5\r\n" if text == "early answer" else ""  # the five bytes never come
    return f"GET /f.bin HTTP/1.1\r\nHost: 127.0.0.1\r\n{more}\r\n".encode()


def seen(server: FeedServer, client: RawClient, expected: bytes, end: str) -> tuple[bytes, str]:
    """Return the bytes that arrive and the end of the answer; request the next answer if one is expected."""
    received = b""
    try:
        while True:
            if end == SILENCE and len(received) >= len(expected):
                # The server may serve another client first, if it reads the request of this one later.
                assert server.journal.wait_until(lambda: any(each.faults for each in server.journal.exchanges), TIMEOUT)
                let_others_be_answered(client)
                client.socket.setblocking(False)
            data = client.socket.recv(65_536)
            if not data:
                break
            received += data
            if end == NEXT and received == expected:
                assert client.get("/ok").raw_head == PAGE_HEAD
                return received, NEXT
    except ConnectionResetError:
        return received, RST
    except (TimeoutError, BlockingIOError):
        return received, SILENCE
    return received, FIN


def let_others_be_answered(client: RawClient) -> None:
    """Return once a later request on another connection is answered: by then, *client* has been sent its bytes."""
    with socket.create_connection(client.socket.getpeername(), timeout=TIMEOUT) as other:
        other.sendall(b"GET /of-another-client HTTP/1.0\r\n\r\n")
        while other.recv(65_536):
            pass


every_fault = pytest.mark.parametrize("text", TABLE)


@pytest.mark.parametrize("serve", [from_code, from_fixture, from_timeline], ids=["code", "fixture", "timeline"])
@every_fault
def test_a_fault_goes_over_the_wire_byte_for_byte_however_it_is_declared(
    server: FeedServer, root: Path, text: str, serve: Callable[[FeedServer, Path, str], None]
) -> None:
    serve(server, root, text)
    server.add("/ok", Response(b"ok", omit=["Date"]))
    with RawClient(server) as client:
        client.send(request_for(text))
        assert seen(server, client, *TABLE[text]) == TABLE[text]
    assert [strike.fault for strike in server.journal.filter("/f.bin")[-1].faults] == [str(parse(text))]
    server.verify()


@pytest.mark.slow
@every_fault
def test_a_fault_is_injected_into_a_used_connection_as_into_a_fresh_one(
    server: FeedServer, root: Path, text: str
) -> None:
    from_code(server, root, text)
    server.add("/ok", Response(b"ok", omit=["Date"]))
    with RawClient(server) as client:
        for _ in range(2):
            assert client.get("/ok").body == b"ok"
        client.send(request_for(text))
        assert seen(server, client, *TABLE[text]) == TABLE[text]


@every_fault
def test_a_fault_is_injected_into_a_pipelined_request_and_not_the_one_before(
    server: FeedServer, root: Path, text: str
) -> None:
    from_code(server, root, text)
    server.add("/ok", Response(b"ok", omit=["Date"]))
    expected, end = TABLE[text]
    with RawClient(server) as client:
        client.send(b"GET /ok HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" + request_for(text))
        assert seen(server, client, PAGE + expected, end) == (PAGE + expected, end)


@pytest.mark.parametrize("text", ENDLESS)
def test_an_endless_answer_goes_on_until_the_client_leaves(server: FeedServer, text: str) -> None:
    server.add("/f", Response(BODY, omit=["Date"], faults=parse(text)))
    server.add("/ok", Response(b"ok", omit=["Date"]))
    with RawClient(server) as client:
        client.ask("/f")
        received = client.read_exactly(3_000_000)
        with RawClient(server) as other:  # meanwhile, others are answered
            assert other.get("/ok").body == b"ok"
    if text == "endless headers":
        assert received.startswith(HEAD.removesuffix(b"\r\n") + b"X-Endless-0: on and on\r\nX-Endless-1: on and on\r\n")
        assert b"\r\n\r\n" not in received
    else:
        block = b"10000\r\n" + b" " * 65_535 + b"\n\r\n"
        assert received == (CHUNKED + b"800\r\n" + BODY + b"\r\n" + block * 50)[:3_000_000]
    exchange = server.journal.exchanges[0]
    assert exchange.ended.startswith("client left")
    assert exchange.bytes_sent >= 3_000_000


def test_an_endless_body_without_chunks_goes_on_as_well(server: FeedServer) -> None:
    server.add("/f", Response(BODY, omit=["Date"], faults=parse("endless body")))
    with RawClient(server) as client:
        client.ask("/f", version="1.0")
        received = client.read_exactly(200_000)
    start = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + BODY
    assert received[: len(start)] == start
    assert received[len(start) :].strip() == b""


@pytest.mark.parametrize("verb", ["reset", "close", "stall"])
@pytest.mark.parametrize("size", [1, 1000, 16_384, 65_536])
def test_exactly_the_given_number_of_bytes_arrives_even_if_nobody_reads_yet(
    server: FeedServer, verb: str, size: int
) -> None:
    body = random.Random(size).randbytes(300_000)
    server.add("/f", Response(body, omit=["Date"], faults=parse(f"{verb} after {size}")))
    with RawClient(server) as client:
        client.ask("/f")
        [exchange] = server.wait_for("/f")
        assert [(strike.fault, strike.at) for strike in exchange.faults] == [(f"{verb} after {size}", size)]
        expected = b"HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n" + body[:size]
        end = {"reset": RST, "close": FIN, "stall": SILENCE}[verb]
        assert seen(server, client, expected, end) == (expected, end)
    assert exchange.bytes_sent == len(expected)


def test_a_bomb_inflates_to_the_feed_and_blanks(server: FeedServer) -> None:
    server.add("/f", Response(BODY, faults=parse("bomb 20 MB")))
    with RawClient(server) as client:
        body = client.get("/f").body
    assert len(body) < 30_000
    inflated = gzip.decompress(body)  # which compares length and checksum
    assert len(inflated) == 20 * 1024 * 1024 + len(BODY)
    assert inflated.startswith(BODY) and not inflated[len(BODY) :].strip()


@pytest.mark.parametrize("start", [b"", b"x", b"<feed/>" * 100_000])
@pytest.mark.parametrize("megabytes", [1, 2, 5, 20])
def test_a_bomb_s_checksum_is_right_for_every_size(start: bytes, megabytes: int) -> None:
    assert len(gzip.decompress(inflating(start, megabytes))) == megabytes * 1024 * 1024 + len(start)


def test_an_early_answer_comes_while_the_request_is_still_sent(server: FeedServer) -> None:
    server.add("/up", Response(b"enough", 413, faults=parse("early answer")), method="POST")
    with RawClient(server) as client:
        client.ask("/up", "Content-Length: 1000000", method="POST", body=b"begun")
        answer = client.read()
        assert (answer.status, answer.body, answer.headers["Connection"]) == (413, b"enough", "close")
        client.send(b"x" * 100_000)  # the server still reads it, so that the answer is not lost
        assert client.read_to_end() == b""
    [exchange] = server.journal.exchanges
    assert (exchange.body, exchange.ended) == (b"", "complete")


def test_an_early_answer_takes_the_place_of_100_continue(server: FeedServer) -> None:
    server.add("/up", Response(b"no", 401, faults=parse("early answer")), method="PUT")
    with RawClient(server) as client:
        client.ask("/up", "Content-Length: 3", "Expect: 100-continue", method="PUT")
        assert client.read().status == 401


def test_a_401_is_not_sent_early(server: FeedServer) -> None:
    server.add("/f", Response("x", auth="Bearer t", faults=parse("early answer")))
    with RawClient(server) as client:
        for login, status in ((), 401), (("Authorization: Bearer t",), 200):
            client.ask("/f", *login, "Content-Length: 2", "Expect: 100-continue", method="POST")
            if status == 401:
                assert client.read_head() == b"HTTP/1.1 100 Continue"
                client.send(b"ab")
            assert client.read().status == status
    assert [exchange.body for exchange in server.journal.exchanges] == [b"ab", b""]
    assert [len(exchange.faults) for exchange in server.journal.exchanges] == [0, 1]


def test_an_early_answer_may_reset_the_client_that_still_sends(server: FeedServer) -> None:
    faults = [parse("early answer"), parse("reset after 2")]
    server.add("/up", Response(b"enough", 413, omit=["Date"], faults=faults), method="POST")
    with RawClient(server) as client:
        client.ask("/up", "Transfer-Encoding: chunked", method="POST", body=b"5\r\nbegun")
        expected = b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 6\r\nConnection: close\r\n\r\nen"
        assert seen(server, client, expected, RST) == (expected, RST)


def test_a_stall_ends_when_the_server_stops(root: Path) -> None:
    with FeedServer(root) as server:
        server.add("/f", Response(BODY, faults=parse("stall after 10")))
        with RawClient(server) as client:
            client.ask("/f")
            [exchange] = server.wait_for("/f")
            assert exchange.faults
            server.stop()
    assert exchange.ended == "server stopped"


def test_a_stall_ends_when_a_client_leaves_after_sending_much_more(server: FeedServer) -> None:
    server.add("/f", Response(BODY, faults=parse("stall after 10")))
    with RawClient(server) as client:
        client.ask("/f")
        [exchange] = server.wait_for("/f")
        assert exchange.faults
        for _ in range(100):
            client.send(b"GET /ok HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" * 200)
    assert exchange.ended.startswith("stalled until the client left")


def test_a_stall_ends_when_a_client_has_closed_its_sending_side(server: FeedServer) -> None:
    ended = threading.Event()

    def answer(request: Request) -> Response:
        assert ended.wait(TIMEOUT)
        return Response(BODY, faults=parse("stall after 10"))

    def states() -> list[str]:
        return [connection.state for connection in server.connections]

    server.add("/f", answer)
    with RawClient(server) as client:
        client.ask("/f")
        client.socket.shutdown(socket.SHUT_WR)  # to the server, the client seems to be gone
        assert server.journal.wait_until(lambda: states() == ["finishing"], TIMEOUT)
        ended.set()
        assert client.read_to_end().endswith(BODY[:10])
    assert server.journal.exchanges[0].ended == "stalled until the client left"
