"""Answers that are smaller when they are compressed."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.middleware.gzip import GZipMiddleware


class TextGZipMiddleware(GZipMiddleware):
    """Compress what is no picture: pictures are compressed already, and may be large."""

    def process_response(self, request: HttpRequest, response: Any) -> Any:
        """Return *response*, compressed if the client accepts that."""
        if response.get("Content-Type", "").startswith("image/") and "svg" not in response["Content-Type"]:
            return response
        return super().process_response(request, response)
