"""One response, as a value that a test makes or a fixture describes."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass, fields
from datetime import timedelta
from functools import cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, BinaryIO, Final, Literal, TypeAlias, cast, get_args

from feedserver.messages.argument_types import (
    check_choice,
    check_encodable,
    check_is,
    check_status,
    check_text,
    named,
    one_slip_from,
    takes_arguments,
    why_no_body,
)
from feedserver.messages.field_types import check_fields, fits
from feedserver.messages.headers import HeaderInput, Headers, check_token, to_bytes
from feedserver.messages.made_body import MadeBody, MakeParts, makes_parts
from feedserver.messages.pacing import Pace, RandomDelay, delay_of
from feedserver.messages.request import Request
from feedserver.messages.safe_open import open_file

if TYPE_CHECKING:
    from pathlib import Path

Conditional: TypeAlias = Literal["rfc", "exact", "off"]
_CONDITIONALS: Final = get_args(Conditional)

MOST_CODINGS = 10
"""The most codings, one inside another, in which a body can be sent."""

CODINGS = ("gzip", "x-gzip", "deflate", "br", "zstd", "identity")
"""The codings that a response can name, beside "auto"; `http.content_codings` encodes them."""

# RFC 9110 renamed these; Python followed in 3.13, and what is sent must not depend on its version.
_RENAMED = {
    413: "Content Too Large",
    414: "URI Too Long",
    416: "Range Not Satisfiable",
    422: "Unprocessable Content",
}


@dataclass(frozen=True, slots=True)
class Auth:
    """The credentials that a request must bring: *scheme* is "Basic" or "Bearer".

    *credentials* is "user:password" for Basic and the token for Bearer (RFC 7617, RFC 6750).
    """

    scheme: Literal["Basic", "Bearer"]
    credentials: str

    def __post_init__(self) -> None:
        check_fields(self)
        check_encodable("Auth(credentials=…)", self.credentials)
        if self.scheme == "Bearer" and not _TOKEN.fullmatch(self.credentials):
            raise ValueError(
                f"Auth(credentials=…) is {self.credentials!r}, a token that no header can carry; give one without "
                "control characters and without blanks at its ends"
            )
        if self.scheme == "Basic" and ":" not in self.credentials:
            raise ValueError(f"Auth(credentials=…) is {self.credentials!r}; give 'user:password' for Basic")

    @classmethod
    def parse(cls, text: str) -> Auth:
        """Read "Basic user:password" or "Bearer token". Raises TypeError or ValueError with the remedy."""
        check_is("auth", text, str, "give text, such as 'Basic user:password'")
        scheme, _, credentials = text.strip().partition(" ")
        credentials = credentials.strip()
        if scheme.lower() == "basic" and ":" in credentials:
            return cls("Basic", credentials)
        if scheme.lower() == "bearer" and credentials:
            return cls("Bearer", credentials)
        raise ValueError(f"{text.strip()!r} is no way to log in; write 'Basic user:password' or 'Bearer token'")


_TOKEN: Final = re.compile(r"((?! )[^\x00-\x08\x0a-\x1f\x7f]*[^\x00- \x7f])?")
"""A token that a header can carry: it has no blanks at its ends, since clients remove those. It may be empty."""


@dataclass(frozen=True, slots=True)
class FileBody:
    """A body that stays on disk and is streamed: *size* bytes of *path* from *offset*.

    *stamp* is the file's `file_stamp` when it was read, 0 where a change does not matter. *beneath* is the resolved
    path of the folder in which the file must lie once its links are followed; None allows any place.
    """

    path: Path
    size: int
    offset: int = 0
    stamp: int = 0
    beneath: str | None = None

    def open(self) -> BinaryIO:
        """Open the file at the offset where the body begins.

        Raises OSError if the file cannot be opened, has changed since it was read, is no regular file, or lies outside
        *beneath*.
        """
        file = open_file(self.path, self.beneath)
        if self.has_changed(file):
            file.close()
            raise OSError(f"{self.path} has changed since it was read; read it again, with server.fixture(…)")
        file.seek(self.offset)
        return file

    def has_changed(self, file: BinaryIO) -> bool:
        """Return whether the open *file* has changed since it was read."""
        return self.stamp != 0 and file_stamp(os.fstat(file.fileno())) != self.stamp


def file_stamp(status: os.stat_result) -> int:
    """Return a time in nanoseconds that is another one once the file has changed.

    It is the time of the last change of any kind, which nobody can set. Windows has no such time: there it is that of
    the last change of the content, which `cp -p` and archives set to an older time.
    """
    return status.st_mtime_ns if os.name == "nt" else status.st_ctime_ns


Body: TypeAlias = bytes | FileBody | MadeBody


class Injectable:
    """The base of `feedserver.faults.Fault`. It is here since `Response.faults` needs it, and the module of `Fault`
    imports this one.
    """

    __slots__ = ()

    when: object
    """A `triggers.When`, which is loaded only if there is a fault."""


@dataclass(frozen=True, slots=True, init=False)
class Response:
    """The answer to a request.

    *body* is bytes, text (sent as UTF-8), or a generator function, plain or async, that yields the parts while the
    body is sent. The function is called each time the body is sent, without arguments and on a thread of its own.
    *status* and *reason* are those of the status line; by default the reason is the usual one for the status. *headers*
    are sent in this order. *delay* is in seconds, before the first byte, or a distribution from which it is drawn for
    each request, such as "100ms to 500ms"; *pace* is how fast the body is sent. *coding* is the content coding in
    which the body is sent; "auto" lets Accept-Encoding choose. *auth* is the login that a client must send, or it
    gets a 401. *omit* names headers that are not added. *conditional* says how validators are compared. *faults*
    break the answer.

    Three fields are for messages: *source* names the file or the call that this response comes from, *notes* are a
    fixture's remarks, *error* is the mistake that made it a 500.
    """

    body: Body
    status: int
    reason: str
    headers: Headers
    delay: float | RandomDelay
    pace: Pace | None
    coding: str | None
    conditional: Conditional
    auth: Auth | None
    omit: frozenset[str]
    faults: tuple[Injectable, ...]
    source: str
    notes: tuple[tuple[str, str], ...]
    error: str

    def __init__(
        self,
        body: str | Body | MakeParts = b"",
        status: int = 200,
        headers: HeaderInput = (),
        *,
        reason: str | None = None,
        delay: float | timedelta | str | RandomDelay = 0.0,
        pace: Pace | str | None = None,
        coding: str | None = None,
        conditional: Conditional = "rfc",
        auth: Auth | str | None = None,
        omit: Iterable[str] = (),
        faults: Iterable[Injectable] | Injectable = (),
        source: str = "",
        notes: Iterable[tuple[str, str]] = (),
        error: str = "",
    ) -> None:
        """Convert text to UTF-8, and durations from seconds, `timedelta` or "250ms".

        Raises TypeError for a body of a wrong type (see the class), and for most other values of a wrong type;
        ValueError for a bad value, such as a status, a duration, a coding or a login. So a mistake is raised in the
        line that makes the response, not when it is sent.
        """
        check_status(status)
        if reason is not None:
            check_text("a reason phrase", reason)
            if "\r" in reason or "\n" in reason:
                raise ValueError(f"a reason phrase has a line break in it, {named(reason)}; leave it out")
        if coding is not None:
            _check_coding(coding)
            coding = "auto" if coding.strip().lower() == "auto" else coding
        if source != "":
            check_text("source", source)
        if error != "":
            check_text("error", error)
        if conditional != "rfc":
            check_choice("conditional", conditional, _CONDITIONALS)
        pace = Pace.parse(pace) if isinstance(pace, str) else pace
        auth = Auth.parse(auth) if isinstance(auth, str) else auth
        if pace is not None:
            check_is("pace", pace, Pace, "give a Pace, or text such as '1000 bytes every 50ms'")
        if auth is not None:
            check_is("auth", auth, Auth, "give an Auth, or text such as 'Basic user:password'")
        put = object.__setattr__
        put(self, "body", _body(body))
        if coding is not None and isinstance(self.body, MadeBody):
            raise ValueError(
                f"coding is {coding!r}, and the body is made while it is sent; yield coded parts, and declare "
                "Content-Encoding"
            )
        put(self, "status", int(status))
        put(self, "reason", reason_phrase(status) if reason is None else reason)
        put(self, "headers", Headers(headers))
        put(self, "delay", delay_of(delay))
        put(self, "pace", pace)
        put(self, "coding", coding)
        put(self, "conditional", conditional)
        put(self, "auth", auth)
        put(self, "omit", _names(omit, self.headers))
        put(self, "faults", _checked(faults))
        put(self, "source", source)
        put(self, "notes", _notes(notes))
        put(self, "error", error)

    def with_headers(self, headers: Headers) -> Response:
        """Return a copy with other *headers*; unlike `dataclasses.replace`, check none of the values again."""
        return self.changed(headers=headers)

    def changed(self, **values: object) -> Response:
        """Return a copy with other *values*, as `dataclasses.replace` does, but check none of them.

        It is for values that the server itself makes for each request.
        """
        same = object.__new__(Response)
        for name in _NAMES:
            object.__setattr__(same, name, values[name] if name in values else getattr(self, name))
        return same


_NAMES: Final = tuple(field.name for field in fields(Response))


Answer: TypeAlias = Response | Callable[[Request], Response | Coroutine[Any, Any, Response]]
"""An answer of a route: a response, or a callable, plain or async, that makes one.

A callable runs on a thread of its own, for a limited time; an async one by `asyncio.run`.
"""


def check_fault(fault: object) -> None:
    """Raise TypeError where *fault* is not a `Fault`."""
    if not isinstance(fault, Injectable):
        remedy = "write Reset(after=512), or feedserver.faults.parse('reset after 512')"
        raise TypeError(f"{named(fault)} is no fault; {remedy}")
    from feedserver.messages.triggers import When  # most responses have no fault

    if not isinstance(fault.when, When):
        kind = type(fault).__name__
        raise TypeError(f"the fault {kind} has when={fault.when!r}; give a trigger, such as OnRequest(2)")


def _checked(faults: Iterable[Injectable] | Injectable) -> tuple[Injectable, ...]:
    if type(faults) is tuple and not faults:
        return ()  # as in most responses
    given: object = faults
    if isinstance(given, str) or not isinstance(given, Iterable):
        check_fault(given)
    faults = (faults,) if isinstance(faults, Injectable) else tuple(faults)
    for fault in faults:
        check_fault(fault)
    return faults


def _body(body: object) -> Body:
    if isinstance(body, bytes | FileBody | MadeBody):
        return body
    if isinstance(body, str):
        check_encodable("a body", body)
        return to_bytes(body)
    if isinstance(body, bytearray | memoryview):  # they could change while they are sent
        return bytes(body)
    if makes_parts(body):
        make = cast("MakeParts", body)
        if not takes_arguments(make, 0):
            raise TypeError(
                f"the body of a Response is {named(make)}, which cannot be called without arguments; leave them out, "
                "or pass add() a function of the request that returns a Response with the body"
            )
        return MadeBody(make)
    raise TypeError(why_no_body(body))


def _check_coding(coding: object) -> None:
    check_text("a coding", coding)
    if isinstance(coding, str) and coding != "auto":
        if coding.count(",") >= MOST_CODINGS:
            raise ValueError(
                f"there are {coding.count(',') + 1} codings inside each other; give at most {MOST_CODINGS}"
            )
        for word in coding.split(","):
            check_choice("a coding", word.strip().lower(), (*CODINGS, *(() if "," in coding else ("auto",))))


def _notes(notes: object) -> tuple[tuple[str, str], ...]:
    if type(notes) is tuple and not notes:
        return ()
    if isinstance(notes, str) or not isinstance(notes, Iterable):
        raise TypeError(f"notes are {named(notes)}; give pairs, such as [('Title', 'News')]")
    given = tuple(notes)
    for note in given:
        if not fits(note, tuple[str, ...]) or len(note) != 2:
            raise TypeError(f"{named(note)} among the notes is no pair; give ('Word', 'text')")
    return given


def _names(omit: Iterable[str], declared: Headers) -> frozenset[str]:
    if type(omit) is tuple and not omit:
        return frozenset()
    given: object = omit
    if not isinstance(given, str) and not isinstance(given, Iterable):
        raise TypeError(f"omit is {named(omit)}; give a list of names, such as ['Date']")
    if isinstance(omit, str):  # its letters would count as names
        raise TypeError(f"omit is {named(omit)}; give a list of names, such as [{omit!r}]")
    names = tuple(omit)
    for name in names:
        check_is("a name in omit", name, str, "give the name of a header, such as 'Date'")
        check_token("a name in omit", name, "Date", "answer")
        check_omitted(name)
        if name in declared:
            raise ValueError(
                f"{name!r} is in omit, but also among the headers, which are sent; give "
                f"headers=response.headers.without({name!r})"
            )
    return frozenset(name.lower() for name in names)


ADDED = (
    *("connection", "content-encoding", "content-length", "content-range", "content-type", "date"),
    *("transfer-encoding", "vary", "www-authenticate"),
)
"""The headers that the server adds unless it is told not to."""


def check_omitted(name: str, verb: str = "give") -> None:
    """Raise ValueError if *name* is no header that the server adds, but is spelled nearly as one that it adds.

    Any other header that the server never adds may be given, without an effect. *verb* is how the message says what to
    do.
    """
    if name.lower() not in ADDED and (meant := one_slip_from(name.lower(), ADDED)):
        raise ValueError(f"{name!r} is never added, so it cannot be omitted; {verb} {meant.title()!r}")


def body_size(response: Response) -> int:
    """Return the size of the body in bytes; 0 for one that is made while it is sent, whose size nobody knows."""
    body = response.body
    if isinstance(body, bytes):
        return len(body)
    return body.size if isinstance(body, FileBody) else 0


def sends_body(method: str, status: int) -> bool:
    """Return whether an answer has a body: none is sent to HEAD, nor with 1xx, 204 and 304 (RFC 9112 §6.3)."""
    return method != "HEAD" and has_content(status)


def has_content(status: int) -> bool:
    """Return whether an answer with this *status* has content: 1xx, 204 and 304 have none (RFC 9110 §6.4.1)."""
    return status >= 200 and status not in (204, 304)


@cache
def reason_phrase(status: int) -> str:
    """Return the reason phrase of *status* in RFC 9110 or the standard library, "" where neither has one."""
    if status in _RENAMED:
        return _RENAMED[status]
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""
