"""What the bodies under way may hold together, so that no crowd of large answers fills the memory. No I/O.

    await memory.admit()        before an answer is asked for
    share = memory.share()      one for each answer
    await share.grow(1000)      as it comes; raises Crowded where the answer has to go
    share.finish()              when it is whole
    share.leave()               when it has been read, or was no use

Nothing is asked for while too much waits to be read. What is small may then come. A larger one that would grow while
all together hold too much waits for those that have finished to leave: they are read soon. Where none has finished,
nothing would ever leave, so the largest is given up. An attacker's answers have to be larger than honest ones to be in
their way, and then are what goes.

It belongs to one event loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

SIZE: Final = 20 * 1024 * 1024
"""Bytes that all bodies may hold together, by default."""

SMALL: Final = 256 * 1024
"""Bytes up to which a body is small, by default: nine of ten feeds are."""


class Crowded(Exception):
    """The bodies under way were too much together, and this one was the largest."""


class Share:
    """What one body holds: *size* bytes.

    While it waits, the clock of *deadline* stands still, since the server is not to blame. *forget* is called when it
    is given up.
    """

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self.size = 0
        self.given_up = False
        self.finished = False
        self.deadline: asyncio.Timeout | None = None
        self.forget: Callable[[], None] | None = None

    async def grow(self, count: int) -> None:
        """Take *count* bytes more, and wait while there is no space for them. Raises `Crowded`."""
        if not self.given_up:
            self.size += count
        while not self.given_up and not self._memory.has_room(self):
            with _standing_still(self.deadline):
                await self._memory.changed()
        if self.given_up:
            raise Crowded

    def finish(self) -> None:
        """Note that the body is complete. It will be read, and then it leaves."""
        self._memory.finish(self)

    def leave(self) -> None:
        """Forget the body."""
        self._memory.leave(self)


class Memory:
    """Memory for *size* bytes; shares of up to *small* are always let in."""

    def __init__(self, size: int = SIZE, small: int = SMALL) -> None:
        self._size = size
        self._small = small
        self._shares: set[Share] = set()
        self._finished = 0  # bytes of those that have finished
        self._change: asyncio.Event | None = None  # only where somebody waits for one

    def share(self) -> Share:
        """Return the share of a new body."""
        share = Share(self)
        self._shares.add(share)
        return share

    def has_room(self, share: Share) -> bool:
        """Return whether *share*, which has grown, may go on; else it has to wait for a change. Gives up what has to
        go.
        """
        while share.size > self._small and sum(each.size for each in self._shares) > self._size:
            if self._finished:
                return False
            largest = max(self._shares, key=lambda each: each.size)
            largest.given_up = True
            if largest.forget is not None:
                largest.forget()
            self.leave(largest)
        return True

    async def admit(self) -> None:
        """Wait until what has finished holds no more than *size*."""
        while self._finished > self._size:
            await self.changed()

    async def changed(self) -> None:
        """Wait until a share has left."""
        if self._change is None:
            self._change = asyncio.Event()
        await self._change.wait()

    def finish(self, share: Share) -> None:
        """Note that *share* grows no more."""
        if not share.finished:
            share.finished = True
            self._finished += share.size

    def leave(self, share: Share) -> None:
        """Take back what *share* holds."""
        self._shares.discard(share)
        if share.finished:
            self._finished -= share.size
        share.size = 0
        if self._change is not None:
            self._change.set()
            self._change = None


@contextmanager
def _standing_still(deadline: asyncio.Timeout | None) -> Iterator[None]:
    when = deadline.when() if deadline is not None else None
    if deadline is None or when is None:
        yield
        return
    began = asyncio.get_running_loop().time()
    deadline.reschedule(None)
    try:
        yield
    finally:
        deadline.reschedule(when + asyncio.get_running_loop().time() - began)
