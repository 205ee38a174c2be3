"""One connection: passes bytes, through TLS if the client speaks it, between the transport and the protocol.

The states of a connection and the transitions between them are a table in `connection_state`. Requests and answers
belong to the protocol (`http1`), and the answer that is being sent is a value of its own (`answer_under_way`).
"""

from __future__ import annotations

import socket
import struct
from typing import TYPE_CHECKING, Protocol, cast

from feedserver.http.request_parser import Malformed
from feedserver.messages.client_connection import NOBODY, Peer
from feedserver.messages.send_plan import Ended, Plan
from feedserver.net.connection_state import TRANSITIONS, Event, State
from feedserver.net.http1 import Http1, HttpServer
from feedserver.net.transport import SocketTransport

if TYPE_CHECKING:
    import asyncio
    import ssl

    from feedserver.net.event_loop import Timer
    from feedserver.net.tls import Tls, TlsLayer

    _Protocol = asyncio.Protocol
else:
    _Protocol = object  # asyncio's import takes longer than a server's start

HANDSHAKE = b"\x16"
"""The first byte of a TLS handshake record (RFC 8446 §5.1); no request begins with it."""

NO_TLS = b"\x15\x03\x01\x00\x02\x02\x28"
"""The fatal alert handshake_failure (RFC 8446 §6.2), in the record version that every client of TLS accepts."""

LINGER = 1.0
"""Seconds that a client may go on sending after its last answer: a reset could destroy the answer (RFC 9112 §9.6)."""

MOST_WAITING = 4_194_304
"""The most bytes that are read of what waits in the kernel when a connection is ended; a kernel usually holds fewer."""

_BUSY = frozenset({State.ANSWERING, State.FINISHING, State.STALLED})
_BETWEEN = frozenset({State.IDLE, State.ENDED})
_READING = frozenset({State.IDLE, State.ANSWERING})
_SENDING = frozenset({State.ANSWERING, State.FINISHING})


class Listener(HttpServer, Protocol):
    """What a connection needs of the server that accepted it."""

    connections: set[Connection]
    tls: Tls | None

    def next_id(self) -> int:
        """Return the number of a new connection, counted from 1."""

    def opening_plan(self) -> Plan | None:
        """Return the plan of a fault that breaks a new connection before any request is read; None if there is none."""

    def forget(self, connection: Connection) -> None:
        """Note that the connection is closed."""


class Connection(_Protocol):
    """The server's side of one connection. *unsent* is the number of bytes that waited when the kernel took no more; 0
    once it has taken all of them.
    """

    __slots__ = ("_http", "_linger", "_listener", "_tls", "_transport", "last_active", "peer", "state", "unsent")

    def __init__(self, listener: Listener) -> None:
        self.state = State.IDLE
        self.unsent = 0
        self.peer: Peer = NOBODY
        self.last_active = 0.0
        self._listener = listener
        self._transport: asyncio.Transport | None = None
        self._tls: TlsLayer | None = None
        self._linger: Timer | None = None
        self._http = Http1(self, listener)

    def move(self, event: Event) -> None:
        """Go to the state that the table gives for *event*."""
        self.state = TRANSITIONS[self.state][event]

    # Called by the transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take a client that has connected."""
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(0)
        peer = transport.get_extra_info("peername")
        self.peer = Peer(self._listener.next_id(), str(peer[0]), int(peer[1])) if peer else NOBODY
        self.last_active = self._listener.loop.time()
        self._listener.connections.add(self)
        try:
            plan = self._listener.opening_plan()
            if plan is not None:
                self._http.break_before_requests(plan)
        except BaseException as error:  # noqa: BLE001 - it must not end the event loop; `verify` raises it
            self.fail(error)

    def data_received(self, data: bytes) -> None:
        """Take bytes off the wire."""
        if self.state not in _READING and not (self.state is State.STALLED and self._http.reader is not None):
            return
        self.last_active = self._listener.loop.time()
        try:
            if self._http.reader is None and not self._start(data):
                return
            if self._tls is not None:
                data = self._decrypt(self._tls, data)
            if self.state is State.STALLED:
                self._http.keep(data)
            elif data:
                self._http.receive(data)
            if self._tls is not None and self._tls.has_ended and self.state in _READING and not self._end_of_client():
                self.close()
        except BaseException as error:  # noqa: BLE001 - as in `connection_made`
            self.fail(error)

    def eof_received(self) -> bool:
        """Note that the client sends no more; return True where the client is still answered, since it may
        still read.
        """
        is_answered = self._end_of_client()
        if self.state is State.ENDED and not is_answered:
            self.move(Event.CLOSE)
        return is_answered

    def _end_of_client(self) -> bool:
        """Note that the client has ended its sending (FIN, close_notify); return whether it is still answered."""
        before = self.state
        self.move(Event.CLIENT_END)
        if before in (State.ANSWERING, State.FINISHING):
            return True
        if before is not State.IDLE:
            return False
        cut = self._http.unfinished()
        if cut is None:
            self._note_broken_handshake("the client left")
            return False
        self._http.refuse(cut)
        return True

    def pause_writing(self) -> None:
        """Note that the kernel takes no more for now."""
        self.unsent = self._transport.get_write_buffer_size() if self._transport is not None else 0

    @property
    def untaken(self) -> int:
        """The number of bytes that the kernel has not taken by now, or had not when the connection ended."""
        transport = self._transport
        # asyncio's transports have dropped these bytes when they tell of the end.
        return transport.get_write_buffer_size() if isinstance(transport, SocketTransport) else self.unsent

    def resume_writing(self) -> None:
        """Continue sending: the kernel has taken everything."""
        self.unsent = 0
        if self.state in _SENDING:
            self._http.resume()

    def connection_lost(self, exc: Exception | None) -> None:
        """Note that the connection is closed, by either side, and end what was under way."""
        before = self.state
        error = str(exc) if exc is not None else ""
        happened = "the connection broke" if exc is not None else "the client left"
        if exc is not None:  # an error; `eof_received` has noted an orderly end already
            self._note_what_had_begun(happened, Ended.CLIENT_LEFT, error)
            self.read_what_waits()
        self.move(Event.LOST)
        ended = Ended.STALLED if before is State.STALLED else Ended.CLIENT_LEFT
        self._http.lose(ended, error, happened if before in _BUSY else "")
        if self._linger is not None:
            self._linger.cancel()
        self._transport = None
        self._http.let_go()
        self._listener.forget(self)

    # Called by the server

    @property
    def is_busy(self) -> bool:
        """Whether an answer is under way."""
        return self.state in _BUSY

    @property
    def is_mid_request(self) -> bool:
        """Whether a request has begun to arrive and none is being answered."""
        reader = self._http.reader
        return self.state is State.IDLE and reader is not None and (not reader.is_idle or self.is_mid_record)

    def holding(self) -> str:
        """Return the request behind whose answer others wait, so that they are not in the journal; "" if none do."""
        answer = self._http.answer
        return str(answer.exchange) if answer is not None and self._http.holds_requests() else ""

    def describe(self) -> str:
        """Return the connection, its state and what is under way on it, for a message."""
        answer = self._http.answer
        under_way = f": {answer.exchange}" if answer is not None else ""
        return f"{self.peer.as_of(self.peer.requests, self.state.word)}{under_way}"

    def close_idle(self) -> None:
        """Close a connection that was idle for too long; answer 408 where a request had begun (RFC 9110 §15.5.9)."""
        if self.is_mid_request:
            begun = self._http.unfinished()
            problem = "the client sent a part of a request, and then nothing for too long"
            self._http.refuse(Malformed(408, problem, begun.raw if begun is not None else b""))
        elif self._transport is not None:
            if self.state is State.IDLE:
                self._note_broken_handshake("the client sent nothing for too long")
            self.move(Event.CLOSE)
            self._transport.close()

    def abort(self, why: str = "the server stopped", ended: Ended = Ended.SERVER_STOPPED) -> None:
        """End the connection at once, and note *why*, and how the exchange under way *ended*.

        Must not be called from the connection's own code.
        """
        if self.state is not State.CLOSED:
            self._abort(why, ended)
        if self in self._listener.connections and isinstance(self._transport, SocketTransport | None):
            self._listener.forget(self)  # a signal has interrupted an earlier end before it was noted

    def _abort(self, why: str, ended: Ended) -> None:
        self.read_what_waits()
        self._note_what_had_begun(why, ended)
        self._http.lose(ended, "", why if self.is_busy else "")
        self.move(Event.CLOSE)
        transport = self._transport
        if isinstance(transport, SocketTransport):
            transport.end()
        elif transport is not None:
            transport.abort()

    def read_what_waits(self) -> None:
        """Read what waits in the kernel behind an answer under way, with which the connection ends now. Much may wait:
        reading is paused while many requests wait already.
        """
        transport = self._transport
        if not isinstance(transport, SocketTransport) or self.state is not State.ANSWERING or not self._http.takes_more:
            return
        data = transport.take_waiting(MOST_WAITING)
        if len(data) >= MOST_WAITING:
            read = f"only {MOST_WAITING:,} bytes were read of what a client had sent behind an answer under way"
            self._listener.site.unread(read)
        if data and self._tls is not None:
            data = self._decrypt(self._tls, data)
        self._http.receive(data)

    def cut_off(self) -> None:
        """Tell the client that nothing more comes, from any thread: the event loop is blocked."""
        if isinstance(self._transport, SocketTransport):
            self._transport.cut_off()

    def abandon(self) -> None:
        """Close this process's copy of the socket, in a forked child; the parent's copy stays open."""
        if isinstance(self._transport, SocketTransport):
            self._transport.abandon()

    # TLS: the client's first byte shows whether it speaks TLS, so that one port serves both

    def _start(self, data: bytes) -> bool:
        """Begin to read, with or without TLS; return False where a client of TLS was refused."""
        if data.startswith(HANDSHAKE):
            if self._listener.tls is not None:
                self._tls = self._listener.tls.layer()
            elif self.state is State.IDLE:
                self._refuse_tls(data)
                return False
        self._http.start(self.peer.address, "https" if self._tls is not None else "http")
        return True

    def _refuse_tls(self, data: bytes) -> None:
        """Answer a client that speaks TLS by an alert, since it could read no other answer, and close."""
        problem = "the client speaks TLS, and the server does not; FeedServer(…, tls=True) does"
        self._listener.site.tls_failed(problem, raw=data)
        if self._transport is not None:
            self._transport.write(NO_TLS)
        self.close()

    def _decrypt(self, tls: TlsLayer, data: bytes) -> bytes:
        """Return the decrypted data.

        A client that breaks TLS or distrusts the server is disconnected, and noted unless it sent an alert while an
        answer was under way.
        """
        if tls.stalls:
            return b""
        problem: ssl.SSLError | None = None
        try:
            data = tls.receive(data)
        except tls.error as error:
            problem, data = error, b""
        if tls.agreed is not None and not self.peer.tls:
            self.peer.tls = tls.agreed
        if self._transport is not None and (answer := tls.to_send()):
            self._transport.write(answer)
        if problem is not None:
            is_between, is_alert = self.state is State.IDLE, _is_alert(problem)
            if is_between or not is_alert:
                # An alert counts as part of the handshake: some clients check the certificate only after it.
                self._note_failed_tls(f"TLS failed: {problem}", is_of_handshake=is_alert or not tls.is_open)
            if is_between:
                self.close()
            elif self._transport is not None:
                self._transport.abort()  # the client cannot read the rest of the answer
        return data

    def _note_what_had_begun(self, happened: str, ended: Ended, error: str = "") -> None:
        """Note a request or a TLS handshake that has begun and can no longer be completed."""
        if self.state is not State.IDLE or self._http.reader is None:
            return
        cut = self._http.unfinished()
        if cut is not None:
            self._listener.site.cut(cut, f"{happened}: {error}" if error else happened, ended, error)
        else:
            self._note_broken_handshake(happened, error)

    def _note_broken_handshake(self, happened: str, error: str = "") -> None:
        if self._tls is not None and not self._tls.is_open and not self._tls.stalls:
            problem = f"{happened} in the middle of the TLS handshake"
            self._note_failed_tls(f"{problem}: {error}" if error else problem, is_of_handshake=True)

    def _note_failed_tls(self, problem: str, *, is_of_handshake: bool) -> None:
        tls = self._listener.tls
        on_purpose = is_of_handshake and tls is not None and tls.breaks_handshakes
        self._listener.site.tls_failed(problem, on_purpose=on_purpose)

    # Called by the protocol

    @property
    def is_open(self) -> bool:
        """Whether written data is still sent."""
        return self._transport is not None and not self._transport.is_closing()

    @property
    def takes_requests(self) -> bool:
        """Whether the next request may be answered. It is also answered where a write has failed, such as that of the
        end of a TLS handshake: the client has sent the request before it left, and the journal must have it.
        """
        return self.state in _BETWEEN

    @property
    def client_has_ended(self) -> bool:
        """Whether the client sends no more and no answer is under way."""
        return self.state is State.ENDED

    @property
    def is_mid_record(self) -> bool:
        """Whether a part of a TLS record has come that cannot be decrypted without its rest."""
        return self._tls is not None and self._tls.is_mid_record

    def write(self, data: bytes) -> None:
        """Send *data*, encrypted where the client speaks TLS."""
        transport = self._transport
        if transport is None:
            return
        if self._tls is not None:
            try:
                data = self._tls.send(data)
            except self._tls.error:  # the client has ended TLS by itself: it has left
                transport.abort()
                return
        transport.write(data)

    def pause_reading(self) -> None:
        """Stop reading: what the client sends stays in the kernel."""
        if self._transport is not None:
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        """Resume reading after `pause_reading`."""
        if self._transport is not None:
            self._transport.resume_reading()

    def stall(self) -> None:
        """Send nothing more, and wait for the client to leave; one that has ended its sending counts as gone."""
        has_left = self.state is State.FINISHING
        self.move(Event.STALL)
        if not has_left:
            self.resume_reading()  # else its departure would not be noticed
        elif self._transport is not None:
            self._end_tls()
            self._transport.close()

    def close(self) -> None:
        """Close gracefully: send no more, and read for a while what the client still sends.

        Closing a socket that a client still sends to makes the kernel reset it, and the client may never see the answer
        that it had been sent (RFC 9112 §9.6). A client that has said explicitly that this was its last request sends no
        more. A client of HTTP/1.0 need not say so, and may still send.
        """
        transport = self._transport
        if transport is None:
            return
        if transport.is_closing():  # a write has failed: nothing more is read or sent
            self.move(Event.CLOSE)
            return
        self._end_tls()
        if self.state is State.ENDED or self._http.has_last_request() or not transport.can_write_eof():
            self.move(Event.CLOSE)
            transport.close()
            return
        self.move(Event.LINGER)
        transport.write_eof()
        transport.resume_reading()
        self._linger = self._listener.loop.call_later(LINGER, transport.abort)

    def _end_tls(self) -> None:
        if self._tls is not None and self._transport is not None:
            self._transport.write(self._tls.close())

    def reset(self) -> None:
        """Reset the connection (RST)."""
        transport = self._transport
        if transport is None:
            return
        self.move(Event.CLOSE)
        sock: socket.socket | None = transport.get_extra_info("socket")
        if sock is not None:
            # On Windows the two fields are shorts (winsock2's LINGER), elsewhere ints.
            layout = "hh" if hasattr(socket, "SO_EXCLUSIVEADDRUSE") else "ii"
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack(layout, 1, 0))
        transport.abort()

    def fail(self, error: BaseException) -> None:
        """Report an exception to `verify`, and drop the client: no whole answer can be sent."""
        answer = self._http.answer
        try:
            self._listener.site.failed(error, answer.exchange if answer is not None else None)
        finally:
            self.drop(error)

    def drop(self, error: BaseException) -> None:
        """Drop the client because of an exception that is reported already."""
        try:
            self._http.note_waiting()
        finally:
            self._http.finish(Ended.BROKEN_OFF, type(error).__qualname__)
            if self._transport is not None:
                self.move(Event.CLOSE)
                self._transport.abort()


def _is_alert(problem: ssl.SSLError) -> bool:
    """Return whether the client reported the error itself, in an alert before it left."""
    return "ALERT" in str(problem)
