"""The URLs of a server, and the hosts that lead to it."""

from __future__ import annotations

import pytest

from feedserver.server_address import ServerAddress

LOCAL = ServerAddress("http", "127.0.0.1", 8097, ("127.0.0.2",))


@pytest.mark.parametrize(
    ("address", "path", "expected"),
    [
        (LOCAL, "/", "http://127.0.0.1:8097/"),
        (LOCAL, "a b/ü.xml?q=1&r=%20", "http://127.0.0.1:8097/a%20b/%C3%BC.xml?q=1&r=%20"),
        (ServerAddress("https", "::1", 443), "feed", "https://[::1]:443/feed"),
    ],
)
def test_a_url_is_encoded_once(address: ServerAddress, path: str, expected: str) -> None:
    assert address.url(path) == expected


def test_a_url_may_have_another_scheme_and_host() -> None:
    assert LOCAL.url("/x", "https") == "https://127.0.0.1:8097/x"
    assert LOCAL.url("/x", host="::1") == "http://[::1]:8097/x"


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", {"127.0.0.1:80", "localhost:80", "[::1]:80", "127.0.0.2:80"}),
        ("Feeds.Example", {"feeds.example:80", "127.0.0.2:80"}),
        ("0.0.0.0", {"0.0.0.0:80", "localhost:80", "127.0.0.1:80", "[::1]:80", "127.0.0.2:80"}),
        ("::", {"[::]:80", "localhost:80", "127.0.0.1:80", "[::1]:80", "127.0.0.2:80"}),
    ],
)
def test_the_hosts_of_a_server_are_known_by_every_name(host: str, expected: set[str]) -> None:
    assert ServerAddress("http", host, 80, ("127.0.0.2",)).own_hosts == expected


def test_an_ipv6_alias_is_among_the_hosts_as_it_is_written_in_a_url() -> None:
    assert "[fd00::a]:80" in ServerAddress("http", "a.example", 80, ("FD00::A",)).own_hosts


@pytest.mark.parametrize(("port", "is_own"), [(80, True), (443, True), (8097, False)])
def test_a_host_without_a_port_means_a_server_at_a_default_port(port: int, is_own: bool) -> None:
    assert ServerAddress("http", "127.0.0.1", port).is_own("LocalHost") is is_own


def test_a_login_in_a_host_does_not_matter() -> None:
    assert LOCAL.is_own("ada:secret@127.0.0.2:8097")
    assert not LOCAL.is_own("127.0.0.2:8097@feeds.example")
