"""How often somebody may guess: the token of the first run, and the password of an account.

Each process keeps its own counts, until it ends.
"""

from __future__ import annotations

import ipaddress
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Final

from django.http import HttpRequest

from lifestream.page_limits import MOST_GUESSES
from lifestream.web.proxy_headers import FORWARDED, came_through_proxy

_OF_A_NETWORK: Final = 64
"""How many bits of an IPv6 address are compared: whoever has one address has the others of its network, too (RFC 6177).
"""
_OF_A_CUSTOMER: Final = {4: 24, 6: 48}
"""How many bits of an address are compared, by the version of IP, to see who shares a network with wrong guesses."""


def visitor_of(request: HttpRequest) -> str:
    """Return the address of the visitor or, for IPv6, its network; "" if it is not known.

    The address is unknown for a request that came through a proxy that the site does not trust: all visitors of the
    proxy seem to have the same address. A proxy on this machine may add no header, so the address is also unknown for a
    request from this machine.
    """
    forwarded = request.META.get(FORWARDED)
    if came_through_proxy(request.META) if forwarded is None else forwarded:
        return ""
    try:
        address = ipaddress.ip_address(str(request.META.get("REMOTE_ADDR", "")))
    except ValueError:
        return ""
    address = getattr(address, "ipv4_mapped", None) or address
    if address.is_loopback:
        return ""
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    return str(ipaddress.ip_network((address.packed, _OF_A_NETWORK), strict=False))


def network_of(visitor: str) -> str:
    """Return the network of *visitor*, which `visitor_of` has returned: addresses that may belong to one customer of a
    provider. Return "" if the address of the visitor is not known.
    """
    if not visitor:
        return ""
    network = ipaddress.ip_network(visitor)
    return str(network.supernet(new_prefix=_OF_A_CUSTOMER[network.version]))


class Guesses:
    """Wrong guesses by address: after *most* of them from one address, no more are compared until the first of these is
    *seconds* old.
    """

    MOST_ADDRESSES: Final = 1_000

    def __init__(
        self,
        most: int = MOST_GUESSES,
        seconds: float = 60.0,
        clock: Callable[[], float] = time.monotonic,
        most_addresses: int = MOST_ADDRESSES,
    ) -> None:
        self._most, self._seconds, self._clock = most, seconds, clock
        self._most_addresses = most_addresses
        self._wrong: dict[str, deque[float]] = {}
        self._lock = threading.Lock()

    def wait(self, address: str) -> float:
        """Return for how many seconds no guess from *address* is compared; 0.0 if the next one is compared."""
        with self._lock:
            return self._wait(address)

    def begin(self, address: str) -> float:
        """Return the same as `wait`. If that is 0.0, count a guess as wrong until `take_back` is called, so that
        guesses that are compared at the same time are counted, too.
        """
        with self._lock:
            if wait := self._wait(address):
                return wait
            self._note(address)
        return 0.0

    def take_back(self, address: str) -> None:
        """Take back the last guess from *address* that was counted: it was right, or was not compared."""
        with self._lock:
            if times := self._wrong.get(address):
                times.pop()
            if not times:
                self._wrong.pop(address, None)

    def count(self, address: str) -> int:
        """Return how many wrong guesses from *address* were counted in the last *seconds*: *most* at most."""
        with self._lock:
            since = self._clock() - self._seconds
            return sum(time > since for time in self._wrong.get(address, ()))

    def note(self, address: str) -> None:
        """Note that a wrong guess came from *address*."""
        with self._lock:
            self._note(address)

    def _wait(self, address: str) -> float:
        times = self._wrong.get(address)
        if times is None or len(times) < self._most:
            return 0.0
        return max(0.0, times[0] + self._seconds - self._clock())

    def _note(self, address: str) -> None:
        if address not in self._wrong and len(self._wrong) >= self._most_addresses:
            self._wrong.pop(next(iter(self._wrong)))  # the address that was noted first
        self._wrong.setdefault(address, deque(maxlen=self._most)).append(self._clock())
