"""Many requests at once, from outside: kept connections, a connection for each request, and 1,000 that are silent.

The load comes from `wrk`, on one thread. Each server is one process. feedserver serves a folder and keeps its journal,
10,000 exchanges of it; the other servers log nothing, and pytest-httpserver keeps its exchanges, too. If others use the
machine, too, requests a second become much fewer; the processor time that a server takes for each changes less.
"""

from __future__ import annotations

import argparse
import math
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import serving
from peers import HOST, PATH, PytestHttpserver, PytestHttpserverThreaded
from start_stop import fetch
from tables import Bound, Sample, interleave, print_table, print_verdicts

CLIENTS = 32
SILENT = 1000
PATIENCE = 2.0
"""Seconds after which a request next to silent connections counts as never answered."""

US = serving.KeptFeedserver.name
HTTPSERVER = PytestHttpserver.name
THREADED = PytestHttpserverThreaded.name


def load(served: serving.Served, seconds: int, headers: Sequence[str] = ()) -> Sample:
    """Return the requests per second that `wrk` gets answered, and the processor time that the server takes for
    each.
    """
    options = [option for header in headers for option in ("-H", header)]
    command = ["wrk", "-t1", f"-c{CLIENTS}", f"-d{seconds}s", *options, f"http://{HOST}:{served.port}{PATH}"]
    before = processor_seconds(served.pid)
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    took = processor_seconds(served.pid) - before
    rate = re.search(r"Requests/sec:\s*([\d.]+)", output)
    count = re.search(r"(\d+) requests in", output)
    if rate is None or count is None or "Non-2xx" in output:
        raise RuntimeError(f"wrk did not get what it asked for:\n{output}")
    return Sample(float(rate[1]), float(rate[1]), took / int(count[1]) * 1e6)


def processor_seconds(pid: int) -> float:
    """Return the processor time that a process has taken so far, in seconds; nan if the system has no /proc."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except FileNotFoundError:
        return math.nan
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def compare(
    names: Sequence[str], title: str, headers: Sequence[str], bounds: Sequence[Bound], rounds: int, seconds: int
) -> None:
    """Run `wrk` against the servers by turns and print the table."""
    with ExitStack() as stack:
        peers = {name: stack.enter_context(serving.serve(name)) for name in names}
        for served in peers.values():
            fetch(served.port)
        result = interleave({name: partial(load, served, seconds, headers) for name, served in peers.items()}, rounds)
    references = [name for name in (serving.NGINX, HTTPSERVER) if name in result.samples]
    print_table(
        title,
        ["", "requests a second", *[f"ratio to {reference}" for reference in references], "processor µs a request"],
        [
            [
                name,
                f"{result.median(name):,.0f}",
                *[f"{result.ratio(name, reference):.2f}" for reference in references],
                f"{result.cost(name):.0f}",
            ]
            for name in result.samples
        ],
    )
    print_verdicts(result, bounds)


def resident(pid: int) -> int:
    """Return the bytes of memory that a process occupies."""
    return int(subprocess.run(["ps", "-o", "rss=", "-p", str(pid)], capture_output=True, check=True).stdout) * 1024


def delay(port: int) -> float | None:
    """Return the median milliseconds of 20 requests, each on a new connection; None if one gets no answer in time."""
    times = []
    for _ in range(20):
        began = time.perf_counter()
        try:
            fetch(port, PATIENCE)
        except TimeoutError:
            return None
        times.append((time.perf_counter() - began) * 1000)
    return statistics.median(times)


@dataclass(frozen=True)
class SilentConnections:
    """The effect of silent connections: KB that each costs, and milliseconds of a request before and beside them.

    None stands for what could not be measured: a server that serves one client at a time does not answer beside
    them, or stops accepting connections.
    """

    each: float | None
    before: float | None
    beside: float | None


def silent(name: str, count: int) -> SilentConnections:
    """Open *count* silent connections to a server, and measure their effect."""
    with ExitStack() as stack:
        served = stack.enter_context(serving.serve(name))
        before = delay(served.port)
        empty = resident(served.pid)
        try:
            for _ in range(count):
                stack.enter_context(closing(socket.create_connection((HOST, served.port), PATIENCE)))
        except TimeoutError:
            return SilentConnections(None, before, None)
        beside = delay(served.port)
        return SilentConnections((resident(served.pid) - empty) / count / 1024, before, beside)


def compare_silent(names: Sequence[str], count: int, rounds: int) -> None:
    """Open silent connections to the servers and print the table."""
    found: dict[str, list[SilentConnections]] = {name: [] for name in names}
    for _ in range(rounds):
        for name in names:
            found[name].append(silent(name, count))
    none = f"none in {PATIENCE:g} s"
    print_table(
        f"{count:,} silent connections",
        ["", "KB each", "ms of a request before", "ms of a request beside them"],
        [
            [
                name,
                _median([run.each for run in runs], 1, "-"),
                _median([run.before for run in runs], 2, none),
                _median([run.beside for run in runs], 2, none),
            ]
            for name, runs in found.items()
        ],
    )
    each = [run.each for run in found[US]]
    holds = all(size is not None and size <= 4 for size in each)
    print(f"\n{'ok' if holds else 'NO'} {US}: at most 4 KB each, measured {_highest(each)}")


def _highest(values: Sequence[float | None]) -> str:
    known = [value for value in values if value is not None]
    return f"at most {max(known):.1f}" if len(known) == len(values) else "nothing"


def _median(values: Sequence[float | None], digits: int, none: str) -> str:
    known = [value for value in values if value is not None]
    return f"{statistics.median(known):.{digits}f}" if len(known) == len(values) else none


def allow_descriptors(count: int) -> None:
    """Allow this process and its children *count* descriptors, or as many as the system lets it allow."""
    try:
        import resource
    except ImportError:
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = count if hard == resource.RLIM_INFINITY else min(count, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a short run of a few seconds")
    quick = parser.parse_args().quick
    missing = [program for program in ("wrk", "ps") if shutil.which(program) is None]
    if missing:
        sys.exit(f"{' and '.join(missing)}: not installed; Debian has packages called wrk and procps")
    names = serving.present()
    if quick:
        names = [name for name in names if name in (serving.NGINX, US, HTTPSERVER)]
    rounds, seconds = (1, 1) if quick else (5, 1)
    compare(
        names,
        f"a 20 KB Atom file, {CLIENTS} kept connections",
        (),
        [
            Bound(US, serving.NGINX, 0.4, at_least=True),
            Bound(US, HTTPSERVER, 10, at_least=True),
            Bound(US, THREADED, 10, at_least=True),
        ],
        rounds,
        seconds,
    )
    compare(
        names,
        f"a 20 KB Atom file, a connection for each request, {CLIENTS} clients",
        ("Connection: close",),
        [Bound(US, HTTPSERVER, 4, at_least=True)],
        rounds,
        seconds,
    )
    allow_descriptors(SILENT * 2)
    compare_silent(names, 50 if quick else SILENT, 1 if quick else 3)


if __name__ == "__main__":
    main()
