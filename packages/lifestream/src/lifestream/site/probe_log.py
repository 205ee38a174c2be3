"""A filter for Django's log of requests: it drops the records of answers with 503.

The module that answers so has logged the reason once (see `storage.outages`). Programs that ask `/readyz` and
`/metrics` every few seconds would otherwise fill the log.
"""

from __future__ import annotations

import logging
from http import HTTPStatus


class WithoutUnavailable(logging.Filter):
    """Passes all records but those of answers with 503."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether *record* says more than that the site is not ready."""
        return getattr(record, "status_code", None) != HTTPStatus.SERVICE_UNAVAILABLE
