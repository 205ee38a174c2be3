"""The event loop: its timers as values, and its sockets and calls on a real selector."""

from __future__ import annotations

import selectors
import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from feedserver.net.socket_loop import FEW, SocketLoop, Timers

DEADLINE = 10.0


class Line:
    """A loop, a pair of sockets that are connected to each other, and what happened."""

    def __init__(self) -> None:
        self.failures: list[BaseException] = []
        self.loop = SocketLoop(selectors.DefaultSelector(), self.failures.append)
        self.near, self.far = socket.socketpair()
        self.near.setblocking(False)
        self.told: list[object] = []

    @property
    def number(self) -> int:
        return self.near.fileno()

    def note(self, what: object) -> Callable[[], None]:
        """A callback that notes *what*."""
        return lambda: self.told.append(what)

    def note_and_end(self, what: object) -> Callable[[], None]:
        """A callback that notes *what* and ends the loop."""

        def call() -> None:
            self.told.append(what)
            self.loop.stop()

        return call

    def run(self) -> list[object]:
        """Runs the loop until something stops it."""
        timer = self.loop.call_later(DEADLINE, self.note_and_end("nothing came"))
        self.loop.run_forever()
        timer.cancel()
        return self.told


@pytest.fixture
def line() -> Iterator[Line]:
    line = Line()
    yield line
    line.loop.close()
    line.near.close()
    line.far.close()


# Timers


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


def test_a_timer_that_is_added_by_one_that_is_due_waits_for_the_next_turn() -> None:
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


# Sockets


def test_a_socket_is_read_as_long_as_it_is_watched(line: Line) -> None:
    def read() -> None:
        line.told.append(line.near.recv(1))
        if len(line.told) == 2:
            line.loop.remove_reader(line.number)
            line.loop.call_soon(line.loop.stop)

    line.loop.add_reader(line.number, read)
    line.far.send(b"abc")
    assert line.run() == [b"a", b"b"]
    line.loop.call_soon(line.loop.stop)
    assert line.run() == [b"a", b"b"]


def test_a_socket_is_watched_for_reading_and_writing_apart(line: Line) -> None:
    line.loop.add_reader(line.number, line.note_and_end("read"))
    line.loop.add_writer(line.number, line.note_and_end("write"))
    assert line.run() == ["write"]
    line.loop.remove_writer(line.number)
    line.far.send(b"x")
    assert line.run() == ["write", "read"]
    line.loop.remove_reader(line.number)
    line.loop.add_writer(line.number, line.note_and_end("write again"))
    assert line.run() == ["write", "read", "write again"]


def test_another_callback_replaces_the_first(line: Line) -> None:
    line.loop.add_reader(line.number, line.note_and_end("first"))
    line.loop.add_reader(line.number, line.note_and_end("second"))
    line.far.send(b"x")
    assert line.run() == ["second"]


def test_what_is_not_watched_can_be_removed(line: Line) -> None:
    line.loop.remove_reader(line.number)
    line.loop.remove_writer(line.number)


def test_a_callback_ends_the_watch_of_a_socket_that_is_ready_in_the_same_turn(line: Line) -> None:
    other, other_far = socket.socketpair()
    watched = {line.number, other.fileno()}

    def read(number: int) -> None:
        line.told.append(number)
        (rest,) = watched - {number}
        line.loop.remove_reader(rest)
        line.loop.stop()

    for number in watched:
        line.loop.add_reader(number, lambda number=number: read(number))  # type: ignore[misc]
    line.far.send(b"x")
    other_far.send(b"x")
    assert len(line.run()) == 1
    other.close()
    other_far.close()


# Calls


def test_a_call_from_another_thread_wakes_the_loop(line: Line) -> None:
    caller = threading.Thread(target=line.loop.call_soon_threadsafe, args=(line.note_and_end("called"),))
    caller.start()
    assert line.run() == ["called"]
    caller.join()


def test_more_calls_than_the_loop_s_own_socket_takes_are_all_made(line: Line) -> None:
    for _ in range(30_000):
        line.loop.call_soon_threadsafe(line.note(1))
    line.loop.call_soon_threadsafe(line.loop.stop)
    assert sum(1 for _ in line.run()) == 30_000


def test_a_call_that_calls_again_lets_sockets_have_their_turn(line: Line) -> None:
    def again() -> None:
        line.loop.call_soon(again)

    line.loop.add_reader(line.number, line.note_and_end("read"))
    line.loop.call_soon(again)
    line.far.send(b"x")
    assert line.run() == ["read"]


def test_a_timer_is_called_when_its_time_has_come(line: Line) -> None:
    begun = time.monotonic()
    line.loop.call_later(0.02, line.note_and_end("late"))
    line.loop.call_later(0.0, line.note("soon"))
    line.loop.call_later(10**9, line.note("never"))
    assert line.run() == ["soon", "late"]
    assert time.monotonic() - begun >= 0.02


def test_a_timer_of_some_weeks_is_waited_for(line: Line) -> None:
    line.loop.call_later(10**9, line.note("never"))
    thread = threading.Thread(target=line.loop.run_forever)
    thread.start()
    line.loop.call_soon_threadsafe(line.loop.stop)
    thread.join(DEADLINE)
    assert not thread.is_alive()
    assert line.failures == []


@pytest.mark.parametrize("kind", [ValueError, KeyboardInterrupt, SystemExit])
def test_what_a_callback_raises_is_told_and_the_loop_goes_on(line: Line, kind: type[BaseException]) -> None:
    def fail() -> None:
        raise kind("a mistake")

    line.loop.call_soon(fail)
    line.loop.call_later(0.0, fail)
    line.loop.call_later(0.01, line.note_and_end("end"))
    assert line.run() == ["end"]
    assert [type(each) for each in line.failures] == [kind, kind]


def test_a_closed_loop_takes_no_calls() -> None:
    line = Line()
    line.loop.close()
    assert line.loop.is_closed()
    with pytest.raises(RuntimeError, match="the event loop is closed"):
        line.loop.call_soon_threadsafe(line.note("never"))
    line.near.close()
    line.far.close()
