"""LIFESTREAM_HOME: the one folder that a site keeps its things in: the database and the secret key."""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import Mapping
from pathlib import Path


def home(environ: Mapping[str, str] = os.environ) -> Path:
    """The folder that LIFESTREAM_HOME names, `.lifestream` in the user's own otherwise; made if it isn't there.

    Only its owner may enter a folder that is made here. Raises SystemExit, with the remedy, where it can't be made.
    """
    named = environ.get("LIFESTREAM_HOME", "")
    folder = Path(named).expanduser().absolute() if named else Path.home() / ".lifestream"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise SystemExit(
            f"LIFESTREAM_HOME is {folder}, which is no folder and can't be made one: {error.strerror}"
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
        return path.read_text(encoding="ascii").strip()
    except OSError as error:
        raise SystemExit(
            f"The secret key can't be kept in {path}: {error.strerror}. "
            "Set LIFESTREAM_HOME to a folder that this user may write."
        ) from error


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
