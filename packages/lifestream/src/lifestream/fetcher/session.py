"""The only access to the network: an aiohttp session that leaves decisions to `fetch`.

It takes nothing from the environment, keeps no cookies, inflates no body and repeats no request. A request must say
`allow_redirects=False` and give a URL that is marked as encoded: otherwise aiohttp follows redirects and rewrites the
URL. The guard checks each address before a connection to it is opened (see `address_guard`).
"""

from __future__ import annotations

import asyncio
import errno
import re
import socket
import ssl
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Final

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.client_proto import ResponseHandler
from aiohttp.http import HttpProcessingError, RawResponseMessage
from aiohttp.streams import StreamReader
from multidict import CIMultiDictProxy

from lifestream.fetcher.address_guard import REFUSED_ERRNO, AddressGuard
from lifestream.fetcher.outcomes import FailureKind
from lifestream.fetcher.shortage import Shortage, ShortOf, is_memory_limited, shortage_of, what_is_short
from lifestream.fetcher.tls_sessions import resuming_context
from lifestream.message import say

_HEADER_LIMIT = 64 * 1024  # bytes a line; the default, 8 KiB, is less than some sites' Content-Security-Policy
_LOOKUPS: Final = 32
"""How many names are looked up at once, not counting the slow ones."""
_SLOW: Final = 1.0
"""Seconds after which a lookup is slow. A name whose servers do not answer takes 10 to 20, and would hold up others."""
_RESOLVER_THREADS: Final = 256
"""How many threads look up names at most, with the slow ones: `getaddrinfo` blocks, and can't be cancelled. A thread is
started only if all others are busy.
"""
_FEW_RESOLVER_THREADS: Final = 4
"""The same under a limit on address space, since glibc reserves 64 MiB of it for each thread."""
_MOST_OF_A_KIND = 4  # addresses of a name, for IPv4 and IPv6 each: while they don't answer, each takes a file
# Ask only for the kinds of addresses that this machine has itself. BSDs refuse flags that are not in their mask.
_OWN_KINDS: int = socket.AI_ADDRCONFIG & getattr(socket, "AI_MASK", socket.AI_ADDRCONFIG)


_MOST_INTERIM: Final = 20  # answers such as 103 before the one that counts; servers send one or two
_PIECE: Final = 16 * 1024  # bytes of an answer that are parsed together; one read from a socket may have 256 KiB
_MOST_FRAMING: Final = 256 * 1024  # bytes by which the framing of a body may exceed the body

_TINY: Final = "its chunks are too small"


class TinyChunks(aiohttp.ClientPayloadError):
    """A body comes in so many chunks that their sizes take far more bytes than the body itself."""


class Protocol(ResponseHandler):
    """What aiohttp does with the bytes of a connection, with limits for interim answers (RFC 9110 §15.2) and for tiny
    chunks. No other limit counts these, since they are no part of the body: a server that goes on sending them would
    keep all others waiting.
    """

    _interim = 0
    _body: StreamReader | None = None
    _received = 0

    def data_received(self, data: bytes) -> None:
        """Parse *data*. If it is long and has more answers than anybody may be waiting for, close the connection."""
        self._received += len(data)
        if len(data) <= _PIECE:
            super().data_received(data)
            self._check_framing()
            return
        for start in range(0, len(data), _PIECE):
            if self.transport is None or self.transport.is_closing():
                return
            super().data_received(data[start : start + _PIECE])
            if len(self) > _MOST_INTERIM:
                self.transport.close()
            self._check_framing()

    def _check_framing(self) -> None:
        body = self._body
        if body is None or body.is_eof() or self._received <= 2 * body.total_bytes + _MOST_FRAMING:
            return
        body.set_exception(TinyChunks())
        if self.transport is not None:
            self.transport.close()

    async def read(self) -> tuple[RawResponseMessage, StreamReader]:
        """Return the next answer. Raises `HttpProcessingError` after too many interim ones."""
        message, payload = await super().read()
        self._interim = self._interim + 1 if 100 <= message.code <= 199 else 0
        if self._interim > _MOST_INTERIM:
            raise HttpProcessingError(message=f"more than {_MOST_INTERIM} interim answers")
        self._body, self._received = payload, 0
        return message, payload


class Resolver(AbstractResolver):
    """The system's name resolution, in the threads of the running loop's executor.

    aiohttp's own resolver calls the loop's `getaddrinfo`. uvloop runs that in four threads, whatever the loop's
    executor is: four names whose server is dead would use up the time of all others.

    Give all sessions of an event loop the same one: its lookups take turns.
    """

    def __init__(self) -> None:
        self._turns = asyncio.Semaphore(_LOOKUPS)

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Return the first addresses of *host*, up to _MOST_OF_A_KIND for each family. Raises `OSError` if it has none,
        and `ShortOf` as `_asked` does.

        While an address doesn't answer, aiohttp tries others at the same time. A name may have thousands, and a few
        feeds with such names would use up all files of this process.
        """
        # The machine's own name has addresses without any network (RFC 6761 §6.3).
        kinds = 0 if host.rstrip(".").endswith("localhost") else _OWN_KINDS
        ask = partial(socket.getaddrinfo, host, port, family, socket.SOCK_STREAM, flags=kinds)
        found: list[ResolveResult] = []
        counts: Counter[int] = Counter()
        for kind, _, protocol, _, address in await self._look_up(ask):
            counts[kind] += 1
            if counts[kind] <= _MOST_OF_A_KIND:
                flags = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV
                result = ResolveResult(
                    hostname=host, host=_numeric(address), port=port, family=kind, proto=protocol, flags=flags
                )
                found.append(result)
        return found

    async def _look_up(self, ask: Callable[[], list[Any]]) -> list[Any]:
        """Return the result of *ask*, which is called in its turn, in another thread."""
        async with self._turns:
            lookup = asyncio.get_running_loop().run_in_executor(None, _asked, ask)
            try:
                await asyncio.wait([lookup], timeout=_SLOW)
            except asyncio.CancelledError:
                lookup.cancel()
                raise
        return await lookup

    async def close(self) -> None:
        """Do nothing: the loop ends its threads."""


def _asked(ask: Callable[[], list[Any]]) -> list[Any]:
    """Return the result of *ask*. Raises `ShortOf` if it failed while this process has too few files or memory."""
    try:
        return ask()
    except socket.gaierror as error:
        if (shortage := what_is_short()) is not None:
            raise ShortOf(shortage) from error
        raise
    except UnicodeError as error:  # of Python's own encoding of names, whose labels may be empty or too long
        raise OSError(f"a part of the name is empty or longer than 63 characters ({error})") from error


def _numeric(address: tuple[Any, ...]) -> str:
    """Return the IP of a socket's *address*, with the zone of a link-local one (RFC 4007 §11)."""
    zone = address[3] if len(address) == 4 else 0
    return f"{address[0]}%{zone}" if zone else str(address[0])


def prepare_loop() -> None:
    """Give the running event loop the threads in which its sessions resolve names."""
    most = _FEW_RESOLVER_THREADS if is_memory_limited() else _RESOLVER_THREADS
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(most, thread_name_prefix="lifestream-resolver"))


def open_session(
    guard: AddressGuard, resolver: AbstractResolver | None = None, *, keeps: bool = True
) -> aiohttp.ClientSession:
    """Return a session for the running event loop. *keeps*: whether it keeps connections open for further requests.

    The caller closes it. *resolver* replaces the system's name resolution.
    """
    connector = aiohttp.TCPConnector(
        resolver=resolver or Resolver(),
        socket_factory=guard.socket,
        force_close=not keeps,
        ssl=resuming_context(),
        limit=0,  # `refresh` limits the number of requests, where waiting costs no deadline
    )
    return session_with(connector)


def session_with(connector: aiohttp.BaseConnector) -> aiohttp.ClientSession:
    """Return a session that connects by *connector*, with the restrictions at the head of this file. The caller
    closes it.
    """
    session = aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=None),  # `fetch` has one deadline for everything
        auto_decompress=False,
        trust_env=False,
        max_line_size=_HEADER_LIMIT,
        max_field_size=_HEADER_LIMIT,
    )
    # aiohttp repeats a request if a connection, even a new one, closes without an answer; `fetch` does that where it is
    # right. There is no public name to turn it off: `ClientSession._request` was read in aiohttp 3.14, whose own
    # TestClient sets the attribute, too. test_session names the versions that were read, and tests the effect.
    session._retry_connection = False
    # There is no public name either for the class of the protocol that a new connection gets.
    factory: Any = partial(Protocol, loop=asyncio.get_running_loop())
    connector._factory = factory
    return session


def headers_of(received: CIMultiDictProxy[str]) -> dict[str, str]:
    """Return header fields as `outcomes` describes them: names in lower case, different values of a field joined.
    Once a field is longer than _HEADER_LIMIT characters, its further values are left out.
    """
    fields: dict[str, list[str]] = {}
    known: dict[str, set[str]] = {}
    lengths: Counter[str] = Counter()
    for name, value in received.items():
        key = name.lower()
        parts = fields.setdefault(key, [])
        if parts and key not in known:
            known[key] = {parts[0], *parts[0].split(", ")}
        if (parts and value in known[key]) or lengths[key] > _HEADER_LIMIT:
            continue
        parts.append(value)
        lengths[key] += len(value)
        if key in known:
            known[key] |= {value, *value.split(", ")}
    return {key: ", ".join(parts) for key, parts in fields.items()}


def failure_of(error: Exception) -> tuple[FailureKind, str] | None:
    """Return the kind of failure that *error* is, and its message.

    None if it is neither a failure of the network or the server, nor a shortage of ours.
    """
    if (shortage := shortage_of(error) or _shortage_in_message(error)) is not None:
        return "shortage", shortage.value
    known = _failure_of_proxy(error) or _failure_of(error)
    # The libraries that resolve names and load certificates don't report that they got no file or no memory.
    if known is not None and known[0] in ("dns", "tls") and (shortage := what_is_short()) is not None:
        return "shortage", shortage.value
    return known


def _failure_of_proxy(error: Exception) -> tuple[FailureKind, str] | None:
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return "connection", say("proxy-refused", status=f"{error.status} {error.message}".strip()[:100])
    # The extra `socks` is imported only where it is used, so its errors are recognised by their module.
    if type(error).__module__.partition(".")[0] in ("aiohttp_socks", "python_socks"):
        return "connection", say("proxy-failed", reason=_reason(error)[:200])
    # The errors of aiohttp's own connector are of another class, and name the host.
    if isinstance(error.__cause__, ssl.SSLCertVerificationError) and type(error) is aiohttp.ClientOSError:
        return "tls", say("no-tls-by-proxy", reason=_reason(error))
    return None


def _shortage_in_message(error: Exception) -> Shortage | None:
    """Return the shortage that *error* names only in its message, in a part that a server cannot influence; None if
    there is none.
    """
    # aiohttp names what broke the connection after the number of bytes that are missing
    # (`ResponseHandler.connection_lost`, read in 3.14).
    if isinstance(error, aiohttp.ClientPayloadError) and _BROKE.search(str(error)):
        return Shortage.MEMORY
    # If several addresses fail with different errors, aiohappyeyeballs joins these (`start_connection`, read in 2.7).
    joined = str(error.os_error) if isinstance(error, aiohttp.ClientConnectorError) else ""
    if not joined.startswith("Multiple exceptions: "):
        return None
    # EADDRNOTAVAIL, which means that no port is free, is also the error of each IPv6 address on a system without IPv6.
    found = (shortage_of(OSError(int(number), "")) for number in _NUMBER.findall(joined))
    return next((shortage for shortage in found if shortage not in (None, Shortage.PORTS)), None)


_NUMBER: Final = re.compile(r"\[(?:Errno|WinError) ([0-9]+)\]")
_BROKE: Final = re.compile(rf">\. (?:MemoryError\(\)|OSError\((?:{errno.ENOMEM}|{errno.ENOBUFS}), '[^']*'\))\Z")


def _failure_of(error: Exception) -> tuple[FailureKind, str] | None:
    match error:
        case aiohttp.ClientConnectorDNSError():
            return "dns", say("no-address", host=error.host, reason=_reason(error.os_error))
        case aiohttp.ClientConnectorCertificateError():
            return "tls", say("bad-certificate", host=error.host, reason=_reason(error.certificate_error))
        case aiohttp.ClientSSLError():
            return "tls", say("no-tls", host=error.host, reason=_reason(error.os_error))
        case aiohttp.ClientConnectorError() if error.os_error.errno == REFUSED_ERRNO:
            return "address", _reason(error.os_error)
        case aiohttp.ClientConnectorError():
            values = {"host": error.host, "port": str(error.port), "reason": _reason(error.os_error)}
            return "connection", say("no-connection", **values)
        case aiohttp.ServerDisconnectedError():
            return "connection", say("closed-without-answer")
        case aiohttp.ClientPayloadError():
            tiny = isinstance(error, TinyChunks)
            return ("protocol", say("not-http", reason=_TINY)) if tiny else ("connection", say("cut-short"))
        case aiohttp.ClientOSError():
            return "connection", say("connection-broke", reason=_reason(error))
        case aiohttp.InvalidURL():
            return "url", say("not-fetchable", reason=str(error))
        case aiohttp.ClientResponseError():
            return "protocol", say("not-http", reason=error.message)
        case aiohttp.ClientError() | OSError():
            return "connection", _reason(error)
        case _:
            return None


def _reason(error: BaseException) -> str:
    return str(getattr(error, "strerror", None) or "") or str(error) or type(error).__name__
