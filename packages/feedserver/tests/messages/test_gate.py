"""Gates hold threads until the test lets them pass, and a thread ends if its answer is no longer wanted."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

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
    thread.join(5)  # less than the timeout of the gate
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


def test_a_cancelled_wait_uses_up_no_release() -> None:
    gate = Gate()

    async def give_up() -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(gate, 0.01)
        gate.release()
        await asyncio.get_running_loop().shutdown_default_executor()  # the thread that waited has ended

    asyncio.run(give_up())
    assert repr(gate) == "<Gate, 1 may pass>"


def test_a_wait_that_is_cancelled_just_after_a_release_gives_it_back() -> None:
    gate = Gate()

    def block_until_passed() -> None:
        while "0 may pass" not in repr(gate):
            time.sleep(0.001)

    async def give_up() -> None:
        waiting = asyncio.ensure_future(gate)
        await asyncio.sleep(0)
        gate.release()
        block_until_passed()  # so the loop learns of it only after the cancellation
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting

    asyncio.run(give_up())
    assert repr(gate) == "<Gate, 1 may pass>"


def test_what_is_called_on_a_drop_is_called_once() -> None:
    calls: list[str] = []
    wanted = Wanted()
    with wanted.on_drop(lambda: calls.append("before")):
        wanted.drop()
        wanted.drop()
    with wanted.on_drop(lambda: calls.append("after")):
        pass
    assert calls == ["before", "after"]


def test_what_is_called_on_a_drop_is_not_called_after_its_block() -> None:
    calls: list[str] = []
    wanted = Wanted()
    with wanted.on_drop(lambda: calls.append("late")):
        pass
    wanted.drop()
    assert calls == []


def test_run_async_returns_the_value_and_raises_the_error_of_a_coroutine() -> None:
    async def answer(*, fails: bool) -> int:
        await asyncio.sleep(0)
        if fails:
            raise asyncio.CancelledError
        return 5

    assert run_async(answer(fails=False)) == 5
    with pytest.raises(asyncio.CancelledError):
        run_async(answer(fails=True))


async def fail() -> None:
    raise ValueError("in a task")


async def fail_when_cancelled() -> None:
    try:
        await asyncio.sleep(3600)
    finally:
        raise ValueError("in a task")


def call_back() -> None:
    raise ValueError("in a callback")


async def fail_in_a_cycle() -> None:
    this = asyncio.current_task()
    raise ValueError("in a task", this)


@pytest.mark.parametrize("is_kept", [False, True])
@pytest.mark.parametrize(
    "begin", [fail, fail_in_a_cycle, fail_when_cancelled, call_back], ids=lambda begin: begin.__name__
)
def test_run_async_raises_what_a_task_or_a_callback_of_the_coroutine_raises(
    begin: Callable[[], Any], is_kept: bool
) -> None:
    """asyncio reports the error of a task only when the task is freed."""
    kept: list[object] = []

    async def answer() -> int:
        loop = asyncio.get_running_loop()
        kept.append(loop.call_soon(begin) if begin is call_back else asyncio.ensure_future(begin()))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        if not is_kept:
            kept.clear()
        return 5

    with pytest.raises(ValueError, match=r"in a (task|callback)"):
        run_async(answer())


def test_what_a_task_raises_is_raised_even_if_the_answer_is_not_wanted_any_more() -> None:
    async def answer() -> None:
        kept.append(asyncio.ensure_future(fail_when_cancelled()))
        await asyncio.sleep(0)
        wanted.drop()
        await asyncio.sleep(3600)

    kept: list[object] = []
    wanted = Wanted()
    with wanted.working(), pytest.raises(ValueError, match="in a task"):
        run_async(answer())


def test_the_end_of_a_task_that_waits_at_a_gate_hides_no_other_error() -> None:
    gate, wanted = Gate(), Wanted()

    async def pass_gate() -> None:
        await gate

    async def answer() -> None:
        waiting = asyncio.ensure_future(pass_gate())
        await asyncio.sleep(0)
        wanted.drop()
        await asyncio.wait([waiting])
        await asyncio.wait([asyncio.ensure_future(fail())])

    with wanted.working(), pytest.raises(ValueError, match="in a task"):
        run_async(_uncancelled(answer()))


async def _uncancelled(work: Coroutine[Any, Any, None]) -> None:
    """Run *work* to its end, however often it is cancelled meanwhile."""
    task = asyncio.ensure_future(work)
    while not task.done():
        with suppress(asyncio.CancelledError):
            await asyncio.shield(task)


@pytest.mark.parametrize("is_late", [False, True])
def test_run_async_raises_what_a_function_in_an_executor_raises(*, is_late: bool) -> None:
    kept: list[object] = []

    async def answer() -> int:
        kept.append(asyncio.get_running_loop().run_in_executor(None, call_back))
        if not is_late:
            await asyncio.wait(kept)  # type: ignore[type-var]
        return 5

    with pytest.raises(ValueError, match="in a callback"):
        run_async(answer())


@pytest.mark.parametrize(
    "passed_on_by", [asyncio.gather, asyncio.shield, lambda work: asyncio.gather(asyncio.gather(work))]
)
def test_run_async_raises_the_error_of_a_task_that_only_a_kept_future_has(
    passed_on_by: Callable[[Any], Any], caplog: pytest.LogCaptureFixture
) -> None:
    kept: list[object] = []

    async def answer() -> int:
        kept.append(passed_on_by(fail()))
        await asyncio.sleep(0.01)
        return 5

    with pytest.raises(ValueError, match="in a task"):
        run_async(answer())
    kept.clear()
    assert not caplog.text


@pytest.mark.parametrize("passed_on_by", [asyncio.gather, asyncio.shield])
def test_a_kept_future_whose_error_is_awaited_fails_nothing(passed_on_by: Callable[[Any], Any]) -> None:
    kept: list[Any] = []

    async def answer() -> int:
        kept.append(passed_on_by(fail()))
        with pytest.raises(ValueError, match="in a task"):
            await kept[0]
        return 5

    assert run_async(answer()) == 5


@pytest.mark.slow
def test_many_awaited_errors_take_little_longer_than_one_in_a_large_process() -> None:
    heap = [[at] for at in range(300_000)]

    def seconds(count: int) -> float:
        async def answer() -> int:
            return len(await asyncio.gather(*(fail() for _ in range(count)), return_exceptions=True))

        begun = time.process_time()
        assert run_async(answer()) == count
        return time.process_time() - begun

    assert seconds(1000) < 4 * seconds(1) + 1
    assert len(heap) == 300_000


def test_what_is_freed_after_run_async_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    kept: list[object] = []

    async def answer() -> int:
        future = asyncio.get_running_loop().create_future()
        future.set_exception(ValueError("in a future"))
        kept.append(future)
        return 5

    assert run_async(answer()) == 5
    kept.clear()
    assert "Future exception was never retrieved" in caplog.text


def test_a_function_in_an_executor_whose_error_is_awaited_fails_nothing() -> None:
    async def answer() -> int:
        with pytest.raises(ValueError, match="in a callback"):
            await asyncio.to_thread(call_back)
        return 5

    assert run_async(answer()) == 5


def test_a_task_whose_error_is_awaited_fails_nothing() -> None:
    async def answer() -> int:
        with pytest.raises(ValueError, match="in a task"):
            await asyncio.ensure_future(fail())
        awaited_later = asyncio.ensure_future(fail())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert isinstance((await asyncio.gather(awaited_later, return_exceptions=True))[0], ValueError)
        endless.append(asyncio.ensure_future(asyncio.sleep(3600)))  # asyncio.run cancels it at the end
        return 5

    endless: list[object] = []
    assert run_async(answer()) == 5
    assert len(endless) == 1


@pytest.mark.parametrize(
    "beside", [{}, {"exception": OSError(5, "odd"), "transport": None}], ids=["message", "transport"]
)
def test_what_asyncio_reports_of_no_task_is_logged(beside: dict[str, Any], caplog: pytest.LogCaptureFixture) -> None:
    async def answer() -> int:
        asyncio.get_running_loop().call_exception_handler({"message": "something is odd"} | beside)
        return 5

    assert run_async(answer()) == 5
    assert "something is odd" in caplog.text


def test_a_closed_loop_is_left_alone() -> None:
    loop = asyncio.new_event_loop()
    loop.close()
    call_soon(loop, list)
