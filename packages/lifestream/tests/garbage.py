"""What reading a document leaves for the garbage collector, which a parser's process turns off while it reads."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from contextlib import suppress

from lifestream.parser import NotAFeed


def left_behind(read: Callable[[], object]) -> int:
    """Return the bytes that only a garbage collection frees after *read* was called."""
    gc.collect()
    # Older objects are not searched. They stay frozen: gc.unfreeze() would unfreeze those of conftest.py, too.
    gc.freeze()
    gc.disable()
    before = gc.get_debug()
    try:
        with suppress(NotAFeed):
            read()
        gc.set_debug(gc.DEBUG_SAVEALL)
        gc.collect()
        return sum(map(sys.getsizeof, gc.garbage))
    finally:
        gc.set_debug(before)
        gc.garbage.clear()
        gc.enable()
