"""Address guards that allow requests to the servers of tests, which are on loopback addresses."""

from __future__ import annotations

from ipaddress import ip_network

from lifestream.fetcher.address_guard import AddressGuard


def allowing(networks: str, kind: type[AddressGuard] = AddressGuard) -> AddressGuard:
    """Return a guard of *kind* that also allows *networks*: networks and addresses with commas between them, such as
    "127.0.0.0/8, ::1".
    """
    return kind(tuple(ip_network(entry.strip()) for entry in networks.split(",") if entry.strip()))
