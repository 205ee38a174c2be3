"""A refresh in a process of its own, for tests that kill it: `python dying.py [PLACE]` waits for a line, then begins.

When it reaches PLACE, the process kills itself, as a power cut would: nothing is cleaned up, and nothing that isn't
committed is kept. Its parser processes share its standard error, which is therefore closed only when all have ended.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any, Final

CHUNK: Final = 50
"""Items in one transaction: fewer than usual, so that a small document has several."""

PLACES: Final[dict[str, tuple[str, str, int]]] = {
    "after the claim": ("scheduler.leases.claim", "after", 1),
    "when a parser has the document": ("parser.ipc.send", "after", 2),  # the rules come first
    "before the first chunk": ("storage.writer._commit", "before", 1),
    "while tags are written": ("storage.item_import._write_tags", "before", 1),
    "while the search index is written": ("models.fulltext.index", "after", 1),
    "between chunks": ("storage.writer._commit", "before", 2),
    "in the last chunk": ("models.fulltext.index", "after", 3),
    "before the feed's state is written": ("storage.writer._settle", "before", 1),
    "before the feed's state is committed": ("storage.writer._settle", "after", 1),
    "when all is stored": ("storage.writer.store", "after", 1),
}
"""For each place: a function of lifestream, "before" or "after", and the number of the call (from 1) before or after
which the process kills itself.
"""


def die() -> None:
    """End this process at once: by SIGKILL, or by TerminateProcess."""
    os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))


def set_up(place: str) -> None:
    """Wrap the function of *place*."""
    from importlib import import_module

    path, when, count = PLACES[place]
    module_name, _, name = path.rpartition(".")
    module = import_module(f"lifestream.{module_name}")
    function: Callable[..., Any] = getattr(module, name)
    calls = 0

    def dying(*args: Any, **options: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == count and when == "before":
            die()
        result = function(*args, **options)
        if calls == count:
            die()
        return result

    setattr(module, name, dying)


def start(place: str = "", **settings: str) -> subprocess.Popen[str]:
    """Start this program on the database of the test that calls; see `go`."""
    from django.db import connection

    database = connection.settings_dict
    if connection.vendor == "sqlite":
        url = f"sqlite:///{database['NAME']}"
    else:
        url = "postgresql://{USER}:{PASSWORD}@{HOST}:{PORT}/{NAME}".format(**database)
    environment = {
        **os.environ,
        "LIFESTREAM_TEST_DATABASE_URL": url,
        "DJANGO_SETTINGS_MODULE": "testsite.settings",
        "PYTHONPATH": os.pathsep.join(sys.path),
        **settings,
    }
    pipe = subprocess.PIPE
    return subprocess.Popen(
        [sys.executable, __file__, *([place] if place else [])],
        env=environment,
        stdin=pipe,
        stdout=pipe,
        stderr=pipe,
        encoding="utf-8",
    )


def end(process: subprocess.Popen[str], timeout: float) -> tuple[str, str]:
    """Wait until *process*, which `start` returned, and its parsers end. Return its standard output and standard error.

    PostgreSQL notices a moment later that a client was killed. Until then, the client's transaction is open, and a
    claim of feeds passes over the hosts that this transaction has locked.
    """
    from django.db import connection

    output = process.communicate(timeout=timeout)
    if connection.vendor == "postgresql":
        deadline = time.monotonic() + timeout
        while transactions_of_others():
            assert time.monotonic() < deadline, "PostgreSQL still has a transaction of the process that has ended"
            time.sleep(0.01)
    return output


def transactions_of_others() -> int:
    """Return how many transactions of other sessions are open in the test's database of PostgreSQL."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            " AND backend_type = 'client backend' AND xact_start IS NOT NULL"
        )
        return int(cursor.fetchone()[0])


def go(process: subprocess.Popen[str]) -> None:
    """Wait until *process*, which `start` returned, is ready, and let it begin."""
    assert process.stdout is not None
    assert process.stdin is not None
    assert process.stdout.readline() == "ready\n"
    process.stdin.write("go\n")
    process.stdin.flush()


def main() -> None:
    """Wait for a line on standard input, then run the refresh."""
    import django

    django.setup()
    from django.conf import settings

    from lifestream.refresh import refresh
    from lifestream.storage import item_import, writer

    settings.LIFESTREAM_PARSERS = 1
    for module in (item_import, writer):
        setattr(module, "CHUNK", CHUNK)  # noqa: B010 - it is Final, except for this program
    if len(sys.argv) > 1:
        set_up(sys.argv[1])
    print("ready", flush=True)
    sys.stdin.readline()
    print(refresh(), flush=True)


if __name__ == "__main__":
    main()
