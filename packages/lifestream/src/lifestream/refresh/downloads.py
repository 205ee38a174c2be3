"""Fetches many feeds at once: an event loop in a thread of its own, so that a long write never delays a download.

    caller's thread                       the loop's thread
    add(downloads) ─────────────────────▶ a queue per host ──▶ fetch
                                            ▲                    │
                                            └──── redirected ────┤
    put(event) ◀───────── Downloaded/Skipped ────────────────────┘

The downloads that run at once are limited, in all and per host, and so are the requests to a host per second.

A feed that is redirected to another host waits in that host's queue like all others, and takes no place while it waits:
however many feeds are redirected to a host, they and the host's own feeds share its limits.

A connection is kept open only while more feeds wait for its host, and for no more hosts than downloads may run at once:
each open connection takes a file descriptor, and a process may have few of them.

A body takes memory until it is read, so it keeps its share of the memory until `done` releases that: no request is sent
while too many bodies wait to be read, so the network never gets further ahead than the parsers can follow. When a host
says that it is overloaded (429, or 503 with Retry-After), the downloads that still wait for it are skipped. While a
worker holds a host, no other gets feeds of it (see `scheduler.leases`), so the host's budget can be kept here.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import Future
from dataclasses import dataclass, replace
from datetime import datetime
from types import TracebackType
from typing import Any, Final, Self

from lifestream.fetcher.body_budget import Memory, Share
from lifestream.fetcher.fetch import Fetcher, Redirected
from lifestream.fetcher.outcomes import Failed, Fetched, FetchRequest, Outcome
from lifestream.fetcher.shortage import (
    is_memory_limited,
    may_start_threads,
    require_files,
    require_memory,
    shortage_of,
    start_pool,
)
from lifestream.fetcher.url_hosts import host_of
from lifestream.message import say
from lifestream.scheduler.answering_host import host_that_answered
from lifestream.scheduler.jobs import Claimed
from lifestream.scheduler.schedule import pauses_host


@dataclass(frozen=True, slots=True)
class Download:
    """A feed to fetch for its *claim*. A download that was *started* and redirected to another host continues there
    with its *way*.
    """

    claim: Claimed
    request: FetchRequest
    way: Redirected | None = None
    started: datetime | None = None

    @property
    def host(self) -> str:
        """The name of the host to request."""
        return self.claim.host if self.way is None else host_of(self.way.trail.url)


@dataclass(frozen=True, slots=True)
class Downloaded:
    """The result of a download that began at *started*."""

    claim: Claimed
    outcome: Outcome
    started: datetime


@dataclass(frozen=True, slots=True)
class Skipped:
    """A download that was not tried, since its host asked for a pause."""

    claim: Claimed


class Downloads:
    """Runs downloads: a context manager; leaving it ends the thread, and cancels what is under way.

    *put* is called in the loop's thread with each `Downloaded` and `Skipped`, and with an exception if this thread
    itself fails, so that nobody waits for it. At most *concurrency* downloads run at once, and at most *per_host* of
    one host; a host has *rate* turns for requests in a second (0: any number), and a redirect within the host takes a
    turn without waiting for it. *pause* is called to wait for a turn. With *pauses_hosts*, a pause that a server asks
    for applies to all of its feeds. *memory* is the budget of all bodies.
    """

    def __init__(
        self,
        fetcher: Fetcher,
        put: Callable[[Downloaded | Skipped | BaseException], None],
        *,
        clock: Callable[[], datetime],
        concurrency: int,
        per_host: int,
        rate: float = 0.0,
        pauses_hosts: bool = True,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
        memory: Memory | None = None,
    ) -> None:
        self._fetcher = fetcher
        self._put = put
        self._clock = clock
        self._per_host = per_host
        self._apart = 1.0 / rate if rate else 0.0
        self._turns: dict[str, float] = {}
        self._pauses_hosts = pauses_hosts
        self._pause = pause
        self._memory = memory or Memory()
        self._bodies: dict[int, Share] = {}
        self._places = asyncio.Semaphore(concurrency)
        self._most_kept = concurrency
        self._kept = 0  # how many tasks keep a connection to their host open while they wait for their next turn
        self._waiting: dict[str, deque[Download]] = {}
        self._active: dict[str, int] = {}
        self._paused: dict[str, Failed] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._thread = threading.Thread(target=self._run, name="lifestream-downloads", daemon=True)
        self._started: Future[asyncio.AbstractEventLoop] = Future()
        self._loop: asyncio.AbstractEventLoop
        self._ended: asyncio.Event

    def __enter__(self) -> Self:
        require_files()
        require_memory()
        self._thread.start()
        self._loop = self._started.result()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._ended.set)
        self._thread.join()

    def add(self, downloads: Iterable[Download]) -> None:
        """Queue *downloads*."""
        self._loop.call_soon_threadsafe(self._enqueue, list(downloads))

    def done(self, claim: Claimed) -> None:
        """Release the memory of the `Fetched` for *claim*: its body has been read."""
        self._loop.call_soon_threadsafe(self._release_body, claim.feed)

    def _run(self) -> None:
        try:
            factory = _loop_factory()
            with asyncio.Runner(loop_factory=factory) as runner:
                if factory is not None:
                    runner.run(start_pool())
                runner.run(self._main())
        except BaseException as error:  # noqa: BLE001 - whoever waits for this thread raises it
            if self._started.done():
                self._put(error)
            else:
                self._started.set_exception(error)

    async def _main(self) -> None:
        self._ended = asyncio.Event()
        asyncio.get_running_loop().set_exception_handler(self._failed)
        async with self._fetcher:
            self._started.set_result(asyncio.get_running_loop())
            await self._ended.wait()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def _failed(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Pass on a shortage that made a callback of the loop fail: the result of the callback never comes."""
        error = context.get("exception")
        if isinstance(error, BaseException) and shortage_of(error) is not None:
            self._put(error)
        else:
            loop.default_exception_handler(context)

    def _enqueue(self, downloads: list[Download]) -> None:
        for download in downloads:
            host = download.host
            self._waiting.setdefault(host, deque()).append(download)
            if self._active.get(host, 0) < self._per_host:
                self._active[host] = self._active.get(host, 0) + 1
                task = asyncio.create_task(self._serve(host))
                self._tasks.add(task)
                task.add_done_callback(self._served)

    def _served(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._put(error)

    def _release_body(self, feed: int) -> None:
        self._bodies.pop(feed).leave()

    async def _serve(self, host: str) -> None:
        """Fetch the feeds that wait for *host*, one after the other."""
        waiting = self._waiting[host]
        server = ""
        keeps = False
        while waiting:
            await self._turn(host)  # before it takes a place that another host could use
            await self._places.acquire()
            await self._memory.admit()
            require_memory(_SPARE)
            self._kept -= keeps
            keeps = False
            if not waiting:  # another task of this host took the last one
                self._places.release()
                break
            download = waiting.popleft()
            started = download.started or self._clock()
            share = self._memory.share()
            server = host_of(download.way.trail.url if download.way else download.request.url)
            outcome = await self._fetcher.fetch_of_host(
                download.request, share, download.way, self._count, keeps=bool(waiting)
            )
            keeps = bool(waiting) and self._kept < self._most_kept
            self._kept += keeps
            if not keeps:
                await self._fetcher.leave(server)
            self._places.release()
            if isinstance(outcome, Redirected):
                share.leave()
                self._redirect(replace(download, way=outcome, started=started))
                continue
            if isinstance(outcome, Fetched):
                self._bodies[download.claim.feed] = share
            self._put(Downloaded(download.claim, outcome, started))
            speaks_for_host = self._pauses_hosts and not download.request.options.has_own_proxy
            if speaks_for_host and isinstance(outcome, Failed) and pauses_host(outcome):
                self._skip(host_that_answered(download.claim, outcome), outcome)
        self._kept -= keeps
        await self._fetcher.leave(server)
        self._active[host] -= 1
        if not self._active[host]:
            del self._active[host], self._waiting[host]

    def _redirect(self, download: Download) -> None:
        """Queue *download* at the host that it is redirected to, unless that host has asked for a pause."""
        if (pause := self._paused.get(download.host)) is not None:
            self._give_up(download, pause)
        else:
            self._enqueue([download])

    def _skip(self, host: str, pause: Failed) -> None:
        """Skip the downloads that wait for *host*, which asks for a *pause*."""
        self._paused[host] = pause
        waiting = self._waiting.get(host, ())
        while waiting:
            self._give_up(waiting.popleft(), pause)

    def _give_up(self, download: Download, pause: Failed) -> None:
        if download.way is None or download.started is None:
            self._put(Skipped(download.claim))
            return
        # The feed's own host has not asked for a pause: a feed that is only skipped would be requested again at once.
        url, message = download.way.trail.url, say("pause-of-other-host", host=download.host)
        failed = Failed("status", message, url, None, pause.headers, download.way.spent)
        self._put(Downloaded(download.claim, failed, download.started))

    async def _turn(self, host: str) -> None:
        """Wait until one more request to *host* is allowed."""
        if self._apart and (seconds := self._take_turn(host)) > 0:
            await self._pause(seconds)

    def _count(self, url: str) -> None:
        """Count a redirect to *url* within the same host as a request to it: the host's other feeds wait for it."""
        if self._apart:
            self._take_turn(host_of(url))

    def _take_turn(self, host: str) -> float:
        """Take the next turn at *host*. Return in how many seconds it is."""
        now = asyncio.get_running_loop().time()
        at = max(now, self._turns.get(host, now))
        self._turns[host] = at + self._apart
        return at - now


_SPARE: Final = 8 * 1024 * 1024
"""How many bytes of address space must be left when a download begins; otherwise the refresh ends. If a thread gets no
memory at all, CPython 3.11 may unwind the stack for ever, and keep the GIL (`exception_unwind` in ceval.c).
"""

_POOL: Final = 4
"""How many threads the pool of libuv has, unless UV_THREADPOOL_SIZE is set."""


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Return uvloop's loop factory if it is installed (the extra "speed") and may be used; otherwise None, for
    asyncio's own.

    uvloop takes a fifth less work for each request, but libuv ends the process (`abort`) when it gets no memory, where
    asyncio raises MemoryError. So it is not used under a limit on memory. libuv also ends the process when it cannot
    start the threads of its pool (`init_threads` in its src/threadpool.c); it starts them with the first connection.
    """
    if is_memory_limited():
        return None
    try:
        import uvloop
    except ImportError:
        return None
    if not may_start_threads(2 * _POOL):
        return None
    factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return factory
