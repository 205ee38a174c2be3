"""Another connection to PostgreSQL, for tests of transactions that wait for each other."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress

import pytest
from django.db import connection

PATIENCE = 30.0  # seconds; only a failing test waits so long


class Opponent(threading.Thread):
    """Another connection, which locks two feeds. It locks *held* when it is made. After `start`, it locks *wanted* once
    Django's connection waits for a lock of this one, or at once if *at_once* is true.
    """

    def __init__(self, held: int, wanted: int, *, at_once: bool = False) -> None:
        import psycopg

        super().__init__(daemon=True)
        self._connection = psycopg.connect(
            "postgresql://{USER}:{PASSWORD}@{HOST}:{PORT}/{NAME}".format(**connection.settings_dict)
        )
        self._held, self._wanted, self._at_once = held, wanted, at_once
        self.pid = self._connection.info.backend_pid
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            self._ours = cursor.fetchone()[0]
        self._lock(held)

    def run(self) -> None:
        import psycopg.errors

        # Of two connections that wait for each other, PostgreSQL ends the one that it looks at first.
        with suppress(psycopg.errors.DeadlockDetected), self._connection:  # the block closes the connection
            if not self._at_once:
                waits = "SELECT cardinality(pg_blocking_pids(%s)) > 0"
                wait_until(lambda: self._connection.execute(waits, [self._ours]).fetchone() == (True,))
            self._go_on()

    def never_ends_first(self) -> None:
        """Let PostgreSQL end the connection of Django in a deadlock, not this one.

        Each connection is looked at once, when it has waited for its `deadlock_timeout`: Django's after a second, this
        one after 20. If this one begins to wait so late that Django's has been looked at already, it ends itself, and
        the test goes on.
        """
        import psycopg.errors

        try:
            self._connection.execute("SET deadlock_timeout = '20s'")
        except psycopg.errors.InsufficientPrivilege:
            self._connection.close()
            pytest.skip("only a superuser of PostgreSQL may set deadlock_timeout")

    def goes_on_when_waiting(self, pid: int) -> None:
        """Let this connection go on once the one with *pid* waits, in place of Django's."""
        self._ours = pid

    def _go_on(self) -> None:
        self._lock(self._wanted)

    def _lock(self, feed: int) -> None:
        self._connection.execute("SELECT id FROM lifestream_feed WHERE id = %s FOR UPDATE", [feed])


class HoldingHosts(Opponent):
    """Another connection, which holds a host, and then locks the host *wanted*: a refresh of feeds of both."""

    def _lock(self, host: int) -> None:
        self._connection.execute("SELECT id FROM lifestream_host WHERE id = %s FOR UPDATE", [host])


def wait_until(holds: Callable[[], bool]) -> None:
    """Return when *holds* returns True. Raise AssertionError after half of PATIENCE, so that a test that joins a thread
    for PATIENCE sees the error of the thread.
    """
    end = time.monotonic() + PATIENCE / 2
    while not holds():
        assert time.monotonic() < end, "what the test waits for has not happened"
        time.sleep(0.01)
