"""The outcomes of a fetch: a feed, 304, 410 or a failure, and the validators for the next fetch."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from feedserver import FeedServer, Response, gone, moved
from fetching import RSS, fetch
from lifestream.fetcher.outcomes import Failed, FetchRequest, Gone, NotModified, validators


@pytest.fixture
def server() -> Iterator[FeedServer]:
    with FeedServer() as server:
        yield server


@pytest.mark.parametrize("status", [201, 204, 206, 300, 305, 400, 401, 403, 404, 418, 429, 451, 500, 502, 503, 599])
def test_a_status_that_says_there_is_no_feed_is_a_failure_whatever_the_body(server: FeedServer, status: int) -> None:
    server.add("/feed", Response(b"" if status == 204 else RSS, status=status, reason="No Luck"))
    outcome = fetch(server.url("/feed"))
    assert isinstance(outcome, Failed)
    assert (outcome.kind, outcome.status, outcome.message) == (
        "status",
        status,
        f"the server answered {status} No Luck",
    )


def test_a_failure_keeps_the_retry_after_header(server: FeedServer) -> None:
    server.add("/feed", Response(status=429, headers={"Retry-After": "120"}))
    assert fetch(server.url("/feed")).headers["retry-after"] == "120"


def test_410_is_gone(server: FeedServer) -> None:
    server.add("/feed", gone())
    assert isinstance(fetch(server.url("/feed")), Gone)


def test_410_after_a_permanent_redirect_is_gone_and_after_a_temporary_one_a_failure(
    server: FeedServer,
) -> None:
    server.add("/moved", moved("/gone"))
    server.add("/elsewhere", moved("/gone", 302))
    server.add("/gone", gone())
    permanent, temporary = fetch(server.url("/moved"), server.url("/elsewhere"))
    assert isinstance(permanent, Gone)
    assert isinstance(temporary, Failed)
    assert temporary.status == 410


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ETag", '"v1"'),
        ("ETag", 'W/"v1"'),
        ("ETag", "unquoted"),
        ("ETag", '"a""b'),
        ("ETag", '"é—字"'),
        ("Last-Modified", "Sun, 01 Mar 2026 12:00:00 GMT"),
        ("Last-Modified", "2026-03-01T12:00:00Z"),
        ("Last-Modified", "Sunday, 01-Mar-26 12:00:00 GMT"),
    ],
)
def test_a_validator_is_echoed_byte_for_byte(server: FeedServer, name: str, value: str) -> None:
    server.add("/feed", Response(RSS, headers={name: value}))
    etag, last_modified = validators(fetch(server.url("/feed")).headers)
    fetch(FetchRequest(server.url("/feed"), etag=etag, last_modified=last_modified))
    condition = {"ETag": "If-None-Match", "Last-Modified": "If-Modified-Since"}[name]
    other = {"ETag": "If-Modified-Since", "Last-Modified": "If-None-Match"}[name]
    headers = server.requests[-1].headers
    assert headers.get_raw(condition.lower().encode()) == value.encode()
    assert other not in headers


def test_both_validators_are_sent_back_and_a_304_is_not_modified(server: FeedServer) -> None:
    date = "Sun, 01 Mar 2026 12:00:00 GMT"
    server.add("/feed", Response(RSS, headers={"ETag": '"v1"', "Last-Modified": date, "Cache-Control": "max-age=9"}))
    outcome = fetch(FetchRequest(server.url("/feed"), etag='"v1"', last_modified=date))
    assert isinstance(outcome, NotModified)
    assert (outcome.headers["etag"], outcome.headers["cache-control"]) == ('"v1"', "max-age=9")
    headers = server.requests[-1].headers
    assert (headers["If-None-Match"], headers["If-Modified-Since"]) == ('"v1"', date)


def test_no_validator_is_invented(server: FeedServer) -> None:
    server.add("/feed", Response(RSS))
    outcome = fetch(server.url("/feed"))
    assert validators(outcome.headers) == ("", "")
    assert not {"If-None-Match", "If-Modified-Since"} & set(server.requests[-1].headers)


@pytest.mark.parametrize("etag", ['"\udce9"', "x" * 4097])
def test_a_validator_that_could_not_be_echoed_is_not_kept(etag: str) -> None:
    assert validators({"etag": etag, "last-modified": "x"}) == ("", "x")


def test_a_validator_may_be_as_long_as_the_limit() -> None:
    assert validators({"etag": "x" * 4096}) == ("x" * 4096, "")


def test_a_304_to_an_unconditional_request_is_a_failure(server: FeedServer) -> None:
    server.add("/feed", Response(status=304))
    outcome = fetch(server.url("/feed"))
    assert isinstance(outcome, Failed)
    assert outcome.message == "the server answered 304 Not Modified to a request that had no condition"


def test_credentials_do_not_show_when_a_request_is_printed() -> None:
    assert "secret" not in repr(FetchRequest("http://example.org/", credentials="user:secret"))
