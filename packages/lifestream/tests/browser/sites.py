"""The bundled site, started by its command in a process of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

SECONDS = 120.0  # only a failing test waits so long


def environment(home: Path, **more: str) -> Mapping[str, str]:
    """Return the environment of the command: that of this process without its database and broker, *home* as
    LIFESTREAM_HOME, the loopback network as an allowed one, and *more*.
    """
    ours = {
        "LIFESTREAM_HOME": str(home),
        "LIFESTREAM_ALLOWED_NETWORKS": "127.0.0.0/8",
        "DJANGO_SETTINGS_MODULE": "lifestream.site.settings",
        "PYTHONIOENCODING": "utf-8",
    }
    inherited = {name: os.environ[name] for name in os.environ if name not in ("DATABASE_URL", "CELERY_BROKER_URL")}
    return {**inherited, **ours, **more}


@contextmanager
def running(
    *command: str, home: Path, pattern: str = r"is at (http://\S+)/", settings: str = "lifestream.site.settings"
) -> Iterator[str]:
    """Run `lifestream COMMAND` in a process with the module *settings*, and yield the address that *pattern* finds in
    its output.
    """
    process = subprocess.Popen(
        [sys.executable, "-m", "lifestream", *command],
        env=environment(home, DJANGO_SETTINGS_MODULE=settings, PYTHONPATH=os.pathsep.join(sys.path)),
        stdout=subprocess.PIPE,
        encoding="utf-8",
    )
    assert process.stdout is not None
    with process, process.stdout:
        try:
            found = None
            for line in process.stdout:
                if found := re.search(pattern, line):
                    break
            if found is None:
                pytest.fail(f"lifestream {' '.join(command)} ended with {process.wait(SECONDS)} and printed no address")
            yield found[1]
        finally:
            process.terminate()
            process.wait(SECONDS)
