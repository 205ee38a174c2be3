"""The most memory that was used since a moment."""

from __future__ import annotations

import pytest

from feedserver.check import peak_memory

SIZE = 64 << 20


def test_what_was_used_for_a_while_is_seen_until_it_is_forgotten() -> None:
    if not peak_memory.reset():
        pytest.skip("this system does not tell the peak")
    before = peak_memory.read()
    taken = bytearray(SIZE)
    taken[:: 1 << 12] = b"x" * len(taken[:: 1 << 12])
    del taken
    during = peak_memory.read()
    peak_memory.reset()

    assert during - before > SIZE * 0.9
    assert peak_memory.read() < during
