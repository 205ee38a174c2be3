"""What is answered: one response, as a value; what can break it; and the short ways to make the common ones.

`Response` and `Fault` stand in one room, since each is made of the other. The faults themselves are in `faults/`.
"""

from __future__ import annotations

import math
import os
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, fields, replace
from datetime import timedelta
from enum import IntEnum
from http import HTTPStatus
from pathlib import Path
from typing import BinaryIO, ClassVar, Final, Literal, TypeAlias, get_args

from feedserver.messages.argument_types import (
    check_choice,
    check_is,
    check_name,
    check_status,
    check_text,
    seconds_of,
    why_no_body,
)
from feedserver.messages.field_types import check_fields, fits
from feedserver.messages.headers import HeaderInput, Headers, imf_fixdate, to_bytes
from feedserver.messages.request import Request
from feedserver.messages.safe_open import open_file
from feedserver.messages.send_plan import Plan
from feedserver.messages.triggers import EACH_TIME, When

Conditional: TypeAlias = Literal["rfc", "exact", "off"]

CODINGS = ("gzip", "x-gzip", "deflate", "br", "zstd", "identity", "auto")
"""The codings that a response can name; `http.content_codings` makes them."""

_DURATION = re.compile(r"(?P<number>\d+(?:\.\d+)?)\s*(?P<unit>ms|s|m|h|d|w)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
_PACE = re.compile(r"(?P<bytes>\d+)\s*bytes?\s+every\s+(?P<interval>.+)", re.IGNORECASE)
# RFC 9110 renamed these; Python followed in 3.13, and what is sent must not depend on it.
_RENAMED = {
    413: "Content Too Large",
    414: "URI Too Long",
    416: "Range Not Satisfiable",
    422: "Unprocessable Content",
}
_PLACEHOLDER = re.compile(rb"\{base\}|\{date(?:(?P<sign>[+-])(?P<offset>[0-9.]+(?:ms|s|m|h|d|w)))?\}")


def parse_duration(text: str) -> float:
    """Turns "250ms", "2s", "1.5m", "2h", "1d" or "1w" into seconds. Raises ValueError with the remedy."""
    match = _DURATION.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text.strip()!r} is no duration; write a number and a unit, such as 250ms, 2s, 1m, 2h or 1d")
    return float(match["number"]) * _SECONDS[match["unit"]]


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast a body is sent: so many *bytes* every so many *seconds*."""

    bytes: int
    seconds: float

    def __post_init__(self) -> None:
        check_is("the bytes of a Pace", self.bytes, int, "give a whole number, such as 1000")
        check_is("the seconds of a Pace", self.seconds, (int, float), "give a number, such as 0.05")
        if self.bytes < 1 or not 0 <= self.seconds < math.inf:
            raise ValueError(f"a pace of {self.bytes} bytes every {self.seconds} s never ends; send 1 byte or more")

    @classmethod
    def parse(cls, text: str) -> Pace:
        """Reads "1000 bytes every 50ms". Raises ValueError with the remedy."""
        check_is("a pace", text, str, "give text, such as '1000 bytes every 50ms'")
        match = _PACE.fullmatch(text.strip())
        if match is None:
            raise ValueError(f"{text.strip()!r} is no pace; write it as '1000 bytes every 50ms'")
        return cls(int(match["bytes"]), parse_duration(match["interval"]))


@dataclass(frozen=True, slots=True)
class Auth:
    """The credentials that a request must bring: *scheme* is "Basic" or "Bearer".

    *credentials* is "user:password" for Basic and the token for Bearer (RFC 7617, RFC 6750).
    """

    scheme: Literal["Basic", "Bearer"]
    credentials: str

    def __post_init__(self) -> None:
        check_fields(self)
        if self.scheme == "Basic" and ":" not in self.credentials:
            raise ValueError(f"Auth(credentials=…) is {self.credentials!r}; give 'user:password' for Basic")

    @classmethod
    def parse(cls, text: str) -> Auth:
        """Reads "Basic user:password" or "Bearer token". Raises ValueError with the remedy."""
        check_is("auth", text, str, "give text, such as 'Basic user:password'")
        scheme, _, credentials = text.strip().partition(" ")
        credentials = credentials.strip()
        if scheme.lower() == "basic" and ":" in credentials:
            return cls("Basic", credentials)
        if scheme.lower() == "bearer" and credentials:
            return cls("Bearer", credentials)
        raise ValueError(f"{text.strip()!r} is no way to log in; write 'Basic user:password' or 'Bearer token'")


@dataclass(frozen=True, slots=True)
class FileBody:
    """A body that stays on disk and is streamed: *size* bytes of *path* from *offset*.

    *stamp* is the file's time in nanoseconds when it was read, 0 where it need not stay so. *beneath* is the resolved
    path of the folder that it must not leave by a link; None lets it lie anywhere.
    """

    path: Path
    size: int
    offset: int = 0
    stamp: int = 0
    beneath: str | None = None

    def open(self) -> BinaryIO:
        """Open the file where the body begins. Raises OSError, for what is no regular file beneath the folder too."""
        file = open_file(self.path, self.beneath)
        if self.has_changed(file):
            file.close()
            raise OSError(f"{self.path} has changed since it was read; read it again, with server.fixture(…)")
        file.seek(self.offset)
        return file

    def has_changed(self, file: BinaryIO) -> bool:
        """Return whether an open *file* is no longer what was read, as far as its time tells."""
        return self.stamp != 0 and os.fstat(file.fileno()).st_mtime_ns != self.stamp


Body: TypeAlias = bytes | FileBody


class Layer(IntEnum):
    """What of an answer a fault breaks. Those of a lower layer go first, whatever the order of their declaration.

    What has no end comes after what leaves something out, since leaving out what has no end would never end either.
    """

    BODY = 1
    FRAMING = 2
    HEAD = 3
    ENDLESS = 4
    TIMING = 5
    END = 6


@dataclass(frozen=True, slots=True)
class Fault(ABC):
    """A way to break an answer, *when* it is to strike; `faults/template.py` shows how to write one.

    A fault is a frozen dataclass, so that a response which holds it stays a value. Its hooks are asked in this order,
    and each may leave the answer as it is:

    - `prepare`, before the request is negotiated, makes the response one that can be broken so: it asks for a coding,
      or for chunks.
    - `shape`, when the body is coded and cut to its range, breaks the response as a value.
    - `apply` breaks the plan: what is sent, in which order, when, and how it ends.

    One that is *early* does not wait for the request's body.
    """

    layer: ClassVar[Layer]
    early: ClassVar[bool] = False
    when: When = field(default=EACH_TIME, kw_only=True)

    def __post_init__(self) -> None:
        """Check the types of the fields. A fault with a `__post_init__` of its own calls this first."""
        check_fields(self)

    @property
    @abstractmethod
    def words(self) -> str:
        """What a directive calls it, without *when*: "reset after 512"."""

    def __str__(self) -> str:
        """The whole directive, which gives the same fault again: "reset after 512 on request 2"."""
        return f"{self.words} {self.when}".rstrip()

    def prepare(self, response: Response) -> Response:
        """Gives the response that can be broken so. This is no strike yet."""
        return response

    def shape(self, request: Request, response: Response) -> Shaped | None:  # noqa: ARG002 - for subclasses
        """Gives the broken response; None where there is nothing to break, such as the body of a 304."""
        return None

    def apply(self, plan: Plan) -> Plan:
        """Gives the plan that misbehaves, as lazily as *plan* is, with a `Struck` where it does."""
        return plan


@dataclass(frozen=True, slots=True, init=False)
class Response:
    """What a request is answered with.

    *delay* is in seconds, before the first byte. *coding* is a content coding that the body is sent in, "auto" to
    let Accept-Encoding choose. *omit* names headers that are not added. *conditional* says how validators are compared.
    *faults* break the answer.
    Three are for messages: *source* names the file or the call that this response comes from, *notes*
    are a fixture's remarks, *error* is the mistake that made it a 500.
    """

    body: Body
    status: int
    reason: str
    headers: Headers
    delay: float
    pace: Pace | None
    coding: str | None
    conditional: Conditional
    auth: Auth | None
    omit: frozenset[str]
    faults: tuple[Fault, ...]
    source: str
    notes: tuple[tuple[str, str], ...]
    error: str

    def __init__(
        self,
        body: str | Body = b"",
        status: int = 200,
        headers: HeaderInput = (),
        *,
        reason: str | None = None,
        delay: float | timedelta | str = 0.0,
        pace: Pace | str | None = None,
        coding: str | None = None,
        conditional: Conditional = "rfc",
        auth: Auth | str | None = None,
        omit: Iterable[str] = (),
        faults: Iterable[Fault] | Fault = (),
        source: str = "",
        notes: Iterable[tuple[str, str]] = (),
        error: str = "",
    ) -> None:
        """Take text as UTF-8; durations as seconds, `timedelta` or "250ms".

        Raises TypeError for a body that is neither bytes nor text, and for whatever else is of a wrong type; ValueError
        for a bad status, duration or unit. What a route cannot send is so refused in the line that made it.
        """
        check_status(status)
        check_text("a reason phrase", reason, or_none=True)
        if reason is not None and ("\r" in reason or "\n" in reason):
            raise ValueError(f"a reason phrase has a line break in it, {reason!r}; leave it out")
        _check_coding(coding)
        check_text("source", source)
        check_text("error", error)
        if conditional not in get_args(Conditional):
            raise ValueError(f"conditional is {conditional!r}; give 'rfc', 'exact' or 'off'")
        delay = parse_duration(delay) if isinstance(delay, str) else seconds_of("a delay", delay)
        pace = Pace.parse(pace) if isinstance(pace, str) else pace
        auth = Auth.parse(auth) if isinstance(auth, str) else auth
        if pace is not None:
            check_is("pace", pace, Pace, "give a Pace, or text such as '1000 bytes every 50ms'")
        if auth is not None:
            check_is("auth", auth, Auth, "give an Auth, or text such as 'Basic user:password'")
        put = object.__setattr__
        put(self, "body", _body(body))
        put(self, "status", int(status))
        put(self, "reason", reason_phrase(status) if reason is None else reason)
        put(self, "headers", Headers(headers))
        put(self, "delay", delay)
        put(self, "pace", pace)
        put(self, "coding", coding)
        put(self, "conditional", conditional)
        put(self, "auth", auth)
        put(self, "omit", _names(omit))
        put(self, "faults", _checked(faults))
        put(self, "source", source)
        put(self, "notes", _notes(notes))
        put(self, "error", error)

    def with_headers(self, headers: Headers) -> Response:
        """The same with other headers: what `dataclasses.replace` gives, without checking again what was checked."""
        return self.changed(headers=headers)

    def changed(self, **values: object) -> Response:
        """Return the same with other *values*, as `dataclasses.replace` does, but check none of them.

        It is for values that the server itself has made, on the way of each request.
        """
        same = object.__new__(Response)
        for name in _NAMES:
            object.__setattr__(same, name, values[name] if name in values else getattr(self, name))
        return same


_NAMES: Final = tuple(field.name for field in fields(Response))


@dataclass(frozen=True, slots=True)
class Shaped:
    """A *response* that a fault has broken, from that byte of its body on."""

    response: Response
    at: int = 0

    def __post_init__(self) -> None:
        check_fields(self)


Answer: TypeAlias = Response | Callable[[Request], Response]
"""What a route can hold:
a response, or a callable that makes one (it runs on a thread of its own, for a bounded time).
"""


def check_fault(fault: object) -> None:
    """Raise TypeError for what is no `Fault`."""
    if not isinstance(fault, Fault):
        remedy = "write Reset(after=512), or feedserver.faults.parse('reset after 512')"
        raise TypeError(f"{fault!r} is no fault; {remedy}")
    if not isinstance(fault.when, When):
        raise TypeError(f"the fault {fault.words!r} has when={fault.when!r}; give a trigger, such as OnRequest(2)")


def _checked(faults: Iterable[Fault] | Fault) -> tuple[Fault, ...]:
    given: object = faults
    if isinstance(given, str) or not isinstance(given, Iterable):
        check_fault(given)
    faults = (faults,) if isinstance(faults, Fault) else tuple(faults)
    for fault in faults:
        check_fault(fault)
    return faults


def _body(body: object) -> Body:
    if isinstance(body, bytes | FileBody):
        return body
    if isinstance(body, str):
        return to_bytes(body)
    if isinstance(body, bytearray | memoryview):  # which could change while it is sent
        return bytes(body)
    raise TypeError(why_no_body(body))


def _check_coding(coding: object) -> None:
    check_text("a coding", coding, or_none=True)
    if isinstance(coding, str) and coding != "auto":
        for word in coding.split(","):
            check_choice("a coding", word.strip().lower(), CODINGS)


def _notes(notes: object) -> tuple[tuple[str, str], ...]:
    if isinstance(notes, str) or not isinstance(notes, Iterable):
        raise TypeError(f"notes are {notes!r}; give pairs, such as [('Title', 'News')]")
    given = tuple(notes)
    for note in given:
        if not fits(note, tuple[str, ...]) or len(note) != 2:
            raise TypeError(f"{note!r} among the notes is no pair; give ('Word', 'text')")
    return given


def _names(omit: Iterable[str]) -> frozenset[str]:
    given: object = omit
    if not isinstance(given, str) and not isinstance(given, Iterable):
        raise TypeError(f"omit is {omit!r}; give a list of names, such as ['Date']")
    if isinstance(omit, str):  # whose letters would be taken for names, and nothing left out
        raise TypeError(f"omit is {omit!r}; give a list of names, such as [{omit!r}]")
    names = tuple(omit)
    for name in names:
        check_is("a name in omit", name, str, "give the name of a header, such as 'Date'")
        check_name("a name in omit", name, "Date")
    return frozenset(name.lower() for name in names)


def body_size(response: Response) -> int:
    """Bytes of the body."""
    body = response.body
    return body.size if isinstance(body, FileBody) else len(body)


def sends_body(method: str, status: int) -> bool:
    """Whether an answer has a body: not to HEAD, and not with 1xx, 204 and 304 (RFC 9112 §6.3)."""
    return method != "HEAD" and status >= 200 and status not in (204, 304)


def reason_phrase(status: int) -> str:
    """The reason phrase of *status* in RFC 9110 or the standard library, empty for one that has none."""
    if status in _RENAMED:
        return _RENAMED[status]
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def moved(location: str, status: int = 301) -> Response:
    """A permanent redirect to *location*: a path of this server (`/new`) or a whole URL."""
    check_text("the location of moved()", location)
    check_status(status)
    if not 300 <= status < 400:
        raise ValueError(f"the status of moved() is {status}, no redirect; give 301, 302, 303, 307 or 308")
    return Response(status=status, headers={"Location": location})


def gone() -> Response:
    """410: the feed is gone for good, and a good client stops asking (RFC 9110 §15.5.11)."""
    return Response(status=410)


def broken(response: Response, *faults: Fault) -> Response:
    """The same response, broken by *faults* too."""
    check_is("what broken() is to break", response, Response, "give a Response")
    return replace(response, faults=(*response.faults, *faults))


def touched(response: Response, by: timedelta = timedelta(seconds=1)) -> Response:
    """The same feed saved again: every validator that *response* declares changes, its body does not.

    An ETag gets another opaque tag (its weakness is kept) and Last-Modified moves *by* so much. A response that
    declares no validator comes back unchanged, since a server without validators has nothing to touch.
    """
    check_is("what touched() is to touch", response, Response, "give a Response")
    check_is("by", by, timedelta, "give a timedelta, such as timedelta(seconds=1)")
    from email.utils import parsedate_to_datetime  # most tests touch nothing, and need not load it

    headers = response.headers
    if "ETag" in headers:
        headers = headers.replaced("ETag", _touched_etag(headers["ETag"]))
    if "Last-Modified" in headers:
        try:
            date = parsedate_to_datetime(headers["Last-Modified"]) + by
        except ValueError as error:
            raise ValueError(f"cannot touch {response.source or 'the response'}: {error}") from error
        headers = headers.replaced("Last-Modified", imf_fixdate(date.timestamp()))
    return replace(response, headers=headers)


def _touched_etag(etag: str) -> str:
    stem, quote, _ = etag.rpartition('"')
    stem = stem if quote else etag
    base, mark, count = stem.rpartition("-touched-")
    number = int(count) + 1 if mark and count.isdigit() else 1
    return f"{base if mark and count.isdigit() else stem}-touched-{number}{quote}"


def has_placeholders(headers: Headers) -> bool:
    """Whether a value holds `{base}` or `{date…}`, which are filled in when the response is sent."""
    return any(b"{" in value and _PLACEHOLDER.search(value) for _, value in headers.raw)


def fill_placeholders(headers: Headers, base: str, now: float) -> Headers:
    """Replaces `{base}` by *base*, and `{date}`, `{date+2h}` or `{date-1d}` by *now* (seconds of the epoch) so moved.

    A date is written as IMF-fixdate (RFC 9110 §5.6.7). Nothing else in braces is touched.
    """

    def fill(match: re.Match[bytes]) -> bytes:
        if match[0] == b"{base}":
            return to_bytes(base)
        offset = parse_duration(match["offset"].decode("ascii")) if match["offset"] else 0.0
        return imf_fixdate(now - offset if match["sign"] == b"-" else now + offset).encode("ascii")

    return Headers.from_raw((name, _PLACEHOLDER.sub(fill, value)) for name, value in headers.raw)
