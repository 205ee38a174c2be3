"""Standard output whose reader may have gone, as `head` does when it has enough."""

from __future__ import annotations

import errno
import os
from typing import TextIO


def show(text: str, stream: TextIO) -> None:
    """Write *text* to *stream*, and flush it; where its reader has gone, the text is lost.

    Raises OSError where it cannot be written for another reason, such as a full disk.
    """
    try:
        stream.write(text)
        stream.flush()
    except OSError as error:
        _lose(stream)
        # Windows reports EINVAL for a pipe that nobody reads.
        if not isinstance(error, BrokenPipeError) and not (os.name == "nt" and error.errno == errno.EINVAL):
            raise


def _lose(stream: TextIO) -> None:
    """Drop what is still written to *stream*: Python flushes it once more when it exits, and would complain."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
