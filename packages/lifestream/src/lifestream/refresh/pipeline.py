"""Fetching the feeds that are due and storing the results: the pipeline, and an overview of it.

    leases.claim ──▶ Downloads ──▶ a 304, 410 or failure ─────────────┐
      leases,          a thread,   an unchanged body ─────────────────┤
      by host          few per     a body ──▶ ParserPool ──▶ Prepared ┤
                       host                   child processes         ▼
                                                          Decider.result  ──▶ writer.store ──▶ Report
                                                            when, and why      in batches
                                                                                   │
                                  hub_renewal: requests to hubs that are due ◀─────┘

The caller's thread claims, decides and writes, all with its own database connection; it never waits for the network or
a parser while there is something to write. The same `refresh` serves commands, the updater beside a web server and
the Celery tasks. When it returns or raises, no thread and no process is left, and no feed that wasn't stored stays
claimed; if the database fails, the leases of such feeds end by themselves.

Each feed is independent of the others: nothing that a feed or a server sends can stop a feed of another host. A batch
that can't be written is tried again feed by feed.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Collection
from datetime import datetime
from typing import TYPE_CHECKING

from django.utils import timezone

from lifestream.conf import settings
from lifestream.models import Subscription
from lifestream.refresh.refresh_report import FeedReport, Report
from lifestream.refresh.run_tally import count_run
from lifestream.scheduler import clock_jumps, leases
from lifestream.scheduler.due_queue import Intake
from lifestream.storage.db_errors import FAILURES, failure_of
from lifestream.storage.deadlocks import tried_again
from lifestream.storage.outages import OUTAGES

if TYPE_CHECKING:
    from lifestream.fetcher.address_guard import AddressGuard
    from lifestream.scheduler.jobs import Answer

log = logging.getLogger(__name__)


def refresh(
    feeds: Collection[int] | None = None,
    *,
    clock: Callable[[], datetime] = timezone.now,
    guard: AddressGuard | None = None,
    progress: Callable[[FeedReport], None] | None = None,
    early: bool = False,
    most: int | None = None,
    stopping: threading.Event | None = None,
    watch: Callable[[Answer], None] | None = None,
) -> Report:
    """Fetch the feeds that are due, or those of *feeds* (primary keys) that are, and store the results.

    With *early*, our own interval doesn't count, but what servers and feeds ask for does. *clock* tells the time;
    *guard* says which addresses may be connected to, by default those that the settings allow. *most* is the maximum
    number of feeds that are fetched, by default all. *progress* is called with the row of each finished feed. When
    *stopping* is set, feeds under way are given up and stay due. No event loop may run in the thread that calls this.

    Raises what the database raises while claiming, unless feeds are under way or done; a feed's own errors are in the
    report. So is a shortage of this machine (see `fetcher.shortage`): the feeds that could not be fetched, read or
    stored because of it stay due, and no failure is recorded for them.

    With *watch*, each feed is fetched and read whole, even if it is unchanged, and *watch* is called with what was read
    and with notes on it, before that is stored.
    """
    stopping = stopping or threading.Event()
    tried_again(lambda: clock_jumps.bring_back(clock()))  # it changes many rows, some of which others may lock
    intake = Intake(feeds, clock, early=early, most=most)
    first = [] if stopping.is_set() else intake.take()
    report = Report()
    if first:
        # The fetching modules are imported only if there is something to fetch: importing them takes longer than the
        # query for due feeds.
        try:
            from lifestream.refresh.work_loop import work
        except BaseException:
            leases.release(first)
            raise
        report = work(intake, first, clock=clock, guard=guard, progress=progress, stopping=stopping, watch=watch)
    _fill_timelines(stopping)
    # The unchecked setting: `try_to_keep_hubs` reports a wrong one, and never fails a refresh.
    if settings.get("PUBLIC_URL", "") and not stopping.is_set():
        from lifestream.refresh.hub_renewal import try_to_keep_hubs

        try_to_keep_hubs({row.feed for row in report.rows}, feeds, clock=clock, guard=guard)
    count_run(report, clock())
    return report


def _fill_timelines(stopping: threading.Event) -> None:
    """Post the items that were too many to be posted when somebody subscribed. A failure is logged: the next refresh
    tries again.
    """
    if stopping.is_set():
        return
    try:
        if Subscription.objects.filter(backlog__isnull=False).exists():
            # Importing `backfill` takes longer than this query.
            from lifestream.storage import backfill

            backfill.fill_rest(stopping)
    except FAILURES as error:
        OUTAGES.tell(log, "not all timelines could be filled", failure_of(error))
