"""Fixtures that the tests of feedserver share, such as a folder of feeds and a server that serves it."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from feedserver import FeedServer, Response
from feedserver.net import shared_loop

if TYPE_CHECKING:
    from feedserver.check import Report
    from plugin_suite import Suite


def running_servers() -> set[FeedServer]:
    """Return the servers of this process that listen."""
    thread = shared_loop._current
    return (
        {user for user in thread.users.copy() if isinstance(user, FeedServer) and user.is_running} if thread else set()
    )


@pytest.fixture(autouse=True)
def no_server_is_left() -> Iterator[None]:
    """Fail the test that leaves a server running, rather than the test after it."""
    before = running_servers()
    yield
    assert running_servers() <= before


@pytest.fixture
def signals_end_programs() -> Iterator[None]:
    """Let programs that the test starts end by Ctrl-C and SIGHUP. Under `nohup`, or in the background of a shell, the
    tests ignore these signals, and a program that is started inherits that.
    """
    numbers = [getattr(signal, name) for name in ("SIGINT", "SIGHUP") if hasattr(signal, name)]
    ignored = [number for number in numbers if signal.getsignal(number) is signal.SIG_IGN]
    for number in ignored:
        signal.signal(number, signal.SIG_DFL)
    yield
    for number in ignored:
        signal.signal(number, signal.SIG_IGN)


@pytest.fixture
def late_server() -> Iterator[FeedServer]:
    """Yield a server that has not started, and for which "/late" is a path that nothing answers."""
    server = FeedServer()
    server.add("/known", Response("x"))
    yield server
    server.stop()


@pytest.fixture
def quiet_host() -> str:
    """Return a loopback address that this process alone uses: a port that it releases there stays free.

    On a system with a single loopback address, such as macOS, return that one.
    """
    number = os.getpid()
    host = f"127.{128 | number >> 16 & 127}.{number >> 8 & 255}.{number & 255}"
    with socket.socket() as tried:
        try:
            tried.bind((host, 0))
        except OSError:
            return "127.0.0.1"
    return host


@pytest.fixture
def closed_port() -> Iterator[int]:
    """Yield a port of 127.0.0.1 on which nothing listens, and which nobody else can take during the test."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "feeds"
    folder.mkdir()
    return folder


@pytest.fixture
def server(root: Path) -> Iterator[FeedServer]:
    """Yield a running server that does not report what clients do wrong, such as requests for unknown paths."""
    with FeedServer(root, strict=False) as running:
        yield running


@pytest.fixture(scope="session")
def report() -> Report:
    """Return a report of `feedserver check` with a failure, a pass, and a rule that is not for a fetcher."""
    from feedserver.check import check
    from right_reader import RightReader

    return check(partial(RightReader, "V1"), only=["V1", "V4", "V10"], kind="fetcher")


@pytest.fixture
def suite(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Suite:
    """Return a suite of tests that use the pytest plugin, for test modules that enable pytest's plugin "pytester"."""
    from plugin_suite import Suite

    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # other plugins would interfere, and take time
    return Suite(request.getfixturevalue("pytester"))
