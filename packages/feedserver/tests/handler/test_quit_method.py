"""QUIT is obeyed from this machine, and never for a web page or through a proxy."""

from __future__ import annotations

import pytest

from feedserver import Headers, Request
from feedserver.handler.quit_method import is_loopback, quit_refusal


def asked(target: str = "/", client: str = "127.0.0.1", **headers: str) -> Request:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Request("QUIT", target, headers=Headers(named), client=client)


@pytest.mark.parametrize("host", ["127.0.0.1:8097", "localhost", "[::1]:8097", "LOCALHOST:1"])
def test_it_is_obeyed_from_this_machine(host: str) -> None:
    assert quit_refusal(asked(Host=host)) == ""


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        (asked("http://localhost/", Host="localhost"), "in origin form only"),
        (asked(Host="localhost", Origin="null"), "it comes from a web page"),
        (asked(Host="localhost", Via="1.1 proxy"), "through a proxy .it has Via"),
        (asked(Host="localhost", X_Forwarded_For="10.0.0.1"), "through a proxy .it has X-Forwarded-For"),
        (asked(client="192.0.2.1", Host="localhost"), "not obeyed from 192.0.2.1"),
        (asked(Host="rebound.example:8097"), "for the host rebound.example"),
    ],
)
def test_it_is_refused_with_the_reason(request_: Request, reason: str) -> None:
    import re

    assert re.search(reason, quit_refusal(request_))


@pytest.mark.parametrize(
    ("host", "loops"),
    [("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("::ffff:127.0.0.1", True), ("localhost", True),
     ("10.0.0.1", False), ("::", False), ("localhost.example", False), ("", False)],
)  # fmt: skip
def test_a_loopback_address_is_known_in_each_form(host: str, loops: bool) -> None:
    assert is_loopback(host) is loops
