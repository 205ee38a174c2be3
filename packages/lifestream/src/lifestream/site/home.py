"""LIFESTREAM_HOME: the folder with the site's database and its secret key."""

from __future__ import annotations

import errno
import os
import secrets
import sqlite3
import stat
import tempfile
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote_to_bytes

from lifestream.fetcher.shortage import shortage_of
from lifestream.terminal import visible


def home_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """Return the folder that LIFESTREAM_HOME names, by default `.lifestream` in the user's home, whether it exists or
    not.
    """
    named = environ.get("LIFESTREAM_HOME", "")
    return Path(named).expanduser().absolute() if named else Path.home() / ".lifestream"


def home(environ: Mapping[str, str] = os.environ) -> Path:
    """Return the folder of `home_folder`. It is created if it does not exist.

    A folder that is created here has mode 0700, a missing parent of it 0755. Raises SystemExit with the reason if it
    cannot be created.
    """
    folder = home_folder(environ)
    try:
        for parent in reversed(folder.parents):
            # A user who may write a parent can replace our folder, whatever its own mode; and mkdir(parents=True) would
            # leave the modes of the parents to the umask.
            if not parent.exists():
                parent.mkdir(mode=0o755, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise SystemExit(
            visible(
                f"LIFESTREAM_HOME is {folder}, which is no folder and can't be made one: {error.strerror}", lines=False
            )
        ) from error
    return folder


def secret_key(folder: Path) -> str:
    """Return the site's secret key from the file `secret_key` in *folder*. The first process that asks creates it.

    Several processes may start at once: the file appears complete or not at all, and only one of them creates it. (On
    a file system without hard links, the key of the last one stays.)
    Raises SystemExit with the remedy if the file cannot be read or created, or has no key.
    """
    path = folder / "secret_key"
    try:
        if not path.exists():
            _create_key(path)
        _keep_from_others(path)
        key = _read_key(path)
    except OSError as error:
        message = (
            f"The secret key can't be kept in {path}: {error.strerror}. "
            "Set LIFESTREAM_HOME to a folder that this user may write."
        )
        if (shortage := shortage_of(error)) is not None:
            message = f"The secret key can't be kept in {path}: {shortage.value}."
        raise SystemExit(visible(message, lines=False)) from error
    if not (key and key.isascii() and key.isprintable()):
        raise SystemExit(
            visible(
                f"{path} has no key, which is a line of letters, digits and signs. Restore the file from a backup. If "
                "there is none, delete it: then a new key is made, everybody has to log in again, and the logins of "
                "feeds have to be entered again.",
                lines=False,
            )
        )
    return key


def keep_private(database: Path) -> None:
    """Let only its owner read the SQLite file *database*, whether it exists already or not.

    It contains password hashes, sessions and the keys of hubs. SQLite gives its journal, its write-ahead log and their
    index the mode of the database (sqlite.org/src: `findCreateFileMode`). So a new database is created here, empty,
    before SQLite would create it with the mode of the umask. An existing one is never opened, only restricted: closing
    a file would release the locks that this process has on it (sqlite.org/howtocorrupt.html, 2.2). On Windows, files
    have the access list of their folder, and the folder of a user belongs to the user alone.

    A link is followed first, as SQLite does: O_EXCL would refuse a link, and SQLite keeps its other files beside the
    target of the link.
    """
    database = Path(os.path.realpath(database))
    try:
        os.close(os.open(database, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        for suffix in ("", "-wal", "-shm", "-journal"):
            _keep_from_others(database.with_name(database.name + suffix))
    except OSError:
        return  # For example, the folder is missing. SQLite reports it when a connection is opened.


class PrivateConnection(sqlite3.Connection):
    """A connection to a SQLite database that only its owner may read: the `factory` in the database's OPTIONS."""

    def __init__(self, database: str, *args: Any, **options: Any) -> None:
        if (path := _path_of(str(database))) is not None:
            keep_private(path)
        super().__init__(database, *args, **options)


def _path_of(database: str) -> Path | None:
    """Return the file of *database*, a path or a URI (sqlite.org/uri.html); None for one in memory."""
    if not database.startswith("file:"):
        return None if database in ("", ":memory:") else Path(database)
    # Not by `urlsplit`, which removes tabs and line feeds: SQLite does not.
    path, _, query = database.removeprefix("file:").partition("#")[0].partition("?")
    if path.startswith("//"):
        path = f"/{path[2:].partition('/')[2]}"
    modes = parse_qs(query).get("mode", [""])
    return None if path in ("", ":memory:") or modes[-1] == "memory" else Path(os.fsdecode(unquote_to_bytes(path)))


def _keep_from_others(path: Path) -> None:
    """Remove the right of everybody but the owner to read or write *path*, or warn if that is not allowed."""
    if os.name == "nt":
        return
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        if mode & 0o077:
            path.chmod(mode & 0o700)
    except FileNotFoundError:
        return
    except OSError as error:
        warnings.warn(
            visible(
                f"{path} can be read by others than its owner, and that can't be changed: {error.strerror}. "
                f"As its owner, run: chmod go= {path}",
                lines=False,
            ),
            stacklevel=2,
        )


def _read_key(path: Path) -> str:
    """Return the text of the file *path*, which should be a key. Raises OSError if it can't be read."""
    if not path.is_file() and not path.is_dir():  # reading a pipe could wait for ever
        raise OSError(errno.EINVAL, "it is no file")
    return path.read_bytes().decode("ascii", "replace").strip()


def _create_key(path: Path) -> None:
    descriptor, temporary = tempfile.mkstemp(prefix="secret_key.", dir=path.parent)  # Only its owner may read it.
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(50))
        try:
            os.link(temporary, path)  # Unlike a rename, this never replaces a file.
        except FileExistsError:
            pass  # Another process was first.
        except OSError:  # A file system without links.
            Path(temporary).replace(path)
    finally:
        Path(temporary).unlink(missing_ok=True)
