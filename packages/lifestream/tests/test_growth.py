"""`growth` tells linear work from quadratic work, also on a processor whose speed changes."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from growth import MOST, growth

STEP = 1e-6  # seconds of processor time


class Processor:
    """A processor that takes *slow* times as long for a step, except in the first *fast* seconds of each *period*.

    One of two threads of a core is as fast as this for the moments in which the other one is idle.
    """

    def __init__(self, slow: float, fast: float, period: float) -> None:
        self.slow = slow
        self.fast = fast
        self.period = period
        self.now = 0.0

    def work(self, steps: int) -> None:
        left = steps * STEP
        while left > 1e-9:
            place = self.now % self.period
            slow, end = (1.0, self.fast) if place < self.fast else (self.slow, self.period)
            taken = min(left * slow, max(end - place, 1e-9))
            self.now += taken
            left -= taken / slow


@pytest.mark.parametrize(
    "processor",
    [
        Processor(slow=1.0, fast=0.0, period=1.0),
        Processor(slow=1.9, fast=0.0012, period=0.0171),
        Processor(slow=1.9, fast=0.0012, period=0.0833),
        Processor(slow=1.9, fast=0.03, period=0.1),
    ],
    ids=["steady", "often fast for a moment", "rarely fast for a moment", "fast for longer"],
)
def test_a_changing_speed_makes_linear_work_no_slower_and_quadratic_work_no_faster(
    monkeypatch: pytest.MonkeyPatch, processor: Processor
) -> None:
    monkeypatch.setattr(time, "thread_time", lambda: processor.now)

    def linear(length: int) -> Callable[[], object]:
        return lambda: processor.work(11 * length)

    def quadratic(length: int) -> Callable[[], object]:
        return lambda: processor.work(length * length)

    def quadratic_at_first(length: int) -> Callable[[], object]:
        return lambda: processor.work(11 * (min(length, 96) ** 2 // 20 + length))

    assert growth(linear, (96, 384)) <= MOST
    assert growth(quadratic_at_first) <= MOST
    assert growth(quadratic) > MOST


def test_a_processor_that_was_fast_for_the_shorter_work_alone_makes_linear_work_no_slower(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    processor = Processor(slow=1.9, fast=0.0045, period=0.05)
    processor.now = 0.0415
    monkeypatch.setattr(time, "thread_time", lambda: processor.now)

    def linear(length: int) -> Callable[[], object]:  # as a cache that is too small makes it, it grows 4.6 times
        return lambda: processor.work(round(11 * length * (length / 96) ** 0.1))

    assert growth(linear, (384,)) <= MOST


def test_work_is_not_judged_before_it_takes_long_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    processor = Processor(slow=1.0, fast=0.0, period=1.0)
    monkeypatch.setattr(time, "thread_time", lambda: processor.now)

    assert growth(lambda length: lambda: processor.work(length * length), (16, 40)) == 0
