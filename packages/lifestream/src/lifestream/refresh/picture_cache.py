"""Pictures of feeds on disk, in a folder whose size is limited.

A file is named by the hash of its picture's address, and by the feed that names the picture. An empty file says that
there was no picture at that address. All processes of a site may share a folder: a file appears in one step, complete,
and may be deleted at any time.

If two feeds name the same picture, it is kept for each of them: so the bytes of a file count for one feed, and a feed
with many large pictures pushes out its own, not those of the others.
"""

from __future__ import annotations

import contextlib
import hashlib
import heapq
import os
import re
import tempfile
import threading
import time
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

FRESH: Final = 7 * 86400.0
"""Seconds for which a picture is kept before it is requested again."""
FRESH_FAILURE: Final = 3600.0
"""Seconds for which an address that gave no picture is not requested again."""
_OVERHEAD: Final = 4096
"""Bytes that each file counts in addition to its content, so that the number of files is limited, too."""
_UNFINISHED: Final = ".part"
_CACHE_FILE = re.compile(rf"[0-9a-f]{{62}}(?:-([0-9]++))?|.*{re.escape(_UNFINISHED)}", re.DOTALL)


@dataclass(frozen=True, order=True, slots=True)
class _File:
    """A file of the cache: when it was *written*, the bytes that count, and the *feed* that names the picture."""

    written: float
    size: int
    path: Path
    feed: int
    is_stale: bool


class PictureCache:
    """The pictures in *folder*, which is made if it is not there, and may hold *size* bytes.

    Pictures that have to be requested again are deleted first, then the oldest ones of the feed whose pictures take the
    most space. Each process adds up the sizes when it has added a tenth of *size*; so the folder may be larger by
    about a tenth for each process but the first.
    """

    def __init__(self, folder: Path, size: int) -> None:
        self._folder, self._size = folder, size
        self._added = size  # a process that starts adds up the sizes with its first picture
        self._lock = threading.Lock()

    def get(self, url: str, now: float | None = None, feed: int = 0) -> bytes | None:
        """Return the picture at *url*; b"" if there was none at that address; None if it has to be requested. *feed* is
        the key of the feed that names it, 0 if that is not known.
        """
        path = self._path(url, feed)
        try:
            age = (time.time() if now is None else now) - path.stat().st_mtime
            data = path.read_bytes()
        except OSError:
            return None
        return None if _is_stale(age, len(data)) else data

    def put(self, url: str, data: bytes, feed: int = 0) -> None:
        """Keep *data*, the picture at *url* that *feed* names, or b"" if there is none. Raises OSError if it can't be
        written.
        """
        path = self._path(url, feed)
        self._make_folders(path.parent)
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

    def _make_folders(self, part: Path) -> None:
        """Create *part*, a folder of the cache, and its parents. `mkdir(parents=True)` would leave the modes of the
        parents to the umask, and whoever may write to one of them can replace the pictures below it.
        """
        for parent in reversed(self._folder.parents):
            if not parent.exists():
                parent.mkdir(mode=0o755, exist_ok=True)
        self._folder.mkdir(mode=0o700, exist_ok=True)
        part.mkdir(mode=0o700, exist_ok=True)

    def shrink(self) -> None:
        """Delete pictures until the others take nine tenths of the allowed size at most."""
        files = sorted(self._files())
        over = sum(file.size for file in files) - self._size * 9 // 10
        of_feed: Counter[int] = Counter()
        fresh: dict[int, deque[_File]] = {}
        for file in files:
            if not file.is_stale:
                of_feed[file.feed] += file.size
                fresh.setdefault(file.feed, deque()).append(file)
            elif over > 0:
                over -= _delete(file)
        largest = [(-size, feed) for feed, size in of_feed.items()]
        heapq.heapify(largest)
        while over > 0 and largest:
            size, feed = largest[0]
            deleted = _delete(fresh[feed].popleft())
            over -= deleted
            if fresh[feed]:
                heapq.heapreplace(largest, (size + deleted, feed))
            else:
                heapq.heappop(largest)

    def _files(self) -> Iterator[_File]:
        """Yield each file of the cache; other files in the folder are left alone."""
        now = time.time()
        for folder in self._folder.glob("[0-9a-f][0-9a-f]"):
            for path in folder.iterdir():
                if name := _CACHE_FILE.fullmatch(path.name):
                    with contextlib.suppress(OSError):
                        found = path.stat()
                        is_stale = _is_stale(now - found.st_mtime, found.st_size)
                        yield _File(found.st_mtime, found.st_size + _OVERHEAD, path, int(name[1] or 0), is_stale)

    def _path(self, url: str, feed: int) -> Path:
        name = hashlib.sha256(url.encode("utf-8", "surrogatepass")).hexdigest()
        return self._folder / name[:2] / (f"{name[2:]}-{feed}" if feed else name[2:])


def _is_stale(age: float, size: int) -> bool:
    """Return whether a picture of *size* bytes that was kept *age* seconds ago has to be requested again. A time in
    the far future doesn't count: the clock was set back.
    """
    return abs(age) >= (FRESH if size else FRESH_FAILURE)


def _delete(file: _File) -> int:
    """Delete *file*, and return how many bytes it took."""
    with contextlib.suppress(OSError):  # another process was faster, or reads it (on Windows)
        file.path.unlink()
    return file.size
