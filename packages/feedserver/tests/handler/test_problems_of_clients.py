"""What clients do wrong is a problem if the server is strict: `verify` raises it."""

from __future__ import annotations

import re
import socket
import ssl
import threading
from contextlib import suppress
from typing import Final, Self

import pytest

from feedserver import FeedServer, Request, Response
from feedserver.net.connection_state import State
from feedserver.net.tls import TlsFault
from problem_finding import HINT, LIMITS, NO_LINGER, PATIENCE, problems_of, reset, until
from rawclient import RawClient

REFUSED = [
    (b"nonsense\r\n\r\n", 400, "the request line b'nonsense' is not 'METHOD target HTTP/version'"),
    (b"GET / HTTP/1.1\r\n\r\n", 400, "a request in HTTP/1.1 has exactly one Host header (RFC 9112 §3.2)"),
    (b"GET / HTTP/3.0\r\n\r\n", 505, "HTTP/3.0 is not spoken here; HTTP/1.1 and 1.0 are"),
    (b"GET / HTTP/1.1\nHost: a\n\n", 400, "a line of the request's head ends in a bare LF, not in CR LF"),
    (b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 70_000, 431, "the request's head is longer than 65,536 bytes"),
    (b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999\r\n\r\n", 413, "is over the limit of"),
    (b"CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n", 501, "CONNECT is not supported"),
    (b"GET / HTTP/1.1\r\nHost: a\r\nExpect: tea\r\n\r\n", 417, "Expect: b'tea' is not known"),
]


@pytest.mark.parametrize(("sent", "status", "words"), REFUSED, ids=[str(sent[:30]) for sent, _, _ in REFUSED])
def test_a_refused_request_is_a_problem_unless_the_test_allows_it(sent: bytes, status: int, words: str) -> None:
    with FeedServer() as server:
        with RawClient(server) as client:
            client.send(sent)
            assert client.read().status == status
        problem = problems_of(server)
        assert words in problem
        assert problem.endswith(f"; it was answered with {status}. It began {sent[:60]!r}.{HINT}")

    with FeedServer(strict=False) as server, RawClient(server) as client:
        client.send(sent)
        assert client.read().status == status
        server.verify()

    with FeedServer() as server, RawClient(server) as client:
        server.allow("no such words", re.escape(words))
        client.send(sent)
        assert client.read().status == status
        server.verify()


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        (b"GET /x HTTP/1.1\r\nHo", "the client stopped in the middle of the request's head"),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc", "in the middle of the request's body"),
        (
            b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nab",
            "in the middle of the request's body",
        ),
    ],
)
def test_a_request_that_its_client_cuts_is_a_problem(sent: bytes, words: str) -> None:
    with FeedServer() as server, RawClient(server) as client:
        client.send(sent)
        client.socket.shutdown(socket.SHUT_WR)
        assert client.read().status == 400
        assert f"{words}; it was answered with 400." in problems_of(server)


def test_a_request_that_breaks_off_with_its_connection_is_a_problem_too() -> None:
    with FeedServer() as server:
        client = RawClient(server)
        client.send(b"GET /x HTTP/1.1\r\nHost: a\r\n")
        until(lambda: any(each.is_mid_request for each in server.listening.connections.copy()))
        reset(client)
        server.journal.wait_until(lambda: bool(server.journal.exchanges), PATIENCE)
        exchange = server.journal.exchanges[0]
        assert exchange.ended == "client left"
        assert exchange.error.startswith("[")
        assert exchange.raw == b"GET /x HTTP/1.1\r\nHost: a\r\n"
        assert "the client stopped in the middle of the request's head; the connection broke: " in problems_of(server)


def what_follows(sent: bytes, limit: float, *, tls: bool = False) -> tuple[FeedServer, bytes]:
    """Return a server with an idle timeout of *limit*, and its answer to a client that sends *sent* and then nothing.

    The answer is empty if the client was too slow to send *sent* in time.
    """
    with FeedServer(idle_timeout=limit, tls=tls) as server, RawClient(server) as client, suppress(ConnectionError):
        client.send(sent)
        return server, client.read_to_end()
    return server, b""


def test_half_a_request_that_waits_too_long_is_a_problem() -> None:
    tried = (what_follows(b"GET /x", limit) for limit in LIMITS)
    server, answer = next(each for each in tried if each[1])
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert "and then nothing for too long; it was answered with 408. It began b'GET /x'." in problems_of(server)


@pytest.mark.parametrize(
    ("sent", "part"),
    [
        (b"GET /x", "head"),
        (b"GET /x HTTP/1.1\r\nHost: a\r\n", "head"),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc", "body"),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", "body"),
    ],
)
def test_half_a_request_is_a_problem_when_the_server_stops(sent: bytes, part: str) -> None:
    server = FeedServer().start()
    with RawClient(server) as client:
        client.send(sent)
        until(lambda: any(each.is_mid_request for each in server.listening.connections.copy()))
        server.stop()
    assert server.journal.exchanges[0].ended == "server stopped"
    assert f"the client stopped in the middle of the request's {part}; the server stopped." in problems_of(server)


def test_a_connection_that_is_kept_when_the_server_stops_is_no_problem() -> None:
    server = FeedServer().start()
    server.add("/feed", Response("<rss/>"))
    with RawClient(server) as client:
        client.get("/feed")
        server.stop()
    server.verify()


HALF_A_HANDSHAKE = b"\x16\x03\x01\x02\x00"


def test_half_a_handshake_that_waits_too_long_is_a_problem() -> None:
    tried = (what_follows(HALF_A_HANDSHAKE, limit, tls=True) for limit in LIMITS)
    server, answer = next(each for each in tried if each[0].site.problems._kept)
    assert answer == b""
    assert problems_of(server).startswith("the client sent nothing for too long in the middle of the TLS handshake.")


def test_half_a_handshake_that_waits_until_the_server_stops_is_a_problem() -> None:
    server = FeedServer(tls=True, idle_timeout=3600).start()
    with RawClient(server) as client:
        client.send(HALF_A_HANDSHAKE)
        until(lambda: any(each._tls for each in server.listening.connections.copy()))
        server.stop()
        assert client.read_to_end() == b""
    assert problems_of(server).startswith("the server stopped in the middle of the TLS handshake.")


def tls_client(server: FeedServer, *, checks: bool = True) -> tuple[ssl.SSLSocket, socket.socket]:
    """Return a client that speaks TLS, and the same connection without it."""
    plain = socket.create_connection((server.host, server.port), timeout=PATIENCE)
    wire = plain.dup()
    wire.settimeout(PATIENCE)
    context = server.client_context()
    if not checks:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context.wrap_socket(plain, server_hostname="localhost"), wire


@pytest.mark.parametrize("is_answered", [False, True])
@pytest.mark.parametrize("tls", [True, "expired", "wrong host", "no close_notify"])
def test_a_client_that_breaks_tls_is_a_problem_and_its_answer_ends(tls: bool | TlsFault, is_answered: bool) -> None:
    """A fault of a certificate is over when a handshake succeeds: what breaks later is not broken on purpose."""
    with FeedServer(tls=tls) as server:
        server.add("/feed", Response("<rss/>" * 100, delay=0.05))
        client, wire = tls_client(server, checks=tls is True)
        with client, wire:
            if is_answered:
                client.sendall(b"GET /feed HTTP/1.1\r\nHost: a\r\n\r\n")
                server.wait_for("/feed")
            wire.sendall(BROKEN_RECORD)
            while wire.recv(1000):
                pass
        if is_answered:
            assert server.journal.exchanges[0].ended.startswith("client left")
        assert problems_of(server).startswith("TLS failed: ")


BROKEN_RECORD = b"\x17\x03\x03\x00\x20" + b"z" * 32
"""A record of application data in TLS 1.3 that no key decrypts."""


class WireClient:
    """A client with TLS that decides which bytes go over the wire, and when."""

    def __init__(self, server: FeedServer) -> None:
        self._received, self._to_send = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = server.client_context().wrap_bio(self._received, self._to_send, server_hostname="localhost")
        # The server ends an idle connection after up to 1.5 times its limit: on a busy machine, that can take PATIENCE.
        patience = PATIENCE + 1.5 * LIMITS[-1]
        self.wire = socket.create_connection((server.host, server.port), timeout=patience)
        while True:
            try:
                self.tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                self.wire.sendall(self._to_send.read())
                if not (received := self.wire.recv(65_536)):
                    raise ConnectionError("the server has left") from None
                self._received.write(received)
        self.last_of_handshake = self._to_send.read()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.wire.close()

    def encrypted(self, data: bytes) -> bytes:
        """Return *data* as records."""
        self.tls.write(data)
        return self._to_send.read()

    def read_to_end(self) -> bytes:
        """Return what the server still sends, decrypted."""
        while received := self.wire.recv(65_536):
            self._received.write(received)
        data = b""
        with suppress(ssl.SSLWantReadError, ssl.SSLZeroReturnError):
            while piece := self.tls.read(65_536):
                data += piece
        return data


def test_a_client_that_breaks_tls_right_after_the_end_of_its_handshake_is_reported() -> None:
    with FeedServer(tls=True) as server:
        with WireClient(server) as client:
            client.wire.sendall(client.last_of_handshake + BROKEN_RECORD)  # the server reads both at once
            while client.wire.recv(65_536):
                pass
        assert problems_of(server).startswith("TLS failed: ")
        assert server.connections[0].tls_version == "TLSv1.3"


A_REQUEST = b"GET /feed HTTP/1.1\r\nHost: a\r\n\r\n"
AMID_A_RECORD = "the client stopped in the middle of a TLS record"


@pytest.mark.parametrize("size", [1, 4, 5, 6, -1])
@pytest.mark.parametrize("earlier", [0, 1, 3])
def test_a_record_that_its_client_cuts_is_a_problem_although_nobody_can_read_it(size: int, earlier: int) -> None:
    with FeedServer(tls=True) as server:
        server.add("/feed", Response("<rss/>"))
        with WireClient(server) as client:
            whole = client.last_of_handshake + b"".join(client.encrypted(A_REQUEST) for _ in range(earlier))
            client.wire.sendall(whole + client.encrypted(A_REQUEST)[:size])
            client.wire.shutdown(socket.SHUT_WR)
            answers = client.read_to_end()
            assert (answers.count(b" 200 OK"), answers.count(b" 400 Bad Request")) == (earlier, 1)
        assert problems_of(server) == f"{AMID_A_RECORD}; it was answered with 400. It began b''.{HINT}"
        assert len(server.requests) == earlier


@pytest.mark.parametrize("end", ["reset", "stop"])
def test_a_record_that_is_cut_by_the_end_of_its_connection_is_a_problem_too(end: str) -> None:
    server = FeedServer(tls=True).start()
    with WireClient(server) as client:
        client.wire.sendall(client.last_of_handshake + client.encrypted(A_REQUEST)[:-1])
        until(lambda: any(each.is_mid_request for each in server.listening.connections.copy()))
        if end == "reset":
            client.wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
            client.wire.close()
            server.journal.wait_until(lambda: bool(server.journal.exchanges), PATIENCE)
        server.stop()
    happened = "the server stopped" if end == "stop" else "the connection broke: ["
    assert problems_of(server).startswith(f"{AMID_A_RECORD}; {happened}")


def problem_of_half_a_record(limit: float) -> str:
    """Return the problem of half a record that waits longer than *limit*; "" where the handshake took longer."""
    with FeedServer(tls=True, idle_timeout=limit) as server:
        try:
            with WireClient(server) as client:
                client.wire.sendall(client.last_of_handshake + client.encrypted(A_REQUEST)[:-1])
                answer = client.read_to_end()
        except OSError:
            return ""
        return problems_of(server) if b" 408 Request Timeout" in answer else ""


def test_a_record_whose_rest_does_not_come_is_answered_with_408() -> None:
    problem = next(filter(None, map(problem_of_half_a_record, LIMITS)))
    assert problem.startswith("the client sent a part of a request, and then nothing for too long;")


@pytest.mark.parametrize("last", [b"", b"\x17\x03\x03"])
def test_what_follows_the_last_request_of_a_connection_is_no_problem(last: bytes) -> None:
    with FeedServer(tls=True) as server:
        server.add("/feed", Response("<rss/>"))
        with WireClient(server) as client:
            request = client.encrypted(A_REQUEST.replace(b"Host", b"Connection: close\r\nHost"))
            client.wire.sendall(client.last_of_handshake + request + last)
            with suppress(OSError):  # the end may destroy the answer to a client that sends more
                client.wire.shutdown(socket.SHUT_WR)
                client.read_to_end()
        server.verify()


def test_a_close_notify_is_answered_by_a_close_notify() -> None:
    with FeedServer(tls=True) as server:
        server.add("/feed", Response("<rss/>"))
        client, wire = tls_client(server)
        with client, wire:
            client.sendall(b"GET /feed HTTP/1.1\r\nHost: a\r\n\r\n")
            while b"<rss/>" not in client.recv(1000):
                pass
            plain = client.unwrap()  # which waits for the server's close_notify (RFC 8446 §6.1)
            assert plain.recv(1) == b""
            plain.close()
        server.verify()


def test_a_client_that_sends_close_notify_and_then_its_fin_still_gets_its_answer() -> None:
    is_due = threading.Event()

    def answer(_request: Request) -> Response:
        is_due.wait(PATIENCE)
        return Response("<rss/>")

    with FeedServer(tls=True) as server:
        server.add("/feed", answer)
        client, wire = tls_client(server)
        with client, wire:
            client.sendall(b"GET /feed HTTP/1.1\r\nHost: a\r\n\r\n")
            server.wait_for("/feed")
            (connection,) = server.listening.connections.copy()
            client.setblocking(False)
            with suppress(ssl.SSLWantReadError):  # it has sent its close_notify, and does not wait for the server's
                client.unwrap()
            until(lambda: connection.state is State.FINISHING)
            wire.shutdown(socket.SHUT_WR)
            until(lambda: not (connection._transport and connection._transport.is_reading()))
            is_due.set()
            wire.settimeout(PATIENCE)
            while wire.recv(1000):
                pass
        assert server.journal.exchanges[0].ended == "complete"
        server.verify()


def test_a_close_notify_in_the_middle_of_a_request_is_a_problem() -> None:
    with FeedServer(tls=True) as server:
        client, wire = tls_client(server)
        with client, wire:
            client.sendall(b"POST /feed HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc")
            with pytest.raises(ssl.SSLError):  # the refusal comes, and not the end that `unwrap` waits for
                client.unwrap()
        assert "in the middle of the request's body; it was answered with 400." in problems_of(server)


NO_BROKEN_HANDSHAKE: Final[list[bool | TlsFault]] = [True, "no close_notify"]


@pytest.mark.parametrize("tls", NO_BROKEN_HANDSHAKE)
def test_a_client_that_does_not_trust_the_server_is_a_problem_with_the_remedy(tls: bool | TlsFault) -> None:
    with FeedServer(tls=tls) as server:
        plain = socket.create_connection((server.host, server.port), timeout=PATIENCE)
        with pytest.raises(ssl.SSLCertVerificationError):
            ssl.create_default_context().wrap_socket(plain, server_hostname="localhost")
        plain.close()
        server.journal.wait_until(lambda: bool(server.journal.exchanges), PATIENCE)
        assert "a client that is to trust the server needs server.ca_bundle or server.client_context()." in problems_of(
            server
        )


@pytest.mark.parametrize(
    ("resets", "problem"),
    [
        (False, "the client left in the middle of the TLS handshake.\n"),
        (True, "the connection broke in the middle of the TLS handshake: "),
    ],
)
@pytest.mark.parametrize("tls", NO_BROKEN_HANDSHAKE)
def test_a_client_that_leaves_in_the_middle_of_the_handshake_is_a_problem(
    tls: bool | TlsFault, resets: bool, problem: str
) -> None:
    context = ssl.create_default_context()
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    handshake = context.wrap_bio(incoming, outgoing, server_hostname="localhost")
    with pytest.raises(ssl.SSLWantReadError):
        handshake.do_handshake()
    hello = outgoing.read()
    with FeedServer(tls=tls) as server:
        with socket.create_connection((server.host, server.port), timeout=PATIENCE) as plain:
            plain.sendall(hello)
            assert plain.recv(5)[:1] == b"\x16"
            if resets:
                plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
                plain.close()
            else:
                plain.shutdown(socket.SHUT_WR)
            server.journal.wait_until(lambda: bool(server.journal.exchanges), PATIENCE)
        assert problems_of(server).startswith(problem)
