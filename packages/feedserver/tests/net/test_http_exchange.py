"""What goes over the wire, seen from bare sockets."""

from __future__ import annotations

import contextlib
import gzip
import os
import socket
import struct
import sys
import threading
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from feedserver import FeedServer, FixtureWarning, Request, Response
from rawclient import TIMEOUT, RawClient

FEED = b"<feed xmlns='http://www.w3.org/2005/Atom'><title>x</title></feed>"


def test_a_connection_is_kept_and_used_again(server: FeedServer, root: Path) -> None:
    (root / "a.xml").write_bytes(FEED)
    with RawClient(server) as client:
        for _ in range(3):
            answer = client.get("/a.xml")
            assert (answer.status, answer.body) == (200, FEED)
            assert answer.headers["Content-Type"] == "application/xml"
            assert "Connection" not in answer.headers


def test_pipelined_requests_are_answered_in_order(server: FeedServer) -> None:
    server.add("/slow", Response("slow", delay="30ms"))
    server.add("/made", lambda request: Response("made"))
    server.add("/fast", Response("fast"))
    with RawClient(server) as client:
        for path in ("/slow", "/fast", "/made", "/fast", "/slow"):
            client.ask(path)
        assert [client.read().body for _ in range(5)] == [b"slow", b"fast", b"made", b"fast", b"slow"]


def test_a_connection_of_http_1_0_closes_unless_it_asks_to_be_kept(server: FeedServer) -> None:
    server.add("/x", Response("x"))
    with RawClient(server) as client:
        client.ask("/x", version="1.0")
        assert client.read_to_end().endswith(
            b"Connection: close\r\nDate: " + date_of_the_last_answer(server) + b"\r\n\r\nx"
        )
    with RawClient(server) as client:
        for _ in range(2):
            answer = client.get("/x", "Connection: keep-alive", version="1.0")
            assert (answer.body, answer.headers["Connection"]) == (b"x", "keep-alive")


def date_of_the_last_answer(server: FeedServer) -> bytes:
    from feedserver.http.response_writer import date_value

    return date_value(int(server.journal.exchanges[-1].time))


def test_head_has_the_head_of_get_and_no_body(server: FeedServer, root: Path) -> None:
    (root / "a.xml").write_bytes(FEED)
    with RawClient(server) as client:
        head = client.get("/a.xml", method="HEAD")
        get = client.get("/a.xml")
    assert (head.status, head.body) == (200, b"")
    assert head.headers.without("Date") == get.headers.without("Date")


def test_a_client_that_expects_100_continue_gets_it(server: FeedServer) -> None:
    server.add("/up", lambda request: Response(request.body[::-1]), method="PUT")
    with RawClient(server) as client:
        client.ask("/up", "Content-Length: 3", "Expect: 100-continue", method="PUT")
        assert client.read_head() == b"HTTP/1.1 100 Continue"
        client.send(b"abc")
        assert client.read().body == b"cba"


def test_a_body_in_chunks_reaches_the_journal_whole(server: FeedServer) -> None:
    server.add("/up", Response(status=201), method="POST")
    with RawClient(server) as client:
        answer = client.get(
            "/up", "Transfer-Encoding: chunked", method="POST", body=b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
        )
    assert answer.status == 201
    assert server.requests[-1].body == b"abcde"


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/3.0\r\n\r\n", 505),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 70_000 + b"\r\n\r\n", 431),
        (b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999\r\n\r\n", 413),
        (b"CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n", 501),
        (b"GET / HTTP/1.1\r\nHost: a\r\nExpect: tea\r\n\r\n", 417),
    ],
)
def test_a_refused_request_is_answered_and_journalled_and_the_server_goes_on(
    server: FeedServer, sent: bytes, status: int
) -> None:
    with RawClient(server) as client:
        client.send(sent)
        answer = client.read()
        assert answer.status == status
        assert answer.headers["Connection"] == "close"
        assert client.read_to_end() == b""
    exchange = server.journal.exchanges[-1]
    assert exchange.request is None
    assert exchange.raw == sent[:65_536]
    assert answer.body.decode().strip() == exchange.problem
    assert exchange.response.status == status
    server.add("/x", Response("alive"))
    with RawClient(server) as client:
        assert client.get("/x").body == b"alive"


def test_a_refused_body_that_is_still_being_sent_does_not_hide_the_answer(root: Path) -> None:
    with FeedServer(root, max_body=1000, strict=False) as server, RawClient(server) as client:
        client.ask("/up", "Content-Length: 5000000", method="POST")

        def upload() -> None:
            client.send(b"x" * 5_000_000)

        sender = threading.Thread(target=upload)
        sender.start()
        answer = client.read()
        assert answer.status == 413
        assert answer.body == b"a body of 5,000,000 bytes is over the limit of 1,000\n"
        sender.join()


def test_a_client_that_stops_in_the_middle_is_journalled(server: FeedServer) -> None:
    with RawClient(server) as client:
        client.send(b"GET /x HTTP/1.1\r\nHo")
        client.socket.shutdown(socket.SHUT_WR)
        assert client.read().status == 400
    exchange = server.journal.exchanges[-1]
    assert exchange.problem == "the client stopped in the middle of the request's head"
    assert exchange.raw == b"GET /x HTTP/1.1\r\nHo"


def test_a_client_that_has_sent_all_and_only_listens_is_answered(server: FeedServer) -> None:
    server.add("/x", Response("x", delay="20ms"))
    with RawClient(server) as client:
        client.ask("/x")
        client.ask("/x")
        client.socket.shutdown(socket.SHUT_WR)
        assert [client.read().body, client.read().body] == [b"x", b"x"]
        assert client.read_to_end() == b""


def test_an_idle_connection_is_closed_in_silence(root: Path) -> None:
    with FeedServer(root, idle_timeout=0.05) as server, RawClient(server) as silent:
        assert silent.read_to_end() == b""
    assert server.journal.exchanges == []


IDLE = [0.05, 1, TIMEOUT / 2]
"""Idle timeouts to try in turn: a client on a busy machine may be too slow for the first, and send nothing in time. The
client itself waits for TIMEOUT.
"""


def before_it_is_idle(root: Path, sent: bytes, idle: float) -> tuple[bytes, str | None]:
    """Let a client send *sent* and then nothing. Return what it receives, and the problem in the journal."""
    with FeedServer(root, idle_timeout=idle) as server, RawClient(server) as client:
        server.add("/x", Response("x"))
        server.add("/slow", Response("slow", delay=2 * idle))
        received = b""
        with contextlib.suppress(ConnectionError):
            client.send(sent)
            received = client.read_to_end()
    return received, server.journal.exchanges[-1].problem if received else None


def test_a_half_request_is_closed_with_408_when_nothing_follows(root: Path) -> None:
    tried = (before_it_is_idle(root, b"GET /x", idle) for idle in IDLE)
    received, problem = next(each for each in tried if each[0])
    assert received.startswith(b"HTTP/1.1 408 ")
    assert problem == "the client sent a part of a request, and then nothing for too long"


def test_a_used_connection_is_closed_in_silence_when_it_is_idle(root: Path) -> None:
    tried = (before_it_is_idle(root, b"GET /x HTTP/1.1\r\nHost: a\r\n\r\n", idle) for idle in IDLE)
    received, problem = next(each for each in tried if each[0])
    assert received.startswith(b"HTTP/1.1 200 ") and received.endswith(b"\r\n\r\nx")
    assert not problem


def test_a_connection_with_an_answer_under_way_is_not_idle(root: Path) -> None:
    tried = (before_it_is_idle(root, b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n", idle) for idle in IDLE)
    received, _ = next(each for each in tried if each[0])
    assert received.startswith(b"HTTP/1.1 200 ") and received.endswith(b"\r\n\r\nslow")


def test_as_a_proxy_the_server_answers_for_any_host_from_a_folder_of_that_name(server: FeedServer, root: Path) -> None:
    (root / "blog.example").mkdir()
    (root / "blog.example" / "a.xml").write_bytes(FEED)
    (root / "own.xml").write_bytes(b"own")
    server.add("http://other.example/feed", Response("other"))
    with RawClient(server) as client:
        assert client.get("http://blog.example/a.xml").body == FEED
        assert client.get("http://BLOG.example:80/a.xml").body == FEED
        assert client.get("http://other.example/feed").body == b"other"
        assert client.get(f"http://{client.host}/own.xml").body == b"own"
        assert client.get("http://../own.xml").status == 404
        assert client.get("http://%2e%2e/own.xml").status == 404
        assert client.get("/feed").status == 404


def test_ipv6_is_served(root: Path) -> None:
    (root / "a.xml").write_bytes(FEED)
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError as error:
        pytest.skip(f"this machine has no IPv6 loopback: {error}")
    with FeedServer(root, host="::1") as server:
        assert server.url("a.xml") == f"http://[::1]:{server.port}/a.xml"
        with RawClient(server) as client:
            client.host = f"[::1]:{server.port}"
            assert client.get("/a.xml").body == FEED
        assert server.journal.exchanges[0].request is not None
        assert server.requests[0].client == "::1"


@pytest.mark.slow
def test_a_large_file_is_sent_whole(server: FeedServer, root: Path) -> None:
    size = 100 * 1024 * 1024
    with (root / "big.xml").open("wb") as file:
        file.write(b'<!--\nHeader: ETag: "big"\n-->')
        file.truncate(size)
    with RawClient(server) as client:
        client.ask("/big.xml")
        head = client.read_head()
        assert b"Content-Length: %d" % size in head
        received = len(client.buffer)
        while received < size and (data := client.socket.recv(1 << 20)):
            received += len(data)
        assert received == size
    exchange = server.journal.exchanges[0]
    assert exchange.ended == "complete"
    assert exchange.bytes_sent == size + len(head) + 4


def test_a_client_that_leaves_early_is_journalled_with_a_part_of_the_bytes(server: FeedServer, root: Path) -> None:
    with (root / "big.xml").open("wb") as file:
        file.truncate(50_000_000)
    with RawClient(server) as client:
        client.ask("/big.xml")
        client.read_head()
    exchange = server.journal.exchanges[0]
    assert exchange.ended.startswith("client left")
    assert 0 < exchange.bytes_sent < 50_000_000


def test_a_client_that_leaves_later_is_journalled_with_no_fewer_bytes_than_it_got(server: FeedServer) -> None:
    server.add("/big", Response(b"x" * 50_000_000))
    with RawClient(server) as client:
        client.ask("/big")
        received = 0
        while received < 25_000_000 and (data := client.socket.recv(1 << 20)):
            received += len(data)
    exchange = server.journal.exchanges[0]
    assert exchange.ended == "client left"
    assert received <= exchange.bytes_sent < 50_000_000


def test_a_forced_coding_is_sent_and_named(server: FeedServer, root: Path) -> None:
    (root / "a.xml").write_bytes(b"<!--\nCoding: gzip\n-->" + FEED)
    with RawClient(server) as client:
        answer = client.get("/a.xml", "Accept-Encoding: identity")
    assert answer.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(answer.body) == (root / "a.xml").read_bytes()


@pytest.mark.parametrize("size", [200_000, 3_000_000])
def test_a_large_body_is_coded_alike_each_time_and_ranges_are_parts_of_the_coded_body(
    server: FeedServer, root: Path, size: int
) -> None:
    (root / "a.xml").write_bytes(b"<!--\nCoding: gzip\nHeader: Accept-Ranges: bytes\n-->".ljust(size))
    with RawClient(server) as client:
        first = client.get("/a.xml")
        again = client.get("/a.xml")
        part = client.get("/a.xml", "Range: bytes=0-9")
    assert gzip.decompress(first.body) == (root / "a.xml").read_bytes()
    assert again.body == first.body
    assert (part.status, part.body) == (206, first.body[:10])


@pytest.mark.parametrize("ends", ["client", "server"])
def test_coding_a_huge_file_ends_when_the_client_resets_or_the_server_stops(root: Path, ends: str) -> None:
    (root / "hole.xml").touch()
    os.truncate(root / "hole.xml", 1 << 40)
    (root / "hole.xml.response").write_text("Coding: gzip\n")
    with FeedServer(root, callable_timeout=2 * TIMEOUT) as server, RawClient(server) as client:
        client.ask("/hole.xml")
        deadline = time.monotonic() + TIMEOUT
        coding: list[threading.Thread] = []
        while not coding and time.monotonic() < deadline:
            coding = [each for each in threading.enumerate() if "hole.xml" in each.name and each.is_alive()]
        if ends == "client":
            client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            client.socket.close()
            coding[0].join(TIMEOUT)
        else:
            server.stop()
        assert not coding[0].is_alive()


def test_a_server_that_starts_again_codes_a_large_body_again(root: Path) -> None:
    (root / "a.xml").write_bytes(b"<!--\nCoding: gzip\n-->".ljust(3_000_000))
    server = FeedServer(root)
    for _ in range(2):
        with server:
            with RawClient(server) as client:
                assert gzip.decompress(client.get("/a.xml").body) == (root / "a.xml").read_bytes()
            server.verify()


def test_the_pace_and_the_delay_of_a_fixture_are_kept(server: FeedServer, root: Path) -> None:
    (root / "a.xml").write_bytes(b"<!--\nDelay: 40ms\nPace: 10 bytes every 10ms\n-->".ljust(60))
    with RawClient(server) as client:
        assert len(client.get("/a.xml").body) == 60
    assert server.journal.exchanges[0].duration >= 0.04 + 5 * 0.01


def test_a_redirect_may_name_this_server_and_the_time(server: FeedServer, root: Path) -> None:
    (root / "old.xml").write_bytes(
        b"<!--\nStatus: 301 Gone Fishing\nHeader: Location: {base}/new.xml\n"
        b"Header: Expires: {date+2h}\nHeader: X: {other}\n-->"
    )
    with RawClient(server) as client:
        answer = client.get("/old.xml")
    assert (answer.status, answer.reason) == (301, "Gone Fishing")
    assert answer.headers["Location"] == f"{server.base_url}/new.xml"
    assert answer.headers["X"] == "{other}"
    assert answer.headers["Expires"].endswith("GMT")


def test_conditions_and_auth_apply_on_the_wire(server: FeedServer, root: Path) -> None:
    (root / "a.xml").write_bytes(b'<!--\nHeader: ETag: "v1"\nAuth: Basic ann:secret\n-->')
    with RawClient(server) as client:
        assert client.get("/a.xml", 'If-None-Match: "v1"').status == 401
        login = "Authorization: Basic YW5uOnNlY3JldA=="
        assert client.get("/a.xml", login).status == 200
        unchanged = client.get("/a.xml", login, 'If-None-Match: "v1"')
        assert (unchanged.status, unchanged.headers["ETag"]) == (304, '"v1"')
        assert "Content-Length" not in unchanged.headers


def test_a_mistake_in_a_fixture_is_reported_to_client_and_test(root: Path) -> None:
    (root / "a.xml").write_bytes(b"<!--\nStaus: 301\n-->")
    with FeedServer(root) as server:
        with RawClient(server) as client:
            answer = client.get("/a.xml")
        assert answer.status == 500
        with pytest.raises(AssertionError) as caught:
            server.verify()
        assert str(caught.value) == answer.body.decode().strip()
        assert f"{root / 'a.xml'}:2" in str(caught.value)
        server.verify()


def test_a_changed_file_is_served_anew(server: FeedServer, root: Path) -> None:
    file = root / "a.xml"
    with RawClient(server) as client:
        for version in range(50):
            file.write_text(f"version {version}")
            assert client.get("/a.xml").body == f"version {version}".encode()
        (root / "a.xml.response").write_text("Status: 410\n")
        assert client.get("/a.xml").status == 410
        (root / "a.xml.response").unlink()
        assert client.get("/a.xml").status == 200


def test_an_error_of_a_callable_is_named(root: Path) -> None:
    def broken(request: Request) -> Response:
        raise KeyError("oops")

    def confused(request: Request) -> Response:
        return "text"  # type: ignore[return-value]

    with FeedServer(root) as server:
        server.add("/broken", broken)
        server.add("/confused", confused)
        with RawClient(server) as client:
            for path, words in (
                ("/broken", "raised KeyError('oops') at "),
                ("/confused", "returned 'text' for GET /confused; return a Response"),
            ):
                answer = client.get(path)
                assert answer.status == 500
                assert words in answer.body.decode()
                assert f"{path[1:]} (" in answer.body.decode()
        with pytest.raises(AssertionError, match="raised KeyError"):
            server.verify()


def test_a_callable_that_is_late_is_named_and_the_connection_goes_on(root: Path) -> None:
    release = threading.Event()

    def slow(request: Request) -> Response:
        release.wait(10)
        return Response("late")

    with FeedServer(root, callable_timeout=0.1) as server:
        server.add("/slow", slow)
        server.add("/fine", Response("fine"))
        with RawClient(server) as client:
            answer = client.get("/slow")
            assert answer.status == 500
            assert "did not answer GET /slow within 0.1 s" in answer.body.decode()
            assert "slow (" in answer.body.decode()
            release.set()
            assert client.get("/fine").body == b"fine"
        with pytest.raises(AssertionError, match="did not answer GET /slow"):
            server.verify()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    st.lists(
        st.one_of(
            st.sampled_from(
                [b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", b"GET ", b"/x", b" HTTP/1.0\r\n\r\n", b"\r\n", b"HEAD /a.xml"]
                + [b" HTTP/1.1\r\nHost: a\r\n\r\n", b"Transfer-Encoding: chunked\r\n", b"0\r\n\r\n", b"\n", b"\0"]
            ),
            st.binary(max_size=30),
        ),
        max_size=12,
    )
)
@example([b"\x16"])
def test_after_any_bytes_the_server_answers_in_http_or_closes_cleanly_and_goes_on(
    server: FeedServer, pieces: list[bytes]
) -> None:
    with RawClient(server) as client:
        for piece in pieces:
            client.send(piece)
        client.socket.shutdown(socket.SHUT_WR)
        answers = client.read_to_end()
    # A client that begins with TLS gets an alert (RFC 8446 §6).
    assert answers.startswith((b"HTTP/1.1 ", b"\x15\x03\x01\x00\x02\x02") if answers else b"")
    with RawClient(server) as client:
        assert client.get("/x").status == 404


def test_a_doubtful_line_of_a_fixture_is_a_warning_in_the_test(server: FeedServer, root: Path) -> None:
    (root / "a.xml").write_bytes(b"<!--\nHeader: X: 1\nETag: x\n-->")
    with RawClient(server) as client:
        assert client.get("/a.xml").status == 200
    with pytest.warns(FixtureWarning, match=r"a\.xml:3"):
        server.verify()
    server.verify()


@pytest.mark.skipif(sys.platform == "win32" or os.getuid() == 0, reason="the superuser may read every file")
def test_a_file_that_may_not_be_read_is_named(root: Path) -> None:
    (root / "a.xml").write_bytes(b"<feed/>")
    (root / "a.xml").chmod(0)
    with FeedServer(root) as server, RawClient(server) as client:
        assert client.get("/a.xml").status == 500
        with pytest.raises(AssertionError, match=r"a\.xml"):
            server.verify()


def test_an_unknown_coding_is_a_problem_that_names_it(root: Path) -> None:
    with FeedServer(root) as server, RawClient(server) as client:
        server.add("/x", Response("x").changed(coding="zip"))
        assert client.get("/x").status == 500
        with pytest.raises(AssertionError, match=r"/x: .*'zip'"):
            server.verify()
