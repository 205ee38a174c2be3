"""While the database is unavailable, each page answers 503, and the log has one sentence. For an unreachable database,
the tests use the error of a connection that was really refused.
"""

from __future__ import annotations

import errno
import logging
import os
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory

from file_limits import no_file_writes
from lifestream.site import outage_pages
from lifestream.site.outage_pages import OutageMiddleware
from lifestream.storage.db_errors import DatabaseFailure, FailureKind
from lifestream.storage.outages import OUTAGES
from lifestream.web.shortage_log import ShortageLog
from lifestream.web.views import operations

pytestmark = [pytest.mark.django_db, pytest.mark.urls("lifestream.site.urls")]


@pytest.fixture(autouse=True)
def no_outage() -> Iterator[None]:
    """Forget outages before and after a test."""
    OUTAGES.forget()
    yield
    OUTAGES.forget()


def refused() -> OperationalError:
    """Return the error of Django for a server that refuses connections, as psycopg reports it: with a cause and no
    code.
    """
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        try:
            socket.create_connection(closed.getsockname(), timeout=5)
        except OSError as cause:
            error = OperationalError(f"connection failed: {cause}")
            error.__cause__ = cause
            return error
    raise AssertionError


def answered(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok")


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


def test_a_page_reports_that_the_database_cannot_be_reached(
    rf: RequestFactory, caplog: pytest.LogCaptureFixture
) -> None:
    middleware = OutageMiddleware(answered)
    for _ in range(3):
        answer = middleware.process_exception(rf.get("/"), refused())
        assert answer is not None
        assert (answer.status_code, answer["Retry-After"]) == (503, "60")
        assert "cannot reach its database" in answer.content.decode()
    [line] = warnings(caplog)
    assert "pages can't be shown" in line
    assert not any(record.exc_info for record in caplog.records)


def test_the_first_request_that_reaches_the_database_again_logs_that(
    rf: RequestFactory, caplog: pytest.LogCaptureFixture
) -> None:
    middleware = OutageMiddleware(answered)
    middleware.process_exception(rf.get("/"), refused())
    for _ in range(2):
        assert middleware(rf.get("/")).content == b"ok"
    assert "answers again" in warnings(caplog)[1]
    assert len(warnings(caplog)) == 2


def test_a_full_disk_is_not_over_when_the_database_can_be_read(rf: RequestFactory) -> None:
    OUTAGES.tell(logging.getLogger(__name__), "x", DatabaseFailure(FailureKind.FULL, "No space left on device"))
    OutageMiddleware(answered)(rf.get("/"))
    assert OUTAGES.kind is FailureKind.FULL


@pytest.mark.parametrize("error", [LookupError("a fault of ours"), OperationalError("of no known kind")])
def test_an_error_that_is_no_outage_is_left_to_django(error: Exception, rf: RequestFactory) -> None:
    assert OutageMiddleware(answered).process_exception(rf.get("/"), error) is None


@pytest.mark.slow
def test_programs_that_ask_every_few_seconds_cause_one_line_at_the_beginning_and_one_at_the_end(
    client: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: Any) -> Any:
        raise refused()

    with monkeypatch.context() as patched:
        patched.setattr(operations, "why_not_ready", fail)
        patched.setattr(operations, "health", fail)
        for address in ("/readyz", "/metrics") * 2:
            assert client.get(address).status_code == 503
            assert b"it can't be reached" in client.get(address).content
    assert client.get("/readyz").status_code == 200
    # The bundled site does not log "Service Unavailable".
    began, ended = (line for line in warnings(caplog) if "Service Unavailable" not in line)
    assert began.startswith("pages can't be shown: the database failed (connection failed")
    assert ended.startswith("the database answers again")


def _short_of_files() -> OperationalError:
    """Return the error of Django for a database of SQLite that needs a file, as its driver words it on some systems."""
    error = OperationalError("unable to open database file: too many open files")
    error.__cause__ = sqlite3.OperationalError(str(error))
    return error


def _unwritable(*statements: str, file: str = "file::memory:") -> OperationalError:
    """Return the error of Django for SQLite's error at the last of *statements*."""
    connection = sqlite3.connect(file, uri=True, isolation_level=None)
    error = OperationalError("not raised")
    try:
        for statement in statements:
            connection.execute(statement)
    except sqlite3.OperationalError as cause:
        error = OperationalError(str(cause))
        error.__cause__ = cause
    finally:
        connection.close()
    return error


def _locked() -> OperationalError:
    """Return the error of Django for a database of SQLite in which another connection writes."""
    name = "file:locked?mode=memory&cache=shared"
    with closing(sqlite3.connect(name, uri=True)) as other:
        other.execute("CREATE TABLE a (b)")
        other.execute("INSERT INTO a VALUES (1)")
        return _unwritable(f"ATTACH '{name}' AS other", "DELETE FROM other.a")


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (_unwritable("PRAGMA max_page_count = 1", "CREATE TABLE a (b)", "CREATE TABLE c (d)"), FailureKind.FULL),
        (_unwritable("PRAGMA query_only = 1", "CREATE TABLE a (b)"), FailureKind.READ_ONLY),
        (_locked(), FailureKind.LOCKED),
    ],
)
def test_a_page_that_cannot_write_is_unavailable_and_one_line_says_why(
    error: OperationalError, kind: FailureKind, rf: RequestFactory, monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    monkeypatch.setattr(outage_pages, "_SHORTAGES", ShortageLog(outage_pages.log, "pages can't be shown"))
    for _ in range(2):
        answer = OutageMiddleware(answered).process_exception(rf.get("/"), error)
        assert answer is not None
        assert (answer.status_code, answer["Retry-After"]) == (503, "60")
    [line] = warnings(caplog)
    assert line.startswith(f"pages can't be shown: the database failed ({error}); {kind.value}, then update again")
    assert not any(record.exc_info for record in caplog.records)
    assert OUTAGES.kind is None  # an outage that is noted there would end only with a refresh in this process


@pytest.mark.skipif(os.name == "nt", reason="Windows has no limit to lower")
def test_a_page_is_unavailable_while_the_file_of_the_database_may_not_grow(
    tmp_path: Path, rf: RequestFactory, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(outage_pages, "_SHORTAGES", ShortageLog(outage_pages.log, "pages can't be shown"))
    with no_file_writes():
        error = _unwritable("CREATE TABLE a (b)", file=f"file:{tmp_path}/x")
    answer = OutageMiddleware(answered).process_exception(rf.get("/"), error)
    assert answer is not None and answer.status_code == 503
    [line] = warnings(caplog)
    assert "(disk I/O error)" in line and "a limit on the size of files (ulimit -f) leaves room" in line


@pytest.mark.parametrize(
    "error",
    [OSError(errno.EMFILE, "Too many open files"), OSError(errno.ENOSPC, "full"), MemoryError(), _short_of_files()],
)
@pytest.mark.parametrize("place", ["view", "middleware"])
def test_a_page_that_is_short_of_something_is_unavailable(
    error: Exception, place: str, client: Client, monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    def fail(*_: Any) -> HttpResponse:
        raise error

    if place == "view":
        monkeypatch.setattr("lifestream.web.views.operations.why_not_ready", fail)
    else:
        monkeypatch.setattr("django.middleware.common.CommonMiddleware.process_request", fail)
    monkeypatch.setattr(outage_pages, "_SHORTAGES", ShortageLog(outage_pages.log, "pages can't be shown"))
    client.raise_request_exception = False
    answers = [client.get("/readyz") for _ in range(2)]
    assert [each.status_code for each in answers] == [503, 503]
    if place == "middleware":
        assert answers[0]["Retry-After"] == "60"
    told = [each for each in caplog.records if each.name == outage_pages.log.name]
    assert len(told) <= 1


def test_other_errors_of_a_page_are_errors_of_the_site(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> HttpResponse:
        raise OSError(errno.EIO, "I/O error")

    monkeypatch.setattr("lifestream.web.views.operations.why_not_ready", fail)
    client.raise_request_exception = False
    assert client.get("/readyz").status_code == 500
