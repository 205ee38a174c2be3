"""Which response answers a request: scripted routes, files and timelines."""

from __future__ import annotations

from pathlib import Path

import pytest

from feedserver import FeedServer, Request, Response, gone, moved, touched
from feedserver.messages.headers import Headers
from feedserver.messages.pacing import Pace, parse_duration
from feedserver.messages.placeholders import fill_placeholders
from feedserver.messages.response import Auth
from rawclient import RawClient


def bodies(server: FeedServer, path: str, count: int, method: str = "GET") -> list[str]:
    with RawClient(server) as client:
        return [client.get(path, method=method).body.decode() for _ in range(count)]


def test_a_route_gives_its_responses_one_after_the_other_and_the_last_one_stays(server: FeedServer) -> None:
    server.add("/feed", Response("1"), Response("2"), lambda request: Response("3"), Response("4"))
    assert bodies(server, "/feed", 6) == ["1", "2", "3", "4", "4", "4"]


def test_head_uses_up_no_response_and_a_304_does(server: FeedServer) -> None:
    server.add("/feed", Response("1", headers={"ETag": '"1"'}), Response("2"))
    with RawClient(server) as client:
        assert client.get("/feed", method="HEAD").headers["ETag"] == '"1"'
        assert client.get("/feed", 'If-None-Match: "1"').status == 304
        assert client.get("/feed").body == b"2"


def test_a_refused_login_uses_up_no_response(server: FeedServer) -> None:
    server.add("/feed", Response("1", auth="Bearer t"), Response("2"))
    with RawClient(server) as client:
        assert client.get("/feed").status == 401
        assert client.get("/feed", "Authorization: Bearer t").body == b"1"
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


@pytest.mark.parametrize(
    ("text", "seconds"), [("250ms", 0.25), ("2s", 2), ("1.5m", 90), ("2 h", 7200), ("1d", 86400), ("1w", 604800)]
)
def test_a_duration_has_a_unit(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "5", "ms", "-1s", "1 fortnight", "1e3s"])
def test_an_invalid_duration_is_refused_with_the_remedy(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no duration; write a number and a unit, such as 250ms, 2s, 1m, 2h or 1d"):
        parse_duration(text)


def test_paces_and_logins_are_read_or_refused() -> None:
    assert Pace.parse("1000 bytes every 50ms") == Pace(1000, 0.05)
    with pytest.raises(ValueError, match="is no pace; write it as '1000 bytes every 50ms'"):
        Pace.parse("fast")
    with pytest.raises(ValueError, match="never ends; send 1 byte or more"):
        Pace.parse("0 bytes every 1s")
    assert Auth.parse("basic ann:pass:word") == Auth("Basic", "ann:pass:word")
    assert Auth.parse("Bearer t") == Auth("Bearer", "t")
    for bad in ("Basic ann", "Bearer", "Digest x"):
        with pytest.raises(ValueError, match="is no way to log in; write 'Basic user:password' or 'Bearer token'"):
            Auth.parse(bad)


def test_a_status_has_three_digits() -> None:
    with pytest.raises(ValueError, match=r"status 99 cannot be sent; a status has three digits"):
        Response(status=99)


def test_placeholders_are_filled_and_other_braces_left() -> None:
    headers = Headers({"A": "{base}/x", "B": "{date}", "C": "{date-1d} {date+1.5h}", "D": "{dates} {} {base"})
    filled = fill_placeholders(headers, "http://h", 1_000_000_000)
    assert dict(filled) == {
        "A": "http://h/x",
        "B": "Sun, 09 Sep 2001 01:46:40 GMT",
        "C": "Sat, 08 Sep 2001 01:46:40 GMT Sun, 09 Sep 2001 03:16:40 GMT",
        "D": "{dates} {} {base",
    }


def test_a_request_is_taken_apart() -> None:
    request = Request("GET", "http://B.example/a%20b?x=1&x=2&y=", headers=Headers({"Host": "other"}), body=b"\xff")
    assert (request.host, request.path, request.query) == ("B.example", "/a b", "x=1&x=2&y=")
    assert request.params == {"x": ["1", "2"], "y": [""]}
    assert request.text == "ÿ"
    assert Request("GET", "http://h?x").path == "/"
    assert Request("GET", "/a", headers=Headers({"Host": "h"}), body=b"\xc3\xbc").host == "h"
    assert Request("GET", "/a", body=b"\xc3\xbc").text == "ü"
