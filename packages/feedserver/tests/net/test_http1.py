"""HTTP/1 on a connection: pipelined requests, and the ways in which answers end."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Iterator

import pytest

from feedserver import Ended, FeedServer, Gate, Response, VerificationError
from feedserver.faults import parse
from feedserver.handler.handler import Site
from feedserver.messages.made_body import PartSource
from feedserver.net.listener import Listening
from problem_finding import NO_LINGER, problems_of, reset
from rawclient import RawClient

PIPELINED = 3_000
"""More requests than Python's limit of nested calls."""


@pytest.mark.slow
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


@pytest.mark.slow
def test_an_exchange_has_its_end_and_the_error_separately(server: FeedServer) -> None:
    server.add("/big", Response(b"x" * 50_000_000))
    with RawClient(server) as client:
        client.ask("/big")
        [exchange] = server.wait_for("/big")
        reset(client)
    assert exchange.ended is Ended.CLIENT_LEFT
    assert exchange.error.startswith(("[Errno ", "[WinError "))
    assert exchange.describe().endswith(f", client left ({exchange.error})")


@pytest.mark.parametrize(
    ("first", "ended"),
    [("endless body", "server stopped"), ("stall after 5", "server stopped"), ("reset after 5", "client left")],
)
def test_a_request_behind_an_answer_that_ends_its_connection_is_in_the_journal(first: str, ended: str) -> None:
    # Else `assert_not_requested` would pass although the client has asked.
    with FeedServer() as server:
        server.add("/first", Response("0123456789", faults=[parse(first)]))
        with socket.create_connection((server.host, server.port), timeout=10) as client:
            heads = b"".join(b"GET /%s HTTP/1.1\r\nHost: a\r\n\r\n" % path for path in (b"first", b"second", b"third"))
            client.sendall(heads)
            assert server.wait_for("/first")[0].faults
            if first.startswith("reset"):
                server.wait_for("/third")
            server.stop()
        assert [exchange.path for exchange in server.journal.exchanges] == ["/first", "/second", "/third"]
        assert [request.connection.number for request in server.requests] == [1, 2, 3]
        for behind in server.journal.exchanges[1:]:
            assert (behind.ended, behind.bytes_sent) == (ended, 0)
            assert "it came behind an answer with which the connection ended" in behind.describe()
        server.verify()


def test_a_malformed_request_behind_an_answer_that_does_not_end_is_a_problem() -> None:
    with FeedServer() as server:
        server.add("/first", Response("x", faults=[parse("endless body")]))
        with socket.create_connection((server.host, server.port), timeout=10) as client:
            client.sendall(b"GET /first HTTP/1.1\r\nHost: a\r\n\r\nnonsense\r\n\r\n")
            assert server.wait_for("/first")[0].faults
        server.stop()
        with pytest.raises(
            VerificationError, match="'nonsense' is not 'METHOD target HTTP/version'; it came behind an"
        ):
            server.verify()


POST = b"POST /second HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n"


@pytest.mark.parametrize("ends_by", ["client", "break", "server"])
@pytest.mark.parametrize(
    ("partial", "part"),
    [
        (b"GET /second HTT", "head"),
        (POST + b"\r\nab", "body"),
        (POST + b"Connection: close\r\n\r\nab", "body"),
        (POST + b"Expect: 100-continue\r\n\r\n", "body"),
    ],
    ids=["head", "body", "body of the last request", "body that waits for 100"],
)
def test_a_partial_request_behind_an_answer_that_does_not_end_is_a_problem(
    partial: bytes, part: str, ends_by: str
) -> None:
    happened = {"client": "the client left", "break": "the connection broke: ", "server": "the server stopped"}[ends_by]
    with FeedServer() as server:
        server.add("/first", Response("x", faults=[parse("endless body")]))
        with RawClient(server) as client:
            client.send(b"GET /first HTTP/1.1\r\nHost: a\r\n\r\n" + partial)
            assert server.wait_for("/first")[0].faults
            if ends_by == "break":
                client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
            if ends_by != "server":
                client.socket.close()
                assert server.journal.exchanges[0].ended is Ended.CLIENT_LEFT
            server.stop()
        with pytest.raises(VerificationError) as caught:
            server.verify()
    said = re.escape(f"the client stopped in the middle of the request's {part}; ")
    if ends_by == "client":  # a close in the middle of an answer may reset the connection
        happened = f"({happened}|the connection broke: )"
    assert re.match(said + happened, str(caught.value))


@pytest.mark.parametrize("ends_by", ["client", "stop", "close_client_connections"])
def test_requests_behind_an_answer_whose_connection_is_lost_are_recorded_before_its_end_is_told(ends_by: str) -> None:
    recorded: dict[str, int] = {}
    with FeedServer() as server:
        server.journal.listener = lambda exchange: recorded.update({exchange.path: server.journal.recorded})
        server.add("/first", Response("x", delay=3600))
        with RawClient(server) as client:
            client.send(b"GET /first HTTP/1.1\r\nHost: a\r\n\r\nGET /second HTTP/1.1\r\nHost: a\r\n\r\n")
            (first,) = server.wait_for("/first")
            if ends_by == "client":
                reset(client)
            else:
                getattr(server, ends_by)()
            assert first.ended is not Ended.COMPLETE
        assert recorded["/first"] == 2
        server.verify()


@pytest.mark.parametrize("fault", ["reset after 5", "close after 5"])
def test_a_partial_request_behind_an_answer_that_ends_its_connection_is_no_problem(fault: str) -> None:
    """The client cannot finish the request any more."""
    with FeedServer() as server:
        server.add("/first", Response("0123456789", faults=[parse(fault)]))
        with RawClient(server) as client:
            client.send(b"GET /first HTTP/1.1\r\nHost: a\r\n\r\nGET /second HTT")
            assert server.wait_for("/first")[0].faults
        server.stop()
        server.verify()


def test_a_request_with_a_body_behind_an_answer_that_does_not_end_is_in_the_journal() -> None:
    with FeedServer() as server:
        server.add("/first", Response("x", faults=[parse("endless body")]))
        with RawClient(server) as client:
            heads = (POST, POST + b"Expect: 100-continue\r\n", POST + b"Connection: close\r\n")
            posts = b"".join(head + b"\r\nabc" for head in heads)
            client.send(b"GET /first HTTP/1.1\r\nHost: a\r\n\r\n" + posts)
            assert server.wait_for("/first")[0].faults
            server.stop()
        assert [exchange.body for exchange in server.journal.exchanges] == [b"", b"abc", b"abc", b"abc"]
        server.verify()


@pytest.mark.parametrize("headers", [{"Connection": "close"}, {"connection": "close, x"}])
def test_what_comes_behind_the_last_answer_of_a_connection_is_no_request(headers: dict[str, str]) -> None:
    with FeedServer() as server:
        server.add("/first", Response("x", headers=headers), lambda _: Response("x", headers=headers))
        for _ in range(2):
            with socket.create_connection((server.host, server.port), timeout=10) as client:
                client.sendall(b"GET /first HTTP/1.1\r\nHost: a\r\n\r\nGET /second HTTP/1.1\r\nHost: a\r\n\r\n")
                while client.recv(1000):
                    pass
        server.stop()
        assert [exchange.path for exchange in server.journal.exchanges] == ["/first", "/first"]
        server.verify()


class Oops(Exception):
    """An error as if of the server's own code, not of a callable or a fault that a test has added."""


def fails(*_given: object) -> None:
    raise Oops


@pytest.mark.parametrize(
    ("where", "name"),
    [(Site, "_call"), (Site, "_mistake"), (PartSource, "run"), (Listening, "next_id")],
    ids=["while a thread makes the answer", "at a time limit", "while a body is made", "when a client connects"],
)
def test_an_error_of_the_server_itself_is_a_problem_at_once_and_ends_the_connection(
    monkeypatch: pytest.MonkeyPatch, where: type, name: str
) -> None:
    limit = 0.1 if name == "_mistake" else 3600
    gate = Gate()

    def waits() -> Response:
        gate.wait()
        return Response()

    def body() -> Iterator[str]:
        yield "x"

    with FeedServer(callable_timeout=limit) as server:
        server.add("/called", lambda _: waits() if name == "_mistake" else Response())
        server.add("/made", Response(body))
        monkeypatch.setattr(where, name, fails)
        with RawClient(server) as client:
            client.ask("/made" if where is PartSource else "/called")
            try:
                client.read_to_end()
            except ConnectionResetError:
                assert where is Listening  # what the client has sent was not read
        assert "Oops()" in problems_of(server)
        assert [exchange.ended for exchange in server.journal.exchanges] == (
            [] if where is Listening else [Ended.BROKEN_OFF]
        )
