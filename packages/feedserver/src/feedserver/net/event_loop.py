"""What the modules of this package need of an event loop: `socket_loop` has it, and so do asyncio's loops."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol


class Timer(Protocol):
    """A call that is due at a certain time."""

    def cancel(self) -> None:
        """Cancel the call; do nothing where it was made already."""


class EventLoop(Protocol):
    """Calls functions on one thread: when a socket is ready, when a time has come, or because another thread asks.

    Only `call_soon_threadsafe` may be called from any thread at any time.
    """

    def time(self) -> float:
        """Return what the loop's clock shows, in seconds."""

    def is_closed(self) -> bool:
        """Return whether the loop can't be used any more."""

    def call_soon(self, callback: Callable[[], object], /) -> object:
        """Call *callback* soon on the loop: after the callback that runs now, at the latest in the next turn."""

    def call_soon_threadsafe(self, callback: Callable[[], object], /) -> object:
        """Call *callback* soon, and wake the loop for it. Raises RuntimeError where the loop is closed."""

    def call_later(self, delay: float, callback: Callable[[], object], /) -> Timer:
        """Call *callback* after *delay* seconds."""

    def add_reader(self, fd: int, callback: Callable[[], object], /) -> None:
        """Call *callback* whenever the socket with the descriptor *fd* can be read.

        Raises NotImplementedError where the loop can't watch sockets.
        """

    def remove_reader(self, fd: int, /) -> object:
        """Stop watching a descriptor for reading; do nothing where it is not watched."""

    def add_writer(self, fd: int, callback: Callable[[], object], /) -> None:
        """Call *callback* whenever the socket with the descriptor *fd* can be written."""

    def remove_writer(self, fd: int, /) -> object:
        """Stop watching a descriptor for writing; do nothing where it is not watched."""
