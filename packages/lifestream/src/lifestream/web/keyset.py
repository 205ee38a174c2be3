"""Where a page of a timeline ended, and the condition for what comes after it.

The comparison is one of row values, `(date, item) < (…)`, which both databases walk down the index with; spelled with
OR, it sorts the whole lifestream.
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
    _BooleanLookup = Lookup  # which has a parameter for type checkers only

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MICROSECOND = dt.timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a page ended: the *date* and the *item* (its key) of the last post on it."""

    date: dt.datetime
    item: int

    @classmethod
    def parse(cls, text: str) -> Cursor:
        """Return the cursor that `str` wrote. Raises ValueError for anything else."""
        found = re.fullmatch(r"(-?\d{1,18})-(\d{1,18})", text, re.ASCII)
        if not found:
            raise ValueError(f"{text[:40]!r} is no cursor")
        try:
            date = _EPOCH + int(found[1]) * _MICROSECOND
        except OverflowError as error:
            raise ValueError(f"{text!r} is a cursor outside of time") from error
        # At either end of time a moment has no date in every time zone, which databases ask for.
        if not 1 < date.year < dt.MAXYEAR:
            raise ValueError(f"{text!r} is a cursor outside of time")
        return cls(date, int(found[2]))

    def __str__(self) -> str:
        return f"{(self.date - _EPOCH) // _MICROSECOND}-{self.item}"


class _RowComparison(_BooleanLookup):
    """`(date, item_id) < (…)`, a comparison of rows: a `Q` would spell it with OR, and go through all that is newer.

    A lookup, since Django 6.1 asks of any other condition whether it `= True`, and then no index helps.
    """

    prepare_rhs = False
    operator: ClassVar[str]

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, tuple[Any, ...]]:
        """Return the comparison, as both databases know it."""
        left, left_params = self.process_lhs(compiler, connection)
        right, right_params = self.process_rhs(compiler, connection)
        return f"{left} {self.operator} {right}", (*left_params, *right_params)


class _Before(_RowComparison):
    operator = "<"


class _After(_RowComparison):
    operator = ">"


def older_than(cursor: Cursor) -> Lookup[bool]:
    """Return the condition that a post comes after *cursor* in a timeline, whose latest posts come first."""
    return _Before(*_rows(cursor))


def newer_than(cursor: Cursor) -> Lookup[bool]:
    """Return the condition that a post comes before *cursor* in a timeline."""
    return _After(*_rows(cursor))


def _rows(cursor: Cursor) -> tuple[Func, Func]:
    """Return the position of a post in the timeline, and that of *cursor*, as rows."""
    here = Func(F("date"), F("item_id"), template="(%(expressions)s)")
    there = Func(Value(cursor.date, output_field=DateTimeField()), Value(cursor.item), template="(%(expressions)s)")
    return here, there
