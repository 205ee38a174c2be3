"""The outcomes of one fetch, as values: no I/O, nothing raises.

`fetch` makes them, `schedule` reads their headers, `storage` stores them. Header names are in lower case; a field sent
twice with different values is joined with ", " (RFC 9110 §5.3), and one sent twice with the same value counts once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal, TypeAlias

from lifestream.content.plaintext import scrub
from lifestream.fetcher.request_options import NO_OPTIONS, RequestOptions

NO_HEADERS: Mapping[str, str] = MappingProxyType({})

FailureKind: TypeAlias = Literal[
    "url",  # the URL can't be fetched: another scheme, no host, not a URL, or a SOCKS proxy without the extra for it
    "credentials",  # the credentials were encrypted with a key that is lost, or the options are damaged
    "address",  # the guard refused the address of the host, or its name if a proxy resolves it
    "dns",  # the host has no address
    "connection",  # refused, reset, cut short
    "tls",  # the certificate or handshake is invalid
    "timeout",  # the deadline of the whole request passed
    "redirect",  # a loop, too many hops, no Location, or a target that is not fetched
    "status",  # any other answer without a feed: 4xx, 5xx and rare ones
    "too large",  # the body, or what it inflates to, is over the cap, or all bodies together over the budget
    "coding",  # a content coding that was not asked for, or that does not inflate
    "protocol",  # not HTTP
    "parse",  # the body is no feed
    "internal",  # our own mistake; the log has the traceback
    "shortage",  # this machine lacked something (see `shortage`): it says nothing of the feed, and is never stored
]


_LONGEST_VALIDATOR = 4096  # bytes; servers refuse requests with a header field of more than 8 KB or so


@dataclass(frozen=True, slots=True)
class FetchRequest:
    """One request: a *url*, its validators as they were received, and how many subscribe to it.

    The validators are sent only to the URL whose answer brought them: *validated_url*, "" for *url* itself.
    *credentials* is "user:password" for HTTP Basic (RFC 7617), sent only to the URL's own origin. *options* are those
    in which the feed differs from others.
    """

    url: str
    etag: str = ""
    last_modified: str = ""
    credentials: str = field(default="", repr=False)
    subscribers: int = 1
    validated_url: str = ""
    options: RequestOptions = NO_OPTIONS


@dataclass(frozen=True, slots=True)
class Moved:
    """Where the leading permanent redirects (301, 308) of a fetch led: a URL without fragment or credentials."""

    url: str


@dataclass(frozen=True, slots=True)
class Fetched:
    """A 200 or a 203: a body, already inflated.

    *url* is the one that answered, *duration* is in seconds, *size* is the number of bytes received.
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
    """A 304: the stored document is still current. The headers may hold a new validator and a new freshness."""

    url: str
    status: int = 304
    headers: Mapping[str, str] = field(default_factory=lambda: NO_HEADERS)
    moved: Moved | None = None
    duration: float = 0.0


@dataclass(frozen=True, slots=True)
class Gone:
    """A 410 from the feed's own URL, or from the one that it has permanently moved to.

    The feed won't come back (RFC 9110 §15.5.11).
    """

    url: str
    status: int = 410
    headers: Mapping[str, str] = field(default_factory=lambda: NO_HEADERS)
    duration: float = 0.0


@dataclass(frozen=True, slots=True)
class Failed:
    """The fetch brought no feed. *message* says why in words; *status* is None if no answer came or if it broke off.

    *headers* are those of the answer, also of one with status 200 or 203 that broke off.
    """

    kind: FailureKind
    message: str
    url: str = ""
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=lambda: NO_HEADERS)
    duration: float = 0.0


Outcome: TypeAlias = Fetched | NotModified | Gone | Failed


def validators(headers: Mapping[str, str]) -> tuple[str, str]:
    """Return the ETag and the Last-Modified to send next time, exactly as they were received; "" for one that is
    missing.

    One that can't be stored and sent back byte for byte, since it isn't UTF-8 or is absurdly long, counts as missing.
    """
    etag, last_modified = (_echoable(headers.get(name, "")) for name in ("etag", "last-modified"))
    return etag, last_modified


def _echoable(value: str) -> str:
    return value if scrub(value) == value and len(value.encode()) <= _LONGEST_VALIDATOR else ""
