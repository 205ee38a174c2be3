"""A fault that could not be injected is reported, with the reason."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import ClassVar

import pytest

from faulty_answers import BODY, problems, raw_answer
from feedserver import FeedServer, Request, Response, Strike, VerificationError
from feedserver.faults import (
    BadChunkSize,
    Close,
    CorruptGzip,
    EarlyAnswer,
    FalseCoding,
    Fault,
    Layer,
    MissingLastChunk,
    Reset,
    SlowBody,
    SlowHeaders,
    When,
    parse,
)
from feedserver.handler import fault_injection
from feedserver.http import response_writer
from feedserver.messages.pacing import Pace
from feedserver.messages.send_plan import Plan, Read, Send, SendHead
from rawclient import RawClient


@pytest.fixture
def tagged(server: FeedServer, root: Path) -> Iterator[FeedServer]:
    (root / "a.xml").write_text('<!--\nHeader: ETag: "v1"\nFault: reset after 5000\n--><feed/>')
    yield server
    server.site.problems.take()


def test_a_fault_whose_answer_was_a_304_is_reported(tagged: FeedServer, root: Path) -> None:
    assert raw_answer(tagged, "/a.xml", 'If-None-Match: "v1"').startswith(b"HTTP/1.1 304 ")
    assert problems(tagged) == (
        f"{root / 'a.xml'}: the fault 'reset after 5000' was not injected: the answer to GET /a.xml was a 304, which "
        "has no body; ask without validators, or break it 'before answer' or 'after headers'"
    )
    assert tagged.journal.exchanges[0].faults == ()


def test_a_fault_that_finds_no_body_in_an_answer_to_head_is_reported(tagged: FeedServer, root: Path) -> None:
    assert raw_answer(tagged, "/a.xml", method="HEAD").startswith(b"HTTP/1.1 200 ")
    assert problems(tagged) == (
        f"{root / 'a.xml'}: the fault 'reset after 5000' was not injected: the answer to HEAD /a.xml has no body; "
        "ask with GET, or break it 'before answer' or 'after headers'"
    )


def test_a_fault_beyond_the_body_is_reported_as_soon_as_the_answer_is_there(server: FeedServer) -> None:
    server.add("/f", Response(b"x" * 100, faults=Reset(after=512)))
    with RawClient(server) as client:
        for _ in range(20):
            assert client.get("/f").body == b"x" * 100
            assert problems(server) == (
                "/f: the fault 'reset after 512' was not injected: it has no place in the answer to GET /f, a 200 of "
                "100 bytes over HTTP/1.1; use a longer body, or break it earlier"
            )


def test_a_fault_that_finds_no_place_is_noted_before_the_last_bytes_are_sent() -> None:
    request, fault = Request("GET", "/f"), Reset(after=512)
    shaped = fault_injection.shape(request, Response(b"x" * 100, faults=fault))
    head = response_writer.make_head(request, shaped.response, keep_alive=True)
    missed: list[Fault] = []
    plan = fault_injection.break_plan(response_writer.plan(head, shaped.response, "GET"), shaped, missed.append)
    noted = {type(step): missed.copy() for step in plan}
    assert noted == {SendHead: [], Send: [fault], Read: [fault]}


@pytest.mark.parametrize(
    ("fault", "headers", "version"),
    [
        (MissingLastChunk(), (), "1.0"),
        (EarlyAnswer(), (), "1.1"),
        (CorruptGzip(after=5000), (), "1.1"),
        (CorruptGzip(after=4), (), "1.1"),
        (CorruptGzip(after=9), (), "1.1"),
        (FalseCoding("gzip"), ("Range: bytes=0-0",), "1.1"),
        (FalseCoding("GZIP"), (), "1.1"),
        (FalseCoding("x-gzip"), (), "1.1"),
        (BadChunkSize(f"0{len(BODY):X}"), (), "1.1"),
        (SlowBody(Pace(len(BODY), 5)), (), "1.1"),
        (SlowHeaders(Pace(5000, 5)), (), "1.1"),
        (FalseCoding("identity, GZIP"), (), "1.1"),
        (BadChunkSize(f"{len(BODY):x};a=b"), (), "1.1"),
        (Close(after=len(BODY)), (), "1.1"),
        (Close(after=len(BODY)), (), "1.0"),
    ],
)
def test_a_fault_that_does_not_apply_to_the_answer_is_reported(
    server: FeedServer, fault: Fault, headers: tuple[str, ...], version: str
) -> None:
    coding = "gzip" if isinstance(fault, FalseCoding) else None
    server.add("/f", Response(BODY, coding=coding, faults=fault))
    raw_answer(server, "/f", *headers, version=version)
    assert f"the fault '{fault}' was not injected" in problems(server)


@pytest.mark.parametrize(
    ("fault", "remedy"),
    [
        (SlowBody(Pace(len(BODY), 5)), "give a pace of fewer bytes, so that it comes in several pieces"),
        (FalseCoding("gzip"), "use a body that is not empty, and name a coding that it is not in"),
        (BadChunkSize(f"{len(BODY):x}"), "ask over HTTP/1.1, and give a size that the first chunk does not have"),
    ],
)
def test_a_fault_that_leaves_the_answer_whole_has_a_remedy_of_its_own(
    server: FeedServer, fault: Fault, remedy: str
) -> None:
    server.add("/f", Response(BODY, coding="gzip" if isinstance(fault, FalseCoding) else None, faults=fault))
    raw_answer(server)
    assert problems(server).endswith(f"; {remedy}")


@pytest.mark.parametrize(
    ("fault", "remedy"),
    [
        (SlowHeaders(Pace(5000, 5)), "give a pace of fewer bytes, so that it comes in several pieces"),
        (SlowBody(Pace(1, 5)), "ask with GET, or break it 'before answer' or 'after headers'"),
        (Close(after="headers"), "break it earlier, or have the client keep the connection open"),
        (Close(after=5), "ask with GET, or break it 'before answer' or 'after headers'"),
    ],
)
def test_a_fault_that_finds_no_place_in_an_answer_to_head_is_reported_with_a_remedy(
    server: FeedServer, fault: Fault, remedy: str
) -> None:
    server.add("/f", Response(BODY, faults=fault))
    raw_answer(server, method="HEAD")
    assert problems(server).endswith(remedy)


def test_a_close_at_the_end_of_an_answer_counts_as_injected_whatever_the_client_asked_for(server: FeedServer) -> None:
    server.add("/f", Response(BODY, faults=Close(at="end")))
    assert raw_answer(server).endswith(BODY)  # this client has asked for a close
    with RawClient(server) as client:
        client.ask("/f")
        assert client.read_to_end().endswith(BODY)
    assert [len(exchange.faults) for exchange in server.journal.exchanges] == [1, 1]
    server.verify()


@pytest.mark.parametrize(("after", "is_reported"), [(10, True), (20, True), (22, True), (23, False), (24, False)])
def test_a_corrupt_byte_in_the_file_name_of_a_gzip_is_reported_and_a_later_one_is_injected(
    server: FeedServer, after: int, is_reported: bool
) -> None:
    file = BytesIO()
    with gzip.GzipFile("all-feeds.xml", "wb", fileobj=file) as coded:
        coded.write(BODY)
    server.add("/f", Response(file.getvalue(), headers={"Content-Encoding": "gzip"}, faults=CorruptGzip(after=after)))
    answer = raw_answer(server, "/f")
    body = answer.partition(b"\r\n\r\n")[2]
    if is_reported:
        assert "nothing checks the bytes 4 to 9 and the name" in problems(server)
    else:
        server.verify()
    assert (body == file.getvalue()) is is_reported


def test_a_corrupt_gzip_after_the_end_is_injected_since_some_clients_check_that(server: FeedServer) -> None:
    member = gzip.compress(b"<rss/>")
    coded = {"Content-Encoding": "gzip"}
    server.add("/f", Response(member + b"\0" * 9, headers=coded, faults=CorruptGzip(after=len(member))))
    body = raw_answer(server).partition(b"\r\n\r\n")[2]
    with pytest.raises(gzip.BadGzipFile):
        gzip.decompress(body)
    server.verify()


def test_a_fault_that_another_one_prevented_is_reported(server: FeedServer) -> None:
    server.add("/f", Response(BODY, faults=[Close(after=10), Reset(after=20)]))
    raw_answer(server)
    message = problems(server)
    assert "the fault 'reset after 20' was not injected" in message
    assert message.endswith("; use a longer body, or break it earlier, or drop the faults that end it first")
    assert server.journal.exchanges[0].faults == (Strike("close after 10", 10),)


@pytest.mark.parametrize(
    ("void", "by"),
    [
        *((void, "reset before answer") for void in ("false coding", "two content-lengths", "NUL", "redirect loop")),
        *((void, "garbage") for void in ("bomb 1 MB", "bad status line", "NUL in ETag")),
        *((void, "close before answer") for void in ("interim", "slow headers", "endless headers", "HTTP/0.9")),
        *((void, "HTTP/0.9") for void in ("false coding br", "trailers", "chunk extensions", "bad status line")),
        ("slow body", "close after headers"),
    ],
)
def test_a_fault_in_a_part_that_another_fault_leaves_out_is_reported(server: FeedServer, void: str, by: str) -> None:
    server.add("/f", Response(BODY, faults=[parse(void), parse(by)]))
    with RawClient(server) as client:
        client.ask("/f")
        [exchange] = server.wait_for("/f")
        assert [strike.fault for strike in exchange.faults] == [str(parse(by))]
    assert f"the fault '{parse(void)}' was not injected" in problems(server)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("truncated gzip", "HTTP/0.9"),
        ("bomb 1 MB", "reset after headers"),
        ("redirect loop", "close after headers"),
        ("interim", "reset after headers"),
        ("interim", "garbage"),
    ],
)
def test_faults_of_different_parts_are_injected_together(server: FeedServer, first: str, second: str) -> None:
    server.add("/f", Response(BODY, faults=[parse(second), parse(first)]))
    raw_answer(server)
    server.verify()


@pytest.mark.parametrize("first", ["reset before answer", "close before answer"])
def test_of_two_faults_before_the_answer_the_first_one_is_injected(server: FeedServer, first: str) -> None:
    server.add("/f", Response(BODY, faults=[parse(first), parse("close before answer on request 1")]))
    with RawClient(server) as client:
        client.ask("/f")
        [exchange] = server.wait_for("/f")
        assert [strike.fault for strike in exchange.faults] == [first]
    problem = problems(server)
    assert problem.count("was not injected") == 1
    assert "the fault 'close before answer on request 1' was not injected" in problem


@pytest.mark.parametrize("text", ["reset after 100", "close after 100", "false coding br", "missing last chunk"])
def test_a_fault_given_twice_is_injected_once_and_missed_once(server: FeedServer, text: str) -> None:
    server.add("/f", Response(BODY, faults=[parse(text), parse(text)]))
    raw_answer(server)
    assert [strike.fault for strike in server.journal.exchanges[0].faults] == [text]
    assert problems(server).count(f"the fault '{text}' was not injected") == 1


@pytest.mark.parametrize("text", ["interim 103", "nothing", "redirect loop"])
def test_a_fault_given_twice_is_injected_twice_if_possible(server: FeedServer, text: str) -> None:
    server.add("/f", Response(BODY, faults=[parse(text), parse(text)]))
    raw_answer(server)
    assert [strike.fault for strike in server.journal.exchanges[0].faults] == [text, text]
    server.verify()


def test_a_fault_that_needs_no_body_is_injected_into_304_and_head_too(server: FeedServer) -> None:
    server.add("/f", Response(BODY, headers={"ETag": '"v1"'}, omit=["Date"], faults=Reset(after="headers")))
    assert raw_answer(server, "/f", 'If-None-Match: "v1"').startswith(b"HTTP/1.1 304 Not Modified\r\n")
    assert raw_answer(server, method="HEAD").endswith(b"\r\n\r\n<RST>")
    assert [exchange.ended for exchange in server.journal.exchanges] == ["reset", "reset"]
    server.verify()


@dataclass(frozen=True)
class HeadAlone(Fault):
    """Sends the head, and neither says how the answer ends nor that it is injected."""

    layer: ClassVar[Layer] = Layer.END

    @property
    def words(self) -> str:
        return "head alone"

    def apply(self, plan: Plan) -> Plan:
        return islice(plan, 1)


def test_a_fault_that_leaves_out_the_end_of_the_answer_and_notes_nothing_is_reported(server: FeedServer) -> None:
    server.add("/f", Response(BODY, faults=HeadAlone()))
    assert raw_answer(server).endswith(b"\r\n\r\n")
    assert problems(server).startswith("/f: the fault 'head alone' was not injected: it has no place")


class AsyncTrigger(When):
    """A trigger that never runs: a call of `strikes` returns a coroutine, which would count as True."""

    async def strikes(self, number: int) -> bool:  # type: ignore[override]
        """Return False."""
        return number < 0

    def __str__(self) -> str:
        return "never"


class GeneratorTrigger(When):
    """A trigger that never runs: a call of `strikes` returns a generator, which would count as True."""

    def strikes(self, number: int) -> Iterator[bool]:  # type: ignore[override]
        """Yield False."""
        yield number < 0

    def __str__(self) -> str:
        return "never"


@pytest.mark.parametrize("trigger", [AsyncTrigger(), GeneratorTrigger()], ids=["async", "generator"])
def test_a_trigger_that_would_not_run_makes_an_answer_of_500_and_a_problem(trigger: When) -> None:
    with FeedServer() as server:
        server.add("/a", Response("whole", faults=[Reset(after=2, when=trigger)]))
        with RawClient(server) as client:
            assert client.get("/a").status == 500
        with pytest.raises(VerificationError, match=r"strikes\(\) of .*Trigger returned .*, which has not run; give a"):
            server.verify()
