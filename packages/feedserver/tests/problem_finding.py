"""Helpers that provoke problems of a server, and return what `verify` raises."""

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
"""Time limits of a server, in seconds, to try in turn: on a busy machine, the first may pass too early."""


NO_LINGER = struct.pack("hh" if hasattr(socket, "SO_EXCLUSIVEADDRUSE") else "ii", 1, 0)
"""The value of SO_LINGER with which a close resets the connection. On Windows, which alone has SO_EXCLUSIVEADDRUSE, its
two fields are short.
"""


HINT = "\nIf the test intends this, call server.allow('…') or FeedServer(…, strict=False)."


def problems_of(server: FeedServer) -> str:
    """Return what `verify` raises; it must raise at the first call, and not at the second."""
    with pytest.raises(VerificationError) as caught:
        server.verify()
    server.verify()
    return str(caught.value)


def reset(client: RawClient) -> None:
    """Reset the connection, which the server notices at once: after a mere FIN, the client might still be reading."""
    client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
    client.socket.close()


def until(happened: Callable[[], bool], patience: float = PATIENCE) -> None:
    """Let the event loop turn until *happened* returns true, for events that the journal does not record."""
    thread = shared_loop._current
    assert thread is not None
    deadline = time.monotonic() + patience
    while not happened():
        assert time.monotonic() < deadline
        turned = threading.Event()
        thread.call(turned.set)
        assert turned.wait(PATIENCE)


class Oops(Exception):
    """The error that hooks and callables of tests raise on purpose."""
