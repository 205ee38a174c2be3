"""The cause of a database failure and its remedy, for the log, the report and the command.

A database reports the cause as a code: SQLite's primary result codes (sqlite.org/rescode.html), PostgreSQL's SQLSTATE
(postgresql.org/docs/current/errcodes-appendix.html).
"""

from __future__ import annotations

import re
import sqlite3
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from django.db import DatabaseError, DataError, IntegrityError, InterfaceError, connections

from lifestream.fetcher.shortage import Shortage, is_short_of_files
from lifestream.message import say

ROW_ERRORS: Final = (DataError, IntegrityError, ValueError, TypeError, OverflowError)
"""The exceptions that are raised if a row can't be written because of its values."""

FAILURES: Final = (DatabaseError, InterfaceError)
"""The exceptions that Django raises if the database itself fails. They include the DataError and the IntegrityError of
ROW_ERRORS, which have to be caught first.

OperationalError is not enough: PostgreSQL reports a read-only database by an InternalError, and a missing privilege,
table or column by a ProgrammingError, and SQLite reports a damaged database by a plain DatabaseError.
"""


class FailureKind(Enum):
    """A kind of database failure, and its remedy."""

    FULL = say("database-full")
    DISK = say("database-disk")
    FILES = say("database-needs-files", shortage=Shortage.FILES.value)
    LOCKED = say("database-locked")
    READ_ONLY = say("database-read-only")
    NO_RIGHT = say("database-no-right")
    OTHER_TABLES = say("database-other-tables")
    DAMAGED = say("database-damaged")
    MEMORY = say("database-needs-memory")
    SERVER_FILES = say("database-server-needs-files")
    CONNECTIONS = say("database-takes-no-more")
    GONE = say("database-gone")
    OTHER = say("database-other")


UNREACHABLE: Final = frozenset({FailureKind.GONE, FailureKind.CONNECTIONS, FailureKind.FILES, FailureKind.SERVER_FILES})
"""The kinds of failures after which nothing of the database can be read, until it can be reached again."""


@dataclass(frozen=True, slots=True)
class DatabaseFailure:
    """A database failure: its *kind*, and what the database *said*."""

    kind: FailureKind
    said: str

    @property
    def takes_less(self) -> bool:
        """Whether something smaller may still be written: a full disk may take a little, a locked database nothing."""
        return self.kind in (
            FailureKind.FULL,
            FailureKind.DISK,
            FailureKind.FILES,
            FailureKind.MEMORY,
            FailureKind.SERVER_FILES,
            FailureKind.OTHER,
        )

    def __str__(self) -> str:
        return say("database-failed", said=self.said, remedy=self.kind.value)


_SQLITE: Final = {
    sqlite3.SQLITE_BUSY: FailureKind.LOCKED,
    sqlite3.SQLITE_LOCKED: FailureKind.LOCKED,
    sqlite3.SQLITE_FULL: FailureKind.FULL,
    sqlite3.SQLITE_IOERR: FailureKind.DISK,  # also if a quota is used up, or a file may not grow
    sqlite3.SQLITE_READONLY: FailureKind.READ_ONLY,
    sqlite3.SQLITE_PERM: FailureKind.READ_ONLY,
    sqlite3.SQLITE_CANTOPEN: FailureKind.GONE,
    sqlite3.SQLITE_CORRUPT: FailureKind.DAMAGED,
    sqlite3.SQLITE_NOTADB: FailureKind.DAMAGED,
}
_SQLSTATE: Final = {
    "53100": FailureKind.FULL,
    "58030": FailureKind.DISK,
    "53200": FailureKind.MEMORY,
    "53300": FailureKind.CONNECTIONS,
    "55P03": FailureKind.LOCKED,
    "57014": FailureKind.LOCKED,
    "40P01": FailureKind.LOCKED,
    "25006": FailureKind.READ_ONLY,
    "42501": FailureKind.NO_RIGHT,
    "42P01": FailureKind.OTHER_TABLES,
    "42703": FailureKind.OTHER_TABLES,
    "XX001": FailureKind.DAMAGED,
    "XX002": FailureKind.DAMAGED,
}
# A refused connection has no SQLSTATE: proc.c, postinit.c and miscinit.c of PostgreSQL, and PgBouncer's client.c.
_NO_CONNECTION = re.compile(
    r"too many connections|too many clients|connection slots are reserved|no more connections allowed", re.IGNORECASE
)
# SQLite has one code for all errors in a statement (sqlite3.c: sqlite3LocateTable, sqlite3InsertStmt).
_OF_TABLES = re.compile(r"no such (?:table|column)|has no column named")


def failure_of(error: BaseException) -> DatabaseFailure:
    """Return the failure that *error*, one of FAILURES, reports."""
    said = (str(error).splitlines() or [type(error).__name__])[0]
    cause = error.__cause__
    state = getattr(cause, "sqlstate", None)
    if is_short_of_files():
        return DatabaseFailure(FailureKind.FILES, said)
    if "too many open files" in said.lower():
        return DatabaseFailure(FailureKind.FILES if state is None else FailureKind.SERVER_FILES, said)
    if isinstance(cause, sqlite3.Error):
        code = getattr(cause, "sqlite_errorcode", 0) & 0xFF
        return DatabaseFailure(
            _SQLITE.get(code, FailureKind.OTHER_TABLES if _OF_TABLES.search(said) else FailureKind.OTHER), said
        )
    if state is None:  # no code: there is no connection to the server
        kind = FailureKind.CONNECTIONS if _NO_CONNECTION.search(said) else FailureKind.GONE
        return DatabaseFailure(FailureKind.OTHER if cause is None else kind, said)
    is_gone = state.startswith(("08", "57P"))
    return DatabaseFailure(FailureKind.GONE if is_gone else _SQLSTATE.get(state, FailureKind.OTHER), said)


def is_of_content(error: Exception, using: str) -> bool:
    """Return whether *error*, which was raised while something was written into the database *using*, can be due to
    what was written. It cannot if it is an error of the system (OSError, MemoryError), one of FAILURES (`writer` has
    handled ROW_ERRORS), or an exception of the database's driver that Django has not wrapped.
    """
    connection: Any = connections[using]
    return not isinstance(error, (OSError, MemoryError, *FAILURES, connection.Database.Error))
