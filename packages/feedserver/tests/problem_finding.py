"""What goes wrong at a server, as `verify` raises it, and how tests bring it about."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Callable

import pytest

from feedserver import FeedServer, VerificationError
from feedserver.net import shared_loop
from rawclient import RawClient

PATIENCE = 10.0
LIMITS = (0.05, 1.0, 5.0)
"""Limits of a server, in seconds, to try in turn: where the machine is busy, the first may be over before its time."""


NO_LINGER = struct.pack("hh" if hasattr(socket, "SO_EXCLUSIVEADDRUSE") else "ii", 1, 0)


HINT = "\nIf the test intends this, call server.allow('…') or FeedServer(…, strict=False)."


def problems_of(server: FeedServer) -> str:
    """Return what `verify` raises; it must raise something, and once."""
    with pytest.raises(VerificationError) as caught:
        server.verify()
    server.verify()
    return str(caught.value)


def reset(client: RawClient) -> None:
    """Leave so that the server notices at once: a mere end of what the client sends may be no end of its listening."""
    client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
    client.socket.close()


def until(holds: Callable[[], bool], patience: float = PATIENCE) -> None:
    """Let the event loop turn until what the journal does not record has happened."""
    thread = shared_loop._current
    assert thread is not None
    deadline = time.monotonic() + patience
    while not holds():
        assert time.monotonic() < deadline
        turned = threading.Event()
        thread.call(turned.set)
        assert turned.wait(PATIENCE)


class Oops(Exception):
    """What the hooks below raise."""
