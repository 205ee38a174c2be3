"""Requests that a test expects beforehand, and that `verify` checks."""

from __future__ import annotations

from asyncio import CancelledError
from collections.abc import Iterator
from typing import Any
from unittest import SkipTest

import pytest
from hypothesis.errors import UnsatisfiedAssumption

from feedserver import FeedServer, Including, NotSeen, Pattern, Request, RequestFilter, Response, VerificationError
from rawclient import RawClient


@pytest.fixture(scope="module")
def running() -> Iterator[FeedServer]:
    with FeedServer() as server:
        server.add(Pattern("/<path:any>"), Response())
        yield server


@pytest.fixture
def server(running: FeedServer) -> Iterator[FeedServer]:
    running.journal.clear()
    yield running
    running.verify()


def ask(server: FeedServer, *paths: str) -> None:
    with RawClient(server) as client:
        for path in paths:
            client.get(path)


@pytest.mark.parametrize(
    ("times", "fitting", "words"),
    [
        ({}, {1}, "once"),
        ({"times": 2}, {2}, "twice"),
        ({"times": 0}, {0}, "0 times"),
        ({"at_least": 1}, {1, 2, 3}, "at least once"),
        ({"at_most": 2}, {0, 1, 2}, "at most twice"),
        ({"at_least": 1, "at_most": 2}, {1, 2}, "1 to 2 times"),
    ],
)
def test_verify_checks_how_often_a_request_came(
    server: FeedServer, times: dict[str, Any], fitting: set[int], words: str
) -> None:
    for count in range(4):
        expected = server.expect("/feed", **times)
        ask(server, *["/feed"] * count, "/other")
        assert expected.is_met == (count in fitting)
        assert len(expected.exchanges) == count
        if count in fitting:
            server.verify()
            continue
        with pytest.raises(VerificationError) as unmet:
            server.verify()
        was = {0: "0 times", 1: "once", 2: "twice", 3: "3 times"}[count]
        assert str(unmet.value).startswith(
            f"/feed was requested {was}, not {words}. It was expected at {__file__}:", 0
        ), unmet.value
        assert "The server received" in str(unmet.value)


def test_an_expectation_answers_no_request() -> None:
    with FeedServer(strict=False) as server:
        server.expect("/feed")
        with RawClient(server) as client:
            assert client.get("/feed").status == 404
        server.verify()


def test_only_requests_that_come_afterwards_count(server: FeedServer) -> None:
    ask(server, "/feed")
    expected = server.expect("/feed")
    assert not expected.is_met
    ask(server, "/feed")
    assert expected.is_met


def test_each_expectation_is_checked_once_by_itself_or_by_verify(server: FeedServer) -> None:
    expected = server.expect("/feed")
    with pytest.raises(NotSeen, match="was requested 0 times, not once"):
        expected.verify()
    server.verify()
    server.expect("/feed")
    with pytest.raises(VerificationError):
        server.verify()
    server.verify()


def test_a_with_block_checks_at_its_end(server: FeedServer) -> None:
    with server.expect("/feed", times=2), server.expect("/other", times=0):
        ask(server, "/feed", "/feed")
    with pytest.raises(NotSeen, match="/feed was requested once, not 0 times"), server.expect("/feed", times=0):
        ask(server, "/feed")


def test_verify_checks_the_requests_of_a_with_block_that_raised(server: FeedServer) -> None:
    def asks_and_raises() -> None:
        ask(server, "/feed", "/other")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), server.expect("/feed", times=3), server.expect("/other"):
        asks_and_raises()
    ask(server, "/feed", "/feed", "/other")  # after the block, requests do not count
    with pytest.raises(VerificationError, match=r"^/feed was requested once, not 3 times") as unmet:
        server.verify()
    assert "/other was" not in str(unmet.value)
    server.verify()


def test_a_with_block_that_raised_may_be_entered_again(server: FeedServer) -> None:
    expected = server.expect("/feed", times=2)
    with pytest.raises(ZeroDivisionError), expected:
        raise ZeroDivisionError
    with expected:
        ask(server, "/feed", "/feed")
    assert expected.is_met
    server.verify()


@pytest.mark.parametrize("error", [SystemExit, KeyboardInterrupt, CancelledError, GeneratorExit, pytest.fail.Exception])
def test_a_with_block_that_an_exit_an_interrupt_or_a_cancelled_task_ends_is_checked(
    server: FeedServer, error: type[BaseException]
) -> None:
    with pytest.raises(error), server.expect("/feed"):
        raise error("2")
    with pytest.raises(VerificationError, match=r"^/feed was requested 0 times"):
        server.verify()


@pytest.mark.parametrize("error", [SkipTest, pytest.skip.Exception, pytest.xfail.Exception, UnsatisfiedAssumption])
def test_a_with_block_that_ends_the_test_without_a_result_is_not_checked(
    server: FeedServer, error: type[BaseException]
) -> None:
    with pytest.raises(error), server.expect("/feed"):
        raise error("no network")
    server.verify()


def test_a_condition_that_raises_does_not_replace_the_error_of_the_with_block(server: FeedServer) -> None:
    def condition(request: Request) -> bool:
        raise LookupError(request.path)

    expected = server.expect("/feed", matching=condition)
    ask(server, "/feed")
    with pytest.raises(ZeroDivisionError), expected:
        raise ZeroDivisionError
    with pytest.raises(VerificationError, match=r"could not be checked: LookupError\('/feed'\)"):
        server.verify()


def test_all_criteria_count_and_a_near_miss_is_reported(server: FeedServer) -> None:
    met = server.expect(Pattern("/<x>"), method="GET", query=Including({"a": "1"}))
    missed = server.expect("/feed", query={"a": "2"})
    ask(server, "/feed?a=1&b=2")
    met.verify()
    with pytest.raises(NotSeen, match=r"It was requested with the query 'a=1&b=2'\. It was expected at"):
        missed.verify()


@pytest.mark.parametrize(
    ("came", "problem"),
    [
        (["/a", "/x", "/b", "/a"], ""),
        (["/a", "/a", "/b"], "Request 2 in the order was GET /a, not /b."),
        (["/a", "/b"], "/a did not come as request 3 in the order."),
        (["/a", "/b", "/a", "/b"], "GET /b came once more after the 3 requests in order."),
        ([], "/a did not come as request 1 in the order."),
    ],
)
def test_all_expected_requests_must_come_in_order_and_none_more_often(
    server: FeedServer, came: list[str], problem: str
) -> None:
    expected = server.expect_in_order("/a", "/b", "/a")
    ask(server, *came)
    assert expected.is_met == (not problem)
    if problem:
        with pytest.raises(VerificationError) as unmet:
            server.verify()
        assert str(unmet.value).startswith(f"{problem} It was expected at {__file__}:")


def test_a_step_of_an_order_may_have_criteria(server: FeedServer) -> None:
    expected = server.expect_in_order(Pattern("/login/<user>"), RequestFilter("/feed", headers={"Cookie": None}))
    assert str(expected) == "/login/<user>, then /feed with Cookie"
    with RawClient(server) as client:
        client.get("/login/ada")
        client.get("/feed")  # without a cookie, it is no step of the order
        client.get("/feed", "Cookie: a=1")
    expected.verify()


def test_requests_that_the_journal_has_dropped_cannot_be_counted() -> None:
    with FeedServer(journal_limit=2) as server:
        server.add("/feed", Response())
        expected = server.expect("/feed", times=3)
        ask(server, *["/feed"] * 3)
        with pytest.raises(NotSeen, match="the journal has dropped some requests; raise journal_limit"):
            expected.verify()


def test_what_the_journal_has_dropped_after_it_was_cleared_cannot_be_counted_either() -> None:
    with FeedServer(journal_limit=2) as server:
        server.add(Pattern("/<path:any>"), Response())
        ask(server, *["/old"] * 7)
        expected = server.expect("/feed", times=0)
        server.journal.clear()  # the journal counts what it drops from 0 again
        ask(server, "/feed", "/a", "/b")
        assert server.journal.dropped == 1
        with pytest.raises(VerificationError, match="the journal has dropped some requests; raise journal_limit"):
            server.verify()
        assert not expected.is_met


def test_what_the_journal_has_dropped_before_does_not_matter() -> None:
    with FeedServer(journal_limit=1) as server:
        server.add(Pattern("/<path:any>"), Response())
        ask(server, "/old", "/older")
        server.expect("/feed")
        ask(server, "/feed")  # drops one that came before
        server.verify()


@pytest.mark.parametrize("times", [{"times": 0}, {"at_most": 1}, {"times": 1}])
def test_what_was_cleared_cannot_be_counted(server: FeedServer, times: dict[str, Any]) -> None:
    ask(server, "/old")
    expected = [server.expect("/feed", **times), server.expect_in_order("/feed")]
    server.journal.clear()
    ask(server, "/feed")
    server.journal.clear()
    ask(server, "/feed")
    for each in expected:
        with pytest.raises(NotSeen, match=r"the journal was cleared; call expect\(\) after journal\.clear\(\)"):
            each.verify()


def test_clearing_what_came_before_an_expectation_does_not_matter(server: FeedServer) -> None:
    ask(server, "/feed")
    server.expect("/feed")
    server.journal.clear()
    ask(server, "/feed")
    server.verify()


def test_an_unmet_expectation_can_be_allowed() -> None:
    with FeedServer() as server:
        server.expect("/feed")
        server.allow("/feed was requested 0 times")
        server.verify()


def test_an_expectation_whose_function_raises_is_a_problem_beside_the_others() -> None:
    def fails(_request: object) -> bool:
        pytest.fail("a mistake of the test")

    with FeedServer() as server:
        server.add(Pattern("/<path:any>"), Response())
        server.expect("/feed", matching=fails)
        server.expect("/never")
        ask(server, "/feed", "/other")
        with pytest.raises(VerificationError) as unmet:
            server.verify()
        one, other = str(unmet.value).split("\n\n")
        assert "/feed matching" in one
        assert "could not be checked: a mistake of the test at " in one
        assert other.startswith("/never was requested 0 times, not once.")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"times": -1}, "times is -1; give 0 or more"),
        ({"times": 1, "at_most": 2}, "times is 1, beside at_least or at_most; give either times or those"),
        ({"at_least": 3, "at_most": 2}, "at_least is 3, and at_most is only 2; give a higher at_most"),
    ],
)
def test_an_impossible_expectation_is_refused(server: FeedServer, arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=r".") as refused:
        server.expect("/feed", **arguments)
    assert str(refused.value) == message
    with pytest.raises(ValueError, match="give the paths in the order of their requests"):
        server.expect_in_order()
