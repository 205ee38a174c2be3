"""A database that fails: the problem follows from the error code, and is reported with a remedy."""

from __future__ import annotations

import sqlite3
from typing import Any

import pytest
from django.db import OperationalError, connection

from lifestream.storage.db_errors import FailureKind, failure_of, is_of_content


def of_sqlite(code: int) -> OperationalError:
    error = OperationalError("it failed\nDETAIL: more")
    error.__cause__ = cause = sqlite3.OperationalError("it failed")
    cause.sqlite_errorcode = code
    return error


def of_postgresql(state: str | None, said: str = "it failed") -> OperationalError:
    class Cause(Exception):
        sqlstate: Any = state

    error = OperationalError(said)
    error.__cause__ = Cause()
    return error


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (sqlite3.SQLITE_FULL, FailureKind.FULL),
        (sqlite3.SQLITE_IOERR_WRITE, FailureKind.DISK),
        (sqlite3.SQLITE_BUSY, FailureKind.LOCKED),
        (sqlite3.SQLITE_BUSY | 2 << 8, FailureKind.LOCKED),  # an extended code: the primary one is in its last byte
        (sqlite3.SQLITE_LOCKED, FailureKind.LOCKED),
        (sqlite3.SQLITE_READONLY, FailureKind.READ_ONLY),
        (sqlite3.SQLITE_CANTOPEN, FailureKind.GONE),
        (sqlite3.SQLITE_PERM, FailureKind.READ_ONLY),
        (sqlite3.SQLITE_CORRUPT, FailureKind.DAMAGED),
        (sqlite3.SQLITE_NOTADB, FailureKind.DAMAGED),
        (sqlite3.SQLITE_ERROR, FailureKind.OTHER),
    ],
)
def test_the_result_code_of_sqlite_decides(code: int, kind: FailureKind) -> None:
    assert failure_of(of_sqlite(code)).kind is kind


@pytest.mark.parametrize(
    ("state", "kind"),
    [
        ("53100", FailureKind.FULL),
        ("58030", FailureKind.DISK),
        ("53200", FailureKind.MEMORY),
        ("53300", FailureKind.CONNECTIONS),
        ("55P03", FailureKind.LOCKED),
        ("40P01", FailureKind.LOCKED),
        ("25006", FailureKind.READ_ONLY),
        ("08006", FailureKind.GONE),
        ("57P01", FailureKind.GONE),
        ("42501", FailureKind.NO_RIGHT),
        ("42P01", FailureKind.OTHER_TABLES),
        ("42703", FailureKind.OTHER_TABLES),
        ("XX001", FailureKind.DAMAGED),
        ("XX002", FailureKind.DAMAGED),
        ("XX000", FailureKind.OTHER),
        (None, FailureKind.GONE),
    ],
)
def test_the_sqlstate_of_postgresql_decides(state: str | None, kind: FailureKind) -> None:
    assert failure_of(of_postgresql(state)).kind is kind


@pytest.mark.parametrize(
    ("state", "said", "kind"),
    [
        (None, 'connection failed: FATAL:  too many connections for role "app"', FailureKind.CONNECTIONS),
        (None, "connection failed: FATAL:  sorry, too many clients already", FailureKind.CONNECTIONS),
        (None, "FATAL:  remaining connection slots are reserved for roles with SUPERUSER", FailureKind.CONNECTIONS),
        (None, "FATAL:  no more connections allowed (max_client_conn)", FailureKind.CONNECTIONS),
        (None, "could not create socket: Too many open files", FailureKind.FILES),
        ("53000", 'could not open file "base/1/2": Too many open files in system', FailureKind.SERVER_FILES),
    ],
)
def test_what_postgresql_says_of_a_shortage_decides_who_is_short(
    state: str | None, said: str, kind: FailureKind
) -> None:
    assert failure_of(of_postgresql(state, said)).kind is kind


def test_an_error_without_a_cause_is_of_another_kind() -> None:
    assert failure_of(OperationalError("odd")).kind is FailureKind.OTHER


def test_the_first_line_of_the_error_is_reported_with_the_remedy() -> None:
    assert str(failure_of(of_sqlite(sqlite3.SQLITE_FULL))) == (
        "the database failed (it failed); its disk is full: free some space, then update again: nothing is lost"
    )


def test_a_full_database_may_store_less_and_a_locked_one_nothing() -> None:
    assert failure_of(of_sqlite(sqlite3.SQLITE_FULL)).takes_less
    assert not failure_of(of_sqlite(sqlite3.SQLITE_BUSY)).takes_less


def test_only_an_error_of_neither_the_system_nor_the_database_can_be_due_to_the_content() -> None:
    assert is_of_content(LookupError("no such key"), "default")
    driver: Any = connection
    for error in (OSError(5, "it failed"), MemoryError(), OperationalError("gone"), driver.Database.Error("gone")):
        assert not is_of_content(error, "default")
