"""Address guards that allow requests to the servers of tests, which are on loopback addresses."""

from __future__ import annotations

from ipaddress import ip_network

from lifestream.fetcher.address_guard import AddressGuard


def allowing(networks: str, kind: type[AddressGuard] = AddressGuard) -> AddressGuard:
    """Return a guard of *kind* that also lets *networks* pass: "127.0.0.0/8, fd00::/8"; single addresses too."""
    return kind(tuple(ip_network(entry.strip()) for entry in networks.split(",") if entry.strip()))
