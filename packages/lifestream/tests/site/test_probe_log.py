"""Answers of 503 leave no line in Django's log of requests: the module that answers has logged the reason."""

from __future__ import annotations

import logging

import pytest

from lifestream.site.probe_log import WithoutUnavailable


@pytest.mark.parametrize(("status", "passes"), [(503, False), (500, True), (404, True), (None, True)])
def test_only_503_is_left_out(status: int | None, passes: bool) -> None:
    record = logging.LogRecord("django.request", logging.ERROR, "", 0, "x", (), None)
    if status is not None:
        record.status_code = status
    assert WithoutUnavailable().filter(record) is passes
