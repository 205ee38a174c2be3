"""Inflates bodies of unknown size as they arrive, up to a cap that counts inflated bytes. No I/O.

A kilobyte of gzip can hold a megabyte. So the inflater is asked for at most one byte more than is still allowed, and a
body that exceeds the cap is given up in the same step: memory stays bounded by the cap, however the body is coded.
Inflated bytes come in pieces, so that the reader may wait between them for memory.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from lifestream.message import say

ACCEPTED = "gzip, deflate"
"""The value of Accept-Encoding (RFC 9110 §12.5.3): all codings that this module inflates."""

PIECE = 64 * 1024
"""How many bytes are inflated at a time."""

_AUTO = 32 + zlib.MAX_WBITS  # reads the header to tell zlib (RFC 1950) from gzip (RFC 1952)
_RAW = -zlib.MAX_WBITS  # RFC 1951: old IIS sends this as "deflate"
_GZIP_MAGIC = b"\x1f\x8b"
# Empty members cost time and inflate to nothing, so members are counted; a program that writes gzip in pieces writes
# only a few.
_MAX_MEMBERS = 1000


class BodyTooLarge(ValueError):
    """The body, or what it inflates to, is over the cap."""


class CodingFailed(ValueError):
    """The content coding was not asked for, or its data is broken."""


class Body:
    """Collects one body of at most *cap* bytes, sent in *coding*: the value of Content-Encoding, "" for none.

    Raises `CodingFailed` for a coding that was not asked for.
    """

    def __init__(self, coding: str, cap: int) -> None:
        names = [part.strip().lower() for part in coding.split(",")]
        codings = [name for name in names if name not in ("", "identity")]
        if len(codings) > 1 or any(name not in ("gzip", "x-gzip", "deflate") for name in codings):
            raise CodingFailed(say("coding-not-asked", coding=repr(coding)))
        self._coding = codings[0] if codings else ""
        self._cap = cap
        self._parts: list[bytes] = []
        self._head = b""
        self._inflater: zlib._Decompress | None = None
        self._members = 1
        self.received = 0
        """How many bytes came over the wire."""
        self.size = 0
        """How many bytes the body has by now, inflated."""

    def feed(self, data: bytes) -> None:
        """Take the next bytes from the wire.

        Raises `BodyTooLarge` or `CodingFailed`; the body is then forgotten.
        """
        for _ in self.pieces(data):
            pass

    def pieces(self, data: bytes) -> Iterator[int]:
        """Take the next bytes from the wire, and inflate them piece by piece, as the result is iterated.

        Yields by how many bytes the body has grown: PIECE at most where they are inflated. Raises as `feed` does.
        """
        self.received += len(data)
        try:
            yield from self._inflate(data) if self._coding else self._keep(data)
        except (BodyTooLarge, CodingFailed):
            self.forget()
            raise

    def forget(self) -> None:
        """Drop the bytes that have come so far."""
        self._parts.clear()

    def finish(self) -> bytes:
        """Return the whole body. Raises `CodingFailed` if its coding is not complete."""
        if self._head or (self._inflater is not None and not self._inflater.eof):
            self._parts.clear()
            raise CodingFailed(say("coding-ends-early", coding=self._coding, received=self.received))
        body = b"".join(self._parts)
        self._parts.clear()
        return body

    def _keep(self, data: bytes) -> Iterator[int]:
        self.size += len(data)
        if self.size > self._cap:
            raise BodyTooLarge(say("body-over-cap", cap=self._cap))
        if data:
            self._parts.append(data)
            yield len(data)

    def _inflate(self, data: bytes) -> Iterator[int]:
        # Bytes after the end of the coded data inflate to nothing, so bytes on the wire have a cap of their own. It is
        # a little higher, since coding makes random data longer.
        if self.received > self._cap + self._cap // 64 + 1024:
            raise BodyTooLarge(say("body-over-cap", cap=self._cap))
        if self._inflater is None:
            self._head += data
            if len(self._head) < 2:  # too few bytes to tell raw deflate from zlib
                return
            data, self._head = self._head, b""
            self._inflater = zlib.decompressobj(_AUTO if self._coding != "deflate" or _has_header(data) else _RAW)
        while data:
            try:
                out = self._inflater.decompress(data, min(PIECE, self._cap - self.size + 1))
            except zlib.error as error:
                raise CodingFailed(say("coding-broken", coding=self._coding, reason=str(error))) from error
            yield from self._keep(out)
            if not self._inflater.eof:
                data = self._inflater.unconsumed_tail
            elif self._inflater.unused_data.startswith(_GZIP_MAGIC):  # RFC 1952 §2.2: members follow each other
                self._members += 1
                if self._members > _MAX_MEMBERS:
                    raise CodingFailed(say("coding-members", coding=self._coding, limit=_MAX_MEMBERS))
                data = self._inflater.unused_data
                self._inflater = zlib.decompressobj(_AUTO)
            else:
                return  # bytes after the end are padding


def _has_header(data: bytes) -> bool:
    """Return whether the data begins with the header of zlib (RFC 1950 §2.2), or of gzip, which some servers call
    deflate.
    """
    return data.startswith(_GZIP_MAGIC) or (data[0] & 0x0F == 8 and (data[0] << 8 | data[1]) % 31 == 0)
