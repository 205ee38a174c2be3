"""What of a recorded answer does not belong into a fixture: secrets, and what is about the connection it came over.

A fixture is committed, read and published. So a header goes by its name if that says that it is a secret, and in what
stays, secrets in URLs are replaced. It is a net with known holes: what a server hides elsewhere, it does not find.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

REPLACEMENT = "removed"
"""What stands in place of a secret in a URL."""

# RFC 9110 §7.6.1, with what real servers send beside it.
_HOP_BY_HOP = frozenset(
    {"connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"}
)
_ADDED = frozenset({"date", "content-length"})
_SECRET_WORDS = frozenset(
    {
        *("apikey", "auth", "authentication", "authorization", "cookie", "cookie2", "credential", "credentials"),
        *("csrf", "jwt", "password", "secret", "session", "sessionid", "signature", "sid", "token", "xsrf"),
    }
)
_SECRET_WORD_ENDINGS = ("apikey", "cookie", "password", "secret", "token")  # X-CSRFToken
_CHALLENGES = frozenset({"www-authenticate", "proxy-authenticate"})
_OPEN_CHALLENGE = re.compile(r"(basic|bearer)\b", re.IGNORECASE)  # RFC 7617, RFC 6750: a realm, and what went wrong
_PARAMETER = re.compile(
    r"(?P<before>(?:[?&#]|(?P<of_path>;))(?P<name>[\w.\-\[\]%]+)=)"
    r"(?P<value>(?(of_path)[^?&#;,\s\"'<>]+|[^&#;,\s\"'<>]+))"
)
_USERINFO = re.compile(r"(?P<before>[A-Za-z0-9+.-]://)(?P<userinfo>[^/?#\s]+)@")
_SECRET_PARAMETERS = frozenset(
    {
        *("auth", "authkey", "authorization", "hmac", "jwt", "key"),
        *("pass", "passwd", "pwd", "session", "sid", "sig"),
    }
)
_SECRET_ENDINGS = (
    *("apikey", "password", "secret", "sessid", "sessionid", "signature", "token"),  # accessToken, PHPSESSID
    *("_key", "-credential", "-key-id", "-policy"),
)


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Something that was left out: its *name*, and *why*."""

    name: str
    why: str


@dataclass(frozen=True, slots=True)
class Redacted:
    """The header fields that stay, as bytes and in order, and what was left out of them."""

    fields: tuple[tuple[bytes, bytes], ...]
    left_out: tuple[LeftOut, ...]


def redact(fields: Iterable[tuple[bytes, bytes]]) -> Redacted:
    """Takes the header *fields* of an answer and leaves out what does not belong into a fixture."""
    fields = tuple(fields)
    named = {
        name.strip().lower()
        for key, value in fields
        if key.lower() == b"connection"
        for name in value.decode("latin-1").split(",")
    }
    kept: list[tuple[bytes, bytes]] = []
    left_out: list[LeftOut] = []
    for key, value in fields:
        name, text = key.decode("latin-1"), value.decode("latin-1")
        if why := _reason_against(name.lower(), text, named):
            left_out.append(LeftOut(name, why))
            continue
        cleaned, secrets = without_secrets(text)
        left_out += [LeftOut(name, f"the {secret} in it is replaced") for secret in secrets]
        kept.append((key, cleaned.encode("latin-1")))
    return Redacted(tuple(kept), tuple(left_out))


def _reason_against(name: str, value: str, named_by_connection: set[str]) -> str:
    if name in _ADDED:
        return "the server adds its own"
    if name in _HOP_BY_HOP or name in named_by_connection:
        return "it is about the connection"
    if name in _CHALLENGES:
        return "" if _OPEN_CHALLENGE.match(value) else "its challenge is used once"
    return "it is a secret" if is_secret(name) else ""


def is_secret(name: str) -> bool:
    """Whether a header's *name* says that its value is a secret."""
    words = re.split(r"[-_]", name.lower())
    if any(word in _SECRET_WORDS or word.endswith(_SECRET_WORD_ENDINGS) for word in words):
        return True
    return "api" in words and "key" in words


def without_secrets(text: str) -> tuple[str, tuple[str, ...]]:
    """*text* with the secrets in its URLs replaced, and what they were: the names of parameters, or "password"."""
    found: list[str] = []

    def replaced(match: re.Match[str]) -> str:
        if not _names_secret(match["name"]):
            return match[0]
        found.append(f"parameter {match['name']}")
        return match["before"] + REPLACEMENT

    def bared(match: re.Match[str]) -> str:
        found.append("password")
        return match["before"]

    text = _PARAMETER.sub(replaced, _USERINFO.sub(bared, text))
    return text, tuple(found)


def secrets_in(url: str) -> tuple[str, ...]:
    """The secret values in a URL, as they stand there: to look for where else they are."""
    values = [match["value"] for match in _PARAMETER.finditer(url) if _names_secret(match["name"])]
    for match in _USERINFO.finditer(url):
        name, _, password = match["userinfo"].partition(":")
        values.append(password or name)  # the name is a token, as in https://TOKEN@example.org/
    return tuple(values)


def _names_secret(parameter: str) -> bool:
    name = parameter.lower()
    return name in _SECRET_PARAMETERS or name.endswith(_SECRET_ENDINGS)
