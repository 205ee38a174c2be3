"""A cache of fixtures that were read, valid for as long as their files stay the same.

A test suite starts a server per test and has one folder for all of them, so small fixtures are kept for later servers
of the process. Each server asks the system whether the file is still the same, as it does for every request.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field
from pathlib import Path

from feedserver.fixtures import loader
from feedserver.fixtures.document_root import Folder
from feedserver.fixtures.loader import sidecar_of
from feedserver.handler.ready_answers import ReadyAnswer
from feedserver.handler.routes import HostPath
from feedserver.messages.response import Response

FRESH = 0.05
"""Seconds after a change during which a file is not cached: a second change might leave the same time stamp."""

KEPT = 512
"""The most fixtures that are kept for later servers."""

LARGEST_KEPT = 65_536
"""The largest body, in bytes, that is kept for later servers."""


@dataclass(frozen=True, slots=True)
class FileStamp:
    """The attributes of the file or folder at *path* that change with it: times in nanoseconds, *size*, *inode*.

    *modified* is the time of its content, which `cp -p` and archives set to that of another file; *changed* is the time
    of its last change of any kind, which nobody can set (st_ctime; on Windows it is the time of its creation). All are
    0 where nothing is at *path*.
    """

    path: str
    modified: int
    changed: int
    size: int
    inode: int

    @classmethod
    def of(cls, path: str) -> FileStamp:
        """Return the stamp that *path* has now."""
        status = _status(path)
        if status is None:
            return cls(path, 0, 0, 0, 0)
        return cls(path, status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino)

    def is_current(self) -> bool:
        """Return whether *path* still has this stamp."""
        status = _status(self.path)
        if status is None:
            return self.modified == self.changed == self.size == self.inode == 0
        return (
            status.st_mtime_ns == self.modified
            and status.st_ctime_ns == self.changed
            and status.st_size == self.size
            and status.st_ino == self.inode
        )

    def is_settled(self) -> bool:
        """Return whether the last change of *path* is older than FRESH: then another change leaves another stamp."""
        return max(self.modified, self.changed) / 1e9 < time.time() - FRESH


@dataclass(frozen=True, slots=True)
class WatchedFixture:
    """The content of a fixture's *file*, and the *stamps* of the files on which that content depends.

    It is current while none of these files has changed.
    """

    file: Path
    stamps: tuple[FileStamp, ...]
    response: Response
    warnings: tuple[loader.FixtureWarning, ...]
    ready: dict[bool, ReadyAnswer | None] = field(default_factory=dict)

    def is_current(self) -> bool:
        for stamp in self.stamps:  # noqa: SIM110 - a loop, since `all` with a generator costs each request as much as a stamp
            if not stamp.is_current():
                return False
        return True

    def is_settled(self) -> bool:
        return all(stamp.is_settled() for stamp in self.stamps)


_kept: dict[tuple[Folder, HostPath], WatchedFixture] = {}
"""The fixtures kept for later servers, by folder and place."""


def load(file: Path, beneath: str | None) -> WatchedFixture:
    """Load a fixture. Its folder is watched too: the folder's stamp changes when a sidecar appears."""
    sidecar = sidecar_of(file)
    paths = map(os.fspath, (file, file.parent, sidecar))
    # `os.path.exists` is False for a path that is too long, as that of the sidecar may be; `Path.exists` raises.
    stamps = tuple(FileStamp.of(path) for path in paths if os.path.exists(path))  # noqa: PTH110
    loaded = loader.read(file, beneath=beneath)
    return WatchedFixture(file, stamps, loaded.response, loaded.warnings)


def kept_fixture(folder: Folder, place: HostPath) -> WatchedFixture | None:
    """Return the fixture that an earlier server kept for *place*; None if there is none, or its files have changed."""
    kept = _kept.get((folder, place))
    return kept if kept is not None and kept.is_current() else None


def keep(folder: Folder, place: HostPath, loaded: WatchedFixture) -> None:
    """Keep a fixture for later servers, if it is small."""
    body = loaded.response.body
    if isinstance(body, bytes) and len(body) <= LARGEST_KEPT:
        key = (folder, place)
        _kept.pop(key, None)
        if len(_kept) >= KEPT:
            del _kept[next(iter(_kept))]
        _kept[key] = loaded


def _status(path: str) -> os.stat_result | None:
    try:
        return os.stat(path)  # noqa: PTH116 - this is asked at every request, and Path.stat costs twice as much
    except OSError:
        return None
