"""The one event-loop thread that all servers of a process share.

It is a daemon, starts with the first server and stays, since a thread a test is what makes test servers slow. Before a
fork it ends if no server runs, so that a test suite may fork without a warning; a forked child only closes what it
inherited: unregistering a socket there would take it out of its parent's epoll set, which the two share.
"""

from __future__ import annotations

import asyncio
import atexit
import os
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol


class Tenant(Protocol):
    """A server that runs on the shared loop thread."""

    def abandon(self) -> None:
        """In a forked child: closes what was inherited, without a word to the network."""

    def stop(self) -> None:
        """Closes everything, and releases the loop thread."""


class LoopThread:
    """An event loop on a thread. *users* are the servers that run on it."""

    def __init__(self) -> None:
        self.loop: asyncio.AbstractEventLoop = _new_loop()
        self.users: set[Tenant] = set()
        self._thread = threading.Thread(target=self._run, name="feedserver", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        self.loop.run_forever()

    @property
    def is_current(self) -> bool:
        """Whether the caller runs on this thread."""
        return threading.current_thread() is self._thread

    def call(self, function: Callable[[], object]) -> None:
        """Calls *function* on the loop, soon."""
        self.loop.call_soon_threadsafe(function)

    def end(self) -> None:
        """Stops the loop and its thread, and frees their descriptors."""
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()

    def abandon(self) -> None:
        """In a forked child, where the thread does not exist:
        closes the loop's descriptors, and touches nothing else.
        """
        loop = self.loop
        selector = getattr(loop, "_selector", None)
        poller = getattr(selector, "_selector", None)
        if poller is not None and hasattr(poller, "close"):
            # This process's descriptor of the epoll set: closing it changes nothing in the set. A kqueue is not
            # inherited.
            with suppress(OSError):
                poller.close()
        for name in ("_ssock", "_csock"):
            sock = getattr(loop, name, None)
            if sock is not None:
                sock.close()
        # The loop is neither running nor usable here; saying so keeps its finaliser quiet.
        loop._closed = True  # type: ignore[attr-defined]
        loop._thread_id = None  # type: ignore[attr-defined]


def _new_loop() -> asyncio.AbstractEventLoop:
    if sys.platform == "win32":
        return asyncio.ProactorEventLoop()
    return asyncio.SelectorEventLoop()


_lock = threading.Lock()
_current: LoopThread | None = None


def acquire(user: Tenant) -> LoopThread:
    """The shared loop thread, started if need be; *user* holds it until `release`."""
    global _current  # noqa: PLW0603 - one loop thread a process is the point of this module
    with _lock:
        if _current is None:
            _current = LoopThread()
        _current.users.add(user)
        return _current


def release(user: Tenant) -> None:
    """*user* needs the loop thread no more. It stays for the next one."""
    with _lock:
        if _current is not None:
            _current.users.discard(user)


def _end_idle() -> None:
    global _current  # noqa: PLW0603
    if _current is not None and not _current.users:
        _current.end()
        _current = None


def _before_fork() -> None:
    # Held across the fork, so that no server starts in between and the child finds the lock in a known state.
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
    """Stops the servers that were left running, while there still is a thread to do it."""
    for user in list(_current.users) if _current is not None else ():
        user.stop()
    with _lock:
        _end_idle()
