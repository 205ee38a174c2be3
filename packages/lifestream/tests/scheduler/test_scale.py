"""A site with several processes: commands, workers and a beat, with a real Redis and a real PostgreSQL. All share one
home.

`python scripts/services.py run -- pytest packages/lifestream/tests/scheduler/test_scale.py` starts Redis and
PostgreSQL.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from feedserver import FeedServer
from own_site import PATIENCE, command, environment
from served import feed

REDIS = os.environ.get("LIFESTREAM_TEST_REDIS_URL", "")
POSTGRES = os.environ.get("LIFESTREAM_TEST_DATABASE_URL", "")

pytestmark = [
    pytest.mark.costly,
    pytest.mark.redis,
    pytest.mark.skipif(not REDIS, reason="LIFESTREAM_TEST_REDIS_URL names no Redis; see scripts/services.py"),
]


@pytest.fixture
def server() -> Iterator[FeedServer]:
    with FeedServer() as server:
        yield server


@pytest.fixture
def database() -> Iterator[str]:
    """Yield the URL of an empty PostgreSQL database, which is dropped afterwards."""
    if not POSTGRES.startswith("postgres"):
        pytest.skip("LIFESTREAM_TEST_DATABASE_URL names no PostgreSQL; see scripts/services.py")
    import psycopg

    name = f"lifestream_scale_{os.getpid()}"
    with psycopg.connect(POSTGRES, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {name}")
        yield urlsplit(POSTGRES)._replace(path=f"/{name}").geturl()
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def broker() -> Iterator[str]:
    """Empty the Redis database of LIFESTREAM_TEST_REDIS_URL, yield its URL, and empty it again."""
    import redis

    with redis.Redis.from_url(REDIS) as connection:
        connection.flushdb()
        yield REDIS
        connection.flushdb()


@contextmanager
def worker(folder: Path, *arguments: str, **more: str) -> Iterator[subprocess.Popen[str]]:
    """Yield a worker that is ready for tasks. End it with SIGTERM, and assert that its exit status is 0."""
    if sys.platform == "win32":
        pytest.skip("Celery's workers do not run on Windows")
    process = subprocess.Popen(
        [sys.executable, "-m", "celery", "-A", "lifestream.site", "worker", "--loglevel", "INFO", "--concurrency", "2"]
        + list(arguments),
        env=environment(folder, **more),
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        start_new_session=True,  # so that it can be ended with its children
    )
    end = partial(os.killpg, process.pid, signal.SIGKILL)
    timer = threading.Timer(2 * PATIENCE, end)
    timer.start()
    lines: list[str] = []
    try:
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line)
            if re.search(r"\bready\.$", line):
                break
        else:
            raise AssertionError("the worker ended:\n" + "".join(lines))
        drain = threading.Thread(target=lambda: lines.extend(process.stdout or ()))
        drain.start()
        yield process
        process.send_signal(signal.SIGTERM)
        process.wait(PATIENCE)
        drain.join(PATIENCE)
        output = "".join(lines)
        assert process.returncode == 0, output
        assert "Traceback" not in output, output
    finally:
        timer.cancel()
        with suppress(ProcessLookupError):
            end()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def rows(database: str, query: str) -> list[tuple[Any, ...]]:
    import psycopg

    with psycopg.connect(database) as connection:
        return connection.execute(query).fetchall()


class Machine:
    """A site on one machine: its home, its database and its broker."""

    def __init__(self, folder: Path, database: str, broker: str) -> None:
        self.folder = folder
        self.more = {"DATABASE_URL": database, "CELERY_BROKER_URL": broker}

    def run(self, *arguments: str) -> str:
        done = command(*arguments, folder=self.folder, **self.more)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def worker(self, *arguments: str) -> Any:
        return worker(self.folder, *arguments, **self.more)


@pytest.fixture
def site(tmp_path: Path, database: str, broker: str) -> Machine:
    return Machine(tmp_path, database, broker)


ALL_ARE_DUE = "UPDATE lifestream_feed SET next_fetch = now() - interval '1 day'"


@pytest.mark.postgres
def test_the_beat_updates_due_feeds(site: Machine, server: FeedServer) -> None:
    server.add("/feed", feed(("one",)), feed(("one", "two")))
    site.run("add_feed", server.url("/feed"))
    site.more["LIFESTREAM_CHECK_EVERY"] = "0.5"
    with site.worker("--beat", "--schedule", str(site.folder / "beat")):
        import psycopg

        with psycopg.connect(site.more["DATABASE_URL"], autocommit=True) as connection:
            connection.execute(ALL_ARE_DUE)
        server.wait_for("/feed", count=2, timeout=PATIENCE)
    assert rows(site.more["DATABASE_URL"], "SELECT count(*) FROM lifestream_item") == [(2,)]


@pytest.mark.postgres
def test_two_workers_and_a_command_request_each_feed_once(site: Machine, server: FeedServer) -> None:
    count = 60
    outlines = "".join(f'<outline xmlUrl="{server.url(f"/{number}")}" text="{number}"/>' for number in range(count))
    (site.folder / "list.opml").write_text(f'<opml version="2.0"><body>{outlines}</body></opml>')
    for number in range(count):
        server.add(f"/{number}", feed((f"item {number}",)))
    site.run("import_opml", str(site.folder / "list.opml"), "--no-update")
    with site.worker("--hostname", "one@%h"), site.worker("--hostname", "two@%h"):
        send = "from lifestream.tasks import update_feeds; [update_feeds.delay() for _ in range(6)]"
        site.run("shell", "-c", send)
        site.run("update_feeds", "-v", "0")
        for number in range(count):
            server.wait_for(f"/{number}", count=1, timeout=PATIENCE)
    assert len(server.requests) == count
    assert rows(site.more["DATABASE_URL"], "SELECT count(*), count(DISTINCT feed_id) FROM lifestream_item") == [
        (count, count)
    ]
    assert rows(site.more["DATABASE_URL"], "SELECT count(*) FROM lifestream_feed WHERE claim_token <> ''") == [(0,)]
