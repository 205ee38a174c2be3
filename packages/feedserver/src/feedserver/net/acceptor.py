"""Accepts the clients of a listening socket and makes connections of them, on the event loop.

asyncio's own servers lose track of a client between its accept and its transport, so a stop could leave one behind.
Here every client can be found at any time: it waits in the kernel's queue, is in `under_way`, or is a connection.

Where the loop can watch a socket, a client becomes a connection as soon as it is accepted. Windows' Proactor loop can't
watch sockets; there, tasks wait for clients.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, cast

from feedserver.net.transport import SocketTransport

if TYPE_CHECKING:
    import asyncio

    from feedserver.net.event_loop import EventLoop, Timer

ACCEPT_PAUSE = 0.05
"""Seconds without accepting after the system has refused to accept, usually because no descriptors were left."""

BATCH = 64
"""The most clients accepted in one turn of the loop, before those that were accepted earlier have their turn."""


class Acceptor:
    """Accepts the clients of *listening* and gives each a protocol made by *factory*.

    All methods but `cut_off` are called on *loop*, or between two of its turns.

    `under_way` has the tasks that end by themselves, whether or not `close` is called; *ended* is called when one of
    them has ended. *refused* is called when the system refuses to accept.
    """

    def __init__(
        self,
        loop: EventLoop,
        listening: socket.socket,
        factory: Callable[[], asyncio.Protocol],
        ended: Callable[[], None],
        refused: Callable[[OSError], None],
    ) -> None:
        self._loop = loop
        self._listening = listening
        self._factory = factory
        self._ended = ended
        self._refused = refused
        self._waiting: asyncio.Task[None] | None = None
        self._pause: Timer | None = None
        self._batch = 1
        self._is_cut_off = False
        self.under_way: set[asyncio.Task[None]] = set()

    def open(self) -> None:
        """Begin to accept, or continue after a pause."""
        self._pause = None
        try:
            self._loop.add_reader(self._listening.fileno(), self._accept)
        except NotImplementedError:
            self._waiting = self._tasks.create_task(self._wait_and_accept())

    def close(self) -> None:
        """Close the listening socket. Clients that were accepted still become connections."""
        if self._pause is not None:
            self._pause.cancel()
        elif self._waiting is not None:
            self._waiting.cancel()
            self._watch(self._waiting)
        else:
            self._loop.remove_reader(self._listening.fileno())
        self._listening.close()

    def cut_off(self) -> None:
        """Refuse clients, also those that wait to be accepted. Any thread may call this, while the event loop is
        blocked.

        Where the system cannot refuse them, they wait until the loop goes on.
        """
        self._is_cut_off = True
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)

    @property
    def _tasks(self) -> asyncio.AbstractEventLoop:
        """The loop, where it can't watch sockets: then it is asyncio's, which runs tasks."""
        return cast("asyncio.AbstractEventLoop", self._loop)

    def _accept(self) -> None:
        # An accept that finds no client costs as much as one that does, so the first turn tries only one.
        batch, self._batch = self._batch, min(2 * self._batch, BATCH)
        for _ in range(batch):
            try:
                client, address = self._listening.accept()
            except (BlockingIOError, InterruptedError):
                self._batch = 1
                return
            except ConnectionError:
                continue  # the client was gone before it was accepted
            except OSError as error:
                self._loop.remove_reader(self._listening.fileno())
                if not self._is_cut_off:
                    self._pause_accepting(error)
                return
            SocketTransport(self._loop, client, address, self._factory())

    async def _wait_and_accept(self) -> None:
        while True:
            try:
                client, _ = await self._tasks.sock_accept(self._listening)
            except ConnectionError:
                continue
            except OSError as error:
                self._waiting = None
                self._pause_accepting(error)
                return
            self._watch(self._tasks.create_task(self._connect(client)))

    def _pause_accepting(self, error: OSError) -> None:
        self._refused(error)
        self._pause = self._loop.call_later(ACCEPT_PAUSE, self.open)

    async def _connect(self, client: socket.socket) -> None:
        """Make a connection of an accepted client."""
        try:
            await self._tasks.connect_accepted_socket(self._factory, client)
        except OSError:  # the client has left meanwhile
            client.close()

    def _watch(self, task: asyncio.Task[None]) -> None:
        self.under_way.add(task)
        task.add_done_callback(self._end)

    def _end(self, task: asyncio.Task[None]) -> None:
        self.under_way.discard(task)
        self._ended()
