"""The soft limit of open files is raised as far as needed, but not over the hard limit, and it is never lowered."""

from __future__ import annotations

import subprocess
import sys

import pytest

from lifestream.fetcher import open_files
from programs import PATIENCE

needs_limits = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")

PROGRAM = """
import resource
from lifestream.fetcher import open_files
resource.setrlimit(resource.RLIMIT_NOFILE, ({soft}, {hard}))
open_files.raise_soft_limit({connections})
print(open_files.soft_limit(), resource.getrlimit(resource.RLIMIT_NOFILE)[1])
"""


def limits_after(soft: int, hard: int, connections: int) -> tuple[int, int]:
    """Return the soft and the hard limit of a process that has raised its soft limit for a number of *connections*."""
    program = PROGRAM.format(soft=soft, hard=hard, connections=connections)
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, encoding="utf-8", timeout=PATIENCE, check=True
    )
    one, other = done.stdout.split()
    return int(one), int(other)


@needs_limits
def test_the_soft_limit_is_raised_to_what_is_needed() -> None:
    needed = 50 * open_files.PER_CONNECTION
    assert limits_after(64, 1024, 50) == (needed, 1024)


@needs_limits
def test_the_soft_limit_is_raised_no_further_than_the_hard_one() -> None:
    assert limits_after(64, 100, 50) == (100, 100)


@needs_limits
def test_the_soft_limit_is_never_lowered() -> None:
    assert limits_after(512, 1024, 1) == (512, 1024)
