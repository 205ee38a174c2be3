"""Start, one request, stop: in a tight loop, and with 3 ms of other work between the request and the stop.

The client is a raw socket that reads by Content-Length; its time is part of every figure. The time of the other work is
part of none. Without that work, a server that polls looks fast: the stop always comes before the server begins to
wait, so it never waits for the end of a polling interval.
"""

from __future__ import annotations

import argparse
import random
import socket
import statistics
import time
from contextlib import ExitStack
from functools import partial

from peers import HOST, PATH, Feedserver, Floor, Peer, PytestHttpserverShared, present
from tables import Bound, Sample, interleave, print_table, print_verdicts

BODY = b"<feed xmlns='http://www.w3.org/2005/Atom'>" + b"<entry/>" * 100 + b"</feed>"
REQUEST = f"GET {PATH} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
WORK = 0.003


def fetch(port: int, timeout: float | None = None) -> bytes:
    """Send a request and read the answer by its Content-Length. Return the body."""
    with socket.socket() as client:
        client.settimeout(timeout)
        client.connect((HOST, port))
        client.sendall(REQUEST)
        data = b""
        while b"\r\n\r\n" not in data:
            data += _receive(client)
        head, _, body = data.partition(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
        while len(body) < length:
            body += _receive(client)
        return body


def _receive(client: socket.socket) -> bytes:
    data = client.recv(65536)
    if not data:
        raise ConnectionError("the server closed the connection before its answer was whole")
    return data


def cycle(peer: Peer, work: float) -> float:
    """Start a server, send a request, and stop the server; a peer that is shared is only prepared and cleared.
    Return the seconds that this takes, without *work*.
    """
    began = time.perf_counter()
    with peer.cycle() as port:
        body = fetch(port)
        worked = time.perf_counter()
        if work:
            time.sleep(work)  # for the work of a test, such as storing the body in a database
        worked = time.perf_counter() - worked
    took = time.perf_counter() - began - worked
    if body != BODY:
        raise AssertionError(f"{peer.name} answered with {body[:80]!r}")
    return took


def measure(peer: Peer, work: float, budget: float) -> Sample:
    """Run cycles for *budget* seconds, but at least one cycle. Return the median and the slowest, in milliseconds."""
    times: list[float] = []
    end = time.perf_counter() + budget
    while not times or time.perf_counter() < end:
        times.append(cycle(peer, work) * 1000)
    return Sample(statistics.median(times), max(times))


def run(work: float, rounds: int, budget: float) -> None:
    """Measure all peers and print the table."""
    with ExitStack() as stack:
        peers = [stack.enter_context(kind(BODY)) for kind in present()]
        for peer in random.sample(peers, len(peers)):
            cycle(peer, 0.0)  # imports and first use
        result = interleave(
            {peer.name: partial(measure, peer, work, budget) for peer in peers},
            rounds,
        )
    title = f"start + request + stop, {f'{work * 1000:g} ms of other work in between' if work else 'tight loop'}"
    print_table(
        title,
        ["", "median ms", "slowest ms", "ratio to the floor", "ratio to pytest-httpserver, shared"],
        [
            [
                name,
                f"{result.median(name):.3f}",
                f"{result.worst(name):.1f}",
                *[
                    f"{result.ratio(name, reference):.2f}" if reference in result.samples else "-"
                    for reference in (Floor.name, PytestHttpserverShared.name)
                ],
            ]
            for name in result.samples
        ],
    )
    bounds = [Bound(Feedserver.name, PytestHttpserverShared.name, 1.5)]
    if not work:
        bounds.insert(0, Bound(Feedserver.name, Floor.name, 8))
    print_verdicts(result, bounds)


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a short run of a few seconds")
    quick = parser.parse_args().quick
    for work in (0.0, WORK):
        run(work, rounds=2 if quick else 25, budget=0.05)


if __name__ == "__main__":
    main()
