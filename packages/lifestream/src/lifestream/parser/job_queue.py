"""Jobs that wait for workers. Starting a worker is costly, so another one is started only if it is likely to pay.

Each worker waits in a thread of its own until it is needed. Starting a process takes as much processor time as reading
some thirty documents. So another worker is needed only if many documents wait or are sure to come, or if documents wait
and none has been taken for a while.
"""

from __future__ import annotations

import threading
from collections import deque
from time import monotonic
from typing import Final, Generic, TypeVar

WORTH: Final = 32
"""If more jobs than this wait for each worker, another worker is worth starting."""
LATE: Final = 2.0
"""If jobs wait and none is taken for this many seconds, another worker is needed."""

_Job = TypeVar("_Job")


class JobQueue(Generic[_Job]):
    """A queue of jobs for workers in several threads. The first worker is needed from the beginning."""

    def __init__(self) -> None:
        lock = threading.Lock()
        self._job_added = threading.Condition(lock)
        self._worker_needed = threading.Condition(lock)
        self._jobs: deque[_Job] = deque()
        self._wanted = 1
        self._working = 0
        self._last_taken: float  # if jobs wait: when one was taken, or when they began to wait
        self._closed = False

    def expect(self, jobs: int) -> None:
        """Prepare for a number of *jobs*: ask for one worker per WORTH jobs."""
        with self._worker_needed:
            self._wanted = max(self._wanted, -(-jobs // WORTH))
            self._worker_needed.notify_all()

    def put(self, job: _Job) -> None:
        """Add *job*."""
        with self._job_added:
            if not self._jobs:
                self._last_taken = monotonic()
            self._jobs.append(job)
            self._job_added.notify()
            if len(self._jobs) == 1 or self._is_short:
                self._worker_needed.notify()

    def take(self) -> _Job | None:
        """Wait for a job and return it, or None once the queue is closed."""
        with self._job_added:
            while not (self._jobs or self._closed):
                self._job_added.wait()
            self._last_taken = monotonic()
            return None if self._closed else self._jobs.popleft()

    def wait_until_needed(self) -> None:
        """Wait until one more worker is needed, or the queue is closed. The caller then counts as that worker."""
        with self._worker_needed:
            while not (self._is_short or self._closed):
                self._worker_needed.wait(self._last_taken + LATE - monotonic() if self._jobs else None)
            self._working += 1

    @property
    def _is_short(self) -> bool:
        waiting = len(self._jobs)
        is_late = waiting > 0 and monotonic() >= self._last_taken + LATE
        return self._working < self._wanted or waiting > WORTH * self._working or is_late

    def close(self) -> list[_Job]:
        """Let all workers end, and return the jobs that none has taken."""
        with self._job_added:
            self._closed = True
            waiting = [*self._jobs]
            self._jobs.clear()
            self._job_added.notify_all()
            self._worker_needed.notify_all()
        return waiting
