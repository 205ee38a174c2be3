"""A test that asks what has come, or ends the server, finds all that clients had sent before."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable
from contextlib import closing
from itertools import count

import pytest

from feedserver import FeedServer, Response, VerificationError
from feedserver.faults import Stall
from feedserver.net import catching_up
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


@pytest.mark.slow
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


@pytest.mark.slow
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
