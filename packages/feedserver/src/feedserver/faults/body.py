"""Bodies: the HTTP message is well-formed, but a client cannot decode its body, or should not read all of it."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import ClassVar, Final

from feedserver.faults.fault import Fault, Layer, Shaped, declaring
from feedserver.faults.kind import Kind, check_at_least, check_at_most, plain, with_number
from feedserver.faults.places import after_body, is_body, is_last_chunk
from feedserver.messages.made_body import MadeBody
from feedserver.messages.request import Request
from feedserver.messages.response import FileBody, Response, body_size, sends_body
from feedserver.messages.send_plan import CloseConnection, Injected, Plan, Read, Send

MEGABYTE = 1024 * 1024

MOST_MEGABYTES = 10_000
"""The largest bomb: the server keeps its coded body, some 13 MB, in memory."""

_FILLER = b" " * 65_535 + b"\n"
_BLOCKS_PER_MEGABYTE = MEGABYTE // len(_FILLER)
# RFC 1952 §2.3: method deflate, no flags, no modification time, no compression level, unknown operating system.
_GZIP_HEAD = bytes([0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255])


@dataclass(frozen=True, slots=True)
class _Coded(Fault):
    """A fault that damages a coded body. The body is coded as the response says, else in gzip, whatever the client
    accepts. A body that is made while it is sent is not coded.
    """

    layer: ClassVar[Layer] = Layer.BODY

    def prepare(self, response: Response) -> Response:
        """Have the body coded in gzip unless the response names a coding, or its body is made while it is sent."""
        return _in_gzip(response)


@dataclass(frozen=True, slots=True)
class TruncatedGzip(_Coded):
    """The coded body is cut *after* a number of bytes (by default after half of it); Content-Length is that of the cut
    body.
    """

    after: int | None = None

    def __post_init__(self) -> None:
        Fault.__post_init__(self)
        check_at_least(0, self.after, "bytes to cut after")

    @property
    def words(self) -> str:
        """The fault's directive without its trigger, such as "truncated gzip after 100"."""
        return "truncated gzip" if self.after is None else f"truncated gzip after {self.after}"

    def shape(self, request: Request, response: Response) -> Shaped | None:
        """Return the response with its body cut, or None if it has no coded body that is longer than *after* bytes."""
        size = body_size(response)
        keep = size // 2 if self.after is None else self.after
        if keep >= size or not _has_coded_body(request, response):
            return None
        body = response.body
        if isinstance(body, MadeBody):
            return None
        cut = replace(body, size=keep) if isinstance(body, FileBody) else body[:keep]
        return Shaped(replace(response, body=cut, headers=response.headers.without("Content-Length")), keep)


@dataclass(frozen=True, slots=True)
class CorruptGzip(_Coded):
    """One byte of the coded body is changed: the one that follows the first *after* bytes. The length stays the
    same. Bytes in gzip's head that no client checks are left alone: 4 to 9 (time, level and system), an extra field,
    a file's name and a comment.
    """

    remedy: ClassVar[str] = (
        "use a longer body, or break it at another place: nothing checks the bytes 4 to 9 and the name in gzip's head"
    )
    after: int = 20

    def __post_init__(self) -> None:
        Fault.__post_init__(self)
        check_at_least(0, self.after, "bytes to leave whole")

    @property
    def words(self) -> str:
        """The fault's directive without its trigger, such as "corrupt gzip after 20"."""
        return f"corrupt gzip after {self.after}"

    def apply(self, plan: Plan) -> Plan:
        """Return the plan with the byte after the first *after* bytes of the body inverted."""
        first, head = b"", min(self.after + 1, _LONGEST_HEAD)

        def noted() -> Plan:
            nonlocal first
            for step in plan:
                first += step.data[: head - len(first)] if is_body(step) and len(first) < head else b""
                yield step

        rest = yield from after_body(noted(), self.after)
        if rest is None:
            return
        begun = False
        for step in rest:
            if not begun and is_body(step):
                begun = True
                if _is_unchecked(first, self.after):
                    yield step
                    continue
                yield Injected(str(self))
                yield Send(bytes([step.data[0] ^ 0xFF]) + step.data[1:])
            else:
                yield step


def _is_unchecked(first: bytes, at: int) -> bool:
    """Return whether no client checks the byte *at* of a coded body, of which *first* are the bytes up to that one.

    In gzip's head, these are the time, the system, an extra field, a file's name and a comment (RFC 1952 §2.3.1).
    """
    if not first.startswith(_GZIP) or at < 4 or at >= _LONGEST_HEAD:
        return False
    if at < 10:
        return True
    flags, place = first[3], 10
    if flags & _HAS_EXTRA and at > 11:
        place = 12 + int.from_bytes(first[10:12], "little")
        if at < place:
            return True
    for flag in (_HAS_NAME, _HAS_COMMENT):
        if flags & flag and at >= place:
            end = first.find(b"\0", place)
            if end == -1:
                return True
            place = end + 1
    return False


_GZIP: Final = b"\x1f\x8b"
_HAS_EXTRA, _HAS_NAME, _HAS_COMMENT = 4, 8, 16
_LONGEST_HEAD: Final = 100_000
"""Up to which byte a name is looked for."""


@dataclass(frozen=True, slots=True)
class FalseCoding(Fault):
    """Content-Encoding names a *coding* that the body is not in.

    With "identity" it is the other way round: the body is coded (in gzip, unless the response says otherwise), and
    there is no Content-Encoding.
    """

    layer: ClassVar[Layer] = Layer.BODY
    remedy: ClassVar[str] = "use a body that is not empty, and name a coding that it is not in"
    coding: str = "gzip"

    def __post_init__(self) -> None:
        Fault.__post_init__(self)
        if not self.coding.strip(" \t,"):
            raise ValueError(f"FalseCoding(coding=…) is {self.coding!r}, which names no coding; give one, such as 'br'")

    @property
    def words(self) -> str:
        """The fault's directive without its trigger, such as "false coding br"."""
        return f"false coding {self.coding}"

    def prepare(self, response: Response) -> Response:
        """Have the body coded if *coding* is "identity": `shape` then removes the Content-Encoding."""
        return _in_gzip(response) if _is_same_coding(self.coding, "identity") else response

    def shape(self, request: Request, response: Response) -> Shaped | None:
        """Return the response with the false Content-Encoding, or None if it has no body or the coding would be the
        true one.
        """
        label = response.headers.get("Content-Encoding", "identity")
        is_empty = not body_size(response) and not isinstance(response.body, MadeBody)
        if _is_same_coding(label, self.coding) or is_empty or not sends_body(request.method, response.status):
            return None
        if _is_same_coding(self.coding, "identity"):
            return Shaped(replace(response, headers=response.headers.without("Content-Encoding")))
        return Shaped(declaring(response, response.headers.replaced("Content-Encoding", self.coding)))


def _is_same_coding(one: str, other: str) -> bool:
    """Return whether two values of Content-Encoding mean the same (RFC 9110 §8.4.1)."""
    return _codings_of(one) == _codings_of(other)


def _codings_of(value: str) -> list[str]:
    """Return the codings that a value of Content-Encoding lists, without "identity", which changes nothing."""
    names = [name.strip().lower() for name in value.split(",")]
    return [_ALIASES.get(name, name) for name in names if name not in ("", "identity")]


_ALIASES: Final = {"x-gzip": "gzip", "x-compress": "compress"}


@dataclass(frozen=True, slots=True)
class Bomb(Fault):
    """A gzip body that inflates to *megabytes* MB (of 2**20 bytes, at most 10,000) of blanks; compressed, it is about a
    thousandth of that.

    The response's own body comes before the blanks, so that a client which inflates everything finds a feed. The
    response's own body is left out if it is a file larger than 1 MiB, is made while it is sent, or is declared as
    coded.
    """

    layer: ClassVar[Layer] = Layer.BODY
    megabytes: int = 10

    def __post_init__(self) -> None:
        Fault.__post_init__(self)
        check_at_least(1, self.megabytes, "megabytes")
        check_at_most(MOST_MEGABYTES, self.megabytes, "megabytes")

    @property
    def words(self) -> str:
        """The fault's directive without its trigger, such as "bomb 10 MB"."""
        return f"bomb {self.megabytes} MB"

    def prepare(self, response: Response) -> Response:
        """Remove the response's coding, since the fault codes the body itself."""
        return replace(response, coding=None)

    def shape(self, request: Request, response: Response) -> Shaped | None:
        """Return the response with the inflating body, or None if it cannot have a body."""
        if not sends_body(request.method, response.status):
            return None
        body = response.body
        start = body if isinstance(body, bytes) and "Content-Encoding" not in response.headers else b""
        headers = response.headers.without("Content-Length").replaced("Content-Encoding", "gzip")
        return Shaped(replace(declaring(response, headers), body=inflating(start, self.megabytes)))


@dataclass(frozen=True, slots=True)
class EndlessBody(Fault):
    """The body is followed by blanks without end, as fast as the client reads. The server compresses nothing."""

    layer: ClassVar[Layer] = Layer.BODY

    @property
    def words(self) -> str:
        """The fault's directive without its trigger."""
        return "endless body"

    def prepare(self, response: Response) -> Response:
        """Remove the coding and the Content-Length."""
        headers = response.headers.without("Content-Length")
        return replace(response, coding=None, headers=headers, omit=response.omit | {"content-length"})

    def apply(self, plan: Plan) -> Plan:
        """Return the plan with blanks without end after the body."""
        chunked = seen = False
        for step in plan:
            chunked = is_last_chunk(step)
            seen = seen or is_body(step)
            if chunked or (seen and isinstance(step, CloseConnection | Read)):
                break
            yield step
        else:
            return
        yield Injected(str(self))
        while True:
            if chunked:
                yield Send(b"%x\r\n" % len(_FILLER), "framing")
            yield Send(_FILLER)
            if chunked:
                yield Send(b"\r\n", "framing")


@lru_cache(maxsize=8)
def inflating(start: bytes, megabytes: int) -> bytes:
    """Return a gzip stream of *start* and *megabytes* MB of blanks; making it takes milliseconds, whatever its size.

    A full flush makes the coding of a block independent of what came before (RFC 1951, zlib's manual), so one coded
    block is repeated, and the checksum is computed for all repetitions at once.
    """
    stream = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    head = stream.compress(start) + stream.flush(zlib.Z_FULL_FLUSH)
    block = stream.compress(_FILLER) + stream.flush(zlib.Z_FULL_FLUSH)
    end = stream.flush(zlib.Z_FINISH)
    times = megabytes * _BLOCKS_PER_MEGABYTE
    checksum = _checksum_of_repeats(zlib.crc32(start), _FILLER, times)
    size = len(start) + times * len(_FILLER)
    trailer = checksum.to_bytes(4, "little") + (size % 2**32).to_bytes(4, "little")
    return b"".join([_GZIP_HEAD, head, block * times, end, trailer])


def _checksum_of_repeats(checksum: int, block: bytes, times: int) -> int:
    """Return the CRC-32 of data with the CRC-32 *checksum* to which *block* is appended *times* times.

    Appending a block maps a checksum c to M·c ⊕ k, with a matrix M over GF(2). Squaring this map doubles the number of
    blocks, so the loop runs once for each bit of *times*.
    """
    constant = zlib.crc32(block, 0)
    columns = [zlib.crc32(block, 1 << bit) ^ constant for bit in range(32)]
    while times:
        if times & 1:
            checksum = _product(columns, checksum) ^ constant
        constant ^= _product(columns, constant)
        columns = [_product(columns, column) for column in columns]
        times >>= 1
    return checksum


def _product(columns: list[int], vector: int) -> int:
    result = 0
    for bit, column in enumerate(columns):
        if vector >> bit & 1:
            result ^= column
    return result


def _in_gzip(response: Response) -> Response:
    is_named = "Content-Encoding" in response.headers or response.coding not in (None, "auto")
    return response if is_named or isinstance(response.body, MadeBody) else replace(response, coding="gzip")


def _has_coded_body(request: Request, response: Response) -> bool:
    return "Content-Encoding" in response.headers and sends_body(request.method, response.status)


def _read_false_coding(rest: str) -> Fault:
    if " " in rest:
        raise ValueError
    return FalseCoding(rest.lower()) if rest else FalseCoding()


KINDS = (
    with_number("truncated gzip", "[after N]", TruncatedGzip, 100),
    with_number("corrupt gzip", "[after N]", CorruptGzip, 12),
    Kind(
        "false coding",
        "[CODING]",
        _read_false_coding,
        ("false coding", "false coding br", "false coding identity"),
    ),
    with_number("bomb", "[N MB]", Bomb, 100),
    plain("endless body", EndlessBody),
)
