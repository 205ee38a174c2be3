"""Holds the server of a failed test, so that a person can look at it in a browser: `FEEDSERVER_HOLD=1`."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterable
from typing import TextIO

from feedserver.messages.terminal_text import visible
from feedserver.server import FeedServer

LONGEST = 600.0
"""The most seconds that servers are held, in case nobody is at the terminal."""


def is_wanted() -> bool:
    """Return whether the environment asks for servers to be held."""
    return os.environ.get("FEEDSERVER_HOLD") == "1"


def hold(
    servers: Iterable[FeedServer],
    test: str,
    seconds: float = LONGEST,
    *,
    failure: str = "",
    reading: TextIO | None = None,
    writing: TextIO | None = None,
) -> None:
    """Wait until a person presses Enter, at most *seconds*, while the running *servers* of the failed *test* answer.

    *failure* says why it failed. *reading* and *writing* are by default standard input and standard error. Returns at
    once unless `is_wanted` returns True, a server runs, and both streams are terminals.
    """
    reading = reading or sys.stdin
    writing = writing or sys.stderr
    running = [server.base_url for server in servers if server.is_running]
    if not (is_wanted() and running and _is_terminal(reading) and _is_terminal(writing)):
        return
    why = f"{visible(failure, lines=True)}\n" if failure else ""
    minutes = f"{seconds / 60:g} minutes"
    print(
        f"\n{why}{visible(test)} failed. Its server runs on, for {minutes} at most: {' '.join(running)}\n"
        "Press Enter to go on.",
        file=writing,
        flush=True,
    )
    # A thread reads, since Windows can't wait for a console with a time limit. If nobody presses Enter, the thread is
    # left behind.
    reader = threading.Thread(target=_read_line, args=(reading,), name="feedserver: FEEDSERVER_HOLD", daemon=True)
    reader.start()
    reader.join(seconds)


def _read_line(terminal: TextIO) -> None:
    try:
        terminal.readline()
    except (OSError, ValueError):
        return  # the terminal is gone, or was closed: there is nobody to wait for


def _is_terminal(stream: object) -> bool:
    isatty = getattr(stream, "isatty", None)
    try:
        return bool(isatty is not None and isatty())
    except ValueError:  # it is closed
        return False
