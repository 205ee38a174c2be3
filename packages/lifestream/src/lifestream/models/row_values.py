"""Comparisons of row values, `(date, item) < (…)`: for these, SQLite and PostgreSQL read only the wanted part
of an index.

For the same condition written with OR, as Django's `Q` does, PostgreSQL reads the index from its beginning, and
discards all rows before those that are wanted. SQLite does the same if the condition has three columns.
"""

from __future__ import annotations

from typing import Any, ClassVar

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import F, Func, Lookup, Value
from django.db.models.sql.compiler import SQLCompiler

from lifestream.models.index_conditions import BooleanLookup


class _RowComparison(BooleanLookup):
    """A comparison of row values."""

    prepare_rhs = False
    operator: ClassVar[str]

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, tuple[Any, ...]]:
        """Return the comparison in SQL that SQLite and PostgreSQL accept."""
        left, left_params = self.process_lhs(compiler, connection)
        right, right_params = self.process_rhs(compiler, connection)
        return f"{left} {self.operator} {right}", (*left_params, *right_params)


class _Less(_RowComparison):
    operator = "<"


class _Greater(_RowComparison):
    operator = ">"


def less(row: dict[str, Value]) -> Lookup[bool]:
    """Return the condition `(a, b) < (1, 2)` for a *row* of `{"a": Value(1), "b": Value(2)}`; the keys are fields."""
    return _Less(*_rows(row))


def greater(row: dict[str, Value]) -> Lookup[bool]:
    """Return the condition `(a, b) > (1, 2)`, see `less`."""
    return _Greater(*_rows(row))


def _rows(row: dict[str, Value]) -> tuple[Func, Func]:
    columns = Func(*map(F, row), template="(%(expressions)s)")
    values = Func(*row.values(), template="(%(expressions)s)")
    return columns, values
