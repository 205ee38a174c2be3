"""Requests that a client sends before it has taken the answers to those before them (pipelining, RFC 9112 §9.3.2).

Waitress answers all of them at once, as far as they came together, and keeps what the client does not take. From 16 MiB
on it lets the thread wait for the client: eight clients that read nothing would take all threads, for ever.
"""

from __future__ import annotations

import threading
from collections import deque
from typing import Any

from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser


class OneAnswerChannel(HTTPChannel):
    """A connection on which a request is answered once the client has taken the answer before it.

    So at most one answer is kept for a client, whatever it sends, and between two answers the connection counts as
    one without a request: waitress closes it if it takes nothing for two minutes.
    """

    requests: list[HTTPRequestParser]
    requests_lock: threading.Lock

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self._later: deque[HTTPRequestParser] = deque()
        super().__init__(*arguments, **options)

    def received(self, data: bytes) -> bool:
        """Read the requests in *data*, and put aside all but the first. Return whether anything was read."""
        was_read = super().received(data)
        with self.requests_lock:
            self._later.extend(self.requests[1:])
            del self.requests[1:]
        return was_read

    def readable(self) -> bool:
        """Return whether more may be read: no request is answered or put aside, and no answer is to be sent."""
        return not self._later and super().readable()

    def writable(self) -> bool:
        """Return whether `handle_write` has something to do."""
        return bool(super().writable()) or self._is_next_due()

    def handle_write(self) -> None:
        """Send what is to be sent; once all is, have the next request answered."""
        super().handle_write()
        if self._is_next_due():
            with self.requests_lock:
                self.requests.append(self._later.popleft())
            task: Any = self  # waitress calls `service`, as of a Task
            self.server.add_task(task)

    def _is_next_due(self) -> bool:
        is_free = not self.requests and not self.total_outbufs_len
        is_open = self.connected and not self.will_close and not self.close_when_flushed
        return bool(self._later) and is_free and is_open
