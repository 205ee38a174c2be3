"""The secrets of feeds (logins, headers, the URL of a proxy), encrypted before they reach the database.

They are encrypted (Fernet, github.com/fernet/spec) with a key that is derived from Django's SECRET_KEY, so a copy of
the database alone reveals nothing. Keys in SECRET_KEY_FALLBACKS still decrypt what was encrypted with them; once a key
is in neither setting, the secrets that it encrypted have to be entered again.
"""

from __future__ import annotations

import base64
from functools import lru_cache
from urllib.parse import unquote, urlsplit, urlunsplit

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from lifestream.conf import settings
from lifestream.message import say


class CredentialsLost(ValueError):
    """No key decrypts the credentials: SECRET_KEY was changed, and the old one is not in SECRET_KEY_FALLBACKS."""


def seal(plain: str) -> str:
    """Return *plain* encrypted, as text; "" for "". *plain* is "user:password", or another secret of `feed_options`."""
    return _fernet(settings.secret_keys).encrypt(plain.encode()).decode("ascii") if plain else ""


def unseal(sealed: str) -> str:
    """Return the text that `seal` has encrypted. Raises `CredentialsLost`."""
    if not sealed:
        return ""
    try:
        return _fernet(settings.secret_keys).decrypt(sealed.encode()).decode()
    except InvalidToken:
        raise CredentialsLost(say("credentials-lost")) from None


def split_url(url: str) -> tuple[str, str]:
    """Return *url* without user name and password, and then these as "user:password" ("" if *url* has none)."""
    parts = urlsplit(url)
    userinfo, at, host = parts.netloc.rpartition("@")
    if not at:
        return url, ""
    user, _, password = userinfo.partition(":")
    bare = urlunsplit(parts._replace(netloc=host))
    return bare, f"{unquote(user)}:{unquote(password)}" if userinfo else ""


@lru_cache(maxsize=8)
def _fernet(keys: tuple[str, ...]) -> MultiFernet:
    # The first key encrypts; any of them decrypts. SECRET_KEY is long and random, so no slow derivation is needed.
    return MultiFernet([Fernet(_derived(key)) for key in keys])


def _derived(secret: str) -> bytes:
    key = HKDF(SHA256(), 32, salt=None, info=b"lifestream.credentials").derive(secret.encode())
    return base64.urlsafe_b64encode(key)
