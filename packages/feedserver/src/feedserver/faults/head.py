"""Heads: the head of the answer is not HTTP, does not end, has a wrong header, or follows an interim answer."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Literal, TypeAlias, get_args

from feedserver.faults.directive_fields import FIELDS, fields_in_words, one_line_fields, read_fields
from feedserver.faults.fault import Fault, Layer, Shaped, declaring
from feedserver.faults.kind import Kind, check_at_least, plain, with_number
from feedserver.faults.places import before_answer, before_head, closing, head_bytes, is_body, is_head
from feedserver.messages.argument_types import whole
from feedserver.messages.headers import HeaderInput, Headers
from feedserver.messages.request import Request
from feedserver.messages.response import Response, reason_phrase
from feedserver.messages.send_plan import CloseConnection, Ended, Head, Injected, Plan, Send, SendHead

PRELOAD: Final = Headers({"Link": "</style.css>; rel=preload; as=style"})
"""The headers of an interim answer, unless it is given others."""

_LINES_AT_ONCE = 64
_BYTES_AT_ONCE = 65_536

Twist: TypeAlias = Literal["obs-fold", "bare LF", "NUL", "non-ASCII"]
"""Something in a header's value that RFC 9110 §5.5 forbids, or allows although it harms."""

_TWISTS: dict[Twist, bytes] = {
    "obs-fold": b"\r\n\tfolded",  # RFC 9112 §5.2
    "bare LF": b"\nX-Injected: by a bare LF",  # RFC 9112 §2.2: a recipient may take it for the end of a line
    "NUL": b"\0",
    "non-ASCII": b"\xc3\xbc\xff",  # a letter in UTF-8, then a byte that is not UTF-8
}


@dataclass(frozen=True, slots=True)
class BadStatusLine(Fault):
    """The status is not a number: `HTTP/1.1 fine OK`."""

    layer: ClassVar[Layer] = Layer.HEAD

    @property
    def words(self) -> str:
        """The fault's directive without its trigger."""
        return "bad status line"

    def apply(self, plan: Plan) -> Plan:
        """Return the plan with the first line of the head replaced."""
        begun = False
        for step in closing(plan):
            if not begun and is_head(step):
                begun = True
                yield Injected(str(self), part="head")
                yield Send(b"HTTP/1.1 fine OK\r\n" + head_bytes(step).partition(b"\r\n")[2], "head")
            else:
                yield step


@dataclass(frozen=True, slots=True)
class Garbage(Fault):
    """A number of random *bytes*, the same ones each time, in place of the answer; then the connection is closed."""

    layer: ClassVar[Layer] = Layer.HEAD
    bytes: int = 64

    def __post_init__(self) -> None:
        Fault.__post_init__(self)
        check_at_least(1, self.bytes, "bytes")

    @property
    def words(self) -> str:
        """The fault's directive without its trigger, such as "garbage 64 bytes"."""
        return f"garbage {self.bytes} bytes"

    def apply(self, plan: Plan) -> Plan:
        """Return a plan that sends the random bytes and nothing of the answer."""
        rest = yield from before_answer(plan, leaves_out=True)
        if rest is not None:
            yield Injected(str(self), part="head")
            source = random.Random(0)  # noqa: S311 - no secret
            for sent in range(0, self.bytes, _BYTES_AT_ONCE):
                yield Send(source.randbytes(min(_BYTES_AT_ONCE, self.bytes - sent)), "head")
            yield CloseConnection(Ended.CLOSED)


@dataclass(frozen=True, slots=True)
class Http09(Fault):
    """An answer of HTTP/0.9: the body alone, up to the end of the connection, without status or headers."""

    layer: ClassVar[Layer] = Layer.HEAD

    @property
    def words(self) -> str:
        """The fault's directive without its trigger."""
        return "HTTP/0.9"

    def apply(self, plan: Plan) -> Plan:
        """Return the plan without the head and the framing."""
        begun = False
        for step in closing(plan):
            if is_head(step) and not begun:
                begun = True
                yield Injected(str(self))
            is_left_out = isinstance(step, SendHead | Send) or (isinstance(step, Injected) and step.part != "body")
            if is_body(step) or not is_left_out:
                yield step


@dataclass(frozen=True, slots=True)
class EndlessHeaders(Fault):
    """The head goes on without end, header after header, as fast as the client reads."""

    layer: ClassVar[Layer] = Layer.ENDLESS

    @property
    def words(self) -> str:
        """The fault's directive without its trigger."""
        return "endless headers"

    def apply(self, plan: Plan) -> Plan:
        """Return a plan that sends headers without end, so that the empty line after them never comes."""
        for step in plan:
            if not is_head(step):
                yield step
                continue
            yield Injected(str(self), part="head")
            yield Send(head_bytes(step).removesuffix(b"\r\n"), "head")
            number = 0
            while True:
                lines = [b"X-Endless-%d: on and on\r\n" % n for n in range(number, number + _LINES_AT_ONCE)]
                number += _LINES_AT_ONCE
                yield Send(b"".join(lines), "head")


@dataclass(frozen=True, slots=True)
class OddHeader(Fault):
    """A header whose value ends in a *twist*: obs-fold, a bare LF, NUL, or bytes that are not ASCII.

    *name* is a header of the response, or one that the fault adds.
    """

    layer: ClassVar[Layer] = Layer.HEAD
    twist: Twist
    name: str = "X-Odd"

    def __post_init__(self) -> None:
        Fault.__post_init__(self)
        Headers([(self.name, "")])

    @property
    def words(self) -> str:
        """The fault's directive without its trigger, such as "bare LF in ETag"."""
        return f"{self.twist} in {self.name}"

    def shape(self, request: Request, response: Response) -> Shaped | None:  # noqa: ARG002 - the same for all requests
        """Return the response with the header twisted."""
        value = response.headers.get_raw(self.name.lower().encode("ascii"))
        twisted = (b"odd" if value is None else value) + _TWISTS[self.twist]
        name = self.name.encode("ascii")
        kept = [each for each in response.headers.raw if each[0].lower() != name.lower()]
        place = next((at for at, each in enumerate(response.headers.raw) if each[0].lower() == name.lower()), len(kept))
        if value is not None:
            name = response.headers.raw[place][0]
        kept.insert(place, (name, twisted))
        return Shaped(declaring(response, Headers.from_raw(kept)))


@dataclass(frozen=True, slots=True)
class Interim(Fault):
    """An interim answer (RFC 9110 §15.2) comes before the answer; clients must expect it even if they asked for none.

    *headers* are those of the interim answer, by default a Link. Several interim answers come in the order in which
    they are given.
    """

    layer: ClassVar[Layer] = Layer.HEAD
    status: int = 103
    headers: HeaderInput = PRELOAD

    def __post_init__(self) -> None:
        Fault.__post_init__(self)
        object.__setattr__(self, "headers", one_line_fields(self.headers))
        if not 100 <= self.status <= 199:
            raise ValueError(f"{self.status} is no status of an interim answer; use one from 100 to 199")

    @property
    def words(self) -> str:
        """The fault's directive without its trigger, such as "interim 103" or "interim 103 X-A: b"."""
        fields = "" if self.headers == PRELOAD else fields_in_words(Headers(self.headers))
        return f"interim {self.status} {fields}".rstrip()

    def apply(self, plan: Plan) -> Plan:
        """Return the plan with the interim answer before its head."""
        rest = yield from before_head(plan)
        if rest is not None:
            yield Injected(str(self), part="head")
            reason = reason_phrase(self.status).encode("ascii")
            yield Send(Head(self.status, reason, Headers(self.headers).raw).in_http1(), "interim")
            yield from rest


def _read_interim(rest: str) -> Fault:
    status, _, fields = rest.partition(" ")
    if status and not status.isdecimal():
        status, fields = "", rest
    given: dict[str, Any] = {"status": whole(status)} if status else {}
    return Interim(**given, headers=read_fields(fields)) if fields else Interim(**given)


def _odd(twist: Twist) -> Kind:
    def read(rest: str) -> Fault:
        if not rest:
            return OddHeader(twist)
        word, _, name = rest.partition(" ")
        if word.lower() != "in" or not name or " " in name:
            raise ValueError
        return OddHeader(twist, name)

    return Kind(twist, "[in NAME]", read, (twist, f"{twist} in ETag"))


KINDS = (
    plain("bad status line", BadStatusLine),
    with_number("garbage", "[N bytes]", Garbage, 1000),
    plain("HTTP/0.9", Http09),
    plain("endless headers", EndlessHeaders),
    *(_odd(twist) for twist in get_args(Twist)),
    Kind("interim", f"[N] {FIELDS}", _read_interim, ("interim", "interim 100", "interim 103 X-A: b & X-C: d")),
)
