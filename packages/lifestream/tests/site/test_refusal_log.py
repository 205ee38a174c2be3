"""A request that was refused is one line of the log: anybody can send many of them."""

from __future__ import annotations

import io
import logging
import sys

import pytest

from lifestream.site.refusal_log import RefusalsInOneLine


@pytest.mark.parametrize(
    ("logger", "level", "has_traceback"),
    [
        ("django.security.RequestDataTooBig", logging.ERROR, False),
        ("django.request", logging.WARNING, False),  # a form that can't be read: status 400
        ("django.request", logging.ERROR, True),
        ("lifestream.refresh", logging.WARNING, True),
    ],
)
def test_only_refused_requests_have_no_traceback(logger: str, level: int, has_traceback: bool) -> None:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.addFilter(RefusalsInOneLine())
    try:
        int("no number")
    except ValueError:
        handler.handle(logging.LogRecord(logger, level, "", 0, "Refused.", (), sys.exc_info()))
    lines = stream.getvalue().splitlines()
    assert lines[0] == "Refused."
    assert (len(lines) > 1) is has_traceback
