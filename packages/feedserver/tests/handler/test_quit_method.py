"""QUIT ends a server from this machine only: not for a page in a browser, and not through a proxy."""

from __future__ import annotations

import pytest

from feedserver import Headers, Request
from feedserver.handler.quit_method import is_loopback, quit_refusal


def refusal(*, host: str = "127.0.0.1", client: str = "127.0.0.1", target: str = "/", **headers: str) -> str:
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    return quit_refusal(Request("QUIT", target, headers=Headers({"Host": host, **fields}), client=client))


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "127.0.0.1:8097", "localhost", "LOCALHOST:8097", "localhost:", "[::1]", "[::1]:80", "::1"),
        *("[::1]:8097", "LOCALHOST:1", "127.9.9.9", "[::ffff:7f00:1]:80", ""),
    ],
)
def test_quit_is_obeyed_for_a_loopback_host_and_for_an_empty_one(host: str) -> None:
    assert refusal(host=host) == ""


@pytest.mark.parametrize(
    "host",
    [
        *("evil.example", "evil.example:8097", "localhost.evil.example", "a@localhost", "127.0.0.1, evil.example"),
        *("7", "7:80", "٣", "localhost:٣", "localhost:80:90", "[::1]x", "127.1", "2130706433", "0.0.0.0", "[::]"),
        *("localhost.", "[", ":", ":80"),
    ],
)
def test_quit_is_obeyed_for_no_other_host(host: str) -> None:
    assert refusal(host=host).startswith("QUIT is not obeyed for the host ")


@pytest.mark.parametrize("client", ["10.0.0.1", "", "::2", "localhost.evil.example"])
def test_quit_is_obeyed_from_this_machine_only(client: str) -> None:
    assert "only from a loopback address of this machine" in refusal(client=client)


@pytest.mark.parametrize("client", ["127.0.0.1", "::1", "::ffff:127.0.0.1"])
def test_quit_is_obeyed_from_this_machine_by_ipv4_and_ipv6(client: str) -> None:
    assert refusal(client=client) == ""


@pytest.mark.parametrize(
    "name",
    [
        *("Forwarded", "Via", "VIA", "X-Forwarded-For", "X-Forwarded-Server", "X-Forwarded-Port", "X-Forwarded"),
        *("X-Real-IP", "X-Client-IP", "Client-IP", "CF-Connecting-IP", "True-Client-IP", "X-Cluster-Client-IP"),
        *("X-ProxyUser-Ip", "X-Original-URL", "X-Envoy-External-Address", "X-Amzn-Trace-Id", "CDN-Loop"),
        *("Proxy-Connection", "Proxy-Authorization", "Max-Forwards", "Remote-Addr"),
    ],
)
def test_quit_is_not_obeyed_through_a_proxy(name: str) -> None:
    request = Request("QUIT", "/", headers=Headers({"Host": "127.0.0.1", name: "a"}), client="127.0.0.1")
    assert quit_refusal(request) == f"QUIT is not obeyed when it comes through a proxy (it has {name})"


def test_quit_is_not_obeyed_for_a_web_page() -> None:
    assert "it has an Origin" in refusal(Origin="null")


@pytest.mark.parametrize("target", ["http://127.0.0.1/", "*", "https://localhost/x"])
def test_quit_is_obeyed_in_origin_form_only(target: str) -> None:
    assert "in origin form only" in refusal(target=target)


def test_usual_headers_of_clients_are_not_taken_for_those_of_a_proxy() -> None:
    names = ("User-Agent", "Accept", "Connection", "Content-Length", "X-User-Id", "Cookie", "Priority", "X-Request-Id")
    assert refusal(**{name.replace("-", "_"): "a" for name in names}) == ""


@pytest.mark.parametrize(
    ("host", "loops"),
    [("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("::ffff:127.0.0.1", True), ("localhost", True),
     ("10.0.0.1", False), ("::", False), ("localhost.example", False), ("", False)],
)  # fmt: skip
def test_a_loopback_address_is_known_in_each_form(host: str, loops: bool) -> None:
    assert is_loopback(host) is loops
