"""The servers that are compared, behind one interface: `with peer` opens what tests share, `cycle` is the part of one
test.

Each serves the same body on a free port of the loopback. Peers get the fastest setting that their documentation offers,
and log nothing. A peer's module is imported when the peer is used, so one that is not installed can be left out.
"""

from __future__ import annotations

import asyncio
import gc
import importlib
import importlib.util
import logging
import select
import socket
import socketserver
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from http.server import BaseHTTPRequestHandler, HTTPServer, ThreadingHTTPServer
from typing import Any, ClassVar, Self

HOST = "127.0.0.1"
PATH = "/feed.atom"
CONTENT_TYPE = "application/atom+xml"


class Peer:
    """A server under test. `with peer:` opens what tests share; `with peer.cycle() as port:` is one test's server."""

    name: ClassVar[str]
    needs: ClassVar[str] = ""
    """The module that this peer needs."""

    def __init__(self, body: bytes) -> None:
        self.body = body

    @classmethod
    def missing(cls) -> str:
        """Return why this peer cannot take part, "" if it can."""
        if cls.needs and importlib.util.find_spec(cls.needs) is None:
            return f"{cls.needs} is not installed (uv run --group bench …)"
        return ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Close nothing: most peers share nothing between tests."""

    def cycle(self) -> AbstractContextManager[int]:
        """Start a server, yield its port, and stop it."""
        raise NotImplementedError


class Feedserver(Peer):
    """This project, with a scripted route."""

    name = "feedserver"
    needs = "feedserver"

    @contextmanager
    def cycle(self) -> Iterator[int]:
        """Start and stop a server with a route."""
        from feedserver import FeedServer, Response

        with FeedServer() as server:
            server.add(PATH, Response(self.body, headers={"Content-Type": CONTENT_TYPE}))
            yield server.port


class FeedserverFolder(Peer):
    """This project, with a file in a folder: it is found, read and searched for directives anew in every cycle."""

    name = "feedserver, a folder"
    needs = "feedserver"

    def __enter__(self) -> Self:
        import tempfile
        from pathlib import Path

        self._folder = tempfile.TemporaryDirectory()
        Path(self._folder.name, PATH.strip("/")).write_bytes(self.body)
        return self

    def __exit__(self, *_: object) -> None:
        self._folder.cleanup()

    @contextmanager
    def cycle(self) -> Iterator[int]:
        """Start and stop a server of the folder."""
        from feedserver import FeedServer

        with FeedServer(self._folder.name) as server:
            yield server.port


class PytestHttpserver(Peer):
    """pytest-httpserver, started and stopped for each test. *threaded* lets it keep connections alive."""

    name = "pytest-httpserver"
    needs = "pytest_httpserver"
    threaded: ClassVar[bool] = False

    def _new(self) -> Any:
        # Werkzeug logs each request to standard error unless it is told not to.
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        return importlib.import_module("pytest_httpserver").HTTPServer(HOST, 0, threaded=self.threaded)

    def _expect(self, server: Any) -> None:
        server.expect_request(PATH).respond_with_data(self.body, content_type=CONTENT_TYPE)

    @contextmanager
    def cycle(self) -> Iterator[int]:
        """Start and stop a server with a handler."""
        server = self._new()
        self._expect(server)
        with server:
            yield server.port


class PytestHttpserverThreaded(PytestHttpserver):
    """pytest-httpserver with a thread a connection, which is what makes it speak HTTP/1.1."""

    name = "pytest-httpserver, threaded"
    threaded = True


class PytestHttpserverShared(PytestHttpserver):
    """pytest-httpserver as its fixture uses it: one server for the whole run, `clear()` after each test."""

    name = "pytest-httpserver, shared and cleared"

    def __enter__(self) -> Self:
        self._server = self._new()
        self._server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.stop()

    @contextmanager
    def cycle(self) -> Iterator[int]:
        """Add a handler to the shared server, yield its port, and remove the handler."""
        self._expect(self._server)
        yield self._server.port
        self._server.clear()


class PytestLocalserver(Peer):
    """pytest-localserver's ContentServer."""

    name = "pytest-localserver"
    needs = "pytest_localserver"

    @contextmanager
    def cycle(self) -> Iterator[int]:
        """Start and stop a server, and join its thread: `stop` alone leaves the thread and the socket."""
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        server = importlib.import_module("pytest_localserver.http").ContentServer(HOST, 0)
        headers = {"Content-Type": CONTENT_TYPE, "Content-Length": str(len(self.body))}
        server.serve_content(self.body, headers=headers)
        server.start()
        yield server.server_address[1]
        server.stop()
        server.join()
        server._server.server_close()


class Aiohttp(Peer):
    """aiohttp's TestServer, all of them on one shared loop thread."""

    name = "aiohttp's test server, shared loop"
    needs = "aiohttp"

    def __enter__(self) -> Self:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _start(self) -> Any:
        web = importlib.import_module("aiohttp.web")
        test_utils = importlib.import_module("aiohttp.test_utils")

        async def answer(_: Any) -> Any:
            return web.Response(body=self.body, content_type=CONTENT_TYPE)

        app = web.Application()
        app.router.add_get(PATH, answer)
        server = test_utils.TestServer(app, host=HOST)
        await server.start_server(access_log=None)
        return server

    @contextmanager
    def cycle(self) -> Iterator[int]:
        """Start and stop a server with an application."""
        server = asyncio.run_coroutine_threadsafe(self._start(), self._loop).result()
        yield server.port
        asyncio.run_coroutine_threadsafe(server.close(), self._loop).result()


def free_port() -> int:
    """Return a port of the loopback that nothing listens on at the moment."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def _handler(body: bytes, protocol: str) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = protocol
        disable_nagle_algorithm = True  # or the body waits for the client to acknowledge the head

        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", CONTENT_TYPE)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_QUIT(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.server.is_done = True  # type: ignore[attr-defined]

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name it has in the base
            pass

    return Handler


class _Silent(socketserver.BaseServer):
    """A server that prints no errors when a client leaves, and whose backlog holds more than five clients."""

    request_queue_size = 1024

    def handle_error(self, request: object, client_address: object) -> None:
        pass


class _ThreadingServer(_Silent, ThreadingHTTPServer):
    pass


class _OldServer(_Silent, HTTPServer):
    pass


class StandardLibrary(Peer):
    """`http.server.ThreadingHTTPServer` with `serve_forever` on a thread."""

    name = "ThreadingHTTPServer"

    @contextmanager
    def cycle(self) -> Iterator[int]:
        """Start and stop a server on a thread of its own."""
        with _ThreadingServer((HOST, 0), _handler(self.body, "HTTP/1.1")) as server:
            thread = threading.Thread(target=server.serve_forever)
            thread.start()
            yield server.server_address[1]
            server.shutdown()
            thread.join()


class OldDesign(Peer):
    """The design that this project grew out of: a thread binds a fixed port, a Condition waits for it, QUIT ends it.

    While the old socket lingers, the thread tries again, a second later; `gc.collect()` frees the server that it drops.
    """

    name = "the old design"

    def __enter__(self) -> Self:
        self.port = free_port()  # it was 8097, which another program may have here
        return self

    def _run(self, ready: threading.Condition) -> None:
        with ready:
            while True:
                with suppress(OSError):
                    server = _OldServer((HOST, self.port), _handler(self.body, "HTTP/1.0"))
                    break
                time.sleep(1)
            server.is_done = False  # type: ignore[attr-defined]
            ready.notify()
        while not server.is_done:  # type: ignore[attr-defined]
            server.handle_request()
        del server
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)
            gc.collect()

    @contextmanager
    def cycle(self) -> Iterator[int]:
        """Start a thread; ask it to end, without waiting until it has."""
        ready = threading.Condition()
        with ready:
            threading.Thread(target=self._run, args=(ready,), daemon=True).start()
            ready.wait()
        yield self.port
        with socket.create_connection((HOST, self.port)) as client:
            client.sendall(b"QUIT / HTTP/1.0\r\n\r\n")
            while client.recv(4096):
                pass


class Floor(Peer):
    """The least that a server for each test can cost: a listening socket on one epoll thread, an answer kept ready."""

    name = "bare sockets, shared thread"

    @classmethod
    def missing(cls) -> str:
        """Return why this peer cannot take part, "" if it can: only Linux has epoll."""
        return "" if hasattr(select, "epoll") else "there is no epoll on this system"

    def __enter__(self) -> Self:
        head = f"HTTP/1.1 200 OK\r\nContent-Type: {CONTENT_TYPE}\r\nContent-Length: {len(self.body)}\r\n\r\n"
        self._answer = head.encode() + self.body
        self._epoll = select.epoll()
        self._listeners: dict[int, socket.socket] = {}
        self._clients: dict[int, socket.socket] = {}
        self._stop_receiver, self._stop_sender = socket.socketpair()
        self._epoll.register(self._stop_receiver, select.EPOLLIN)
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop_sender.close()
        self._thread.join()
        for sock in (*self._clients.values(), self._stop_receiver):
            sock.close()
        self._epoll.close()

    def _run(self) -> None:
        listeners, clients, poll = self._listeners, self._clients, self._epoll.poll
        while True:
            for number, _ in poll():
                if number in listeners:
                    client, _ = listeners[number].accept()
                    clients[client.fileno()] = client
                    self._epoll.register(client, select.EPOLLIN)
                elif number not in clients:
                    return
                elif clients[number].recv(65536):
                    clients[number].sendall(self._answer)
                else:
                    clients.pop(number).close()

    @contextmanager
    def cycle(self) -> Iterator[int]:
        """Open a listening socket. The kernel adds it to the set, and removes it, without the thread's help."""
        with socket.socket() as listener:
            listener.bind((HOST, 0))
            listener.listen(1024)
            number = listener.fileno()
            self._listeners[number] = listener
            self._epoll.register(number, select.EPOLLIN)
            yield listener.getsockname()[1]
            self._epoll.unregister(number)
            del self._listeners[number]


ALL: tuple[type[Peer], ...] = (
    Floor,
    Feedserver,
    FeedserverFolder,
    PytestHttpserverShared,
    PytestHttpserver,
    PytestLocalserver,
    Aiohttp,
    StandardLibrary,
    OldDesign,
)
"""The peers that are compared in a start and a stop."""


def present(peers: tuple[type[Peer], ...] = ALL) -> list[type[Peer]]:
    """Return the peers that can take part; print why the others cannot."""
    for peer in peers:
        if reason := peer.missing():
            print(f"skipped: {peer.name}: {reason}")
    return [peer for peer in peers if not peer.missing()]
