"""Keyset pagination of a timeline: the position where a page ends, and the condition for the posts after it.

The condition compares row values, `(date, item) < (…)`: both databases then walk down the index. Written with OR, the
same condition makes them sort the whole lifestream.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import DateTimeField, F, Func, Lookup, Value
from django.db.models.sql.compiler import SQLCompiler

if TYPE_CHECKING:
    _BooleanLookup = Lookup[bool]
else:
    _BooleanLookup = Lookup  # has a type parameter for type checkers only

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MICROSECOND = dt.timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Cursor:
    """The end of a page: the *date* and the *item* (its key) of the last post on it."""

    date: dt.datetime
    item: int

    @classmethod
    def parse(cls, text: str) -> Cursor:
        """Return the cursor that `str` wrote. Raises ValueError for any other text."""
        found = re.fullmatch(r"(-?\d{1,18})-(\d{1,18})", text, re.ASCII)
        if not found:
            raise ValueError(f"{text[:40]!r} is no cursor")
        try:
            date = _EPOCH + int(found[1]) * _MICROSECOND
        except OverflowError as error:
            raise ValueError(f"{text!r} is a cursor outside of time") from error
        # The first and the last moments have no date in some time zones, and databases convert to one.
        if not 1 < date.year < dt.MAXYEAR:
            raise ValueError(f"{text!r} is a cursor outside of time")
        return cls(date, int(found[2]))

    def __str__(self) -> str:
        return f"{(self.date - _EPOCH) // _MICROSECOND}-{self.item}"


class _RowComparison(_BooleanLookup):
    """`(date, item_id) < (…)`, a comparison of row values. A `Q` would write it with OR, and read all newer posts.

    It is a Lookup, since Django 6.1 compares any other condition with `= True`, and then no index is used.
    """

    prepare_rhs = False
    operator: ClassVar[str]

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, tuple[Any, ...]]:
        """Return the comparison in the SQL that both databases accept."""
        left, left_params = self.process_lhs(compiler, connection)
        right, right_params = self.process_rhs(compiler, connection)
        return f"{left} {self.operator} {right}", (*left_params, *right_params)


class _Before(_RowComparison):
    operator = "<"


class _After(_RowComparison):
    operator = ">"


def older_than(cursor: Cursor) -> Lookup[bool]:
    """Return the condition for posts that come after *cursor* in a timeline, which has the latest posts first."""
    return _Before(*_rows(cursor))


def newer_than(cursor: Cursor) -> Lookup[bool]:
    """Return the condition for posts that come before *cursor* in a timeline."""
    return _After(*_rows(cursor))


def _rows(cursor: Cursor) -> tuple[Func, Func]:
    """Return two row values: the position of a post in the timeline, and that of *cursor*."""
    here = Func(F("date"), F("item_id"), template="(%(expressions)s)")
    there = Func(Value(cursor.date, output_field=DateTimeField()), Value(cursor.item), template="(%(expressions)s)")
    return here, there
