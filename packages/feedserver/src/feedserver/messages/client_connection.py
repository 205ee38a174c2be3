"""The connection that a request came over, as a value: which one it was, and what TLS negotiated on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypedDict

from feedserver.messages.field_types import check_fields


@dataclass(frozen=True, slots=True)
class ClientConnection:
    """A connection of a client, as it was when a request came over it, or as `FeedServer.connections` found it.

    *id* counts the connections of a server from 1. *number* is the request's place on the connection, counted from 1;
    in `FeedServer.connections`, how many requests have come so far. *address* and *port* are the client's own. *state*
    is "idle", "answering", "stalled", "lingering", "closing", "closed" or, for a client that sends no more, "ended" and
    "finishing". *protocol* is what is spoken, such as "http/1.1".

    With TLS: *tls_version* such as "TLSv1.3", *cipher* by its name in OpenSSL, *alpn* the protocol that was negotiated
    (RFC 7301), *server_name* the host that the client named (SNI, RFC 6066 §3), *is_resumed* whether the session of an
    earlier connection was resumed, *certificate* the client's own certificate as DER, and *certificate_names* the names
    in it. These fields are empty without TLS, and where the client did not send the value.

    A `Request` that no server has received came over no connection: its id is 0.
    """

    id: int = 0
    number: int = 0
    address: str = ""
    port: int = 0
    state: str = "closed"
    protocol: str = ""
    tls_version: str = ""
    cipher: str = ""
    alpn: str = ""
    server_name: str = ""
    is_resumed: bool = False
    certificate: bytes = b""
    certificate_names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_fields(self)

    @property
    def is_reused(self) -> bool:
        """Whether an earlier request came over the same connection."""
        return self.number > 1

    @property
    def is_open(self) -> bool:
        """Whether the connection has not been closed."""
        return self.state != "closed"

    def __str__(self) -> str:
        tls = f", {self.tls_version}" if self.tls_version else ""
        requests = f"{self.number} request{'s' if self.number != 1 else ''}"
        return f"connection {self.id} from {self.address}:{self.port} ({self.state}, {requests}{tls})"


class AgreedTls(TypedDict, total=False):
    """What was negotiated on a connection with TLS; the keys are fields of `ClientConnection`."""

    tls_version: str
    cipher: str
    alpn: str
    server_name: str
    is_resumed: bool
    certificate: bytes
    certificate_names: tuple[str, ...]


class Peer:
    """What the server knows of a connection: its *id*, the client's *address* and *port*, how many `requests` came.

    A `Peer` is cheap, since every connection has one; `as_of` makes a `ClientConnection` of it when a test asks.
    """

    __slots__ = ("address", "id", "port", "requests", "tls")

    def __init__(self, id: int, address: str, port: int) -> None:  # noqa: A002 - the name that tests see
        self.id = id
        self.address = address
        self.port = port
        self.requests = 0
        self.tls: AgreedTls = {}

    def as_of(self, number: int, state: str) -> ClientConnection:
        """Return the connection in this *state*, as the request with this *number* found it."""
        return ClientConnection(self.id, number, self.address, self.port, state, "http/1.1", **self.tls)


NOBODY = Peer(0, "", 0)
"""The client of a connection that was not accepted yet, or whose address the system did not give any more."""

NO_CONNECTION = ClientConnection()
"""The connection of a request that no server has received."""
