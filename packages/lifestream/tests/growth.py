"""How the time of a call grows with its input: what the tests of linear time measure with.

A call that is found slow is measured again at a quarter of its input. Linear work takes four times as long for four
times the input, quadratic work sixteen times, and `MOST` lies between. Time on the processor is what counts, the best
of several tries, and a call below `FLOOR` is not judged: so a busy machine fails nothing.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from typing import Final

MOST: Final = 6.0
"""How much longer a call may take for four times the input."""
HOPELESS: Final = 100.0
"""What grows so much is not measured again: a longer run might never end."""
FLOOR: Final = 0.002
"""What a call may take in any case, in seconds: a quadratic one takes far more at the lengths that are tried."""
TRIES: Final = 20
"""How often what seems guilty is measured again at most."""
ENOUGH: Final = 2.0
"""After this many seconds of processor time, three tries are enough."""
LENGTHS: Final = (16, 24, 96, 1000, 5000)
"""The lengths of runs, from short ones on, so that what grows faster than a square is seen before it takes for ever."""


def seconds(call: Callable[[], object], tries: int = 1) -> float:
    """Return the processor time of *call*, the best of *tries*; never 0."""
    best = float("inf")
    collects = gc.isenabled()
    gc.disable()  # what it looks through is whatever the tests before have left
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
    """Return how many times longer the call that *made_of* makes of a length takes at four times the length.

    *lengths* are tried from the shortest on; the first at which the call takes more than `FLOOR` is judged. 0 where
    none does. A length that seems guilty is measured again, and then four times the length has to be guilty as well:
    what is faster than a square stays so, and what was the machine's doing does not.
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
    """Return the growth from a quarter of *length*, the best of several tries each, in turns: moods of the machine hit
    both.

    It is tried until the growth is that of linear work, `TRIES` times at most, and less often what takes long.
    """
    short, long = made_of(length // 4), made_of(length)
    before, after, began = float("inf"), float("inf"), time.thread_time()
    for tried in range(1, TRIES + 1):
        before, after = min(before, seconds(short, 2)), min(after, seconds(long))
        if after / before <= MOST or (tried >= 3 and time.thread_time() - began > ENOUGH):
            break
    return after / before
