"""Counting what the refreshes do: `refresh` calls `count_run` once, at its end."""

from __future__ import annotations

import logging
from collections import Counter
from datetime import datetime
from typing import Final

from lifestream.models import Tally
from lifestream.refresh.refresh_report import Report
from lifestream.storage.db_errors import FAILURES, failure_of
from lifestream.storage.outages import OUTAGES

log = logging.getLogger(__name__)

_PARSER_LOST: Final = frozenset({"reading-too-long", "reader-ended"})
"""The codes of the failures that end the process of a parser, so that a new one reads the next document."""


def count_run(report: Report, now: datetime) -> None:
    """Add a refresh to the tallies: the run itself, its fetches by outcome and by status, their bytes and time, and its
    items. A failure is logged, since counting must not make a finished refresh fail.
    """
    counts = Counter({"runs": 1})
    for row in report.rows:
        counts[f"fetches:{row.outcome}"] += 1
        counts[f"answers:{row.status or 'none'}"] += 1
        counts["parsers"] += getattr(row.message, "code", "") in _PARSER_LOST
        counts["bytes"] += row.size
        counts["milliseconds"] += round(1000 * row.duration)
    counts["items:new"] += report.new
    counts["items:changed"] += report.changed
    counts["fetches:short"] += report.short
    counts["fetches:unstored"] += report.unstored
    try:
        Tally.objects.add({name: count for name, count in counts.items() if count}, now)
    except FAILURES as error:
        OUTAGES.tell(log, "a refresh could not be counted", failure_of(error))
