"""The state of the site, in numbers: its feeds, what is due, what fails, and when the last refresh ended.

Each number takes two queries at most. On PostgreSQL, the counts of many items or posts are the database's own
estimates.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import connections, router
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Count, Min
from django.utils.translation import gettext

from lifestream.conf import settings
from lifestream.models import Feed, Host, Item, Post, Tally
from lifestream.wording import in_words

LATE: Final = timedelta(hours=1)
"""How long a feed may be due before the operator is told that nothing fetches it; twice LIFESTREAM_CHECK_EVERY, if that
is longer.
"""
MOST_NAMED: Final = 10
"""How many of the feeds that fail are named."""


@dataclass(frozen=True, slots=True)
class FailingFeed:
    """A feed that fails: how often in a row, and why."""

    title: str
    url: str
    failures: int
    reason: str


@dataclass(frozen=True, slots=True)
class Health:
    """The state of a site. *feeds* are counts by status. *oldest_due* is when the first feed that is due became due, or
    None if none is due. *size* is that of the database, in bytes.
    """

    now: datetime
    feeds: dict[str, int]
    failing: int
    due_hosts: int
    oldest_due: datetime | None
    last_run: datetime | None
    items: int
    posts: int
    size: int
    tallies: dict[str, int]
    troubles: tuple[FailingFeed, ...] = ()

    @property
    def late_by(self) -> timedelta:
        """For how long the feed that became due first has been due."""
        return max(self.now - self.oldest_due, timedelta()) if self.oldest_due else timedelta()

    @property
    def alarms(self) -> Iterator[str]:
        """What the operator has to look at, in sentences, each with what to do."""
        if self.late_by > max(LATE, timedelta(seconds=2 * settings.check_every)):
            text = gettext(
                "Nothing fetches: a feed has been due for {time}. Run `lifestream serve`, `lifestream update_feeds` by "
                "cron, or a Celery worker with beat."
            )
            yield text.format(time=in_words(self.late_by.total_seconds()))
        active = self.feeds.get(Feed.Status.ACTIVE, 0)
        if active and self.failing == active:
            yield gettext(
                "All feeds fail: look at one with `lifestream why URL`; `lifestream doctor` checks the system around "
                "the site."
            )


def health(now: datetime) -> Health:
    """Return the state of the site. Errors of the database are not caught."""
    using = router.db_for_read(Feed)
    feeds = Feed.objects.using(using)
    active = feeds.filter(status=Feed.Status.ACTIVE)
    counts = dict(feeds.order_by().values_list("status").annotate(Count("pk")))
    due = Host.objects.using(using).filter(next_due__lte=now)
    tallies = {row.name: row for row in Tally.objects.using(using)}
    worst = active.filter(failures__gt=0).order_by("-failures", "pk").defer("icon")
    return Health(
        now=now,
        feeds=counts,
        failing=active.filter(failures__gt=0).count(),
        due_hosts=due.count(),
        oldest_due=due.aggregate(Min("next_due"))["next_due__min"],
        last_run=tallies["runs"].changed if "runs" in tallies else None,
        items=_rows(Item, using),
        posts=_rows(Post, using),
        size=database_size(using),
        tallies={name: row.value for name, row in tallies.items()},
        troubles=tuple(
            FailingFeed(feed.display_title, feed.url, feed.failures, feed.last_error) for feed in worst[:MOST_NAMED]
        ),
    )


def why_not_ready() -> str:
    """Return why the site can't serve pages, in a sentence; "" if it can. Errors of the database are not caught."""
    connection = connections[router.db_for_read(Feed)]
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        return gettext("The database lacks a migration: run `lifestream migrate`.")
    return ""


def is_late(health: Health) -> bool:
    """Return whether a feed has been due for longer than LATE, and for longer than ten times LIFESTREAM_CHECK_EVERY."""
    return health.late_by > max(LATE, timedelta(seconds=10 * settings.check_every))


def database_size(using: str) -> int:
    """Return the bytes that the database takes on its disk; 0 if they are not known."""
    connection = connections[using]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT pg_database_size(current_database())")
        elif connection.vendor == "sqlite":
            cursor.execute("SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()")
        else:
            return 0
        (size,) = cursor.fetchone()
    return int(size)


def _rows(model: type[Item | Post], using: str) -> int:
    """Return how many rows there are; for a large table on PostgreSQL, the database's estimate, since counting takes
    long.
    """
    connection = connections[using]
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT reltuples FROM pg_class WHERE oid = %s::regclass", [model._meta.db_table])
            (estimate,) = cursor.fetchone()
        if estimate > 100_000:
            return int(estimate)
    return model.objects.using(using).order_by().count()
