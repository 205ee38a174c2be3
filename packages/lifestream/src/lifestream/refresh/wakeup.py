"""Wakes the updater of this process when a request has queued work, so that the work does not wait for the next round.

`awaited` gives an event that each `send` sets.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_WAITING: Final[set[threading.Event]] = set()


@contextmanager
def awaited() -> Iterator[threading.Event]:
    """Yield an event that each `send` sets while the block runs. Whoever waits for it clears it."""
    event = threading.Event()
    _WAITING.add(event)
    try:
        yield event
    finally:
        _WAITING.discard(event)


def send() -> None:
    """Wake all that wait in this process. If another process updates the feeds, its next round finds the work."""
    for event in tuple(_WAITING):
        event.set()
