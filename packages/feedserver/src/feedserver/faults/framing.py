"""Framing: the headers or chunks give a wrong length of the body, or the right one in a rare way (RFC 9112 §6 and §7).

If the client cannot know where the next answer would begin, the connection is closed after this one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import ClassVar, Final

from feedserver.faults.directive_fields import FIELDS, fields_in_words, one_line_fields, read_fields
from feedserver.faults.fault import Fault, Layer, Shaped, declaring
from feedserver.faults.kind import Kind, check_at_least, plain, with_number
from feedserver.faults.places import closing, is_chunk_size, is_last_chunk
from feedserver.messages.headers import HeaderInput, Headers
from feedserver.messages.request import Request
from feedserver.messages.response import Response, body_size, sends_body
from feedserver.messages.send_plan import CloseConnection, Ended, Flush, Injected, Plan, Send

LATE: Final = Headers({"X-Trailer": "late"})
"""The fields after the last chunk, unless others are given."""

_SIZE = re.compile(r"[!-~]+")


@dataclass(frozen=True, slots=True)
class _WrongLength(Fault):
    """A fault that makes Content-Length wrong: *by* says by how many bytes."""

    layer: ClassVar[Layer] = Layer.FRAMING
    by: int = 1

    def __post_init__(self) -> None:
        Fault.__post_init__(self)
        check_at_least(1, self.by, "bytes to be wrong by")


@dataclass(frozen=True, slots=True)
class ShortLength(_WrongLength):
    """Content-Length is *by* bytes less than the body that is sent, or 0, so the client cuts the body."""

    @property
    def words(self) -> str:
        """The fault's directive without its trigger, such as "short content-length by 1"."""
        return f"short content-length by {self.by}"

    def shape(self, request: Request, response: Response) -> Shaped | None:
        """Return the response with the lower Content-Length, or None if it has no body of known size."""
        return _with_lengths(request, response, max(body_size(response) - self.by, 0))


@dataclass(frozen=True, slots=True)
class LongLength(_WrongLength):
    """Content-Length is *by* bytes more than the body that is sent; then the connection is closed."""

    @property
    def words(self) -> str:
        """The fault's directive without its trigger, such as "long content-length by 1"."""
        return f"long content-length by {self.by}"

    def shape(self, request: Request, response: Response) -> Shaped | None:
        """Return the response with the higher Content-Length, or None if it has no body of known size."""
        return _with_lengths(request, response, body_size(response) + self.by)


@dataclass(frozen=True, slots=True)
class TwoLengths(Fault):
    """Two Content-Length headers that differ: the true length, then one that is a byte longer. A client must refuse
    the answer (RFC 9112 §6.3).
    """

    layer: ClassVar[Layer] = Layer.FRAMING

    @property
    def words(self) -> str:
        """The fault's directive without its trigger."""
        return "two content-lengths"

    def shape(self, request: Request, response: Response) -> Shaped | None:
        """Return the response with both headers, or None if it has no body of known size."""
        return _with_lengths(request, response, body_size(response), body_size(response) + 1)


@dataclass(frozen=True, slots=True)
class LengthWithChunks(Fault):
    """A Content-Length beside `Transfer-Encoding: chunked`; clients must go by the chunks (RFC 9112 §6.3)."""

    layer: ClassVar[Layer] = Layer.FRAMING

    @property
    def words(self) -> str:
        """The fault's directive without its trigger."""
        return "content-length with transfer-encoding"

    def shape(self, request: Request, response: Response) -> Shaped | None:
        """Return the response with both headers, or None if it has no body of known size."""
        shaped = _with_lengths(request, response, body_size(response))
        if shaped is None:
            return None
        headers = shaped.response.headers.added("Transfer-Encoding", "chunked")
        return Shaped(declaring(shaped.response, headers))


@dataclass(frozen=True, slots=True)
class _Chunked(Fault):
    """A fault in the chunks of a body, or a rare use of chunks. HTTP/1.0 has no chunks, so nothing is broken there."""

    layer: ClassVar[Layer] = Layer.FRAMING

    def prepare(self, response: Response) -> Response:
        """Have the body sent in chunks."""
        headers = response.headers.without("Content-Length", "Transfer-Encoding")
        omit = response.omit - {"transfer-encoding"} | {"content-length"}
        return replace(response, headers=headers, omit=omit)


@dataclass(frozen=True, slots=True)
class MissingLastChunk(_Chunked):
    """The whole body comes in chunks, but the connection is closed before the last, empty chunk."""

    @property
    def words(self) -> str:
        """The fault's directive without its trigger."""
        return "missing last chunk"

    def apply(self, plan: Plan) -> Plan:
        """Return the plan with a close in place of the last chunk."""
        for step in plan:
            if is_last_chunk(step):
                yield Flush()
                yield Injected(str(self), part="framing")
                yield CloseConnection(Ended.CLOSED)
                return
            yield step


@dataclass(frozen=True, slots=True)
class BadChunkSize(_Chunked):
    """The first chunk has a wrong *size*: "x", or one that clients misread: "-1", "0x3", "ffffffffffffffffff"."""

    remedy: ClassVar[str] = "ask over HTTP/1.1, and give a size that the first chunk does not have"
    size: str = "x"

    def __post_init__(self) -> None:
        Fault.__post_init__(self)
        if not _SIZE.fullmatch(self.size):
            raise ValueError(f"{self.size!r} is not possible as a chunk's size; use visible ASCII without blanks")

    @property
    def words(self) -> str:
        """The fault's directive without its trigger, such as "bad chunk size -1"."""
        return f"bad chunk size {self.size}"

    def apply(self, plan: Plan) -> Plan:
        """Return the plan with the size of the first chunk replaced."""
        begun = False
        for step in closing(plan):
            if not begun and is_chunk_size(step):
                begun = True
                right = step.data.partition(b"\r\n")[0].decode("ascii")
                size = self.size.partition(";")[0]  # an extension may follow it (RFC 9112 §7.1.1)
                if size and size.lower().lstrip("0") == right.lower().lstrip("0"):
                    yield step
                    continue
                yield Injected(str(self), part="framing")
                yield Send(self.size.encode("ascii") + step.data[step.data.index(b"\r\n") :], "framing")
            else:
                yield step


@dataclass(frozen=True, slots=True)
class ChunkExtensions(_Chunked):
    """Each chunk's size is followed by an extension, which clients must ignore (RFC 9112 §7.1.1)."""

    @property
    def words(self) -> str:
        """The fault's directive without its trigger."""
        return "chunk extensions"

    def apply(self, plan: Plan) -> Plan:
        """Return the plan with an extension after each chunk's size."""
        begun = False
        for step in plan:
            if not is_chunk_size(step):
                yield step
                continue
            if not begun:
                begun = True
                yield Injected(str(self), part="framing")
            size, line_end, rest = step.data.partition(b"\r\n")
            yield Send(size + b';note="a;b"' + line_end + rest, "framing")


@dataclass(frozen=True, slots=True)
class Trailers(_Chunked):
    """Header *fields* follow the last chunk; clients may use or ignore them (RFC 9112 §7.1.2)."""

    fields: HeaderInput = LATE

    def __post_init__(self) -> None:
        Fault.__post_init__(self)
        object.__setattr__(self, "fields", one_line_fields(self.fields))

    @property
    def words(self) -> str:
        """The fault's directive without its trigger, such as "trailers" or "trailers X-Digest: abc"."""
        return f"trailers {'' if self.fields == LATE else fields_in_words(Headers(self.fields))}".rstrip()

    def apply(self, plan: Plan) -> Plan:
        """Return the plan with the fields after the last chunk."""
        for step in plan:
            if is_last_chunk(step):
                yield Injected(str(self), part="framing")
                lines = b"".join([b"%b: %b\r\n" % field for field in Headers(self.fields).raw])
                yield Send(step.data.removesuffix(b"\r\n") + lines + b"\r\n", "framing")
            else:
                yield step


def _with_lengths(request: Request, response: Response, *lengths: int) -> Shaped | None:
    """Return the response with one Content-Length header for each of *lengths*, or None if it sends no body, or one
    whose size is not known beforehand.
    """
    if not body_size(response) or not sends_body(request.method, response.status):
        return None
    headers = response.headers.without("Content-Length", "Transfer-Encoding")
    for length in lengths:
        headers = headers.added("Content-Length", str(length))
    return Shaped(declaring(response, headers))


def _read_trailers(rest: str) -> Fault:
    return Trailers(read_fields(rest)) if rest else Trailers()


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
    Kind("trailers", FIELDS, _read_trailers, ("trailers", "trailers X-A: b & X-C: d")),
)
