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


class Kind(Enum):
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


UNREACHABLE: Final = frozenset({Kind.GONE, Kind.CONNECTIONS, Kind.FILES, Kind.SERVER_FILES})
"""The kinds of failures after which nothing of the database can be read, until it can be reached again."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """A database failure: its *kind*, and what the database *said*."""

    kind: Kind
    said: str

    @property
    def takes_less(self) -> bool:
        """Whether something smaller may still be written: a full disk may take a little, a locked database nothing."""
        return self.kind in (Kind.FULL, Kind.DISK, Kind.FILES, Kind.MEMORY, Kind.SERVER_FILES, Kind.OTHER)

    def __str__(self) -> str:
        return say("database-failed", said=self.said, remedy=self.kind.value)


_SQLITE: Final = {
    sqlite3.SQLITE_BUSY: Kind.LOCKED,
    sqlite3.SQLITE_LOCKED: Kind.LOCKED,
    sqlite3.SQLITE_FULL: Kind.FULL,
    sqlite3.SQLITE_IOERR: Kind.DISK,  # also for a quota that is used up, and a file that may not grow any further
    sqlite3.SQLITE_READONLY: Kind.READ_ONLY,
    sqlite3.SQLITE_PERM: Kind.READ_ONLY,
    sqlite3.SQLITE_CANTOPEN: Kind.GONE,
    sqlite3.SQLITE_CORRUPT: Kind.DAMAGED,
    sqlite3.SQLITE_NOTADB: Kind.DAMAGED,
}
_SQLSTATE: Final = {
    "53100": Kind.FULL,
    "58030": Kind.DISK,
    "53200": Kind.MEMORY,
    "53300": Kind.CONNECTIONS,
    "55P03": Kind.LOCKED,
    "57014": Kind.LOCKED,
    "40P01": Kind.LOCKED,
    "25006": Kind.READ_ONLY,
    "42501": Kind.NO_RIGHT,
    "42P01": Kind.OTHER_TABLES,
    "42703": Kind.OTHER_TABLES,
    "XX001": Kind.DAMAGED,
    "XX002": Kind.DAMAGED,
}
# A refused connection has no SQLSTATE: proc.c, postinit.c and miscinit.c of PostgreSQL, and PgBouncer's client.c.
_NO_CONNECTION = re.compile(
    r"too many connections|too many clients|connection slots are reserved|no more connections allowed", re.IGNORECASE
)
# SQLite has one code for all errors in a statement (sqlite3.c: sqlite3LocateTable, sqlite3InsertStmt).
_OF_TABLES = re.compile(r"no such (?:table|column)|has no column named")


def trouble_of(error: BaseException) -> Trouble:
    """Return the trouble that *error*, one of FAILURES, reports."""
    said = (str(error).splitlines() or [type(error).__name__])[0]
    cause = error.__cause__
    state = getattr(cause, "sqlstate", None)
    if is_short_of_files():
        return Trouble(Kind.FILES, said)
    if "too many open files" in said.lower():
        return Trouble(Kind.FILES if state is None else Kind.SERVER_FILES, said)
    if isinstance(cause, sqlite3.Error):
        code = getattr(cause, "sqlite_errorcode", 0) & 0xFF
        return Trouble(_SQLITE.get(code, Kind.OTHER_TABLES if _OF_TABLES.search(said) else Kind.OTHER), said)
    if state is None:  # no code: there is no connection to the server
        kind = Kind.CONNECTIONS if _NO_CONNECTION.search(said) else Kind.GONE
        return Trouble(Kind.OTHER if cause is None else kind, said)
    is_gone = state.startswith(("08", "57P"))
    return Trouble(Kind.GONE if is_gone else _SQLSTATE.get(state, Kind.OTHER), said)


def is_of_content(error: Exception, using: str) -> bool:
    """Return whether *error*, which was raised while something was written into the database *using*, can be due to
    what was written. It cannot if it is an error of the system (OSError, MemoryError), one of FAILURES (`writer` has
    handled ROW_ERRORS), or an exception of the database's driver that Django has not wrapped.
    """
    connection: Any = connections[using]
    return not isinstance(error, (OSError, MemoryError, *FAILURES, connection.Database.Error))
