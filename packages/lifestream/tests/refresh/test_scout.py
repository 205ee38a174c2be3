"""Requests one after the other: one process reads the answers, and the last request is not repeated."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from feedserver import FeedServer, Response
from lifestream.fetcher.outcomes import FetchRequest
from lifestream.refresh.factories import make_guard
from lifestream.refresh.scout import FeedReading, NotAdded, Refusal, Scout
from served import START, feed, page, watched_processes


@pytest.fixture(scope="module")
def server() -> Iterator[FeedServer]:
    with FeedServer(strict=False) as running:
        running.add("/feed", feed())
        running.add("/blog", page('<link rel="alternate" type="application/rss+xml" href="/feed">'))
        running.add("/busy", Response(status=429))
        running.add("/lost", Response(status=404))
        yield running


@pytest.mark.slow
def test_one_process_reads_pages_and_feeds_and_ends_with_the_scout(server: FeedServer) -> None:
    before = len(server.requests)
    with watched_processes() as started, Scout(make_guard(), lambda: START) as scout:
        refused = scout.ask(FetchRequest(server.url("/blog")))
        assert isinstance(refused, Refusal) and refused.page is not None
        [named] = scout.read_page(refused.page).feeds
        read = scout.ask(FetchRequest(named.url))
        assert isinstance(read, FeedReading) and read.started == START
        assert scout.ask(FetchRequest(named.url)) is read
    assert sum(request.path == "/feed" for request in server.requests[before:]) == 1
    assert len(started) == 1
    assert all(process.poll() is not None for process in started)


def test_without_a_request_no_process_is_started() -> None:
    with watched_processes() as started, Scout(make_guard(), lambda: START):
        pass
    assert started == []


@pytest.mark.usefixtures("shared_parsers")
def test_a_refusal_tells_whether_the_server_accepts_more_requests(server: FeedServer) -> None:
    with Scout(make_guard(), lambda: START) as scout:
        busy, lost = (scout.ask(FetchRequest(server.url(path))) for path in ("/busy", "/lost"))
        nobody = scout.ask(FetchRequest("http://127.0.0.1:1/"))
    found = [(each.is_unanswered, each.wants_no_more) for each in (busy, lost, nobody) if isinstance(each, Refusal)]
    assert found == [(False, True), (False, False), (True, True)]


def test_a_message_is_one_line_whatever_the_server_sent() -> None:
    assert str(NotAdded("a\n b" + "\u0301" * 80)) == "a b" + "\u0301" * 8


@pytest.mark.usefixtures("shared_parsers")
def test_a_slow_server_is_not_asked_for_ever_whatever_its_page_names(
    server: FeedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lifestream.refresh.scout.PATIENCE", 0.0)
    with Scout(make_guard(), lambda: START) as scout:
        for _ in range(2):
            scout.begin()
            first = scout.ask(FetchRequest(server.url("/blog")))
            assert scout.ask(FetchRequest(server.url("/blog"))) is first
            with pytest.raises(NotAdded, match="/lost was not requested: the answers before it took more than 0 s"):
                scout.ask(FetchRequest(server.url("/lost")))
            scout.begin()
            assert isinstance(scout.ask(FetchRequest(server.url("/feed"))), FeedReading)
