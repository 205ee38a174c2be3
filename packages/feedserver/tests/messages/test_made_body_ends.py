"""How a body that is made while it is sent ends: with its function, by an error, or when nobody wants it any more."""

from __future__ import annotations

import asyncio
import functools
import http.client
import sys
import threading
import time
import urllib.request
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from feedserver import FeedServer, Pace, Response, VerificationError
from feedserver.http.response_writer import MOST_HELD
from feedserver.messages.gate import NoLongerWanted
from problem_finding import reset
from rawclient import RawClient


def get(server: FeedServer) -> bytes:
    with urllib.request.urlopen(server.url("/f"), timeout=10) as answer:
        return bytes(answer.read())


def failing() -> Iterator[str]:
    yield "one"
    raise RuntimeError("in the middle")


async def failing_async() -> AsyncIterator[str]:
    yield "one"
    raise RuntimeError("in the middle")


def giving_up() -> Iterator[str]:
    yield "one"
    raise NoLongerWanted


async def giving_up_async() -> AsyncIterator[str]:
    yield "one"
    raise NoLongerWanted


def yields_numbers() -> Iterator[Any]:
    yield 5


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (failing, r"RuntimeError\('in the middle'\) at .*test_made_body_ends\.py:\d+"),
        (failing_async, r"RuntimeError\('in the middle'\) at .*test_made_body_ends\.py:\d+"),
        (giving_up, r"NoLongerWanted\(\) at .*test_made_body_ends\.py:\d+"),
        (giving_up_async, r"NoLongerWanted\(\) at .*test_made_body_ends\.py:\d+"),
        (yields_numbers, r"yields_numbers \(.*test_made_body_ends\.py:\d+\) yielded 5; yield bytes or text"),
    ],
)
def test_an_error_breaks_the_answer_off_and_is_reported(make: Any, words: str) -> None:
    with FeedServer() as server:
        server.add("/f", Response(make))
        with pytest.raises((http.client.IncompleteRead, ConnectionError)):
            get(server)
        assert server.journal.exchanges[-1].ended == "broken off"
        with pytest.raises(VerificationError, match=f"the answer to GET /f was broken off by .*{words}"):
            server.verify()


def test_no_client_has_the_whole_declared_length_if_the_function_raises() -> None:
    """The last part is sent only when the function has ended, since the function may raise after yielding that part."""
    with FeedServer() as server:
        for length in (3, 2):
            server.add("/f", Response(failing, headers={"Content-Length": str(length)}))
            with pytest.raises((http.client.IncompleteRead, ConnectionError)):
                get(server)
            with pytest.raises(VerificationError, match="broken off by RuntimeError"):
                server.verify()


def ends_late(*parts: str) -> Iterator[str]:
    yield from parts
    time.sleep(0.05)
    raise RuntimeError("too late")


@pytest.mark.parametrize(
    ("parts", "headers"),
    [
        (("one", ""), [("Content-Length", "3")]),
        ((), [("Content-Length", "0")]),
        (("", ""), [("Content-Length", "00")]),
        (("one",), [("Content-Length", " 3 ")]),
        (("one",), [("Content-Length", "+3")]),
        (("one",), [("Content-Length", "3"), ("Content-Length", "3")]),
        (("one",), [("Content-Length", "30"), ("Content-Length", "3")]),
        (("one",), [("Content-Length", f"{3:05000}")]),
        (("one",), [("Content-Length", "3"), ("Transfer-Encoding", "identity")]),
    ],
)
def test_no_client_has_a_whole_body_before_its_function_has_ended(
    parts: tuple[str, ...], headers: list[tuple[str, str]]
) -> None:
    """An empty part ends no wait, and clients read a length in any spelling."""

    def make() -> Iterator[str]:
        yield from ends_late(*parts)

    with FeedServer() as server:
        server.add("/f", Response(make, headers=headers))
        with RawClient(server) as client:
            client.ask("/f")
            head, _, body = client.read_to_end().partition(b"\r\n\r\n")
        assert not body
        assert bool(head) is any(parts), "without a byte of body, the head alone would be a whole answer"
        with pytest.raises(VerificationError, match="broken off by RuntimeError"):
            server.verify()


@pytest.mark.parametrize(("parts", "read"), [((), b""), (("", "more"), b"more")])
def test_a_made_body_with_a_declared_length_of_zero_is_answered(parts: tuple[str, ...], read: bytes) -> None:
    def make() -> Iterator[str]:
        yield from parts

    with FeedServer() as server:
        server.add("/f", Response(make, headers={"Content-Length": "0"}))
        with RawClient(server) as client:
            client.ask("/f")
            head, _, body = client.read_to_end().partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 ")
        assert body == read
        server.verify()


def test_more_than_the_declared_length_is_sent_when_the_function_has_ended() -> None:
    def more() -> Iterator[str]:
        yield from ("one", "two", "", "three")

    with FeedServer() as server:
        server.add("/f", Response(more, headers={"Content-Length": "3"}))
        with RawClient(server) as client:
            client.ask("/f")
            assert client.read_to_end().partition(b"\r\n\r\n")[2] == b"onetwothree"
        server.verify()


@pytest.mark.parametrize("length", ["0", "3", "5"])
def test_no_client_has_the_declared_length_before_a_function_that_yields_more_has_ended(length: str) -> None:
    with FeedServer() as server:
        server.add("/f", Response(functools.partial(ends_late, "one", "two"), headers={"Content-Length": length}))
        with RawClient(server) as client:
            client.ask("/f")
            body = client.read_to_end().partition(b"\r\n\r\n")[2]
        assert body in (b"", b"one" if length == "5" else b"")
        with pytest.raises(VerificationError, match="broken off by RuntimeError"):
            server.verify()


def test_a_body_without_end_is_sent_although_its_declared_length_is_small() -> None:
    def endless() -> Iterator[bytes]:
        while True:
            yield bytes(MOST_HELD // 4)

    with FeedServer() as server:
        server.add("/f", Response(endless, headers={"Content-Length": "3"}))
        with RawClient(server) as client:
            client.ask("/f")
            client.read_head()
            assert client.read_exactly(3 * MOST_HELD) == bytes(3 * MOST_HELD)
        server.verify()


@pytest.mark.slow
def test_bytes_that_were_held_back_are_sent_at_the_pace_of_the_answer() -> None:
    def endless() -> Iterator[bytes]:
        while True:
            yield bytes(MOST_HELD // 4)

    with FeedServer() as server:
        pace = Pace(bytes=64, seconds=0.05)
        server.add("/f", Response(endless, headers={"Content-Length": "100"}, pace=pace))
        with RawClient(server) as client:
            begun = time.monotonic()
            client.ask("/f")
            client.read_head()
            assert client.read_exactly(10 * 64) == bytes(10 * 64), "the first and what was held behind it"
            assert time.monotonic() - begun > 0.4, "nine waits of 50 ms"
        server.verify()


def test_a_large_part_that_was_held_back_is_cut_into_pieces_only_when_it_is_sent() -> None:
    """To cut a megabyte into such pieces at once would keep all other clients waiting for seconds."""
    asked_again, blocks = threading.Event(), []

    def large() -> Iterator[bytes]:
        blocks.append(sys.getallocatedblocks())
        yield bytes(MOST_HELD // 4)
        blocks.append(sys.getallocatedblocks())
        asked_again.set()
        gate.wait()

    with FeedServer() as server, RawClient(server) as client:
        gate = server.gate()
        server.add("/f", Response(large, headers={"Content-Length": "1"}, pace=Pace(bytes=2, seconds=0.001)))
        client.ask("/f")
        assert asked_again.wait(10)
        gate.open()
        client.read_head()
        assert client.read_exactly(3) == bytes(3)
    before, after = blocks
    assert after - before < MOST_HELD // 32


@pytest.mark.parametrize("leaves", ["the client", "the server"])
@pytest.mark.parametrize("kind", ["plain", "async", "sleeping"])
def test_a_body_that_is_no_longer_wanted_ends_at_once(leaves: str, kind: str) -> None:
    ended = threading.Event()
    with FeedServer() as server:
        gate = server.gate()

        def plain() -> Iterator[str]:
            try:
                yield "one"
                gate.wait(timeout=None)
            finally:
                ended.set()

        async def waits() -> AsyncIterator[str]:
            try:
                yield "one"
                if kind == "sleeping":
                    await asyncio.sleep(3600)
                await gate
            finally:
                ended.set()

        server.add("/f", Response(plain if kind == "plain" else waits))
        with RawClient(server) as client:
            client.ask("/f")
            client.read_head()
            assert client.read_exactly(8) == b"3\r\none\r\n"
            if leaves == "the server":
                server.stop()
                assert server.journal.exchanges[-1].ended == "server stopped"
                assert not server.listening.workers
            else:
                reset(client)
                assert server.journal.exchanges[-1].ended == "client left"
        assert ended.wait(10)
        server.verify()


@pytest.mark.parametrize("leaves", ["the client", "the server"])
@pytest.mark.parametrize("kind", ["at work", "at work, async", "at its end", "at its end, async"])
def test_what_goes_wrong_when_the_answer_is_over_is_reported_too(leaves: str, kind: str) -> None:
    working, goes_on = threading.Event(), threading.Event()

    def fail() -> None:
        working.set()
        assert goes_on.wait(10)
        raise RuntimeError("too late")

    def plain() -> Iterator[str]:
        try:
            yield "one"
            if kind == "at work":
                fail()
            yield "two" * 1_000_000  # more than the kernel takes
        finally:
            if kind == "at its end":
                fail()

    async def asynchronous() -> AsyncIterator[str]:
        try:
            yield "one"
            if kind == "at work, async":
                fail()
            yield "two" * 1_000_000
        finally:
            if kind == "at its end, async":
                fail()

    server = FeedServer().start()
    server.add("/f", Response(asynchronous if kind.endswith("async") else plain))
    with RawClient(server) as client:
        client.ask("/f")
        client.read_head()
        assert client.read_exactly(8) == b"3\r\none\r\n"
        if kind.startswith("at work"):
            assert working.wait(10)
        if leaves == "the client":
            reset(client)
            assert server.journal.exchanges[-1].ended == "client left"
            goes_on.set()
        stopping = threading.Thread(target=server.stop)
        stopping.start()
        if leaves == "the server":
            assert server.journal.exchanges[-1].ended == "server stopped"
            goes_on.set()
        stopping.join(10)
    function = "asynchronous" if kind.endswith("async") else "plain"
    late = rf"{function} \(.*\) raised RuntimeError\('too late'\) at .* when its answer to GET /f was over already$"
    with pytest.raises(VerificationError, match=late):
        server.verify()
    server.verify()
