"""What a soak runs: PostgreSQL and Redis, which can end as in a crash, and lifestream's processes, each with a
clock of its own.

Each process is a process group, so that it can be killed with its children, and is restarted when it has ended by
itself, as systemd would do. With a clock shim, the wall clock of each process can be moved alone.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent / "scripts"))
import services

DISK = 2048
"""Megabytes of the disk of PostgreSQL that a soak fills."""
HOME_DISK = 32
"""Megabytes of the disk of LIFESTREAM_HOME, of the logs and of temporary files."""


@dataclass
class Server:
    """A server of `services`, which can end as in a crash and be started again on the same data and port."""

    name: str
    folder: Path
    variables: dict[str, str] = field(default_factory=dict)

    @property
    def pid(self) -> int:
        """The process id of the server."""
        return int(self.folder.with_suffix(".pid").read_text())

    @property
    def runs(self) -> bool:
        """Whether it runs."""
        services.reap(self.pid)
        return services.is_ours(self.pid, self.folder)

    def end(self) -> None:
        """End the server as a crash does."""
        # SIGQUIT is PostgreSQL's immediate shutdown, which leaves its data unfinished. Redis saves nothing.
        os.kill(self.pid, signal.SIGQUIT if self.name == "postgres" else signal.SIGKILL)
        while self.runs:
            time.sleep(0.05)

    def start(self) -> None:
        """Start the server again."""
        command = self.folder.with_suffix(".command").read_text().split("\0")
        owner = self.folder.stat()
        as_user = {"user": owner.st_uid, "group": owner.st_gid, "extra_groups": []} if owner.st_uid else {}
        services.launch(self.folder, [*command], as_user if self.name == "postgres" else {}, self.variables)


@dataclass
class Places:
    """Where the services and lifestream's home are, and the variables that name the services."""

    postgres: Server
    redis: Server
    home: Path
    urls: dict[str, str]


@contextmanager
def running_services(clock: dict[str, str], *, small_disks: bool) -> Iterator[Places]:
    """Run PostgreSQL and Redis. With *small_disks*, PostgreSQL and the home each have a small disk of their own.

    *clock* are the variables of PostgreSQL's clock (see `Clocks.environment`).
    """
    folder = Path(tempfile.mkdtemp(prefix="lifestream-services-"))
    folder.chmod(0o755)
    disk, home = folder / "disk", folder / "home"
    database, broker = Server("postgres", disk / "postgres", clock), Server("redis", folder / "redis")
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        for place, megabytes in ((disk, DISK), (home, HOME_DISK)):
            place.mkdir()
            if small_disks:
                subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(place)], check=True)
                stack.callback(subprocess.run, ["umount", "-l", str(place)], check=False)
            place.chmod(0o755)

        def end() -> None:
            for server in (database, broker):
                if server.folder.with_suffix(".pid").exists() and server.runs:
                    with suppress(ProcessLookupError, FileNotFoundError):
                        server.end()

        stack.callback(end)
        redis = services.start_redis(broker.folder)
        postgres = services.start_postgres(database.folder, clock)
        urls = {
            "DATABASE_URL": f"postgresql://lifestream@127.0.0.1:{postgres}/lifestream",
            "CELERY_BROKER_URL": f"redis://127.0.0.1:{redis}/0",
        }
        yield Places(database, broker, home, urls)


def fill(folder: Path) -> Path:
    """Fill the disk of *folder*. Returns the file that takes all that was free."""
    ballast = folder / "ballast"
    size, step = 0, 1 << 28
    with ballast.open("wb") as file:
        while step:
            try:
                os.posix_fallocate(file.fileno(), size, step)
                size += step
            except OSError:
                step >>= 1
    return ballast


class Clocks:
    """The wall clocks of the processes: each is *base* seconds ahead of the true one, and can be moved further."""

    def __init__(self, folder: Path, base: float, stack: ExitStack) -> None:
        from feedserver.check.moved_clock import ClockShim

        self._shim = ClockShim(folder)
        if self._shim.problem:
            raise SystemExit(self._shim.problem)
        self._folder, self._stack, self.base = folder, stack, base
        self._loaded: dict[str, Any] = {}

    def environment(self, name: str) -> dict[str, str]:
        """Return the variables that load the clock of the process *name*."""
        if name not in self._loaded:
            place = self._folder / name
            place.mkdir()
            loaded = self._shim.load(place)
            assert loaded is not None
            self._loaded[name] = loaded
            (place / "clock").chmod(0o666)  # PostgreSQL does not run as root
            self._stack.callback(loaded.close)
            loaded._move(self.base)
        environment: dict[str, str] = self._loaded[name].environment
        return environment

    def move(self, offset: float, *names: str) -> None:
        """Set the clocks of *names*, or all, to *offset* seconds from the base."""
        for name in names or self._loaded:
            self.environment(name)
            self._loaded[name]._move(self.base + offset)


@dataclass
class Cluster:
    """Workers, a beat and a web server, and what was done to them."""

    environment: dict[str, str]
    folder: Path
    clocks: Clocks
    port: int
    groups: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    done: Counter[str] = field(default_factory=Counter)

    @property
    def workers(self) -> list[str]:
        """The names of the workers."""
        return [name for name in self.groups if name.startswith("worker")]

    def start(self, name: str) -> None:
        """Start the worker, the beat or the web server *name*."""
        celery = ["celery", "-A", "lifestream.site"]
        if name == "beat":
            what = [*celery, "beat", "--schedule", str(self.folder / "schedule"), "--loglevel", "WARNING"]
        elif name == "web":
            what = ["lifestream", "serve", f"127.0.0.1:{self.port}", "--no-update"]
        else:
            what = [*celery, "worker", "--concurrency", "1", "--hostname", f"{name}@%h", "--loglevel", "WARNING"]
        with (self.folder / f"{name}.log").open("ab") as log:
            self.groups[name] = subprocess.Popen(
                [sys.executable, "-m", *what],
                env=self.environment | self.clocks.environment(name),
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def kill(self, name: str) -> None:
        """Kill the process *name* and all its children."""
        process = self.groups.pop(name)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def kill_parser(self, chance: random.Random) -> bool:
        """Kill one of the processes that read documents. Returns whether there was one."""
        found = []
        for place in Path("/proc").glob("[0-9]*"):
            with suppress(OSError, IndexError, ValueError):
                group = int((place / "stat").read_text().rpartition(")")[2].split()[2])
                ours = group in {process.pid for process in self.groups.values()}
                if ours and b"lifestream.parser" in (place / "cmdline").read_bytes():
                    found.append(int(place.name))
        if found:
            with suppress(ProcessLookupError):
                os.kill(chance.choice(found), signal.SIGKILL)
        return bool(found)

    def stop(self) -> None:
        """End all processes as an operator does, and kill those that have not ended after a minute."""
        for process in self.groups.values():
            process.terminate()
        until = time.monotonic() + 60
        for name, process in list(self.groups.items()):
            with suppress(subprocess.TimeoutExpired):
                process.wait(max(0.1, until - time.monotonic()))
            if process.poll() is None:
                self.done["processes that did not stop within a minute"] += 1
            self.kill(name)

    def look_after(self) -> None:
        """Restart the processes that have ended by themselves, as a supervisor does."""
        for name, process in list(self.groups.items()):
            if process.poll() is not None:
                self.done[f"{name} ended by itself"] += 1
                self.kill(name)
                self.start(name)

    def command(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a command of lifestream under the operator's clock. With *check*, a failure ends the program."""
        argv = [sys.executable, "-m", "lifestream", *arguments]
        environment = self.environment | self.clocks.environment("operator")
        done = subprocess.run(
            argv, env=environment, cwd=self.folder, check=False, capture_output=True, text=True, timeout=600
        )
        if check and done.returncode:
            raise SystemExit(f"{' '.join(argv)} failed:\n{done.stderr}")
        return done
