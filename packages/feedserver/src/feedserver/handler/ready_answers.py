"""Prerendered answers: rendered once where every request gets the same one, and kept ready to send."""

from __future__ import annotations

from dataclasses import dataclass

from feedserver.fixtures.content_types import content_type_for
from feedserver.http import negotiation, response_writer
from feedserver.http.response_writer import AnswerHead
from feedserver.messages.placeholders import has_placeholders
from feedserver.messages.request import Request
from feedserver.messages.response import Response, body_size


@dataclass(slots=True)
class ReadyAnswer:
    """A whole answer in bytes, *data*, whose Date is that of one *second* of the epoch."""

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


def make_ready(response: Response, request: Request, keep_alive: bool, second: int) -> ReadyAnswer | None:
    """Return *response* as it is sent to every GET like *request*; None where requests may get different answers."""
    if has_placeholders(response.headers) or response.delay or response.pace or response.faults:
        return None
    if not negotiation.is_plain(response) or not isinstance(response.body, bytes):
        return None
    response = with_content_type(request, response)
    head = response_writer.make_head(request, response, keep_alive)
    if head.framing != "length" or head.keep_alive != keep_alive or not isinstance(response.body, bytes):
        return None
    return ReadyAnswer(response, head, second, head.in_http1(second) + response.body)


def with_content_type(request: Request, response: Response) -> Response:
    """Return *response* with the media type of the request path's extension, where it has no Content-Type."""
    if response.body and "Content-Type" not in response.headers and "content-type" not in response.omit:
        known = content_type_for(request.path)
        if known != "application/octet-stream":
            return response.with_headers(response.headers.added("Content-Type", known))
    return response
