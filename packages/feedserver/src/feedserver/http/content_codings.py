"""Content codings: which are known and installed, which one a client prefers, and how a body is coded.

A coding is a stream: chunks go in, coded chunks come out. A body of bytes is one chunk, a file is many, and codings
inside each other are streams in a row. So all of them take the same path.

gzip and deflate come with Python, and zstd from Python 3.14 on; br, and zstd before that, need an extra, which is
imported when it is first used. Among codings that a client likes equally, the newest is preferred, as in Caddy; deflate
comes last, because clients disagree on whether it has a zlib wrapper. The gzip header has no time: the same body always
gives the same bytes, so that several requests can fetch ranges of it.
"""

from __future__ import annotations

import re
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from importlib import import_module
from typing import Any

from feedserver.messages.headers import TCHARS
from feedserver.messages.response import FileBody

OFFERED = ("zstd", "br", "gzip", "deflate")
"""The codings that `Coding: auto` chooses from, if they are installed; the preferred one first."""

_ALIASES = {"x-gzip": "gzip"}  # RFC 9110 §8.4.1.3
_MODULES = {"br": "brotli", "zstd": "compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd"}
_EXTRAS = {"br": "brotli", "zstd": "zstd"}

_GZIP_WRAPPER = 16 + zlib.MAX_WBITS
_ZLIB_WRAPPER = zlib.MAX_WBITS  # "deflate" is the zlib format, whatever its name says: RFC 9110 §8.4.1.2
_ZLIB_LEVEL = 6
_BROTLI_QUALITY = 5  # 11, the library's default, takes twenty times as long and saves a tenth.

_Compress = Callable[[bytes], bytes]
_Finish = Callable[[], bytes]

_CHUNK = 256 * 1024  # bytes

_PREFERENCE = re.compile(
    rf"[ \t]*(?P<coding>{TCHARS})[ \t]*"
    r"(?:;[ \t]*[qQ]=(?P<weight>0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)[ \t]*)?"
)


class CodingUnavailable(ValueError):
    """A coding that feedserver knows, but whose extra is not installed. The message names the extra."""


def parse(text: str) -> tuple[str, ...]:
    """Return the codings in *text*, such as "gzip", or "gzip, br" for one inside another, in the order in which they
    are applied.

    Names are in lower case, with aliases resolved and "identity" left out. `()` means an uncoded body. Raises
    ValueError for a coding that feedserver does not know, and its subclass CodingUnavailable for a coding whose extra
    is not installed.
    """
    names = []
    for word in text.split(","):
        name = _canonical(word)
        if name == "identity":
            continue
        if name not in OFFERED:
            raise ValueError(
                f"{word.strip()!r} is no content coding that feedserver knows; "
                "write gzip, deflate, br or zstd, or auto to let Accept-Encoding choose"
            )
        if name in _MODULES:
            _extra(name)
        names.append(name)
    return tuple(names)


@cache
def available() -> tuple[str, ...]:
    """Return the codings of `OFFERED` that are installed, in that order."""
    return tuple(name for name in OFFERED if _is_available(name))


def choose(accept_encoding: str | None, offered: Sequence[str]) -> str | None:
    """Return the coding of *offered* that Accept-Encoding prefers, or None for no coding (RFC 9110 §12.5.3).

    *offered* is in the server's order of preference, which decides between equal weights. Any acceptable coding wins
    over none, unless "identity" has a higher weight. A request without the field gets no coding: by the RFC it accepts
    any, but such a client may know none. If the client refuses every coding, and "identity" too, §12.4.1 allows a 406
    or no coding; real servers send the body. A malformed member is ignored.
    """
    if accept_encoding is None or not offered:
        return None
    weights = _weights(accept_encoding)
    others = weights.get("*", 0.0)
    chosen = max(offered, key=lambda name: weights.get(name, others))  # The first of equals.
    weight = weights.get(chosen, others)
    return chosen if weight > 0 and weight >= weights.get("identity", 0.0) else None


def accepts(accept_encoding: str, coding: str) -> bool:
    """Return whether the field *accept_encoding* lets a server send *coding* (RFC 9110 §12.5.3). Other rules hold for
    "identity", which *coding* must not be.
    """
    weights = _weights(accept_encoding)
    return weights.get(_canonical(coding), weights.get("*", 0.0)) > 0


def encode(body: bytes, coding: str) -> bytes:
    """Return *body* in *coding*: a name, or several as `parse` reads them. Raises what `parse` raises."""
    return b"".join(_encoded([body], coding))


def encoded_file(source: FileBody, coding: str) -> Iterable[bytes]:
    """Return *source* in *coding*, in parts of which only a few are in memory at once.

    Raises what `parse` raises; the parts raise OSError if the file cannot be read or is shorter than *source* says.
    """
    return _encoded(_chunks(source), coding)


def _encoded(chunks: Iterable[bytes], coding: str) -> Iterable[bytes]:
    for name in parse(coding):
        chunks = _through(chunks, *_stream(name))
    return chunks


def _through(chunks: Iterable[bytes], compress: _Compress, finish: _Finish) -> Iterator[bytes]:
    for chunk in chunks:
        yield compress(chunk)
    yield finish()


def _chunks(source: FileBody) -> Iterator[bytes]:
    remaining = source.size
    with source.open() as file:
        while remaining:
            chunk = file.read(min(_CHUNK, remaining))
            if not chunk:
                raise OSError(f"{source.path} ended {remaining} bytes early; it was changed while it was being served")
            remaining -= len(chunk)
            yield chunk


def _stream(name: str) -> tuple[_Compress, _Finish]:
    """Return a new stream of a coding: a function that takes a chunk, and one that returns the rest."""
    if name == "br":
        brotli = _extra(name).Compressor(quality=_BROTLI_QUALITY)
        return brotli.process, brotli.finish
    if name == "zstd":
        zstd = _extra(name).ZstdCompressor()
        return zstd.compress, zstd.flush
    stream = zlib.compressobj(_ZLIB_LEVEL, zlib.DEFLATED, _GZIP_WRAPPER if name == "gzip" else _ZLIB_WRAPPER)
    return stream.compress, stream.flush


def _extra(name: str) -> Any:
    try:
        return import_module(_MODULES[name])
    except ImportError as error:
        raise CodingUnavailable(
            f"the coding {name!r} needs an extra; install it with: pip install 'feedserver[{_EXTRAS[name]}]'"
        ) from error


def _is_available(name: str) -> bool:
    try:
        parse(name)
    except CodingUnavailable:
        return False
    return True


def _canonical(name: str) -> str:
    folded = name.strip(" \t").lower()
    return _ALIASES.get(folded, folded)


def _weights(accept_encoding: str) -> dict[str, float]:
    weights = {}
    for member in accept_encoding.split(","):
        if match := _PREFERENCE.fullmatch(member):
            weights[_canonical(match["coding"])] = float(match["weight"] or 1)
    return weights
