"""Wakes the updater of this process when a request has queued work, so that the work does not wait for the next round.

`listening` waits for the bell, `ring` rings it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_LISTENING: Final[set[threading.Event]] = set()


@contextmanager
def listening() -> Iterator[threading.Event]:
    """Yield an event that each `ring` sets while the block runs. The listener clears it."""
    event = threading.Event()
    _LISTENING.add(event)
    try:
        yield event
    finally:
        _LISTENING.discard(event)


def ring() -> None:
    """Wake all listeners in this process. If another process updates the feeds, its next round finds the work."""
    for event in tuple(_LISTENING):
        event.set()
