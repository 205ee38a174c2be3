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
# A pipe that nobody writes to is opened at once, and a terminal does not become that of the process.
_AT_ONCE: Final = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)
_PIECE: Final = 1 << 20
_PIECES: Final = 10
"""How many times as long as one piece of a pipe all of them may take: somebody may write a byte at a time for ever."""
_PAUSE: Final = 0.01
"""Seconds between two attempts to read a device that has nothing, though it counts as ready."""


def read_file(path: str, most: int, patience: float, clock: Callable[[], float] = time.monotonic) -> bytes:
    """Return the first *most* bytes of the file at *path*.

    For each piece of a pipe or a device, this waits *patience* seconds at most, and for all of them `_PIECES` times as
    long, by *clock*. Raises TimeoutError if the file takes longer, and any other OSError of the file.
    """
    descriptor = os.open(path, os.O_RDONLY | _COMMON | _AT_ONCE)
    with os.fdopen(descriptor, "rb", buffering=0) as file:
        may_wait = not stat.S_ISREG(os.fstat(descriptor).st_mode)
        pieces: list[bytes] = []
        left = most
        begun = came = clock()
        while left > 0:
            if may_wait:
                _wait(descriptor, patience)
            piece = file.read(min(left, _PIECE))
            if may_wait:
                now = clock()
                if now - begun > _PIECES * patience:
                    text = gettext("it was not at its end after {seconds:g} s ({times} times LIFESTREAM_TIMEOUT)")
                    raise TimeoutError(errno.ETIMEDOUT, text.format(seconds=_PIECES * patience, times=_PIECES))
                if piece is not None:
                    came = now
                elif now - came > patience:
                    raise _silent(patience)
                else:  # another process was faster, or a device is ready all the time and has nothing
                    time.sleep(_PAUSE)
                    continue
            if not piece:
                break
            pieces.append(piece)
            left -= len(piece)
    return b"".join(pieces)


def _wait(descriptor: int, patience: float) -> None:
    if sys.platform == "win32":  # where only sockets can be waited for
        return
    waiting = select.poll()
    waiting.register(descriptor, select.POLLIN)
    if not waiting.poll(patience * 1000):
        raise _silent(patience)


def _silent(patience: float) -> TimeoutError:
    text = gettext("nothing came from it for {seconds:g} s (LIFESTREAM_TIMEOUT)").format(seconds=patience)
    return TimeoutError(errno.ETIMEDOUT, text)
