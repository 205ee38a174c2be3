"""A worker of the bundled site and a Redis that is short of memory."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from celery import Celery

from programs import PATIENCE, Program, environment

pytestmark = [
    pytest.mark.redis,
    pytest.mark.skipif(shutil.which("redis-server") is None, reason="redis-server is not installed"),
]


@pytest.fixture
def redis_socket() -> Iterator[Path]:
    """Run a Redis for one test, so that the test can limit its memory. Yield the path of its socket."""
    # Not in `tmp_path`, which may be too long: the path of a socket has at most about 100 characters.
    with tempfile.TemporaryDirectory(prefix="redis-") as folder:
        socket = Path(folder, "socket")
        command = ["redis-server", "--port", "0", "--unixsocket", str(socket), "--save", "", "--dir", folder]
        with Program(command, environment(Path(folder))) as server:
            server.wait_for_line("eady to accept connections")  # "Ready", or "ready" in old versions
            yield socket


@pytest.mark.slow
def test_a_worker_takes_tasks_when_redis_has_memory_again(redis_socket: Path, site_home: Path) -> None:
    import redis

    url = f"redis+socket://{redis_socket}"
    options = ["--pool", "solo", "--loglevel", "INFO", "--without-mingle", "--without-gossip"]
    command = [sys.executable, "-m", "celery", "--app", "lifestream.site", "worker", *options]
    with (
        redis.Redis(unix_socket_path=str(redis_socket), socket_timeout=PATIENCE) as server,
        Celery("producer", broker=url, set_as_current=False) as producer,
    ):
        producer.send_task("lifestream.update_some")
        server.config_set("maxmemory", 1)
        with Program(command, environment(site_home, CELERY_BROKER_URL=url)) as worker:
            worker.wait_for_line("command not allowed when used memory")
            server.config_set("maxmemory", 0)
            worker.wait_for_line("succeeded in")
