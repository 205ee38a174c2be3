"""Only public addresses, and those of allowed networks, are connected to."""

from __future__ import annotations

import socket

import pytest

from guards import allowing
from lifestream.fetcher.address_guard import AddressGuard, AddressRefused

REFUSED = [
    ("127.0.0.1", "a loopback address"),
    ("127.255.255.254", "a loopback address"),
    ("0.0.0.0", "the unspecified address"),
    ("0.1.2.3", "an address of this network"),
    ("10.0.0.1", "a private address"),
    ("172.16.0.1", "a private address"),
    ("172.31.255.255", "a private address"),
    ("192.168.1.1", "a private address"),
    ("100.64.0.1", "an address behind a carrier's NAT"),
    ("100.127.255.255", "an address behind a carrier's NAT"),
    ("169.254.169.254", "a link-local address"),
    ("192.0.0.8", "an address for protocols"),
    ("192.0.2.1", "an address for documentation"),
    ("192.88.99.1", "a 6to4 relay"),
    ("198.18.0.1", "an address for benchmarks"),
    ("198.19.255.255", "an address for benchmarks"),
    ("198.51.100.1", "an address for documentation"),
    ("203.0.113.1", "an address for documentation"),
    ("224.0.0.1", "a multicast address"),
    ("239.255.255.255", "a multicast address"),
    ("240.0.0.1", "a reserved address"),
    ("255.255.255.255", "the broadcast address"),
    ("::", "the unspecified address"),
    ("::1", "a loopback address"),
    ("::7f00:1", "an address that is not for public use"),  # IPv4-compatible, RFC 4291 §2.5.5.1
    ("::ffff:127.0.0.1", "a loopback address"),
    ("::ffff:a9fe:a9fe", "a link-local address"),
    ("::ffff:0:7f00:1", "an address that is not for public use"),  # IPv4-translated, RFC 2765 §2.1
    ("64:ff9b::7f00:1", "a form of 127.0.0.1, a loopback address"),
    ("64:ff9b::10.1.2.3", "a form of 10.1.2.3, a private address"),
    ("64:ff9b:1::7f00:1", "an address for a network's own translation"),
    ("64:ff9b:1:7f00:0:100::", "an address for a network's own translation"),
    ("2002:7f00:1::", "a form of 127.0.0.1, a loopback address"),
    ("2002:c0a8:101::1", "a form of 192.168.1.1, a private address"),
    ("2001:0:4136:e378:8000:63bf:80ff:fffe", "an address for protocols"),  # Teredo to 127.0.0.1
    ("2606:4700::5efe:a00:1", "a form of 10.0.0.1, a private address"),  # ISATAP
    ("2606:4700::200:5efe:7f00:1", "a form of 127.0.0.1, a loopback address"),
    ("100::1", "an address that discards"),
    ("2001:db8::1", "an address for documentation"),
    ("3fff::1", "an address for documentation"),
    ("5f00::1", "an address that is not for public use"),
    ("fc00::1", "a private address"),
    ("fdff::1", "a private address"),
    ("fe80::1", "a link-local address"),
    ("fe80::1%eth0", "a link-local address"),
    ("::1%1", "a loopback address"),
    ("fd00::1%eth0", "a private address"),
    ("fec0::1", "a site-local address"),
    ("ff02::1", "a multicast address"),
    ("example.org", "no IP address"),
    ("127.1", "no IP address"),
    ("2130706433", "no IP address"),
    ("0x7f.0.0.1", "no IP address"),
    ("", "no IP address"),
]

PUBLIC = [
    "1.1.1.1",
    "9.255.255.255",
    "11.0.0.0",
    "100.63.255.255",
    "100.128.0.0",
    "172.15.255.255",
    "172.32.0.0",
    "192.0.1.1",
    "198.17.255.255",
    "198.20.0.0",
    "223.255.255.255",
    "2606:4700::1111",
    "2001:200::1",
    "2a00:1450:4001:80b::200e",
    "64:ff9b::1.1.1.1",
    "2002:101:101::1",
    "::ffff:1.1.1.1",
]


@pytest.mark.parametrize(("address", "what"), REFUSED)
def test_an_address_that_is_not_public_is_refused_and_named(address: str, what: str) -> None:
    assert AddressGuard().why_not(address) == what


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_may_be_connected_to(address: str) -> None:
    assert AddressGuard().why_not(address) == ""


def test_the_refusal_names_the_address_and_the_remedy() -> None:
    with pytest.raises(AddressRefused) as refusal:
        AddressGuard().check("10.0.0.1")
    assert str(refusal.value) == (
        "10.0.0.1 is a private address, and lifestream connects to none of those; "
        "if it is yours, add its network to LIFESTREAM_ALLOWED_NETWORKS"
    )


@pytest.mark.parametrize(
    ("networks", "address", "passes"),
    [
        ("127.0.0.0/8", "127.0.0.1", True),
        ("127.0.0.0/8", "::ffff:127.0.0.1", True),
        ("127.0.0.0/8", "::1", False),
        ("127.0.0.0/8", "64:ff9b::7f00:1", False),
        ("127.0.0.0/8", "10.0.0.1", False),
        ("10.0.0.7", "10.0.0.7", True),
        ("10.0.0.7", "10.0.0.8", False),
        (" ::1 , fd00::/8,", "fd12::1", True),
        ("fe80::/10", "fe80::1%eth0", True),
        ("127.0.0.0/8", "::ffff:127.0.0.1%1", True),
        ("127.0.0.0/8", "fe80::1%eth0", False),
        ("64:ff9b::/96", "64:ff9b::10.0.0.1", True),
        ("", "127.0.0.1", False),
        ("0.0.0.0/0", "example.org", False),
    ],
)
def test_an_allowed_network_opens_its_own_addresses_only(networks: str, address: str, passes: bool) -> None:
    assert (allowing(networks).why_not(address) == "") is passes


def test_a_socket_is_made_for_an_address_that_passes() -> None:
    info = (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", ("127.0.0.1", 80))
    with allowing("127.0.0.0/8").socket(info) as made:
        assert (made.family, made.type) == (socket.AF_INET, socket.SOCK_STREAM)


def test_no_socket_is_made_for_an_address_that_is_refused() -> None:
    info = (socket.AF_INET6, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", ("fe80::1", 80, 0, 2))
    with pytest.raises(AddressRefused, match="fe80::1 is a link-local address"):
        AddressGuard().socket(info)
