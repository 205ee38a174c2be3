"""`FeedServer`: binds, starts, stops.

`start` binds and listens in the caller, so it returns ready and raises there: a client that connects before the
event loop has looked waits in the kernel's queue, and nobody polls or shakes hands. `stop` is bounded, and complete
when it returns.
"""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import threading
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

from feedserver import fixture, loop_thread
from feedserver.acceptor import Acceptor
from feedserver.connection import Connection
from feedserver.folder import Folder
from feedserver.journal import Exchange, HeaderFilter, Journal
from feedserver.reader import MAX_BODY
from feedserver.request import Request
from feedserver.response import Answer, Response
from feedserver.routes import Routes
from feedserver.site import Site, is_loopback

STOP_TIMEOUT = 10.0
"""Seconds within which the event loop must have closed everything."""

_BIND_PAUSE = 0.02
_SAFE = "/?&=%:@!$'()*+,;~#[]-._"


class PortTaken(OSError):
    """The port that was asked for belongs to somebody else."""


class VerificationError(AssertionError):
    """Something went wrong at the server that a test must know of."""


class FeedServer:
    """A real HTTP server that serves a folder of feed files, and what `add` puts beside it.

    *root* is the folder, None for a server that has scripted routes only. *port* 0 takes a free one. *bind_timeout*
    is how many seconds `start` waits for a fixed port's old owner to go. *follow_links* serves what links lead to
    outside the root. *quit* obeys the method QUIT. *strict* makes `verify` report requests that nothing answers.
    *idle_timeout* is in seconds, *max_body* in bytes of a request's body, *callable_timeout* in seconds for each
    call of an answer that is a callable. *journal_limit* is the number of exchanges that are kept.
    """

    def __init__(
        self,
        root: str | os.PathLike[str] | None = None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        bind_timeout: float = 0.0,
        follow_links: bool = False,
        quit: bool = False,  # noqa: A002 - the method that it allows is called QUIT
        strict: bool = True,
        idle_timeout: float = 60.0,
        max_body: int = MAX_BODY,
        callable_timeout: float = 5.0,
        journal_limit: int | None = None,
    ) -> None:
        if not 0 <= port <= 65535:
            raise ValueError(f"port {port} does not exist; ports go from 1 to 65535, and 0 takes a free one")
        folder = Folder(Path(root), follow_links=follow_links) if root is not None else None
        self.root = folder.root if folder is not None else None
        self.host = host
        self.port = port
        self.bind_timeout = bind_timeout
        self.idle_timeout = idle_timeout
        self.max_body = max_body
        self.journal = Journal(journal_limit)
        self.site = Site(Routes(folder), self.journal, strict=strict, callable_timeout=callable_timeout, quits=quit)
        self.connections: set[Connection] = set()
        self.workers: dict[threading.Thread, str] = {}
        self.quit_requested = threading.Event()
        self.site.on_quit = self.quit_requested.set  # not a method of ours: without a cycle, a server is freed at once
        self._wanted_port = port
        self._thread: loop_thread.LoopThread | None = None
        self.loop: asyncio.AbstractEventLoop
        self._socket: socket.socket | None = None
        self._acceptor: Acceptor | None = None
        self._sweeper: asyncio.TimerHandle | None = None
        self._closed: Callable[[], None] | None = None
        self._pid = 0

    # Life.

    @property
    def is_running(self) -> bool:
        """Whether the server listens."""
        return self._socket is not None

    def start(self) -> Self:
        """Binds and listens; returns when clients can connect.

        Raises PortTaken for a port that stays taken for `bind_timeout` seconds, OSError for an address that can't be
        bound.
        """
        if self._socket is not None:
            raise RuntimeError(f"the server already listens on {self.base_url}; stop it before you start it again")
        self._socket = self._bind()
        self.port = self._socket.getsockname()[1]
        name = f"[{self.host}]" if ":" in self.host else self.host
        self.site.base_url = f"http://{name}:{self.port}"
        self.site.own_hosts = self._own_hosts(name)
        self._pid = os.getpid()
        self._thread = loop_thread.acquire(self)
        self.loop = self._thread.loop
        self._thread.call(self._open)
        return self

    def stop(self) -> None:
        """Closes everything: when it returns, no socket, task or answer is left, and the port can be bound again.

        Raises RuntimeError, naming what holds it, where that takes too long. Stopping twice is no error.
        """
        thread, self._thread = self._thread, None
        if thread is None or self._pid != os.getpid():
            return
        closed = threading.Event()
        thread.call(lambda: self._close(closed.set))
        if not closed.wait(STOP_TIMEOUT):
            raise RuntimeError(
                f"{self.base_url} did not stop within {STOP_TIMEOUT:g} s; it still has {self._holders()}"
            )
        loop_thread.release(self)
        self._join_workers()
        self.site.close()
        self.port = self._wanted_port

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    # Where it is.

    @property
    def base_url(self) -> str:
        """The server's address, without a slash at the end. Raises RuntimeError before the first start."""
        if not self.site.base_url:
            raise RuntimeError("the server has no address yet; start it, or use it in a with statement")
        return self.site.base_url

    def url(self, path: str = "/") -> str:
        """The URL of *path*; what is not allowed in a URL is percent-encoded, what is encoded already stays."""
        return f"{self.base_url}/{quote(path.removeprefix('/'), safe=_SAFE)}"

    # What it answers.

    def add(self, path: str, *answers: Answer, method: str | None = None) -> None:
        """Answers *path* with *answers*, one after the other; the last one stays. HEAD does not use one up.

        *path* may have a query string, which then must be equal, or be a whole URL, for a client that uses this
        server as its proxy. An answer is a `Response` or a callable that gets the `Request` and returns one; it runs
        on a thread of its own. Without *method*, every method is answered.
        """
        self.site.routes.add(path, answers, method)

    def fixture(self, name: str | os.PathLike[str]) -> Response:
        """The response that a file of the root describes, to be added to a route or changed with `dataclasses.replace`.

        Raises FixtureError for a mistake in it, FileNotFoundError where there is none.
        """
        folder = self.site.routes.folder
        if folder is None:
            raise FileNotFoundError(
                f"there is no fixture {name}: this server has no root; FeedServer('a/folder') has one"
            )
        path = folder.locate(Path(name).as_posix())
        if path is None or path.is_dir():
            raise FileNotFoundError(f"there is no fixture {name} in {folder.root}")
        return fixture.load(path)

    # What it has seen.

    @property
    def requests(self) -> list[Request]:
        """Every request so far, in the order of arrival."""
        return self.journal.requests

    def wait_for(
        self,
        path: str | None = None,
        *,
        count: int = 1,
        timeout: float = 5.0,
        method: str | None = None,
        headers: HeaderFilter | None = None,
    ) -> list[Exchange]:
        """Waits until *count* matching requests have arrived and returns them; see `Journal.wait_for`.

        Raises NotSeen after *timeout* seconds, and RuntimeError inside a running event loop, which it would block.
        """
        _refuse_in_loop("wait_for")
        return self.journal.wait_for(path, count=count, timeout=timeout, method=method, headers=headers)

    def assert_requested(
        self,
        path: str | None = None,
        *,
        count: int | None = None,
        method: str | None = None,
        headers: HeaderFilter | None = None,
    ) -> list[Exchange]:
        """Asserts that a matching request has arrived, *count* times if given; see `Journal.assert_requested`."""
        return self.journal.assert_requested(path, count=count, method=method, headers=headers)

    def assert_not_requested(
        self, path: str | None = None, *, method: str | None = None, headers: HeaderFilter | None = None
    ) -> None:
        """Asserts that no matching request has arrived."""
        self.journal.assert_not_requested(path, method=method, headers=headers)

    def verify(self) -> None:
        """Raises VerificationError for requests that nothing answered, mistakes in fixtures, and callables that failed.

        Each is raised once: what a test has seen does not come back. What is only doubtful about a fixture is issued
        as a FixtureWarning, here rather than on the thread that read it.
        """
        for warning in self.site.take_warnings():
            warnings.warn(warning, stacklevel=2)
        problems = self.site.take_problems()
        if problems:
            raise VerificationError("\n\n".join(dict.fromkeys(problems)))

    def abandon(self) -> None:
        """In a forked child: closes what was inherited, without a word to the network."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        for connection in self.connections:
            connection.abandon()
        self.connections.clear()
        self._thread = None

    def forget(self, connection: Connection) -> None:
        """A connection is closed. Called on the event loop."""
        self.connections.discard(connection)
        if self._closed is not None:
            # asyncio closes the socket right after `connection_lost`, which calls this.
            self.loop.call_soon(self._close_connections)

    # In the caller's thread.

    def _bind(self) -> socket.socket:
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        deadline = time.monotonic() + self.bind_timeout
        while True:
            sock = socket.socket(family, socket.SOCK_STREAM)
            try:
                if hasattr(socket, "SO_EXCLUSIVEADDRUSE"):  # Windows, where SO_REUSEADDR would share the port
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
                else:
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                sock.setblocking(False)
                sock.bind((self.host, self._wanted_port))
                sock.listen(1024)
            except OSError as error:
                sock.close()
                # Windows says EACCES where somebody else holds the port for himself.
                if error.errno != errno.EADDRINUSE and not (error.errno == errno.EACCES and os.name == "nt"):
                    raise _bind_error(error, self.host, self._wanted_port) from error
                if time.monotonic() >= deadline:
                    waited = f", and stayed so for {self.bind_timeout:g} s" if self.bind_timeout else ""
                    raise PortTaken(
                        errno.EADDRINUSE,
                        f"port {self._wanted_port} of {self.host} is taken{waited}; stop what listens there, give a "
                        "bind_timeout to wait for it, or use port=0 for a free one",
                    ) from error
                time.sleep(_BIND_PAUSE)
            else:
                return sock

    def _own_hosts(self, name: str) -> frozenset[str]:
        names = {name.lower()}
        if is_loopback(self.host) or self.host in ("0.0.0.0", "::"):  # noqa: S104 - it is compared, not bound
            names |= {"localhost", "127.0.0.1", "[::1]"}
        return frozenset(f"{host}:{self.port}" for host in names)

    def _holders(self) -> str:
        busy = sum(connection.is_busy for connection in self.connections)
        return f"{len(self.connections)} connections ({busy} with an answer under way)"

    def _join_workers(self) -> None:
        """Waits for callables that still run, no longer than each of them may, and names those that overrun."""
        deadline = time.monotonic() + self.site.callable_timeout
        for worker, name in list(self.workers.items()):
            worker.join(max(0.0, deadline - time.monotonic()))
            if worker.is_alive():
                warnings.warn(f"{name} still runs {self.site.callable_timeout:g} s after its time", stacklevel=3)

    # On the event loop.

    def _open(self) -> None:
        if self._socket is not None:
            self._acceptor = Acceptor(
                self.loop, self._socket, lambda: Connection(self), self._close_connections, self._accept_refused
            )
            self._acceptor.open()
            self._sweeper = self.loop.call_later(self.idle_timeout / 2, self._sweep)

    def _accept_refused(self, error: OSError) -> None:
        self.site.problem(f"{self.base_url} could not accept a connection: {error}")

    def _sweep(self) -> None:
        loop = self.loop
        oldest = loop.time() - self.idle_timeout
        for connection in [c for c in self.connections if not c.is_busy and c.last_active <= oldest]:
            connection.close_idle()
        self._sweeper = loop.call_later(self.idle_timeout / 2, self._sweep)

    def _close(self, closed: Callable[[], None]) -> None:
        """Ends what runs on the loop, and calls *closed* when the last socket is closed."""
        if self._sweeper is not None:
            self._sweeper.cancel()
        if self._acceptor is not None:
            self._acceptor.close()
        self._sweeper = self._socket = None
        self._closed = closed
        self._close_connections()

    def _close_connections(self) -> None:
        """Where the server stops: ends the connections that there are by now, and tells when none is left to come."""
        if self._closed is None:
            return
        for connection in list(self.connections):
            connection.abort("server stopped")
        if not self.connections and (self._acceptor is None or not self._acceptor.under_way):
            closed, self._closed = self._closed, None
            closed()


def _refuse_in_loop(what: str) -> None:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return
    raise RuntimeError(
        f"{what} would block the event loop that runs here; use 'await asyncio.to_thread(server.{what}, …)'"
    )


def _bind_error(error: OSError, host: str, port: int) -> OSError:
    remedy = (
        "use port=0 for a free one"
        if error.errno == errno.EACCES
        else "use an address of this machine, such as 127.0.0.1"
    )
    return OSError(error.errno, f"cannot listen on {host} port {port}: {os.strerror(error.errno or 0)}; {remedy}")


def stop_server(port: int, host: str = "127.0.0.1", timeout: float = 5.0) -> None:
    """Sends QUIT to the server on *port* and waits until it has gone, at most *timeout* seconds.

    Raises ConnectionError where nothing listens there, or what listens does not obey.
    """
    import http.client

    connection = http.client.HTTPConnection(host, port, timeout=timeout)
    try:
        connection.request("QUIT", "/")
        answer = connection.getresponse()
        text = answer.read().decode("utf-8", "replace").strip()
    except OSError as error:
        raise ConnectionError(f"no feedserver stopped on {host} port {port}: {error}") from error
    except http.client.HTTPException as error:
        raise ConnectionError(f"what listens on {host} port {port} is no feedserver: {error!r}") from error
    finally:
        connection.close()
    if answer.status != 200:
        raise ConnectionError(f"the server on {host} port {port} did not stop: {answer.status} {text}")
