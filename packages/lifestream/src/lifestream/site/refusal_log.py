"""A filter for the site's log: a request that Django refused is one line, without a traceback.

Such a request (a form that is too large or can't be read, a host that is not the site's) says nothing about the
code, and anybody can send many of them.
"""

from __future__ import annotations

import logging


class RefusalsInOneLine(logging.Filter):
    """Passes all records, those of refused requests without their tracebacks."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Remove the traceback of *record* if it is about a refused request. Returns True."""
        # Django logs each `SuspiciousOperation` under the name of its class, and any other request that it answers with
        # a status from 400 to 499 as a warning.
        is_refused = record.name == "django.request" and record.levelno < logging.ERROR
        if is_refused or record.name.startswith("django.security."):
            record.exc_info = None
        return True
