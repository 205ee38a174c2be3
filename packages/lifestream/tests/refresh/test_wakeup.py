"""The bell wakes all listeners of this process, as long as they listen."""

from __future__ import annotations

from lifestream.refresh import bell


def test_all_listeners_are_woken_until_they_stop() -> None:
    with bell.listening() as first:
        with bell.listening() as second:
            bell.ring()
            assert first.is_set() and second.is_set()
        first.clear()
        second.clear()
        bell.ring()
        assert first.is_set() and not second.is_set()
