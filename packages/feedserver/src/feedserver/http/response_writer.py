"""From a response to what goes over the wire: its head as bytes, and the plan that a connection plays.

What is declared is what is sent. Only what HTTP/1.1 needs is added, and each of it can be declared otherwise or left
out; where the declared framing would leave the client unable to find the next answer, the connection ends after this
one.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from feedserver.messages.headers import imf_fixdate, to_bytes
from feedserver.messages.request import Request
from feedserver.messages.response import FileBody, Response, body_size, sends_body
from feedserver.messages.send_plan import Close, Flush, Plan, Read, Send, Wait

PIECE = 262_144
"""Bytes of a file that are read at a time."""

Framing: TypeAlias = Literal["length", "chunked", "close", "none"]

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class BodyChanged(Exception):
    """A file that was changed while it was sent."""


@dataclass(frozen=True, slots=True)
class Head:
    """A rendered head. The value of an added Date goes between *before* and *after*; *keep_alive*:
    another may follow.
    """

    before: bytes
    after: bytes
    framing: Framing
    keep_alive: bool

    def at(self, now: float) -> bytes:
        """The head as it is sent at *now* (seconds of the epoch)."""
        return self.before + http_date(int(now)) + self.after if self.after else self.before


_last_date: tuple[int, bytes] = (0, b"")


def http_date(second: int) -> bytes:
    """IMF-fixdate (RFC 9110 §5.6.7). The last one is kept: a second sees many answers."""
    global _last_date  # noqa: PLW0603 - a pure function's memory of one value
    known, text = _last_date
    if known != second:
        text = imf_fixdate(second).encode("ascii")
        _last_date = (second, text)
    return text


def render_head(request: Request | None, response: Response, keep_alive: bool) -> Head:
    """Renders the head for *request* (None: what arrived was none). *keep_alive*: the client would send another."""
    declared = {name.lower(): value for name, value in response.headers.raw}
    version = request.version if request is not None else "1.1"
    method = request.method if request is not None else "GET"
    lines = [f"HTTP/1.1 {response.status} ".encode("ascii") + to_bytes(response.reason)]
    lines += [name + b": " + value for name, value in response.headers.raw]
    framing, line = _framing(method, version, response, declared)
    lines += line
    size = body_size(response)
    keep_alive = keep_alive and framing != "close" and _is_honest(declared, framing, size)
    if b"connection" in declared:
        keep_alive = keep_alive and b"close" not in declared[b"connection"].lower()
    elif "connection" not in response.omit:
        if not keep_alive:
            lines.append(b"Connection: close")
        elif version == "1.0":
            lines.append(b"Connection: keep-alive")
    head = b"\r\n".join(lines)
    if b"date" in declared or "date" in response.omit:
        return Head(head + b"\r\n\r\n", b"", framing, keep_alive)
    return Head(head + b"\r\nDate: ", b"\r\n\r\n", framing, keep_alive)


def _framing(
    method: str, version: str, response: Response, declared: dict[bytes, bytes]
) -> tuple[Framing, list[bytes]]:
    """How the end of the body is told (RFC 9112 §6), and the header that is added for it."""
    if response.status < 200 or response.status in (204, 304):
        return "none", []
    if b"transfer-encoding" in declared:
        return ("chunked" if declared[b"transfer-encoding"].lower().endswith(b"chunked") else "close"), []
    if b"content-length" in declared:
        return "length", []
    if "content-length" not in response.omit:
        return "length", [b"Content-Length: %d" % body_size(response)]
    if "transfer-encoding" not in response.omit and version != "1.0":
        return "chunked", [b"Transfer-Encoding: chunked"]
    return ("none" if method == "HEAD" else "close"), []


def _is_honest(declared: dict[bytes, bytes], framing: Framing, size: int) -> bool:
    """Whether the client will find the end of this answer where it is."""
    length = declared.get(b"content-length")
    if length is None:
        return True
    return framing == "length" and length.strip() == b"%d" % size


def whole(head: Head, response: Response, method: str, now: float) -> bytes | None:
    """The complete answer as bytes, where nothing about it takes time or reads a file; else None."""
    body = response.body
    if response.delay or response.pace or response.faults or isinstance(body, FileBody):
        return None
    if not sends_body(method, response.status):
        return head.at(now)
    if head.framing == "chunked":
        return head.at(now) + (b"%x\r\n%b\r\n" % (len(body), body) if body else b"") + b"0\r\n\r\n"
    return head.at(now) + body


def plan(head: Head, response: Response, method: str) -> Plan:
    """The steps of an answer, its faults left out."""
    if response.delay:
        yield Wait(response.delay)
    yield Send(head.at(time.time()), "head")
    promised = sent = 0
    if sends_body(method, response.status):
        promised = body_size(response)
        chunked = head.framing == "chunked"
        pace = response.pace
        for piece in _pieces(response):
            if pace is not None and sent:
                yield Wait(pace.seconds)
            if chunked:
                yield Send(b"%x\r\n" % len(piece), "framing")
            yield Send(piece)
            if chunked:
                yield Send(b"\r\n", "framing")
            sent += len(piece)
        if chunked and sent == promised:
            yield Send(b"0\r\n\r\n", "framing")
    if sent != promised:  # which leaves the client waiting for the rest
        yield Flush()
        raise BodyChanged(
            f"{_name_of(response)} has become shorter: {sent:,} of {promised:,} bytes could be sent; write a new file "
            "beside it, and rename that"
        )
    yield Read() if head.keep_alive else Close()


def _name_of(response: Response) -> str:
    return str(response.body.path) if isinstance(response.body, FileBody) else response.source


def _pieces(response: Response) -> Iterator[bytes]:
    body = response.body
    size = response.pace.bytes if response.pace is not None else PIECE
    if isinstance(body, bytes):
        for start in range(0, len(body), size):
            yield body[start : start + size]
        return
    left = body.size
    with body.open() as file:
        while left > 0 and (piece := file.read(min(size, left))):
            left -= len(piece)
            yield piece
        if body.has_changed(file):
            raise BodyChanged(
                f"{body.path} was changed while it was sent, so that nobody knows what was; write a new file beside "
                "it, and rename that"
            )
