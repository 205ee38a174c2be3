"""Limits of files, for tests of what happens when no more can be opened, or none may be written."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def no_more_files() -> Iterator[None]:
    """Let this process have no more files open in the block than before it: none can be opened unless one is closed."""
    if sys.platform == "win32":
        raise OSError("Windows has no limit to lower: skip the test there")
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    lowest_free = os.open(os.devnull, os.O_RDONLY)
    os.close(lowest_free)
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest_free, hard))  # with 0, poll() of open files would fail too
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@contextmanager
def no_file_writes() -> Iterator[None]:
    """Let each write of this process to a file fail with EFBIG in the block (a full disk would give ENOSPC)."""
    if sys.platform == "win32":
        raise OSError("Windows has no limit to lower: skip the test there")
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
