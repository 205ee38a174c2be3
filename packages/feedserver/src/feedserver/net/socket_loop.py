"""An event loop for sockets and timers: a part of what asyncio's loops do, at a third of their cost.

A turn of asyncio's loop makes an object, a context and several calls of everything that happens, for tasks that may
wait for it. Nothing here runs as a task: a server calls functions. A test that has a server of its own pays for three or
four turns of the loop, each on a thread whose code and data the processor has to fetch anew, so that asyncio's share
was a tenth of such a test.
"""

from __future__ import annotations

import heapq
import selectors
import socket
import time
from collections import deque
from collections.abc import Callable, Iterator
from itertools import count

Callback = Callable[[], object]

FEW = 64
"""Timers among which cancelled ones may stay until they are due."""


LONGEST_WAIT = 86_400.0
"""Seconds that a turn waits at most: the system's own limit is some weeks."""


class DueCall:
    """A timer: a *callback* that is called when it is due, None once it is cancelled."""

    __slots__ = ("callback",)

    def __init__(self, callback: Callback) -> None:
        self.callback: Callback | None = callback

    def cancel(self) -> None:
        """Cancel the call; do nothing where it was made already."""
        self.callback = None


class Timers:
    """Timers in the order in which they are due."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, DueCall]] = []
        self._numbers = count()  # of two that are due at once, the one that was added first is called first
        self._most = FEW

    def __len__(self) -> int:
        return len(self._heap)

    def add(self, when: float, callback: Callback) -> DueCall:
        """Add a timer that is due at the time *when*."""
        if len(self._heap) >= self._most:  # most servers cancel their timers long before they are due
            self._heap = [entry for entry in self._heap if entry[2].callback is not None]
            heapq.heapify(self._heap)
            self._most = max(FEW, 2 * len(self._heap))
        timer = DueCall(callback)
        heapq.heappush(self._heap, (when, next(self._numbers), timer))
        return timer

    def next_due(self) -> float | None:
        """Return when the next timer is due; None where there is none."""
        while self._heap and self._heap[0][2].callback is None:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def take_due(self, now: float) -> Iterator[Callback]:
        """Remove the timers that are due at the time *now*, and yield what they call.

        A timer that is cancelled meanwhile is left out; one that is added meanwhile waits for the next turn.
        """
        due = []
        while self._heap and self._heap[0][0] <= now:
            due.append(heapq.heappop(self._heap)[2])
        for timer in due:
            callback, timer.callback = timer.callback, None
            if callback is not None:
                yield callback


class _Watched:
    """What is called when a socket can be read or written; None where it is not watched for that."""

    __slots__ = ("reader", "writer")

    def __init__(self) -> None:
        self.reader: Callback | None = None
        self.writer: Callback | None = None

    @property
    def events(self) -> int:
        reads = selectors.EVENT_READ if self.reader is not None else 0
        return reads | selectors.EVENT_WRITE if self.writer is not None else reads


class SocketLoop:
    """Waits with *selector*, and tells *failed* of exceptions that a callback raises. It is an `EventLoop`.

    A callback may be called although its socket is no longer ready: it must not block.
    """

    def __init__(self, selector: selectors.BaseSelector, failed: Callable[[BaseException], object]) -> None:
        self._selector = selector
        self._failed = failed
        self._watched: dict[int, _Watched] = {}
        self._timers = Timers()
        self._soon: deque[Callback] = deque()
        self._is_stopped = False
        self._is_closed = False
        self._alarm, self._bell = socket.socketpair()
        for end in (self._alarm, self._bell):
            end.setblocking(False)
        self.add_reader(self._alarm.fileno(), self._silence)

    # Lifecycle

    def run_forever(self) -> None:
        """Run until `stop`, on the caller's thread."""
        while not self._is_stopped:
            self._turn()
        self._is_stopped = False

    def stop(self) -> None:
        """End `run_forever` after this turn."""
        self._is_stopped = True

    def is_closed(self) -> bool:
        """Return whether the loop can't be used any more."""
        return self._is_closed

    def close(self) -> None:
        """Free the loop's descriptors. A forked child may do so: nothing changes for its parent's loop."""
        self._is_closed = True
        self._alarm.close()
        self._bell.close()
        self._selector.close()

    def _turn(self) -> None:
        due = self._timers.next_due()
        timeout = None if due is None else min(max(0.0, due - self.time()), LONGEST_WAIT)
        for key, events in self._selector.select(0.0 if self._soon else timeout):
            watched: _Watched = key.data
            if events & selectors.EVENT_READ and watched.reader is not None:
                self._call(watched.reader)
            if events & selectors.EVENT_WRITE and watched.writer is not None:
                self._call(watched.writer)
        if due is not None:
            for callback in self._timers.take_due(self.time()):
                self._call(callback)
        for _ in range(len(self._soon)):  # what is added meanwhile waits for the next turn
            self._call(self._soon.popleft())

    def _call(self, callback: Callback) -> None:
        try:
            callback()
        except BaseException as error:  # noqa: BLE001 - the loop of all servers goes on; `verify` raises it
            self._failed(error)

    # Calls

    def time(self) -> float:
        """Return what the loop's clock shows, in seconds."""
        return time.monotonic()

    def call_soon(self, callback: Callback, /) -> None:
        """Call *callback* in the next turn of the loop."""
        self._soon.append(callback)

    def call_soon_threadsafe(self, callback: Callback, /) -> None:
        """Call *callback* soon, and wake the loop for it. Raises RuntimeError where the loop is closed."""
        if self._is_closed:
            raise RuntimeError("the event loop is closed")
        self._soon.append(callback)
        try:
            self._bell.send(b"\0")
        except BlockingIOError:
            pass  # it rings already
        except OSError:
            if not self._is_closed:
                raise
            raise RuntimeError("the event loop is closed") from None

    def _silence(self) -> None:
        try:
            self._alarm.recv(4096)
        except BlockingIOError:
            pass

    def call_later(self, delay: float, callback: Callback, /) -> DueCall:
        """Call *callback* after *delay* seconds."""
        return self._timers.add(self.time() + delay, callback)

    # Sockets

    def add_reader(self, fd: int, callback: Callback, /) -> None:
        """Call *callback* whenever the socket with the descriptor *fd* can be read."""
        watched = self._watched.get(fd) or _Watched()
        watched.reader = callback
        self._watch(fd, watched)

    def remove_reader(self, fd: int, /) -> None:
        """Cease to watch a descriptor for reading; do nothing where it is not watched."""
        watched = self._watched.get(fd)
        if watched is not None:
            watched.reader = None
            self._watch(fd, watched)

    def add_writer(self, fd: int, callback: Callback, /) -> None:
        """Call *callback* whenever the socket with the descriptor *fd* can be written."""
        watched = self._watched.get(fd) or _Watched()
        watched.writer = callback
        self._watch(fd, watched)

    def remove_writer(self, fd: int, /) -> None:
        """Cease to watch a descriptor for writing; do nothing where it is not watched."""
        watched = self._watched.get(fd)
        if watched is not None:
            watched.writer = None
            self._watch(fd, watched)

    def _watch(self, fd: int, watched: _Watched) -> None:
        """Watch a descriptor for the events for which *watched* has a callback, or cease to where it has none."""
        events = watched.events
        if fd not in self._watched:
            self._selector.register(fd, events, watched)
            self._watched[fd] = watched
        elif events:
            self._selector.modify(fd, events, watched)
        else:
            del self._watched[fd]
            self._selector.unregister(fd)
