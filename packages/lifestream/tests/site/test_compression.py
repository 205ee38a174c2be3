"""What is compressed, and what isn't."""

from __future__ import annotations

import pytest
from django.http import HttpResponse
from django.test import RequestFactory

from lifestream.site.compression import TextGZipMiddleware


@pytest.mark.parametrize(
    ("kind", "compressed"),
    [("text/html; charset=utf-8", True), ("image/svg+xml", True), ("image/png", False), ("image/jpeg", False)],
)
def test_pictures_are_sent_as_they_are(kind: str, compressed: bool) -> None:
    request = RequestFactory(headers={"accept-encoding": "gzip"}).get("/")
    middleware = TextGZipMiddleware(lambda _: HttpResponse())
    answer = middleware.process_response(request, HttpResponse(b"a" * 1000, content_type=kind))
    assert answer.has_header("Content-Encoding") == compressed
