"""The connection of a request: its id, the number of the request on it, and what TLS negotiated."""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Iterator
from contextlib import closing

import pytest

from feedserver import ClientConnection, FeedServer, Request, Response, VerificationError
from feedserver.faults import EarlyAnswer
from feedserver.net.connection_state import State
from rawclient import RawClient


@pytest.fixture(scope="module")
def running() -> Iterator[FeedServer]:
    with FeedServer(tls=True, client_certificates="optional") as server:
        server.add("/feed", Response("<feed/>"))
        server.add("/early", Response(status=413, faults=EarlyAnswer()))
        server.add("/made", lambda request: Response(f"{request.connection.id} {request.connection.number}"))
        yield server


@pytest.fixture
def server(running: FeedServer) -> FeedServer:
    running.journal.clear()
    return running


def https(server: FeedServer, context: ssl.SSLContext, host: str = "localhost") -> http.client.HTTPSConnection:
    return http.client.HTTPSConnection(host, server.port, context=context, timeout=10)


def test_each_connection_has_an_id_and_counts_its_requests(server: FeedServer) -> None:
    ports = []
    for _ in range(2):
        with RawClient(server) as client:
            ports.append(client.socket.getsockname()[1])
            for path in ("/feed", "/made", "/feed"):
                client.get(path)
    found = [request.connection for request in server.requests]
    first = found[0].id
    assert [connection.id - first for connection in found] == [0, 0, 0, 1, 1, 1]
    assert [connection.number for connection in found] == [1, 2, 3] * 2
    assert [connection.is_reused for connection in found] == [False, True, True] * 2
    assert [connection.port for connection in found] == [ports[0]] * 3 + [ports[1]] * 3
    assert {(each.address, each.protocol, each.tls_version) for each in found} == {("127.0.0.1", "http/1.1", "")}


def test_a_callable_sees_the_connection(server: FeedServer) -> None:
    with RawClient(server) as client:
        client.get("/feed")
        text = client.get("/made").body.decode()
    assert text == f"{server.requests[-1].connection.id} 2"


def test_pipelined_requests_and_early_answers_are_counted_too(server: FeedServer) -> None:
    with RawClient(server) as client:
        client.ask("/feed")
        client.ask("/early", "Content-Length: 9", method="POST")
        assert [client.read().status, client.read().status] == [200, 413]
    assert [request.connection.number for request in server.requests] == [1, 2]
    assert server.connections[-1].number == 2


def test_requests_are_compared_without_their_connections() -> None:
    over = Request("GET", "/feed", connection=ClientConnection(7, 2))
    assert over == Request("GET", "/feed")
    assert Request("GET", "/feed").connection == ClientConnection()
    assert "connection" not in repr(over)


def test_equal_requests_of_two_connections_are_equal_and_keep_their_connections(server: FeedServer) -> None:
    for _ in range(2):
        with RawClient(server) as client:
            client.get("/feed")
    first, second = server.requests
    assert first == second
    assert first.connection.id != second.connection.id
    assert server.requests[0].connection == first.connection


def test_the_servers_connections_show_their_states_and_include_closed_ones() -> None:
    with FeedServer() as server:
        server.add("/feed", Response("<feed/>"))
        with RawClient(server) as ended, RawClient(server) as idle:
            idle.get("/feed")
            ended.get("/feed")
            ended.get("/feed", "Connection: close")
            assert ended.read_to_end() == b""
            server.journal.settle(10)
            by_port = {each.port: each for each in server.connections}
            assert by_port[idle.socket.getsockname()[1]].state == "idle"
            assert by_port[idle.socket.getsockname()[1]].is_open
            assert by_port[ended.socket.getsockname()[1]].number == 2
        # The server has stopped, and so it has closed all connections.
    closed = server.connections
    assert [each.id for each in closed] == [1, 2]
    assert [each.is_open for each in closed] == [False, False]
    assert str(min(closed, key=lambda each: each.number)).endswith("(closed, 1 request)")


def test_a_connection_is_open_in_every_state_but_closed() -> None:
    assert [state for state in State if not ClientConnection(1, state=state.word).is_open] == [State.CLOSED]


def test_a_bounded_journal_bounds_the_connections_too() -> None:
    with FeedServer(journal_limit=2) as server:
        server.add("/feed", Response("<feed/>"))
        for _ in range(4):
            with RawClient(server) as client:
                client.get("/feed")
    assert [each.id for each in server.connections] == [3, 4]


def test_the_result_of_the_tls_handshake_is_reported(server: FeedServer) -> None:
    with closing(https(server, server.client_context())) as client:
        for _ in range(2):
            client.request("GET", "/feed")
            client.getresponse().read()
    first, second = (request.connection for request in server.requests)
    assert (first.id, first.number, second.number) == (second.id, 1, 2)
    assert first.tls_version == "TLSv1.3"
    assert first.server_name == "localhost"
    assert first.cipher.startswith("TLS_")
    assert (first.is_resumed, first.certificate, first.certificate_names) == (False, b"", ())
    assert "TLSv1.3" in str(first)


@pytest.mark.parametrize(
    ("offered", "agreed"), [([], ""), (["http/1.1"], "http/1.1"), (["h2", "http/1.1"], "http/1.1")]
)
def test_the_agreed_protocol_is_reported(server: FeedServer, offered: list[str], agreed: str) -> None:
    context = server.client_context()
    if offered:
        context.set_alpn_protocols(offered)
    with context.wrap_socket(RawClient(server).socket, server_hostname="localhost") as client:
        client.sendall(b"GET /feed HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        while client.recv(4096):
            pass
    assert server.requests[-1].connection.alpn == agreed


def test_a_session_that_is_resumed_is_reported(server: FeedServer) -> None:
    context = server.client_context()
    context.maximum_version = ssl.TLSVersion.TLSv1_2  # in TLS 1.2, the session exists when the handshake is over
    session = None
    for _ in range(2):
        with context.wrap_socket(RawClient(server).socket, server_hostname="localhost", session=session) as client:
            client.sendall(b"GET /feed HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            while client.recv(4096):
                pass
            session = client.session
    assert [request.connection.is_resumed for request in server.requests] == [False, True]
    assert {request.connection.server_name for request in server.requests} == {"localhost"}


@pytest.mark.parametrize("name", ["reader.example", "someone@reader.example"])
def test_the_clients_certificate_is_reported(server: FeedServer, name: str) -> None:
    with closing(https(server, server.client_context(name), "127.0.0.1")) as client:
        client.request("GET", "/feed")
        client.getresponse().read()
    connection = server.requests[-1].connection
    assert connection.certificate_names == (name,)
    assert name.encode() in connection.certificate
    assert connection.server_name == "", "an address is no server name (RFC 6066 §3)"
    assert server.client_certificate(name) == server.client_certificate(name)


def test_a_client_without_a_required_certificate_is_refused() -> None:
    with FeedServer(tls=True, client_certificates="required") as server:
        server.add("/feed", Response("<feed/>"))
        for certificate in (None, "reader.example"):
            with closing(https(server, server.client_context(certificate))) as client:
                try:
                    client.request("GET", "/feed")
                    assert client.getresponse().status == 200
                except (ssl.SSLError, ConnectionError):
                    assert certificate is None
        assert len(server.requests) == 1
        with pytest.raises(VerificationError, match=r"server\.client_certificate\('…'\)"):
            server.verify()


def test_certificates_of_clients_need_tls() -> None:
    with pytest.raises(ValueError, match="client_certificates is 'optional', and the server speaks no TLS"):
        FeedServer(client_certificates="optional")
    with pytest.raises(RuntimeError, match="the server speaks no TLS"):
        FeedServer().client_certificate("reader.example")
