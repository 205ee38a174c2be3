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


@pytest.mark.parametrize(
    ("wanted", "request_"),
    [
        (RequestFilter("*"), Request("OPTIONS", "*")),
        (RequestFilter("http://alice:secret@a/feed"), Request("GET", "/feed", headers=Headers({"Host": "a"}))),
        (RequestFilter("proxy?url=http://a/"), Request("GET", "/proxy?url=http://a/")),
        (RequestFilter(query={"a": "\udcff"}), Request("GET", "/?a=%FF")),
        (RequestFilter(json={"a": [1]}), Request("PUT", "/", body=b'{"a": [1.0]}')),
        (RequestFilter(json=10**20), Request("PUT", "/", body=b"1e20")),
    ],
)
def test_each_way_to_send_what_is_wanted_matches(wanted: RequestFilter, request_: Request) -> None:
    [exchange] = journal_of(request_).exchanges
    assert wanted.matches(exchange)


@pytest.mark.parametrize(
    ("wanted", "target"),
    [
        ("/a?q=ä", "/a?q=%C3%A4"),
        ("/a?q=%c3%a4", "/a?q=%C3%A4"),
        ("/a?q=ä", "/a?q=ä"),
        ("/ä?u=http://h/?x", "/%C3%A4?u=http%3A%2F%2Fh%2F%3Fx"),
        ('/a?q="[x]"', "/a?q=%22%5Bx%5D%22"),
        ("/a?q=100%", "/a?q=100%25"),
        ("/a?q=%2b", "/a?q=%2B"),
        ("/a?q=\udcff", "/a?q=%FF"),
        ("/\udcc3\udca4?q=\udcc3\udca4", "/%C3%A4?q=%C3%A4"),
        ("http://h/a?q=ä", "http://h/a?q=%C3%A4"),
        ("/a?q=1#top?", "/a?q=1"),
    ],
)
def test_a_path_with_a_query_matches_in_any_spelling(wanted: str, target: str) -> None:
    assert len(journal_of(Request("GET", target)).filter(wanted)) == 1


@pytest.mark.parametrize(
    ("wanted", "target"),
    [("&", "%26"), ("=", "%3D"), ("+", "%2B"), (";", "%3B"), ("+", "%20"), ("%2B", "%252B"), ("%C3%A4", "%25C3%25A4")],
)
def test_an_encoded_separator_is_another_query(wanted: str, target: str) -> None:
    journal = journal_of(Request("GET", f"/a?q={target}"))
    assert not journal.filter(f"/a?q={wanted}")
    assert journal.filter(f"/a?q={target}")


def test_true_is_not_1_in_json_and_a_fraction_is_no_whole_number() -> None:
    journal = journal_of(Request("PUT", "/", body=b"true"), Request("PUT", "/", body=b"1.5"))
    journal.assert_not_requested(json=1)
