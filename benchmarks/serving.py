"""Servers in processes of their own, for measurements from outside: how many requests a second, how much memory.

Run as a program with a peer's name, it serves a 20 KB Atom file until its standard input ends: a way to stop it that
works on every system, even if its parent is killed.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from peers import (
    CONTENT_TYPE,
    HOST,
    PATH,
    Aiohttp,
    FeedserverFolder,
    OldDesign,
    Peer,
    PytestHttpserver,
    PytestHttpserverThreaded,
    PytestLocalserver,
    StandardLibrary,
    free_port,
)

ENTRY = b"<entry><id>urn:uuid:%d</id><title>An entry</title><updated>2001-02-03T04:05:06Z</updated></entry>\n"
ATOM = b"".join(
    (
        b"<?xml version='1.0'?>\n<feed xmlns='http://www.w3.org/2005/Atom'>\n",
        *(ENTRY % number for number in range(194)),
        b"</feed>\n",
    )
)
"""An Atom file of 20 KB."""

START_TIMEOUT = 10.0


class KeptFeedserver(FeedserverFolder):
    """This project as `feedserver serve` runs it: a folder, and the journal on and bounded."""

    name = "feedserver"

    @contextmanager
    def cycle(self) -> Iterator[int]:
        """Start and stop a server of the folder."""
        from feedserver import FeedServer

        with FeedServer(self._folder.name, journal_limit=10_000) as server:
            yield server.port


SERVED: tuple[type[Peer], ...] = (
    KeptFeedserver,
    PytestHttpserver,
    PytestHttpserverThreaded,
    PytestLocalserver,
    Aiohttp,
    StandardLibrary,
    OldDesign,
)
NGINX = "nginx"


@dataclass(frozen=True)
class Served:
    """A server in a process of its own."""

    pid: int
    port: int


@contextmanager
def serve(name: str) -> Iterator[Served]:
    """Run the peer called *name* in a process of its own, as long as the block."""
    with _nginx() if name == NGINX else _child(name) as served:
        yield served


@contextmanager
def _child(name: str) -> Iterator[Served]:
    command = [sys.executable, __file__, name]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        try:
            yield Served(child.pid, int(child.stdout.readline()))
        finally:
            child.stdin.close()
            try:
                child.wait(START_TIMEOUT)
            except subprocess.TimeoutExpired:  # a server that a silent client keeps busy does not stop
                child.kill()


NGINX_CONFIGURATION = """
daemon off;
master_process off;
pid {folder}/pid;
error_log {folder}/errors;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    sendfile on;
    tcp_nopush on;
    open_file_cache max=10;
    keepalive_requests 100000000;
    types {{ {content_type} atom; }}
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{ listen {host}:{port} backlog=1024; root {folder}; }}
}}
"""
"""One process, as all the others have; no log, and an open file that is not opened again."""


def nginx_program() -> str | None:
    """Return where nginx is installed; system programs are not in everybody's PATH."""
    return shutil.which("nginx", path=os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin")))


@contextmanager
def _nginx() -> Iterator[Served]:
    program = nginx_program()
    assert program is not None
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        Path(folder, PATH.strip("/")).write_bytes(ATOM)
        configuration = Path(folder, "nginx.conf")
        configuration.write_text(
            NGINX_CONFIGURATION.format(folder=folder, host=HOST, port=port, content_type=CONTENT_TYPE)
        )
        errors = Path(folder, "errors")
        with subprocess.Popen([program, "-c", str(configuration), "-p", folder, "-e", str(errors)]) as child:
            try:
                _wait_until_it_listens(port)
                yield Served(child.pid, port)
            finally:
                child.terminate()


def _wait_until_it_listens(port: int) -> None:
    deadline = time.monotonic() + START_TIMEOUT
    while time.monotonic() < deadline:
        with suppress(ConnectionRefusedError), socket.create_connection((HOST, port)):
            return
        time.sleep(0.02)
    raise TimeoutError(f"nothing listens on port {port}")


def present() -> list[str]:
    """Return the names of the servers that can be run here; print why others cannot."""
    names = [] if nginx_program() is None else [NGINX]
    if not names:
        print("skipped: nginx: it is not installed")
    for peer in SERVED:
        if reason := peer.missing():
            print(f"skipped: {peer.name}: {reason}")
        else:
            names.append(peer.name)
    return names


def main() -> None:
    """Serve in this process."""
    kind = {peer.name: peer for peer in SERVED}[sys.argv[1]]
    with kind(ATOM) as peer, peer.cycle() as port:
        print(port, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
