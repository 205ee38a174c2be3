"""Forwards requests to another server of this machine, so that its answers are in the journal."""

from __future__ import annotations

import io
import os
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from feedserver.final_answers import FIELD_LINE, STATUS_LINE, chunked_body, final_response
from feedserver.handler.quit_method import is_loopback
from feedserver.messages.argument_types import check_name, check_seconds
from feedserver.messages.headers import Headers
from feedserver.messages.placeholders import has_placeholders
from feedserver.messages.request import Request
from feedserver.messages.response import Response
from feedserver.messages.terminal_text import visible

if TYPE_CHECKING:
    from http.client import HTTPConnection, HTTPResponse

LARGEST = 256 * 1024 * 1024
"""The size, in bytes, of the largest body that is forwarded."""

_HOP_BY_HOP = frozenset(
    (b"connection", b"keep-alive", b"proxy-connection", b"te", b"trailer", b"transfer-encoding", b"upgrade")
)
"""Headers that belong to one connection, and are not forwarded (RFC 9110 §7.6.1)."""

_LENGTH = re.compile("[0-9]+")
_LOCATIONS = frozenset((b"location", b"content-location"))


class ForwardingError(Exception):
    """The server that a request was forwarded to sent no whole answer, or one that cannot be forwarded."""


class _Lines(io.BufferedReader):
    """Reads an answer. Refuses a head that http.client would accept, and other clients would not."""

    def __init__(self, raw: io.RawIOBase) -> None:
        super().__init__(raw)
        self.is_in_head = True  # until the whole head of the final answer was read
        self._begins = True
        self._is_behind_status = False

    def readline(self, size: int | None = -1, /) -> bytes:
        line = super().readline(size)
        if b"\r" in line.removesuffix(b"\r\n") or b"\0" in line:
            raise ValueError("a line of its head, or the size of a chunk, has a CR or NUL within (RFC 9110 §5.5)")
        if self.is_in_head:
            self._check(line, len(line) == size)
        return line

    def _check(self, line: bytes, is_long: bool) -> None:
        """Raise ValueError for a *line* of a head if it is cut off, if it begins the head and is no status line, or if
        it is a later line of the head and no header. http.client itself refuses a long line and an answer without a
        line.
        """
        is_end = line in (b"\r\n", b"\n")
        if self._begins and line and not STATUS_LINE.match(line):
            raise ValueError(f"{line[:60].decode('latin-1')!r} is no status line of HTTP/1 (RFC 9112 §4)")
        if not line.endswith(b"\n") and not is_long and (line or not self._begins):
            raise ValueError("it ended within its head")
        is_first, self._is_behind_status = self._is_behind_status, self._begins
        if not (self._begins or is_end) and (not FIELD_LINE.match(line) or (is_first and line[:1] in b" \t")):
            raise ValueError("a line of its head is no header (RFC 9112 §5)")
        self._begins = is_end


def _response_class() -> type[HTTPResponse]:
    class Strict(final_response()):  # type: ignore[misc] # mypy knows no class that a function returns
        fp: Any

        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            self.fp = _Lines(self.fp.detach())

        def begin(self) -> None:
            super().begin()
            self.fp.is_in_head = False

    return Strict


@dataclass(frozen=True, slots=True)
class Forward:
    """An answer for `FeedServer.add`: what the server at *to* answers to the same request.

    *to* is the address of another server of this machine, such as "http://127.0.0.1:9000"; a path in it comes before
    that of the request. *timeout* is in seconds, for each step of the exchange. The answer is in the journal as any
    other is, and can be given to `add` later. A `Location` or `Content-Location` that leads to that server is rewritten
    to lead to this one. Raises ValueError if *to* is no such address. From other machines, the command `feedserver
    record` fetches.
    """

    to: str
    timeout: float = 4.0
    _name: str = field(
        init=False, default_factory=lambda: f"feedserver-{os.urandom(6).hex()}", compare=False, repr=False
    )

    def __post_init__(self) -> None:
        check_name("Forward(to=…)", self.to, "http://127.0.0.1:9000")
        check_seconds("Forward(timeout=…)", self.timeout, above_zero=True)
        remedy = "give the address of a server of this machine, such as 'http://127.0.0.1:9000'"
        try:
            parts = urlsplit(self.to)
            host, port = parts.hostname or "", parts.port
        except ValueError as error:
            raise ValueError(f"Forward(to=…) is {self.to!r} ({error}); {remedy}") from error
        if parts.scheme != "http" or not host or port == 0 or parts.query or parts.fragment:
            raise ValueError(f"Forward(to=…) is {self.to!r}; {remedy}")
        if not is_loopback(host):
            raise ValueError(
                f"Forward(to=…) is {self.to!r}, which is no address of this machine; {remedy}, or fetch a fixture "
                "once, with feedserver record"
            )

    def __call__(self, request: Request) -> Response:
        """Return the answer to *request*.

        Raises ForwardingError if no whole answer comes, or one that cannot be forwarded.
        """
        if any(self._name in value for value in request.headers.get_all("Via")):
            raise ForwardingError(f"{self.to} leads back to this server; forward to another one")
        import http.client  # its import takes longer than a server's start

        parts = urlsplit(self.to)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=self.timeout)
        connection.response_class = _response_class()
        try:
            self._ask(connection, parts.path.rstrip("/"), request)
            with connection.getresponse() as answer:
                self._check(answer)
                body = self._read_body(answer)
                if answer.length:
                    raise ForwardingError(f"no whole answer came from {self.to}: it ended {answer.length} bytes early")
                return self._response(answer, body)
        except (OSError, ValueError, http.client.HTTPException) as error:  # ValueError: a wrong head or size of a chunk
            raise ForwardingError(
                f"no whole answer came from {self.to}: {str(error) or type(error).__name__}"
            ) from error
        finally:
            connection.close()

    def _ask(self, connection: HTTPConnection, path: str, request: Request) -> None:
        target = request.target
        if not target.startswith("/"):
            target = f"/{target.partition('://')[2].partition('/')[2]}"
        connection.putrequest(request.method, f"{path}{target}", skip_accept_encoding=True)
        for name, value in request.headers.raw:
            if name.lower() not in _HOP_BY_HOP | {b"host", b"content-length", b"expect"}:
                connection.putheader(name, value)
        if request.body or "Content-Length" in request.headers:
            connection.putheader("Content-Length", str(len(request.body)))
        connection.putheader("Via", f"{request.version} {self._name}")
        connection.putheader("Connection", "close")
        connection.endheaders(request.body or None)

    def _read_body(self, answer: HTTPResponse) -> bytes:
        body = bytearray()
        if answer.length == 0:  # http.client also sets 0 for HEAD and the statuses 204 and 304, whatever the head says
            return b""
        for piece in chunked_body(answer, strict=True) if answer.chunked else [answer.read(LARGEST + 1)]:
            body += piece
            if len(body) > LARGEST:
                raise ForwardingError(f"{self.to} answered with more than {LARGEST // 1024**2} MiB")
        return bytes(body)

    def _check(self, answer: HTTPResponse) -> None:
        """Raise ForwardingError for a head that http.client reads only in part, or that contradicts itself
        about the body.
        """
        from email import errors

        lengths = {
            each.strip(" \t") for value in answer.headers.get_all("Content-Length", []) for each in value.split(",")
        }
        codings = ", ".join(answer.headers.get_all("Transfer-Encoding", []))
        why = ""
        of_body = (  # no faults of a head: email looks for a multipart body in it
            errors.NoBoundaryInMultipartDefect,
            errors.StartBoundaryNotFoundDefect,
            errors.MultipartInvariantViolationDefect,
            errors.InvalidMultipartContentTransferEncodingDefect,
        )
        if not all(isinstance(each, of_body) for each in answer.headers.defects):
            why = "a line of its head is no header (RFC 9112 §5)"
        elif len(lengths) > 1:
            why = f"it has several lengths ({', '.join(sorted(lengths))}; RFC 9112 §6.3)"
        elif not all(_LENGTH.fullmatch(each) for each in lengths):
            why = f"its Content-Length is {next(iter(lengths))!r}, which is no number of bytes (RFC 9110 §8.6)"
        elif "Transfer-Encoding" in answer.headers and not (answer.chunked and codings.lower() == "chunked"):
            why = f"its transfer coding is {codings!r}, and only chunked is read"
        elif has_placeholders(Headers(list(answer.headers.items()))):
            why = "one of its headers has a placeholder, such as {base}, which would be filled in"
        if why:
            raise ForwardingError(f"the answer of {self.to} cannot be forwarded: {visible(why)}")
        if answer.length is None and lengths and not answer.chunked:
            answer.length = int(lengths.pop())  # http.client reads no list, such as "5, 5" (RFC 9110 §8.6)

    def _response(self, answer: HTTPResponse, body: bytes) -> Response:
        origin = self.to.rstrip("/")
        fields: list[tuple[bytes, bytes]] = []
        for name, value in answer.headers.raw_items():
            field_name, text = name.encode("latin-1"), str(value)
            if field_name.lower() in _HOP_BY_HOP:
                continue
            if field_name.lower() == b"content-length" and answer.chunked:
                continue  # RFC 9112 §6.3: the chunks override it, and are not forwarded
            if field_name.lower() in _LOCATIONS and (text == origin or text.startswith(f"{origin}/")):
                text = f"{{base}}{text.removeprefix(origin)}"
            fields.append((field_name, text.encode("latin-1")))
        headers = Headers.from_raw(fields)
        omitted = [name for name in ("Date", "Content-Type") if name not in headers]
        reason = answer.reason.encode("latin-1").decode("utf-8", "surrogateescape")  # a response encodes it in this way
        return Response(body, answer.status, headers, reason=reason, conditional="off", omit=omitted, source=self.to)
