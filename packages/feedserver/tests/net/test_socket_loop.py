"""The event loop on real sockets, with the poller of this system and with one that every system has."""

from __future__ import annotations

import contextlib
import os
import select
import selectors
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from types import FrameType

import pytest

from feedserver.net.poller import READ, Poller, SelectorPoller, new_poller
from feedserver.net.socket_loop import SocketLoop

DEADLINE = 10.0


class Line:
    """A loop, a pair of sockets that are connected to each other, and notes of what happened."""

    def __init__(self, poller: Poller) -> None:
        self.failures: list[BaseException] = []
        self.loop = SocketLoop(poller, self.failures.append)
        self.near, self.far = socket.socketpair()
        self.near.setblocking(False)
        self.noted: list[object] = []

    @property
    def number(self) -> int:
        return self.near.fileno()

    def note(self, what: object) -> Callable[[], None]:
        """Return a callback that notes *what*."""
        return lambda: self.noted.append(what)

    def note_and_end(self, what: object) -> Callable[[], None]:
        """Return a callback that notes *what* and ends the loop."""

        def call() -> None:
            self.noted.append(what)
            self.loop.stop()

        return call

    def run(self) -> list[object]:
        """Run the loop until something stops it."""
        timer = self.loop.call_later(DEADLINE, self.note_and_end("nothing came"))
        self.loop.run_forever()
        timer.cancel()
        return self.noted


def poller_of_this_system() -> Poller:
    return new_poller()[0]


def poller_of_every_system() -> Poller:
    return SelectorPoller(selectors.SelectSelector())


@pytest.fixture(params=[poller_of_this_system, poller_of_every_system])
def line(request: pytest.FixtureRequest) -> Iterator[Line]:
    """Yield a line on the poller of this system, and on one that every system has."""
    line = Line(request.param())
    yield line
    line.loop.close()
    line.near.close()
    line.far.close()


# Sockets


class ManyReady(SelectorPoller):
    """A poller for which all descriptors are ready, and which tells of as many as there is room for, as epoll does."""

    def __init__(self) -> None:
        super().__init__(selectors.SelectSelector())
        self.watched: list[int] = []

    def register(self, fd: int, eventmask: int, /) -> None:
        self.watched.append(fd)

    def poll(self, timeout: float, room: int, /) -> list[tuple[int, int]]:
        return [(fd, READ) for fd in self.watched][:room]


def test_a_turn_reads_all_of_thousands_of_ready_sockets_and_a_visitor_sees_them() -> None:
    with contextlib.closing(SocketLoop(ManyReady(), print)) as loop:
        read: list[int] = []
        numbers = range(1_000_000, 1_005_000)
        for number in numbers:
            loop.add_reader(number, partial(read.append, number))
        assert loop.readable() == [*numbers]
        loop.call_soon(loop.stop)
        loop.run_forever()
        assert read == [*numbers]


def test_a_socket_is_read_as_long_as_it_is_watched(line: Line) -> None:
    def read() -> None:
        line.noted.append(line.near.recv(1))
        if len(line.noted) == 2:
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


@pytest.mark.skipif(not hasattr(select, "epoll"), reason="only epoll forgets a closed socket by itself")
def test_a_socket_is_read_whose_number_was_that_of_one_that_was_closed_while_it_was_watched() -> None:
    line = Line(poller_of_this_system())
    line.loop.add_reader(line.number, line.note("the old one"))
    with contextlib.closing(line.loop), line.far:
        other, sender = socket.socketpair()
        with other, sender, line.near:
            os.dup2(other.fileno(), line.number)
            line.loop.add_reader(line.number, line.note_and_end("the new one"))
            sender.send(b"x")
            assert line.run() == ["the new one"]


def test_another_callback_replaces_the_first(line: Line) -> None:
    line.loop.add_reader(line.number, line.note_and_end("first"))
    line.loop.add_reader(line.number, line.note_and_end("second"))
    line.far.send(b"x")
    assert line.run() == ["second"]


def test_a_socket_that_is_not_watched_can_be_removed(line: Line) -> None:
    line.loop.remove_reader(line.number)
    line.loop.remove_writer(line.number)


def test_a_callback_ends_the_watch_of_a_socket_that_is_ready_in_the_same_turn(line: Line) -> None:
    other, other_far = socket.socketpair()
    watched = {line.number, other.fileno()}

    def read(number: int) -> None:
        line.noted.append(number)
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


def test_a_socket_that_was_closed_before_its_watch_ended_is_forgotten(line: Line) -> None:
    other, other_far = socket.socketpair()
    number = other.fileno()
    line.loop.add_reader(number, line.note("never"))
    other.close()
    line.loop.remove_reader(number)
    other_far.close()
    line.loop.call_soon(line.loop.stop)
    assert line.run() == []


class Swapped:
    """A poller of this system that calls *meanwhile* when a socket is ready, before it reports that."""

    def __init__(self, meanwhile: Callable[[], object]) -> None:
        poller = new_poller()[0]
        self.register, self.modify, self.unregister = poller.register, poller.modify, poller.unregister
        self.close = poller.close
        self._poller = poller
        self._meanwhile = meanwhile

    def poll(self, timeout: float, room: int, /) -> list[tuple[int, int]]:
        """Wait, and then let the other thread work."""
        ready = self._poller.poll(timeout, room)
        self._meanwhile()
        return ready


@pytest.mark.skipif(os.name == "nt", reason="a socket of Windows is no file descriptor, which another could replace")
def test_a_socket_that_takes_the_number_of_a_closed_one_is_read_when_it_has_data() -> None:
    old, sender = socket.socketpair()
    other, other_sender = socket.socketpair()
    other.setblocking(False)
    number = old.fileno()
    read: list[bytes] = []

    def read_other() -> None:
        with contextlib.suppress(BlockingIOError):
            read.append(replaced.recv(10))
            line.loop.stop()

    def swap() -> None:
        if not read and old.fileno() == number:
            line.loop.remove_reader(number)
            old.detach()
            os.dup2(other.fileno(), number)
            line.loop.add_reader(number, read_other)
            line.loop.call_soon(lambda: other_sender.send(b"new"))

    line = Line(Swapped(lambda: line.loop.visit(swap)))
    line.loop.add_reader(number, line.note("the old one was read"))
    sender.send(b"old")
    with socket.socket(fileno=os.dup(other.fileno())) as replaced:
        replaced.setblocking(False)
        assert line.run() == []
    assert read == [b"new"]
    os.close(number)
    line.loop.close()
    for sock in (sender, other, other_sender, line.near, line.far):
        sock.close()


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


def test_a_timer_far_in_the_future_is_waited_for(line: Line) -> None:
    line.loop.call_later(10**9, line.note("never"))
    thread = threading.Thread(target=line.loop.run_forever)
    thread.start()
    line.loop.call_soon_threadsafe(line.loop.stop)
    thread.join(DEADLINE)
    assert not thread.is_alive()
    assert line.failures == []


@pytest.mark.parametrize("kind", [ValueError, KeyboardInterrupt, SystemExit])
def test_an_exception_of_a_callback_is_reported_and_the_loop_goes_on(line: Line, kind: type[BaseException]) -> None:
    def fail() -> None:
        raise kind("a mistake")

    line.loop.call_soon(fail)
    line.loop.call_later(0.0, fail)
    line.loop.call_later(0.01, line.note_and_end("end"))
    assert line.run() == ["end"]
    assert [type(each) for each in line.failures] == [kind, kind]


def test_a_closed_loop_takes_no_calls() -> None:
    line = Line(poller_of_this_system())
    line.loop.close()
    assert line.loop.is_closed()
    with pytest.raises(RuntimeError, match="the event loop is closed"):
        line.loop.call_soon_threadsafe(line.note("never"))
    line.near.close()
    line.far.close()


def test_a_visitor_that_is_interrupted_as_its_visit_begins_leaves_the_loop_free(line: Line) -> None:
    class Signalled(BaseException):
        pass

    def interrupt(frame: FrameType, event: str, called: object) -> None:
        if event == "c_return" and frame.f_code.co_name == "visit" and getattr(called, "__name__", "") == "acquire":
            sys.setprofile(None)
            raise Signalled  # where Python calls the handler of a signal that came meanwhile

    sys.setprofile(interrupt)
    try:
        with pytest.raises(Signalled):
            line.loop.visit(line.note("visited"))
    finally:
        sys.setprofile(None)
    visitor = threading.Thread(target=line.loop.visit, args=(line.note("visited"), DEADLINE))
    visitor.start()
    visitor.join()
    assert line.noted == ["visited"]
