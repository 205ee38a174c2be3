"""What a feed costs in a usual mix of answers, over TLS: 70% are a 304, 20% unchanged, 8% have a new item, 2% are
errors.

The feeds are served by feedserver in a process of its own, 20 to a host, each host on a loopback address, while the
database has many others that are not due. First they are updated by one process. For comparison, aiohttp alone requests
the same URLs with the same validators and ignores the answers. Then Celery workers update them, and share the work.

    python scripts/services.py run -- uv run --group bench python benchmarks/mix.py --celery 1 2 4

Processor time is that of lifestream and its parsers; that of PostgreSQL for the connection is printed beside it. The
processor time of the feeds' server is not included, but it adds to the wall-clock time if both share the cores.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import re
import resource
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import django

from large_site import fill, processor_time, site
from tables import print_table

if TYPE_CHECKING:
    from feedserver import FeedServer, Request, Response

FEEDS_PER_HOST = 20
KINDS = ["not modified"] * 35 + ["unchanged"] * 10 + ["new"] * 4 + ["error"]
"""What the feeds answer, by their number modulo 50."""
LEAST = 0.8
"""How many feeds per second of processor time lifestream has to update, as a fraction of those of aiohttp alone."""


def document(number: int, entries: int) -> bytes:
    """Return feed *number*, which has published *entries* entries, with the latest ten of them: about 12 KB."""
    paragraph = "<p>The <a href='/about'>river</a> was <em>high</em> in the night, and the <b>ferry</b> waited.</p>"
    items = "".join(
        f"<item><title>Entry {entry} of {number}</title><guid isPermaLink='false'>{number}-{entry}</guid>"
        f"<link>https://example.com/{number}/{entry}</link>"
        f"<description><![CDATA[{paragraph * 10}]]></description></item>"
        for entry in range(entries, entries - 10, -1)
    )
    return f"<rss version='2.0'><channel><title>Feed {number}</title>{items}</channel></rss>".encode()


def serve(feeds: int) -> None:
    """Serve a number of *feeds* over TLS until standard input ends. Prints the authority's file, and the URLs."""
    from feedserver import FeedServer, Pattern, Response

    asked: dict[int, int] = {}
    rss = {"Content-Type": "application/rss+xml"}

    def changing(request: Request) -> Response:
        number = int(request.path.rpartition("/")[2])
        asked[number] = asked.get(number, 0) + 1
        if KINDS[number % 50] == "error" and asked[number] > 1:
            return Response(b"", 500)
        return Response(document(number, 9 + asked[number]), headers=rss)

    servers: list[FeedServer] = []
    for host in range((feeds - 1) // FEEDS_PER_HOST + 1):
        name = f"127.0.{1 + host // 250}.{1 + host % 250}"
        server = FeedServer(host=name, tls=True, journal_limit=10).start()
        server.add(Pattern("/changing/<number>"), changing)
        if not servers:
            print(server.ca_bundle)
        servers.append(server)
        for number in range(host * FEEDS_PER_HOST, min(feeds, (host + 1) * FEEDS_PER_HOST)):
            kind = KINDS[number % 50]
            if kind in ("new", "error"):
                print(server.url(f"/changing/{number}"))
                continue
            validator = {"ETag": f'"{number}"'} if kind == "not modified" else {}
            server.add(f"/feed/{number}", Response(document(number, 10), headers=rss | validator))
            print(server.url(f"/feed/{number}"))
    print(flush=True)
    sys.stdin.read()
    for server in servers:
        server.stop()


@contextmanager
def served(feeds: int) -> Iterator[tuple[str, list[str]]]:
    """Serve a number of *feeds* in another process. Yields the file of their authority, and their URLs."""
    command = [sys.executable, __file__, "--serve", str(feeds)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin and process.stdout
        lines = []
        while line := process.stdout.readline().strip():
            lines.append(line)
        try:
            yield lines[0], lines[1:]
        finally:
            process.stdin.close()


@dataclass(frozen=True)
class Round:
    """What one update of all feeds took, in seconds: wall-clock time (*wall*), processor time (*cost*), and processor
    time of PostgreSQL (*database*).
    """

    wall: float
    cost: float
    database: float
    waited: float = 0.0
    """Seconds of wall-clock time for which queries were waited for."""
    wal: int = 0
    """Bytes that PostgreSQL wrote into its write-ahead log."""


def used() -> float:
    """Return the processor time of this process and its children that have ended."""
    return sum(time.process_time() if who == resource.RUSAGE_SELF else sum(resource.getrusage(who)[:2])
               for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))  # fmt: skip


def written() -> int:
    """Return how many bytes PostgreSQL has written into its write-ahead log, 0 for another database."""
    from django.db import connection

    if connection.vendor != "postgresql":
        return 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn")
        return int(cursor.fetchall()[0][0])


def update(keys: list[int]) -> Round:
    """Update the feeds *keys* in this process."""
    from django.db import connection

    from lifestream.models import Feed
    from lifestream.refresh import refresh

    waited = 0.0

    def note(execute: Callable[..., Any], *arguments: Any) -> Any:
        nonlocal waited
        began = time.perf_counter()
        try:
            return execute(*arguments)
        finally:
            waited += time.perf_counter() - began

    Feed.objects.filter(pk__in=keys).update(not_before=None)
    own, before, wal, wall = used(), processor_time() - time.process_time(), written(), time.perf_counter()
    with connection.execute_wrapper(note):
        report = refresh(keys, early=True)
    assert len(report.rows) == len(keys), (len(report.rows), len(keys))
    wall, database = time.perf_counter() - wall, processor_time() - time.process_time() - before
    return Round(wall, used() - own, database, waited, written() - wal)


async def _bare(urls: list[str], authority: str) -> int:
    import ssl

    import aiohttp

    context = ssl.create_default_context(cafile=authority)
    turns = asyncio.Semaphore(128)

    async def ask(number: int, url: str) -> int:
        condition = {"If-None-Match": f'"{number}"'}
        async with turns, session.get(url, headers=condition, allow_redirects=False) as answer:
            await answer.read()
            return answer.status

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0, ssl=context, force_close=True)) as session:
        return sum(map(bool, await asyncio.gather(*(ask(number, url) for number, url in enumerate(urls)))))


def bare(urls: list[str], authority: str) -> Round:
    """Request all *urls* by aiohttp alone."""
    from lifestream.refresh.downloads import _loop_factory

    cost, wall = time.process_time(), time.perf_counter()
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        assert runner.run(_bare(urls, authority)) == len(urls)
    return Round(time.perf_counter() - wall, time.process_time() - cost, 0.0)


def held(pid: int) -> list[int]:
    """Return the most megabytes that the process *pid* and each of its descendants has held; nothing if the system
    does not say (on Linux it does).
    """
    found = []
    with suppress(OSError):
        status = Path(f"/proc/{pid}/status").read_text()
        found += [int(size) // 1024 for size in re.findall(r"^VmHWM:\s+(\d+) kB", status, re.MULTILINE)]
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                found += held(int(child))
    return found


def by_workers(count: int, feeds: int) -> tuple[float, list[int], list[list[int]]]:
    """Let *count* Celery workers update *feeds* feeds that are due. Returns the seconds, what each of them did, and the
    memory of its processes.
    """
    from django.utils import timezone

    from lifestream.models import Feed
    from lifestream.tasks import update_some

    with tempfile.TemporaryDirectory() as folder:
        logs = [Path(folder) / f"{number}.log" for number in range(count)]
        workers = []
        for number, log in enumerate(logs):
            argv = [
                sys.executable,
                "-m",
                "celery",
                "-A",
                "lifestream.site",
                "worker",
                "--concurrency",
                "1",
                "-l",
                "INFO",
            ]
            with log.open("wb") as out:
                workers.append(
                    subprocess.Popen([*argv, "-n", f"w{number}@%h"], stdout=out, stderr=out, start_new_session=True)
                )
        try:
            while not all(" ready." in log.read_text() for log in logs):
                time.sleep(0.2)
            began, clock = timezone.now(), time.perf_counter()
            Feed.objects.filter(title__startswith="Feed ").update(next_fetch=began, not_before=None)
            for _ in range(feeds // 250 + count):
                update_some.delay()
            while Feed.objects.filter(title__startswith="Feed ", last_fetch__lt=began).exists():
                time.sleep(0.2)
                if time.perf_counter() - clock > 600:
                    raise SystemExit("the workers did not update all feeds:\n" + logs[0].read_text()[-2000:])
            took = time.perf_counter() - clock
            memory = [held(worker.pid) for worker in workers]
            for worker in workers:
                worker.terminate()
            for worker in workers:
                worker.wait(60)
        finally:
            for worker in workers:
                with suppress(ProcessLookupError):
                    os.killpg(worker.pid, signal.SIGKILL)
        done = [sum(map(int, re.findall(r"succeeded in .*?(\d+) feeds? asked", log.read_text()))) for log in logs]
        return took, done, memory


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a short run of a few seconds")
    parser.add_argument("--feeds", type=int, default=2000, help="how many feeds are updated")
    parser.add_argument("--others", type=int, default=100_000, help="how many others are in the database")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--celery", type=int, nargs="*", default=[], help="numbers of workers to try (PostgreSQL and Redis)"
    )
    parser.add_argument("--serve", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--fill", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(options.serve)
        return
    if options.fill:
        django.setup()
        fill(options.fill, 0)
        return
    logging.disable(logging.CRITICAL)
    feeds, others, rounds = (100, 200, 1) if options.quick else (options.feeds, options.others, options.rounds)
    with served(feeds) as (authority, urls):
        os.environ |= {
            "SSL_CERT_FILE": authority,
            "LIFESTREAM_ALLOWED_NETWORKS": "127.0.0.0/8",
            "LIFESTREAM_PER_HOST_RATE": "0",
            "CELERY_BROKER_URL": os.environ.get("LIFESTREAM_TEST_REDIS_URL", ""),
        }
        with site():
            _measure(urls, authority, others, rounds, options.celery)


def _most(who: int = resource.RUSAGE_SELF) -> int:
    """Return the most megabytes that this process, or the largest of its children, has held."""
    return resource.getrusage(who).ru_maxrss // (1024 if sys.platform == "linux" else 1024**2)


def _measure(urls: list[str], authority: str, others: int, rounds: int, celery: list[int]) -> None:
    from django.db import connection

    from lifestream.models import Lifestream
    from lifestream.refresh import opml

    # In another process, since the peak of this one's memory is measured.
    subprocess.run([sys.executable, __file__, "--fill", str(others)], check=True)
    print(f"the database has {others:,} other feeds", flush=True)
    stream = Lifestream.objects.get(slug="few")
    made = opml.subscribe_to(stream, [opml.Outline(url) for url in urls]).made
    keys = sorted(subscription.feed_id for subscription in made)
    first = update(keys)
    print(f"first import of {len(keys)}: {first.wall:.1f} s, {1000 * first.cost / len(keys):.2f} ms a feed", flush=True)
    update(keys)
    memory = _most()
    ours, alone = [], []
    for _ in range(rounds):
        ours.append(update(keys))
        alone.append(bare(urls, authority))
    per_feed: list[Callable[[Round], float]] = [
        lambda each: 1000 * each.cost / len(keys),
        lambda each: 1000 * each.database / len(keys),
        lambda each: 1000 * each.waited / len(keys),
        lambda each: len(keys) / each.wall,
        lambda each: each.wal / len(keys) / 1024,
    ]
    rows = [
        [name, *(f"{statistics.median(map(figure, results)):.2f}" for figure in per_feed)]
        for name, results in (("lifestream, one process", ours), ("aiohttp alone", alone))
    ]
    head = ["", "ms a feed", "and in PostgreSQL", "queries waited for, ms", "feeds a second", "KB of WAL a feed"]
    print_table(f"{len(keys):,} feeds over TLS, {others:,} others, {connection.vendor}", head, rows)
    print(f"\nmemory of the process at its most: {memory} MB, of its parsers: {_most(resource.RUSAGE_CHILDREN)} MB")
    ratio = statistics.median(two.cost / one.cost for one, two in zip(ours, alone, strict=True))
    print(f"\n{'ok' if ratio >= LEAST else 'NO'} lifestream: at least {LEAST:g} times aiohttp alone in feeds "
          f"for each second of processor time, measured {ratio:.2f}")  # fmt: skip
    if not celery:
        return
    rows = []
    for count in celery:
        took, done, held = by_workers(count, len(keys))
        rate = f"{len(keys) / took:.0f}"
        megabytes = "; ".join(" ".join(map(str, each)) for each in held)
        rows.append([f"lifestream, {count} workers", rate, " ".join(map(str, done)), megabytes])
    print_table("Celery", ["", "feeds a second", "feeds of each worker", "MB of their processes"], rows)


if __name__ == "__main__":
    main()
