"""Moments as feeds write them. A date that is text is written as it is: that is how a feed gets a wrong one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

from feedserver.feeds.model import Date


def rfc822(date: Date | None) -> str | None:
    """A date of RSS: "Sun, 01 Nov 2026 10:00:00 GMT" (RFC 822 §5, with the year of RFC 5322). Seconds are whole."""
    if date is None or isinstance(date, str):
        return date
    date = _with_minutes(date)
    return format_datetime(date.astimezone(UTC), usegmt=True) if not date.utcoffset() else format_datetime(date)


def rfc3339(date: Date | None) -> str | None:
    """A date of Atom, RDF and JSON Feed: "2026-11-01T10:00:00Z" (RFC 3339 §5.6)."""
    if date is None or isinstance(date, str):
        return date
    return _with_minutes(date).isoformat().replace("+00:00", "Z")


def _with_minutes(date: datetime) -> datetime:
    """The same moment with an offset of whole minutes, since neither format has finer ones; UTC for others."""
    offset = date.utcoffset() or timedelta()
    return date if offset % timedelta(minutes=1) == timedelta() else date.astimezone(UTC)
