"""A queue of timers, which says which of them are due at a given time. It reads no clock, and does not wait."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from itertools import count

Callback = Callable[[], object]

FEW = 64
"""With fewer timers than this, `add` does not remove cancelled ones: each stays until it would be the next one due."""


class DueCall:
    """A timer: a *callback* that is called when it is due, None once it was called or cancelled."""

    __slots__ = ("callback",)

    def __init__(self, callback: Callback) -> None:
        self.callback: Callback | None = callback

    def cancel(self) -> None:
        """Cancel the call; do nothing where it was made already."""
        self.callback = None


class Timers:
    """Timers in the order in which they are due."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, DueCall]] = []
        self._numbers = count()  # of two that are due at the same time, the one that was added first is called first
        self._purge_at = FEW

    def __len__(self) -> int:
        return len(self._heap)

    def add(self, when: float, callback: Callback) -> DueCall:
        """Add a timer that is due at the time *when*."""
        if len(self._heap) >= self._purge_at:  # most servers cancel their timers long before they are due
            self._heap = [entry for entry in self._heap if entry[2].callback is not None]
            heapq.heapify(self._heap)
            self._purge_at = max(FEW, 2 * len(self._heap))
        timer = DueCall(callback)
        heapq.heappush(self._heap, (when, next(self._numbers), timer))
        return timer

    def next_due(self) -> float | None:
        """Return when the next timer is due; None where there is none."""
        while self._heap and self._heap[0][2].callback is None:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def take_due(self, now: float) -> Iterator[Callback]:
        """Remove the timers that are due at the time *now*, and yield what they call.

        A timer that is cancelled meanwhile is left out; one that is added meanwhile waits for the next turn.
        """
        due = []
        while self._heap and self._heap[0][0] <= now:
            due.append(heapq.heappop(self._heap)[2])
        for timer in due:
            callback, timer.callback = timer.callback, None
            if callback is not None:
                yield callback
