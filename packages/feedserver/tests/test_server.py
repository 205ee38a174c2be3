"""The lifecycle of a server: it listens when `start` returns, and leaves nothing behind when `stop` returns."""

from __future__ import annotations

import gc
import socket
import sys
import threading
import time
import urllib.error
import urllib.request
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NoReturn

import pytest

from feedserver import FeedServer, PortTaken, Request, Response
from feedserver.net import binding, shared_loop
from feedserver.net.connection import Connection
from feedserver.net.listener import Listening
from feedserver.server import STOP_TIMEOUT
from rawclient import RawClient


def test_a_server_listens_before_the_next_line_and_not_after_the_block(root: Path, quiet_host: str) -> None:
    (root / "a.xml").write_text("hello")
    with FeedServer(root, host=quiet_host) as server:
        with urllib.request.urlopen(server.url("a.xml")) as answer:
            assert answer.read() == b"hello"
        port = server.port
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((quiet_host, port))


def test_a_server_needs_no_root() -> None:
    with FeedServer(strict=False) as server, RawClient(server) as client:
        server.add("/x", Response("x"))
        assert client.get("/x").body == b"x"
        assert client.get("/y").status == 404
        with pytest.raises(FileNotFoundError, match=r"there is no fixture a.xml: this server has no root"):
            server.fixture("a.xml")


def test_an_address_of_another_machine_is_refused(root: Path) -> None:
    with pytest.raises(OSError, match=r"cannot listen on 192.0.2.1 port 0: .*; use an address of this machine"):
        FeedServer(root, host="192.0.2.1").start()


def test_a_taken_port_is_named_with_the_remedy(root: Path) -> None:
    with FeedServer(root) as owner:
        port = owner.port
        with pytest.raises(PortTaken) as caught:
            FeedServer(root, port=port, bind_timeout=0.05).start()
    assert caught.value.strerror == (
        f"port {port} of 127.0.0.1 is taken, and stayed so for 0.05 s; stop what listens there, give a bind_timeout to "
        "wait for it, or use port=0 for a free one"
    )


def test_a_start_waits_for_the_old_owner_of_its_port(
    root: Path, quiet_host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_refused = threading.Event()
    listen = binding.listen

    def noting_listen(host: str, port: int) -> socket.socket:
        try:
            return listen(host, port)
        except OSError:
            is_refused.set()
            raise

    old = FeedServer(root, host=quiet_host).start()
    new = FeedServer(root, host=quiet_host, port=old.port, bind_timeout=10)
    monkeypatch.setattr(binding, "listen", noting_listen)
    with ThreadPoolExecutor(1) as pool:
        starting = pool.submit(new.start)
        assert is_refused.wait(10)
        old.stop()
        starting.result(timeout=10)
    new.stop()


def test_the_port_can_be_bound_at_once_again_even_with_clients_connected(root: Path, quiet_host: str) -> None:
    (root / "a.xml").write_text("hello")
    with FeedServer(root, host=quiet_host) as first:
        port = first.port
    for _ in range(20):
        with FeedServer(root, host=quiet_host, port=port) as server, RawClient(server) as client:
            assert client.get("/a.xml").body == b"hello"
            server.stop()
            assert server.is_running is False


def test_a_server_that_starts_again_keeps_its_journal(root: Path) -> None:
    server = FeedServer(root, strict=False)
    for count in (1, 2):
        with server, RawClient(server) as client:
            client.get("/x")
        assert len(server.requests) == count
    assert server.port == 0


def test_starting_twice_is_an_error_and_stopping_twice_is_not(root: Path) -> None:
    server = FeedServer(root)
    with pytest.raises(RuntimeError, match="the server has no address yet"):
        server.url("a.xml")
    with server:
        with pytest.raises(RuntimeError, match=r"the server already listens on http://127.0.0.1:\d+; stop it before"):
            server.start()
        server.stop()
        server.stop()


class Signalled(BaseException):
    """Stands for an exception of a signal handler, such as the one of pytest-timeout, which may come at any line."""


def signalled(*_: object, **__: object) -> NoReturn:
    raise Signalled


INTERRUPTED: list[tuple[object, str]] = [
    (shared_loop, "acquire"),
    (Listening, "open"),
    (threading.Thread, "start"),
]


@pytest.mark.slow
@pytest.mark.parametrize(("where", "what"), INTERRUPTED, ids=[what for _, what in INTERRUPTED])
def test_an_interrupted_start_leaves_nothing_and_the_next_one_succeeds(
    where: object, what: str, root: Path, quiet_host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if what == "start":
        # So that this server starts a thread for the loop, even if a fixture of a module keeps a server running.
        monkeypatch.setattr(shared_loop, "_current", None)
    server = FeedServer(root, host=quiet_host)
    server.add("/x", Response("x"))
    bound: list[int] = []
    bind = server.listening.bind

    def noting_bind(port: int, timeout: float) -> int:
        bound.append(bind(port, timeout))
        return bound[-1]

    monkeypatch.setattr(server.listening, "bind", noting_bind)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # a warning that a socket was not closed fails the test
        with monkeypatch.context() as patch:
            patch.setattr(where, what, signalled)
            with pytest.raises(Signalled):
                server.start()
        gc.collect()
    assert not server.is_running and server.port == 0
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((quiet_host, bound[0]), timeout=10)
    with server, RawClient(server) as client:
        assert client.get("/x").body == b"x"
    if what == "start":
        shared_loop._end_idle()


def test_an_interrupted_stop_is_finished_by_the_next_one(
    root: Path, quiet_host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = FeedServer(root, host=quiet_host).start()
    port = server.port
    with monkeypatch.context() as patch:
        patch.setattr(shared_loop.LoopThread, "visit", signalled)
        with pytest.raises(Signalled):
            server.stop()
    assert server.is_running
    server.stop()
    assert not server.is_running and server.port == 0
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((quiet_host, port), timeout=10)


@pytest.mark.parametrize("what", ["connection_lost", "forget"])
def test_a_stop_that_was_interrupted_while_it_closed_a_connection_is_finished_by_the_next_one(
    what: str, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with FeedServer(root) as server, RawClient(server) as client:
        server.add("/x", Response("x"))
        assert client.get("/x").body == b"x"
        with monkeypatch.context() as patch:
            patch.setattr(Connection if what == "connection_lost" else Listening, what, signalled)
            with pytest.raises(Signalled):
                server.stop()
        server.stop()
        assert not server.is_running
        assert [connection.state for connection in server.connections] == ["closed"]


def test_a_server_has_stopped_although_its_stop_warns_and_warnings_are_errors(root: Path) -> None:
    ends = threading.Event()
    server = FeedServer(root, callable_timeout=0.05)
    server.add("/slow", lambda _: Response(str(ends.wait(30))))
    with server, RawClient(server) as client:
        client.ask("/slow")
        server.wait_for("/slow")
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with pytest.raises(UserWarning, match=r"still runs 0\.05 s after its server was stopped"):
                server.stop()
        assert not server.is_running and server.port == 0
        ends.set()


def test_several_threads_may_stop_a_server_and_each_waits_until_it_has_stopped(root: Path, quiet_host: str) -> None:
    def stop(server: FeedServer, port: int) -> None:
        server.stop()
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((quiet_host, port), timeout=10)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(4) as pool:
            for _ in range(50):
                server = FeedServer(root, host=quiet_host).start()
                for stopped in [pool.submit(stop, server, server.port) for _ in range(4)]:
                    stopped.result(STOP_TIMEOUT)
                assert not server.is_running
    finally:
        sys.setswitchinterval(interval)


@pytest.mark.slow
def test_stop_ends_delayed_and_paced_answers_at_once(root: Path) -> None:
    with FeedServer(root) as server:
        server.add("/delayed", Response("x", delay=3600))
        server.add("/paced", Response("x" * 100, pace="1 bytes every 1h"))
        clients = [RawClient(server) for _ in range(3)]
        clients[0].ask("/delayed")
        clients[1].ask("/paced")
        server.wait_for(count=2)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            server.stop()
            gc.collect()
    assert {exchange.ended for exchange in server.journal.exchanges} == {"server stopped"}
    for client in clients:
        client.socket.close()


def test_many_servers_share_one_thread_and_leave_no_other(root: Path) -> None:
    before = set(threading.enumerate())
    servers = [FeedServer(root).start() for _ in range(20)]
    assert len({server.port for server in servers}) == 20
    assert sum(thread.name == "feedserver" for thread in threading.enumerate()) == 1
    for server in servers:
        server.stop()
    # A thread of an earlier test may have ended meanwhile.
    assert {thread for thread in threading.enumerate() if thread.name != "feedserver"} <= before


def test_many_client_threads_are_answered_and_journalled(root: Path) -> None:
    with FeedServer(root) as server:
        server.add("/x", Response("x" * 5000))

        def work(_: int) -> None:
            with RawClient(server) as client:
                for _ in range(20):
                    assert len(client.get("/x").body) == 5000

        with ThreadPoolExecutor(16) as pool:
            list(pool.map(work, range(16)))
        assert len(server.journal.filter("/x", status=200)) == 320


def test_a_callable_may_stop_the_server(root: Path) -> None:
    ended: list[BaseException | None] = []
    with FeedServer(root) as server:

        def stopping(request: Request) -> Response:
            try:
                server.stop()
            except BaseException as error:
                ended.append(error)
                raise
            ended.append(None)
            return Response()

        server.add("/stop", stopping)
        with RawClient(server) as client:
            client.ask("/stop")
            assert client.read_to_end() == b""
        begun = time.monotonic()
    assert ended == [None]
    assert time.monotonic() - begun < STOP_TIMEOUT, "a second stop waits until the server has stopped, and no longer"


def test_stop_called_in_a_callable_returns_while_another_thread_is_stopping_the_server(root: Path) -> None:
    cut = threading.Event()

    def stopping(_: Request) -> Response:
        cut.wait(STOP_TIMEOUT)
        server.stop()
        return Response()

    with FeedServer(root, callable_timeout=1) as server, RawClient(server) as client, ThreadPoolExecutor(1) as pool:
        server.add("/stop", stopping)
        client.ask("/stop")
        server.wait_for("/stop")
        pool.submit(lambda: cut.set() if client.read_to_end() == b"" else None)
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # a warning that a callable still runs fails the test
            server.stop()


@pytest.mark.parametrize(
    ("line", "headers", "reason"),
    [
        ("/", ["Origin: http://127.0.0.1"], "it has an Origin"),
        ("http://127.0.0.1/", [], "origin form only"),
        ("/", ["Host: evil.example"], "for the host evil.example"),
        ("/", ["Forwarded: for=192.0.2.1"], "it has Forwarded"),
        ("/", ["via: 1.1 front"], "it has via"),
        ("/", ["x-forwarded-for: 192.0.2.1"], "it has x-forwarded-for"),
    ],
)
def test_quit_is_refused_to_pages_proxies_and_rebound_names(
    root: Path, line: str, headers: list[str], reason: str
) -> None:
    with FeedServer(root, quit=True) as server, RawClient(server) as client:
        host = [] if any(header.startswith("Host") for header in headers) else [f"Host: {client.host}"]
        client.send("\r\n".join([f"QUIT {line} HTTP/1.1", *host, *headers, "", ""]).encode())
        answer = client.read()
        assert answer.status == 403
        assert reason in answer.body.decode()
        assert not server.quit_requested.is_set()


def test_quit_is_an_ordinary_method_if_it_is_not_allowed(server: FeedServer) -> None:
    with RawClient(server) as client:
        assert client.get("/", method="QUIT").status == 404
    assert not server.quit_requested.is_set()


def test_an_index_answers_for_a_slash(server: FeedServer, root: Path) -> None:
    (root / "blog").mkdir()
    (root / "blog" / "index.xml").write_text("blog")
    (root / "index.atom").write_text("root")
    with RawClient(server) as client:
        assert client.get("/blog/").body == b"blog"
        assert client.get("/").body == b"root"
        assert client.get("/blog").status == 404
