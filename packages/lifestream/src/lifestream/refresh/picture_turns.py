"""Which picture is fetched next: the feeds take turns, so that slow pictures of one feed do not hold up the others.

A feed, and a host, may have a few fetches under way. A fetch that takes long moves aside: it goes on, and another one
begins in its place. A fetch that has moved aside still counts for its feed and its host. If too many have moved aside,
the first of these is cancelled.
"""

from __future__ import annotations

import asyncio
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Coroutine
from typing import Final, TypeVar

_T = TypeVar("_T")

AT_ONCE: Final = 16
"""How many pictures are fetched at once, besides those that have moved aside."""
OF_A_HOST: Final = 4
"""How many pictures may be fetched at once from one host."""
OF_A_FEED: Final = 4
"""How many pictures may be fetched at once for one feed."""
ASIDE: Final = 16
"""How many fetches may have moved aside."""
SLOW: Final = 3.0
"""After how many seconds a fetch moves aside."""


class GivenUp(Exception):
    """The fetch of a picture was cancelled: it was slow, and so were too many others."""


class _Waiter:
    def __init__(self, host: str) -> None:
        self.host = host
        self.turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()


class FetchTurns:
    """The turns of one event loop. Each argument is explained at the constant that is its default; if `slow` is changed
    later, the new value counts for the fetches that begin afterwards.
    """

    def __init__(
        self,
        at_once: int = AT_ONCE,
        of_a_host: int = OF_A_HOST,
        of_a_feed: int = OF_A_FEED,
        aside: int = ASIDE,
        slow: float = SLOW,
    ) -> None:
        self._free, self._of_a_host, self._of_a_feed = at_once, of_a_host, of_a_feed
        self._most_aside, self.slow = aside, slow
        self._hosts: Counter[str] = Counter()
        self._feeds: Counter[int] = Counter()
        self._waiting: OrderedDict[int, deque[_Waiter]] = OrderedDict()
        """By feed. The first feed is the next to get a turn."""
        self._aside: dict[asyncio.Task[object], int] = {}

    def is_slow(self, feed: int) -> bool:
        """Return whether a fetch for *feed* has moved aside. Any thread may ask."""
        return feed in [*self._aside.values()]

    async def take(self, feed: int, host: str, fetch: Callable[[], Coroutine[object, object, _T]]) -> _T:
        """Return the result of *fetch*, which is called when it is the turn of *feed*. Raises `GivenUp` if the fetch
        is cancelled in favour of others, and what *fetch* raises.
        """
        waiter = _Waiter(host)
        self._waiting.setdefault(feed, deque()).append(waiter)
        self._begin()
        try:
            await waiter.turn
        except asyncio.CancelledError:
            self._leave(feed, waiter)
            raise
        task = asyncio.ensure_future(fetch())
        is_aside = False
        try:
            await asyncio.wait({task}, timeout=self.slow)
            if not task.done():
                is_aside = True
                self._move_aside(task, feed)
            return await task
        except asyncio.CancelledError:
            if task.cancelled() and is_aside and task not in self._aside:
                raise GivenUp from None
            task.cancel()
            raise
        finally:
            self._aside.pop(task, None)
            self._end(feed, host, counted=not is_aside)

    def _begin(self) -> None:
        """Give turns to those who wait, one per feed and round, as long as there are free ones."""
        begun = True
        while begun and self._free:
            begun = False
            for feed in [*self._waiting]:
                waiter = self._next_of(feed) if self._free else None
                if waiter is None:
                    continue
                begun = True
                self._free -= 1
                self._hosts[waiter.host] += 1
                self._feeds[feed] += 1
                self._remove(feed, waiter)
                if feed in self._waiting:
                    self._waiting.move_to_end(feed)
                waiter.turn.set_result(None)

    def _next_of(self, feed: int) -> _Waiter | None:
        if self._feeds[feed] >= self._of_a_feed:
            return None
        for waiter in self._waiting[feed]:
            if self._hosts[waiter.host] < self._of_a_host and not waiter.turn.cancelled():
                return waiter
        return None

    def _move_aside(self, task: asyncio.Task[object], feed: int) -> None:
        if len(self._aside) >= self._most_aside:
            first = next(iter(self._aside))
            del self._aside[first]
            first.cancel()
        self._aside[task] = feed
        self._free += 1
        self._begin()

    def _end(self, feed: int, host: str, *, counted: bool) -> None:
        self._hosts -= Counter((host,))  # subtraction drops counts of zero
        self._feeds -= Counter((feed,))
        self._free += counted
        self._begin()

    def _leave(self, feed: int, waiter: _Waiter) -> None:
        if waiter.turn.done() and not waiter.turn.cancelled():
            self._end(feed, waiter.host, counted=True)
        else:
            self._remove(feed, waiter)

    def _remove(self, feed: int, waiter: _Waiter) -> None:
        waiting = self._waiting[feed]
        waiting.remove(waiter)
        if not waiting:
            del self._waiting[feed]
