"""What hostile servers cost a refresh: its time, its memory, and how long the honest feeds in the mix take.

    python benchmarks/hostile_mix.py [--feeds 300] [--rounds 5] [--timeout 30] [--quick]

A third of the feeds are hostile: they stall, send slowly or without end, inflate, redirect in a circle or reset. The
others are those of import_feeds.py. All are served by feedserver in a process of its own, each on a loopback address of
its own. A round has two imports in random order: that of the honest feeds alone, and that of the whole mix. Each runs
in a new process with an empty database and 256 requests at once.

The time of a refresh is that of the call. The time of the honest feeds ends when the last of them is stored. Memory is
the peak of resident memory (VmHWM, on Linux alone): of the process that refreshes, and of its parsers together.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from feeds import ENTRIES, answer, document, serve, served
from tables import Bound, Rounds, Sample, print_table

if TYPE_CHECKING:
    from feedserver import Response

CONCURRENCY = 256
ALONE = "the honest feeds alone"
MIX = "honest and hostile"
MEGABYTES = 200
"""The bound of the memory, for all processes of a refresh together."""
LATER = 1.2
"""How many times the deadline a refresh may take, and how many times as long the honest feeds may take in the mix."""


@dataclass(frozen=True)
class Figures:
    """The results of one refresh: seconds, and megabytes (nan if the system does not report them)."""

    total: float
    honest: float
    process: float
    parsers: float
    feeds: int
    failed: int
    items: int

    @property
    def memory(self) -> float:
        """The sum of the peaks of all processes. Those of the parsers were read whenever a feed was finished."""
        return self.process + self.parsers


# Servers


def hostile(number: int) -> Response:
    """Return the hostile answer with this *number*."""
    from feedserver import Pace, Response
    from feedserver.faults import Bomb, EndlessBody, RedirectLoop, Reset, SlowBody, SlowHeaders, Stall

    drip = Pace(1, 0.5)
    faults = [
        Stall(before="answer"),
        SlowBody(drip),
        Bomb(100),
        RedirectLoop(),
        Reset(before="answer"),
        Stall(after="headers"),
        SlowHeaders(drip),
        EndlessBody(),
        RedirectLoop(),
        Reset(after=512),
        Stall(after=20_000),
        SlowBody(Pace(100, 0.1)),
    ]
    headers = {"Content-Type": "application/rss+xml"}
    return Response(document(number), headers=headers, faults=faults[number % len(faults)])


# Measurements


def set_up(folder: Path, timeout: float) -> None:
    """Set Django up for the bundled site in *folder*."""
    os.environ["LIFESTREAM_HOME"] = str(folder)
    os.environ["LIFESTREAM_ALLOWED_NETWORKS"] = "127.0.0.0/8"
    os.environ["DJANGO_SETTINGS_MODULE"] = "lifestream.site.settings"
    import django
    from django.conf import settings

    settings.LIFESTREAM_TIMEOUT = timeout
    settings.LIFESTREAM_CONCURRENCY = CONCURRENCY
    django.setup()


def subscribe(urls: list[str]) -> None:
    """Make a database with a lifestream of *urls*."""
    from django.core.management import call_command

    from lifestream.models import Lifestream
    from lifestream.refresh import opml

    call_command("migrate", verbosity=0)
    opml.subscribe_to(Lifestream.objects.create(slug="main", title="Main"), [opml.Outline(url) for url in urls])


def refresh_once(honest: int, urls: list[str]) -> Figures:
    """Import *urls* into the database that `subscribe` made. The honest feeds come first; *honest* is their number."""
    from lifestream.refresh import refresh
    from lifestream.refresh.refresh_report import FeedReport

    wanted = set(urls[:honest])
    stored: list[float] = []
    peaks: dict[int, float] = {}

    def progress(row: FeedReport) -> None:
        if row.url in wanted:
            stored.append(time.perf_counter())
        for child in children():
            # If the child has ended meanwhile, `peak` is nan, and `max` returns its first argument.
            peaks[child] = max(peaks.get(child, 0.0), peak(child))

    begun = time.perf_counter()
    report = refresh(progress=progress)
    ended = time.perf_counter()
    return Figures(
        ended - begun,
        max(stored) - begun,
        peak(os.getpid()),
        sum(peaks.values()) if peaks else float("nan"),
        len(report.rows),
        report.failed,
        report.new,
    )


def peak(process: int) -> float:
    """Return the peak of resident memory of a *process* (its id), in megabytes; nan if it is not reported, or if the
    process has ended.
    """
    try:
        status = Path(f"/proc/{process}/status").read_text()
    except OSError:
        return float("nan")
    sizes = (int(line.split()[1]) / 1000 for line in status.splitlines() if line.startswith("VmHWM"))
    return next(sizes, float("nan"))


def children() -> list[int]:
    """Return the ids of the running children of this process; none if the system does not report them."""
    try:
        return [
            int(pid) for task in Path("/proc/self/task").iterdir() for pid in (task / "children").read_text().split()
        ]
    except OSError:
        return []


def measure(folder: Path, timeout: float, honest: int, urls: list[str]) -> Figures:
    """Return what `refresh_once` measures in a new process, after another new process has made the database."""
    folder.mkdir(parents=True)
    arguments = [str(folder), str(timeout), str(honest)]
    run(["--subscribe", *arguments], urls)
    return Figures(**json.loads(run(["--refresh", *arguments], urls)))


def run(arguments: list[str], urls: list[str]) -> str:
    """Run this program in a new process and return what it prints; end this process if it fails."""
    command = [sys.executable, __file__, *arguments]
    done = subprocess.run(command, input=json.dumps(urls), capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    return done.stdout


def check(name: str, figures: Figures, honest: int, feeds: int) -> None:
    """End the program unless all items of the honest feeds were stored, and all hostile feeds failed."""
    wanted = (feeds, feeds - honest, honest * ENTRIES)
    if (figures.feeds, figures.failed, figures.items) != wanted:
        raise SystemExit(f"{name}: {figures}; feeds, failed and items should be {wanted}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--feeds", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--timeout", type=float, default=30.0, help="LIFESTREAM_TIMEOUT, the deadline, in seconds")
    parser.add_argument("--quick", action="store_true", help="few feeds and one round, to see that it runs")
    parser.add_argument("--serve", type=int, nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--subscribe", nargs=3, help=argparse.SUPPRESS)
    parser.add_argument("--refresh", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        count, bad = options.serve
        serve([*map(answer, range(count)), *map(hostile, range(count, count + bad))])
        return
    if options.subscribe or options.refresh:
        folder, timeout, honest = options.subscribe or options.refresh
        set_up(Path(folder), float(timeout))
        if options.subscribe:
            subscribe(json.load(sys.stdin))
        else:
            json.dump(asdict(refresh_once(int(honest), json.load(sys.stdin))), sys.stdout)
        return
    feeds, rounds, timeout = (36, 1, 3.0) if options.quick else (options.feeds, options.rounds, options.timeout)
    compare(feeds, rounds, timeout)


def compare(feeds: int, rounds: int, timeout: float) -> None:
    """Measure the honest feeds alone and the mix by turns, and print the table and the bounds."""
    honest = feeds - feeds // 3
    figures: dict[str, list[Figures]] = {ALONE: [], MIX: []}
    with tempfile.TemporaryDirectory(prefix="hostile-mix-") as folder, served(__file__, honest, feeds // 3) as urls:
        counts = {ALONE: honest, MIX: feeds}
        for number in range(rounds):
            for name in random.sample(list(counts), 2):
                taken = measure(Path(folder, f"{number}-{name}"), timeout, honest, urls[: counts[name]])
                check(name, taken, honest, counts[name])
                figures[name].append(taken)
                print(f"round {number + 1}: {name}: {taken}", file=sys.stderr)
    print_table(
        f"lifestream: {feeds} feeds, {feeds // 3} of them hostile; deadline {timeout:g} s; medians, memory the worst",
        ["", "honest feeds, s", "all, s", "MB", "MB of parsers"],
        [
            [
                f"lifestream, {name}",
                f"{statistics.median(each.honest for each in taken):.2f}",
                f"{statistics.median(each.total for each in taken):.2f}",
                f"{max(each.memory for each in taken):.0f}",
                f"{max(each.parsers for each in taken):.0f}",
            ]
            for name, taken in figures.items()
        ],
    )
    worst = max(each.total for each in figures[MIX])
    memory = max(each.memory for each in figures[MIX])
    samples = Rounds({name: [Sample(each.honest, each.total) for each in taken] for name, taken in figures.items()})
    print()
    print(verdict("time", "s", worst, LATER * timeout))
    print(verdict("memory", "MB", memory, MEGABYTES))
    print(Bound(MIX, ALONE, LATER).verdict(samples))


def verdict(what: str, unit: str, measured: float, limit: float) -> str:
    """Return a line with a bound of the mix, and whether it holds."""
    if measured != measured:
        return f"-- {what}: not measured, this system doesn't report it"
    return f"{'ok' if measured <= limit else 'NO'} {what}: at most {limit:g} {unit}, measured {measured:.1f}"


if __name__ == "__main__":
    main()
