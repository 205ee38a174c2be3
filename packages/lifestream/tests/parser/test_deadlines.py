"""Only processes that exceed their deadline are ended."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from lifestream.parser import deadlines as deadlines_module
from lifestream.parser.deadlines import Deadlines
from programs import PATIENCE


class Stepped:
    """A clock, and the condition and the thread of `Deadlines`, without any waiting.

    The thread runs when `run` is called. Each time that it waits, *waits* gets the seconds that it wants to wait, and
    the next of the given *steps* is called in place of the wait.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        self.steps: list[Callable[[], object]] = []
        self.waits: list[float | None] = []
        self.wakings = 0
        self.is_locked = False
        monkeypatch.setattr(deadlines_module, "time", SimpleNamespace(monotonic=lambda: self.now))
        replaced = SimpleNamespace(Condition=lambda: self, Thread=self._thread_for)
        monkeypatch.setattr(deadlines_module, "threading", replaced)
        self.deadlines = Deadlines()

    def _thread_for(self, target: Callable[[], object], **_: object) -> Any:
        self.target = target
        return SimpleNamespace(ident=None)

    def __enter__(self) -> None:
        assert not self.is_locked
        self.is_locked = True

    def __exit__(self, *_: object) -> None:
        self.is_locked = False

    def notify_all(self) -> None:
        assert self.is_locked
        self.wakings += 1

    def wait(self, seconds: float | None) -> None:
        self.waits.append(seconds)
        self.is_locked = False
        self.steps.pop(0)()
        self.is_locked = True

    def until(self, now: float) -> Callable[[], None]:
        """Return a step that moves the clock to *now*."""
        return lambda: setattr(self, "now", now)

    def run(self, *steps: Callable[[], object]) -> None:
        """Run the thread; after the *steps* it is ended."""
        self.steps = [*steps, self.deadlines.close]
        self.target()


class Killed:
    """Stands for a process: *times* is how often it was killed."""

    def __init__(self) -> None:
        self.times = 0

    def kill(self) -> None:
        self.times += 1


@pytest.fixture
def stepped(monkeypatch: pytest.MonkeyPatch) -> Stepped:
    return Stepped(monkeypatch)


def test_each_process_is_killed_at_its_own_time_and_once(stepped: Stepped) -> None:
    slow: Any = Killed()
    quick: Any = Killed()
    late = [threading.Event(), threading.Event()]
    seen: list[tuple[int, int, bool, bool]] = []

    def see_at(now: float) -> Callable[[], None]:
        def step() -> None:
            seen.append((slow.times, quick.times, late[0].is_set(), late[1].is_set()))
            stepped.now = now

        return step

    with stepped.deadlines.killing(slow, 60.0, late[0]), stepped.deadlines.killing(quick, 10.0, late[1]):
        stepped.run(see_at(1009.5), see_at(1010.0), see_at(1060.0), see_at(1060.0))
    assert stepped.waits == [10.0, 0.5, 50.0, None, None]
    assert seen == [(0, 0, False, False), (0, 0, False, False), (0, 1, False, True), (1, 1, True, True)]


def test_a_block_that_ends_in_time_or_fails_leaves_no_deadline(stepped: Stepped) -> None:
    process: Any = Killed()
    late = threading.Event()
    with stepped.deadlines.killing(process, 60.0, late):
        pass
    with pytest.raises(LookupError), stepped.deadlines.killing(process, 60.0, late):
        raise LookupError
    stepped.run(stepped.until(9999.0))
    assert stepped.waits == [None, None]
    assert (process.times, late.is_set()) == (0, False)


def test_the_thread_is_woken_for_each_deadline_and_at_the_end(stepped: Stepped) -> None:
    process: Any = Killed()
    with stepped.deadlines.killing(process, 60.0, threading.Event()):
        assert stepped.wakings == 1
    stepped.deadlines.close()
    assert stepped.wakings == 2
    stepped.target()
    assert stepped.waits == []


@pytest.fixture
def deadlines() -> Iterator[Deadlines]:
    made = Deadlines()
    made.start()
    yield made
    made.close()


@pytest.fixture
def process() -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-S", "-c", "import sys; sys.stdin.read()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as running:
        yield running
        running.kill()


def test_a_late_process_is_ended_and_reported(deadlines: Deadlines, process: subprocess.Popen[bytes]) -> None:
    late, other = threading.Event(), threading.Event()
    with deadlines.killing(process, 3600.0, other), deadlines.killing(process, 0.01, late):
        assert process.wait(PATIENCE) != 0
    assert late.is_set()
    assert not other.is_set()


def test_a_process_that_is_in_time_is_not_ended(
    deadlines: Deadlines, process: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    monkeypatch.setattr("lifestream.parser.deadlines.time", SimpleNamespace(monotonic=lambda: now[0]))
    first, late = threading.Event(), threading.Event()
    with deadlines.killing(process, 60.0, first):
        pass
    now[0] = 3600.0
    # When the second process has been ended, the thread has also checked the deadline of the first one.
    second = subprocess.Popen([sys.executable, "-S", "-c", "input()"], stdin=subprocess.PIPE)
    with second, deadlines.killing(second, 0.0, late):
        second.wait(PATIENCE)
    assert late.is_set()
    assert not first.is_set()
    assert process.poll() is None


def test_no_deadline_starts_a_thread(deadlines: Deadlines, process: subprocess.Popen[bytes]) -> None:
    before = set(threading.enumerate())
    for _ in range(3):
        with deadlines.killing(process, 3600.0, threading.Event()):
            assert set(threading.enumerate()) <= before


def test_closing_ends_the_thread() -> None:
    before = set(threading.enumerate())
    made = Deadlines()
    made.start()
    [thread] = set(threading.enumerate()) - before
    # Whoever lists threads knows it by its name, and a program that closes no pool ends nevertheless.
    assert (thread.name, thread.daemon) == ("parser-deadlines", True)
    made.close()
    assert set(threading.enumerate()) <= before
    Deadlines().close()
