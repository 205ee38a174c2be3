"""From bytes to requests, without I/O.

The request line is read here, before llhttp, which refuses methods that it does not know and raw UTF-8 targets. llhttp
then reads the header block under a request line that it likes, and the body. It never sees more than one request: the
block ends at an empty line, and a body ends at a line or a count, so it is fed in pieces that end there too.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import httptools

from feedserver.headers import Headers
from feedserver.request import Request

MAX_HEAD = 65_536
"""Bytes of request line and headers that are read; more is answered with 431."""

MAX_BODY = 16 * 1024 * 1024
"""Bytes of request body that are read, unless the server is told otherwise; more is answered with 413."""

_METHOD = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VERSION = re.compile(rb"HTTP/(\d)\.(\d)")
_BAD_TARGET = re.compile(rb"[\x00-\x20\x7f]")
_FORMS = (b"/", b"http://", b"https://")


@dataclass(frozen=True, slots=True)
class Malformed:
    """What arrived was no request that can be answered: *status* says how it is refused, *problem* why."""

    status: int
    problem: str
    raw: bytes


@dataclass(frozen=True, slots=True)
class ContinueExpected:
    """The client waits for "100 Continue" before it sends the body (RFC 9110 §10.1.1)."""


@dataclass(frozen=True, slots=True)
class Arriving:
    """The head of a request is there, and its body is still to come: *request* has none yet. The whole one follows."""

    request: Request


Event: TypeAlias = Request | Malformed | ContinueExpected | Arriving


class _Refused(Exception):
    def __init__(self, status: int, problem: str) -> None:
        super().__init__(problem)
        self.status = status
        self.problem = problem


HEADS_KNOWN = 256
LONGEST_KNOWN = 2048

_known: dict[bytes, tuple[Request, bool]] = {}
"""Heads that were a request without a body: what each means, and whether its connection stays. A client that polls
sends the same bytes again and again, and they mean the same each time."""


class RequestReader:
    """Reads the requests of one connection: `feed` it bytes, ask `next_event` until it gives None.

    After `Malformed` it reads nothing more, since nobody can tell where the next request would begin.
    """

    __slots__ = (
        "_body",
        "_body_size",
        "_buffer",
        "_bypass",
        "_client",
        "_complete",
        "_expects",
        "_headers",
        "_hosts",
        "_in_trailer",
        "_length",
        "_line",
        "_max_body",
        "_parser",
        "_raw",
        "_remaining",
        "_scanned",
        "_scheme",
        "broken",
        "keep_alive",
    )

    def __init__(self, client: str = "", max_body: int = MAX_BODY, scheme: Literal["http", "https"] = "http") -> None:
        self._client = client
        self._max_body = max_body
        self._scheme: Literal["http", "https"] = scheme
        self._buffer = bytearray()
        self._scanned = 0
        self._parser: httptools.HttpRequestParser | None = None
        self._line = ("", "", "")
        self._headers: list[tuple[bytes, bytes]] = []
        self._body: list[bytes] = []
        self._body_size = 0
        self._remaining = 0
        self._length: int | None = None
        self._hosts = 0
        self._bypass = False
        self._in_trailer = False
        self._complete = False
        self._expects = False
        self._raw = b""
        self.broken = False
        self.keep_alive = True

    @property
    def is_idle(self) -> bool:
        """Whether the client is between two requests, with nothing of the next one sent."""
        return self._parser is None and not self._buffer

    @property
    def buffered(self) -> int:
        """Bytes that wait to be read."""
        return len(self._buffer)

    def feed(self, data: bytes) -> None:
        """Takes bytes as they arrive, in pieces of any size."""
        if not self.broken:
            self._buffer += data

    def next_event(self) -> Event | None:
        """The next request, refusal or expectation that the bytes so far give; None where more are needed."""
        if self.broken or not (self._buffer or self._expects):
            return None
        try:
            if self._parser is None:
                return self._read_head()
            return self._read_body()
        except _Refused as refused:
            return self._refuse(refused.status, refused.problem)

    def eof(self) -> Malformed | None:
        """The client sends no more: says so where it stopped in the middle of a request."""
        if self.broken or self.is_idle:
            return None
        if self._parser is not None:
            return self._refuse(400, "the client stopped in the middle of the request's body")
        return self._refuse(400, "the client stopped in the middle of the request's head")

    def _refuse(self, status: int, problem: str) -> Malformed:
        """Gives up on the connection, and keeps what came, at most as much as a head may have."""
        raw = (self._raw + bytes(self._buffer))[:MAX_HEAD]
        self.broken = True
        self.keep_alive = False
        self._buffer.clear()
        self._parser = None
        return Malformed(status, problem, raw)

    # The head.

    def _read_head(self) -> Event | None:
        buffer = self._buffer
        while buffer.startswith((b"\r", b"\n")):  # RFC 9112 §2.2: empty lines before a request line are skipped
            if buffer == b"\r":
                return None
            if buffer[:1] == b"\r" and buffer[1:2] != b"\n":
                raise _Refused(400, "a bare CR stands before the request line")
            del buffer[: 2 if buffer[:1] == b"\r" else 1]
        end = self._end_of_head()
        if end is None:
            if len(buffer) > MAX_HEAD:
                raise _Refused(431, f"the request's head is longer than {MAX_HEAD:,} bytes")
            return None
        if end > MAX_HEAD:
            raise _Refused(431, f"the request's head is longer than {MAX_HEAD:,} bytes")
        head = bytes(buffer[:end])
        del buffer[:end]
        self._scanned = 0
        if head in _known:
            request, self.keep_alive = _known[head]
            if request.client == self._client and request.scheme == self._scheme:
                return request
            return replace(request, client=self._client, scheme=self._scheme)
        self._raw = head
        line, _, fields = head.partition(b"\n")
        version = self._read_request_line(line.removesuffix(b"\r"))
        return self._read_fields(version, fields)

    def _end_of_head(self) -> int | None:
        buffer = self._buffer
        start = max(0, self._scanned - 3)
        self._scanned = len(buffer)
        end = buffer.find(b"\r\n\r\n", start)
        if end >= 0:
            return end + 4
        if buffer.find(b"\n\n", start) >= 0:
            # A recipient may take a bare LF for the end of a line (RFC 9112 §2.2); a test server that did would hide
            # it.
            raise _Refused(400, "a line of the request's head ends in a bare LF, not in CR LF")
        return None

    def _read_request_line(self, line: bytes) -> bytes:
        """Sets method, target and version; gives the version under which llhttp reads on."""
        parts = line.split(b" ")
        if len(parts) != 3:
            raise _Refused(400, f"the request line {line[:80]!r} is not 'METHOD target HTTP/version'")
        method, target, protocol = parts
        version = _VERSION.fullmatch(protocol)
        if version is None:
            raise _Refused(400, f"{protocol[:40]!r} is no HTTP version")
        if version[1] != b"1":
            raise _Refused(505, f"{protocol.decode('ascii')} is not spoken here; HTTP/1.1 and 1.0 are")
        if not _METHOD.fullmatch(method):
            raise _Refused(400, f"{method[:40]!r} is no method: RFC 9110 §9.1 allows letters, digits and a few signs")
        if not target or _BAD_TARGET.search(target):
            raise _Refused(400, f"{target[:80]!r} is no request target: it has a control character in it")
        if method == b"CONNECT":
            raise _Refused(501, "CONNECT is not supported: as a proxy, this server answers http requests only")
        if not target.lower().startswith(_FORMS) and not (target == b"*" and method == b"OPTIONS"):
            raise _Refused(400, f"{target[:80]!r} is no request target: it starts with neither '/' nor 'http://'")
        minor = b"0" if version[2] == b"0" else b"1"
        self._line = (method.decode("ascii"), target.decode("utf-8", "surrogateescape"), f"1.{minor.decode()}")
        return b"HTTP/1." + minor

    def _read_fields(self, version: bytes, fields: bytes) -> Event | None:
        self._headers = []
        self._body = []
        self._body_size = 0
        self._complete = False
        self._expects = False
        self._remaining = -1
        self._length = None
        self._hosts = 0
        self._bypass = False
        self._in_trailer = False
        self._parser = httptools.HttpRequestParser(self)
        self._feed_parser(b"POST / " + version + b"\r\n" + fields)
        if self._hosts != 1 and version == b"HTTP/1.1":
            raise _Refused(400, "a request in HTTP/1.1 has exactly one Host header (RFC 9112 §3.2)")
        if self._complete:
            return self._remember(self._raw, self._finished())
        if self._length is not None:
            if self._length > self._max_body:
                raise _Refused(413, f"a body of {self._length:,} bytes is over the limit of {self._max_body:,}")
            self._remaining = self._length
        self._expects = self._expects and version == b"HTTP/1.1"
        return Arriving(self._request(is_whole=False))

    def _remember(self, head: bytes, request: Request) -> Request:
        if len(head) <= LONGEST_KNOWN:
            if len(_known) >= HEADS_KNOWN:
                _known.clear()
            _known[head] = (request, self.keep_alive)
        return request

    # The body.

    def _read_body(self) -> Event | None:
        buffer = self._buffer
        if self._expects:
            self._expects = False
            if not buffer:
                return ContinueExpected()
        while not self._complete and buffer:
            if self._remaining > 0:
                size = min(self._remaining, len(buffer))
                self._remaining -= size
            else:
                # A chunked message ends at the end of a line, so no piece goes beyond one (RFC 9112 §7.1).
                size = (buffer.find(b"\n") + 1) or len(buffer)
            piece = bytes(buffer[:size])
            del buffer[:size]
            if len(self._raw) < MAX_HEAD:
                self._raw += piece
            if self._bypass:
                self.on_body(piece)
                self._complete = self._remaining == 0
            else:
                self._feed_parser(piece)
        return self._finished() if self._complete else None

    def _finished(self) -> Request:
        """What was read, all of it; the reader is ready for the next one."""
        request = self._request(is_whole=True)
        self._parser = None
        self._raw = b""
        self._body = []
        self._expects = False
        return request

    def _request(self, *, is_whole: bool) -> Request:
        method, target, version = self._line
        headers, body = Headers.from_raw(self._headers), b"".join(self._body)
        return Request(method, target, version, headers, body, self._client, self._scheme, is_whole)

    def _feed_parser(self, data: bytes) -> None:
        parser = self._parser
        if parser is None:
            raise AssertionError("there is no request to read on")
        try:
            parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            # The upgrade is declined by answering in HTTP/1.1 (RFC 9110 §7.8). llhttp reads no further, so a body
            # of known length is read without it; one in chunks is taken for the new protocol's first bytes.
            self._bypass = True
            self._complete = not self._length
        except httptools.HttpParserCallbackError as error:
            if isinstance(error.__context__, _Refused):
                raise error.__context__ from None
            raise
        except httptools.HttpParserError as error:
            raise _Refused(400, f"the request is malformed: {error}") from None

    # What llhttp calls.

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header field, or a trailer, which is dropped (RFC 9110 §6.5.1 lets a recipient do so)."""
        if self._in_trailer:
            return
        self._headers.append((name, value))
        folded = name.lower()
        if folded == b"host":
            self._hosts += 1
        elif folded == b"content-length":
            self._length = int(value) if value.isdigit() else None
        elif folded == b"expect":
            if value.lower() != b"100-continue":
                raise _Refused(417, f"Expect: {value[:40]!r} is not known (RFC 9110 §10.1.1)")
            self._expects = True

    def on_headers_complete(self) -> None:
        """The head is whole: from here on headers are trailers."""
        self._in_trailer = True
        if self._parser is not None:
            self.keep_alive = self._parser.should_keep_alive()

    def on_body(self, data: bytes) -> None:
        """A piece of the body, without its framing."""
        self._body_size += len(data)
        if self._body_size > self._max_body:
            raise _Refused(413, f"the body is over the limit of {self._max_body:,} bytes")
        self._body.append(data)

    def on_message_complete(self) -> None:
        """The request is whole."""
        self._complete = True
