"""Wakes the updater of this process when a request has queued something, so that nobody waits for its next look."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_LISTENING: Final[set[threading.Event]] = set()


@contextmanager
def listening() -> Iterator[threading.Event]:
    """Yield an event that each `ring` sets while the block runs. Who listens clears it."""
    event = threading.Event()
    _LISTENING.add(event)
    try:
        yield event
    finally:
        _LISTENING.discard(event)


def ring() -> None:
    """Wake whoever listens in this process. Where another process updates the feeds, its next look finds the work."""
    for event in tuple(_LISTENING):
        event.set()
