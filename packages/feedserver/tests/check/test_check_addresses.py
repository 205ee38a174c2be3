"""Each scenario of a lane has an address of its own, within the networks that a reader's guard is to let in."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

import pytest

from feedserver.check.addresses import NETWORKS, host, is_available
from feedserver.check.scenario import Elsewhere

ALLOWED = [ip_network(network) for network in NETWORKS]


@pytest.mark.skipif(not is_available("127.77.1.1"), reason="needs several loopback addresses")
def test_each_scenario_has_an_address_of_its_own() -> None:
    hosts = [host(index) for index in range(450)]

    assert len(set(hosts)) == 450
    assert all(ip_address(each).is_loopback for each in hosts)


def test_a_guard_lets_in_the_feeds_and_not_the_private_address() -> None:
    assert all(any(ip_address(host(index)) in network for network in ALLOWED) for index in range(450))
    assert any(ip_address(Elsewhere.IPV6) in network for network in ALLOWED)
    assert not any(ip_address(Elsewhere.PRIVATE) in network for network in ALLOWED)


def test_an_address_of_another_machine_is_not_available() -> None:
    assert is_available("127.0.0.1")
    assert not is_available("192.0.2.1")
