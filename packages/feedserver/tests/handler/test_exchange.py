"""One exchange: it has the attributes of its request, and its outcome once that is known."""

from __future__ import annotations

import pickle
import threading
from collections.abc import Callable
from contextlib import suppress

import pytest

from feedserver import Ended, FeedServer, Headers, NotSeen, Request, Response
from feedserver.handler import exchange as exchange_module
from feedserver.handler.exchange import Exchange
from feedserver.handler.journal import Journal
from problem_finding import reset
from rawclient import RawClient


def journal(*requests: Request, status: int = 200, limit: int | None = None) -> Journal:
    """Return a journal of requests that were all answered with *status*."""
    made = Journal(limit)
    for request in requests:
        exchange = Exchange(made.changes, request)
        made.record(exchange)
        exchange.answered(Response(status=status))
        exchange.finish(Ended.COMPLETE, 10)
    return made


AGENT = Request("GET", "/feed?page=2", headers=Headers({"User-Agent": "reader/1"}))


PLAIN = Request("GET", "/feed")


POSTED = Request("POST", "/ping", body=b"x")


def test_an_exchange_has_the_attributes_of_its_request() -> None:
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


def test_the_error_for_an_exchange_without_an_answer_names_the_reason(server: FeedServer) -> None:
    exchange = Exchange(Journal().changes, PLAIN)
    exchange.finish(Ended.CLIENT_LEFT, 0)
    with pytest.raises(NotSeen, match=r"GET /feed was not answered: client left"):
        _ = exchange.response


def test_the_error_for_an_exchange_that_has_not_ended_says_whether_an_answer_was_made(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(exchange_module, "OUTCOME_TIMEOUT", 0.0)
    exchange = Exchange(Journal().changes, PLAIN)
    with pytest.raises(NotSeen, match=r"^GET /feed has no answer yet, after 0 s$"):
        _ = exchange.ended
    assert exchange.describe() == "GET /feed -> no answer yet"
    exchange.answered(Response())
    with pytest.raises(NotSeen, match=r"^GET /feed is still being answered, after 0 s$"):
        _ = exchange.ended
    assert exchange.describe() == "GET /feed -> 200 OK, still going out"


def test_a_second_answer_and_a_second_report_of_the_outcome_change_nothing() -> None:
    exchange = Exchange(Journal().changes, PLAIN)
    exchange.answered(Response())
    exchange.answered(Response(status=500))
    exchange.finish(Ended.COMPLETE, 10)
    assert exchange.status == 200
    exchange = journal(PLAIN).exchanges[0]
    exchange.answered(Response(status=500))
    exchange.finish(Ended.RESET, 0)
    assert (exchange.status, exchange.ended, exchange.bytes_sent) == (200, "complete", 10)


def _raises_not_seen(exchange: Exchange) -> None:
    with pytest.raises(NotSeen):
        _ = exchange.response


OBSERVERS: dict[str, Callable[[Exchange], object]] = {
    "ended": lambda exchange: exchange.ended,
    "error": lambda exchange: exchange.error,
    "duration": lambda exchange: exchange.duration,
    "bytes_sent": lambda exchange: exchange.bytes_sent,
    "faults": lambda exchange: exchange.faults,
    "response": _raises_not_seen,
}


def test_a_thread_that_waits_for_the_end_wakes_after_the_listener_has_returned() -> None:
    made = Journal()
    exchange = Exchange(made.changes, PLAIN)
    made.record(exchange)
    entered, go_on = threading.Event(), threading.Event()
    heard: list[Exchange] = []

    def listen(ended: Exchange) -> None:
        entered.set()
        assert go_on.wait(10)
        heard.append(ended)

    made.listener = listen
    seen: list[tuple[str, list[Exchange]]] = []

    def watch(name: str, look: Callable[[Exchange], object]) -> None:
        look(exchange)
        seen.append((name, heard[:]))

    watchers = [threading.Thread(target=watch, args=[name, look]) for name, look in OBSERVERS.items() for _ in range(4)]
    settled = threading.Thread(target=watch, args=["settle", lambda _: made.settle(10)])
    ending = threading.Thread(target=exchange.finish, args=[Ended.COMPLETE, 3])
    for thread in (*watchers[::2], settled, ending):
        thread.start()
    assert entered.wait(10)
    for thread in watchers[1::2]:
        thread.start()
    assert not exchange.is_over and exchange.describe() == "GET /feed -> no answer yet"
    go_on.set()
    for thread in (*watchers, settled, ending):
        thread.join(10)
    assert exchange.is_over
    assert sorted(name for name, _ in seen) == sorted([*OBSERVERS, "settle"] + 3 * [*OBSERVERS])
    assert [name for name, had_heard in seen if had_heard != [exchange]] == []


def test_an_answer_that_comes_after_the_end_changes_nothing() -> None:
    release = threading.Event()

    def answers_late(_request: Request) -> Response:
        release.wait(10)
        return Response("<rss/>")

    with FeedServer() as server:
        server.add("/feed", answers_late)
        client = RawClient(server)
        client.ask("/feed")
        exchange = server.wait_for("/feed")[0]
        reset(client)
        assert exchange.ended.startswith("client left")
        described = exchange.describe()
        release.set()
        for worker in list(server.listening.workers):
            worker.join(10)
        assert exchange.describe() == described
        with pytest.raises(NotSeen, match="was not answered: client left"):
            _ = exchange.response


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, ZeroDivisionError])
def test_nobody_waits_for_an_exchange_whose_listener_has_raised(error: type[BaseException]) -> None:
    made = Journal()
    exchange = Exchange(made.changes, PLAIN)
    made.record(exchange)

    def listen(_: Exchange) -> None:
        raise error

    made.listener = listen
    with suppress(KeyboardInterrupt):
        exchange.finish(Ended.COMPLETE, 3)
    assert exchange.is_over
    seen: list[int] = []
    other = threading.Thread(target=lambda: seen.append(exchange.bytes_sent), daemon=True)
    other.start()
    other.join(5)
    assert seen == [3]


def test_the_error_not_seen_can_be_made_from_its_class_alone_as_tblib_does() -> None:
    # Django's parallel test runner sends failures through tblib, and waits without end for one that can't be read.
    made = NotSeen.__new__(NotSeen, "not in time")
    assert (str(made), made.args) == ("not in time", ("not in time",))
    assert issubclass(NotSeen, AssertionError)
    assert pickle.loads(pickle.dumps(NotSeen("not in time"))).args == ("not in time",)
