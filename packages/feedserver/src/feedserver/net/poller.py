"""Waiting for sockets: epoll where the system has it, and the same interface elsewhere."""

from __future__ import annotations

import select
import selectors
from typing import Protocol

READ, WRITE = 1, 4
"""What a descriptor is watched for, and what has happened to it: EPOLLIN and EPOLLOUT of epoll(7)."""


class Poller(Protocol):
    """Waits for descriptors. It is the part of `select.epoll` that the loop needs."""

    def register(self, fd: int, eventmask: int, /) -> object:
        """Begin to watch a descriptor for events: `READ`, `WRITE`, or both."""

    def modify(self, fd: int, eventmask: int, /) -> object:
        """Watch the descriptor for other events."""

    def unregister(self, fd: int, /) -> object:
        """Stop watching a descriptor."""

    def poll(self, timeout: float, max_events: int, /) -> list[tuple[int, int]]:
        """Wait for *timeout* seconds, -1 for ever. Return what is ready; an error or an end may set other bits.

        Where more than *max_events* descriptors are ready, some may be left for the next call.
        """

    def close(self) -> None:
        """Free the descriptors of the poller itself."""


class SelectorPoller:
    """A poller that waits with *selector*, for systems without epoll."""

    def __init__(self, selector: selectors.BaseSelector) -> None:
        self._selector = selector
        self.unregister = selector.unregister
        self.close = selector.close

    def register(self, fd: int, eventmask: int, /) -> None:
        """Begin to watch a descriptor for events."""
        self._selector.register(fd, _for_selectors(eventmask))

    def modify(self, fd: int, eventmask: int, /) -> None:
        """Watch the descriptor for other events."""
        self._selector.modify(fd, _for_selectors(eventmask))

    def poll(self, timeout: float, _: int, /) -> list[tuple[int, int]]:
        """Wait for *timeout* seconds, -1 for ever. Return all that is ready."""
        return [
            (key.fd, (READ if events & selectors.EVENT_READ else 0) | (WRITE if events & selectors.EVENT_WRITE else 0))
            for key, events in self._selector.select(None if timeout < 0 else timeout)
        ]


def _for_selectors(events: int) -> int:
    return (selectors.EVENT_READ if events & READ else 0) | (selectors.EVENT_WRITE if events & WRITE else 0)


def new_poller() -> tuple[Poller, bool]:
    """Return the best poller of this system, and whether another thread may add sockets while it waits."""
    if hasattr(select, "epoll"):
        return select.epoll(), True
    return SelectorPoller(selectors.DefaultSelector()), hasattr(selectors, "KqueueSelector")
