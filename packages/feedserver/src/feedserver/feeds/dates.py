"""Dates in the forms that feeds use. A date that is a `str` is written as it is, so that a test can have a
wrong one.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

from feedserver.feeds.model import Date


def rfc822(date: Date | None) -> str | None:
    """Return a date of RSS: "Sun, 01 Nov 2026 10:00:00 GMT" (RFC 822 §5, with the four-digit year of RFC 5322), in
    whole seconds.
    """
    if date is None or isinstance(date, str):
        return date
    date = _with_minutes(date)
    return format_datetime(date.astimezone(UTC), usegmt=True) if not date.utcoffset() else format_datetime(date)


def rfc3339(date: Date | None) -> str | None:
    """Return a date of Atom, RDF and JSON Feed: "2026-11-01T10:00:00Z" (RFC 3339 §5.6)."""
    if date is None or isinstance(date, str):
        return date
    return _with_minutes(date).isoformat().replace("+00:00", "Z")


def _with_minutes(date: datetime) -> datetime:
    """Return the same moment with an offset of whole minutes, since both formats have no finer ones. A date with any
    other offset is converted to UTC.
    """
    offset = date.utcoffset() or timedelta()
    return date if offset % timedelta(minutes=1) == timedelta() else date.astimezone(UTC)
