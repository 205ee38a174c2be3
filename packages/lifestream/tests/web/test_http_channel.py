"""Clients that send many requests at once, read answers late or never, frame a body without an end, or send bodies that
are too large or too many.
"""

from __future__ import annotations

import errno
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from io import BytesIO
from typing import Any, Final
from urllib.request import urlopen

import pytest
from waitress.buffers import TempfileBasedBuffer
from waitress.channel import ClientDisconnected
from waitress.server import create_server

from interruption import interrupt_main_thread
from lifestream.page_limits import LONGEST_HEAD
from lifestream.web import wsgi_server
from lifestream.web.http_channel import MOST_DISCARDED, REFUSED, OneAnswerChannel, close_silent
from lifestream.web.request_framing import LONGEST_FRAMING, BoundedParser
from lifestream.web.wsgi_server import serve

_LARGE: Final = bytes(32 << 20)
"""More bytes than the buffers of a connection, and than waitress by default keeps before it lets a thread wait."""
_ASKED: Final = b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n"


def _application(environ: Any, start_response: Any) -> list[bytes]:
    body = _LARGE if environ["PATH_INFO"] == "/large" else environ["PATH_INFO"].encode()
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]


def _serving(client: Callable[[str, int], None], application: Any = _application, **options: Any) -> None:
    """Serve *application* while *client* runs with the address and the port. Raises what it raises."""
    raised: list[BaseException] = []
    threads: list[threading.Thread] = []
    has_ended = threading.Event()

    def ready(address: str) -> None:
        def run() -> None:
            try:
                client(address, int(address.rstrip("/").rpartition(":")[2]))
            except BaseException as error:  # noqa: BLE001  it is raised below
                raised.append(error)
            finally:
                if not has_ended.is_set():
                    interrupt_main_thread()

        threads.append(threading.Thread(target=run))
        threads[0].start()

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        serve(application, "127.0.0.1", 0, ready, threads=1, **options)
    finally:
        has_ended.set()
        signal.signal(signal.SIGINT, before)
        threads[0].join(60)
    if raised:
        raise raised[0]


def _connected(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), 60)


def test_a_client_that_reads_no_answer_does_not_block_others() -> None:
    read: list[bytes] = []
    made: list[str] = []
    is_asked = threading.Event()

    def noting(environ: Any, start_response: Any) -> list[bytes]:
        made.append(environ["PATH_INFO"])
        is_asked.set()
        return _application(environ, start_response)

    def client(address: str, port: int) -> None:
        with _connected(port) as greedy:
            greedy.sendall(_ASKED * 3)
            assert is_asked.wait(60)
            with urlopen(f"{address}small", timeout=60) as answer:
                read.append(answer.read())

    _serving(client, noting)
    assert (read, made) == ([b"/small"], ["/large", "/small"])


@pytest.mark.slow
def test_a_client_that_reads_no_answer_is_closed_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    impatient = partial(create_server, channel_timeout=1, cleanup_interval=1)  # seconds, in place of 120 and 30
    monkeypatch.setattr(wsgi_server, "create_server", impatient)
    is_closed = threading.Event()
    close = OneAnswerChannel.handle_close

    def noting(channel: OneAnswerChannel) -> None:
        close(channel)
        is_closed.set()

    monkeypatch.setattr(OneAnswerChannel, "handle_close", noting)

    def client(_address: str, port: int) -> None:
        with _connected(port) as greedy:
            greedy.sendall(_ASKED * 3)
            assert is_closed.wait(60)

    _serving(client)


def test_requests_that_come_together_are_answered_in_their_order() -> None:
    paths = [f"/{number}" for number in range(30)]
    read: list[bytes] = []

    def client(_address: str, port: int) -> None:
        with _connected(port) as connection:
            connection.sendall(b"".join(f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode() for path in paths))
            with connection.makefile("rb") as answers:
                read.extend(_body(answers) for _ in paths)

    _serving(client)
    assert read == [path.encode() for path in paths]


@pytest.mark.parametrize("options", ["close", "CLOSE", "keep-alive, Close", "close,x"])
def test_a_request_after_one_that_closes_the_connection_is_not_answered(options: str) -> None:
    read: list[bytes] = []

    def client(_address: str, port: int) -> None:
        with _connected(port) as connection:
            connection.settimeout(5)
            connection.sendall(
                f"GET /1 HTTP/1.1\r\nHost: a\r\nConnection: {options}\r\n\r\n".encode()
                + b"GET /2 HTTP/1.1\r\nHost: a\r\n\r\n"
            )
            with connection.makefile("rb") as answers:
                read.extend((_body(answers), answers.read()))

    _serving(client)
    assert read == [b"/1", b""]


def _in_pieces(environ: Any, start_response: Any) -> Iterator[bytes]:
    start_response("200 OK", [("Content-Length", "4")] if environ["PATH_INFO"] == "/of-known-length" else [])
    yield from (b"/a", b"/b")


def _without_length(_environ: Any, start_response: Any) -> list[bytes]:
    start_response("404 Not Found", [])
    return [b"/a/b"]


def _as_file(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [("Content-Length", "4")])
    return environ.get("wsgi.file_wrapper", iter)(BytesIO(b"/a/b"))


@pytest.mark.parametrize("application", [_application, _in_pieces, _without_length, _as_file])
def test_an_answer_to_head_has_no_body(application: Any) -> None:
    """A client would take the body for the next answer."""
    read: list[bytes] = []

    def client(_address: str, port: int) -> None:
        with _connected(port) as connection:
            asked = b" /of-known-length HTTP/1.1\r\nHost: a\r\n\r\n"
            connection.sendall(b"HEAD" + asked + b"GET" + asked)
            with connection.makefile("rb") as answers:
                read.extend(iter(lambda: answers.readline().strip(), b""))
                read.append(answers.readline())

    _serving(client, application)
    *head, next_line = read
    length = next(line for line in head if line.startswith(b"Content-Length:"))
    assert length == (b"Content-Length: 16" if application is _application else b"Content-Length: 4")
    assert next_line == head[0] + b"\r\n"


@pytest.mark.parametrize("version", [b"1.0", b"1.1"])
def test_an_answer_to_head_of_unknown_length_has_no_last_chunk(version: bytes) -> None:
    read: list[bytes] = []

    def client(_address: str, port: int) -> None:
        with _connected(port) as connection:
            connection.sendall(b"HEAD /a HTTP/" + version + b"\r\nHost: a\r\n\r\n")
            with connection.makefile("rb") as answers:
                read.append(answers.read().partition(b"\r\n\r\n")[2])

    _serving(client, _in_pieces)
    assert read == [b""]


def test_a_refusal_of_head_that_the_application_answers_has_no_body() -> None:
    read: list[bytes] = []

    def client(_address: str, port: int) -> None:
        with _connected(port) as connection:
            connection.sendall(b"HEAD /a HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000\r\n\r\n")
            with connection.makefile("rb") as answers:
                read.append(answers.read().partition(b"\r\n\r\n")[2])

    _serving(client, answers_refusals=True)
    assert read == [b""]


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        (b"Cookie: a=b", b"200"),
        (b"Content-Length: 0", b"200"),
        (b"Content-Length: x", b"400"),
        (b"Content-Length: 6\r\nTransfer-Encoding: chunked", b"400"),
        (b"Content-Length: 1000000000", b"413"),
        (b"Content-Length: 1", b"100"),
        (b"Transfer-Encoding: chunked", b"100"),
    ],
)
def test_only_a_request_with_a_body_that_is_read_is_continued(fields: bytes, status: bytes) -> None:
    """If a request that has ended were continued, the next one on the connection would be read as a part of it."""
    read: list[bytes] = []

    def client(_address: str, port: int) -> None:
        with _connected(port) as connection:
            connection.sendall(b"POST /1 HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n" + fields + b"\r\n\r\n")
            with connection.makefile("rb") as answers:
                read.append(answers.readline().split()[1])
                if read == [b"200"]:
                    read.append(_body(answers))
                    connection.sendall(b"GET /2 HTTP/1.1\r\nHost: a\r\n\r\n")
                    read.append(_body(answers))

    _serving(client)
    assert read == [status, *([b"/1", b"/2"] if status == b"200" else [])]


def test_a_request_is_continued_once_all_earlier_ones_are_answered() -> None:
    read: list[bytes] = []

    def client(_address: str, port: int) -> None:
        with _connected(port) as connection, connection.makefile("rb") as answers:
            asked = b"".join(b"GET /%d HTTP/1.1\r\nHost: a\r\n\r\n" % number for number in (1, 2, 3))
            to_continue = b"POST /4 HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\n"
            connection.sendall(asked + to_continue)
            read.extend(_body(answers) for _ in range(3))
            read.append(answers.readline() + answers.readline())
            connection.sendall(b"x")
            read.append(_body(answers))

    _serving(client)
    assert read == [b"/1", b"/2", b"/3", b"HTTP/1.1 100 Continue\r\n\r\n", b"/4"]


def test_a_thread_that_has_answered_leaves_it_to_the_loop_to_continue_a_request() -> None:
    """waitress closes the connection there if the client is gone, in the middle of the loop over all connections."""
    with _connection() as (channel, client):
        channel.requests.append(BoundedParser(channel.adj))  # it is being answered
        channel.received(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\n")
        channel.requests.clear()
        client.close()
        thread = threading.Thread(target=channel.send_continue)
        thread.start()
        thread.join(60)
        assert channel.connected
        assert channel.writable()
        channel.handle_write()
        assert not channel.connected


def test_a_client_that_leaves_before_a_malformed_request_is_answered_causes_no_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with _connection() as (channel, client):
        request = BoundedParser(channel.adj)
        request.received(b"GET\r\n\r\n")
        channel.requests.append(request)
        client.close()

        def leave(_data: object) -> int:
            raise ClientDisconnected

        monkeypatch.setattr(channel, "write_soon", leave)
        channel.service()
        assert channel.close_when_flushed
        assert not channel.requests


@pytest.mark.parametrize("framing", [b"1;a=", b"1\r\na\r\n0\r\nX: "], ids=["a chunk's size", "the trailer"])
def test_framing_without_an_end_is_refused(framing: bytes) -> None:
    read: list[bytes] = []

    def client(_address: str, port: int) -> None:
        with _connected(port) as connection:
            connection.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + framing)
            with connection.makefile("rb") as answers:
                connection.sendall(b"x" * (LONGEST_FRAMING + 1))
                read.append(answers.readline())

    _serving(client)
    assert read == [b"HTTP/1.1 400 Bad Request\r\n"]


@pytest.mark.parametrize(
    ("length", "status"), [(LONGEST_HEAD // 2, b"200 OK"), (LONGEST_HEAD, b"431 Request Header Fields Too Large")]
)
def test_a_head_that_is_too_long_is_refused(length: int, status: bytes) -> None:
    read: list[bytes] = []

    def client(_address: str, port: int) -> None:
        with _connected(port) as connection:
            connection.sendall(b"GET /1 HTTP/1.1\r\nHost: a\r\nX: " + b"x" * length + b"\r\n\r\n")
            with connection.makefile("rb") as answers:
                read.append(answers.readline().partition(b" ")[2])

    _serving(client)
    assert read == [status + b"\r\n"]


def test_framing_of_a_usual_length_is_read() -> None:
    read: list[bytes] = []

    def client(_address: str, port: int) -> None:
        with _connected(port) as connection:
            connection.sendall(
                b"POST /1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                b"1;a=" + b"x" * 8_000 + b"\r\na\r\n0\r\nX: " + b"x" * 8_000 + b"\r\n\r\n"
            )
            with connection.makefile("rb") as answers:
                read.append(_body(answers))

    _serving(client)
    assert read == [b"/1"]


@pytest.mark.skipif(os.name == "nt", reason="files of Windows have no such numbers")
def test_files_with_large_numbers_do_not_block_clients() -> None:
    answered: list[bytes] = []

    def client(address: str, port: int) -> None:
        with urlopen(f"{address}small", timeout=60) as answer:
            answered.append(answer.read())

    with _many_files():
        _serving(client)
    assert answered == [b"/small"]


def _body(answers: Any) -> bytes:
    """Read one answer, and return its body."""
    length = 0
    while line := answers.readline().strip():
        if line.lower().startswith(b"content-length:"):
            length = int(line.partition(b":")[2])
    return bytes(answers.read(length))


@contextmanager
def _many_files() -> Iterator[None]:
    """Open so many files that the next one has a number above 1,023, which `select` refuses."""
    import resource

    least, most = 1_200, resource.getrlimit(resource.RLIMIT_NOFILE)
    if most[1] != resource.RLIM_INFINITY and most[1] < least:
        pytest.skip(f"at most {most[1]} files may be open here")
    if most[0] < least:
        resource.setrlimit(resource.RLIMIT_NOFILE, (least, most[1]))
    opened: list[int] = []
    try:
        while not opened or opened[-1] < 1_024:
            opened.append(os.open(os.devnull, os.O_RDONLY))
        yield
    finally:
        for each in opened:
            os.close(each)
        resource.setrlimit(resource.RLIMIT_NOFILE, most)


def test_nothing_is_read_between_two_answers_while_requests_wait() -> None:
    """Otherwise a client could have several more requests kept waiting for each answer that it reads."""
    sockets: dict[int, Any] = {}
    server: Any = create_server(_application, map=sockets, host="127.0.0.1", port=0, channel_request_lookahead=0)
    ours, theirs = socket.socketpair()
    channel = OneAnswerChannel(server, ours, ("127.0.0.1", 1), server.adj, map=sockets)
    try:
        assert channel.readable()
        channel.received(_ASKED * 3)
        assert not channel.readable()
        channel.requests.clear()  # the first is answered, and its answer was taken
        assert not channel.readable()
    finally:
        channel.handle_close()
        theirs.close()
        server.task_dispatcher.shutdown()
        server.close()


_MIB: Final = 1 << 20


@contextmanager
def _channels(number: int, *, most_body: int) -> Iterator[list[OneAnswerChannel]]:
    """Yield connections of a server that answers nothing, since its loop does not run."""
    sockets: dict[int, Any] = {}
    options: dict[str, Any] = {"max_request_body_size": most_body, "inbuf_overflow": 1024}
    server: Any = create_server(_application, map=sockets, host="127.0.0.1", port=0, **options)
    server.add_task = lambda _channel: None
    pairs = [socket.socketpair() for _ in range(number)]
    made = [OneAnswerChannel(server, ours, ("127.0.0.1", 1), server.adj, map=sockets) for ours, _ in pairs]
    try:
        yield made
    finally:
        for channel in made:
            for request in channel.requests:
                request.close()
            channel.handle_close()
        for _, theirs in pairs:
            theirs.close()
        server.task_dispatcher.shutdown()
        server.close()


def _send(channel: OneAnswerChannel, size: int, *, of: int, moment: float) -> None:
    channel.received(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % of)
    for start in range(0, size, 65_536):
        channel.received(bytes(min(65_536, size - start)))
    channel.last_activity = moment


def test_of_too_many_bodies_those_that_stopped_first_are_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lifestream.web.http_channel.MOST_KEPT", 6 * _MIB)
    with _channels(5, most_body=3 * _MIB) as (first, second, third, idle, honest):
        for moment, channel in enumerate((second, first, third)):
            _send(channel, 2 * _MIB - 1, of=2 * _MIB, moment=moment)
        idle.last_activity = -1
        _send(honest, 2 * _MIB, of=2 * _MIB, moment=4)
        assert [each.will_close for each in (first, second, third, idle, honest)] == [False, True, False, False, False]
        assert [request.error for request in honest.requests] == [None]
        assert honest.kept == 2 * _MIB
        second.handle_close()
        assert second.kept == 0


def test_a_body_for_which_no_space_can_be_made_is_answered_with_503(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lifestream.web.http_channel.MOST_KEPT", 6 * _MIB)
    with _channels(4, most_body=3 * _MIB) as (*waiting, last):
        for channel in waiting:
            _send(channel, 2 * _MIB, of=2 * _MIB, moment=0)  # complete, so it is answered
        _send(last, 2 * _MIB, of=2 * _MIB, moment=1)
        assert [each.will_close for each in (*waiting, last)] == [False] * 4
        assert [getattr(request.error, "code", None) for request in last.requests] == [503]


def test_a_single_body_of_the_largest_size_is_always_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lifestream.web.http_channel.MOST_KEPT", _MIB)
    with _channels(1, most_body=4 * _MIB) as (only,):
        _send(only, 4 * _MIB - 1, of=4 * _MIB - 1, moment=0)  # waitress refuses one of *most_body* bytes
        assert [request.error for request in only.requests] == [None]


def test_of_too_many_answers_those_that_nobody_reads_are_given_up() -> None:
    with _channels(3, most_body=10) as (first, second, third):
        for moment, channel in enumerate((second, third, first)):
            channel.total_outbufs_len = 2 * _MIB  # as if the client read nothing
            channel.last_activity = moment
        assert close_silent((first, second, third), 5 * _MIB)
        assert [each.will_close for each in (first, second, third)] == [False, True, False]
        assert close_silent((first, second, third), 5 * _MIB)
        assert [each.will_close for each in (first, second, third)] == [False, True, False]


@contextmanager
def _connection() -> Iterator[tuple[OneAnswerChannel, socket.socket]]:
    """Yield a connection, on which nothing is answered by itself, and the client's end of it."""
    ours, theirs = socket.socketpair()
    with _channels(1, most_body=10) as (channel,), theirs:
        assert channel.socket is not None
        channel.socket.close()
        ours.setblocking(False)
        channel.socket = ours
        yield channel, theirs


def _take(channel: OneAnswerChannel, client: socket.socket, size: int) -> None:
    """Let *client* read *size* bytes of what *channel* sends."""
    while size > 0:
        channel.handle_write()
        size -= len(client.recv(min(size, 65_536)))


def test_a_long_answer_counts_until_all_of_it_is_received_and_is_deleted_then(monkeypatch: pytest.MonkeyPatch) -> None:
    """The file of an answer has all of its bytes until it is closed, whatever the client has read."""
    files: list[Any] = []
    make_file: Any = TempfileBasedBuffer.newfile

    def noting(buffer: object) -> Any:
        files.append(make_file(buffer))
        return files[-1]

    monkeypatch.setattr(TempfileBasedBuffer, "newfile", noting)
    with _connection() as (channel, client):
        channel.write_soon(bytes(4 * _MIB))
        _take(channel, client, 3 * _MIB)
        assert (channel.kept, [each.closed for each in files]) == (4 * _MIB, [False])
        _take(channel, client, _MIB)
        channel.handle_write()
        assert (channel.kept, [each.closed for each in files]) == (0, [True])
        assert not channel.writable()
        channel.write_soon(b"the next answer")  # which is sent at once
        assert client.recv(100) == b"the next answer"
        assert channel.writable()
        channel.handle_write()
        assert (channel.kept, channel.writable()) == (0, False)


def test_an_answer_that_is_not_complete_is_not_deleted() -> None:
    with _connection() as (channel, client):
        channel.requests.append(BoundedParser(channel.adj))  # it is being answered
        channel.write_soon(b"a")
        assert client.recv(100) == b"a"
        assert not channel.writable()
        assert channel.kept == 1


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EMFILE])
def test_an_answer_that_cannot_be_kept_ends_the_connection(monkeypatch: pytest.MonkeyPatch, error: int) -> None:
    """The number of bytes to send became negative, so that the loop never waited, and the connection stayed open."""
    read: list[bytes] = []

    def fail(_buffer: object) -> None:
        raise OSError(error, os.strerror(error))

    monkeypatch.setattr(TempfileBasedBuffer, "newfile", fail)

    def client(address: str, port: int) -> None:
        with _connected(port) as connection, connection.makefile("rb") as answers:
            connection.sendall(_ASKED)
            read.append(answers.readline())
            assert len(answers.read()) < len(_LARGE)
        with urlopen(f"{address}small", timeout=60) as answer:
            read.append(answer.read())

    _serving(client)
    assert read == [b"HTTP/1.1 200 OK\r\n", b"/small"]


@pytest.mark.slow
def test_clients_that_read_nothing_do_not_fill_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wsgi_server, "MOST_KEPT", 3 * len(_LARGE))
    read: list[bytes] = []

    def client(address: str, port: int) -> None:
        greedy = [_connected(port) for _ in range(6)]
        for each in greedy:
            each.sendall(_ASKED)
        with urlopen(f"{address}small", timeout=60) as answer:  # the last in the queue of one thread
            read.append(answer.read())
        is_cut = 0
        for each in greedy:
            with each, each.makefile("rb") as answers:
                try:
                    is_cut += len(_body(answers)) < len(_LARGE)
                except ConnectionError:
                    is_cut += 1
        read.append(b"cut" if is_cut >= 2 else b"%d are cut" % is_cut)

    _serving(client)
    assert read == [b"/small", b"cut"]


@pytest.mark.parametrize("chunked", [False, True])
def test_the_application_answers_a_body_that_is_too_large(chunked: bool) -> None:
    seen: list[Any] = []
    answers: list[bytes] = []

    def application(environ: Any, start_response: Any) -> list[bytes]:
        seen.append(
            (environ.get(REFUSED), environ["PATH_INFO"], environ["wsgi.input"].read(), "HTTP_COOKIE" in environ)
        )
        seen.append((environ["CONTENT_LENGTH"], "HTTP_TRANSFER_ENCODING" in environ))
        start_response("413 Too Large", [("Content-Length", "4")])
        return [b"page"]

    def client(_address: str, port: int) -> None:
        with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
            if chunked:
                framing = b"Transfer-Encoding: chunked\r\n\r\n" + b"3e8\r\n" + bytes(1000) + b"\r\n"
            else:
                framing = b"Content-Length: 1000000000\r\n\r\n"
            connection.sendall(b"POST /add HTTP/1.1\r\nHost: a\r\nCookie: a=b\r\n" + framing)
            while data := connection.recv(65536):
                answers.append(data)

    _serving(client, application, most_body=1000, answers_refusals=True)
    (status, path, body, has_cookies), framed = seen
    assert (status, path, has_cookies) == (413, "/add", True)
    assert framed == ("0", False) and len(body) <= 1000
    assert b"".join(answers).startswith(b"HTTP/1.1 413 Too Large\r\n") and answers[-1].endswith(b"page")


def test_the_application_sees_no_request_that_is_malformed_or_that_it_does_not_ask_for() -> None:
    answers: list[bytes] = []

    def application(_environ: Any, _start_response: Any) -> list[bytes]:
        raise AssertionError("called")

    def ask(request: bytes) -> Callable[[str, int], None]:
        def client(_address: str, port: int) -> None:
            with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
                connection.sendall(request)
                answers.append(connection.recv(65536)[:13])

        return client

    large = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000\r\n\r\n"
    _serving(ask(large), application, most_body=1000)
    _serving(ask(large.replace(b"1000000000", b"x")), application, most_body=1000, answers_refusals=True)
    assert answers == [b"HTTP/1.1 413 ", b"HTTP/1.1 400 "]


def _sent_whole(port: int, body: int) -> bytes:
    """Send a request with *body* bytes, all of them before the answer is read, as browsers do. Return the answer."""
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % body)
        for _ in range(body >> 20):
            connection.sendall(bytes(1 << 20))
        answer = b""
        while data := connection.recv(65536):
            answer += data
    return answer


@pytest.mark.parametrize("answers_refusals", [False, True])
def test_a_client_that_sends_all_of_a_refused_body_reads_the_answer(answers_refusals: bool) -> None:
    answers: list[bytes] = []

    def application(_environ: Any, start_response: Any) -> list[bytes]:
        start_response("413 Too Large", [("Content-Length", "4")])
        return [b"page"]

    def client(_address: str, port: int) -> None:
        answers.extend(_sent_whole(port, 32 << 20) for _ in range(5))

    _serving(client, application, most_body=1000, answers_refusals=answers_refusals)
    assert [answer[:13] for answer in answers] == [b"HTTP/1.1 413 "] * 5
    assert all(answer.endswith(b"page" if answers_refusals else b"(generated by lifestream)") for answer in answers)


def test_no_more_than_the_maximum_of_a_refused_body_is_discarded() -> None:
    def client(_address: str, port: int) -> None:
        with pytest.raises(ConnectionError):
            _sent_whole(port, 2 * MOST_DISCARDED)

    _serving(client, most_body=1000)
