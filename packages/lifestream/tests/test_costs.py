"""`assert_linear` rejects quadratic work, also if it is short, or if most of its time is linear. `loop_steps` measures
work in steps of a loop.
"""

from __future__ import annotations

import time

import pytest

from costs import assert_linear, loop_steps


def count_to(end: int) -> None:
    for _ in range(end):
        pass


def test_linear_work_is_accepted_also_if_it_is_short() -> None:
    for size in (1, 100, 10_000):
        assert_linear(lambda number: count_to(100 + number), lambda number: number, size)


@pytest.mark.parametrize(("linear", "size"), [(0, 100), (0, 200), (200, 200)])
def test_quadratic_work_is_rejected_also_if_it_is_short_or_partly_linear(
    monkeypatch: pytest.MonkeyPatch, linear: int, size: int
) -> None:
    now = 0.0
    monkeypatch.setattr(time, "process_time", lambda: now)  # a real clock may be slow just for the shorter work

    def work(number: int) -> None:
        nonlocal now
        now += (linear * number + number * number) * 1e-8

    with pytest.raises(AssertionError, match=rf"^[0-9.]+ ms for {size}, [0-9.]+ ms for four times as much$"):
        assert_linear(work, lambda number: number, size, tries=2)


def test_work_takes_about_as_many_steps_as_it_has() -> None:
    assert 20_000 < loop_steps(count_to, 100_000) < 500_000
