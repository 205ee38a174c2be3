"""Only processes that exceed their deadline are ended."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from lifestream.parser.deadlines import Deadlines
from programs import PATIENCE


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
    assert len(set(threading.enumerate()) - before) == 1
    made.close()
    assert set(threading.enumerate()) <= before
    Deadlines().close()
