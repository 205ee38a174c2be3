"""The findings of the doctor, each with its remedy."""

from __future__ import annotations

import errno
import shutil
import socket
import ssl
import sys
import tempfile
import threading
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.core import checks
from django.db import OperationalError, connection
from django.test import override_settings

from factories import NOW, make_feed, make_subscription
from lifestream.fetcher import open_files
from lifestream.operations import diagnosis
from lifestream.operations.diagnosis import Finding, Grade, examine

pytestmark = pytest.mark.django_db


def found(subject: str) -> list[Finding]:
    return [each for each in examine(NOW) if each.subject == subject and each.grade is not Grade.OK]


def test_a_healthy_site_has_a_line_for_each_subject() -> None:
    findings = list(examine(NOW))
    assert list(dict.fromkeys(each.subject for each in findings)) == [
        "settings", "database", "files", "disk", "clock", "certificates", "proxy", "open files", "broker", "fetching",
    ]  # fmt: skip
    assert not [each for each in findings if each.grade is Grade.ERROR]


@override_settings(LIFESTREAM_TIMEOUT="soon")
def test_a_wrong_setting_is_reported_with_the_hint_of_its_check() -> None:
    (finding,) = (each for each in found("settings") if "LIFESTREAM_TIMEOUT" in each.text)
    [check] = [each for each in checks.run_checks() if "LIFESTREAM_TIMEOUT" in each.msg]
    assert (finding.grade, finding.remedy) == (Grade.ERROR, check.hint)
    assert finding.remedy


@pytest.mark.skipif(sys.platform == "win32", reason="files have access lists there")
def test_files_that_others_can_read_are_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL keeps its own files")
    database = tmp_path / "lifestream.sqlite3"
    database.touch(mode=0o644)
    (tmp_path / "secret_key").touch(mode=0o600)
    monkeypatch.setitem(connection.settings_dict, "NAME", str(database))
    (finding,) = found("files")
    assert finding.text == f"{database} can be read by others than its owner."
    assert finding.remedy == f"Run: chmod go= {database}"


@pytest.mark.skipif(sys.platform == "win32", reason="files have access lists there")
def test_a_secret_key_that_others_can_read_is_reported_whatever_the_database(tmp_path: Path) -> None:
    key = tmp_path / "secret_key"
    key.touch(mode=0o600)
    with override_settings(HOME=tmp_path):
        remedy = f"Run: chmod go= {key}"
        assert remedy not in [each.remedy for each in found("files")]
        key.chmod(0o640)
        assert remedy in [each.remedy for each in found("files")]


def test_a_full_disk_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL may be on another machine")
    monkeypatch.setitem(connection.settings_dict, "NAME", str(tmp_path / "lifestream.sqlite3"))
    usage = SimpleNamespace(total=100 * 10**9, used=99_900_000_000, free=10**8)
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: usage)
    (finding,) = found("disk")
    assert finding.text.startswith("0.1 GB are left")
    assert "LIFESTREAM_KEEP_DAYS" in finding.remedy


def test_a_clock_that_went_back_is_reported() -> None:
    make_feed(last_fetch=NOW + timedelta(days=1))
    (finding,) = found("clock")
    assert finding.text == "1 feed was fetched in the future."


def test_missing_certificates_are_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ssl, "create_default_context", lambda: ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
    paths = SimpleNamespace(capath=None)
    monkeypatch.setattr(ssl, "get_default_verify_paths", lambda: paths)
    (finding,) = found("certificates")
    assert "ca-certificates" in finding.remedy


def test_a_proxy_that_is_not_used_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    (finding,) = found("proxy")
    assert finding.text.startswith("HTTPS_PROXY is set, and not used")


def test_too_few_open_files_are_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(open_files, "soft_limit", lambda: 16)
    with override_settings(LIFESTREAM_CONCURRENCY=100):
        (finding,) = found("open files")
    assert "16 files" in finding.text


def test_feeds_that_nobody_fetches_are_reported() -> None:
    make_subscription(make_feed(next_fetch=NOW - timedelta(days=3)))
    (finding,) = found("fetching")
    assert finding.grade is Grade.ERROR
    assert "3 days" in finding.text


def test_an_examination_that_fails_is_a_finding_and_the_others_are_made(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_now: object) -> None:
        raise ZeroDivisionError("oops")

    monkeypatch.setattr(diagnosis, "_clock", fail)
    findings = list(examine(NOW))
    (finding,) = (each for each in findings if each.subject == "clock")
    assert finding.text == "This could not be examined: ZeroDivisionError: oops"
    assert findings[-1].subject == "fetching"


@pytest.mark.slow
def test_a_broker_that_is_down_is_reported() -> None:
    with socket.socket() as silent:  # bound but not listening: nobody else can take the port
        silent.bind(("127.0.0.1", 0))
        with override_settings(CELERY_BROKER_URL=f"redis://127.0.0.1:{silent.getsockname()[1]}/0"):
            (finding,) = found("broker")
    assert finding.grade is Grade.ERROR
    assert finding.text.startswith("The broker can't be reached: ")
    assert "refused" in finding.text
    assert "CELERY_BROKER_URL" in finding.remedy


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["redis", "amqp"])
def test_a_broker_that_never_answers_is_reported(scheme: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        with override_settings(CELERY_BROKER_URL=f"{scheme}://127.0.0.1:{port}/"):
            (finding,) = found("broker")
    assert finding.grade is Grade.ERROR
    assert finding.text.startswith("The broker can't be reached: ") and "time" in finding.text.lower()


@pytest.mark.slow
def test_a_broker_that_sends_its_answer_byte_by_byte_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diagnosis, "_BROKER_DEADLINE", 0.2)
    is_over = threading.Event()

    def trickle(listener: socket.socket) -> None:
        client, _ = listener.accept()
        with client:
            client.sendall(b"+")
            while not is_over.wait(0.02):
                client.sendall(b"x")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=trickle, args=[listener])
        thread.start()
        with override_settings(CELERY_BROKER_URL=f"redis://127.0.0.1:{listener.getsockname()[1]}/"):
            (finding,) = found("broker")
        is_over.set()
        thread.join()
    assert finding.text == "The broker can't be reached: no whole answer within 0.2 s"


def test_a_broker_of_an_unknown_kind_is_reported() -> None:
    with override_settings(CELERY_BROKER_URL="nonsense://a.example/"):
        (finding,) = found("broker")
    assert finding.text == "This could not be examined: KeyError: 'No such transport: nonsense'"


@pytest.mark.slow
def test_a_broker_is_looked_for_with_the_options_of_the_site() -> None:
    """A broker behind Redis Sentinel is found by the name of its master alone."""
    with socket.socket() as silent, override_settings(CELERY_BROKER_TRANSPORT_OPTIONS={"master_name": "main"}):
        silent.bind(("127.0.0.1", 0))
        with override_settings(CELERY_BROKER_URL=f"sentinel://127.0.0.1:{silent.getsockname()[1]}/"):
            (finding,) = found("broker")
    assert finding.text.startswith("The broker can't be reached: No master found for 'main'")


def test_a_site_without_a_broker_needs_none() -> None:
    with override_settings(CELERY_BROKER_URL=""):
        assert found("broker") == []


def test_the_disk_of_the_home_is_examined_whatever_the_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = SimpleNamespace(total=100 * 10**9, used=99_900_000_000, free=10**8)
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: usage)
    monkeypatch.setattr(connection, "vendor", "other")  # its files may be on another machine
    with override_settings(HOME=tmp_path):
        finding, *_ = found("disk")
    assert (finding.grade, finding.text) == (Grade.ERROR, f"0.1 GB are left on the disk of {tmp_path}.")


def test_a_disk_is_examined_even_if_there_is_no_temporary_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> str:
        raise FileNotFoundError(errno.ENOENT, "No usable temporary directory found")  # as on a full disk

    usage = SimpleNamespace(total=100 * 10**9, used=100 * 10**9, free=0)
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: usage)
    monkeypatch.setattr(tempfile, "gettempdir", fail)
    for temporary in (str(tmp_path), ""):
        monkeypatch.setenv("TMPDIR", temporary)
        with override_settings(HOME=tmp_path):
            findings = found("disk")
        assert findings
        assert all("0.0 GB are left on the disk of" in finding.text for finding in findings)


def test_a_database_that_is_down_is_reported_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> str:
        raise OperationalError("connection refused") from ConnectionRefusedError()

    monkeypatch.setattr(diagnosis, "why_not_ready", fail)
    (finding,) = found("database")
    assert finding.text.startswith("the database failed (connection refused); it can't be reached: ")
