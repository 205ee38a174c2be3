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
from feedserver.net.socket_loop import LONGEST_WAIT, SocketLoop

DEADLINE = 10.0


class WatchedSockets:
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
def watched(request: pytest.FixtureRequest) -> Iterator[WatchedSockets]:
    """Yield sockets that are watched with the poller of this system, and with one that every system has."""
    watched = WatchedSockets(request.param())
    yield watched
    close(watched)


def close(watched: WatchedSockets) -> None:
    watched.loop.close()
    watched.near.close()
    watched.far.close()


# Sockets


class ManyReady(SelectorPoller):
    """A poller for which all descriptors are ready, and which reports as many as it is asked for, as epoll does."""

    def __init__(self) -> None:
        super().__init__(selectors.SelectSelector())
        self.watched: list[int] = []

    def register(self, fd: int, eventmask: int, /) -> None:
        self.watched.append(fd)

    def poll(self, timeout: float, max_events: int, /) -> list[tuple[int, int]]:
        return [(fd, READ) for fd in self.watched][:max_events]


@pytest.mark.slow
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


def test_a_socket_is_read_as_long_as_it_is_watched(watched: WatchedSockets) -> None:
    def read() -> None:
        watched.noted.append(watched.near.recv(1))
        if len(watched.noted) == 2:
            watched.loop.remove_reader(watched.number)
            watched.loop.call_soon(watched.loop.stop)

    watched.loop.add_reader(watched.number, read)
    watched.far.send(b"abc")
    assert watched.run() == [b"a", b"b"]
    watched.loop.call_soon(watched.loop.stop)
    assert watched.run() == [b"a", b"b"]


def test_a_socket_is_watched_for_reading_and_writing_apart(watched: WatchedSockets) -> None:
    watched.loop.add_reader(watched.number, watched.note_and_end("read"))
    watched.loop.add_writer(watched.number, watched.note_and_end("write"))
    assert watched.run() == ["write"]
    watched.loop.remove_writer(watched.number)
    watched.far.send(b"x")
    assert watched.run() == ["write", "read"]
    watched.loop.remove_reader(watched.number)
    watched.loop.add_writer(watched.number, watched.note_and_end("write again"))
    assert watched.run() == ["write", "read", "write again"]


@pytest.mark.skipif(not hasattr(select, "epoll"), reason="only epoll forgets a closed socket by itself")
def test_a_new_socket_with_the_number_of_a_closed_watched_socket_is_read() -> None:
    watched = WatchedSockets(poller_of_this_system())
    watched.loop.add_reader(watched.number, watched.note("the old one"))
    with contextlib.closing(watched.loop), watched.far:
        other, sender = socket.socketpair()
        with other, sender, watched.near:
            os.dup2(other.fileno(), watched.number)
            watched.loop.add_reader(watched.number, watched.note_and_end("the new one"))
            sender.send(b"x")
            assert watched.run() == ["the new one"]


def test_another_callback_replaces_the_first(watched: WatchedSockets) -> None:
    watched.loop.add_reader(watched.number, watched.note_and_end("first"))
    watched.loop.add_reader(watched.number, watched.note_and_end("second"))
    watched.far.send(b"x")
    assert watched.run() == ["second"]


def test_a_socket_that_is_not_watched_can_be_removed(watched: WatchedSockets) -> None:
    watched.loop.remove_reader(watched.number)
    watched.loop.remove_writer(watched.number)


def test_a_callback_ends_the_watch_of_a_socket_that_is_ready_in_the_same_turn(watched: WatchedSockets) -> None:
    other, other_far = socket.socketpair()
    numbers = {watched.number, other.fileno()}

    def read(number: int) -> None:
        watched.noted.append(number)
        (rest,) = numbers - {number}
        watched.loop.remove_reader(rest)
        watched.loop.stop()

    for number in numbers:
        watched.loop.add_reader(number, lambda number=number: read(number))  # type: ignore[misc]
    watched.far.send(b"x")
    other_far.send(b"x")
    assert len(watched.run()) == 1
    other.close()
    other_far.close()


def test_a_socket_that_was_closed_before_its_watch_ended_is_forgotten(watched: WatchedSockets) -> None:
    other, other_far = socket.socketpair()
    number = other.fileno()
    watched.loop.add_reader(number, watched.note("never"))
    other.close()
    watched.loop.remove_reader(number)
    other_far.close()
    watched.loop.call_soon(watched.loop.stop)
    assert watched.run() == []


class MeanwhilePoller:
    """A poller of this system that calls *meanwhile* after each wait, before it reports which sockets are ready."""

    def __init__(self, meanwhile: Callable[[], object]) -> None:
        poller = new_poller()[0]
        self.register, self.modify, self.unregister = poller.register, poller.modify, poller.unregister
        self.close = poller.close
        self._poller = poller
        self._meanwhile = meanwhile

    def poll(self, timeout: float, max_events: int, /) -> list[tuple[int, int]]:
        """Wait, call *meanwhile*, and then report which sockets were ready before it."""
        ready = self._poller.poll(timeout, max_events)
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
            watched.loop.stop()

    def swap() -> None:
        if not read and old.fileno() == number:
            watched.loop.remove_reader(number)
            old.detach()
            os.dup2(other.fileno(), number)
            watched.loop.add_reader(number, read_other)
            watched.loop.call_soon(lambda: other_sender.send(b"new"))

    watched = WatchedSockets(MeanwhilePoller(lambda: watched.loop.visit(swap)))
    watched.loop.add_reader(number, watched.note("the old one was read"))
    sender.send(b"old")
    with socket.socket(fileno=os.dup(other.fileno())) as replaced:
        replaced.setblocking(False)
        assert watched.run() == []
    assert read == [b"new"]
    os.close(number)
    watched.loop.close()
    for sock in (sender, other, other_sender, watched.near, watched.far):
        sock.close()


# Calls


class BeforeEachWait:
    """A poller that calls *before* with the timeout of each wait, which is already chosen then."""

    def __init__(self, poller: Poller, before: Callable[[float], object]) -> None:
        self.register, self.modify, self.unregister = poller.register, poller.modify, poller.unregister
        self.close = poller.close
        self._poller = poller
        self._before = before

    def poll(self, timeout: float, max_events: int, /) -> list[tuple[int, int]]:
        """Call *before*, and wait."""
        self._before(timeout)
        return self._poller.poll(timeout, max_events)


@pytest.mark.parametrize("kind", [poller_of_this_system, poller_of_every_system])
def test_a_call_from_another_thread_wakes_the_loop(kind: Callable[[], Poller]) -> None:
    def call_once(timeout: float) -> None:
        if timeout > 0 and not callers:
            callers.append(
                threading.Thread(target=watched.loop.call_soon_threadsafe, args=(watched.note_and_end("called"),))
            )
            callers[0].start()

    callers: list[threading.Thread] = []
    watched = WatchedSockets(BeforeEachWait(kind(), call_once))
    assert watched.run() == ["called"]
    callers[0].join()
    close(watched)


@pytest.mark.slow
def test_more_calls_than_the_loop_s_own_socket_takes_are_all_made(watched: WatchedSockets) -> None:
    for _ in range(30_000):
        watched.loop.call_soon_threadsafe(watched.note(1))
    watched.loop.call_soon_threadsafe(watched.loop.stop)
    assert sum(1 for _ in watched.run()) == 30_000


def test_a_call_that_calls_again_lets_sockets_have_their_turn(watched: WatchedSockets) -> None:
    def again() -> None:
        watched.loop.call_soon(again)

    watched.loop.add_reader(watched.number, watched.note_and_end("read"))
    watched.loop.call_soon(again)
    watched.far.send(b"x")
    assert watched.run() == ["read"]


def test_a_timer_is_called_when_its_time_has_come(watched: WatchedSockets) -> None:
    begun = time.monotonic()
    watched.loop.call_later(0.02, watched.note_and_end("late"))
    watched.loop.call_later(0.0, watched.note("soon"))
    watched.loop.call_later(10**9, watched.note("never"))
    assert watched.run() == ["soon", "late"]
    assert time.monotonic() - begun >= 0.02


@pytest.mark.parametrize("kind", [poller_of_this_system, poller_of_every_system])
def test_a_timer_far_in_the_future_is_waited_for(kind: Callable[[], Poller]) -> None:
    """A wait has a maximum, since an operating system takes no longer one."""

    def stop(timeout: float) -> None:
        timeouts.append(timeout)
        watched.loop.call_soon_threadsafe(watched.loop.stop)

    timeouts: list[float] = []
    watched = WatchedSockets(BeforeEachWait(kind(), stop))
    watched.loop.call_later(10**9, watched.note("never"))
    watched.loop.run_forever()
    assert (timeouts[0], watched.noted, watched.failures) == (LONGEST_WAIT, [], [])
    close(watched)


@pytest.mark.parametrize("kind", [ValueError, KeyboardInterrupt, SystemExit])
def test_an_exception_of_a_callback_is_reported_and_the_loop_goes_on(
    watched: WatchedSockets, kind: type[BaseException]
) -> None:
    def fail() -> None:
        raise kind("a mistake")

    watched.loop.call_soon(fail)
    watched.loop.call_later(0.0, fail)
    watched.loop.call_later(0.01, watched.note_and_end("end"))
    assert watched.run() == ["end"]
    assert [type(each) for each in watched.failures] == [kind, kind]


def test_a_closed_loop_takes_no_calls_from_other_threads() -> None:
    watched = WatchedSockets(poller_of_this_system())
    watched.loop.close()
    assert watched.loop.is_closed()
    with pytest.raises(RuntimeError, match="the event loop is closed"):
        watched.loop.call_soon_threadsafe(watched.note("never"))
    watched.near.close()
    watched.far.close()


def test_a_visitor_that_is_interrupted_as_its_visit_begins_leaves_the_loop_free(watched: WatchedSockets) -> None:
    class Signalled(BaseException):
        pass

    def interrupt(frame: FrameType, event: str, called: object) -> None:
        if event == "c_return" and frame.f_code.co_name == "visit" and getattr(called, "__name__", "") == "acquire":
            sys.setprofile(None)
            raise Signalled  # where Python calls the handler of a signal that came meanwhile

    sys.setprofile(interrupt)
    try:
        with pytest.raises(Signalled):
            watched.loop.visit(watched.note("visited"))
    finally:
        sys.setprofile(None)
    visitor = threading.Thread(target=watched.loop.visit, args=(watched.note("visited"), DEADLINE))
    visitor.start()
    visitor.join()
    assert watched.noted == ["visited"]


def test_a_visit_within_a_visit_does_not_end_the_outer_one(watched: WatchedSockets) -> None:
    visitors: list[int] = []

    def visit_again() -> None:
        watched.loop.visit(watched.note("visited"))
        visitors.append(watched.loop.visitor)

    watched.loop.visit(visit_again)
    assert watched.noted == ["visited"]
    assert visitors == [threading.get_ident()]
    assert watched.loop.visitor == 0
