"""TLS sessions kept between connections: resuming one costs a third of a full handshake's work (RFC 8446, section 2.2).

A worker requests feeds of the same host again and again, hours apart, on new connections: most handshakes are with
hosts that are known. What a server has sent to resume its session (a ticket) is kept in memory by the server's name: at
most MOST tickets. None is used more than KEPT seconds after the server's certificate was checked. Sessions are never
offered to another name, and a server that doesn't know a session any more makes a full handshake.

`ClosingObject` closes connections: it does not wait until the server agrees.
"""

from __future__ import annotations

import ssl
import time
from collections import OrderedDict
from collections.abc import Callable
from functools import cache
from typing import Any, Final, cast

MOST: Final = 2000
"""How many sessions are kept, the latest: each takes a few kilobytes."""
KEPT: Final = 6 * 3600.0
"""For how many seconds a session is resumed after its certificate was checked."""


class ResumingContext(ssl.SSLContext):
    """A context for clients that resumes the session of the server that it connects to, if one is kept.

    It is for event loops, which wrap their connections by `wrap_bio`.
    """

    clock: Callable[[], float]
    sessions: OrderedDict[str, tuple[ssl.SSLSession, float]]

    def wrap_bio(
        self,
        incoming: ssl.MemoryBIO,
        outgoing: ssl.MemoryBIO,
        server_side: bool = False,
        server_hostname: str | bytes | None = None,
        session: ssl.SSLSession | None = None,
    ) -> ssl.SSLObject:
        """Return the client's end of a new connection, as `ssl.SSLContext` does."""
        name = server_hostname if isinstance(server_hostname, str) else ""
        known, checked = self.sessions.get(name, (None, 0.0))
        if known is not None and self.clock() - checked > KEPT:
            del self.sessions[name]
            known = None
        wrapped = super().wrap_bio(incoming, outgoing, server_side, server_hostname, session or known)
        cast("_RememberedObject", wrapped).begin(self, name, checked)
        return wrapped

    def remember(self, name: str, session: ssl.SSLSession, checked: float) -> None:
        """Keep *session* for the server *name*, whose certificate was *checked* at that time."""
        self.sessions[name] = session, checked
        self.sessions.move_to_end(name)
        if len(self.sessions) > MOST:
            self.sessions.popitem(last=False)


class ClosingObject(ssl.SSLObject):
    """A connection that is closed without waiting for the server, as RFC 8446, section 6.1, allows.

    Event loops wait for the server's answer to the alert that closes a connection, 30 seconds by default, and a server
    that never answers would take a file of this process for so long.
    """

    def unwrap(self) -> Any:
        """Send the alert that closes the connection."""
        try:
            return super().unwrap()
        except ssl.SSLWantReadError:  # it is sent, and what is missing is the answer
            return None


class _RememberedObject(ClosingObject):
    """A connection that remembers its session once the server has sent something: in TLS 1.3, tickets come after the
    handshake.
    """

    _store: ResumingContext | None = None

    def begin(self, store: ResumingContext, name: str, checked: float) -> None:
        """Have the session of *name* remembered in *store* once it is known. *checked* is when the certificate of a
        resumed session was checked.
        """
        self._store, self._name, self._checked = store, name, checked

    def read(self, *arguments: Any, **options: Any) -> Any:
        """Read as `ssl.SSLObject` does."""
        received = super().read(*arguments, **options)
        if (store := self._store) is not None and received:
            self._store = None
            if (session := self.session) is not None and session.has_ticket:
                store.remember(self._name, session, self._checked if self.session_reused else store.clock())
        return received


@cache
def resuming_context() -> ResumingContext:
    """Return the context of this process: it checks certificates as `ssl.create_default_context` does."""
    context = ResumingContext(ssl.PROTOCOL_TLS_CLIENT)
    context.clock, context.sessions = time.monotonic, OrderedDict()
    context.sslobject_class = _RememberedObject
    usual = ssl.create_default_context()  # newer versions of Python check more
    context.options, context.verify_flags = usual.options, usual.verify_flags
    context.load_default_certs(ssl.Purpose.SERVER_AUTH)
    context.set_alpn_protocols(("http/1.1",))  # as aiohttp's own context has it
    return context
