"""One thread that kills every process whose time is up.

A separate timer for each question to a process would start a thread each time. When memory runs short, a new thread may
end before it reports that it runs, and the thread that started it would wait forever (CPython's `Thread.start`).
"""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, eq=False)
class _Limit:
    """At the time *at*, the *process* is killed, and *late* is set."""

    at: float
    process: subprocess.Popen[bytes]
    late: threading.Event


class Deadlines:
    """The limits of processes, and the thread that kills those that are late. Any thread may call its methods."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._limits: set[_Limit] = set()
        self._closed = False
        self._thread = threading.Thread(target=self._watch, name="parser-deadlines", daemon=True)

    def start(self) -> None:
        """Start the thread. Raises RuntimeError if the system allows no more threads."""
        self._thread.start()

    def close(self) -> None:
        """End the thread, if it was started. No block of `killing` may be under way."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        if self._thread.ident is not None:
            self._thread.join()

    @contextmanager
    def killing(self, process: subprocess.Popen[bytes], seconds: float, late: threading.Event) -> Iterator[None]:
        """Kill *process* and set *late* if the block takes longer than *seconds*. A read from the process then ends."""
        limit = _Limit(time.monotonic() + seconds, process, late)
        with self._changed:
            self._limits.add(limit)
            self._changed.notify_all()
        try:
            yield
        finally:
            with self._changed:
                self._limits.discard(limit)

    def _watch(self) -> None:
        with self._changed:
            while not self._closed:
                now = time.monotonic()
                for limit in [each for each in self._limits if each.at <= now]:
                    limit.late.set()
                    limit.process.kill()
                    self._limits.discard(limit)
                first = min((each.at for each in self._limits), default=None)
                self._changed.wait(None if first is None else first - now)
