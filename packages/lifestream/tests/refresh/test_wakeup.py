"""A wake-up reaches all threads of this process that wait for one."""

from __future__ import annotations

from lifestream.refresh import wakeup


def test_all_who_wait_are_woken_and_nobody_who_has_left() -> None:
    with wakeup.awaited() as first:
        with wakeup.awaited() as second:
            wakeup.send()
            assert first.is_set() and second.is_set()
        first.clear()
        second.clear()
        wakeup.send()
        assert first.is_set() and not second.is_set()
