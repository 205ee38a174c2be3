"""Fixtures for the tests of lifestream."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from made_once import only_one, tables
from own_site import command
from shared_parsers import SharedParsers


@pytest.fixture(scope="session")
def _parsers() -> Iterator[SharedParsers]:
    with SharedParsers() as parsers:
        yield parsers


@pytest.fixture
def shared_parsers(_parsers: SharedParsers) -> Iterator[None]:
    """Parse the documents of this test in parser processes that other tests share.

    Use it in tests of what is made of a document, not in tests of the processes. Without it, each refresh starts
    parsers of its own, which takes longer than most tests. A parser remembers nothing of a document that it has read.
    """
    with mock.patch("lifestream.refresh.factories.ParserPool", _parsers.lend):
        yield


@pytest.fixture(scope="session")
def django_db_setup(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    django_db_modify_db_settings: None,
    django_db_blocker: Any,
) -> Iterator[None]:
    """Make the test database of this process, as pytest-django does, except that only one process makes the tables.

    On PostgreSQL, and with `--reuse-db`, it is made as pytest-django makes it.
    """
    from django.db import connection

    def whole() -> None:
        request.getfixturevalue("django_db_setup")

    if connection.vendor != "sqlite" or request.config.getoption("reuse_db"):
        whole()
        yield
        return
    with ExitStack() as stack:
        with django_db_blocker.unblock():
            stack.enter_context(tables(tmp_path_factory, whole))
        yield


@pytest.fixture(scope="session", autouse=True)
def _tables_are_emptied_quickly() -> None:
    from emptied_tables import empty_after_tests

    empty_after_tests()


@pytest.fixture(autouse=True)
def _no_outage() -> None:
    """Forget the outages of earlier tests, so that this test logs its own outages and not the end of theirs."""
    from lifestream.storage.outages import OUTAGES

    OUTAGES.forget()


@pytest.fixture(scope="session")
def _site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    with only_one(tmp_path_factory, "site") as folder:
        if not folder.exists():
            made = Path(tempfile.mkdtemp(dir=folder.parent))
            done = command("migrate", "--verbosity=0", folder=made)
            assert done.returncode == 0, done.stderr
            made.rename(folder)
    return folder


@pytest.fixture
def site_home(_site: Path, tmp_path: Path) -> Path:
    """Return a folder for LIFESTREAM_HOME with a secret key and a migrated database, as a first command leaves it.

    The folder is a copy. The first test that needs one makes the original, for all test processes, since the migrations
    take several times as long as the start of a command.
    """
    folder = tmp_path / "home"
    shutil.copytree(_site, folder)
    return folder
