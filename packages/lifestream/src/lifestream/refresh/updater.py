"""Updates feeds in a thread beside a server, and adds those that owners want: used by `demo`, and by `serve` unless
CELERY_BROKER_URL is set or `--no-update` is given. A request to a page that queues work wakes the thread.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Final

from django.db import close_old_connections, connections

from lifestream.fetcher.shortage import log_failure
from lifestream.refresh import wakeup
from lifestream.refresh.additions import add_wanted
from lifestream.refresh.full_content import fetch_full_content
from lifestream.refresh.icon_finder import find_icons
from lifestream.refresh.pipeline import refresh
from lifestream.refresh.refresh_report import Report, tell_report
from lifestream.refresh.wanted_readings import read_wanted
from lifestream.storage.db_errors import FAILURES, failure_of
from lifestream.storage.outages import OUTAGES

log = logging.getLogger(__name__)

_DAY: Final = 86400.0
_SOON: Final = 300.0
"""Seconds from the start to the first daily work: few, since a site that is started again each day would otherwise
never do it.
"""


class Updater(threading.Thread):
    """Looks every *interval* seconds for feeds that are due, and refreshes them, until `stop`. Once a day, *daily* is
    called with an event; when the event is set, *daily* has to return early.
    """

    def __init__(self, interval: float, daily: Callable[[threading.Event], object] | None = None) -> None:
        super().__init__(name="lifestream-updater", daemon=True)
        self._interval = interval
        self._daily = daily
        self._next_day = time.monotonic() + _SOON
        self._stopping = threading.Event()
        self._woken = threading.Event()

    def run(self) -> None:
        """Refresh again and again, in a thread. A refresh that fails is logged."""
        try:
            with wakeup.awaited() as self._woken:
                while not self._stopping.is_set():
                    self._woken.clear()
                    self._add()
                    self._read()
                    self._refresh()
                    self._do_daily()
                    if not self._stopping.is_set():
                        self._woken.wait(self._interval)
        finally:
            connections.close_all()

    def stop(self, timeout: float = 30.0) -> bool:
        """Stop the refresh under way, whose feeds stay due, and wait for the thread to end.

        Returns whether it ended.
        """
        self._stopping.set()
        self._woken.set()
        self.join(timeout)
        return not self.is_alive()

    def _add(self) -> None:
        self._try(
            f"not all addresses could be looked at; the next try is in {self._interval:g} s",
            lambda: add_wanted(self._stopping),
        )

    def _read(self) -> None:
        self._try(
            f"not all feeds could be read for the admin; the next try is in {self._interval:g} s",
            lambda: read_wanted(self._stopping),
        )

    def _refresh(self) -> Report:
        close_old_connections()
        try:
            with OUTAGES.watched():
                report = refresh(stopping=self._stopping)
        except FAILURES as error:
            OUTAGES.tell(
                log, "the feeds could not be updated; the next try is in %g s", failure_of(error), self._interval
            )
            return Report()
        except Exception as error:  # noqa: BLE001  it is logged
            log_failure(log, f"the feeds could not be updated; the next try is in {self._interval:g} s", error)
            return Report()
        tell_report(report)
        if report.rows:
            feeds = [row.feed for row in report.rows]
            self._try("the icons of sites could not be looked for", find_icons)
            self._try("the pages of entries could not be requested", lambda: fetch_full_content(feeds))
        return report

    def _do_daily(self) -> None:
        if self._daily is None or time.monotonic() < self._next_day or self._stopping.is_set():
            return
        self._next_day = time.monotonic() + _DAY
        daily = self._daily
        self._try(
            "the daily work was not done to its end; the next try is tomorrow",
            lambda: log.info("cleaned up: %s", daily(self._stopping)),
        )

    def _try(self, what: str, work: Callable[[], object]) -> None:
        """Do *work*. If it fails, log the message *what* (see `log_failure`). If the database fails, `OUTAGES` logs
        *what* instead: as an error at the first failure of an outage, and for debugging at the others.
        """
        close_old_connections()
        try:
            work()
        except FAILURES as error:
            OUTAGES.tell(log, "%s", failure_of(error), what)
        except Exception as error:  # noqa: BLE001  it is logged
            log_failure(log, what, error)
