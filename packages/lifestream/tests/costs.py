"""Measure how the CPU time of a call grows with its input. Several tries are made, and the least growth counts: so
neither other load on the machine matters nor a processor whose speed changes.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from typing import TypeVar

_T = TypeVar("_T")

LINEAR = 8
"""Four times the input may cost at most this many times as much.

Linear work costs four times as much, and up to six if the longer input no longer fits into the cache of the processor;
quadratic work costs sixteen times as much.
"""
_STEPS = 100_000
_MEASURABLE = 0.002  # seconds; shorter work is repeated until it has taken so long
_NEGLIGIBLE = 0.0001  # seconds; whether the input is in the cache of the processor decides how long shorter work takes


def cost(work: Callable[[_T], object], given: _T, at_least: float = 0.0) -> float:
    """Return the seconds of CPU time that *work* takes for *given*, without garbage collection.

    Work that takes less than *at_least* seconds is repeated until that time is over, and the mean is returned.

    The collector would look through whatever earlier tests have left. It is switched off, but not run beforehand: a run
    would take longer than most of the work that is measured here.
    """
    collects = gc.isenabled()
    gc.disable()
    try:
        began, runs, taken = time.process_time(), 0, -1.0
        while taken < at_least:
            work(given)
            runs += 1
            taken = time.process_time() - began
        return taken / runs
    finally:
        if collects:
            gc.enable()


def loop_steps(work: Callable[[_T], object], given: _T, tries: int = 7) -> int:
    """Return how many steps of an empty loop take as much CPU time as *work* takes for *given*.

    So a bound holds on a slow machine as well as on a fast one. The least of *tries* measurements counts.
    """

    def loop(steps: int) -> None:
        for _ in range(steps):
            pass

    step = min(cost(loop, _STEPS) for _ in range(tries)) / _STEPS
    return round(min(cost(work, given) for _ in range(tries)) / step)


def assert_linear(work: Callable[[_T], object], make: Callable[[int], _T], size: int, tries: int = 10) -> None:
    """Assert that *work* takes at most LINEAR times as long for four times *size* as for *size*.

    Up to *tries* pairs are measured, each compared by itself; as a rule the first suffices.
    """
    few, many = make(size), make(4 * size)
    small = large = 0.0
    for _ in range(tries):
        small, large = cost(work, few, _MEASURABLE), cost(work, many, _MEASURABLE)
        if large <= LINEAR * max(small, _NEGLIGIBLE):
            return
    raise AssertionError(f"{small * 1000:.3f} ms for {size}, {large * 1000:.3f} ms for four times as much")
