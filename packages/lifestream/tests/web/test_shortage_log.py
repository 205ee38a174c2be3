"""A shortage is logged once, with its remedy, and again after a minute without one."""

from __future__ import annotations

import logging

import pytest

from lifestream.fetcher.shortage import Shortage
from lifestream.web.shortage_log import ShortageLog


def test_a_shortage_is_logged_again_only_after_a_minute_without_any(caplog: pytest.LogCaptureFixture) -> None:
    now = 0.0
    told = ShortageLog(logging.getLogger("served"), "nothing works", lambda: now)
    for each in (Shortage.FILES, Shortage.MEMORY, Shortage.FILES):
        told.note(each)
        now += 59
    assert [each.getMessage() for each in caplog.records] == [f"nothing works: {Shortage.FILES.value}"]
    now += 1
    told.note(Shortage.MEMORY)
    assert [each.getMessage() for each in caplog.records][1:] == [f"nothing works: {Shortage.MEMORY.value}"]
