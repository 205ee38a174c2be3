"""The steps that a connection can be told to take, as values.

A plan is a lazy iterator of steps, so it can be endless, and no step is made before the transport has taken the data of
the previous ones. The step `SendHead` contains the head of the answer as a value, and each version of HTTP encodes
the head in its own way; a fault that breaks a head may replace that step by bytes (`Send`). `net` plays plans and knows
no fault by name; faults turn one plan into another.

TLS is no step: a client's first byte shows whether it speaks TLS, whatever the plan.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, Protocol, TypeAlias

Part: TypeAlias = Literal["interim", "head", "body", "framing"]


class Ended(StrEnum):
    """How an exchange ended, in the words of the journal; each member equals its plain string."""

    COMPLETE = "complete"
    """The operating system took the whole answer."""
    CLOSED = "closed"
    """The server closed the connection: as a fault demanded, or before the answer was whole, since TLS failed or the
    test called `FeedServer.close_client_connections`.
    """
    RESET = "reset"
    """The server reset the connection, as a fault demanded."""
    CLIENT_LEFT = "client left"
    """The client closed or reset the connection before the answer was whole."""
    STALLED = "stalled until the client left"
    """A fault sent nothing more until the client closed or reset the connection."""
    SERVER_STOPPED = "server stopped"
    """`FeedServer.stop` ended the exchange."""
    BROKEN_OFF = "broken off"
    """An exception came while the answer was sent; `FeedServer.verify` raises it."""


@dataclass(frozen=True, slots=True)
class Head:
    """The head of an answer: its *status* with the *reason* phrase, and the header *fields* in order."""

    status: int
    reason: bytes
    fields: tuple[tuple[bytes, bytes], ...]

    def in_http1(self) -> bytes:
        """Return the head as bytes of HTTP/1.1, with the empty line that ends it (RFC 9112 §4 and §5)."""
        lines = b"".join([b"%b: %b\r\n" % field for field in self.fields])
        return b"HTTP/1.1 %d %b\r\n%b\r\n" % (self.status, self.reason, lines)


@dataclass(frozen=True, slots=True)
class SendHead:
    """Send the *head* of the answer, in the bytes of the HTTP version that the connection speaks."""

    head: Head


@dataclass(frozen=True, slots=True)
class Send:
    """Send *data*, which is a *part* of the answer; only "body" counts for "after N bytes".

    An "interim" part is a whole interim answer, before the head (RFC 9110 §15.2).
    """

    data: bytes
    part: Part = "body"


@dataclass(frozen=True, slots=True)
class Wait:
    """Send nothing for *seconds*; None means until the client leaves or the server stops."""

    seconds: float | None


class Source(Protocol):
    """What makes a part of an answer on a thread of its own; see `made_body.PartSource`. *name* is for messages.

    `on_lost_error` is called, on any thread, with an exception that comes when nothing is asked for any more.
    """

    on_lost_error: Callable[[BaseException], object] | None

    @property
    def name(self) -> str:
        """What runs on the thread."""

    def run(self) -> None:
        """Make each part that is asked for, until no more are wanted. The thread calls this."""

    def call_when_ready(self, ready: Callable[[], object]) -> None:
        """Call *ready*, on any thread, when there is something to send."""


@dataclass(frozen=True, slots=True)
class Await:
    """Send nothing until *source*, which runs on a thread, has something to send."""

    source: Source


@dataclass(frozen=True, slots=True)
class Flush:
    """Continue only when the kernel has taken every byte sent so far."""


@dataclass(frozen=True, slots=True)
class Injected:
    """Note in the journal that a *fault*, in the words of its directive, has broken the answer.

    *at* is the byte of the body from which the answer is broken; None means from this point of the plan. *part* is what
    is broken: an answer without that part is not.
    """

    fault: str
    at: int | None = None
    part: Literal["head", "framing", "body"] = "body"


@dataclass(frozen=True, slots=True)
class Read:
    """Read the next request and answer it.

    A plan that ends without `Read`, `CloseConnection` or `ResetConnection` closes the connection.
    """


@dataclass(frozen=True, slots=True)
class CloseConnection:
    """Close the connection gracefully: everything is sent, then FIN. *ended* is what the journal records."""

    ended: Ended = Ended.COMPLETE


@dataclass(frozen=True, slots=True)
class ResetConnection:
    """End the connection with RST (linger 0): a plain abort would look like an orderly end."""


Step: TypeAlias = SendHead | Send | Wait | Await | Flush | Injected | Read | CloseConnection | ResetConnection
Plan: TypeAlias = Iterator[Step]
