"""Redirects, and which cookies and credentials the redirected request sends."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest

from feedserver import FeedServer, Request, Response, moved
from fetching import RSS, fetch
from lifestream.fetcher import redirect_cookies
from lifestream.fetcher.outcomes import Fetched, FetchRequest, Moved, NotModified
from lifestream.fetcher.request_options import RequestOptions


@pytest.fixture
def server() -> Iterator[FeedServer]:
    with FeedServer() as server:
        yield server


def test_a_redirect_to_the_same_page_with_a_new_cookie_is_no_loop(server: FeedServer) -> None:
    def answer(request: Request) -> Response:
        if request.headers.get("Cookie") == "consent=yes":
            return Response(RSS, headers={"Set-Cookie": "last=1"})
        return Response(status=302, headers={"Location": "/feed", "Set-Cookie": "consent=yes; Path=/"})

    server.add("/feed", answer)
    first, second = fetch(server.url("/feed"), server.url("/feed"))
    assert isinstance(first, Fetched)
    assert isinstance(second, Fetched)
    cookies = [request.headers.get("Cookie") for request in server.requests]
    assert cookies == [None, "consent=yes", None, "consent=yes"], "the next fetch has no cookies of this one"


def test_cookies_are_sent_only_to_their_host_and_path(server: FeedServer) -> None:
    there = {"Location": server.url("/b/2").replace("127.0.0.1", "localhost")}
    cookies = ["a=1; Path=/a", "b=2; Path=/b", "s=3; Secure", "x=4; Domain=other.example"]
    set_cookies = [("Set-Cookie", cookie) for cookie in cookies]
    server.add("/a", Response(status=302, headers=[("Location", "/b/1"), *set_cookies]))
    server.add("/b/1", Response(status=302, headers=there))
    server.add("/b/2", Response(RSS))
    assert isinstance(fetch(server.url("/a")), Fetched)
    assert [request.headers.get("Cookie") for request in server.requests] == [None, "b=2", None]


@pytest.mark.parametrize("name", ["Cookie", "cookie"])
def test_a_cookie_of_a_redirect_joins_that_of_the_feed(server: FeedServer, name: str) -> None:
    server.add(
        "/feed",
        Response(status=302, headers={"Location": "/feed", "Set-Cookie": "consent=yes; Path=/"}),
        Response(RSS),
    )
    options = RequestOptions(headers=((name, "login=ada"), ("X-Key", "1"), ("accept", "text/xml")))
    assert isinstance(fetch(FetchRequest(server.url("/feed"), options=options)), Fetched)
    assert [request.headers.get_all("Cookie") for request in server.requests] == [
        ["login=ada"],
        ["login=ada; consent=yes"],
    ]
    assert [request.headers.get_all("Accept") for request in server.requests] == [["text/xml"], ["text/xml"]]


def test_a_redirect_that_sets_the_same_cookie_again_is_a_loop(server: FeedServer) -> None:
    server.add("/feed", Response(status=302, headers={"Location": "/feed", "Set-Cookie": "a=1"}))
    outcome = fetch(server.url("/feed"))
    url = server.url("/feed")
    assert (outcome.kind, outcome.message) == ("redirect", f"{url} redirects back to {url}: a loop")
    assert len(server.requests) == 2


def test_a_redirect_that_sets_another_cookie_each_time_ends_at_the_limit(server: FeedServer) -> None:
    count = itertools.count()
    server.add("/feed", lambda _: Response(status=302, headers={"Location": "/feed", "Set-Cookie": f"a={next(count)}"}))
    assert fetch(server.url("/feed")).message.startswith("more than 10 redirects")
    assert len(server.requests) == 11


def test_cookies_that_are_too_long_together_do_not_follow_a_redirect(
    server: FeedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redirect_cookies, "LONGEST", 8)  # aiohttp has a limit of its own, near the usual value
    for path, second in (("/two", "b=2"), ("/long", "b=23")):
        cookies = [("Set-Cookie", "a=1"), ("Set-Cookie", second)]
        server.add(path, Response(status=302, headers=[("Location", "/feed"), *cookies]))
    server.add("/feed", Response(RSS))
    for path, sent in (("/two", "a=1; b=2"), ("/long", None)):
        assert isinstance(fetch(server.url(path)), Fetched)
        assert server.requests[-1].headers.get("Cookie") == sent


def test_credentials_follow_a_redirect_within_their_origin_and_never_leave_it(server: FeedServer) -> None:
    with FeedServer() as other:
        server.add("/feed", moved("/new", 302))
        server.add("/new", moved(other.url("/feed"), 302))
        other.add("/feed", Response(RSS))
        outcome = fetch(FetchRequest(server.url("/feed"), credentials="user:secret"))
        assert isinstance(outcome, Fetched)
        assert ["Authorization" in request.headers for request in server.requests] == [True, True]
        assert "Authorization" not in other.requests[-1].headers


def test_credentials_in_the_url_of_a_redirect_are_not_used(server: FeedServer) -> None:
    server.add("/feed", Response(status=301, headers={"Location": f"http://me:secret@127.0.0.1:{server.port}/new"}))
    server.add("/new", Response(RSS))
    outcome = fetch(server.url("/feed"))
    assert outcome.moved == Moved(server.url("/new"))
    assert "Authorization" not in server.requests[-1].headers


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_followed_and_only_a_permanent_one_is_a_move(server: FeedServer, status: int) -> None:
    server.add("/feed", moved("/new", status))
    server.add("/new", Response(RSS))
    outcome = fetch(server.url("/feed"))
    assert isinstance(outcome, Fetched)
    assert outcome.url == server.url("/new")
    assert outcome.moved == (Moved(server.url("/new")) if status in (301, 308) else None)


def test_validators_are_sent_to_the_url_that_they_came_from_and_a_304_keeps_the_move(server: FeedServer) -> None:
    server.add("/feed", moved("/new"))
    server.add("/new", Response(RSS, headers={"ETag": '"v1"'}))
    outcome = fetch(FetchRequest(server.url("/feed"), etag='"v1"', validated_url=server.url("/new")))
    assert ["If-None-Match" in request.headers for request in server.requests] == [False, True]
    assert isinstance(outcome, NotModified)
    assert outcome.moved == Moved(server.url("/new"))


def test_the_validator_of_another_url_is_not_sent_and_a_304_without_one_is_not_accepted(server: FeedServer) -> None:
    server.add("/feed", moved("/elsewhere"))
    server.add("/elsewhere", Response(status=304))
    outcome = fetch(FetchRequest(server.url("/feed"), etag='"v1"'))
    assert ["If-None-Match" in request.headers for request in server.requests] == [True, False]
    assert (outcome.kind, outcome.status) == ("status", 304)


def test_a_loop_is_detected_at_the_first_repeated_url(server: FeedServer) -> None:
    server.add("/a", moved("/b"))
    server.add("/b", moved("/a"))
    outcome = fetch(server.url("/a"))
    assert (outcome.kind, outcome.message) == (
        "redirect",
        f"{server.url('/b')} redirects back to {server.url('/a')}: a loop",
    )
    assert len(server.requests) == 2


def test_redirects_without_end_are_followed_ten_times(server: FeedServer) -> None:
    for number in range(20):
        server.add(f"/{number}", moved(f"/{number + 1}", 302))
    outcome = fetch(server.url("/0"))
    assert (outcome.kind, outcome.message) == ("redirect", "more than 10 redirects, the last to /11")
    assert len(server.requests) == 11


@pytest.mark.parametrize("location", ["file:///etc/passwd", "ftp://example.org/", "javascript:alert(1)", "data:,x"])
def test_a_redirect_to_another_scheme_is_refused(server: FeedServer, location: str) -> None:
    server.add("/feed", moved(location))
    outcome = fetch(server.url("/feed"))
    assert outcome.kind == "redirect"
    assert "not http or https" in outcome.message
