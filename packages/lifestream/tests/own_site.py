"""A site of its own for a test: a folder, and the `lifestream` command in it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from forked import FORKER

PATIENCE = 120.0  # seconds; a busy machine takes its time to start a process


def environment(folder: Path, **more: str) -> dict[str, str]:
    """Return the environment of a site in *folder*, without the variables that configure the site of the tests."""
    ours = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("LIFESTREAM_", "DATABASE_URL", "CELERY_", "DJANGO_"))
    }
    return ours | {"LIFESTREAM_HOME": str(folder), "LIFESTREAM_ALLOWED_NETWORKS": "127.0.0.0/8", **more}


def command(*arguments: str, folder: Path, **more: str) -> subprocess.CompletedProcess[str]:
    """Run the `lifestream` command to its end. Commands of several threads run one after the other."""
    if hasattr(os, "fork"):
        return FORKER.run(arguments, environment(folder, **more))
    return command_in_new_process(*arguments, folder=folder, **more)


def command_in_new_process(*arguments: str, folder: Path, **more: str) -> subprocess.CompletedProcess[str]:
    """Run the command to its end in a new process of Python: commands of several threads run at the same time."""
    return subprocess.run(
        [sys.executable, "-m", "lifestream", *arguments],
        env=environment(folder, **more),
        capture_output=True,
        encoding="utf-8",
        timeout=PATIENCE,
        check=False,
    )
