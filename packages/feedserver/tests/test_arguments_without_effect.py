"""A value that can never have an effect, and a condition that no request can meet, are refused at the call."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from feedserver import Auth, FeedServer, Including, Pattern, Response, feeds
from feedserver.faults import EarlyAnswer, Reset, Trailers, WithProbability
from feedserver.messages.delays import LognormalDelay, UniformDelay
from rawclient import RawClient

FEED = feeds.Feed(title="A", entries=[feeds.Entry(title="A", id="urn:a")])

NO_EFFECT: list[tuple[Callable[[], object], str]] = [
    (lambda: Auth("Bearer", "a "), "Auth(credentials=…) is 'a ', a token that no header can carry"),
    (lambda: Auth("Bearer", "a\nb"), "Auth(credentials=…) is 'a\\nb', a token that no header can carry"),
    (lambda: FeedServer().clock.move(days=1, hours=-24), "move(days=1, hours=-24) moves the clock by 0 seconds; give"),
    (lambda: feeds.LiveFeed(FEED).move("/a"), "the feed is served nowhere; mount it before it moves, with server."),
    (lambda: FeedServer().mount("a", FEED).move("/a"), "the feed is served at '/a' already; give another"),
    (lambda: FeedServer(quit=True).add("/a", method="QUIT"), "the method that add() was given is 'QUIT', which the"),
    (lambda: FeedServer(quit=True).add("/a", method="quit"), "the method that add() was given is 'quit', which the"),
    (lambda: FeedServer().add("*", method="GET"), "the method that add() was given is 'GET', and a request for '*'"),
    (lambda: FeedServer().expect("*", method="GET"), "method is 'GET', and a request for '*' has the method OPTIONS"),
    (
        lambda: FeedServer().expect(form={"a": "b"}, headers={"content-type": "text/plain; charset=utf-8"}),
        "form is given, and headers['Content-Type'] is 'text/plain; charset=utf-8', with which a body is no form;",
    ),
]


@pytest.mark.parametrize(("call", "message"), NO_EFFECT, ids=[message for _, message in NO_EFFECT])
def test_a_call_that_can_never_have_an_effect_is_refused(call: Callable[[], object], message: str) -> None:
    with pytest.raises((ValueError, RuntimeError)) as caught:
        call()
    assert str(caught.value).startswith(message)


def test_valid_conditions_that_look_empty_or_contradictory_are_accepted(server: FeedServer) -> None:
    kind = "Application/X-www-form-urlencoded; a=b"
    server.add("/a", Response("a"), query={}, form=Including({}), headers={"Content-Type": kind, "Content-Length": "1"})
    server.add("/a", Response("a"), query=Including({}), headers={})
    server.expect("/a", headers={"ETag": None, "etag": "a", "ETAG": "a"}, times=0)
    server.assert_not_requested(headers={"Content-Length": None, "Transfer-Encoding": None})
    server.expect("*", method="options", at_least=0, at_most=0)
    server.expect("/a", json=Including({}), headers={"Host": None, "Expect": "100-Continue", "Upgrade": "h2c"}, times=0)
    server.expect("/a", body=b"", headers={"Content-Length": "00", "X-A": "ü", "Transfer": "a\tb"}, times=0)
    Auth("Bearer", "a b\tü")


def test_a_request_that_is_answered_before_its_body_comes_is_recorded_with_an_empty_body(server: FeedServer) -> None:
    server.add("/f", Response("x", 413, faults=EarlyAnswer()))
    with RawClient(server) as client:
        client.ask("/f", "Content-Length: 9", "Expect: 100-continue", method="POST")
        assert client.read().status == 413
    server.assert_requested("/f", body=b"", headers={"Content-Length": "9"})


def test_arguments_that_change_nothing_are_accepted_where_a_parametrized_test_may_give_them(server: FeedServer) -> None:
    server.add("/a", Response("replaced"))
    server.add("/a", Response("a", delay=UniformDelay(0, 0)), state={}, then={})
    assert len(server.unused_routes()) == 1  # no state is no condition
    server.add("/b", Response("b", delay=LognormalDelay(1, 1, most=0), faults=Reset(after=0, when=WithProbability(0))))
    server.expect("/a", at_least=0)
    live = server.mount("/live", FEED)
    before = live.response.headers["Last-Modified"]
    live.edit("urn:a")
    live.change()
    assert live.response.headers["Last-Modified"] != before
    with RawClient(server) as client:
        assert [client.get(path).body for path in ("/a", "/b")] == [b"a", b"b"]
        server.add("/c", Response("c", auth=Auth("Bearer", "")))
        assert client.get("/c", "Authorization: Bearer ").body == b"c"


def test_trailers_without_fields_make_the_body_chunked(server: FeedServer) -> None:
    server.add("/a", Response("a", faults=Trailers({})))
    with RawClient(server) as client:
        assert client.get("/a").headers["Transfer-Encoding"] == "chunked"


def test_the_remedy_for_a_star_as_a_path_answers_each_path(server: FeedServer) -> None:
    with pytest.raises(ValueError, match=r"give that, or Pattern\('/<path:any>'\) for each path below '/'$"):
        server.add("*", Response("a"), method="GET")
    server.add(Pattern("/<path:any>"), Response("a"), method="GET")
    with RawClient(server) as client:
        assert [client.get(path).body for path in ("/a", "/a/b.xml")] == [b"a", b"a"]
