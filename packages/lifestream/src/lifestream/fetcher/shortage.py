"""What this machine or process may run out of, and how to tell that from what a server or a document did wrong.

A shortage is ours. Whatever it stops is no failure of the feed that was being asked for, read or stored at the time:
the feed stays due, and the shortage is told once, with its remedy.
"""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Iterator
from enum import Enum
from ipaddress import ip_address
from typing import Final

_LOOP: Final = 16  # files that an event loop and its first connection need, and a few to spare
_DEPTH: Final = 8  # causes of causes that are looked at


class Shortage(Enum):
    """What there is not enough of, in words, and the remedy."""

    FILES = (
        "this process may open no more files: raise the limit (ulimit -n, or LimitNOFILE of a systemd unit), "
        "or lower LIFESTREAM_CONCURRENCY"
    )
    MEMORY = "there is no more memory: lower LIFESTREAM_CONCURRENCY or LIFESTREAM_PARSERS, or give this process more"
    DISK = "the disk is full: free some space"
    THREADS = (
        "no more threads can be started: raise the limit (ulimit -u, TasksMax of a systemd unit, or the pids limit of "
        "a container)"
    )
    PORTS = (
        "no local port is free for another connection: lower LIFESTREAM_CONCURRENCY, or let this system use more ports "
        "(net.ipv4.ip_local_port_range)"
    )
    PROCESSES = (
        "no process could be started to read documents: see that there is memory, and raise the limit (ulimit -u, "
        "TasksMax of a systemd unit, or the pids limit of a container) or lower LIFESTREAM_PARSERS"
    )


class ShortOf(Exception):
    """Something could not be done for want of a *shortage*."""

    def __init__(self, shortage: Shortage) -> None:
        super().__init__(shortage.value)
        self.shortage = shortage


def _errors(shortage: Shortage, *names: str) -> dict[int, Shortage]:
    return {getattr(errno, name): shortage for name in names if hasattr(errno, name)}


_ERRNOS: Final = {
    **_errors(Shortage.FILES, "EMFILE", "ENFILE", "WSAEMFILE"),
    **_errors(Shortage.MEMORY, "ENOMEM", "ENOBUFS", "WSAENOBUFS"),
    **_errors(Shortage.DISK, "ENOSPC", "EDQUOT"),
    **_errors(Shortage.PORTS, "EADDRNOTAVAIL", "WSAEADDRNOTAVAIL"),
}


def shortage_of(error: BaseException) -> Shortage | None:
    """Return which shortage *error*, or what caused it, is about; None if it is about something else."""
    for each in _causes(error):
        if isinstance(each, ShortOf):
            return each.shortage
        if isinstance(each, MemoryError):
            return Shortage.MEMORY
        # CPython has no class or number for it (Modules/_threadmodule.c).
        if isinstance(each, RuntimeError) and str(each).startswith("can't start new thread"):
            return Shortage.THREADS
        if isinstance(each, socket.gaierror):  # its numbers are those of getaddrinfo, not of errno
            if each.errno == getattr(socket, "EAI_MEMORY", None):
                return Shortage.MEMORY
            continue
        found = _ERRNOS.get(each.errno or 0) if isinstance(each, OSError) else None
        if found is not None and (found is not Shortage.PORTS or _may_be_reached(error)):
            return found
    return None


def _causes(error: BaseException) -> Iterator[BaseException]:
    at: BaseException | None = error
    for _ in range(_DEPTH):
        if at is None:
            return
        yield at
        # aiohttp keeps the system's error beside its own.
        inner = getattr(at, "os_error", None)
        if isinstance(inner, BaseException):
            yield inner
        at = at.__cause__


def _may_be_reached(error: BaseException) -> bool:
    """Return whether the address that *error* is about is one that a free port would have been enough for.

    The system says EADDRNOTAVAIL also of port 0, and of an IPv6 address where this machine has none itself. Names are
    no matter: they are resolved to addresses of kinds that this machine has.
    """
    if getattr(error, "port", None) == 0:
        return False
    try:
        return ip_address(str(getattr(error, "host", "")).strip("[]")).version == 4
    except ValueError:
        return True


def is_short_of_files() -> bool:
    """Return whether this process could not open a file now.

    Resolvers, TLS and databases need files too, and don't say so: they report a name without an address, a certificate
    without an issuer, a database that can't be opened.
    """
    try:
        os.close(os.open(os.devnull, os.O_RDONLY))
    except OSError as error:
        return _ERRNOS.get(error.errno or 0) is Shortage.FILES
    return False


def require_files(count: int = _LOOP) -> None:
    """Raise `ShortOf` unless this process may open *count* files more.

    An event loop needs some, and is asked for here first: libuv ends the whole process where it gets none
    (`uv__signal_global_init` aborts), and asyncio leaves one that is half made.
    """
    opened: list[int] = []
    try:
        opened.extend(os.open(os.devnull, os.O_RDONLY) for _ in range(count))
    except OSError as error:
        raise ShortOf(_ERRNOS.get(error.errno or 0, Shortage.FILES)) from error
    finally:
        for each in opened:
            os.close(each)
