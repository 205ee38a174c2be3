"""Ten thousand starts, requests and stops: what each server leaves behind, and whether feedserver's port is free then.

Each peer runs in a process of its own, for as many cycles as are asked for or as a minute allows. Its threads, open
descriptors and memory are counted after a tenth of the cycles or of the time, when everything has been used once, and
at the end.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import socket
import subprocess
import sys
import threading
import time
import warnings
from dataclasses import asdict, dataclass
from pathlib import Path

from peers import (
    ALL,
    HOST,
    Aiohttp,
    Feedserver,
    FeedserverFolder,
    Peer,
    PytestHttpserver,
    PytestLocalserver,
    free_port,
    present,
)
from start_stop import BODY, cycle, fetch
from tables import print_table
from throughput import resident

KINDS: tuple[type[Peer], ...] = (Feedserver, FeedserverFolder, PytestHttpserver, PytestLocalserver, Aiohttp)
NOISE = 512 * 1024
"""Bytes of growth that a memory allocator is allowed, whatever the number of cycles."""


@dataclass(frozen=True)
class Held:
    """The threads, descriptors and bytes of memory that a process holds."""

    threads: int
    descriptors: int
    memory: int

    @classmethod
    def now(cls) -> Held:
        """Return what this process holds after a garbage collection."""
        gc.collect()
        folders = [folder for folder in (Path("/proc/self/fd"), Path("/dev/fd")) if folder.is_dir()]
        descriptors = sum(1 for _ in folders[0].iterdir()) if folders else 0
        return cls(threading.active_count(), descriptors, resident(os.getpid()))


@dataclass(frozen=True)
class Outcome:
    """What a number of *cycles* left behind: threads, descriptors, bytes and warnings."""

    cycles: int
    threads: int
    descriptors: int
    memory: int
    warnings: int


def observe(kind: type[Peer], cycles: int, seconds: float) -> Outcome:
    """Run up to *cycles* cycles in this process, for at most *seconds*. Return what they left behind."""
    warned: list[object] = []
    warnings.simplefilter("always")
    warnings.showwarning = lambda *arguments, **_: warned.append(arguments)
    sys.unraisablehook = warned.append
    began = time.monotonic()
    done = 0
    early: Held | None = None
    with kind(BODY) as peer:
        while done < cycles and time.monotonic() < began + seconds:
            cycle(peer, 0.0)
            done += 1
            if early is None and (done >= cycles / 10 or time.monotonic() > began + seconds / 10):
                early = Held.now()
        late = Held.now()
    assert early is not None, "there was no cycle"
    return Outcome(
        done,
        late.threads - early.threads,
        late.descriptors - early.descriptors,
        late.memory - early.memory,
        len(warned),
    )


def observe_fixed_port(cycles: int) -> float:
    """Start and stop servers on one port, with a client still connected at each stop. Return the milliseconds per
    cycle.

    Raises PortTaken if the port is not free immediately after a stop.
    """
    from feedserver import FeedServer

    port = free_port()
    began = time.perf_counter()
    for _ in range(cycles):
        server = FeedServer(port=port, strict=False).start()
        with socket.create_connection((HOST, port)) as client:
            fetch(port)
            client.sendall(b"GET / HTTP/1.1\r\n")
            server.stop()
    return (time.perf_counter() - began) / cycles * 1000


def run(cycles: int, seconds: float) -> None:
    """Run every peer in a process of its own and print the table."""
    outcomes = {}
    for kind in present(KINDS):
        command = [sys.executable, __file__, "--peer", kind.name, "--cycles", str(cycles), "--seconds", str(seconds)]
        output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        outcomes[kind.name] = Outcome(**json.loads(output))
    print_table(
        "what stays behind after start + request + stop, again and again",
        ["", "cycles", "threads", "descriptors", "KB", "warnings"],
        [
            [name, f"{o.cycles:,}", f"{o.threads:+}", f"{o.descriptors:+}", f"{o.memory / 1024:+.0f}", str(o.warnings)]
            for name, o in outcomes.items()
        ],
    )
    ours = outcomes[Feedserver.name]
    clean = ours.threads <= 0 and ours.descriptors <= 0 and ours.memory <= NOISE and not ours.warnings
    print(f"\n{'ok' if clean else 'NO'} {Feedserver.name}: no thread, descriptor, memory or warning stays behind")
    fixed = observe_fixed_port(cycles // 10)
    print(f"ok {Feedserver.name}: {cycles // 10:,} cycles on one port, bound again immediately, {fixed:.2f} ms each")


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="200 cycles in a few seconds, for a first impression")
    parser.add_argument("--peer", help="observe this peer only, and print the outcome as JSON")
    parser.add_argument("--cycles", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=60.0)
    arguments = parser.parse_args()
    if arguments.peer:
        kind = {kind.name: kind for kind in ALL}[arguments.peer]
        print(json.dumps(asdict(observe(kind, arguments.cycles, arguments.seconds))))
    elif arguments.quick:
        run(200, 2.0)
    else:
        run(arguments.cycles, arguments.seconds)


if __name__ == "__main__":
    main()
