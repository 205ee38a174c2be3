"""How fast feeds are imported, compared with lemon24/reader: a first import, and a second one that is answered by 304.

    python benchmarks/import_feeds.py [--feeds 200] [--rounds 5]

Feeds of about 50 KB and 19 entries are served by feedserver in a process of its own, each on a loopback address of
its own (127.0.1.2, 127.0.1.3, …), so that each is a host of its own for a client that has limits per host. That needs a
system where all of 127.0.0.0/8 is loopback, as on Linux; elsewhere the program says so.

Both import into SQLite files on disk, in one warm process. Each round starts with an empty database; the first
round only warms up. Adding the feeds is not timed; the update is, with all that it writes, which for lifestream
includes the fetch log, the timeline and the search index. What counts is the ratio: both ran in the same minutes.

The processor time of a first import is printed separately: that of this process, that of the parsers that it starts,
and what the start of one parser takes. On a busy machine these say more than the wall-clock times.

The second import is also compared with its lower bound: the same requests by aiohttp alone, the HTTP client that
lifestream uses, without claims, decisions and writes.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import io
import logging
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Protocol

from feeds import ENTRIES, answer, document, serve, served
from imports import processor_time

# Unless this is set, reader uses a copy of feedparser that it brings along, not the feedparser that is installed.
os.environ.setdefault("READER_NO_VENDORED_FEEDPARSER", "1")

WORKERS = (1, 10)  # the numbers of workers that reader is tried with; the faster one gives its figure


class Importer(Protocol):
    """A way to import feeds into an empty database, and again."""

    name: str

    def prepare(self, folder: Path, urls: list[str]) -> None:
        """Make a database in *folder* that has feeds at *urls*, all due."""

    def first(self) -> int:
        """Import all feeds. Return how many entries there are."""

    def again(self) -> int:
        """Request all feeds again. Return how many were not modified."""


class Lifestream:
    """lifestream, which imports into a timeline as its command does."""

    name = "lifestream"

    def __init__(self, folder: Path) -> None:
        os.environ["LIFESTREAM_HOME"] = str(folder)
        os.environ["LIFESTREAM_ALLOWED_NETWORKS"] = "127.0.0.0/8"
        os.environ["DJANGO_SETTINGS_MODULE"] = "lifestream.site.settings"
        import django

        django.setup()

        from lifestream.site import cli

        # As the command `lifestream` does; older code, which this may measure as well, freezes only.
        getattr(cli, "collect_garbage_seldom", gc.freeze)()

    def prepare(self, folder: Path, urls: list[str]) -> None:
        from django.core.management import call_command
        from django.db import connection

        from lifestream.models import Lifestream as Timeline
        from lifestream.refresh import opml

        connection.close()
        connection.settings_dict["NAME"] = str(folder / "lifestream.sqlite3")
        call_command("migrate", verbosity=0)
        timeline = Timeline.objects.create(slug="main", title="Main")
        opml.subscribe_to(timeline, [opml.Outline(url) for url in urls])

    def first(self) -> int:
        from lifestream.refresh import refresh

        return refresh().new

    def again(self) -> int:
        from lifestream.refresh import refresh

        return sum(row.outcome == "not modified" for row in refresh(early=True).rows)


class Reader:
    """lemon24/reader with a number of *workers*."""

    def __init__(self, workers: int) -> None:
        self.name = f"reader, {workers} workers"
        self._workers = workers

    def prepare(self, folder: Path, urls: list[str]) -> None:
        import reader

        self._reader = reader.make_reader(str(folder / "reader.sqlite3"))
        for url in urls:
            self._reader.add_feed(url)

    def first(self) -> int:
        self._reader.update_feeds(workers=self._workers)
        return self._reader.get_entry_counts().total or 0

    def again(self) -> int:
        results = list(self._reader.update_feeds_iter(workers=self._workers, scheduled=False))
        self._reader.close()
        return sum(result.not_modified for result in results)


class Floor:
    """The requests of the second import alone, by aiohttp, on the event loop that lifestream uses."""

    name = "aiohttp alone"

    def __init__(self, urls: list[str]) -> None:
        self._urls = urls

    def again(self) -> int:
        """Request all feeds once. Return how many were not modified."""
        from lifestream.refresh.downloads import _loop_factory

        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            return runner.run(self._ask())

    async def _ask(self) -> int:
        import aiohttp

        async def ask(number: int, url: str) -> bool:
            condition = {"If-None-Match": f'"{number}"'}
            async with session.get(url, headers=condition, allow_redirects=False) as answer:
                return answer.status == HTTPStatus.NOT_MODIFIED

        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
            return sum(await asyncio.gather(*(ask(number, url) for number, url in enumerate(self._urls))))


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds of processor time of a first import: of this *process*, and of the *children* that it started."""

    process: float
    children: float


def start_up() -> float:
    """Return the seconds of processor time that it takes to start a parser's process, and to end it."""
    from lifestream.content.sanitizer_rules import SanitizerRules
    from lifestream.parser import ipc
    from lifestream.parser.pool import ARGUMENTS, MEMORY, release

    question = io.BytesIO()
    ipc.send(question, {"rules": ipc.RULES.pack(SanitizerRules()), "memory": MEMORY, "release": release()})
    began = processor_time()
    subprocess.run([sys.executable, *ARGUMENTS], input=question.getvalue(), check=True, stdout=subprocess.DEVNULL)
    return processor_time() - began


def measure(importer: Importer, folder: Path, urls: list[str]) -> tuple[float, float, Cost]:
    """Return the seconds of a first import and of one that is answered by 304, and what the first one cost."""
    folder.mkdir(parents=True)
    importer.prepare(folder, urls)
    process, children = time.process_time(), processor_time()
    first, entries = timed(importer.first)
    cost = Cost(time.process_time() - process, processor_time() - children)
    again, unmodified = timed(importer.again)
    if (entries, unmodified) != (ENTRIES * len(urls), len(urls)):
        raise SystemExit(f"{importer.name} imported {entries} entries, and got {unmodified} answers of 304")
    return first, again, cost


def timed(update: Callable[[], int]) -> tuple[float, int]:
    """Return the seconds that *update* takes, and its result. Older garbage is collected before that time."""
    gc.collect()
    begun = time.perf_counter()
    count = update()
    return time.perf_counter() - begun, count


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--feeds", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", action="append", help="lifestream or reader")
    parser.add_argument("--serve", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(map(answer, range(options.serve)))
        return
    logging.disable(logging.CRITICAL)
    with tempfile.TemporaryDirectory(prefix="import-feeds-") as named, served(__file__, options.feeds) as urls:
        folder = Path(named)
        # The parsers are compiled once, as on every machine where lifestream has run before.
        os.environ["PYTHONPYCACHEPREFIX"] = str(folder / "bytecode")
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        importers: list[Importer] = [Lifestream(folder), *(Reader(workers) for workers in WORKERS)]
        if options.only:
            importers = [each for each in importers if each.name.split(",")[0] in options.only]
        floor = Floor(urls)
        floors: list[float] = []
        times: dict[str, list[tuple[float, float]]] = {importer.name: [] for importer in importers}
        costs: dict[str, list[Cost]] = {importer.name: [] for importer in importers}
        for number in range(options.rounds + 1):
            for importer in importers:
                first, again, cost = measure(importer, folder / f"{number}-{importer.name}", urls)
                if number:  # the first round warms up
                    times[importer.name].append((first, again))
                    costs[importer.name].append(cost)
                print(f"round {number}: {importer.name}: {first:.2f} s, {again:.3f} s", file=sys.stderr)
            alone, unmodified = timed(floor.again)
            if unmodified != len(urls):
                raise SystemExit(f"{floor.name} got {unmodified} answers of 304")
            if number:
                floors.append(alone)
        report(times, options.feeds)
        rate, best = options.feeds / statistics.median(floors), best_of_reader(times, options.feeds)[1]
        print(f"{floor.name:22} {'':14} {'':9} {rate:10.0f} {f'{rate / best:.2f}' if best else '':>9}")
        report_costs(costs, options.feeds)


def report_costs(costs: dict[str, list[Cost]], feeds: int) -> None:
    """Print the medians of processor time of a first import, in milliseconds a feed."""
    print(f"\n{'processor time':22} {'this process':>14} {'children':>9} {'both':>10}   ms a feed, first import")
    for name, found in costs.items():
        process, children = (
            statistics.median(column) / feeds * 1000
            for column in zip(*((each.process, each.children) for each in found), strict=True)
        )
        print(f"{name:22} {process:14.2f} {children:9.2f} {process + children:10.2f}")
    starts = statistics.median(start_up() for _ in range(5))
    print(f"{'a parser, its start':22} {'':14} {starts / feeds * 1000:9.2f} {'':10}   {starts * 1000:.0f} ms each")


def best_of_reader(times: dict[str, list[tuple[float, float]]], feeds: int) -> list[float]:
    """Return the feeds per second of reader's faster number of workers, for both imports; 0.0 if reader did not run."""
    medians = [
        [statistics.median(column) for column in zip(*rounds, strict=True)]
        for name, rounds in times.items()
        if name.startswith("reader")
    ]
    return [max((feeds / median[place] for median in medians), default=0.0) for place in (0, 1)]


def report(times: dict[str, list[tuple[float, float]]], feeds: int) -> None:
    """Print the medians in feeds per second, and their ratios to the best of reader's."""
    rates = {
        name: tuple(feeds / statistics.median(column) for column in zip(*rounds, strict=True))
        for name, rounds in times.items()
    }
    best = best_of_reader(times, feeds)
    print(f"{feeds} feeds of {len(document(1)) // 1000} KB and {ENTRIES} entries; feeds a second, medians")
    print(f"{'':22} {'first import':>14} {'x reader':>9} {'all 304':>10} {'x reader':>9}")
    for name, (first, again) in rates.items():
        ratios = [f"{rate / other:.2f}" if other else "" for rate, other in zip((first, again), best, strict=True)]
        print(f"{name:22} {first:14.0f} {ratios[0]:>9} {again:10.0f} {ratios[1]:>9}")


if __name__ == "__main__":
    main()
