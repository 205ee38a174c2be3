"""Files that a person names. They may be anything, so the bytes that are read, and the time for them, are bounded."""

from __future__ import annotations

import errno
import os
import select
import stat
import sys
import time
from collections.abc import Callable
from typing import Final

from django.utils.translation import gettext

_COMMON: Final = getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOINHERIT", 0)
# Opening a pipe that nobody writes to does not block, and a terminal does not become the controlling terminal.
_NONBLOCKING: Final = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)
_PIECE: Final = 1 << 20
_FACTOR: Final = 10
"""The time for all pieces of a pipe, as a multiple of that for one piece: somebody may write single bytes for ever."""
_PAUSE: Final = 0.01
"""Seconds between two attempts to read a device that has no data, though `poll` reports it as readable."""


def read_file(path: str, most: int, patience: float, clock: Callable[[], float] = time.monotonic) -> bytes:
    """Return the first *most* bytes of the file at *path*.

    For each piece of a pipe or a device, this waits *patience* seconds at most, and for all of them `_FACTOR` times as
    long, by *clock*. Raises TimeoutError if the file takes longer, and any other OSError of the file. On Windows, the
    wait for one piece has no limit.
    """
    descriptor = os.open(path, os.O_RDONLY | _COMMON | _NONBLOCKING)
    with os.fdopen(descriptor, "rb", buffering=0) as file:
        may_wait = not stat.S_ISREG(os.fstat(descriptor).st_mode)
        pieces: list[bytes] = []
        remaining = most
        started = last_data = clock()
        while remaining > 0:
            if may_wait:
                _wait(descriptor, patience)
            piece = file.read(min(remaining, _PIECE))
            if may_wait:
                now = clock()
                if now - started > _FACTOR * patience:
                    text = gettext("it was not at its end after {seconds:g} s ({times} times LIFESTREAM_TIMEOUT)")
                    raise TimeoutError(errno.ETIMEDOUT, text.format(seconds=_FACTOR * patience, times=_FACTOR))
                if piece is not None:
                    last_data = now
                elif now - last_data > patience:
                    raise _no_data_error(patience)
                else:  # another process has read the data, or a device always counts as readable and has none
                    time.sleep(_PAUSE)
                    continue
            if not piece:
                break
            pieces.append(piece)
            remaining -= len(piece)
    return b"".join(pieces)


def _wait(descriptor: int, patience: float) -> None:
    if sys.platform == "win32":  # Windows can poll sockets only
        return
    waiting = select.poll()
    waiting.register(descriptor, select.POLLIN)
    if not waiting.poll(patience * 1000):
        raise _no_data_error(patience)


def _no_data_error(patience: float) -> TimeoutError:
    text = gettext("nothing came from it for {seconds:g} s (LIFESTREAM_TIMEOUT)").format(seconds=patience)
    return TimeoutError(errno.ETIMEDOUT, text)
