"""Runs the commands of a reader in folders of its own, and, on Linux, ends whatever they leave running.

Each session has a HOME, XDG folders, a folder for temporary files, a locale and a time zone of its own. Standard input
is empty. A command runs in a process group of its own, with a limit on time and, on POSIX systems, on memory and on
the size of a file.
"""

from __future__ import annotations

import os
import re
import select
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from feedserver.check.reader_files import copy_tree, new_file, remove_tree
from feedserver.messages.steady_time import monotonic

MEMORY_CAP: Final = 2 << 30
"""Bytes of memory that each process of a reader may take for its data, by default."""

LARGEST_FILE: Final = 1 << 30
"""Bytes that a file of a reader may have, its output included. A command that writes more gets SIGXFSZ."""

LARGEST_LIST: Final = 64 << 20
"""Bytes that are read of a command's standard output, from its beginning."""

LONGEST_OUTPUT: Final = 2000
"""Characters of a command's output that are kept for messages: those at its end."""

_MARK = "FEEDSERVER_CHECK_SESSION"
"""The variable of the environment by which the processes of a session are recognised."""
_LIMIT_BITS: Final = 62
"""How many bits the random number has that a session sets as the limit for file locks (RLIMIT_LOCKS). Linux does not
enforce this limit, but each process inherits it: so a process is recognised even if it has removed `_MARK` from its
environment.
"""
_LIMIT_LINE: Final = re.compile(rb"^Max file locks +(\d+) ", re.MULTILINE)
_REMOVED_PREFIXES = ("XDG_", "LC_", "PYTEST_", "COV_CORE_", "COVERAGE_", "LIFESTREAM_")
_REMOVED_NAMES = {
    *("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "FTP_PROXY"),
    *("HOME", "TMPDIR", "TMP", "TEMP", "LANG", "LANGUAGE", "TZ", "PWD", "OLDPWD", "MAIL", "LD_PRELOAD"),
    # Where a reader's own items and settings are, which a check must not touch.
    *("DATABASE_URL", "CELERY_BROKER_URL", "GPODDER_HOME", "CURL_HOME", "WGETRC"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"),
}
_TRUST = ("SSL_CERT_FILE", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")

_LOOKS: Final = 100
_PAUSE: Final = 0.005
"""How often, and at intervals of how many seconds, processes without an environment are checked again."""
_PATIENCE: Final = 10.0
"""Seconds to wait for the end of a process that was killed."""
_MOST_STARTED: Final = 1000
"""If at most this many process ids were given out since the last look, each one is tried; else, /proc is listed."""
_TICK: Final = 0.5
"""Seconds after which the wait for a command begins again: Python may miss a signal that comes just as a wait begins,
and notices it once that wait ends. On Windows, Ctrl-C does not interrupt a wait.
"""
_KILL: Final = getattr(signal, "SIGKILL", signal.SIGTERM)  # on Windows, each signal ends a process at once


@dataclass(frozen=True, slots=True)
class Ran:
    """How a command ended. *status* is its exit status, negative for a signal, None if it was ended at its time limit.

    *output* is the end of what it printed, *printed* the first LARGEST_LIST bytes of its standard output. *seconds* is
    how long it took, *peak_memory* the most memory that one of its processes used, in bytes, 0 if that is not known.
    """

    status: int | None
    output: str
    printed: bytes
    seconds: float
    peak_memory: int

    @property
    def crashed(self) -> bool:
        """Whether a signal ended the command or one of its processes, which a shell reports by a status above 128."""
        return self.status is not None and (self.status < 0 or 128 < self.status < 160)

    def describe(self) -> str:
        """Return how the command ended, with the last line of its output: there most programs say what was wrong."""
        last = next((line.strip() for line in reversed(self.output.splitlines()) if line.strip()), "")
        return f"{self.how()}: {last[:200]}" if last else self.how()

    def how(self) -> str:
        """Return how the command ended, without its output."""
        if self.status is None:
            return f"was ended after {self.seconds:.0f} s"
        if self.crashed:
            return f"was ended by signal {-self.status if self.status < 0 else self.status - 128}"
        return f"ended with status {self.status}"


class Home:
    """The folders of one session below *folder*, and its environment.

    *patience* is the limit for each command in seconds, *memory* that of each process's data in bytes. *extra* are
    environment variables to add, *bundle* is the file with the certificate authority that the reader shall trust,
    *copy_of* the session whose folders are copied.
    """

    def __init__(
        self,
        folder: Path,
        *,
        patience: float,
        memory: int = MEMORY_CAP,
        extra: Mapping[str, str],
        bundle: str | None,
        copy_of: Home | None = None,
    ) -> None:
        self.folder = folder
        self.home = folder / "home"
        self.folders = (self.home, folder / "run", folder / "tmp")  # those that the reader writes to
        self.patience = patience
        self._memory = memory
        session_id = uuid.uuid4()
        self._mark = session_id.hex
        self._limit = session_id.int % (1 << _LIMIT_BITS)
        self._bare: set[int] = set()  # processes that have no environment at all
        self._running: subprocess.Popen[bytes] | None = None
        self._is_interrupted = False
        if copy_of is not None:
            copy_tree(copy_of.folder, folder)
        else:
            folder.mkdir(mode=0o700)
        self._make_folders()
        self.environment = _environment(self.home, folder, extra, bundle) | {_MARK: self._mark}

    def run(self, command: str) -> Ran:
        """Run *command* by the shell, and return how it ended.

        At its time limit, or when it is interrupted, its process group is ended. On Linux, `close` ends the other
        processes that it leaves running.
        """
        started = monotonic()
        self._make_folders()
        with new_file(self.folder / "stdout") as printed, new_file(self.folder / "stderr") as errors:
            process = subprocess.Popen(  # noqa: S603 - the command that the user gave
                _shell(command, self._memory, self._limit),
                cwd=self.home,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=printed,
                stderr=errors,
                start_new_session=os.name != "nt",
                creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
            )
            self._running = process
            if self._is_interrupted:
                _end_group(process.pid)
            ending = _Ending(process)
            is_late = False
            try:
                ending.start()
                until = monotonic() + self.patience
                while not ending.is_over.wait(_TICK if is_late else min(max(until - monotonic(), 0), _TICK)):
                    if not is_late and monotonic() >= until:
                        is_late = True
                        _end_group(process.pid)
            finally:
                self._running = None
                if not ending.is_over.is_set():
                    _end_group(process.pid)
                    process.wait()
            seconds = monotonic() - started
            # The reader knows the paths of these files, and may have replaced them: the open files are read.
            output = (_end_of(printed) + _end_of(errors)).decode("utf-8", "replace")[-LONGEST_OUTPUT:]
            printed.seek(0)
            stdout = printed.read(LARGEST_LIST)
        return Ran(None if is_late else process.returncode, output, stdout, seconds, ending.peak)

    def write(self, name: str, content: bytes) -> Path:
        """Write a new file beside the HOME, in place of whatever the reader has put there, and return its path."""
        self._make_folders()
        path = self.folder / name
        with new_file(path) as file:
            file.write(content)
        return path

    def _make_folders(self) -> None:
        """Make those of the session's folders that are missing; a command may have removed or replaced them."""
        _make_folder(self.folder.parent, may_be_link=True)
        _make_folder(self.folder, may_be_link=False)
        for path in self.folders:
            _make_folder(path, may_be_link=True)

    def interrupt(self) -> None:
        """End the command that runs, and each one that is started from now on."""
        self._is_interrupted = True
        if (process := self._running) is not None:
            _end_group(process.pid)

    def survivors(self) -> list[int]:
        """Return the processes of this session that still run; on systems other than Linux, none."""
        if not sys.platform.startswith("linux"):
            return []
        found, unknown = self._processes()
        for _ in range(_LOOKS):
            if not unknown:
                return found
            time.sleep(_PAUSE)
            found, unknown = self._processes()
        self._bare |= unknown
        return found

    def _processes(self) -> tuple[list[int], set[int]]:
        """Return the processes of this session, and those without an environment, which may belong to it: a process
        that is starting a program has none for a moment.
        """
        mark = f"{_MARK}={self._mark}".encode()
        found: list[int] = []
        unknown: set[int] = set()
        for entry in os.scandir("/proc"):
            if entry.name.isdecimal():
                with suppress(OSError):  # the process has ended, or is somebody else's or the kernel's
                    environ = Path(entry.path, "environ").read_bytes()
                    if mark in environ.split(b"\0"):
                        found.append(int(entry.name))
                    elif self._is_limited(entry.path):
                        Path(entry.path, "exe").readlink()  # fails if the process has ended
                        found.append(int(entry.name))
                    elif not environ:
                        Path(entry.path, "exe").readlink()  # fails for ended processes, and for the kernel's
                        unknown.add(int(entry.name))
        return found, unknown - self._bare

    def _is_limited(self, path: str) -> bool:
        """Return whether the process at *path*, below /proc, has the limit that this session's processes inherit."""
        limit = _LIMIT_LINE.search(Path(path, "limits").read_bytes())
        return limit is not None and int(limit[1]) == self._limit

    def close(self) -> None:
        """End every process of the session that `survivors` can find, and remove its folders."""
        self._end_processes()
        remove_tree(self.folder)

    def _end_processes(self) -> None:
        """End every process of the session, and for `_PATIENCE` seconds those that they start meanwhile."""
        latest = _latest_pid()
        found: Iterable[int] = self.survivors()
        until = monotonic() + _PATIENCE
        while True:
            for pid in found:
                with suppress(OSError):
                    _end(pid)
            before, latest = latest, _latest_pid()
            if latest == before or monotonic() > until:
                return
            # Each is ended as soon as it is found: a process that starts another and ends may live for a millisecond.
            found = filter(self._is_own, _pids_between(before, latest))

    def _is_own(self, pid: int) -> bool:
        """Return whether the process *pid* runs, and belongs to this session."""
        path = f"/proc/{pid}"
        try:
            environ = Path(path, "environ").read_bytes()
            return f"{_MARK}={self._mark}".encode() in environ.split(b"\0") or self._is_limited(path)
        except OSError:  # it has ended, or is somebody else's or the kernel's
            return False


def _latest_pid() -> int:
    """Return the id of the process or thread that was started last on this machine; 0 if it is not known."""
    try:
        return int(Path("/proc/loadavg").read_bytes().split()[-1])
    except (OSError, ValueError, IndexError):  # of systems other than Linux, and of some containers
        return 0


def _pids_between(last_seen: int, latest: int) -> Iterable[int]:
    """Return the ids that may have been given out after *last_seen*, up to *latest*, the highest first. Some of these
    ids belong to older processes, or to none.
    """
    if 0 <= latest - last_seen <= _MOST_STARTED:
        return range(latest, last_seen, -1)
    # Many were started, or their numbers have begun again from the lowest.
    return sorted((int(entry.name) for entry in os.scandir("/proc") if entry.name.isdecimal()), reverse=True)


def _end(pid: int) -> None:
    """Kill a process that is not a child of this one, and wait up to `_PATIENCE` for its end. Raises OSError if it has
    ended already.
    """
    handle = os.pidfd_open(pid) if hasattr(os, "pidfd_open") else None
    try:
        os.kill(pid, _KILL)
        if handle is not None:
            select.select([handle], [], [], _PATIENCE)
    finally:
        if handle is not None:
            os.close(handle)


def _make_folder(path: Path, *, may_be_link: bool) -> None:
    """Make a folder at *path*, in place of whatever else the reader has put there, and let its owner use it.

    If it *may_be_link*, a link to a folder stays as it is.
    """
    if path.is_symlink():
        if may_be_link and path.is_dir():
            return
        path.unlink()
    elif path.exists() and not path.is_dir():
        path.unlink()
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not os.access(path, os.R_OK | os.W_OK | os.X_OK):
        path.chmod(0o700)


def _end_of(file: IO[bytes]) -> bytes:
    size = file.seek(0, os.SEEK_END)
    file.seek(max(size - LONGEST_OUTPUT, 0))
    return file.read(LONGEST_OUTPUT)  # a process that still runs may write more


def _environment(home: Path, folder: Path, extra: Mapping[str, str], bundle: str | None) -> dict[str, str]:
    kept = {
        name: value
        for name, value in os.environ.items()
        if name.upper() not in _REMOVED_NAMES and not name.upper().startswith(_REMOVED_PREFIXES)
    }
    temporary = str(folder / "tmp")
    own = {
        "HOME": str(home),
        "USERPROFILE": str(home),
        "APPDATA": str(home / "AppData" / "Roaming"),
        "LOCALAPPDATA": str(home / "AppData" / "Local"),
        "PWD": str(home),
        "XDG_CONFIG_HOME": str(home / ".config"),
        "XDG_DATA_HOME": str(home / ".local" / "share"),
        "XDG_STATE_HOME": str(home / ".local" / "state"),
        "XDG_CACHE_HOME": str(home / ".cache"),
        "XDG_RUNTIME_DIR": str(folder / "run"),
        "TMPDIR": temporary,
        "TMP": temporary,
        "TEMP": temporary,
        "LANG": "C.UTF-8",
        "LC_ALL": "C.UTF-8",
        "TZ": "UTC",
    }
    trust = dict.fromkeys(_TRUST, bundle) if bundle else {}
    return kept | own | trust | dict(extra)


def _shell(command: str, memory: int, limit: int) -> list[str]:
    if os.name == "nt":
        return ["cmd", "/d", "/c", command]
    limits = [f"ulimit -d {memory >> 10} 2>/dev/null", f"ulimit -f {LARGEST_FILE >> 9} 2>/dev/null"]
    if sys.platform.startswith("linux"):
        limits.append(f"ulimit -w {limit} 2>/dev/null || ulimit -x {limit} 2>/dev/null")  # dash and bash
    return ["/bin/sh", "-c", "\n".join([*limits, command])]


class _Ending(threading.Thread):
    """Waits for the end of a *process*. *peak* is then the most memory that it or a child used, in bytes: 0 where that
    is not known.
    """

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        super().__init__(name="feedserver: end of a command", daemon=True)
        self._process = process
        self.peak = 0
        self.is_over = threading.Event()

    def run(self) -> None:
        """Wait, and set *is_over*."""
        try:
            if not hasattr(os, "wait4"):
                self._process.wait()
                return
            with suppress(ChildProcessError):  # the thread that runs the command was interrupted, and has waited itself
                _, status, usage = os.wait4(self._process.pid, 0)
                self._process.returncode = os.waitstatus_to_exitcode(status)
                self.peak = usage.ru_maxrss if sys.platform == "darwin" else usage.ru_maxrss * 1024
        finally:
            self.is_over.set()


def _end_group(pid: int) -> None:
    """End the process group that *pid* leads."""
    with suppress(OSError):  # it has ended already
        if hasattr(os, "killpg"):
            os.killpg(pid, _KILL)
        else:
            subprocess.run(["taskkill", "/T", "/F", "/PID", str(pid)], check=False, capture_output=True)  # noqa: S603, S607
