"""One connection: reads requests, plays the plans that answer them, with backpressure.

It knows no fault by name: a plan says what to send, when to wait and how to end. One exchange is under way at a time;
what a client pipelines behind it waits in the reader.

    idle --request--> answering --Read--> idle
                          |------Close---> (lingering) --> closed
                          |------Reset---> closed
                          |------Pending-> a thread works --> answering
"""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from typing import TYPE_CHECKING, Protocol, cast

from feedserver.handler.handler import Pending, Prepared, Site, Verdict
from feedserver.handler.journal import Exchange
from feedserver.http import response_writer
from feedserver.http.request_parser import Arriving, ContinueExpected, Malformed, RequestReader
from feedserver.messages.send_plan import Close, Flush, Plan, Read, Reset, Send, Step, Struck, Wait
from feedserver.net.transport import SocketTransport

if TYPE_CHECKING:
    import ssl

    from feedserver.net.tls import Tls, TlsLayer

BACKLOG = 262_144
"""Bytes of pipelined requests that may wait before the connection stops reading."""

STEPS_A_TURN = 64
"""Steps of a plan that are taken before other connections have their turn: a plan may have no end."""

HANDSHAKE = b"\x16"
"""The first byte of a TLS handshake record (RFC 8446 §5.1); no request begins with it."""

LINGER = 1.0
"""Seconds that a refused client may go on sending, so that our answer is not lost to a reset (RFC 9112 §9.6)."""


class Listener(Protocol):
    """What a connection needs of the server that accepted it."""

    site: Site
    loop: asyncio.AbstractEventLoop
    max_body: int
    connections: set[Connection]
    workers: dict[threading.Thread, str]
    tls: Tls | None

    def opening_plan(self) -> Plan | None:
        """What a new connection does before it reads, if anything."""

    def forget(self, connection: Connection) -> None:
        """The connection is closed."""


class Connection(asyncio.Protocol):
    """The server's side of one connection."""

    __slots__ = (
        "_advancing",
        "_body_sent",
        "_exchange",
        "_keep_alive",
        "_lingering",
        "_listener",
        "_paused",
        "_plan",
        "_reader",
        "_reading_paused",
        "_said_last",
        "_saw_eof",
        "_sent",
        "_timer",
        "_tls",
        "_transport",
        "_unsent",
        "_waits_forever",
        "last_active",
    )

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._transport: asyncio.Transport | None = None
        self._reader: RequestReader | None = None
        self._exchange: Exchange | None = None
        self._plan: Plan | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._tls: TlsLayer | None = None
        self._keep_alive = True
        self._paused = False
        self._reading_paused = False
        self._lingering = False
        self._said_last = False
        self._saw_eof = False
        self._waits_forever = False
        self._advancing = False
        self._sent = 0
        self._body_sent = 0
        self._unsent = 0
        self.last_active = 0.0

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client has connected."""
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(0)
        self.last_active = self._listener.loop.time()
        self._listener.connections.add(self)
        try:
            plan = self._listener.opening_plan()
            if plan is not None:
                self._exchange = self._listener.site.opening()
                self._plan = plan
                self._play()
        except BaseException as error:  # noqa: BLE001 - the event loop is no place for it to end; `verify` raises it
            self._fail(error)

    def data_received(self, data: bytes) -> None:
        """Bytes of a request."""
        try:
            self._receive(data)
        except BaseException as error:  # noqa: BLE001 - as in `connection_made`
            self._fail(error)

    def _receive(self, data: bytes) -> None:
        if self._lingering or self._waits_forever:
            return
        self.last_active = self._listener.loop.time()
        reader = self._reader
        if reader is None:
            if data.startswith(HANDSHAKE) and self._tls is None:
                if self._listener.tls is None:
                    problem = "the client speaks TLS, and the server does not; FeedServer(…, tls=True) does"
                    self._begin(self._listener.site.refuse(Malformed(400, problem, data)))
                    return
                self._tls = self._listener.tls.layer()
            reader = self._reader = self._new_reader()
        if self._tls is not None:
            data = self._decrypt(self._tls, data)
            if not data and not self._tls.has_ended:
                return
        reader.feed(data)
        if self._exchange is None:
            self._advance()
        elif reader.buffered > BACKLOG and self._transport is not None:
            self._reading_paused = True
            self._transport.pause_reading()
        if self._tls is not None and self._tls.has_ended and not self._saw_eof and not self.eof_received():
            self._close()

    def eof_received(self) -> bool:
        """The client sends no more; it may still read, so an answer under way is finished."""
        self._saw_eof = True
        if self._lingering or self._waits_forever:
            return False
        if self._exchange is not None:
            return True
        cut = self._reader.eof() if self._reader is not None else None
        if cut is None:
            self._note_half_a_handshake("the client left")
            return False
        self._begin(self._listener.site.refuse(cut))
        return True

    def pause_writing(self) -> None:
        """The kernel takes no more for now."""
        self._paused = True
        self._unsent = self._transport.get_write_buffer_size() if self._transport is not None else 0

    def resume_writing(self) -> None:
        """The kernel has taken everything."""
        self._paused = False
        self._unsent = 0
        if self._exchange is not None and self._timer is None and self._plan is not None:
            self._play()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is closed, by whichever side."""
        left = "stalled until the client left" if self._waits_forever else "client left"
        if exc is not None:  # an error, and not an end: else `eof_received` would have come before
            self._note_what_had_begun("the connection broke", f": {exc}", f"client left ({exc})")
        self._finish(left if exc is None else f"{left} ({exc})")
        self._transport = None
        self._listener.forget(self)

    # What the server calls.

    @property
    def is_busy(self) -> bool:
        """Whether an answer is under way."""
        return self._exchange is not None

    def close_idle(self) -> None:
        """Nothing came for too long: closes, and says so where a request had begun (RFC 9110 §15.5.9)."""
        reader = self._reader
        if reader is None or reader.is_idle or self._lingering:
            self._note_half_a_handshake("the client said nothing for too long")
            if self._transport is not None:
                self._transport.close()
            return
        begun = reader.eof()
        problem = "the client sent a part of a request, and then nothing for too long"
        raw = begun.raw if begun is not None else b""
        self._begin(self._listener.site.refuse(Malformed(408, problem, raw)))

    def abort(self, reason: str) -> None:
        """Ends at once, whatever is under way. Nothing of the connection's own may be calling."""
        self._note_what_had_begun(f"the {reason}", "", reason)
        self._finish(reason)
        transport = self._transport
        if isinstance(transport, SocketTransport):
            transport.end()
        elif transport is not None:
            transport.abort()

    def abandon(self) -> None:
        """In a forked child: closes this process's copy of the socket; the parent's goes on."""
        sock = getattr(self._transport, "_sock", None)  # no public way leads to it without the loop
        if sock is not None:
            sock.close()

    # TLS, where the client speaks it: its first byte tells, so that one port serves both.

    def _decrypt(self, tls: TlsLayer, data: bytes) -> bytes:
        """What the client said. One that does not speak TLS, or does not trust us, is noted and let go."""
        if tls.stalls:
            return b""
        problem: ssl.SSLError | None = None
        try:
            data = tls.receive(data)
        except tls.error as error:
            problem, data = error, b""
        if self._transport is not None and (answer := tls.to_send()):
            self._transport.write(answer)
        if problem is not None and (self._exchange is None or not _is_alert(problem)):
            self._note_unencrypted(f"TLS failed: {problem}")
        if problem is not None and self._exchange is None:
            self._close()
        elif problem is not None and self._transport is not None:
            self._transport.abort()  # nobody can read the rest of the answer
        return data

    def _note_unencrypted(self, problem: str) -> None:
        tls = self._listener.tls
        self._listener.site.unencrypted(problem, on_purpose=tls is not None and tls.fault is not None)

    def _note_half_a_handshake(self, happened: str, detail: str = "") -> None:
        if self._tls is not None and not self._tls.is_open and not self._tls.stalls and not self._lingering:
            self._note_unencrypted(f"{happened} in the middle of the TLS handshake{detail}")

    def _note_what_had_begun(self, happened: str, detail: str, ended: str) -> None:
        """Tell of a request, or a handshake, that is under way, and that nothing will answer any more."""
        if self._exchange is not None or self._lingering or self._reader is None:
            return
        cut = self._reader.eof()
        if cut is not None:
            self._listener.site.cut(cut, f"{happened}{detail}", ended)
        else:
            self._note_half_a_handshake(happened, detail)

    def _write(self, transport: asyncio.Transport, data: bytes) -> None:
        if self._tls is not None:
            try:
                data = self._tls.send(data)
            except self._tls.error:  # the client has ended TLS its own way: it has left
                transport.abort()
                return
        transport.write(data)

    # From request to answer.

    def _new_reader(self) -> RequestReader:
        peer = self._transport.get_extra_info("peername") if self._transport is not None else None
        client = str(peer[0]) if isinstance(peer, tuple) and peer else ""
        return RequestReader(client, self._listener.max_body, "https" if self._tls is not None else "http")

    def _advance(self) -> None:
        """Answers what the reader holds, one after the other, until an answer takes time or no request is left.

        Whatever a client has sent behind the last request that its connection allows is no request (RFC 9112 §9.6):
        it is not carried out, not even while the socket waits to be closed.
        """
        if self._advancing:  # an answer that is sent at once ends in here; the loop that sent it goes on
            return
        self._advancing = True
        try:
            self._answer_in_turn()
        finally:
            self._advancing = False
        if self._reading_paused and self._exchange is None and self._transport is not None:
            self._reading_paused = False
            self._transport.resume_reading()

    def _answer_in_turn(self) -> None:
        reader, transport = self._reader, self._transport
        site = self._listener.site
        while reader is not None and transport is not None and self._exchange is None:
            if self._lingering or transport.is_closing():
                break
            event = reader.next_event()
            if event is None:
                if self._saw_eof:
                    cut = reader.eof()
                    if cut is None:
                        self._close()
                    else:
                        self._begin(site.refuse(cut))
                break
            if isinstance(event, ContinueExpected):
                self._write(transport, response_writer.CONTINUE)
            elif isinstance(event, Malformed):
                self._begin(site.refuse(event))
            elif isinstance(event, Arriving):
                early = site.early(event.request)
                if early is not None:
                    self._answer(early)
            else:
                self._said_last = event.version == "1.1" and not reader.keep_alive
                self._answer(site.answer(event, reader.keep_alive))

    def _answer(self, verdict: Verdict) -> None:
        if isinstance(verdict, Prepared):
            self._begin(verdict)
        else:
            self._send_to_thread(verdict)

    def _begin(self, prepared: Prepared) -> None:
        """Starts to send an answer, and ends it too where the kernel takes it whole."""
        transport = self._transport
        if transport is None:
            return
        self._exchange = prepared.exchange
        self._keep_alive = prepared.keep_alive
        self._sent = self._body_sent = 0
        if prepared.whole is None:
            self._plan = prepared.plan
            self._play()
            return
        self._write(transport, prepared.whole)
        if transport.is_closing():
            return
        self._sent = len(prepared.whole)
        if self._paused:
            self._plan = iter((Read() if prepared.keep_alive else Close(),))
        elif prepared.keep_alive:
            self._exchange = None
            prepared.exchange.finish("complete", self._sent)
        else:
            self._end(Close())

    def _send_to_thread(self, pending: Pending) -> None:
        """Lets a thread of its own make the answer; one that overruns its time is answered for, and named.

        It is named even if its client has left meanwhile.
        """
        loop = self._listener.loop
        workers = self._listener.workers
        self._exchange = pending.exchange
        is_due = True

        def deliver(prepared: Prepared) -> None:
            nonlocal is_due
            overrun.cancel()
            if is_due and self._exchange is pending.exchange:
                is_due = False
                self._exchange = None
                try:
                    self._begin(prepared)
                    self._advance()
                except BaseException as error:  # noqa: BLE001 - as in `connection_made`
                    self._fail(error)
            is_due = False

        def run() -> None:
            try:
                prepared = pending.work()  # raises nothing: what is raised there is answered with a 500
            finally:
                workers.pop(threading.current_thread(), None)
            if not loop.is_closed():
                loop.call_soon_threadsafe(deliver, prepared)

        overrun = loop.call_later(self._listener.site.callable_timeout, lambda: deliver(pending.give_up()))
        worker = threading.Thread(target=run, name=f"feedserver: {pending.name}", daemon=True)
        workers[worker] = pending.name
        try:
            worker.start()
        except BaseException:  # the system has no thread left
            del workers[worker]
            overrun.cancel()
            raise

    # Playing a plan.

    def _play(self) -> None:
        """Takes steps until one takes time, the kernel is full, or the plan ends."""
        plan, transport = self._plan, self._transport
        self._timer = None
        if plan is None or transport is None:
            return
        for _ in range(STEPS_A_TURN):
            if self._paused:
                return
            try:
                step: Step = next(plan, Close())
            except BaseException as error:  # noqa: BLE001 - of a file that went, or a user's fault; `verify` raises it
                self._fail(error)
                return
            if isinstance(step, Send):
                self._write(transport, step.data)
                if transport.is_closing():  # the client has gone: `connection_lost` follows, and ends the exchange
                    return
                self._sent += len(step.data)
                if step.part == "body":
                    self._body_sent += len(step.data)
            elif isinstance(step, Struck):
                if self._exchange is not None:
                    self._exchange.struck(step.fault, self._body_sent if step.at is None else step.at)
            elif isinstance(step, Wait):
                self._wait(step.seconds)
                return
            elif not isinstance(step, Flush):  # writing stops at a full kernel anyway, so a flush is no step of its own
                self._end(step)
                return
        self._wait(0)

    def _wait(self, seconds: float | None) -> None:
        if seconds is not None:
            self._timer = self._listener.loop.call_later(seconds, self._play)
            return
        self._waits_forever = True
        if self._saw_eof:
            self._close()
        elif self._reading_paused and self._transport is not None:
            self._reading_paused = False
            self._transport.resume_reading()  # else nobody would notice that the client leaves

    def _end(self, step: Step) -> None:
        """The answer is sent: ends the exchange as the plan's last step says."""
        if isinstance(step, Reset):
            self._finish("reset")
            self._reset()
        elif isinstance(step, Close):
            self._finish(step.ended)
            self._close()
        else:
            self._finish("complete")
            if self._keep_alive:
                self._advance()
            else:
                self._close()

    def _finish(self, ended: str) -> None:
        exchange, self._exchange = self._exchange, None
        plan, self._plan = self._plan, None
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None
        self._waits_forever = False
        if plan is not None and hasattr(plan, "close"):
            try:
                plan.close()
            except BaseException as error:  # noqa: BLE001 - a plan that does not end, of a user's fault
                self._listener.site.failed(error, exchange)
        if exchange is not None:
            exchange.finish(ended, self._sent - self._unsent)

    def _fail(self, error: BaseException) -> None:
        """Tells `verify` of an exception, and drops the client: what it would be sent is no answer."""
        self._listener.site.failed(error, self._exchange)
        self._finish(f"broken off by {type(error).__qualname__}")
        if self._transport is not None:
            self._transport.abort()

    def _reset(self) -> None:
        transport = self._transport
        if transport is None:
            return
        sock: socket.socket | None = transport.get_extra_info("socket")
        if sock is not None:
            # On Windows the two fields are shorts (winsock2's LINGER), elsewhere ints.
            layout = "hh" if hasattr(socket, "SO_EXCLUSIVEADDRUSE") else "ii"
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack(layout, 1, 0))
        transport.abort()

    def _close(self) -> None:
        """Closes in order: no more is sent, and the client is heard out for a while.

        Closing a socket that a client still sends to makes the kernel reset it, and the client may never see the answer
        that it had been sent (RFC 9112 §9.6). One that has said in so many words that this is its last request sends no
        more; of HTTP/1.0, which need not say it, nobody knows.
        """
        transport = self._transport
        if transport is None or transport.is_closing() or self._lingering:
            return
        if self._tls is not None:
            transport.write(self._tls.close())
        reader = self._reader
        said_so = self._said_last and reader is not None and reader.is_idle and not reader.broken
        if self._saw_eof or said_so or not transport.can_write_eof():
            transport.close()
            return
        self._lingering = True
        transport.write_eof()
        if self._reading_paused:
            transport.resume_reading()
        self._timer = self._listener.loop.call_later(LINGER, transport.abort)


def _is_alert(problem: ssl.SSLError) -> bool:
    """Return whether it was the client that said so, who leaves."""
    return "ALERT" in str(problem)
