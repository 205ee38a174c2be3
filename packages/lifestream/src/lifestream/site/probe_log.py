"""A filter for Django's log of requests: an answer 503 is no line worth reading.

Whoever answers it has said why, once (see `storage.outages`). Programs that ask `/readyz` and `/metrics` each few
seconds would otherwise bury that.
"""

from __future__ import annotations

import logging
from http import HTTPStatus


class WorthALine(logging.Filter):
    """Passes all records but those of answers with 503."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether *record* tells more than that the site is not ready."""
        return getattr(record, "status_code", None) != HTTPStatus.SERVICE_UNAVAILABLE
