"""A filter for Django's log of requests: it drops the records of answers with 503.

Programs that request `/readyz` and `/metrics` every few seconds would otherwise fill the log. The modules that answer
with 503 log the reason themselves, an outage only once (see `storage.outages`). `refusal_pages` logs nothing: anybody
can cause its answers, and could fill the log with them. Neither does `static_files`, whose 503 asks to try again.
"""

from __future__ import annotations

import logging
from http import HTTPStatus


class WithoutUnavailable(logging.Filter):
    """Passes all records but those of answers with 503."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether *record* is to be logged: it is not about an answer with 503."""
        return getattr(record, "status_code", None) != HTTPStatus.SERVICE_UNAVAILABLE
