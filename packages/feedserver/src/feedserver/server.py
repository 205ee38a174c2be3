"""`FeedServer`: binds, starts and stops a server.

`start` binds and listens in the caller's thread, so that it raises there and the server is ready when it returns: a
client that connects before the event loop accepts waits in the kernel's queue, and no thread has to poll or signal.
`stop` is bounded in time, and complete when it returns.
"""

from __future__ import annotations

import asyncio
import os
import sys
import threading
import warnings
import weakref
from collections.abc import Iterable, Mapping
from functools import partial
from types import NoneType, TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self, get_args, overload

from feedserver.handler.conditions import Conditions
from feedserver.handler.exchange import Exchange
from feedserver.handler.handler import Site
from feedserver.handler.journal import Journal
from feedserver.handler.request_filter import RequestFilter
from feedserver.handler.router import Routes
from feedserver.http.request_parser import MAX_BODY
from feedserver.messages.argument_types import (
    check_bool,
    check_choice,
    check_is,
    check_name,
    check_seconds,
    check_whole,
    named,
)
from feedserver.messages.client_connection import ClientConnection
from feedserver.messages.clock import Clock
from feedserver.messages.gate import Gate
from feedserver.messages.lasting import Lasting
from feedserver.messages.request import Request
from feedserver.messages.response import Answer, Response, check_fault
from feedserver.messages.terminal_text import visible
from feedserver.net import shared_loop
from feedserver.net.listener import Listening
from feedserver.server_address import Scheme, ServerAddress

if TYPE_CHECKING:
    import ssl
    from typing import Unpack

    import httpx
    import requests

    from feedserver.faults import Fault
    from feedserver.feeds import Feed, FormatName, LiveFeed, RenderOptions
    from feedserver.fixtures.document_root import Folder
    from feedserver.handler.conditions import ConditionsInput, Criteria
    from feedserver.handler.expectations import Expectation
    from feedserver.handler.path_pattern import Pattern
    from feedserver.net.tls import ClientCertificates, Tls, TlsFault
    from feedserver.ready_clients import Library, UrllibClient

STOP_TIMEOUT = 10.0
"""Seconds within which the event loop must have closed everything."""

STOP_NOTICE = 5.0
"""Seconds after which a stop that still waits logs what it waits for."""


class VerificationError(AssertionError):
    """Something went wrong at the server that a test must know of."""


class FeedServer:
    """A real HTTP server that serves a folder of feed files, and the answers that `add` adds to it.

    *root* is the folder, None for a server that has scripted routes only. *aliases* are more addresses of this machine
    that it listens on, such as 127.0.0.2, for tests of what a client does with several hosts. *port* 0 takes a free
    one. *bind_timeout* is how many seconds `start` waits for a fixed port that is still in use. *follow_links* serves
    files outside the root that links lead to. *quit* obeys the method QUIT. *strict* makes `verify` report what clients
    do wrong: requests that nothing answers, and bytes that are no request. *idle_timeout* is in seconds, *max_body* in
    bytes of a request's body, *callable_timeout* in seconds for each call of an answer that is a callable.
    *journal_limit* is the number of exchanges that are kept. *tls* speaks HTTPS beside HTTP, on the same port; instead
    of True it may be one of the words of `TlsFault`, which says how TLS fails. Its certificate is for localhost, the
    host, the aliases and *names*: more host names by which a client asks for the server, such as "feeds.example".
    *client_certificates* asks clients for a certificate of the server's authority, which is "optional" or "required";
    see `client_certificate`.

    A `with` statement starts and stops it, and does not call `verify`: a test calls it as the last line of the block.
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
        check_is("root", root, (str, os.PathLike, NoneType), "give the path of a folder, or None")
        if root == "":
            raise ValueError("root is ''; give the path of a folder, such as '.' for this one")
        check_name("host", host, "127.0.0.1")
        aliases = _texts("aliases", aliases, "an address", "127.0.0.2")
        names = _texts("names", names, "a host", "feeds.example")
        check_is("port", port, int, "give a number up to 65535, such as 8097, or 0 for a free one")
        check_seconds("bind_timeout", bind_timeout)
        for name, value in (("follow_links", follow_links), ("quit", quit), ("strict", strict)):
            check_bool(name, value)
        check_seconds("idle_timeout", idle_timeout, above_zero=True)
        check_whole("max_body", max_body, 0, MAX_BODY)
        check_seconds("callable_timeout", callable_timeout, above_zero=True)
        if not 0 <= port <= 65535:
            raise ValueError(f"port {port} does not exist; ports go from 1 to 65535, and 0 takes a free one")
        folder = _folder(root, follow_links=follow_links) if root is not None else None
        self.root = folder.root if folder is not None else None
        self.host = host
        self.aliases = aliases
        self.port = port
        self.bind_timeout = bind_timeout
        self.tls = _tls(tls, (host, *aliases), names, client_certificates)
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
        self._expectations: list[Expectation] = []
        self.quit_requested = threading.Event()
        self.site.on_quit = partial(_quit, weakref.ref(self))  # weak: no reference cycle delays freeing a server
        self._address: ServerAddress | None = None
        self._stopped = threading.Event()
        self._wanted_port = port
        self._thread: shared_loop.LoopThread | None = None
        self._pid = 0

    # Lifecycle

    @property
    def is_running(self) -> bool:
        """Whether the server listens."""
        return self._thread is not None

    def start(self) -> Self:
        """Bind and listen. Returns when clients can connect.

        Raises PortTaken for a port that stays taken for `bind_timeout` seconds, OSError for an address that can't be
        bound.
        """
        if self._thread is not None:
            raise RuntimeError(f"the server already listens on {self.base_url}; stop it before you start it again")
        shared_loop.refuse_on_loop("start()")
        self.port = self.listening.bind(self._wanted_port, self.bind_timeout)
        self._address = ServerAddress("https" if self.tls else "http", self.host, self.port, self.aliases)
        self.site.base_url = self._address.base_url
        self.site.own_hosts = self._address.own_hosts
        self._pid = os.getpid()
        self._stopped.clear()
        self._thread = shared_loop.acquire(self)
        self._thread.visit(partial(self.listening.open, self._thread.loop))
        return self

    def stop(self) -> None:
        """Close everything: when it returns, no socket, task or answer is left, and the port can be bound again.

        Raises RuntimeError, naming the open connections, where that takes too long. Stopping twice is no error.
        """
        shared_loop.refuse_on_loop("stop()")
        thread, self._thread = self._thread, None
        if self._pid != os.getpid():
            return
        listening = self.listening
        if thread is None:
            if threading.current_thread() not in listening.workers:  # the thread that stops the server waits for them
                self._stopped.wait(STOP_TIMEOUT)
                listening.join_workers(
                    self._tell_what_holds, STOP_NOTICE
                )  # one of the workers may have stopped the server
            return
        closed = threading.Lock()  # an Event does the same, at five times the cost
        closed.acquire()
        close = partial(listening.close, closed.release)
        begun = thread.visit(close, STOP_NOTICE)
        if not (begun and closed.acquire(timeout=STOP_NOTICE)):
            self._tell_what_holds()
            left = STOP_TIMEOUT - STOP_NOTICE
            if not ((begun or thread.visit(close, left)) and closed.acquire(timeout=left)):
                raise RuntimeError(
                    f"{self.base_url} did not stop within {STOP_TIMEOUT:g} s; it still has\n{listening.holders()}"
                )
        listening.let_go()
        shared_loop.release(self)
        listening.join_workers(self._tell_what_holds, STOP_NOTICE)
        self.site.close()
        self.port = self._wanted_port
        self._stopped.set()

    def _tell_what_holds(self) -> None:
        """Log what a stop waits for, while it waits: a test that hangs must say where."""
        import logging

        held = visible(self.listening.holders(), lines=True)
        logging.getLogger("feedserver").warning(
            "stopping %s has taken %g s; it still has\n%s", self._started_address().base_url, STOP_NOTICE, held
        )

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop the server. An exception of the block gets a note with the server's problems."""
        self.stop()
        if isinstance(error, Exception) and (problems := self.site.problems.take()):
            told = visible("\n\n".join(dict.fromkeys(problems)), lines=True)
            error.add_note(f"The server found these problems:\n{told}")

    # Addresses and trust

    @property
    def base_url(self) -> str:
        """The server's address, without a slash at the end. Raises RuntimeError before the first start."""
        return self._started_address().base_url

    def _started_address(self) -> ServerAddress:
        if self._address is None:
            raise RuntimeError("the server has no address yet; start it, or use it in a with statement")
        return self._address

    def url(self, path: str = "/", *, scheme: Scheme | None = None, host: str | None = None) -> str:
        """Return the URL of *path*. Characters that are not allowed in a URL are percent-encoded; encoded ones stay.

        A server with TLS answers both schemes; *scheme* chooses one, the default is https. *host* is another name or
        address that leads to this server: one of its aliases, or localhost.
        """
        check_is("path", path, str, "give text, such as '/feed'")
        check_choice("scheme", scheme, ("http", "https", None))
        check_name("host", host, "localhost", or_none=True)
        return self._started_address().url(path, scheme, host)

    @property
    def ca_bundle(self) -> str:
        """The file with the certificate of the authority that a client must trust, for `verify=` and `--cacert`.

        Raises RuntimeError for a server without TLS.
        """
        self._tls_or_raise()
        from feedserver.net.tls import authority

        return str(authority().bundle)

    def client_context(self, certificate: str | None = None) -> ssl.SSLContext:
        """Return a context for clients that trusts the server's authority and checks everything; see `ca_bundle`.

        With *certificate*, a host name or an e-mail address, clients show a certificate for it.
        """
        check_name("certificate", certificate, "reader.example", or_none=True)
        self._tls_or_raise()
        from feedserver.net.tls import client_context

        return client_context(certificate)

    def client_certificate(self, name: str) -> str:
        """Return a file with a private key and a certificate of the authority for a client, for `cert=` and `--cert`.

        *name* is a host name or an e-mail address. Raises RuntimeError for a server without TLS.
        """
        check_name("name", name, "reader.example")
        self._tls_or_raise()
        from feedserver.net.tls import authority

        return str(authority().client_certificate(name))

    @overload
    def client(self, library: Literal["urllib"] = "urllib", *, certificate: str | None = None) -> UrllibClient: ...
    @overload
    def client(self, library: Literal["httpx"], *, certificate: str | None = None) -> httpx.Client: ...
    @overload
    def client(self, library: Literal["httpx-async"], *, certificate: str | None = None) -> httpx.AsyncClient: ...
    @overload
    def client(self, library: Literal["requests"], *, certificate: str | None = None) -> requests.Session: ...
    def client(self, library: Library = "urllib", *, certificate: str | None = None) -> Any:
        """Return a client of *library* that is ready for this server: "urllib", "httpx", "httpx-async" or "requests".

        It has the base URL, so that paths are enough, trusts the server's authority, and ignores the proxies and the
        bundles of certificates that the environment names. It shows the certificate of the client called *certificate*,
        see `client_certificate`. Close it, or use it in a `with` statement.

        Raises ModuleNotFoundError where the library is not installed, RuntimeError before the first start.
        """
        from feedserver.ready_clients import Library, Trust, client_of

        check_choice("library", library, get_args(Library))
        check_name("certificate", certificate, "reader.example", or_none=True)
        shown = self.client_certificate(certificate) if certificate is not None else None
        bundle = self.ca_bundle if self.tls is not None else None
        return client_of(library, Trust(self.base_url, self.url, bundle, shown))

    def _tls_or_raise(self) -> None:
        if self.tls is None:
            raise RuntimeError("the server speaks no TLS; start it with FeedServer(…, tls=True)")

    # Routes and fixtures

    def add(
        self,
        path: str | Pattern,
        *answers: Answer | Lasting,
        method: str | None = None,
        state: Mapping[str, object] | None = None,
        then: Mapping[str, object] | None = None,
        **conditions: Unpack[ConditionsInput],
    ) -> None:
        """Answer *path* with *answers*, one after the other; the last one stays. HEAD does not use one up.

        *path* may have a query string, which then must be equal, or be a whole URL, for a client that uses this
        server as its proxy. An answer is a `Response` or a callable that gets the `Request` and returns one; it runs
        on a thread of its own, and may be async. `lasting(answer, "2h")` is given for a time. Without *method*, every
        method is answered.

        With *state*, the route answers only while `state` has these values (None: a name that is not set). Each request
        that uses an answer up changes `state` to the values of *then*.

        *path* may be a `Pattern` for many paths. More conditions are *query*, *headers*, *body*, *form*, *json* and
        *matching*, see `ConditionsInput`. The most specific route answers: one with a path before one with a pattern,
        then the one with the narrowest query, with the most other conditions, with the request's own method; of equal
        ones, the one that was added last. A route for the same requests replaces the earlier one.
        """
        asked = Conditions.of(conditions)
        self.site.routes.add(path, answers, method, state, then, asked)

    def unused_routes(self) -> list[str]:
        """Return the added routes that have answered no request, in words: `assert server.unused_routes() == []`."""
        return [str(route) for route in self.site.routes.unused]

    @property
    def state(self) -> dict[str, object]:
        """The state that routes share, by name: empty at first, changed by `add(…, then=…)` and by tests.

        A test may change it at any time. It outlives `stop`, as the routes do.
        """
        return self.site.routes.state

    @property
    def clock(self) -> Clock:
        """The server's clock, which a test can move: `Date`, `{date+2h}` and `Exchange.time` follow it."""
        return self.site.clock

    def gate(self) -> Gate:
        """Return a new gate: code that makes an answer waits at it until the test lets it pass.

        A body of parts or a callable calls its `wait`, the test its `release` or `open`.
        """
        return Gate()

    def mount(
        self,
        path: str,
        feed: Feed,
        format: FormatName = "rss",  # noqa: A002 - the word that `Feed.render` has, too
        **options: Unpack[RenderOptions],
    ) -> LiveFeed:
        """Serve *feed* at *path* in a *format* of `Feed.render`.

        Returns an object that changes the feed by publish, edit, move and more. The options are those of `Feed.render`;
        ETag and Last-Modified are sent unless `validators=False`.
        """
        from feedserver.feeds import LiveFeed  # most servers serve no live feed

        check_name("path", path, "/feed")
        live = LiveFeed(feed, format, clock=self.clock.now, **options)
        live.mount(self, path)
        return live

    def fixture(self, name: str | os.PathLike[str]) -> Response:
        """Return the response that a file of the root describes, for `add` or `dataclasses.replace`.

        Raises FixtureError for a mistake in it, FileNotFoundError where there is none.
        """
        check_is("the name of a fixture", name, (str, os.PathLike), "give a path below the root, such as 'feed.xml'")
        from pathlib import Path

        from feedserver.fixtures import loader
        from feedserver.fixtures.document_root import why_not_served

        folder = self.site.routes.folder
        if folder is None:
            raise FileNotFoundError(
                f"there is no fixture {name}: this server has no root; FeedServer('a/folder') has one"
            )
        wanted = Path(name).as_posix()
        path = folder.locate(wanted)
        if path is None or path.is_dir():
            why = why_not_served(wanted)
            raise FileNotFoundError(
                f"there is no fixture {name} in {folder.root}" + (f": {why}; give the file another name" if why else "")
            )
        return loader.load(path, beneath=folder.beneath)

    # Connections

    def on_connect(self, *faults: Fault | None) -> None:
        """Break connections before any request: the first new one by the first fault, and so on; the last fault stays.

        None leaves a connection whole. A call without arguments ends the breaking of connections.
        """
        from feedserver.messages.triggers import EACH_TIME

        for fault in faults:
            if fault is not None:
                check_fault(fault)
                if fault.when != EACH_TIME:
                    raise ValueError(
                        f"on_connect() was given '{fault}', and counts connections by its arguments; give "
                        f"'{fault.words}' alone, behind a None for each connection that stays whole"
                    )
        self.listening.opening = list(faults)

    def refuse(self) -> None:
        """Refuse new connections, as a server that is down; the port stays reserved, open connections continue."""
        if self._thread is None:
            raise RuntimeError("the server is not running, so every connection is refused already")
        shared_loop.refuse_on_loop("refuse()")
        closed = threading.Event()

        def refuse() -> None:
            self.listening.refuse()
            closed.set()

        self._thread.visit(refuse)
        closed.wait(STOP_TIMEOUT)
        self.listening.hold(self.port)

    def accept(self) -> None:
        """Accept connections again, on the same port. Raises OSError where the port was taken meanwhile."""
        if self._thread is None:
            raise RuntimeError("the server is not running; start it")
        shared_loop.refuse_on_loop("accept()")
        if self.listening.bind_again(self.port):
            self._thread.visit(partial(self.listening.open, self._thread.loop))

    def close_client_connections(self) -> None:
        """Close every connection that is open at once, whatever is under way on it; new ones are still accepted.

        So does a server that restarts. A client that keeps connections meets it at its next request. The exchanges that
        are under way end as "closed".
        """
        if self._thread is None:
            return
        shared_loop.refuse_on_loop("close_client_connections()")
        closed = threading.Event()

        def close() -> None:
            self.listening.close_client_connections()
            closed.set()

        self._thread.visit(close)
        closed.wait(STOP_TIMEOUT)

    @property
    def connections(self) -> list[ClientConnection]:
        """Every connection so far, closed ones included, in the order in which they were made.

        As many closed ones are kept as *journal_limit* says. The one of a request is `Request.connection`.
        """
        return self.listening.described()

    # Requests and problems

    @property
    def requests(self) -> list[Request]:
        """Every request so far, in the order of arrival."""
        return self.journal.requests

    def wait_for(
        self, path: str | Pattern | None = None, *, count: int = 1, timeout: float = 5.0, **criteria: Unpack[Criteria]
    ) -> list[Exchange]:
        """Wait until *count* matching requests have arrived, and return them; see `Journal.wait_for`.

        *path* and the criteria, such as *method* and *query*, are those of `Journal.filter`. Raises NotSeen after
        *timeout* seconds, and RuntimeError inside a running event loop, which it would block.
        """
        _refuse_in_loop("wait_for")
        return self.journal.wait_for(path, count=count, timeout=timeout, **criteria)

    def assert_requested(
        self, path: str | Pattern | None = None, *, count: int | None = None, **criteria: Unpack[Criteria]
    ) -> list[Exchange]:
        """Assert that a matching request has arrived, *count* times if given; see `Journal.assert_requested`."""
        return self.journal.assert_requested(path, count=count, **criteria)

    def assert_not_requested(self, path: str | Pattern | None = None, **criteria: Unpack[Criteria]) -> None:
        """Assert that no matching request has arrived; see `Journal.assert_not_requested`."""
        self.journal.assert_not_requested(path, **criteria)

    def expect(
        self,
        path: str | Pattern | None = None,
        *,
        times: int | None = None,
        at_least: int | None = None,
        at_most: int | None = None,
        **criteria: Unpack[Criteria],
    ) -> Expectation:
        """Expect that matching requests come from now on; `verify` checks how many have come. It answers nothing.

        *path* and the criteria are those of `Journal.filter`. They are expected *times* times, or *at_least* and
        *at_most* so often; without any of these, once. So `expect("/feed", times=0)` expects that none comes. The
        expectation can also be checked by itself, by its method `verify` or by a `with` block.
        """
        from feedserver.handler.expectations import ExpectedCount, Times  # not every test expects something

        wanted = RequestFilter(path, **criteria)
        count = Times.of(times, at_least, at_most)
        return self._expecting(ExpectedCount(self.journal, _caller(), wanted, count))

    def expect_in_order(self, *steps: str | Pattern | RequestFilter) -> Expectation:
        """Expect that requests come in this order from now on; `verify` checks it. It answers nothing.

        A step is a path, a `Pattern`, or a `RequestFilter` with more criteria. The requests that match any of the steps
        must be one for each step, in this order; other requests may come in between.
        """
        from feedserver.handler.expectations import ExpectedOrder

        wanted = [step if isinstance(step, RequestFilter) else RequestFilter(step) for step in steps]
        return self._expecting(ExpectedOrder(self.journal, _caller(), wanted))

    def _expecting(self, expectation: Expectation) -> Expectation:
        self._expectations.append(expectation)
        return expectation

    def verify(self) -> None:
        """Raise VerificationError for what went wrong at the server; docs/feedserver/pytest.md has the table.

        That is a mistake in a fixture, a callable that failed, a fault that was not injected, any exception while a
        request was answered, and, unless the server is not *strict*, a request that nothing answers and bytes that are
        no request. What was expected by `expect` is checked, too. Each problem is raised once, and each expectation is
        checked once. A doubtful detail of a fixture is issued as a FixtureWarning, here rather than on the thread that
        read the fixture.
        """
        for warning in self.site.take_warnings():
            warnings.warn(warning, stacklevel=2)
        expectations, self._expectations = self._expectations, []
        for expectation in expectations:
            if not expectation.is_checked and (problem := expectation.problem()):
                self.site.problems.add(problem)
        problems = self.site.problems.take()
        if problems:
            raise VerificationError(visible("\n\n".join(dict.fromkeys(problems)), lines=True))

    def allow(self, *patterns: str) -> None:
        """Ignore, from now on, each problem in which one of these regular expressions is found.

        It is for tests that cause a problem on purpose, such as clients of bare sockets. To assert that one came, catch
        what `verify` raises: `with pytest.raises(VerificationError, match="no HTTP version"): server.verify()`.
        """
        self.site.problems.allow(*patterns)

    def failed(self, message: str) -> None:
        """Report an error on the event loop that belongs to no particular server, as a problem of each server."""
        self.site.problems.add(message)

    def abandon(self) -> None:
        """Close the inherited sockets, in a forked child, without sending anything."""
        self.listening.abandon()
        self._thread = None


def _folder(root: str | os.PathLike[str], *, follow_links: bool) -> Folder:
    from pathlib import Path

    from feedserver.fixtures.document_root import Folder  # many servers have no folder

    return Folder(Path(root), follow_links=follow_links)


def _texts(argument: str, texts: object, kind: str, example: str) -> tuple[str, ...]:
    """Return *texts* as a tuple. Raises TypeError for a single text, whose letters would count as addresses."""
    if texts == ():
        return ()  # the default, as of most servers
    if isinstance(texts, str | bytes) or not isinstance(texts, Iterable):
        plural = {"an address": "addresses", "a host": "host names"}[kind]
        raise TypeError(f"{argument} is {named(texts)}; give a list of {plural}, such as ['{example}']")
    given = tuple(texts)
    for text in given:
        check_name(f"{kind} in {argument}", text, example)
    return given


def _quit(reference: weakref.ref[FeedServer]) -> None:
    """Stop the server from a new thread: this is called on the event loop, for which the stop waits."""
    server = reference()
    if server is not None:
        server.quit_requested.set()
        threading.Thread(target=server.stop, name="feedserver: QUIT", daemon=True).start()


def _tls(
    wanted: bool | TlsFault | Tls,
    addresses: Iterable[str],
    names: tuple[str, ...],
    clients: ClientCertificates | None,
) -> Tls | None:
    check_choice("client_certificates", clients, ("optional", "required", None))
    if wanted is False:
        if names:
            raise ValueError(f"names is {list(names)}, and a server without TLS has no certificate; give tls=True, too")
        if clients is not None:
            raise ValueError(f"client_certificates is {clients!r}, and the server speaks no TLS; give tls=True, too")
        return None
    from feedserver.net.tls import Tls

    if not isinstance(wanted, Tls):
        check_is("tls", wanted, (bool, str), "give True or False, or how it goes wrong, such as 'expired'")
        wanted = Tls(None if wanted is True else wanted, clients=clients)
    return wanted.naming((*addresses, *names))


def _caller() -> str:
    """Return the line of the test that called a method of a server, for a message."""
    frame = sys._getframe(2)
    return f" at {frame.f_code.co_filename}:{frame.f_lineno}"


def _refuse_in_loop(what: str) -> None:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return
    raise RuntimeError(
        f"{what} would block the event loop that runs here; use 'await asyncio.to_thread(server.{what}, …)'"
    )
