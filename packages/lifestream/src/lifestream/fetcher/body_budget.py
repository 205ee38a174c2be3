"""A memory budget for all bodies that are being downloaded, so that many large answers never fill the memory. No I/O.

    await memory.admit()        before a request is sent
    share = memory.share()      one for each answer
    await share.grow(1000)      as bytes arrive; raises Crowded if this body is given up
    share.finish(900)           when the body is complete: the windows of its codings are not needed any more
    share.leave()               when it has been read, or is of no use

No new request is sent while too many complete bodies wait to be read. Small bodies may always grow. A larger one that
would grow while all together exceed the budget waits until finished bodies leave, which happens soon, since they are
being read. If none has finished, none would ever leave, so the largest is given up. An attacker's bodies can only
take memory from honest ones if they are larger, and then they are the ones that are given up. A body that is given up
although it holds no more than half of the budget is not to blame: there are only too many of them at once.

A budget belongs to one event loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

SIZE: Final = 20 * 1024 * 1024
"""Bytes that all bodies, and what inflates them, may hold together, by default."""

SMALL: Final = 256 * 1024
"""Bytes up to which a body is small, by default: nine of ten feeds are."""


class Crowded(Exception):
    """The bodies under way exceeded the budget together, and this one was the largest."""


class Share:
    """The memory that one body and its decoders hold: *size* bytes.

    While it waits for memory, *deadline* is suspended, since the server is not to blame. *forget* is
    called when the body is given up.
    """

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self.size = 0
        self.given_up = False
        self.to_blame = False
        """Whether it was given up because of its own size, not only because of the others."""
        self.finished = False
        self.deadline: asyncio.Timeout | None = None
        self.forget: Callable[[], None] | None = None

    def check(self) -> None:
        """Raise `Crowded` if this body was given up: what has arrived of it is forgotten."""
        if self.given_up:
            raise Crowded

    async def grow(self, count: int) -> None:
        """Take *count* more bytes, and wait while there is no memory for them. Raises `Crowded`."""
        if not self.given_up:
            self.size += count
        while not self.given_up and not self._memory.has_room(self):
            with _suspended(self.deadline):
                await self._memory.changed()
        self.check()

    def finish(self, size: int | None = None) -> None:
        """Note that the body is complete: it will be read, and then `leave` is called. *size* is how many bytes it
        holds from now on, if that is less than before.
        """
        self._memory.finish(self, size)

    def leave(self) -> None:
        """Release the memory of the body."""
        self._memory.leave(self)


class Memory:
    """A budget of *size* bytes; shares of up to *small* bytes never wait."""

    def __init__(self, size: int = SIZE, small: int = SMALL) -> None:
        self._size = size
        self._small = small
        self._shares: set[Share] = set()
        self._finished = 0  # bytes of the finished shares
        self._change: asyncio.Event | None = None  # None while nobody waits

    def share(self) -> Share:
        """Return the share of a new body."""
        share = Share(self)
        self._shares.add(share)
        return share

    def has_room(self, share: Share) -> bool:
        """Return whether *share*, which has grown, may go on; otherwise it has to wait for a change.

        Gives up the largest share if no finished one is going to leave.
        """
        while share.size > self._small and sum(each.size for each in self._shares) > self._size:
            if self._finished:
                return False
            largest = max(self._shares, key=lambda each: each.size)
            largest.given_up, largest.to_blame = True, 2 * largest.size > self._size
            if largest.forget is not None:
                largest.forget()
            self.leave(largest)
        return True

    async def admit(self) -> None:
        """Wait until the finished shares hold no more than *size* bytes."""
        while self._finished > self._size:
            await self.changed()

    async def changed(self) -> None:
        """Wait until a share has left or finished."""
        if self._change is None:
            self._change = asyncio.Event()
        await self._change.wait()

    def finish(self, share: Share, size: int | None = None) -> None:
        """Note that *share* grows no further, and holds only *size* bytes of what it held, if that is given."""
        if not share.finished:
            share.finished = True
            share.size = share.size if size is None else min(share.size, size)
            self._finished += share.size
            self._wake()

    def leave(self, share: Share) -> None:
        """Release what *share* holds."""
        self._shares.discard(share)
        if share.finished:
            self._finished -= share.size
        share.size = 0
        self._wake()

    def _wake(self) -> None:
        """Have those who wait for a change look again."""
        if self._change is not None:
            self._change.set()
            self._change = None


@contextmanager
def _suspended(deadline: asyncio.Timeout | None) -> Iterator[None]:
    """Pause *deadline*, if there is one: it is later by the time that passes inside the context."""
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
