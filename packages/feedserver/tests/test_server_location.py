"""The URLs of a server."""

from __future__ import annotations

import pytest

from feedserver import FeedServer


@pytest.mark.parametrize(
    ("path", "url"),
    [
        ("a.xml", "/a.xml"),
        ("/a.xml", "/a.xml"),
        ("a b.xml?q=ü&x=%20", "/a%20b.xml?q=%C3%BC&x=%20"),
        ("", "/"),
        ("//x", "//x"),
    ],
)
def test_a_url_is_made_of_a_path(server: FeedServer, path: str, url: str) -> None:
    assert server.url(path) == f"http://127.0.0.1:{server.port}{url}"


def test_a_url_has_another_scheme_or_host_if_it_is_given(server: FeedServer) -> None:
    assert server.url("a", scheme="https", host="feeds.example") == f"https://feeds.example:{server.port}/a"
    assert server.url("a", host="::1") == f"http://[::1]:{server.port}/a"


def test_a_server_has_no_address_before_its_first_start_and_keeps_the_last() -> None:
    server = FeedServer()
    with pytest.raises(RuntimeError, match="the server has no address yet; start it, or use it in a with statement"):
        server.url("a")
    with pytest.raises(RuntimeError, match="the server has no address yet"):
        _ = server.base_url
    with server:
        url = server.url("a")
    assert server.url("a") == url
