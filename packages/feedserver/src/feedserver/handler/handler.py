"""What a server knows and does, without a socket: routes, negotiation and journal put together.

`answer` gives what to send, or says that a thread must work first: a user's callable, or the coding of a large body,
which would hold up every other connection on the event loop.
"""

from __future__ import annotations

import inspect
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from feedserver.fixtures.loader import FixtureError, FixtureWarning, content_type_for
from feedserver.handler import fault_injection
from feedserver.handler.journal import Exchange, Journal
from feedserver.handler.problems import SHOWN, Problems, in_words
from feedserver.handler.quit_method import quit_refusal
from feedserver.handler.router import Choice, Found, Missing, Routes
from feedserver.http import content_codings, negotiation, response_writer
from feedserver.http.request_parser import Malformed
from feedserver.messages.headers import Headers
from feedserver.messages.request import Request
from feedserver.messages.response import Fault, FileBody, Response, body_size, fill_placeholders, has_placeholders
from feedserver.messages.send_plan import Plan

if TYPE_CHECKING:
    import tempfile

INLINE = 32_768
"""Bytes of a body that are coded on the event loop; more goes to a thread."""

CODED_KEPT = 128
"""Coded bodies that are kept, so that a forced coding costs its time once."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """What to send: *whole* at once, or else *plan* step by step. *keep_alive*: the connection may be used again."""

    exchange: Exchange
    whole: bytes | None
    plan: Plan | None
    keep_alive: bool


@dataclass(frozen=True, slots=True)
class Pending:
    """An answer that a thread must make:
    *work* makes it, *name* says what runs there, *give_up* answers if it overruns.
    """

    exchange: Exchange
    name: str
    work: Callable[[], Prepared]
    give_up: Callable[[], Prepared]


Verdict: TypeAlias = Prepared | Pending


@dataclass(slots=True)
class _Quick:
    """A whole answer, kept for the second in which its Date is right."""

    second: int
    data: bytes
    head: response_writer.Head
    response: Response


class Site:
    """Routes, journal and what went wrong, of one server."""

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
        self.callable_timeout = callable_timeout
        self.quits = quits
        self.base_url = ""
        self.own_hosts: frozenset[str] = frozenset()
        self.on_quit: Callable[[], None] | None = None
        self._coded: dict[tuple[object, ...], bytes | FileBody] = {}
        self._scratch: tempfile.TemporaryDirectory[str] | None = None
        self._scratch_lock = threading.Lock()

    def take_warnings(self) -> list[FixtureWarning]:
        """What is doubtful about the fixtures that were read since this was last asked."""
        taken = self.routes.warnings[:]
        del self.routes.warnings[: len(taken)]
        return taken

    def close(self) -> None:
        """Removes what was written to disk."""
        if self._scratch is not None:
            self._scratch.cleanup()
            self._scratch = None
            # Large bodies that were coded are gone with it; a server that starts again codes them again.
            self._coded = {key: body for key, body in self._coded.items() if isinstance(body, bytes)}

    # The way of a request.

    def refuse(self, event: Malformed) -> Prepared:
        """Answers what was no request."""
        exchange = self._refused(event, f"it was answered with {event.status}")
        response = _plain_text(event.status, f"{event.problem}\n")
        return self._send(exchange, None, response, keep_alive=False)

    def opening(self) -> Exchange:
        """The exchange of a connection that is broken before any request."""
        exchange = Exchange(self.journal, None, problem="the connection was broken before any request, as told")
        self.journal.record(exchange)
        return exchange

    def cut(self, event: Malformed, why: str, ended: str) -> None:
        """Notes a request that its connection or the server ended in the middle, so that nothing could be answered."""
        self._refused(event, why).finish(ended, 0)

    def _refused(self, event: Malformed, what_came: str) -> Exchange:
        exchange = Exchange(self.journal, None, raw=event.raw, problem=event.problem)
        self.problems.add_of_client(f"{event.problem}; {what_came}. It began {event.raw[:SHOWN]!r}.", exchange)
        self.journal.record(exchange)  # last: who has waited for it may ask `verify`
        return exchange

    def unencrypted(self, problem: str, *, on_purpose: bool) -> None:
        """Notes a client with which no TLS connection came about: a problem, unless it was broken *on purpose*."""
        exchange = Exchange(self.journal, None, problem=problem)
        if not on_purpose:
            distrusts = "; one that is to trust the server needs server.ca_bundle or server.client_context()"
            self.problems.add_of_client(f"{problem}{distrusts if 'ALERT' in problem else ''}.", exchange)
        self.journal.record(exchange)
        exchange.finish("closed", 0)

    def failed(self, error: BaseException, exchange: Exchange | None) -> None:
        """Keeps an exception that came while an answer went out, for `verify`."""
        of = f"the answer to {exchange}" if exchange is not None and exchange.request is not None else "a connection"
        message = f"{of} was broken off by {in_words(error)}"
        if exchange is not None:
            exchange.problem = message
        self.problems.add(message, exchange)

    def answer(self, request: Request, keep_alive: bool) -> Verdict:
        """Answers a request; *keep_alive* says whether its connection may be used again.

        The exchange is recorded when what is wrong with it is noted: who has waited for the request may ask `verify`.
        Whatever goes wrong meanwhile, a hook of a user's fault included, is answered with 500, and a problem.
        """
        exchange = Exchange(self.journal, request)
        if request.method == "QUIT" and self.quits:
            self.journal.record(exchange)
            return self._quit(exchange, request)
        try:
            return self._decide(exchange, request, keep_alive)
        except BaseException as error:  # noqa: BLE001 - the event loop is no place for it to end; `verify` raises it
            return self._failure(exchange, request, error, keep_alive)
        finally:
            self.journal.record(exchange)

    def _decide(self, exchange: Exchange, request: Request, keep_alive: bool) -> Verdict:
        try:
            found = self.routes.find(request, self._is_own_host)
        except (FixtureError, OSError) as error:
            return self._mistake(exchange, request, str(error), keep_alive)
        if isinstance(found, Missing):
            return self._missing(exchange, request, found, keep_alive)
        if request.method == "GET" and request.version == "1.1":
            quick = self._quick(exchange, found, keep_alive)
            if quick is not None:
                return quick
        answer = found.choice.answer
        if isinstance(answer, Response):
            chosen = fault_injection.choose(answer, found.number)
            return self._negotiate(exchange, request, chosen, found.take, keep_alive)
        found_answer = answer  # a name that keeps its type inside the closure
        name, number = _name_of(answer), found.number
        found.take()
        return Pending(
            exchange,
            name,
            lambda: self._call(exchange, request, found_answer, name, number, keep_alive),
            lambda: self._mistake(
                exchange, request, f"{name} did not answer {request} within {self.callable_timeout:g} s", keep_alive
            ),
        )

    def early(self, request: Request) -> Verdict | None:
        """Answers a request whose body is still to come, where a fault of its response says so; None: read on."""
        try:
            found = self.routes.find(request, self._is_own_host)
        except (FixtureError, OSError):
            return None  # told when the request is whole
        answer = found.choice.answer if isinstance(found, Found) else None
        if not isinstance(found, Found) or not isinstance(answer, Response):
            return None
        chosen = fault_injection.choose(answer, found.number)
        if not any(fault.early for fault in chosen.faults):
            return None
        exchange = Exchange(self.journal, request)
        try:
            return self._negotiate(exchange, request, chosen, found.take, keep_alive=False)
        except BaseException as error:  # noqa: BLE001 - as in `answer`
            return self._failure(exchange, request, error, keep_alive=False)
        finally:
            self.journal.record(exchange)

    def _is_own_host(self, host: str) -> bool:
        return host.lower() in self.own_hosts

    def _quick(self, exchange: Exchange, found: Found, keep_alive: bool) -> Prepared | None:
        """The short way of an answer that is the same for everyone: rendered once a second."""
        name = "quick" if keep_alive else "quick, closing"
        quick = found.choice.memo.get(name)
        if quick is None:
            quick = found.choice.memo[name] = self._make_quick(exchange, found.choice, keep_alive)
        if not isinstance(quick, _Quick):
            return None
        second = int(exchange.time)
        if quick.second != second:
            quick.data = quick.head.at(second) + quick.data[len(quick.data) - body_size(quick.response) :]
            quick.second = second
        found.advance()
        exchange.answered(quick.response)
        return Prepared(exchange, quick.data, None, keep_alive)

    def _make_quick(self, exchange: Exchange, choice: Choice, keep_alive: bool) -> _Quick | bool:
        response = choice.answer
        if not isinstance(response, Response) or has_placeholders(response.headers):
            return False
        if response.delay or response.pace or response.faults or not negotiation.is_plain(response):
            return False
        request = exchange.request
        if request is not None:
            response = _with_content_type(request, response)
        head = response_writer.render_head(request, response, keep_alive)
        if isinstance(response.body, FileBody) or head.framing != "length" or head.keep_alive != keep_alive:
            return False
        second = int(exchange.time)
        return _Quick(second, head.at(second) + response.body, head, response)

    def _negotiate(
        self, exchange: Exchange, request: Request, response: Response, advance: Callable[[], None], keep_alive: bool
    ) -> Verdict:
        if has_placeholders(response.headers):
            filled = fill_placeholders(response.headers, self.base_url, exchange.time)
            response = replace(response, headers=filled)
        response = _with_content_type(request, response)
        try:
            if isinstance(response.body, FileBody):
                response.body.open().close()  # a file that can't be sent is told before a head has promised it
        except (OSError, ValueError) as error:
            return self._mistake(exchange, request, f"{response.source or request.path}: {error}", keep_alive)
        try:
            selected = negotiation.select(request, response)
        except ValueError as error:  # a coding that is not known, or not installed
            return self._mistake(exchange, request, f"{response.source or request.path}: {error}", keep_alive)
        if request.method != "HEAD" and not (selected.status == 401 and response.auth is not None):
            advance()
        if selected.coding is None:
            return self._send(exchange, request, negotiation.slice_range(request, selected), keep_alive)

        def work() -> Prepared:
            try:
                coded = self._code(selected)
                return self._send(exchange, request, negotiation.slice_range(request, coded), keep_alive)
            except (OSError, ValueError, content_codings.CodingUnavailable) as error:
                return self._mistake(exchange, request, f"{selected.source or request.path}: {error}", keep_alive)
            except BaseException as error:  # noqa: BLE001 - as in `answer`
                return self._failure(exchange, request, error, keep_alive)

        if body_size(selected) <= INLINE or _coding_key(selected) in self._coded:
            return work()
        name = f"the {selected.coding} coding of {selected.source or request.path}"
        late = f"{name} took longer than {self.callable_timeout:g} s"
        return Pending(exchange, name, work, lambda: self._mistake(exchange, request, late, keep_alive))

    def _code(self, response: Response) -> Response:
        coding = response.coding or "identity"
        key = _coding_key(response)
        coded = self._coded.get(key)
        if coded is None:
            body = response.body
            coded = content_codings.encode(body, coding) if isinstance(body, bytes) else self._code_file(body, coding)
            if len(self._coded) >= CODED_KEPT:
                self._coded.pop(next(iter(self._coded)), None)
            self._coded[key] = coded
        return replace(response, body=coded, coding=None)

    def _code_file(self, body: FileBody, coding: str) -> FileBody:
        import tempfile  # few tests code so much that a file must hold it

        with self._scratch_lock:
            if self._scratch is None:
                self._scratch = tempfile.TemporaryDirectory(prefix="feedserver-", ignore_cleanup_errors=True)
        descriptor, name = tempfile.mkstemp(dir=self._scratch.name)
        with os.fdopen(descriptor, "wb") as target:
            content_codings.encode_file(body, coding, target)
            return FileBody(Path(name), target.tell())

    def _call(
        self,
        exchange: Exchange,
        request: Request,
        answer: Callable[[Request], Response],
        name: str,
        number: int,
        keep_alive: bool,
    ) -> Prepared:
        """Runs on a thread of its own."""
        try:
            response = answer(request)
        except BaseException as error:  # noqa: BLE001 - sys.exit() and pytest.fail() belong to the test, too, by `verify`
            return self._mistake(exchange, request, f"{name} raised {in_words(error)} for {request}", keep_alive)
        if not isinstance(response, Response):
            if inspect.iscoroutine(response):
                response.close()  # else Python warns that nobody awaited it, and that is not the test's mistake
            problem = f"{name} returned {response!r} for {request}; return a Response"
            return self._mistake(exchange, request, problem, keep_alive)
        try:
            chosen = fault_injection.choose(response, number)
            verdict = self._negotiate(exchange, request, chosen, lambda: None, keep_alive)
        except BaseException as error:  # noqa: BLE001 - as in `answer`
            return self._failure(exchange, request, error, keep_alive)
        return verdict if isinstance(verdict, Prepared) else verdict.work()

    def _missing(self, exchange: Exchange, request: Request, missing: Missing, keep_alive: bool) -> Prepared:
        if self.problems.strict:
            exchange.problem = missing.message
            self.problems.add(missing.message, exchange)
        response = _plain_text(missing.status, f"{missing.message}\n")
        if missing.allow:
            response = replace(response, headers=response.headers.added("Allow", missing.allow))
        return self._send(exchange, request, response, keep_alive)

    def _mistake(self, exchange: Exchange, request: Request, message: str, keep_alive: bool) -> Prepared:
        exchange.problem = message
        self.problems.add(message, exchange)
        return self._send(exchange, request, _plain_text(500, f"{message}\n", error=message), keep_alive)

    def _failure(self, exchange: Exchange, request: Request, error: BaseException, keep_alive: bool) -> Prepared:
        return self._mistake(exchange, request, f"{request} could not be answered: {in_words(error)}", keep_alive)

    def _quit(self, exchange: Exchange, request: Request) -> Prepared:
        refusal = quit_refusal(request)
        if refusal:
            return self._send(exchange, request, _plain_text(403, f"{refusal}\n"), keep_alive=False)
        if self.on_quit is not None:
            self.on_quit()
        return self._send(exchange, request, _plain_text(200, "The server stops.\n"), keep_alive=False)

    def _send(self, exchange: Exchange, request: Request | None, response: Response, keep_alive: bool) -> Prepared:
        if request is not None and response.faults:
            return self._send_broken(exchange, request, response, keep_alive)
        exchange.answered(response)
        method = request.method if request is not None else "GET"
        head = response_writer.render_head(request, response, keep_alive)
        data = response_writer.whole(head, response, method, time.time())
        steps = None if data is not None else response_writer.plan(head, response, method)
        return Prepared(exchange, data, steps, head.keep_alive)

    def _send_broken(self, exchange: Exchange, request: Request, response: Response, keep_alive: bool) -> Prepared:
        shaped, struck = fault_injection.shape(request, response)

        def missed(fault: Fault) -> None:
            self.problems.add(fault_injection.why_missed(request, shaped, fault), exchange)

        exchange.answered(shaped)
        head = response_writer.render_head(request, shaped, keep_alive)
        plan = fault_injection.break_plan(
            response_writer.plan(head, shaped, request.method), shaped.faults, struck, missed
        )
        return Prepared(exchange, None, plan, head.keep_alive)


def _coding_key(response: Response) -> tuple[object, ...]:
    return (response.coding, response.body)


def _name_of(answer: object) -> str:
    name = getattr(answer, "__qualname__", None) or type(answer).__qualname__
    code = getattr(answer, "__code__", None)
    return f"{name} ({code.co_filename}:{code.co_firstlineno})" if code is not None else str(name)


def _plain_text(status: int, text: str, *, error: str = "") -> Response:
    headers = Headers({"Content-Type": "text/plain; charset=utf-8"})
    return Response(text.encode("utf-8", "backslashreplace"), status, headers, error=error)


def _with_content_type(request: Request, response: Response) -> Response:
    """A response made by code gets the type that its path's extension has in our table, unless it says otherwise."""
    if response.body and "Content-Type" not in response.headers and "content-type" not in response.omit:
        known = content_type_for(request.path)
        if known != "application/octet-stream":
            return response.with_headers(response.headers.added("Content-Type", known))
    return response
