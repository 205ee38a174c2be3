"""Make an answer from the request and the declared response: authentication, conditions, content codings and ranges.

The order is that of RFC 9110 §13.2.2, with authentication first:

    select:       Authorization → 401; validators → 304 or 412; Accept-Encoding → the coding
    (the caller)  codes the body, on another thread if it is large
    slice_range:  Range → 206 or 416, counted in coded bytes (§14.1.2)

`select` and `slice_range` are pure, `Request × Response → Response`, and return the same object if nothing changes.
Placeholders in headers have been filled in before, since a validator may contain one. What is declared is what is
sent: a header is added only if there is none, a coding does not change an ETag, and apart from the answers below
nothing is replaced except on a 206.

HEAD is answered like GET, but without ranges (§14.2); the response writer leaves the body out. Delay and pace stay on
every answer. Faults stay on every answer except a 401. Of the answers that are made here,

- a 304 keeps all headers except those that describe the body, which it does not have. §15.4.5 requires
  Content-Location, Date, ETag, Vary, Cache-Control and Expires. Last-Modified, Set-Cookie, Link and other declared
  headers stay, too, as on real servers: who declared them wants to see what a client makes of them.
- a 401, 412 or 416 has a line of text, and no declared header except the WWW-Authenticate of a 401.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from feedserver.http import auth, content_codings, preconditions
from feedserver.messages.headers import HeaderInput, Headers
from feedserver.messages.made_body import MadeBody
from feedserver.messages.request import Request
from feedserver.messages.response import FileBody, Response, body_size, has_content, reason_phrase

if TYPE_CHECKING:
    from feedserver.http import ranges

_ABOUT_THE_BODY = (
    "Content-Type",
    "Content-Length",
    "Content-Encoding",
    "Content-Language",
    "Content-Range",
    "Content-Disposition",
    "Content-MD5",
    "Content-Digest",
    "Transfer-Encoding",
    "Trailer",
)


def is_plain(response: Response) -> bool:
    """Return whether every request gets *response* as it is, so that its bytes may be kept ready to send."""
    return (
        response.auth is None
        and response.coding is None
        and not preconditions.can_change(response)
        and not _has_ranges(response)
    )


def select(request: Request, response: Response) -> Response:
    """Return the answer to *request*, with a body that is not coded yet: *response*, or a 401, 304 or 412 in its place.

    The answer's `coding` is what `content_codings.encode` has to apply to its body, or None. It is never "auto", and
    Content-Encoding names it already, unless that header is declared otherwise or omitted. Raises ValueError if the
    response's coding is not known, and its subclass `CodingUnavailable` if it is not installed.
    """
    if response.auth is not None and (challenge := auth.challenge(request, response.auth)) is not None:
        return _unauthorized(response, challenge)
    if _is_negotiated(response):
        # Vary is added before the conditions are evaluated, since a 304 has it, too (§15.4.5).
        response = _with_header(response, "Vary", "Accept-Encoding")
    status = preconditions.evaluate(request, response)
    if status == 304:
        return _not_modified(response)
    if status == 412:
        return _refusal(response, 412, "this resource does not meet a condition of the request")
    if response.coding is None:
        return response
    return _with_coding(request, response, response.coding)


def slice_range(request: Request, response: Response) -> Response:
    """Return the part of *response* that the Range of *request* asks for, as a 206; or a 416; or *response* itself.

    The body of *response* has been coded already. A GET gets parts of a 200 that declares `Accept-Ranges: bytes`. A
    single range of a file is sent from the file, without reading it into memory. Several ranges of
    a file are not combined: the field is ignored and the whole file is sent, as §14.2 allows. If several ranges are
    requested and only one lies within the body, it is sent as a single part. A body that is made while it is sent is
    sent whole.
    """
    value = request.headers.get("Range")
    if value is None or request.method != "GET" or not _has_ranges(response) or isinstance(response.body, MadeBody):
        return response
    if not preconditions.allow_range(request, response):
        return response
    from feedserver.http import ranges

    body, total = response.body, body_size(response)
    headers = response.headers.without("Content-Length", "Content-Range")
    match ranges.parse(value, total):
        case ():
            return _unsatisfiable(response, total)
        case (part,):
            body = _cut(body, part)
            headers = headers.added("Content-Range", part.content_range(total))
        case tuple(parts) if isinstance(body, bytes):
            content_type, body = ranges.multipart(body, parts, headers.get_raw(b"content-type"))
            headers = headers.replaced("Content-Type", content_type)
        case _:
            return response
    return replace(response, status=206, reason=reason_phrase(206), headers=headers, body=body)


def _has_ranges(response: Response) -> bool:
    if response.status != 200 or response.headers.get_raw(b"accept-ranges") is None:
        return False
    units = response.headers["Accept-Ranges"].lower().split(",")
    return "bytes" in [unit.strip(" \t") for unit in units]


def _cut(body: bytes | FileBody, part: ranges.ByteRange) -> bytes | FileBody:
    if isinstance(body, FileBody):
        return replace(body, offset=body.offset + part.first, size=part.size)
    return body[part.first : part.last + 1]


def _is_negotiated(response: Response) -> bool:
    """Return whether Accept-Encoding decides on the coding: it is "auto", and no Content-Encoding is declared."""
    return response.coding == "auto" and "Content-Encoding" not in response.headers


def _with_coding(request: Request, response: Response, coding: str) -> Response:
    """Resolve *coding*, which the response asks for, and name it in Content-Encoding."""
    if coding != "auto":
        coding = ", ".join(content_codings.parse(coding))
    elif _is_negotiated(response) and body_size(response):
        coding = content_codings.choose(request.headers.get("Accept-Encoding"), content_codings.available()) or ""
    else:
        coding = ""
    if not coding or not has_content(response.status):
        return replace(response, coding=None)
    return replace(_with_header(response, "Content-Encoding", coding), coding=coding)


def _unauthorized(response: Response, challenge: str) -> Response:
    """Return a 401 (§15.5.2) with the challenges that the response declares, or with ours if it declares none."""
    declared = [field for field in response.headers.raw if field[0].lower() == b"www-authenticate"]
    explanation = "the request lacks the credentials that this resource asks for"
    refusal = replace(_refusal(response, 401, explanation, declared), faults=())
    return _with_header(refusal, "WWW-Authenticate", challenge)


def _not_modified(response: Response) -> Response:
    return response.changed(
        status=304,
        reason=reason_phrase(304),
        headers=response.headers.without(*_ABOUT_THE_BODY),
        body=b"",
        coding=None,
        omit=response.omit
        | {"content-type", "content-length"},  # Otherwise the server adds them, since none is declared.
    )


def _unsatisfiable(response: Response, total: int) -> Response:
    explanation = f"no range of the request lies within the {total} bytes of this resource"
    return _refusal(response, 416, explanation, [("Content-Range", f"bytes */{total}")])


def _refusal(response: Response, status: int, explanation: str, headers: HeaderInput = ()) -> Response:
    reason = reason_phrase(status)
    return response.changed(
        status=status,
        reason=reason,
        headers=Headers(headers).added("Content-Type", "text/plain; charset=utf-8"),
        body=f"{status} {reason}: {explanation}\n".encode(),
        coding=None,
    )


def _with_header(response: Response, name: str, value: str) -> Response:
    """Return *response* with a header, unless that is declared or to be omitted."""
    if name in response.headers or name.lower() in response.omit:
        return response
    return response.with_headers(response.headers.added(name, value))
