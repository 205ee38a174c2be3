"""What the first test process of a run makes for all test processes."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection

PATIENCE = 600.0  # seconds; the work of another process takes a few of them, or many on a busy machine


@contextmanager
def only_one(factory: pytest.TempPathFactory, name: str) -> Iterator[Path]:
    """Yield the path *name*, which all processes of this run share and only one at a time may use."""
    shared = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    with closing(sqlite3.connect(shared / f"{name}.lock", timeout=PATIENCE, isolation_level=None)) as lock:
        lock.execute("BEGIN EXCLUSIVE")
        yield shared / name


@contextmanager
def tables(factory: pytest.TempPathFactory, migrate: Callable[[], Any]) -> Iterator[None]:
    """Make the test database: the first process calls *migrate*, and the others copy its file, which takes no time.

    The database must be SQLite's, and no process may have opened its test database before.
    """
    own = Path(connection.settings_dict["TEST"]["NAME"])
    with only_one(factory, "tables") as whole:
        if is_first := not whole.exists():
            migrate()
            with connection.cursor() as cursor:
                cursor.execute("VACUUM INTO %s", [str(whole)])
        else:
            shutil.copy(whole, own)
    if is_first:
        yield
        return
    connection.close()
    settings.DATABASES["default"]["NAME"] = connection.settings_dict["NAME"] = str(own)
    yield
    connection.close()
    for file in own.parent.glob(f"{own.name}*"):  # the database, and the files that SQLite has left beside it
        file.unlink()
