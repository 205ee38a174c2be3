"""The memory of all bodies that are being received is limited: some wait, and the largest are given up."""

from __future__ import annotations

import asyncio
import gc
import gzip
import os
import sys
import zlib
from collections.abc import Iterator

import brotli
import pytest

from factories import make_feed, make_subscription
from feedserver import FeedServer, Response
from feedserver.faults import EndlessBody
from guards import allowing
from lifestream.fetcher.body_budget import Crowded, Memory, Share
from lifestream.fetcher.content_decoding import Body
from lifestream.fetcher.fetch import Fetcher
from lifestream.fetcher.inflaters import PIECE, ZSTD_MAGIC, Zlib
from lifestream.fetcher.outcomes import Failed, Fetched, FetchRequest, Outcome
from lifestream.plugins.item_pipeline import Prepared
from lifestream.refresh import refresh
from served import feed

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

LOOPBACK = allowing("127.0.0.0/8")


@pytest.fixture
def server() -> Iterator[FeedServer]:
    with FeedServer() as server:
        yield server


async def grown(memory: Memory, *sizes: int) -> list[Share]:
    """Return shares of these sizes, which all are still growing."""
    shares = [memory.share() for _ in sizes]
    for share, size in zip(shares, sizes, strict=True):
        await share.grow(size)
    return shares


def test_bodies_that_fit_together_grow_without_waiting() -> None:
    async def main() -> None:
        shares = await grown(Memory(100, small=10), 50, 50)
        assert [share.given_up for share in shares] == [False, False]

    asyncio.run(main())


def test_the_largest_body_is_given_up_and_released_at_once() -> None:
    async def main() -> None:
        memory, forgotten = Memory(100, small=10), []
        large, other = await grown(memory, 60, 30)
        large.forget = lambda: forgotten.append("large")
        await other.grow(20)
        assert (large.given_up, other.given_up, forgotten) == (True, False, ["large"])
        with pytest.raises(Crowded):
            await large.grow(1)

    asyncio.run(main())


def test_the_growing_body_is_given_up_if_it_is_the_largest() -> None:
    async def main() -> None:
        _, large = await grown(Memory(100, small=10), 40, 50)
        with pytest.raises(Crowded):
            await large.grow(20)

    asyncio.run(main())


def test_small_bodies_are_always_accepted_and_cause_none_to_be_given_up() -> None:
    async def main() -> None:
        shares = await grown(Memory(100, small=10), 95, *[10] * 20)
        assert not any(share.given_up for share in shares)

    asyncio.run(main())


def test_a_growing_body_waits_for_a_finished_one_and_has_no_deadline_meanwhile() -> None:
    async def main() -> None:
        memory = Memory(100, small=10)
        done, growing = await grown(memory, 80, 10)
        done.finish()
        async with asyncio.timeout(60) as growing.deadline:
            before = growing.deadline.when()
            waiting = asyncio.create_task(growing.grow(30))
            await asyncio.sleep(0)
            assert not waiting.done()
            assert growing.deadline.when() is None, "no deadline passes meanwhile"
            done.leave()
            await waiting
            assert before is not None
            assert (growing.deadline.when() or 0) > before
        assert growing.size == 40

    asyncio.run(main())


def test_a_body_that_waits_can_be_cancelled() -> None:
    async def main() -> None:
        memory = Memory(100, small=10)
        done, growing = await grown(memory, 80, 10)
        done.finish()
        waiting = asyncio.create_task(growing.grow(30))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting

    asyncio.run(main())


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_a_bomb_inflates_a_piece_at_a_time(coding: str) -> None:
    data = (gzip.compress if coding == "gzip" else zlib.compress)(bytes(20 * PIECE))
    body = Body(coding, cap=20 * PIECE)
    pieces = list(body.pieces(data))
    assert sum(pieces) == 20 * PIECE + Zlib.window
    assert max(pieces) <= PIECE


@pytest.mark.parametrize("coding", ["br", "zstd"])
def test_the_window_of_a_coding_counts_while_its_body_comes(coding: str) -> None:
    data = brotli.compress(bytes(3 << 20)) if coding == "br" else zstd.compress(bytes(3 << 20))
    body = Body(coding, cap=4 << 20)
    assert sum(body.pieces(data)) + sum(body.last_pieces()) == 2 * (3 << 20)
    assert len(body.finish()) == 3 << 20


def in_raw_blocks(data: bytes) -> bytes:
    """Return *data* in a frame of Zstandard that has a window of 8 MiB and no last block (RFC 8878 §3.1.1)."""
    blocks = [data[start : start + (1 << 17)] for start in range(0, len(data), 1 << 17)]
    return ZSTD_MAGIC + b"\0\x68" + b"".join((len(block) << 3).to_bytes(3, "little") + block for block in blocks)


def test_codings_in_codings_take_no_memory_beside_the_budget(server: FeedServer) -> None:
    gzip_with_a_long_name = b"\x1f\x8b\x08\x08" + bytes(6) + b"n" * (4 << 20)
    bomb = zstd.compress(in_raw_blocks(in_raw_blocks(gzip_with_a_long_name)))[:-3]
    server.add("/bomb", Response(bomb, headers={"Content-Encoding": "zstd, zstd, zstd"}))

    async def main() -> Outcome:
        async with Fetcher(LOOPBACK, user_agent="lifestream") as fetcher:
            return await fetcher.fetch(FetchRequest(server.url("/bomb")), Memory(8 << 20).share())

    outcome = asyncio.run(main())
    assert isinstance(outcome, Failed)
    assert (outcome.kind, "too large together" in outcome.message) == ("too large", True)


def test_a_finished_body_holds_no_windows_any_more() -> None:
    async def main() -> None:
        memory = Memory(100, small=10)
        coded, other = await grown(memory, 80, 20)
        coded.finish(40)
        await asyncio.wait_for(other.grow(30), 1)
        assert (coded.size, other.size) == (40, 50)

    asyncio.run(main())


def test_the_largest_of_answers_that_are_too_large_together_costs_no_smaller_one(server: FeedServer) -> None:
    server.add("/endless", Response("x", faults=EndlessBody()))
    server.add("/feed", Response("<rss/>" * 100))
    memory = Memory(1_000_000, small=100_000)

    async def fetched(fetcher: Fetcher, path: str) -> Outcome:
        share = memory.share()
        outcome = await fetcher.fetch(FetchRequest(server.url(path)), share)
        share.leave()  # as if the body were parsed at once
        return outcome

    async def main() -> list[Outcome]:
        async with Fetcher(LOOPBACK, user_agent="lifestream") as fetcher:
            return await asyncio.gather(*(fetched(fetcher, path) for path in ("/endless", "/feed", "/endless")))

    one, honest, other = asyncio.run(main())
    assert isinstance(honest, Fetched)
    assert isinstance(one, Failed) and isinstance(other, Failed)


def test_an_answer_that_takes_most_of_the_memory_fails_with_the_reason(server: FeedServer) -> None:
    server.add("/endless", Response("x", faults=EndlessBody()))

    async def main() -> Outcome:
        memory = Memory(1_000_000, small=100_000)
        await grown(memory, 400_000)
        async with Fetcher(LOOPBACK, user_agent="lifestream") as fetcher:
            return await fetcher.fetch(FetchRequest(server.url("/endless")), memory.share())

    outcome = asyncio.run(main())
    assert isinstance(outcome, Failed)
    assert outcome.kind == "too large"
    assert outcome.message == (
        "the answers that came at once were too large together, and this one was given up as the largest"
    )


def test_an_answer_that_is_given_up_because_there_are_many_is_not_to_blame(server: FeedServer) -> None:
    server.add("/feed", Response("<rss/>" + " " * 400_000))

    async def main() -> Outcome:
        memory = Memory(1_000_000, small=100_000)
        await grown(memory, 300_000, 300_000, 100_000)
        async with Fetcher(LOOPBACK, user_agent="lifestream") as fetcher:
            return await fetcher.fetch(FetchRequest(server.url("/feed")), memory.share())

    outcome = asyncio.run(main())
    assert isinstance(outcome, Failed)
    assert outcome.kind == "shortage"
    assert outcome.message == "the answers that came at once were too large together: lower LIFESTREAM_CONCURRENCY"


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_parsed_documents_are_released_once_they_are_stored(server: FeedServer) -> None:
    for number in range(5):
        server.add(f"/{number}", feed((f"{number}",)))
        make_subscription(make_feed(server.url(f"/{number}")))
    gc.collect()
    # The type is compared: `isinstance` would ask for the class of lazy objects, which other tests have left behind.
    before = {id(each) for each in gc.get_objects() if type(each) is Prepared}  # such as parameters of tests
    gc.disable()
    try:
        report = refresh()
        left = [each for each in gc.get_objects() if type(each) is Prepared and id(each) not in before]
    finally:
        gc.enable()
    assert report.new == 5
    assert left == [], "documents in reference cycles pile up until the garbage collector runs"


@pytest.mark.parametrize("coding", ["", "gzip"])
@pytest.mark.parametrize("rest", [0, 100_000])
def test_a_body_that_is_given_up_between_two_reads_fails_for_that_reason(coding: str, rest: int) -> None:
    """Bytes that come later continue what was forgotten: they are read neither as a document nor as a broken coding."""
    data = os.urandom(400_000)
    data = gzip.compress(data) if coding else data

    async def main() -> Outcome:
        given_up = asyncio.Event()

        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(f"HTTP/1.1 200 OK\r\nContent-Encoding: {coding}\r\nConnection: close\r\n\r\n".encode())
            writer.write(data[:300_000])
            await given_up.wait()
            writer.write(data[300_000 : 300_000 + rest])
            await writer.drain()
            writer.close()

        memory = Memory(400_000, small=1000)
        share, other = memory.share(), memory.share()
        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        async with server, Fetcher(LOOPBACK, user_agent="lifestream") as fetcher:
            fetching = asyncio.create_task(fetcher.fetch(FetchRequest(url), share))
            while share.size < 200_000:  # noqa: ASYNC110  no event says how large it is
                await asyncio.sleep(0.01)
            await other.grow(250_000)
            assert share.given_up
            given_up.set()
            return await fetching

    outcome = asyncio.run(main())
    assert isinstance(outcome, Failed)
    assert (outcome.kind, "too large together" in outcome.message) == ("too large", True)
