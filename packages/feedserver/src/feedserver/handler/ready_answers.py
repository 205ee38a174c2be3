"""Prerendered answers: rendered once where every request gets the same one, and kept ready to send."""

from __future__ import annotations

from dataclasses import dataclass

from feedserver.fixtures.content_types import content_type_for
from feedserver.http import negotiation, response_writer
from feedserver.http.response_writer import AnswerHead
from feedserver.messages.headers import Headers
from feedserver.messages.placeholders import has_placeholders
from feedserver.messages.request import Request
from feedserver.messages.response import Response, body_size


@dataclass(slots=True)
class ReadyAnswer:
    """A whole answer in bytes, *data*, whose Date is *second*, in seconds since the epoch."""

    response: Response
    head: AnswerHead
    second: int
    data: bytes

    def at(self, second: int) -> bytes:
        """Return the answer with the Date of *second*."""
        if self.second != second:
            body = self.data[len(self.data) - body_size(self.response) :]
            self.data = self.head.in_http1(second) + body
            self.second = second
        return self.data


HEADS_KNOWN = 256
"""How many heads are cached; one more empties the cache."""
LONGEST_KNOWN = 2048
"""The longest head that is cached, in bytes."""


@dataclass(frozen=True, slots=True)
class _ReadyHead:
    """The *head* of a response. *headers* are all headers of the response if a Content-Type was added to the declared
    ones, else None.
    """

    headers: Headers | None
    head: AnswerHead


_known: dict[tuple[object, ...], _ReadyHead] = {}
"""The cache of heads, by all that they depend on. All servers of a process share it: each test of a suite has its own
server, and many of their responses differ in their body alone.
"""


def make_ready(response: Response, request: Request, keep_alive: bool, second: int) -> ReadyAnswer | None:
    """Return *response* as it is sent to every GET like *request*. Return None where requests may get different
    answers, and for an answer that takes time, is read from a file, has faults, or does not end by its Content-Length.
    """
    body = response.body
    if response.delay or response.pace or response.faults or not isinstance(body, bytes):
        return None
    if response.auth is not None or response.coding is not None:
        return None
    key = (
        response.headers.raw,
        response.status,
        response.reason,
        response.omit,
        response.conditional,
        len(body),
        keep_alive,
        request.version,
        request.path,
    )
    known = _known.get(key)
    if known is None:
        known = _make_head(response, request, keep_alive)
        if known is None:
            return None
        _remember(key, known)
    if known.headers is not None:
        response = response.with_headers(known.headers)
    return ReadyAnswer(response, known.head, second, known.head.in_http1(second) + body)


def _make_head(response: Response, request: Request, keep_alive: bool) -> _ReadyHead | None:
    """Return the head of *response*; None where requests may get different heads, or if no Content-Length is sent."""
    if has_placeholders(response.headers) or not negotiation.is_plain(response):
        return None
    typed = with_content_type(request, response)
    head = response_writer.make_head(request, typed, keep_alive)
    if head.framing != "length" or head.keep_alive != keep_alive:
        return None
    return _ReadyHead(typed.headers if typed is not response else None, head)


def _remember(key: tuple[object, ...], known: _ReadyHead) -> None:
    if len(known.head.head.in_http1()) <= LONGEST_KNOWN:
        if len(_known) >= HEADS_KNOWN:
            _known.clear()
        _known[key] = known


def with_content_type(request: Request, response: Response) -> Response:
    """Return *response* with the media type of the request path's extension, where it has a body without a type."""
    if response.body and "Content-Type" not in response.headers and "content-type" not in response.omit:
        media_type = content_type_for(request.path)
        if media_type != "application/octet-stream":
            return response.with_headers(response.headers.added("Content-Type", media_type))
    return response
