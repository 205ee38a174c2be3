"""Timers: which are due, and when."""

from __future__ import annotations

from feedserver.net.timers import FEW, Timers


def called(timers: Timers, now: float) -> list[object]:
    return [callback() for callback in timers.take_due(now)]


def test_timers_are_due_in_the_order_of_their_times_and_equal_ones_in_the_order_given() -> None:
    timers = Timers()
    for when, name in ((3.0, "c"), (1.0, "a"), (2.0, "b"), (1.0, "a2"), (9.0, "later")):
        timers.add(when, lambda name=name: name)  # type: ignore[misc]
    assert timers.next_due() == 1.0
    assert called(timers, 3.0) == ["a", "a2", "b", "c"]
    assert called(timers, 3.0) == []
    assert timers.next_due() == 9.0


def test_a_cancelled_timer_is_neither_due_nor_waited_for() -> None:
    timers = Timers()
    timers.add(1.0, lambda: "first").cancel()
    timers.add(2.0, lambda: "second")
    assert timers.next_due() == 2.0
    assert called(timers, 5.0) == ["second"]
    assert timers.next_due() is None


def test_a_timer_may_cancel_one_that_is_due_at_the_same_time() -> None:
    timers = Timers()

    def cancel_the_other() -> None:
        other.cancel()

    timers.add(1.0, cancel_the_other)
    other = timers.add(1.0, lambda: "other")
    assert called(timers, 1.0) == [None]


def test_a_timer_that_is_added_by_a_due_timer_waits_for_the_next_turn() -> None:
    timers = Timers()

    def add_another() -> None:
        timers.add(1.0, lambda: "next")

    timers.add(1.0, add_another)
    assert called(timers, 1.0) == [None]
    assert called(timers, 1.0) == ["next"]


def test_cancelled_timers_do_not_pile_up() -> None:
    timers = Timers()
    for number in range(20 * FEW):
        timers.add(1000.0 + number, list).cancel()
    assert len(timers) <= FEW
    kept = [timers.add(1.0, lambda: "kept") for _ in range(3 * FEW)]
    for number in range(20 * FEW):
        timers.add(1000.0 + number, list).cancel()
    assert len(timers) <= 2 * len(kept) + FEW
    assert called(timers, 1.0) == ["kept"] * len(kept)
