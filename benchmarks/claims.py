"""What a claim costs with 1,000 to a million feeds in the database, of which none, few or all are due.

Three tenths of the feeds are on six hosts, the others at most four to a host. A figure is the least of several claims,
in milliseconds of processor time, PostgreSQL's own included (wall-clock time where that cannot be read): a busy
machine only ever adds to it. The database is a new SQLite file, or one that is made and dropped in the PostgreSQL
server that LIFESTREAM_TEST_DATABASE_URL names.

    uv run --group bench python benchmarks/claims.py --feeds 1000 100000 1000000
    python scripts/services.py run -- uv run --group bench python benchmarks/claims.py --feeds 1000 100000
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import django
from django.conf import settings

from tables import print_table

LIMITS = {"none due": 5.0, "250 feeds of 100 hosts": 25.0, "250 feeds of 250 hosts": 50.0}
"""The bounds of each claim, in milliseconds."""
TOGETHER = 20
"""The hosts with keys up to this one have three tenths of all feeds. (Only six of them have any.)"""

FILL = {
    "sqlite": "WITH RECURSIVE numbers(n) AS (SELECT {first} UNION ALL SELECT n + 1 FROM numbers WHERE n < {last}) ",
    "postgresql": "WITH numbers AS (SELECT generate_series({first}, {last}) AS n) ",
}


@contextmanager
def database() -> Iterator[None]:
    """Set Django up with an empty database that is dropped afterwards."""
    import dj_database_url
    import psycopg

    with tempfile.TemporaryDirectory() as folder:
        url = os.environ.get("LIFESTREAM_TEST_DATABASE_URL", "")
        if not url.startswith("postgres"):
            url = f"sqlite:///{Path(folder) / 'claims.sqlite3'}"
        config = dj_database_url.parse(url)
        name = f"lifestream_claims_{os.getpid()}"
        if url.startswith("sqlite"):
            # As the bundled site has it.
            init = "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-8000; "
            init += "PRAGMA wal_autocheckpoint=4000"
            config["OPTIONS"] = {"timeout": 20, "transaction_mode": "IMMEDIATE", "init_command": init}
        else:
            with psycopg.connect(url, autocommit=True) as connection:
                connection.execute(f"CREATE DATABASE {name}")
            config = dj_database_url.parse(urlsplit(url)._replace(path=f"/{name}").geturl())
        settings.configure(
            SECRET_KEY="-" * 50,
            USE_TZ=True,
            INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "lifestream"],
            DATABASES={"default": config},
        )
        django.setup()
        from django.core.management import call_command
        from django.db import connections

        call_command("migrate", verbosity=0)
        try:
            yield
        finally:
            connections.close_all()
            if not url.startswith("sqlite"):
                with psycopg.connect(url, autocommit=True) as connection:
                    connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def fill(before: int, count: int) -> None:
    """Add feeds, none of them due for a month, until there are *count* instead of *before*."""
    from django.db import connection
    from django.utils import timezone

    from lifestream.models import Feed, Host

    later = timezone.now() + timedelta(days=30)
    numbers = FILL[connection.vendor].format(first=before + 1, last=count)
    host = f"CASE WHEN n %% 10 < 3 THEN n %% {TOGETHER} + 1 ELSE {TOGETHER} + 1 + n / 4 END"
    with connection.cursor() as cursor:
        hosts = [Host(pk=pk, name=f"host{pk}.example") for pk in range(1, TOGETHER + 2)] if not before else []
        hosts += [
            Host(pk=pk, name=f"host{pk}.example") for pk in range(TOGETHER + 2 + before // 4, TOGETHER + 2 + count // 4)
        ]
        Host.objects.bulk_create(hosts, batch_size=5000, ignore_conflicts=True)
        own = ("id", "host_id", "url", "url_hash", "next_fetch")
        columns = {str(field.column): field for field in Feed._meta.concrete_fields if field.column not in own}
        row = Feed(created=later)
        values = [field.get_db_prep_save(getattr(row, field.attname), connection) for field in columns.values()]
        marks = ", ".join(["%s"] * len(values))
        url = "'https://host.example/' || n"
        cursor.execute(
            f"{numbers}INSERT INTO lifestream_feed (host_id, url, url_hash, next_fetch, {', '.join(columns)}) "
            f"SELECT {host}, {url}, {url}, %s, {marks} FROM numbers",
            [connection.ops.adapt_datetimefield_value(later), *values],
        )
        cursor.execute("ANALYZE")
    settle()


def settle() -> None:
    """Update the hosts after feeds were written by SQL, in versions of lifestream that store when a host is due."""
    try:
        from lifestream.models import due_hosts
    except ImportError:
        return
    due_hosts.mend("default")


def chosen(places: int, each: int) -> list[int]:
    """Return the keys of at most *each* feeds from every one of *places* ranges of hosts, in the order of the hosts."""
    from lifestream.models import Feed

    step = max(1, (Feed.objects.order_by("-host").values_list("host", flat=True)[0] - TOGETHER - 2) // places)
    found: list[int] = []
    for number in range(places):
        host = TOGETHER + 2 + number * step
        of_some = Feed.objects.filter(host__gte=host, host__lt=host + step).order_by("host")
        found += of_some.values_list("pk", flat=True)[:each]
    return found


def processor_time() -> float:
    """Return the seconds of processor time that this process has taken, and PostgreSQL for its connection; wall-clock
    time if PostgreSQL's cannot be read.
    """
    from django.db import connection

    if connection.vendor == "sqlite":
        return time.process_time()
    try:
        taken = Path(f"/proc/{connection.connection.info.backend_pid}/schedstat").read_text().split()[0]
    except OSError:
        return time.perf_counter()
    return time.process_time() + int(taken) / 1e9


def best(work: Callable[[], Any], after: Callable[[Any], object], times: int) -> tuple[float, Any]:
    """Return the milliseconds of the cheapest run of *work*, and the result of the last."""
    least, result = float("inf"), None
    for _ in range(times):
        began = processor_time()
        result = work()
        least = min(least, processor_time() - began)
        after(result)
    return least * 1000, result


def measure(times: int) -> dict[str, tuple[float, int]]:
    """Return for each kind of claim its milliseconds and how many feeds it got."""
    from django.db import connection
    from django.utils import timezone

    from lifestream.models import Feed
    from lifestream.scheduler import leases

    figures: dict[str, tuple[float, int]] = {}

    def claim(limit: int) -> Callable[[], list[Any]]:
        return lambda: leases.claim(timezone.now(), limit)

    took, got = best(claim(256), lambda _: None, 4 * times)
    figures["none due"] = took, len(got)
    later, now = timezone.now() + timedelta(days=30), timezone.now() - timedelta(minutes=1)
    for hosts, places, each in ((100, 50, 5), (250, 250, 1)):  # five feeds next to each other are of two hosts
        keys = chosen(places, each)
        if len(keys) < places * each:
            keys = list(Feed.objects.order_by("pk").values_list("pk", flat=True)[: places * each])
        Feed.objects.filter(pk__in=keys).update(next_fetch=now)
        took, got = best(claim(256), leases.release, times)
        figures[f"250 feeds of {hosts} hosts"] = took, len(got)
        Feed.objects.filter(pk__in=keys).update(next_fetch=later)
    with connection.cursor() as cursor:
        moment = connection.ops.adapt_datetimefield_value(now)
        cursor.execute("UPDATE lifestream_feed SET next_fetch = %s", [moment])
        cursor.execute("VACUUM" if connection.vendor == "postgresql" else "SELECT 1")
        cursor.execute("ANALYZE")
    settle()
    took, got = best(claim(512), leases.release, times)
    figures["512 of all, which are due"] = took, len(got)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE lifestream_feed SET next_fetch = %s", [connection.ops.adapt_datetimefield_value(later)])
    settle()
    return figures


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a short run of a few seconds")
    parser.add_argument("--times", type=int, default=5, help="how often each claim is made")
    parser.add_argument("--feeds", type=int, nargs="+", default=[1000, 100_000], help="how many feeds there are")
    options = parser.parse_args()
    sizes = [200, 2000] if options.quick else options.feeds
    with database():
        from django.db import connection

        results, before = {}, 0
        for size in sizes:
            fill(before, size)
            results[size] = measure(2 if options.quick else options.times)
            before = size
            print(size, results[size], flush=True)
        rows = [
            [f"lifestream, {kind}", *(f"{results[size][kind][0]:.1f} ({results[size][kind][1]})" for size in sizes)]
            for kind in results[sizes[0]]
        ]
        heads = [f"{size:,} feeds" for size in sizes]
        print_table(f"A claim on {connection.vendor}, in ms (feeds claimed)", ["", *heads], rows)
        print()
        for kind, limit in LIMITS.items():
            took = max(result[kind][0] for result in results.values())
            print(f"{'ok' if took <= limit else 'NO'} {kind}: at most {limit:g} ms, measured {took:.1f}")


if __name__ == "__main__":
    main()
