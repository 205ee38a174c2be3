"""Feeds take turns when their pictures are fetched, and slow fetches move aside."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from lifestream.refresh.picture_turns import FetchTurns, GivenUp


class Fetches:
    """Fetches that go on until the test ends them. *begun* are the names of those that have begun, in order."""

    def __init__(self, turns: FetchTurns) -> None:
        self.turns = turns
        self.begun: list[str] = []
        self.ends: dict[str, asyncio.Event] = {}
        self.tasks: dict[str, asyncio.Task[str]] = {}

    def ask(self, feed: int, host: str, name: str = "") -> str:
        name = name or f"{feed}:{host}"

        async def fetch() -> str:
            self.begun.append(name)
            await self.ends[name].wait()
            return name

        self.ends[name] = asyncio.Event()
        self.tasks[name] = asyncio.get_running_loop().create_task(self.turns.take(feed, host, fetch))
        return name

    async def until_begun(self, count: int) -> None:
        for _ in range(100_000):
            if len(self.begun) >= count:
                return
            await asyncio.sleep(0)
        raise AssertionError(f"only {self.begun} have begun")

    async def end(self, name: str) -> None:
        self.ends[name].set()
        assert await self.tasks[name] == name
        await settled()


async def settled() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


def run(test: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(test, 60))


def test_sixteen_slow_hosts_of_one_feed_leave_turns_for_others() -> None:
    async def test() -> None:
        fetches = Fetches(FetchTurns())
        for number in range(16):
            fetches.ask(1, f"slow{number}.example")
        fetches.ask(2, "good.example")
        await settled()
        assert fetches.begun == [*(f"1:slow{number}.example" for number in range(4)), "2:good.example"]
        await fetches.end("2:good.example")
        await fetches.end("1:slow0.example")
        assert fetches.begun[5:] == ["1:slow4.example"]
        for task in fetches.tasks.values():
            task.cancel()

    run(test())


def test_feeds_take_turns_and_a_host_serves_few_at_once() -> None:
    async def test() -> None:
        fetches = Fetches(FetchTurns(at_once=1, of_a_host=1))
        for name in ("a", "b", "c"):
            fetches.ask(1, f"{name}.example")
        fetches.ask(2, "d.example")
        await settled()
        for name in ("1:a.example", "1:b.example", "2:d.example", "1:c.example"):
            assert fetches.begun[-1] == name
            await fetches.end(name)
        several = Fetches(FetchTurns(of_a_host=2))
        for feed in range(3):
            several.ask(feed, "one.example")
        await settled()
        assert len(several.begun) == 2
        await several.end("0:one.example")
        assert len(several.begun) == 3
        for feed in (1, 2):
            await several.end(f"{feed}:one.example")

    run(test())


def test_a_slow_fetch_moves_aside_and_still_counts_for_its_feed() -> None:
    async def test() -> None:
        turns = FetchTurns(at_once=1, of_a_feed=1, slow=0.0)
        fetches = Fetches(turns)
        slow, other, more = fetches.ask(1, "a.example"), fetches.ask(2, "b.example"), fetches.ask(1, "c.example")
        await fetches.until_begun(2)
        assert fetches.begun == [slow, other] and turns.is_slow(1)
        await fetches.end(other)
        assert fetches.begun == [slow, other], "the feed has no second turn"
        await fetches.end(slow)
        await fetches.until_begun(3)
        await fetches.end(more)
        assert not turns.is_slow(1)

    run(test())


def test_if_too_many_are_slow_the_first_of_them_is_given_up() -> None:
    async def test() -> None:
        turns = FetchTurns(at_once=1, aside=1, slow=0.0)
        fetches = Fetches(turns)
        first, second = fetches.ask(1, "a.example"), fetches.ask(2, "b.example")
        with pytest.raises(GivenUp):
            await fetches.tasks[first]
        await fetches.end(second)
        assert (turns._free, dict(turns._hosts), dict(turns._feeds), dict(turns._aside)) == (1, {}, {}, {})

    run(test())


@pytest.mark.parametrize("slow", [60.0, 0.0], ids=["in its turn", "aside"])
def test_a_fetch_that_is_cancelled_leaves_nothing_behind(slow: float) -> None:
    async def test() -> None:
        own = asyncio.all_tasks()
        turns = FetchTurns(at_once=1, slow=slow)
        fetches = Fetches(turns)
        first, second = fetches.ask(1, "a.example"), fetches.ask(1, "b.example")
        await fetches.until_begun(1 if slow else 2)
        for name in (second, first):
            fetches.tasks[name].cancel()
            with pytest.raises(asyncio.CancelledError):
                await fetches.tasks[name]
        await settled()
        assert asyncio.all_tasks() == own, "no fetch goes on"
        assert (turns._free, dict(turns._hosts), dict(turns._feeds), dict(turns._waiting)) == (1, {}, {}, {})

    run(test())


def test_a_fetch_that_fails_gives_its_turn_back() -> None:
    async def test() -> None:
        turns = FetchTurns(at_once=1)

        async def fail() -> None:
            raise ConnectionResetError

        for _ in range(3):
            with pytest.raises(ConnectionResetError):
                await turns.take(1, "a.example", fail)
        assert turns._free == 1

    run(test())
