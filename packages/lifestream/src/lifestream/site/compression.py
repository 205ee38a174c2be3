"""Compressed answers: Brotli for what everybody may read, if the package `brotli` is installed, otherwise gzip.

Django compresses a page that belongs to one visitor with gzip, and adds a random number of bytes, so that the size of
an answer does not tell what is in it (BREACH, breachattack.com). The format of Brotli has no place for such bytes.
"""

from __future__ import annotations

import re
from functools import lru_cache
from http import HTTPStatus
from typing import Any, Final

from django.http import HttpRequest, HttpResponseBase
from django.http.response import HttpResponse
from django.middleware.gzip import GZipMiddleware
from django.utils.cache import patch_vary_headers

try:
    import brotli
except ModuleNotFoundError:  # an optional dependency
    brotli = None

LEAST: Final = 200
"""Answers of fewer bytes are not compressed, if their length is known before they are sent."""
_QUALITY: Final = 5  # as fast as gzip, and smaller
_FILE_QUALITY: Final = 10  # for files that never change
_TEXT = re.compile(r"text/|application/(?:.*\+)?(?:json|xml|javascript)|image/svg")
_REFUSES_GZIP = re.compile(r"(?:^|,)\s*gzip\s*;\s*q\s*=\s*0(?:\.0*)?\s*(?=,|$)", re.IGNORECASE)
_ACCEPTED = re.compile(r"(?:^|,)\s*br\s*(?:;\s*q\s*=\s*([0-9.]+)\s*)?(?=,|$)")


class CompressionMiddleware(GZipMiddleware):
    """Compress answers with Brotli or gzip, whichever the visitor's browser accepts (RFC 9110 §12.5.3)."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """Return *response*, compressed if that makes it smaller; if its length is not known, it is compressed. A part
        of a file is never compressed: its Content-Range counts bytes of the file as it is (RFC 9110 §14.4).
        """
        if response.status_code == HTTPStatus.PARTIAL_CONTENT:
            return response
        length = response.get("Content-Length") or ""
        if length.isdecimal() and int(length) < LEAST:
            return response
        kind = response.get("Content-Type", "")
        if kind.startswith("image/") and "svg" not in kind:
            return response  # it is compressed already, and may be large
        body = _body_of(response) if brotli and _may_have_brotli(request, response) else None
        if body is None or len(body) < LEAST:
            # Django only looks for the word "gzip", so it would compress also if the visitor's browser refuses gzip.
            if _REFUSES_GZIP.search(request.META.get("HTTP_ACCEPT_ENCODING", "")):
                patch_vary_headers(response, ("Accept-Encoding",))
                return response
            return super().process_response(request, response)
        lasting = "immutable" in response.get("Cache-Control", "")
        compressed = _compressed_once(body) if lasting else brotli.compress(body, quality=_QUALITY)
        patch_vary_headers(response, ("Accept-Encoding",))
        if len(compressed) >= len(body):
            return response
        if isinstance(response, HttpResponse):
            response.content = compressed
        else:
            response.streaming_content = [compressed]  # type: ignore[attr-defined]
        response.headers["Content-Length"] = str(len(compressed))
        response.headers["Content-Encoding"] = "br"
        etag = response.headers.get("ETag", "")
        if etag.startswith('"'):
            response.headers["ETag"] = f"W/{etag}"  # the ETag identifies the body before compression
        return response


def _may_have_brotli(request: HttpRequest, response: HttpResponseBase) -> bool:
    accepted = _ACCEPTED.search(request.META.get("HTTP_ACCEPT_ENCODING", ""))
    return (
        accepted is not None
        and (accepted[1] is None or accepted[1].strip("0.") != "")
        and response.status_code == 200
        and not response.has_header("Content-Encoding")
        and "public" in response.get("Cache-Control", "")
        and _TEXT.match(response.get("Content-Type", "")) is not None
    )


def _body_of(response: HttpResponseBase) -> bytes | None:
    """Return the body of a page, or of a static file that never changes; None for any other answer that is a
    stream.
    """
    if isinstance(response, HttpResponse):
        return response.content
    if "immutable" not in response.get("Cache-Control", ""):
        return None
    content: Any = response
    body = b"".join(content.streaming_content)
    content.streaming_content = [body]
    return body


@lru_cache(maxsize=32)
def _compressed_once(body: bytes) -> bytes:
    return bytes(brotli.compress(body, quality=_FILE_QUALITY))
