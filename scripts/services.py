#!/usr/bin/env python3
"""Throwaway PostgreSQL and Redis servers for the tests, from Debian's packages (postgresql, redis-server).

    python scripts/services.py run -- pytest -m "postgres or redis"     starts them, runs the command, stops them

    eval "$(python scripts/services.py start)"                          starts them, sets the tests' variables
    python scripts/services.py stop "$TEST_SERVICES"                    stops them, removes all that they wrote

They listen on loopback, on free ports, and keep everything in a new folder under the system's temporary one, not
below anybody's home: PostgreSQL refuses to run as root, so for root it runs as the user `postgres`, who cannot
enter a home. Data may be lost in a crash, since fsync is off: these servers are for tests only.
"""

from __future__ import annotations

import argparse
import os
import pwd
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

PATIENCE = 30.0  # seconds for a server to start or to stop
TURNED_OFF = ("fsync", "synchronous_commit", "full_page_writes")  # settings of PostgreSQL, for speed


class ServiceError(Exception):
    """Raised if a server cannot be started or stopped. The message says which, why, and what to do."""


def main() -> int:
    parser = argparse.ArgumentParser(description="Throwaway PostgreSQL and Redis servers for the tests.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("start", help="start both and print the variables to set")
    commands.add_parser("stop", help="stop both").add_argument("folder", type=Path, help="as start printed it")
    commands.add_parser("run", help="start both, run a command, stop both").add_argument("argv", nargs="+")
    options = parser.parse_args()
    try:
        match options.command:
            case "start":
                for name, value in start().items():
                    print(f"export {name}={shlex.quote(value)}")
            case "stop":
                stop(options.folder)
            case _:
                return run(options.argv)
    except ServiceError as error:
        print(f"services: {error}", file=sys.stderr)
        return 1
    return 0


def run(argv: list[str]) -> int:
    """Run *argv* while both servers run. Return its exit status."""
    variables = start()
    try:
        return subprocess.run(argv, env=os.environ | variables, check=False).returncode
    finally:
        stop(Path(variables["TEST_SERVICES"]))


def start() -> dict[str, str]:
    """Start both servers. Return the environment variables with their addresses and with the folder that
    `stop` takes."""
    folder = Path(tempfile.mkdtemp(prefix="lifestream-services-"))
    folder.chmod(0o755)
    try:
        redis = start_redis(folder / "redis")
        postgres = start_postgres(folder / "postgres")
    except BaseException:
        stop(folder)
        raise
    return {
        "TEST_SERVICES": str(folder),
        "LIFESTREAM_TEST_DATABASE_URL": f"postgresql://lifestream@127.0.0.1:{postgres}/lifestream",
        "LIFESTREAM_TEST_REDIS_URL": f"redis://127.0.0.1:{redis}/0",
    }


def start_postgres(folder: Path, variables: Mapping[str, str] | None = None) -> int:
    """Start PostgreSQL with a superuser and a database named lifestream, without a password. Return its port.

    *variables* are added to the server's environment.
    """
    initdb, postgres, createdb = (postgres_program(name) for name in ("initdb", "postgres", "createdb"))
    folder.mkdir()
    other_user: dict[str, Any] = {}
    if os.geteuid() == 0:
        try:
            user = pwd.getpwnam("postgres")
        except KeyError:
            raise ServiceError("PostgreSQL doesn't run as root, and there is no user postgres to run it") from None
        os.chown(folder, user.pw_uid, user.pw_gid)
        other_user = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    data, port = folder / "data", free_port()
    made = subprocess.run(
        [
            initdb,
            "-D",
            data,
            "-U",
            "lifestream",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C.UTF-8",
            "--no-sync",
        ],
        capture_output=True,
        text=True,
        cwd=folder,
        check=False,
        **other_user,
    )
    if made.returncode:
        raise ServiceError(f"initdb failed: {made.stderr.strip()}")
    settings = [f"--{name}=off" for name in TURNED_OFF]
    server = launch(
        folder,
        [postgres, "-D", data, "-p", str(port), "-h", "127.0.0.1", "-k", folder, *settings],
        other_user,
        variables,
    )
    database = [createdb, "-h", "127.0.0.1", "-p", str(port), "-U", "lifestream", "lifestream"]
    wait_until(
        lambda: subprocess.run(database, capture_output=True, cwd=folder, check=False).returncode == 0,
        server,
        folder,
    )
    return port


def start_redis(folder: Path) -> int:
    """Start a Redis that saves nothing. Return its port."""
    program = shutil.which("redis-server")
    if program is None:
        raise ServiceError("there is no redis-server; install Debian's package redis-server")
    folder.mkdir()
    port = free_port()
    server = launch(folder, [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", folder], {})
    wait_until(lambda: answers_ping(port), server, folder)
    return port


def launch(
    folder: Path,
    command: list[str | os.PathLike[str]],
    other_user: dict[str, Any],
    variables: Mapping[str, str] | None = None,
) -> subprocess.Popen[bytes]:
    """Start a server in *folder*, and write its process id into a file beside it, for `stop`.

    *variables* are added to the environment.
    """
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            command,
            cwd=folder,
            env=os.environ | dict(variables or {}),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            **other_user,
        )
    folder.with_suffix(".pid").write_text(str(server.pid))
    folder.with_suffix(".command").write_text("\0".join(map(str, command)))  # to restart it on the same data and port
    return server


def stop(folder: Path) -> None:
    """Stop the servers that were started in *folder*, by the process ids in its files, and remove the folder."""
    if not folder.name.startswith("lifestream-services-"):
        raise ServiceError(f"{folder} is no folder of services; give the one that start printed")
    servers = {note.stem: int(note.read_text()) for note in folder.glob("*.pid")}
    for pid in servers.values():
        if is_ours(pid, folder):  # else it has ended, and the id may be that of another process
            os.kill(pid, signal.SIGINT)  # PostgreSQL's fast shutdown; Redis treats it like SIGTERM
    deadline = time.monotonic() + PATIENCE
    for name, pid in servers.items():
        while is_ours(pid, folder):
            if time.monotonic() > deadline:
                raise ServiceError(f"{name} (process {pid}) did not stop; its log is in {folder / name / 'log'}")
            reap(pid)
            time.sleep(0.02)
    shutil.rmtree(folder)


def is_ours(pid: int, folder: Path) -> bool:
    """Return whether process *pid* is alive and works in *folder*."""
    try:
        return Path(f"/proc/{pid}/cwd").resolve().is_relative_to(folder.resolve())
    except OSError:
        return False


def reap(pid: int) -> None:
    """Collect the exit status of *pid* if it is a child of this process. (For the command `stop` it is not.)"""
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return


def wait_until(is_ready: Callable[[], bool], server: subprocess.Popen[bytes], folder: Path) -> None:
    """Wait until *is_ready* returns true.

    Raises ServiceError if the server exits, or is not ready in time and is killed; the message has the end of its log.
    """
    deadline = time.monotonic() + PATIENCE
    while server.poll() is None:
        if is_ready():
            return
        if time.monotonic() > deadline:
            server.kill()
            server.wait()
            break
        time.sleep(0.05)
    words = (folder / "log").read_text(errors="replace")[-2000:]
    raise ServiceError(f"the server in {folder} did not start:\n{words}")


def postgres_program(name: str) -> str:
    """Return the path of a program of PostgreSQL, of the newest version: Debian has a folder for each version."""
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name))
    found = shutil.which(name, path=os.pathsep.join(map(str, reversed(versions)))) or shutil.which(name)
    if found is None:
        raise ServiceError(f"there is no {name}; install Debian's package postgresql")
    return found


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def answers_ping(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
    except OSError:
        return False


if __name__ == "__main__":
    sys.exit(main())
