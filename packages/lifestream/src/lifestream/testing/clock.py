"""A clock for tests."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils import timezone


class Clock:
    """A clock that stands still at *now*, by default the time when it is made, until it is moved. A call returns
    the time.

    `refresh`, `find_feed`, `add_feed` and `import_feed` take one as *clock*.
    """

    def __init__(self, now: datetime | None = None) -> None:
        self.now = now or timezone.now()

    def __call__(self) -> datetime:
        return self.now

    def move(self, **by: float) -> datetime:
        """Move the clock on by *days*, *hours*, *minutes* or *seconds*. Returns the new time."""
        self.now += timedelta(**by)
        return self.now
