"""Which exchanges match a filter, and how those that do not match differ."""

from __future__ import annotations

import pytest

from feedserver import Headers, NotSeen, Request, Response
from feedserver.handler.exchange import Exchange
from feedserver.handler.journal import Journal
from feedserver.handler.request_filter import RequestFilter


def journal_of(*requests: Request) -> Journal:
    journal = Journal()
    for request in requests:
        exchange = Exchange(journal.changes, request)
        exchange.answered(Response(status=200))
        journal.record(exchange)
    return journal


FEED = Request("GET", "/feed?a=1", headers=Headers({"Host": "a", "ETag": "x"}))


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        (RequestFilter(), "any path"),
        (RequestFilter("/feed"), "/feed"),
        (RequestFilter("/feed?a=1", method="get"), "get /feed?a=1"),
        (RequestFilter("http://a/feed?a=1", headers={"etag": "x"}), "http://a/feed?a=1 with etag: x"),
        (RequestFilter(headers={"Host": None}, status=200), "any path with Host"),
    ],
)
def test_an_exchange_that_matches_has_no_difference(wanted: RequestFilter, words: str) -> None:
    [exchange] = journal_of(FEED).exchanges
    assert wanted.matches(exchange)
    assert wanted.difference(exchange) == ""
    assert str(wanted) == words


@pytest.mark.parametrize(
    ("wanted", "difference"),
    [
        (RequestFilter("/feed", method="PUT"), " It was requested with GET."),
        (RequestFilter("/feed", headers={"If-None-Match": None}), " It was requested without If-None-Match."),
        (RequestFilter("/feed", headers={"ETag": "y"}), " It was requested with ETag: x"),
    ],
)
def test_the_difference_to_an_exchange_is_reported(wanted: RequestFilter, difference: str) -> None:
    [exchange] = journal_of(FEED).exchanges
    assert not wanted.matches(exchange)
    assert wanted.difference(exchange) == difference


def test_a_method_in_lower_case_is_not_reported_as_a_difference() -> None:
    with pytest.raises(NotSeen) as caught:
        journal_of(FEED).assert_requested("/feed", method="get", count=2)
    assert str(caught.value).startswith("get /feed was requested once, not twice.\n")


def test_an_unknown_criterion_is_refused() -> None:
    with pytest.raises(TypeError, match="metod"):
        journal_of(FEED).filter("/feed", metod="GET")  # type: ignore[call-arg]
