"""Inflaters for one content coding each, piece by piece: gzip and deflate, and br and zstd if there is a library for
them (the extra `codings`; Python has zstd from 3.14 on). No I/O.

No call returns much more than PIECE bytes, however far its input inflates: so a caller that counts the bytes stops
a decompression bomb before it is in memory.
"""

from __future__ import annotations

import sys
import zlib
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from typing import Any, Final, Protocol

PIECE: Final = 64 * 1024
"""How many bytes are inflated at a time."""

GZIP_MAGIC: Final = b"\x1f\x8b\x08"
"""How gzip begins: its identification, and deflate, which is the only method (RFC 1952 §2.3.1)."""
ZSTD_MAGIC: Final = b"\x28\xb5\x2f\xfd"
"""How a frame of Zstandard begins (RFC 8878 §3.1.1)."""

# Empty members cost time and inflate to nothing, so members are counted; a program that writes gzip in pieces writes
# only a few.
MAX_MEMBERS: Final = 1000

_AUTO: Final = 32 + zlib.MAX_WBITS  # reads the header to tell zlib (RFC 1950) from gzip (RFC 1952)
_RAW: Final = -zlib.MAX_WBITS  # RFC 1951: old IIS sends this as "deflate"
_BROTLI_WINDOW: Final = 24  # log2 of 16 MB, the largest window without an extension (RFC 7932 §9.1)
_ZSTD_WINDOW: Final = 23  # log2 of 8 MB, the largest window of the content coding (RFC 9659 §3)


class Broken(ValueError):
    """The data is not in the coding. The message is the library's."""


class TooManyMembers(ValueError):
    """The data has more than MAX_MEMBERS parts that each end by themselves."""


class Inflater(Protocol):
    """Inflates one coding."""

    window: int
    """The most bytes of its output that the inflater keeps in memory: later output may repeat them."""

    def pieces(self, data: bytes) -> Iterator[bytes]:
        """Take the next bytes, and yield what they inflate to. Raises `Broken` or `TooManyMembers`."""

    @property
    def is_complete(self) -> bool:
        """Whether the coded data has come to its end."""


class _Members:
    """The parts of coded data that follow each other, each of which begins with *magic* and ends by itself."""

    def __init__(self, magic: bytes) -> None:
        self._magic = magic
        self._count = 1
        self._held_back = b""
        self._is_over = False

    def next(self, data: bytes) -> bytes:
        """Return the beginning of another member if *data*, which follows the end of a member, begins one; otherwise
        b"". If *data* is too short to tell, it is held back for the next call. Anything else after the last member is
        padding. Raises `TooManyMembers`.
        """
        if self._is_over:
            return b""
        data, self._held_back = self._held_back + data, b""
        if not data.startswith(self._magic):
            self._is_over = not self._magic.startswith(data)
            self._held_back = b"" if self._is_over else data
            return b""
        self._count += 1
        if self._count > MAX_MEMBERS:
            raise TooManyMembers
        return data


class Zlib:
    """Inflates gzip and zlib; if *raw*, deflate without a header."""

    window = 1 << zlib.MAX_WBITS

    def __init__(self, *, raw: bool = False) -> None:
        self._inflater = zlib.decompressobj(_RAW if raw else _AUTO)
        self._members = _Members(GZIP_MAGIC[:2])

    @property
    def is_complete(self) -> bool:
        """Whether the last member has come to its end."""
        return self._inflater.eof

    def pieces(self, data: bytes) -> Iterator[bytes]:
        """See `Inflater`."""
        while data:
            if self._inflater.eof:
                data = self._members.next(data)
                if not data:
                    return
                self._inflater = zlib.decompressobj(_AUTO)
            try:
                yield self._inflater.decompress(data, PIECE)
            except zlib.error as error:
                raise Broken(str(error)) from error
            data = self._inflater.unused_data if self._inflater.eof else self._inflater.unconsumed_tail


class Brotli:
    """Inflates Brotli (RFC 7932). Bytes after the end are an error, as in the library: if data and padding come in one
    call, the library fails, and returns nothing of what the data inflates to. So padding could be ignored only if it
    came in a call of its own.
    """

    window = 1 << _BROTLI_WINDOW

    def __init__(self) -> None:
        self._library: Any = _brotli()
        self._inflater = self._library.Decompressor()

    @property
    def is_complete(self) -> bool:
        """Whether the stream has come to its end."""
        return bool(self._inflater.is_finished())

    def pieces(self, data: bytes) -> Iterator[bytes]:
        """See `Inflater`."""
        if not data:
            return
        if self.is_complete:
            raise Broken("brotli: bytes after the end")
        try:
            out = self._inflater.process(data, output_buffer_limit=PIECE)
            # The library may accept more data before all of its output has been fetched.
            while out or not (self._inflater.is_finished() or self._inflater.can_accept_more_data()):
                yield out
                out = self._inflater.process(b"", output_buffer_limit=PIECE)
        except self._library.error as error:
            raise Broken(str(error)) from error


class Zstd:
    """Inflates Zstandard (RFC 8878), frame after frame."""

    window = 1 << _ZSTD_WINDOW

    def __init__(self) -> None:
        self._library: Any = _zstd()
        self._members = _Members(ZSTD_MAGIC)
        self._inflater = self._frame()

    def _frame(self) -> Any:
        window = {self._library.DecompressionParameter.window_log_max: _ZSTD_WINDOW}
        return self._library.ZstdDecompressor(options=window)

    @property
    def is_complete(self) -> bool:
        """Whether the last frame has come to its end."""
        return bool(self._inflater.eof)

    def pieces(self, data: bytes) -> Iterator[bytes]:
        """See `Inflater`."""
        try:
            while data:
                if self.is_complete:
                    data = self._members.next(data)
                    if not data:
                        return
                    self._inflater = self._frame()
                yield self._inflater.decompress(data, PIECE)
                while not (self.is_complete or self._inflater.needs_input):
                    yield self._inflater.decompress(b"", PIECE)
                data = self._inflater.unused_data if self.is_complete else b""
        except self._library.ZstdError as error:
            raise Broken(str(error)) from error


@cache
def _brotli() -> Any:
    """Return the library that inflates br; None if it is not installed, or is older than brotli 1.2, the first that
    bounds what it returns.
    """
    try:
        library = import_module("brotli")
    except ImportError:
        return None
    return library if hasattr(library.Decompressor, "can_accept_more_data") else None


@cache
def _zstd() -> Any:
    """Return the library that inflates zstd; None if it is not installed."""
    try:
        return import_module("compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd")
    except ImportError:
        return None


@cache
def supported() -> tuple[str, ...]:
    """Return the codings that can be inflated here, as names of Content-Encoding."""
    more = [name for name, library in (("br", _brotli()), ("zstd", _zstd())) if library is not None]
    return ("gzip", "deflate", *more)


def accepted() -> str:
    """Return the value of Accept-Encoding (RFC 9110 §12.5.3): all codings that can be inflated here."""
    return ", ".join(supported())
