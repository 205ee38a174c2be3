"""Parses the head of a request into its request line and header fields, without I/O.

The request line is parsed here, since llhttp refuses methods that it does not know and raw UTF-8 targets. llhttp parses
only the header fields: it is given one whole head, with a request line that it accepts. What it says of the connection
and the body is ignored, and it must find as many fields as there are lines.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import httptools

from feedserver.http.body_framing import Refused
from feedserver.messages.headers import TCHARS

Fields = Sequence[tuple[bytes, bytes]]
"""Names and values, in order and as they were sent; whitespace around a value is not part of it (RFC 9110 §5.5)."""

_METHOD = re.compile(TCHARS.encode("ascii"))
_VERSION = re.compile(rb"HTTP/(\d)\.(\d)")
_BAD_TARGET = re.compile(rb"[\x00-\x20\x7f]")
_NO_HOST = re.compile(rb"https?://(?:[/?:]|$)", re.IGNORECASE)
_FORMS = (b"/", b"http://", b"https://")


@dataclass(frozen=True, slots=True)
class RequestLine:
    """A request line; *version* is "1.0" or "1.1"."""

    method: str
    target: str
    version: str


def read_head(head: bytes) -> tuple[RequestLine, Fields]:
    """Return the request line and the header fields of *head*, which ends in an empty line.

    Raises Refused for what RFC 9112 does not allow, and for what is not supported: CONNECT, another version than
    HTTP/1.x, an unknown Expect. The checks run in a fixed order: where several things are wrong, the first one is
    reported.
    """
    if head.startswith(b"\r"):
        raise Refused(400, "there is a bare CR before the request line")
    first, _, rest = head.partition(b"\n")
    line = _read_request_line(first.removesuffix(b"\r"))
    if head.count(b"\n") != head.count(b"\r\n"):
        # A recipient may take a bare LF for the end of a line (RFC 9112 §2.2); a test server that did would hide the
        # mistake.
        raise Refused(400, "a line of the request's head ends in a bare LF, not in CR LF")
    fields = _read_fields(rest, line.version)
    hosts = sum(name.lower() == b"host" for name, _ in fields)
    if line.version == "1.1" and hosts != 1:
        raise Refused(400, "a request in HTTP/1.1 has exactly one Host header (RFC 9112 §3.2)")
    if hosts > 1:
        raise Refused(400, "a request has at most one Host header (RFC 9112 §3.2)")
    for name, value in fields:
        if name.lower() == b"expect" and value.lower() != b"100-continue":
            raise Refused(417, f"Expect: {value[:40]!r} is not known (RFC 9110 §10.1.1)")
    return line, fields


def is_continue_expected(fields: Fields, version: str) -> bool:
    """Return whether the client waits for "100 Continue"; a client of HTTP/1.0 never does (RFC 9110 §10.1.1)."""
    return version == "1.1" and any(name.lower() == b"expect" for name, _ in fields)


def keeps_alive(fields: Fields, version: str) -> bool:
    """Return whether the connection may be used again after a request with these *fields* (RFC 9112 §9.3)."""
    options = {
        option.strip(b" \t").lower()
        for name, value in fields
        if name.lower() == b"connection"
        for option in value.split(b",")
    }
    return b"close" not in options and (version == "1.1" or b"keep-alive" in options)


def _read_request_line(line: bytes) -> RequestLine:
    parts = line.split(b" ")
    if len(parts) != 3:
        raise Refused(400, f"the request line {line[:80]!r} is not 'METHOD target HTTP/version'")
    method, target, protocol = parts
    version = _VERSION.fullmatch(protocol)
    if version is None:
        raise Refused(400, f"{protocol[:40]!r} is no HTTP version")
    if version[1] != b"1":
        raise Refused(505, f"{protocol.decode('ascii')} is not spoken here; HTTP/1.1 and 1.0 are")
    if not _METHOD.fullmatch(method):
        raise Refused(400, f"{method[:40]!r} is no method: RFC 9110 §9.1 allows letters, digits and a few signs")
    if not target:
        raise Refused(400, f"the request line {line[:80]!r} has no request target")
    if _BAD_TARGET.search(target):
        raise Refused(400, f"{target[:80]!r} is no request target: it has a control character in it")
    if method == b"CONNECT":
        host = target[:80].rpartition(b":")[0].decode("ascii", "backslashreplace") or "feeds.example"
        raise Refused(
            501,
            "CONNECT is not supported: as a proxy, this server answers http requests only; for https, use no proxy, "
            f"and have the client resolve the name to FeedServer(…, tls=True, names=[{host!r}])",
        )
    if not target.lower().startswith(_FORMS) and not (target == b"*" and method == b"OPTIONS"):
        raise Refused(
            400, f"{target[:80]!r} is no request target: it starts with neither '/' nor 'http://' or 'https://'"
        )
    if b"#" in target:
        raise Refused(400, f"{target[:80]!r} is no request target: a client keeps a fragment to itself (RFC 9110 §7.1)")
    if _NO_HOST.match(target):
        raise Refused(400, f"{target[:80]!r} is no request target: it names no host (RFC 9110 §4.2.1)")
    minor = "0" if version[2] == b"0" else "1"
    return RequestLine(method.decode("ascii"), target.decode("utf-8", "surrogateescape"), f"1.{minor}")


class _Collector:
    """Collects the header fields that llhttp reports."""

    __slots__ = ("fields",)

    def __init__(self) -> None:
        self.fields: list[tuple[bytes, bytes]] = []

    def on_header(self, name: bytes, value: bytes) -> None:
        self.fields.append((name, value.rstrip(b" \t")))


def _read_fields(lines: bytes, version: str) -> Fields:
    """Return the fields in *lines*, the last of which is empty."""
    collector = _Collector()
    try:
        httptools.HttpRequestParser(collector).feed_data(b"POST / HTTP/%b\r\n%b" % (version.encode("ascii"), lines))
    except httptools.HttpParserUpgrade:
        pass  # the head is read; a switch to a new protocol is ignored (RFC 9110 §7.8)
    except httptools.HttpParserError as error:
        raise Refused(400, f"the request is malformed: {error}") from None
    if len(collector.fields) != lines.count(b"\n") - 1:
        raise Refused(400, "the request is malformed: its lines are not one header field each")
    return collector.fields
