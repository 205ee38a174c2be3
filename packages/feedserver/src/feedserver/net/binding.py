"""Binding: the socket that listens on a port, and the one that holds the port while connections are refused."""

from __future__ import annotations

import errno
import os
import socket
import sys
import time
from dataclasses import dataclass

BACKLOG = 1024
"""Connections that the kernel queues: a server may be listening long before its event loop accepts."""

BIND_PAUSE = 0.02
"""Seconds between two attempts to bind a port that is taken."""

HOLDS_BESIDE = sys.platform == "linux"
"""Whether a second socket may be bound to the port beside the one that listens (SO_REUSEADDR, bound before it listens).

Elsewhere the port is held by a socket that is bound when the other one is closed, a moment later.
"""


_ALONE = "without scheme and port; use an address of this machine, such as 127.0.0.1, or localhost"


class PortTaken(OSError):
    """The requested port is in use by another socket."""


@dataclass(frozen=True, slots=True)
class BoundPort:
    """The socket that is *listening* on a port, and a second one that holds it, where the system allows one."""

    listening: socket.socket
    holder: socket.socket | None


def addresses_of(host: str) -> tuple[str, ...]:
    """Return the addresses of this machine that *host* means: itself, or those of both families for a name.

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


def bind_and_listen(host: str, port: int, timeout: float) -> BoundPort:
    """Bind a port and listen on it, and hold it by a second socket where the system allows that.

    Waits at most *timeout* seconds for a port that is taken. Raises PortTaken, and OSError for an address that can't be
    bound.
    """
    deadline = time.monotonic() + timeout
    while True:
        holder: socket.socket | None = None
        try:
            if HOLDS_BESIDE:
                holder = bind(host, port)
            return BoundPort(listen(host, port if holder is None else holder.getsockname()[1]), holder)
        except OSError as error:
            if holder is not None:
                holder.close()
            # Windows reports EACCES where another process holds the port exclusively.
            if error.errno != errno.EADDRINUSE and not (error.errno == errno.EACCES and os.name == "nt"):
                raise _not_bound(error, host, port) from error
            if time.monotonic() >= deadline:
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
    sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    try:
        if hasattr(socket, "SO_EXCLUSIVEADDRUSE"):  # Windows, where SO_REUSEADDR would share the port
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.setblocking(False)
        sock.bind((host, port))
    except OSError:
        sock.close()
        raise
    return sock


def _not_bound(error: OSError, host: str, port: int) -> OSError:
    remedy = (
        "use port=0 for a free one"
        if error.errno == errno.EACCES
        else "use an address of this machine, such as 127.0.0.1"
    )
    if isinstance(error, socket.gaierror):  # its number is none of the system's errors
        return OSError(errno.EADDRNOTAVAIL, f"cannot listen on {host!r}: it is no address, {_ALONE}")
    return OSError(error.errno, f"cannot listen on {host} port {port}: {os.strerror(error.errno or 0)}; {remedy}")
