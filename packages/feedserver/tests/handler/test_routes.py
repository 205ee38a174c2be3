"""Which of several routes of one path answers a request."""

from __future__ import annotations

from itertools import permutations

import pytest

from feedserver import Request, Response
from feedserver.handler.routes import Choice, Route, RoutePlace, Script, host_key, nearest


def route(name: str, query: str | None = None, method: str | None = None, host: str = "") -> Route:
    return Route(host, query, method, Script([Choice(Response(source=name))]))


ROUTES = (
    route("any"),
    route("GET", method="GET"),
    route("POST", method="POST"),
    route("?a", "a"),
    route("GET ?a", "a", "GET"),
    route("HEAD ?b", "b", "HEAD"),
    route("elsewhere", host="blog.example"),
)


@pytest.mark.parametrize(
    ("host", "query", "method", "expected"),
    [
        ("", "", "GET", "GET"),
        ("", "", "HEAD", "GET"),
        ("", "", "PUT", "any"),
        ("", "x", "POST", "POST"),
        ("", "a", "GET", "GET ?a"),
        ("", "a", "HEAD", "GET ?a"),
        ("", "a", "POST", "?a"),
        ("", "b", "HEAD", "HEAD ?b"),
        ("", "b", "GET", "GET"),
        ("blog.example", "a", "GET", "elsewhere"),
        ("other.example", "", "GET", None),
    ],
)
def test_the_query_counts_for_more_than_the_method_and_get_answers_head(
    host: str, query: str, method: str, expected: str | None
) -> None:
    for routes in permutations(ROUTES, len(ROUTES)) if method == "HEAD" else (ROUTES, ROUTES[::-1]):
        found = nearest(routes, RoutePlace(host, query, lambda host: False), Request(method, "/"), {})
        answer = found.script.current(0).answer if found is not None else None
        assert (answer.source if isinstance(answer, Response) else None) == expected


@pytest.mark.parametrize("host", ["Blog.Example", "blog.example:80", "BLOG.example"])
def test_a_host_in_another_case_or_with_port_80_is_the_same_host(host: str) -> None:
    assert host_key(host) == "blog.example"
