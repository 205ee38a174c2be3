"""From a response to what goes over the wire: its head as a value, and the plan that a connection plays.

What is declared is what is sent. Only the headers that HTTP/1.1 needs are added, and each of them can be declared
otherwise or omitted. If the declared framing does not tell the client where the next answer begins, the connection is
closed after this one.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from typing import BinaryIO, Literal, TypeAlias

from feedserver.messages.headers import imf_fixdate, to_bytes
from feedserver.messages.made_body import MadeBody, PartSource
from feedserver.messages.pacing import RandomDelay
from feedserver.messages.request import Request
from feedserver.messages.response import FileBody, Response, body_size, has_content, sends_body
from feedserver.messages.send_plan import Await, CloseConnection, Flush, Head, Plan, Read, Send, SendHead, Step, Wait

PIECE = 262_144
"""Bytes of a body that are sent at a time, unless it has a pace or is made while it is sent."""

MOST_HELD = 1024 * 1024
"""Bytes that are held beyond the declared length of a made body, until its function has ended (see `_made_answer`)."""

ResponseFraming: TypeAlias = Literal["length", "chunked", "close", "none"]

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class BodyChanged(Exception):
    """A file that was changed while it was sent."""


@dataclass(frozen=True, slots=True)
class AnswerHead:
    """A *head* that is ready to be sent. If it *needs_date*, only its Date is missing: that is added when it is sent.

    *framing* says how the end of the body is marked, *keep_alive* whether another answer may follow on the connection.
    """

    head: Head
    needs_date: bool
    framing: ResponseFraming
    keep_alive: bool

    def at(self, now: float) -> Head:
        """Return the head as it is sent at *now* (seconds since the epoch)."""
        if not self.needs_date:
            return self.head
        date = (b"Date", date_value(int(now)))
        return Head(self.head.status, self.head.reason, (*self.head.fields, date))

    def in_http1(self, now: float) -> bytes:
        """Return the bytes of the head as it is sent at *now*: a cheaper way than `at`, for whole answers."""
        data = self.head.in_http1()
        return b"%bDate: %b\r\n\r\n" % (data[:-2], date_value(int(now))) if self.needs_date else data


_last_date: tuple[int, bytes] = (0, b"")


def date_value(second: int) -> bytes:
    """Return *second*, counted since the epoch, as IMF-fixdate (RFC 9110 §5.6.7). The last value is kept: many answers
    are sent in a second.
    """
    global _last_date  # noqa: PLW0603 - a pure function's memory of one value
    known, text = _last_date
    if known != second:
        text = imf_fixdate(second).encode("ascii")
        _last_date = (second, text)
    return text


def make_head(request: Request | None, response: Response, keep_alive: bool) -> AnswerHead:
    """Return the head of the answer to *request*, or to bytes that were no request (None).

    *keep_alive* is whether the client would send another request on this connection.
    """
    declared = {name.lower(): value for name, value in response.headers.raw}
    version = request.version if request is not None else "1.1"
    method = request.method if request is not None else "GET"
    framing = _framing(method, version, response, declared)
    added = _framing_fields(framing, response, declared)
    has_clear_end = framing != "close" and not (framing == "chunked" and version == "1.0")
    keep_alive = keep_alive and has_clear_end and _is_honest(declared, framing, response)
    if b"connection" in declared:
        keep_alive = keep_alive and not any(b"close" in each.lower() for each in _values(response, b"connection"))
    elif "connection" not in response.omit:
        if not keep_alive:
            added.append((b"Connection", b"close"))
        elif version == "1.0":
            added.append((b"Connection", b"keep-alive"))
    needs_date = b"date" not in declared and "date" not in response.omit
    head = Head(response.status, to_bytes(response.reason), (*response.headers.raw, *added))
    return AnswerHead(head, needs_date, framing, keep_alive)


def _framing(method: str, version: str, response: Response, declared: dict[bytes, bytes]) -> ResponseFraming:
    """Return how the end of the body is marked (RFC 9112 §6)."""
    if not has_content(response.status):
        return "none"
    if b"transfer-encoding" in declared:
        last = declared[b"transfer-encoding"].rpartition(b",")[2].strip().lower()
        return "chunked" if last == b"chunked" else "close"
    if b"content-length" in declared:
        return "length"
    if "content-length" not in response.omit and not isinstance(response.body, MadeBody):
        return "length"
    if "transfer-encoding" not in response.omit and version != "1.0":
        return "chunked"
    return "none" if method == "HEAD" else "close"


def _framing_fields(
    framing: ResponseFraming, response: Response, declared: dict[bytes, bytes]
) -> list[tuple[bytes, bytes]]:
    """Return a list with the header that marks the end of the body; an empty list if that is declared or not needed."""
    if framing == "length" and b"content-length" not in declared:
        return [(b"Content-Length", b"%d" % body_size(response))]
    if framing == "chunked" and b"transfer-encoding" not in declared:
        return [(b"Transfer-Encoding", b"chunked")]
    return []


def _is_honest(declared: dict[bytes, bytes], framing: ResponseFraming, response: Response) -> bool:
    """Return whether the client will find the end of this answer where it is.

    If the length of a body is declared before the body is made, this is not known, and the result is False.
    """
    lengths = _values(response, b"content-length") if b"content-length" in declared else []
    if not lengths or not has_content(response.status):  # a 204 or 304 ends with its head (RFC 9112 §6.3)
        return True
    if isinstance(response.body, MadeBody):
        return False
    size = b"%d" % body_size(response)
    return framing == "length" and all(each.strip() == size for each in lengths)


def _values(response: Response, name: bytes) -> list[bytes]:
    """Return the values of all headers of *response* that are called *name*."""
    return [value for each, value in response.headers.raw if each.lower() == name]


def whole(head: AnswerHead, response: Response, method: str, now: float) -> bytes | None:
    """Return the complete answer as bytes, or None if it takes time, is not made of bytes in memory, or has faults."""
    body = response.body
    if response.delay or response.pace or response.faults or not isinstance(body, bytes):
        return None
    start = head.in_http1(now)
    if not sends_body(method, response.status):
        return start
    if head.framing == "chunked":
        return start + (b"%x\r\n%b\r\n" % (len(body), body) if body else b"") + b"0\r\n\r\n"
    return start + body


def plan(head: AnswerHead, response: Response, method: str, now: Callable[[], float] = time.time) -> Plan:
    """Yield the steps of an answer, without its faults. *now* returns the time in seconds since the epoch."""
    if response.delay:
        yield Wait(response.delay.draw(1) if isinstance(response.delay, RandomDelay) else response.delay)
    start = SendHead(head.at(now()))
    if isinstance(response.body, MadeBody) and sends_body(method, response.status):
        yield from _made_answer(start, response, response.body, chunked=head.framing == "chunked")
        yield Read() if head.keep_alive else CloseConnection()
        return
    yield start
    promised = sent = 0
    if sends_body(method, response.status):
        promised = body_size(response)
        chunked = head.framing == "chunked"
        pace = response.pace
        for piece in _pieces(response):
            if pace is not None and sent:
                yield Wait(pace.seconds)
            yield from _chunk(piece) if chunked else (Send(piece),)
            sent += len(piece)
        if chunked and sent == promised:
            yield Send(b"0\r\n\r\n", "framing")
    if sent != promised:  # raising makes the connection drop the client, which lacks the rest of the body
        yield Flush()
        raise BodyChanged(
            f"{_name_of(response)} has become shorter: {sent:,} of {promised:,} bytes could be sent; write a new file "
            "beside it, and rename that"
        )
    yield Read() if head.keep_alive else CloseConnection()


def _chunk(piece: bytes) -> tuple[Send, Send, Send]:
    """Return the steps that send *piece* as a chunk."""
    return Send(b"%x\r\n" % len(piece), "framing"), Send(piece), Send(b"\r\n", "framing")


def _made_answer(start: SendHead, response: Response, body: MadeBody, *, chunked: bool) -> Plan:
    """Yield the head, and the steps of a body that is made while it is sent. Raises what its function raises.

    The piece that completes a declared length (the head, for a length of 0) is held until the function has ended, so
    that a client with the whole body knows that the function did not fail. What the function yields beyond that length
    is held, too; once that is `MOST_HELD` bytes, all is sent.
    """
    source = PartSource(body)
    pace = response.pace
    begun = False

    def send(part: bytes) -> Plan:
        nonlocal begun
        size = max(len(part) if pace is None else pace.bytes, 1)
        for at in range(0, len(part), size):
            if begun and pace is not None:
                yield Wait(pace.seconds)
            begun = True
            piece = part[at : at + size]
            yield from _chunk(piece) if chunked else (Send(piece),)

    remaining = None if chunked else _declared_length(response)
    held: list[bytes] = []
    is_head_held = remaining == 0
    if not is_head_held:
        yield start
    try:
        while (part := (yield from _next_part(source))) is not None:
            if remaining is not None and remaining <= -MOST_HELD:
                yield from (start,) if is_head_held else ()
                for each in held:
                    yield from send(each)
                held, is_head_held, remaining = [], False, None
            sendable = len(part)
            if remaining is not None:
                if remaining <= len(part):
                    # With a pace, only the pieces before the one that completes the length are sent; without, none.
                    sendable = max(remaining - 1, 0) // pace.bytes * pace.bytes if pace is not None else 0
                    held.append(part[sendable:])
                remaining -= len(part)
            yield from send(part[:sendable])
    finally:
        source.drop()
    yield from (start,) if is_head_held else ()
    for each in held:
        yield from send(each)
    if chunked:
        yield Send(b"0\r\n\r\n", "framing")


def _next_part(source: PartSource) -> Generator[Step, None, bytes | None]:
    """Yield the steps that wait for the next part; return it, or None at the end."""
    source.ask()
    while not source.is_ready:
        yield Await(source)
    return source.take()


def _declared_length(response: Response) -> int | None:
    """Return the least number in Content-Length, however it is spelled; None where it has none."""
    numbers = re.findall("[0-9]+", response.headers.get("Content-Length", ""))
    return min((int(each.lstrip("0")[:19] or "0") for each in numbers), default=None)


def _name_of(response: Response) -> str:
    return str(response.body.path) if isinstance(response.body, FileBody) else response.source


def _pieces(response: Response) -> Iterator[bytes]:
    body = response.body
    size = response.pace.bytes if response.pace is not None else PIECE
    if isinstance(body, MadeBody):
        return
    if isinstance(body, bytes):
        for start in range(0, len(body), size):
            yield body[start : start + size]
        return
    remaining = body.size
    with body.open() as file:
        while remaining > 0 and (piece := file.read(min(size, remaining))):
            remaining -= len(piece)
            if not remaining:
                _check_unchanged(body, file)  # before the last piece: a client that has all pieces can rely on them
            yield piece
        if remaining:
            _check_unchanged(body, file)


def _check_unchanged(body: FileBody, file: BinaryIO) -> None:
    if body.has_changed(file):
        raise BodyChanged(
            f"{body.path} was changed while it was sent, so it is unknown which bytes were sent; write a new file "
            "beside it, and rename that"
        )
