"""HTTP/1 on a connection: pipelined requests, and the ways in which answers end."""

from __future__ import annotations

import socket
import struct
import threading

import pytest

from feedserver import Ended, FeedServer, Response
from feedserver.faults import parse
from rawclient import RawClient

NO_LINGER = struct.pack("hh" if hasattr(socket, "SO_EXCLUSIVEADDRUSE") else "ii", 1, 0)

PIPELINED = 3_000
"""More requests than Python's limit of nested calls."""


@pytest.mark.parametrize(
    "response",
    [Response("x"), Response("x", faults=[parse("nothing")]), Response("x", omit=["Content-Length"], faults=[])],
    ids=["whole", "plan", "chunks"],
)
def test_any_number_of_pipelined_requests_is_answered(server: FeedServer, response: Response) -> None:
    server.add("/p", response)
    with RawClient(server) as client:
        sending = threading.Thread(target=client.send, args=[b"GET /p HTTP/1.1\r\nHost: a\r\n\r\n" * PIPELINED])
        sending.start()
        for _ in range(PIPELINED):
            assert client.read().status == 200
        sending.join()
    server.verify()


def test_a_request_behind_a_delayed_answer_is_answered_though_the_client_has_ended(server: FeedServer) -> None:
    server.add("/late", Response("late", delay=0.05))
    server.add("/next", Response("next"))
    with RawClient(server) as client:
        client.send(b"GET /late HTTP/1.1\r\nHost: a\r\n\r\nGET /next HTTP/1.1\r\nHost: a\r\n\r\n")
        client.socket.shutdown(socket.SHUT_WR)
        assert client.read_to_end().endswith(b"next")
    assert [exchange.ended for exchange in server.journal.exchanges] == ["complete", "complete"]


def test_an_exchange_has_its_end_and_the_error_separately(server: FeedServer) -> None:
    server.add("/big", Response(b"x" * 50_000_000))
    with RawClient(server) as client:
        client.ask("/big")
        [exchange] = server.wait_for("/big")
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
        client.socket.close()
    assert exchange.ended is Ended.CLIENT_LEFT
    assert exchange.error.startswith(("[Errno ", "[WinError "))
    assert exchange.describe().endswith(f", client left ({exchange.error})")
