"""The states of a connection, what happens to it, and what leads from one state to the next.

    IDLE ──begin──▶ ANSWERING ──finish──▶ IDLE            the client may send more
      │                 │ └──stall──▶ STALLED             a plan waits until the client leaves
   client ends      client ends
      ▼                 ▼
    ENDED ──begin──▶ FINISHING ──finish──▶ ENDED          the client sends no more, and still reads

Each of them leads to CLOSING when the server closes or resets the connection, and to CLOSED when it is lost. A server
that has sent everything to a client that may still send passes through LINGERING (RFC 9112 §9.6).

Rule: a connection changes its state by `TRANSITIONS` alone. What the table does not have is a mistake of ours, and
raises KeyError. Nothing here knows a version of HTTP: where several answers are under way at once, as in HTTP/2, the
first begins and the last finishes.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum, auto


class State(IntEnum):  # with an int's hash: the table is asked twice a request
    """What a connection does."""

    IDLE = auto()
    """It reads, and no answer is under way."""
    ANSWERING = auto()
    """An answer is under way, or a thread makes one; what the client sends meanwhile waits."""
    ENDED = auto()
    """The client sends no more, and no answer is under way: what waits is answered, then the connection closes."""
    FINISHING = auto()
    """The client sends no more, and an answer is under way."""
    STALLED = auto()
    """Nothing more is sent until the client leaves or the server stops."""
    LINGERING = auto()
    """Everything is sent, and the server's side is closed; what the client still sends is thrown away."""
    CLOSING = auto()
    """The server has closed or reset the connection; the transport tells when that is done."""
    CLOSED = auto()
    """There is no connection any more."""


class Event(IntEnum):
    """What happens to a connection."""

    BEGIN = auto()
    """An answer is begun, or is left to a thread."""
    FINISH = auto()
    """The answer under way is over."""
    STALL = auto()
    """The plan of the answer waits until the client leaves."""
    CLIENT_END = auto()
    """The client sends no more: it has sent FIN, or close_notify where it speaks TLS."""
    LINGER = auto()
    """The server closes its side, and hears the client out."""
    CLOSE = auto()
    """The server closes or resets the connection."""
    LOST = auto()
    """The transport says that the connection is closed, by whichever side."""


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
