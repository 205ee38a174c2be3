"""Whose password is compared next, if more passwords arrive than are compared at the same time."""

from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from lifestream.owner.comparisons import Turns


def begun(pool: ThreadPoolExecutor, turns: Turns, rank: int, order: list[int]) -> Future[bool]:
    """Have another thread ask for a turn, and return once it waits or has its answer."""

    def ask() -> bool:
        with turns.turn(rank) as may_compare:
            if may_compare:
                order.append(rank)
            return may_compare

    before = list(turns._waiting)
    asked = pool.submit(ask)
    for _ in range(10_000):
        if asked.done() or turns._waiting != before:
            return asked
        threading.Event().wait(0.001)
    raise AssertionError("it neither waits nor has an answer")


def test_waiting_passwords_are_compared_in_the_order_of_their_ranks() -> None:
    turns, order = Turns(at_once=1, waiting=3, patience=60.0), []  # type: tuple[Turns, list[int]]
    with ThreadPoolExecutor() as pool:
        with turns.turn(9) as first:
            assert first
            asked = [begun(pool, turns, rank, order) for rank in (5, 0, 3)]
        assert [each.result(60) for each in asked] == [True] * 3
    assert order == [0, 3, 5]
    with turns.turn(9) as again:
        assert again


def test_a_better_rank_takes_the_place_of_the_worst_who_waits_and_an_equal_one_does_not() -> None:
    turns, order = Turns(at_once=1, waiting=2, patience=60.0), []  # type: tuple[Turns, list[int]]
    with ThreadPoolExecutor() as pool:
        with turns.turn(1):
            attackers = [begun(pool, turns, 4, order) for _ in range(2)]
            assert begun(pool, turns, 4, order).result(60) is False
            owner = begun(pool, turns, 1, order)
            assert attackers[1].result(60) is False  # the one who came last
        assert owner.result(60) and attackers[0].result(60)
    assert order == [1, 4]


def test_nobody_waits_longer_than_the_patience() -> None:
    turns = Turns(at_once=1, waiting=2, patience=0.0)
    with turns.turn(1), turns.turn(0) as second:
        assert second is False
    with turns.turn(1) as third:
        assert third


def test_a_turn_is_given_back_after_an_error() -> None:
    turns = Turns(at_once=1, waiting=0)

    def fail() -> None:
        with turns.turn(1) as may_compare:
            assert may_compare
            raise ZeroDivisionError

    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            fail()
