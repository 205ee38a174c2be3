"""What the journal keeps, finds and reports."""

from __future__ import annotations

import re
import sys
import threading
import time
from pathlib import Path

import pytest

from feedserver import Ended, FeedServer, Headers, NotSeen, Request, Response, VerificationError
from feedserver.handler.exchange import Exchange
from feedserver.handler.handler import Site
from feedserver.handler.journal import Journal
from feedserver.handler.request_filter import RequestFilter
from feedserver.handler.router import Routes
from rawclient import TIMEOUT, RawClient


def journal(*requests: Request, status: int = 200, limit: int | None = None) -> Journal:
    """Return a journal of requests that were all answered with *status*."""
    made = Journal(limit)
    for request in requests:
        exchange = Exchange(made.changes, request)
        made.record(exchange)
        exchange.answered(Response(status=status))
        exchange.finish(Ended.COMPLETE, 10)
    return made


def lines(text: str) -> list[str]:
    """Return the lines of a message, without durations."""
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
def test_requests_are_found_by_path_method_header_and_status(
    path: str | None, options: dict[str, object], found: list[Request]
) -> None:
    seen = journal(AGENT, PLAIN, POSTED, PROXIED).filter(path, **options)  # type: ignore[arg-type]
    assert [exchange.request for exchange in seen] == found


ENCODED = Request("GET", "/caf%C3%A9%20b?u=http://h/", headers=Headers({"Host": "a.example:8080"}))
SECURE = Request("GET", "/", headers=Headers({"Host": "a.example"}), scheme="https")


@pytest.mark.parametrize(
    ("path", "method", "found"),
    [
        ("/café b", None, [ENCODED]),
        ("/caf%C3%A9%20b", "get", [ENCODED]),
        ("caf%c3%a9%20b?u=http://h/", None, [ENCODED]),
        ("/café b?u=http://h/", None, [ENCODED]),
        ("/café b?u=http://g/", None, []),
        ("http://a.example:8080/caf%C3%A9%20b?u=http://h/", "Get", [ENCODED]),
        ("https://a.example:8080/caf%C3%A9%20b?u=http://h/", None, []),
        ("http://b.example/caf%C3%A9%20b?u=http://h/", None, []),
        ("https://a.example/", None, [SECURE]),
        ("https://a.example", None, [SECURE]),
        ("http://a.example/", None, []),
    ],
)
def test_a_request_is_found_however_its_address_is_written(path: str, method: str | None, found: list[Request]) -> None:
    """Otherwise `assert_not_requested` would pass whatever the client did."""
    seen = journal(ENCODED, SECURE)
    assert [exchange.request for exchange in seen.filter(path, method=method)] == found
    if found:
        with pytest.raises(AssertionError, match="should not have been"):
            seen.assert_not_requested(path, method=method)


def test_a_request_is_found_by_the_url_that_the_server_gave(server: FeedServer) -> None:
    for path in ("/x", "/with blank?a=b", "/"):
        with RawClient(server) as client:
            client.get(server.url(path).removeprefix(server.base_url))
        assert len(server.assert_requested(server.url(path))) == 1
    server.assert_requested(server.base_url, count=1)


def test_bytes_that_are_no_request_are_kept_and_not_found_by_path() -> None:
    made = Journal()
    broken = Exchange(made.changes, None, raw=b"nonsense", problem="it is nonsense")
    made.record(broken)
    assert made.exchanges == made.filter() == [broken]
    assert made.requests == []
    assert made.filter("/") == []
    with pytest.raises(AttributeError, match=r"what arrived was no request \(it is nonsense\); see .raw"):
        _ = broken.path
    assert lines(made.describe()) == [
        "The server received 1 request:",
        "  1. b'nonsense' -> it is nonsense",
    ]


def test_with_a_limit_only_the_last_exchanges_are_kept() -> None:
    assert journal(AGENT, PLAIN, POSTED, limit=2).requests == [PLAIN, POSTED]


def test_a_wait_counts_no_request_that_was_cleared_meanwhile() -> None:
    made = journal(PLAIN)
    asked: list[int] = []

    count = made._count_of(RequestFilter("/feed"))
    assert count() == 1
    made.clear()
    for request in (POSTED, PLAIN, PLAIN):
        made.record(Exchange(made.changes, request))
        asked.append(count())
    assert asked == [0, 1, 2]


def test_a_wait_ends_when_a_connection_has_ended() -> None:
    with FeedServer() as server:
        server.add("/feed", Response("<feed/>"))
        with RawClient(server) as client:
            client.get("/feed")
            assert server.journal.exchanges[0].ended  # so it changes no more
            found: list[bool] = []

            def has_ended() -> bool:
                found.append(server.connections[0].is_open)
                client.socket.close()  # the connection ends while this is waited for
                return not found[-1]

            begun = time.monotonic()
            assert server.journal.wait_until(has_ended, 2 * TIMEOUT)
        assert found[0]
        assert time.monotonic() - begun < TIMEOUT


def test_the_condition_of_a_wait_may_ask_the_server() -> None:
    with FeedServer() as server:
        server.add("/feed", Response("one"), Response("two"))

        def has_read_two() -> bool:
            with RawClient(server) as client:
                return client.get("/feed").body == b"two"

        assert server.journal.wait_until(has_read_two, TIMEOUT)
        server.assert_requested("/feed", count=2)


def test_a_cleared_journal_is_empty() -> None:
    made = journal(AGENT)
    made.clear()
    assert made.exchanges == []
    assert made.describe() == "The server received no request."


def test_a_long_journal_is_shown_from_its_end() -> None:
    shown = lines(journal(*[PLAIN] * 25).describe(last=2))
    assert shown == [
        "The server received 25 requests:",
        "  … 23 earlier ones",
        "  24. GET /feed -> 200 OK",
        "  25. GET /feed -> 200 OK",
    ]
    assert "earlier" not in journal(PLAIN, PLAIN).describe(last=2)


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
        ({"path": "/feed", "count": 0}, "/feed was requested once, not 0 times."),
    ],
)
def test_an_assertion_lists_the_requests_that_came_instead(asked: dict[str, object], message: str) -> None:
    with pytest.raises(NotSeen) as caught:
        journal(AGENT).assert_requested(**asked)  # type: ignore[arg-type]
    assert lines(str(caught.value)) == [
        message,
        "The server received 1 request:",
        "  1. GET /feed?page=2 -> 200 OK",
    ]


def test_a_successful_assertion_returns_the_exchanges_that_it_found() -> None:
    made = journal(AGENT, PLAIN)
    assert [e.request for e in made.assert_requested("/feed", count=2, method="GET")] == [AGENT, PLAIN]
    made.assert_not_requested("/other")
    with pytest.raises(AssertionError) as caught:
        made.assert_not_requested("/feed")
    assert lines(str(caught.value))[0] == "/feed was requested twice, and should not have been."


# The order in which the end of an exchange is seen


def test_the_listener_sees_the_exchange_ended() -> None:
    made = Journal()
    seen: list[tuple[bool, str, int, str]] = []

    def listen(exchange: Exchange) -> None:
        seen.append((exchange.is_over, exchange.ended, exchange.bytes_sent, exchange.describe()))

    made.listener = listen
    exchange = Exchange(made.changes, PLAIN)
    made.record(exchange)
    exchange.finish(Ended.CLIENT_LEFT, 7)
    assert [(over, ended, sent) for over, ended, sent, _ in seen] == [(True, "client left", 7)]
    assert seen[0][3].endswith(", client left")


def test_an_exception_of_the_listener_ends_no_connection_and_is_reported_by_verify() -> None:
    def listen(exchange: Exchange) -> None:
        raise OSError("the disk is full")

    with FeedServer() as server:
        server.add("/x", Response("x"))
        server.journal.listener = listen
        with RawClient(server) as client:
            assert [client.get("/x").body for _ in range(2)] == [b"x", b"x"]
        assert [exchange.ended for exchange in server.journal.exchanges] == ["complete"] * 2
        message = r"the journal's listener raised OSError\('the disk is full'\) at \S+test_journal\.py:\d+ for GET /x"
        with pytest.raises(VerificationError) as caught:
            server.verify()
        assert re.fullmatch(message, str(caught.value))
        server.verify()


def test_the_listener_is_called_before_a_test_sees_the_end() -> None:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)  # threads are switched as often as possible
    missing: list[str] = []
    try:
        with FeedServer() as server:
            server.add("/x", Response("x", headers={"Connection": "close"}))
            heard: set[int] = set()

            def listen(exchange: Exchange) -> None:
                time.sleep(0.002)  # a thread that did not wait for this would look meanwhile
                heard.add(id(exchange))

            server.journal.listener = listen

            def ask(number: int) -> None:
                for turn in range(5):
                    with RawClient(server) as client:
                        client.get(f"/x?{number}-{turn}")
                    [exchange] = server.journal.filter(f"/x?{number}-{turn}")
                    if exchange.ended != "complete" or id(exchange) not in heard:
                        missing.append(exchange.describe())

            threads = [threading.Thread(target=ask, args=[number]) for number in range(8)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
    finally:
        sys.setswitchinterval(before)
    assert missing == []


def test_the_listener_has_heard_of_every_exchange_when_a_server_has_stopped() -> None:
    heard: list[str] = []
    release = threading.Event()

    def slow(request: Request) -> Response:
        release.wait(10)
        return Response("late")

    server = FeedServer().start()
    server.add("/stalls", Response("x" * 100, pace="1 byte every 1h"))
    server.add("/slow", slow)
    server.journal.listener = lambda exchange: heard.append(exchange.ended)
    with RawClient(server) as first, RawClient(server) as second:
        first.ask("/stalls")
        second.ask("/slow")
        server.wait_for("/stalls")
        server.wait_for("/slow")
        first.read_head()
        release.set()
        second.read()
        server.stop()
    assert sorted(heard) == ["complete", "server stopped"]


@pytest.mark.parametrize(
    ("fixture", "sent", "words"),
    [
        (None, b"GET /a.xml HTTP/1.0\r\n\r\n", "nothing answers"),
        ("<!--\nStaus: 301\n-->", b"GET /a.xml HTTP/1.0\r\n\r\n", "unknown directive"),
        (None, b"nonsense\r\n\r\n", "the request line"),
    ],
    ids=["missing", "mistake", "malformed"],
)
def test_a_problem_is_noted_before_the_request_is_in_the_journal(
    root: Path, monkeypatch: pytest.MonkeyPatch, fixture: str | None, sent: bytes, words: str
) -> None:
    noted: list[str] = []
    if fixture is not None:
        (root / "a.xml").write_text(fixture)
    with FeedServer(root) as server:
        record = server.journal.record

        def record_and_verify(exchange: Exchange) -> None:
            record(exchange)
            with pytest.raises(VerificationError) as caught:
                server.verify()
            noted.append(str(caught.value))

        monkeypatch.setattr(server.journal, "record", record_and_verify)
        with RawClient(server) as client:
            client.send(sent)
            client.read_to_end()
    assert len(noted) == 1 and words in noted[0]


def test_a_quit_is_in_the_journal_when_it_is_reported() -> None:
    site = Site(Routes(), Journal(), quits=True)
    seen: list[Request] = []
    site.on_quit = lambda: seen.extend(site.journal.requests)
    asked = Request("QUIT", "/", headers=Headers({"Host": "localhost"}), client="127.0.0.1")
    site.answer(asked, keep_alive=True)
    assert seen == [asked]


def test_dropped_requests_are_not_taken_for_requests_that_never_came() -> None:
    with FeedServer(journal_limit=2) as server, RawClient(server) as client:
        server.add("/a", Response("<rss/>"))
        for path in ("/a", "/a", "/a"):
            client.get(path)
        assert server.journal.dropped == 1
        remedy = "raise journal_limit, or call journal.clear\\(\\) before the requests that are asserted"
        with pytest.raises(AssertionError, match=f"it is unknown how often /b was requested: .* dropped 1 .*{remedy}"):
            server.assert_not_requested("/b")
        with pytest.raises(AssertionError, match="it is unknown how often /b was requested"):
            server.assert_requested("/b")
        with pytest.raises(AssertionError, match="it is unknown how often /a was requested"):
            server.assert_requested("/a", count=2)
        assert len(server.assert_requested("/a")) == 2
        assert "1 dropped, which journal_limit would keep if it were higher: GET /a (1)" in server.journal.describe()
        for path in ("/b", "/a"):
            client.get(path)
        assert "3 dropped, which journal_limit would keep if it were higher: GET /a (3)\n" in server.journal.describe()
        with pytest.raises(ValueError, match="count is 3, and the journal keeps 2; raise journal_limit, or"):
            server.wait_for("/a", count=3)
        server.allow("nothing answers")
        server.journal.clear()
        server.assert_not_requested("/a")
        assert server.journal.dropped == 0


def test_what_was_dropped_before_an_exchange_is_left_out_of_the_text_about_later_ones() -> None:
    made = journal(PLAIN, POSTED, AGENT, limit=2)
    before = made.exchanges[0]
    assert lines(made.describe(after=before)) == [
        "The server received 1 request:",
        "  1. GET /feed?page=2 -> 200 OK",
    ]
    for _ in range(2):
        made.record(Exchange(made.changes, PLAIN))
    assert "  … 3 dropped" in made.describe(after=before)


def test_dropped_requests_of_any_number_and_length_are_reported_in_few_words() -> None:
    journal = Journal(1)
    journal.record(Exchange(journal.changes, Request("GET", "/" + "x" * 5_000)))
    for number in range(200):
        journal.record(Exchange(journal.changes, Request("GET", f"/{number % 100}")))
    described = journal.describe()
    assert "GET /18 (2), others (161)" in described
    assert len(described) < 1000
