"""From bytes to requests, without I/O.

    bytes → the head, up to its empty line → `head_parser` → `body_framing` → a Request

A head is judged when it is complete or too long, a body unit by unit, each in a fixed order. So what is refused, with
which status and reason, and which bytes the journal keeps of it, never depends on how the bytes were split into
packets.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from feedserver.http.body_framing import (
    MAX_RAW,
    ChunkedBody,
    IncomingBody,
    Refused,
    RequestFraming,
    SizedBody,
    framing_of,
)
from feedserver.http.head_parser import is_continue_expected, keeps_alive, read_head
from feedserver.messages.headers import Headers
from feedserver.messages.request import Request

MAX_HEAD = MAX_RAW
"""Bytes of request line and headers that are read. More is answered with 431."""

MAX_BODY = 16 * 1024 * 1024
"""Bytes of a request's body that are read, unless the server is told otherwise. More is answered with 413."""

_END_OF_HEAD = re.compile(rb"\n\r?\n")


@dataclass(frozen=True, slots=True)
class Malformed:
    """The bytes were no request that can be answered. *status* says how it is refused, *problem* why."""

    status: int
    problem: str
    raw: bytes


@dataclass(frozen=True, slots=True)
class ContinueExpected:
    """The client waits for "100 Continue" before it sends the body (RFC 9110 §10.1.1)."""


@dataclass(frozen=True, slots=True)
class Arriving:
    """The head of a request has arrived, and its body has not. *request* has no body yet; the complete one follows."""

    request: Request


Event: TypeAlias = Request | Malformed | ContinueExpected | Arriving


HEADS_KNOWN = 256
"""How many heads are cached; one more empties the cache."""

LONGEST_KNOWN = 2048
"""The longest head that is cached, in bytes."""


@dataclass(frozen=True, slots=True)
class _KnownHead:
    """What the bytes of a head mean: the *request* without its body, the *framing* of the body, whether the client
    expects "100 Continue", and whether it keeps the connection.
    """

    request: Request
    framing: RequestFraming
    is_continue_expected: bool
    keeps_alive: bool


_known: dict[bytes, _KnownHead] = {}
"""Heads that were read. A client that polls sends the same bytes again and again, and they mean the same each time."""


class RequestReader:
    """Reads the requests of one connection: `feed` it bytes, and call `next_event` until it returns None.

    The reader reads nothing more after `Malformed`, since nobody can tell where the next request would begin, and after
    a request that closes its connection (RFC 9112 §9.6). `is_last` is whether a client of HTTP/1.1 has said by
    `Connection: close` that its request is the last one.
    """

    __slots__ = (
        "_body",
        "_buffer",
        "_client",
        "_expects_continue",
        "_max_body",
        "_raw",
        "_request",
        "_scanned",
        "_scheme",
        "broken",
        "is_last",
        "keep_alive",
    )

    def __init__(self, client: str = "", max_body: int = MAX_BODY, scheme: Literal["http", "https"] = "http") -> None:
        self._client = client
        self._max_body = max_body
        self._scheme: Literal["http", "https"] = scheme
        self._buffer = bytearray()
        self._scanned = 0
        self._raw = bytearray()
        self._request: Request | None = None
        self._body: IncomingBody | None = None
        self._expects_continue = False
        self.broken = False
        self.keep_alive = True
        self.is_last = False

    @property
    def is_idle(self) -> bool:
        """Whether the client is between two requests and has sent nothing of the next one."""
        return self._body is None and not self._buffer

    @property
    def buffered(self) -> int:
        """The number of bytes that wait to be read."""
        return len(self._buffer)

    @property
    def holds_more(self) -> bool:
        """Whether anything waits to be read but the empty lines that may come before a request."""
        return bool(self._buffer.strip(b"\r\n"))

    def feed(self, data: bytes) -> None:
        """Take bytes as they arrive, in pieces of any size."""
        if not self.broken:
            self._buffer += data

    def next_event(self) -> Event | None:
        """Return the next event in the bytes so far, or None if more bytes are needed."""
        if self.broken or not (self._buffer or self._expects_continue):
            return None
        try:
            if self._body is not None:
                return self._read_body(self._body)
            return self._read_head() if self.keep_alive else None
        except Refused as refused:
            return self._refuse(refused.status, refused.problem)

    def eof(self) -> Malformed | None:
        """Note that the client sends no more. Return a refusal if it stopped in the middle of a request."""
        if self.broken or self.is_idle or (self._body is None and not self.keep_alive):
            return None
        part, begun = ("head", bytearray()) if self._body is None else ("body", self._raw)
        self._raw = begun + self._buffer[:MAX_HEAD]
        return self._refuse(400, f"the client stopped in the middle of the request's {part}")

    def _refuse(self, status: int, problem: str) -> Malformed:
        """Give up on the connection. The bytes that are kept end with those that were refused."""
        self.broken = True
        self.keep_alive = False
        self._buffer.clear()
        self._body = None
        return Malformed(status, problem, bytes(self._raw[:MAX_HEAD]))

    # Head

    def _read_head(self) -> Event | None:
        head = self._take_head()
        if head is None:
            return None
        known = _known.get(head)
        if known is None:
            self._raw = bytearray(head)
            known = _remember(head, self._understand(head))
        request = known.request
        if request.client != self._client or request.scheme != self._scheme:
            request = replace(request, client=self._client, scheme=self._scheme)
        self.keep_alive = known.keeps_alive
        self.is_last = not known.keeps_alive and request.version == "1.1"
        framing = known.framing
        if framing == 0:
            return request
        self._raw = bytearray(head)
        if framing == "chunked":
            self._body = ChunkedBody(self._raw, self._max_body)
        elif framing > self._max_body:
            raise Refused(413, f"a body of {framing:,} bytes is over the limit of {self._max_body:,}")
        else:
            self._body = SizedBody(self._raw, framing)
        self._expects_continue = known.is_continue_expected
        self._request = request
        return Arriving(request)

    def _understand(self, head: bytes) -> _KnownHead:
        line, fields = read_head(head)
        framing = framing_of(fields, line.version)
        headers = Headers.from_raw(fields)
        request = Request(
            method=line.method,
            target=line.target,
            version=line.version,
            headers=headers,
            client=self._client,
            scheme=self._scheme,
            is_whole=framing == 0,
        )
        return _KnownHead(
            request, framing, is_continue_expected(fields, line.version), keeps_alive(fields, line.version)
        )

    def _take_head(self) -> bytes | None:
        """Take a head with its empty line out of the buffer, or return None if its end has not arrived.

        The end is the first empty line, whether it and the line before it end in CR LF or LF, so that the end does not
        depend on how the bytes were split; `read_head` then refuses bare LFs.
        """
        buffer = self._buffer
        while buffer.startswith((b"\r\n", b"\n")):  # RFC 9112 §2.2: empty lines before a request line are skipped
            del buffer[0]  # the LF of a CR LF is deleted in the next round
        found = _END_OF_HEAD.search(buffer, max(0, self._scanned - 2))
        self._scanned = len(buffer)
        end = found.end() if found is not None else len(buffer)
        if end > MAX_HEAD:
            self._raw = buffer[:MAX_HEAD]
            raise Refused(431, f"the request's head is longer than {MAX_HEAD:,} bytes")
        if found is None:
            return None
        head = bytes(buffer[:end])
        del buffer[:end]
        self._scanned = 0
        return head

    # Body

    def _read_body(self, body: IncomingBody) -> Event | None:
        if self._expects_continue:
            self._expects_continue = False
            if not self._buffer:
                return ContinueExpected()
        body.read(self._buffer)
        head = self._request
        if not body.is_complete or head is None:
            return None
        self._body = self._request = None
        trailers = Headers.from_raw(body.trailers)
        return replace(head, body=bytes(body.content), is_whole=True, trailers=trailers)


def _remember(head: bytes, meaning: _KnownHead) -> _KnownHead:
    if len(head) <= LONGEST_KNOWN:
        if len(_known) >= HEADS_KNOWN:
            _known.clear()
        _known[head] = meaning
    return meaning
