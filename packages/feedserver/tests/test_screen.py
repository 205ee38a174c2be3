"""What `feedserver serve` prints of an exchange, in which colours, and what it keeps of the exchange."""

from __future__ import annotations

import io
import threading
import urllib.request
from queue import SimpleQueue

import pytest

from feedserver import Ended, Exchange, FeedServer, Request, Response
from feedserver.screen import Screen


def test_a_line_waits_until_its_exchange_has_ended_for_every_observer() -> None:
    handed_over: SimpleQueue[Exchange] = SimpleQueue()
    may_return = threading.Event()

    def listener(exchange: Exchange) -> None:
        handed_over.put(exchange)
        may_return.wait(10)

    out = io.StringIO()
    with FeedServer() as server:
        server.journal.listener = listener
        server.add("/feed", Response("<rss/>"))
        with urllib.request.urlopen(server.url("/feed"), timeout=30) as answer:
            answer.read()
        exchange = handed_over.get(timeout=10)
        threading.Timer(0.05, may_return.set).start()
        Screen(out).report(server, exchange)
    assert "GET /feed -> 200 OK, " in out.getvalue()
    assert "still going out" not in out.getvalue()


def test_the_body_of_a_request_that_is_shown_is_not_kept() -> None:
    with FeedServer() as server:
        server.add("/feed", Response("<rss/>"), method="POST")
        with urllib.request.urlopen(server.url("/feed"), data=b"x" * 100_000, timeout=10) as answer:
            answer.read()
        exchange = server.journal.exchanges[0]
        Screen(io.StringIO()).report(server, exchange)
    assert (exchange.method, exchange.path, exchange.body) == ("POST", "/feed", b"")


@pytest.mark.parametrize("request_", [Request("GET", "/feed"), None], ids=["request", "no request"])
def test_a_problem_of_no_exchange_is_shown_before_the_next_exchange_whatever_that_is(request_: Request | None) -> None:
    server, out = FeedServer(), io.StringIO()
    exchange = Exchange(server.journal.changes, request_, raw=b"no request", problem="malformed")
    exchange.finish(Ended.COMPLETE, 0)
    server.failed("no files are left")
    server.failed("no files are left")
    Screen(out).report(server, exchange)
    first, second, *_ = out.getvalue().splitlines()
    assert first == "    no files are left"
    assert "malformed" in second


def test_a_problem_of_no_exchange_is_shown_once_until_an_exchange_ends() -> None:
    server, out = FeedServer(), io.StringIO()
    screen = Screen(out)
    for _ in range(2):
        server.failed("no files are left")
        screen.report_problems_of_none(server)
    assert out.getvalue() == "    no files are left\n"
    screen.report(server, ended(server, 200))
    server.failed("no files are left")
    screen.report_problems_of_none(server)
    assert out.getvalue().count("no files are left") == 2


def test_only_line_feeds_divide_a_problem_into_lines() -> None:
    server, out = FeedServer(), io.StringIO()
    server.failed("a\nb\u2028c")
    Screen(out).report_problems_of_none(server)
    assert out.getvalue() == "    a\n    b\\u2028c\n"


class Terminal(io.StringIO):
    """A stream that claims to be a terminal."""

    def isatty(self) -> bool:
        return True


def ended(server: FeedServer, status: int) -> Exchange:
    exchange = Exchange(server.journal.changes, Request("GET", "/feed"))
    exchange.answered(Response(status=status))
    exchange.finish(Ended.COMPLETE, 0)
    return exchange


@pytest.mark.parametrize(("status", "colour"), [(200, "32"), (304, "36"), (404, "33"), (500, "31")])
def test_a_terminal_shows_by_colour_how_an_exchange_ended(
    status: int, colour: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("WT_SESSION", "1")
    monkeypatch.delenv("NO_COLOR", raising=False)
    server, terminal, file = FeedServer(), Terminal(), io.StringIO()
    exchange = ended(server, status)
    for stream in (terminal, file):
        Screen(stream).report(server, exchange)

    assert terminal.getvalue() == f"\033[{colour}m{file.getvalue().rstrip()}\033[0m\n"
    assert f"GET /feed -> {status} " in file.getvalue()


def test_characters_that_could_control_a_terminal_are_escaped() -> None:
    file = io.StringIO()
    Screen(file).show("a\x1b[2J\u202eb")
    assert file.getvalue() == "a\\x1b[2J\\u202eb\n"
