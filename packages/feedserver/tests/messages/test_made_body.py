"""Bodies that are made while they are sent: part by part, on a thread of their own, for as long as the client reads."""

from __future__ import annotations

import asyncio
import functools
import http.client
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import closing
from typing import Any

import pytest

from feedserver import FeedServer, Request, Response, VerificationError
from feedserver.faults import Close, FalseCoding, Fault, Interim, Reset, ShortLength, SlowBody, Trailers, TruncatedGzip
from feedserver.messages.made_body import MadeBody
from feedserver.messages.pacing import Pace
from problem_finding import reset
from rawclient import RawClient


def parts() -> Iterator[Any]:
    yield "<rss>"
    yield b""
    yield "ü"
    yield bytearray(b"</rss>")


async def async_parts() -> AsyncIterator[str | bytes]:
    for part in parts():
        await asyncio.sleep(0)
        yield part


WHOLE = b"<rss>\xc3\xbc</rss>"


class CallableBody:
    """An object that makes a body by `__call__`."""

    def __call__(self) -> Iterator[str | bytes]:
        yield from parts()


def get(server: FeedServer, path: str, method: str = "GET") -> bytes:
    connection = http.client.HTTPConnection(server.host, server.port, timeout=10)
    with closing(connection):
        connection.request(method, path)
        return connection.getresponse().read()


@pytest.mark.parametrize(
    "make",
    [parts, async_parts, CallableBody(), functools.partial(parts), functools.partial(async_parts)],
    ids=["plain", "async", "object", "partial", "async partial"],
)
def test_a_response_is_used_again_and_its_body_made_again(make: Any) -> None:
    with FeedServer() as server:
        server.add("/f", Response(make))
        with RawClient(server) as client:
            for _ in range(3):
                answer = client.get("/f")
                assert answer.body == WHOLE
                assert answer.headers["Transfer-Encoding"] == "chunked"
                assert answer.headers["Date"]
            assert client.get("/f", method="HEAD").body == b""
            assert client.get("/f", version="1.0").body == WHOLE
        assert [exchange.ended for exchange in server.journal.exchanges] == ["complete"] * 5
        server.verify()


def test_a_part_is_sent_before_the_next_one_is_made() -> None:
    with FeedServer() as server:
        gate = server.gate()

        def gated() -> Iterator[str]:
            yield "one"
            gate.wait()
            yield "two"

        async def gated_async() -> AsyncIterator[str]:
            yield "one"
            await gate
            yield "two"

        def called(request: Request) -> Response:
            return Response(gated if request.query else gated_async)

        server.add("/plain", Response(gated))
        server.add("/async", Response(gated_async))
        server.add("/called", called)
        for path in ("/plain", "/async", "/called?plain", "/called"):
            connection = http.client.HTTPConnection(server.host, server.port, timeout=10)
            with closing(connection):
                connection.request("GET", path)
                answer = connection.getresponse()
                assert answer.read1() == b"one"
                assert not server.journal.exchanges[-1].is_over
                gate.release()
                assert answer.read() == b"two"
        server.verify()


def test_a_callable_may_be_async() -> None:
    async def answer(request: Request) -> Response:
        await asyncio.sleep(0)
        if request.query:
            raise ValueError("no")
        return Response(f"{threading.current_thread().name}")

    class Answering:
        async def __call__(self, request: Request) -> Response:
            return await answer(request)

    with FeedServer() as server:
        several: tuple[Any, ...] = (answer, Answering(), functools.partial(answer))
        for number, each in enumerate(several):
            server.add(f"/{number}", each)
            assert get(server, f"/{number}").startswith(b"feedserver: ")
        assert b"raised ValueError('no') at" in get(server, "/0?x")
        with pytest.raises(VerificationError, match=r"answer \(.*\) raised ValueError\('no'\) at .*test_made_body"):
            server.verify()


def test_an_exception_in_a_task_of_an_async_callable_or_body_is_reported() -> None:
    async def fail() -> None:
        raise ValueError("in a task")

    async def begin() -> None:
        task = asyncio.ensure_future(fail())
        await asyncio.wait([task])

    async def answer(_request: Request) -> Response:
        await begin()
        return Response("whole")

    async def parts() -> AsyncIterator[str]:
        await begin()
        yield "whole"

    with FeedServer() as server:
        server.add("/answer", answer)
        server.add("/parts", Response(parts))
        assert b"raised ValueError('in a task') at" in get(server, "/answer")
        with pytest.raises(
            VerificationError, match=r"answer \(.*\) raised ValueError\('in a task'\) at .*test_made_body"
        ):
            server.verify()
        with pytest.raises(http.client.IncompleteRead):
            get(server, "/parts")
        with pytest.raises(VerificationError, match=r"broken off by ValueError\('in a task'\) at .*test_made_body"):
            server.verify()


def test_an_async_callable_that_takes_too_long_is_reported_and_ended() -> None:
    ended = threading.Event()

    async def slow(_request: Request) -> Response:
        try:
            await asyncio.sleep(3600)
        finally:
            ended.set()
        return Response()

    with FeedServer(callable_timeout=0.05) as server:
        server.add("/slow", slow)
        assert b"did not answer GET /slow within 0.05 s" in get(server, "/slow")
        assert ended.wait(10)
        with pytest.raises(VerificationError, match=r"slow \(.*\) did not answer GET /slow within 0\.05 s"):
            server.verify()
        server.verify()


@pytest.mark.parametrize("kind", ["plain", "async"])
def test_a_callable_whose_client_leaves_is_ended_without_a_problem(kind: str) -> None:
    begun, ended = threading.Event(), threading.Event()

    def plain(_request: Request) -> Response:
        try:
            begun.set()
            gate.wait(timeout=None)
        finally:
            ended.set()
        return Response()

    async def waits(_request: Request) -> Response:
        try:
            begun.set()
            await gate
        finally:
            ended.set()
        return Response()

    with FeedServer() as server:
        gate = server.gate()
        server.add("/f", plain if kind == "plain" else waits)
        with RawClient(server) as client:
            client.ask("/f")
            assert begun.wait(10)
            reset(client)
        assert ended.wait(10)
        for worker in list(server.listening.workers):
            worker.join(10)
        server.verify()


def test_an_endless_body_is_made_no_faster_than_it_is_read() -> None:
    made = 0

    def endless() -> Iterator[bytes]:
        nonlocal made
        while True:
            made += 1
            yield bytes(65_536)

    with FeedServer() as server:
        server.add("/f", Response(endless))
        with RawClient(server) as client:
            client.ask("/f")
            client.read_head()
            client.read_exactly(3 * 65_536)
        assert server.journal.exchanges[-1].ended == "client left"
        assert server.journal.exchanges[-1].bytes_sent >= 3 * 65_536
        assert made <= server.journal.exchanges[-1].bytes_sent // 65_536 + 64, "no more than the kernel buffers"


def test_a_declared_length_is_sent_and_the_connection_closed() -> None:
    with FeedServer() as server:
        server.add("/f", Response(parts, headers={"Content-Length": "13"}))
        with RawClient(server) as client:
            answer = client.get("/f")
            assert (answer.body, answer.headers["Connection"]) == (WHOLE, "close")
            assert answer.headers["Content-Length"] == "13" and "Transfer-Encoding" not in answer.headers
            assert client.read_to_end() == b""


def test_a_made_body_has_a_pace_and_faults() -> None:
    faulty: list[tuple[Fault, bytes]] = [
        (Interim(102, ()), b"102 Processing"),
        (Trailers({"X-Sum": "1"}), b"0\r\nX-Sum: 1\r\n\r\n"),
        (FalseCoding("br"), b"Content-Encoding: br\r\n"),
        (SlowBody(Pace(4, 0.001)), b"5\r\n<rss>\r\n2\r\n\xc3\xbc\r\n"),
    ]
    with FeedServer() as server:
        for fault, expected in faulty:
            server.add("/f", Response(parts, faults=fault))
            with RawClient(server) as client:
                client.ask("/f", "Connection: close")
                assert expected in client.read_to_end(), fault
        closed: list[tuple[Fault, bytes]] = [
            (Close(after="headers"), b""),
            (Close(after=6), b"5\r\n<rss>\r\n2\r\n\xc3"),
        ]
        for fault, sent in closed:
            server.add("/f", Response(parts, faults=fault))
            with RawClient(server) as client:
                client.ask("/f", "Connection: close")
                assert client.read_to_end().partition(b"\r\n\r\n")[2] == sent, fault
        server.add("/f", Response(parts, pace="2 bytes every 10ms"))
        assert get(server, "/f") == WHOLE
        assert server.journal.exchanges[-1].duration >= 0.04
        server.add("/f", Response(parts, faults=Reset(after=5)))
        with pytest.raises(ConnectionResetError):
            get(server, "/f")
        server.verify()
        server.add("/f", Response(parts, faults=ShortLength(1)))
        assert get(server, "/f") == WHOLE
        with pytest.raises(VerificationError, match="the fault 'short content-length by 1' was not injected"):
            server.verify()


def test_a_made_body_is_neither_coded_nor_cut() -> None:
    with pytest.raises(ValueError, match="coding is 'gzip', and the body is made while it is sent; yield coded parts"):
        Response(parts, coding="gzip")
    with FeedServer() as server:
        server.add("/f", Response(parts, headers={"Accept-Ranges": "bytes"}))
        with RawClient(server) as client:
            answer = client.get("/f", "Range: bytes=0-1")
            assert (answer.status, answer.body) == (200, WHOLE)
        server.add("/f", Response(parts, faults=TruncatedGzip()))
        assert get(server, "/f") == WHOLE
        with pytest.raises(VerificationError, match="the fault 'truncated gzip' was not injected"):
            server.verify()


def test_a_304_and_an_answer_to_head_are_sent_without_making_the_body() -> None:
    def never() -> Iterator[bytes]:
        raise AssertionError
        yield b""

    with FeedServer() as server:
        server.add("/f", Response(never, headers={"ETag": '"v1"'}))
        with RawClient(server) as client:
            assert client.get("/f", 'If-None-Match: "v1"').status == 304
        assert get(server, "/f", "HEAD") == b""
        server.verify()


def test_a_gate_that_is_never_opened_is_reported() -> None:
    with FeedServer() as server:
        gate = server.gate()

        def gated() -> Iterator[str]:
            gate.wait(timeout=0.01)
            yield "one"

        server.add("/f", Response(gated))
        with pytest.raises((http.client.IncompleteRead, ConnectionError)):
            get(server, "/f")
        with pytest.raises(VerificationError, match=r"the gate was not opened within 0.01 s; call its release"):
            server.verify()


def test_bodies_made_by_the_same_function_are_equal() -> None:
    assert Response(parts) == Response(parts)
    assert Response(parts).body == MadeBody(parts)
    assert hash(Response(parts)) == hash(Response(parts))


def test_a_made_body_is_named_by_the_function_that_makes_it() -> None:
    make: Callable[[], Iterator[str | bytes]] = functools.partial(parts)
    assert str(MadeBody(parts)).startswith(f"parts ({__file__}:")
    assert str(MadeBody(make)) == "partial"
