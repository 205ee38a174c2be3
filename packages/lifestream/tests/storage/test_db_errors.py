"""A database that fails: the problem follows from the error code, and is reported with a remedy."""

from __future__ import annotations

import sqlite3
from typing import Any

import pytest
from django.db import OperationalError, connection

from lifestream.storage.db_errors import Kind, is_of_content, trouble_of


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
        (sqlite3.SQLITE_FULL, Kind.FULL),
        (sqlite3.SQLITE_IOERR_WRITE, Kind.DISK),
        (sqlite3.SQLITE_BUSY, Kind.LOCKED),
        (sqlite3.SQLITE_BUSY | 2 << 8, Kind.LOCKED),  # an extended code: the primary one is in its last byte
        (sqlite3.SQLITE_LOCKED, Kind.LOCKED),
        (sqlite3.SQLITE_READONLY, Kind.READ_ONLY),
        (sqlite3.SQLITE_CANTOPEN, Kind.GONE),
        (sqlite3.SQLITE_PERM, Kind.READ_ONLY),
        (sqlite3.SQLITE_CORRUPT, Kind.DAMAGED),
        (sqlite3.SQLITE_NOTADB, Kind.DAMAGED),
        (sqlite3.SQLITE_ERROR, Kind.OTHER),
    ],
)
def test_the_result_code_of_sqlite_decides(code: int, kind: Kind) -> None:
    assert trouble_of(of_sqlite(code)).kind is kind


@pytest.mark.parametrize(
    ("state", "kind"),
    [
        ("53100", Kind.FULL),
        ("58030", Kind.DISK),
        ("53200", Kind.MEMORY),
        ("53300", Kind.CONNECTIONS),
        ("55P03", Kind.LOCKED),
        ("40P01", Kind.LOCKED),
        ("25006", Kind.READ_ONLY),
        ("08006", Kind.GONE),
        ("57P01", Kind.GONE),
        ("42501", Kind.NO_RIGHT),
        ("42P01", Kind.OTHER_TABLES),
        ("42703", Kind.OTHER_TABLES),
        ("XX001", Kind.DAMAGED),
        ("XX002", Kind.DAMAGED),
        ("XX000", Kind.OTHER),
        (None, Kind.GONE),
    ],
)
def test_the_sqlstate_of_postgresql_decides(state: str | None, kind: Kind) -> None:
    assert trouble_of(of_postgresql(state)).kind is kind


@pytest.mark.parametrize(
    ("state", "said", "kind"),
    [
        (None, 'connection failed: FATAL:  too many connections for role "app"', Kind.CONNECTIONS),
        (None, "connection failed: FATAL:  sorry, too many clients already", Kind.CONNECTIONS),
        (None, "FATAL:  remaining connection slots are reserved for roles with SUPERUSER", Kind.CONNECTIONS),
        (None, "FATAL:  no more connections allowed (max_client_conn)", Kind.CONNECTIONS),
        (None, "could not create socket: Too many open files", Kind.FILES),
        ("53000", 'could not open file "base/1/2": Too many open files in system', Kind.SERVER_FILES),
    ],
)
def test_what_postgresql_says_of_a_shortage_decides_who_is_short(state: str | None, said: str, kind: Kind) -> None:
    assert trouble_of(of_postgresql(state, said)).kind is kind


def test_an_error_without_a_cause_is_of_another_kind() -> None:
    assert trouble_of(OperationalError("odd")).kind is Kind.OTHER


def test_the_first_line_of_the_error_is_reported_with_the_remedy() -> None:
    assert str(trouble_of(of_sqlite(sqlite3.SQLITE_FULL))) == (
        "the database failed (it failed); its disk is full: free some space, then update again: nothing is lost"
    )


def test_a_full_database_may_store_less_and_a_locked_one_nothing() -> None:
    assert trouble_of(of_sqlite(sqlite3.SQLITE_FULL)).takes_less
    assert not trouble_of(of_sqlite(sqlite3.SQLITE_BUSY)).takes_less


def test_only_an_error_of_neither_the_system_nor_the_database_can_be_due_to_the_content() -> None:
    assert is_of_content(LookupError("no such key"), "default")
    driver: Any = connection
    for error in (OSError(5, "it failed"), MemoryError(), OperationalError("gone"), driver.Database.Error("gone")):
        assert not is_of_content(error, "default")
