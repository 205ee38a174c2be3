"""Standard output whose reader may have gone, as `head` does when it has enough."""

from __future__ import annotations

import os
from typing import TextIO


def show(text: str, stream: TextIO) -> None:
    """Write *text* to *stream*, and flush it; where its reader has gone, the text is lost."""
    try:
        stream.write(text)
        stream.flush()
    except OSError:
        lose(stream)


def lose(stream: TextIO) -> None:
    """Send to nowhere what is still written to *stream*: Python flushes it once more at its end, and would complain."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
