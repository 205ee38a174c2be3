"""The clock of one server, which a test can move: the dates that a server sends follow it, and no test has to sleep."""

from __future__ import annotations

import math
import time
from datetime import UTC, datetime, timedelta

from feedserver.messages.argument_types import check_is, is_finite, named, shown

YEAR_10000 = 253_402_300_800
"""The first second of the year 10000, in seconds since the epoch: the first year that needs five digits."""


class Clock:
    """A clock that shows the system's time, moved by `offset` seconds; it goes on at the usual speed.

    `FeedServer.clock` is the clock of a server. It decides the header `Date`, the placeholders `{date}` and `{date+2h}`
    in other headers (`Expires`, `Last-Modified`, a `Retry-After` with a date), when the time of a `lasting` response is
    over, the `Last-Modified` of a live feed, and `Exchange.time`. Waiting does not follow the clock: delays, paces and
    time limits take as long as they say. The validity of certificates and the dates of files do not follow it either.
    """

    __slots__ = ("offset",)

    def __init__(self) -> None:
        self.offset = 0.0

    def time(self) -> float:
        """Return what the clock shows, in seconds since the epoch."""
        return time.time() + self.offset

    def now(self) -> datetime:
        """Return what the clock shows, in UTC."""
        return datetime.fromtimestamp(self.time(), UTC)

    def move(
        self, *, weeks: float = 0, days: float = 0, hours: float = 0, minutes: float = 0, seconds: float = 0
    ) -> None:
        """Move the clock forward by the sum of these durations, or back if the sum is negative.

        Raises TypeError for a value that is no number. Raises ValueError for NaN or infinity, if the sum is 0, or
        if the clock would leave the years 1970 to 9999.
        """
        given = {"weeks": weeks, "days": days, "hours": hours, "minutes": minutes, "seconds": seconds}
        for name, value in given.items():
            check_is(name, value, (int, float), "give a number, such as 2")
            if not is_finite(value):
                raise ValueError(f"{name} is {shown(value)}; give a number, such as 2")
        if not any(given.values()):
            raise ValueError("move() was given no time; give some, such as hours=2")
        arguments = ", ".join(f"{name}={value}" for name, value in given.items() if value)
        try:
            by = timedelta(**given).total_seconds()
        except OverflowError:
            by = math.inf
        if not by:
            raise ValueError(f"move({arguments}) moves the clock by 0 seconds; give some time, such as hours=2")
        offset = self.offset + by
        self._set_offset(offset, f"move({arguments})")

    def set(self, to: datetime) -> None:
        """Set the clock to *to*, a datetime with a time zone; it goes on from there.

        Raises TypeError for anything else, ValueError for a datetime without a time zone or outside the years 1970 to
        9999, in UTC.
        """
        check_is(
            "the time to set the clock to", to, datetime, "give a datetime, such as datetime(2030, 1, 1, tzinfo=UTC)"
        )
        if to.tzinfo is None:
            raise ValueError(f"set() was given {named(to)}, without a time zone; give one, such as tzinfo=UTC")
        self._set_offset(to.timestamp() - time.time(), f"set({to.isoformat()})")

    def reset(self) -> None:
        """Show the system's time again."""
        self.offset = 0.0

    def _set_offset(self, offset: float, call: str) -> None:
        if not 0 <= time.time() + offset < YEAR_10000:
            raise ValueError(f"{call} would set the clock outside the years 1970 to 9999; stay between them")
        self.offset = offset

    def __repr__(self) -> str:
        return f"<Clock {self.now():%Y-%m-%d %H:%M:%S}, moved by {timedelta(seconds=round(self.offset))}>"
