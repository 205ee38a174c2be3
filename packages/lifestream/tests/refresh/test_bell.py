"""A bell wakes who listens in this process, and nobody else."""

from __future__ import annotations

from lifestream.refresh import bell


def test_all_who_listen_hear_it_until_they_stop() -> None:
    with bell.listening() as first:
        with bell.listening() as second:
            bell.ring()
            assert first.is_set() and second.is_set()
        first.clear()
        second.clear()
        bell.ring()
        assert first.is_set() and not second.is_set()
