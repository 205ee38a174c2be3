"""Redaction: removes from a recorded answer what does not belong in a fixture: secrets, headers of the connection, and
headers that the server adds itself.

A fixture is committed, read and published. So a header is left out if its name says that it is a secret. In the headers
that stay, and in URLs, `secret_search` replaces what it finds. Everything that was left out or replaced is reported, so
that somebody can look. Some secrets are not found: a short one, or one that is a word, if its name does not say that it
is a secret. Bodies stay as they are: `recording` looks in them for the secrets that the request sent, and only reports
them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from feedserver.messages.headers import TCHARS
from feedserver.record.secret_names import is_login, is_secret
from feedserver.record.secret_search import without_secrets

# RFC 9110 §7.6.1, and what real servers send besides
_HOP_BY_HOP = frozenset(
    {"connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"}
)
_ADDED = frozenset({"date", "content-length"})
_CHALLENGES = frozenset({"www-authenticate", "proxy-authenticate"})
_OPEN_SCHEMES = frozenset({"basic", "bearer"})  # RFC 7617, RFC 6750: they have a realm and the reason of the refusal

_NEVER_SECRET = re.compile(
    r"access-control-.*|.*-policy(?:-report-only)?|clear-site-data|public-key-pins(?:-report-only)?"
    r"|cache-status|no-vary-search|x-litespeed-vary|x-pass-why",
    re.IGNORECASE,
)
"""Headers whose names or values speak of credentials, cookies, tokens or keys, but which contain none. Policies have
nonces (`'nonce-…'`), which the page that they came with shows as well; Cache-Status has the key of a cache,
No-Vary-Search the names of parameters, X-LiteSpeed-Vary those of cookies, and X-Pass-Why why a cache was passed.
"""

_FINGERPRINTS = re.compile(
    r"(?:.*-)?etag|last-modified|if-(?:none-)?match|if-range|(?:.*-)?digest|content-type|traceparent|tracestate|via|age"
    r"|.*(?:md5|sha1|sha256|hash|checksum|(?:commit|revision)(?:-?id)?)|(?:.*-)?sha"
    r"|(?:.*-)?(?:req|request|correlation|trace|span|cf|amz|ray|vercel)-?id(?:-2)?"
    r"|cf-ray|x-cloud-trace-context|sentry-trace|x-(?:azure|msedge)-ref(?:-originshield)?|x-served-by|x-timer"
    r"|server-timing|(?:surrogate|(?:.*-)?cache|idempotency)-key|xkey|cache-tags?|surrogate-keys?|x-litespeed-tag",
    re.IGNORECASE,
)
"""Headers whose values may be random by nature, but no secrets: validators, digests, the boundary in a Content-Type,
keys of caches, versions of a program, and the ids of requests and of servers on their way.
"""

_CHALLENGE = re.compile(rf"(?P<scheme>{TCHARS})(?:[ \t]+(?!=)|$)")
_CHALLENGE_ITEM = re.compile(r'(?>(?:[^",]|"(?>(?:[^"\\]|\\.)*)"?)+)')


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Something that was left out or replaced: its *name*, and *why*."""

    name: str
    why: str


@dataclass(frozen=True, slots=True)
class Redacted:
    """The header fields that stay, as bytes and in order, and what was left out of them."""

    fields: tuple[tuple[bytes, bytes], ...]
    left_out: tuple[LeftOut, ...]


def redact(fields: Iterable[tuple[bytes, bytes]], *, keep: Iterable[str] = (), known: Iterable[str] = ()) -> Redacted:
    """Return the header *fields* of an answer without what does not belong in a fixture.

    The headers and parameters named in *keep* stay as they are, except for headers of the connection and those that the
    server adds itself. *known* are secrets that are replaced wherever else they occur.
    """
    fields = tuple(fields)
    kept_names = frozenset(name.lower() for name in keep)
    connection_options = {
        name.strip().lower()
        for key, value in fields
        if key.lower() == b"connection"
        for name in value.decode("latin-1").split(",")
    }
    kept: list[tuple[bytes, bytes]] = []
    left_out: list[LeftOut] = []
    for key, value in fields:
        name, text = key.decode("latin-1"), value.decode("latin-1")
        if name.lower() not in kept_names and (shown := without_secrets(name, known=known)[0]) != name:
            left_out.append(LeftOut(shown, "a secret is in its name"))
            continue
        if why := _reason_against(name, connection_options, kept_names):
            left_out.append(LeftOut(name, why))
            continue
        if name.lower() in kept_names:
            kept.append((key, value))
            continue
        if name.lower() in _CHALLENGES:
            text, closed = _open_challenges(text)
            shown_schemes = [without_secrets(scheme, known=known)[0] for scheme in closed]
            left_out += [LeftOut(name, f"its {scheme} challenge is used once") for scheme in shown_schemes]
            if not text:
                continue
        if is_login(name, text):
            left_out.append(LeftOut(name, "it is a secret"))
            continue
        cleaned, found = without_secrets(
            text,
            keep=kept_names,
            known=known,
            shapes=not is_random_by_nature(name),
            words=not _is_never_secret(name),
            mentions=name.lower() not in _CHALLENGES,  # the strings in challenges are known not to be secrets
        )
        left_out += [LeftOut(name, f"the {secret} in it is replaced") for secret in found]
        kept.append((key, cleaned.encode("latin-1", "replace")))
    return Redacted(tuple(kept), tuple(left_out))


def _reason_against(name: str, connection_options: set[str], keep: frozenset[str]) -> str:
    """Return why the header *name* is left out; "" if it stays. *connection_options* are the names in Connection."""
    lowered = name.lower()
    if lowered in _ADDED:
        return "the server adds its own"
    if lowered in _HOP_BY_HOP or lowered in connection_options:
        return "it is about the connection"
    if lowered in keep or lowered in _CHALLENGES or _is_never_secret(name):
        return ""
    # The capitals are needed: they separate the parts of the name.
    return "it is a secret" if is_secret(name) else ""


def _is_never_secret(name: str) -> bool:
    return _NEVER_SECRET.fullmatch(name) is not None


def is_random_by_nature(name: str) -> bool:
    """Return whether the values of the header *name* may look like tokens, but are no secrets."""
    return _FINGERPRINTS.fullmatch(name) is not None or _is_never_secret(name)


def _open_challenges(value: str) -> tuple[str, list[str]]:
    """Return the challenges in a WWW-Authenticate or Proxy-Authenticate that contain no secret (Basic and Bearer), and
    the schemes of the others.

    Challenges are joined by commas, and so are the parameters of each (RFC 9110 §11.6.1).
    """
    kept: list[str] = []
    closed: list[str] = []
    is_open = True
    for item in _CHALLENGE_ITEM.findall(value):
        match = _CHALLENGE.match(item.strip())
        if match is not None:
            is_open = match["scheme"].lower() in _OPEN_SCHEMES
            if not is_open:
                closed.append(match["scheme"])
        if is_open:
            kept.append(item)
    return ",".join(kept).strip() if closed else value, closed
