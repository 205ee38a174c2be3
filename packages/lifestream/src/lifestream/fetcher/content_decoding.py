"""Inflates bodies of unknown size as they arrive, up to a cap that counts inflated bytes. No I/O.

A kilobyte of gzip can hold a megabyte. So a body is inflated in small pieces, each is counted before the next is asked
for, and a body that exceeds the cap is given up in the same step: memory stays bounded by the cap, however the body is
coded. Between two pieces, the caller may wait for memory.

    bytes ──▶ layer: gzip ──▶ layer: gzip ──▶ layer: plain ──▶ the body

Browsers hide that servers are wrong about Content-Encoding in every possible way: servers name a charset there, name
a coding that the body is not in, code a body twice or don't say that it is coded. So the label is only a hint, and
each layer looks at how its bytes begin. No feed begins as gzip or Zstandard does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from lifestream.fetcher import inflaters
from lifestream.fetcher.inflaters import GZIP_MAGIC, MAX_MEMBERS, ZSTD_MAGIC, Broken, Inflater, TooManyMembers
from lifestream.fetcher.shortage import require_memory
from lifestream.message import say

_HEAD: Final = 64
"""How many bytes at the beginning of a layer tell its coding."""
_DEEPEST: Final = 4
"""How many codings are undone, one after the other."""

# What means no coding at all: the names for that, charsets, and words of Transfer-Encoding and of
# Content-Transfer-Encoding (RFC 2045 §6.1).
_NO_CODING: Final = re.compile(
    r"|identity|none|null|binary|[78]bit|chunked|utf-?(8|16|32)|us-ascii|ascii|iso[-_]8859-?[0-9]*|windows-[0-9]+",
    re.IGNORECASE,
)
_CONTROLS: Final = re.compile(rb"[\x01-\x08\x0b\x0e-\x1a\x1c-\x1f\x7f]")
_BOMS: Final = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"\0\0\xfe\xff")
_EBCDIC: Final = b"\x4c\x6f\xa7\x94"  # "<?xm"


class BodyTooLarge(ValueError):
    """The body, or what it inflates to, is over the cap."""


class CodingFailed(ValueError):
    """The content coding was not asked for, or its data is broken."""


class Body:
    """Collects one body of at most *cap* bytes, sent in *coding*: the value of Content-Encoding, "" for none."""

    def __init__(self, coding: str, cap: int) -> None:
        self._coding = coding
        names = [name.strip().lower().removeprefix("x-") for name in coding.split(",")]
        # The coding that is named last was applied last (RFC 9110 §8.4), so it is undone first.
        self._labels = [name for name in reversed(names) if not _NO_CODING.fullmatch(name)]
        self._cap = cap
        self._layers: list[_Layer] = []
        self._parts: list[bytes] = []
        self.received = 0
        """How many bytes came over the wire."""
        self.size = 0
        """How many bytes the body has by now, inflated."""

    def feed(self, data: bytes) -> None:
        """Take the next bytes from the wire.

        Raises `BodyTooLarge` or `CodingFailed`; the body is then forgotten. Raises `ShortOf` if there is no memory to
        inflate it.
        """
        for _ in self.pieces(data):
            pass

    def pieces(self, data: bytes) -> Iterator[int]:
        """Take the next bytes from the wire, and inflate them piece by piece, as the result is iterated.

        Yields how many more bytes of memory each piece takes, in the body and in the windows of its codings: little
        more than `inflaters.PIECE` at a time, if the body is coded. Raises as `feed` does.
        """
        try:
            self._receive(len(data))
            yield from self._through(0, data)
        except (BodyTooLarge, CodingFailed):
            self.forget()
            raise

    def _receive(self, count: int) -> None:
        # Bytes after the end of gzip inflate to nothing, so bytes on the wire have a cap of their own. It is a little
        # higher, since coding makes random data longer.
        self.received += count
        if self.received > self._cap + self._cap // 64 + 1024:
            raise BodyTooLarge(say("body-over-cap", cap=self._cap))

    def forget(self) -> None:
        """Drop the bytes that have come so far."""
        self._parts.clear()
        self._layers.clear()

    def last_pieces(self) -> Iterator[int]:
        """Inflate the bytes that were held back because they were too few to tell their coding. Call this at the end.

        Yields and raises as `pieces` does.
        """
        try:
            level = 0
            while level < len(self._layers):  # what one layer has held back may be the head of another one
                for data in self._layers[level].rest():
                    yield from self._through(level + 1, data)
                level += 1
        except (BodyTooLarge, CodingFailed):
            self.forget()
            raise

    def finish(self) -> bytes:
        """Return the whole body. Raises as `feed` does, and `CodingFailed` if its coding is not complete."""
        for _ in self.last_pieces():
            pass
        incomplete = [layer.coding for layer in self._layers if not layer.is_complete]
        body = b"".join(self._parts)
        self.forget()
        if incomplete:
            raise CodingFailed(say("coding-ends-early", coding=incomplete[0], received=self.received))
        return body

    def _through(self, level: int, data: bytes) -> Iterator[int]:
        """Pass *data* through the layers from *level* on, and keep what comes out. Yields as `pieces` does."""
        if level and (more := self._layers[level - 1].more_held()):
            yield more
        if level and self._layers[level - 1].coding == "":
            yield from self._keep(data)
            return
        if level == len(self._layers):
            label = self._labels[level] if level < len(self._labels) else ""
            self._layers.append(_Layer(label, self._coding, self._cap, may_be_coded=level < _DEEPEST))
        for piece in self._layers[level].pieces(data):
            yield from self._through(level + 1, piece)

    def _keep(self, data: bytes) -> Iterator[int]:
        self.size += len(data)
        if self.size > self._cap:
            raise BodyTooLarge(say("body-over-cap", cap=self._cap))
        if data:
            self._parts.append(data)
            yield len(data)


class _Layer:
    """Undoes one coding, which it recognises by its first bytes. *label* is the coding that the server names for this
    layer, or ""; *header* is its whole Content-Encoding, for a message.
    """

    def __init__(self, label: str, header: str, cap: int, *, may_be_coded: bool) -> None:
        self._label = label
        self._header = header
        self._cap = cap
        self._may_be_coded = may_be_coded
        self._head = b""
        self._is_known = False
        self._inflater: Inflater | None = None
        self._size = 0
        self._held = 0
        self.coding = label or "gzip"
        """The coding that this layer undoes: the likely one until its first bytes tell; "" if they are plain."""

    @property
    def is_complete(self) -> bool:
        """Whether the coded data has come to its end; plain bytes always have."""
        return self._inflater.is_complete if self._inflater is not None else self._is_known or not self._head

    def more_held(self) -> int:
        """Return how many more bytes the window of the coding holds than at the last call."""
        before, window = self._held, self._inflater.window if self._inflater is not None else 0
        self._held = min(self._size, window)
        return self._held - before

    def pieces(self, data: bytes) -> Iterator[bytes]:
        """Take the next bytes, and yield what they inflate to. Raises `BodyTooLarge` or `CodingFailed`, and `ShortOf`
        if there is no memory for the window of the coding.
        """
        if not self._is_known:
            self._head += data
            if len(self._head) < _HEAD:
                return
            data = self._begin()
        yield from self._inflate(data)

    def rest(self) -> Iterator[bytes]:
        """Yield, inflated, the bytes that were held back because they were too few to tell their coding."""
        if not self._is_known and self._head and not GZIP_MAGIC.startswith(self._head):
            yield from self._inflate(self._begin())

    def _begin(self) -> bytes:
        """Find out the coding of this layer. Return the bytes that were held back for that."""
        self._is_known = True
        data, self._head = self._head, b""
        self.coding = self._coding_of(data) if self._may_be_coded else ""
        match self.coding:
            case "gzip":
                self._inflater = inflaters.Zlib()
            case "deflate":
                self._inflater = inflaters.Zlib(raw=not _has_header(data))
            case "br":
                self._inflater = inflaters.Brotli()
            case "zstd":
                self._inflater = inflaters.Zstd()
        return data

    def _coding_of(self, data: bytes) -> str:
        """Return the coding of what begins with *data*; "" if it is plain. Raises `CodingFailed` if it is unknown."""
        if data.startswith(GZIP_MAGIC):
            return "gzip"
        if data.startswith(ZSTD_MAGIC) and "zstd" in inflaters.supported():
            return "zstd"
        if not self._label:
            return "deflate" if data[:2] in _ZLIB and _has_header(data) else ""
        if self._label in ("deflate", "br") and self._label in inflaters.supported():
            return "" if _is_text(data) and _begins_as_document(data) else self._label
        if _is_text(data):
            return ""
        if self._label in inflaters.supported():
            return self._label  # if it is wrong, the coding's library says what is broken
        raise CodingFailed(say("coding-not-asked", coding=repr(self._header)))

    def _inflate(self, data: bytes) -> Iterator[bytes]:
        if self._inflater is None:
            yield data
            return
        try:
            for piece in self._inflater.pieces(data):
                self._size += len(piece)
                if self._size > self._cap:
                    raise BodyTooLarge(say("body-over-cap", cap=self._cap))
                yield piece
        except Broken as error:
            # The libraries report a window that they get no memory for as broken data. They need a little more than it.
            require_memory(2 * self._inflater.window)
            raise CodingFailed(say("coding-broken", coding=self.coding, reason=str(error))) from error
        except TooManyMembers:
            raise CodingFailed(say("coding-members", coding=self.coding, limit=MAX_MEMBERS)) from None


# The headers of zlib for its usual window of 32 KB (RFC 1950 §2.2), without "x^", with which a text may begin.
_ZLIB: Final = (b"\x78\x01", b"\x78\x9c", b"\x78\xda")


def _has_header(data: bytes) -> bool:
    """Return whether the data begins with the header of zlib (RFC 1950 §2.2), or of gzip, which some servers call
    deflate.
    """
    if len(data) < 2:
        return False
    return data.startswith(GZIP_MAGIC) or (data[0] & 0x0F == 8 and (data[0] << 8 | data[1]) % 31 == 0)


def _is_text(data: bytes) -> bool:
    """Return whether *data*, the beginning of a body, is text, as far as its bytes tell. Coded bytes have controls
    among them. So have some characters in UTF-16, and *data* with these is not taken for text.
    """
    if data.startswith(_EBCDIC):
        return True
    if data.startswith(_BOMS) or b"\0" in data[:4]:  # UTF-16 and UTF-32
        data = data.replace(b"\0", b"")
    return b"\0" not in data and _CONTROLS.search(data) is None


def _begins_as_document(data: bytes) -> bool:
    """Return whether text begins as XML, HTML and JSON do."""
    for bom in _BOMS:
        data = data.removeprefix(bom)
    return data.replace(b"\0", b"").lstrip()[:1] in (b"<", b"{", b"[", _EBCDIC[:1])
