"""The one-time token with which the owner of a new site creates the first account, in the browser.

`serve` creates a token whenever it starts and nobody has an account, and prints an address that contains it. The file
`first_run` in LIFESTREAM_HOME, which only its owner may read, has the SHA-256 of the token and the time at which it
expires; the token itself is stored nowhere. Whoever opens the address sees a form, and sending it without mistakes
uses up the token: of several forms that are sent at once, only the one whose process renames the file is accepted.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from django.conf import settings
from django.contrib.auth import get_user_model

from lifestream.fetcher.shortage import shortage_of

LIFETIME: Final = 3600.0
"""How long a token is valid, in seconds."""
_BITS: Final = 128
_NAME: Final = "first_run"
_LONGEST_TOKEN: Final = 64


def folder() -> Path | None:
    """Return the folder with the token's file; None on a site other than the bundled one, which has no first run."""
    found = getattr(settings, "HOME", None)
    return found if isinstance(found, Path) else None


def is_open() -> bool:
    """Return whether nobody has an account yet."""
    return not get_user_model()._default_manager.exists()


def make_token(clock: Callable[[], float] = time.time) -> str:
    """Return a new token, and store its hash in place of any previous one; "" if there is no folder for it.

    Raises OSError if the file cannot be written.
    """
    where = folder()
    if where is None:
        return ""
    token = secrets.token_urlsafe(_BITS // 8)
    descriptor, temporary = tempfile.mkstemp(prefix=f"{_NAME}.", dir=where)  # mode 0600
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(_stored(token, clock()))
        Path(temporary).replace(where / _NAME)
    except OSError:
        Path(temporary).unlink()
        raise
    return token


def forget() -> None:
    """Delete the token, if there is one: a site with an account has none."""
    where = folder()
    if where is not None:
        (where / _NAME).unlink(missing_ok=True)


def holds(token: str, clock: Callable[[], float] = time.time) -> bool:
    """Return whether *token* is the one that is valid now. It does not say whether anybody has an account.

    Raises OSError for a shortage of this machine.
    """
    where = folder()
    return where is not None and _matches(where / _NAME, token, clock())


@contextmanager
def taken(token: str, clock: Callable[[], float] = time.time) -> Iterator[bool]:
    """Use up *token*, and yield whether it was valid. At most one of several callers gets True.

    If the block raises an exception, the token is valid again until its time is over, unless a new one was made
    meanwhile. Raises OSError for a shortage of this machine; then the token stays valid, too.
    """
    where = folder()
    if where is None or not _matches(where / _NAME, token, clock()):
        yield False
        return
    moved = where / f"{_NAME}.{secrets.token_hex(8)}"
    try:
        (where / _NAME).rename(moved)
    except FileNotFoundError:
        yield False  # Somebody else was first.
        return
    try:
        is_right = _matches(moved, token, clock())
        if not is_right:  # `serve` has made another token since the first look: that token stays valid
            _put_back(moved)
        yield is_right
    except BaseException:
        _put_back(moved)
        raise
    finally:
        with suppress(FileNotFoundError):
            moved.unlink()


def _put_back(moved: Path) -> None:
    """Let the file that was *moved* be the token's file again, unless there is another one. A link to it is made, since
    a link can be made on a full disk, too.
    """
    name = moved.with_name(_NAME)
    try:
        os.link(moved, name)
    except FileExistsError:
        pass
    except OSError:  # a file system without links
        if not name.exists():
            moved.rename(name)


def _stored(token: str, now: float) -> str:
    return json.dumps({"hash": _hash(token), "expires": now + LIFETIME})


def _matches(path: Path, token: str, now: float) -> bool:
    try:
        kept = json.loads(path.read_text(encoding="ascii"))
        expected, expires = str(kept["hash"]), float(kept["expires"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        if shortage_of(error) is not None:
            raise  # the page is not available now
        return False  # There is no token, or the file was not written by `make_token`.
    is_same = hmac.compare_digest(_hash(token[:_LONGEST_TOKEN]), expected)
    return is_same and now < expires <= now + LIFETIME


def _hash(token: str) -> str:
    # A random token of 128 bits needs no slow hash.
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
