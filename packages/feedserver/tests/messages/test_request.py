"""A request as it was sent, taken apart."""

from __future__ import annotations

import pytest

from feedserver import Headers, Request


@pytest.mark.parametrize(
    ("target", "host", "path", "query"),
    [
        ("/a/b?x=1&x=2", "own", "/a/b", "x=1&x=2"),
        ("/a%20b?", "own", "/a b", ""),
        ("http://blog.example/a?q", "blog.example", "/a", "q"),
        ("HTTPS://blog.example", "blog.example", "/", ""),
        ("http://blog.example?q=/x", "blog.example", "/", "q=/x"),
        ("http://B.example/a%20b?x=1&y=", "B.example", "/a b", "x=1&y="),
    ],
)
def test_a_target_is_taken_apart(target: str, host: str, path: str, query: str) -> None:
    request = Request("GET", target, headers=Headers({"Host": "own"}))
    assert (request.host, request.path, request.query) == (host, path, query)


def test_parameters_and_text_are_decoded() -> None:
    request = Request("POST", "/?a=1&a=%C3%A9&b=", body="Größe".encode())
    assert request.params == {"a": ["1", "é"], "b": [""]}
    assert request.text == "Größe"
    assert Request("POST", "/", body=b"\xff").text == "ÿ"
