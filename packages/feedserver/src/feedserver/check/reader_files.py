"""The files of a reader under check, which may have made folders of any depth, and links and pipes among them.

Folders that are too deep for Python's own functions are expected, no link is followed out of the folder that is
searched, and nothing waits for a pipe.
"""

from __future__ import annotations

import os
import shutil
import stat
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO

from feedserver.messages.safe_open import is_beneath, open_file

LARGEST_FILE = 256 << 20
"""Bytes: larger files of a reader are not searched for items."""

LARGEST_STATE = 2 << 30
"""Bytes that are read of a reader's files at most, in one search."""

MOST_FILES = 200_000
"""Files and folders of a reader that are looked at, at most."""

_MODE = 0o700


class TooMuch(Exception):
    """A reader has more files than are looked at, or has put its files out of reach; the text says which."""


class ReaderFiles:
    """The files at *state*, a folder or file; *home* is the reader's own folder.

    Raises TooMuch if the path *state* is in *home*, but a link on that path leads out of *home*.
    """

    def __init__(self, state: Path, home: Path) -> None:
        self._state = state
        self._real = os.path.realpath(state)
        self._bytes_left = LARGEST_STATE
        own = os.path.join(os.path.realpath(home.parent), home.name)  # noqa: PTH118 - of text; HOME may be a link by now
        if state.is_relative_to(home) and self._real != own and not is_beneath(state, own):
            raise TooMuch(f"a link leads from {state} out of the reader's HOME")

    def paths(self) -> Iterator[Path]:
        """Yield each regular file. Raises TooMuch where there are too many."""
        if os.path.isfile(self._state):  # noqa: PTH113 - Path raises where the reader has locked the folder above
            yield self._state
            return
        remaining = MOST_FILES
        folders = [os.fspath(self._state)]
        while folders:
            try:
                with os.scandir(folders.pop()) as listing:
                    entries = list(listing)
            except OSError:  # no permission to read the folder, it was removed, or its path is too long for the system
                continue
            remaining -= len(entries)
            if remaining < 0:
                raise TooMuch(f"there are more than {MOST_FILES:,} files and folders in {self._state}")
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    folders.append(entry.path)
                elif entry.is_file(follow_symlinks=False):
                    yield Path(entry.path)

    def read(self, path: Path) -> bytes:
        """Return the content of a regular file, b"" if the file is larger than LARGEST_FILE.

        Raises OSError where it cannot be opened, TooMuch where more than LARGEST_STATE was read by now.
        """
        beneath = self._real if path != self._state else None
        with open_file(path, beneath) as file:
            data = b"" if os.fstat(file.fileno()).st_size > LARGEST_FILE else file.read(LARGEST_FILE)
        self._bytes_left -= len(data)
        if self._bytes_left < 0:
            raise TooMuch(f"there are more than {LARGEST_STATE >> 20:,} MiB in {self._state}")
        return data

    def move_times(self, since: float, seconds: float) -> None:
        """Add *seconds* to the time of the last change of each file that was changed between *since* and now."""
        beneath = self._real if os.path.isdir(self._state) else None  # noqa: PTH112 - as in `paths`
        for path in self.paths():
            with suppress(OSError):  # the reader removed it meanwhile, or put something else in its place
                if path.lstat().st_mtime <= since:
                    continue
                with open_file(path, beneath) as file:
                    status = os.fstat(file.fileno())
                    if since < status.st_mtime <= time.time():
                        moved = status.st_mtime_ns + int(seconds * 1e9)
                        os.utime(file.fileno(), ns=(status.st_atime_ns, moved))


def new_file(path: Path) -> IO[bytes]:
    """Open a new file at *path*, for reading and writing, in place of whatever the reader has put there."""
    if path.is_dir() and not path.is_symlink():
        remove_tree(path)
    path.unlink(missing_ok=True)
    return path.open("x+b")


def remove_tree(top: Path) -> None:
    """Remove a folder and all that is in it, as far as the system allows, however deep its folders are; of a link, only
    the link itself.
    """
    if os.path.islink(top):  # noqa: PTH114 - Path raises where the reader has locked the folder above
        top.unlink()
        return
    with suppress(RecursionError):  # of Python up to 3.12
        shutil.rmtree(top, ignore_errors=True)
    number = 0
    while folders := _folders_in(top):
        for folder in folders:
            for inner in _folders_in(folder):  # moved to *top*, so that no path becomes too long for the system
                number += 1
                with suppress(OSError):
                    inner.rename(top / f".feedserver-{number}")
            with suppress(RecursionError):
                shutil.rmtree(folder, ignore_errors=True)
            if folder.exists():
                return  # the system does not allow it
    shutil.rmtree(top, ignore_errors=True)


def _folders_in(folder: Path) -> list[Path]:
    """Return the folders in *folder*, after giving its owner all permissions for *folder*."""
    with suppress(OSError):
        folder.chmod(_MODE)
        with os.scandir(folder) as listing:
            return [Path(entry.path) for entry in listing if entry.is_dir(follow_symlinks=False)]
    return []


def copy_tree(source: Path, target: Path) -> None:
    """Copy a folder, links as links, without pipes and the like. Raises OSError where that is not possible."""
    try:
        shutil.copytree(source, target, symlinks=True, ignore=_special)
    except RecursionError:
        raise OSError(f"its folders are nested too deeply in {source}") from None


def _special(folder: str, names: list[str]) -> list[str]:
    """Return those of *names* that cannot be copied: sockets, pipes and devices."""
    return [
        name
        for name in names
        if stat.S_IFMT(os.lstat(Path(folder, name)).st_mode) not in (stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK)
    ]
