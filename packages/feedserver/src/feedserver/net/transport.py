"""A connection's transport on a loop that can watch sockets: like asyncio's, at a third of its cost.

asyncio makes each accepted connection with a task, a future and three turns of its loop; a server that lives for one
test, or that answers one request per connection, pays for that every time. Here a connection is made in one turn. Only
public methods of the loop are used. The protocol sees asyncio's interface, with `take_waiting`, `end`, `cut_off`
and `abandon` added.

The amount of data that waits until the kernel takes more is not limited here: the protocol limits it, by writing no
more between `pause_writing` and `resume_writing`. The amount that is read at a time is limited here, by `READ_SIZE`.
"""

from __future__ import annotations

import socket
from contextlib import suppress
from enum import Enum, IntEnum, auto
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import asyncio

    from feedserver.net.event_loop import EventLoop

    _Transport = asyncio.Transport
else:
    _Transport = object  # asyncio's import takes longer than a server's start

READ_SIZE = 65_536
"""Bytes that are read at a time."""

_NO_WAIT = getattr(socket, "MSG_DONTWAIT", 0)
"""The flag of a call that does not wait, where the system has one: one system call less for each connection."""


class _Life(IntEnum):
    """The stages of a transport's life, in order; it never goes back."""

    OPEN = auto()
    CLOSING = auto()
    """Data written before is still sent; nothing more is read or written."""
    LOST = auto()
    """Unsent data is dropped; the protocol will be told."""
    ENDED = auto()
    """The protocol has been told, and the socket is closed."""


class _Reading(Enum):
    """What happens to data that the client sends."""

    ON = auto()
    PAUSED = auto()
    """The data stays in the kernel until the protocol resumes reading."""
    ENDED = auto()
    """The client has ended its sending."""


class SocketTransport(_Transport):
    """Connects *protocol* to *sock*, a client that was accepted from *address*, on *loop*.

    The transport reads before the loop watches the socket: a client usually sends its request before this thread has
    accepted it, and a client that is answered and closed in this first read is never watched.

    The protocol is told to pause whenever the kernel does not take everything at once, and to resume when it has.
    """

    __slots__ = (
        "_address",
        "_calling",
        "_dropped",
        "_eof",
        "_error",
        "_life",
        "_loop",
        "_protocol",
        "_reading",
        "_sock",
        "_unsent",
        "_watched",
    )

    def __init__(
        self,
        loop: EventLoop,
        sock: socket.socket,
        address: Any,
        protocol: asyncio.Protocol,
    ) -> None:
        self._loop = loop
        self._sock = sock
        self._address = address
        self._protocol = protocol
        self._unsent = bytearray()
        self._dropped = 0  # bytes that were unsent at the end
        self._life = _Life.OPEN
        self._reading = _Reading.ON
        self._watched = False  # by the loop, for reading
        self._eof = False  # `write_eof` was called: nothing follows what was written
        self._calling = False  # the protocol's code is running
        self._error: Exception | None = None
        if not _NO_WAIT or sock.gettimeout() is not None:  # with a timeout (`setdefaulttimeout`), Python itself waits
            sock.setblocking(False)
        with suppress(OSError):  # macOS refuses it for a client that has gone already
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            protocol.connection_made(self)
            if self.is_reading():
                self._read()
            self._watch()
        except BaseException:
            self._lose_soon(None)  # as in `_read`
            raise

    def __repr__(self) -> str:
        return f"<SocketTransport {self._sock!r}{', closing' if self.is_closing() else ''}>"

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Return the socket for the *name* "socket", the client's address for "peername", else *default*."""
        if name == "socket":
            return self._sock
        return self._address if name == "peername" else default

    # Reading

    def _read(self) -> None:
        try:
            data = self._sock.recv(READ_SIZE, _NO_WAIT)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self._error = error
            self.end()
            return
        self._calling = True  # a connection that is lost meanwhile ends below, not inside the protocol's code
        try:
            if data:
                self._protocol.data_received(data)
            elif self._protocol.eof_received():
                self._reading = _Reading.ENDED
                self._unwatch()
            else:
                self.close()
        except BaseException:
            self._lose_soon(None)  # the loop reports the error; the client is not left waiting
            raise
        finally:
            self._calling = False
            if self._life is _Life.LOST:
                self.end()

    def take_waiting(self, most: int) -> bytes:
        """Return what waits in the kernel, up to about *most* bytes, and do not pass it to the protocol."""
        taken = bytearray()
        while len(taken) < most:
            try:
                data = self._sock.recv(READ_SIZE, _NO_WAIT)
            except (BlockingIOError, InterruptedError):
                break
            except OSError as error:
                self._error = error
                break
            if not data:
                break
            taken += data
        return bytes(taken)

    def is_reading(self) -> bool:
        """Return whether arriving data is passed to the protocol."""
        return self._reading is _Reading.ON and self._life is _Life.OPEN

    def pause_reading(self) -> None:
        """Stop reading: arriving data stays in the kernel."""
        if self._reading is _Reading.ON:
            self._reading = _Reading.PAUSED
        self._unwatch()

    def resume_reading(self) -> None:
        """Resume reading."""
        if self._reading is _Reading.PAUSED:
            self._reading = _Reading.ON
        self._watch()

    def _watch(self) -> None:
        if self.is_reading() and not self._watched:
            self._watched = True
            self._loop.add_reader(self._sock.fileno(), self._read)

    def _unwatch(self) -> None:
        if self._watched:
            self._watched = False
            self._loop.remove_reader(self._sock.fileno())

    # Writing

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send *data*; the part that the kernel does not take now is kept and sent later."""
        if self._life is not _Life.OPEN:
            return
        if self._unsent:
            self._unsent += data
            return
        try:
            sent = self._sock.send(data, _NO_WAIT)
        except (BlockingIOError, InterruptedError):
            sent = 0
        except OSError as error:
            self._lose_soon(error)
            return
        if sent < len(data):
            self._unsent = bytearray(memoryview(data)[sent:])
            self._loop.add_writer(self._sock.fileno(), self._write_on)
            self._protocol.pause_writing()

    def _write_on(self) -> None:
        unsent = self._unsent
        try:
            sent = self._sock.send(unsent, _NO_WAIT)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self._lose_soon(error)
            return
        if sent < len(unsent):
            del unsent[:sent]  # a copy of the rest, for each piece that a slow client takes, would take quadratic time
            return
        self._unsent = bytearray()
        self._loop.remove_writer(self._sock.fileno())
        if self._eof:
            self._shut_down()
        self._protocol.resume_writing()
        if self._life is _Life.CLOSING:
            self._lose_soon(None)

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Accept limits of 0, the only possible ones: the protocol is paused from the first byte that waits.

        Raises ValueError for others.
        """
        if high or low:
            raise ValueError(
                f"a SocketTransport has no write buffer of {high} or {low} bytes; it pauses from the first"
            )

    def get_write_buffer_size(self) -> int:
        """Return the number of bytes that the kernel has not taken yet; after the end, of those it has never taken."""
        return len(self._unsent) + self._dropped

    def can_write_eof(self) -> bool:
        """Return True: a socket can be closed for writing alone."""
        return True

    def write_eof(self) -> None:
        """Tell the client that nothing follows what was written."""
        if not self._eof and self._life is _Life.OPEN:
            self._eof = True
            if not self._unsent:
                self._shut_down()

    def _shut_down(self) -> None:
        try:
            self._sock.shutdown(socket.SHUT_WR)
        except OSError as error:  # the client has gone
            self._lose_soon(error)

    # The end

    def is_closing(self) -> bool:
        """Return whether the transport is closed, or will be when everything is sent."""
        return self._life is not _Life.OPEN

    def close(self) -> None:
        """Close when the kernel has taken everything."""
        self._life = max(self._life, _Life.CLOSING)
        self._unwatch()
        if not self._unsent:
            self._lose_soon(None)

    def abort(self) -> None:
        """Close without sending the rest; the protocol is told later."""
        self._lose_soon(None)

    def end(self) -> None:
        """Close without sending the rest, and tell the protocol before returning.

        Must not be called from the protocol's own code.
        """
        if self._life is _Life.ENDED:
            return
        self._let_go()
        self._life = _Life.ENDED
        try:
            self._protocol.connection_lost(self._error)
        finally:
            self._sock.close()

    def cut_off(self) -> None:
        """Tell the client that nothing more comes, from any thread; a loop that is blocked closes the socket later."""
        with suppress(OSError):  # the client has left
            self._sock.shutdown(socket.SHUT_RDWR)

    def abandon(self) -> None:
        """Close this process's copy of the socket, in a forked child, without telling the network or the loop."""
        self._sock.close()

    def _lose_soon(self, error: Exception | None) -> None:
        if self._life >= _Life.LOST:
            return
        self._error = error
        self._let_go()
        if not self._calling:
            self._loop.call_soon(self.end)

    def _let_go(self) -> None:
        self._life = _Life.LOST
        self._unwatch()
        if self._unsent:
            self._dropped = len(self._unsent)
            self._unsent = bytearray()
            self._loop.remove_writer(self._sock.fileno())
