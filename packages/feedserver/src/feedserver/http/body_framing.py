"""Where a request's body ends, and what it contains, without I/O.

This module alone decides where a body ends (RFC 9112 §6.3). `framing_of` reads the framing from the head; a `SizedBody`
or a `ChunkedBody` then takes from the buffer exactly the bytes that belong to the body. An ambiguous framing is
refused, since a proxy between the client and the server may interpret it differently.

A body is checked in whole units: a line, a chunk's data, the two bytes behind it. A unit is checked when its last byte
has arrived, so that the result does not depend on how the bytes were cut into packets.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable
from enum import Enum, auto
from typing import Literal, TypeAlias

from feedserver.messages.headers import TCHARS

MAX_RAW = 65_536
"""Bytes of a request that are kept as they were received, for the journal."""

MAX_CHUNK_LINE = 4096
"""Bytes of the line with a chunk's size and its extensions; a longer line is answered with 400."""

MAX_TRAILERS = 65_536
"""Bytes of the trailers after the last chunk; more is answered with 431."""

# 16 hexadecimal digits can hold any 64-bit size. A longer number is refused even if it begins with zeros: parsers
# disagree about its value.
_CHUNK_LINE = re.compile(rb"([0-9A-Fa-f]{1,16})(?:;[\t\x20-\x7e\x80-\xff]*)?\r\n")
_TRAILER = re.compile(TCHARS.encode("ascii") + rb":[\t\x20-\x7e\x80-\xff]*\r\n")
_LENGTH = re.compile(rb"[0-9]{1,19}")


class Refused(Exception):
    """The received bytes can't be answered as a request: *status* is that of the refusal, *problem* says why."""

    def __init__(self, status: int, problem: str) -> None:
        super().__init__(problem)
        self.status = status
        self.problem = problem


RequestFraming: TypeAlias = int | Literal["chunked"]
"""How a body is delimited: by its number of bytes, or by chunks."""


def framing_of(fields: Iterable[tuple[bytes, bytes]], version: str) -> RequestFraming:
    """Return how the body of a request with these header *fields* is framed; 0 for a request without a body.

    *version* is "1.0" or "1.1". Raises Refused for an unknown or ambiguous framing (RFC 9112 §6.1 to §6.3).
    """
    codings: list[bytes] = []
    lengths: list[bytes] = []
    for name, value in fields:
        folded = name.lower()
        if folded == b"transfer-encoding":
            codings.append(value.lower())
        elif folded == b"content-length":
            lengths.append(value)
    if codings:
        return _framing_by_coding(b", ".join(codings), lengths, version)
    if not lengths:
        return 0
    if len(lengths) > 1:
        raise Refused(400, "a request has at most one Content-Length (RFC 9112 §6.3)")
    if not _LENGTH.fullmatch(lengths[0]):
        raise Refused(400, f"Content-Length: {lengths[0][:40]!r} is no number of bytes")
    return int(lengths[0])


def _framing_by_coding(coding: bytes, lengths: list[bytes], version: str) -> RequestFraming:
    """Return the framing that the Transfer-Encoding *coding* means; *lengths* are the values of Content-Length."""
    if version == "1.0":
        raise Refused(400, "Transfer-Encoding is not known to HTTP/1.0 (RFC 9112 §6.1); send Content-Length")
    if lengths:
        raise Refused(400, "a request has Content-Length or Transfer-Encoding, not both (RFC 9112 §6.3)")
    if coding == b"chunked":
        return "chunked"
    members = [member.strip(b" \t") for member in coding.split(b",")]
    if members[-1] != b"chunked" or b"chunked" in members[:-1]:
        raise Refused(400, f"Transfer-Encoding: {coding[:40]!r} does not end in one 'chunked' (RFC 9112 §6.3)")
    raise Refused(501, f"Transfer-Encoding: {coding[:40]!r} is not supported; send 'chunked' alone")


class IncomingBody(ABC):
    """A request's body while it arrives: *raw* gets the bytes that are taken, `content` is the decoded body.

    *raw* gets no more once it has `MAX_RAW` bytes. `trailers` are the fields after the last chunk (RFC 9112 §7.1.2), as
    names and values.
    """

    __slots__ = ("_raw", "content", "is_complete", "trailers")

    def __init__(self, raw: bytearray) -> None:
        self._raw = raw
        self.content = bytearray()
        self.trailers: list[tuple[bytes, bytes]] = []
        self.is_complete = False

    @abstractmethod
    def read(self, buffer: bytearray) -> None:
        """Take the complete units of the body from *buffer*. Raises Refused for a malformed one."""

    def _take(self, buffer: bytearray, size: int) -> bytes:
        """Move up to *size* bytes out of *buffer*."""
        piece = bytes(buffer[:size])
        del buffer[:size]
        if len(self._raw) < MAX_RAW:
            self._raw += piece
        return piece


class SizedBody(IncomingBody):
    """A body of *size* bytes (RFC 9112 §6.2)."""

    __slots__ = ("_remaining",)

    def __init__(self, raw: bytearray, size: int) -> None:
        super().__init__(raw)
        self._remaining = size

    def read(self, buffer: bytearray) -> None:
        """Take from *buffer* the bytes that belong to the body."""
        piece = self._take(buffer, self._remaining)
        self._remaining -= len(piece)
        self.content += piece
        self.is_complete = self._remaining == 0


class _Expecting(Enum):
    """The unit that comes next in a chunked body."""

    SIZE = auto()
    DATA = auto()
    END_OF_DATA = auto()
    TRAILER = auto()


class ChunkedBody(IncomingBody):
    """A body in chunks, of at most *limit* bytes of content (RFC 9112 §7.1). Extensions are dropped.

    SIZE → DATA → END_OF_DATA → SIZE → …; a size of 0 leads to TRAILER, and the first empty line there completes the
    body.
    """

    __slots__ = ("_expecting", "_limit", "_remaining", "_trailers_remaining")

    def __init__(self, raw: bytearray, limit: int) -> None:
        super().__init__(raw)
        self._limit = limit
        self._remaining = 0
        self._trailers_remaining = MAX_TRAILERS
        self._expecting = _Expecting.SIZE

    def read(self, buffer: bytearray) -> None:
        """Take the complete units from *buffer*. Raises Refused for a malformed one."""
        while not self.is_complete and self._read_unit(buffer):
            pass

    def _read_unit(self, buffer: bytearray) -> bool:
        """Take one unit, or the available part of a chunk's data; return False where more bytes are needed."""
        if self._expecting is _Expecting.SIZE:
            return self._read_size(buffer)
        if self._expecting is _Expecting.DATA:
            return self._read_data(buffer)
        if self._expecting is _Expecting.END_OF_DATA:
            return self._read_end_of_data(buffer)
        return self._read_trailer(buffer)

    def _read_size(self, buffer: bytearray) -> bool:
        line = self._line(buffer, MAX_CHUNK_LINE)
        if line is None:
            return False
        match = _CHUNK_LINE.fullmatch(line)
        if match is None:
            raise Refused(400, f"the line {line[:40]!r} is no chunk's size (RFC 9112 §7.1)")
        self._remaining = int(match[1], 16)
        if self._remaining > self._limit - len(self.content):
            raise Refused(413, f"the body is over the limit of {self._limit:,} bytes")
        self._expecting = _Expecting.DATA if self._remaining else _Expecting.TRAILER
        return True

    def _read_data(self, buffer: bytearray) -> bool:
        piece = self._take(buffer, self._remaining)
        self._remaining -= len(piece)
        self.content += piece
        if self._remaining:
            return False
        self._expecting = _Expecting.END_OF_DATA
        return True

    def _read_end_of_data(self, buffer: bytearray) -> bool:
        if len(buffer) < 2:
            return False
        end = self._take(buffer, 2)
        if end != b"\r\n":
            raise Refused(400, f"a chunk's data is followed by {end!r}, not by CR LF (RFC 9112 §7.1)")
        self._expecting = _Expecting.SIZE
        return True

    def _read_trailer(self, buffer: bytearray) -> bool:
        line = self._line(buffer, self._trailers_remaining)
        if line is None:
            return False
        self._trailers_remaining -= len(line)
        if line == b"\r\n":
            self.is_complete = True
        elif self._trailers_remaining <= 0:
            raise Refused(431, f"the request's trailers are longer than {MAX_TRAILERS:,} bytes")
        elif not _TRAILER.fullmatch(line):
            raise Refused(400, f"the line {line[:40]!r} behind the last chunk is no trailer (RFC 9112 §7.1.2)")
        else:
            name, _, value = line.partition(b":")
            self.trailers.append((name, value.strip(b" \t\r\n")))
        return True

    def _line(self, buffer: bytearray, limit: int) -> bytes | None:
        """Take a line with its end, or the first *limit* bytes of a longer one; None where its end has not arrived."""
        end = buffer.find(b"\n", 0, limit)
        if end < 0 and len(buffer) < limit:
            return None
        return self._take(buffer, end + 1 if end >= 0 else limit)
