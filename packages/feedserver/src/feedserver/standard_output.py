"""Standard output that may be closed, or whose reader may have gone, as `head` does when it has enough."""

from __future__ import annotations

import errno
import io
import os
import sys
from typing import TextIO


def replace_closed_streams() -> None:
    """Open the null device in place of each standard stream that was closed when the process began: Python has None for
    it.

    This also takes the descriptors 0, 1 and 2: if a socket got the number 2, messages for standard error would be sent
    to its client.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: PTH123, SIM115 - for the process


def show(text: str, stream: TextIO, *, is_document: bool = False) -> None:
    """Write *text* to *stream*, and flush it; where its reader has gone, the text is lost. Characters that the encoding
    of *stream* lacks are written as escapes: on Windows, the encoding of a pipe or a file has no "✗".

    A document for another program is written in UTF-8 instead, unless *stream* is a terminal.

    Raises OSError where it cannot be written for another reason, such as a full disk.
    """
    try:
        if isinstance(stream, io.TextIOWrapper):
            if is_document and not stream.isatty():
                stream.reconfigure(encoding="utf-8")
            stream.reconfigure(errors="backslashreplace")
        stream.write(text)
        stream.flush()
    except OSError as error:
        _lose(stream)
        # Windows reports EINVAL for a pipe that nobody reads.
        if not isinstance(error, BrokenPipeError) and not (os.name == "nt" and error.errno == errno.EINVAL):
            raise


def _lose(stream: TextIO) -> None:
    """Let *stream* lead to the null device: Python flushes it once more when it exits, and would report an error."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
