"""The only module that opens files to be served or recorded: regular files only, and none outside the root that the
caller names.

`open_file` checks the file that it has opened, not what lay at a path a moment before. It resolves the path's links,
then opens folder after folder from the root without following a link: one that appears meanwhile is refused. Where the
system can't open a file relative to a folder (Windows), it checks the path again after opening. A link inside the root
that leads to a place inside the root is followed; the root itself may be a link.

Opening a file never blocks: a named pipe or a device is refused. If its type is known beforehand, it is not even
opened.

Hard links and mounted file systems are not detected: both look like any other file of the folder.
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from pathlib import Path

WALKS = os.open in os.supports_dir_fd and hasattr(os, "O_NOFOLLOW") and hasattr(os, "O_DIRECTORY")
"""Whether this system can open a file relative to an open folder, and can refuse to follow links."""

_COMMON = getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOINHERIT", 0)
_READ = os.O_RDONLY | _COMMON
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _COMMON  # with O_EXCL, no link is followed
_NO_WAIT = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)
# With O_PATH, Linux opens a folder that may be searched but not listed.
_FOLDER = getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_PATH", 0)


class NotServable(OSError):
    """The file must not be opened: *problem* says why, *remedy* what to do. The message quotes only *path*, as it was
    asked for, and not where its links lead.
    """

    def __init__(self, path: Path, problem: str, remedy: str) -> None:
        super().__init__(f"{path}: {problem}. {remedy}")
        self.problem = problem
        self.remedy = remedy


def open_file(path: Path, beneath: str | None = None) -> BinaryIO:
    """Open a regular file for reading, without blocking.

    *beneath* is the resolved path of the folder that the file must lie in when its links are followed; None allows
    every place. Raises NotServable for a file outside of it and for what is no regular file, another OSError where the
    file can't be opened, and ValueError where the path contains NUL.
    """
    descriptor = _open_anywhere(path) if beneath is None else _open_beneath(path, beneath)
    _check_regular(path, descriptor)
    return os.fdopen(descriptor, "rb")


def create_file(path: Path) -> BinaryIO:
    """Create a file, and open it for writing.

    Raises FileExistsError where something is at *path* already, NotServable where that is a link, and another OSError
    where the file can't be created.
    """
    if path.is_symlink():
        raise _link(path)
    return os.fdopen(os.open(path, _CREATE, 0o666), "wb")


def check_overwritable(path: Path) -> None:
    """Raise NotServable for a link and for what is no regular file. A path at which nothing exists is allowed."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if stat.S_ISLNK(mode):
        raise _link(path)
    if not stat.S_ISREG(mode):
        raise _not_regular(path)


def is_beneath(path: str | os.PathLike[str], root: str) -> bool:
    """Return whether *path*, with its links resolved, lies below the resolved folder *root*."""
    return _below(os.path.realpath(path), root) is not None


def _open_anywhere(path: Path) -> int:
    if not stat.S_ISREG(path.stat().st_mode):
        raise _not_regular(path)
    return os.open(path, _READ | _NO_WAIT)


def _open_beneath(path: Path, root: str) -> int:
    real = os.path.realpath(path)
    names = _below(real, root)
    if names is None:
        raise _outside(path)
    return _walk(path, root, names) if WALKS else _open_and_look_again(path, root, real)


def _walk(path: Path, root: str, names: list[str]) -> int:
    """Open folder after folder, and then the file, without following a link.

    *names* are those of the resolved path, which contains no links: a link among them was made after the path was
    resolved, and is refused.
    """
    *folders, last = names
    folder = os.open(root, _READ | _FOLDER)
    try:
        for name in folders:
            inner = _open_no_link(path, name, folder, _FOLDER)
            os.close(folder)
            folder = inner
        mode = os.stat(last, dir_fd=folder, follow_symlinks=False).st_mode
        if not stat.S_ISREG(mode):
            raise _outside(path) if stat.S_ISLNK(mode) else _not_regular(path)
        return _open_no_link(path, last, folder, 0)
    finally:
        os.close(folder)


def _open_no_link(path: Path, name: str, folder: int, flags: int) -> int:
    """Open *name* in the open *folder*, unless it is a link; *path* is for the message."""
    try:
        return os.open(name, _READ | _NO_WAIT | _NO_LINK | flags, dir_fd=folder)
    except OSError:
        if stat.S_ISLNK(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode):
            raise _outside(path) from None
        raise


def _open_and_look_again(path: Path, root: str, real: str) -> int:
    """Open *real*, and refuse it where *path* no longer leads to it."""
    if not stat.S_ISREG(os.lstat(real).st_mode):
        raise _not_regular(path)
    descriptor = os.open(real, _READ | _NO_WAIT | _NO_LINK)
    if not _leads_to(path, root, descriptor):
        os.close(descriptor)
        raise _outside(path)
    return descriptor


def _leads_to(path: Path, root: str, descriptor: int) -> bool:
    """Return whether *path* leads, below *root*, to the open file."""
    real = os.path.realpath(path)
    try:
        return _below(real, root) is not None and os.path.samestat(os.lstat(real), os.fstat(descriptor))
    except OSError:  # the file was removed meanwhile
        return False


def _check_regular(path: Path, descriptor: int) -> None:
    """Close *descriptor* and raise NotServable where it is no regular file."""
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise _not_regular(path)


def _below(real: str, root: str) -> list[str] | None:
    """Return the names that lead from *root* down to *real*; None where *real* is not below *root*."""
    prefix = os.path.join(root, "")  # noqa: PTH118 - a prefix that ends in a separator
    if not os.path.normcase(real).startswith(os.path.normcase(prefix)) or real == prefix:
        return None
    from pathlib import Path  # few servers have a folder

    return list(Path(real[len(prefix) :]).parts)


def _link(path: Path) -> NotServable:
    return NotServable(path, "this is a link", "Name the file that it leads to.")


def _not_regular(path: Path) -> NotServable:
    return NotServable(path, "this is not a regular file", "Put a file in its place.")


def _outside(path: Path) -> NotServable:
    problem = "a link leads out of the folder that is served"
    return NotServable(path, problem, "Put the file itself there, or serve what links lead to with follow_links=True.")
