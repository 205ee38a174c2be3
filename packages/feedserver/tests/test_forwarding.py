"""Requests that are forwarded to another server of this machine, and are in the journals of both."""

from __future__ import annotations

import gzip
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from feedserver import FeedServer, Forward, Pattern, Response, VerificationError, moved
from feedserver.faults import Close, Interim
from rawclient import RawClient

ANY = Pattern("/<path:rest>")


@pytest.fixture(scope="module")
def origin() -> Iterator[FeedServer]:
    with FeedServer(strict=False) as running:
        yield running


@pytest.fixture
def server(origin: FeedServer) -> Iterator[FeedServer]:
    origin.journal.clear()
    with FeedServer() as running:
        running.add(ANY, Forward(origin.base_url))
        yield running


def test_the_same_request_reaches_the_other_server(origin: FeedServer, server: FeedServer) -> None:
    origin.add("/hub", Response(status=202), method="POST")
    with RawClient(server) as client:
        fields = ["X-A: 1", "X-A: 2", "Via: 1.1 another", "Keep-Alive: timeout=5", "Content-Length: 3"]
        answer = client.get("/hub?a=%20b", *fields, method="POST", body=b"x=1")
    assert answer.status == 202
    [request] = origin.requests
    assert (request.method, request.target, request.body) == ("POST", "/hub?a=%20b", b"x=1")
    assert request.headers.get_all("X-A") == ["1", "2"]
    assert request.headers["Host"] == f"127.0.0.1:{origin.port}"
    assert request.headers["Via"].startswith("1.1 another, 1.1 feedserver-")
    assert "Keep-Alive" not in request.headers, "it is about the connection of the client"


@pytest.mark.parametrize(
    "response",
    [
        Response("<feed/>", headers=[("ETag", '"1"'), ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")]),
        Response(gzip.compress(b"<feed/>"), headers={"Content-Encoding": "gzip", "Content-Type": "text/xml"}),
        Response(status=204),
        Response("gone", 410, reason="Long Gone"),
        Response("<feed/>", omit=["Content-Length"]),
        Response("<feed/>", omit=["Date"], headers={"X-Byte": "\udcff"}),
        Response("<feed/>", omit=["Content-Type"]),
        Response("<feed/>", faults=Interim()),
    ],
    ids=["headers", "gzip", "204", "reason", "chunked", "bytes", "untyped", "interim"],
)
def test_the_answer_comes_back_as_it_was_and_is_in_the_journal(
    origin: FeedServer, server: FeedServer, response: Response
) -> None:
    origin.add("/feed.xml", response)
    with RawClient(server) as client, RawClient(origin) as direct:
        answer, expected = client.get("/feed.xml"), direct.get("/feed.xml")
        while expected.status < 200:
            expected = direct.read()
    framing = {"connection", "transfer-encoding", "content-length", "date"}
    assert (answer.status, answer.reason, answer.body) == (expected.status, expected.reason, expected.body)
    assert [field for field in answer.headers.raw if field[0].decode().lower() not in framing] == [
        field for field in expected.headers.raw if field[0].decode().lower() not in framing
    ]
    assert ("Date" in answer.headers) == ("Date" in expected.headers)
    recorded = server.journal.exchanges[0].response
    assert (recorded.status, recorded.body) == (expected.status, expected.body)
    server.verify()


def test_a_recorded_answer_is_given_later_without_the_other_server(origin: FeedServer, server: FeedServer) -> None:
    origin.add("/feed", Response("<feed/>", headers={"ETag": '"1"'}))
    with RawClient(server) as client:
        client.get("/feed")
        server.add("/feed", server.journal.exchanges[0].response)
        assert client.get("/feed").headers["ETag"] == '"1"'
    assert len(origin.requests) == 1


def test_the_other_server_answers_conditional_requests_and_head(origin: FeedServer, server: FeedServer) -> None:
    origin.add("/feed", Response("<feed/>", headers={"ETag": '"1"'}))
    with RawClient(server) as client:
        assert client.get("/feed", 'If-None-Match: "1"').status == 304
        assert client.get("/feed", method="HEAD").headers["Content-Length"] == "7"
    answered = [(each.request.method, each.response.status) for each in origin.journal.exchanges if each.request]
    assert answered == [("GET", 304), ("HEAD", 200)]
    origin.add("/feed", Response("<feed/>", headers={"ETag": '"1"'}, conditional="off"))
    with RawClient(server) as client:
        assert client.get("/feed", 'If-None-Match: "1"').status == 200


def test_a_redirect_to_the_other_server_stays_with_this_one(origin: FeedServer, server: FeedServer) -> None:
    origin.add("/old", moved(origin.url("/new")))
    origin.add("/away", moved("http://blog.example/new"))
    origin.add("/near", moved(f"{origin.base_url}0/new"))  # a port that begins with the digits of the other server's
    with RawClient(server) as client:
        assert client.get("/old").headers["Location"] == server.url("/new")
        assert client.get("/away").headers["Location"] == "http://blog.example/new"
        assert client.get("/near").headers["Location"] == f"{origin.base_url}0/new"


def test_a_path_in_the_address_precedes_that_of_the_request(origin: FeedServer) -> None:
    origin.add("/base/feed?a=1", Response("<feed/>"))
    with FeedServer() as server, RawClient(server) as client:
        server.add(ANY, Forward(f"{origin.base_url}/base/"))
        assert client.get("/feed?a=1").body == b"<feed/>"


def test_an_answer_that_does_not_come_whole_fails_the_test(origin: FeedServer, server: FeedServer) -> None:
    origin.add("/cut", Response("x" * 99, faults=Close(after=9)))
    with RawClient(server) as client:
        assert client.get("/cut").status == 500
    with pytest.raises(VerificationError, match="no whole answer came from http://127"):
        server.verify()


def test_a_server_that_is_down_fails_the_test(closed_port: int) -> None:
    with FeedServer() as server, RawClient(server) as client:
        server.add("/feed", Forward(f"http://127.0.0.1:{closed_port}"))
        assert client.get("/feed").status == 500
        with pytest.raises(VerificationError, match=r"no whole answer came from .*[Rr]efused"):
            server.verify()


def test_forwarding_to_the_server_itself_is_stopped_at_once(server: FeedServer) -> None:
    server.add("/loop", Forward(server.base_url))
    with RawClient(server) as client:
        assert client.get("/loop").status == 500
    assert [request.path for request in server.requests] == ["/loop", "/loop"]
    with pytest.raises(VerificationError, match="leads back to this server; forward to another one"):
        server.verify()


@pytest.mark.parametrize(
    ("to", "message"),
    [
        ("https://127.0.0.1:1", "Forward(to=…) is 'https://127.0.0.1:1'; give the address of a server of this machine"),
        ("127.0.0.1:1", "Forward(to=…) is '127.0.0.1:1'; give the address"),
        ("http://127.0.0.1:x", "Forward(to=…) is 'http://127.0.0.1:x' (Port could not be cast"),
        ("http://192.0.2.1:1", "which is no address of this machine; give the address of a server of this machine, "
         "such as 'http://127.0.0.1:9000', or fetch a fixture once, with feedserver record"),
        ("http://127.0.0.1:1?a", "give the address of a server of this machine"),
    ],
)  # fmt: skip
def test_anything_but_an_http_address_of_this_machine_is_refused(to: str, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        Forward(to)


HEAD = "HTTP/1.1 200 OK\r\n"
OK = "Content-Length: 2\r\n\r\nok"


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (f"{HEAD}: no name\r\n{OK}", "a line of its head is no header"),
        (f"{HEAD}X A: 1\r\n{OK}", "a line of its head is no header"),
        (f"{HEAD}X-\u00e9: 1\r\n{OK}", "a line of its head is no header"),
        (f"{HEAD}Content-Length: 20\r\n{OK}", "several lengths (2, 20"),
        (f"{HEAD}Transfer-Encoding: gzip, chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", "only chunked is read"),
        (f"{HEAD}Transfer-Encoding: chunked \r\n\r\n2\r\nok\r\n0\r\n\r\n", "only chunked is read"),
        (f"{HEAD}Transfer-Encoding:\r\n\r\n2\r\nok\r\n0\r\n\r\n", "only chunked is read"),
        (f"{HEAD}Transfer-Encoding: chunked\r\n\r\n-2\r\nok\r\n0\r\n\r\n", "no whole answer came"),
        (f"{HEAD}Transfer-Encoding: chunked\r\n\r\n0x2\r\nok\r\n0\r\n\r\n", "no whole answer came"),
        *(
            (f"{HEAD}Transfer-Encoding: chunked\r\n\r\n{chunks}", "no whole answer came")
            for chunks in (
                "2\nok\r\n0\r\n\r\n",
                "2\r\nok\r\n0\n\r\n",
                "2;\nok\r\n0\r\n\r\n",
                "2\r\nok\r\n0\r\nX\r\n\r\n",
                "2\r\nok\r\n0\r\n X-A: b\r\n\r\n",
            )
        ),
        (f"{HEAD}Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n", "no whole answer came"),
        (f"HTTP/1.1 103 A\r\nno header\r\n\r\n{HEAD}{OK}", "a line of its head is no header"),
        (f"HTTP/1.1 103 A\r\n X-A: b\r\n\r\n{HEAD}{OK}", "a line of its head is no header"),
        (f"{HEAD}Content-Length: 2, 3\r\n\r\nok", "several lengths (2, 3"),
        (f"{HEAD}Content-Length: 3, 3\r\n\r\nok", "it ended 1 bytes early"),
        (f"{HEAD}Content-Length: +2\r\n\r\nok", "its Content-Length is '+2'"),
        (f"{HEAD}X-A: a\rX-B: b\r\n{OK}", "has a CR or NUL within"),
        (f"{HEAD}X-A: a\0b\r\n{OK}", "has a CR or NUL within"),
        (f"{HEAD}From ada\r\n{OK}", "a line of its head is no header"),
        (f"{HEAD}X-A: b\r\nFrom ada\r\n\r\nok", "a line of its head is no header"),
        (f"HTTP/1.1 200 O\0K\r\n{OK}", "has a CR or NUL within"),
        (f"HTTP/1.x 200 OK\r\n{OK}", "'HTTP/1.x 200 OK\\\\r\\\\n' is no status line"),
        (f" {HEAD}{OK}", "is no status line"),
        (f"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 +20 OK\r\n{OK}", "'HTTP/1.1 +20 OK\\\\r\\\\n' is no status line"),
        ("HTTP/1.1 200 OK", "it ended within its head"),
        (HEAD, "it ended within its head"),
        (f"{HEAD}X-A: b", "it ended within its head"),
        ("", "no whole answer came"),
        (f"{HEAD}X-A: {'b' * 70_000}\r\n{OK}", "got more than 65536 bytes when reading header line"),
        (f"{HEAD}X-A: {{base}}\r\n{OK}", "a placeholder"),
        (f"{HEAD}X-A: {{date+2h}}\r\n{OK}", "a placeholder"),
    ],
)
def test_an_answer_that_cannot_be_passed_on_unchanged_fails_the_test(server: FeedServer, answer: str, why: str) -> None:
    with answering(answer) as port:
        server.add("/raw", Forward(f"http://127.0.0.1:{port}"))
        with RawClient(server) as client:
            assert client.get("/raw").status == 500
    with pytest.raises(VerificationError, match=re.escape(why)):
        server.verify()


@pytest.mark.parametrize(("length", "body"), [("2, 2", b"ok"), ("0,0", b""), ("2", b"ok")])
def test_a_body_ends_where_a_list_of_equal_lengths_says(server: FeedServer, length: str, body: bytes) -> None:
    with answering(f"{HEAD}Content-Length: {length}\r\n\r\nok, and more") as port:
        server.add("/raw", Forward(f"http://127.0.0.1:{port}"))
        with RawClient(server) as client:
            client.ask("/raw", "Connection: close")
            client.read_head()
            assert client.read_to_end() == body


@pytest.mark.parametrize("kind", ["multipart/mixed; boundary=a", "multipart/mixed"])
def test_a_multipart_answer_is_passed_on(server: FeedServer, kind: str) -> None:
    with answering(f"{HEAD}Content-Type: {kind}\r\n{OK}") as port:
        server.add("/raw", Forward(f"http://127.0.0.1:{port}"))
        with RawClient(server) as client:
            assert client.get("/raw").body == b"ok"


@pytest.mark.parametrize("reason", ["Página".encode(), "Página".encode("latin-1")])
def test_the_bytes_of_a_reason_phrase_are_passed_on(server: FeedServer, reason: bytes) -> None:
    with answering(f"HTTP/1.1 404 {reason.decode('latin-1')}\r\n{OK}") as port:
        server.add("/raw", Forward(f"http://127.0.0.1:{port}"))
        with RawClient(server) as client:
            client.ask("/raw")
            assert client.read_head().startswith(b"HTTP/1.1 404 " + reason + b"\r\n")


def test_an_answer_without_content_may_name_the_coding_that_it_would_have(server: FeedServer) -> None:
    with answering("HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n") as port:
        server.add("/raw", Forward(f"http://127.0.0.1:{port}"))
        with RawClient(server) as client:
            assert client.get("/raw").status == 304


def test_a_length_beside_chunks_is_not_passed_on(server: FeedServer) -> None:
    head = f"{HEAD}Transfer-Encoding: chunked\r\nContent-Length: 50\r\n\r\n"
    with answering(f"{head}2\r\nok\r\n0\r\n\r\n") as port:
        server.add("/raw", Forward(f"http://127.0.0.1:{port}"))
        with RawClient(server) as client:
            answer = client.get("/raw")
    assert (answer.body, answer.headers["Content-Length"]) == (b"ok", "2")


@contextmanager
def answering(answer: str) -> Iterator[int]:
    """Run a server that gives these bytes to its first client; yield its port."""

    def serve() -> None:
        with listening.accept()[0] as connection:
            while b"\r\n\r\n" not in connection.recv(65536):
                pass
            connection.sendall(answer.encode("latin-1"))

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=serve)
        thread.start()
        yield listening.getsockname()[1]
        thread.join(10)
