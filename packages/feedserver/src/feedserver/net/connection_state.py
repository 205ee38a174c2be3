"""The states of a connection, the events that happen to it, and the transitions from one state to the next.

    IDLE ──begin──▶ ANSWERING ──finish──▶ IDLE            the client may send more
      │                 │ └──stall──▶ STALLED             a plan waits until the client leaves
   client ends      client ends
      ▼                 ▼
    ENDED ──begin──▶ FINISHING ──finish──▶ ENDED          the client sends no more, and still reads

Each of these states leads to CLOSING when the server closes or resets the connection, and to CLOSED when the connection
is lost. If the server has sent everything and the client may still send, LINGERING comes first (RFC 9112 §9.6).
A plan (see `messages.send_plan`) consists of the steps by which an answer is sent.

Rule: a connection changes its state by `TRANSITIONS` alone. A transition that the table lacks is a bug of feedserver,
and raises KeyError. Nothing here knows a version of HTTP: where several answers are sent concurrently, as in HTTP/2,
BEGIN is the beginning of the first and FINISH the end of the last.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum, auto


# An IntEnum, whose hash is that of an int, and fast: each answer that takes time looks up the table twice.
class State(IntEnum):
    """The state of a connection."""

    IDLE = auto()
    """The connection reads, and no answer is under way."""
    ANSWERING = auto()
    """An answer is under way, or a thread makes one; what the client sends meanwhile waits."""
    ENDED = auto()
    """The client sends no more, and no answer is under way: waiting requests are answered before the connection
    closes.
    """
    FINISHING = auto()
    """The client sends no more, and an answer is under way."""
    STALLED = auto()
    """Nothing more is sent until the client leaves or the server stops."""
    LINGERING = auto()
    """Everything is sent, and the server's side is closed; what the client still sends is discarded."""
    CLOSING = auto()
    """The server has closed or reset the connection; the transport reports when that is done."""
    CLOSED = auto()
    """The connection no longer exists."""

    @property
    def word(self) -> str:
        """The state as tests and messages call it."""
        return self.name.lower()


class Event(IntEnum):
    """An event that happens to a connection."""

    BEGIN = auto()
    """An answer is begun that is not sent whole at once, or a thread begins to make one."""
    FINISH = auto()
    """The answer under way is over."""
    STALL = auto()
    """The plan of the answer waits until the client leaves."""
    CLIENT_END = auto()
    """The client sends no more: it has sent FIN, or close_notify where it speaks TLS."""
    LINGER = auto()
    """The server closes its side, and reads for a while what the client still sends."""
    CLOSE = auto()
    """The server closes or resets the connection."""
    LOST = auto()
    """The transport reports that the connection is closed, by either side."""


TRANSITIONS: Mapping[State, Mapping[Event, State]] = {
    State.IDLE: {
        Event.BEGIN: State.ANSWERING,
        Event.CLIENT_END: State.ENDED,
        Event.LINGER: State.LINGERING,
        Event.CLOSE: State.CLOSING,
        Event.LOST: State.CLOSED,
    },
    State.ANSWERING: {
        Event.FINISH: State.IDLE,
        Event.STALL: State.STALLED,
        Event.CLIENT_END: State.FINISHING,
        Event.CLOSE: State.CLOSING,
        Event.LOST: State.CLOSED,
    },
    State.ENDED: {
        Event.BEGIN: State.FINISHING,
        Event.CLIENT_END: State.ENDED,  # a FIN after the close_notify of TLS
        Event.CLOSE: State.CLOSING,
        Event.LOST: State.CLOSED,
    },
    State.FINISHING: {
        Event.FINISH: State.ENDED,
        Event.STALL: State.STALLED,
        Event.CLIENT_END: State.FINISHING,  # a FIN after the close_notify of TLS
        Event.CLOSE: State.CLOSING,
        Event.LOST: State.CLOSED,
    },
    State.STALLED: {
        Event.CLIENT_END: State.STALLED,  # the transport closes by itself: that is what was waited for
        Event.CLOSE: State.CLOSING,
        Event.LOST: State.CLOSED,
    },
    State.LINGERING: {
        Event.CLIENT_END: State.CLOSING,
        Event.CLOSE: State.CLOSING,
        Event.LOST: State.CLOSED,
    },
    State.CLOSING: {
        Event.CLIENT_END: State.CLOSING,
        Event.CLOSE: State.CLOSING,
        Event.LOST: State.CLOSED,
    },
    State.CLOSED: {},
}
