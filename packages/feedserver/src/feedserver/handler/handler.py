"""The decision on an answer, without a socket: routes, negotiation and journal put together.

`Site.answer` returns what to send, or says that a thread must work first: on a user's callable or the coding of a large
body, either of which would block every other connection if it ran on the event loop.
"""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable, Coroutine
from dataclasses import replace
from functools import partial
from typing import Any, TypeAlias

from feedserver.fixtures.errors import FixtureError, FixtureWarning
from feedserver.handler import fault_injection
from feedserver.handler.coded_bodies import CodedBodies
from feedserver.handler.decisions import Decision, Pending, Prepared, Received
from feedserver.handler.exchange import Exchange
from feedserver.handler.journal import Journal
from feedserver.handler.problems import SHOWN, Expected, Problems, in_words
from feedserver.handler.quit_method import quit_refusal
from feedserver.handler.ready_answers import make_ready, with_content_type
from feedserver.handler.router import Missing, Routes
from feedserver.handler.routes import Choice, Found
from feedserver.http import negotiation, response_writer
from feedserver.http.request_parser import Malformed
from feedserver.messages.argument_types import named
from feedserver.messages.client_connection import Peer
from feedserver.messages.clock import Clock
from feedserver.messages.gate import NoLongerWanted, is_dropped, run_async
from feedserver.messages.headers import Headers
from feedserver.messages.placeholders import fill_placeholders, has_placeholders
from feedserver.messages.request import Request
from feedserver.messages.response import FileBody, Response, body_size
from feedserver.messages.send_plan import Ended
from feedserver.messages.terminal_text import visible

INLINE = 32_768
"""The largest body, in bytes, that is coded on the event loop; larger ones are coded on a thread."""


MakeResponse: TypeAlias = Callable[[Request], Response | Coroutine[Any, Any, Response]]
"""A callable that makes an answer, plain or async."""


class Site:
    """The routes, the journal and the problems of one server."""

    def __init__(
        self,
        routes: Routes,
        journal: Journal,
        *,
        strict: bool = True,
        callable_timeout: float = 5.0,
        quits: bool = False,
    ) -> None:
        self.routes = routes
        self.journal = journal
        self.problems = Problems(journal.changes.failures, strict=strict)
        self.expectations: list[Expected] = []
        """What `FeedServer.verify` checks when it is called next."""
        self.callable_timeout = callable_timeout
        self.quits = quits
        self.base_url = ""
        self.is_own_host: Callable[[str], bool] = _is_no_host
        self.on_quit: Callable[[], None] | None = None
        self.clock = Clock()
        routes.now = self.clock.time
        self._coded = CodedBodies()

    def take_warning(self) -> FixtureWarning | None:
        """Return the oldest warning about a fixture, and forget it; None where there is no further one."""
        return self.routes.warnings.pop(0) if self.routes.warnings else None

    def catch_up(self) -> bool:
        """Wait until what clients have sent so far is in the journal. Return False, and note a problem, if the event
        loop is blocked.
        """
        problem = self.journal.catch_up()
        if problem:
            self.problems.add(problem)
        return not problem

    def close(self) -> None:
        """Remove the temporary files."""
        self._coded.close()

    # Bytes and connections without a request

    def refuse(self, event: Malformed) -> Prepared:
        """Answer bytes that were no request."""
        exchange = self._refused(event, f"it was answered with {event.status}")
        response = _plain_text(event.status, f"{event.problem}\n")
        return self._send(exchange, None, response, keep_alive=False)

    def opening(self) -> Exchange:
        """Record the exchange of a connection that is broken before any request."""
        problem = "the connection was broken before any request, on purpose"
        exchange = Exchange(self.journal.changes, None, problem=problem, now=self.clock.time())
        self.journal.record(exchange)
        return exchange

    def cut(self, event: Malformed, why: str, ended: Ended, error: str = "") -> None:
        """Note a request that was cut off in the middle, so that nothing could be answered.

        *why* says what cut it off, *ended* how its exchange ended; *error* is the system's message, if there is one.
        """
        self._refused(event, why).finish(ended, 0, error)

    def unanswered(self, request: Request, peer: Peer, number: int, ended: Ended, error: str) -> None:
        """Record a pipelined request that nothing answers: the connection ended with the answer before it."""
        problem = "it came behind an answer with which the connection ended"
        exchange = Exchange(
            self.journal.changes, request, problem=problem, now=self.clock.time(), peer=peer, number=number
        )
        self.journal.record(exchange)
        exchange.finish(ended, 0, error)

    def unread(self, problem: str, exchange: Exchange | None = None) -> None:
        """Note that not all of what a client has sent was read, so that some of its requests are not recorded."""
        self.journal.unread = problem
        self.problems.add_of_client(f"{problem}.", exchange)

    def _refused(self, event: Malformed, outcome: str) -> Exchange:
        exchange = Exchange(self.journal.changes, None, raw=event.raw, problem=event.problem, now=self.clock.time())
        self.problems.add_of_client(f"{event.problem}; {outcome}. It began {event.raw[:SHOWN]!r}.", exchange)
        self.journal.record(exchange)  # last: a test that waits for it may call `verify` next
        return exchange

    def tls_failed(self, problem: str, *, raw: bytes = b"", on_purpose: bool = False) -> None:
        """Note a client whose TLS connection failed: as a problem, unless a fault broke it *on purpose*.

        *raw* are the bytes that came.
        """
        exchange = Exchange(self.journal.changes, None, raw=raw, problem=problem, now=self.clock.time())
        if not on_purpose:
            remedy = ""
            if "DID_NOT_RETURN_A_CERTIFICATE" in problem:
                remedy = "; a client that is to show one needs server.client_certificate('…'), or client_context('…')"
            elif "ALERT" in problem:
                remedy = "; a client that is to trust the server needs server.ca_bundle or server.client_context()"
            self.problems.add_of_client(f"{problem}{remedy}.", exchange)
        self.journal.record(exchange)
        exchange.finish(Ended.CLOSED, 0)

    def failed(self, error: BaseException, exchange: Exchange | None) -> None:
        """Keep an exception that came while an answer was being sent, for `verify`."""
        of = f"the answer to {exchange}" if exchange is not None and exchange.request is not None else "a connection"
        message = f"{of} was broken off by {in_words(error)}"
        if exchange is not None:
            exchange.problem = message
        self.problems.add(message, exchange)

    def failed_too_late(self, name: str, exchange: Exchange, error: BaseException) -> None:
        """Keep an exception for `verify` that the function called *name* raised when its answer was over already."""
        of = f" to {exchange}" if exchange.request is not None else ""
        self.problems.add(f"{name} raised {in_words(error)} when its answer{of} was over already", exchange)

    # Answering a request

    def answer(self, request: Request, keep_alive: bool, peer: Peer | None = None, number: int = 0) -> Decision:
        """Answer a request, the one with this *number* on the connection of *peer*.

        *keep_alive* says whether the connection may be used again.

        The exchange is recorded after its problems are noted: a test that waits for the request may call `verify` next.
        Any exception meanwhile, such as one that a user's own `Fault` class raises, becomes an answer of 500 and a
        problem.
        """
        exchange = Exchange(self.journal.changes, request, b"", "", time.time() + self.clock.offset, peer, number)
        received = Received(exchange, request, keep_alive)
        if request.method == "QUIT" and self.quits:
            self.journal.record(exchange)
            return self._quit(received)
        try:
            return self._decide(received)
        except BaseException as error:  # noqa: BLE001 - it must not end the event loop; `verify` raises it
            return self._failure(received, error)
        finally:
            self.journal.record(exchange)

    def _decide(self, received: Received) -> Decision:
        try:
            found = self.routes.find(received.request, self.is_own_host, received.exchange)
        except (FixtureError, OSError) as error:
            if isinstance(error, OSError) and error.filename is None:
                raise  # it is about no file: a function of the test has raised it
            return self._mistake(received, str(error))
        if isinstance(found, Missing):
            return self._missing(received, found)
        answer = found.choice.answer
        if not isinstance(answer, Response):
            pending = self._call_later(received, answer, found)
            if received.request.method != "HEAD":
                found.take()
            return pending
        ready = self._ready(received, found, answer)
        if ready is not None:
            return ready
        return self._negotiate(received, fault_injection.choose(answer, found.number), found.take)

    def early(self, request: Request, peer: Peer | None = None, number: int = 0) -> Decision | None:
        """Answer a request before its body, where a fault of its response says so; return None to read on."""
        if self.routes.needs_body(request):
            return None
        try:
            found = self.routes.find(request, self.is_own_host)
            answer = found.choice.answer if isinstance(found, Found) else None
            if not isinstance(found, Found) or not isinstance(answer, Response):
                return None
            chosen = fault_injection.choose(answer, found.number)
            if fault_injection.must_log_in(request, chosen):  # a 401 is not broken
                return None
        except BaseException:  # noqa: BLE001 - `answer` meets it again, and reports it, when the request is whole
            return None
        if not any(fault.early for fault in fault_injection.faults_of(chosen)):
            return None
        exchange = Exchange(self.journal.changes, request, now=self.clock.time(), peer=peer, number=number)
        received = Received(exchange, request, keep_alive=False)
        try:
            return self._negotiate(received, chosen, found.take)
        except BaseException as error:  # noqa: BLE001 - as in `answer`
            return self._failure(received, error)
        finally:
            self.journal.record(received.exchange)

    def _ready(self, received: Received, found: Found, response: Response) -> Prepared | None:
        """Return the prerendered answer to a GET over HTTP/1.1; None for other requests, and where there is none."""
        exchange, request, keep_alive = received.exchange, received.request, received.keep_alive
        if request.method != "GET" or request.version != "1.1":
            return None
        if not found.choice.is_for_one_path and "Content-Type" not in response.headers:
            return None  # the extension of each path decides the type
        kept = found.choice.ready
        if keep_alive not in kept:
            kept[keep_alive] = make_ready(response, request, keep_alive, int(exchange.time))
        ready = kept[keep_alive]
        if ready is None:
            return None
        found.advance()
        exchange.answered(ready.response)
        return Prepared(exchange, ready.at(int(exchange.time)), None, keep_alive)

    def _negotiate(self, received: Received, response: Response, advance: Callable[[], None]) -> Decision:
        request = received.request
        if has_placeholders(response.headers):
            try:
                filled = fill_placeholders(response.headers, self.base_url, received.exchange.time)
            except ValueError as error:
                return self._mistake(received, f"{response.source or request.path}: {error}")
            response = replace(response, headers=filled)
        response = with_content_type(request, response)
        try:
            if isinstance(response.body, FileBody):
                response.body.open().close()  # a file that can't be sent must be reported before its head is sent
            selected = negotiation.select(request, response)
        except (OSError, ValueError) as error:  # ValueError: a coding that is not known, or not installed
            return self._mistake(received, f"{response.source or request.path}: {error}")
        if request.method != "HEAD" and not (selected.status == 401 and response.auth is not None):
            advance()
        if selected.coding is None:
            return self._respond(received, negotiation.slice_range(request, selected))
        work = partial(self._code, received, selected)
        if body_size(selected) <= INLINE or self._coded.has(selected):
            return work()
        name = f"the {selected.coding} coding of {selected.source or request.path}"
        late = f"{name} took longer than {self.callable_timeout:g} s"
        return Pending(received.exchange, name, work, partial(self._mistake, received, late))

    def _code(self, received: Received, selected: Response) -> Prepared:
        """Answer with the body of *selected* in its coding. May run on a thread of its own."""
        request = received.request
        try:
            return self._respond(received, negotiation.slice_range(request, self._coded.code(selected)))
        except (OSError, ValueError) as error:
            return self._mistake(received, f"{selected.source or request.path}: {error}")
        except BaseException as error:  # noqa: BLE001 - as in `answer`
            if _was_dropped(error):
                return Prepared(received.exchange, None, None, keep_alive=False)  # nobody takes it
            return self._failure(received, error)

    def _call_later(self, received: Received, answer: MakeResponse, found: Found) -> Pending:
        name = _name_of(answer)
        late = f"{name} did not answer {received.request} within {self.callable_timeout:g} s"
        return Pending(
            received.exchange,
            name,
            partial(self._call, received, answer, found.number, found.choice),
            partial(self._mistake, received, late),
        )

    def _call(self, received: Received, answer: MakeResponse, number: int, choice: Choice) -> Prepared:
        """Answer with what a callable returns. *number* is the number of the request among those that *choice* answers,
        counted from 1. Runs on a thread of its own.
        """
        request, name = received.exchange.request or received.request, _name_of(answer)
        try:
            response = answer(request)
            if inspect.iscoroutine(response):
                response = run_async(response)
        except BaseException as error:  # noqa: BLE001 - sys.exit() and pytest.fail() reach the test, too, by `verify`
            if _was_dropped(error):
                return Prepared(received.exchange, None, None, keep_alive=False)  # nobody takes it
            return self._mistake(received, f"{name} raised {in_words(error)} for {request}")
        if not isinstance(response, Response):
            return self._mistake(received, f"{name} returned {named(response)} for {request}; return a Response")
        never = fault_injection.never_on_first_request(response) if choice.is_given_once else None
        if never is not None:
            return self._mistake(
                received,
                f"{name} returned the fault '{never}' for {request}, which is never triggered: its answer is given "
                f"once, and then the next; leave '{never.when}' out",
            )
        try:
            chosen = fault_injection.choose(response, number)
            for fault in fault_injection.lost_to_login(request, chosen):
                why = f"{request}, which triggered the fault '{fault}', got the 401 of a login: it was not injected"
                remedy = "return the fault only for requests that have logged in"
                self.problems.add(f"{name}: {why}; {remedy}", received.exchange)
            decision = self._negotiate(received, chosen, lambda: None)
        except BaseException as error:  # noqa: BLE001 - as in `answer`
            return self._failure(received, error)
        return decision if isinstance(decision, Prepared) else decision.work()

    # The server's own answers

    def _missing(self, received: Received, missing: Missing) -> Prepared:
        if self.problems.strict:
            from feedserver.handler.missing import NEAR  # imported late: most tests need nothing of this module

            received.exchange.problem = missing.message
            near = next((line for line in missing.message.splitlines() if line.startswith(NEAR)), "")
            self.problems.add(missing.message, received.exchange, near)
        response = _plain_text(missing.status, f"{missing.message}\n")
        if missing.allow:
            response = replace(response, headers=response.headers.added("Allow", missing.allow))
        return self._respond(received, response)

    def _mistake(self, received: Received, message: str) -> Prepared:
        received.exchange.problem = message
        self.problems.add(message, received.exchange)
        return self._respond(received, _plain_text(500, f"{message}\n", error=message))

    def _failure(self, received: Received, error: BaseException) -> Prepared:
        return self._mistake(received, f"{received.request} could not be answered: {in_words(error)}")

    def _quit(self, received: Received) -> Prepared:
        refusal = quit_refusal(received.request)
        if not refusal and self.on_quit is not None:
            self.on_quit()
        response = _plain_text(403, f"{refusal}\n") if refusal else _plain_text(200, "The server stops.\n")
        return self._send(received.exchange, received.request, response, keep_alive=False)

    def _respond(self, received: Received, response: Response) -> Prepared:
        if response.faults:
            return self._send_broken(received, response)
        return self._send(received.exchange, received.request, response, received.keep_alive)

    def _send_broken(self, received: Received, response: Response) -> Prepared:
        exchange, request = received.exchange, received.request
        shaped = fault_injection.shape(request, response)
        exchange.answered(shaped.response)
        head = response_writer.make_head(request, shaped.response, received.keep_alive)
        plan = response_writer.plan(head, shaped.response, request.method, self.clock.time)
        broken = fault_injection.break_plan(
            plan,
            shaped,
            lambda fault: self.problems.add(fault_injection.why_missed(request, shaped.response, fault), exchange),
        )
        return Prepared(exchange, None, broken, head.keep_alive)

    def _send(self, exchange: Exchange, request: Request | None, response: Response, keep_alive: bool) -> Prepared:
        """Return the bytes or the plan of a *response* without faults; *request* is None where no request was read."""
        exchange.answered(response)
        method = request.method if request is not None else "GET"
        head = response_writer.make_head(request, response, keep_alive)
        data = response_writer.whole(head, response, method, self.clock.time())
        steps = None if data is not None else response_writer.plan(head, response, method, self.clock.time)
        return Prepared(exchange, data, steps, head.keep_alive)


def _is_no_host(_: str) -> bool:
    """Return False: a server that was not started has no host of its own."""
    return False


def _was_dropped(error: BaseException) -> bool:
    """Return whether *error* ends code whose answer nobody wants any more."""
    return isinstance(error, NoLongerWanted) and is_dropped()


def _name_of(answer: object) -> str:
    name = getattr(answer, "__qualname__", None) or type(answer).__qualname__
    code = getattr(answer, "__code__", None)
    return f"{name} ({code.co_filename}:{code.co_firstlineno})" if code is not None else str(name)


def _plain_text(status: int, text: str, *, error: str = "") -> Response:
    headers = Headers({"Content-Type": "text/plain; charset=utf-8"})
    shown = visible(text, lines=True)  # a client's terminal, or a test's report, may print it
    return Response(shown.encode("utf-8"), status, headers, error=error)
