"""Which addresses may be connected to: the guard against request forgery (SSRF) through feed URLs.

Without it, anyone who may add a feed could make this machine send requests to its own services, its neighbours or a
cloud's metadata server. The guard is aiohttp's `socket_factory`, which is called with every address before a
connection to it is opened, whether the address was resolved or written in the URL, and for every redirect. So the
address that was checked is the one that is connected to: no answer of a name server can change it in between. (A proxy
connects by itself: `proxies` says what is checked then.)

The table is our own, from IANA's special-purpose registries (RFC 6890), because `ipaddress.is_global` accepts addresses
that carry a private IPv4 address inside (64:ff9b::7f00:1 reaches 127.0.0.1 behind a NAT64). In IPv6, only 2000::/3 is
delegated for global unicast (RFC 3587 §2); everything else is refused, except a public IPv4 address that is mapped or
behind a NAT64. Ranges are listed so that the message can say what they are.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Any, TypeAlias

from lifestream.message import say

Network: TypeAlias = IPv4Network | IPv6Network
Address: TypeAlias = IPv4Address | IPv6Address
AddressInfo: TypeAlias = tuple[int, int, int, str, tuple[Any, ...]]
"""One answer of `socket.getaddrinfo`."""

# No kernel uses this error number. aiohappyeyeballs joins the errors of several addresses into one OSError, and keeps
# the number if all have the same: so our refusal is still recognised.
REFUSED_ERRNO = 0x0ADD2E55

_SPECIAL_IPV4: tuple[tuple[IPv4Network, str], ...] = tuple(
    (IPv4Network(network), what)
    for network, what in (
        ("0.0.0.0/32", say("address-unspecified")),
        ("0.0.0.0/8", say("address-this-network")),
        ("10.0.0.0/8", say("address-private")),
        ("100.64.0.0/10", say("address-carrier")),
        ("127.0.0.0/8", say("address-loopback")),
        ("169.254.0.0/16", say("address-link-local")),
        ("172.16.0.0/12", say("address-private")),
        ("192.0.0.0/24", say("address-protocols")),
        ("192.0.2.0/24", say("address-documentation")),
        ("192.88.99.0/24", say("address-6to4")),
        ("192.168.0.0/16", say("address-private")),
        ("198.18.0.0/15", say("address-benchmarks")),
        ("198.51.100.0/24", say("address-documentation")),
        ("203.0.113.0/24", say("address-documentation")),
        ("224.0.0.0/4", say("address-multicast")),
        ("255.255.255.255/32", say("address-broadcast")),
        ("240.0.0.0/4", say("address-reserved")),
    )
)

_SPECIAL_IPV6: tuple[tuple[IPv6Network, str], ...] = tuple(
    (IPv6Network(network), what)
    for network, what in (
        ("::/128", say("address-unspecified")),
        ("::1/128", say("address-loopback")),
        # RFC 8215: a site's own translators. The site decides where the IPv4 address is in such an address.
        ("64:ff9b:1::/48", say("address-translation")),
        ("100::/64", say("address-discards")),
        # Teredo, ORCHID and other protocols. Teredo (2001::/32, RFC 4380) carries two IPv4 addresses, and no web server
        # is reached through it.
        ("2001::/23", say("address-protocols")),
        ("2001:db8::/32", say("address-documentation")),
        ("3fff::/20", say("address-documentation")),
        ("fc00::/7", say("address-private")),
        ("fe80::/10", say("address-link-local")),
        ("fec0::/10", say("address-site-local")),
        ("ff00::/8", say("address-multicast")),
    )
)

_GLOBAL_UNICAST = IPv6Network("2000::/3")
_NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052 §2.1
_6TO4 = IPv6Network("2002::/16")  # RFC 3056 §2
_ISATAP_IDS = (0x0000_5EFE, 0x0200_5EFE)  # RFC 5214 §6.1: the upper half of an interface identifier


class AddressRefused(OSError):
    """The guard refused a connection to an address.

    The message names the address, its kind and the remedy.
    """

    def __init__(self, address: str, reason: str) -> None:
        super().__init__(
            REFUSED_ERRNO,
            say("address-refused", address=address, kind=reason),
        )

    def __str__(self) -> str:
        return str(self.strerror)


@dataclass(frozen=True, slots=True)
class AddressGuard:
    """Decides which addresses may be connected to: all public ones, and those in *allowed_networks*."""

    allowed_networks: tuple[Network, ...] = ()

    def why_not(self, address: str) -> str:
        """Return why *address* may not be connected to, in words that follow "is"; "" if it may.

        Anything but an IP address is refused.
        """
        return _why_not(self.allowed_networks, address)

    def check(self, address: str) -> None:
        """Raise `AddressRefused` if *address* may not be connected to."""
        if reason := self.why_not(address):
            raise AddressRefused(address, reason)

    def socket(self, info: AddressInfo) -> socket.socket:
        """Create the socket for a connection to *info*. Raises `AddressRefused`.

        This is aiohttp's `socket_factory`.
        """
        family, kind, protocol, _, sockaddr = info
        self.check(str(sockaddr[0]))
        return socket.socket(family, kind, protocol)


def _parse(address: str) -> Address:
    """Parse an address. Return the IPv4 address in a mapped one, since the kernel connects to that."""
    parsed = ip_address(address)
    if isinstance(parsed, IPv4Address):
        return parsed
    # The zone ("fe80::1%eth0", RFC 4007 §11) needs no removal: `ipaddress` ignores it when it looks for an address in a
    # network.
    return parsed if parsed.ipv4_mapped is None else parsed.ipv4_mapped


@lru_cache(maxsize=4096)
def _why_not(allowed: tuple[Network, ...], address: str) -> str:
    try:
        parsed = _parse(address)
    except ValueError:
        return say("address-none")
    return "" if any(parsed in network for network in allowed) else _special(parsed)


def _special(address: Address) -> str:
    """Return what is special about *address*, in words that follow "is"; "" for a public one."""
    if isinstance(address, IPv4Address):
        return _special_ipv4(address)
    inner = _embedded(address)
    if inner is not None and (what := _special_ipv4(inner)):
        return say("form-of-address", address=str(inner), kind=what)
    for network, what in _SPECIAL_IPV6:
        if address in network:
            return what
    return "" if address in _GLOBAL_UNICAST or address in _NAT64 else say("address-not-public")


def _special_ipv4(address: IPv4Address) -> str:
    return next((what for network, what in _SPECIAL_IPV4 if address in network), "")


def _embedded(address: IPv6Address) -> IPv4Address | None:
    """Return the IPv4 address that an IPv6 address of a NAT64, 6to4 or ISATAP is translated or tunnelled to; None for
    all others. Other known kinds that carry an IPv4 address, such as Teredo, are refused whatever they carry. A prefix
    that a network has chosen for itself (RFC 6052 §2.2) can't be recognised.
    """
    number = int(address)
    if address in _NAT64:
        return IPv4Address(number & 0xFFFF_FFFF)
    if address in _6TO4:
        return IPv4Address(number >> 80 & 0xFFFF_FFFF)
    if (number >> 32 & 0xFFFF_FFFF) in _ISATAP_IDS:
        return IPv4Address(number & 0xFFFF_FFFF)
    return None
