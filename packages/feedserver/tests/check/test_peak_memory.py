"""The peak of used memory since the last reset."""

from __future__ import annotations

import mmap

import pytest

from feedserver.check import peak_memory

SIZE = 64 << 20


def test_the_peak_includes_freed_memory_until_it_is_reset() -> None:
    if not peak_memory.reset():
        pytest.skip("this system does not report the peak")
    before = peak_memory.read()
    # Memory of the system: `bytearray` may get memory that other tests have freed, but that is still resident.
    with mmap.mmap(-1, SIZE) as taken:
        for page in range(0, SIZE, mmap.PAGESIZE):
            taken[page] = 1
    during = peak_memory.read()
    peak_memory.reset()

    assert during - before > SIZE * 0.9
    assert peak_memory.read() < during
