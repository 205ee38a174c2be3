"""`FeedServer`: binds, starts, stops.

`start` binds and listens in the caller, so it returns ready and raises there: a client that connects before the
event loop has looked waits in the kernel's queue, and nobody polls or shakes hands. `stop` is bounded, and complete
when it returns.
"""

from __future__ import annotations

import asyncio
import os
import socket
import threading
import time
import warnings
import weakref
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Literal, Self
from urllib.parse import quote

from feedserver import fixture, loop_thread, ports
from feedserver.acceptor import Acceptor
from feedserver.connection import Connection
from feedserver.folder import Folder
from feedserver.journal import Exchange, HeaderFilter, Journal
from feedserver.quitting import is_loopback
from feedserver.reader import MAX_BODY
from feedserver.request import Request
from feedserver.response import Answer, Fault, Response
from feedserver.routes import Routes
from feedserver.site import Site
from feedserver.steps import Plan, Read

if TYPE_CHECKING:
    import ssl
    from typing import Unpack

    from feedserver.feeds import Feed, FormatName, LiveFeed, RenderOptions
    from feedserver.tls import Tls, TlsFault

STOP_TIMEOUT = 10.0
"""Seconds within which the event loop must have closed everything."""

_SAFE = "/?&=%:@!$'()*+,;~#[]-._"


class VerificationError(AssertionError):
    """Something went wrong at the server that a test must know of."""


class FeedServer:
    """A real HTTP server that serves a folder of feed files, and what `add` puts beside it.

    *root* is the folder, None for a server that has scripted routes only. *aliases* are more addresses of this machine
    that it listens on, such as 127.0.0.2, for tests of what a client does with several hosts. *port* 0 takes a free
    one. *bind_timeout* is how many seconds `start` waits for a fixed port's old owner to go. *follow_links* serves what
    links lead to outside the root. *quit* obeys the method QUIT. *strict* makes `verify` report requests that nothing
    answers. *idle_timeout* is in seconds, *max_body* in bytes of a request's body, *callable_timeout* in seconds for
    each call of an answer that is a callable. *journal_limit* is the number of exchanges that are kept. *tls* speaks
    HTTPS beside HTTP, on the same port; one of the words of `TlsFault` in its place says how it goes wrong.
    """

    def __init__(
        self,
        root: str | os.PathLike[str] | None = None,
        *,
        host: str = "127.0.0.1",
        aliases: Iterable[str] = (),
        port: int = 0,
        bind_timeout: float = 0.0,
        follow_links: bool = False,
        quit: bool = False,  # noqa: A002 - the method that it allows is called QUIT
        strict: bool = True,
        idle_timeout: float = 60.0,
        max_body: int = MAX_BODY,
        callable_timeout: float = 5.0,
        journal_limit: int | None = None,
        tls: bool | TlsFault | Tls = False,
    ) -> None:
        if not 0 <= port <= 65535:
            raise ValueError(f"port {port} does not exist; ports go from 1 to 65535, and 0 takes a free one")
        folder = Folder(Path(root), follow_links=follow_links) if root is not None else None
        self.root = folder.root if folder is not None else None
        self.host = host
        self.aliases = tuple(aliases)
        self.port = port
        self.bind_timeout = bind_timeout
        self.idle_timeout = idle_timeout
        self.max_body = max_body
        self.tls = _tls(tls)
        self.journal = Journal(journal_limit)
        self.site = Site(Routes(folder), self.journal, strict=strict, callable_timeout=callable_timeout, quits=quit)
        self.connections: set[Connection] = set()
        self.workers: dict[threading.Thread, str] = {}
        self.quit_requested = threading.Event()
        self.site.on_quit = partial(_quit, weakref.ref(self))  # without a cycle, a server is freed at once
        self._stopped = threading.Event()
        self._wanted_port = port
        self._thread: loop_thread.LoopThread | None = None
        self.loop: asyncio.AbstractEventLoop
        self._holding: list[socket.socket] = []
        self._listening: list[socket.socket] = []
        self._opening: list[Fault | None] = []
        self._acceptors: list[Acceptor] = []
        self._sweeper: asyncio.TimerHandle | None = None
        self._closed: Callable[[], None] | None = None
        self._pid = 0

    # Life.

    @property
    def is_running(self) -> bool:
        """Whether the server listens."""
        return self._thread is not None

    def start(self) -> Self:
        """Binds and listens; returns when clients can connect.

        Raises PortTaken for a port that stays taken for `bind_timeout` seconds, OSError for an address that can't be
        bound.
        """
        if self._thread is not None:
            raise RuntimeError(f"the server already listens on {self.base_url}; stop it before you start it again")
        self._bind()
        name = f"[{self.host}]" if ":" in self.host else self.host
        self.site.base_url = f"{'https' if self.tls else 'http'}://{name}:{self.port}"
        self.site.own_hosts = self._own_hosts(name)
        self._pid = os.getpid()
        self._stopped.clear()
        self._thread = loop_thread.acquire(self)
        self.loop = self._thread.loop
        self._thread.visit(self._open)
        return self

    def stop(self) -> None:
        """Closes everything: when it returns, no socket, task or answer is left, and the port can be bound again.

        Raises RuntimeError, naming what holds it, where that takes too long. Stopping twice is no error.
        """
        thread, self._thread = self._thread, None
        if self._pid != os.getpid():
            return
        if thread is None:
            if threading.current_thread() not in self.workers:  # which whoever stops the server waits for
                self._stopped.wait(STOP_TIMEOUT)
            return
        closed = threading.Lock()  # an Event does the same, at five times the price
        closed.acquire()
        thread.visit(lambda: self._close(closed.release))
        if not closed.acquire(timeout=STOP_TIMEOUT):
            raise RuntimeError(
                f"{self.base_url} did not stop within {STOP_TIMEOUT:g} s; it still has {self._holders()}"
            )
        _close_all(self._holding)
        loop_thread.release(self)
        self._join_workers()
        self.site.close()
        self.port = self._wanted_port
        self._stopped.set()

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

    def url(self, path: str = "/", *, scheme: Literal["http", "https"] | None = None, host: str | None = None) -> str:
        """The URL of *path*; what is not allowed in a URL is percent-encoded, what is encoded already stays.

        A server with TLS answers both schemes; *scheme* chooses one, https is its own. *host* is another name or
        address that leads to this server: one of its aliases, or localhost.
        """
        base = self.base_url
        if scheme is not None:
            base = f"{scheme}:{base.partition(':')[2]}"
        if host is not None:
            base = f"{base.partition('://')[0]}://{f'[{host}]' if ':' in host else host}:{self.port}"
        return f"{base}/{quote(path.removeprefix('/'), safe=_SAFE)}"

    @property
    def ca_bundle(self) -> str:
        """The file with the certificate of the authority that a client must trust, for `verify=` and `--cacert`.

        Raises RuntimeError for a server without TLS.
        """
        self._tls_or_raise()
        from feedserver.tls import authority

        return str(authority().bundle)

    def client_context(self) -> ssl.SSLContext:
        """A context for clients that trusts the server's authority and checks everything; see `ca_bundle`."""
        self._tls_or_raise()
        from feedserver.tls import client_context

        return client_context()

    def _tls_or_raise(self) -> None:
        if self.tls is None:
            raise RuntimeError("the server speaks no TLS; start it with FeedServer(…, tls=True)")

    # What it answers.

    def add(self, path: str, *answers: Answer, method: str | None = None) -> None:
        """Answers *path* with *answers*, one after the other; the last one stays. HEAD does not use one up.

        *path* may have a query string, which then must be equal, or be a whole URL, for a client that uses this
        server as its proxy. An answer is a `Response` or a callable that gets the `Request` and returns one; it runs
        on a thread of its own. Without *method*, every method is answered.
        """
        self.site.routes.add(path, answers, method)

    def mount(
        self,
        path: str,
        feed: Feed,
        format: FormatName = "rss",  # noqa: A002 - the word that `Feed.render` has, too
        **options: Unpack[RenderOptions],
    ) -> LiveFeed:
        """Serves *feed* at *path* in a *format* of `Feed.render`, and gives what changes it: publish, edit, move, ….

        The options are those of `Feed.render`; ETag and Last-Modified are sent unless `validators=False`.
        """
        from feedserver.feeds import LiveFeed  # most servers have none

        live = LiveFeed(feed, format, **options)
        live.mount(self, path)
        return live

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

    # How it treats connections.

    def on_connect(self, *faults: Fault | None) -> None:
        """Breaks connections before any request: the first new one by the first fault, and so on; the last one stays.

        None leaves a connection whole; without any fault, all are whole again.
        """
        self._opening = list(faults)

    def refuse(self) -> None:
        """Refuses new connections, as a server that is down; the port is kept. Those that are open go on."""
        if self._thread is None:
            raise RuntimeError("the server is not running, so every connection is refused already")
        closed = threading.Event()

        def close() -> None:
            self._close_listening()
            closed.set()

        self._thread.visit(close)
        closed.wait(STOP_TIMEOUT)
        if not self._holding:
            self._holding += [ports.bind(address, self.port) for address in self._addresses]

    def accept(self) -> None:
        """Accepts connections again, on the same port. Raises OSError where somebody took it meanwhile."""
        if self._thread is None:
            raise RuntimeError("the server is not running; start it")
        if self._listening:
            return
        if not ports.HOLDS_BESIDE:
            _close_all(self._holding)
        self._listening += [ports.listen(address, self.port) for address in self._addresses]
        self._thread.visit(self._open)

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
        _close_all(self._holding)
        _close_all(self._listening)
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

    @property
    def _addresses(self) -> tuple[str, ...]:
        return (self.host, *self.aliases)

    def _bind(self) -> None:
        try:
            for number, address in enumerate(self._addresses):
                port, timeout = (self.port, 0.0) if number else (self._wanted_port, self.bind_timeout)
                holder, listening = ports.bind_and_listen(address, port, timeout)
                self._listening.append(listening)
                self._holding += [holder] if holder is not None else []
                self.port = listening.getsockname()[1]
        except OSError:
            _close_all(self._holding)
            _close_all(self._listening)
            raise

    def _own_hosts(self, name: str) -> frozenset[str]:
        names = {name.lower()}
        if is_loopback(self.host) or self.host in ("0.0.0.0", "::"):  # noqa: S104 - it is compared, not bound
            names |= {"localhost", "127.0.0.1", "[::1]"}
        return frozenset(f"{host}:{self.port}" for host in (*names, *self.aliases))

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
        for listening in self._listening:
            acceptor = Acceptor(
                self.loop, listening, lambda: Connection(self), self._close_connections, self._accept_refused
            )
            self._acceptors.append(acceptor)
            acceptor.open()
        if self._sweeper is None:
            self._sweeper = self.loop.call_later(self.idle_timeout / 2, self._sweep)

    def opening_plan(self) -> Plan | None:
        """What a new connection does before it reads, if anything. Called on the event loop."""
        if not self._opening:
            return None
        fault = self._opening.pop(0) if len(self._opening) > 1 else self._opening[0]
        return fault.apply(iter((Read(),))) if fault is not None else None

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
        self._sweeper = None
        self._close_listening()
        self._closed = closed
        self._close_connections()

    def _close_listening(self) -> None:
        for acceptor in self._acceptors[-len(self._listening) :] if self._listening else ():
            acceptor.close()
        self._listening.clear()

    def _close_connections(self) -> None:
        """Where the server stops: ends the connections that there are by now, and tells when none is left to come."""
        closed, self._closed = self._closed, None  # connections that end at once need no second look
        if closed is None:
            return
        for connection in list(self.connections):
            connection.abort("server stopped")
        if self.connections or any(acceptor.under_way for acceptor in self._acceptors):
            self._closed = closed
        else:
            self._acceptors.clear()
            closed()


def _quit(reference: weakref.ref[FeedServer]) -> None:
    """Stops the server, on a thread of its own: this is called on the event loop, which the stop waits for."""
    server = reference()
    if server is not None:
        server.quit_requested.set()
        threading.Thread(target=server.stop, name="feedserver: QUIT", daemon=True).start()


def _close_all(sockets: list[socket.socket]) -> None:
    for sock in sockets:
        sock.close()
    sockets.clear()


def _tls(wanted: bool | TlsFault | Tls) -> Tls | None:
    if not wanted:
        return None
    from feedserver.tls import Tls

    if isinstance(wanted, Tls):
        return wanted
    return Tls(None if wanted is True else wanted)


def _refuse_in_loop(what: str) -> None:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return
    raise RuntimeError(
        f"{what} would block the event loop that runs here; use 'await asyncio.to_thread(server.{what}, …)'"
    )
