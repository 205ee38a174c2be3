"""What work costs as its input grows, in time on the processor: a machine that is busy with other things counts for
little, and not at all in the least of several tries.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from typing import TypeVar

_T = TypeVar("_T")

LINEAR = 9
"""Four times the input may cost this many times as much; what is quadratic costs sixteen times as much."""
_FLOOR = 0.004  # seconds, below which a ratio says nothing


def cost(work: Callable[[_T], object], given: _T) -> float:
    """Return the seconds on the processor that *work* takes for *given*, without a collection of garbage.

    What the collector would look through is whatever the tests before have left. It is switched off, and not called
    before: that would take longer than most of what is measured here.
    """
    collects = gc.isenabled()
    gc.disable()
    try:
        began = time.process_time()
        work(given)
        return time.process_time() - began
    finally:
        if collects:
            gc.enable()


def assert_linear(
    work: Callable[[_T], object], make: Callable[[int], _T], size: int, tries: int = 5, smallest: int = 0
) -> None:
    """Assert that *work* takes for four times the input no more than LINEAR times what it takes for the input.

    Sizes up to *size* are tried, from a sixteenth of it (and *smallest*) on, until four times the input takes so long
    that the ratio says something. Each cost is the least of up to *tries* runs; as a rule the first few suffice.
    """
    for each in sorted({max(size // 16, smallest), max(size // 4, smallest), size}):
        few, many = make(each), make(4 * each)
        small = large = float("inf")
        for _ in range(tries):
            small, large = min(small, cost(work, few)), min(large, cost(work, many))
            if large <= LINEAR * max(small, _FLOOR):
                break
        else:
            raise AssertionError(f"{small * 1000:.1f} ms for {each}, {large * 1000:.1f} ms for four times as much")
        if large > LINEAR * _FLOOR:
            return
