"""The one event-loop thread that all servers of a process share.

It is a daemon thread that starts with the first server and stays, since starting a thread per test makes test servers
slow. Before a fork it ends if no server runs, so that a test suite may fork without a warning. A forked child only
closes the inherited descriptors: if it unregistered a socket, the epoll set of the parent would lose that socket, since
parent and child share the set.
"""

from __future__ import annotations

import atexit
import os
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol

from feedserver.handler.problems import in_words
from feedserver.net import catching_up
from feedserver.net.poller import new_poller
from feedserver.net.socket_loop import SocketLoop

if TYPE_CHECKING:
    import asyncio


PATIENCE = 10.0
"""Seconds that are waited for a loop that some callback may block, such as a journal's listener."""


class LoopBlocked(RuntimeError):
    """A callback has blocked the event loop of all servers for too long."""


class LoopUser(Protocol):
    """A server that runs on the shared loop thread."""

    def abandon(self) -> None:
        """Close the inherited sockets, in a forked child, without sending anything."""

    def stop(self) -> None:
        """Close everything, and release the loop thread."""

    def failed(self, message: str) -> None:
        """Report an error on the loop that belongs to no particular server."""


class LoopThread:
    """An event loop on a thread of its own. *users* are the servers that run on it."""

    def __init__(self) -> None:
        self._visitable: SocketLoop | None = None
        self.loop = self._new_loop()
        self.users: set[LoopUser] = set()
        self._thread = threading.Thread(target=self.loop.run_forever, name="feedserver", daemon=True)
        try:
            self._thread.start()
        except BaseException:  # the system has no thread left
            self.loop.close()
            raise

    def _new_loop(self) -> SocketLoop | asyncio.AbstractEventLoop:
        if sys.platform == "win32":  # Windows reports that a read is complete, not that one is possible
            import asyncio

            proactor = asyncio.ProactorEventLoop()
            proactor.set_exception_handler(
                lambda _, context: self._report(context.get("exception"), context["message"])
            )
            return proactor
        poller, allows_visits = new_poller()
        loop = SocketLoop(poller, self._report)
        if allows_visits:
            self._visitable = loop
        return loop

    def _report(self, error: BaseException | None, message: str = "an unknown error") -> None:
        """Report to all servers an exception that nothing else has caught, and log it."""
        import logging

        text = in_words(error) if error is not None else message
        for user in list(self.users):
            user.failed(f"an error on the servers' event loop: {text}")
        logging.getLogger("feedserver").error("an error on the servers' event loop: %s", text, exc_info=error)

    @property
    def is_current(self) -> bool:
        """Whether the caller runs on the loop's thread, or visits the loop, so that it can't wait for the loop."""
        if self._visitable is not None and self._visitable.visitor == threading.get_ident():
            return True
        return threading.current_thread() is self._thread

    def call(self, function: Callable[[], object]) -> None:
        """Call *function* on the loop's thread, soon."""
        self.loop.call_soon_threadsafe(function)

    def visit(self, function: Callable[[], object], timeout: float = -1) -> bool:
        """Call *function* between two turns of the loop, in the caller's thread where the loop can be visited.

        Otherwise the loop's thread calls it soon. Returns False where some callback has blocked the loop for *timeout*
        seconds, so that *function* was not called; -1 waits for ever.

        *function* may begin and cease to watch sockets, and cancel timers. Callbacks and timers that it schedules do
        not wake the loop: they are taken up when something else wakes it.
        """
        if self._visitable is None:
            self.call(function)
            return True
        return self._visitable.visit(function, timeout)

    def do(self, function: Callable[[], object]) -> None:
        """Call *function* as `visit` does, and return when it has returned.

        Raises LoopBlocked if it has not returned within `PATIENCE`. If it was not called by then, it never is.
        """
        done = threading.Lock()
        done.acquire()
        due = [function]

        def call() -> None:
            try:
                while due:
                    due.pop()()
            finally:
                done.release()

        if not (self.visit(call, PATIENCE) and done.acquire(timeout=PATIENCE)):
            due.clear()  # otherwise a loop that can't be visited would call *function* when nobody expects it any more
            raise LoopBlocked(
                f"the event loop of all servers has been blocked for {PATIENCE:g} s{self._place()}; a listener of a "
                "journal, a matching function or a fault must return at once"
            )

    def _place(self) -> str:
        """Return which line the loop's thread executes, for a message; "" where that is not known."""
        frame = sys._current_frames().get(self._thread.ident or 0)
        while frame is not None and frame.f_code.co_filename == threading.__file__:
            frame = frame.f_back  # a line in `threading` shows only how a lock waits; its caller shows what waits
        return f" at {frame.f_code.co_filename}:{frame.f_lineno}" if frame is not None else ""

    def catch_up(self) -> str:
        """Wait until the loop has read what clients have sent so far; return "", or a problem if a callback blocks it.

        Where the loop can't be visited, and on the loop itself, nothing is waited for.
        """
        return "" if self._visitable is None or self.is_current else catching_up.catch_up(self._visitable)

    def end(self) -> None:
        """Stop the loop and its thread, and free their descriptors."""
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()

    def abandon(self) -> None:
        """Close the loop's descriptors in a forked child, where its thread does not exist, and touch nothing else."""
        with suppress(OSError):  # a kqueue is not inherited
            self.loop.close()


_lock = threading.Lock()
_current: LoopThread | None = None


def acquire(user: LoopUser) -> LoopThread:
    """Return the shared loop thread, started if need be; *user* keeps it until `release`."""
    global _current  # noqa: PLW0603 - one loop thread per process is the point of this module
    with _lock:
        if _current is None:
            _current = LoopThread()
        _current.users.add(user)
        return _current


def refuse_on_loop(what: str) -> None:
    """Raise RuntimeError on the loop's own thread, and on one that visits the loop: there, *what* would wait for the
    loop, and never return.
    """
    if _current is not None and _current.is_current:
        raise RuntimeError(
            f"{what} was called on the event loop, by the journal's listener or a fault, and would wait for it; call "
            "it on a thread of its own"
        )


def release(user: LoopUser) -> None:
    """Note that *user* no longer needs the loop thread. The thread stays for the next user."""
    with _lock:
        if _current is not None:
            _current.users.discard(user)


def _end_idle() -> None:
    global _current  # noqa: PLW0603
    if _current is not None and not _current.users:
        _current.end()
        _current = None


def _before_fork() -> None:
    # The lock is held across the fork, so that no server starts or ends in between.
    _lock.acquire()
    if _current is None or not _current.is_current:
        _end_idle()


def _after_fork_in_parent() -> None:
    _lock.release()


def _after_fork_in_child() -> None:
    global _current, _lock  # noqa: PLW0603
    inherited, _current = _current, None
    _lock = threading.Lock()
    if inherited is not None:
        inherited.abandon()
        for user in inherited.users:
            user.abandon()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_parent=_after_fork_in_parent, after_in_child=_after_fork_in_child)


@atexit.register
def _at_exit() -> None:
    """Stop the servers that were left running, while the loop thread still exists."""
    for user in list(_current.users) if _current is not None else ():
        user.stop()
    with _lock:
        _end_idle()
