"""An event loop for sockets and timers: it does a part of what asyncio's loops do, at a third of the cost.

For every event, a turn of asyncio's loop makes an object, a context and several calls, for tasks that may wait for it.
Nothing here runs as a task: the callbacks of a server are plain functions. A test that has a server of its own pays for
several turns of the loop, each on a thread whose code and data the processor has to fetch again: asyncio took a tenth
of the time of such a test.

Asking the loop for something from another thread costs a wake-up and contention for the interpreter's lock: more than
the start or the stop of a server itself. So where the system lets sockets be added to a wait that is under way, the
other thread does the work itself, between two turns of the loop: this is called a visit.
"""

from __future__ import annotations

import socket
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress

from feedserver.messages.steady_time import monotonic
from feedserver.net.poller import READ, WRITE, Poller
from feedserver.net.timers import DueCall, Timers

Callback = Callable[[], object]

LONGEST_WAIT = 86_400.0
"""Seconds that a turn waits for a timer at most: the system's own limit is some weeks."""

FEW_WATCHED = 256
"""A poll may report this many descriptors even if fewer are watched: others may be added while it waits."""


class _Watched:
    """The callbacks of a socket: *reader* if it can be read, *writer* if it can be written; None if not watched."""

    __slots__ = ("reader", "writer")

    def __init__(self) -> None:
        self.reader: Callback | None = None
        self.writer: Callback | None = None


class SocketLoop:
    """An `EventLoop` that waits with *poller*, and calls *failed* with each exception that a callback raises.

    A callback may be called although its socket is no longer ready, or its descriptor belongs to another socket by now:
    it must not block.
    """

    def __init__(self, poller: Poller, failed: Callable[[BaseException], object]) -> None:
        self._poller = poller
        self._failed = failed
        # Held by the thread that works on the loop. An RLock knows its owner: a thread that a signal interrupts right
        # after it has taken the lock can still release it.
        self._at_work = threading.RLock()
        self.visitor = 0
        """The identifier of the thread that visits the loop (`threading.get_ident`), 0 where none does."""
        self._watched: dict[int, _Watched] = {}
        self._timers = Timers()
        self._soon: deque[Callback] = deque()
        self._is_stopped = False
        self._is_closed = False
        self._wake_receiver, self._wake_sender = socket.socketpair()
        for end in (self._wake_receiver, self._wake_sender):
            end.setblocking(False)
        self.add_reader(self._wake_receiver.fileno(), self._drain_wakes)

    # Lifecycle

    def run_forever(self) -> None:
        """Run until `stop`, on the caller's thread."""
        with self._at_work:
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
        self._wake_receiver.close()
        self._wake_sender.close()
        self._poller.close()

    def _turn(self) -> None:
        due = self._timers.next_due()
        timeout = -1.0
        if self._soon:
            timeout = 0.0
        elif due is not None:
            timeout = min(max(0.0, due - monotonic()), LONGEST_WAIT)
        self._at_work.release()
        try:
            ready = self._poller.poll(timeout, self._max_events)
        finally:
            self._at_work.acquire()
        for fd, events in ready:
            watched = self._watched.get(fd)
            if watched is None:
                continue  # a visit, or a callback before this one, has ended the watch
            if events & ~WRITE and watched.reader is not None:
                self._call(watched.reader)
            if events & ~READ and watched.writer is not None:
                self._call(watched.writer)
        if due is not None and due <= (now := monotonic()):
            for callback in self._timers.take_due(now):
                self._call(callback)
        for _ in range(len(self._soon)):  # what is added meanwhile waits for the next turn
            self._call(self._soon.popleft())

    @property
    def _max_events(self) -> int:
        """How many descriptors a poll may report: all that are watched, since a turn must read all that has arrived.

        By default, epoll reports at most a thousand.
        """
        return max(FEW_WATCHED, len(self._watched))

    def visit(self, function: Callback, timeout: float = -1) -> bool:
        """Call *function* in the caller's thread while the loop waits.

        Returns False if the loop did not begin to wait in *timeout* seconds; -1 waits for ever. *function* may begin
        and cease to watch sockets, if the poller allows that, and cancel timers. Callbacks and timers that it
        schedules do not wake the loop: they are taken up when something else wakes it. It may visit the loop itself.
        """
        own = threading.get_ident()
        is_nested = self.visitor == own
        try:
            if not self._at_work.acquire(True, timeout):
                return False
            self.visitor = own
            function()
            return True
        finally:
            if self.visitor == own and not is_nested:
                self.visitor = 0
            try:  # noqa: SIM105 - `suppress` is a call, after which a signal may raise
                self._at_work.release()
            except RuntimeError:
                pass  # it was not acquired

    def _call(self, callback: Callback) -> None:
        try:
            callback()
        except BaseException as error:  # noqa: BLE001 - the loop goes on for other servers; `verify` raises the error
            self._failed(error)

    # Calls

    def time(self) -> float:
        """Return what the loop's clock shows, in seconds."""
        return monotonic()

    def call_soon(self, callback: Callback, /) -> None:
        """Call *callback* soon: at the end of the turn that is under way, or in the next one if that end has begun."""
        self._soon.append(callback)

    def call_soon_threadsafe(self, callback: Callback, /) -> None:
        """Call *callback* soon, and wake the loop for it. Raises RuntimeError if the loop is closed."""
        if self._is_closed:
            raise RuntimeError("the event loop is closed")
        self._soon.append(callback)
        try:
            self._wake_sender.send(b"\0")
        except BlockingIOError:
            return  # the loop is woken already
        except OSError:
            if not self._is_closed:
                raise
            raise RuntimeError("the event loop is closed") from None

    def _drain_wakes(self) -> None:
        with suppress(BlockingIOError):
            self._wake_receiver.recv(4096)

    def call_later(self, delay: float, callback: Callback, /) -> DueCall:
        """Call *callback* after *delay* seconds."""
        return self._timers.add(monotonic() + delay, callback)

    # Sockets

    def add_reader(self, fd: int, callback: Callback, /) -> None:
        """Call *callback* whenever the socket with the descriptor *fd* can be read."""
        watched = self._watched.get(fd) or _Watched()
        watched.reader = callback
        self._watch(fd, watched)

    def remove_reader(self, fd: int, /) -> None:
        """Stop watching a descriptor for reading; do nothing if it is not watched."""
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
        """Stop watching a descriptor for writing; do nothing if it is not watched."""
        watched = self._watched.get(fd)
        if watched is not None:
            watched.writer = None
            self._watch(fd, watched)

    def readable(self) -> list[int]:
        """Return the descriptors that are watched for reading and can be read now. Called by a visitor."""
        own = self._wake_receiver.fileno()
        return [
            fd
            for fd, events in self._poller.poll(0, self._max_events)
            if events & ~WRITE and fd != own and (watched := self._watched.get(fd)) and watched.reader is not None
        ]

    def _watch(self, fd: int, watched: _Watched) -> None:
        """Watch a descriptor for what *watched* has a callback for, or stop if it has none."""
        events = (READ if watched.reader is not None else 0) | (WRITE if watched.writer is not None else 0)
        if fd not in self._watched:
            self._poller.register(fd, events)
            self._watched[fd] = watched
        elif events:
            try:
                self._poller.modify(fd, events)
            except FileNotFoundError:  # the socket of that number was closed while it was watched
                self._poller.register(fd, events)
        else:
            del self._watched[fd]
            with suppress(OSError):  # it was closed before, and so is not watched any more
                self._poller.unregister(fd)
