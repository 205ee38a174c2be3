"""Waits until the event loop has read what clients have sent so far.

A request that a client has sent lies in the kernel until the loop reads it. A test that asks what has come, or ends the
server, must not miss it by chance.
"""

from __future__ import annotations

import sys
import threading
from functools import partial
from typing import TYPE_CHECKING

from feedserver.messages.steady_time import monotonic
from feedserver.net.acceptor import BATCH
from feedserver.net.binding import BACKLOG

if TYPE_CHECKING:
    from feedserver.net.socket_loop import SocketLoop

PATIENCE = 5.0
"""Seconds that are waited for the loop, which some callback may block."""

TURNS_OF_A_QUEUE = BACKLOG // BATCH + BATCH.bit_length()
"""Turns in which all clients of a full queue are accepted: `Acceptor` takes 1, 2, 4, … of them, and then `BATCH`."""

MUCH = 4096
"""From this number on, the bytes that wait at a connection count as much: a usual request has fewer."""

MOST_TURNS = 1024
"""The most turns to wait for because of one connection. They read more than a kernel holds for a connection."""


def catch_up(loop: SocketLoop) -> str:
    """Wait until *loop* has read what had arrived before this call. Must not be called on the loop's own thread.

    What arrives meanwhile may be read as well. It is waited for only at a connection where much waits, and there for
    `MOST_TURNS` turns at most, so that a client which sends without end does not delay the caller for ever. Returns "",
    or a problem if the loop has not caught up within `PATIENCE`, since some callback blocks it.
    """
    blocked = (
        f"the event loop was blocked for {PATIENCE:g} s, so some requests that clients have sent may not be read yet"
    )
    deadline = monotonic() + PATIENCE
    turns: dict[int, Turns] = {}
    while True:
        behind: list[int] = []
        if not loop.visit(partial(_note_behind, loop, turns, behind), max(0.0, deadline - monotonic())):
            return blocked
        if not behind:
            return ""
        if not _wait_for_a_turn(loop, deadline):
            return blocked


class Turns:
    """Decides how many turns of a loop to wait for because of one descriptor."""

    __slots__ = ("_left", "_taken")

    def __init__(self) -> None:
        self._left = 1
        self._taken = 0

    def take(self, waiting: int | None) -> bool:
        """Return whether to wait for another turn. *waiting* is the number of bytes that have arrived and are not read
        yet, or None for a socket that listens.

        Where much waits, the client may have sent even more than has arrived.
        """
        self._taken += 1
        if waiting is None:
            return self._taken <= TURNS_OF_A_QUEUE
        if waiting >= MUCH and self._taken < MOST_TURNS:
            self._left = 2  # this turn, and the one that reads the rest
        self._left -= 1
        return self._left >= 0


def _note_behind(loop: SocketLoop, turns: dict[int, Turns], behind: list[int]) -> None:
    """Add to *behind* the descriptors that the loop must still read."""
    behind += [fd for fd in loop.readable() if turns.setdefault(fd, Turns()).take(_waiting_at(fd))]


def _waiting_at(fd: int) -> int | None:
    """Return how many bytes have arrived at a connection and are not read yet; None for a socket that listens."""
    if sys.platform == "win32":  # There the loop can't be visited, so nobody waits for it.
        return None
    import fcntl  # imported late: usually nothing waits to be read, and this function is not called
    import struct
    import termios

    try:
        answer = fcntl.ioctl(fd, termios.FIONREAD, bytes(struct.calcsize("i")))
    except OSError:
        return None
    return int(struct.unpack("i", answer)[0])


def _wait_for_a_turn(loop: SocketLoop, deadline: float) -> bool:
    """Wait for a turn that begins after this call; return False if it has not ended at *deadline*."""
    ended = threading.Lock()
    ended.acquire()
    # The first call may be made at the end of a turn that has begun already.
    loop.call_soon_threadsafe(lambda: loop.call_soon(ended.release))
    return ended.acquire(timeout=max(0.0, deadline - monotonic()))
