"""Whose password is compared next. Comparing a password is slow by intent, so only a few are compared at once.

Meanwhile a few more visitors wait for their turn, each in a thread. A visitor who is more likely to be right goes
first, and takes the place of another who waits. So a flood of guesses, from however many addresses, does not keep out
users who log in with a browser that they have logged in with before, or from a network without wrong guesses.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

AT_ONCE: Final = 2
"""How many passwords each process compares at once. `serve` has eight threads by default."""
WAITING: Final = 2
"""How many visitors may wait for their turn: few, since each of them takes a thread that could serve pages."""
PATIENCE: Final = 3.0
"""For how many seconds a visitor waits at most. A comparison takes about half a second."""


class _ComparingVisitor:
    """A visitor who waits. *may_compare* is None until the visitor gets a turn or is sent away."""

    def __init__(self, rank: int) -> None:
        self.rank = rank
        self.may_compare: bool | None = None


class Turns:
    """The turns to compare a password: *at_once* at the same time, while *waiting* more wait for *patience* seconds."""

    def __init__(self, at_once: int = AT_ONCE, waiting: int = WAITING, patience: float = PATIENCE) -> None:
        self._free, self._most, self._patience = at_once, waiting, patience
        self._waiting: list[_ComparingVisitor] = []
        self._answered = threading.Condition()

    @contextmanager
    def turn(self, rank: int) -> Iterator[bool]:
        """Yield whether the caller may compare a password within the block. Of those who wait, the one with the lowest
        *rank* is the next; if several have it, the one of them that came first.
        """
        may_compare = self._take(rank)
        try:
            yield may_compare
        finally:
            if may_compare:
                self._give_back()

    def _take(self, rank: int) -> bool:
        with self._answered:
            if self._free:  # then nobody waits
                self._free -= 1
                return True
            if len(self._waiting) >= self._most and not self._displace(rank):
                return False
            waiter = _ComparingVisitor(rank)
            self._waiting.append(waiter)
            self._answered.wait_for(lambda: waiter.may_compare is not None, self._patience)
            if waiter.may_compare is None:
                self._waiting.remove(waiter)
            return bool(waiter.may_compare)

    def _displace(self, rank: int) -> bool:
        """Send away the visitor who waits with the highest rank, if that is higher than *rank*; of several, the one who
        came last. Return whether somebody was sent away.
        """
        last = max(reversed(self._waiting), key=lambda each: each.rank, default=None)
        if last is None or last.rank <= rank:
            return False
        self._answer(last, may_compare=False)
        return True

    def _give_back(self) -> None:
        with self._answered:
            if self._waiting:
                self._answer(min(self._waiting, key=lambda each: each.rank), may_compare=True)
            else:
                self._free += 1

    def _answer(self, waiter: _ComparingVisitor, *, may_compare: bool) -> None:
        self._waiting.remove(waiter)
        waiter.may_compare = may_compare
        self._answered.notify_all()
