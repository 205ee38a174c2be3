"""What it takes to fetch a number of feeds: a simulation of feeds and their schedule, with a clock that is moved.

A sample of feeds publishes at random, as often as feeds do (half of them less than once in four days), and is fetched
whenever lifestream's own schedule says: `scheduler.schedule.decide` and `publication_rate.pace_of` are the real ones.
That gives how often a feed is fetched, with which results, how many items it brings, and by what factor the busiest
minutes exceed the average. What a number of feeds needs is computed from these figures and from what each fetch and
item costs: the values of `Costs`, measured by programs such as `mix.py` and `claims.py`. Time is simulated, so days
take seconds.

    uv run --group bench python benchmarks/capacity.py
"""

from __future__ import annotations

import argparse
import heapq
import math
import random
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from tables import print_table

START = datetime(2026, 1, 1, tzinfo=UTC)
LAST = 20
"""How many entries a document has."""


@dataclass(frozen=True)
class Costs:
    """What was measured, on one core of the machine of `docs/lifestream/growth.md`.

    Milliseconds of processor time of a worker by outcome, and of PostgreSQL for each fetch and each item; kilobytes
    of write-ahead log; bytes on disk of an item, and of a feed with its log.
    """

    not_modified: float = 1.7
    unchanged: float = 1.8
    new: float = 5.0
    failed: float = 1.7
    database: float = 0.35
    database_item: float = 0.6
    wal: float = 2.0
    wal_item: float = 10.0
    item: float = 7000.0
    feed: float = 3000.0
    claim_pages: float = 6.0
    """Pages of 8 KB that a fetch reads at random if the tables don't fit into memory: its feed, its host, indexes."""
    latency: float = 0.6
    """Seconds for which a connection to a site is open."""
    body: float = 12.0
    """Kilobytes that an answer with a body has, compressed, with its headers."""


@dataclass
class Sampled:
    """What a sample of feeds did in *days*: how often each outcome came, new items, and fetches by minute."""

    feeds: int
    days: float
    outcomes: Counter[str] = field(default_factory=Counter)
    items: int = 0
    minutes: Counter[int] = field(default_factory=Counter)

    @property
    def fetches(self) -> float:
        """Fetches of a feed in a day."""
        return self.outcomes.total() / self.feeds / self.days

    @property
    def peak(self) -> float:
        """How many times the average is fetched in a period of ten minutes that is busier than 99 % of all periods."""
        tens = Counter[int]()
        for minute, count in self.minutes.items():
            tens[minute // 10] += count
        ordered = sorted(tens.values())
        return ordered[int(len(ordered) * 0.99)] / (sum(ordered) / len(ordered))

    def part(self, outcome: str) -> float:
        """Return the part of all fetches that had *outcome*."""
        return self.outcomes[outcome] / self.outcomes.total()


@dataclass
class Simulated:
    """A feed: the times of its entries, and how its server answers."""

    entries: list[datetime]
    validates: bool
    fails: bool
    max_age: int
    seen: int = 0


def simulate(feeds: int, days: float, seed: int) -> Sampled:
    """Let *feeds* feeds be fetched for *days* days, after two days that are not counted."""
    from lifestream.entry import Rhythm
    from lifestream.fetcher.outcomes import Failed, Fetched, NotModified, Outcome
    from lifestream.scheduler.publication_rate import Pace, pace_of
    from lifestream.scheduler.schedule import History, Limits, decide

    chance = random.Random(seed)
    # The settings' defaults: LIFESTREAM_MIN_INTERVAL, _MAX_INTERVAL, _SLOW_INTERVAL, _JITTER.
    limits = Limits(*_defaults())
    counted = START + timedelta(days=2)
    end = counted + timedelta(days=days)
    sampled = Sampled(feeds, days)
    population = [_feed(chance, end) for _ in range(feeds)]
    histories = [History(feed=str(number)) for number in range(feeds)]
    due = [(START + timedelta(seconds=chance.uniform(0, 3600)), number) for number in range(feeds)]
    heapq.heapify(due)
    while due and due[0][0] < end:
        now, number = heapq.heappop(due)
        feed, history = population[number], histories[number]
        there = bisect_right(feed.entries, now)
        headers = {"cache-control": f"max-age={feed.max_age}"} if feed.max_age else {}
        outcome: Outcome
        pace: Pace | None = history.terms.pace
        fresh = there - feed.seen
        url = "https://example.com/"
        if feed.fails or chance.random() < 0.01:
            outcome, name = Failed("status", "500", url, 500), "failed"
        elif fresh or history.terms.pace is None:
            outcome, name = Fetched(url, b"", headers=headers), "new" if fresh else "unchanged"
            pace = pace_of(feed.entries[max(0, there - LAST) : there], now)
        elif feed.validates:
            outcome, name = NotModified(url, headers=headers), "not modified"
        else:
            outcome, name = Fetched(url, b"", headers=headers), "unchanged"
        decided = decide(outcome, history, now, limits, Rhythm(), pace)
        histories[number] = History(decided.failures, decided.terms, history.feed)
        if now >= counted:
            sampled.outcomes[name] += 1
            sampled.items += fresh if name == "new" else 0
            sampled.minutes[int((now - counted).total_seconds() // 60)] += 1
        if name != "failed":
            feed.seen = there
        if decided.at is not None:
            heapq.heappush(due, (decided.at, number))
    return sampled


def _defaults() -> tuple[float, float, float, float]:
    from django.conf import settings as django_settings

    if not django_settings.configured:
        django_settings.configure()
    from lifestream.conf import settings

    return settings.min_interval, settings.max_interval, settings.slow_interval, settings.jitter


def _feed(chance: random.Random, end: datetime) -> Simulated:
    """Return a feed. Half of all feeds publish once in four days or more often, and nearly all between once an hour and
    once a year. A fifth of all feeds fell silent 90 days ago.
    """
    gap = math.exp(chance.gauss(math.log(4 * 86400), 1.6))
    is_silent = chance.random() < 0.2
    stops = START - timedelta(days=90) if is_silent else end
    moment = min(START, stops) - timedelta(seconds=gap * LAST)
    entries: list[datetime] = []
    while moment < stops and len(entries) < 20_000:
        entries.append(moment)
        moment += timedelta(seconds=chance.expovariate(1 / gap))
    return Simulated(
        entries or [START - timedelta(days=400)],
        validates=chance.random() < 0.75,
        fails=chance.random() < 0.02,
        max_age=chance.choice([0, 0, 0, 300, 3600]),
    )


@dataclass(frozen=True)
class Need:
    """What a number of feeds needs in the busiest minutes: processor cores of workers and of PostgreSQL, connections,
    commits and reads a second, megabytes of write-ahead log a second, and megabits a second. *gigabytes* is the disk
    space of the feeds and of a year's items.
    """

    fetches: float
    """Per hour, on average."""
    cores: float
    database_cores: float
    connections: float
    commits: float
    wal: float
    reads: float
    megabits: float
    gigabytes: float


def need(sampled: Sampled, costs: Costs, feeds: float) -> Need:
    """Return what *feeds* feeds need, in the busiest minutes."""
    a_second = feeds * sampled.fetches / 86400
    peak = a_second * sampled.peak
    worker = sum(sampled.part(name) * cost for name, cost in (
        ("not modified", costs.not_modified), ("unchanged", costs.unchanged), ("new", costs.new),
        ("failed", costs.failed)))  # fmt: skip
    items = sampled.items / sampled.outcomes.total()
    bodies = sampled.part("new") + sampled.part("unchanged")
    a_year = sampled.items / sampled.feeds / sampled.days * 365
    return Need(
        fetches=a_second * 3600,
        cores=peak * worker / 1000,
        database_cores=peak * (costs.database + items * costs.database_item) / 1000,
        connections=peak * costs.latency,
        commits=peak / 50,  # the results of so many fetches are written together: see `storage.writer`
        wal=peak * (costs.wal + items * costs.wal_item) / 1024,
        reads=peak * costs.claim_pages,
        megabits=peak * (bodies * costs.body + 1.5) * 8 / 1024,
        gigabytes=(feeds * costs.feed + feeds * a_year * costs.item) / 1e9,
    )


# What is exceeded first, then what helps, and the need at which this happens.
BREAKS: tuple[tuple[str, Callable[[Need], bool]], ...] = (
    ("a terabyte of disk a year: LIFESTREAM_KEEP_DAYS or LIFESTREAM_KEEP_ITEMS", lambda need: need.gigabytes > 1000),
    ("one core of one process: Celery, and a worker for each core", lambda need: need.cores > 0.7),
    ("the files that a process may open: more workers", lambda need: need.connections > 400 * max(1, need.cores)),
    ("SQLite's one writer: PostgreSQL", lambda need: need.cores > 1.4),
    ("one machine of 8 cores: workers on more of them", lambda need: need.cores > 8),
    ("a disk of 16,000 reads a second: memory for the tables of feeds", lambda need: need.reads > 16_000),
    ("8 cores of PostgreSQL: partitions, or a database for each part of the feeds",
     lambda need: need.database_cores > 8),
    ("a gigabit of network", lambda need: need.megabits > 1000),
)  # fmt: skip


def row(name: str, need: Need) -> Sequence[str]:
    """Return *need* as a row of the table."""
    return [
        name,
        f"{need.fetches:,.0f}",
        f"{need.cores:.3g}",
        f"{need.database_cores:.2g}",
        f"{max(1, need.connections):,.0f}",
        f"{need.wal:.2g}",
        f"{need.reads:,.0f}",
        f"{need.megabits:,.1f}",
        f"{need.gigabytes:,.2g}" if need.gigabytes < 100 else f"{need.gigabytes:,.0f}",
    ]


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a short run of a few seconds")
    parser.add_argument("--sample", type=int, default=2000, help="how many feeds are simulated")
    parser.add_argument("--days", type=float, default=4)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    sampled = simulate(100 if options.quick else options.sample, 1 if options.quick else options.days, options.seed)
    daily = sampled.items / sampled.feeds / sampled.days
    print(f"A feed is fetched {sampled.fetches:.1f} times a day, and brings {daily:.2f} items.")
    print(
        f"In a period of ten minutes that is busier than 99 % of all, {sampled.peak:.2f} times the average is fetched."
    )
    print(
        "Of all fetches: " + ", ".join(f"{name} {sampled.part(name):.1%}" for name, _ in sampled.outcomes.most_common())
    )
    costs = Costs()
    sizes = {f"lifestream, {size:,} feeds": float(size) for size in (20, 2000, 200_000, 2_000_000)}
    for hourly in (1_000_000, 10_000_000):
        sizes[f"lifestream, {hourly:,} fetches an hour"] = hourly * 24 / sampled.fetches
    needs = {name: need(sampled, costs, size) for name, size in sizes.items()}
    head = [
        "",
        "fetches an hour, on average",
        "cores",
        "cores of PostgreSQL",
        "connections",
        "MB/s of WAL",
        "reads/s",
        "Mbit/s",
        "GB, a year",
    ]
    print_table(
        "What it needs: of what is not an average or a year's, in its busiest minutes",
        head,
        [row(name, each) for name, each in needs.items()],
    )
    print()
    for name, each in needs.items():
        broken = [reason for reason, breaks in BREAKS if breaks(each)]
        print(f"-- {name.removeprefix('lifestream, ')}: {'; '.join(broken) or 'nothing breaks'}")


if __name__ == "__main__":
    main()
