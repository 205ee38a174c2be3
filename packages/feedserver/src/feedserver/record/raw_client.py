"""Requests a URL once, and reads the answer unchanged: redirects are not followed, the body not decoded, no header
lost.
"""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import dropwhile
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, quote, unquote, urlsplit

from feedserver.final_answers import chunked_body, final_response
from feedserver.messages.argument_types import check_is
from feedserver.messages.headers import Headers
from feedserver.messages.response import has_content
from feedserver.messages.steady_time import monotonic
from feedserver.record.answer_lines import (
    AnswerLines,
    is_length,
    lengths_in,
    without_bare_carriage_returns,
)
from feedserver.record.secret_search import without_secrets

if TYPE_CHECKING:
    import socket
    import ssl
    from http.client import HTTPConnection, HTTPResponse

LARGEST = 256 * 1024 * 1024
"""The size, in bytes, of the largest body that can be recorded."""

MOST_LINES = 100_000
"""The most lines of an answer that are kept, to report how they were written."""

LARGEST_LINES = 16 * 1024 * 1024
"""The most bytes that these lines may have together: a single line may have 64 KiB."""

MOST_INTERIM = 1000
"""The most interim answers before an answer."""

_PIECE = 65_536
_SAFE = "/?&=%:@!$'()*+,;~[]-._"
_NO_HOST = re.compile(r"[\x00-\x20\x7f]|%40")  # "%40" is an "@" that should end a login, but was encoded
_LOGIN = re.compile(r"\A(?P<before>\s*+(?>(?:[a-z][a-z0-9+.-]*:)?)[/\\]*+).*(?:@|%40)", re.IGNORECASE | re.DOTALL)
_QUOTED = re.compile(r" '.*'", re.DOTALL)
_READ_BY_HTTP_CLIENT = re.compile(r"From |[!-9;-~]*:|[ \t]")
_FRAMES = re.compile(r"(content-length|transfer-encoding)\s*:", re.IGNORECASE)


class RecordingError(Exception):
    """Raised if an answer could not be recorded; nothing was written."""


@dataclass(frozen=True, slots=True)
class RawAnswer:
    """An answer: its *headers* as they were sent, its *body* without framing but in its content coding."""

    status: int
    reason: bytes
    headers: Headers
    body: bytes
    framing: str
    """How the end of the body was marked: "length", "chunked" or "close"."""
    version: int
    """The version of HTTP: 10 or 11."""
    lines: AnswerLines
    extra: int = 0
    """The number of bytes that came together with the body, but after its end. They are counted only if a
    Content-Length above 0 says where the body ends.
    """
    unread: tuple[str, ...] = ()
    """The first line among the headers that is not a header, and all lines after it, each up to its colon; "" stands
    for a line without one.
    """


def checked(url: str) -> SplitResult:
    """Return *url* split into its parts. Raises ValueError if it is not an http or https URL."""
    remedy = "give an address of http or https, such as https://example.org/feed"
    check_is("url", url, str, remedy)
    # Messages show the URL without its login, because others may read the screen. The login is left out even if the URL
    # cannot be split: a character of the password that is not encoded may be the reason.
    shown = repr(without_secrets(_LOGIN.sub(r"\g<before>…@", url))[0])
    try:
        parts = urlsplit(url)
    except ValueError as error:
        reason = _QUOTED.sub("", str(error))  # it may quote the login
        raise ValueError(f"{shown} cannot be recorded ({reason}); {remedy}") from None
    try:
        port = parts.port
    except ValueError:
        raise ValueError(f"{shown} has an invalid port; leave it out, or give one up to 65535") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or _NO_HOST.search(parts.hostname) or port == 0:
        raise ValueError(f"{shown} cannot be recorded; {remedy}")
    return parts


def fetch(
    url: SplitResult, headers: Sequence[tuple[str, str]], timeout: float, context: ssl.SSLContext | None = None
) -> RawAnswer:
    """Request *url* once and return the answer. Raises RecordingError if no answer comes, only a part of one, or one
    that cannot be recorded.
    """
    import http.client  # with TLS, importing it takes longer than the start of a command that does not record

    connection: HTTPConnection
    if url.scheme == "https":
        connection = http.client.HTTPSConnection(url.hostname or "", url.port, timeout=timeout, context=context)
    else:
        connection = http.client.HTTPConnection(url.hostname or "", url.port, timeout=timeout)
    lines: list[bytes] = []
    connection.response_class = _response_class(monotonic() + timeout, lines)
    try:
        _send_request(connection, url, headers)
        with connection.getresponse() as response:
            return _read(response, lines)
    except (OSError, UnicodeError, http.client.HTTPException) as error:  # UnicodeError: no host can have that name
        raise RecordingError(f"no whole answer came from {url.netloc.rpartition('@')[2]}: {_words(error)}") from error
    finally:
        connection.close()


def _send_request(connection: HTTPConnection, url: SplitResult, headers: Sequence[tuple[str, str]]) -> None:
    """Send a GET with *headers*, and with the default headers that they do not replace."""
    given = {name.lower() for name, _ in headers}
    target = quote(url.path or "/", safe=_SAFE) + (f"?{quote(url.query, safe=_SAFE)}" if url.query else "")
    # No coding is requested unless the caller's headers do so: clients that cannot decode can then use the fixture,
    # too.
    connection.putrequest("GET", target, skip_host="host" in given, skip_accept_encoding="accept-encoding" in given)
    defaults = [("User-Agent", "feedserver-record"), ("Accept", "*/*"), ("Connection", "close")]
    if url.username is not None:
        credentials = f"{unquote(url.username)}:{unquote(url.password or '')}".encode()
        defaults.append(("Authorization", f"Basic {base64.b64encode(credentials).decode('ascii')}"))
    for name, value in (*(pair for pair in defaults if pair[0].lower() not in given), *headers):
        connection.putheader(name, value.encode("utf-8"))
    connection.endheaders()


class _DeadlineReader(io.RawIOBase):
    """Reads from a socket until a *deadline* (by `time.monotonic`) for the whole answer: a server that sends slowly
    cannot exceed it.
    """

    def __init__(self, sock: socket.socket, deadline: float) -> None:
        self._socket, self._deadline = sock, deadline
        self._received = sock.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int | None:  # type: ignore[override]
        remaining = self._deadline - monotonic()
        if remaining <= 0:
            raise TimeoutError
        self._socket.settimeout(remaining)
        return self._received.readinto(buffer)

    def close(self) -> None:
        self._received.close()
        super().close()


class _Reader(io.BufferedReader):
    """A reader that keeps the lines that are read as lines: the heads, the sizes of chunks, the trailers.

    They are kept as they came; `readline` returns them with a blank for each CR that ends no line.
    """

    def __init__(self, raw: io.RawIOBase, lines: list[bytes]) -> None:
        super().__init__(raw)
        self.lines = lines
        self.is_in_head = True  # until the whole head of the final answer was read
        self._size = 0
        self._heads = 0

    def readline(self, size: int | None = -1, /) -> bytes:
        line = super().readline(size)
        if self.is_in_head and line in (b"\r\n", b"\n"):
            self._heads += 1
            if self._heads > MOST_INTERIM + 1:
                raise RecordingError(f"more than {MOST_INTERIM:,} interim answers came; nothing was written")
        if len(self.lines) < MOST_LINES:
            self.lines.append(line)
            self._size += len(line)
            if self._size > LARGEST_LINES:
                raise RecordingError(
                    f"the heads, the sizes of chunks and the trailers have more than {LARGEST_LINES // 1024**2} MiB; "
                    "nothing was written"
                )
        return without_bare_carriage_returns(line)


def _response_class(deadline: float, lines: list[bytes]) -> type[HTTPResponse]:
    """Return a response class of http.client that reads until *deadline*, and skips interim answers (RFC 9110 §15.2).

    What is read as a line is added to *lines*.
    """

    class Final(final_response()):  # type: ignore[misc] # mypy knows no class that a function returns
        fp: Any

        def __init__(self, sock: socket.socket, *arguments: Any, **options: Any) -> None:
            super().__init__(sock, *arguments, **options)
            self.fp.close()
            self.fp = _Reader(_DeadlineReader(sock, deadline), lines)

        def begin(self) -> None:
            super().begin()
            self.fp.is_in_head = False

    return Final


def _read(response: HTTPResponse, lines: list[bytes]) -> RawAnswer:
    from http.client import BadStatusLine

    written = AnswerLines.of(lines)
    if not written.is_whole:
        raise ConnectionError("it ended within its head")
    if not written.has_status_line:  # http.client takes others, such as "HTTP/1.1 +103"
        raise BadStatusLine(written.head[0].decode("latin-1"))
    if written.begins_folded:
        raise RecordingError(
            "there is a blank before the first header, so it is unclear to which line it belongs (RFC 9112 §2.2); "
            "nothing was written"
        )
    unread = _unread(written)
    lengths = lengths_in(response.headers.get_all("Content-Length", []))
    if len(lengths) > 1 and not response.chunked:
        raise RecordingError(
            f"the answer has lengths that differ, {' and '.join(lengths)}, so its end is unknown; nothing was written"
        )
    coding = ", ".join(response.headers.get_all("Transfer-Encoding", [])).lower()
    if coding not in (("chunked",) if response.chunked else ("", "identity")):  # http.client reads the first header
        raise RecordingError(f"the body is in a transfer coding that cannot be undone, {coding!r}; nothing was written")
    if has_content(response.status) and not response.chunked:
        response.length = _length(response.length, lengths)
    chunked, length = bool(response.chunked), response.length
    framing = "chunked" if chunked else ("close" if length is None else "length")
    pieces = chunked_body(response)
    body = bytearray()
    extra = 0
    while length is None or len(body) < length:
        if length is not None:
            extra = len(response.fp.peek()) - (length - len(body))
        # In some versions of Python, read1 does not subtract what it reads from the length.
        size = _PIECE if length is None else min(_PIECE, length - len(body))
        piece = next(pieces, b"") if chunked else response.read1(size)
        if not piece:
            break
        body += piece
        if len(body) > LARGEST:
            raise RecordingError(f"the body is larger than {LARGEST // 1024**2} MiB; nothing was written")
    if length is not None and len(body) < length:
        raise ConnectionError(f"it ended {length - len(body)} bytes early")
    fields = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in response.headers.raw_items()]
    reason = response.reason.encode("latin-1")
    return RawAnswer(
        status=response.status,
        reason=reason,
        headers=Headers.from_raw(fields),
        body=bytes(body),
        framing=framing,
        version=response.version,
        lines=AnswerLines.of(lines),  # also those that came after the body
        extra=max(0, extra),
        unread=unread,
    )


def _length(read: int | None, lengths: Sequence[str]) -> int | None:
    """Return the length of the body, or None if it is unknown. *read* is the length that http.client has found, and
    *lengths* are those that Content-Length gives.

    http.client takes what Python's int() takes, such as "+6", but no list, such as "6, 6".
    """
    if not all(map(is_length, lengths)):
        return None
    if read is None and lengths:
        with suppress(ValueError):  # for thousands of digits
            return int(lengths[0])
    return read


def _unread(written: AnswerLines) -> tuple[str, ...]:
    """Return what http.client skips: the first line among the headers that is not a header, and all lines after it.

    Each line is cut at its colon, "" stands for a line without one, and lines that go on with the value of the line
    before are left out (RFC 9112 §5.2): a value may be a secret.

    Raises RecordingError if one of these lines says how the body is framed. Raises it also if a line before them begins
    with "From ", as in a mailbox: http.client drops such a line, or takes it for the end of the headers.
    """
    fields = [line.decode("latin-1") for line in written.head[1:-1]]
    rest = list(dropwhile(_READ_BY_HTTP_CLIENT.match, fields))
    if any(line.startswith("From ") for line in fields[: len(fields) - len(rest)]):
        raise RecordingError(
            "a line among the headers begins with 'From ' as in a mailbox, and is no header (RFC 9112 §5); "
            "nothing was written"
        )
    lines = [line.rstrip("\r\n") for line in rest if line.strip() and not line.startswith((" ", "\t"))]
    names = tuple(line.partition(":")[0] if ":" in line else "" for line in lines)
    if any(_FRAMES.match(line) for line in lines):
        raise RecordingError(
            f"{in_words(names[0])} is no name of a header, and it or a field after it frames the body; "
            "nothing was written"
        )
    return names


def in_words(unread: str) -> str:
    """Return one of `RawAnswer.unread` for a message."""
    return repr(unread) if unread else "a line without a colon"


def _words(error: Exception) -> str:
    import http.client

    if isinstance(error, TimeoutError):
        return "it took too long; allow more time by timeout=… or --timeout"
    if isinstance(error, http.client.IncompleteRead):
        return "it ended before its last chunk, or a chunk has no size"
    if isinstance(error, http.client.UnknownProtocol):
        return f"it speaks {error.args[0]}, and nothing but HTTP/1 is understood"
    if isinstance(error, http.client.BadStatusLine) and not isinstance(error, ConnectionError):
        return f"{str(error.args[0])[:60]!r} is no status line of HTTP/1"
    return str(error) or type(error).__name__
