"""Celery tasks: `update_feeds`, `cleanup`, `report` and `find_icons` run on a schedule, `update` fetches feeds that
somebody wants now.

The work is shared out: `update_feeds` sends a message (`update_some`) for each SHARE feeds that are due, and takes one
share itself. A message that finds nothing to do, since other workers were faster, costs a millisecond. So all workers
take messages from one queue, and none of them does all the work; for that, each takes only the messages that it is
working on (CELERY_WORKER_PREFETCH_MULTIPLIER = 1). No task refreshes feeds for longer than a lease. A task that
refreshes feeds is acknowledged only when it is done, so the messages of a worker that dies are delivered again.

Any number of workers may run these at once: the claims in the database make sure that each feed is fetched once. Celery
comes with the extra "scale".
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from celery import shared_task
from celery.exceptions import Ignore
from django.utils import timezone
from kombu.exceptions import OperationalError as BrokerError

from lifestream.conf import raise_file_limit, settings
from lifestream.fetcher.shortage import log_failure, shortage_of
from lifestream.models import Feed
from lifestream.operations.replacements import look_for_replacements
from lifestream.operations.retention import cleanup as clean_up
from lifestream.operations.weekly_report import send_report
from lifestream.refresh.additions import add_wanted
from lifestream.refresh.full_content import fetch_full_content
from lifestream.refresh.icon_finder import find_icons as look_for_icons
from lifestream.refresh.pipeline import refresh
from lifestream.refresh.refresh_report import tell_report
from lifestream.refresh.wanted_readings import read_wanted
from lifestream.storage.db_errors import FAILURES, failure_of
from lifestream.storage.outages import OUTAGES

log = logging.getLogger(__name__)

SHARE: Final = 250
"""How many feeds one message stands for."""
MOST_SHARES: Final = 40
"""How many shares one run makes at most, with the one that it takes itself: the next run sends messages for more."""
ALONE: Final = "the broker took no messages for other workers, so this one goes on alone: %s"


@shared_task(bind=True, name="lifestream.update_feeds", ignore_result=True, acks_late=True)
def update_feeds(self: Any) -> str:
    """Fetch all feeds that are due, together with the other workers. Before that, add the feeds that owners have
    entered, and answer the reading requests of users of the admin (`ReadingRequest`). Returns what was fetched here, in
    words, for the worker's log.

    Called as a function, without a worker, it shares nothing out, and fetches what it can within a lease.
    """
    if self.request.called_directly:
        add_wanted()
        read_wanted()
        return _updated()
    with _outages_reported():
        add_wanted()
        read_wanted()
        due = Feed.objects.due(timezone.now()).order_by()[: SHARE * MOST_SHARES].count()
        try:
            for _ in range((due - 1) // SHARE):
                # A message that no worker has taken by the next run is dropped: that run sends it again.
                update_some.apply_async(expires=settings.check_every, **_same_queue(self))
        except BrokerError as error:
            log.warning(ALONE, error)
        return _updated(most=SHARE)


@shared_task(name="lifestream.update_some", ignore_result=True, acks_late=True)
def update_some() -> str:
    """Fetch up to SHARE feeds that are due. Returns what was done, in words, for the worker's log."""
    with _outages_reported():
        return _updated(most=SHARE)


@shared_task(bind=True, name="lifestream.update", ignore_result=True, acks_late=True)
def update(self: Any, feeds: Sequence[int]) -> str:
    """Fetch *feeds* (primary keys) now. This skips lifestream's own interval, not what servers and feeds ask for.

    If there are more than SHARE feeds, the others are left to further messages. Those that the broker doesn't take are
    fetched here. Called as a function, without a worker, this sends no messages.
    """
    if self.request.called_directly:
        return _updated(feeds, early=True)
    while len(feeds) > SHARE:
        try:
            update.apply_async((feeds[-SHARE:],), **_same_queue(self))
        except BrokerError as error:
            log.warning(ALONE, error)
            break
        feeds = feeds[:-SHARE]
    with _outages_reported():
        return _updated(feeds, early=True)


@contextmanager
def _outages_reported(what: str = "the feeds could not be updated; the next message tries it again") -> Iterator[None]:
    """Log an outage of the database once, and each shortage of this machine, in a line that begins with *what*, which
    says what could not be done. Celery alone would log a traceback for each message.
    """
    try:
        with OUTAGES.watched():
            yield
    except FAILURES as error:
        failure = failure_of(error)
        OUTAGES.tell(log, what, failure)
        raise Ignore(str(failure)) from None
    except Exception as error:
        if (shortage := shortage_of(error)) is None:
            raise
        log.warning("%s: %s", what, shortage.value)
        log.debug("the shortage was noticed here", exc_info=error)
        raise Ignore(shortage.value) from None


def _same_queue(task: Any) -> dict[str, Any]:
    """Return the option that sends a message to the queue that *task* came from."""
    queue = (task.request.delivery_info or {}).get("routing_key")
    return {"queue": queue} if queue else {}


def _updated(feeds: Sequence[int] | None = None, *, early: bool = False, most: int | None = None) -> str:
    raise_file_limit()
    # The refresh stops after a lease, and the feeds that are left stay due for other workers. Otherwise a task could
    # take over an hour, and a message that is not acknowledged by then is delivered again by Redis.
    stopping = threading.Event()
    timer = threading.Timer(settings.lease, stopping.set)
    timer.daemon = True
    timer.start()
    try:
        report = refresh(feeds, early=early, most=most, stopping=stopping)
    finally:
        timer.cancel()
    tell_report(report)
    if report.rows:
        what = "the pages of entries could not be requested; they are tried after the next refresh of their feeds"
        try:
            fetch_full_content([row.feed for row in report.rows])
        except FAILURES as error:
            OUTAGES.tell(log, what, failure_of(error))
        except Exception as error:  # noqa: BLE001  it is logged, and the feeds are updated
            log_failure(log, what, error)
    return str(report)


@shared_task(name="lifestream.cleanup", ignore_result=True)
def cleanup() -> str:
    """Delete what the settings do not keep. Returns what was deleted, for the worker's log."""
    with _outages_reported("the database could not be cleaned up; the next message tries it again"):
        return str(clean_up(timezone.now()))


@shared_task(name="lifestream.report", ignore_result=True)
def report() -> int:
    """Look for the new addresses of lost feeds, and mail the weekly report if it is time. Returns to how many addresses
    it was sent.
    """
    with _outages_reported("lost feeds could not be looked for, or no report be sent; the next message tries it again"):
        look_for_replacements(timezone.now())
        return send_report(timezone.now())


@shared_task(name="lifestream.find_icons", ignore_result=True)
def find_icons() -> int:
    """Look for the icons of sites that have none. Returns how many were found."""
    with _outages_reported("the icons of sites could not be looked for; the next message tries it again"):
        return look_for_icons()
