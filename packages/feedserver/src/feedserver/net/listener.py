"""The network side of a server: its listening sockets, and the connections that were accepted on them.

A `Listening` has methods of two kinds, which its comments separate: some run in the caller's thread, the others on the
event loop or between two of its turns.
"""

from __future__ import annotations

import socket
import threading
import warnings
from collections import deque
from collections.abc import Callable
from itertools import count
from operator import attrgetter
from typing import TYPE_CHECKING

from feedserver.handler import fault_injection
from feedserver.handler.handler import Site
from feedserver.messages.client_connection import ClientConnection, Peer
from feedserver.messages.response import Response
from feedserver.messages.send_plan import Ended, Plan, Read
from feedserver.messages.steady_time import monotonic
from feedserver.net import binding
from feedserver.net.acceptor import Acceptor
from feedserver.net.connection import Connection

if TYPE_CHECKING:
    from feedserver.faults import Fault
    from feedserver.net.event_loop import EventLoop, Timer
    from feedserver.net.tls import Tls

FREE_PORT_ATTEMPTS = 16
"""How many ports are tried if one must be free on several addresses."""


class Listening:
    """Listens for *site* on one port of *addresses*.

    *idle_timeout* is how many seconds a client may send nothing while no answer is under way; *max_body* is the limit
    for a request's body, in bytes. `opening` are the faults that break coming
    connections before any request, one for each connection, and the last one for all after it; None breaks nothing.
    `workers` maps the threads of running callables to the names of what they run.
    *kept* is the number of closed connections that are remembered (None: all).
    """

    loop: EventLoop

    def __init__(
        self,
        site: Site,
        addresses: tuple[str, ...],
        *,
        idle_timeout: float,
        max_body: int,
        tls: Tls | None,
        kept: int | None = None,
    ) -> None:
        self.site = site
        self.addresses = addresses
        self.idle_timeout = idle_timeout
        self.max_body = max_body
        self.tls = tls
        self.opening: list[Fault | None] = []
        self.connections: set[Connection] = set()
        self._closed_connections: deque[Peer] = deque(maxlen=kept)
        self._next_id = count(1)
        self.workers: dict[threading.Thread, str] = {}
        self._bound: tuple[str, ...] = ()
        self._holding: list[socket.socket] = []
        self._sockets: list[socket.socket] = []
        self._acceptors: list[Acceptor] = []  # one for each socket, in this order; `open` adds those that are missing
        self._closed_acceptors: list[Acceptor] = []
        self._sweeper: Timer | None = None
        self._closed: Callable[[], None] | None = None

    # In the caller's thread

    def bind(self, port: int, timeout: float) -> int:
        """Bind *port* of every address (0 takes one that is free on all of them), listen, and return the port.

        A name is bound on both families, IPv4 and IPv6, as far as this machine has them. Waits at most *timeout*
        seconds for a port that is taken. Raises PortTaken, and OSError for an address that can't be bound.
        """
        for attempt in range(FREE_PORT_ATTEMPTS):
            try:
                return self._bind_all(port, timeout)
            except BaseException as error:
                self.unbind()
                if port or not isinstance(error, binding.PortTaken) or attempt + 1 == FREE_PORT_ATTEMPTS:
                    raise
        raise AssertionError("unreachable")

    def _bind_all(self, port: int, timeout: float) -> int:
        self._bound = ()
        for host in self.addresses:
            addresses = binding.addresses_of(host)
            for address in addresses:
                if address in self._bound:
                    continue
                try:
                    listening = binding.bind_and_listen(address, port, 0.0 if self._bound else timeout)
                except OSError as error:
                    if address != addresses[0] and binding.is_missing(error):
                        continue  # a machine without IPv6
                    raise
                self._bound += (address,)
                self._sockets.append(listening)
                port = port or listening.getsockname()[1]
        return port

    def bind_again(self, port: int) -> None:
        """Listen on *port* again after `refuse`; do nothing if it listens already.

        Raises OSError where the port is taken.
        """
        if self._sockets:
            return
        if not binding.HOLDS_BESIDE:
            self.let_go()
        self._sockets += [binding.listen_again(address, port, self._holding) for address in self._bound]

    def hold(self, port: int) -> None:
        """Hold *port* while nothing listens there. This is called both before and after `refuse`.

        Where the system cannot hold a port on which a socket still listens, only the second call has an effect.
        """
        if self._holding:
            return
        if not self._sockets:
            self._holding += [binding.hold(address, port) for address in self._bound]
            return
        for listening, address in zip(self._sockets, self._bound, strict=True):
            holder = binding.hold_beside(listening, address, port)
            if holder is None:
                self.let_go()  # the call after `refuse` holds all of them
                return
            self._holding.append(holder)

    def unbind(self) -> None:
        """Close what `bind` and `hold` have opened. Not for use after `open`."""
        self.let_go()
        _close_all(self._sockets)

    def close_unopened(self) -> None:
        """Close the sockets on which `bind_again` listens and `open` does not accept yet."""
        while len(self._sockets) > len(self._acceptors):
            self._sockets.pop().close()

    def let_go(self) -> None:
        """Release the held port."""
        _close_all(self._holding)

    def abandon(self) -> None:
        """Close the inherited sockets, in a forked child, without sending anything."""
        self.let_go()
        _close_all(self._sockets)
        for connection in self.connections:
            connection.abandon()
        self.connections.clear()
        # The child may start the server: what runs on the parent's loop and threads must not count as its own.
        self._acceptors.clear()
        self._closed_acceptors.clear()
        self._sweeper = None
        self.workers.clear()

    def described(self) -> list[ClientConnection]:
        """Return a description of every connection, in the order of their numbers; closed ones as far as they are
        remembered.
        """
        found = [(connection.peer, connection.state.word) for connection in self.connections.copy()]
        known = {peer.id for peer, _ in found}
        closed = [(peer, "closed") for peer in self._closed_connections.copy() if peer.id not in known]
        described = [peer.as_of(peer.requests, state) for peer, state in (*closed, *found)]
        return sorted(described, key=attrgetter("id"))

    def holding(self) -> str:
        """Return why it is unknown what some client has asked for; "" where all of it is in the journal."""
        held = next(filter(None, (connection.holding() for connection in self.connections.copy())), "")
        if not held:
            return ""
        return f"a client has sent more behind {held}, which is still being answered; assert this when that is over"

    def holders(self) -> str:
        """Return what keeps the server from stopping, one per line: connections, and callables that run."""
        lines = [connection.describe() for connection in self.connections.copy()]
        lines += [f"{name}, a callable that runs" for name in list(self.workers.values())]
        return "\n".join(f"  {line}" for line in lines) or "  no connection and no callable: the event loop is blocked"

    def cut_off(self) -> None:
        """Let no client wait for a loop that is blocked: end connections, and refuse clients that are not accepted."""
        for acceptor in self._acceptors.copy():
            acceptor.cut_off()
        for connection in self.connections.copy():
            connection.cut_off()

    def join_workers(self, notice: Callable[[], None], after: float) -> None:
        """Wait for running callables, at most as long as each of them may take, and name those that take longer.

        *notice* is called where this takes longer than *after* seconds. A callable that stops the server itself is not
        waited for.
        """
        if not self.workers:
            return
        allowed = self.site.callable_timeout
        begun = monotonic()
        deadline = begun + allowed
        is_noticed = False
        for worker, name in list(self.workers.items()):
            if worker is threading.current_thread():
                continue
            notice_at = min(deadline, begun + after)
            worker.join(max(0.0, notice_at - monotonic()))
            if worker.is_alive() and notice_at < deadline and not is_noticed:
                is_noticed = True
                notice()
            worker.join(max(0.0, deadline - monotonic()))
            if worker.is_alive():
                problem = f"{name} still runs {allowed:g} s after its server was stopped"
                self.site.problems.add(problem)
                warnings.warn(problem, stacklevel=3)  # a server in a bare `with` statement is often not verified

    # On the event loop

    def open(self, loop: EventLoop) -> None:
        """Accept connections from now on; do nothing for a socket on which they are accepted already."""
        self.loop = loop
        for listening in self._sockets[len(self._acceptors) :]:
            acceptor = Acceptor(loop, listening, lambda: Connection(self), self._close_connections, self._refused)
            self._acceptors.append(acceptor)
            acceptor.open()
        if self._sweeper is None:
            self._sweeper = loop.call_later(self.idle_timeout / 2, self._sweep)

    def refuse(self) -> None:
        """Close the listening sockets. Existing connections stay open."""
        for acceptor in self._acceptors:
            acceptor.close()
        self._closed_acceptors += self._acceptors
        self._acceptors.clear()
        _close_all(self._sockets)  # also those that have no acceptor, where a start was interrupted

    def close(self, closed: Callable[[], None]) -> None:
        """End everything that runs on the loop, and call *closed* when the last socket is closed."""
        if self._sweeper is not None:
            self._sweeper.cancel()
        self._sweeper = None
        self.refuse()
        self._closed = closed
        self._close_connections()

    def close_client_connections(self) -> None:
        """Close every connection that is open, whatever is under way on it."""
        for connection in list(self.connections):
            connection.abort("the test closed the connection", Ended.CLOSED)

    def opening_plan(self) -> Plan | None:
        """Return the plan that breaks a new connection before it reads; None if there is none."""
        if not self.opening:
            return None
        fault = self.opening.pop(0) if len(self.opening) > 1 else self.opening[0]
        if fault is None:
            return None
        return fault_injection.break_plan(
            iter((Read(),)), fault_injection.ShapedAnswer(Response(faults=fault), ()), self._missed
        )

    def _missed(self, fault: Fault) -> None:
        self.site.problems.add(
            f"on_connect: the fault '{fault}' was not injected: before any request there is neither a head nor a body; "
            "break it 'before answer' here, or give the fault to a Response"
        )

    def next_id(self) -> int:
        """Return the number of a new connection, counted from 1."""
        return next(self._next_id)

    def forget(self, connection: Connection) -> None:
        """Forget a connection that is closed, except for its description."""
        self._closed_connections.append(connection.peer)
        self.connections.discard(connection)
        if self._closed is not None:
            # The transport closes the socket right after `connection_lost`, which calls this.
            self.loop.call_soon(self._close_connections)

    def _refused(self, error: OSError) -> None:
        self.site.problems.add(f"{self.site.base_url} could not accept a connection: {error}")

    def _sweep(self) -> None:
        loop = self.loop
        oldest = loop.time() - self.idle_timeout
        for connection in [c for c in self.connections if not c.is_busy and c.last_active <= oldest]:
            connection.close_idle()
        self._sweeper = loop.call_later(self.idle_timeout / 2, self._sweep)

    def _close_connections(self) -> None:
        """End the connections of a server that stops; call `close`'s *closed* when none is left and none can come."""
        closed, self._closed = self._closed, None  # so that connections that end at once do not start this again
        if closed is None:
            return
        for connection in list(self.connections):
            connection.abort()
        if self.connections or any(acceptor.under_way for acceptor in self._closed_acceptors):
            self._closed = closed
        else:
            self._closed_acceptors.clear()
            closed()


def _close_all(sockets: list[socket.socket]) -> None:
    for sock in sockets:
        sock.close()
    sockets.clear()
