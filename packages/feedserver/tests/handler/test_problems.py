"""Nothing goes wrong at a server in silence: each way in which it can is a problem that `verify` raises, or is none.

Each test breaks one thing and asks `verify`, and so does a `with` statement at its end.
"""

from __future__ import annotations

import os
import re
import socket
import ssl
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pytest

from feedserver import Exchange, Fault, FeedServer, Request, Response, VerificationError, broken
from feedserver.faults import Layer, Shaped
from feedserver.http import response_writer
from feedserver.messages.response import FileBody, file_stamp
from feedserver.messages.send_plan import Plan, Send, SendHead, Step
from feedserver.net import shared_loop
from feedserver.net.connection_state import State
from rawclient import RawClient

PATIENCE = 10.0
NO_LINGER = struct.pack("hh" if hasattr(socket, "SO_EXCLUSIVEADDRUSE") else "ii", 1, 0)
HINT = "\nA test that means it says server.allow('…'), or FeedServer(…, strict=False)."


@pytest.fixture
def strict(root: Path) -> Iterator[FeedServer]:
    """A server that minds everything. Whoever uses it takes its problems, which the end of the block would raise."""
    with FeedServer(root) as running:
        yield running


def problems_of(server: FeedServer) -> str:
    """What `verify` raises; it must raise something, and once."""
    with pytest.raises(VerificationError) as caught:
        server.verify()
    server.verify()
    return str(caught.value)


def reset(client: RawClient) -> None:
    """Leaves so that the server notices at once: a mere end of what the client sends may be no end of its listening."""
    client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
    client.socket.close()


def until(holds: Callable[[], bool]) -> None:
    """Lets the event loop turn until what the journal does not tell of has happened."""
    thread = shared_loop._current
    assert thread is not None
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline
        turned = threading.Event()
        thread.call(turned.set)
        assert turned.wait(PATIENCE)


# What goes wrong on the server's side, whether it is strict or not.


class Oops(Exception):
    """What the hooks below raise."""


@dataclass(frozen=True, slots=True)
class Raising(Fault):
    """A fault whose hook of that name raises."""

    hook: str = "shape"
    layer: ClassVar[Layer] = Layer.BODY

    @property
    def words(self) -> str:
        return f"raising in {self.hook}"

    def prepare(self, response: Response) -> Response:
        self._raise_in("prepare")
        return response

    def shape(self, _request: Request, response: Response) -> Shaped | None:
        self._raise_in("shape")
        return Shaped(response)

    def apply(self, plan: Plan) -> Plan:
        self._raise_in("apply")
        return self._misbehaving(plan)

    def _misbehaving(self, plan: Plan) -> Iterator[Step]:
        try:
            for number, step in enumerate(plan):
                if number == 1:
                    self._raise_in("plan")
                yield step
        finally:
            self._raise_in("close")

    def _raise_in(self, hook: str) -> None:
        if self.hook == hook:
            raise Oops(hook)


@pytest.mark.parametrize("is_strict", [True, False])
@pytest.mark.parametrize("through_callable", [False, True])
@pytest.mark.parametrize("hook", ["prepare", "shape"])
def test_a_hook_that_raises_before_the_answer_is_a_500_and_a_problem(
    hook: str, through_callable: bool, is_strict: bool
) -> None:
    response = Response("<rss/>", faults=[Raising(hook)])
    with FeedServer(strict=is_strict) as server, RawClient(server) as client:
        server.add("/feed", (lambda _: response) if through_callable else response)
        answer = client.get("/feed")
        assert answer.status == 500
        problem = problems_of(server)
        server.add("/alive", Response("alive"))
        assert client.get("/alive").body == b"alive", "the connection goes on"
    assert problem.startswith(f"GET /feed could not be answered: Oops('{hook}') at ")
    assert f"{Path(__file__).name}:" in problem
    assert problem == answer.body.decode().strip()


@pytest.mark.parametrize("through_callable", [False, True])
@pytest.mark.parametrize("hook", ["apply", "plan"])
def test_a_hook_that_raises_in_the_answer_drops_the_client_and_is_a_problem(hook: str, through_callable: bool) -> None:
    response = Response("<rss/>" * 1000, faults=[Raising(hook)])
    with FeedServer(strict=False) as server:
        server.add("/feed", (lambda _: response) if through_callable else response)
        with RawClient(server) as client:
            client.ask("/feed")
            assert b"<rss/>" not in client.read_to_end()
        exchange = server.journal.exchanges[0]
        assert (exchange.ended, exchange.error) == ("broken off", "Oops")
        assert problems_of(server).startswith(f"the answer to GET /feed was broken off by Oops('{hook}') at ")
        server.add("/alive", Response("alive"))
        with RawClient(server) as client:
            assert client.get("/alive").body == b"alive"


def test_a_plan_that_raises_when_it_is_closed_is_a_problem() -> None:
    with FeedServer(strict=False) as server:
        server.add("/feed", Response("<rss/>", delay=3600, faults=[Raising("close")]))
        client = RawClient(server)
        client.ask("/feed")
        server.wait_for("/feed")
        reset(client)
        assert server.journal.exchanges[0].ended.startswith("client left")
        assert problems_of(server).startswith("the answer to GET /feed was broken off by Oops('close') at ")


def test_a_fault_that_raises_where_it_breaks_a_connection_is_a_problem() -> None:
    with FeedServer(strict=False) as server:
        server.on_connect(Raising("apply"), None)
        server.add("/alive", Response("alive"))
        with RawClient(server) as client:
            assert client.read_to_end() == b""
        assert problems_of(server).startswith("a connection was broken off by Oops('apply') at ")
        with RawClient(server) as client:
            assert client.get("/alive").body == b"alive"


class Unspeakable(Exception):
    """Its repr raises."""

    def __repr__(self) -> str:
        raise Oops


def quits(_request: Request) -> Response:
    sys.exit(3)


def fails_the_test(_request: Request) -> Response:
    pytest.fail("not like this")


def asserts(request: Request) -> Response:
    assert request.method == "POST"
    return Response()


def cannot_say_why(_request: Request) -> Response:
    raise Unspeakable


def makes_no_response(_request: Request) -> Response:
    return Response({"a": 1})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (quits, r"raised SystemExit\(3\) at .* for GET /feed"),
        (fails_the_test, "raised .*not like this.* for GET /feed"),
        (asserts, "raised AssertionError\\(.*\\) at .* for GET /feed"),
        (cannot_say_why, "raised Unspeakable \\(whose repr raised Oops\\) at .* for GET /feed"),
        (lambda _: None, "returned None for GET /feed; return a Response"),
        (lambda _: b"<rss/>", "returned b'<rss/>' for GET /feed; return a Response"),
        (makes_no_response, "raised TypeError\\(.*json.dumps.*\\) at .* for GET /feed"),
        (lambda _: Response(coding="brotli?"), "brotli"),
    ],
)
def test_a_callable_that_fails_in_any_way_is_a_500_at_once_and_a_problem(
    answer: Callable[..., Response], words: str
) -> None:
    with FeedServer(strict=False, callable_timeout=3600) as server, RawClient(server) as client:
        server.add("/feed", answer)
        assert client.get("/feed").status == 500
        assert re.search(words, problems_of(server), re.DOTALL)


def test_a_callable_that_fails_after_its_client_has_left_fails_the_test() -> None:
    release = threading.Event()

    def fails_late(_request: Request) -> Response:
        release.wait(PATIENCE)
        raise Oops

    def leaves() -> None:
        with FeedServer() as server:
            server.add("/feed", fails_late)
            with RawClient(server) as client:
                client.ask("/feed")
                server.wait_for("/feed")
            threading.Timer(0.05, release.set).start()
        server.verify()

    with pytest.raises(VerificationError, match=r"fails_late .* raised Oops\(\) at .* for GET /feed"):
        leaves()


def waits_for(release: threading.Event) -> Callable[[Request], Response]:
    def overruns(_request: Request) -> Response:
        release.wait(PATIENCE)
        return Response()

    return overruns


def test_a_callable_that_overruns_its_time_is_a_problem_even_if_its_client_has_left() -> None:
    release = threading.Event()
    with FeedServer(strict=False, callable_timeout=0.05) as server:
        server.add("/feed", waits_for(release))
        client = RawClient(server)
        client.ask("/feed")
        server.wait_for("/feed")
        reset(client)
        assert server.journal.exchanges[0].ended.startswith("client left")
        until(lambda: bool(server.site.problems._kept))
        release.set()
        assert re.search("overruns .* did not answer GET /feed within 0.05 s", problems_of(server))


def test_a_callable_that_still_runs_when_its_server_has_stopped_is_a_problem() -> None:
    release = threading.Event()
    server = FeedServer(strict=False, callable_timeout=0.05).start()
    server.add("/feed", waits_for(release))
    with RawClient(server) as client:
        client.ask("/feed")
        server.wait_for("/feed")
        with pytest.warns(UserWarning, match="overruns .* still runs 0.05 s after its server was stopped"):
            server.stop()
    release.set()
    assert re.search("overruns .* still runs 0.05 s after its server was stopped", problems_of(server))


def test_a_callable_that_no_thread_is_left_for_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    start = threading.Thread.start

    def refuses(thread: threading.Thread) -> None:
        if "answers" in thread.name:
            raise RuntimeError("can't start new thread")  # as CPython does, where the system has none left
        start(thread)

    def answers(_request: Request) -> Response:
        return Response()

    with FeedServer(strict=False) as server:
        server.add("/feed", answers)
        monkeypatch.setattr(threading.Thread, "start", refuses)
        with RawClient(server) as client:
            client.ask("/feed")
            assert client.read_to_end() == b""
        monkeypatch.undo()
        with RawClient(server) as client:
            assert client.get("/feed").status == 200
        assert 'was broken off by RuntimeError("can\'t start new thread")' in problems_of(server)


@pytest.mark.parametrize("count", [1, 500])
@pytest.mark.parametrize("fault", ["nothing", "interim 103", "trailers"])
def test_however_many_requests_are_pipelined_each_is_answered(count: int, fault: str) -> None:
    from feedserver import faults

    with FeedServer() as server, RawClient(server) as client:
        server.add("/feed", Response("<rss/>", faults=faults.parse(fault)))
        client.send(b"GET /feed HTTP/1.1\r\nHost: a\r\n\r\n" * (count - 1))
        client.send(b"GET /feed HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        assert client.read_to_end().count(b"HTTP/1.1 200 OK") == count
        assert [each.ended for each in server.journal.exchanges] == ["complete"] * count
        server.verify()


@pytest.mark.parametrize("method", ["stop", "start", "refuse", "accept"])
def test_a_listener_that_would_wait_for_its_own_loop_is_a_problem_and_no_deadlock(method: str) -> None:
    with FeedServer(strict=False) as server, RawClient(server) as client:
        other = FeedServer()
        call = getattr(other if method == "start" else server, method)
        server.journal.listener = lambda _: call()
        server.add("/feed", Response("<rss/>"))
        assert client.get("/feed").body == b"<rss/>"
        assert server.journal.exchanges[0].ended == "complete"
        assert f"{method}() was called on the event loop, by the journal's listener or a fault" in problems_of(server)
        server.journal.listener = None
        assert client.get("/feed").body == b"<rss/>"
        assert not other.is_running


def test_a_listener_that_raises_is_a_problem_and_no_client_notices() -> None:
    def listens(_exchange: Exchange) -> None:
        raise Oops

    with FeedServer(strict=False) as server, RawClient(server) as client:
        server.journal.listener = listens
        server.add("/feed", Response("<rss/>"))
        for _ in range(2):
            assert client.get("/feed").body == b"<rss/>"
        assert server.journal.exchanges[-1].ended == "complete"
        server.journal.wait_until(lambda: len(server.journal.changes.failures) >= 2, PATIENCE)
        assert re.fullmatch(
            r"the journal's listener raised Oops\(\) at .*test_problems.py:\d+ for GET /feed", problems_of(server)
        )


def test_a_listener_that_exits_does_not_end_the_event_loop() -> None:
    with FeedServer(strict=False) as server, RawClient(server) as client:
        server.journal.listener = lambda _: sys.exit(1)
        server.add("/feed", Response("<rss/>"))
        for _ in range(3):
            assert client.get("/feed").body == b"<rss/>"
        # An answer is sent before the listener hears of it.
        assert server.journal.wait_until(lambda: len(server.journal.changes.failures) >= 3, PATIENCE)
        server.journal.listener = None
        assert "raised SystemExit(1)" in problems_of(server)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_exception_on_the_event_loop_is_a_problem_of_each_server(caplog: pytest.LogCaptureFixture) -> None:
    def fails() -> None:
        raise Oops

    told = threading.Event()
    with FeedServer(strict=False) as one, FeedServer(strict=False) as other:
        thread = shared_loop._current
        assert thread is not None
        thread.call(fails)
        thread.call(told.set)
        assert told.wait(PATIENCE)
        for server in (one, other):
            assert re.fullmatch(r"the servers' event loop met Oops\(\) at .*test_problems.py:\d+", problems_of(server))
    assert "Exception in callback" in caplog.text, "asyncio's own log has the traceback"


def test_a_file_that_shrinks_while_it_is_sent_is_a_problem(root: Path) -> None:
    file = root / "big.xml"
    with file.open("wb") as target:
        target.truncate(3_000_000)
    with FeedServer(strict=False) as server, RawClient(server) as client:
        server.add("/feed", Response(FileBody(file, 5_000_000)))
        client.ask("/feed")
        client.read_to_end()
        assert server.journal.exchanges[0].ended == "broken off"
        assert problems_of(server).startswith(
            f"the answer to GET /feed was broken off by BodyChanged('{file} has become shorter: 3,000,000 of 5,000,000"
        )


def test_a_file_that_is_changed_while_it_is_sent_is_a_problem(root: Path) -> None:
    file = root / "big.xml"
    with file.open("wb") as target:
        target.truncate(20_000_000)
    with FeedServer(root, strict=False) as server, RawClient(server) as client:
        client.ask("/big.xml")
        client.read_head()
        with file.open("r+b") as target:
            target.write(b"<other/>")
        os.utime(file, (1, 1))
        assert len(client.read_to_end()) <= 20_000_000
        # Which it is depends on whether it was opened by then.
        assert server.journal.exchanges[0].ended == "broken off"
        assert server.journal.exchanges[0].error in ("BodyChanged", "OSError")
        assert re.search("big.xml (was changed while it was sent|has changed since it was read)", problems_of(server))


def test_a_file_that_is_changed_after_its_first_bytes_is_told_at_its_last(tmp_path: Path) -> None:
    file = tmp_path / "big.xml"
    file.write_bytes(b"a" * 1_000_000)
    response = Response(FileBody(file, 1_000_000, stamp=file_stamp(file.stat())))
    steps = response_writer.plan(response_writer.make_head(None, response, True), response, "GET")
    assert isinstance(next(steps), SendHead)
    assert isinstance(next(steps), Send), "some of the body"
    os.utime(file, (1, 1))
    with pytest.raises(response_writer.BodyChanged, match="was changed while it was sent"):
        list(steps)


def test_a_file_that_is_another_than_was_read_is_a_problem(root: Path) -> None:
    file = root / "big.xml"
    with file.open("wb") as target:
        target.truncate(3_000_000)
    with FeedServer(root, strict=False) as server, RawClient(server) as client:
        server.add("/feed", server.fixture("big.xml"))
        assert len(client.get("/feed").body) == 3_000_000
        with file.open("wb") as target:
            target.truncate(4_000_000)
        os.utime(file, (1, 1))
        assert client.get("/feed").status == 500
        assert f"{file} has changed since it was read; read it again, with server.fixture(…)" in problems_of(server)
        assert len(client.get("/big.xml").body) == 4_000_000, "the folder's file is read again"


def test_a_file_that_is_gone_when_it_is_sent_is_a_problem(root: Path) -> None:
    file = root / "big.xml"
    with file.open("wb") as target:
        target.truncate(3_000_000)
    with FeedServer(root, strict=False) as server, RawClient(server) as client:
        server.add("/feed", server.fixture("big.xml"))
        file.unlink()
        assert client.get("/feed").status == 500
        assert "big.xml: [Errno 2] No such file or directory" in problems_of(server)


def test_a_fault_that_could_not_strike_is_a_problem(root: Path) -> None:
    from feedserver.faults import Reset

    def asks() -> None:
        with FeedServer(root) as server, RawClient(server) as client:
            server.add("/feed", broken(Response("short"), Reset(after=5000)))
            assert client.get("/feed").body == b"short"
            server.verify()

    with pytest.raises(VerificationError, match="was not injected"):
        asks()


# What goes wrong on the client's side, where the server is strict.

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
def test_a_request_that_is_refused_is_a_problem_and_the_test_can_say_that_it_means_it(
    sent: bytes, status: int, words: str
) -> None:
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

    with FeedServer() as server, RawClient(server) as client:
        server.allow("no such words", re.escape(words))
        client.send(sent)
        assert client.read().status == status


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


def test_half_a_request_that_waits_too_long_is_a_problem() -> None:
    with FeedServer(idle_timeout=0.05) as server, RawClient(server) as client:
        client.send(b"GET /x")
        assert client.read().status == 408
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
def test_half_a_request_that_the_server_s_stop_ends_is_a_problem(sent: bytes, part: str) -> None:
    server = FeedServer().start()
    with RawClient(server) as client:
        client.send(sent)
        until(lambda: any(each.is_mid_request for each in server.listening.connections.copy()))
        server.stop()
    assert server.journal.exchanges[0].ended == "server stopped"
    assert f"the client stopped in the middle of the request's {part}; the server stopped." in problems_of(server)


def test_a_connection_that_is_kept_when_the_server_stops_is_none() -> None:
    server = FeedServer().start()
    server.add("/feed", Response("<rss/>"))
    with RawClient(server) as client:
        client.get("/feed")
        server.stop()
    server.verify()


@pytest.mark.parametrize("stops", [False, True])
def test_half_a_handshake_that_waits_too_long_or_until_the_server_stops_is_a_problem(stops: bool) -> None:
    server = FeedServer(tls=True, idle_timeout=3600 if stops else 0.05).start()
    with RawClient(server) as client:
        client.send(b"\x16\x03\x01\x02\x00")
        if stops:
            until(lambda: any(each._tls for each in server.listening.connections.copy()))
            server.stop()
        assert client.read_to_end() == b""
    words = "the server stopped" if stops else "the client sent nothing for too long"
    assert problems_of(server).startswith(f"{words} in the middle of the TLS handshake.")
    server.stop()


def tls_client(server: FeedServer) -> tuple[ssl.SSLSocket, socket.socket]:
    """A client that speaks TLS, and the same connection without it."""
    plain = socket.create_connection((server.host, server.port), timeout=PATIENCE)
    wire = plain.dup()
    wire.settimeout(PATIENCE)
    return server.client_context().wrap_socket(plain, server_hostname="localhost"), wire


@pytest.mark.parametrize("is_answered", [False, True])
def test_a_client_that_breaks_tls_is_a_problem_and_its_answer_ends(is_answered: bool) -> None:
    with FeedServer(tls=True) as server:
        server.add("/feed", Response("<rss/>" * 100, delay=0.05))
        client, wire = tls_client(server)
        with client, wire:
            if is_answered:
                client.sendall(b"GET /feed HTTP/1.1\r\nHost: a\r\n\r\n")
                server.wait_for("/feed")
            wire.sendall(b"\x17\x03\x03\x00\x20" + b"z" * 32)
            while wire.recv(1000):
                pass
        if is_answered:
            assert server.journal.exchanges[0].ended.startswith("client left")
        assert problems_of(server).startswith("TLS failed: ")


def test_a_client_that_says_that_nothing_follows_is_answered_in_kind() -> None:
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


def test_a_client_that_says_so_and_then_sends_its_fin_still_gets_its_answer() -> None:
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


def test_a_client_that_says_so_in_the_middle_of_a_request_is_a_problem() -> None:
    with FeedServer(tls=True) as server:
        client, wire = tls_client(server)
        with client, wire:
            client.sendall(b"POST /feed HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc")
            with pytest.raises(ssl.SSLError):  # the refusal comes, and not the end that `unwrap` waits for
                client.unwrap()
        assert "in the middle of the request's body; it was answered with 400." in problems_of(server)


def test_a_client_that_does_not_trust_the_server_is_a_problem_with_the_remedy() -> None:
    with FeedServer(tls=True) as server:
        plain = socket.create_connection((server.host, server.port), timeout=PATIENCE)
        with pytest.raises(ssl.SSLCertVerificationError):
            ssl.create_default_context().wrap_socket(plain, server_hostname="localhost")
        plain.close()
        server.journal.wait_until(lambda: bool(server.journal.exchanges), PATIENCE)
        assert "one that is to trust the server needs server.ca_bundle or server.client_context()." in problems_of(
            server
        )


@pytest.mark.parametrize(
    ("resets", "problem"),
    [
        (False, "the client left in the middle of the TLS handshake.\n"),
        (True, "the connection broke in the middle of the TLS handshake: "),
    ],
)
def test_a_client_that_leaves_in_the_middle_of_the_handshake_is_a_problem(resets: bool, problem: str) -> None:
    context = ssl.create_default_context()
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    handshake = context.wrap_bio(incoming, outgoing, server_hostname="localhost")
    with pytest.raises(ssl.SSLWantReadError):
        handshake.do_handshake()
    hello = outgoing.read()
    with FeedServer(tls=True) as server:
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


@pytest.mark.parametrize(
    "fault",
    ["slow body", "short content-length", "reset after 512", "stall after headers", "early answer", "endless headers"],
)
def test_a_fault_that_cannot_break_a_connection_before_any_request_is_a_problem(fault: str) -> None:
    from feedserver import faults

    with FeedServer(strict=False) as server:
        server.on_connect(faults.parse(fault))
        server.add("/feed", Response("<rss/>"))
        with RawClient(server) as client:
            client.get("/feed")
        problem = problems_of(server)
        assert problem.startswith(f"on_connect: the fault '{faults.parse(fault)}' was not injected: before any request")


@pytest.mark.parametrize("when", ["on request 2", "on every 2nd request", "from request 3", "with probability 0.5"])
def test_a_fault_of_connections_has_no_trigger_of_its_own(when: str) -> None:
    from feedserver import faults

    with pytest.raises(ValueError, match="counts connections by its arguments; give 'reset before answer' alone"):
        FeedServer().on_connect(faults.parse(f"reset before answer {when}"))


@pytest.mark.parametrize("when", ["on request 2", "on every 2nd request", "from request 2"])
def test_a_trigger_that_never_comes_is_refused(when: str, root: Path) -> None:
    from feedserver import faults

    never = broken(Response("1"), faults.parse(f"reset at end {when}"))
    server = FeedServer(root, strict=False)
    with pytest.raises(
        ValueError, match=f"the fault 'reset at end {when}' is never triggered, since its response is given"
    ):
        server.add("/feed", never, Response("2"))
    server.add("/feed", Response("1"), never)  # the last one stays
    timeline = root / "news.xml"
    timeline.mkdir()
    (timeline / "1.xml").write_text(f"<!--\nFault: reset at end {when}\n--><rss/>")
    (timeline / "2.xml").write_text("<rss/>")
    with server, RawClient(server) as client:
        assert client.get("/news.xml").status == 500
        assert f"the fault 'reset at end {when}' is never triggered: this file is sent once" in problems_of(server)


# What is no problem.


def test_a_handshake_that_fails_on_purpose_is_none() -> None:
    with FeedServer(tls="self-signed") as server:
        plain = socket.create_connection((server.host, server.port), timeout=PATIENCE)
        with pytest.raises(ssl.SSLCertVerificationError):
            server.client_context().wrap_socket(plain, server_hostname="localhost")
        plain.close()
        server.journal.wait_until(lambda: bool(server.journal.exchanges), PATIENCE)


def test_a_client_that_gives_up_on_an_answer_is_none(strict: FeedServer) -> None:
    strict.add("/slow", Response("<rss/>", delay=3600))
    strict.add("/long", Response("<rss/>" * 5_000_000))
    for path in ("/slow", "/long"):
        client = RawClient(strict)
        client.ask(path)
        strict.wait_for(path)
        reset(client)
        assert strict.journal.filter(path)[0].ended.startswith("client left")


def test_a_client_that_connects_and_says_nothing_is_none(strict: FeedServer) -> None:
    for _ in range(2):
        RawClient(strict).socket.close()
    strict.add("/x", Response("x"))
    with RawClient(strict) as client:
        assert client.get("/x").body == b"x"


def test_an_answer_that_is_an_error_on_purpose_is_none(strict: FeedServer) -> None:
    strict.add("/gone", Response(status=410), Response(status=500), Response(auth="Bearer t"))
    with RawClient(strict) as client:
        assert [client.get("/gone").status for _ in range(3)] == [410, 500, 401]


def test_a_body_that_an_early_answer_cut_is_none(strict: FeedServer) -> None:
    from feedserver.faults import parse

    strict.add("/up", Response("early", faults=[parse("early answer")]))
    client = RawClient(strict)
    client.ask("/up", "Content-Length: 1000", method="POST", body=b"abc")
    assert client.read().body == b"early"
    reset(client)
    until(lambda: not strict.listening.connections)


# Who raises it.


def test_a_with_statement_leaves_it_to_verify_and_verify_may_come_after_it() -> None:
    with FeedServer() as server, RawClient(server) as client:
        assert client.get("/none").status == 404

    with pytest.raises(VerificationError, match="GET /none: nothing answers"):
        server.verify()


def test_a_failure_of_the_blocks_own_stays_and_is_told_of_the_rest() -> None:
    def asks() -> None:
        with FeedServer() as server, RawClient(server) as client:
            client.get("/none")
            raise Oops

    with pytest.raises(Oops) as caught:
        asks()
    assert caught.value.__notes__[0].startswith("The server found these problems:\nGET /none: nothing answers.")


def test_what_a_test_has_asserted_is_not_raised_again() -> None:
    with FeedServer() as server, RawClient(server) as client:
        client.get("/none")
        with pytest.raises(VerificationError, match="GET /none: nothing answers"):
            server.verify()
        server.verify()


def test_what_is_allowed_is_searched_for_in_the_whole_message() -> None:
    with FeedServer() as server, RawClient(server) as client:
        server.allow(r"^GET /a: nothing answers", r"server\.add\('/b'")
        for path in ("/a", "/b", "/c"):
            client.get(path)
        problem = problems_of(server)
    assert problem.startswith("GET /c: nothing answers.") and "/a" not in problem and "/b" not in problem
