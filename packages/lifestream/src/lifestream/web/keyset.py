"""Keyset pagination of a timeline: the position where a page ends, and the condition for the posts after it.

The condition compares row values: see `models.row_values`.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass

from django.db.models import DateTimeField, Lookup, Value

from lifestream.models import row_values

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MICROSECOND = dt.timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Cursor:
    """The end of a page: the *date* of the last post on it, and the key of that post's *item*."""

    date: dt.datetime
    item: int

    @classmethod
    def parse(cls, text: str) -> Cursor:
        """Return the cursor that *text* stands for, as `str` writes it.

        Raises ValueError for text of another form, and for dates at an end of the calendar.
        """
        found = re.fullmatch(r"(-?\d{1,18})-(\d{1,18})", text, re.ASCII)
        if not found:
            raise ValueError(f"{text[:40]!r} is no cursor")
        try:
            date = _EPOCH + int(found[1]) * _MICROSECOND
        except OverflowError as error:
            raise ValueError(f"{text!r} is a cursor beyond all dates") from error
        # A database may convert a moment into a time zone in which it lies beyond the calendar.
        if not 1 < date.year < dt.MAXYEAR:
            raise ValueError(f"{text!r} is a cursor beyond all dates")
        return cls(date, int(found[2]))

    def __str__(self) -> str:
        return f"{(self.date - _EPOCH) // _MICROSECOND}-{self.item}"


def older_than(cursor: Cursor) -> Lookup[bool]:
    """Return the condition for posts that come after *cursor* in a timeline, which has the latest posts first."""
    return row_values.less(_row(cursor))


def newer_than(cursor: Cursor) -> Lookup[bool]:
    """Return the condition for posts that come before *cursor* in a timeline."""
    return row_values.greater(_row(cursor))


def _row(cursor: Cursor) -> dict[str, Value]:
    return {"date": Value(cursor.date, output_field=DateTimeField()), "item_id": Value(cursor.item)}
