"""The `lifestream` command, run to its end in a process forked from one that has already imported its libraries.

A command spends half of its time on the start of Python and the import of Django and other libraries, and tests run
dozens of commands. So each test process has one forking process, which imports the libraries once and forks for each
command. The forked process loads all that depends on settings, and has its own environment, arguments, standard output
and standard error.

    python forked.py FD     # serves requests that come over the socket FD
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Final

LIBRARIES: Final = (
    *("aiohttp", "asyncio", "cryptography.fernet", "dj_database_url", "markdown_it", "nh3", "rich.console", "sqlite3"),
    *("django.contrib.admin.apps", "django.contrib.auth.hashers", "django.contrib.staticfiles.finders"),
    *("django.core.cache", "django.core.handlers.wsgi", "django.core.mail", "django.core.management.commands.migrate"),
    *("django.db.backends.sqlite3.base", "django.db.migrations.executor", "django.db.models.sql.compiler"),
    *("django.forms", "django.template.backends.django", "django.urls", "django.views.generic"),
)
"""The modules that are imported once: none of them reads the settings when it is imported, nor any variable of the
environment that the tests set.
"""
PATIENCE: Final = 120.0  # seconds


class Forker:
    """The process that forks, started by the first command."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ours: socket.socket | None = None

    def run(self, arguments: tuple[str, ...], environ: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
        """Run the `lifestream` command to its end. A call waits until the calls of other threads have ended."""
        with self._lock, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as errors:
            forker = self._ours or self._start()
            request = json.dumps([arguments, dict(environ), str(Path.cwd())]).encode()
            socket.send_fds(forker, [len(request).to_bytes(4)], [out.fileno(), errors.fileno()])
            forker.sendall(request)
            status = int.from_bytes(_received(forker, 4), signed=True)
            printed = []
            for file in (out, errors):
                file.seek(0)
                printed.append(file.read().decode("utf-8"))
        return subprocess.CompletedProcess(["lifestream", *arguments], status, *printed)

    def _start(self) -> socket.socket:
        ours, its = socket.socketpair()
        with its:
            process = subprocess.Popen(
                [sys.executable, __file__, str(its.fileno())],
                pass_fds=[its.fileno()],
                env={**os.environ, "PYTHONUTF8": "1"},
                stdin=subprocess.DEVNULL,
            )
        ours.settimeout(PATIENCE)
        self._ours = ours

        def end() -> None:
            ours.close()
            process.wait()

        atexit.register(end)
        return ours


FORKER: Final = Forker()


def _received(connection: socket.socket, length: int) -> bytes:
    """Return *length* bytes from *connection*. Raises EOFError if it ends before."""
    found = b""
    while len(found) < length:
        piece = connection.recv(length - len(found))
        if not piece:
            raise EOFError
        found += piece
    return found


def _serve(connection: socket.socket) -> list[str] | None:
    """Fork for each request. In the child, return its arguments; in the parent, return None when *connection* ends."""
    while True:
        head, files, _, _ = socket.recv_fds(connection, 4, 2)
        if not head:
            return None
        arguments, environ, folder = json.loads(_received(connection, int.from_bytes(head)))
        child = os.fork()
        if not child:
            connection.close()
            for standard, file in zip((1, 2), files, strict=True):
                os.dup2(file, standard)
                os.close(file)
            os.environ.clear()
            os.environ.update(environ)
            os.chdir(folder)
            paths = environ.get("PYTHONPATH", "").split(os.pathsep)
            sys.path[:0] = [folder, *(path for path in paths if path and path not in sys.path)]
            return [str(argument) for argument in arguments]
        for file in files:
            os.close(file)
        _, ended = os.waitpid(child, 0)
        connection.sendall(os.waitstatus_to_exitcode(ended).to_bytes(4, signed=True))


def main() -> None:
    """Run the forking process."""
    import gc
    import importlib
    import runpy

    sys.path.pop(0)  # the folder of this file
    for name in LIBRARIES:
        importlib.import_module(name)
    gc.freeze()
    with contextlib.closing(socket.socket(fileno=int(sys.argv[1]))) as connection:
        arguments = _serve(connection)
    if arguments is not None:
        sys.argv[1:] = arguments
        runpy.run_module("lifestream", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
