"""How often a feed publishes, from the dates of its entries. Pure.

A feed that was silent since its last entry is slowing down, so the time until now counts as one more gap. Of the
windows that end now, the busiest is taken, so that an entry pinned for years doesn't make a daily feed a yearly one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

_MOST: Final = 20  # how many entries are looked at, the latest ones
_FEWEST: Final = 3  # how many entries make a window, if there are that many: one or two say little
_DAY: Final = 86400.0
_UNITS: Final = (("day", _DAY), ("week", 7 * _DAY), ("month", 30.4 * _DAY), ("year", 365.25 * _DAY))


@dataclass(frozen=True, slots=True)
class Pace:
    """A number of entries (*count*, at least 1) that were published since *since*."""

    count: int
    since: datetime

    def gap(self, now: datetime) -> float:
        """Return how many seconds lie between two entries, on average until *now*."""
        return max(0.0, (now - self.since).total_seconds()) / self.count


def pace_of(dates: Iterable[datetime | None], now: datetime) -> Pace | None:
    """Return the pace of entries with these *dates*; None if no date is known and in the past."""
    latest = sorted((date for date in dates if date is not None and date <= now), reverse=True)[:_MOST]
    windows = [Pace(count, since) for count, since in enumerate(latest, 1)]
    return min(windows[min(_FEWEST, len(windows)) - 1 :], key=lambda pace: pace.gap(now), default=None)


def how_often(gap: float) -> str:
    """Return a *gap* of so many seconds in words: "twice a week", "5 times a day", "once a month"."""
    for unit, length in _UNITS:
        if gap <= length:
            return f"{_times(round(length / gap))} a {unit}" if gap >= 1.0 else "all the time"
    return "less than once a year"


def _times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count} times")
