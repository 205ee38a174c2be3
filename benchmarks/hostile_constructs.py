"""What hostile constructs cost to read and clean, and whether twice as much of one costs at most about twice the time.

    python benchmarks/hostile_constructs.py [--from 100] [--to 8000] [--only WORDS] [--quick]

Each construct of packages/lifestream/tests/constructs.py is made in sizes from 100 KB to at most 8 MB, each twice the
one before, and read and cleaned by the very code of lifestream's child processes, without their deadline. Each reading
has a process of its own, like a child that has just started. A process that has read other documents has memory ready
for a small document, but must ask the system for more to read a large one, so the ratio would be too high. (The process
is a fork; where there are none, this process reads all.) The table has the processor time at the last two sizes, the
worst ratio of a time to that of half the size, and the worst ratio that lasts. A ratio over the bound is measured
again, since a machine with other work to do may have caused it: the lowest times count. Constructs that take over 30 s
are not made larger.

A single step may take more than twice as long although the time grows linearly: some megabytes no longer fit into the
processor's caches. Growth that is worse than linear shows in each step: the ratio is 2.1 if the time grows as n log n,
2.3 for n^1.2, and 4 for n^2. So each ratio over the bound is averaged with the one after it (their geometric mean), for
which one more size is measured if necessary, even beyond 8 MB. The ratio that lasts is the worst of these means.

The exit status is 1 if a ratio that lasts is over 2.2, except with --quick.
"""

from __future__ import annotations

import argparse
import gc
import math
import multiprocessing
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final

from tables import print_table

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "packages" / "lifestream" / "tests"))

from constructs import CONTENT, DOCUMENTS, Construct, entry

MOST = 2.2
"""The bound of the ratio."""

TOO_SHORT: Final = 0.02
"""A time, in seconds, below which a ratio says nothing: costs that do not depend on the size are part of it."""

ENOUGH: Final = 30.0
_HAS_FORK: Final = "fork" in multiprocessing.get_all_start_methods()
TRIES: Final = 4


@dataclass(frozen=True)
class Measured:
    """The seconds of processor time that a construct takes, at each size in bytes."""

    name: str
    seconds: dict[int, float]

    @property
    def ratios(self) -> Iterator[float]:
        """Return the ratio of each time to that of the size before."""
        times = [max(seconds, TOO_SHORT) for seconds in self.seconds.values()]
        for half, whole in pairwise(times):
            yield whole / half

    @property
    def worst(self) -> float:
        """Return the worst ratio."""
        return max(self.ratios, default=1.0)

    @property
    def lasting(self) -> float:
        """Return the worst mean of a ratio over the bound and the one after it; the worst ratio if none is over it."""
        ratios = list(self.ratios)
        over = [at for at, ratio in enumerate(ratios) if ratio > MOST]
        means = [math.sqrt(ratios[at] * ratios[at + 1]) if at + 1 < len(ratios) else ratios[at] for at in over]
        return max(means) if means else self.worst

    @property
    def lacks_a_size(self) -> bool:
        """Whether the last step is over the bound: only one more size can show whether that lasts."""
        *_, last = [1.0, *self.ratios]
        return last > MOST

    def row(self) -> list[str]:
        """Return the row of the table."""
        sizes = list(self.seconds)
        half = f"{self.seconds[sizes[-2]]:.2f}" if len(sizes) > 1 else ""
        mark = "" if self.lasting <= MOST else " !"
        return [
            f"lifestream: {self.name}".replace("|", "\\|"),
            f"{sizes[-1] / 1e6:.1f}",
            half,
            f"{self.seconds[sizes[-1]]:.2f}",
            f"{self.worst:.2f}",
            f"{self.lasting:.2f}{mark}",
        ]


def reader() -> Callable[[bytes], None]:
    """Return a function that reads and cleans a document as a child process does."""
    from lifestream.content.sanitizer import Sanitizer
    from lifestream.parser.worker import Reader
    from lifestream.plugins.registry import Registry

    child = Reader(Registry(use_entry_points=False), Sanitizer())
    job = {"headers": {}, "url": "https://a.example/feed", "plugin": ""}
    return lambda body: void(child.answer(job, body))


def void(_: object) -> None:
    """Ignore an answer, "not a feed" included."""


def measure(name: str, construct: Construct, sizes: list[int], read: Callable[[bytes], None]) -> Measured:
    """Measure a construct at all *sizes*, at one more if the last step is over the bound, and again wherever the ratio
    is over the bound.
    """
    seconds: dict[int, float] = {}
    for size in sizes:
        seconds[size] = taken(construct(size).encode(), read)
        if seconds[size] > ENOUGH:
            break
    for _ in range(TRIES):
        measured = Measured(name, seconds)
        if measured.worst <= MOST:
            break
        if measured.lacks_a_size and len(seconds) <= len(sizes) and max(seconds.values()) <= ENOUGH:
            seconds[2 * max(seconds)] = taken(construct(2 * max(seconds)).encode(), read)
            measured = Measured(name, seconds)
        known = list(seconds)
        for (half, whole), ratio in zip(pairwise(known), list(measured.ratios), strict=True):
            if ratio > MOST:
                for size in (half, whole):
                    seconds[size] = min(seconds[size], taken(construct(size).encode(), read))
    return Measured(name, seconds)


def taken(body: bytes, read: Callable[[bytes], None]) -> float:
    """Return the processor time that *body* takes, in seconds: the lowest of three if it is short."""
    times: list[float] = []
    while not times or (len(times) < 3 and times[-1] < 1):
        times.append(_in_a_fork(body, read) if _HAS_FORK else _seconds(body, read))
    return min(times)


def _in_a_fork(body: bytes, read: Callable[[bytes], None]) -> float:
    """Return the processor time that *body* takes in a new process. Raises `EOFError` if that process fails."""
    context = multiprocessing.get_context("fork")
    receiving, sending = context.Pipe(duplex=False)
    child = context.Process(target=lambda: sending.send(_seconds(body, read)))
    child.start()
    sending.close()
    seconds: float = receiving.recv()
    child.join()
    return seconds


def _seconds(body: bytes, read: Callable[[bytes], None]) -> float:
    gc.collect()
    before = time.process_time()
    read(body)
    return time.process_time() - before


def in_entry(construct: Construct) -> Construct:
    """Return the construct of a document with one entry whose content is *construct*."""
    return lambda size: entry(construct(size))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--from", dest="smallest", type=int, default=100, help="the smallest size, in KB")
    parser.add_argument("--to", dest="largest", type=int, default=8000, help="the largest size, in KB")
    parser.add_argument("--only", default="", help="measure the constructs with this in their name")
    parser.add_argument("--quick", action="store_true", help="a few constructs in small sizes, to see that it runs")
    options = parser.parse_args()
    smallest, largest = (20, 40) if options.quick else (options.smallest, options.largest)
    sizes = [smallest * 1000]
    while sizes[-1] * 2 <= largest * 1000:
        sizes.append(sizes[-1] * 2)
    read = reader()
    made = {f"{name} in content": in_entry(construct) for name, construct in CONTENT.items()} | DOCUMENTS
    chosen = {name: construct for name, construct in made.items() if options.only in name}
    if options.quick:
        chosen = dict(list(chosen.items())[::20])
    found: list[Measured] = []
    for name, construct in chosen.items():
        found.append(measure(name, construct, sizes, read))
        print(found[-1].row(), file=sys.stderr)
    head = ["", "MB", "half of it, s", "s", "worst ratio", "that lasts"]
    print_table("reading and cleaning: twice the size, how many times the time", head, [each.row() for each in found])
    over = [each.name for each in found if each.lasting > MOST]
    print()
    outcome = f"{len(over)} of {len(found)} are over it: {', '.join(over)}" if over else "all hold"
    print(f"{'NO' if over else 'ok'} each construct: the ratio that lasts is at most {MOST:g}; {outcome}")
    sys.exit(1 if over and not options.quick else 0)


if __name__ == "__main__":
    main()
