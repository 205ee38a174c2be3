"""Fixtures for the tests of lifestream."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from unittest import mock

import pytest

from own_site import PATIENCE, command
from shared_parsers import SharedParsers


@pytest.fixture(scope="session")
def _parsers() -> Iterator[SharedParsers]:
    with SharedParsers() as parsers:
        yield parsers


@pytest.fixture
def shared_parsers(_parsers: SharedParsers) -> Iterator[None]:
    """Documents of this test are read by a process that other tests use, too.

    It is for tests of what comes of a document, not of those that look at processes: each refresh would start its own
    parsers, which takes longer than most tests, and a parser remembers nothing of a document that it has read.
    """
    with mock.patch("lifestream.refresh.factories.ParserPool", _parsers.lend):
        yield


@pytest.fixture(scope="session", autouse=True)
def _tables_are_emptied_quickly() -> None:
    from emptied_tables import empty_after_tests

    empty_after_tests()


@pytest.fixture(autouse=True)
def _no_outage() -> None:
    """What an earlier test broke is not told as being back, and what this one breaks is told."""
    from lifestream.storage.outages import OUTAGES

    OUTAGES.forget()


@pytest.fixture(scope="session")
def _site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    folder = shared / "site"
    with closing(sqlite3.connect(shared / "site.lock", timeout=PATIENCE, isolation_level=None)) as lock:
        lock.execute("BEGIN EXCLUSIVE")
        if not folder.exists():
            made = Path(tempfile.mkdtemp(dir=shared))
            done = command("migrate", "--verbosity=0", folder=made)
            assert done.returncode == 0, done.stderr
            made.rename(folder)
    return folder


@pytest.fixture
def site_home(_site: Path, tmp_path: Path) -> Path:
    """A folder for LIFESTREAM_HOME with a secret key and a database that has its tables, as a first command leaves it.

    It is a copy of one that the first test to need it makes, for all processes that run tests: to make the tables takes
    several times as long as to start a command.
    """
    folder = tmp_path / "home"
    shutil.copytree(_site, folder)
    return folder
