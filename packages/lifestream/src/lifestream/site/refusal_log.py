"""A filter for the site's log: a request that Django refused as suspicious is one line, without a traceback.

Such a request (a form that is too large or has too many fields, a host that is not the site's) says nothing about the
code, and anybody can send many of them.
"""

from __future__ import annotations

import logging


class RefusalsInOneLine(logging.Filter):
    """Passes all records, those of refused requests without their tracebacks."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Remove the traceback of *record* if it is about a refused request. Returns True."""
        # Django logs each `SuspiciousOperation` under the name of its class.
        if record.name.startswith("django.security."):
            record.exc_info = None
        return True
