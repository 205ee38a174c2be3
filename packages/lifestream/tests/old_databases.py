"""A database as an earlier version of lifestream has left it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.recorder import MigrationRecorder
from django.db.migrations.state import StateApps


@contextmanager
def database_of(migration: str) -> Iterator[StateApps]:
    """Migrate the test database back to *migration* of lifestream, and yield the models of that state.

    The body of the `with` statement migrates the database to the newest state again. If it has not, the context manager
    does.
    """
    recorder = MigrationRecorder(connection)
    all_applied = set(recorder.applied_migrations())
    executor = MigrationExecutor(connection)
    try:
        state = executor.migrate([("lifestream", migration)])
        yield state.apps
    finally:
        if set(recorder.applied_migrations()) != all_applied:
            call_command("migrate", verbosity=0)
