"""The peak of used memory since the last reset."""

from __future__ import annotations

import pytest

from feedserver.check import peak_memory

SIZE = 64 << 20


def test_the_peak_includes_freed_memory_until_it_is_reset() -> None:
    if not peak_memory.reset():
        pytest.skip("this system does not report the peak")
    before = peak_memory.read()
    taken = bytearray(SIZE)
    taken[:: 1 << 12] = b"x" * len(taken[:: 1 << 12])
    del taken
    during = peak_memory.read()
    peak_memory.reset()

    assert during - before > SIZE * 0.9
    assert peak_memory.read() < during
