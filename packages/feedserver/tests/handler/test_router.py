"""Which response answers a request: a route chosen by method, query and host, one response after the other."""

from __future__ import annotations

from pathlib import Path

import pytest

from feedserver import FeedServer, Response, gone, moved, touched
from rawclient import RawClient


def bodies(server: FeedServer, path: str, count: int, method: str = "GET") -> list[str]:
    with RawClient(server) as client:
        return [client.get(path, method=method).body.decode() for _ in range(count)]


def test_a_route_gives_its_responses_one_after_the_other_and_the_last_one_stays(server: FeedServer) -> None:
    server.add("/feed", Response("1"), Response("2"), lambda request: Response("3"), Response("4"))
    assert bodies(server, "/feed", 6) == ["1", "2", "3", "4", "4", "4"]


def test_a_url_in_the_query_of_a_path_makes_the_path_no_url(server: FeedServer) -> None:
    server.add("proxy?url=http://a.example/", Response("proxied"))
    assert bodies(server, "/proxy?url=http://a.example/", 1) == ["proxied"]


def test_a_query_with_letters_that_are_not_ascii_is_found_and_replaced_in_any_spelling(server: FeedServer) -> None:
    server.add("/a?q=%c3%a4", Response("replaced"))
    server.add("/a?q=ä", Response("found"))
    assert bodies(server, "/a?q=%C3%A4", 1) == bodies(server, "/a?q=ä", 1) == ["found"]
    server.assert_requested("/a?q=ä", count=2)
    assert server.unused_routes() == []


def test_head_uses_up_no_response_and_a_304_does(server: FeedServer) -> None:
    server.add("/feed", Response("1", headers={"ETag": '"1"'}), Response("2"))
    with RawClient(server) as client:
        assert client.get("/feed", method="HEAD").headers["ETag"] == '"1"'
        assert client.get("/feed", 'If-None-Match: "1"').status == 304
        assert client.get("/feed").body == b"2"


def test_a_refused_login_uses_up_no_response_and_a_response_of_401_does(server: FeedServer) -> None:
    server.add("/feed", Response("1", auth="Bearer t"), Response(status=401), Response("2"))
    with RawClient(server) as client:
        assert client.get("/feed").status == 401
        assert client.get("/feed", "Authorization: Bearer t").body == b"1"
        assert client.get("/feed", "Connection: keep-alive", version="1.0").status == 401  # no prerendered answer
        assert client.get("/feed").body == b"2"


def test_a_method_a_query_and_a_host_choose_among_routes(server: FeedServer) -> None:
    server.add("/feed", Response("any"))
    server.add("/feed", Response("posted"), method="post")
    server.add("/feed?page=2", Response("second"))
    server.add("http://b.example/feed", Response("b"))
    with RawClient(server) as client:
        assert client.get("/feed").body == b"any"
        assert client.get("/feed?x=1").body == b"any"
        assert client.get("/feed?page=2").body == b"second"
        assert client.get("/feed", method="POST").body == b"posted"
        assert client.get("/feed?page=2", method="POST").body == b"second"
        assert client.get("http://B.example:80/feed").body == b"b"
        assert client.get("/f%65ed").body == b"any"


def test_a_route_of_one_method_refuses_the_others(root: Path) -> None:
    with FeedServer(root) as server:
        server.add("/feed", Response("x"), method="GET")
        with RawClient(server) as client:
            assert client.get("/feed", method="HEAD").status == 200
            answer = client.get("/feed", method="PUT")
        assert (answer.status, answer.headers["Allow"]) == (405, "GET")
        with pytest.raises(AssertionError, match=r"PUT /feed: the route answers GET only"):
            server.verify()


def test_a_file_refuses_every_method_but_get_and_head(root: Path) -> None:
    (root / "a.xml").write_text("<rss/>")
    with FeedServer(root, strict=False) as server, RawClient(server) as client:
        assert client.get("/a.xml", method="HEAD").status == 200
        answer = client.get("/a.xml", method="POST")
    assert (answer.status, answer.headers["Allow"]) == (405, "GET, HEAD")


def test_a_scripted_route_goes_before_a_file_and_a_fixture_can_be_its_answer(server: FeedServer, root: Path) -> None:
    (root / "a.xml").write_bytes(b'<!--\nHeader: ETag: "v1"\nHeader: Last-Modified: Sun, 09 Sep 2001 01:46:40 GMT\n-->')
    v1 = server.fixture("a.xml")
    server.add("/a.xml", v1, touched(v1), touched(touched(v1)), moved("/new"), gone())
    with RawClient(server) as client:
        answers = [client.get("/a.xml") for _ in range(5)]
    assert [a.status for a in answers] == [200, 200, 200, 301, 410]
    assert [a.headers.get("ETag") for a in answers[:3]] == ['"v1"', '"v1-touched-1"', '"v1-touched-2"']
    assert answers[1].headers["Last-Modified"] == "Sun, 09 Sep 2001 01:46:41 GMT"
    assert answers[0].body == answers[1].body
    assert answers[3].headers["Location"] == "/new"
