"""Fixtures that were read, and are good for as long as their files stay the same.

A suite has a server a test and one folder for them all, so what was read of a small file is kept for the servers to
come. Each asks the system whether the file is still the same, as it does for every request.
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
"""Fixtures that are kept for the servers to come."""

LARGEST_KEPT = 65_536
"""The largest body, in bytes, that is kept for them."""


@dataclass(frozen=True, slots=True)
class FileStamp:
    """What changes when the file or folder at *path* does: its time in nanoseconds, its size and its number.

    All are 0 where nothing is at *path*.
    """

    path: str
    changed: int
    size: int
    number: int

    @classmethod
    def of(cls, path: str) -> FileStamp:
        """Return the stamp that *path* has now."""
        status = _status(path)
        return cls(path, status.st_mtime_ns, status.st_size, status.st_ino) if status else cls(path, 0, 0, 0)

    def is_current(self) -> bool:
        """Return whether *path* still has this stamp."""
        status = _status(self.path)
        if status is None:
            return self.changed == self.size == self.number == 0
        return status.st_mtime_ns == self.changed and status.st_size == self.size and status.st_ino == self.number


@dataclass(frozen=True, slots=True)
class WatchedFixture:
    """What a *file* says, and the *stamps* of what must not have changed since."""

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
        return max(stamp.changed for stamp in self.stamps) / 1e9 < time.time() - FRESH


_kept: dict[tuple[Folder, HostPath], WatchedFixture] = {}
"""For the servers to come: what answers a place of a folder."""


def load(file: Path, beneath: str | None) -> WatchedFixture:
    """Load a fixture. The folder is watched too: it tells when a sidecar appears, without asking each time."""
    sidecar = sidecar_of(file)
    stamps = tuple(FileStamp.of(os.fspath(path)) for path in (file, file.parent, sidecar) if path.exists())
    loaded = loader.read(file, beneath=beneath)
    return WatchedFixture(file, stamps, loaded.response, loaded.warnings)


def kept_fixture(folder: Folder, place: HostPath) -> WatchedFixture | None:
    """Return what was kept of a place by an earlier server; None where nothing was, or its files have changed."""
    kept = _kept.get((folder, place))
    return kept if kept is not None and kept.is_current() else None


def keep(folder: Folder, place: HostPath, loaded: WatchedFixture) -> None:
    """Keep a small fixture for the servers to come."""
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
