"""LIFESTREAM_HOME: the one folder that a site keeps its things in: the database and the secret key."""

from __future__ import annotations

import os
import secrets
import sqlite3
import stat
import tempfile
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from lifestream.terminal import visible


def home(environ: Mapping[str, str] = os.environ) -> Path:
    """The folder that LIFESTREAM_HOME names, `.lifestream` in the user's own otherwise; made if it isn't there.

    Only its owner may enter a folder that is made here. Raises SystemExit, with the remedy, where it can't be made.
    """
    named = environ.get("LIFESTREAM_HOME", "")
    folder = Path(named).expanduser().absolute() if named else Path.home() / ".lifestream"
    try:
        for parent in reversed(folder.parents):
            # Whoever may write a parent can put another folder in place of ours, whatever its own mode; and mkdir asks
            # the umask alone.
            if not parent.exists():
                parent.mkdir(mode=0o755, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise SystemExit(
            visible(f"LIFESTREAM_HOME is {folder}, which is no folder and can't be made one: {error.strerror}")
        ) from error
    return folder


def secret_key(folder: Path) -> str:
    """The site's secret, from the file `secret_key` in *folder*; made up by whoever asks first.

    Several processes may start at once: the file appears whole or not at all, and only one of them makes it. Raises
    SystemExit, with the remedy, where it can't be read or made.
    """
    path = folder / "secret_key"
    try:
        if not path.exists():
            _make(path)
        _keep_from_others(path)
        return path.read_text(encoding="ascii").strip()
    except OSError as error:
        raise SystemExit(
            visible(
                f"The secret key can't be kept in {path}: {error.strerror}. "
                "Set LIFESTREAM_HOME to a folder that this user may write."
            )
        ) from error


def keep_private(database: Path) -> None:
    """Let nobody but its owner read the SQLite database *database*, whether it is there already or not.

    It holds password hashes, sessions and the keys of hubs. SQLite gives its journal, its write-ahead log and their
    index the mode that the database has (sqlite.org/src: `findCreateFileMode`), so a new one is made here, empty,
    before SQLite would make it as the umask says. One that is there is never opened, only narrowed: to close a file
    gives up the locks that this process has on it (sqlite.org/howtocorrupt.html, 2.2). On Windows, files have the
    access list of their folder, and a user's own folder is the user's alone.

    A link is followed first, as SQLite does: O_EXCL would stop at it, and SQLite keeps the other files beside what it
    leads to.
    """
    database = Path(os.path.realpath(database))
    try:
        os.close(os.open(database, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        for suffix in ("", "-wal", "-shm", "-journal"):
            _keep_from_others(database.with_name(database.name + suffix))
    except OSError:
        return  # a folder that is missing, say: SQLite tells of it when it is asked for a connection


class PrivateConnection(sqlite3.Connection):
    """A connection to a SQLite database that nobody but its owner may read: the `factory` of the database's OPTIONS."""

    def __init__(self, database: str, *args: Any, **options: Any) -> None:
        if (path := _path_of(str(database))) is not None:
            keep_private(path)
        super().__init__(database, *args, **options)


def _path_of(database: str) -> Path | None:
    """Return the file of *database*, a path or a URI (sqlite.org/uri.html); None for one in memory."""
    if not database.startswith("file:"):
        return None if database in ("", ":memory:") else Path(database)
    uri = urlsplit(database)
    if uri.path in ("", ":memory:") or "memory" in parse_qs(uri.query).get("mode", ()):
        return None
    return Path(unquote(uri.path))


def _keep_from_others(path: Path) -> None:
    """Takes from everybody but its owner the right to read or write *path*, or warns where that can't be done."""
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
                f"As its owner, run: chmod go= {path}"
            ),
            stacklevel=2,
        )


def _make(path: Path) -> None:
    descriptor, made = tempfile.mkstemp(prefix="secret_key.", dir=path.parent)  # nobody else may read it
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(secrets.token_urlsafe(50))
    try:
        os.link(made, path)  # unlike a rename, it never replaces
    except FileExistsError:
        pass  # another process was first
    except OSError:  # a file system without links
        Path(made).replace(path)
    Path(made).unlink(missing_ok=True)
