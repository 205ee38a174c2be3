"""Temporary folders that end with the process that made them, and not with a child that it has forked."""

from __future__ import annotations

import os
import sys
import weakref
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


class ScratchFolder:
    """A new temporary folder at `path`, whose name begins with *prefix*.

    It is removed by `remove`, when nothing refers to the object any more, or when the process ends. A forked child has
    the object as well, and removes nothing, however it ends; `tempfile.TemporaryDirectory` would remove the folder.
    """

    def __init__(self, prefix: str) -> None:
        import tempfile  # few servers need a folder
        from pathlib import Path

        self.path = Path(tempfile.mkdtemp(prefix=prefix))
        self._remove = weakref.finalize(self, _remove, self.path, os.getpid())
        multiprocessing = sys.modules.get("multiprocessing.util")
        # A child that multiprocessing has forked runs the finalizers of multiprocessing, and none of weakref.
        if multiprocessing is not None:
            multiprocessing.Finalize(self, _remove, (self.path, os.getpid()), exitpriority=-1)

    def remove(self) -> None:
        """Remove the folder and all that is in it. Removing it twice is no error."""
        self._remove()


def _remove(path: Path, maker: int) -> None:
    if os.getpid() == maker:
        import shutil

        shutil.rmtree(path, ignore_errors=True)
