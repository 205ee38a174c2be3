"""Log lines as JSON: one object per line, whatever a message contains."""

from __future__ import annotations

import json
import logging
import sys
from datetime import datetime

from lifestream.site.json_log import JsonFormatter


def line_of(message: str, *values: object, error: bool = False) -> str:
    record = logging.LogRecord(
        "lifestream.x", logging.WARNING, __file__, 1, message, values, sys.exc_info() if error else None
    )
    return JsonFormatter().format(record)


def test_a_record_is_one_json_object_with_its_time() -> None:
    line = json.loads(line_of("%s failed: %s", "http://a.example/", "404"))
    assert datetime.fromisoformat(line.pop("time")).utcoffset() is not None
    assert line == {"level": "WARNING", "logger": "lifestream.x", "message": "http://a.example/ failed: 404"}


def test_nothing_in_a_message_begins_another_line_or_reaches_the_terminal() -> None:
    hostile = '\n{"level": "ERROR"}\r\x1b[2J\x7f\x9b\u2028\u202e"\ud800'
    line = line_of("%s", hostile)
    assert line.isascii()
    assert line.isprintable()
    assert json.loads(line)["message"] == hostile


def test_an_exception_has_its_traceback() -> None:
    line = {}
    try:
        int("no")
    except ValueError:
        line = json.loads(line_of("x", error=True))
    assert "ValueError: " in line["traceback"]
