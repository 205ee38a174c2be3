"""Temporary folders that end with the process that made them, and not with a child that it has forked."""

from __future__ import annotations

import os
import sys
import weakref
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_MARK = ".feedserver-scratch"
"""The file that marks our folders. It stays locked until the process that made the folder ends, and its children."""


class ScratchFolder:
    """A new temporary folder at `path`, whose name begins with *prefix*.

    It is removed by `remove`, when nothing refers to the object any more, or when the process ends. A forked child has
    the object as well, and removes nothing, however it ends; `tempfile.TemporaryDirectory` would remove the folder.
    What a process leaves that is killed, the next process removes that makes such a folder; on Windows, it stays.
    """

    def __init__(self, prefix: str) -> None:
        import tempfile  # few servers need a folder
        from pathlib import Path

        self.path = Path(tempfile.mkdtemp(prefix=prefix))
        mark = _mark(self.path)
        _remove_abandoned(self.path.parent, prefix)
        self._remove = weakref.finalize(self, _remove, self.path, os.getpid(), mark)
        multiprocessing = sys.modules.get("multiprocessing.util")
        if multiprocessing is not None:  # its forked children run no finalizers of weakref
            multiprocessing.Finalize(self, self._remove, exitpriority=-1)

    def remove(self) -> None:
        """Remove the folder and all that is in it. Removing it twice is no error."""
        self._remove()


def _remove(path: Path, maker: int, mark: int | None) -> None:
    if os.getpid() == maker:
        import shutil

        shutil.rmtree(path, ignore_errors=True)
        if mark is not None:
            os.close(mark)


def _mark(folder: Path) -> int | None:
    """Mark a new *folder*, and return the descriptor that holds the lock; None where the system has no such locks."""
    if sys.platform == "win32":
        return None
    import fcntl

    new = folder / f"{_MARK}-new"  # whoever finds the mark must find it locked
    descriptor = os.open(new, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        new.rename(folder / _MARK)
    except OSError:  # a file system without locks
        os.close(descriptor)
        return None
    return descriptor


@cache
def _remove_abandoned(parent: Path, prefix: str) -> None:
    """Remove the folders in *parent*, once in a process, whose processes were killed."""
    if sys.platform == "win32":
        return
    import fcntl
    import shutil

    for mark in parent.glob(f"{prefix}*/{_MARK}"):
        with suppress(OSError):  # it is locked, that of another user, or gone
            descriptor = os.open(mark, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(mark.parent, ignore_errors=True)
            finally:
                os.close(descriptor)
