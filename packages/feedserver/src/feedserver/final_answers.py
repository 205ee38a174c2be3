"""Answers as http.client reads them, without the interim ones that come before; and chunked bodies."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from http.client import HTTPResponse

STATUS_LINE = re.compile(rb"HTTP/1\.\d +(?P<status>\d{3})(?![^ \r\n])")
"""The beginning of the first line of an answer (RFC 9112 §4). http.client takes others, such as "HTTP/1.x +20"."""

FIELD_LINE = re.compile(rb"[ \t]|[!#$%&'*+.^_`|~0-9A-Za-z-]+:")
"""The beginning of a line of a head, or of one that goes on with the line before (RFC 9112 §5)."""

_PIECE = 65_536
_SIZE_OF_CHUNK = re.compile(rb"([0-9A-Fa-f]+)[ \t]*(?:;.*)?\r?\n", re.DOTALL)


@cache
def final_response() -> type[HTTPResponse]:
    """Return a response class of http.client that skips all interim answers (RFC 9110 §15.2) but 101.

    http.client skips status 100 alone, so that 103, Early Hints, would be the answer. After 101, Switching Protocols,
    no HTTP answer follows. Importing http.client takes longer than a server's start, so it is imported here.
    """
    from http.client import HTTPResponse

    class FinalResponse(HTTPResponse):
        def begin(self) -> None:
            super().begin()
            while 102 <= self.status < 200:
                self.headers = None  # type: ignore[assignment] # else `begin` returns at once
                super().begin()

    return FinalResponse


def chunked_body(response: HTTPResponse, *, strict: bool = False) -> Iterator[bytes]:
    """Yield pieces of the chunked body (RFC 9112 §7.1) of *response*. Raises HTTPException for one that
    is faulty, or cut before the end of its last chunk; the trailers may be cut. If *strict* is true, they may not, and
    a size that ends in LF without CR is faulty, and so is a trailer that is no field.

    http.client itself does not read the chunks here. It accepts a size that Python's int() does, such as "+5" or "0x5",
    even if the line is cut, and any two bytes as the end of a chunk's data.
    """
    from http.client import IncompleteRead

    stream = response.fp
    while size := _size_of_chunk(stream.readline(_PIECE + 1), strict):
        while size:
            piece = stream.read1(min(size, _PIECE))
            if not piece:
                raise IncompleteRead(b"")
            yield piece
            size -= len(piece)
        if stream.read(2) != b"\r\n":
            raise IncompleteRead(b"")
    is_first = True
    while (trailer := stream.readline(_PIECE + 1)) not in (b"\r\n", b"\n", b""):
        _check_length(trailer, "trailer line")
        if strict and (not FIELD_LINE.match(trailer) or (is_first and trailer[:1] in b" \t")):
            raise IncompleteRead(b"")
        is_first = False
    if strict and not trailer:
        raise IncompleteRead(b"")


def _size_of_chunk(line: bytes, strict: bool) -> int:
    from http.client import IncompleteRead

    _check_length(line, "chunk size")
    match = _SIZE_OF_CHUNK.fullmatch(line)
    if match is None or (strict and not line.endswith(b"\r\n")):
        raise IncompleteRead(b"")
    return int(match[1], 16)


def _check_length(line: bytes, kind: str) -> None:
    """Raise LineTooLong, as http.client does, for a *line* of more than 64 KiB."""
    from http.client import LineTooLong

    if len(line) > _PIECE:
        raise LineTooLong(kind)
