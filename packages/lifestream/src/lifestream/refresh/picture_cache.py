"""Pictures of feeds on disk, in a folder whose size is limited.

A file is named by the hash of its picture's address. An empty file says that there was no picture at that address. All
processes of a site may share a folder: a file appears in one step, complete, and may be deleted at any time.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

FRESH: Final = 7 * 86400.0
"""Seconds for which a picture is kept before it is requested again."""
FRESH_FAILURE: Final = 3600.0
"""Seconds for which an address that gave no picture is not requested again."""
_OVERHEAD: Final = 4096
"""Bytes that each file counts in addition to its content, so that the number of files is limited, too."""
_UNFINISHED: Final = ".part"
_OURS = re.compile(rf"[0-9a-f]{{62}}|.*{re.escape(_UNFINISHED)}", re.DOTALL)


class PictureCache:
    """The pictures in *folder*, which is made if it is not there, and may hold *size* bytes.

    The oldest pictures are deleted first. Each process adds up the sizes when it has added a tenth of *size*; so the
    folder may be larger for a moment.
    """

    def __init__(self, folder: Path, size: int) -> None:
        self._folder, self._size = folder, size
        self._added = size  # a process that starts adds up the sizes with its first picture
        self._lock = threading.Lock()

    def get(self, url: str, now: float | None = None) -> bytes | None:
        """Return the picture at *url*; b"" if there was none at that address; None if it has to be requested."""
        path = self._path(url)
        try:
            age = (time.time() if now is None else now) - path.stat().st_mtime
            data = path.read_bytes()
        except OSError:
            return None
        return data if age < (FRESH if data else FRESH_FAILURE) else None

    def put(self, url: str, data: bytes) -> None:
        """Keep *data*, the picture at *url*, or b"" if there is none. Raises OSError if it can't be written."""
        path = self._path(url)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(suffix=_UNFINISHED, dir=path.parent)
        unfinished = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            unfinished.replace(path)
        except OSError:
            with contextlib.suppress(OSError):
                unfinished.unlink()
            raise
        with self._lock:
            self._added += len(data) + _OVERHEAD
            is_due = self._added > self._size // 10
            self._added = 0 if is_due else self._added
        if is_due:
            self.shrink()

    def shrink(self) -> None:
        """Delete the oldest pictures until the others take nine tenths of the allowed size."""
        files = sorted(self._files())
        total = sum(size for _, size, _ in files)
        for _, size, path in files:
            if total <= self._size * 9 // 10:
                return
            with contextlib.suppress(OSError):  # another process was faster, or reads it (on Windows)
                path.unlink()
            total -= size

    def _files(self) -> Iterator[tuple[float, int, Path]]:
        """Yield the time of writing, the bytes that count, and the path of each file of the cache; other files in the
        folder are left alone.
        """
        for folder in self._folder.glob("[0-9a-f][0-9a-f]"):
            for path in folder.iterdir():
                if _OURS.fullmatch(path.name):
                    with contextlib.suppress(OSError):
                        found = path.stat()
                        yield found.st_mtime, found.st_size + _OVERHEAD, path

    def _path(self, url: str) -> Path:
        name = hashlib.sha256(url.encode("utf-8", "surrogatepass")).hexdigest()
        return self._folder / name[:2] / name[2:]
