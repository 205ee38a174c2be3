"""A limit on the time for which the search index is read for one query.

The words of a query may be in nearly all items, and a phrase of them in none: a database then reads its whole index. It
returns the latest items first, so the items that it has found in time are the latest ones.
"""

from __future__ import annotations

from time import monotonic
from types import TracebackType
from typing import Final, Self

from django.db import OperationalError
from django.db.backends.base.base import BaseDatabaseWrapper

LONGEST: Final = 1
"""How long the index is read for one query, in seconds."""
LOOK: Final = 0.25
"""How long, in seconds, the entries of single items are read one after the other. If they take longer, it is faster to
read the index. Two thousand entries of usual texts take a tenth of LOOK; one of a long text may take milliseconds.
"""
_STEPS: Final = 1_000
"""After how many steps of its virtual machine SQLite asks whether to go on (sqlite.org/c3ref/progress_handler.html)."""
_FEW_STEPS: Final = 50
"""The same for a limit below LONGEST, when single entries are read: SQLite takes some twenty steps for an entry, and
each of these may take long.
"""


class TimeLimit:
    """A context manager that ends a query of *connection* which takes longer than *most* seconds. The error of the
    query is suppressed: the caller keeps the rows that were read before, and `is_over` tells that others may be
    missing.

    On SQLite, this interrupts the query. On PostgreSQL, the query ends by itself: its SQL has the same limit (see
    `search_sql`).
    """

    def __init__(self, connection: BaseDatabaseWrapper, most: float | None = None) -> None:
        self.is_over = False
        self._connection = connection
        self._most = LONGEST if most is None else most
        self._began = monotonic()

    def __enter__(self) -> Self:
        if self._connection.vendor == "sqlite":
            self._connection.ensure_connection()
            steps = _STEPS if self._most >= LONGEST else _FEW_STEPS
            self._connection.connection.set_progress_handler(self._has_passed, steps)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> bool:
        if self._connection.vendor == "sqlite":
            self._connection.connection.set_progress_handler(None, 0)
        self.is_over = self._has_passed()
        return self.is_over and isinstance(error, OperationalError) and str(error) == "interrupted"

    def _has_passed(self) -> bool:
        return monotonic() - self._began >= self._most
