"""How h11 reads the bytes of a connection: an independent opinion on where requests end.

h11 shares no code with llhttp and none with us. It accepts some spellings that we refuse, which does not matter here:
nobody can smuggle a request that is refused.
"""

from __future__ import annotations

from dataclasses import dataclass

import h11

from feedserver.http.request_parser import MAX_HEAD, Arriving, ContinueExpected, Event, Malformed, RequestReader
from feedserver.messages.request import Request

MAX_BODY = 1000
_WITHOUT_8_BIT = bytes(range(128)) + b"z" * 128
"""A table that turns each byte over 127 into "z": we accept raw UTF-8 in targets, h11 refuses it."""


@dataclass(frozen=True)
class ReadRequest:
    """A request, as both parsers report it."""

    method: bytes
    target: bytes
    body: bytes


def read_by_h11(data: bytes) -> list[ReadRequest]:
    """Return the requests that h11 finds in *data*, up to the first one that it refuses."""
    connection = _connection(data)
    found: list[ReadRequest] = []
    request: h11.Request | None = None
    body = b""
    while True:
        try:
            event = connection.next_event()
        except h11.RemoteProtocolError:
            return found
        if isinstance(event, h11.Request):
            request, body = event, b""
        elif isinstance(event, h11.Data):
            body += event.data
        elif isinstance(event, h11.EndOfMessage):
            assert request is not None
            found.append(ReadRequest(request.method, request.target, body))
            status = 405 if request.method == b"CONNECT" else 200  # a 200 to CONNECT would open a tunnel
            connection.send(h11.Response(status_code=status, headers=[("Content-Length", "0")]))
            connection.send(h11.EndOfMessage())
            if connection.our_state is not h11.DONE and not _stays_open(request):
                return found
            connection = _connection(connection.trailing_data[0])
        elif event in (h11.NEED_DATA, h11.PAUSED):
            return found


def _connection(data: bytes) -> h11.Connection:
    connection = h11.Connection(h11.SERVER, max_incomplete_event_size=MAX_HEAD)
    data = data.lstrip(b"\r\n")  # h11 refuses empty lines before a request, which RFC 9112 §2.2 lets a server skip
    if data:  # h11 takes empty data as the end of the connection
        connection.receive_data(data)
    return connection


def _stays_open(request: h11.Request) -> bool:
    """Return whether a client of HTTP/1.0 keeps its connection, which h11 does not support (RFC 9112 §9.3)."""
    options = b",".join(value for name, value in request.headers if name == b"connection").lower().split(b",")
    options = [option.strip() for option in options]
    return request.http_version == b"1.0" and b"keep-alive" in options and b"close" not in options


def events_of(pieces: list[bytes], max_body: int = MAX_BODY) -> list[Event]:
    """Return the whole requests and the refusals that our reader reports for bytes that arrive in *pieces*."""
    reader = RequestReader(max_body=max_body)
    events: list[Event] = []
    for piece in pieces:
        reader.feed(piece)
        while (event := reader.next_event()) is not None:
            if not isinstance(event, Arriving | ContinueExpected):
                events.append(event)
    return events


def requests_of(events: list[Event]) -> list[ReadRequest]:
    """Return the requests among *events*."""
    return [
        ReadRequest(event.method.encode(), event.target.encode("utf-8", "surrogateescape"), event.body)
        for event in events
        if isinstance(event, Request)
    ]


def disagreement(data: bytes) -> str:
    """Return how the requests of our reader differ from those of h11, or "" if they agree.

    They also agree if ours are the first of h11's, and our reader has refused something.
    """
    data = data.translate(_WITHOUT_8_BIT)
    events = events_of([data])
    ours = requests_of(events)
    refused = any(isinstance(event, Malformed) for event in events)
    theirs = read_by_h11(data)
    if ours != theirs[: len(ours)]:
        return f"we read {ours}, h11 {theirs}"
    if len(ours) < len(theirs) and not refused:
        return f"h11 read {len(theirs)} requests, we {len(ours)} and refused nothing"
    return ""
