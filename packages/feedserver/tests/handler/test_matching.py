"""Which of several routes answers a real request, and how one path is found in all its spellings."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from feedserver import FeedServer, Including, NotSeen, Pattern, Response, VerificationError
from rawclient import RawClient


@pytest.fixture(scope="module")
def running() -> Iterator[FeedServer]:
    with FeedServer() as server:
        yield server


@pytest.fixture
def server(running: FeedServer) -> FeedServer:
    """Return the module's server, without routes and with an empty journal."""
    running.site.routes._routes.clear()
    running.site.routes._patterned = ()
    running.journal.clear()
    return running


@pytest.fixture
def client(server: FeedServer) -> Iterator[RawClient]:
    with RawClient(server) as connected:
        yield connected


def body(client: RawClient, target: str, *headers: str, **options: Any) -> str:
    return client.get(target, *headers, **options).body.decode()


LADDER: list[tuple[str | Pattern, dict[str, Any]]] = [
    ("/feeds/a.xml?p=1", {}),
    ("/feeds/a.xml", {"query": {"p": "1"}}),
    ("/feeds/a.xml", {"query": Including({"p": "1"}), "headers": {"X": "1", "Y": None}}),
    ("/feeds/a.xml", {"query": Including({"p": "1"})}),
    ("/feeds/a.xml", {"headers": {"X": "1", "Y": None}}),
    ("/feeds/a.xml", {"matching": lambda request: True}),
    ("/feeds/a.xml", {"method": "GET"}),
    ("/feeds/a.xml", {}),
    (Pattern("/feeds/<name>.xml"), {"headers": {"X": "1", "Y": None}}),
    (Pattern("/feeds/<name>.xml"), {}),
    (Pattern("/<path:all>"), {"query": {"p": "1"}, "method": "GET"}),
]
"""From the most to the least specific; all of them fit the same request."""


@pytest.mark.parametrize("number", range(len(LADDER) - 1))
def test_the_most_specific_wins_whichever_is_later(server: FeedServer, client: RawClient, number: int) -> None:
    for order in ([number, number + 1], [number + 1, number]):
        server.site.routes._routes.clear()
        server.site.routes._patterned = ()
        for index in order:
            path, options = LADDER[index]
            server.add(path, Response(str(index)), **options)
        assert body(client, "/feeds/a.xml?p=1", "X: 1", "Y: 2") == str(number)


@pytest.mark.parametrize("order", list(permutations("abc")))
def test_of_equally_specific_routes_the_latest_wins(
    server: FeedServer, client: RawClient, order: tuple[str, ...]
) -> None:
    for name in order:
        server.add("/x", Response(name), headers={name: None})
    assert body(client, "/x", "a: 1", "b: 1", "c: 1") == order[-1]


def test_a_route_with_the_same_conditions_replaces_the_earlier_one(server: FeedServer, client: RawClient) -> None:
    for name in ("first", "second"):
        server.add("/x", Response(name), query={"a": "1"}, headers={"X": None}, json={"n": 1})
        server.add(Pattern("/<any>"), Response(name))
    assert len(server.unused_routes()) == 2
    assert body(client, "/x?a=1", "X: 1", "Content-Length: 7", body=b'{"n":1}') == "second"


def test_a_body_chooses_the_route_once_it_is_received(server: FeedServer, client: RawClient) -> None:
    server.add("/hub", Response("other"), method="POST")
    server.add("/hub", Response("form"), method="POST", form=Including({"mode": "subscribe"}))
    server.add("/hub", Response("json"), method="POST", json={"mode": "publish"})
    kind = "Content-Type: application/x-www-form-urlencoded"
    data = b"mode=subscribe&topic=x"
    assert body(client, "/hub", f"Content-Length: {len(data)}", kind, method="POST", body=data) == "form"
    data = b'{"mode":"publish"}'
    assert body(client, "/hub", f"Content-Length: {len(data)}", method="POST", body=data) == "json"
    assert body(client, "/hub", "Content-Length: 1", method="POST", body=b"x") == "other"


def test_a_function_is_asked_about_the_request_with_its_connection(server: FeedServer, client: RawClient) -> None:
    server.add("/x", Response("first"))
    server.add("/x", Response("again"), matching=lambda request: request.connection.is_reused)
    assert [body(client, "/x"), body(client, "/x")] == ["first", "again"]


def test_a_function_that_fails_is_reported(server: FeedServer, client: RawClient) -> None:
    server.add("/x", Response("x"), matching=lambda request: 1 / 0)  # type: ignore[arg-type, return-value]
    assert client.get("/x").status == 500
    with pytest.raises(VerificationError, match="GET /x could not be answered: ZeroDivisionError"):
        server.verify()


def test_the_404_names_the_conditions_that_a_request_does_not_meet(server: FeedServer, client: RawClient) -> None:
    server.add("/x", Response("x"), query={"a": "1"})
    server.add("/x", Response("x"), method="POST", headers={"X": "1"})
    server.add(Pattern("/<any>"), Response("x"), headers={"ETag": "1"})
    assert client.get("/x?a=2", "ETag: 2").body.decode().splitlines() == [
        "GET /x?a=2: nothing answers.",
        "  /x with the query {'a': '1'}: it was requested with the query 'a=2'.",
        "  /<any> with ETag: 1: it was requested with ETag: 2",
    ]
    with pytest.raises(VerificationError, match="nothing answers"):
        server.verify()


def test_a_query_is_not_given_twice(server: FeedServer) -> None:
    message = "query is given beside the path '/q?a=1', which has a query of its own; give one of them"
    with pytest.raises(ValueError, match=r".") as refused:
        server.add("/q?a=1", Response(), query={"b": "2"})
    assert str(refused.value) == message
    with pytest.raises(ValueError, match="query is given beside"):
        server.assert_requested("/q?a=1", query={"b": "2"})


# One path, many spellings

SPELLINGS = ["/c d/é", "/c%20d/%C3%A9", "/%63%20d/é", "c%20d/é"]


@pytest.mark.parametrize("added", [*SPELLINGS, "{url}"])
@pytest.mark.parametrize("asked", ["/c%20d/%C3%A9", "/%63%20%64/%c3%a9"])
def test_a_path_is_found_in_each_spelling(server: FeedServer, client: RawClient, added: str, asked: str) -> None:
    server.add(added.format(url=server.url("/c d/é")), Response("x"))
    assert body(client, asked) == "x"
    spellings: list[str | Pattern] = [
        *SPELLINGS,
        server.url("/c d/é"),
        server.url("/c%20d/%c3%a9"),
        Pattern("/c d/<x>"),
    ]
    for spelling in spellings:
        assert len(server.journal.filter(spelling)) == 1, spelling
        server.assert_requested(spelling, count=1)
        with pytest.raises(AssertionError):
            server.assert_not_requested(spelling)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "LOCALHOST"])
def test_a_url_of_the_server_stands_for_the_path_in_it(server: FeedServer, client: RawClient, host: str) -> None:
    server.add(f"http://{host}:{server.port}/own.xml", Response("own"))
    assert body(client, "/own.xml") == "own"
    assert body(client, f"http://127.0.0.1:{server.port}/own.xml") == "own"


def test_an_encoded_slash_makes_another_path(server: FeedServer, client: RawClient) -> None:
    server.add("/a/b", Response("slash"))
    server.add("/a%2Fb", Response("encoded"))
    server.add("/a%252Fb", Response("encoded twice"))
    targets = ["/a/b", "/a%2Fb", "/a%2fb", "/a%252Fb"]
    assert [body(client, target) for target in targets] == ["slash", "encoded", "encoded", "encoded twice"]
    assert [request.path for request in server.requests] == ["/a/b", "/a%2Fb", "/a%2Fb", "/a%2Fb"]
    assert [len(server.journal.filter(target)) for target in targets] == [1, 2, 2, 1]
    assert [request.target for request in server.requests] == targets


def test_no_file_is_found_by_an_encoded_slash(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "b.xml").write_text("<feed/>")
    with FeedServer(tmp_path, strict=False) as server, RawClient(server) as client:
        assert client.get("/a/b.xml").status == 200
        assert client.get("/a%2Fb.xml").status == 404


def test_a_percent_sign_that_encodes_nothing_is_taken_literally(server: FeedServer, client: RawClient) -> None:
    server.add("/50%", Response("x"))
    assert [body(client, "/50%25"), body(client, "/50%")] == ["x", "x"]
    assert len(server.journal.filter("/50%25")) == 2


def test_each_path_of_a_pattern_gets_the_type_of_its_own_extension(server: FeedServer, client: RawClient) -> None:
    server.add(Pattern("/<name>"), Response("x"))
    paths = ["/a.json", "/a.html", "/a.txt", "/a", "/a.json"]
    types = [client.get(path).headers.get("Content-Type") for path in paths]
    assert types == ["application/json", "text/html", "text/plain", None, "application/json"]
    server.add(Pattern("/<name>"), Response("x", headers={"Content-Type": "a/b"}))
    assert [client.get(path).headers["Content-Type"] for path in paths] == ["a/b"] * 5


def test_the_journal_takes_the_conditions_that_a_route_takes(server: FeedServer, client: RawClient) -> None:
    server.add("/q", Response())
    client.get("/q?b=2&a=1", "X: 1")
    server.assert_requested("/q", query={"a": "1", "b": "2"}, headers={"X": "1"}, matching=lambda request: True)
    server.assert_requested(query=Including({"a": "1"}))
    server.wait_for(Pattern("/<q>"), query={"a": None, "b": None}, timeout=0)
    server.assert_not_requested("/q", query={"a": "1"})
    with pytest.raises(NotSeen) as missed:
        server.assert_requested("/q", query={"a": "2"})
    assert str(missed.value).startswith(
        "/q with the query {'a': '2'} was not requested. It was requested with the query 'b=2&a=1'."
    )
