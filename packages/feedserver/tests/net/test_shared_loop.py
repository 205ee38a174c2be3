"""The loop thread that servers share, and other threads' visits to it."""

from __future__ import annotations

import asyncio
import selectors
import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from feedserver import FeedServer, Response
from feedserver.net import shared_loop
from feedserver.net.shared_loop import LoopThread
from rawclient import RawClient

DEADLINE = 10.0


@pytest.fixture
def thread() -> Iterator[LoopThread]:
    """Yield a loop thread for this test alone."""
    thread = LoopThread()
    yield thread
    thread.end()


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Yield two sockets that are connected to each other."""
    ends = socket.socketpair()
    for end in ends:
        end.setblocking(False)
    yield ends
    for end in ends:
        end.close()


def watch(thread: LoopThread, sock: socket.socket, *, seen: threading.Event) -> Callable[[], None]:
    """Return a visitor that makes the loop read from *sock*, and then set *seen*."""

    def read() -> None:
        sock.recv(100)
        seen.set()

    return lambda: thread.loop.add_reader(sock.fileno(), read)


def test_a_socket_that_a_visitor_watches_wakes_the_loop(
    thread: LoopThread, pair: tuple[socket.socket, socket.socket]
) -> None:
    seen = threading.Event()
    thread.visit(watch(thread, pair[0], seen=seen))
    pair[1].send(b"x")
    assert seen.wait(DEADLINE)


@pytest.mark.slow
@pytest.mark.parametrize("can_be_visited", [False, True])
def test_a_blocked_loop_never_calls_what_its_caller_has_given_up(
    thread: LoopThread, monkeypatch: pytest.MonkeyPatch, *, can_be_visited: bool
) -> None:
    """A server whose start has raised must not open anything later; asyncio's loop on Windows can't be visited."""
    monkeypatch.setattr(shared_loop, "PATIENCE", 1.0)
    if not can_be_visited:
        monkeypatch.setattr(thread, "_visitable", None)
    blocked, release = threading.Event(), threading.Event()

    def block() -> None:
        blocked.set()
        release.wait(60)

    called: list[str] = []
    thread.call(block)
    assert blocked.wait(DEADLINE)
    try:
        with pytest.raises(shared_loop.LoopBlocked):
            thread.do(lambda: called.append("too late"))
    finally:
        release.set()
    thread.do(lambda: called.append("in time"))
    assert called == ["in time"]


def test_a_socket_that_a_visitor_no_longer_watches_is_not_read(
    thread: LoopThread, pair: tuple[socket.socket, socket.socket]
) -> None:
    seen, passed = threading.Event(), threading.Event()
    thread.visit(watch(thread, pair[0], seen=seen))
    thread.visit(lambda: thread.loop.remove_reader(pair[0].fileno()))
    pair[1].send(b"x")
    thread.call(passed.set)
    assert passed.wait(DEADLINE)
    assert not seen.is_set()


def test_a_busy_loop_shuts_no_visitor_out(thread: LoopThread) -> None:
    turns = 0
    ended = threading.Event()

    def turn() -> None:
        nonlocal turns
        turns += 1
        if not ended.is_set():
            thread.loop.call_soon(turn)

    thread.call(turn)
    try:
        for _ in range(200):
            visited = threading.Event()
            visitor = threading.Thread(target=thread.visit, args=(visited.set,), daemon=True)
            visitor.start()
            assert visited.wait(DEADLINE)
            visitor.join()
    finally:
        ended.set()
    assert turns > 0


def test_a_visitor_and_the_loop_never_work_at_the_same_time(thread: LoopThread) -> None:
    at_work = 0
    most = 0
    ended = threading.Event()

    def work() -> None:
        nonlocal at_work, most
        at_work += 1
        most = max(most, at_work)
        time.sleep(0)  # lets other threads run in between
        at_work -= 1

    def turn() -> None:
        work()
        if not ended.is_set():
            thread.loop.call_soon(turn)

    def visit() -> None:
        for _ in range(100):
            thread.visit(work)

    thread.call(turn)
    visitors = [threading.Thread(target=visit) for _ in range(4)]
    for visitor in visitors:
        visitor.start()
    for visitor in visitors:
        visitor.join(DEADLINE)
    ended.set()
    assert not any(visitor.is_alive() for visitor in visitors)
    assert most == 1


def test_a_visitor_runs_in_its_own_thread_if_the_system_allows_visits(thread: LoopThread) -> None:
    ran: list[str] = []
    done = threading.Event()

    def note() -> None:
        ran.append(threading.current_thread().name)
        done.set()

    thread.visit(note)
    assert done.wait(DEADLINE)
    can_be_visited = hasattr(selectors, "EpollSelector") or hasattr(selectors, "KqueueSelector")
    assert ran == [threading.current_thread().name if can_be_visited else "feedserver"]


class Proactorlike(asyncio.SelectorEventLoop):
    """An asyncio loop that can't watch sockets, like the one on Windows."""

    def add_reader(self, fd: object, callback: object, *args: object) -> None:
        raise NotImplementedError


class ProactorThread(LoopThread):
    """A loop thread as on Windows."""

    def _new_loop(self) -> asyncio.AbstractEventLoop:
        return Proactorlike()


def test_servers_run_on_a_loop_that_cannot_watch_sockets(monkeypatch: pytest.MonkeyPatch) -> None:
    thread = ProactorThread()
    monkeypatch.setattr(shared_loop, "_current", thread)
    with FeedServer() as server, RawClient(server) as client:
        server.add("/feed", Response("<rss/>"))
        assert client.get("/feed").body == b"<rss/>"
        assert client.get("/feed").body == b"<rss/>"
        server.refuse()
        server.accept()
        with RawClient(server) as other:
            assert other.get("/feed").body == b"<rss/>"
        server.verify()
    assert [each.ended for each in server.journal.exchanges] == ["complete"] * 3
    thread.end()
