"""The clock that a run moves, and how the reader comes to see it.

The servers' own dates and the dates in feeds follow `MovedClock.time`. The reader's clock follows by one of two
methods: a function that the reader's adapter gives, if it is in Python, or a small library in C (`clock_shim.c`) that
is loaded into the reader's processes. Where neither can be used, nothing is moved at all, and scenarios that need the
clock get the verdict *not seen*. They also get it where the clock was moved, but nothing proves that the reader's clock
has followed.

The library moves the wall clock alone. It is built in a folder of this run, on Linux, if there is a C compiler. It
counts the processes that have read the clock and made a connection, which proves that the reader itself sees the moved
time. A reader that is linked statically, as programs in Go are, does not see it.
"""

from __future__ import annotations

import mmap
import os
import shutil
import struct
import subprocess
import sys
import time
import weakref
from collections.abc import Callable
from functools import cached_property
from importlib.resources import as_file, files
from pathlib import Path

from feedserver.check.reader_files import new_file

_LAYOUT = struct.Struct("=qQ")  # the offset in nanoseconds, and the number of proofs: `struct shared` in clock_shim.c
_BUILD_TIMEOUT = 60.0


class MovedClock:
    """A clock that is moved forward only.

    *move* tells the reader the offset from the true time in seconds, *method* says how, in words for the report.
    Without *move* the clock is the true one; *problem* then says why, "" if there is no more to say.
    """

    def __init__(self, move: Callable[[float], None] | None = None, method: str = "none", *, problem: str = "") -> None:
        self._move = move
        self.method = method
        self.problem = problem
        self.offset = 0.0

    @property
    def can_move(self) -> bool:
        """Whether there is a method by which the reader's clock may follow; a run finds out whether it does."""
        return self._move is not None

    def time(self) -> float:
        """Return the moved time, in seconds since the epoch."""
        return time.time() + self.offset

    def advance(self, seconds: float) -> None:
        """Move the clock by *seconds*, if the reader's clock can follow."""
        if self._move is not None:
            self.offset += seconds
            self._move(self.offset)


class ClockShim:
    """The library that moves the clock of other processes.

    It is built in *folder*, which belongs to this run, when it is first needed.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._problem = ""

    @property
    def problem(self) -> str:
        """Why the library is missing; "" if it was built."""
        return "" if self._library is not None else self._problem

    @cached_property
    def _library(self) -> Path | None:
        compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
        if not sys.platform.startswith("linux"):
            self._problem = "the clock of other programs can be moved on Linux only"
        elif compiler is None:
            self._problem = "moving the clock of other programs needs a C compiler; install gcc or clang"
        else:
            library = self._folder / "clock_shim.so"
            with as_file(files("feedserver.check") / "clock_shim.c") as source:
                options = [
                    "-shared",
                    "-fPIC",
                    "-O2",
                    "-std=gnu17",
                    "-o",
                    str(library),
                    str(source),
                    "-ldl",
                    "-lpthread",
                ]
                try:
                    built = subprocess.run(  # noqa: S603 - the compiler and the file of this package
                        [compiler, *options],
                        capture_output=True,
                        text=True,
                        check=False,
                        timeout=_BUILD_TIMEOUT,
                        env=os.environ | {"TMPDIR": str(self._folder)},  # a compiler that is killed leaves files
                    )
                    if built.returncode == 0:
                        return library
                    reason = built.stderr.strip()[-300:]
                except (OSError, subprocess.TimeoutExpired) as error:
                    reason = str(error)
            self._problem = f"the library that moves the clock could not be built: {reason}"
        return None

    def build(self) -> None:
        """Build the library, before several threads need it."""
        _ = self._library

    def load(self, folder: Path) -> LoadedShim | None:
        """Return the library with a file of its own in *folder*, for one session; None if there is no library."""
        return LoadedShim(self._library, folder / "clock") if self._library is not None else None


class LoadedShim:
    """The library for one session: the file by which it is told the time, and the variables that load it."""

    def __init__(self, library: Path, path: Path) -> None:
        # The file is not mapped here: if the reader shortens a mapped file, touching it ends this process (SIGBUS).
        with new_file(path) as file:
            self._file = os.dup(file.fileno())
        self._close_file = weakref.finalize(self, os.close, self._file)
        self._write(_LAYOUT.pack(0, 0).ljust(mmap.PAGESIZE, b"\0"))
        self.environment = {"LD_PRELOAD": str(library), "FEEDSERVER_CHECK_CLOCK": str(path)}
        self.clock = MovedClock(self._move, "a library loaded into the reader")

    def _move(self, offset: float) -> None:
        self._write(struct.pack("=q", int(offset * 1e9)))

    def _write(self, data: bytes) -> None:
        """Write *data* at the beginning of the file, by a single write."""
        os.lseek(self._file, 0, os.SEEK_SET)
        os.write(self._file, data)

    @property
    def proofs(self) -> int:
        """The number of processes that have read the moved clock and made a connection; 0 if the reader has emptied
        the file.
        """
        os.lseek(self._file, 0, os.SEEK_SET)
        data = os.read(self._file, _LAYOUT.size)
        return int(_LAYOUT.unpack(data)[1]) if len(data) == _LAYOUT.size else 0

    def close(self) -> None:
        """Close the file."""
        self._close_file()
