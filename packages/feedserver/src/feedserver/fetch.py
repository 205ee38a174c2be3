"""Asks for a URL once, and reads the answer as it is: no redirect is followed, no coding undone, no header lost."""

from __future__ import annotations

import base64
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, quote, unquote, urlsplit

from feedserver.headers import Headers

if TYPE_CHECKING:
    import ssl
    from http.client import HTTPConnection, HTTPResponse

LARGEST = 256 * 1024 * 1024
"""The largest body, in bytes, that is read."""

_PIECE = 65_536
_SAFE = "/?&=%:@!$'()*+,;~[]-._"


class RecordingError(Exception):
    """An answer that could not be recorded; nothing was written."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came: *headers* as they were sent, *body* without framing but in its content coding."""

    status: int
    reason: bytes
    headers: Headers
    body: bytes
    framing: str
    """How its end was told: "length", "chunked" or "close"."""
    version: int
    """10 or 11: that of HTTP."""


def checked(url: str) -> SplitResult:
    """*url* in its parts. Raises ValueError where it is no address of HTTP."""
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError as error:
        raise ValueError(
            f"{url!r} has no port that there is ({error}); leave it out, or give one up to 65535"
        ) from error
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        raise ValueError(
            f"{url!r} cannot be recorded; give an address of http or https, such as https://example.org/feed"
        )
    return parts


def fetch(
    url: SplitResult, headers: Sequence[tuple[str, str]], timeout: float, context: ssl.SSLContext | None = None
) -> Answer:
    """Asks for *url* once, and reads the answer as it is. Raises RecordingError where none comes, or not all of it."""
    import http.client  # with TLS, it costs more than a start of the command that doesn't record

    connection: HTTPConnection
    if url.scheme == "https":
        connection = http.client.HTTPSConnection(url.hostname or "", url.port, timeout=timeout, context=context)
    else:
        connection = http.client.HTTPConnection(url.hostname or "", url.port, timeout=timeout)
    deadline = time.monotonic() + timeout
    try:
        _ask(connection, url, headers)
        with connection.getresponse() as response:
            return _read(response, deadline)
    except (OSError, UnicodeError, http.client.HTTPException) as error:  # UnicodeError: a name that no host can have
        raise RecordingError(f"no whole answer came from {url.netloc.rpartition('@')[2]}: {_words(error)}") from error
    finally:
        connection.close()


def _ask(connection: HTTPConnection, url: SplitResult, headers: Sequence[tuple[str, str]]) -> None:
    given = {name.lower() for name, _ in headers}
    target = quote(url.path or "/", safe=_SAFE) + (f"?{quote(url.query, safe=_SAFE)}" if url.query else "")
    # No coding is asked for unless somebody asks: the fixture then suits clients that can't undo it.
    connection.putrequest("GET", target, skip_host="host" in given, skip_accept_encoding="accept-encoding" in given)
    defaults = [("User-Agent", "feedserver-record"), ("Accept", "*/*"), ("Connection", "close")]
    if url.username is not None:
        credentials = f"{unquote(url.username)}:{unquote(url.password or '')}".encode()
        defaults.append(("Authorization", f"Basic {base64.b64encode(credentials).decode('ascii')}"))
    for name, value in (*(pair for pair in defaults if pair[0].lower() not in given), *headers):
        connection.putheader(name, value.encode("utf-8"))
    connection.endheaders()


def _read(response: HTTPResponse, deadline: float) -> Answer:
    chunked, length = bool(response.chunked), response.length
    framing = "chunked" if chunked else ("close" if length is None else "length")
    body = bytearray()
    while length is None or len(body) < length:
        # read1 gives what is there, so that a slow server meets the deadline. Not every Python's counts what is left.
        piece = response.read1(_PIECE if length is None else min(_PIECE, length - len(body)))
        if not piece:
            break
        body += piece
        if len(body) > LARGEST:
            raise RecordingError(f"the body is larger than {LARGEST // 1024**2} MiB; nothing was written")
        if time.monotonic() > deadline:
            raise TimeoutError("it took too long; allow it more with --timeout")
    if length is not None and len(body) < length:
        raise ConnectionError(f"it ended {length - len(body)} bytes early")
    fields = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in response.headers.raw_items()]
    reason = response.reason.encode("latin-1")
    return Answer(response.status, reason, Headers.from_raw(fields), bytes(body), framing, response.version)


def _words(error: Exception) -> str:
    return str(error) or type(error).__name__
