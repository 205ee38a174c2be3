"""Gates hold threads until the test lets them pass, and a thread ends if its answer is no longer wanted."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable

import pytest

from feedserver import Gate
from feedserver.messages.gate import NoLongerWanted, Wanted, call_soon, run_async


def waiting(work: Callable[[], object], wanted: Wanted) -> tuple[threading.Thread, list[str]]:
    """Start a thread that works for *wanted*; return it, and a list to which it adds how its work has ended."""
    ended: list[str] = []

    def run() -> None:
        try:
            with wanted.working():
                work()
            ended.append("whole")
        except NoLongerWanted:
            ended.append("no longer wanted")

    thread = threading.Thread(target=run)
    thread.start()
    return thread, ended


def test_a_gate_lets_the_given_number_pass() -> None:
    gate = Gate()
    gate.release()
    gate.release(2)
    for _ in range(3):
        gate.wait()
    with pytest.raises(TimeoutError, match=r"not opened within 0 s; call its release\(\) or open\(\) in the test, or"):
        gate.wait(timeout=0)
    gate.open()
    for _ in range(3):
        gate.wait()
    assert repr(gate) == "<Gate, open>"


def test_a_gate_lets_a_waiting_thread_pass() -> None:
    gate, wanted = Gate(), Wanted()
    thread, ended = waiting(gate.wait, wanted)
    gate.release()
    thread.join(10)
    assert ended == ["whole"]
    assert repr(gate) == "<Gate, 0 may pass>"


@pytest.mark.parametrize("dropped_before", [True, False])
@pytest.mark.parametrize("kind", ["plain", "async", "sleeping"])
def test_a_thread_whose_answer_is_dropped_ends(kind: str, *, dropped_before: bool) -> None:
    gate, wanted = Gate(), Wanted()

    async def pass_gate() -> None:
        await gate

    async def sleep() -> None:
        await asyncio.sleep(3600)

    works: dict[str, Callable[[], object]] = {
        "plain": lambda: gate.wait(timeout=None),
        "async": lambda: run_async(pass_gate()),
        "sleeping": lambda: run_async(sleep()),
    }
    if dropped_before:
        wanted.drop()
    thread, ended = waiting(works[kind], wanted)
    wanted.drop()
    thread.join(10)
    assert ended == ["no longer wanted"]
    assert wanted.is_dropped


def test_run_async_returns_the_value_and_raises_the_error_of_a_coroutine() -> None:
    async def answer(*, fails: bool) -> int:
        await asyncio.sleep(0)
        if fails:
            raise asyncio.CancelledError
        return 5

    assert run_async(answer(fails=False)) == 5
    with pytest.raises(asyncio.CancelledError):
        run_async(answer(fails=True))


def test_a_closed_loop_is_left_alone() -> None:
    loop = asyncio.new_event_loop()
    loop.close()
    call_soon(loop, list)
