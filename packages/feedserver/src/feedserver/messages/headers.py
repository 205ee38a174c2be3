"""Header fields as they are sent: order, case and repeats are kept, names are compared case-insensitively."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator, Mapping
from typing import TypeAlias

from feedserver.messages.argument_types import check_encodable, check_name, named, shown
from feedserver.messages.terminal_text import visible

TCHARS = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
"""A regular expression for a token (RFC 9110 §5.6.2): the name of a header, a method or a coding."""


def to_bytes(text: str | bytes) -> bytes:
    """Encode *text* as UTF-8; a lone surrogate stands for the byte it was read from. Bytes pass unchanged."""
    return text if isinstance(text, bytes) else text.encode("utf-8", "surrogateescape")


def to_text(data: bytes) -> str:
    """Decode a name or value: as UTF-8 where it is valid, else as ISO-8859-1, so that no value is lost or refused."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def check_token(what: str, value: object, example: str, message: str = "request") -> None:
    """Raise TypeError for a *value* that is not text, and ValueError for text that cannot be the name of a header or of
    a method, such as text with a blank in it. *message* is the kind of HTTP message that would have it.
    """
    check_name(what, value, example)
    if isinstance(value, str) and not _NAME.fullmatch(to_bytes(value)):
        raise ValueError(f"{what} is {named(value)}, which no {message} can have; give text such as {example!r}")


def _field(pair: object) -> tuple[bytes, bytes]:
    """Return a name and a value as bytes. Raise TypeError where *pair* is not a pair of texts or bytes, ValueError for
    what no header can have.
    """
    if not isinstance(pair, tuple | list) or len(pair) != 2:
        raise TypeError(f"{named(pair)} among the headers is no pair; give ('Name', 'value')")
    return _checked_field(*pair)


def _checked_field(name: object, value: object) -> tuple[bytes, bytes]:
    if not isinstance(name, str | bytes):
        raise TypeError(f"the header {named(name)} has a name of type {type(name).__qualname__}; give text")
    if not isinstance(value, str | bytes):
        remedy = f", such as '{shown(value)}'" if isinstance(value, int | float) else ""
        if isinstance(value, list | tuple):
            pairs = f"[({named(name)}, 'a'), ({named(name)}, 'b')]"
            remedy = f"; for a header that is repeated, give pairs, such as {pairs}"
        kind = type(value).__qualname__
        raise TypeError(f"the header {named(name)} has a value of type {kind}, {named(value)}; give text{remedy}")
    for what, text in (("the name of a header", name), ("the value of a header", value)):
        if isinstance(text, str):
            check_encodable(what, text)
    field = to_bytes(name), to_bytes(value)
    if not _NAME.fullmatch(field[0]):
        raise ValueError(f"{named(name)} is no name of a header; {_ON_PURPOSE}")
    if _BREAK.search(field[1]):
        problem = f"the header {named(name)} has a line break in its value, {named(value)}"
        raise ValueError(f"{problem}; leave it out, or, {_ON_PURPOSE}")
    return field


_NAME = re.compile(TCHARS.encode("ascii"))
_BREAK = re.compile(rb"[\r\n]")
_ON_PURPOSE = "to break a head on purpose, take the fault OddHeader, or Headers.from_raw([(b'…', b'…')])"

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
"""The names of days and months in the dates of HTTP (RFC 9110 §5.6.7)."""


def imf_fixdate(seconds: float) -> str:
    """Return the time *seconds* after the epoch as a date of HTTP (IMF-fixdate, RFC 9110 §5.6.7).

    `email.utils.formatdate` returns the same, but its import takes longer than a server's start.
    """
    at = time.gmtime(seconds)
    date = f"{DAYS[at.tm_wday]}, {at.tm_mday:02} {MONTHS[at.tm_mon - 1]} {at.tm_year:04}"
    return f"{date} {at.tm_hour:02}:{at.tm_min:02}:{at.tm_sec:02} GMT"


def _lowered(name: str) -> bytes:
    if not isinstance(name, str):
        raise TypeError(f"the name of a header is {name!r}; give text, such as 'ETag'")
    return name.lower().encode("latin-1", "replace")


class Headers(Mapping[str, str]):
    """An immutable list of header fields with the interface of a mapping.

    `raw` has the (name, value) pairs as bytes, in order and in the case in which they were sent. `headers["Name"]`
    joins repeated fields with ", " (RFC 9110 §5.3); `get_all` returns them separately.
    """

    __slots__ = ("raw",)

    raw: tuple[tuple[bytes, bytes], ...]

    def __init__(self, fields: HeaderInput = ()) -> None:
        if isinstance(fields, Headers):
            self.raw = fields.raw
            return
        if type(fields) is tuple and not fields:  # the default, as in most responses
            self.raw = ()
            return
        given: object = fields
        if isinstance(given, str | bytes) or not isinstance(given, Iterable):
            raise TypeError(f"headers are {named(fields)}; give a mapping such as {{'ETag': '\"v1\"'}}, or pairs")
        pairs = fields.items() if isinstance(fields, Mapping) else fields
        self.raw = tuple(_field(pair) for pair in pairs)

    @classmethod
    def from_raw(cls, raw: Iterable[tuple[bytes, bytes]]) -> Headers:
        """Take pairs of bytes without checking them: for fields that were received, or that break a head on purpose."""
        headers = cls.__new__(cls)
        headers.raw = tuple(raw)
        return headers

    def get_all(self, name: str) -> list[str]:
        """Return the values of every field called *name*, in order; an empty list where there is none."""
        wanted = _lowered(name)
        return [to_text(value) for key, value in self.raw if key.lower() == wanted]

    def get_raw(self, name: bytes) -> bytes | None:
        """Return the first value of the field called *name*, which must be in lower case; None where there is none."""
        for key, value in self.raw:
            if key.lower() == name:
                return value
        return None

    def __getitem__(self, name: str) -> str:
        values = self.get_all(name)
        if not values:
            raise KeyError(name)
        return ", ".join(values)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and bool(self.get_all(name))

    def __iter__(self) -> Iterator[str]:
        seen = set()
        for key, _ in self.raw:
            if (folded := key.lower()) not in seen:
                seen.add(folded)
                yield to_text(key)

    def __len__(self) -> int:
        return len({key.lower() for key, _ in self.raw})

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Headers) and self.raw == other.raw

    def __hash__(self) -> int:
        return hash(self.raw)

    def __repr__(self) -> str:
        return visible(f"Headers({[(to_text(name), to_text(value)) for name, value in self.raw]!r})")

    def added(self, name: str | bytes, value: str | bytes) -> Headers:
        """Return a copy with one more field at the end."""
        return Headers.from_raw((*self.raw, _checked_field(name, value)))

    def without(self, *names: str) -> Headers:
        """Return a copy without the fields that have one of these *names*."""
        unwanted = set(map(_lowered, names))
        return Headers.from_raw(pair for pair in self.raw if pair[0].lower() not in unwanted)

    def replaced(self, name: str, value: str | bytes) -> Headers:
        """Return a copy with a single field *name* of this *value*: in the place of the first one, or at the end."""
        wanted = _lowered(name)
        field = _checked_field(name, value)
        pairs: list[tuple[bytes, bytes]] = []
        done = False
        for key, old in self.raw:
            if key.lower() != wanted:
                pairs.append((key, old))
            elif not done:
                pairs.append((key, field[1]))
                done = True
        if not done:
            pairs.append(field)
        return Headers.from_raw(pairs)


HeaderInput: TypeAlias = Headers | Mapping[str, str] | Iterable[tuple[str | bytes, str | bytes]]
"""What a `Headers` can be made of: another one, a mapping, or (name, value) pairs with repeats."""
