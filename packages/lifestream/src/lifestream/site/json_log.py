"""Log lines as JSON, for whatever collects the logs of many machines (LIFESTREAM_LOG_FORMAT = "json").

Each line is an object with `time` (ISO 8601, UTC), `level`, `logger`, `message` and, for an exception, `traceback`. It
is in ASCII, so characters that could move or reverse other text on a terminal are escaped (RFC 8259 §7).
"""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime

from lifestream.terminal import shortened, visible_json


class JsonFormatter(logging.Formatter):
    """A formatter that writes each record as a JSON object on a line of its own."""

    def format(self, record: logging.LogRecord) -> str:
        """Return *record* as JSON in ASCII."""
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["traceback"] = shortened(self.formatException(record.exc_info))
        return visible_json(json.dumps(line))
