"""The proxies whose headers are trusted: the networks of a setting."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from lifestream.site.trusted_proxies import trusted


def test_addresses_networks_and_the_unix_socket_are_read() -> None:
    assert trusted([" 127.0.0.1 ", "10.0.0.0/8", "unix", "::1"]) == [
        ip_network("127.0.0.1/32"),
        ip_network("10.0.0.0/8"),
        "unix",
        ip_network("::1/128"),
    ]


@pytest.mark.parametrize("text", ["nginx", "10.0.0.1/8", "", "127.0.0.1:80"])
def test_an_invalid_network_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"network|host bits"):
        trusted([text])
