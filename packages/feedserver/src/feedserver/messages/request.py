"""One request that arrived, as a value."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, fields
from functools import lru_cache
from typing import Final, Literal
from urllib.parse import parse_qs, unquote

from feedserver.messages.client_connection import NO_CONNECTION, ClientConnection
from feedserver.messages.field_types import check_fields
from feedserver.messages.headers import Headers
from feedserver.messages.terminal_text import visible, visible_repr


@dataclass(frozen=True, slots=True)
class Target:
    """The parts of a request target (RFC 9112 §3.2).

    *scheme* (in lower case) and *host* are those of an absolute-form target, as sent to a proxy, and empty for the
    origin form. *path* is percent-decoded, but an encoded slash stays `%2F`, since it separates nothing. *query* is as
    it was sent, without the question mark. *key* is the path in a form in which equal paths are equal text (see
    `path_key`); *query_key* is the same for the query.
    """

    scheme: str
    host: str
    path: str
    query: str
    key: str
    query_key: str = ""

    @property
    def has_encoded_slash(self) -> bool:
        """Whether the path contains `%2F`: no file has a name with a slash in it."""
        return "%2F" in self.key


_LONGEST_KNOWN = 2048
"""The longest target, in characters, that is cached: thousands are kept, and a client chooses their length."""


def split_target(target: str) -> Target:
    """Split a request target into its parts, in origin form (`/a?b`) or absolute form (`http://h/a?b`)."""
    return _known_target(target) if len(target) <= _LONGEST_KNOWN else _split(target)


def _split(target: str) -> Target:
    scheme = host = ""
    rest = target
    before, separator, after = target.partition("://")
    if separator and before.lower() in ("http", "https"):
        scheme = before.lower()
        cut = min((i for i in (after.find("/"), after.find("?")) if i >= 0), default=len(after))
        host, rest = after[:cut], after[cut:]
        if not rest.startswith("/"):
            rest = "/" + rest
    path, _, query = rest.partition("#")[0].partition("?")
    if "%" not in path:
        return Target(scheme, host, path, query, path, query_key(query))
    return Target(scheme, host, "%2F".join(_decoded_parts(path)), query, path_key(path), query_key(query))


def path_key(path: str) -> str:
    """Return a *path* percent-decoded, but with `%2F` for an encoded slash and `%25` for a percent sign.

    So equal paths are equal text (RFC 3986 §6.2.2).
    A slash, `%2F` and `%252F` are three different things (RFC 3986 §2.2).
    """
    return "%2F".join(part.replace("%", "%25") for part in _decoded_parts(path)) if "%" in path else path


def query_key(query: str) -> str:
    """Return a *query* percent-decoded, but with `%26`, `%3D`, `%2B` and `%3B` for encoded separators (&, =, + and ;),
    and `%25` for a percent sign: so equal queries are equal text.
    """
    if "%" not in query:
        return query
    parts = _ENCODED_SEPARATOR.split(query)  # every second one is an encoded separator
    parts[::2] = [unquote(part, "utf-8", "surrogateescape").replace("%", "%25") for part in parts[::2]]
    return "".join(part.upper() if number % 2 else part for number, part in enumerate(parts))


def _decoded_parts(path: str) -> list[str]:
    return [unquote(part, "utf-8", "surrogateescape") for part in _ENCODED_SLASH.split(path)]


_ENCODED_SLASH = re.compile("%2F", re.IGNORECASE)
_ENCODED_SEPARATOR = re.compile("(%26|%3D|%2B|%3B)", re.IGNORECASE)


_known_target = lru_cache(maxsize=4096)(_split)


@dataclass(frozen=True, slots=True)
class Request:
    """A request of a client, as it was sent.

    *method* and *target* are as on the request line, *version* is "1.0" or "1.1", *client* is the address it came from,
    *headers* and *body* are as they were sent (the body without the framing of chunks), *scheme* is "https" where it
    came over TLS. *is_whole* is False where the request was answered before its body came. *trailers* are the fields
    after the last chunk of its body. *connection* is the one that it came over; it does not count when requests are
    compared.
    """

    method: str
    target: str
    version: str = "1.1"
    headers: Headers = field(default_factory=Headers)
    body: bytes = b""
    client: str = ""
    scheme: Literal["http", "https"] = "http"
    is_whole: bool = True
    connection: ClientConnection = field(default=NO_CONNECTION, compare=False, repr=False)
    trailers: Headers = field(default_factory=Headers)

    def __post_init__(self) -> None:
        check_fields(self)

    def over(self, connection: ClientConnection) -> Request:
        """Return the same request, as it came over *connection*; unlike `dataclasses.replace`, check no value again."""
        same = object.__new__(Request)
        for name in _NAMES:
            object.__setattr__(same, name, getattr(self, name))
        object.__setattr__(same, "connection", connection)
        return same

    @property
    def path(self) -> str:
        """The percent-decoded path, without query and host.

        An encoded slash stays `%2F`, since it separates nothing; `target` is as it was sent.
        """
        return split_target(self.target).path

    @property
    def query(self) -> str:
        """The query string as it was sent, without the question mark."""
        return split_target(self.target).query

    @property
    def params(self) -> dict[str, list[str]]:
        """The fields of the query string: name to values."""
        return parse_qs(self.query, keep_blank_values=True)

    @property
    def host(self) -> str:
        """The host that was asked for: that of an absolute target, else that of the Host header, else empty."""
        return split_target(self.target).host or self.headers.get("Host", "")

    @property
    def text(self) -> str:
        """The body as text: UTF-8, else ISO-8859-1."""
        try:
            return self.body.decode("utf-8")
        except UnicodeDecodeError:
            return self.body.decode("latin-1")

    def __str__(self) -> str:
        return visible(f"{self.method} {self.target}")

    __repr__ = visible_repr


_NAMES: Final = tuple(each.name for each in fields(Request))
