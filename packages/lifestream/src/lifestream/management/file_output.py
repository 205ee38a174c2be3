"""The file that a command writes: complete, or as it was before."""

from __future__ import annotations

import os
import secrets
import stat
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from lifestream.terminal import visible

_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)


def write_file(path: str | Path, pieces: Iterable[bytes], shown: Callable[[str], str] = visible) -> None:
    """Write *pieces* to the file at *path*. If they or the disk fail halfway, an existing file stays as it was, and no
    new one is left.

    The pieces go into a new file beside it, which then replaces it. An existing file keeps its owner and mode, and a
    link is followed. What cannot be replaced is written to directly, and may be left incomplete: a device, a pipe, or
    an existing file if its folder or its owner does not allow it. On a terminal, each piece is written as *shown*
    returns it, so each has to be whole UTF-8. Raises OSError.
    """
    path = Path(path)
    before = _status_of(path)
    if before is not None and not stat.S_ISREG(before.st_mode):
        _write_directly(path, pieces, shown)  # by this very name: the target of /dev/stdout may have none
        return
    target = Path(os.path.realpath(path))
    beside = target.with_name(f".lifestream-{secrets.token_hex(8)}.tmp")
    descriptor: int | None
    if before is None:
        descriptor = os.open(beside, _NEW, 0o666)
    else:
        os.close(os.open(target, os.O_WRONLY))  # a file that may not be written may not be replaced either
        if (descriptor := _like(before, beside)) is None:
            _write_directly(target, pieces, shown)
            return
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.writelines(pieces)
            file.flush()
            os.fsync(file.fileno())  # else the file may be empty if the machine stops soon after
        beside.replace(target)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def _write_directly(path: Path, pieces: Iterable[bytes], shown: Callable[[str], str]) -> None:
    with path.open("wb") as file:
        if file.isatty():
            pieces = (shown(piece.decode("utf-8")).encode("utf-8") for piece in pieces)
        file.writelines(pieces)


def _status_of(path: Path) -> os.stat_result | None:
    """Return the status of the file at *path*, None if there is none."""
    try:
        return path.stat()
    except FileNotFoundError:
        return None


def _like(status: os.stat_result, path: Path) -> int | None:
    """Return the descriptor of a new file at *path* with the owner and the mode of *status*, None if this user may make
    none.
    """
    try:
        descriptor = os.open(path, _NEW, 0o600)
    except PermissionError:
        return None
    try:
        if sys.platform != "win32":
            made = os.fstat(descriptor)
            if (made.st_uid, made.st_gid) != (status.st_uid, status.st_gid):
                os.fchown(descriptor, status.st_uid, status.st_gid)
            os.fchmod(descriptor, stat.S_IMODE(status.st_mode))
    except PermissionError:
        os.close(descriptor)
        path.unlink()
        return None
    return descriptor
