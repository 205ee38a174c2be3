"""Conditions that are written so that a database uses an index for them, and the base class of our conditions in SQL.

The conditions on feeds are written exactly as the partial indexes of feeds have them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Lookup

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper
    from django.db.models.sql.compiler import SQLCompiler

    BooleanLookup = Lookup[bool]
else:
    BooleanLookup = Lookup  # has a type parameter for type checkers only
"""The base class of conditions. Django 6.1 adds `= True` to conditions that are no lookups; then no index is used."""


class NotEmpty(BooleanLookup):
    """The condition that a text isn't empty, as the indexes `lifestream_feed_held` and `lifestream_feed_private` have
    it. SQLite uses a partial index only if its condition is in the query word for word, so the empty text must not be a
    parameter, as other values are.
    """

    prepare_rhs = False

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, tuple[str | int, ...]]:
        """Return the condition in SQL."""
        text, parameters = self.process_lhs(compiler, connection)
        return f"NOT ({text} = '')", tuple(parameters)


class HasNoIcon(BooleanLookup):
    """The condition that a feed has no icon, as the index `lifestream_feed_iconless` has it: see `NotEmpty`."""

    prepare_rhs = False

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, tuple[str | int, ...]]:
        """Return the condition in SQL."""
        icon, parameters = self.process_lhs(compiler, connection)
        nothing = "X''" if connection.vendor == "sqlite" else "''"
        return f"{icon} = {nothing}", tuple(parameters)


class AmongFew(BooleanLookup):
    """The condition that a column is one of the keys that a `Subquery` returns, which are few compared with the rows of
    the table. PostgreSQL estimates how many keys a union returns by the limits of its parts, and would read a whole
    table of 100,000 rows for a thousand keys. For an array, it expects few keys.
    """

    prepare_rhs = False

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, tuple[str | int, ...]]:
        """Return the condition in SQL."""
        column, parameters = self.process_lhs(compiler, connection)
        keys, of_keys = self.process_rhs(compiler, connection)
        found = f"= ANY(ARRAY{keys})" if connection.vendor == "postgresql" else f"IN {keys}"
        return f"{column} {found}", (*parameters, *of_keys)
