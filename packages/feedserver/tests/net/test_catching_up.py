"""A test that asks what has come, or ends the server, finds all that clients had sent before."""

from __future__ import annotations

import os
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import count

import pytest

from feedserver import Ended, Exchange, FeedServer, Gate, Request, Response, VerificationError
from feedserver.faults import EarlyAnswer, Reset, Stall, parse
from feedserver.net import catching_up, connection, http1
from feedserver.net.catching_up import MOST_TURNS, MUCH, TURNS_OF_A_QUEUE, Turns
from feedserver.net.poller import new_poller
from feedserver.net.shared_loop import LoopThread
from feedserver.net.socket_loop import SocketLoop
from rawclient import RawClient

pytestmark = pytest.mark.skipif(
    os.name == "nt", reason="Windows tells that a read is complete, not that one is possible"
)

ROUNDS = 30
"""Without the wait, half of the requests are missing: a test of 30 rounds passes by chance once in many years."""

PATIENCE = 10.0


def on_a_new_connection(server: FeedServer) -> RawClient:
    client = RawClient(server)
    client.ask("/late")
    return client


def on_an_old_connection(server: FeedServer) -> RawClient:
    client = RawClient(server)
    client.get("/known")
    client.ask("/late")
    return client


def behind_much_data(server: FeedServer) -> RawClient:
    client = RawClient(server)
    client.get("/known")
    client.ask("/known", "Content-Length: 300000", method="POST", body=b"x" * 300_000)  # more than is read at a time
    client.ask("/late")
    return client


def in_a_queue(server: FeedServer) -> RawClient:
    others = [RawClient(server) for _ in range(100)]
    client = RawClient(server)
    client.ask("/late")
    for other in others:
        other.socket.close()
    return client


Send = Callable[[FeedServer], RawClient]
sent_late = pytest.mark.parametrize(
    "send", [on_a_new_connection, on_an_old_connection, behind_much_data, in_a_queue], ids=lambda send: send.__name__
)


@pytest.fixture
def late_server() -> Iterator[FeedServer]:
    """Yield a server for which "/late" is a path that nothing answers."""
    server = FeedServer()
    server.add("/known", Response("x"))
    yield server
    server.stop()


@sent_late
@pytest.mark.parametrize("act", [FeedServer.stop, FeedServer.close_client_connections, FeedServer.refuse])
def test_a_request_that_was_sent_before_connections_end_is_journalled(
    late_server: FeedServer, send: Send, act: Callable[[FeedServer], None]
) -> None:
    for _ in range(ROUNDS):
        late_server.start()
        client = send(late_server)
        act(late_server)
        late_server.stop()
        client.socket.close()
        assert [request.path for request in late_server.requests].count("/late") == 1
        with pytest.raises(VerificationError, match="GET /late: nothing answers"):
            late_server.verify()
        late_server.journal.clear()


@pytest.mark.parametrize("act", [FeedServer.stop, FeedServer.close_client_connections])
def test_requests_that_wait_behind_an_answer_under_way_are_journalled(
    late_server: FeedServer, act: Callable[[FeedServer], None]
) -> None:
    late_server.start()
    late_server.add("/slow", Response("x", delay=PATIENCE))
    with RawClient(late_server) as client:
        client.ask("/slow")
        late_server.wait_for("/slow")
        client.send(b"GET /known HTTP/1.1\r\nHost: x\r\n\r\n" * 12_000)  # more than is read during an answer
        client.ask("/late")
        act(late_server)
    assert [request.path for request in late_server.requests] == ["/slow", *["/known"] * 12_000, "/late"]
    late_server.verify()


def test_requests_behind_an_answer_with_a_reset_are_journalled(
    late_server: FeedServer,
) -> None:
    gate = Gate()

    def answer(request: Request) -> Response:
        gate.wait()
        return Response("x", faults=Reset(at="end"))

    late_server.start()
    late_server.add("/reset", answer)
    with RawClient(late_server) as client:
        client.ask("/reset")
        client.send(b"GET /known HTTP/1.1\r\nHost: x\r\n\r\n" * 12_000)
        client.ask("/late")
        gate.open()
        late_server.wait_for("/late", timeout=PATIENCE)
    assert len(late_server.requests) == 12_002
    late_server.verify()


@pytest.mark.parametrize("fault", ["close after headers", "close after 3", "close at end", "garbage", "reset at end"])
def test_a_request_behind_an_answer_is_journalled_before_the_answer_ends_the_connection(
    late_server: FeedServer, fault: str
) -> None:
    at_the_end: list[str] = []

    def listener(exchange: Exchange) -> None:
        if exchange.path == "/ended":
            at_the_end.extend(request.path for request in late_server.requests)

    late_server.start()
    late_server.journal.listener = listener
    late_server.add("/ended", Response("abcdef", faults=parse(fault)))
    expectation = late_server.expect("/late", times=0)
    with RawClient(late_server) as client:
        client.send(b"".join(b"GET %s HTTP/1.1\r\nHost: x\r\n\r\n" % path for path in (b"/ended", b"/late")))
        assert late_server.wait_for("/ended")[0].ended
        assert at_the_end == ["/ended", "/late"]
        late_server.assert_requested("/late", count=1)
        assert not expectation.is_met
        expectation.is_checked = True
        late_server.verify()


def test_requests_behind_an_answer_that_raises_are_journalled_before_its_end(
    late_server: FeedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate()
    monkeypatch.setattr(http1, "BACKLOG", 10)

    def body() -> Iterator[bytes]:
        yield b"abc"
        gate.wait()
        raise ValueError("broken")

    late_server.start()
    late_server.allow("broken")
    late_server.add("/broken", Response(body))
    with RawClient(late_server) as client:
        client.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # nothing waits for an acknowledgement
        client.ask("/broken")
        client.read_head()
        client.ask("/known")
        late_server.verify()  # which waits until that is read
        client.ask("/late")
        gate.open()
        assert late_server.wait_for("/broken")[0].ended is Ended.BROKEN_OFF
        late_server.assert_requested("/late", count=1)
    late_server.verify()


def test_requests_of_a_client_that_leaves_before_its_answer_are_journalled(
    late_server: FeedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate()
    monkeypatch.setattr(http1, "BACKLOG", 10)

    def answer(request: Request) -> Response:
        gate.wait()
        return Response("x")

    late_server.start()
    late_server.add("/slow", answer)
    with RawClient(late_server) as client:
        client.ask("/slow")
        late_server.wait_for("/slow")
        client.ask("/known")
        late_server.verify()  # which waits until that is read
        client.ask("/known")
        client.ask("/late")
    gate.open()
    late_server.wait_for("/late", timeout=PATIENCE)
    assert len(late_server.requests) == 4
    late_server.verify()


def test_data_left_unread_behind_an_answer_under_way_is_a_problem(
    late_server: FeedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "MOST_WAITING", 10)
    late_server.start()
    late_server.add("/slow", Response("x", delay=PATIENCE))
    with RawClient(late_server) as client:
        client.ask("/slow")
        client.send(b"GET /known HTTP/1.1\r\nHost: x\r\n\r\n" * 12_000)
        late_server.stop()
    with pytest.raises(VerificationError, match="only 10 bytes were read of what a client had sent behind an answer"):
        late_server.verify()
    unknown = (
        "it is unknown how often /other was requested: only 10 bytes were read of .* an answer under way; call journal"
    )
    with pytest.raises(AssertionError, match=unknown):
        late_server.assert_not_requested("/other")


@pytest.mark.parametrize("fault", ["stall after 3", "slow body 1 bytes every 1s"])
def test_no_client_is_blamed_for_the_rest_of_a_body_that_was_answered_early(
    late_server: FeedServer, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    monkeypatch.setattr(connection, "MOST_WAITING", 10)
    late_server.start()
    late_server.add("/early", Response("abcdef", faults=(EarlyAnswer(), parse(fault))))
    with RawClient(late_server) as client:
        client.ask("/early", "Content-Length: 500000", method="POST")
        client.read_head()
        client.send(b"x" * 500_000)
        late_server.assert_not_requested("/late")
        late_server.stop()
    late_server.verify()


@pytest.mark.parametrize("tls", [False, True])
def test_a_request_behind_an_answer_that_never_ends_is_journalled(tls: bool) -> None:
    with FeedServer(tls=tls) as server:
        server.add("/stalled", Response("abcdef", faults=Stall(after=3)))
        with RawClient(server) as client:
            if tls:
                client.socket = server.client_context().wrap_socket(client.socket, server_hostname="localhost")
            client.ask("/stalled")
            client.read_head()
            server.wait_for("/stalled")
            client.ask("/late")
        server.verify()
        stalled, late = server.journal.exchanges
        assert (stalled.ended, late.ended) == (Ended.STALLED, Ended.CLIENT_LEFT)
        assert str(late.request) == "GET /late"


def test_a_client_that_floods_a_stalled_answer_is_read_up_to_a_limit() -> None:
    with FeedServer() as server:
        server.add("/stalled", Response("abcdef", faults=Stall(after=3)))
        with RawClient(server) as client:
            client.ask("/stalled")
            client.read_head()
            line = b"GET /late HTTP/1.1\r\nHost: x\r\n\r\n"
            client.send(line * 40_000)
            assert server.journal.wait_until(lambda: bool(server.site.problems.kept), PATIENCE)
        assert server.journal.filter("/stalled")[0].ended is Ended.STALLED
        with pytest.raises(VerificationError) as raised:
            server.verify()
        assert re.fullmatch(
            r"only [23]\d\d,\d{3} bytes were kept of what a client had sent behind GET /stalled, whose answer never "
            r"ended\.\nIf the test intends this, call .*",
            str(raised.value),
        )
        assert 0 < len(server.requests) < 20_000


def test_no_request_counts_as_absent_while_some_were_not_read_even_if_the_server_is_not_strict() -> None:
    with FeedServer(strict=False) as server:
        server.add("/stalled", Response("abcdef", faults=Stall(after=3)))
        expected = server.expect("/other", times=0)
        with RawClient(server) as client:
            client.ask("/stalled")
            client.read_head()
            client.send(b"GET /late HTTP/1.1\r\nHost: x\r\n\r\n" * 40_000)
            assert server.journal.wait_until(lambda: bool(server.journal.unread), PATIENCE)
        assert server.journal.filter("/stalled")[0].ended is Ended.STALLED
        unknown = r"^it is unknown (how often|whether) /other.* only [23]\d\d,\d{3} bytes were kept .* call journal"
        with pytest.raises(AssertionError, match=unknown):
            server.assert_not_requested("/other")
        with pytest.raises(AssertionError, match=unknown):
            expected.verify()
        server.verify()
        server.journal.clear()
        server.assert_not_requested("/other")


def test_requests_that_were_not_read_after_the_journal_was_cleared_do_not_count_as_absent() -> None:
    with FeedServer(strict=False) as server:
        server.add("/stalled", Response("abcdef", faults=Stall(after=3)))
        with RawClient(server) as client:
            client.ask("/stalled")
            client.read_head()
            client.send(b"GET /late HTTP/1.1\r\nHost: x\r\n\r\n" * 40_000)
            assert server.journal.wait_until(lambda: bool(server.journal.unread), PATIENCE)
            server.journal.clear()
            client.send(b"GET /other HTTP/1.1\r\nHost: x\r\n\r\n" * 40_000)
            assert server.journal.wait_until(lambda: bool(server.journal.unread), PATIENCE)
        assert server.journal.wait_until(lambda: bool(server.journal.filter("/late")), PATIENCE)
        with pytest.raises(AssertionError, match="it is unknown how often /other was requested: only"):
            server.assert_not_requested("/other")


@sent_late
def test_a_request_that_was_sent_before_verify_is_verified(late_server: FeedServer, send: Send) -> None:
    late_server.start()
    for _ in range(ROUNDS):
        client = send(late_server)
        with pytest.raises(VerificationError, match="GET /late: nothing answers"):
            late_server.verify()
        client.socket.close()


def test_a_request_that_was_sent_before_an_assertion_is_counted(late_server: FeedServer) -> None:
    late_server.start()
    late_server.add("/late", Response("x"))
    for number in range(1, ROUNDS):
        expectation = late_server.expect("/late", times=0)
        client = on_a_new_connection(late_server)
        if number % 3 == 0:
            assert not expectation.is_met
        elif number % 3 == 1:
            with pytest.raises(AssertionError, match="should not have been"):
                late_server.assert_not_requested("/late")
        else:
            late_server.assert_requested("/late", count=1)
        expectation.is_checked = True
        client.socket.close()
        late_server.journal.clear()


@pytest.mark.parametrize("under_way", ["slow", "callable", "stalled", "unread"])
def test_no_assertion_passes_while_a_request_waits_behind_an_answer_under_way(
    late_server: FeedServer, under_way: str
) -> None:
    gate = Gate()

    def answer(request: Request) -> Response:
        gate.wait()
        return Response("x")

    late_server.start()
    late_server.add("/slow", Response("x", delay=PATIENCE))
    late_server.add("/callable", answer)
    late_server.add("/stalled", Response("abcdef", faults=Stall(after=3)))
    late_server.add("/unread", Response("x" * 12_000_000))
    late_server.add("/late", Response("x"))
    none, some = late_server.expect("/late", times=0), late_server.expect(f"/{under_way}", at_least=1)
    in_order = late_server.expect_in_order(f"/{under_way}")
    with RawClient(late_server) as client:
        client.ask(f"/{under_way}")
        client.ask("/late")
        unknown = f"a client has sent more behind GET /{under_way}, which is still being answered; assert this when"
        calls: list[Callable[[], object]] = [
            lambda: late_server.assert_not_requested("/late"),
            lambda: late_server.assert_requested("/late"),
            lambda: late_server.assert_requested(f"/{under_way}", count=1),
            none.verify,
            in_order.verify,
        ]
        for call in calls:
            with pytest.raises(AssertionError, match=unknown):
                call()
        assert some.is_met
        late_server.assert_requested(f"/{under_way}")
        gate.open()
    late_server.stop()
    late_server.assert_requested("/late", count=1)
    assert not none.is_met


def test_neither_data_after_the_last_request_nor_empty_lines_count_as_a_waiting_request(
    late_server: FeedServer,
) -> None:
    late_server.start()
    late_server.add("/slow", Response("x", delay=PATIENCE))
    with RawClient(late_server) as client, RawClient(late_server) as other:
        client.ask("/slow", "Connection: close")
        client.ask("/late")
        other.ask("/slow", "Content-Length: 1", method="POST", body=b"x\r\n")
        late_server.wait_for("/slow", count=2)
        late_server.assert_not_requested("/late")


def test_clients_that_ask_without_end_block_neither_verify_nor_stop(late_server: FeedServer) -> None:
    late_server.start()
    ended = threading.Event()

    def ask_on_and_on() -> None:
        while not ended.is_set():
            try:
                with RawClient(late_server) as client:
                    client.get("/known")
                    client.get("/known")
            except OSError:
                return

    hammers = [threading.Thread(target=ask_on_and_on) for _ in range(4)]
    for hammer in hammers:
        hammer.start()
    late_server.wait_for("/known", count=20)
    for _ in range(ROUNDS):
        late_server.verify()
    late_server.stop()
    ended.set()
    for hammer in hammers:
        hammer.join()


def test_a_blocked_loop_is_reported(late_server: FeedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catching_up, "PATIENCE", 0.02)
    blocked, release = threading.Event(), threading.Event()

    def listener(exchange: object) -> None:
        blocked.set()
        release.wait(PATIENCE)

    late_server.start()
    late_server.journal.listener = listener
    with RawClient(late_server) as client:
        client.ask("/known")
        assert blocked.wait(PATIENCE)
        try:
            with pytest.raises(VerificationError, match=r"the event loop was blocked for 0\.02 s"):
                late_server.verify()
            with pytest.raises(AssertionError, match=r"the event loop was blocked for 0\.02 s"):
                late_server.assert_not_requested("/none")
        finally:
            release.set()


def test_a_listener_called_on_the_event_loop_may_verify_and_may_not_refuse() -> None:
    said: list[str] = []
    with FeedServer() as server, FeedServer() as other:

        def listener(exchange: object) -> None:
            other.verify()
            try:
                other.refuse()
            except RuntimeError as error:
                said.append(str(error))

        server.add("/stalled", Response("abcdef", faults=Stall(after=3)))
        server.journal.listener = listener
        with RawClient(server) as client:
            client.ask("/stalled")
            client.read_head()
            server.close_client_connections()
    assert len(said) == 1
    assert said[0].startswith("refuse() was called on the event loop, by the journal's listener or a fault")


def test_catching_up_reads_all_that_had_arrived_before_the_call() -> None:
    thread = LoopThread()
    near, far = socket.socketpair()
    try:
        near.setblocking(False)
        seen: list[bytes] = []
        thread.visit(lambda: thread.loop.add_reader(near.fileno(), lambda: seen.append(near.recv(1))))
        for count in range(1, 300):
            far.send(b"x")
            assert thread.catch_up() == ""
            assert len(seen) == count
    finally:
        thread.end()
        near.close()
        far.close()


class PausingPoller:
    """A poller of this system that calls *pause* after each wait, before it reports which sockets were ready."""

    def __init__(self, pause: Callable[[], None]) -> None:
        poller = new_poller()[0]
        self.register, self.modify, self.unregister = poller.register, poller.modify, poller.unregister
        self.close = poller.close
        self._poller = poller
        self._pause = pause

    def poll(self, timeout: float, max_events: int, /) -> list[tuple[int, int]]:
        """Wait, call *pause*, and then report which sockets were ready before it."""
        ready = self._poller.poll(timeout, max_events)
        self._pause()
        return ready


def test_catching_up_waits_for_a_turn_that_begins_after_the_call() -> None:
    seen: list[bytes] = []
    seen_at_the_return: list[int] = []
    waits = count(1)
    has_begun, goes_on, has_caught_up = threading.Event(), threading.Event(), threading.Event()

    def pause() -> None:
        if threading.current_thread() is not running:
            return
        match next(waits):
            case 1:  # the turn that has begun already reads nothing
                has_begun.set()
                assert goes_on.wait(PATIENCE)
            case 2:  # a return too early would come now
                has_caught_up.wait(0.05)

    def catch_up() -> None:
        assert catching_up.catch_up(loop) == ""
        seen_at_the_return.append(len(seen))
        has_caught_up.set()

    loop = SocketLoop(PausingPoller(pause), print)
    running, catching = threading.Thread(target=loop.run_forever), threading.Thread(target=catch_up)
    near, far = socket.socketpair()
    with near, far, closing(loop):
        near.setblocking(False)
        loop.add_reader(near.fileno(), lambda: seen.append(near.recv(1)))
        running.start()
        loop.call_soon_threadsafe(bool)  # ends the first wait
        assert has_begun.wait(PATIENCE)
        far.send(b"x")
        catching.start()
        while len(loop._soon) < 2 and catching.is_alive():  # until `catch_up` has asked for a call
            time.sleep(0.001)
        goes_on.set()
        catching.join(PATIENCE)
        loop.call_soon_threadsafe(loop.stop)
        running.join(PATIENCE)
    assert seen_at_the_return == [1]


def test_the_turns_for_a_queue_of_clients_that_is_never_empty_are_limited() -> None:
    turns = Turns()
    assert sum(turns.take(None) for _ in range(2 * TURNS_OF_A_QUEUE)) == TURNS_OF_A_QUEUE


def test_after_turns_with_much_data_one_more_turn_is_waited_for() -> None:
    turns = Turns()
    assert [turns.take(waiting) for waiting in (MUCH, MUCH, 1, 1)] == [True, True, True, False]


def test_the_turns_for_a_connection_with_endless_data_are_limited() -> None:
    turns = Turns()
    assert sum(turns.take(MUCH) for _ in range(2 * MOST_TURNS)) == MOST_TURNS
