"""How often a feed publishes, from the dates of its entries. Pure functions.

A feed that was silent since its last entry is slowing down, so the time until now counts as one more gap. A window
begins with an entry and ends now. The busiest window is taken, so that an entry pinned for years doesn't make a daily
feed a yearly one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

_MOST: Final = 20  # how many entries are looked at, the latest ones
_FEWEST: Final = 3  # how many entries make a window, if there are that many: one or two say little


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
