"""Binding: the socket that listens on a port, and the one that holds the port while connections are refused.

Few tests refuse connections, so the second socket is bound only when a test does. Where the system allows it, the
second is bound before the first is closed, so that no other program can take the port in between. On Linux, two sockets
with SO_REUSEADDR share a port while neither listens; so a socket that holds a port is without that option, except for
the moment in which the server listens on the port again.
"""

from __future__ import annotations

import errno
import os
import socket
import sys
import time
from collections.abc import Collection

from feedserver.messages.steady_time import monotonic

BACKLOG = 1024
"""Connections that the kernel queues: a server may be listening long before its event loop accepts."""

BIND_PAUSE = 0.02
"""Seconds between two attempts to bind a port that is taken."""

HOLDS_BESIDE = sys.platform == "linux"
"""Whether a second socket may be bound to the port beside the one that listens (SO_REUSEPORT of both, socket(7)).

Elsewhere, the second socket is bound a moment after the first is closed.
"""


_NONBLOCK = getattr(socket, "SOCK_NONBLOCK", 0)
"""The flag of a socket that never waits, where the system has one: one system call less for each server."""

_ADDRESS_REMEDY = "give an address of this machine without scheme and port, such as 127.0.0.1, or localhost"


class PortTaken(OSError):
    """The requested port is in use by another socket."""


def addresses_of(host: str) -> tuple[str, ...]:
    """Return the addresses of this machine that *host* means: *host* itself, or those of both families for a name.

    Raises OSError for a name that is not known.
    """
    if ":" in host or host.replace(".", "").isdecimal():
        return (host,)
    if host.lower() == "localhost":  # some systems give it one family only (RFC 6761 §6.3 has both)
        return ("127.0.0.1", "::1")
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:  # UnicodeError: no host can have that name
        raise OSError(
            errno.EADDRNOTAVAIL,
            f"cannot listen on {host!r}: no host of that name is known; use an address of this machine, such as "
            "127.0.0.1, or localhost",
        ) from error
    return tuple(dict.fromkeys(str(address[0]) for *_, address in found))


def is_missing(error: OSError) -> bool:
    """Return whether *error* says that the machine has no such address, or none of its family."""
    return error.errno in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)


def bind_and_listen(host: str, port: int, timeout: float) -> socket.socket:
    """Bind a port and return a socket that listens on it.

    Waits at most *timeout* seconds for a port that is taken. Raises PortTaken, and OSError for an address that can't be
    bound.
    """
    deadline = monotonic() + timeout
    while True:
        try:
            return listen(host, port)
        except OSError as error:
            # Windows reports EACCES where another process holds the port exclusively.
            if error.errno != errno.EADDRINUSE and not (error.errno == errno.EACCES and os.name == "nt"):
                raise _not_bound(error, host, port) from error
            if monotonic() >= deadline:
                waited = f", and stayed so for {timeout:g} s" if timeout else ""
                raise PortTaken(
                    errno.EADDRINUSE,
                    f"port {port} of {host} is taken{waited}; stop what listens there, give a bind_timeout to wait for "
                    "it, or use port=0 for a free one",
                ) from error
            time.sleep(BIND_PAUSE)


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens."""
    sock = bind(host, port)
    try:
        sock.listen(BACKLOG)
    except OSError:
        sock.close()
        raise
    return sock


def bind(host: str, port: int) -> socket.socket:
    """Return a socket that is bound to the port and does not listen yet."""
    sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM | _NONBLOCK)
    try:
        if hasattr(socket, "SO_EXCLUSIVEADDRUSE"):  # Windows, where SO_REUSEADDR would share the port
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if not _NONBLOCK:
            sock.setblocking(False)
        sock.bind((host, port))
    except OSError:
        sock.close()
        raise
    return sock


def hold(host: str, port: int) -> socket.socket:
    """Return a silent socket that is bound to *port* of *host*. While it is bound, no other program can listen there.

    Raises OSError where the port is taken.
    """
    holder = bind(host, port)
    _set_shared(holder, False)
    return holder


def listen_again(host: str, port: int, holders: Collection[socket.socket]) -> socket.socket:
    """Return a socket that listens on a port which one of *holders* holds, on a system that binds both at once."""
    for holder in holders:
        _set_shared(holder, True)
    try:
        return listen(host, port)
    finally:
        for holder in holders:
            _set_shared(holder, False)


def _set_shared(holder: socket.socket, is_shared: bool) -> None:
    """Set whether other sockets may be bound to the port of *holder*, where that depends on SO_REUSEADDR."""
    if HOLDS_BESIDE:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, int(is_shared))


def hold_beside(listening: socket.socket, host: str, port: int) -> socket.socket | None:
    """Return a silent socket that is bound to *port* of *host* beside the one that is *listening* there.

    Return None if the system does not bind a second one. While the socket is bound, no other program can listen there,
    except one of the same user that asks to share the port (SO_REUSEPORT).
    """
    if sys.platform != "linux":  # HOLDS_BESIDE, in a form that type checkers understand
        return None
    holder = socket.socket(listening.family, socket.SOCK_STREAM)
    try:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        for sock in (listening, holder):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        holder.bind((host, port))
    except OSError:  # such as a system that emulates Linux
        holder.close()
        return None
    finally:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 0)
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 0)
    _set_shared(holder, False)
    return holder


def _not_bound(error: OSError, host: str, port: int) -> OSError:
    remedy = (
        "use port=0 for a free one"
        if error.errno == errno.EACCES
        else "use an address of this machine, such as 127.0.0.1"
    )
    if isinstance(error, socket.gaierror):  # its number is none of the system's errors
        return OSError(errno.EADDRNOTAVAIL, f"cannot listen on {host!r}: it is no address; {_ADDRESS_REMEDY}")
    return OSError(error.errno, f"cannot listen on {host} port {port}: {os.strerror(error.errno or 0)}; {remedy}")
