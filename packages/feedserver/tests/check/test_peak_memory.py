"""The peak of used memory since the last reset."""

from __future__ import annotations

import mmap
import os

import pytest

from feedserver.check import peak_memory

pytestmark = pytest.mark.skipif(
    not os.access("/proc/self/clear_refs", os.W_OK), reason="this system does not report the peak"
)

SIZE = 64 << 20


def test_the_peak_includes_freed_memory_until_it_is_reset() -> None:
    assert peak_memory.reset()
    before = peak_memory.read()
    # Memory of the system: `bytearray` may get memory that other tests have freed, but that is still resident.
    with mmap.mmap(-1, SIZE) as taken:
        for page in range(0, SIZE, mmap.PAGESIZE):
            taken[page] = 1
    during = peak_memory.read()
    peak_memory.reset()

    assert during - before > SIZE * 0.9
    assert peak_memory.read() < during


BLOCK = 100 << 10
"""Small enough that the C library takes a block from its heap; for each larger one, it would ask the system."""


def test_memory_that_was_freed_before_counts_when_it_is_used_again() -> None:
    assert peak_memory.reset()
    blocks = [bytearray(BLOCK) for _ in range(SIZE // BLOCK)]
    last = bytearray(BLOCK)
    del blocks  # The heap ends with the last block, which is in use: the C library keeps what is before it.

    peak_memory.reset()
    before = peak_memory.read()
    blocks = [bytearray(BLOCK) for _ in range(SIZE // BLOCK)]

    assert peak_memory.read() - before > SIZE * 0.9
    assert len(blocks) * len(last) > SIZE * 0.9  # and so both are in use until here
