"""HTTPS and HTTP on one port, and the ways in which TLS goes wrong, seen by real clients."""

from __future__ import annotations

import gc
import re
import socket
import ssl
import threading
import urllib.request
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import httpx
import pytest
import requests

from feedserver import Exchange, FeedServer, Response, VerificationError
from feedserver.faults import Close
from feedserver.net import tls
from problem_finding import NO_LINGER


@pytest.fixture
def secure(root: Path) -> Iterator[FeedServer]:
    with FeedServer(root, tls=True) as server:
        server.add("/x", Response("hello " * 20_000))
        yield server


def broken(fault: str) -> FeedServer:
    server = FeedServer(tls=fault)  # type: ignore[arg-type]
    server.add("/x", Response("hello"))
    return server


BODY = b"hello " * 20_000


def test_threads_that_ask_for_client_certificates_at_the_same_time_get_different_ones() -> None:
    with FeedServer(tls=True) as server, ThreadPoolExecutor(16) as threads:
        files = list(threads.map(server.client_certificate, [f"client-{at}.example" for at in range(64)]))
        assert len({Path(file).read_bytes() for file in files}) == 64


def test_threads_that_ask_for_the_first_authority_at_the_same_time_get_the_same_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tls, "_made", {})
    together = threading.Barrier(4)

    def ask() -> tls.Authority:
        together.wait(timeout=10)
        return tls.authority()

    with ThreadPoolExecutor(4) as threads:
        asked = [threads.submit(ask) for _ in range(4)]
        assert len({each.result() for each in asked}) == 1


def test_a_certificate_is_for_the_host_and_the_aliases() -> None:
    with FeedServer(host="127.0.1.7", aliases=["127.0.1.8"], tls=True) as server:
        server.add("/x", Response("hello"))
        for host in ("127.0.1.7", "127.0.1.8"):
            url = server.url("x", host=host)
            with urllib.request.urlopen(url, context=server.client_context(), timeout=10) as answer:
                assert answer.read() == b"hello"


@pytest.mark.parametrize("name", ["Ada Lovelace", "a..example", "ada@münchen.example"])
def test_a_name_that_a_client_s_certificate_cannot_have_is_refused_with_the_remedy(name: str) -> None:
    refused = f"a client's certificate cannot be for '{name}'; give a host name or an e-mail address in ASCII, such as "
    with FeedServer(tls=True) as server, pytest.raises(ValueError, match=f"^{re.escape(refused)}'reader.example'$"):
        server.client_certificate(name)


@pytest.mark.slow
def test_a_certificate_is_for_the_names_that_are_given() -> None:
    with FeedServer(tls=True, names=["feeds.example", "*.blogs.example", "münchen.example", "2001:db8::1"]) as server:
        for name in ("feeds.example", "a.blogs.example", "xn--mnchen-3ya.example", "2001:db8::1", "localhost", "::1"):
            shake_hands(server, name)
        for name in ("blogs.example", "other.example", "127.0.0.2"):
            with pytest.raises(
                ssl.SSLCertVerificationError, match=r"not valid for|Hostname mismatch|IP address mismatch"
            ):
                shake_hands(server, name)
        server.allow("TLS failed")


def shake_hands(server: FeedServer, name: str) -> None:
    plain = socket.create_connection((server.host, server.port), timeout=10)
    server.client_context().wrap_socket(plain, server_hostname=name).close()


def test_a_client_that_speaks_tls_to_a_plain_server_gets_an_alert_and_is_reported() -> None:
    with FeedServer() as server:
        with pytest.raises(OSError, match=r"(?i)alert handshake failure"):
            urllib.request.urlopen(server.url("x", scheme="https"), timeout=10)
        problem = server.journal.exchanges[-1].problem
        assert problem == "the client speaks TLS, and the server does not; FeedServer(…, tls=True) does"
        assert server.journal.exchanges[-1].raw.startswith(b"\x16\x03")
        with pytest.raises(VerificationError, match=r"; FeedServer\(…, tls=True\) does\.\nIf the test intends this"):
            server.verify()


def test_one_port_serves_http_and_https_and_redirects_between_them(secure: FeedServer) -> None:
    secure.add("/up", Response(status=301, headers={"Location": secure.url("x")}))
    plain = secure.url("up", scheme="http")
    assert plain == f"http://127.0.0.1:{secure.port}/up"
    answer = requests.get(plain, verify=secure.ca_bundle, timeout=10)
    assert answer.content == BODY
    assert [request.scheme for request in secure.requests] == ["http", "https"]


FAULTS = (
    *("expired", "not yet valid", "wrong host", "self-signed", "incomplete chain"),
    *("handshake fails", "handshake stalls", "old protocol", "no close_notify"),
)


def test_an_unknown_fault_is_refused_and_the_known_ones_are_listed() -> None:
    with pytest.raises(ValueError, match=f"'expird' is no way to break TLS; there are {', '.join(map(repr, FAULTS))}$"):
        broken("expird")


ERRORS_OF_CLIENTS = {
    "expired": "certificate has expired",
    "not yet valid": "certificate is not yet valid",
    "wrong host": "certificate is not valid for '127.0.0.1'",
    "self-signed": "self-signed certificate",
    "incomplete chain": "unable to get local issuer certificate",
    "handshake fails": "handshake failure",
    "old protocol": "protocol version|unsupported protocol|legacy sigalg",
}


@pytest.mark.parametrize("fault", ERRORS_OF_CLIENTS)
def test_a_client_that_checks_refuses_a_broken_server(fault: str) -> None:
    with broken(fault) as server:
        with pytest.raises(OSError, match=ERRORS_OF_CLIENTS[fault]):
            urllib.request.urlopen(server.url("x"), context=server.client_context(), timeout=10)
        with pytest.raises(requests.exceptions.SSLError):
            requests.get(server.url("x"), verify=server.ca_bundle, timeout=10)
        with pytest.raises(httpx.ConnectError):
            httpx.get(server.url("x"), verify=server.client_context(), timeout=10, trust_env=False)
        assert server.requests == []
        server.verify()


@pytest.mark.parametrize("fault", ["expired", "not yet valid", "wrong host", "self-signed", "incomplete chain"])
def test_a_client_that_checks_nothing_is_answered_by_a_server_with_a_bad_certificate(fault: str) -> None:
    careless = ssl.create_default_context()
    careless.check_hostname = False
    careless.verify_mode = ssl.CERT_NONE
    with broken(fault) as server, urllib.request.urlopen(server.url("x"), context=careless, timeout=10) as answer:
        assert answer.read() == b"hello"


@pytest.mark.slow
def test_a_stalled_handshake_ends_at_the_client_s_timeout() -> None:
    with broken("handshake stalls") as server:
        with pytest.raises(requests.exceptions.Timeout):
            requests.get(server.url("x"), verify=server.ca_bundle, timeout=0.1)
        with pytest.raises(httpx.TimeoutException):
            httpx.get(server.url("x"), verify=server.client_context(), timeout=0.1, trust_env=False)
        with pytest.raises(OSError, match="timed out"):
            urllib.request.urlopen(server.url("x"), context=server.client_context(), timeout=0.1)


def test_a_client_that_checks_sees_an_end_without_close_notify() -> None:
    with broken("no close_notify") as server:
        server.add("/x", Response("hello", omit=["Content-Length", "Transfer-Encoding"]))
        received, error = read_to_end(server)
    assert received.endswith(b"\r\n\r\nhello")
    assert "EOF" in str(error)  # a class of its own in some versions of Python only


def test_a_regular_end_has_its_close_notify(secure: FeedServer) -> None:
    secure.add("/x", Response("hello", omit=["Content-Length", "Transfer-Encoding"]))
    received, error = read_to_end(secure)
    assert received.endswith(b"\r\n\r\nhello")
    assert error is None


def read_to_end(server: FeedServer) -> tuple[bytes, ssl.SSLError | None]:
    """Return what a client that checks the end of its connection receives, and the error that it finds, if any."""
    plain = socket.create_connection((server.host, server.port), timeout=10)
    context = server.client_context()
    context.options &= ~getattr(ssl, "OP_IGNORE_UNEXPECTED_EOF", 0)
    with context.wrap_socket(plain, server_hostname="localhost") as client:
        client.suppress_ragged_eofs = False  # type: ignore[attr-defined]  # which typeshed lacks
        client.sendall(b"GET /x HTTP/1.0\r\n\r\n")
        received = b""
        try:
            while data := client.recv(1000):
                received += data
        except ssl.SSLError as error:
            return received, error
        return received, None


def test_bytes_that_only_look_like_tls_are_journalled_and_the_server_goes_on(secure: FeedServer) -> None:
    with socket.create_connection((secure.host, secure.port), timeout=10) as client:
        client.sendall(b"\x16\x03\x01\x00\x05hello")
        while client.recv(1000):
            pass
    assert secure.journal.exchanges[-1].problem.startswith("TLS failed: ")
    with pytest.raises(VerificationError, match=r"TLS failed: .*\nIf the test intends this, call server\.allow"):
        secure.verify()
    assert requests.get(secure.url("x"), verify=secure.ca_bundle, timeout=10).status_code == 200


def test_a_broken_record_sent_with_the_end_of_the_handshake_is_a_failure_of_tls(
    secure: FeedServer,
) -> None:
    with socket.create_connection((secure.host, secure.port), timeout=10) as client:
        _, outgoing = begin_handshake(secure, client)
        client.sendall(outgoing.read() + b"\x17\x03\x03\x00\x20" + b"z" * 32)
        while client.recv(65_536):
            pass
    with pytest.raises(VerificationError, match=r"^TLS failed: "):
        secure.verify()


def begin_handshake(server: FeedServer, client: socket.socket) -> tuple[ssl.SSLObject, ssl.MemoryBIO]:
    """Return the client's end of TLS, and the buffer with what it is to send next: the end of the handshake."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    end = server.client_context().wrap_bio(incoming, outgoing, server_hostname="localhost")
    while True:
        try:
            end.do_handshake()
        except ssl.SSLWantReadError:
            client.sendall(outgoing.read())
            incoming.write(client.recv(65_536))
        else:
            return end, outgoing


def send_and_leave_after_the_handshake(server: FeedServer, requests: bytes) -> None:
    """Have *server* read the end of a TLS handshake and *requests* when their client has left, so that it cannot send
    its own end of the handshake.
    """
    server.add("/y", Response("y"))
    holds, may_go_on = threading.Event(), threading.Event()

    def hold(_: Exchange) -> None:
        holds.set()
        may_go_on.wait(10)

    server.journal.listener = hold
    with socket.create_connection((server.host, server.port), timeout=10) as client:
        end, outgoing = begin_handshake(server, client)
        urllib.request.urlopen(server.url("y", scheme="http"), timeout=10).close()
        assert holds.wait(10)
        end.write(requests)
        client.sendall(outgoing.read())
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
    may_go_on.set()


X_AND_Z = b"GET /x HTTP/1.1\r\nHost: a\r\n\r\nPOST /z HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"


def test_requests_of_a_client_that_left_right_after_the_handshake_are_in_the_journal(secure: FeedServer) -> None:
    send_and_leave_after_the_handshake(secure, X_AND_Z)
    secure.assert_requested("/x", count=1)
    secure.assert_requested("/z", count=1)
    secure.verify()


def test_what_follows_the_last_answer_to_a_client_that_left_after_the_handshake_is_no_request(
    secure: FeedServer,
) -> None:
    last = Response("x", headers={"Connection": "close"}, faults=Close(before="answer"))
    secure.add("/x", last)
    send_and_leave_after_the_handshake(secure, X_AND_Z)
    secure.assert_requested("/x", count=1)
    secure.assert_not_requested("/z")


def test_stop_leaves_no_secure_connection_open(secure: FeedServer) -> None:
    plain = socket.create_connection((secure.host, secure.port), timeout=10)
    client = secure.client_context().wrap_socket(plain, server_hostname="localhost")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        secure.stop()
        gc.collect()
    assert [connection.is_open for connection in secure.connections] == [False]
    with suppress(ConnectionResetError, ssl.SSLError):  # such as an end without close_notify
        assert client.recv(1) == b""
    client.close()
