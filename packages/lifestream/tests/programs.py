"""Programs that tests start as a user would. Tests wait for their output, and none outlives its test."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from forked import FORKER

PATIENCE = 120.0  # seconds to wait for something that takes a moment; only a failing test waits so long

# Variables that may be set for the tests, and that a program would obey.
_OURS = (
    "CELERY_BROKER_URL",
    "DATABASE_URL",
    "DJANGO_SETTINGS_MODULE",
    "LIFESTREAM_ALLOWED_NETWORKS",
    "LIFESTREAM_DEMO",
    "LIFESTREAM_HOSTS",
    "PYTHONWARNINGS",
)


def environment(home: Path, **variables: str) -> dict[str, str]:
    """Return the environment of a program that keeps its files in *home*, with *variables*."""
    inherited = {name: value for name, value in os.environ.items() if name not in _OURS}
    return {**inherited, "LIFESTREAM_HOME": str(home), "PYTHONUNBUFFERED": "1", "PYTHONUTF8": "1", **variables}


def for_another_user(environ: Mapping[str, str]) -> dict[str, str]:
    """Return *environ* without the order to measure coverage: another user may not write its results here."""
    return {name: value for name, value in environ.items() if name != "COVERAGE_PROCESS_CONFIG"}


def lifestream(*arguments: str) -> list[str]:
    """Return the command line of the `lifestream` command."""
    return [sys.executable, "-m", "lifestream", *arguments]


def run(home: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the `lifestream` command in *home* to its end."""
    if hasattr(os, "fork"):
        return FORKER.run(arguments, environment(home, **variables))
    return subprocess.run(
        lifestream(*arguments),
        env=environment(home, **variables),
        capture_output=True,
        encoding="utf-8",
        timeout=PATIENCE,
        check=False,
    )


class Program:
    """A running program and its output. As a context manager, it ends the program."""

    def __init__(self, command: list[str], environ: Mapping[str, str]) -> None:
        self._lines: list[str] = []
        self._changed = threading.Condition()
        self._over = False
        self._process = subprocess.Popen(
            command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", errors="replace"
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process.poll() is None:
            self.terminate()
        if error is not None:
            error.add_note(f"The program has printed:\n{self.output}")

    @property
    def output(self) -> str:
        """What the program has printed so far, to standard output and standard error."""
        with self._changed:
            return "".join(self._lines)

    def wait_for_line(self, text: str, count: int = 1) -> str:
        """Wait until *count* lines with *text* in them are printed. Return the last of them.

        Raises AssertionError if the program ends before, or after `PATIENCE` seconds.
        """
        deadline = time.monotonic() + PATIENCE
        with self._changed:
            while True:
                found = [line for line in self._lines if text in line]
                if len(found) >= count:
                    return found[count - 1].rstrip("\n")
                if self._over or not self._changed.wait(deadline - time.monotonic()):
                    raise AssertionError(f"{text!r} was printed {len(found)} times, not {count}")

    def terminate(self) -> int:
        """Ask the program to end, with SIGTERM where there are signals, and return its exit status.

        Kills the program and raises AssertionError if it has not ended after `PATIENCE` seconds.
        """
        self._process.terminate()
        try:
            status = self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            raise AssertionError("the program did not end when it was asked to") from None
        self._reader.join(PATIENCE)
        return status

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as stream:
            for line in stream:
                with self._changed:
                    self._lines.append(line)
                    self._changed.notify_all()
        with self._changed:
            self._over = True
            self._changed.notify_all()
