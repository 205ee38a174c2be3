"""Celery tasks: `update_feeds` runs on a schedule, `update` fetches feeds that somebody wants now.

Any number of workers may run these at once: the claims in the database make sure that each feed is fetched once. Celery
comes with the extra "scale".
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial

from celery import shared_task

from lifestream.conf import raise_file_limit
from lifestream.refresh.icon_finder import find_icons as look_for_icons
from lifestream.refresh.pipeline import refresh
from lifestream.refresh.refresh_report import Report

log = logging.getLogger(__name__)


@shared_task(name="lifestream.update_feeds", ignore_result=True)
def update_feeds() -> str:
    """Fetch all feeds that are due. Returns what was done, in words, for the worker's log."""
    return _told(refresh)


@shared_task(name="lifestream.update", ignore_result=True)
def update(feeds: list[int]) -> str:
    """Fetch *feeds* (primary keys) now. This skips lifestream's own interval, not what servers and feeds ask for."""
    return _told(partial(refresh, feeds, early=True))


def _told(work: Callable[[], Report]) -> str:
    raise_file_limit()
    report = work()
    for shortage in report.shortages:
        log.warning("feeds stay due: %s", shortage)
    return str(report)


@shared_task(name="lifestream.find_icons", ignore_result=True)
def find_icons() -> int:
    """Look for the icons of sites that have none. Returns how many were found."""
    return look_for_icons()
