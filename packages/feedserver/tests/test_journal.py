"""What the journal keeps, finds and says."""

from __future__ import annotations

import threading

import pytest

from feedserver import FeedServer, Headers, NotSeen, Request, Response
from feedserver.journal import Exchange, Journal
from rawclient import RawClient


def journal(*requests: Request, status: int = 200, limit: int | None = None) -> Journal:
    """A journal of requests that were all answered with *status*."""
    made = Journal(limit)
    for request in requests:
        exchange = Exchange(made, request)
        made.record(exchange)
        exchange.answered(Response(status=status))
        exchange.finish("complete", 10)
    return made


def lines(text: str) -> list[str]:
    """The lines of a message, without how long things took."""
    return [line.partition(", 10 bytes in")[0] for line in text.splitlines()]


AGENT = Request("GET", "/feed?page=2", headers=Headers({"User-Agent": "reader/1"}))
PLAIN = Request("GET", "/feed")
POSTED = Request("POST", "/ping", body=b"x")
PROXIED = Request("GET", "http://b.example/feed")


@pytest.mark.parametrize(
    ("path", "options", "found"),
    [
        (None, {}, [AGENT, PLAIN, POSTED, PROXIED]),
        ("/feed", {}, [AGENT, PLAIN, PROXIED]),
        ("feed", {}, [AGENT, PLAIN, PROXIED]),
        ("/feed?page=2", {}, [AGENT]),
        ("http://b.example/feed", {}, [PROXIED]),
        (None, {"method": "POST"}, [POSTED]),
        ("/feed", {"headers": {"user-agent": "reader/1"}}, [AGENT]),
        ("/feed", {"headers": {"User-Agent": None}}, [AGENT]),
        ("/feed", {"headers": {"User-Agent": "other"}}, []),
        (None, {"status": 404}, []),
        (None, {"status": 200}, [AGENT, PLAIN, POSTED, PROXIED]),
    ],
)
def test_requests_are_found_by_path_method_and_header(
    path: str | None, options: dict[str, object], found: list[Request]
) -> None:
    seen = journal(AGENT, PLAIN, POSTED, PROXIED).filter(path, **options)  # type: ignore[arg-type]
    assert [exchange.request for exchange in seen] == found


def test_what_was_no_request_is_kept_and_not_found_by_path() -> None:
    made = Journal()
    broken = Exchange(made, None, raw=b"nonsense", problem="it is nonsense")
    made.record(broken)
    assert made.exchanges == made.filter() == [broken]
    assert made.requests == []
    assert made.filter("/") == []
    with pytest.raises(AttributeError, match=r"what arrived was no request \(it is nonsense\); see .raw"):
        _ = broken.path
    assert lines(made.describe()) == [
        "The server received 1 request:",
        "  1. b'nonsense' -> it is nonsense, still going out",
    ]


def test_an_exchange_reads_like_its_request() -> None:
    exchange = journal(AGENT).exchanges[0]
    assert (exchange.method, exchange.target, exchange.path, exchange.query) == (
        "GET",
        "/feed?page=2",
        "/feed",
        "page=2",
    )
    assert exchange.headers["user-agent"] == "reader/1"
    assert journal(POSTED).exchanges[0].body == b"x"
    assert (exchange.status, exchange.ended, exchange.bytes_sent) == (200, "complete", 10)
    assert repr(exchange).startswith("<Exchange GET /feed?page=2 -> 200 OK, 10 bytes in ")


def test_only_the_last_exchanges_are_kept_where_there_is_a_limit() -> None:
    assert journal(AGENT, PLAIN, POSTED, limit=2).requests == [PLAIN, POSTED]


def test_a_cleared_journal_is_empty() -> None:
    made = journal(AGENT)
    made.clear()
    assert made.exchanges == []
    assert made.describe() == "The server received no request."


def test_a_long_journal_is_told_from_its_end() -> None:
    told = lines(journal(*[PLAIN] * 25).describe(last=2))
    assert told == [
        "The server received 25 requests:",
        "  … 23 earlier ones",
        "  24. GET /feed -> 200 OK",
        "  25. GET /feed -> 200 OK",
    ]


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"path": "/other"}, "/other was not requested."),
        ({"path": "/feed", "method": "PUT"}, "PUT /feed was not requested. It was requested with GET."),
        (
            {"path": "/feed", "headers": {"ETag": None}},
            "/feed with ETag was not requested. It was requested without ETag.",
        ),
        (
            {"path": "/feed", "headers": {"User-Agent": "x"}},
            "/feed with User-Agent: x was not requested. It was requested with User-Agent: reader/1",
        ),
        ({"path": "/feed", "count": 3}, "/feed was requested once, not 3 times."),
        ({"path": "/feed", "count": 0}, "/feed was requested once, not never."),
    ],
)
def test_an_assertion_says_what_came_instead(asked: dict[str, object], message: str) -> None:
    with pytest.raises(NotSeen) as caught:
        journal(AGENT).assert_requested(**asked)  # type: ignore[arg-type]
    assert lines(str(caught.value)) == [
        message,
        "The server received 1 request:",
        "  1. GET /feed?page=2 -> 200 OK",
    ]


def test_an_assertion_that_holds_gives_what_it_found() -> None:
    made = journal(AGENT, PLAIN)
    assert [e.request for e in made.assert_requested("/feed", count=2, method="GET")] == [AGENT, PLAIN]
    made.assert_not_requested("/other")
    with pytest.raises(AssertionError) as caught:
        made.assert_not_requested("/feed")
    assert lines(str(caught.value))[0] == "/feed was requested twice, and should not have been."


def test_the_outcome_of_an_answer_under_way_is_waited_for(server: FeedServer) -> None:
    server.add("/slow", Response("x" * 100, pace="50 bytes every 20ms"))
    with RawClient(server) as client:
        client.ask("/slow")
        exchange = server.wait_for("/slow")[0]
        assert exchange.status == 200
        assert exchange.ended == "complete"
        assert exchange.duration >= 0.02
        client.read()


def test_the_answer_of_a_callable_is_waited_for(server: FeedServer) -> None:
    go_on = threading.Event()

    def answer(request: Request) -> Response:
        go_on.wait(10)
        return Response(status=201)

    server.add("/made", answer)
    with RawClient(server) as client:
        client.ask("/made")
        exchange = server.wait_for("/made")[0]
        go_on.set()
        assert exchange.status == 201
        client.read()


def test_an_exchange_without_an_answer_says_why(server: FeedServer) -> None:
    exchange = Exchange(Journal(), PLAIN)
    exchange.finish("client left", 0)
    with pytest.raises(NotSeen, match=r"GET /feed was not answered: client left"):
        _ = exchange.response


def test_what_is_told_twice_changes_nothing() -> None:
    exchange = journal(PLAIN).exchanges[0]
    exchange.answered(Response(status=500))
    exchange.finish("reset", 0)
    assert (exchange.status, exchange.ended, exchange.bytes_sent) == (200, "complete", 10)
