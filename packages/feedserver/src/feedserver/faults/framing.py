"""Framing: the client is told the wrong end of the body, or the right one in a rare way (RFC 9112 §6 and §7).

Where the client cannot know where the next answer would begin, the connection is closed behind this one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import ClassVar

from feedserver.faults.fault import Fault, Layer, Shaped
from feedserver.faults.kind import Kind, check_at_least, plain, with_number
from feedserver.faults.places import closing, is_chunk_size, is_last_chunk
from feedserver.messages.request import Request
from feedserver.messages.response import Response, body_size, sends_body
from feedserver.messages.send_plan import CloseConnection, Ended, Flush, Injected, Plan, Send

_SIZE = re.compile(r"[!-~]+")


@dataclass(frozen=True, slots=True)
class _WrongLength(Fault):
    """Content-Length is wrong *by* so many bytes."""

    layer: ClassVar[Layer] = Layer.FRAMING
    by: int = 1

    def __post_init__(self) -> None:
        Fault.__post_init__(self)
        check_at_least(1, self.by, "bytes to be wrong by")


@dataclass(frozen=True, slots=True)
class ShortLength(_WrongLength):
    """Content-Length is *by* bytes less than are sent: the client cuts the body."""

    @property
    def words(self) -> str:
        """As in "short content-length by 1"."""
        return f"short content-length by {self.by}"

    def shape(self, request: Request, response: Response) -> Shaped | None:
        """Return the broken response, or None if it has no body."""
        return _with_lengths(request, response, max(body_size(response) - self.by, 0))


@dataclass(frozen=True, slots=True)
class LongLength(_WrongLength):
    """Content-Length is *by* bytes more than are sent; then the connection is closed."""

    @property
    def words(self) -> str:
        """As in "long content-length by 1"."""
        return f"long content-length by {self.by}"

    def shape(self, request: Request, response: Response) -> Shaped | None:
        """Return the broken response, or None if it has no body."""
        return _with_lengths(request, response, body_size(response) + self.by)


@dataclass(frozen=True, slots=True)
class TwoLengths(Fault):
    """Two Content-Length headers that differ: the true one, then one that is a byte longer (RFC 9112 §6.3: refuse)."""

    layer: ClassVar[Layer] = Layer.FRAMING

    @property
    def words(self) -> str:
        """Its name."""
        return "two content-lengths"

    def shape(self, request: Request, response: Response) -> Shaped | None:
        """Return the broken response, or None if it has no body."""
        return _with_lengths(request, response, body_size(response), body_size(response) + 1)


@dataclass(frozen=True, slots=True)
class LengthWithChunks(Fault):
    """Content-Length beside Transfer-Encoding: chunked, which must win (RFC 9112 §6.3)."""

    layer: ClassVar[Layer] = Layer.FRAMING

    @property
    def words(self) -> str:
        """Its name."""
        return "content-length with transfer-encoding"

    def shape(self, request: Request, response: Response) -> Shaped | None:
        """Return the broken response, or None if it has no body."""
        shaped = _with_lengths(request, response, body_size(response))
        if shaped is None:
            return None
        headers = shaped.response.headers.added("Transfer-Encoding", "chunked")
        return Shaped(replace(shaped.response, headers=headers))


@dataclass(frozen=True, slots=True)
class _Chunked(Fault):
    """A body in chunks, broken or rare in them. HTTP/1.0 knows no chunks, so nothing is broken there."""

    layer: ClassVar[Layer] = Layer.FRAMING

    def prepare(self, response: Response) -> Response:
        """Ask for chunks."""
        headers = response.headers.without("Content-Length", "Transfer-Encoding")
        omit = response.omit - {"transfer-encoding"} | {"content-length"}
        return replace(response, headers=headers, omit=omit)


@dataclass(frozen=True, slots=True)
class MissingLastChunk(_Chunked):
    """The body comes in chunks, whole, but the connection is closed before the last, empty chunk."""

    @property
    def words(self) -> str:
        """Its name."""
        return "missing last chunk"

    def apply(self, plan: Plan) -> Plan:
        """Close where the last chunk would be."""
        for step in plan:
            if is_last_chunk(step):
                yield Flush()
                yield Injected(str(self))
                yield CloseConnection(Ended.CLOSED)
                return
            yield step


@dataclass(frozen=True, slots=True)
class BadChunkSize(_Chunked):
    """The first chunk has a *size* that is none: "x", or what clients trip on, as "-1", "0x3", "ffffffffffffffffff"."""

    size: str = "x"

    def __post_init__(self) -> None:
        Fault.__post_init__(self)
        if not _SIZE.fullmatch(self.size):
            raise ValueError(f"{self.size!r} cannot stand for a chunk's size; use visible ASCII without blanks")

    @property
    def words(self) -> str:
        """As in "bad chunk size -1"."""
        return f"bad chunk size {self.size}"

    def apply(self, plan: Plan) -> Plan:
        """Replace the first size."""
        begun = False
        for step in closing(plan):
            if not begun and is_chunk_size(step):
                begun = True
                yield Injected(str(self))
                yield Send(self.size.encode("ascii") + step.data[step.data.index(b"\r\n") :], "framing")
            else:
                yield step


@dataclass(frozen=True, slots=True)
class ChunkExtensions(_Chunked):
    """Each chunk's size has an extension behind it, which clients must ignore (RFC 9112 §7.1.1)."""

    @property
    def words(self) -> str:
        """Its name."""
        return "chunk extensions"

    def apply(self, plan: Plan) -> Plan:
        """Add one to each size."""
        begun = False
        for step in plan:
            if not is_chunk_size(step):
                yield step
                continue
            if not begun:
                begun = True
                yield Injected(str(self))
            size, line_end, rest = step.data.partition(b"\r\n")
            yield Send(size + b';note="a;b"' + line_end + rest, "framing")


@dataclass(frozen=True, slots=True)
class Trailers(_Chunked):
    """A header field behind the last chunk, which clients may use or ignore (RFC 9112 §7.1.2)."""

    @property
    def words(self) -> str:
        """Its name."""
        return "trailers"

    def apply(self, plan: Plan) -> Plan:
        """Add one to the last chunk."""
        for step in plan:
            if is_last_chunk(step):
                yield Injected(str(self))
                yield Send(step.data.removesuffix(b"\r\n") + b"X-Trailer: late\r\n\r\n", "framing")
            else:
                yield step


def _with_lengths(request: Request, response: Response, *lengths: int) -> Shaped | None:
    """Return the response with these Content-Lengths, if it has a body that they could be wrong about."""
    if not body_size(response) or not sends_body(request.method, response.status):
        return None
    headers = response.headers.without("Content-Length", "Transfer-Encoding")
    for length in lengths:
        headers = headers.added("Content-Length", str(length))
    return Shaped(replace(response, headers=headers))


def _read_bad_chunk_size(rest: str) -> Fault:
    return BadChunkSize(rest) if rest else BadChunkSize()


KINDS = (
    with_number("short content-length", "[by N]", ShortLength, 100),
    with_number("long content-length", "[by N]", LongLength, 100),
    plain("two content-lengths", TwoLengths),
    plain("content-length with transfer-encoding", LengthWithChunks),
    plain("missing last chunk", MissingLastChunk),
    Kind(
        "bad chunk size",
        "[SIZE]",
        _read_bad_chunk_size,
        ("bad chunk size", "bad chunk size -1", "bad chunk size ffffffffffffffffff"),
    ),
    plain("chunk extensions", ChunkExtensions),
    plain("trailers", Trailers),
)
