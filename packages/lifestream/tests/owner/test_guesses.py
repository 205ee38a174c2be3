"""Visitors who guess passwords, and how often their guesses are compared."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import RequestFactory

from lifestream.owner.guesses import Guesses, visitor_of
from lifestream.web.proxy_headers import FORWARDED


def test_after_ten_wrong_guesses_an_address_waits_and_no_other_does() -> None:
    now = [0.0]
    guesses = Guesses(clock=lambda: now[0])
    for _ in range(10):
        assert guesses.wait("192.0.2.1") == 0
        guesses.note("192.0.2.1")
        now[0] += 1
    assert guesses.wait("192.0.2.1") == 50 and guesses.wait("192.0.2.2") == 0
    now[0] = 61
    assert guesses.wait("192.0.2.1") == 0


def test_the_memory_for_addresses_is_bounded() -> None:
    guesses = Guesses()
    for number in range(3 * Guesses.MOST_ADDRESSES):
        guesses.note(str(number))
    assert len(guesses._wrong) == Guesses.MOST_ADDRESSES


@pytest.mark.parametrize(
    ("address", "visitor"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::7", "2001:db8:1:2::/64"),
        ("127.0.0.1", ""),
        ("::1", ""),
        ("::ffff:127.0.0.1", ""),
        ("", ""),
        ("localhost", ""),
    ],
)
def test_an_ipv4_address_or_an_ipv6_network_is_one_visitor_and_this_machine_is_none(address: str, visitor: str) -> None:
    assert visitor_of(RequestFactory().get("/", REMOTE_ADDR=address)) == visitor


def test_the_visitors_of_a_proxy_that_is_not_trusted_are_not_known() -> None:
    make: Any = RequestFactory().get
    assert visitor_of(make("/", REMOTE_ADDR="192.0.2.1", HTTP_X_FORWARDED_FOR="192.0.2.9")) == ""
    assert visitor_of(make("/", REMOTE_ADDR="192.0.2.1", **{FORWARDED: True})) == ""
    assert visitor_of(make("/", REMOTE_ADDR="192.0.2.1", HTTP_VIA="1.1 a", **{FORWARDED: False})) == "192.0.2.1"


def test_guesses_that_are_compared_at_the_same_time_are_counted() -> None:
    guesses = Guesses()
    assert [guesses.begin("192.0.2.1") > 0 for _ in range(12)] == [False] * 10 + [True] * 2
    guesses.take_back("192.0.2.1")
    assert guesses.begin("192.0.2.1") == 0 and guesses.begin("192.0.2.1") > 0


def test_right_passwords_are_not_remembered() -> None:
    guesses = Guesses()
    for number in range(50):
        assert guesses.begin("192.0.2.1") == 0, number
        guesses.take_back("192.0.2.1")
    assert not guesses._wrong
