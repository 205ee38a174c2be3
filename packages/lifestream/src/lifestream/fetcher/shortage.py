"""What this machine or process may run out of, and how to distinguish that from errors of a server or a document.

A shortage is ours. It is no failure of the feed that was being requested, read or stored at the time: the feed stays
due, and the shortage is reported once, with its remedy.
"""

from __future__ import annotations

import errno
import mmap
import os
import socket
import sys
import threading
from collections.abc import Iterator
from enum import Enum
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final

from lifestream.message import say

if TYPE_CHECKING:
    from logging import Logger

_LOOP: Final = 16  # files that an event loop and its first connection need, and a few spare ones
_DEPTH: Final = 8  # how many causes of causes are looked at
# Bytes: the stacks and heaps of a few threads (64 MiB of address space each), 128 connections (320 KB each in asyncio's
# own loop), and some results. With a third of it, a process could begin and then spend all of its time on allocations
# that fail.
_ROOM: Final = 192 * 1024 * 1024

# The ends of messages where CPython gets no memory and does not raise MemoryError: Modules/_threadmodule.c, and
# Objects/call.c after a function in C that has not noticed it.
_NO_MEMORY: Final = ("can't allocate lock", "returned NULL without setting an exception")


class Shortage(Enum):
    """A kind of shortage. The value is the message about it, with the remedy."""

    FILES = say("short-of-files")
    MEMORY = say("short-of-memory")
    DISK = say("short-of-disk")
    FILE_SIZE = say("short-of-file-size")
    THREADS = say("short-of-threads")
    PORTS = say("short-of-ports")
    PROCESSES = say("short-of-processes")


class ShortOf(Exception):
    """Something could not be done because of a *shortage*."""

    def __init__(self, shortage: Shortage) -> None:
        super().__init__(shortage.value)
        self.shortage = shortage


def _errors(shortage: Shortage, *names: str) -> dict[int, Shortage]:
    return {getattr(errno, name): shortage for name in names if hasattr(errno, name)}


_ERRNOS: Final = {
    **_errors(Shortage.FILES, "EMFILE", "ENFILE", "WSAEMFILE"),
    **_errors(Shortage.MEMORY, "ENOMEM", "ENOBUFS", "WSAENOBUFS"),
    **_errors(Shortage.DISK, "ENOSPC", "EDQUOT"),
    **_errors(Shortage.FILE_SIZE, "EFBIG"),
    **_errors(Shortage.PORTS, "EADDRNOTAVAIL", "WSAEADDRNOTAVAIL"),
}


def shortage_of(error: BaseException) -> Shortage | None:
    """Return the shortage that *error*, or one of its causes, is about; None if it is about something else."""
    for each in _causes(error):
        if isinstance(each, ShortOf):
            return each.shortage
        if isinstance(each, MemoryError):
            return Shortage.MEMORY
        if isinstance(each, RuntimeError | SystemError) and str(each).endswith(_NO_MEMORY):
            return Shortage.MEMORY
        # CPython has no class or number for a thread that can't be started (Modules/_threadmodule.c).
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


def log_failure(log: Logger, what: str, error: BaseException) -> None:
    """Log the message *what*, with the remedy if *error* is about a shortage, else with the traceback."""
    if (shortage := shortage_of(error)) is None:
        log.error("%s", what, exc_info=error)
        return
    log.warning("%s: %s", what, shortage.value)
    log.debug("the shortage was noticed here", exc_info=error)


def _causes(error: BaseException) -> Iterator[BaseException]:
    at: BaseException | None = error
    for _ in range(_DEPTH):
        if at is None:
            return
        yield at
        # aiohttp keeps the system's error in an attribute.
        inner = getattr(at, "os_error", None)
        if isinstance(inner, BaseException):
            yield inner
        at = at.__cause__


def _may_be_reached(error: BaseException) -> bool:
    """Return whether the address that *error* is about could be reached if a port were free.

    The system reports EADDRNOTAVAIL also for port 0, and for an IPv6 address if this machine has none itself. Names
    need no check: they are resolved only to kinds of addresses that this machine has.
    """
    if getattr(error, "port", None) == 0:
        return False
    try:
        return ip_address(str(getattr(error, "host", "")).strip("[]")).version == 4
    except ValueError:
        return True


def is_short_of_files() -> bool:
    """Return whether this process could not open a file now.

    Resolvers, TLS and databases need files too, and don't report that they got none: they report a name without an
    address, a certificate without an issuer, or a database that can't be opened.
    """
    try:
        os.close(os.open(os.devnull, os.O_RDONLY))
    except OSError as error:
        return _ERRNOS.get(error.errno or 0) is Shortage.FILES
    return False


def what_is_short() -> Shortage | None:
    """Return what this process has too little of now, files or memory; None if it has enough of both.

    Resolvers and TLS don't report either.
    """
    if is_short_of_files():
        return Shortage.FILES
    try:
        require_memory()
    except ShortOf as error:
        return error.shortage
    return None


def require_files(count: int = _LOOP) -> None:
    """Raise `ShortOf` unless this process may open *count* more files.

    An event loop needs some, so this is called before one is made: without any, libuv ends the whole process
    (`uv__signal_global_init` aborts), and asyncio leaves a loop that is half initialised.
    """
    opened: list[int] = []
    try:
        opened.extend(os.open(os.devnull, os.O_RDONLY) for _ in range(count))
    except OSError as error:
        raise ShortOf(_ERRNOS.get(error.errno or 0, Shortage.FILES)) from error
    finally:
        for each in opened:
            os.close(each)


def require_memory(size: int = _ROOM) -> None:
    """Raise `ShortOf` unless this process may take *size* bytes more of address space.

    Without any memory no error can be reported: threads end before they log it, and libraries in C end the whole
    process. The memory is only reserved for a moment, and never used.
    """
    try:
        mmap.mmap(-1, size).close()
    except (OSError, MemoryError, ValueError) as error:
        raise ShortOf(Shortage.MEMORY) from error


def may_start_threads(count: int) -> bool:
    """Return whether this process may start *count* more threads: whether it could, a moment ago."""
    started: list[tuple[threading.Thread, threading.Event]] = []
    try:
        for _ in range(count):
            ending = threading.Event()
            thread = threading.Thread(target=ending.wait, name="lifestream-probe", daemon=True)
            thread.start()
            started.append((thread, ending))
    except RuntimeError:
        return False
    finally:
        # End one thread after the other, so that few are still ending when this returns: for the system, a thread ends
        # a little after `join`.
        for thread, ending in started:
            ending.set()
            thread.join()
    return True


async def start_pool() -> None:
    """Have uvloop, if it runs the current loop, start the threads of libuv's pool: ask it for an address in numbers."""
    import asyncio  # only here: commands that fetch nothing import this module as well

    await asyncio.get_running_loop().getaddrinfo("127.0.0.1", 0, flags=socket.AI_NUMERICHOST)


def is_memory_limited() -> bool:
    """Return whether this process has a limit on its address space (`ulimit -v`)."""
    if sys.platform == "win32":  # it has no such limits
        return False
    import resource

    return resource.getrlimit(resource.RLIMIT_AS)[0] != resource.RLIM_INFINITY
