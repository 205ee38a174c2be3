"""What a bare socket receives of an answer that a fault broke, and the problems that the server reports."""

from __future__ import annotations

import pytest

from feedserver import FeedServer, VerificationError
from rawclient import RawClient

BODY = bytes(range(256)) * 8


def raw_answer(server: FeedServer, path: str = "/f", *headers: str, method: str = "GET", version: str = "1.1") -> bytes:
    """Return all that is received for one request until the connection ends, with `<RST>` added for a reset."""
    received = b""
    with RawClient(server) as client:
        client.ask(path, *headers, "Connection: close", method=method, version=version)
        try:
            while data := client.socket.recv(65_536):
                received += data
        except ConnectionResetError:
            received += b"<RST>"
    return received


def problems(server: FeedServer) -> str:
    with pytest.raises(VerificationError) as caught:
        server.verify()
    return str(caught.value)
