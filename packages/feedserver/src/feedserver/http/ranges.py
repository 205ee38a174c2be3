"""Byte ranges (RFC 9110 §14): which bytes a Range field asks for, and several ranges as one body.

A Range that is malformed, in another unit, or so greedy that it looks like an attack is ignored, as §14.2 allows: the
client gets the whole body, which it must be ready for.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import count

MAX_RANGES = 100
"""The most ranges in one request. With more, the field is ignored (§17.15)."""

_RANGE = re.compile(r"(?P<first>[0-9]+)-(?P<last>[0-9]*)|-(?P<suffix>[0-9]+)")

_BOUNDARY = re.compile(rb"feedserver-part-(?P<digits>[0-9]{1,9})")  # more digits than a body has such boundaries

_DIGITS = 18  # More digits than any file needs. int() refuses thousands of digits, which §14.1.2 warns of.


@dataclass(frozen=True, slots=True)
class ByteRange:
    """The bytes from *first* to *last*, both included, as in Content-Range."""

    first: int
    last: int

    @property
    def size(self) -> int:
        """The number of bytes."""
        return self.last - self.first + 1

    def content_range(self, total: int) -> str:
        """Return the Content-Range value for this part of *total* bytes (§14.4)."""
        return f"bytes {self.first}-{self.last}/{total}"


def parse(value: str, total: int) -> tuple[ByteRange, ...] | None:
    """Return the ranges of *total* bytes that a Range field's *value* asks for, in its order (§14.1.2).

    Ends are cut to the body, and ranges outside of it are left out: `()` means that none can be satisfied, which is a
    416. None means that the field is ignored: it is malformed or in another unit, the body is empty, there are more
    than `MAX_RANGES`, or they overlap so much that together they are longer than the body (§14.2, §17.15).
    """
    unit, _, specifiers = value.strip(" \t").partition("=")
    words = [word for part in specifiers.split(",") if (word := part.strip(" \t"))]
    if unit.lower() != "bytes" or total == 0 or not 1 <= len(words) <= MAX_RANGES:
        return None
    found = []
    for word in words:
        match = _RANGE.fullmatch(word)
        if match is None or (match["last"] and _number(match["last"]) < _number(match["first"])):
            return None
        wanted = _resolve(match, total)
        if wanted.first <= wanted.last:
            found.append(wanted)
    if sum(wanted.size for wanted in found) > total:
        return None
    return tuple(found)


def multipart(body: bytes, wanted: Iterable[ByteRange], content_type: bytes | None) -> tuple[bytes, bytes]:
    """Return the Content-Type and the body of a multipart/byteranges answer with these ranges of *body* (§14.6).

    Each part has the *content_type* of the whole, if there is one (§15.3.7.2). The boundary is the same for the same
    body: the first of a series that *body* does not contain.
    """
    boundary = _boundary(body)
    pieces = []
    for part in wanted:
        pieces += [b"--", boundary, b"\r\n"]
        if content_type is not None:
            pieces += [b"Content-Type: ", content_type, b"\r\n"]
        pieces += [b"Content-Range: ", part.content_range(len(body)).encode("ascii"), b"\r\n\r\n"]
        pieces += [body[part.first : part.last + 1], b"\r\n"]
    pieces += [b"--", boundary, b"--\r\n"]
    return b"multipart/byteranges; boundary=" + boundary, b"".join(pieces)


def _boundary(body: bytes) -> bytes:
    taken: set[bytes] = set()  # numbers, also those that others begin with
    for match in _BOUNDARY.finditer(body):
        taken.update(match["digits"][:length] for length in range(1, len(match["digits"]) + 1))
    return b"feedserver-part-" + next(number for each in count(1) if (number := b"%d" % each) not in taken)


def _resolve(match: re.Match[str], total: int) -> ByteRange:
    """Return a range cut to the body. A range outside of it becomes empty: its last byte lies before its first."""
    if match["suffix"]:
        return ByteRange(max(0, total - _number(match["suffix"])), total - 1)
    last = _number(match["last"]) if match["last"] else total - 1
    return ByteRange(_number(match["first"]), min(last, total - 1))


def _number(digits: str) -> int:
    significant = digits.lstrip("0")
    return int(significant or "0") if len(significant) <= _DIGITS else 10**_DIGITS
