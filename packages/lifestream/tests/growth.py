"""Measure how the time of a call grows with its input, for the tests of linear time.

A call that takes long is measured again at a quarter of its input. Linear work takes four times as long for four times
the input, quadratic work sixteen times, and `MOST` lies between. Only CPU time counts, and a call that takes less than
`FLOOR` is not judged. Both inputs are measured one right after the other, several times, and the least growth counts:
so other load on the machine makes no test fail, nor does a processor whose speed changes from moment to moment.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from typing import Final

MOST: Final = 6.0
"""How much longer a call may take for four times the input."""
HOPELESS: Final = 100.0
"""A call whose time grows so much is not measured at a longer length: that might never end."""
FLOOR: Final = 0.002
"""Seconds that any call may take: a quadratic one takes far more at the lengths that are tried."""
TRIES: Final = 20
"""How often, at most, a call that seems slow is measured again."""
ENOUGH: Final = 2.0
"""After this many seconds of processor time, three tries are enough."""
LENGTHS: Final = (16, 24, 96, 1000, 5000)
"""The lengths of input, the shortest first: growth faster than quadratic is seen before a call would take for ever."""


def seconds(call: Callable[[], object], tries: int = 1) -> float:
    """Return the processor time of *call*, the best of *tries*; never 0."""
    best = float("inf")
    collects = gc.isenabled()
    gc.disable()  # the collector would look through whatever earlier tests have left
    try:
        for _ in range(tries):
            began = time.thread_time()
            call()
            best = min(best, time.thread_time() - began)
    finally:
        if collects:
            gc.enable()
    return max(best, 1e-6)


def growth(made_of: Callable[[int], Callable[[], object]], lengths: tuple[int, ...] = LENGTHS) -> float:
    """Return by what factor the time of a call grows when its input is four times as long.

    *made_of* returns the call for a length. *lengths* are tried in turn, and the first at which the call takes at least
    `FLOOR` is judged; if there is none, the factor is 0. If the factor is too large, it is measured again at this
    length and at four times this length, and the smallest counts: only slow code is slow each time.
    """
    for length in lengths:
        taken = seconds(made_of(length))
        if taken < FLOOR:
            continue
        grown = taken / seconds(made_of(length // 4), 2)
        if grown >= HOPELESS:  # one more look, in case the machine stood still for a moment
            grown = min(grown, seconds(made_of(length)) / seconds(made_of(length // 4), 2))
        for size in (length, 4 * length):
            if MOST < grown < HOPELESS:
                grown = min(grown, _growth_at(made_of, size))
        return grown
    return 0.0


def _growth_at(made_of: Callable[[int], Callable[[], object]], length: int) -> float:
    """Return the growth from a quarter of *length* to *length*.

    Each try measures the longer input between two measurements of the shorter one. Tries are compared each by itself: a
    shorter input measured while the processor was fast says nothing about a longer one measured while it was slow. They
    go on until one shows the growth of linear work, at most `TRIES` times; after `ENOUGH` seconds, three are enough.
    """
    short, long = made_of(length // 4), made_of(length)
    least, began = float("inf"), time.thread_time()
    for tried in range(1, TRIES + 1):
        before, after = seconds(short), seconds(long)
        least = min(least, after / min(before, seconds(short)))
        if least <= MOST or (tried >= 3 and time.thread_time() - began > ENOUGH):
            break
    return least
