"""What one connection may cost: its requests are answered one after the other, and what frames them is short.

Waitress answers all requests that come together at once (pipelining, RFC 9112 §9.3.2), and keeps what the client does
not take. From 16 MiB on it lets the thread wait for the client: eight clients that read nothing would take all threads,
for ever. And it reads a line between two chunks of a body, or the trailer, anew with each piece that comes, so that one
of 10 MB takes as long as a hundred of 1 MB, in the one thread that reads for all.
"""

from __future__ import annotations

import threading
from collections import deque
from typing import Any, Final

from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser
from waitress.receiver import ChunkedReceiver
from waitress.utilities import BadRequest

LONGEST_FRAMING: Final = 16 * 1024
"""How many bytes the size of a chunk with its extensions may have, and the trailer: no client of ours sends either."""


class BoundedParser(HTTPRequestParser):
    """A parser that refuses a request with a long line between its chunks, or a long trailer, with 400."""

    def received(self, data: bytes) -> int:
        """Read *data*, and return how many bytes of it belong to the request."""
        consumed = super().received(data)
        reader = self.body_rcv
        if isinstance(reader, ChunkedReceiver) and not self.completed and _has_long_framing(reader):
            self.error = BadRequest(f"a chunk's size or the trailer has more than {LONGEST_FRAMING} bytes")
            self.completed = True
        return consumed


def _has_long_framing(reader: ChunkedReceiver) -> bool:
    return max(len(reader.control_line), len(reader.trailer)) > LONGEST_FRAMING


class OneAnswerChannel(HTTPChannel):
    """A connection on which a request is answered once the client has taken the answer before it.

    So at most one answer is kept for a client, whatever it sends, and between two answers the connection counts as
    one without a request: waitress closes it if it takes nothing for two minutes.
    """

    parser_class = BoundedParser
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
