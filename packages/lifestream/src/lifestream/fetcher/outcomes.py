"""What one fetch came to, as values: no I/O, nothing raises.

`fetch` makes them, `schedule` reads their headers, `storage` writes them down. Header names are in
lower case; a field sent twice with different values is joined with ", " (RFC 9110 §5.3), and one sent twice
alike counts once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal, TypeAlias

NO_HEADERS: Mapping[str, str] = MappingProxyType({})

FailureKind: TypeAlias = Literal[
    "url",  # no URL that can be fetched: another scheme, no host, not a URL
    "credentials",  # they were sealed with a key that is lost
    "address",  # the guard refused what the host resolved to
    "dns",  # the host has no address
    "connection",  # refused, reset, cut short
    "tls",  # a certificate or handshake that does not hold
    "timeout",  # the deadline of the whole request passed
    "redirect",  # a loop, too many hops, or no Location
    "status",  # any answer that is no feed: 4xx, 5xx and the odd ones
    "too large",  # the body, or what it inflates to, is over the cap
    "coding",  # a content coding that was not asked for, or that does not inflate
    "protocol",  # not HTTP
    "parse",  # the body is no feed
    "internal",  # our own mistake; the log has the traceback
    "shortage",  # this machine lacked something (see `shortage`): it says nothing of the feed, and is never stored
]


_LONGEST_VALIDATOR = 4096


@dataclass(frozen=True, slots=True)
class FetchRequest:
    """What to ask for: a *url*, its validators as they were received, and how many subscribe to it.

    The validators go to the URL whose answer brought them and to no other: *validated_url*, "" for *url* itself.
    *credentials* is "user:password" for HTTP Basic (RFC 7617), sent to the URL's own origin only.
    """

    url: str
    etag: str = ""
    last_modified: str = ""
    credentials: str = field(default="", repr=False)
    subscribers: int = 1
    validated_url: str = ""


@dataclass(frozen=True, slots=True)
class Moved:
    """Where the leading permanent redirects (301, 308) of a fetch led: without fragment or credentials."""

    url: str


@dataclass(frozen=True, slots=True)
class Fetched:
    """200: a body, already inflated.

    *url* is the one that answered, *duration* is in seconds, *size* counts the bytes received.
    """

    url: str
    body: bytes = field(repr=False)
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=lambda: NO_HEADERS)
    moved: Moved | None = None
    duration: float = 0.0
    size: int = 0


@dataclass(frozen=True, slots=True)
class NotModified:
    """304: what we have is still right. Its headers may hold a new validator and a new freshness."""

    url: str
    status: int = 304
    headers: Mapping[str, str] = field(default_factory=lambda: NO_HEADERS)
    moved: Moved | None = None
    duration: float = 0.0


@dataclass(frozen=True, slots=True)
class Gone:
    """410 from the feed's own URL or from where it has moved for good.

    It won't come back (RFC 9110 §15.5.11).
    """

    url: str
    status: int = 410
    headers: Mapping[str, str] = field(default_factory=lambda: NO_HEADERS)
    duration: float = 0.0


@dataclass(frozen=True, slots=True)
class Failed:
    """No feed this time. *message* says in words what happened; *status* is None where no answer came."""

    kind: FailureKind
    message: str
    url: str = ""
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=lambda: NO_HEADERS)
    duration: float = 0.0


Outcome: TypeAlias = Fetched | NotModified | Gone | Failed


def validators(headers: Mapping[str, str]) -> tuple[str, str]:
    """Return the ETag and the Last-Modified to send next time, as they were spelt; "" for one that there is none of.

    One that could not be stored and echoed byte for byte, since it isn't UTF-8 or is absurdly long, is none.
    """
    etag, last_modified = (_echoable(headers.get(name, "")) for name in ("etag", "last-modified"))
    return etag, last_modified


def _echoable(value: str) -> str:
    try:
        return value if len(value.encode()) <= _LONGEST_VALIDATOR else ""
    except UnicodeEncodeError:
        return ""
