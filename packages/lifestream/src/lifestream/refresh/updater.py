"""Updates feeds in a thread beside a server: used by `serve` if no Celery worker does it."""

from __future__ import annotations

import logging
import threading

from django.db import close_old_connections, connections

from lifestream.refresh.icon_finder import find_icons
from lifestream.refresh.pipeline import refresh
from lifestream.refresh.refresh_report import Report

log = logging.getLogger(__name__)


class Updater(threading.Thread):
    """Looks every *interval* seconds for feeds that are due, and refreshes them, until `stop`."""

    def __init__(self, interval: float) -> None:
        super().__init__(name="lifestream-updater", daemon=True)
        self._interval = interval
        self._stopping = threading.Event()

    def run(self) -> None:
        """Refresh again and again, in a thread. A refresh that fails is logged."""
        try:
            while not self._stopping.is_set():
                self._refresh()
                self._stopping.wait(self._interval)
        finally:
            connections.close_all()

    def stop(self, timeout: float = 30.0) -> bool:
        """Stop the refresh under way, whose feeds stay due, and wait for the thread to end.

        Returns whether it ended.
        """
        self._stopping.set()
        self.join(timeout)
        return not self.is_alive()

    def _refresh(self) -> Report:
        close_old_connections()
        try:
            report = refresh(stopping=self._stopping)
        except Exception:
            log.exception("the feeds could not be updated; the next try is in %g s", self._interval)
            return Report()
        for shortage in report.shortages:
            log.warning("feeds stay due: %s", shortage)
        if report.rows:
            log.info("%s", report)
            self._find_icons()
        return report

    def _find_icons(self) -> None:
        try:
            find_icons()
        except Exception:
            log.exception("the icons of sites could not be looked for")
