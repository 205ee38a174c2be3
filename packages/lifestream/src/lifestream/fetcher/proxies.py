"""Requests through a proxy: HTTP proxies, and SOCKS with the extra `socks`.

The proxy resolves names and connects, so the guard can't check the address that the proxy connects to. The guard checks
what it can: a host that is written as an address, in any form that systems read as one, and, unless a setting allows
private networks, names that mean this machine or its own network. For all other names, the proxy itself has to refuse
private addresses.
"""

from __future__ import annotations

import socket
from ipaddress import IPv4Network, IPv6Network
from typing import Final
from urllib.parse import urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver

from lifestream.fetcher.address_guard import AddressGuard, AddressRefused
from lifestream.fetcher.session import open_session, session_with
from lifestream.fetcher.tls_sessions import resuming_context
from lifestream.message import say

_EVERYWHERE: Final = AddressGuard((IPv4Network("0.0.0.0/0"), IPv6Network("::/0")))
"""Allows the proxy's own address, which is private more often than not. This machine connects to no other address."""
_OWN_NAMES: Final = ("localhost", "local", "internal", "lan", "home.arpa", "localdomain")


class NoSocks(ValueError):
    """The extra that SOCKS needs is not installed."""


def is_socks(proxy: str) -> bool:
    """Return whether the URL is that of a SOCKS proxy."""
    return proxy.startswith("socks")


def open_proxied(proxy: str, resolver: AbstractResolver | None = None) -> aiohttp.ClientSession:
    """Return a session for requests through *proxy*; each must be sent with `proxy_of(proxy)`. The caller closes it.

    Raises `NoSocks`.
    """
    if not is_socks(proxy):
        return open_session(_EVERYWHERE, resolver, keeps=False)
    try:
        from aiohttp_socks import ProxyConnector
    except ImportError:
        raise NoSocks(say("socks-needs-extra")) from None
    # socks5h is curl's name for what is done here in each case: the proxy resolves names (RFC 1928 §4).
    url = proxy.replace("socks5h:", "socks5:", 1)
    connector = ProxyConnector.from_url(url, rdns=True, force_close=True, limit=0, ssl=resuming_context())
    return session_with(connector)


def proxy_of(proxy: str) -> str | None:
    """Return the proxy as an argument of aiohttp's requests: a SOCKS proxy is part of the session."""
    return None if is_socks(proxy) else proxy


def check_host(url: str, guard: AddressGuard) -> None:
    """Raise `AddressRefused` if the host of *url* may not be requested from a proxy.

    If the guard allows at least one private network, all names pass, since only the proxy knows their addresses.
    """
    host = (urlsplit(url).hostname or "").rstrip(".")
    if ":" in host:
        guard.check(host)
        return
    try:
        # Proxies read "127.1", "0x7f000001" and "2130706433" as inet_aton(3) does.
        guard.check(socket.inet_ntoa(socket.inet_aton(host)))
    except AddressRefused:
        raise
    except OSError:
        own = "." not in host or any(host == name or host.endswith(f".{name}") for name in _OWN_NAMES)
        if own and not guard.allowed_networks:
            raise AddressRefused(host, say("address-own-name")) from None
