"""Pictures of feeds, fetched for visitors: through the same guard as feeds, in one thread, a few at a time.

The feeds take turns (see `picture_turns`). A request for a page waits for no other server. So the thread that serves a
picture waits for a moment only, and only few threads wait at once. The fetch goes on when nobody waits for it any more,
and the picture is there when the browser asks again.
"""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from collections import Counter
from concurrent.futures import Future
from enum import Enum
from functools import lru_cache
from pathlib import Path
from typing import Final

from lifestream.conf import settings
from lifestream.content.image_dimensions import dimensions
from lifestream.fetcher.address_guard import AddressGuard
from lifestream.fetcher.body_budget import Memory
from lifestream.fetcher.fetch import Fetcher, FetchLimits
from lifestream.fetcher.outcomes import Failed, Fetched, FetchRequest, Outcome
from lifestream.fetcher.shortage import shortage_of
from lifestream.fetcher.url_hosts import host_of
from lifestream.refresh.factories import make_picture_fetcher
from lifestream.refresh.picture_cache import PictureCache
from lifestream.refresh.picture_turns import SLOW, FetchTurns, GivenUp
from lifestream.setting_values import Network

log = logging.getLogger(__name__)

LIMITS: Final = FetchLimits(timeout=15.0, max_body=8 * 1024 * 1024, max_redirects=5)
"""The limits of one picture."""
MOST_PIXELS: Final = 64_000_000
"""How many pixels a picture may have: a browser needs four bytes for each."""
MOST_UNDER_WAY: Final = 1000
"""How many pictures may be under way or queued. Further ones are not queued."""
MOST_OF_A_FEED: Final = 50
"""How many of these may be of one feed."""
MEMORY: Final = 48 * 1024 * 1024
"""How many bytes all of them may hold together while they are fetched."""
WAITING: Final = 3
"""How many threads may wait for pictures. By default a server has more, for its pages. None waits for a feed whose
pictures are slow.
"""
PATIENCE: Final = 3.0
"""For how many seconds such a thread waits at most."""


class NoPicture(Enum):
    """Why there is no picture: there is none at the address, or it is late and can be asked for again soon."""

    NONE = "none"
    LATE = "late"


class _Short(Exception):
    """A picture could not be fetched, because this machine lacks something or too many pictures are slow. That says
    nothing about the picture.
    """


class Pictures:
    """Fetches pictures into *cache*. *guard* says which addresses may be connected to. A picture that takes more than
    *slow* seconds is slow.
    """

    def __init__(
        self, cache: PictureCache, guard: AddressGuard, limits: FetchLimits = LIMITS, slow: float = SLOW
    ) -> None:
        self._cache, self._guard, self._limits, self._slow = cache, guard, limits, slow
        self._lock = threading.Lock()
        self._waiting = threading.BoundedSemaphore(WAITING)
        self._under_way: dict[tuple[str, int], Future[bytes]] = {}
        """By address and feed: a picture that two feeds name is fetched for each of them, in its turn."""
        self._of_feed: Counter[int] = Counter()
        self._worker: _Worker | None = None

    def get(self, url: str, patience: float = PATIENCE, feed: int = 0) -> bytes | NoPicture:
        """Return the picture at *url*, for which this waits *patience* seconds at most. *feed* is the key of the feed
        that names it, 0 if that is not known.
        """
        known = self._cache.get(url, feed=feed)
        if known is not None:
            return known or NoPicture.NONE
        coming = self._coming(url, feed)
        if coming is None:
            return NoPicture.LATE
        worker = self._worker
        if worker is not None and worker.turns.is_slow(feed) and not coming.done():
            return NoPicture.LATE
        if not self._waiting.acquire(blocking=False):
            return NoPicture.LATE
        try:
            return coming.result(patience) or NoPicture.NONE
        except (TimeoutError, _Short):
            return NoPicture.LATE
        finally:
            self._waiting.release()

    def close(self) -> None:
        """Stop fetching, and wait until everything is closed."""
        with self._lock:
            worker, self._worker = self._worker, None
        if worker is not None:
            worker.close()

    def _coming(self, url: str, feed: int) -> Future[bytes] | None:
        """Return a future of the picture at *url*, shared by all who ask for it for *feed*; None if too many are under
        way, or if this machine can fetch none now.
        """
        with self._lock:
            if (coming := self._under_way.get((url, feed))) is not None:
                return coming
            if (known := self._cache.get(url, feed=feed)) is not None:  # it has arrived since the caller looked
                arrived: Future[bytes] = Future()
                arrived.set_result(known)
                return arrived
            if len(self._under_way) >= MOST_UNDER_WAY or self._of_feed[feed] >= MOST_OF_A_FEED:
                return None
            try:
                self._worker = self._worker or _Worker(self._guard, self._limits, self._slow)
                coming = self._under_way[url, feed] = self._worker.fetch(url, feed)
                self._of_feed[feed] += 1
            except (OSError, RuntimeError, MemoryError) as error:  # for instance, no file is left for an event loop
                if not isinstance(error, OSError) and shortage_of(error) is None:
                    raise
                log.warning("No picture can be fetched now: %s", _reason(error))
                self._worker = None
                return None
        coming.add_done_callback(lambda done: self._arrived(url, feed, done))
        return coming

    def _arrived(self, url: str, feed: int, done: Future[bytes]) -> None:
        try:
            if not done.cancelled() and done.exception() is None:
                self._cache.put(url, done.result(), feed)
        except OSError as error:
            log.warning("The picture %s can't be kept: %s", url, _reason(error))
        finally:
            with self._lock:
                self._under_way.pop((url, feed), None)
                self._of_feed -= Counter((feed,))


def _reason(error: Exception) -> str:
    """Return the shortage that *error* is about, with its remedy, or what *error* says."""
    shortage = shortage_of(error)
    return str(error) if shortage is None else shortage.value


class _Worker:
    """The thread that fetches: its event loop, the turns of the feeds, and the memory for bodies."""

    def __init__(self, guard: AddressGuard, limits: FetchLimits, slow: float) -> None:
        self._guard, self._limits = guard, limits
        self._started: Future[tuple[asyncio.AbstractEventLoop, Fetcher]] = Future()
        self._stop = asyncio.Event()
        self.turns: Final = FetchTurns(slow=slow)
        self._memory = Memory(MEMORY)
        self._thread = threading.Thread(target=self._run, name="lifestream-pictures", daemon=True)
        self._thread.start()

    def fetch(self, url: str, feed: int) -> Future[bytes]:
        """Begin to fetch the picture at *url* for *feed*. The result is b"" if there is none; raises `_Short`."""
        loop, fetcher = self._started.result()
        return asyncio.run_coroutine_threadsafe(self._one(fetcher, url, feed), loop)

    def close(self) -> None:
        loop, _ = self._started.result()
        loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except Exception as error:
            if self._started.done():
                raise
            self._started.set_exception(error)

    async def _serve(self) -> None:
        async with make_picture_fetcher(self._guard, self._limits) as fetcher:
            self._started.set_result((asyncio.get_running_loop(), fetcher))
            await self._stop.wait()

    async def _one(self, fetcher: Fetcher, url: str, feed: int) -> bytes:
        async def fetch() -> Outcome:
            share = self._memory.share()
            try:
                return await fetcher.fetch(FetchRequest(url), share)
            finally:
                share.leave()

        try:
            outcome = await self.turns.take(feed, host_of(url), fetch)
        except GivenUp as error:
            raise _Short(f"too many pictures are as slow as {url}") from error
        if isinstance(outcome, Failed) and outcome.kind == "shortage":
            raise _Short(outcome.message)
        if not isinstance(outcome, Fetched):
            log.info("no picture at %s: %s", url, outcome.message if isinstance(outcome, Failed) else outcome.status)
            return b""
        return outcome.body if is_picture(outcome.body) else b""


def is_picture(data: bytes) -> bool:
    """Return whether *data* may be shown: a picture in a format without scripts, that a browser can hold."""
    found = dimensions(data)
    return found is not None and 0 < found[0] * found[1] <= MOST_PIXELS


def pictures() -> Pictures:
    """Return the pictures of this process, by the present settings."""
    return _pictures_of(os.getpid(), settings.picture_folder, settings.picture_cache, settings.allowed_networks)


@lru_cache(maxsize=1)
def _pictures_of(process: int, folder: str, size: int, networks: tuple[Network, ...]) -> Pictures:  # noqa: ARG001
    # *process* is only a key of the cache: a process that was forked off has none of its parent's threads.
    return Pictures(PictureCache(Path(folder), size), AddressGuard(networks))
