"""The server of a failed test keeps running until a person at a terminal presses Enter."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import pytest

from feedserver import FeedServer
from feedserver.held_server import hold

pty = pytest.importorskip("pty", reason="Windows has no pseudo-terminals")


@dataclass
class Terminal:
    """A terminal: *person* is the descriptor of a person's end, *reading* and *writing* are a program's streams."""

    person: int
    reading: TextIO
    writing: TextIO


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[Terminal]:
    monkeypatch.setenv("FEEDSERVER_HOLD", "1")
    person, own = pty.openpty()
    with os.fdopen(own, encoding="utf-8") as reading, os.fdopen(os.dup(own), "w", encoding="utf-8") as writing:
        yield Terminal(person, reading, writing)
    os.close(person)


def test_a_server_is_held_until_a_person_presses_enter(terminal: Terminal, server: FeedServer) -> None:
    streams = {"reading": terminal.reading, "writing": terminal.writing}
    held = threading.Thread(target=hold, args=([server], "test_feed"), kwargs=streams)
    held.start()
    printed = b""
    while b"Enter" not in printed:
        printed += os.read(terminal.person, 1024)
    assert f"test_feed failed. Its server runs on, for 10 minutes at most: {server.base_url}" in printed.decode()
    assert held.is_alive()
    os.write(terminal.person, b"\n")
    held.join(10)
    assert not held.is_alive()


def test_a_server_is_not_held_for_ever(terminal: Terminal, server: FeedServer) -> None:
    hold([server], "test_feed", seconds=0.01, reading=terminal.reading, writing=terminal.writing)
    os.write(terminal.person, b"\n")  # ends the thread that reads
    for thread in threading.enumerate():
        if thread.name == "feedserver: FEEDSERVER_HOLD":
            thread.join(10)


@pytest.mark.parametrize("lacks", ["the wish", "a running server", "a terminal to read from", "a terminal to write to"])
def test_a_server_is_held_only_if_somebody_can_look_at_it(
    terminal: Terminal, server: FeedServer, monkeypatch: pytest.MonkeyPatch, lacks: str
) -> None:
    if lacks == "the wish":
        monkeypatch.setenv("FEEDSERVER_HOLD", "0")
    writing = io.StringIO() if lacks == "a terminal to write to" else terminal.writing
    hold(
        [FeedServer() if lacks == "a running server" else server],
        "test_feed",
        seconds=0.01,
        reading=io.StringIO() if lacks == "a terminal to read from" else terminal.reading,
        writing=writing,
    )
    os.set_blocking(terminal.person, False)
    try:
        printed = os.read(terminal.person, 1024)
    except BlockingIOError:
        printed = b""
    os.write(terminal.person, b"\n")  # ends the thread that reads, if there is one
    assert printed == b""
    assert not isinstance(writing, io.StringIO) or writing.getvalue() == ""


@pytest.mark.slow
def test_pytest_holds_the_server_of_a_failed_test(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(
        "from feedserver import Response\n\n\ndef test_it(feedserver):\n"
        "    feedserver.add('/feed', Response('<feed/>'))\n    assert False\n"
    )
    person, own = pty.openpty()
    environment = {
        key: value for key, value in os.environ.items() if not key.startswith(("PYTEST_", "COV_", "DJANGO_"))
    }
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:randomly",
        "-p",
        "no:django",
        "-p",
        "no:xdist",
        "test_it.py",
    ]
    with subprocess.Popen(
        command, cwd=tmp_path, env=environment | {"FEEDSERVER_HOLD": "1"}, stdin=own, stdout=own, stderr=own
    ) as child:
        os.close(own)
        printed = b""
        while b"Enter" not in printed:
            printed += os.read(person, 1024)
        base_url = printed.decode().partition("at most: ")[2].split()[0]
        assert urllib.request.urlopen(f"{base_url}/feed", timeout=10).read() == b"<feed/>"
        os.write(person, b"\n")
        try:
            while os.read(person, 65_536):  # otherwise a full terminal would block the child
                pass
        except OSError:  # the end of the terminal, on Linux
            pass
        assert child.wait(30) == 1
    os.close(person)
