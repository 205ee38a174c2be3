"""Logs a shortage while pages are served: one line with its remedy, however many requests it prevents."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Final

from lifestream.fetcher.shortage import Shortage

QUIET: Final = 60.0
"""Seconds without a shortage after which the next one is logged."""


class ShortageLog:
    """Logs shortages to *log*. *what* says what can't be done, such as "connections can't be accepted". Threads may use
    it at the same time. *clock* returns seconds.
    """

    def __init__(self, log: logging.Logger, what: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._log = log
        self._what = what
        self._clock = clock
        self._lock = threading.Lock()
        self._quiet_at = clock()

    def note(self, shortage: Shortage) -> None:
        """Log the *shortage*, unless there was one within the last minute."""
        self.tell(shortage.value)

    def tell(self, why: str) -> None:
        """Log what can't be done, and *why*, unless this was called within the last minute."""
        with self._lock:
            now = self._clock()
            is_new, self._quiet_at = now >= self._quiet_at, now + QUIET
        if is_new:
            self._log.warning("%s: %s", self._what, why)  # in English: a translation would have to be read from a file
