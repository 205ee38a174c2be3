"""Measure how the CPU time of a call grows with its input. The least of several tries counts, so that other load on
the machine hardly matters.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from typing import TypeVar

_T = TypeVar("_T")

LINEAR = 9
"""Four times the input may cost at most this many times as much; quadratic work costs sixteen times as much."""
_FLOOR = 0.004  # seconds; the ratio of shorter times means nothing


def cost(work: Callable[[_T], object], given: _T) -> float:
    """Return the seconds of CPU time that *work* takes for *given*, without garbage collection.

    The collector would look through whatever earlier tests have left. It is switched off, but not run beforehand: a run
    would take longer than most of the work that is measured here.
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
    """Assert that *work* takes at most LINEAR times as long for four times the input.

    Sizes are tried from a sixteenth of *size* (but at least *smallest*) up to *size*, until four times the input takes
    so long that the ratio is meaningful. Each cost is the least of up to *tries* runs; as a rule the first few suffice.
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
