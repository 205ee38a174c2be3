"""The connections of a server, and how a test refuses and closes them, and breaks them before any request."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from feedserver.messages.client_connection import ClientConnection
from feedserver.messages.response import check_fault
from feedserver.net import shared_loop
from feedserver.net.listener import Listening

if TYPE_CHECKING:
    from feedserver.faults import Fault

STOP_TIMEOUT = 10.0
"""Seconds within which the event loop must have closed everything."""


class ServerConnections:
    """The part of a `FeedServer` that is about connections."""

    port: int
    listening: Listening
    _thread: shared_loop.LoopThread | None

    def on_connect(self, *faults: Fault | None) -> None:
        """Break connections before any request: the first fault breaks the next connection, the second the one after
        it, and so on; the last fault breaks all further connections.

        None leaves a connection whole. A call without arguments ends the breaking of connections. Raises TypeError for
        what is no fault, ValueError for a fault with a trigger.
        """
        from feedserver.messages.triggers import EACH_TIME

        for fault in faults:
            if fault is not None:
                check_fault(fault)
                if fault.when != EACH_TIME:
                    raise ValueError(
                        f"on_connect() was given '{fault}', but takes one argument for each connection, and no "
                        f"trigger; give '{fault.words}' after a None for each connection that stays whole"
                    )
        self.listening.opening = list(faults)

    def refuse(self) -> None:
        """Refuse new connections, as a server that is down; the port stays reserved, open connections continue.

        Raises RuntimeError if the server is not running, and where a callback blocks the event loop.
        """
        if self._thread is None:
            raise RuntimeError("the server is not running, so every connection is refused already")
        shared_loop.refuse_on_loop("refuse()")
        self.listening.site.catch_up()  # otherwise, a client that waits to be accepted would be reset
        self.listening.hold(self.port)
        self._thread.do(self.listening.refuse)
        self.listening.hold(self.port)

    def accept(self) -> None:
        """Accept connections again, on the same port.

        Raises OSError where the port was taken meanwhile, RuntimeError if the server is not running, and where a
        callback blocks the event loop.
        """
        if self._thread is None:
            raise RuntimeError("the server is not running; start it")
        shared_loop.refuse_on_loop("accept()")
        try:
            self.listening.bind_again(self.port)
            self._thread.do(partial(self.listening.open, self._thread.loop))
        except BaseException:  # a client must not wait for a server that does not accept it
            self.listening.close_unopened()
            self.listening.hold(self.port)
            raise

    def close_client_connections(self) -> None:
        """Close all open connections at once, whatever is under way on them; new ones are still accepted.

        A server that restarts does the same. A client that keeps connections notices it at its next request. The
        exchanges that are under way end as "closed". Raises RuntimeError where a callback blocks the event loop.
        """
        if self._thread is None:
            return
        shared_loop.refuse_on_loop("close_client_connections()")
        self.listening.site.catch_up()
        self._thread.do(self.listening.close_client_connections)

    @property
    def connections(self) -> list[ClientConnection]:
        """Every connection so far, closed ones included, in the order in which they were made.

        The option *journal_limit* limits how many closed ones are kept. `Request.connection` is that of a request.
        """
        return self.listening.described()
