"""The clock that a run moves, and how the reader comes to see it.

The server's own dates and the dates in feeds follow `Clock.now`. Whether the reader's clock follows depends on the
method: by a function of the client in Python, or by a library that is loaded into the reader's processes. Where the
reader's clock does not follow, nothing is moved at all, and the scenarios that need it are *not seen*.
"""

from __future__ import annotations

import time
from collections.abc import Callable


class Clock:
    """A clock that is moved forward only.

    *move* tells the reader the offset from the true time in seconds, *method* names how. Without *move* the clock is
    the true one.
    """

    def __init__(self, move: Callable[[float], None] | None = None, method: str = "none") -> None:
        self._move = move
        self.method = method
        self.offset = 0.0

    @property
    def can_move(self) -> bool:
        """Whether the reader's clock follows."""
        return self._move is not None

    def now(self) -> float:
        """Return the moved time, in seconds of the epoch."""
        return time.time() + self.offset

    def advance(self, seconds: float) -> None:
        """Move the clock by *seconds*, if the reader's clock follows."""
        if self._move is not None:
            self.offset += seconds
            self._move(self.offset)
