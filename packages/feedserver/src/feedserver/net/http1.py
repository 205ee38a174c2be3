"""HTTP/1 on a connection: reads requests from bytes, and sends the answers as bytes.

One answer is under way at a time; requests that a client pipelines behind it wait in the reader.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Literal, Protocol

from feedserver.handler.decisions import Decision, Pending, Prepared
from feedserver.http import response_writer
from feedserver.http.request_parser import ContinueExpected, Malformed, RequestReader
from feedserver.messages.gate import Wanted, call_soon
from feedserver.messages.request import Request
from feedserver.messages.send_plan import (
    Await,
    CloseConnection,
    Ended,
    Head,
    Plan,
    ResetConnection,
    Source,
    Step,
    Wait,
)
from feedserver.net.answer_under_way import AnswerUnderWay
from feedserver.net.connection_state import Event

if TYPE_CHECKING:
    from feedserver.handler.handler import Site
    from feedserver.messages.client_connection import Peer
    from feedserver.net.event_loop import EventLoop

BACKLOG = 262_144
"""Bytes of pipelined requests that may wait before the connection stops reading."""


class HttpServer(Protocol):
    """What HTTP needs of the server: *workers* maps the threads that make answers to the names of what they run."""

    site: Site
    loop: EventLoop
    max_body: int
    workers: dict[threading.Thread, str]


class Carrier(Protocol):
    """What HTTP needs of the connection that carries it; see `connection.Connection`.

    *unsent* is how many bytes waited when the kernel began to take no more; it is 0 once all of them are taken.
    """

    unsent: int
    peer: Peer

    @property
    def untaken(self) -> int:
        """The number of bytes that the kernel has not taken by now, or had not when the connection ended."""

    @property
    def is_open(self) -> bool:
        """Whether written data is still sent."""

    @property
    def takes_requests(self) -> bool:
        """Whether the next request may be answered."""

    @property
    def client_has_ended(self) -> bool:
        """Whether the client sends no more and no answer is under way."""

    @property
    def is_mid_record(self) -> bool:
        """Whether a part of a TLS record has come that cannot be decrypted without its rest."""

    def move(self, event: Event) -> None:
        """Go to the state that follows *event*."""

    def write(self, data: bytes) -> None:
        """Send *data*."""

    def pause_reading(self) -> None:
        """Stop reading: what the client sends stays in the kernel."""

    def read_what_waits(self) -> None:
        """Read what waits in the kernel behind the answer under way, with which the connection ends now."""

    def resume_reading(self) -> None:
        """Resume reading after `pause_reading`."""

    def stall(self) -> None:
        """Send nothing more, and wait for the client to leave."""

    def close(self) -> None:
        """Close gracefully: everything is sent before the connection is closed."""

    def reset(self) -> None:
        """Reset the connection."""

    def fail(self, error: BaseException) -> None:
        """Report an exception to `verify`, and drop the client: no whole answer can be sent."""

    def drop(self, error: BaseException) -> None:
        """Drop the client because of an exception that is reported already."""


class Http1:
    """The server's side of HTTP/1 on one *connection*: the reader of its requests, and the answer under way."""

    __slots__ = ("_connection", "_has_dropped", "_is_last", "_server", "_site", "answer", "reader")

    def __init__(self, connection: Carrier, server: HttpServer) -> None:
        self._connection = connection
        self._server = server
        self._site = server.site
        self.reader: RequestReader | None = None
        self.answer: AnswerUnderWay | None = None
        self._has_dropped = False  # whether `keep` was given more than it keeps
        self._is_last = False  # whether the latest answer is not `keep_alive`, so that the connection ends with it

    # Called by the connection

    def start(self, client: str, scheme: Literal["http", "https"]) -> None:
        """Begin to read requests of *client*; *scheme* is "https" where the client speaks TLS, else "http"."""
        self.reader = RequestReader(client, self._server.max_body, scheme)

    def break_before_requests(self, plan: Plan) -> None:
        """Break the new connection by *plan*, before any request is read."""
        self._begin(Prepared(self._site.opening(), None, plan, keep_alive=True))

    def refuse(self, event: Malformed) -> None:
        """Answer bytes that are no request; nothing that follows them is read."""
        self._begin(self._site.refuse(event))

    def receive(self, data: bytes) -> None:
        """Take bytes of requests, and answer the requests that are complete."""
        reader = self.reader
        if reader is None:
            return
        reader.feed(data)
        if self.answer is None:
            self._advance()
        elif reader.buffered > BACKLOG:
            self._connection.pause_reading()

    def keep(self, data: bytes) -> None:
        """Keep bytes of requests behind an answer that never ends, for the journal: `BACKLOG` of them, about."""
        reader, answer = self.reader, self.answer
        if reader is None or answer is None or not self.takes_more:
            return
        if reader.buffered <= BACKLOG:
            reader.feed(data)
        elif not self._has_dropped or not self._site.journal.unread:  # the first time, or the first time after `clear`
            self._has_dropped = True
            kept = f"only {reader.buffered:,} bytes were kept of what a client had sent behind {answer.exchange}"
            self._site.unread(f"{kept}, whose answer never ended", answer.exchange)

    def unfinished(self) -> Malformed | None:
        """Return the partial request that the client will not finish; None where it stopped between two requests."""
        reader = self.reader
        if reader is None:
            return None
        cut = reader.eof()
        if cut is None and self._connection.is_mid_record and reader.keep_alive:
            return Malformed(400, "the client stopped in the middle of a TLS record", b"")
        return cut

    def has_last_request(self) -> bool:
        """Return whether the client has said explicitly that it sends no request after those that were read."""
        reader = self.reader
        return reader is not None and reader.is_last and reader.is_idle and not reader.broken

    @property
    def takes_more(self) -> bool:
        """Whether what the client still sends may be requests. It is none if the latest request or answer says that the
        connection ends (RFC 9112 §9.6): it may be the rest of a body that was answered early.
        """
        return self.reader is not None and self.reader.keep_alive and not self._is_last

    def holds_requests(self) -> bool:
        """Return whether requests wait behind the answer under way: they are in the journal only when their turn comes,
        or the connection is lost.
        """
        reader = self.reader
        return reader is not None and self.answer is not None and self.takes_more and reader.holds_more

    def resume(self) -> None:
        """Continue sending: the kernel has taken everything."""
        if self.answer is not None and self.answer.timer is None:
            self._go_on()

    def finish(self, ended: Ended, error: str = "") -> None:
        """End the exchange under way, if there is one, and record how it *ended* and with which *error*."""
        answer, self.answer = self.answer, None
        if answer is not None:
            problem = answer.stop()
            if problem is not None:
                self._site.failed(problem, answer.exchange)
            answer.exchange.finish(ended, answer.sent - self._connection.untaken, error)

    def note_unanswered(self, ended: Ended, error: str, cut_by: str = "") -> None:
        """Record the requests that the reader still holds: the connection is lost, so none of them is answered. Called
        before the end of the answer under way is published, so that a test that has waited for it finds the requests.

        *cut_by* says what kept the client from finishing a request that it had begun; "" if the answer had ended the
        connection, so that the client could not finish one.
        """
        reader, peer = self.reader, self._connection.peer
        if reader is None or not self.takes_more:
            return
        why = "it came behind an answer with which the connection ended"
        while (event := reader.next_event()) is not None:
            if isinstance(event, Malformed):
                self._site.cut(event, why, ended, error)
            elif isinstance(event, Request):
                peer.requests += 1
                self._site.unanswered(event, peer, peer.requests, ended, error)
        cut = self.unfinished() if cut_by and not self._has_dropped else None
        if cut is not None:
            self._site.cut(cut, f"{cut_by}: {error}" if error else cut_by, ended, error)

    def lose(self, ended: Ended, error: str, cut_by: str) -> None:
        """End the exchange under way, if there is one, since the connection is lost. What waits behind it is recorded
        first, see `note_unanswered`.
        """
        try:
            self.note_unanswered(Ended.CLIENT_LEFT if ended is Ended.STALLED else ended, error, cut_by)
        finally:
            self.finish(ended, error)

    def note_waiting(self) -> None:
        """Record what waits behind an answer with which the connection ends, before that end is published: it may be a
        second until the connection is lost.
        """
        self._connection.read_what_waits()
        self.note_unanswered(Ended.CLIENT_LEFT, "")

    def let_go(self) -> None:
        """Drop the reference to the closed connection: a cycle would keep both, bodies included, in memory."""
        del self._connection

    # What an answer is sent over, see `answer_under_way.Wire`

    @property
    def is_full(self) -> bool:
        """Whether bytes wait because the kernel takes no more for now."""
        return self._connection.unsent > 0

    @property
    def is_open(self) -> bool:
        """Whether written data is still sent."""
        return self._connection.is_open

    def write(self, data: bytes) -> None:
        """Send *data*."""
        self._connection.write(data)

    def encode(self, head: Head) -> bytes:
        """Return the head as bytes of HTTP/1.1."""
        return head.in_http1()

    # From request to answer

    def _advance(self) -> None:
        """Answer the requests in the reader, one after the other, until an answer takes time or no request is left.

        Bytes after the last request that the connection allows are not a request (RFC 9112 §9.6): they are not
        processed, even while the socket waits to be closed.
        """
        reader, connection, site = self.reader, self._connection, self._site
        peer = connection.peer
        while reader is not None and connection.takes_requests:
            event = reader.next_event()
            if isinstance(event, Request):
                peer.requests = number = peer.requests + 1
                self._answer(site.answer(event, reader.keep_alive, peer, number))
            elif event is None:
                if connection.client_has_ended:
                    self._end_of_requests()
                break
            elif isinstance(event, ContinueExpected):
                connection.write(response_writer.CONTINUE)
            elif isinstance(event, Malformed):
                self.refuse(event)
            else:
                early = site.early(event.request, peer, peer.requests + 1)
                if early is not None:
                    peer.requests += 1
                    self._answer(early)

    def _end_of_requests(self) -> None:
        cut = self.unfinished()
        if cut is None:
            self._connection.close()
        else:
            self.refuse(cut)

    def _answer(self, decision: Decision) -> None:
        if isinstance(decision, Prepared):
            self._begin(decision)
        else:
            self._send_to_thread(decision)

    def _send_to_thread(self, pending: Pending) -> None:
        """Make the answer on a new thread; where it overruns its time limit, answer with an error and record a problem.

        The problem names what overran, and is recorded even if the client has left meanwhile.
        """
        loop = self._server.loop
        answer = self.answer = AnswerUnderWay(pending.exchange)
        wanted = answer.wanted = Wanted()
        self._connection.move(Event.BEGIN)
        is_due = True

        def deliver(make: Callable[[], Prepared]) -> None:
            nonlocal is_due
            was_due, is_due = is_due, False
            try:
                overrun.cancel()
                prepared = make()
                if was_due and self.answer is answer:
                    self._is_last = not prepared.keep_alive
                    answer.prepare(prepared)
                    self._go_on()
            except BaseException as error:  # noqa: BLE001 - as in `_go_on`
                self._fail(answer, error)

        def run() -> None:
            with wanted.working():
                prepared = pending.work()
            call_soon(loop, partial(deliver, lambda: prepared))

        def give_up() -> None:
            deliver(pending.give_up)
            wanted.drop()

        overrun = loop.call_later(self._site.callable_timeout, give_up)
        try:
            self._start_worker(pending.name, run, answer)
        except BaseException:
            overrun.cancel()
            raise

    def _start_worker(self, name: str, work: Callable[[], None], answer: AnswerUnderWay) -> None:
        """Call *work* for *answer* on a thread that the server knows by *name* until it ends.

        An exception that *work* raises is reported on that thread, so that `verify` raises it even if the server is
        stopped meanwhile, and ends the answer.
        """
        workers, loop, site = self._server.workers, self._server.loop, self._site

        def run() -> None:
            try:
                work()
            except BaseException as error:  # noqa: BLE001 - its client must not wait in vain; `verify` raises it
                site.failed(error, answer.exchange)
                call_soon(loop, partial(self._drop, answer, error))
            finally:
                workers.pop(threading.current_thread(), None)

        worker = threading.Thread(target=run, name=f"feedserver: {name}", daemon=True)
        workers[worker] = name
        try:
            worker.start()
        except BaseException:  # the system has no thread left
            del workers[worker]
            raise

    def _await(self, answer: AnswerUnderWay, source: Source) -> None:
        """Continue the answer when *source*, which works on a thread of its own, has something to send."""
        if answer.source is not source:
            answer.source = source
            source.on_lost_error = partial(self._site.failed_too_late, source.name, answer.exchange)
            self._start_worker(source.name, source.run, answer)
        loop = self._server.loop

        def go_on() -> None:
            if self.answer is answer:
                self._go_on()

        source.call_when_ready(lambda: call_soon(loop, go_on))

    def _fail(self, answer: AnswerUnderWay, error: BaseException) -> None:
        """Report an exception, and break *answer* off if it is still under way."""
        if self.answer is answer:
            self._connection.fail(error)
        else:
            self._site.failed(error, answer.exchange)

    def _drop(self, answer: AnswerUnderWay, error: BaseException) -> None:
        """Break *answer* off if it is still under way, because of an exception that is reported already."""
        if self.answer is answer:
            self._connection.drop(error)

    # Sending an answer

    def _begin(self, prepared: Prepared) -> None:
        """Start to send an answer. If the kernel takes all of a `whole` one, it ends here, without BEGIN and FINISH."""
        connection, whole = self._connection, prepared.whole
        self._is_last = not prepared.keep_alive
        if whole is None or connection.unsent:
            self._put_under_way(prepared)
            return
        try:
            connection.write(whole)
        except BaseException:
            self._put_under_way(prepared, written=True)
            raise
        if self.is_full or not connection.is_open:
            self._put_under_way(prepared, written=True)
            return
        prepared.exchange.finish(Ended.COMPLETE, len(whole))
        if not prepared.keep_alive:
            connection.close()

    def _put_under_way(self, prepared: Prepared, *, written: bool = False) -> None:
        """Send an answer step by step. If all of it is *written* already, only wait until the kernel has taken it, or
        the connection is lost.
        """
        answer = self.answer = AnswerUnderWay(prepared.exchange)
        self._connection.move(Event.BEGIN)
        answer.prepare(prepared)
        if written:
            answer.is_written(self)
        else:
            self._play(answer)

    def _go_on(self) -> None:
        """Continue the answer under way, then answer the requests that were pipelined behind it."""
        try:
            if self.answer is not None:
                self._play(self.answer)
            self._advance()
            if self.answer is None:
                self._connection.resume_reading()
        except BaseException as error:  # noqa: BLE001 - it must not end the event loop; `verify` raises it
            self._connection.fail(error)

    def _play(self, answer: AnswerUnderWay) -> None:
        """Send until the plan waits or ends; the answer may be over then."""
        answer.timer = None
        try:
            step = answer.play(self)
        except BaseException as error:  # noqa: BLE001 - a file was deleted, or a fault failed; `verify` raises it
            self._connection.fail(error)
            return
        if isinstance(step, Await):
            self._await(answer, step.source)
        elif isinstance(step, Wait):
            if step.seconds is None:
                self._connection.stall()
            else:
                answer.wait_for(self._server.loop.call_later(step.seconds, self._go_on))
        elif step is not None:
            self._end(answer, step)

    def _end(self, answer: AnswerUnderWay, step: Step) -> None:
        """End the exchange as the last step of its plan says."""
        connection = self._connection
        is_close = isinstance(step, CloseConnection) or not answer.keep_alive
        if is_close or isinstance(step, ResetConnection):
            self.note_waiting()
        if isinstance(step, ResetConnection):
            self.finish(Ended.RESET)
            connection.move(Event.FINISH)
            connection.reset()
            return
        self.finish(step.ended if isinstance(step, CloseConnection) else Ended.COMPLETE)
        connection.move(Event.FINISH)
        if is_close:
            connection.close()
