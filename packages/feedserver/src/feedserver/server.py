"""`FeedServer`: binds, starts and stops a server.

What a test does with a server is defined in its base classes: `server_answers`, `server_connections`, `server_clients`,
`server_location` and `server_journal`.

`start` binds and listens in the caller's thread, so that it raises there and the server is ready when it returns: a
client that connects before the event loop accepts waits in the kernel's queue, and no thread has to poll or signal.
`stop` is bounded in time, and complete when it returns.
"""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Iterable
from functools import partial
from operator import is_
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

from feedserver.handler.handler import Site
from feedserver.handler.journal import Journal, nothing_is_read
from feedserver.handler.problems import NOTE
from feedserver.handler.router import Routes
from feedserver.http.request_parser import MAX_BODY
from feedserver.messages.argument_types import check_bool, check_is, check_name, check_seconds, check_whole, shown
from feedserver.messages.terminal_text import visible
from feedserver.net import shared_loop
from feedserver.net.listener import Listening
from feedserver.server_address import ServerAddress
from feedserver.server_answers import ServerAnswers
from feedserver.server_clients import ServerClients
from feedserver.server_connections import STOP_TIMEOUT, ServerConnections
from feedserver.server_journal import ServerJournal, VerificationError
from feedserver.server_options import folder_of, texts, tls_of

if TYPE_CHECKING:
    from feedserver.net.tls import ClientCertificates, Tls, TlsFault

__all__ = ["STOP_TIMEOUT", "FeedServer", "VerificationError"]

STOP_NOTICE = 5.0
"""Seconds after which a stop that still waits logs what it waits for."""


class FeedServer(ServerAnswers, ServerConnections, ServerClients, ServerJournal):
    """A real HTTP server that serves a folder of feed files, and the answers that `add` adds to it.

    *root* is the folder, None for a server that has scripted routes only. The server listens on *host* and on
    *aliases*: more addresses of this machine, such as 127.0.0.2, for tests of what a client does with several hosts.
    *port* 0 takes a free one. *bind_timeout* is how many seconds `start` waits for a fixed port that is still in use.
    *follow_links* serves files outside the root that links lead to. *quit* obeys the method QUIT. *strict* makes
    `verify` report what clients do wrong: requests that nothing answers, bytes that are no request, and TLS that fails.
    *idle_timeout* is how many seconds a client may send nothing before its connection is closed, unless an answer is
    under way. *max_body* is the limit for a request's body, in bytes. *callable_timeout* is in seconds, for each call
    of an answer that is a callable, and for each coding of a large body. *journal_limit* is the number of exchanges
    that are kept (None: all). *tls* speaks HTTPS beside HTTP, on the same port; instead of True it may be one of the
    words of `TlsFault`, which says how TLS fails. The certificate is for localhost, the host, the aliases and *names*:
    more host names by which a client asks for the server, such as "feeds.example". *client_certificates*, "optional" or
    "required", asks clients for a certificate of the server's authority; see `client_certificate`.

    A `with` statement starts and stops the server, and does not call `verify`: a test calls `verify` after the block,
    since requests that are under way may fail until the server has stopped.
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
        names: Iterable[str] = (),
        client_certificates: ClientCertificates | None = None,
    ) -> None:
        if root is not None:
            check_is("root", root, (str, os.PathLike), "give the path of a folder, or None")
            if root == "":
                raise ValueError("root is ''; give the path of a folder, such as '.' for this one")
        check_name("host", host, "127.0.0.1")
        aliases = texts("aliases", aliases, "an address", "127.0.0.2")
        names = texts("names", names, "a host", "feeds.example")
        limits = (bind_timeout, idle_timeout, max_body, callable_timeout)
        if port != 0 or type(port) is not int:
            _check_port(port)
        if not all(map(is_, limits, _LIMITS)):  # most servers have the default limits
            check_seconds("bind_timeout", bind_timeout)
            check_seconds("idle_timeout", idle_timeout, above_zero=True)
            check_whole("max_body", max_body, 0, MAX_BODY)
            check_seconds("callable_timeout", callable_timeout, above_zero=True)
        for name, value in (("follow_links", follow_links), ("quit", quit), ("strict", strict)):
            check_bool(name, value)
        folder = folder_of(root, follow_links=follow_links) if root is not None else None
        self.root = folder.root if folder is not None else None
        self.host = host
        self.aliases = aliases
        self.port = port
        self.bind_timeout = bind_timeout
        self.tls = tls_of(tls, (host, *aliases), names, client_certificates)
        self.journal = Journal(journal_limit)
        self.site = Site(Routes(folder), self.journal, strict=strict, callable_timeout=callable_timeout, quits=quit)
        self.listening = Listening(
            self.site,
            (host, *self.aliases),
            idle_timeout=idle_timeout,
            max_body=max_body,
            tls=self.tls,
            kept=journal_limit,
        )
        self._quit_requested: threading.Event | None = None
        if quit:
            self._quit_requested = threading.Event()
            self.site.on_quit = partial(_quit, weakref.ref(self))  # weak: no reference cycle delays freeing a server
        self._address: ServerAddress | None = None
        self._lifecycle = threading.RLock()  # held by `start` and `stop`; a signal handler may call `stop` in either
        self._wanted_port = port
        self._thread: shared_loop.LoopThread | None = None
        self._pid = 0

    # Lifecycle

    @property
    def is_running(self) -> bool:
        """Whether the server is started and not stopped yet; after `refuse` it runs, but does not listen."""
        return self._thread is not None

    @property
    def quit_requested(self) -> threading.Event:
        """An event that is set when a client has asked by the method QUIT that the server stops."""
        if self._quit_requested is None:  # without *quit*, it is never set, and few ask for it
            self._quit_requested = threading.Event()
        return self._quit_requested

    def start(self) -> Self:
        """Bind and listen. Returns when clients can connect.

        Raises PortTaken for a port that stays taken for `bind_timeout` seconds, OSError for an address that can't be
        bound, and RuntimeError if the server runs already, or a callback of another one blocks the event loop.
        """
        shared_loop.refuse_on_loop("start()")
        with self._lifecycle:
            if self._thread is not None:
                raise RuntimeError(f"the server already listens on {self.base_url}; stop it before you start it again")
            try:
                self._start()
            except BaseException:  # a signal, or no descriptor or thread is left
                self._undo_start()
                raise
        return self

    def _start(self) -> None:
        self.port = self.listening.bind(self._wanted_port, self.bind_timeout)
        self._address = ServerAddress("https" if self.tls else "http", self.host, self.port, self.aliases)
        self.site.base_url = self._address.base_url
        self.site.is_own_host = self._address.is_own
        self._pid = os.getpid()
        self._thread = shared_loop.acquire(self)
        try:
            self._thread.do(partial(self.listening.open, self._thread.loop))
        except shared_loop.LoopBlocked:  # nothing was opened that `stop` could close on the loop
            self._thread = None
            raise
        self.journal.catch_up = self._thread.catch_up
        self.journal.holding = partial(_holding, self._thread, self.listening)

    def _undo_start(self) -> None:
        """Close what an interrupted start has opened: nobody stops a server whose `start` has raised."""
        if self._thread is not None:
            self.stop()
            return
        self.listening.unbind()
        shared_loop.release(self)
        self.port = self._wanted_port

    def stop(self) -> None:
        """Close everything: when it returns, no socket, task or answer is left, and the port can be bound again.

        Raises RuntimeError, naming the open connections, where that takes too long; clients are cut off then. Stopping
        twice is no error: while another thread stops the server, this waits for that thread, but in a callable of this
        server it returns at once, since that thread waits for the callable. After a stop that raised, the next one
        continues it.
        """
        shared_loop.refuse_on_loop("stop()")
        if self._pid != os.getpid():
            self._thread = None
            return
        is_worker = threading.current_thread() in self.listening.workers  # a thread that stops the server waits for it
        wait = 0.0 if is_worker else STOP_TIMEOUT + self.site.callable_timeout
        if not self._lifecycle.acquire(timeout=wait):
            return
        try:
            self._stop()
        finally:
            self._lifecycle.release()

    def _stop(self) -> None:
        thread = self._thread
        try:
            self._thread = None
            if thread is not None:
                self._close(thread)
        except BaseException:
            self._thread = thread
            raise
        try:
            # Also if there is no thread: a callable may have stopped the server, and may still run.
            self.listening.join_workers(self._log_what_holds, STOP_NOTICE)
        finally:
            self.site.close()
            self.port = self._wanted_port

    def _close(self, thread: shared_loop.LoopThread) -> None:
        """Close all that runs on the loop *thread*, and let the thread go."""
        listening = self.listening
        closed = threading.Lock()  # an Event does the same, at five times the cost
        closed.acquire()
        close = partial(listening.close, closed.release)
        caught_up = self.site.catch_up()
        self.journal.catch_up = self.journal.holding = nothing_is_read
        begun = caught_up and thread.visit(close, STOP_NOTICE)
        if not (begun and closed.acquire(timeout=STOP_NOTICE)):
            self._log_what_holds()
            left = STOP_TIMEOUT - STOP_NOTICE
            if not ((begun or thread.visit(close, left)) and closed.acquire(timeout=left)):
                listening.cut_off()
                raise RuntimeError(
                    f"{self.base_url} did not stop within {STOP_TIMEOUT:g} s; it still has\n{listening.holders()}"
                )
        listening.let_go()
        shared_loop.release(self)

    def _log_what_holds(self) -> None:
        """Log what a stop waits for, while it waits: a test that hangs must say where."""
        import logging

        holders = visible(self.listening.holders(), lines=True)
        logging.getLogger("feedserver").warning(
            "stopping %s has taken %g s; it still has\n%s", self._started_address().base_url, STOP_NOTICE, holders
        )

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop the server. An `Exception` of the block gets a note with the server's problems, which stay for `verify`:
        the test may expect the exception. What `pytest.fail` raises gets none, since it is no `Exception`.
        """
        self.stop()
        if isinstance(error, Exception) and (problems := self.site.problems.about(lambda _: True)):
            text = visible("\n\n".join(dict.fromkeys(problems)), lines=True)
            error.add_note(f"{NOTE}{text}")

    def abandon(self) -> None:
        """Close the inherited sockets, in a forked child, without sending anything."""
        self.listening.abandon()
        self.journal.catch_up = nothing_is_read
        self.journal.holding = _is_elsewhere
        self._thread = None
        self._lifecycle = threading.RLock()  # another thread of the parent may have held it


_DEFAULTS: Final = FeedServer.__init__.__kwdefaults__ or {}
_LIMITS: Final = tuple(_DEFAULTS[name] for name in ("bind_timeout", "idle_timeout", "max_body", "callable_timeout"))


def _check_port(port: object) -> None:
    check_is("port", port, int, "give a number up to 65535, such as 8097, or 0 for a free one")
    if isinstance(port, int) and not 0 <= port <= 65535:
        raise ValueError(f"port {shown(port)} does not exist; ports go from 1 to 65535, and 0 takes a free one")


def _holding(thread: shared_loop.LoopThread, listening: Listening) -> str:
    """Return what `Listening.holding` does between two turns of the loop: no request is taken up meanwhile.

    Where the loop can't be visited, this is not known.
    """
    found: list[str] = []
    thread.visit(lambda: found.append(listening.holding()), shared_loop.PATIENCE)
    return found[0] if found else ""


def _is_elsewhere() -> str:
    """Return why it is unknown, in a forked child, what clients have sent to a server of the parent."""
    return "the server runs in another process, from which this one was forked; assert it there"


def _quit(reference: weakref.ref[FeedServer]) -> None:
    """Stop the server from a new thread: this is called on the event loop, for which the stop waits."""
    server = reference()
    if server is not None:
        server.quit_requested.set()
        threading.Thread(target=server.stop, name="feedserver: QUIT", daemon=True).start()
